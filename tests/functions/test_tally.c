/* The counting of `activ accuracy` (src/tally.c) against the counting of the tests (support/ulp.c). */
#include <float.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "support/ulp.h"
#include "tally.h"

enum { N = 1000 };

static float x[N], got[N];
static ref_values want;

/* xorshift: any bits will do, the same in each run. */
static uint32_t some_bits(void)
{
    static uint32_t state = 2463534242u;
    state ^= state << 13;
    state ^= state >> 17;
    state ^= state << 5;
    return state;
}

static float some_number(void)
{
    float value;
    do
        value = float_from_bits(some_bits());
    while (!isfinite(value));
    return value;
}

/* References of all sizes, and results some ulp off; f' cancels or does not. */
static void fill(int cancels)
{
    for (int i = 0; i < N; i++) {
        x[i] = some_number();
        float value = some_number();
        if (fabsf(value) > 0x1p126f)
            value *= 0.5f;
        want.f[i] = want.d[i] = (double)value * (1.0 + (double)(some_bits() % 1024) * 0x1p-34);
        want.addends[i] = cancels ? fabs(want.d[i]) * (1.0 + (double)(some_bits() % 4096) / 1024.0) : 0.0;
        want.f_unit[i] = 0x1p-30;
        want.d_unit[i] = 0x1p-20;
        got[i] = (float)want.f[i];
        for (uint32_t steps = some_bits() % 4; steps > 0; steps--)
            got[i] = nextafterf(got[i], INFINITY);
    }
}

static double expected_error(int direction, int i)
{
    if (direction == TALLY_DERIVATIVE && fabs(want.d[i]) < want.addends[i] / 2.0)
        return ulp_error_scaled(got[i], want.d[i], want.addends[i]);
    return ulp_error(got[i], want.f[i]);
}

/* Lengths that are and are not multiples of the lanes. */
static void test_same_count(void **state)
{
    (void)state;
    for (int round = 0; round < 200; round++) {
        const ref_entry entry = { .name = "test" };
        int cancels = round % 2;
        int direction = round / 2 % 2;
        size_t n = round % 3 == 0 ? N : N - (size_t)round;
        fill(cancels);
        double worst = 0.0;
        int at = 0;
        uint64_t rounded = 0;
        for (size_t i = 0; i < n; i++) {
            double error = expected_error(direction, (int)i);
            rounded += got[i] == (float)want.f[i];
            if (error > worst) {
                worst = error;
                at = (int)i;
            }
        }
        tally t = { 0 };
        tally_block(&t, direction, &entry, &want, n, x, got);
        assert_int_equal(t.count, n);
        assert_int_equal(t.rounded, rounded);
        assert_true(t.worst == worst);
        assert_true(expected_error(direction, at) == worst && worst > 1.0);
        assert_int_equal(t.broken, 0);
        assert_true(tally_holds(&t, worst));
        assert_false(tally_holds(&t, worst * 0.999));
    }
}

/* The largest error's input: of several, the smallest in magnitude, in whatever order the parts are merged. */
static void test_where(void **state)
{
    (void)state;
    const ref_entry entry = { .name = "test" };
    for (int i = 0; i < 16; i++) {
        x[i] = (float)(8 - i);
        want.f[i] = want.d[i] = 1.0;
        got[i] = i == 2 || i == 5 || i == 11 ? 1.0f + FLT_EPSILON : 1.0f;
    }
    tally whole = { 0 }, first = { 0 }, second = { 0 };
    tally_block(&whole, TALLY_FORWARD, &entry, &want, 16, x, got);
    assert_true(whole.worst == 1.0 && whole.worst_x == -3.0f && whole.worst_got == got[2] && whole.worst_want == 1.0);
    assert_int_equal(whole.rounded, 13);
    tally_block(&first, TALLY_FORWARD, &entry, &want, 8, x, got);
    assert_true(first.worst == 1.0 && first.worst_x == 3.0f);
    tally_block(&second, TALLY_FORWARD, &entry, &want, 8, x, got);
    tally_merge(&second, &whole);
    tally_merge(&whole, &first);
    assert_true(whole.worst_x == -3.0f && second.worst_x == -3.0f);
    assert_int_equal(whole.count, 24);
    assert_int_equal(second.rounded, 19);
}

/* NaN and infinity, expected or not, in a block of good results. */
static void test_not_finite(void **state)
{
    (void)state;
    const ref_entry entry = { .name = "test" };
    const struct {
        float x;
        double want;
        float got;
        int broken, wrong; /* expected; wrong: counts as special */
    } cases[] = {
        { 1.0f, 2.0, NAN, 1, 0 },
        { 1.0f, 2.0, INFINITY, 1, 0 },
        { 1.0f, 1e39, INFINITY, 0, 0 },
        { 1.0f, 1e39, -INFINITY, 1, 0 },
        { 1.0f, 1e39, FLT_MAX, 1, 0 },
        { 1.0f, -1e39, NAN, 1, 0 },
        { 1.0f, 3.40282356e38, FLT_MAX, 0, 0 },  /* just rounds to the largest number */
        { 1.0f, 3.40282357e38, INFINITY, 0, 0 }, /* just does not */
        { INFINITY, INFINITY, INFINITY, 0, 0 },
        { INFINITY, INFINITY, FLT_MAX, 0, 1 },
        { -INFINITY, 0.0, -0.0f, 0, 0 },
        { -INFINITY, 0.0, NAN, 0, 1 },
        { -INFINITY, 0.0, 1e-45f, 0, 1 },
        { NAN, NAN, NAN, 0, 0 },
        { NAN, NAN, 0.0f, 0, 1 },
        { INFINITY, NAN, 1.0f, 0, 1 },
    };
    for (size_t k = 0; k < sizeof cases / sizeof cases[0]; k++)
        for (size_t n = 16; n <= 19; n += 3) {
            for (size_t i = 0; i < n; i++) {
                x[i] = 3.0f;
                want.f[i] = want.d[i] = 1.0;
                got[i] = 1.0f;
            }
            x[9] = cases[k].x;
            want.f[9] = want.d[9] = cases[k].want;
            got[9] = cases[k].got;
            tally t = { 0 };
            tally_block(&t, (int)(k % 2), &entry, &want, n, x, got);
            uint64_t wrong = t.special_wrong[0] + t.special_wrong[1] + t.special_wrong[2];
            assert_int_equal(t.broken, cases[k].broken);
            assert_int_equal(wrong, cases[k].wrong);
            assert_int_equal(t.special[0] + t.special[1] + t.special[2], isfinite(cases[k].x) ? 0 : 1);
            assert_int_equal(t.count, isfinite(cases[k].x) ? n : n - 1);
            assert_int_equal(tally_holds(&t, 1.0), cases[k].broken + cases[k].wrong == 0);
            tally sum = { 0 };
            tally_merge(&sum, &t);
            assert_int_equal(tally_holds(&sum, 1.0), tally_holds(&t, 1.0));
            assert_int_equal(sum.broken, t.broken);
        }
}

/* Of a formula: what its reference does not know is not judged, what cancels is counted beside. */
static void test_formula(void **state)
{
    (void)state;
    const ref_entry entry = { .name = "formula", .series = 1, .is_formula = 1 };
    for (size_t i = 0; i < 6; i++) {
        x[i] = (float)(i + 1);
        want.f[i] = 1.0;
        want.f_unit[i] = 0x1p-23;
        want.f_error[i] = 0x1p-40;
        got[i] = 1.0f;
    }
    got[1] = 1.0f + 2.0f * FLT_EPSILON;
    got[2] = 2.0f; /* not judged: the reference may be as wrong */
    want.f_error[2] = 0x1p-28;
    want.f[3] = 0x1p-10; /* of terms of about 1: three ulp of these, of its own 2^10 as many */
    got[3] = 0x1p-10f + 0x1.8p-22f;
    want.f[4] = 0.0; /* cancels entirely, and double does not know its own size */
    want.f_error[4] = 0x1p-50;
    got[4] = 0x1p-24f;
    x[5] = INFINITY; /* not judged either */
    got[5] = 0.0f;
    tally t = { 0 }, sum = { 0 };
    tally_block(&t, TALLY_FORWARD, &entry, &want, 6, x, got);
    for (int round = 0; round < 2; round++) {
        const tally *now = round ? &sum : &t;
        assert_int_equal(now->count, 4);
        assert_int_equal(now->open, 1);
        assert_true(now->open_x == 3.0f);
        assert_int_equal(now->cancels, 2);
        assert_true(now->worst == 3.0 && now->worst_x == 4.0f);
        assert_int_equal(now->rounded, 1);
        assert_true(now->special_wrong[TALLY_INFINITY] == 0);
        assert_true(now->cancels_worst >= 3.0 * 1024.0);
        tally_merge(&sum, &t);
    }
    x[0] = NAN; /* but that NaN stays NaN is */
    want.f[0] = NAN;
    tally_block(&t, TALLY_FORWARD, &entry, &want, 1, x, got);
    assert_int_equal(t.special_wrong[TALLY_NAN], 1);
}

/* A series counts in its own units. */
static void test_series(void **state)
{
    (void)state;
    const ref_entry entry = { .name = "test", .series = 1 };
    for (int i = 0; i < 8; i++) {
        x[i] = 1.0f;
        want.f[i] = want.d[i] = 1.0;
        want.f_unit[i] = 0x1p-22;
        want.d_unit[i] = 0x1p-21;
        got[i] = i == 3 ? 1.0f + 0x1p-21f : 1.0f;
    }
    tally f = { 0 }, d = { 0 };
    tally_block(&f, TALLY_FORWARD, &entry, &want, 8, x, got);
    tally_block(&d, TALLY_DERIVATIVE, &entry, &want, 8, x, got);
    assert_true(f.worst == 2.0 && d.worst == 1.0);
    assert_int_equal(f.rounded, 7);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_same_count), cmocka_unit_test(test_where),  cmocka_unit_test(test_not_finite),
        cmocka_unit_test(test_formula),    cmocka_unit_test(test_series),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
