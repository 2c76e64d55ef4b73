/* The loops that make kernels on arrays of arithmetic on vectors.
 *
 * A loop is an inline function with the arithmetic as a function pointer; both are inlined into each kernel, which
 * leaves no pointer. */
#ifndef ACTIV_FUNCTIONS_LOOPS_H
#define ACTIV_FUNCTIONS_LOOPS_H

#include "functions/kernel.h"
#include "simd/blocks.h"
#include "simd/math.h"
#include "simd/piecewise.h"
#include "simd/random.h"

typedef vf v_function(vf x, const vf *v);
typedef vm v_test(vf x, const vf *v);

/* df/d(scalar) for each trainable scalar. Where the branch that depends on a scalar is not taken, flat[k] becomes true,
 * and the gradient is 0 whatever dy is. */
typedef void v_gradients(vf x, const vf *v, vf *out, vm *flat);

/* A fast path for nearly all inputs (`near`), and a slow one that is right everywhere (`far`). Which of them an element
 * takes depends on its value alone (`is_far`, true for NaN), never on its neighbours; but the slow one is computed only
 * for groups that hold a far element. Without is_far and far, only NaN is far, and stays unchanged. */
typedef struct v_paths {
    v_function *near;
    v_test *is_far;
    v_function *far;

    /* Of a derivative, optional: where the function is constant, and dx = 0 whatever dy is, infinities and NaN
     * included: the branch is not taken, as opposed to a slope that underflows. False for NaN. */
    v_test *is_flat;
} v_paths;

/* y = f(x) if w is NULL, else y = w f(x); y may be x or w. */
typedef void v_forward_loop(const activ_fn_args *a, size_t n, const float *x, const float *w, float *y);
typedef void v_backward_loop(const activ_fn_args *a, size_t first, size_t count, size_t n, const float *x,
                             const float *dy, float *dx, activ_lanes *lanes);
typedef void v_finish(const activ_fn_args *a, size_t first, size_t count, double *sums);

/* An elementwise function: its file ends with this table. */
typedef struct v_elementwise {
    v_paths forward, derivative;

    /* Optional: cheaper arithmetic for some settings; plain_lanes: which lanes have them, for scalars per channel. */
    int (*is_plain)(const float *values);
    vm (*plain_lanes)(const vf *v);
    v_paths plain_forward, plain_derivative;

    v_paths from_y; /* optional: f' as a function of y (definition.h, is_of_y) */

    /* Trainable scalars: how many, and df/d(scalar) for each. */
    size_t scalars;
    v_gradients *gradients;

    /* In training, forward saves a float per element (activ_fn_training), and backward needs that and dy alone. */
    void (*forward_saving)(const activ_fn_args *a, size_t n, const float *x, float *y);
    void (*backward_saved)(const activ_fn_args *a, size_t n, const float *dy, float *dx);

    /* Instead of all that: the function's own loops. */
    v_forward_loop *forward_loop;
    v_backward_loop *backward_loop;
    v_finish *finish; /* optional */
} v_elementwise;

/* A NaN in x is passed through: arithmetic would change its sign and payload, differently by CPU and compiler. */
V_INLINE vf v_keep_nan(vf x, vf result)
{
    return v_sel(v_nan(x), x, result);
}

V_INLINE void v_broadcast(const activ_fn_args *a, vf *v)
{
    for (size_t i = 0; i < ACTIV_FN_SETTINGS; i++)
        v[i] = v_set(a->setting_values[i]);
}

V_INLINE vm v_is_far(v_paths f, vf x, const vf *v)
{
    return f.is_far ? f.is_far(x, v) : v_nan(x);
}

/* w f(x), of a derivative dy f'(x). */
V_INLINE vf v_product(v_paths f, vf x, vf w, vf result, const vf *v)
{
    vf product = v_mul(w, result);
    return f.is_flat ? v_sel(f.is_flat(x, v), v_set(0.0f), product) : product;
}

/* One vector, with whatever elements. */
V_INLINE vf v_whole(v_paths f, const int times, vf x, vf w, const vf *v)
{
    vm far = v_is_far(f, x, v);
    vf result = f.near(x, v);
    if (f.far && m_any(far))
        result = v_sel(far, f.far(x, v), result);
    if (times)
        result = v_product(f, x, w, result, v);
    return f.far ? v_keep_nan(x, result) : v_sel(far, x, result);
}

/* Vector by vector: for far elements and the tail. */
V_INLINE void v_each(v_paths f, const int times, const activ_fn_args *a, size_t n, const float *x, const float *w,
                     float *out)
{
    vf v[ACTIV_FN_SETTINGS];
    if (!f.near)
        return;
    v_broadcast(a, v);
    for (size_t i = 0; i < n; i += V_LANES) {
        size_t lanes = v_active_lanes(n - i, 0);
        vf factor = times ? v_load_lanes(w + i, lanes) : v_set(1.0f);
        v_store_lanes(out + i, lanes, v_whole(f, times, v_load_lanes(x + i, lanes), factor, v));
    }
}

/* Scalars per channel: each lane has its own. */
V_INLINE void v_channels(v_paths f, v_paths plain, vm (*plain_lanes)(const vf *v), const int times,
                         const activ_fn_args *a, size_t n, const float *x, const float *w, float *out)
{
    vf v[ACTIV_FN_SETTINGS];
    v_broadcast(a, v);
    for (size_t i = 0; i < n; i += V_LANES) {
        size_t lanes = v_active_lanes(n - i, 0);
        for (size_t j = 0; j < a->vectors; j++)
            v[a->scalar_settings[j]] = v_load_lanes(a->params + j * a->channels + i, lanes);
        vf factor = times ? v_load_lanes(w + i, lanes) : v_set(1.0f), value = v_load_lanes(x + i, lanes);
        vf result = v_whole(f, times, value, factor, v);
        if (plain_lanes)
            result = v_sel(plain_lanes(v), v_whole(plain, times, value, factor, v), result);
        v_store_lanes(out + i, lanes, result);
    }
}

/* Vectors interleaved in one turn of a loop, to hide the latency of each operation. */
#define V_GROUP_VECTORS 2
#define V_GROUP ((size_t)(V_GROUP_VECTORS * V_LANES))

/* From this many elements on, results that are not in place are written by non-temporal (streaming) stores: reading the
 * lines that they overwrite would be a third of the traffic. Below, these are slower (bench/compare.sh --n
 * 524288,1048576). */
#define V_STREAM_FROM ((size_t)1 << 21)

/* Elements before the first that is aligned for v_stream. */
V_INLINE size_t v_stream_head(const float *y)
{
    return (size_t)(-(uintptr_t)y / sizeof *y) % V_LANES;
}

/* Without a far path there is no branch: NaN is selected. Returns which lanes are left to a far loop. */
V_INLINE vm v_settle(v_paths f, vf x, const vf *v, vf *result)
{
    vm far = v_is_far(f, x, v);
    if (f.far)
        return far;
    *result = v_sel(far, x, *result);
    return m_set(0);
}

/* The same function's loop that handles far elements too. */
typedef void v_all_loop(const activ_fn_args *a, size_t n, const float *x, const float *w, float *out);

/* The group at i: its results, unless one of its elements is far; returns 1 then. What the near path makes of such an
 * element may be infinite, and is not multiplied: 0 times that would raise FE_INVALID. */
V_INLINE int v_group(v_paths f, const int times, const vf *v, const float *x, const float *w, size_t i, vf *results)
{
    vf value[V_GROUP_VECTORS];
    vm any = m_set(0);
    V_UNROLL
    for (size_t j = 0; j < V_GROUP_VECTORS; j++) {
        value[j] = v_load(x + i + j * V_LANES);
        results[j] = f.near(value[j], v);
        if (times && !f.far)
            results[j] = v_product(f, value[j], v_load(w + i + j * V_LANES), results[j], v);
        any = m_or(any, v_settle(f, value[j], v, &results[j]));
    }
    if (!V_LIKELY(!m_any(any)))
        return 1;
    V_UNROLL
    for (size_t j = 0; j < V_GROUP_VECTORS; j++)
        if (times && f.far)
            results[j] = v_product(f, value[j], v_load(w + i + j * V_LANES), results[j], v);
    return 0;
}

/* The vector at i, whole or the tail: stored, unless one of its elements is far; returns 1 then. */
V_INLINE int v_store_unless_far(v_paths f, const int times, const vf *v, size_t n, const float *x, const float *w,
                                float *out, size_t i)
{
    size_t lanes = v_active_lanes(n - i, 0);
    vf value = v_load_lanes(x + i, lanes), factor = times ? v_load_lanes(w + i, lanes) : v_set(1.0f);
    vf result = f.near(value, v);
    if (times && !f.far)
        result = v_product(f, value, factor, result, v);
    if (!V_LIKELY(!m_any(v_settle(f, value, v, &result))))
        return 1;
    if (times && f.far)
        result = v_product(f, value, factor, result, v);
    v_store_lanes(out + i, lanes, result);
    return 0;
}

/* out = f(x), or w f(x) if `times`, for arrays of n; out may be x or w. `times` is a constant at each call, which w ==
 * NULL would not be. From the first far element on, and where results are streamed, the remainder is left to `all`:
 * this loop makes no calls in between and so spills no registers, which short arrays would notice. */
V_INLINE void v_loop(v_paths f, const int times, v_all_loop *all, const activ_fn_args *a, size_t n, const float *x,
                     const float *w, float *out)
{
    vf v[ACTIV_FN_SETTINGS], results[V_GROUP_VECTORS];
    size_t i = 0;
    if (n >= V_STREAM_FROM) {
        all(a, n, x, w, out);
        return;
    }
    v_broadcast(a, v);
    for (const size_t end = n / V_GROUP * V_GROUP; i != end; i += V_GROUP) {
        if (v_group(f, times, v, x, w, i, results))
            break;
        for (size_t j = 0; j < V_GROUP_VECTORS; j++)
            v_store(out + i + j * V_LANES, results[j]);
    }
    if (n - i < V_GROUP)
        for (; i < n && !v_store_unless_far(f, times, v, n, x, w, out, i); i += V_LANES)
            ;
    if (i < n)
        all(a, n - i, x + i, times ? w + i : NULL, out + i);
}

/* Any elements: a group with a far one is left to far_loop, which is not inlined, so that it takes no registers here.
 */
V_INLINE void v_all(v_paths f, const int times, v_all_loop *far_loop, const activ_fn_args *a, size_t n, const float *x,
                    const float *w, float *out)
{
    vf v[ACTIV_FN_SETTINGS], results[V_GROUP_VECTORS];
    const int stream = n >= V_STREAM_FROM && out != x && !(times && out == w);
    size_t i = stream ? v_stream_head(out) : 0;
    if (i > 0)
        far_loop(a, i, x, times ? w : NULL, out);
    v_broadcast(a, v);
    for (const size_t end = i + (n - i) / V_GROUP * V_GROUP; i != end; i += V_GROUP) {
        if (v_group(f, times, v, x, w, i, results)) {
            far_loop(a, V_GROUP, x + i, times ? w + i : NULL, out + i);
            continue;
        }
        for (size_t j = 0; j < V_GROUP_VECTORS; j++) {
            if (stream)
                v_stream(out + i + j * V_LANES, results[j]);
            else
                v_store(out + i + j * V_LANES, results[j]);
        }
    }
    if (stream)
        v_stream_end();
    if (i < n)
        far_loop(a, n - i, x + i, times ? w + i : NULL, out + i);
}

/* Arrays of at most one vector. */
V_INLINE void v_one(v_paths f, const int times, v_all_loop *far_loop, const activ_fn_args *a, size_t n, const float *x,
                    const float *w, float *out)
{
    vf v[ACTIV_FN_SETTINGS];
    if (n == 0)
        return;
    v_broadcast(a, v);
    if (v_store_unless_far(f, times, v, n, x, w, out, 0))
        far_loop(a, n, x, times ? w : NULL, out);
}

/* Adds dy df/d(scalar). */
V_INLINE void v_sum_gradients(v_gradients *gradients, const size_t scalars, const activ_fn_args *a, size_t n,
                              const float *x, const float *dy, activ_lanes *to)
{
    vf v[ACTIV_FN_SETTINGS], slopes[ACTIV_FN_SETTINGS];
    vm flat[ACTIV_FN_SETTINGS];
    vsum sum[ACTIV_FN_SETTINGS];
    v_broadcast(a, v);
    for (size_t k = 0; k < scalars; k++)
        sum[k] = v_sum_load(to[k]);
    for (size_t i = 0; i < n; i += V_BLOCK) {
        for (size_t j = 0; j < V_PER_BLOCK; j++) {
            size_t lanes = v_active_lanes(n - i, j), at = i + j * V_LANES;
            if (lanes == 0)
                break;
            vf factor = v_load_lanes(dy + at, lanes);
            for (size_t k = 0; k < scalars; k++)
                flat[k] = m_set(0);
            gradients(v_load_lanes(x + at, lanes), v, slopes, flat);
            for (size_t k = 0; k < scalars; k++)
                sum[k].acc[j] = acc_fma(sum[k].acc[j], v_sel(flat[k], v_set(0.0f), factor), slopes[k]);
        }
    }
    for (size_t k = 0; k < scalars; k++)
        v_sum_store(to[k], sum[k]);
}

/* ---- a function's kernel (kernels/unit.c), made of its v_elementwise ------------------------- */

/* A loop specialised for one pair of paths, and the two that it leaves the rest to. */
#define V_LOOP(loop, paths, times)                                                                                  \
    static V_NOINLINE void loop##_far(const activ_fn_args *a, size_t n, const float *x, const float *w, float *out) \
    {                                                                                                               \
        v_each(paths, times, a, n, x, w, out);                                                                      \
    }                                                                                                               \
    static V_NOINLINE void loop##_all(const activ_fn_args *a, size_t n, const float *x, const float *w, float *out) \
    {                                                                                                               \
        if ((paths).near)                                                                                           \
            v_all(paths, times, loop##_far, a, n, x, w, out);                                                       \
    }                                                                                                               \
    V_INLINE void loop(const activ_fn_args *a, size_t n, const float *x, const float *w, float *out)                \
    {                                                                                                               \
        if ((paths).near && n <= V_LANES)                                                                           \
            v_one(paths, times, loop##_far, a, n, x, w, out);                                                       \
        else if ((paths).near)                                                                                      \
            v_loop(paths, times, loop##_all, a, n, x, w, out);                                                      \
    }

/* Chooses the loop by the settings and channels of the call. */
#define V_CHOICE(choice, name, direction, times)                                                          \
    V_LOOP(choice##_loop, name.direction, times)                                                          \
    V_LOOP(choice##_plain_loop, name.plain_##direction, times)                                            \
    V_INLINE void choice(const activ_fn_args *a, size_t n, const float *x, const float *w, float *out)    \
    {                                                                                                     \
        if (name.scalars > 0 && a->channels > 0)                                                          \
            v_channels(name.direction, name.plain_##direction, name.plain_lanes, times, a, n, x, w, out); \
        else if (name.is_plain && name.is_plain(a->setting_values))                                       \
            choice##_plain_loop(a, n, x, w, out);                                                         \
        else                                                                                              \
            choice##_loop(a, n, x, w, out);                                                               \
    }

#define V_KERNEL(name)                                                                                               \
    V_CHOICE(name##_forward_choice, name##_elementwise, forward, 0)                                                  \
    V_CHOICE(name##_times_choice, name##_elementwise, forward, 1)                                                    \
    V_CHOICE(name##_backward_choice, name##_elementwise, derivative, 1)                                              \
    static void name##_kernel_forward(const activ_fn_args *a, size_t n, const float *x, float *y)                    \
    {                                                                                                                \
        if (name##_elementwise.forward_loop)                                                                         \
            name##_elementwise.forward_loop(a, n, x, NULL, y);                                                       \
        else if (name##_elementwise.forward_saving && a->training)                                                   \
            name##_elementwise.forward_saving(a, n, x, y);                                                           \
        else                                                                                                         \
            name##_forward_choice(a, n, x, NULL, y);                                                                 \
    }                                                                                                                \
    static void name##_kernel_forward_times(const activ_fn_args *a, size_t n, const float *x, const float *w,        \
                                            float *y)                                                                \
    {                                                                                                                \
        if (name##_elementwise.forward_loop)                                                                         \
            name##_elementwise.forward_loop(a, n, x, w, y);                                                          \
        else                                                                                                         \
            name##_times_choice(a, n, x, w, y);                                                                      \
    }                                                                                                                \
    static void name##_kernel_backward(const activ_fn_args *a, size_t first, size_t count, size_t n, const float *x, \
                                       const float *dy, float *dx, activ_lanes *lanes)                               \
    {                                                                                                                \
        if (name##_elementwise.backward_loop) {                                                                      \
            name##_elementwise.backward_loop(a, first, count, n, x, dy, dx, lanes);                                  \
            return;                                                                                                  \
        }                                                                                                            \
        if (lanes && name##_elementwise.scalars > 0)                                                                 \
            v_sum_gradients(name##_elementwise.gradients, name##_elementwise.scalars, a, n, x, dy, lanes);           \
        if (dx && name##_elementwise.backward_saved && a->training)                                                  \
            name##_elementwise.backward_saved(a, n, dy, dx);                                                         \
        else if (dx)                                                                                                 \
            name##_backward_choice(a, n, x, dy, dx);                                                                 \
    }                                                                                                                \
    static void name##_kernel_backward_from_y(const activ_fn_args *a, size_t n, const float *y, const float *dy,     \
                                              float *dx)                                                             \
    {                                                                                                                \
        if (name##_elementwise.from_y.near)                                                                          \
            v_each(name##_elementwise.from_y, 1, a, n, y, dy, dx);                                                   \
        else                                                                                                         \
            name##_kernel_backward(a, 0, 0, n, y, dy, dx, NULL);                                                     \
    }                                                                                                                \
    static void name##_kernel_finish(const activ_fn_args *a, size_t first, size_t count, double *sums)               \
    {                                                                                                                \
        if (name##_elementwise.finish)                                                                               \
            name##_elementwise.finish(a, first, count, sums);                                                        \
    }                                                                                                                \
    static const activ_fn_kernel name##_kernel = { name##_kernel_forward, name##_kernel_forward_times,               \
                                                   name##_kernel_backward, name##_kernel_backward_from_y,            \
                                                   name##_kernel_finish };

#endif
