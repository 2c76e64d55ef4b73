/* cross_entropy: mean over the samples of -ln softmax(logits)[label]. */
#include "graph/layer.h"

static activ_status build(activ_graph *g, graph_node *node)
{
    if (activ_graph_input_of(g, node, 0)->ndim != 1)
        return activ_graph_fail_build_shape(g, node, "needs one dimension per sample, the classes", 0);
    node->ndim = 1;
    node->shape[0] = 1;
    return ACTIV_OK;
}

static void loss(graph_run *run, const graph_node *node, float *dx)
{
    const graph_node *logits = activ_graph_input_of(run->graph, node, 0);
    run->kernels->cross_entropy(run->batch, logits->features, activ_run_values(run, logits), run->labels,
                                1.0f / (float)run->batch, &run->loss_sum, dx);
}

const graph_kind activ_kind_cross_entropy = {
    .name = "cross_entropy",
    .inputs = 1,
    .reads_input = 1,
    .build = build,
    .loss = loss,
};

activ_node activ_graph_cross_entropy(activ_graph *g, activ_node logits)
{
    graph_node *node = activ_graph_new_node(g, &activ_kind_cross_entropy, 1, &logits);
    return node ? activ_graph_build_node(g, node) : -1;
}
