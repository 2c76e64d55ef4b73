/* Piecewise polynomials of degree 6, 7 or 8 with coefficients from tables of 8, 16 or 32 intervals. Eight words for
 * each: the centre of the interval, then coefficients, highest power first. Of degrees 7 and 8 the highest powers have
 * no words of their own: their first bits are the last bits of the first two words, which belong to these as well.
 *
 * A table is written once, as a list of X(word, ...) for each interval, and compiled in the layout that the tier reads:
 * interval after interval, or word after word. functions/tables/generate.py makes such lists. */
#ifndef ACTIV_SIMD_PIECEWISE_H
#define ACTIV_SIMD_PIECEWISE_H

#include "simd/simd.h"

#define V_WORDS 8         /* of an interval */
#define V_TOP_BITS 11     /* of the highest coefficient, behind the centre */
#define V_SEVENTH_BITS 14 /* of c7 behind c6, if the highest is c8 */

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

/* What is between the braces of a table of so many intervals. */
#if V_ROWS_FROM <= 8
#    define V_TABLE8 V_BY_INTERVAL
#else
#    define V_TABLE8 V_BY_WORD
#endif
#if V_ROWS_FROM <= 16
#    define V_TABLE16 V_BY_INTERVAL
#else
#    define V_TABLE16 V_BY_WORD
#endif
#if V_ROWS_FROM <= 32
#    define V_TABLE32 V_BY_INTERVAL
#else
#    define V_TABLE32 V_BY_WORD
#endif

/* f = (p r + c1) r + c0, each of its lane's interval. */
typedef struct vpiece {
    vf r, p, c1, c0;
} vpiece;

/* out[k]: word k of interval i, where only the low bits of i count. */
V_INLINE void v_words(const float *table, int intervals, vi i, vf *out)
{
    if (intervals >= V_ROWS_FROM) {
        int32_t at[V_LANES];
        i_store(at, i_shl(i_and(i, i_set(intervals - 1)), 3));
        for (int k = 0; k < V_WORDS; k += 4)
            v_rows4(table + k, at, out + k);
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

/* x f, with f as a pair: its linear part with the error of its rounding, and the rest. */
V_INLINE vf v_piece_times(vpiece f, vf x)
{
    vf h = v_fma(f.c1, f.r, f.c0), l = v_fma(f.c1, f.r, v_sub(f.c0, h));
    l = v_fma(f.p, v_mul(f.r, f.r), l);
    return v_fma(x, h, v_mul(x, l));
}

/* For f with f(x) + f(-x) = 1: f(x) from q = f(-|x|), and x f(x) from p = x f(-|x|). */
V_INLINE vf v_of_both_signs(vf q, vf x) { return v_sel_sign(x, q, v_sub(v_set(1.0f), q)); }

V_INLINE vf v_product_of_both_signs(vf p, vf x) { return v_sel_sign(x, p, v_sub(x, p)); }

/* Outside of [-limit, limit], or NaN. */
V_INLINE vm v_beyond(vf x, float limit) { return v_not_le(v_abs(x), v_set(limit)); }

/* The whole number nearest to a step, in the low bits; NaN and what is too large give some number. */
V_INLINE vi v_index(vf a, vf step) { return v_bits(v_fma(a, step, v_set(0x1.8p23f))); }

#endif
