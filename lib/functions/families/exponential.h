/* Shared by the exponential linear units: x where x > 0, else alpha (e^x - 1), alpha being v[0]. */
#ifndef ACTIV_FUNCTIONS_FAMILIES_EXPONENTIAL_H
#define ACTIV_FUNCTIONS_FAMILIES_EXPONENTIAL_H

#include "functions/loops.h"
#include "simd/math.h"

/* ---- fast path --------------------------------------------------------------------------------- */

/* alpha = 1 only: multiplying by alpha would be a second rounding. */
static inline int exponential_is_plain(const float *values)
{
    return values[0] == 1.0f;
}

V_INLINE vm exponential_plain_lanes(const vf *v)
{
    return v_eq(v[0], v_set(1.0f));
}

/* The exponential's argument, x clamped to bound .. 0: below -85 e^x - 1 rounds to -1; above 0 it is not
 * selected. */
V_INLINE vf exponential_argument_from(vf x, vf bound)
{
    return v_min(v_set(0.0f), v_max(bound, x));
}

V_INLINE vf exponential_argument(vf x, float bound)
{
    return exponential_argument_from(x, v_set(bound));
}

/* Clamped to what is not far: beyond, the exponential would be infinite or NaN, which only the FPU's flags show. */
V_INLINE vexp_near exponential_near(vf x)
{
    return v_exp_near(exponential_argument(x, -87.0f));
}

V_INLINE vf exponential_plain_forward(vf x, const vf *v)
{
    (void)v;
    vexp_near e = exponential_near(x);
    return v_sel(v_gt(x, v_set(0.0f)), x, v_fma(e.power, e.s, v_sub(e.power, v_set(1.0f))));
}

/* alpha e^x for x <= 0 */
V_INLINE vf exponential_slope(vf x, vf alpha)
{
    vexp_near e = v_exp_whole(exponential_argument(x, -87.0f));
    vf scale = v_mul(alpha, e.power); /* exact */
    return v_fma(scale, e.s, scale);
}

V_INLINE vf exponential_derivative(vf x, const vf *v)
{
    return v_sel(v_gt(x, v_set(0.0f)), v_set(1.0f), exponential_slope(x, v[0]));
}

/* The derivative from y = f(x): alpha e^x = y + alpha. Rounding may leave y a little below -alpha. */
V_INLINE vf exponential_from_y(vf y, const vf *v)
{
    return v_sel(v_gt(y, v_set(0.0f)), v_set(1.0f), v_max(v_set(0.0f), v_add(y, v[0])));
}

/* ---- slow path, right everywhere --------------------------------------------------------------- */

V_INLINE vf exponential_forward(vf x, const vf *v)
{
    vpair m = v_expm1(exponential_argument(x, -85.0f));
    return v_sel(v_gt(x, v_set(0.0f)), x, v_fma(v[0], m.h, v_mul(v[0], m.l)));
}

/* alpha e^x for x <= -87, and at least where it underflows. */
V_INLINE vf exponential_slope_far(vf x, vf alpha, vf least)
{
    /* The power of two is made 2^154 times as large, which keeps it normal, and alpha 2^-90 times, so that nothing
     * overflows; where that is inexact, alpha being below 2^-36, the result is 0 for all x below -87. */
    vf bounded = v_min(v_set(-87.0f), v_max(least, x));
    vexp_near e = v_exp_near_times(bounded, v_set(V_EXP_NEAR_MAGIC + 154.0f));
    vf scale = v_mul(v_mul(alpha, v_set(0x1p-90f)), e.power);
    return v_descale(v_fma(scale, e.s, scale));
}

V_INLINE vf exponential_derivative_far(vf x, const vf *v)
{
    /* At -194 even the largest alpha gives less than half of the smallest number; an alpha of 1, at -120. */
    vf least = v_sel(v_le(v_abs(v[0]), v_set(1.0f)), v_set(-120.0f), v_set(-194.0f));
    return exponential_slope_far(x, v[0], least);
}

#endif
