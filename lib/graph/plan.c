/* Compiling a graph: fusion, and the memory plans of the training arena and of a workspace for predictions.
 *
 * Liveness: time is 0 .. N-1 in the forward pass, and 2N - i for node i in the backward pass. A block of memory is live
 * from its first use to its last; blocks that are never live together may overlap. Values live at least to the end of
 * the forward pass, as they can be read after an evaluation.
 *
 * All nodes have gradients, as a caller may ask for the input's; training computes those that parameters need. Where
 * only the input's needs them they lie in the caller's array, if they are as large and computed in place.
 *
 * With keep_values every block is live all the time, and nothing is in place or fused in the backward pass. */
#include <string.h>

#include "base/checked.h"
#include "base/sized.h"
#include "graph/graph.h"

/* A few sizes up to this can be added without overflow, in bytes too. */
#define MAX_FLOATS (SIZE_MAX / sizeof(float) / 16)

typedef struct block {
    size_t *offset;             /* result */
    size_t size;                /* floats */
    size_t first_use, last_use; /* inclusive */
} block;

/* Up to three blocks per node; order: indices of the placed ones, by offset. */
typedef struct block_list {
    block *blocks;
    size_t *order;
    size_t count, bytes;
} block_list;

static void add_block(block_list *list, size_t *offset, size_t size, size_t first_use, size_t last_use)
{
    list->blocks[list->count++] = (block){ offset, size, first_use, last_use };
}

/* Greedy by size: the largest block first, each at the lowest offset that is free while it is live. Returns the total
 * size; 0 if it overflows. */
static size_t lay_out(const block_list *list)
{
    block *blocks = list->blocks;
    size_t *order = list->order;
    for (size_t i = 1; i < list->count; i++) {
        block moved = blocks[i];
        size_t j = i;
        for (; j > 0 && moved.size > blocks[j - 1].size; j--)
            blocks[j] = blocks[j - 1];
        blocks[j] = moved;
    }
    size_t end = 16;
    for (size_t i = 0; i < list->count; i++) {
        /* Past each placed block that is live at the same time, until a gap is wide enough. */
        size_t at = 0, position = 0;
        for (size_t k = 0; k < i; k++) {
            const block *other = &blocks[order[k]];
            if (blocks[i].first_use > other->last_use || other->first_use > blocks[i].last_use)
                continue;
            if (*other->offset >= at && *other->offset - at >= blocks[i].size)
                break;
            size_t behind = *other->offset + other->size;
            at = behind > at ? behind : at;
        }
        *blocks[i].offset = at;
        size_t top;
        if (!activ_checked_add(at, blocks[i].size, &top))
            return 0;
        end = top > end ? top : end;
        while (position < i && *blocks[order[position]].offset <= at)
            position++;
        for (size_t k = i; k > position; k--)
            order[k] = order[k - 1];
        order[position] = i;
    }
    return end;
}

/* Consumers of each node, and the owner of each gradient's memory: the only consumer's, if that works in place. */
static void mark_uses(activ_graph *g)
{
    for (size_t i = 0; i < g->node_count; i++) {
        graph_node *node = &g->nodes[i];
        /* Reset: an earlier compilation may have failed. */
        node->plan.consumers = node->plan.read_in_backward = 0;
        node->plan.last_consumer = -1;
        node->plan.source = node->kind->is_view ? activ_graph_input_of(g, node, 0)->plan.source : (activ_node)i;
        int shares = node->shares >= 0 && g->nodes[node->shares].tensors > 0;
        node->plan.needs_grad = node->tensors > 0 || shares;
        for (size_t k = 0; k < node->input_count; k++) {
            graph_node *input = &g->nodes[node->inputs[k]];
            input->plan.consumers++;
            if (input->plan.last_consumer != (activ_node)i)
                input->plan.last_input = k;
            input->plan.last_consumer = (activ_node)i;
            /* A view's consumers may read the values through it. */
            input->plan.read_in_backward |= node->kind->reads_input || node->kind->is_view;
            node->plan.needs_grad |= input->plan.needs_grad;
        }
    }
    for (size_t i = g->node_count; i-- > 0;) {
        graph_node *node = &g->nodes[i];
        node->plan.grad_owner = node->plan.grad_until = (activ_node)i;
        if (node->plan.consumers != 1 || g->keeps_values)
            continue;
        const graph_node *consumer = &g->nodes[node->plan.last_consumer];
        if (consumer->kind->loss || !consumer->kind->backward_in_place || node->plan.last_input > 0)
            continue;
        node->plan.grad_owner = consumer->plan.grad_owner;
        g->nodes[node->plan.grad_owner].plan.grad_until = (activ_node)i;
    }
}

/* Fuses activations into the epilogues of adjacent products (plan.h). */
static void mark_fusions(activ_graph *g)
{
    for (size_t i = 0; i < g->node_count; i++) {
        graph_node *node = &g->nodes[i];
        node->plan.fused_forward = node->plan.fused_backward = -1;
        node->plan.is_fused_forward = node->plan.is_fused_backward = 0;
    }
    for (size_t i = 0; i < g->node_count; i++) {
        graph_node *node = &g->nodes[i];
        if (!node->kind->can_be_fused || node->fn->rowwise || activ_fn_is_random(node->fn))
            continue;
        /* The epilogue takes columns as channels: each channel has to be one value. */
        if (node->fn->num_parameters > 1 && node->ndim != 1)
            continue;
        graph_node *before = &g->nodes[node->inputs[0]], *after = NULL;
        if (node->plan.consumers == 1)
            after = &g->nodes[node->plan.last_consumer];
        if (before->kind->fuses && before->plan.consumers == 1) {
            before->plan.fused_forward = (activ_node)i;
            node->plan.is_fused_forward = 1;
        }
        /* The backward epilogue works in place, and has no sums for gradients of parameters. */
        int trainable = activ_fn_param_count(node->fn) > 0;
        if (after && after->kind->fuses && before->plan.consumers == 1 && before->plan.needs_grad && !trainable &&
            !g->keeps_values) {
            after->plan.fused_backward = (activ_node)i;
            node->plan.is_fused_backward = 1;
        }
    }
}

/* Temporary floats for the input gradients of a node that are accumulated onto what later consumers wrote. Returns 0 if
 * they overflow. */
static int temporary_of(const activ_graph *g, size_t id, size_t max_batch, size_t *floats)
{
    const graph_node *node = &g->nodes[id];
    *floats = 0;
    for (size_t k = 0; k < node->input_count; k++) {
        const graph_node *input = activ_graph_input_of(g, node, k);
        const graph_plan *plan = &input->plan;
        if (plan->last_consumer != (activ_node)id || plan->last_input != k)
            *floats += activ_graph_padded(input->features * max_batch);
        if (*floats > MAX_FLOATS)
            return 0;
    }
    return 1;
}

/* Is this owner's gradient in the caller's array: the input's, and needed for that alone? */
static int is_in_dx(const activ_graph *g, const graph_node *owner)
{
    return owner->plan.grad_until == g->input && !owner->plan.needs_grad && !g->keeps_values;
}

static activ_status too_large(activ_graph *g, const graph_node *node)
{
    return activ_graph_fail(g, ACTIV_ERROR_RANGE, node, "its size overflows for the largest batch");
}

/* Lays out the training arena. */
static activ_status plan_arena(activ_graph *g, size_t max_batch, block_list *list, size_t *total)
{
    size_t n = g->node_count, temporary = 0, scratch = 0, threads = (size_t)g->host.executor.num_threads;
    list->count = 0;
    for (size_t i = 0; i < n; i++) {
        graph_node *node = &g->nodes[i];
        graph_plan *plan = &node->plan;
        size_t size, node_scratch = 0;
        if (!activ_checked_mul(node->features, max_batch, &size) || size > MAX_FLOATS)
            return too_large(g, node);
        size = activ_graph_padded(size);
        /* A fused activation's values are written by its product. */
        const size_t first_use = g->keeps_values          ? 0
                                 : plan->is_fused_forward ? (size_t)node->inputs[0]
                                                          : i,
                     value_until = g->keeps_values          ? 2 * n
                                   : plan->read_in_backward ? 2 * n - i - 1
                                                            : n;
        if (!node->kind->loss && !node->kind->is_view && node->input_count > 0)
            add_block(list, &plan->value, size, first_use, value_until);
        size_t saved = node->kind->saved ? node->kind->saved(node, max_batch) : 0;
        if (saved > 0)
            add_block(list, &plan->saved, activ_graph_padded(saved), i, 2 * n - i);
        plan->grad = ACTIV_NO_OFFSET;
        if (!node->kind->loss && plan->grad_owner == (activ_node)i && !is_in_dx(g, node)) {
            /* Live from the last consumer's backward to that of the earliest node that uses it. */
            size_t last = plan->last_consumer >= 0 ? (size_t)plan->last_consumer : n - 1;
            add_block(list, &plan->grad, size, g->keeps_values ? 0 : 2 * n - last, 2 * n - (size_t)plan->grad_until);
        }
        size_t added;
        if (!temporary_of(g, i, max_batch, &added))
            return too_large(g, node);
        temporary = added > temporary ? added : temporary;
        if (node->kind->scratch)
            node_scratch = node->kind->scratch(g, node, max_batch, threads, 0);
        scratch = node_scratch > scratch ? node_scratch : scratch;
    }
    size_t end = lay_out(list);
    /* The blocks come after parameters, buffers, gradients, temporary gradients and scratch memory. */
    size_t params = activ_graph_padded(g->param_count), buffers = activ_graph_padded(g->buffer_floats);
    if (end == 0 || end > MAX_FLOATS || params > MAX_FLOATS || buffers > MAX_FLOATS || temporary > MAX_FLOATS ||
        scratch > MAX_FLOATS / threads)
        return activ_graph_fail(g, ACTIV_ERROR_RANGE, NULL, "the graph's memory overflows");
    size_t start = 2 * params + buffers + temporary + threads * scratch;
    for (size_t i = 0; i < list->count; i++)
        *list->blocks[i].offset += start;
    for (size_t i = n; i-- > 0;)
        if (!g->nodes[i].kind->loss)
            g->nodes[i].plan.grad = g->nodes[g->nodes[i].plan.grad_owner].plan.grad;
    g->grads_offset = params + buffers;
    g->temporary_offset = 2 * params + buffers;
    g->scratch_offset = g->temporary_offset + temporary;
    g->scratch_per_thread = scratch;
    *total = start + end;
    return ACTIV_OK;
}

/* Lays out a workspace. Only what the output depends on is computed, nothing is saved for backward, and whatever can
 * work in place does. */
static activ_status plan_workspace(activ_graph *g, block_list *list)
{
    size_t n = g->node_count;
    list->count = 0;
    for (size_t i = 0; i < n; i++) {
        graph_node *node = &g->nodes[i];
        node->plan.is_predicted = (activ_node)i == g->output;
        node->plan.workspace_value = ACTIV_NO_OFFSET;
        node->plan.last_use = i;
        for (size_t k = 0; k < node->input_count; k++)
            g->nodes[activ_graph_input_of(g, node, k)->plan.source].plan.last_use = i;
    }
    for (size_t i = n; i-- > 0;)
        for (size_t k = 0; k < g->nodes[i].input_count; k++)
            g->nodes[g->nodes[i].inputs[k]].plan.is_predicted |= g->nodes[i].plan.is_predicted;
    for (size_t i = n; i-- > 0;) {
        graph_node *node = &g->nodes[i];
        if (!node->plan.is_predicted || node->kind->is_view || node->input_count == 0)
            continue;
        if ((activ_node)i == g->output)
            continue; /* the caller's y */
        const graph_node *next = &g->nodes[node->plan.last_consumer];
        if (node->plan.consumers == 1 && next->kind->forward_in_place && node->plan.last_input == 0)
            continue; /* in its consumer's block: below */
        /* The block is live from the first of a chain of nodes that work in place. */
        size_t first_use = i;
        for (const graph_node *over = node; over->kind->forward_in_place;) {
            over = activ_graph_input_of(g, over, 0);
            if (over->plan.consumers != 1 || over->kind->is_view || over->input_count == 0)
                break;
            first_use = (size_t)(over - g->nodes);
        }
        add_block(list, &node->plan.workspace_value, activ_graph_padded(node->features), first_use,
                  node->plan.last_use);
    }
    g->workspace_floats = 0;
    if (list->count > 0) {
        g->workspace_floats = lay_out(list);
        if (g->workspace_floats == 0 || g->workspace_floats > MAX_FLOATS)
            return activ_graph_fail(g, ACTIV_ERROR_RANGE, NULL, "the memory of a prediction overflows");
    }
    for (size_t i = n; i-- > 0;) {
        graph_node *node = &g->nodes[i];
        if (!node->plan.is_predicted || node->plan.consumers != 1 || node->kind->is_view || (activ_node)i == g->output)
            continue;
        const graph_node *next = &g->nodes[node->plan.last_consumer];
        if (next->kind->forward_in_place && node->plan.last_input == 0)
            node->plan.workspace_value = next->plan.workspace_value;
    }
    return ACTIV_OK;
}

/* Plans for batches of up to max_batch samples (0: predictions only). *total: the arena's floats. */
static activ_status plan_all(activ_graph *g, size_t max_batch, int keep_values, size_t *total)
{
    if (g->status != ACTIV_OK)
        return g->status;
    if (activ_graph_is_compiled(g))
        return activ_graph_fail(g, ACTIV_ERROR_STATE, NULL, "the graph is compiled already");
    if (g->input < 0 || g->output == g->input)
        return activ_graph_fail(g, ACTIV_ERROR_STATE, NULL, "the graph has no layers");
    block_list list = { NULL, NULL, 0, 3 * g->node_count * (sizeof(block) + sizeof(size_t)) };
    list.blocks = activ_host_alloc(&g->host, list.bytes);
    if (!list.blocks)
        return activ_graph_fail(g, ACTIV_ERROR_OUT_OF_MEMORY, NULL, "no memory for the plan");
    list.order = (size_t *)(list.blocks + 3 * g->node_count);
    g->keeps_values = keep_values;
    mark_uses(g);
    mark_fusions(g);
    activ_status status = plan_workspace(g, &list);
    g->params_offset = 0;
    g->buffers_offset = activ_graph_padded(g->param_count);
    *total = g->buffers_offset + activ_graph_padded(g->buffer_floats);
    *total = *total > 0 ? *total : 16;
    if (status == ACTIV_OK && max_batch > 0)
        status = plan_arena(g, max_batch, &list, total);
    else if (status == ACTIV_OK && (g->param_count > MAX_FLOATS || g->buffer_floats > MAX_FLOATS))
        status = activ_graph_fail(g, ACTIV_ERROR_RANGE, NULL, "the graph's memory overflows");
    activ_host_free(&g->host, list.blocks, list.bytes);
    return status;
}

/* The lines of all nodes, each ended by a zero byte, and where they begin; how many bytes they take. */
static size_t write_descriptions(activ_graph *g, char *buffer, size_t bytes)
{
    activ_text text;
    activ_text_start(&text, buffer, bytes);
    for (size_t i = 0; i < g->node_count; i++) {
        g->nodes[i].plan.description = text.length;
        activ_graph_describe_node(g, &g->nodes[i], &text);
        activ_text_add_bytes(&text, "", 1);
    }
    return text.length + 1;
}

static activ_status compile(activ_graph *g, size_t max_batch, int keep_values)
{
    size_t total;
    activ_status status = plan_all(g, max_batch, keep_values, &total);
    if (status != ACTIV_OK)
        return status;
    g->description_bytes = write_descriptions(g, NULL, 0);
    char *descriptions = activ_host_alloc_raw(&g->host, g->description_bytes);
    float *arena = descriptions ? activ_host_alloc_raw(&g->host, total * sizeof(float)) : NULL;
    if (!arena) {
        activ_host_free(&g->host, descriptions, g->description_bytes);
        return activ_graph_fail(g, ACTIV_ERROR_OUT_OF_MEMORY, NULL, "no memory for the layers");
    }
    write_descriptions(g, descriptions, g->description_bytes);
    g->descriptions = descriptions;
    /* Parameters, buffers and gradients start as zeros; the rest is written before it is read. */
    memset(arena, 0, (max_batch > 0 ? g->temporary_offset : total) * sizeof(float));
    g->arena = arena;
    g->arena_bytes = total * sizeof(float);
    g->max_batch = max_batch;
    for (size_t i = 0; i < g->node_count; i++) {
        graph_node *node = &g->nodes[i];
        if (!node->kept)
            continue;
        memcpy(activ_graph_buffer_values(g, node->first_buffer), node->kept, node->kept_count * sizeof *node->kept);
        activ_host_free(&g->host, node->kept, node->kept_count * sizeof *node->kept);
        node->kept = NULL;
    }
    return ACTIV_OK;
}

activ_status activ_graph_compile(activ_graph *g, size_t max_batch)
{
    return g ? compile(g, max_batch, 0) : ACTIV_ERROR_INVALID;
}

/* The options, or the defaults; fails, in the graph's message too. */
static activ_status read_options(activ_graph *g, const activ_compile_options *options, activ_compile_options *own)
{
    static const activ_compile_options defaults = ACTIV_COMPILE_DEFAULTS;
    activ_status status = activ_sized_read(own, sizeof *own, options ? options : &defaults);
    if (status == ACTIV_OK && own->keep_values != 0 && own->keep_values != 1)
        return activ_graph_fail(g, ACTIV_ERROR_RANGE, NULL, "compile: keep_values is neither 0 nor 1");
    return status == ACTIV_OK ? status : activ_graph_fail(g, status, NULL, "compile: ", activ_sized_reason(status));
}

activ_status activ_graph_compile_ex(activ_graph *g, const activ_compile_options *options, activ_message *message)
{
    activ_compile_options own;
    if (!g)
        return activ_fail(message, ACTIV_ERROR_INVALID, "compile: the graph is NULL");
    activ_status status = g->status;
    if (status == ACTIV_OK)
        status = read_options(g, options, &own);
    if (status == ACTIV_OK)
        status = compile(g, own.max_batch, own.keep_values);
    return status == ACTIV_OK ? status : activ_fail(message, status, g->error.text);
}

static size_t memory_bytes(activ_graph *g, size_t max_batch, int keep_values)
{
    size_t total;
    size_t layers = sizeof *g + g->node_capacity * sizeof *g->nodes + g->tensor_capacity * sizeof *g->tensors +
                    g->buffer_capacity * sizeof *g->buffers + g->by_name_capacity * sizeof *g->by_name;
    for (size_t i = 0; i < g->node_count; i++)
        layers += activ_graph_node_bytes(&g->nodes[i]) +
                  (activ_graph_owns_function(g, &g->nodes[i]) ? activ_fn_bytes(g->nodes[i].fn) : 0);
    if (activ_graph_is_compiled(g))
        return layers + g->description_bytes + g->arena_bytes;
    if (plan_all(g, max_batch, keep_values, &total) != ACTIV_OK)
        return 0;
    return layers + write_descriptions(g, NULL, 0) + total * sizeof(float);
}

size_t activ_graph_memory_bytes_ex(activ_graph *g, const activ_compile_options *options)
{
    activ_compile_options own;
    if (!g || g->status != ACTIV_OK || read_options(g, options, &own) != ACTIV_OK)
        return 0;
    return memory_bytes(g, own.max_batch, own.keep_values);
}

size_t activ_graph_memory_bytes(activ_graph *g, size_t max_batch)
{
    return g ? memory_bytes(g, max_batch, 0) : 0;
}

/* ---- predictions --------------------------------------------------------------------------------- */

/* Scratch floats for products of up to `batch` samples. One sample needs none. */
static size_t scratch_of(const activ_graph *g, size_t batch)
{
    size_t scratch = 0;
    for (size_t i = 0; i < g->node_count && batch > 1; i++) {
        const graph_node *node = &g->nodes[i];
        size_t node_scratch =
            node->plan.is_predicted && node->kind->scratch ? node->kind->scratch(g, node, batch, 1, 1) : 0;
        scratch = node_scratch > scratch ? node_scratch : scratch;
    }
    return scratch;
}

/* A workspace may have any alignment; arrays in it are aligned to cache lines. */
#define ALIGNMENT 64

size_t activ_graph_workspace_bytes(const activ_graph *g, size_t batch)
{
    size_t floats, bytes;
    if (!g || !activ_graph_is_compiled(g) || batch == 0 || !activ_checked_mul(g->workspace_floats, batch, &floats) ||
        !activ_checked_add(floats, scratch_of(g, batch), &floats) ||
        !activ_checked_mul(floats, sizeof(float), &bytes) || !activ_checked_add(bytes, ALIGNMENT, &bytes))
        return 0;
    return bytes;
}

void activ_run_cut_workspace(graph_run *run, void *workspace, size_t bytes)
{
    const size_t offset = (size_t)(-(uintptr_t)workspace) % ALIGNMENT, each = run->graph->workspace_floats;
    const size_t floats = bytes > offset ? (bytes - offset) / sizeof(float) : 0;
    const size_t scratch = scratch_of(run->graph, run->batch);
    /* Several samples at a time, with scratch memory for their products; or else one at a time. */
    size_t several = floats >= scratch && each > 0 ? (floats - scratch) / each : run->batch;
    if (floats < scratch || several < 2)
        several = floats >= each;
    run->batch = several < run->batch ? several : run->batch;
    run->memory = (float *)(void *)((char *)workspace + offset);
    run->scratch = run->memory + each * run->batch;
    run->scratch_per_thread = run->batch > 1 ? scratch : 0;
}
