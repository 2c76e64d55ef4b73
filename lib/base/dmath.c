/* Logarithm, exponential, cosine and power in double, from +, -, *, / alone. */
#include "base/dmath.h"

#include <string.h>

/* ln x: x = 2^k m with m in [sqrt 1/2, sqrt 2); ln m = 2 artanh((m-1)/(m+1)), its series up to s^21. The error is
 * about 2^-50, far below that of the float32 it is rounded to. */
double activ_log(double x)
{
    uint64_t bits;
    memcpy(&bits, &x, sizeof bits);
    int k = (int)(bits >> 52) - 1023;
    bits = (bits & UINT64_C(0xfffffffffffff)) | UINT64_C(0x3ff0000000000000);
    double m;
    memcpy(&m, &bits, sizeof m);
    if (m > 1.4142135623730951) {
        m *= 0.5;
        k++;
    }
    double s = (m - 1.0) / (m + 1.0), s2 = s * s, sum = 0.0;
    for (int i = 21; i >= 1; i -= 2)
        sum = sum * s2 + 1.0 / i;
    return (double)k * 0.69314718055994530942 + 2.0 * s * sum;
}

double activ_log1p(double x)
{
    if (!(x < 0.4))
        return activ_log(1.0 + x);
    /* 2 artanh(x/(2 + x)), as above. */
    double s = x / (2.0 + x), s2 = s * s, sum = 0.0;
    for (int i = 21; i >= 1; i -= 2)
        sum = sum * s2 + 1.0 / i;
    return 2.0 * s * sum;
}

/* e^x: x = k ln 2 + r with |r| <= ln 2/2; e^r by its series. */
double activ_exp(double x)
{
    if (!(x >= -700.0))
        return 0.0;
    int k = (int)(x * 1.4426950408889634 + (x < 0.0 ? -0.5 : 0.5));
    /* ln 2 in two parts: the first product is exact. */
    double r = (x - k * 0x1.62e42fefa38p-1) - k * 0x1.ef35793c7673p-45;
    double power, sum = 1.0;
    for (int i = 17; i >= 1; i--)
        sum = 1.0 + sum * r / i;
    uint64_t bits = (uint64_t)(k + 1023) << 52;
    memcpy(&power, &bits, sizeof power);
    return sum * power;
}

/* cos 2 pi u for u in [0, 1): reduced by symmetry to an angle in [0, pi/4], then Taylor's series. */
double activ_cos_turn(double u)
{
    double quarter = 4.0 * u;     /* exact */
    int q = (int)(quarter + 0.5); /* nearest multiple of a quarter turn */
    double r = (quarter - q) * 1.57079632679489661923, r2 = r * r, sum = 0.0;
    int odd = q & 1;
    for (int i = odd ? 19 : 18; i >= 2; i -= 2)
        sum = (1.0 - sum) * r2 / (i * (i - 1));
    double value = odd ? r * (1.0 - sum) : 1.0 - sum; /* sin r or cos r */
    return q == 1 || q == 2 ? -value : value;
}

double activ_power(double base, uint64_t exponent)
{
    double power = 1.0;
    for (; exponent > 0; exponent >>= 1) {
        if (exponent & 1)
            power *= base;
        base *= base;
    }
    return power;
}
