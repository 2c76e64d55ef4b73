/* concat: the values of a, then those of b, along one axis of a sample. */
#include <string.h>

#include "base/checked.h"
#include "graph/layer.h"

static activ_status build(activ_graph *g, graph_node *node)
{
    const graph_node *a = activ_graph_input_of(g, node, 0), *b = activ_graph_input_of(g, node, 1);
    int fits = a->ndim == b->ndim;
    for (size_t i = 0; fits && i < a->ndim; i++)
        fits = i == node->axis || a->shape[i] == b->shape[i];
    if (!fits)
        return activ_graph_fail_shape(g, node, "needs two inputs that differ along its axis only");
    node->ndim = a->ndim;
    memcpy(node->shape, a->shape, sizeof node->shape);
    if (!activ_checked_add(a->shape[node->axis], b->shape[node->axis], &node->shape[node->axis]))
        return activ_graph_fail(g, ACTIV_ERROR_RANGE, node, "its size overflows");
    return ACTIV_OK;
}

/* How many values of an input, or of the node itself, lie together: those from its axis on. */
static size_t together(const graph_node *node, const graph_node *input)
{
    size_t count = 1;
    for (size_t i = node->axis; i < input->ndim; i++)
        count *= input->shape[i];
    return count;
}

/* Pieces of `width` values, which lie `from_apart` from each other and come to lie `to_apart`. */
static void copy_pieces(size_t pieces, size_t width, const float *from, size_t from_apart, float *to,
                        size_t to_apart)
{
    for (size_t i = 0; i < pieces; i++)
        memcpy(to + i * to_apart, from + i * from_apart, width * sizeof *to);
}

static void forward(graph_run *run, const graph_node *node)
{
    const activ_graph *g = run->graph;
    size_t whole = together(node, node), pieces = run->batch * (node->features / whole);
    float *y = activ_run_output(run, node);
    for (size_t i = 0; i < 2; i++) {
        const graph_node *input = activ_graph_input_of(g, node, i);
        size_t width = together(node, input);
        copy_pieces(pieces, width, activ_run_values(run, input), width, y, whole);
        y += width;
    }
}

static void backward(graph_run *run, const graph_node *node, float *const dx[2])
{
    const activ_graph *g = run->graph;
    size_t whole = together(node, node), pieces = run->batch * (node->features / whole);
    const float *dy = activ_run_gradient(run, node);
    for (size_t i = 0; i < 2; i++) {
        size_t width = together(node, activ_graph_input_of(g, node, i));
        if (dx[i])
            copy_pieces(pieces, width, dy, whole, dx[i], width);
        dy += width;
    }
}

static void describe(const activ_graph *g, const graph_node *node, activ_text *text)
{
    (void)g;
    activ_text_add(text, ", axis=");
    activ_text_add_size(text, node->axis);
}

static activ_node parse(activ_graph *g, const graph_line *line)
{
    size_t axis;
    if (!activ_line_size(line, "axis", &axis) || axis >= ACTIV_MAX_DIMS)
        return -1;
    return activ_graph_concat(g, line->inputs[0], line->inputs[1], (int32_t)axis);
}

const graph_kind activ_kind_concat = {
    .name = "concat",
    .inputs = 2,
    .numbered = 1,
    .build = build,
    .forward = forward,
    .backward = backward,
    .describe = describe,
    .keys = { "axis" },
    .parse = parse,
};

activ_node activ_graph_concat(activ_graph *g, activ_node a, activ_node b, int32_t axis)
{
    graph_node *node = activ_graph_new_node(g, &activ_kind_concat, a, b);
    if (!node || activ_graph_take_axis(g, node, axis) != ACTIV_OK)
        return -1;
    return activ_graph_build_node(g, node);
}
