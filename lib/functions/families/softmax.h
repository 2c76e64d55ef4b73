/* What softmax and log_softmax share: the exponentials of a row and their sum.
 *
 * Neither function changes if the same amount is taken from every x. That amount is n ln 2 here, n the whole number
 * nearest to m/ln 2, m the largest x: it costs the exponential an integer, where x - m would be rounded, and its error
 * magnified |x - m| times. Where m is large, x - m is exact, and comes first.
 *
 * Exponentials stay multiplied by 2^60 / 2^n and are normal numbers down to where results vanish: a result in the
 * subnormal range is rounded once, at its end. */
#ifndef ACTIV_FUNCTIONS_FAMILIES_SOFTMAX_H
#define ACTIV_FUNCTIONS_FAMILIES_SOFTMAX_H

#include <math.h>

#include "functions/kernel.h"
#include "simd/blocks.h"
#include "simd/math.h"

#define SOFTMAX_POWER 60
/* From |m| = 512 on, x - m is exact for every x that is not too far below m to matter. */
#define SOFTMAX_LARGE 512.0f
/* What is farther below m counts as if it were here: e^-125 is too small for any y, and for any sum. */
#define SOFTMAX_DEPTH 125.0f

/* Rows are treated in groups, all of them step by step: so none waits for its sum. Their exponentials have room here,
 * but for those of a row that is longer than that. */
#define SOFTMAX_ROWS 16
#define SOFTMAX_ROOM 2048

typedef struct softmax_group {
    size_t count;
    size_t apart;                /* of the rows in `room`: a multiple of a block */
    float largest[SOFTMAX_ROWS]; /* m; NaN where no x is finite or one is +inf: that makes all the row's results NaN */
    float from[SOFTMAX_ROWS];    /* what comes off x before the exponential: 0, or m */
    float lowest[SOFTMAX_ROWS];  /* of x - from */
    float magic[SOFTMAX_ROWS];   /* of v_exp_near_times */
    float room[SOFTMAX_ROOM];
} softmax_group;

/* True in the first `lanes` lanes. */
V_INLINE vm softmax_lanes(size_t lanes)
{
    static const float ones[V_BLOCK] = { 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1 };
    return v_gt(v_load_some(ones, lanes), v_set(0.0f));
}

/* In each lane the largest of some x but for NaN; -inf if there is none. */
V_INLINE vf softmax_largest(size_t columns, const float *x)
{
    vf largest[4];
    V_UNROLL
    for (size_t k = 0; k < 4; k++)
        largest[k] = v_set(-INFINITY);
    size_t i = 0;
    for (; i + 4 * V_LANES <= columns; i += 4 * V_LANES) {
        V_UNROLL
        for (size_t k = 0; k < 4; k++)
            largest[k] = v_max(v_load(x + i + k * V_LANES), largest[k]);
    }
    for (; i + V_LANES <= columns; i += V_LANES)
        largest[0] = v_max(v_load(x + i), largest[0]);
    if (i < columns && columns >= V_LANES)
        largest[1] = v_max(v_load(x + columns - V_LANES), largest[1]); /* some of them again */
    else if (i < columns)
        largest[1] = v_sel(softmax_lanes(columns), v_load_part(x, columns), largest[1]);
    return v_max(v_max(largest[0], largest[1]), v_max(largest[2], largest[3]));
}

/* A vector for each row of a group. */
enum { SOFTMAX_WIDTH = V_LANES < 4 ? 4 : V_LANES };
typedef struct softmax_vectors {
    float row[SOFTMAX_ROWS][SOFTMAX_WIDTH];
} softmax_vectors;

V_INLINE void softmax_set(softmax_vectors *v, size_t r, vf first, vf others)
{
    for (size_t k = 0; k < SOFTMAX_WIDTH; k += V_LANES)
        v_store(v->row[r] + k, k == 0 ? first : others);
}

typedef vf softmax_join(vf a, vf b);

/* All lanes of each vector joined; what becomes of row first + i is lane i of the result. */
V_INLINE vf softmax_across(softmax_join *join, const softmax_vectors *v, size_t count, size_t first)
{
    const float *lanes[V_LANES];
    for (size_t k = 0; k < V_LANES; k++)
        lanes[k] = v->row[first + k < count ? first + k : 0];
    vf some[4], all[SOFTMAX_WIDTH / 4];
    for (size_t k = 0; k < SOFTMAX_WIDTH / 4; k++) {
        v_turn4(lanes, 4 * k, some);
        all[k] = join(join(some[0], some[1]), join(some[2], some[3]));
    }
    for (size_t k = 1; k < SOFTMAX_WIDTH / 4; k++)
        all[0] = join(all[0], all[k]);
    return all[0];
}

/* Takes as many rows as go together, and sets out what is known of them once their m is. */
V_INLINE void softmax_begin(softmax_group *g, size_t rows, size_t columns, const float *x, size_t x_stride)
{
    softmax_vectors largest;
    g->apart = (columns + V_BLOCK - 1) / V_BLOCK * V_BLOCK;
    size_t fit = SOFTMAX_ROOM / g->apart, most = fit < 1 ? 1 : fit < SOFTMAX_ROWS ? fit : SOFTMAX_ROWS;
    g->count = most < rows ? most : rows;
    for (size_t r = 0; r < g->count; r++) {
        vf some = softmax_largest(columns, x + r * x_stride);
        softmax_set(&largest, r, some, some);
    }
    for (size_t first = 0; first < g->count; first += V_LANES) {
        vf m = softmax_across(v_max, &largest, g->count, first);
        m = v_sel(v_le(v_abs(m), v_set(FLT_MAX)), m, v_set(NAN));
        vf from = v_sel(v_le(v_abs(m), v_set(SOFTMAX_LARGE)), v_set(0.0f), m), rest = v_sub(m, from);
        vi unused;
        vf n = v_round_bits(rest, v_set(0x1.715476p0f), &unused); /* 1/ln 2 */
        v_store(g->largest + first, m);
        v_store(g->from + first, from);
        v_store(g->lowest + first, v_sub(rest, v_set(SOFTMAX_DEPTH)));
        v_store(g->magic + first, v_sub(v_set(V_EXP_NEAR_MAGIC + SOFTMAX_POWER), n));
    }
}

/* Where the exponentials of row r stay: `other`, if there is no room. */
V_INLINE float *softmax_place(softmax_group *g, size_t r, float *other)
{
    return g->apart <= SOFTMAX_ROOM ? g->room + r * g->apart : other;
}

/* One row's numbers, in all lanes. */
typedef struct softmax_row {
    vf largest, from, lowest, magic;
} softmax_row;

V_INLINE softmax_row softmax_row_of(const softmax_group *g, size_t r)
{
    softmax_row row = { v_set(g->largest[r]), v_set(g->from[r]), v_set(g->lowest[r]), v_set(g->magic[r]) };
    return row;
}

/* 2^60 e^x / 2^n. NaN stays NaN, and all is NaN where m is. */
V_INLINE vf softmax_exponential(const softmax_row *row, vf x)
{
    vexp_near e = v_exp_near_times(v_max(row->lowest, v_sub(x, row->from)), row->magic);
    return v_fma(e.power, e.s, e.power);
}

/* Of the elements from `at` on, `lanes` of them: the terms of a sum, 0 in other lanes. part: of a block. */
typedef vf softmax_term(const softmax_row *row, void *state, size_t at, size_t lanes, size_t part);

V_INLINE vf softmax_only(size_t lanes, vf term)
{
    return lanes < V_LANES ? v_sel(softmax_lanes(lanes), term, v_set(0.0f)) : term;
}

/* Sixteen partial sums in double, term i in number i mod 16. `paired`: of four blocks of sixteen, two and two are added
 * in float first, which is faster; what is left behind these goes block by block. */
V_INLINE double softmax_sum(softmax_term *term, const int paired, const softmax_row row, size_t columns, void *state)
{
    const vf one = v_set(1.0f);
    vsum sum = v_sum_zero();
    vf e[4];
    size_t i = 0;
    for (; i + 4 * V_BLOCK <= columns; i += 4 * V_BLOCK) {
        V_UNROLL
        for (size_t j = 0; j < V_PER_BLOCK; j++) {
            V_UNROLL
            for (size_t b = 0; b < 4; b++)
                e[b] = term(&row, state, i + b * V_BLOCK + j * V_LANES, V_LANES, j);
            V_UNROLL
            for (size_t b = 0; b < 4; b += 2) {
                if (paired) {
                    sum.part[j] = acc_fma(sum.part[j], v_add(e[b], e[b + 1]), one);
                } else {
                    sum.part[j] = acc_fma(sum.part[j], e[b], one);
                    sum.part[j] = acc_fma(sum.part[j], e[b + 1], one);
                }
            }
        }
    }
    for (; i < columns; i += V_BLOCK) {
        V_UNROLL
        for (size_t j = 0; j < V_PER_BLOCK; j++) {
            size_t lanes = v_part_lanes(columns - i, j);
            if (lanes == 0)
                break;
            sum.part[j] = acc_fma(sum.part[j], term(&row, state, i + j * V_LANES, lanes, j), one);
        }
    }
    return v_sum_total(sum);
}

/* A row that has no result: the same NaN everywhere, not what arithmetic makes of several on each CPU in another way.
 */
V_INLINE int softmax_has_none(double sum, size_t columns, float *out)
{
    if (sum == sum)
        return 0;
    for (size_t i = 0; i < columns; i += V_LANES)
        v_store_some(out + i, v_part_lanes(columns - i, 0), v_float_of(i_set(0x7fc00000)));
    return 1;
}

/* What goes back through a row. */
typedef struct softmax_back {
    const float *x, *dy;
    float *e;    /* where the exponentials stay; NULL: they are made twice */
    int padded;  /* there is room for whole vectors */
    vsum dy_sum; /* of dy, for log_softmax; of dy times the exponentials, for softmax */
    vf dy_size;  /* the largest |dy| */
} softmax_back;

/* dx may be dy or x, which are needed to the end. */
V_INLINE softmax_back softmax_back_of(softmax_group *g, size_t r, const float *x, const float *dy, float *dx)
{
    softmax_back b = { .x = x, .dy = dy, .e = softmax_place(g, r, dx == dy || dx == x ? NULL : dx) };
    b.padded = b.e && b.e != dx;
    b.dy_sum = v_sum_zero();
    b.dy_size = v_set(0.0f);
    return b;
}

V_INLINE vf softmax_make(const softmax_row *row, const softmax_back *b, size_t at, size_t lanes)
{
    vf e = softmax_only(lanes, softmax_exponential(row, v_load_some(b->x + at, lanes)));
    if (b->e)
        v_store_some(b->e + at, b->padded ? V_LANES : lanes, e);
    return e;
}

/* What softmax_make has left, or the same again. */
V_INLINE vf softmax_made(const softmax_row *row, const softmax_back *b, size_t at, size_t lanes)
{
    return b->e ? v_load_some(b->e + at, lanes) : softmax_exponential(row, v_load_some(b->x + at, lanes));
}

/* q 2^60 e^x / 2^n, for a q so large that this is no number near 0 where the exponential alone is too small for a
 * float. */
#define SOFTMAX_FAR 0x1p30
#define SOFTMAX_FAR_DEPTH 215.0f
V_INLINE vf softmax_times_far(const softmax_row *row, const softmax_back *b, size_t at, size_t lanes, vf q)
{
    vf m = v_sub(row->largest, row->from), x = v_sub(v_load_some(b->x + at, lanes), row->from);
    vexp e = v_exp(v_max(v_sub(m, v_set(SOFTMAX_FAR_DEPTH)), x), v_set(0.0f));
    vi n;
    v_round_parts(m, v_set(0x1.715476p0f), &n);
    return v_scale(v_mul(v_add(e.h, e.l), q), i_add(i_sub(e.n, n), i_set(SOFTMAX_POWER)));
}

#endif
