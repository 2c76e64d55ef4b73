/* sigmoid: 1/(1+e^-x). Verhulst 1838.
 *
 * With t = e^-|x|: 1/(1+t) for x >= 0 and t/(1+t) below, so that nothing overflows and the negative tail is right down
 * to the smallest subnormal. f' = t/(1+t)^2. */
#include "functions/function.h"

#if defined(ACTIV_FN_DEFINITIONS)
static const activ_fn_definition sigmoid_definition = {
    .signature = "sigmoid",
    .aliases = "Sigmoid",
    .formula = "where(x >= 0, 1/(1 + exp(-x)), exp(x)/(1 + exp(x)))",
    .printed = "1/(1 + exp(-x))",
    .source = "Verhulst 1838, Notice sur la loi que la population suit dans son accroissement",
    .forward_ulp = 1.7f,
    .derivative_ulp = 2.0f,
    .is_of_y = activ_always_of_y,
};
#else
#    include "functions/families/logistic.h"

/* q - q^2 with q = logistic(-|x|) */
V_INLINE vf sigmoid_derivative(vf x, const vf *v)
{
    (void)v;
    vf q = logistic_tail(1.0f, v_abs(x));
    return v_fnma(q, q, q);
}

V_INLINE vf sigmoid_derivative_far(vf x, const vf *v)
{
    (void)v;
    vf tail = v_exp_tail(x);
    return v_descale_positive(v_mul(tail, logistic_far_rest(tail, 2.0f)));
}

V_INLINE vf sigmoid_from_y(vf y, const vf *v)
{
    (void)v;
    return v_mul(y, v_sub(v_set(1.0f), y));
}

static const v_elementwise sigmoid_elementwise = {
    .forward = { logistic, logistic_far, .limit = LOGISTIC_LIMIT, .together = V_TOGETHER_SHORT },
    .derivative = { sigmoid_derivative, sigmoid_derivative_far, .limit = LOGISTIC_LIMIT, .together = V_TOGETHER_SHORT },
    .from_y = { sigmoid_from_y, .light = 1 },
    .gates = 1,
};
#endif
