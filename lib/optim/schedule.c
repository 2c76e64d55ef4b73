/* Learning rates as functions of the step, as torch.optim.lr_scheduler defines them. */
#include <math.h>

#include "activ/optim.h"
#include "base/dmath.h"

float activ_lr_step(float base, uint64_t step_size, float gamma, uint64_t step)
{
    if (step_size == 0)
        return NAN;
    return (float)((double)base * activ_power((double)gamma, step / step_size));
}

float activ_lr_cosine(float base, uint64_t t_max, float eta_min, uint64_t step)
{
    if (t_max == 0)
        return NAN;
    /* cos(pi step / t_max), whose period is 2 t_max. */
    double turn = ((double)(step % t_max) / (double)t_max + (double)(step / t_max % 2)) / 2.0;
    double low = (double)eta_min;
    return (float)(low + ((double)base - low) * (1.0 + activ_cos_turn(turn)) / 2.0);
}

float activ_lr_warmup(float base, float start_factor, uint64_t total, uint64_t step)
{
    if (step >= total)
        return base;
    double start = (double)start_factor;
    return (float)((double)base * (start + (1.0 - start) * ((double)step / (double)total)));
}

float activ_lr_warmup_cosine(float base, float start_factor, uint64_t warmup, uint64_t total, float eta_min,
                             uint64_t step)
{
    if (step >= total)
        return eta_min;
    return step < warmup ? activ_lr_warmup(base, start_factor, warmup, step)
                         : activ_lr_cosine(base, total - warmup, eta_min, step - warmup);
}
