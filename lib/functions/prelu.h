/* prelu: leaky_relu whose slope is trained. He 2015. f'(0) = weight, df/dweight(0) = 0. */
#include "functions/function.h"

#if defined(ACTIV_FN_DEFINITIONS)
static const activ_setting prelu_settings[] = {
    { .name = "weight", .initial = 0.25, .trainable = 1 },
    ACTIV_NUM_PARAMETERS,
    { .name = NULL },
};

static const activ_fn_definition prelu_definition = {
    .signature = "prelu(weight=0.25, num_parameters=1)",
    .aliases = "PReLU",
    .formula = "where(x > 0, x, weight*x)",
    .source = "He, Zhang, Ren, Sun 2015, Delving deep into rectifiers, arXiv:1502.01852",
    .settings = prelu_settings,
    .forward_ulp = 0.5f,
    .derivative_ulp = 0.0f,
    .is_of_y = activ_of_y_from_zero,
};
#else
#    include "functions/families/relu.h"

V_INLINE vf prelu_forward(vf x, const vf *v)
{
    return slope_forward(x, v[0]);
}

V_INLINE vf prelu_derivative(vf x, const vf *v)
{
    return slope_derivative(x, v[0]);
}

V_INLINE void prelu_gradients(vf x, const vf *v, vf *out, vm *flat)
{
    (void)v;
    flat[0] = v_gt(x, v_set(0.0f));
    out[0] = v_sel(flat[0], v_set(0.0f), x);
}

static const v_elementwise prelu_elementwise = {
    .forward = { prelu_forward, .light = 1 },
    .is_plain = slope_is_plain,
    .plain_lanes = slope_plain_lanes,
    .plain_forward = { slope_plain_forward, .passes_nan = 1, .light = 1 },
    .derivative = { prelu_derivative, .light = 1 },
    .scalars = 1,
    .gradients = prelu_gradients,
};
#endif
