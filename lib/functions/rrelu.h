/* rrelu: leaky_relu with a random slope. Xu 2015.
 *
 * Training draws a slope in [lower, upper] for each element with x <= 0; otherwise the slope is
 * the mean, (lower + upper)/2. The drawn slope is also the derivative at 0, as in PyTorch. */
#include "functions/function.h"

#if defined(ACTIV_FN_DEFINITIONS)
static const char *rrelu_check(const float *values)
{
    float span = values[1] - values[0];
    return span >= 0.0f && span <= 3.402823466e38f ? NULL : "lower must not be above upper, nor too far below";
}

static const activ_fn_definition rrelu_definition = {
    .signature = "rrelu(lower=0.125, upper=0.33333334)",
    .formula = "x > 0 ? x : r x; training: r ~ U(lower, upper) for each element; else r = (lower + upper)/2",
    .source = "Xu, Wang, Chen, Li 2015, Empirical evaluation of rectified activations, arXiv:1505.00853",
    .values = { { .name = "lower", .initial = 0.125f }, { .name = "upper", .initial = 1.0f / 3.0f } },
    .forward_ulp = 0.5f,
    .derivative_ulp = 0.0f,
    .check = rrelu_check,
};
#else
V_INLINE vf rrelu_mean(const vf *v)
{
    /* Halved first: the sum might overflow. */
    return v_fma(v[0], v_set(0.5f), v_mul(v[1], v_set(0.5f)));
}

V_INLINE vf rrelu_forward(vf x, const vf *v)
{
    return slope_forward(x, rrelu_mean(v));
}

V_INLINE vf rrelu_derivative(vf x, const vf *v)
{
    return slope_derivative(x, rrelu_mean(v));
}

V_INLINE void rrelu_noise_part(vf lower, vf span, vf x, vf *y, vf *noise)
{
    vf slope = v_fma(*noise, span, lower);
    *y = v_keep_nan(x, slope_forward(x, slope));
    *noise = v_keep_nan(x, slope_derivative(x, slope));
}

static void rrelu_forward_noise(const float *values, size_t n, const float *x, float *y, float *noise)
{
    vf lower = v_set(values[0]), span = v_set(values[1] - values[0]);
    for (size_t i = 0; i < n; i += V_LANES) {
        size_t lanes = v_part_lanes(n - i, 0);
        vf out, kept = v_load_some(noise + i, lanes);
        rrelu_noise_part(lower, span, v_load_some(x + i, lanes), &out, &kept);
        v_store_some(y + i, lanes, out);
        v_store_some(noise + i, lanes, kept);
    }
}

static void rrelu_backward_noise(size_t n, const float *noise, const float *dy, float *dx)
{
    for (size_t i = 0; i < n; i += V_LANES) {
        size_t lanes = v_part_lanes(n - i, 0);
        v_store_some(dx + i, lanes, v_mul(v_load_some(dy + i, lanes), v_load_some(noise + i, lanes)));
    }
}

ACTIV_ELEMENTWISE_RANDOM(rrelu)
#endif
