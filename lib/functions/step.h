/* step: 1 where x >= theta, else 0. McCulloch and Pitts 1943. */
#include "functions/function.h"

#if defined(ACTIV_FN_DEFINITIONS)
static const activ_setting step_settings[] = {
    { .name = "theta", .initial = 0.0 },
    { .name = NULL },
};

static const activ_fn_definition step_definition = {
    .signature = "step(theta=0)",
    .formula = "where(x >= theta, 1, 0)",
    .source = "McCulloch and Pitts 1943, A logical calculus of the ideas immanent in nervous activity",
    .settings = step_settings,
    .forward_ulp = 0.0f,
    .derivative_ulp = 0.0f,
    .is_of_y = activ_always_of_y,
};
#else
V_INLINE vf step_forward(vf x, const vf *v)
{
    return v_sel(v_ge(x, v[0]), v_set(1.0f), v_set(0.0f));
}

V_INLINE vf step_derivative(vf x, const vf *v)
{
    (void)x;
    (void)v;
    return v_set(0.0f);
}

V_INLINE vm step_is_flat(vf x, const vf *v)
{
    (void)v;
    return v_eq(x, x);
}

static const v_elementwise step_elementwise = {
    .forward = { step_forward, .light = 1 },
    .derivative = { step_derivative, .is_flat = step_is_flat, .light = 1 },
};
#endif
