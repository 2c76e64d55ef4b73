/* input: the caller's samples. */
#include "graph/layer.h"

/* The shape, as positional settings: input(3, 28, 28). */
#define DIMENSION(number, is_required)                                                                            \
    {                                                                                                             \
        .name = "dimension " #number, .kind = ACTIV_SETTING_KIND_COUNT, .required = is_required, .positional = 1, \
        .minimum = 1, .maximum = ACTIV_MAX_SIZE                                                                   \
    }
static const activ_setting settings[] = {
    DIMENSION(1, 1), DIMENSION(2, 0), DIMENSION(3, 0), DIMENSION(4, 0),
    DIMENSION(5, 0), DIMENSION(6, 0), DIMENSION(7, 0), { .name = NULL },
};
enum { DIMENSIONS = sizeof settings / sizeof settings[0] - 1 };
_Static_assert(DIMENSIONS == ACTIV_MAX_DIMS - 1, "the batch is one more");

static activ_status build(activ_graph *g, graph_node *node)
{
    (void)g;
    for (; node->ndim < DIMENSIONS && node->settings[node->ndim].given; node->ndim++)
        node->shape[node->ndim] = activ_node_size(node, node->ndim);
    return ACTIV_OK;
}

const graph_kind activ_kind_input = {
    .name = "input",
    .settings = settings,
    .build = build,
};

activ_node activ_graph_input_shape(activ_graph *g, size_t ndim, const size_t *shape)
{
    graph_node *node = activ_graph_new_node(g, &activ_kind_input, 0, NULL);
    if (!node)
        return -1;
    if (!shape || ndim == 0 || ndim >= ACTIV_MAX_DIMS) {
        activ_graph_fail_build(g, ACTIV_ERROR_RANGE, node, "a sample has 1 to 7 dimensions");
        return -1;
    }
    for (size_t i = 0; i < ndim; i++)
        if (activ_graph_set_size(g, node, i, shape[i]) != ACTIV_OK)
            return -1;
    return activ_graph_build_node(g, node);
}

activ_node activ_graph_input(activ_graph *g, size_t features)
{
    return activ_graph_input_shape(g, 1, &features);
}
