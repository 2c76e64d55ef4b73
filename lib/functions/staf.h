/* staf: sum over i < tau of C_i sin(Omega_i x + Phi_i), all 3 tau numbers trained. Morsali et
 * al. 2025.
 *
 * The arrays come in the order C, Omega, Phi. Sine and cosine share one reduction. Values are
 * added in the order of i; the gradients of a term are summed over chunks of the
 * data. */
#include "functions/function.h"

#if defined(ACTIV_FN_DEFINITIONS)
#include <math.h>

#include "base/dmath.h"
#include "base/random.h"

static const char *const staf_inits[] = { "book", "repo", "unit", NULL };

static size_t staf_param_vector(const float *values, int which, const char **name)
{
    static const char *const names[] = { "C", "Omega", "Phi" };
    if (which >= 3)
        return 0;
    *name = names[which];
    return (size_t)values[0];
}

/* book: C, Omega, Phi ~ N(0, 1). repo: the authors' start, Omega = omega0 U(0, 1), Phi ~ U(-pi,
 * pi), C = sign(L) sqrt |L| with L ~ Laplace(0, 1/(2 tau)). unit: the same with L ~ Laplace(0,
 * 2/tau), so that the output has variance 1. */
static void staf_param_init(const float *values, uint64_t seed, float *params)
{
    size_t tau = (size_t)values[0];
    int init = (int)values[1];
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
        omega[i] = (float)((double)values[2] * activ_random_unit(seed, ACTIV_STREAM(ACTIV_STREAM_FN, 1),
                                                                 i));
        phi[i] = (float)(6.28318530717958647693 *
                         (activ_random_unit(seed, ACTIV_STREAM(ACTIV_STREAM_FN, 2), i) - 0.5));
    }
}

static const activ_fn_definition staf_definition = {
    .signature = "staf(tau=25, init=book, omega0=30)",
    .formula = "sum over i < tau of C_i sin(Omega_i x + Phi_i)",
    .source = "Morsali et al. 2025, STAF: Sinusoidal trainable activation functions, arXiv:2502.00869",
    .values = { { .name = "tau", .initial = 25.0f, .count = 1, .most = 65536.0f },
                { .name = "init", .initial = 0.0f, .words = staf_inits },
                { .name = "omega0", .initial = 30.0f } },
    /* In units of the sum of the terms' magnitudes, plus what one rounding of each argument
     * costs. */
    .forward_ulp = 2.0f,
    .derivative_ulp = 2.0f,
    .param_vector = staf_param_vector,
    .param_init = staf_param_init,
};
#else
/* Elements treated at a time, and terms whose partial sums are held at a time. */
#define STAF_CHUNK 256
#define STAF_TERMS 32

/* What is known of the elements that are treated together. */
typedef enum staf_kind {
    STAF_ANY,
    STAF_SMALL   /* all finite, and no argument of a sine is larger than 2^16: the same bits with less work */
} staf_kind;

/* sin and cos of omega x + phi, the argument as a pair while that matters. The argument of a finite
 * x stays finite: where it overflows, its rounding has long been larger than a turn, but a sine it
 * still has. */
V_INLINE void staf_sincos(vf x, vf omega, vf phi, const staf_kind kind, vf *sine, vf *cosine)
{
    const vf largest = v_set(0x1.fffffep127f);
    vpair product = v_two_product(omega, x), pair = v_two_sum(product.h, phi);
    if (kind == STAF_SMALL) {
        v_sincos_small(pair.h, v_add(pair.l, product.l), sine, cosine);
        return;
    }
    vm small = v_lt(v_abs(pair.h), v_set(0x1p22f));
    vf t = v_sel(small, pair.h, v_fma(omega, x, phi));
    vf low = v_sel(small, v_add(pair.l, product.l), v_set(0.0f));
    vf bounded = v_max(v_neg(largest), v_min(largest, t));
    vm finite = m_and(v_le(v_abs(x), largest),
                      m_and(v_le(v_abs(omega), largest), v_le(v_abs(phi), largest)));
    v_sincos(v_sel(finite, bounded, t), low, sine, cosine);
}

/* The largest of n absolute values, or of `more` if that is larger; NaN or infinity if one is among them. */
static float staf_largest(size_t n, const float *x, float more)
{
    const vf infinite = v_float_of(i_set(0x7f800000));
    vf largest = v_set(more);
    for (size_t i = 0; i < n; i += V_LANES) {
        vf a = v_abs(v_load_some(x + i, v_part_lanes(n - i, 0)));
        largest = v_max(v_sel(v_not_le(a, infinite), infinite, a), largest);
    }
    float lanes[V_LANES];
    v_store(lanes, largest);
    for (size_t i = 0; i < V_LANES; i++)
        more = lanes[i] > more ? lanes[i] : more;
    return more;
}

static staf_kind staf_kind_of(size_t n, const float *x, const float *params, size_t tau)
{
    float omega = staf_largest(tau, params + tau, 0.0f), phi = staf_largest(tau, params + 2 * tau, 0.0f);
    /* Half of the bound, since this is rounded. A product of zero and infinity is NaN. */
    return staf_largest(n, x, 0.0f) * omega + phi <= 0x1p15f ? STAF_SMALL : STAF_ANY;
}

/* A NaN stays what it was; an infinity has no sine. */
V_INLINE vf staf_special(vf x, vf result)
{
    vf no_sine = v_float_of(i_set(0x7fc00000));
    return v_keep_nan(x, v_sel(v_eq(v_abs(x), v_float_of(i_set(0x7f800000))), no_sine, result));
}

/* sum + c s: many terms may cancel, so that the sum is a pair. */
V_INLINE vpair staf_add(vpair sum, vf c, vf s)
{
    vpair term = v_two_product(c, s), next = v_two_sum(sum.h, term.h);
    next.l = v_add(v_add(sum.l, term.l), next.l);
    return next;
}

/* f(x), or f'(x). */
V_INLINE vf staf_sum(vf x, const float *params, size_t tau, const int derivative, const staf_kind kind)
{
    vpair sum = { v_set(0.0f), v_set(0.0f) };
    for (size_t i = 0; i < tau; i++) {
        vf c = v_set(params[i]), omega = v_set(params[tau + i]), sine, cosine;
        staf_sincos(x, omega, v_set(params[2 * tau + i]), kind, &sine, &cosine);
        sum = derivative ? staf_add(sum, v_mul(c, omega), cosine) : staf_add(sum, c, sine);
    }
    return staf_special(x, v_add(sum.h, sum.l));
}

/* out = f(x), or dy f'(x) if `derivative`. */
V_INLINE void staf_values(const float *params, size_t tau, size_t n, const float *x, const float *dy, const int derivative,
                          const staf_kind kind, float *out)
{
    for (size_t i = 0; i < n; i += V_LANES) {
        size_t lanes = v_part_lanes(n - i, 0);
        vf xs = v_load_some(x + i, lanes), value = staf_sum(xs, params, tau, derivative, kind);
        if (derivative)
            value = staf_special(xs, v_mul(v_load_some(dy + i, lanes), value));
        v_store_some(out + i, lanes, value);
    }
}

static void staf_forward_loop(const float *params, size_t count, size_t n, const float *x, float *y)
{
    size_t tau = count / 3;
    for (size_t start = 0; start < n; start += STAF_CHUNK) {
        size_t length = n - start < STAF_CHUNK ? n - start : STAF_CHUNK;
        if (staf_kind_of(length, x + start, params, tau) == STAF_SMALL)
            staf_values(params, tau, length, x + start, NULL, 0, STAF_SMALL, y + start);
        else
            staf_values(params, tau, length, x + start, NULL, 0, STAF_ANY, y + start);
    }
}

/* Adds the chunk's share of the gradients of term i to its partial sums, and its part of the
 * derivative to slope. */
V_INLINE void staf_term(const float *params, size_t tau, size_t i, size_t n, const float *x,
                        const float *dy, const staf_kind kind, vpair *slope, vsum sums[3])
{
    vf c = v_set(params[i]), omega = v_set(params[tau + i]), phi = v_set(params[2 * tau + i]);
    vf c_omega = v_mul(c, omega);
    vsum sum_c = sums[0], sum_omega = sums[1], sum_phi = sums[2];
    for (size_t b = 0; b < n; b += V_BLOCK) {
        for (size_t j = 0; j < V_PER_BLOCK; j++) {
            size_t lanes = v_part_lanes(n - b, j), at = b + j * V_LANES;
            if (lanes == 0)
                break;
            vf xs = v_load_some(x + at, lanes), dys = v_load_some(dy + at, lanes), sine, cosine;
            staf_sincos(xs, omega, phi, kind, &sine, &cosine);
            vf c_cosine = v_mul(c, cosine);
            sum_c.part[j] = acc_fma(sum_c.part[j], dys, sine);
            sum_omega.part[j] = acc_fma(sum_omega.part[j], dys, v_mul(c_cosine, xs));
            sum_phi.part[j] = acc_fma(sum_phi.part[j], dys, c_cosine);
            slope[at / V_LANES] = staf_add(slope[at / V_LANES], c_omega, cosine);
        }
    }
    sums[0] = sum_c;
    sums[1] = sum_omega;
    sums[2] = sum_phi;
}

static void staf_backward_loop(const float *params, size_t count, size_t n, const float *x,
                               const float *dy, float *dx, float *dparams)
{
    size_t tau = count / 3;
    vpair slope[STAF_CHUNK / V_LANES];
    if (dparams) {
        /* With up to STAF_TERMS terms, dx comes out of the same pass. Otherwise it has to wait
         * until the last group of terms has been through the data, since dx may be dy. */
        int together = dx && tau <= STAF_TERMS;
        vsum sums[STAF_TERMS][3];
        for (size_t first = 0; first < tau; first += STAF_TERMS) {
            size_t terms = tau - first < STAF_TERMS ? tau - first : STAF_TERMS;
            for (size_t i = 0; i < terms; i++)
                for (int k = 0; k < 3; k++)
                    sums[i][k] = v_sum_zero();
            for (size_t start = 0; start < n; start += STAF_CHUNK) {
                size_t length = n - start < STAF_CHUNK ? n - start : STAF_CHUNK;
                for (size_t j = 0; j < STAF_CHUNK / V_LANES; j++)
                    slope[j].h = slope[j].l = v_set(0.0f);
                staf_kind kind = staf_kind_of(length, x + start, params, tau);
                for (size_t i = 0; i < terms; i++) {
                    if (kind == STAF_SMALL)
                        staf_term(params, tau, first + i, length, x + start, dy + start, STAF_SMALL, slope, sums[i]);
                    else
                        staf_term(params, tau, first + i, length, x + start, dy + start, STAF_ANY, slope, sums[i]);
                }
                if (!together)
                    continue;
                for (size_t at = 0; at < length; at += V_LANES) {
                    size_t lanes = v_part_lanes(length - at, 0);
                    vf xs = v_load_some(x + start + at, lanes);
                    vpair d = slope[at / V_LANES];
                    vf out = v_mul(v_load_some(dy + start + at, lanes), v_add(d.h, d.l));
                    v_store_some(dx + start + at, lanes, staf_special(xs, out));
                }
            }
            for (size_t i = 0; i < terms; i++)
                for (size_t k = 0; k < 3; k++) {
                    float *d = dparams + k * tau + first + i;
                    *d = (float)((double)*d + v_sum_total(sums[i][k]));
                }
        }
        if (together)
            return;
    }
    if (!dx)
        return;
    for (size_t start = 0; start < n; start += STAF_CHUNK) {
        size_t length = n - start < STAF_CHUNK ? n - start : STAF_CHUNK;
        if (staf_kind_of(length, x + start, params, tau) == STAF_SMALL)
            staf_values(params, tau, length, x + start, dy + start, 1, STAF_SMALL, dx + start);
        else
            staf_values(params, tau, length, x + start, dy + start, 1, STAF_ANY, dx + start);
    }
}

static const activ_fn_kernel staf_kernel = { staf_forward_loop, staf_backward_loop, NULL, NULL };
#endif
