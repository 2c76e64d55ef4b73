/* tanh: the hyperbolic tangent.
 *
 * With m = e^(2|x|) - 1: m/(m+2), exact near 0. f' = 4 t/(1+t)^2, t = e^(-2|x|): 1 - tanh^2 would
 * lose the tail. */
#include "functions/function.h"

#if defined(ACTIV_FN_DEFINITIONS)
static const activ_fn_definition tanh_definition = {
    .signature = "tanh",
    .formula = "tanh x",
    .source = "LeCun, Bottou, Orr, Mueller 1998, Efficient BackProp",
    .forward_ulp = 1.0f,
    .derivative_ulp = 2.0f,
};
#else
V_INLINE vf tanh_forward(vf x, const vf *v)
{
    (void)v;
    /* From |x| = 9.02 on the result rounds to 1. */
    vf a = v_neg(v_minus_abs(x, -10.0f));
    vpair m = v_expm1(v_add(a, a));
    vpair d = v_two_sum(v_set(2.0f), m.h);
    d.l = v_add(d.l, m.l);
    vpair q = v_quotient(m, d);
    return v_copysign(v_add(q.h, q.l), x);
}

V_INLINE vf tanh_derivative(vf x, const vf *v)
{
    (void)v;
    vf z = v_minus_abs(x, -75.0f);
    return v_sigma_derivative(v_sigma(v_add(z, z), v_set(0.0f)), 2);
}

/* From tables, tanh and, unless |x| is large, its derivative. */
V_INLINE vm tanh_is_far(vf x, const vf *v)
{
    return v_nan_is_far(x, v);
}

V_INLINE vf tanh_near(vf x, const vf *v)
{
    (void)v;
    vf a = v_min(v_abs(x), v_set(9.2f));
    return v_copysign(v_piece_value(V_PIECE(v_tanh, v_tanh_index(a), a)), x);
}

V_INLINE vm tanh_slope_is_far(vf x, const vf *v)
{
    (void)v;
    return v_not_le(v_abs(x), v_set(V_TANH_SLOPE_LIMIT));
}

V_INLINE vf tanh_slope_near(vf x, const vf *v)
{
    (void)v;
    vf a = v_abs(x);
    return v_piece_value(V_PIECE(v_tanh_slope, v_tanh_slope_index(a), a));
}

ACTIV_ELEMENTWISE_NEAR(tanh)
#endif
