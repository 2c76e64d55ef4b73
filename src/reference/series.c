/* Series: sums of terms, whose errors are counted in units of the terms' sizes. */
#include <string.h>

#include "entry.h"

static void series_put(ref_value value, ref_values *out, size_t at)
{
    out->f[at] = value.f;
    out->d[at] = value.d;
    out->addends[at] = 0.0;
    out->f_unit[at] = value.f_unit;
    out->d_unit[at] = value.d_unit;
}

/* The loop around a series, with its units. */
#define SERIES_BLOCK_OF(block, at)                                                  \
    static void block(const ref_args *a, size_t n, const float *x, ref_values *out) \
    {                                                                               \
        for (size_t i = 0; i < n; i++)                                              \
            series_put(at(a, (double)x[i]), out, i);                                \
    }

/* staf: the sum of C sin(Omega x + Phi) over tau terms. There is no limit at infinity. */

/* The sums over all terms for one input. `rounding` is half of what one rounding of each argument costs. */
typedef struct staf_total {
    double f, d, size, d_size, rounding, d_rounding;
} staf_total;

/* The parameters: all C, then all Omega, then all Phi. */
typedef struct staf_terms {
    size_t tau;
    const double *c, *omega, *phi;
} staf_terms;

static staf_terms staf_terms_of(const ref_args *a)
{
    size_t tau = a->param_count / 3;
    staf_terms terms = { tau, a->params, a->params + tau, a->params + 2 * tau };
    return terms;
}

static inline void staf_add(staf_total *sum, double x, double c, double omega, double sine, double cosine)
{
    double term = c * sine, d_term = c * omega * cosine, one_rounding = 0x1p-25 * fabs(c * omega * x);
    sum->f += term;
    sum->d += d_term;
    sum->size += fabs(term);
    sum->d_size += fabs(d_term);
    sum->rounding += one_rounding;
    sum->d_rounding += fabs(omega) * one_rounding;
}

static ref_value staf_value(const staf_total *sum)
{
    ref_value value = { sum->f, sum->d, 0.0, ref_ulp(sum->size) + sum->rounding,
                        ref_ulp(sum->d_size) + sum->d_rounding };
    return value;
}

static ref_value staf_at(const ref_args *a, double x)
{
    if (isinf(x))
        return (ref_value){ NAN, NAN, 0.0, 1.0, 1.0 };
    staf_terms t = staf_terms_of(a);
    staf_total sum = { 0 };
    for (size_t i = 0; i < t.tau; i++) {
        /* Omega x is exact for float32 factors; its sum with Phi is high + low. */
        double product = t.omega[i] * x, high = product + t.phi[i], back = high - product;
        double low = (product - (high - back)) + (t.phi[i] - back);
        double sine = sin(high), cosine = cos(high);
        staf_add(&sum, x, t.c[i], t.omega[i], sine + low * cosine, cosine - low * sine);
    }
    return staf_value(&sum);
}

/* Where every Omega x is small: series about the sines and cosines of Phi, which a group of inputs shares. */
enum { STAF_GROUP = 256 };

static void staf_near_zero(const ref_args *a, size_t n, const float *x, size_t at, ref_values *out)
{
    staf_terms t = staf_terms_of(a);
    staf_total sum[STAF_GROUP];
    memset(sum, 0, n * sizeof sum[0]);
    for (size_t i = 0; i < t.tau; i++) {
        double sine = sin(t.phi[i]), cosine = cos(t.phi[i]);
        for (size_t k = 0; k < n; k++) {
            double v = (double)x[at + k], z = t.omega[i] * v, y = z * z;
            double cosine_z = 1.0 - y * (1.0 / 2 - y * (1.0 / 24));
            double sine_z = z * (1.0 - y * (1.0 / 6 - y * (1.0 / 120)));
            staf_add(&sum[k], v, t.c[i], t.omega[i], sine * cosine_z + cosine * sine_z,
                     cosine * cosine_z - sine * sine_z);
        }
    }
    for (size_t k = 0; k < n; k++)
        series_put(staf_value(&sum[k]), out, at + k);
}

static void staf_block(const ref_args *a, size_t n, const float *x, ref_values *out)
{
    staf_terms t = staf_terms_of(a);
    double fastest = 0.0;
    for (size_t i = 0; i < t.tau; i++)
        if (fabs(t.omega[i]) > fastest) /* gcc 12 for AArch64 stumbles over fmax here */
            fastest = fabs(t.omega[i]);
    for (size_t at = 0; at < n;) {
        size_t near = 0;
        while (near < STAF_GROUP && at + near < n && fabs((double)x[at + near]) * fastest < 0x1p-9)
            near++;
        if (near > 0) {
            staf_near_zero(a, near, x, at, out);
            at += near;
        } else {
            series_put(staf_at(a, (double)x[at]), out, at);
            at++;
        }
    }
}

/* fourier: parameters a_0 .. a_K, b_1 .. b_K, omega. There is no limit at infinity. */
static ref_value fourier_at(const ref_args *a, double x)
{
    if (isinf(x))
        return (ref_value){ NAN, NAN, 0.0, 1.0, 1.0 };
    size_t terms = a->param_count / 2 - 1;
    const double *p = a->params, *q = a->params + terms; /* p[k] is a_k, q[k] is b_k */
    double omega = p[2 * terms + 1], f = p[0], size = fabs(p[0]), d = 0.0, d_size = 0.0, rounding = 0.0,
           d_rounding = 0.0;
    for (size_t k = 1; k <= terms; k++) {
        double rate = (double)k * omega, z = (double)k * (omega * x), sine = sin(z), cosine = cos(z);
        double one_rounding = 0x1p-25 * fabs(z) * (fabs(p[k]) + fabs(q[k]));
        f += p[k] * cosine + q[k] * sine;
        size += fabs(p[k] * cosine) + fabs(q[k] * sine);
        d += rate * (q[k] * cosine - p[k] * sine);
        d_size += fabs(rate) * (fabs(q[k] * cosine) + fabs(p[k] * sine));
        rounding += one_rounding;
        d_rounding += fabs(rate) * one_rounding;
    }
    return (ref_value){ f, d, 0.0, ref_ulp(size) + rounding, ref_ulp(d_size) + d_rounding };
}
SERIES_BLOCK_OF(fourier_block, fourier_at)

/* enn: F_1 .. F_K. f(x) has period 4, and there is no limit at infinity. */

/* sin(pi t/2) for any t, exact where it is 0. */
static double quarter_sine(double t)
{
    const double half_pi = 1.57079632679489661923;
    double r = remainder(t, 4.0);
    if (fabs(r) > 1.0)
        r = copysign(2.0, r) - r;
    return fabs(r) > 0.5 ? copysign(cos(half_pi * (1.0 - fabs(r))), r) : sin(half_pi * r);
}

static ref_value enn_at(const ref_args *a, double x)
{
    if (isinf(x))
        return (ref_value){ NAN, NAN, 0.0, 1.0, 1.0 };
    const double half_pi = 1.57079632679489661923, h = remainder(x, 4.0);
    double f = 0.0, size = 0.0, d = 0.0, d_size = 0.0;
    for (size_t k = 1; k <= a->param_count; k++) {
        double order = 2.0 * (double)k - 1.0, c = k % 2 ? -a->params[k - 1] : a->params[k - 1];
        double term = c * quarter_sine(order * h), slope = c * order * half_pi * quarter_sine(order * h + 1.0);
        f += term;
        size += fabs(term);
        d += slope;
        d_size += fabs(slope);
    }
    return (ref_value){ f, d, 0.0, ref_ulp(size), ref_ulp(d_size) };
}
SERIES_BLOCK_OF(enn_block, enn_at)

/* rational_a and rational_book: P/Q; for |x| > 1 both are divided by the highest powers, so that nothing overflows. At
 * 0 the derivative of |x| is 0. */
typedef struct rational_poly {
    double value, size, slope, slope_size; /* the sum of c_i x^i, of their sizes, and the same of its derivative */
} rational_poly;

/* In rising powers for |x| <= 1, else in u = 1/x: the polynomial over x^n, and its derivative over x^(n-1). */
static rational_poly rational_sum(const double *c, size_t n, double x)
{
    rational_poly s = { 0 };
    int large = fabs(x) > 1.0;
    double u = large ? 1.0 / x : x, power = 1.0, below = 0.0;
    for (size_t i = 0; i <= n; i++) {
        size_t k = large ? n - i : i;
        double term = c[k] * power, slope = (double)k * c[k] * (large ? power : below);
        s.value += term;
        s.size += fabs(term);
        s.slope += slope;
        s.slope_size += fabs(slope);
        below = power;
        power *= u;
    }
    return s;
}

/* v |x|^n; infinite x with v = 0 gives 0. */
static double rational_scale(double v, double x, int n)
{
    for (; n > 0 && v != 0.0; n--)
        v *= fabs(x);
    for (; n < 0 && v != 0.0; n++)
        v /= fabs(x);
    return v;
}

static double rational_unit(double size)
{
    return size < INF ? ref_ulp(size) : 1.0;
}

/* b: the coefficients of Q. */
static ref_value rational_value(const ref_args *a, double x, double *b)
{
    size_t p = (size_t)a->values[0], q = (size_t)a->values[1];
    while (p > 0 && a->params[p] == 0.0)
        p--;
    while (q > 0 && b[q] == 0.0)
        q--;
    rational_poly top = rational_sum(a->params, p, x), bottom = rational_sum(b, q, fabs(x));
    double sign = x > 0.0 ? 1.0 : x < 0.0 ? -1.0 : 0.0;
    double f = top.value / bottom.value, size = top.size / fabs(bottom.value);
    if (fabs(x) <= 1.0) {
        double d = (top.slope - f * bottom.slope * sign) / bottom.value;
        double d_size = (top.slope_size + size * bottom.slope_size * fabs(sign)) / fabs(bottom.value);
        return (ref_value){ f, d, 0.0, ref_ulp(size), ref_ulp(d_size) };
    }
    int n = (int)p - (int)q;
    double d = (top.slope - f * bottom.slope) / bottom.value,
           d_size = (top.slope_size + size * bottom.slope_size) / fabs(bottom.value);
    double turn = p % 2 && x < 0.0 ? -1.0 : 1.0;
    return (ref_value){ turn * rational_scale(f, x, n), turn * sign * rational_scale(d, x, n - 1), 0.0,
                        rational_unit(rational_scale(size, x, n)), rational_unit(rational_scale(d_size, x, n - 1)) };
}
static ref_value rational_a_at(const ref_args *a, double x)
{
    size_t p = (size_t)a->values[0], q = (size_t)a->values[1];
    double b[33] = { 1.0 };
    for (size_t k = 1; k <= q; k++)
        b[k] = fabs(a->params[p + k]);
    return rational_value(a, x, b);
}
SERIES_BLOCK_OF(rational_a_block, rational_a_at)

static ref_value rational_book_at(const ref_args *a, double x)
{
    size_t p = (size_t)a->values[0], q = (size_t)a->values[1];
    double b[33] = { 1.0 + a->params[p + 1] };
    for (size_t k = 1; k <= q; k++)
        b[k] = a->params[p + 1 + k];
    return rational_value(a, x, b);
}
SERIES_BLOCK_OF(rational_book_block, rational_book_at)

/* bspline: settings g, lo, h; t = (x - lo)/h + 3 - i is 0 to 4 where B_i is not 0. t is given as the nearest whole
 * number and a remainder of -1/2 to 1/2, since the spline or its slope vanishes at 0, 2 and 4. */
static double cardinal_spline(double whole, double rest, double *slope)
{
    if (whole + rest > 2.0) { /* symmetric about 2 */
        double value = cardinal_spline(4.0 - whole, -rest, slope);
        *slope = -*slope;
        return value;
    }
    double t = whole + rest;
    if (t <= 0.0)
        return *slope = 0.0;
    if (t <= 1.0) {
        *slope = t * t / 2.0;
        return t * t * t / 6.0;
    }
    double u = (2.0 - whole) - rest; /* the distance from the middle */
    *slope = u * (4.0 - 3.0 * u) / 2.0;
    return 2.0 / 3.0 - u * u * (2.0 - u) / 2.0;
}

static ref_value bspline_at(const ref_args *a, double x)
{
    double lo = a->values[1], h = a->values[2], f = 0.0, d = 0.0, size = 0.0, d_size = 0.0;
    /* From the nearest knot, as high + low: the slopes of its two neighbours cancel there. */
    double n = isinf(x) ? 0.0 : rint((x - lo) / h), nh = n * h, high = lo + nh, back = high - lo;
    double low = (lo - (high - back)) + (nh - back) + fma(n, h, -nh), rest = (x - high) - low;
    for (size_t i = 0; i < a->param_count && !isinf(x); i++) {
        double slope, value = cardinal_spline(n - ((double)i - 3.0), rest / h, &slope);
        f += a->params[i] * value;
        size += fabs(a->params[i] * value);
        d += a->params[i] * slope / h;
        d_size += fabs(a->params[i] * slope / h);
    }
    return (ref_value){ f, d, 0.0, ref_ulp(size), ref_ulp(d_size) };
}
SERIES_BLOCK_OF(bspline_block, bspline_at)

/* moe: parameters w, v, then the experts' own. The terms are g phi; of f' g phi' and g (w - the mean w) phi. What half
 * of one rounding of each expert costs is added to the units, or if it is a series its unit. */

/* w x + v; at infinity v where w is the largest, `rate` with x's sign, and -infinity elsewhere. */
static double moe_exponent(const ref_args *a, size_t k, double x, double rate)
{
    const double w = a->params[k], v = a->params[a->function_count + k];
    if (!isinf(x))
        return w * x + v;
    return w * copysign(1.0, x) == rate ? v : -INF;
}

static ref_value moe_at(const ref_args *a, double x)
{
    const double *w = a->params;
    double gate[16], rate = -INF, top = -INF, lead = 0.0, total = 0.0, mean = 0.0;
    for (size_t k = 0; k < a->function_count; k++)
        rate = fmax(rate, w[k] * copysign(1.0, x));
    for (size_t k = 0; k < a->function_count; k++) {
        gate[k] = moe_exponent(a, k, x, rate);
        lead = gate[k] > top ? w[k] : lead;
        top = fmax(top, gate[k]);
    }
    for (size_t k = 0; k < a->function_count; k++) {
        gate[k] = ref_exp(gate[k] - top);
        total += gate[k];
        mean += gate[k] * (w[k] - lead);
    }
    mean /= total;
    double f = 0.0, d = 0.0, slopes = 0.0, size = 0.0, d_size = 0.0, unit = 0.0, d_unit = 0.0;
    for (size_t k = 0; k < a->function_count; k++) {
        const double g = gate[k] / total, turn = isinf(x) ? 0.0 : w[k] - lead - mean;
        if (g == 0.0)
            continue;
        const ref_value phi = ref_at(&a->functions[k], x);
        const double product = turn == 0.0 ? 0.0 : turn * phi.f;
        f += g * phi.f;
        slopes += g * phi.d;
        d += g * phi.d + g * product;
        const double phi_d_size = fmax(fabs(phi.d), phi.addends);
        const int series = a->functions[k].entry->series;
        const double phi_unit = series ? phi.f_unit : 0x1p-25 * fabs(phi.f);
        size += g * fabs(phi.f);
        d_size += g * phi_d_size + g * fabs(product);
        unit += g * phi_unit;
        d_unit += g * (series ? phi.d_unit : 0x1p-25 * phi_d_size) + g * fabs(turn) * phi_unit;
    }
    if (isinf(x)) /* infinities of both signs: the slopes decide */
        return (ref_value){ isnan(f) && slopes != 0.0 ? slopes * x : f, d, 0.0, 1.0, 1.0 };
    return (ref_value){ f, d, 0.0, ref_ulp(size) + unit, ref_ulp(d_size) + d_unit };
}
SERIES_BLOCK_OF(moe_block, moe_at)

const ref_entry ref_series[] = {
    { .name = "staf",
      .at = staf_at,
      .block = staf_block,
      .series = 1,
      .specs = SPECS("staf(tau=3,init=unit)", "staf(tau=1)", "staf(tau=3)", "staf(tau=4)", "staf(tau=7)",
                     "staf(tau=3,init=repo,omega0=4)", "staf(tau=40,init=unit,omega0=2)") },

    { .name = "fourier",
      .at = fourier_at,
      .block = fourier_block,
      .series = 1,
      .specs = SPECS("fourier(k=1)", "fourier(k=7,omega=0.3)", "fourier(k=40)") },

    { .name = "enn",
      .at = enn_at,
      .block = enn_block,
      .series = 1,
      .landmarks = LANDMARKS(2047.0, 2048.5, 4096.0, 0x1p22, 0x1p25),
      .specs = SPECS("enn(k=3,init=unit)", "enn(k=1)", "enn(k=40,init=unit)") },

    { .name = "rational_a",
      .at = rational_a_at,
      .block = rational_a_block,
      .series = 1,
      .landmarks = LANDMARKS(1.0, 3.0, 65536.0, 5e7),
      .specs = SPECS("rational_a(p=3,q=2)", "rational_a(p=1,q=1)", "rational_a(p=7,q=6)", "rational_a(p=2,q=6)") },

    { .name = "rational_book",
      .at = rational_book_at,
      .block = rational_book_block,
      .series = 1,
      .landmarks = LANDMARKS(1.0, 3.0, 65536.0, 5e7),
      .specs = SPECS("rational_book(p=3,q=2)", "rational_book(p=1,q=1)", "rational_book(p=2,q=6)") },

    { .name = "bspline",
      .at = bspline_at,
      .block = bspline_block,
      .series = 1,
      .landmarks = LANDMARKS(0.5, 1.0, 1.5, 2.0, 2.5, 3.0, 3.5),
      .specs = SPECS("bspline(g=1,lo=0,h=1)", "bspline(g=30,lo=-3,h=0.1)", "bspline(g=5,lo=1000,h=0.01)"),
      .points = POINTS({ "bspline", -3.5, 0, 0 }, { "bspline", 3.5, 0, 0 }, { "bspline", INF, 0, 0 },
                       { "bspline", -INF, 0, 0 }) },

    { .name = "moe",
      .at = moe_at,
      .block = moe_block,
      .series = 1,
      .specs = SPECS("moe(prelu(weight=0.1),bspline,staf(tau=3,init=unit))", "moe(prelu,prelu)",
                     "moe(identity,softsign,sigmoid,elu,hardswish)", "moe(tanh,gelu)", "moe(tanh,sigmoid)"),
      .points = POINTS({ "moe", INF, INF, 1 }, { "moe", -INF, 0, 0 }, { "moe(tanh,gelu)", -INF, -1, 0 },
                       { "moe(gelu,tanh)", INF, 1, 0 }, { "moe(prelu(weight=-1),sigmoid)", -INF, INF, -1 }) },
    { .name = NULL },
};
