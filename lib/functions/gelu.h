/* gelu: x Phi(x), Phi the normal distribution function. Hendrycks and Gimpel 2016. f' vanishes at -0.75179.
 *
 * From tables. Beyond them, with a = |x|, Phi(-a) = g(a) e^(-a^2/2), g being Mills' ratio up to a factor: smooth, so
 * that the whole relative size of the tail is in the exponential. (1 + erf would cancel to nothing below -5.5.) For x >
 * 0, x - x Phi(-x). f'(-a) = e^(-a^2/2) (g(a) - a/sqrt(2 pi)); f'(a) = 1 - f'(-a). */
#include "functions/function.h"

#if defined(ACTIV_FN_DEFINITIONS)
static const activ_fn_definition gelu_definition = {
    .signature = "gelu",
    .aliases = "GELU",
    .formula = "x Phi(x), Phi(x) = (1 + erf(x/sqrt 2))/2",
    .source = "Hendrycks and Gimpel 2016, Gaussian error linear units, arXiv:1606.08415",
    .forward_ulp = 1.5f,
    .derivative_ulp = 1.5f,
};
#else
#    include "functions/families/normal.h"
#    include "functions/tables/gelu.h"

/* Phi(-|x|) and f'(-|x|) from tables. */
V_INLINE vf gelu_forward(vf x, const vf *v)
{
    (void)v;
    return v_product_of_both_signs(v_piece_times(gelu_factor_piece(v_abs(x)), x), x);
}

V_INLINE vf gelu_derivative(vf x, const vf *v)
{
    (void)v;
    return v_of_both_signs(v_piece_value(gelu_derivative_piece(v_abs(x))), x);
}

/* The slow path, right everywhere; near 0, polynomials (families/normal.sollya). */
V_INLINE vm gelu_is_middle(vf x)
{
    return v_le(v_abs(x), v_set(0.75f));
}

V_INLINE vf gelu_far(vf x, const vf *v)
{
    (void)v;
    vf a = v_neg(v_minus_abs(x, -15.0f));
    vexp e = v_exp_minus_half_square(a);
    vpair g = v_normal_mills(a), p = v_two_product(a, g.h);
    p.l = v_fma(a, g.l, p.l);
    vf tail = v_scale(v_fma(p.h, e.h, v_fma(p.h, e.l, v_mul(p.l, e.h))), e.n);
    vf outer = v_sel(v_lt(x, v_set(0.0f)), v_neg(tail), v_sub(x, tail));

    vf z = v_mul(x, x);
    vf r = v_set(0x1.bdfa8cp-14f);
    r = v_fma(r, z, v_set(-0x1.36cbep-10f));
    r = v_fma(r, z, v_set(0x1.46d578p-7f));
    r = v_fma(r, z, v_set(-0x1.10586ep-4f));
    /* 1/sqrt(2 pi) in two parts: it is the slope at 0. */
    r = v_add(v_fma(r, z, v_set(-0x1.857936p-27f)), v_set(0x1.988454p-2f));
    return v_sel(gelu_is_middle(x), v_mul(x, v_fma(x, r, v_set(0.5f))), outer);
}

V_INLINE vf gelu_derivative_far(vf x, const vf *v)
{
    (void)v;
    vf a = v_neg(v_minus_abs(x, -15.0f));
    vexp e = v_exp_minus_half_square(a);
    /* g(a) - a/sqrt(2 pi) */
    vpair g = v_normal_mills(a), c = v_two_product(a, v_set(-0x1.988454p-2f));
    c.l = v_fma(a, v_set(0x1.857936p-27f), c.l);
    vpair p = v_two_sum(g.h, c.h);
    p.l = v_add(p.l, v_add(g.l, c.l));
    vf tail = v_scale(v_fma(p.h, e.h, v_fma(p.h, e.l, v_mul(p.l, e.h))), e.n);
    vf outer = v_sel(v_lt(x, v_set(0.0f)), tail, v_sub(v_set(1.0f), tail));

    vf z = v_mul(x, x);
    vf t = v_set(-0x1.19bb94p-13f);
    t = v_fma(t, z, v_set(0x1.3acaf2p-10f));
    t = v_fma(t, z, v_set(-0x1.3832ccp-7f));
    t = v_fma(t, z, v_set(0x1.ea482p-5f));
    t = v_fma(t, z, v_set(-0x1.10586cp-2f));
    t = v_add(v_fma(t, z, v_set(-0x1.857936p-26f)), v_set(0x1.988454p-1f));
    return v_sel(gelu_is_middle(x), v_fma(x, t, v_set(0.5f)), outer);
}

static const v_elementwise gelu_elementwise = {
    .forward = { gelu_forward, gelu_far, .limit = GELU_FACTOR_LIMIT },
    .derivative = { gelu_derivative, gelu_derivative_far, .limit = GELU_DERIVATIVE_LIMIT },
};
#endif
