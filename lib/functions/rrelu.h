/* rrelu: leaky_relu with a random slope. Xu 2015.
 *
 * Training draws a slope in [lower, upper] for each element with x <= 0; otherwise the slope is the mean, (lower +
 * upper)/2. The drawn slope is also the derivative at 0, as in PyTorch. */
#include "functions/function.h"

#if defined(ACTIV_FN_DEFINITIONS)
static const char *rrelu_check(const activ_setting_value *values)
{
    float span = values[1].single - values[0].single;
    return span >= 0.0f && span <= 3.402823466e38f ? NULL : "lower must not be above upper, nor too far below";
}

static const activ_setting rrelu_settings[] = {
    { .name = "lower", .initial = 0.125 },
    { .name = "upper", .initial = 1.0 / 3.0 },
    { .name = NULL },
};

static const activ_fn_definition rrelu_definition = {
    .signature = "rrelu(lower=0.125, upper=0.3333333333333333)",
    .aliases = "RReLU",
    .formula = "where(x > 0, x, (lower + upper)/2*x)",
    .printed = "where(x > 0, x, r*x); training: r ~ U(lower, upper) for each element; else r = (lower + upper)/2",
    .source = "Xu, Wang, Chen, Li 2015, Empirical evaluation of rectified activations, arXiv:1505.00853",
    .settings = rrelu_settings,
    .forward_ulp = 0.5f,
    .derivative_ulp = 0.0f,
    .is_random = 1,
    .check = rrelu_check,
};
#else
#    include "functions/families/relu.h"
#    include "simd/blocks.h"

V_INLINE vf rrelu_mean(const vf *v)
{
    /* Large ones are halved first, as their sum might overflow; small ones last, as half of them may be no float. */
    const vf half = v_set(0.5f);
    vm large = v_gt(v_max(v_abs(v[0]), v_abs(v[1])), v_set(1.0f));
    return v_sel(large, v_fma(v[0], half, v_mul(v[1], half)), v_mul(v_add(v[0], v[1]), half));
}

V_INLINE vf rrelu_forward(vf x, const vf *v)
{
    return slope_forward(x, rrelu_mean(v));
}

V_INLINE vf rrelu_derivative(vf x, const vf *v)
{
    return slope_derivative(x, rrelu_mean(v));
}

/* Keeps f': the slope that was drawn where x <= 0, else 1. */
static void rrelu_forward_saving(const activ_fn_args *a, size_t n, const float *x, float *y)
{
    const activ_fn_training *t = a->training;
    vf lower = v_set(a->setting_values[0]), span = v_set(a->setting_values[1] - a->setting_values[0]);
    v_uniform(t->seed, t->stream, t->index, n, 0.0f, 1.0f, t->save);
    for (size_t i = 0; i < n; i += V_LANES) {
        size_t lanes = v_active_lanes(n - i, 0);
        vf value = v_load_lanes(x + i, lanes), slope = v_fma(v_load_lanes(t->save + i, lanes), span, lower);
        v_store_lanes(y + i, lanes, v_keep_nan(value, slope_forward(value, slope)));
        v_store_lanes(t->save + i, lanes, v_keep_nan(value, slope_derivative(value, slope)));
    }
}

static void rrelu_backward_saved(const activ_fn_args *a, size_t n, const float *dy, float *dx)
{
    for (size_t i = 0; i < n; i += V_LANES) {
        size_t lanes = v_active_lanes(n - i, 0);
        v_store_lanes(dx + i, lanes, v_mul(v_load_lanes(dy + i, lanes), v_load_lanes(a->training->saved + i, lanes)));
    }
}

static const v_elementwise rrelu_elementwise = {
    .forward = { rrelu_forward, .light = 1 },
    .derivative = { rrelu_derivative, .light = 1 },
    .forward_saving = rrelu_forward_saving,
    .backward_saved = rrelu_backward_saved,
};
#endif
