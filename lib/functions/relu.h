/* relu: max(x, 0). Nair and Hinton 2010. f'(0) = 0. */
#include "functions/function.h"

#if defined(ACTIV_FN_DEFINITIONS)
static void relu_clamps(const float *setting_values, float *low, float *high)
{
    (void)setting_values;
    *low = 0.0f;
    *high = INFINITY;
}

static const activ_fn_definition relu_definition = {
    .signature = "relu",
    .aliases = "ReLU",
    .formula = "max(x, 0)",
    .source = "Nair and Hinton 2010, Rectified linear units improve restricted Boltzmann machines",
    .forward_ulp = 0.0f,
    .derivative_ulp = 0.0f,
    .is_of_y = activ_always_of_y,
    .clamps = relu_clamps,
};
#else
V_INLINE vf relu_forward(vf x, const vf *v)
{
    (void)v;
    return v_max(v_set(0.0f), x); /* in this order NaN stays */
}

V_INLINE vf relu_derivative(vf x, const vf *v)
{
    (void)x;
    (void)v;
    return v_set(1.0f);
}

V_INLINE vm relu_is_flat(vf x, const vf *v)
{
    (void)v;
    return v_le(x, v_set(0.0f));
}

static const v_elementwise relu_elementwise = {
    .forward = { relu_forward, .passes_nan = 1, .light = 1 },
    .derivative = { relu_derivative, .is_flat = relu_is_flat, .light = 1 },
    .gates = 1,
};
#endif
