/* swigelu: the mean of silu and gelu, x (logistic(x) + Phi(x))/2. f' vanishes at -0.98019. Both are halved before they
 * are added, as the sum might overflow. */
#include "functions/function.h"

#if defined(ACTIV_FN_DEFINITIONS)
static const activ_fn_definition swigelu_definition = {
    .signature = "swigelu",
    .formula = "0.5*silu(x) + 0.5*gelu(x)",
    .source = "the mean of Elfwing, Uchibe, Doya 2017, arXiv:1702.03118, and of Hendrycks and Gimpel 2016, "
              "arXiv:1606.08415",
    .forward_ulp = 1.25f,
    .derivative_ulp = 1.5f,
};
#else
#    include "functions/tables/swigelu.h"

/* The fast path: q(-|x|) with q = (logistic + Phi)/2, and f'(-|x|), from tables; q(x) + q(-x) = 1, and the same of f'.
 */
V_INLINE vf swigelu_forward(vf x, const vf *v)
{
    (void)v;
    vf a = v_abs(x), p = v_piece_times(swigelu_factor_piece(a), x);
    return v_product_of_both_signs(p, x);
}

V_INLINE vf swigelu_derivative(vf x, const vf *v)
{
    (void)v;
    vf a = v_abs(x), d = v_piece_value(swigelu_derivative_piece(a));
    return v_of_both_signs(d, x);
}

/* Beyond the tables Phi(-|x|) is negligible against t = e^-|x|, and logistic(-|x|) is t - t^2. The result is scaled
 * last, so that a subnormal one is rounded once. */
V_INLINE vexp swigelu_tail(vf a) /* logistic(-a) = (h + l) 2^n, 11 <= a <= 120 */
{
    vexp e = v_exp(v_neg(a), v_set(0.0f));
    e.l = v_fnma(v_exp_bounded(e), e.h, e.l);
    return e;
}

V_INLINE vf swigelu_far(vf x, const vf *v)
{
    (void)v;
    vf a = v_max(v_set(SWIGELU_FACTOR_LIMIT), v_min(v_set(120.0f), v_abs(x)));
    vexp e = swigelu_tail(a);
    vf p = v_scale_tail(v_fma(a, e.h, v_mul(a, e.l)), i_sub(e.n, i_set(1)));
    vf scaled = v_tail_or_linear(x, 0.5f, v_neg(p));
    return v_sel(v_gt(x, v_set(1.0f)), v_fma(scaled, v_set(V_TAIL_SCALE), x), v_descale(scaled));
}

/* silu'(-a)/2 = logistic(-a) (1 - a logistic(a))/2 */
V_INLINE vf swigelu_derivative_far(vf x, const vf *v)
{
    (void)v;
    vf a = v_max(v_set(SWIGELU_DERIVATIVE_LIMIT), v_min(v_set(120.0f), v_abs(x)));
    vexp e = swigelu_tail(a);
    vpair s = v_fast_two_sum(v_neg(a), v_set(1.0f));
    s.l = v_fma(a, v_exp_bounded(e), s.l);
    vf d = v_scale_tail(v_fma(s.h, e.h, v_fma(s.h, e.l, v_mul(s.l, e.h))), i_sub(e.n, i_set(1)));
    return v_of_both_signs(v_descale(d), x);
}

static const v_elementwise swigelu_elementwise = {
    .forward = { swigelu_forward, swigelu_far, .limit = SWIGELU_FACTOR_LIMIT, .least = 0x1p-90f },
    .derivative = { swigelu_derivative, swigelu_derivative_far, .limit = SWIGELU_DERIVATIVE_LIMIT },
};
#endif
