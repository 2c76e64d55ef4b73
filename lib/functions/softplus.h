/* softplus: ln(1 + e^(beta x))/beta, and x itself where beta x > threshold. Dugas 2000.
 *
 * With z = beta x and t = e^-|z|: (max(z, 0) + ln(1+t))/beta. z is a pair: its rounding error would be magnified |z|
 * times in the tail. */
#include "functions/function.h"

#if defined(ACTIV_FN_DEFINITIONS)
static const char *softplus_check(const activ_setting_value *values)
{
    /* Within these, e^z/beta underflows wherever z is below -150, where the exponential's argument is clamped. */
    return values[0].single >= 1e-20f && values[0].single <= 1e20f ? NULL : "beta must lie between 1e-20 and 1e20";
}

static const activ_setting softplus_settings[] = {
    { .name = "beta", .initial = 1.0 },
    { .name = "threshold", .initial = 20.0 },
    { .name = NULL },
};

/* Below, the curve and the line beyond the threshold have values in common. */
static int softplus_is_of_y(const float *values)
{
    return values[1] >= 16.0f;
}

static const activ_fn_definition softplus_definition = {
    .signature = "softplus(beta=1, threshold=20)",
    .aliases = "Softplus",
    .formula = "let z = beta*x; where(z > threshold, x, where(z > 0, x + log1p(exp(-z))/beta, log1p(exp(z))/beta))",
    .printed = "where(beta*x > threshold, x, log1p(exp(beta*x))/beta)",
    .source = "Dugas et al. 2000, Incorporating second-order functional knowledge",
    .settings = softplus_settings,
    .forward_ulp = 1.5f,
    .derivative_ulp = 1.7f,
    .is_of_y = softplus_is_of_y,
    .check = softplus_check,
};
#else
#    include "functions/families/logistic.h"
#    include "functions/families/softplus.h"
#    include "simd/math.h"

/* z = beta x, and -|z| as a pair, not below -150. */
typedef struct softplus_argument {
    vf z, minus_abs, minus_abs_low;
    vm negative;
} softplus_argument;

V_INLINE softplus_argument softplus_prepare(vf x, vf beta)
{
    softplus_argument a;
    a.z = v_mul(beta, x);
    vf low = v_fma(beta, x, v_neg(a.z));
    a.negative = v_lt(a.z, v_set(0.0f));
    /* Outside, the low part does not matter, and may be inf - inf. */
    vm inside = v_lt(v_abs(a.z), v_set(150.0f));
    a.minus_abs = v_minus_abs(a.z, -150.0f);
    a.minus_abs_low = v_sel(inside, v_sel(a.negative, low, v_neg(low)), v_set(0.0f));
    return a;
}

V_INLINE vf softplus_forward(vf x, const vf *v)
{
    softplus_argument a = softplus_prepare(x, v[0]);
    vexp e = v_exp(a.minus_abs, a.minus_abs_low);
    vpair log = v_log1p(v_scale(e.h, e.n), v_scale(e.l, e.n));
    /* In the tail ln(1+t) is t, and is scaled at the end: dividing by a small beta may bring it back from the subnormal
     * range, and it has to keep its digits. */
    vm tail = v_lt(a.z, v_set(-20.0f));
    vpair sum = v_two_sum(v_neg(a.minus_abs), log.h);
    sum.l = v_add(sum.l, v_sub(log.l, a.minus_abs_low));
    vf h = v_sel(tail, e.h, v_sel(a.negative, log.h, sum.h));
    vf l = v_sel(tail, e.l, v_sel(a.negative, log.l, sum.l));
    vf q = v_div(h, v[0]);
    q = v_add(q, v_div(v_add(v_fnma(q, v[0], h), l), v[0]));
    vf y = v_scale(q, i_sel(tail, e.n, i_set(0)));
    /* From z = 30 on, ln(1 + e^z) is z to the last bit, whatever the threshold. */
    vm straight = m_or(v_gt(a.z, v[1]), v_gt(a.z, v_set(30.0f)));
    return v_sel(straight, x, y);
}

V_INLINE vf softplus_derivative(vf x, const vf *v)
{
    softplus_argument a = softplus_prepare(x, v[0]);
    vf d = v_sigma_value(v_sigma(a.minus_abs, a.minus_abs_low), a.negative);
    return v_sel(v_gt(a.z, v[1]), v_set(1.0f), d);
}

/* With beta 1, the fast path: ln(1 + e^-|x|) from a table, and the logistic function. */
static int softplus_is_plain(const float *values)
{
    return values[0] == 1.0f && values[1] >= SOFTPLUS_TAIL_LIMIT;
}

V_INLINE vf softplus_plain_forward(vf x, const vf *v)
{
    (void)v;
    vf tail = softplus_tail(x);
    return v_sel_sign(x, tail, v_add(x, tail));
}

V_INLINE vf softplus_plain_far(vf x, const vf *v)
{
    return v_sel(v_gt(x, v[1]), x, v_add(v_max(v_set(0.0f), x), softplus_far_tail(x)));
}

/* 1 - e^(-beta y) */
V_INLINE vf softplus_from_y(vf y, const vf *v)
{
    vpair e = v_expm1(v_max(v_set(-80.0f), v_neg(v_mul(v[0], y))));
    return v_neg(v_add(e.h, e.l));
}

static const v_elementwise softplus_elementwise = {
    .forward = { softplus_forward, .together = 2 },
    .derivative = { softplus_derivative, .together = 2 },
    .is_plain = softplus_is_plain,
    .plain_forward = { softplus_plain_forward, softplus_plain_far, .limit = SOFTPLUS_TAIL_LIMIT },
    .plain_derivative = { logistic, logistic_far, .limit = LOGISTIC_LIMIT },
    .from_y = { softplus_from_y, .together = 1 },
};
#endif
