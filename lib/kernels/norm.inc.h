/* Batch and layer normalization: y = (x - mean) / sqrt(variance + eps) * weight + bias.
 *
 * Mean and variance are reductions in double, in two passes: the mean, then the squared deviations. Each deviation is
 * rounded to float once, so the relative error of a variance is at most 2^-23, however large the mean. The mean is
 * subtracted as two floats, mean + mean_low: one alone would be off by up to half an ulp, which may exceed the
 * deviation. */
#include <math.h>

/* A strip of x: `width` neighbours in each of `rows` rows. Either all have one mean, and are summed in sixteen partial
 * sums; or there are at most sixteen columns with a mean each, and each column is one chain of sums. What differs
 * between columns is in arrays of sixteen lanes, all the same if there is one mean. */
typedef struct norm_strip {
    size_t rows, row_stride, width;
    int one_mean;
    const float *x, *dy;
    float *out;
    const float *weight, *bias; /* layer_norm: one for each of the neighbours */
    float mean[V_BLOCK], mean_low[V_BLOCK], scale[V_BLOCK];
    float factor[V_BLOCK], offset[V_BLOCK]; /* batch_norm: weight and bias; backward: factor of dx */
    float mean_g[V_BLOCK], mean_g_xhat[V_BLOCK];
} norm_strip;

/* Where one vector of a strip lies. at: offset in the arrays; column: in the row; lane: in the block of sixteen; lanes:
 * active ones. */
typedef struct norm_position {
    size_t at, column, lane, lanes;
} norm_position;

typedef void norm_work(const norm_strip *s, norm_position p, vacc *first, vacc *second);

V_INLINE void norm_each(norm_work *work, const norm_strip *s, vsum *first, vsum *second)
{
    for (size_t i = 0; i < s->rows; i++)
        for (size_t k = 0; k < s->width; k += V_BLOCK)
            for (size_t j = 0; j < V_PER_BLOCK; j++) {
                size_t column = k + j * V_LANES;
                norm_position p = { i * s->row_stride + column, column, j * V_LANES, v_active_lanes(s->width - k, j) };
                if (p.lanes == 0)
                    break;
                work(s, p, &first->acc[j], &second->acc[j]);
            }
}

/* The sum of each lane. */
V_INLINE void norm_totals(const norm_strip *s, vsum sum, double *totals)
{
    for (size_t j = 0; j < V_PER_BLOCK; j++)
        acc_store(totals + j * V_LANES, sum.acc[j]);
    if (!s->one_mean)
        return;
    double total = activ_sum_tree(totals);
    for (size_t i = 0; i < V_BLOCK; i++)
        totals[i] = total;
}

/* ---- mean and variance ----------------------------------------------------------------------- */

V_INLINE void norm_add(const norm_strip *s, norm_position p, vacc *sum, vacc *unused)
{
    (void)unused;
    *sum = acc_fma(*sum, v_load_lanes(s->x + p.at, p.lanes), v_set(1.0f));
}

/* Inactive lanes are 0 - 0. */
V_INLINE void norm_add_square(const norm_strip *s, norm_position p, vacc *sum, vacc *unused)
{
    (void)unused;
    vf d = v_sub(v_load_lanes(s->x + p.at, p.lanes), v_load_lanes(s->mean + p.lane, p.lanes));
    *sum = acc_fma(*sum, d, d);
}

/* Values that share one mean. */
V_INLINE double norm_count(const norm_strip *s)
{
    return s->one_mean ? (double)s->rows * (double)s->width : (double)s->rows;
}

/* Of each lane; sets mean, mean_low and scale of the strip. */
V_INLINE void norm_moments(norm_strip *s, float eps, double *mean, double *variance)
{
    const double n = norm_count(s);
    vsum sum = v_sum_zero(), squares = v_sum_zero();
    norm_each(norm_add, s, &sum, &sum);
    norm_totals(s, sum, mean);
    for (size_t i = 0; i < V_BLOCK; i++) {
        mean[i] /= n;
        s->mean[i] = (float)mean[i];
        s->mean_low[i] = (float)(mean[i] - (double)s->mean[i]);
    }
    norm_each(norm_add_square, s, &squares, &squares);
    norm_totals(s, squares, variance);
    for (size_t i = 0; i < V_BLOCK; i++) {
        /* The squares are around mean[i] rounded. */
        double shift = mean[i] - (double)s->mean[i], v = variance[i] / n - shift * shift;
        variance[i] = v < 0.0 ? 0.0 : v;
        s->scale[i] = (float)(1.0 / sqrt(variance[i] + (double)eps));
    }
}

/* ---- forward and backward -------------------------------------------------------------------- */

V_INLINE vf norm_xhat(const norm_strip *s, norm_position p)
{
    vf d = v_sub(v_load_lanes(s->x + p.at, p.lanes), v_load_lanes(s->mean + p.lane, p.lanes));
    d = v_sub(d, v_load_lanes(s->mean_low + p.lane, p.lanes));
    return v_mul(d, v_load_lanes(s->scale + p.lane, p.lanes));
}

V_INLINE void norm_forward(const norm_strip *s, norm_position p, vf weight, vf bias)
{
    v_store_lanes(s->out + p.at, p.lanes, v_fma(norm_xhat(s, p), weight, bias));
}

/* dx = (g - mean_g - xhat mean_g_xhat) factor, xhat the normalized x; the means are those of g and of g xhat. */
V_INLINE void norm_back(const norm_strip *s, norm_position p, vf g, vf factor)
{
    vf d = v_sub(g, v_load_lanes(s->mean_g + p.lane, p.lanes));
    d = v_fnma(norm_xhat(s, p), v_load_lanes(s->mean_g_xhat + p.lane, p.lanes), d);
    v_store_lanes(s->out + p.at, p.lanes, v_mul(d, factor));
}

V_INLINE void norm_back_sums(const norm_strip *s, norm_position p, vf g, vacc *sum, vacc *product)
{
    *sum = acc_fma(*sum, g, v_set(1.0f));
    *product = acc_fma(*product, g, norm_xhat(s, p));
}

V_INLINE void norm_set_means(norm_strip *s, const double *sums, const double *products)
{
    const double n = norm_count(s);
    for (size_t i = 0; i < V_BLOCK; i++) {
        s->mean_g[i] = (float)(sums[i] / n);
        s->mean_g_xhat[i] = (float)(products[i] / n);
    }
}

/* Saved by forward for backward: ACTIV_NORM_SAVED floats. */
V_INLINE void norm_save(const norm_strip *s, size_t lane, float *saved)
{
    saved[0] = s->mean[lane];
    saved[1] = s->mean_low[lane];
    saved[2] = s->scale[lane];
}

V_INLINE void norm_restore(norm_strip *s, size_t lane, const float *saved)
{
    s->mean[lane] = saved[0];
    s->mean_low[lane] = saved[1];
    s->scale[lane] = saved[2];
}

/* ---- batch_norm: a mean for each channel --------------------------------------------------------- */

/* Sets up a strip of sixteen channels of one value per row, or of one channel of several. Returns the number of
 * channels. */
V_INLINE size_t channel_strip(const activ_batch_norm *b, size_t channel, norm_strip *s)
{
    s->one_mean = b->length > 1;
    s->rows = b->rows;
    s->row_stride = b->channels * b->length;
    size_t left = b->end - channel, count = s->one_mean ? 1 : left < V_BLOCK ? left : V_BLOCK;
    s->width = s->one_mean ? b->length : count;
    return count;
}

/* The channel of a lane; lanes beyond `count` repeat the last one. */
V_INLINE size_t channel_of(size_t first, size_t count, size_t lane)
{
    return first + (lane < count ? lane : count - 1);
}

V_INLINE void channel_weights(const activ_batch_norm *b, size_t first, size_t count, norm_strip *s)
{
    for (size_t i = 0; i < V_BLOCK; i++) {
        s->factor[i] = b->weight[channel_of(first, count, i)];
        s->offset[i] = b->bias[channel_of(first, count, i)];
    }
}

V_INLINE void channel_forward(const norm_strip *s, norm_position p, vacc *a, vacc *b)
{
    (void)a;
    (void)b;
    norm_forward(s, p, v_load_lanes(s->factor + p.lane, p.lanes), v_load_lanes(s->offset + p.lane, p.lanes));
}

V_INLINE void channel_back_sums(const norm_strip *s, norm_position p, vacc *sum, vacc *product)
{
    norm_back_sums(s, p, v_load_lanes(s->dy + p.at, p.lanes), sum, product);
}

V_INLINE void channel_back(const norm_strip *s, norm_position p, vacc *a, vacc *b)
{
    (void)a;
    (void)b;
    norm_back(s, p, v_load_lanes(s->dy + p.at, p.lanes), v_load_lanes(s->factor + p.lane, p.lanes));
}

/* In double, and one rounding. */
V_INLINE float running_average(float before, float momentum, double now)
{
    return (float)((1.0 - (double)momentum) * (double)before + (double)momentum * now);
}

static void batch_norm(const activ_batch_norm *b, const float *mean, const float *var, const float *x, float *y)
{
    norm_strip s;
    vsum none = v_sum_zero();
    for (size_t c = b->first, count; c < b->end; c += count) {
        count = channel_strip(b, c, &s);
        s.x = x + c * b->length;
        s.out = y + c * b->length;
        for (size_t i = 0; i < V_BLOCK; i++) {
            s.mean[i] = mean[channel_of(c, count, i)];
            s.mean_low[i] = 0.0f;
            s.scale[i] = (float)(1.0 / sqrt((double)var[channel_of(c, count, i)] + (double)b->eps));
        }
        channel_weights(b, c, count, &s);
        norm_each(channel_forward, &s, &none, &none);
    }
}

static void batch_norm_train(const activ_batch_norm *b, const float *x, float *y, float *running_mean,
                             float *running_var, float *saved)
{
    norm_strip s;
    vsum none = v_sum_zero();
    for (size_t c = b->first, count; c < b->end; c += count) {
        double mean[V_BLOCK], variance[V_BLOCK];
        count = channel_strip(b, c, &s);
        s.x = x + c * b->length;
        s.out = y + c * b->length;
        norm_moments(&s, b->eps, mean, variance);
        const double n = norm_count(&s);
        for (size_t i = 0; i < count; i++) {
            const float average = running_average(running_mean[c + i], b->momentum, mean[i]);
            const float spread = running_average(running_var[c + i], b->momentum, variance[i] * (n / (n - 1.0)));
            /* One batch must not spoil them for ever. */
            if (average - average == 0.0f && spread - spread == 0.0f) {
                running_mean[c + i] = average;
                running_var[c + i] = spread;
            }
            norm_save(&s, i, saved + ACTIV_NORM_SAVED * (c + i));
        }
        channel_weights(b, c, count, &s);
        norm_each(channel_forward, &s, &none, &none);
    }
}

static void batch_norm_back(const activ_batch_norm *b, const float *saved, const float *x, const float *dy, float *dx,
                            float *dweight, float *dbias)
{
    norm_strip s;
    vsum none = v_sum_zero();
    for (size_t c = b->first, count; c < b->end; c += count) {
        double sums[V_BLOCK], products[V_BLOCK];
        count = channel_strip(b, c, &s);
        s.x = x + c * b->length;
        s.dy = dy + c * b->length;
        for (size_t i = 0; i < V_BLOCK; i++) {
            norm_restore(&s, i, saved + ACTIV_NORM_SAVED * channel_of(c, count, i));
            s.factor[i] = b->weight[channel_of(c, count, i)] * s.scale[i];
        }
        vsum sum = v_sum_zero(), product = v_sum_zero();
        norm_each(channel_back_sums, &s, &sum, &product);
        norm_totals(&s, sum, sums);
        norm_totals(&s, product, products);
        for (size_t i = 0; i < count; i++) {
            dweight[c + i] = (float)products[i];
            dbias[c + i] = (float)sums[i];
        }
        if (!dx)
            continue;
        s.out = dx + c * b->length;
        norm_set_means(&s, sums, products);
        norm_each(channel_back, &s, &none, &none);
    }
}

/* ---- layer_norm: a mean for each row, weights for each column -------------------------------------- */

V_INLINE void row_forward(const norm_strip *s, norm_position p, vacc *a, vacc *b)
{
    (void)a;
    (void)b;
    norm_forward(s, p, v_load_lanes(s->weight + p.column, p.lanes), v_load_lanes(s->bias + p.column, p.lanes));
}

V_INLINE vf row_weighted(const norm_strip *s, norm_position p)
{
    return v_mul(v_load_lanes(s->dy + p.at, p.lanes), v_load_lanes(s->weight + p.column, p.lanes));
}

V_INLINE void row_back_sums(const norm_strip *s, norm_position p, vacc *sum, vacc *product)
{
    norm_back_sums(s, p, row_weighted(s, p), sum, product);
}

V_INLINE void row_back(const norm_strip *s, norm_position p, vacc *a, vacc *b)
{
    (void)a;
    (void)b;
    norm_back(s, p, row_weighted(s, p), v_load_lanes(s->scale + p.lane, p.lanes));
}

static void layer_norm(const activ_layer_norm *l, const float *x, float *y, float *saved)
{
    norm_strip s = { .rows = 1, .width = l->columns, .one_mean = 1, .weight = l->weight, .bias = l->bias };
    vsum none = v_sum_zero();
    for (size_t i = 0; i < l->rows; i++) {
        double mean[V_BLOCK], variance[V_BLOCK];
        s.x = x + i * l->columns;
        s.out = y + i * l->columns;
        norm_moments(&s, l->eps, mean, variance);
        if (saved)
            norm_save(&s, 0, saved + ACTIV_NORM_SAVED * i);
        norm_each(row_forward, &s, &none, &none);
    }
}

/* One chain per column, in the order of the rows. */
static void layer_norm_sums(const activ_layer_norm *l, const float *saved, const float *x, const float *dy,
                            float *dweight, float *dbias)
{
    for (size_t k = l->first; k < l->end; k += V_BLOCK) {
        vsum products = v_sum_zero(), sums = v_sum_zero();
        for (size_t i = 0; i < l->rows; i++) {
            const float *m = saved + ACTIV_NORM_SAVED * i;
            for (size_t j = 0; j < V_PER_BLOCK; j++) {
                size_t lanes = v_active_lanes(l->end - k, j), at = i * l->columns + k + j * V_LANES;
                if (lanes == 0)
                    break;
                vf d = v_sub(v_sub(v_load_lanes(x + at, lanes), v_set(m[0])), v_set(m[1]));
                vf g = v_load_lanes(dy + at, lanes);
                products.acc[j] = acc_fma(products.acc[j], g, v_mul(d, v_set(m[2])));
                sums.acc[j] = acc_fma(sums.acc[j], g, v_set(1.0f));
            }
        }
        double lanes[2 * V_BLOCK];
        for (size_t j = 0; j < V_PER_BLOCK; j++) {
            acc_store(lanes + j * V_LANES, products.acc[j]);
            acc_store(lanes + V_BLOCK + j * V_LANES, sums.acc[j]);
        }
        for (size_t j = 0; j < V_BLOCK && k + j < l->end; j++) {
            dweight[k + j] = (float)lanes[j];
            dbias[k + j] = (float)lanes[V_BLOCK + j];
        }
    }
}

static void layer_norm_back(const activ_layer_norm *l, const float *saved, const float *x, const float *dy, float *dx)
{
    norm_strip s = { .rows = 1, .width = l->columns, .one_mean = 1, .weight = l->weight };
    vsum none = v_sum_zero();
    for (size_t i = 0; i < l->rows; i++) {
        double sums[V_BLOCK], products[V_BLOCK];
        s.x = x + i * l->columns;
        s.dy = dy + i * l->columns;
        s.out = dx + i * l->columns;
        for (size_t j = 0; j < V_BLOCK; j++)
            norm_restore(&s, j, saved + ACTIV_NORM_SAVED * i);
        vsum sum = v_sum_zero(), product = v_sum_zero();
        norm_each(row_back_sums, &s, &sum, &product);
        norm_totals(&s, sum, sums);
        norm_totals(&s, product, products);
        norm_set_means(&s, sums, products);
        norm_each(row_back, &s, &none, &none);
    }
}
