/* Initial values: bounds, moments, orthogonality; stochastic gradient descent against its definition
 * in double. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "activ/fn.h"
#include "activ/optim.h"
#include "activ/random.h"
#include "graph/zoo.h"
#include "support/memory.h"

/* ---- initial values ---------------------------------------------------------------------- */

static void moments(const float *x, size_t n, double *mean, double *variance, double *fourth, double *largest)
{
    *mean = *variance = *fourth = *largest = 0.0;
    for (size_t i = 0; i < n; i++) {
        double v = (double)x[i];
        *mean += v / (double)n;
        *variance += v * v / (double)n;
        *fourth += v * v * v * v / (double)n;
        *largest = fmax(*largest, fabs(v));
    }
}

/* deviation: expected. Uniform numbers reach sqrt 3 of it and have kurtosis 1.8, normal ones 3. */
static void check_scheme(activ_init scheme, float gain, size_t ndim, const size_t *shape, double deviation,
                         int normal)
{
    size_t n = 1;
    for (size_t i = 0; i < ndim; i++)
        n *= shape[i];
    float *x = malloc(n * sizeof *x), *again = malloc(n * sizeof *x);
    assert_true(x && again);
    assert_int_equal(activ_init_tensor(NULL, scheme, gain, ndim, shape, 5, 6, x), ACTIV_OK);
    double mean, variance, fourth, largest, root = sqrt((double)n);
    moments(x, n, &mean, &variance, &fourth, &largest);
    assert_true(fabs(mean) < 4.0 * deviation / root);
    assert_true(fabs(variance / (deviation * deviation) - 1.0) <
                4.0 * (normal ? sqrt(2.0) : sqrt(0.8)) / root);
    double kurtosis = fourth / (variance * variance);
    if (normal) {
        assert_true(fabs(kurtosis - 3.0) < 40.0 / root);
    } else {
        assert_true(fabs(kurtosis - 1.8) < 8.0 / root);
        assert_true(largest <= deviation * sqrt(3.0) * (1.0 + 1e-6));
        assert_true(largest > 0.99 * deviation * sqrt(3.0));
    }
    assert_int_equal(activ_init_tensor(NULL, scheme, gain, ndim, shape, 5, 6, again), ACTIV_OK);
    assert_memory_equal(x, again, n * sizeof *x);
    assert_int_equal(activ_init_tensor(NULL, scheme, gain, ndim, shape, 6, 6, again), ACTIV_OK);
    assert_memory_not_equal(x, again, n * sizeof *x);
    assert_int_equal(activ_init_tensor(NULL, scheme, gain, ndim, shape, 5, 7, again), ACTIV_OK);
    assert_memory_not_equal(x, again, n * sizeof *x);
    free(x);
    free(again);
}

static void test_schemes(void **state)
{
    (void)state;
    static const struct {
        size_t ndim, shape[4];
        double in, out;
    } tensors[] = {
        { 2, { 300, 70 }, 70, 300 }, { 2, { 40, 500 }, 500, 40 }, { 3, { 40, 30, 5 }, 150, 200 },
        { 4, { 32, 16, 3, 3 }, 144, 288 },
    };
    for (size_t i = 0; i < 4; i++)
        for (int g = 0; g < 2; g++) {
            float gain = g ? 0.7f : 0.0f;
            double in = tensors[i].in, both = in + tensors[i].out;
            double kaiming = g ? (double)gain : sqrt(2.0), xavier = g ? (double)gain : 1.0;
            size_t ndim = tensors[i].ndim;
            const size_t *shape = tensors[i].shape;
            check_scheme(ACTIV_INIT_DEFAULT, gain, ndim, shape, 1.0 / sqrt(3.0 * in), 0);
            check_scheme(ACTIV_INIT_KAIMING_UNIFORM, gain, ndim, shape, kaiming / sqrt(in), 0);
            check_scheme(ACTIV_INIT_KAIMING_NORMAL, gain, ndim, shape, kaiming / sqrt(in), 1);
            check_scheme(ACTIV_INIT_XAVIER_UNIFORM, gain, ndim, shape, xavier * sqrt(2.0 / both), 0);
            check_scheme(ACTIV_INIT_XAVIER_NORMAL, gain, ndim, shape, xavier * sqrt(2.0 / both), 1);
        }
}

static void test_orthogonal(void **state)
{
    (void)state;
    static const size_t shapes[][3] = { { 1, 1, 1 },  { 1, 9, 1 },   { 9, 1, 1 }, { 20, 20, 1 },
                                        { 7, 40, 1 }, { 64, 10, 1 }, { 6, 4, 5 } };
    for (size_t s = 0; s < sizeof shapes / sizeof shapes[0]; s++)
        for (int g = 0; g < 2; g++) {
            float gain = g ? 2.5f : 0.0f, x[800];
            double square = g ? 6.25 : 1.0;
            size_t rows = shapes[s][0], columns = shapes[s][1] * shapes[s][2];
            assert_int_equal(activ_init_tensor(NULL, ACTIV_INIT_ORTHOGONAL, gain, 3, shapes[s], 3, s, x),
                             ACTIV_OK);
            int by_rows = rows <= columns;
            size_t vectors = by_rows ? rows : columns, length = by_rows ? columns : rows;
            for (size_t i = 0; i < vectors; i++)
                for (size_t j = 0; j <= i; j++) {
                    double dot = 0.0;
                    for (size_t k = 0; k < length; k++)
                        dot += by_rows ? (double)x[i * columns + k] * (double)x[j * columns + k]
                                       : (double)x[k * columns + i] * (double)x[k * columns + j];
                    assert_true(fabs(dot - (i == j ? square : 0.0)) < 1e-6 * square);
                }
        }
}

static void test_init_errors(void **state)
{
    (void)state;
    float x[4] = { 9, 9, 9, 9 };
    const size_t shape[2] = { 2, 2 }, empty[2] = { 2, 0 }, huge[3] = { SIZE_MAX, 2, 2 };
    const size_t nine[9] = { 2, 1, 1, 1, 1, 1, 1, 1, 1 };
    for (activ_init i = ACTIV_INIT_DEFAULT; i <= ACTIV_INIT_ORTHOGONAL; i++) {
        assert_int_equal(activ_init_tensor(NULL, i, -1.0f, 2, shape, 1, 1, x), ACTIV_ERROR_RANGE);
        assert_int_equal(activ_init_tensor(NULL, i, NAN, 2, shape, 1, 1, x), ACTIV_ERROR_RANGE);
        assert_int_equal(activ_init_tensor(NULL, i, INFINITY, 2, shape, 1, 1, x), ACTIV_ERROR_RANGE);
        assert_int_equal(activ_init_tensor(NULL, i, 1.0f, 1, shape, 1, 1, x), ACTIV_ERROR_SHAPE);
        assert_int_equal(activ_init_tensor(NULL, i, 1.0f, 0, shape, 1, 1, x), ACTIV_ERROR_SHAPE);
        assert_int_equal(activ_init_tensor(NULL, i, 1.0f, 2, empty, 1, 1, x), ACTIV_ERROR_SHAPE);
        assert_int_equal(activ_init_tensor(NULL, i, 1.0f, 9, nine, 1, 1, x), ACTIV_ERROR_SHAPE);
        assert_int_equal(activ_init_tensor(NULL, i, 1.0f, 3, huge, 1, 1, x), ACTIV_ERROR_RANGE);
        assert_int_equal(activ_init_tensor(NULL, i, 1.0f, 2, NULL, 1, 1, x), ACTIV_ERROR_INVALID);
        assert_int_equal(activ_init_tensor(NULL, i, 1.0f, 2, shape, 1, 1, NULL), ACTIV_ERROR_INVALID);
    }
    assert_int_equal(activ_init_tensor(NULL, 6, 1.0f, 2, shape, 1, 1, x), ACTIV_ERROR_UNSUPPORTED);
    assert_int_equal(activ_init_tensor(NULL, -1, 1.0f, 2, shape, 1, 1, x), ACTIV_ERROR_UNSUPPORTED);
    test_memory memory = { .fail_at = 2 };
    activ_allocator allocator = test_allocator(&memory);
    activ_context_options options = { .size = sizeof options, .allocator = &allocator };
    activ_context *context = NULL;
    assert_int_equal(activ_context_create(&options, &context), ACTIV_OK);
    assert_int_equal(activ_init_tensor(context, ACTIV_INIT_ORTHOGONAL, 1.0f, 2, shape, 1, 1, x),
                     ACTIV_ERROR_OUT_OF_MEMORY);
    for (int i = 0; i < 4; i++)
        assert_true(x[i] == 9.0f);
    memory.fail_at = 0;
    assert_int_equal(activ_init_tensor(context, ACTIV_INIT_ORTHOGONAL, 1.0f, 2, shape, 1, 1, x), ACTIV_OK);
    activ_context_destroy(context);
    assert_int_equal(memory.live, 0);
    assert_int_equal(memory.mistakes, 0);
}

static void test_graph_weights(void **state)
{
    (void)state;
    activ_graph *plain = zoo_create(NULL, 1, 4), *g = zoo_create(NULL, 1, 5);
    size_t bytes = activ_graph_param_count(g) * sizeof(float);
    /* The default scheme is activ_graph_init. */
    assert_int_equal(activ_graph_init_weights(g, ACTIV_INIT_DEFAULT, 0.0f, 4), ACTIV_OK);
    assert_memory_equal(activ_graph_params(g), activ_graph_params(plain), bytes);
    for (activ_init scheme = ACTIV_INIT_KAIMING_UNIFORM; scheme <= ACTIV_INIT_ORTHOGONAL; scheme++) {
        assert_int_equal(activ_graph_init_weights(g, scheme, 0.0f, 4), ACTIV_OK);
        for (size_t i = 0; i < activ_graph_tensor_count(g); i++) {
            activ_param_info t = { .size = sizeof t };
            activ_node_info node = { .size = sizeof node };
            assert_int_equal(activ_graph_tensor_info(g, i, &t), ACTIV_OK);
            assert_int_equal(activ_graph_node_info(g, t.node, &node), ACTIV_OK);
            const float *values = activ_graph_params(g) + t.offset,
                        *before = activ_graph_params(plain) + t.offset;
            if (strcmp(node.kind, "linear") != 0) {
                assert_memory_equal(values, before, t.count * sizeof *values);   /* activations as ever */
            } else if (t.ndim == 1) {
                for (size_t j = 0; j < t.count; j++)
                    assert_true(values[j] == 0.0f);
            } else {
                assert_memory_not_equal(values, before, t.count * sizeof *values);
                double mean, variance, fourth, largest, in = (double)t.shape[1], out = (double)t.shape[0];
                moments(values, t.count, &mean, &variance, &fourth, &largest);
                double expected = scheme <= ACTIV_INIT_KAIMING_NORMAL  ? 2.0 / in
                                  : scheme <= ACTIV_INIT_XAVIER_NORMAL ? 2.0 / (in + out)
                                                                       : 1.0 / fmax(in, out);
                assert_true(fabs(variance / expected - 1.0) < 6.0 * sqrt(2.0 / (double)t.count));
            }
        }
    }
    memcpy(activ_graph_params(plain), activ_graph_params(g), bytes);
    assert_int_equal(activ_graph_init_weights(g, 6, 0.0f, 9), ACTIV_ERROR_UNSUPPORTED);
    assert_int_equal(activ_graph_init_weights(g, -1, 0.0f, 9), ACTIV_ERROR_UNSUPPORTED);
    assert_int_equal(activ_graph_init_weights(g, ACTIV_INIT_XAVIER_NORMAL, -1.0f, 9), ACTIV_ERROR_RANGE);
    assert_int_equal(activ_graph_init_weights(g, ACTIV_INIT_XAVIER_NORMAL, NAN, 9), ACTIV_ERROR_RANGE);
    assert_int_equal(activ_graph_init_weights(NULL, ACTIV_INIT_DEFAULT, 0.0f, 9), ACTIV_ERROR_INVALID);
    assert_memory_equal(activ_graph_params(g), activ_graph_params(plain), bytes);
    activ_graph_destroy(g);
    activ_graph_destroy(plain);
    assert_int_equal(activ_graph_create(NULL, &g), ACTIV_OK);
    assert_int_equal(activ_graph_init_weights(g, ACTIV_INIT_XAVIER_NORMAL, 0.0f, 9), ACTIV_ERROR_STATE);
    activ_graph_destroy(g);
}

/* ---- descent ----------------------------------------------------------------------------- */

static activ_graph *small_graph(const activ_context *context)
{
    activ_graph *g = NULL;
    assert_int_equal(activ_graph_create(context, &g), ACTIV_OK);
    activ_graph_mse(g, activ_graph_linear(g, activ_graph_input(g, 6), 5));
    assert_int_equal(activ_graph_compile(g, 1), ACTIV_OK);
    return g;
}

static void test_sgd(void **state)
{
    (void)state;
    activ_graph *g = small_graph(NULL);
    size_t n = activ_graph_param_count(g), tried = 0;
    assert_int_equal(n, 35);
    for (int bits = 0; bits < 64; bits++) {
        activ_sgd_options o = { .size = sizeof o,
                                .lr = bits & 32 ? 0.5f : 0.03f,
                                .momentum = bits & 1 ? 0.9f : 0.0f,
                                .dampening = bits & 2 ? 0.25f : 0.0f,
                                .weight_decay = bits & 4 ? 0.1f : 0.0f,
                                .nesterov = (bits & 8) != 0,
                                .maximize = (bits & 16) != 0 };
        activ_sgd *sgd = NULL;
        int legal = !o.nesterov || (o.momentum > 0.0f && o.dampening == 0.0f);
        assert_int_equal(activ_sgd_create(g, &o, &sgd), legal ? ACTIV_OK : ACTIV_ERROR_RANGE);
        if (!legal) {
            assert_null(sgd);
            continue;
        }
        tried++;
        double p[35], v[35] = { 0.0 }, size = 0.0;
        assert_int_equal(activ_random_normal((uint64_t)bits, 1, 0, n, 0.0f, 1.0f, activ_graph_params(g)),
                         ACTIV_OK);
        for (size_t i = 0; i < n; i++)
            p[i] = (double)activ_graph_params(g)[i];
        for (uint64_t step = 0; step < 12; step++) {
            double lr = (double)o.lr;
            if (step >= 6) {
                assert_int_equal(activ_sgd_set_lr(sgd, 0.125f), ACTIV_OK);
                lr = 0.125;
            }
            assert_int_equal(
                activ_random_normal((uint64_t)bits, 2 + step, 0, n, 0.0f, 1.0f, activ_graph_grads(g)),
                ACTIV_OK);
            float kept[35];
            memcpy(kept, activ_graph_grads(g), sizeof kept);
            for (size_t i = 0; i < n; i++) {
                double d = (double)kept[i] * (o.maximize ? -1.0 : 1.0) + (double)o.weight_decay * p[i];
                if (o.momentum != 0.0f) {
                    v[i] = step == 0 ? d : (double)o.momentum * v[i] + (1.0 - (double)o.dampening) * d;
                    d = o.nesterov ? d + (double)o.momentum * v[i] : v[i];
                }
                p[i] -= lr * d;
                if (fabs(p[i]) > size)   /* gcc 12 for AArch64 stumbles over fmax here */
                    size = fabs(p[i]);
            }
            assert_int_equal(activ_sgd_step(sgd), ACTIV_OK);
            assert_memory_equal(kept, activ_graph_grads(g), sizeof kept);
            for (size_t i = 0; i < n; i++)
                assert_true(fabs((double)activ_graph_params(g)[i] - p[i]) <= 3e-6 * size);
        }
        activ_sgd_destroy(sgd);
    }
    assert_int_equal(tried, 32 + 8);
    activ_graph_destroy(g);
}

static void test_sgd_options(void **state)
{
    (void)state;
    activ_graph *g = small_graph(NULL);
    activ_sgd *sgd = NULL;
    static const activ_sgd_options bad[] = {
        { .lr = -0.1f },
        { .lr = NAN },
        { .lr = INFINITY },
        { .momentum = -0.1f },
        { .momentum = NAN },
        { .momentum = INFINITY },
        { .weight_decay = -0.1f },
        { .weight_decay = NAN },
        { .weight_decay = INFINITY },
        { .dampening = NAN },
        { .dampening = -INFINITY },
        { .nesterov = 1 },
        { .nesterov = 1, .momentum = 0.5f, .dampening = 0.1f },
        { .nesterov = -1 },
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        activ_sgd_options o = bad[i];
        o.size = sizeof o;
        assert_int_equal(activ_sgd_create(g, &o, &sgd), ACTIV_ERROR_RANGE);
        assert_null(sgd);
    }
    activ_sgd_options o = { .size = sizeof o, .lr = 0.1f };
    assert_int_equal(activ_sgd_create(NULL, &o, &sgd), ACTIV_ERROR_INVALID);
    assert_int_equal(activ_sgd_create(g, NULL, &sgd), ACTIV_ERROR_INVALID);
    assert_int_equal(activ_sgd_create(g, &o, NULL), ACTIV_ERROR_INVALID);
    o.size = 0;
    assert_int_equal(activ_sgd_create(g, &o, &sgd), ACTIV_ERROR_INVALID);
    struct {
        activ_sgd_options known;
        int32_t more;
    } newer = { { .size = sizeof newer, .lr = 0.1f }, 1 };
    assert_int_equal(activ_sgd_create(g, &newer.known, &sgd), ACTIV_ERROR_UNSUPPORTED);
    assert_null(sgd);
    assert_int_equal(activ_sgd_step(NULL), ACTIV_ERROR_INVALID);
    assert_int_equal(activ_sgd_set_lr(NULL, 0.1f), ACTIV_ERROR_INVALID);
    activ_sgd_destroy(NULL);

    /* Zeros: plain descent with rate 0, which changes nothing. */
    o = (activ_sgd_options){ .size = sizeof o };
    assert_int_equal(activ_sgd_create(g, &o, &sgd), ACTIV_OK);
    assert_int_equal(activ_graph_init(g, 1), ACTIV_OK);
    float before[35];
    memcpy(before, activ_graph_params(g), sizeof before);
    for (int i = 0; i < 35; i++)
        activ_graph_grads(g)[i] = 1.0f;
    assert_int_equal(activ_sgd_step(sgd), ACTIV_OK);
    assert_memory_equal(before, activ_graph_params(g), sizeof before);
    /* A bad rate is refused and the old one stays. */
    assert_int_equal(activ_sgd_set_lr(sgd, -1.0f), ACTIV_ERROR_RANGE);
    assert_int_equal(activ_sgd_set_lr(sgd, NAN), ACTIV_ERROR_RANGE);
    assert_int_equal(activ_sgd_set_lr(sgd, INFINITY), ACTIV_ERROR_RANGE);
    assert_int_equal(activ_sgd_step(sgd), ACTIV_OK);
    assert_memory_equal(before, activ_graph_params(g), sizeof before);
    activ_sgd_destroy(sgd);
    activ_graph_destroy(g);

    /* Not before the graph is compiled; a graph without parameters is no mistake. */
    sgd = NULL;
    assert_int_equal(activ_graph_create(NULL, &g), ACTIV_OK);
    o = (activ_sgd_options){ .size = sizeof o, .lr = 0.1f, .momentum = 0.9f };
    assert_int_equal(activ_sgd_create(g, &o, &sgd), ACTIV_ERROR_STATE);
    assert_null(sgd);
    activ_node x = activ_graph_input(g, 3);
    activ_graph_mse(g, activ_graph_add(g, x, x));
    assert_int_equal(activ_graph_compile(g, 1), ACTIV_OK);
    assert_int_equal(activ_sgd_create(g, &o, &sgd), ACTIV_OK);
    assert_int_equal(activ_sgd_step(sgd), ACTIV_OK);
    activ_sgd_destroy(sgd);
    activ_graph_destroy(g);
}

static void test_sgd_memory(void **state)
{
    (void)state;
    test_memory memory = { 0 };
    activ_allocator allocator = test_allocator(&memory);
    activ_context_options options = { .size = sizeof options, .allocator = &allocator };
    activ_context *context = NULL;
    assert_int_equal(activ_context_create(&options, &context), ACTIV_OK);
    activ_graph *g = small_graph(context);
    activ_context_destroy(context);
    activ_sgd_options o = { .size = sizeof o, .lr = 0.1f, .momentum = 0.9f };
    activ_sgd *sgd = NULL;
    size_t live = memory.live;
    for (size_t k = 1; k <= 2; k++) {
        memory.fail_at = memory.calls + k;
        assert_int_equal(activ_sgd_create(g, &o, &sgd), ACTIV_ERROR_OUT_OF_MEMORY);
        assert_null(sgd);
        assert_int_equal(memory.live, live);
    }
    memory.fail_at = 0;
    assert_int_equal(activ_sgd_create(g, &o, &sgd), ACTIV_OK);
    activ_sgd_destroy(sgd);
    activ_graph_destroy(g);
    assert_int_equal(memory.live, 0);
    assert_int_equal(memory.mistakes, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_schemes),
        cmocka_unit_test(test_orthogonal),
        cmocka_unit_test(test_init_errors),
        cmocka_unit_test(test_graph_weights),
        cmocka_unit_test(test_sgd),
        cmocka_unit_test(test_sgd_options),
        cmocka_unit_test(test_sgd_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
