/* hardswish: x min(max(x+3, 0), 6)/6. Howard 2019. f'(-3) = 0, f'(3) = 1.
 *
 * In the middle x (x+3)/6 from pairs, divided by 6 as a product with 1/6 in two parts; outside
 * of it exactly 0 or x: 6x would overflow. */
#include "functions/function.h"

#if defined(ACTIV_FN_DEFINITIONS)
static const activ_fn_definition hardswish_definition = {
    .signature = "hardswish",
    .formula = "x min(max(x + 3, 0), 6) / 6",
    .source = "Howard et al. 2019, Searching for MobileNetV3, arXiv:1905.02244",
    .forward_ulp = 1.5f,
    .derivative_ulp = 1.5f,
};
#else
/* (h + l) / 6 */
V_INLINE vf hardswish_sixth(vf h, vf l)
{
    const vf c = v_set(0x1.555556p-3f), c_low = v_set(-0x1.555556p-28f);
    return v_fma(h, c, v_fma(h, c_low, v_mul(l, c)));
}

V_INLINE vf hardswish_forward(vf x, const vf *v)
{
    (void)v;
    vpair s = v_fast_two_sum(v_set(3.0f), x);
    vpair p = v_two_product(x, s.h);
    vf middle = hardswish_sixth(p.h, v_fma(x, s.l, p.l));
    vf y = v_sel(v_ge(x, v_set(3.0f)), x, middle);
    return v_sel(v_le(x, v_set(-3.0f)), v_set(0.0f), y);
}

V_INLINE vf hardswish_derivative(vf x, const vf *v)
{
    (void)v;
    vf middle = hardswish_sixth(v_fma(x, v_set(2.0f), v_set(3.0f)), v_set(0.0f));
    vf d = v_sel(v_ge(x, v_set(3.0f)), v_set(1.0f), middle);
    return v_sel(v_le(x, v_set(-3.0f)), v_set(0.0f), d);
}

/* What nearly all inputs need: x min(x+3, 6) with the error of the product, x not below -3. The limit is where the
 * product might overflow. */
V_INLINE vm hardswish_is_far(vf x, const vf *v)
{
    (void)v;
    return v_not_le(x, v_set(0x1p124f));
}

V_INLINE vf hardswish_near(vf x, const vf *v)
{
    (void)v;
    vf b = v_max(x, v_set(-3.0f)), t = v_min(v_add(b, v_set(3.0f)), v_set(6.0f));
    vpair p = v_two_product(b, t);
    return hardswish_sixth(p.h, p.l);
}

V_INLINE vm hardswish_slope_is_far(vf x, const vf *v)
{
    return v_nan_is_far(x, v);
}

V_INLINE vf hardswish_slope_near(vf x, const vf *v)
{
    return hardswish_derivative(x, v);
}

ACTIV_ELEMENTWISE_NEAR(hardswish)
#endif
