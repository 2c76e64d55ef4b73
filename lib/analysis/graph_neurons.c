/* Which neurons of a graph are dead. */
#include "analysis/neurons.h"
#include "base/checked.h"
#include "graph/graph.h"

struct activ_graph_neurons {
    activ_host host;
    const activ_graph *graph;
    size_t bytes, count;
    activ_neurons **layers; /* behind the struct */
    activ_node *nodes;
};

_Static_assert(sizeof(activ_graph_neurons) % sizeof(void *) == 0, "the arrays behind it are aligned");

activ_status activ_graph_neurons_create(const activ_graph *g, const activ_neurons_options *options,
                                        activ_graph_neurons **out)
{
    activ_neurons_options own;
    if (!g || !out)
        return ACTIV_ERROR_INVALID;
    activ_status status = activ_neurons_read_options(options, &own);
    if (status != ACTIV_OK)
        return status;
    if (g->max_batch == 0)
        return ACTIV_ERROR_STATE;
    size_t count = 0;
    for (size_t i = 0; i < g->node_count; i++)
        count += g->nodes[i].fn != NULL;
    /* At most GRAPH_MAX_NODES. */
    const size_t bytes = sizeof(activ_graph_neurons) + count * (sizeof(activ_neurons *) + sizeof(activ_node));
    activ_graph_neurons *n = activ_host_alloc(&g->host, bytes);
    if (!n)
        return ACTIV_ERROR_OUT_OF_MEMORY;
    n->host = g->host;
    n->graph = g;
    n->bytes = bytes;
    n->layers = (activ_neurons **)(n + 1);
    n->nodes = (activ_node *)(n->layers + count);
    for (size_t i = 0; i < g->node_count && status == ACTIV_OK; i++) {
        if (!g->nodes[i].fn)
            continue;
        n->nodes[n->count] = (activ_node)i;
        status = activ_neurons_make(&g->host, g->nodes[i].features, &own, &n->layers[n->count]);
        n->count++;
    }
    if (status != ACTIV_OK) {
        n->count = count;
        activ_graph_neurons_destroy(n);
        return status;
    }
    *out = n;
    return ACTIV_OK;
}

void activ_graph_neurons_destroy(activ_graph_neurons *n)
{
    if (!n)
        return;
    const activ_host host = n->host;
    for (size_t i = 0; i < n->count; i++)
        activ_neurons_destroy(n->layers[i]);
    activ_host_free(&host, n, n->bytes);
}

activ_status activ_graph_neurons_add(activ_graph_neurons *n)
{
    if (!n)
        return ACTIV_ERROR_INVALID;
    if (!n->graph->have_values)
        return ACTIV_ERROR_STATE;
    /* If there is no room for more inputs, then in all layers: they count the same ones. */
    activ_status status = ACTIV_OK;
    for (size_t i = 0; i < n->count && status == ACTIV_OK; i++)
        status = activ_neurons_add(n->layers[i], n->graph->values_batch, activ_graph_values(n->graph, n->nodes[i]),
                                   n->graph->nodes[n->nodes[i]].features);
    return status;
}

activ_status activ_graph_neurons_merge(activ_graph_neurons *into, const activ_graph_neurons *from)
{
    if (!into || !from || into == from)
        return ACTIV_ERROR_INVALID;
    activ_status status = into->count == from->count ? ACTIV_OK : ACTIV_ERROR_SHAPE;
    for (size_t i = 0; i < into->count && status == ACTIV_OK; i++)
        status = activ_neurons_check_merge(into->layers[i], from->layers[i]);
    for (size_t i = 0; i < into->count && status == ACTIV_OK; i++)
        status = activ_neurons_merge(into->layers[i], from->layers[i]);
    return status;
}

activ_status activ_graph_neurons_reset(activ_graph_neurons *n)
{
    if (!n)
        return ACTIV_ERROR_INVALID;
    for (size_t i = 0; i < n->count; i++)
        (void)activ_neurons_reset(n->layers[i]);
    return ACTIV_OK;
}

size_t activ_graph_neurons_count(const activ_graph_neurons *n)
{
    return n ? n->count : 0;
}

activ_node activ_graph_neurons_node(const activ_graph_neurons *n, size_t i)
{
    return n && i < n->count ? n->nodes[i] : -1;
}

const activ_neurons *activ_graph_neurons_at(const activ_graph_neurons *n, size_t i)
{
    return n && i < n->count ? n->layers[i] : NULL;
}
