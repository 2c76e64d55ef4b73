/* Adam with decoupled weight decay, as torch.optim.AdamW. */
#include <math.h>

#include "base/dmath.h"
#include "base/sized.h"
#include "optim/optimizer.h"

enum { EXP_AVG, EXP_AVG_SQ, MAX_EXP_AVG_SQ };

static int has_state(const optimizer_settings *s, size_t state)
{
    return state != MAX_EXP_AVG_SQ || s->amsgrad;
}

static const char *check(const optimizer_settings *s)
{
    if (s->beta1 >= 1.0f || s->beta2 >= 1.0f)
        return "beta1 and beta2 have to be less than 1";
    if (s->eps == 0.0f)
        return "eps has to be greater than 0; ACTIV_ADAMW_DEFAULTS are the usual settings";
    return NULL;
}

static void step(const activ_optimizer *o, const optimizer_chunk *chunk)
{
    const optimizer_settings *s = &o->settings;
    double lr = (double)s->lr * (double)chunk->options.lr_scale;
    double beta1 = (double)s->beta1, beta2 = (double)s->beta2;
    const activ_adamw_scalars scalars = {
        .rate = (float)(lr / (1.0 - activ_power(beta1, o->steps))),
        .scale = (float)(1.0 / sqrt(1.0 - activ_power(beta2, o->steps))),
        .decay = (float)(lr * (double)chunk->options.weight_decay),
        .beta1 = s->beta1,
        .one_minus_beta1 = (float)(1.0 - beta1),
        .beta2 = s->beta2,
        .one_minus_beta2 = (float)(1.0 - beta2),
        .eps = s->eps,
        .least = activ_optimizer_least(s->eps, s->beta1, s->beta2),
        .maximize = s->maximize,
    };
    o->graph->kernels->adamw(&scalars, chunk->n, chunk->gradient, chunk->states[EXP_AVG], chunk->states[EXP_AVG_SQ],
                             chunk->states[MAX_EXP_AVG_SQ], chunk->params);
}

const optimizer_kind activ_optimizer_adamw = {
    .name = "adamw",
    .title = "AdamW",
    .settings = { OPTIMIZER_SETTING(lr), OPTIMIZER_SETTING(beta1), OPTIMIZER_SETTING(beta2), OPTIMIZER_SETTING(eps),
                  OPTIMIZER_SETTING(weight_decay), OPTIMIZER_FLAG(amsgrad), OPTIMIZER_FLAG(maximize) },
    .states = { [EXP_AVG] = "exp_avg", [EXP_AVG_SQ] = "exp_avg_sq", [MAX_EXP_AVG_SQ] = "max_exp_avg_sq" },
    .has_state = has_state,
    .check = check,
    .step = step,
};

activ_status activ_adamw_create(activ_graph *graph, const activ_adamw_options *options, activ_optimizer **out)
{
    static const activ_adamw_options defaults = ACTIV_ADAMW_DEFAULTS;
    activ_adamw_options own;
    activ_status status =
        activ_optimizer_read_options(graph, &activ_optimizer_adamw, options, &defaults, sizeof own, &own, out);
    if (status != ACTIV_OK)
        return status;
    if (own.reserved != 0)
        return activ_graph_fail(graph, ACTIV_ERROR_UNSUPPORTED, NULL, activ_optimizer_adamw.title, ": ",
                                activ_sized_reason(ACTIV_ERROR_UNSUPPORTED));
    const optimizer_settings settings = {
        .lr = own.lr,
        .beta1 = own.beta1,
        .beta2 = own.beta2,
        .eps = own.eps,
        .weight_decay = own.weight_decay,
        .amsgrad = own.amsgrad != 0,
        .maximize = own.maximize != 0,
    };
    return activ_optimizer_create(graph, &activ_optimizer_adamw, &settings, out);
}
