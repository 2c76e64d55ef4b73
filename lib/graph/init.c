/* Initial values of a graph: each layer's own, or a scheme for the weights of linear layers. */
#include <string.h>

#include "activ/init.h"
#include "base/random.h"
#include "base/rounding.h"
#include "graph/graph.h"

activ_status activ_graph_init(activ_graph *g, uint64_t seed)
{
    if (!g)
        return ACTIV_ERROR_INVALID;
    activ_status status = activ_graph_check_compiled(g, 0);
    if (status != ACTIV_OK)
        return status;
    const int rounding = activ_round_to_nearest();
    for (size_t i = 0; i < g->node_count; i++)
        if (g->nodes[i].kind->init)
            g->nodes[i].kind->init(g, &g->nodes[i], seed);
    activ_round_as(rounding);
    g->seed = seed;
    g->step = 0;
    g->has_params = 1;
    return ACTIV_OK;
}

/* The message is what a tensor's failure says: the graph logs it. */
static activ_status init_weights(activ_graph *g, activ_init_scheme scheme, float gain, uint64_t seed,
                                 activ_message *message)
{
    activ_context context = { g->host };
    context.host.log = NULL;
    for (size_t i = 0; i < g->tensor_count; i++) {
        const graph_tensor *t = &g->tensors[i];
        float *values = activ_graph_tensor_values(g, i);
        if (g->nodes[t->node].kind != &activ_kind_linear)
            continue;
        if (t->ndim == 2) {
            uint64_t stream = ACTIV_STREAM(ACTIV_STREAM_INIT, i);
            activ_status status =
                activ_init_tensor(&context, scheme, gain, t->ndim, t->shape, seed, stream, values, message);
            if (status != ACTIV_OK)
                return status;
        } else if (scheme != ACTIV_INIT_DEFAULT) {
            memset(values, 0, t->count * sizeof *values);
        }
    }
    return ACTIV_OK;
}

activ_status activ_graph_init_weights(activ_graph *g, activ_init_scheme scheme, float gain, uint64_t seed)
{
    if (!g)
        return ACTIV_ERROR_INVALID;
    if (!activ_graph_is_compiled(g))
        return activ_graph_init(g, seed); /* which fails */
    if (scheme < 0 || scheme > ACTIV_INIT_ORTHOGONAL)
        return activ_graph_fail(g, ACTIV_ERROR_UNSUPPORTED, NULL, "no such scheme of initial values");
    /* A gain may be too large for one tensor, or memory too small for another: save parameters and buffers, to restore
     * them. */
    size_t param_bytes = g->param_count * sizeof(float), buffer_bytes = g->buffer_floats * sizeof(float);
    size_t bytes = param_bytes + buffer_bytes;
    float *params = g->arena + g->params_offset, *buffers = activ_graph_buffers(g);
    float *backup = activ_host_alloc(&g->host, bytes);
    if (bytes > 0 && !backup)
        return activ_graph_fail(g, ACTIV_ERROR_OUT_OF_MEMORY, NULL, "no memory for initial values");
    uint64_t old_seed = g->seed, old_step = g->step;
    const int had_params = g->has_params;
    if (bytes > 0) {
        memcpy(backup, params, param_bytes);
        memcpy(backup + g->param_count, buffers, buffer_bytes);
    }
    activ_message message;
    activ_status status = activ_graph_init(g, seed);
    if (status == ACTIV_OK)
        status = init_weights(g, scheme, gain, seed, &message);
    if (status != ACTIV_OK) {
        if (bytes > 0) {
            memcpy(params, backup, param_bytes);
            memcpy(buffers, backup + g->param_count, buffer_bytes);
        }
        g->seed = old_seed;
        g->step = old_step;
        g->has_params = had_params;
        activ_graph_fail(g, status, NULL, message.text);
    }
    activ_host_free(&g->host, backup, bytes);
    return status;
}
