/* swish: x logistic(beta x), beta being trained; silu with beta 1, x/2 with beta 0, and mirrored below. Ramachandran
 * 2017. f' vanishes at -1.27846/beta. */
#include "functions/function.h"

#if defined(ACTIV_FN_DEFINITIONS)
static const activ_setting swish_settings[] = {
    { .name = "beta", .initial = 1.0, .trainable = 1 },
    ACTIV_NUM_PARAMETERS,
    { .name = NULL },
};

static const activ_fn_definition swish_definition = {
    .signature = "swish(beta=1, num_parameters=1)",
    .formula = "x*sigmoid(beta*x)",
    .source = "Ramachandran, Zoph, Le 2017, Searching for activation functions, arXiv:1710.05941",
    .settings = swish_settings,
    .forward_ulp = 1.8f,
    .derivative_ulp = 2.5f,
};
#else
#    include "functions/families/swish.h"

V_INLINE void swish_gradients(vf x, const vf *v, vf *out, vm *flat)
{
    (void)flat;
    out[0] = swish_gradient(x, v);
}

static const v_elementwise swish_elementwise = {
    .forward = { swish_forward, swish_far, .limit = LOGISTIC_LIMIT, .argument = swish_argument },
    .derivative = { swish_derivative, swish_derivative_far, .limit = LOGISTIC_LIMIT, .argument = swish_argument },
    .scalars = 1,
    .gradients = swish_gradients,
};
#endif
