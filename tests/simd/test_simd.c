/* The vocabulary of every tier that this machine runs against its definition in plain C, bit by bit, on all pairs of
 * special values and on random bits. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "activ/cpu.h"
#include "activ/random.h"
#include "activ_tiers.h"
#include "simd/vocabulary.h"
#include "support/guard.h"
#include "support/tiers.h"
#include "support/ulp.h"

enum { N = VOCABULARY_N };

#define DECLARE(tier) extern const vocabulary test_vocabulary_##tier;
ACTIV_TIERS(DECLARE)
#define ADDRESS(tier) &test_vocabulary_##tier,
static const vocabulary *const compiled[] = { ACTIV_TIERS(ADDRESS) };
static const vocabulary *tiers[sizeof compiled / sizeof compiled[0]];
static size_t tiers_found;

static int find_tiers(void **state)
{
    (void)state;
    for (size_t i = 0; activ_tier_at(i); i++)
        for (size_t j = 0; j < sizeof compiled / sizeof compiled[0]; j++)
            if (strcmp(compiled[j]->tier, activ_tier_at(i)) == 0)
                tiers[tiers_found++] = compiled[j];
    return tiers_are_all(tiers_found) ? 0 : -1;
}

/* ---- definitions ------------------------------------------------------------------------- */

static uint32_t negate_bits(float a)
{
    return float_bits(a) ^ 0x80000000u;
}

static float define_one(const char *name, float a)
{
    if (strcmp(name, "v_sqrt") == 0)
        return sqrtf(a);
    if (strcmp(name, "v_neg") == 0)
        return float_from_bits(negate_bits(a));
    if (strcmp(name, "v_abs") == 0)
        return float_from_bits(float_bits(a) & 0x7fffffffu);
    if (strcmp(name, "copy_bits") == 0)
        return a;
    fail_msg("no definition of %s", name);
    return 0.0f;
}

static float define_two(const char *name, float a, float b)
{
    if (strcmp(name, "v_add") == 0)
        return a + b;
    if (strcmp(name, "v_sub") == 0)
        return a - b;
    if (strcmp(name, "v_mul") == 0)
        return a * b;
    if (strcmp(name, "v_div") == 0)
        return a / b;
    if (strcmp(name, "v_copysign") == 0)
        return float_from_bits((float_bits(a) & 0x7fffffffu) | (float_bits(b) & 0x80000000u));
    if (strcmp(name, "v_min") == 0)
        return a < b ? a : b;
    if (strcmp(name, "v_max") == 0)
        return a > b ? a : b;
    if (strcmp(name, "drop_less") == 0)
        return a < b ? 0.0f : a;
    fail_msg("no definition of %s", name);
    return 0.0f;
}

static float define_three(const char *name, float a, float b, float c)
{
    if (strcmp(name, "v_fma") == 0)
        return fmaf(a, b, c);
    if (strcmp(name, "v_fnma") == 0)
        return fmaf(float_from_bits(negate_bits(a)), b, c);
    if (strcmp(name, "v_sel_sign") == 0)
        return float_bits(a) >> 31 ? b : c;
    fail_msg("no definition of %s", name);
    return 0.0f;
}

static int define_compare(const char *name, float a, float b)
{
    if (strcmp(name, "v_lt") == 0)
        return a < b;
    if (strcmp(name, "v_le") == 0)
        return a <= b;
    if (strcmp(name, "v_gt") == 0)
        return a > b;
    if (strcmp(name, "v_ge") == 0)
        return a >= b;
    if (strcmp(name, "v_eq") == 0)
        return a == b;
    if (strcmp(name, "first_nan") == 0)
        return isnan(a) != 0;
    if (strcmp(name, "v_not_le") == 0)
        return !(a <= b);
    if (strcmp(name, "v_unordered") == 0)
        return isnan(a) || isnan(b);
    fail_msg("no definition of %s", name);
    return 0;
}

static uint32_t define_int(const char *name, uint32_t a, uint32_t b)
{
    if (strcmp(name, "i_add") == 0)
        return a + b;
    if (strcmp(name, "i_sub") == 0)
        return a - b;
    if (strcmp(name, "i_and") == 0)
        return a & b;
    if (strcmp(name, "i_or") == 0)
        return a | b;
    if (strcmp(name, "i_xor") == 0)
        return a ^ b;
    if (strcmp(name, "i_mul") == 0)
        return a * b;
    if (strcmp(name, "i_mul_high") == 0)
        return (uint32_t)((uint64_t)a * b >> 32);
    int greater = (a ^ 0x80000000u) > (b ^ 0x80000000u);
    if (strcmp(name, "i_max") == 0)
        return greater ? a : b;
    if (strcmp(name, "i_min") == 0)
        return greater ? b : a;
    if (strcmp(name, "i_max_unsigned") == 0)
        return a > b ? a : b;
    if (strcmp(name, "i_eq") == 0)
        return a == b;
    if (strcmp(name, "i_gt") == 0)
        return (uint32_t)greater;
    fail_msg("no definition of %s", name);
    return 0;
}

static uint32_t define_shift(const char *name, uint32_t a, int by)
{
    if (strcmp(name, "i_shl") == 0)
        return a << by;
    if (strcmp(name, "i_shr") == 0)
        return a >> by;
    if (strcmp(name, "i_sar") == 0) {
        uint32_t sign = a >> 31 ? ~(0xffffffffu >> by) : 0;
        return a >> by | sign;
    }
    fail_msg("no definition of %s", name);
    return 0;
}

/* ---- values ------------------------------------------------------------------------------ */

static const uint32_t specials[] = {
    0x00000000u, 0x80000000u,                                        /* zeros */
    0x7f800000u, 0xff800000u,                                        /* infinities */
    0x7fc00000u, 0xffc00000u, 0x7fc12345u, 0x7f800001u, 0xffbfffffu, /* NaN, quiet and signalling */
    0x00000001u, 0x80000001u, 0x007fffffu, 0x807fffffu, 0x00400000u, /* subnormal */
    0x00800000u, 0x80800000u, 0x7f7fffffu, 0xff7fffffu,              /* smallest and largest normal */
    0x3f800000u, 0xbf800000u, 0x3f7fffffu, 0x3f800001u, 0x40000000u, 0x3f000000u, 0xc0490fdbu,
    0x4b000000u, 0x4b400000u, 0x4f000000u, 0xcf000000u, 0x1f800000u, 0x5f000000u, 0x20000000u,
};
enum { SPECIALS = sizeof specials / sizeof specials[0] };

/* Set number `which` of sixteen values for operand `operand`: first all pairs (and many triples) of special values,
 * then random bits, then numbers of one size. */
enum { PAIR_SETS = SPECIALS * SPECIALS / N, SETS = PAIR_SETS + 10000 };

static void operand_values(size_t which, unsigned operand, float *values)
{
    for (size_t i = 0; i < N; i++) {
        uint32_t random = activ_random_bits(3, operand, which * N + i), bits;
        size_t pair = which * N + i;
        if (which < PAIR_SETS)
            bits = specials[operand == 0 ? pair / SPECIALS : operand == 1 ? pair % SPECIALS : random % SPECIALS];
        else if (which % 3 == 0)
            bits = random;
        else if (which % 3 == 1)
            bits = (random & 0x807fffffu) | (0x3e000000u + (random >> 3 & 0x01800000u));
        else
            bits = random % 4 == 0 ? specials[random / 4 % SPECIALS] : (random & 0x83ffffffu);
        values[i] = float_from_bits(bits);
    }
}

/* Any NaN equals any other: the payload of arithmetic's NaN depends on the CPU. */
static void assert_float(const vocabulary *v, const char *name, float got, float expected, float a, float b, float c,
                         int exact)
{
    if (float_bits(got) == float_bits(expected) || (!exact && isnan(got) && isnan(expected)))
        return;
    fail_msg("%s %s(%08x, %08x, %08x) = %08x instead of %08x", v->tier, name, float_bits(a), float_bits(b),
             float_bits(c), float_bits(got), float_bits(expected));
}

static void assert_int(const vocabulary *v, const char *name, uint32_t got, uint32_t expected, uint32_t a, uint32_t b)
{
    if (got != expected)
        fail_msg("%s %s(%08x, %08x) = %08x instead of %08x", v->tier, name, a, b, got, expected);
}

/* ---- tests ------------------------------------------------------------------------------- */

static void test_float(void **state)
{
    (void)state;
    for (size_t t = 0; t < tiers_found; t++)
        for (size_t which = 0; which < SETS; which++) {
            const vocabulary *v = tiers[t];
            float a[N], b[N], c[N], y[N];
            operand_values(which, 0, a);
            operand_values(which, 1, b);
            operand_values(which, 2, c);
            for (const vocabulary_one *o = v->ones; o->name; o++) {
                o->run(a, y);
                for (size_t i = 0; i < N; i++)
                    assert_float(v, o->name, y[i], define_one(o->name, a[i]), a[i], 0, 0, strcmp(o->name, "v_sqrt"));
            }
            for (const vocabulary_two *o = v->twos; o->name; o++) {
                /* These move bits only: no arithmetic. */
                int exact = !strcmp(o->name, "v_copysign") || !strcmp(o->name, "v_min") || !strcmp(o->name, "v_max") ||
                            !strcmp(o->name, "drop_less");
                o->run(a, b, y);
                for (size_t i = 0; i < N; i++)
                    assert_float(v, o->name, y[i], define_two(o->name, a[i], b[i]), a[i], b[i], 0, exact);
            }
            for (const vocabulary_three *o = v->threes; o->name; o++) {
                o->run(a, b, c, y);
                for (size_t i = 0; i < N; i++)
                    assert_float(v, o->name, y[i], define_three(o->name, a[i], b[i], c[i]), a[i], b[i], c[i],
                                 !strcmp(o->name, "v_sel_sign"));
            }
            for (const vocabulary_compare *o = v->compares; o->name; o++) {
                int32_t m[N];
                o->run(a, b, m);
                for (size_t i = 0; i < N; i++)
                    assert_int(v, o->name, (uint32_t)m[i], (uint32_t)define_compare(o->name, a[i], b[i]),
                               float_bits(a[i]), float_bits(b[i]));
            }
        }
}

static void test_int(void **state)
{
    (void)state;
    static const int32_t more[] = { 0, 1, -1, INT32_MAX, INT32_MIN, 16777217, -16777219, 0x55555555, 33554431 };
    for (size_t t = 0; t < tiers_found; t++)
        for (size_t which = 0; which < SETS; which++) {
            const vocabulary *v = tiers[t];
            float values[N], y[N];
            int32_t a[N], b[N], out[N];
            operand_values(which, 0, values);
            memcpy(a, values, sizeof a);
            operand_values(which, 1, values);
            memcpy(b, values, sizeof b);
            for (size_t i = 0; i < N; i++) {
                if (which % 4 == 1)
                    b[i] = a[i];
                if (which % 4 == 2)
                    a[i] = more[(which + i) % 9];
            }
            for (const vocabulary_int *o = v->ints; o->name; o++) {
                o->run(a, b, out);
                for (size_t i = 0; i < N; i++)
                    assert_int(v, o->name, (uint32_t)out[i], define_int(o->name, (uint32_t)a[i], (uint32_t)b[i]),
                               (uint32_t)a[i], (uint32_t)b[i]);
            }
            for (const vocabulary_int *o = v->int_compares; o->name; o++) {
                o->run(a, b, out);
                for (size_t i = 0; i < N; i++)
                    assert_int(v, o->name, (uint32_t)out[i], define_int(o->name, (uint32_t)a[i], (uint32_t)b[i]),
                               (uint32_t)a[i], (uint32_t)b[i]);
            }
            for (const vocabulary_shift *o = v->shifts; o->name; o++) {
                o->run(a, out);
                for (size_t i = 0; i < N; i++)
                    assert_int(v, o->name, (uint32_t)out[i], define_shift(o->name, (uint32_t)a[i], o->by),
                               (uint32_t)a[i], (uint32_t)o->by);
            }
            v->from_int(a, y);
            for (size_t i = 0; i < N; i++)
                assert_float(v, "v_from_int", y[i], (float)a[i], 0, 0, 0, 1);
            v->set_int(a[0], out);
            v->set(values[0], y);
            for (size_t i = 0; i < N; i++) {
                assert_int(v, "i_set", (uint32_t)out[i], (uint32_t)a[0], 0, 0);
                assert_float(v, "v_set", y[i], values[0], 0, 0, 0, 1);
            }
        }
}

/* The nearest float16, ties to even, by comparing with each of them that is not negative. */
static uint16_t nearest_float16(float a)
{
    static double values[0x7c01];
    const double size = fabs((double)a);
    if (values[1] == 0.0)
        for (int h = 0; h <= 0x7c00; h++)
            values[h] = h < 0x400 ? ldexp(h, -24) : ldexp(0x400 + h % 0x400, h / 0x400 - 25);
    size_t low = 0, high = 0x7c00;
    while (high - low > 1) {
        const size_t middle = (low + high) / 2;
        if (values[middle] <= size)
            low = middle;
        else
            high = middle;
    }
    /* Beyond the largest number there is, for this purpose, another one: infinity. */
    const double below = size - values[low], above = values[high] - size;
    const size_t nearest = below < above || (below == above && low % 2 == 0) ? low : high;
    return (uint16_t)(nearest | (float_bits(a) >> 16 & 0x8000));
}

static void test_short(void **state)
{
    (void)state;
    for (size_t t = 0; t < tiers_found; t++) {
        const vocabulary *v = tiers[t];
        for (size_t first = 0; first < 65536; first += N) {
            uint16_t a[N], y[N];
            _Alignas(64) uint16_t streamed[N];
            int32_t wide[N];
            float values[N];
            for (size_t i = 0; i < N; i++)
                a[i] = (uint16_t)(first + i);
            v->copy_short(a, y, streamed);
            assert_memory_equal(y, a, sizeof a);
            assert_memory_equal(streamed, a, sizeof a);
            v->from_short(a, wide);
            v->from_float16(a, values);
            for (size_t i = 0; i < N; i++) {
                assert_int(v, "i_from_short", (uint32_t)wide[i], a[i], a[i], 0);
                if ((a[i] & 0x7fff) > 0x7c00)
                    assert_true(isnan(values[i]));
                else
                    assert_int(v, "v_from_float16", nearest_float16(values[i]), a[i], a[i], 0);
            }
        }
        for (size_t which = 0; which < SETS; which++) {
            float a[2 * N];
            int32_t bits[2 * N];
            uint16_t y[2 * N];
            _Alignas(64) uint16_t streamed[2 * N];
            operand_values(which, 0, a);
            operand_values(which, 1, a + N);
            /* Numbers that float16 has, and those halfway between. */
            for (size_t i = 0; which % 2 && i < N; i++)
                a[i] = float_from_bits((float_bits(a[i]) & 0x87fff000u) + 0x34000000u + (uint32_t)(i % 3) - 1u);
            memcpy(bits, a, sizeof bits);
            v->upper(bits, y, streamed);
            assert_memory_equal(y, streamed, sizeof y);
            for (size_t i = 0; i < 2 * N; i++)
                assert_int(v, "s_store_upper", y[i], (uint32_t)bits[i] >> 16, (uint32_t)bits[i], 0);
            v->to_float16(a, y);
            for (size_t i = 0; i < N; i++) {
                if (isnan(a[i]))
                    assert_true((y[i] & 0x7fff) > 0x7c00);
                else
                    assert_int(v, "v_to_float16", y[i], nearest_float16(a[i]), (uint32_t)bits[i], 0);
            }
        }
    }
}

static void test_masks(void **state)
{
    (void)state;
    for (size_t t = 0; t < tiers_found; t++)
        for (size_t which = 0; which < SETS; which++) {
            const vocabulary *v = tiers[t];
            float x[N], y[N], a[N], b[N], out[N];
            int32_t ix[N], iy[N], ia[N], ib[N], iout[N], both[N], either[N], neither[N];
            int any, expected_any = 0;
            operand_values(which, 0, x);
            operand_values(which, 1, y);
            operand_values(which, 2, a);
            operand_values(which, 3, b);
            if (which % 8 == 0) /* one lane at most */
                for (size_t i = 0; i < N; i++)
                    if (i != which / 8 % N)
                        y[i] = x[i];
            memcpy(ix, x, sizeof x);
            memcpy(iy, y, sizeof y);
            memcpy(ia, a, sizeof a);
            memcpy(ib, b, sizeof b);
            v->select(x, y, a, b, out);
            v->select_int(ix, iy, ia, ib, iout);
            v->masks(x, y, a, b, both, either, neither, &any);
            int negative, expected_negative = 0;
            v->any_negative(ix, &negative);
            for (size_t i = 0; i < N; i++) {
                int first = x[i] < y[i], second = a[i] < b[i];
                assert_float(v, "v_sel", out[i], first ? a[i] : b[i], x[i], y[i], 0, 1);
                assert_int(v, "i_sel", (uint32_t)iout[i], (uint32_t)(ix[i] > iy[i] ? ia[i] : ib[i]), 0, 0);
                assert_int(v, "m_and", (uint32_t)both[i], (uint32_t)(first && second), 0, 0);
                assert_int(v, "m_or", (uint32_t)either[i], (uint32_t)(first || second), 0, 0);
                assert_int(v, "m_not", (uint32_t)neither[i], (uint32_t)!first, 0, 0);
                if (first)
                    expected_any |= 1 << i / v->lanes;
                if (ix[i] < 0)
                    expected_negative |= 1 << i / v->lanes;
            }
            assert_int(v, "m_any", (uint32_t)any, (uint32_t)expected_any, 0, 0);
            assert_int(v, "i_any_negative", (uint32_t)negative, (uint32_t)expected_negative, 0, 0);
        }
    for (size_t t = 0; t < tiers_found; t++)
        for (int truth = -1; truth <= 2; truth++) {
            int32_t m[N];
            tiers[t]->mask_set(truth, m);
            for (size_t i = 0; i < N; i++)
                assert_int(tiers[t], "m_set", (uint32_t)m[i], truth != 0, 0, 0);
        }
}

/* The first n lanes against guard pages on either side, at every alignment. */
static void test_parts(void **state)
{
    (void)state;
    guarded memory;
    assert_int_equal(guarded_create(&memory, 64), 0);
    for (size_t t = 0; t < tiers_found; t++) {
        const vocabulary *v = tiers[t];
        assert_true(v->lanes >= 1 && N % v->lanes == 0);
        for (size_t n = 0; n < v->lanes; n++)
            for (size_t at = 0; at < 2 * v->lanes; at++)
                for (int at_end = 0; at_end < 2; at_end++) {
                    float *p = at_end ? memory.end - n - at : memory.begin + at, y[N], a[N];
                    guarded_fill(&memory);
                    for (size_t i = 0; i < n; i++)
                        p[i] = (float)(i + 1);
                    v->load_partial(p, n, y);
                    for (size_t i = 0; i < v->lanes; i++)
                        assert_int_equal(float_bits(y[i]), float_bits(i < n ? (float)(i + 1) : 0.0f));
                    for (size_t i = 0; i < N; i++)
                        a[i] = -(float)(i + 1);
                    guarded_fill(&memory);
                    v->store_partial(p, n, a);
                    assert_memory_equal(p, a, n * sizeof *p);
                    assert_true(guarded_untouched(&memory, p, n));
                }
    }
    guarded_destroy(&memory);
}

static void test_stream(void **state)
{
    (void)state;
    for (size_t t = 0; t < tiers_found; t++)
        for (size_t which = 0; which < SETS; which++) {
            _Alignas(64) float a[N], y[3 * N];
            operand_values(which, 0, a);
            for (size_t i = 0; i < 3 * N; i++)
                y[i] = 7.0f;
            tiers[t]->stream(a, y + N);
            assert_memory_equal(y + N, a, sizeof a);
            for (size_t i = 0; i < N; i++)
                assert_true(y[i] == 7.0f && y[2 * N + i] == 7.0f);
        }
}

/* Rows 0 to 31 of several widths, the last the last thing before memory that may not be read. */
static void test_rows(void **state)
{
    (void)state;
    guarded memory;
    assert_int_equal(guarded_create(&memory, 32 * 12), 0);
    for (size_t t = 0; t < tiers_found; t++)
        for (size_t which = 0; which < SETS; which++) {
            size_t stride = 4 + 4 * (which % 3), entries = 16 + 16 * (which / 3 % 2);
            float *table = memory.end - entries * stride, values[N], y[4 * N];
            int32_t at[N];
            for (size_t i = 0; i < entries * stride; i += N) {
                operand_values(which + i, 0, values);
                memcpy(table + i, values, sizeof values);
            }
            for (size_t i = 0; i < N; i++)
                at[i] = (int32_t)((i * 5 + which) % entries * stride);
            tiers[t]->gather4(table + stride - 4, at, y);
            for (size_t k = 0; k < 4; k++)
                for (size_t i = 0; i < N; i++)
                    assert_float(tiers[t], "v_gather4", y[k * N + i], table[(size_t)at[i] + stride - 4 + k], 0, 0, 0,
                                 1);
        }
    guarded_destroy(&memory);
}

/* The table at every alignment of a float and as the last thing before memory that may not be read; any index, of which
 * the low two to five bits count; entries of all kinds come out as they are. */
static void test_lookup(void **state)
{
    (void)state;
    guarded memory;
    assert_int_equal(guarded_create(&memory, 64), 0);
    for (size_t t = 0; t < tiers_found; t++)
        for (size_t which = 0; which < SETS; which++) {
            const vocabulary *v = tiers[t];
            float entries[2 * N], bits[N], y[N];
            int32_t index[N];
            float *table = which % 17 == 16 ? memory.end - 2 * N : memory.begin + which % 17;
            operand_values(which, 0, entries);
            operand_values(which, 2, entries + N);
            operand_values(which, 1, bits);
            memcpy(table, entries, sizeof entries);
            memcpy(index, bits, sizeof index);
            if (which % 2) /* each entry once */
                for (size_t i = 0; i < N; i++)
                    index[i] = (int32_t)((i * 5 + which) % 32) - (which % 4 == 3 ? 32 : 0);
            v->lookup32(table, index, y);
            for (size_t i = 0; i < N; i++)
                assert_float(v, "v_lookup32", y[i], entries[(uint32_t)index[i] & 31], 0, 0, 0, 1);
            table += which % 17 == 16 ? N : 0;
            v->lookup16(table, index, y);
            for (size_t i = 0; i < N; i++)
                assert_float(v, "v_lookup16", y[i], entries[((uint32_t)index[i] & 15) + (which % 17 == 16 ? N : 0)], 0,
                             0, 0, 1);
            table += which % 17 == 16 ? N / 2 : 0;
            v->lookup8(table, index, y);
            for (size_t i = 0; i < N; i++)
                assert_float(v, "v_lookup8", y[i],
                             entries[((uint32_t)index[i] & 7) + (which % 17 == 16 ? N + N / 2 : 0)], 0, 0, 0, 1);
            table += which % 17 == 16 ? N / 4 : 0;
            v->lookup4(table, index, y);
            for (size_t i = 0; i < N; i++)
                assert_float(v, "v_lookup4", y[i],
                             entries[((uint32_t)index[i] & 3) + (which % 17 == 16 ? N + N / 2 + N / 4 : 0)], 0, 0, 0,
                             1);
        }
    guarded_destroy(&memory);
}

/* Rows in any order, at any alignment, reading no more than four values each. */
static void test_transpose4(void **state)
{
    (void)state;
    guarded memory;
    assert_int_equal(guarded_create(&memory, 8 * N), 0);
    for (size_t t = 0; t < tiers_found; t++)
        for (size_t at = 0; at < 5; at++) {
            float columns[4 * N];
            const float *rows[N];
            size_t lanes = tiers[t]->lanes;
            float *first = memory.end - 7 * (N - 1) - at - 4;
            for (size_t i = 0; i < 7 * (N - 1) + at + 4; i++)
                first[i] = (float)i;
            for (size_t i = 0; i < lanes; i++)
                rows[i] = first + 7 * ((i * 5 + 3) % N);
            tiers[t]->transpose4(rows, at, columns);
            for (size_t i = 0; i < lanes; i++)
                for (size_t k = 0; k < 4; k++)
                    assert_true(columns[k * lanes + i] == rows[i][at + k]);
        }
    guarded_destroy(&memory);
}

static void test_accumulate(void **state)
{
    (void)state;
    enum { COUNT = 40 };
    for (size_t t = 0; t < tiers_found; t++)
        for (size_t round = 0; round < 300; round++) {
            float a[COUNT * N], b[COUNT * N];
            double sums[N];
            size_t lanes = tiers[t]->lanes, count = round % (COUNT + 1);
            for (size_t i = 0; i < COUNT; i++) {
                operand_values((round * 41 + i * 3 + (round % 2 ? PAIR_SETS - PAIR_SETS % 3 + 1 : 0)) % SETS, 0,
                               a + i * N);
                operand_values((round * 43 + i * 3 + (round % 2 ? PAIR_SETS - PAIR_SETS % 3 + 1 : 0)) % SETS, 1,
                               b + i * N);
            }
            tiers[t]->accumulate(a, b, count, sums);
            for (size_t j = 0; j < lanes; j++) {
                double sum = 0.0;
                for (size_t i = 0; i < count; i++) {
                    /* A product of two float32 is exact in double. */
                    double product = (double)a[i * lanes + j] * (double)b[i * lanes + j];
                    sum = sum + product;
                }
                assert_true(memcmp(&sum, &sums[j], sizeof sum) == 0 || (isnan(sum) && isnan(sums[j])));
            }
        }
}

static void test_wide(void **state)
{
    (void)state;
    /* A product of the second and third has more digits than a double. */
    static const double factors[] = { 1.0, 0x1.fffffffffffffp-1, -0x1.23456789abcdfp3, 0.0, 0x1p-1060, INFINITY, NAN };
    for (size_t t = 0; t < tiers_found; t++)
        for (size_t round = 0; round < 3 * SETS; round++) {
            float a[N], b[N], y[N];
            double products[N], chains[N], quotients[N];
            operand_values(round % SETS, 0, a);
            operand_values((round * 7 + 1) % SETS, 1, b);
            double s = factors[round % (sizeof factors / sizeof factors[0])];
            tiers[t]->wide(a, s, b, y);
            tiers[t]->wide_product(a, b, s, products);
            tiers[t]->wide_chain(a, b, s, chains);
            tiers[t]->wide_quotient(a, s, quotients);
            for (size_t j = 0; j < N; j++) {
                float want = (float)fma((double)a[j], s, (double)b[j]);
                assert_true(memcmp(&want, &y[j], sizeof want) == 0 || (isnan(want) && isnan(y[j])));
                double product = fma((double)a[j] * (double)b[j], s, s);
                assert_true(memcmp(&product, &products[j], sizeof product) == 0 ||
                            (isnan(product) && isnan(products[j])));
                volatile double rounded = (double)a[j] * s; /* or compilers make it an fma, where there is one */
                double chain = (double)b[j] + rounded;
                assert_true(memcmp(&chain, &chains[j], sizeof chain) == 0 || (isnan(chain) && isnan(chains[j])));
                double quotient = s / (double)a[j];
                assert_true(memcmp(&quotient, &quotients[j], sizeof quotient) == 0 ||
                            (isnan(quotient) && isnan(quotients[j])));
            }
        }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_float),      cmocka_unit_test(test_int),    cmocka_unit_test(test_short),
        cmocka_unit_test(test_masks),      cmocka_unit_test(test_parts),  cmocka_unit_test(test_stream),
        cmocka_unit_test(test_rows),       cmocka_unit_test(test_lookup), cmocka_unit_test(test_transpose4),
        cmocka_unit_test(test_accumulate), cmocka_unit_test(test_wide),
    };
    return cmocka_run_group_tests(tests, find_tiers, NULL);
}
