/* bench_rows: row-wise functions of libactiv, oneDNN, XNNPACK, PyTorch, and memcpy, on the same matrices (race.h says
 * how they are measured). With --cap avx2 the libraries may use AVX2 at most. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "race.h"

enum { DNNL = OURS + 1, XNNPACK, TORCH, COPY, CONTENDERS };
enum { MAX_SIZES = 8, DEFAULT_ROUNDS = 101 };

static const char *const functions[] = { "softmax", "log_softmax" };
enum { FUNCTIONS = sizeof functions / sizeof functions[0] };

typedef struct {
    size_t rows, columns;
    int is_goal; /* softmax forward has to keep up with oneDNN and XNNPACK */
} matrix_size;

typedef struct {
    matrix_size size;
    int f, direction;
    race_result race;
} result_t;

static struct {
    matrix_size sizes[MAX_SIZES];
    size_t size_count;
    int rounds;
    const char *json;
} options = { { { 64, 1000, 1 }, { 4096, 64, 1 }, { 128, 10, 0 }, { 8, 32000, 0 } }, 4, DEFAULT_ROUNDS, NULL };

static result_t results[MAX_SIZES * FUNCTIONS * 2];
static size_t result_count;

static const bench_peer *const contenders[CONTENDERS] = { &bench_ours, &bench_peer_dnnl, &bench_peer_xnnpack,
                                                          &bench_peer_torch, &bench_copy };
static race this_race = { "bench_rows", contenders, CONTENDERS, 0.01, NULL };

/* ---- reports ---- */

static void print_heading(matrix_size size)
{
    printf("\n%zu x %zu: ns per element, and time as a multiple of ours\n%-21s", size.rows, size.columns, "");
    race_print_names(&this_race);
    putchar('\n');
}

static void print_result(const result_t *result)
{
    printf("%-11s %-9s", functions[result->f], race_directions[result->direction]);
    race_print_figures(&this_race, &result->race);
    putchar('\n');
    fflush(stdout);
}

/* 0 if a goal was missed. */
static int judge(void)
{
    int all = 1;
    printf("\n* from y = f(x), which it was given; that needs no exponential function. Ours starts from x.\n"
           "\nGoals: what was reached (what is wanted; %.2f is 1 less the noise)\n",
           1.0 - NOISE);
    for (const result_t *r = results; r < results + result_count; r++)
        for (int c = DNNL; c <= XNNPACK; c++) {
            if (!r->size.is_goal || strcmp(functions[r->f], "softmax") != 0 || r->direction != BENCH_FORWARD ||
                !r->race.has[c])
                continue;
            int ok = r->race.ratio[c] >= 1.0 - NOISE;
            printf("%-4s  %5.2f  (%.2f)  softmax forward, %zu x %zu, against %s\n", ok ? "PASS" : "FAIL",
                   r->race.ratio[c], 1.0 - NOISE, r->size.rows, r->size.columns, contenders[c]->name);
            all &= ok;
        }
    return all;
}

static int write_json(const char *path)
{
    FILE *file = fopen(path, "w");
    if (!file)
        return 0;
    race_write_head(&this_race, file);
    fprintf(file, "  \"results\": [");
    for (const result_t *r = results; r < results + result_count; r++) {
        fprintf(file, "%s\n    {\"function\": \"%s\", \"direction\": \"%s\", \"rows\": %zu, \"columns\": %zu, ",
                r > results ? "," : "", functions[r->f], race_directions[r->direction], r->size.rows, r->size.columns);
        race_write_result(&this_race, file, &r->race);
        putc('}', file);
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
          "  --cap avx2          nobody uses more than AVX2\n"
          "  --json FILE         the results as JSON too\n"
          "\n"
          "Exit status 1: a goal was missed.\n",
          out);
    return out == stderr ? 2 : 0;
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
            return race_bad(&this_race, option, list);
        size.rows = read_number(p, most, &p);
        if (!p || *p++ != 'x')
            return race_bad(&this_race, option, list);
        size.columns = read_number(p, most / size.rows, &p);
        if (!p || (*p != ',' && *p != '\0'))
            return race_bad(&this_race, option, list);
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
        return (end && *end == '\0') || race_bad(&this_race, option, value);
    }
    if (strcmp(option, "--cap") == 0) {
        this_race.cap = value;
        return strcmp(value, "avx2") == 0 || race_bad(&this_race, option, value);
    }
    return race_bad(&this_race, "option", option);
}

static int read_arguments(int argc, char **argv)
{
    for (int i = 1; i < argc; i += 2)
        if (i + 1 == argc ? race_bad(&this_race, "option or its value", argv[i]) == 0
                          : !read_option(argv[i], argv[i + 1]))
            return 0;
    return 1;
}

static int run_size(matrix_size size)
{
    const size_t n = size.rows * size.columns;
    bench_arrays arrays;
    float *block = race_arrays(n, size.columns, &arrays), *expected = malloc(n * sizeof *expected);
    int ok = block && expected;
    if (ok)
        print_heading(size);
    else
        fprintf(stderr, "bench_rows: no memory for %zu x %zu\n", size.rows, size.columns);
    for (int f = 0; f < FUNCTIONS && ok; f++)
        for (int direction = 0; direction < 2 && ok; direction++) {
            result_t *result = &results[result_count++];
            *result = (result_t){ .size = size, .f = f, .direction = direction };
            ok = race_run(&this_race, functions[f], direction, &arrays, expected, n, options.rounds, &result->race);
            if (ok)
                print_result(result);
        }
    free(block);
    free(expected);
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
    int reached = judge();
    if (options.json && !write_json(options.json)) {
        fprintf(stderr, "bench_rows: %s cannot be written\n", options.json);
        return 2;
    }
    return reached ? 0 : 1;
}
