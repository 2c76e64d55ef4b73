/* RMSprop, as torch.optim.RMSprop. */
#include "base/sized.h"
#include "optim/optimizer.h"

enum { SQUARE_AVG, MOMENTUM_BUFFER, GRAD_AVG };

static int has_state(const optimizer_settings *s, size_t state)
{
    return state == SQUARE_AVG || (state == MOMENTUM_BUFFER ? s->momentum != 0.0f : s->centered);
}

static const char *check(const optimizer_settings *s)
{
    if (s->alpha > 1.0f)
        return "alpha has to be 0 to 1";
    if (s->eps == 0.0f)
        return "eps has to be greater than 0; ACTIV_RMSPROP_DEFAULTS are the usual settings";
    return NULL;
}

static void step(const activ_optimizer *o, const optimizer_chunk *chunk)
{
    const optimizer_settings *s = &o->settings;
    const activ_rmsprop_scalars scalars = {
        .lr = s->lr * chunk->options.lr_scale,
        .alpha = s->alpha,
        .one_minus_alpha = (float)(1.0 - (double)s->alpha),
        .eps = s->eps,
        .weight_decay = chunk->options.weight_decay,
        .momentum = s->momentum,
        .least = activ_optimizer_least(s->eps, s->alpha, s->alpha),
        .maximize = s->maximize,
    };
    o->graph->kernels->rmsprop(&scalars, chunk->n, chunk->gradient, chunk->states[SQUARE_AVG],
                               chunk->states[MOMENTUM_BUFFER], chunk->states[GRAD_AVG], chunk->params);
}

const optimizer_kind activ_optimizer_rmsprop = {
    .name = "rmsprop",
    .title = "RMSprop",
    .settings = { OPTIMIZER_SETTING(lr), OPTIMIZER_SETTING(alpha), OPTIMIZER_SETTING(eps),
                  OPTIMIZER_SETTING(weight_decay), OPTIMIZER_SETTING(momentum), OPTIMIZER_FLAG(centered),
                  OPTIMIZER_FLAG(maximize) },
    .states = { [SQUARE_AVG] = "square_avg", [MOMENTUM_BUFFER] = "momentum_buffer", [GRAD_AVG] = "grad_avg" },
    .has_state = has_state,
    .check = check,
    .step = step,
};

activ_status activ_rmsprop_create(activ_graph *graph, const activ_rmsprop_options *options, activ_optimizer **out)
{
    static const activ_rmsprop_options defaults = ACTIV_RMSPROP_DEFAULTS;
    activ_rmsprop_options own;
    activ_status status =
        activ_optimizer_read_options(graph, &activ_optimizer_rmsprop, options, &defaults, sizeof own, &own, out);
    if (status != ACTIV_OK)
        return status;
    if (own.reserved != 0)
        return activ_graph_fail(graph, ACTIV_ERROR_UNSUPPORTED, NULL, activ_optimizer_rmsprop.title, ": ",
                                activ_sized_reason(ACTIV_ERROR_UNSUPPORTED));
    const optimizer_settings settings = {
        .lr = own.lr,
        .alpha = own.alpha,
        .eps = own.eps,
        .weight_decay = own.weight_decay,
        .momentum = own.momentum,
        .centered = own.centered != 0,
        .maximize = own.maximize != 0,
    };
    return activ_optimizer_create(graph, &activ_optimizer_rmsprop, &settings, out);
}
