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
#include "simd/piecewise.h"

/* A NaN in x comes out as it is: arithmetic may change its sign and payload, on each CPU and
 * with each compiler in another way. */
V_INLINE vf v_keep_nan(vf x, vf result)
{
    return v_sel(v_nan(x), x, result);
}

typedef vf v_function(vf x, const vf *values);
typedef vm v_test(vf x, const vf *values);
typedef vf v_gradient(vf x, const vf *values, int j);

/* Arithmetic in two parts: what nearly all inputs need, and what is right everywhere but slow. Which of the two an
 * element gets depends on its value alone (`is_far`, true for NaN), so that it has the same bits in every place; but
 * the second is calculated only where there is a far element among those that are treated together. */
typedef struct v_parts {
    v_function *near;
    v_test *is_far;
    v_function *far;
} v_parts;

/* For arithmetic in one part only NaN is far. */
V_INLINE vm v_nan_is_far(vf x, const vf *values)
{
    (void)values;
    return v_nan(x);
}

V_INLINE vf v_itself(vf x, const vf *values)
{
    (void)values;
    return x;
}

V_INLINE void v_spread(const float *values, size_t count, vf *v)
{
    for (size_t i = 0; i < ACTIV_MAX_VALUES; i++)
        v[i] = v_set(i < count ? values[i] : 0.0f);
}

/* Vectors treated together: enough to hide the time that each operation takes. */
#define V_TOGETHER 2

/* out = f(x), or dy f'(x) if dy is not NULL, for `count` vectors. */
V_INLINE void v_apply(v_parts f, const vf *v, const size_t count, const vf *x, const vf *dy, vf *out)
{
    vm far[V_TOGETHER], any = m_set(0);
    V_UNROLL
    for (size_t j = 0; j < count; j++) {
        out[j] = f.near(x[j], v);
        if (dy)
            out[j] = v_mul(dy[j], out[j]);
        far[j] = f.is_far(x[j], v);
        any = m_or(any, far[j]);
    }
    if (V_LIKELY(!m_any(any)))
        return;
    for (size_t j = 0; j < count; j++) {
        if (!m_any(far[j]))
            continue;
        vf value = f.far(x[j], v);
        if (dy)
            value = v_mul(dy[j], value);
        out[j] = v_keep_nan(x[j], v_sel(far[j], value, out[j]));
    }
}

/* From this many elements on, results that are not in a cache yet are written past it: to read what they overwrite
 * would be a third of the traffic. Below, it is slower (bench/compare.sh --n 524288,1048576). */
#define V_STREAM_FROM ((size_t)1 << 21)

/* How many elements come before the first at which v_stream may write. */
V_INLINE size_t v_stream_head(const float *y)
{
    return (size_t)(-(uintptr_t)y / sizeof *y) % V_LANES;
}

V_INLINE void v_store_or_stream(int stream, float *p, vf a)
{
    if (stream)
        v_stream(p, a);
    else
        v_store(p, a);
}

/* From element i on, all that is done several vectors at a time; returns the first element of the rest. With `stream` a
 * constant, the loop need not ask: cheap functions would take a tenth longer. */
V_INLINE size_t v_groups(v_parts f, const int slope, const int stream, const vf *v, size_t n, const float *x,
                         const float *dy, float *out, size_t i)
{
    vf xs[V_TOGETHER], dys[V_TOGETHER], results[V_TOGETHER];
    for (; i + V_TOGETHER * V_LANES <= n; i += V_TOGETHER * V_LANES) {
        for (size_t j = 0; j < V_TOGETHER; j++) {
            xs[j] = v_load(x + i + j * V_LANES);
            if (slope)
                dys[j] = v_load(dy + i + j * V_LANES);
        }
        v_apply(f, v, V_TOGETHER, xs, slope ? dys : NULL, results);
        for (size_t j = 0; j < V_TOGETHER; j++)
            v_store_or_stream(stream, out + i + j * V_LANES, results[j]);
    }
    return i;
}

/* out = f(x), or dy f'(x) if `slope`, for arrays of n; out may be x or dy. `slope` is a constant at each call, which dy
 * being NULL or not would not be. */
V_INLINE void v_loop(v_parts f, const int slope, const float *values, size_t count, size_t n, const float *x,
                     const float *dy, float *out)
{
    vf v[ACTIV_MAX_VALUES], xs[1], dys[1], results[1];
    const vf *factors = slope ? dys : NULL;
    v_spread(values, count, v);
    size_t i = 0;
    if (n >= V_STREAM_FROM && out != x && !(slope && out == dy)) {
        i = v_stream_head(out);
        if (i > 0) {
            xs[0] = v_load_part(x, i);
            if (slope)
                dys[0] = v_load_part(dy, i);
            v_apply(f, v, 1, xs, factors, results);
            v_store_part(out, i, results[0]);
        }
        i = v_groups(f, slope, 1, v, n, x, dy, out, i);
        v_stream_end();
    } else {
        i = v_groups(f, slope, 0, v, n, x, dy, out, 0);
    }
    for (; i < n; i += V_LANES) {
        size_t lanes = v_part_lanes(n - i, 0);
        xs[0] = v_load_some(x + i, lanes);
        if (slope)
            dys[0] = v_load_some(dy + i, lanes);
        v_apply(f, v, 1, xs, factors, results);
        v_store_some(out + i, lanes, results[0]);
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

#define ACTIV_KERNEL_FORWARD(name, ...)                                                                  \
    static void name##_forward_loop(const float *values, size_t count, size_t n, const float *x, float *y) \
    {                                                                                                    \
        const v_parts parts = { __VA_ARGS__ };                                                           \
        v_loop(parts, 0, values, count, n, x, NULL, y);                                                  \
    }

/* The sums of `how_many` trainable values come first: dx may be dy or x. */
#define ACTIV_KERNEL_BACKWARD(name, first, how_many, gradient, ...)                                      \
    static void name##_backward_loop(const float *values, size_t count, size_t n, const float *x,        \
                                     const float *dy, float *dx, float *dparams)                         \
    {                                                                                                    \
        const v_parts parts = { __VA_ARGS__ };                                                           \
        if (dparams)                                                                                     \
            for (int j = 0; j < (how_many); j++)                                                         \
                dparams[j] = (float)((double)dparams[j] +                                                \
                                     v_gradient_loop(gradient, (first) + j, values, count, n, x, dy));   \
        if (dx)                                                                                          \
            v_loop(parts, 1, values, count, n, x, dy, dx);                                               \
    }

#define ACTIV_KERNEL(name, noise, backward_noise)                                                        \
    static const activ_fn_kernel name##_kernel = { name##_forward_loop, name##_backward_loop, noise, backward_noise };

#define ACTIV_ONE_PART(f) f, v_nan_is_far, v_itself

#define ACTIV_ELEMENTWISE(name)                                                                          \
    ACTIV_KERNEL_FORWARD(name, ACTIV_ONE_PART(name##_forward))                                           \
    ACTIV_KERNEL_BACKWARD(name, 0, 0, NULL, ACTIV_ONE_PART(name##_derivative))                           \
    ACTIV_KERNEL(name, NULL, NULL)

#define ACTIV_ELEMENTWISE_RANDOM(name)                                                                   \
    ACTIV_KERNEL_FORWARD(name, ACTIV_ONE_PART(name##_forward))                                           \
    ACTIV_KERNEL_BACKWARD(name, 0, 0, NULL, ACTIV_ONE_PART(name##_derivative))                           \
    ACTIV_KERNEL(name, name##_forward_noise, name##_backward_noise)

/* With NAME_near, NAME_is_far and NAME_slope_near, NAME_slope_is_far beside NAME_forward and NAME_derivative. */
#define ACTIV_ELEMENTWISE_NEAR(name)                                                                     \
    ACTIV_KERNEL_FORWARD(name, name##_near, name##_is_far, name##_forward)                               \
    ACTIV_KERNEL_BACKWARD(name, 0, 0, NULL, name##_slope_near, name##_slope_is_far, name##_derivative)   \
    ACTIV_KERNEL(name, NULL, NULL)

#define ACTIV_ELEMENTWISE_TRAINABLE(name, first, how_many)                                               \
    ACTIV_KERNEL_FORWARD(name, ACTIV_ONE_PART(name##_forward))                                           \
    ACTIV_KERNEL_BACKWARD(name, first, how_many, name##_gradient, ACTIV_ONE_PART(name##_derivative))     \
    ACTIV_KERNEL(name, NULL, NULL)

#endif
