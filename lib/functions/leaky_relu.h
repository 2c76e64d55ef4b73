/* leaky_relu: x where x > 0, else negative_slope x. Maas 2013. f'(0) = negative_slope.
 *
 * Also the arithmetic of prelu and rrelu, whose slope comes from elsewhere. */
#include "functions/function.h"

#if defined(ACTIV_FN_DEFINITIONS)
static const activ_fn_definition leaky_relu_definition = {
    .signature = "leaky_relu(negative_slope=0.01)",
    .formula = "x > 0 ? x : negative_slope x",
    .source = "Maas, Hannun, Ng 2013, Rectifier nonlinearities improve neural network acoustic models",
    .values = { { .name = "negative_slope", .initial = 0.01f } },
    .forward_ulp = 0.5f,
    .derivative_ulp = 0.0f,
};
#else
V_INLINE vf slope_forward(vf x, vf slope)
{
    /* A slope of 0 makes the limit at minus infinity 0, not 0 times infinity. */
    vf product = v_sel(m_and(v_eq(slope, v_set(0.0f)), v_lt(x, v_set(0.0f))), v_set(0.0f), v_mul(slope, x));
    return v_sel(v_gt(x, v_set(0.0f)), x, product);
}

V_INLINE vf slope_derivative(vf x, vf slope)
{
    return v_sel(v_gt(x, v_set(0.0f)), v_set(1.0f), slope);
}

V_INLINE vf leaky_relu_forward(vf x, const vf *v)
{
    return slope_forward(x, v[0]);
}

V_INLINE vf leaky_relu_derivative(vf x, const vf *v)
{
    return slope_derivative(x, v[0]);
}

ACTIV_ELEMENTWISE(leaky_relu)
#endif
