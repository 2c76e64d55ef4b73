/* Elementary functions of formulas, for any input, each with one rounding or little more (docs/formulas.md has the
 * errors): written once in the vocabulary. What is rare is computed in double, which is short; exp, sin and cos are
 * what formulas are made of, and are fast. Coefficients: simd/polynomials.sollya. */
#ifndef ACTIV_SIMD_ELEMENTARY_H
#define ACTIV_SIMD_ELEMENTARY_H

#include "simd/math.h"

V_INLINE vf e_nan(void) { return v_float_of(i_set(0x7fc00000)); }
V_INLINE vf e_infinity(void) { return v_float_of(i_set(0x7f800000)); }

/* ---- arithmetic --------------------------------------------------------------------------- */

V_INLINE vf e_truth(vm m) { return v_sel(m, v_set(1.0f), v_set(0.0f)); }
V_INLINE vm e_is_true(vf a) { return m_not(v_eq(a, v_set(0.0f))); }
V_INLINE vf e_sign(vf a)
{
    return v_sel(v_gt(a, v_set(0.0f)), v_set(1.0f), v_sel(v_lt(a, v_set(0.0f)), v_set(-1.0f), a));
}
V_INLINE vf e_min(vf a, vf b) { return v_sel(v_nan(a), a, v_min(a, b)); }
V_INLINE vf e_max(vf a, vf b) { return v_sel(v_nan(a), a, v_max(a, b)); }
V_INLINE vf e_scale(vf a, vf b) { return v_sel(v_eq(a, v_set(0.0f)), v_set(0.0f), v_mul(a, b)); }

/* ---- exponential -------------------------------------------------------------------------- */

/* e^(x + x_low), x from -150 to 130 or NaN. */
static V_ONCE vf e_exp_wide(vf x, vf x_low)
{
    vexp e = v_exp(x, x_low);
    return v_scale(e.h, e.n);
}

V_INLINE vf e_exp_far(vf x) { return e_exp_wide(v_max(v_set(-150.0f), v_min(v_set(130.0f), x)), v_set(0.0f)); }

V_INLINE vf e_exp(vf x)
{
    vm far = v_not_le(v_abs(x), v_set(87.0f));
    const int any = m_any(far);
    vexp_near e = v_exp_near(V_LIKELY(!any) ? x : v_sel(far, v_set(0.0f), x));
    vf y = v_fma(e.power, e.s, e.power);
    return V_LIKELY(!any) ? y : v_sel(far, e_exp_far(x), y);
}

V_INLINE vf e_expm1(vf x)
{
    vpair e = v_expm1(v_max(v_set(-85.0f), v_min(v_set(80.0f), x)));
    return v_sel(v_gt(x, v_set(80.0f)), e_exp_far(x), v_add(e.h, e.l));
}

/* e^(-x^2): the square as a pair, as its rounding would be magnified x^2 times. */
V_INLINE vf e_gauss(vf x)
{
    vf square = v_mul(x, x), low = v_fma(x, x, v_neg(square)), z = v_max(v_set(-150.0f), v_neg(square));
    return e_exp_wide(z, v_sel(v_lt(v_neg(square), v_set(-150.0f)), v_set(0.0f), v_neg(low)));
}

/* e^a / 2 for 0 <= a <= 100, or NaN. */
static V_ONCE vf e_half_exp(vf a)
{
    vexp e = v_exp(a, v_set(0.0f));
    return v_scale(e.h, i_sub(e.n, i_set(1)));
}

V_INLINE vf e_sinh(vf x)
{
    vf a = v_min(v_set(100.0f), v_abs(x));
    vpair e = v_expm1(v_min(v_set(80.0f), a));
    vf near = v_mul(v_set(0.5f), v_add(e.h, v_add(v_div(e.h, v_add(e.h, v_set(1.0f))), e.l)));
    return v_copysign(v_sel(v_gt(a, v_set(40.0f)), e_half_exp(a), near), x);
}

V_INLINE vf e_cosh(vf x)
{
    vf half = e_half_exp(v_min(v_set(100.0f), v_abs(x)));
    return v_add(half, v_div(v_set(0.25f), half));
}

/* ---- logarithm and power ------------------------------------------------------------------ */

#define E_LN2 0x1.62e42fefa39efp-1

V_INLINE vf e_log(vf x)
{
    vsplit s = v_split(x);
    vf y = acc_round(acc_mul(v_log2_wide(s.m, v_from_int(s.e)), acc_set(E_LN2)));
    y = v_sel(v_eq(x, e_infinity()), x, y);
    y = v_sel(v_eq(x, v_set(0.0f)), v_neg(e_infinity()), y);
    return v_sel(v_not_le(v_set(0.0f), x), e_nan(), y);
}

/* 1 + x = u + u_low; of u the logarithm, and u_low/u. Where u is near 1, x itself is what it is away from it: then the
 * series of v_log2_wide is taken at x. */
static V_ONCE vf e_log1p(vf x)
{
    vm near = m_and(v_gt(x, v_set(-0.29f)), v_lt(x, v_set(0.41f)));
    vpair u = v_two_sum(v_set(1.0f), x);
    vsplit s = v_split(v_sel(near, v_set(1.0f), u.h));
    vf away = v_sel(near, x, v_sub(s.m, v_set(1.0f)));
    vacc log2 = v_log2_away(acc_of(away), v_from_int(s.e));
    vacc rest = acc_div(acc_of(v_sel(near, v_set(0.0f), u.l)), acc_of(v_sel(near, v_set(1.0f), u.h)));
    vf y = acc_round(acc_fma_wide(rest, log2, acc_set(E_LN2)));
    y = v_sel(v_eq(x, e_infinity()), x, y);
    y = v_sel(v_eq(x, v_set(-1.0f)), v_neg(e_infinity()), y);
    return v_sel(v_not_le(v_set(-1.0f), x), e_nan(), y);
}

/* Is x a whole number, and an odd one? From 2^22 on all count as even. */
V_INLINE vm e_whole(vf x, vm *odd)
{
    vi n;
    vm large = v_ge(v_abs(x), v_set(0x1p22f));
    vf rounded = v_round_parts(v_sel(large, v_set(0.0f), x), v_set(1.0f), &n);
    *odd = m_and(m_not(large), i_eq(i_and(n, i_set(1)), i_set(1)));
    return m_or(large, v_eq(rounded, x));
}

/* a^b as C's pow: 1 where b is 0 or a is 1; NaN where a < 0 and b is no whole number. */
V_INLINE vf e_pow(vf a, vf b)
{
    const vf zero = v_set(0.0f), one = v_set(1.0f);
    vf size = v_abs(a);
    vsplit s = v_split(size);
    vpower p = v_exp2_wide(acc_mul(v_log2_wide(s.m, v_from_int(s.e)), acc_of(b)));
    vi n = i_max(i_set(-250), i_min(i_set(250), p.n));
    vf y = v_scale(acc_round(p.m), n);
    /* 0 and infinity, to positive powers and to negative ones; an infinite b. */
    vm positive = v_gt(b, zero), of_zero = v_eq(size, zero), of_infinity = v_eq(size, e_infinity());
    y = v_sel(of_zero, v_sel(positive, zero, e_infinity()), y);
    y = v_sel(of_infinity, v_sel(positive, e_infinity(), zero), y);
    vm grows = m_or(m_and(positive, v_gt(size, one)), m_and(v_lt(b, zero), v_lt(size, one)));
    y = v_sel(v_eq(v_abs(b), e_infinity()), v_sel(grows, e_infinity(), v_sel(v_eq(size, one), one, zero)), y);
    vm odd, whole = e_whole(b, &odd);
    vm negative = v_lt(v_copysign(one, a), zero);
    y = v_sel(m_and(negative, odd), v_neg(y), y);
    y = v_sel(m_and(v_lt(a, zero), m_not(whole)), v_sel(of_infinity, y, e_nan()), y);
    y = v_sel(m_or(v_nan(a), v_nan(b)), e_nan(), y);
    return v_sel(m_or(v_eq(b, zero), v_eq(a, one)), one, y);
}

/* ---- inverse functions -------------------------------------------------------------------- */

/* atan a for a >= 0: by k eighths of a turn, to an angle of at most a sixteenth. */
V_INLINE vf e_atan(vf x)
{
    static const double c[] = { 0x1.ffffffffd26dbp-1,  -0x1.55555487463b8p-2, 0x1.999900fd81d8bp-3,
                                -0x1.247cf8a3d43ecp-3, 0x1.c43ef1bcefb21p-4,  -0x1.5a81b872bc1abp-4,
                                0x1.822b91493b254p-5 };
    const vf zero = v_set(0.0f), one = v_set(1.0f);
    vf a = v_min(v_set(0x1p60f), v_abs(x));
    vm first = v_gt(a, v_set(0.41421357f)), second = v_gt(a, v_set(2.4142137f));
    /* a, (a - 1)/(a + 1) or -1/a: of (top_a a + top)/(bottom_a a + bottom). */
    vf top_a = v_sel(second, zero, one), top = v_sel(first, v_set(-1.0f), zero);
    vf bottom_a = v_sel(first, one, zero), bottom = v_sel(second, zero, one);
    vacc t = acc_div(acc_fma(acc_of(top), top_a, a), acc_fma(acc_of(bottom), bottom_a, a));
    vf quarter = v_sel(second, v_set(2.0f), bottom_a);
    vacc angle = acc_fma_wide(acc_mul(acc_of(quarter), acc_set(0x1.921fb54442d18p-1)), t,
                              v_polynomial_wide(c, 6, acc_mul(t, t)));
    return v_sel(v_nan(x), x, v_copysign(acc_round(angle), x));
}

/* ln(a + sqrt(a^2 + 1)), of |x|. */
V_INLINE vf e_asinh(vf x)
{
    const vf one = v_set(1.0f);
    vf a = v_abs(x), within = v_min(v_set(0x1p30f), a), square = v_mul(within, within);
    vf small = v_add(within, v_div(square, v_add(one, v_sqrt(v_add(square, one)))));
    vf y = e_log1p(v_sel(v_gt(a, within), a, small));
    return v_copysign(v_sel(v_gt(a, within), v_add(y, v_set((float)E_LN2)), y), x);
}

/* ---- the error function ------------------------------------------------------------------- */

/* erfc a for a >= 0: (1 + 2a) e^(a^2) erfc a is a polynomial of (a - 3.75)/(a + 3.75) (Shepherd and
 * Laframboise 1981). */
static V_ONCE vf e_erfc_positive(vf a)
{
    static const double c[] = { 0x1.3ccda0b5f02d7p0,   -0x1.1f36747016debp-3, 0x1.d5f289aff4eaep-9,
                                0x1.51009a320e978p-4,  -0x1.bda9a5ab614dp-4,  0x1.7a1f37cb28ba2p-4,
                                -0x1.e0b8470241528p-5, 0x1.cfd0d05d2f214p-6,  -0x1.424e31fb7ea72p-7,
                                0x1.ded62097f26fap-10, 0x1.0ac16dbe26591p-11, -0x1.a5c5984dc0da9p-13 };
    vf z = v_min(v_set(10.5f), a);
    vacc wide = acc_of(z), t = acc_div(acc_sum(wide, acc_set(-3.75)), acc_sum(wide, acc_set(3.75)));
    vf square = v_neg(v_mul(z, z));
    vexp e = v_exp(square, v_neg(v_fma(z, z, square)));
    vacc mills = acc_div(v_polynomial_wide(c, 11, t), acc_fma_wide(acc_set(1.0), wide, acc_set(2.0)));
    return v_scale(acc_round(acc_mul(mills, acc_sum(acc_of(e.h), acc_of(e.l)))), e.n);
}

V_INLINE vf e_erfc(vf x)
{
    vf y = e_erfc_positive(v_abs(x));
    return v_sel(v_lt(x, v_set(0.0f)), v_sub(v_set(2.0f), y), y);
}

V_INLINE vf e_erf(vf x)
{
    static const double c[] = { 0x1.20dd7504007e6p0,   -0x1.8127465fb9878p-2, 0x1.ce2f0798af2p-4,
                                -0x1.b829a7a5ebb6fp-6, 0x1.5628edf00b3d1p-8,  -0x1.bcbe9a8cf7da7p-11,
                                0x1.d82692217619p-14,  -0x1.438405ac7d9f6p-17 };
    vf a = v_abs(x), within = v_min(v_set(1.0f), a);
    vacc wide = acc_of(within);
    vf near = acc_round(acc_mul(wide, v_polynomial_wide(c, 7, acc_mul(wide, wide))));
    return v_copysign(v_sel(v_gt(a, v_set(1.0f)), v_sub(v_set(1.0f), e_erfc_positive(a)), near), x);
}

#endif
