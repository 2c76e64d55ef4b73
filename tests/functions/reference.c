/* The activation functions by their definitions: see reference.h. */
#include "functions/reference.h"

#include <math.h>
#include <mpfr.h>
#include <string.h>

#include "functions/list.h"

enum { PRECISION = 200, REGISTERS = 12 };

/* A handful of numbers to compute with, so that an evaluation allocates nothing. */
static mpfr_t reg[REGISTERS];

#define X reg[0] /* the argument */
#define S reg[1] /* sigmoid(z) */
#define C reg[2] /* sigmoid(-z) */
#define A reg[3]
#define B reg[4]
#define T1 reg[5] /* the addends of f' */
#define T2 reg[6]
#define SUM reg[7]
#define DSUM reg[8]

void reference_begin(void)
{
    for (int i = 0; i < REGISTERS; i++)
        mpfr_init2(reg[i], PRECISION);
}

void reference_end(void)
{
    for (int i = 0; i < REGISTERS; i++)
        mpfr_clear(reg[i]);
    mpfr_free_cache();
}

static double as_double(const mpfr_t value)
{
    return mpfr_get_d(value, MPFR_RNDN);
}

static void give(reference_value *out, double f, double d)
{
    out->f = f;
    out->d = d;
    out->addends = out->f_absolute = out->d_absolute = 0.0;
}

/* f' = T1 + T2. */
static void give_derivative_sum(reference_value *out)
{
    double t1 = fabs(as_double(T1)), t2 = fabs(as_double(T2));
    mpfr_add(T1, T1, T2, MPFR_RNDN);
    out->d = as_double(T1);
    out->addends = t1 + t2;
}

/* S = sigmoid(z), C = sigmoid(-z). Uses A and B; z is neither of these. */
static void sigmoid_pair(const mpfr_t z)
{
    mpfr_abs(A, z, MPFR_RNDN);
    mpfr_neg(A, A, MPFR_RNDN);
    mpfr_exp(A, A, MPFR_RNDN);
    mpfr_add_ui(B, A, 1, MPFR_RNDN);
    mpfr_ui_div(S, 1, B, MPFR_RNDN);
    mpfr_div(C, A, B, MPFR_RNDN);
    if (mpfr_sgn(z) < 0)
        mpfr_swap(S, C);
}

/* Piecewise linear functions: the product of two floats is exact in a double. */

static void eval_identity(const ref_args *a, float x, reference_value *out)
{
    (void)a;
    give(out, x, isnan(x) ? NAN : 1.0);
}

static void eval_step(const ref_args *a, float x, reference_value *out)
{
    give(out, isnan(x) ? NAN : x >= a->values[0] ? 1.0 : 0.0, isnan(x) ? NAN : 0.0);
}

static void slope_below_zero(double slope, float x, reference_value *out)
{
    if (isnan(x))
        give(out, NAN, NAN);
    else if (x > 0)
        give(out, x, 1.0);
    else if (slope == 0.0)
        give(out, 0.0, 0.0); /* also at -inf: the limit, not 0 * inf */
    else
        give(out, slope * x, slope);
}

static void eval_relu(const ref_args *a, float x, reference_value *out)
{
    (void)a;
    slope_below_zero(0.0, x, out);
}

/* Between two bounds, where f' is 0. */
static void clamp(double low, double high, float x, reference_value *out)
{
    if (isnan(x))
        give(out, NAN, NAN);
    else if (x > low && x < high)
        give(out, x, 1.0);
    else
        give(out, x <= low ? low : high, 0.0);
}

static void eval_relu6(const ref_args *a, float x, reference_value *out)
{
    (void)a;
    clamp(0.0, 6.0, x, out);
}

static void eval_hard_tanh(const ref_args *a, float x, reference_value *out)
{
    clamp(a->values[0], a->values[1], x, out);
}

static void eval_hard_sigmoid(const ref_args *a, float x, reference_value *out)
{
    (void)a;
    clamp(-3.0, 3.0, x, out);
    mpfr_set_d(A, out->f, MPFR_RNDN);
    mpfr_add_ui(A, A, 3, MPFR_RNDN);
    mpfr_div_ui(A, A, 6, MPFR_RNDN);
    give(out, as_double(A), out->d / 6.0);
}

static void eval_leaky_relu(const ref_args *a, float x, reference_value *out)
{
    slope_below_zero(a->values[0], x, out);
}

static void eval_prelu(const ref_args *a, float x, reference_value *out)
{
    slope_below_zero(a->values[0], x, out);
    out->gradient[0] = isnan(x) ? NAN : x < 0 ? x : 0.0;
    out->gradient_absolute[0] = 0.0;
}

static void eval_rrelu(const ref_args *a, float x, reference_value *out)
{
    float mean = (float)((a->values[0] + a->values[1]) / 2.0); /* a float32 in the library, too */
    slope_below_zero(mean, x, out);
}

static void eval_hardswish(const ref_args *a, float x, reference_value *out)
{
    (void)a;
    double v = x;
    if (isnan(x))
        give(out, NAN, NAN);
    else if (v <= -3.0)
        give(out, 0.0, 0.0);
    else if (v >= 3.0)
        give(out, v, 1.0);
    else
        give(out, v * (v + 3.0) / 6.0, (2.0 * v + 3.0) / 6.0);
}

static void eval_softsign(const ref_args *a, float x, reference_value *out)
{
    (void)a;
    if (isnan(x)) {
        give(out, NAN, NAN);
    } else if (isinf(x)) {
        give(out, x > 0 ? 1.0 : -1.0, 0.0);
    } else {
        mpfr_set_flt(X, x, MPFR_RNDN);
        mpfr_abs(A, X, MPFR_RNDN);
        mpfr_add_ui(A, A, 1, MPFR_RNDN);
        mpfr_div(B, X, A, MPFR_RNDN);
        mpfr_sqr(A, A, MPFR_RNDN);
        mpfr_ui_div(A, 1, A, MPFR_RNDN);
        give(out, as_double(B), as_double(A));
    }
}

/* The sigmoid family. */

static void eval_sigmoid(const ref_args *a, float x, reference_value *out)
{
    (void)a;
    if (isnan(x)) {
        give(out, NAN, NAN);
        return;
    }
    mpfr_set_flt(X, x, MPFR_RNDN);
    sigmoid_pair(X);
    mpfr_mul(T1, S, C, MPFR_RNDN);
    give(out, as_double(S), as_double(T1));
}

/* ln(1 + t), t = e^-|X|, in A, and sigmoid_pair(X). */
static void log1p_exp(void)
{
    sigmoid_pair(X);
    mpfr_log1p(A, A, MPFR_RNDN);
}

static void eval_log_sigmoid(const ref_args *a, float x, reference_value *out)
{
    (void)a;
    if (!isfinite(x)) {
        give(out, x > 0 ? 0.0 : (double)x, isnan(x) ? NAN : x > 0 ? 0.0 : 1.0);
        return;
    }
    mpfr_set_flt(X, x, MPFR_RNDN);
    log1p_exp();
    mpfr_neg(A, A, MPFR_RNDN);
    if (x < 0)
        mpfr_add(A, A, X, MPFR_RNDN);
    give(out, as_double(A), as_double(C));
}

/* A gradient, allowed a relative error of 2^-22, and where it is subnormal its rounding. */
static void give_gradient(reference_value *out, size_t i, double gradient)
{
    out->gradient[i] = gradient;
    out->gradient_absolute[i] = isfinite(gradient) ? ldexp(fabs(gradient), -22) + 0x1p-149 : 0.0;
}

/* sigmoid(z), z = k (x - theta); df/dk = (x - theta) sigmoid'(z), df/dtheta = -k sigmoid'(z) */
static void eval_adaptive_sigmoid(const ref_args *a, float x, reference_value *out)
{
    double k = a->values[0];
    if (isnan(x)) {
        give(out, NAN, NAN);
        out->gradient[0] = out->gradient[1] = NAN;
        return;
    }
    mpfr_set_flt(X, x, MPFR_RNDN);
    mpfr_sub_d(X, X, a->values[1], MPFR_RNDN);
    mpfr_mul_d(T1, X, k, MPFR_RNDN);
    if (k == 0.0)
        mpfr_set_zero(T1, 1);
    sigmoid_pair(T1);
    mpfr_mul(T2, S, C, MPFR_RNDN);
    mpfr_mul(X, X, T2, MPFR_RNDN);
    mpfr_mul_d(T2, T2, k, MPFR_RNDN);
    give(out, as_double(S), as_double(T2));
    give_gradient(out, 0, isinf(x) && k != 0.0 ? 0.0 : as_double(X));
    give_gradient(out, 1, -as_double(T2));
}

static void eval_tanh(const ref_args *a, float x, reference_value *out)
{
    (void)a;
    mpfr_set_flt(X, x, MPFR_RNDN);
    mpfr_tanh(A, X, MPFR_RNDN);
    mpfr_sech(B, X, MPFR_RNDN);
    mpfr_sqr(B, B, MPFR_RNDN);
    give(out, as_double(A), as_double(B));
}

/* tanh(n a x), and its derivatives by x and a. */
static void tanh_of_product(double n, double a, float x, reference_value *out)
{
    if (isnan(x)) {
        give(out, NAN, NAN);
        out->gradient[0] = NAN;
        return;
    }
    mpfr_set_flt(X, x, MPFR_RNDN);
    mpfr_mul_d(X, X, n, MPFR_RNDN);
    mpfr_mul_d(T1, X, a, MPFR_RNDN);
    if (a == 0.0)
        mpfr_set_zero(T1, 1);
    mpfr_tanh(A, T1, MPFR_RNDN);
    mpfr_sech(B, T1, MPFR_RNDN);
    mpfr_sqr(B, B, MPFR_RNDN);
    mpfr_mul(T2, B, X, MPFR_RNDN);
    mpfr_mul_d(B, B, n, MPFR_RNDN);
    mpfr_mul_d(B, B, a, MPFR_RNDN);
}

static void eval_pinn_tanh(const ref_args *a, float x, reference_value *out)
{
    tanh_of_product(a->values[0], a->values[1], x, out);
    if (isnan(x))
        return;
    give(out, as_double(A), as_double(B));
    give_gradient(out, 0, isinf(x) && a->values[1] != 0.0 ? 0.0 : as_double(T2));
}

/* Gamma(3/2) tanh(gamma x) */
static void eval_sgt_book(const ref_args *a, float x, reference_value *out)
{
    tanh_of_product(1.0, a->values[0], x, out);
    if (isnan(x))
        return;
    mpfr_set_d(S, 1.5, MPFR_RNDN);
    mpfr_gamma(S, S, MPFR_RNDN);
    mpfr_mul(A, A, S, MPFR_RNDN);
    mpfr_mul(B, B, S, MPFR_RNDN);
    mpfr_mul(T2, T2, S, MPFR_RNDN);
    give(out, as_double(A), as_double(B));
    give_gradient(out, 0, isinf(x) && a->values[0] != 0.0 ? 0.0 : as_double(T2));
}

/* y = b x^beta where x >= 0, else -a |x|^alpha; mpfr_pow has the limits but 0 times infinity. */
static void eval_sgt(const ref_args *a, float x, reference_value *out)
{
    double slope = a->values[x < 0 ? 0 : 1], exponent = a->values[x < 0 ? 2 : 3];
    give(out, NAN, NAN);
    for (int k = 0; k < 2; k++) {
        out->gradient[k] = isnan(x) ? NAN : 0.0;
        out->gradient_absolute[k] = 0.0;
    }
    if (isnan(x))
        return;
    mpfr_set_d(X, fabs((double)x), MPFR_RNDN);
    mpfr_set_d(A, exponent, MPFR_RNDN);
    mpfr_pow(A, X, A, MPFR_RNDN);
    if (slope == 0.0)
        mpfr_set_zero(A, 1);
    mpfr_mul_d(A, A, x < 0 ? -slope : slope, MPFR_RNDN);
    mpfr_tanh(B, A, MPFR_RNDN);
    mpfr_sech(S, A, MPFR_RNDN);
    mpfr_sqr(S, S, MPFR_RNDN);
    mpfr_set_d(T1, exponent, MPFR_RNDN);
    mpfr_sub_ui(T1, T1, 1, MPFR_RNDN);
    mpfr_pow(T1, X, T1, MPFR_RNDN);
    mpfr_mul_d(T1, T1, slope * exponent, MPFR_RNDN);
    mpfr_mul(T1, T1, S, MPFR_RNDN);
    give(out, as_double(B), mpfr_zero_p(S) || slope * exponent == 0.0 ? 0.0 : as_double(T1));
    if (x == 0)
        return;
    mpfr_log(C, X, MPFR_RNDN);
    mpfr_mul(C, C, A, MPFR_RNDN);
    mpfr_mul(C, C, S, MPFR_RNDN);
    double gradient = mpfr_zero_p(S) || slope == 0.0 ? 0.0 : as_double(C);
    out->gradient[x > 0] = gradient;
    out->gradient_absolute[x > 0] = ldexp(fabs(gradient), -23) + 0x1p-149;
}

/* ELU and softplus. */

static void elu(double alpha, float x, reference_value *out)
{
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

static void eval_elu(const ref_args *a, float x, reference_value *out)
{
    elu(a->values[0], x, out);
}

static void eval_selu(const ref_args *a, float x, reference_value *out)
{
    (void)a;
    if (isnan(x)) {
        give(out, NAN, NAN);
        return;
    }
    mpfr_set_str(S, "1.05070098735548049342", 10, MPFR_RNDN);
    mpfr_set_str(C, "1.67326324235437728482", 10, MPFR_RNDN);
    mpfr_mul(C, C, S, MPFR_RNDN);
    mpfr_set_flt(X, x, MPFR_RNDN);
    if (x > 0) {
        mpfr_mul(A, S, X, MPFR_RNDN);
        mpfr_set(B, S, MPFR_RNDN);
    } else {
        mpfr_expm1(A, X, MPFR_RNDN);
        mpfr_mul(A, A, C, MPFR_RNDN);
        mpfr_exp(B, X, MPFR_RNDN);
        mpfr_mul(B, B, C, MPFR_RNDN);
    }
    give(out, as_double(A), as_double(B));
}

static void eval_celu(const ref_args *a, float x, reference_value *out)
{
    if (isnan(x)) {
        give(out, NAN, NAN);
    } else if (x > 0) {
        give(out, x, 1.0);
    } else {
        mpfr_set_flt(X, x, MPFR_RNDN);
        mpfr_div_d(X, X, a->values[0], MPFR_RNDN);
        mpfr_expm1(A, X, MPFR_RNDN);
        mpfr_mul_d(A, A, a->values[0], MPFR_RNDN);
        mpfr_exp(B, X, MPFR_RNDN);
        give(out, as_double(A), as_double(B));
    }
}

static void eval_trainable_elu(const ref_args *a, float x, reference_value *out)
{
    elu(a->values[0], x, out);
    mpfr_set_flt(X, x, MPFR_RNDN);
    mpfr_expm1(A, X, MPFR_RNDN);
    double gradient = isnan(x) ? NAN : x > 0 ? 0.0 : as_double(A);
    out->gradient[0] = gradient;
    out->gradient_absolute[0] = ldexp(fabs(gradient), -23);
}

static void eval_softplus(const ref_args *a, float x, reference_value *out)
{
    double beta = a->values[0], threshold = a->values[1];
    if (isnan(x)) {
        give(out, NAN, NAN);
    } else if ((double)(float)(beta * (double)x) > threshold) {
        give(out, x, 1.0);
    } else {
        mpfr_set_flt(X, x, MPFR_RNDN);
        mpfr_mul_d(X, X, beta, MPFR_RNDN);
        sigmoid_pair(X);
        /* ln(1 + e^z) = max(z, 0) + ln(1 + e^-|z|), and A is e^-|z| */
        mpfr_log1p(A, A, MPFR_RNDN);
        if (mpfr_sgn(X) > 0)
            mpfr_add(A, A, X, MPFR_RNDN);
        mpfr_div_d(A, A, beta, MPFR_RNDN);
        give(out, as_double(A), as_double(S));
    }
}

/* Self-gated functions, x g(x): f' = g + x g'. */

static int self_gated_limit(float x, reference_value *out)
{
    if (isnan(x))
        give(out, NAN, NAN);
    else if (isinf(x))
        give(out, x > 0 ? INFINITY : 0.0, x > 0 ? 1.0 : 0.0);
    else
        return 0;
    return 1;
}

static void eval_gelu(const ref_args *a, float x, reference_value *out)
{
    (void)a;
    if (self_gated_limit(x, out))
        return;
    mpfr_set_flt(X, x, MPFR_RNDN);
    mpfr_sqrt_ui(A, 2, MPFR_RNDN);
    mpfr_div(A, X, A, MPFR_RNDN);
    mpfr_neg(A, A, MPFR_RNDN);
    mpfr_erfc(T1, A, MPFR_RNDN);
    mpfr_div_2ui(T1, T1, 1, MPFR_RNDN); /* normal distribution: Phi(x) */
    mpfr_mul(B, X, T1, MPFR_RNDN);
    give(out, as_double(B), 0.0);
    mpfr_sqr(A, A, MPFR_RNDN);
    mpfr_neg(A, A, MPFR_RNDN);
    mpfr_exp(T2, A, MPFR_RNDN);
    mpfr_const_pi(A, MPFR_RNDN);
    mpfr_mul_2ui(A, A, 1, MPFR_RNDN);
    mpfr_sqrt(A, A, MPFR_RNDN);
    mpfr_div(T2, T2, A, MPFR_RNDN); /* its density */
    mpfr_mul(T2, T2, X, MPFR_RNDN);
    give_derivative_sum(out);
}

static void eval_gelu_tanh(const ref_args *a, float x, reference_value *out)
{
    (void)a;
    if (self_gated_limit(x, out))
        return;
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

static void eval_silu(const ref_args *a, float x, reference_value *out)
{
    (void)a;
    if (self_gated_limit(x, out))
        return;
    mpfr_set_flt(X, x, MPFR_RNDN);
    sigmoid_pair(X);
    mpfr_mul(B, X, S, MPFR_RNDN);
    give(out, as_double(B), 0.0);
    mpfr_set(T1, S, MPFR_RNDN);
    mpfr_mul(T2, B, C, MPFR_RNDN);
    give_derivative_sum(out);
}

/* x sigmoid(beta x); df/dbeta = x^2 sigmoid(z) sigmoid(-z). At infinity z is beta's sign, or 0. */
static void eval_swish(const ref_args *a, float x, reference_value *out)
{
    double beta = a->values[0], gradient = isnan(x) ? NAN : beta == 0.0 ? INFINITY : 0.0;
    if (isnan(x) || (isinf(x) && beta == 0.0)) {
        give(out, x, isnan(x) ? NAN : 0.5);
    } else if (isinf(x)) {
        int positive = (beta > 0.0) == (x > 0);
        give(out, positive ? x : 0.0, positive ? 1.0 : 0.0);
    } else {
        mpfr_set_flt(X, x, MPFR_RNDN);
        mpfr_mul_d(SUM, X, beta, MPFR_RNDN);
        sigmoid_pair(SUM);
        mpfr_mul(B, X, S, MPFR_RNDN);
        give(out, as_double(B), 0.0);
        mpfr_mul(DSUM, S, C, MPFR_RNDN);
        mpfr_set(T1, S, MPFR_RNDN);
        mpfr_mul(T2, DSUM, SUM, MPFR_RNDN);
        give_derivative_sum(out);
        mpfr_sqr(A, X, MPFR_RNDN);
        mpfr_mul(A, A, DSUM, MPFR_RNDN);
        gradient = as_double(A);
    }
    give_gradient(out, 0, gradient);
}

static void eval_nipuna(const ref_args *a, float x, reference_value *out)
{
    eval_swish(a, x, out);
    if (x > 0) {
        give(out, x, 1.0);
        out->gradient[0] = out->gradient_absolute[0] = 0.0;
    }
}

/* x > 0 ? x : alpha ln(1 + e^x) */
static void eval_nipuna_book(const ref_args *a, float x, reference_value *out)
{
    double alpha = a->values[0], gradient = isnan(x) ? NAN : 0.0;
    if (isnan(x)) {
        give(out, NAN, NAN);
    } else if (x > 0) {
        give(out, x, 1.0);
    } else {
        mpfr_set_flt(X, x, MPFR_RNDN);
        log1p_exp();
        gradient = as_double(A);
        mpfr_mul_d(A, A, alpha, MPFR_RNDN);
        mpfr_mul_d(S, S, alpha, MPFR_RNDN);
        give(out, as_double(A), as_double(S));
    }
    give_gradient(out, 0, gradient);
}

static void eval_mish(const ref_args *a, float x, reference_value *out)
{
    (void)a;
    if (self_gated_limit(x, out))
        return;
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

static void eval_telu(const ref_args *a, float x, reference_value *out)
{
    (void)a;
    if (self_gated_limit(x, out))
        return;
    /* x tanh(n), n = e^x; where n overflows even here, tanh is 1 and sech 0 all the same */
    mpfr_set_flt(X, x, MPFR_RNDN);
    mpfr_exp(SUM, X, MPFR_RNDN);
    mpfr_tanh(T1, SUM, MPFR_RNDN);
    mpfr_mul(B, X, T1, MPFR_RNDN);
    give(out, as_double(B), 0.0);
    if (mpfr_inf_p(SUM)) {
        mpfr_set_zero(T2, 1);
    } else {
        mpfr_sech(T2, SUM, MPFR_RNDN);
        mpfr_sqr(T2, T2, MPFR_RNDN);
        mpfr_mul(T2, T2, SUM, MPFR_RNDN);
        mpfr_mul(T2, T2, X, MPFR_RNDN);
    }
    give_derivative_sum(out);
}

/* The addends of f' are the halves of silu' and gelu', whose roots differ. */
static void eval_swigelu(const ref_args *a, float x, reference_value *out)
{
    if (self_gated_limit(x, out))
        return;
    reference_value silu, gelu;
    eval_silu(a, x, &silu);
    mpfr_mul(SUM, X, S, MPFR_RNDN);
    mpfr_set(DSUM, T1, MPFR_RNDN); /* give_derivative_sum leaves f' there */
    eval_gelu(a, x, &gelu);
    mpfr_set(T2, T1, MPFR_RNDN);
    mpfr_set(T1, DSUM, MPFR_RNDN);
    mpfr_div_2ui(T1, T1, 1, MPFR_RNDN);
    mpfr_div_2ui(T2, T2, 1, MPFR_RNDN);
    mpfr_sqrt_ui(A, 2, MPFR_RNDN);
    mpfr_div(A, X, A, MPFR_RNDN);
    mpfr_neg(A, A, MPFR_RNDN);
    mpfr_erfc(B, A, MPFR_RNDN);
    mpfr_mul(B, B, X, MPFR_RNDN);
    mpfr_div_2ui(B, B, 1, MPFR_RNDN);
    mpfr_add(SUM, SUM, B, MPFR_RNDN);
    mpfr_div_2ui(SUM, SUM, 1, MPFR_RNDN);
    give(out, as_double(SUM), 0.0);
    give_derivative_sum(out);
}

/* staf: the sum of C_i sin(Omega_i x + Phi_i); parameters are all C, then all Omega, then all Phi. A series is
 * held to 2 ulp of the sum of its terms' sizes, and to what one rounding of the arguments costs. */

static double two_ulp(double value)
{
    return 2.0 * ldexp(1.0, value == 0.0 || ilogb(value) < -126 ? -149 : ilogb(value) - 23);
}

static void eval_staf(const ref_args *a, float x, reference_value *out)
{
    size_t tau = a->param_count / 3;
    give(out, NAN, NAN);
    if (!isfinite(x)) {
        for (size_t i = 0; i < a->param_count; i++)
            out->gradient[i] = NAN;
        return;
    }
    double sizes = 0.0, d_sizes = 0.0, rounding = 0.0, d_rounding = 0.0;
    mpfr_set_flt(X, x, MPFR_RNDN);
    mpfr_set_zero(SUM, 1);
    mpfr_set_zero(DSUM, 1);
    for (size_t i = 0; i < tau; i++) {
        double c = a->params[i], omega = a->params[tau + i], phi = a->params[2 * tau + i];
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

/* fourier: parameters a_0 .. a_K, b_1 .. b_K, omega. An error in the argument k omega x costs each term its size. */

static void eval_fourier(const ref_args *a, float x, reference_value *out)
{
    size_t terms = a->param_count / 2 - 1;
    const double *p = a->params, *q = a->params + terms; /* p[k] is a_k, q[k] is b_k */
    double omega = p[2 * terms + 1];
    give(out, NAN, NAN);
    for (size_t i = 1; i < a->param_count; i++)
        out->gradient[i] = NAN;
    out->gradient[0] = 1.0;
    out->gradient_absolute[0] = 0.0;
    if (!isfinite(x))
        return;
    double sizes = fabs(p[0]), d_sizes = 0.0, rounding = 0.0, d_rounding = 0.0;
    mpfr_set_flt(X, x, MPFR_RNDN);
    mpfr_set_d(SUM, p[0], MPFR_RNDN);
    mpfr_set_zero(DSUM, 1); /* f'/omega */
    for (size_t k = 1; k <= terms; k++) {
        mpfr_mul_d(A, X, omega, MPFR_RNDN);
        mpfr_mul_ui(A, A, (unsigned long)k, MPFR_RNDN);
        double one_rounding = ldexp(fabs(as_double(A)), -24);
        mpfr_sin_cos(S, C, A, MPFR_RNDN);
        double sine = as_double(S), cosine = as_double(C), size = fabs(p[k]) + fabs(q[k]);
        mpfr_mul_d(A, C, p[k], MPFR_RNDN);
        mpfr_add(SUM, SUM, A, MPFR_RNDN);
        mpfr_mul_d(A, S, q[k], MPFR_RNDN);
        mpfr_add(SUM, SUM, A, MPFR_RNDN);
        mpfr_mul_d(A, C, (double)k * q[k], MPFR_RNDN);
        mpfr_add(DSUM, DSUM, A, MPFR_RNDN);
        mpfr_mul_d(A, S, (double)k * p[k], MPFR_RNDN);
        mpfr_sub(DSUM, DSUM, A, MPFR_RNDN);
        sizes += fabs(p[k] * cosine) + fabs(q[k] * sine);
        rounding += size * one_rounding;
        d_sizes += (double)k * (fabs(p[k] * sine) + fabs(q[k] * cosine));
        d_rounding += (double)k * size * one_rounding;
        out->gradient[k] = cosine;
        out->gradient_absolute[k] = two_ulp(cosine) + one_rounding;
        out->gradient[terms + k] = sine;
        out->gradient_absolute[terms + k] = two_ulp(sine) + one_rounding;
    }
    mpfr_mul(A, DSUM, X, MPFR_RNDN);
    out->gradient[2 * terms + 1] = as_double(A);
    out->gradient_absolute[2 * terms + 1] = two_ulp(fabs((double)x) * d_sizes) + fabs((double)x) * d_rounding;
    mpfr_mul_d(DSUM, DSUM, omega, MPFR_RNDN);
    give(out, as_double(SUM), as_double(DSUM));
    out->f_absolute = two_ulp(sizes) + rounding;
    out->d_absolute = two_ulp(fabs(omega) * d_sizes) + fabs(omega) * d_rounding;
}

/* enn: parameters F_1 .. F_K. fmod is exact, and f has period 4. */

static void eval_enn(const ref_args *a, float x, reference_value *out)
{
    give(out, NAN, NAN);
    for (size_t k = 0; k < a->param_count; k++)
        out->gradient[k] = NAN;
    if (!isfinite(x))
        return;
    double sizes = 0.0, d_sizes = 0.0;
    mpfr_const_pi(X, MPFR_RNDN);
    mpfr_mul_d(X, X, fmod((double)x, 4.0) / 2.0, MPFR_RNDN);
    mpfr_set_zero(SUM, 1);
    mpfr_set_zero(DSUM, 1); /* f'/(pi/2) */
    for (size_t k = 1; k <= a->param_count; k++) {
        unsigned long order = 2 * (unsigned long)k - 1;
        double sign = k % 2 ? -1.0 : 1.0, c = sign * a->params[k - 1];
        mpfr_mul_ui(A, X, order, MPFR_RNDN);
        mpfr_sin_cos(S, C, A, MPFR_RNDN);
        double sine = as_double(S);
        mpfr_mul_d(A, S, c, MPFR_RNDN);
        mpfr_add(SUM, SUM, A, MPFR_RNDN);
        mpfr_mul_d(A, C, c * (double)order, MPFR_RNDN);
        mpfr_add(DSUM, DSUM, A, MPFR_RNDN);
        sizes += fabs(c * sine);
        d_sizes += fabs(as_double(A));
        out->gradient[k - 1] = sign * sine;
        out->gradient_absolute[k - 1] = two_ulp(sine);
    }
    mpfr_const_pi(A, MPFR_RNDN);
    mpfr_div_2ui(A, A, 1, MPFR_RNDN);
    mpfr_mul(DSUM, DSUM, A, MPFR_RNDN);
    give(out, as_double(SUM), as_double(DSUM));
    out->f_absolute = two_ulp(sizes);
    out->d_absolute = two_ulp(as_double(A) * d_sizes);
}

/* rational_a and rational_book: P/Q with settings p and q, and parameters a_0 .. a_p, b_1 .. b_q or b_0 .. b_q. Q is 1
 * plus the sum over these k of |b_k x^k|, or of b_k |x|^k. */

typedef struct rational {
    long np, nq, first;  /* first: the first k of a b_k that is a parameter */
    const double *p, *b; /* b[k] is b_k */
} rational;

/* The coefficient of |x|^k in Q. */
static double bottom_of(const rational *f, long k)
{
    double constant = k == 0 ? 1.0 : 0.0;
    return constant + (k < f->first ? 0.0 : f->first ? fabs(f->b[k]) : f->b[k]);
}

/* c |x|^n, with the sign of x^n if `turns`; 0 |x|^n is 0, and |x|^0 is 1, at infinity too. X: x. */
static void power_of_x(mpfr_t out, double c, long n, int turns)
{
    mpfr_abs(B, X, MPFR_RNDN);
    mpfr_pow_si(B, B, n, MPFR_RNDN);
    if (c == 0.0)
        mpfr_set_zero(out, 1);
    else
        mpfr_mul_d(out, B, turns && n % 2 != 0 && mpfr_sgn(X) < 0 ? -c : c, MPFR_RNDN);
}

/* What a sum has become beyond FLT_MAX counts as a value, not as a sum. */
static double unless_infinite(double allowed, double value)
{
    return fabs(value) < 0x1.ffffffp127 ? allowed : 0.0;
}

static double sign_of(double v)
{
    return v > 0.0 ? 1.0 : v < 0.0 ? -1.0 : 0.0;
}

/* The derivative of that coefficient by b_k. */
static double bottom_slope(const rational *f, long k)
{
    return f->first ? sign_of(f->b[k]) : 1.0;
}

/* At infinity P/Q is as its highest powers. */
static void rational_limit(const rational *r, reference_value *out)
{
    const double *p = r->p;
    long np = r->np, nq = r->nq, all = np, known = nq;
    while (np > 0 && p[np] == 0.0)
        np--;
    while (nq > 0 && bottom_of(r, nq) == 0.0)
        nq--;
    double bottom = bottom_of(r, nq), ratio = p[np] / bottom;
    double turn = np % 2 != 0 && mpfr_sgn(X) < 0 ? -1.0 : 1.0;
    power_of_x(A, ratio * turn, np - nq, 0);
    power_of_x(T1, ratio * turn * mpfr_sgn(X) * (double)(np - nq), np - nq - 1, 0);
    give(out, as_double(A), as_double(T1));
    for (long i = 0; i <= all; i++) {
        power_of_x(A, i % 2 != 0 && mpfr_sgn(X) < 0 ? -1.0 / bottom : 1.0 / bottom, i - nq, 0);
        out->gradient[i] = as_double(A);
        out->gradient_absolute[i] = 0.0;
    }
    for (long k = r->first; k <= known; k++) {
        power_of_x(A, -bottom_slope(r, k) * ratio * turn / bottom, np - 2 * nq + k, 0);
        out->gradient[all + 1 - r->first + k] = as_double(A);
        out->gradient_absolute[all + 1 - r->first + k] = 0.0;
    }
}

static void eval_rational(const ref_args *a, float x, reference_value *out, int is_safe)
{
    long np = (long)a->values[0], nq = (long)a->values[1];
    const rational r = { np, nq, is_safe, a->params, a->params + np + 1 - is_safe };
    const double *p = r.p;
    if (isnan(x)) {
        give(out, NAN, NAN);
        for (size_t i = 0; i < a->param_count; i++)
            out->gradient[i] = NAN;
        return;
    }
    mpfr_set_flt(X, x, MPFR_RNDN);
    if (isinf(x)) {
        rational_limit(&r, out);
        return;
    }
    /* P, P' and the sizes of their addends, then Q and Q' */
    mpfr_ptr P = T1, PD = T2, P_SIZE = SUM, PD_SIZE = DSUM, Q = S, QD = C;
    mpfr_set_zero(P, 1);
    mpfr_set_zero(PD, 1);
    mpfr_set_zero(P_SIZE, 1);
    mpfr_set_zero(PD_SIZE, 1);
    for (long i = 0; i <= np; i++) {
        power_of_x(A, p[i], i, 1);
        mpfr_add(P, P, A, MPFR_RNDN);
        mpfr_abs(A, A, MPFR_RNDN);
        mpfr_add(P_SIZE, P_SIZE, A, MPFR_RNDN);
        if (i == 0)
            continue;
        power_of_x(A, (double)i * p[i], i - 1, 1);
        mpfr_add(PD, PD, A, MPFR_RNDN);
        mpfr_abs(A, A, MPFR_RNDN);
        mpfr_add(PD_SIZE, PD_SIZE, A, MPFR_RNDN);
    }
    mpfr_set_d(Q, bottom_of(&r, 0), MPFR_RNDN);
    mpfr_set_zero(QD, 1);
    for (long k = 1; k <= nq; k++) {
        power_of_x(A, bottom_of(&r, k), k, 0);
        mpfr_add(Q, Q, A, MPFR_RNDN);
        power_of_x(A, sign_of((double)x) * (double)k * bottom_of(&r, k), k - 1,
                   0); /* the derivative of |x| at 0 is 0 */
        mpfr_add(QD, QD, A, MPFR_RNDN);
    }
    for (long i = 0; i <= np; i++) {
        power_of_x(A, 1.0, i, 1);
        mpfr_div(A, A, Q, MPFR_RNDN);
        out->gradient[i] = as_double(A);
        out->gradient_absolute[i] = unless_infinite(two_ulp(fabs(as_double(A))), as_double(A));
    }
    for (long k = r.first; k <= nq; k++) {
        double *gradient = out->gradient + np + 1 - r.first + k,
               *absolute = out->gradient_absolute + np + 1 - r.first + k;
        power_of_x(A, -bottom_slope(&r, k), k, 0);
        mpfr_div(A, A, Q, MPFR_RNDN);
        mpfr_div(A, A, Q, MPFR_RNDN);
        mpfr_mul(B, A, P, MPFR_RNDN);
        *gradient = as_double(B);
        mpfr_mul(B, A, P_SIZE, MPFR_RNDN);
        *absolute = unless_infinite(two_ulp(fabs(as_double(B))), *gradient);
    }
    /* f = P/Q, f' = P'/Q - (P/Q) Q'/Q */
    mpfr_div(P, P, Q, MPFR_RNDN);
    mpfr_div(P_SIZE, P_SIZE, Q, MPFR_RNDN);
    mpfr_mul(A, P, QD, MPFR_RNDN);
    mpfr_sub(PD, PD, A, MPFR_RNDN);
    mpfr_div(PD, PD, Q, MPFR_RNDN);
    mpfr_abs(QD, QD, MPFR_RNDN);
    mpfr_mul(A, P_SIZE, QD, MPFR_RNDN);
    mpfr_add(PD_SIZE, PD_SIZE, A, MPFR_RNDN);
    mpfr_div(PD_SIZE, PD_SIZE, Q, MPFR_RNDN);
    give(out, as_double(P), as_double(PD));
    out->f_absolute = unless_infinite(two_ulp(as_double(P_SIZE)), out->f);
    out->d_absolute = unless_infinite(two_ulp(as_double(PD_SIZE)), out->d);
}

static void eval_rational_a(const ref_args *a, float x, reference_value *out)
{
    eval_rational(a, x, out, 1);
}

static void eval_rational_book(const ref_args *a, float x, reference_value *out)
{
    eval_rational(a, x, out, 0);
}

/* bspline: settings g, lo and h. With t = (x - lo)/h + 3 - i, a spline is
 * B_i = sum over k <= 4 of (-1)^k binomial(4, k) max(t - k, 0)^3 / 6, and 0 from t = 4 on. */

/* The power-th of these sums, times 1/power!: B, B' and B'' by t for 3, 2 and 1. */
static void cardinal_spline(mpfr_t out, const mpfr_t t, unsigned long power)
{
    static const long binomial[] = { 1, -4, 6, -4, 1 };
    mpfr_set_zero(out, 1);
    if (mpfr_sgn(t) <= 0 || mpfr_cmp_ui(t, 4) >= 0)
        return;
    for (unsigned long k = 0; k <= 4; k++) {
        mpfr_sub_ui(B, t, k, MPFR_RNDN);
        if (mpfr_sgn(B) <= 0)
            break;
        mpfr_pow_ui(B, B, power, MPFR_RNDN);
        mpfr_mul_si(B, B, binomial[k], MPFR_RNDN);
        mpfr_add(out, out, B, MPFR_RNDN);
    }
    mpfr_div_ui(out, out, power == 3 ? 6 : power, MPFR_RNDN);
}

/* Only the gradients, which may be tiny, feel a rounding of the argument. */
static void eval_bspline(const ref_args *a, float x, reference_value *out)
{
    double lo = a->values[1], h = a->values[2], sizes = 0.0, d_sizes = 0.0;
    give(out, isnan(x) ? NAN : 0.0, isnan(x) ? NAN : 0.0);
    for (size_t i = 0; i < a->param_count; i++) {
        out->gradient[i] = isnan(x) ? NAN : 0.0;
        out->gradient_absolute[i] = 0.0;
    }
    if (!isfinite(x))
        return;
    mpfr_set_flt(X, x, MPFR_RNDN);
    mpfr_sub_d(X, X, lo, MPFR_RNDN);
    mpfr_div_d(X, X, h, MPFR_RNDN);
    double one_rounding = ldexp(fabs(as_double(X)), -24);
    mpfr_set_zero(SUM, 1);
    mpfr_set_zero(DSUM, 1);
    for (size_t i = 0; i < a->param_count; i++) {
        mpfr_add_ui(T1, X, 3, MPFR_RNDN);
        mpfr_sub_ui(T1, T1, (unsigned long)i, MPFR_RNDN);
        cardinal_spline(S, T1, 3);
        cardinal_spline(C, T1, 2);
        double spline = as_double(S), slope = as_double(C);
        out->gradient[i] = spline;
        out->gradient_absolute[i] = two_ulp(spline) + fabs(slope) * one_rounding;
        mpfr_mul_d(A, S, a->params[i], MPFR_RNDN);
        mpfr_add(SUM, SUM, A, MPFR_RNDN);
        sizes += fabs(as_double(A));
        mpfr_mul_d(A, C, a->params[i] / h, MPFR_RNDN);
        mpfr_add(DSUM, DSUM, A, MPFR_RNDN);
        d_sizes += fabs(as_double(A));
    }
    give(out, as_double(SUM), as_double(DSUM));
    out->f_absolute = two_ulp(sizes);
    out->d_absolute = two_ulp(d_sizes);
}

/* moe: parameters w, v, then the experts' own. Terms are g phi; of f' g phi' and g (w - the mean w) phi. */

enum { EXPERTS = 16 };

/* g_k, and w_k - sum g_j w_j. At infinity the largest w x takes all, v deciding between equal ones. */
static void moe_gates(const ref_args *a, float x, double *gate, double *turn)
{
    size_t count = a->function_count, best = 0;
    const double *w = a->params, *v = a->params + count, sign = x < 0 ? -1.0 : 1.0;
    mpfr_set_flt(X, isinf(x) ? 0.0f : x, MPFR_RNDN);
    for (size_t k = 0; k < count; k++) {
        if (w[k] * sign > w[best] * sign)
            best = k;
    }
    double rate = w[best];
    mpfr_set_inf(T1, -1);
    for (int pass = 0; pass < 2; pass++) {
        mpfr_set_zero(SUM, 1);
        for (size_t k = 0; k < count; k++) {
            mpfr_mul_d(A, X, w[k], MPFR_RNDN);
            mpfr_add_d(A, A, v[k], MPFR_RNDN);
            if (isinf(x) && w[k] != rate)
                mpfr_set_inf(A, -1);
            if (pass == 0) {
                mpfr_max(T1, T1, A, MPFR_RNDN);
                continue;
            }
            mpfr_sub(A, A, T1, MPFR_RNDN);
            mpfr_exp(A, A, MPFR_RNDN);
            mpfr_add(SUM, SUM, A, MPFR_RNDN);
            gate[k] = as_double(A);
        }
    }
    for (size_t k = 0; k < count; k++)
        gate[k] /= as_double(SUM);
    for (size_t k = 0; k < count; k++) {
        mpfr_set_zero(A, 1);
        for (size_t j = 0; j < count; j++) {
            mpfr_set_d(B, w[k], MPFR_RNDN);
            mpfr_sub_d(B, B, w[j], MPFR_RNDN);
            mpfr_mul_d(B, B, gate[j], MPFR_RNDN);
            mpfr_add(A, A, B, MPFR_RNDN);
        }
        turn[k] = isinf(x) ? 0.0 : as_double(A);
    }
}

/* The experts' values first: they use the same registers. */
static void eval_moe(const ref_args *a, float x, reference_value *out)
{
    size_t count = a->function_count, at = 2 * count;
    double gate[EXPERTS], turn[EXPERTS], sizes = 0.0, d_sizes = 0.0, own = 0.0, d_own = 0.0, slopes = 0.0;
    reference_value phi[EXPERTS];
    give(out, NAN, NAN);
    for (size_t k = 0; k < count; k++) {
        const ref_function *expert = &a->functions[k];
        phi[k].gradient = out->gradient + at;
        phi[k].gradient_absolute = out->gradient_absolute + at;
        reference_of(expert->entry->name)->evaluate(&expert->args, x, &phi[k]);
        at += expert->args.param_count;
    }
    for (size_t i = 0; isnan(x) && i < a->param_count; i++)
        out->gradient[i] = NAN;
    if (isnan(x))
        return;
    moe_gates(a, x, gate, turn);
    double f = 0.0, d = 0.0;
    for (size_t k = 0; k < count; k++) {
        if (gate[k] == 0.0)
            continue;
        double product = turn[k] == 0.0 ? 0.0 : turn[k] * phi[k].f;
        f += gate[k] * phi[k].f;
        slopes += gate[k] * phi[k].d;
        d += gate[k] * phi[k].d + gate[k] * product;
        sizes += gate[k] * fabs(phi[k].f);
        d_sizes += gate[k] * fmax(fabs(phi[k].d), phi[k].addends);
        d_sizes += gate[k] * fabs(product);
        /* one rounding of an expert, or what is allowed to a series */
        int is_series = a->functions[k].entry->series;
        double phi_own = is_series ? phi[k].f_absolute : ldexp(fabs(phi[k].f), -24);
        own += gate[k] * phi_own;
        d_own += gate[k] * (is_series ? phi[k].d_absolute : ldexp(fmax(fabs(phi[k].d), phi[k].addends), -24));
        d_own += gate[k] * fabs(turn[k]) * phi_own;
    }
    if (isinf(x) && isnan(f) && slopes != 0.0)
        f = slopes * x;
    give(out, f, d);
    at = 2 * count;
    for (size_t k = 0; k < count; k++) {
        /* dy g is rounded; the terms of df/dv are g phi and g f. */
        for (size_t i = 0; i < a->functions[k].args.param_count; i++, at++) {
            out->gradient[at] = gate[k] == 0.0 ? 0.0 : gate[k] * out->gradient[at];
            out->gradient_absolute[at] =
                gate[k] * out->gradient_absolute[at] + ldexp(fabs(out->gradient[at]), -24) + 0x1p-149;
        }
        double slope = gate[k] == 0.0 || gate[k] == 1.0 ? 0.0 : gate[k] * (phi[k].f - f);
        double absolute = two_ulp(gate[k] * (fabs(phi[k].f) + sizes)) + gate[k] * (phi[k].f_absolute + own);
        out->gradient[k] = slope == 0.0 ? 0.0 : x * slope;
        out->gradient[count + k] = slope;
        out->gradient_absolute[k] = fabs((double)x) * absolute;
        out->gradient_absolute[count + k] = absolute;
    }
    if (isinf(x))
        return;
    out->f_absolute = two_ulp(sizes) + own;
    out->d_absolute = two_ulp(d_sizes) + d_own;
}

#define REFERENCE(name) { #name, eval_##name },

const reference references[] = { ACTIV_ELEMENTWISE(REFERENCE) };
const size_t reference_count = sizeof references / sizeof references[0];

const reference *reference_of(const char *name)
{
    for (size_t i = 0; i < reference_count; i++)
        if (strcmp(references[i].name, name) == 0)
            return &references[i];
    return NULL;
}
