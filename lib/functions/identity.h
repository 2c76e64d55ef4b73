/* identity: x. */
#include "functions/function.h"

#if defined(ACTIV_FN_DEFINITIONS)
static void identity_clamps(const float *setting_values, float *low, float *high)
{
    (void)setting_values;
    *low = -INFINITY;
    *high = INFINITY;
}

static const activ_fn_definition identity_definition = {
    .signature = "identity",
    .aliases = "Identity",
    .formula = "x",
    .source = "Widrow and Hoff 1960, Adaptive switching circuits: the linear unit",
    .forward_ulp = 0.0f,
    .derivative_ulp = 0.0f,
    .is_of_y = activ_always_of_y,
    .clamps = identity_clamps,
};
#else
V_INLINE vf identity_forward(vf x, const vf *v)
{
    (void)v;
    return x;
}

V_INLINE vf identity_derivative(vf x, const vf *v)
{
    (void)x;
    (void)v;
    return v_set(1.0f);
}

static const v_elementwise identity_elementwise = {
    .forward = { identity_forward, .light = 1 },
    .derivative = { identity_derivative, .light = 1 },
    .gates = 1,
};
#endif
