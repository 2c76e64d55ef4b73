/* relu6: min(max(x, 0), 6). Krizhevsky 2010. f' is 0 at both kinks, 0 and 6. */
#include "functions/function.h"

#if defined(ACTIV_FN_DEFINITIONS)
static void relu6_clamps(const float *setting_values, float *low, float *high)
{
    (void)setting_values;
    *low = 0.0f;
    *high = 6.0f;
}

static const activ_fn_definition relu6_definition = {
    .signature = "relu6",
    .aliases = "ReLU6",
    .formula = "clamp(x, 0, 6)",
    .source = "Krizhevsky 2010, Convolutional deep belief networks on CIFAR-10",
    .forward_ulp = 0.0f,
    .derivative_ulp = 0.0f,
    .is_of_y = activ_always_of_y,
    .clamps = relu6_clamps,
};
#else
#    include "functions/families/clamp.h"

V_INLINE vf relu6_forward(vf x, const vf *v)
{
    (void)v;
    return clamp_to(x, v_set(0.0f), v_set(6.0f));
}

V_INLINE vf relu6_derivative(vf x, const vf *v)
{
    (void)x;
    (void)v;
    return v_set(1.0f);
}

V_INLINE vm relu6_is_flat(vf x, const vf *v)
{
    (void)v;
    return clamp_is_flat(x, v_set(0.0f), v_set(6.0f));
}

static const v_elementwise relu6_elementwise = {
    .forward = { relu6_forward, .passes_nan = 1, .light = 1 },
    .derivative = { relu6_derivative, .is_flat = relu6_is_flat, .light = 1 },
};
#endif
