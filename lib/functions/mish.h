/* mish: x tanh(softplus(x)). Misra 2019. f' vanishes at -1.19243.
 *
 * With n = e^x and h = n + n^2/2, tanh(ln(1+n)) = h/(1+h), and h' = n + n^2. With n = P (1 + s), P a power of two, h =
 * A + s g, A = P + P^2/2 being exact. */
#include "functions/function.h"

#if defined(ACTIV_FN_DEFINITIONS)
static const activ_fn_definition mish_definition = {
    .signature = "mish",
    .aliases = "Mish",
    .formula = "x*tanh(softplus(x))",
    .source = "Misra 2019, Mish: a self regularized non-monotonic activation function, arXiv:1908.08681",
    .forward_ulp = 2.1f,
    .derivative_ulp = 3.1f,
};
#else
#    include "simd/math.h"

/* Beyond, f(x) is x or x (n - n^2/2), and f' 1 or the derivative of that. */
#    define MISH_LIMIT 10.0f
#    define MISH_DERIVATIVE_LIMIT 15.0f

/* P^2/2, and the parts of h and of the divisor d = 1 + h. */
typedef struct mish_parts {
    vf half_square, start, middle, g;
} mish_parts;

V_INLINE mish_parts mish_prepare(vexp_near n)
{
    mish_parts m;
    m.half_square = v_mul(v_mul(n.power, v_set(0.5f)), n.power);
    m.start = v_add(n.power, m.half_square);
    m.middle = v_add(m.start, m.half_square);
    m.g = v_fma(n.s, m.half_square, m.middle);
    return m;
}

/* h/d corrected by the remainder of the division and the rounding error of h. */
V_INLINE vf mish_forward(vf x, const vf *v)
{
    (void)v;
    vexp_near n = v_exp_whole_exact(x);
    mish_parts m = mish_prepare(n);
    vf h = v_fma(n.s, m.g, m.start), h_low = v_fma(n.s, m.g, v_sub(m.start, h)), d = v_add(h, v_set(1.0f));
    vf inverse = v_div(v_set(1.0f), d), q = v_mul(h, inverse);
    vf rest = v_add(v_fnma(q, d, h), h_low);
    return v_fma(x, q, v_mul_subnormal(x, v_mul(rest, inverse)));
}

/* x (n - n^2/2), or x. */
V_INLINE vf mish_far(vf x, const vf *v)
{
    (void)v;
    vexp_near n = v_exp_tail_parts(x);
    /* (1 + s)(1 - n/2) - 1; n/2 is lost where its power is less than 2^-65. */
    vf half = v_mul(v_max(v_set(1.0f), n.power), v_set(0.5f * V_TAIL_SCALE)), one = v_add(n.s, v_set(1.0f));
    vf sigma = v_fnma(v_mul(half, one), one, n.s);
    vf left = v_mul(v_min(v_set(-1.0f), v_max(v_set(-120.0f), x)), n.power);
    left = v_fma(left, sigma, left);
    return v_sel_sign(x, v_descale(left), x);
}

/* f' = w (x h' w + h), w = 1/d. With t = h/d = 1 - w: for x > 0, 1 + w (x h' w - 1), where errors are small beside 1;
 * in the tail, h + x h' - t (h + x h' + x h' w), where t is small. h' is a pair there, as the sum may cancel. */
V_INLINE vf mish_derivative(vf x, const vf *v)
{
    (void)v;
    const vf one = v_set(1.0f);
    vexp_near n = v_exp_whole(x);
    mish_parts m = mish_prepare(n);
    vf h = v_fma(n.s, m.g, m.start), d = v_fma(n.s, m.g, v_add(m.start, one));
    vf w = v_div(one, d), t = v_div(h, d);
    vf slope = v_fma(m.half_square, v_add(n.s, v_set(2.0f)), m.g);
    vf dh = v_fma(n.s, slope, m.middle), dh_low = v_fma(n.s, slope, v_sub(m.middle, dh));
    vf p = v_mul(x, dh), q = v_fma(x, dh, v_fma(x, dh_low, h));
    vf left = v_fnma(t, v_fma(p, w, q), q);
    vf right = v_fma(w, v_fma(p, w, v_set(-1.0f)), one);
    return v_sel(v_lt(x, v_set(-0.15f)), left, right);
}

/* n ((1 + x) - n (1/2 + x)), or 1. */
V_INLINE vf mish_derivative_far(vf x, const vf *v)
{
    (void)v;
    vf z = v_max(v_set(-120.0f), v_min(v_set(-MISH_DERIVATIVE_LIMIT), x)), n = v_exp_tail(z);
    vf sum = v_fnma(v_mul(v_add(z, v_set(0.5f)), v_set(V_TAIL_SCALE)), n, v_add(z, v_set(1.0f)));
    return v_sel_sign(x, v_descale(v_mul(n, sum)), v_set(1.0f));
}

static const v_elementwise mish_elementwise = {
    .forward = { mish_forward, mish_far, .limit = MISH_LIMIT, .together = 3 },
    .derivative = { mish_derivative, mish_derivative_far, .limit = MISH_DERIVATIVE_LIMIT, .together = 3 },
};
#endif
