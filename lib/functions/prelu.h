/* prelu: leaky_relu whose slope is trained. He 2015. f'(0) = weight, df/dweight(0) = 0. */
#include "functions/function.h"

#if defined(ACTIV_FN_DEFINITIONS)
static const activ_fn_definition prelu_definition = {
    .signature = "prelu(weight=0.25)",
    .formula = "x > 0 ? x : weight x; df/dweight = min(x, 0)",
    .source = "He, Zhang, Ren, Sun 2015, Delving deep into rectifiers, arXiv:1502.01852",
    .values = { { .name = "weight", .initial = 0.25f, .trainable = 1 } },
    .forward_ulp = 0.5f,
    .derivative_ulp = 0.0f,
};
#else
V_INLINE vf prelu_forward(vf x, const vf *v)
{
    return slope_forward(x, v[0]);
}

V_INLINE vf prelu_derivative(vf x, const vf *v)
{
    return slope_derivative(x, v[0]);
}

V_INLINE vf prelu_gradient(vf x, const vf *v, int j)
{
    (void)v;
    (void)j;
    return v_sel(v_gt(x, v_set(0.0f)), v_set(0.0f), x);
}

ACTIV_ELEMENTWISE_TRAINABLE(prelu, 0, 1)
#endif
