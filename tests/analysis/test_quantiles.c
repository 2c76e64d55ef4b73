/* Quantiles: the stated bound against sorting, for data of many kinds; and that nothing but the values matters. */
#include <fenv.h>
#include <float.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "activ/activ.h"
#include "support/memory.h"
#include "support/ulp.h"

static activ_quantiles *create(int32_t precision)
{
    activ_quantiles *q = NULL;
    assert_int_equal(activ_quantiles_create(NULL, precision, &q), ACTIV_OK);
    assert_non_null(q);
    return q;
}

static float quantile(const activ_quantiles *q, double p)
{
    float value;
    assert_int_equal(activ_quantiles_get(q, 1, &p, &value), ACTIV_OK);
    return value;
}

static void test_by_hand(void **state)
{
    (void)state;
    activ_quantiles *q = create(ACTIV_QUANTILES_PRECISION);
    assert_true(isnan(quantile(q, 0.5)));
    /* Powers of two are not exact, as they are the first of their counters: but within 2^-8. */
    const float x[] = { 8, -1, 0, NAN, 2, -0.0f, 4, 0, -NAN, INFINITY };
    assert_int_equal(activ_quantiles_add(q, 10, x), ACTIV_OK);
    assert_int_equal(activ_quantiles_count(q), 8);
    assert_int_equal(activ_quantiles_nans(q), 2);
    /* In order: -1 -0 0 0 2 4 8 inf. */
    assert_true(quantile(q, 0.0) == -1.0f && quantile(q, 0.125) == -1.0f);
    assert_true(quantile(q, 0.126) == 0.0f && quantile(q, 0.5) == 0.0f);
    assert_true(fabsf(quantile(q, 0.625) - 2.0f) <= 0x1p-7f && fabsf(quantile(q, 0.51) - 2.0f) <= 0x1p-7f);
    assert_true(fabsf(quantile(q, 0.75) - 4.0f) <= 0x1p-6f && fabsf(quantile(q, 0.875) - 8.0f) <= 0x1p-5f);
    assert_true(quantile(q, 0.876) == INFINITY && quantile(q, 1.0) == INFINITY);
    assert_int_equal(activ_quantiles_reset(q), ACTIV_OK);
    assert_int_equal(activ_quantiles_count(q), 0);
    assert_true(isnan(quantile(q, 0.5)));
    const float infinite[] = { -INFINITY, INFINITY, -INFINITY, INFINITY, -INFINITY };
    assert_int_equal(activ_quantiles_add(q, 5, infinite), ACTIV_OK);
    assert_true(quantile(q, 0.4) == -INFINITY && quantile(q, 0.5) == -INFINITY && quantile(q, 0.7) == INFINITY);
    activ_quantiles_destroy(q);
    activ_quantiles_destroy(NULL);
    assert_int_equal(activ_quantiles_count(NULL), 0);
    assert_int_equal(activ_quantiles_nans(NULL), 0);
}

enum { N = 5003, KINDS = 15 };

static void fill(int kind, size_t n, float *x)
{
    assert_int_equal(activ_random_normal(5, (uint64_t)kind, 0, n, 0.0f, 1.0f, x), ACTIV_OK);
    for (size_t i = 0; i < n; i++) {
        const uint32_t bits = activ_random_bits(6, (uint64_t)kind, i);
        switch (kind) {
        case 1:
            x[i] = 0.1f;
            break;
        case 2:
            x[i] = bits % 2 ? -7.3f : 1e-3f;
            break;
        case 3:
            x[i] *= 1e37f;
            break;
        case 4:
            x[i] *= 1e-38f; /* on both sides of the smallest normal number */
            break;
        case 5:
            x[i] = float_from_bits(bits & 0x807fffff); /* subnormal */
            break;
        case 6: /* all finite floats */
            x[i] = (bits & 0x7f800000) == 0x7f800000 ? 1.0f : float_from_bits(bits);
            break;
        case 7:
            x[i] = x[i] > 0.0f ? x[i] : 0.0f;
            break;
        case 8:
            x[i] = -fabsf(x[i]);
            break;
        case 9:
            x[i] = (float)i;
            break;
        case 10:
            x[i] = float_from_bits(bits % 5); /* 0 and the smallest */
            break;
        case 11:
            x[i] = bits % 2 ? FLT_MAX : -FLT_MAX;
            break;
        case 12:
            x[i] = bits % 10 == 0 ? (bits % 20 == 0 ? INFINITY : -INFINITY) : x[i];
            break;
        case 13:
            x[i] = i == 17 ? 0x1p-149f : -0.0f;
            break;
        case 14: /* at the ends of counters */
            x[i] = float_from_bits((bits & 0x83ff0000) + 0x20000000 + (bits % 2 ? 0xffff : 0));
            break;
        default:
            break;
        }
    }
}

static int compare(const void *a, const void *b)
{
    const float x = *(const float *)a, y = *(const float *)b;
    return (x > y) - (x < y);
}

static void check(const activ_quantiles *q, int32_t precision, size_t n, const float *sorted, double p)
{
    const double product = p * (double)n;
    size_t rank = (size_t)ceil(product);
    rank = rank < 1 ? 1 : rank;
    const float exact = sorted[rank - 1], got = quantile(q, p);
    if (exact == 0.0f || isinf(exact) || rank == 1 || rank == n || sorted[0] == sorted[n - 1]) {
        assert_true(got == exact);
        return;
    }
    const double scale = fmax(fabs((double)exact), 0x1p-126);
    if (!(fabs((double)got - (double)exact) <= ldexp(scale, -(precision + 1))))
        fail_msg("precision %d, p %g of %zu: %g, not %g", (int)precision, p, n, (double)got, (double)exact);
}

static void test_bound(void **state)
{
    (void)state;
    static float x[N], sorted[N];
    static const int32_t precisions[] = { 1, 2, 7, 10, 15 };
    static const size_t counts[] = { 1, 2, 3, 10, N };
    for (size_t a = 0; a < 5; a++) {
        activ_quantiles *q = create(precisions[a]);
        /* Of the largest, 128 MiB, some kinds. */
        for (int kind = 0; kind < KINDS; kind += precisions[a] == 15 ? 5 : 1)
            for (size_t c = precisions[a] == 15 ? 4 : 0; c < 5; c++) {
                const size_t n = counts[c];
                fill(kind, n, x);
                memcpy(sorted, x, n * sizeof *x);
                qsort(sorted, n, sizeof *x, compare);
                assert_int_equal(activ_quantiles_reset(q), ACTIV_OK);
                assert_int_equal(activ_quantiles_add(q, n, x), ACTIV_OK);
                for (int i = 0; i <= 10; i++)
                    check(q, precisions[a], n, sorted, i / 10.0);
                check(q, precisions[a], n, sorted, 1e-9);
                check(q, precisions[a], n, sorted, 1e-3);
                check(q, precisions[a], n, sorted, 0.9999);
                check(q, precisions[a], n, sorted, nextafter(1.0, 0.0));
            }
        activ_quantiles_destroy(q);
    }
}

/* In any order, cut and merged anyhow, in any mode of rounding: the same bits. No flags. */
static void test_values_alone(void **state)
{
    (void)state;
    static float x[N];
    static uint32_t order[N];
    double p[101];
    float whole[101], merged[101];
    for (int i = 0; i <= 100; i++)
        p[i] = i / 100.0;
    static const int modes[] = { FE_TONEAREST, FE_UPWARD, FE_DOWNWARD, FE_TOWARDZERO };
    for (int kind = 0; kind < KINDS; kind++) {
        fill(kind, N, x);
        activ_quantiles *q = create(7);
        feclearexcept(FE_ALL_EXCEPT);
        assert_int_equal(activ_quantiles_add(q, N, x), ACTIV_OK);
        assert_int_equal(activ_quantiles_get(q, 101, p, whole), ACTIV_OK);
        assert_false(fetestexcept(FE_INVALID | FE_DIVBYZERO | FE_OVERFLOW));
        activ_quantiles *part[2] = { create(7), create(7) };
        const int mode = modes[kind % 4];
        assert_int_equal(activ_random_permutation(3, (uint64_t)kind, N, order), ACTIV_OK);
        assert_int_equal(fesetround(mode), 0);
        for (size_t i = 0; i < N; i++)
            assert_int_equal(activ_quantiles_add(part[i % 3 == 0], 1, &x[order[i]]), ACTIV_OK);
        assert_int_equal(activ_quantiles_merge(part[0], part[1]), ACTIV_OK);
        assert_int_equal(activ_quantiles_get(part[0], 101, p, merged), ACTIV_OK);
        assert_int_equal(fegetround(), mode);
        fesetround(FE_TONEAREST);
        assert_memory_equal(merged, whole, sizeof whole);
        activ_quantiles_destroy(part[0]);
        activ_quantiles_destroy(part[1]);
        activ_quantiles_destroy(q);
    }
}

static void test_errors(void **state)
{
    (void)state;
    activ_quantiles *q = NULL;
    assert_int_equal(activ_quantiles_create(NULL, 7, NULL), ACTIV_ERROR_INVALID);
    static const int32_t bad[] = { 0, -1, 16, INT32_MAX, INT32_MIN };
    for (int i = 0; i < 5; i++)
        assert_int_equal(activ_quantiles_create(NULL, bad[i], &q), ACTIV_ERROR_RANGE);
    assert_null(q);
    q = create(3);
    activ_quantiles *other = create(4), *same = create(3);
    const float x[3] = { 1, 2, 3 };
    const double p[2] = { 0.5, 0.5 };
    float y[2] = { 77, 78 };
    assert_int_equal(activ_quantiles_add(NULL, 3, x), ACTIV_ERROR_INVALID);
    assert_int_equal(activ_quantiles_add(q, 3, NULL), ACTIV_ERROR_INVALID);
    assert_int_equal(activ_quantiles_add(q, 0, NULL), ACTIV_OK);
    assert_int_equal(activ_quantiles_add(q, SIZE_MAX / 4 + 1, x), ACTIV_ERROR_RANGE);
    assert_int_equal(activ_quantiles_add(q, 2, (const float *)(const void *)((const char *)x + 3)),
                     ACTIV_ERROR_INVALID);
    assert_int_equal(activ_quantiles_add(q, 2, (const float *)(const void *)q), ACTIV_ERROR_INVALID);
    assert_int_equal(activ_quantiles_merge(q, NULL), ACTIV_ERROR_INVALID);
    assert_int_equal(activ_quantiles_merge(NULL, q), ACTIV_ERROR_INVALID);
    assert_int_equal(activ_quantiles_merge(q, q), ACTIV_ERROR_INVALID);
    assert_int_equal(activ_quantiles_merge(q, other), ACTIV_ERROR_SHAPE);
    assert_int_equal(activ_quantiles_reset(NULL), ACTIV_ERROR_INVALID);
    assert_int_equal(activ_quantiles_count(q), 0);
    assert_int_equal(activ_quantiles_add(q, 3, x), ACTIV_OK);
    assert_int_equal(activ_quantiles_get(NULL, 1, p, y), ACTIV_ERROR_INVALID);
    assert_int_equal(activ_quantiles_get(q, 1, NULL, y), ACTIV_ERROR_INVALID);
    assert_int_equal(activ_quantiles_get(q, 1, p, NULL), ACTIV_ERROR_INVALID);
    assert_int_equal(activ_quantiles_get(q, 0, NULL, NULL), ACTIV_OK);
    static const double none[] = { -1e-300, 1.0 + 0x1p-52, NAN, INFINITY };
    for (int i = 0; i < 4; i++) {
        const double pair[2] = { 0.5, none[i] };
        assert_int_equal(activ_quantiles_get(q, 2, pair, y), ACTIV_ERROR_RANGE);
    }
    assert_true(y[0] == 77.0f && y[1] == 78.0f);
    activ_status status = ACTIV_OK;
    activ_quantiles *pair[2] = { q, same };
    for (int i = 0; i < 200 && status == ACTIV_OK; i++)
        status = activ_quantiles_merge(pair[(i + 1) % 2], pair[i % 2]);
    assert_int_equal(status, ACTIV_ERROR_RANGE);
    assert_true(activ_quantiles_count(q) > UINT64_MAX / 4);
    assert_true(fabsf(quantile(q, 0.5) - 2.0f) <= 0x1p-3f && quantile(q, 1.0) == 3.0f);
    activ_quantiles_destroy(q);
    activ_quantiles_destroy(other);
    activ_quantiles_destroy(same);
}

static void test_allocation(void **state)
{
    (void)state;
    test_memory memory = { 0 };
    activ_context *context = test_memory_context(&memory);
    assert_non_null(context);
    activ_quantiles *q = NULL;
    memory.fail_at = memory.calls + 1;
    assert_int_equal(activ_quantiles_create(context, 7, &q), ACTIV_ERROR_OUT_OF_MEMORY);
    assert_null(q);
    assert_int_equal(activ_quantiles_create(context, 7, &q), ACTIV_OK);
    activ_context_destroy(context);
    assert_true(memory.live_bytes >= 512 * 1024 && memory.live_bytes < 512 * 1024 + 512);
    const size_t calls = memory.calls;
    const float x[3] = { 1, 2, 3 };
    assert_int_equal(activ_quantiles_add(q, 3, x), ACTIV_OK);
    assert_true(quantile(q, 1.0) == 3.0f);
    assert_int_equal(memory.calls, calls);
    activ_quantiles_destroy(q);
    assert_int_equal(memory.live, 0);
    assert_int_equal(memory.mistakes, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_by_hand), cmocka_unit_test(test_bound),      cmocka_unit_test(test_values_alone),
        cmocka_unit_test(test_errors),  cmocka_unit_test(test_allocation),
    };
    return cmocka_run_group_tests_name("analysis_quantiles", tests, NULL, NULL);
}
