/* base/fma.c, and what the library calls here: an instruction, the C library or base/fma.c. Both have to agree bit by
 * bit, and their results have the digests that they have on every other system. No test library: it runs wherever
 * test_digests does. */
#include <inttypes.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "base/fma.h"
#include "support/digest.h"

/* What fma.h has the library call stays what it is. */
#ifndef ACTIV_NEEDS_FMA
#    define ACTIV_NEEDS_FMA
#endif
#include "base/fma.c"

static const uint64_t expected_double = UINT64_C(0xecddc580f8c1e84a), expected_float = UINT64_C(0x926f1e8502dff067);

static uint64_t digest_double = 1, digest_float = 2;
static int failures;

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

/* Any NaN is as good as another. */
static int is_same(double got, double want)
{
    return got != got ? want != want : bits_of(got) == bits_of(want);
}

/* Hands back what the library calculates. */
static double check_double(double a, double b, double c)
{
    const double ours = activ_exact_fma(a, b, c), used = activ_fma(a, b, c);
    digest_double = digest_mix(digest_double, used != used ? 0 : bits_of(used));
    if (!is_same(ours, used) && failures++ < 10)
        printf("fma(%a, %a, %a): ours is %a, the library's %a\n", a, b, c, ours, used);
    return used;
}

static double check_float(float a, float b, float c)
{
    const double ours = (double)activ_exact_fmaf(a, b, c), used = (double)activ_fmaf(a, b, c);
    digest_float = digest_mix(digest_float, used != used ? 0 : bits_of(used));
    if (!is_same(ours, used) && failures++ < 10)
        printf("fmaf(%a, %a, %a): ours is %a, the library's %a\n", (double)a, (double)b, (double)c, ours, used);
    return used;
}

/* What C libraries have got wrong, by calculation by hand. */
static void test_known(void)
{
    static const struct {
        float a, b, c, result;
    } floats[] = {
        { 0x1.000002p-75f, 0x1.fffffcp-76f, 0x1.000004p-127f, 0x1.000004p-127f }, /* a subnormal, just below a tie */
        { 0x1.000002p-75f, 0x1p-75f, 0x1p-127f, 0x1.000004p-127f },               /* and just above */
        { 0x1.000002p0f, 0x1.fffffcp-25f, 0x1.000002p0f, 0x1.000002p0f },         /* the same where it is normal */
        { 0x1.000002p0f, 0x1p-24f, 0x1p0f, 0x1.000002p0f },
        { -0x1.000002p0f, 0x1.fffffcp-25f, -0x1.000002p0f, -0x1.000002p0f },
        { 0x1p-75f, -0x1p-75f, 0.0f, -0.0f },
    };
    static const struct {
        double a, b, c, result;
    } doubles[] = {
        { -0x1p-540, 0x1p-540, 0.0, -0.0 }, /* it underflows, as a negative number */
        { 0x1p-540, 0x1p-540, -0.0, 0.0 },
        { 0x1.0000000000001p0, 0x1.ffffffffffffep-54, 0x1.0000000000001p0, 0x1.0000000000001p0 },
        { 0x1.0000000000001p0, 0x1p-53, 0x1p0, 0x1.0000000000001p0 },
        { 0x1p1023, 2.0, -0x1.fffffffffffffp1023, 0x1p971 }, /* only the product would overflow */
    };
    for (size_t i = 0; i < sizeof floats / sizeof floats[0]; i++) {
        const double got = check_float(floats[i].a, floats[i].b, floats[i].c);
        if (!is_same(got, (double)floats[i].result) && ++failures)
            printf("fmaf(%a, %a, %a) is %a, not %a\n", (double)floats[i].a, (double)floats[i].b, (double)floats[i].c,
                   (double)floats[i].result, got);
    }
    for (size_t i = 0; i < sizeof doubles / sizeof doubles[0]; i++) {
        const double got = check_double(doubles[i].a, doubles[i].b, doubles[i].c);
        if (!is_same(got, doubles[i].result) && ++failures)
            printf("fma(%a, %a, %a) is %a, not %a\n", doubles[i].a, doubles[i].b, doubles[i].c, doubles[i].result, got);
    }
}

/* Products that are NaN have a sign of the CPU's choice. */
static void test_random(void)
{
    for (uint64_t i = 0; i < ROUNDS; i++) {
        const double a = some_double(i >> 3 & 1, 1.0), b = some_double(i >> 4 & 3, 1.0);
        check_double(a, b, some_double(i & 7, a * b == a * b ? a * b : 1.0));
        const float p = some_float(i >> 3 & 1, 1.0f), q = some_float(i >> 4 & 3, 1.0f);
        check_float(p, q, some_float(i & 7, p * q == p * q ? p * q : 1.0f));
    }
}

static void test_special(void)
{
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

static void check_digest(const char *name, uint64_t got, uint64_t want)
{
    if (got != want && ++failures)
        printf("%s: the digest of its results is %016" PRIx64 ", not %016" PRIx64 "\n", name, got, want);
}

int main(void)
{
    test_known();
    test_special();
    test_random();
    check_digest("fma", digest_double, expected_double);
    check_digest("fmaf", digest_float, expected_float);
    return failures > 0;
}
