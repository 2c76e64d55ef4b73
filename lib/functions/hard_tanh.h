/* hard_tanh: x between min and max, which bound it. Collobert 2004. f' is 0 at both bounds. */
#include "functions/function.h"

#if defined(ACTIV_FN_DEFINITIONS)
static const char *hard_tanh_check(const activ_setting_value *values)
{
    return values[0].single < values[1].single ? NULL : "min must be below max";
}

static const activ_setting hard_tanh_settings[] = {
    { .name = "min", .initial = -1.0 },
    { .name = "max", .initial = 1.0 },
    { .name = NULL },
};

static void hard_tanh_clamps(const float *setting_values, float *low, float *high)
{
    *low = setting_values[0];
    *high = setting_values[1];
}

static const activ_fn_definition hard_tanh_definition = {
    .signature = "hard_tanh(min=-1, max=1)",
    .aliases = "Hardtanh, Clip",
    .formula = "where(x > min, where(x < max, x, max), min)",
    .source = "Collobert 2004, Large scale machine learning",
    .settings = hard_tanh_settings,
    .forward_ulp = 0.0f,
    .derivative_ulp = 0.0f,
    .check = hard_tanh_check,
    .is_of_y = activ_always_of_y,
    .clamps = hard_tanh_clamps,
};
#else
#    include "functions/families/clamp.h"

V_INLINE vf hard_tanh_forward(vf x, const vf *v)
{
    return clamp_to(x, v[0], v[1]);
}

V_INLINE vf hard_tanh_derivative(vf x, const vf *v)
{
    (void)x;
    (void)v;
    return v_set(1.0f);
}

V_INLINE vm hard_tanh_is_flat(vf x, const vf *v)
{
    return clamp_is_flat(x, v[0], v[1]);
}

static const v_elementwise hard_tanh_elementwise = {
    .forward = { hard_tanh_forward, .passes_nan = 1, .light = 1 },
    .derivative = { hard_tanh_derivative, .is_flat = hard_tanh_is_flat, .light = 1 },
};
#endif
