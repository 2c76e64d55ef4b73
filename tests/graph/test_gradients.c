/* Losses, outputs and gradients of whole networks against a plain computation in double and its
 * finite differences: every activation function, every kind of layer, and random networks that
 * give the memory plan something to do. */
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
#include "activ/random.h"
#include "graph/double_network.h"
#include "support/thin.h"

enum { MAX_PARAMS = 8192, MAX_VALUES = 4096 };

static size_t every = 1; /* of so many parameters one has a finite difference */

static activ_graph *create(void)
{
    activ_graph *g = NULL;
    assert_int_equal(activ_graph_create(NULL, &g), ACTIV_OK);
    return g;
}

static activ_node apply(activ_graph *g, activ_node x, const char *spec)
{
    activ_fn *fn = NULL;
    if (activ_fn_create(NULL, spec, &fn) != ACTIV_OK)
        fail_msg("cannot make %s", spec);
    activ_node node = activ_graph_apply(g, x, fn);
    activ_fn_destroy(fn);
    return node;
}

static size_t features_of(const activ_graph *g, activ_node node)
{
    activ_node_info info = ACTIV_NODE_INFO_INIT;
    assert_int_equal(activ_graph_node_info(g, node, &info), ACTIV_OK);
    size_t count = 1;
    for (size_t i = 0; i < info.ndim; i++)
        count *= info.shape[i];
    return count;
}

static void assert_near(double got, double reference, double tolerance, const char *what, size_t i)
{
    if (!(fabs(got - reference) <= tolerance))
        fail_msg("%s, value %zu: %.9g instead of %.9g", what, i, got, reference);
}

/* Compares a finished graph, which it compiles and destroys, with the double network: several
 * steps of descent, so that random layers draw anew and the memory is used again. Batches differ in
 * size from the largest. */
static void check_graph(activ_graph *g, const activ_node *shares, uint64_t seed, const char *what)
{
    static float x[MAX_VALUES], targets[MAX_VALUES], y[MAX_VALUES], loss;
    static double params[MAX_PARAMS];
    int32_t labels[16];
    if (activ_graph_compile(g, 11) != ACTIV_OK)
        fail_msg("%s: %s", what, activ_graph_error(g));
    size_t count = activ_graph_param_count(g), nodes = activ_graph_node_count(g);
    assert_in_range(count, 0, MAX_PARAMS);
    assert_int_equal(activ_graph_init(g, seed), ACTIV_OK);
    activ_node_info last = ACTIV_NODE_INFO_INIT;
    assert_int_equal(activ_graph_node_info(g, (activ_node)nodes - 1, &last), ACTIV_OK);
    int classes = strcmp(last.kind, "cross_entropy") == 0;
    size_t in = features_of(g, 0), out = features_of(g, last.inputs[0]);
    assert_in_range(11 * in, 1, MAX_VALUES);
    assert_in_range(11 * out, 1, MAX_VALUES);

    /* One sample alone, where that can be trained on. In front of batch_norm a bias has gradient 0: what
     * is left are the roundings of sums of larger numbers. */
    size_t least = 1;
    double zero = 1e-8;
    for (size_t n = 0; n < nodes; n++) {
        activ_node_info info = ACTIV_NODE_INFO_INIT;
        assert_int_equal(activ_graph_node_info(g, (activ_node)n, &info), ACTIV_OK);
        if (strcmp(info.kind, "batch_norm") != 0)
            continue;
        zero = 1e-7;
        if (info.shape[0] == features_of(g, (activ_node)n))
            least = 5;
    }

    for (uint64_t step = 0; step < 3; step++) {
        size_t batch = step == 0 ? 11 : step == 1 ? least : 6;
        activ_random_normal(seed, 100 + step, 0, batch * in, 0.0f, 1.0f, x);
        activ_random_normal(seed, 200 + step, 0, batch * out, 0.0f, 1.0f, targets);
        for (size_t i = 0; i < batch; i++)
            labels[i] = (int32_t)(activ_random_bits(seed, 300 + step, i) % out);
        double_network net;
        double_network_create(&net, g, shares, batch);
        net.x = x;
        net.labels = classes ? labels : NULL;
        net.targets = classes ? NULL : targets;
        net.seed = seed;
        net.step = step;
        for (size_t i = 0; i < count; i++)
            params[i] = (double)activ_graph_params(g)[i];

        /* Evaluation: the loss, the outputs, and every node's values. */
        double reference = double_network_run(&net, params);
        assert_int_equal(classes ? activ_graph_evaluate(g, batch, x, labels, &loss, NULL)
                                 : activ_graph_evaluate_values(g, batch, x, targets, &loss),
                         ACTIV_OK);
        assert_near((double)loss, reference, 1e-5 * (1.0 + fabs(reference)), what, 0);
        for (size_t n = 1; n + 1 < nodes; n++) {
            const float *values = activ_graph_values(g, (activ_node)n);
            if (strcmp(net.info[n].kind, "flatten") == 0)
                continue; /* its input's values, which may be the caller's */
            assert_non_null(values);
            for (size_t i = 0; i < batch * features_of(g, (activ_node)n); i++)
                assert_near((double)values[i], net.values[n][i], 2e-5 * (1.0 + fabs(net.values[n][i])),
                            net.info[n].name, i);
        }
        assert_int_equal(activ_graph_forward(g, batch, x, y), ACTIV_OK);
        for (size_t i = 0; i < batch * out; i++)
            assert_near((double)y[i], net.values[last.inputs[0]][i], 2e-5 * (1.0 + fabs(net.values[last.inputs[0]][i])),
                        what, i);

        /* A prediction is the same, and changes nothing. */
        size_t bytes = activ_graph_workspace_bytes(g, batch);
        void *workspace = malloc(bytes);
        float *predicted = malloc(batch * out * sizeof *predicted);
        assert_true(workspace && predicted);
        assert_int_equal(activ_graph_predict(g, workspace, bytes, batch, x, predicted), ACTIV_OK);
        assert_memory_equal(predicted, y, batch * out * sizeof *y);
        free(workspace);
        free(predicted);

        /* Training: the loss of the same values, and the gradients of all parameters. Those that
         * were there before must not show through. */
        for (size_t i = 0; i < count; i++)
            activ_graph_grads(g)[i] = NAN;
        net.training = 1;
        reference = double_network_run(&net, params);
        assert_int_equal(classes ? activ_graph_train(g, batch, x, labels, &loss)
                                 : activ_graph_train_values(g, batch, x, targets, &loss),
                         ACTIV_OK);
        assert_near((double)loss, reference, 1e-5 * (1.0 + fabs(reference)), what, 1);
        for (size_t i = 0; i < activ_graph_buffer_count(g); i++)
            assert_near((double)activ_graph_buffers(g)[i], net.updated[i], 2e-5 * (1.0 + fabs(net.updated[i])),
                        "buffers", i);
        for (size_t t = 0; t < activ_graph_param_tensor_count(g); t++) {
            activ_graph_tensor_info tensor = ACTIV_GRAPH_TENSOR_INFO_INIT;
            assert_int_equal(activ_graph_param_tensor_info(g, t, &tensor), ACTIV_OK);
            double largest = 0.0;
            static double slopes[MAX_PARAMS];
            for (size_t i = 0; i < tensor.count; i += every) {
                slopes[i] = double_network_slope(&net, params, tensor.offset + i);
                largest = fmax(largest, fabs(slopes[i]));
            }
            for (size_t i = 0; i < tensor.count; i += every) {
                double got = (double)activ_graph_grads(g)[tensor.offset + i];
                if (!(fabs(got - slopes[i]) <= 1e-4 * fabs(slopes[i]) + 1e-5 * largest + zero))
                    fail_msg("%s, step %d: gradient %zu of %s is %.9g, finite differences say %.9g", what, (int)step, i,
                             tensor.name, got, slopes[i]);
            }
        }
        for (size_t i = 0; i < count; i++)
            activ_graph_params(g)[i] -= 0.05f * activ_graph_grads(g)[i];
        double_network_destroy(&net);
    }
    activ_graph_destroy(g);
}

static void end(activ_graph *g, activ_node x, int classes)
{
    if (classes)
        activ_graph_cross_entropy(g, x);
    else
        activ_graph_mse(g, x);
}

/* ---- activation functions ---------------------------------------------------------------- */

static void check_activation(const char *spec)
{
    for (int classes = 0; classes < 2; classes++) {
        activ_graph *g = create();
        activ_node x = activ_graph_input(g, 5);
        x = apply(g, activ_graph_linear(g, x, 19), spec);
        x = apply(g, activ_graph_linear(g, x, 6), spec);
        end(g, activ_graph_linear(g, x, 4), classes);
        check_graph(g, NULL, 7, spec);
    }
}

/* Neither so large nor so steep that several layers of it leave float32 and finite differences too few digits, nor with
 * parameters beside which the steps of these are large or lost. */
static int is_moderate(const char *spec)
{
    activ_fn *fn = NULL;
    ref_function ref;
    if (activ_fn_create(NULL, spec, &fn) != ACTIV_OK || ref_open(&ref, fn, NULL) != 0)
        fail_msg("cannot make %s", spec);
    int moderate = 1;
    for (double x = -3.0; x <= 3.0; x += 0x1p-6) {
        ref_value value = ref_at(&ref, x);
        moderate = moderate && fabs(value.f) < 20.0 && fabs(value.d) < 8.0;
    }
    for (size_t i = 0; i < ref.args.param_count; i++) {
        double size = fabs(ref.args.params[i]);
        moderate = moderate && (size == 0.0 || (size > 1e-10 && size < 1e4));
    }
    ref_close(&ref);
    activ_fn_destroy(fn);
    return moderate;
}

/* Every function, with its defaults and with the settings to try. */
static void test_every_activation(void **state)
{
    (void)state;
    size_t functions = 0, settings = 0;
    for (activ_fn_info info = ACTIV_FN_INFO_INIT; activ_fn_catalog(functions, &info) == ACTIV_OK; functions++) {
        if (info.shape != ACTIV_SHAPE_ELEMENTWISE)
            continue;
        const ref_entry *entry = ref_find(info.name);
        if (!entry)
            fail_msg("%s: no entry in src/reference", info.name);
        for (size_t i = 0; ref_spec(entry, i); i++)
            if (i == 0 || is_moderate(ref_spec(entry, i))) {
                check_activation(ref_spec(entry, i));
                settings += i > 0;
            }
    }
    assert_true(functions >= 17 && settings >= 20);
}

/* ---- layers and how they may be connected ------------------------------------------------ */

static void test_shared(void **state)
{
    (void)state;
    static const char *const specs[] = { "prelu", "trainable_elu", "staf(tau=4)", "rrelu", "gelu", "moe(prelu, gelu)" };
    for (size_t i = 0; i < sizeof specs / sizeof specs[0]; i++) {
        activ_graph *g = create();
        activ_node shares[16];
        memset(shares, -1, sizeof shares);
        activ_node x = activ_graph_input(g, 5);
        activ_node first = apply(g, activ_graph_linear(g, x, 6), specs[i]);
        activ_node second = activ_graph_apply_shared(g, activ_graph_linear(g, first, 6), first);
        /* Shared with the one that shares: the same owner. */
        activ_node third = activ_graph_apply_shared(g, activ_graph_linear(g, second, 4), second);
        shares[second] = shares[third] = first;
        activ_graph_mse(g, third);
        check_graph(g, shares, 21 + i, specs[i]);
    }
}

static void test_residual(void **state)
{
    (void)state;
    for (int classes = 0; classes < 2; classes++) {
        activ_graph *g = create();
        activ_node x = activ_graph_input(g, 5), h = activ_graph_linear(g, x, 6);
        activ_node a = activ_graph_add(g, apply(g, h, "gelu"), h);
        activ_node b = activ_graph_add(g, activ_graph_linear(g, a, 6), h);
        b = activ_graph_add(g, b, a);
        end(g, activ_graph_linear(g, b, 4), classes);
        check_graph(g, NULL, 31, "a residual network");

        /* The same node twice, with other uses before, after and none. */
        for (int others = 0; others < 4; others++) {
            g = create();
            h = activ_graph_linear(g, activ_graph_input(g, 5), 6);
            a = others & 1 ? apply(g, h, "tanh") : -1;
            b = activ_graph_add(g, h, h);
            b = activ_graph_add(g, b, b);
            if (others & 2)
                b = activ_graph_add(g, b, apply(g, h, "silu"));
            if (others & 1)
                b = activ_graph_add(g, a, b);
            end(g, b, classes);
            check_graph(g, NULL, 41, "add(x, x)");
        }
    }
}

/* The sum of two nodes that both have later uses: both gradients are added to. */
static void test_add_of_used_nodes(void **state)
{
    (void)state;
    activ_graph *g = create();
    activ_node x = activ_graph_input(g, 4);
    activ_node a = activ_graph_linear(g, x, 5), b = activ_graph_linear(g, x, 5);
    activ_node sum = activ_graph_add(g, a, b);
    activ_node late = activ_graph_add(g, apply(g, a, "tanh"), apply(g, b, "sigmoid"));
    activ_graph_mse(g, activ_graph_add(g, sum, late));
    check_graph(g, NULL, 51, "add(a, b) with later uses of both");
}

static void test_flatten(void **state)
{
    (void)state;
    const size_t shape[3] = { 2, 3, 2 };
    for (int variant = 0; variant < 4; variant++) {
        activ_graph *g = create();
        activ_node x = activ_graph_input_shape(g, 3, shape), y;
        activ_node h = apply(g, x, "prelu");
        if (variant == 0) {
            /* In the middle, and of the input as well. */
            y = activ_graph_linear(g, activ_graph_flatten(g, h), 4);
            y = activ_graph_add(g, y, activ_graph_linear(g, activ_graph_flatten(g, x), 4));
        } else if (variant == 1) {
            /* One flatten, two consumers. */
            activ_node flat = activ_graph_flatten(g, h);
            y = activ_graph_add(g, activ_graph_linear(g, flat, 4), apply(g, activ_graph_linear(g, flat, 4), "gelu"));
        } else if (variant == 2) {
            /* A node with two consumers, one of which is a flatten; a flatten of a flatten. */
            activ_node flat = activ_graph_flatten(g, activ_graph_flatten(g, h));
            activ_node other = activ_graph_flatten(g, apply(g, activ_graph_add(g, h, x), "tanh"));
            y = activ_graph_add(g, activ_graph_linear(g, flat, 4), activ_graph_linear(g, other, 4));
        } else {
            /* The loss right behind it. */
            y = activ_graph_flatten(g, apply(g, activ_graph_add(g, h, h), "trainable_elu"));
        }
        end(g, y, variant & 1);
        check_graph(g, NULL, 61, "flatten");
    }
}

static void test_without_bias(void **state)
{
    (void)state;
    activ_graph *g = create();
    activ_node x = activ_graph_linear_without_bias(g, activ_graph_input(g, 5), 7);
    x = activ_graph_linear_without_bias(g, apply(g, x, "mish"), 3);
    activ_graph_cross_entropy(g, x);
    check_graph(g, NULL, 71, "linear without bias");
}

/* Parameters that the loss does not depend on have gradient 0. */
static void test_dead_branches(void **state)
{
    (void)state;
    for (int where = 0; where < 2; where++) {
        activ_graph *g = create();
        activ_node x = activ_graph_input(g, 5);
        activ_node h = apply(g, activ_graph_linear(g, x, 6), "tanh"), last = -1;
        if (where == 1)
            last = activ_graph_linear(g, h, 4);
        activ_node dead = apply(g, activ_graph_linear(g, h, 9), "staf(tau=2)");
        apply(g, dead, "prelu");
        activ_graph_flatten(g, activ_graph_linear(g, dead, 3));
        apply(g, x, "trainable_elu");
        if (where == 0)
            last = activ_graph_linear(g, h, 4);
        activ_graph_cross_entropy(g, last);
        check_graph(g, NULL, 81, "dead branches");
    }
}

/* Products: of two nodes, of a node with itself, with later uses of one and both. */
static void test_multiply(void **state)
{
    (void)state;
    for (int variant = 0; variant < 4; variant++) {
        activ_graph *g = create();
        activ_node x = activ_graph_input(g, 5);
        activ_node a = apply(g, activ_graph_linear(g, x, 6), "tanh"), b = activ_graph_linear(g, x, 6);
        activ_node y = activ_graph_multiply(g, variant & 1 ? b : a, b);
        if (variant & 2)
            y = activ_graph_add(g, activ_graph_multiply(g, y, a), activ_graph_multiply(g, b, y));
        end(g, activ_graph_linear(g, y, 4), variant == 1);
        check_graph(g, NULL, 101, "multiply");
    }
}

/* Along every axis, of a node with itself, of the input and of a flattened node. */
static void test_concat(void **state)
{
    (void)state;
    const size_t shape[3] = { 2, 3, 2 };
    for (int32_t axis = -3; axis < 3; axis++) {
        activ_graph *g = create();
        activ_node x = activ_graph_input_shape(g, 3, shape);
        activ_node a = apply(g, x, "prelu"), b = activ_graph_concat(g, apply(g, a, "gelu"), x, axis);
        activ_node y = activ_graph_concat(g, activ_graph_concat(g, a, b, axis), a, axis);
        activ_graph_mse(g, activ_graph_linear(g, activ_graph_flatten(g, y), 4));
        check_graph(g, NULL, 111, "concat along each axis");
    }
    activ_graph *g = create();
    activ_node x = activ_graph_linear(g, activ_graph_input(g, 5), 6);
    activ_node y = activ_graph_concat(g, x, activ_graph_flatten(g, x), 0);
    y = activ_graph_concat(g, y, y, 0);
    activ_graph_cross_entropy(g, activ_graph_linear(g, apply(g, y, "silu"), 3));
    check_graph(g, NULL, 112, "concat(x, x)");
}

/* Any number of inputs: one, and several that occur in any order and several times, with uses before, between and
 * after; so that all ways to add gradients up happen in one node. */
static void test_concat_many(void **state)
{
    (void)state;
    const size_t shape[2] = { 3, 2 };
    for (int32_t axis = 0; axis < 2; axis++) {
        activ_graph *g = create();
        activ_node x = activ_graph_input_shape(g, 2, shape), a = apply(g, x, "prelu");
        activ_node b = apply(g, activ_graph_concat_many(g, 1, &a, axis), "tanh");
        const activ_node once[] = { b, x, a, b, b }, again[] = { a, a, b, a };
        activ_node y = activ_graph_concat_many(g, 5, once, axis), z = activ_graph_concat_many(g, 4, again, axis);
        activ_node both = activ_graph_concat(g, y, z, axis);
        activ_node sum = activ_graph_multiply(g, a, activ_graph_add(g, b, a));
        const activ_node all[] = { both, sum, y, both, z, sum };
        both = activ_graph_concat_many(g, 6, all, axis);
        activ_graph_mse(g, activ_graph_linear(g, activ_graph_flatten(g, both), 4));
        check_graph(g, NULL, 113, "concat of many");
    }
    /* The product in front runs a node's backward, whose gradient others add to. */
    activ_graph *g = create();
    activ_node h = activ_graph_linear(g, activ_graph_input(g, 5), 6), r = apply(g, h, "gelu");
    const activ_node inputs[] = { r, h, r };
    activ_node y = activ_graph_linear(g, activ_graph_concat_many(g, 3, inputs, -1), 6);
    end(g, activ_graph_linear(g, activ_graph_add(g, y, r), 3), 1);
    check_graph(g, NULL, 114, "concat of many behind a product");
}

static activ_node gated(activ_graph *g, activ_node value, activ_node gate, const char *spec)
{
    activ_fn *fn = NULL;
    assert_int_equal(activ_fn_create(NULL, spec, &fn), ACTIV_OK);
    activ_node node = activ_graph_gated(g, value, gate, fn);
    activ_fn_destroy(fn);
    return node;
}

static activ_node gated_split(activ_graph *g, activ_node x, const char *spec, int32_t gate)
{
    activ_fn *fn = NULL;
    assert_int_equal(activ_fn_create(NULL, spec, &fn), ACTIV_OK);
    activ_node node = activ_graph_gated_split(g, x, fn, gate);
    activ_fn_destroy(fn);
    if (gate == ACTIV_GATE_FIRST)
        activ_graph_set_name(g, node, "gate-first");
    return node;
}

/* Two inputs, one input twice, both with later uses, an input that needs no gradient; halves, both ways, of samples of
 * several dimensions; acts with parameters, and one that draws. */
static void test_gated(void **state)
{
    (void)state;
    static const char *const specs[] = {
        "swiglu", "glu", "gated(prelu)", "gated(staf(tau=2))", "gated(rrelu)", "bilinear", "gated(swish(beta=1.7889))"
    };
    const size_t shape[2] = { 3, 4 };
    for (size_t s = 0; s < sizeof specs / sizeof specs[0]; s++) {
        activ_graph *g = create();
        activ_node x = activ_graph_input(g, 6);
        activ_node a = activ_graph_linear(g, x, 6), b = activ_graph_linear(g, x, 6);
        activ_node y = gated(g, a, b, specs[s]);
        y = activ_graph_add(g, gated(g, y, y, specs[s]), activ_graph_multiply(g, a, gated(g, x, b, specs[s])));
        y = activ_graph_add(g, y, gated(g, b, x, specs[s]));
        activ_graph_mse(g, y);
        check_graph(g, NULL, 151 + s, specs[s]);
        for (int32_t gate = 0; gate < 2; gate++) {
            g = create();
            x = apply(g, activ_graph_input_shape(g, 2, shape), "trainable_elu");
            y = gated_split(g, x, specs[s], gate);
            y = activ_graph_flatten(g, y);
            activ_graph_cross_entropy(g, activ_graph_linear(g, y, 4));
            check_graph(g, NULL, 161 + s, specs[s]);
        }
    }
}

/* Row-wise functions, over the last dimension; and parameters per channel, behind a product and of samples of several
 * dimensions. */
static void test_rows_and_channels(void **state)
{
    (void)state;
    const size_t shape[3] = { 3, 2, 5 };
    static const char *const rows[] = { "softmax", "log_softmax" };
    for (size_t i = 0; i < 2; i++) {
        activ_graph *g = create();
        activ_node x = apply(g, activ_graph_input_shape(g, 3, shape), "prelu");
        activ_node y = activ_graph_add(g, apply(g, x, rows[i]), x);
        y = apply(g, activ_graph_linear(g, activ_graph_flatten(g, y), 7), rows[i]);
        activ_graph_mse(g, y);
        check_graph(g, NULL, 171 + i, rows[i]);
    }
    static const char *const names[] = { "prelu", "trainable_elu" };
    for (size_t i = 0; i < 2; i++) {
        char few[64], many[64];
        snprintf(few, sizeof few, "%s(num_parameters=3)", names[i]);
        snprintf(many, sizeof many, "%s(num_parameters=37)", names[i]);
        activ_graph *g = create();
        activ_node x = apply(g, activ_graph_input_shape(g, 3, shape), few);
        x = apply(g, activ_graph_linear(g, activ_graph_flatten(g, x), 37), many);
        activ_graph_cross_entropy(g, activ_graph_linear(g, apply(g, activ_graph_linear(g, x, 37), many), 4));
        check_graph(g, NULL, 181 + i, many);
    }
}

static void test_dropout(void **state)
{
    (void)state;
    static const float ps[] = { 0.0f, 0.25f, 0.5f, 0.9f, 1.0f };
    for (size_t i = 0; i < sizeof ps / sizeof ps[0]; i++) {
        activ_graph *g = create();
        activ_node x = activ_graph_dropout(g, activ_graph_input(g, 9), ps[i]);
        activ_node h = apply(g, activ_graph_linear(g, x, 8), "tanh");
        h = activ_graph_add(g, activ_graph_dropout(g, h, ps[i]), h);
        end(g, activ_graph_linear(g, h, 4), i & 1);
        check_graph(g, NULL, 121, "dropout");
    }
}

/* Of rows of values and of channels of several, of the input, with later uses of what goes in. */
static void test_batch_norm(void **state)
{
    (void)state;
    const size_t shape[3] = { 3, 2, 4 };
    for (int variant = 0; variant < 4; variant++) {
        activ_norm_options options = ACTIV_NORM_DEFAULTS;
        if (variant & 1) {
            options.eps = 0.01f;
            options.momentum = 0.3f;
        } else {
            options.momentum = 0.0f; /* the running values stay */
        }
        activ_graph *g = create();
        activ_node x = activ_graph_input_shape(g, variant & 2 ? 3 : 1, shape);
        activ_node h = activ_graph_batch_norm(g, x, variant & 1 ? &options : NULL);
        h = apply(g, h, "tanh");
        h = activ_graph_add(g, activ_graph_batch_norm(g, h, &options), h);
        h = activ_graph_linear(g, activ_graph_flatten(g, h), 19);
        h = apply(g, activ_graph_batch_norm(g, h, &options), "gelu");
        end(g, activ_graph_linear(g, h, 4), variant == 1);
        check_graph(g, NULL, 131, "batch_norm");
    }
}

static void test_layer_norm(void **state)
{
    (void)state;
    const size_t shape[3] = { 3, 2, 5 };
    for (int32_t axis = -3; axis < 3; axis++) {
        activ_norm_options options = ACTIV_NORM_DEFAULTS;
        options.eps = axis < 0 ? 0.01f : options.eps;
        activ_graph *g = create();
        activ_node x = activ_graph_input_shape(g, 3, shape);
        activ_node h = apply(g, activ_graph_layer_norm(g, x, axis, axis < 0 ? &options : NULL), "tanh");
        h = activ_graph_add(g, activ_graph_layer_norm(g, h, axis, &options), h);
        h = activ_graph_linear(g, activ_graph_flatten(g, h), 19);
        h = apply(g, activ_graph_layer_norm(g, h, 0, &options), "gelu");
        end(g, activ_graph_linear(g, h, 4), axis & 1);
        check_graph(g, NULL, 141, "layer_norm");
    }
}

/* A network may have no parameters, or have them only behind layers that need no gradient. */
static void test_few_parameters(void **state)
{
    (void)state;
    activ_graph *g = create();
    activ_graph_mse(g, apply(g, activ_graph_input(g, 5), "gelu"));
    check_graph(g, NULL, 91, "no parameters");
    g = create();
    activ_node x = activ_graph_input(g, 5);
    x = activ_graph_add(g, apply(g, x, "tanh"), x);
    activ_graph_cross_entropy(g, apply(g, x, "prelu"));
    check_graph(g, NULL, 92, "parameters in the last layer only");
}

/* ---- random networks --------------------------------------------------------------------- */

typedef struct dice {
    uint64_t seed, thrown;
} dice;

static size_t throw_dice(dice *d, size_t sides)
{
    return activ_random_bits(d->seed, 1, d->thrown++) % sides;
}

/* Nodes of one shape, each connected to whatever came before. */
static void test_random_networks(void **state)
{
    (void)state;
    static const char *const specs[] = { "tanh",    "gelu",  "prelu",    "silu",     "trainable_elu",   "staf(tau=2)",
                                         "sigmoid", "rrelu", "identity", "softplus", "moe(prelu, tanh)" };
    /* Where there is next to no variance, finite differences say little. */
    activ_norm_options soft = ACTIV_NORM_DEFAULTS;
    soft.eps = 0.1f;
    for (uint64_t seed = 1; seed <= 120; seed++) {
        dice d = { seed, 0 };
        activ_graph *g = create();
        activ_node shares[DOUBLE_MAX_NODES], nodes[DOUBLE_MAX_NODES];
        memset(shares, -1, sizeof shares);
        size_t count = 1, length = 3 + throw_dice(&d, 16);
        nodes[0] = activ_graph_input(g, 4);
        while (count < length) {
            /* Mostly what is near, sometimes what is far. */
            size_t back = throw_dice(&d, 3) == 0 ? throw_dice(&d, count) : throw_dice(&d, count < 3 ? count : 3);
            activ_node x = nodes[count - 1 - back], node;
            switch (throw_dice(&d, 12)) {
            case 0:
                node = activ_graph_linear(g, x, 4);
                break;
            case 1:
                node = activ_graph_linear_without_bias(g, x, 4);
                break;
            case 2:
                node = activ_graph_flatten(g, x);
                break;
            case 3:
                node = activ_graph_dropout(g, x, 0.5f);
                break;
            case 4:
                node = activ_graph_multiply(g, x, nodes[throw_dice(&d, count)]);
                break;
            case 5: {
                activ_node inputs[5] = { x };
                size_t more = throw_dice(&d, 5);
                for (size_t i = 1; i <= more; i++)
                    inputs[i] = nodes[throw_dice(&d, count)];
                activ_node both = activ_graph_concat_many(g, 1 + more, inputs, 0);
                nodes[count++] = activ_graph_linear(g, both, 4);
                node = apply(g, nodes[count - 1], "tanh");
                break;
            }
            case 6:
                node = activ_graph_batch_norm(g, x, &soft);
                break;
            case 7:
                node = activ_graph_layer_norm(g, x, -1, &soft);
                break;
            case 8:
            case 9: {
                activ_node sum = activ_graph_add(g, x, nodes[throw_dice(&d, count)]);
                nodes[count++] = sum;
                node = apply(g, sum, "tanh"); /* keeps the numbers small */
                break;
            }
            default: {
                activ_node earlier = nodes[throw_dice(&d, count)];
                if (activ_graph_node_fn(g, earlier) && throw_dice(&d, 2) == 0) {
                    node = activ_graph_apply_shared(g, x, earlier);
                    shares[node] = shares[earlier] >= 0 ? shares[earlier] : earlier;
                } else {
                    node = apply(g, x, specs[throw_dice(&d, sizeof specs / sizeof specs[0])]);
                }
            }
            }
            nodes[count++] = node;
        }
        end(g, nodes[count - 1 - throw_dice(&d, 2)], (int)throw_dice(&d, 2));
        char what[40];
        snprintf(what, sizeof what, "random network %d", (int)seed);
        check_graph(g, shares, seed, what);
    }
}

int main(int count, char **arguments)
{
    every = thin_argument(count, arguments);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_activation),
        cmocka_unit_test(test_shared),
        cmocka_unit_test(test_residual),
        cmocka_unit_test(test_add_of_used_nodes),
        cmocka_unit_test(test_flatten),
        cmocka_unit_test(test_without_bias),
        cmocka_unit_test(test_dead_branches),
        cmocka_unit_test(test_multiply),
        cmocka_unit_test(test_concat),
        cmocka_unit_test(test_concat_many),
        cmocka_unit_test(test_gated),
        cmocka_unit_test(test_rows_and_channels),
        cmocka_unit_test(test_dropout),
        cmocka_unit_test(test_batch_norm),
        cmocka_unit_test(test_layer_norm),
        cmocka_unit_test(test_few_parameters),
        cmocka_unit_test(test_random_networks),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
