/* enn: the sum over k = 1 .. K of (-1)^k F_k sin((2k - 1) pi x/2), all F trained: the cosines of odd order on [-1, 1],
 * cos((2k - 1) pi (x + 1)/2), of a discrete cosine transform with many points; K is the paper's Q/2. Martinez-Gost et
 * al. 2023.
 *
 * f(x + 2) = -f(x), and x mod 4 is exact, so the error does not grow with x. With t = pi x/2 the sum is sin t (b_0 +
 * b_1), and f' is its like with cos t (b_0 - b_1), by Clenshaw's recurrence b_j = c_j + 2 cos 2t b_(j+1) - b_(j+2) in
 * double: what all terms have in common at a zero, the sine or cosine, stands before the sum. */
#include "functions/function.h"

#if defined(ACTIV_FN_DEFINITIONS)
#    include <math.h>

#    include "base/random.h"

static const char *const enn_inits[] = { "identity", "unit", NULL };

static const activ_setting enn_settings[] = {
    { .name = "k", .kind = ACTIV_SETTING_KIND_COUNT, .initial = 6.0, .minimum = 1.0, .maximum = 4096.0 },
    { .name = "init", .kind = ACTIV_SETTING_KIND_WORD, .initial = 0.0, .words = enn_inits },
    { .name = NULL },
};

static size_t enn_param_vector(const activ_setting_value *values, int which, const char **name)
{
    if (which >= 1)
        return 0;
    *name = "F";
    return (size_t)values[0].number;
}

/* identity: nearly x on [-1, 1], by the Fourier series of the triangular wave that continues it: F_k = -8/(pi (2k -
 * 1))^2. unit: F ~ N(0, 2/K), so that the output has variance 1 over a period. */
static void enn_param_init(const activ_setting_value *values, uint64_t seed, float *params)
{
    const size_t terms = (size_t)values[0].number;
    for (uint64_t k = 0; k < terms; k++) {
        const double order = 2.0 * (double)k + 1.0, pi = 3.14159265358979323846;
        if (values[1].number > 0.0)
            params[k] = (float)(sqrt(2.0 / (double)terms) *
                                activ_random_normal_double(seed, ACTIV_STREAM(ACTIV_STREAM_FN, 0), k));
        else
            params[k] = (float)(-8.0 / (pi * pi * order * order));
    }
}

static const activ_fn_definition enn_definition = {
    .signature = "enn(k=6, init=identity)",
    .aliases = "ENN",
    .formula = "sum(i, 1, k, (-1)^i*F[i]*sin((i - 0.5)*pi*x))",
    .source = "Martinez-Gost, Perez-Neira, Lagunas 2023, ENN: a neural network with DCT adaptive activation functions, "
              "arXiv:2307.00673",
    .settings = enn_settings,
    /* In units of the sum of the terms' magnitudes. */
    .forward_ulp = 0.6f,
    .derivative_ulp = 0.6f,
    .param_vector = enn_param_vector,
    .param_init = enn_param_init,
};
#else
#    include "functions/families/harmonics.h"

#    define ENN_HALF_PI 1.57079632679489661923

/* Multiples of 4 from here on. */
#    define ENN_WHOLE 0x1p25f

/* z = cos t + i sin t, t = pi x/2. x is reduced by a multiple of 4096, then to the nearest whole number n, both
 * exactly; then z is turned by n quarters. */
V_INLINE harmonic enn_first(vf x)
{
    const vf size = v_abs(x);
    vi n;
    vf near = v_sel(m_and(v_ge(size, v_set(ENN_WHOLE)), v_le(size, v_set(FLT_MAX))), v_set(0.0f), x);
    near = v_fnma(v_round_bits(near, v_set(0x1p-12f), &n), v_set(0x1p12f), near);
    near = v_sub(near, v_round_bits(near, v_set(1.0f), &n));
    const harmonic z = harmonic_of(acc_fma_wide(acc_zero(), acc_of(near), acc_set(ENN_HALF_PI)));
    const vi sign = i_and(i_shl(n, 30), i_set(INT32_MIN));
    const vf odd = v_float_of(i_shl(n, 31)), zero = v_set(0.0f), one = v_set(1.0f);
    const harmonic turn = { acc_of(v_float_of(i_xor(v_bits(v_sel_sign(odd, zero, one)), sign))),
                            acc_of(v_float_of(i_xor(v_bits(v_sel_sign(odd, one, zero)), sign))) };
    return harmonic_product(z, turn);
}

/* c_j with k = j + 1. */
V_INLINE double enn_coefficient(const float *f, size_t j)
{
    return j % 2 ? (double)f[j] : -(double)f[j];
}

/* The sum, or with `slope` f'. */
V_INLINE vacc enn_sum(const float *f, size_t terms, harmonic z, const int slope)
{
    const vacc minus_one = acc_set(-1.0);
    /* 2 cos 2t */
    const vacc twice = acc_fma_wide(acc_set(2.0), harmonic_times(z.im, acc_set(-4.0)), z.im);
    vacc b = acc_zero(), after = acc_zero();
    for (size_t j = terms; j-- > 0;) {
        const double c = enn_coefficient(f, j) * (slope ? ENN_HALF_PI * (double)(2 * j + 1) : 1.0);
        const vacc next = acc_fma_wide(acc_fma_wide(acc_set(c), after, minus_one), b, twice);
        after = b;
        b = next;
    }
    return slope ? harmonic_times(z.re, acc_fma_wide(b, after, minus_one))
                 : harmonic_times(z.im, acc_fma_wide(b, after, acc_set(1.0)));
}

static void enn_forward_loop(const activ_fn_args *a, size_t n, const float *x, const float *w, float *y)
{
    for (size_t i = 0; i < n; i += V_LANES) {
        const size_t lanes = v_active_lanes(n - i, 0);
        vf xs = v_load_lanes(x + i, lanes), value = acc_round(enn_sum(a->params, a->lengths[0], enn_first(xs), 0));
        if (w)
            value = v_mul(v_load_lanes(w + i, lanes), value);
        v_store_lanes(y + i, lanes, harmonic_fix_specials(xs, value));
    }
}

/* Adds dy sin((2j + 1) t) for j = from .. end - 1, from a multiple of HARMONIC_ANCHOR on, so that the bits do not
 * depend on the grouping. */
V_INLINE void enn_gradients(activ_lanes *lanes, size_t from, size_t end, const harmonic *z, const vacc *dy)
{
    harmonic power[V_PER_BLOCK], square[V_PER_BLOCK];
    size_t j = from - from % HARMONIC_ANCHOR;
    for (size_t i = 0; i < V_PER_BLOCK; i++) {
        square[i] = harmonic_product(z[i], z[i]);
        power[i] = harmonic_power(z[i], 2 * j + 1);
    }
    for (;;) {
        for (size_t i = 0; j >= from && i < V_PER_BLOCK; i++)
            harmonic_add(lanes[j - from] + i * V_LANES, dy[i], power[i].im);
        if (++j == end)
            return;
        for (size_t i = 0; i < V_PER_BLOCK; i++)
            power[i] =
                j % HARMONIC_ANCHOR == 0 ? harmonic_power(z[i], 2 * j + 1) : harmonic_product(square[i], power[i]);
    }
}

static size_t enn_end(const activ_fn_args *a, size_t first, size_t count)
{
    const size_t terms = a->lengths[0];
    return first >= terms ? first : count < terms - first ? first + count : terms;
}

static void enn_backward_loop(const activ_fn_args *a, size_t first, size_t count, size_t n, const float *x,
                              const float *dy, float *dx, activ_lanes *lanes)
{
    const size_t terms = a->lengths[0], end = enn_end(a, first, count);
    for (size_t i = 0; i < n; i += V_BLOCK) {
        harmonic z[V_PER_BLOCK];
        vacc wide_dy[V_PER_BLOCK];
        for (size_t j = 0; j < V_PER_BLOCK; j++) {
            const size_t some = v_active_lanes(n - i, j), at = i + j * V_LANES;
            vf xs = some ? v_load_lanes(x + at, some) : v_set(0.0f);
            vf dys = some ? v_load_lanes(dy + at, some) : v_set(0.0f);
            z[j] = enn_first(xs);
            wide_dy[j] = acc_of(dys);
            if (dx && some) {
                vf value = v_mul(dys, acc_round(enn_sum(a->params, terms, z[j], 1)));
                v_store_lanes(dx + at, some, harmonic_fix_specials(xs, value));
            }
        }
        if (lanes && first < end)
            enn_gradients(lanes, first, end, z, wide_dy);
    }
}

/* The signs of the terms. */
static void enn_finish(const activ_fn_args *a, size_t first, size_t count, double *sums)
{
    for (size_t j = first; j < enn_end(a, first, count); j++)
        if (j % 2 == 0)
            sums[j - first] = -sums[j - first];
}

static const v_elementwise enn_elementwise = {
    .forward_loop = enn_forward_loop,
    .backward_loop = enn_backward_loop,
    .finish = enn_finish,
};
#endif
