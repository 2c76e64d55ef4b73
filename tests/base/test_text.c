/* Numbers and messages as text: reading is correctly rounded, writing is shortest and reads back. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "activ/random.h"
#include "base/text.h"
#include "support/ulp.h"

/* The program never calls setlocale, so strtof reads as in the C locale; glibc's is rounded correctly. */
static void check_parse(const char *text)
{
    char *end;
    float expected = strtof(text, &end), got = NAN;
    int overflow = -1;
    size_t used = activ_parse_float(text, strlen(text), &got, &overflow);
    if (used != (size_t)(end - text))
        fail_msg("%s: %zu characters read, strtof reads %zu", text, used, (size_t)(end - text));
    if (used == 0)
        return;
    if (isinf(expected)) {
        if (overflow != 1)
            fail_msg("%s: no overflow", text);
        return;
    }
    if (overflow != 0 || float_bits(got) != float_bits(expected))
        fail_msg("%s: %.9g (%08x, overflow %d) instead of %.9g (%08x)", text, (double)got, float_bits(got), overflow,
                 (double)expected, float_bits(expected));
}

typedef struct dice {
    uint64_t stream, thrown;
} dice;

static uint32_t throw_dice(dice *d, uint32_t sides)
{
    return activ_random_bits(11, d->stream, d->thrown++) % sides;
}

/* Up to `most` digits around a point, with an exponent between -low and high. */
static void random_text(dice *d, uint32_t most, uint32_t low, uint32_t high, char *text)
{
    char *at = text;
    uint32_t digits = 1 + throw_dice(d, most), point = throw_dice(d, digits + 2);
    if (throw_dice(d, 4) == 0)
        *at++ = throw_dice(d, 2) ? '-' : '+';
    int same = throw_dice(d, 5) == 0; /* runs of 0 or 9 now and then */
    for (uint32_t i = 0; i < digits; i++) {
        if (i == point)
            *at++ = '.';
        *at++ = same && i > 2 ? (i % 2 ? '0' : '9') : (char)('0' + throw_dice(d, 10));
    }
    if (throw_dice(d, 4) != 0)
        at += sprintf(at, "%c%d", throw_dice(d, 2) ? 'e' : 'E', (int)throw_dice(d, low + high + 1) - (int)low);
    *at = '\0';
}

static void test_parse_random(void **state)
{
    (void)state;
    char text[512];
    dice d = { 1, 0 };
    for (int i = 0; i < 150000; i++) {
        random_text(&d, 12, 60, 45, text);
        check_parse(text);
    }
    for (int i = 0; i < 40000; i++) {
        random_text(&d, 60, 110, 45, text);
        check_parse(text);
    }
    for (int i = 0; i < 10000; i++) {
        random_text(&d, 300, 400, 45, text);
        check_parse(text);
    }
}

/* What floats print as, with too few and with too many digits. */
static void test_parse_printed(void **state)
{
    (void)state;
    char text[256];
    for (uint64_t i = 0; i < 100000; i++) {
        uint32_t bits = activ_random_bits(1, 2, i);
        float value = float_from_bits(i % 3 == 0 ? bits & 0x80ffffffu : bits);
        if (!isfinite(value))
            continue;
        sprintf(text, "%.*e", (int)(i % 30), (double)value);
        check_parse(text);
        if (fabsf(value) < 1e20f) {
            sprintf(text, "%.*f", (int)(i % 60), (double)value);
            check_parse(text);
        }
    }
}

/* Halfway between two neighbours, exactly; and with something behind it, or a little less. All
 * digits of such a number fit: at most 113 of them. */
static void test_parse_halfway(void **state)
{
    (void)state;
    char text[1200];
    for (uint64_t i = 0; i < 30000; i++) {
        uint32_t bits = activ_random_bits(1, 3, i) & 0x7fffffffu;
        if (i < 300)
            bits = (uint32_t)i; /* the smallest numbers */
        else if (i < 600)
            bits = 0x00800000u - 450 + (uint32_t)i; /* around the smallest normal */
        else if (i < 900)
            bits = 0x7f7fffffu - ((uint32_t)i - 600); /* up to the largest */
        else if (i % 7 == 0)
            bits &= 0x00ffffffu;
        else if (i % 7 == 1)
            bits &= 0x7f800000u; /* the spacing changes here */
        if (bits >= 0x7f800000u)
            continue;
        double low = (double)float_from_bits(bits);
        double high = bits == 0x7f7fffffu ? 0x1p128 : (double)float_from_bits(bits + 1);
        int length = snprintf(text, 600, "%.160e", (low + high) / 2.0);
        assert_in_range(length, 10, 599);
        check_parse(text);
        char *exponent = strchr(text, 'e'), tail[40];
        snprintf(tail, sizeof tail, "%s", exponent);
        snprintf(exponent, 400, "%0*d1%s", (int)(i % 90), 0, tail);
        check_parse(text);
        /* One less in the last place that is not 0. */
        char *last = exponent - 1;
        while (last > text && (*last == '0' || *last == '.'))
            last--;
        (*last)--;
        check_parse(text);
    }
}

static void test_parse_edges(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "0",
        "-0",
        "+0",
        "0.0",
        "-0e99",
        "0e-99999999999999999999",
        "0e99999999999999999999",
        "1",
        "-1",
        "1.",
        ".5",
        "-.5",
        "00012.50",
        "1e",
        "1e+",
        "1e-",
        "1e+x",
        "1ex",
        "1.5e1.5",
        "1..5",
        "1.5.5",
        "",
        "+",
        "-",
        ".",
        "-.",
        "e5",
        ".e5",
        "--1",
        "+-1",
        "abc",
        "1abc",
        "1 ",
        "1,5",
        "1_000",
        "1f",
        "12e3x",
        "3.4028234663852886e38",
        "3.4028235e38",
        "3.4028236e38",
        "3.40282356e38",
        "3.40282357e38",
        "340282356779733661637539395458142568447",
        "340282356779733661637539395458142568448",
        "340282356779733661637539395458142568447.9999999",
        "3.4028235677973366163753939545814256845e38",
        "1e38",
        "1e39",
        "1e40",
        "1e41",
        "1e999999999",
        "1e99999999999999999999999",
        "-1e99",
        "1.4e-45",
        "7.006492321624085e-46",
        "7.006492321624086e-46",
        "7.0064923216240853546186479164495e-46",
        "7.0064923216240853546186479164495806564013097093825788587"
        "8534141944895541342930300743319094181060791015625e-46",
        "7.0064923216240853546186479164495806564013097093825788587"
        "85341419448955413429303007433190941810607910156250e-46",
        "7.0064923216240853546186479164495806564013097093825788587"
        "8534141944895541342930300743319094181060791015625001e-46",
        "1e-45",
        "1e-46",
        "1e-60",
        "1e-999999999",
        "1e-99999999999999999999999",
        "1.17549435e-38",
        "1.17549429e-38",
        "1.1754943e-38",
        "16777217",
        "16777216.99999999999999999999999999999999",
        "16777217.00000000000000000000000001",
        "16777219",
        "33554435",
        "0.1",
        "0.2",
        "0.3",
        "1e-7",
        "123456789012345678901234567890",
    };
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
        check_parse(texts[i]);
    /* Very many digits, before and behind the point, with exponents that bring them back. */
    static char text[6000];
    for (int zeros = 0; zeros < 2000; zeros += 97)
        for (int e = -60; e <= 45; e += 7) {
            sprintf(text, "0.%0*d15e%d", zeros + 1, 0, zeros + 1 + e);
            check_parse(text);
            sprintf(text, "15%0*de%d", zeros + 1, 0, -zeros - 1 + e);
            check_parse(text);
            sprintf(text, "1.5%0*d1e%d", zeros + 1, 0, e);
            check_parse(text);
            sprintf(text, "16777217%0*d.%0*d1e%d", zeros + 1, 0, zeros + 1, 0, -zeros - 1);
            check_parse(text);
        }
    /* Not one character further than told, and no zero byte is needed. */
    float number;
    int overflow;
    const char digits[4] = { '1', '2', '3', '4' };
    assert_int_equal(activ_parse_float(digits, 4, &number, &overflow), 4);
    assert_true(number == 1234.0f);
    assert_int_equal(activ_parse_float(digits, 2, &number, &overflow), 2);
    assert_true(number == 12.0f);
    assert_int_equal(activ_parse_float(digits, 0, &number, &overflow), 0);
    assert_int_equal(activ_parse_float("1e5", 2, &number, &overflow), 1);
    assert_true(number == 1.0f);
    assert_int_equal(activ_parse_float("inf", 3, &number, &overflow), 0);
    assert_int_equal(activ_parse_float("nan", 3, &number, &overflow), 0);
    assert_int_equal(activ_parse_float("0x10", 4, &number, &overflow), 1);
}

/* ---- writing ----------------------------------------------------------------------------- */

static int significant_digits(const char *text)
{
    int digits = 0, zeros = 0;
    for (; *text && *text != 'e'; text++) {
        if (*text < '0' || *text > '9')
            continue;
        if (*text == '0' && digits == 0)
            continue;
        zeros = *text == '0' ? zeros + 1 : 0;
        digits++;
    }
    return digits - zeros;
}

/* Does any number of `digits` digits read as this float? Only the two next to it come into
 * question. */
static int fits(float value, int digits)
{
    char text[64];
    snprintf(text, sizeof text, "%.*e", digits - 1, (double)value);
    if (strtof(text, NULL) == value)
        return 1;
    /* The neighbour on the other side of the value. */
    long double step = powl(10.0L, (long double)(atoi(strchr(text, 'e') + 1) - digits + 1));
    long double nearest = strtold(text, NULL);
    long double other = nearest < (long double)value ? nearest + step : nearest - step;
    snprintf(text, sizeof text, "%.*Le", digits - 1, other);
    return strtof(text, NULL) == value;
}

static void check_format(uint32_t bits, int check_shortest)
{
    float value = float_from_bits(bits), back = NAN;
    char buffer[ACTIV_FLOAT_TEXT + 8];
    int overflow;
    memset(buffer, 'x', sizeof buffer);
    size_t length = activ_format_float(value, buffer);
    if (length >= ACTIV_FLOAT_TEXT || buffer[length] != '\0' || strlen(buffer) != length)
        fail_msg("%08x: length %zu", bits, length);
    for (size_t i = ACTIV_FLOAT_TEXT; i < sizeof buffer; i++)
        assert_int_equal(buffer[i], 'x');
    if (activ_parse_float(buffer, length, &back, &overflow) != length || overflow || float_bits(back) != bits)
        fail_msg("%08x is written as %s and read as %08x", bits, buffer, float_bits(back));
    if (!check_shortest || value == 0.0f)
        return;
    if (float_bits(strtof(buffer, NULL)) != bits)
        fail_msg("%08x is written as %s, which strtof reads otherwise", bits, buffer);
    int digits = significant_digits(buffer);
    if (digits > 1 && fits(fabsf(value), digits - 1))
        fail_msg("%08x is written as %s, but %d digits are enough", bits, buffer, digits - 1);
}

static void test_format(void **state)
{
    (void)state;
    /* All bit patterns in steps of a prime, so that every exponent has its share. */
    for (uint64_t bits = 0; bits <= 0xffffffffu; bits += 12007)
        if (isfinite(float_from_bits((uint32_t)bits)))
            check_format((uint32_t)bits, bits % 4 == 0);
    for (uint64_t i = 0; i < 200000; i++) {
        uint32_t bits = activ_random_bits(4, 4, i);
        if (isfinite(float_from_bits(bits)))
            check_format(bits, i % 4 == 0);
    }
    /* Numbers that are short in decimal. */
    for (int digits = 1; digits < 1000; digits++)
        for (int e = -45; e <= 36; e++) {
            char text[32];
            sprintf(text, "%de%d", digits, e);
            float value = strtof(text, NULL);
            if (value != 0.0f && isfinite(value))
                check_format(float_bits(value), 1);
        }
}

/* Where the spacing changes the shortest text may lie on the far side. */
static void test_format_powers_of_two(void **state)
{
    (void)state;
    for (uint32_t exponent = 0; exponent < 255; exponent++)
        for (uint32_t mantissa = 0; mantissa < 3; mantissa++) {
            check_format(exponent << 23 | mantissa, 1);
            if (exponent > 0)
                check_format((exponent << 23) - mantissa - 1, 1);
        }
    for (int shift = 0; shift < 23; shift++)
        check_format(1u << shift, 1);
}

static void test_format_style(void **state)
{
    (void)state;
    static const struct {
        float value;
        const char *text;
    } cases[] = {
        { 0.0f, "0" },
        { -0.0f, "-0" },
        { 1.0f, "1" },
        { -1.0f, "-1" },
        { 0.2f, "0.2" },
        { 25.0f, "25" },
        { 0.01f, "0.01" },
        { 0.5f, "0.5" },
        { 1.0f / 3.0f, "0.33333334" },
        { 16777216.0f, "16777216" },
        { 1e20f, "1e20" },
        { 1e-7f, "1e-7" },
        { 1.5e-42f, "1.5e-42" },
        { 3.1415927f, "3.1415927" },
        { INFINITY, "inf" },
        { -INFINITY, "-inf" },
        { NAN, "nan" },
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char buffer[ACTIV_FLOAT_TEXT];
        assert_int_equal(activ_format_float(cases[i].value, buffer), strlen(cases[i].text));
        assert_string_equal(buffer, cases[i].text);
    }
}

/* ---- sizes ------------------------------------------------------------------------------- */

static void test_sizes(void **state)
{
    (void)state;
    size_t number = 77;
    assert_int_equal(activ_parse_size("123x", 4, &number), 3);
    assert_int_equal(number, 123);
    assert_int_equal(activ_parse_size("123", 2, &number), 2);
    assert_int_equal(number, 12);
    assert_int_equal(activ_parse_size("0007", 4, &number), 4);
    assert_int_equal(number, 7);
    number = 77;
    assert_int_equal(activ_parse_size("", 0, &number), 0);
    assert_int_equal(activ_parse_size("x1", 2, &number), 0);
    assert_int_equal(activ_parse_size("-1", 2, &number), 0);
    assert_int_equal(activ_parse_size("+1", 2, &number), 0);
    assert_int_equal(activ_parse_size(" 1", 2, &number), 0);
    assert_int_equal(number, 77);
    char text[64];
    for (size_t i = 0; i < 8; i++) {
        size_t value = i < 4 ? SIZE_MAX - i : SIZE_MAX / 10 - 5 + i;
        sprintf(text, "%zu", value);
        assert_int_equal(activ_parse_size(text, strlen(text), &number), strlen(text));
        assert_int_equal(number, value);
        char out[64];
        activ_text written;
        activ_text_start(&written, out, sizeof out);
        activ_text_add_size(&written, value);
        assert_string_equal(out, text);
    }
    /* The first number that does not fit, and longer ones. */
    sprintf(text, "%zu", SIZE_MAX);
    text[strlen(text) - 1]++;
    assert_int_equal(activ_parse_size(text, strlen(text), &number), 0);
    sprintf(text, "%zu0", SIZE_MAX / 10 + 1);
    assert_int_equal(activ_parse_size(text, strlen(text), &number), 0);
    assert_int_equal(activ_parse_size("99999999999999999999999999999999", 32, &number), 0);
}

/* ---- building texts ---------------------------------------------------------------------- */

static void build(activ_text *t)
{
    const size_t shape[3] = { 128, 784, 0 };
    activ_text_add(t, "shape ");
    activ_text_add_shape(t, 3, shape);
    activ_text_add(t, " ");
    activ_text_add_shape(t, 1, shape);
    activ_text_add_shape(t, 0, NULL);
    activ_text_add(t, " ");
    activ_text_add_float(t, -0.25f);
    activ_text_add_bytes(t, "xyz", 2);
    activ_text_add_size(t, 0);
}

static void test_cut(void **state)
{
    (void)state;
    const char *whole = "shape (128, 784, 0) (128)() -0.25xy0";
    char buffer[80];
    for (size_t size = 0; size < 60; size++) {
        activ_text t;
        memset(buffer, '#', sizeof buffer);
        activ_text_start(&t, buffer, size);
        build(&t);
        assert_int_equal(t.length, strlen(whole));
        size_t kept = size == 0 ? 0 : size - 1 < strlen(whole) ? size - 1 : strlen(whole);
        assert_memory_equal(buffer, whole, kept);
        if (size > 0)
            assert_int_equal(buffer[kept], '\0');
        for (size_t i = size > 0 ? kept + 1 : 0; i < sizeof buffer; i++)
            assert_int_equal(buffer[i], '#');
    }
    activ_text t;
    activ_text_start(&t, NULL, 0);
    build(&t);
    assert_int_equal(t.length, strlen(whole));
}

static void test_quoted(void **state)
{
    (void)state;
    char buffer[300], longer[50];
    activ_text t;
    activ_text_start(&t, buffer, sizeof buffer);
    activ_text_add_quoted(&t, "a b~\n\x7f\xff\0c", 9);
    assert_string_equal(buffer, "'a b~\\x0a\\x7f\\xff\\x00c'");
    memset(longer, 'q', sizeof longer);
    activ_text_start(&t, buffer, sizeof buffer);
    activ_text_add_quoted(&t, longer, 40);
    assert_int_equal(strlen(buffer), 42);
    assert_null(strstr(buffer, "..."));
    activ_text_start(&t, buffer, sizeof buffer);
    activ_text_add_quoted(&t, longer, 41);
    assert_int_equal(strlen(buffer), 45);
    assert_string_equal(buffer + 41, "...'");
}

static void test_message(void **state)
{
    (void)state;
    struct {
        activ_message message;
        char behind[16];
    } m;
    memset(&m, '#', sizeof m);
    assert_int_equal(activ_fail(&m.message, ACTIV_ERROR_STATE, "one", " ", "two"), ACTIV_ERROR_STATE);
    assert_string_equal(m.message.text, "one two");
    char part[200];
    memset(part, 'p', sizeof part);
    part[199] = '\0';
    activ_fail(&m.message, ACTIV_ERROR_STATE, part, part, part);
    assert_int_equal(strlen(m.message.text), sizeof m.message.text - 1);
    for (size_t i = 0; i < sizeof m.behind; i++)
        assert_int_equal(m.behind[i], '#');
    assert_int_equal(activ_fail(NULL, ACTIV_ERROR_RANGE, "nobody", " listens"), ACTIV_ERROR_RANGE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_parse_random),  cmocka_unit_test(test_parse_printed),
        cmocka_unit_test(test_parse_halfway), cmocka_unit_test(test_parse_edges),
        cmocka_unit_test(test_format),        cmocka_unit_test(test_format_powers_of_two),
        cmocka_unit_test(test_format_style),  cmocka_unit_test(test_sizes),
        cmocka_unit_test(test_cut),           cmocka_unit_test(test_quoted),
        cmocka_unit_test(test_message),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
