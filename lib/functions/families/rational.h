/* Shared by rational_a and rational_book: P(x)/Q(|x|), P = a_0 + a_1 x + ... + a_p x^p, and Q = 1 + |b_1| |x| + ... +
 * |b_q| |x|^q, which is `safe`, or 1 + b_0 + b_1 |x| + ... + b_q |x|^q, which may be 0.
 *
 * The parameters come in the order a_0 .. a_p, then b from b_1 or b_0 on. Sums are in double, where no power of an |x|
 * up to 2^16 overflows; elements beyond are computed one by one, in powers of 1/x. */
#ifndef ACTIV_FUNCTIONS_FAMILIES_RATIONAL_H
#define ACTIV_FUNCTIONS_FAMILIES_RATIONAL_H

/* Maximum of p and q. */
#define RATIONAL_DEGREE 32

#if defined(ACTIV_FN_DEFINITIONS)
#    include "functions/definition.h"

static const activ_setting rational_settings[] = {
    { .name = "p", .kind = ACTIV_SETTING_KIND_COUNT, .initial = 5.0, .minimum = 1.0, .maximum = RATIONAL_DEGREE },
    { .name = "q", .kind = ACTIV_SETTING_KIND_COUNT, .initial = 4.0, .minimum = 1.0, .maximum = RATIONAL_DEGREE },
    { .name = NULL },
};

/* Fits of leaky_relu (slope 0.01) on [-3, 3] by Molina et al., as published with their program (rational_activations,
 * version A); a fit of lower degree than asked for serves too, and below these the identity. */
typedef struct rational_fit {
    size_t p, q;
    float a[6], b[4];
} rational_fit;

static const rational_fit rational_fits[] = {
    { 5,
      4,
      { 0.029792779f, 0.61837353f, 2.3233091f, 3.0519362f, 1.4854203f, 0.2510245f },
      { -1.1419548f, 4.39316f, 0.87147123f, 0.34719662f } },
    { 3, 2, { 0.11440311f, 0.58916108f, 0.54239869f, 0.13286948f }, { 0.20749945f, 0.20726656f } },
    { 1, 0, { 0.0f, 1.0f }, { 0.0f } },
};

/* a_0 .. a_p and b_1 .. b_q. Coefficients beyond the fit: a_i = 0; b_k = 2^-10 3^-k, which changes f by at most a
 * thousandth on [-3, 3]: |b_k| has no gradient at b_k = 0, which would stay 0. */
static void rational_fill(const activ_setting_value *values, float *a, float *b)
{
    const size_t p = (size_t)values[0].number, q = (size_t)values[1].number;
    const rational_fit *fit = rational_fits;
    while (fit->p > p || fit->q > q)
        fit++;
    for (size_t i = 0; i <= p; i++)
        a[i] = i <= fit->p ? fit->a[i] : 0.0f;
    double small = 0x1p-10;
    for (size_t k = 1; k <= q; k++) {
        small /= 3.0;
        b[k - 1] = k <= fit->q ? fit->b[k - 1] : (float)small;
    }
}
#else
#    include "functions/loops.h"

/* Up to here x^p and its multiples stay below 2^700. */
#    define RATIONAL_NEAR 0x1p16f

typedef struct rational {
    size_t p, q, first; /* first: the first k of a b_k */
    int safe;
    const float *a, *b;                 /* b[k - first] is b_k */
    double bottom[RATIONAL_DEGREE + 1]; /* the coefficients of |x|^k in Q */
} rational;

V_INLINE double rational_size(float b)
{
    return (double)(b < 0.0f ? -b : b);
}

static double rational_sign(float b)
{
    return b > 0.0f ? 1.0 : b < 0.0f ? -1.0 : 0.0;
}

V_INLINE void rational_start(rational *f, const activ_fn_args *args, int safe)
{
    f->first = safe ? 1 : 0;
    f->safe = safe;
    f->p = args->lengths[0] - 1;
    f->q = args->lengths[1] + f->first - 1;
    f->a = args->params;
    f->b = args->params + args->lengths[0];
    f->bottom[0] = safe ? 1.0 : 1.0 + (double)f->b[0];
    for (size_t k = 1; k <= f->q; k++)
        f->bottom[k] = safe ? rational_size(f->b[k - 1]) : (double)f->b[k];
}

/* ---- |x| > RATIONAL_NEAR, infinite or NaN ------------------------------------------------------ */

/* With x^-p P = A(1/x) and |x|^-q Q = B(1/|x|), p and q the degrees without zero coefficients: limits at infinity come
 * out right. */
typedef struct rational_element {
    double x, size; /* x and |x| */
    int p, q;
    double ratio, inverse; /* A/B and 1/B */
    double f, slope;
} rational_element;

/* value |x|^n */
static double rational_scale(double value, double size, int n)
{
    for (; n > 0; n--)
        value *= size;
    for (; n < 0; n++)
        value /= size;
    return value;
}

/* value (x/|x|)^n */
static double rational_turn(double value, double x, int n)
{
    return x < 0.0 && n % 2 != 0 ? -value : value;
}

V_INLINE rational_element rational_far(const rational *f, float x)
{
    rational_element e = { .x = (double)x, .size = rational_size(x), .p = (int)f->p, .q = (int)f->q };
    while (e.p > 0 && f->a[e.p] == 0.0f)
        e.p--;
    while (e.q > 0 && f->bottom[e.q] == 0.0)
        e.q--;
    const double u = 1.0 / e.x, v = 1.0 / e.size;
    double a = (double)f->a[0], a_slope = 0.0, b = f->bottom[0], b_slope = 0.0;
    for (int i = 1; i <= e.p; i++) {
        a = a * u + (double)f->a[i];
        a_slope = a_slope * u + (double)i * (double)f->a[i];
    }
    for (int k = 1; k <= e.q; k++) {
        b = b * v + f->bottom[k];
        b_slope = b_slope * v + (double)k * f->bottom[k];
    }
    e.inverse = 1.0 / b;
    e.ratio = a / b;
    e.f = rational_turn(rational_scale(e.ratio, e.size, e.p - e.q), e.x, e.p);
    e.slope = rational_turn(rational_scale((a_slope - e.ratio * b_slope) / b, e.size, e.p - e.q - 1), e.x, e.p - 1);
    if (e.x != e.x)
        e.f = e.slope = e.x;
    return e;
}

/* df/dparameter number `which`; of b_k without the factor that rational_finish has. */
V_INLINE double rational_far_gradient(const rational *f, const rational_element *e, size_t which)
{
    if (e->x != e->x)
        return e->x;
    if (which <= f->p)
        return rational_turn(rational_scale(e->inverse, e->size, (int)which - e->q), e->x, (int)which);
    const size_t at = which - f->p - 1;
    if (f->safe && f->b[at] == 0.0f)
        return 0.0;
    return rational_turn(rational_scale(e->ratio * e->inverse, e->size, e->p - 2 * e->q + (int)(at + f->first)), e->x,
                         e->p);
}

/* Replaces the lanes with |x| beyond RATIONAL_NEAR. */
V_INLINE vf rational_correct(const rational *f, vf x, int slope, vf value)
{
    float xs[V_LANES], values[V_LANES];
    v_store(xs, x);
    v_store(values, value);
    for (size_t i = 0; i < V_LANES; i++)
        if (rational_size(xs[i]) > (double)RATIONAL_NEAR) {
            rational_element e = rational_far(f, xs[i]);
            values[i] = (float)(slope ? e.slope : e.f);
        }
    return v_load(values);
}

/* ---- |x| <= RATIONAL_NEAR, in vectors ------------------------------------------------------------ */

V_INLINE vm rational_is_far(vf x)
{
    return v_gt(v_abs(x), v_set(RATIONAL_NEAR));
}

V_INLINE vacc rational_times(vacc a, vacc b)
{
    return acc_fma_wide(acc_zero(), a, b);
}

/* P and Q, and with `slopes` their derivatives: P's by x, Q's by |x|. */
typedef struct rational_values {
    vacc p, q, p_slope, q_slope;
} rational_values;

V_INLINE rational_values rational_at(const rational *f, vacc x, vacc size, const int slopes)
{
    rational_values s = { .p_slope = acc_zero(), .q_slope = acc_zero() };
    s.p = acc_set((double)f->a[f->p]);
    s.q = acc_set(f->bottom[f->q]);
    for (size_t i = f->p; i-- > 0;) {
        if (slopes)
            s.p_slope = acc_fma_wide(s.p, s.p_slope, x);
        s.p = acc_fma_wide(acc_set((double)f->a[i]), s.p, x);
    }
    for (size_t k = f->q; k-- > 0;) {
        if (slopes)
            s.q_slope = acc_fma_wide(s.q, s.q_slope, size);
        s.q = acc_fma_wide(acc_set(f->bottom[k]), s.q, size);
    }
    return s;
}

static V_ONCE void rational_forward(const activ_fn_args *a, size_t n, const float *x, const float *w, float *y,
                                    int safe)
{
    rational f;
    rational_start(&f, a, safe);
    for (size_t i = 0; i < n; i += V_LANES) {
        size_t lanes = v_active_lanes(n - i, 0);
        vf xs = v_load_lanes(x + i, lanes);
        rational_values s = rational_at(&f, acc_of(xs), acc_of(v_abs(xs)), 0);
        vf value = acc_round(acc_div(s.p, s.q));
        if (!V_LIKELY(!m_any(rational_is_far(xs))))
            value = rational_correct(&f, xs, 0, value);
        if (w)
            value = v_mul(v_load_lanes(w + i, lanes), value);
        v_store_lanes(y + i, lanes, v_keep_nan(xs, value));
    }
}

/* The gradients of this pass: numbers from .. a_end - 1 of a and from .. b_end - 1 of b, in turn. Sums are of dy x^i /
 * Q and of dy |x|^k P/Q^2. */
typedef struct rational_part {
    size_t from, a_end, b_end;
    activ_lanes *a_lanes, *b_lanes; /* NULL: none are wanted */
} rational_part;

static rational_part rational_part_of(const rational *f, size_t first, size_t count, activ_lanes *lanes)
{
    rational_part part = { .from = first, .a_lanes = lanes };
    const size_t end = first + count, b_count = f->q + 1 - f->first;
    part.a_end = end < f->p + 1 ? end : f->p + 1;
    part.b_end = end < b_count ? end : b_count;
    part.b_lanes = lanes ? lanes + (part.a_end > first ? part.a_end - first : 0) : NULL;
    return part;
}

/* The first of a vector, and 0 beyond the elements, where it is 0 times P/Q and 1/Q, which need not be finite. */
static V_ONCE vacc rational_first(vacc a, size_t lanes)
{
    double values[V_LANES];
    acc_store(values, a);
    for (size_t i = lanes; i < V_LANES; i++)
        values[i] = 0.0;
    return acc_load(values);
}

V_INLINE vacc rational_some(vacc a, size_t lanes)
{
    return V_LIKELY(lanes == V_LANES) ? a : rational_first(a, lanes);
}

/* Adds first x^i for i = from .. end - 1 to a vector of lanes, from lane `at` on. */
V_INLINE void rational_powers(activ_lanes *lanes, size_t at, size_t from, size_t end, vacc first, vacc x)
{
    for (size_t i = 0; i < end; i++) {
        if (i >= from) {
            double *to = lanes[i - from] + at;
            acc_store(to, acc_fma_wide(acc_load(to), first, acc_set(1.0)));
        }
        first = rational_times(first, x);
    }
}

V_INLINE void rational_add_far(const rational *f, const rational_part *part, size_t lane, float x, float dy)
{
    const rational_element e = rational_far(f, x);
    for (size_t i = part->from; i < part->a_end; i++)
        part->a_lanes[i - part->from][lane] += (double)dy * rational_far_gradient(f, &e, i);
    for (size_t k = part->from; k < part->b_end; k++)
        part->b_lanes[k - part->from][lane] += (double)dy * rational_far_gradient(f, &e, f->p + 1 + k);
}

/* dx if that is not NULL, and gradients if there are lanes for them. The derivative of |x| at 0 is 0. */
static V_ONCE void rational_backward(const activ_fn_args *a, size_t first, size_t count, size_t n, const float *x,
                                     const float *dy, float *dx, activ_lanes *all_lanes, int safe)
{
    rational own, *const f = &own;
    rational_start(&own, a, safe);
    const rational_part own_part = rational_part_of(f, first, count, all_lanes), *part = &own_part;
    const vf zero = v_set(0.0f);
    for (size_t i = 0; i < n; i += V_BLOCK)
        for (size_t j = 0; j < V_PER_BLOCK; j++) {
            size_t lanes = v_active_lanes(n - i, j), at = i + j * V_LANES;
            if (lanes == 0)
                break;
            vf xs = v_load_lanes(x + at, lanes), dys = v_load_lanes(dy + at, lanes);
            vm far = rational_is_far(xs);
            const int any_far = m_any(far);
            vf near = v_sel(far, zero, xs);
            vacc wide = acc_of(near), size = acc_of(v_abs(near));
            rational_values s = rational_at(f, wide, size, 1);
            vacc inverse = acc_div(acc_set(1.0), s.q), ratio = rational_times(s.p, inverse);
            if (part->a_lanes) {
                for (size_t k = 0; any_far && k < lanes; k++)
                    if (rational_size(x[at + k]) > (double)RATIONAL_NEAR)
                        rational_add_far(f, part, j * V_LANES + k, x[at + k], dy[at + k]);
                vacc weight = rational_some(rational_times(acc_of(v_sel(far, zero, dys)), inverse), lanes);
                rational_powers(part->a_lanes, j * V_LANES, part->from, part->a_end, weight, wide);
                weight = rational_times(weight, ratio);
                if (safe)
                    weight = rational_times(weight, size);
                weight = rational_some(weight, lanes);
                rational_powers(part->b_lanes, j * V_LANES, part->from, part->b_end, weight, size);
            }
            if (dx) {
                vf minus_sign = v_sel(v_eq(near, zero), zero, v_copysign(v_set(1.0f), v_neg(near)));
                vacc top = acc_fma_wide(s.p_slope, rational_times(ratio, s.q_slope), acc_of(minus_sign));
                vf slope = acc_round(rational_times(top, inverse));
                if (any_far)
                    slope = rational_correct(f, xs, 1, slope);
                v_store_lanes(dx + at, lanes, v_keep_nan(xs, v_mul(dys, slope)));
            }
        }
}

/* The factor of the sums of b: -1, or with `safe` -sign b_k. */
static V_ONCE void rational_finish(const activ_fn_args *a, size_t first, size_t count, double *sums, int safe)
{
    rational f;
    rational_start(&f, a, safe);
    const rational_part part = rational_part_of(&f, first, count, NULL);
    sums += part.a_end > first ? part.a_end - first : 0;
    for (size_t k = first; k < part.b_end; k++)
        sums[k - first] *= safe ? -rational_sign(f.b[k]) : -1.0;
}
#endif
#endif
