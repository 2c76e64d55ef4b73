/* Overflow-checked arithmetic on sizes. Each function returns 1 and stores the result, or returns 0 on overflow. */
#ifndef ACTIV_BASE_CHECKED_H
#define ACTIV_BASE_CHECKED_H

#include <stddef.h>
#include <stdint.h>

static inline int activ_checked_mul(size_t a, size_t b, size_t *product)
{
    if (b != 0 && a > SIZE_MAX / b)
        return 0;
    *product = a * b;
    return 1;
}

static inline int activ_checked_add(size_t a, size_t b, size_t *sum)
{
    if (a > SIZE_MAX - b)
        return 0;
    *sum = a + b;
    return 1;
}

/* The product of all dimensions; 1 for none. */
static inline int activ_checked_count(size_t ndim, const size_t *shape, size_t *count)
{
    /* With a zero dimension the product is 0, even if the others overflow. */
    size_t product = 1;
    for (size_t i = 0; i < ndim; i++) {
        if (shape[i] == 0) {
            *count = 0;
            return 1;
        }
    }
    for (size_t i = 0; i < ndim; i++)
        if (!activ_checked_mul(product, shape[i], &product))
            return 0;
    *count = product;
    return 1;
}

/* Do the two ranges of bytes share a byte? */
static inline int activ_ranges_overlap(const void *a, size_t a_bytes, const void *b, size_t b_bytes)
{
    uintptr_t p = (uintptr_t)a, q = (uintptr_t)b;
    if (a_bytes == 0 || b_bytes == 0)
        return 0;
    return p <= q ? q - p < a_bytes : p - q < b_bytes;
}

/* What to say of an array of floats for which activ_is_aligned is false. */
#define ACTIV_MISALIGNED " at an address that is not a multiple of 4"

/* Where a number of `size` bytes, a power of two, may lie. NULL may. */
static inline int activ_is_aligned(const void *p, size_t size)
{
    return ((uintptr_t)p & (size - 1)) == 0;
}

static inline int activ_is_finite(float value)
{
    return value - value == 0.0f;
}

#endif
