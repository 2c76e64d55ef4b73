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
    .derivative_ulp = 1.0f,
};
#else
V_INLINE vf trainable_elu_forward(vf x, const vf *v)
{
    return elu_at(x, v[0]);
}

V_INLINE vf trainable_elu_derivative(vf x, const vf *v)
{
    return elu_slope(x, v[0]);
}

V_INLINE vf trainable_elu_gradient(vf x, const vf *v, int j)
{
    (void)v;
    (void)j;
    vpair m = v_expm1(elu_negative(x, -85.0f));
    return v_sel(v_gt(x, v_set(0.0f)), v_set(0.0f), v_add(m.h, m.l));
}

ACTIV_ELEMENTWISE_TRAINABLE(trainable_elu, 0, 1)
#endif
