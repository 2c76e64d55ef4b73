/* tanh: the hyperbolic tangent.
 *
 * From a table. f' = 4 t/(1+t)^2, t = e^(-2|x|): 1 - tanh^2 would lose the tail. */
#include "functions/function.h"

#if defined(ACTIV_FN_DEFINITIONS)
static const activ_fn_definition tanh_definition = {
    .signature = "tanh",
    .formula = "tanh x",
    .source = "LeCun, Bottou, Orr, Mueller 1998, Efficient BackProp",
    .forward_ulp = 1.1f,
    .derivative_ulp = 2.0f,
};
#else
V_INLINE vf tanh_forward(vf x, const vf *v)
{
    (void)v;
    /* From |x| = 9.02 on the result rounds to 1. */
    vf a = v_min(v_abs(x), v_set(9.2f));
    return v_copysign(v_piece_value(V_PIECE(v_tanh, v_tanh_index(a), a)), x);
}

V_INLINE vf tanh_derivative(vf x, const vf *v)
{
    (void)v;
    vf z = v_minus_abs(x, -75.0f);
    return v_sigma_derivative(v_sigma(v_add(z, z), v_set(0.0f)), 2);
}

/* What nearly all inputs need: f' from a table. */
V_INLINE vm tanh_slope_is_far(vf x, const vf *v)
{
    (void)v;
    return v_beyond(x, V_TANH_SLOPE_LIMIT);
}

V_INLINE vf tanh_slope_near(vf x, const vf *v)
{
    (void)v;
    vf a = v_abs(x);
    return v_piece_value(V_PIECE(v_tanh_slope, v_tanh_slope_index(a), a));
}

ACTIV_KERNEL_FORWARD(tanh, ACTIV_ONE_PART(tanh_forward))
ACTIV_KERNEL_BACKWARD(tanh, 0, 0, NULL, tanh_slope_near, tanh_slope_is_far, tanh_derivative)
ACTIV_KERNEL(tanh, NULL, NULL)
#endif
