/* bspline: a cubic spline on the knots lo - 3h, lo - 2h .. lo + (g + 3)h, 0 outside: the sum over i < g + 3 of c_i
 * B_i(x), where B_i is not 0 between lo + (i - 3)h and lo + (i + 1)h. All c are trained. de Boor 1972; Liu 2024 (KAN).
 *
 * Where (x - lo)/h = n + r with r from 0 to 1, the splines n .. n + 3 are not 0, and cubics in r. Arithmetic is in
 * double; coefficients are looked up in float32, padded with zeros on both sides. At a knot both sides agree, so it may
 * belong to either interval. */
#include "functions/function.h"

/* Maximum of intervals, and the zeros on each side of the coefficients. */
#define BSPLINE_INTERVALS 4096
#define BSPLINE_ZEROS 4

#if defined(ACTIV_FN_DEFINITIONS)
#    include "base/dmath.h"

static const activ_setting bspline_settings[] = {
    { .name = "g", .kind = ACTIV_SETTING_KIND_COUNT, .initial = 8.0, .minimum = 1.0, .maximum = BSPLINE_INTERVALS },
    { .name = "lo", .initial = -2.0 },
    { .name = "h", .initial = 0.5, .minimum = 1e-30, .maximum = 1e30 },
    { .name = NULL },
};

static const char *bspline_check(const activ_setting_value *values)
{
    const double largest = 0x1.fffffep127, lo = (double)values[1].single, h = (double)values[2].single;
    const double first = lo - 3.0 * h, last = lo + (values[0].number + 3.0) * h;
    return first >= -largest && last <= largest ? NULL : "the knots lo - 3h .. lo + (g + 3)h have to be finite float32";
}

static size_t bspline_param_vector(const activ_setting_value *values, int which, const char **name)
{
    if (which >= 1)
        return 0;
    *name = "c";
    return (size_t)values[0].number + 3;
}

static double bspline_silu(double x)
{
    double t = activ_exp(x < 0.0 ? x : -x);
    return (x < 0.0 ? t : 1.0) * x / (1.0 + t);
}

/* Nearly silu on [lo, lo + g h]: c_i is f at the middle of B_i less a sixth of f's second difference there, the
 * quasi-interpolation that gives cubics exactly. */
static void bspline_param_init(const activ_setting_value *values, uint64_t seed, float *params)
{
    (void)seed;
    const double lo = (double)values[1].single, h = (double)values[2].single;
    for (size_t i = 0; i < (size_t)values[0].number + 3; i++) {
        const double middle = (double)i - 1.0;
        params[i] = (float)((8.0 * bspline_silu(lo + middle * h) - bspline_silu(lo + (middle - 1.0) * h) -
                             bspline_silu(lo + (middle + 1.0) * h)) /
                            6.0);
    }
}

static const activ_fn_definition bspline_definition = {
    .signature = "bspline(g=8, lo=-2, h=0.5)",
    .formula =
        "let u = (x - lo)/h + 2; sum(i, 1, g + 3, c[i]*where(u < i, max(u - i + 2, 0)^3 - 4*max(u - i + 1, 0)^3, "
        "max(i + 2 - u, 0)^3 - 4*max(i + 1 - u, 0)^3))/6",
    .printed = "sum over i = 1 .. g + 3 of c[i]*B_i(x), cubic B-splines on the knots lo - 3*h, lo - 2*h .. "
               "lo + (g + 3)*h",
    .source = "de Boor 1972, On calculating with B-splines; Liu et al. 2024, KAN: Kolmogorov-Arnold networks, "
              "arXiv:2404.19756",
    .settings = bspline_settings,
    /* In units of the sum of the terms' magnitudes. */
    .forward_ulp = 0.6f,
    .derivative_ulp = 0.6f,
    .check = bspline_check,
    .param_vector = bspline_param_vector,
    .param_init = bspline_param_init,
};
#else
#    include <math.h>

typedef struct bspline {
    size_t count;          /* of coefficients */
    double lo, h, inverse; /* 1/h */
    float low, high, last; /* the first and last knot; the last index */
    const float *c;
    float left[2 * BSPLINE_ZEROS], right[2 * BSPLINE_ZEROS]; /* the outermost coefficients, and the zeros beyond */
} bspline;

static void bspline_start(bspline *s, const activ_fn_args *a)
{
    s->count = a->lengths[0];
    s->lo = (double)a->setting_values[1];
    s->h = (double)a->setting_values[2];
    s->inverse = 1.0 / s->h;
    s->low = (float)(s->lo - 3.0 * s->h);
    s->high = (float)(s->lo + (double)s->count * s->h);
    s->last = (float)(s->count + BSPLINE_ZEROS);
    s->c = a->params;
    for (size_t i = 0; i < BSPLINE_ZEROS; i++) {
        s->left[i] = s->right[BSPLINE_ZEROS + i] = 0.0f;
        s->left[BSPLINE_ZEROS + i] = s->c[i]; /* there are as many at least */
        s->right[i] = s->c[s->count - BSPLINE_ZEROS + i];
    }
}

/* Four coefficients from index `at` on, counted from the first zero on the left. */
V_INLINE const float *bspline_row(const bspline *s, uint32_t at)
{
    return at < BSPLINE_ZEROS ? s->left + at : at > s->count ? s->right + (at - s->count) : s->c + (at - BSPLINE_ZEROS);
}

V_INLINE vacc bspline_times(vacc a, vacc b)
{
    return acc_fma_wide(acc_zero(), a, b);
}

/* Of each x between the knots: r and 1 - r, and the index of the first of its four coefficients. */
typedef struct bspline_position {
    vacc r, one_minus_r;
    int32_t at[V_LANES];
} bspline_position;

V_INLINE vm bspline_is_inside(const bspline *s, vf x)
{
    return m_and(v_ge(x, v_set(s->low)), v_le(x, v_set(s->high)));
}

V_INLINE void bspline_find(const bspline *s, vf x, bspline_position *position)
{
    const vacc one = acc_set(1.0), minus_one = acc_set(-1.0), inverse = acc_set(s->inverse), magic = acc_set(0x1.8p52);
    vacc distance = acc_fma_wide(acc_set(-s->lo), acc_of(x), one);
    /* The quotient with its remainder's: exact at the knots. */
    vacc u = bspline_times(distance, inverse);
    u = acc_fma_wide(u, acc_fma_wide(distance, u, acc_set(-s->h)), inverse);
    /* u - 1/2 rounded to a whole number. (An interval to the left of zero may lose an x within 2^-53 of its end.) */
    vacc n = acc_fma_wide(magic, acc_fma_wide(acc_set(-0.5), u, one), one);
    n = acc_fma_wide(n, magic, minus_one);
    position->r = acc_fma_wide(u, n, minus_one);
    position->one_minus_r = acc_fma_wide(one, position->r, minus_one);
    vf index = v_add(acc_round(n), v_set((float)BSPLINE_ZEROS));
    index = v_max(v_set(0.0f), v_min(v_set(s->last), index));
    i_store(position->at, i_and(v_bits(v_add(index, v_set(0x1.8p23f))), i_set(0x3fffff)));
}

/* The four splines at r. */
V_INLINE void bspline_weights(const bspline_position *position, vacc *w)
{
    const vacc sixth = acc_set(1.0 / 6.0), minus_one = acc_set(-1.0), half = acc_set(0.5), middle = acc_set(2.0 / 3.0);
    vacc r = position->r, v = position->one_minus_r, r2 = bspline_times(r, r), v2 = bspline_times(v, v);
    w[0] = bspline_times(bspline_times(v, sixth), v2);
    w[1] = acc_fma_wide(middle, acc_fma_wide(minus_one, r, half), r2);
    w[2] = acc_fma_wide(middle, acc_fma_wide(minus_one, v, half), v2);
    w[3] = bspline_times(bspline_times(r, sixth), r2);
}

/* Their derivatives by r. */
V_INLINE void bspline_slopes(const bspline_position *position, vacc *w)
{
    const vacc minus_two = acc_set(-2.0), two = acc_set(2.0), half = acc_set(0.5);
    vacc r = position->r, v = position->one_minus_r;
    w[0] = bspline_times(bspline_times(v, acc_set(-0.5)), v);
    w[1] = bspline_times(r, acc_fma_wide(minus_two, r, acc_set(1.5)));
    w[2] = bspline_times(v, acc_fma_wide(two, v, acc_set(-1.5)));
    w[3] = bspline_times(bspline_times(r, half), r);
}

V_INLINE vacc bspline_sum(const bspline *s, const bspline_position *position, const vacc *w)
{
    const float *rows[V_LANES];
    vf c[4];
    for (size_t i = 0; i < V_LANES; i++)
        rows[i] = bspline_row(s, (uint32_t)position->at[i]);
    v_transpose4(rows, 0, c); /* a gather takes twice as long */
    vacc sum = bspline_times(acc_of(c[0]), w[0]);
    for (size_t k = 1; k < 4; k++)
        sum = acc_fma_wide(sum, acc_of(c[k]), w[k]);
    return sum;
}

/* Elements per chunk: all positions first, as with what follows the chain of operations would exceed the CPU's
 * out-of-order window. */
#    define BSPLINE_CHUNK 32
#    define BSPLINE_VECTORS (BSPLINE_CHUNK / V_LANES)

static size_t bspline_find_all(const bspline *s, size_t n, const float *x, bspline_position *positions)
{
    const size_t count = n < BSPLINE_CHUNK ? n : BSPLINE_CHUNK;
    for (size_t i = 0; i < count; i += V_LANES) {
        vf xs = v_load_lanes(x + i, v_active_lanes(count - i, 0));
        bspline_find(s, v_sel(bspline_is_inside(s, xs), xs, v_set(s->low)), &positions[i / V_LANES]);
    }
    return count;
}

static void bspline_forward_loop(const activ_fn_args *a, size_t n, const float *x, const float *w, float *y)
{
    bspline s;
    bspline_position positions[BSPLINE_VECTORS];
    bspline_start(&s, a);
    for (size_t start = 0, count; start < n; start += count) {
        count = bspline_find_all(&s, n - start, x + start, positions);
        for (size_t i = 0; i < count; i += V_LANES) {
            size_t lanes = v_active_lanes(count - i, 0), at = start + i;
            vf xs = v_load_lanes(x + at, lanes);
            vacc weights[4];
            bspline_weights(&positions[i / V_LANES], weights);
            vf value = acc_round(bspline_sum(&s, &positions[i / V_LANES], weights));
            value = v_sel(bspline_is_inside(&s, xs), value, v_set(0.0f));
            if (w)
                value = v_mul(v_load_lanes(w + at, lanes), value);
            v_store_lanes(y + at, lanes, v_keep_nan(xs, value));
        }
    }
}

/* The coefficients first .. first + count - 1 and their partial sums of dy B_i. A NaN in x makes all of them NaN. */
typedef struct bspline_sums {
    size_t first, count;
    int any_nan;
    activ_lanes *lanes;
} bspline_sums;

/* Accumulates dy B_i of a chunk, to four coefficients for each element. `start`: the index of its first element. */
V_INLINE void bspline_add(bspline_sums *sums, const bspline_position *positions, size_t start, size_t count,
                          const float *x, const float *dy, const bspline *s)
{
    double products[4][BSPLINE_CHUNK];
    for (size_t i = 0; i < count; i += V_LANES) {
        size_t lanes = v_active_lanes(count - i, 0);
        vf xs = v_load_lanes(x + i, lanes);
        vacc weights[4], wide_dy = acc_of(v_sel(bspline_is_inside(s, xs), v_load_lanes(dy + i, lanes), v_set(0.0f)));
        bspline_weights(&positions[i / V_LANES], weights);
        for (size_t k = 0; k < 4; k++)
            acc_store(products[k] + i, bspline_times(wide_dy, weights[k]));
        if (m_any(v_nan(xs)))
            sums->any_nan = 1;
    }
    for (size_t i = 0; i < count; i++) {
        /* Wraps if it lies before the first. */
        const size_t row = (size_t)positions[i / V_LANES].at[i % V_LANES] - BSPLINE_ZEROS - sums->first;
        for (size_t k = 0; k < 4; k++)
            if (row + k < sums->count)
                sums->lanes[row + k][(start + i) % V_BLOCK] += products[k][i];
    }
}

/* dx if that is not NULL, and sums if they are not. */
static void bspline_pass(const bspline *s, size_t n, const float *x, const float *dy, float *dx, bspline_sums *sums)
{
    bspline_position positions[BSPLINE_VECTORS];
    for (size_t start = 0, count; start < n; start += count) {
        count = bspline_find_all(s, n - start, x + start, positions);
        if (sums)
            bspline_add(sums, positions, start, count, x + start, dy + start, s);
        for (size_t i = 0; dx && i < count; i += V_LANES) {
            size_t lanes = v_active_lanes(count - i, 0), at = start + i;
            vf xs = v_load_lanes(x + at, lanes);
            vacc weights[4];
            bspline_slopes(&positions[i / V_LANES], weights);
            vacc sum = bspline_times(bspline_sum(s, &positions[i / V_LANES], weights), acc_set(s->inverse));
            vf product = v_mul(v_load_lanes(dy + at, lanes), acc_round(sum));
            product = v_sel(bspline_is_inside(s, xs), product, v_set(0.0f));
            v_store_lanes(dx + at, lanes, v_keep_nan(xs, product));
        }
    }
}

static void bspline_backward_loop(const activ_fn_args *a, size_t first, size_t count, size_t n, const float *x,
                                  const float *dy, float *dx, activ_lanes *lanes)
{
    bspline s;
    bspline_start(&s, a);
    const size_t left = s.count > first ? s.count - first : 0;
    bspline_sums sums = { .first = first, .count = left < count ? left : count, .lanes = lanes };
    bspline_pass(&s, n, x, dy, dx, lanes && sums.count > 0 ? &sums : NULL);
    for (size_t k = 0; sums.any_nan && k < sums.count; k++)
        lanes[k][0] += (double)NAN;
}

static const v_elementwise bspline_elementwise = {
    .forward_loop = bspline_forward_loop,
    .backward_loop = bspline_backward_loop,
};
#endif
