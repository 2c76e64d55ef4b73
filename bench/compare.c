/* bench_compare: libactiv, oneDNN, PyTorch and memcpy on the same arrays, one thread.
 *
 * In each round every contender has one turn of about 100 us, in an order that moves on from round to
 * round, so that a change of clock rate or a noisy neighbour meets all of them. A figure is the median over
 * the rounds; so is a ratio, which is taken within each round.
 *
 * With --cap avx2 the libraries may use AVX2 at most. They read that from the environment, and some do so
 * while they are loaded; the program therefore sets it and starts itself again. */
#include <float.h>
#include <limits.h>
#include <malloc.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <activ/activ.h>

#include "environment.h"
#include "measure.h"
#include "peers.h"

enum { OURS, DNNL, TORCH, COPY, CONTENDERS };
enum { MAX_SIZES = 8, MAX_GOALS = 256, NAME = 24 };

/* Two measurements of the same thing differ by about this much: at the speed of memory nobody is faster. */
static const double NOISE = 0.03;
/* Up to here x, dy and out stay in a second-level cache. */
static const size_t IN_CACHE = 1u << 17;

static const struct {
    const char *name;
    int counts;     /* in the geometric means */
    int cheap;      /* has to keep up with memcpy out of cache */
} functions[] = {
    { "relu", 1, 1 }, { "leaky_relu", 0, 1 }, { "sigmoid", 1, 0 }, { "tanh", 1, 0 },
    { "gelu", 1, 0 }, { "gelu_tanh", 1, 0 }, { "silu", 1, 0 }, { "mish", 1, 0 },
    { "elu", 1, 1 }, { "softplus", 1, 0 }, { "hardswish", 1, 1 },
};
enum { FUNCTIONS = sizeof functions / sizeof functions[0], MAX_RESULTS = 2 * FUNCTIONS * MAX_SIZES };

static const char *const directions[] = { "forward", "backward" };

typedef struct {
    size_t f, n;
    int direction;
    int has[CONTENDERS], from_y[CONTENDERS];
    double ns[CONTENDERS];      /* per element */
    double ratio[CONTENDERS];   /* its time divided by ours */
    char how[CONTENDERS][96];
} result_t;

static struct {
    size_t sizes[MAX_SIZES], size_count;
    int chosen[FUNCTIONS], run_direction[2];
    int rounds;                 /* 0: by size */
    const char *json, *cap;
} options;

static result_t results[MAX_RESULTS];
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
    our_job *job = (our_job *)base;
    activ_forward(job->fn, NULL, job->arrays->n, job->arrays->x, job->arrays->out);
}

static void run_backward(bench_job *base)
{
    our_job *job = (our_job *)base;
    activ_backward(job->fn, NULL, job->arrays->n, job->arrays->x, job->arrays->dy, job->arrays->out, NULL);
}

static void run_copy(bench_job *base)
{
    our_job *job = (our_job *)base;
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
    our_job *job = direction == BENCH_FORWARD ? new_job(arrays, run_forward, "activ_forward")
                                              : new_job(arrays, run_backward, "activ_backward");
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

static const bench_peer ours = { "activ", describe_ours, prepare_ours };
static const bench_peer copy = { "memcpy", describe_copy, prepare_copy };
static const bench_peer *const contenders[CONTENDERS] = { &ours, &bench_peer_dnnl, &bench_peer_torch, &copy };

/* ---- measuring ---- */

/* Contenders that compute something else must not be compared. `expected` is ours. */
static int same_values(const result_t *result, int who, bench_job *job, const bench_arrays *arrays,
                       const float *expected, size_t count)
{
    memset(arrays->out, 0xff, arrays->n * sizeof(float));
    job->run(job);
    for (size_t i = 0; i < count; i++) {
        if (fabsf(job->result[i] - expected[i]) <= 1e-3f * (1.0f + fabsf(expected[i])))
            continue;
        fprintf(stderr, "bench_compare: %s, %s of %s at x = %.9g: %.9g, ours is %.9g\n", contenders[who]->name,
                directions[result->direction], functions[result->f].name, (double)arrays->x[i],
                (double)job->result[i], (double)expected[i]);
        return 0;
    }
    return 1;
}

/* y for those who differentiate from there. */
static void fill_y(const char *function, const bench_arrays *arrays)
{
    activ_fn *fn = NULL;
    if (activ_fn_create(NULL, function, &fn) == ACTIV_OK)
        activ_forward(fn, NULL, arrays->n, arrays->x, arrays->y);
    activ_fn_destroy(fn);
}

static int measure(result_t *result, const bench_arrays *arrays, int rounds)
{
    static double times[CONTENDERS][MAX_ROUNDS], ratios[MAX_ROUNDS];
    static float expected[4096];
    size_t checked = arrays->n < 4096 ? arrays->n : 4096;
    bench_job *jobs[CONTENDERS] = { NULL };
    long repeats[CONTENDERS] = { 0 };
    int ok = 1;
    fill_y(functions[result->f].name, arrays);
    for (int c = 0; c < CONTENDERS && ok; c++) {
        jobs[c] = contenders[c]->prepare(functions[result->f].name, result->direction, arrays);
        result->has[c] = jobs[c] != NULL;
        if (!jobs[c] && (c == OURS || c == COPY)) {
            fprintf(stderr, "bench_compare: no %s of %s\n", contenders[c]->name, functions[result->f].name);
            ok = 0;
        }
        if (!jobs[c])
            continue;
        result->from_y[c] = jobs[c]->from_y;
        memcpy(result->how[c], jobs[c]->how, sizeof jobs[c]->how);
        if (c == OURS) {
            jobs[c]->run(jobs[c]);
            memcpy(expected, jobs[c]->result, checked * sizeof *expected);
        } else if (c != COPY) {
            ok = same_values(result, c, jobs[c], arrays, expected, checked);
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

/* Four arrays in one block. Arrays that start at the same place of a page would make loads wait for stores
 * to other addresses; these start a quarter of a page apart. All are aligned to 64 bytes. */
static float *make_arrays(size_t n, bench_arrays *arrays)
{
    size_t page = 4096 / sizeof(float), stride = (n + page - 1) / page * page + page / 4;
    float *block = aligned_alloc(4096, (4 * stride + page) / page * page * sizeof(float));
    if (!block)
        return NULL;
    float *x = block, *dy = block + stride, *y = block + 3 * stride;
    *arrays = (bench_arrays){ .n = n, .x = x, .y = y, .dy = dy, .out = block + 2 * stride };
    memset(arrays->out, 0, n * sizeof(float));
    memset(y, 0, n * sizeof(float));
    activ_random_normal(1, 0, 0, n, 0.0f, 2.0f, x);
    activ_random_normal(1, 1, 0, n, 0.0f, 1.0f, dy);
    return block;
}

/* ---- reports ---- */

/* The fastest peer's time divided by ours; 0 if no peer counts. */
static double best_ratio(const result_t *result, int with_from_y)
{
    double best = 0;
    for (int c = DNNL; c <= TORCH; c++) {
        if (!result->has[c] || (result->from_y[c] && !with_from_y) || (options.cap && c != DNNL))
            continue;
        if (best == 0 || result->ratio[c] < best)
            best = result->ratio[c];
    }
    return best;
}

static void print_heading(size_t n, int direction)
{
    printf("\nn = %zu, %s: ns per element, and time as a multiple of ours\n%-11s", n, directions[direction], "");
    for (int c = 0; c < CONTENDERS; c++)
        printf(" %8s ", contenders[c]->name);
    for (int c = DNNL; c < CONTENDERS; c++)
        printf(" %8s ", contenders[c]->name);
    puts(options.cap ? "" : "     best");
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
    printf("%-11s", functions[result->f].name);
    for (int c = 0; c < CONTENDERS; c++)
        print_cell(result, c, result->ns[c], "%.4f");
    for (int c = DNNL; c < CONTENDERS; c++)
        print_cell(result, c, result->ratio[c], "%.2f");
    double best = best_ratio(result, 0);
    if (best > 0 && !options.cap)
        printf(" %8.2f", best);
    putchar('\n');
    fflush(stdout);
}

typedef struct {
    char text[200];
    double value, goal;
} goal_t;

static goal_t goals[MAX_GOALS];
static size_t goal_count;

static void add_goal(double value, double goal, const char *format, ...)
{
    if (goal_count == MAX_GOALS)
        return;
    goal_t *g = &goals[goal_count++];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(g->text, sizeof g->text, format, arguments);
    va_end(arguments);
    g->value = value;
    g->goal = goal;
    printf("%-4s  %5.2f  (%.2f)  %s\n", value >= goal ? "PASS" : "FAIL", value, goal, g->text);
}

/* Of the figures for n (0: for all that are in cache); *figures gets how many they are. 0 if there is none. */
static double geometric_mean(int direction, size_t only_n, int with_from_y, int *figures)
{
    double sum = 0;
    int count = 0;
    for (const result_t *r = results; r < results + result_count; r++) {
        double best = best_ratio(r, with_from_y);
        if (r->direction != direction || !functions[r->f].counts || best == 0 ||
            (only_n ? r->n != only_n : r->n > IN_CACHE))
            continue;
        sum += log(best);
        count++;
    }
    *figures = count;
    return count > 0 ? exp(sum / count) : 0;
}

/* No function may fall behind: those that do are named, or else the one that came closest to it. */
static void judge_each(int direction)
{
    const result_t *closest = NULL;
    double margin = 0, closest_goal = 0;
    int failed = 0;
    for (const result_t *r = results; r < results + result_count; r++) {
        double best = best_ratio(r, 0);
        if (r->direction != direction || r->n > IN_CACHE || !functions[r->f].counts || best == 0)
            continue;
        double goal = direction == BENCH_FORWARD && strcmp(functions[r->f].name, "mish") == 0 ? 0.7 : 1.0 - NOISE;
        if (best < goal) {
            add_goal(best, goal, "%s %s, n = %zu", functions[r->f].name, directions[direction], r->n);
            failed = 1;
        }
        if (!closest || best - goal < margin) {
            closest = r;
            margin = best - goal;
            closest_goal = goal;
        }
    }
    if (closest && !failed)
        add_goal(best_ratio(closest, 0), closest_goal, "%s in cache, each function; the closest: %s, n = %zu",
                 directions[direction], functions[closest->f].name, closest->n);
}

static void judge_cache(int direction)
{
    static const double mean_goal[2][2] = { { 1.4, 1.9 }, { 1.3, 1.5 } };
    const char *who = options.cap ? "oneDNN, both capped" : "the faster peer";
    int count;
    double mean = geometric_mean(direction, 0, 0, &count);
    if (mean == 0)
        return;
    add_goal(mean, mean_goal[options.cap != NULL][direction], "%s in cache, geometric mean of %d against %s",
             directions[direction], count, who);
    for (size_t s = 0; s < options.size_count; s++)
        if (options.sizes[s] <= IN_CACHE)
            printf("      %5.2f          at n = %zu\n", geometric_mean(direction, options.sizes[s], 0, &count),
                   options.sizes[s]);
    double with = geometric_mean(direction, 0, 1, &count);
    if (with != mean)
        printf("      %5.2f          with the figures marked * counted as if they were the same task\n", with);
    if (!options.cap)
        judge_each(direction);
}

static void judge(void)
{
    printf("\nGoals: what was reached (what is wanted; %.2f is 1 less the noise)\n", 1.0 - NOISE);
    for (int d = 0; d < 2; d++)
        judge_cache(d);
    for (const result_t *r = results; r < results + result_count; r++)
        if (r->n > IN_CACHE && r->direction == BENCH_FORWARD && functions[r->f].cheap)
            add_goal(r->ratio[COPY], 1.0 - NOISE, "%s against memcpy, n = %zu", functions[r->f].name, r->n);
    int stars = 0;
    for (const result_t *r = results; r < results + result_count; r++)
        stars |= r->from_y[TORCH];
    if (stars)
        printf("\n* PyTorch differentiates sigmoid and tanh from y = f(x), which it was given; that needs no exponential"
               "\n  function. The others start from x. These figures are in no mean and not in \"best\".\n");
}

static void write_string(FILE *file, const char *text)
{
    putc('"', file);
    for (; *text != '\0'; text++) {
        if (*text == '"' || *text == '\\')
            putc('\\', file);
        putc(*text, file);
    }
    putc('"', file);
}

static int write_json(const char *path)
{
    FILE *file = fopen(path, "w");
    if (!file)
        return 0;
    fprintf(file, "{\n  \"tier\": \"%s\",\n  \"cap\": ", activ_tier());
    if (options.cap)
        write_string(file, options.cap);
    else
        fputs("null", file);
    fprintf(file, ",\n  \"threads\": 1,\n  \"contenders\": {");
    for (int c = 0; c < CONTENDERS; c++) {
        fprintf(file, "%s\n    \"%s\": ", c ? "," : "", contenders[c]->name);
        write_string(file, descriptions[c]);
    }
    fprintf(file, "\n  },\n  \"results\": [");
    for (size_t i = 0; i < result_count; i++) {
        const result_t *r = &results[i];
        fprintf(file, "%s\n    {\"function\": \"%s\", \"direction\": \"%s\", \"n\": %zu, \"contenders\": {",
                i ? "," : "", functions[r->f].name, directions[r->direction], r->n);
        const char *comma = "";
        for (int c = 0; c < CONTENDERS; c++) {
            if (!r->has[c])
                continue;
            fprintf(file, "%s\n      \"%s\": {\"ns_per_element\": %.5f, \"times_ours\": %.4f, \"from_y\": %s, \"how\": ",
                    comma, contenders[c]->name, r->ns[c], r->ratio[c], r->from_y[c] ? "true" : "false");
            write_string(file, r->how[c]);
            putc('}', file);
            comma = ",";
        }
        fprintf(file, "}}");
    }
    fprintf(file, "\n  ],\n  \"goals\": [");
    for (size_t i = 0; i < goal_count; i++) {
        fprintf(file, "%s\n    {\"what\": ", i ? "," : "");
        write_string(file, goals[i].text);
        fprintf(file, ", \"reached\": %.4f, \"wanted\": %.4f, \"pass\": %s}", goals[i].value, goals[i].goal,
                goals[i].value >= goals[i].goal ? "true" : "false");
    }
    fprintf(file, "\n  ]\n}\n");
    int failed = ferror(file);
    return fclose(file) == 0 && !failed;
}

/* ---- arguments ---- */

static int usage(FILE *out)
{
    fputs("usage: bench_compare [OPTION ...]\n"
          "\n"
          "  --functions A,B     of relu leaky_relu sigmoid tanh gelu gelu_tanh silu mish elu softplus hardswish\n"
          "  --direction D       forward, backward or both (default)\n"
          "  --n N,M             array lengths (default 4096,65536,16777216)\n"
          "  --rounds R          1 to 1001 (default 101 in cache, 31 out of it)\n"
          "  --cap avx2          nobody uses more than AVX2\n"
          "  --json FILE         the results as JSON too\n", out);
    return out == stderr ? 2 : 0;
}

static int bad(const char *option, const char *value)
{
    fprintf(stderr, "bench_compare: %s: not understood: '%s' (see --help)\n", option, value);
    return 0;
}

static int read_number(const char *text, size_t low, size_t high, size_t *number)
{
    char *end;
    unsigned long value = strtoul(text, &end, 10);
    *number = value;
    return text[0] >= '0' && text[0] <= '9' && *end == '\0' && value >= low && value <= high;
}

static int add_function(const char *name)
{
    for (int f = 0; f < FUNCTIONS; f++)
        if (strcmp(name, functions[f].name) == 0) {
            options.chosen[f] = 1;
            return 1;
        }
    return 0;
}

static int add_size(const char *text)
{
    return options.size_count < MAX_SIZES &&
           read_number(text, 1, (size_t)1 << 28, &options.sizes[options.size_count++]);
}

/* Hands each part of a comma-separated list to `add`. */
static int read_list(const char *option, const char *list, int (*add)(const char *))
{
    char part[NAME];
    for (const char *p = list;; p++) {
        size_t length = strcspn(p, ",");
        if (length == 0 || length >= sizeof part)
            return bad(option, list);
        memcpy(part, p, length);
        part[length] = '\0';
        if (!add(part))
            return bad(option, part);
        p += length;
        if (*p == '\0')
            return 1;
    }
}

static int read_option(const char *option, const char *value)
{
    size_t number;
    if (strcmp(option, "--functions") == 0)
        return read_list(option, value, add_function);
    if (strcmp(option, "--n") == 0)
        return read_list(option, value, add_size);
    if (strcmp(option, "--json") == 0) {
        options.json = value;
        return 1;
    }
    if (strcmp(option, "--direction") == 0) {
        options.run_direction[0] = strcmp(value, "backward") != 0;
        options.run_direction[1] = strcmp(value, "forward") != 0;
        return strcmp(value, "forward") == 0 || strcmp(value, "backward") == 0 || strcmp(value, "both") == 0 ||
               bad(option, value);
    }
    if (strcmp(option, "--rounds") == 0) {
        if (!read_number(value, 1, MAX_ROUNDS, &number))
            return bad(option, value);
        options.rounds = (int)number;
        return 1;
    }
    if (strcmp(option, "--cap") == 0) {
        options.cap = value;
        return strcmp(value, "avx2") == 0 || bad(option, value);
    }
    return bad("option", option);
}

static int read_arguments(int argc, char **argv)
{
    options.run_direction[0] = options.run_direction[1] = 1;
    for (int i = 1; i < argc; i += 2)
        if (i + 1 == argc ? bad("option or its value", argv[i]) == 0 : !read_option(argv[i], argv[i + 1]))
            return 0;
    int any = 0;
    for (int f = 0; f < FUNCTIONS; f++)
        any |= options.chosen[f];
    for (int f = 0; f < FUNCTIONS; f++)
        options.chosen[f] |= !any;
    if (options.size_count == 0) {
        static const size_t sizes[] = { 4096, 65536, (size_t)1 << 24 };
        memcpy(options.sizes, sizes, sizeof sizes);
        options.size_count = 3;
    }
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

static int run_size(size_t n)
{
    bench_arrays arrays;
    float *block = make_arrays(n, &arrays);
    if (!block) {
        fprintf(stderr, "bench_compare: no memory for n = %zu\n", n);
        return 0;
    }
    int rounds = options.rounds ? options.rounds : n <= IN_CACHE ? 101 : 31;
    int ok = 1;
    for (int direction = 0; direction < 2 && ok; direction++) {
        if (!options.run_direction[direction])
            continue;
        print_heading(n, direction);
        for (size_t f = 0; f < FUNCTIONS && ok; f++) {
            if (!options.chosen[f])
                continue;
            result_t *result = &results[result_count++];
            *result = (result_t){ .f = f, .n = n, .direction = direction };
            ok = measure(result, &arrays, rounds);
            if (ok)
                print_result(result);
        }
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
        fprintf(stderr, "bench_compare: cannot set the environment\n");
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
    judge();
    if (options.json && !write_json(options.json)) {
        fprintf(stderr, "bench_compare: %s cannot be written\n", options.json);
        return 2;
    }
    return 0;
}
