/* bench_compare: libactiv, oneDNN, XNNPACK, Eigen, PyTorch and memcpy on the same arrays (race.h says how they are
 * measured), and their errors (errors.h). With --cap avx2 the libraries may use AVX2 at most. */
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <activ/activ.h>

#include "errors.h"
#include "race.h"

enum { DNNL = OURS + 1, XNNPACK, EIGEN, TORCH, COPY, CONTENDERS };
enum { MAX_SIZES = 8, MAX_GOALS = 256, NAME = 24, CHECKED = 4096 };

/* Up to here x, dy and out stay in the L2 cache. */
static const size_t IN_CACHE = 1u << 17;

/* Whose figures count, in both runs: these, by function. The others are shown. */
enum { D = 1 << DNNL, X = 1 << XNNPACK, E = 1 << EIGEN };

static const struct {
    const char *name;
    int counted;
    int in_mean; /* in the geometric means */
    int cheap;   /* has to keep up with memcpy out of cache */
} functions[] = {
    { "relu", D, 1, 1 },          { "leaky_relu", D | X, 0, 1 }, { "prelu", D, 0, 1 },
    { "hardswish", D | X, 1, 1 }, { "elu", D | X, 1, 1 },        { "sigmoid", D | X | E, 1, 0 },
    { "tanh", D | E, 1, 0 },      { "silu", D, 1, 0 },           { "softplus", D, 1, 0 },
    { "mish", D, 1, 0 },          { "gelu", D, 1, 0 },           { "gelu_tanh", D, 1, 0 },
};
enum { FUNCTIONS = sizeof functions / sizeof functions[0], MAX_RESULTS = 2 * FUNCTIONS * MAX_SIZES };

/* With AVX2, at both of goal_sizes: how many times ours the fastest that counts has to take. With AVX-512 there are
 * goals for the means only. */
static const size_t goal_sizes[] = { 4096, 65536 };
static const struct {
    const char *function;
    int direction;
    double goal;
} function_goals[] = {
    { "relu", BENCH_FORWARD, 1.05 },      { "leaky_relu", BENCH_FORWARD, 1.05 }, { "prelu", BENCH_FORWARD, 1.05 },
    { "hardswish", BENCH_FORWARD, 1.05 }, { "elu", BENCH_FORWARD, 1.05 },        { "sigmoid", BENCH_FORWARD, 1.05 },
    { "tanh", BENCH_FORWARD, 1.0 },       { "silu", BENCH_FORWARD, 1.8 },        { "softplus", BENCH_FORWARD, 1.5 },
    { "mish", BENCH_FORWARD, 1.0 },       { "gelu", BENCH_FORWARD, 0.9 },        { "gelu_tanh", BENCH_FORWARD, 2.5 },
    { "relu", BENCH_BACKWARD, 2.0 },      { "hardswish", BENCH_BACKWARD, 2.0 },  { "sigmoid", BENCH_BACKWARD, 2.2 },
    { "tanh", BENCH_BACKWARD, 3.0 },      { "silu", BENCH_BACKWARD, 2.0 },       { "mish", BENCH_BACKWARD, 1.3 },
    { "gelu", BENCH_BACKWARD, 1.2 },
};
static const struct {
    double avx2, avx512;
} mean_goals[2] = { { 1.3, 1.4 }, { 2.2, 1.9 } }; /* by direction */

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
static peer_errors errors[FUNCTIONS][CONTENDERS];
static const bench_peer *const contenders[CONTENDERS] = { &bench_ours,       &bench_peer_dnnl,  &bench_peer_xnnpack,
                                                          &bench_peer_eigen, &bench_peer_torch, &bench_copy };
static race this_race = { "bench_compare", contenders, CONTENDERS, 1.0, NULL };

/* ---- reports ---- */

/* In "best", and so in means and goals. One that makes f' from y has an easier task. */
static int is_counted(const result_t *result, int c)
{
    return result->race.has[c] && !result->race.from_y[c] && (functions[result->f].counted >> c & 1);
}

/* The fastest counted peer's time divided by ours; 0 if no peer counts. */
static double best_ratio(const result_t *result)
{
    double best = 0;
    for (int c = OURS + 1; c < COPY; c++)
        if (is_counted(result, c) && (best == 0 || result->race.ratio[c] < best))
            best = result->race.ratio[c];
    return best;
}

/* "counted in best: oneDNN; XNNPACK for ...". */
static void print_counted(void)
{
    printf("\"best\" is the fastest of those that count:");
    for (int c = OURS + 1; c < COPY; c++) {
        int count = 0;
        for (size_t f = 0; f < FUNCTIONS; f++)
            count += functions[f].counted >> c & 1;
        if (count > 0)
            printf("%s %s%s", c == OURS + 1 ? "" : ";", contenders[c]->name, count == FUNCTIONS ? "" : " for");
        const char *comma = " ";
        for (size_t f = 0; f < FUNCTIONS && count < FUNCTIONS; f++)
            if (functions[f].counted >> c & 1) {
                printf("%s%s", comma, functions[f].name);
                comma = ", ";
            }
    }
    puts(". The others are shown.");
}

static void print_heading(size_t n, int direction)
{
    printf("\nn = %zu, %s: ns per element, and time as a multiple of ours\n%-11s", n, race_directions[direction], "");
    race_print_names(&this_race);
    puts("    best");
}

static void print_result(const result_t *result)
{
    printf("%-11s", functions[result->f].name);
    race_print_figures(&this_race, &result->race);
    double best = best_ratio(result);
    if (best > 0)
        printf(" %7.2f", best);
    putchar('\n');
    fflush(stdout);
}

static void print_errors(int direction)
{
    printf("\n%s: the largest error in ULP, for 2^-100 <= |x| <= 4 / for all other finite x; of a sample\n%-11s",
           race_directions[direction], "");
    for (int c = OURS; c < COPY; c++)
        printf(" %16s", contenders[c]->name);
    putchar('\n');
    for (size_t f = 0; f < FUNCTIONS; f++) {
        if (!options.chosen[f])
            continue;
        printf("%-11s", functions[f].name);
        for (int c = OURS; c < COPY; c++) {
            char text[40] = "-";
            if (errors[f][c].has[direction])
                errors_write_text(text, sizeof text, &errors[f][c], direction);
            printf(" %16s", text);
        }
        putchar('\n');
    }
}

/* ---- goals ---- */

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
static double geometric_mean(int direction, size_t only_n, int *figures)
{
    double sum = 0;
    int count = 0;
    for (const result_t *r = results; r < results + result_count; r++) {
        double best = best_ratio(r);
        if (r->direction != direction || !functions[r->f].in_mean || best == 0 ||
            (only_n ? r->n != only_n : r->n > IN_CACHE))
            continue;
        sum += log(best);
        count++;
    }
    *figures = count;
    return count > 0 ? exp(sum / count) : 0;
}

static int uses_avx512(void)
{
    return strcmp(activ_tier(), "avx512") == 0;
}

static void judge_mean(int direction)
{
    int count;
    double mean = geometric_mean(direction, 0, &count);
    if (mean == 0)
        return;
    add_goal(mean, uses_avx512() ? mean_goals[direction].avx512 : mean_goals[direction].avx2,
             "%s in cache, geometric mean of %d against the fastest that counts", race_directions[direction], count);
    for (size_t s = 0; s < options.size_count; s++)
        if (options.sizes[s] <= IN_CACHE)
            printf("      %5.2f          at n = %zu\n", geometric_mean(direction, options.sizes[s], &count),
                   options.sizes[s]);
}

static const result_t *find_result(const char *function, int direction, size_t n)
{
    for (const result_t *r = results; r < results + result_count; r++)
        if (r->n == n && r->direction == direction && strcmp(functions[r->f].name, function) == 0)
            return r;
    return NULL;
}

static void judge_functions(void)
{
    for (size_t g = 0; g < sizeof function_goals / sizeof function_goals[0]; g++)
        for (size_t s = 0; s < sizeof goal_sizes / sizeof goal_sizes[0]; s++) {
            const char *function = function_goals[g].function;
            const int direction = function_goals[g].direction;
            const result_t *r = find_result(function, direction, goal_sizes[s]);
            if (r && best_ratio(r) > 0)
                add_goal(best_ratio(r), function_goals[g].goal, "%s %s, n = %zu", function, race_directions[direction],
                         goal_sizes[s]);
        }
}

static void print_slower(void)
{
    int count = 0;
    for (const result_t *r = results; r < results + result_count; r++) {
        double best = best_ratio(r);
        if (best == 0 || best >= 1.0)
            continue;
        printf("%s      %5.2f          %s %s, n = %zu\n", count++ ? "" : "Below 1, without a goal:\n", best,
               functions[r->f].name, race_directions[r->direction], r->n);
    }
    if (count == 0)
        puts("No figure is below 1.");
}

static void judge_memory(void)
{
    for (const result_t *r = results; r < results + result_count; r++)
        if (r->n > IN_CACHE && r->direction == BENCH_FORWARD && functions[r->f].cheap)
            add_goal(r->race.ratio[COPY], 1.0 - NOISE, "%s against memcpy, n = %zu", functions[r->f].name, r->n);
}

static void judge(void)
{
    printf("\nGoals: what was reached (what is wanted)\n");
    for (int d = 0; d < 2; d++)
        judge_mean(d);
    if (uses_avx512())
        print_slower();
    else
        judge_functions();
    judge_memory();
    int stars = 0;
    for (const result_t *r = results; r < results + result_count; r++)
        stars |= r->race.from_y[TORCH];
    if (stars)
        printf("\n* PyTorch differentiates sigmoid and tanh from y = f(x), which it was given; that needs no"
               "\n  exponential function. The others start from x.\n");
}

/* ---- JSON ---- */

static void write_errors(FILE *file)
{
    const char *comma = "";
    fprintf(file, "  \"errors\": [");
    for (size_t f = 0; f < FUNCTIONS; f++)
        for (int d = 0; d < 2; d++)
            for (int c = OURS; c < COPY; c++) {
                if (!options.chosen[f] || !errors[f][c].has[d])
                    continue;
                fprintf(file, "%s\n    {\"function\": \"%s\", \"direction\": \"%s\", \"contender\": \"%s\", ", comma,
                        functions[f].name, race_directions[d], contenders[c]->name);
                errors_write_json(file, &errors[f][c], d);
                putc('}', file);
                comma = ",";
            }
    fprintf(file, "\n  ],\n");
}

static void write_results(FILE *file)
{
    fprintf(file, "  \"results\": [");
    for (size_t i = 0; i < result_count; i++) {
        const result_t *r = &results[i];
        fprintf(file,
                "%s\n    {\"function\": \"%s\", \"direction\": \"%s\", \"n\": %zu, \"best\": %.4f, \"counted\": [",
                i ? "," : "", functions[r->f].name, race_directions[r->direction], r->n, best_ratio(r));
        const char *comma = "";
        for (int c = OURS + 1; c < COPY; c++)
            if (is_counted(r, c)) {
                fprintf(file, "%s\"%s\"", comma, contenders[c]->name);
                comma = ", ";
            }
        fprintf(file, "], ");
        race_write_result(&this_race, file, &r->race);
        putc('}', file);
    }
    fprintf(file, "\n  ],\n");
}

static int write_json(const char *path)
{
    FILE *file = fopen(path, "w");
    if (!file)
        return 0;
    race_write_head(&this_race, file);
    write_results(file);
    write_errors(file);
    fprintf(file, "  \"goals\": [");
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
    fputs(
        "usage: bench_compare [OPTION ...]\n"
        "\n"
        "  --functions A,B     of relu leaky_relu prelu hardswish elu sigmoid tanh silu softplus mish gelu gelu_tanh\n"
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

static int measure_errors(void)
{
    for (size_t f = 0; f < FUNCTIONS; f++)
        if (options.chosen[f] && !errors_measure(functions[f].name, contenders, COPY, errors[f]))
            return 0;
    for (int direction = 0; direction < 2; direction++)
        if (options.run_direction[direction])
            print_errors(direction);
    return 1;
}

int main(int argc, char **argv)
{
    if (argc == 2 && (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0))
        return usage(stdout);
    if (!read_arguments(argc, argv))
        return 2;
    if (!race_start(&this_race, argv))
        return 2;
    print_counted();
    for (size_t s = 0; s < options.size_count; s++)
        if (!run_size(options.sizes[s]))
            return 2;
    if (!measure_errors())
        return 2;
    judge();
    if (options.json && !write_json(options.json)) {
        fprintf(stderr, "bench_compare: %s cannot be written\n", options.json);
        return 2;
    }
    return 0;
}
