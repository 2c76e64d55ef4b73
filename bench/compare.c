/* bench_compare: libactiv, oneDNN, PyTorch and memcpy on the same arrays (race.h says how they are measured). With
 * --cap avx2 the libraries may use AVX2 at most. */
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "race.h"

enum { DNNL = OURS + 1, TORCH, COPY, CONTENDERS };
enum { MAX_SIZES = 8, MAX_GOALS = 256, NAME = 24, CHECKED = 4096 };

/* Up to here x, dy and out stay in the L2 cache. */
static const size_t IN_CACHE = 1u << 17;

static const struct {
    const char *name;
    int counts; /* in the geometric means */
    int cheap;  /* has to keep up with memcpy out of cache */
} functions[] = {
    { "relu", 1, 1 }, { "leaky_relu", 0, 1 }, { "sigmoid", 1, 0 },   { "tanh", 1, 0 },
    { "gelu", 1, 0 }, { "gelu_tanh", 1, 0 },  { "silu", 1, 0 },      { "mish", 1, 0 },
    { "elu", 1, 1 },  { "softplus", 1, 0 },   { "hardswish", 1, 1 },
};
enum { FUNCTIONS = sizeof functions / sizeof functions[0], MAX_RESULTS = 2 * FUNCTIONS * MAX_SIZES };

typedef struct {
    size_t f, n;
    int direction;
    race_result race;
} result_t;

static struct {
    size_t sizes[MAX_SIZES], size_count;
    int chosen[FUNCTIONS], run_direction[2];
    int rounds; /* 0: by size */
    const char *json;
} options;

static result_t results[MAX_RESULTS];
static size_t result_count;
static const bench_peer *const contenders[CONTENDERS] = { &bench_ours, &bench_peer_dnnl, &bench_peer_torch,
                                                          &bench_copy };
static race this_race = { "bench_compare", contenders, CONTENDERS, 1.0, NULL };

/* ---- reports ---- */

/* The fastest peer's time divided by ours; 0 if no peer counts. */
static double best_ratio(const result_t *result, int with_from_y)
{
    double best = 0;
    for (int c = DNNL; c <= TORCH; c++) {
        if (!result->race.has[c] || (result->race.from_y[c] && !with_from_y) || (this_race.cap && c != DNNL))
            continue;
        if (best == 0 || result->race.ratio[c] < best)
            best = result->race.ratio[c];
    }
    return best;
}

static void print_heading(size_t n, int direction)
{
    printf("\nn = %zu, %s: ns per element, and time as a multiple of ours\n%-11s", n, race_directions[direction], "");
    race_print_names(&this_race);
    puts(this_race.cap ? "" : "     best");
}

static void print_result(const result_t *result)
{
    printf("%-11s", functions[result->f].name);
    race_print_figures(&this_race, &result->race);
    double best = best_ratio(result, 0);
    if (best > 0 && !this_race.cap)
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

/* Of the figures for n (0: for all that are in cache); *figures: how many. 0 if there are none. */
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

/* No function may fall behind: prints those that do, or else the slowest. */
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
            add_goal(best, goal, "%s %s, n = %zu", functions[r->f].name, race_directions[direction], r->n);
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
                 race_directions[direction], functions[closest->f].name, closest->n);
}

static void judge_cache(int direction)
{
    static const double mean_goal[2][2] = { { 1.4, 1.9 }, { 1.3, 1.5 } };
    const char *who = this_race.cap ? "oneDNN, both capped" : "the faster peer";
    int count;
    double mean = geometric_mean(direction, 0, 0, &count);
    if (mean == 0)
        return;
    add_goal(mean, mean_goal[this_race.cap != NULL][direction], "%s in cache, geometric mean of %d against %s",
             race_directions[direction], count, who);
    for (size_t s = 0; s < options.size_count; s++)
        if (options.sizes[s] <= IN_CACHE)
            printf("      %5.2f          at n = %zu\n", geometric_mean(direction, options.sizes[s], 0, &count),
                   options.sizes[s]);
    double with = geometric_mean(direction, 0, 1, &count);
    if (with != mean)
        printf("      %5.2f          with the figures marked * counted as if they were the same task\n", with);
    if (!this_race.cap)
        judge_each(direction);
}

static void judge(void)
{
    printf("\nGoals: what was reached (what is wanted; %.2f is 1 less the noise)\n", 1.0 - NOISE);
    for (int d = 0; d < 2; d++)
        judge_cache(d);
    for (const result_t *r = results; r < results + result_count; r++)
        if (r->n > IN_CACHE && r->direction == BENCH_FORWARD && functions[r->f].cheap)
            add_goal(r->race.ratio[COPY], 1.0 - NOISE, "%s against memcpy, n = %zu", functions[r->f].name, r->n);
    int stars = 0;
    for (const result_t *r = results; r < results + result_count; r++)
        stars |= r->race.from_y[TORCH];
    if (stars)
        printf(
            "\n* PyTorch differentiates sigmoid and tanh from y = f(x), which it was given; that needs no exponential"
            "\n  function. The others start from x. These figures are in no mean and not in \"best\".\n");
}

static int write_json(const char *path)
{
    FILE *file = fopen(path, "w");
    if (!file)
        return 0;
    race_write_head(&this_race, file);
    fprintf(file, "  \"results\": [");
    for (size_t i = 0; i < result_count; i++) {
        const result_t *r = &results[i];
        fprintf(file, "%s\n    {\"function\": \"%s\", \"direction\": \"%s\", \"n\": %zu, ", i ? "," : "",
                functions[r->f].name, race_directions[r->direction], r->n);
        race_write_result(&this_race, file, &r->race);
        putc('}', file);
    }
    fprintf(file, "\n  ],\n  \"goals\": [");
    for (size_t i = 0; i < goal_count; i++) {
        fprintf(file, "%s\n    {\"what\": ", i ? "," : "");
        race_write_string(file, goals[i].text);
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
          "  --json FILE         the results as JSON too\n",
          out);
    return out == stderr ? 2 : 0;
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
            return race_bad(&this_race, option, list);
        memcpy(part, p, length);
        part[length] = '\0';
        if (!add(part))
            return race_bad(&this_race, option, part);
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
               race_bad(&this_race, option, value);
    }
    if (strcmp(option, "--rounds") == 0) {
        if (!read_number(value, 1, MAX_ROUNDS, &number))
            return race_bad(&this_race, option, value);
        options.rounds = (int)number;
        return 1;
    }
    if (strcmp(option, "--cap") == 0) {
        this_race.cap = value;
        return strcmp(value, "avx2") == 0 || race_bad(&this_race, option, value);
    }
    return race_bad(&this_race, "option", option);
}

static int read_arguments(int argc, char **argv)
{
    options.run_direction[0] = options.run_direction[1] = 1;
    for (int i = 1; i < argc; i += 2)
        if (i + 1 == argc ? race_bad(&this_race, "option or its value", argv[i]) == 0
                          : !read_option(argv[i], argv[i + 1]))
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

static int run_size(size_t n)
{
    static float expected[CHECKED];
    bench_arrays arrays;
    float *block = race_arrays(n, 0, &arrays);
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
            ok = race_run(&this_race, functions[f].name, direction, &arrays, expected, n < CHECKED ? n : CHECKED,
                          rounds, &result->race);
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
    if (!race_start(&this_race, argv))
        return 2;
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
