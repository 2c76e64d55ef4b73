/* staf: sum over i < tau of C_i sin(Omega_i x + Phi_i), all 3 tau numbers trained. Morsali et al. 2025.
 *
 * The arrays come in the order C, Omega, Phi. Sine and cosine share one argument reduction. Terms are added in the
 * order of i; the gradients of a term are accumulated over chunks of the data. */
#include "functions/function.h"

#if defined(ACTIV_FN_DEFINITIONS)
#    include <math.h>

#    include "base/dmath.h"
#    include "base/random.h"

static const char *const staf_inits[] = { "book", "repo", "unit", NULL };

static size_t staf_param_vector(const activ_setting_value *values, int which, const char **name)
{
    static const char *const names[] = { "C", "Omega", "Phi" };
    if (which >= 3)
        return 0;
    *name = names[which];
    return (size_t)values[0].number;
}

/* book: C, Omega, Phi ~ N(0, 1). repo: the authors' start, Omega = omega0 U(0, 1), Phi ~ U(-pi, pi), C = sign(L) sqrt
 * |L| with L ~ Laplace(0, 1/(2 tau)). unit: the same with L ~ Laplace(0, 2/tau), so that the output has variance 1. */
static void staf_param_init(const activ_setting_value *values, uint64_t seed, float *params)
{
    size_t tau = (size_t)values[0].number;
    int init = (int)values[1].number;
    float *c = params, *omega = params + tau, *phi = params + 2 * tau;
    for (uint64_t i = 0; i < tau; i++) {
        if (init == 0) {
            c[i] = (float)activ_random_normal_double(seed, ACTIV_STREAM(ACTIV_STREAM_FN, 0), i);
            omega[i] = (float)activ_random_normal_double(seed, ACTIV_STREAM(ACTIV_STREAM_FN, 1), i);
            phi[i] = (float)activ_random_normal_double(seed, ACTIV_STREAM(ACTIV_STREAM_FN, 2), i);
            continue;
        }
        double u = activ_random_unit(seed, ACTIV_STREAM(ACTIV_STREAM_FN, 0), i) - 0.5;
        double scale = init == 1 ? 0.5 / (double)tau : 2.0 / (double)tau;
        double root = sqrt(-scale * activ_log(1.0 - 2.0 * (u < 0.0 ? -u : u)));
        c[i] = (float)(u < 0.0 ? -root : root);
        omega[i] = (float)((double)values[2].single * activ_random_unit(seed, ACTIV_STREAM(ACTIV_STREAM_FN, 1), i));
        phi[i] = (float)(6.28318530717958647693 * (activ_random_unit(seed, ACTIV_STREAM(ACTIV_STREAM_FN, 2), i) - 0.5));
    }
}

static const activ_setting staf_settings[] = {
    { .name = "tau", .initial = 25.0, .kind = ACTIV_SETTING_KIND_COUNT, .minimum = 1.0, .maximum = 65536.0 },
    { .name = "init", .kind = ACTIV_SETTING_KIND_WORD, .initial = 0.0, .words = staf_inits },
    { .name = "omega0", .initial = 30.0 },
    { .name = NULL },
};

static const activ_fn_definition staf_definition = {
    .signature = "staf(tau=25, init=book, omega0=30)",
    .aliases = "STAF",
    .formula = "sum(i, 1, tau, C[i]*sin(Omega[i]*x + Phi[i]))",
    .source = "Morsali et al. 2025, STAF: Sinusoidal trainable activation functions, arXiv:2502.00869",
    .settings = staf_settings,
    /* In units of the sum of the terms' magnitudes, plus what one rounding of each argument costs. A single term may
       reach 2.35: its sine is off by one ulp, which C may double. */
    .forward_ulp = 2.5f,
    .derivative_ulp = 2.0f,
    .param_vector = staf_param_vector,
    .param_init = staf_param_init,
};
#else
#    include "simd/blocks.h"
#    include "simd/math.h"

/* Elements per chunk, a multiple of V_INTERLEAVE vectors: few, as a chunk takes 24 bytes of the stack for each. */
#    define STAF_CHUNK 64
#    define STAF_GROUP (V_INTERLEAVE * V_LANES > V_BLOCK ? V_INTERLEAVE * V_LANES : V_BLOCK)
#    define STAF_VECTORS (STAF_CHUNK / V_LANES)

/* What is known of a chunk's elements. */
typedef enum staf_kind {
    STAF_ANY,
    STAF_SMALL /* all finite, and no argument of a sine above 2^16: the same bits with less work */
} staf_kind;

/* A chunk, and the sines and cosines of the current term. Sums are in double: the terms may cancel. */
typedef struct staf_chunk {
    size_t vectors; /* in use, a multiple of V_INTERLEAVE; zeros beyond the elements */
    staf_kind kind;
    vf x[STAF_VECTORS], dy[STAF_VECTORS], sine[STAF_VECTORS], cosine[STAF_VECTORS];
    vacc sum[STAF_VECTORS]; /* over the terms */
} staf_chunk;

static void staf_load(const staf_chunk *chunk, size_t n, const float *from, vf *to)
{
    for (size_t i = 0; i < chunk->vectors; i++) {
        size_t lanes = v_active_lanes(n, i);
        to[i] = lanes ? v_load_lanes(from + i * V_LANES, lanes) : v_set(0.0f);
    }
}

/* The largest of n absolute values; infinity if there is one or a NaN. */
static float staf_largest(size_t n, const float *x)
{
    const vf infinite = v_float_of(i_set(0x7f800000));
    vf largest = v_set(0.0f);
    for (size_t i = 0; i < n; i += V_LANES) {
        vf a = v_abs(v_load_lanes(x + i, v_active_lanes(n - i, 0)));
        largest = v_max(v_sel(v_not_le(a, infinite), infinite, a), largest);
    }
    float lanes[V_LANES], result = 0.0f;
    v_store(lanes, largest);
    for (size_t i = 0; i < V_LANES; i++)
        result = lanes[i] > result ? lanes[i] : result;
    return result;
}

/* The parameters, and the largest of each vector. */
typedef struct staf_terms {
    size_t tau;
    const float *c, *omega, *phi;
    float largest_omega, largest_phi;
} staf_terms;

static staf_terms staf_terms_of(const activ_fn_args *a)
{
    const size_t tau = a->lengths[0];
    staf_terms t = { .tau = tau, .c = a->params, .omega = a->params + tau, .phi = a->params + 2 * tau };
    t.largest_omega = staf_largest(tau, t.omega);
    t.largest_phi = staf_largest(tau, t.phi);
    return t;
}

static void staf_start(staf_chunk *chunk, const staf_terms *t, size_t n, const float *x, const float *dy)
{
    chunk->vectors = (n + STAF_GROUP - 1) / STAF_GROUP * (STAF_GROUP / V_LANES);
    staf_load(chunk, n, x, chunk->x);
    if (dy)
        staf_load(chunk, n, dy, chunk->dy);
    /* Compared with half of the bound, as it is rounded. Zero times infinity is NaN, which fails the test. */
    float largest = staf_largest(n, x) * t->largest_omega + t->largest_phi;
    chunk->kind = largest <= 0x1p15f ? STAF_SMALL : STAF_ANY;
    for (size_t i = 0; i < chunk->vectors; i++)
        chunk->sum[i] = acc_zero();
}

/* omega x + phi, as a pair while that matters: to within 2^-24 |omega x|, where one rounding alone may cost 2^-24
 * |phi|. (phi - high is off by no more: it is exact, or omega x is at least half as large as phi.) The argument of a
 * finite x is clamped to be finite: where it overflows, its rounding error is many turns, and any sine will do. */
V_INLINE void staf_arguments(const vf *x, vf omega, vf phi, const staf_kind kind, vf *high, vf *low)
{
    const vf largest = v_set(0x1.fffffep127f);
    for (size_t j = 0; j < V_INTERLEAVE; j++) {
        high[j] = v_fma(omega, x[j], phi);
        low[j] = v_fma(omega, x[j], v_sub(phi, high[j]));
        if (kind == STAF_ANY) {
            low[j] = v_sel(v_lt(v_abs(high[j]), v_set(0x1p22f)), low[j], v_set(0.0f));
            vf bounded = v_max(v_neg(largest), v_min(largest, high[j]));
            vm finite =
                m_and(v_le(v_abs(x[j]), largest), m_and(v_le(v_abs(omega), largest), v_le(v_abs(phi), largest)));
            high[j] = v_sel(finite, bounded, high[j]);
        }
    }
}

/* Accumulates factor * values over the terms. */
V_INLINE void staf_add(vacc *sum, double factor, const vf *values)
{
    for (size_t j = 0; j < V_INTERLEAVE; j++)
        sum[j] = acc_fma_wide(sum[j], acc_set(factor), acc_of(values[j]));
}

/* Adds a term to f. Small arguments take two loops: one loop's chain of operations would exceed the CPU's out-of-order
 * window. */
V_INLINE void staf_add_sines(staf_chunk *chunk, float c, float omega, float phi, const staf_kind kind)
{
    vf high[V_INTERLEAVE], low[V_INTERLEAVE], sine[V_INTERLEAVE];
    for (size_t i = 0; i < chunk->vectors; i += V_INTERLEAVE) {
        staf_arguments(chunk->x + i, v_set(omega), v_set(phi), kind, high, low);
        if (kind == STAF_SMALL) {
            v_reduce_by_halves(high, low, chunk->sine + i);
        } else {
            v_sine(high, low, sine);
            staf_add(chunk->sum + i, (double)c, sine);
        }
    }
    for (size_t i = 0; kind == STAF_SMALL && i < chunk->vectors; i += V_INTERLEAVE) {
        v_sine_reduced(chunk->sine + i, sine);
        staf_add(chunk->sum + i, (double)c, sine);
    }
}

/* Not inlined: what it spills would be on the stack beside what small arguments spill. */
static V_NOINLINE void staf_add_any_sines(staf_chunk *chunk, float c, float omega, float phi)
{
    staf_add_sines(chunk, c, omega, phi, STAF_ANY);
}

/* A term's sines and cosines, stored for the loops that follow: one loop would need too many registers. */
V_INLINE void staf_sines_and_cosines(staf_chunk *chunk, float omega, float phi, const staf_kind kind)
{
    vf high[V_INTERLEAVE], low[V_INTERLEAVE];
    for (size_t i = 0; i < chunk->vectors; i += V_INTERLEAVE) {
        staf_arguments(chunk->x + i, v_set(omega), v_set(phi), kind, high, low);
        (kind == STAF_SMALL ? v_sincos_small : v_sincos)(high, low, chunk->sine + i, chunk->cosine + i);
    }
}

static V_NOINLINE void staf_any_sines_and_cosines(staf_chunk *chunk, float omega, float phi)
{
    staf_sines_and_cosines(chunk, omega, phi, STAF_ANY);
}

/* Rounds and stores the sums, f or f', multiplied by dy if `times`. A NaN in x is passed through; an infinity has no
 * sine. */
static void staf_store(const staf_chunk *chunk, size_t n, int times, float *out)
{
    const vf no_sine = v_float_of(i_set(0x7fc00000)), infinite = v_float_of(i_set(0x7f800000));
    for (size_t i = 0; i < n; i += V_LANES) {
        vf x = chunk->x[i / V_LANES], value = acc_round(chunk->sum[i / V_LANES]);
        if (times)
            value = v_mul(chunk->dy[i / V_LANES], value);
        value = v_keep_nan(x, v_sel(v_eq(v_abs(x), infinite), no_sine, value));
        v_store_lanes(out + i, v_active_lanes(n - i, 0), value);
    }
}

static void staf_forward_loop(const activ_fn_args *a, size_t n, const float *x, const float *w, float *y)
{
    const staf_terms t = staf_terms_of(a);
    staf_chunk chunk;
    for (size_t start = 0; start < n; start += STAF_CHUNK) {
        size_t length = n - start < STAF_CHUNK ? n - start : STAF_CHUNK;
        staf_start(&chunk, &t, length, x + start, w ? w + start : NULL);
        for (size_t i = 0; i < t.tau; i++) {
            if (chunk.kind == STAF_SMALL)
                staf_add_sines(&chunk, t.c[i], t.omega[i], t.phi[i], STAF_SMALL);
            else
                staf_add_any_sines(&chunk, t.c[i], t.omega[i], t.phi[i]);
        }
        staf_store(&chunk, length, w != NULL, y + start);
    }
}

/* Adds a term's gradients: dy sin, and without the factor C x dy cos and dy cos. */
static void staf_gradients(const staf_chunk *chunk, double *c, double *omega, double *phi)
{
    vsum sine = v_sum_load(c), x_cosine = v_sum_load(omega), cosine = v_sum_load(phi);
    for (size_t i = 0; i < chunk->vectors; i += V_PER_BLOCK)
        for (size_t j = 0; j < V_PER_BLOCK; j++) {
            const vf dy = chunk->dy[i + j];
            sine.acc[j] = acc_fma(sine.acc[j], dy, chunk->sine[i + j]);
            cosine.acc[j] = acc_fma(cosine.acc[j], dy, chunk->cosine[i + j]);
            /* dy x is exact. */
            x_cosine.acc[j] =
                acc_fma_wide(x_cosine.acc[j], acc_fma(acc_zero(), dy, chunk->x[i + j]), acc_of(chunk->cosine[i + j]));
        }
    v_sum_store(c, sine);
    v_sum_store(omega, x_cosine);
    v_sum_store(phi, cosine);
}

/* One pass over the data: the gradients of `terms` terms, and dx, of all of them, if that is not NULL. */
static void staf_pass(const staf_terms *t, size_t first, size_t terms, size_t n, const float *x, const float *dy,
                      activ_lanes *lanes, float *dx)
{
    const size_t from = dx ? 0 : first, to = dx ? t->tau : first + terms;
    staf_chunk chunk;
    for (size_t start = 0; start < n; start += STAF_CHUNK) {
        size_t length = n - start < STAF_CHUNK ? n - start : STAF_CHUNK;
        staf_start(&chunk, t, length, x + start, dy + start);
        for (size_t i = from; i < to; i++) {
            if (chunk.kind == STAF_SMALL)
                staf_sines_and_cosines(&chunk, t->omega[i], t->phi[i], STAF_SMALL);
            else
                staf_any_sines_and_cosines(&chunk, t->omega[i], t->phi[i]);
            if (i >= first && i < first + terms) {
                activ_lanes *of_term = lanes + (i - first);
                staf_gradients(&chunk, of_term[0], of_term[terms], of_term[2 * terms]);
            }
            for (size_t k = 0; dx && k < chunk.vectors; k += V_INTERLEAVE)
                staf_add(chunk.sum + k, (double)t->c[i] * (double)t->omega[i], chunk.cosine + k);
        }
        if (dx)
            staf_store(&chunk, length, 1, dx + start);
    }
}

/* Terms from `first` on, of which gradients are wanted. */
static size_t staf_count(const activ_fn_args *a, size_t first, size_t count)
{
    const size_t tau = a->lengths[0], left = tau > first ? tau - first : 0;
    return left < count ? left : count;
}

static void staf_backward_loop(const activ_fn_args *a, size_t first, size_t count, size_t n, const float *x,
                               const float *dy, float *dx, activ_lanes *lanes)
{
    const staf_terms t = staf_terms_of(a);
    const size_t terms = lanes ? staf_count(a, first, count) : 0;
    if (terms > 0 || dx)
        staf_pass(&t, first, terms, n, x, dy, lanes, dx);
}

static void staf_finish(const activ_fn_args *a, size_t first, size_t count, double *sums)
{
    const size_t terms = staf_count(a, first, count);
    for (size_t i = 0; i < terms; i++) {
        const double c = (double)a->params[first + i];
        sums[terms + i] *= c;
        sums[2 * terms + i] *= c;
    }
}

static const v_elementwise staf_elementwise = {
    .forward_loop = staf_forward_loop,
    .backward_loop = staf_backward_loop,
    .finish = staf_finish,
};
#endif
