/* libactiv: types of numbers, and from one to another.
 *
 * All arithmetic is in float32. The other types are how arrays are kept: float16 is IEEE 754's binary16, bfloat16 the
 * upper half of a float32; both are arrays of uint16_t in C.
 *
 * Thread safety: all calls, from any thread, on different arrays.
 */
#ifndef ACTIV_DTYPE_H
#define ACTIV_DTYPE_H

#include <stddef.h>
#include <stdint.h>

#include "export.h"
#include "status.h"

#ifdef __cplusplus
extern "C" {
#endif

/* The numbers are part of the ABI. */
typedef int32_t activ_dtype;

enum {
    ACTIV_FLOAT32 = 1,
    ACTIV_FLOAT64 = 2,
    ACTIV_INT32 = 3,
    ACTIV_INT64 = 4,
    ACTIV_UINT8 = 5,
    ACTIV_FLOAT16 = 6,
    ACTIV_BFLOAT16 = 7
};

/* Bytes of one element; 0 for an unknown type. */
ACTIV_API size_t activ_dtype_size(activ_dtype dtype);

/* y[i] = x[i] in another type, rounded once, to the nearest, ties to even. Beyond the largest number it is infinite; a
 * NaN stays one; subnormal numbers are kept, unless the thread has them flushed (FTZ, DAZ). Types: float16, bfloat16,
 * float32 and float64, each to any of them.
 *
 * x and y are aligned to their elements, and do not overlap unless x is y and the types are of the same size.
 * ACTIV_ERROR_UNSUPPORTED: another type; ACTIV_ERROR_INVALID: NULL with n above 0, misaligned, overlapping;
 * ACTIV_ERROR_RANGE: a size that overflows. Allocates nothing. */
ACTIV_API activ_status activ_convert(size_t n, activ_dtype x_dtype, const void *x, activ_dtype y_dtype, void *y);

#ifdef __cplusplus
}
#endif

#endif
