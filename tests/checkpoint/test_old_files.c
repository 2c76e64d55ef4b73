/* Files that an earlier version wrote, with what they gave then: they load, predict the same bits and train on. (The
 * loss was less exact in 0.1: five steps may differ in the last digits, but no more.)
 *
 * files/0.1: a network and a training checkpoint as version 0.1 wrote them after SAVED_AFTER steps of the networks
 * below, and what followed: the output of one, and parameters and buffers of the other after UNTIL steps. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "activ/checkpoint.h"
#include "activ/fn.h"
#include "activ/optim.h"
#include "activ/random.h"

enum { CHANNELS = 2, LENGTH = 3, IN = CHANNELS * LENGTH, CLASSES = 3, BATCH = 8 };
enum { SAVED_AFTER = 4, UNTIL = 9 }; /* steps */

static void path_of(const char *name, char *path, size_t size)
{
    snprintf(path, size, OLD_FILES_DIR "/%s.safetensors", name);
}

static activ_node apply(activ_graph *g, activ_node x, const char *spec)
{
    activ_fn *fn = NULL;
    assert_int_equal(activ_fn_create(NULL, spec, &fn), ACTIV_OK);
    activ_node node = activ_graph_apply(g, x, fn);
    activ_fn_destroy(fn);
    return node;
}

/* Every kind of setting that a file may hold. `shared`: the function of two layers. */
static activ_graph *build(const char *shared)
{
    const size_t shape[2] = { CHANNELS, LENGTH };
    const activ_norm_options options = { .size = sizeof options, .eps = 0x1.fffffep-10f, .momentum = 0x1.555556p-2f };
    activ_graph *g = NULL;
    assert_int_equal(activ_graph_create(NULL, &g), ACTIV_OK);
    activ_node x = activ_graph_batch_norm(g, activ_graph_input_shape(g, 2, shape), &options);
    x = activ_graph_concat(g, x, activ_graph_layer_norm(g, x, -1, NULL), 0);
    activ_node wide = activ_graph_linear(g, activ_graph_flatten(g, x), 9);
    activ_node first = apply(g, wide, shared);
    x = apply(g, activ_graph_linear_without_bias(g, first, 9), "leaky_relu(negative_slope=0.2)");
    activ_graph_set_name(g, x, "leaky-1");
    x = activ_graph_multiply(g, activ_graph_add(g, activ_graph_apply_shared(g, x, first), first), wide);
    x = activ_graph_linear(g, activ_graph_dropout(g, x, 0.25f), CLASSES);
    activ_graph_set_name(g, x, "head");
    activ_graph_cross_entropy(g, x);
    if (activ_graph_compile(g, BATCH) != ACTIV_OK)
        fail_msg("%s", activ_graph_error(g));
    assert_int_equal(activ_graph_init(g, 11), ACTIV_OK);
    return g;
}

/* Settings that differ from tensor to tensor. */
static activ_optimizer *make_optimizer(activ_graph *g)
{
    activ_adamw_options options = ACTIV_ADAMW_DEFAULTS;
    options.lr = 0.003f;
    options.amsgrad = 1;
    activ_optimizer *o = NULL;
    assert_int_equal(activ_adamw_create(g, &options, &o), ACTIV_OK);
    const activ_optimizer_tensor_options own = { sizeof own, 0.7f, 0.03f };
    assert_int_equal(activ_optimizer_decay_weights_only(o), ACTIV_OK);
    assert_int_equal(activ_optimizer_set_tensor_options(o, 1, &own), ACTIV_OK);
    return o;
}

static void train(activ_graph *g, activ_optimizer *o, uint64_t until)
{
    float x[BATCH * IN];
    int32_t labels[BATCH];
    for (uint64_t step; (step = activ_optimizer_steps(o)) < until;) {
        assert_int_equal(activ_random_normal(5, step, 0, BATCH * IN, 0.0f, 1.0f, x), ACTIV_OK);
        for (size_t i = 0; i < BATCH; i++)
            labels[i] = (int32_t)(activ_random_bits(6, step, i) % CLASSES);
        assert_int_equal(activ_graph_train(g, BATCH, x, labels, NULL), ACTIV_OK);
        assert_int_equal(activ_optimizer_step(o), ACTIV_OK);
    }
}

static void predict(activ_graph *g, float *y)
{
    float x[BATCH * IN];
    assert_int_equal(activ_random_normal(7, 0, 0, BATCH * IN, 0.0f, 2.0f, x), ACTIV_OK);
    assert_int_equal(activ_graph_forward(g, BATCH, x, y), ACTIV_OK);
}

/* The function of two layers. For going on it has no trainable values: how their gradients are added up may change. */
#define SHARED_IN_NETWORK "staf(tau=3, init=repo, omega0=4)"
#define SHARED_IN_TRAINING "softplus(beta=2, threshold=15)"

static activ_graph *load(const char *name, char *path, size_t size)
{
    activ_message message = { "" };
    activ_graph *g = NULL;
    path_of(name, path, size);
    if (activ_checkpoint_load(NULL, path, BATCH, &g, &message) != ACTIV_OK)
        fail_msg("%s", message.text);
    return g;
}

static void assert_same(const activ_safetensors *file, const char *name, const float *values, size_t count)
{
    activ_safetensors_entry entry = ACTIV_SAFETENSORS_ENTRY_INIT;
    assert_int_equal(activ_safetensors_find(file, name, &entry), ACTIV_OK);
    assert_int_equal(entry.bytes, count * sizeof *values);
    assert_memory_equal(entry.data, values, entry.bytes);
}

static void assert_near(const activ_safetensors *file, const char *name, const float *values, size_t count)
{
    activ_safetensors_entry entry = ACTIV_SAFETENSORS_ENTRY_INIT;
    assert_int_equal(activ_safetensors_find(file, name, &entry), ACTIV_OK);
    assert_int_equal(entry.bytes, count * sizeof *values);
    for (size_t i = 0; i < count; i++) {
        float was;
        memcpy(&was, (const char *)entry.data + i * sizeof was, sizeof was);
        assert_true(fabsf(values[i] - was) <= 0x1p-21f * (fabsf(was) + 0.0625f));
    }
}

static activ_safetensors *open_expected(void)
{
    char path[512];
    activ_safetensors *file = NULL;
    path_of("expected", path, sizeof path);
    assert_int_equal(activ_safetensors_open(NULL, path, &file, NULL), ACTIV_OK);
    return file;
}

/* The layers are those that build() makes, in the same order and with the same settings. */
static void assert_same_layers(const activ_graph *a, const activ_graph *b)
{
    assert_int_equal(activ_graph_node_count(a), activ_graph_node_count(b));
    for (size_t i = 0; i < activ_graph_node_count(a); i++) {
        activ_node_info x = ACTIV_NODE_INFO_INIT, y = ACTIV_NODE_INFO_INIT;
        assert_int_equal(activ_graph_node_info(a, (activ_node)i, &x), ACTIV_OK);
        assert_int_equal(activ_graph_node_info(b, (activ_node)i, &y), ACTIV_OK);
        assert_string_equal(x.description, y.description);
    }
}

static void test_network(void **state)
{
    (void)state;
    char path[512];
    float y[BATCH * CLASSES];
    activ_graph *g = load("network", path, sizeof path), *built = build(SHARED_IN_NETWORK);
    activ_safetensors *expected = open_expected();
    assert_same_layers(g, built);
    predict(g, y);
    assert_same(expected, "predicted", y, BATCH * CLASSES);
    assert_int_equal(activ_checkpoint_load_params(built, path, NULL), ACTIV_OK);
    predict(built, y);
    assert_same(expected, "predicted", y, BATCH * CLASSES);
    activ_safetensors_close(expected);
    activ_graph_destroy(g);
    activ_graph_destroy(built);
}

static void test_training(void **state)
{
    (void)state;
    char path[512];
    activ_message message = { "" };
    activ_graph *g = load("training", path, sizeof path), *built = build(SHARED_IN_TRAINING);
    activ_optimizer *o = NULL, *made = make_optimizer(built);
    activ_safetensors *expected = open_expected();
    assert_same_layers(g, built);
    if (activ_checkpoint_load_training(g, path, &o, &message) != ACTIV_OK)
        fail_msg("%s", message.text);
    assert_true(activ_optimizer_steps(o) == SAVED_AFTER);
    assert_true(activ_optimizer_lr(o) == activ_optimizer_lr(made));
    for (size_t i = 0; i < activ_graph_param_tensor_count(g); i++) {
        activ_optimizer_tensor_options x = { .size = sizeof x }, y = { .size = sizeof y };
        assert_int_equal(activ_optimizer_get_tensor_options(o, i, &x), ACTIV_OK);
        assert_int_equal(activ_optimizer_get_tensor_options(made, i, &y), ACTIV_OK);
        assert_true(x.lr_scale == y.lr_scale && x.weight_decay == y.weight_decay);
    }
    train(g, o, UNTIL);
    assert_near(expected, "params", activ_graph_params(g), activ_graph_param_count(g));
    assert_near(expected, "buffers", activ_graph_buffers(g), activ_graph_buffer_count(g));
    activ_safetensors_close(expected);
    activ_optimizer_destroy(o);
    activ_optimizer_destroy(made);
    activ_graph_destroy(g);
    activ_graph_destroy(built);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_network),
        cmocka_unit_test(test_training),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
