/* tanh: the hyperbolic tangent. f' is not 1 - tanh^2, which would lose the tail. */
#include "functions/function.h"

#if defined(ACTIV_FN_DEFINITIONS)
static const activ_fn_definition tanh_definition = {
    .signature = "tanh",
    .aliases = "Tanh",
    .formula = "where(x >= 0, -expm1(-2*x)/(2 + expm1(-2*x)), expm1(2*x)/(2 + expm1(2*x)))",
    .printed = "(exp(x) - exp(-x))/(exp(x) + exp(-x))",
    .source = "LeCun, Bottou, Orr, Mueller 1998, Efficient BackProp",
    .forward_ulp = 2.0f,
    .derivative_ulp = 2.0f,
    .is_of_y = activ_always_of_y,
};
#else
#    include "functions/families/tanh.h"

V_INLINE vf tanh_from_y(vf y, const vf *v)
{
    (void)v;
    return v_mul(v_sub(v_set(1.0f), y), v_add(v_set(1.0f), y));
}

static const v_elementwise tanh_elementwise = {
    .forward = { tanh_forward, .passes_nan = 1 },
    .derivative = { tanh_derivative, tanh_derivative_far, .limit = TANH_DERIVATIVE_LIMIT },
    .from_y = { tanh_from_y, .light = 1 },
};
#endif
