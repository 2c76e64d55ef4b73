/* Errors: the graph's message, and its first error in building. */
#include "graph/graph.h"

activ_status activ_graph_fail_pieces(activ_graph *g, activ_status status, const graph_node *node,
                                     const char *const *pieces)
{
    activ_message message; /* not the graph's, which may be one of the pieces */
    activ_text text;
    activ_text_start(&text, message.text, sizeof message.text);
    if (node) {
        activ_text_add(&text, node->name);
        activ_text_add(&text, " (");
        activ_text_add(&text, node->kind->name);
        activ_text_add(&text, "): ");
    }
    for (; *pieces; pieces++)
        activ_text_add(&text, *pieces);
    return activ_host_fail(&g->host, &g->error, status, message.text);
}

activ_status activ_graph_fail_build_pieces(activ_graph *g, activ_status status, const graph_node *node,
                                           const char *const *pieces)
{
    if (g->status != ACTIV_OK)
        return g->status;
    if (!g->arena)
        g->status = status;
    return activ_graph_fail_pieces(g, status, node, pieces);
}

static void add_shape(activ_text *text, const graph_node *input)
{
    activ_text_add(text, input->name);
    activ_text_add(text, " has shape ");
    activ_text_add_shape(text, input->ndim, input->shape);
}

activ_status activ_graph_fail_build_shape(activ_graph *g, const graph_node *node, const char *what, size_t other)
{
    char shapes[320];
    activ_text text;
    activ_text_start(&text, shapes, sizeof shapes);
    add_shape(&text, &g->nodes[node->inputs[0]]);
    if (other > 0) {
        activ_text_add(&text, " and ");
        add_shape(&text, &g->nodes[node->inputs[other]]);
    }
    return activ_graph_fail_build(g, ACTIV_ERROR_SHAPE, node, what, ", but ", shapes);
}

activ_status activ_graph_check_compiled(activ_graph *g, int batches)
{
    if (g->status != ACTIV_OK)
        return g->status; /* activ_graph_error still returns its message */
    if (!activ_graph_is_compiled(g))
        return activ_graph_fail(g, ACTIV_ERROR_STATE, NULL, "the graph is not compiled");
    if (batches && g->max_batch == 0)
        return activ_graph_fail(g, ACTIV_ERROR_STATE, NULL, "the graph is compiled for predictions only");
    return ACTIV_OK;
}

const char *activ_graph_error(const activ_graph *g)
{
    return g ? g->error.text : "";
}
