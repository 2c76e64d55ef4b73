/* The calls on float16 and bfloat16: each gives the bits of widening to float32, that type's call, and narrowing; for
 * every length, offset, shape, stride, aliasing, tier and number of threads. And what they refuse. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "activ/fn.h"
#include "activ/random.h"
#include "support/threads.h"
#include "support/tiers.h"

/* Above the number from which results are streamed; and float32 values of the same count. */
enum { MOST = (1 << 21) + 4099, PARAMS = 1 << 10 };

static const activ_dtype types[] = { ACTIV_FLOAT16, ACTIV_BFLOAT16 };

typedef struct arrays {
    uint16_t *x, *value, *dy, *y, *dx, *dvalue;
    float *wide_x, *wide_value, *wide_dy, *wide_y, *wide_dx, *wide_dvalue;
} arrays;

static arrays a;
static uint16_t *want;

static void *room(size_t size)
{
    /* Large arrays from malloc begin 16 bytes past a page. */
    void *p = malloc(MOST * size + 64);
    assert_non_null(p);
    memset(p, 0x5a, MOST * size + 64);
    return p;
}

static int begin(void **state)
{
    uint16_t **halves[] = { &a.x, &a.value, &a.dy, &a.y, &a.dx, &a.dvalue, &want };
    float **wide[] = { &a.wide_x, &a.wide_value, &a.wide_dy, &a.wide_y, &a.wide_dx, &a.wide_dvalue };
    for (size_t i = 0; i < sizeof halves / sizeof halves[0]; i++)
        *halves[i] = room(sizeof(uint16_t));
    for (size_t i = 0; i < sizeof wide / sizeof wide[0]; i++)
        *wide[i] = room(sizeof(float));
    return each_tier_begin(state);
}

static int end(void **state)
{
    uint16_t *halves[] = { a.x, a.value, a.dy, a.y, a.dx, a.dvalue, want };
    float *wide[] = { a.wide_x, a.wide_value, a.wide_dy, a.wide_y, a.wide_dx, a.wide_dvalue };
    for (size_t i = 0; i < sizeof halves / sizeof halves[0]; i++)
        free(halves[i]);
    for (size_t i = 0; i < sizeof wide / sizeof wide[0]; i++)
        free(wide[i]);
    return each_tier_end(state);
}

/* Numbers of the type, some of them large, some NaN, and what float32 makes of them. */
static void fill(activ_dtype dtype, size_t n, uint64_t stream, uint16_t *half, float *wide)
{
    assert_int_equal(activ_random_normal(7, stream, 0, n, 0.0f, 2.0f, wide), ACTIV_OK);
    for (size_t i = 1000; i < n; i += 4001)
        wide[i] *= 1e3f;
    assert_int_equal(activ_convert(n, ACTIV_FLOAT32, wide, dtype, half), ACTIV_OK);
    assert_int_equal(activ_convert(n, dtype, half, ACTIV_FLOAT32, wide), ACTIV_OK);
}

static void fill_all(activ_dtype dtype, size_t n)
{
    fill(dtype, n, 1, a.x, a.wide_x);
    fill(dtype, n, 2, a.value, a.wide_value);
    fill(dtype, n, 3, a.dy, a.wide_dy);
}

static void same(const char *what, const activ_fn *fn, activ_dtype dtype, size_t n, const float *wide,
                 const uint16_t *got)
{
    assert_int_equal(activ_convert(n, ACTIV_FLOAT32, wide, dtype, want), ACTIV_OK);
    for (size_t i = 0; i < n; i++)
        if (got[i] != want[i])
            fail_msg("%s, %s, %zu elements: element %zu is %04x, not %04x", activ_fn_spec(fn), what, n, i, got[i],
                     want[i]);
}

static activ_fn *create(const activ_context *context, const char *spec)
{
    activ_fn *fn = NULL;
    if (activ_fn_create(context, spec, &fn) != ACTIV_OK)
        fail_msg("%s is refused", spec);
    return fn;
}

/* ---- an array -------------------------------------------------------------------------------------- */

static void check_array(const activ_fn *fn, activ_dtype dtype, size_t n, size_t offset)
{
    float dparams[PARAMS] = { 0.5f }, wide_dparams[PARAMS] = { 0.5f };
    uint16_t *x = a.x + offset, *dy = a.dy + offset, *y = a.y + offset, *dx = a.dx + offset;
    const float *wide_x = a.wide_x + offset, *wide_dy = a.wide_dy + offset;
    const uint16_t after = y[n];
    assert_true(activ_fn_param_count(fn) <= PARAMS);
    assert_int_equal(activ_forward_as(fn, NULL, dtype, n, x, y), ACTIV_OK);
    assert_int_equal(activ_backward_as(fn, NULL, dtype, n, x, dy, dx, dparams), ACTIV_OK);
    assert_int_equal(activ_forward(fn, NULL, n, wide_x, a.wide_y), ACTIV_OK);
    assert_int_equal(activ_backward(fn, NULL, n, wide_x, wide_dy, a.wide_dx, wide_dparams), ACTIV_OK);
    same("forward", fn, dtype, n, a.wide_y, y);
    same("backward", fn, dtype, n, a.wide_dx, dx);
    assert_memory_equal(dparams, wide_dparams, sizeof dparams);
    assert_int_equal(y[n], after);
    /* In place; dx in that of x, and in that of dy. */
    memcpy(y, x, n * sizeof *y);
    assert_int_equal(activ_forward_as(fn, NULL, dtype, n, y, y), ACTIV_OK);
    same("forward in place", fn, dtype, n, a.wide_y, y);
    memcpy(y, x, n * sizeof *y);
    assert_int_equal(activ_backward_as(fn, NULL, dtype, n, y, dy, y, NULL), ACTIV_OK);
    same("backward, dx is x", fn, dtype, n, a.wide_dx, y);
    memcpy(y, dy, n * sizeof *y);
    assert_int_equal(activ_backward_as(fn, NULL, dtype, n, x, y, y, NULL), ACTIV_OK);
    same("backward, dx is dy", fn, dtype, n, a.wide_dx, y);
}

static const char *const specs[] = { "relu",
                                     "gelu",
                                     "leaky_relu",
                                     "swish",
                                     "prelu",
                                     "staf(tau=9)",
                                     "identity",
                                     "moe(silu, tanh)",
                                     "a*x*sigmoid(x); a=1",
                                     "rrelu",
                                     "bspline" };

static void test_lengths(void **state)
{
    (void)state;
    for (size_t type = 0; type < 2; type++) {
        fill_all(types[type], 16384);
        for (size_t t = 0; t < each_tier_count; t++)
            for (size_t s = 0; s < sizeof specs / sizeof specs[0]; s++) {
                activ_fn *fn = create(each_tier[t], specs[s]);
                for (size_t n = 0; n <= 130; n++)
                    check_array(fn, types[type], n, n % 7);
                static const size_t lengths[] = { 319, 511, 512, 513, 1023, 1024, 1025, 4096, 4097, 9001 };
                for (size_t i = 0; i < sizeof lengths / sizeof lengths[0]; i++)
                    check_array(fn, types[type], lengths[i], i);
                activ_fn_destroy(fn);
            }
    }
}

/* Streamed, and not. */
static void test_long(void **state)
{
    (void)state;
    static const size_t offsets[] = { 0, 1, 17 };
    for (size_t type = 0; type < 2; type++) {
        fill_all(types[type], MOST);
        activ_fn *fn = create(NULL, "silu");
        for (size_t i = 0; i < 3; i++)
            check_array(fn, types[type], (1 << 21) + 1234, offsets[i]);
        activ_fn_destroy(fn);
    }
}

static void test_threads(void **state)
{
    (void)state;
    for (size_t threads = 2; threads <= 5; threads++) {
        lent_threads lent = { 0 };
        activ_context_options options = ACTIV_CONTEXT_DEFAULTS;
        const activ_executor executor = lend_threads(&lent, threads);
        options.executor = &executor;
        activ_context *context = NULL;
        assert_int_equal(activ_context_create(&options, &context), ACTIV_OK);
        for (size_t type = 0; type < 2; type++) {
            fill_all(types[type], 300000);
            for (size_t s = 0; s < 4; s++) {
                activ_fn *fn = create(context, specs[s]);
                lent = (lent_threads){ 0 };
                check_array(fn, types[type], 200003, 3);
                assert_true(lent.most == threads);
                activ_fn_destroy(fn);
            }
        }
        activ_context_destroy(context);
    }
}

/* Parameters of the caller's. */
static void test_params(void **state)
{
    (void)state;
    const float beta = 1.75f;
    for (size_t type = 0; type < 2; type++) {
        activ_fn *fn = create(NULL, "swish");
        fill_all(types[type], 5000);
        assert_int_equal(activ_forward_as(fn, &beta, types[type], 5000, a.x, a.y), ACTIV_OK);
        assert_int_equal(activ_forward(fn, &beta, 5000, a.wide_x, a.wide_y), ACTIV_OK);
        same("params", fn, types[type], 5000, a.wide_y, a.y);
        activ_fn_destroy(fn);
    }
}

/* float32 by the same call. */
static void test_float32(void **state)
{
    (void)state;
    activ_fn *fn = create(NULL, "mish");
    fill_all(ACTIV_FLOAT16, 999);
    assert_int_equal(activ_forward(fn, NULL, 999, a.wide_x, a.wide_y), ACTIV_OK);
    assert_int_equal(activ_forward_as(fn, NULL, ACTIV_FLOAT32, 999, a.wide_x, a.wide_dx), ACTIV_OK);
    assert_memory_equal(a.wide_y, a.wide_dx, 999 * sizeof(float));
    assert_int_equal(activ_backward(fn, NULL, 999, a.wide_x, a.wide_dy, a.wide_y, NULL), ACTIV_OK);
    assert_int_equal(activ_backward_as(fn, NULL, ACTIV_FLOAT32, 999, a.wide_x, a.wide_dy, a.wide_dx, NULL), ACTIV_OK);
    assert_memory_equal(a.wide_y, a.wide_dx, 999 * sizeof(float));
    activ_fn_destroy(fn);
}

/* ---- rows ------------------------------------------------------------------------------------------ */

static void check_rows(const activ_fn *fn, activ_dtype dtype, size_t rows, size_t columns, size_t gap)
{
    const size_t stride = columns + gap, n = (rows - 1) * stride + columns;
    float dparams[PARAMS] = { 0 }, wide_dparams[PARAMS] = { 0 };
    /* What lies in the gaps stays. */
    memset(a.wide_y, 0, n * sizeof(float));
    memset(a.wide_dx, 0, n * sizeof(float));
    memset(a.y, 0, n * sizeof(uint16_t));
    memset(a.dx, 0, n * sizeof(uint16_t));
    assert_int_equal(activ_forward_rows(fn, NULL, rows, columns, a.wide_x, stride, a.wide_y, stride), ACTIV_OK);
    assert_int_equal(activ_forward_rows_as(fn, NULL, dtype, rows, columns, a.x, stride, a.y, stride), ACTIV_OK);
    same("rows", fn, dtype, n, a.wide_y, a.y);
    assert_int_equal(activ_backward_rows(fn, NULL, rows, columns, a.wide_x, stride, a.wide_dy, stride, a.wide_dx,
                                         stride, wide_dparams),
                     ACTIV_OK);
    assert_int_equal(
        activ_backward_rows_as(fn, NULL, dtype, rows, columns, a.x, stride, a.dy, stride, a.dx, stride, dparams),
        ACTIV_OK);
    same("rows back", fn, dtype, n, a.wide_dx, a.dx);
    assert_memory_equal(dparams, wide_dparams, sizeof dparams);
    /* In place. */
    memcpy(a.y, a.x, n * sizeof(uint16_t));
    assert_int_equal(activ_forward_rows_as(fn, NULL, dtype, rows, columns, a.y, stride, a.y, stride), ACTIV_OK);
    memcpy(a.dx, a.dy, n * sizeof(uint16_t));
    assert_int_equal(
        activ_backward_rows_as(fn, NULL, dtype, rows, columns, a.x, stride, a.dx, stride, a.dx, stride, NULL),
        ACTIV_OK);
    for (size_t r = 0; r < rows; r++) {
        same("rows in place", fn, dtype, columns, a.wide_y + r * stride, a.y + r * stride);
        same("rows back in place", fn, dtype, columns, a.wide_dx + r * stride, a.dx + r * stride);
    }
}

static void test_rows(void **state)
{
    (void)state;
    static const char *const rowwise[] = { "softmax", "log_softmax", "tanh", "swish" };
    static const size_t columns[] = { 1, 2, 10, 33, 512, 513, 1000, 1024, 1025, 2048, 2100, 5000 };
    for (size_t type = 0; type < 2; type++) {
        fill_all(types[type], 60000);
        for (size_t t = 0; t < each_tier_count; t++)
            for (size_t s = 0; s < 4; s++) {
                activ_fn *fn = create(each_tier[t], rowwise[s]);
                for (size_t i = 0; i < sizeof columns / sizeof columns[0]; i++) {
                    const size_t rows = columns[i] < 600 ? 37 : 3;
                    check_rows(fn, types[type], rows, columns[i], 0);
                    check_rows(fn, types[type], rows, columns[i], 5);
                }
                activ_fn_destroy(fn);
            }
    }
}

/* Equal largest values, more than one NaN, infinities, in long rows too. */
static void test_special_rows(void **state)
{
    (void)state;
    static const char *const rowwise[] = { "softmax", "log_softmax" };
    enum { COLUMNS = 3000 };
    for (size_t type = 0; type < 2; type++)
        for (size_t kind = 0; kind < 5; kind++) {
            fill_all(types[type], 2 * COLUMNS);
            for (size_t i = 0; kind == 0 && i < COLUMNS; i += 2)
                a.wide_x[i] = 96.0f;
            if (kind == 1)
                a.wide_x[2500] = INFINITY;
            for (size_t i = 0; kind == 2 && i < COLUMNS; i++)
                a.wide_x[i] = -INFINITY;
            if (kind == 3)
                a.wide_x[1] = -INFINITY;
            for (size_t i = 0; kind == 4 && i < COLUMNS; i++)
                a.wide_dy[i] *= 30000.0f;
            activ_convert(COLUMNS, ACTIV_FLOAT32, a.wide_x, types[type], a.x);
            activ_convert(COLUMNS, ACTIV_FLOAT32, a.wide_dy, types[type], a.dy);
            activ_convert(COLUMNS, types[type], a.dy, ACTIV_FLOAT32, a.wide_dy);
            for (size_t s = 0; s < 2; s++) {
                activ_fn *fn = create(NULL, rowwise[s]);
                check_rows(fn, types[type], 1, COLUMNS, 0);
                check_rows(fn, types[type], 6, COLUMNS / 6, 0);
                activ_fn_destroy(fn);
            }
        }
}

/* ---- gates ----------------------------------------------------------------------------------------- */

static void check_gated(const activ_fn *fn, activ_dtype dtype, size_t rows, size_t columns, size_t gap)
{
    const size_t stride = columns + gap, n = (rows - 1) * stride + columns;
    float dparams[PARAMS] = { 0 }, wide_dparams[PARAMS] = { 0 };
    uint16_t *halves[] = { a.y, a.dx, a.dvalue };
    float *wide[] = { a.wide_y, a.wide_dx, a.wide_dvalue };
    for (size_t i = 0; i < 3; i++) {
        memset(halves[i], 0, n * sizeof(uint16_t));
        memset(wide[i], 0, n * sizeof(float));
    }
    assert_int_equal(
        activ_forward_gated(fn, NULL, rows, columns, a.wide_value, stride, a.wide_x, stride, a.wide_y, stride),
        ACTIV_OK);
    assert_int_equal(activ_forward_gated_as(fn, NULL, dtype, rows, columns, a.value, stride, a.x, stride, a.y, stride),
                     ACTIV_OK);
    same("gated", fn, dtype, n, a.wide_y, a.y);
    assert_int_equal(activ_backward_gated(fn, NULL, rows, columns, a.wide_value, stride, a.wide_x, stride, a.wide_dy,
                                          stride, a.wide_dvalue, stride, a.wide_dx, stride, wide_dparams),
                     ACTIV_OK);
    assert_int_equal(activ_backward_gated_as(fn, NULL, dtype, rows, columns, a.value, stride, a.x, stride, a.dy, stride,
                                             a.dvalue, stride, a.dx, stride, dparams),
                     ACTIV_OK);
    same("dgate", fn, dtype, n, a.wide_dx, a.dx);
    same("dvalue", fn, dtype, n, a.wide_dvalue, a.dvalue);
    assert_memory_equal(dparams, wide_dparams, sizeof dparams);
    /* One of the outputs alone. */
    memset(a.dx, 0, n * sizeof(uint16_t));
    memset(a.dvalue, 0, n * sizeof(uint16_t));
    assert_int_equal(activ_backward_gated_as(fn, NULL, dtype, rows, columns, a.value, stride, a.x, stride, a.dy, stride,
                                             a.dvalue, stride, NULL, 0, NULL),
                     ACTIV_OK);
    assert_int_equal(activ_backward_gated_as(fn, NULL, dtype, rows, columns, a.value, stride, a.x, stride, a.dy, stride,
                                             NULL, 0, a.dx, stride, NULL),
                     ACTIV_OK);
    same("dgate alone", fn, dtype, n, a.wide_dx, a.dx);
    same("dvalue alone", fn, dtype, n, a.wide_dvalue, a.dvalue);
}

static void test_gated(void **state)
{
    (void)state;
    static const char *const gated[] = { "glu", "swiglu", "geglu", "gated(swish)", "bilinear" };
    for (size_t type = 0; type < 2; type++) {
        fill_all(types[type], 60000);
        for (size_t t = 0; t < each_tier_count; t++)
            for (size_t s = 0; s < sizeof gated / sizeof gated[0]; s++) {
                activ_fn *fn = create(each_tier[t], gated[s]);
                check_gated(fn, types[type], 1, 1, 0);
                check_gated(fn, types[type], 1, 5001, 0);
                check_gated(fn, types[type], 37, 77, 0);
                check_gated(fn, types[type], 37, 77, 3);
                check_gated(fn, types[type], 3, 2000, 1);
                activ_fn_destroy(fn);
            }
    }
}

/* ---- what is refused ------------------------------------------------------------------------------- */

static void test_refused(void **state)
{
    (void)state;
    activ_fn *fn = create(NULL, "gelu"), *softmax = create(NULL, "softmax"), *glu = create(NULL, "glu");
    activ_fn *channels = create(NULL, "prelu(num_parameters=4)"), *random = create(NULL, "rrelu");
    const activ_dtype half = ACTIV_FLOAT16;
    static const activ_dtype unknown[] = { 0, -1, ACTIV_FLOAT64, ACTIV_INT32, ACTIV_UINT8, 8, 100 };
    char *x = (char *)a.x, *y = (char *)a.y;
    fill_all(half, 4096);
    memset(a.y, 0x11, 4096 * sizeof *a.y);
    for (size_t i = 0; i < sizeof unknown / sizeof unknown[0]; i++) {
        assert_int_equal(activ_forward_as(fn, NULL, unknown[i], 8, a.x, a.y), ACTIV_ERROR_UNSUPPORTED);
        assert_int_equal(activ_backward_as(fn, NULL, unknown[i], 8, a.x, a.dy, a.y, NULL), ACTIV_ERROR_UNSUPPORTED);
        assert_int_equal(activ_forward_rows_as(softmax, NULL, unknown[i], 1, 8, a.x, 8, a.y, 8),
                         ACTIV_ERROR_UNSUPPORTED);
        assert_int_equal(activ_forward_gated_as(glu, NULL, unknown[i], 1, 8, a.x, 8, a.value, 8, a.y, 8),
                         ACTIV_ERROR_UNSUPPORTED);
    }
    assert_int_equal(activ_forward_as(NULL, NULL, half, 8, a.x, a.y), ACTIV_ERROR_INVALID);
    assert_int_equal(activ_forward_as(fn, NULL, half, 8, NULL, a.y), ACTIV_ERROR_INVALID);
    assert_int_equal(activ_forward_as(fn, NULL, half, 8, a.x, NULL), ACTIV_ERROR_INVALID);
    assert_int_equal(activ_forward_as(fn, NULL, half, 8, x + 1, a.y), ACTIV_ERROR_INVALID);
    assert_int_equal(activ_forward_as(fn, NULL, half, 8, a.x, y + 1), ACTIV_ERROR_INVALID);
    assert_int_equal(activ_forward_as(fn, NULL, half, 8, a.y + 3, a.y), ACTIV_ERROR_INVALID);
    assert_int_equal(activ_forward_as(fn, NULL, half, SIZE_MAX / 2 + 1, a.x, a.y), ACTIV_ERROR_RANGE);
    assert_int_equal(activ_forward_as(fn, NULL, half, 0, NULL, NULL), ACTIV_OK);
    assert_int_equal(activ_backward_as(fn, NULL, half, 8, a.x, NULL, a.y, NULL), ACTIV_ERROR_INVALID);
    assert_int_equal(activ_backward_as(fn, NULL, half, 8, a.x, a.dy, NULL, NULL), ACTIV_OK);
    assert_int_equal(activ_forward_as(softmax, NULL, half, 8, a.x, a.y), ACTIV_ERROR_SHAPE);
    assert_int_equal(activ_forward_as(glu, NULL, half, 8, a.x, a.y), ACTIV_ERROR_SHAPE);
    assert_int_equal(activ_forward_as(channels, NULL, half, 8, a.x, a.y), ACTIV_ERROR_SHAPE);
    assert_int_equal(activ_forward_rows_as(softmax, NULL, half, 2, 8, a.x, 7, a.y, 8), ACTIV_ERROR_SHAPE);
    assert_int_equal(activ_forward_rows_as(softmax, NULL, half, 2, 0, a.x, 8, a.y, 8), ACTIV_ERROR_SHAPE);
    assert_int_equal(activ_forward_rows_as(fn, NULL, half, 2, 8, a.y, 8, a.y, 9), ACTIV_ERROR_INVALID);
    /* Two matrices may interleave. */
    memcpy(a.dx, a.x, 64 * sizeof *a.x);
    assert_int_equal(activ_forward_rows_as(fn, NULL, half, 4, 8, a.dx, 16, a.dx + 8, 16), ACTIV_OK);
    assert_int_equal(activ_forward_rows_as(fn, NULL, half, 4, 8, a.dx, 16, a.dx + 7, 16), ACTIV_ERROR_INVALID);

    /* What only float32 has. */
    activ_message message;
    float noise[8];
    activ_forward_args f = ACTIV_FORWARD_ARGS_DEFAULTS;
    f.rows = 1;
    f.columns = 8;
    f.x = (const float *)(const void *)a.x;
    f.y = (float *)(void *)a.y;
    f.noise = noise;
    f.dtype = half;
    assert_int_equal(activ_forward_ex(random, &f, &message), ACTIV_ERROR_UNSUPPORTED);
    assert_non_null(strstr(message.text, "float32"));
    f.dtype = 77;
    assert_int_equal(activ_forward_ex(fn, &f, &message), ACTIV_ERROR_UNSUPPORTED);
    assert_non_null(strstr(message.text, "dtype"));
    activ_backward_args b = ACTIV_BACKWARD_ARGS_DEFAULTS;
    b.rows = 1;
    b.columns = 8;
    b.x = f.x;
    b.dy = f.x;
    b.dx = f.y;
    b.accumulate = 1;
    b.dtype = half;
    assert_int_equal(activ_backward_ex(fn, &b, &message), ACTIV_ERROR_UNSUPPORTED);
    for (size_t i = 0; i < 4096; i++)
        if (a.y[i] != 0x1111)
            fail_msg("element %zu of an output was written", i);
    b.accumulate = 0;
    assert_int_equal(activ_backward_ex(fn, &b, &message), ACTIV_OK);
    f.dtype = half;
    f.noise = NULL;
    assert_int_equal(activ_forward_ex(random, &f, &message), ACTIV_OK);
    activ_fn_destroy(fn);
    activ_fn_destroy(softmax);
    activ_fn_destroy(glu);
    activ_fn_destroy(channels);
    activ_fn_destroy(random);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_lengths),      cmocka_unit_test(test_long),    cmocka_unit_test(test_threads),
        cmocka_unit_test(test_params),       cmocka_unit_test(test_float32), cmocka_unit_test(test_rows),
        cmocka_unit_test(test_special_rows), cmocka_unit_test(test_gated),   cmocka_unit_test(test_refused),
    };
    return cmocka_run_group_tests(tests, begin, end);
}
