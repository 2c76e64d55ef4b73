/* mse: mean over all values of (prediction - target)^2. */
#include "graph/layer.h"

static activ_status build(activ_graph *g, graph_node *node)
{
    (void)g;
    node->ndim = 1;
    node->shape[0] = 1;
    return ACTIV_OK;
}

static void loss(graph_run *run, const graph_node *node, float *dx)
{
    const graph_node *prediction = activ_graph_input_of(run->graph, node, 0);
    size_t n = run->batch * prediction->features;
    run->kernels->squared_error(n, activ_run_values(run, prediction), run->targets, (float)(2.0 / (double)n),
                                &run->loss_sum, dx);
    run->loss_terms = (double)n;
}

const graph_kind activ_kind_mse = {
    .name = "mse",
    .inputs = 1,
    .reads_input = 1,
    .build = build,
    .loss = loss,
};

activ_node activ_graph_mse(activ_graph *g, activ_node prediction)
{
    graph_node *node = activ_graph_new_node(g, &activ_kind_mse, 1, &prediction);
    return node ? activ_graph_build_node(g, node) : -1;
}
