/* Initial values: bounds and moments; optimisers against their definitions in double, the same
 * bits on every tier and any number of threads, settings of single tensors, clipping, schedules. */
#include <float.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "activ/cpu.h"
#include "activ/fn.h"
#include "activ/optim.h"
#include "activ/random.h"
#include "graph/zoo.h"
#include "support/memory.h"
#include "support/tiers.h"

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
static void check_scheme(activ_init_scheme scheme, float gain, size_t ndim, const size_t *shape, double deviation,
                         int normal)
{
    size_t n = 1;
    for (size_t i = 0; i < ndim; i++)
        n *= shape[i];
    float *x = malloc(n * sizeof *x), *again = malloc(n * sizeof *x);
    assert_true(x && again);
    assert_int_equal(activ_init_tensor(NULL, scheme, gain, ndim, shape, 5, 6, x, NULL), ACTIV_OK);
    double mean, variance, fourth, largest, root = sqrt((double)n);
    moments(x, n, &mean, &variance, &fourth, &largest);
    assert_true(fabs(mean) < 4.0 * deviation / root);
    assert_true(fabs(variance / (deviation * deviation) - 1.0) < 4.0 * (normal ? sqrt(2.0) : sqrt(0.8)) / root);
    double kurtosis = fourth / (variance * variance);
    if (normal) {
        assert_true(fabs(kurtosis - 3.0) < 40.0 / root);
    } else {
        assert_true(fabs(kurtosis - 1.8) < 8.0 / root);
        assert_true(largest <= deviation * sqrt(3.0) * (1.0 + 1e-6));
        assert_true(largest > 0.99 * deviation * sqrt(3.0));
    }
    assert_int_equal(activ_init_tensor(NULL, scheme, gain, ndim, shape, 5, 6, again, NULL), ACTIV_OK);
    assert_memory_equal(x, again, n * sizeof *x);
    assert_int_equal(activ_init_tensor(NULL, scheme, gain, ndim, shape, 6, 6, again, NULL), ACTIV_OK);
    assert_memory_not_equal(x, again, n * sizeof *x);
    assert_int_equal(activ_init_tensor(NULL, scheme, gain, ndim, shape, 5, 7, again, NULL), ACTIV_OK);
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
        { 2, { 300, 70 }, 70, 300 },
        { 2, { 40, 500 }, 500, 40 },
        { 3, { 40, 30, 5 }, 150, 200 },
        { 4, { 32, 16, 3, 3 }, 144, 288 },
    };
    for (size_t i = 0; i < 4; i++)
        for (int g = 0; g < 2; g++) {
            float unit = g ? 0.7f : 1.0f, kaiming_gain = g ? 0.7f : activ_init_gain(ACTIV_INIT_KAIMING_NORMAL);
            double in = tensors[i].in, both = in + tensors[i].out;
            double kaiming = g ? (double)0.7f : sqrt(2.0), xavier = (double)unit;
            size_t ndim = tensors[i].ndim;
            const size_t *shape = tensors[i].shape;
            check_scheme(ACTIV_INIT_DEFAULT, unit, ndim, shape, (double)unit / sqrt(3.0 * in), 0);
            check_scheme(ACTIV_INIT_KAIMING_UNIFORM, kaiming_gain, ndim, shape, kaiming / sqrt(in), 0);
            check_scheme(ACTIV_INIT_KAIMING_NORMAL, kaiming_gain, ndim, shape, kaiming / sqrt(in), 1);
            check_scheme(ACTIV_INIT_XAVIER_UNIFORM, unit, ndim, shape, xavier * sqrt(2.0 / both), 0);
            check_scheme(ACTIV_INIT_XAVIER_NORMAL, unit, ndim, shape, xavier * sqrt(2.0 / both), 1);
        }
}

static void test_init_errors(void **state)
{
    (void)state;
    float x[4] = { 9, 9, 9, 9 };
    const size_t shape[2] = { 2, 2 }, empty[2] = { 2, 0 }, huge[3] = { SIZE_MAX, 2, 2 };
    const size_t nine[9] = { 2, 1, 1, 1, 1, 1, 1, 1, 1 };
    for (activ_init_scheme i = ACTIV_INIT_DEFAULT; i <= ACTIV_INIT_ORTHOGONAL; i++) {
        assert_int_equal(activ_init_tensor(NULL, i, -1.0f, 2, shape, 1, 1, x, NULL), ACTIV_ERROR_RANGE);
        assert_int_equal(activ_init_tensor(NULL, i, NAN, 2, shape, 1, 1, x, NULL), ACTIV_ERROR_RANGE);
        assert_int_equal(activ_init_tensor(NULL, i, INFINITY, 2, shape, 1, 1, x, NULL), ACTIV_ERROR_RANGE);
        assert_int_equal(activ_init_tensor(NULL, i, 1.0f, 1, shape, 1, 1, x, NULL), ACTIV_ERROR_SHAPE);
        assert_int_equal(activ_init_tensor(NULL, i, 1.0f, 0, shape, 1, 1, x, NULL), ACTIV_ERROR_SHAPE);
        assert_int_equal(activ_init_tensor(NULL, i, 1.0f, 2, empty, 1, 1, x, NULL), ACTIV_ERROR_SHAPE);
        assert_int_equal(activ_init_tensor(NULL, i, 1.0f, 9, nine, 1, 1, x, NULL), ACTIV_ERROR_RANGE);
        assert_int_equal(activ_init_tensor(NULL, i, 1.0f, 3, huge, 1, 1, x, NULL), ACTIV_ERROR_RANGE);
        assert_int_equal(activ_init_tensor(NULL, i, 1.0f, 2, NULL, 1, 1, x, NULL), ACTIV_ERROR_INVALID);
        assert_int_equal(activ_init_tensor(NULL, i, 1.0f, 2, shape, 1, 1, NULL, NULL), ACTIV_ERROR_INVALID);
    }
    assert_int_equal(activ_init_tensor(NULL, 6, 1.0f, 2, shape, 1, 1, x, NULL), ACTIV_ERROR_UNSUPPORTED);
    assert_int_equal(activ_init_tensor(NULL, -1, 1.0f, 2, shape, 1, 1, x, NULL), ACTIV_ERROR_UNSUPPORTED);
    test_memory memory = { .fail_at = 2 };
    activ_context *context = test_memory_context(&memory);
    assert_non_null(context);
    assert_int_equal(activ_init_tensor(context, ACTIV_INIT_ORTHOGONAL, 1.0f, 2, shape, 1, 1, x, NULL),
                     ACTIV_ERROR_OUT_OF_MEMORY);
    for (int i = 0; i < 4; i++)
        assert_true(x[i] == 9.0f);
    memory.fail_at = 0;
    assert_int_equal(activ_init_tensor(context, ACTIV_INIT_ORTHOGONAL, 1.0f, 2, shape, 1, 1, x, NULL), ACTIV_OK);
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
    assert_int_equal(activ_graph_init_weights(g, ACTIV_INIT_DEFAULT, 1.0f, 4), ACTIV_OK);
    assert_memory_equal(activ_graph_params(g), activ_graph_params(plain), bytes);
    for (activ_init_scheme scheme = ACTIV_INIT_KAIMING_UNIFORM; scheme <= ACTIV_INIT_ORTHOGONAL; scheme++) {
        assert_int_equal(activ_graph_init_weights(g, scheme, activ_init_gain(scheme), 4), ACTIV_OK);
        for (size_t i = 0; i < activ_graph_param_tensor_count(g); i++) {
            activ_graph_tensor_info t = ACTIV_GRAPH_TENSOR_INFO_INIT;
            activ_node_info node = ACTIV_NODE_INFO_INIT;
            assert_int_equal(activ_graph_param_tensor_info(g, i, &t), ACTIV_OK);
            assert_int_equal(activ_graph_node_info(g, t.node, &node), ACTIV_OK);
            const float *values = activ_graph_params(g) + t.offset, *before = activ_graph_params(plain) + t.offset;
            if (strcmp(node.kind, "linear") != 0) {
                assert_memory_equal(values, before, t.count * sizeof *values); /* activations as ever */
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
        activ_optimizer *sgd = NULL;
        int legal = !o.nesterov || (o.momentum > 0.0f && o.dampening == 0.0f);
        assert_int_equal(activ_sgd_create(g, &o, &sgd), legal ? ACTIV_OK : ACTIV_ERROR_RANGE);
        if (!legal) {
            assert_null(sgd);
            continue;
        }
        tried++;
        double p[35], v[35] = { 0.0 }, size = 0.0;
        assert_int_equal(activ_random_normal((uint64_t)bits, 1, 0, n, 0.0f, 1.0f, activ_graph_params(g)), ACTIV_OK);
        for (size_t i = 0; i < n; i++)
            p[i] = (double)activ_graph_params(g)[i];
        for (uint64_t step = 0; step < 12; step++) {
            double lr = (double)o.lr;
            if (step >= 6) {
                assert_int_equal(activ_optimizer_set_lr(sgd, 0.125f), ACTIV_OK);
                lr = 0.125;
            }
            assert_int_equal(activ_random_normal((uint64_t)bits, 2 + step, 0, n, 0.0f, 1.0f, activ_graph_grads(g)),
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
                if (fabs(p[i]) > size) /* gcc 12 for AArch64 stumbles over fmax here */
                    size = fabs(p[i]);
            }
            assert_int_equal(activ_optimizer_step(sgd), ACTIV_OK);
            assert_memory_equal(kept, activ_graph_grads(g), sizeof kept);
            for (size_t i = 0; i < n; i++)
                assert_true(fabs((double)activ_graph_params(g)[i] - p[i]) <= 3e-6 * size);
        }
        activ_optimizer_destroy(sgd);
    }
    assert_int_equal(tried, 32 + 8);
    activ_graph_destroy(g);
}

static void test_sgd_options(void **state)
{
    (void)state;
    activ_graph *g = small_graph(NULL);
    activ_optimizer *sgd = NULL;
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
    assert_int_equal(activ_sgd_create(g, NULL, &sgd), ACTIV_OK); /* the defaults */
    assert_true(activ_optimizer_lr(sgd) == 0.001f);
    activ_optimizer_destroy(sgd);
    sgd = NULL;
    assert_int_equal(activ_sgd_create(g, &o, NULL), ACTIV_ERROR_INVALID);
    o.size = 0;
    assert_int_equal(activ_sgd_create(g, &o, &sgd), ACTIV_ERROR_INVALID);
    struct {
        activ_sgd_options known;
        int32_t more;
    } newer = { { .size = sizeof newer, .lr = 0.1f }, 1 };
    assert_int_equal(activ_sgd_create(g, &newer.known, &sgd), ACTIV_ERROR_UNSUPPORTED);
    assert_null(sgd);
    assert_int_equal(activ_optimizer_step(NULL), ACTIV_ERROR_INVALID);
    assert_int_equal(activ_optimizer_set_lr(NULL, 0.1f), ACTIV_ERROR_INVALID);
    activ_optimizer_destroy(NULL);

    /* Zeros: plain descent with rate 0, which changes nothing. */
    o = (activ_sgd_options){ .size = sizeof o };
    assert_int_equal(activ_sgd_create(g, &o, &sgd), ACTIV_OK);
    assert_int_equal(activ_graph_init(g, 1), ACTIV_OK);
    float before[35];
    memcpy(before, activ_graph_params(g), sizeof before);
    for (int i = 0; i < 35; i++)
        activ_graph_grads(g)[i] = 1.0f;
    assert_int_equal(activ_optimizer_step(sgd), ACTIV_OK);
    assert_memory_equal(before, activ_graph_params(g), sizeof before);
    /* A bad rate is refused and the old one stays. */
    assert_int_equal(activ_optimizer_set_lr(sgd, -1.0f), ACTIV_ERROR_RANGE);
    assert_int_equal(activ_optimizer_set_lr(sgd, NAN), ACTIV_ERROR_RANGE);
    assert_int_equal(activ_optimizer_set_lr(sgd, INFINITY), ACTIV_ERROR_RANGE);
    assert_int_equal(activ_optimizer_step(sgd), ACTIV_OK);
    assert_memory_equal(before, activ_graph_params(g), sizeof before);
    activ_optimizer_destroy(sgd);
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
    assert_int_equal(activ_optimizer_step(sgd), ACTIV_OK);
    activ_optimizer_destroy(sgd);
    activ_graph_destroy(g);
}

static void test_sgd_memory(void **state)
{
    (void)state;
    test_memory memory = { 0 };
    activ_context *context = test_memory_context(&memory);
    assert_non_null(context);
    activ_graph *g = small_graph(context);
    activ_context_destroy(context);
    activ_sgd_options o = { .size = sizeof o, .lr = 0.1f, .momentum = 0.9f };
    activ_optimizer *sgd = NULL;
    size_t live = memory.live;
    for (size_t k = 1; k <= 2; k++) { /* itself, its arrays */
        memory.fail_at = memory.calls + k;
        assert_int_equal(activ_sgd_create(g, &o, &sgd), ACTIV_ERROR_OUT_OF_MEMORY);
        assert_null(sgd);
        assert_int_equal(memory.live, live);
    }
    memory.fail_at = 0;
    assert_int_equal(activ_sgd_create(g, &o, &sgd), ACTIV_OK);
    activ_optimizer_destroy(sgd);
    activ_graph_destroy(g);
    assert_int_equal(memory.live, 0);
    assert_int_equal(memory.mistakes, 0);
}

/* ---- adaptive rates ------------------------------------------------------------------------- */

/* The definition for one value, in double: m, v, and the largest v. */
static double adamw_value(const activ_adamw_options *o, double lr, int t, double g, double state[3], double p)
{
    double beta1 = (double)o->beta1, beta2 = (double)o->beta2;
    g = o->maximize ? -g : g;
    p -= lr * (double)o->weight_decay * p;
    state[0] = beta1 * state[0] + (1.0 - beta1) * g;
    state[1] = beta2 * state[1] + (1.0 - beta2) * g * g;
    state[2] = fmax(state[2], state[1]);
    double v = (o->amsgrad ? state[2] : state[1]) / (1.0 - pow(beta2, t));
    return p - lr / (1.0 - pow(beta1, t)) * state[0] / (sqrt(v) + (double)o->eps);
}

/* v, m, b. */
static double rmsprop_value(const activ_rmsprop_options *o, double lr, double g, double state[3], double p)
{
    double alpha = (double)o->alpha;
    g = (o->maximize ? -g : g) + (double)o->weight_decay * p;
    state[0] = alpha * state[0] + (1.0 - alpha) * g * g;
    state[1] = alpha * state[1] + (1.0 - alpha) * g;
    double d = g / (sqrt(state[0] - (o->centered ? state[1] * state[1] : 0.0)) + (double)o->eps);
    state[2] = (double)o->momentum * state[2] + d;
    return p - lr * state[2];
}

static void test_adaptive(void **state)
{
    (void)state;
    activ_graph *g = small_graph(NULL);
    enum { N = 35, STEPS = 40 };
    for (int bits = 0; bits < 64; bits++) {
        int adamw = bits & 1;
        activ_adamw_options a = ACTIV_ADAMW_DEFAULTS;
        activ_rmsprop_options r = ACTIV_RMSPROP_DEFAULTS;
        if (bits & 2) {
            a.beta1 = 0.0f;
            a.beta2 = 0.7f;
            r.alpha = 0.5f;
        }
        a.weight_decay = bits & 4 ? 0.3f : 0.0f;
        r.weight_decay = a.weight_decay;
        a.amsgrad = r.centered = (bits & 8) != 0;
        a.maximize = r.maximize = (bits & 16) != 0;
        r.momentum = bits & 32 ? 0.5f : 0.0f;
        a.eps = r.eps = bits & 32 ? 0.01f : 1e-6f;
        activ_optimizer *o = NULL;
        assert_int_equal(adamw ? activ_adamw_create(g, &a, &o) : activ_rmsprop_create(g, &r, &o), ACTIV_OK);
        assert_true(activ_optimizer_lr(o) == (adamw ? 0.001f : 0.01f) && activ_optimizer_steps(o) == 0);
        double p[N], states[N][3] = { { 0.0 } }, size = 0.0, lr = (double)activ_optimizer_lr(o);
        assert_int_equal(activ_random_normal((uint64_t)bits, 1, 0, N, 0.0f, 1.0f, activ_graph_params(g)), ACTIV_OK);
        for (size_t i = 0; i < N; i++)
            p[i] = (double)activ_graph_params(g)[i];
        for (int step = 1; step <= STEPS; step++) {
            if (step == 20) {
                assert_int_equal(activ_optimizer_set_lr(o, 0.0625f), ACTIV_OK);
                assert_true(activ_optimizer_lr(o) == 0.0625f);
                lr = 0.0625;
            }
            float *grads = activ_graph_grads(g), kept[N];
            activ_random_normal((uint64_t)bits, 1 + (uint64_t)step, 0, N, 0.0f, 1.0f, grads);
            memcpy(kept, grads, sizeof kept);
            for (size_t i = 0; i < N; i++) {
                double d = (double)kept[i];
                p[i] =
                    adamw ? adamw_value(&a, lr, step, d, states[i], p[i]) : rmsprop_value(&r, lr, d, states[i], p[i]);
                if (fabs(p[i]) > size)
                    size = fabs(p[i]);
            }
            assert_int_equal(activ_optimizer_step(o), ACTIV_OK);
            assert_true(activ_optimizer_steps(o) == (uint64_t)step);
            assert_memory_equal(kept, grads, sizeof kept);
            for (size_t i = 0; i < N; i++)
                if (!(fabs((double)activ_graph_params(g)[i] - p[i]) <= 1e-5 * size))
                    fail_msg("settings %d, step %d, value %zu: %.9g instead of %.9g", bits, step, i,
                             (double)activ_graph_params(g)[i], p[i]);
        }
        activ_optimizer_destroy(o);
    }
    activ_graph_destroy(g);
}

/* The variance of a gradient that is always the same is nothing but rounding, which may be negative. */
static void test_no_variance(void **state)
{
    (void)state;
    activ_graph *g = small_graph(NULL);
    activ_rmsprop_options options = ACTIV_RMSPROP_DEFAULTS;
    options.centered = 1;
    options.alpha = 0.5f;
    activ_optimizer *o = NULL;
    assert_int_equal(activ_rmsprop_create(g, &options, &o), ACTIV_OK);
    for (int step = 0; step < 500; step++) {
        for (int i = 0; i < 35; i++)
            activ_graph_grads(g)[i] = (float)(i + 1) * 0.1f;
        assert_int_equal(activ_optimizer_step(o), ACTIV_OK);
    }
    for (int i = 0; i < 35; i++)
        assert_true(activ_graph_params(g)[i] < -1.0f);
    activ_optimizer_destroy(o);
    activ_graph_destroy(g);
}

/* Gradients from usual size to below the normal numbers and 0, for long: what counts as 0 is not to be noticed beside
 * the definition. */
static void test_fading(void **state)
{
    (void)state;
    activ_graph *g = small_graph(NULL);
    enum { N = 35, STEPS = 1500 };
    static const float sizes[] = { 1.0f, 1e-12f, 1e-17f, 1e-18f, 1e-20f, 1e-21f, 1e-30f, 1e-36f, 1e-38f, 1e-41f, 0.0f };
    enum { SIZES = sizeof sizes / sizeof sizes[0] };
    for (int bits = 0; bits < 16; bits++) {
        const int adamw = bits & 1;
        activ_adamw_options a = ACTIV_ADAMW_DEFAULTS;
        activ_rmsprop_options r = ACTIV_RMSPROP_DEFAULTS;
        a.beta2 = r.alpha = 0.97f; /* v fades within the steps */
        a.amsgrad = r.centered = (bits & 2) != 0;
        a.weight_decay = 0.0f;
        r.momentum = bits & 4 ? 0.5f : 0.0f;
        a.eps = r.eps = bits & 8 ? 1e-8f : 1e-10f; /* the least is 2^-37/sqrt(0.03) = 4.2e-11 */
        activ_optimizer *o = NULL;
        assert_int_equal(adamw ? activ_adamw_create(g, &a, &o) : activ_rmsprop_create(g, &r, &o), ACTIV_OK);
        double p[N], states[N][3] = { { 0.0 } }, moved[N], lr = (double)activ_optimizer_lr(o);
        for (size_t i = 0; i < N; i++)
            activ_graph_params(g)[i] = 0.0f;
        memset(p, 0, sizeof p);
        memset(moved, 0, sizeof moved);
        for (int step = 1; step <= STEPS; step++) {
            float *grads = activ_graph_grads(g);
            activ_random_normal((uint64_t)bits, (uint64_t)step, 0, N, 0.0f, 1.0f, grads);
            for (size_t i = 0; i < N; i++) {
                grads[i] *= step <= 20 && i % 2 == 0 ? 1.0f : sizes[i % SIZES];
                const double before = p[i], d = (double)grads[i];
                p[i] =
                    adamw ? adamw_value(&a, lr, step, d, states[i], p[i]) : rmsprop_value(&r, lr, d, states[i], p[i]);
                moved[i] += fabs(p[i] - before);
            }
            assert_int_equal(activ_optimizer_step(o), ACTIV_OK);
        }
        /* Each step is right but for roundings, and the bound of optim.h. */
        const double each = lr * 0x1p-124 / 0.03 / (double)a.eps;
        for (size_t i = 0; i < N; i++)
            if (!(fabs((double)activ_graph_params(g)[i] - p[i]) <= 1e-5 * moved[i] + STEPS * each * 2.0))
                fail_msg("settings %d, value %zu: %.9g instead of %.9g", bits, i, (double)activ_graph_params(g)[i],
                         p[i]);
        activ_optimizer_destroy(o);
    }
    activ_graph_destroy(g);
}

/* Where the rule ends: by the gradient that no longer counts, and by eps. */
static void test_edges_of_fading(void **state)
{
    (void)state;
    for (size_t tier = 0; tier < tier_count(); tier++) {
        activ_context *context = tier_context(tier);
        if (!context)
            continue;
        activ_graph *g = small_graph(context);
        activ_optimizer *o = NULL;
        float *params = activ_graph_params(g), *grads = activ_graph_grads(g);
        const size_t count = activ_graph_param_count(g);
        /* 1 - beta1 is 0.5; 2^-37 / sqrt(1 - beta2) is 2^-36. */
        static const struct {
            float eps, gradient;
            int counts;
        } cases[] = {
            { 1e-8f, 0x1p-125f, 1 },           { 1e-8f, -0x1.fffffep-126f, 0 },
            { 0x1p-36f, 0x1.fffffep-126f, 0 }, { 0x1.fffffep-37f, 0x1.fffffep-126f, 1 },
            { 1e-30f, 0x1p-140f, 1 },
        };
        for (size_t c = 0; c < sizeof cases / sizeof cases[0]; c++)
            for (int adamw = 0; adamw < 2; adamw++) {
                activ_adamw_options a = ACTIV_ADAMW_DEFAULTS;
                activ_rmsprop_options r = ACTIV_RMSPROP_DEFAULTS;
                a.lr = r.lr = 1.0f;
                a.beta1 = 0.5f;
                a.beta2 = 0.75f;
                r.alpha = adamw ? 0.5f : 0.75f;
                a.eps = r.eps = cases[c].eps;
                a.weight_decay = 0.0f;
                assert_int_equal(adamw ? activ_adamw_create(g, &a, &o) : activ_rmsprop_create(g, &r, &o), ACTIV_OK);
                for (size_t i = 0; i < count; i++) {
                    params[i] = 0.0f;
                    grads[i] = cases[c].gradient * (adamw ? 1.0f : 2.0f);
                }
                assert_int_equal(activ_optimizer_step(o), ACTIV_OK);
                for (size_t i = 0; i < count; i++)
                    if ((params[i] != 0.0f) != cases[c].counts)
                        fail_msg("tier %zu, case %zu, %s: %g", tier, c, adamw ? "AdamW" : "RMSprop", (double)params[i]);
                activ_optimizer_destroy(o);
            }
        /* SGD: 2^-126 is the least that counts, in a gradient and in the velocity. */
        activ_sgd_options s = ACTIV_SGD_DEFAULTS;
        s.lr = 1.0f;
        s.momentum = 0.5f;
        assert_int_equal(activ_sgd_create(g, &s, &o), ACTIV_OK);
        for (size_t i = 0; i < count; i++) {
            params[i] = 0.0f;
            grads[i] = i % 3 == 0 ? 0x1p-126f : i % 3 == 1 ? -0x1.fffffcp-127f : 0x1p-125f;
        }
        assert_int_equal(activ_optimizer_step(o), ACTIV_OK);
        for (size_t i = 0; i < count; i++) {
            assert_true(params[i] == (i % 3 == 0 ? -0x1p-126f : i % 3 == 1 ? 0.0f : -0x1p-125f));
            grads[i] = 0.0f;
        }
        for (int step = 0; step < 3; step++)
            assert_int_equal(activ_optimizer_step(o), ACTIV_OK);
        for (size_t i = 0; i < count; i++)
            assert_true(params[i] == (i % 3 == 0 ? -0x1p-126f : i % 3 == 1 ? 0.0f : -0x1.8p-125f));
        activ_optimizer_destroy(o);
        activ_graph_destroy(g);
        activ_context_destroy(context);
    }
}

static void test_adaptive_options(void **state)
{
    (void)state;
    activ_graph *g = small_graph(NULL);
    activ_optimizer *o = NULL;
    static const float bad[] = { -0.1f, NAN, INFINITY, -INFINITY };
    activ_adamw_options a = ACTIV_ADAMW_DEFAULTS;
    activ_rmsprop_options r = ACTIV_RMSPROP_DEFAULTS;
    float *const places[] = { &a.lr, &a.beta1, &a.beta2, &a.eps,          &a.weight_decay,
                              &r.lr, &r.alpha, &r.eps,   &r.weight_decay, &r.momentum };
    static const char *const names[] = { "AdamW: lr ",        "AdamW: beta1 ",        "AdamW: beta2 ",
                                         "AdamW: eps ",       "AdamW: weight_decay ", "RMSprop: lr ",
                                         "RMSprop: alpha ",   "RMSprop: eps ",        "RMSprop: weight_decay ",
                                         "RMSprop: momentum " };
    for (size_t i = 0; i < sizeof places / sizeof places[0]; i++)
        for (size_t j = 0; j < sizeof bad / sizeof bad[0]; j++) {
            float kept = *places[i];
            *places[i] = bad[j];
            assert_int_equal(i < 5 ? activ_adamw_create(g, &a, &o) : activ_rmsprop_create(g, &r, &o),
                             ACTIV_ERROR_RANGE);
            assert_null(o);
            assert_int_equal(strncmp(activ_graph_error(g), names[i], strlen(names[i])), 0);
            *places[i] = kept;
        }
    a.beta1 = 1.0f;
    assert_int_equal(activ_adamw_create(g, &a, &o), ACTIV_ERROR_RANGE);
    a.beta1 = 0.9f;
    a.beta2 = 1.0f;
    assert_int_equal(activ_adamw_create(g, &a, &o), ACTIV_ERROR_RANGE);
    r.alpha = 1.5f;
    assert_int_equal(activ_rmsprop_create(g, &r, &o), ACTIV_ERROR_RANGE);
    /* Options that were only partly filled in. */
    a = (activ_adamw_options){ .size = sizeof a, .lr = 0.001f };
    r = (activ_rmsprop_options){ .size = sizeof r, .lr = 0.001f };
    assert_int_equal(activ_adamw_create(g, &a, &o), ACTIV_ERROR_RANGE);
    assert_non_null(strstr(activ_graph_error(g), "ACTIV_ADAMW_DEFAULTS"));
    assert_int_equal(activ_rmsprop_create(g, &r, &o), ACTIV_ERROR_RANGE);
    assert_non_null(strstr(activ_graph_error(g), "ACTIV_RMSPROP_DEFAULTS"));
    assert_int_equal(activ_adamw_create(NULL, &a, &o), ACTIV_ERROR_INVALID);
    assert_int_equal(activ_adamw_create(g, NULL, &o), ACTIV_OK); /* the defaults */
    activ_optimizer_destroy(o);
    o = NULL;
    assert_int_equal(activ_adamw_create(g, &a, NULL), ACTIV_ERROR_INVALID);
    assert_int_equal(activ_rmsprop_create(NULL, &r, &o), ACTIV_ERROR_INVALID);
    assert_int_equal(activ_rmsprop_create(g, NULL, &o), ACTIV_OK);
    assert_true(activ_optimizer_lr(o) == 0.01f);
    activ_optimizer_destroy(o);
    o = NULL;
    assert_int_equal(activ_rmsprop_create(g, &r, NULL), ACTIV_ERROR_INVALID);
    a.size = r.size = 1;
    assert_int_equal(activ_adamw_create(g, &a, &o), ACTIV_ERROR_INVALID);
    assert_int_equal(activ_rmsprop_create(g, &r, &o), ACTIV_ERROR_INVALID);
    assert_null(o);
    assert_int_equal(activ_optimizer_step(NULL), ACTIV_ERROR_INVALID);
    assert_int_equal(activ_optimizer_set_lr(NULL, 1.0f), ACTIV_ERROR_INVALID);
    assert_true(activ_optimizer_lr(NULL) == 0.0f && activ_optimizer_steps(NULL) == 0);
    activ_optimizer_destroy(NULL);
    activ_graph_destroy(g);
}

/* ---- settings of single tensors, threads, tiers ------------------------------------------------- */

/* Runs the tasks from the last to the first, as no order is promised. */
static void parallel_for(void *user, size_t count, void (*task)(void *argument, size_t i), void *argument)
{
    size_t *most = user;
    *most = count > *most ? count : *most;
    while (count-- > 0)
        task(argument, count);
}

enum { LARGE = 331 * 307 + 307 + 307 * 13 + 13 };

static activ_graph *large_graph(const activ_context *context)
{
    activ_graph *g = NULL;
    assert_int_equal(activ_graph_create(context, &g), ACTIV_OK);
    activ_graph_mse(g, activ_graph_linear(g, activ_graph_linear(g, activ_graph_input(g, 331), 307), 13));
    assert_int_equal(activ_graph_compile(g, 1), ACTIV_OK);
    assert_int_equal(activ_graph_param_count(g), LARGE);
    assert_int_equal(activ_graph_init(g, 3), ACTIV_OK);
    return g;
}

static activ_optimizer *make(activ_graph *g, int kind)
{
    activ_sgd_options s = { .size = sizeof s, .lr = 0.01f, .momentum = 0.9f, .weight_decay = 0.1f };
    activ_adamw_options a = ACTIV_ADAMW_DEFAULTS;
    activ_rmsprop_options r = ACTIV_RMSPROP_DEFAULTS;
    a.amsgrad = r.centered = 1;
    r.momentum = 0.5f;
    r.weight_decay = 0.1f;
    activ_optimizer *o = NULL;
    assert_int_equal(kind == 0   ? activ_sgd_create(g, &s, &o)
                     : kind == 1 ? activ_adamw_create(g, &a, &o)
                                 : activ_rmsprop_create(g, &r, &o),
                     ACTIV_OK);
    return o;
}

static void set_tensor(activ_optimizer *o, size_t tensor, float lr_scale, float weight_decay)
{
    const activ_optimizer_tensor_options own = { sizeof own, lr_scale, weight_decay };
    assert_int_equal(activ_optimizer_set_tensor_options(o, tensor, &own), ACTIV_OK);
    activ_optimizer_tensor_options got = { .size = sizeof got };
    assert_int_equal(activ_optimizer_get_tensor_options(o, tensor, &got), ACTIV_OK);
    assert_memory_equal(&own, &got, sizeof got);
}

static void steps(activ_graph *g, activ_optimizer *o, uint64_t count)
{
    for (uint64_t step = 0; step < count; step++) {
        activ_random_uniform(7, activ_optimizer_steps(o), 0, activ_graph_param_count(g), -1.0f, 1.0f,
                             activ_graph_grads(g));
        assert_int_equal(activ_optimizer_step(o), ACTIV_OK);
    }
}

static void test_same_bits(void **state)
{
    (void)state;
    static float expected[LARGE];
    for (int kind = 0; kind < 3; kind++)
        for (size_t tier = 0; tier < tier_count(); tier++)
            for (int32_t threads = 1; threads <= 7; threads += 3) {
                size_t most = 0;
                activ_executor executor = { sizeof executor, &most, threads, parallel_for };
                activ_context_options options = { .size = sizeof options,
                                                  .executor = &executor,
                                                  .max_tier = activ_tier_at(tier) };
                activ_context *context = NULL;
                assert_int_equal(activ_context_create(&options, &context), ACTIV_OK);
                activ_graph *g = large_graph(context);
                activ_optimizer *o = make(g, kind);
                set_tensor(o, 1, 3.0f, 0.0f);
                set_tensor(o, 3, 3.0f, 0.0f);
                steps(g, o, 3);
                if (tier == 0 && threads == 1)
                    memcpy(expected, activ_graph_params(g), sizeof expected);
                assert_memory_equal(activ_graph_params(g), expected, sizeof expected);
                assert_int_equal(most, threads == 1 ? 0 : 3); /* parts of 32768 values and more */
                activ_optimizer_destroy(o);
                activ_graph_destroy(g);
                activ_context_destroy(context);
            }
}

/* A tensor with settings of its own moves as if the whole optimiser had them; the others do not notice. */
static void test_tensor_options(void **state)
{
    (void)state;
    activ_graph *plain = zoo_create(NULL, 1, 4), *own = zoo_create(NULL, 1, 4), *mixed = zoo_create(NULL, 1, 4);
    size_t tensors = activ_graph_param_tensor_count(mixed);
    for (int kind = 0; kind < 3; kind++) {
        activ_graph_init(plain, 4);
        activ_graph_init(own, 4);
        activ_graph_init(mixed, 4);
        activ_optimizer *a = make(plain, kind), *b = make(own, kind), *c = make(mixed, kind);
        assert_int_equal(activ_optimizer_set_lr(b, activ_optimizer_lr(b) * 0.5f), ACTIV_OK);
        for (size_t i = 0; i < tensors; i++) {
            set_tensor(b, i, 1.0f, 0.25f);
            if (i % 3 == 1)
                set_tensor(c, i, 0.5f, 0.25f);
        }
        steps(plain, a, 4);
        steps(own, b, 4);
        steps(mixed, c, 4);
        for (size_t i = 0; i < tensors; i++) {
            activ_graph_tensor_info t = ACTIV_GRAPH_TENSOR_INFO_INIT;
            assert_int_equal(activ_graph_param_tensor_info(mixed, i, &t), ACTIV_OK);
            const float *x = activ_graph_params(plain) + t.offset, *y = activ_graph_params(own) + t.offset;
            assert_memory_not_equal(x, y, t.count * sizeof *x);
            assert_memory_equal(activ_graph_params(mixed) + t.offset, i % 3 == 1 ? y : x, t.count * sizeof *x);
        }
        assert_int_equal(activ_optimizer_decay_weights_only(c), ACTIV_OK);
        for (size_t i = 0; i < tensors; i++) {
            activ_graph_tensor_info t = ACTIV_GRAPH_TENSOR_INFO_INIT;
            activ_optimizer_tensor_options before = { .size = sizeof before }, after = { .size = sizeof after };
            assert_int_equal(activ_graph_param_tensor_info(mixed, i, &t), ACTIV_OK);
            assert_int_equal(activ_optimizer_get_tensor_options(a, i, &before), ACTIV_OK);
            assert_int_equal(activ_optimizer_get_tensor_options(c, i, &after), ACTIV_OK);
            assert_true(before.lr_scale == 1.0f && before.weight_decay == (kind == 1 ? 0.01f : 0.1f));
            assert_true(after.lr_scale == (i % 3 == 1 ? 0.5f : 1.0f));
            assert_true(after.weight_decay == (t.ndim < 2 ? 0.0f : i % 3 == 1 ? 0.25f : before.weight_decay));
        }
        activ_optimizer_destroy(a);
        activ_optimizer_destroy(b);
        activ_optimizer_destroy(c);
    }

    activ_optimizer *o = make(mixed, 1);
    static const float bad[] = { -0.5f, NAN, INFINITY };
    activ_optimizer_tensor_options before = { .size = sizeof before }, after = before;
    assert_int_equal(activ_optimizer_get_tensor_options(o, 2, &before), ACTIV_OK);
    for (size_t i = 0; i < 3; i++) {
        activ_optimizer_tensor_options own = { sizeof own, bad[i], 0.0f };
        assert_int_equal(activ_optimizer_set_tensor_options(o, 2, &own), ACTIV_ERROR_RANGE);
        own = (activ_optimizer_tensor_options){ sizeof own, 1.0f, bad[i] };
        assert_int_equal(activ_optimizer_set_tensor_options(o, 2, &own), ACTIV_ERROR_RANGE);
        assert_non_null(strstr(activ_graph_error(mixed), "AdamW: lr_scale and weight_decay of "));
    }
    assert_int_equal(activ_optimizer_set_tensor_options(o, tensors, &before), ACTIV_ERROR_RANGE);
    assert_int_equal(activ_optimizer_get_tensor_options(o, tensors, &after), ACTIV_ERROR_RANGE);
    assert_int_equal(activ_optimizer_set_tensor_options(NULL, 0, &before), ACTIV_ERROR_INVALID);
    assert_int_equal(activ_optimizer_get_tensor_options(NULL, 0, &after), ACTIV_ERROR_INVALID);
    assert_int_equal(activ_optimizer_set_tensor_options(o, 0, NULL), ACTIV_ERROR_INVALID);
    assert_int_equal(activ_optimizer_get_tensor_options(o, 0, NULL), ACTIV_ERROR_INVALID);
    assert_int_equal(activ_optimizer_decay_weights_only(NULL), ACTIV_ERROR_INVALID);
    assert_int_equal(activ_optimizer_get_tensor_options(o, 2, &after), ACTIV_OK);
    assert_memory_equal(&before, &after, sizeof before);
    activ_optimizer_destroy(o);
    activ_graph_destroy(plain);
    activ_graph_destroy(own);
    activ_graph_destroy(mixed);
}

/* ---- one call for both ---------------------------------------------------------------------------- */

/* Networks in which a parameter is read, or its gradient added to, by several layers, some that no loss depends on:
 * zoo.c's, and random ones. */
enum { NETWORKS = 26 };

static activ_node act(activ_graph *g, activ_node x, const char *spec)
{
    activ_fn *fn = NULL;
    assert_int_equal(activ_fn_create(NULL, spec, &fn), ACTIV_OK);
    activ_node node = activ_graph_apply(g, x, fn);
    activ_fn_destroy(fn);
    return node;
}

static size_t throw_dice(uint64_t seed, uint64_t *thrown, size_t sides)
{
    return activ_random_bits(seed, 1, (*thrown)++) % sides;
}

static void build_random(activ_graph *g, uint64_t seed, int classes)
{
    static const char *const specs[] = { "tanh", "prelu", "trainable_elu", "staf(tau=2)", "rrelu", "gelu" };
    activ_node nodes[64];
    uint64_t thrown = 0;
    size_t count = 1;
    const size_t length = 4 + throw_dice(seed, &thrown, 16);
    nodes[0] = activ_graph_input(g, ZOO_IN);
    nodes[count++] = activ_graph_linear(g, nodes[0], 8);
    while (count < length) {
        const activ_node x = nodes[count - 1 - throw_dice(seed, &thrown, count < 4 ? count - 1 : 3)];
        const activ_node other = nodes[1 + throw_dice(seed, &thrown, count - 1)];
        activ_node node;
        switch (throw_dice(seed, &thrown, 8)) {
        case 0:
            node = activ_graph_linear(g, x, 8);
            break;
        case 1:
            node = activ_graph_linear_without_bias(g, x, 8);
            break;
        case 2:
            node = activ_graph_batch_norm(g, x, NULL);
            break;
        case 3:
            node = activ_graph_layer_norm(g, activ_graph_add(g, x, other), -1, NULL);
            break;
        case 4:
            node = activ_graph_multiply(g, act(g, x, "tanh"), other);
            break;
        case 5:
            node = activ_graph_linear(g, activ_graph_concat(g, x, other, 0), 8);
            break;
        default:
            if (activ_graph_node_fn(g, other) && throw_dice(seed, &thrown, 2) == 0)
                node = activ_graph_apply_shared(g, x, other);
            else
                node = act(g, x, specs[throw_dice(seed, &thrown, sizeof specs / sizeof specs[0])]);
        }
        nodes[count++] = node;
    }
    const activ_node last = activ_graph_linear(g, nodes[count - 1 - throw_dice(seed, &thrown, 2)], ZOO_CLASSES);
    if (classes)
        activ_graph_cross_entropy(g, last);
    else
        activ_graph_mse(g, last);
}

/* keep: every node's values and gradients. */
static activ_graph *network(const activ_context *context, int which, int keep)
{
    activ_graph *g = NULL;
    assert_int_equal(activ_graph_create(context, &g), ACTIV_OK);
    if (which < 2)
        assert_int_equal(zoo_build(context, g, which), ACTIV_OK);
    else
        build_random(g, (uint64_t)which, which % 2);
    activ_compile_options options = ACTIV_COMPILE_DEFAULTS;
    options.max_batch = ZOO_BATCH;
    options.keep_values = keep;
    if (activ_graph_compile_ex(g, &options, NULL) != ACTIV_OK)
        fail_msg("network %d: %s", which, activ_graph_error(g));
    assert_int_equal(activ_graph_init(g, 5), ACTIV_OK);
    return g;
}

static activ_status one_step(activ_graph *g, activ_optimizer *o, int classes, int in_one, uint64_t step, float *loss)
{
    static float x[ZOO_BATCH * ZOO_IN], targets[ZOO_BATCH * ZOO_CLASSES];
    int32_t labels[ZOO_BATCH];
    const size_t batch = step % 3 == 2 ? 5 : ZOO_BATCH;
    zoo_data(step, batch, x, labels, targets);
    if (in_one)
        return classes ? activ_graph_step(g, o, batch, x, labels, loss)
                       : activ_graph_step_values(g, o, batch, x, targets, loss);
    activ_status status =
        classes ? activ_graph_train(g, batch, x, labels, loss) : activ_graph_train_values(g, batch, x, targets, loss);
    return status == ACTIV_OK ? activ_optimizer_step(o) : status;
}

/* Several steps in two calls, and in one with every number of threads. */
static void test_step_in_one(void **state)
{
    (void)state;
    enum { STEPS = 5 };
    for (int which = 0; which < NETWORKS; which++)
        for (int kind = 0; kind < 3; kind++) {
            activ_graph *two = network(NULL, which, 0);
            activ_optimizer *o = make(two, kind);
            const size_t tensors = activ_graph_param_tensor_count(two);
            float losses[STEPS], loss;
            for (size_t t = 0; t < tensors; t++)
                if (t % 3 == 1) /* frozen, or slow without decay */
                    set_tensor(o, t, t % 2 ? 0.0f : 0.5f, 0.0f);
            for (uint64_t step = 0; step < STEPS; step++)
                assert_int_equal(one_step(two, o, which % 2, 0, step, &losses[step]), ACTIV_OK);
            for (int32_t threads = 1; threads <= 3; threads++) {
                size_t most = 0;
                activ_executor executor = { sizeof executor, &most, threads, parallel_for };
                activ_context_options options = ACTIV_CONTEXT_DEFAULTS;
                options.executor = &executor;
                test_memory memory = { 0 };
                activ_allocator allocator = test_allocator(&memory);
                options.allocator = &allocator;
                activ_context *context = NULL;
                assert_int_equal(activ_context_create(&options, &context), ACTIV_OK);
                activ_graph *one = network(context, which, threads == 2);
                activ_optimizer *p = make(one, kind);
                for (size_t t = 0; t < tensors; t++)
                    if (t % 3 == 1)
                        set_tensor(p, t, t % 2 ? 0.0f : 0.5f, 0.0f);
                const size_t calls = memory.calls;
                for (uint64_t step = 0; step < STEPS; step++) {
                    assert_int_equal(one_step(one, p, which % 2, 1, step, &loss), ACTIV_OK);
                    assert_memory_equal(&loss, &losses[step], sizeof loss);
                    assert_true(activ_optimizer_steps(p) == step + 1);
                }
                assert_int_equal(memory.calls, calls);
                if (memcmp(activ_graph_params(one), activ_graph_params(two),
                           activ_graph_param_count(two) * sizeof(float)) != 0)
                    fail_msg("network %d, kind %d, %d threads", which, kind, (int)threads);
                if (activ_graph_buffer_count(two) > 0)
                    assert_memory_equal(activ_graph_buffers(one), activ_graph_buffers(two),
                                        activ_graph_buffer_count(two) * sizeof(float));
                /* The arrays of the optimiser, too: the next steps are the same, whichever way. */
                activ_graph *again = network(NULL, which, 0);
                activ_optimizer *q = make(again, kind);
                for (size_t t = 0; t < tensors; t++)
                    if (t % 3 == 1)
                        set_tensor(q, t, t % 2 ? 0.0f : 0.5f, 0.0f);
                for (uint64_t step = 0; step < STEPS; step++)
                    assert_int_equal(one_step(again, q, which % 2, 0, step, &loss), ACTIV_OK);
                assert_int_equal(one_step(again, q, which % 2, 0, STEPS, &loss), ACTIV_OK);
                assert_int_equal(one_step(one, p, which % 2, threads == 1, STEPS, &loss), ACTIV_OK);
                assert_memory_equal(activ_graph_params(one), activ_graph_params(again),
                                    activ_graph_param_count(two) * sizeof(float));
                activ_optimizer_destroy(q);
                activ_graph_destroy(again);
                activ_optimizer_destroy(p);
                activ_graph_destroy(one);
                activ_context_destroy(context);
            }
            activ_optimizer_destroy(o);
            activ_graph_destroy(two);
        }
}

/* Enough parameters for the threads to share their update, on every tier. */
static void test_large_step_in_one(void **state)
{
    (void)state;
    static float expected[LARGE], x[331], targets[13];
    for (int kind = 0; kind < 3; kind++)
        for (size_t tier = 0; tier < tier_count(); tier++)
            for (int32_t threads = 0; threads <= 3; threads++) { /* 0: one, in two calls */
                size_t most = 0;
                activ_executor executor = { sizeof executor, &most, threads > 0 ? threads : 1, parallel_for };
                activ_context_options options = { .size = sizeof options,
                                                  .executor = &executor,
                                                  .max_tier = activ_tier_at(tier) };
                activ_context *context = NULL;
                assert_int_equal(activ_context_create(&options, &context), ACTIV_OK);
                activ_graph *g = large_graph(context);
                activ_optimizer *o = make(g, kind);
                for (uint64_t step = 0; step < 3; step++) {
                    activ_random_normal(8, step, 0, 331, 0.0f, 1.0f, x);
                    activ_random_normal(9, step, 0, 13, 0.0f, 1.0f, targets);
                    if (threads > 0) {
                        assert_int_equal(activ_graph_step_values(g, o, 1, x, targets, NULL), ACTIV_OK);
                    } else {
                        assert_int_equal(activ_graph_train_values(g, 1, x, targets, NULL), ACTIV_OK);
                        assert_int_equal(activ_optimizer_step(o), ACTIV_OK);
                    }
                }
                if (tier == 0 && threads == 0)
                    memcpy(expected, activ_graph_params(g), sizeof expected);
                assert_memory_equal(activ_graph_params(g), expected, sizeof expected);
                assert_int_equal(most, threads < 2 ? 0 : threads);
                activ_optimizer_destroy(o);
                activ_graph_destroy(g);
                activ_context_destroy(context);
            }
}

/* What fails is no step: neither of the optimiser, nor of the random layers. */
static void test_failed_step_in_one(void **state)
{
    (void)state;
    static float x[ZOO_BATCH * ZOO_IN], targets[ZOO_BATCH * ZOO_CLASSES];
    int32_t labels[ZOO_BATCH];
    zoo_data(1, ZOO_BATCH, x, labels, targets);
    for (int kind = 0; kind < 3; kind++) {
        activ_graph *g = zoo_create(NULL, 1, 4), *h = zoo_create(NULL, 1, 4), *values = zoo_create(NULL, 0, 4);
        activ_optimizer *o = make(g, kind), *p = make(h, kind), *v = make(values, kind);
        float loss = 123.0f;
        for (uint64_t step = 0; step < 3; step++) {
            assert_int_equal(one_step(g, o, 1, 1, step, NULL), ACTIV_OK);
            assert_int_equal(one_step(h, p, 1, 0, step, NULL), ACTIV_OK);
            const size_t bytes = activ_graph_param_count(h) * sizeof(float);
            labels[3] = ZOO_CLASSES;
            assert_int_equal(activ_graph_step(g, o, ZOO_BATCH, x, labels, &loss), ACTIV_ERROR_RANGE);
            assert_non_null(strstr(activ_graph_error(g), "label of sample 3"));
            labels[3] = 0;
            assert_int_equal(activ_graph_step(g, o, 0, x, labels, &loss), ACTIV_ERROR_RANGE);
            assert_int_equal(activ_graph_step(g, o, ZOO_BATCH + 1, x, labels, &loss), ACTIV_ERROR_RANGE);
            assert_int_equal(activ_graph_step(g, o, 1, x, labels, &loss), ACTIV_ERROR_RANGE); /* batch_norm's */
            assert_int_equal(activ_graph_step(g, o, 2, NULL, labels, &loss), ACTIV_ERROR_INVALID);
            assert_int_equal(activ_graph_step(g, o, 2, x, NULL, &loss), ACTIV_ERROR_INVALID);
            assert_int_equal(activ_graph_step(g, o, 2, activ_graph_params(g), labels, &loss), ACTIV_ERROR_INVALID);
            assert_int_equal(activ_graph_step_values(g, o, 2, x, targets, &loss), ACTIV_ERROR_STATE);
            assert_int_equal(activ_graph_step(values, v, 2, x, labels, &loss), ACTIV_ERROR_STATE);
            assert_int_equal(activ_graph_step_values(values, v, 2, x, NULL, &loss), ACTIV_ERROR_INVALID);
            assert_int_equal(activ_graph_step(g, p, 2, x, labels, &loss), ACTIV_ERROR_INVALID);
            assert_non_null(strstr(activ_graph_error(g), "another graph's"));
            assert_int_equal(activ_graph_step(g, NULL, 2, x, labels, &loss), ACTIV_ERROR_INVALID);
            assert_non_null(strstr(activ_graph_error(g), "the optimizer is NULL"));
            assert_int_equal(activ_graph_step_values(values, NULL, 2, x, targets, &loss), ACTIV_ERROR_INVALID);
            assert_int_equal(activ_graph_step(NULL, o, 2, x, labels, &loss), ACTIV_ERROR_INVALID);
            assert_int_equal(activ_graph_step_values(NULL, v, 2, x, targets, &loss), ACTIV_ERROR_INVALID);
            assert_true(loss == 123.0f);
            assert_true(activ_optimizer_steps(o) == step + 1 && activ_optimizer_steps(p) == step + 1);
            assert_true(activ_optimizer_steps(v) == 0);
            assert_memory_equal(activ_graph_params(g), activ_graph_params(h), bytes);
        }
        activ_optimizer_destroy(o);
        activ_optimizer_destroy(p);
        activ_optimizer_destroy(v);
        activ_graph_destroy(g);
        activ_graph_destroy(h);
        activ_graph_destroy(values);
    }
    /* Without parameters, and without values for them. */
    activ_graph *g = NULL;
    activ_optimizer *o = NULL;
    float loss = 0.0f;
    assert_int_equal(activ_graph_create(NULL, &g), ACTIV_OK);
    activ_node in = activ_graph_input(g, 3);
    activ_graph_mse(g, activ_graph_add(g, in, in));
    assert_int_equal(activ_graph_compile(g, 1), ACTIV_OK);
    assert_int_equal(activ_sgd_create(g, NULL, &o), ACTIV_OK);
    assert_int_equal(activ_graph_step_values(g, o, 1, x, targets, &loss), ACTIV_OK);
    assert_true(activ_optimizer_steps(o) == 1);
    activ_optimizer_destroy(o);
    activ_graph_destroy(g);
    g = NULL;
    assert_int_equal(activ_graph_create(NULL, &g), ACTIV_OK);
    activ_graph_mse(g, activ_graph_linear(g, activ_graph_input(g, 3), 2));
    assert_int_equal(activ_graph_compile(g, 1), ACTIV_OK);
    assert_int_equal(activ_sgd_create(g, NULL, &o), ACTIV_OK);
    assert_int_equal(activ_graph_step_values(g, o, 1, x, targets, &loss), ACTIV_ERROR_STATE);
    assert_true(activ_optimizer_steps(o) == 0);
    activ_optimizer_destroy(o);
    activ_graph_destroy(g);
}

/* ---- clipping, schedules -------------------------------------------------------------------------- */

static void test_clipping(void **state)
{
    (void)state;
    activ_graph *g = small_graph(NULL);
    float *grads = activ_graph_grads(g), norm = 7.0f, before[35];
    for (int i = 0; i < 35; i++)
        grads[i] = before[i] = i == 3 ? 3.0f : i == 30 ? -4.0f : 0.0f;
    assert_int_equal(activ_graph_clip_grad_norm(g, INFINITY, &norm), ACTIV_OK);
    assert_true(norm == 5.0f);
    assert_int_equal(activ_graph_clip_grad_norm(g, 6.0f, NULL), ACTIV_OK);
    assert_memory_equal(grads, before, sizeof before);
    assert_int_equal(activ_graph_clip_grad_norm(g, 2.5f, &norm), ACTIV_OK);
    assert_true(norm == 5.0f && grads[3] < 1.5f && grads[3] > 1.499999f && grads[30] < -1.999999f);
    assert_int_equal(activ_graph_clip_grad_norm(g, 0.0f, &norm), ACTIV_OK);
    assert_true(norm > 2.499999f && grads[3] == 0.0f && grads[30] == 0.0f);
    assert_int_equal(activ_graph_clip_grad_norm(g, 1.0f, &norm), ACTIV_OK); /* no gradient at all */
    assert_true(norm == 0.0f && grads[3] == 0.0f);

    static const float bad[] = { NAN, INFINITY, -INFINITY };
    for (int i = 0; i < 3; i++) {
        memcpy(grads, before, sizeof before);
        grads[2] = bad[i];
        grads[20] = 3e38f;
        float kept[35];
        memcpy(kept, grads, sizeof kept);
        norm = 7.0f;
        assert_int_equal(activ_graph_clip_grad_norm(g, 1.0f, &norm), ACTIV_ERROR_RANGE);
        assert_non_null(strstr(activ_graph_error(g), "not finite"));
        assert_true(norm == 7.0f);
        assert_memory_equal(grads, kept, sizeof kept);
        assert_int_equal(activ_graph_clip_grad_value(g, 3.5f), ACTIV_OK);
        assert_true(i == 0 ? grads[2] != grads[2] : grads[2] == (i == 2 ? -3.5f : 3.5f));
        assert_true(grads[3] == 3.0f && grads[30] == -3.5f && grads[20] == 3.5f);
    }
    memcpy(before, grads, sizeof before);
    assert_int_equal(activ_graph_clip_grad_norm(g, -1.0f, &norm), ACTIV_ERROR_RANGE);
    assert_int_equal(activ_graph_clip_grad_norm(g, NAN, &norm), ACTIV_ERROR_RANGE);
    assert_int_equal(activ_graph_clip_grad_value(g, -1.0f), ACTIV_ERROR_RANGE);
    assert_int_equal(activ_graph_clip_grad_value(g, NAN), ACTIV_ERROR_RANGE);
    assert_int_equal(activ_graph_clip_grad_norm(NULL, 1.0f, &norm), ACTIV_ERROR_INVALID);
    assert_int_equal(activ_graph_clip_grad_value(NULL, 1.0f), ACTIV_ERROR_INVALID);
    assert_memory_equal(grads, before, sizeof before);
    activ_graph_destroy(g);
    assert_int_equal(activ_graph_create(NULL, &g), ACTIV_OK);
    assert_int_equal(activ_graph_clip_grad_norm(g, 1.0f, &norm), ACTIV_ERROR_STATE);
    assert_int_equal(activ_graph_clip_grad_value(g, 1.0f), ACTIV_ERROR_STATE);
    /* One that is for predictions only has no gradients. */
    activ_optimizer *o = NULL;
    activ_adamw_options options = ACTIV_ADAMW_DEFAULTS;
    activ_graph_mse(g, activ_graph_linear(g, activ_graph_input(g, 6), 5));
    assert_int_equal(activ_graph_compile(g, 0), ACTIV_OK);
    assert_int_equal(activ_graph_clip_grad_norm(g, 1.0f, &norm), ACTIV_ERROR_STATE);
    assert_int_equal(activ_graph_clip_grad_value(g, 1.0f), ACTIV_ERROR_STATE);
    assert_int_equal(activ_adamw_create(g, &options, &o), ACTIV_ERROR_STATE);
    assert_null(o);
    assert_true(norm == 7.0f);
    activ_graph_destroy(g);
}

/* Where schedules begin and end; tests/golden has what lies between. */
/* Gradients near the ends of float32: the norm and the factor are doubles. */
static void test_clipping_of_extremes(void **state)
{
    (void)state;
    activ_graph *g = small_graph(NULL);
    const size_t count = activ_graph_param_count(g);
    static const struct {
        float gradients[2], max_norm;
    } cases[] = {
        { { 3e38f, 3e38f }, 1.0f },     { { 3e38f, 1e38f }, 3e-7f },     { { 3.4e38f, -3.4e38f }, 1e-37f },
        { { 1e-30f, 1e-35f }, 1e-42f }, { { 3e38f, 1e30f }, 0x1p-149f }, { { 3e38f, 3e38f }, 0.0f },
    };
    for (size_t c = 0; c < sizeof cases / sizeof cases[0]; c++) {
        float *grads = activ_graph_grads(g), total = -1.0f;
        for (size_t i = 0; i < count; i++)
            grads[i] = i < 2 ? cases[c].gradients[i] : 0.0f;
        assert_int_equal(activ_graph_clip_grad_norm(g, cases[c].max_norm, &total), ACTIV_OK);
        const double a = (double)cases[c].gradients[0], b = (double)cases[c].gradients[1], norm = sqrt(a * a + b * b);
        assert_true(norm > (double)FLT_MAX ? isinf(total) : fabs((double)total - norm) <= 1e-6 * norm);
        double factor = (double)cases[c].max_norm / (norm + 1e-6);
        factor = factor < 1.0 ? factor : 1.0;
        for (int i = 0; i < 2; i++) {
            const double want = (double)cases[c].gradients[i] * factor;
            if (fabs((double)grads[i] - want) > 2e-7 * fabs(want) + 0x1p-149)
                fail_msg("case %zu: %g instead of %g", c, (double)grads[i], want);
        }
    }
    activ_graph_grads(g)[0] = INFINITY;
    assert_int_equal(activ_graph_clip_grad_norm(g, 1.0f, NULL), ACTIV_ERROR_RANGE);
    activ_graph_destroy(g);
}

static void test_schedule_ends(void **state)
{
    (void)state;
    assert_true(activ_lr_step(0.5f, 10, 0.5f, 0) == 0.5f && activ_lr_step(0.5f, 10, 0.5f, 9) == 0.5f);
    assert_true(activ_lr_step(0.5f, 10, 0.5f, 10) == 0.25f && activ_lr_step(0.5f, 1, 0.5f, 20) == 0x1p-21f);
    assert_true(activ_lr_step(0.5f, 1, 0.5f, UINT64_MAX) == 0.0f);
    assert_true(activ_lr_step(0.5f, 1, 1.0f, UINT64_MAX) == 0.5f);
    assert_true(activ_lr_cosine(0.5f, 8, 0.25f, 0) == 0.5f && activ_lr_cosine(0.5f, 8, 0.25f, 8) == 0.25f);
    assert_true(activ_lr_cosine(0.5f, 8, 0.25f, 4) == 0.375f && activ_lr_cosine(0.5f, 8, 0.25f, 16) == 0.5f);
    assert_true(activ_lr_cosine(0.5f, UINT64_MAX, 0.25f, UINT64_MAX) == 0.25f);
    assert_true(activ_lr_warmup(0.5f, 0.0f, 4, 0) == 0.0f && activ_lr_warmup(0.5f, 0.0f, 4, 1) == 0.125f);
    assert_true(activ_lr_warmup(0.5f, 0.0f, 4, 4) == 0.5f && activ_lr_warmup(0.5f, 0.0f, 4, 99) == 0.5f);
    assert_true(activ_lr_warmup(0.5f, 0.0f, 0, 0) == 0.5f);
    assert_true(activ_lr_warmup_cosine(0.5f, 0.5f, 2, 6, 0.25f, 0) == 0.25f);
    assert_true(activ_lr_warmup_cosine(0.5f, 0.5f, 2, 6, 0.25f, 2) == 0.5f);
    assert_true(activ_lr_warmup_cosine(0.5f, 0.5f, 2, 6, 0.25f, 4) == 0.375f);
    assert_true(activ_lr_warmup_cosine(0.5f, 0.5f, 2, 6, 0.25f, 6) == 0.25f);
    assert_true(activ_lr_warmup_cosine(0.5f, 0.5f, 2, 6, 0.25f, 10) == 0.25f); /* and no rise */
    assert_true(activ_lr_warmup_cosine(0.5f, 0.5f, 6, 2, 0.25f, 6) == 0.25f);
    assert_true(activ_lr_warmup_cosine(0.5f, 0.5f, 6, 2, 0.25f, 3) == 0.25f); /* total goes before warmup */
    /* No length: refused by whoever gets it. */
    activ_graph *g = small_graph(NULL);
    activ_optimizer *o = make(g, 1);
    assert_int_equal(activ_optimizer_set_lr(o, activ_lr_step(0.5f, 0, 0.5f, 3)), ACTIV_ERROR_RANGE);
    assert_int_equal(activ_optimizer_set_lr(o, activ_lr_cosine(0.5f, 0, 0.25f, 3)), ACTIV_ERROR_RANGE);
    assert_true(activ_optimizer_lr(o) == 0.001f);
    activ_optimizer_destroy(o);
    activ_graph_destroy(g);
}

/* Who refuses says why, and a graph that could not be built goes on telling its first mistake. */
static void test_messages(void **state)
{
    (void)state;
    activ_optimizer *o = NULL;
    activ_graph *broken = NULL;
    assert_int_equal(activ_graph_create(NULL, &broken), ACTIV_OK);
    assert_true(activ_graph_linear(broken, activ_graph_input(broken, 3), 0) < 0);
    activ_sgd_options options = { .size = sizeof options, .lr = 0.1f };
    assert_int_not_equal(activ_sgd_create(broken, &options, &o), ACTIV_OK);
    assert_int_not_equal(activ_graph_clip_grad_value(broken, 1.0f), ACTIV_OK);
    assert_non_null(strstr(activ_graph_error(broken), "a dimension is 0"));
    activ_graph_destroy(broken);

    activ_graph *g = small_graph(NULL);
    options.size = 3;
    assert_int_not_equal(activ_sgd_create(g, &options, &o), ACTIV_OK);
    assert_non_null(strstr(activ_graph_error(g), "SGD: the struct's size"));
    activ_adamw_options adamw = ACTIV_ADAMW_DEFAULTS;
    adamw.size = 3;
    assert_int_not_equal(activ_adamw_create(g, &adamw, &o), ACTIV_OK);
    assert_non_null(strstr(activ_graph_error(g), "AdamW: the struct's size"));
    activ_rmsprop_options rmsprop = ACTIV_RMSPROP_DEFAULTS;
    rmsprop.size = 3;
    assert_int_not_equal(activ_rmsprop_create(g, &rmsprop, &o), ACTIV_OK);
    assert_non_null(strstr(activ_graph_error(g), "RMSprop: the struct's size"));
    /* What is reserved may mean something later. */
    adamw = (activ_adamw_options)ACTIV_ADAMW_DEFAULTS;
    rmsprop = (activ_rmsprop_options)ACTIV_RMSPROP_DEFAULTS;
    adamw.reserved = rmsprop.reserved = 1;
    assert_int_equal(activ_adamw_create(g, &adamw, &o), ACTIV_ERROR_UNSUPPORTED);
    assert_int_equal(activ_rmsprop_create(g, &rmsprop, &o), ACTIV_ERROR_UNSUPPORTED);
    assert_non_null(strstr(activ_graph_error(g), "does not know"));
    assert_int_equal(activ_sgd_create(g, &(activ_sgd_options)ACTIV_SGD_DEFAULTS, NULL), ACTIV_ERROR_INVALID);
    assert_non_null(strstr(activ_graph_error(g), "SGD: out is NULL"));
    assert_null(o);
    o = make(g, 1);
    const activ_optimizer_tensor_options small = { .size = 3 };
    assert_int_not_equal(activ_optimizer_set_tensor_options(o, 0, &small), ACTIV_OK);
    assert_non_null(strstr(activ_graph_error(g), "the struct's size"));
    activ_optimizer_destroy(o);
    activ_graph_destroy(g);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_clipping_of_extremes),
        cmocka_unit_test(test_messages),
        cmocka_unit_test(test_schemes),
        cmocka_unit_test(test_init_errors),
        cmocka_unit_test(test_graph_weights),
        cmocka_unit_test(test_sgd),
        cmocka_unit_test(test_sgd_options),
        cmocka_unit_test(test_sgd_memory),
        cmocka_unit_test(test_adaptive),
        cmocka_unit_test(test_no_variance),
        cmocka_unit_test(test_fading),
        cmocka_unit_test(test_edges_of_fading),
        cmocka_unit_test(test_adaptive_options),
        cmocka_unit_test(test_same_bits),
        cmocka_unit_test(test_tensor_options),
        cmocka_unit_test(test_step_in_one),
        cmocka_unit_test(test_large_step_in_one),
        cmocka_unit_test(test_failed_step_in_one),
        cmocka_unit_test(test_clipping),
        cmocka_unit_test(test_schedule_ends),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
