/* Calls compute in the mode that rounds to nearest, whatever mode the host's thread is in, and then restore that:
 * kernels split numbers at whole ones by rounding, and are right, and the same on every tier, in this mode alone.
 *
 *     const int before = activ_round_to_nearest();
 *     ...
 *     activ_round_as(before);
 *
 * Compilers do not know that the calls between change what arithmetic does: it has to be in a function of its own.
 * New threads inherit the mode of the thread that makes them: activ_host_parallel does this for every task. */
#ifndef ACTIV_BASE_ROUNDING_H
#define ACTIV_BASE_ROUNDING_H

#include <fenv.h>

/* By arithmetic: to read the mode takes longer than a short call. */
static inline int activ_rounds_to_nearest(void)
{
    static const volatile float small = 0x1p-30f;
    const float s = small;
    return 1.0f + s == 1.0f - s;
}

static inline int activ_round_to_nearest(void)
{
    if (activ_rounds_to_nearest())
        return FE_TONEAREST;
    const int before = fegetround();
    (void)fesetround(FE_TONEAREST);
    return before;
}

static inline void activ_round_as(int before)
{
    if (before != FE_TONEAREST)
        (void)fesetround(before);
}

#endif
