/* What a tier has to offer for each activation function, and what such a kernel is told. */
#ifndef ACTIV_FUNCTIONS_KERNEL_H
#define ACTIV_FUNCTIONS_KERNEL_H

#include <stddef.h>
#include <stdint.h>

#include "functions/list.h"

typedef struct activ_fn_kernel activ_fn_kernel;
typedef struct activ_fn_part activ_fn_part;

/* What a function that keeps something for the way back gets in training, and only such a one. */
typedef struct activ_fn_training {
    float *keep;                  /* forward: a float of each element to be kept */
    const float *kept;            /* backward: what forward kept */
    uint64_t seed, stream, index; /* a random function draws from (seed, stream, index + i) for element i */
} activ_fn_training;

/* All that a kernel is told besides its arrays. */
typedef struct activ_fn_args {
    const float *values;   /* the settings in the order of the definition, as float32; a word's: its index; trainable
                            * scalars in their places */
    const float *params;   /* the trainable values, one vector after the other */
    const size_t *lengths; /* of these vectors */
    size_t vectors, param_count;
    size_t channels; /* 0: all elements share the scalars; else scalar j of element i is params[j * channels + i],
                      * and its place among the values is places[j] */
    const unsigned char *places;

    const activ_fn_training *training; /* NULL: evaluation */
    const activ_fn_part *parts;        /* the functions that it is made of */
    size_t part_count;
    const void *object; /* of a function that is not of the list: its program, or its host's object */
} activ_fn_args;

/* Arithmetic gets the first so many settings, in all lanes, whether there are as many or not; a function with scalars
 * has no more. */
#define ACTIV_FN_VALUES 8

/* A sum over elements has one shape: each block of so many is summed on its own, in sixteen partial sums, and the
 * blocks are joined by one tree (fn/sums.c). */
#define ACTIV_FN_BLOCK 4096

/* Of an elementwise function. Arrays may be the same where that is said; they do not overlap otherwise. */
struct activ_fn_kernel {
    void (*forward)(const activ_fn_args *a, size_t n, const float *x, float *y); /* y may be x */
    /* y = w f(x); y may be x or w. */
    void (*forward_times)(const activ_fn_args *a, size_t n, const float *x, const float *w, float *y);
    /* dx = dy f'(x), if dx is not NULL; dx may be dy or x. With sums, n is at most ACTIV_FN_BLOCK, and they become
     * those over the block of dy df/dparam: for each vector of parameters in turn, of its elements first .. first +
     * count - 1, as far as it has them. With channels there are no sums. */
    void (*backward)(const activ_fn_args *a, size_t first, size_t count, size_t n, const float *x, const float *dy,
                     float *dx, double *sums);
};

/* A function that another is made of. */
struct activ_fn_part {
    const activ_fn_kernel *kernel;
    activ_fn_args args;
};

/* Of a row-wise function. Strides are from row to row in elements. y may be x, and dx dy or x, with the same stride. */
typedef struct activ_rowwise_kernel {
    void (*forward)(const activ_fn_args *a, size_t rows, size_t columns, const float *x, size_t x_stride, float *y,
                    size_t y_stride);
    void (*backward)(const activ_fn_args *a, size_t rows, size_t columns, const float *x, size_t x_stride,
                     const float *dy, size_t dy_stride, float *dx, size_t dx_stride);
} activ_rowwise_kernel;

/* Places in a tier's tables of kernels. */
enum {
#define ACTIV_FN_INDEX(name) ACTIV_FN_##name,
    ACTIV_ELEMENTWISE(ACTIV_FN_INDEX)
#undef ACTIV_FN_INDEX
        ACTIV_ELEMENTWISE_COUNT
};
enum {
#define ACTIV_FN_INDEX(name) ACTIV_ROWWISE_##name,
    ACTIV_ROWWISE(ACTIV_FN_INDEX)
#undef ACTIV_FN_INDEX
        ACTIV_ROWWISE_COUNT
};

#endif
