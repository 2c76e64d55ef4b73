/* concat: concatenates its inputs along one axis of a sample. */
#include <string.h>

#include "base/checked.h"
#include "graph/layer.h"

enum { AXIS };
static const activ_setting settings[] = {
    [AXIS] = { .name = "axis", .kind = ACTIV_SETTING_KIND_COUNT, .required = 1, .maximum = ACTIV_MAX_DIMS - 1 },
    { .name = NULL },
};

static int fits(const graph_node *node, const graph_node *first, const graph_node *other)
{
    int same = other->ndim == first->ndim;
    for (size_t i = 0; same && i < first->ndim; i++)
        same = i == activ_node_size(node, AXIS) || other->shape[i] == first->shape[i];
    return same;
}

static activ_status build(activ_graph *g, graph_node *node)
{
    const graph_node *first = activ_graph_input_of(g, node, 0);
    activ_status status = activ_graph_resolve_axis(g, node, AXIS);
    if (status != ACTIV_OK)
        return status;
    const size_t axis = activ_node_size(node, AXIS);
    node->ndim = first->ndim;
    memcpy(node->shape, first->shape, sizeof node->shape);
    size_t *length = &node->shape[axis];
    for (size_t k = 1; k < node->input_count; k++) {
        const graph_node *other = activ_graph_input_of(g, node, k);
        if (!fits(node, first, other))
            return activ_graph_fail_build_shape(g, node, "needs inputs that differ along its axis only", k);
        if (!activ_checked_add(*length, other->shape[axis], length))
            return activ_graph_fail_build(g, ACTIV_ERROR_RANGE, node, "its size overflows");
    }
    return ACTIV_OK;
}

/* Contiguous values of an input, or of the node itself: those from the axis on. */
static size_t contiguous(const graph_node *node, const graph_node *input)
{
    size_t count = 1;
    for (size_t i = activ_node_size(node, AXIS); i < input->ndim; i++)
        count *= input->shape[i];
    return count;
}

/* Copies rows of `width` values between arrays with row strides. */
static void copy_rows(size_t rows, size_t width, const float *from, size_t from_stride, float *to, size_t to_stride)
{
    for (size_t i = 0; i < rows; i++)
        memcpy(to + i * to_stride, from + i * from_stride, width * sizeof *to);
}

static void forward(graph_run *run, const graph_node *node)
{
    size_t out_width = contiguous(node, node), rows = run->batch * (node->features / out_width);
    float *y = activ_run_output(run, node);
    for (size_t k = 0; k < node->input_count; k++) {
        size_t width = contiguous(node, activ_graph_input_of(run->graph, node, k));
        copy_rows(rows, width, activ_run_input(run, node, k), width, y, out_width);
        y += width;
    }
}

static void backward(graph_run *run, const graph_node *node, float *const *dx)
{
    size_t out_width = contiguous(node, node), rows = run->batch * (node->features / out_width);
    const float *dy = activ_run_gradient(run, node);
    for (size_t k = 0; k < node->input_count; k++) {
        size_t width = contiguous(node, activ_graph_input_of(run->graph, node, k));
        if (dx[k])
            copy_rows(rows, width, dy, out_width, dx[k], width);
        dy += width;
    }
}

const graph_kind activ_kind_concat = {
    .name = "concat",
    .inputs = ACTIV_ONE_OR_MORE,
    .numbered = 1,
    .settings = settings,
    .build = build,
    .forward = forward,
    .backward = backward,
};

activ_node activ_graph_concat_many(activ_graph *g, size_t count, const activ_node *inputs, int32_t axis)
{
    graph_node *node = activ_graph_new_node(g, &activ_kind_concat, count, inputs);
    if (!node)
        return -1;
    node->settings[AXIS].number = axis;
    return activ_graph_build_node(g, node);
}

activ_node activ_graph_concat(activ_graph *g, activ_node a, activ_node b, int32_t axis)
{
    return activ_graph_concat_many(g, 2, (activ_node[]){ a, b }, axis);
}
