/* input: the caller's samples. */
#include "graph/layer.h"

static void describe(const activ_graph *g, const graph_node *node, activ_text *text)
{
    (void)g;
    for (size_t i = 0; i < node->ndim; i++) {
        activ_text_add(text, i > 0 ? ", " : "");
        activ_text_add_size(text, node->shape[i]);
    }
}

static activ_node parse(activ_graph *g, const graph_line *line)
{
    return activ_graph_input_shape(g, line->number_count, line->numbers);
}

const graph_kind activ_kind_input = {
    .name = "input",
    .describe = describe,
    .parse = parse,
    .takes_numbers = 1,
};

activ_node activ_graph_input_shape(activ_graph *g, size_t ndim, const size_t *shape)
{
    graph_node *node = activ_graph_new_node(g, &activ_kind_input, 0, NULL);
    if (!node)
        return -1;
    if (!shape || ndim == 0 || ndim >= ACTIV_MAX_DIMS) {
        activ_graph_fail(g, ACTIV_ERROR_RANGE, node, "a sample has 1 to 7 dimensions");
        return -1;
    }
    node->ndim = ndim;
    for (size_t i = 0; i < ndim; i++)
        node->shape[i] = shape[i];
    return activ_graph_build_node(g, node);
}

activ_node activ_graph_input(activ_graph *g, size_t features)
{
    return activ_graph_input_shape(g, 1, &features);
}
