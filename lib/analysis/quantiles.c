/* Quantiles from counts by sign, exponent and the first bits of the mantissa.
 *
 * A counter's values have the same upper bits. They lie between a and a + w, with w = 2^-precision of the power of two
 * at or below |a| (of 2^-126 for subnormal numbers), and the middle is at most w/2 from each. */
#include <math.h>

#include "activ/analysis.h"
#include "analysis/values.h"
#include "base/rounding.h"
#include "context/context.h"

#define MAX_PRECISION 15

struct activ_quantiles {
    activ_host host;
    size_t bytes;
    int32_t precision;
    unsigned shift;          /* a value's counter: its bits, shifted */
    uint32_t least, largest; /* as activ_order has them */
    uint64_t count, nans, zeros;
    size_t counters;
    uint64_t *counts; /* behind the struct; zeros are not in it */
};

_Static_assert(sizeof(activ_quantiles) % _Alignof(uint64_t) == 0, "the array behind it is aligned");

static void clear(activ_quantiles *q)
{
    q->count = q->nans = q->zeros = 0;
    q->least = UINT32_MAX;
    q->largest = 0;
    memset(q->counts, 0, q->counters * sizeof *q->counts);
}

activ_status activ_quantiles_create(const activ_context *context, int32_t precision, activ_quantiles **out)
{
    activ_host host;
    activ_host_of(context, &host);
    if (!out)
        return ACTIV_ERROR_INVALID;
    if (precision < 1 || precision > MAX_PRECISION)
        return ACTIV_ERROR_RANGE;
    const size_t counters = (size_t)1 << (9 + precision);
    const size_t bytes = sizeof(activ_quantiles) + counters * sizeof(uint64_t);
    activ_quantiles *q = activ_host_alloc_raw(&host, bytes);
    if (!q)
        return ACTIV_ERROR_OUT_OF_MEMORY;
    *q = (activ_quantiles){ .host = host,
                            .bytes = bytes,
                            .precision = precision,
                            .shift = 23 - (unsigned)precision,
                            .counters = counters,
                            .counts = (uint64_t *)(q + 1) };
    clear(q);
    *out = q;
    return ACTIV_OK;
}

void activ_quantiles_destroy(activ_quantiles *q)
{
    if (q) {
        const activ_host host = q->host;
        activ_host_free(&host, q, q->bytes);
    }
}

activ_status activ_quantiles_reset(activ_quantiles *q)
{
    if (!q)
        return ACTIV_ERROR_INVALID;
    clear(q);
    return ACTIV_OK;
}

static uint64_t seen(const activ_quantiles *q)
{
    return q->count + q->nans;
}

activ_status activ_quantiles_add(activ_quantiles *q, size_t n, const float *x)
{
    const activ_status status = q ? activ_check_values(q, q->bytes, seen(q), n, x) : ACTIV_ERROR_INVALID;
    if (status != ACTIV_OK)
        return status;
    uint64_t nans = 0, zeros = 0;
    uint32_t least = q->least, largest = q->largest;
    for (size_t i = 0; i < n; i++) {
        const uint32_t bits = activ_bits(&x[i]), magnitude = bits & ACTIV_MAGNITUDE, order = activ_order(bits);
        if (magnitude > ACTIV_INFINITY) {
            nans++;
            continue;
        }
        if (magnitude == 0)
            zeros++;
        else
            q->counts[bits >> q->shift]++;
        least = order < least ? order : least;
        largest = order > largest ? order : largest;
    }
    q->least = least;
    q->largest = largest;
    q->nans += nans;
    q->zeros += zeros;
    q->count += n - nans;
    return ACTIV_OK;
}

activ_status activ_quantiles_merge(activ_quantiles *into, const activ_quantiles *from)
{
    if (!into || !from || into == from)
        return ACTIV_ERROR_INVALID;
    if (into->precision != from->precision)
        return ACTIV_ERROR_SHAPE;
    if (seen(from) > UINT64_MAX - seen(into))
        return ACTIV_ERROR_RANGE;
    into->count += from->count;
    into->nans += from->nans;
    into->zeros += from->zeros;
    if (from->least < into->least)
        into->least = from->least;
    if (from->largest > into->largest)
        into->largest = from->largest;
    for (size_t i = 0; i < into->counters; i++)
        into->counts[i] += from->counts[i];
    return ACTIV_OK;
}

uint64_t activ_quantiles_count(const activ_quantiles *q)
{
    return q ? q->count : 0;
}

uint64_t activ_quantiles_nans(const activ_quantiles *q)
{
    return q ? q->nans : 0;
}

/* p n rounded up, 1 to n. */
static uint64_t rank_of(double p, uint64_t n)
{
    const double product = p * (double)n;
    if (!(product < (double)n))
        return n;
    uint64_t rank = (uint64_t)product;
    rank += (double)rank < product;
    return rank < 1 ? 1 : rank > n ? n : rank;
}

/* The middle of a counter's values, between the least and the largest of all, as bits. */
static uint32_t middle_of(const activ_quantiles *q, size_t counter)
{
    const uint32_t first = (uint32_t)counter << q->shift;
    if ((first & ACTIV_MAGNITUDE) == ACTIV_INFINITY)
        return first;
    uint32_t order = activ_order(first | UINT32_C(1) << (q->shift - 1));
    order = order < q->least ? q->least : order;
    order = order > q->largest ? q->largest : order;
    return activ_bits_of_order(order);
}

/* The value of this rank, counted from 1, as bits. */
static uint32_t value_at(const activ_quantiles *q, uint64_t rank)
{
    const size_t half = q->counters / 2;
    if (rank == 1)
        return activ_bits_of_order(q->least);
    if (rank == q->count)
        return activ_bits_of_order(q->largest);
    for (size_t i = q->counters; i-- > half;) {
        if (rank <= q->counts[i])
            return middle_of(q, i);
        rank -= q->counts[i];
    }
    if (rank <= q->zeros)
        return 0;
    rank -= q->zeros;
    size_t i = 0;
    while (rank > q->counts[i])
        rank -= q->counts[i++];
    return middle_of(q, i);
}

static void compute(const activ_quantiles *q, size_t count, const double *probabilities, float *values)
{
    for (size_t i = 0; i < count; i++) {
        const uint32_t bits = value_at(q, rank_of(probabilities[i], q->count));
        memcpy(&values[i], &bits, sizeof bits);
    }
}

activ_status activ_quantiles_get(const activ_quantiles *q, size_t count, const double *probabilities, float *values)
{
    if (!q || (count > 0 && (!probabilities || !values)))
        return ACTIV_ERROR_INVALID;
    for (size_t i = 0; i < count; i++)
        if (!(probabilities[i] >= 0.0 && probabilities[i] <= 1.0))
            return ACTIV_ERROR_RANGE;
    if (q->count == 0) {
        for (size_t i = 0; i < count; i++)
            values[i] = NAN;
        return ACTIV_OK;
    }
    const int rounding = activ_round_to_nearest();
    compute(q, count, probabilities, values);
    activ_round_as(rounding);
    return ACTIV_OK;
}
