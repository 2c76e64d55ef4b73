/* activ bench: nanoseconds per element of functions on tiers, forward and backward, compared to memcpy of the same
 * array. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <activ/activ.h>

#include "bench.h"
#include "commands.h"

typedef struct {
    const char *tier; /* NULL: all */
    int json;
} options;

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

static void print_json(const bench *b)
{
    printf("{\n  \"version\": \"%s\",\n  \"n\": %zu,\n  \"unit\": \"ns per element\",\n  \"memcpy\": %.5f,\n"
           "  \"results\": [",
           activ_version_string(), b->n, bench_copy_ns(b));
    for (size_t i = 0; i < b->subject_count; i++) {
        const subject *s = &b->subjects[i];
        printf("%s\n    {\"function\": ", i > 0 ? "," : "");
        print_string(activ_fn_spec(s->fn));
        printf(", \"tier\": \"%s\", \"forward\": %.5f, \"backward\": %.5f}", s->tier, bench_ns(s, FORWARD, 0),
               bench_ns(s, BACKWARD, 0));
    }
    printf("\n  ]\n}\n");
}

/* ---- arguments ---- */

/* Those that the machine has and ACTIV_MAX_TIER allows. */
static int find_tiers(bench *b, const options *o)
{
    const char *name;
    for (size_t i = 0; (name = activ_tier_at(i)) && b->tier_count < TIERS; i++) {
        if (!o->tier || strcmp(name, o->tier) == 0)
            b->tiers[b->tier_count++] = name;
        if (strcmp(name, activ_tier()) == 0)
            break;
    }
    if (b->tier_count == 0)
        fprintf(stderr, "activ: bench: tier '%s' does not run here (see activ tier)\n", o->tier);
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
        } else if (strcmp(argv[i], "--json") == 0) {
            o->json = 1;
        } else if (argv[i][0] == '-') {
            fprintf(stderr, "activ: bench: unknown option '%s' (see activ --help)\n", argv[i]);
            return 0;
        } else if (!add_spec(b, argv[i])) {
            return 0;
        }
    }
    return b->spec_count > 0 || add_all_specs(b);
}

int command_bench(int argc, char **argv)
{
    options o = { .tier = NULL };
    bench b = { .n = 4096 };
    if (!read_arguments(&b, &o, argc, argv) || !find_tiers(&b, &o)) {
        free(b.specs);
        return 2;
    }
    b.inputs = &bench_usual_inputs;
    b.input_count = 1;
    const int prepared = bench_prepare(&b);
#if defined(__GNUC__) && !defined(__OPTIMIZE__)
    fprintf(stderr, "activ: bench: built without optimization (CMAKE_BUILD_TYPE): calls take longer than they need\n");
#endif
    if (prepared) {
        bench_measure(&b);
        if (o.json)
            print_json(&b);
        else
            print_table(&b);
    }
    bench_release(&b);
    free(b.specs);
    return prepared ? 0 : 2;
}
