/* activ_convert, the kernels under it on every tier, and the inline conversions of lib/base/dtype.h, against a table of
 * all numbers of 16 bits, made by ldexp: the nearest is found by search, and no bit of it by what is tested. */
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

#include "activ/cpu.h"
#include "activ/dtype.h"
#include "activ/random.h"
#include "base/dtype.h"
#include "cpu/cpu.h"
#include "kernels/kernels.h"
#include "support/guard.h"
#include "support/tiers.h"

/* ---- the reference ----------------------------------------------------------------------------- */

enum { HALVES = 65536 };

/* A type of 16 bits. */
typedef struct format {
    activ_dtype dtype;
    int fraction, bias; /* digits, and what is added to the exponent */
    uint16_t infinity, sign;
    double size[HALVES / 2]; /* of the finite numbers in order; size[infinity] is what would follow */
} format;

static format formats[2] = { { ACTIV_FLOAT16, 10, 15, 0x7c00, 0x8000, { 0 } },
                             { ACTIV_BFLOAT16, 7, 127, 0x7f80, 0x8000, { 0 } } };

static int make_formats(void **state)
{
    (void)state;
    for (int i = 0; i < 2; i++) {
        format *f = &formats[i];
        const int one = 1 << f->fraction;
        for (int h = 0; h <= f->infinity; h++) {
            const int exponent = h >> f->fraction, digits = h & (one - 1);
            f->size[h] = exponent ? ldexp(one + digits, exponent - f->bias - f->fraction)
                                  : ldexp(digits, 1 - f->bias - f->fraction);
        }
    }
    return 0;
}

/* NaN for NaN. */
static double value_of(const format *f, uint16_t h)
{
    const uint16_t size = h & 0x7fff;
    const double value = size < f->infinity ? f->size[size] : size == f->infinity ? INFINITY : (double)NAN;
    return h & f->sign ? -value : value;
}

static int is_nan(const format *f, uint16_t h)
{
    return (h & 0x7fff) > f->infinity;
}

/* The nearest to a number, ties to even; 0x7fff for NaN. */
static uint16_t nearest(const format *f, double x)
{
    if (x != x)
        return 0x7fff;
    const double size = fabs(x);
    const uint16_t sign = signbit(x) ? f->sign : 0;
    if (size >= f->size[f->infinity])
        return sign | f->infinity;
    int below = 0, above = f->infinity; /* size[below] <= size < size[above] */
    while (above - below > 1) {
        const int middle = (below + above) / 2;
        if (f->size[middle] <= size)
            below = middle;
        else
            above = middle;
    }
    const double boundary = (f->size[below] + f->size[above]) / 2; /* exact */
    const int up = size > boundary || (size == boundary && (below & 1));
    return (uint16_t)(sign | (up ? above : below));
}

/* A NaN for a NaN, which is a quiet one; else the same bits. */
static int same_half(const format *f, uint16_t a, uint16_t expected)
{
    return is_nan(f, expected) ? is_nan(f, a) && (a & (1 << (f->fraction - 1))) : a == expected;
}

static int same_float(float a, double expected)
{
    return expected != expected ? a != a : (double)a == expected && !signbit(a) == !signbit(expected);
}

/* Is that the float32 nearest to x, ties to even? */
static int is_nearest(float a, double x)
{
    if (x != x || a != a || !signbit(a) != !signbit(x))
        return x != x && a != a;
    if (isinf(a))
        return fabs(x) >= 0x1.ffffffp127;
    uint32_t bits;
    memcpy(&bits, &a, sizeof bits);
    const double down = fabs((double)a - (double)nextafterf(a, 0.0f)) / 2, from = fabs(x) - fabs((double)a);
    const double up =
        (bits & 0x7fffffff) == 0x7f7fffff ? 0x1p103 : ((double)nextafterf(fabsf(a), INFINITY) - fabs((double)a)) / 2;
    return (from > -down && from < up) || (!(bits & 1) && (from == -down || from == up));
}

/* ---- numbers to round -------------------------------------------------------------------------- */

typedef struct numbers {
    size_t count, capacity;
    double *values;
} numbers;

static void add(numbers *n, double value)
{
    if (n->count + 2 > n->capacity) {
        n->capacity = n->capacity ? 2 * n->capacity : 1 << 16;
        n->values = realloc(n->values, n->capacity * sizeof *n->values);
        assert_non_null(n->values);
    }
    n->values[n->count++] = value;
    n->values[n->count++] = -value;
}

/* With its neighbours in float32, where it is one, and in float64, and some further away. */
static void add_around(numbers *n, double value, int in_floats)
{
    add(n, value);
    if (in_floats) {
        const float middle = (float)value;
        add(n, (double)nextafterf(middle, INFINITY));
        add(n, (double)nextafterf(nextafterf(middle, INFINITY), INFINITY));
        add(n, (double)nextafterf(middle, 0.0f));
        add(n, (double)nextafterf(nextafterf(middle, 0.0f), 0.0f));
    } else {
        add(n, nextafter(value, INFINITY));
        add(n, nextafter(value, 0.0));
        /* Nearer than half of a float32's last digit: rounded to it first, they would be the boundary itself. */
        add(n, value * (1 + 0x1p-26));
        add(n, value * (1 - 0x1p-26));
    }
}

/* Around all numbers of the format, and all boundaries between them; and any numbers. */
static numbers numbers_of(const format *f, int in_floats)
{
    numbers n = { 0 };
    for (int h = 0; h < f->infinity; h++) {
        add_around(&n, f->size[h], in_floats);
        add_around(&n, (f->size[h] + f->size[h + 1]) / 2, in_floats);
    }
    add_around(&n, in_floats ? (double)FLT_MAX : f->size[f->infinity], in_floats);
    add_around(&n, (double)FLT_MAX, in_floats);
    add_around(&n, 0x1p-149, in_floats);
    add(&n, INFINITY);
    for (uint64_t i = 0; i < 50000; i++) {
        const uint32_t low = activ_random_bits(1, 1, 2 * i), high = activ_random_bits(1, 1, 2 * i + 1);
        if (in_floats) {
            add(&n, (double)activ_float_of_bits(low));
        } else {
            /* Exponents of all, and of those that float32 has. */
            const uint64_t exponent = i % 2 ? high >> 21 : 1023 - 160 + (high >> 21) % 320;
            const uint64_t bits = exponent << 52 | (uint64_t)(high & 0xfffff) << 32 | low;
            double x;
            memcpy(&x, &bits, sizeof x);
            add(&n, x);
        }
    }
    return n;
}

/* ---- every tier -------------------------------------------------------------------------------- */

static const activ_kernels *tables[ACTIV_TIER_COUNT];
static size_t tiers;

static int begin(void **state)
{
    for (size_t i = 0; activ_tier_at(i); i++)
        for (int t = 0; t < ACTIV_TIER_COUNT; t++)
            if (strcmp(activ_tier_name(t), activ_tier_at(i)) == 0)
                tables[tiers++] = activ_kernels_of(t);
    return make_formats(state) == 0 && tiers_are_all(tiers) ? 0 : -1;
}

static float inline_widen(const format *f, uint16_t h)
{
    return f->dtype == ACTIV_FLOAT16 ? activ_float_of_float16(h) : activ_float_of_bfloat16(h);
}

static uint16_t inline_narrow(const format *f, float x)
{
    return f->dtype == ACTIV_FLOAT16 ? activ_float16_of_float(x) : activ_bfloat16_of_float(x);
}

static uint16_t halves[HALVES], back[HALVES];
static float floats[HALVES];
static double doubles[HALVES];

/* All numbers of 16 bits, to the other types and back. */
static void test_all(void **state)
{
    (void)state;
    for (int h = 0; h < HALVES; h++)
        halves[h] = (uint16_t)h;
    for (int i = 0; i < 2; i++) {
        const format *f = &formats[i], *other = &formats[1 - i];
        for (size_t t = 0; t < tiers; t++) {
            tables[t]->widen(f->dtype, HALVES, halves, floats);
            for (int h = 0; h < HALVES; h++)
                if (!same_float(floats[h], value_of(f, halves[h])))
                    fail_msg("tier %zu, type %d: %#x is %a", t, (int)f->dtype, h, (double)floats[h]);
            tables[t]->narrow(f->dtype, 0, HALVES, floats, back);
            for (int h = 0; h < HALVES; h++)
                if (!same_half(f, back[h], halves[h]))
                    fail_msg("tier %zu, type %d: %#x comes back as %#x", t, (int)f->dtype, h, back[h]);
        }
        assert_int_equal(activ_convert(HALVES, f->dtype, halves, ACTIV_FLOAT32, floats), ACTIV_OK);
        assert_int_equal(activ_convert(HALVES, f->dtype, halves, ACTIV_FLOAT64, doubles), ACTIV_OK);
        for (int h = 0; h < HALVES; h++) {
            const double value = value_of(f, halves[h]);
            if (!same_float(floats[h], value) || !same_float(inline_widen(f, halves[h]), value))
                fail_msg("type %d: %#x is %a, inline %a", (int)f->dtype, h, (double)floats[h],
                         (double)inline_widen(f, halves[h]));
            if (value == value ? memcmp(&doubles[h], &value, sizeof value) != 0 : doubles[h] == doubles[h])
                fail_msg("type %d: %#x is %a in float64", (int)f->dtype, h, doubles[h]);
            if (!same_half(f, inline_narrow(f, floats[h]), halves[h]))
                fail_msg("type %d: %#x comes back as %#x", (int)f->dtype, h, inline_narrow(f, floats[h]));
        }
        assert_int_equal(activ_convert(HALVES, ACTIV_FLOAT32, floats, f->dtype, back), ACTIV_OK);
        for (int h = 0; h < HALVES; h++)
            assert_true(same_half(f, back[h], halves[h]));
        assert_int_equal(activ_convert(HALVES, ACTIV_FLOAT64, doubles, f->dtype, back), ACTIV_OK);
        for (int h = 0; h < HALVES; h++)
            assert_true(same_half(f, back[h], halves[h]));
        /* To the other of them: rounded, or beyond its largest. Then in place. */
        assert_int_equal(activ_convert(HALVES, f->dtype, halves, other->dtype, back), ACTIV_OK);
        for (int h = 0; h < HALVES; h++)
            if (!same_half(other, back[h], nearest(other, value_of(f, halves[h]))))
                fail_msg("type %d: %#x is %#x in type %d", (int)f->dtype, h, back[h], (int)other->dtype);
        static uint16_t place[HALVES];
        memcpy(place, halves, sizeof place);
        assert_int_equal(activ_convert(HALVES, f->dtype, place, other->dtype, place), ACTIV_OK);
        assert_memory_equal(place, back, sizeof place);
        /* To itself: the same bits, of NaN too. */
        memset(back, 0, sizeof back);
        assert_int_equal(activ_convert(HALVES, f->dtype, halves, f->dtype, back), ACTIV_OK);
        assert_memory_equal(back, halves, sizeof back);
    }
}

/* float32 around every boundary: each tier, by ordinary and by non-temporal stores. */
static void test_from_float32(void **state)
{
    (void)state;
    for (int i = 0; i < 4; i++) {
        const format *f = &formats[i % 2];
        numbers n = numbers_of(&formats[i / 2], 1);
        float *x = malloc(n.count * sizeof *x);
        uint16_t *expected = malloc(n.count * sizeof *expected), *y = NULL;
        /* In groups, as a kernel may. */
        const size_t bytes = (n.count * sizeof *y + 127) / 64 * 64;
        y = aligned_alloc(64, bytes);
        assert_true(x && expected && y);
        for (size_t k = 0; k < n.count; k++) {
            x[k] = (float)n.values[k];
            expected[k] = nearest(f, (double)x[k]);
            if (!same_half(f, inline_narrow(f, x[k]), expected[k]))
                fail_msg("type %d: %a is %#x, not %#x", (int)f->dtype, (double)x[k], inline_narrow(f, x[k]),
                         expected[k]);
        }
        for (size_t t = 0; t <= 2 * tiers; t++) {
            memset(y, 0x55, bytes);
            if (t < 2 * tiers)
                tables[t / 2]->narrow(f->dtype, t % 2, n.count, x, y);
            else
                assert_int_equal(activ_convert(n.count, ACTIV_FLOAT32, x, f->dtype, y), ACTIV_OK);
            for (size_t k = 0; k < n.count; k++)
                if (!same_half(f, y[k], expected[k]))
                    fail_msg("tier %zu, type %d: %a is %#x, not %#x", t / 2, (int)f->dtype, (double)x[k], y[k],
                             expected[k]);
            for (size_t k = 2 * n.count; k < bytes; k++)
                assert_int_equal(((unsigned char *)y)[k], 0x55);
        }
        free(x);
        free(expected);
        free(y);
        free(n.values);
    }
}

/* float64: rounded once, as if there were no float32 between. */
static void test_from_float64(void **state)
{
    (void)state;
    for (int i = 0; i < 4; i++) {
        const format *f = &formats[i % 2];
        numbers n = numbers_of(&formats[i / 2], 0);
        uint16_t *y = malloc(n.count * sizeof *y);
        assert_non_null(y);
        assert_int_equal(activ_convert(n.count, ACTIV_FLOAT64, n.values, f->dtype, y), ACTIV_OK);
        size_t twice = 0;
        for (size_t k = 0; k < n.count; k++) {
            const uint16_t expected = nearest(f, n.values[k]);
            if (!same_half(f, y[k], expected))
                fail_msg("type %d: %a is %#x, not %#x", (int)f->dtype, n.values[k], y[k], expected);
            twice += !same_half(f, nearest(f, (double)(float)n.values[k]), expected);
        }
        /* The numbers are such that rounding twice would be seen. */
        if (i == 0 || i == 3)
            assert_true(twice > 20000);
        float *z = malloc(n.count * sizeof *z);
        assert_non_null(z);
        assert_int_equal(activ_convert(n.count, ACTIV_FLOAT64, n.values, ACTIV_FLOAT32, z), ACTIV_OK);
        for (size_t k = 0; k < n.count; k++)
            if (!is_nearest(z[k], n.values[k]))
                fail_msg("%a is %a in float32", n.values[k], (double)z[k]);
        free(y);
        free(z);
        free(n.values);
    }
}

/* ---- arrays ------------------------------------------------------------------------------------ */

static const activ_dtype reals[] = { ACTIV_FLOAT16, ACTIV_BFLOAT16, ACTIV_FLOAT32, ACTIV_FLOAT64 };
enum { REALS = 4 };

static void put(activ_dtype dtype, void *array, size_t i, double value)
{
    if (dtype == ACTIV_FLOAT64)
        ((double *)array)[i] = value;
    else if (dtype == ACTIV_FLOAT32)
        ((float *)array)[i] = (float)value;
    else
        ((uint16_t *)array)[i] = nearest(&formats[dtype == ACTIV_BFLOAT16], value);
}

static double get(activ_dtype dtype, const void *array, size_t i)
{
    if (dtype == ACTIV_FLOAT64)
        return ((const double *)array)[i];
    if (dtype == ACTIV_FLOAT32)
        return (double)((const float *)array)[i];
    return value_of(&formats[dtype == ACTIV_BFLOAT16], ((const uint16_t *)array)[i]);
}

/* All lengths, at both ends of accessible memory; nothing else is read, and nothing else written. */
static void test_lengths(void **state)
{
    (void)state;
    enum { MOST = 1100 };
    guarded x, y;
    assert_int_equal(guarded_create(&x, 2 * MOST), 0);
    assert_int_equal(guarded_create(&y, 2 * MOST), 0);
    for (size_t pair = 0; pair < REALS * REALS; pair++)
        for (size_t n = 0; n <= MOST; n += n < 70 || (n % 256 > 253 || n % 256 < 2) ? 1 : 53)
            for (int at_end = 0; at_end < 2; at_end++) {
                const activ_dtype from = reals[pair / REALS], to = reals[pair % REALS];
                const size_t from_size = activ_dtype_size(from), bytes = n * activ_dtype_size(to);
                char *source = at_end ? (char *)x.end - n * from_size : (char *)x.begin;
                char *target = at_end ? (char *)y.end - bytes : (char *)y.begin;
                for (size_t i = 0; i < n; i++)
                    put(from, source, i, (double)(i % 251) - 125.0); /* which all of them hold */
                memset(y.begin, 0x5a, (size_t)((char *)y.end - (char *)y.begin));
                assert_int_equal(activ_convert(n, from, source, to, target), ACTIV_OK);
                for (size_t i = 0; i < n; i++)
                    assert_true(get(to, target, i) == (double)(i % 251) - 125.0);
                for (const char *c = (char *)y.begin; c < (char *)y.end; c++)
                    if ((c < target || c >= target + bytes) && *c != 0x5a)
                        fail_msg("%zu elements of type %d to %d: writes elsewhere", n, (int)from, (int)to);
            }
    guarded_destroy(&x);
    guarded_destroy(&y);
}

/* Whatever mode the host's thread rounds in: the same bits, and the mode stays. */
static void test_modes(void **state)
{
    (void)state;
    static const int modes[] = { FE_TONEAREST, FE_UPWARD, FE_DOWNWARD, FE_TOWARDZERO };
    for (int i = 0; i < 2; i++) {
        const format *f = &formats[i];
        numbers n = numbers_of(f, 0);
        const size_t count = n.count < 100000 ? n.count : 100000;
        uint16_t *y = malloc(count * sizeof *y);
        float *z = malloc(count * sizeof *z);
        assert_true(y && z);
        for (size_t m = 0; m < 4; m++) {
            assert_int_equal(fesetround(modes[m]), 0);
            const activ_status once = activ_convert(count, ACTIV_FLOAT64, n.values, f->dtype, y);
            const activ_status single = activ_convert(count, ACTIV_FLOAT64, n.values, ACTIV_FLOAT32, z);
            const int after = fegetround();
            fesetround(FE_TONEAREST);
            assert_int_equal(once, ACTIV_OK);
            assert_int_equal(single, ACTIV_OK);
            assert_int_equal(after, modes[m]);
            for (size_t k = 0; k < count; k++)
                assert_true(same_half(f, y[k], nearest(f, n.values[k])) && is_nearest(z[k], n.values[k]));
            assert_int_equal(fesetround(modes[m]), 0);
            const activ_status narrowed = activ_convert(count, ACTIV_FLOAT32, z, f->dtype, y);
            fesetround(FE_TONEAREST);
            assert_int_equal(narrowed, ACTIV_OK);
            for (size_t k = 0; k < count; k++)
                assert_true(same_half(f, y[k], nearest(f, (double)z[k])));
        }
        free(y);
        free(z);
        free(n.values);
    }
}

/* ---- what is refused --------------------------------------------------------------------------- */

static void test_refused(void **state)
{
    (void)state;
    double x[8] = { 1, 2, 3, 4, 5, 6, 7, 8 }, y[8], before[8];
    memset(y, 0x77, sizeof y);
    memcpy(before, y, sizeof y);
    static const activ_dtype others[] = { 0, -1, ACTIV_INT32, ACTIV_INT64, ACTIV_UINT8, 8, INT32_MAX, INT32_MIN };
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++)
        for (size_t n = 0; n < 2; n++) {
            assert_int_equal(activ_convert(n, others[i], x, ACTIV_FLOAT32, y), ACTIV_ERROR_UNSUPPORTED);
            assert_int_equal(activ_convert(n, ACTIV_FLOAT16, x, others[i], y), ACTIV_ERROR_UNSUPPORTED);
            assert_int_equal(activ_convert(n, others[i], x, others[i], y), ACTIV_ERROR_UNSUPPORTED);
        }
    for (size_t pair = 0; pair < REALS * REALS; pair++) {
        const activ_dtype from = reals[pair / REALS], to = reals[pair % REALS];
        const size_t from_size = activ_dtype_size(from), to_size = activ_dtype_size(to);
        const size_t larger = from_size > to_size ? from_size : to_size;
        assert_int_equal(activ_convert(0, from, NULL, to, NULL), ACTIV_OK);
        assert_int_equal(activ_convert(1, from, NULL, to, y), ACTIV_ERROR_INVALID);
        assert_int_equal(activ_convert(1, from, x, to, NULL), ACTIV_ERROR_INVALID);
        assert_int_equal(activ_convert(SIZE_MAX / larger + 1, from, x, to, y), ACTIV_ERROR_RANGE);
        assert_int_equal(activ_convert(SIZE_MAX, from, x, to, y), ACTIV_ERROR_RANGE);
        for (size_t shift = 1; shift < 8; shift++) {
            if (shift % from_size != 0)
                assert_int_equal(activ_convert(1, from, (char *)x + shift, to, y), ACTIV_ERROR_INVALID);
            if (shift % to_size != 0)
                assert_int_equal(activ_convert(1, from, x, to, (char *)y + shift), ACTIV_ERROR_INVALID);
        }
        /* Half over each other; one inside of the other; on each other, of two sizes. */
        char *last = (char *)x + 2 * from_size;
        if ((uintptr_t)last % to_size == 0)
            assert_int_equal(activ_convert(3, from, x, to, last), ACTIV_ERROR_INVALID);
        if (from_size != to_size)
            assert_int_equal(activ_convert(1, from, x, to, x), ACTIV_ERROR_INVALID);
        assert_int_equal(activ_convert(2, from, x, to, (char *)x + 2 * larger), ACTIV_OK); /* side by side */
        for (int i = 0; i < 8; i++)
            x[i] = i + 1;
    }
    assert_memory_equal(y, before, sizeof y);
    for (int i = 0; i < 8; i++)
        assert_true(x[i] == i + 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_all),     cmocka_unit_test(test_from_float32), cmocka_unit_test(test_from_float64),
        cmocka_unit_test(test_lengths), cmocka_unit_test(test_modes),        cmocka_unit_test(test_refused),
    };
    return cmocka_run_group_tests(tests, begin, NULL);
}
