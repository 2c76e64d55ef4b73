/* Formulas in double (src/reference/program.c): a block has the values that its inputs have alone, and what a result
 * is said to be off by at most it is, as MPFR has it. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "formula/random_formula.h"
#include "reference/reference.h"
#include "support/nodes.h"

enum { N = 700, FORMULAS = 400, POINTS = 24 };

static activ_fn *create(const char *spec)
{
    activ_fn *fn;
    activ_message message;
    if (activ_fn_create_ex(NULL, spec, &fn, &message) != ACTIV_OK)
        fail_msg("%s: %s", spec, message.text);
    return fn;
}

static int is_same(double a, double b)
{
    return a == b || (isnan(a) && isnan(b));
}

/* Blocks in which all take one half of a `where`, all the other, or some each. */
static void check_blocks(const char *spec)
{
    static double x[N], values[3][N], one[3], bounded[2][N], error[2][N], size[2][N];
    double *const out[] = { values[0], values[1], values[2] }, *const alone[] = { &one[0], &one[1], &one[2] };
    double *const found[] = { bounded[0], bounded[1] }, *const errors[] = { error[0], error[1] };
    double *const sizes[] = { size[0], size[1] };
    activ_fn *fn = create(spec);
    activ_message message;
    float start[8] = { 0.0f };
    double params[8];
    assert_in_range(activ_fn_param_count(fn), 0, 8);
    assert_int_equal(activ_fn_param_init(fn, 0, start), ACTIV_OK);
    for (size_t k = 0; k < 8; k++)
        params[k] = (double)start[k];
    ref_program *p = ref_program_create(fn, 0, &message);
    if (!p)
        fail_msg("%s: %s", spec, message.text);
    for (int kind = 0; kind < 4; kind++) {
        for (size_t i = 0; i < N; i++) {
            const double u = 6.0 * (double)i / N + 0.01;
            x[i] = kind == 0 ? u : kind == 1 ? -u : kind == 2 ? u - 3.0 : i % 3 == 0 ? (double)INFINITY : u - 2.0;
        }
        ref_program_run(p, params, N, x, out);
        ref_program_run_bounded(p, params, N, x, found, errors, sizes);
        for (size_t i = 0; i < N; i++) {
            ref_program_run(p, params, 1, &x[i], alone);
            for (int k = 0; k < 3; k++)
                if (!is_same(values[k][i], one[k]))
                    fail_msg("%s, root %d at %g: %g in a block, %g alone", spec, k, x[i], values[k][i], one[k]);
            for (int k = 0; k < 2; k++)
                if (!is_same(values[k][i], bounded[k][i]))
                    fail_msg("%s, root %d at %g: %g, %g with bounds", spec, k, x[i], values[k][i], bounded[k][i]);
        }
    }
    ref_program_destroy(p);
    activ_fn_destroy(fn);
}

static void test_blocks(void **state)
{
    (void)state;
    check_blocks("silu");
    check_blocks("tanh");
    check_blocks("mish");
    check_blocks("softplus(beta=2, threshold=3)");
    check_blocks("where(x > 1, where(x > 2, exp(x), log(x)), where(x < -1, sqrt(-x), x^3))");
    check_blocks("where(x > 0, where(exp(x) > 5, sin(x), cos(x)), exp(x)) + exp(x)");
    check_blocks("let s = sigmoid(x); where(s > 0.5, s*tanh(x), where(s < 0.1, elu(x), s))");
    check_blocks("max(x, 0)*min(x, 2) + where(a > 0, exp(-x), x); a=1");
    check_blocks("sum(k, 1, 40, where(x > k/10, sin(k*x), cos(x/k)))"); /* more conditions than are looked at */
}

/* What the reference is off by, against what it says. */
static size_t check_bounds(const char *spec, size_t *judged)
{
    nodes n;
    activ_fn *fn = create(spec);
    float params[8];
    double start[8], exact[16], off[2], size[2], value[2];
    double *const values[] = { &value[0], &value[1] }, *const errors[] = { &off[0], &off[1] };
    double *const sizes[] = { &size[0], &size[1] };
    size_t failures = 0;
    assert_in_range(activ_fn_param_count(fn), 0, 8);
    if (nodes_open(&n, fn) != 0)
        fail_msg("%s: %s", spec, n.message.text);
    assert_int_equal(activ_fn_param_init(fn, 0, params), ACTIV_OK);
    for (size_t k = 0; k < n.param_count; k++)
        start[k] = (double)params[k];
    for (size_t i = 0; i < POINTS; i++) {
        const double scale = i % 3 == 0 ? 1e-3 : i % 3 == 1 ? 3.0 : 40.0;
        const double x = (double)(float)(scale * (((double)i - POINTS / 2) * 0.0873 + 0.0137));
        ref_program_run_bounded(n.program, start, 1, &x, values, errors, sizes);
        nodes_in_mpfr(&n, x, params, exact);
        for (int k = 0; k < 2; k++) {
            if (isnan(exact[k]) || !isfinite(value[k]) || isinf(off[k]))
                continue;
            ++*judged;
            /* MPFR's is rounded to double; below is what underflows */
            const double allowed = off[k] + 0x1p-52 * fabs(exact[k]) + 0x1p-900;
            if (!(fabs(value[k] - exact[k]) <= allowed) && failures++ < 3)
                print_message("%s, %s at %a: off by %g, not %g: %.17g\n", spec, k ? "f'" : "f", x,
                              fabs(value[k] - exact[k]), off[k], exact[k]);
            if (!(size[k] >= fabs(value[k]) * (1.0 - 1e-12)))
                fail_msg("%s: terms smaller than their sum", spec);
        }
    }
    nodes_close(&n);
    activ_fn_destroy(fn);
    return failures;
}

static void test_bounds(void **state)
{
    (void)state;
    const char *const texts[] = {
        "x - tanh(x)",
        "log(1 + exp(x))",
        "exp(x)/(1 + exp(x))",
        "sin(100*x)",
        "1/(x - 3)",
        "(x^2 - 2)^3/(x - 1.5)",
        "exp(-x^2)*erfc(x)",
        "pow(abs(x) + 0.1, sin(x))",
        "tan(x)*sqrt(x^2 + 1)",
        "asinh(sinh(x)) - x",
        "atan(x)^2",
        "cosh(x) - 1",
        "gelu(x)*mish(x) - 0.3",
        "log1p(-0.9*tanh(x))",
        "derivative(derivative(gelu))",
        "expm1(x^2) - x^2",
        "log(exp(x^2))",
        "log(exp(-x^2))",
        "pow(exp(x^2), 0.01)",
        "1/(1 + exp(x^2))",
        "exp(x^2)*exp(-x^2)",
        "exp(-exp(x))/x",
    };
    size_t failures = 0, judged = 0;
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
        failures += check_bounds(texts[i], &judged);
    assert_true(judged > 600);
    for (uint64_t seed = 1; seed <= FORMULAS; seed++) {
        random_formula f;
        activ_fn *fn;
        random_formula_make(&f, seed);
        if (activ_fn_create(NULL, f.text, &fn) != ACTIV_OK)
            continue; /* a constant that is a NaN, say */
        activ_fn_destroy(fn);
        failures += check_bounds(f.text, &judged);
    }
    print_message("  %zu values\n", judged);
    assert_true(judged > FORMULAS * POINTS);
    assert_int_equal(failures, 0);
}

/* The bounds are not simply large: where nothing cancels they are some roundings. */
static void test_tightness(void **state)
{
    (void)state;
    const char *const texts[] = {
        "gelu", "silu", "mish", "x*tanh(exp(x))", "x/sqrt(1 + x^2)", "0.5*(silu(x) + gelu(x))"
    };
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        activ_fn *fn = create(texts[i]);
        ref_program *p = ref_program_create(fn, 0, NULL);
        double v[2], e[2], s[2], *const values[] = { &v[0], &v[1] }, *const errors[] = { &e[0], &e[1] };
        double *const sizes[] = { &s[0], &s[1] };
        assert_non_null(p);
        for (double x = -4.0; x < 4.0; x += 0.0317) {
            ref_program_run_bounded(p, NULL, 1, &x, values, errors, sizes);
            assert_true(e[0] <= 0x1p-44 * fabs(v[0]) && e[1] <= 0x1p-44 * s[1]);
        }
        ref_program_destroy(p);
        activ_fn_destroy(fn);
    }
}

/* Where terms cancel, their size is there; where a comparison is as good as equal, the bound has both halves. */
static void test_what_is_known(void **state)
{
    (void)state;
    static ref_values values;
    ref_function ref;
    activ_fn *fn = create("x - tanh(x)");
    const float x = 0x1p-10f;
    assert_int_equal(ref_open(&ref, fn, NULL), 0);
    ref_evaluate(&ref, 1, &x, &values);
    assert_true(fabs(values.f[0] / ((double)x * (double)x * (double)x / 3.0) - 1.0) < 1e-5);
    assert_true(values.f_unit[0] == 0x1p-32); /* an ulp of 2^-9, the sum of their sizes */
    assert_true(values.f_error[0] > 0.0 && values.f_error[0] < 0x1p-58);
    ref_close(&ref);
    activ_fn_destroy(fn);

    fn = create("where(x*x > 2, 1, x)");
    assert_int_equal(ref_open(&ref, fn, NULL), 0);
    const float root = sqrtf(2.0f), beside = root * 1.001f;
    ref_evaluate(&ref, 1, &root, &values);
    assert_true(values.f_error[0] > 0.4);
    ref_evaluate(&ref, 1, &beside, &values);
    assert_true(values.f[0] == 1.0 && values.f_error[0] == 0.0);
    ref_close(&ref);
    activ_fn_destroy(fn);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_blocks),
        cmocka_unit_test(test_bounds),
        cmocka_unit_test(test_tightness),
        cmocka_unit_test(test_what_is_known),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
