/* activ bench: nanoseconds per element of functions on tiers, forward and backward, compared to memcpy of the same
 * array.
 *
 * Measurements are interleaved: in each round every function is timed on every tier, forward and backward, and so is
 * memcpy, so that a disturbance affects all of them. A figure is the median of the rounds. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <activ/activ.h>

#include "commands.h"

enum { ROUNDS = 31, TIERS = 8, FORWARD = 0, BACKWARD = 1, ROW = 64 };

/* Seconds of one measurement: long enough for the clock, short enough that a round passes before the machine
 * changes. */
static const double TURN_SECONDS = 100e-6;
/* Seconds for all measurements of a function and direction; slower ones get fewer rounds, at least one. */
static const double TOTAL_SECONDS = 2;

typedef struct {
    activ_fn *fn;
    int32_t shape;
    const char *tier;
    float *params, *dparams; /* NULL without trainable parameters */
    long repeats[2];
    int rounds[2];
    double ns[2][ROUNDS];
} timing;

typedef struct {
    size_t n;
    const char *tier; /* NULL: all */
    int json;
    const char **specs;
    size_t spec_count;

    float *block, *x, *dy, *out, *value, *back; /* the last two: of gated functions */
    const char *tiers[TIERS];
    size_t tier_count;
    timing *timings; /* by spec, then tier */
    size_t timing_count;
    double copy[ROUNDS];
} bench;

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static int compare(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static double median(double *values, int count)
{
    qsort(values, (size_t)count, sizeof *values, compare);
    return values[count / 2];
}

static activ_status run_once(const bench *b, const timing *t, int direction)
{
    /* Row-wise functions on rows of ROW elements, or on one row where that does not divide n. */
    const size_t n = b->n, columns = n % ROW == 0 ? ROW : n, channels = activ_fn_channels(t->fn);
    if (t->shape == ACTIV_SHAPE_GATED && direction == FORWARD)
        return activ_forward_gated(t->fn, t->params, 1, n, b->value, n, b->x, n, b->out, n);
    if (t->shape == ACTIV_SHAPE_GATED)
        return activ_backward_gated(t->fn, t->params, 1, n, b->value, n, b->x, n, b->dy, n, b->back, n, b->out, n,
                                    t->dparams);
    if (t->shape == ACTIV_SHAPE_ROWWISE && direction == FORWARD)
        return activ_forward_rows(t->fn, t->params, n / columns, columns, b->x, columns, b->out, columns);
    if (t->shape == ACTIV_SHAPE_ROWWISE)
        return activ_backward_rows(t->fn, t->params, n / columns, columns, b->x, columns, b->dy, columns, b->out,
                                   columns, NULL);
    if (channels > 1 && direction == FORWARD)
        return activ_forward_channels(t->fn, t->params, n / channels, channels, 1, b->x, b->out);
    if (channels > 1)
        return activ_backward_channels(t->fn, t->params, n / channels, channels, 1, b->x, b->dy, b->out, t->dparams);
    if (direction == FORWARD)
        return activ_forward(t->fn, t->params, n, b->x, b->out);
    return activ_backward(t->fn, t->params, n, b->x, b->dy, b->out, t->dparams);
}

/* Seconds that `repeats` runs of one direction take. A backward run includes the gradients of the parameters. */
static double run(const bench *b, const timing *t, int direction, long repeats)
{
    double start = now();
    for (long r = 0; r < repeats; r++)
        (void)run_once(b, t, direction);
    return now() - start;
}

static double run_copy(const bench *b, long repeats)
{
    /* A volatile pointer, or the compiler might drop copies. */
    void *(*volatile copy)(void *, const void *, size_t) = memcpy;
    double start = now();
    for (long r = 0; r < repeats; r++)
        copy(b->out, b->x, b->n * sizeof(float));
    return now() - start;
}

/* Repetitions for one measurement of what takes so many seconds. */
static long repeats_for(double seconds)
{
    return seconds < TURN_SECONDS ? (long)(TURN_SECONDS / (seconds + 1e-9)) + 1 : 1;
}

static void plan(const bench *b, timing *t, int direction)
{
    double seconds = run(b, t, direction, 1);
    /* The first run may have had cold caches. */
    if (seconds < 100 * TURN_SECONDS)
        seconds = run(b, t, direction, 1);
    t->repeats[direction] = repeats_for(seconds);
    seconds *= (double)t->repeats[direction];
    t->rounds[direction] = seconds * ROUNDS <= TOTAL_SECONDS ? ROUNDS
                           : seconds < TOTAL_SECONDS         ? (int)(TOTAL_SECONDS / seconds)
                                                             : 1;
}

/* Does each of them run on n elements? */
static int check_runs(const bench *b)
{
    for (const timing *t = b->timings; t < b->timings + b->timing_count; t++) {
        const size_t channels = activ_fn_channels(t->fn);
        if (b->n % channels != 0) {
            fprintf(stderr, "activ: bench: %s: %zu elements are not whole sets of %zu channels\n", activ_fn_spec(t->fn),
                    b->n, channels);
            return 0;
        }
        for (int d = FORWARD; d <= BACKWARD; d++) {
            activ_status status = run_once(b, t, d);
            if (status != ACTIV_OK) {
                fprintf(stderr, "activ: bench: %s: %s\n", activ_fn_spec(t->fn), activ_status_string(status));
                return 0;
            }
        }
    }
    return 1;
}

static void measure(bench *b)
{
    double per_element = 1e9 / (double)b->n;
    run_copy(b, 1);
    long copies = repeats_for(run_copy(b, 1));
    for (timing *t = b->timings; t < b->timings + b->timing_count; t++)
        for (int d = FORWARD; d <= BACKWARD; d++)
            plan(b, t, d);
    for (int round = 0; round < ROUNDS; round++) {
        b->copy[round] = run_copy(b, copies) * per_element / (double)copies;
        for (timing *t = b->timings; t < b->timings + b->timing_count; t++)
            for (int d = FORWARD; d <= BACKWARD; d++)
                if (round < t->rounds[d])
                    t->ns[d][round] = run(b, t, d, t->repeats[d]) * per_element / (double)t->repeats[d];
    }
}

/* Five arrays, each aligned to 64 bytes, at different offsets in a page: a load would wait for a store to another
 * array whose address has the same low bits (4K aliasing). */
static int make_arrays(bench *b)
{
    size_t page = 4096 / sizeof(float), stride = (b->n + page - 1) / page * page + page / 4;
    b->block = aligned_alloc(4096, (5 * stride + page) / page * page * sizeof(float));
    if (!b->block)
        return 0;
    b->x = b->block;
    b->dy = b->block + stride;
    b->out = b->block + 2 * stride;
    b->value = b->block + 3 * stride;
    b->back = b->block + 4 * stride;
    memset(b->out, 0, b->n * sizeof(float));
    return activ_random_normal(1, 0, 0, b->n, 0.0f, 2.0f, b->x) == ACTIV_OK &&
           activ_random_normal(1, 1, 0, b->n, 0.0f, 1.0f, b->dy) == ACTIV_OK &&
           activ_random_normal(1, 2, 0, b->n, 0.0f, 1.0f, b->value) == ACTIV_OK;
}

static int out_of_memory(void)
{
    fprintf(stderr, "activ: bench: not enough memory\n");
    return 0;
}

/* Returns 0 after a message, as all functions that prepare a run. */
static int make_timing(timing *t, const char *tier, const char *spec)
{
    activ_context *context;
    activ_context_options options = ACTIV_CONTEXT_DEFAULTS;
    activ_message message;
    options.max_tier = tier;
    activ_status status = activ_context_create_ex(&options, &context, &message);
    if (status == ACTIV_OK) {
        status = activ_fn_create_ex(context, spec, &t->fn, &message);
        activ_context_destroy(context);
    }
    if (status != ACTIV_OK) {
        fprintf(stderr, "activ: %s\n", message.text);
        return 0;
    }
    activ_fn_info info = ACTIV_FN_INFO_INIT;
    activ_fn_info_of(t->fn, &info);
    t->shape = info.shape;
    t->tier = tier;
    size_t count = activ_fn_param_count(t->fn);
    if (count == 0)
        return 1;
    t->params = calloc(count, sizeof *t->params);
    t->dparams = calloc(count, sizeof *t->dparams);
    if (!t->params || !t->dparams)
        return out_of_memory();
    return activ_fn_param_init(t->fn, 0, t->params) == ACTIV_OK;
}

static int prepare(bench *b)
{
    b->timings = calloc(b->spec_count * b->tier_count, sizeof *b->timings);
    if (!b->timings || !make_arrays(b))
        return out_of_memory();
    for (size_t s = 0; s < b->spec_count; s++)
        for (size_t i = 0; i < b->tier_count; i++)
            if (!make_timing(&b->timings[b->timing_count++], b->tiers[i], b->specs[s]))
                return 0;
    return 1;
}

static void release(bench *b)
{
    for (timing *t = b->timings; t < b->timings + b->timing_count; t++) {
        activ_fn_destroy(t->fn);
        free(t->params);
        free(t->dparams);
    }
    free(b->timings);
    free(b->block);
    free(b->specs);
}

/* Nanoseconds per element. */
static double result(timing *t, int direction)
{
    return median(t->ns[direction], t->rounds[direction]);
}

static void print_table(bench *b)
{
    printf("n = %zu, ns per element\n%-24s", b->n, "");
    for (size_t i = 0; i < b->tier_count; i++)
        printf("  %19s", b->tiers[i]);
    printf("\n%-24s", "");
    for (size_t i = 0; i < b->tier_count; i++)
        printf("  %9s %9s", "forward", "backward");
    printf("\n%-24s  %9.4f\n", "memcpy", median(b->copy, ROUNDS));
    for (size_t i = 0; i < b->timing_count; i++) {
        timing *t = &b->timings[i];
        if (i % b->tier_count == 0)
            printf("%-24s", activ_fn_spec(t->fn));
        printf("  %9.4f %9.4f", result(t, FORWARD), result(t, BACKWARD));
        if (i % b->tier_count == b->tier_count - 1)
            putchar('\n');
    }
}

static void print_string(const char *text)
{
    putchar('"');
    for (; *text != '\0'; text++) {
        if (*text == '"' || *text == '\\')
            putchar('\\');
        putchar(*text);
    }
    putchar('"');
}

static void print_json(bench *b)
{
    printf("{\n  \"version\": \"%s\",\n  \"n\": %zu,\n  \"unit\": \"ns per element\",\n  \"memcpy\": %.5f,\n"
           "  \"results\": [",
           activ_version_string(), b->n, median(b->copy, ROUNDS));
    for (size_t i = 0; i < b->timing_count; i++) {
        timing *t = &b->timings[i];
        printf("%s\n    {\"function\": ", i > 0 ? "," : "");
        print_string(activ_fn_spec(t->fn));
        printf(", \"tier\": \"%s\", \"forward\": %.5f, \"backward\": %.5f}", t->tier, result(t, FORWARD),
               result(t, BACKWARD));
    }
    printf("\n  ]\n}\n");
}

/* The tiers that the machine has and ACTIV_MAX_TIER allows. */
static int find_tiers(bench *b)
{
    const char *name;
    for (size_t i = 0; (name = activ_tier_at(i)) && b->tier_count < TIERS; i++) {
        if (!b->tier || strcmp(name, b->tier) == 0)
            b->tiers[b->tier_count++] = name;
        if (strcmp(name, activ_tier()) == 0)
            break;
    }
    if (b->tier_count == 0)
        fprintf(stderr, "activ: bench: tier '%s' does not run here (see activ tier)\n", b->tier);
    return b->tier_count > 0;
}

static int add_spec(bench *b, const char *spec)
{
    const char **more = realloc(b->specs, (b->spec_count + 1) * sizeof *more);
    if (!more)
        return out_of_memory();
    b->specs = more;
    b->specs[b->spec_count++] = spec;
    return 1;
}

static int read_arguments(bench *b, int argc, char **argv)
{
    for (int i = 0; i < argc; i++) {
        int takes_value = strcmp(argv[i], "--tier") == 0 || strcmp(argv[i], "-n") == 0;
        if (takes_value && i + 1 == argc) {
            fprintf(stderr, "activ: bench: %s: a value is missing\n", argv[i]);
            return 0;
        }
        if (strcmp(argv[i], "--tier") == 0) {
            b->tier = argv[++i];
        } else if (strcmp(argv[i], "-n") == 0) {
            const char *text = argv[++i];
            char *end;
            unsigned long n = strtoul(text, &end, 10);
            if (text[0] < '0' || text[0] > '9' || *end != '\0' || n < 1 || n > 1ul << 28) {
                fprintf(stderr, "activ: bench: -n: a number from 1 to 268435456, not '%s'\n", text);
                return 0;
            }
            b->n = n;
        } else if (strcmp(argv[i], "--json") == 0) {
            b->json = 1;
        } else if (argv[i][0] == '-') {
            fprintf(stderr, "activ: bench: unknown option '%s' (see activ --help)\n", argv[i]);
            return 0;
        } else if (!add_spec(b, argv[i])) {
            return 0;
        }
    }
    activ_fn_info info = ACTIV_FN_INFO_INIT;
    for (size_t i = 0, all = b->spec_count == 0; all && activ_fn_catalog(i, &info) == ACTIV_OK; i++)
        if (!add_spec(b, info.name))
            return 0;
    return 1;
}

int command_bench(int argc, char **argv)
{
    bench b = { .n = 4096 };
    if (!read_arguments(&b, argc, argv) || !find_tiers(&b)) {
        free(b.specs);
        return 2;
    }
    const int prepared = prepare(&b) && check_runs(&b);
#if defined(__GNUC__) && !defined(__OPTIMIZE__)
    fprintf(stderr, "activ: bench: built without optimization (CMAKE_BUILD_TYPE): calls take longer than they need\n");
#endif
    if (prepared) {
        measure(&b);
        if (b.json)
            print_json(&b);
        else
            print_table(&b);
    }
    release(&b);
    return prepared ? 0 : 2;
}
