/* softsign: x / (1 + |x|). Turian, Bergstra and Bengio 2009. No kink in f'; f'(0) = 1.
 *
 * 1 + |x| and the quotients are pairs, so that only the last operation rounds. */
#include "functions/function.h"

#if defined(ACTIV_FN_DEFINITIONS)
static const activ_fn_definition softsign_definition = {
    .signature = "softsign",
    .aliases = "Softsign",
    .formula = "x / (1 + |x|)",
    .source = "Turian, Bergstra, Bengio 2009, Quadratic features and deep architectures for chunking; "
              "Bergstra, Desjardins, Lamblin, Bengio 2009, Quadratic polynomials learn better image features",
    .forward_ulp = 0.6f,
    .derivative_ulp = 0.8f,
    .is_of_y = activ_always_of_y,
};
#else
/* |x| clamped to 2^80, where f rounds to 1 and f' to 0. */
V_INLINE vf softsign_size(vf x)
{
    return v_min(v_set(0x1p80f), v_abs(x));
}

/* 1 + a, exactly */
V_INLINE vpair softsign_sum(vf a)
{
    const vf one = v_set(1.0f);
    return v_fast_two_sum(v_max(a, one), v_min(a, one));
}

V_INLINE vf softsign_forward(vf x, const vf *v)
{
    (void)v;
    vpair a = { softsign_size(x), v_set(0.0f) };
    vpair q = v_quotient(a, softsign_sum(a.h));
    return v_copysign(v_add(q.h, q.l), x);
}

/* The square of 2^32 / (1 + |x|), scaled by 2^-64 at the end: a subnormal result is rounded once. */
V_INLINE vf softsign_derivative(vf x, const vf *v)
{
    (void)v;
    vpair scale = { v_set(0x1p32f), v_set(0.0f) };
    vpair q = v_quotient(scale, softsign_sum(softsign_size(x)));
    return v_mul(v_fma(q.h, q.h, v_mul(v_add(q.h, q.h), q.l)), v_set(0x1p-64f));
}

V_INLINE vf softsign_from_y(vf y, const vf *v)
{
    (void)v;
    vf rest = v_sub(v_set(1.0f), v_abs(y));
    return v_mul(rest, rest);
}

static const v_elementwise softsign_elementwise = {
    .forward = { softsign_forward },
    .derivative = { softsign_derivative },
    .from_y = { softsign_from_y },
};
#endif
