/* layer_norm: the last dimensions of each sample get mean 0 and variance 1, then a weight and a bias for
 * each of their values. Ba, Kiros, Hinton 2016, with the details of PyTorch. */
#include "graph/graph.h"

static activ_status build(activ_graph *g, activ_node id)
{
    graph_node *node = &g->nodes[id];
    activ_status status = activ_graph_take_one_shape(g, node);
    size_t ndim = node->ndim - node->axis;
    if (status == ACTIV_OK)
        status = activ_graph_add_tensor(g, id, "weight", ndim, node->shape + node->axis);
    if (status == ACTIV_OK)
        status = activ_graph_add_tensor(g, id, "bias", ndim, node->shape + node->axis);
    return status;
}

/* Values that share a mean. */
static size_t columns(const graph_node *node)
{
    size_t count = 1;
    for (size_t i = node->axis; i < node->ndim; i++)
        count *= node->shape[i];
    return count;
}

static size_t saved(const graph_node *node, size_t batch)
{
    return ACTIV_NORM_SAVED * batch * (node->features / columns(node));
}

static activ_layer_norm arguments(const graph_run *run, const graph_node *node)
{
    size_t width = columns(node);
    activ_layer_norm l = {
        .rows = run->batch * (node->features / width), .columns = width,
        .weight = activ_graph_tensor_values(run->graph, node->first_tensor),
        .bias = activ_graph_tensor_values(run->graph, node->first_tensor + 1),
        .eps = node->eps,
    };
    return l;
}

static void forward(graph_run *run, const graph_node *node)
{
    const activ_graph *g = run->graph;
    const activ_layer_norm l = arguments(run, node);
    g->kernels->layer_norm(&l, activ_run_values(run, activ_graph_input_of(g, node, 0)),
                           activ_run_output(run, node), run->training ? activ_run_saved(run, node) : NULL);
}

static void backward(graph_run *run, const graph_node *node, float *const dx[2])
{
    const activ_graph *g = run->graph;
    const activ_layer_norm l = arguments(run, node);
    g->kernels->layer_norm_back(&l, activ_run_saved(run, node),
                                activ_run_values(run, activ_graph_input_of(g, node, 0)),
                                activ_run_gradient(run, node), dx[0],
                                activ_graph_tensor_gradient(g, node->first_tensor),
                                activ_graph_tensor_gradient(g, node->first_tensor + 1));
}

static void init(activ_graph *g, const graph_node *node, uint64_t seed)
{
    (void)seed;
    float *weight = activ_graph_tensor_values(g, node->first_tensor);
    float *bias = activ_graph_tensor_values(g, node->first_tensor + 1);
    for (size_t i = 0; i < columns(node); i++) {
        weight[i] = 1.0f;
        bias[i] = 0.0f;
    }
}

static void describe(const activ_graph *g, const graph_node *node, activ_text *text)
{
    (void)g;
    activ_text_add(text, ", axis=");
    activ_text_add_size(text, node->axis);
    activ_text_add(text, ", eps=");
    activ_text_add_float(text, node->eps);
}

static activ_node parse(activ_graph *g, const graph_line *line)
{
    activ_norm_options options = { .size = sizeof options };
    size_t axis;
    if (!activ_line_size(line, "axis", &axis) || axis >= ACTIV_MAX_DIMS ||
        !activ_line_float(line, "eps", &options.eps) || options.eps == 0.0f)
        return -1;
    return activ_graph_layer_norm(g, line->inputs[0], (int32_t)axis, &options);
}

const graph_kind activ_kind_layer_norm = {
    .name = "layer_norm",
    .inputs = 1,
    .numbered = 1,
    .reads_input = 1,
    .backward_in_place = 1,
    .build = build,
    .saved = saved,
    .forward = forward,
    .backward = backward,
    .init = init,
    .describe = describe,
    .keys = { "axis", "eps" },
    .parse = parse,
};

activ_node activ_graph_layer_norm(activ_graph *g, activ_node x, int32_t axis, const activ_norm_options *options)
{
    graph_node *node = activ_graph_start(g, &activ_kind_layer_norm, x, -1);
    if (!node || activ_graph_take_axis(g, node, axis) != ACTIV_OK ||
        activ_graph_take_norm_options(g, node, options) != ACTIV_OK)
        return -1;
    node->momentum = 0.0f;
    return activ_graph_finish(g, node);
}
