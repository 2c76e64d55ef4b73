/* A locale with a comma for a decimal point changes nothing that is read or written: specs, files.
 *
 * usage: test_locale LOCALE DIRECTORY      started by locale.sh, which makes the locale */
#include <locale.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "activ/activ.h"

static const char *locale, *directory;

/* Each test runs under it: the C library itself reads and writes commas then. */
static int begin(void **state)
{
    (void)state;
    char text[20] = "";
    if (setlocale(LC_ALL, locale) == NULL) {
        print_error("there is no locale %s\n", locale);
        return -1;
    }
    snprintf(text, sizeof text, "%.1f", 1.5);
    if (strcmp(text, "1,5") == 0 && strtod("2,5", NULL) == 2.5)
        return 0;
    print_error("under %s the C library writes %s\n", locale, text);
    return -1;
}

static int end(void **state)
{
    (void)state;
    return setlocale(LC_ALL, "C") != NULL ? 0 : -1;
}

static void test_specs(void **state)
{
    (void)state;
    static const char *const same[] = { "elu(alpha=1.5)", "softplus(beta=0.5, threshold=12.25)", "step(theta=1e-40)",
                                        "gated(leaky_relu(negative_slope=0.2))", "rrelu(lower=0.1, upper=0.3)" };
    for (size_t i = 0; i < sizeof same / sizeof same[0]; i++) {
        activ_fn *fn = NULL;
        assert_int_equal(activ_fn_create(NULL, same[i], &fn), ACTIV_OK);
        assert_string_equal(activ_fn_spec(fn), same[i]);
        activ_fn_destroy(fn);
    }
    activ_fn *fn = NULL, *other = NULL;
    float x = -1.0f, y = 0.0f;
    assert_int_equal(activ_fn_create(NULL, "leaky_relu(negative_slope=0.75)", &fn), ACTIV_OK);
    assert_int_equal(activ_forward(fn, NULL, 1, &x, &y), ACTIV_OK);
    assert_true(y == -0.75f);
    activ_fn_destroy(fn);
    assert_int_equal(activ_fn_create(NULL, "elu(alpha=1,5)", &other), ACTIV_ERROR_SYNTAX);
}

static activ_graph *make_graph(void)
{
    activ_graph *g = NULL;
    activ_fn *fn = NULL;
    assert_int_equal(activ_graph_create(NULL, &g), ACTIV_OK);
    assert_int_equal(activ_fn_create(NULL, "elu(alpha=0.3)", &fn), ACTIV_OK);
    activ_node n = activ_graph_apply(g, activ_graph_linear(g, activ_graph_input(g, 5), 7), fn);
    n = activ_graph_dropout(g, activ_graph_batch_norm(g, n, NULL), 0.25f);
    activ_graph_mse(g, activ_graph_linear(g, n, 2));
    activ_fn_destroy(fn);
    assert_int_equal(activ_graph_compile(g, 4), ACTIV_OK);
    assert_int_equal(activ_graph_init(g, 1), ACTIV_OK);
    return g;
}

static size_t read_file(const char *path, char *bytes, size_t room)
{
    FILE *file = fopen(path, "rb");
    assert_non_null(file);
    size_t count = fread(bytes, 1, room, file);
    assert_int_equal(fclose(file), 0);
    assert_true(count > 0 && count < room);
    return count;
}

/* A training's file: the same bytes as in the C locale, and read as such. */
static void test_files(void **state)
{
    (void)state;
    enum { ROOM = 1 << 16 };
    static char bytes[2][ROOM];
    char path[2][600];
    size_t count[2];
    activ_message message = { "" };
    activ_graph *g = make_graph();
    activ_adamw_options options = ACTIV_ADAMW_DEFAULTS;
    activ_optimizer *optimizer = NULL;
    assert_int_equal(activ_adamw_create(g, &options, &optimizer), ACTIV_OK);
    for (int i = 0; i < 2; i++) {
        assert_non_null(setlocale(LC_ALL, i == 0 ? "C" : locale));
        snprintf(path[i], sizeof path[i], "%s/%d.safetensors", directory, i);
        assert_int_equal(activ_checkpoint_save_training(g, optimizer, path[i], &message), ACTIV_OK);
        count[i] = read_file(path[i], bytes[i], ROOM);
    }
    assert_int_equal(count[0], count[1]);
    assert_memory_equal(bytes[0], bytes[1], count[0]);
    activ_optimizer_destroy(optimizer);
    activ_graph *again = NULL;
    if (activ_checkpoint_load(NULL, path[0], 4, &again, &message) != ACTIV_OK)
        fail_msg("%s", message.text);
    if (activ_checkpoint_load_training(again, path[0], &optimizer, &message) != ACTIV_OK)
        fail_msg("%s", message.text);
    assert_int_equal(activ_checkpoint_save_training(again, optimizer, path[1], &message), ACTIV_OK);
    assert_int_equal(read_file(path[1], bytes[1], ROOM), count[0]);
    assert_memory_equal(bytes[0], bytes[1], count[0]);
    activ_optimizer_destroy(optimizer);
    activ_graph_destroy(again);
    activ_graph_destroy(g);
}

int main(int count, char **arguments)
{
    if (count != 3) {
        fputs("usage: test_locale LOCALE DIRECTORY\n", stderr);
        return 2;
    }
    locale = arguments[1];
    directory = arguments[2];
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_specs, begin, end),
        cmocka_unit_test_setup_teardown(test_files, begin, end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
