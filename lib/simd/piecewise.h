/* Piecewise polynomials with coefficients from tables of sixteen or thirty-two (simd/tables.h; simd/tables.py finds
 * them). Row 0 of a table holds the centres of the intervals, the others the coefficients, highest power first. */
#ifndef ACTIV_SIMD_PIECEWISE_H
#define ACTIV_SIMD_PIECEWISE_H

#include "simd/simd.h"
#include "simd/tables.h"

/* f = (p r + c1) r + c0, each of its lane's interval. */
typedef struct vpiece {
    vf r, p, c1, c0;
} vpiece;

#define V_ROWS(table) ((int)(sizeof(table) / sizeof(table)[0]))

V_INLINE vpiece v_piece16(const float (*table)[16], int rows, vi i, vf x)
{
    vpiece f;
    f.r = v_sub(x, v_lookup16(table[0], i));
    f.p = v_lookup16(table[1], i);
    for (int k = 2; k < rows - 2; k++)
        f.p = v_fma(f.p, f.r, v_lookup16(table[k], i));
    f.c1 = v_lookup16(table[rows - 2], i);
    f.c0 = v_lookup16(table[rows - 1], i);
    return f;
}

V_INLINE vpiece v_piece32(const float (*table)[32], int rows, vi i, vf x)
{
    vpiece f;
    f.r = v_sub(x, v_lookup32(table[0], i));
    f.p = v_lookup32(table[1], i);
    for (int k = 2; k < rows - 2; k++)
        f.p = v_fma(f.p, f.r, v_lookup32(table[k], i));
    f.c1 = v_lookup32(table[rows - 2], i);
    f.c0 = v_lookup32(table[rows - 1], i);
    return f;
}

#define V_PIECE16(table, i, x) v_piece16(table, V_ROWS(table), i, x)
#define V_PIECE32(table, i, x) v_piece32(table, V_ROWS(table), i, x)

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
