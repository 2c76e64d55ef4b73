/* Histograms: edges and counts worked out by hand, the number of bins by Freedman and Diaconis, and that nothing but
 * the values matters. */
#include <fenv.h>
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

static activ_histogram *create(size_t bins, double low, double high)
{
    activ_histogram *h = NULL;
    activ_message message = { "" };
    if (activ_histogram_create(NULL, bins, low, high, &h, &message) != ACTIV_OK)
        fail_msg("%s", message.text);
    assert_non_null(h);
    return h;
}

static activ_histogram_info get(const activ_histogram *h)
{
    activ_histogram_info info = ACTIV_HISTOGRAM_INFO_INIT;
    assert_int_equal(activ_histogram_get(h, &info), ACTIV_OK);
    return info;
}

static void assert_counts(const activ_histogram *h, const uint64_t *counts, uint64_t under, uint64_t over,
                          uint64_t nans)
{
    const activ_histogram_info info = get(h);
    uint64_t total = under + over + nans;
    for (size_t i = 0; i < info.bins; i++) {
        assert_int_equal(info.counts[i], counts[i]);
        total += counts[i];
    }
    assert_int_equal(info.under, under);
    assert_int_equal(info.over, over);
    assert_int_equal(info.nans, nans);
    assert_int_equal(info.total, total);
}

/* numpy.histogram([1, 2, 1], bins=[0, 1, 2, 3]), and the rules for edges. */
static void test_by_hand(void **state)
{
    (void)state;
    activ_histogram *h = create(3, 0.0, 3.0);
    const float x[] = { 1, 2, 1 };
    assert_int_equal(activ_histogram_add(h, 3, x), ACTIV_OK);
    assert_counts(h, (const uint64_t[]){ 0, 2, 1 }, 0, 0, 0);
    /* A lower edge is in its bin, the last upper edge too; 0 and -0 are one value. */
    const float more[] = {
        0.0f,      -0.0f, 3.0f, nextafterf(3.0f, 4.0f), nextafterf(1.0f, 0.0f), -1e-45f, NAN, -NAN, INFINITY,
        -INFINITY, -1.0f, 1e38f
    };
    assert_int_equal(activ_histogram_add(h, 12, more), ACTIV_OK);
    assert_counts(h, (const uint64_t[]){ 3, 2, 2 }, 3, 3, 2);
    const activ_histogram_info info = get(h);
    for (size_t i = 0; i <= 3; i++)
        assert_true(info.edges[i] == (double)i);
    assert_int_equal(activ_histogram_reset(h), ACTIV_OK);
    assert_counts(h, (const uint64_t[]){ 0, 0, 0 }, 0, 0, 0);
    activ_histogram_destroy(h);
    activ_histogram_destroy(NULL);
}

/* Every value against the edges themselves, the floats on both sides of each edge among them. */
static void test_edges(void **state)
{
    (void)state;
    static const struct {
        size_t bins;
        double low, high;
    } cases[] = {
        { 10, 0.0, 1.0 },
        { 100, -5.0, 5.0 },
        { 7, -0.3, 0.1 },
        { 1000, 1e-3, 1.0000001e-3 },
        { 49, 1e6, 1e6 + 1.0 },
        { 64, -3.4e38, 3.4e38 },
        { 50, -1e-44, 1e-43 },
        { 1, -1.0, 1.0 },
        { 3, 0.0, 0x1p-1060 },
        { 3, 0.0, 147.0 },
        /* 49 (1/49) < 1 */ { 33, -1e300, 1e300 },
        { 1024, 0x1p-149, 1e-38 },
        { 99991, -1.0, 2.0 },
    };
    for (size_t c = 0; c < sizeof cases / sizeof *cases; c++) {
        activ_histogram *h = create(cases[c].bins, cases[c].low, cases[c].high);
        const activ_histogram_info info = get(h);
        const double step = (cases[c].high - cases[c].low) / (double)info.bins;
        uint64_t *expected = calloc(info.bins, sizeof *expected), under = 0, over = 0;
        for (size_t i = 0; i <= info.bins; i++) {
            volatile const double offset = (double)i * step; /* two roundings, on CPUs with fma too */
            assert_true(info.edges[i] == (i < info.bins ? cases[c].low + offset : cases[c].high));
            const float middle = (float)info.edges[i];
            if (!isfinite(middle))
                continue;
            const float x[3] = { nextafterf(middle, -INFINITY), middle, nextafterf(middle, INFINITY) };
            assert_int_equal(activ_histogram_add(h, 3, x), ACTIV_OK);
            for (int k = 0; k < 3; k++) {
                if ((double)x[k] < info.edges[0]) {
                    under++;
                } else if ((double)x[k] > info.edges[info.bins]) {
                    over++;
                } else {
                    size_t low = 0, high = info.bins; /* edges[low] <= x, and x < edges[high] or high is the last */
                    while (high - low > 1) {
                        const size_t between = low + (high - low) / 2;
                        if ((double)x[k] >= info.edges[between])
                            low = between;
                        else
                            high = between;
                    }
                    expected[low]++;
                }
            }
        }
        assert_counts(h, expected, under, over, 0);
        free(expected);
        activ_histogram_destroy(h);
    }
}

/* In any order, cut anyhow, merged, in any mode of rounding; and no flags for finite values. */
static void test_values_alone(void **state)
{
    (void)state;
    enum { N = 10007, BINS = 83 };
    static float x[N];
    static uint32_t order[N];
    assert_int_equal(activ_random_normal(1, 2, 0, N, 0.1f, 1.3f, x), ACTIV_OK);
    activ_histogram *whole = create(BINS, -2.0, 3.1);
    feclearexcept(FE_ALL_EXCEPT);
    assert_int_equal(activ_histogram_add(whole, N, x), ACTIV_OK);
    assert_false(fetestexcept(FE_INVALID | FE_DIVBYZERO));
    const activ_histogram_info info = get(whole);
    static const int modes[] = { FE_TONEAREST, FE_UPWARD, FE_DOWNWARD, FE_TOWARDZERO };
    for (uint64_t m = 0; m < 4; m++) {
        assert_int_equal(activ_random_permutation(3, m, N, order), ACTIV_OK);
        assert_int_equal(fesetround(modes[m]), 0);
        activ_histogram *part[2] = { create(BINS, -2.0, 3.1), create(BINS, -2.0, 3.1) };
        for (size_t i = 0; i < N; i++)
            assert_int_equal(activ_histogram_add(part[i % 3 == 0], 1, &x[order[i]]), ACTIV_OK);
        assert_int_equal(activ_histogram_merge(part[0], part[1]), ACTIV_OK);
        assert_int_equal(fegetround(), modes[m]);
        fesetround(FE_TONEAREST);
        assert_counts(part[0], info.counts, info.under, info.over, info.nans);
        assert_memory_equal(get(part[0]).edges, info.edges, (BINS + 1) * sizeof(double));
        activ_histogram_destroy(part[0]);
        activ_histogram_destroy(part[1]);
    }
    activ_histogram_destroy(whole);
}

static void test_bins(void **state)
{
    (void)state;
    /* n = 1000: width 2 * 1.5 / 10, range 6. */
    assert_int_equal(activ_histogram_bins(1000, -3.0, 3.0, -0.75, 0.75, 100), 20);
    assert_int_equal(activ_histogram_bins(1000, -3.0, 3.0, -0.75, 0.75, 12), 12);
    assert_int_equal(activ_histogram_bins(8, 0.0, 6.5, 0.0, 1.0, 100), 7); /* 6.5 of width 1 */
    assert_int_equal(activ_histogram_bins(8, 0.0, 7.0, 0.0, 1.0, 100), 7);
    assert_int_equal(activ_histogram_bins(1000000, 0.0, 1.0, 0.25, 0.75, 1000), 100);
    /* Half of the values are the same: 1 + log2 n, rounded up. */
    static const uint64_t counts[] = { 1, 2, 3, 4, 5, 8, 9, 1024, 1025, UINT64_MAX };
    static const size_t bins[] = { 1, 2, 3, 3, 4, 4, 5, 11, 12, 65 };
    for (size_t i = 0; i < 10; i++)
        assert_int_equal(activ_histogram_bins(counts[i], 0.0, 1.0, 0.5, 0.5, 100), bins[i]);
    assert_int_equal(activ_histogram_bins(0, 0.0, 1.0, 0.0, 1.0, 100), 1);
    assert_int_equal(activ_histogram_bins(5, 1.0, 1.0, 1.0, 1.0, 100), 1);
    assert_int_equal(activ_histogram_bins(5, 0.0, 1.0, 0.0, 1.0, 0), 0);
    assert_int_equal(activ_histogram_bins(5, 0.0, INFINITY, 0.0, 1.0, 9), 0);
    assert_int_equal(activ_histogram_bins(5, 0.0, 1.0, NAN, 1.0, 9), 0);
    assert_int_equal(activ_histogram_bins(5, -1e308, 1e308, 0.0, 1.0, 9), 0);
    /* An outlier: the cap. */
    assert_int_equal(activ_histogram_bins(1000, 0.0, 1e30, 0.0, 1e-30, SIZE_MAX), ACTIV_HISTOGRAM_MAX_BINS);
}

static size_t auto_bins(size_t n, const float *x, size_t most, double *low, double *high)
{
    activ_histogram *h = NULL;
    assert_int_equal(activ_histogram_create_auto(NULL, n, x, most, &h, NULL), ACTIV_OK);
    const activ_histogram_info info = get(h);
    const size_t bins = info.bins;
    assert_int_equal(info.total, 0);
    *low = info.edges[0];
    *high = info.edges[bins];
    activ_histogram_destroy(h);
    return bins;
}

static int compare(const void *a, const void *b)
{
    const float x = *(const float *)a, y = *(const float *)b;
    return (x > y) - (x < y);
}

static double percentile(const float *sorted, size_t n, double p)
{
    const double at = p * (double)(n - 1);
    const size_t i = (size_t)at;
    return i + 1 < n ? (double)sorted[i] + ((double)sorted[i + 1] - (double)sorted[i]) * (at - (double)i)
                     : (double)sorted[n - 1];
}

static void test_auto(void **state)
{
    (void)state;
    double low, high;
    /* 1 2 3 4 5 6 7 8: quartiles 2.75 and 6.25, width 3.5, range 7. */
    const float eight[] = { 5, 3, NAN, 1, 2, INFINITY, 8, 7, 4, 6 };
    assert_int_equal(auto_bins(10, eight, 100, &low, &high), 2);
    assert_true(low == 1.0 && high == 8.0);
    const float same[] = { 3, 3, 3 }, far[] = { -0x1p30f, -0x1p30f }, nothing[] = { NAN, -INFINITY };
    assert_int_equal(auto_bins(3, same, 100, &low, &high), 1);
    assert_true(low == 2.5 && high == 3.5);
    assert_int_equal(auto_bins(2, far, 100, &low, &high), 1);
    assert_true(low == -0x1p30 - 1024.0 && high == -0x1p30 + 1024.0);
    assert_int_equal(auto_bins(2, nothing, 100, &low, &high), 1);
    assert_true(low == 0.0 && high == 1.0);
    assert_int_equal(auto_bins(0, NULL, 100, &low, &high), 1);
    /* ReLU's outputs: more than three quarters are 0. */
    const float relu[] = { 0, 0, 0, 0, 0, 0, 0, 1 };
    assert_int_equal(auto_bins(8, relu, 100, &low, &high), 4);
    /* Against sorting. */
    static float x[4099], sorted[4099];
    for (uint64_t c = 0; c < 60; c++) {
        const size_t n = c < 40 ? (size_t)c + 1 : 4099 - (size_t)c;
        assert_int_equal(activ_random_normal(4, c, 0, n, -0.5f, 2.0f, x), ACTIV_OK);
        for (size_t i = 0; c % 3 == 1 && i < n; i++)
            x[i] = x[i] * x[i] * x[i] * 1e-39f;
        for (size_t i = 0; c % 3 == 2 && i < n; i++)
            x[i] = floorf(x[i]);
        memcpy(sorted, x, n * sizeof *x);
        qsort(sorted, n, sizeof *x, compare);
        const size_t bins = auto_bins(n, x, 5000, &low, &high);
        assert_int_equal(bins, activ_histogram_bins(n, sorted[0], sorted[n - 1], percentile(sorted, n, 0.25),
                                                    percentile(sorted, n, 0.75), 5000));
        if (sorted[0] < sorted[n - 1])
            assert_true(low == (double)sorted[0] && high == (double)sorted[n - 1]);
    }
}

static void test_errors(void **state)
{
    (void)state;
    activ_histogram *h = NULL;
    activ_message message;
    const float x[4] = { 1, 2, 3, 4 };
    static const struct {
        size_t bins;
        double low, high;
    } bad[] = { { 0, 0, 1 },
                { ACTIV_HISTOGRAM_MAX_BINS + 1, 0, 1 },
                { SIZE_MAX, 0, 1 },
                { 4, 1, 1 },
                { 4, 2, 1 },
                { 4, -INFINITY, 1 },
                { 4, 0, INFINITY },
                { 4, NAN, 1 },
                { 4, 0, NAN },
                { 4, -1e308, 1e308 },
                { 4, 1.0, 1.0 + 0x1p-52 },
                { 1000, 1e10, 1e10 + 1e-4 } };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        message.text[0] = '\0';
        assert_int_equal(activ_histogram_create(NULL, bad[i].bins, bad[i].low, bad[i].high, &h, &message),
                         ACTIV_ERROR_RANGE);
        assert_true(strncmp(message.text, "histogram: ", 11) == 0);
        assert_null(h);
    }
    assert_int_equal(activ_histogram_create(NULL, 4, 0, 1, NULL, &message), ACTIV_ERROR_INVALID);
    assert_int_equal(activ_histogram_create_auto(NULL, 4, x, 10, NULL, NULL), ACTIV_ERROR_INVALID);
    assert_int_equal(activ_histogram_create_auto(NULL, 4, NULL, 10, &h, NULL), ACTIV_ERROR_INVALID);
    assert_int_equal(activ_histogram_create_auto(NULL, 4, x, 0, &h, NULL), ACTIV_ERROR_RANGE);
    assert_int_equal(activ_histogram_create_auto(NULL, 4, x, SIZE_MAX, &h, NULL), ACTIV_ERROR_RANGE);
    assert_int_equal(activ_histogram_create_auto(NULL, SIZE_MAX / 4 + 1, x, 10, &h, NULL), ACTIV_ERROR_RANGE);
    const float *odd = (const float *)(const void *)((const char *)x + 1);
    assert_int_equal(activ_histogram_create_auto(NULL, 2, odd, 10, &h, NULL), ACTIV_ERROR_INVALID);
    assert_null(h);

    h = create(4, 0, 4);
    activ_histogram *other = create(5, 0, 4), *shifted = create(4, 0, 5), *same = create(4, 0, 4);
    activ_histogram_info info = ACTIV_HISTOGRAM_INFO_INIT;
    assert_int_equal(activ_histogram_add(NULL, 4, x), ACTIV_ERROR_INVALID);
    assert_int_equal(activ_histogram_add(h, 4, NULL), ACTIV_ERROR_INVALID);
    assert_int_equal(activ_histogram_add(h, 0, NULL), ACTIV_OK);
    assert_int_equal(activ_histogram_add(h, SIZE_MAX / 4 + 1, x), ACTIV_ERROR_RANGE);
    assert_int_equal(activ_histogram_add(h, 2, odd), ACTIV_ERROR_INVALID);
    assert_int_equal(activ_histogram_add(h, 2, (const float *)(const void *)get(h).edges), ACTIV_ERROR_INVALID);
    assert_int_equal(activ_histogram_merge(h, NULL), ACTIV_ERROR_INVALID);
    assert_int_equal(activ_histogram_merge(NULL, h), ACTIV_ERROR_INVALID);
    assert_int_equal(activ_histogram_merge(h, h), ACTIV_ERROR_INVALID);
    assert_int_equal(activ_histogram_merge(h, other), ACTIV_ERROR_SHAPE);
    assert_int_equal(activ_histogram_merge(h, shifted), ACTIV_ERROR_SHAPE);
    assert_int_equal(activ_histogram_reset(NULL), ACTIV_ERROR_INVALID);
    assert_int_equal(activ_histogram_get(NULL, &info), ACTIV_ERROR_INVALID);
    assert_int_equal(activ_histogram_get(h, NULL), ACTIV_ERROR_INVALID);
    info.size = 0;
    assert_int_equal(activ_histogram_get(h, &info), ACTIV_ERROR_INVALID);
    assert_int_equal(info.bins, 0);
    assert_counts(h, (const uint64_t[4]){ 0 }, 0, 0, 0);
    /* Merged into each other, two counts grow as Fibonacci's numbers do. */
    assert_int_equal(activ_histogram_add(h, 4, x), ACTIV_OK);
    activ_status status = ACTIV_OK;
    activ_histogram *pair[2] = { h, same };
    uint64_t before = 0;
    for (int i = 0; i < 200 && status == ACTIV_OK; i++) {
        before = get(pair[(i + 1) % 2]).total;
        status = activ_histogram_merge(pair[(i + 1) % 2], pair[i % 2]);
        if (status != ACTIV_OK)
            assert_int_equal(get(pair[(i + 1) % 2]).total, before);
    }
    assert_int_equal(status, ACTIV_ERROR_RANGE);
    assert_true(before > UINT64_MAX / 4);
    activ_histogram_destroy(h);
    activ_histogram_destroy(other);
    activ_histogram_destroy(shifted);
    activ_histogram_destroy(same);
}

static void test_allocation(void **state)
{
    (void)state;
    test_memory memory = { 0 };
    activ_context *context = test_memory_context(&memory);
    assert_non_null(context);
    const float x[5] = { 1, 2, 3, 4, 5 };
    const size_t live = memory.live;
    for (int automatic = 0; automatic < 2; automatic++)
        for (size_t fail = 1; fail <= 3; fail++) {
            activ_histogram *h = NULL;
            memory.fail_at = memory.calls + fail;
            const activ_status status = automatic ? activ_histogram_create_auto(context, 5, x, 10, &h, NULL)
                                                  : activ_histogram_create(context, 10, 0, 1, &h, NULL);
            const int fails = fail <= (automatic ? 2 : 1);
            assert_int_equal(status, fails ? ACTIV_ERROR_OUT_OF_MEMORY : ACTIV_OK);
            assert_true(fails == !h);
            if (h) {
                const size_t calls = memory.calls;
                assert_int_equal(activ_histogram_add(h, 5, x), ACTIV_OK);
                get(h);
                assert_int_equal(activ_histogram_reset(h), ACTIV_OK);
                assert_int_equal(memory.calls, calls);
            }
            activ_histogram_destroy(h);
            assert_int_equal(memory.live, live);
        }
    /* Refused after it was allocated. */
    memory.fail_at = 0;
    activ_histogram *h = NULL;
    assert_int_equal(activ_histogram_create(context, 4, 1.0, 1.0 + 0x1p-52, &h, NULL), ACTIV_ERROR_RANGE);
    assert_int_equal(memory.live, live);
    activ_context_destroy(context);
    assert_int_equal(memory.live, 0);
    assert_int_equal(memory.mistakes, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_by_hand),    cmocka_unit_test(test_edges), cmocka_unit_test(test_values_alone),
        cmocka_unit_test(test_bins),       cmocka_unit_test(test_auto),  cmocka_unit_test(test_errors),
        cmocka_unit_test(test_allocation),
    };
    return cmocka_run_group_tests_name("analysis_histogram", tests, NULL, NULL);
}
