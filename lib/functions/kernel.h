/* What a tier has to offer for each activation function. */
#ifndef ACTIV_FUNCTIONS_KERNEL_H
#define ACTIV_FUNCTIONS_KERNEL_H

#include <stddef.h>

#include "functions/list.h"

/* One activation function. values: its settings and parameters in the order of its definition,
 * `count` of them. y may be x; dx may be dy or x. */
typedef struct activ_fn_kernel {
    void (*forward)(const float *values, size_t count, size_t n, const float *x, float *y);
    /* dx = dy f'(x), and *dparams += the gradients of the trainable values; either may be NULL. */
    void (*backward)(const float *values, size_t count, size_t n, const float *x, const float *dy,
                     float *dx, float *dparams);
    /* Only for functions that are random in training. noise: uniform in [0, 1) at first,
     * afterwards what backward_noise needs. */
    void (*forward_noise)(const float *values, size_t n, const float *x, float *y, float *noise);
    void (*backward_noise)(size_t n, const float *noise, const float *dy, float *dx);
} activ_fn_kernel;

enum {
#define ACTIV_FN_INDEX(name) ACTIV_FN_##name,
    ACTIV_FUNCTIONS(ACTIV_FN_INDEX)
#undef ACTIV_FN_INDEX
    ACTIV_FN_COUNT
};

#endif
