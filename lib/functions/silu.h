/* silu: x sigmoid(x), also known as swish with beta 1. Elfwing 2017. f' vanishes at -1.27846. */
#include "functions/function.h"

#if defined(ACTIV_FN_DEFINITIONS)
static const activ_fn_definition silu_definition = {
    .signature = "silu",
    .aliases = "SiLU, Swish",
    .formula = "x*sigmoid(x)",
    .source = "Elfwing, Uchibe, Doya 2017, Sigmoid-weighted linear units, arXiv:1702.03118",
    .forward_ulp = 2.1f,
    .derivative_ulp = 3.1f,
};
#else
#    include "functions/families/logistic.h"

V_INLINE vf silu_forward(vf x, const vf *v)
{
    (void)v;
    return v_div(x, logistic_divisor(x));
}

V_INLINE vf silu_far(vf x, const vf *v)
{
    (void)v;
    vf tail = v_exp_tail(x), rest = logistic_far_rest(tail, 1.0f);
    vf size = v_descale_positive(v_mul(v_min(v_set(120.0f), v_abs(x)), v_mul(tail, rest)));
    return v_sel_sign(x, v_neg(size), v_mul_subnormal(x, rest));
}

/* f'(-a) = q (1 - a (1 - q)), q = logistic(-a); f'(a) = 1 - f'(-a). */
V_INLINE vf silu_derivative(vf x, const vf *v)
{
    (void)v;
    vf a = v_abs(x), q = logistic_tail(1.0f, a);
    return v_of_both_signs(v_mul(q, v_fma(a, q, v_sub(v_set(1.0f), a))), x);
}

/* f'(-a) = t ((1 - a) + t (2a - 1)) */
V_INLINE vf silu_derivative_far(vf x, const vf *v)
{
    (void)v;
    vf a = v_min(v_set(120.0f), v_abs(x)), less = v_sub(v_set(1.0f), a), tail = v_exp_tail(a);
    vf sum = v_fma(v_mul(v_sub(a, less), v_set(V_TAIL_SCALE)), tail, less);
    return v_of_both_signs(v_descale(v_mul(tail, sum)), x);
}

static const v_elementwise silu_elementwise = {
    .forward = { silu_forward, silu_far, .limit = LOGISTIC_LIMIT, .together = V_TOGETHER_SHORT },
    .derivative = { silu_derivative, silu_derivative_far, .limit = LOGISTIC_LIMIT, .together = V_TOGETHER_SHORT },
    .gates = 1,
};
#endif
