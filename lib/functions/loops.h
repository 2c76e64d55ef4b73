/* The loops that turn arithmetic on vectors into kernels on arrays.
 *
 * A loop is an inline function that gets the arithmetic as a pointer; both are inlined into each
 * kernel, so that the pointer is gone. */
#ifndef ACTIV_FUNCTIONS_LOOPS_H
#define ACTIV_FUNCTIONS_LOOPS_H

#include "functions/definition.h"
#include "functions/kernel.h"
#include "simd/blocks.h"
#include "simd/math.h"

/* A NaN in x comes out as it is: arithmetic may change its sign and payload, on each CPU and
 * with each compiler in another way. */
V_INLINE vf v_keep_nan(vf x, vf result)
{
    return v_sel(v_nan(x), x, result);
}

typedef vf v_function(vf x, const vf *values);
typedef vf v_gradient(vf x, const vf *values, int j);

V_INLINE void v_spread(const float *values, size_t count, vf *v)
{
    for (size_t i = 0; i < ACTIV_MAX_VALUES; i++)
        v[i] = v_set(i < count ? values[i] : 0.0f);
}

V_INLINE void v_forward_loop(v_function *f, const float *values, size_t count, size_t n,
                             const float *x, float *y)
{
    vf v[ACTIV_MAX_VALUES];
    v_spread(values, count, v);
    size_t i = 0;
    for (; i + V_BLOCK <= n; i += V_BLOCK) {
        vf out[V_PER_BLOCK];
        for (size_t j = 0; j < V_PER_BLOCK; j++) {
            vf xs = v_load(x + i + j * V_LANES);
            out[j] = v_keep_nan(xs, f(xs, v));
        }
        for (size_t j = 0; j < V_PER_BLOCK; j++)
            v_store(y + i + j * V_LANES, out[j]);
    }
    for (; i < n; i += V_LANES) {
        size_t lanes = v_part_lanes(n - i, 0);
        vf xs = v_load_some(x + i, lanes);
        v_store_some(y + i, lanes, v_keep_nan(xs, f(xs, v)));
    }
}

V_INLINE void v_derivative_loop(v_function *d, const float *values, size_t count, size_t n,
                                const float *x, const float *dy, float *dx)
{
    vf v[ACTIV_MAX_VALUES];
    v_spread(values, count, v);
    size_t i = 0;
    for (; i + V_BLOCK <= n; i += V_BLOCK) {
        vf out[V_PER_BLOCK];
        for (size_t j = 0; j < V_PER_BLOCK; j++) {
            vf xs = v_load(x + i + j * V_LANES);
            out[j] = v_keep_nan(xs, v_mul(v_load(dy + i + j * V_LANES), d(xs, v)));
        }
        for (size_t j = 0; j < V_PER_BLOCK; j++)
            v_store(dx + i + j * V_LANES, out[j]);
    }
    for (; i < n; i += V_LANES) {
        size_t lanes = v_part_lanes(n - i, 0);
        vf xs = v_load_some(x + i, lanes);
        v_store_some(dx + i, lanes, v_keep_nan(xs, v_mul(v_load_some(dy + i, lanes), d(xs, v))));
    }
}

/* Gradient of one trainable value: the sum over all elements of dy df/dvalue. */
V_INLINE double v_gradient_loop(v_gradient *g, int which, const float *values, size_t count, size_t n,
                                const float *x, const float *dy)
{
    vf v[ACTIV_MAX_VALUES];
    v_spread(values, count, v);
    vsum sum = v_sum_zero();
    for (size_t i = 0; i < n; i += V_BLOCK) {
        for (size_t j = 0; j < V_PER_BLOCK; j++) {
            size_t lanes = v_part_lanes(n - i, j), at = i + j * V_LANES;
            if (lanes == 0)
                break;
            vf slope = g(v_load_some(x + at, lanes), v, which);
            sum.part[j] = acc_fma(sum.part[j], v_load_some(dy + at, lanes), slope);
        }
    }
    return v_sum_total(sum);
}

#define ACTIV_ELEMENTWISE_FORWARD(name)                                                                  \
    static void name##_forward_loop(const float *values, size_t count, size_t n, const float *x, float *y) \
    {                                                                                                    \
        v_forward_loop(name##_forward, values, count, n, x, y);                                          \
    }

#define ACTIV_ELEMENTWISE_BACKWARD(name)                                                                 \
    static void name##_backward_loop(const float *values, size_t count, size_t n, const float *x,        \
                                     const float *dy, float *dx, float *dparams)                         \
    {                                                                                                    \
        (void)dparams;                                                                                   \
        if (dx)                                                                                          \
            v_derivative_loop(name##_derivative, values, count, n, x, dy, dx);                           \
    }

#define ACTIV_ELEMENTWISE(name)                                                                          \
    ACTIV_ELEMENTWISE_FORWARD(name)                                                                      \
    ACTIV_ELEMENTWISE_BACKWARD(name)                                                                     \
    static const activ_fn_kernel name##_kernel = { name##_forward_loop, name##_backward_loop, NULL, NULL };

#define ACTIV_ELEMENTWISE_RANDOM(name)                                                                   \
    ACTIV_ELEMENTWISE_FORWARD(name)                                                                      \
    ACTIV_ELEMENTWISE_BACKWARD(name)                                                                     \
    static const activ_fn_kernel name##_kernel = { name##_forward_loop, name##_backward_loop,            \
                                                   name##_forward_noise, name##_backward_noise };

/* The sums first: dx may be dy or x. */
#define ACTIV_ELEMENTWISE_TRAINABLE(name, first, how_many)                                               \
    ACTIV_ELEMENTWISE_FORWARD(name)                                                                      \
    static void name##_backward_loop(const float *values, size_t count, size_t n, const float *x,        \
                                     const float *dy, float *dx, float *dparams)                         \
    {                                                                                                    \
        if (dparams)                                                                                     \
            for (int j = 0; j < (how_many); j++)                                                         \
                dparams[j] = (float)((double)dparams[j] +                                                \
                                     v_gradient_loop(name##_gradient, (first) + j, values, count, n, x, dy)); \
        if (dx)                                                                                          \
            v_derivative_loop(name##_derivative, values, count, n, x, dy, dx);                           \
    }                                                                                                    \
    static const activ_fn_kernel name##_kernel = { name##_forward_loop, name##_backward_loop, NULL, NULL };

#endif
