/* elu: x where x > 0, else alpha (e^x - 1). Clevert 2015. f'(0) = alpha.
 *
 * Also the arithmetic of trainable_elu. */
#include "functions/function.h"

#if defined(ACTIV_FN_DEFINITIONS)
static const activ_fn_definition elu_definition = {
    .signature = "elu(alpha=1)",
    .formula = "x > 0 ? x : alpha (e^x - 1)",
    .source = "Clevert, Unterthiner, Hochreiter 2015, Exponential linear units, arXiv:1511.07289",
    .values = { { .name = "alpha", .initial = 1.0f } },
    .forward_ulp = 1.0f,
    .derivative_ulp = 1.5f,
};
#else
/* The part of x that the exponential sees: below -85 e^x - 1 has long been -1; above 0 it is not
 * used. */
V_INLINE vf elu_negative(vf x, float bound)
{
    return v_min(v_set(0.0f), v_max(v_set(bound), x));
}

V_INLINE vf elu_at(vf x, vf alpha)
{
    vpair m = v_expm1(elu_negative(x, -85.0f));
    return v_sel(v_gt(x, v_set(0.0f)), x, v_fma(alpha, m.h, v_mul(alpha, m.l)));
}

V_INLINE vf elu_slope(vf x, vf alpha)
{
    vexp e = v_exp(elu_negative(x, -170.0f), v_set(0.0f));
    /* Half of alpha, as e.h may reach 1.42 and alpha the largest number. */
    vf half = v_mul(alpha, v_set(0.5f));
    vf d = v_scale(v_fma(half, e.h, v_mul(half, e.l)), i_add(e.n, i_set(1)));
    return v_sel(v_gt(x, v_set(0.0f)), v_set(1.0f), d);
}

V_INLINE vf elu_forward(vf x, const vf *v)
{
    return elu_at(x, v[0]);
}

V_INLINE vf elu_derivative(vf x, const vf *v)
{
    return elu_slope(x, v[0]);
}

/* What nearly all inputs need. What the exponential makes of a positive x is not used, whatever it is. */
V_INLINE vm elu_is_far(vf x, const vf *v)
{
    (void)v;
    return v_not_le(v_set(-87.0f), x);
}

/* With alpha 1 only: a product with alpha would be a rounding too many. */
V_INLINE vf elu_near(vf x, const vf *v)
{
    (void)v;
    vexp_near e = v_exp_near(x);
    return v_sel(v_gt(x, v_set(0.0f)), x, v_fma(e.power, e.s, v_sub(e.power, v_set(1.0f))));
}

V_INLINE vf elu_slope_near(vf x, const vf *v)
{
    vexp_near e = v_exp_near(x);
    vf scale = v_mul(v[0], e.power);   /* exact */
    return v_sel(v_gt(x, v_set(0.0f)), v_set(1.0f), v_fma(scale, e.s, scale));
}

static void elu_forward_loop(const float *values, size_t count, size_t n, const float *x, float *y)
{
    const v_parts plain = { elu_near, elu_is_far, elu_forward }, any = { ACTIV_ONE_PART(elu_forward) };
    if (values[0] == 1.0f)
        v_loop(plain, 0, values, count, n, x, NULL, y);
    else
        v_loop(any, 0, values, count, n, x, NULL, y);
}

ACTIV_KERNEL_BACKWARD(elu, 0, 0, NULL, elu_slope_near, elu_is_far, elu_derivative)
ACTIV_KERNEL(elu, NULL, NULL)
#endif
