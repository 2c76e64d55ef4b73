/* Piecewise polynomials of degree 6, 7 or 8 with coefficients from tables of 8, 16 or 32 intervals (simd/tables.h;
 * simd/tables.py finds them). Eight words for each: the centre of the interval, then coefficients, highest power first. Those
 * that find no place of their own are in the last bits of the first two words, which belong to these as well. */
#ifndef ACTIV_SIMD_PIECEWISE_H
#define ACTIV_SIMD_PIECEWISE_H

#include "simd/simd.h"
#include "simd/tables.h"

/* f = (p r + c1) r + c0, each of its lane's interval. */
typedef struct vpiece {
    vf r, p, c1, c0;
} vpiece;

/* out[k] = columns[k][i] = rows[i][k], where only the low bits of i count. */
V_INLINE void v_words(const float *columns, const float *rows, int intervals, vi i, vf *out)
{
    if (intervals >= V_ROWS_FROM) {
        int32_t at[V_LANES];
        i_store(at, i_shl(i_and(i, i_set(intervals - 1)), 3));
        for (int k = 0; k < V_WORDS; k += 4)
            v_rows4(rows + k, at, out + k);
        return;
    }
    for (int k = 0; k < V_WORDS; k++)
        out[k] = intervals == 8 ? v_lookup8(columns + 8 * k, i)
               : intervals == 16 ? v_lookup16(columns + 16 * k, i)
               : v_lookup32(columns + 32 * k, i);
}

V_INLINE vpiece v_piece(const float *columns, const float *rows, int intervals, int degree, vi i, vf x)
{
    vf t[V_WORDS];
    v_words(columns, rows, intervals, i, t);
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

/* The polynomial of the interval i of v_NAME_table at x. */
#define V_PIECE(name, i, x) v_piece(name##_table[0], name##_rows[0], sizeof name##_table[0] / sizeof(float), \
                                    name##_degree, i, x)

V_INLINE vf v_piece_value(vpiece f)
{
    return v_fma(v_fma(f.p, f.r, f.c1), f.r, f.c0);
}

/* x f, with f as a pair: its linear part with the error of its rounding, and the rest. */
V_INLINE vf v_piece_times(vpiece f, vf x)
{
    vf h = v_fma(f.c1, f.r, f.c0), l = v_fma(f.c1, f.r, v_sub(f.c0, h));
    l = v_fma(f.p, v_mul(f.r, f.r), l);
    return v_fma(x, h, v_mul(x, l));
}

/* For f with f(x) + f(-x) = 1: f(x) from q = f(-|x|), and x f(x) from p = x f(-|x|). */
V_INLINE vf v_of_both_signs(vf q, vf x)
{
    return v_sel_sign(x, q, v_sub(v_set(1.0f), q));
}

V_INLINE vf v_product_of_both_signs(vf p, vf x)
{
    return v_sel_sign(x, p, v_sub(x, p));
}

/* Outside of [-limit, limit], or NaN. */
V_INLINE vm v_beyond(vf x, float limit)
{
    return v_not_le(v_abs(x), v_set(limit));
}

/* The whole number nearest to a step, in the low bits; NaN and what is too large give some number. */
V_INLINE vi v_index(vf a, vf step)
{
    return v_bits(v_fma(a, step, v_set(0x1.8p23f)));
}

/* How the tables of a = |x| are cut, as in tables.py. A limit lies below the end of the last interval. */
#define V_EVEN_LIMIT 11.75f
V_INLINE vi v_even_index(vf a) { return v_index(a, v_set(1.3125f)); }
V_INLINE vi v_wide_index(vf a) { return v_index(a, v_set(0.6375f)); }

#define V_TANH_SLOPE_LIMIT 7.7f
V_INLINE vi v_tanh_slope_index(vf a) { return v_index(a, v_set(2.0f)); }

V_INLINE vi v_tanh_index(vf a)   /* a <= 9.2 */
{
    return i_shr(v_bits(v_fma(a, v_set(1.63f), v_set(1.0f))), 22);
}

#define V_NORMAL_LIMIT 6.4375f
V_INLINE vi v_normal_index(vf a) { return v_index(a, v_fma(a, v_set(0.28f), v_set(0.55f))); }

#define V_GELU_SLOPE_LIMIT 6.9f
V_INLINE vi v_gelu_slope_index(vf a) { return v_index(a, v_fma(a, v_set(0.25f), v_set(0.5f))); }

#define V_GELU_TANH_LIMIT 6.95f
V_INLINE vi v_gelu_tanh_index(vf a)
{
    return v_index(a, v_fma(v_mul(a, a), v_set(0.062f), v_set(1.4f)));
}

/* The signed tables go from -9.69 to 10.3; from V_MISH_TOP on the functions no longer change. */
#define V_MISH_BOTTOM (-9.65f)
#define V_MISH_TOP 10.25f
V_INLINE vi v_mish_index(vf x) { return v_index(x, v_set(1.6f)); }

#endif
