/* softsign: x / (1 + |x|). Turian, Bergstra and Bengio 2009. No kink in f'; f'(0) = 1.
 *
 * 1 + |x| and the quotients are pairs, so that only the last operation rounds. */
#include "functions/function.h"

#if defined(ACTIV_FN_DEFINITIONS)
static const activ_fn_definition softsign_definition = {
    .signature = "softsign",
    .aliases = "Softsign",
    .formula = "where(abs(x) <= 1, x/(1 + abs(x)), sign(x) - sign(x)/(1 + abs(x)))",
    .printed = "x/(1 + abs(x))",
    .source = "Turian, Bergstra, Bengio 2009, Quadratic features and deep architectures for chunking; "
              "Bergstra, Desjardins, Lamblin, Bengio 2009, Quadratic polynomials learn better image features",
    .forward_ulp = 0.6f,
    .derivative_ulp = 0.8f,
    .is_of_y = activ_always_of_y,
};
#else
/* From here on f rounds to 1; below SOFTSIGN_LEAST, f(x) to x. */
#    define SOFTSIGN_LIMIT 0x1p40f
#    define SOFTSIGN_LEAST 0x1p-60f

/* 1 + |x|, exactly */
V_INLINE vpair softsign_sum(vf x)
{
    const vf one = v_set(1.0f);
    vf a = v_abs(x);
    return v_fast_two_sum(v_max(a, one), v_min(a, one));
}

V_INLINE vf softsign_forward(vf x, const vf *v)
{
    (void)v;
    vpair a = { x, v_set(0.0f) };
    vpair q = v_quotient(a, softsign_sum(x));
    return v_add(q.h, q.l);
}

V_INLINE vf softsign_far(vf x, const vf *v)
{
    (void)v;
    return v_sel(v_lt(v_abs(x), v_set(1.0f)), x, v_with_sign(v_set(1.0f), x));
}

V_INLINE vf softsign_derivative(vf x, const vf *v)
{
    (void)v;
    vpair one = { v_set(1.0f), v_set(0.0f) };
    vpair q = v_quotient(one, softsign_sum(x));
    return v_fma(q.h, q.h, v_mul(v_add(q.h, q.h), q.l));
}

/* x^-2 */
V_INLINE vf softsign_derivative_far(vf x, const vf *v)
{
    (void)v;
    vpair a = { v_min(v_set(0x1p80f), v_max(v_set(1.0f), v_abs(x))), v_set(0.0f) }, c = { v_set(0x1p32f), v_set(0.0f) };
    vpair q = v_quotient(c, a);
    return v_descale_positive(v_fma(q.h, q.h, v_mul(v_add(q.h, q.h), q.l)));
}

V_INLINE vf softsign_from_y(vf y, const vf *v)
{
    (void)v;
    vf rest = v_sub(v_set(1.0f), v_abs(y));
    return v_mul(rest, rest);
}

static const v_elementwise softsign_elementwise = {
    .forward = { softsign_forward, softsign_far, .limit = SOFTSIGN_LIMIT, .least = SOFTSIGN_LEAST },
    .derivative = { softsign_derivative, softsign_derivative_far, .limit = SOFTSIGN_LIMIT },
    .from_y = { softsign_from_y, .light = 1 },
};
#endif
