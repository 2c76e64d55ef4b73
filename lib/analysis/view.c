/* All that a graph holds of one node. */
#include "activ/analysis.h"
#include "base/sized.h"
#include "graph/graph.h"

activ_status activ_graph_layer_view(const activ_graph *g, activ_node id, activ_layer_view *view)
{
    if (!g || !view)
        return ACTIV_ERROR_INVALID;
    if (!activ_graph_is_compiled(g))
        return ACTIV_ERROR_STATE;
    const graph_node *node = activ_graph_node_at(g, id);
    if (!node)
        return ACTIV_ERROR_RANGE;
    activ_layer_view own = {
        .size = sizeof own,
        .name = node->name,
        .kind = node->kind->name,
        .fn = node->fn,
        .ndim = node->ndim,
        .shape = node->shape,
        .width = node->features,
        .values = activ_graph_values(g, id),
        .value_grads = activ_graph_value_grads(g, id),
        .first_tensor = node->tensors > 0 ? node->first_tensor : 0,
        .tensor_count = node->tensors,
    };
    if (own.values || own.value_grads)
        own.batch = g->values_batch;
    for (size_t i = 0; i < node->tensors; i++)
        own.param_count += g->tensors[node->first_tensor + i].count;
    if (node->tensors > 0) {
        own.first_param = g->tensors[node->first_tensor].offset;
        own.params = activ_graph_tensor_values(g, node->first_tensor);
        if (g->max_batch > 0)
            own.param_grads = activ_graph_tensor_gradient(g, node->first_tensor);
    }
    return activ_sized_write(&own, sizeof own, view);
}
