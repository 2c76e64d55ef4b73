/* The memory of a graph, planned once, and that of a workspace for predictions.
 *
 * Time runs forward through the nodes, 0 .. N-1, and back, node i at 2N - i. Each buffer lives
 * from its first use to its last; buffers that live at different times share memory. Values live
 * at least to the end of the forward pass, so that they can be looked at after an evaluation. */
#include <string.h>

#include "base/checked.h"
#include "graph/graph.h"

typedef struct buffer {
    size_t *offset;             /* where to write what was decided */
    size_t size;                /* floats */
    size_t born, dies;          /* inclusive */
} buffer;

/* At most three a node, and their order. */
typedef struct buffer_list {
    buffer *buffers;
    size_t *order;
    size_t count, bytes;
} buffer_list;

/* Buffers start on cache lines. */
static size_t padded(size_t floats)
{
    return (floats + 15) / 16 * 16;
}

/* Largest first, each at the lowest place that is free during its life. `order` has room for as
 * many numbers as there are buffers. Returns the size of the whole; 0 if it overflows. */
static size_t place(buffer *buffers, size_t count, size_t *order)
{
    for (size_t i = 1; i < count; i++) {
        buffer moved = buffers[i];
        size_t j = i;
        for (; j > 0 && moved.size > buffers[j - 1].size; j--)
            buffers[j] = buffers[j - 1];
        buffers[j] = moved;
    }
    size_t end = 16;
    for (size_t i = 0; i < count; i++) {
        /* order: the placed ones by offset. Behind each that lives at the same time, until a gap
         * is wide enough. */
        size_t at = 0, position = 0;
        for (size_t k = 0; k < i; k++) {
            const buffer *other = &buffers[order[k]];
            if (buffers[i].born > other->dies || other->born > buffers[i].dies)
                continue;
            if (*other->offset >= at && *other->offset - at >= buffers[i].size)
                break;
            size_t behind = *other->offset + other->size;
            at = behind > at ? behind : at;
        }
        *buffers[i].offset = at;
        size_t top;
        if (!activ_checked_add(at, buffers[i].size, &top))
            return 0;
        end = top > end ? top : end;
        while (position < i && *buffers[order[position]].offset <= at)
            position++;
        for (size_t k = i; k > position; k--)
            order[k] = order[k - 1];
        order[position] = i;
    }
    return end;
}

/* Who uses whose values, and in whose memory each gradient lies: a consumer's that may work in
 * place, if it is the only one. */
static void mark_uses(activ_graph *g)
{
    for (size_t i = 0; i < g->node_count; i++) {
        graph_node *node = &g->nodes[i];
        /* A compilation that failed may have been here before. */
        node->consumers = node->read_back = 0;
        node->last_consumer = -1;
        node->source = node->kind->is_view ? activ_graph_input_of(g, node, 0)->source : (activ_node)i;
        int shares = node->shares >= 0 && g->nodes[node->shares].tensors > 0;
        node->needs_grad = node->tensors > 0 || shares;
        for (int k = 0; k < node->kind->inputs; k++) {
            graph_node *input = &g->nodes[node->inputs[k]];
            input->consumers++;
            input->last_consumer = (activ_node)i;
            /* Seen through a view, the values may be read by the view's consumers. */
            input->read_back |= node->kind->reads_input || node->kind->is_view;
            node->needs_grad |= input->needs_grad;
        }
    }
    for (size_t i = g->node_count; i-- > 0;) {
        graph_node *node = &g->nodes[i];
        node->grad_owner = node->grad_until = (activ_node)i;
        if (node->consumers != 1)
            continue;
        const graph_node *consumer = &g->nodes[node->last_consumer];
        if (consumer->kind->loss || !consumer->kind->backward_in_place)
            continue;
        node->grad_owner = consumer->grad_owner;
        if (node->needs_grad)
            g->nodes[node->grad_owner].grad_until = (activ_node)i;
    }
}

/* Activations whose neighbour works on their values or gradients while it has them. */
static void mark_neighbours(activ_graph *g)
{
    for (size_t i = 0; i < g->node_count; i++) {
        graph_node *node = &g->nodes[i];
        node->finish = node->back_finish = -1;
        node->done_forward = node->done_backward = 0;
    }
    for (size_t i = 0; i < g->node_count; i++) {
        graph_node *node = &g->nodes[i];
        if (!node->fn || activ_fn_is_random(node->fn))
            continue;
        graph_node *before = &g->nodes[node->inputs[0]], *after = NULL;
        if (node->consumers == 1)
            after = &g->nodes[node->last_consumer];
        if (before->kind->finishes && before->consumers == 1) {
            before->finish = (activ_node)i;
            node->done_forward = 1;
        }
        /* In the memory of its own gradient, and without sums for parameters. */
        int trainable = activ_fn_param_count(node->fn) > 0;
        if (after && after->kind->finishes && before->consumers == 1 && before->needs_grad && !trainable) {
            after->back_finish = (activ_node)i;
            node->done_backward = 1;
        }
    }
}

static activ_status too_large(activ_graph *g, const graph_node *node)
{
    return activ_graph_say(g, ACTIV_ERROR_RANGE, node, "its size overflows for the largest batch");
}

/* Values are floats and sums of a few of them are to fit. */
static const size_t most = SIZE_MAX / sizeof(float) / 16;

/* Where things lie in the arena of a graph that trains. */
static activ_status plan(activ_graph *g, size_t max_batch, buffer_list *list, size_t *total)
{
    size_t n = g->node_count, temporary = 0, scratch = 0, threads = (size_t)g->host.executor.num_threads;
    list->count = 0;
    for (size_t i = 0; i < n; i++) {
        graph_node *node = &g->nodes[i];
        size_t size, part = 0;
        if (!activ_checked_mul(node->features, max_batch, &size) || size > most)
            return too_large(g, node);
        size = padded(size);
        /* The values of an activation that its neighbour calculates come with those of the neighbour. */
        size_t born = node->done_forward ? (size_t)node->inputs[0] : i;
        if (!node->kind->loss && !node->kind->is_view && node->kind->inputs > 0) {
            buffer b = { &node->value, size, born, node->read_back ? 2 * n - i - 1 : n };
            list->buffers[list->count++] = b;
        }
        size_t saved = node->kind->saved ? node->kind->saved(node, max_batch) : 0;
        if (saved > 0) {
            buffer b = { &node->saved, padded(saved), i, 2 * n - i };
            list->buffers[list->count++] = b;
        }
        if (node->needs_grad && !node->kind->loss && node->grad_owner == (activ_node)i) {
            /* Born when the last consumer goes back; dies with the first node whose gradient
             * lies in it. */
            size_t last = node->last_consumer >= 0 ? (size_t)node->last_consumer : n - 1;
            buffer b = { &node->grad, size, 2 * n - last, 2 * n - (size_t)node->grad_until };
            list->buffers[list->count++] = b;
            if (node->consumers > 1 && size > temporary)
                temporary = size;
        }
        if (node->kind->scratch)
            part = node->kind->scratch(g, node, max_batch, 0);
        scratch = part > scratch ? part : scratch;
    }
    size_t end = place(list->buffers, list->count, list->order);
    /* Placed relative to the start of what was planned; parameters, the graph's buffers, gradients and scratch
     * come before. */
    size_t params = padded(g->param_count), kept = padded(g->buffer_values);
    if (end == 0 || end > most || params > most || kept > most || temporary > most || scratch > most / threads)
        return activ_graph_say(g, ACTIV_ERROR_RANGE, NULL, "the graph's memory overflows");
    size_t start = 2 * params + kept + temporary + threads * scratch;
    for (size_t i = 0; i < list->count; i++)
        *list->buffers[i].offset += start;
    for (size_t i = n; i-- > 0;)
        if (g->nodes[i].needs_grad && !g->nodes[i].kind->loss)
            g->nodes[i].grad = g->nodes[g->nodes[i].grad_owner].grad;
    g->grads = params + kept;
    g->temporary = 2 * params + kept;
    g->scratch = g->temporary + temporary;
    g->scratch_part = scratch;
    *total = start + end;
    return ACTIV_OK;
}

/* Where values lie in a workspace. Only what the output depends on is calculated, nothing is kept for a way back, and
 * what may be written over its input is. */
static activ_status plan_places(activ_graph *g, buffer_list *list)
{
    size_t n = g->node_count;
    list->count = 0;
    for (size_t i = 0; i < n; i++) {
        graph_node *node = &g->nodes[i];
        node->predicts = (activ_node)i == g->output;
        node->place = ACTIV_NOWHERE;
        node->last_use = i;
        for (int k = 0; k < node->kind->inputs; k++)
            g->nodes[activ_graph_input_of(g, node, k)->source].last_use = i;
    }
    for (size_t i = n; i-- > 0;)
        for (int k = 0; k < g->nodes[i].kind->inputs; k++)
            g->nodes[g->nodes[i].inputs[k]].predicts |= g->nodes[i].predicts;
    for (size_t i = n; i-- > 0;) {
        graph_node *node = &g->nodes[i];
        if (!node->predicts || node->kind->is_view || node->kind->inputs == 0)
            continue;
        if ((activ_node)i == g->output)
            continue;   /* the caller's */
        const graph_node *next = &g->nodes[node->last_consumer];
        if (node->consumers == 1 && next->kind->forward_in_place)
            continue;   /* its consumer's: below */
        /* Its memory is that of all before it that are written over. */
        size_t born = i;
        for (const graph_node *over = node; over->kind->forward_in_place;) {
            over = activ_graph_input_of(g, over, 0);
            if (over->consumers != 1 || over->kind->is_view || over->kind->inputs == 0)
                break;
            born = (size_t)(over - g->nodes);
        }
        buffer b = { &node->place, padded(node->features), born, node->last_use };
        list->buffers[list->count++] = b;
    }
    g->place_total = 0;
    if (list->count > 0) {
        g->place_total = place(list->buffers, list->count, list->order);
        if (g->place_total == 0 || g->place_total > most)
            return activ_graph_say(g, ACTIV_ERROR_RANGE, NULL, "the memory of a prediction overflows");
    }
    for (size_t i = n; i-- > 0;) {
        graph_node *node = &g->nodes[i];
        if (node->predicts && node->consumers == 1 && g->nodes[node->last_consumer].kind->forward_in_place &&
            !node->kind->is_view && (activ_node)i != g->output)
            node->place = g->nodes[node->last_consumer].place;
    }
    return ACTIV_OK;
}

/* Plans for batches of up to max_batch samples (0: for predictions only); the size of the arena in floats. */
static activ_status plan_all(activ_graph *g, size_t max_batch, size_t *total)
{
    if (g->status != ACTIV_OK)
        return g->status;
    if (g->arena)
        return activ_graph_say(g, ACTIV_ERROR_STATE, NULL, "the graph is compiled already");
    if (g->input < 0 || g->output == g->input)
        return activ_graph_say(g, ACTIV_ERROR_STATE, NULL, "the graph has no layers");
    buffer_list list = { NULL, NULL, 0, 3 * g->node_count * (sizeof(buffer) + sizeof(size_t)) };
    list.buffers = activ_host_alloc(&g->host, list.bytes);
    if (!list.buffers)
        return activ_graph_say(g, ACTIV_ERROR_OUT_OF_MEMORY, NULL, "no memory for the plan");
    list.order = (size_t *)(list.buffers + 3 * g->node_count);
    mark_uses(g);
    mark_neighbours(g);
    activ_status status = plan_places(g, &list);
    g->params = 0;
    g->kept = padded(g->param_count);
    *total = g->kept + padded(g->buffer_values);
    *total = *total > 0 ? *total : 16;
    if (status == ACTIV_OK && max_batch > 0)
        status = plan(g, max_batch, &list, total);
    else if (status == ACTIV_OK && (g->param_count > most || g->buffer_values > most))
        status = activ_graph_say(g, ACTIV_ERROR_RANGE, NULL, "the graph's memory overflows");
    activ_host_free(&g->host, list.buffers, list.bytes);
    return status;
}

activ_status activ_graph_compile(activ_graph *g, size_t max_batch)
{
    size_t total;
    if (!g)
        return ACTIV_ERROR_INVALID;
    activ_status status = plan_all(g, max_batch, &total);
    if (status != ACTIV_OK)
        return status;
    float *arena = activ_host_alloc_raw(&g->host, total * sizeof(float));
    if (!arena)
        return activ_graph_say(g, ACTIV_ERROR_OUT_OF_MEMORY, NULL, "no memory for the layers");
    /* Parameters, buffers and gradients start as zeros; the rest is written before it is read. */
    memset(arena, 0, (max_batch > 0 ? g->temporary : total) * sizeof(float));
    g->arena = arena;
    g->arena_bytes = total * sizeof(float);
    g->max_batch = max_batch;
    return ACTIV_OK;
}

size_t activ_graph_memory(activ_graph *g, size_t max_batch)
{
    size_t total;
    if (!g)
        return 0;
    size_t layers = sizeof *g + g->node_room * sizeof *g->nodes + g->tensor_room * sizeof *g->tensors +
                    g->buffer_room * sizeof *g->buffers;
    for (size_t i = 0; i < g->node_count; i++)
        layers += g->nodes[i].fn ? g->nodes[i].fn->bytes : 0;
    if (g->arena)
        return layers + g->arena_bytes;
    return plan_all(g, max_batch, &total) == ACTIV_OK ? layers + total * sizeof(float) : 0;
}

/* ---- predictions --------------------------------------------------------------------------------- */

/* Scratch memory for products of up to `batch` samples. One sample needs none. */
static size_t scratch_of(const activ_graph *g, size_t batch)
{
    size_t scratch = 0;
    for (size_t i = 0; i < g->node_count && batch > 1; i++) {
        const graph_node *node = &g->nodes[i];
        size_t part = node->predicts && node->kind->scratch ? node->kind->scratch(g, node, batch, 1) : 0;
        scratch = part > scratch ? part : scratch;
    }
    return scratch;
}

/* A workspace may start anywhere; what lies in it starts on a cache line. */
#define ALIGNMENT 64

size_t activ_graph_workspace(const activ_graph *g, size_t batch)
{
    size_t floats, bytes;
    if (!g || !g->arena || batch == 0 || !activ_checked_mul(g->place_total, batch, &floats) ||
        !activ_checked_add(floats, scratch_of(g, batch), &floats) ||
        !activ_checked_mul(floats, sizeof(float), &bytes) || !activ_checked_add(bytes, ALIGNMENT, &bytes))
        return 0;
    return bytes;
}

void activ_graph_cut_workspace(const activ_graph *g, void *workspace, size_t bytes, graph_run *run)
{
    size_t offset = (size_t)(-(uintptr_t)workspace) % ALIGNMENT, scratch = scratch_of(g, run->batch);
    run->memory = (float *)(void *)((char *)workspace + offset);
    size_t floats = bytes > offset ? (bytes - offset) / sizeof(float) : 0;
    /* Room for several samples and the scratch memory of their products, or for one after the other. */
    size_t several = floats >= scratch && g->place_total > 0 ? (floats - scratch) / g->place_total : run->batch;
    if (floats < scratch || several < 2)
        several = floats >= g->place_total;
    run->batch = several < run->batch ? several : run->batch;
    run->scratch = run->memory + g->place_total * run->batch;
    run->scratch_part = run->batch > 1 ? scratch : 0;
}
