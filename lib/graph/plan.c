/* The memory of a graph, planned once.
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

static activ_status plan(activ_graph *g, size_t max_batch, buffer *buffers, size_t *order, size_t *total)
{
    size_t n = g->node_count, count = 0, temporary = 0;
    mark_uses(g);
    for (size_t i = 0; i < n; i++) {
        graph_node *node = &g->nodes[i];
        size_t size;
        if (!activ_checked_mul(node->features, max_batch, &size) || size > SIZE_MAX / sizeof(float) / 4)
            return activ_graph_say(g, ACTIV_ERROR_RANGE, node, "its size overflows for the largest batch");
        size = padded(size);
        if (!node->kind->loss && !node->kind->is_view && node->kind->inputs > 0) {
            buffer b = { &node->value, size, i, node->read_back ? 2 * n - i - 1 : n };
            buffers[count++] = b;
        }
        if (node->fn && activ_fn_is_random(node->fn)) {
            buffer b = { &node->noise, size, i, 2 * n - i };
            buffers[count++] = b;
        }
        if (node->needs_grad && !node->kind->loss && node->grad_owner == (activ_node)i) {
            /* Born when the last consumer goes back; dies with the first node whose gradient
             * lies in it. */
            size_t last = node->last_consumer >= 0 ? (size_t)node->last_consumer : n - 1;
            buffer b = { &node->grad, size, 2 * n - last, 2 * n - (size_t)node->grad_until };
            buffers[count++] = b;
            if (node->consumers > 1 && size > temporary)
                temporary = size;
        }
    }
    size_t end = place(buffers, count, order);
    /* Placed relative to the start of the buffers; parameters, gradients and scratch come
     * before. */
    const size_t most = SIZE_MAX / sizeof(float) / 8;   /* so that the sums below cannot overflow */
    size_t params = padded(g->param_count), threads = (size_t)g->host.executor.num_threads;
    if (end == 0 || end > most || params > most || temporary > most)
        return activ_graph_say(g, ACTIV_ERROR_RANGE, NULL, "the graph's memory overflows");
    size_t start = 2 * params + temporary + threads * ACTIV_GEMM_SCRATCH;
    for (size_t i = 0; i < count; i++)
        *buffers[i].offset += start;
    for (size_t i = n; i-- > 0;)
        if (g->nodes[i].needs_grad && !g->nodes[i].kind->loss)
            g->nodes[i].grad = g->nodes[g->nodes[i].grad_owner].grad;
    g->params = 0;
    g->grads = params;
    g->temporary = 2 * params;
    g->packed = 2 * params + temporary;
    *total = start + end;
    return ACTIV_OK;
}

activ_status activ_graph_compile(activ_graph *g, size_t max_batch)
{
    if (!g)
        return ACTIV_ERROR_INVALID;
    if (g->status != ACTIV_OK)
        return g->status;
    if (g->max_batch > 0)
        return activ_graph_say(g, ACTIV_ERROR_STATE, NULL, "the graph is compiled already");
    if (max_batch == 0)
        return activ_graph_say(g, ACTIV_ERROR_RANGE, NULL, "the largest batch is 0");
    if (g->input < 0 || g->output == g->input)
        return activ_graph_say(g, ACTIV_ERROR_STATE, NULL, "the graph has no layers");
    /* At most three buffers a node, and their order. */
    size_t most = 3 * g->node_count, bytes = most * (sizeof(buffer) + sizeof(size_t)), total = 0;
    buffer *buffers = activ_host_alloc(&g->host, bytes);
    if (!buffers)
        return activ_graph_say(g, ACTIV_ERROR_OUT_OF_MEMORY, NULL, "no memory for the plan");
    activ_status status = plan(g, max_batch, buffers, (size_t *)(buffers + most), &total);
    activ_host_free(&g->host, buffers, bytes);
    if (status != ACTIV_OK)
        return status;
    g->arena = activ_host_alloc_raw(&g->host, total * sizeof(float));
    if (!g->arena)
        return activ_graph_say(g, ACTIV_ERROR_OUT_OF_MEMORY, NULL, "no memory for the layers");
    /* Parameters and gradients start as zeros; the rest is written before it is read. */
    memset(g->arena, 0, g->temporary * sizeof(float));
    g->arena_bytes = total * sizeof(float);
    g->max_batch = max_batch;
    return ACTIV_OK;
}
