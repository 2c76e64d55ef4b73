/* Queries about a graph. */
#include "base/sized.h"
#include "graph/graph.h"

activ_status activ_graph_node_info(const activ_graph *g, activ_node id, activ_node_info *info)
{
    if (!g || !info)
        return ACTIV_ERROR_INVALID;
    const graph_node *node = activ_graph_node_at(g, id);
    if (!node)
        return ACTIV_ERROR_RANGE;
    activ_node_info own = {
        .size = sizeof own,
        .name = node->name,
        .kind = node->kind->name,
        .description = g->descriptions ? g->descriptions + node->plan.description : NULL,
        .ndim = node->ndim,
        .shape = node->shape,
        .input_count = node->input_count,
        .inputs = node->inputs,
        .multiply_adds = node->kind->multiply_adds ? node->kind->multiply_adds(g, node) : 0,
    };
    for (size_t i = 0; i < node->tensors; i++)
        own.param_count += g->tensors[node->first_tensor + i].count;
    for (size_t i = 0; i < node->buffers; i++)
        own.buffer_count += g->buffers[node->first_buffer + i].count;
    if (node->tensors > 0)
        own.first_param = g->tensors[node->first_tensor].offset;
    if (node->buffers > 0)
        own.first_buffer = g->buffers[node->first_buffer].offset;
    return activ_sized_write(&own, sizeof own, info);
}

activ_node activ_graph_input_node(const activ_graph *g)
{
    return g ? g->input : -1;
}

activ_node activ_graph_output_node(const activ_graph *g)
{
    return g ? g->output : -1;
}

activ_node activ_graph_loss_node(const activ_graph *g)
{
    return g ? g->loss : -1;
}

const activ_fn *activ_graph_node_fn(const activ_graph *g, activ_node id)
{
    const graph_node *node = g ? activ_graph_node_at(g, id) : NULL;
    return node ? node->fn : NULL;
}

/* One of a list of tensors, parameters or buffers. */
static activ_status tensor_info(const graph_tensor *tensors, size_t count, size_t index, activ_graph_tensor_info *info)
{
    if (!info)
        return ACTIV_ERROR_INVALID;
    if (index >= count)
        return ACTIV_ERROR_RANGE;
    const graph_tensor *t = &tensors[index];
    const activ_graph_tensor_info own = {
        .size = sizeof own,
        .name = t->name,
        .offset = t->offset,
        .count = t->count,
        .ndim = t->ndim,
        .shape = t->shape,
        .node = t->node,
    };
    return activ_sized_write(&own, sizeof own, info);
}

activ_status activ_graph_param_tensor_info(const activ_graph *g, size_t index, activ_graph_tensor_info *info)
{
    return g ? tensor_info(g->tensors, g->tensor_count, index, info) : ACTIV_ERROR_INVALID;
}

activ_status activ_graph_buffer_tensor_info(const activ_graph *g, size_t index, activ_graph_tensor_info *info)
{
    return g ? tensor_info(g->buffers, g->buffer_count, index, info) : ACTIV_ERROR_INVALID;
}

size_t activ_graph_node_count(const activ_graph *g)
{
    return g ? g->node_count : 0;
}

size_t activ_graph_param_tensor_count(const activ_graph *g)
{
    return g ? g->tensor_count : 0;
}

size_t activ_graph_param_count(const activ_graph *g)
{
    return g ? g->param_count : 0;
}

float *activ_graph_params(activ_graph *g)
{
    if (!g || !g->arena)
        return NULL;
    g->has_params = 1;
    return g->arena + g->params_offset;
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

const float *activ_graph_value_grads(const activ_graph *g, activ_node id)
{
    if (!g || id < 0 || (size_t)id >= g->node_count || !g->have_gradients)
        return NULL;
    const graph_node *node = &g->nodes[id];
    return node->plan.grad == ACTIV_NO_OFFSET ? NULL : g->arena + node->plan.grad;
}
