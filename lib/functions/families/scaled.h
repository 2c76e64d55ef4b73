/* Shared by functions of z = c x, c being trained, or any number: exponentials and numbers with exponents of their own,
 * m 2^e. Their products may be ordinary numbers where they themselves would overflow or vanish. */
#ifndef ACTIV_FUNCTIONS_FAMILIES_SCALED_H
#define ACTIV_FUNCTIONS_FAMILIES_SCALED_H

#include "simd/math.h"

/* ---- numbers ----------------------------------------------------------------------------------- */

typedef struct vscaled {
    vf m; /* 0, or from 1 to 2 in size */
    vi e;
} vscaled;

/* Any float32; of infinity a power of two beyond all products of a few numbers. NaN stays, here and below. */
V_INLINE vscaled v_scaled_of(vf x)
{
    vm small = v_lt(v_abs(x), v_set(0x1p-100f));
    vf a = v_sel(small, v_mul(x, v_set(0x1p64f)), x);
    vi biased = i_and(i_shr(v_bits(a), 23), i_set(0xff));
    vf m = v_float_of(i_or(i_and(v_bits(a), i_set(INT32_MIN | 0x7fffff)), i_set(0x3f800000)));
    vi e = i_sub(biased, i_sel(small, i_set(127 + 64), i_set(127)));
    vm as_is = m_or(v_eq(x, v_set(0.0f)), v_nan(x));
    vscaled result = { v_sel(as_is, x, m), i_sel(i_eq(biased, i_set(255)), i_set(1000), e) };
    return result;
}

/* m 2^e for any e, m being 0 or from 2^-8 to 2^8 in size; no operation is on subnormal numbers, and a subnormal result
 * is rounded once. */
V_INLINE vf v_scaled_value(vf m, vi e)
{
    vm low = i_gt(i_set(-60), e);
    vi n = i_max(i_set(-160), i_min(i_set(140), e));
    n = i_sel(low, i_add(n, i_set(64)), n);
    vf value = v_scale(m, n);
    return v_sel(low, v_descale(v_sel(low, value, m)), value);
}

/* A gradient at x: where x is finite, FLT_MAX instead of infinity, which dy = 0 would make NaN. */
V_INLINE vf v_finite_gradient(vf x, vf gradient)
{
    const vf most = v_set(FLT_MAX);
    vf finite = v_max(v_neg(most), v_min(most, gradient));
    return v_sel(v_le(v_abs(x), most), finite, gradient);
}

/* ---- pairs ------------------------------------------------------------------------------------- */

/* z 2^e, |z| being from 1 to 8 or 0; beyond 2^20 a number of about that size. */
V_INLINE vpair v_scaled_pair(vpair z, vi e)
{
    vf power = v_power_of_two(i_max(i_set(-60), i_min(i_set(20), e)));
    vpair result = { v_mul(z.h, power), v_mul(z.l, power) };
    return result;
}

/* -|z|, not below `bound`; where z is beyond it, the low part does not matter, and may be infinite. */
V_INLINE vpair v_minus_size(vpair z, float bound)
{
    vf size = v_abs(z.h);
    vm inside = v_lt(size, v_set(-bound));
    vf low = v_float_of(i_xor(i_xor(v_bits(z.l), i_and(v_bits(z.h), i_set(INT32_MIN))), i_set(INT32_MIN)));
    vpair result = { v_neg(v_min(v_set(-bound), size)), v_sel(inside, low, v_set(0.0f)) };
    return result;
}

/* ---- exponentials ------------------------------------------------------------------------------ */

/* e^z = (1 + s) 2^n for z <= 0; n is far below zero where z is below -350. */
typedef struct vexp_scaled {
    vf s;
    vi n;
} vexp_scaled;

V_INLINE vexp_scaled v_exp_scaled(vpair z)
{
    const vf magic = v_set(V_EXP_NEAR_MAGIC + 128.0f);
    vexp_near e = v_exp_whole_less(z.h, v_neg(z.l), magic);
    vi n = i_sub(i_sar(v_bits(e.power), 23), i_set(127 + 128));
    vexp_scaled result = { e.s, i_sel(v_gt(z.h, v_set(-350.0f)), n, i_set(-5000)) };
    return result;
}

/* (1 + s) 2^n as a number, or 2^-100 where it is smaller, for sums with 1. */
V_INLINE vf v_exp_scaled_bounded(vexp_scaled e)
{
    vf power = v_power_of_two(i_max(i_set(-100), e.n));
    return v_fma(power, e.s, power);
}

/* q = logistic(-|z|) = m 2^n, and logistic(|z|); slope 2^n is logistic(z) logistic(-z). */
typedef struct vlogistic_scaled {
    vf m, other, slope;
    vi n;
} vlogistic_scaled;

/* With e^z = (1 + s) 2^n and t = e^z, the s of e^z (1 - c t). */
V_INLINE vf v_exp_scaled_less(vf s, vf t, float c)
{
    return v_fnma(v_mul(t, v_set(c)), v_add(s, v_set(1.0f)), s);
}

/* The same of 2^64 e^z. Where t is less than 2^-64 it does not matter, and must not underflow. */
V_INLINE vf v_exp_tail_less(vexp_near e, float c)
{
    vf tail = v_max(v_set(1.0f), v_fma(e.power, e.s, e.power));
    return v_exp_scaled_less(e.s, tail, c * V_TAIL_SCALE);
}

V_INLINE vlogistic_scaled v_logistic_scaled(vpair z)
{
    vexp_scaled e = v_exp_scaled(v_minus_size(z, -350.0f));
    vpair d = v_fast_two_sum(v_set(1.0f), v_exp_scaled_bounded(e));
    vf inverse = v_div(v_set(1.0f), d.h);
    vf low = v_mul(inverse, v_fnma(inverse, d.l, v_fnma(inverse, d.h, v_set(1.0f))));
    vlogistic_scaled q;
    q.m = v_add(inverse, v_fma(inverse, e.s, low));
    q.other = inverse;
    q.slope = v_fnma(q.m, v_mul(q.m, v_power_of_two(i_max(i_set(-100), e.n))), q.m);
    q.n = e.n;
    return q;
}

#endif
