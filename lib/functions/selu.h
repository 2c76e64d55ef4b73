/* selu: lambda x where x > 0, else lambda alpha (e^x - 1). Klambauer 2017. f'(0) = lambda alpha.
 *
 * lambda is a pair, so that f overflows where it has to; its low part is positive, so that infinity times it is no NaN.
 * lambda alpha is one float, with an error of 2^-25.3. */
#include "functions/function.h"

#if defined(ACTIV_FN_DEFINITIONS)
static const activ_fn_definition selu_definition = {
    .signature = "selu",
    .aliases = "SELU",
    .formula = "1.0507009873554805*where(x > 0, x, 1.6732632423543773*expm1(x))",
    .source = "Klambauer, Unterthiner, Mayr, Hochreiter 2017, Self-normalizing neural networks, arXiv:1706.02515",
    .forward_ulp = 1.9f,
    .derivative_ulp = 1.1f,
    .is_of_y = activ_always_of_y,
};
#else
#    include "functions/families/exponential.h"

#    define SELU_LAMBDA 0x1.0cfabep0f        /* 1.05070098735548049342 */
#    define SELU_LAMBDA_BELOW 0x1.0cfabcp0f  /* the float below it, */
#    define SELU_LAMBDA_REST 0x1.6a9114p-24f /* and what that leaves out */
#    define SELU_LAMBDA_ALPHA 0x1.c212ccp0f  /* 1.75809934084737685994 */

V_INLINE vf selu_forward(vf x, const vf *v)
{
    (void)v;
    vexp_near e = exponential_near(x);
    vf scale = v_mul(v_set(SELU_LAMBDA_ALPHA), e.power); /* exact */
    vf below = v_fma(scale, e.s, v_sub(scale, v_set(SELU_LAMBDA_ALPHA)));
    vf above = v_fma(x, v_set(SELU_LAMBDA_BELOW), v_mul_subnormal(x, v_set(SELU_LAMBDA_REST)));
    return v_sel(v_gt(x, v_set(0.0f)), above, below);
}

V_INLINE vf selu_derivative(vf x, const vf *v)
{
    (void)v;
    vf below = exponential_slope(x, v_set(SELU_LAMBDA_ALPHA));
    return v_sel(v_gt(x, v_set(0.0f)), v_set(SELU_LAMBDA), below);
}

V_INLINE vf selu_derivative_far(vf x, const vf *v)
{
    (void)v;
    return exponential_slope_far(x, v_set(SELU_LAMBDA_ALPHA), v_set(-120.0f));
}

V_INLINE vf selu_from_y(vf y, const vf *v)
{
    (void)v;
    vf below = v_max(v_set(0.0f), v_add(y, v_set(SELU_LAMBDA_ALPHA)));
    return v_sel(v_gt(y, v_set(0.0f)), v_set(SELU_LAMBDA), below);
}

static const v_elementwise selu_elementwise = {
    .forward = { selu_forward, .passes_nan = 1 },
    .derivative = { selu_derivative, selu_derivative_far, .bottom = -87.0f },
    .from_y = { selu_from_y, .light = 1 },
};
#endif
