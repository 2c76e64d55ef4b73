/* exp, expm1, log1p, log2, exp2, sine and cosine, written once in the vocabulary.
 *
 * Intermediate results are pairs h + l (double-single): two float32 with some 48 bits, |l| being about half an ulp of
 * h. Coefficients: simd/polynomials.sollya. */
#ifndef ACTIV_SIMD_MATH_H
#define ACTIV_SIMD_MATH_H

#include "simd/simd.h"

typedef struct vpair {
    vf h, l;
} vpair;

/* a + b exactly, for |a| >= |b| or a = 0 (Dekker). */
V_INLINE vpair v_fast_two_sum(vf a, vf b)
{
    vpair s;
    s.h = v_add(a, b);
    s.l = v_sub(b, v_sub(s.h, a));
    return s;
}

/* a + b exactly, whichever is larger (Knuth). */
V_INLINE vpair v_two_sum(vf a, vf b)
{
    vpair s;
    s.h = v_add(a, b);
    vf b_part = v_sub(s.h, a);
    s.l = v_add(v_sub(a, v_sub(s.h, b_part)), v_sub(b, b_part));
    return s;
}

/* a * b, where an operand or the product may be subnormal: by fma this takes a third of the time on Zen 4. */
V_INLINE vf v_mul_subnormal(vf a, vf b) { return v_fma(a, b, v_set(-0.0f)); }

/* a * b exactly, unless the low part underflows. */
V_INLINE vpair v_two_product(vf a, vf b)
{
    vpair p;
    p.h = v_mul(a, b);
    p.l = v_fma(a, b, v_neg(p.h));
    return p;
}

/* a / b as a pair: one division, and its remainder by fma. */
V_INLINE vpair v_quotient(vpair a, vpair b)
{
    vpair q;
    vf inverse = v_div(v_set(1.0f), b.h);
    q.h = v_mul(a.h, inverse);
    vf rest = v_add(v_fnma(q.h, b.h, a.h), v_fnma(q.h, b.l, a.l));
    q.l = v_mul(rest, inverse);
    return q;
}

/* 2^n for -126 <= n <= 127. */
V_INLINE vf v_power_of_two(vi n) { return v_float_of(i_shl(i_add(n, i_set(127)), 23)); }

/* a * 2^n for -252 <= n <= 254 in two steps, of which at most the second rounds if a is near 1. */
V_INLINE vf v_scale(vf a, vi n)
{
    vi half = i_sar(n, 1);
    return v_mul(v_mul(a, v_power_of_two(half)), v_power_of_two(i_sub(n, half)));
}

/* The integer nearest to a * factor, below 2^22 in size, as float and in the low bits of an int: adding 1.5 * 2^23
 * leaves it there. No conversion, so NaN is defined: the int is then meaningless. */
V_INLINE vf v_round_bits(vf a, vf factor, vi *bits)
{
    const vf magic = v_set(0x1.8p23f);
    vf t = v_fma(a, factor, magic);
    *bits = v_bits(t);
    return v_sub(t, magic);
}

/* The same as float and as int. */
V_INLINE vf v_round_parts(vf a, vf factor, vi *n)
{
    vi bits;
    vf rounded = v_round_bits(a, factor, &bits);
    *n = i_sub(bits, i_set(0x4b400000));
    return rounded;
}

/* a with the sign of b, for a >= 0: less than v_copysign. */
V_INLINE vf v_with_sign(vf a, vf b) { return v_float_of(i_or(v_bits(a), i_and(v_bits(b), i_set(INT32_MIN)))); }

/* ---- exponential ------------------------------------------------------------------------ */

/* x + x_low = n ln 2 + r + r_low, |r| <= ln 2 / 2; and q = e^(r + r_low) - 1 - r. Exact up to r; q to 2^-28 or so. */
typedef struct vexp_reduced {
    vf r, q;
    vi n;
} vexp_reduced;

V_INLINE vexp_reduced v_exp_reduce(vf x, vf x_low)
{
    vexp_reduced e;
    vf k = v_round_parts(x, v_set(0x1.715476p0f), &e.n); /* 1/ln 2 */
    /* ln 2 in two parts, the first with so few bits that its subtraction is exact. */
    vf r0 = v_fnma(k, v_set(0x1.62e43p-1f), x);
    vf low = v_fnma(k, v_set(-0x1.05c61p-29f), x_low);
    vpair r = v_fast_two_sum(r0, low);
    vf p = v_set(0x1.9a94e6p-13f);
    p = v_fma(p, r.h, v_set(0x1.6d5166p-10f));
    p = v_fma(p, r.h, v_set(0x1.1115b6p-7f));
    p = v_fma(p, r.h, v_set(0x1.5554e4p-5f));
    p = v_fma(p, r.h, v_set(0x1.555552p-3f));
    p = v_fma(p, r.h, v_set(0.5f));
    e.r = r.h;
    e.q = v_fma(v_mul(r.h, r.h), p, r.l);
    return e;
}

/* e^(x + x_low) = (h + l) 2^n with h + l in [0.7, 1.42]; |x| <= 1000, and up to 170 v_scale can take n. */
typedef struct vexp {
    vf h, l;
    vi n;
} vexp;

V_INLINE vexp v_exp(vf x, vf x_low)
{
    vexp_reduced e = v_exp_reduce(x, x_low);
    vpair one = v_fast_two_sum(v_set(1.0f), e.r);
    vpair s = v_fast_two_sum(one.h, v_add(one.l, e.q));
    vexp result = { s.h, s.l, e.n };
    return result;
}

/* e^x with one rounding, or 2^-60 where it is smaller: for a correction that is lost there, and must not underflow. */
V_INLINE vf v_exp_bounded(vexp e)
{
    const vi least = i_set(-60);
    return v_mul(e.h, v_power_of_two(i_sel(i_gt(e.n, least), e.n, least)));
}

/* e^x - 1 as a pair, relative accuracy kept near 0; -85 <= x <= 80. */
V_INLINE vpair v_expm1(vf x)
{
    vexp_reduced e = v_exp_reduce(x, v_set(0.0f));
    vf power = v_power_of_two(e.n);
    /* 2^n (1 + r + q) - 1 = (2^n - 1) + 2^n r + 2^n q, largest first. */
    vf c = v_sub(power, v_set(1.0f));
    vf c_low = v_sub(power, v_add(c, v_set(1.0f)));
    vpair s = v_fast_two_sum(c, v_mul(power, e.r));
    return v_fast_two_sum(s.h, v_add(v_fma(power, e.q, c_low), s.l));
}

/* e^x = 2^n (1 + s) for -87 <= x <= 88, cheaper: both e^x and its error are normal numbers. */
typedef struct vexp_near {
    vf power, s; /* 2^n */
} vexp_near;

/* The magic number includes the exponent's bias, so that shifting the sum gives 2^n. */
#define V_EXP_NEAR_MAGIC (0x1.8p23f + 127.0f)

/* s = r + r^2 p(r), p of r or, with sign -1, of -r. */
V_INLINE vf v_exp_near_polynomial(vf r, const float sign)
{
    vf p = v_set(0x1.6b71a8p-10f);
    p = v_fma(p, r, v_set(sign * 0x1.1227c2p-7f));
    p = v_fma(p, r, v_set(0x1.555718p-5f));
    p = v_fma(p, r, v_set(sign * 0x1.5554bp-3f));
    return v_fma(p, r, v_set(0x1.fffffep-2f));
}

/* e^x times 2^c, with magic = V_EXP_NEAR_MAGIC + c, c an integer: for |x| <= 2^12 with n + c from -126 to 127. */
V_INLINE vexp_near v_exp_near_times(vf x, vf magic)
{
    vf t = v_fma(x, v_set(0x1.715476p0f), magic), k = v_sub(t, magic);
    vf r = v_fnma(k, v_set(0x1.62e43p-1f), x);
    r = v_fnma(k, v_set(-0x1.05c61p-29f), r);
    vexp_near e = { v_float_of(i_shl(v_bits(t), 23)), v_fma(v_mul(r, r), v_exp_near_polynomial(r, 1.0f), r) };
    return e;
}

V_INLINE vexp_near v_exp_near(vf x) { return v_exp_near_times(x, v_set(V_EXP_NEAR_MAGIC)); }

/* v_exp_near_polynomial for errors that are small beside e^x, not beside s. */
V_INLINE vf v_exp_whole_polynomial(vf r, const float sign)
{
    vf p = v_set(0x1.6a5e34p-10f);
    p = v_fma(p, r, v_set(sign * 0x1.123adp-7f));
    p = v_fma(p, r, v_set(0x1.5558a2p-5f));
    p = v_fma(p, r, v_set(sign * 0x1.55549p-3f));
    return v_fma(p, r, v_set(0x1.fffffcp-2f));
}

/* r^2, and 2^-100 where that is negligible beside 1: underflows take many times as long as other operations. */
V_INLINE vf v_exp_square(vf r) { return v_fma(r, r, v_set(0x1p-100f)); }

/* v_exp_near_times for sums with other terms, 1 + e^x. */
V_INLINE vexp_near v_exp_whole_times(vf x, vf magic)
{
    vf t = v_fma(x, v_set(0x1.715476p0f), magic), k = v_sub(t, magic);
    vf r = v_fnma(k, v_set(0x1.62e43p-1f), x);
    r = v_fnma(k, v_set(-0x1.05c61p-29f), r);
    vexp_near e = { v_float_of(i_shl(v_bits(t), 23)), v_fma(v_exp_square(r), v_exp_whole_polynomial(r, 1.0f), r) };
    return e;
}

V_INLINE vexp_near v_exp_whole(vf x) { return v_exp_whole_times(x, v_set(V_EXP_NEAR_MAGIC)); }

/* The same with the small part of ln 2 added last: one operation more, and one rounding error less. */
V_INLINE vexp_near v_exp_whole_exact(vf x)
{
    const vf magic = v_set(V_EXP_NEAR_MAGIC);
    vf t = v_fma(x, v_set(0x1.715476p0f), magic), k = v_sub(t, magic);
    vf r = v_fnma(k, v_set(0x1.62e43p-1f), x), low = v_mul(k, v_set(0x1.05c61p-29f));
    vf s = v_add(r, v_fma(v_exp_square(r), v_exp_whole_polynomial(r, 1.0f), low));
    vexp_near e = { v_float_of(i_shl(v_bits(t), 23)), s };
    return e;
}

/* The same of e^-x = 2^n (1 - s), without negating x first. */
V_INLINE vexp_near v_exp_whole_minus(vf x)
{
    const vf magic = v_set(V_EXP_NEAR_MAGIC);
    vf t = v_fnma(x, v_set(0x1.715476p0f), magic), k = v_sub(t, magic);
    vf r = v_fma(k, v_set(0x1.62e43p-1f), x);
    r = v_fma(k, v_set(-0x1.05c61p-29f), r);
    vexp_near e = { v_float_of(i_shl(v_bits(t), 23)), v_fnma(v_exp_square(r), v_exp_whole_polynomial(r, -1.0f), r) };
    return e;
}

/* e^(x - excess), excess being small; what is beyond the bias in magic scales it by a power of two. The rounding error
 * of the reduced argument is taken back. */
V_INLINE vexp_near v_exp_whole_less(vf x, vf excess, vf magic)
{
    vf t = v_fma(x, v_set(0x1.715476p0f), magic), k = v_sub(t, magic);
    vf r0 = v_fnma(k, v_set(0x1.62e43p-1f), x), low = v_fnma(k, v_set(0x1.05c61p-29f), excess);
    vf r = v_sub(r0, low);
    vf s = v_sub(r0, v_fnma(v_exp_square(r), v_exp_whole_polynomial(r, 1.0f), low));
    vexp_near e = { v_float_of(i_shl(v_bits(t), 23)), s };
    return e;
}

/* ---- tails: results that may be subnormal are computed 2^64 times as large --------------------- */

#define V_TAIL_SCALE 0x1p-64f
#define V_TAIL_MAGIC (V_EXP_NEAR_MAGIC + 64.0f)

/* 2^64 e^-|x| = 2^n (1 + s), where v_descale gives 0 from 120 on. */
V_INLINE vexp_near v_exp_tail_parts(vf x)
{
    vf z = v_max(v_set(-120.0f), v_float_of(i_or(v_bits(x), i_set(INT32_MIN))));
    return v_exp_whole_times(z, v_set(V_TAIL_MAGIC));
}

/* As a number, rounded. */
V_INLINE vf v_exp_tail(vf x)
{
    vexp_near e = v_exp_tail_parts(x);
    return v_fma(e.power, e.s, e.power);
}

/* a 2^-64, correctly rounded, without an operation whose result is subnormal, which would take many times as long:
 * added to 2^-62, 2^64 times the smallest normal number, sizes below are rounded as they have to be. By the order of
 * v_min's operands NaN stays. */
V_INLINE vf v_descale_positive(vf a)
{
    const vf least = v_set(0x1p-62f);
    vi below = v_bits(v_add(v_min(a, least), least)), above = v_bits(v_mul(v_max(least, a), v_set(V_TAIL_SCALE)));
    /* One of them is least's number, 2 least or least 2^-64. */
    return v_float_of(i_sub(i_add(below, above), i_set(0x21000000)));
}

V_INLINE vf v_descale(vf a) { return v_with_sign(v_descale_positive(v_abs(a)), a); }

/* 2^64 a 2^n for -170 <= n <= 63, a about 1. */
V_INLINE vf v_scale_tail(vf a, vi n) { return v_mul(a, v_power_of_two(i_add(n, i_set(64)))); }

/* Of a function that is a tail, 2^64 times as large, beyond its limits and slope x near 0: what v_descale makes it of.
 */
V_INLINE vf v_tail_or_linear(vf x, const float slope, vf tail)
{
    return v_sel(v_lt(v_abs(x), v_set(1.0f)), v_mul_subnormal(x, v_set(slope / V_TAIL_SCALE)), tail);
}

/* -|x| clamped to `bound`, below which e^x underflows; NaN stays. */
V_INLINE vf v_minus_abs(vf x, float bound) { return v_max(v_set(bound), v_neg(v_abs(x))); }

/* ---- logarithm ---------------------------------------------------------------------------- */

/* ln(1 + t + t_low) for 0 <= t <= 1, as a pair. */
V_INLINE vpair v_log1p(vf t, vf t_low)
{
    /* Above one half: ln 2 + ln(1 + (t-1)/2), where the subtraction is exact. */
    vm big = v_gt(t, v_set(0.5f));
    vf v = v_sel(big, v_mul(v_sub(t, v_set(1.0f)), v_set(0.5f)), t);
    vf v_low = v_sel(big, v_mul(t_low, v_set(0.5f)), t_low);
    vf p = v_set(0x1.33cbcep-5f);
    p = v_fma(p, v, v_set(-0x1.74dac6p-4f));
    p = v_fma(p, v, v_set(0x1.df149ap-4f));
    p = v_fma(p, v, v_set(-0x1.04afap-3f));
    p = v_fma(p, v, v_set(0x1.24644p-3f));
    p = v_fma(p, v, v_set(-0x1.5519c6p-3f));
    p = v_fma(p, v, v_set(0x1.99975ep-3f));
    p = v_fma(p, v, v_set(-0x1.00006ep-2f));
    p = v_fma(p, v, v_set(0x1.55555ap-2f));
    vpair square = v_two_product(v, v);
    /* ln(1+v) = v + (-v^2/2) + (low parts, v^3 p); d/dv ln(1+v) = 1/(1+v), about 1 - v + v^2 for the low part. */
    vf small = v_fma(v_mul(square.h, v), p, v_mul(square.l, v_set(-0.5f)));
    small = v_add(small, v_mul(v_low, v_add(v_sub(v_set(1.0f), v), square.h)));
    vpair s = v_fast_two_sum(v, v_mul(square.h, v_set(-0.5f)));
    small = v_add(small, s.l);
    vf ln2_h = v_sel(big, v_set(0x1.62e43p-1f), v_set(0.0f));
    vf ln2_l = v_sel(big, v_set(-0x1.05c61p-29f), v_set(0.0f));
    vpair sum = v_fast_two_sum(ln2_h, s.h);
    return v_fast_two_sum(sum.h, v_add(v_add(small, ln2_l), sum.l));
}

/* ---- logarithm and powers, in double ------------------------------------------------------- */

/* Where an error is magnified a hundred times, as that of a power in an exponent, a pair of floats would take as long.
 */
V_INLINE vacc acc_mul(vacc a, vacc b) { return acc_fma_wide(acc_zero(), a, b); }
V_INLINE vacc acc_sum(vacc a, vacc b) { return acc_fma_wide(a, b, acc_set(1.0)); }

/* c[0] + c[1] a + ... + c[degree] a^degree: even and odd powers side by side, for half of the latency. */
V_INLINE vacc v_polynomial_wide(const double *c, const int degree, vacc a)
{
    vacc square = acc_mul(a, a), p = acc_set(c[degree]), q = acc_set(c[degree - 1]);
    V_UNROLL
    for (int k = degree - 2; k >= 0; k -= 2)
        p = acc_fma_wide(acc_set(c[k]), p, square);
    V_UNROLL
    for (int k = degree - 3; k >= 0; k -= 2)
        q = acc_fma_wide(acc_set(c[k]), q, square);
    return degree % 2 == 0 ? acc_fma_wide(p, q, a) : acc_fma_wide(q, p, a);
}

/* a = m 2^e for a finite a > 0, m from 1/sqrt 2 to sqrt 2; of 0 and infinity m is 1. */
typedef struct vsplit {
    vf m;
    vi e;
} vsplit;

V_INLINE vsplit v_split(vf a)
{
    vm small = v_lt(a, v_set(FLT_MIN));
    vi bits = v_bits(v_sel(small, v_mul(a, v_set(0x1p24f)), a));
    vi e = i_sar(i_sub(bits, i_set(0x3f3504f3)), 23);
    vsplit s = { v_float_of(i_sub(bits, i_shl(e, 23))), i_sub(e, i_sel(small, i_set(24), i_set(0))) };
    return s;
}

/* exponent + log2(1 + a) to a relative 2^-48, 1 + a from 1/sqrt 2 to sqrt 2: with f = a/(2 + a), log2(1 + a) =
 * 2/ln 2 (f + f^3/3 + f^5/5 ...). */
V_INLINE vacc v_log2_away(vacc a, vf exponent)
{
    static const double c[] = { 0x1.71547652b82fep+1, 0x1.ec709dc3a03fdp-1, 0x1.2776c50ef9bfep-1,
                                0x1.a61762a7aded9p-2, 0x1.484b13d7c02a9p-2, 0x1.0c9a84994022dp-2,
                                0x1.c68f568d31760p-3, 0x1.89f3b1694cffep-3, 0x1.5b9ac9b743f0dp-3 };
    vacc f = acc_div(a, acc_sum(a, acc_set(2.0)));
    vacc s = acc_mul(f, f);
    return acc_fma_wide(acc_of(exponent), f, v_polynomial_wide(c, 8, s));
}

/* exponent + log2 m, m from 1/sqrt 2 to sqrt 2. */
V_INLINE vacc v_log2_wide(vf m, vf exponent) { return v_log2_away(acc_of(v_sub(m, v_set(1.0f))), exponent); }

/* 2^a = m 2^n to a relative 2^-36, m from 1/sqrt 2 to sqrt 2; of |a| > 2000, 2^2000 or 2^-2000. */
typedef struct vpower {
    vacc m;
    vi n;
} vpower;

V_INLINE vpower v_exp2_wide(vacc a)
{
    static const double c[] = { 1.0,
                                0x1.62e42fefa39efp-1,
                                0x1.ebfbdff82c58ep-3,
                                0x1.c6b08d704a0bfp-5,
                                0x1.3b2ab6fba4e77p-7,
                                0x1.5d87fe78a6730p-10,
                                0x1.430912f86c786p-13,
                                0x1.ffcbfc588b0c5p-17,
                                0x1.62c0223a5c822p-20,
                                0x1.b5253d395e7c1p-24 };
    vpower p;
    vf h = acc_round(a);
    vf k = v_round_parts(v_max(v_set(-2000.0f), v_min(v_set(2000.0f), h)), v_set(1.0f), &p.n);
    vacc rest = acc_fma_wide(a, acc_of(k), acc_set(-1.0));
    /* As a pair, because only floats can be selected. */
    vf r = acc_round(rest), r_low = acc_round(acc_fma_wide(rest, acc_of(r), acc_set(-1.0)));
    vm far = v_gt(v_abs(h), v_set(2000.0f));
    rest = acc_sum(acc_of(v_sel(far, v_set(0.0f), r)), acc_of(v_sel(far, v_set(0.0f), r_low)));
    p.m = v_polynomial_wide(c, 9, rest);
    return p;
}

/* ---- sine and cosine ------------------------------------------------------------------------ */

/* x mod pi/2 for any finite x: 2/pi to 256 bits, of which the window that matters is multiplied by x's mantissa (Payne
 * and Hanek 1983). Integer arithmetic up to the last step; rare, so one lane at a time. */
static inline float v_reduce_large(float x, int32_t *quadrant)
{
    static const uint32_t two_over_pi[] = { 0,           0,           0,           0xA2F9836Eu,
                                            0x4E441529u, 0xFC2757D1u, 0xF534DDC0u, 0xDB629599u,
                                            0x3C439041u, 0xFE5163ABu, 0xDEBBC561u };
    int32_t bits;
    memcpy(&bits, &x, sizeof bits);
    int biased = bits >> 23 & 0xff;
    if (biased == 0xff) {
        *quadrant = 0;
        return x - x; /* NaN */
    }
    uint64_t mantissa = (uint64_t)((bits & 0x7fffff) | 0x800000);
    /* |x| = mantissa 2^e. Bits of 2/pi above weight 2^(1-e) only add whole turns; take 96 from there on. The table
     * starts 96 bits before the binary point. */
    int e = biased - 150, first = 96 + e - 2;
    int word = first / 32, shift = first % 32;
    uint32_t w[3];
    for (int i = 0; i < 3; i++) {
        uint64_t two = (uint64_t)two_over_pi[word + i] << 32 | two_over_pi[word + i + 1];
        w[i] = (uint32_t)(two >> (32 - shift));
    }
    uint64_t low = mantissa * w[2];
    uint64_t middle = mantissa * w[1] + (low >> 32);
    uint64_t high = (mantissa * w[0] + (middle >> 32)) << 32 | (middle & 0xffffffffu);
    /* high: two bits of quadrant, then the fraction of a quarter turn; go to the nearest quadrant. */
    uint64_t fraction = high << 2;
    int32_t q = (int32_t)(high >> 62) + (int32_t)(fraction >> 63);
    int64_t signed_fraction;
    memcpy(&signed_fraction, &fraction, sizeof fraction);
    float r = (float)((double)signed_fraction * (0x1p-64 * 1.57079632679489661923));
    *quadrant = bits < 0 ? -q : q;
    return bits < 0 ? -r : r;
}

/* Sines are long chains of operations. Vectors are interleaved step by step to hide latency where the out-of-order
 * window is small, as for two threads on one core. All arrays below have this many vectors. */
#define V_INTERLEAVE (V_LANES > 1 ? 4 : 1)
#define V_EACH for (size_t j = 0; j < V_INTERLEAVE; j++)

/* x + x_low minus the nearest multiple n of a quarter turn, for |x| up to 2^16; only the lowest two bits of n are
 * valid. */
V_INLINE void v_reduce_small(const vf *x, const vf *x_low, vpair *r, vi *n)
{
    vf k[V_INTERLEAVE];
    V_EACH k[j] = v_round_bits(x[j], v_set(0x1.45f306p-1f), &n[j]); /* 2/pi */
    V_EACH r[j].h = v_fnma(k[j], v_set(0x1.921fb6p0f), x[j]);       /* exact */
    V_EACH r[j].h = v_fnma(k[j], v_set(-0x1.777a5cp-25f), r[j].h);
    V_EACH r[j].l = v_fnma(k[j], v_set(-0x1.ee59dap-50f), x_low[j]);
}

/* sin and cos of n quarter turns and an angle r of at most half of one. */
V_INLINE void v_sincos_reduced(const vpair *r, const vi *n, vf *sine, vf *cosine)
{
    vf z[V_INTERLEAVE], s[V_INTERLEAVE], c[V_INTERLEAVE];
    V_EACH z[j] = v_mul(r[j].h, r[j].h);
    V_EACH s[j] = v_fma(v_set(0x1.77db1cp-19f), z[j], v_set(-0x1.a04858p-13f));
    V_EACH c[j] = v_fma(v_set(-0x1.32ca9ap-22f), z[j], v_set(0x1.a063fep-16f));
    V_EACH s[j] = v_fma(s[j], z[j], v_set(0x1.111164p-7f));
    V_EACH c[j] = v_fma(c[j], z[j], v_set(-0x1.6c175p-10f));
    V_EACH s[j] = v_fma(s[j], z[j], v_set(-0x1.555556p-3f));
    V_EACH c[j] = v_fma(c[j], z[j], v_set(0x1.555556p-5f));
    V_EACH
    {
        /* The low part times the cosine, of which two terms are enough. */
        vf low = v_fnma(v_mul(r[j].l, v_set(0.5f)), z[j], r[j].l);
        s[j] = v_add(r[j].h, v_fma(v_mul(s[j], z[j]), r[j].h, low));
    }
    V_EACH c[j] = v_fma(c[j], z[j], v_set(-0.5f));
    V_EACH c[j] = v_fnma(r[j].l, s[j], v_fma(c[j], z[j], v_set(1.0f)));
    V_EACH
    {
        /* An odd n swaps the two; bit 1 of n is the sign of the sine, and of the cosine unless n is odd. */
        vi odd = i_shl(n[j], 31), sign = i_and(i_shl(n[j], 30), i_set(INT32_MIN));
        sine[j] = v_float_of(i_xor(v_bits(v_sel_sign(v_float_of(odd), c[j], s[j])), sign));
        cosine[j] = v_float_of(i_xor(v_bits(v_sel_sign(v_float_of(odd), s[j], c[j])), i_xor(sign, odd)));
    }
}

/* v_sincos for |x| up to 2^16. */
V_INLINE void v_sincos_small(const vf *x, const vf *x_low, vf *sine, vf *cosine)
{
    vi n[V_INTERLEAVE];
    vpair r[V_INTERLEAVE];
    v_reduce_small(x, x_low, r, n);
    v_sincos_reduced(r, n, sine, cosine);
}

/* One vector for which v_reduce_small is wrong in some lanes, those with |x| above 2^16: its r.h and quadrants, to be
 * corrected. Rare, and not inlined: its arrays would be on the stack of every caller, once for each of the interleaved
 * vectors. */
typedef struct vreduced {
    float x[V_LANES], r[V_LANES];
    int32_t n[V_LANES];
} vreduced;

static V_NOINLINE void v_reduce_any(vreduced *v)
{
    for (int i = 0; i < V_LANES; i++)
        if (v->x[i] > 0x1p16f || v->x[i] < -0x1p16f)
            v->r[i] = v_reduce_large(v->x[i], &v->n[i]);
}

/* sin and cos of x + x_low, NaN for infinities; absolute error below 1.25 2^-24, whatever x is. */
V_INLINE void v_sincos(const vf *x, const vf *x_low, vf *sine, vf *cosine)
{
    vi n[V_INTERLEAVE];
    vpair r[V_INTERLEAVE];
    vreduced any;
    v_reduce_small(x, x_low, r, n);
    V_EACH
    {
        vm large = v_gt(v_abs(x[j]), v_set(0x1p16f));
        if (!m_any(large))
            continue;
        v_store(any.x, x[j]);
        v_store(any.r, r[j].h);
        memcpy(any.n, &n[j], sizeof any.n);
        v_reduce_any(&any);
        r[j].h = v_load(any.r);
        r[j].l = v_sel(large, x_low[j], r[j].l);
        memcpy(&n[j], any.n, sizeof n[j]);
    }
    v_sincos_reduced(r, n, sine, cosine);
}

/* x + x_low minus the nearest multiple of a half turn, for |x| up to 2^16; negated if the multiple is odd. */
V_INLINE void v_reduce_by_halves(const vf *x, const vf *x_low, vf *r)
{
    vi n[V_INTERLEAVE];
    vf k[V_INTERLEAVE];
    V_EACH k[j] = v_round_bits(x[j], v_set(0x1.45f306p-2f), &n[j]); /* 1/pi */
    V_EACH r[j] = v_fnma(k[j], v_set(0x1.921fb6p1f), x[j]);         /* exact */
    /* The small parts one by one: the rounding of their sum would be large relative to a small r. */
    V_EACH r[j] = v_fnma(k[j], v_set(-0x1.777a5cp-24f), r[j]);
    V_EACH r[j] = v_add(r[j], v_fnma(k[j], v_set(-0x1.ee59dap-49f), x_low[j]));
    V_EACH r[j] = v_float_of(i_xor(v_bits(r[j]), i_shl(n[j], 31)));
}

/* sin of r, at most a quarter turn. */
V_INLINE void v_sine_reduced(const vf *r, vf *sine)
{
    vf z[V_INTERLEAVE], s[V_INTERLEAVE];
    V_EACH z[j] = v_mul(r[j], r[j]);
    V_EACH s[j] = v_fma(v_set(0x1.5dc902p-19f), z[j], v_set(-0x1.9f70fp-13f));
    V_EACH s[j] = v_fma(s[j], z[j], v_set(0x1.110edap-7f));
    V_EACH s[j] = v_fma(s[j], z[j], v_set(-0x1.55554cp-3f));
    V_EACH s[j] = v_mul(s[j], z[j]);
    V_EACH sine[j] = v_fma(s[j], r[j], r[j]);
}

/* sin of x + x_low, NaN for infinities; absolute error below 2.25 2^-24, whatever x is. */
V_INLINE void v_sine(const vf *x, const vf *x_low, vf *sine)
{
    vf half[V_INTERLEAVE];
    v_reduce_by_halves(x, x_low, half);
    v_sine_reduced(half, sine);
    vm large[V_INTERLEAVE], any = m_set(0);
    V_EACH
    {
        large[j] = v_not_le(v_abs(x[j]), v_set(0x1p16f));
        any = m_or(any, large[j]);
    }
    if (!m_any(any))
        return;
    vf s[V_INTERLEAVE], c[V_INTERLEAVE];
    v_sincos(x, x_low, s, c);
    V_EACH sine[j] = v_sel(large[j], s[j], sine[j]);
}

#undef V_EACH

#endif
