/* Shared by softmax and log_softmax: the exponentials of a row and their sum.
 *
 * Both functions are invariant under a shift of all x. The shift here is n ln 2, n the integer nearest to m/ln 2, m the
 * largest x: it only changes the exponential's exponent, where x - m would be rounded, and the error magnified |x - m|
 * times. Where m is large, x - m is exact, and is taken first.
 *
 * Exponentials stay scaled by 2^60 / 2^n, which keeps them normal wherever results are not 0: a subnormal result is
 * rounded once, at the end. */
#ifndef ACTIV_FUNCTIONS_FAMILIES_SOFTMAX_H
#define ACTIV_FUNCTIONS_FAMILIES_SOFTMAX_H

#include <math.h>

#include "functions/kernel.h"
#include "simd/blocks.h"
#include "simd/math.h"

#define SOFTMAX_POWER 60
/* From |m| = 512 on, x - m is exact for every x close enough to m to matter. */
#define SOFTMAX_LARGE 512.0f
/* x - m is clamped to -125: e^-125 underflows in any y, and in any sum. */
#define SOFTMAX_DEPTH 125.0f

/* Rows are processed in groups, each step for all rows, so that latencies overlap. The buffer holds their exponentials,
 * unless a row is longer than that. */
#define SOFTMAX_ROWS 16
#define SOFTMAX_BUFFER 2048

typedef struct softmax_group {
    size_t count;
    size_t row_stride;           /* in `buffer`: a multiple of V_BLOCK */
    float largest[SOFTMAX_ROWS]; /* m; NaN if no x is finite or one is +inf, which makes the whole row NaN */
    float from[SOFTMAX_ROWS];    /* subtracted from x before the exponential: 0, or m */
    float lowest[SOFTMAX_ROWS];  /* lower bound of x - from */
    float magic[SOFTMAX_ROWS];   /* for v_exp_near_times */
    float buffer[SOFTMAX_BUFFER];
} softmax_group;

/* The largest x, reduced to one value per lane; NaN is ignored, and -inf is the identity. */
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
        largest[1] = v_max(v_load(x + columns - V_LANES), largest[1]); /* overlaps */
    else if (i < columns)
        largest[1] = v_sel(v_first_lanes(columns), v_load_partial(x, columns), largest[1]);
    return v_max(v_max(largest[0], largest[1]), v_max(largest[2], largest[3]));
}

/* One vector per row of a group. */
enum { SOFTMAX_WIDTH = V_LANES < 4 ? 4 : V_LANES };
typedef struct softmax_vectors {
    float row[SOFTMAX_ROWS][SOFTMAX_WIDTH];
} softmax_vectors;

V_INLINE void softmax_set(softmax_vectors *v, size_t r, vf first, vf others)
{
    for (size_t k = 0; k < SOFTMAX_WIDTH; k += V_LANES)
        v_store(v->row[r] + k, k == 0 ? first : others);
}

typedef vf softmax_operation(vf a, vf b);

/* Horizontal reduction of each vector; lane i of the result is that of row first + i. */
V_INLINE vf softmax_reduce(softmax_operation *operation, const softmax_vectors *v, size_t count, size_t first)
{
    const float *lanes[V_LANES];
    for (size_t k = 0; k < V_LANES; k++)
        lanes[k] = v->row[first + k < count ? first + k : 0];
    vf some[4], all[SOFTMAX_WIDTH / 4];
    for (size_t k = 0; k < SOFTMAX_WIDTH / 4; k++) {
        v_transpose4(lanes, 4 * k, some);
        all[k] = operation(operation(some[0], some[1]), operation(some[2], some[3]));
    }
    for (size_t k = 1; k < SOFTMAX_WIDTH / 4; k++)
        all[0] = operation(all[0], all[k]);
    return all[0];
}

/* What follows from the rows' m. */
static V_ONCE void softmax_scale(softmax_group *g, const softmax_vectors *largest)
{
    for (size_t first = 0; first < g->count; first += V_LANES) {
        vf m = softmax_reduce(v_max, largest, g->count, first);
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

/* Starts a group of as many rows as fit: finds their m, and what follows from it. */
static V_ONCE void softmax_begin(softmax_group *g, size_t rows, size_t columns, const float *x, size_t x_stride)
{
    softmax_vectors largest;
    g->row_stride = (columns + V_BLOCK - 1) / V_BLOCK * V_BLOCK;
    size_t fit = SOFTMAX_BUFFER / g->row_stride, limit = fit < 1 ? 1 : fit < SOFTMAX_ROWS ? fit : SOFTMAX_ROWS;
    g->count = limit < rows ? limit : rows;
    for (size_t r = 0; r < g->count; r++) {
        vf some = softmax_largest(columns, x + r * x_stride);
        softmax_set(&largest, r, some, some);
    }
    softmax_scale(g, &largest);
}

/* Where row r's exponentials are stored: in the buffer, or in `other` if the row is too long. */
V_INLINE float *softmax_buffer(softmax_group *g, size_t r, float *other)
{
    return g->row_stride <= SOFTMAX_BUFFER ? g->buffer + r * g->row_stride : other;
}

/* One row's numbers, broadcast. */
typedef struct softmax_row {
    vf largest, from, lowest, magic;
} softmax_row;

V_INLINE softmax_row softmax_row_of(const softmax_group *g, size_t r)
{
    softmax_row row = { v_set(g->largest[r]), v_set(g->from[r]), v_set(g->lowest[r]), v_set(g->magic[r]) };
    return row;
}

/* The active lanes of x; m in the others, as 0 may be far above a row's m. */
V_INLINE vf softmax_load(const softmax_row *row, const float *x, size_t lanes)
{
    vf loaded = v_load_lanes(x, lanes);
    return lanes < V_LANES ? v_sel(v_first_lanes(lanes), loaded, row->largest) : loaded;
}

/* 2^60 e^x / 2^n. NaN if x or m is. */
V_INLINE vf softmax_exponential(const softmax_row *row, vf x)
{
    vexp_near e = v_exp_near_times(v_max(row->lowest, v_sub(x, row->from)), row->magic);
    return v_fma(e.power, e.s, e.power);
}

/* The terms of a sum for the `lanes` elements from `at` on, 0 in inactive lanes; vector: its index in the block. */
typedef vf softmax_term(const softmax_row *row, void *state, size_t at, size_t lanes, size_t vector);

V_INLINE vf softmax_mask(size_t lanes, vf term)
{
    return lanes < V_LANES ? v_sel(v_first_lanes(lanes), term, v_set(0.0f)) : term;
}

/* Sixteen partial sums in double, term i in sum i mod 16. `paired`: blocks of sixteen are first added in pairs in
 * float, which is faster; the remainder after each four is added block by block. */
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
                    sum.acc[j] = acc_fma(sum.acc[j], v_add(e[b], e[b + 1]), one);
                } else {
                    sum.acc[j] = acc_fma(sum.acc[j], e[b], one);
                    sum.acc[j] = acc_fma(sum.acc[j], e[b + 1], one);
                }
            }
        }
    }
    for (; i < columns; i += V_BLOCK) {
        V_UNROLL
        for (size_t j = 0; j < V_PER_BLOCK; j++) {
            size_t lanes = v_active_lanes(columns - i, j);
            if (lanes == 0)
                break;
            sum.acc[j] = acc_fma(sum.acc[j], term(&row, state, i + j * V_LANES, lanes, j), one);
        }
    }
    return v_sum_total(sum);
}

/* Fills a row without a result with one NaN, the same on every CPU; which NaN arithmetic gives differs. */
V_INLINE int softmax_fill_nan(double sum, size_t columns, float *out)
{
    if (sum == sum)
        return 0;
    for (size_t i = 0; i < columns; i += V_LANES)
        v_store_lanes(out + i, v_active_lanes(columns - i, 0), v_float_of(i_set(0x7fc00000)));
    return 1;
}

V_INLINE void softmax_put(float *dx, size_t lanes, int accumulate, vf value)
{
    v_store_lanes(dx, lanes, accumulate ? v_add(v_load_lanes(dx, lanes), value) : value);
}

/* The backward pass of a row. */
typedef struct softmax_back {
    const float *x, *dy;
    float *e;    /* where the exponentials are stored; NULL: they are computed twice */
    int padded;  /* e may be written in whole vectors */
    vsum dy_sum; /* log_softmax: of dy; softmax: of dy times the exponentials */
    vf dy_size;  /* the largest |dy| */
} softmax_back;

/* dx serves as storage unless it is dy or x, which are needed to the end, or added to. */
V_INLINE softmax_back softmax_back_of(softmax_group *g, size_t r, const float *x, const float *dy, float *dx,
                                      int accumulate)
{
    softmax_back b = { .x = x, .dy = dy, .e = softmax_buffer(g, r, dx == dy || dx == x || accumulate ? NULL : dx) };
    b.padded = b.e && b.e != dx;
    b.dy_sum = v_sum_zero();
    b.dy_size = v_set(0.0f);
    return b;
}

V_INLINE vf softmax_compute(const softmax_row *row, const softmax_back *b, size_t at, size_t lanes)
{
    vf e = softmax_mask(lanes, softmax_exponential(row, softmax_load(row, b->x + at, lanes)));
    if (b->e)
        v_store_lanes(b->e + at, b->padded ? V_LANES : lanes, e);
    return e;
}

/* What softmax_compute stored, or computed again. */
V_INLINE vf softmax_computed(const softmax_row *row, const softmax_back *b, size_t at, size_t lanes)
{
    return b->e ? v_load_lanes(b->e + at, lanes) : softmax_exponential(row, softmax_load(row, b->x + at, lanes));
}

/* q 2^60 e^x / 2^n, for a q so large that this is normal where the exponential alone would underflow. */
#define SOFTMAX_FAR 0x1p30
#define SOFTMAX_FAR_DEPTH 215.0f
V_INLINE vf softmax_times_far(const softmax_row *row, const float *x, size_t lanes, vf q)
{
    vf m = v_sub(row->largest, row->from), shifted = v_sub(softmax_load(row, x, lanes), row->from);
    vexp e = v_exp(v_max(v_sub(m, v_set(SOFTMAX_FAR_DEPTH)), shifted), v_set(0.0f));
    vi n;
    v_round_parts(m, v_set(0x1.715476p0f), &n);
    return v_scale(v_mul(v_add(e.h, e.l), q), i_add(i_sub(e.n, n), i_set(SOFTMAX_POWER)));
}

/* ---- a row of 16-bit numbers ----------------------------------------------------------------------
 *
 * It is widened part by part, into the group's buffer: x, dy, and the exponentials. Steps are loops of their own here,
 * which all four functions share: they add in the order of softmax_sum. */

/* A multiple of what softmax_sum takes at a time. */
#define SOFTMAX_PART ((size_t)640)
_Static_assert(SOFTMAX_PART % (4 * V_BLOCK) == 0 && 3 * SOFTMAX_PART <= SOFTMAX_BUFFER, "parts fit");

typedef struct softmax_half {
    softmax_group group;
    const activ_half_row *row;
    float *x, *dy, *e;
    size_t at, count; /* of the part */
    double sum[V_BLOCK], dy_sum[V_BLOCK];
} softmax_half;

/* The next part, from `at` on; 0 past the last. */
static V_ONCE int softmax_widen(softmax_half *h)
{
    const activ_half_row *row = h->row;
    h->count = row->columns - h->at < SOFTMAX_PART ? row->columns - h->at : SOFTMAX_PART;
    if (h->count > 0)
        row->widen(row->dtype, h->count, row->x + h->at, h->x);
    if (h->count > 0 && row->dy)
        row->widen(row->dtype, h->count, row->dy + h->at, h->dy);
    return h->count > 0;
}

/* Narrows the part's results, and goes on. */
static V_ONCE void softmax_narrow(softmax_half *h, const float *results)
{
    h->row->narrow(h->row->dtype, 0, h->count, results, h->row->out + h->at);
    h->at += h->count;
}

static V_ONCE void softmax_begin_half(softmax_half *h, const activ_half_row *row)
{
    softmax_vectors largest;
    vf some = v_set(-INFINITY);
    h->row = row;
    h->x = h->group.buffer;
    h->dy = h->x + SOFTMAX_PART;
    h->e = h->dy + SOFTMAX_PART;
    for (h->at = 0; softmax_widen(h); h->at += h->count)
        some = v_max(softmax_largest(h->count, h->x), some);
    h->group.count = 1;
    softmax_set(&largest, 0, some, some);
    softmax_scale(&h->group, &largest);
    h->at = 0;
    memset(h->sum, 0, sizeof h->sum);
    memset(h->dy_sum, 0, sizeof h->dy_sum);
}

static V_ONCE void softmax_exponentials(softmax_half *h)
{
    const softmax_row row = softmax_row_of(&h->group, 0);
    for (size_t i = 0; i < h->count; i += V_LANES) {
        const size_t lanes = v_active_lanes(h->count - i, 0);
        v_store_lanes(h->e + i, lanes, softmax_exponential(&row, softmax_load(&row, h->x + i, lanes)));
    }
}

/* to += the sums of values, times `with` if that is not NULL. paired: as in softmax_sum. */
static V_ONCE void softmax_add(size_t count, const float *values, const float *with, int paired, double *to)
{
    const vf one = v_set(1.0f);
    vsum sum = v_sum_load(to);
    size_t i = 0;
    for (; paired && i < count / (4 * V_BLOCK) * (4 * V_BLOCK); i += 2 * V_BLOCK)
        for (size_t j = 0; j < V_PER_BLOCK; j++) {
            const float *at = values + i + j * V_LANES;
            sum.acc[j] = acc_fma(sum.acc[j], v_add(v_load(at), v_load(at + V_BLOCK)), one);
        }
    for (; i < count; i += V_BLOCK)
        for (size_t j = 0; j < V_PER_BLOCK && v_active_lanes(count - i, j) > 0; j++) {
            const size_t lanes = v_active_lanes(count - i, j), at = i + j * V_LANES;
            sum.acc[j] =
                acc_fma(sum.acc[j], v_load_lanes(values + at, lanes), with ? v_load_lanes(with + at, lanes) : one);
        }
    v_sum_store(to, sum);
}

V_INLINE softmax_back softmax_back_of_half(const softmax_half *h)
{
    softmax_back b = { .x = h->x, .dy = h->dy, .e = h->e };
    b.dy_sum = v_sum_load(h->dy_sum);
    b.dy_size = v_set(0.0f);
    return b;
}

#endif
