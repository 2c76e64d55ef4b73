/* The kernels of an activation function, and their arguments. */
#ifndef ACTIV_FUNCTIONS_KERNEL_H
#define ACTIV_FUNCTIONS_KERNEL_H

#include <stddef.h>
#include <stdint.h>

#include "activ/dtype.h"
#include "base/sum.h"
#include "functions/list.h"

typedef struct activ_fn_kernel activ_fn_kernel;
typedef struct activ_fn_component activ_fn_component;

/* Training of functions whose forward saves something for backward. */
typedef struct activ_fn_training {
    float *save;                  /* forward writes one float per element */
    const float *saved;           /* backward reads it */
    uint64_t seed, stream, index; /* a random function draws from (seed, stream, index + i) for element i */
} activ_fn_training;

/* All arguments of a kernel but its arrays. */
typedef struct activ_fn_args {
    const float *setting_values; /* in the order of the definition, as float32; of a word, its index */
    const float *params;         /* one vector after the other */
    const size_t *lengths;       /* of the vectors */
    size_t vectors, param_count;

    /* 0: all elements share the trainable scalars, which are among the settings. Else scalar j of element i is
     * params[j * channels + i], and replaces setting scalar_settings[j]. */
    size_t channels;
    const unsigned char *scalar_settings;

    const activ_fn_training *training;    /* NULL: evaluation */
    const activ_fn_component *components; /* the functions that this one is composed of */
    size_t component_count;
    const void *object; /* of a function outside the list: its program, or its host's object */
} activ_fn_args;

/* Arithmetic gets this many settings, each broadcast to all lanes, even if there are fewer; a function with trainable
 * scalars has no more. */
#define ACTIV_FN_SETTINGS 8

/* A reduction over elements has one shape, whatever the tier and the threads: blocks of this size are summed each in
 * sixteen partial sums, and the blocks' sums are added in one tree (fn/sums.c). */
#define ACTIV_FN_BLOCK 4096
#define ACTIV_FN_SOME_SUMS 16

/* An elementwise function. Where noted, arrays may be the same (in place); they must not overlap otherwise. */
struct activ_fn_kernel {
    void (*forward)(const activ_fn_args *a, size_t n, const float *x, float *y); /* y may be x */
    /* y = w f(x); y may be x or w. NULL: by way of f(x). */
    void (*forward_times)(const activ_fn_args *a, size_t n, const float *x, const float *w, float *y);
    /* dx = dy f'(x), if dx is not NULL; dx may be dy or x. If lanes is not NULL, dy df/dparam is added to lane i mod 16
     * for element i: of each vector of parameters in turn, elements first .. first + count - 1, or fewer where it is
     * shorter. With channels, lanes is NULL. */
    void (*backward)(const activ_fn_args *a, size_t first, size_t count, size_t n, const float *x, const float *dy,
                     float *dx, activ_lanes *lanes);
    /* dx = dy f'(x) from y = f(x), where the definition says that this is possible; dx may be dy or y. NULL: backward
     * does that, of y. */
    void (*backward_from_y)(const activ_fn_args *a, size_t n, const float *y, const float *dy, float *dx);
    /* Multiplies the sums, in the same order, by what all their terms have in common, which backward left out.
     * NULL: nothing. */
    void (*finish)(const activ_fn_args *a, size_t first, size_t count, double *sums);
    /* Needs much of the stack itself, so that others have less of it: backward gets ACTIV_FN_SOME_SUMS lanes at a time,
     * not as many as fn/sums.c has room for. */
    int is_deep;
};

/* A function that another is composed of. */
struct activ_fn_component {
    const activ_fn_kernel *kernel;
    activ_fn_args args;
    size_t scalars; /* how many of its vectors are trainable settings, as which kernels read them */
};

/* A row of float16 or bfloat16, and how that is converted. */
typedef struct activ_half_row {
    activ_dtype dtype;
    size_t columns;
    const uint16_t *x, *dy;
    uint16_t *out; /* y or dx; may be x or dy */
    void (*widen)(activ_dtype dtype, size_t n, const uint16_t *x, float *y);
    void (*narrow)(activ_dtype dtype, int stream, size_t n, const float *x, uint16_t *y);
} activ_half_row;

/* A row-wise function. Strides are from row to row, in elements. y may be x, and dx may be dy or x (or y, where that is
 * given), with the same stride. accumulate: dx is added to. */
typedef struct activ_rowwise_kernel {
    void (*forward)(const activ_fn_args *a, size_t rows, size_t columns, const float *x, size_t x_stride, float *y,
                    size_t y_stride);
    void (*backward)(const activ_fn_args *a, size_t rows, size_t columns, const float *x, size_t x_stride,
                     const float *dy, size_t dy_stride, float *dx, size_t dx_stride, int accumulate);
    void (*backward_from_y)(const activ_fn_args *a, size_t rows, size_t columns, const float *y, size_t y_stride,
                            const float *dy, size_t dy_stride, float *dx, size_t dx_stride, int accumulate);
    /* The same bits as of the row in float32, of any length. */
    void (*forward_half)(const activ_half_row *row);
    void (*backward_half)(const activ_half_row *row);
} activ_rowwise_kernel;

/* Indices into a tier's tables of kernels. */
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
