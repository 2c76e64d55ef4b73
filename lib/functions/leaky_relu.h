/* leaky_relu: x where x > 0, else negative_slope x. Maas 2013. f'(0) = negative_slope. */
#include "functions/function.h"

#if defined(ACTIV_FN_DEFINITIONS)
static const activ_setting leaky_relu_settings[] = {
    { .name = "negative_slope", .initial = 0.01 },
    { .name = NULL },
};

static const activ_fn_definition leaky_relu_definition = {
    .signature = "leaky_relu(negative_slope=0.01)",
    .aliases = "LeakyReLU",
    .formula = "where(x > 0, x, negative_slope*x)",
    .source = "Maas, Hannun, Ng 2013, Rectifier nonlinearities improve neural network acoustic models",
    .settings = leaky_relu_settings,
    .forward_ulp = 0.5f,
    .derivative_ulp = 0.0f,
    .is_of_y = activ_of_y_from_zero,
};
#else
#    include "functions/families/relu.h"

V_INLINE vf leaky_relu_forward(vf x, const vf *v)
{
    return slope_forward(x, v[0]);
}

V_INLINE vf leaky_relu_derivative(vf x, const vf *v)
{
    return slope_derivative(x, v[0]);
}

static const v_elementwise leaky_relu_elementwise = {
    .forward = { leaky_relu_forward, .light = 1 },
    .is_plain = slope_is_plain,
    .plain_lanes = slope_plain_lanes,
    .plain_forward = { slope_plain_forward, .passes_nan = 1, .light = 1 },
    .derivative = { leaky_relu_derivative, .light = 1 },
};
#endif
