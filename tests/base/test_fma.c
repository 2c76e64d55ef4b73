/* base/fma.c, which only some systems need, against this system's fma and fmaf. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/fma.c"

enum { ROUNDS = 2000000 };

static uint64_t random_state = 1;

static uint64_t random_bits(void)
{
    random_state = random_state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    const uint64_t x = random_state ^ random_state >> 31;
    return x * UINT64_C(0x9e3779b97f4a7c15) ^ x >> 27;
}

/* Of any size, or of a few trailing zeros, or near `about` in its exponent, where sums cancel and ties occur. */
static double some_double(uint64_t kind, double about)
{
    uint64_t bits = random_bits();
    if (kind & 1)
        bits &= ~UINT64_C(0) << (random_bits() % 53);
    if (kind & 2) {
        const uint64_t exponent = (bits_of(about) >> 52 & 0x7ff) + random_bits() % 121 - 60;
        bits = (bits & UINT64_C(0x800fffffffffffff)) | (exponent & 0x7ff) << 52;
    }
    if (kind & 4)
        bits = (bits_of(about) ^ UINT64_C(1) << 63) + random_bits() % 5 - 2; /* nearly cancels */
    return double_of(bits);
}

static float some_float(uint64_t kind, float about)
{
    uint32_t bits = (uint32_t)random_bits(), old;
    float x;
    memcpy(&old, &about, sizeof old);
    if (kind & 1)
        bits &= ~UINT32_C(0) << (random_bits() % 24);
    if (kind & 2)
        bits = (bits & 0x807fffffu) | (((old >> 23 & 0xff) + (uint32_t)(random_bits() % 61) - 30) & 0xff) << 23;
    if (kind & 4)
        bits = (old ^ 0x80000000u) + (uint32_t)(random_bits() % 5) - 2;
    memcpy(&x, &bits, sizeof x);
    return x;
}

static void check_double(double a, double b, double c)
{
    const double got = activ_exact_fma(a, b, c), want = fma(a, b, c);
    if (isnan(want) ? !isnan(got) : memcmp(&got, &want, sizeof got) != 0)
        fail_msg("fma(%a, %a, %a): %a, not %a", a, b, c, got, want);
}

static void check_float(float a, float b, float c)
{
    const float got = activ_exact_fmaf(a, b, c), want = fmaf(a, b, c);
    if (isnan(want) ? !isnan(got) : memcmp(&got, &want, sizeof got) != 0)
        fail_msg("fmaf(%a, %a, %a): %a, not %a", (double)a, (double)b, (double)c, (double)got, (double)want);
}

static void test_random(void **state)
{
    (void)state;
    for (uint64_t i = 0; i < ROUNDS; i++) {
        const double a = some_double(i >> 3 & 1, 1.0), b = some_double(i >> 4 & 3, 1.0);
        check_double(a, b, some_double(i & 7, a * b));
        const float p = some_float(i >> 3 & 1, 1.0f), q = some_float(i >> 4 & 3, 1.0f);
        check_float(p, q, some_float(i & 7, p * q));
    }
}

static void test_special(void **state)
{
    (void)state;
    static const double values[] = { 0.0,
                                     1.0,
                                     1.0 + 0x1p-52,
                                     0x1p-1074,
                                     0x1p-1073,
                                     0x1p-1022,
                                     0x1p-538,
                                     0x1p-537,
                                     0x1p-149,
                                     0x1p-126,
                                     0x1p-75,
                                     0x1.fffffep127,
                                     0x1p1023,
                                     0x1p512,
                                     0x1p-512,
                                     3.0,
                                     INFINITY,
                                     (double)NAN,
                                     0x1.8p-538,
                                     0x1.fffffffffffffp1023,
                                     0x1.fffffffffffffp-1023 };
    enum { COUNT = sizeof values / sizeof values[0] };
    for (int i = 0; i < COUNT; i++)
        for (int j = 0; j < COUNT; j++)
            for (int k = 0; k < COUNT; k++)
                for (int signs = 0; signs < 8; signs++) {
                    const double a = signs & 1 ? -values[i] : values[i], b = signs & 2 ? -values[j] : values[j],
                                 c = signs & 4 ? -values[k] : values[k];
                    check_double(a, b, c);
                    check_float((float)a, (float)b, (float)c);
                }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_random),
        cmocka_unit_test(test_special),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
