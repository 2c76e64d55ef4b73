/* Running statistics: by hand, against sums of thousands of bits, and that nothing but the values matters. */
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
#include <mpfr.h>

#include "activ/activ.h"
#include "analysis/wide.h"
#include "support/memory.h"
#include "support/ulp.h"

static activ_stats *create(void)
{
    activ_stats *s = NULL;
    assert_int_equal(activ_stats_create(NULL, &s), ACTIV_OK);
    assert_non_null(s);
    return s;
}

static activ_stats_info get(const activ_stats *s)
{
    activ_stats_info info = ACTIV_STATS_INFO_INIT;
    assert_int_equal(activ_stats_get(s, &info), ACTIV_OK);
    return info;
}

static activ_stats_info stats_of(size_t n, const float *x)
{
    activ_stats *s = create();
    assert_int_equal(activ_stats_add(s, n, x), ACTIV_OK);
    const activ_stats_info info = get(s);
    activ_stats_destroy(s);
    return info;
}

static void test_by_hand(void **state)
{
    (void)state;
    const float x[] = { 2, 4, 4, 4, 5, 5, 7, 9 };
    activ_stats_info info = stats_of(8, x);
    assert_true(info.count == 8 && info.finite == 8 && info.zeros == 0);
    assert_true(info.mean == 5.0 && info.mean_magnitude == 5.0 && info.variance == 4.0 && info.deviation == 2.0);
    assert_true(info.sample_variance == 32.0 / 7.0 && info.norm == sqrt(232.0) && info.rms == sqrt(29.0));
    assert_true(info.least == 2.0 && info.largest == 9.0);
    const float mixed[] = { -3, NAN, 0, INFINITY, -0.0f, 4, -INFINITY, -NAN, -INFINITY, 1e-45f };
    info = stats_of(10, mixed);
    assert_true(info.count == 10 && info.finite == 5 && info.zeros == 2 && info.nans == 2);
    assert_true(info.positive_infinities == 1 && info.negative_infinities == 2);
    assert_true(info.least == -3.0 && info.largest == 4.0 && info.norm == 5.0);
    assert_true(fabs(info.mean - 0.2) < 1e-15 && fabs(info.mean_magnitude - 1.4) < 1e-15);
    /* One value; none. */
    info = stats_of(1, x);
    assert_true(info.mean == 2.0 && info.variance == 0.0 && isnan(info.sample_variance));
    const float nothing[] = { NAN, INFINITY };
    for (size_t n = 0; n <= 2; n += 2) {
        info = stats_of(n, n ? nothing : NULL);
        assert_true(info.count == n && info.finite == 0 && info.norm == 0.0);
        assert_true(isnan(info.mean) && isnan(info.mean_magnitude) && isnan(info.variance) && isnan(info.deviation));
        assert_true(isnan(info.sample_variance) && isnan(info.rms) && isnan(info.least) && isnan(info.largest));
    }
    /* Zeros in order; subnormal numbers. */
    const float zeros[] = { 0.0f, -0.0f, 0.0f };
    info = stats_of(3, zeros);
    assert_true(info.least == 0.0 && signbit(info.least) && !signbit(info.largest) && info.zeros == 3);
    const float tiny[] = { 0x1p-149f, 0x3p-149f };
    info = stats_of(2, tiny);
    assert_true(info.mean == 0x1p-148 && info.variance == 0x1p-298 && info.least == 0x1p-149);
}

/* ---- against exact sums ------------------------------------------------------------------------------- */

enum { N = 70001, BITS = 2000 };

static void assert_near(const char *what, double got, mpfr_t wanted)
{
    if (mpfr_zero_p(wanted)) {
        assert_true(got == 0.0);
        return;
    }
    mpfr_t error;
    mpfr_init2(error, BITS);
    mpfr_d_sub(error, got, wanted, MPFR_RNDN);
    mpfr_div(error, error, wanted, MPFR_RNDN);
    if (mpfr_cmp_d(error, 0x1p-50) > 0 || mpfr_cmp_d(error, -0x1p-50) < 0)
        fail_msg("%s: %g, off by %g of it", what, got, mpfr_get_d(error, MPFR_RNDN));
    mpfr_clear(error);
}

static void check(size_t n, const float *x)
{
    mpfr_t sum, magnitudes, squares, t, count;
    mpfr_inits2(BITS, sum, magnitudes, squares, t, count, (mpfr_ptr)0);
    mpfr_set_zero(sum, 1);
    mpfr_set_zero(magnitudes, 1);
    mpfr_set_zero(squares, 1);
    mpfr_set_ui(count, n, MPFR_RNDN);
    for (size_t i = 0; i < n; i++) {
        const double v = x[i];
        mpfr_add_d(sum, sum, v, MPFR_RNDN);
        mpfr_add_d(magnitudes, magnitudes, fabs(v), MPFR_RNDN);
        mpfr_set_d(t, v, MPFR_RNDN);
        mpfr_sqr(t, t, MPFR_RNDN);
        mpfr_add(squares, squares, t, MPFR_RNDN);
    }
    const activ_stats_info info = stats_of(n, x);
    mpfr_div(t, sum, count, MPFR_RNDN);
    assert_near("mean", info.mean, t);
    mpfr_div(t, magnitudes, count, MPFR_RNDN);
    assert_near("mean_magnitude", info.mean_magnitude, t);
    mpfr_sqrt(t, squares, MPFR_RNDN);
    assert_near("norm", info.norm, t);
    mpfr_div(t, squares, count, MPFR_RNDN);
    mpfr_sqrt(t, t, MPFR_RNDN);
    assert_near("rms", info.rms, t);
    /* n sum x^2 - (sum x)^2 */
    mpfr_mul(t, squares, count, MPFR_RNDN);
    mpfr_sqr(sum, sum, MPFR_RNDN);
    mpfr_sub(t, t, sum, MPFR_RNDN);
    mpfr_div(t, t, count, MPFR_RNDN);
    mpfr_div_ui(sum, t, n - 1, MPFR_RNDN);
    assert_near("sample_variance", info.sample_variance, sum);
    mpfr_div(t, t, count, MPFR_RNDN);
    assert_near("variance", info.variance, t);
    mpfr_sqrt(t, t, MPFR_RNDN);
    assert_near("deviation", info.deviation, t);
    mpfr_clears(sum, magnitudes, squares, t, count, (mpfr_ptr)0);
}

/* Kinds of data: number `kind` of them. */
enum { KINDS = 9 };
static void fill(int kind, size_t n, float *x)
{
    assert_int_equal(activ_random_normal(7, (uint64_t)kind, 0, n, 0.0f, 1.0f, x), ACTIV_OK);
    for (size_t i = 0; i < n; i++)
        switch (kind) {
        case 1: /* far from 0, compared with their spread */
            x[i] = 16777216.0f - (float)(i % 3);
            break;
        case 2:
            x[i] = 1000.1f;
            break;
        case 3:
            x[i] = i % 2 ? FLT_MAX : -FLT_MAX;
            break;
        case 4:
            x[i] = x[i] * 1e-41f;
            break;
        case 5: /* of all sizes, and of sums that cancel */
            x[i] = float_from_bits(activ_random_bits(8, 1, i / 2) & 0x7effffff) * (i % 2 ? -1.0f : 1.0f);
            break;
        case 6:
            x[i] = i % 1000 ? 1e-30f * x[i] : 1e30f * x[i];
            break;
        case 7:
            x[i] = x[i] > 0.0f ? x[i] : 0.0f;
            break;
        case 8:
            x[i] = FLT_MAX;
            break;
        default:
            break;
        }
}

static void test_exact(void **state)
{
    (void)state;
    float *x = malloc(N * sizeof *x);
    for (int kind = 0; kind < KINDS; kind++) {
        fill(kind, N, x);
        static const size_t counts[] = { 2, 3, 17, 1000, 32768, 32769, N };
        for (size_t i = 0; i < sizeof counts / sizeof *counts; i++)
            check(counts[i], x);
    }
    free(x);
}

/* Long numbers become doubles by rounding once: ties to even, unless a bit far below says that it is none. */
static void test_to_double(void **state)
{
    (void)state;
    enum { LIMBS = 6 };
    for (unsigned shift = 0; shift <= 120; shift++)
        for (uint64_t odd = 0; odd <= 1; odd++) {
            const uint64_t half = (UINT64_C(1) << 53) + 2 * odd + 1; /* in the middle between two doubles */
            uint32_t w[LIMBS] = { 0 };
            activ_wide_add_shifted(w, LIMBS, half, shift);
            assert_true(activ_wide_to_double(w, LIMBS, -5) ==
                        ldexp((double)((UINT64_C(1) << 53) + 4 * odd), (int)shift - 5));
            for (unsigned bit = 0; bit < shift; bit++) {
                uint32_t more[LIMBS], less[LIMBS] = { 0 };
                memcpy(more, w, sizeof w);
                activ_wide_add_shifted(more, LIMBS, 1, bit);
                assert_true(activ_wide_to_double(more, LIMBS, 7) == ldexp((double)(half + 1), (int)shift + 7));
                activ_wide_add_shifted(less, LIMBS, 1, bit);
                assert_int_equal(activ_wide_compare(w, less, LIMBS), 1);
                activ_wide_subtract(less, w, less, LIMBS);
                assert_int_equal(activ_wide_compare(less, w, LIMBS), -1);
                assert_true(activ_wide_to_double(less, LIMBS, 7) == ldexp((double)(half - 1), (int)shift + 7));
            }
        }
    const uint32_t nothing[LIMBS] = { 0 };
    assert_true(activ_wide_to_double(nothing, LIMBS, 3) == 0.0);
}

/* In any order, cut anyhow, merged anyhow, in any mode of rounding: the same bits. No flags. */
static void test_values_alone(void **state)
{
    (void)state;
    float *x = malloc(N * sizeof *x), *y = malloc(N * sizeof *y);
    uint32_t *order = malloc(N * sizeof *order);
    static const int modes[] = { FE_TONEAREST, FE_UPWARD, FE_DOWNWARD, FE_TOWARDZERO };
    for (int kind = 0; kind < KINDS; kind++) {
        fill(kind, N, x);
        feclearexcept(FE_ALL_EXCEPT);
        const activ_stats_info whole = stats_of(N, x);
        assert_false(fetestexcept(FE_INVALID | FE_DIVBYZERO | FE_OVERFLOW));
        for (uint64_t m = 0; m < 4; m++) {
            assert_int_equal(activ_random_permutation(9, m, N, order), ACTIV_OK);
            for (size_t i = 0; i < N; i++)
                y[i] = x[order[i]];
            assert_int_equal(fesetround(modes[m]), 0);
            activ_stats *part[3] = { create(), create(), create() };
            for (size_t i = 0, k = 0; i < N; k++) {
                const size_t length = activ_random_bits(10, m, k) % (k % 5 ? 300 : 9000), left = N - i;
                const size_t n = length < left ? length : left;
                assert_int_equal(activ_stats_add(part[k % 3], n, y + i), ACTIV_OK);
                i += n;
            }
            assert_int_equal(activ_stats_merge(part[1], part[2]), ACTIV_OK);
            assert_int_equal(activ_stats_merge(part[0], part[1]), ACTIV_OK);
            const activ_stats_info merged = get(part[0]);
            assert_int_equal(fegetround(), modes[m]);
            fesetround(FE_TONEAREST);
            assert_memory_equal(&merged, &whole, sizeof whole);
            /* As new. */
            assert_int_equal(activ_stats_reset(part[2]), ACTIV_OK);
            assert_int_equal(activ_stats_add(part[2], N, x), ACTIV_OK);
            const activ_stats_info again = get(part[2]);
            assert_memory_equal(&again, &whole, sizeof whole);
            for (int i = 0; i < 3; i++)
                activ_stats_destroy(part[i]);
        }
    }
    free(order);
    free(x);
    free(y);
}

/* Almost 2^64 times the largest value: the sums have room for it. */
static void test_largest_sums(void **state)
{
    (void)state;
    activ_stats *pair[2] = { create(), create() };
    const float x[1] = { -FLT_MAX };
    assert_int_equal(activ_stats_add(pair[0], 1, x), ACTIV_OK);
    activ_status status = ACTIV_OK;
    uint64_t before = 0;
    int i = 0;
    for (; i < 200 && status == ACTIV_OK; i++) {
        before = get(pair[(i + 1) % 2]).count;
        status = activ_stats_merge(pair[(i + 1) % 2], pair[i % 2]);
    }
    assert_int_equal(status, ACTIV_ERROR_RANGE);
    assert_true(before > UINT64_MAX / 4);
    for (int k = 0; k < 2; k++) {
        const activ_stats_info info = get(pair[k]);
        assert_true(info.variance == 0.0 && fabs(info.mean / -(double)FLT_MAX - 1.0) < 0x1p-50);
        assert_true(fabs(info.norm / ((double)FLT_MAX * sqrt((double)info.count)) - 1.0) < 0x1p-50);
        activ_stats_destroy(pair[k]);
    }
}

static void test_errors(void **state)
{
    (void)state;
    const float x[3] = { 1, 2, 3 };
    activ_stats *s = create();
    activ_stats_info info = ACTIV_STATS_INFO_INIT;
    assert_int_equal(activ_stats_create(NULL, NULL), ACTIV_ERROR_INVALID);
    assert_int_equal(activ_stats_add(NULL, 3, x), ACTIV_ERROR_INVALID);
    assert_int_equal(activ_stats_add(s, 3, NULL), ACTIV_ERROR_INVALID);
    assert_int_equal(activ_stats_add(s, 0, NULL), ACTIV_OK);
    assert_int_equal(activ_stats_add(s, SIZE_MAX / 4 + 1, x), ACTIV_ERROR_RANGE);
    assert_int_equal(activ_stats_add(s, 2, (const float *)(const void *)((const char *)x + 2)), ACTIV_ERROR_INVALID);
    assert_int_equal(activ_stats_add(s, 2, (const float *)(const void *)s), ACTIV_ERROR_INVALID);
    assert_int_equal(activ_stats_merge(s, NULL), ACTIV_ERROR_INVALID);
    assert_int_equal(activ_stats_merge(NULL, s), ACTIV_ERROR_INVALID);
    assert_int_equal(activ_stats_merge(s, s), ACTIV_ERROR_INVALID);
    assert_int_equal(activ_stats_reset(NULL), ACTIV_ERROR_INVALID);
    assert_int_equal(activ_stats_get(NULL, &info), ACTIV_ERROR_INVALID);
    assert_int_equal(activ_stats_get(s, NULL), ACTIV_ERROR_INVALID);
    info.size = 0;
    assert_int_equal(activ_stats_get(s, &info), ACTIV_ERROR_INVALID);
    assert_int_equal(get(s).count, 0);
    activ_stats_destroy(s);
    activ_stats_destroy(NULL);
}

static void test_allocation(void **state)
{
    (void)state;
    test_memory memory = { 0 };
    activ_context *context = test_memory_context(&memory);
    assert_non_null(context);
    activ_stats *s = NULL;
    memory.fail_at = memory.calls + 1;
    assert_int_equal(activ_stats_create(context, &s), ACTIV_ERROR_OUT_OF_MEMORY);
    assert_null(s);
    assert_int_equal(activ_stats_create(context, &s), ACTIV_OK);
    activ_context_destroy(context);
    const size_t calls = memory.calls;
    const float x[3] = { 1, 2, 3 };
    assert_int_equal(activ_stats_add(s, 3, x), ACTIV_OK);
    assert_true(get(s).mean == 2.0);
    assert_int_equal(memory.calls, calls);
    activ_stats_destroy(s);
    assert_int_equal(memory.live, 0);
    assert_int_equal(memory.mistakes, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_by_hand),      cmocka_unit_test(test_exact),        cmocka_unit_test(test_to_double),
        cmocka_unit_test(test_values_alone), cmocka_unit_test(test_largest_sums), cmocka_unit_test(test_errors),
        cmocka_unit_test(test_allocation),
    };
    return cmocka_run_group_tests_name("analysis_stats", tests, NULL, NULL);
}
