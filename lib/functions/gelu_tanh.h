/* gelu_tanh: x (1 + tanh u)/2 = x sigmoid(2u), u = sqrt(2/pi) (x + 0.044715 x^3). Hendrycks and Gimpel 2016. f'
 * vanishes at -0.75246.
 *
 * 2u as a pair: its rounding error would be magnified |2u| times in the tail. */
#include "functions/function.h"

#if defined(ACTIV_FN_DEFINITIONS)
static const activ_fn_definition gelu_tanh_definition = {
    .signature = "gelu_tanh",
    .formula = "x / (1 + e^(-2u)), u = sqrt(2/pi) (x + 0.044715 x^3)",
    .source = "Hendrycks and Gimpel 2016, Gaussian error linear units, arXiv:1606.08415",
    .forward_ulp = 1.0f,
    .derivative_ulp = 2.5f,
};
#else
#    include "functions/families/logistic.h"
#    include "functions/tables/gelu_tanh.h"
#    include "simd/math.h"

/* logistic(-2|u|) and f'(-|x|) from tables; f'(a) = 1 - f'(-a). */
V_INLINE vf gelu_tanh_forward(vf x, const vf *v)
{
    (void)v;
    return v_product_of_both_signs(v_piece_times(gelu_tanh_factor_piece(v_abs(x)), x), x);
}

V_INLINE vf gelu_tanh_derivative(vf x, const vf *v)
{
    (void)v;
    return v_of_both_signs(v_piece_value(gelu_tanh_derivative_piece(v_abs(x))), x);
}

/* The slow path, right everywhere. 2u = x (c + d x^2), |x| clamped to 12, where e^-|2u| is 2^-205. */
typedef struct gelu_tanh_argument {
    vf x;     /* clamped */
    vpair w;  /* x d(2u)/dx = x (c + 3 d x^2) */
    vsigma s; /* of -|2u| */
} gelu_tanh_argument;

V_INLINE gelu_tanh_argument gelu_tanh_prepare(vf x)
{
    const vf c = v_set(0x1.988454p0f), c_low = v_set(-0x1.857936p-25f); /* 2 sqrt(2/pi) */
    const vf d = v_set(0x1.2444f2p-4f), d_low = v_set(0x1.49b16ap-29f); /* that times 0.044715 */
    gelu_tanh_argument g;
    g.x = v_max(v_set(-12.0f), v_min(v_set(12.0f), x));
    vpair square = v_two_product(g.x, g.x);
    vpair p = v_two_product(d, square.h);
    p.l = v_add(p.l, v_fma(d, square.l, v_mul(d_low, square.h)));
    vpair s = v_two_sum(c, p.h);
    s.l = v_add(s.l, v_add(p.l, c_low));
    vpair z = v_two_product(g.x, s.h);
    z.l = v_fma(g.x, s.l, z.l);
    vpair p3 = v_two_product(v_set(3.0f), p.h);
    vpair slope = v_two_sum(c, p3.h);
    slope.l = v_add(slope.l, v_add(c_low, v_fma(v_set(3.0f), p.l, p3.l)));
    g.w = v_two_product(g.x, slope.h);
    g.w.l = v_fma(g.x, slope.l, g.w.l);
    vm negative = v_lt(x, v_set(0.0f));
    g.s = v_sigma(v_sel(negative, z.h, v_neg(z.h)), v_sel(negative, z.l, v_neg(z.l)));
    return g;
}

V_INLINE vf gelu_tanh_far(vf x, const vf *v)
{
    (void)v;
    gelu_tanh_argument g = gelu_tanh_prepare(x);
    return v_sel(v_gt(x, v_set(12.0f)), x, v_gate(g.x, g.s, v_lt(x, v_set(0.0f))));
}

V_INLINE vf gelu_tanh_derivative_far(vf x, const vf *v)
{
    (void)v;
    gelu_tanh_argument g = gelu_tanh_prepare(x);
    return v_gate_derivative(g.w, g.s, v_lt(x, v_set(0.0f)));
}

static const v_elementwise gelu_tanh_elementwise = {
    .forward = { gelu_tanh_forward, gelu_tanh_far, .limit = GELU_TANH_FACTOR_LIMIT },
    .derivative = { gelu_tanh_derivative, gelu_tanh_derivative_far, .limit = GELU_TANH_DERIVATIVE_LIMIT },
};
#endif
