/* a * b + c with one rounding, to nearest, ties to even: see fma.h. */
#include "base/fma.h"

#ifdef ACTIV_NEEDS_FMA

#    include <stdint.h>
#    include <string.h>

static uint64_t bits_of(double x)
{
    uint64_t bits;
    memcpy(&bits, &x, sizeof bits);
    return bits;
}

static double double_of(uint64_t bits)
{
    double x;
    memcpy(&x, &bits, sizeof x);
    return x;
}

/* The product of two floats is a double. So is the sum once it is rounded to odd: towards the odd one of its two
 * neighbours, unless it is one itself. Rounded again to float, that gives what one rounding of the exact sum would, as
 * a double has more than two bits more. */
float activ_exact_fmaf(float a, float b, float c)
{
    const double product = (double)a * (double)b, sum = product + (double)c;
    if (!(sum - sum == 0.0)) /* infinite or NaN */
        return (float)sum;
    const double part = sum - product, error = (product - (sum - part)) + ((double)c - part); /* of the sum: exact */
    uint64_t bits = bits_of(sum);
    if (error != 0.0 && (bits & 1) == 0)
        bits = (error > 0.0) == (sum > 0.0) ? bits + 1 : bits - 1;
    return (float)double_of(bits);
}

/* ---- double ------------------------------------------------------------------------------ */

typedef struct wide {
    uint64_t high, low;
} wide;

/* sign * mantissa * 2^exponent, the mantissa's highest bit being bit 125, so that a sum has room. */
typedef struct number {
    uint64_t sign; /* 0 or 1 */
    int exponent;
    wide mantissa;
} number;

enum { TOP = 125 };

static int highest_bit(wide a)
{
    uint64_t word = a.high != 0 ? a.high : a.low;
    int bit = a.high != 0 ? 64 : 0;
    for (int step = 32; step > 0; step /= 2)
        if (word >> step != 0) {
            word >>= step;
            bit += step;
        }
    return bit;
}

static wide shift_left(wide a, int count)
{
    if (count >= 64)
        return (wide){ a.low << (count - 64), 0 };
    if (count == 0)
        return a;
    return (wide){ a.high << count | a.low >> (64 - count), a.low << count };
}

/* The lowest bit remembers whether any that was shifted out was set. */
static wide shift_right(wide a, int count)
{
    if (count == 0)
        return a;
    if (count >= 128)
        return (wide){ 0, (a.high | a.low) != 0 };
    if (count >= 64) {
        const uint64_t lost = count > 64 ? a.high << (128 - count) | a.low : a.low;
        return (wide){ 0, a.high >> (count - 64) | (lost != 0) };
    }
    return (wide){ a.high >> count, a.high << (64 - count) | a.low >> count | (a.low << (64 - count) != 0) };
}

static wide multiply(uint64_t a, uint64_t b)
{
    const uint64_t half = UINT32_MAX;
    const uint64_t low = (a & half) * (b & half), middle = (a >> 32) * (b & half) + (low >> 32);
    const uint64_t other = (a & half) * (b >> 32) + (middle & half);
    return (wide){ (a >> 32) * (b >> 32) + (middle >> 32) + (other >> 32), other << 32 | (low & half) };
}

static number scaled(uint64_t sign, int exponent, wide mantissa)
{
    const int up = TOP - highest_bit(mantissa);
    return (number){ sign, exponent - up, shift_left(mantissa, up) };
}

static uint64_t mantissa_of(double x)
{
    const uint64_t bits = bits_of(x), fraction = bits & ((UINT64_C(1) << 52) - 1);
    return (bits >> 52 & 0x7ff) != 0 ? fraction | UINT64_C(1) << 52 : fraction;
}

static int exponent_of(double x)
{
    const int biased = (int)(bits_of(x) >> 52 & 0x7ff);
    return (biased != 0 ? biased : 1) - 1075;
}

static wide add(wide a, wide b)
{
    const uint64_t low = a.low + b.low;
    return (wide){ a.high + b.high + (low < b.low), low };
}

static wide subtract(wide a, wide b)
{
    return (wide){ a.high - b.high - (a.low < b.low), a.low - b.low };
}

static int is_less(wide a, wide b)
{
    return a.high < b.high || (a.high == b.high && a.low < b.low);
}

/* A mantissa that is not 0. */
static double rounded(uint64_t sign, int exponent, wide mantissa)
{
    const int top = highest_bit(mantissa);
    const int is_normal = exponent + top >= -1022;
    const int down = is_normal ? top - 52 : -1074 - exponent; /* to the unit of the result */
    uint64_t kept;
    if (down <= 0) {
        kept = shift_left(mantissa, -down).low;
    } else {
        /* Two more bits: the half, and whether there is anything below. */
        const uint64_t more = down >= 2 ? shift_right(mantissa, down - 2).low : shift_left(mantissa, 2 - down).low;
        const uint64_t rest = more & 3;
        kept = more >> 2;
        kept += rest > 2 || (rest == 2 && (kept & 1));
    }
    /* A carry out of the mantissa is one of the exponent. */
    uint64_t bits = is_normal ? ((uint64_t)(exponent + top + 1022) << 52) + kept : kept;
    if (is_normal && (exponent + top > 1023 || bits >> 52 >= 0x7ff))
        bits = UINT64_C(0x7ff) << 52;
    return double_of(sign << 63 | bits);
}

double activ_exact_fma(double a, double b, double c)
{
    const double rough = a * b;
    if (!(a - a == 0.0) || !(b - b == 0.0) || a == 0.0 || b == 0.0)
        return rough + c;
    if (!(c - c == 0.0)) /* `rough` may be infinite, the product is not */
        return c;
    if (c == 0.0)
        return rough;
    number x = scaled((bits_of(a) ^ bits_of(b)) >> 63, exponent_of(a) + exponent_of(b),
                      multiply(mantissa_of(a), mantissa_of(b)));
    number y = scaled(bits_of(c) >> 63, exponent_of(c), (wide){ 0, mantissa_of(c) });
    if (x.exponent < y.exponent || (x.exponent == y.exponent && is_less(x.mantissa, y.mantissa))) {
        const number swap = x;
        x = y;
        y = swap;
    }
    /* Bits are lost only where the exponents differ by more than 20, and then a difference keeps 124 of them. */
    const wide small = shift_right(y.mantissa, x.exponent - y.exponent);
    const wide sum = x.sign == y.sign ? add(x.mantissa, small) : subtract(x.mantissa, small);
    if ((sum.high | sum.low) == 0)
        return 0.0;
    return rounded(x.sign, x.exponent, sum);
}

#endif
