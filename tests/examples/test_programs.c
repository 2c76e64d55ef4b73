/* The FashionMNIST and quickstart programs as users meet them: exit codes, messages, output, files. They run
 * on a small data set made here. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include <activ/activ.h>

#include "common/data.h"
#include "common/npy.h"
#include "scratch.h"
#include "support/sanitized.h"

/* TRAIN, COMPARE and QUICKSTART_* are the programs' paths, given by the build. */

static char *output; /* of the last run */
static char *errors;

/* Runs a shell command in the scratch folder, where the data is in data/; returns its exit code. */
static int run(const char *format, ...)
{
    char command[4096];
    char arguments[2048];
    va_list list;
    va_start(list, format);
    (void)vsnprintf(arguments, sizeof arguments, format, list);
    va_end(list);
    (void)snprintf(command, sizeof command, "cd '%s' && { %s ; } >stdout 2>stderr </dev/null", scratch_path("."),
                   arguments);
    int status = system(command);
    size_t size;
    free(output);
    free(errors);
    output = scratch_read(scratch_path("stdout"), &size);
    errors = scratch_read(scratch_path("stderr"), &size);
    assert_non_null(output);
    assert_non_null(errors);
    assert_true(WIFEXITED(status));
    return WEXITSTATUS(status);
}

static void assert_run(int code, int expected)
{
    if (code != expected)
        fail_msg("exit code %d instead of %d; stdout:\n%s\nstderr:\n%s", code, expected, output, errors);
}

/* Code 2 and one line on stderr that names the program and the thing. */
static void assert_refused(int code, const char *program, const char *words)
{
    assert_run(code, 2);
    size_t length = strlen(errors);
    bool one_line = length > 0 && strchr(errors, '\n') == errors + length - 1;
    if (!one_line || strncmp(errors, program, strlen(program)) != 0 || strstr(errors, words) == NULL)
        fail_msg("stderr should be one line of %s with '%s', but is: %s", program, words, errors);
}

static bool exists(const char *name)
{
    struct stat about;
    return stat(scratch_path(name), &about) == 0;
}

#define TRAIN_DATA TRAIN " --data data"
#define TRAIN_FAST TRAIN " --data data --hidden 16 --batch 32 --epochs 1"
#define COMPARE_FAST COMPARE " --data data --epochs 1 --batch 32"
#define SPECS_FAST " --data data --epochs 1 --activations relu,none,'staf(tau=2)'"

/* ---- wrong arguments ---- */

static void test_arguments_refused(void **state)
{
    (void)state;
    static const struct {
        const char *arguments;
        const char *words;
    } common[] = {
        { "--unknown", "unknown option '--unknown'" },
        { "stray", "unexpected argument 'stray'" },
        { "--epochs", "--epochs: needs a value" },
        { "--epochs 0", "--epochs: '0' is not a whole number from 1" },
        { "--epochs 1x", "--epochs: '1x'" },
        { "--epochs -3", "--epochs: '-3'" },
        { "--epochs 99999999999999999999", "--epochs: '99999999999999999999'" },
        { "--batch 0", "--batch: '0'" },
        { "--batch 1.5", "--batch: '1.5'" },
        { "--lr nan", "--lr: 'nan' is not a number" },
        { "--lr 1x", "--lr: '1x'" },
        { "--lr -0.1", "--lr: '-0.1'" },
        { "--lr 1e99", "--lr: '1e99'" },
        { "--momentum inf", "--momentum: 'inf'" },
        { "--momentum ''", "--momentum: ''" },
        { "--data ''", "--data: ''" },
        { "--data nowhere", "data folder 'nowhere'" },
        { "--data stdout", "data folder 'stdout' is not a folder" },
        { "--data .", "holds neither train-images-idx3-ubyte" },
        { "--data data --batch 401", "--batch: 401 is more than the 400 training images in 'data'" },
    };
    for (size_t i = 0; i < sizeof common / sizeof common[0]; i++) {
        assert_refused(run(TRAIN " %s", common[i].arguments), "fashion_mnist_train: ", common[i].words);
        assert_refused(run(COMPARE " %s", common[i].arguments), "fashion_mnist_compare: ", common[i].words);
    }
    assert_false(exists("results")); /* compare had not begun */

    static const char *const train[][2] = {
        { "--activation nosuch", "nosuch" },
        { "--activation 'leaky_relu(nosuch=1)'", "nosuch" },
        { "--activation 'leaky_relu('", "leaky_relu(" },
        { "--activation ''", "--activation: ''" },
        { "--activation 'x*tanh(exp(x)'", "line 1, column 14" },
        { "--activation @isruu", "is @isru meant?" },
        { "--hidden 32,0", "--hidden: '32,0'" },
        { "--hidden 32,", "--hidden: '32,'" },
        { "--hidden 32,99999999", "--hidden: '32,99999999'" },
        { "--seed -1", "--seed: '-1'" },
        { "--threads 0", "--threads: '0'" },
        { "--json=yes", "--json: takes no value" },
        { "--save nowhere/model", "nowhere" },
        { "--save data", "'data' is a folder" },
        { "--save ''", "--save: ''" },
        { "--save-epochs 1", "--save-epochs needs --save" },
        { "--epochs 2 --save m --save-epochs 1,3", "there is no epoch 3" },
        { "--epochs 2 --save nowhere/m --save-epochs 1", "nowhere" },
        { "--optimizer adam", "--optimizer: 'adam' is not sgd, adamw or rmsprop" },
        { "--optimizer adamw --momentum 0.5", "--momentum: adamw has none" },
        { "--weight-decay -1", "--weight-decay: '-1'" },
        { "--checkpoint nowhere/model", "nowhere" },
        { "--checkpoint data", "'data' is a folder" },
        { "--resume m --activation relu", "--activation: with --resume it is the file's" },
        { "--resume m --hidden 16", "--hidden: with --resume" },
        { "--resume m --optimizer sgd", "--optimizer: with --resume" },
        { "--resume m --lr 0.01", "--lr: with --resume" },
        { "--resume m --momentum 0.9", "--momentum: with --resume" },
        { "--resume m --weight-decay 0", "--weight-decay: with --resume" },
        { "--resume m --seed 2", "--seed: with --resume" },
        { "--resume nowhere/m", "nowhere/m: " },
    };
    for (size_t i = 0; i < sizeof train / sizeof train[0]; i++) {
        assert_refused(run(TRAIN_DATA " %s", train[i][0]), "fashion_mnist_train: ", train[i][1]);
        assert_string_equal(output, ""); /* refused before any work */
    }

    static const char *const compare[][2] = {
        { "--activations nosuch", "nosuch" },
        { "--activations relu,", "activation ''" },
        { "--activations 'relu,leaky_relu(negative_slope=x)'", "activation 'leaky_relu(negative_slope=x)'" },
        { "--seeds 0", "--seeds: '0'" },
        { "--seeds x", "--seeds: 'x'" },
        { "--seeds 1,", "--seeds: '1,'" },
        { "--seeds 3,4,3", "--seeds: '3,4,3'" },
        { "--threads 0", "--threads: '0'" },
        { "--out stdout", "a file is in the way" },
        { "--out stdout/below", "stdout" },
    };
    for (size_t i = 0; i < sizeof compare / sizeof compare[0]; i++) {
        assert_refused(run(COMPARE " --data data %s", compare[i][0]), "fashion_mnist_compare: ", compare[i][1]);
        assert_string_equal(output, "");
    }
    assert_false(exists("results"));
}

static void test_help(void **state)
{
    (void)state;
    static const char *const programs[] = { TRAIN, COMPARE };
    for (size_t i = 0; i < 2; i++) {
        assert_run(run("%s --help", programs[i]), 0);
        assert_non_null(strstr(output, "--epochs N"));
        assert_non_null(strstr(output, "--momentum X"));
        assert_string_equal(errors, "");
    }
    assert_run(run(TRAIN " --help"), 0);
    assert_non_null(strstr(output, "model-epoch5.safetensors"));
}

static void test_damaged_data(void **state)
{
    (void)state;
    assert_run(run("cp -r data damaged && printf 'x' >> damaged/train-labels-idx1-ubyte"), 0);
    assert_refused(run(TRAIN " --data damaged --save damaged.safetensors"),
                   "fashion_mnist_train: ", "damaged/train-labels-idx1-ubyte: has more data");
    assert_run(run("head -c 5000 data/t10k-images-idx3-ubyte > damaged/t10k-images-idx3-ubyte; "
                   "cp data/train-labels-idx1-ubyte damaged"),
               0);
    assert_refused(run(COMPARE " --data damaged --out made"),
                   "fashion_mnist_compare: ", "damaged/t10k-images-idx3-ubyte: ends after");
    assert_false(exists("damaged.safetensors"));
    assert_false(exists("made"));
}

/* ---- training ---- */

/* One line, a flat JSON object: the value of `name` as text, to be freed. Fails where the grammar is hurt. */
static char *json_value(const char *line, const char *name)
{
    char *found = NULL;
    const char *at = line;
    assert_int_equal(*at, '{');
    do {
        char key[64];
        char value[256];
        int length = 0;
        at++;
        at += strspn(at, " ");
        assert_int_equal(sscanf(at, "\"%63[^\"\\]\"%n", key, &length), 1);
        assert_true(length > 0);
        at += length;
        at += strspn(at, " ");
        assert_int_equal(*at++, ':');
        at += strspn(at, " ");
        length = 0;
        if (*at == '"') {
            assert_int_equal(sscanf(at, "\"%255[^\"\\]\"%n", value, &length), 1);
        } else {
            assert_int_equal(sscanf(at, "%255[-+.0-9eEnul]%n", value, &length), 1);
            char *end;
            double number = strtod(value, &end);
            assert_true(strcmp(value, "null") == 0 || (*end == '\0' && isfinite(number)));
        }
        assert_true(length > 0);
        at += length;
        at += strspn(at, " ");
        if (strcmp(key, name) == 0) {
            assert_null(found);
            found = malloc(sizeof value);
            assert_non_null(found);
            memcpy(found, value, sizeof value);
        }
    } while (*at == ',');
    assert_string_equal(at, "}\n");
    assert_non_null(found);
    return found;
}

/* The last line of the output, with its end. */
static const char *last_line(void)
{
    size_t at = strlen(output);
    assert_true(at > 0 && output[at - 1] == '\n');
    for (at--; at > 0 && output[at - 1] != '\n'; at--)
        continue;
    return output + at;
}

static double json_number(const char *name)
{
    char *text = json_value(last_line(), name);
    assert_string_not_equal(text, "null");
    double number = strtod(text, NULL);
    free(text);
    return number;
}

static void assert_json_text(const char *name, const char *expected)
{
    char *text = json_value(last_line(), name);
    assert_string_equal(text, expected);
    free(text);
}

static void test_train_json(void **state)
{
    (void)state;
    assert_run(run(TRAIN_DATA " --hidden 32,16 --batch 32 --epochs 8 --lr 0.05 --json"), 0);
    assert_string_equal(errors, "");
    assert_json_text("activation", "relu");
    assert_true(json_number("epochs") == 8);
    assert_true(json_number("parameters") == 784 * 32 + 32 + 32 * 16 + 16 + 16 * 10 + 10);
    /* The classes of this data set are plain to see. */
    assert_true(json_number("test_accuracy") > 95 && json_number("test_accuracy") <= 100);
    assert_true(json_number("test_loss") >= 0 && json_number("test_loss") < 0.5);
    assert_true(json_number("train_seconds") > 0 && json_number("train_seconds") < 60);
    assert_non_null(strstr(output, "[32, 16]"));
    assert_non_null(strstr(output, "Parameters, all trainable: 25,818"));

    assert_run(run(TRAIN_FAST " --activation 'leaky_relu( negative_slope = 0.5 )' --json"), 0);
    assert_json_text("activation", "leaky_relu(negative_slope=0.5)");
    assert_run(run(TRAIN_FAST " --activation none --json"), 0);
    assert_json_text("activation", "none");
    assert_run(run(TRAIN_FAST), 0);
    assert_null(strchr(output, '{'));
}

/* A network that diverges has no finite loss, which JSON cannot write as a number. */
static void test_train_diverging(void **state)
{
    (void)state;
    assert_run(run(TRAIN_FAST " --activation none --lr 1e6 --epochs 3 --json"), 0);
    char *loss = json_value(last_line(), "test_loss");
    assert_string_equal(loss, "null");
    free(loss);
}

static void assert_same_files(const char *a, const char *b, bool same)
{
    size_t a_size = 0;
    size_t b_size = 0;
    char *a_bytes = scratch_read(scratch_path(a), &a_size);
    char *b_bytes = scratch_read(scratch_path(b), &b_size);
    assert_non_null(a_bytes);
    assert_non_null(b_bytes);
    assert_int_equal(a_size == b_size && memcmp(a_bytes, b_bytes, a_size) == 0, same);
    free(a_bytes);
    free(b_bytes);
}

static void test_train_same_bytes(void **state)
{
    (void)state;
    static const char *const specs[] = { "relu", "rrelu", "staf(tau=3)", "prelu", "none", "x*tanh(a*exp(x)); a=1" };
    for (size_t i = 0; i < sizeof specs / sizeof specs[0]; i++) {
        const char *spec = specs[i];
        assert_run(run(TRAIN_FAST " --hidden 16,8 --activation '%s' --save one.safetensors", spec), 0);
        assert_run(run(TRAIN_FAST " --hidden 16,8 --activation '%s' --save two.safetensors", spec), 0);
        assert_same_files("one.safetensors", "two.safetensors", true);
        assert_run(run(TRAIN_FAST " --hidden 16,8 --activation '%s' --save two.safetensors --threads 3", spec), 0);
        assert_same_files("one.safetensors", "two.safetensors", true);
        assert_run(run(TRAIN_FAST " --hidden 16,8 --activation '%s' --save two.safetensors --seed 2", spec), 0);
        assert_same_files("one.safetensors", "two.safetensors", false);
    }
}

static void test_train_saves(void **state)
{
    (void)state;
    assert_run(run(TRAIN_FAST " --epochs 3 --save m.st --save-epochs 3,1"), 0);
    assert_true(exists("m-epoch1.st") && !exists("m-epoch2.st") && exists("m-epoch3.st") && exists("m.st"));
    assert_same_files("m-epoch3.st", "m.st", true);
    assert_same_files("m-epoch1.st", "m.st", false);
    /* An epoch's file is what a shorter run ends with. */
    assert_run(run(TRAIN_FAST " --save short.st"), 0);
    assert_same_files("m-epoch1.st", "short.st", true);

    activ_graph *graph = NULL;
    activ_message message = { "" };
    if (activ_checkpoint_load(NULL, scratch_path("m.st"), 4, &graph, &message) != ACTIV_OK)
        fail_msg("%s", message.text);
    assert_int_equal(activ_graph_param_count(graph), 784 * 16 + 16 + 16 * 10 + 10);
    activ_graph_destroy(graph);
}

/* Five epochs, and two and three by another process, on another tier, end in the same bytes. */
static void test_train_resume(void **state)
{
    (void)state;
    static const char *const arguments[] = {
        "--activation rrelu",
        "--activation rrelu --optimizer adamw --seed 18446744073709551615",
        "--activation 'staf(tau=2)' --optimizer rmsprop --momentum 0.5 --lr 0.001 --weight-decay 0.1",
        "--activation none --momentum 0",
        "--activation 'a*x + b*sin(x); a=1, b=0.5'",
    };
    for (size_t i = 0; i < sizeof arguments / sizeof arguments[0]; i++) {
        assert_run(run(TRAIN_FAST " --hidden 16,8 %s --epochs 5 --save whole.st --checkpoint whole.ckpt", arguments[i]),
                   0);
        assert_run(run(TRAIN_FAST " --hidden 16,8 %s --epochs 2 --save part.st --checkpoint part.ckpt", arguments[i]),
                   0);
        assert_same_files("whole.st", "part.st", false);
        assert_run(run("ACTIV_MAX_TIER=scalar " TRAIN_DATA " --batch 32 --resume part.ckpt --epochs 5 --threads 2 "
                       "--save part.st --checkpoint part.ckpt --json"),
                   0);
        assert_null(strstr(output, "\n    2  "));
        assert_non_null(strstr(output, "\n    3  "));
        assert_non_null(strstr(output, "\n    5  "));
        assert_same_files("whole.st", "part.st", true);
        assert_same_files("whole.ckpt", "part.ckpt", true);
        if (i == 2)
            assert_json_text("activation", "staf(tau=2)");
    }

    static const char *const refused[][2] = {
        { "--resume part.ckpt --batch 32 --epochs 5",
          "is trained for 5 epochs already; --epochs counts them, too: give it more than 5" },
        { "--resume part.ckpt --batch 37 --epochs 9", "65 steps are no whole epochs of 400 images in batches of 37" },
        { "--resume part.st", "no activ.optimizer" },
        { "--resume other.st", "holds no network of 784 inputs" },
    };
    activ_graph *other = NULL;
    assert_int_equal(activ_graph_create(NULL, &other), ACTIV_OK);
    (void)activ_graph_cross_entropy(other, activ_graph_linear(other, activ_graph_input(other, 1000), 10));
    assert_int_equal(activ_graph_compile(other, 1), ACTIV_OK);
    assert_int_equal(activ_checkpoint_save(other, scratch_path("other.st"), NULL), ACTIV_OK);
    activ_graph_destroy(other);
    for (size_t i = 0; i < sizeof refused / sizeof refused[0]; i++)
        assert_refused(run(TRAIN_DATA " %s", refused[i][0]), "fashion_mnist_train: ", refused[i][1]);
}

static void test_train_optimizers(void **state)
{
    (void)state;
    static const char *const arguments[] = {
        "--optimizer adamw",
        "--optimizer adamw --weight-decay 0.5",
        "--optimizer rmsprop --lr 0.001",
        "--weight-decay 0.001 --lr 0.05",
    };
    for (size_t i = 0; i < sizeof arguments / sizeof arguments[0]; i++) {
        assert_run(run(TRAIN_DATA " --hidden 32,16 --batch 32 --epochs 8 %s --json", arguments[i]), 0);
        if (json_number("test_accuracy") < 95)
            fail_msg("%s: %s", arguments[i], output);
    }
    /* What is usual may be left out. */
    static const char *const same[][2] = {
        { "", "--optimizer sgd --lr 0.01 --momentum 0.9 --weight-decay 0" },
        { "--optimizer adamw", "--optimizer adamw --lr 0.001 --weight-decay 0.01" },
        { "--optimizer rmsprop", "--optimizer rmsprop --lr 0.01 --momentum 0 --weight-decay 0" },
    };
    for (size_t i = 0; i < 3; i++) {
        assert_run(run(TRAIN_FAST " %s --save one.st", same[i][0]), 0);
        assert_run(run(TRAIN_FAST " %s --save two.st", same[i][1]), 0);
        assert_same_files("one.st", "two.st", true);
    }
}

static void test_full_output(void **state)
{
    (void)state;
    if (access("/dev/full", W_OK) != 0)
        skip();
    assert_refused(run(TRAIN " --help > /dev/full"), "fashion_mnist_train: ", "standard output");
    assert_refused(run(TRAIN_FAST " > /dev/full"), "fashion_mnist_train: ", "standard output");
}

/* ---- the comparison ---- */

static size_t count_lines(const char *text)
{
    size_t lines = 0;
    for (; *text != '\0'; text++)
        lines += *text == '\n';
    return lines;
}

/* The column `title` of the row that begins with `name`, of a CSV file without quoted cells before it. */
static double csv_number(const char *csv, const char *name, const char *title)
{
    size_t column = 0;
    const char *at = csv;
    size_t length = strlen(title);
    while (strncmp(at, title, length) != 0 || (at[length] != ',' && at[length] != '\r')) {
        at = strpbrk(at, ",\r");
        assert_non_null(at);
        assert_int_equal(*at, ',');
        at++;
        column++;
    }
    char start[64];
    (void)snprintf(start, sizeof start, "\n%s,", name);
    at = strstr(csv, start);
    assert_non_null(at);
    for (at++; column > 0; column--) {
        at = strchr(at, ',');
        assert_non_null(at);
        at++;
    }
    return strtod(at, NULL);
}

static void test_compare(void **state)
{
    (void)state;
    size_t size;
    assert_run(run(COMPARE_FAST " --out new/results --activations relu,none,'rrelu(lower=0.1,upper=0.2)' "
                                "--seeds 5,6 --lr 0.01 --threads 2"),
               0);
    assert_string_equal(errors, "");
    assert_non_null(strstr(output, "NOT comparable"));
    assert_non_null(strstr(output, "Wrote new/results/comparison.md\nWrote new/results/comparison.csv\n"));
    char *markdown = scratch_read(scratch_path("new/results/comparison.md"), &size);
    assert_non_null(markdown);
    assert_non_null(strstr(markdown, "\n| relu "));
    assert_non_null(strstr(markdown, "\n| rrelu(lower=0.1"));
    assert_non_null(strstr(markdown, "NOT comparable"));
    assert_null(strstr(markdown, "yes"));
    free(markdown);

    char *csv = scratch_read(scratch_path("new/results/comparison.csv"), &size);
    assert_non_null(csv);
    assert_int_equal(count_lines(csv), 4);
    static const char *const names[] = { "relu", "none" };
    for (size_t i = 0; i < 2; i++) {
        double five = csv_number(csv, names[i], "seed_5");
        double six = csv_number(csv, names[i], "seed_6");
        assert_true(fabs(csv_number(csv, names[i], "mean") - (five + six) / 2) < 1e-3);
        assert_true(csv_number(csv, names[i], "low") == fmin(five, six));
        assert_true(csv_number(csv, names[i], "high") == fmax(five, six));
        assert_true(csv_number(csv, names[i], "epochs") == 1);
    }

    /* Other numbers of jobs change nothing but the times; existing files are replaced. */
    assert_run(run(COMPARE_FAST " --out new/results --activations none,relu --seeds 5,6 --lr 0.01 --threads 1"), 0);
    char *again = scratch_read(scratch_path("new/results/comparison.csv"), &size);
    assert_non_null(again);
    assert_int_equal(count_lines(again), 3);
    for (size_t i = 0; i < 2; i++) {
        assert_true(csv_number(csv, names[i], "seed_5") == csv_number(again, names[i], "seed_5"));
        assert_true(csv_number(csv, names[i], "seed_6") == csv_number(again, names[i], "seed_6"));
        assert_true(csv_number(csv, names[i], "test_loss") == csv_number(again, names[i], "test_loss"));
    }
    free(csv);
    free(again);
    /* Nothing temporary stays. */
    assert_run(run("ls new/results"), 0);
    assert_string_equal(output, "comparison-epochs.csv\ncomparison-epochs.svg\ncomparison.csv\ncomparison.md\n"
                                "comparison.svg\nruns\n");
}

/* With the chapter's settings its columns and the verdict appear, whatever the data. */
static void test_compare_chapter(void **state)
{
    (void)state;
    size_t size;
    assert_run(run(COMPARE " --data data --seeds 1 --activations sigmoid,silu,step --momentum 0.9"), 0);
    assert_non_null(strstr(output, "of 2 rows lie within 1.0 point"));
    assert_null(strstr(output, "NOT comparable"));
    char *csv = scratch_read(scratch_path("results/comparison.csv"), &size);
    assert_non_null(csv);
    assert_true(csv_number(csv, "silu", "chapter") == 78.3);
    assert_true(csv_number(csv, "silu", "pytorch_mean") == 82.94);
    double mean = csv_number(csv, "silu", "mean");
    double difference = csv_number(csv, "silu", "difference");
    double expected = mean > 83.14 ? mean - 83.14 : mean < 82.77 ? mean - 82.77 : 0;
    assert_true(fabs(difference - expected) < 1e-3);
    free(csv);
}

/* The chapter's "Swish" is silu: one row more, not one network more. */
static void test_compare_default_rows(void **state)
{
    (void)state;
    assert_run(run(COMPARE_FAST " --seeds 1 --out all"), 0);
    assert_non_null(strstr(output, "13 networks"));
    assert_non_null(strstr(output, "silu (\"Swish\")"));
    assert_non_null(strstr(output, "trained once"));
    size_t size;
    char *csv = scratch_read(scratch_path("all/comparison.csv"), &size);
    assert_non_null(csv);
    assert_int_equal(count_lines(csv), 15);
    const char *silu = strstr(csv, "\nsilu,silu,");
    const char *swish = strstr(csv, "\nsilu,Swish,");
    assert_non_null(silu);
    assert_non_null(swish);
    free(csv);
}

/* Ctrl-C in the middle: the rows that are finished are written, and the same command goes on with the others. */
static void test_compare_interrupted(void **state)
{
    (void)state;
    size_t size;
    char arguments[120];
    /* Rows long enough to be caught in one; a sanitizer takes ten times as long for them, and more. */
    (void)snprintf(arguments, sizeof arguments,
                   "--data data --epochs %d --batch 1 --activations relu,tanh,gelu,mish,silu --seeds 1 --threads 1 "
                   "--out part",
                   SANITIZED ? 2 : 10);
    char *csv = NULL;
    int code = 130;
    /* Longer each time, until a row is finished. In the foreground timeout sends one signal, not a second to the group,
     * which would end the program at once. */
    for (int tenths = 4; tenths < 4000 && csv == NULL && code == 130; tenths *= 2) {
        code = run("timeout --foreground -s INT %d.%d " COMPARE " %s", tenths / 10, tenths % 10, arguments);
        /* timeout has an exit code of its own. */
        code = code == 124 ? 130 : code;
        csv = scratch_read(scratch_path("part/comparison.csv"), &size);
    }
    assert_run(code, 130);
    assert_non_null(strstr(errors, "interrupted; what is finished is in 'part'"));
    assert_non_null(csv);
    const int finished = (int)count_lines(csv) - 1;
    assert_in_range(finished, 1, 4);
    assert_non_null(strstr(output, "INTERRUPTED"));
    char gone_on[80];
    assert_run(run(COMPARE " %s", arguments), 0);
    (void)snprintf(gone_on, sizeof gone_on, "%d network%s there from an earlier run", finished,
                   finished == 1 ? " is" : "s are");
    assert_non_null(strstr(output, gone_on));
    char *whole = scratch_read(scratch_path("part/comparison.csv"), &size);
    assert_non_null(whole);
    assert_int_equal(count_lines(whole), 6);
    assert_true(csv_number(csv, "silu", "mean") == csv_number(whole, "silu", "mean"));
    free(csv);
    free(whole);
}

/* What is kept is used again, and not if a bit of it is wrong. */
static void test_kept_networks(void **state)
{
    (void)state;
    assert_run(run(COMPARE_FAST " --out kept --activations relu --seeds 1"), 0);
    assert_non_null(strstr(output, "1 network to train"));
    assert_run(run(COMPARE_FAST " --out kept --activations relu --seeds 1"), 0);
    assert_non_null(strstr(output, "1 network is there from an earlier run"));
    assert_null(strstr(output, "to train"));
    /* Another recipe is another network. */
    assert_run(run(COMPARE_FAST " --out kept --activations relu --seeds 1 --lr 0.01"), 0);
    assert_non_null(strstr(output, "1 network to train"));
    static const char *const damages[] = {
        "printf 'wxyz' | dd of=$(ls kept/runs/*.safetensors) bs=1 seek=5000 conv=notrunc",
        "for f in kept/runs/*.safetensors; do head -c 3000 $f > t; mv t $f; done",
        "for f in kept/runs/*.csv; do head -n 1 $f > t; mv t $f; done",
        "rm kept/runs/*.safetensors",
    };
    for (size_t i = 0; i < sizeof damages / sizeof damages[0]; i++) {
        assert_run(run("rm -rf kept && " COMPARE_FAST " --out kept --activations relu --seeds 1"), 0);
        assert_run(run("%s", damages[i]), 0);
        assert_run(run(COMPARE_FAST " --out kept --activations relu --seeds 1"), 0);
        if (strstr(output, "1 network to train") == NULL)
            fail_msg("%s: %s", damages[i], output);
    }
}

/* ---- the other experiments ---- */

static void assert_svg(const char *name)
{
    size_t size;
    char *svg = scratch_read(scratch_path(name), &size);
    if (svg == NULL)
        fail_msg("%s was not drawn; %s", name, output);
    assert_non_null(strstr(svg, "<svg"));
    assert_non_null(strstr(svg, "</svg>"));
    free(svg);
}

static void assert_lines(const char *name, int lines)
{
    size_t size;
    char *csv = scratch_read(scratch_path(name), &size);
    assert_non_null(csv);
    assert_int_equal(count_lines(csv), lines);
    free(csv);
}

/* Formulas wherever a function may stand: their networks load again, their files have names of their own. */
static void test_formulas(void **state)
{
    (void)state;
    assert_run(run("mkdir -p f; " TRAIN_FAST " --out f --activation 'x * tanh(a*exp(x));a=1' --save f/a.st --json"), 0);
    assert_string_equal(errors, "");
    assert_json_text("activation", "x*tanh(a*exp(x)); a=1");
    assert_run(run(PREDICT " --data data --network f/a.st --save f/y.npy"), 0);
    assert_string_equal(errors, "");
    assert_run(run(TRAIN_FAST " --out f --activation @pserf --json"), 0);
    char *found = json_value(last_line(), "activation");
    assert_non_null(strchr(found, ';'));
    assert_null(strchr(found, '@'));
    free(found);

    assert_run(run(SURFACES " --out f --functions 'x*tanh(exp(x)),x/tanh(exp(x)),a*x*sigmoid(b*x); a=1, b=2,@isru'"),
               0);
    assert_string_equal(errors, "");
    assert_lines("f/functions.csv", 1 + 4);
    assert_run(run("ls f/surfaces/*.svg | wc -l | grep -qx 4 && ls f/surfaces/*.png | wc -l | grep -qx 4"), 0);
    assert_run(run("ls f/surfaces | grep '[^A-Za-z0-9_.-]'"), 1);

    assert_run(run(COMPARE_FAST " --out f --seeds 1 --activations 'relu,x*abs(x),2*x; a=1'"), 2);
    assert_run(run(COMPARE_FAST " --out f --seeds 1 --activations 'relu,tanh(x*2),tanh(x/2),a*x*x + b; a=1, b=0'"), 0);
    assert_string_equal(errors, "");
    assert_run(run("ls f/runs/*.safetensors | wc -l | grep -qx 4"), 0);
    assert_svg("f/comparison.svg");
    assert_run(run(GRADIENTS " --data data --out f --activations 'x*tanh(exp(x)),derivative(x^3)' --hidden 16,8"), 0);
    assert_string_equal(errors, "");
    assert_run(run("ls f/gradients/*.svg | wc -l | grep -qx 2"), 0);
}

static void test_surfaces(void **state)
{
    (void)state;
    assert_run(run(SURFACES " --out s --functions gelu,swiglu,softmax,'leaky_relu(negative_slope=0.2)'"), 0);
    assert_string_equal(errors, "");
    assert_lines("s/surfaces.csv", 1 + 4 * 100);
    assert_lines("s/functions.csv", 5);
    assert_svg("s/surfaces/gelu.svg");
    assert_svg("s/surfaces/leaky_relu_negative_slope_0_2_.svg");
    assert_true(exists("s/surfaces/swiglu.png") && exists("s/surfaces/softmax.png"));
    assert_run(run("ls s s/surfaces | grep -c '[.]\\(gp\\|tmp\\|log\\)'"), 1); /* nothing temporary stays */
    assert_refused(run(SURFACES " --out new_s --functions gelu,nosuch"), "fashion_mnist_surfaces: ", "nosuch");
    assert_false(exists("new_s"));
}

static void test_gradients(void **state)
{
    (void)state;
    assert_run(run(GRADIENTS " --data data --out g --activations relu,none,'staf(tau=2)' --hidden 16,8"), 0);
    assert_string_equal(errors, "");
    assert_lines("g/gradients-summary.csv", 1 + 3 * 3);
    assert_lines("g/activation-gradients-summary.csv", 1 + 3 * 3);
    assert_svg("g/gradients.svg");
    assert_svg("g/gradients/staf_tau_2_.svg");
    /* A hundred layers of sigmoid: gradients of 0 everywhere, and still a figure. */
    char hidden[400] = "4";
    for (int i = 0; i < 14; i++)
        (void)strcat(hidden, ",4");
    assert_run(run(GRADIENTS " --data data --out g --activations step --hidden %s", hidden), 0);
    assert_refused(run(GRADIENTS " --data data --batch 500"), "fashion_mnist_gradients: ", "--batch: 500 is more");
    assert_refused(run(GRADIENTS " --data data --init other"), "fashion_mnist_gradients: ", "--init: 'other'");
}

static void test_outputs(void **state)
{
    (void)state;
    assert_run(run(OUTPUTS SPECS_FAST " --out o --batch 100"), 0);
    assert_string_equal(errors, "");
    assert_lines("o/outputs-summary.csv", 1 + 3 * 5);
    assert_svg("o/outputs/relu.svg");
    /* What train has saved. */
    assert_run(run(TRAIN_FAST " --epochs 2 --out o --save o/net.st --save-epochs 1"), 0);
    assert_run(run(OUTPUTS " --data data --out o --networks o/net-epoch1.st,o/net.st"), 0);
    assert_lines("o/outputs-summary.csv", 1 + 2 * 2);
    assert_svg("o/outputs/net-epoch1.svg");
    assert_refused(run(OUTPUTS " --data data --out o --networks o/net.st,o/nosuch.st"),
                   "fashion_mnist_outputs: ", "o/nosuch.st");
    assert_refused(run("head -c 2000 o/net.st > o/cut.st; " OUTPUTS " --data data --out o --networks o/cut.st"),
                   "fashion_mnist_outputs: ", "o/cut.st");
    assert_lines("o/outputs-summary.csv", 1 + 2 * 2); /* as it was */
}

/* Into NumPy's files and back: the same answers, and what is no such array is refused. */
static void test_predict(void **state)
{
    (void)state;
    assert_run(run("mkdir -p p; " TRAIN_FAST " --epochs 2 --out p --save p/net.st"), 0);
    assert_run(run(PREDICT " --data data --network p/net.st --save p/y.npy --save-images p/x.npy"), 0);
    assert_string_equal(errors, "");
    assert_non_null(strstr(output, "test accuracy "));
    activ_tensor *x = NULL, *y = NULL, *again = NULL;
    activ_graph *g = NULL;
    activ_message message = { "" };
    assert_int_equal(npy_read(scratch_path("p/x.npy"), &x, &message), ACTIV_OK);
    assert_int_equal(npy_read(scratch_path("p/y.npy"), &y, &message), ACTIV_OK);
    const size_t count = activ_tensor_shape(x)[0];
    assert_true(count > 0);
    assert_int_equal(activ_tensor_count(x), count * IMAGE_PIXELS);
    assert_int_equal(activ_tensor_count(y), count * IMAGE_CLASSES);
    assert_int_equal(activ_checkpoint_load(NULL, scratch_path("p/net.st"), count, &g, &message), ACTIV_OK);
    float *own = malloc(count * IMAGE_CLASSES * sizeof *own);
    assert_non_null(own);
    assert_int_equal(activ_graph_forward(g, count, activ_tensor_const_data(x), own), ACTIV_OK);
    assert_memory_equal(own, activ_tensor_const_data(y), count * IMAGE_CLASSES * sizeof *own);
    free(own);
    activ_graph_destroy(g);

    assert_run(run(PREDICT " --network p/net.st --images p/x.npy --save p/again.npy"), 0);
    assert_null(strstr(output, "accuracy"));
    assert_same_files("p/y.npy", "p/again.npy", true);
    /* Bytes are scaled as in training. */
    const size_t shape[3] = { 2, IMAGE_SIDE, IMAGE_SIDE };
    assert_int_equal(activ_tensor_create(NULL, ACTIV_UINT8, 3, shape, &again, NULL), ACTIV_OK);
    for (size_t i = 0; i < 2 * IMAGE_PIXELS; i++)
        ((unsigned char *)activ_tensor_data(again))[i] =
            (unsigned char)(255.0f * (((const float *)activ_tensor_const_data(x))[i] * 0.5f + 0.5f) + 0.5f);
    assert_int_equal(npy_write(scratch_path("p/bytes.npy"), again, &message), ACTIV_OK);
    activ_tensor_destroy(again);
    assert_run(run(PREDICT " --network p/net.st --images p/bytes.npy --save p/two.npy"), 0);
    assert_int_equal(npy_read(scratch_path("p/two.npy"), &again, &message), ACTIV_OK);
    assert_memory_equal(activ_tensor_const_data(again), activ_tensor_const_data(y), 2 * IMAGE_CLASSES * sizeof(float));
    activ_tensor_destroy(again);
    activ_tensor_destroy(x);
    activ_tensor_destroy(y);

    assert_refused(run(PREDICT " --network p/net.st --images p/y.npy"),
                   "fashion_mnist_predict: ", "p/y.npy: its shape");
    assert_refused(run(PREDICT " --network p/net.st --images p/net.st"), "fashion_mnist_predict: ", "no .npy file");
    assert_refused(run("head -c 1000 p/x.npy > p/cut.npy; " PREDICT " --network p/net.st --images p/cut.npy"),
                   "fashion_mnist_predict: ", "too early");
    assert_refused(run(PREDICT " --network p/none.st --images p/x.npy"), "fashion_mnist_predict: ", "p/none.st");
    assert_refused(run(PREDICT " --network p/net.st --images p/x.npy --save p/nowhere/y.npy"),
                   "fashion_mnist_predict: ", "p/nowhere/y.npy");
}

static void test_dead_neurons(void **state)
{
    (void)state;
    assert_run(run(DEAD_NEURONS SPECS_FAST " --seeds 2 --hidden 32,16 --out d"), 0);
    assert_string_equal(errors, "");
    assert_null(strstr(output, "PyTorch")); /* other settings than theirs */
    /* Two seeds of: two layers untrained, four of relu, four of staf, and none of none. */
    assert_lines("d/dead_neurons.csv", 1 + 2 * (2 + 4 + 4));
    assert_svg("d/dead_neurons.svg");
    assert_run(run(DEAD_NEURONS " --data data --networks nosuch.st --out d"), 2);
}

static void test_exercises(void **state)
{
    (void)state;
    assert_run(run(EXERCISES " --data data --epochs 1 --only sigmoid --out e"), 0);
    assert_string_equal(errors, "");
    assert_lines("e/exercises.csv", 1 + 5);
    assert_svg("e/exercises-sigmoid.svg");
    assert_run(run(EXERCISES " --data data --epochs 2 --only trained --out e"), 0);
    assert_lines("e/exercises.csv", 1 + 4);
    assert_lines("e/exercises-gradients.csv", 1 + 4 * 3 * 5); /* activations, epochs with the start, layers */
    assert_svg("e/exercises-gradients.svg");
    assert_run(run(EXERCISES " --data data --epochs 1 --only approximators --activation 'elu(alpha=0.5)' --out e"), 0);
    assert_lines("e/exercises.csv", 1 + 5);
    assert_run(
        run(EXERCISES " --data data --quick --only own,remedies --activation 'tanh(a*x) + b*x; a=1, b=0' --out e"), 0);
    assert_string_equal(errors, "");
    assert_lines("e/exercises.csv", 1 + 3 + 8 + 1);
    assert_lines("e/exercises-learned.csv", 1 + 2 + 2);
    assert_svg("e/exercises-own.svg");
    assert_svg("e/exercises-learned.svg");
    assert_refused(run(EXERCISES " --data data --only own,nothing"), "fashion_mnist_exercises: ", "own,nothing");
    assert_refused(run(EXERCISES " --data data --only own,own"), "fashion_mnist_exercises: ", "own,own");
    assert_refused(run(EXERCISES " --data data --only own,"), "fashion_mnist_exercises: ", "'own,'");
    assert_refused(run(EXERCISES " --data data --only nothing"), "fashion_mnist_exercises: ", "--only: 'nothing'");
    assert_refused(run(EXERCISES " --data data --activation relu,,tanh"), "fashion_mnist_exercises: ", "activation ''");
}

/* All programs refuse the same things alike, and answer --help. */
static void test_all_programs(void **state)
{
    (void)state;
    static const char *const programs[][2] = {
        { COMPARE, "fashion_mnist_compare" },     { TRAIN, "fashion_mnist_train" },
        { SURFACES, "fashion_mnist_surfaces" },   { GRADIENTS, "fashion_mnist_gradients" },
        { OUTPUTS, "fashion_mnist_outputs" },     { DEAD_NEURONS, "fashion_mnist_dead_neurons" },
        { EXERCISES, "fashion_mnist_exercises" },
    };
    static const char *const refused[][2] = {
        { "--unknown", "unknown option '--unknown'" },
        { "--seed x", "--seed: 'x'" },
        { "--threads 0", "--threads: '0'" },
        { "--out ''", "--out: ''" },
        { "--out stdout", "'stdout'" },
        { "--out /proc/nothing", "/proc/nothing" },
    };
    for (size_t i = 0; i < sizeof programs / sizeof programs[0]; i++) {
        const char *fast = strcmp(programs[i][0], SURFACES) == 0    ? "--functions relu"
                           : strcmp(programs[i][0], GRADIENTS) == 0 ? "--activations relu"
                                                                    : "--epochs 1";
        for (size_t j = 0; j < sizeof refused / sizeof refused[0]; j++)
            assert_refused(run("%s --data data %s %s", programs[i][0], fast, refused[j][0]), programs[i][1],
                           refused[j][1]);
        assert_run(run("%s --help", programs[i][0]), 0);
        assert_non_null(strstr(output, "--out DIR"));
        assert_non_null(strstr(output, "--seed N"));
        assert_non_null(strstr(output, "--threads N"));
        assert_non_null(strstr(output, "--data DIR"));
        if (strcmp(programs[i][0], SURFACES) != 0)
            assert_refused(run("%s --data nowhere %s", programs[i][0], fast), programs[i][1], "data folder 'nowhere'");
    }
}

/* Without gnuplot: said at once, with the remedy; the numbers are written. */
static void test_no_gnuplot(void **state)
{
    (void)state;
    assert_run(run("PATH=/nonexistent " GRADIENTS " --data data --out n --activations relu"), 0);
    assert_non_null(strstr(errors, "gnuplot is not installed (apt install gnuplot-nox)"));
    assert_true(exists("n/gradients.csv") && !exists("n/gradients.svg"));
    /* A gnuplot that fails is an error, and leaves nothing that looks whole. */
    assert_run(
        run("mkdir bin && printf '#!/bin/sh\\necho broken >&2; exit 3\\n' > bin/gnuplot && chmod +x bin/gnuplot"), 0);
    assert_refused(run("PATH=$PWD/bin:$PATH " GRADIENTS " --data data --out n --activations relu"),
                   "fashion_mnist_gradients: ", "gnuplot failed: broken");
    assert_false(exists("n/gradients.svg"));
    /* One that stops in the middle of a picture, as on a full disk, and says nothing. */
    static const char half[] = "#!/bin/sh\n"
                               "sed -n \"s/^set output '\\(.*\\)'$/\\1/p\" \"$1\" |\n"
                               "    while read -r file; do echo '<svg>' > \"$file\"; done\n";
    scratch_write("bin/gnuplot", half, sizeof half - 1, false);
    assert_refused(run("PATH=$PWD/bin:$PATH " GRADIENTS " --data data --out n --activations relu"),
                   "fashion_mnist_gradients: ", "has no end");
    assert_false(exists("n/gradients.svg"));
    assert_run(run("ls n | grep -c '[.]tmp\\|[.]gp'"), 1);
}

/* ---- quickstart ---- */

static void test_quickstart(void **state)
{
    (void)state;
    assert_run(run(QUICKSTART_APPLY), 0);
    /* gelu(1) and gelu'(1) */
    assert_non_null(strstr(output, "0.8413447"));
    assert_non_null(strstr(output, "1.0833"));
    assert_refused(run(QUICKSTART_APPLY " nosuch"), "quickstart_apply: ", "nosuch");
    /* isru(1) and isru'(1) */
    assert_run(run(QUICKSTART_APPLY " @isru"), 0);
    assert_non_null(strstr(output, "f = x/sqrt(1 + a*x^2); fixed a=1"));
    assert_non_null(strstr(output, "0.707106769    0.353553385"));
    assert_refused(run(QUICKSTART_APPLY " @isruu"), "quickstart_apply: ", "is @isru meant?");
    assert_refused(run("ACTIV_ZOO=nowhere " QUICKSTART_APPLY " @isru"), "quickstart_apply: ", "nowhere");

    assert_run(run(QUICKSTART_FIT), 0);
    const char *last = strstr(output, "step 4000  loss ");
    assert_non_null(last);
    assert_true(strtod(last + strlen("step 4000  loss "), NULL) < 1e-3);

    assert_run(run(QUICKSTART_CLASSIFY), 0);
    last = strstr(output, "epoch 40  ");
    assert_non_null(last);
    last = strstr(last, "right ");
    assert_non_null(last);
    assert_true(strtod(last + strlen("right "), NULL) > 95);
    assert_refused(run(QUICKSTART_CLASSIFY " nosuch"), "quickstart_classify: ", "nosuch");
    assert_refused(run(QUICKSTART_CLASSIFY " @nosuch"), "quickstart_classify: ", "@nosuch");
#ifdef QUICKSTART_CLASSIFY_CPP
    assert_run(run(QUICKSTART_CLASSIFY " > c.txt && " QUICKSTART_CLASSIFY_CPP " | diff c.txt -"), 0);
    assert_run(run(QUICKSTART_CLASSIFY " @logish > c.txt && " QUICKSTART_CLASSIFY_CPP " @logish | diff c.txt -"), 0);
    assert_refused(run(QUICKSTART_CLASSIFY_CPP " @nosuch"), "quickstart_classify_cpp: ", "@nosuch");
    assert_refused(run(QUICKSTART_CLASSIFY_CPP " nosuch"), "quickstart_classify_cpp: ", "nosuch");
#endif

    assert_run(run(QUICKSTART_OWN_FORMULA), 0);
    last = strstr(output, "  x*tanh(a*exp(x)) + b*sin(x); a=1, b=0\n");
    assert_non_null(last);
    assert_non_null(strstr(last, "    layers.1.a = "));
    assert_non_null(strstr(last, "    layers.1.b = "));
    last = output;
    for (int i = 0; i < 3; i++) {
        last = strstr(last, " -> ");
        assert_non_null(last);
        last += strlen(" -> ");
        assert_true(strtod(last, NULL) < 1e-3);
    }
    assert_refused(run(QUICKSTART_OWN_FORMULA " 'x*'"), "quickstart_own_formula: ", "column 3");
    assert_run(run(QUICKSTART_OWN_FORMULA " @isru"), 0);
    assert_non_null(strstr(output, "  x/sqrt(1 + a*x^2); fixed a=1\n"));
    assert_refused(run(QUICKSTART_OWN_FORMULA " @nosuch"), "quickstart_own_formula: ", "@nosuch");

    assert_run(run(QUICKSTART_OWN_LOSS), 0);
    last = strstr(output, "on [0, 2]: ");
    assert_non_null(last);
    assert_true(strtod(last + strlen("on [0, 2]: "), NULL) < 2e-3);

    assert_run(run(QUICKSTART_ARENA), 0);
    assert_true(strncmp(output, "loss ", 5) == 0 && strtod(output + 5, NULL) < 1e-4);
    assert_non_null(strstr(output, " 0 of them by 2000 steps"));

    assert_run(run(QUICKSTART_SAVE_LOAD), 0);
    assert_non_null(strstr(output, "the same to the last bit"));
    assert_true(exists("quickstart.safetensors"));
    assert_refused(run(QUICKSTART_SAVE_LOAD " nowhere/file"), "quickstart_save_load: ", "nowhere/file");
}

static int begin(void **state)
{
    (void)state;
    if (scratch_begin() == NULL)
        return 1;
    scratch_data("data", 400, 150);
    return 0;
}

static int end(void **state)
{
    (void)state;
    free(output);
    free(errors);
    scratch_end();
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_arguments_refused),
        cmocka_unit_test(test_help),
        cmocka_unit_test(test_damaged_data),
        cmocka_unit_test(test_train_json),
        cmocka_unit_test(test_train_diverging),
        cmocka_unit_test(test_train_same_bytes),
        cmocka_unit_test(test_train_saves),
        cmocka_unit_test(test_train_resume),
        cmocka_unit_test(test_train_optimizers),
        cmocka_unit_test(test_full_output),
        cmocka_unit_test(test_compare),
        cmocka_unit_test(test_compare_chapter),
        cmocka_unit_test(test_compare_default_rows),
        cmocka_unit_test(test_compare_interrupted),
        cmocka_unit_test(test_kept_networks),
        cmocka_unit_test(test_formulas),
        cmocka_unit_test(test_surfaces),
        cmocka_unit_test(test_gradients),
        cmocka_unit_test(test_outputs),
        cmocka_unit_test(test_predict),
        cmocka_unit_test(test_dead_neurons),
        cmocka_unit_test(test_exercises),
        cmocka_unit_test(test_all_programs),
        cmocka_unit_test(test_no_gnuplot),
        cmocka_unit_test(test_quickstart),
    };
    return cmocka_run_group_tests(tests, begin, end);
}
