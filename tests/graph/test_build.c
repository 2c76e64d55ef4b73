/* Building graphs: the first mistake is remembered and named, names, what a graph tells of itself. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "activ/fn.h"
#include "activ/graph.h"
#include "activ/optim.h"
#include "graph/zoo.h"

static activ_graph *create(void)
{
    activ_graph *g = NULL;
    assert_int_equal(activ_graph_create(NULL, &g), ACTIV_OK);
    return g;
}

static activ_fn *function(const char *spec)
{
    activ_fn *fn = NULL;
    assert_int_equal(activ_fn_create(NULL, spec, &fn), ACTIV_OK);
    return fn;
}

static activ_node apply(activ_graph *g, activ_node x, const char *spec)
{
    activ_fn *fn = function(spec);
    activ_node node = activ_graph_apply(g, x, fn);
    activ_fn_destroy(fn);
    return node;
}

/* The graph failed with this status; its message holds all of these pieces. Destroys it. */
static void assert_failed(activ_graph *g, activ_status status, const char *a, const char *b, const char *c)
{
    const char *pieces[3] = { a, b, c };
    assert_int_equal(activ_graph_compile(g, 4), status);
    for (int i = 0; i < 3; i++)
        if (!strstr(activ_graph_error(g), pieces[i]))
            fail_msg("'%s' is missing in: %s", pieces[i], activ_graph_error(g));
    assert_int_equal(activ_graph_max_batch(g), 0);
    activ_graph_destroy(g);
}

static void test_shapes(void **state)
{
    (void)state;
    const size_t square[2] = { 3, 4 };
    activ_graph *g = create();
    activ_node x = activ_graph_input_shape(g, 2, square);
    assert_true(activ_graph_linear(g, x, 5) < 0);
    assert_failed(g, ACTIV_ERROR_SHAPE, "layers.0", "input", "(3, 4)");

    g = create();
    x = activ_graph_input(g, 7);
    activ_node a = activ_graph_linear(g, x, 5), b = activ_graph_linear(g, x, 6);
    assert_true(activ_graph_add(g, a, b) < 0);
    assert_failed(g, ACTIV_ERROR_SHAPE, "layers.2", "layers.0 has shape (5)", "layers.1 has shape (6)");

    /* As many values are not the same shape. */
    g = create();
    x = activ_graph_input_shape(g, 2, square);
    assert_true(activ_graph_add(g, x, activ_graph_flatten(g, x)) < 0);
    assert_failed(g, ACTIV_ERROR_SHAPE, "(3, 4)", "(12)", "flatten");

    g = create();
    assert_true(activ_graph_cross_entropy(g, apply(g, activ_graph_input_shape(g, 2, square), "relu")) < 0);
    assert_failed(g, ACTIV_ERROR_SHAPE, "cross_entropy", "layers.0", "(3, 4)");

    /* Mean squared error takes any shape. */
    g = create();
    assert_true(activ_graph_mse(g, apply(g, activ_graph_input_shape(g, 2, square), "relu")) >= 0);
    assert_int_equal(activ_graph_compile(g, 4), ACTIV_OK);
    activ_graph_destroy(g);

    /* multiply as add; concat along an axis that there is, all other dimensions equal. */
    g = create();
    x = activ_graph_input(g, 7);
    assert_true(activ_graph_multiply(g, x, activ_graph_linear(g, x, 6)) < 0);
    assert_failed(g, ACTIV_ERROR_SHAPE, "layers.1 (multiply)", "input has shape (7)", "layers.0 has shape (6)");
    static const int32_t axes[] = { 2, -3, INT32_MAX, INT32_MIN };
    for (size_t i = 0; i < sizeof axes / sizeof axes[0]; i++) {
        g = create();
        x = activ_graph_input_shape(g, 2, square);
        assert_true(activ_graph_concat(g, x, x, axes[i]) < 0);
        assert_failed(g, ACTIV_ERROR_SHAPE, "layers.0 (concat)", "axis", "input has shape (3, 4)");
    }
    g = create();
    x = activ_graph_input_shape(g, 2, square);
    b = activ_graph_concat(g, x, x, 0);
    activ_node_info info = ACTIV_NODE_INFO_INIT;
    assert_int_equal(activ_graph_node_info(g, b, &info), ACTIV_OK);
    assert_true(info.ndim == 2 && info.shape[0] == 6 && info.shape[1] == 4);
    a = activ_graph_concat(g, x, activ_graph_concat(g, x, x, -1), 1);
    assert_int_equal(activ_graph_node_info(g, a, &info), ACTIV_OK);
    assert_true(info.ndim == 2 && info.shape[0] == 3 && info.shape[1] == 12);
    assert_true(activ_graph_concat(g, b, x, 0) >= 0);
    assert_true(activ_graph_concat(g, b, x, 1) < 0);
    assert_failed(g, ACTIV_ERROR_SHAPE, "layers.4 (concat)", "layers.0 has shape (6, 4)", "input has shape (3, 4)");
    g = create();
    x = activ_graph_input_shape(g, 2, square);
    assert_true(activ_graph_concat(g, x, activ_graph_flatten(g, x), 0) < 0);
    assert_failed(g, ACTIV_ERROR_SHAPE, "(3, 4)", "(12)", "concat");
    /* Of many inputs the message names the first and the one that does not fit. */
    g = create();
    x = activ_graph_input_shape(g, 2, square);
    b = activ_graph_concat(g, x, x, 0);
    assert_true(activ_graph_concat_many(g, 5, (activ_node[]){ x, b, x, b, b }, 0) >= 0);
    assert_true(activ_graph_concat_many(g, 4, (activ_node[]){ x, x, b, x }, 1) < 0);
    assert_failed(g, ACTIV_ERROR_SHAPE, "layers.2 (concat)", "input has shape (3, 4)", "layers.0 has shape (6, 4)");
    for (size_t count = 0; count < 2; count++) {
        g = create();
        activ_graph_input(g, 3);
        assert_true(activ_graph_concat_many(g, count, NULL, 0) < 0);
        assert_failed(g, ACTIV_ERROR_INVALID, "concat", "one input or more", "");
    }
    g = create();
    x = activ_graph_input(g, 3);
    assert_true(activ_graph_concat_many(g, 3, (activ_node[]){ x, x, x + 1 }, 0) < 0);
    assert_failed(g, ACTIV_ERROR_INVALID, "concat", "not a node of this graph", "");

    /* A layer's own name is in the message, not only its number. */
    g = create();
    a = activ_graph_linear(g, activ_graph_input(g, 7), 5);
    assert_int_equal(activ_graph_set_name(g, a, "encoder"), ACTIV_OK);
    assert_true(activ_graph_add(g, a, 0) < 0);
    assert_failed(g, ACTIV_ERROR_SHAPE, "encoder has shape (5)", "input has shape (7)", "add");
}

/* Memory up to 16 MiB: malloc itself may grant, or stop the program for, absurd sizes. */
static void *small_alloc(void *user, size_t bytes, size_t alignment)
{
    (void)user;
    return bytes <= (size_t)16 << 20 ? aligned_alloc(alignment, (bytes + alignment - 1) / alignment * alignment) : NULL;
}

static void small_free(void *user, void *memory, size_t bytes)
{
    (void)user;
    (void)bytes;
    free(memory);
}

static void test_sizes(void **state)
{
    (void)state;
    activ_graph *g = create();
    assert_true(activ_graph_input(g, 0) < 0);
    assert_failed(g, ACTIV_ERROR_RANGE, "input", "0", "");
    g = create();
    assert_true(activ_graph_linear(g, activ_graph_input(g, 3), 0) < 0);
    assert_failed(g, ACTIV_ERROR_RANGE, "layers.0", "linear", "0");
    g = create();
    assert_true(activ_graph_input(g, SIZE_MAX) < 0);
    assert_failed(g, ACTIV_ERROR_RANGE, "input", "overflow", "");
    g = create();
    assert_true(activ_graph_linear(g, activ_graph_input(g, (size_t)1 << 40), (size_t)1 << 40) < 0);
    assert_failed(g, ACTIV_ERROR_RANGE, "layers.0", "overflow", "");
    const size_t shape[8] = { 1, 1, 1, 1, 1, 1, 1, 1 };
    g = create();
    assert_true(activ_graph_input_shape(g, 8, shape) < 0);
    assert_failed(g, ACTIV_ERROR_RANGE, "input", "dimensions", "");
    g = create();
    assert_true(activ_graph_input_shape(g, 0, shape) < 0);
    assert_failed(g, ACTIV_ERROR_RANGE, "input", "dimensions", "");
    g = create();
    assert_true(activ_graph_input_shape(g, 2, NULL) < 0);
    assert_true(activ_graph_compile(g, 1) != ACTIV_OK);
    activ_graph_destroy(g);
    g = create();
    activ_graph_mse(g, apply(g, activ_graph_input_shape(g, 7, shape), "relu"));
    assert_int_equal(activ_graph_compile(g, 1), ACTIV_OK);
    activ_graph_destroy(g);

    /* Batches that overflow, and one that nobody has the memory for. */
    const activ_allocator allocator = { .size = sizeof allocator, .alloc = small_alloc, .free = small_free };
    activ_context_options options = { .size = sizeof options, .allocator = &allocator };
    activ_context *context = NULL;
    assert_int_equal(activ_context_create(&options, &context), ACTIV_OK);
    static const size_t batches[] = { SIZE_MAX, SIZE_MAX / 2, SIZE_MAX / 4, SIZE_MAX / 16, (size_t)1 << 55 };
    for (size_t i = 0; i < sizeof batches / sizeof batches[0]; i++) {
        assert_int_equal(activ_graph_create(context, &g), ACTIV_OK);
        activ_graph_mse(g, activ_graph_linear(g, activ_graph_input(g, 3), 5));
        activ_status status = activ_graph_compile(g, batches[i]);
        assert_true(status == ACTIV_ERROR_RANGE || status == ACTIV_ERROR_OUT_OF_MEMORY);
        assert_true(activ_graph_error(g)[0] != '\0');
        activ_graph_destroy(g);
    }
    activ_context_destroy(context);
    g = create();
    activ_graph_mse(g, activ_graph_linear(g, activ_graph_input(g, 3), 5));
    assert_int_equal(activ_graph_compile(g, 0), ACTIV_OK);
    float x[3] = { 1, 2, 3 }, y[5];
    assert_int_equal(activ_graph_forward(g, 1, x, y), ACTIV_ERROR_STATE);
    assert_non_null(strstr(activ_graph_error(g), "predictions"));
    assert_null(activ_graph_grads(g));
    activ_graph_destroy(g);
}

static void test_dropout(void **state)
{
    (void)state;
    static const float bad[] = { -0.1f, 1.1f, -INFINITY, INFINITY, NAN };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        activ_graph *g = create();
        assert_true(activ_graph_dropout(g, activ_graph_input(g, 3), bad[i]) < 0);
        assert_failed(g, ACTIV_ERROR_RANGE, "layers.0 (dropout)", "p", "0 to 1");
    }
    activ_graph *g = create();
    activ_node_info info = ACTIV_NODE_INFO_INIT;
    assert_int_equal(activ_graph_node_info(g, activ_graph_dropout(g, activ_graph_input(g, 3), 0.1f), &info), ACTIV_OK);
    assert_true(info.param_count == 0 && info.buffer_count == 0 && info.shape[0] == 3);
    activ_graph_destroy(g);
}

static void test_norm_options(void **state)
{
    (void)state;
    const size_t shape[3] = { 3, 4, 5 };
    static const float bad_eps[] = { 0.0f, -1e-5f, INFINITY, NAN }, bad_momentum[] = { -0.1f, 1.5f, INFINITY, NAN };
    for (size_t i = 0; i < 8; i++) {
        activ_norm_options options = ACTIV_NORM_DEFAULTS;
        const char *name = i < 4 ? "eps" : "momentum";
        *(i < 4 ? &options.eps : &options.momentum) = i < 4 ? bad_eps[i] : bad_momentum[i - 4];
        activ_graph *g = create();
        assert_true(activ_graph_batch_norm(g, activ_graph_input(g, 3), &options) < 0);
        assert_failed(g, ACTIV_ERROR_RANGE, "layers.0 (batch_norm)", name, "");
        g = create();
        assert_true(activ_graph_layer_norm(g, activ_graph_input(g, 3), 0, &options) < 0);
        assert_failed(g, ACTIV_ERROR_RANGE, "layers.0 (layer_norm)", name, "");
    }
    activ_norm_options options = { .size = 1 };
    activ_graph *g = create();
    assert_true(activ_graph_batch_norm(g, activ_graph_input(g, 3), &options) < 0);
    assert_failed(g, ACTIV_ERROR_INVALID, "layers.0 (batch_norm)", "size", "");
    static const int32_t axes[] = { 3, -4, INT32_MAX, INT32_MIN };
    for (size_t i = 0; i < sizeof axes / sizeof axes[0]; i++) {
        g = create();
        assert_true(activ_graph_layer_norm(g, activ_graph_input_shape(g, 3, shape), axes[i], NULL) < 0);
        assert_failed(g, ACTIV_ERROR_SHAPE, "layers.0 (layer_norm)", "axis", "input has shape (3, 4, 5)");
    }
    activ_node_info info = ACTIV_NODE_INFO_INIT;
    g = create();
    activ_node x = activ_graph_input_shape(g, 3, shape);
    options = (activ_norm_options){ .size = sizeof options, .eps = 0.5f, .momentum = 1.0f };
    assert_int_equal(activ_graph_node_info(g, activ_graph_batch_norm(g, x, NULL), &info), ACTIV_OK);
    assert_true(info.ndim == 3 && info.param_count == 6 && info.buffer_count == 6);
    assert_int_equal(activ_graph_node_info(g, activ_graph_batch_norm(g, x, &options), &info), ACTIV_OK);
    assert_true(info.first_param == 6 && info.first_buffer == 6 && info.multiply_adds == 0);
    assert_int_equal(activ_graph_node_info(g, activ_graph_layer_norm(g, x, -2, NULL), &info), ACTIV_OK);
    assert_true(info.param_count == 40 && info.first_param == 12);
    assert_true(info.buffer_count == 0 && info.multiply_adds == 0);
    activ_graph_destroy(g);
}

/* Buffers: their names, places and shapes, apart from the parameters. */
static void test_buffers(void **state)
{
    (void)state;
    const size_t shape[2] = { 3, 4 };
    activ_graph *g = create();
    activ_node x = activ_graph_input_shape(g, 2, shape);
    activ_node a = activ_graph_batch_norm(g, x, NULL), h = activ_graph_linear(g, activ_graph_flatten(g, a), 5);
    activ_node b = activ_graph_batch_norm(g, h, NULL);
    assert_int_equal(activ_graph_set_name(g, b, "last"), ACTIV_OK);
    assert_null(activ_graph_buffers(g));
    const struct {
        const char *name;
        size_t offset, count;
        activ_node node;
    } expected[] = {
        { "layers.0.running_mean", 0, 3, a },
        { "layers.0.running_var", 3, 3, a },
        { "last.running_mean", 6, 5, b },
        { "last.running_var", 11, 5, b },
    };
    assert_int_equal(activ_graph_buffer_tensor_count(g), 4);
    assert_int_equal(activ_graph_buffer_count(g), 16);
    assert_int_equal(activ_graph_param_tensor_count(g), 6);
    assert_int_equal(activ_graph_param_count(g), 6 + 65 + 10);
    activ_graph_tensor_info info = ACTIV_GRAPH_TENSOR_INFO_INIT;
    for (size_t i = 0; i < 4; i++) {
        assert_int_equal(activ_graph_buffer_tensor_info(g, i, &info), ACTIV_OK);
        assert_string_equal(info.name, expected[i].name);
        assert_int_equal(info.offset, expected[i].offset);
        assert_int_equal(info.count, expected[i].count);
        assert_true(info.ndim == 1 && info.shape[0] == expected[i].count);
        assert_int_equal(info.node, expected[i].node);
    }
    assert_int_equal(activ_graph_buffer_tensor_info(g, 4, &info), ACTIV_ERROR_RANGE);
    assert_int_equal(activ_graph_buffer_tensor_info(g, 0, NULL), ACTIV_ERROR_INVALID);
    activ_graph_mse(g, b);
    assert_int_equal(activ_graph_compile(g, 2), ACTIV_OK);
    for (size_t i = 0; i < 16; i++)
        assert_true(activ_graph_buffers(g)[i] == 0.0f);
    activ_graph_destroy(g);
}

/* Each layer's parameters lie together, one layer's after the other's. */
static void test_ranges(void **state)
{
    (void)state;
    activ_graph *g = zoo_create(NULL, 1, 5);
    size_t params = 0, buffers = 0;
    for (size_t i = 0; i < activ_graph_node_count(g); i++) {
        activ_node_info info = ACTIV_NODE_INFO_INIT;
        assert_int_equal(activ_graph_node_info(g, (activ_node)i, &info), ACTIV_OK);
        for (size_t t = 0; t < activ_graph_param_tensor_count(g); t++) {
            activ_graph_tensor_info tensor = ACTIV_GRAPH_TENSOR_INFO_INIT;
            assert_int_equal(activ_graph_param_tensor_info(g, t, &tensor), ACTIV_OK);
            int inside = tensor.offset >= info.first_param &&
                         tensor.offset + tensor.count <= info.first_param + info.param_count;
            assert_int_equal(inside, tensor.node == (activ_node)i);
        }
        assert_int_equal(info.first_param, info.param_count > 0 ? params : 0);
        assert_int_equal(info.first_buffer, info.buffer_count > 0 ? buffers : 0);
        params += info.param_count;
        buffers += info.buffer_count;
    }
    assert_int_equal(params, activ_graph_param_count(g));
    assert_int_equal(buffers, activ_graph_buffer_count(g));
    activ_graph_destroy(g);
}

static void test_first_mistake(void **state)
{
    (void)state;
    activ_graph *g = create();
    assert_string_equal(activ_graph_error(g), "");
    activ_node x = activ_graph_input(g, 7);
    activ_node good = activ_graph_linear(g, x, 5);
    assert_true(activ_graph_add(g, x, good) < 0);
    char first[512];
    snprintf(first, sizeof first, "%s", activ_graph_error(g));
    assert_true(first[0] != '\0');
    /* Everything after it does nothing, good or bad. */
    size_t nodes = activ_graph_node_count(g), tensors = activ_graph_param_tensor_count(g);
    assert_true(activ_graph_linear(g, good, 5) < 0);
    assert_true(activ_graph_linear(g, -1, 5) < 0);
    assert_true(activ_graph_input(g, 0) < 0);
    assert_true(activ_graph_apply(g, x, NULL) < 0);
    assert_true(activ_graph_mse(g, x) < 0);
    assert_int_equal(activ_graph_set_name(g, good, "other"), ACTIV_ERROR_SHAPE);
    assert_int_equal(activ_graph_node_count(g), nodes);
    assert_int_equal(activ_graph_param_tensor_count(g), tensors);
    assert_int_equal(activ_graph_compile(g, 2), ACTIV_ERROR_SHAPE);
    assert_int_equal(activ_graph_compile(g, 0), ACTIV_ERROR_SHAPE);
    assert_string_equal(activ_graph_error(g), first);
    assert_null(activ_graph_params(g));
    activ_graph_destroy(g);
}

static void test_mistakes(void **state)
{
    (void)state;
    activ_graph *g = create();
    assert_failed(g, ACTIV_ERROR_STATE, "no layers", "", "");
    g = create();
    activ_graph_input(g, 3);
    assert_failed(g, ACTIV_ERROR_STATE, "no layers", "", "");

    g = create();
    activ_graph_input(g, 3);
    assert_true(activ_graph_input(g, 3) < 0);
    assert_failed(g, ACTIV_ERROR_STATE, "input", "already", "");

    static const activ_node strangers[] = { -1, 1, 2, INT32_MAX, INT32_MIN };
    for (size_t i = 0; i < sizeof strangers / sizeof strangers[0]; i++) {
        g = create();
        activ_graph_input(g, 3);
        assert_true(activ_graph_linear(g, strangers[i], 2) < 0);
        assert_failed(g, ACTIV_ERROR_INVALID, "linear", "not a node", "");
        g = create();
        activ_graph_input(g, 3);
        assert_true(activ_graph_add(g, 0, strangers[i]) < 0);
        assert_failed(g, ACTIV_ERROR_INVALID, "add", "not a node", "");
    }

    g = create();
    assert_true(activ_graph_apply(g, activ_graph_input(g, 3), NULL) < 0);
    assert_failed(g, ACTIV_ERROR_INVALID, "layers.0", "NULL", "");

    /* Sharing with what is no activation. */
    g = create();
    activ_node x = activ_graph_linear(g, activ_graph_input(g, 3), 3);
    assert_true(activ_graph_apply_shared(g, x, x) < 0);
    assert_failed(g, ACTIV_ERROR_INVALID, "layers.1", "share", "");
    g = create();
    x = activ_graph_linear(g, activ_graph_input(g, 3), 3);
    assert_true(activ_graph_apply_shared(g, x, -1) < 0);
    assert_failed(g, ACTIV_ERROR_INVALID, "layers.1", "share", "");

    /* One loss, at the end. */
    g = create();
    x = activ_graph_linear(g, activ_graph_input(g, 3), 3);
    activ_node loss = activ_graph_mse(g, x);
    assert_true(loss >= 0);
    assert_true(activ_graph_cross_entropy(g, x) < 0);
    assert_failed(g, ACTIV_ERROR_STATE, "loss", "cross_entropy", "");
    g = create();
    loss = activ_graph_mse(g, activ_graph_linear(g, activ_graph_input(g, 3), 3));
    assert_true(activ_graph_linear(g, loss, 3) < 0);
    assert_failed(g, ACTIV_ERROR_STATE, "loss", "linear", "");

    /* A mistake later than the compilation spoils nothing but the message. */
    g = create();
    x = activ_graph_linear(g, activ_graph_input(g, 3), 3);
    assert_int_equal(activ_graph_compile(g, 2), ACTIV_OK);
    assert_string_equal(activ_graph_error(g), "");
    assert_int_equal(activ_graph_compile(g, 2), ACTIV_ERROR_STATE);
    assert_non_null(strstr(activ_graph_error(g), "compiled"));
    assert_true(activ_graph_linear(g, x, 3) < 0);
    assert_int_equal(activ_graph_set_name(g, x, "late"), ACTIV_ERROR_STATE);
    float in[3] = { 1.0f, 2.0f, 3.0f }, out[3];
    assert_int_equal(activ_graph_forward(g, 1, in, out), ACTIV_OK);
    activ_graph_destroy(g);
}

static void test_null(void **state)
{
    (void)state;
    activ_node_info node = ACTIV_NODE_INFO_INIT;
    activ_graph_tensor_info tensor = ACTIV_GRAPH_TENSOR_INFO_INIT;
    const size_t shape[1] = { 3 };
    activ_fn *relu = function("relu");
    assert_int_equal(activ_graph_create(NULL, NULL), ACTIV_ERROR_INVALID);
    activ_graph_destroy(NULL);
    assert_true(activ_graph_input(NULL, 3) < 0);
    assert_true(activ_graph_input_shape(NULL, 1, shape) < 0);
    assert_true(activ_graph_flatten(NULL, 0) < 0);
    assert_true(activ_graph_linear(NULL, 0, 3) < 0);
    assert_true(activ_graph_linear_without_bias(NULL, 0, 3) < 0);
    assert_true(activ_graph_apply(NULL, 0, relu) < 0);
    assert_true(activ_graph_apply_shared(NULL, 0, 0) < 0);
    assert_true(activ_graph_add(NULL, 0, 0) < 0);
    assert_true(activ_graph_multiply(NULL, 0, 0) < 0);
    assert_true(activ_graph_concat(NULL, 0, 0, 0) < 0);
    assert_true(activ_graph_concat_many(NULL, 0, NULL, 0) < 0);
    assert_true(activ_graph_dropout(NULL, 0, 0.5f) < 0);
    assert_true(activ_graph_batch_norm(NULL, 0, NULL) < 0);
    assert_true(activ_graph_layer_norm(NULL, 0, 0, NULL) < 0);
    assert_true(activ_graph_cross_entropy(NULL, 0) < 0);
    assert_true(activ_graph_mse(NULL, 0) < 0);
    assert_int_equal(activ_graph_set_name(NULL, 0, "a"), ACTIV_ERROR_INVALID);
    assert_int_equal(activ_graph_compile(NULL, 1), ACTIV_ERROR_INVALID);
    assert_non_null(activ_graph_error(NULL));
    assert_int_equal(activ_graph_node_count(NULL), 0);
    assert_int_equal(activ_graph_param_tensor_count(NULL), 0);
    assert_int_equal(activ_graph_param_count(NULL), 0);
    assert_int_equal(activ_graph_memory_bytes(NULL, 0), 0);
    assert_int_equal(activ_graph_max_batch(NULL), 0);
    assert_int_equal(activ_graph_buffer_count(NULL), 0);
    assert_int_equal(activ_graph_buffer_tensor_count(NULL), 0);
    assert_int_equal(activ_graph_buffer_tensor_info(NULL, 0, &tensor), ACTIV_ERROR_INVALID);
    assert_null(activ_graph_buffers(NULL));
    assert_null(activ_graph_params(NULL));
    assert_null(activ_graph_grads(NULL));
    assert_int_equal(activ_graph_node_info(NULL, 0, &node), ACTIV_ERROR_INVALID);
    assert_int_equal(activ_graph_param_tensor_info(NULL, 0, &tensor), ACTIV_ERROR_INVALID);
    activ_graph *g = create();
    activ_graph_input(g, 3);
    assert_int_equal(activ_graph_set_name(g, 0, NULL), ACTIV_ERROR_INVALID);
    assert_int_equal(activ_graph_node_info(g, 0, NULL), ACTIV_ERROR_INVALID);
    assert_int_equal(activ_graph_node_info(g, 1, &node), ACTIV_ERROR_RANGE);
    assert_int_equal(activ_graph_node_info(g, -1, &node), ACTIV_ERROR_RANGE);
    assert_int_equal(activ_graph_param_tensor_info(g, 0, NULL), ACTIV_ERROR_INVALID);
    assert_int_equal(activ_graph_param_tensor_info(g, 0, &tensor), ACTIV_ERROR_RANGE);
    activ_graph_destroy(g);
    activ_fn_destroy(relu);
}

/* ---- names ------------------------------------------------------------------------------- */

static const char *name_of(const activ_graph *g, activ_node node)
{
    activ_node_info info = ACTIV_NODE_INFO_INIT;
    assert_int_equal(activ_graph_node_info(g, node, &info), ACTIV_OK);
    return info.name;
}

static const char *tensor_name(const activ_graph *g, size_t index)
{
    activ_graph_tensor_info info = ACTIV_GRAPH_TENSOR_INFO_INIT;
    assert_int_equal(activ_graph_param_tensor_info(g, index, &info), ACTIV_OK);
    return info.name;
}

static void test_names(void **state)
{
    (void)state;
    activ_graph *g = create();
    activ_node x = activ_graph_input(g, 6);
    activ_node a = activ_graph_linear(g, x, 6), f = activ_graph_flatten(g, a), r = apply(g, f, "prelu");
    activ_node sum = activ_graph_add(g, r, x), b = activ_graph_linear_without_bias(g, sum, 2);
    activ_node loss = activ_graph_mse(g, b);
    assert_string_equal(name_of(g, x), "input");
    assert_string_equal(name_of(g, a), "layers.0");
    assert_string_equal(name_of(g, f), "flatten");
    assert_string_equal(name_of(g, r), "layers.1");
    assert_string_equal(name_of(g, sum), "layers.2");
    assert_string_equal(name_of(g, b), "layers.3");
    assert_string_equal(name_of(g, loss), "mse");
    assert_int_equal(activ_graph_param_tensor_count(g), 4);
    assert_string_equal(tensor_name(g, 0), "layers.0.weight");
    assert_string_equal(tensor_name(g, 1), "layers.0.bias");
    assert_string_equal(tensor_name(g, 2), "layers.1.weight");
    assert_string_equal(tensor_name(g, 3), "layers.3.weight");

    /* A new name is that of the tensors too; an old one is free again. */
    const char *longest = "abcdefghijklmnopqrstuvwxyz-ABCDEFGHIJKLMNOPQRSTUVWXYZ_0123456.x";
    assert_int_equal(strlen(longest), 63);
    assert_int_equal(activ_graph_set_name(g, a, longest), ACTIV_OK);
    assert_string_equal(name_of(g, a), longest);
    assert_int_equal(strncmp(tensor_name(g, 0), longest, 63), 0);
    assert_string_equal(tensor_name(g, 0) + 63, ".weight");
    assert_string_equal(tensor_name(g, 1) + 63, ".bias");
    assert_int_equal(activ_graph_set_name(g, b, "layers.0"), ACTIV_OK);
    assert_string_equal(tensor_name(g, 3), "layers.0.weight");
    assert_int_equal(activ_graph_set_name(g, a, "a"), ACTIV_OK);
    assert_int_equal(activ_graph_set_name(g, a, "a"), ACTIV_OK);
    assert_string_equal(tensor_name(g, 1), "a.bias");
    assert_int_equal(activ_graph_set_name(g, loss, "layers.7"), ACTIV_OK);
    assert_int_equal(activ_graph_compile(g, 1), ACTIV_OK);
    activ_graph_destroy(g);
}

/* Names that default ones might meet. */
static void test_unique_names(void **state)
{
    (void)state;
    activ_graph *g = create();
    activ_node x = activ_graph_input(g, 3);
    assert_int_equal(activ_graph_set_name(g, x, "layers.0"), ACTIV_OK);
    activ_node a = activ_graph_linear(g, x, 3);
    assert_int_equal(activ_graph_set_name(g, a, "layers.1"), ACTIV_OK);
    activ_node b = activ_graph_linear(g, a, 3), c = activ_graph_flatten(g, b), d = activ_graph_flatten(g, c);
    activ_graph_mse(g, activ_graph_linear(g, d, 3));
    assert_int_equal(activ_graph_compile(g, 1), ACTIV_OK);
    size_t nodes = activ_graph_node_count(g);
    for (size_t i = 0; i < nodes; i++)
        for (size_t j = 0; j < i; j++)
            assert_string_not_equal(name_of(g, (activ_node)i), name_of(g, (activ_node)j));
    for (size_t i = 0; i < activ_graph_param_tensor_count(g); i++)
        for (size_t j = 0; j < i; j++)
            assert_string_not_equal(tensor_name(g, i), tensor_name(g, j));
    activ_graph_destroy(g);
}

static void test_bad_names(void **state)
{
    (void)state;
    static const char *const names[] = {
        "",
        "a b",
        "a/b",
        "a\nb",
        "a=b",
        "a(b",
        "a,b",
        "\xc3\xa4",
        "a\"",
        " a",
        "0123456789012345678901234567890123456789012345678901234567890123",
    };
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        activ_graph *g = create();
        activ_node x = activ_graph_linear(g, activ_graph_input(g, 3), 2);
        assert_int_equal(activ_graph_set_name(g, x, names[i]), ACTIV_ERROR_INVALID);
        assert_string_equal(name_of(g, x), "layers.0");
        assert_failed(g, ACTIV_ERROR_INVALID, "layers.0", "name", "");
    }
    activ_graph *g = create();
    activ_node x = activ_graph_linear(g, activ_graph_input(g, 3), 2);
    assert_int_equal(activ_graph_set_name(g, x, "input"), ACTIV_ERROR_INVALID);
    assert_failed(g, ACTIV_ERROR_INVALID, "layers.0", "input", "");
    g = create();
    activ_graph_linear(g, activ_graph_input(g, 3), 2);
    assert_int_equal(activ_graph_set_name(g, 7, "fine"), ACTIV_ERROR_INVALID);
    assert_failed(g, ACTIV_ERROR_INVALID, "fine", "", "");
}

/* ---- what a graph tells ------------------------------------------------------------------ */

static void assert_node(const activ_graph *g, activ_node node, const char *kind, const char *spec, size_t ndim,
                        size_t first, size_t last, size_t params, size_t products, activ_node a, activ_node b)
{
    activ_node_info info = ACTIV_NODE_INFO_INIT;
    assert_int_equal(activ_graph_node_info(g, node, &info), ACTIV_OK);
    assert_int_equal(info.size, sizeof info);
    assert_string_equal(info.kind, kind);
    if (spec)
        assert_string_equal(activ_fn_spec(activ_graph_node_fn(g, node)), spec);
    else
        assert_null(activ_graph_node_fn(g, node));
    assert_int_equal(info.ndim, ndim);
    assert_int_equal(info.shape[0], first);
    assert_int_equal(info.shape[ndim - 1], last);
    assert_int_equal(info.param_count, params);
    assert_int_equal(info.multiply_adds, products);
    const activ_node inputs[] = { a, b };
    assert_int_equal(info.input_count, (a >= 0) + (b >= 0));
    for (size_t i = 0; i < info.input_count; i++)
        assert_int_equal(info.inputs[i], inputs[i]);
}

static void test_node_info(void **state)
{
    (void)state;
    const size_t shape[2] = { 3, 4 };
    activ_graph *g = create();
    activ_node x = activ_graph_input_shape(g, 2, shape), p = apply(g, x, "prelu(weight=0.5)");
    activ_node sum = activ_graph_add(g, p, x), flat = activ_graph_flatten(g, sum);
    activ_node l = activ_graph_linear(g, flat, 5), s = apply(g, l, "staf(tau=7)");
    activ_node n = activ_graph_linear_without_bias(g, s, 6), t = activ_graph_apply_shared(g, n, s);
    activ_node loss = activ_graph_cross_entropy(g, t);
    assert_int_equal(activ_graph_node_count(g), 9);
    assert_node(g, x, "input", NULL, 2, 3, 4, 0, 0, -1, -1);
    assert_node(g, p, "activation", "prelu(weight=0.5)", 2, 3, 4, 1, 0, x, -1);
    assert_node(g, sum, "add", NULL, 2, 3, 4, 0, 0, p, x);
    assert_node(g, flat, "flatten", NULL, 1, 12, 12, 0, 0, sum, -1);
    assert_node(g, l, "linear", NULL, 1, 5, 5, 65, 60, flat, -1);
    assert_node(g, s, "activation", "staf(tau=7)", 1, 5, 5, 21, 0, l, -1);
    assert_node(g, n, "linear", NULL, 1, 6, 6, 30, 30, s, -1);
    assert_node(g, t, "activation", "staf(tau=7)", 1, 6, 6, 0, 0, n, -1);
    activ_node_info info = ACTIV_NODE_INFO_INIT;
    assert_int_equal(activ_graph_node_info(g, loss, &info), ACTIV_OK);
    assert_string_equal(info.kind, "cross_entropy");
    assert_int_equal(info.inputs[0], t);
    assert_int_equal(info.input_count, 1);
    assert_int_equal(info.inputs[0], t);
    assert_int_equal(activ_graph_node_info(g, x, &info), ACTIV_OK);
    assert_int_equal(info.input_count, 0);
    assert_int_equal(activ_graph_node_info(g, sum, &info), ACTIV_OK);
    assert_int_equal(info.input_count, 2);
    assert_true(info.inputs[0] == p && info.inputs[1] == x);

    /* An older program's struct ends earlier; what lies behind it is not touched. */
    memset(&info, 0x5a, sizeof info);
    info.size = offsetof(activ_node_info, ndim);
    assert_int_equal(activ_graph_node_info(g, l, &info), ACTIV_OK);
    assert_string_equal(info.kind, "linear");
    for (const unsigned char *c = (const unsigned char *)&info.ndim; c < (const unsigned char *)(&info + 1); c++)
        assert_int_equal(*c, 0x5a);
    info.size = 1;
    assert_int_equal(activ_graph_node_info(g, l, &info), ACTIV_ERROR_INVALID);
    activ_graph_destroy(g);
}

/* The line of a checkpoint, with what a layer was asked for: its inputs and settings. */
static void test_descriptions(void **state)
{
    (void)state;
    activ_norm_options options = ACTIV_NORM_DEFAULTS;
    options.momentum = 0.0f;
    activ_graph *g = create();
    activ_fn *swiglu = function("swiglu");
    const size_t shape[2] = { 4, 6 };
    activ_node x = activ_graph_input_shape(g, 2, shape), h = activ_graph_batch_norm(g, x, &options);
    h = activ_graph_concat(g, h, activ_graph_dropout(g, x, 0.25f), -1);
    h = activ_graph_gated_split(g, activ_graph_layer_norm(g, h, 1, NULL), swiglu, ACTIV_GATE_FIRST);
    h = apply(g, activ_graph_flatten(g, h), "leaky_relu(negative_slope=0.2)");
    activ_graph_mse(g, activ_graph_apply_shared(g, activ_graph_linear_without_bias(g, h, 3), h));
    assert_int_equal(activ_graph_set_name(g, x, "pixels"), ACTIV_OK);
    static const char *const lines[] = {
        "pixels = input(4, 6)",
        "layers.0 = batch_norm(pixels, eps=1e-5, momentum=0)",
        "layers.1 = dropout(pixels, p=0.25)",
        "layers.2 = concat(layers.0, layers.1, axis=1)",
        "layers.3 = layer_norm(layers.2, axis=1, eps=1e-5)",
        "layers.4 = gated_split(layers.3, fn=\"swiglu\", gate=first)",
        "flatten = flatten(layers.4)",
        "layers.5 = activation(flatten, fn=\"leaky_relu(negative_slope=0.2)\")",
        "layers.6 = linear(layers.5, out_features=3, bias=0)",
        "layers.7 = activation(layers.6, share=layers.5)",
        "mse = mse(layers.7)",
    };
    activ_node_info info = ACTIV_NODE_INFO_INIT;
    assert_int_equal(activ_graph_node_info(g, x, &info), ACTIV_OK);
    assert_null(info.description);
    const size_t bytes = activ_graph_memory_bytes(g, 2);
    assert_int_equal(activ_graph_compile(g, 2), ACTIV_OK);
    assert_int_equal(activ_graph_memory_bytes(g, 2), bytes);
    assert_int_equal(activ_graph_node_count(g), sizeof lines / sizeof lines[0]);
    for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++) {
        assert_int_equal(activ_graph_node_info(g, (activ_node)i, &info), ACTIV_OK);
        assert_string_equal(info.description, lines[i]);
        assert_int_equal(activ_graph_node_fn(g, (activ_node)i) != NULL,
                         strstr(lines[i], "activation(") || strstr(lines[i], "gated_split("));
    }
    assert_int_equal(activ_graph_input_node(g), x);
    assert_int_equal(activ_graph_output_node(g), 9);
    assert_int_equal(activ_graph_loss_node(g), 10);
    assert_int_equal(activ_graph_find_node(g, "layers.4"), 5);
    assert_int_equal(activ_graph_find_node(g, "layers.40"), -1);
    assert_int_equal(activ_graph_find_node(g, NULL), -1);
    assert_int_equal(activ_graph_find_node(NULL, "input"), -1);
    assert_int_equal(activ_graph_input_node(NULL), -1);
    assert_int_equal(activ_graph_output_node(NULL), -1);
    assert_int_equal(activ_graph_loss_node(NULL), -1);
    assert_null(activ_graph_node_fn(g, -1));
    assert_null(activ_graph_node_fn(g, 99));
    assert_null(activ_graph_node_fn(NULL, 0));
    activ_graph_destroy(g);
    activ_fn_destroy(swiglu);
}

static void test_tensor_info(void **state)
{
    (void)state;
    activ_graph *g = create();
    activ_node l = activ_graph_linear(g, activ_graph_input(g, 12), 5), s = apply(g, l, "staf(tau=7)");
    activ_node n = activ_graph_linear_without_bias(g, s, 6);
    activ_graph_apply_shared(g, n, s);
    const struct {
        const char *name;
        size_t count, ndim, first, second;
        activ_node node;
    } expected[] = {
        { "layers.0.weight", 60, 2, 5, 12, l }, { "layers.0.bias", 5, 1, 5, 0, l },
        { "layers.1.C", 7, 1, 7, 0, s },        { "layers.1.Omega", 7, 1, 7, 0, s },
        { "layers.1.Phi", 7, 1, 7, 0, s },      { "layers.2.weight", 30, 2, 6, 5, n },
    };
    size_t count = sizeof expected / sizeof expected[0], offset = 0;
    assert_int_equal(activ_graph_param_tensor_count(g), count);
    for (size_t i = 0; i < count; i++) {
        activ_graph_tensor_info info = ACTIV_GRAPH_TENSOR_INFO_INIT;
        assert_int_equal(activ_graph_param_tensor_info(g, i, &info), ACTIV_OK);
        assert_string_equal(info.name, expected[i].name);
        assert_int_equal(info.offset, offset);
        assert_int_equal(info.count, expected[i].count);
        assert_int_equal(info.ndim, expected[i].ndim);
        assert_int_equal(info.shape[0], expected[i].first);
        assert_int_equal(info.shape[1], expected[i].second);
        assert_int_equal(info.node, expected[i].node);
        offset += expected[i].count;
    }
    assert_int_equal(activ_graph_param_count(g), offset);
    activ_graph_tensor_info info = ACTIV_GRAPH_TENSOR_INFO_INIT;
    assert_int_equal(activ_graph_param_tensor_info(g, count, &info), ACTIV_ERROR_RANGE);
    assert_int_equal(activ_graph_param_tensor_info(g, SIZE_MAX, &info), ACTIV_ERROR_RANGE);
    activ_graph_destroy(g);
}

/* ---- initial values ---------------------------------------------------------------------- */

static void test_init(void **state)
{
    (void)state;
    activ_graph *g = zoo_create(NULL, 1, 5), *again = zoo_create(NULL, 0, 5), *other = zoo_create(NULL, 1, 6);
    size_t count = activ_graph_param_count(g);
    assert_int_equal(count, activ_graph_param_count(again));
    assert_memory_equal(activ_graph_params(g), activ_graph_params(again), count * sizeof(float));
    assert_memory_not_equal(activ_graph_params(g), activ_graph_params(other), count * sizeof(float));
    for (size_t i = 0; i < activ_graph_param_tensor_count(g); i++) {
        activ_graph_tensor_info tensor = ACTIV_GRAPH_TENSOR_INFO_INIT;
        activ_node_info node = ACTIV_NODE_INFO_INIT, input = ACTIV_NODE_INFO_INIT;
        assert_int_equal(activ_graph_param_tensor_info(g, i, &tensor), ACTIV_OK);
        assert_int_equal(activ_graph_node_info(g, tensor.node, &node), ACTIV_OK);
        assert_int_equal(activ_graph_node_info(g, node.inputs[0], &input), ACTIV_OK);
        const float *values = activ_graph_params(g) + tensor.offset;
        if (strcmp(node.kind, "linear") == 0) {
            double bound = 1.0 / sqrt((double)input.shape[0]), largest = 0.0;
            for (size_t j = 0; j < tensor.count; j++) {
                assert_true(fabs((double)values[j]) <= bound * (1.0 + 1e-7));
                largest = fmax(largest, fabs((double)values[j]));
            }
            if (tensor.count > 50)
                assert_true(largest > 0.9 * bound);
        } else if (!activ_graph_node_fn(g, tensor.node)) { /* batch_norm, layer_norm */
            float start = strcmp(strrchr(tensor.name, '.'), ".weight") == 0 ? 1.0f : 0.0f;
            for (size_t j = 0; j < tensor.count; j++)
                assert_true(values[j] == start);
        } else if (strncmp(activ_fn_spec(activ_graph_node_fn(g, tensor.node)), "prelu", 5) == 0) {
            assert_true(values[0] == 0.125f);
        } else if (strncmp(activ_fn_spec(activ_graph_node_fn(g, tensor.node)), "trainable_elu", 13) == 0) {
            assert_true(values[0] == 0.75f);
        }
    }
    for (size_t i = 0; i < activ_graph_buffer_tensor_count(g); i++) {
        activ_graph_tensor_info buffer = ACTIV_GRAPH_TENSOR_INFO_INIT;
        assert_int_equal(activ_graph_buffer_tensor_info(g, i, &buffer), ACTIV_OK);
        float start = strcmp(strrchr(buffer.name, '.'), ".running_var") == 0 ? 1.0f : 0.0f;
        for (size_t j = 0; j < buffer.count; j++)
            assert_true(activ_graph_buffers(g)[buffer.offset + j] == start);
    }
    activ_graph_destroy(g);
    activ_graph_destroy(again);
    activ_graph_destroy(other);
}

/* Two layers of one random function start differently. */
static void test_init_of_equal_functions(void **state)
{
    (void)state;
    activ_graph *g = create();
    activ_node x = apply(g, activ_graph_input(g, 3), "staf(tau=5)");
    activ_graph_mse(g, apply(g, x, "staf(tau=5)"));
    assert_int_equal(activ_graph_compile(g, 1), ACTIV_OK);
    assert_int_equal(activ_graph_init(g, 1), ACTIV_OK);
    assert_int_equal(activ_graph_param_count(g), 30);
    assert_memory_not_equal(activ_graph_params(g), activ_graph_params(g) + 15, 15 * sizeof(float));
    activ_graph_destroy(g);
}

/* A log gets the same words as activ_graph_error. */
static void remember(void *user, activ_status status, const char *line)
{
    assert_int_equal(status, ACTIV_ERROR_SHAPE);
    snprintf(user, 512, "%s", line);
}

static void test_log(void **state)
{
    (void)state;
    char line[512] = "";
    activ_context_options options = { .size = sizeof options, .log = remember, .log_user = line };
    activ_context *context = NULL;
    activ_graph *g = NULL;
    assert_int_equal(activ_context_create(&options, &context), ACTIV_OK);
    assert_int_equal(activ_graph_create(context, &g), ACTIV_OK);
    activ_context_destroy(context);
    activ_node x = activ_graph_input(g, 3);
    activ_graph_add(g, x, activ_graph_linear(g, x, 4));
    assert_string_equal(line, activ_graph_error(g));
    assert_true(line[0] != '\0');
    activ_graph_destroy(g);
}

/* A compilation that failed for its batch may be tried again, and the network that comes out is the
 * same as without the failure. */
static void test_compile_again(void **state)
{
    (void)state;
    activ_graph *g = create();
    activ_node x = activ_graph_linear(g, activ_graph_input(g, 3), 2);
    activ_graph_mse(g, activ_graph_add(g, apply(g, x, "mish"), x));
    assert_int_equal(activ_graph_compile(g, SIZE_MAX / 8), ACTIV_ERROR_RANGE);
    assert_non_null(strstr(activ_graph_error(g), "batch"));
    assert_int_equal(activ_graph_compile(g, 2), ACTIV_OK);
    activ_graph *h = create();
    x = activ_graph_linear(h, activ_graph_input(h, 3), 2);
    activ_graph_mse(h, activ_graph_add(h, apply(h, x, "mish"), x));
    assert_int_equal(activ_graph_compile(h, 2), ACTIV_OK);
    assert_int_equal(activ_graph_memory_bytes(g, 0), activ_graph_memory_bytes(h, 0));

    const float inputs[6] = { 1, -2, 3, 0.5f, 0, -1 }, targets[4] = { 0, 1, 2, 3 };
    assert_int_equal(activ_graph_init(g, 1), ACTIV_OK);
    assert_int_equal(activ_graph_init(h, 1), ACTIV_OK);
    assert_int_equal(activ_graph_train_values(g, 2, inputs, targets, NULL), ACTIV_OK);
    assert_int_equal(activ_graph_train_values(h, 2, inputs, targets, NULL), ACTIV_OK);
    assert_memory_equal(activ_graph_grads(g), activ_graph_grads(h), activ_graph_param_count(g) * sizeof(float));
    activ_graph_destroy(g);
    activ_graph_destroy(h);
}

/* Calls on a graph that can be run say why they refused. */
static void test_refusals(void **state)
{
    (void)state;
    activ_graph *g = create();
    activ_graph_cross_entropy(g, activ_graph_linear(g, activ_graph_input(g, 2), 3));
    assert_int_equal(activ_graph_init(g, 1), ACTIV_ERROR_STATE);
    assert_non_null(strstr(activ_graph_error(g), "not compiled"));
    assert_int_equal(activ_graph_compile(g, 2), ACTIV_OK);

    const float x[6] = { 0 };
    const int32_t labels[2] = { 1, 3 };
    float loss = 7.0f;
    assert_int_equal(activ_graph_train(g, 2, x, labels, &loss), ACTIV_ERROR_RANGE);
    assert_non_null(strstr(activ_graph_error(g), "sample 1 is 3"));
    assert_int_equal(activ_graph_train(g, 3, x, labels, &loss), ACTIV_ERROR_RANGE);
    assert_non_null(strstr(activ_graph_error(g), "batch is 3"));
    assert_int_equal(activ_graph_train_values(g, 2, x, x, &loss), ACTIV_ERROR_STATE);
    assert_non_null(strstr(activ_graph_error(g), "mse"));
    assert_int_equal(activ_graph_forward(g, 2, activ_graph_params(g), &loss), ACTIV_ERROR_INVALID);
    assert_non_null(strstr(activ_graph_error(g), "memory"));
    assert_true(loss == 7.0f);
    assert_int_equal(activ_graph_init_weights(g, 42, 0.0f, 1), ACTIV_ERROR_UNSUPPORTED);
    assert_non_null(strstr(activ_graph_error(g), "scheme"));
    activ_optimizer *sgd = NULL;
    activ_sgd_options options = { .size = sizeof options, .lr = -1.0f };
    assert_int_equal(activ_sgd_create(g, &options, &sgd), ACTIV_ERROR_RANGE);
    assert_non_null(strstr(activ_graph_error(g), "lr"));
    assert_null(sgd);
    activ_graph_destroy(g);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_descriptions),
        cmocka_unit_test(test_shapes),
        cmocka_unit_test(test_sizes),
        cmocka_unit_test(test_dropout),
        cmocka_unit_test(test_norm_options),
        cmocka_unit_test(test_buffers),
        cmocka_unit_test(test_ranges),
        cmocka_unit_test(test_first_mistake),
        cmocka_unit_test(test_mistakes),
        cmocka_unit_test(test_null),
        cmocka_unit_test(test_names),
        cmocka_unit_test(test_unique_names),
        cmocka_unit_test(test_bad_names),
        cmocka_unit_test(test_node_info),
        cmocka_unit_test(test_tensor_info),
        cmocka_unit_test(test_init),
        cmocka_unit_test(test_init_of_equal_functions),
        cmocka_unit_test(test_log),
        cmocka_unit_test(test_compile_again),
        cmocka_unit_test(test_refusals),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
