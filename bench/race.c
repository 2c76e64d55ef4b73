/* See race.h. */
#include "race.h"

#include <float.h>
#include <limits.h>
#include <malloc.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <activ/activ.h>

#include "environment.h"

static const double TURN = 100e-6;

const char *const race_directions[2] = { "forward", "backward" };

/* ---- ours and memcpy, as contenders ---- */

typedef struct {
    bench_job base;
    const bench_arrays *arrays;
    activ_fn *fn;
} our_job;

static void run_forward(bench_job *base)
{
    our_job *job = (our_job *)base;
    activ_forward(job->fn, NULL, job->arrays->n, job->arrays->x, job->arrays->out);
}

static void run_backward(bench_job *base)
{
    our_job *job = (our_job *)base;
    activ_backward(job->fn, NULL, job->arrays->n, job->arrays->x, job->arrays->dy, job->arrays->out, NULL);
}

static void run_forward_rows(bench_job *base)
{
    our_job *job = (our_job *)base;
    const bench_arrays *a = job->arrays;
    activ_forward_rows(job->fn, NULL, a->n / a->columns, a->columns, a->x, a->columns, a->out, a->columns);
}

static void run_backward_rows(bench_job *base)
{
    our_job *job = (our_job *)base;
    const bench_arrays *a = job->arrays;
    activ_backward_rows(job->fn, NULL, a->n / a->columns, a->columns, a->x, a->columns, a->dy, a->columns, a->out,
                        a->columns, NULL);
}

static void run_copy(bench_job *base)
{
    our_job *job = (our_job *)base;
    memcpy(job->arrays->out, job->arrays->x, job->arrays->n * sizeof(float));
    /* Keeps the compiler from eliminating the copy. */
    __asm__ volatile("" : : "r"(job->arrays->out) : "memory");
}

static void finish_ours(bench_job *base)
{
    activ_fn_destroy(((our_job *)base)->fn);
    free(base);
}

static our_job *new_job(const bench_arrays *arrays, void (*run)(bench_job *), const char *how)
{
    our_job *job = calloc(1, sizeof *job);
    if (job) {
        job->base.run = run;
        job->base.finish = finish_ours;
        job->base.result = arrays->out;
        job->arrays = arrays;
        snprintf(job->base.how, sizeof job->base.how, "%s", how);
    }
    return job;
}

static bench_job *prepare_ours(const char *function, int direction, const bench_arrays *arrays)
{
    static const struct {
        void (*run)(bench_job *);
        const char *how;
    } calls[2][2] = {
        { { run_forward, "activ_forward" }, { run_backward, "activ_backward" } },
        { { run_forward_rows, "activ_forward_rows" }, { run_backward_rows, "activ_backward_rows" } },
    };
    const int rows = arrays->columns > 0, backward = direction == BENCH_BACKWARD;
    our_job *job = new_job(arrays, calls[rows][backward].run, calls[rows][backward].how);
    if (job && activ_fn_create(NULL, function, &job->fn) != ACTIV_OK) {
        finish_ours(&job->base);
        job = NULL;
    }
    return job ? &job->base : NULL;
}

static bench_job *prepare_copy(const char *function, int direction, const bench_arrays *arrays)
{
    (void)function;
    (void)direction;
    our_job *job = new_job(arrays, run_copy, "memcpy");
    return job ? &job->base : NULL;
}

static const char *describe_ours(void)
{
    static char text[64];
    snprintf(text, sizeof text, "libactiv %s (%s)", activ_version_string(), activ_tier());
    return text;
}

static const char *describe_copy(void)
{
    return "memcpy";
}

const bench_peer bench_ours = { "activ", describe_ours, prepare_ours };
const bench_peer bench_copy = { "memcpy", describe_copy, prepare_copy };

/* ---- measuring ---- */

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static int compare_doubles(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static double median(const double *values, int count)
{
    static double sorted[MAX_ROUNDS];
    memcpy(sorted, values, (size_t)count * sizeof *values);
    qsort(sorted, (size_t)count, sizeof *sorted, compare_doubles);
    return sorted[count / 2];
}

/* The seconds of one run, the best of a few. */
static double one_run(bench_job *job)
{
    double best = DBL_MAX;
    for (int i = 0; i < 4; i++) {
        double start = now();
        job->run(job);
        double time = now() - start;
        best = time < best ? time : best;
    }
    return best;
}

/* Seconds per run. A short turn starts with an untimed run, which warms the caches. */
static double turn(bench_job *job, long repeats)
{
    if (repeats > 1)
        job->run(job);
    double start = now();
    for (long r = 0; r < repeats; r++)
        job->run(job);
    return (now() - start) / (double)repeats;
}

/* Each 16 bytes past a cache line, as malloc gives them; offset by a quarter of a page each: at equal offsets in a
 * page, loads would wait for stores to other pages (4K aliasing). */
float *race_arrays(size_t n, size_t columns, bench_arrays *arrays)
{
    size_t page = 4096 / sizeof(float), stride = (n + page - 1) / page * page + page / 4;
    float *block = aligned_alloc(4096, (4 * stride + page) / page * page * sizeof(float));
    if (!block)
        return NULL;
    float *x = block + 4, *dy = x + stride, *y = x + 3 * stride;
    *arrays = (bench_arrays){ .n = n, .columns = columns, .x = x, .y = y, .dy = dy, .out = x + 2 * stride };
    memset(arrays->out, 0, n * sizeof(float));
    memset(y, 0, n * sizeof(float));
    activ_random_normal(1, 0, 0, n, 0.0f, 2.0f, x);
    activ_random_normal(1, 1, 0, n, 0.0f, 1.0f, dy);
    return block;
}

/* y, for those that compute f' from it. */
static int fill_y(const char *function, const bench_arrays *arrays)
{
    bench_job *job = bench_ours.prepare(function, BENCH_FORWARD, arrays);
    if (!job)
        return 0;
    job->run(job);
    memcpy(arrays->y, job->result, arrays->n * sizeof(float));
    job->finish(job);
    return 1;
}

/* Contenders that compute something else must not be compared. */
static int same_values(const race *race, const char *who, const char *function, int direction, bench_job *job,
                       const bench_arrays *arrays, const float *expected, size_t count)
{
    memset(arrays->out, 0xff, arrays->n * sizeof(float));
    job->run(job);
    for (size_t i = 0; i < count; i++) {
        if (fabsf(job->result[i] - expected[i]) <= 1e-3f * ((float)race->nearly_zero + fabsf(expected[i])))
            continue;
        fprintf(stderr, "%s: %s, %s of %s, element %zu, x = %.9g: %.9g, ours is %.9g\n", race->program, who,
                race_directions[direction], function, i, (double)arrays->x[i], (double)job->result[i],
                (double)expected[i]);
        return 0;
    }
    return 1;
}

int race_run(const race *race, const char *function, int direction, const bench_arrays *arrays, float *expected,
             size_t checked, int rounds, race_result *result)
{
    static double times[MOST_CONTENDERS][MAX_ROUNDS], ratios[MAX_ROUNDS];
    bench_job *jobs[MOST_CONTENDERS] = { NULL };
    long repeats[MOST_CONTENDERS] = { 0 };
    const int last = race->count - 1; /* memcpy */
    int ok = fill_y(function, arrays);
    for (int c = 0; c <= last && ok; c++) {
        jobs[c] = race->contenders[c]->prepare(function, direction, arrays);
        result->has[c] = jobs[c] != NULL;
        if (!jobs[c] && (c == OURS || c == last)) {
            fprintf(stderr, "%s: no %s of %s\n", race->program, race->contenders[c]->name, function);
            ok = 0;
        }
        if (!jobs[c])
            continue;
        result->from_y[c] = jobs[c]->from_y;
        memcpy(result->how[c], jobs[c]->how, sizeof jobs[c]->how);
        if (c == OURS) {
            jobs[c]->run(jobs[c]);
            memcpy(expected, jobs[c]->result, checked * sizeof *expected);
        } else if (c != last) {
            ok = same_values(race, race->contenders[c]->name, function, direction, jobs[c], arrays, expected, checked);
        }
        repeats[c] = (long)(TURN / one_run(jobs[c])) + 1;
    }
    for (int round = 0; round < rounds && ok; round++)
        for (int k = 0; k <= last; k++) {
            int c = (round + k) % race->count;
            if (jobs[c])
                times[c][round] = turn(jobs[c], repeats[c]);
        }
    for (int c = 0; c <= last; c++) {
        if (!jobs[c])
            continue;
        for (int round = 0; round < rounds; round++)
            ratios[round] = times[c][round] / times[OURS][round];
        result->ns[c] = median(times[c], rounds) * 1e9 / (double)arrays->n;
        result->ratio[c] = median(ratios, rounds);
        jobs[c]->finish(jobs[c]);
    }
    return ok;
}

/* ---- start ---- */

static const char *descriptions[MOST_CONTENDERS];

int race_start(const race *race, char **argv)
{
    static const environment_setting settings[] = {
        { "OMP_NUM_THREADS", "1" },        { "ACTIV_MAX_TIER", "avx2" }, { "ONEDNN_MAX_CPU_ISA", "AVX2" },
        { "ATEN_CPU_CAPABILITY", "avx2" }, { BENCH_CAP, "avx2" },
    };
    const size_t count = sizeof settings / sizeof settings[0];
    if (!environment_set(settings, race->cap ? count : 1, argv)) {
        fprintf(stderr, "%s: cannot set the environment\n", race->program);
        return 0;
    }
    /* Memory that a contender frees and takes again must not go to the system and back in between. */
    mallopt(M_MMAP_MAX, 0);
    mallopt(M_TRIM_THRESHOLD, INT_MAX);
    for (int c = 0; c < race->count; c++) {
        descriptions[c] = race->contenders[c]->describe();
        printf("%s%s", c ? ", " : "", descriptions[c]);
    }
    printf("; one thread%s%s\n", race->cap ? ", capped to " : "", race->cap ? race->cap : "");
    return 1;
}

int race_bad(const race *race, const char *option, const char *value)
{
    fprintf(stderr, "%s: %s: not understood: '%s' (see --help)\n", race->program, option, value);
    return 0;
}

/* ---- reports ---- */

void race_print_names(const race *race)
{
    for (int c = OURS; c < race->count; c++)
        printf(" %8s ", race->contenders[c]->name);
    for (int c = OURS + 1; c < race->count; c++)
        printf(" %8s ", race->contenders[c]->name);
}

static void print_cell(const race_result *result, int c, double value, const char *format)
{
    char text[32] = "-";
    if (result->has[c])
        snprintf(text, sizeof text, format, value);
    printf(" %8s%s", text, result->from_y[c] ? "*" : " ");
}

void race_print_figures(const race *race, const race_result *result)
{
    for (int c = OURS; c < race->count; c++)
        print_cell(result, c, result->ns[c], "%.4f");
    for (int c = OURS + 1; c < race->count; c++)
        print_cell(result, c, result->ratio[c], "%.2f");
}

void race_write_string(FILE *file, const char *text)
{
    putc('"', file);
    for (; *text != '\0'; text++) {
        if (*text == '"' || *text == '\\')
            putc('\\', file);
        putc(*text, file);
    }
    putc('"', file);
}

void race_write_head(const race *race, FILE *file)
{
    fprintf(file, "{\n  \"tier\": \"%s\",\n  \"cap\": ", activ_tier());
    if (race->cap)
        race_write_string(file, race->cap);
    else
        fputs("null", file);
    fprintf(file, ",\n  \"threads\": 1,\n  \"contenders\": {");
    for (int c = 0; c < race->count; c++) {
        fprintf(file, "%s\n    \"%s\": ", c ? "," : "", race->contenders[c]->name);
        race_write_string(file, descriptions[c]);
    }
    fprintf(file, "\n  },\n");
}

void race_write_result(const race *race, FILE *file, const race_result *result)
{
    const char *comma = "";
    fprintf(file, "\"contenders\": {");
    for (int c = 0; c < race->count; c++) {
        if (!result->has[c])
            continue;
        fprintf(file,
                "%s\n      \"%s\": {\"ns_per_element\": %.5f, \"times_ours\": %.4f, \"from_y\": %s, \"how\": ", comma,
                race->contenders[c]->name, result->ns[c], result->ratio[c], result->from_y[c] ? "true" : "false");
        race_write_string(file, result->how[c]);
        putc('}', file);
        comma = ",";
    }
    putc('}', file);
}
