/* Stochastic gradient descent, as torch.optim.SGD. */
#include "optim/optimizer.h"

static int has_state(const optimizer_settings *s, size_t state)
{
    (void)state;
    return s->momentum != 0.0f;
}

static const char *check(const optimizer_settings *s)
{
    if (s->nesterov && (s->momentum == 0.0f || s->dampening != 0.0f))
        return "nesterov needs momentum and no dampening";
    return NULL;
}

static void step(const activ_optimizer *o, const optimizer_chunk *chunk)
{
    const optimizer_settings *s = &o->settings;
    const activ_sgd_scalars scalars = {
        .lr = s->lr * chunk->options.lr_scale,
        .momentum = s->momentum,
        .dampening = s->dampening,
        .weight_decay = chunk->options.weight_decay,
        .nesterov = s->nesterov,
        .maximize = s->maximize,
        .first = o->steps == 1,
    };
    o->graph->kernels->sgd(&scalars, chunk->n, chunk->gradient, chunk->states[0], chunk->params);
}

const optimizer_kind activ_optimizer_sgd = {
    .name = "sgd",
    .title = "SGD",
    .settings = { OPTIMIZER_SETTING(lr), OPTIMIZER_SETTING(momentum), OPTIMIZER_SETTING(dampening),
                  OPTIMIZER_SETTING(weight_decay), OPTIMIZER_FLAG(nesterov), OPTIMIZER_FLAG(maximize) },
    .states = { "momentum_buffer" },
    .has_state = has_state,
    .check = check,
    .step = step,
};

activ_status activ_sgd_create(activ_graph *graph, const activ_sgd_options *options, activ_optimizer **out)
{
    static const activ_sgd_options defaults = ACTIV_SGD_DEFAULTS;
    activ_sgd_options own;
    activ_status status =
        activ_optimizer_read_options(graph, &activ_optimizer_sgd, options, &defaults, sizeof own, &own, out);
    if (status != ACTIV_OK)
        return status;
    const optimizer_settings settings = {
        .lr = own.lr,
        .momentum = own.momentum,
        .dampening = own.dampening,
        .weight_decay = own.weight_decay,
        .nesterov = own.nesterov != 0,
        .maximize = own.maximize != 0,
    };
    return activ_optimizer_create(graph, &activ_optimizer_sgd, &settings, out);
}
