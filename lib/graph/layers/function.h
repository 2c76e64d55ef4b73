/* What layers with a function share: activation, and the two gated ones. */
#ifndef ACTIV_GRAPH_LAYERS_FUNCTION_H
#define ACTIV_GRAPH_LAYERS_FUNCTION_H

#include "activ/random.h"
#include "base/random.h"
#include "graph/layer.h"

/* The layer gets a copy of the function, with the graph's tier and allocator. */
static inline activ_status activ_function_copy(activ_graph *g, graph_node *node, const activ_fn *fn)
{
    node->fn = activ_fn_copy(activ_graph_host(g), fn);
    return node->fn ? ACTIV_OK
                    : activ_graph_fail_build(g, ACTIV_ERROR_OUT_OF_MEMORY, node, "no memory for its function");
}

/* A builder's last step: copies the function, which files store as `setting`. Returns the node, or -1. */
static inline activ_node activ_function_build_node(activ_graph *g, graph_node *node, size_t setting, const activ_fn *fn)
{
    if (!fn)
        activ_graph_fail_build(g, ACTIV_ERROR_INVALID, node, "its function is NULL");
    if (!fn || activ_function_copy(g, node, fn) != ACTIV_OK)
        return -1;
    node->settings[setting].given = 1;
    return activ_graph_build_node(g, node);
}

/* A tensor for each vector of the function's parameters. */
static inline activ_status activ_function_add_tensors(activ_graph *g, graph_node *node)
{
    activ_status status = ACTIV_OK;
    for (size_t i = 0; i < node->fn->vectors && status == ACTIV_OK; i++)
        status = activ_graph_add_tensor(g, node, node->fn->names[i], 1, &node->fn->lengths[i]);
    return status;
}

/* Initial values. Random ones differ between layers with the same function. */
static inline void activ_function_init(activ_graph *g, const graph_node *node, uint64_t seed)
{
    if (node->tensors == 0)
        return;
    uint64_t stream = ACTIV_STREAM(ACTIV_STREAM_INIT, node->first_tensor);
    uint64_t own = (uint64_t)activ_random_bits(seed, stream, 0) << 32 | activ_random_bits(seed, stream, 1);
    activ_fn_param_init(node->fn, own, activ_graph_tensor_values(g, node->first_tensor));
}

#endif
