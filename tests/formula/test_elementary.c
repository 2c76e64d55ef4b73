/* The elementary functions of formulas against MPFR: the bounds that docs/formulas.md states.
 *
 *   test_formula_elementary [STEP]     every STEP-th float32 */
#include <float.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <mpfr.h>

#include "activ/activ.h"
#include "support/tiers.h"
#include "support/ulp.h"

enum { BITS = 120 };

typedef int unary(mpfr_t to, const mpfr_t x, mpfr_rnd_t mode);

typedef struct function {
    const char *spec;
    unary *reference;
    double exponent; /* of a power */
    double ulp;      /* the bound, in ulp of the value; or, */
    double absolute; /* in 2^-24, whatever the value is */
} function;

static const function functions[] = {
    { "exp(x)", mpfr_exp, 0, 1.0, 0 },       { "expm1(x)", mpfr_expm1, 0, 1.0, 0 },
    { "log(x)", mpfr_log, 0, 0.51, 0 },      { "log1p(x)", mpfr_log1p, 0, 0.51, 0 },
    { "sqrt(x)", mpfr_sqrt, 0, 0.5, 0 },     { "sin(x)", mpfr_sin, 0, 0, 1.75 },
    { "cos(x)", mpfr_cos, 0, 0, 1.25 },      { "sinh(x)", mpfr_sinh, 0, 1.75, 0 },
    { "cosh(x)", mpfr_cosh, 0, 1.0, 0 },     { "atan(x)", mpfr_atan, 0, 0.51, 0 },
    { "asinh(x)", mpfr_asinh, 0, 1.75, 0 },  { "erf(x)", mpfr_erf, 0, 0.75, 0 },
    { "erfc(x)", mpfr_erfc, 0, 0.85, 0 },    { "x^2.5", NULL, 2.5, 0.76, 0 },
    { "x^-0.7", NULL, -0.7, 0.76, 0 },       { "pow(x, 1/3)", NULL, 1.0 / 3.0, 0.76, 0 },
    { "pow(x, 29.5)", NULL, 29.5, 0.76, 0 }, { "pow(x, -17)", NULL, -17.0, 0.76, 0 },
};

enum { MOST = 200000 };
static uint64_t step = 60013;
static float x[MOST], y[MAX_TIERS][MOST];

/* Bit patterns at a distance, and what lies around special points. */
static size_t points(void)
{
    static const float special[] = { 0.0f,    1.0f,   -1.0f,   0.5f,    2.0f,        0.29f,       -0.29f, 0.41f,
                                     87.0f,   88.7f,  -87.3f,  -103.9f, 80.0f,       40.0f,       10.05f, 2.4142137f,
                                     FLT_MIN, 1e-38f, 0x1p16f, 1e30f,   0.41421357f, 3.14159265f, 1e-4f,  6.45f };
    size_t n = 0;
    for (uint64_t bits = 0; bits < UINT64_C(0x100000000); bits += step) {
        const float value = float_from_bits((uint32_t)bits);
        if (isfinite(value))
            x[n++] = value;
    }
    for (size_t s = 0; s < sizeof special / sizeof special[0]; s++)
        for (int32_t k = -64; k <= 64; k++) {
            const float value = float_from_bits(float_bits(special[s]) + (uint32_t)k);
            if (isfinite(value))
                x[n++] = value;
        }
    assert_true(n <= MOST);
    return n;
}

static void check(const function *f, size_t n)
{
    mpfr_t v, argument, exponent;
    double worst = 0.0, worst_at = 0.0;
    for (size_t t = 0; t < each_tier_count; t++) {
        activ_fn *fn = NULL;
        assert_int_equal(activ_fn_create(each_tier[t], f->spec, &fn), ACTIV_OK);
        assert_int_equal(activ_forward(fn, NULL, n, x, y[t]), ACTIV_OK);
        activ_fn_destroy(fn);
        for (size_t i = 0; t > 0 && i < n; i++)
            if (float_bits(y[t][i]) != float_bits(y[0][i]) && !(isnan(y[t][i]) && isnan(y[0][i])))
                fail_msg("%s at %a: other bits on tier %zu", f->spec, (double)x[i], t);
    }
    mpfr_inits2(BITS, v, argument, exponent, (mpfr_ptr)0);
    mpfr_set_d(exponent, (double)(float)f->exponent, MPFR_RNDN);
    for (size_t i = 0; i < n; i++) {
        mpfr_set_flt(argument, x[i], MPFR_RNDN);
        if (f->reference)
            f->reference(v, argument, MPFR_RNDN);
        else
            mpfr_pow(v, argument, exponent, MPFR_RNDN);
        const double reference = mpfr_get_d(v, MPFR_RNDN);
        const double error = f->ulp > 0.0 ? ulp_error(y[0][i], reference) : fabs((double)y[0][i] - reference) * 0x1p24;
        if (!(error <= worst)) {
            worst = error;
            worst_at = (double)x[i];
        }
    }
    mpfr_clears(v, argument, exponent, (mpfr_ptr)0);
    const double bound = f->ulp > 0.0 ? f->ulp : f->absolute;
    print_message("%-14s %.3f %s, bound %.2f\n", f->spec, worst, f->ulp > 0.0 ? "ulp" : "2^-24", bound);
    if (!(worst <= bound))
        fail_msg("%s: an error of %.3f at %.9g, %a", f->spec, worst, worst_at, worst_at);
}

static void bounds(void **state)
{
    const size_t n = points();
    (void)state;
    for (size_t i = 0; i < sizeof functions / sizeof functions[0]; i++)
        check(&functions[i], n);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(bounds) };
    if (argc > 1)
        step = strtoull(argv[1], NULL, 10);
    if (step < 30000)
        return 2;
    return cmocka_run_group_tests(tests, each_tier_begin, each_tier_end);
}
