/* The kernels of a tier, as a table of function pointers. There is one table per tier; all give the same bits. */
#ifndef ACTIV_KERNELS_KERNELS_H
#define ACTIV_KERNELS_KERNELS_H

#include <stddef.h>
#include <stdint.h>

#include "activ/dtype.h"
#include "functions/kernel.h"

/* The epilogue of a matrix product, an activation fused into it: forward or backward on C's rows while they are in the
 * cache. Element (i, j) of y and x is at [i * row_stride + j]. With channels in args, column j is channel first_column
 * + j, as C may be one thread's columns of a larger product. */
typedef struct activ_gemm_epilogue {
    const activ_fn_kernel *kernel; /* NULL: no epilogue */
    const activ_fn_args *args;
    float *y;       /* forward: y = f(C); or */
    const float *x; /* backward, if y is NULL: C = C f'(x) */
    size_t row_stride, first_column;
} activ_gemm_epilogue;

/* GEMM: C = A B, A m x k, B k x n, C m x n. Element (i, j) of a matrix is at [i * row_stride + j * column_stride]; C's
 * column stride is 1. Each element of C is one chain of fma over k, in order, that starts from its column's bias. */
typedef struct activ_gemm {
    size_t m, n, k;
    const float *a;
    size_t a_row_stride, a_column_stride; /* one of them is 1 */
    const float *b;
    size_t b_row_stride, b_column_stride; /* one of them is 1 */
    float *c;
    size_t c_row_stride;
    const float *bias; /* n initial values; NULL: zero */
    activ_gemm_epilogue epilogue;
    float *scratch; /* activ_gemm_scratch(n, k) floats of this call's own, aligned to a cache line */
} activ_gemm;

/* Cache blocking: columns per block (BLIS calls it NC), depth of a block (KC), and the width from which A may be packed
 * too. A panel of one block is 25 KiB with AVX2, most of a small L1 cache; depths of 200 and 264 are as fast where k is
 * 784, and slower where it is 2048. */
#define ACTIV_GEMM_COLUMNS 1024
#define ACTIV_GEMM_DEPTH 400
#define ACTIV_GEMM_PACK_FROM 256
#define ACTIV_GEMM_PANEL 32        /* the widest panel; threads get multiples of it */
#define ACTIV_GEMM_PACKED_ROWS 144 /* rows of A that are packed at a time, at most (MC) */
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

/* x: rows x channels x length values; each channel has its own mean, variance, weight and bias. A call processes
 * channels first .. end - 1. */
typedef struct activ_batch_norm {
    size_t rows, channels, length, first, end;
    const float *weight, *bias;
    float eps, momentum;
} activ_batch_norm;

/* x: rows x columns values; each row has its own mean and variance, each column its own weight and bias.
 * layer_norm_sums, a reduction over the rows, processes columns first .. end - 1. */
typedef struct activ_layer_norm {
    size_t rows, columns, first, end;
    const float *weight, *bias;
    float eps;
} activ_layer_norm;

/* Floats saved per mean for the backward pass. */
#define ACTIV_NORM_SAVED 3

/* Magnitudes below which an average, a gradient and a gradient that is squared count as 0 (activ/optim.h); 0: none. */
typedef struct activ_least {
    float average, gradient, squared;
} activ_least;

typedef struct activ_adamw_scalars {
    float rate;  /* lr / (1 - beta1^step) */
    float scale; /* 1 / sqrt(1 - beta2^step) */
    float decay; /* lr * weight_decay */
    float beta1, one_minus_beta1;
    float beta2, one_minus_beta2, eps;
    int maximize;
    activ_least least;
} activ_adamw_scalars;

typedef struct activ_rmsprop_scalars {
    float lr, alpha, one_minus_alpha, eps, weight_decay, momentum;
    int maximize;
    activ_least least;
} activ_rmsprop_scalars;

/* Rows of logits with their labels, as PyTorch's CrossEntropyLoss. The loss of a row is the sum over the classes of t_j
 * -ln softmax(x)_j, with t_j = smoothing / columns weight_j, and (1 - smoothing) weight_j more for the label. */
typedef struct activ_cross_entropy {
    size_t rows, columns;
    const float *x;
    const int32_t *labels;
    int32_t ignore_index;     /* a row with this label counts nothing, and has gradient 0 */
    double smoothing;         /* 0 to 1 */
    const float *weight;      /* of each class; NULL: 1 */
    double weight_sum, terms; /* of all classes; of the labels of the rows that count */
    float *dx;
} activ_cross_entropy;

#define ACTIV_STREAM_ALIGN 64

/* Numbers of 16 bits, as whole ones, in two ranges, modulo 2^16: `count` of them from `first` on become `value`. NaN
 * are those above `infinity`, without their sign; UINT16_MAX if none is in the first range, and there is no second. */
typedef struct activ_half_ranges {
    uint16_t first[2], count[2], value[2], infinity;
} activ_half_ranges;

/* Of formulas, args->object being an activ_formula_programs; and one operation of theirs (ACTIV_OP_...). */
typedef struct activ_formula_kernels {
    const activ_fn_kernel *kernel;
    float (*operation)(int op, float a, float b);
} activ_formula_kernels;

typedef struct activ_kernels {
    const activ_fn_kernel *const *elementwise;  /* by ACTIV_FN_name */
    const activ_rowwise_kernel *const *rowwise; /* by ACTIV_ROWWISE_name */

    const activ_formula_kernels *formula;

    /* y = x from, and to, float16 or bfloat16. stream: by non-temporal stores, which a call with n = 0 ends; y is
     * aligned to ACTIV_STREAM_ALIGN. */
    void (*widen)(activ_dtype dtype, size_t n, const uint16_t *x, float *y);
    void (*narrow)(activ_dtype dtype, int stream, size_t n, const float *x, uint16_t *y);

    /* out = the value of x's range, in in neither, x where that is NaN; out may be x or in. */
    void (*replace)(const activ_half_ranges *r, size_t n, const uint16_t *x, const uint16_t *in, uint16_t *out);

    void (*gemm)(const activ_gemm *g);

    /* C += A B in doubles: four rows of A, k long, and of C, n long, a multiple of sixteen; rows of C may be the same
     * if those of A are. Each element of C is one chain over k, in order, of products that are rounded before they are
     * added, as fma is a call on the scalar tier. */
    void (*wide_rows)(size_t n, size_t k, double *const a[4], const double *b, size_t b_stride, double *const c[4]);

    /* y = a + b and y = a b; y may be a or b. */
    void (*add)(size_t n, const float *a, const float *b, float *y);
    void (*multiply)(size_t n, const float *a, const float *b, float *y);
    /* The same, but 0 where b is 0, also if a is infinite or NaN. */
    void (*multiply_masked)(size_t n, const float *a, const float *b, float *y);
    /* y = a b, y neither a nor b; returns 1 if no product over- or underflowed. And y = a b c, where a b may over- or
     * underflow; if it does not, the result is (a b) c, rounded twice. */
    int (*multiply_checked)(size_t n, const float *a, const float *b, float *y);
    void (*multiply_three)(size_t n, const float *a, const float *b, const float *c, float *y);
    /* sums[j] = sum over rows i, in order, of x[i * x_row_stride + j]. */
    void (*column_sums)(size_t rows, size_t columns, const float *x, size_t x_row_stride, float *sums);

    /* Softmax cross-entropy, summed over the rows; and, if dx is not NULL, the gradient of the sum divided by terms. */
    double (*cross_entropy)(const activ_cross_entropy *c);
    /* *loss_sum: the sum of (x - t)^2 over n values; and (if dx is not NULL) dx = (x - t) * scale. */
    void (*squared_error)(size_t n, const float *x, const float *t, float scale, double *loss_sum, float *dx);

    /* y = (x - mean)/sqrt(var + eps) weight + bias, with the mean and variance given (batch_norm), or those of x (the
     * others). saved: for the backward pass, ACTIV_NORM_SAVED floats per mean; may be NULL for layer_norm. running_...:
     * momentum is the weight of the batch's value; its variance is divided by n - 1. */
    void (*batch_norm)(const activ_batch_norm *b, const float *mean, const float *var, const float *x, float *y);
    void (*batch_norm_train)(const activ_batch_norm *b, const float *x, float *y, float *running_mean,
                             float *running_var, float *saved);
    void (*layer_norm)(const activ_layer_norm *l, const float *x, float *y, float *saved);
    /* dx may be dy; for batch_norm it may be NULL. The gradients of weight and bias are overwritten. */
    void (*batch_norm_back)(const activ_batch_norm *b, const float *saved, const float *x, const float *dy, float *dx,
                            float *dweight, float *dbias);
    void (*layer_norm_sums)(const activ_layer_norm *l, const float *saved, const float *x, const float *dy,
                            float *dweight, float *dbias);
    void (*layer_norm_back)(const activ_layer_norm *l, const float *saved, const float *x, const float *dy, float *dx);

    /* x = x * factor; and x clamped to -limit .. limit, NaN unchanged. */
    void (*scale)(size_t n, float factor, float *x);
    void (*clamp)(size_t n, float limit, float *x);
    double (*sum_of_squares)(size_t n, const float *x);

    /* One step of an optimiser. velocity NULL: no momentum; max_square NULL: no amsgrad; buffer NULL: no momentum;
     * rmsprop's mean NULL: not centered. */
    void (*sgd)(const activ_sgd_scalars *s, size_t n, const float *gradient, float *velocity, float *params);
    void (*adamw)(const activ_adamw_scalars *s, size_t n, const float *gradient, float *mean, float *square,
                  float *max_square, float *params);
    void (*rmsprop)(const activ_rmsprop_scalars *s, size_t n, const float *gradient, float *square, float *buffer,
                    float *mean, float *params);

    /* activ_random_uniform, whose arguments have been checked. */
    void (*uniform)(uint64_t seed, uint64_t stream, uint64_t index, size_t n, float low, float high, float *out);
} activ_kernels;

/* The kernels of a tier, by its index in cpu/cpu.h. */
const activ_kernels *activ_kernels_of(int tier);

#endif
