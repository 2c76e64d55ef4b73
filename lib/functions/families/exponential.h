/* Shared by the exponential linear units: x where x > 0, else alpha (e^x - 1), alpha being v[0]. */
#ifndef ACTIV_FUNCTIONS_FAMILIES_EXPONENTIAL_H
#define ACTIV_FUNCTIONS_FAMILIES_EXPONENTIAL_H

#include "functions/loops.h"
#include "simd/math.h"

/* ---- fast path --------------------------------------------------------------------------------- */

/* Large positive x are not far: their exponential is not selected, whatever it is. */
V_INLINE vm exponential_is_far(vf x, const vf *v)
{
    (void)v;
    return v_not_le(v_set(-87.0f), x);
}

/* alpha = 1 only: multiplying by alpha would be a second rounding. */
static inline int exponential_is_plain(const float *values)
{
    return values[0] == 1.0f;
}

V_INLINE vm exponential_plain_lanes(const vf *v)
{
    return v_eq(v[0], v_set(1.0f));
}

V_INLINE vf exponential_plain_forward(vf x, const vf *v)
{
    (void)v;
    vexp_near e = v_exp_near(x);
    return v_sel(v_gt(x, v_set(0.0f)), x, v_fma(e.power, e.s, v_sub(e.power, v_set(1.0f))));
}

V_INLINE vf exponential_derivative(vf x, const vf *v)
{
    vexp_near e = v_exp_near(x);
    vf scale = v_mul(v[0], e.power); /* exact */
    return v_sel(v_gt(x, v_set(0.0f)), v_set(1.0f), v_fma(scale, e.s, scale));
}

/* ---- slow path, right everywhere --------------------------------------------------------------- */

/* The exponential's argument, x clamped to bound .. 0: below -85 e^x - 1 rounds to -1; above 0 it is not selected. */
V_INLINE vf exponential_argument(vf x, float bound)
{
    return v_min(v_set(0.0f), v_max(v_set(bound), x));
}

V_INLINE vf exponential_forward(vf x, const vf *v)
{
    vpair m = v_expm1(exponential_argument(x, -85.0f));
    return v_sel(v_gt(x, v_set(0.0f)), x, v_fma(v[0], m.h, v_mul(v[0], m.l)));
}

V_INLINE vf exponential_derivative_far(vf x, const vf *v)
{
    vexp e = v_exp(exponential_argument(x, -170.0f), v_set(0.0f));
    /* Half of alpha, as e.h may reach 1.42 and alpha the largest number. */
    vf half = v_mul(v[0], v_set(0.5f));
    vf d = v_scale(v_fma(half, e.h, v_mul(half, e.l)), i_add(e.n, i_set(1)));
    return v_sel(v_gt(x, v_set(0.0f)), v_set(1.0f), d);
}

#endif
