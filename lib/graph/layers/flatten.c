/* flatten: each sample as one row, a view of the same values. */
#include <string.h>

#include "graph/layer.h"

static activ_status build(activ_graph *g, graph_node *node)
{
    node->ndim = 1;
    node->shape[0] = activ_graph_input_of(g, node, 0)->features;
    return ACTIV_OK;
}

static void backward(graph_run *run, const graph_node *node, float *const *dx)
{
    const float *dy = activ_run_gradient(run, node);
    if (dx[0] && dx[0] != dy)
        memcpy(dx[0], dy, run->batch * node->features * sizeof *dy);
}

const graph_kind activ_kind_flatten = {
    .name = "flatten",
    .inputs = 1,
    .is_view = 1,
    .backward_in_place = 1,
    .build = build,
    .backward = backward,
};

activ_node activ_graph_flatten(activ_graph *g, activ_node x)
{
    graph_node *node = activ_graph_new_node(g, &activ_kind_flatten, 1, &x);
    return node ? activ_graph_build_node(g, node) : -1;
}
