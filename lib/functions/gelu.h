/* gelu: x Phi(x), Phi the normal distribution function. Hendrycks and Gimpel 2016. f' vanishes at -0.75179.
 *
 * With a = |x| and Phi(-a) = g(a) e^(-a^2/2): x Phi(-a) for x < 0, else x - x Phi(-a). f'(-a) = e^(-a^2/2) (g(a) -
 * a/sqrt(2 pi)); f'(a) = 1 - f'(-a). */
#include "functions/function.h"

#if defined(ACTIV_FN_DEFINITIONS)
static const activ_fn_definition gelu_definition = {
    .signature = "gelu",
    .aliases = "GELU",
    .formula = "0.5*x*erfc(-x/sqrt(2))",
    .source = "Hendrycks and Gimpel 2016, Gaussian error linear units, arXiv:1606.08415",
    .forward_ulp = 2.1f,
    .derivative_ulp = 2.3f,
};
#else
#    include "functions/families/normal.h"

/* g = h (1 + eta), h a power of two, so that x h is exact: m, h and eta's coefficients, lowest first. */
static const float gelu_pieces[11][4] = {
    { 0x1.419c2ap2f, 0x1.701704p-2f, 0x1.7048fp0f, 0x1.70202ep1f },
    { 0x1p-4f, 0x1p-1f, 0x1p-2f, 0x1p-3f },
    { 0x1.ccb842p-3f, -0x1.dcab6ap-3f, -0x1.3bbd0ep-3f, 0x1.e546b6p-8f },
    { -0x1.d1d4c2p-3f, -0x1.0b4ee6p-1f, -0x1.840a64p-2f, -0x1.2d5294p-2f },
    { 0x1.4fb08ap-5f, 0x1.28becap-2f, 0x1.33e3f6p-3f, 0x1.49f7dcp-4f },
    { -0x1.d685bp-8f, -0x1.1d4c0ep-3f, -0x1.bc3676p-5f, -0x1.55bf4cp-6f },
    { 0x1.4142fp-10f, 0x1.eaee2cp-5f, 0x1.2844c4p-6f, 0x1.5106fap-8f },
    { -0x1.aa2366p-13f, -0x1.81f2e8p-6f, -0x1.70bf86p-8f, -0x1.3dcb9ap-10f },
    { 0x1.15fc3ap-15f, 0x1.1959cep-7f, 0x1.b2ebdcp-10f, 0x1.207138p-12f },
    { -0x1.8d6bb8p-18f, -0x1.841cb2p-9f, -0x1.07d1cap-11f, -0x1.0a8ea6p-14f },
    { 0x1.e95a1ap-21f, 0x1.e12b78p-11f, 0x1.1485cap-13f, 0x1.c18bf4p-17f },
};

V_INLINE vf gelu_forward(vf x, const vf *v)
{
    (void)v;
    vf a = v_abs(x);
    vi piece = normal_piece(a);
    vf y = v_sub(a, v_lookup4(gelu_pieces[0], piece)), height = v_lookup4(gelu_pieces[1], piece);
    vf eta = normal_polynomial(gelu_pieces + 2, 8, piece, y);
    vexp_near e = normal_exp(a, NORMAL_MAGIC);
    vf p = v_mul_subnormal(x, height);
    p = v_fma(p, v_add(e.s, v_fma(e.s, eta, eta)), p);
    return v_product_of_both_signs(normal_scale(p, e), x);
}

/* Beyond the limit f(a) is a. */
V_INLINE vf gelu_far(vf x, const vf *v)
{
    (void)v;
    vf a = normal_far_argument(x);
    vpair p = v_two_product(a, normal_far_mills(a));
    return v_sel_sign(x, v_neg(normal_far_times(p.h, p.l, a)), x);
}

/* f'(-a) e^(a^2/2) = g - a/sqrt(2 pi): m and the coefficients, lowest first. */
static const float gelu_derivative_pieces[9][4] = {
    { 0x1.41cceap2f, 0x1.703396p-2f, 0x1.7054eap0f, 0x1.7040bp1f },
    { -0x1.edee4p0f, 0x1.ebd31cp-3f, -0x1.7341e4p-2f, -0x1.059874p0f },
    { -0x1.a70efap-2f, -0x1.51e578p-1f, -0x1.f9835p-2f, -0x1.be296ap-2f },
    { 0x1.4f2d3p-9f, 0x1.28b2f2p-3f, 0x1.33d61ap-5f, 0x1.49b72ep-7f },
    { -0x1.d5a58ap-12f, -0x1.1d3fcap-4f, -0x1.bc212ep-7f, -0x1.5566dep-9f },
    { 0x1.3f5f78p-14f, 0x1.eaaf7cp-6f, 0x1.278c08p-8f, 0x1.505ce6p-11f },
    { -0x1.a66dp-17f, -0x1.813f02p-7f, -0x1.6fc38p-10f, -0x1.3de9e8p-13f },
    { 0x1.32d442p-19f, 0x1.20bddcp-8f, 0x1.d4f4f6p-12f, 0x1.2e1f28p-15f },
    { -0x1.a20d0ep-22f, -0x1.98012ap-10f, -0x1.0fcbe4p-13f, -0x1.01e466p-17f },
};

V_INLINE vf gelu_derivative(vf x, const vf *v)
{
    (void)v;
    vf a = v_abs(x);
    vi piece = normal_piece(a);
    vf y = v_sub(a, v_lookup4(gelu_derivative_pieces[0], piece));
    vf b = normal_polynomial(gelu_derivative_pieces + 1, 7, piece, y);
    vexp_near e = normal_exp(a, NORMAL_MAGIC);
    return v_of_both_signs(normal_scale(v_fma(b, e.s, b), e), x);
}

V_INLINE vf gelu_derivative_far(vf x, const vf *v)
{
    (void)v;
    vf a = normal_far_argument(x), b = v_fnma(a, v_set(0x1.988454p-2f), normal_far_mills(a));
    return v_of_both_signs(normal_far_times(b, v_set(0.0f), a), x);
}

static const v_elementwise gelu_elementwise = {
    .forward = { gelu_forward, gelu_far, .limit = NORMAL_LIMIT, .together = 3 },
    .derivative = { gelu_derivative, gelu_derivative_far, .limit = NORMAL_LIMIT, .together = 3 },
    .gates = 1,
};
#endif
