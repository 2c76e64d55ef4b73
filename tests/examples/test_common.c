/* What the FashionMNIST programs share besides the IDX reader: options, numbers, tables, the progress bar,
 * files. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "common/arguments.h"
#include "common/files.h"
#include "common/list.h"
#include "common/progress.h"
#include "common/table.h"
#include "scratch.h"

static void test_whole_numbers(void **state)
{
    (void)state;
    uint64_t value = 5;
    static const char *const bad[] = {
        "", "-1", "+1", "1x", " 1", "1 ", "0x10", "1e3", "1.0", "nan", "18446744073709551616", "99999999999999999999999"
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        if (parse_whole(bad[i], strlen(bad[i]), 0, UINT64_MAX, &value))
            fail_msg("'%s' was taken", bad[i]);
    assert_int_equal(value, 5);
    assert_true(parse_whole("18446744073709551615", 20, 0, UINT64_MAX, &value));
    assert_true(value == UINT64_MAX);
    assert_true(parse_whole("0012", 4, 12, 12, &value));
    assert_int_equal(value, 12);
    assert_false(parse_whole("11", 2, 12, 20, &value));
    assert_false(parse_whole("21", 2, 12, 20, &value));
}

static void test_real_numbers(void **state)
{
    (void)state;
    float value = 5;
    static const char *const bad[] = { "",     " 1",  "1 ", "1x", "nan", "inf", "infinity", "0x1p3", "1e999", "1e-999",
                                       "1..2", "--1", "e5", "-",  ".",   "1e",  "1,5",      "-0.1",  "2.0001" };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        if (parse_real(bad[i], 0, 2, &value))
            fail_msg("'%s' was taken", bad[i]);
    assert_true(value == 5);
    assert_true(parse_real("0.001", 0, 2, &value) && value == 0.001f);
    assert_true(parse_real("1e-3", 0, 2, &value) && value == 0.001f);
    assert_true(parse_real("2", 0, 2, &value) && value == 2);
    assert_true(parse_real(".5", 0, 2, &value) && value == 0.5f);
}

struct values {
    bool flag;
    const char *text;
    size_t number;
    uint64_t seed;
    float real;
    struct counts list;
};

static enum parse_result parse(struct values *values, char *first, char *second)
{
    const struct option options[] = {
        { "--flag", NULL, OPTION_FLAG, &values->flag, 0, 0, "a flag" },
        { "--text", "T", OPTION_TEXT, &values->text, 0, 0, "a text" },
        { "--number", "N", OPTION_COUNT, &values->number, 1, 100, "a number" },
        { "--seed", "N", OPTION_SEED, &values->seed, 0, 0, "a seed" },
        { "--real", "X", OPTION_REAL, &values->real, 0, 1, "a real" },
        { "--list", "L", OPTION_COUNTS, &values->list, 1, 9, "a list" },
    };
    const struct program program = { "test", "Tests.", options, 6 };
    char name[] = "test";
    char *argv[] = { name, first, second, NULL };
    return arguments_parse(&program, first == NULL ? 1 : second == NULL ? 2 : 3, argv);
}

/* String literals are not to be written to, but argv is not const in C. */
static char *text(const char *literal)
{
    static char copies[8][64];
    static size_t next;
    char *copy = copies[next++ % 8];
    (void)snprintf(copy, sizeof copies[0], "%s", literal);
    return copy;
}

static void test_options(void **state)
{
    (void)state;
    struct values v = { .number = 7 };
    assert_int_equal(parse(&v, NULL, NULL), PARSE_RUN);
    assert_int_equal(v.number, 7);
    assert_int_equal(parse(&v, text("--number"), text("42")), PARSE_RUN);
    assert_int_equal(v.number, 42);
    assert_int_equal(parse(&v, text("--number=43"), text("--flag")), PARSE_RUN);
    assert_int_equal(v.number, 43);
    assert_true(v.flag);
    assert_int_equal(parse(&v, text("--text"), text("--flag")), PARSE_RUN);
    assert_string_equal(v.text, "--flag");
    assert_int_equal(parse(&v, text("--text=a=b"), NULL), PARSE_RUN);
    assert_string_equal(v.text, "a=b");
    assert_int_equal(parse(&v, text("--seed=18446744073709551615"), NULL), PARSE_RUN);
    assert_true(v.seed == UINT64_MAX);
    assert_int_equal(parse(&v, text("--list=1,9,3"), NULL), PARSE_RUN);
    assert_int_equal(v.list.count, 3);
    assert_int_equal(v.list.values[1], 9);

    const char *bad[][2] = {
        { "--number", NULL },
        { "--number", "" },
        { "--number=", NULL },
        { "--number", "0" },
        { "--number", "101" },
        { "--number", "-5" },
        { "--number", "5x" },
        { "--numbe", "5" },
        { "--number5", NULL },
        { "number", NULL },
        { "--flag=1", NULL },
        { "--text=", NULL },
        { "--seed", "18446744073709551616" },
        { "--real", "nan" },
        { "--real", "1.5" },
        { "--list", "" },
        { "--list", "1," },
        { "--list", ",1" },
        { "--list", "1,,2" },
        { "--list", "1,10" },
        { "--list", "1 ,2" },
        { "-n", "5" },
        { "--", NULL },
        { "-", NULL },
        { "", NULL },
    };
    v.number = 7;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        char *second = bad[i][1] != NULL ? text(bad[i][1]) : NULL;
        if (parse(&v, text(bad[i][0]), second) != PARSE_FAILED)
            fail_msg("'%s %s' was taken", bad[i][0], second != NULL ? second : "");
    }
    assert_int_equal(v.number, 7);
    assert_int_equal(v.list.count, 3);
}

static void test_list_length(void **state)
{
    (void)state;
    struct values v = { .number = 7 };
    char list[8 + 2 * MAX_COUNTS + 2] = "--list=1";
    for (int i = 1; i < MAX_COUNTS; i++)
        (void)strcat(list, ",1");
    assert_int_equal(parse(&v, list, NULL), PARSE_RUN);
    assert_int_equal(v.list.count, MAX_COUNTS);
    (void)strcat(list, ",1");
    assert_int_equal(parse(&v, list, NULL), PARSE_FAILED);
}

static void assert_written(void (*write)(const struct table *, FILE *), const struct table *table, const char *expected)
{
    char *written = NULL;
    size_t size;
    FILE *stream = open_memstream(&written, &size);
    assert_non_null(stream);
    write(table, stream);
    assert_int_equal(fclose(stream), 0);
    assert_string_equal(written, expected);
    free(written);
}

static void test_tables(void **state)
{
    (void)state;
    struct table table;
    table_init(&table);
    table_column(&table, false, "Name");
    table_column(&table, true, "%s", "Points");
    table_column(&table, false, "Note");
    table_cell(&table, "a \"b\"");
    table_cell(&table, "%.1f", 7.25);
    table_cell(&table, "x,y");
    table_cell(&table, "longer name");
    table_cell(&table, "%d", 123456789);
    table_cell(&table, "%s", "");
    table_cell(&table, "half a row is not shown");
    assert_false(table.failed);
    assert_written(table_write_text, &table,
                   "Name            Points  Note\n"
                   "-----------  ---------  ----\n"
                   "a \"b\"              7.2  x,y\n"
                   "longer name  123456789  \n");
    assert_written(table_write_markdown, &table,
                   "| Name        |    Points | Note |\n"
                   "| ----------- | --------: | ---- |\n"
                   "| a \"b\"       |       7.2 | x,y  |\n"
                   "| longer name | 123456789 |      |\n");
    assert_written(table_write_csv, &table,
                   "Name,Points,Note\r\n"
                   "\"a \"\"b\"\"\",7.2,\"x,y\"\r\n"
                   "longer name,123456789,\r\n");
    table_free(&table);

    for (int i = 0; i < TABLE_MAX_COLUMNS; i++)
        table_column(&table, false, "c");
    assert_false(table.failed);
    table_column(&table, false, "one more");
    assert_true(table.failed);
    table_free(&table);
}

static void test_progress(void **state)
{
    (void)state;
    char line[128];
    progress_format(0, 100, 9, "Start", line, sizeof line);
    assert_string_equal(line, "Start [........................]   0 %");
    progress_format(25, 100, 20, "Epoch 1", line, sizeof line);
    assert_string_equal(line, "Epoch 1 [######..................]  25 %, 1 min 00 s left");
    progress_format(100, 100, 20, "End", line, sizeof line);
    assert_string_equal(line, "End [########################] 100 %, 0 s left");
    progress_format(500, 100, 0.1, "Beyond", line, sizeof line);
    assert_string_equal(line, "Beyond [########################] 100 %");
    progress_format(1, 1e9, 3600, "A note that is longer than there is room for it", line, sizeof line);
    assert_non_null(strstr(line, "27777 h 46 min left")); /* the limit of 1e8 s */
    assert_true(strlen(line) < 80);

    char time[32];
    format_seconds(59.4, time, sizeof time);
    assert_string_equal(time, "59 s");
    format_seconds(125, time, sizeof time);
    assert_string_equal(time, "2 min 05 s");
    format_seconds(3600 + 62, time, sizeof time);
    assert_string_equal(time, "1 h 01 min");

    /* Nothing is drawn where stderr is no terminal, as under ctest. */
    struct progress progress;
    if (!isatty(STDERR_FILENO)) {
        progress_start(&progress, 1);
        assert_null(progress.stream);
        progress_update(&progress, 1, "quiet");
        progress_clear(&progress);
    }
}

static void assert_marked(const char *path, const char *expected)
{
    char *marked = path_with_epoch(path, 12);
    assert_non_null(marked);
    assert_string_equal(marked, expected);
    free(marked);
}

static void test_paths(void **state)
{
    (void)state;
    assert_marked("model.safetensors", "model-epoch12.safetensors");
    assert_marked("a.b/model.v2.safetensors", "a.b/model.v2-epoch12.safetensors");
    assert_marked("a.b/model", "a.b/model-epoch12");
    assert_marked(".hidden", ".hidden-epoch12");
}

static void assert_safe(const char *spec, size_t size, const char *expected)
{
    char name[64];
    path_safe_name(spec, name, size);
    assert_string_equal(name, expected);
}

/* Names of files made from specs: safe, and different for different functions. examples/report/sections.py makes the
 * same. */
static void test_safe_names(void **state)
{
    (void)state;
    static const char *const specs[] = {
        "x + 1",
        "x - 1",
        "x*1",
        "x/1",
        "x^1",
        "x < 1",
        "x > 1",
        "x <= 1",
        "x >= 1",
        "x == 1",
        "x != 1",
        "-x",
        "x",
        "(x)*2",
        "x*2",
        "a*x; a=1",
        "a*x; a=2",
        "x/2",
        "../../x",
        "x\n",
        "x`y`",
        "sin(2*x)",
        "sin(2/x)",
        "sin(2^x)",
        "sin(2 + x)",
        "sin(2 - x)",
        "x; rm -rf",
        "\303\251",
        "x*11111111111111111111111111111111111111111111111111111111111111111",
        "x*11111111111111111111111111111111111111111111111111111111111111112",
    };
    enum { COUNT = sizeof specs / sizeof specs[0] };
    char names[COUNT][48];
    for (size_t i = 0; i < COUNT; i++) {
        path_safe_name(specs[i], names[i], sizeof names[i]);
        assert_true(strlen(names[i]) > 0 && names[i][0] != '-');
        for (const char *at = names[i]; *at != '\0'; at++)
            if (strchr("abcdefghijklmnopqrstuvwxyz0123456789_-", *at) == NULL)
                fail_msg("'%s' becomes '%s'", specs[i], names[i]);
        for (size_t j = 0; j < i; j++)
            if (strcmp(names[i], names[j]) == 0)
                fail_msg("'%s' and '%s' become '%s'", specs[i], specs[j], names[i]);
    }
    assert_safe("gelu", 64, "gelu");
    assert_safe("leaky_relu(negative_slope=0.2)", 64, "leaky_relu_negative_slope_0_2_");
    assert_safe("relu, kaiming_normal", 64, "relu__kaiming_normal");
    assert_safe("x*tanh(exp(x))", 64, "x_tanh_exp_x__-259323bb");
    assert_safe("-x", 64, "_x-b3486ca7");
    assert_safe("xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx", 32,
                "xxxxxxxxxxxxxxxxxxxxxx-1879e320");
}

static void assert_specs(const char *list, size_t count, const char *const *expected)
{
    struct specs specs;
    activ_message message = { "" };
    if (specs_parse(list, &specs, &message) != ACTIV_OK)
        fail_msg("'%s': %s", list, message.text);
    assert_int_equal(specs.count, count);
    for (size_t i = 0; i < count; i++)
        assert_string_equal(specs.values[i], expected[i]);
    specs_free(&specs);
}

static void refuse_specs(const char *list, const char *words)
{
    struct specs specs;
    activ_message message = { "" };
    assert_int_not_equal(specs_parse(list, &specs, &message), ACTIV_OK);
    if (strstr(message.text, words) == NULL)
        fail_msg("'%s': '%s' does not say '%s'", list, message.text, words);
    specs_free(&specs);
}

/* Commas between functions, in brackets, and between a formula's parameters. */
static void test_specs(void **state)
{
    (void)state;
    static const char mine[] = "mine | c*x^2; c=3 | me\n";
    scratch_write("zoo.txt", mine, strlen(mine), false);
    assert_int_equal(setenv("ACTIV_ZOO", scratch_path("zoo.txt"), 1), 0);
    assert_specs("relu,none, staf( tau = 3)", 3, (const char *const[]){ "relu", "none", "staf(tau=3)" });
    assert_specs("min(x, 1),relu", 2, (const char *const[]){ "min(x, 1)", "relu" });
    assert_specs("a*x*sigmoid(b*x); a=1, b = 2,relu", 2, (const char *const[]){ "a*x*sigmoid(b*x); a=1, b=2", "relu" });
    assert_specs("relu,(a*x + b; a=1,fixed b=2),gelu", 3,
                 (const char *const[]){ "relu", "a*x + b; a=1, fixed b=2", "gelu" });
    assert_specs("sum(k, 1, 2, v[k]*x^k) + b*x; v[2]=[1, 2], b=0 , @mine,x == 1", 3,
                 (const char *const[]){ "sum(k, 1, 2, v[k]*x^k) + b*x; v[2]=[1, 2], b=0", "c*x^2; c=3", "x == 1" });
    assert_specs("let u = x*x; u*exp(-u),derivative(@mine)", 2,
                 (const char *const[]){ "let u=x*x; u*exp(-u)", "derivative(c*x^2; c=3)" });
    refuse_specs("relu,@min", "is @mine meant?");
    refuse_specs("relu,@mine,", "activation ''");
    refuse_specs("a*x; a=1, 2", "activation '");
    refuse_specs("relu,b=2", "b");
    assert_int_equal(unsetenv("ACTIV_ZOO"), 0);
}

static void test_new_files(void **state)
{
    (void)state;
    activ_message message = { "" };
    struct new_file file;
    size_t size;
    const char *path = scratch_path("new");
    scratch_write("new", "old", 3, false);

    assert_int_equal(new_file_open(&file, path, &message), ACTIV_OK);
    (void)fputs("fresh", file.stream);
    assert_int_equal(new_file_close(&file, &message), ACTIV_OK);
    char *bytes = scratch_read(path, &size);
    assert_string_equal(bytes, "old");
    free(bytes);
    assert_int_equal(new_file_commit(&file, &message), ACTIV_OK);
    new_file_cancel(&file);
    bytes = scratch_read(path, &size);
    assert_string_equal(bytes, "fresh");
    free(bytes);

    /* Given up, it leaves nothing behind. */
    assert_int_equal(new_file_open(&file, path, &message), ACTIV_OK);
    char temporary[512];
    (void)snprintf(temporary, sizeof temporary, "%s", file.temporary);
    assert_int_equal(access(temporary, F_OK), 0);
    new_file_cancel(&file);
    assert_int_equal(access(temporary, F_OK), -1);

    assert_int_equal(new_file_open(&file, scratch_path("nowhere/new"), &message), ACTIV_ERROR_IO);
    assert_non_null(strstr(message.text, "nowhere/new"));
    new_file_cancel(&file);

    /* A full disk shows at the latest when the file is closed. */
    FILE *full = fopen("/dev/full", "w");
    if (full != NULL) {
        assert_int_equal(new_file_open(&file, path, &message), ACTIV_OK);
        (void)fclose(file.stream);
        file.stream = full;
        (void)fputs("fresh", file.stream);
        assert_int_equal(new_file_close(&file, &message), ACTIV_ERROR_IO);
        assert_non_null(strstr(message.text, "No space left"));
        new_file_cancel(&file);
    }
}

static void test_folders(void **state)
{
    (void)state;
    activ_message message = { "" };
    struct stat about;
    assert_int_equal(folder_make(scratch_path("a/b/c"), &message), ACTIV_OK);
    assert_int_equal(stat(scratch_path("a/b/c"), &about), 0);
    assert_true(S_ISDIR(about.st_mode));
    assert_int_equal(folder_make(scratch_path("a/b/"), &message), ACTIV_OK);
    scratch_write("a/file", "", 0, false);
    assert_int_equal(folder_make(scratch_path("a/file"), &message), ACTIV_ERROR_IO);
    assert_non_null(strstr(message.text, "a file is in the way"));
    assert_int_equal(folder_make(scratch_path("a/file/below"), &message), ACTIV_ERROR_IO);

    assert_int_equal(file_check_writable(scratch_path("a/file"), &message), ACTIV_OK);
    assert_int_equal(file_check_writable(scratch_path("a/new"), &message), ACTIV_OK);
    assert_int_equal(file_check_writable("new", &message), ACTIV_OK);
    static const char *const bad[] = { "a", "a/", "nowhere/new", "a/file/new" };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        const char *path = scratch_path(bad[i]);
        assert_int_equal(file_check_writable(path, &message), ACTIV_ERROR_IO);
        assert_non_null(strstr(message.text, path));
    }
    assert_int_equal(file_check_writable("", &message), ACTIV_ERROR_IO);
}

static int begin(void **state)
{
    (void)state;
    return scratch_begin() == NULL;
}

static int end(void **state)
{
    (void)state;
    scratch_end();
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_whole_numbers), cmocka_unit_test(test_real_numbers), cmocka_unit_test(test_options),
        cmocka_unit_test(test_list_length),   cmocka_unit_test(test_tables),       cmocka_unit_test(test_progress),
        cmocka_unit_test(test_paths),         cmocka_unit_test(test_safe_names),   cmocka_unit_test(test_specs),
        cmocka_unit_test(test_new_files),     cmocka_unit_test(test_folders),
    };
    return cmocka_run_group_tests(tests, begin, end);
}
