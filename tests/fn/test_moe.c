/* moe, a mixture of experts: its specs, its parameters, limits, and experts of the host's own code. Values and
 * gradients are tested with those of the other functions (tests/functions). */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "activ/activ.h"
#include "support/tiers.h"

static activ_fn *create(const char *spec)
{
    activ_fn *fn = NULL;
    activ_message message;
    if (activ_fn_create_ex(NULL, spec, &fn, &message) != ACTIV_OK)
        fail_msg("%s: %s", spec, message.text);
    return fn;
}

static void test_specs(void **state)
{
    (void)state;
    static const char *const specs[][2] = {
        { "moe", "moe" },
        { "moe()", "moe" },
        { "moe(relu, softsign, elu)", "moe" },
        { "moe( ReLU ,gelu)", "moe(relu, gelu)" },
        { "moe([relu, tanh])", "moe(relu, tanh)" },
        { "moe(experts=[prelu(weight=0.1), staf(tau=3, init=unit)])",
          "moe(prelu(weight=0.1), staf(tau=3, init=unit))" },
        { "moe(relu,relu,relu,relu,relu,relu,relu,relu,relu,relu,relu,relu,relu,relu,relu,tanh)",
          "moe(relu, relu, relu, relu, relu, relu, relu, relu, relu, relu, relu, relu, relu, relu, relu, tanh)" },
    };
    for (size_t i = 0; i < sizeof specs / sizeof specs[0]; i++) {
        activ_fn *fn = create(specs[i][0]), *again = create(activ_fn_spec(fn));
        assert_string_equal(activ_fn_spec(fn), specs[i][1]);
        assert_string_equal(activ_fn_spec(again), specs[i][1]);
        assert_int_equal(activ_fn_param_count(again), activ_fn_param_count(fn));
        activ_fn_destroy(fn);
        activ_fn_destroy(again);
    }
    assert_string_equal(activ_fn_spec(activ_fn_default("moe")), "moe");
}

static void expect(const char *spec, activ_status want, const char *word)
{
    activ_fn *fn = NULL;
    activ_message message;
    activ_status got = activ_fn_create_ex(NULL, spec, &fn, &message);
    if (got != want || !strstr(message.text, word))
        fail_msg("%.60s: status %d, \"%s\"; expected %d, with \"%s\"", spec, (int)got, message.text, (int)want, word);
    assert_null(fn);
}

static void test_refused(void **state)
{
    (void)state;
    static char text[1 << 16];
    expect("moe(relu)", ACTIV_ERROR_RANGE, "two functions");
    expect("moe(relu tanh)", ACTIV_ERROR_RANGE, "two functions");
    expect("moe(softmax, relu)", ACTIV_ERROR_SHAPE, "softmax");
    expect("moe(relu, swiglu)", ACTIV_ERROR_SHAPE, "swiglu");
    expect("moe(prelu(num_parameters=2), relu)", ACTIV_ERROR_SHAPE, "per channel");
    expect("moe(rrelu, relu)", ACTIV_ERROR_UNSUPPORTED, "random");
    expect("moe(relu, moe)", ACTIV_ERROR_UNSUPPORTED, "made of functions");
    expect("moe(relu, nosuch)", ACTIV_ERROR_UNKNOWN_NAME, "nosuch");
    expect("moe(relu, tanh, k=2)", ACTIV_ERROR_UNKNOWN_NAME, "k");
    expect("moe(relu, elu(alpa=1))", ACTIV_ERROR_UNKNOWN_NAME, "alpa");
    expect("moe(experts=[relu, tanh], silu)", ACTIV_ERROR_SYNTAX, "given twice");
    expect("moe([relu, tanh], silu)", ACTIV_ERROR_SYNTAX, "separated by commas");
    expect("moe(relu, experts=tanh)", ACTIV_ERROR_SYNTAX, "given twice");
    expect("moe(relu, 3)", ACTIV_ERROR_SYNTAX, "3");
    static const char *const malformed[] = {
        "moe(",
        "moe(relu",
        "moe(relu,",
        "moe(relu,)",
        "moe(,relu)",
        "moe(relu,,tanh)",

        "moe(relu, tanh))",
        "moe(relu, tanh(]",
        "moe([relu, tanh)",
        "moe(relu, tanh])",
        "moe(\"relu\", tanh)",
    };
    for (size_t i = 0; i < sizeof malformed / sizeof malformed[0]; i++) {
        activ_fn *fn = NULL;
        activ_message message = { { 0 } };
        activ_status status = activ_fn_create_ex(NULL, malformed[i], &fn, &message);
        if (status != ACTIV_ERROR_SYNTAX || message.text[0] == '\0')
            fail_msg("%s: status %d, \"%s\"", malformed[i], (int)status, message.text);
    }
    /* 17 experts; 5000; 1000 levels */
    size_t at = (size_t)snprintf(text, sizeof text, "moe(relu");
    for (int i = 0; i < 16; i++)
        at += (size_t)snprintf(text + at, sizeof text - at, ", relu");
    snprintf(text + at, sizeof text - at, ")");
    expect(text, ACTIV_ERROR_RANGE, "16");
    for (int i = 17; i < 5000; i++)
        at += (size_t)snprintf(text + at, sizeof text - at, ", relu");
    snprintf(text + at, sizeof text - at, ")");
    expect(text, ACTIV_ERROR_RANGE, "16");
    for (int levels = 2; levels <= 1000; levels *= 5) {
        at = 0;
        for (int i = 0; i < levels; i++)
            at += (size_t)snprintf(text + at, sizeof text - at, "moe(");
        at += (size_t)snprintf(text + at, sizeof text - at, "relu, tanh");
        for (int i = 0; i < levels; i++)
            at += (size_t)snprintf(text + at, sizeof text - at, "), relu");
        text[at - 6] = '\0';
        activ_fn *fn = NULL;
        assert_int_not_equal(activ_fn_create(NULL, text, &fn), ACTIV_OK);
    }
    /* more vectors of parameters than a pass has sums */
    at = (size_t)snprintf(text, sizeof text, "moe(staf");
    for (int i = 0; i < 15; i++)
        at += (size_t)snprintf(text + at, sizeof text - at, ", staf");
    snprintf(text + at, sizeof text - at, ")");
    expect(text, ACTIV_ERROR_RANGE, "vectors");
}

static void test_parameters(void **state)
{
    (void)state;
    activ_fn *fn = create("moe(prelu(weight=0.1), relu, staf(tau=2), staf(tau=2))");
    static const struct {
        const char *name;
        size_t offset, count;
    } tensors[] = {
        { "w", 0, 4 },
        { "v", 4, 4 },
        { "expert0_weight", 8, 1 },
        { "expert2_C", 9, 2 },
        { "expert2_Omega", 11, 2 },
        { "expert2_Phi", 13, 2 },
        { "expert3_C", 15, 2 },
        { "expert3_Omega", 17, 2 },
        { "expert3_Phi", 19, 2 },
    };
    const size_t count = sizeof tensors / sizeof tensors[0];
    assert_int_equal(activ_fn_param_count(fn), 21);
    assert_int_equal(activ_fn_param_tensor_count(fn), count);
    assert_int_equal(activ_fn_function_count(fn), 4);
    assert_string_equal(activ_fn_spec(activ_fn_function(fn, 0)), "prelu(weight=0.1)");
    for (size_t i = 0; i < count; i++) {
        activ_fn_tensor_info info = ACTIV_FN_TENSOR_INFO_INIT;
        assert_int_equal(activ_fn_param_tensor_info(fn, i, &info), ACTIV_OK);
        assert_string_equal(info.name, tensors[i].name);
        assert_int_equal(info.offset, tensors[i].offset);
        assert_int_equal(info.count, tensors[i].count);
    }
    float params[21], staf[6];
    assert_int_equal(activ_fn_param_init(fn, 7, params), ACTIV_OK);
    assert_true(params[0] == -0.5f && params[3] == 0.5f && params[4] == 0.0f && params[7] == 0.0f);
    assert_true(params[8] == 0.1f);
    assert_int_equal(activ_fn_param_init(activ_fn_function(fn, 3), 7, staf), ACTIV_OK);
    assert_memory_not_equal(params + 9, params + 15, sizeof staf); /* the same function twice starts differently */
    activ_fn_destroy(fn);
}

/* Limits, gates that vanish where their expert overflows, and the gradients there. */
static void test_extremes(void **state)
{
    (void)state;
    const float inf = INFINITY;
    static const struct {
        const char *spec;
        float params[6], x, f, derivative;
    } points[] = {
        /* equal gates */
        { "moe(identity, tanh)", { 0, 0, 0, 0 }, INFINITY, INFINITY, 0.5f },
        { "moe(identity, tanh)", { 0, 0, 0, 0 }, -INFINITY, -INFINITY, 0.5f },
        /* infinities of both signs */
        { "moe(identity, prelu)", { 0, 0, 0, 0, -2 }, -INFINITY, INFINITY, -0.5f },
        { "moe(identity, prelu)", { 0, 0, 2, 0, -1 }, -INFINITY, -INFINITY, 0.7615942f },
        { "moe(identity, prelu)", { 0, 0, 0, 0, -1 }, -INFINITY, NAN, 0 },
        /* one gate wins, the other's expert is infinite */
        { "moe(identity, tanh)", { 0, 1, 0, 0 }, INFINITY, 1, 0 },
        { "moe(identity, tanh)", { 0, 1, 100, 0 }, INFINITY, 1, 0 },
        { "moe(identity, tanh)", { 0, 1, 0, 0 }, 3e38f, 1, 0 },
        { "moe(identity, tanh)", { 1e38f, -1e38f, 0, 0 }, -3e38f, -1, 0 },
        { "moe(prelu, tanh)", { 0, -1, 0, 0, 1e30f }, -3e38f, -1, 0 }, /* -infinity by itself */
        /* no weight left for one of three */
        { "moe(relu, sigmoid, softsign)", { 1, 1, -1, 0, 0, 0 }, -INFINITY, -1, 0 },
        { "moe(identity, tanh)", { 0, 0, 0, 0 }, NAN, NAN, NAN },
    };
    for (size_t t = 0; t < tier_count(); t++) {
        activ_context *context = tier_context(t);
        for (size_t i = 0; context && i < sizeof points / sizeof points[0]; i++) {
            activ_fn *fn = NULL;
            float y = 0, dx = 0, one = 1, sums[6] = { 0 };
            assert_int_equal(activ_fn_create(context, points[i].spec, &fn), ACTIV_OK);
            assert_int_equal(activ_forward(fn, points[i].params, 1, &points[i].x, &y), ACTIV_OK);
            assert_int_equal(activ_backward(fn, points[i].params, 1, &points[i].x, &one, &dx, sums), ACTIV_OK);
            if (isnan(points[i].f) ? !isnan(y) : y != points[i].f)
                fail_msg("%zu, %s at %g: f = %.9g", i, points[i].spec, (double)points[i].x, (double)y);
            if (isnan(points[i].derivative) ? !isnan(dx) : !(fabsf(dx - points[i].derivative) <= 1e-7f))
                fail_msg("%zu, %s at %g: f' = %.9g", i, points[i].spec, (double)points[i].x, (double)dx);
            for (size_t j = 0; fabsf(y) < inf && j < activ_fn_param_count(fn); j++)
                if (!(sums[j] == 0.0f))
                    fail_msg("%zu, %s at %g: gradient %zu is %g", i, points[i].spec, (double)points[i].x, j,
                             (double)sums[j]);
            activ_fn_destroy(fn);
        }
        activ_context_destroy(context);
    }
}

/* Infinities and NaN among other elements change none of them, and each gradient is that of its element alone. */
static void test_neighbours(void **state)
{
    (void)state;
    enum { N = 77, PARAMS = 64 };
    static const char *const specs[] = { "moe", "moe(prelu, bspline, rational_a)", "moe(identity, elu)" };
    float x[N], dy[N], y[N], dx[N];
    for (size_t i = 0; i < N; i++) {
        x[i] = (float)i * 0.2f - 7.0f;
        dy[i] = (float)(i % 5) - 1.5f;
    }
    x[3] = x[40] = INFINITY;
    x[18] = x[76] = -INFINITY;
    for (size_t s = 0; s < sizeof specs / sizeof specs[0]; s++) {
        activ_fn *fn = create(specs[s]);
        float sums[PARAMS] = { 0 }, want[PARAMS] = { 0 };
        assert_true(activ_fn_param_count(fn) <= PARAMS);
        assert_int_equal(activ_forward(fn, NULL, N, x, y), ACTIV_OK);
        assert_int_equal(activ_backward(fn, NULL, N, x, dy, dx, sums), ACTIV_OK);
        for (size_t i = 0; i < N; i++) {
            float alone = 0, slope = 0;
            assert_int_equal(activ_forward(fn, NULL, 1, &x[i], &alone), ACTIV_OK);
            assert_int_equal(activ_backward(fn, NULL, 1, &x[i], &dy[i], &slope, want), ACTIV_OK);
            assert_memory_equal(&alone, &y[i], sizeof alone);
            assert_memory_equal(&slope, &dx[i], sizeof slope);
        }
        for (size_t j = 0; j < activ_fn_param_count(fn); j++)
            if (!(fabsf(sums[j] - want[j]) <= 1e-4f * (1.0f + fabsf(want[j])) || sums[j] == want[j] ||
                  (isnan(sums[j]) && isnan(want[j]))))
                fail_msg("%s: gradient %zu is %g, element by element %g", specs[s], j, (double)sums[j],
                         (double)want[j]);
        activ_fn_destroy(fn);
    }
}

/* The host's own code as an expert: x times the sum of its parameters. */
enum { OWN = 48 };

static void own_forward(void *user, const float *params, size_t n, const float *x, float *y)
{
    float sum = 0;
    (void)user;
    for (size_t j = 0; j < OWN; j++)
        sum += params[j];
    for (size_t i = 0; i < n; i++)
        y[i] = sum * x[i];
}

static void own_backward(void *user, const float *params, size_t n, const float *x, const float *dy, float *dx,
                         double *sums)
{
    double total = 0;
    float sum = 0;
    (void)user;
    for (size_t j = 0; j < OWN; j++)
        sum += params[j];
    for (size_t i = 0; i < n; i++) {
        const float factor = dy[i];
        total += (double)factor * (double)x[i];
        if (dx)
            dx[i] = factor * sum;
    }
    for (size_t j = 0; sums && j < OWN; j++)
        sums[j] = total * (double)j;
}

static void own_init(void *user, uint64_t seed, float *params)
{
    (void)user;
    (void)seed;
    for (size_t j = 0; j < OWN; j++)
        params[j] = 0.0625f;
}

static void test_custom(void **state)
{
    (void)state;
    activ_fn_callbacks callbacks = ACTIV_FN_CALLBACKS_DEFAULTS;
    callbacks.forward = own_forward;
    callbacks.backward = own_backward;
    callbacks.param_init = own_init;
    callbacks.param_count = OWN;
    activ_custom_fn own = ACTIV_CUSTOM_FN_DEFAULTS;
    own.name = "triple";
    own.callbacks = &callbacks;
    const activ_custom_fn *functions[] = { &own };
    activ_context_options options = ACTIV_CONTEXT_DEFAULTS;
    options.functions = functions;
    options.function_count = 1;
    activ_context *context = NULL;
    activ_fn *fn = NULL;
    assert_int_equal(activ_context_create(&options, &context), ACTIV_OK);
    assert_int_equal(activ_fn_create(context, "moe(triple, triple)", &fn), ACTIV_OK);
    assert_string_equal(activ_fn_spec(fn), "moe(triple, triple)");
    assert_int_equal(activ_fn_param_count(fn), 4 + 2 * OWN);
    float x = 2.0f, one = 1.0f, y = 0, dx = 0, sums[4 + 2 * OWN] = { 0 };
    assert_int_equal(activ_forward(fn, NULL, 1, &x, &y), ACTIV_OK);
    assert_int_equal(activ_backward(fn, NULL, 1, &x, &one, &dx, sums), ACTIV_OK);
    assert_true(y == 6.0f && dx == 3.0f);
    for (size_t j = 0; j < OWN; j++) /* w = -1/2 and 1/2: the second gate is sigmoid(2) */
        assert_true(fabs((double)sums[4 + OWN + j] - 2.0 * (double)j / (1.0 + exp(-2.0))) < 1e-4);
    activ_fn_destroy(fn);
    activ_context_destroy(context);
}

/* Two equal experts become different, and a mixture learns what neither can: |x| by two slopes. */
static void test_trains(void **state)
{
    (void)state;
    enum { N = 64, STEPS = 3000 };
    activ_fn *fn = create("moe(prelu(weight=0.5), prelu(weight=0.5))");
    float params[6], sums[6], x[N], y[N], dy[N], loss = 0;
    assert_int_equal(activ_fn_param_init(fn, 0, params), ACTIV_OK);
    for (int step = 0; step <= STEPS; step++) {
        loss = 0;
        for (size_t i = 0; i < N; i++)
            x[i] = (float)i / 16.0f - 2.0f;
        assert_int_equal(activ_forward(fn, params, N, x, y), ACTIV_OK);
        for (size_t i = 0; i < N; i++) {
            dy[i] = (y[i] - (x[i] < -1.0f ? 0.0f : fabsf(x[i]))) / N;
            loss += dy[i] * dy[i] * N;
        }
        memset(sums, 0, sizeof sums);
        assert_int_equal(activ_backward(fn, params, N, x, dy, NULL, sums), ACTIV_OK);
        for (size_t j = 0; j < 6; j++)
            params[j] -= sums[j];
    }
    assert_true(params[4] != params[5]);
    assert_true(loss < 0.05f);
    activ_fn_destroy(fn);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_specs),    cmocka_unit_test(test_refused),    cmocka_unit_test(test_parameters),
        cmocka_unit_test(test_extremes), cmocka_unit_test(test_neighbours), cmocka_unit_test(test_custom),
        cmocka_unit_test(test_trains),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
