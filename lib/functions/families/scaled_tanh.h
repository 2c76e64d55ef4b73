/* Shared by the functions of tanh(c x), c being trained: any number, or the product of two.
 *
 * c and z = c x are pairs. Near elements are those with |2z| from 2^-59 to 16. Where c is huge or tiny all are far, and
 * computed by numbers with exponents of their own. */
#ifndef ACTIV_FUNCTIONS_FAMILIES_SCALED_TANH_H
#define ACTIV_FUNCTIONS_FAMILIES_SCALED_TANH_H

#include "functions/families/scaled.h"

/* Of 2z. */
#define TANH_LIMIT 16.0f
#define TANH_LEAST 0x1p-59f

/* 2 a b; or NaN, where it is huge or tiny. */
V_INLINE vpair tanh_twice(vf a, vf b)
{
    vpair c = v_two_product(v_add(a, a), b);
    vm usual = m_and(v_gt(v_abs(c.h), v_set(0x1p-60f)), v_lt(v_abs(c.h), v_set(0x1p20f)));
    c.h = v_sel(usual, c.h, v_float_of(i_set(0x7fc00000)));
    c.l = v_sel(usual, c.l, v_set(0.0f));
    return c;
}

/* 1 in the place of NaN, comparisons with which raise FE_INVALID. */
V_INLINE vpair tanh_usual(vpair c)
{
    vpair usual = { v_sel(v_nan(c.h), v_set(1.0f), c.h), c.l };
    return usual;
}

/* Beyond the limit, by bits: NaN, too. */
V_INLINE vm tanh_slope_is_far(vf argument)
{
    return i_gt(v_bits(argument), v_bits(v_set(TANH_LIMIT)));
}

/* ---- fast path --------------------------------------------------------------------------------- */

/* tanh z as a quotient of pairs: (1 - e)/(1 + e), e = e^(-2z) = 2^n (1 - s), z >= 0. */
typedef struct tanh_quotient {
    vpair top, bottom;
} tanh_quotient;

V_INLINE tanh_quotient tanh_quotient_of(vpair twice)
{
    const vf magic = v_set(V_EXP_NEAR_MAGIC), one = v_set(1.0f);
    vf t = v_fnma(twice.h, v_set(0x1.715476p0f), magic), k = v_sub(t, magic);
    vf r = v_fma(k, v_set(0x1.62e43p-1f), twice.h), r_low = v_fma(k, v_set(-0x1.05c61p-29f), twice.l);
    vf rest = v_fnma(v_exp_square(r), v_exp_near_polynomial(r, -1.0f), r_low);
    vf s = v_add(r, rest), s_low = v_sub(rest, v_sub(s, r)), power = v_float_of(i_shl(v_bits(t), 23));
    vf minus = v_sub(one, power), plus = v_add(one, power), p_low = v_mul(power, s_low);
    tanh_quotient q;
    q.top.h = v_fma(power, s, minus);
    q.top.l = v_add(v_fma(power, s, v_sub(minus, q.top.h)), p_low);
    q.bottom.h = v_fnma(power, s, plus);
    q.bottom.l = v_sub(v_fnma(power, s, v_sub(plus, q.bottom.h)), p_low);
    return q;
}

/* tanh z. The rounding errors of the quotient's two sides are taken back, nearly: 1/bottom is 1/2 to 1. */
V_INLINE vf tanh_rounded(vpair twice)
{
    tanh_quotient t = tanh_quotient_of(twice);
    vf q = v_div(t.top.h, t.bottom.h);
    return v_fma(v_fnma(q, t.bottom.l, t.top.l), v_set(0.75f), q);
}

/* b tanh z */
V_INLINE vf tanh_times(vpair twice, vpair b)
{
    tanh_quotient t = tanh_quotient_of(twice);
    vpair q = v_quotient(t.top, t.bottom);
    return v_fma(b.h, q.h, v_fma(b.h, q.l, v_mul(b.l, q.h)));
}

/* |2z|, c being tanh_twice. */
V_INLINE vpair tanh_near_argument(vf x, vpair c)
{
    vf z = v_mul(c.h, x), low = v_fma(c.l, x, v_fma(c.h, x, v_neg(z)));
    vpair twice = { v_abs(z), v_float_of(i_xor(v_bits(low), i_and(v_bits(z), i_set(INT32_MIN)))) };
    return twice;
}

/* |2z| with 2^-100 added to its high part, so that nothing is subnormal. */
V_INLINE vf tanh_slope_argument(vf x, vpair c)
{
    return v_fma(v_abs(c.h), v_abs(x), v_set(0x1p-100f));
}

/* 1 - tanh^2 = 4 e/(1 + e)^2 = q (2 - q) with q = 2/(1 + e^|2z|) */
V_INLINE vf tanh_slope(vf x, vpair c)
{
    vf twice = tanh_slope_argument(x, c), a = v_abs(x);
    vf low = v_float_of(i_xor(v_bits(c.l), i_and(v_bits(c.h), i_set(INT32_MIN))));
    vf excess = v_fnma(low, a, v_fnma(v_abs(c.h), a, twice));
    vexp_near e = v_exp_whole_less(twice, excess, v_set(V_EXP_NEAR_MAGIC));
    vf q = v_div(v_set(2.0f), v_fma(e.power, e.s, v_add(e.power, v_set(1.0f))));
    return v_fnma(q, q, v_add(q, q));
}

/* ---- beyond ------------------------------------------------------------------------------------ */

/* -|2z|, not below -130, where with usual c even f' vanishes. */
V_INLINE vpair tanh_beyond(vf x, vpair c)
{
    vpair z;
    z.h = v_mul(c.h, x);
    z.l = v_fma(c.l, x, v_fma(c.h, x, v_neg(z.h)));
    return v_minus_size(z, -130.0f);
}

/* b tanh z, c being tanh_usual: b (1 - 2t), t = e^-|2z|, or b z. */
V_INLINE vf tanh_usual_far(vf x, vpair c, vpair b)
{
    vpair minus = tanh_beyond(x, c);
    vexp_near e = v_exp_whole_less(minus.h, v_neg(minus.l), v_set(V_TAIL_MAGIC));
    vf tail = v_fma(e.power, e.s, e.power);
    vf y = v_add(b.h, v_fnma(v_mul(b.h, v_set(2.0f * V_TAIL_SCALE)), tail, b.l));
    vf large = v_mul_subnormal(v_min(v_set(2.0f), v_abs(x)), v_set(0.5f / V_TAIL_SCALE));
    vf p = v_mul(v_abs(c.h), large);
    vf p_low = v_fma(v_float_of(i_xor(v_bits(c.l), i_and(v_bits(c.h), i_set(INT32_MIN)))), large,
                     v_fma(v_abs(c.h), large, v_neg(p)));
    vf linear = v_descale_positive(v_fma(b.h, p, v_fma(b.h, p_low, v_mul(b.l, p))));
    y = v_sel(v_lt(minus.h, v_set(-1.0f)), y, linear);
    return v_float_of(i_xor(v_bits(y), i_and(i_xor(v_bits(x), v_bits(c.h)), i_set(INT32_MIN))));
}

/* b (1 - tanh^2 z) = b 4t (1 - 2t) */
V_INLINE vf tanh_usual_far_slope(vf x, vpair c, vf b)
{
    vpair minus = tanh_beyond(x, c);
    vexp_near e = v_exp_whole_less(minus.h, v_neg(minus.l), v_set(V_TAIL_MAGIC));
    vf scale = v_mul(v_mul(b, v_set(4.0f)), e.power); /* exact */
    return v_descale(v_fma(scale, v_exp_tail_less(e, 2.0f), scale));
}

/* ---- slow path, right everywhere --------------------------------------------------------------- */

/* z = (h + l) 2^e, and |2z|, up to where that saturates. */
typedef struct tanh_far_argument {
    vpair m, twice;
    vi e;
} tanh_far_argument;

/* c = (c.h + c.l) 2^e */
V_INLINE tanh_far_argument tanh_far_prepare(vf x, vpair c, vi e)
{
    vscaled s = v_scaled_of(x);
    tanh_far_argument z;
    z.m = v_two_product(c.h, s.m);
    z.m.l = v_fma(c.l, s.m, z.m.l);
    z.e = i_add(e, s.e);
    z.twice = v_scaled_pair(z.m, i_add(z.e, i_set(1)));
    return z;
}

/* b tanh z; below 2^-20 tanh z is z, and beyond the limit 1 - 2 e^-|2z|. */
V_INLINE vf tanh_far_times(tanh_far_argument z, vpair b)
{
    vpair minus = v_minus_size(z.twice, -TANH_LIMIT), twice = { v_neg(minus.h), v_neg(minus.l) };
    vf linear = v_fma(b.h, z.m.h, v_fma(b.h, z.m.l, v_mul(b.l, z.m.h)));
    vf t = v_exp_scaled_bounded(v_exp_scaled(v_minus_size(z.twice, -100.0f)));
    vf y = v_add(b.h, v_fnma(v_add(b.h, b.h), t, b.l));
    y = v_sel(v_gt(v_abs(z.twice.h), v_set(TANH_LIMIT)), y, tanh_times(twice, b));
    y = v_float_of(i_xor(v_bits(y), i_and(v_bits(z.m.h), i_set(INT32_MIN))));
    return v_sel(m_or(i_gt(i_set(-20), z.e), v_eq(z.m.h, v_set(0.0f))), v_scaled_value(linear, z.e), y);
}

/* b (1 - tanh^2 z) 2^e */
V_INLINE vf tanh_far_slope_times(tanh_far_argument z, vpair b, vi e)
{
    vlogistic_scaled q = v_logistic_scaled(z.twice);
    return v_scaled_value(v_fma(b.h, q.slope, v_mul(b.l, q.slope)), i_add(i_add(e, q.n), i_set(2)));
}

#endif
