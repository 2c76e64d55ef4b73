/* sigmoid: 1/(1+e^-x). Verhulst 1838.
 *
 * With t = e^-|x|: 1/(1+t) for x >= 0 and t/(1+t) below, so that nothing overflows and the negative tail is right down
 * to the smallest subnormal. f' = t/(1+t)^2. */
#include "functions/function.h"

#if defined(ACTIV_FN_DEFINITIONS)
static const activ_fn_definition sigmoid_definition = {
    .signature = "sigmoid",
    .aliases = "Sigmoid",
    .formula = "1 / (1 + e^-x)",
    .source = "Verhulst 1838, Notice sur la loi que la population suit dans son accroissement",
    .forward_ulp = 1.5f,
    .derivative_ulp = 2.0f,
    .is_of_y = activ_always_of_y,
};
#else
#    include "functions/families/logistic.h"
#    include "functions/tables/sigmoid.h"

V_INLINE vf sigmoid_forward(vf x, const vf *v)
{
    (void)v;
    return v_logistic(x);
}

V_INLINE vf sigmoid_derivative(vf x, const vf *v)
{
    (void)v;
    return v_piece_value(sigmoid_derivative_piece(v_abs(x)));
}

/* The slow path, right everywhere. */
V_INLINE vf sigmoid_far(vf x, const vf *v)
{
    (void)v;
    vsigma s = v_sigma(v_minus_abs(x, -150.0f), v_set(0.0f));
    return v_sigma_value(s, v_lt(x, v_set(0.0f)));
}

V_INLINE vf sigmoid_derivative_far(vf x, const vf *v)
{
    (void)v;
    return v_sigma_derivative(v_sigma(v_minus_abs(x, -150.0f), v_set(0.0f)), 0);
}

V_INLINE vf sigmoid_from_y(vf y, const vf *v)
{
    (void)v;
    return v_mul(y, v_sub(v_set(1.0f), y));
}

static const v_elementwise sigmoid_elementwise = {
    .forward = { sigmoid_forward, sigmoid_far, .limit = SIGMOID_TAIL_LIMIT },
    .derivative = { sigmoid_derivative, sigmoid_derivative_far, .limit = SIGMOID_DERIVATIVE_LIMIT },
    .from_y = { sigmoid_from_y },
};
#endif
