/* activ list, activ show: what the catalog says of functions. */
#include <ctype.h>
#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <activ/activ.h>

#include "commands.h"

/* Prints the shortest decimal that is read back as the same number. */
static void print_number(double value)
{
    char text[40];
    for (int digits = 6; digits <= 17; digits++) {
        snprintf(text, sizeof text, "%.*g", digits, value);
        if (strtod(text, NULL) == value)
            break;
    }
    fputs(text, stdout);
}

/* Does the setting have no range: any real, or any count up to the maximum? */
static int is_unlimited(const activ_setting_info *s)
{
    return s->kind == ACTIV_SETTING_REAL    ? s->minimum <= -(double)FLT_MAX && s->maximum >= (double)FLT_MAX
           : s->kind == ACTIV_SETTING_COUNT ? s->minimum == 1.0 && s->maximum >= 0x1p24
                                            : 0;
}

/* The setting's range, if it has one: ", one of book, repo, unit", ", from -1 to 1". */
static void print_range(const activ_setting_info *s)
{
    if (s->kind == ACTIV_SETTING_WORD) {
        for (size_t i = 0; s->words[i]; i++)
            printf("%s%s", i > 0 ? ", " : ", one of ", s->words[i]);
    } else if (s->kind == ACTIV_SETTING_FUNCTIONS) {
        fputs(", of functions", stdout);
    } else if (!is_unlimited(s)) {
        fputs(s->kind == ACTIV_SETTING_COUNT ? ", a whole number from " : ", from ", stdout);
        print_number(s->minimum);
        fputs(" to ", stdout);
        print_number(s->maximum);
    }
}

static int list_plainly(void)
{
    activ_fn_info info = ACTIV_FN_INFO_INIT;
    for (size_t i = 0; activ_fn_catalog(i, &info) == ACTIV_OK; i++)
        printf("%-38s %s\n", info.signature, info.formula);
    return 0;
}

/* A table cell, with bars escaped. */
static void print_cell(const char *before, const char *text, const char *after)
{
    fputs(before, stdout);
    for (; *text != '\0'; text++) {
        if (*text == '|')
            putchar('\\');
        putchar(*text);
    }
    fputs(after, stdout);
}

/* The ranges of settings that have one. */
static void print_limits(const activ_fn *fn)
{
    activ_setting_info s = ACTIV_SETTING_INFO_INIT;
    int written = 0;
    for (size_t i = 0; activ_fn_setting_info(fn, i, &s) == ACTIV_OK; i++) {
        if (is_unlimited(&s))
            continue;
        printf("%s%s", written++ ? "; " : "", s.name);
        print_range(&s);
    }
}

/* "C 25, Omega 25, Phi 25", with the lengths that the settings give. */
static void print_vectors(const activ_fn *fn)
{
    activ_fn_tensor_info p = ACTIV_FN_TENSOR_INFO_INIT;
    for (size_t i = 0; activ_fn_param_tensor_info(fn, i, &p) == ACTIV_OK; i++) {
        printf("%s%s", i > 0 ? ", " : "", p.name);
        if (p.count > 1)
            printf(" %zu", p.count);
    }
}

static int print_row(const activ_fn_info *info)
{
    activ_fn *fn;
    if (activ_fn_create(NULL, info->name, &fn) != ACTIV_OK) {
        fprintf(stderr, "activ: %s: cannot be made\n", info->name);
        return 2;
    }
    print_cell("| `", info->signature, "`");
    print_cell(info->aliases[0] ? " " : "", info->aliases, " | ");
    print_limits(fn);
    fputs(" | ", stdout);
    print_vectors(fn);
    if (activ_fn_is_random(fn))
        fputs("random while training", stdout);
    print_cell(" | `", info->formula, "` | ");
    printf("%g | %g", (double)info->forward_ulp, (double)info->derivative_ulp);
    print_cell(" | ", info->source, " |\n");
    activ_fn_destroy(fn);
    return 0;
}

/* Writes docs/functions.md. */
static int list_as_page(void)
{
    static const struct {
        int32_t shape;
        const char *heading;
    } shapes[] = {
        { ACTIV_SHAPE_ELEMENTWISE, "## Elementwise" },
        { ACTIV_SHAPE_ROWWISE, "## Row by row" },
        { ACTIV_SHAPE_GATED, "## Gated: a value times the function of a gate" },
    };
    puts("# The functions\n"
         "\n"
         "Each by its signature, which names its settings with their defaults, and its other names: `activ_fn_create` "
         "takes\n"
         "the signature as it is, or a name alone, or a name with some of the settings. Trained are the vectors named "
         "here,\n"
         "with the lengths that the defaults give, or a setting, which then says where training starts. Bounds are "
         "those of\n"
         "the errors of f and f' in units in the last place ([numerics](numerics.md)). Made by `activ list "
         "--markdown`;\n"
         "`activ show SPEC` says it of one function.");
    int result = 0;
    for (size_t k = 0; k < sizeof shapes / sizeof shapes[0]; k++) {
        int rows = 0;
        activ_fn_info info = ACTIV_FN_INFO_INIT;
        for (size_t i = 0; activ_fn_catalog(i, &info) == ACTIV_OK; i++) {
            if (info.shape != shapes[k].shape)
                continue;
            if (rows++ == 0)
                printf("\n%s\n\n| function | settings with limits | trained | formula | bound of f | of f' | source |\n"
                       "|---|---|---|---|---|---|---|\n",
                       shapes[k].heading);
            result |= print_row(&info);
        }
    }
    return result;
}

/* Is `part` in `text`, whatever the capitals? */
static int contains(const char *text, const char *part)
{
    for (;; text++) {
        size_t i = 0;
        while (part[i] && tolower((unsigned char)text[i]) == tolower((unsigned char)part[i]))
            i++;
        if (!part[i])
            return 1;
        if (!*text)
            return 0;
    }
}

static void print_column(const char *text, size_t width)
{
    for (size_t used = print_escaped(text); used < width; used++)
        putchar(' ');
    putchar(' ');
}

/* pattern: NULL: all. */
static int list_zoo(const char *pattern)
{
    const zoo *all = open_zoo();
    if (!all)
        return 2;
    size_t found = 0;
    for (size_t i = 0; i < all->count; i++) {
        const zoo_entry *entry = &all->entries[i];
        if (pattern && !contains(entry->name, pattern) && !contains(entry->formula, pattern) &&
            !contains(entry->source, pattern))
            continue;
        print_column(entry->name, 26);
        print_column(entry->formula, 50);
        (void)print_escaped(entry->source);
        putchar('\n');
        found++;
    }
    if (found > 0)
        return 0;
    fprintf(stderr, "activ: list: the zoo, '%s', has nothing%s%s\n", all->path, pattern ? " with " : "",
            pattern ? pattern : "");
    return 1;
}

int command_list(int argc, char **argv)
{
    if (argc == 0)
        return list_plainly();
    if (argc == 1 && strcmp(argv[0], "--markdown") == 0)
        return list_as_page();
    if (argc <= 2 && strcmp(argv[0], "--zoo") == 0)
        return list_zoo(argc == 2 ? argv[1] : NULL);
    const char *odd = argc > 2 && strcmp(argv[0], "--zoo") == 0 ? argv[2] : argv[strcmp(argv[0], "--markdown") == 0];
    fprintf(stderr, "activ: list: --markdown, or --zoo with or without a pattern, not '%s' (see activ --help)\n", odd);
    return 2;
}

/* A line for each setting: "negative_slope = 0.2 (by default 0.01)". */
static void print_settings(const activ_fn *fn)
{
    activ_setting_info s = ACTIV_SETTING_INFO_INIT;
    for (size_t i = 0; activ_fn_setting_info(fn, i, &s) == ACTIV_OK; i++) {
        printf("  %-11s %s", i == 0 ? "settings" : "", s.name);
        if (s.kind == ACTIV_SETTING_WORD) {
            printf(" = %s", s.word);
        } else if (s.kind == ACTIV_SETTING_FUNCTIONS) {
            for (size_t k = 0; k < activ_fn_function_count(fn); k++)
                printf("%s%s", k > 0 ? ", " : " = ", activ_fn_spec(activ_fn_function(fn, k)));
        } else {
            fputs(" = ", stdout);
            print_number(s.value);
        }
        print_range(&s);
        if (s.trainable)
            fputs(", where training starts", stdout);
        if (s.kind != ACTIV_SETTING_FUNCTIONS && s.value != s.initial) {
            fputs(" (by default ", stdout);
            if (s.kind == ACTIV_SETTING_WORD)
                fputs(s.words[(size_t)s.initial], stdout);
            else
                print_number(s.initial);
            fputs(")", stdout);
        }
        putchar('\n');
    }
}

/* "a = 1, b = 1.702" of the parameters that start at given values; of a vector the first few. */
static void print_initial(const activ_fn *fn)
{
    enum { SHOWN = 6 };
    const size_t count = activ_fn_param_count(fn);
    float *values = calloc(2 * count + 1, sizeof *values);
    if (count == 0 || !values || activ_fn_param_init(fn, 0, values) != ACTIV_OK ||
        activ_fn_param_init(fn, 1, values + count) != ACTIV_OK) {
        free(values);
        return;
    }
    fputs("  initial     ", stdout);
    activ_fn_tensor_info p = ACTIV_FN_TENSOR_INFO_INIT;
    const float *at = values;
    for (size_t i = 0; activ_fn_param_tensor_info(fn, i, &p) == ACTIV_OK; i++, at += p.count) {
        printf("%s%s", i > 0 ? ", " : "", p.name);
        if (memcmp(at, at + count, p.count * sizeof *at) != 0) {
            fputs(" random", stdout);
            continue;
        }
        fputs(p.count > 1 ? " = [" : " = ", stdout);
        for (size_t k = 0; k < p.count && k < SHOWN; k++)
            printf(k > 0 ? ", %.6g" : "%.6g", (double)at[k]);
        fputs(p.count > SHOWN ? ", ...]" : p.count > 1 ? "]" : "", stdout);
    }
    putchar('\n');
    free(values);
}

/* Kinks, and a table of values. */
static void print_curve(const activ_fn *fn)
{
    enum { MOST = 8, FROM = -10, TO = 10 };
    static const float points[] = { -5.0f, -3.0f, -2.0f, -1.0f, -0.5f, 0.0f, 0.5f, 1.0f, 2.0f, 3.0f, 5.0f };
    const float one = 1.0f;
    kink kinks[MOST + 1];
    const size_t count = find_kinks(fn, FROM, TO, kinks, MOST + 1);
    printf("  kinks       %s", count == 0 ? "none" : "");
    for (size_t i = 0; i < count && i < MOST; i++)
        printf("%s%.5g%s", i > 0 ? ", " : "", fabs(kinks[i].x) < 1e-9 ? 0.0 : kinks[i].x,
               kinks[i].jumps ? " (a jump)" : "");
    printf("%s, as seen from %d to %d\n", count > MOST ? ", ..." : "", FROM, TO);
    puts("  values      x     f(x)            f'(x)");
    for (size_t i = 0; i < sizeof points / sizeof points[0]; i++) {
        float y, slope;
        char texts[2][VALUE_TEXT];
        if (activ_forward(fn, NULL, 1, &points[i], &y) == ACTIV_OK &&
            activ_backward(fn, NULL, 1, &points[i], &one, &slope, NULL) == ACTIV_OK)
            printf("              %-5g %-15s %s\n", (double)points[i], value_text((double)y, texts[0]),
                   value_text((double)slope, texts[1]));
    }
}

static void print_line(const char *label, const char *text)
{
    fputs(label, stdout);
    (void)print_escaped(text);
    putchar('\n');
}

static void print_about(const activ_fn *fn, const activ_fn_info *info, const zoo_entry *entry)
{
    print_line("  formula     ", entry ? entry->formula : info->formula);
    if (entry && entry->source[0])
        print_line("  source      ", entry->source);
    else if (!is_formula(fn))
        print_line("  source      ", info->source);
    if (entry && entry->checked[0])
        print_line("  status      ", entry->checked);
    if (isinf(info->forward_ulp))
        puts("  bounds      none, as of every formula");
    else
        printf("  bounds      forward %g ULP, derivative %g ULP\n", (double)info->forward_ulp,
               (double)info->derivative_ulp);
    printf("  parameters  %zu", activ_fn_param_count(fn));
    activ_fn_tensor_info p = ACTIV_FN_TENSOR_INFO_INIT;
    for (size_t i = 0; activ_fn_param_tensor_info(fn, i, &p) == ACTIV_OK; i++)
        printf("%s %s %zu", i > 0 ? "," : ":", p.name, p.count);
    putchar('\n');
    print_initial(fn);
}

int command_show(const char *spec)
{
    const zoo_entry *entry = find_in_zoo(spec);
    activ_fn *fn = make_function(entry ? entry->formula : spec);
    activ_fn_info info = ACTIV_FN_INFO_INIT;
    if (!fn || activ_fn_info_of(fn, &info) != ACTIV_OK)
        return 2;
    printf(entry ? "@%s\n" : "%s\n", entry ? entry->name : activ_fn_spec(fn));
    if (info.aliases[0])
        printf("  also        %s\n", info.aliases);
    print_settings(fn);
    print_about(fn, &info, entry);
    if (activ_fn_is_random(fn))
        puts("  training    draws random numbers");
    if (info.shape == ACTIV_SHAPE_ELEMENTWISE && activ_fn_channels(fn) == 1)
        print_curve(fn);
    activ_fn_destroy(fn);
    return 0;
}
