/* The kernels that each tier has, as tables of functions. One set of tables per tier; all give
 * the same bits. */
#ifndef ACTIV_KERNELS_KERNELS_H
#define ACTIV_KERNELS_KERNELS_H

#include <stddef.h>
#include <stdint.h>

#include "functions/kernel.h"

/* The epilogue: an activation, forward or backward, on C's rows while they are in the cache (fusion); element (i, j) of
 * y and x is at [i * rows + j]. With channels in its arguments, column j is channel first_column + j: C may be some
 * columns of a product that threads share. */
typedef struct activ_gemm_epilogue {
    const activ_fn_kernel *kernel; /* NULL: nothing */
    const activ_fn_args *args;     /* of the kernel */
    float *y;                      /* y = f(C); or */
    const float *x;                /* y NULL: C = C f'(x) */
    size_t rows, first_column;
} activ_gemm_epilogue;

/* C = A B, with A m x k, B k x n, C m x n. Element (i, j) of a matrix is at [i * rows + j *
 * columns]; C's columns are 1 apart. Each element of C is one chain of fma over k in order,
 * which starts from its column's bias. */
typedef struct activ_gemm {
    size_t m, n, k;
    const float *a;
    size_t a_rows, a_columns; /* one of them is 1 */
    const float *b;
    size_t b_rows, b_columns; /* one of them is 1 */
    float *c;
    size_t c_rows;
    const float *bias; /* n values that the chains start from; NULL: zero */
    activ_gemm_epilogue epilogue;
    float *scratch; /* of this call: activ_gemm_scratch(n, k) floats, on a cache line */
} activ_gemm;

/* Blocks: of how many columns and how deep, and from which width on A may be packed too. A block of a panel is 25 KiB
 * with AVX2, most of a small first-level cache; depths of 200 and 264 are as fast where k is 784, and slower where
 * it is 2048. */
#define ACTIV_GEMM_COLUMNS 1024
#define ACTIV_GEMM_DEPTH 400
#define ACTIV_GEMM_PACK_FROM 256
#define ACTIV_GEMM_PANEL 32        /* the widest panel; columns are shared out in multiples of it */
#define ACTIV_GEMM_PACKED_ROWS 144 /* at most so many rows of A are packed */
#define ACTIV_GEMM_PANELS(width, k) (((width) + ACTIV_GEMM_PANEL - 1) / ACTIV_GEMM_PANEL * ACTIV_GEMM_PANEL * (k))

static inline size_t activ_gemm_scratch(size_t n, size_t k)
{
    size_t width = n < ACTIV_GEMM_COLUMNS ? n : ACTIV_GEMM_COLUMNS;
    size_t depth = k < ACTIV_GEMM_DEPTH ? k : ACTIV_GEMM_DEPTH;
    return ACTIV_GEMM_PANELS(width, depth) + (width < ACTIV_GEMM_PACK_FROM ? 0 : ACTIV_GEMM_PACKED_ROWS * depth + 16);
}

typedef struct activ_sgd_scalars {
    float lr, momentum, dampening, weight_decay;
    int nesterov, maximize, first;
} activ_sgd_scalars;

/* x: rows x channels x length values; one mean, variance, weight and bias for each channel. A call does the
 * channels first .. end - 1. */
typedef struct activ_batch_norm {
    size_t rows, channels, length, first, end;
    const float *weight, *bias;
    float eps, momentum;
} activ_batch_norm;

/* x: rows x columns values; one mean and variance for each row, one weight and bias for each column. A call does
 * `rows` rows; layer_norm_sums, which adds up over rows, the columns first .. end - 1 of all of them. */
typedef struct activ_layer_norm {
    size_t rows, columns, first, end;
    const float *weight, *bias;
    float eps;
} activ_layer_norm;

/* What training saves of each mean. */
#define ACTIV_NORM_SAVED 3
typedef struct activ_adamw_scalars {
    float rate;          /* lr / (1 - beta1^step) */
    float scale;         /* 1 / sqrt(1 - beta2^step) */
    float decay;         /* lr * weight_decay */
    float beta1, share1; /* share1 = 1 - beta1 */
    float beta2, share2, eps;
    int maximize;
} activ_adamw_scalars;

typedef struct activ_rmsprop_scalars {
    float lr, alpha, share, eps, weight_decay, momentum; /* share = 1 - alpha */
    int maximize;
} activ_rmsprop_scalars;

typedef struct activ_kernels {
    const activ_fn_kernel *const *elementwise;  /* by ACTIV_FN_name */
    const activ_rowwise_kernel *const *rowwise; /* by ACTIV_ROWWISE_name */

    void (*gemm)(const activ_gemm *g);

    /* y = a + b and y = a b; y may be either. */
    void (*add)(size_t n, const float *a, const float *b, float *y);
    void (*multiply)(size_t n, const float *a, const float *b, float *y);
    /* y = a b, and returns 1 if no product overflowed or lost digits by underflow; y is neither. And y = a b c where
     * these products need not survive a float, only the result; where the first product is sound it is (a b) c, rounded
     * twice. */
    int (*multiply_soundly)(size_t n, const float *a, const float *b, float *y);
    void (*multiply_three)(size_t n, const float *a, const float *b, const float *c, float *y);
    /* sums[j] = sum over rows i, in order, of x[i * x_rows + j]. */
    void (*column_sums)(size_t rows, size_t columns, const float *x, size_t x_rows, float *sums);

    /* *loss_sum: the sum over the rows of softmax cross-entropy at the label; and (if dx is not
     * NULL) dx = (softmax(x) - onehot) * scale. */
    void (*cross_entropy)(size_t rows, size_t columns, const float *x, const int32_t *labels, float scale,
                          double *loss_sum, float *dx);
    /* Sum of (x - t)^2 over n values, and (if dx is not NULL) dx = (x - t) * scale. */
    void (*squared_error)(size_t n, const float *x, const float *t, float scale, double *loss_sum, float *dx);

    /* y = (x - mean)/sqrt(var + eps) weight + bias, with the mean and variance given (batch_norm), or those
     * of x (the others). saved: what the way back needs, ACTIV_NORM_SAVED floats for each mean; NULL is
     * allowed for layer_norm. running: each becomes (1 - momentum) itself + momentum the new one, the
     * variance being the sum of squares over n - 1. */
    void (*batch_norm)(const activ_batch_norm *b, const float *mean, const float *var, const float *x, float *y);
    void (*batch_norm_train)(const activ_batch_norm *b, const float *x, float *y, float *running_mean,
                             float *running_var, float *saved);
    void (*layer_norm)(const activ_layer_norm *l, const float *x, float *y, float *saved);
    /* dx may be dy; of batch_norm it may be NULL. The gradients of weight and bias are overwritten. */
    void (*batch_norm_back)(const activ_batch_norm *b, const float *saved, const float *x, const float *dy, float *dx,
                            float *dweight, float *dbias);
    void (*layer_norm_sums)(const activ_layer_norm *l, const float *saved, const float *x, const float *dy,
                            float *dweight, float *dbias);
    void (*layer_norm_back)(const activ_layer_norm *l, const float *saved, const float *x, const float *dy, float *dx);

    /* x = x * factor; and x cut to -limit .. limit, a NaN stays. */
    void (*scale)(size_t n, float factor, float *x);
    void (*clamp)(size_t n, float limit, float *x);
    double (*sum_of_squares)(size_t n, const float *x);

    /* One step of an optimiser. velocity, most, buffer and mean may be NULL: no momentum, no amsgrad,
     * no momentum, not centered. */
    void (*sgd)(const activ_sgd_scalars *s, size_t n, const float *gradient, float *velocity, float *params);
    void (*adamw)(const activ_adamw_scalars *s, size_t n, const float *gradient, float *mean, float *square,
                  float *most, float *params);
    void (*rmsprop)(const activ_rmsprop_scalars *s, size_t n, const float *gradient, float *square, float *buffer,
                    float *mean, float *params);

    /* activ_random_uniform, whose arguments have been checked. */
    void (*uniform)(uint64_t seed, uint64_t stream, uint64_t index, size_t n, float low, float high, float *out);
} activ_kernels;

/* The kernels of a tier, by its index in cpu/cpu.h. */
const activ_kernels *activ_kernels_of(int tier);

#endif
