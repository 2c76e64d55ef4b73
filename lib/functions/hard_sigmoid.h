/* hard_sigmoid: min(max(x + 3, 0), 6)/6. Howard 2019. f' is 0 at both kinks, -3 and 3.
 *
 * x + 3 and 1/6 are pairs, so that only the last operation rounds: f is 0 and 1 exactly where f' is 0. */
#include "functions/function.h"

#if defined(ACTIV_FN_DEFINITIONS)
static const activ_fn_definition hard_sigmoid_definition = {
    .signature = "hard_sigmoid",
    .aliases = "Hardsigmoid",
    .formula = "clamp(x + 3, 0, 6)/6",
    .source = "Howard et al. 2019, Searching for MobileNetV3, arXiv:1905.02244",
    .forward_ulp = 0.6f,
    .derivative_ulp = 0.4f,
    .is_of_y = activ_always_of_y,
};
#else
#    include "functions/families/clamp.h"
#    include "simd/math.h"

V_INLINE vf hard_sigmoid_forward(vf x, const vf *v)
{
    (void)v;
    const vf sixth = v_set(0x1.555556p-3f), sixth_low = v_set(-0x1.555556p-28f);
    vpair sum = v_fast_two_sum(v_set(3.0f), clamp_to(x, v_set(-3.0f), v_set(3.0f)));
    return v_fma(sum.h, sixth, v_fma(sum.l, sixth, v_mul(sum.h, sixth_low)));
}

V_INLINE vf hard_sigmoid_derivative(vf x, const vf *v)
{
    (void)x;
    (void)v;
    return v_set(0x1.555556p-3f);
}

V_INLINE vm hard_sigmoid_is_flat(vf x, const vf *v)
{
    (void)v;
    return v_ge(v_abs(x), v_set(3.0f));
}

V_INLINE vm hard_sigmoid_is_flat_of_y(vf y, const vf *v)
{
    (void)v;
    return clamp_is_flat(y, v_set(0.0f), v_set(1.0f));
}

static const v_elementwise hard_sigmoid_elementwise = {
    .forward = { hard_sigmoid_forward, .passes_nan = 1, .light = 1 },
    .derivative = { hard_sigmoid_derivative, .light = 1, .is_flat = hard_sigmoid_is_flat },
    .from_y = { hard_sigmoid_derivative, .light = 1, .is_flat = hard_sigmoid_is_flat_of_y },
};
#endif
