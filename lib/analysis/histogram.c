/* Histograms of bins of equal width. */
#include "activ/analysis.h"
#include "analysis/select.h"
#include "analysis/values.h"
#include "base/rounding.h"
#include "base/sized.h"
#include "base/text.h"
#include "context/context.h"

struct activ_histogram {
    activ_host host;
    size_t bytes, bins;
    uint64_t total, under, over, nans;
    double scale; /* bins per unit */
    double *edges;
    uint64_t *counts; /* both behind the struct */
};

_Static_assert(sizeof(activ_histogram) % _Alignof(double) == 0, "the arrays behind it are aligned");

/* ---- making one ---------------------------------------------------------------------------------------- */

/* 0 if an edge is not above the one before it. Any mode of rounding would be a mode of its own. */
static int set_edges(activ_histogram *h, double low, double high)
{
    const int rounding = activ_round_to_nearest();
    const double step = (high - low) / (double)h->bins;
    int ascends = 1;
    h->edges[0] = low;
    for (size_t i = 1; i <= h->bins; i++) {
        h->edges[i] = i < h->bins ? low + (double)i * step : high;
        ascends = ascends && h->edges[i - 1] < h->edges[i];
    }
    /* The estimate of a bin's number; the edges decide. */
    const double scale = (double)h->bins / (high - low);
    h->scale = scale < 0x1p1000 ? scale : 0x1p1000;
    activ_round_as(rounding);
    return ascends;
}

static activ_status fail(const activ_host *host, activ_message *message, activ_status status, const char *why)
{
    return activ_host_fail(host, message, status, "histogram: ", why);
}

static int is_number(double x)
{
    return x - x == 0.0;
}

static activ_status check_bins(const activ_host *host, size_t bins, activ_message *message)
{
    if (bins == 0 || bins > ACTIV_HISTOGRAM_MAX_BINS)
        return fail(host, message, ACTIV_ERROR_RANGE, bins == 0 ? "no bins" : "more than 1048576 bins");
    return ACTIV_OK;
}

_Static_assert(ACTIV_HISTOGRAM_MAX_BINS == 1048576, "a message says 1048576");

static activ_status make(const activ_host *host, size_t bins, double low, double high, activ_histogram **out,
                         activ_message *message)
{
    const size_t bytes = sizeof(activ_histogram) + (bins + 1) * sizeof(double) + bins * sizeof(uint64_t);
    activ_histogram *h = activ_host_alloc(host, bytes);
    if (!h)
        return fail(host, message, ACTIV_ERROR_OUT_OF_MEMORY, "no memory");
    h->host = *host;
    h->bytes = bytes;
    h->bins = bins;
    h->edges = (double *)(h + 1);
    h->counts = (uint64_t *)(h->edges + bins + 1);
    if (!set_edges(h, low, high)) {
        activ_host_free(host, h, bytes);
        return fail(host, message, ACTIV_ERROR_RANGE, "the bins are so narrow that two edges are the same number");
    }
    *out = h;
    return ACTIV_OK;
}

activ_status activ_histogram_create(const activ_context *context, size_t bins, double low, double high,
                                    activ_histogram **out, activ_message *message)
{
    activ_host host;
    activ_host_of(context, &host);
    if (!out)
        return fail(&host, message, ACTIV_ERROR_INVALID, "out is NULL");
    const activ_status status = check_bins(&host, bins, message);
    if (status != ACTIV_OK)
        return status;
    if (!is_number(low) || !is_number(high) || !(low < high) || !is_number(high - low))
        return fail(&host, message, ACTIV_ERROR_RANGE, "the edges are not two finite numbers, the lower first");
    return make(&host, bins, low, high, out, message);
}

void activ_histogram_destroy(activ_histogram *h)
{
    if (h) {
        const activ_host host = h->host;
        activ_host_free(&host, h, h->bytes);
    }
}

/* ---- as many bins as the data want --------------------------------------------------------------------- */

/* By Newton's method from above, until it falls no more; exact for cubes. */
static double cube_root(uint64_t n)
{
    const double x = (double)n;
    double root = 1.0, next;
    while (root * root * root < x)
        root *= 2.0;
    for (;;) {
        next = root - (root - x / (root * root)) / 3.0;
        if (!(next < root))
            break;
        root = next;
    }
    const double whole = (double)(uint64_t)(root + 0.5);
    return whole * whole * whole == x ? whole : root;
}

static size_t count_bins(uint64_t n, double low, double high, double q1, double q3, size_t most)
{
    if (n == 0 || !(low < high))
        return 1;
    double bins = 1.0;
    if (q3 > q1) {
        bins = (high - low) / (2.0 * (q3 - q1) / cube_root(n));
    } else {
        for (uint64_t power = n - 1; power > 0; power >>= 1)
            bins += 1.0;
    }
    if (!(bins < (double)most))
        return most;
    const size_t whole = (size_t)bins;
    return whole + ((double)whole < bins);
}

size_t activ_histogram_bins(uint64_t n, double low, double high, double q1, double q3, size_t max_bins)
{
    if (!is_number(low) || !is_number(high) || !is_number(q1) || !is_number(q3) || !is_number(high - low) ||
        !is_number(q3 - q1))
        return 0;
    if (max_bins > ACTIV_HISTOGRAM_MAX_BINS)
        max_bins = ACTIV_HISTOGRAM_MAX_BINS;
    if (max_bins == 0)
        return 0;
    const int rounding = activ_round_to_nearest();
    const size_t bins = count_bins(n, low, high, q1, q3, max_bins);
    activ_round_as(rounding);
    return bins;
}

/* The range of the values, widened if it is a single one. */
static void set_range(const activ_quartiles *q, double *low, double *high)
{
    *low = q->count > 0 ? q->least : 0.0;
    *high = q->count > 0 ? q->largest : 1.0;
    if (*low < *high)
        return;
    const double relative = (*low < 0.0 ? -*low : *low) * 0x1p-20, half = relative > 0.5 ? relative : 0.5;
    *low -= half;
    *high += half;
}

activ_status activ_histogram_create_auto(const activ_context *context, size_t n, const float *x, size_t max_bins,
                                         activ_histogram **out, activ_message *message)
{
    activ_host host;
    activ_host_of(context, &host);
    if (!out || (n > 0 && !x))
        return fail(&host, message, ACTIV_ERROR_INVALID, out ? "x is NULL" : "out is NULL");
    if (!activ_is_aligned(x, sizeof *x))
        return fail(&host, message, ACTIV_ERROR_INVALID, "x is" ACTIV_MISALIGNED);
    activ_status status = check_bins(&host, max_bins, message);
    if (status != ACTIV_OK)
        return status;
    if (n > SIZE_MAX / sizeof *x)
        return fail(&host, message, ACTIV_ERROR_RANGE, "x is too large");
    activ_selection *room = activ_host_alloc_raw(&host, sizeof *room);
    if (!room)
        return fail(&host, message, ACTIV_ERROR_OUT_OF_MEMORY, "no memory");
    activ_quartiles q;
    double low, high;
    const int rounding = activ_round_to_nearest();
    activ_select_quartiles(n, x, room, &q);
    set_range(&q, &low, &high);
    activ_round_as(rounding);
    activ_host_free(&host, room, sizeof *room);
    const size_t bins = activ_histogram_bins(q.count, q.least, q.largest, q.first, q.third, max_bins);
    return make(&host, bins, low, high, out, message);
}

/* ---- counting ------------------------------------------------------------------------------------------ */

/* A value between the first and the last edge. */
static size_t bin_of(const activ_histogram *h, double value)
{
    size_t i = (size_t)((value - h->edges[0]) * h->scale);
    if (i >= h->bins)
        i = h->bins - 1;
    while (value < h->edges[i])
        i--;
    while (i + 1 < h->bins && value >= h->edges[i + 1])
        i++;
    return i;
}

activ_status activ_histogram_add(activ_histogram *h, size_t n, const float *x)
{
    const activ_status status = h ? activ_check_values(h, h->bytes, h->total, n, x) : ACTIV_ERROR_INVALID;
    if (status != ACTIV_OK)
        return status;
    const double low = h->edges[0], high = h->edges[h->bins];
    for (size_t i = 0; i < n; i++) {
        if ((activ_bits(&x[i]) & ACTIV_MAGNITUDE) > ACTIV_INFINITY) {
            h->nans++;
            continue;
        }
        const double value = x[i];
        if (value < low)
            h->under++;
        else if (value > high)
            h->over++;
        else
            h->counts[bin_of(h, value)]++;
    }
    h->total += n;
    return ACTIV_OK;
}

activ_status activ_histogram_merge(activ_histogram *into, const activ_histogram *from)
{
    if (!into || !from || into == from)
        return ACTIV_ERROR_INVALID;
    /* The other edges follow. */
    if (into->bins != from->bins || into->edges[0] != from->edges[0] ||
        into->edges[into->bins] != from->edges[from->bins])
        return ACTIV_ERROR_SHAPE;
    if (from->total > UINT64_MAX - into->total)
        return ACTIV_ERROR_RANGE;
    into->total += from->total;
    into->under += from->under;
    into->over += from->over;
    into->nans += from->nans;
    for (size_t i = 0; i < into->bins; i++)
        into->counts[i] += from->counts[i];
    return ACTIV_OK;
}

activ_status activ_histogram_reset(activ_histogram *h)
{
    if (!h)
        return ACTIV_ERROR_INVALID;
    h->total = h->under = h->over = h->nans = 0;
    memset(h->counts, 0, h->bins * sizeof *h->counts);
    return ACTIV_OK;
}

activ_status activ_histogram_get(const activ_histogram *h, activ_histogram_info *info)
{
    if (!h || !info)
        return ACTIV_ERROR_INVALID;
    const activ_histogram_info own = { .size = sizeof own,
                                       .bins = h->bins,
                                       .edges = h->edges,
                                       .counts = h->counts,
                                       .total = h->total,
                                       .under = h->under,
                                       .over = h->over,
                                       .nans = h->nans };
    return activ_sized_write(&own, sizeof own, info);
}
