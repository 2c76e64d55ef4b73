/* Which neurons of a layer are dead. */
#include "analysis/neurons.h"

#include "analysis/values.h"
#include "base/rounding.h"
#include "base/sized.h"
#include "context/context.h"

struct activ_neurons {
    activ_host host;
    size_t bytes, width;
    uint64_t inputs;
    uint32_t threshold; /* as bits */
    uint64_t *active;   /* of each neuron */
    float *peaks;       /* both behind the struct */
};

_Static_assert(sizeof(activ_neurons) % _Alignof(uint64_t) == 0, "the arrays behind it are aligned");

/* ---- making one ---------------------------------------------------------------------------------------- */

activ_status activ_neurons_read_options(const activ_neurons_options *options, activ_neurons_options *own)
{
    static const activ_neurons_options defaults = ACTIV_NEURONS_DEFAULTS;
    const activ_status status = activ_sized_read(own, sizeof *own, options ? options : &defaults);
    if (status != ACTIV_OK)
        return status;
    if (own->reserved != 0)
        return ACTIV_ERROR_UNSUPPORTED;
    return activ_is_finite(own->threshold) && own->threshold >= 0.0f ? ACTIV_OK : ACTIV_ERROR_RANGE;
}

activ_status activ_neurons_make(const activ_host *host, size_t width, const activ_neurons_options *options,
                                activ_neurons **out)
{
    size_t bytes;
    if (width == 0 || !activ_checked_mul(width, sizeof(uint64_t) + sizeof(float), &bytes) ||
        !activ_checked_add(bytes, sizeof(activ_neurons), &bytes))
        return ACTIV_ERROR_RANGE;
    activ_neurons *n = activ_host_alloc(host, bytes);
    if (!n)
        return ACTIV_ERROR_OUT_OF_MEMORY;
    n->host = *host;
    n->bytes = bytes;
    n->width = width;
    n->threshold = activ_bits(&options->threshold) & ACTIV_MAGNITUDE;
    n->active = (uint64_t *)(n + 1);
    n->peaks = (float *)(n->active + width);
    *out = n;
    return ACTIV_OK;
}

activ_status activ_neurons_create(const activ_context *context, size_t width, const activ_neurons_options *options,
                                  activ_neurons **out)
{
    activ_host host;
    activ_neurons_options own;
    activ_host_of(context, &host);
    if (!out)
        return ACTIV_ERROR_INVALID;
    const activ_status status = activ_neurons_read_options(options, &own);
    return status == ACTIV_OK ? activ_neurons_make(&host, width, &own, out) : status;
}

void activ_neurons_destroy(activ_neurons *n)
{
    if (n) {
        const activ_host host = n->host;
        activ_host_free(&host, n, n->bytes);
    }
}

activ_status activ_neurons_reset(activ_neurons *n)
{
    if (!n)
        return ACTIV_ERROR_INVALID;
    n->inputs = 0;
    memset(n->active, 0, n->width * sizeof *n->active);
    memset(n->peaks, 0, n->width * sizeof *n->peaks);
    return ACTIV_OK;
}

/* ---- counting ------------------------------------------------------------------------------------------ */

static void add_row(size_t width, const float *values, uint32_t threshold, uint64_t *active, float *peaks)
{
    for (size_t j = 0; j < width; j++) {
        const uint32_t magnitude = activ_bits(&values[j]) & ACTIV_MAGNITUDE;
        const uint32_t limited = magnitude < ACTIV_INFINITY ? magnitude : ACTIV_INFINITY;
        const uint32_t peak = activ_bits(&peaks[j]), higher = limited > peak ? limited : peak;
        active[j] += magnitude > threshold;
        memcpy(&peaks[j], &higher, sizeof higher);
    }
}

activ_status activ_neurons_add(activ_neurons *n, size_t rows, const float *values, size_t stride)
{
    size_t floats;
    if (!n || (rows > 0 && !values))
        return ACTIV_ERROR_INVALID;
    if (rows == 0)
        return ACTIV_OK;
    if (rows == 1)
        stride = n->width;
    if (stride < n->width)
        return ACTIV_ERROR_SHAPE;
    if (rows > UINT64_MAX - n->inputs || !activ_checked_mul(rows - 1, stride, &floats) ||
        !activ_checked_add(floats, n->width, &floats))
        return ACTIV_ERROR_RANGE;
    const activ_status status = activ_check_values(n, n->bytes, 0, floats, values);
    if (status != ACTIV_OK)
        return status;
    for (size_t r = 0; r < rows; r++)
        add_row(n->width, values + r * stride, n->threshold, n->active, n->peaks);
    n->inputs += rows;
    return ACTIV_OK;
}

activ_status activ_neurons_check_merge(const activ_neurons *into, const activ_neurons *from)
{
    if (!into || !from || into == from)
        return ACTIV_ERROR_INVALID;
    if (into->width != from->width || into->threshold != from->threshold)
        return ACTIV_ERROR_SHAPE;
    return from->inputs > UINT64_MAX - into->inputs ? ACTIV_ERROR_RANGE : ACTIV_OK;
}

activ_status activ_neurons_merge(activ_neurons *into, const activ_neurons *from)
{
    const activ_status status = activ_neurons_check_merge(into, from);
    if (status != ACTIV_OK)
        return status;
    for (size_t j = 0; j < into->width; j++) {
        into->active[j] += from->active[j];
        if (activ_bits(&from->peaks[j]) > activ_bits(&into->peaks[j]))
            memcpy(&into->peaks[j], &from->peaks[j], sizeof *into->peaks);
    }
    into->inputs += from->inputs;
    return ACTIV_OK;
}

/* ---- asking -------------------------------------------------------------------------------------------- */

/* The neurons whose peak is at most `limit`, as bits. indices may be NULL if capacity is 0. */
static size_t list_quiet(const activ_neurons *n, uint32_t limit, size_t capacity, size_t *indices)
{
    size_t count = 0;
    for (size_t j = 0; j < n->width; j++) {
        if (activ_bits(&n->peaks[j]) > limit)
            continue;
        if (count < capacity)
            indices[count] = j;
        count++;
    }
    return count;
}

static size_t list_rare(const activ_neurons *n, double share, size_t capacity, size_t *indices)
{
    size_t count = 0;
    for (size_t j = 0; j < n->width; j++) {
        if (!((double)n->active[j] / (double)n->inputs < share))
            continue;
        if (count < capacity)
            indices[count] = j;
        count++;
    }
    return count;
}

static activ_status check_list(const activ_neurons *n, size_t capacity, const size_t *indices, const size_t *count)
{
    if (!n || !count || (capacity > 0 && !indices))
        return ACTIV_ERROR_INVALID;
    return n->inputs > 0 ? ACTIV_OK : ACTIV_ERROR_STATE;
}

activ_status activ_neurons_quiet(const activ_neurons *n, float limit, size_t capacity, size_t *indices, size_t *count)
{
    const activ_status status = check_list(n, capacity, indices, count);
    if (status != ACTIV_OK)
        return status;
    if (!activ_is_finite(limit) || !(limit >= 0.0f))
        return ACTIV_ERROR_RANGE;
    *count = list_quiet(n, activ_bits(&limit) & ACTIV_MAGNITUDE, capacity, indices);
    return ACTIV_OK;
}

activ_status activ_neurons_dead(const activ_neurons *n, size_t capacity, size_t *indices, size_t *count)
{
    return activ_neurons_quiet(n, 0.0f, capacity, indices, count);
}

activ_status activ_neurons_rarely_active(const activ_neurons *n, double share, size_t capacity, size_t *indices,
                                         size_t *count)
{
    const activ_status status = check_list(n, capacity, indices, count);
    if (status != ACTIV_OK)
        return status;
    if (!(share >= 0.0 && share <= 1.0))
        return ACTIV_ERROR_RANGE;
    const int rounding = activ_round_to_nearest();
    *count = list_rare(n, share, capacity, indices);
    activ_round_as(rounding);
    return ACTIV_OK;
}

activ_status activ_neurons_get(const activ_neurons *n, activ_neurons_info *info)
{
    if (!n || !info)
        return ACTIV_ERROR_INVALID;
    const activ_neurons_info own = { .size = sizeof own,
                                     .width = n->width,
                                     .inputs = n->inputs,
                                     .active = n->active,
                                     .peaks = n->peaks,
                                     .dead = n->inputs > 0 ? list_quiet(n, 0, 0, NULL) : 0 };
    return activ_sized_write(&own, sizeof own, info);
}
