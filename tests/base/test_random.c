/* Random numbers: the known answers of Philox, what must not depend on how calls are cut, and the
 * distributions. Everything here is deterministic, so bounds on statistics are passed or not for good. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "activ/random.h"
#include "base/dmath.h"
#include "base/random.h"

/* Random123's kat_vectors for philox4x32 with 10 rounds. The counter's low words are the block, its
 * high words the stream; the key is the seed. */
static void test_known_answers(void **state)
{
    (void)state;
    static const struct {
        uint64_t seed, stream, block;
        uint32_t expected[4];
    } known[] = {
        { 0, 0, 0, { 0x6627e8d5u, 0xe169c58du, 0xbc57ac4cu, 0x9b00dbd8u } },
        { UINT64_MAX, UINT64_MAX, UINT64_MAX, { 0x408f276du, 0x41c83b0eu, 0xa20bc7c6u, 0x6d5451fdu } },
        { UINT64_C(0x299f31d0a4093822),
          UINT64_C(0x0370734413198a2e),
          UINT64_C(0x85a308d3243f6a88),
          { 0xd16cfe09u, 0x94fdccebu, 0x5001e420u, 0x24126ea1u } },
    };
    for (size_t i = 0; i < 3; i++) {
        uint32_t out[4];
        activ_philox(known[i].seed, known[i].stream, known[i].block, out);
        assert_memory_equal(out, known[i].expected, sizeof out);
    }
    /* Through the public call, whose blocks end at 2^62. */
    for (uint64_t i = 0; i < 4; i++)
        assert_int_equal(activ_random_bits(0, 0, i), known[0].expected[i]);
    for (uint64_t index = UINT64_MAX - 9; index != 0; index++) {
        uint32_t out[4];
        activ_philox(3, 4, index / 4, out);
        assert_int_equal(activ_random_bits(3, 4, index), out[index % 4]);
    }
}

static void test_splitting(void **state)
{
    (void)state;
    enum { N = 101 };
    float whole[N], part[N];
    for (uint64_t start = 0; start < 6; start++)
        for (size_t cut = 0; cut <= N; cut++) {
            assert_int_equal(activ_random_uniform(1, 2, start, N, -3.0f, 5.0f, whole), ACTIV_OK);
            assert_int_equal(activ_random_uniform(1, 2, start, cut, -3.0f, 5.0f, part), ACTIV_OK);
            assert_int_equal(activ_random_uniform(1, 2, start + cut, N - cut, -3.0f, 5.0f, part + cut), ACTIV_OK);
            assert_memory_equal(whole, part, sizeof whole);
            assert_int_equal(activ_random_normal(1, 2, start, N, -3.0f, 5.0f, whole), ACTIV_OK);
            assert_int_equal(activ_random_normal(1, 2, start, cut, -3.0f, 5.0f, part), ACTIV_OK);
            assert_int_equal(activ_random_normal(1, 2, start + cut, N - cut, -3.0f, 5.0f, part + cut), ACTIV_OK);
            assert_memory_equal(whole, part, sizeof whole);
        }
    /* Other seeds and streams give other numbers. */
    assert_int_equal(activ_random_uniform(1, 2, 0, N, 0.0f, 1.0f, whole), ACTIV_OK);
    static const uint64_t others[][2] = {
        { 2, 2 }, { 1, 3 }, { 1 + (UINT64_C(1) << 32), 2 }, { 1, 2 + (UINT64_C(1) << 63) }, { 2, 1 }
    };
    for (size_t i = 0; i < 5; i++) {
        assert_int_equal(activ_random_uniform(others[i][0], others[i][1], 0, N, 0.0f, 1.0f, part), ACTIV_OK);
        size_t equal = 0;
        for (size_t j = 0; j < N; j++)
            equal += whole[j] == part[j];
        assert_true(equal < 3);
    }
}

enum { MANY = 1 << 20 };

static void test_uniform(void **state)
{
    (void)state;
    float *x = malloc(MANY * sizeof *x);
    assert_non_null(x);
    assert_int_equal(activ_random_uniform(7, 0, 0, MANY, 0.0f, 1.0f, x), ACTIV_OK);
    double mean = 0.0, square = 0.0, product = 0.0;
    size_t boxes[64] = { 0 };
    for (size_t i = 0; i < MANY; i++) {
        uint32_t bits = activ_random_bits(7, 0, i);
        assert_true(x[i] == (float)(bits >> 8) / 16777216.0f);
        assert_true(x[i] >= 0.0f && x[i] < 1.0f);
        mean += (double)x[i];
        square += (double)x[i] * (double)x[i];
        product += i > 0 ? ((double)x[i] - 0.5) * ((double)x[i - 1] - 0.5) : 0.0;
        boxes[(size_t)(x[i] * 64.0f)]++;
    }
    mean /= MANY;
    /* Four standard deviations of each statistic: 1/sqrt(12 n), 1/sqrt(11.25 n), 1/(12 sqrt n). */
    assert_true(fabs(mean - 0.5) < 4.0 / sqrt(12.0 * MANY));
    assert_true(fabs(square / MANY - 1.0 / 3.0) < 4.0 / sqrt(11.25 * MANY));
    assert_true(fabs(product / MANY) < 4.0 / (12.0 * sqrt(MANY)));
    double chi = 0.0;
    for (size_t i = 0; i < 64; i++)
        chi += pow((double)boxes[i] - MANY / 64.0, 2.0) / (MANY / 64.0);
    assert_true(chi > 29.0 && chi < 110.0); /* 63 degrees of freedom: 63 +- 4 * 11 */
    free(x);
}

/* high itself never comes out, however the sum is rounded. */
static void test_uniform_bounds(void **state)
{
    (void)state;
    static const float ranges[][2] = {
        { 1.0f, 0x1.000002p0f },
        { 16777216.0f, 16777218.0f },
        { -1.0f, 1.0f },
        { -0.1f, 0.1f },
        { 0.0f, 0x1p-149f },
        { -0x1p-149f, 0x1p-149f },
        { 0.0f, 0x1.fffffep127f },
        { -0x1.fffffep126f, 0x1.fffffep126f },
        { 100.0f, 100.1f },
        { -1e-30f, 1e30f },
        { 0.99999f, 1.0f },
        { -1.0f, -0.9999f },
        { 0x1p-126f, 0x1.8p-126f },
    };
    float x[20000];
    for (size_t r = 0; r < sizeof ranges / sizeof ranges[0]; r++) {
        float low = ranges[r][0], high = ranges[r][1];
        for (uint64_t round = 0; round < 10; round++) {
            assert_int_equal(activ_random_uniform(r, round, 0, 20000, low, high, x), ACTIV_OK);
            for (size_t i = 0; i < 20000; i++)
                assert_true(x[i] >= low && x[i] < high);
        }
    }
    static const float points[] = { 0.0f, 1.0f, -3.5f, 0x1.fffffep127f };
    for (size_t p = 0; p < 4; p++) {
        assert_int_equal(activ_random_uniform(1, 1, 0, 10, points[p], points[p], x), ACTIV_OK);
        for (size_t i = 0; i < 10; i++)
            assert_true(x[i] == points[p]);
    }
}

static void test_normal(void **state)
{
    (void)state;
    float *x = malloc(MANY * sizeof *x);
    assert_non_null(x);
    assert_int_equal(activ_random_normal(7, 0, 0, MANY, 0.0f, 1.0f, x), ACTIV_OK);
    double sums[5] = { 0.0 }, product = 0.0, largest = 0.0;
    size_t beyond[6] = { 0 };
    for (size_t i = 0; i < MANY; i++) {
        double z = (double)x[i], power = 1.0;
        for (int k = 1; k < 5; k++)
            sums[k] += power *= z;
        product += i > 0 ? z * (double)x[i - 1] : 0.0;
        largest = fmax(largest, fabs(z));
        for (int k = 1; k < 6; k++)
            beyond[k] += fabs(z) > k;
        /* Box and Muller on the numbers 2i and 2i + 1. */
        if (i < 20000) {
            double u = ((double)activ_random_bits(7, 0, 2 * i) + 0.5) / 4294967296.0;
            double v = ((double)activ_random_bits(7, 0, 2 * i + 1) + 0.5) / 4294967296.0;
            double expected = sqrt(-2.0 * log(u)) * cos(6.283185307179586 * v);
            assert_true(fabs(z - expected) <= 6.1e-8 * fabs(expected) + 1e-13);
        }
    }
    /* Four standard deviations: 1, 2, 15 - 0, 96 are the variances of z, z^2, z^3, z^4. */
    double root = sqrt(MANY);
    assert_true(fabs(sums[1] / MANY) < 4.0 / root);
    assert_true(fabs(sums[2] / MANY - 1.0) < 4.0 * sqrt(2.0) / root);
    assert_true(fabs(sums[3] / MANY) < 4.0 * sqrt(15.0) / root);
    assert_true(fabs(sums[4] / MANY - 3.0) < 4.0 * sqrt(96.0) / root);
    assert_true(fabs(product / MANY) < 4.0 / root);
    for (int k = 1; k < 6; k++) {
        double expected = MANY * erfc(k / sqrt(2.0));
        assert_true(fabs((double)beyond[k] - expected) < 4.0 * sqrt(expected) + 1.0);
    }
    assert_true(largest > 4.5 && largest < 6.8); /* the method's own limit is 6.77 */

    /* Mean and deviation: one rounding of the exact value. */
    float y[1000];
    assert_int_equal(activ_random_normal(7, 0, 0, 1000, 2.5f, 0.125f, y), ACTIV_OK);
    for (size_t i = 0; i < 1000; i++)
        assert_true(fabs((double)y[i] - (2.5 + 0.125 * (double)x[i])) < 4e-7);
    assert_int_equal(activ_random_normal(7, 0, 0, 1000, 2.5f, 0.0f, y), ACTIV_OK);
    for (size_t i = 0; i < 1000; i++)
        assert_true(y[i] == 2.5f);
    free(x);
}

static void test_permutation(void **state)
{
    (void)state;
    static uint32_t order[100000];
    static unsigned char seen[100000];
    static const size_t sizes[] = { 0, 1, 2, 3, 10, 1000, 60000, 99999 };
    for (size_t s = 0; s < sizeof sizes / sizeof sizes[0]; s++) {
        size_t n = sizes[s], fixed = 0;
        memset(seen, 0, sizeof seen);
        order[n] = 12345;
        assert_int_equal(activ_random_permutation(s, 1, n, order), ACTIV_OK);
        assert_int_equal(order[n], 12345);
        for (size_t i = 0; i < n; i++) {
            assert_true(order[i] < n);
            assert_false(seen[order[i]]++);
            fixed += order[i] == i;
        }
        if (n >= 1000)
            assert_true(fixed < 8); /* one is expected */
    }
    /* All orders of 4 are equally likely, over seeds as over streams. */
    for (int over_streams = 0; over_streams < 2; over_streams++) {
        enum { ROUNDS = 48000 };
        size_t counts[256] = { 0 }, kinds = 0;
        double chi = 0.0;
        for (uint64_t i = 0; i < ROUNDS; i++) {
            uint32_t p[4];
            assert_int_equal(activ_random_permutation(over_streams ? 5 : i, over_streams ? i : 5, 4, p), ACTIV_OK);
            counts[p[0] | p[1] << 2 | p[2] << 4 | p[3] << 6]++;
        }
        for (size_t i = 0; i < 256; i++)
            if (counts[i] > 0) {
                kinds++;
                chi += pow((double)counts[i] - ROUNDS / 24.0, 2.0) / (ROUNDS / 24.0);
            }
        assert_int_equal(kinds, 24);
        assert_true(chi < 55.0); /* 23 degrees of freedom: one in 5000 lies beyond */
    }
    /* The definition: from the end, a number below i from the high half of a product. */
    uint32_t expected[50], got[50];
    for (uint32_t i = 0; i < 50; i++)
        expected[i] = i;
    for (uint32_t i = 50; i > 1; i--) {
        uint32_t j = (uint32_t)((uint64_t)activ_random_bits(8, 9, 50 - i) * i >> 32), kept = expected[i - 1];
        expected[i - 1] = expected[j];
        expected[j] = kept;
    }
    assert_int_equal(activ_random_permutation(8, 9, 50, got), ACTIV_OK);
    assert_memory_equal(expected, got, sizeof got);
}

static void test_errors(void **state)
{
    (void)state;
    float x[2] = { 9.0f, 9.0f };
    static const float bad[][2] = {
        { 1.0f, 0.0f },
        { NAN, 1.0f },
        { 0.0f, NAN },
        { -INFINITY, 0.0f },
        { 0.0f, INFINITY },
        { INFINITY, INFINITY },
        { -0x1.fffffep127f, 0x1.fffffep127f },
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        assert_int_equal(activ_random_uniform(1, 1, 0, 2, bad[i][0], bad[i][1], x), ACTIV_ERROR_RANGE);
        assert_int_equal(activ_random_uniform(1, 1, 0, 0, bad[i][0], bad[i][1], NULL), ACTIV_ERROR_RANGE);
    }
    static const float bad_normal[][2] = { { 0.0f, -1.0f },    { NAN, 1.0f },      { 0.0f, NAN },
                                           { INFINITY, 1.0f }, { 0.0f, INFINITY }, { 0.0f, -0x1p-149f } };
    for (size_t i = 0; i < sizeof bad_normal / sizeof bad_normal[0]; i++)
        assert_int_equal(activ_random_normal(1, 1, 0, 2, bad_normal[i][0], bad_normal[i][1], x), ACTIV_ERROR_RANGE);
    uint64_t end = UINT64_C(1) << 63;
    assert_int_equal(activ_random_normal(1, 1, end, 1, 0.0f, 1.0f, x), ACTIV_ERROR_RANGE);
    assert_int_equal(activ_random_normal(1, 1, end - 1, 2, 0.0f, 1.0f, x), ACTIV_ERROR_RANGE);
    assert_int_equal(activ_random_normal(1, 1, UINT64_MAX, 2, 0.0f, 1.0f, x), ACTIV_ERROR_RANGE);
    assert_int_equal(activ_random_uniform(1, 1, 0, 1, 0.0f, 1.0f, NULL), ACTIV_ERROR_INVALID);
    assert_int_equal(activ_random_normal(1, 1, 0, 1, 0.0f, 1.0f, NULL), ACTIV_ERROR_INVALID);
    assert_int_equal(activ_random_permutation(1, 1, 1, NULL), ACTIV_ERROR_INVALID);
    assert_true(x[0] == 9.0f && x[1] == 9.0f);
    if (SIZE_MAX > UINT32_MAX) {
        uint32_t one = 5;
        assert_int_equal(activ_random_permutation(1, 1, (size_t)UINT32_MAX + 1, &one), ACTIV_ERROR_RANGE);
        assert_int_equal(one, 5);
    }
    assert_int_equal(activ_random_uniform(1, 1, 0, 0, 0.0f, 1.0f, NULL), ACTIV_OK);
    assert_int_equal(activ_random_normal(1, 1, 0, 0, 0.0f, 1.0f, NULL), ACTIV_OK);
    assert_int_equal(activ_random_permutation(1, 1, 0, NULL), ACTIV_OK);
}

/* The last indices: index + n = 2^63 for normal numbers is not below it. */
static void test_last_index(void **state)
{
    (void)state;
    float x[2] = { 9.0f, 9.0f };
    uint64_t end = UINT64_C(1) << 63;
    assert_int_equal(activ_random_normal(1, 1, end - 2, 1, 0.0f, 1.0f, x), ACTIV_OK);
    assert_true(x[0] != 9.0f);
    assert_int_equal(activ_random_normal(1, 1, end - 1, 1, 0.0f, 1.0f, x), ACTIV_ERROR_RANGE);
    assert_int_equal(activ_random_normal(1, 1, end - 2, 2, 0.0f, 1.0f, x), ACTIV_ERROR_RANGE);
    assert_true(x[1] == 9.0f);
}

/* ---- functions in double ----------------------------------------------------------------- */

static void test_log(void **state)
{
    (void)state;
    assert_true(activ_log(1.0) == 0.0);
    for (uint64_t i = 0; i < 400000; i++) {
        double u = activ_random_unit(3, 1, i), x;
        if (i % 3 == 0)
            x = u; /* what random numbers need */
        else if (i % 3 == 1)
            x = 1.0 + (u - 0.5) * 1e-3 * (double)(1 + i % 7); /* where the logarithm vanishes */
        else
            x = ldexp(0.5 + u, (int)(i % 2000) - 1000);
        double expected = log(x);
        double error = fabs(activ_log(x) - expected);
        if (!(error <= 1e-14 * fmax(fabs(expected), 1e-3)))
            fail_msg("activ_log(%.17g) = %.17g instead of %.17g", x, activ_log(x), expected);
    }
    static const double edges[] = {
        0x1p-1022, 0x1.fffffffffffffp1023, 1.4142135623730951, 1.414213562373095, 0.5, 2.0, 0.70710678118654757,
        0x1p-33,   1.0 - 0x1p-33
    };
    for (size_t i = 0; i < sizeof edges / sizeof edges[0]; i++)
        assert_true(fabs(activ_log(edges[i]) - log(edges[i])) <= 1e-14 * fabs(log(edges[i])) + 1e-25);
}

static void test_exp(void **state)
{
    (void)state;
    assert_true(activ_exp(0.0) == 1.0);
    for (uint64_t i = 0; i < 400000; i++) {
        double u = activ_random_unit(3, 4, i) - 0.5, x = i % 3 == 0 ? u : i % 3 == 1 ? 100.0 * u : 1399.0 * u;
        double expected = exp(x);
        if (!(fabs(activ_exp(x) - expected) <= 1e-15 * expected))
            fail_msg("activ_exp(%.17g) = %.17g instead of %.17g", x, activ_exp(x), expected);
    }
    assert_true(activ_exp(-701.0) == 0.0 && activ_exp(-1e300) == 0.0);
    assert_true(fabs(activ_exp(700.0) - exp(700.0)) <= 1e-15 * exp(700.0));
    assert_true(fabs(activ_exp(-700.0) - exp(-700.0)) <= 1e-15 * exp(-700.0));
}

static void test_cos_turn(void **state)
{
    (void)state;
    const long double turn = 6.28318530717958647692528676655900577L;
    for (uint64_t i = 0; i < 400000; i++) {
        double u = i < 200000 ? activ_random_unit(3, 2, i) : ((double)i - 200000.0 + 0.5) / 200000.0;
        double expected = (double)cosl(turn * (long double)u);
        if (!(fabs(activ_cos_turn(u) - expected) <= 1e-14))
            fail_msg("activ_cos_turn(%.17g) = %.17g instead of %.17g", u, activ_cos_turn(u), expected);
    }
    static const double edges[][2] = { { 0.25, 0.0 },
                                       { 0.5, -1.0 },
                                       { 0.75, 0.0 },
                                       { 0x1p-33, 1.0 },
                                       { 1.0 - 0x1p-33, 1.0 },
                                       { 0.125, 0.70710678118654752 },
                                       { 0.375, -0.70710678118654752 },
                                       { 0.625, -0.70710678118654752 },
                                       { 0.875, 0.70710678118654752 } };
    for (size_t i = 0; i < sizeof edges / sizeof edges[0]; i++)
        assert_true(fabs(activ_cos_turn(edges[i][0]) - edges[i][1]) <= 1e-14);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_known_answers), cmocka_unit_test(test_splitting),
        cmocka_unit_test(test_uniform),       cmocka_unit_test(test_uniform_bounds),
        cmocka_unit_test(test_normal),        cmocka_unit_test(test_permutation),
        cmocka_unit_test(test_errors),        cmocka_unit_test(test_last_index),
        cmocka_unit_test(test_log),           cmocka_unit_test(test_exp),
        cmocka_unit_test(test_cos_turn),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
