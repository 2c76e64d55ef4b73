/* The row-wise functions by their definitions: see reference_rows.h. */
#include "functions/reference_rows.h"

#include <math.h>
#include <mpfr.h>
#include <stdlib.h>

#include "functions/list.h"

enum { PRECISION = 200 };

/* e^(x_j - m) of a row, then whatever is made of it; and a few numbers to compute with. */
static mpfr_t *term;
static size_t terms;
static mpfr_t SUM, DOT, A, M;

int reference_rows_begin(size_t most_columns)
{
    term = malloc(most_columns * sizeof *term);
    if (term == NULL)
        return -1;
    terms = most_columns;
    for (size_t i = 0; i < terms; i++)
        mpfr_init2(term[i], PRECISION);
    mpfr_inits2(PRECISION, SUM, DOT, A, M, (mpfr_ptr)NULL);
    return 0;
}

void reference_rows_end(void)
{
    for (size_t i = 0; i < terms; i++)
        mpfr_clear(term[i]);
    mpfr_clears(SUM, DOT, A, M, (mpfr_ptr)NULL);
    free(term);
    mpfr_free_cache();
}

static double as_double(const mpfr_t value)
{
    return mpfr_get_d(value, MPFR_RNDN);
}

/* The largest x; NaN if the row has no result: with NaN in it, with +inf, or with -inf only. */
static double largest(size_t columns, const float *x)
{
    double m = -INFINITY;
    for (size_t i = 0; i < columns; i++) {
        if (isnan(x[i]))
            return NAN;
        if (x[i] > m)
            m = x[i];
    }
    return isinf(m) ? NAN : m;
}

static void all_nan(size_t columns, double *a)
{
    for (size_t i = 0; i < columns; i++)
        a[i] = NAN;
}

/* term_i = e^(x_i - m) and SUM, their sum; M = m. Both functions are invariant under the shift by m, and e^x might
 * overflow even in MPFR. */
static void exponentials(size_t columns, const float *x, double m)
{
    mpfr_set_d(M, m, MPFR_RNDN);
    mpfr_set_zero(SUM, 1);
    for (size_t i = 0; i < columns; i++) {
        mpfr_set_flt(term[i], x[i], MPFR_RNDN);
        mpfr_sub(term[i], term[i], M, MPFR_RNDN);
        mpfr_exp(term[i], term[i], MPFR_RNDN);
        mpfr_add(SUM, SUM, term[i], MPFR_RNDN);
    }
}

static void forward_softmax(size_t columns, const float *x, double *y)
{
    double m = largest(columns, x);
    all_nan(columns, y);
    if (isnan(m))
        return;
    exponentials(columns, x, m);
    for (size_t i = 0; i < columns; i++) {
        mpfr_div(A, term[i], SUM, MPFR_RNDN);
        y[i] = as_double(A);
    }
}

/* dx_i = y_i (dy_i - sum of dy_j y_j), whose error counts in ulp of max |dy| y_i. */
static void backward_softmax(size_t columns, const float *x, const float *dy, double *dx, double *scale)
{
    double m = largest(columns, x), size = 0.0;
    all_nan(columns, dx);
    all_nan(columns, scale);
    if (isnan(m))
        return;
    exponentials(columns, x, m);
    mpfr_set_zero(DOT, 1);
    for (size_t i = 0; i < columns; i++) {
        mpfr_div(term[i], term[i], SUM, MPFR_RNDN);
        mpfr_mul_d(A, term[i], dy[i], MPFR_RNDN);
        mpfr_add(DOT, DOT, A, MPFR_RNDN);
        if (fabs((double)dy[i]) > size)
            size = fabs((double)dy[i]);
    }
    for (size_t i = 0; i < columns; i++) {
        mpfr_d_sub(A, dy[i], DOT, MPFR_RNDN);
        mpfr_mul(A, A, term[i], MPFR_RNDN);
        dx[i] = as_double(A);
        mpfr_mul_d(A, term[i], size, MPFR_RNDN);
        scale[i] = as_double(A);
    }
}

static void forward_log_softmax(size_t columns, const float *x, double *y)
{
    double m = largest(columns, x);
    all_nan(columns, y);
    if (isnan(m))
        return;
    exponentials(columns, x, m);
    mpfr_log(SUM, SUM, MPFR_RNDN);
    for (size_t i = 0; i < columns; i++) {
        mpfr_set_flt(A, x[i], MPFR_RNDN);
        mpfr_sub(A, A, M, MPFR_RNDN);
        mpfr_sub(A, A, SUM, MPFR_RNDN);
        y[i] = as_double(A);
    }
}

/* dx_i = dy_i - y_i (sum of dy_j), y = softmax(x); its error counts in ulp of both addends' sizes. */
static void backward_log_softmax(size_t columns, const float *x, const float *dy, double *dx, double *scale)
{
    double m = largest(columns, x);
    all_nan(columns, dx);
    all_nan(columns, scale);
    if (isnan(m))
        return;
    exponentials(columns, x, m);
    mpfr_set_zero(DOT, 1);
    for (size_t i = 0; i < columns; i++)
        mpfr_add_d(DOT, DOT, dy[i], MPFR_RNDN);
    for (size_t i = 0; i < columns; i++) {
        mpfr_div(A, term[i], SUM, MPFR_RNDN);
        mpfr_mul(A, A, DOT, MPFR_RNDN);
        scale[i] = fabs((double)dy[i]) + fabs(as_double(A));
        mpfr_d_sub(A, dy[i], A, MPFR_RNDN);
        dx[i] = as_double(A);
    }
}

#define ROWWISE(name) { #name, forward_##name, backward_##name },
const reference_rowwise references_rowwise[] = { ACTIV_ROWWISE(ROWWISE) };
const size_t reference_rowwise_count = sizeof references_rowwise / sizeof references_rowwise[0];
