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
 * and the gradient is 0 whatever dy is. Where a vector has no element, x and dy are 0: there no scalar may make a slope
 * infinite, nor NaN unless it makes all of them NaN. */
typedef void v_gradients(vf x, const vf *v, vf *out, vm *flat);

/* A fast path for nearly all inputs (`near`), and optionally another for the rest (`far`). Which of them an element
 * takes depends on its value alone, never on its neighbours: with `far` there are limits, of which 0 means none.
 * Neither path is computed for the other's elements: `near` gets 1 in their place, which has to be near, and `far` is
 * selected. NaN is far, or comes through `near` as a NaN. Without `far`, NaN is selected, unless passes_nan says that
 * it comes through. */
typedef struct v_paths {
    v_function *near, *far;
    float limit;  /* |x| > limit is far, and so is NaN */
    float least;  /* and |x| < least, 0 too: where arithmetic would underflow, which takes many times as long */
    float bottom; /* x < bottom is far; a NaN may be */

    /* Of a derivative, optional: where the function is constant, and dx = 0 whatever dy is, infinities and NaN
     * included: the branch is not taken, as opposed to a slope that underflows. False for NaN. */
    v_test *is_flat;

    /* Optional: what the limits are of, instead of x, where settings scale x. Near elements are then those where it is
     * near, and `near` gets centre(x, v), or 0, in the place of far ones. */
    v_function *argument, *centre;

    int passes_nan;
    int light;    /* few operations, and no far path */
    int together; /* vectors in one turn of the loop, to hide the latency of each operation; 0: V_TOGETHER */
} v_paths;

/* y = f(x) if w is NULL, else y = w f(x); y may be x or w. */
typedef void v_forward_loop(const activ_fn_args *a, size_t n, const float *x, const float *w, float *y);
typedef void v_backward_loop(const activ_fn_args *a, size_t first, size_t count, size_t n, const float *x,
                             const float *dy, float *dx, activ_lanes *lanes);
typedef void v_finish(const activ_fn_args *a, size_t first, size_t count, double *sums);

/* An elementwise function: its file ends with this table. */
typedef struct v_elementwise {
    v_paths forward, derivative;

    /* Optional: cheaper arithmetic for some settings, of one direction or both; plain_lanes: which lanes have them, for
     * scalars per channel. */
    int (*is_plain)(const float *values);
    vm (*plain_lanes)(const vf *v);
    v_paths plain_forward, plain_derivative;

    v_paths from_y; /* optional: f' as a function of y (definition.h, is_of_y) */

    /* Trainable scalars: how many, and df/d(scalar) for each. */
    size_t scalars;
    v_gradients *gradients;

    /* Functions that gate (sigmoid: glu) multiply by f in one loop, the others in two. */
    int gates;

    /* In training, forward saves a float per element (activ_fn_training), and backward needs that and dy alone. */
    void (*forward_saving)(const activ_fn_args *a, size_t n, const float *x, float *y);
    void (*backward_saved)(const activ_fn_args *a, size_t n, const float *dy, float *dx);

    /* Instead of all that: the function's own loops. */
    v_forward_loop *forward_loop;
    v_backward_loop *backward_loop;
    v_finish *finish; /* optional */
} v_elementwise;

/* Vectors in one turn, unless a function has a number of its own. */
#define V_TOGETHER 4
#define V_MOST_TOGETHER 6
#define V_TOGETHER_SHORT (V_LANES == 8 ? 6 : 4) /* of few operations: AVX2 gains by six */

/* Where a vector is one number, the compiler makes vectors of several. */
V_INLINE size_t v_together(v_paths f)
{
    return f.together && V_LANES > 1 ? (size_t)f.together : V_TOGETHER;
}

/* A NaN in x is passed through, where arithmetic might lose it. */
V_INLINE vf v_keep_nan(vf x, vf result)
{
    return v_sel(v_nan(x), x, result);
}

V_INLINE void v_broadcast(const activ_fn_args *a, vf *v)
{
    for (size_t i = 0; i < ACTIV_FN_SETTINGS; i++)
        v[i] = v_set(a->setting_values[i]);
}

/* The extremes of some vectors, lane by lane. By bits: integers are compared in one operation and one cycle, and NaN is
 * the largest. */
typedef struct v_extremes {
    vi largest, least; /* of |x| */
    vi lowest;         /* of x, if one is negative */
} v_extremes;

V_INLINE v_extremes v_extremes_of(vf x)
{
    v_extremes e = { v_bits(v_abs(x)), v_bits(v_abs(x)), v_bits(x) };
    return e;
}

V_INLINE v_extremes v_extremes_and(v_paths f, v_extremes e, vf x)
{
    vi size = v_bits(v_abs(x));
    if (f.limit > 0.0f)
        e.largest = i_max(e.largest, size);
    if (f.least > 0.0f)
        e.least = i_min(e.least, size);
    if (f.bottom < 0.0f)
        e.lowest = i_max_unsigned(e.lowest, v_bits(x));
    return e;
}

/* What the limits are of. */
V_INLINE vf v_tested(v_paths f, vf x, const vf *v)
{
    return f.argument ? f.argument(x, v) : x;
}

/* A near element in the place of a far one. */
V_INLINE vf v_substitute(v_paths f, vf x, const vf *v)
{
    return f.centre ? f.centre(x, v) : v_set(f.argument ? 0.0f : 1.0f);
}

/* Negative where one of them is far. */
V_INLINE vi v_far(v_paths f, v_extremes e)
{
    vi far = i_set(0);
    if (f.limit > 0.0f)
        far = i_sub(v_bits(v_set(f.limit)), e.largest);
    if (f.least > 0.0f)
        far = i_or(far, i_sub(e.least, v_bits(v_set(f.least))));
    if (f.bottom < 0.0f)
        far = i_or(far, i_and(e.lowest, i_sub(v_bits(v_set(f.bottom)), e.lowest)));
    return far;
}

/* Of a derivative, dy f'(x) from the product; else the product itself. */
V_INLINE vf v_product(v_paths f, vf x, vf product, const vf *v)
{
    return f.is_flat ? v_sel(f.is_flat(x, v), v_set(0.0f), product) : product;
}

/* The result for near elements. */
V_INLINE vf v_near(v_paths f, const int times, vf x, vf w, const vf *v)
{
    vf result = f.near(x, v);
    if (times)
        result = v_product(f, x, v_mul(w, result), v);
    return f.far || f.passes_nan ? result : v_keep_nan(x, result);
}

/* Those of each lane, or the same in all. */
V_INLINE void v_settings(const activ_fn_args *a, const vf *settings, vf *v)
{
    v_broadcast(a, v);
    if (settings) {
        V_UNROLL
        for (size_t i = 0; i < ACTIV_FN_SETTINGS; i++)
            v[i] = settings[i];
    }
}

/* In memory, for a far path that is a function. */
static V_ONCE void v_settings_in_memory(const activ_fn_args *a, const vf *settings, vf *v)
{
    v_settings(a, settings, v);
}

/* The result for any elements of a vector; returns whether one was far. Where all are near or all are far, as in
 * saturated data, the other path is left out. */
V_INLINE int v_any(v_paths f, const int times, const int trained, vf x, vf w, const activ_fn_args *a,
                   const vf *settings, vf *out)
{
    vf v[ACTIV_FN_SETTINGS], again[ACTIV_FN_SETTINGS];
    v_settings(a, settings, v);
    const vi far = v_far(f, v_extremes_of(v_tested(f, x, v)));
    const int any_far = f.far && !V_LIKELY(!i_any_negative(far));
    vf input = x, other = x, value;
    int any_near = 1;
    if (f.far && any_far) {
        if (trained)
            v_settings_in_memory(a, settings, again);
        else
            v_broadcast(a, again);
        other = f.far(x, again);
        input = v_sel_sign(v_float_of(far), v_substitute(f, x, v), x);
        any_near = i_any_negative(i_xor(far, i_set(-1)));
    }
    value = any_near ? f.near(input, v) : input;
    if (f.far && any_far) {
        value = v_sel_sign(v_float_of(far), other, value);
        if (times)
            value = v_mul_subnormal(w, value);
    } else if (times) {
        value = v_mul(w, value);
    }
    if (times)
        value = v_product(f, x, value, v);
    *out = f.passes_nan ? value : v_keep_nan(x, value);
    return any_far;
}

/* From this many elements on, stores are aligned to a vector, which the first of them pays for. */
#define V_ALIGN_FROM ((size_t)256)

/* From this many elements on, results that are not in place are written by non-temporal (streaming) stores: reading the
 * lines that they overwrite would be a third of the traffic. Below, these are slower (bench/compare.sh --n
 * 524288,1048576). */
#define V_STREAM_FROM ((size_t)1 << 21)

/* Elements before the first that is aligned to a vector. */
V_INLINE size_t v_unaligned_head(const float *y)
{
    return (size_t)(-(uintptr_t)y / sizeof *y) % V_LANES;
}

/* What there is of a function and a direction: two loops. What is around them is shared by all functions; a copy for
 * each would be twice the library. */

/* One vector, or a part of one, near or far: v_any. A short array, the end of one, and where a loop over near elements
 * meets a far one. settings: those of each lane, or NULL. Returns whether any element was far. */
typedef int v_one_loop(const activ_fn_args *a, const vf *settings, size_t lanes, const float *x, const float *w,
                       float *out);

/* Whole groups of vectors from i on, until a group has a far element: that is found out first, as arithmetic on it
 * might raise FE_INVALID. Returns where that is. This loop makes no calls, so that its constants stay in registers. */
typedef size_t v_group_loop(const activ_fn_args *a, int stream, size_t i, size_t n, const float *x, const float *w,
                            float *out);

/* Some lanes of x, and 1 in the others: at 0 an infinite slope times nothing would be invalid. */
V_INLINE vf v_load_inputs(const float *x, size_t lanes)
{
    vf value = v_load_lanes(x, lanes);
    return lanes < V_LANES ? v_sel(v_first_lanes(lanes), value, v_set(1.0f)) : value;
}

V_INLINE int v_one(v_paths f, const int times, const int trained, const activ_fn_args *a, const vf *settings,
                   size_t lanes, const float *x, const float *w, float *out)
{
    const vf factor = times ? v_load_lanes(w, lanes) : v_set(1.0f);
    vf value;
    const int far = v_any(f, times, trained, v_load_inputs(x, lanes), factor, a, trained ? settings : NULL, &value);
    v_store_lanes(out, lanes, value);
    return far;
}

V_INLINE size_t v_groups(v_paths f, const int times, const activ_fn_args *a, const int stream, size_t i, size_t n,
                         const float *x, const float *w, float *out)
{
    const size_t together = v_together(f);
    vf v[ACTIV_FN_SETTINGS], value[V_MOST_TOGETHER];
    v_broadcast(a, v);
    for (; n - i >= together * V_LANES; i += together * V_LANES) {
        V_UNROLL
        for (size_t j = 0; j < together; j++)
            value[j] = v_load(x + i + j * V_LANES);
        v_extremes extremes = v_extremes_of(v_tested(f, value[0], v));
        V_UNROLL
        for (size_t j = 1; j < together; j++)
            extremes = v_extremes_and(f, extremes, v_tested(f, value[j], v));
        if (f.far && !V_LIKELY(!i_any_negative(v_far(f, extremes))))
            break;
        V_UNROLL
        for (size_t j = 0; j < together; j++)
            value[j] = v_near(f, times, value[j], times ? v_load(w + i + j * V_LANES) : v_set(1.0f), v);
        if (!V_LIKELY(!stream)) {
            V_UNROLL
            for (size_t j = 0; j < together; j++)
                v_stream(out + i + j * V_LANES, value[j]);
            continue;
        }
        V_UNROLL
        for (size_t j = 0; j < together; j++)
            v_store(out + i + j * V_LANES, value[j]);
    }
    return i;
}

/* Vector by vector from i on. */
static V_NOINLINE void v_each(const activ_fn_args *a, size_t n, const float *x, const float *w, float *out,
                              v_one_loop *one, size_t i)
{
    for (; i < n; i += V_LANES)
        (void)one(a, NULL, v_active_lanes(n - i, 0), x + i, w ? w + i : NULL, out + i);
}

/* The same where the other loop meets a far element, until a group has none, or the array ends. Streaming where that
 * loop does: a cached store to a line that is being streamed takes very long. Returns how many elements that were. */
static V_NOINLINE size_t v_some(const activ_fn_args *a, const int stream, size_t n, const float *x, const float *w,
                                float *out, v_one_loop *one, size_t group)
{
    float streamed[V_LANES];
    size_t i = 0;
    for (int any = 1; any && n - i >= group;) {
        any = 0;
        for (const size_t end = i + group; i < end; i += V_LANES) {
            any |= one(a, NULL, V_LANES, x + i, w ? w + i : NULL, stream ? streamed : out + i);
            if (stream)
                v_stream(out + i, v_load(streamed));
        }
    }
    return i;
}

/* out = f(x), or w f(x) if w is not NULL, for arrays of n; out may be x or w. group: elements of a group. */
static V_NOINLINE void v_long(const activ_fn_args *a, size_t n, const float *x, const float *w, float *out,
                              v_one_loop *one, v_group_loop *groups, size_t group)
{
    if (V_LIKELY(n < V_ALIGN_FROM)) {
        for (size_t i = groups(a, 0, 0, n, x, w, out); i < n; i += V_LANES)
            (void)one(a, NULL, v_active_lanes(n - i, 0), x + i, w ? w + i : NULL, out + i);
        return;
    }
    const int stream = n >= V_STREAM_FROM && out != x && out != w;
    size_t i = 0;
    if (v_unaligned_head(out) > 0) {
        i = v_unaligned_head(out);
        (void)one(a, NULL, i, x, w, out);
    }
    while (n - i >= group) {
        i = groups(a, stream, i, n, x, w, out);
        if (n - i >= group)
            i += v_some(a, stream, n - i, x + i, w ? w + i : NULL, out + i, one, group);
    }
    if (stream)
        v_stream_end();
    v_each(a, n, x, w, out, one, i);
}

/* Where a vector is one number, compilers make vectors of several if the arithmetic is light; else each is near or far
 * by itself, as there is nothing to hide between the calls of fmaf: v_one in a loop of its own, unless scalars per
 * channel need it as a function. */
V_INLINE int v_has_groups(v_paths f)
{
    return f.near && (V_LANES > 1 || f.light);
}

V_INLINE int v_has_all(v_paths f, size_t scalars)
{
    return f.near && !v_has_groups(f) && scalars == 0;
}

V_INLINE void v_run(v_paths f, const size_t scalars, v_one_loop *one, v_group_loop *groups, const activ_fn_args *a,
                    size_t n, const float *x, const float *w, float *out)
{
    const size_t group = v_together(f) * V_LANES;
    if (n <= V_LANES && V_LANES > 1) {
        if (n > 0)
            (void)one(a, NULL, n, x, w, out);
    } else if (v_has_all(f, scalars) || (f.light && n < V_ALIGN_FROM)) {
        (void)groups(a, 0, 0, n, x, w, out);
    } else if (!v_has_groups(f) || n < group) {
        v_each(a, n, x, w, out, one, 0);
    } else {
        v_long(a, n, x, w, out, one, groups, group);
    }
}

/* Scalars per channel: each lane has its own. */
static V_NOINLINE void v_channels(v_one_loop *one, v_one_loop *plain, vm (*plain_lanes)(const vf *v),
                                  const activ_fn_args *a, size_t n, const float *x, const float *w, float *out)
{
    vf v[ACTIV_FN_SETTINGS];
    v_broadcast(a, v);
    for (size_t i = 0; i < n; i += V_LANES) {
        size_t lanes = v_active_lanes(n - i, 0);
        for (size_t j = 0; j < a->vectors; j++)
            v[a->scalar_settings[j]] = v_load_lanes(a->params + j * a->channels + i, lanes);
        if (plain_lanes) {
            float values[V_LANES], plain_values[V_LANES];
            (void)one(a, v, lanes, x + i, w ? w + i : NULL, values);
            (void)plain(a, v, lanes, x + i, w ? w + i : NULL, plain_values);
            v_store_lanes(out + i, lanes,
                          v_sel(plain_lanes(v), v_load_lanes(plain_values, lanes), v_load_lanes(values, lanes)));
        } else {
            (void)one(a, v, lanes, x + i, w ? w + i : NULL, out + i);
        }
    }
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

/* ---- a function's kernel (kernels/functions.c), made of its v_elementwise -------------------- */

V_INLINE int v_gates(const v_elementwise *f)
{
    return f->gates || f->forward_saving;
}

/* The loops of one pair of paths; of light ones streaming has a loop of its own. */
#define V_ONE(loop, name, direction, times)                                                                        \
    static V_ONCE V_SMALL int loop(const activ_fn_args *a, const vf *settings, size_t lanes, const float *x,       \
                                   const float *w, float *out)                                                     \
    {                                                                                                              \
        return name.direction.near ? v_one(name.direction, times, name.scalars > 0, a, settings, lanes, x, w, out) \
                                   : 0;                                                                            \
    }

#define V_GROUPS(loop, paths, scalars, one, times)                                                        \
    static V_NOINLINE size_t loop(const activ_fn_args *a, int stream, size_t i, size_t n, const float *x, \
                                  const float *w, float *out)                                             \
    {                                                                                                     \
        for (; v_has_all(paths, scalars) && i < n; i += V_LANES)                                          \
            (void)v_one(paths, times, 0, a, NULL, V_LANES, x + i, (times) ? w + i : NULL, out + i);       \
        if (!v_has_groups(paths))                                                                         \
            return n;                                                                                     \
        if ((paths).light && V_LIKELY(!stream)) {                                                         \
            i = v_groups(paths, times, a, 0, i, n, x, w, out);                                            \
            for (; i < n; i += V_LANES)                                                                   \
                (void)one(a, NULL, v_active_lanes(n - i, 0), x + i, w ? w + i : NULL, out + i);           \
            return n;                                                                                     \
        }                                                                                                 \
        return v_groups(paths, times, a, stream, i, n, x, w, out);                                        \
    }

/* Chooses the loops by the settings and channels of the call. */
#define V_CHOICE(choice, name, direction, one, times)                                                             \
    V_GROUPS(choice##_groups, name.direction, name.scalars, one, times)                                           \
    V_GROUPS(choice##_plain_groups, name.plain_##direction, name.scalars, one##_plain, times)                     \
    V_INLINE void choice(const activ_fn_args *a, size_t n, const float *x, const float *w, float *out)            \
    {                                                                                                             \
        if (name.scalars > 0 && a->channels > 0)                                                                  \
            v_channels(one, one##_plain, name.plain_##direction.near ? name.plain_lanes : NULL, a, n, x, w, out); \
        else if (name.plain_##direction.near && name.is_plain(a->setting_values))                                 \
            v_run(name.plain_##direction, name.scalars, one##_plain, choice##_plain_groups, a, n, x, w, out);     \
        else                                                                                                      \
            v_run(name.direction, name.scalars, one, choice##_groups, a, n, x, w, out);                           \
    }

/* Kernels that not all have, and whether a function has them: 1, or 0 for NULL. What its table says has to be the same,
 * or nothing links. */
#define V_IF_0(kernel) NULL
#define V_IF_1(kernel) kernel

void activ_the_list_of_kernels_is_wrong(void);
#define V_CHECK_HAS(has, found)                   \
    do {                                          \
        if ((has) != !!(found))                   \
            activ_the_list_of_kernels_is_wrong(); \
    } while (0)

#define V_KERNEL(name, has_times, has_from_y, has_finish)                                                            \
    V_ONE(name##_forward_one, name##_elementwise, forward, 0)                                                        \
    V_ONE(name##_forward_one_plain, name##_elementwise, plain_forward, 0)                                            \
    V_ONE(name##_times_one, name##_elementwise, forward, 1)                                                          \
    V_ONE(name##_times_one_plain, name##_elementwise, plain_forward, 1)                                              \
    V_ONE(name##_backward_one, name##_elementwise, derivative, 1)                                                    \
    V_ONE(name##_backward_one_plain, name##_elementwise, plain_derivative, 1)                                        \
    V_ONE(name##_from_y_one, name##_elementwise, from_y, 1)                                                          \
    V_GROUPS(name##_from_y_groups, name##_elementwise.from_y, 0, name##_from_y_one, 1)                               \
    V_CHOICE(name##_forward_choice, name##_elementwise, forward, name##_forward_one, 0)                              \
    V_CHOICE(name##_times_choice, name##_elementwise, forward, name##_times_one, 1)                                  \
    V_CHOICE(name##_backward_choice, name##_elementwise, derivative, name##_backward_one, 1)                         \
    static void name##_kernel_forward(const activ_fn_args *a, size_t n, const float *x, float *y)                    \
    {                                                                                                                \
        V_CHECK_HAS(has_times, v_gates(&name##_elementwise) || name##_elementwise.forward_loop);                     \
        V_CHECK_HAS(has_from_y, name##_elementwise.from_y.near);                                                     \
        V_CHECK_HAS(has_finish, name##_elementwise.finish);                                                          \
        if (name##_elementwise.forward_loop)                                                                         \
            name##_elementwise.forward_loop(a, n, x, NULL, y);                                                       \
        else if (name##_elementwise.forward_saving && a->training)                                                   \
            name##_elementwise.forward_saving(a, n, x, y);                                                           \
        else                                                                                                         \
            name##_forward_choice(a, n, x, NULL, y);                                                                 \
    }                                                                                                                \
    V_INLINE void name##_kernel_forward_times(const activ_fn_args *a, size_t n, const float *x, const float *w,      \
                                              float *y)                                                              \
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
    V_INLINE void name##_kernel_backward_from_y(const activ_fn_args *a, size_t n, const float *y, const float *dy,   \
                                                float *dx)                                                           \
    {                                                                                                                \
        v_run(name##_elementwise.from_y, 0, name##_from_y_one, name##_from_y_groups, a, n, y, dy, dx);               \
    }                                                                                                                \
    V_INLINE void name##_kernel_finish(const activ_fn_args *a, size_t first, size_t count, double *sums)             \
    {                                                                                                                \
        name##_elementwise.finish(a, first, count, sums);                                                            \
    }                                                                                                                \
    static const activ_fn_kernel name##_kernel = { .forward = name##_kernel_forward,                                 \
                                                   .forward_times = V_IF_##has_times(name##_kernel_forward_times),   \
                                                   .backward = name##_kernel_backward,                               \
                                                   .backward_from_y =                                                \
                                                       V_IF_##has_from_y(name##_kernel_backward_from_y),             \
                                                   .finish = V_IF_##has_finish(name##_kernel_finish) };

#endif
