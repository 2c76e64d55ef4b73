/* Running statistics, from exact sums.
 *
 * A float32 is a whole number m below 2^24 times 2^(e - 150), for an exponent e from 1 to 254. For each sign and e the
 * sum of m is one 64-bit number, for each e the sum of m^2. Before these can overflow, they are added to the sums of
 * all, which are whole numbers in units of 2^-149 and 2^-298. Rounding happens in activ_stats_get alone. */
#include <math.h>

#include "activ/analysis.h"
#include "analysis/values.h"
#include "analysis/wide.h"
#include "base/rounding.h"
#include "base/sized.h"
#include "context/context.h"

/* 277 bits for the largest value, 554 for its square, 64 for their number. */
#define SUM_LIMBS 11
#define SQUARE_LIMBS 20
#define EXPONENTS 256

/* m^2 is below 2^48: as many of them fit, and more. */
#define MOST_PENDING 32768

typedef struct sums {
    uint32_t positive[SUM_LIMBS], negative[SUM_LIMBS], squares[SQUARE_LIMBS];
} sums;

struct activ_stats {
    activ_host host;
    uint64_t count, zeros, nans, positive_infinities, negative_infinities;
    uint32_t least, largest; /* as activ_order has them */
    sums sums;
    size_t pending; /* values in the arrays below, which are not in `sums` yet */
    uint64_t pending_sums[2 * EXPONENTS], pending_squares[EXPONENTS];
};

static void clear(activ_stats *s)
{
    const activ_host host = s->host;
    memset(s, 0, sizeof *s);
    s->host = host;
    s->least = UINT32_MAX;
}

activ_status activ_stats_create(const activ_context *context, activ_stats **out)
{
    activ_host host;
    activ_host_of(context, &host);
    if (!out)
        return ACTIV_ERROR_INVALID;
    activ_stats *s = activ_host_alloc_raw(&host, sizeof *s);
    if (!s)
        return ACTIV_ERROR_OUT_OF_MEMORY;
    s->host = host;
    clear(s);
    *out = s;
    return ACTIV_OK;
}

void activ_stats_destroy(activ_stats *s)
{
    if (s) {
        const activ_host host = s->host;
        activ_host_free(&host, s, sizeof *s);
    }
}

activ_status activ_stats_reset(activ_stats *s)
{
    if (!s)
        return ACTIV_ERROR_INVALID;
    clear(s);
    return ACTIV_OK;
}

/* Adds what is pending in s. */
static void complete(sums *to, const activ_stats *s)
{
    for (unsigned i = 1; s->pending > 0 && i < EXPONENTS; i++) {
        activ_wide_add_shifted(to->positive, SUM_LIMBS, s->pending_sums[i], i - 1);
        activ_wide_add_shifted(to->negative, SUM_LIMBS, s->pending_sums[EXPONENTS + i], i - 1);
        activ_wide_add_shifted(to->squares, SQUARE_LIMBS, s->pending_squares[i], 2 * (i - 1));
    }
}

static void settle(activ_stats *s)
{
    complete(&s->sums, s);
    s->pending = 0;
    memset(s->pending_sums, 0, sizeof s->pending_sums);
    memset(s->pending_squares, 0, sizeof s->pending_squares);
}

/* At most MOST_PENDING - s->pending values. */
static void add(activ_stats *s, size_t n, const float *x)
{
    uint32_t least = s->least, largest = s->largest;
    for (size_t i = 0; i < n; i++) {
        const uint32_t bits = activ_bits(&x[i]), magnitude = bits & ACTIV_MAGNITUDE;
        if (magnitude >= ACTIV_INFINITY) {
            s->nans += magnitude > ACTIV_INFINITY;
            s->positive_infinities += bits == ACTIV_INFINITY;
            s->negative_infinities += bits == (ACTIV_INFINITY | ~ACTIV_MAGNITUDE);
            continue;
        }
        /* Subnormal numbers have the exponent 1, and no bit more. */
        const uint32_t is_normal = magnitude >> 23 != 0, m = (bits & 0x7fffff) | is_normal << 23;
        const uint32_t exponent = magnitude >> 23 | !is_normal;
        s->pending_sums[(bits >> 31) * EXPONENTS + exponent] += m;
        s->pending_squares[exponent] += (uint64_t)m * m;
        s->zeros += magnitude == 0;
        const uint32_t order = activ_order(bits);
        least = order < least ? order : least;
        largest = order > largest ? order : largest;
    }
    s->least = least;
    s->largest = largest;
    s->count += n;
    s->pending += n;
}

activ_status activ_stats_add(activ_stats *s, size_t n, const float *x)
{
    const activ_status status = s ? activ_check_values(s, sizeof *s, s->count, n, x) : ACTIV_ERROR_INVALID;
    if (status != ACTIV_OK)
        return status;
    while (n > 0) {
        if (s->pending == MOST_PENDING)
            settle(s);
        const size_t room = MOST_PENDING - s->pending, part = n < room ? n : room;
        add(s, part, x);
        x += part;
        n -= part;
    }
    return ACTIV_OK;
}

activ_status activ_stats_merge(activ_stats *into, const activ_stats *from)
{
    if (!into || !from || into == from)
        return ACTIV_ERROR_INVALID;
    if (from->count > UINT64_MAX - into->count)
        return ACTIV_ERROR_RANGE;
    complete(&into->sums, from);
    activ_wide_add(into->sums.positive, from->sums.positive, SUM_LIMBS);
    activ_wide_add(into->sums.negative, from->sums.negative, SUM_LIMBS);
    activ_wide_add(into->sums.squares, from->sums.squares, SQUARE_LIMBS);
    into->count += from->count;
    into->zeros += from->zeros;
    into->nans += from->nans;
    into->positive_infinities += from->positive_infinities;
    into->negative_infinities += from->negative_infinities;
    if (from->least < into->least)
        into->least = from->least;
    if (from->largest > into->largest)
        into->largest = from->largest;
    return ACTIV_OK;
}

/* As a double, whether or not the CPU takes subnormal numbers for 0. */
static double value_of(uint32_t bits)
{
    const uint32_t exponent = (bits & ACTIV_MAGNITUDE) >> 23, m = (bits & 0x7fffff) | (uint32_t)(exponent > 0) << 23;
    const double magnitude = activ_wide_to_double(&m, 1, (int)(exponent | (exponent == 0)) - 150);
    return bits & ~ACTIV_MAGNITUDE ? -magnitude : magnitude;
}

/* With n > 0 values. The variance is (n sum x^2 - (sum x)^2) / n^2, of which the numerator is exact. */
static void compute(const sums *all, uint64_t n, activ_stats_info *info)
{
    const double count = (double)n;
    const int is_negative = activ_wide_compare(all->positive, all->negative, SUM_LIMBS) < 0;
    uint32_t sum[SUM_LIMBS], square[2 * SUM_LIMBS], numerator[SQUARE_LIMBS + 2];
    _Static_assert(sizeof square == sizeof numerator, "they are subtracted");
    activ_wide_subtract(sum, is_negative ? all->negative : all->positive, is_negative ? all->positive : all->negative,
                        SUM_LIMBS);
    const double s = activ_wide_to_double(sum, SUM_LIMBS, -149);
    info->mean = (is_negative ? -s : s) / count;

    const uint32_t n_limbs[2] = { (uint32_t)n, (uint32_t)(n >> 32) };
    activ_wide_multiply(square, sum, SUM_LIMBS, sum, SUM_LIMBS);
    activ_wide_multiply(numerator, all->squares, SQUARE_LIMBS, n_limbs, 2);
    activ_wide_subtract(numerator, numerator, square, 2 * SUM_LIMBS);
    const double spread = activ_wide_to_double(numerator, 2 * SUM_LIMBS, -298) / count;
    info->variance = spread / count;
    info->sample_variance = n > 1 ? spread / (double)(n - 1) : NAN;
    info->deviation = sqrt(info->variance);

    const double squares = activ_wide_to_double(all->squares, SQUARE_LIMBS, -298);
    info->norm = sqrt(squares);
    info->rms = sqrt(squares / count);

    memcpy(sum, all->positive, sizeof sum);
    activ_wide_add(sum, all->negative, SUM_LIMBS);
    info->mean_magnitude = activ_wide_to_double(sum, SUM_LIMBS, -149) / count;
}

activ_status activ_stats_get(const activ_stats *s, activ_stats_info *info)
{
    if (!s || !info)
        return ACTIV_ERROR_INVALID;
    activ_stats_info own = {
        .size = sizeof own,
        .count = s->count,
        .finite = s->count - s->nans - s->positive_infinities - s->negative_infinities,
        .zeros = s->zeros,
        .nans = s->nans,
        .positive_infinities = s->positive_infinities,
        .negative_infinities = s->negative_infinities,
        .mean = NAN,
        .mean_magnitude = NAN,
        .variance = NAN,
        .sample_variance = NAN,
        .deviation = NAN,
        .rms = NAN,
        .least = NAN,
        .largest = NAN,
    };
    if (own.finite > 0) {
        sums all = s->sums;
        complete(&all, s);
        const int rounding = activ_round_to_nearest();
        compute(&all, own.finite, &own);
        activ_round_as(rounding);
        own.least = value_of(activ_bits_of_order(s->least));
        own.largest = value_of(activ_bits_of_order(s->largest));
    }
    return activ_sized_write(&own, sizeof own, info);
}
