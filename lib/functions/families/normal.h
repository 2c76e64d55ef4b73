/* Shared by the functions built on the normal distribution: Phi(-a) = g(a) e^(-a^2/2) for a >= 0, g being Mills' ratio
 * up to a factor, which falls slowly from 1/2: the whole relative size of the tail is in the exponential. (1 + erf
 * would cancel to nothing below -5.5.) Coefficients: families/normal.sollya. */
#ifndef ACTIV_FUNCTIONS_FAMILIES_NORMAL_H
#define ACTIV_FUNCTIONS_FAMILIES_NORMAL_H

#include "functions/loops.h"
#include "simd/math.h"

/* e^(-a^2/2). The square is a pair, or its rounding would be magnified a^2/2 times; 2^-100 less, not to underflow. */
V_INLINE vexp_near normal_exp(vf a, float magic)
{
    vf half = v_mul(a, v_set(-0.5f)), z = v_fma(half, a, v_set(-0x1p-100f));
    return v_exp_whole_less(z, v_fnma(half, a, z), v_set(magic));
}

/* ---- fast path --------------------------------------------------------------------------------- */

#define NORMAL_LIMIT 6.45f

/* Times the power of two of normal_exp with this magic, by adding to the exponent: b is not 0, or n is. */
#define NORMAL_MAGIC 0x1.8p23f

V_INLINE vf normal_scale(vf b, vexp_near e)
{
    return v_float_of(i_add(v_bits(b), v_bits(e.power)));
}

/* g in four pieces, by half octaves of 3 + 1.39 a. */
V_INLINE vi normal_piece(vf a)
{
    return i_shr(v_bits(v_fma(a, v_set(1.39f), v_set(3.0f))), 22);
}

/* The polynomial of a piece by y = a - m; words: the coefficients, lowest first. */
V_INLINE vf normal_polynomial(const float (*words)[4], const int degree, vi piece, vf y)
{
    vf q = v_lookup4(words[degree], piece);
    V_UNROLL
    for (int k = degree - 1; k >= 0; k--)
        q = v_fma(q, y, v_lookup4(words[k], piece));
    return q;
}

/* ---- slow path, right everywhere beyond -------------------------------------------------------- */

/* a clamped to where the slow path is right: from NORMAL_LIMIT to where e^(-a^2/2) underflows. */
V_INLINE vf normal_far_argument(vf x)
{
    return v_min(v_set(15.0f), v_max(v_set(NORMAL_LIMIT), v_abs(x)));
}

V_INLINE vf normal_far_mills(vf a)
{
    vf y = v_sub(a, v_set(0x1.505f68p3f)), p = v_set(0x1.09992cp-39f);
    p = v_fma(p, y, v_set(-0x1.83c71cp-36f));
    p = v_fma(p, y, v_set(0x1.6d39ap-33f));
    p = v_fma(p, y, v_set(-0x1.ffdd84p-30f));
    p = v_fma(p, y, v_set(0x1.7eb9b6p-26f));
    p = v_fma(p, y, v_set(-0x1.0a919ep-22f));
    p = v_fma(p, y, v_set(0x1.6ee378p-19f));
    p = v_fma(p, y, v_set(-0x1.f6cf7ep-16f));
    p = v_fma(p, y, v_set(0x1.55d48ep-12f));
    p = v_fma(p, y, v_set(-0x1.ccef8cp-9f));
    p = v_fma(p, y, v_set(0x1.342a5ep-5f));
    return p;
}

/* (b + b_low) e^(-a^2/2), b about 1. */
V_INLINE vf normal_far_times(vf b, vf b_low, vf a)
{
    vexp_near e = normal_exp(a, V_TAIL_MAGIC);
    return v_descale(v_mul(v_add(b, v_fma(b, e.s, b_low)), e.power));
}

#endif
