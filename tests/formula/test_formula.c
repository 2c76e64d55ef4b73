/* Formulas: what they compute, on every tier; their derivatives; what is refused, and with which words.
 *
 *   test_formula [--seed N] [--formulas N] [--seconds S]     of the random ones; that a hostile text may take */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "activ/activ.h"
#include "formula/random_formula.h"
#include "support/memory.h"
#include "support/tiers.h"
#include "support/ulp.h"

static uint64_t first_seed = 1;
static size_t formulas = 10000;

enum { N = 701 };
static float x[N], dy[N];

static int begin(void **state)
{
    for (size_t i = 0; i < N; i++) {
        x[i] = (float)((double)i * 8.0 / N - 4.0);
        dy[i] = (float)((double)(i * 37 % 101) * 0.02 - 1.0);
    }
    return each_tier_begin(state);
}

static activ_fn *create(const char *spec)
{
    activ_fn *fn = NULL;
    activ_message message = { "" };
    if (activ_fn_create_ex(NULL, spec, &fn, &message) != ACTIV_OK)
        fail_msg("%s: %s", spec, message.text);
    return fn;
}

static float value(const char *spec, float at)
{
    activ_fn *fn = create(spec);
    float y;
    assert_int_equal(activ_forward(fn, NULL, 1, &at, &y), ACTIV_OK);
    activ_fn_destroy(fn);
    return y;
}

static float slope(const char *spec, float at)
{
    const float one = 1.0f;
    activ_fn *fn = create(spec);
    float dx;
    assert_int_equal(activ_backward(fn, NULL, 1, &at, &one, &dx, NULL), ACTIV_OK);
    activ_fn_destroy(fn);
    return dx;
}

/* ---- the language --------------------------------------------------------------------------------- */

static void values(void **state)
{
    static const struct {
        const char *spec;
        float x, y;
    } table[] = {
        { "x", 3.0f, 3.0f },
        { "2*x + 1", 3.0f, 7.0f },
        { "-x^2", 3.0f, -9.0f },
        { "(-x)^2", 3.0f, 9.0f },
        { "2^3^2 + 0*x", 1.0f, 512.0f },
        { "x - 1 - 1", 5.0f, 3.0f },
        { "x/2/2", 8.0f, 2.0f },
        { "x^-1", 4.0f, 0.25f },
        { "x^0.5", 9.0f, 3.0f },
        { "x^3", -2.0f, -8.0f },
        { "x^1.5", 4.0f, 8.0f },
        { "pow(x, 3)", -2.0f, -8.0f },
        { "pow(2, x)", 5.0f, 32.0f },
        { "pow(x, 17)", -1.0f, -1.0f },
        { "--x", 2.0f, 2.0f },
        { "+x", 2.0f, 2.0f },
        { "1e1*x + .5", 2.0f, 20.5f },
        { "(x > 0) + (x >= 2) + (x < 2) + (x <= 2) + (x == 2) + (x != 2)", 2.0f, 4.0f },
        { "1 < x < 3", 2.0f, 1.0f },
        { "1 < x < 3", 3.0f, 0.0f },
        { "x < 0 or x > 1 and x < 3", 2.0f, 1.0f },
        { "not(x > 0)", 2.0f, 0.0f },
        { "where(x > 0, 5, x)", -2.0f, -2.0f },
        { "clamp(x, -1, 1)", 7.0f, 1.0f },
        { "max(x, 2, 3)", 1.0f, 3.0f },
        { "min(x, 2, 3)", 4.0f, 2.0f },
        { "abs(x) + sign(x)", -3.0f, 2.0f },
        { "let a = x + 1; let b = a*a; b - a", 2.0f, 6.0f },
        { "a*x + c; a=2, fixed c=3", 1.0f, 5.0f },
        { "a*x; a = 1/4 + sqrt(4)", 2.0f, 4.5f },
        { "sum(k, 1, 3, c[k]*x^k); c[3]=[1, 10, 100]", 2.0f, 842.0f },
        { "sum(k, 1, 2, sum(m, 1, 2, k*m*x))", 1.0f, 9.0f },
        { "c[2]*x*d[1]; c[2]=0.5, fixed d[2]=[1, 2]", 4.0f, 2.0f },
        { "sin(0)*x + cos(0)", 1.0f, 1.0f },
        { "e^x", 0.0f, 1.0f },
        { "(a*x; a=2)", 3.0f, 6.0f },
        { "relu(x) + leaky_relu(x, negative_slope=0.5)", -2.0f, -1.0f },
        { "elu(x, alpha=a); a=2", 3.0f, 3.0f },
    };
    (void)state;
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        const float y = value(table[i].spec, table[i].x);
        if (float_bits(y) != float_bits(table[i].y))
            fail_msg("%s at %g: %g, not %g", table[i].spec, (double)table[i].x, (double)y, (double)table[i].y);
    }
}

static void slopes(void **state)
{
    static const struct {
        const char *spec;
        float x, dx;
    } table[] = {
        { "x^2", 3.0f, 6.0f },
        { "max(x, 0)", 0.0f, 0.0f },
        { "max(0, x)", 0.0f, 0.0f },
        { "max(0, x)", 1.0f, 1.0f },
        { "max(x, 0.1*x)", 0.0f, 0.1f },
        { "min(max(x, -1), 1)", 1.0f, 0.0f },
        { "clamp(x, -1, 1)", -1.0f, 0.0f },
        { "clamp(x, -1, 1)", 0.5f, 1.0f },
        { "abs(x)", 0.0f, 0.0f },
        { "abs(x)", -2.0f, -1.0f },
        { "sign(x) + (x > 0)", 1.0f, 0.0f },
        { "where(x > 0, sqrt(x), 0)", -1.0f, 0.0f },
        { "where(x > 0, log(x), x)", 0.0f, 1.0f },
        { "where(x > 0, x, x*exp(x))", 200.0f, 1.0f },
        { "x*tanh(exp(x))", 200.0f, 1.0f },
        { "0.5*x*(1 + tanh(sqrt(2/pi)*(x + 0.044715*x^3)))", 1e20f, 1.0f },
        { "5 + 0*x", 1.0f, 0.0f },
        { "exp(x)/1e-39", -90.0f, 8.19401289e-40f / 1e-39f },
        { "relu(x)/1e-39", -2.0f, 0.0f },
        { "relu(x)/a; a=1e-39", -2.0f, 0.0f },
        { "x*x/1e-39", 0.0f, 0.0f },
        { "x/3e38", 1.0f, 1.0f / 3e38f },
        { "derivative(gelu)", 3e38f, 0.0f },
        { "derivative(erf(x))", -3e38f, 0.0f },
        { "derivative(derivative(erfc(x)))", 2e38f, 0.0f },
    };
    (void)state;
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        const float dx = slope(table[i].spec, table[i].x);
        if (dx != table[i].dx)
            fail_msg("%s at %g: slope %g, not %g", table[i].spec, (double)table[i].x, (double)dx, (double)table[i].dx);
    }
}

/* NaN comes through, whatever the formula does with it; a slope of 0 stays 0, whatever dy is. */
static void special_values(void **state)
{
    static const char *const specs[] = { "where(x > 0, x, 0)", "max(x, 0)", "x > 0",       "sign(x)",
                                         "min(x, 1)",          "x^2",       "pow(x, 0.1)", "exp(x)",
                                         "clamp(x,0,1)",       "0*x + 1" };
    (void)state;
    for (size_t i = 0; i < sizeof specs / sizeof specs[0]; i++) {
        assert_true(isnan(value(specs[i], NAN)));
        assert_true(isnan(slope(specs[i], NAN)));
    }
    activ_fn *fn = create("where(x > 0, a*x, 0); a=2");
    const float from[] = { -1.0f, 1.0f }, infinite[] = { INFINITY, 1.0f };
    float dx[2], da = 0.0f;
    assert_int_equal(activ_backward(fn, NULL, 2, from, infinite, dx, &da), ACTIV_OK);
    assert_true(dx[0] == 0.0f && dx[1] == 2.0f && da == 1.0f);
    activ_fn_destroy(fn);
}

static void texts(void **state)
{
    static const char *const table[][2] = {
        { " a * x*sigmoid( b*x ) ;a=1,b = 1.702 ", "a*x*sigmoid(b*x); a=1, b=1.702" },
        { "x+1-2", "x + 1 - 2" },
        { "x*-1", "x*-1" },
        { "where( x>=0 and x<1,x,-x )", "where(x >= 0 and x < 1, x, -x)" },
        { "let s=x ; s*s", "let s=x; s*s" },
        { "derivative( x ^ 2 )", "derivative(x^2)" },
        { "derivative( silu )", "derivative(silu)" },
        { "( a*x ; a=1 )", "a*x; a=1" },
        { "a*x;fixed a=1", "a*x; fixed a=1" },
        { "a*x;a [ channels = 3 ]=1", "a*x; a[channels=3]=1" },
        { "c[2]*x*channels; fixed channels=3, c[channels]=1", "c[2]*x*channels; fixed channels=3, c[channels]=1" },
        { "(gelu)", "gelu" },
        { " ( ( derivative( (gelu) ) ) ) ", "derivative(gelu)" },
        { "derivative((derivative((a*x^3; a=1))))", "derivative(derivative(a*x^3; a=1))" },
        { "((x) + (1))", "((x) + (1))" },
        /* in lists */
        { "gated(a*x;a=1)", "gated((a*x; a=1))" },
        { "gated((a*x;a=1))", "gated((a*x; a=1))" },
        { "gated(a*x + b*c[1]; a=1,fixed b =2 , fixed c [ 2 ] = [1,2])",
          "gated((a*x + b*c[1]; a=1, fixed b=2, fixed c[2]=[1, 2]))" },
        { "gated([a*x + b; a=1, b=0])", "gated((a*x + b; a=1, b=0))" },
        { "gated(let s=min(x, 1); a*s; a=1)", "gated((let s=min(x, 1); a*s; a=1))" },
        { "gated((derivative(gelu)))", "gated(derivative(gelu))" },
        { "gated(derivative((a*gelu(x); a=1)))", "gated((derivative(a*gelu(x); a=1)))" },
        { "gated((gelu))", "gated(gelu)" },
        { "gated(x == 1)", "gated(x == 1)" },
        { "gated(swish(x, beta=b); b=1)", "gated((swish(x, beta=b); b=1))" },
    };
    (void)state;
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        activ_fn *fn = create(table[i][0]), *again = create(activ_fn_spec(fn));
        assert_string_equal(activ_fn_spec(fn), table[i][1]);
        assert_string_equal(activ_fn_spec(fn), activ_fn_spec(again));
        activ_fn_destroy(fn);
        activ_fn_destroy(again);
    }
}

static void parameters(void **state)
{
    (void)state;
    activ_fn *fn = create("a*x + f*sum(k, 1, 2, c[k]*x); a=0.5, c[2]=[1, 2], fixed f=3");
    activ_fn_tensor_info info = ACTIV_FN_TENSOR_INFO_INIT;
    activ_fn_info about = ACTIV_FN_INFO_INIT;
    float params[3], y, at = 2.0f, one = 1.0f, dx, dparams[3] = { 1.0f, 0.0f, 0.0f };
    assert_int_equal(activ_fn_param_count(fn), 3);
    assert_int_equal(activ_fn_param_tensor_count(fn), 2);
    assert_int_equal(activ_fn_param_tensor_info(fn, 1, &info), ACTIV_OK);
    assert_string_equal(info.name, "c");
    assert_int_equal(info.offset, 1);
    assert_int_equal(info.count, 2);
    assert_int_equal(activ_fn_info_of(fn, &about), ACTIV_OK);
    assert_string_equal(about.name, "formula");
    assert_true(about.trainable && about.shape == ACTIV_SHAPE_ELEMENTWISE && !about.random);
    assert_true(isinf(about.forward_ulp) && isinf(about.derivative_ulp));
    activ_fn *gate = create("gated(x*sigmoid(x))");
    assert_int_equal(activ_fn_info_of(gate, &about), ACTIV_OK);
    assert_true(isinf(about.forward_ulp) && about.shape == ACTIV_SHAPE_GATED);
    activ_fn_destroy(gate);
    assert_int_equal(activ_fn_param_init(fn, 7, params), ACTIV_OK);
    assert_true(params[0] == 0.5f && params[1] == 1.0f && params[2] == 2.0f);
    params[2] = 4.0f;
    assert_int_equal(activ_forward(fn, params, 1, &at, &y), ACTIV_OK);
    assert_true(y == 31.0f);
    assert_int_equal(activ_backward(fn, params, 1, &at, &one, &dx, dparams), ACTIV_OK);
    assert_true(dx == 15.5f && dparams[0] == 3.0f && dparams[1] == 6.0f && dparams[2] == 6.0f);
    activ_fn_destroy(fn);
}

/* Parameters on which nothing depends but by jumps: their gradients are 0, and the program sums nothing. */
static void parameters_without_gradients(void **state)
{
    enum { N = 9000 };
    static float many[N], ones[N], dx[N];
    (void)state;
    for (size_t i = 0; i < N; i++) {
        many[i] = 1e-3f * (float)i - 4.0f;
        ones[i] = 1.0f;
    }
    activ_fn *fn = create("sin(x)*exp(x)*sum(i, 1, 20, sign(a[i])); a[20]=1"), *plain = create("20*sin(x)*exp(x)");
    float dparams[20] = { 0.0f }, none[20] = { 0.0f }, want;
    assert_int_equal(activ_backward(fn, NULL, N, many, ones, dx, dparams), ACTIV_OK);
    assert_memory_equal(dparams, none, sizeof none);
    for (size_t i = 0; i < N; i += 100) {
        assert_int_equal(activ_backward(plain, NULL, 1, many + i, ones, &want, NULL), ACTIV_OK);
        assert_true(fabsf(dx[i] - want) <= 1e-4f * fabsf(want) + 1e-4f);
    }
    activ_fn_destroy(fn);
    activ_fn_destroy(plain);
}

/* f' as a function has the bits of f's backward, and f'' as a function those of the backward of f'. */
static void derivatives(void **state)
{
    static const char *const specs[] = { "x*tanh(exp(x))",        "a*x*sigmoid(b*x); a=1, b=1.7",
                                         "0.5*x*(1 + tanh(x^3))", "gelu",
                                         "swish(beta=2)",         "tanh(x)*sin(x)*cos(x)",
                                         "x*softplus(x)",         "x^3" };
    (void)state;
    for (size_t i = 0; i < sizeof specs / sizeof specs[0]; i++) {
        activ_fn *fn = create(specs[i]);
        for (int order = 1; order <= 2; order++) {
            static float ones[N], y[N], dx[N];
            activ_fn *slope = NULL;
            for (size_t k = 0; k < N; k++)
                ones[k] = 1.0f;
            assert_int_equal(activ_fn_derivative(fn, &slope), ACTIV_OK);
            assert_int_equal(activ_fn_param_count(slope), activ_fn_param_count(fn));
            assert_int_equal(activ_forward(slope, NULL, N, x, y), ACTIV_OK);
            assert_int_equal(activ_backward(fn, NULL, N, x, ones, dx, NULL), ACTIV_OK);
            for (size_t k = 0; k < N; k++)
                if (float_bits(y[k]) != float_bits(dx[k]) && y[k] != dx[k])
                    fail_msg("%s at %g: %.9g, not %.9g", activ_fn_spec(slope), (double)x[k], (double)y[k],
                             (double)dx[k]);
            activ_fn_destroy(fn);
            fn = slope;
        }
        activ_fn_destroy(fn);
    }
}

/* Quotients of polynomials of a high degree, which have more powers in common than there are registers: their second
 * derivatives, and the gradients of their first ones, by differences, with the same bits on all tiers. */
static void high_degrees(void **state)
{
    static const char *const specs[] = {
        "rational_a(p=12, q=12)",
        "rational_a(p=14, q=14)",
        "rational_book(p=12, q=11)",
        "sum(i, 0, 16, a[i + 1]*x^i)/(1 + sum(i, 1, 8, x^(2*i)*b[i]^2)); a[17]=0.5, b[8]=0.25",
    };
    enum { COUNT = 41, PARAMS = 64 };
    (void)state;
    for (size_t s = 0; s < sizeof specs / sizeof specs[0]; s++) {
        float from[COUNT], ones[COUNT], y[2][COUNT], second[2][COUNT], params[PARAMS], sums[2][PARAMS];
        const float h = 0x1p-10f;
        activ_fn *fn = create(specs[s]), *slope = NULL;
        const size_t count = activ_fn_param_count(fn);
        assert_true(count > 20 && count <= PARAMS);
        assert_int_equal(activ_fn_param_init(fn, 1, params), ACTIV_OK);
        for (size_t j = 0; j < count; j++) /* abs(b) has a kink at 0 */
            params[j] = fabsf(params[j]) < 0.02f ? 0.03f : params[j];
        for (size_t i = 0; i < COUNT; i++) {
            from[i] = (float)i * 0.09375f - 1.875f;
            ones[i] = 1.0f;
        }
        for (size_t t = 0; t < each_tier_count; t++) {
            const size_t at = t > 0;
            activ_fn *own = NULL;
            char spec[200];
            snprintf(spec, sizeof spec, "derivative(%s)", activ_fn_spec(fn));
            assert_int_equal(activ_fn_create(each_tier[t], spec, &own), ACTIV_OK);
            memset(sums[at], 0, sizeof sums[at]);
            assert_int_equal(activ_backward(own, params, COUNT, from, ones, second[at], sums[at]), ACTIV_OK);
            assert_memory_equal(second[0], second[at], sizeof second[0]);
            assert_memory_equal(sums[0], sums[at], sizeof sums[0]);
            activ_fn_destroy(own);
        }
        assert_int_equal(activ_fn_derivative(fn, &slope), ACTIV_OK);
        for (size_t i = 0; i < COUNT; i++) {
            const float around[2] = { from[i] - h, from[i] + h };
            float slopes[2];
            assert_int_equal(activ_forward(slope, params, 2, around, slopes), ACTIV_OK);
            const float want = (slopes[1] - slopes[0]) / (2.0f * h);
            if (fabsf(fabsf(from[i]) - 1.0f) > 0.1f && fabsf(from[i]) > 0.01f && /* it has kinks there */
                !(fabsf(second[0][i] - want) <= 2e-2f * (1.0f + fabsf(want))))
                fail_msg("%s at %g: second derivative %g, not %g", specs[s], (double)from[i], (double)second[0][i],
                         (double)want);
        }
        for (size_t j = 0; j < count; j++) {
            const float was = params[j];
            double want = 0.0;
            params[j] = was + 4.0f * h;
            assert_int_equal(activ_forward(slope, params, COUNT, from, y[0]), ACTIV_OK);
            params[j] = was - 4.0f * h;
            assert_int_equal(activ_forward(slope, params, COUNT, from, y[1]), ACTIV_OK);
            params[j] = was;
            for (size_t i = 0; i < COUNT; i++)
                want += ((double)y[0][i] - (double)y[1][i]) / (8.0 * (double)h);
            if (!(fabs((double)sums[0][j] - want) <= 2e-2 * (1.0 + fabs(want))))
                fail_msg("%s: gradient %zu of the derivative is %g, not %g", specs[s], j, (double)sums[0][j], want);
        }
        activ_fn_destroy(fn);
        activ_fn_destroy(slope);
    }
}

/* Parameters for each channel: each channel has what a function with its values alone has, on every tier, whatever lies
 * behind each other. */
static void channels(void **state)
{
    enum { CHANNELS = 37, MOST = 3 * CHANNELS * 100 };
    static const struct {
        const char *many, *one;
        size_t count;
    } table[] = {
        { "where(x > 0, x, a*x); a[channels=37]=0.25", "where(x > 0, x, a*x); a=0.25", 1 },
        { "a*x*sigmoid(b*x) + c*d; a[channels=37]=1, fixed d=2, b[channels=37]=1.7, c[channels=40 - 3]=0",
          "a*x*sigmoid(b*x) + c*2; a=1, b=1.7, c=0", 3 },
        { "a + 0*x; a[channels=37]=0.5", "a + 0*x; a=0.5", 1 },
        { "swish(sin(a)*x, beta=b); a[channels=37]=1, b[channels=37]=2", "swish(sin(a)*x, beta=b); a=1, b=2", 2 },
        { "derivative(a*sin(b*x)*exp(-x^2); a[channels=37]=1, b[channels=37]=2)",
          "derivative(a*sin(b*x)*exp(-x^2); a=1, b=2)", 2 },
    };
    static const size_t inners[] = { 1, 5, 100 };
    static float many[MOST], up[MOST], y[2][MOST], dx[2][MOST];
    (void)state;
    for (size_t i = 0; i < MOST; i++) {
        many[i] = (float)(i * 37 % 1001) * 0.008f - 4.0f;
        up[i] = (float)(i * 71 % 997) * 0.002f - 1.0f;
    }
    for (size_t s = 0; s < sizeof table / sizeof table[0]; s++)
        for (size_t k = 0; k < 3; k++) {
            const size_t inner = inners[k], n = 3 * CHANNELS * inner, count = table[s].count;
            float params[3 * CHANNELS], sums[2][3 * CHANNELS];
            for (size_t t = 0; t < each_tier_count; t++) {
                activ_fn *fn = NULL;
                activ_fn_tensor_info info = ACTIV_FN_TENSOR_INFO_INIT;
                const size_t at = t > 0;
                assert_int_equal(activ_fn_create(each_tier[t], table[s].many, &fn), ACTIV_OK);
                assert_int_equal(activ_fn_channels(fn), CHANNELS);
                assert_int_equal(activ_fn_param_count(fn), count * CHANNELS);
                assert_int_equal(activ_fn_param_tensor_info(fn, count - 1, &info), ACTIV_OK);
                assert_true(info.count == CHANNELS && info.offset == (count - 1) * CHANNELS);
                assert_int_equal(activ_fn_param_init(fn, 0, params), ACTIV_OK);
                assert_true(params[0] == params[CHANNELS - 1]);
                for (size_t j = 0; j < count * CHANNELS; j++)
                    params[j] += 0.03f * (float)(j % CHANNELS);
                memset(sums[at], 0, sizeof sums[at]);
                assert_int_equal(activ_forward_channels(fn, params, 3, CHANNELS, inner, many, y[at]), ACTIV_OK);
                assert_int_equal(activ_backward_channels(fn, params, 3, CHANNELS, inner, many, up, dx[at], sums[at]),
                                 ACTIV_OK);
                assert_memory_equal(y[0], y[at], n * sizeof(float));
                assert_memory_equal(dx[0], dx[at], n * sizeof(float));
                assert_memory_equal(sums[0], sums[at], count * CHANNELS * sizeof(float));
                activ_fn_destroy(fn);
            }
            activ_fn *fn = create(table[s].one);
            for (size_t c = 0; c < CHANNELS; c++) {
                float own[3], want[3] = { 0.0f };
                for (size_t j = 0; j < count; j++)
                    own[j] = params[j * CHANNELS + c];
                for (size_t outer = 0; outer < 3; outer++) {
                    const size_t from = (outer * CHANNELS + c) * inner;
                    assert_int_equal(activ_forward(fn, own, inner, many + from, y[1] + from), ACTIV_OK);
                    assert_int_equal(activ_backward(fn, own, inner, many + from, up + from, dx[1] + from, want),
                                     ACTIV_OK);
                }
                for (size_t j = 0; j < count; j++)
                    if (!(fabsf(want[j] - sums[0][j * CHANNELS + c]) <= 1e-4f * (1.0f + fabsf(want[j]))))
                        fail_msg("%s, inner %zu: gradient %zu of channel %zu: %g, not %g", table[s].many, inner, j, c,
                                 (double)sums[0][j * CHANNELS + c], (double)want[j]);
            }
            for (size_t i = 0; i < n; i++)
                if (!(fabsf(y[0][i] - y[1][i]) <= 1e-6f * (1.0f + fabsf(y[1][i])) &&
                      fabsf(dx[0][i] - dx[1][i]) <= 4e-6f * (1.0f + fabsf(dx[1][i]))))
                    fail_msg("%s, inner %zu, element %zu: %.9g, %.9g, not %.9g, %.9g", table[s].many, inner, i,
                             (double)y[0][i], (double)dx[0][i], (double)y[1][i], (double)dx[1][i]);
            activ_fn_destroy(fn);
        }
    /* One channel is none; and prelu's bits. */
    activ_fn *fn = create("a*x; a[channels=1]=2"), *prelu = create("prelu(num_parameters=37)");
    assert_true(activ_fn_channels(fn) == 1 && activ_forward(fn, NULL, 1, many, y[0]) == ACTIV_OK);
    assert_true(y[0][0] == 2.0f * many[0]);
    activ_fn_destroy(fn);
    fn = create(table[0].many);
    assert_int_equal(activ_forward_channels(fn, NULL, 3, CHANNELS, 5, many, y[0]), ACTIV_OK);
    assert_int_equal(activ_forward_channels(prelu, NULL, 3, CHANNELS, 5, many, y[1]), ACTIV_OK);
    assert_memory_equal(y[0], y[1], 3 * CHANNELS * 5 * sizeof(float));
    activ_fn_destroy(fn);
    activ_fn_destroy(prelu);
}

/* Trains a network of two inputs for 300 steps, and writes what it then computes. */
static void train_with(const char *spec, size_t samples, const float *from, const float *target, float *out)
{
    activ_graph *g = NULL;
    activ_optimizer *sgd = NULL;
    activ_sgd_options options = ACTIV_SGD_DEFAULTS;
    activ_fn *fn = create(spec);
    float loss;
    options.lr = 0.01f;
    assert_int_equal(activ_graph_create(NULL, &g), ACTIV_OK);
    activ_node node = activ_graph_input(g, 2);
    node = activ_graph_apply(g, activ_graph_linear(g, node, 37), fn);
    activ_graph_mse(g, activ_graph_linear(g, node, 1));
    assert_int_equal(activ_graph_compile(g, samples), ACTIV_OK);
    assert_int_equal(activ_graph_init(g, 1), ACTIV_OK);
    assert_int_equal(activ_sgd_create(g, &options, &sgd), ACTIV_OK);
    for (int step = 0; step < 300; step++)
        assert_int_equal(activ_graph_step_values(g, sgd, samples, from, target, &loss), ACTIV_OK);
    assert_int_equal(activ_graph_forward(g, samples, from, out), ACTIV_OK);
    activ_optimizer_destroy(sgd);
    activ_graph_destroy(g);
    activ_fn_destroy(fn);
}

/* In a graph, behind a linear layer: what prelu's parameters learn, a formula's learn too. */
static void channels_in_graphs(void **state)
{
    enum { SAMPLES = 50 };
    float from[2 * SAMPLES], target[SAMPLES], out[3][SAMPLES], apart = 0.0f;
    (void)state;
    for (size_t i = 0; i < SAMPLES; i++) {
        from[2 * i] = x[i * 14];
        from[2 * i + 1] = x[(i * 97) % N];
        target[i] = fabsf(from[2 * i] - from[2 * i + 1]);
    }
    train_with("prelu(num_parameters=37)", SAMPLES, from, target, out[0]);
    train_with("where(x > 0, x, a*x); a[channels=37]=0.25", SAMPLES, from, target, out[1]);
    train_with("where(x > 0, x, a*x); a=0.25", SAMPLES, from, target, out[2]);
    for (size_t i = 0; i < SAMPLES; i++) {
        assert_true(fabsf(out[0][i] - out[1][i]) <= 1e-4f * (1.0f + fabsf(out[0][i])));
        apart = fmaxf(apart, fabsf(out[0][i] - out[2][i]));
    }
    assert_true(apart > 1e-3f); /* one parameter for all learns something else */
}

/* ---- bad input ------------------------------------------------------------------------------------- */

static void refused(void **state)
{
    static const struct {
        const char *spec;
        activ_status status;
        const char *words;
    } table[] = {
        { "foo(x)", ACTIV_ERROR_UNKNOWN_NAME, "line 1, column 1: unknown function 'foo'" },
        { "x*sigmiod(x)", ACTIV_ERROR_UNKNOWN_NAME, "column 3: unknown function 'sigmiod'; is sigmoid meant?" },
        { "x + tan h(x)", ACTIV_ERROR_SYNTAX, "column 5: 'tan' is a function" },
        { "a*x", ACTIV_ERROR_UNKNOWN_NAME, "column 1: unknown name 'a'; a parameter" },
        { "x*(2", ACTIV_ERROR_SYNTAX, "column 5: ')' is expected, and the text ends" },
        { "x*(2]", ACTIV_ERROR_SYNTAX, "column 5: ')' is expected, not ']'" },
        { "2x", ACTIV_ERROR_SYNTAX, "column 2: an operator or the end is expected, not 'x'" },
        { "x*", ACTIV_ERROR_SYNTAX, "column 3: a number, a name or '(' is expected, and the text ends" },
        { "x +\n  * 2", ACTIV_ERROR_SYNTAX, "line 2, column 3: a number, a name or '(' is expected, not '*'" },
        { "a*x; a", ACTIV_ERROR_SYNTAX, "column 6: 'a' has no value" },
        { "a*x; a=", ACTIV_ERROR_SYNTAX, "column 8: a number" },
        { "a*x; a=1, a=2", ACTIV_ERROR_INVALID, "column 11: 'a' is declared twice" },
        { "a*x; a=1, b=2", ACTIV_ERROR_INVALID, "column 11: 'b' is declared, but not used" },
        { "a*x; a=1; b=2", ACTIV_ERROR_SYNTAX, "column 9: after the parameters the formula ends" },
        { "x*x; x=1", ACTIV_ERROR_INVALID, "column 6: 'x' has a meaning" },
        { "pi*x; pi=3", ACTIV_ERROR_INVALID, "'pi' has a meaning" },
        { "relu*x; relu=1", ACTIV_ERROR_INVALID, "'relu' has a meaning" },
        { "a*x; a=x", ACTIV_ERROR_INVALID, "column 8: the initial value of a parameter is a constant" },
        { "c[3]*x; c[2]=1", ACTIV_ERROR_RANGE, "column 3: 'c' has the elements 1 to 2" },
        { "c[0]*x; c[2]=1", ACTIV_ERROR_RANGE, "column 3: 'c' has the elements 1 to 2" },
        { "c[1.5]*x; c[2]=1", ACTIV_ERROR_RANGE, "column 3: the index of a vector is a whole number" },
        { "c*x; c[2]=1", ACTIV_ERROR_SYNTAX, "column 1: 'c' is a vector" },
        { "a[1]*x; a=1", ACTIV_ERROR_UNKNOWN_NAME, "column 1: there is no vector 'a'" },
        { "c[1]*x; c[2]=[1]", ACTIV_ERROR_RANGE, "column 14: there are as many values as 'c' has elements" },
        { "c[1]*x; c[0]=1", ACTIV_ERROR_RANGE, "column 11: the length of a vector" },
        { "c[1]*x; c[99999999]=1", ACTIV_ERROR_RANGE, "column 11: the length of a vector" },
        { "sin(2)", ACTIV_ERROR_INVALID, "line 1, column 1: x does not occur" },
        { "1+2", ACTIV_ERROR_INVALID, "line 1, column 1: x does not occur" },
        { "-1", ACTIV_ERROR_INVALID, "x does not occur" },
        { "a*2; a=1", ACTIV_ERROR_INVALID, "x does not occur" },
        { "a; a=1", ACTIV_ERROR_INVALID, "x does not occur" },
        { "tanh(a); a=1", ACTIV_ERROR_INVALID, "x does not occur" },
        { "softmax(x) + x", ACTIV_ERROR_SHAPE, "column 1: 'softmax' is a function by itself" },
        { "2*derivative(gelu)", ACTIV_ERROR_SHAPE, "column 3: 'derivative' is a function by itself" },
        { "xx*2", ACTIV_ERROR_UNKNOWN_NAME, "line 1, column 1: unknown name 'xx'" },
        { "sin(x))", ACTIV_ERROR_SYNTAX, "line 1, column 7" },
        { "exp(x, 2)", ACTIV_ERROR_SYNTAX, "column 6: ')' is expected, not ','" },
        { "sqrt(2)/3", ACTIV_ERROR_INVALID, "x does not occur" },
        { "1e39*x", ACTIV_ERROR_RANGE, "column 1: this number is not a finite float32" },
        { "1e30*1e30*x", ACTIV_ERROR_RANGE, "column 5: this constant is not a finite float32" },
        { "x/(1 - 1) + 1/0", ACTIV_ERROR_RANGE, "column 14: this constant is not a finite float32" },
        { "log(0 - 1)*x", ACTIV_ERROR_RANGE, "column 1: this constant" },
        { "10^99*x", ACTIV_ERROR_RANGE, "column 3: this constant" },
        { "sum(k, 1, x, x)", ACTIV_ERROR_RANGE, "column 11: the last index of a sum" },
        { "sum(k, 2, 1, x)", ACTIV_ERROR_RANGE, "column 14: the last index of a sum is less" },
        { "sum(x, 1, 2, x)", ACTIV_ERROR_INVALID, "column 5: 'x' has a meaning" },
        { "elu(x, beta=1)", ACTIV_ERROR_UNKNOWN_NAME, "column 8: unknown setting 'beta'; the function is elu(alpha" },
        { "x + celu(x, alpha=0)", ACTIV_ERROR_RANGE, "column 5: " },
        { "x + moe(x)", ACTIV_ERROR_UNSUPPORTED, "column 5: a function that is made of others" },
        { "x + softmax(x)", ACTIV_ERROR_SHAPE, "column 5: 'softmax' is a function by itself" },
        { "let y = x", ACTIV_ERROR_SYNTAX, "is expected" },
        { "let x = 1; x", ACTIV_ERROR_INVALID, "column 5: 'x' has a meaning" },
        { "x and", ACTIV_ERROR_SYNTAX, "column 6" },
        { "where(x, 1)", ACTIV_ERROR_SYNTAX, "column 11: ',' is expected, not ')'" },
        { "derivative(x^2) + 1", ACTIV_ERROR_SYNTAX, "" },
        { "derivative(x^2", ACTIV_ERROR_SYNTAX, "')'" },
        { "derivative(softmax)", ACTIV_ERROR_UNSUPPORTED, "softmax has no derivative as a function" },
        { "derivative(derivative(derivative(derivative(derivative(x)))))", ACTIV_ERROR_RANGE, "four times at most" },
        { "x; ", ACTIV_ERROR_SYNTAX, "a name is expected" },
        { "1", ACTIV_ERROR_INVALID, "x does not occur" },
        { "(", ACTIV_ERROR_SYNTAX, "" },
        { "x $ 2", ACTIV_ERROR_SYNTAX, "" },
        { "a*x; a[channels=0]=1", ACTIV_ERROR_RANGE, "column 17: the number of channels is a whole number from 1" },
        { "a*x; a[channels=x]=1", ACTIV_ERROR_RANGE, "the number of channels" },
        { "a*x; a[channels=3]", ACTIV_ERROR_SYNTAX, "has no value" },
        { "a*x; a[channels=3]=[1, 2, 3]", ACTIV_ERROR_SYNTAX, "is expected, not '['" },
        { "a[1]*x; a[channels=3]=1", ACTIV_ERROR_UNKNOWN_NAME, "there is no vector 'a'" },
        { "a*x; fixed a[channels=3]=1", ACTIV_ERROR_UNSUPPORTED, "'a' is fixed: it has no channels" },
        { "a*x + b; a[channels=3]=1, b=2", ACTIV_ERROR_UNSUPPORTED, "column 27: 'b' has no channels, as other" },
        { "a*x + b; a[channels=3]=1, b[channels=4]=2", ACTIV_ERROR_INVALID, "the same number of channels" },
        { "gated(a*x; a[channels=3]=1)", ACTIV_ERROR_SHAPE, "per channel" },
        { "moe(a*x; a[channels=3]=1, relu)", ACTIV_ERROR_SHAPE, "per channel" },
        { "(a + b + c + d + f + g + h + i + j)*x; a[channels=3]=1, b[channels=3]=1, c[channels=3]=1, d[channels=3]=1, "
          "f[channels=3]=1, g[channels=3]=1, h[channels=3]=1, i[channels=3]=1, j[channels=3]=1",
          ACTIV_ERROR_RANGE, "more than 8 parameters with channels" },
        { "()", ACTIV_ERROR_SYNTAX, "the name of a function is expected" },
        { "(gelu", ACTIV_ERROR_SYNTAX, "" },
        { "(gelu))", ACTIV_ERROR_SYNTAX, "" },
        { "(gelu)(relu)", ACTIV_ERROR_SYNTAX, "" },
        { "(nosuch)", ACTIV_ERROR_UNKNOWN_NAME, "nosuch" },
        { "gated(a*x; a=1, relu)", ACTIV_ERROR_SYNTAX, "expected after 'relu'" },
        { "gated(a*x; a=1, b=2)", ACTIV_ERROR_INVALID, "'b' is declared, but not used" },
        { "gated([a*x; a=1, fixed])", ACTIV_ERROR_RANGE, "takes one function" },
        { "gated(a*x; a=1, b[2=1)", ACTIV_ERROR_SYNTAX, "',' or ')'" },
        { "gated(a*x; a=1", ACTIV_ERROR_SYNTAX, "',' or ')'" },
    };
    (void)state;
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        activ_message message = { "" };
        activ_fn *fn = (activ_fn *)(uintptr_t)8;
        const activ_status status = activ_fn_create_ex(NULL, table[i].spec, &fn, &message);
        if (status != table[i].status || !strstr(message.text, table[i].words) || fn != (activ_fn *)(uintptr_t)8)
            fail_msg("%s: %s (%s)", table[i].spec, activ_status_string(status), message.text);
    }
}

/* That a hostile text may take; more under an emulator, and with sanitizers. */
static double most_seconds = 1.0;

static double seconds(void)
{
    struct timespec t;
    timespec_get(&t, TIME_UTC);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/* A text of `count` times `repeated` between two others; its function has to be refused, or made, in a moment. */
static void create_large(const char *before, const char *repeated, size_t count, const char *after, int is_valid)
{
    const size_t length = strlen(repeated);
    char *text = malloc(strlen(before) + length * count + strlen(after) + 1), *to = text;
    assert_non_null(text);
    to += sprintf(to, "%s", before);
    for (size_t i = 0; i < count; i++, to += length)
        memcpy(to, repeated, length);
    strcpy(to, after);
    activ_fn *fn = NULL;
    activ_message message = { "" };
    const double start = seconds();
    const activ_status status = activ_fn_create_ex(NULL, text, &fn, &message);
    const double took = seconds() - start;
    if (is_valid != (status == ACTIV_OK) || (!is_valid && !message.text[0]) || took > most_seconds)
        fail_msg("%s%s...%s: %s (%s), %g s", before, repeated, after, activ_status_string(status), message.text, took);
    activ_fn_destroy(fn);
    free(text);
}

static void hostile(void **state)
{
    (void)state;
    create_large("", "(", 10000, "x", 0);
    create_large("", "(", 30000, "gelu", 0);
    create_large("gelu", ")", 1000000, "", 0);
    create_large("gated(x; ", "a[1,", 200000, "a=1)", 0);
    create_large("gated(x; ", "a=1, ", 200000, "a=1)", 0);
    create_large("", "( ", 300000, "; x", 0);
    create_large("x", "+x", 500000, "", 0);
    create_large("x", " ", 1000000, "+", 0);
    create_large("", "-", 20000, "x", 1);
    create_large("x", "^x", 5000, "", 0);
    create_large("", "sin(", 50, "x))))))))))))))))))))))))))))))))))))))))))))))))))", 1);
    create_large("x", "+x", 2000, "", 1);
    create_large("x", "*sin(x)+x", 500, "", 1);
    create_large("x", "/(x+1)", 1000, "", 1);
    create_large("", "sum(k, 1, 4096, ", 1, "sum(m, 1, 4096, x))", 0);
    create_large("sum(k, 1, 4096, ", "sum(m, 1, 4096, x) + ", 20, "x)", 0);
    create_large("sum(k, 1, 4096, c[1]*x); c[1]=", "1+", 20000, "1", 0);
    create_large("sum(k, 1, 200, c[k]*sin(k*x)); c[200]=", "0.", 1, "1", 1);
    create_large("sum(k, 1, 1000, c[k]*sin(k*x)); c[1000]=", "0.", 1, "1", 0);
    create_large("sum(k, 1, 16, sum(m, 1, 4000, 0", " ", 65000, ")) + x", 0);
    create_large("sum(k, 1, 4096, sum(m, 1, 15, 0.", "1", 65000, ")) + x", 0);
    create_large("sum(k, 1, 256, c[k]*sin(k*x", " ", 1000, ")); c[256]=0.1", 1);
    create_large("", "(", 32000, "a*x; a=1", 0);
    create_large("", "let a = x; ", 1, "a*a", 1);
    create_large("x*", "gelu(x)*", 10000, "x", 0);
    create_large("x; ", "a=1, ", 10000, "b=1", 0);
    create_large("x", "^2)^2", 3, "", 0);
    create_large("where(x>0,", "where(x>0,", 60, "x", 0);
    create_large("let s = sum(j, 1, 256, c[j]); sum(k, 1, ", "800", 1, ", swish(k*x, beta=s)); c[256]=0.01", 0);
}

/* The n-th allocation fails, for each n: a status, nothing leaks, out untouched. */
static void out_of_memory(void **state)
{
    static const char *const specs[] = { "a*x*sigmoid(b*x) + swish(x, beta=exp(a)); a=1, b=1.702",
                                         "let s = sin(x); sum(k, 1, 3, d*c[k]*s^k); c[3]=[1, 2, 3], fixed d=1",
                                         "derivative(derivative(swish))",
                                         "derivative(x^2*tanh(x))",
                                         "elu(x, alpha=a)*gelu(x); a=0.5",
                                         "moe(a*gelu(x); a=0.5, relu, derivative(swish))",
                                         "derivative(rational_a(p=9, q=9))" };
    (void)state;
    for (size_t i = 0; i < sizeof specs / sizeof specs[0]; i++) {
        activ_status status = ACTIV_ERROR_OUT_OF_MEMORY;
        size_t at = 1;
        for (; status != ACTIV_OK; at++) {
            test_memory memory = { 0 };
            activ_context *context = test_memory_context(&memory);
            assert_non_null(context);
            const size_t live = memory.live;
            activ_fn *fn = NULL;
            memory.fail_at = memory.calls + at;
            status = activ_fn_create(context, specs[i], &fn);
            if (status != ACTIV_OK && status != ACTIV_ERROR_OUT_OF_MEMORY)
                fail_msg("%s, allocation %zu: %s", specs[i], at, activ_status_string(status));
            assert_true(status == ACTIV_OK || !fn);
            activ_fn_destroy(fn);
            assert_int_equal(memory.live, live);
            assert_int_equal(memory.mistakes, 0);
            activ_context_destroy(context);
        }
        assert_true(at > 5);
    }
}

/* ---- random formulas --------------------------------------------------------------------------------- */

enum { POINTS = 37 };
static float points[POINTS], factors[POINTS]; /* x and dy */

typedef struct outcome {
    float y[POINTS], dx[POINTS], dparams[RANDOM_PARAMS];
} outcome;

/* Of n points, at most POINTS. */
static activ_status run(const activ_context *context, const char *text, size_t n, const float *xs, const float *dys,
                        outcome *o, activ_message *message)
{
    activ_fn *fn = NULL;
    activ_status status = activ_fn_create_ex(context, text, &fn, message);
    if (status != ACTIV_OK)
        return status;
    memset(o, 0, sizeof *o);
    assert_int_equal(activ_forward(fn, NULL, n, xs, o->y), ACTIV_OK);
    assert_int_equal(activ_backward(fn, NULL, n, xs, dys, o->dx, o->dparams), ACTIV_OK);
    activ_fn_destroy(fn);
    return ACTIV_OK;
}

static int is_same(const float *a, const float *b, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (float_bits(a[i]) != float_bits(b[i]) && !(isnan(a[i]) && isnan(b[i])))
            return 0;
    return 1;
}

/* Settings that come out as NaN make NaN, on each tier, whatever the sign of the NaN that its operations make. */
static void settings_that_are_nan(void **state)
{
    static const char *const specs[] = { "swish(x, beta=exp(sqrt(c))); c=-1",
                                         "swish(x, beta=min(erf(-0.75), expm1(c))*exp(pow(-0.375, c))); c=1.1875",
                                         "swish(exp(-min(c, x)), beta=expm1(pow(-0.5, b))); b=0.875, c=1.0625",
                                         "nipuna(x, beta=-log(c)); c=-1",
                                         "pinn_tanh(x, a=sqrt(c)); c=-1",
                                         "pinn_tanh(x, n=-sqrt(c)); c=-1",
                                         "sgt_book(x, gamma=abs(log(c))); c=-1",
                                         "sgt(x, a=-sqrt(c)); c=-1",
                                         "adaptive_sigmoid(x, k=sqrt(c)); c=-1",
                                         "adaptive_sigmoid(x, theta=sqrt(c)); c=-1",
                                         "nipuna_book(100*x, alpha=sqrt(c)); c=-1",
                                         "elu(100*x, alpha=sqrt(c)); c=-1" };
    (void)state;
    for (size_t i = 0; i < sizeof specs / sizeof specs[0]; i++)
        for (size_t t = 0; t < each_tier_count; t++) {
            outcome o;
            activ_message message = { "" };
            assert_int_equal(run(each_tier[t], specs[i], POINTS, x, dy, &o, &message), ACTIV_OK);
            for (size_t k = 0; k < POINTS; k++) /* x < 0 */
                if (!isnan(o.y[k]) || !isnan(o.dx[k]) || !isnan(o.dparams[0]))
                    fail_msg("%s at %g on %s: %g, slope %g, gradient %g", specs[i], (double)x[k],
                             activ_context_tier(each_tier[t]), (double)o.y[k], (double)o.dx[k], (double)o.dparams[0]);
        }
}

/* How far a result may be from the double's, of what it is made of values of this size; each operation's rounding may
 * be magnified by slopes of it, a few times. */
static double tolerance(double size)
{
    const double s = 1.0 + size;
    return 1e-5 * s * s * s;
}

/* Away from kinks, further than any operand moves in a difference. */
static int is_tame(const random_value *v)
{
    return v->margin > 1e-3 && v->size < 30.0;
}

typedef struct tally {
    size_t compared, skipped;         /* differences with slopes */
    size_t with_slope, with_gradient; /* formulas that have one in x; that have a parameter and one in it */
    size_t with_param;                /* formulas that have a parameter */
    size_t points, gradients, too_large;
} tally;

/* The difference quotient at a point, in x or, with `which` from 1 on, in a parameter. */
static double difference(const random_formula *f, double at, int which, double h)
{
    double params[RANDOM_PARAMS], values[2];
    for (int side = 0; side < 2; side++) {
        const double step = side ? h : -h;
        memcpy(params, f->params, sizeof params);
        if (which > 0)
            params[which - 1] += step;
        values[side] = random_formula_at(f, which > 0 ? at : at + step, params).value;
    }
    return (values[1] - values[0]) / (2.0 * h);
}

/* The double's slope against differences, of two steps (Richardson): 1 if they agree. Where the two do not agree with
 * each other it is no matter of the slope, and the point is skipped. */
static int check_slope(const random_formula *f, double at, int which, const random_value *v, tally *count)
{
    const double h = 1e-5, wide = difference(f, at, which, 2.0 * h), narrow = difference(f, at, which, h);
    const double allowed = 1e-7 * (1.0 + v->size * v->size), best = narrow + (narrow - wide) / 3.0;
    if (!(fabs(wide - narrow) <= 4.0 * allowed)) {
        count->skipped++;
        return 0;
    }
    if (!(fabs(v->slopes[which] - best) <= allowed))
        fail_msg("%s at %.9g: the slope by number %d is %.12g, the difference %.12g", f->text, at, which,
                 v->slopes[which], best);
    count->compared++;
    return 1;
}

/* What the library makes of the points where that is no matter of roundings alone, against the tree in double, and
 * that, at some of them, against differences. */
static void check_formula(const random_formula *f, tally *count)
{
    float xs[POINTS], dys[POINTS];
    static random_value at[POINTS];
    double sums[RANDOM_PARAMS] = { 0.0 }, weight = 0.0;
    int has_slope = 0, has_gradient = 0, has_param = 0;
    size_t n = 0;
    for (size_t i = 0; i < POINTS; i++) {
        const random_value v = random_formula_at(f, (double)points[i], f->params);
        if (!is_tame(&v) || factors[i] == 0.0f)
            continue;
        if (n % 5 == 0)
            has_slope |= check_slope(f, (double)points[i], 0, &v, count);
        for (int k = 0; k < RANDOM_PARAMS; k++) {
            if (f->uses[k] && n % 5 == 0)
                has_gradient |= check_slope(f, (double)points[i], 1 + k, &v, count);
            sums[k] += (double)factors[i] * v.slopes[1 + k];
        }
        weight += fabs((double)factors[i]) * tolerance(v.size);
        xs[n] = points[i];
        dys[n] = factors[i];
        at[n++] = v;
    }
    outcome o;
    activ_message message = { "" };
    assert_int_equal(run(each_tier[0], f->text, n, xs, dys, &o, &message), ACTIV_OK);
    for (size_t i = 0; i < n; i++) {
        const double allowed = tolerance(at[i].size), slope = (double)o.dx[i] / (double)dys[i];
        if (!(fabs((double)o.y[i] - at[i].value) <= allowed))
            fail_msg("%s at %.9g: %.9g, not %.9g", f->text, (double)xs[i], (double)o.y[i], at[i].value);
        if (!(fabs(slope - at[i].slopes[0]) <= allowed))
            fail_msg("%s at %.9g: slope %.9g, not %.9g", f->text, (double)xs[i], slope, at[i].slopes[0]);
    }
    for (int k = 0, given = 0; k < RANDOM_PARAMS; k++) {
        if (!f->uses[k])
            continue;
        const double got = (double)o.dparams[given++];
        if (!(fabs(got - sums[k]) <= weight))
            fail_msg("%s: the gradient of %c is %.9g, not %.9g", f->text, 'a' + k, got, sums[k]);
        has_param = 1;
        count->gradients += n > 0;
    }
    count->points += n;
    count->with_slope += (size_t)has_slope;
    count->with_param += (size_t)has_param;
    count->with_gradient += (size_t)has_gradient;
}

static void random_ones(void **state)
{
    tally count = { 0 };
    (void)state;
    for (size_t i = 0; i < POINTS; i++) {
        points[i] = x[i * (N - 1) / (POINTS - 1)];
        factors[i] = dy[i * (N - 1) / (POINTS - 1)];
    }
    for (size_t i = 0; i < formulas; i++) {
        static random_formula f;
        outcome all[MAX_TIERS];
        random_formula_make(&f, first_seed + i);
        activ_message message = { "" };
        const activ_status status = run(each_tier[0], f.text, POINTS, points, factors, &all[0], &message);
        if (status == ACTIV_ERROR_RANGE) { /* of constants beyond float32 */
            count.too_large++;
            continue;
        }
        if (status != ACTIV_OK)
            fail_msg("seed %llu: %s: %s", (unsigned long long)(first_seed + i), f.text, message.text);
        for (size_t t = 1; t < each_tier_count; t++) {
            assert_int_equal(run(each_tier[t], f.text, POINTS, points, factors, &all[t], &message), ACTIV_OK);
            if (!is_same(all[0].y, all[t].y, POINTS) || !is_same(all[0].dx, all[t].dx, POINTS) ||
                !is_same(all[0].dparams, all[t].dparams, RANDOM_PARAMS))
                fail_msg("%s: other bits on tier %zu", f.text, t);
        }
        check_formula(&f, &count);
    }
    print_message("%zu formulas, %zu with constants beyond float32: %zu with a slope compared, %zu of %zu with a "
                  "parameter's; %zu differences compared, %zu skipped; %zu points and %zu gradients\n",
                  formulas, count.too_large, count.with_slope, count.with_gradient, count.with_param, count.compared,
                  count.skipped, count.points, count.gradients);
    /* Measured: 92.5 %, and 90 % of those with parameters; 1 of 15,000 skipped; 26 points a formula. */
    assert_true(count.too_large < formulas / 20 && count.with_slope >= formulas * 9 / 10);
    assert_true(count.with_gradient >= count.with_param * 17 / 20 && count.with_param > formulas / 4);
    assert_true(count.skipped <= count.compared / 1000 + 1 && count.points > formulas * 20);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(values),
        cmocka_unit_test(slopes),
        cmocka_unit_test(special_values),
        cmocka_unit_test(texts),
        cmocka_unit_test(parameters),
        cmocka_unit_test(derivatives),
        cmocka_unit_test(parameters_without_gradients),
        cmocka_unit_test(high_degrees),
        cmocka_unit_test(channels),
        cmocka_unit_test(channels_in_graphs),
        cmocka_unit_test(refused),
        cmocka_unit_test(hostile),
        cmocka_unit_test(out_of_memory),
        cmocka_unit_test(settings_that_are_nan),
        cmocka_unit_test(random_ones),
    };
    for (int i = 1; i + 1 < argc; i += 2) {
        if (strcmp(argv[i], "--seed") == 0)
            first_seed = strtoull(argv[i + 1], NULL, 10);
        else if (strcmp(argv[i], "--formulas") == 0)
            formulas = (size_t)strtoull(argv[i + 1], NULL, 10);
        else if (strcmp(argv[i], "--seconds") == 0)
            most_seconds = strtod(argv[i + 1], NULL);
    }
    return cmocka_run_group_tests(tests, begin, each_tier_end);
}
