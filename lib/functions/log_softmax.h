/* log_softmax: x_i - ln(sum over the row of e^x_j), the logarithm of softmax. Bridle 1990.
 *
 * With m the largest x and S the sum of e^(x_j - m): (x_i - m) - ln S, where nothing cancels. ln S is computed from S -
 * 1, the sum without m's own term, so that the result for m keeps all its digits where it is near 0.
 *
 * dx_i = dy_i - y_i (sum of dy_j), y = softmax(x). A row with a NaN, with +inf, or with -inf only is all NaN. */
#include "functions/function.h"

#if defined(ACTIV_FN_DEFINITIONS)
static const activ_fn_definition log_softmax_definition = {
    .signature = "log_softmax",
    .aliases = "LogSoftmax",
    .formula = "x_i - ln(sum of e^x_j over the row)",
    .source = "Bridle 1990, Probabilistic interpretation of feedforward classification network outputs",
    .forward_ulp = 3.0f,
    .derivative_ulp = 5.0f,
    .is_of_y = activ_always_of_y,
};
#else
#    include "functions/families/softmax.h"

typedef struct log_softmax_arrays {
    const float *x;
    vf ties; /* per lane, x that equal m, flushed into tie_count before float32 stops counting */
    double tie_count;
} log_softmax_arrays;

#    define LOG_SOFTMAX_COUNT ((size_t)1 << 20)

static V_NOINLINE double log_softmax_count(vf ties)
{
    float lanes[V_LANES];
    double count = 0.0;
    v_store(lanes, ties);
    for (size_t i = 0; i < V_LANES; i++)
        count += (double)lanes[i];
    return count;
}

V_INLINE vf log_softmax_forward_term(const softmax_row *row, void *state, size_t at, size_t lanes, size_t vector)
{
    log_softmax_arrays *arrays = state;
    (void)vector;
    if (!V_LIKELY(at % LOG_SOFTMAX_COUNT != 0 || at == 0)) {
        arrays->tie_count += log_softmax_count(arrays->ties);
        arrays->ties = v_set(0.0f);
    }
    vf x = softmax_load(row, arrays->x + at, lanes);
    vm is_largest = v_eq(x, row->largest);
    arrays->ties = v_add(arrays->ties, softmax_mask(lanes, v_sel(is_largest, v_set(1.0f), v_set(0.0f))));
    return softmax_mask(lanes, v_sel(is_largest, v_set(0.0f), softmax_exponential(row, x)));
}

/* Of each row of a group, what ln S is computed from. */
typedef struct log_softmax_sums {
    softmax_vectors ties;
    double tie_count[SOFTMAX_ROWS]; /* ties that were flushed */
    double others[SOFTMAX_ROWS];    /* exponentials of x < m */
} log_softmax_sums;

/* ln S of the group's rows from `first` on, one row per lane. */
static V_ONCE vf log_softmax_logs(const softmax_group *g, const log_softmax_sums *p, size_t first)
{
    float ties[V_LANES], h[V_LANES], l[V_LANES], n[V_LANES] = { 0.0f };
    vexp e = v_exp(v_sub(v_load(g->largest + first), v_load(g->from + first)), v_set(0.0f));
    v_store(h, e.h);
    v_store(l, e.l);
    v_store(ties, softmax_reduce(v_add, &p->ties, g->count, first));
    for (size_t k = 0; k < V_LANES && first + k < g->count; k++) {
        double unit = ((double)h[k] + (double)l[k]) * (double)(UINT64_C(1) << SOFTMAX_POWER);
        double t = p->others[first + k] / unit + ((p->tie_count[first + k] + (double)ties[k]) - 1.0);
        if (t >= 1.0) {
            /* S = 2^n (1 + t), t < 1 */
            uint64_t bits;
            t += 1.0;
            memcpy(&bits, &t, sizeof bits);
            n[k] = (float)((int)(bits >> 52) - 1023);
            bits = (bits & UINT64_C(0xfffffffffffff)) | UINT64_C(0x3ff0000000000000);
            memcpy(&t, &bits, sizeof t);
            t -= 1.0;
        }
        h[k] = (float)t;
        l[k] = (float)(t - (double)h[k]);
    }
    vpair log = v_log1p(v_load(h), v_load(l));
    vf twos = v_load(n);
    return v_add(v_fma(twos, v_set(0x1.62e43p-1f), log.h), v_fma(twos, v_set(-0x1.05c61p-29f), log.l)); /* ln 2 */
}

/* y = (x - m) - ln S */
V_INLINE void log_softmax_subtract(float largest, float log, size_t columns, const float *x, float *y)
{
    if (softmax_fill_nan((double)log, columns, y))
        return;
    const vf m = v_set(largest), log_s = v_set(log);
    for (size_t i = 0; i < columns; i += V_LANES) {
        size_t lanes = v_active_lanes(columns - i, 0);
        v_store_lanes(y + i, lanes, v_sub(v_sub(v_load_lanes(x + i, lanes), m), log_s));
    }
}

static void log_softmax_forward(const activ_fn_args *a, size_t rows, size_t columns, const float *x, size_t x_stride,
                                float *y, size_t y_stride)
{
    (void)a;
    softmax_group g;
    log_softmax_sums sums;
    float logs[SOFTMAX_ROWS];
    for (size_t i = 0; i < rows; i += g.count) {
        softmax_begin(&g, rows - i, columns, x + i * x_stride, x_stride);
        for (size_t r = 0; r < g.count; r++) {
            log_softmax_arrays arrays = { x + (i + r) * x_stride, v_set(0.0f), 0.0 };
            sums.others[r] = softmax_sum(log_softmax_forward_term, 1, softmax_row_of(&g, r), columns, &arrays);
            sums.tie_count[r] = arrays.tie_count;
            softmax_set(&sums.ties, r, arrays.ties, v_set(0.0f));
        }
        for (size_t first = 0; first < g.count; first += V_LANES)
            v_store(logs + first, log_softmax_logs(&g, &sums, first));
        for (size_t r = 0; r < g.count; r++)
            log_softmax_subtract(g.largest[r], logs[r], columns, x + (i + r) * x_stride, y + (i + r) * y_stride);
    }
}

V_INLINE vf log_softmax_backward_term(const softmax_row *row, void *state, size_t at, size_t lanes, size_t vector)
{
    softmax_back *b = state;
    b->dy_sum.acc[vector] = acc_fma(b->dy_sum.acc[vector], v_load_lanes(b->dy + at, lanes), v_set(1.0f));
    return softmax_compute(row, b, at, lanes);
}

/* dx = dy - (p e) q. */
typedef struct log_softmax_factors {
    float p, q;
    int far;
} log_softmax_factors;

/* p q = (sum of dy)/sum. If the sum of dy is above 1, p is 1: e is then not scaled down to a y that may be subnormal.
 * Else q could underflow. */
V_INLINE log_softmax_factors log_softmax_factors_of(const softmax_back *b, double sum)
{
    const double dy_sum = v_sum_total(b->dy_sum), size = dy_sum < 0.0 ? -dy_sum : dy_sum;
    log_softmax_factors large = { 1.0f, (float)(dy_sum / sum), size > SOFTMAX_FAR };
    log_softmax_factors small = { (float)(1.0 / sum), (float)dy_sum, 0 };
    return size > 1.0 ? large : small;
}

/* With large dy. Not inlined, as that would take registers from the other loop; nor is softmax_back passed, which would
 * keep it in memory there. */
static V_ONCE void log_softmax_backward_far_row(softmax_row row, const float *x, const float *dy, float q,
                                                size_t columns, float *dx, int accumulate)
{
    const vf half = v_set(0.5f), half_q = v_set(q * 0.5f);
    for (size_t i = 0; i < columns; i += V_LANES) {
        size_t lanes = v_active_lanes(columns - i, 0);
        /* Halved: the product may overflow where the difference does not. */
        vf product = softmax_times_far(&row, x + i, lanes, half_q);
        vf rest = v_sub(v_mul(v_load_lanes(dy + i, lanes), half), product);
        softmax_put(dx + i, lanes, accumulate, v_mul(rest, v_set(2.0f)));
    }
}

V_INLINE void log_softmax_backward_row(const softmax_row row, const softmax_back *b, log_softmax_factors f,
                                       size_t columns, float *dx, int accumulate)
{
    if (softmax_fill_nan((double)f.p + (double)f.q, columns, dx))
        return;
    if (f.far) {
        log_softmax_backward_far_row(row, b->x, b->dy, f.q, columns, dx, accumulate);
        return;
    }
    const vf p = v_set(f.p), q = v_set(f.q);
    for (size_t i = 0; i < columns; i += V_LANES) {
        size_t lanes = v_active_lanes(columns - i, 0);
        vf dy = v_load_lanes(b->dy + i, lanes);
        softmax_put(dx + i, lanes, accumulate, v_fnma(v_mul(softmax_computed(&row, b, i, lanes), p), q, dy));
    }
}

static void log_softmax_backward(const activ_fn_args *a, size_t rows, size_t columns, const float *x, size_t x_stride,
                                 const float *dy, size_t dy_stride, float *dx, size_t dx_stride, int accumulate)
{
    (void)a;
    softmax_group g;
    for (size_t i = 0; i < rows; i += g.count) {
        log_softmax_factors factors[SOFTMAX_ROWS];
        softmax_begin(&g, rows - i, columns, x + i * x_stride, x_stride);
        for (size_t r = 0, k = i; r < g.count; r++, k++) {
            softmax_back b =
                softmax_back_of(&g, r, x + k * x_stride, dy + k * dy_stride, dx + k * dx_stride, accumulate);
            double sum = softmax_sum(log_softmax_backward_term, 0, softmax_row_of(&g, r), columns, &b);
            factors[r] = log_softmax_factors_of(&b, sum);
        }
        for (size_t r = 0, k = i; r < g.count; r++, k++) {
            softmax_back b =
                softmax_back_of(&g, r, x + k * x_stride, dy + k * dy_stride, dx + k * dx_stride, accumulate);
            log_softmax_backward_row(softmax_row_of(&g, r), &b, factors[r], columns, dx + k * dx_stride, accumulate);
        }
    }
}

/* dx = dy - e^y (sum of dy). */
static void log_softmax_backward_from_y(const activ_fn_args *a, size_t rows, size_t columns, const float *y,
                                        size_t y_stride, const float *dy, size_t dy_stride, float *dx, size_t dx_stride,
                                        int accumulate)
{
    const vf one = v_set(1.0f), bound = v_set(-150.0f);
    (void)a;
    for (size_t r = 0; r < rows; r++, y += y_stride, dy += dy_stride, dx += dx_stride) {
        vsum sum = v_sum_zero();
        for (size_t i = 0; i < columns; i += V_BLOCK)
            for (size_t j = 0; j < V_PER_BLOCK && v_active_lanes(columns - i, j) > 0; j++) {
                const size_t lanes = v_active_lanes(columns - i, j);
                sum.acc[j] = acc_fma(sum.acc[j], v_load_lanes(dy + i + j * V_LANES, lanes), one);
            }
        const vacc minus = acc_set(-v_sum_total(sum));
        for (size_t i = 0; i < columns; i += V_LANES) {
            const size_t lanes = v_active_lanes(columns - i, 0);
            vexp e = v_exp(v_max(bound, v_load_lanes(y + i, lanes)), v_set(0.0f));
            vf p = v_scale(v_add(e.h, e.l), e.n);
            softmax_put(dx + i, lanes, accumulate,
                        acc_round(acc_fma_wide(acc_of(v_load_lanes(dy + i, lanes)), acc_of(p), minus)));
        }
    }
}

static void log_softmax_forward_half(const activ_half_row *row)
{
    softmax_half h;
    log_softmax_sums sums;
    float logs[V_LANES];
    memset(&sums, 0, sizeof sums);
    softmax_begin_half(&h, row);
    for (; softmax_widen(&h); h.at += h.count) {
        vf ties = v_set(0.0f);
        softmax_exponentials(&h);
        for (size_t i = 0; i < h.count; i += V_LANES) {
            const size_t lanes = v_active_lanes(h.count - i, 0);
            const vm is_largest = v_eq(v_load_lanes(h.x + i, lanes), v_set(h.group.largest[0]));
            const vf tie = softmax_mask(lanes, v_sel(is_largest, v_set(1.0f), v_set(0.0f)));
            ties = v_add(ties, tie);
            v_store_lanes(h.e + i, lanes, v_sel(v_gt(tie, v_set(0.0f)), v_set(0.0f), v_load_lanes(h.e + i, lanes)));
        }
        softmax_add(h.count, h.e, NULL, 1, h.sum);
        sums.tie_count[0] += log_softmax_count(ties);
    }
    sums.others[0] = activ_sum_tree(h.sum);
    v_store(logs, log_softmax_logs(&h.group, &sums, 0));
    for (h.at = 0; softmax_widen(&h); softmax_narrow(&h, h.x))
        log_softmax_subtract(h.group.largest[0], logs[0], h.count, h.x, h.x);
}

static void log_softmax_backward_half(const activ_half_row *row)
{
    softmax_half h;
    softmax_begin_half(&h, row);
    for (; softmax_widen(&h); h.at += h.count) {
        softmax_exponentials(&h);
        softmax_add(h.count, h.e, NULL, 0, h.sum);
        softmax_add(h.count, h.dy, NULL, 0, h.dy_sum);
    }
    const softmax_back b = softmax_back_of_half(&h);
    const log_softmax_factors factors = log_softmax_factors_of(&b, activ_sum_tree(h.sum));
    for (h.at = 0; softmax_widen(&h); softmax_narrow(&h, h.dy)) {
        softmax_exponentials(&h);
        log_softmax_backward_row(softmax_row_of(&h.group, 0), &b, factors, h.count, h.dy, 0);
    }
}

static const activ_rowwise_kernel log_softmax_rowwise = { log_softmax_forward, log_softmax_backward,
                                                          log_softmax_backward_from_y, log_softmax_forward_half,
                                                          log_softmax_backward_half };
#endif
