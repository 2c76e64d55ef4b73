/* softmax: e^x_i / sum over the row of e^x_j. Bridle 1990.
 *
 * dx_i = y_i (dy_i - sum of dy_j y_j). A row with a NaN, with +inf, or with -inf only is all NaN. */
#include "functions/function.h"

#if defined(ACTIV_FN_DEFINITIONS)
static const activ_fn_definition softmax_definition = {
    .signature = "softmax",
    .aliases = "Softmax",
    .formula = "e^x_i / (sum of e^x_j over the row)",
    .source = "Bridle 1990, Probabilistic interpretation of feedforward classification network outputs",
    .forward_ulp = 4.0f,
    .derivative_ulp = 8.0f,
    .is_of_y = activ_always_of_y,
};
#else
#    include "functions/families/softmax.h"

typedef struct softmax_arrays {
    const float *x;
    float *e;
    int padded; /* e may be written in whole vectors */
} softmax_arrays;

V_INLINE vf softmax_forward_term(const softmax_row *row, void *state, size_t at, size_t lanes, size_t vector)
{
    const softmax_arrays *arrays = state;
    (void)vector;
    vf e = softmax_mask(lanes, softmax_exponential(row, softmax_load(row, arrays->x + at, lanes)));
    v_store_lanes(arrays->e + at, arrays->padded ? V_LANES : lanes, e);
    return e;
}

/* y = e/sum; y may be e. */
V_INLINE void softmax_divide(double sum, size_t columns, const float *e, float *y)
{
    if (softmax_fill_nan(sum, columns, y))
        return;
    /* One division; the quotient is a pair. */
    double factor = 1.0 / sum;
    float high = (float)factor;
    const vf h = v_set(high), l = v_set((float)(factor - (double)high));
    size_t i = 0;
    for (; i + V_LANES <= columns; i += V_LANES) {
        vf a = v_load(e + i);
        v_store(y + i, v_fma(a, h, v_mul(a, l)));
    }
    if (i == columns)
        return;
    size_t lanes = columns - i;
    if (e != y && columns >= V_LANES) {
        /* The last whole vector overlaps the previous one: faster than a partial store. */
        lanes = V_LANES;
        i = columns - V_LANES;
    }
    vf a = v_load_lanes(e + i, lanes);
    v_store_lanes(y + i, lanes, v_fma(a, h, v_mul(a, l)));
}

static void softmax_forward(const activ_fn_args *a, size_t rows, size_t columns, const float *x, size_t x_stride,
                            float *y, size_t y_stride)
{
    (void)a;
    softmax_group g;
    for (size_t i = 0; i < rows; i += g.count) {
        double sum[SOFTMAX_ROWS];
        softmax_begin(&g, rows - i, columns, x + i * x_stride, x_stride);
        for (size_t r = 0; r < g.count; r++) {
            float *own = y + (i + r) * y_stride, *e = softmax_buffer(&g, r, own);
            softmax_arrays arrays = { x + (i + r) * x_stride, e, e != own };
            sum[r] = softmax_sum(softmax_forward_term, 1, softmax_row_of(&g, r), columns, &arrays);
        }
        for (size_t r = 0; r < g.count; r++) {
            float *own = y + (i + r) * y_stride;
            softmax_divide(sum[r], columns, softmax_buffer(&g, r, own), own);
        }
    }
}

V_INLINE vf softmax_backward_term(const softmax_row *row, void *state, size_t at, size_t lanes, size_t vector)
{
    softmax_back *b = state;
    vf e = softmax_compute(row, b, at, lanes), dy = v_load_lanes(b->dy + at, lanes);
    b->dy_sum.acc[vector] = acc_fma(b->dy_sum.acc[vector], e, dy);
    b->dy_size = v_max(v_abs(dy), b->dy_size);
    return e;
}

/* dx = e (q dy - r) p, q and r as pairs: where dy is far from the mean of all dy, an error of y counts twice, and the
 * two exponentials' errors alone come near the bound of 8 ULP. */
typedef struct softmax_factors {
    float q, q_low, r, r_low;
    float p; /* a power of two */
    int far;
} softmax_factors;

/* q = 1/(p sum). e is not scaled down to y, which may be subnormal. The difference does not overflow, as sum >= 2^59,
 * nor underflow, as p scales it up where all dy are small. */
V_INLINE softmax_factors softmax_factors_of(const softmax_back *b, double sum)
{
    const int small = !m_any(v_gt(b->dy_size, v_set(0x1p-20f)));
    const double up = small ? 0x1p100 : 1.0, q = up / sum, r = v_sum_total(b->dy_sum) / sum * q;
    softmax_factors f = { .q = (float)q, .r = (float)r, .p = small ? 0x1p-100f : 1.0f };
    f.q_low = (float)(q - (double)f.q);
    f.r_low = (float)(r - (double)f.r);
    f.far = m_any(v_gt(b->dy_size, v_set((float)SOFTMAX_FAR)));
    return f;
}

/* With large dy. Not inlined, as that would take registers from the other loop; nor is softmax_back passed, which would
 * keep it in memory there. */
static V_ONCE void softmax_backward_far_row(softmax_row row, const float *x, const float *dy, softmax_factors f,
                                            size_t columns, float *dx, int accumulate)
{
    const vf q = v_set(f.q), q_low = v_set(f.q_low), r = v_set(-f.r), r_low = v_set(-f.r_low);
    for (size_t i = 0; i < columns; i += V_LANES) {
        size_t lanes = v_active_lanes(columns - i, 0);
        vf dys = v_load_lanes(dy + i, lanes), h = v_fma(dys, q, r), l = v_fma(dys, q_low, r_low);
        softmax_put(dx + i, lanes, accumulate, softmax_times_far(&row, x + i, lanes, v_add(h, l)));
    }
}

V_INLINE void softmax_backward_row(const softmax_row row, const softmax_back *b, softmax_factors f, size_t columns,
                                   float *dx, int accumulate)
{
    if (softmax_fill_nan((double)f.r, columns, dx))
        return;
    if (f.far) {
        softmax_backward_far_row(row, b->x, b->dy, f, columns, dx, accumulate);
        return;
    }
    const vf q = v_set(f.q), q_low = v_set(f.q_low), r = v_set(-f.r), r_low = v_set(-f.r_low), p = v_set(f.p);
    for (size_t i = 0; i < columns; i += V_LANES) {
        size_t lanes = v_active_lanes(columns - i, 0);
        vf dy = v_load_lanes(b->dy + i, lanes), h = v_fma(dy, q, r), l = v_fma(dy, q_low, r_low);
        vf e = softmax_computed(&row, b, i, lanes);
        softmax_put(dx + i, lanes, accumulate, v_mul(v_fma(e, h, v_mul(e, l)), p));
    }
}

static void softmax_backward(const activ_fn_args *a, size_t rows, size_t columns, const float *x, size_t x_stride,
                             const float *dy, size_t dy_stride, float *dx, size_t dx_stride, int accumulate)
{
    (void)a;
    softmax_group g;
    for (size_t i = 0; i < rows; i += g.count) {
        softmax_factors factors[SOFTMAX_ROWS];
        softmax_begin(&g, rows - i, columns, x + i * x_stride, x_stride);
        for (size_t r = 0, k = i; r < g.count; r++, k++) {
            softmax_back b =
                softmax_back_of(&g, r, x + k * x_stride, dy + k * dy_stride, dx + k * dx_stride, accumulate);
            double sum = softmax_sum(softmax_backward_term, 0, softmax_row_of(&g, r), columns, &b);
            factors[r] = softmax_factors_of(&b, sum);
        }
        for (size_t r = 0, k = i; r < g.count; r++, k++) {
            softmax_back b =
                softmax_back_of(&g, r, x + k * x_stride, dy + k * dy_stride, dx + k * dx_stride, accumulate);
            softmax_backward_row(softmax_row_of(&g, r), &b, factors[r], columns, dx + k * dx_stride, accumulate);
        }
    }
}

/* dx = y (dy - sum of y dy), in double. */
static void softmax_backward_from_y(const activ_fn_args *a, size_t rows, size_t columns, const float *y,
                                    size_t y_stride, const float *dy, size_t dy_stride, float *dx, size_t dx_stride,
                                    int accumulate)
{
    const vacc one = acc_set(1.0);
    (void)a;
    for (size_t r = 0; r < rows; r++, y += y_stride, dy += dy_stride, dx += dx_stride) {
        vsum sum = v_sum_zero();
        for (size_t i = 0; i < columns; i += V_BLOCK)
            for (size_t j = 0; j < V_PER_BLOCK && v_active_lanes(columns - i, j) > 0; j++) {
                const size_t lanes = v_active_lanes(columns - i, j), at = i + j * V_LANES;
                sum.acc[j] = acc_fma(sum.acc[j], v_load_lanes(y + at, lanes), v_load_lanes(dy + at, lanes));
            }
        const vacc minus = acc_set(-v_sum_total(sum));
        for (size_t i = 0; i < columns; i += V_LANES) {
            const size_t lanes = v_active_lanes(columns - i, 0);
            vacc rest = acc_fma_wide(minus, acc_of(v_load_lanes(dy + i, lanes)), one);
            vf value = acc_round(acc_fma_wide(acc_zero(), acc_of(v_load_lanes(y + i, lanes)), rest));
            softmax_put(dx + i, lanes, accumulate, value);
        }
    }
}

static void softmax_forward_half(const activ_half_row *row)
{
    softmax_half h;
    softmax_begin_half(&h, row);
    for (; softmax_widen(&h); h.at += h.count) {
        softmax_exponentials(&h);
        softmax_add(h.count, h.e, NULL, 1, h.sum);
    }
    const double sum = activ_sum_tree(h.sum);
    for (h.at = 0; softmax_widen(&h); softmax_narrow(&h, h.e)) {
        softmax_exponentials(&h);
        softmax_divide(sum, h.count, h.e, h.e);
    }
}

static void softmax_backward_half(const activ_half_row *row)
{
    softmax_half h;
    vf size = v_set(0.0f);
    softmax_begin_half(&h, row);
    for (; softmax_widen(&h); h.at += h.count) {
        softmax_exponentials(&h);
        softmax_add(h.count, h.e, NULL, 0, h.sum);
        softmax_add(h.count, h.e, h.dy, 0, h.dy_sum);
        for (size_t i = 0; i < h.count; i += V_LANES)
            size = v_max(v_abs(v_load_lanes(h.dy + i, v_active_lanes(h.count - i, 0))), size);
    }
    softmax_back b = softmax_back_of_half(&h);
    b.dy_size = size;
    const softmax_factors factors = softmax_factors_of(&b, activ_sum_tree(h.sum));
    for (h.at = 0; softmax_widen(&h); softmax_narrow(&h, h.dy)) {
        softmax_exponentials(&h);
        softmax_backward_row(softmax_row_of(&h.group, 0), &b, factors, h.count, h.dy, 0);
    }
}

static const activ_rowwise_kernel softmax_rowwise = { softmax_forward, softmax_backward, softmax_backward_from_y,
                                                      softmax_forward_half, softmax_backward_half };
#endif
