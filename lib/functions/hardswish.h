/* hardswish: x min(max(x+3, 0), 6)/6. Howard 2019. f'(-3) = 0, f'(3) = 1.
 *
 * 1/6 is a pair, so that x >= 3 gives exactly x. */
#include "functions/function.h"

#if defined(ACTIV_FN_DEFINITIONS)
static const activ_fn_definition hardswish_definition = {
    .signature = "hardswish",
    .aliases = "Hardswish",
    .formula = "where(x < 3, x*max(x + 3, 0)/6, x)",
    .source = "Howard et al. 2019, Searching for MobileNetV3, arXiv:1905.02244",
    .forward_ulp = 1.9f,
    .derivative_ulp = 1.5f,
};
#else
/* x min(x+3, 6)/6 with x at least -3; 1/6 in two parts. Divided first: nothing overflows. */
V_INLINE vf hardswish_forward(vf x, const vf *v)
{
    (void)v;
    const vf c = v_set(0x1.555556p-3f), c_low = v_set(-0x1.555556p-28f);
    vf b = v_max(v_set(-3.0f), x), t = v_min(v_set(6.0f), v_add(b, v_set(3.0f)));
    return v_mul(b, v_fma(t, c, v_mul(t, c_low)));
}

V_INLINE vf hardswish_derivative(vf x, const vf *v)
{
    (void)v;
    /* (x + 1.5) / 3: 2 x + 3 might overflow. */
    vf h = v_add(x, v_set(1.5f));
    vf middle = v_fma(h, v_set(0x1.555556p-2f), v_mul(h, v_set(-0x1.555556p-27f)));
    return v_sel(v_ge(x, v_set(3.0f)), v_set(1.0f), middle);
}

V_INLINE vm hardswish_is_flat(vf x, const vf *v)
{
    (void)v;
    return v_le(x, v_set(-3.0f));
}

static const v_elementwise hardswish_elementwise = {
    .forward = { hardswish_forward, .passes_nan = 1, .light = 1 },
    .derivative = { hardswish_derivative, .is_flat = hardswish_is_flat, .light = 1 },
};
#endif
