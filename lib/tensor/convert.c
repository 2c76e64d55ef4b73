/* Numbers of one type to another. */
#include <string.h>

#include "activ/dtype.h"
#include "base/checked.h"
#include "base/dtype.h"
#include "base/rounding.h"
#include "cpu/cpu.h"
#include "kernels/kernels.h"

/* Numbers on their way, as float32, on the stack. */
#define CHUNK 256

/* float64, of any value. */
static void from_double(size_t n, const double *x, int to_odd, float *y)
{
    for (size_t i = 0; i < n; i++)
        y[i] = to_odd ? activ_float_to_odd(x[i]) : (float)x[i];
}

static void to_double(size_t n, const float *x, double *y)
{
    for (size_t i = 0; i < n; i++)
        y[i] = (double)x[i];
}

/* At most CHUNK numbers, by way of float32: exact but for the last step, as float64 is rounded to odd. */
static void convert_chunk(const activ_kernels *kernels, size_t n, activ_dtype from, const void *x, activ_dtype to,
                          void *y)
{
    float between[CHUNK];
    const float *values = between;
    float *results = to == ACTIV_FLOAT32 ? y : between;
    if (from == ACTIV_FLOAT32)
        values = x;
    else if (from == ACTIV_FLOAT64)
        from_double(n, x, to != ACTIV_FLOAT32, results);
    else
        kernels->widen(from, n, x, results);
    if (to == ACTIV_FLOAT64)
        to_double(n, values, y);
    else if (to != ACTIV_FLOAT32)
        kernels->narrow(to, 0, n, values, y);
}

static int is_real(activ_dtype dtype)
{
    return dtype == ACTIV_FLOAT16 || dtype == ACTIV_BFLOAT16 || dtype == ACTIV_FLOAT32 || dtype == ACTIV_FLOAT64;
}

activ_status activ_convert(size_t n, activ_dtype x_dtype, const void *x, activ_dtype y_dtype, void *y)
{
    const size_t from = activ_dtype_size(x_dtype), to = activ_dtype_size(y_dtype);
    if (!is_real(x_dtype) || !is_real(y_dtype))
        return ACTIV_ERROR_UNSUPPORTED;
    if (n == 0)
        return ACTIV_OK;
    if (n > SIZE_MAX / (from > to ? from : to))
        return ACTIV_ERROR_RANGE;
    if (!x || !y || !activ_is_aligned(x, from) || !activ_is_aligned(y, to) ||
        (!(x == y && from == to) && activ_ranges_overlap(x, n * from, y, n * to)))
        return ACTIV_ERROR_INVALID;
    if (x_dtype == y_dtype) {
        memmove(y, x, n * from);
        return ACTIV_OK;
    }
    const activ_kernels *kernels = activ_kernels_of(activ_tier_best());
    const int before = activ_round_to_nearest();
    for (size_t at = 0, count; at < n; at += count) {
        count = n - at < CHUNK ? n - at : CHUNK;
        convert_chunk(kernels, count, x_dtype, (const char *)x + at * from, y_dtype, (char *)y + at * to);
    }
    activ_round_as(before);
    return ACTIV_OK;
}
