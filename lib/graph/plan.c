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

/* Largest first, each at the lowest place that is free during its life. Returns the size of the
 * whole; 0 if it overflows. */
static size_t place(buffer *buffers, size_t count)
{
    for (size_t i = 1; i < count; i++)
        for (size_t j = i; j > 0 && buffers[j].size > buffers[j - 1].size; j--) {
            buffer kept = buffers[j];
            buffers[j] = buffers[j - 1];
            buffers[j - 1] = kept;
        }
    size_t end = 16;
    for (size_t i = 0; i < count; i++) {
        size_t at = 0;
        for (size_t j = 0; j < i;) {
            const buffer *other = &buffers[j++];
            int together = buffers[i].born <= other->dies && other->born <= buffers[i].dies;
            if (together && at < *other->offset + other->size && *other->offset < at + buffers[i].size) {
                at = *other->offset + other->size;
                j = 0;
            }
        }
        *buffers[i].offset = at;
        size_t top;
        if (!activ_checked_add(at, buffers[i].size, &top))
            return 0;
        end = top > end ? top : end;
    }
    return end;
}

static void count_consumers(activ_graph *g)
{
    for (size_t i = 0; i < g->node_count; i++) {
        graph_node *node = &g->nodes[i];
        int shares = node->shares >= 0 && g->nodes[node->shares].tensors > 0;
        node->needs_grad = node->tensors > 0 || shares;
        for (int k = 0; k < node->kind->inputs; k++) {
            graph_node *input = &g->nodes[node->inputs[k]];
            input->consumers++;
            node->needs_grad |= input->needs_grad;
        }
    }
}

/* The node in whose memory a node's gradient lies: a consumer that may work in place, and is the
 * only one. */
static size_t gradient_owner(const activ_graph *g, size_t i)
{
    for (;;) {
        const graph_node *node = &g->nodes[i];
        if (node->consumers != 1)
            return i;
        size_t next = g->node_count;
        for (size_t j = i + 1; j < g->node_count; j++)
            for (int k = 0; k < g->nodes[j].kind->inputs; k++)
                if ((size_t)g->nodes[j].inputs[k] == i)
                    next = j;
        const graph_node *consumer = &g->nodes[next];
        if (consumer->kind->is_loss || !consumer->kind->backward_in_place)
            return i;
        i = next;
    }
}

static activ_status plan(activ_graph *g, size_t max_batch, buffer *buffers, size_t *total)
{
    size_t n = g->node_count, count = 0, temporary = 0;
    count_consumers(g);
    for (size_t i = 0; i < n; i++) {
        graph_node *node = &g->nodes[i];
        size_t size;
        if (!activ_checked_mul(node->features, max_batch, &size) || size > SIZE_MAX / sizeof(float) / 4)
            return activ_graph_fail(g, ACTIV_ERROR_RANGE, node, "its size overflows for the largest batch");
        size = padded(size);
        if (!node->kind->is_loss && !node->kind->is_view && node->kind->inputs > 0) {
            buffer b = { &node->value, size, i, n };
            for (size_t j = i + 1; j < n; j++)
                for (int k = 0; k < g->nodes[j].kind->inputs; k++)
                    if ((size_t)g->nodes[j].inputs[k] == i &&
                        (g->nodes[j].kind->reads_input || g->nodes[j].kind->is_view))
                        b.dies = 2 * n - i - 1;     /* by a consumer, or by a consumer of the view */
            buffers[count++] = b;
        }
        if (node->fn && activ_fn_is_random(node->fn)) {
            buffer b = { &node->noise, size, i, 2 * n - i };
            buffers[count++] = b;
        }
        if (node->needs_grad && !node->kind->is_loss && gradient_owner(g, i) == i) {
            /* Born when the last consumer goes back; its life ends with the last node that lies
             * in it. */
            buffer b = { &node->grad, size, n + 1, 2 * n - i };
            for (size_t j = 0; j < i; j++)
                if (g->nodes[j].needs_grad && gradient_owner(g, j) == i) {
                    b.dies = 2 * n - j;
                    break;
                }
            for (size_t j = n; j-- > i + 1;) {
                int consumes = 0;
                for (int k = 0; k < g->nodes[j].kind->inputs; k++)
                    consumes |= (size_t)g->nodes[j].inputs[k] == i;
                if (consumes) {
                    b.born = 2 * n - j;
                    break;
                }
            }
            buffers[count++] = b;
            if (node->consumers > 1 && size > temporary)
                temporary = size;
        }
    }
    size_t end = place(buffers, count);
    /* Placed relative to the start of the buffers; parameters, gradients and scratch come before. */
    const size_t most = SIZE_MAX / sizeof(float) / 8;   /* so that the sums below cannot overflow */
    size_t params = padded(g->param_count), threads = (size_t)g->host.executor.num_threads;
    if (end == 0 || end > most || params > most || temporary > most)
        return activ_graph_fail(g, ACTIV_ERROR_RANGE, NULL, "the graph's memory overflows");
    size_t start = 2 * params + temporary + threads * ACTIV_GEMM_SCRATCH;
    for (size_t i = 0; i < count; i++)
        *buffers[i].offset += start;
    for (size_t i = n; i-- > 0;)
        if (g->nodes[i].needs_grad && !g->nodes[i].kind->is_loss)
            g->nodes[i].grad = g->nodes[gradient_owner(g, i)].grad;
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
        return activ_graph_fail(g, ACTIV_ERROR_STATE, NULL, "the graph is compiled already");
    if (max_batch == 0)
        return activ_graph_fail(g, ACTIV_ERROR_RANGE, NULL, "the largest batch is 0");
    if (g->input < 0 || g->output == g->input)
        return activ_graph_fail(g, ACTIV_ERROR_STATE, NULL, "the graph has no layers");
    size_t bytes = 3 * g->node_count * sizeof(buffer), total = 0;
    buffer *buffers = activ_host_alloc(&g->host, bytes);
    if (!buffers)
        return activ_graph_fail(g, ACTIV_ERROR_OUT_OF_MEMORY, NULL, "no memory for the plan");
    activ_status status = plan(g, max_batch, buffers, &total);
    activ_host_free(&g->host, buffers, bytes);
    if (status != ACTIV_OK)
        return status;
    g->arena = activ_host_alloc_raw(&g->host, total * sizeof(float));
    if (!g->arena)
        return activ_graph_fail(g, ACTIV_ERROR_OUT_OF_MEMORY, NULL, "no memory for the layers");
    /* Parameters and gradients start as zeros; the rest is written before it is read. */
    memset(g->arena, 0, g->temporary * sizeof(float));
    g->arena_bytes = total * sizeof(float);
    g->max_batch = max_batch;
    return ACTIV_OK;
}
