/* gelu_tanh: x (1 + tanh u)/2 = x/(1 + e^-z), z = 2u = 2 sqrt(2/pi) (x + 0.044715 x^3). Hendrycks and Gimpel 2016. f'
 * vanishes at -0.75246.
 *
 * z as a pair: its rounding error would be magnified |z| times in the tail. */
#include "functions/function.h"

#if defined(ACTIV_FN_DEFINITIONS)
static const activ_fn_definition gelu_tanh_definition = {
    .signature = "gelu_tanh",
    .formula = "x*sigmoid(sqrt(8/pi)*(x + 0.044715*x^3))",
    .source = "Hendrycks and Gimpel 2016, Gaussian error linear units, arXiv:1606.08415",
    .forward_ulp = 1.7f,
    .derivative_ulp = 2.5f,
};
#else
#    include "functions/tables/gelu_tanh.h"
#    include "simd/math.h"

/* Beyond, f(x) is x or x e^z. */
#    define GELU_TANH_LIMIT 9.9f

/* -z = x s less `excess`. s = -(c + d x^2), c with so few bits that its difference from s is exact. */
typedef struct gelu_tanh_argument {
    vf minus_z, excess, square;
} gelu_tanh_argument;

#    define GELU_TANH_D 0x1.2444f2p-4f /* c times 0.044715, and the rest of both */

V_INLINE gelu_tanh_argument gelu_tanh_prepare(vf x)
{
    const vf c = v_set(-0x1.98845p0f), c_low = v_set(-0x1.9ea1b2p-23f);
    const vf d = v_set(-GELU_TANH_D), d_low = v_set(-0x1.49b16ap-29f);
    vf square = v_mul(x, x), square_excess = v_fnma(x, x, square), s = v_fma(d, square, c);
    vf s_low = v_fma(d, square, v_sub(c, s));
    s_low = v_fnma(d, square_excess, v_add(s_low, v_fma(d_low, square, c_low)));
    gelu_tanh_argument z;
    z.minus_z = v_mul(x, s);
    z.excess = v_fnma(x, s_low, v_fnma(x, s, z.minus_z));
    z.square = square;
    return z;
}

V_INLINE vf gelu_tanh_forward(vf x, const vf *v)
{
    (void)v;
    gelu_tanh_argument z = gelu_tanh_prepare(x);
    vexp_near e = v_exp_whole_less(z.minus_z, z.excess, v_set(V_EXP_NEAR_MAGIC));
    /* 1 + P with its rounding error, which is half an ulp where P is 2^24. */
    const vf one = v_set(1.0f);
    vf c = v_add(e.power, one), c_low = v_sub(one, v_sub(c, e.power));
    return v_div(x, v_add(c, v_fma(e.power, e.s, c_low)));
}

/* |x| clamped to where e^z underflows. */
V_INLINE vf gelu_tanh_far_argument(vf x, float limit)
{
    return v_min(v_set(11.25f), v_max(v_set(limit), v_abs(x)));
}

V_INLINE vf gelu_tanh_far(vf x, const vf *v)
{
    (void)v;
    vf a = gelu_tanh_far_argument(x, GELU_TANH_LIMIT);
    gelu_tanh_argument z = gelu_tanh_prepare(a);
    vexp_near e = v_exp_whole_less(z.minus_z, z.excess, v_set(V_TAIL_MAGIC));
    vf b = v_mul(a, e.power); /* exact */
    vf scaled = v_tail_or_linear(x, 0.5f, v_neg(v_fma(b, e.s, b)));
    return v_sel(v_gt(x, v_set(1.0f)), x, v_descale(scaled));
}

/* f'(-|x|) from a table; f'(a) = 1 - f'(-a). */
V_INLINE vf gelu_tanh_derivative(vf x, const vf *v)
{
    (void)v;
    return v_of_both_signs(v_piece_value(gelu_tanh_derivative_piece(v_abs(x))), x);
}

/* Beyond, e^-z (1 - w), w = a dz/da = a (c + 3 d a^2) = z + 2 d a^3. */
V_INLINE vf gelu_tanh_derivative_far(vf x, const vf *v)
{
    (void)v;
    vf a = gelu_tanh_far_argument(x, GELU_TANH_DERIVATIVE_LIMIT);
    gelu_tanh_argument z = gelu_tanh_prepare(a);
    vexp_near e = v_exp_whole_less(z.minus_z, z.excess, v_set(V_TAIL_MAGIC));
    vpair cube = v_two_product(v_mul(z.square, v_set(-2.0f * GELU_TANH_D)), a), sum = v_two_sum(z.minus_z, cube.h);
    sum.l = v_add(sum.l, v_sub(v_add(cube.l, v_set(1.0f)), z.excess));
    vpair b = v_fast_two_sum(sum.h, sum.l);
    return v_of_both_signs(v_descale(v_mul(v_add(b.h, v_fma(b.h, e.s, b.l)), e.power)), x);
}

static const v_elementwise gelu_tanh_elementwise = {
    .forward = { gelu_tanh_forward, gelu_tanh_far, .limit = GELU_TANH_LIMIT, .least = 0x1p-60f },
    .derivative = { gelu_tanh_derivative, gelu_tanh_derivative_far, .limit = GELU_TANH_DERIVATIVE_LIMIT },
    .gates = 1,
};
#endif
