/* Weights under other names, in another type, or only some of them: what is loaded, what is left, what is refused. */
#define _DEFAULT_SOURCE
#include <fenv.h>
#include <float.h>
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

#include "activ/checkpoint.h"
#include "activ/fn.h"
#include "activ/graph.h"
#include "activ/random.h"
#include "support/memory.h"

static char directory[64], path[96];

static int make_directory(void **state)
{
    (void)state;
    snprintf(directory, sizeof directory, "/tmp/activ_names_XXXXXX");
    if (!mkdtemp(directory))
        return -1;
    snprintf(path, sizeof path, "%s/network.safetensors", directory);
    return 0;
}

static int remove_directory(void **state)
{
    (void)state;
    unlink(path);
    return rmdir(directory); /* fails if a temporary file was left */
}

/* 5 -> 4, batch_norm, prelu, -> 3: layers.0 ... layers.3, seed 0 for no values. */
static activ_graph *make(const activ_context *context, uint64_t seed)
{
    activ_graph *g = NULL;
    activ_fn *prelu = NULL;
    assert_int_equal(activ_graph_create(context, &g), ACTIV_OK);
    assert_int_equal(activ_fn_create(context, "prelu", &prelu), ACTIV_OK);
    activ_node x = activ_graph_linear(g, activ_graph_input(g, 5), 4);
    x = activ_graph_apply(g, activ_graph_batch_norm(g, x, NULL), prelu);
    activ_graph_cross_entropy(g, activ_graph_linear(g, x, 3));
    activ_fn_destroy(prelu);
    assert_int_equal(activ_graph_compile(g, 4), ACTIV_OK);
    if (seed) {
        assert_int_equal(activ_graph_init(g, seed), ACTIV_OK);
        for (size_t i = 0; i < activ_graph_buffer_count(g); i++)
            activ_graph_buffers(g)[i] = (float)(seed * 10 + i) + 0.25f;
    }
    return g;
}

static const char *const tensors[] = { "layers.0.weight", "layers.0.bias",         "layers.1.weight",
                                       "layers.1.bias",   "layers.2.weight",       "layers.3.weight",
                                       "layers.3.bias",   "layers.1.running_mean", "layers.1.running_var" };
enum { TENSORS = sizeof tensors / sizeof tensors[0] };

static void assert_same(activ_graph *a, activ_graph *b)
{
    assert_memory_equal(activ_graph_params(a), activ_graph_params(b), activ_graph_param_count(a) * sizeof(float));
    assert_memory_equal(activ_graph_buffers(a), activ_graph_buffers(b), activ_graph_buffer_count(a) * sizeof(float));
}

/* The tensors of a file, in the order of their names, separated by blanks. */
static void list_file(char *text, size_t size)
{
    activ_safetensors *file = NULL;
    const char *names[32];
    assert_int_equal(activ_safetensors_open(NULL, path, &file, NULL), ACTIV_OK);
    const size_t count = activ_safetensors_count(file);
    for (size_t i = 0; i < count; i++) {
        activ_safetensors_entry entry = ACTIV_SAFETENSORS_ENTRY_INIT;
        assert_int_equal(activ_safetensors_at(file, i, &entry), ACTIV_OK);
        size_t at = i;
        for (; at > 0 && strcmp(names[at - 1], entry.name) > 0; at--)
            names[at] = names[at - 1];
        names[at] = entry.name;
    }
    text[0] = '\0';
    for (size_t i = 0; i < count; i++)
        snprintf(text + strlen(text), size - strlen(text), "%s%s", i ? " " : "", names[i]);
    assert_null(activ_safetensors_metadata_key(file, 0));
    activ_safetensors_close(file);
}

static activ_status load(activ_graph *g, size_t count, const activ_tensor_name *names, activ_message *message)
{
    activ_load_options options = ACTIV_LOAD_DEFAULTS;
    options.name_count = count;
    options.names = names;
    return activ_checkpoint_load_params_ex(g, path, &options, message);
}

/* ---- names ------------------------------------------------------------------------------------- */

static void test_rules(void **state)
{
    (void)state;
    static const struct {
        size_t count;
        activ_tensor_name names[4];
        const char *file;
    } cases[] = {
        { 0,
          { { NULL, NULL } },
          "layers.0.bias layers.0.weight layers.1.bias layers.1.running_mean layers.1.running_var layers.1.weight "
          "layers.2.weight layers.3.bias layers.3.weight" },
        { 1,
          { { "layers.", "" } },
          "0.bias 0.weight 1.bias 1.running_mean 1.running_var 1.weight 2.weight 3.bias 3.weight" },
        { 1,
          { { "", "module." } },
          "module.layers.0.bias module.layers.0.weight module.layers.1.bias module.layers.1.running_mean "
          "module.layers.1.running_var module.layers.1.weight module.layers.2.weight module.layers.3.bias "
          "module.layers.3.weight" },
        /* The longest counts, wherever it stands; a name is no prefix, and a prefix ends in a dot. */
        { 4,
          { { "layers.0.weight", "fc1.weight" }, { "layers.", "net." }, { "", "never." }, { "layers.3.", "head." } },
          "fc1.weight head.bias head.weight net.0.bias net.1.bias net.1.running_mean net.1.running_var net.1.weight "
          "net.2.weight" },
        /* Of equals, the last. */
        { 2,
          { { "layers.", "a." }, { "layers.", "b/\xc3\xa9." } },
          "b/\xc3\xa9.0.bias b/\xc3\xa9.0.weight b/\xc3\xa9.1.bias b/\xc3\xa9.1.running_mean "
          "b/\xc3\xa9.1.running_var b/\xc3\xa9.1.weight b/\xc3\xa9.2.weight b/\xc3\xa9.3.bias b/\xc3\xa9.3.weight" },
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char list[1024];
        activ_message message = { "" };
        activ_graph *g = make(NULL, 3), *other = make(NULL, 0);
        if (activ_checkpoint_save_params(g, path, cases[i].count, cases[i].names, &message) != ACTIV_OK)
            fail_msg("%s", message.text);
        list_file(list, sizeof list);
        assert_string_equal(list, cases[i].file);
        if (load(other, cases[i].count, cases[i].names, &message) != ACTIV_OK)
            fail_msg("%s", message.text);
        assert_same(g, other);
        /* Without the rules it is another network's file. */
        if (cases[i].count > 0) {
            assert_int_equal(activ_checkpoint_load_params(other, path, &message), ACTIV_ERROR_FORMAT);
            assert_non_null(strstr(message.text, "is missing"));
        } else {
            assert_int_equal(activ_checkpoint_load_params(other, path, NULL), ACTIV_OK);
        }
        assert_same(g, other);
        activ_graph_destroy(g);
        activ_graph_destroy(other);
        unlink(path);
    }
}

static void test_wrong_rules(void **state)
{
    (void)state;
    static const struct {
        size_t count;
        activ_tensor_name names[2];
        activ_status status;
        const char *word;
    } cases[] = {
        { 1, { { "layer.", "" } }, ACTIV_ERROR_UNKNOWN_NAME, "layer." },
        { 1, { { "layers", "x" } }, ACTIV_ERROR_UNKNOWN_NAME, "layers" },
        { 2, { { "layers.", "" }, { "layers.2.bias", "y" } }, ACTIV_ERROR_UNKNOWN_NAME, "layers.2.bias" },
        { 1, { { NULL, "" } }, ACTIV_ERROR_INVALID, "NULL" },
        { 1, { { "layers.", NULL } }, ACTIV_ERROR_INVALID, "NULL" },
    };
    activ_graph *g = make(NULL, 3);
    activ_message message = { "" };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        assert_int_equal(activ_checkpoint_save_params(g, path, cases[i].count, cases[i].names, &message),
                         cases[i].status);
        assert_non_null(strstr(message.text, cases[i].word));
        assert_int_equal(access(path, F_OK), -1);
        assert_int_equal(load(g, cases[i].count, cases[i].names, &message), cases[i].status);
        assert_non_null(strstr(message.text, cases[i].word));
    }
    assert_int_equal(load(g, 2, NULL, &message), ACTIV_ERROR_INVALID);
    assert_int_equal(activ_checkpoint_save_params(g, path, 1, NULL, &message), ACTIV_ERROR_INVALID);

    /* Two tensors of one name, and a name that is none. */
    const activ_tensor_name twice = { "layers.0.bias", "layers.3.bias" }, torn = { "layers.", "\xff." };
    assert_int_equal(activ_checkpoint_save_params(g, path, 1, &twice, &message), ACTIV_ERROR_INVALID);
    assert_non_null(strstr(message.text, "layers.3.bias"));
    assert_int_equal(activ_checkpoint_save_params(g, path, 1, &torn, &message), ACTIV_ERROR_INVALID);
    assert_int_equal(access(path, F_OK), -1);
    assert_int_equal(activ_checkpoint_save_params(NULL, path, 0, NULL, &message), ACTIV_ERROR_INVALID);
    assert_int_equal(activ_checkpoint_save_params(g, NULL, 0, NULL, &message), ACTIV_ERROR_INVALID);
    activ_graph_destroy(g);
}

/* ---- files of others --------------------------------------------------------------------------- */

typedef struct other_tensor {
    const char *name;
    activ_dtype dtype;
    size_t rows, columns; /* columns 0: one dimension */
    const void *data;
} other_tensor;

static void write_file(size_t count, const other_tensor *t)
{
    const char *names[16] = { NULL };
    activ_tensor *views[16] = { NULL };
    activ_message message = { "" };
    for (size_t i = 0; i < count; i++) {
        const size_t shape[2] = { t[i].rows, t[i].columns };
        names[i] = t[i].name;
        assert_int_equal(
            activ_tensor_view_const(NULL, t[i].dtype, t[i].columns ? 2 : 1, shape, NULL, t[i].data, &views[i], NULL),
            ACTIV_OK);
    }
    if (activ_safetensors_save(NULL, path, count, names, (const activ_tensor *const *)views, 0, NULL, &message) !=
        ACTIV_OK)
        fail_msg("%s", message.text);
    for (size_t i = 0; i < count; i++)
        activ_tensor_destroy(views[i]);
}

static double wide[32];
static float narrow[32];
static const int64_t steps[1] = { 7 };

/* As PyTorch saves make()'s network in an nn.Sequential, in double. */
static const other_tensor sequential[] = {
    { "0.weight", ACTIV_FLOAT64, 4, 5, wide },         { "0.bias", ACTIV_FLOAT64, 4, 0, wide + 3 },
    { "1.weight", ACTIV_FLOAT32, 4, 0, narrow + 1 },   { "1.bias", ACTIV_FLOAT64, 4, 0, wide + 7 },
    { "1.running_mean", ACTIV_FLOAT32, 4, 0, narrow }, { "1.running_var", ACTIV_FLOAT32, 4, 0, narrow + 9 },
    { "2.weight", ACTIV_FLOAT64, 1, 0, wide + 9 },     { "3.weight", ACTIV_FLOAT64, 3, 4, wide + 11 },
    { "3.bias", ACTIV_FLOAT64, 3, 0, wide + 2 },       { "1.num_batches_tracked", ACTIV_INT64, 1, 0, steps },
};
enum { SEQUENTIAL = sizeof sequential / sizeof sequential[0] };

static void fill_values(void)
{
    for (int i = 0; i < 32; i++) {
        wide[i] = ldexp(1.0 + i * 0x1p-30, i - 16);
        narrow[i] = (float)i + 0.5f;
    }
    wide[0] = 1.0 + 0x1p-24;   /* halfway: to even, downwards */
    wide[1] = 1.0 + 0x1.8p-23; /* halfway: to even, upwards */
    wide[2] = -1e300;
    wide[3] = (double)NAN;
    wide[4] = 0x1.8p-149; /* halfway between two subnormal numbers: to even */
    wide[5] = -0.0;
    wide[6] = 1e-300;
    wide[7] = DBL_MAX;
}

static const activ_tensor_name plain = { "layers.", "" };

static void test_float64(void **state)
{
    (void)state;
    static const int modes[] = { FE_TONEAREST, FE_UPWARD, FE_DOWNWARD, FE_TOWARDZERO };
    static const float expected[] = { 1.0f, 0x1.000004p0f, -INFINITY, NAN, 0x1p-148f, -0.0f, 0.0f, INFINITY };
    fill_values();
    write_file(SEQUENTIAL, sequential);
    for (size_t m = 0; m < 4; m++) {
        activ_graph *g = make(NULL, 3), *before = make(NULL, 3);
        activ_message message = { "" };
        assert_int_equal(load(g, 1, &plain, &message), ACTIV_ERROR_UNSUPPORTED);
        assert_non_null(strstr(message.text, "F32"));
        assert_same(g, before);
        activ_load_options options = ACTIV_LOAD_DEFAULTS;
        options.names = &plain;
        options.name_count = 1;
        options.convert = 1;
        assert_int_equal(fesetround(modes[m]), 0);
        const activ_status status = activ_checkpoint_load_params_ex(g, path, &options, &message);
        assert_int_equal(fegetround(), modes[m]);
        assert_int_equal(fesetround(FE_TONEAREST), 0);
        if (status != ACTIV_OK)
            fail_msg("%s", message.text);
        const float *p = activ_graph_params(g);
        for (int i = 0; i < 20; i++) {
            const float rounded = i < 8 ? expected[i] : (float)wide[i];
            if (rounded != rounded)
                assert_true(p[i] != p[i]);
            else
                assert_memory_equal(&p[i], &rounded, sizeof rounded);
        }
        assert_memory_equal(activ_graph_buffers(g), narrow, 4 * sizeof narrow[0]);
        assert_memory_equal(p + 24, narrow + 1, 4 * sizeof narrow[0]);
        activ_graph_destroy(g);
        activ_graph_destroy(before);
    }
    unlink(path);
}

/* float16 and bfloat16, as float32 exactly: every one of their numbers, from every address. */
static void test_halves(void **state)
{
    (void)state;
    enum { WIDTH = 256, BATCH = 1 };
    static uint16_t halves[WIDTH * WIDTH], biases[WIDTH];
    static float expected[WIDTH * WIDTH + WIDTH];
    static const struct {
        activ_dtype dtype;
        const char *name;
    } types[] = { { ACTIV_FLOAT16, "F16" }, { ACTIV_BFLOAT16, "BF16" } };
    for (size_t i = 0; i < WIDTH * WIDTH; i++)
        halves[i] = (uint16_t)i;
    for (size_t i = 0; i < WIDTH; i++)
        biases[i] = (uint16_t)(0x3c00 + i);
    for (size_t t = 0; t < 2; t++)
        for (size_t shift = 0; shift < 4; shift++) { /* other writers do not align the data */
            const activ_tensor_name rule = { "layers.0.", "" };
            char header[512];
            const size_t weights = 2 * WIDTH * WIDTH + shift, end = weights + 2 * WIDTH;
            const int length = snprintf(header, sizeof header,
                                        "{\"odd\":{\"dtype\":\"U8\",\"shape\":[%zu],\"data_offsets\":[0,%zu]},"
                                        "\"weight\":{\"dtype\":\"%s\",\"shape\":[%d,%d],\"data_offsets\":[%zu,%zu]},"
                                        "\"bias\":{\"dtype\":\"%s\",\"shape\":[%d],\"data_offsets\":[%zu,%zu]}}",
                                        shift, shift, types[t].name, WIDTH, WIDTH, shift, weights, types[1 - t].name,
                                        WIDTH, weights, end);
            const unsigned char prefix[8] = { (unsigned char)(length & 255), (unsigned char)(length >> 8) };
            FILE *file = fopen(path, "wb");
            assert_non_null(file);
            assert_int_equal(fwrite(prefix, 1, 8, file), 8);
            assert_int_equal(fwrite(header, 1, (size_t)length, file), length);
            assert_int_equal(fwrite("odd", 1, shift, file), shift);
            assert_int_equal(fwrite(halves, 2, WIDTH * WIDTH, file), WIDTH * WIDTH);
            assert_int_equal(fwrite(biases, 2, WIDTH, file), WIDTH);
            assert_int_equal(fclose(file), 0);
            activ_graph *g = NULL;
            assert_int_equal(activ_graph_create(NULL, &g), ACTIV_OK);
            activ_graph_linear(g, activ_graph_input(g, WIDTH), WIDTH);
            assert_int_equal(activ_graph_compile(g, BATCH), ACTIV_OK);
            assert_int_equal(activ_graph_init(g, 3), ACTIV_OK);
            memcpy(expected, activ_graph_params(g), sizeof expected);
            activ_load_options options = ACTIV_LOAD_DEFAULTS;
            options.names = &rule;
            options.name_count = 1;
            options.partial = 1;
            activ_message message = { "" };
            char words[96];
            snprintf(words, sizeof words, "tensor 'weight' is of type %s, not F32; ", types[t].name);
            assert_int_equal(activ_checkpoint_load_params_ex(g, path, &options, &message), ACTIV_ERROR_UNSUPPORTED);
            if (!strstr(message.text, words) || !strstr(message.text, "option convert"))
                fail_msg("'%s'", message.text);
            assert_memory_equal(activ_graph_params(g), expected, sizeof expected);
            options.convert = 1;
            if (activ_checkpoint_load_params_ex(g, path, &options, &message) != ACTIV_OK)
                fail_msg("'%s'", message.text);
            assert_int_equal(activ_convert(WIDTH * WIDTH, types[t].dtype, halves, ACTIV_FLOAT32, expected), ACTIV_OK);
            assert_int_equal(activ_convert(WIDTH, types[1 - t].dtype, biases, ACTIV_FLOAT32, expected + WIDTH * WIDTH),
                             ACTIV_OK);
            assert_memory_equal(activ_graph_params(g), expected, sizeof expected);
            activ_graph_destroy(g);
        }
    unlink(path);
}

static void test_other_types(void **state)
{
    (void)state;
    static const int32_t whole[4] = { 1, 2, 3, 4 };
    fill_values();
    for (int convert = 0; convert < 2; convert++) {
        other_tensor t[SEQUENTIAL];
        memcpy(t, sequential, sizeof t);
        t[1].dtype = ACTIV_INT32;
        t[1].data = whole;
        write_file(SEQUENTIAL, t);
        activ_graph *g = make(NULL, 3), *before = make(NULL, 3);
        activ_message message = { "" };
        activ_load_options options = ACTIV_LOAD_DEFAULTS;
        options.names = &plain;
        options.name_count = 1;
        options.convert = convert;
        options.partial = 1;
        assert_int_equal(activ_checkpoint_load_params_ex(g, path, &options, &message), ACTIV_ERROR_UNSUPPORTED);
        assert_non_null(strstr(message.text, convert ? "'0.bias' is of type I32, not F32" : "0.weight"));
        assert_int_equal(strstr(message.text, "option convert") == NULL, convert);
        assert_same(g, before);
        activ_graph_destroy(g);
        activ_graph_destroy(before);
    }
    unlink(path);
}

/* PyTorch's counter of steps is known by its neighbour, whatever the rules make of that one's name. */
static void test_counter_under_long_names(void **state)
{
    (void)state;
    static char prefix[2000], names[SEQUENTIAL][2100];
    fill_values();
    for (size_t length = 0; length < sizeof prefix; length += length < 990 ? 330 : length < 1030 ? 1 : 300) {
        memset(prefix, 'x', length);
        prefix[length] = '\0';
        other_tensor t[SEQUENTIAL];
        memcpy(t, sequential, sizeof t);
        for (size_t i = 0; i < SEQUENTIAL; i++) {
            snprintf(names[i], sizeof names[i], "%s%s", prefix, sequential[i].name);
            t[i].name = names[i];
        }
        write_file(SEQUENTIAL, t);
        const activ_tensor_name rule = { "layers.", prefix };
        activ_load_options options = ACTIV_LOAD_DEFAULTS;
        options.names = &rule;
        options.name_count = 1;
        options.convert = 1;
        activ_graph *g = make(NULL, 3);
        activ_message message = { "" };
        if (activ_checkpoint_load_params_ex(g, path, &options, &message) != ACTIV_OK)
            fail_msg("%zu bytes: %.200s", length, message.text);
        activ_graph_destroy(g);
    }
    unlink(path);
}

/* ---- only some --------------------------------------------------------------------------------- */

typedef struct left_text {
    char text[1024];
} left_text;

static void note_left(void *user, int32_t what, const char *name)
{
    char *text = ((left_text *)user)->text;
    const size_t length = strlen(text);
    snprintf(text + length, sizeof(left_text) - length, "%s%s; ",
             what == ACTIV_LEFT_MISSING  ? "missing "
             : what == ACTIV_LEFT_UNUSED ? "unused "
                                         : "? ",
             name);
}

static void test_partial(void **state)
{
    (void)state;
    const other_tensor some[] = {
        { "0.weight", ACTIV_FLOAT32, 4, 5, narrow },           { "1.running_var", ACTIV_FLOAT32, 4, 0, narrow + 9 },
        { "1.num_batches_tracked", ACTIV_INT64, 1, 0, steps }, { "4.weight", ACTIV_INT32, 3, 4, narrow },
        { "layers.3.bias", ACTIV_FLOAT32, 3, 0, narrow },      { "9.num_batches_tracked", ACTIV_INT64, 1, 0, steps },
    };
    fill_values();
    write_file(6, some);
    activ_graph *g = make(NULL, 3), *before = make(NULL, 3);
    activ_message message = { "" };
    left_text left = { "" };
    activ_load_options options = ACTIV_LOAD_DEFAULTS;
    options.names = &plain;
    options.name_count = 1;
    options.left = note_left;
    options.user = &left;
    /* Strict: nothing is loaded, and nothing is told. */
    assert_int_equal(activ_checkpoint_load_params_ex(g, path, &options, &message), ACTIV_ERROR_FORMAT);
    assert_string_equal(left.text, "");
    assert_same(g, before);

    options.partial = 1;
    if (activ_checkpoint_load_params_ex(g, path, &options, &message) != ACTIV_OK)
        fail_msg("%s", message.text);
    assert_string_equal(left.text,
                        "missing layers.0.bias; missing layers.1.weight; missing layers.1.bias; missing "
                        "layers.2.weight; missing layers.3.weight; missing layers.3.bias; missing "
                        "layers.1.running_mean; unused 9.num_batches_tracked; unused layers.3.bias; unused 4.weight; ");
    assert_memory_equal(activ_graph_params(g), narrow, 20 * sizeof narrow[0]);
    assert_memory_equal(activ_graph_params(g) + 20, activ_graph_params(before) + 20,
                        (activ_graph_param_count(g) - 20) * sizeof(float));
    assert_memory_equal(activ_graph_buffers(g), activ_graph_buffers(before), 4 * sizeof(float));
    assert_memory_equal(activ_graph_buffers(g) + 4, narrow + 9, 4 * sizeof(float));
    activ_graph_destroy(g);

    /* Without initial values some weights are 0 by nobody's will: such a network is not trained. */
    const float x[5] = { 1, 2, 3, 4, 5 };
    const int32_t label = 1;
    options.left = NULL;
    g = make(NULL, 0);
    assert_int_equal(activ_checkpoint_load_params_ex(g, path, &options, &message), ACTIV_OK);
    float xs[10];
    memcpy(xs, x, sizeof x);
    memcpy(xs + 5, x, sizeof x);
    const int32_t labels[2] = { label, label };
    assert_int_equal(activ_graph_train(g, 2, xs, labels, NULL), ACTIV_ERROR_STATE);
    assert_int_equal(activ_graph_init(g, 1), ACTIV_OK);
    assert_int_equal(activ_checkpoint_load_params_ex(g, path, &options, &message), ACTIV_OK);
    assert_int_equal(activ_graph_train(g, 2, xs, labels, NULL), ACTIV_OK);
    activ_graph_destroy(g);
    activ_graph_destroy(before);

    /* A shape that is not the network's is an error all the same. */
    const other_tensor turned[] = { { "0.bias", ACTIV_FLOAT32, 4, 0, narrow },
                                    { "0.weight", ACTIV_FLOAT32, 5, 4, narrow } };
    write_file(2, turned);
    g = make(NULL, 3), before = make(NULL, 3);
    assert_int_equal(activ_checkpoint_load_params_ex(g, path, &options, &message), ACTIV_ERROR_SHAPE);
    assert_non_null(strstr(message.text, "0.weight"));
    assert_same(g, before);
    activ_graph_destroy(g);
    activ_graph_destroy(before);
    unlink(path);
}

/* The optimiser's arrays in a training checkpoint are nobody's to report. */
static void test_training_file(void **state)
{
    (void)state;
    activ_graph *g = make(NULL, 3), *other = make(NULL, 0);
    activ_optimizer *o = NULL;
    left_text left = { "" };
    activ_load_options options = ACTIV_LOAD_DEFAULTS;
    options.left = note_left;
    options.user = &left;
    assert_int_equal(activ_adamw_create(g, NULL, &o), ACTIV_OK);
    assert_int_equal(activ_checkpoint_save_training(g, o, path, NULL), ACTIV_OK);
    for (options.partial = 0; options.partial < 2; options.partial++) {
        assert_int_equal(activ_checkpoint_load_params_ex(other, path, &options, NULL), ACTIV_OK);
        assert_string_equal(left.text, "");
        assert_same(g, other);
    }
    activ_optimizer_destroy(o);
    activ_graph_destroy(g);
    activ_graph_destroy(other);
    unlink(path);
}

/* ---- options ----------------------------------------------------------------------------------- */

typedef struct newer_options {
    activ_load_options known;
    size_t unknown;
} newer_options;

static void test_options(void **state)
{
    (void)state;
    activ_graph *g = make(NULL, 3), *loose = NULL;
    activ_message message = { "" };
    assert_int_equal(activ_checkpoint_save_params(g, path, 0, NULL, &message), ACTIV_OK);
    assert_int_equal(activ_checkpoint_load_params_ex(g, path, NULL, &message), ACTIV_OK);

    activ_load_options o = ACTIV_LOAD_DEFAULTS;
    o.partial = 2;
    assert_int_equal(activ_checkpoint_load_params_ex(g, path, &o, &message), ACTIV_ERROR_RANGE);
    o.partial = 0;
    o.convert = -1;
    assert_int_equal(activ_checkpoint_load_params_ex(g, path, &o, &message), ACTIV_ERROR_RANGE);
    o.convert = 0;
    o.size = 0;
    assert_int_equal(activ_checkpoint_load_params_ex(g, path, &o, &message), ACTIV_ERROR_INVALID);
    o.size = offsetof(activ_load_options, partial); /* an older caller's */
    o.partial = 77;
    assert_int_equal(activ_checkpoint_load_params_ex(g, path, &o, &message), ACTIV_OK);
    newer_options newer = { ACTIV_LOAD_DEFAULTS, 0 };
    newer.known.size = sizeof newer;
    assert_int_equal(activ_checkpoint_load_params_ex(g, path, &newer.known, &message), ACTIV_OK);
    newer.unknown = 1;
    assert_int_equal(activ_checkpoint_load_params_ex(g, path, &newer.known, &message), ACTIV_ERROR_UNSUPPORTED);

    assert_int_equal(activ_checkpoint_load_params_ex(NULL, path, NULL, &message), ACTIV_ERROR_INVALID);
    assert_int_equal(activ_checkpoint_load_params_ex(g, NULL, NULL, &message), ACTIV_ERROR_INVALID);
    assert_int_equal(activ_graph_create(NULL, &loose), ACTIV_OK);
    (void)activ_graph_linear(loose, activ_graph_input(loose, 5), 4);
    assert_int_equal(activ_checkpoint_load_params_ex(loose, path, NULL, &message), ACTIV_ERROR_STATE);
    assert_int_equal(activ_checkpoint_save_params(loose, path, 0, NULL, &message), ACTIV_ERROR_STATE);
    activ_graph_destroy(loose);
    activ_graph_destroy(g);
    unlink(path);
}

/* Each allocation fails in turn: a status, no leak, the graph as it was, no file. */
static void test_out_of_memory(void **state)
{
    (void)state;
    fill_values();
    size_t failures = 0;
    for (int saves = 0; saves < 2; saves++) {
        if (!saves)
            write_file(SEQUENTIAL, sequential);
        activ_status status = ACTIV_ERROR_OUT_OF_MEMORY;
        for (size_t n = 1; status != ACTIV_OK; n++) {
            test_memory memory = { 0 };
            activ_context *context = test_memory_context(&memory);
            assert_non_null(context);
            activ_graph *g = make(context, 3), *before = make(NULL, 3);
            activ_load_options options = ACTIV_LOAD_DEFAULTS;
            options.names = &plain;
            options.name_count = 1;
            options.convert = 1;
            memory.fail_at = memory.calls + n;
            status = saves ? activ_checkpoint_save_params(g, path, 1, &plain, NULL)
                           : activ_checkpoint_load_params_ex(g, path, &options, NULL);
            if (status != ACTIV_OK) {
                assert_int_equal(status, ACTIV_ERROR_OUT_OF_MEMORY);
                assert_same(g, before);
                if (saves)
                    assert_int_equal(access(path, F_OK), -1);
                failures++;
            }
            activ_graph_destroy(g);
            activ_graph_destroy(before);
            activ_context_destroy(context);
            assert_int_equal(memory.live, 0);
            assert_int_equal(memory.mistakes, 0);
        }
        unlink(path);
    }
    assert_true(failures >= 6);
}

static void test_tensors_are_all(void **state)
{
    (void)state;
    activ_graph *g = make(NULL, 3);
    activ_graph_tensor_info info = ACTIV_GRAPH_TENSOR_INFO_INIT;
    const size_t params = activ_graph_param_tensor_count(g), buffers = activ_graph_buffer_tensor_count(g);
    assert_int_equal(params + buffers, TENSORS);
    for (size_t i = 0; i < params; i++) {
        assert_int_equal(activ_graph_param_tensor_info(g, i, &info), ACTIV_OK);
        assert_string_equal(info.name, tensors[i]);
    }
    for (size_t i = 0; i < buffers; i++) {
        assert_int_equal(activ_graph_buffer_tensor_info(g, i, &info), ACTIV_OK);
        assert_string_equal(info.name, tensors[params + i]);
    }
    activ_graph_destroy(g);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_tensors_are_all), cmocka_unit_test(test_rules),
        cmocka_unit_test(test_wrong_rules),     cmocka_unit_test(test_halves),
        cmocka_unit_test(test_float64),         cmocka_unit_test(test_other_types),
        cmocka_unit_test(test_partial),         cmocka_unit_test(test_training_file),
        cmocka_unit_test(test_options),         cmocka_unit_test(test_counter_under_long_names),
        cmocka_unit_test(test_out_of_memory),
    };
    return cmocka_run_group_tests(tests, make_directory, remove_directory);
}
