/* adaptive_sigmoid: logistic(k (x - theta)), k and theta being trained.
 *
 * x - theta and z = k (x - theta) are pairs: their rounding errors would be magnified |z| times. */
#include "functions/function.h"

#if defined(ACTIV_FN_DEFINITIONS)
static const activ_setting adaptive_sigmoid_settings[] = {
    { .name = "k", .initial = 1.0, .trainable = 1 },
    { .name = "theta", .initial = 0.0, .trainable = 1 },
    ACTIV_NUM_PARAMETERS,
    { .name = NULL },
};

static const activ_fn_definition adaptive_sigmoid_definition = {
    .signature = "adaptive_sigmoid(k=1, theta=0, num_parameters=1)",
    .formula = "sigmoid(k*(x - theta))",
    .source = "the book; sigmoid is Verhulst's, 1838",
    .settings = adaptive_sigmoid_settings,
    .forward_ulp = 1.8f,
    .derivative_ulp = 2.9f,
};
#else
#    include "functions/families/logistic.h"
#    include "functions/families/scaled.h"

/* ---- fast path, unless theta is so large that x - theta might overflow ------------------------- */

V_INLINE vpair adaptive_sigmoid_difference_or(vf x, vf other, const vf *v)
{
    vm usual = v_lt(v_abs(v[1]), v_set(0x1p100f));
    return v_two_sum(x, v_sel(usual, v_neg(v[1]), other));
}

/* Then it is NaN, and all are far. */
V_INLINE vpair adaptive_sigmoid_difference(vf x, const vf *v)
{
    return adaptive_sigmoid_difference_or(x, v_float_of(i_set(0x7fc00000)), v);
}

/* -z, and 2^-100, so that it is not subnormal. */
V_INLINE vf adaptive_sigmoid_argument(vf x, const vf *v)
{
    return v_fma(v_neg(v[0]), adaptive_sigmoid_difference(x, v).h, v_set(0x1p-100f));
}

V_INLINE vf adaptive_sigmoid_centre(vf x, const vf *v)
{
    (void)x;
    return v[1];
}

/* By how much that exceeds -z. */
V_INLINE vf adaptive_sigmoid_excess(vf x, vf minus_z, const vf *v)
{
    vpair d = adaptive_sigmoid_difference(x, v);
    return v_fma(v[0], d.l, v_fma(v[0], d.h, minus_z));
}

V_INLINE vf adaptive_sigmoid_forward(vf x, const vf *v)
{
    const vf one = v_set(1.0f);
    vf z = adaptive_sigmoid_argument(x, v);
    vexp_near e = v_exp_whole_less(z, adaptive_sigmoid_excess(x, z, v), v_set(V_EXP_NEAR_MAGIC));
    return v_div(one, v_fma(e.power, e.s, v_add(e.power, one)));
}

/* k (q - q^2), q = logistic(-|z|) */
V_INLINE vf adaptive_sigmoid_derivative(vf x, const vf *v)
{
    const vf one = v_set(1.0f);
    vf z = adaptive_sigmoid_argument(x, v);
    vf excess = v_float_of(i_xor(v_bits(adaptive_sigmoid_excess(x, z, v)), i_and(v_bits(z), i_set(INT32_MIN))));
    vexp_near e = v_exp_whole_less(v_abs(z), excess, v_set(V_EXP_NEAR_MAGIC));
    vf q = v_div(one, v_fma(e.power, e.s, v_add(e.power, one)));
    return v_mul(v[0], v_fnma(q, q, q));
}

/* ---- beyond ------------------------------------------------------------------------------------ */

/* z, and 2^64 e^-|z|, also as a number. */
typedef struct adaptive_sigmoid_far_parts {
    vf z, tail;
    vexp_near e;
} adaptive_sigmoid_far_parts;

V_INLINE adaptive_sigmoid_far_parts adaptive_sigmoid_beyond(vf x, const vf *v)
{
    vpair d = adaptive_sigmoid_difference_or(x, v_set(0.0f), v), z = v_two_product(v[0], d.h);
    z.l = v_fma(v[0], d.l, z.l);
    vpair minus = v_minus_size(z, -130.0f);
    vexp_near e = v_exp_whole_less(minus.h, v_neg(minus.l), v_set(V_TAIL_MAGIC));
    adaptive_sigmoid_far_parts a = { z.h, v_fma(e.power, e.s, e.power), e };
    return a;
}

/* Settings with which f' does not vanish, or not only, where z is clamped, or a product may overflow. */
V_INLINE vm adaptive_sigmoid_is_rare(const vf *v)
{
    vf k = v_abs(v[0]);
    vm usual = m_and(v_gt(k, v_set(0x1p-60f)), v_lt(k, v_set(0x1p20f)));
    return m_not(m_and(usual, v_lt(v_abs(v[1]), v_set(0x1p100f))));
}

/* ---- slow path, right everywhere --------------------------------------------------------------- */

/* x - theta, k, and logistic of z. */
typedef struct adaptive_sigmoid_parts {
    vscaled d, k;
    vlogistic_scaled q;
    vf sign; /* of z */
} adaptive_sigmoid_parts;

V_INLINE adaptive_sigmoid_parts adaptive_sigmoid_prepare(vf x, const vf *v)
{
    const vf most = v_set(FLT_MAX);
    /* A quarter of large numbers, whose difference might overflow. */
    vf bounded = v_max(v_neg(most), v_min(most, x));
    vm large = m_or(v_gt(v_abs(bounded), v_set(0x1p100f)), v_gt(v_abs(v[1]), v_set(0x1p100f)));
    vf scale = v_sel(large, v_set(0.25f), v_set(1.0f));
    vpair d = v_two_sum(v_mul(bounded, scale), v_neg(v_mul(v[1], scale)));
    /* Of an infinite x the sign is enough, unless theta is NaN. */
    vm infinite = m_and(v_gt(v_abs(x), most), m_not(v_nan(v[1])));
    d.h = v_sel(infinite, x, d.h);
    d.l = v_sel(infinite, v_set(0.0f), d.l);
    adaptive_sigmoid_parts a;
    a.d = v_scaled_of(d.h);
    a.k = v_scaled_of(v[0]);
    vpair z = v_two_product(a.k.m, a.d.m);
    z.l = v_fma(a.k.m, v_scale(d.l, i_max(i_set(-200), i_sub(i_set(0), a.d.e))), z.l);
    a.d.e = i_add(a.d.e, i_sel(large, i_set(2), i_set(0)));
    a.q = v_logistic_scaled(v_scaled_pair(z, i_add(a.d.e, a.k.e)));
    a.sign = z.h;
    return a;
}

static V_NOINLINE vf adaptive_sigmoid_any(vf x, const vf *v)
{
    adaptive_sigmoid_parts a = adaptive_sigmoid_prepare(x, v);
    return v_sel_sign(a.sign, v_scaled_value(a.q.m, a.q.n), a.q.other);
}

static V_NOINLINE vf adaptive_sigmoid_far(vf x, const vf *v)
{
    adaptive_sigmoid_far_parts a = adaptive_sigmoid_beyond(x, v);
    vf rest = logistic_far_rest(a.tail, 1.0f);
    vf y = v_sel_sign(a.z, v_descale_positive(v_mul(a.tail, rest)), rest);
    vm rare = adaptive_sigmoid_is_rare(v);
    return m_any(rare) ? v_sel(rare, adaptive_sigmoid_any(x, v), y) : y;
}

static V_NOINLINE vf adaptive_sigmoid_derivative_any(vf x, const vf *v)
{
    adaptive_sigmoid_parts a = adaptive_sigmoid_prepare(x, v);
    return v_scaled_value(v_mul(a.k.m, a.q.slope), i_add(a.k.e, a.q.n));
}

static V_NOINLINE vf adaptive_sigmoid_derivative_far(vf x, const vf *v)
{
    adaptive_sigmoid_far_parts a = adaptive_sigmoid_beyond(x, v);
    vm rare = adaptive_sigmoid_is_rare(v);
    vf scale = v_mul(v_sel(rare, v_set(1.0f), v[0]), a.e.power); /* exact */
    vf d = v_descale(v_fma(scale, v_exp_tail_less(a.e, 2.0f), scale));
    return m_any(rare) ? v_sel(rare, adaptive_sigmoid_derivative_any(x, v), d) : d;
}

V_INLINE void adaptive_sigmoid_gradients(vf x, const vf *v, vf *out, vm *flat)
{
    (void)flat;
    const vf one = v_set(1.0f);
    /* By bits: comparisons with NaN raise FE_INVALID. */
    vm far = i_gt(v_bits(v_abs(adaptive_sigmoid_argument(x, v))), v_bits(v_set(LOGISTIC_LIMIT)));
    vf near = v_sel(far, v[1], x), z = adaptive_sigmoid_argument(near, v);
    vexp_near e = v_exp_whole_less(z, adaptive_sigmoid_excess(near, z, v), v_set(V_EXP_NEAR_MAGIC));
    vf t = v_fma(e.power, e.s, e.power), d = v_add(t, one), slope = v_div(t, v_mul(d, d));
    out[0] = v_mul(adaptive_sigmoid_difference(near, v).h, slope);
    out[1] = v_neg(v_mul(v[0], slope));
    if (m_any(far)) {
        adaptive_sigmoid_parts a = adaptive_sigmoid_prepare(x, v);
        vf by_k = v_scaled_value(v_mul(a.d.m, a.q.slope), i_add(a.d.e, a.q.n));
        vf by_theta = v_scaled_value(v_mul(v_neg(a.k.m), a.q.slope), i_add(a.k.e, a.q.n));
        out[0] = v_sel(far, v_keep_nan(x, by_k), out[0]);
        out[1] = v_sel(far, v_finite_gradient(x, v_keep_nan(x, by_theta)), out[1]);
    }
    out[0] = v_finite_gradient(x, out[0]);
}

static const v_elementwise adaptive_sigmoid_elementwise = {
    .forward = { adaptive_sigmoid_forward, adaptive_sigmoid_far, .limit = LOGISTIC_LIMIT,
                 .argument = adaptive_sigmoid_argument, .centre = adaptive_sigmoid_centre },
    .derivative = { adaptive_sigmoid_derivative, adaptive_sigmoid_derivative_far, .limit = LOGISTIC_LIMIT,
                    .argument = adaptive_sigmoid_argument, .centre = adaptive_sigmoid_centre },
    .scalars = 2,
    .gradients = adaptive_sigmoid_gradients,
};
#endif
