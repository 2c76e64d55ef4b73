/* The references that `activ accuracy` measures by (src/reference.c) against MPFR. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "activ/fn.h"
#include "functions/list.h"
#include "functions/reference.h"
#include "functions/samples.h"
#include "src/reference.h"
#include "support/ulp.h"

/* Errors allowed: relative; absolute, for what float32 cannot tell from 0; and, for series, in their units. */
#define RELATIVE 0x1p-43
#define ABSOLUTE 0x1p-161
#define IN_UNITS 0x1p-26

enum { SHOWN = 4, NEIGHBOURS = 64, MOST_INPUTS = 250000 };

typedef struct worst {
    double error;      /* in what is allowed */
    float x;
    size_t failures;
} worst;

static void judge(worst *w, const char *what, const char *spec, float x, double got, double want, double allowed) {
    double error = fabs(got - want) / allowed;
    if (isnan(want) ? isnan(got) : got == want) error = 0.0;
    if (!(error <= w->error)) {
        w->error = error;
        w->x = x;
    }
    if (error <= 1.0) return;
    if (w->failures++ < SHOWN)
        print_error("%s, %s at %a (%.9g): %a, by MPFR %a\n", spec, what, (double)x, (double)x, got, want);
}

static double larger(double a, double b) {
    return a > b ? a : b;
}

/* The size in whose ulp an error of f' is counted. */
static double derivative_scale(double d, double addends) {
    return fabs(d) < addends / 2.0 ? addends : fabs(d);
}

static void check_block(const ref_function *fn, const reference *r, const reference_case *c, const float *values,
                        size_t count, size_t n, const float *x, worst *f, worst *d, worst *other) {
    static ref_values got;
    static reference_value want;
    ref_evaluate(fn, n, x, &got);
    for (size_t i = 0; i < n; i++) {
        r->evaluate(values, count, x[i], &want);
        if (want.f_absolute > 0.0) {
            judge(f, "f", c->spec, x[i], got.f[i], want.f, IN_UNITS * want.f_absolute);
            judge(d, "f'", c->spec, x[i], got.d[i], want.d, IN_UNITS * want.d_absolute);
            judge(other, "unit of f", c->spec, x[i], 2.0 * got.f_unit[i], want.f_absolute, 1e-6 * want.f_absolute);
            judge(other, "unit of f'", c->spec, x[i], 2.0 * got.d_unit[i], want.d_absolute, 1e-6 * want.d_absolute);
            continue;
        }
        judge(f, "f", c->spec, x[i], got.f[i], want.f, larger(RELATIVE * fabs(want.f), ABSOLUTE));
        double scale = derivative_scale(want.d, want.addends);
        judge(d, "f'", c->spec, x[i], got.d[i], want.d, larger(RELATIVE * scale, ABSOLUTE));
        if (want.addends > 0.0 && fabs(fabs(want.d) / want.addends - 0.5) > 1e-9)
            judge(other, "scale of f'", c->spec, x[i],
                  derivative_scale(got.d[i], fn->cancels ? got.addends[i] : 0.0), scale,
                  larger(RELATIVE * scale, ABSOLUTE));
    }
}

/* Around each boundary between formulas, NEIGHBOURS inputs on either side. */
static size_t boundary_inputs(const ref_function *fn, float *x) {
    size_t n = 0;
    for (int k = 0; k < REF_MAX_PIECES && fn->pieces[k].below < INFINITY; k++) {
        float above = fn->pieces[k].below, below = above;
        for (int i = 0; i < NEIGHBOURS; i++) {
            x[n++] = above;
            x[n++] = below = nextafterf(below, -INFINITY);
            above = nextafterf(above, INFINITY);
        }
    }
    return n;
}

static void test_function(void **state) {
    const reference *r = *state;
    size_t failures = 0;
    for (size_t k = 0; k < r->case_count; k++) {
        const reference_case *c = &r->cases[k];
        float values[REFERENCE_MAX_PARAMS];
        size_t count = case_values(c, values);
        ref_function fn;
        assert_int_equal(ref_open(&fn, r->name, values, count), 0);
        worst f = {0}, d = {0}, other = {0};

        static float edges[REF_BLOCK];
        size_t edge_count = boundary_inputs(&fn, edges);
        check_block(&fn, r, c, values, count, edge_count, edges, &f, &d, &other);
        size_t n = 0;
        float *x = samples_create(c, count > 3 || k > 0 ? 12 : 2, &n);
        assert_non_null(x);
        assert_true(n < MOST_INPUTS);
        for (size_t i = 0; i < n; i += REF_BLOCK)
            check_block(&fn, r, c, values, count, n - i < REF_BLOCK ? n - i : REF_BLOCK, x + i, &f, &d, &other);
        free(x);

        print_message("  %-40s %6zu inputs, f: %.3f of the allowed error at %.9g, f': %.3f at %.9g\n", c->spec,
                      n + edge_count, f.error, (double)f.x, d.error, (double)d.x);
        failures += f.failures + d.failures + other.failures;
    }
    assert_int_equal(failures, 0);
}

/* A sine near its root, where Omega x is small, too: all digits of the argument count. */
static void test_staf_root(void **state) {
    (void)state;
    const float values[] = {1.0f, 0.13f, 3.14159274f};
    const reference_case c = {"staf(tau=1), near a root", 3, {0}};
    const reference *r = references;
    while (strcmp(r->name, "staf") != 0) r++;
    ref_function fn;
    assert_int_equal(ref_open(&fn, "staf", values, 3), 0);
    worst f = {0}, d = {0}, other = {0};
    float x[1024];
    for (int i = 0; i < 1024; i++) x[i] = (i % 2 != 0 ? 0x1.3p-6f : -0x1.3p-6f) * (1.0f + (float)i / 1000.0f);
    check_block(&fn, r, &c, values, 3, 1024, x, &f, &d, &other);
    assert_int_equal(f.failures + d.failures + other.failures, 0);
}

/* The command would refuse to measure a function that has none. */
static void test_complete(void **state) {
    (void)state;
    size_t found = 0;
    activ_fn_info info = {.size = sizeof info};
    for (size_t i = 0; activ_fn_catalog(i, &info) == ACTIV_OK; i++)
        for (size_t k = 0; k < reference_count; k++) {
            if (strcmp(info.name, references[k].name) != 0) continue;
            float values[REFERENCE_MAX_PARAMS];
            size_t count = case_values(&references[k].cases[0], values);
            ref_function fn;
            if (ref_open(&fn, info.name, values, count) != 0) fail_msg("%s has no reference", info.name);
            if (ref_open(&fn, info.name, values, count + 1) == 0)
                fail_msg("%s takes %zu values, and %zu as well", info.name, count, count + 1);
            found++;
        }
    assert_int_equal(found, reference_count);
    ref_function fn;
    assert_int_equal(ref_open(&fn, "no_such_function", NULL, 0), -1);
}

static int begin(void **state) {
    (void)state;
    reference_begin();
    return 0;
}

static int end(void **state) {
    (void)state;
    reference_end();
    return 0;
}

#define FUNCTION_TEST(name) {"reference of " #name, test_function, NULL, NULL, NULL},

int main(void) {
    struct CMUnitTest tests[] = {
        ACTIV_FUNCTIONS(FUNCTION_TEST)
        cmocka_unit_test(test_staf_root),
        cmocka_unit_test(test_complete),
    };
    /* the functions' tests come first and in the order of the references */
    for (size_t i = 0; i < reference_count; i++) tests[i].initial_state = (void *)(uintptr_t)&references[i];
    return cmocka_run_group_tests(tests, begin, end);
}
