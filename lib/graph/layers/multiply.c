/* multiply: y = a b, element by element, of one shape. */
#include "graph/layer.h"

static activ_status build(activ_graph *g, graph_node *node)
{
    return activ_graph_copy_input_shape(g, node);
}

static void forward(graph_run *run, const graph_node *node)
{
    run->kernels->multiply(run->batch * node->features, activ_run_input(run, node, 0), activ_run_input(run, node, 1),
                           activ_run_output(run, node));
}

static void backward(graph_run *run, const graph_node *node, float *const *dx)
{
    const float *dy = activ_run_gradient(run, node);
    for (size_t i = 0; i < 2; i++)
        if (dx[i])
            run->kernels->multiply(run->batch * node->features, dy, activ_run_input(run, node, 1 - i), dx[i]);
}

const graph_kind activ_kind_multiply = {
    .name = "multiply",
    .inputs = 2,
    .numbered = 1,
    .reads_input = 1,
    .build = build,
    .forward = forward,
    .backward = backward,
};

activ_node activ_graph_multiply(activ_graph *g, activ_node a, activ_node b)
{
    graph_node *node = activ_graph_new_node(g, &activ_kind_multiply, 2, (activ_node[]){ a, b });
    return node ? activ_graph_build_node(g, node) : -1;
}
