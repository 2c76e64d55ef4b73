/* Stochastic gradient descent, as torch.optim.SGD. */
#include "activ/optim.h"
#include "base/sized.h"
#include "graph/graph.h"

struct activ_sgd {
    activ_host host;
    activ_graph *graph;
    activ_sgd_scalars scalars;
    float *velocity;   /* one value per parameter; NULL without momentum */
    size_t velocity_bytes;
};

static int is_finite(float value)
{
    return value - value == 0.0f;
}

/* What is wrong with the options, or NULL. */
static const char *check_options(const activ_sgd_options *o)
{
    if (!(o->lr >= 0.0f) || !is_finite(o->lr))
        return "lr has to be finite and not negative";
    if (!(o->momentum >= 0.0f) || !is_finite(o->momentum))
        return "momentum has to be finite and not negative";
    if (!(o->weight_decay >= 0.0f) || !is_finite(o->weight_decay))
        return "weight_decay has to be finite and not negative";
    if (!is_finite(o->dampening))
        return "dampening has to be finite";
    if (o->nesterov && (o->momentum == 0.0f || o->dampening != 0.0f))
        return "nesterov needs momentum and no dampening";
    return NULL;
}

activ_status activ_sgd_create(activ_graph *graph, const activ_sgd_options *options, activ_sgd **out)
{
    activ_sgd_options o;
    if (!graph || !options || !out)
        return ACTIV_ERROR_INVALID;
    activ_status status = activ_sized_read(&o, sizeof o, options);
    if (status != ACTIV_OK)
        return status;
    status = activ_graph_check_compiled(graph, 1);
    if (status != ACTIV_OK)
        return status;
    const char *wrong = check_options(&o);
    if (wrong)
        return activ_graph_say(graph, ACTIV_ERROR_RANGE, NULL, "SGD: ", wrong);
    activ_sgd *sgd = activ_host_alloc(&graph->host, sizeof *sgd);
    if (!sgd)
        return ACTIV_ERROR_OUT_OF_MEMORY;
    sgd->host = graph->host;
    sgd->graph = graph;
    if (o.momentum != 0.0f && graph->param_count > 0) {
        sgd->velocity_bytes = graph->param_count * sizeof(float);
        sgd->velocity = activ_host_alloc(&sgd->host, sgd->velocity_bytes);
        if (!sgd->velocity) {
            activ_host_free(&graph->host, sgd, sizeof *sgd);
            return ACTIV_ERROR_OUT_OF_MEMORY;
        }
    }
    sgd->scalars = (activ_sgd_scalars){ o.lr, o.momentum, o.dampening, o.weight_decay,
                                        o.nesterov != 0, o.maximize != 0, 1 };
    *out = sgd;
    return ACTIV_OK;
}

void activ_sgd_destroy(activ_sgd *sgd)
{
    if (!sgd)
        return;
    activ_host host = sgd->host;
    activ_host_free(&host, sgd->velocity, sgd->velocity_bytes);
    activ_host_free(&host, sgd, sizeof *sgd);
}

activ_status activ_sgd_step(activ_sgd *sgd)
{
    if (!sgd)
        return ACTIV_ERROR_INVALID;
    activ_graph *g = sgd->graph;
    g->kernels->sgd(&sgd->scalars, g->param_count, g->arena + g->grads, sgd->velocity,
                    g->arena + g->params);
    sgd->scalars.first = 0;
    return ACTIV_OK;
}

activ_status activ_sgd_set_lr(activ_sgd *sgd, float lr)
{
    if (!sgd)
        return ACTIV_ERROR_INVALID;
    if (!(lr >= 0.0f) || !is_finite(lr))
        return activ_graph_say(sgd->graph, ACTIV_ERROR_RANGE, NULL,
                               "SGD: lr has to be finite and not negative");
    sgd->scalars.lr = lr;
    return ACTIV_OK;
}
