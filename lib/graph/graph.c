/* What a graph tells of itself, and initial values. */
#include <string.h>

#include "base/random.h"
#include "base/sized.h"
#include "graph/graph.h"

activ_status activ_graph_node_info(const activ_graph *g, activ_node id, activ_node_info *info)
{
    if (!g || !info || id < 0 || (size_t)id >= g->node_count)
        return ACTIV_ERROR_INVALID;
    const graph_node *node = &g->nodes[id];
    activ_node_info own;
    memset(&own, 0, sizeof own);
    own.size = sizeof own;
    own.name = node->name;
    own.kind = node->kind->name;
    own.spec = activ_fn_spec(node->fn);
    own.ndim = node->ndim;
    memcpy(own.shape, node->shape, sizeof own.shape);
    for (size_t i = 0; i < node->tensors; i++) {
        const graph_tensor *t = &g->tensors[node->first_tensor + i];
        own.params += t->count;
        if (t->ndim == 2 && node->kind == &activ_kind_linear)
            own.multiply_adds += t->count;
    }
    own.inputs[0] = node->inputs[0];
    own.inputs[1] = node->inputs[1];
    own.p = node->p;
    own.axis = node->axis;
    own.eps = node->eps;
    own.momentum = node->momentum;
    if (node->tensors > 0)
        own.first_param = g->tensors[node->first_tensor].offset;
    for (size_t i = 0; i < node->buffers; i++)
        own.buffers += g->buffers[node->first_buffer + i].count;
    if (node->buffers > 0)
        own.first_buffer = g->buffers[node->first_buffer].offset;
    return activ_sized_write(&own, sizeof own, info);
}

static activ_status tell_tensor(const graph_tensor *t, activ_param_info *info)
{
    activ_param_info own;
    memset(&own, 0, sizeof own);
    own.size = sizeof own;
    own.name = t->name;
    own.offset = t->offset;
    own.count = t->count;
    own.ndim = t->ndim;
    memcpy(own.shape, t->shape, sizeof t->shape);
    own.node = t->node;
    return activ_sized_write(&own, sizeof own, info);
}

activ_status activ_graph_tensor_info(const activ_graph *g, size_t index, activ_param_info *info)
{
    if (!g || !info)
        return ACTIV_ERROR_INVALID;
    return index < g->tensor_count ? tell_tensor(&g->tensors[index], info) : ACTIV_ERROR_RANGE;
}

activ_status activ_graph_buffer_info(const activ_graph *g, size_t index, activ_param_info *info)
{
    if (!g || !info)
        return ACTIV_ERROR_INVALID;
    return index < g->buffer_count ? tell_tensor(&g->buffers[index], info) : ACTIV_ERROR_RANGE;
}

activ_status activ_graph_init(activ_graph *g, uint64_t seed)
{
    if (!g)
        return ACTIV_ERROR_INVALID;
    if (g->status != ACTIV_OK)
        return g->status;
    activ_status status = activ_graph_check_compiled(g, 0);
    if (status != ACTIV_OK)
        return status;
    for (size_t i = 0; i < g->node_count; i++)
        if (g->nodes[i].kind->init)
            g->nodes[i].kind->init(g, &g->nodes[i], seed);
    g->seed = seed;
    g->step = 0;
    return ACTIV_OK;
}

uint64_t activ_graph_seed(const activ_graph *g)
{
    return g ? g->seed : 0;
}
