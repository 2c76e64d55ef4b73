/* activ bench: nanoseconds per element of functions on tiers, forward and backward, compared to memcpy of the same
 * array; with --inputs, times on saturated and unusual inputs compared to those on normal ones; with --types, those of
 * float16 and bfloat16 compared to float32's. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <activ/activ.h>

#include "bench.h"
#include "commands.h"

/* A ratio above this is named below the tables. */
static const double SLOW = 2.5;

typedef struct {
    const char *tier; /* NULL: all, or the best alone */
    int json, inputs, types;
} options;

static const char *const directions[DIRECTIONS] = { "forward", "backward" };

/* ---- tables ---- */

static void print_table(const bench *b)
{
    printf("n = %zu, ns per element\n%-24s", b->n, "");
    for (size_t i = 0; i < b->tier_count; i++)
        printf("  %19s", b->tiers[i]);
    printf("\n%-24s", "");
    for (size_t i = 0; i < b->tier_count; i++)
        printf("  %9s %9s", "forward", "backward");
    printf("\n%-24s  %9.4f\n", "memcpy", bench_copy_ns(b));
    for (size_t i = 0; i < b->subject_count; i++) {
        const subject *s = &b->subjects[i];
        if (i % b->tier_count == 0)
            printf("%-24s", activ_fn_spec(s->fn));
        printf("  %9.4f %9.4f", bench_ns(s, FORWARD, 0), bench_ns(s, BACKWARD, 0));
        if (i % b->tier_count == b->tier_count - 1)
            putchar('\n');
    }
}

static void print_ratio_table(const bench *b, int direction)
{
    printf("\n%-24s", directions[direction]);
    for (size_t i = 0; i < b->input_count; i++)
        printf("  %9s", b->inputs[i].name);
    putchar('\n');
    for (const subject *s = b->subjects; s < b->subjects + b->subject_count; s++) {
        printf("%-24s  %9.4f", activ_fn_spec(s->fn), bench_ns(s, direction, 0));
        for (size_t i = 1; i < b->input_count; i++)
            printf("  %9.2f", bench_ratio(s, direction, i));
        putchar('\n');
    }
}

static void print_worst(const bench *b, int direction)
{
    const subject *worst = b->subjects;
    size_t input = 1;
    for (const subject *s = b->subjects; s < b->subjects + b->subject_count; s++)
        for (size_t i = 1; i < b->input_count; i++)
            if (bench_ratio(s, direction, i) > bench_ratio(worst, direction, input)) {
                worst = s;
                input = i;
            }
    printf("worst %s: %.2f, %s on %s\n", directions[direction], bench_ratio(worst, direction, input),
           activ_fn_spec(worst->fn), b->inputs[input].name);
}

/* The inputs of a function whose ratios are above SLOW, in a line, if wanted. Returns how many. */
static size_t list_slow(const bench *b, const subject *s, int direction, int wanted)
{
    size_t count = 0;
    for (size_t i = 1; i < b->input_count; i++) {
        if (bench_ratio(s, direction, i) <= SLOW)
            continue;
        if (wanted && count == 0)
            printf("  %s %s: %s", activ_fn_spec(s->fn), directions[direction], b->inputs[i].name);
        else if (wanted)
            printf(", %s", b->inputs[i].name);
        count++;
    }
    if (wanted && count > 0)
        putchar('\n');
    return count;
}

static size_t list_all_slow(const bench *b, int wanted)
{
    size_t count = 0;
    for (int d = FORWARD; d <= BACKWARD; d++)
        for (const subject *s = b->subjects; s < b->subjects + b->subject_count; s++)
            count += list_slow(b, s, d, wanted);
    return count;
}

static void print_ratios(const bench *b)
{
    printf("n = %zu, tier %s; %s: ns per element of %s; others: the time as a multiple of that\n", b->n, b->tiers[0],
           b->inputs[0].name, b->inputs == bench_types ? "N(0, 4)" : "N(0, 1)");
    for (int d = FORWARD; d <= BACKWARD; d++)
        print_ratio_table(b, d);
    putchar('\n');
    for (int d = FORWARD; d <= BACKWARD; d++)
        print_worst(b, d);
    const size_t slow = list_all_slow(b, 0);
    printf("%zu of %zu figures above %.1f%s\n", slow, b->subject_count * DIRECTIONS * (b->input_count - 1), SLOW,
           slow > 0 ? ":" : "");
    list_all_slow(b, 1);
}

/* ---- JSON ---- */

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

static void print_json_ratios(const bench *b, const subject *s)
{
    for (int d = FORWARD; d <= BACKWARD; d++) {
        printf(",\n     \"%s\": {\"%s\": %.5f, \"ratios\": {", directions[d], b->inputs[0].name, bench_ns(s, d, 0));
        for (size_t i = 1; i < b->input_count; i++)
            printf("%s\"%s\": %.4f", i > 1 ? ", " : "", b->inputs[i].name, bench_ratio(s, d, i));
        printf("}}");
    }
}

static void print_json(const bench *b)
{
    printf("{\n  \"version\": \"%s\",\n  \"n\": %zu,\n  \"unit\": \"ns per element\",\n  \"memcpy\": %.5f,\n"
           "  \"results\": [",
           activ_version_string(), b->n, bench_copy_ns(b));
    for (size_t i = 0; i < b->subject_count; i++) {
        const subject *s = &b->subjects[i];
        printf("%s\n    {\"function\": ", i > 0 ? "," : "");
        print_string(activ_fn_spec(s->fn));
        printf(", \"tier\": \"%s\"", s->tier);
        if (b->input_count > 1)
            print_json_ratios(b, s);
        else
            printf(", \"forward\": %.5f, \"backward\": %.5f", bench_ns(s, FORWARD, 0), bench_ns(s, BACKWARD, 0));
        putchar('}');
    }
    printf("\n  ]\n}\n");
}

/* ---- arguments ---- */

/* Those that the machine has and ACTIV_MAX_TIER allows. On many kinds of inputs the best alone: a table has room for
 * one. */
static int find_tiers(bench *b, const options *o)
{
    const char *name, *wanted = o->tier || !(o->inputs || o->types) ? o->tier : activ_tier();
    for (size_t i = 0; (name = activ_tier_at(i)) && b->tier_count < TIERS; i++) {
        if (!wanted || strcmp(name, wanted) == 0)
            b->tiers[b->tier_count++] = name;
        if (strcmp(name, activ_tier()) == 0)
            break;
    }
    if (b->tier_count == 0)
        fprintf(stderr, "activ: bench: tier '%s' does not run here (see activ tier)\n", wanted);
    return b->tier_count > 0;
}

static int add_spec(bench *b, const char *spec)
{
    const char **more = realloc(b->specs, (b->spec_count + 1) * sizeof *more);
    if (!more) {
        fprintf(stderr, "activ: bench: not enough memory\n");
        return 0;
    }
    b->specs = more;
    b->specs[b->spec_count++] = spec;
    return 1;
}

static int add_all_specs(bench *b)
{
    activ_fn_info info = ACTIV_FN_INFO_INIT;
    for (size_t i = 0; activ_fn_catalog(i, &info) == ACTIV_OK; i++)
        if (!add_spec(b, info.name))
            return 0;
    return 1;
}

static int read_n(const char *text, size_t *n)
{
    char *end;
    unsigned long value = strtoul(text, &end, 10);
    if (text[0] < '0' || text[0] > '9' || *end != '\0' || value < 1 || value > 1ul << 28) {
        fprintf(stderr, "activ: bench: -n: a number from 1 to 268435456, not '%s'\n", text);
        return 0;
    }
    *n = value;
    return 1;
}

static int read_arguments(bench *b, options *o, int argc, char **argv)
{
    for (int i = 0; i < argc; i++) {
        int takes_value = strcmp(argv[i], "--tier") == 0 || strcmp(argv[i], "-n") == 0;
        if (takes_value && i + 1 == argc) {
            fprintf(stderr, "activ: bench: %s: a value is missing\n", argv[i]);
            return 0;
        }
        if (strcmp(argv[i], "--tier") == 0) {
            o->tier = argv[++i];
        } else if (strcmp(argv[i], "-n") == 0) {
            if (!read_n(argv[++i], &b->n))
                return 0;
        } else if (strcmp(argv[i], "--inputs") == 0) {
            o->inputs = 1;
        } else if (strcmp(argv[i], "--types") == 0) {
            o->types = 1;
        } else if (strcmp(argv[i], "--json") == 0) {
            o->json = 1;
        } else if (argv[i][0] == '-') {
            fprintf(stderr, "activ: bench: unknown option '%s' (see activ --help)\n", argv[i]);
            return 0;
        } else if (!add_spec(b, argv[i])) {
            return 0;
        }
    }
    if (o->inputs && o->types) {
        fprintf(stderr, "activ: bench: --inputs and --types are tables of their own\n");
        return 0;
    }
    return b->spec_count > 0 || add_all_specs(b);
}

static void print(const bench *b, const options *o)
{
    if (o->json)
        print_json(b);
    else if (o->inputs || o->types)
        print_ratios(b);
    else
        print_table(b);
}

int command_bench(int argc, char **argv)
{
    options o = { .tier = NULL };
    bench b = { .n = 4096 };
    if (!read_arguments(&b, &o, argc, argv) || !find_tiers(&b, &o)) {
        free(b.specs);
        return 2;
    }
    b.inputs = o.inputs ? bench_inputs : o.types ? bench_types : &bench_usual_inputs;
    b.input_count = o.inputs ? INPUTS : o.types ? TYPES : 1;
    const int prepared = bench_prepare(&b);
#if defined(__GNUC__) && !defined(__OPTIMIZE__)
    fprintf(stderr, "activ: bench: built without optimization (CMAKE_BUILD_TYPE): calls take longer than they need\n");
#endif
    if (prepared) {
        bench_measure(&b);
        print(&b, &o);
    }
    bench_release(&b);
    free(b.specs);
    return prepared ? 0 : 2;
}
