/* Functions on arrays of float16 or bfloat16: part by part widened to float32, on the stack, where the kernels run, and
 * narrowed. Both take about as long as the lightest kernels, which have the cache to themselves. */
#include "fn/fn.h"

#include <float.h>

#include "base/share.h"
#include "kernels/kernels.h"

/* float32 on the stack: one, two or three arrays; of kernels that need much of it themselves, few. */
#define ROOM 1024
#define DEEP_ROOM 192

static size_t part_of(size_t room, size_t arrays)
{
    return room / arrays / 16 * 16;
}

/* Columns of a row that the row-wise kernels for float32 get; of longer ones they have loops of their own. */
#define SHORT_ROW 320

/* From this many elements on, results that are not in place are written by non-temporal stores: reading the lines that
 * they overwrite would be a third of the traffic. */
#define STREAM_FROM ((size_t)1 << 21)

/* Elements in a part then, so that its stores drain while the next one is computed; and how far ahead inputs are asked
 * for. */
#define STREAMED 512
#define FETCHED 2048

typedef struct half_job {
    const activ_fn *fn;
    const activ_kernels *kernels;
    const activ_fn_args *args;
    activ_dtype dtype;
    size_t rows, columns;
    const uint16_t *x, *value, *dy; /* x: of a gated function its gate */
    size_t x_stride, value_stride, dy_stride;
    uint16_t *out, *dvalue; /* out: y, dx or dgate */
    size_t out_stride, dvalue_stride;
} half_job;

#if defined(__GNUC__)
#    define prefetch(p) __builtin_prefetch(p)
#else
#    define prefetch(p) ((void)(p))
#endif

static void widen(const half_job *job, const uint16_t *x, size_t at, size_t n, float *to)
{
    job->kernels->widen(job->dtype, n, x + at, to);
}

static void narrow(const half_job *job, const float *from, int stream, size_t n, uint16_t *y, size_t at)
{
    if (y)
        job->kernels->narrow(job->dtype, stream, n, from, y + at);
}

static size_t arrays_of(const half_job *job)
{
    return job->value && job->dy ? 3 : job->value || job->dy ? 2 : 1;
}

/* Contiguous elements of a row, as many as the room holds. */
static void run_in(const half_job *job, float *room, size_t size, size_t row, size_t at, size_t n, int stream)
{
    const activ_fn_kernel *kernel = job->fn->kernel;
    float *x = room, *second = x + part_of(size, arrays_of(job)), *third = second + part_of(size, 3);
    const size_t out_at = row * job->out_stride + at;
    widen(job, job->x, row * job->x_stride + at, n, x);
    if (job->value)
        widen(job, job->value, row * job->value_stride + at, n, second);
    if (job->dy)
        widen(job, job->dy, row * job->dy_stride + at, n, job->value ? third : second);
    if (job->value && job->dy) {
        activ_fn_gated_backward(&job->fn->host, kernel, job->args, n, second, x, third, job->dvalue ? second : NULL,
                                job->out ? x : NULL, 0);
        narrow(job, second, 0, n, job->dvalue, row * job->dvalue_stride + at);
    } else if (job->value) {
        activ_fn_forward_times(&job->fn->host, kernel, job->args, n, x, second, x);
    } else if (job->dy) {
        kernel->backward(job->args, 0, 0, n, x, second, x, NULL);
    } else {
        kernel->forward(job->args, n, x, x);
    }
    narrow(job, x, stream, n, job->out, out_at);
}

static void run_part(const half_job *job, size_t row, size_t at, size_t n, int stream)
{
    _Alignas(64) float room[ROOM];
    run_in(job, room, ROOM, row, at, n, stream);
}

static void run_deep_part(const half_job *job, size_t row, size_t at, size_t n, int stream)
{
    _Alignas(64) float room[DEEP_ROOM];
    run_in(job, room, DEEP_ROOM, row, at, n, stream);
}

/* ---- functions that clamp ---------------------------------------------------------------------------- */

/* x and -x are ordered alike as whole numbers: 0 to 0x7fff, and 0x8000 to 0xffff. */
#define MINUS_ZERO 0x8000u

static uint16_t count_of(unsigned first, unsigned last)
{
    return (uint16_t)(last - first + 1);
}

/* The number nearest to a bound, and whether it is below, at (0) or above it. */
static unsigned nearest_of(const half_job *job, float bound, int *side, uint16_t *nearest)
{
    float value;
    job->kernels->narrow(job->dtype, 0, 1, &bound, nearest);
    job->kernels->widen(job->dtype, 1, nearest, &value);
    *side = (value > bound) - (value < bound);
    return value == 0.0f ? 0 : *nearest; /* -0 as 0 */
}

/* Those below `low` and above `high`, which forward makes the bounds of; backward 0, with finite bounds themselves. */
static activ_half_ranges ranges_of(const half_job *job, float low, float high)
{
    activ_half_ranges r = { .infinity = job->dtype == ACTIV_FLOAT16 ? 0x7c00 : 0x7f80 };
    const int includes = job->dy != NULL;
    int side;
    unsigned at = nearest_of(job, low, &side, &r.value[0]);
    const unsigned low_is_in = side < 0 || (side == 0 && includes);
    if (low >= -FLT_MAX && low < 0.0f && at != 0) {
        r.first[0] = (uint16_t)(at + !low_is_in);
        r.count[0] = count_of(r.first[0], 0xffff);
    } else if (low >= -FLT_MAX) {
        /* All negative ones, those below `at`, and 0 and -0 as these are alike. */
        r.first[0] = (uint16_t)(at == 0 && !low_is_in ? MINUS_ZERO + 1 : MINUS_ZERO);
        r.count[0] = count_of(r.first[0], at == 0 && !low_is_in ? 0xffff : 0x10000 + at - !low_is_in);
    }
    at = nearest_of(job, high, &side, &r.value[1]);
    const unsigned high_is_in = side > 0 || (side == 0 && includes);
    if (high <= FLT_MAX) {
        const int is_negative = at >= MINUS_ZERO;
        r.first[1] = (uint16_t)(is_negative ? 0 : at + !high_is_in);
        r.count[1] = count_of(r.first[1], is_negative ? at - !high_is_in : at == 0 && high_is_in ? MINUS_ZERO : 0x7fff);
    }
    if (includes)
        r.value[0] = r.value[1] = 0;
    return r;
}

/* Without arithmetic; 0 if the function is not of that kind. */
static int run_clamp(const half_job *job, size_t row, size_t at, size_t n)
{
    const activ_fn_definition *definition = job->fn->entry->definition;
    float low, high;
    if (!definition->clamps || job->value)
        return 0;
    definition->clamps(job->args->setting_values, &low, &high);
    activ_half_ranges ranges = ranges_of(job, low, high);
    const uint16_t *x = job->x + row * job->x_stride + at;
    uint16_t *out = job->out + row * job->out_stride + at;
    if (!job->dy && low < -FLT_MAX && high > FLT_MAX) {
        memmove(out, x, n * sizeof *x);
        return 1;
    }
    if (!job->dy && low == 0.0f && ranges.count[1] == 0) {
        /* relu: from below -0 to minus infinity. */
        ranges.count[0] = count_of(ranges.first[0], MINUS_ZERO + ranges.infinity);
        ranges.infinity = UINT16_MAX;
    }
    job->kernels->replace(&ranges, n, x, job->dy ? job->dy + row * job->dy_stride + at : x, out);
    return 1;
}

/* Asks for the inputs of a later part, while the kernels compute; there may be none there. */
static void fetch(const half_job *job, size_t row, size_t at, size_t left, size_t n)
{
    enum { LINE = 64 / sizeof(uint16_t) };
    n = left < n ? left : n;
    for (size_t i = at; i < at + n; i += LINE) {
        prefetch(job->x + row * job->x_stride + i);
        if (job->dy)
            prefetch(job->dy + row * job->dy_stride + i);
        if (job->value)
            prefetch(job->value + row * job->value_stride + i);
    }
}

/* Contiguous elements of a row. */
static void run_range(const half_job *job, size_t row, size_t at, size_t n, int stream)
{
    const int is_deep = job->fn->kernel->is_deep || job->args->component_count > 0;
    const size_t fits = part_of(is_deep ? DEEP_ROOM : ROOM, arrays_of(job)),
                 most = stream && fits > STREAMED ? STREAMED : fits;
    const size_t end = at + n;
    if (!stream && run_clamp(job, row, at, n))
        return;
    for (size_t count = most; at < end; at += count, count = most) {
        if (stream) {
            /* The first part ends where the next can be streamed. */
            const uintptr_t past = (uintptr_t)(job->out + at) % ACTIV_STREAM_ALIGN;
            count = past ? (ACTIV_STREAM_ALIGN - past) / sizeof *job->out : most;
        }
        count = end - at < count ? end - at : count;
        if (stream)
            fetch(job, row, at + FETCHED, at + FETCHED < end ? end - at - FETCHED : 0, count);
        (is_deep ? run_deep_part : run_part)(job, row, at, count,
                                             stream && (uintptr_t)(job->out + at) % ACTIV_STREAM_ALIGN == 0);
    }
    if (stream)
        job->kernels->narrow(job->dtype, 1, 0, NULL, NULL);
}

/* ---- row-wise functions ---------------------------------------------------------------------------- */

static void run_long_row(const half_job *job, size_t row)
{
    const activ_half_row half = { .dtype = job->dtype,
                                  .columns = job->columns,
                                  .x = job->x + row * job->x_stride,
                                  .dy = job->dy ? job->dy + row * job->dy_stride : NULL,
                                  .out = job->out + row * job->out_stride,
                                  .widen = job->kernels->widen,
                                  .narrow = job->kernels->narrow };
    (job->dy ? job->fn->rowwise->backward_half : job->fn->rowwise->forward_half)(&half);
}

/* As many rows as the room holds: kernels hide the latencies of one behind others'. */
static void run_short_rows(const half_job *job, size_t first, size_t count)
{
    const activ_rowwise_kernel *rowwise = job->fn->rowwise;
    const size_t columns = job->columns;
    _Alignas(64) float x[SHORT_ROW], dy[SHORT_ROW];
    for (size_t r = 0; r < count; r++) {
        widen(job, job->x, (first + r) * job->x_stride, columns, x + r * columns);
        if (job->dy)
            widen(job, job->dy, (first + r) * job->dy_stride, columns, dy + r * columns);
    }
    if (job->dy)
        rowwise->backward(job->args, count, columns, x, columns, dy, columns, x, columns, 0);
    else
        rowwise->forward(job->args, count, columns, x, columns, x, columns);
    for (size_t r = 0; r < count; r++)
        narrow(job, x + r * columns, 0, columns, job->out, (first + r) * job->out_stride);
}

static void run_rows(const half_job *job, size_t first, size_t count)
{
    if (job->columns > SHORT_ROW) {
        for (size_t row = first; row < first + count; row++)
            run_long_row(job, row);
        return;
    }
    for (size_t n = SHORT_ROW / job->columns; count > 0; first += n, count -= n) {
        n = count < n ? count : n;
        run_short_rows(job, first, n);
    }
}

/* ---- a call ---------------------------------------------------------------------------------------- */

/* If no matrix has gaps between rows, all rows are one long row. */
static int is_dense(const half_job *job)
{
    const size_t c = job->columns;
    return job->rows == 1 ||
           (job->x_stride == c && (!job->value || job->value_stride == c) && (!job->dy || job->dy_stride == c) &&
            (!job->out || job->out_stride == c) && (!job->dvalue || job->dvalue_stride == c));
}

/* Worth streaming, one result of a long array that is none of the inputs. */
static int is_streamed(const half_job *job)
{
    return job->rows * job->columns >= STREAM_FROM && !job->dvalue && job->out != job->x && job->out != job->dy &&
           job->out != job->value;
}

static void run_share(void *argument, size_t parts, size_t part)
{
    const half_job *job = argument;
    if (!job->fn->rowwise && is_dense(job)) {
        activ_range r = activ_range_of(job->rows * job->columns, 64, parts, part);
        run_range(job, 0, r.first, r.count, is_streamed(job));
        return;
    }
    activ_range r = activ_range_of(job->rows, 1, parts, part);
    if (job->fn->rowwise)
        run_rows(job, r.first, r.count);
    else
        for (size_t row = r.first; row < r.first + r.count; row++)
            run_range(job, row, 0, job->columns, 0);
}

static void run(half_job *job, size_t threads)
{
    if (job->out || job->dvalue)
        activ_share(&job->fn->host, threads, job->rows * job->columns * ACTIV_WORK_ELEMENT, run_share, job);
}

static const uint16_t *input(const float *array)
{
    return (const uint16_t *)(const void *)array;
}

static uint16_t *output(float *array)
{
    return (uint16_t *)(void *)array;
}

void activ_fn_run_half(const activ_fn *fn, size_t threads, const activ_fn_args *args, const activ_forward_args *a)
{
    const int is_gated = fn->entry->shape == ACTIV_SHAPE_GATED;
    half_job job = { .fn = fn,
                     .kernels = activ_kernels_of(fn->host.tier),
                     .args = args,
                     .dtype = a->dtype,
                     .rows = a->rows,
                     .columns = a->columns,
                     .x = input(is_gated ? a->gate : a->x),
                     .x_stride = is_gated ? a->gate_stride : a->x_stride,
                     .value = input(is_gated ? a->x : NULL),
                     .value_stride = a->x_stride,
                     .out = output(a->y),
                     .out_stride = a->y_stride };
    run(&job, threads);
}

void activ_fn_run_half_backward(const activ_fn *fn, size_t threads, const activ_fn_args *args,
                                const activ_backward_args *a)
{
    const int is_gated = fn->entry->shape == ACTIV_SHAPE_GATED;
    const activ_kernels *kernels = activ_kernels_of(fn->host.tier);
    const float *x = is_gated ? a->gate : a->x;
    const size_t x_stride = is_gated ? a->gate_stride : a->x_stride;
    if (a->dparams && args->vectors > 0) { /* before there is a job, whose place on the stack it has */
        const activ_fn_elements elements = { .n = a->rows * a->columns,
                                             .width = a->columns,
                                             .x = x,
                                             .dy = a->dy,
                                             .value = is_gated ? a->x : NULL,
                                             .x_stride = x_stride,
                                             .dy_stride = a->dy_stride,
                                             .value_stride = a->x_stride,
                                             .widen = kernels->widen,
                                             .dtype = a->dtype };
        activ_fn_add_gradients(&fn->host, threads, fn->kernel, args, &elements, NULL, a->dparams, 0);
    }
    half_job job = { .fn = fn,
                     .kernels = kernels,
                     .args = args,
                     .dtype = a->dtype,
                     .rows = a->rows,
                     .columns = a->columns,
                     .x = input(x),
                     .x_stride = x_stride,
                     .value = input(is_gated ? a->x : NULL),
                     .value_stride = a->x_stride,
                     .dy = input(a->dy),
                     .dy_stride = a->dy_stride,
                     .out = output(is_gated ? a->dgate : a->dx),
                     .out_stride = is_gated ? a->dgate_stride : a->dx_stride,
                     .dvalue = output(is_gated ? a->dx : NULL),
                     .dvalue_stride = a->dx_stride };
    run(&job, threads);
}
