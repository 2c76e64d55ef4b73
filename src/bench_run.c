/* activ bench: the measurements.
 *
 * They are interleaved: in each round every function is timed on every tier and kind of inputs, forward and backward,
 * and so is memcpy, so that a disturbance affects all of them. Kinds of inputs of one function follow each other, since
 * they are compared. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <activ/activ.h>

#include "bench.h"
#include "commands.h"
#include "system.h"

/* Elements of a row, for row-wise functions. */
enum { ROW = 64 };

/* Seconds of one measurement: long enough for the clock, short enough that a round passes before the machine
 * changes. */
static const double TURN_SECONDS = 100e-6;
/* Seconds for all measurements of a function and direction; slower ones get fewer rounds, at least one. */
static const double TOTAL_SECONDS = 2;

/* ---- inputs ---- */

static void fill_normal(size_t n, float deviation, float *x)
{
    (void)activ_random_normal(1, 0, 0, n, 0.0f, deviation, x);
}

static void fill_constant(size_t n, float value, float *x)
{
    for (size_t i = 0; i < n; i++)
        x[i] = value;
}

/* One far element among 8: a slow path that a whole register takes for one of its elements is taken by all. */
static void fill_some_far(size_t n, float value, float *x)
{
    fill_normal(n, 1.0f, x);
    for (size_t i = 0; i < n; i += 8)
        x[i] = i % 16 == 0 ? value : -value;
}

/* Random bits, those of `mask` alone. Copied, as a signalling NaN might not survive as a float. */
static void fill_masked(size_t n, uint32_t mask, float *x)
{
    for (size_t i = 0; i < n; i++) {
        uint32_t bits = activ_random_bits(1, 3, i) & mask;
        memcpy(&x[i], &bits, sizeof bits);
    }
}

static void fill_bits(size_t n, float value, float *x)
{
    (void)value;
    fill_masked(n, UINT32_MAX, x);
}

static void fill_subnormal(size_t n, float value, float *x)
{
    (void)value;
    fill_masked(n, 0x807fffffu, x);
}

const input_kind bench_usual_inputs = { "normal", fill_normal, 2.0f, 0 };

const input_kind bench_inputs[INPUTS] = {
    { "normal", fill_normal, 1.0f, 0 },       /* N(0, 1) */
    { "+50", fill_constant, 50.0f, 0 },       /* most functions are saturated here, */
    { "-50", fill_constant, -50.0f, 0 },      /* on either side, */
    { "+1000", fill_constant, 1000.0f, 0 },   /* and exp overflows here */
    { "-1000", fill_constant, -1000.0f, 0 },  /* or underflows */
    { "NaN", fill_constant, NAN, 0 },         /* nothing else */
    { "any bits", fill_bits, 0.0f, 0 },       /* every float32 as likely, NaN and infinities among them */
    { "8th far", fill_some_far, 50.0f, 0 },   /* N(0, 1), but every eighth is 50 or -50 */
    { "subnormal", fill_subnormal, 0.0f, 0 }, /* of both signs */
};

const input_kind bench_types[TYPES] = {
    { "float32", fill_normal, 2.0f, ACTIV_FLOAT32 },
    { "float16", fill_normal, 2.0f, ACTIV_FLOAT16 },
    { "bfloat16", fill_normal, 2.0f, ACTIV_BFLOAT16 },
};

/* ---- runs ---- */

static activ_status run_half(const bench *b, const subject *s, int direction, size_t input)
{
    const activ_dtype dtype = b->inputs[input].dtype;
    const void *x = b->x[input], *dy = b->dys[input], *value = b->values[input];
    const size_t n = b->n, columns = n % ROW == 0 ? ROW : n;
    if (s->shape == ACTIV_SHAPE_GATED && direction == FORWARD)
        return activ_forward_gated_as(s->fn, s->params, dtype, 1, n, value, n, x, n, b->out, n);
    if (s->shape == ACTIV_SHAPE_GATED)
        return activ_backward_gated_as(s->fn, s->params, dtype, 1, n, value, n, x, n, dy, n, b->back, n, b->out, n,
                                       s->dparams);
    if (s->shape == ACTIV_SHAPE_ROWWISE && direction == FORWARD)
        return activ_forward_rows_as(s->fn, s->params, dtype, n / columns, columns, x, columns, b->out, columns);
    if (s->shape == ACTIV_SHAPE_ROWWISE)
        return activ_backward_rows_as(s->fn, s->params, dtype, n / columns, columns, x, columns, dy, columns, b->out,
                                      columns, NULL);
    if (direction == FORWARD)
        return activ_forward_as(s->fn, s->params, dtype, n, x, b->out);
    return activ_backward_as(s->fn, s->params, dtype, n, x, dy, b->out, s->dparams);
}

static int is_half(const bench *b, size_t input)
{
    return b->inputs[input].dtype == ACTIV_FLOAT16 || b->inputs[input].dtype == ACTIV_BFLOAT16;
}

static activ_status run_once(const bench *b, const subject *s, int direction, size_t input)
{
    if (is_half(b, input))
        return run_half(b, s, direction, input);
    const float *x = b->x[input];
    /* Row-wise functions on rows of ROW elements, or on one row where that does not divide n. */
    const size_t n = b->n, columns = n % ROW == 0 ? ROW : n, channels = activ_fn_channels(s->fn);
    if (s->shape == ACTIV_SHAPE_GATED && direction == FORWARD)
        return activ_forward_gated(s->fn, s->params, 1, n, b->value, n, x, n, b->out, n);
    if (s->shape == ACTIV_SHAPE_GATED)
        return activ_backward_gated(s->fn, s->params, 1, n, b->value, n, x, n, b->dy, n, b->back, n, b->out, n,
                                    s->dparams);
    if (s->shape == ACTIV_SHAPE_ROWWISE && direction == FORWARD)
        return activ_forward_rows(s->fn, s->params, n / columns, columns, x, columns, b->out, columns);
    if (s->shape == ACTIV_SHAPE_ROWWISE)
        return activ_backward_rows(s->fn, s->params, n / columns, columns, x, columns, b->dy, columns, b->out, columns,
                                   NULL);
    if (channels > 1 && direction == FORWARD)
        return activ_forward_channels(s->fn, s->params, n / channels, channels, 1, x, b->out);
    if (channels > 1)
        return activ_backward_channels(s->fn, s->params, n / channels, channels, 1, x, b->dy, b->out, s->dparams);
    if (direction == FORWARD)
        return activ_forward(s->fn, s->params, n, x, b->out);
    return activ_backward(s->fn, s->params, n, x, b->dy, b->out, s->dparams);
}

/* Seconds that `repeats` runs take. A backward run includes the gradients of the parameters. Several begin with one
 * that does not count, which warms the caches: else what is timed first in a round would pay for it. */
static double run(const bench *b, const subject *s, int direction, size_t input, long repeats)
{
    if (repeats > 1)
        (void)run_once(b, s, direction, input);
    double start = system_seconds();
    for (long r = 0; r < repeats; r++)
        (void)run_once(b, s, direction, input);
    return system_seconds() - start;
}

static double run_copy(const bench *b, long repeats)
{
    /* A volatile pointer, or the compiler might drop copies. */
    void *(*volatile copy)(void *, const void *, size_t) = memcpy;
    if (repeats > 1)
        copy(b->out, b->x[0], b->n * sizeof(float));
    double start = system_seconds();
    for (long r = 0; r < repeats; r++)
        copy(b->out, b->x[0], b->n * sizeof(float));
    return system_seconds() - start;
}

/* Repetitions for one measurement of what takes so many seconds. */
static long repeats_for(double seconds)
{
    return seconds < TURN_SECONDS ? (long)(TURN_SECONDS / (seconds + 1e-9)) + 1 : 1;
}

static void plan(const bench *b, subject *s, int direction, size_t input)
{
    timing *t = &s->timings[input][direction];
    const double total = TOTAL_SECONDS / (double)b->input_count;
    double seconds = run(b, s, direction, input, 1);
    /* The first run may have had cold caches. */
    if (seconds < 100 * TURN_SECONDS)
        seconds = run(b, s, direction, input, 1);
    t->repeats = repeats_for(seconds);
    seconds *= (double)t->repeats;
    t->rounds = seconds * ROUNDS <= total ? ROUNDS : seconds < total ? (int)(total / seconds) : 1;
}

static void measure_subject(const bench *b, subject *s, int round)
{
    for (int d = FORWARD; d <= BACKWARD; d++)
        for (size_t i = 0; i < b->input_count; i++) {
            timing *t = &s->timings[i][d];
            if (round < t->rounds)
                t->ns[round] = run(b, s, d, i, t->repeats) * 1e9 / (double)b->n / (double)t->repeats;
        }
}

void bench_measure(bench *b)
{
    run_copy(b, 1);
    long copies = repeats_for(run_copy(b, 1));
    for (subject *s = b->subjects; s < b->subjects + b->subject_count; s++)
        for (int d = FORWARD; d <= BACKWARD; d++)
            for (size_t i = 0; i < b->input_count; i++)
                plan(b, s, d, i);
    for (int round = 0; round < ROUNDS; round++) {
        b->copy[round] = run_copy(b, copies) * 1e9 / (double)b->n / (double)copies;
        for (subject *s = b->subjects; s < b->subjects + b->subject_count; s++)
            measure_subject(b, s, round);
    }
}

/* ---- figures ---- */

static int compare(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static double median(const double *values, int count)
{
    double sorted[ROUNDS];
    memcpy(sorted, values, (size_t)count * sizeof *values);
    qsort(sorted, (size_t)count, sizeof *sorted, compare);
    return sorted[count / 2];
}

double bench_copy_ns(const bench *b)
{
    return median(b->copy, ROUNDS);
}

double bench_ns(const subject *s, int direction, size_t input)
{
    const timing *t = &s->timings[input][direction];
    return median(t->ns, t->rounds);
}

double bench_ratio(const subject *s, int direction, size_t input)
{
    const timing *t = &s->timings[input][direction], *yardstick = &s->timings[0][direction];
    const int rounds = t->rounds < yardstick->rounds ? t->rounds : yardstick->rounds;
    double ratios[ROUNDS];
    for (int round = 0; round < rounds; round++)
        ratios[round] = t->ns[round] / yardstick->ns[round];
    return median(ratios, rounds);
}

/* ---- functions and arrays ---- */

/* Arrays of `room` floats in the block: whole pages and one more, so that an array may begin `eighths` of a page later.
 * Those of one call begin at different offsets in a page: a load would wait for a store to another array whose address
 * has the same low bits (4K aliasing). All x begin alike, since they are compared. */
static int make_arrays(bench *b)
{
    const size_t page = 4096 / sizeof(float), eighth = page / 8, room = (b->n + page - 1) / page * page + page;
    const size_t arrays = 4 + 3 * b->input_count;
    if (room <= SIZE_MAX / sizeof(float) / arrays)
        b->block = system_pages(arrays * room * sizeof(float));
    if (!b->block)
        return 0;
    b->dy = b->block + 2 * eighth;
    b->out = b->block + room + 4 * eighth;
    b->value = b->block + 2 * room + 6 * eighth;
    b->back = b->block + 3 * room + 5 * eighth;
    memset(b->out, 0, b->n * sizeof(float));
    if (activ_random_normal(1, 1, 0, b->n, 0.0f, 1.0f, b->dy) != ACTIV_OK ||
        activ_random_normal(1, 2, 0, b->n, 0.0f, 1.0f, b->value) != ACTIV_OK)
        return 0;
    for (size_t i = 0; i < b->input_count; i++) {
        const input_kind *kind = &b->inputs[i];
        float *x = b->block + (4 + 3 * i) * room, *dy = x + room + 2 * eighth, *value = x + 2 * room + 6 * eighth;
        b->x[i] = x;
        b->dys[i] = b->dy;
        b->values[i] = b->value;
        if (!is_half(b, i)) {
            kind->fill(b->n, kind->value, x);
            continue;
        }
        kind->fill(b->n, kind->value, b->out);
        if (activ_convert(b->n, ACTIV_FLOAT32, b->out, kind->dtype, x) != ACTIV_OK ||
            activ_convert(b->n, ACTIV_FLOAT32, b->dy, kind->dtype, dy) != ACTIV_OK ||
            activ_convert(b->n, ACTIV_FLOAT32, b->value, kind->dtype, value) != ACTIV_OK)
            return 0;
        b->dys[i] = dy;
        b->values[i] = value;
    }
    return 1;
}

static int out_of_memory(void)
{
    fprintf(stderr, "activ: bench: not enough memory\n");
    return 0;
}

static int make_subject(subject *s, const char *tier, const char *spec)
{
    activ_context *context;
    activ_context_options options = ACTIV_CONTEXT_DEFAULTS;
    activ_message message;
    options.max_tier = tier;
    activ_status status = activ_context_create_ex(&options, &context, &message);
    if (status != ACTIV_OK) {
        fprintf(stderr, "activ: %s\n", message.text);
        return 0;
    }
    s->fn = make_function_in(context, spec);
    activ_context_destroy(context);
    if (!s->fn)
        return 0;
    activ_fn_info info = ACTIV_FN_INFO_INIT;
    activ_fn_info_of(s->fn, &info);
    s->shape = info.shape;
    s->tier = tier;
    size_t count = activ_fn_param_count(s->fn);
    if (count == 0)
        return 1;
    s->params = calloc(count, sizeof *s->params);
    s->dparams = calloc(count, sizeof *s->dparams);
    if (!s->params || !s->dparams)
        return out_of_memory();
    return activ_fn_param_init(s->fn, 0, s->params) == ACTIV_OK;
}

/* Does each of them run on n elements? */
static int check_runs(const bench *b)
{
    for (const subject *s = b->subjects; s < b->subjects + b->subject_count; s++) {
        const size_t channels = activ_fn_channels(s->fn);
        if (b->n % channels != 0) {
            fprintf(stderr, "activ: bench: %s: %zu elements are not whole sets of %zu channels\n", activ_fn_spec(s->fn),
                    b->n, channels);
            return 0;
        }
        for (int d = FORWARD; d <= BACKWARD; d++) {
            activ_status status = run_once(b, s, d, 0);
            for (size_t i = 1; i < b->input_count && status == ACTIV_OK; i++)
                status = is_half(b, i) ? run_once(b, s, d, i) : ACTIV_OK;
            if (status != ACTIV_OK) {
                fprintf(stderr, "activ: bench: %s: %s\n", activ_fn_spec(s->fn), activ_status_string(status));
                return 0;
            }
        }
    }
    return 1;
}

int bench_prepare(bench *b)
{
    b->subjects = calloc(b->spec_count * b->tier_count, sizeof *b->subjects);
    if (!b->subjects || !make_arrays(b))
        return out_of_memory();
    for (size_t i = 0; i < b->spec_count; i++)
        for (size_t j = 0; j < b->tier_count; j++)
            if (!make_subject(&b->subjects[b->subject_count++], b->tiers[j], b->specs[i]))
                return 0;
    return check_runs(b);
}

void bench_release(bench *b)
{
    for (subject *s = b->subjects; s < b->subjects + b->subject_count; s++) {
        activ_fn_destroy(s->fn);
        free(s->params);
        free(s->dparams);
    }
    free(b->subjects);
    system_free_pages(b->block);
}
