/* sigmoid: 1/(1+e^-x). Verhulst 1838.
 *
 * With t = e^-|x|: 1/(1+t) for x >= 0 and t/(1+t) below, so that nothing overflows and the
 * negative tail is right down to the smallest subnormal. f' = t/(1+t)^2. */
#include "functions/function.h"

#if defined(ACTIV_FN_DEFINITIONS)
static const activ_fn_definition sigmoid_definition = {
    .signature = "sigmoid",
    .formula = "1 / (1 + e^-x)",
    .source = "Verhulst 1838, Notice sur la loi que la population suit dans son accroissement",
    .forward_ulp = 1.5f,
    .derivative_ulp = 2.0f,
};
#else
V_INLINE vf sigmoid_forward(vf x, const vf *v)
{
    (void)v;
    vsigma s = v_sigma(v_minus_abs(x, -150.0f), v_set(0.0f));
    return v_sigma_value(s, v_lt(x, v_set(0.0f)));
}

V_INLINE vf sigmoid_derivative(vf x, const vf *v)
{
    (void)v;
    return v_sigma_derivative(v_sigma(v_minus_abs(x, -150.0f), v_set(0.0f)), 0);
}

/* What nearly all inputs need: logistic(-|x|) from a table. */
V_INLINE vm sigmoid_is_far(vf x, const vf *v)
{
    (void)v;
    return v_beyond(x, V_EVEN_LIMIT);
}

V_INLINE vf sigmoid_near(vf x, const vf *v)
{
    (void)v;
    vf a = v_abs(x), q = v_piece_value(V_PIECE(v_sigma, v_wide_index(a), a));
    return v_of_both_signs(q, x);
}

V_INLINE vm sigmoid_slope_is_far(vf x, const vf *v)
{
    return sigmoid_is_far(x, v);
}

V_INLINE vf sigmoid_slope_near(vf x, const vf *v)
{
    (void)v;
    vf a = v_abs(x);
    return v_piece_value(V_PIECE(v_sigma_slope, v_even_index(a), a));
}

ACTIV_ELEMENTWISE_NEAR(sigmoid)
#endif
