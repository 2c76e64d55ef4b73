/* float16 and bfloat16 from and to float32, one element at a time, without branches, so that compilers make
 * vectors of them. In the mode that rounds to nearest. */
#ifndef ACTIV_BASE_DTYPE_H
#define ACTIV_BASE_DTYPE_H

#include <stdint.h>
#include <string.h>

static inline uint32_t activ_bits_of_float(float x)
{
    uint32_t bits;
    memcpy(&bits, &x, sizeof bits);
    return bits;
}

static inline float activ_float_of_bits(uint32_t bits)
{
    float x;
    memcpy(&x, &bits, sizeof x);
    return x;
}

static inline float activ_float_of_bfloat16(uint16_t h)
{
    return activ_float_of_bits((uint32_t)h << 16);
}

static inline float activ_float_of_float16(uint16_t h)
{
    const uint32_t sign = (uint32_t)(h & 0x8000) << 16, size = (uint32_t)(h & 0x7fff) << 13;
    const uint32_t rebias = 112u << 23, special = 0x0f800000; /* infinity's */
    uint32_t normal = size + rebias + (size >= special ? rebias : 0);
    normal |= size > special ? 0x400000 : 0; /* a quiet NaN */
    /* Exact. */
    const uint32_t subnormal = activ_bits_of_float(activ_float_of_bits(size + (113u << 23)) - 0x1p-14f) & 0x7fffffff;
    return activ_float_of_bits(sign | (size >= 0x00800000 ? normal : subnormal));
}

static inline uint16_t activ_bfloat16_of_float(float x)
{
    const uint32_t bits = activ_bits_of_float(x), nearest = bits + 0x7fff + (bits >> 16 & 1);
    return (uint16_t)(((bits & 0x7fffffff) > 0x7f800000 ? bits | 0x400000 : nearest) >> 16);
}

static inline uint16_t activ_float16_of_float(float x)
{
    const uint32_t bits = activ_bits_of_float(x), sign = bits >> 16 & 0x8000, size = bits & 0x7fffffff;
    const uint32_t normal = (size - (112u << 23) + 0xfff + (size >> 13 & 1)) >> 13;
    /* The sum's last digit is 2^-24, as the least subnormal number's: the addition rounds. */
    const uint32_t subnormal = activ_bits_of_float(activ_float_of_bits(size) + 0.5f) - 0x3f000000;
    const uint32_t finite = size < 0x38800000 ? subnormal : normal; /* 2^-14 */
    const uint32_t limit = size > 0x7f800000 ? 0x7e00 | (size >> 13 & 0x1ff) : 0x7c00;
    return (uint16_t)(sign | (size < 0x477ff000 ? finite : limit)); /* 65520: from there on infinity is nearest */
}

/* The nearest float32 or, if a digit is lost, the odd one beside x. Rounded again, to fewer digits, it gives what x
 * itself rounded to them would ("rounding to odd"; Boldo, Melquiond 2008). */
static inline float activ_float_to_odd(double x)
{
    const float nearest = (float)x;
    uint32_t bits = activ_bits_of_float(nearest);
    if ((double)nearest == x || x != x || (bits & 1))
        return nearest;
    /* Even, and inexact: x lies between it and an odd neighbour. */
    const int is_beyond = nearest < 0.0f ? (double)nearest < x : nearest > 0.0f ? (double)nearest > x : 0;
    if (nearest == 0.0f)
        bits = (x < 0.0 ? 0x80000000u : 0u) | 1u;
    else
        bits = is_beyond ? bits - 1 : bits + 1;
    return activ_float_of_bits(bits);
}

#endif
