/* gated_split: y = value act(gate), where value and gate are the two halves of its input's last dimension. */
#include "graph/layers/gated.h"

enum { GATE = GATED_FN + 1 };
static const char *const halves[] = { [ACTIV_GATE_SECOND] = "second", [ACTIV_GATE_FIRST] = "first", NULL };
static const activ_setting settings[] = {
    GATED_FN_SETTING,
    [GATE] = { .name = "gate", .kind = ACTIV_SETTING_KIND_WORD, .initial = ACTIV_GATE_SECOND, .words = halves },
    { .name = NULL },
};

static int gate_is_first(const graph_node *node)
{
    return node->settings[GATE].number == ACTIV_GATE_FIRST;
}

static activ_status build(activ_graph *g, graph_node *node)
{
    activ_status status = activ_graph_copy_input_shape(g, node);
    if (status != ACTIV_OK)
        return status;
    size_t *last = &node->shape[node->ndim - 1];
    if (*last % 2 != 0)
        return activ_graph_fail_build_shape(g, node, "needs an even last dimension, of which one half is the gate", 0);
    *last /= 2;
    return activ_gated_build(g, node);
}

static gated_rows rows_of(graph_run *run, const graph_node *node)
{
    const size_t columns = node->shape[node->ndim - 1], first = gate_is_first(node) ? columns : 0;
    const float *x = activ_run_input(run, node, 0);
    gated_rows rows = {
        .rows = run->batch * (node->features / columns),
        .columns = columns,
        .value = x + first,
        .gate = x + columns - first,
        .input_stride = 2 * columns,
        .gradient_stride = 2 * columns,
    };
    return rows;
}

static void forward(graph_run *run, const graph_node *node)
{
    gated_rows rows = rows_of(run, node);
    rows.y = activ_run_output(run, node);
    activ_gated_forward(run, node, &rows);
}

static void backward(graph_run *run, const graph_node *node, float *const *dx)
{
    gated_rows rows = rows_of(run, node);
    rows.dy = activ_run_gradient(run, node);
    if (dx[0]) {
        rows.dvalue = dx[0] + (rows.value < rows.gate ? 0 : rows.columns);
        rows.dgate = dx[0] + (rows.value < rows.gate ? rows.columns : 0);
    }
    activ_gated_backward(run, node, &rows);
}

const graph_kind activ_kind_gated_split = {
    .name = "gated_split",
    .inputs = 1,
    .numbered = 1,
    .reads_input = 1,
    .adds_to_gradients = 1,
    .settings = settings,
    .build = build,
    .saved = activ_gated_saved,
    .forward = forward,
    .backward = backward,
    .init = activ_function_init,
};

activ_node activ_graph_gated_split(activ_graph *g, activ_node x, const activ_fn *fn, int32_t gate)
{
    graph_node *node = activ_graph_new_node(g, &activ_kind_gated_split, 1, &x);
    if (!node)
        return -1;
    if (gate != ACTIV_GATE_SECOND && gate != ACTIV_GATE_FIRST) {
        activ_graph_fail_build(g, ACTIV_ERROR_RANGE, node, "the gate is neither the first half nor the second");
        return -1;
    }
    node->settings[GATE].number = gate;
    return activ_function_build_node(g, node, GATED_FN, fn);
}
