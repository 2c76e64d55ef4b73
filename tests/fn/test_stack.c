/* How much of the stack the calls on arrays need: 16 KiB at most, whatever the function, its parameters, the tier; but
 * for functions with many experts. */
#include <math.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "activ/fn.h"
#include "functions/kernel.h"
#include "support/tiers.h"

enum {
#ifdef __clang__ /* clang 14 spills more */
    NEED = 24 * 1024,
    NEED_OF_MANY_EXPERTS = 24 * 1024,
#else
    NEED = 16 * 1024,
    NEED_OF_MANY_EXPERTS = 19 * 1024,
#endif
    STACK = 256 * 1024,
    PAINT = 0xa5,
    ROWS = 130,
    COLUMNS = 70,
    N = ROWS * COLUMNS,
    GAP = 3
};

/* More than two blocks of a sum; half of them more than one. */
_Static_assert(N / 2 > ACTIV_FN_BLOCK, "arrays");

/* Rows of columns + GAP. */
static float x[ROWS * (COLUMNS + GAP)], gate[ROWS * (COLUMNS + GAP)], dy[ROWS * (COLUMNS + GAP)];
static float out[ROWS * (COLUMNS + GAP)], out2[ROWS * (COLUMNS + GAP)], noise[N];
static float dparams[1 << 14];

static int begin(void **state)
{
    for (size_t i = 0; i < sizeof x / sizeof x[0]; i++) {
        x[i] = (float)(i * 37 % 1001) * 0.01f - 5.0f;
        gate[i] = (float)(i * 53 % 1003) * 0.01f - 5.0f;
        dy[i] = (float)(i * 71 % 997) * 0.002f - 1.0f;
    }
    /* The slow paths too. */
    x[5] = 1e30f;
    x[77] = -3e38f;
    x[4099] = 1e-40f;
    for (size_t i = 20; i < sizeof x / sizeof x[0]; i += 997) {
        x[i] = i % 2 ? INFINITY : -INFINITY;
        gate[i + 3] = x[i];
        x[i + 1] = gate[i + 5] = NAN;
    }
    return each_tier_begin(state);
}

/* ---- a stack of our own ------------------------------------------------------------------------ */

typedef activ_status call(const activ_fn *fn);

/* One for all threads, which follow each other: the kernel takes longer to give new memory than a call to run. */
static _Alignas(4096) unsigned char stack[STACK];

typedef struct run {
    call *call;
    const activ_fn *fn;
    activ_status status;
    unsigned char *top; /* where the call began */
} run;

static void *in_thread(void *user)
{
    run *r = user;
    volatile unsigned char here = 0;
    r->top = (unsigned char *)(uintptr_t)&here;
    r->status = r->call(r->fn);
    return NULL;
}

/* The bytes below the caller's that a call writes to. */
static size_t need_of(call *to_call, const activ_fn *fn)
{
    run r = { .call = to_call, .fn = fn };
    pthread_t thread;
    pthread_attr_t attributes;
    memset(stack, PAINT, STACK);
    assert_int_equal(pthread_attr_init(&attributes), 0);
    assert_int_equal(pthread_attr_setstack(&attributes, stack, STACK), 0);
    assert_int_equal(pthread_create(&thread, &attributes, in_thread, &r), 0);
    assert_int_equal(pthread_join(thread, NULL), 0);
    assert_int_equal(pthread_attr_destroy(&attributes), 0);
    assert_int_equal(r.status, ACTIV_OK);
    size_t lowest = 0;
    while (stack[lowest] == PAINT)
        lowest++;
    assert_true(lowest > 0);
    return (size_t)(r.top - stack) - lowest;
}

/* ---- the calls --------------------------------------------------------------------------------- */

static activ_status forward(const activ_fn *fn)
{
    return activ_forward(fn, NULL, N, x, out);
}

static activ_status backward(const activ_fn *fn)
{
    return activ_backward(fn, NULL, N, x, dy, out, dparams);
}

static activ_status rows(const activ_fn *fn)
{
    activ_status status = activ_forward_rows(fn, NULL, ROWS, COLUMNS, x, COLUMNS + GAP, out, COLUMNS + GAP);
    return status == ACTIV_OK ? activ_backward_rows(fn, NULL, ROWS, COLUMNS, x, COLUMNS + GAP, dy, COLUMNS + GAP, out,
                                                    COLUMNS + GAP, dparams)
                              : status;
}

static activ_status train(const activ_fn *fn)
{
    activ_status status = activ_forward_train(fn, NULL, 1, 2, 3, N, x, out, noise);
    return status == ACTIV_OK ? activ_backward_train(fn, NULL, N, x, noise, dy, out, dparams) : status;
}

static activ_status gated(const activ_fn *fn)
{
    activ_status status =
        activ_forward_gated(fn, NULL, ROWS, COLUMNS, x, COLUMNS + GAP, gate, COLUMNS + GAP, out, COLUMNS + GAP);
    return status == ACTIV_OK ? activ_backward_gated(fn, NULL, ROWS, COLUMNS, x, COLUMNS + GAP, gate, COLUMNS + GAP, dy,
                                                     COLUMNS + GAP, out, COLUMNS + GAP, out2, COLUMNS + GAP, dparams)
                              : status;
}

static activ_status channels(const activ_fn *fn)
{
    const size_t count = activ_fn_channels(fn), inners[] = { 1, 5, 100 };
    activ_status status = ACTIV_OK;
    for (size_t i = 0; i < 3 && status == ACTIV_OK; i++) {
        const size_t outer = N / (count * inners[i]);
        status = activ_forward_channels(fn, NULL, outer, count, inners[i], x, out);
        if (status == ACTIV_OK)
            status = activ_backward_channels(fn, NULL, outer, count, inners[i], x, dy, out, dparams);
    }
    return status;
}

/* The arrays above as 16-bit ones, of which they hold twice as many: some. */
static activ_status half(const activ_fn *fn)
{
    activ_status status = activ_forward_as(fn, NULL, ACTIV_BFLOAT16, N / 2, x, out);
    return status == ACTIV_OK ? activ_backward_as(fn, NULL, ACTIV_BFLOAT16, N / 2, x, dy, out, dparams) : status;
}

static activ_status half_rows(const activ_fn *fn)
{
    enum { STRIDE = COLUMNS + GAP, LONG = 2000 };
    activ_status status = activ_forward_rows_as(fn, NULL, ACTIV_FLOAT16, ROWS / 4, COLUMNS, x, STRIDE, out, STRIDE);
    if (status == ACTIV_OK)
        status = activ_forward_rows_as(fn, NULL, ACTIV_FLOAT16, 3, LONG, x, LONG, out, LONG);
    if (status == ACTIV_OK)
        status = activ_backward_rows_as(fn, NULL, ACTIV_FLOAT16, 3, LONG, x, LONG, dy, LONG, out, LONG, dparams);
    if (status == ACTIV_OK)
        status = activ_backward_rows_as(fn, NULL, ACTIV_FLOAT16, ROWS / 4, COLUMNS, x, STRIDE, dy, STRIDE, out, STRIDE,
                                        dparams);
    return status;
}

static activ_status half_gated(const activ_fn *fn)
{
    enum { STRIDE = COLUMNS + GAP };
    activ_status status =
        activ_forward_gated_as(fn, NULL, ACTIV_FLOAT16, ROWS / 4, COLUMNS, x, STRIDE, gate, STRIDE, out, STRIDE);
    return status == ACTIV_OK ? activ_backward_gated_as(fn, NULL, ACTIV_FLOAT16, ROWS / 4, COLUMNS, x, STRIDE, gate,
                                                        STRIDE, dy, STRIDE, out, STRIDE, out2, STRIDE, dparams)
                              : status;
}

static activ_status create(const activ_fn *fn)
{
    activ_fn *another = NULL;
    activ_status status = activ_fn_create(NULL, activ_fn_spec(fn), &another);
    activ_fn_destroy(another);
    return status;
}

/* ---- the functions ----------------------------------------------------------------------------- */

static size_t wrong, largest;

static void look(const activ_fn *fn, size_t t, const char *name, call *to_call)
{
    const size_t need = need_of(to_call, fn);
    /* More than 24 vectors of parameters, with experts that have much of the stack themselves. */
    const int is_allowed = strstr(activ_fn_spec(fn), "moe(") && activ_fn_param_tensor_count(fn) > 24;
    largest = need > largest && !is_allowed ? need : largest;
    if (need <= (is_allowed ? NEED_OF_MANY_EXPERTS : NEED))
        return;
    print_error("%s, %s on %s: %zu bytes\n", activ_fn_spec(fn), name, activ_context_tier(each_tier[t]), need);
    wrong++;
}

/* On the tier with the largest vectors alone: what others need less. */
static void look_at_widest(const activ_fn *fn, size_t t, const char *name, call *to_call)
{
    if (t + 1 == each_tier_count)
        look(fn, t, name, to_call);
}

static void look_at(const char *spec)
{
    for (size_t t = 0; t < each_tier_count; t++) {
        activ_fn *fn = NULL;
        activ_fn_info info = ACTIV_FN_INFO_INIT;
        if (activ_fn_create(each_tier[t], spec, &fn) != ACTIV_OK)
            fail_msg("%s is refused", spec);
        assert_int_equal(activ_fn_info_of(fn, &info), ACTIV_OK);
        assert_true(activ_fn_param_count(fn) <= sizeof dparams / sizeof dparams[0]);
        if (t == 0)
            look(fn, t, "create", create);
        if (info.shape == ACTIV_SHAPE_GATED) {
            look(fn, t, "gated", gated);
            look_at_widest(fn, t, "half gated", half_gated);
        } else if (activ_fn_channels(fn) > 1) {
            look(fn, t, "channels", channels);
        } else {
            look(fn, t, "rows", rows);
            look_at_widest(fn, t, "half rows", half_rows);
            if (info.shape == ACTIV_SHAPE_ELEMENTWISE) {
                look(fn, t, "forward", forward);
                look(fn, t, "backward", backward);
                look(fn, t, "train", train);
                look_at_widest(fn, t, "half", half);
            }
        }
        activ_fn_destroy(fn);
    }
}

static void test_catalog(void **state)
{
    (void)state;
    activ_fn_info info = ACTIV_FN_INFO_INIT;
    for (size_t i = 0; activ_fn_catalog(i, &info) == ACTIV_OK; i++) {
        look_at(info.name);
        if (info.shape == ACTIV_SHAPE_ELEMENTWISE) {
            char spec[128];
            snprintf(spec, sizeof spec, "gated(%s)", info.name);
            look_at(spec);
        }
    }
}

/* Many parameters. */
static void test_settings(void **state)
{
    (void)state;
    static const char *const specs[] = {
        "staf(tau=1)",
        "staf(tau=16)",
        "staf(tau=40)",
        "gated(staf(tau=40))",
        "fourier(k=40)",
        "gated(fourier(k=60))",
        "gated(enn(k=60))",
        "rational_a(p=16, q=16)",
        "bspline(g=4000, h=0.01)",
        "gated(bspline(g=4000, h=0.01))",
        "gated(moe(staf(tau=40), bspline, enn(k=60), fourier(k=40), rational_a))",
        "moe(staf(tau=1),staf(tau=1),staf(tau=1),staf(tau=1),staf(tau=1),staf(tau=1),staf(tau=1),staf(tau=1),bspline)",
        "gated(moe(relu, telu, swish, mish))",
        "prelu(num_parameters=7)",
        "trainable_elu(num_parameters=30)"
    };
    for (size_t i = 0; i < sizeof specs / sizeof specs[0]; i++)
        look_at(specs[i]);
}

/* Programs with many registers, scalars and slow operations; functions of the catalog called by them; few and many
 * parameters, whose sums are on the stack too. */
static void test_formulas(void **state)
{
    (void)state;
    static const char *const specs[] = {
        "erf(x)*erfc(x) + sinh(sin(x))*cosh(cos(x)) + asinh(x)*atan(x) + log1p(x^2)*expm1(-x^2) + pow(x, 0.3)",
        "a*x*sigmoid(b*x); a=1, b=1.702",
        "a*sin(b*x) + c*cos(d*x) + f*exp(-g*x^2) + h*tan(x) + k*erf(x); "
        "a=1, b=2, c=3, d=4, f=5, g=6, h=7, k=8",
        "a*sin(b*x) + c*cos(d*x) + f*exp(-g*x^2) + h*tan(x) + k*erf(x) + m*x; "
        "a=1, b=2, c=3, d=4, f=5, g=6, h=7, k=8, m=9",
        "sum(i, 1, 16, a[i]*sin(b[i]*x)*exp(-(x - c[i])^2)); a[16]=1, b[16]=0.5, c[16]=2",
        "sum(i, 1, 64, a[i]/(i + abs(x))); a[64]=1",
        "a*gelu(x)*bspline(x) + staf(x)*enn(b*x) + fourier(x)*rational_a(x) + mish(c*x)*telu(x); a=1, b=1, c=1",
        "sum(i, 1, 12, a[i]*gelu(a[i]*x))*elu(x, alpha=a[3])*staf(x)*bspline(x)*enn(x); a[12]=0.5",
        "derivative(staf(tau=16))",
        "derivative(rational_a)",
        "a*erf(x)*erfc(b*x) + sinh(sin(c*x))*cosh(cos(d*x)) + asinh(f*x)*atan(x) + log1p(x^2)*expm1(-x^2) + pow(x, "
        "0.3); "
        "a[channels=7]=1, b[channels=7]=1, c[channels=7]=1, d[channels=7]=1, f[channels=7]=1",
        "a*gelu(x)*bspline(x) + staf(x)*enn(b*x) + fourier(x)*mish(c*x)*telu(x); a[channels=7]=1, b[channels=7]=1, "
        "c[channels=7]=1",
        "moe(relu, x*tanh(exp(x)))",
        "moe(erf(x)*erfc(x) + sinh(sin(x))*cosh(cos(x)) + asinh(x)*atan(x) + log1p(x^2)*expm1(-x^2) + pow(x, 0.3), "
        "gelu)",
        "moe(sum(i, 1, 64, a[i]/(i + abs(x))); a[64]=1, staf(tau=40))",
        "moe(a*gelu(x) + mish(c*x)*telu(x) + nipuna(c*x); a=1, c=1, staf(tau=16), bspline, fourier, enn, rational_a)",
        "moe(derivative(nipuna), bspline)",
    };
    char spec[512];
    for (size_t i = 0; i < sizeof specs / sizeof specs[0]; i++) {
        look_at(specs[i]);
        if (strstr(specs[i], "channels"))
            continue;
        snprintf(spec, sizeof spec, "gated(%s)", specs[i]);
        look_at(spec);
    }
    /* All of the catalog, some in each. */
    activ_fn_info info = ACTIV_FN_INFO_INIT;
    size_t length = 0, called = 0;
    for (size_t i = 0; activ_fn_catalog(i, &info) == ACTIV_OK || called > 0; i++) {
        const int is_over = activ_fn_catalog(i, &info) != ACTIV_OK;
        activ_fn *expert = NULL;
        if (!is_over && info.shape == ACTIV_SHAPE_ELEMENTWISE) {
            char moe[128];
            snprintf(moe, sizeof moe, "moe(relu, x*%s(x))", info.name);
            if (activ_fn_create(NULL, moe, &expert) == ACTIV_OK)
                look_at(moe);
            activ_fn_destroy(expert);
        }
        if (!is_over && info.shape == ACTIV_SHAPE_ELEMENTWISE && strcmp(info.name, "moe") != 0)
            length += (size_t)snprintf(spec + length, sizeof spec - length, "%s%s(a*x)",
                                       called++ > 0 ? " + " : "gated((", info.name);
        if (!is_over && called < 16)
            continue;
        snprintf(spec + length, sizeof spec - length, "; a=1))");
        look_at(spec);
        spec[strlen(spec) - 1] = '\0';
        look_at(spec + strlen("gated("));
        length = called = 0;
    }
}

static void test_none_is_wrong(void **state)
{
    (void)state;
    print_message("%zu bytes at most\n", largest);
    assert_int_equal(wrong, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_catalog),
        cmocka_unit_test(test_settings),
        cmocka_unit_test(test_formulas),
        cmocka_unit_test(test_none_is_wrong),
    };
    return cmocka_run_group_tests(tests, begin, each_tier_end);
}
