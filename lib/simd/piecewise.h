/* Piecewise polynomials with coefficients from tables of sixteen or thirty-two intervals (simd/tables.h; simd/tables.py
 * finds them). First comes the centre of an interval, then its coefficients, highest power first. */
#ifndef ACTIV_SIMD_PIECEWISE_H
#define ACTIV_SIMD_PIECEWISE_H

#include "simd/simd.h"
#include "simd/tables.h"

/* f = (p r + c1) r + c0, each of its lane's interval. */
typedef struct vpiece {
    vf r, p, c1, c0;
} vpiece;

#define V_MOST_TERMS 12

/* out[k] = columns[k][i] = rows[i][k], where only the low bits of i count. */
V_INLINE void v_terms(const float *columns, const float *rows, int intervals, int count, vi i, vf *out)
{
    if (intervals >= V_ROWS_FROM) {
        int32_t at[V_LANES];
        /* Rows of eight or twelve. */
        vi row = i_and(i, i_set(intervals - 1)), eights = i_shl(row, 3);
        i_store(at, count <= 8 ? eights : i_add(eights, i_shl(row, 2)));
        for (int k = 0; k < count; k += 4)
            v_rows4(rows + k, at, out + k);
        return;
    }
    for (int k = 0; k < count; k++)
        out[k] = intervals == 16 ? v_lookup16(columns + 16 * k, i) : v_lookup32(columns + 32 * k, i);
}

V_INLINE vpiece v_piece(const float *columns, const float *rows, int intervals, int count, vi i, vf x)
{
    vf t[V_MOST_TERMS];
    v_terms(columns, rows, intervals, count, i, t);
    vpiece f = { v_sub(x, t[0]), t[1], t[count - 2], t[count - 1] };
    for (int k = 2; k < count - 2; k++)
        f.p = v_fma(f.p, f.r, t[k]);
    return f;
}

/* The polynomial of the interval i of v_NAME_table at x. */
#define V_PIECE(name, i, x) v_piece(name##_table[0], name##_rows[0], sizeof name##_table[0] / sizeof(float), \
                                    sizeof name##_table / sizeof name##_table[0], i, x)

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

#define V_TANH_SLOPE_LIMIT 7.7f
V_INLINE vi v_tanh_slope_index(vf a) { return v_index(a, v_set(2.0f)); }

V_INLINE vi v_tanh_index(vf a)   /* a <= 9.2 */
{
    return i_shr(v_bits(v_fma(a, v_set(1.63f), v_set(1.0f))), 21);
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
