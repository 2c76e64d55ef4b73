/* The zoo, share/activ/functions.txt, line by line: each is a function of its own that has the derivatives it says and
 * that a network can be trained with. And the reader: what it refuses, and "@NAME".
 *
 * usage: test_zoo FILE */
#define _POSIX_C_SOURCE 200809L
#include <ctype.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "activ/activ.h"
#include "zoo/zoo.h"

enum { LEAST_FUNCTIONS = 150, MOST_UNCHECKED = 30, MOST_FUNCTIONS = 1024, POINTS = 201, MOST_PARAMS = 64 };

static const char *path;
static zoo all;
static activ_fn *fns[MOST_FUNCTIONS]; /* of all.entries */

static int begin(void **state)
{
    activ_message message = { "" };
    (void)state;
    if (zoo_read(&all, &message) != 0) {
        print_error("%s\n", message.text);
        return -1;
    }
    if (strcmp(all.path, path) != 0 || all.count > MOST_FUNCTIONS)
        return -1;
    for (size_t i = 0; i < all.count; i++)
        if (activ_fn_create_ex(NULL, all.entries[i].formula, &fns[i], &message) != ACTIV_OK) {
            print_error("%s:%zu: %s: %s\n", path, all.entries[i].line, all.entries[i].name, message.text);
            return -1;
        }
    return 0;
}

static int end(void **state)
{
    (void)state;
    for (size_t i = 0; i < all.count; i++)
        activ_fn_destroy(fns[i]);
    zoo_free(&all);
    return 0;
}

static void points_between(double low, double high, size_t count, float *x)
{
    for (size_t i = 0; i < count; i++)
        x[i] = (float)(low + (high - low) * (double)i / (double)(count - 1));
}

/* Four digits, as in "1998" and "of 2012", but no part of a longer number or of "arXiv:2006.08195". */
static int has_year(const char *text)
{
    for (const char *c = text; *c; c++) {
        const size_t digits = strspn(c, "0123456789");
        if (digits == 0)
            continue;
        const int starts = c == text || c[-1] == ' ';
        const int ends = !isalnum((unsigned char)c[digits]) && !(c[digits] == '.' && isdigit((unsigned char)c[5]));
        if (digits == 4 && starts && ends && (strncmp(c, "19", 2) == 0 || strncmp(c, "20", 2) == 0))
            return 1;
        c += digits - 1;
    }
    return 0;
}

static void test_years(void **state)
{
    (void)state;
    assert_true(has_year("Elliott 1993, ISR TR 93-8") && has_year("2024") && has_year("as of 2018; seen"));
    assert_false(has_year("") || has_year("arXiv:2006.08195") || has_year("doi:10.1007/s13748-020-00218-y"));
    assert_false(has_year("R2012b") || has_year("20231 of") || has_year("in K24; seen in: TA") || has_year("3107 a"));
    for (size_t i = 0; i < all.count; i++)
        if (!has_year(all.entries[i].source))
            fail_msg("%s: no year in its source, '%s'", all.entries[i].name, all.entries[i].source);
}

/* Checked is what somebody has read, not what somebody remembers. */
static void test_checked(void **state)
{
    (void)state;
    for (size_t i = 0; i < all.count; i++)
        if (strcmp(all.entries[i].checked, "checked") == 0 &&
            (!strstr(all.entries[i].source, "seen in: ") || strstr(all.entries[i].source, "from memory")))
            fail_msg("%s: checked, but its source is '%s'", all.entries[i].name, all.entries[i].source);
}

static void test_lines(void **state)
{
    size_t unchecked = 0;
    (void)state;
    assert_true(all.count >= LEAST_FUNCTIONS);
    for (size_t i = 0; i < all.count; i++) {
        const zoo_entry *entry = &all.entries[i];
        if (entry->source[0] == '\0')
            fail_msg("%s has no source", entry->name);
        if (strncmp(entry->checked, "unchecked: ", 11) == 0)
            unchecked++;
        else if (strcmp(entry->checked, "checked") != 0)
            fail_msg("%s is neither checked nor unchecked for a reason, but '%s'", entry->name, entry->checked);
        if (activ_fn_default(entry->name))
            fail_msg("%s: the catalog has this name, for %s", entry->name,
                     activ_fn_spec(activ_fn_default(entry->name)));
        for (size_t j = 0; entry->name[j]; j++)
            if (entry->name[j] >= 'A' && entry->name[j] <= 'Z')
                fail_msg("%s has a capital", entry->name);
    }
    assert_true(unchecked <= MOST_UNCHECKED);
}

/* The canonical text is the same function. */
static void test_texts(void **state)
{
    float x[POINTS], first[POINTS], second[POINTS];
    (void)state;
    points_between(-9.0, 9.0, POINTS, x);
    for (size_t i = 0; i < all.count; i++) {
        activ_fn *again = NULL;
        assert_int_equal(activ_fn_create(NULL, activ_fn_spec(fns[i]), &again), ACTIV_OK);
        assert_string_equal(activ_fn_spec(again), activ_fn_spec(fns[i]));
        assert_int_equal(activ_forward(fns[i], NULL, POINTS, x, first), ACTIV_OK);
        assert_int_equal(activ_forward(again, NULL, POINTS, x, second), ACTIV_OK);
        assert_memory_equal(first, second, sizeof first);
        activ_fn_destroy(again);
    }
}

static int differ(const float *a, const float *b)
{
    for (size_t i = 0; i < POINTS; i++)
        if (fabs((double)a[i] - (double)b[i]) >= 1e-3)
            return 1;
    return 0;
}

/* From each other, and from the catalog's. */
static void test_different(void **state)
{
    static float values[MOST_FUNCTIONS][POINTS];
    static const char *names[MOST_FUNCTIONS];
    float x[POINTS];
    size_t count = 0;
    activ_fn_info info = ACTIV_FN_INFO_INIT;
    (void)state;
    points_between(-5.0, 5.0, POINTS, x);
    for (size_t i = 0; i < all.count; i++, count++) {
        names[count] = all.entries[i].name;
        assert_int_equal(activ_forward(fns[i], NULL, POINTS, x, values[count]), ACTIV_OK);
    }
    for (size_t i = 0; activ_fn_catalog(i, &info) == ACTIV_OK; i++) {
        if (info.shape != ACTIV_SHAPE_ELEMENTWISE)
            continue;
        assert_true(count < MOST_FUNCTIONS);
        names[count] = info.name;
        assert_int_equal(activ_forward(activ_fn_default(info.name), NULL, POINTS, x, values[count++]), ACTIV_OK);
    }
    for (size_t i = 0; i < all.count; i++)
        for (size_t j = i + 1; j < count; j++)
            if (!differ(values[i], values[j]))
                fail_msg("%s is %s on [-5, 5]", names[i], names[j]);
}

static void assert_finite(const char *name, const char *what, double x, double value)
{
    if (!isfinite(value))
        fail_msg("%s: %s at %g is %g", name, what, x, value);
}

static void test_finite(void **state)
{
    enum { MANY = 4001 };
    static float x[MANY], y[MANY], slope[MANY], ones[MANY];
    (void)state;
    points_between(-100.0, 100.0, MANY, x);
    for (size_t i = 0; i < MANY; i++)
        ones[i] = 1.0f;
    for (size_t i = 0; i < all.count; i++) {
        float sums[MOST_PARAMS] = { 0 };
        const size_t params = activ_fn_param_count(fns[i]);
        assert_true(params <= MOST_PARAMS);
        assert_int_equal(activ_forward(fns[i], NULL, MANY, x, y), ACTIV_OK);
        assert_int_equal(activ_backward(fns[i], NULL, MANY, x, ones, slope, sums), ACTIV_OK);
        for (size_t k = 0; k < MANY; k++) {
            assert_finite(all.entries[i].name, "f", (double)x[k], (double)y[k]);
            assert_finite(all.entries[i].name, "f'", (double)x[k], (double)slope[k]);
        }
        for (size_t j = 0; j < params; j++)
            assert_finite(all.entries[i].name, "the sum of gradients of a parameter", (double)j, (double)sums[j]);
    }
}

/* ---- derivatives -------------------------------------------------------------------------------------- */

/* f and its derivative as functions of one number: of x, or of parameter `which`. */
typedef struct {
    const activ_fn *fn;
    size_t which, count;
    float x;
    float params[MOST_PARAMS];
} line;

enum { OF_X = MOST_PARAMS };

static void evaluate(line *l, double t, double *value, double *slope)
{
    float x = l->x, y, dx = 0.0f, params[MOST_PARAMS], gradients[MOST_PARAMS] = { 0 };
    const float one = 1.0f;
    memcpy(params, l->params, sizeof params);
    if (l->which == OF_X)
        x = (float)t;
    else
        params[l->which] = (float)t;
    assert_int_equal(activ_forward(l->fn, params, 1, &x, &y), ACTIV_OK);
    assert_int_equal(activ_backward(l->fn, params, 1, &x, &one, &dx, gradients), ACTIV_OK);
    *value = (double)y;
    *slope = (double)(l->which == OF_X ? dx : gradients[l->which]);
}

/* Between t - h and t + h the secant is a slope that occurs, kinks or not, if f does not jump: it is compared with the
 * least and the largest of some. 0: it is none; -1: f jumps. */
static int agrees(line *l, double t, double h, double *secant, double *least, double *largest)
{
    enum { PARTS = 8 };
    double values[PARTS + 1], slopes[PARTS + 1], size = 0.0, steepest = 0.0, step = 0.0;
    *least = INFINITY;
    *largest = -INFINITY;
    for (int i = 0; i <= PARTS; i++) {
        /* As float32 has it, so that the differences are those of what is evaluated. */
        const double at = (double)(float)(t - h + 2.0 * h * i / PARTS);
        evaluate(l, at, &values[i], &slopes[i]);
        size = fmax(size, fabs(values[i]));
        *least = fmin(*least, slopes[i]);
        *largest = fmax(*largest, slopes[i]);
        steepest = fmax(steepest, fabs(slopes[i]));
    }
    for (int i = 0; i < PARTS; i++)
        step = fmax(step, fabs(values[i + 1] - values[i]));
    const double low = (double)(float)(t - h), high = (double)(float)(t + h);
    *secant = (values[PARTS] - values[0]) / (high - low);
    const double room = 1e-3 * steepest + 0.1 * (*largest - *least) + 4e-7 * size / h + 1e-6;
    if (*secant >= *least - room && *secant <= *largest + room)
        return 1;
    /* A jump is in one part, whatever the slopes. */
    return step > 0.5 * fabs(values[PARTS] - values[0]) && step > 2.0 * steepest * 2.0 * h / PARTS ? -1 : 0;
}

static void check_line(const char *name, line *l, double t, size_t *jumps)
{
    double secant, least, largest;
    const int found = agrees(l, t, 0x1p-7 * fmax(1.0, fabs(t)), &secant, &least, &largest);
    *jumps += found < 0;
    if (found == 0 && l->which == OF_X)
        fail_msg("%s: near x = %g f' is from %g to %g, and f rises by %g", name, t, least, largest, secant);
    if (found == 0)
        fail_msg("%s: at x = %g, parameter %zu near %g: gradients from %g to %g, and f rises by %g", name, (double)l->x,
                 l->which, t, least, largest, secant);
}

static void test_derivatives(void **state)
{
    enum { PLACES = 61 };
    float x[PLACES];
    size_t jumping = 0;
    (void)state;
    points_between(-5.93, 6.01, PLACES, x);
    for (size_t i = 0; i < all.count; i++) {
        line l = { .fn = fns[i], .count = activ_fn_param_count(fns[i]) };
        size_t jumps = 0;
        assert_true(l.count <= MOST_PARAMS);
        if (l.count > 0)
            assert_int_equal(activ_fn_param_init(fns[i], 0, l.params), ACTIV_OK);
        for (size_t k = 0; k < PLACES; k++) {
            l.x = x[k];
            l.which = OF_X;
            check_line(all.entries[i].name, &l, (double)x[k], &jumps);
            for (l.which = 0; k % 4 == 0 && l.which < l.count; l.which++)
                check_line(all.entries[i].name, &l, (double)l.params[l.which], &jumps);
        }
        jumping += jumps > 0;
    }
    /* Few functions jump, and the points hit few of the jumps. */
    assert_true(jumping <= all.count / 20);
}

/* ---- training ----------------------------------------------------------------------------------------- */

enum { BATCH = 32, INPUTS = 4, CLASSES = 3, STEPS = 25, LONG = 2000 };

/* Returns the loss before and after some steps of SGD; or, if `is_long`, many of AdamW, in which parameters get far
 * away from where they start. */
static void train(const zoo_entry *entry, const activ_fn *fn, int is_long, float *before, float *after)
{
    float x[BATCH * INPUTS];
    int32_t labels[BATCH];
    activ_graph *g = NULL;
    activ_optimizer *optimizer = NULL;
    activ_sgd_options options = ACTIV_SGD_DEFAULTS;
    activ_adamw_options adamw = ACTIV_ADAMW_DEFAULTS;
    options.lr = 0.005f;
    options.momentum = 0.9f;
    adamw.lr = 0.005f;
    assert_int_equal(activ_random_normal(3, 1, 0, BATCH * INPUTS, 0.0f, 1.0f, x), ACTIV_OK);
    for (size_t i = 0; i < BATCH; i++)
        labels[i] = (x[i * INPUTS] > 0.0f) + (x[i * INPUTS + 1] * x[i * INPUTS + 2] > 0.0f);
    assert_int_equal(activ_graph_create(NULL, &g), ACTIV_OK);
    activ_node node = activ_graph_input(g, INPUTS);
    node = activ_graph_apply(g, activ_graph_linear(g, node, 12), fn);
    node = activ_graph_apply(g, activ_graph_linear(g, node, 8), fn);
    activ_graph_cross_entropy(g, activ_graph_linear(g, node, CLASSES));
    if (activ_graph_compile(g, BATCH) != ACTIV_OK)
        fail_msg("%s: %s", entry->name, activ_graph_error(g));
    assert_int_equal(activ_graph_init(g, 1), ACTIV_OK);
    assert_int_equal(is_long ? activ_adamw_create(g, &adamw, &optimizer) : activ_sgd_create(g, &options, &optimizer),
                     ACTIV_OK);
    for (int step = 0; step < (is_long ? LONG : STEPS); step++) {
        assert_int_equal(activ_graph_train(g, BATCH, x, labels, after), ACTIV_OK);
        if (step == 0)
            *before = *after;
        if (!isfinite(*after))
            fail_msg("%s: the loss is %g after %d steps", entry->name, (double)*after, step);
        assert_int_equal(activ_optimizer_step(optimizer), ACTIV_OK);
    }
    activ_optimizer_destroy(optimizer);
    activ_graph_destroy(g);
}

static void test_trains(void **state)
{
    (void)state;
    for (size_t i = 0; i < all.count; i++) {
        float before, after;
        train(&all.entries[i], fns[i], 0, &before, &after);
        if (!(after < before))
            fail_msg("%s: the loss goes from %g to %g", all.entries[i].name, (double)before, (double)after);
        if (activ_fn_param_count(fns[i]) > 0)
            train(&all.entries[i], fns[i], 1, &before, &after);
    }
}

/* ---- the reader ---------------------------------------------------------------------------------------- */

static void write_file(const char *name, const char *text, size_t length)
{
    FILE *file = fopen(name, "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(text, 1, length, file), length);
    assert_int_equal(fclose(file), 0);
}

static void test_reader(void **state)
{
    static const struct {
        const char *text, *said; /* NULL: it is read */
        size_t count;
    } files[] = {
        { "", NULL, 0 },
        { "# nothing\n\n   \n", NULL, 0 },
        { "a|x", NULL, 1 },
        { "\t a | x*x | me | checked | so\r\nb | 2*x\n", NULL, 2 },
        { "a | x\n# b\na | 2*x\n", "line 3: a second a", 0 },
        { "a\n", "line 1: no formula", 0 },
        { "a | | me\n", "line 1: no formula", 0 },
        { " | x\n", "line 1: no name", 0 },
        { "a b | x\n", "line 1: no name", 0 },
        { "a-b | x\n", "line 1: no name", 0 },
        { "x234567890123456789012345678901234567890123456789012345678901234 | x\n", NULL, 1 },
        { "x2345678901234567890123456789012345678901234567890123456789012345 | x\n", "line 1: no name of 1 to 64", 0 },
    };
    char name[64];
    (void)state;
    (void)snprintf(name, sizeof name, "zoo_%ld.txt", (long)getpid());
    assert_int_equal(setenv(ZOO_VARIABLE, name, 1), 0);
    for (size_t i = 0; i < sizeof files / sizeof files[0]; i++) {
        zoo z = { 0 };
        activ_message message = { "" };
        write_file(name, files[i].text, strlen(files[i].text));
        const int status = zoo_read(&z, &message);
        if ((status == 0) != !files[i].said || z.count != files[i].count)
            fail_msg("'%s': %d, %zu entries, '%s'", files[i].text, status, z.count, message.text);
        if (files[i].said && !strstr(message.text, files[i].said))
            fail_msg("'%s': '%s'", files[i].text, message.text);
        zoo_free(&z);
    }
    /* A byte 0 would hide what is behind it. */
    zoo z = { 0 };
    activ_message message = { "" };
    write_file(name, "a | x\0y\n", 8);
    assert_int_equal(zoo_read(&z, &message), -1);
    assert_non_null(strstr(message.text, name));
    (void)remove(name);
    assert_int_equal(zoo_read(&z, &message), -1);
    assert_non_null(strstr(message.text, ZOO_VARIABLE));
    assert_int_equal(setenv(ZOO_VARIABLE, path, 1), 0);
}

static void test_expand(void **state)
{
    static const struct {
        const char *spec, *wanted; /* or what is said */
    } cases[] = {
        { "gelu", "gelu" },
        { "@isru", "x/sqrt(1 + a*x^2); fixed a=1" },
        { "derivative(@isru)", "derivative((x/sqrt(1 + a*x^2); fixed a=1))" },
        { "x*@logish + @arctan", "x*(x*log1p(sigmoid(x))) + (atan(x))" },
        { "@", "'@' without a name" },
        { "@ isru", "'@' without a name" },
        { "@isruu", "unknown function '@isruu'; is @isru meant?" },
        { "@quite_another_name_than_any", "unknown function '@quite_another_name_than_any';" },
        { "@ISRU", "unknown function '@ISRU'" },
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        activ_message message = { "" };
        const char *text = zoo_expand(&all, cases[i].spec, &message);
        if (text)
            assert_string_equal(text, cases[i].wanted);
        else if (!strstr(message.text, cases[i].wanted))
            fail_msg("'%s': '%s'", cases[i].spec, message.text);
    }
    char longest[400] = "@";
    activ_message message = { "" };
    memset(longest + 1, 'a', sizeof longest - 2);
    assert_null(zoo_expand(&all, longest, &message));
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_lines),  cmocka_unit_test(test_years),       cmocka_unit_test(test_checked),
        cmocka_unit_test(test_texts),  cmocka_unit_test(test_different),   cmocka_unit_test(test_finite),
        cmocka_unit_test(test_trains), cmocka_unit_test(test_derivatives), cmocka_unit_test(test_reader),
        cmocka_unit_test(test_expand),
    };
    path = argc == 2 ? argv[1] : "";
    if (setenv(ZOO_VARIABLE, path, 1) != 0)
        return 2;
    return cmocka_run_group_tests(tests, begin, end);
}
