/* trainable_elu: elu whose alpha is trained; called TeLU in places, a name that has another
 * meaning too. */
#include "functions/function.h"

#if defined(ACTIV_FN_DEFINITIONS)
static const activ_fn_definition trainable_elu_definition = {
    .signature = "trainable_elu(alpha=1)",
    .formula = "x > 0 ? x : alpha (e^x - 1); df/dalpha = x > 0 ? 0 : e^x - 1",
    .source = "Clevert, Unterthiner, Hochreiter 2015, arXiv:1511.07289, with alpha as a parameter",
    .values = { { .name = "alpha", .initial = 1.0f, .trainable = 1 } },
    .forward_ulp = 1.0f,
    .derivative_ulp = 1.5f,
};
#else
V_INLINE vf trainable_elu_gradient(vf x, const vf *v, int j)
{
    (void)j;
    return elu_near(elu_negative(x, -85.0f), v);
}

#define trainable_elu_forward_loop elu_forward_loop
ACTIV_KERNEL_BACKWARD(trainable_elu, 0, 1, trainable_elu_gradient, elu_slope_near, elu_is_far, elu_derivative)
ACTIV_KERNEL(trainable_elu, NULL, NULL)
#endif
