/* softplus: ln(1 + e^(beta x))/beta, and x itself where beta x > threshold. Dugas 2000.
 *
 * With z = beta x and t = e^-|z|: (max(z, 0) + ln(1+t))/beta. z is kept as a pair: its rounding
 * error would be magnified |z| times in the tail. */
#include "functions/function.h"

#if defined(ACTIV_FN_DEFINITIONS)
static const char *softplus_check(const float *values)
{
    /* Within these, e^z/beta is 0 wherever z is below what the exponential is asked for. */
    return values[0] >= 1e-20f && values[0] <= 1e20f ? NULL : "beta must lie between 1e-20 and 1e20";
}

static const activ_fn_definition softplus_definition = {
    .signature = "softplus(beta=1, threshold=20)",
    .formula = "beta x > threshold ? x : ln(1 + e^(beta x)) / beta",
    .source = "Dugas et al. 2000, Incorporating second-order functional knowledge",
    .values = { { .name = "beta", .initial = 1.0f }, { .name = "threshold", .initial = 20.0f } },
    .forward_ulp = 1.5f,
    .derivative_ulp = 1.5f,
    .check = softplus_check,
};
#else
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
    /* Outside, the low part no longer matters, and may be infinity minus infinity. */
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
    /* In the far tail ln(1+t) is t, which is scaled at the end, so that a result that beta's
     * division brings back from the subnormal range keeps its digits. */
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

/* With beta 1, what nearly all inputs need: ln(1 + e^-|x|) from a table, and sigmoid's own. */
V_INLINE vf softplus_near(vf x, const vf *v)
{
    (void)v;
    vf a = v_abs(x), tail = v_piece_value(V_PIECE(v_softplus, v_wide_index(a), a));
    return v_sel_sign(x, tail, v_add(x, tail));
}

static int softplus_is_plain(const float *values)
{
    return values[0] == 1.0f && values[1] >= V_EVEN_LIMIT;
}

static void softplus_forward_loop(const float *values, size_t count, size_t n, const float *x, float *y)
{
    const v_parts plain = { softplus_near, sigmoid_is_far, softplus_forward };
    const v_parts any = { ACTIV_ONE_PART(softplus_forward) };
    if (softplus_is_plain(values))
        v_loop(plain, 0, values, count, n, x, NULL, y);
    else
        v_loop(any, 0, values, count, n, x, NULL, y);
}

static void softplus_backward_loop(const float *values, size_t count, size_t n, const float *x, const float *dy,
                                   float *dx, float *dparams)
{
    (void)dparams;
    const v_parts plain = { sigmoid_near, sigmoid_is_far, softplus_derivative };
    const v_parts any = { ACTIV_ONE_PART(softplus_derivative) };
    if (!dx)
        return;
    if (softplus_is_plain(values))
        v_loop(plain, 1, values, count, n, x, dy, dx);
    else
        v_loop(any, 1, values, count, n, x, dy, dx);
}

ACTIV_KERNEL(softplus, NULL, NULL)
#endif
