/* What the accumulators share: the arrays that they are given, and a float32 as bits.
 *
 * Values are looked at as bits where that is enough: then it does not matter whether the CPU flushes denormals, and no
 * NaN raises a flag. */
#ifndef ACTIV_ANALYSIS_VALUES_H
#define ACTIV_ANALYSIS_VALUES_H

#include <stdint.h>
#include <string.h>

#include "activ/status.h"
#include "base/checked.h"

#define ACTIV_MAGNITUDE UINT32_C(0x7fffffff)
#define ACTIV_INFINITY UINT32_C(0x7f800000) /* NaNs have a larger magnitude */

static inline uint32_t activ_bits(const float *x)
{
    uint32_t bits;
    memcpy(&bits, x, sizeof bits);
    return bits;
}

static inline float activ_of_bits(uint32_t bits)
{
    float x;
    memcpy(&x, &bits, sizeof x);
    return x;
}

/* A number whose order is that of the values, -0 before 0; and back. */
static inline uint32_t activ_order(uint32_t bits)
{
    return bits & ~ACTIV_MAGNITUDE ? ~bits : bits | ~ACTIV_MAGNITUDE;
}

static inline uint32_t activ_bits_of_order(uint32_t order)
{
    return order & ~ACTIV_MAGNITUDE ? order & ACTIV_MAGNITUDE : ~order;
}

/* n values to be added to an accumulator that is `bytes` at `own`, and has seen `count`. */
static inline activ_status activ_check_values(const void *own, size_t bytes, uint64_t count, size_t n, const float *x)
{
    if (n > 0 && !x)
        return ACTIV_ERROR_INVALID;
    if (n > SIZE_MAX / sizeof *x || n > UINT64_MAX - count)
        return ACTIV_ERROR_RANGE;
    if (n > 0 && (!activ_is_aligned(x, sizeof *x) || activ_ranges_overlap(own, bytes, x, n * sizeof *x)))
        return ACTIV_ERROR_INVALID;
    return ACTIV_OK;
}

#endif
