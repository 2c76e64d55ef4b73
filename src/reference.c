/* Reference values in double: see reference.h. */
#include "reference.h"

#include <math.h>
#include <string.h>

/* Up to here functions are taken from short series, so that only some twenty of the 254 binades of the
 * floats pay for libm. */
#define SMALL 0x1p-10f

/* e^-112 < 2^-161, beyond which nothing can change a float32 result by 2^-12 of its smallest number. */
#define NOTHING 112.0f

typedef struct point {
    double f, d, addends;
} point;

/* NAME_small() and NAME_middle() from NAME_at(v, x, small), which with `small` may take a series. */
#define PIECES(name)                                                                                   \
    static void name##_small(const ref_function *fn, size_t n, const float *x, size_t at, ref_values *out) \
    {                                                                                                  \
        for (size_t i = at; i < at + n; i++) {                                                         \
            point p = name##_at(fn->values, (double)x[i], 1);                                          \
            out->f[i] = p.f;                                                                           \
            out->d[i] = p.d;                                                                           \
            if (fn->cancels)                                                                           \
                out->addends[i] = p.addends;                                                           \
        }                                                                                              \
    }                                                                                                  \
    static void name##_middle(const ref_function *fn, size_t n, const float *x, size_t at, ref_values *out) \
    {                                                                                                  \
        for (size_t i = at; i < at + n; i++) {                                                         \
            point p = name##_at(fn->values, (double)x[i], 0);                                          \
            out->f[i] = p.f;                                                                           \
            out->d[i] = p.d;                                                                           \
            if (fn->cancels)                                                                           \
                out->addends[i] = p.addends;                                                           \
        }                                                                                              \
    }

/* e^z; for |z| < 2^-8 by its series. */
static inline double exp_of(double z, int small)
{
    if (!small)
        return exp(z);
    return 1.0 + z * (1.0 + z * (1.0 / 2 + z * (1.0 / 6 + z * (1.0 / 24 + z * (1.0 / 120)))));
}

/* e^z - 1, where z is 0 or not nearer to it than 2^-10 unless `small`. */
static inline double expm1_of(double z, int small)
{
    if (!small)
        return exp(z) - 1.0;
    return z * (1.0 + z * (1.0 / 2 + z * (1.0 / 6 + z * (1.0 / 24 + z * (1.0 / 120)))));
}

static inline point no_cancelling(double f, double d)
{
    point p = { f, d, 0.0 };
    return p;
}

/* f' = a + b */
static inline point with_addends(double f, double a, double b)
{
    point p = { f, a + b, fabs(a) + fabs(b) };
    return p;
}

/* What functions are far out. */

static void constant(double f, double d, size_t n, size_t at, ref_values *out)
{
    for (size_t i = at; i < at + n; i++) {
        out->f[i] = f;
        out->d[i] = d;
        out->addends[i] = 0.0;
    }
}

static void is_zero(const ref_function *fn, size_t n, const float *x, size_t at, ref_values *out)
{
    (void)fn;
    (void)x;
    constant(0.0, 0.0, n, at, out);
}

static void is_one(const ref_function *fn, size_t n, const float *x, size_t at, ref_values *out)
{
    (void)fn;
    (void)x;
    constant(1.0, 0.0, n, at, out);
}

static void is_minus_one(const ref_function *fn, size_t n, const float *x, size_t at, ref_values *out)
{
    (void)fn;
    (void)x;
    constant(-1.0, 0.0, n, at, out);
}

static void is_minus_alpha(const ref_function *fn, size_t n, const float *x, size_t at, ref_values *out)
{
    (void)x;
    constant(-(double)fn->values[0], 0.0, n, at, out);
}

static void is_x(const ref_function *fn, size_t n, const float *x, size_t at, ref_values *out)
{
    (void)fn;
    for (size_t i = at; i < at + n; i++) {
        out->f[i] = (double)x[i];
        out->d[i] = 1.0;
        out->addends[i] = 0.0;
    }
}

/* Steps and straight lines. */

static void is_step(const ref_function *fn, size_t n, const float *x, size_t at, ref_values *out)
{
    for (size_t i = at; i < at + n; i++) {
        out->f[i] = x[i] >= fn->values[0] ? 1.0 : 0.0;
        out->d[i] = 0.0;
    }
}

/* slope x, the product of two floats being exact in double; not 0 times infinity, but the limit. */
static void straight(double slope, size_t n, const float *x, size_t at, ref_values *out)
{
    for (size_t i = at; i < at + n; i++) {
        out->f[i] = slope == 0.0 ? 0.0 : slope * (double)x[i];
        out->d[i] = slope;
    }
}

static void is_sloped(const ref_function *fn, size_t n, const float *x, size_t at, ref_values *out)
{
    straight((double)fn->values[0], n, x, at, out);
}

/* The library's slope is a float too. */
static void is_sloped_by_mean(const ref_function *fn, size_t n, const float *x, size_t at, ref_values *out)
{
    straight((double)(float)(((double)fn->values[0] + (double)fn->values[1]) / 2.0), n, x, at, out);
}

static void hardswish_between(const ref_function *fn, size_t n, const float *x, size_t at, ref_values *out)
{
    (void)fn;
    for (size_t i = at; i < at + n; i++) {
        double v = (double)x[i];
        out->f[i] = v * (v + 3.0) / 6.0;
        out->d[i] = (2.0 * v + 3.0) / 6.0;
    }
}

/* Sigmoids, with t = e^-|x|. */

typedef struct sigmoid_pair {
    double s, c;   /* sigmoid(z), sigmoid(-z) */
} sigmoid_pair;

static inline sigmoid_pair sigmoid_of(double z, double t)
{
    double large = 1.0 / (1.0 + t), little = t * large;
    sigmoid_pair p = { z < 0.0 ? little : large, z < 0.0 ? large : little };
    return p;
}

static inline point sigmoid_at(const float *v, double x, int small)
{
    (void)v;
    sigmoid_pair p = sigmoid_of(x, exp_of(-fabs(x), small));
    return no_cancelling(p.s, p.s * p.c);
}
PIECES(sigmoid)

static inline point tanh_at(const float *v, double x, int small)
{
    (void)v;
    double z = -2.0 * fabs(x), t = exp_of(z, small), q = 1.0 / (1.0 + t);
    return no_cancelling(copysign(expm1_of(z, small) * q, x), 4.0 * t * q * q);
}
PIECES(tanh)

/* elu where x <= 0. */
static inline point elu_at(const float *v, double x, int small)
{
    return no_cancelling((double)v[0] * expm1_of(x, small), (double)v[0] * exp_of(x, small));
}
PIECES(elu)

/* z = beta x is exact in double, but the threshold is met by the float that it rounds to. */
static inline point softplus_at(const float *v, double x, int small)
{
    double beta = (double)v[0], z = beta * x, a = fabs(z), t = exp_of(-a, small);
    /* near 0: ln(1 + e^-a) = ln 2 - a/2 + a^2/8 - a^4/192 + a^6/2880 */
    double series = 0x1.62e42fefa39efp-1 - a * (1.0 / 2 - a * (1.0 / 8 - a * a * (1.0 / 192)));
    double log = (small ? series : log1p(t)) / beta;
    int past = (float)z > v[1];
    double f = past || z > 0.0 ? x : 0.0, d = sigmoid_of(z, t).s;
    return no_cancelling(past ? f : f + log, past ? 1.0 : d);
}
PIECES(softplus)

/* Where e^(beta x) is nothing. */
static void softplus_left(const ref_function *fn, size_t n, const float *x, size_t at, ref_values *out)
{
    for (size_t i = at; i < at + n; i++) {
        int past = fn->values[0] * x[i] > fn->values[1];
        out->f[i] = past ? (double)x[i] : 0.0;
        out->d[i] = past ? 1.0 : 0.0;
    }
}

/* The pieces are given in z, but for the first: e^z/beta has to be nothing, too. */
static void softplus_prepare(ref_function *fn)
{
    double beta = (double)fn->values[0];
    for (int i = 0; i < REF_MAX_PIECES; i++) {
        double below = (double)fn->pieces[i].below;
        if (i == 0 && beta < 1.0)
            below += log(beta);
        fn->pieces[i].below = (float)(below / beta);
    }
}

/* x g(x): f' = g + x g'. */

static inline point silu_at(const float *v, double x, int small)
{
    (void)v;
    sigmoid_pair p = sigmoid_of(x, exp_of(-fabs(x), small));
    return with_addends(x * p.s, p.s, x * p.s * p.c);
}
PIECES(silu)

/* With n = e^x: tanh(ln(1 + n)) = n(n+2)/(n(n+2)+2). */
static inline point mish_at(const float *v, double x, int small)
{
    (void)v;
    double n = exp_of(x, small), t = n * (n + 2.0), q = 1.0 / (t + 2.0);
    return with_addends(x * (t * q), t * q, 4.0 * x * n * (1.0 + n) * q * q);
}
PIECES(mish)

/* x^2 is exact in double. */
static inline point gelu_at(const float *v, double x, int small)
{
    (void)v;
    const double root_half = 0x1.6a09e667f3bcdp-1, inverse_root_2pi = 0x1.9884533d43651p-2;
    double square = x * x, distribution;
    if (small)
        distribution = 0.5 + inverse_root_2pi * x * (1.0 - square * (1.0 / 6 - square * (1.0 / 40)));
    else
        distribution = 0.5 * erfc(-root_half * x);
    double density = inverse_root_2pi * exp_of(-0.5 * square, small);
    return with_addends(x * distribution, distribution, x * density);
}
PIECES(gelu)

/* z = 2 sqrt(2/pi) (x + 0.044715 x^3) */
static inline point gelu_tanh_at(const float *v, double x, int small)
{
    (void)v;
    const double factor = 0x1.9884533d43651p+0, cubic = 0.044715 * x * x;
    double z = factor * (x + x * cubic), slope = factor * (1.0 + 3.0 * cubic);
    sigmoid_pair p = sigmoid_of(z, exp_of(-fabs(z), small));
    return with_addends(x * p.s, p.s, x * slope * p.s * p.c);
}
PIECES(gelu_tanh)

/* staf: a sum of sines, values C, then Omega, then Phi. */

/* One ulp of a float32 of this size. */
static double ulp_of(double size)
{
    return ldexp(1.0, size < 0x1p-126 ? -149 : ilogb(size) - 23);
}

/* What all terms of one input add up to. `rounding` is half of what one rounding of each argument costs. */
typedef struct staf_total {
    double f, d, size, d_size, rounding, d_rounding;
} staf_total;

static inline void staf_add(staf_total *sum, double v, double c, double omega, double sine, double cosine)
{
    double term = c * sine, d_term = c * omega * cosine, one_rounding = 0x1p-25 * fabs(c * omega * v);
    sum->f += term;
    sum->d += d_term;
    sum->size += fabs(term);
    sum->d_size += fabs(d_term);
    sum->rounding += one_rounding;
    sum->d_rounding += fabs(omega) * one_rounding;
}

static void staf_give(const staf_total *sum, size_t at, ref_values *out)
{
    out->f[at] = sum->f;
    out->d[at] = sum->d;
    out->f_unit[at] = ulp_of(sum->size) + sum->rounding;
    out->d_unit[at] = ulp_of(sum->d_size) + sum->d_rounding;
}

static void staf_at(const ref_function *fn, double v, size_t at, ref_values *out)
{
    size_t tau = fn->count / 3;
    staf_total sum = { 0 };
    for (size_t i = 0; i < tau; i++) {
        double c = (double)fn->values[i], omega = (double)fn->values[tau + i];
        double phi = (double)fn->values[2 * tau + i];
        /* Omega x is exact; the sum with Phi is kept as high + low. */
        double product = omega * v, high = product + phi, back = high - product;
        double low = (product - (high - back)) + (phi - back);
        double sine = sin(high), cosine = cos(high);
        staf_add(&sum, v, c, omega, sine + low * cosine, cosine - low * sine);
    }
    staf_give(&sum, at, out);
}

/* Where every Omega x is below 2^-9, series about the sines and cosines of Phi, for a group of inputs. */
enum { STAF_GROUP = 256 };

static void staf_near_zero(const ref_function *fn, size_t n, const float *x, size_t at, ref_values *out)
{
    size_t tau = fn->count / 3;
    staf_total sum[STAF_GROUP];
    memset(sum, 0, n * sizeof sum[0]);
    for (size_t i = 0; i < tau; i++) {
        double c = (double)fn->values[i], omega = (double)fn->values[tau + i];
        double phi = (double)fn->values[2 * tau + i], sine = sin(phi), cosine = cos(phi);
        for (size_t k = 0; k < n; k++) {
            double v = (double)x[at + k], z = omega * v, y = z * z;
            double cosine_z = 1.0 - y * (1.0 / 2 - y * (1.0 / 24));
            double sine_z = z * (1.0 - y * (1.0 / 6 - y * (1.0 / 120)));
            staf_add(&sum[k], v, c, omega, sine * cosine_z + cosine * sine_z, cosine * cosine_z - sine * sine_z);
        }
    }
    for (size_t k = 0; k < n; k++)
        staf_give(&sum[k], at + k, out);
}

static void staf_sum(const ref_function *fn, size_t n, const float *x, size_t at, ref_values *out)
{
    double fastest = 0.0;
    for (size_t i = fn->count / 3; i < fn->count / 3 * 2; i++)
        if (fabs((double)fn->values[i]) > fastest)   /* gcc 12 for AArch64 stumbles over fmax here */
            fastest = fabs((double)fn->values[i]);
    size_t end = at + n;
    while (at < end) {
        size_t near = 0;
        while (near < STAF_GROUP && at + near < end && fabs((double)x[at + near]) * fastest < 0x1p-9)
            near++;
        if (near > 0) {
            staf_near_zero(fn, near, x, at, out);
            at += near;
        } else if (isinf(x[at])) {
            out->f[at] = out->d[at] = NAN;
            out->f_unit[at] = out->d_unit[at] = 1.0;
            at++;
        } else {
            staf_at(fn, (double)x[at], at, out);
            at++;
        }
    }
}

/* The table. */

enum { CANCELS = 1, SERIES = 2, TRIPLES = 3 };

typedef struct ref_entry {
    const char *name;
    size_t count;      /* of the values; TRIPLES: any multiple of three */
    int properties;
    void (*prepare)(ref_function *fn);
    ref_piece pieces[REF_MAX_PIECES];
} ref_entry;

/* The first float above 0: pieces end before their bound. */
#define ABOVE_ZERO 0x1p-149f

static const ref_entry entries[] = {
    { "identity", 0, 0, NULL, { { INFINITY, is_x } } },
    { "step", 1, 0, NULL, { { INFINITY, is_step } } },
    { "relu", 0, 0, NULL, { { ABOVE_ZERO, is_zero }, { INFINITY, is_x } } },
    { "leaky_relu", 1, 0, NULL, { { ABOVE_ZERO, is_sloped }, { INFINITY, is_x } } },
    { "prelu", 1, 0, NULL, { { ABOVE_ZERO, is_sloped }, { INFINITY, is_x } } },
    { "rrelu", 2, 0, NULL, { { ABOVE_ZERO, is_sloped_by_mean }, { INFINITY, is_x } } },
    { "hardswish", 0, 0, NULL,
      { { -0x1.7ffffep+1f, is_zero }, { 3.0f, hardswish_between }, { INFINITY, is_x } } },
    { "sigmoid", 0, 0, NULL,
      { { -NOTHING, is_zero }, { -SMALL, sigmoid_middle }, { SMALL, sigmoid_small },
        { NOTHING, sigmoid_middle }, { INFINITY, is_one } } },
    { "tanh", 0, 0, NULL,
      { { -60.0f, is_minus_one }, { -SMALL, tanh_middle }, { SMALL, tanh_small }, { 60.0f, tanh_middle },
        { INFINITY, is_one } } },
    /* alpha may be as large as e^88 */
    { "elu", 1, 0, NULL,
      { { -NOTHING - 90.0f, is_minus_alpha }, { -SMALL, elu_middle }, { ABOVE_ZERO, elu_small },
        { INFINITY, is_x } } },
    { "trainable_elu", 1, 0, NULL,
      { { -NOTHING - 90.0f, is_minus_alpha }, { -SMALL, elu_middle }, { ABOVE_ZERO, elu_small },
        { INFINITY, is_x } } },
    { "softplus", 2, 0, softplus_prepare,
      { { -NOTHING, softplus_left }, { -SMALL, softplus_middle }, { SMALL, softplus_small },
        { NOTHING, softplus_middle }, { INFINITY, is_x } } },
    { "silu", 0, CANCELS, NULL,
      { { -NOTHING - 8.0f, is_zero }, { -SMALL, silu_middle }, { SMALL, silu_small },
        { 45.0f, silu_middle }, { INFINITY, is_x } } },
    { "mish", 0, CANCELS, NULL,
      { { -NOTHING - 8.0f, is_zero }, { -SMALL, mish_middle }, { SMALL, mish_small },
        { 40.0f, mish_middle }, { INFINITY, is_x } } },
    { "gelu", 0, CANCELS, NULL,
      { { -15.25f, is_zero }, { -SMALL, gelu_middle }, { SMALL, gelu_small }, { 9.0f, gelu_middle },
        { INFINITY, is_x } } },
    { "gelu_tanh", 0, CANCELS, NULL,
      { { -11.5f, is_zero }, { -SMALL, gelu_tanh_middle }, { SMALL, gelu_tanh_small },
        { 8.5f, gelu_tanh_middle }, { INFINITY, is_x } } },
    { "staf", TRIPLES, SERIES, NULL, { { INFINITY, staf_sum } } },
};

int ref_open(ref_function *fn, const char *name, const float *values, size_t count)
{
    for (size_t i = 0; i < sizeof entries / sizeof entries[0]; i++) {
        const ref_entry *entry = &entries[i];
        if (strcmp(entry->name, name) != 0)
            continue;
        if (entry->count == TRIPLES ? count == 0 || count % 3 != 0 : count != entry->count)
            return -1;
        fn->name = entry->name;
        fn->values = values;
        fn->count = count;
        fn->cancels = (entry->properties & CANCELS) != 0;
        fn->series = (entry->properties & SERIES) != 0;
        memcpy(fn->pieces, entry->pieces, sizeof fn->pieces);
        if (entry->prepare)
            entry->prepare(fn);
        return 0;
    }
    return -1;
}

static void is_nan(size_t n, size_t at, ref_values *out)
{
    constant(NAN, NAN, n, at, out);
    for (size_t i = at; i < at + n; i++)
        out->f_unit[i] = out->d_unit[i] = 1.0;
}

void ref_evaluate(const ref_function *fn, size_t n, const float *x, ref_values *out)
{
    size_t at = 0;
    while (at < n) {
        size_t end = at;
        if (isnan(x[at])) {
            while (end < n && isnan(x[end]))
                end++;
            is_nan(end - at, at, out);
        } else {
            int k = 0;
            while (k < REF_MAX_PIECES - 1 && fn->pieces[k].below < INFINITY && !(x[at] < fn->pieces[k].below))
                k++;
            float from = k > 0 ? fn->pieces[k - 1].below : -INFINITY, below = fn->pieces[k].below;
            while (end < n && x[end] >= from && (x[end] < below || (below == INFINITY && x[end] == INFINITY)))
                end++;
            fn->pieces[k].evaluate(fn, end - at, x, at, out);
        }
        at = end;
    }
}
