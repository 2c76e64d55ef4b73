/* Shared by the functions x logistic(beta x), beta being v[0]: any number.
 *
 * z = beta x is a pair: its rounding error would be magnified |z| times. Its high part has 2^-100 added, and the low
 * part takes it back, so that neither is subnormal. */
#ifndef ACTIV_FUNCTIONS_FAMILIES_SWISH_H
#define ACTIV_FUNCTIONS_FAMILIES_SWISH_H

#include "functions/families/logistic.h"
#include "functions/families/scaled.h"

/* ---- fast path, for |z| <= LOGISTIC_LIMIT ------------------------------------------------------ */

/* -z */
V_INLINE vf swish_argument(vf x, const vf *v)
{
    return v_fma(v_neg(v[0]), x, v_set(0x1p-100f));
}

/* By how much that exceeds -z. */
V_INLINE vf swish_excess(vf x, vf minus_z, const vf *v)
{
    return v_fma(v[0], x, minus_z);
}

V_INLINE vf swish_forward(vf x, const vf *v)
{
    vf z = swish_argument(x, v);
    vexp_near e = v_exp_whole_less(z, swish_excess(x, z, v), v_set(V_EXP_NEAR_MAGIC));
    return v_div(x, v_fma(e.power, e.s, v_add(e.power, v_set(1.0f))));
}

/* silu's: f' at -a is q (1 - a (1 - q)), a = |z|, q = logistic(-a) = 1/d, and at a 1 less that. `rest` is q's rounding
 * error and that of d, relative. */
V_INLINE vf swish_derivative(vf x, const vf *v)
{
    const vf one = v_set(1.0f);
    vf z = swish_argument(x, v), a = v_abs(z);
    vf excess = v_float_of(i_xor(v_bits(swish_excess(x, z, v)), i_and(v_bits(z), i_set(INT32_MIN))));
    vexp_near e = v_exp_whole_less(a, excess, v_set(V_EXP_NEAR_MAGIC));
    vf whole = v_add(e.power, one), d = v_fma(e.power, e.s, whole), d_low = v_fma(e.power, e.s, v_sub(whole, d));
    vf q = v_div(one, d), rest = v_fnma(q, d_low, v_fnma(q, d, one));
    vf slope = v_mul(q, v_add(v_sub(one, a), v_fma(a, q, excess)));
    slope = v_fma(slope, rest, slope);
    return v_sel_sign(z, v_sub(one, slope), slope);
}

/* ---- beyond ------------------------------------------------------------------------------------ */

/* z, and -|z| not below `bound`. */
typedef struct swish_far_argument {
    vf z;
    vpair minus;
} swish_far_argument;

V_INLINE swish_far_argument swish_far_prepare(vf x, float bound, const vf *v)
{
    vpair z;
    z.h = v_mul(v[0], x);
    z.l = v_fma(v[0], x, v_neg(z.h));
    swish_far_argument a = { z.h, v_minus_size(z, bound) };
    return a;
}

/* x (1 - t) or x (t - t^2), t = e^-|z|, which is small beside 1. */
static V_NOINLINE vf swish_any_far(vf x, const vf *v)
{
    swish_far_argument a = swish_far_prepare(x, -350.0f, v);
    vexp_scaled e = v_exp_scaled(a.minus);
    vf t = v_exp_scaled_bounded(e);
    vscaled factor = v_scaled_of(x);
    vf tail = v_scaled_value(v_fma(factor.m, v_exp_scaled_less(e.s, t, 1.0f), factor.m), i_add(factor.e, e.n));
    vf y = v_sel_sign(a.z, tail, v_mul_subnormal(x, v_sub(v_set(1.0f), t)));
    /* With beta 0, z is no number where x is infinite. */
    return v_sel(v_eq(v[0], v_set(0.0f)), v_mul(x, v_set(0.5f)), y);
}

/* With a beta between these, f is 0 where x or z is clamped, and no product is subnormal. */
#define SWISH_LEAST_BETA 0x1p-10f
#define SWISH_LARGEST_BETA 0x1p20f

static V_NOINLINE vf swish_far(vf x, const vf *v)
{
    swish_far_argument a = swish_far_prepare(x, -120.0f, v);
    vexp_near e = v_exp_whole_less(a.minus.h, v_neg(a.minus.l), v_set(V_TAIL_MAGIC));
    vf tail = v_fma(e.power, e.s, e.power), rest = logistic_far_rest(tail, 1.0f);
    vf scale = v_mul(v_min(v_set(0x1p17f), v_abs(x)), e.power); /* exact */
    vf size = v_descale_positive(v_fma(scale, v_exp_tail_less(e, 1.0f), scale));
    vf y = v_sel_sign(a.z, v_with_sign(size, x), v_mul_subnormal(x, rest));
    vf beta = v_abs(v[0]);
    vm rare = m_or(v_lt(beta, v_set(SWISH_LEAST_BETA)), v_gt(beta, v_set(SWISH_LARGEST_BETA)));
    return m_any(rare) ? v_sel(rare, swish_any_far(x, v), y) : y;
}

/* f'(-a) = t ((1 - a) + t (2a - 1)) */
static V_NOINLINE vf swish_derivative_far(vf x, const vf *v)
{
    const vf one = v_set(1.0f);
    swish_far_argument a = swish_far_prepare(x, -120.0f, v);
    vexp_near e = v_exp_whole_less(a.minus.h, v_neg(a.minus.l), v_set(V_TAIL_MAGIC));
    vf tail = v_fma(e.power, e.s, e.power), less = v_add(one, a.minus.h);
    vf sum = v_add(less, v_fnma(v_mul(v_add(a.minus.h, less), v_set(V_TAIL_SCALE)), tail, a.minus.l));
    vf d = v_descale(v_mul(tail, sum));
    d = v_sel_sign(a.z, d, v_sub(one, d));
    return v_sel(v_eq(v[0], v_set(0.0f)), v_set(0.5f), d);
}

/* df/dbeta = x^2 logistic(z) logistic(-z); at infinity, too, 0 unless beta is; at 0 it is 0, whatever beta is. */
static V_NOINLINE vf swish_any_gradient(vf x, const vf *v)
{
    vpair z;
    z.h = v_mul(v[0], x);
    z.l = v_fma(v[0], x, v_neg(z.h));
    vm none = m_or(v_eq(v[0], v_set(0.0f)), v_eq(x, v_set(0.0f))); /* where the other may be infinite */
    z.h = v_sel(none, v_set(0.0f), z.h);
    z.l = v_sel(none, v_set(0.0f), z.l);
    vlogistic_scaled q = v_logistic_scaled(z);
    vscaled factor = v_scaled_of(x);
    vf m = v_mul(v_mul(factor.m, factor.m), q.slope);
    return v_keep_nan(x, v_scaled_value(m, i_add(i_add(factor.e, factor.e), q.n)));
}

V_INLINE vf swish_gradient(vf x, const vf *v)
{
    vm far = v_not_le(v_abs(swish_argument(x, v)), v_set(LOGISTIC_LIMIT));
    vf near = v_sel(far, v_set(0.0f), x), z = swish_argument(near, v);
    vexp_near e = v_exp_whole_less(z, swish_excess(near, z, v), v_set(V_EXP_NEAR_MAGIC));
    vf t = v_fma(e.power, e.s, e.power), d = v_add(t, v_set(1.0f));
    vf gradient = v_mul(near, v_mul(near, v_div(t, v_mul(d, d))));
    return v_finite_gradient(x, m_any(far) ? v_sel(far, swish_any_gradient(x, v), gradient) : gradient);
}

#endif
