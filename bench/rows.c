/* bench_rows: row-wise functions of libactiv, oneDNN, XNNPACK, PyTorch, and memcpy, on the same matrices, one thread.
 *
 * Measured as bench_compare does it: turns of about 100 us in an order that moves on, medians of times and of ratios.
 * With --cap avx2 the libraries may use AVX2 at most; the program sets that in the environment and starts itself again. */
#include <limits.h>
#include <malloc.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <activ/activ.h>

#include "environment.h"
#include "measure.h"
#include "peers.h"

enum { OURS, DNNL, XNNPACK, TORCH, COPY, CONTENDERS };
enum { MAX_SIZES = 8, DEFAULT_ROUNDS = 101 };

/* Two measurements of the same thing differ by about this much. */
static const double NOISE = 0.03;

static const char *const functions[] = { "softmax", "log_softmax" };
enum { FUNCTIONS = sizeof functions / sizeof functions[0] };
static const char *const directions[] = { "forward", "backward" };

typedef struct {
    size_t rows, columns;
    int is_goal;   /* softmax forward has to keep up with oneDNN and XNNPACK */
} matrix_size;

typedef struct {
    matrix_size size;
    int f, direction;
    int has[CONTENDERS], from_y[CONTENDERS];
    double ns[CONTENDERS];      /* per element */
    double ratio[CONTENDERS];   /* its time divided by ours */
    char how[CONTENDERS][96];
} result_t;

static struct {
    matrix_size sizes[MAX_SIZES];
    size_t size_count;
    int rounds;
    const char *json, *cap;
} options = {
    { { 64, 1000, 1 }, { 4096, 64, 1 }, { 128, 10, 0 }, { 8, 32000, 0 } }, 4, DEFAULT_ROUNDS, NULL, NULL
};

static result_t results[MAX_SIZES * FUNCTIONS * 2];
static size_t result_count;
static const char *descriptions[CONTENDERS];

/* ---- ours and memcpy, as contenders ---- */

typedef struct {
    bench_job base;
    const bench_arrays *arrays;
    activ_fn *fn;
} our_job;

static void run_forward(bench_job *base)
{
    const our_job *job = (our_job *)base;
    const bench_arrays *a = job->arrays;
    activ_forward_rows(job->fn, NULL, a->n / a->columns, a->columns, a->x, a->columns, a->out, a->columns);
}

static void run_backward(bench_job *base)
{
    const our_job *job = (our_job *)base;
    const bench_arrays *a = job->arrays;
    activ_backward_rows(job->fn, NULL, a->n / a->columns, a->columns, a->x, a->columns, a->dy, a->columns, a->out,
                        a->columns, NULL);
}

static void run_copy(bench_job *base)
{
    const our_job *job = (our_job *)base;
    memcpy(job->arrays->out, job->arrays->x, job->arrays->n * sizeof(float));
    /* The copy may not be left out. */
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
    our_job *job = direction == BENCH_FORWARD ? new_job(arrays, run_forward, "activ_forward_rows")
                                              : new_job(arrays, run_backward, "activ_backward_rows");
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

#if !defined(BENCH_HAS_XNNPACK)
static const char *describe_missing(void)
{
    return "no XNNPACK";
}

static bench_job *prepare_missing(const char *function, int direction, const bench_arrays *arrays)
{
    (void)function;
    (void)direction;
    (void)arrays;
    return NULL;
}

const bench_peer bench_peer_xnnpack = { "XNNPACK", describe_missing, prepare_missing };
#endif

static const bench_peer ours = { "activ", describe_ours, prepare_ours };
static const bench_peer copy = { "memcpy", describe_copy, prepare_copy };
static const bench_peer *const contenders[CONTENDERS] = {
    &ours, &bench_peer_dnnl, &bench_peer_xnnpack, &bench_peer_torch, &copy
};

/* ---- measuring ---- */

/* Contenders that compute something else must not be compared. `expected` is ours. */
static int same_values(const result_t *result, int who, bench_job *job, const bench_arrays *arrays,
                       const float *expected)
{
    memset(arrays->out, 0xff, arrays->n * sizeof(float));
    job->run(job);
    for (size_t i = 0; i < arrays->n; i++) {
        if (fabsf(job->result[i] - expected[i]) <= 1e-3f * (0.01f + fabsf(expected[i])))
            continue;
        fprintf(stderr, "bench_rows: %s, %s of %s, element %zu: %.9g, ours is %.9g\n", contenders[who]->name,
                directions[result->direction], functions[result->f], i, (double)job->result[i], (double)expected[i]);
        return 0;
    }
    return 1;
}

/* y for those who differentiate from there. */
static int fill_y(const char *function, const bench_arrays *a)
{
    activ_fn *fn = NULL;
    int ok = activ_fn_create(NULL, function, &fn) == ACTIV_OK &&
             activ_forward_rows(fn, NULL, a->n / a->columns, a->columns, a->x, a->columns, a->y, a->columns) == ACTIV_OK;
    activ_fn_destroy(fn);
    return ok;
}

static int measure(result_t *result, const bench_arrays *arrays, float *expected)
{
    static double times[CONTENDERS][MAX_ROUNDS], ratios[MAX_ROUNDS];
    const int rounds = options.rounds;
    bench_job *jobs[CONTENDERS] = { NULL };
    long repeats[CONTENDERS] = { 0 };
    int ok = fill_y(functions[result->f], arrays);
    for (int c = 0; c < CONTENDERS && ok; c++) {
        jobs[c] = contenders[c]->prepare(functions[result->f], result->direction, arrays);
        result->has[c] = jobs[c] != NULL;
        if (!jobs[c] && (c == OURS || c == COPY)) {
            fprintf(stderr, "bench_rows: no %s of %s\n", contenders[c]->name, functions[result->f]);
            ok = 0;
        }
        if (!jobs[c])
            continue;
        result->from_y[c] = jobs[c]->from_y;
        memcpy(result->how[c], jobs[c]->how, sizeof jobs[c]->how);
        if (c == OURS) {
            jobs[c]->run(jobs[c]);
            memcpy(expected, jobs[c]->result, arrays->n * sizeof *expected);
        } else if (c != COPY) {
            ok = same_values(result, c, jobs[c], arrays, expected);
        }
        repeats[c] = (long)(TURN / one_run(jobs[c])) + 1;
    }
    for (int round = 0; round < rounds && ok; round++)
        for (int k = 0; k < CONTENDERS; k++) {
            int c = (round + k) % CONTENDERS;
            if (jobs[c])
                times[c][round] = turn(jobs[c], repeats[c]);
        }
    for (int c = 0; c < CONTENDERS; c++) {
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

/* Four arrays in one block, which start a quarter of a page apart (bench_compare says why), and a fifth for ourselves. */
static float *make_arrays(size_t n, size_t columns, bench_arrays *arrays, float **expected)
{
    size_t page = 4096 / sizeof(float), stride = (n + page - 1) / page * page + page / 4;
    float *block = aligned_alloc(4096, (5 * stride + page) / page * page * sizeof(float));
    if (!block)
        return NULL;
    memset(block, 0, 5 * stride * sizeof(float));
    *arrays = (bench_arrays){ .n = n, .columns = columns, .x = block, .dy = block + stride, .out = block + 2 * stride,
                              .y = block + 3 * stride };
    *expected = block + 4 * stride;
    activ_random_normal(1, 0, 0, n, 0.0f, 2.0f, block);
    activ_random_normal(1, 1, 0, n, 0.0f, 1.0f, block + stride);
    return block;
}

/* ---- reports ---- */

static void print_heading(matrix_size size)
{
    printf("\n%zu x %zu: ns per element, and time as a multiple of ours\n%-21s", size.rows, size.columns, "");
    for (int c = 0; c < CONTENDERS; c++)
        printf(" %8s ", contenders[c]->name);
    for (int c = DNNL; c < CONTENDERS; c++)
        printf(" %8s ", contenders[c]->name);
    putchar('\n');
}

static void print_cell(const result_t *result, int c, double value, const char *format)
{
    char text[32] = "-";
    if (result->has[c])
        snprintf(text, sizeof text, format, value);
    printf(" %8s%s", text, result->from_y[c] ? "*" : " ");
}

static void print_result(const result_t *result)
{
    printf("%-11s %-9s", functions[result->f], directions[result->direction]);
    for (int c = 0; c < CONTENDERS; c++)
        print_cell(result, c, result->ns[c], "%.4f");
    for (int c = DNNL; c < CONTENDERS; c++)
        print_cell(result, c, result->ratio[c], "%.2f");
    putchar('\n');
    fflush(stdout);
}

/* 0 if a goal was missed. */
static int judge(void)
{
    int all = 1;
    printf("\n* from y = f(x), which it was given; that needs no exponential function. Ours starts from x.\n"
           "\nGoals: what was reached (what is wanted; %.2f is 1 less the noise)\n", 1.0 - NOISE);
    for (const result_t *r = results; r < results + result_count; r++)
        for (int c = DNNL; c <= XNNPACK; c++) {
            if (!r->size.is_goal || strcmp(functions[r->f], "softmax") != 0 || r->direction != BENCH_FORWARD || !r->has[c])
                continue;
            int ok = r->ratio[c] >= 1.0 - NOISE;
            printf("%-4s  %5.2f  (%.2f)  softmax forward, %zu x %zu, against %s\n", ok ? "PASS" : "FAIL", r->ratio[c],
                   1.0 - NOISE, r->size.rows, r->size.columns, contenders[c]->name);
            all &= ok;
        }
    return all;
}

static int write_json(const char *path)
{
    FILE *file = fopen(path, "w");
    if (!file)
        return 0;
    fprintf(file, "{\n  \"tier\": \"%s\",\n  \"cap\": %s%s%s,\n  \"threads\": 1,\n  \"contenders\": {", activ_tier(),
            options.cap ? "\"" : "", options.cap ? options.cap : "null", options.cap ? "\"" : "");
    for (int c = 0; c < CONTENDERS; c++)
        fprintf(file, "%s\n    \"%s\": \"%s\"", c ? "," : "", contenders[c]->name, descriptions[c]);
    fprintf(file, "\n  },\n  \"results\": [");
    for (const result_t *r = results; r < results + result_count; r++) {
        fprintf(file, "%s\n    {\"function\": \"%s\", \"direction\": \"%s\", \"rows\": %zu, \"columns\": %zu, "
                "\"contenders\": {", r > results ? "," : "", functions[r->f], directions[r->direction], r->size.rows,
                r->size.columns);
        const char *comma = "";
        for (int c = 0; c < CONTENDERS; c++) {
            if (!r->has[c])
                continue;
            fprintf(file, "%s\n      \"%s\": {\"ns_per_element\": %.5f, \"times_ours\": %.4f, \"from_y\": %s, "
                    "\"how\": \"%s\"}", comma, contenders[c]->name, r->ns[c], r->ratio[c],
                    r->from_y[c] ? "true" : "false", r->how[c]);
            comma = ",";
        }
        fprintf(file, "}}");
    }
    fprintf(file, "\n  ]\n}\n");
    int failed = ferror(file);
    return fclose(file) == 0 && !failed;
}

/* ---- arguments ---- */

static int usage(FILE *out)
{
    fputs("usage: bench_rows [OPTION ...]\n"
          "\n"
          "  --sizes RxC,RxC     rows and columns (default 64x1000,4096x64,128x10,8x32000)\n"
          "  --rounds R          1 to 1001 (default 101)\n"
          "  --cap avx2          nobody uses more than AVX2 (XNNPACK cannot be capped)\n"
          "  --json FILE         the results as JSON too\n"
          "\n"
          "Exit status 1: a goal was missed.\n", out);
    return out == stderr ? 2 : 0;
}

static int bad(const char *option, const char *value)
{
    fprintf(stderr, "bench_rows: %s: not understood: '%s' (see --help)\n", option, value);
    return 0;
}

/* The number that a text begins with; *end is what follows, or NULL if there is none. */
static size_t read_number(const char *text, size_t most, const char **end)
{
    char *rest;
    unsigned long value = strtoul(text, &rest, 10);
    *end = text[0] >= '0' && text[0] <= '9' && value >= 1 && value <= most ? rest : NULL;
    return value;
}

static int read_sizes(const char *option, const char *list)
{
    const size_t most = (size_t)1 << 24;
    options.size_count = 0;
    for (const char *p = list;; p++) {
        matrix_size size = { .is_goal = 0 };
        if (options.size_count == MAX_SIZES)
            return bad(option, list);
        size.rows = read_number(p, most, &p);
        if (!p || *p++ != 'x')
            return bad(option, list);
        size.columns = read_number(p, most / size.rows, &p);
        if (!p || (*p != ',' && *p != '\0'))
            return bad(option, list);
        size.is_goal = (size.rows == 64 && size.columns == 1000) || (size.rows == 4096 && size.columns == 64);
        options.sizes[options.size_count++] = size;
        if (*p == '\0')
            return 1;
    }
}

static int read_option(const char *option, const char *value)
{
    if (strcmp(option, "--sizes") == 0)
        return read_sizes(option, value);
    if (strcmp(option, "--json") == 0) {
        options.json = value;
        return 1;
    }
    if (strcmp(option, "--rounds") == 0) {
        const char *end;
        options.rounds = (int)read_number(value, MAX_ROUNDS, &end);
        return (end && *end == '\0') || bad(option, value);
    }
    if (strcmp(option, "--cap") == 0) {
        options.cap = value;
        return strcmp(value, "avx2") == 0 || bad(option, value);
    }
    return bad("option", option);
}

static int read_arguments(int argc, char **argv)
{
    for (int i = 1; i < argc; i += 2)
        if (i + 1 == argc ? bad("option or its value", argv[i]) == 0 : !read_option(argv[i], argv[i + 1]))
            return 0;
    return 1;
}

/* One thread, and the ceilings of --cap. */
static int set_environment(char **argv)
{
    static const environment_setting settings[] = {
        { "OMP_NUM_THREADS", "1" },
        { "ACTIV_MAX_TIER", "avx2" }, { "ONEDNN_MAX_CPU_ISA", "AVX2" }, { "ATEN_CPU_CAPABILITY", "avx2" },
    };
    return environment_set(settings, options.cap ? 4 : 1, argv);
}

static int run_size(matrix_size size)
{
    bench_arrays arrays;
    float *expected, *block = make_arrays(size.rows * size.columns, size.columns, &arrays, &expected);
    if (!block) {
        fprintf(stderr, "bench_rows: no memory for %zu x %zu\n", size.rows, size.columns);
        return 0;
    }
    int ok = 1;
    print_heading(size);
    for (int f = 0; f < FUNCTIONS && ok; f++)
        for (int direction = 0; direction < 2 && ok; direction++) {
            result_t *result = &results[result_count++];
            *result = (result_t){ .size = size, .f = f, .direction = direction };
            ok = measure(result, &arrays, expected);
            if (ok)
                print_result(result);
        }
    free(block);
    return ok;
}

int main(int argc, char **argv)
{
    if (argc == 2 && (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0))
        return usage(stdout);
    if (!read_arguments(argc, argv))
        return 2;
    if (!set_environment(argv)) {
        fprintf(stderr, "bench_rows: cannot set the environment\n");
        return 2;
    }
    /* Memory that a contender frees and takes again must not go to the system and back in between. */
    mallopt(M_MMAP_MAX, 0);
    mallopt(M_TRIM_THRESHOLD, INT_MAX);
    for (int c = 0; c < CONTENDERS; c++) {
        descriptions[c] = contenders[c]->describe();
        printf("%s%s", c ? ", " : "", descriptions[c]);
    }
    printf("; one thread%s%s\n", options.cap ? ", capped to " : "", options.cap ? options.cap : "");
    for (size_t s = 0; s < options.size_count; s++)
        if (!run_size(options.sizes[s]))
            return 2;
    int reached = judge();
    if (options.json && !write_json(options.json)) {
        fprintf(stderr, "bench_rows: %s cannot be written\n", options.json);
        return 2;
    }
    return reached ? 0 : 1;
}
