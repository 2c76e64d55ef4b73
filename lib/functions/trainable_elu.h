/* trainable_elu: elu with a trained alpha. Some call it TeLU, which is also the name of another function (telu). */
#include "functions/function.h"

#if defined(ACTIV_FN_DEFINITIONS)
static const activ_setting trainable_elu_settings[] = {
    { .name = "alpha", .initial = 1.0, .trainable = 1 },
    ACTIV_NUM_PARAMETERS,
    { .name = NULL },
};

static const activ_fn_definition trainable_elu_definition = {
    .signature = "trainable_elu(alpha=1, num_parameters=1)",
    .aliases = "TeLU",
    .formula = "where(x > 0, x, alpha*expm1(x))",
    .source = "Clevert, Unterthiner, Hochreiter 2015, arXiv:1511.07289, with alpha as a parameter",
    .settings = trainable_elu_settings,
    .forward_ulp = 1.0f,
    .derivative_ulp = 1.5f,
    .is_of_y = activ_of_y_from_zero,
};
#else
#    include "functions/families/exponential.h"

V_INLINE void trainable_elu_gradients(vf x, const vf *v, vf *out, vm *flat)
{
    flat[0] = v_gt(x, v_set(0.0f));
    out[0] = exponential_plain_forward(exponential_argument(x, -85.0f), v);
}

static const v_elementwise trainable_elu_elementwise = {
    .forward = { exponential_forward, .together = 2 },
    .derivative = { exponential_derivative, exponential_derivative_far, .bottom = -87.0f },
    .is_plain = exponential_is_plain,
    .plain_lanes = exponential_plain_lanes,
    .plain_forward = { exponential_plain_forward, .passes_nan = 1 },
    .scalars = 1,
    .gradients = trainable_elu_gradients,
    .from_y = { exponential_from_y, .light = 1 },
};
#endif
