/* mish: x tanh(softplus(x)). Misra 2019. f' vanishes at -1.19243.
 *
 * With n = e^x, tanh(ln(1+n)) = n(n+2)/(n(n+2)+2); for x > 0 the same in m = e^-x, which cannot overflow:
 * (1+2m)/(1+2m+2m^2). */
#include "functions/function.h"

#if defined(ACTIV_FN_DEFINITIONS)
static const activ_fn_definition mish_definition = {
    .signature = "mish",
    .aliases = "Mish",
    .formula = "x tanh(ln(1 + e^x))",
    .source = "Misra 2019, Mish: a self regularized non-monotonic activation function, arXiv:1908.08681",
    .forward_ulp = 1.0f,
    .derivative_ulp = 1.5f,
};
#else
#    include "functions/tables/mish.h"
#    include "simd/math.h"

/* f(x)/x and f'(x) from tables. */
V_INLINE vf mish_forward(vf x, const vf *v)
{
    (void)v;
    return v_piece_times(mish_factor_piece(v_min(x, v_set(MISH_FACTOR_TOP))), x);
}

V_INLINE vf mish_derivative(vf x, const vf *v)
{
    (void)v;
    const vf top = v_set(MISH_DERIVATIVE_TOP);
    return v_sel(v_ge(x, top), v_set(1.0f), v_piece_value(mish_derivative_piece(v_min(top, x))));
}

/* The slow path, right everywhere. */
V_INLINE vf mish_far(vf x, const vf *v)
{
    (void)v;
    vm negative = v_lt(x, v_set(0.0f));
    vf bounded = v_max(v_set(-150.0f), x);
    vexp e = v_exp(v_minus_abs(x, -150.0f), v_set(0.0f));
    vf t = v_scale(e.h, e.n), t_low = v_scale(e.l, e.n);
    /* Numerator over its factor n, if x < 0: 2 + t; else 1 + 2t. Denominator: that + (t + t^2 or 2t^2). */
    vf twice = v_add(t, t);
    vpair a = v_two_sum(v_sel(negative, v_set(2.0f), v_set(1.0f)), v_sel(negative, t, twice));
    a.l = v_add(a.l, v_sel(negative, t_low, v_add(t_low, t_low)));
    vpair square = v_two_product(t, t);
    square.l = v_fma(twice, t_low, square.l);
    vpair extra = v_fast_two_sum(v_sel(negative, t, square.h), square.h);
    extra.l = v_add(extra.l, v_add(square.l, v_sel(negative, t_low, square.l)));
    /* n(n+2)+2 = (2+t) + (t + t^2) */
    vpair b = v_fast_two_sum(a.h, extra.h);
    b.l = v_add(b.l, v_add(a.l, extra.l));
    vpair q = v_quotient(a, b);
    vpair p = v_two_product(q.h, e.h);
    p.l = v_add(p.l, v_fma(q.h, e.l, v_mul(q.l, e.h)));
    vf h = v_sel(negative, p.h, q.h), l = v_sel(negative, p.l, q.l);
    vf y = v_scale(v_fma(bounded, h, v_mul(bounded, l)), i_sel(negative, e.n, i_set(0)));
    return v_sel(v_gt(x, v_set(100.0f)), x, y);
}

V_INLINE vf mish_derivative_far(vf x, const vf *v)
{
    (void)v;
    vm negative = v_lt(x, v_set(0.0f));
    vf bounded = v_max(v_set(-150.0f), v_min(v_set(150.0f), x));
    vexp e = v_exp(v_minus_abs(x, -150.0f), v_set(0.0f));
    vf t = v_scale(e.h, e.n), t_low = v_scale(e.l, e.n);
    /* x < 0: n [(n+2) D + 4x(1+n)] / D^2, D = n(n+2)+2.  x >= 0: [(1+2m) E + 4x m^2 (1+m)] / E^2, E = 2m(1+m)+1. The
     * bracket vanishes at one x < 0, so its two addends are pairs there; for x >= 0 both are positive. */
    vpair t1 = v_fast_two_sum(v_set(1.0f), t);
    vf twice = v_add(t, t);
    vpair a = v_two_sum(v_sel(negative, v_set(2.0f), v_set(1.0f)), v_sel(negative, t, twice));
    a.l = v_add(a.l, v_sel(negative, t_low, v_add(t_low, t_low)));
    t1.l = v_add(t1.l, t_low);
    vf factor = v_sel(negative, a.h, t1.h), factor_low = v_sel(negative, a.l, t1.l);
    vf f = v_sel(negative, t, twice);
    vpair product = v_two_product(f, factor);
    vf f_low = v_sel(negative, t_low, v_add(t_low, t_low));
    product.l = v_add(product.l, v_fma(f, factor_low, v_mul(f_low, factor)));
    vpair d = v_two_sum(v_sel(negative, v_set(2.0f), v_set(1.0f)), product.h);
    d.l = v_add(d.l, product.l);
    vpair first = v_two_product(a.h, d.h);
    first.l = v_add(first.l, v_fma(a.h, d.l, v_mul(a.l, d.h)));
    vf weight = v_mul(v_mul(bounded, v_set(4.0f)), v_sel(negative, v_set(1.0f), v_mul(t, t)));
    vpair second = v_two_product(weight, t1.h);
    second.l = v_fma(weight, t1.l, second.l);
    vpair sum = v_two_sum(first.h, second.h);
    vpair bracket = v_fast_two_sum(sum.h, v_add(sum.l, v_add(first.l, second.l)));
    vpair square = v_two_product(d.h, d.h);
    square.l = v_fma(v_add(d.h, d.h), d.l, square.l);
    vpair q = v_quotient(bracket, square);
    vf scaled = v_fma(q.h, e.h, v_fma(q.h, e.l, v_mul(q.l, e.h)));
    vf value = v_sel(negative, scaled, v_add(q.h, q.l));
    return v_scale(value, i_sel(negative, e.n, i_set(0)));
}

static const v_elementwise mish_elementwise = {
    .forward = { mish_forward, mish_far, .bottom = MISH_FACTOR_BOTTOM },
    .derivative = { mish_derivative, mish_derivative_far, .bottom = MISH_DERIVATIVE_BOTTOM },
};
#endif
