/* fourier: a_0 + sum over k = 1 .. K of a_k cos(k omega x) + b_k sin(k omega x), all 2K + 1 coefficients and omega
 * trained. The parameters come in the order a_0 .. a_K, b_1 .. b_K, omega. With z = cos(omega x) + i sin(omega x) f is
 * the real part of the sum of (a_k - i b_k) z^k, and f'/omega that of k (b_k + i a_k) z^k: one sine and one cosine for
 * each element, in double, and Horner's rule. The gradients take the powers of z one by one. */
#include "functions/function.h"

#if defined(ACTIV_FN_DEFINITIONS)
static const activ_setting fourier_settings[] = {
    { .name = "k", .kind = ACTIV_SETTING_KIND_COUNT, .initial = 4.0, .minimum = 1.0, .maximum = 4096.0 },
    { .name = "omega", .initial = 1.0, .minimum = 1e-30, .maximum = 1e30 },
    { .name = NULL },
};

static size_t fourier_param_vector(const activ_setting_value *values, int which, const char **name)
{
    static const char *const names[] = { "a", "b", "omega" };
    const size_t terms = (size_t)values[0].number;
    const size_t lengths[] = { terms + 1, terms, 1 };
    if (which >= 3)
        return 0;
    *name = names[which];
    return lengths[which];
}

/* The identity on [-pi/omega, pi/omega], by its Fourier series: b_k = 2 (-1)^(k+1) / (k omega). */
static void fourier_param_init(const activ_setting_value *values, uint64_t seed, float *params)
{
    (void)seed;
    const size_t terms = (size_t)values[0].number;
    const double omega = (double)values[1].single;
    float *a = params, *b = params + terms + 1;
    a[0] = 0.0f;
    for (size_t k = 1; k <= terms; k++) {
        a[k] = 0.0f;
        b[k - 1] = (float)((k % 2 ? 2.0 : -2.0) / ((double)k * omega));
    }
    b[terms] = values[1].single;
}

static const activ_fn_definition fourier_definition = {
    .signature = "fourier(k=4, omega=1)",
    .formula = "a[1] + sum(i, 1, k, a[i + 1]*cos(i*omega[1]*x) + b[i]*sin(i*omega[1]*x))",
    .source = "Fourier 1822, Theorie analytique de la chaleur: a partial sum of the series, with trained coefficients",
    .settings = fourier_settings,
    /* In units of the sum of the terms' magnitudes, plus what one rounding of each argument costs. */
    .forward_ulp = 0.6f,
    .derivative_ulp = 0.6f,
    .param_vector = fourier_param_vector,
    .param_init = fourier_param_init,
};
#else
#    include "functions/families/harmonics.h"

typedef struct fourier_params {
    size_t terms;       /* K */
    const float *a, *b; /* a_0 .. a_K; b[k - 1] is b_k */
    float omega;
} fourier_params;

static fourier_params fourier_params_of(const activ_fn_args *a)
{
    const size_t terms = a->lengths[1];
    fourier_params f = { terms, a->params, a->params + terms + 1, a->params[2 * terms + 1] };
    return f;
}

/* An angle omega x beyond 2^16, reduced by whole turns. From 2^40 on its rounding error is many turns, so that any
 * angle will do, also where it overflows. */
static float fourier_reduce(float omega, float x)
{
    const float largest = 0x1.fffffep127f;
    float angle = omega * x;
    if (x >= -largest && x <= largest)
        angle = angle > largest ? largest : angle < -largest ? -largest : angle;
    int32_t quarters;
    double r = (double)v_reduce_large(angle, &quarters);
    r += 1.57079632679489661923 * (double)((uint32_t)quarters & 3);
    if (angle < 0x1p40f && angle > -0x1p40f)
        r += (double)omega * (double)x - (double)angle;
    return (float)r;
}

/* z, to within 2^-40 or so, for angles up to 2^16. Sine and cosine of a quarter of the angle, from polynomials, are
 * doubled twice. */
V_INLINE harmonic fourier_first(vf x, float omega)
{
    const vacc one = acc_set(1.0);
    vf angle = v_mul(v_set(omega), x);
    vacc exact = acc_fma(acc_zero(), v_set(omega), x);
    vm large = v_not_le(v_abs(angle), v_set(0x1p16f));
    if (!V_LIKELY(!m_any(large))) {
        float xs[V_LANES], angles[V_LANES];
        v_store(xs, x);
        v_store(angles, angle);
        for (int i = 0; i < V_LANES; i++)
            if (!(angles[i] <= 0x1p16f && angles[i] >= -0x1p16f))
                angles[i] = fourier_reduce(omega, xs[i]);
        angle = v_load(angles);
        exact = acc_fma(acc_zero(), v_sel(large, v_set(1.0f), v_set(omega)), v_sel(large, angle, x));
    }
    vi bits;
    vf turns = v_round_bits(angle, v_set(0x1.45f306p-3f), &bits); /* 1/(2 pi) */
    vacc r = acc_fma_wide(harmonic_times(exact, acc_set(0.25)), acc_of(turns), acc_set(-1.57079632679489661923));
    const harmonic quarter = harmonic_of(r);
    const vacc s = quarter.im, c = quarter.re;
    /* cos 2t = 1 - 2 sin^2 t, sin 2t = 2 sin t cos t; t is -sin of half the angle. */
    vacc twice = harmonic_times(s, acc_set(-2.0)), half_c = acc_fma_wide(one, twice, s), t = harmonic_times(twice, c);
    twice = harmonic_times(t, acc_set(-2.0));
    harmonic z = { acc_fma_wide(one, twice, t), harmonic_times(twice, half_c) };
    return z;
}

/* w z + re + i im */
V_INLINE harmonic fourier_step(harmonic w, harmonic z, vacc minus_im, double re, double im)
{
    harmonic next = { acc_fma_wide(acc_fma_wide(acc_set(re), w.im, minus_im), w.re, z.re),
                      acc_fma_wide(acc_fma_wide(acc_set(im), w.im, z.re), w.re, z.im) };
    return next;
}

V_INLINE vacc fourier_sum(const fourier_params *f, harmonic z)
{
    const vacc minus_im = harmonic_times(z.im, acc_set(-1.0));
    size_t k = f->terms;
    harmonic w = { acc_set((double)f->a[k]), acc_set(-(double)f->b[k - 1]) };
    while (--k > 0)
        w = fourier_step(w, z, minus_im, (double)f->a[k], -(double)f->b[k - 1]);
    return acc_fma_wide(acc_fma_wide(acc_set((double)f->a[0]), w.im, minus_im), w.re, z.re);
}

/* f'/omega */
V_INLINE vacc fourier_slope(const fourier_params *f, harmonic z)
{
    const vacc minus_im = harmonic_times(z.im, acc_set(-1.0));
    size_t k = f->terms;
    harmonic w = { acc_set((double)k * (double)f->b[k - 1]), acc_set((double)k * (double)f->a[k]) };
    while (--k > 0)
        w = fourier_step(w, z, minus_im, (double)k * (double)f->b[k - 1], (double)k * (double)f->a[k]);
    return acc_fma_wide(harmonic_times(w.im, minus_im), w.re, z.re);
}

/* Elements per chunk: z of all first, as both steps would exceed the CPU's out-of-order window. */
#    define FOURIER_CHUNK 128

static void fourier_forward_loop(const activ_fn_args *a, size_t n, const float *x, const float *w, float *y)
{
    const fourier_params f = fourier_params_of(a);
    harmonic z[FOURIER_CHUNK / V_LANES];
    for (size_t start = 0, count; start < n; start += count) {
        count = n - start < FOURIER_CHUNK ? n - start : FOURIER_CHUNK;
        for (size_t i = 0; i < count; i += V_LANES)
            z[i / V_LANES] = fourier_first(v_load_lanes(x + start + i, v_active_lanes(count - i, 0)), f.omega);
        for (size_t i = 0; i < count; i += V_LANES) {
            size_t lanes = v_active_lanes(count - i, 0), at = start + i;
            vf value = acc_round(fourier_sum(&f, z[i / V_LANES]));
            if (w)
                value = v_mul(v_load_lanes(w + at, lanes), value);
            v_store_lanes(y + at, lanes, harmonic_fix_specials(v_load_lanes(x + at, lanes), value));
        }
    }
}

/* The gradients of this pass. Elements first .. first + count - 1 of a, then those of b, that is b_(first + 1) .., and
 * omega with the first: lanes of dy cos, of dy sin and of dy x f'/omega. */
typedef struct fourier_part {
    size_t first, last; /* harmonics, the constant among them */
    size_t cosines, sines;
    activ_lanes *lanes; /* NULL: none are wanted */
} fourier_part;

static fourier_part fourier_part_of(const fourier_params *f, size_t first, size_t count, activ_lanes *lanes)
{
    fourier_part part = { .first = first };
    if (first > f->terms || count == 0)
        return part;
    const size_t left = f->terms - first;
    part.cosines = count <= left ? count : left + 1;
    part.sines = count < left ? count : left;
    part.last = first + part.sines;
    part.lanes = lanes;
    return part;
}

/* The powers of z one by one, from a multiple of HARMONIC_ANCHOR on, so that their bits do not depend on the grouping.
 */
V_INLINE void fourier_harmonics(const fourier_part *part, const harmonic *z, const vacc *dy)
{
    harmonic power[V_PER_BLOCK];
    const size_t from = part->first > 0 ? part->first : 1;
    size_t k = from - from % HARMONIC_ANCHOR;
    k = k > 0 ? k : 1;
    if (from > part->last)
        return;
    for (size_t j = 0; j < V_PER_BLOCK; j++)
        power[j] = harmonic_power(z[j], k);
    for (;;) {
        /* Among the cosines; among the sines it is one before. */
        const size_t at = k - part->first;
        for (size_t j = 0; k >= from && j < V_PER_BLOCK; j++) {
            if (at < part->cosines)
                harmonic_add(part->lanes[at] + j * V_LANES, dy[j], power[j].re);
            if (at > 0)
                harmonic_add(part->lanes[part->cosines + at - 1] + j * V_LANES, dy[j], power[j].im);
        }
        if (++k > part->last)
            return;
        for (size_t j = 0; j < V_PER_BLOCK; j++)
            power[j] = k % HARMONIC_ANCHOR == 0 ? harmonic_power(z[j], k) : harmonic_product(z[j], power[j]);
    }
}

/* One pass over the data: dx if that is not NULL, and gradients if there are lanes for them. */
static void fourier_pass(const fourier_params *f, const fourier_part *part, size_t n, const float *x, const float *dy,
                         float *dx)
{
    const int has_first = part->lanes && part->first == 0, slopes = dx || has_first;
    for (size_t i = 0; i < n; i += V_BLOCK) {
        harmonic z[V_PER_BLOCK];
        vacc wide_dy[V_PER_BLOCK];
        for (size_t j = 0; j < V_PER_BLOCK; j++) {
            size_t lanes = v_active_lanes(n - i, j), at = i + j * V_LANES;
            vf xs = lanes ? v_load_lanes(x + at, lanes) : v_set(0.0f);
            vf dys = lanes ? v_load_lanes(dy + at, lanes) : v_set(0.0f);
            z[j] = fourier_first(xs, f->omega);
            wide_dy[j] = acc_of(dys);
            vacc slope = slopes ? fourier_slope(f, z[j]) : acc_zero();
            if (has_first) {
                harmonic_add(part->lanes[0] + j * V_LANES, wide_dy[j], acc_set(1.0));
                harmonic_add(part->lanes[part->cosines + part->sines] + j * V_LANES, acc_fma(acc_zero(), dys, xs),
                             slope);
            }
            if (dx && lanes) {
                vf value = v_mul(dys, acc_round(harmonic_times(slope, acc_set((double)f->omega))));
                v_store_lanes(dx + at, lanes, harmonic_fix_specials(xs, value));
            }
        }
        if (part->lanes)
            fourier_harmonics(part, z, wide_dy);
    }
}

static void fourier_backward_loop(const activ_fn_args *a, size_t first, size_t count, size_t n, const float *x,
                                  const float *dy, float *dx, activ_lanes *lanes)
{
    const fourier_params f = fourier_params_of(a);
    const fourier_part part = fourier_part_of(&f, first, count, lanes);
    fourier_pass(&f, &part, n, x, dy, dx);
}

static const v_elementwise fourier_elementwise = {
    .forward_loop = fourier_forward_loop,
    .backward_loop = fourier_backward_loop,
};
#endif
