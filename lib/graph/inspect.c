/* What a graph tells of itself. */
#include <string.h>

#include "base/sized.h"
#include "graph/graph.h"

/* A setting of a layer by its name; all of it 0 if there is none. */
static activ_setting_value setting_of(const graph_node *node, const char *name)
{
    const activ_setting *table = node->kind->settings;
    for (size_t i = 0; table && table[i].name; i++)
        if (strcmp(table[i].name, name) == 0)
            return node->settings[i];
    return (activ_setting_value){ .given = 0 };
}

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
    for (size_t i = 0; i < node->tensors; i++)
        own.params += g->tensors[node->first_tensor + i].count;
    if (node->kind->multiply_adds)
        own.multiply_adds = node->kind->multiply_adds(g, node);
    own.inputs[0] = node->input_count > 0 ? node->inputs[0] : -1;
    own.inputs[1] = node->input_count > 1 ? node->inputs[1] : -1;
    own.input_count = node->input_count;
    own.all_inputs = node->inputs;
    own.p = setting_of(node, "p").single;
    const double axis = setting_of(node, "axis").number;
    own.axis = axis > 0.0 ? (size_t)axis : 0; /* of a layer that was refused: not resolved */
    own.eps = setting_of(node, "eps").single;
    own.momentum = setting_of(node, "momentum").single;
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

size_t activ_graph_node_count(const activ_graph *g)
{
    return g ? g->node_count : 0;
}

size_t activ_graph_tensor_count(const activ_graph *g)
{
    return g ? g->tensor_count : 0;
}

size_t activ_graph_param_count(const activ_graph *g)
{
    return g ? g->param_count : 0;
}

float *activ_graph_params(activ_graph *g)
{
    return g && g->arena ? g->arena + g->params_offset : NULL;
}

float *activ_graph_grads(activ_graph *g)
{
    return g && g->max_batch > 0 ? g->arena + g->grads_offset : NULL;
}

size_t activ_graph_buffer_count(const activ_graph *g)
{
    return g ? g->buffer_floats : 0;
}

float *activ_graph_buffers(activ_graph *g)
{
    return g && g->arena ? g->arena + g->buffers_offset : NULL;
}

size_t activ_graph_buffer_tensor_count(const activ_graph *g)
{
    return g ? g->buffer_count : 0;
}

size_t activ_graph_max_batch(const activ_graph *g)
{
    return g ? g->max_batch : 0;
}

uint64_t activ_graph_seed(const activ_graph *g)
{
    return g ? g->seed : 0;
}

const float *activ_graph_values(const activ_graph *g, activ_node id)
{
    if (!g || id < 0 || (size_t)id >= g->node_count || !g->have_values)
        return NULL;
    const graph_node *node = &g->nodes[g->nodes[id].plan.source];
    return node->plan.value == ACTIV_NO_OFFSET ? NULL : g->arena + node->plan.value;
}
