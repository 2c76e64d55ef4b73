/* The activation functions by their definitions: see reference.h. */
#include "functions/reference.h"

#include <math.h>
#include <mpfr.h>

#include "functions/list.h"

enum { PRECISION = 200, REGISTERS = 12 };

/* A handful of numbers to compute with, so that an evaluation allocates nothing. */
static mpfr_t reg[REGISTERS];

#define X     reg[0]   /* the argument */
#define S     reg[1]   /* sigmoid(z) */
#define C     reg[2]   /* sigmoid(-z) */
#define A     reg[3]
#define B     reg[4]
#define T1    reg[5]   /* the addends of f' */
#define T2    reg[6]
#define SUM   reg[7]
#define DSUM  reg[8]

void reference_begin(void) {
    for (int i = 0; i < REGISTERS; i++) mpfr_init2(reg[i], PRECISION);
}

void reference_end(void) {
    for (int i = 0; i < REGISTERS; i++) mpfr_clear(reg[i]);
    mpfr_free_cache();
}

static double as_double(const mpfr_t value) {
    return mpfr_get_d(value, MPFR_RNDN);
}

static void give(reference_value *out, double f, double d) {
    out->f = f;
    out->d = d;
    out->addends = out->f_absolute = out->d_absolute = 0.0;
}

/* f' = T1 + T2. */
static void give_derivative_sum(reference_value *out) {
    double t1 = fabs(as_double(T1)), t2 = fabs(as_double(T2));
    mpfr_add(T1, T1, T2, MPFR_RNDN);
    out->d = as_double(T1);
    out->addends = t1 + t2;
}

/* S = sigmoid(z), C = sigmoid(-z). Uses A and B; z is neither of these. */
static void sigmoid_pair(const mpfr_t z) {
    mpfr_abs(A, z, MPFR_RNDN);
    mpfr_neg(A, A, MPFR_RNDN);
    mpfr_exp(A, A, MPFR_RNDN);
    mpfr_add_ui(B, A, 1, MPFR_RNDN);
    mpfr_ui_div(S, 1, B, MPFR_RNDN);
    mpfr_div(C, A, B, MPFR_RNDN);
    if (mpfr_sgn(z) < 0) mpfr_swap(S, C);
}

/* Piecewise linear functions: the product of two floats is exact in a double. */

static void eval_identity(const float *values, size_t count, float x, reference_value *out) {
    (void)values;
    (void)count;
    give(out, x, isnan(x) ? NAN : 1.0);
}

static void eval_step(const float *values, size_t count, float x, reference_value *out) {
    (void)count;
    give(out, isnan(x) ? NAN : x >= values[0] ? 1.0 : 0.0, isnan(x) ? NAN : 0.0);
}

static void slope_below_zero(double slope, float x, reference_value *out) {
    if (isnan(x)) give(out, NAN, NAN);
    else if (x > 0) give(out, x, 1.0);
    else if (slope == 0.0) give(out, 0.0, 0.0);   /* also at -inf: the limit, not 0 * inf */
    else give(out, slope * x, slope);
}

static void eval_relu(const float *values, size_t count, float x, reference_value *out) {
    (void)values;
    (void)count;
    slope_below_zero(0.0, x, out);
}

static void eval_leaky_relu(const float *values, size_t count, float x, reference_value *out) {
    (void)count;
    slope_below_zero(values[0], x, out);
}

static void eval_prelu(const float *values, size_t count, float x, reference_value *out) {
    (void)count;
    slope_below_zero(values[0], x, out);
    out->gradient[0] = isnan(x) ? NAN : x < 0 ? x : 0.0;
    out->gradient_absolute[0] = 0.0;
}

static void eval_rrelu(const float *values, size_t count, float x, reference_value *out) {
    (void)count;
    float mean = (values[0] + values[1]) / 2.0f;
    slope_below_zero(mean, x, out);
}

static void eval_hardswish(const float *values, size_t count, float x, reference_value *out) {
    (void)values;
    (void)count;
    double v = x;
    if (isnan(x)) give(out, NAN, NAN);
    else if (v <= -3.0) give(out, 0.0, 0.0);
    else if (v >= 3.0) give(out, v, 1.0);
    else give(out, v * (v + 3.0) / 6.0, (2.0 * v + 3.0) / 6.0);
}

/* The sigmoid family. */

static void eval_sigmoid(const float *values, size_t count, float x, reference_value *out) {
    (void)values;
    (void)count;
    if (isnan(x)) {
        give(out, NAN, NAN);
        return;
    }
    mpfr_set_flt(X, x, MPFR_RNDN);
    sigmoid_pair(X);
    mpfr_mul(T1, S, C, MPFR_RNDN);
    give(out, as_double(S), as_double(T1));
}

static void eval_tanh(const float *values, size_t count, float x, reference_value *out) {
    (void)values;
    (void)count;
    mpfr_set_flt(X, x, MPFR_RNDN);
    mpfr_tanh(A, X, MPFR_RNDN);
    mpfr_sech(B, X, MPFR_RNDN);
    mpfr_sqr(B, B, MPFR_RNDN);
    give(out, as_double(A), as_double(B));
}

/* ELU and softplus. */

static void elu(double alpha, float x, reference_value *out) {
    if (isnan(x)) {
        give(out, NAN, NAN);
    } else if (x > 0) {
        give(out, x, 1.0);
    } else {
        mpfr_set_flt(X, x, MPFR_RNDN);
        mpfr_expm1(A, X, MPFR_RNDN);
        mpfr_mul_d(A, A, alpha, MPFR_RNDN);
        mpfr_exp(B, X, MPFR_RNDN);
        mpfr_mul_d(B, B, alpha, MPFR_RNDN);
        give(out, as_double(A), as_double(B));
    }
}

static void eval_elu(const float *values, size_t count, float x, reference_value *out) {
    (void)count;
    elu(values[0], x, out);
}

static void eval_trainable_elu(const float *values, size_t count, float x, reference_value *out) {
    (void)count;
    elu(values[0], x, out);
    mpfr_set_flt(X, x, MPFR_RNDN);
    mpfr_expm1(A, X, MPFR_RNDN);
    double gradient = isnan(x) ? NAN : x > 0 ? 0.0 : as_double(A);
    out->gradient[0] = gradient;
    out->gradient_absolute[0] = ldexp(fabs(gradient), -23);
}

static void eval_softplus(const float *values, size_t count, float x, reference_value *out) {
    (void)count;
    float beta = values[0], threshold = values[1];
    if (isnan(x)) {
        give(out, NAN, NAN);
    } else if (beta * x > threshold) {
        give(out, x, 1.0);
    } else {
        mpfr_set_flt(X, x, MPFR_RNDN);
        mpfr_mul_d(X, X, beta, MPFR_RNDN);
        sigmoid_pair(X);
        /* ln(1 + e^z) = max(z, 0) + ln(1 + e^-|z|), and A is e^-|z| */
        mpfr_log1p(A, A, MPFR_RNDN);
        if (mpfr_sgn(X) > 0) mpfr_add(A, A, X, MPFR_RNDN);
        mpfr_div_d(A, A, beta, MPFR_RNDN);
        give(out, as_double(A), as_double(S));
    }
}

/* Self-gated functions, x g(x): f' = g + x g'. */

static int self_gated_limit(float x, reference_value *out) {
    if (isnan(x)) give(out, NAN, NAN);
    else if (isinf(x)) give(out, x > 0 ? INFINITY : 0.0, x > 0 ? 1.0 : 0.0);
    else return 0;
    return 1;
}

static void eval_gelu(const float *values, size_t count, float x, reference_value *out) {
    (void)values;
    (void)count;
    if (self_gated_limit(x, out)) return;
    mpfr_set_flt(X, x, MPFR_RNDN);
    mpfr_sqrt_ui(A, 2, MPFR_RNDN);
    mpfr_div(A, X, A, MPFR_RNDN);
    mpfr_neg(A, A, MPFR_RNDN);
    mpfr_erfc(T1, A, MPFR_RNDN);
    mpfr_div_2ui(T1, T1, 1, MPFR_RNDN);      /* normal distribution: Phi(x) */
    mpfr_mul(B, X, T1, MPFR_RNDN);
    give(out, as_double(B), 0.0);
    mpfr_sqr(A, A, MPFR_RNDN);
    mpfr_neg(A, A, MPFR_RNDN);
    mpfr_exp(T2, A, MPFR_RNDN);
    mpfr_const_pi(A, MPFR_RNDN);
    mpfr_mul_2ui(A, A, 1, MPFR_RNDN);
    mpfr_sqrt(A, A, MPFR_RNDN);
    mpfr_div(T2, T2, A, MPFR_RNDN);          /* its density */
    mpfr_mul(T2, T2, X, MPFR_RNDN);
    give_derivative_sum(out);
}

static void eval_gelu_tanh(const float *values, size_t count, float x, reference_value *out) {
    (void)values;
    (void)count;
    if (self_gated_limit(x, out)) return;
    /* z = 2 u = 2 sqrt(2/pi) (x + 0.044715 x^3), z' in SUM; 1/2 (1 + tanh u) = sigmoid(2 u) */
    mpfr_set_flt(X, x, MPFR_RNDN);
    mpfr_set_str(B, "0.044715", 10, MPFR_RNDN);
    mpfr_sqr(A, X, MPFR_RNDN);
    mpfr_mul(A, A, B, MPFR_RNDN);
    mpfr_mul_ui(SUM, A, 3, MPFR_RNDN);
    mpfr_add_ui(SUM, SUM, 1, MPFR_RNDN);
    mpfr_add_ui(A, A, 1, MPFR_RNDN);
    mpfr_mul(DSUM, A, X, MPFR_RNDN);
    mpfr_const_pi(A, MPFR_RNDN);
    mpfr_ui_div(A, 8, A, MPFR_RNDN);
    mpfr_sqrt(A, A, MPFR_RNDN);
    mpfr_mul(SUM, SUM, A, MPFR_RNDN);
    mpfr_mul(DSUM, DSUM, A, MPFR_RNDN);
    sigmoid_pair(DSUM);
    mpfr_mul(B, X, S, MPFR_RNDN);
    give(out, as_double(B), 0.0);
    mpfr_set(T1, S, MPFR_RNDN);
    mpfr_mul(T2, S, C, MPFR_RNDN);
    mpfr_mul(T2, T2, SUM, MPFR_RNDN);
    mpfr_mul(T2, T2, X, MPFR_RNDN);
    give_derivative_sum(out);
}

static void eval_silu(const float *values, size_t count, float x, reference_value *out) {
    (void)values;
    (void)count;
    if (self_gated_limit(x, out)) return;
    mpfr_set_flt(X, x, MPFR_RNDN);
    sigmoid_pair(X);
    mpfr_mul(B, X, S, MPFR_RNDN);
    give(out, as_double(B), 0.0);
    mpfr_set(T1, S, MPFR_RNDN);
    mpfr_mul(T2, B, C, MPFR_RNDN);
    give_derivative_sum(out);
}

static void eval_mish(const float *values, size_t count, float x, reference_value *out) {
    (void)values;
    (void)count;
    if (self_gated_limit(x, out)) return;
    /* x tanh(p), p = ln(1 + e^x); where e^x overflows even here, tanh is 1 all the same */
    mpfr_set_flt(X, x, MPFR_RNDN);
    sigmoid_pair(X);
    mpfr_exp(SUM, X, MPFR_RNDN);
    mpfr_log1p(SUM, SUM, MPFR_RNDN);
    mpfr_tanh(T1, SUM, MPFR_RNDN);
    mpfr_mul(B, X, T1, MPFR_RNDN);
    give(out, as_double(B), 0.0);
    mpfr_sech(T2, SUM, MPFR_RNDN);
    mpfr_sqr(T2, T2, MPFR_RNDN);
    mpfr_mul(T2, T2, S, MPFR_RNDN);
    mpfr_mul(T2, T2, X, MPFR_RNDN);
    give_derivative_sum(out);
}

/* staf: the sum of C_i sin(Omega_i x + Phi_i); values are all C, then all Omega, then all Phi. A series is
 * held to 2 ulp of the sum of its terms' sizes, and to what one rounding of the arguments costs. */

static double two_ulp(double value) {
    return 2.0 * ldexp(1.0, value == 0.0 || ilogb(value) < -126 ? -149 : ilogb(value) - 23);
}

static void eval_staf(const float *values, size_t count, float x, reference_value *out) {
    size_t tau = count / 3;
    give(out, NAN, NAN);
    if (!isfinite(x)) {
        for (size_t i = 0; i < count; i++) out->gradient[i] = NAN;
        return;
    }
    double sizes = 0.0, d_sizes = 0.0, rounding = 0.0, d_rounding = 0.0;
    mpfr_set_flt(X, x, MPFR_RNDN);
    mpfr_set_zero(SUM, 1);
    mpfr_set_zero(DSUM, 1);
    for (size_t i = 0; i < tau; i++) {
        double c = values[i], omega = values[tau + i], phi = values[2 * tau + i];
        mpfr_mul_d(A, X, omega, MPFR_RNDN);
        double one_rounding = ldexp(fabs(as_double(A)), -24);
        mpfr_add_d(A, A, phi, MPFR_RNDN);
        mpfr_sin_cos(S, C, A, MPFR_RNDN);
        double sine = as_double(S), cosine = as_double(C);
        mpfr_mul_d(A, S, c, MPFR_RNDN);
        mpfr_add(SUM, SUM, A, MPFR_RNDN);
        mpfr_mul_d(B, C, c * omega, MPFR_RNDN);
        mpfr_add(DSUM, DSUM, B, MPFR_RNDN);
        sizes += fabs(c * sine);
        rounding += fabs(c) * one_rounding;
        d_sizes += fabs(c * omega * cosine);
        d_rounding += fabs(c * omega) * one_rounding;
        out->gradient[i] = sine;
        out->gradient_absolute[i] = two_ulp(sine) + one_rounding;
        out->gradient[tau + i] = c * x * cosine;
        out->gradient_absolute[tau + i] = two_ulp(c * x * cosine) + fabs(c * x) * one_rounding;
        out->gradient[2 * tau + i] = c * cosine;
        out->gradient_absolute[2 * tau + i] = two_ulp(c * cosine) + fabs(c) * one_rounding;
    }
    give(out, as_double(SUM), as_double(DSUM));
    out->f_absolute = two_ulp(sizes) + rounding;
    out->d_absolute = two_ulp(d_sizes) + d_rounding;
}

/* The cases. Numbers here are written as in the spec and rounded to float32 the same way. */

static const reference_case cases_identity[] = {{"identity", 0, {0}}};
static const reference_case cases_step[] = {
    {"step", 1, {0.0f}},
    {"step(theta=1.5)", 1, {1.5f}},
    {"step(theta=-2e-40)", 1, {-2e-40f}},
};
static const reference_case cases_sigmoid[] = {{"sigmoid", 0, {0}}};
static const reference_case cases_tanh[] = {{"tanh", 0, {0}}};
static const reference_case cases_relu[] = {{"relu", 0, {0}}};
static const reference_case cases_leaky_relu[] = {
    {"leaky_relu", 1, {0.01f}},
    {"leaky_relu(negative_slope=0.2)", 1, {0.2f}},
    {"leaky_relu(negative_slope=0)", 1, {0.0f}},
    {"leaky_relu(negative_slope=-0.5)", 1, {-0.5f}},
    {"leaky_relu(negative_slope=3)", 1, {3.0f}},
};
static const reference_case cases_gelu[] = {{"gelu", 0, {0}}};
static const reference_case cases_gelu_tanh[] = {{"gelu_tanh", 0, {0}}};
static const reference_case cases_silu[] = {{"silu", 0, {0}}};
static const reference_case cases_mish[] = {{"mish", 0, {0}}};
static const reference_case cases_hardswish[] = {{"hardswish", 0, {0}}};
static const reference_case cases_elu[] = {
    {"elu", 1, {1.0f}},
    {"elu(alpha=0.5)", 1, {0.5f}},
    {"elu(alpha=1.6732632)", 1, {1.6732632f}},
    {"elu(alpha=0)", 1, {0.0f}},
    {"elu(alpha=-1)", 1, {-1.0f}},
    {"elu(alpha=100)", 1, {100.0f}},
};
static const reference_case cases_softplus[] = {
    {"softplus", 2, {1.0f, 20.0f}},
    {"softplus(beta=2)", 2, {2.0f, 20.0f}},
    {"softplus(threshold=1000)", 2, {1.0f, 1000.0f}},
    {"softplus(beta=1e-18,threshold=1000)", 2, {1e-18f, 1000.0f}},
    {"softplus(beta=0.7)", 2, {0.7f, 20.0f}},
    {"softplus(beta=10,threshold=5)", 2, {10.0f, 5.0f}},
    {"softplus(beta=0.1,threshold=1)", 2, {0.1f, 1.0f}},
};
static const reference_case cases_prelu[] = {
    {"prelu", 1, {0.25f}},
    {"prelu(weight=0.1)", 1, {0.1f}},
    {"prelu(weight=0)", 1, {0.0f}},
    {"prelu(weight=-1.5)", 1, {-1.5f}},
};
static const reference_case cases_rrelu[] = {
    {"rrelu", 2, {0.125f, 0.3333333333333333f}},
    {"rrelu(lower=0.1,upper=0.9)", 2, {0.1f, 0.9f}},
    {"rrelu(lower=0,upper=0)", 2, {0.0f, 0.0f}},
};
static const reference_case cases_trainable_elu[] = {
    {"trainable_elu", 1, {1.0f}},
    {"trainable_elu(alpha=0.3)", 1, {0.3f}},
    {"trainable_elu(alpha=2)", 1, {2.0f}},
    {"trainable_elu(alpha=0)", 1, {0.0f}},
    {"trainable_elu(alpha=-0.7)", 1, {-0.7f}},
};
static const reference_case cases_staf[] = {
    {"staf", 0, {0}},
    {"staf(tau=1)", 0, {0}},
    {"staf(tau=7)", 0, {0}},
};

#define REFERENCE(name) {#name, eval_##name, cases_##name, sizeof cases_##name / sizeof cases_##name[0]},

const reference references[] = {ACTIV_FUNCTIONS(REFERENCE)};
const size_t reference_count = sizeof references / sizeof references[0];
