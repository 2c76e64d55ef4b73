/* Shared by the leaky ReLUs: x where x > 0, else slope x, wherever the slope comes from. */
#ifndef ACTIV_FUNCTIONS_FAMILIES_RELU_H
#define ACTIV_FUNCTIONS_FAMILIES_RELU_H

#include "simd/simd.h"

V_INLINE vf slope_forward(vf x, vf slope)
{
    /* A slope of 0 makes the limit at minus infinity 0, not 0 times infinity. */
    vf product = v_sel(m_and(v_eq(slope, v_set(0.0f)), v_lt(x, v_set(0.0f))), v_set(0.0f), v_mul(slope, x));
    return v_sel(v_gt(x, v_set(0.0f)), x, product);
}

/* Any slope but 0 and NaN: by the sign of x, without a comparison. */
static inline int slope_is_plain(const float *values)
{
    return values[0] != 0.0f && values[0] == values[0];
}

V_INLINE vm slope_plain_lanes(const vf *v)
{
    return m_not(m_or(v_eq(v[0], v_set(0.0f)), v_nan(v[0])));
}

V_INLINE vf slope_plain_forward(vf x, const vf *v)
{
    return v_sel_sign(x, v_mul(v[0], x), x);
}

V_INLINE vf slope_derivative(vf x, vf slope)
{
    return v_sel(v_gt(x, v_set(0.0f)), v_set(1.0f), slope);
}

#endif
