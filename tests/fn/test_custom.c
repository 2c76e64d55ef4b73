/* Functions of the host's own code: in every call, in networks and in files. */
#define _DEFAULT_SOURCE
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
#include "support/memory.h"

/* prelu, by the host: with *user as the weight to start from. */
static void forward(void *user, const float *params, size_t n, const float *x, float *y)
{
    (void)user;
    for (size_t i = 0; i < n; i++)
        y[i] = x[i] > 0.0f ? x[i] : params[0] * x[i];
}

static void backward(void *user, const float *params, size_t n, const float *x, const float *dy, float *dx,
                     double *sums)
{
    (void)user;
    if (sums)
        sums[0] = 0.0;
    for (size_t i = 0; i < n; i++) {
        const float value = x[i], gradient = dy[i];
        if (sums && !(value > 0.0f))
            sums[0] += (double)gradient * (double)value;
        if (dx)
            dx[i] = value > 0.0f ? gradient : gradient * params[0];
    }
}

static void init(void *user, uint64_t seed, float *params)
{
    (void)seed;
    params[0] = *(const float *)user;
}

static float start = 0.25f;

static activ_fn_callbacks callbacks_of(void)
{
    activ_fn_callbacks c = ACTIV_FN_CALLBACKS_DEFAULTS;
    c.forward = forward;
    c.backward = backward;
    c.param_init = init;
    c.param_count = 1;
    return c;
}

/* A context whose specs may name "slope". */
static activ_fn_callbacks slope_callbacks;
static activ_custom_fn slope;
static const activ_custom_fn *const functions[] = { &slope };

static activ_context *context_of(const activ_allocator *allocator, const activ_executor *executor)
{
    slope_callbacks = callbacks_of();
    slope = (activ_custom_fn)ACTIV_CUSTOM_FN_DEFAULTS;
    slope.name = "slope";
    slope.callbacks = &slope_callbacks;
    slope.user = &start;
    activ_context *context = NULL;
    activ_context_options options = ACTIV_CONTEXT_DEFAULTS;
    options.allocator = allocator;
    options.executor = executor;
    options.functions = functions;
    options.function_count = 1;
    assert_int_equal(activ_context_create(&options, &context), ACTIV_OK);
    return context;
}

enum { N = 300000 };
static float x[N], dy[N], y[2][N], dx[2][N];

static void fill(void)
{
    assert_int_equal(activ_random_normal(1, 1, 0, N, 0.0f, 2.0f, x), ACTIV_OK);
    assert_int_equal(activ_random_normal(1, 2, 0, N, 0.0f, 2.0f, dy), ACTIV_OK);
}

static void assert_near(float a, float b)
{
    assert_true(fabsf(a - b) <= 1e-6f * (1.0f + fabsf(b)));
}

/* Every call gives what prelu gives. */
static void test_calls(void **state)
{
    (void)state;
    fill();
    activ_pool *pool = NULL;
    const activ_status pooled = activ_pool_create(NULL, 3, &pool);
    assert_true(pooled == ACTIV_OK || pooled == ACTIV_ERROR_UNSUPPORTED);
    activ_context *context = context_of(NULL, activ_pool_executor(pool));
    const activ_fn_callbacks callbacks = callbacks_of();
    activ_fn *own[3] = { NULL }, *prelu[2] = { NULL };
    assert_int_equal(activ_fn_create_custom(NULL, "slope", &callbacks, &start, &own[0]), ACTIV_OK);
    assert_int_equal(activ_fn_create(context, "slope", &own[1]), ACTIV_OK);
    assert_int_equal(activ_fn_create(context, " gated( slope )", &own[2]), ACTIV_OK);
    assert_int_equal(activ_fn_create(NULL, "prelu", &prelu[0]), ACTIV_OK);
    assert_int_equal(activ_fn_create(NULL, "gated(prelu)", &prelu[1]), ACTIV_OK);
    assert_string_equal(activ_fn_spec(own[0]), "slope");
    assert_string_equal(activ_fn_spec(own[2]), "gated(slope)");
    for (int k = 0; k < 2; k++) {
        activ_fn_info info = ACTIV_FN_INFO_INIT;
        activ_fn_tensor_info tensor = ACTIV_FN_TENSOR_INFO_INIT;
        assert_int_equal(activ_fn_info_of(own[k], &info), ACTIV_OK);
        assert_string_equal(info.name, "slope");
        assert_true(info.trainable && !info.random && info.shape == ACTIV_SHAPE_ELEMENTWISE);
        assert_int_equal(activ_fn_param_count(own[k]), 1);
        assert_int_equal(activ_fn_param_tensor_info(own[k], 0, &tensor), ACTIV_OK);
        assert_string_equal(tensor.name, "weight");
        for (size_t n = 1; n <= N; n = n < 100 ? n * 5 : n * 14) {
            float dparams[2] = { 0, 0 };
            assert_int_equal(activ_forward(own[k], NULL, n, x, y[0]), ACTIV_OK);
            assert_int_equal(activ_forward(prelu[0], NULL, n, x, y[1]), ACTIV_OK);
            assert_memory_equal(y[0], y[1], n * sizeof x[0]);
            assert_int_equal(activ_backward(own[k], NULL, n, x, dy, dx[0], &dparams[0]), ACTIV_OK);
            assert_int_equal(activ_backward(prelu[0], NULL, n, x, dy, dx[1], &dparams[1]), ACTIV_OK);
            assert_memory_equal(dx[0], dx[1], n * sizeof x[0]);
            assert_near(dparams[0], dparams[1]);
            /* With the caller's parameters, in place. */
            const float weight = -1.5f;
            memcpy(y[0], x, n * sizeof x[0]);
            assert_int_equal(activ_forward(own[k], &weight, n, y[0], y[0]), ACTIV_OK);
            assert_int_equal(activ_forward(prelu[0], &weight, n, x, y[1]), ACTIV_OK);
            assert_memory_equal(y[0], y[1], n * sizeof x[0]);
            assert_int_equal(activ_backward(own[k], &weight, n, x, dy, NULL, &dparams[0]), ACTIV_OK);
        }
        assert_int_equal(activ_forward(own[k], NULL, 0, NULL, NULL), ACTIV_OK);
        float dparams[2] = { 0, 0 };
        assert_int_equal(activ_forward_rows(own[k], NULL, 40, 33, x, 35, y[0], 37), ACTIV_OK);
        assert_int_equal(activ_forward_rows(prelu[0], NULL, 40, 33, x, 35, y[1], 37), ACTIV_OK);
        assert_int_equal(activ_backward_rows(own[k], NULL, 40, 33, x, 35, dy, 36, dx[0], 37, &dparams[0]), ACTIV_OK);
        assert_int_equal(activ_backward_rows(prelu[0], NULL, 40, 33, x, 35, dy, 36, dx[1], 37, &dparams[1]), ACTIV_OK);
        for (size_t r = 0; r < 40; r++) {
            assert_memory_equal(y[0] + 37 * r, y[1] + 37 * r, 33 * sizeof x[0]);
            assert_memory_equal(dx[0] + 37 * r, dx[1] + 37 * r, 33 * sizeof x[0]);
        }
        assert_near(dparams[0], dparams[1]);
    }
    enum { R = 20, C = 41 };
    static float dgate[2][R * C];
    float dparams[2] = { 0, 0 };
    for (int k = 0; k < 2; k++) {
        const activ_fn *fn = k ? prelu[1] : own[2];
        assert_int_equal(activ_forward_gated(fn, NULL, R, C, x, C, x + 1000, C, y[k], C), ACTIV_OK);
        assert_int_equal(
            activ_backward_gated(fn, NULL, R, C, x, C, x + 1000, C, dy, C, dx[k], C, dgate[k], C, &dparams[k]),
            ACTIV_OK);
    }
    assert_memory_equal(y[0], y[1], R * C * sizeof x[0]);
    assert_memory_equal(dx[0], dx[1], R * C * sizeof x[0]);
    assert_memory_equal(dgate[0], dgate[1], sizeof dgate[0]);
    assert_near(dparams[0], dparams[1]);
    for (int k = 0; k < 3; k++)
        activ_fn_destroy(own[k]);
    for (int k = 0; k < 2; k++)
        activ_fn_destroy(prelu[k]);
    activ_context_destroy(context);
    activ_pool_destroy(pool);
}

/* ---- networks ----------------------------------------------------------------------------------- */

enum { IN = 7, HIDDEN = 20, CLASSES = 4, BATCH = 16 };

static activ_graph *build(const activ_context *context, const activ_fn *fn, const activ_fn *gate)
{
    activ_graph *g = NULL;
    assert_int_equal(activ_graph_create(context, &g), ACTIV_OK);
    activ_node h = activ_graph_apply(g, activ_graph_linear(g, activ_graph_input(g, IN), HIDDEN), fn);
    h = activ_graph_gated_split(g, activ_graph_linear(g, h, HIDDEN), gate, ACTIV_GATE_SECOND);
    activ_graph_cross_entropy(g, activ_graph_linear(g, h, CLASSES));
    if (activ_graph_compile(g, BATCH) != ACTIV_OK)
        fail_msg("%s", activ_graph_error(g));
    assert_int_equal(activ_graph_init(g, 5), ACTIV_OK);
    return g;
}

static void train(activ_graph *g, int steps)
{
    activ_optimizer *optimizer = NULL;
    assert_int_equal(activ_adamw_create(g, NULL, &optimizer), ACTIV_OK);
    for (int s = 0; s < steps; s++) {
        int32_t labels[BATCH];
        for (int i = 0; i < BATCH; i++)
            labels[i] = (i * 7 + s) % CLASSES;
        assert_int_equal(activ_graph_train(g, BATCH, x + 100 * s, labels, NULL), ACTIV_OK);
        assert_int_equal(activ_optimizer_step(optimizer), ACTIV_OK);
    }
    activ_optimizer_destroy(optimizer);
}

static void test_networks_and_files(void **state)
{
    (void)state;
    fill();
    char path[] = "/tmp/activ_custom_XXXXXX";
    const int file = mkstemp(path);
    assert_true(file >= 0);
    close(file);
    const activ_fn_callbacks callbacks = callbacks_of();
    activ_context *context = context_of(NULL, NULL);
    activ_fn *fn = NULL, *gate = NULL, *prelu = NULL, *gated_prelu = NULL;
    assert_int_equal(activ_fn_create_custom(NULL, "slope", &callbacks, &start, &fn), ACTIV_OK);
    assert_int_equal(activ_fn_create(context, "gated(slope)", &gate), ACTIV_OK);
    assert_int_equal(activ_fn_create(NULL, "prelu", &prelu), ACTIV_OK);
    assert_int_equal(activ_fn_create(NULL, "gated(prelu)", &gated_prelu), ACTIV_OK);
    /* In a graph of a context that does not know it, too. */
    activ_graph *own = build(NULL, fn, gate), *same = build(NULL, prelu, gated_prelu);
    activ_fn_destroy(fn);
    activ_fn_destroy(gate);
    train(own, 20);
    train(same, 20);
    for (size_t i = 0; i < activ_graph_param_count(own); i++)
        assert_true(fabsf(activ_graph_params(own)[i] - activ_graph_params(same)[i]) <= 1e-4f);
    activ_graph_param_tensor_count(own);
    activ_graph_tensor_info info = ACTIV_GRAPH_TENSOR_INFO_INIT;
    assert_int_equal(activ_graph_param_tensor_info(own, 2, &info), ACTIV_OK);
    assert_string_equal(info.name, "layers.1.weight");

    activ_message message = { "" };
    assert_int_equal(activ_checkpoint_save(own, path, &message), ACTIV_OK);
    activ_graph *loaded = NULL;
    assert_int_equal(activ_checkpoint_load(NULL, path, BATCH, &loaded, &message), ACTIV_ERROR_FORMAT);
    assert_non_null(strstr(message.text, "unknown function 'slope'"));
    assert_null(loaded);
    if (activ_checkpoint_load(context, path, BATCH, &loaded, &message) != ACTIV_OK)
        fail_msg("%s", message.text);
    assert_int_equal(activ_graph_forward(own, BATCH, x, y[0]), ACTIV_OK);
    assert_int_equal(activ_graph_forward(loaded, BATCH, x, y[1]), ACTIV_OK);
    assert_memory_equal(y[0], y[1], BATCH * CLASSES * sizeof y[0][0]);
    activ_context_destroy(context);
    train(loaded, 3);
    activ_graph_destroy(loaded);
    activ_graph_destroy(own);
    activ_graph_destroy(same);
    activ_fn_destroy(prelu);
    activ_fn_destroy(gated_prelu);
    unlink(path);
}

/* ---- what is refused -------------------------------------------------------------------------------- */

static void refuse(const char *name, const activ_fn_callbacks *callbacks, activ_status status, const char *why)
{
    activ_fn *fn = NULL;
    activ_message message = { "" };
    assert_int_equal(activ_fn_create_custom_ex(NULL, name, callbacks, &start, &fn, &message), status);
    assert_null(fn);
    if (!strstr(message.text, why))
        fail_msg("'%s', not '%s'", message.text, why);
}

static void test_refused(void **state)
{
    (void)state;
    activ_fn_callbacks c = callbacks_of();
    activ_fn *fn = NULL;
    refuse(NULL, &c, ACTIV_ERROR_INVALID, "NULL");
    refuse("f", NULL, ACTIV_ERROR_INVALID, "NULL");
    refuse("", &c, ACTIV_ERROR_INVALID, "name");
    refuse("2f", &c, ACTIV_ERROR_INVALID, "2f");
    refuse("f(x)", &c, ACTIV_ERROR_INVALID, "f(x)");
    refuse("a name", &c, ACTIV_ERROR_INVALID, "a name");
    refuse("a_name_of_41_characters_is_one_too_many_x", &c, ACTIV_ERROR_INVALID, "40");
    refuse("gelu", &c, ACTIV_ERROR_INVALID, "catalog");
    refuse("Swish", &c, ACTIV_ERROR_INVALID, "alias");
    assert_int_equal(activ_fn_create_custom(NULL, "f", &c, NULL, NULL), ACTIV_ERROR_INVALID);
    c.forward = NULL;
    refuse("f", &c, ACTIV_ERROR_INVALID, "forward");
    c = callbacks_of();
    c.backward = NULL;
    refuse("f", &c, ACTIV_ERROR_INVALID, "backward");
    c = callbacks_of();
    c.param_init = NULL;
    refuse("f", &c, ACTIV_ERROR_INVALID, "param_init");
    c = callbacks_of();
    c.param_count = 49;
    refuse("f", &c, ACTIV_ERROR_RANGE, "48");
    c = callbacks_of();
    c.size = 0;
    refuse("f", &c, ACTIV_ERROR_INVALID, "f");

    activ_context *context = context_of(NULL, NULL);
    assert_int_equal(activ_fn_create(context, "slope(alpha=1)", &fn), ACTIV_ERROR_UNKNOWN_NAME);
    assert_int_equal(activ_fn_create(context, "slopes", &fn), ACTIV_ERROR_UNKNOWN_NAME);
    assert_int_equal(activ_fn_create(NULL, "slope", &fn), ACTIV_ERROR_UNKNOWN_NAME);
    slope.callbacks = NULL;
    assert_int_equal(activ_fn_create(context, "slope", &fn), ACTIV_ERROR_INVALID);
    assert_int_equal(activ_fn_create(context, "relu", &fn), ACTIV_OK);
    activ_fn_destroy(fn);
    activ_context_destroy(context);
    activ_context_options options = ACTIV_CONTEXT_DEFAULTS;
    options.function_count = 1;
    assert_int_equal(activ_context_create(&options, &context), ACTIV_ERROR_INVALID);
}

static void test_out_of_memory(void **state)
{
    (void)state;
    test_memory memory = { 0 };
    const activ_allocator allocator = test_allocator(&memory);
    activ_context *context = context_of(&allocator, NULL);
    const size_t live = memory.live;
    const activ_fn_callbacks c = callbacks_of();
    for (int way = 0; way < 2; way++)
        for (size_t failures = 0;; failures++) {
            activ_fn *fn = NULL;
            memory.fail_at = memory.calls + failures + 1;
            activ_status status = way ? activ_fn_create(context, "gated(slope)", &fn)
                                      : activ_fn_create_custom(context, "curve", &c, &start, &fn);
            memory.fail_at = 0;
            if (status == ACTIV_OK) {
                assert_true(failures >= 4);
                activ_fn_destroy(fn);
                assert_int_equal(memory.live, live);
                break;
            }
            assert_int_equal(status, ACTIV_ERROR_OUT_OF_MEMORY);
            assert_null(fn);
            assert_int_equal(memory.live, live);
        }
    activ_context_destroy(context);
    assert_int_equal(memory.live, 0);
    assert_int_equal(memory.mistakes, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_calls),
        cmocka_unit_test(test_networks_and_files),
        cmocka_unit_test(test_refused),
        cmocka_unit_test(test_out_of_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
