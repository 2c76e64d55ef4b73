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
        { "moe(gelu, x*tanh(exp(x)))", "moe(gelu, x*tanh(exp(x)))" },
        { "moe([x^2, (tanh)])", "moe(x^2, tanh)" },
        { "moe(derivative(gelu), relu)", "moe(derivative(gelu), relu)" },
        { "moe(a*x; a=1, x==2)", "moe((a*x; a=1), x == 2)" },
        { "moe(a*x + b; a=1, fixed b = 2,c[2]*x; c[2] = [1, 2], relu)",
          "moe((a*x + b; a=1, fixed b=2), (c[2]*x; c[2]=[1, 2]), relu)" },
        { "moe(relu, let s=sigmoid(x); s*x)", "moe(relu, (let s=sigmoid(x); s*x))" },
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
    expect("moe(relu, x*staf(x))", ACTIV_ERROR_UNSUPPORTED, "staf has vectors of parameters: no formula that calls it");
    expect("moe(relu, a*x; a=1, b)", ACTIV_ERROR_UNKNOWN_NAME, "b");
    expect("moe(relu, a*x; a=1, b=2)", ACTIV_ERROR_INVALID, "'b' is declared, but not used");
    expect("moe(x, staf, staf, staf, staf, staf)", ACTIV_ERROR_RANGE, "more than 16 vectors of parameters");
    expect("moe(relu, nosuch)", ACTIV_ERROR_UNKNOWN_NAME, "nosuch");
    expect("moe(relu, tanh, k=2)", ACTIV_ERROR_UNKNOWN_NAME, "k");
    expect("moe(relu, elu(alpa=1))", ACTIV_ERROR_UNKNOWN_NAME, "alpa");
    expect("moe(experts=[relu, tanh], silu)", ACTIV_ERROR_SYNTAX, "given twice");
    expect("moe([relu, tanh], silu)", ACTIV_ERROR_SYNTAX, "separated by commas");
    expect("moe(relu, experts=tanh)", ACTIV_ERROR_SYNTAX, "given twice");
    expect("moe(relu, 3)", ACTIV_ERROR_INVALID, "x does not occur");
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

/* Formulas as experts: of functions of the catalog, with their bits; their parameters are vectors with names. */
static void test_formulas(void **state)
{
    (void)state;
    enum { N = 9001, PARAMS = 64 };
    static float x[N], dy[N], y[2][N], dx[2][N];
    static const struct {
        const char *formulas, *catalog;
        size_t params;
    } pairs[] = {
        { "moe(relu(x), x*sigmoid(x))", "moe(relu, silu)", 4 },
        { "moe(swish(x, beta=b); b=1, elu(x, alpha=a); a=2, prelu)", "moe(swish, trainable_elu(alpha=2), prelu)", 9 },
        { "moe(sum(k, 1, 8, c[k]*x); c[8]=0.125, tanh)", "moe(identity, tanh)", 12 },
    };
    for (size_t i = 0; i < N; i++) {
        x[i] = (float)(i * 37 % 1001) * 0.01f - 5.0f;
        dy[i] = (float)(i * 71 % 997) * 0.002f - 1.0f;
    }
    for (size_t s = 0; s < sizeof pairs / sizeof pairs[0]; s++)
        for (size_t t = 0; t < each_tier_count; t++) {
            activ_fn *fn = NULL;
            assert_int_equal(activ_fn_create(each_tier[t], pairs[s].formulas, &fn), ACTIV_OK);
            assert_int_equal(activ_fn_param_count(fn), pairs[s].params);
            activ_fn_info info = ACTIV_FN_INFO_INIT;
            assert_int_equal(activ_fn_info_of(fn, &info), ACTIV_OK);
            assert_true(isinf(info.forward_ulp) && isinf(info.derivative_ulp));
            activ_fn_destroy(fn);
        }
    /* Gradients: by differences of the loss sum dy f, one parameter after the other. */
    for (size_t s = 0; s < sizeof pairs / sizeof pairs[0]; s++) {
        activ_fn *fn = create(pairs[s].formulas);
        const size_t count = activ_fn_param_count(fn), some = 500;
        float params[PARAMS], sums[PARAMS] = { 0 };
        assert_int_equal(activ_fn_param_init(fn, 0, params), ACTIV_OK);
        assert_int_equal(activ_backward(fn, params, some, x, dy, dx[0], sums), ACTIV_OK);
        for (size_t j = 0; j < count; j++) {
            const float was = params[j], h = 0x1p-7f;
            double difference = 0.0;
            params[j] = was + h;
            assert_int_equal(activ_forward(fn, params, some, x, y[0]), ACTIV_OK);
            params[j] = was - h;
            assert_int_equal(activ_forward(fn, params, some, x, y[1]), ACTIV_OK);
            params[j] = was;
            for (size_t i = 0; i < some; i++)
                difference += (double)dy[i] * ((double)y[0][i] - (double)y[1][i]) / (2.0 * (double)h);
            if (!(fabs(difference - (double)sums[j]) <= 2e-3 * (10.0 + fabs(difference))))
                fail_msg("%s: gradient %zu is %g, by differences %g", pairs[s].formulas, j, (double)sums[j],
                         difference);
        }
        activ_fn_destroy(fn);
    }
    /* The same bits on all tiers, in one call or in many, and close to the catalog's. */
    for (size_t s = 0; s < sizeof pairs / sizeof pairs[0]; s++) {
        float sums[2][PARAMS];
        for (size_t t = 0; t < each_tier_count; t++) {
            activ_fn *fn = NULL;
            const int k = t > 0;
            memset(sums[k], 0, sizeof sums[k]);
            assert_int_equal(activ_fn_create(each_tier[t], pairs[s].formulas, &fn), ACTIV_OK);
            assert_int_equal(activ_forward(fn, NULL, N, x, y[k]), ACTIV_OK);
            assert_int_equal(activ_backward(fn, NULL, N, x, dy, dx[k], sums[k]), ACTIV_OK);
            assert_memory_equal(y[0], y[k], sizeof y[0]);
            assert_memory_equal(dx[0], dx[k], sizeof dx[0]);
            assert_memory_equal(sums[0], sums[k], sizeof sums[0]);
            for (size_t i = 0; i < N; i += 97) {
                float one;
                assert_int_equal(activ_forward(fn, NULL, 1, &x[i], &one), ACTIV_OK);
                assert_memory_equal(&one, &y[0][i], sizeof one);
            }
            activ_fn_destroy(fn);
        }
        activ_fn *catalog = create(pairs[s].catalog);
        assert_int_equal(activ_forward(catalog, NULL, N, x, y[1]), ACTIV_OK);
        assert_int_equal(activ_backward(catalog, NULL, N, x, dy, dx[1], NULL), ACTIV_OK);
        for (size_t i = 0; i < N; i++)
            if (!(fabsf(y[0][i] - y[1][i]) <= 2e-6f * (1.0f + fabsf(y[1][i])) && fabsf(dx[0][i] - dx[1][i]) <= 4e-6f))
                fail_msg("%s at %g: %.9g, slope %.9g; %s: %.9g, %.9g", pairs[s].formulas, (double)x[i], (double)y[0][i],
                         (double)dx[0][i], pairs[s].catalog, (double)y[1][i], (double)dx[1][i]);
        activ_fn_destroy(catalog);
    }
    /* Names, and where they are. */
    activ_fn *fn = create("moe(a*x + c[2]*b; a=1, c[3]=[1, 2, 3], b=5, prelu)");
    static const char *const names[] = { "w", "v", "expert0_a", "expert0_c", "expert0_b", "expert1_weight" };
    static const size_t offsets[] = { 0, 2, 4, 5, 8, 9 };
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        activ_fn_tensor_info info = ACTIV_FN_TENSOR_INFO_INIT;
        assert_int_equal(activ_fn_param_tensor_info(fn, i, &info), ACTIV_OK);
        assert_string_equal(info.name, names[i]);
        assert_int_equal(info.offset, offsets[i]);
    }
    assert_int_equal(activ_fn_param_tensor_count(fn), sizeof names / sizeof names[0]);
    float params[10];
    assert_int_equal(activ_fn_param_init(fn, 0, params), ACTIV_OK);
    assert_true(params[4] == 1 && params[6] == 2 && params[8] == 5 && params[9] == 0.25f);
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
        /* of formulas */
        { "moe(x, tanh(x))", { 0, 0, 0, 0 }, -INFINITY, -INFINITY, 0.5f },
        { "moe(x^2, tanh(x))", { 0, 1, 100, 0 }, INFINITY, 1, 0 },
        { "moe(x^2, tanh(x))", { 0, 1, 0, 0 }, 3e38f, 1, 0 },
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
    static const char *const specs[] = { "moe", "moe(prelu, bspline, rational_a)", "moe(identity, elu)",
                                         "moe(a*x^3 + b*x; a=0.1, b=1, x*tanh(exp(x)), prelu)" };
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
        cmocka_unit_test(test_trains),   cmocka_unit_test(test_formulas),
    };
    return cmocka_run_group_tests(tests, each_tier_begin, each_tier_end);
}
