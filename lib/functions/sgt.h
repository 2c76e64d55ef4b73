/* sgt: tanh(b x^beta) for x >= 0, tanh(-a |x|^alpha) for x < 0: the scaled gamma tanh, whose exponents are trained.
 * Khagi and Kwon 2022. (That the negative branch keeps the sign of x is our reading of "a x^alpha for x < 0".)
 *
 * At 0, f' is b if beta = 1, 0 if beta > 1, and b times infinity if 0 < beta < 1; the gradients of the exponents are 0.
 *
 * Training may drive an exponent anywhere. Powers are then those of the formula, with 0^0 = 1 as in pow: with an
 * exponent of 0 a side is constant, with a negative one it goes from +-1 at 0 to 0 at infinity, and f'(0) is 0 in both
 * cases. An exponent or a slope that is NaN makes NaN of all of its side. Exponents are taken as 2^34 at most in size:
 * beyond, nothing changes.
 *
 * With all settings 1 this is tanh, bit by bit. Otherwise y = b x^beta is computed in double: f' magnifies its relative
 * error 2 y times, and y may be 120. */
#include "functions/function.h"

#if defined(ACTIV_FN_DEFINITIONS)
static const char *sgt_check(const activ_setting_value *values)
{
    for (int i = 2; i < 4; i++)
        if (!(values[i].single >= 1e-6f && values[i].single <= 1e6f))
            return "alpha and beta must lie between 1e-6 and 1e6";
    return NULL;
}

static const activ_setting sgt_settings[] = {
    { .name = "a", .initial = 1.0 },
    { .name = "b", .initial = 1.0 },
    { .name = "alpha", .initial = 1.0, .trainable = 1 },
    { .name = "beta", .initial = 1.0, .trainable = 1 },
    ACTIV_NUM_PARAMETERS,
    { .name = NULL },
};

static const activ_fn_definition sgt_definition = {
    .signature = "sgt(a=1, b=1, alpha=1, beta=1, num_parameters=1)",
    .formula = "where(x >= 0, tanh(b*x^beta), -tanh(a*(-x)^alpha))",
    .source = "Khagi and Kwon 2022, A novel scaled-gamma-tanh (SGT) activation function in 3D CNN applied for MRI "
              "classification, Scientific Reports 12:14978",
    .settings = sgt_settings,
    .forward_ulp = 2.0f,
    .derivative_ulp = 2.0f,
    .check = sgt_check,
};
#else
#    include "functions/families/tanh.h"
#    include "simd/math.h"

static inline int sgt_is_plain(const float *values)
{
    return values[0] == 1.0f && values[1] == 1.0f && values[2] == 1.0f && values[3] == 1.0f;
}

V_INLINE vm sgt_plain_lanes(const vf *v)
{
    const vf one = v_set(1.0f);
    return m_and(m_and(v_eq(v[0], one), v_eq(v[1], one)), m_and(v_eq(v[2], one), v_eq(v[3], one)));
}

/* |y| = size 2^n = |slope| |x|^exponent, and e^-2|y| = tail.m 2^tail.n; 1 - tanh^2 y is 4 times that, over square. */
typedef struct sgt_parts {
    vf slope, exponent; /* of the side of x */
    vsplit x;
    vacc log, size, tail_value, square; /* log2 |x|; size; 1 + e^-2|y|, squared */
    vpower tail;
    vi n;
    vf y; /* |y| where that is from 2^-100 to 2^10; else as far beyond */
} sgt_parts;

V_INLINE sgt_parts sgt_prepare(vf x, const vf *v)
{
    const vf one = v_set(1.0f), most = v_set(0x1p34f);
    sgt_parts s;
    vm negative = v_lt(x, v_set(0.0f));
    s.slope = v_sel(negative, v[0], v[1]);
    s.exponent = v_max(v_neg(most), v_min(most, v_sel(negative, v[2], v[3]))); /* in this order NaN stays */
    vf a = v_abs(x);
    s.x = v_split(a);
    vf e = v_from_int(s.x.e);
    e = v_sel(v_eq(a, v_set(0.0f)), v_set(-0x1p126f), v_sel(v_gt(a, v_set(FLT_MAX)), v_set(0x1p126f), e));
    s.log = v_log2_wide(s.x.m, e);
    vpower power = v_exp2_wide(acc_mul(acc_of(s.exponent), s.log));
    vsplit slope = v_split(v_abs(s.slope));
    vf factor = v_sel(m_or(v_eq(s.slope, v_set(0.0f)), v_nan(s.slope)), s.slope, slope.m);
    s.size = acc_mul(power.m, acc_of(v_abs(factor)));
    s.n = i_add(power.n, slope.e);
    vf h = acc_round(s.size), l = acc_round(acc_fma_wide(s.size, acc_of(h), acc_set(-1.0)));
    vf scale = v_power_of_two(i_min(i_set(10), i_max(i_set(-100), s.n)));
    s.y = v_mul(h, scale);
    vacc y = acc_sum(acc_of(v_min(v_set(130.0f), s.y)), acc_of(v_mul(l, scale)));
    s.tail = v_exp2_wide(acc_mul(y, acc_set(-0x1.71547652b82fep+1))); /* -2/ln 2 */
    s.tail_value = acc_mul(s.tail.m, acc_of(v_power_of_two(i_max(i_set(-126), s.tail.n))));
    vacc sum = acc_sum(acc_of(one), s.tail_value);
    s.square = acc_mul(sum, sum);
    return s;
}

/* Not inlined: as long as the rest of f and of f' together. */
static V_ONCE void sgt_prepared(vf x, const vf *v, sgt_parts *s)
{
    *s = sgt_prepare(x, v);
}

/* a 2^n with the sign of two factors. */
V_INLINE vf sgt_scale(vf a, vi n, vf one, vf other)
{
    vf scaled = v_scale(a, i_min(i_set(254), i_max(i_set(-252), n)));
    return v_float_of(i_xor(v_bits(scaled), i_and(i_xor(v_bits(one), v_bits(other)), i_set(INT32_MIN))));
}

static V_NOINLINE vf sgt_forward(vf x, const vf *v)
{
    sgt_parts s;
    sgt_prepared(x, v, &s);
    vacc one = acc_set(1.0);
    vf t = acc_round(acc_div(acc_fma_wide(one, s.tail_value, acc_set(-1.0)), acc_sum(one, s.tail_value)));
    vm small = v_lt(s.y, v_set(0x1p-13f)); /* tanh y = y */
    return sgt_scale(v_sel(small, acc_round(s.size), t), i_sel(small, s.n, i_set(0)), x, s.slope);
}

/* 1 - tanh^2 y times a 2^n, and 0 beyond y = 120, where it is. */
V_INLINE vf sgt_slope_times(sgt_parts s, vacc a, vi n, vf one, vf other)
{
    vf m = acc_round(acc_div(acc_mul(acc_mul(a, acc_set(4.0)), s.tail.m), s.square));
    return sgt_scale(v_sel(v_gt(s.y, v_set(120.0f)), v_set(0.0f), m), i_add(n, s.tail.n), one, other);
}

static V_NOINLINE vf sgt_derivative(vf x, const vf *v)
{
    const vf zero = v_set(0.0f), one = v_set(1.0f);
    sgt_parts s;
    sgt_prepared(x, v, &s);
    vacc a = acc_div(acc_mul(s.size, acc_of(v_abs(s.exponent))), acc_of(s.x.m));
    vf d = sgt_slope_times(s, a, i_sub(s.n, s.x.e), s.slope, s.exponent);
    /* At 0: that of b x^beta, and NaN of NaN. */
    vf steep = v_sel(v_eq(s.slope, zero), zero, v_copysign(v_float_of(i_set(0x7f800000)), s.slope));
    vf at_zero = v_sel(v_le(s.exponent, zero), zero, v_sel(v_lt(s.exponent, one), steep, s.exponent));
    at_zero = v_sel(v_gt(s.exponent, one), zero, v_sel(v_eq(s.exponent, one), s.slope, at_zero));
    return v_sel(v_eq(x, zero), v_keep_nan(s.slope, at_zero), d);
}

V_INLINE void sgt_gradients(vf x, const vf *v, vf *out, vm *flat)
{
    const vf zero = v_set(0.0f);
    sgt_parts s = sgt_prepare(x, v);
    vacc a = acc_mul(acc_mul(s.size, s.log), acc_set(0x1.62e42fefa39efp-1)); /* ln 2 */
    vf d = v_keep_nan(x, sgt_slope_times(s, a, s.n, x, s.slope));
    flat[0] = v_ge(x, zero);
    flat[1] = v_le(x, zero);
    for (int k = 0; k < 2; k++)
        out[k] = v_sel(flat[k], zero, d);
}

static const v_elementwise sgt_elementwise = {
    .forward = { sgt_forward, .together = 1 },
    .derivative = { sgt_derivative, .together = 1 },
    .is_plain = sgt_is_plain,
    .plain_lanes = sgt_plain_lanes,
    .plain_forward = { tanh_forward, .passes_nan = 1 },
    .plain_derivative = { tanh_derivative, tanh_derivative_far, .limit = TANH_DERIVATIVE_LIMIT },
    .scalars = 2,
    .gradients = sgt_gradients,
};
#endif
