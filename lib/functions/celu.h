/* celu: x where x > 0, else alpha (e^(x/alpha) - 1). Barron 2017. f'(0) = 1, on both sides.
 *
 * A negative alpha is allowed, as in PyTorch: e^(x/alpha) then grows as x falls, and f and f' overflow where they have
 * to.
 *
 * z = x/alpha is a pair, as its rounding error would be magnified |z| times. Near 0, f = x + alpha (e^z - 1 - z). */
#include "functions/function.h"

#if defined(ACTIV_FN_DEFINITIONS)
static const char *celu_check(const activ_setting_value *values)
{
    /* Within these nothing but f and f' underflows, and 175 alpha is finite. */
    const float alpha = values[0].single, size = alpha < 0.0f ? -alpha : alpha;
    return size >= 1e-30f && size <= 1e36f ? NULL : "the size of alpha must lie between 1e-30 and 1e36";
}

static const activ_setting celu_settings[] = {
    { .name = "alpha", .initial = 1.0 },
    { .name = NULL },
};

static const activ_fn_definition celu_definition = {
    .signature = "celu(alpha=1)",
    .aliases = "CELU",
    .formula = "where(x > 0, x, alpha*expm1(x/alpha))",
    .source = "Barron 2017, Continuously differentiable exponential linear units, arXiv:1704.07483",
    .settings = celu_settings,
    .forward_ulp = 1.9f,
    .derivative_ulp = 1.1f,
    .check = celu_check,
    .is_of_y = activ_always_of_y,
};
#else
#    include "functions/families/exponential.h"

/* x / alpha for x <= 0, and what that leaves out; not beyond +-175, where all results are limits. */
V_INLINE vpair celu_quotient(vf x, vf alpha)
{
    vf bounded = exponential_argument_from(x, v_mul(v_abs(alpha), v_set(-175.0f)));
    /* The remainder of a small quotient's numbers is made larger, as it would underflow. */
    vf up = v_sel(v_lt(v_abs(alpha), v_set(0x1p-40f)), v_set(0x1p80f), v_set(1.0f)), large = v_mul(alpha, up);
    vpair z;
    z.h = v_div(bounded, alpha);
    z.l = v_mul(v_fnma(z.h, large, v_mul(bounded, up)), v_div(v_set(1.0f), large));
    return z;
}

/* Where n is 0: x, and alpha times what is not linear. */
V_INLINE vf celu_near(vf x, vf alpha, vpair z, vexp_reduced e)
{
    return v_fma(alpha, v_add(v_sub(e.r, z.h), v_sub(e.q, z.l)), x);
}

/* base + scale (r + q), base being scale - alpha or a quarter of that */
V_INLINE vf celu_sum(vf scale, vpair base, vexp_reduced e)
{
    return v_add(v_fma(scale, e.r, base.h), v_fma(scale, e.q, base.l));
}

/* With alpha > 0: 2^n alpha (1 + r + q) - alpha. */
V_INLINE vf celu_decay(vf x, vf alpha)
{
    vpair z = celu_quotient(x, alpha);
    z.h = v_max(v_set(-87.0f), z.h);
    vexp_reduced e = v_exp_reduce(z.h, z.l);
    vf scale = v_mul(alpha, v_power_of_two(e.n));
    vf below = celu_sum(scale, v_fast_two_sum(v_neg(alpha), scale), e);
    return v_sel(i_eq(e.n, i_set(0)), celu_near(x, alpha, z, e), below);
}

/* With alpha < 0: the same in quarters, of which 2^n alpha is finite if f is. */
V_INLINE vf celu_growth(vf x, vf alpha)
{
    vpair z = celu_quotient(x, alpha);
    vexp_reduced e = v_exp_reduce(z.h, z.l);
    vf scale = v_max(v_set(-FLT_MAX), v_scale(alpha, i_sub(e.n, i_set(2))));
    vf quarters = celu_sum(scale, v_fast_two_sum(scale, v_mul(alpha, v_set(-0.25f))), e);
    return v_sel(i_eq(e.n, i_set(0)), celu_near(x, alpha, z, e), v_mul(quarters, v_set(4.0f)));
}

/* alpha is the same in all lanes. */
V_INLINE vf celu_forward(vf x, const vf *v)
{
    const vf zero = v_set(0.0f);
    vf below = m_any(v_lt(v[0], zero)) ? celu_growth(x, v[0]) : celu_decay(x, v[0]);
    return v_sel(v_gt(x, zero), x, below);
}

V_INLINE vf celu_derivative(vf x, const vf *v)
{
    const vf zero = v_set(0.0f);
    vpair z = celu_quotient(x, v[0]);
    vf slope;
    if (m_any(v_lt(v[0], zero))) {
        vexp_near e = v_exp_whole_less(v_min(v_set(100.0f), z.h), v_neg(z.l), v_set(V_EXP_NEAR_MAGIC - 64.0f));
        slope = v_mul(v_fma(e.power, e.s, e.power), v_set(0x1p64f));
    } else {
        vexp_near e = v_exp_whole_less(v_max(v_set(-120.0f), z.h), v_neg(z.l), v_set(V_TAIL_MAGIC));
        slope = v_descale_positive(v_fma(e.power, e.s, e.power));
    }
    return v_sel(v_gt(x, zero), v_set(1.0f), slope);
}

V_INLINE vf celu_from_y(vf y, const vf *v)
{
    const vf zero = v_set(0.0f), one = v_set(1.0f);
    return v_sel(v_gt(y, zero), one, v_max(zero, v_add(v_div(y, v[0]), one)));
}

static const v_elementwise celu_elementwise = {
    .forward = { celu_forward, .together = 2 },
    .derivative = { celu_derivative, .together = 2 },
    .is_plain = exponential_is_plain,
    .plain_forward = { exponential_plain_forward, .passes_nan = 1 },
    .plain_derivative = { exponential_derivative, exponential_derivative_far, .bottom = -87.0f },
    .from_y = { celu_from_y, .light = 1 },
};
#endif
