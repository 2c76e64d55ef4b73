/* tanh: the hyperbolic tangent.
 *
 * From tables. Beyond them f' = 4 t/(1+t)^2, t = e^(-2|x|): 1 - tanh^2 would lose the tail. */
#include "functions/function.h"

#if defined(ACTIV_FN_DEFINITIONS)
static const activ_fn_definition tanh_definition = {
    .signature = "tanh",
    .aliases = "Tanh",
    .formula = "tanh x",
    .source = "LeCun, Bottou, Orr, Mueller 1998, Efficient BackProp",
    .forward_ulp = 1.1f,
    .derivative_ulp = 2.0f,
    .is_of_y = activ_always_of_y,
};
#else
#    include "functions/families/logistic.h"
#    include "functions/tables/tanh.h"

V_INLINE vf tanh_forward(vf x, const vf *v)
{
    (void)v;
    /* From |x| = 9.02 on the result rounds to 1. */
    vf a = v_min(v_abs(x), v_set(TANH_VALUE_LIMIT));
    return v_copysign(v_piece_value(tanh_value_piece(a)), x);
}

V_INLINE vf tanh_derivative(vf x, const vf *v)
{
    (void)v;
    return v_piece_value(tanh_derivative_piece(v_abs(x)));
}

V_INLINE vf tanh_derivative_far(vf x, const vf *v)
{
    (void)v;
    vf z = v_minus_abs(x, -75.0f);
    return v_sigma_derivative(v_sigma(v_add(z, z), v_set(0.0f)), 2);
}

V_INLINE vf tanh_from_y(vf y, const vf *v)
{
    (void)v;
    return v_mul(v_sub(v_set(1.0f), y), v_add(v_set(1.0f), y));
}

static const v_elementwise tanh_elementwise = {
    .forward = { tanh_forward },
    .derivative = { tanh_derivative, tanh_derivative_far, .limit = TANH_DERIVATIVE_LIMIT },
    .from_y = { tanh_from_y },
};
#endif
