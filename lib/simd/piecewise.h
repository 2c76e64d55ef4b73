/* Piecewise polynomials of degree 6, 7 or 8 with coefficients from tables of 8, 16 or 32 intervals. Eight words for
 * each: the centre of the interval, then coefficients, highest power first. Degrees 7 and 8 have no words for the
 * highest powers: the upper bits of these coefficients are the low bits of the first two words, which are used as they
 * are, low bits and all.
 *
 * A table is written once, as a list of X(word, ...) for each interval, and compiled in the layout that the tier reads:
 * interval after interval, or word after word. functions/tables/generate.py makes such lists. */
#ifndef ACTIV_SIMD_PIECEWISE_H
#define ACTIV_SIMD_PIECEWISE_H

#include "simd/simd.h"

#define V_WORDS 8         /* per interval */
#define V_TOP_BITS 11     /* of the highest coefficient, in the centre's low bits */
#define V_SEVENTH_BITS 14 /* of c7 in c6's low bits, if the highest is c8 */

#define V_ALL_WORDS(a, b, c, d, e, f, g, h) a, b, c, d, e, f, g, h,
#define V_WORD0(a, b, c, d, e, f, g, h) a,
#define V_WORD1(a, b, c, d, e, f, g, h) b,
#define V_WORD2(a, b, c, d, e, f, g, h) c,
#define V_WORD3(a, b, c, d, e, f, g, h) d,
#define V_WORD4(a, b, c, d, e, f, g, h) e,
#define V_WORD5(a, b, c, d, e, f, g, h) f,
#define V_WORD6(a, b, c, d, e, f, g, h) g,
#define V_WORD7(a, b, c, d, e, f, g, h) h,
#define V_BY_INTERVAL(list) list(V_ALL_WORDS)
#define V_BY_WORD(list) \
    list(V_WORD0) list(V_WORD1) list(V_WORD2) list(V_WORD3) list(V_WORD4) list(V_WORD5) list(V_WORD6) list(V_WORD7)

/* The initialiser of a table of 8, 16 or 32 intervals, in the tier's layout. */
#if V_GATHER_FROM <= 8
#    define V_TABLE8 V_BY_INTERVAL
#else
#    define V_TABLE8 V_BY_WORD
#endif
#if V_GATHER_FROM <= 16
#    define V_TABLE16 V_BY_INTERVAL
#else
#    define V_TABLE16 V_BY_WORD
#endif
#if V_GATHER_FROM <= 32
#    define V_TABLE32 V_BY_INTERVAL
#else
#    define V_TABLE32 V_BY_WORD
#endif

/* f = (p r + c1) r + c0, with each lane's interval. */
typedef struct vpiece {
    vf r, p, c1, c0;
} vpiece;

/* out[k]: word k of interval i; upper bits of i are ignored. */
V_INLINE void v_words(const float *table, int intervals, vi i, vf *out)
{
    if (intervals >= V_GATHER_FROM) {
        int32_t at[V_LANES];
        i_store(at, i_shl(i_and(i, i_set(intervals - 1)), 3));
        for (int k = 0; k < V_WORDS; k += 4)
            v_gather4(table + k, at, out + k);
        return;
    }
    for (int k = 0; k < V_WORDS; k++)
        out[k] = intervals == 8    ? v_lookup8(table + 8 * k, i)
                 : intervals == 16 ? v_lookup16(table + 16 * k, i)
                                   : v_lookup32(table + 32 * k, i);
}

/* The polynomial of interval i at x. */
V_INLINE vpiece v_piece(const float *table, int intervals, int degree, vi i, vf x)
{
    vf t[V_WORDS];
    v_words(table, intervals, i, t);
    vf r = v_sub(x, t[0]), top = v_float_of(i_shl(v_bits(t[0]), 32 - V_TOP_BITS));
    vpiece f = { r, t[1], t[V_WORDS - 2], t[V_WORDS - 1] };
    if (degree == 7)
        f.p = v_fma(top, r, t[1]);
    if (degree == 8)
        f.p = v_fma(v_fma(top, r, v_float_of(i_shl(v_bits(t[1]), 32 - V_SEVENTH_BITS))), r, t[1]);
    for (int k = 2; k < V_WORDS - 2; k++)
        f.p = v_fma(f.p, r, t[k]);
    return f;
}

V_INLINE vf v_piece_value(vpiece f) { return v_fma(v_fma(f.p, f.r, f.c1), f.r, f.c0); }

/* x f, f being a pair: the linear part, and its rounding error plus the higher powers. */
V_INLINE vf v_piece_times(vpiece f, vf x)
{
    vf h = v_fma(f.c1, f.r, f.c0), l = v_fma(f.c1, f.r, v_sub(f.c0, h));
    l = v_fma(f.p, v_mul(f.r, f.r), l);
    return v_fma(x, h, v_mul(x, l));
}

/* For f with f(x) + f(-x) = 1: f(x) from q = f(-|x|), and x f(x) from p = x f(-|x|). */
V_INLINE vf v_of_both_signs(vf q, vf x) { return v_sel_sign(x, q, v_sub(v_set(1.0f), q)); }

V_INLINE vf v_product_of_both_signs(vf p, vf x) { return v_sel_sign(x, p, v_sub(x, p)); }

/* The integer nearest to a * step, in the low bits; any number if that is NaN or too large. */
V_INLINE vi v_index(vf a, vf step) { return v_bits(v_fma(a, step, v_set(0x1.8p23f))); }

#endif
