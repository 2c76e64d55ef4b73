/* The references that `activ accuracy` measures by (src/reference) against MPFR. */
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
#include "functions/subject.h"
#include "support/thin.h"
#include "support/ulp.h"
#include "support/worst.h"

/* Errors allowed: relative; absolute, for what float32 cannot tell from 0; and, for series, in their units. */
#define RELATIVE 0x1p-43
#define ABSOLUTE 0x1p-161
#define IN_UNITS 0x1p-26

enum { NEIGHBOURS = 64, MOST_INPUTS = 250000 };

static size_t thin = 1; /* --thin N: one input in N */

static double larger(double a, double b)
{
    return a > b ? a : b;
}

/* The size in whose ulp an error of f' is counted. */
static double derivative_scale(double d, double addends)
{
    return fabs(d) < addends / 2.0 ? addends : fabs(d);
}

typedef struct outcome {
    worst f, d, other;
    size_t edges, inputs;
} outcome;

/* Where terms add up to a power of two, their ulp may be that of either side. */
static void judge_unit(outcome *o, const char *what, const char *spec, float x, double got, double want)
{
    int exponent;
    double ratio = got / want, fraction = frexp(fabs(got - want), &exponent);
    /* What is added to the ulp is the same on both sides. */
    if (fabs(got - want) > want / 8.0 && ratio >= 0.5 && ratio <= 2.0 &&
        (fabs(fraction - 0.5) < 1e-6 || fabs(fraction - 1.0) < 1e-6))
        o->edges++;
    else
        judge(&o->other, what, spec, x, got, want, 1e-6 * want);
}

static void check_block(subject *s, size_t n, const float *x, outcome *o)
{
    static ref_values got;
    worst *f = &o->f, *d = &o->d, *other = &o->other;
    ref_evaluate(&s->ref, n, x, &got);
    o->inputs += n;
    for (size_t i = 0; i < n; i++) {
        const reference_value want = *subject_at(s, x[i]);
        ref_value one = ref_at(&s->ref, (double)x[i]);
        double far = s->ref.entry->series ? IN_UNITS * want.f_absolute : larger(RELATIVE * fabs(want.f), ABSOLUTE);
        judge(other, "f alone", s->spec, x[i], one.f, got.f[i], far);
        if (want.f_absolute > 0.0) {
            judge(f, "f", s->spec, x[i], got.f[i], want.f, IN_UNITS * want.f_absolute);
            judge(d, "f'", s->spec, x[i], got.d[i], want.d, IN_UNITS * want.d_absolute);
            judge_unit(o, "unit of f", s->spec, x[i], 2.0 * got.f_unit[i], want.f_absolute);
            judge_unit(o, "unit of f'", s->spec, x[i], 2.0 * got.d_unit[i], want.d_absolute);
            continue;
        }
        judge(f, "f", s->spec, x[i], got.f[i], want.f, larger(RELATIVE * fabs(want.f), ABSOLUTE));
        double scale = derivative_scale(want.d, want.addends);
        judge(d, "f'", s->spec, x[i], got.d[i], want.d, larger(RELATIVE * scale, ABSOLUTE));
        if (want.addends > 0.0 && fabs(fabs(want.d) / want.addends - 0.5) > 1e-9)
            judge(other, "scale of f'", s->spec, x[i], derivative_scale(got.d[i], got.addends[i]), scale,
                  larger(RELATIVE * scale, ABSOLUTE));
    }
}

static void check(subject *s, size_t n, const float *x, outcome *o)
{
    for (size_t i = 0; i < n; i += REF_BLOCK)
        check_block(s, n - i < REF_BLOCK ? n - i : REF_BLOCK, x + i, o);
}

/* NEIGHBOURS inputs on either side of all powers of two at which formulas may change. */
static size_t boundary_inputs(float *x)
{
    size_t n = 0;
    for (int exponent = -12; exponent <= 12; exponent++)
        for (int sign = -1; sign <= 1; sign += 2) {
            float above = ldexpf((float)sign, exponent), below = above;
            for (int i = 0; i < NEIGHBOURS; i++) {
                x[n++] = above;
                x[n++] = below = nextafterf(below, -INFINITY);
                above = nextafterf(above, INFINITY);
            }
        }
    return n;
}

static void test_function(void **state)
{
    const reference *r = *state;
    const ref_entry *entry = ref_find(r->name);
    if (entry == NULL)
        fail_msg("%s: no entry in src/reference", r->name);
    size_t failures = 0;
    for (size_t k = 0; ref_spec(entry, k) != NULL; k++) {
        subject s;
        subject_open(&s, ref_spec(entry, k), 7);
        outcome o = { .f = { 0 } };
        size_t n = 0;
        float *x = samples_create(&s.ref, (s.param_count > 3 || k > 0 ? 12 : 2) * thin, &n);
        assert_non_null(x);
        assert_true(n < MOST_INPUTS);
        static float edges[25 * 2 * 2 * NEIGHBOURS];
        size_t edge_count = boundary_inputs(edges);
        assert_int_equal(edge_count, sizeof edges / sizeof edges[0]);
        check(&s, edge_count, edges, &o);
        check(&s, n, x, &o);
        free(x);
        print_message("  %-40s %6zu inputs, f: %.3f of the allowed error at %.9g, f': %.3f at %.9g\n", s.spec,
                      n + edge_count, o.f.error, o.f.x, o.d.error, o.d.x);
        failures += o.f.failures + o.d.failures + o.other.failures;
        if (o.edges > o.inputs / 100)
            fail_msg("%s: %zu units of %zu are those of the next binade", s.spec, o.edges, o.inputs);
        subject_close(&s);
    }
    assert_int_equal(failures, 0);
}

/* A sine near its root, where Omega x is small, too: all digits of the argument count. */
static void test_staf_root(void **state)
{
    (void)state;
    const double values[] = { 1.0, (double)0.13f, (double)3.14159274f };
    subject s;
    subject_open(&s, "staf(tau=1)", 0);
    ref_set_params(&s.ref, values, 0);
    outcome o = { .f = { 0 } };
    float x[1024];
    for (int i = 0; i < 1024; i++)
        x[i] = (i % 2 != 0 ? 0x1.3p-6f : -0x1.3p-6f) * (1.0f + (float)i / 1000.0f);
    check(&s, 1024, x, &o);
    assert_int_equal(o.f.failures + o.d.failures + o.other.failures, 0);
    subject_close(&s);
}

/* Fixed points are written by hand: they test both references. */
static void test_fixed_points(void **state)
{
    (void)state;
    const ref_entry *entry;
    for (size_t k = 0; (entry = ref_entry_at(k)) != NULL; k++) {
        int found = 0;
        for (const ref_point *p = entry->points; p != NULL && p->spec != NULL; p++) {
            subject s;
            subject_open(&s, p->spec, 0);
            assert_string_equal(s.info.name, entry->name);
            float x = (float)p->x;
            assert_true((double)x == p->x);
            const reference_value want = *subject_at(&s, x);
            ref_value got = ref_at(&s.ref, p->x);
            worst w = { 0 };
            judge(&w, "f by hand", p->spec, x, p->f, want.f, larger(1e-15 * fabs(want.f), ABSOLUTE));
            judge(&w, "f' by hand", p->spec, x, p->d, want.d, larger(1e-15 * fabs(want.d), ABSOLUTE));
            judge(&w, "f", p->spec, x, got.f, p->f, larger(RELATIVE * fabs(p->f), ABSOLUTE));
            judge(&w, "f'", p->spec, x, got.d, p->d, larger(RELATIVE * fabs(p->d), ABSOLUTE));
            assert_int_equal(w.failures, 0);
            if (strcmp(p->spec, entry->name) == 0)
                found |= p->x == 0.0 ? 1 : isinf(p->x) ? p->x > 0.0 ? 2 : 4 : 0;
            subject_close(&s);
        }
        if (!entry->series && found != 7)
            fail_msg("%s: no point for 0, infinity or -infinity", entry->name);
    }
}

/* Each function has one entry, each entry a function; what can be set is tried with other settings, each
 * differently. */
static void test_complete(void **state)
{
    (void)state;
    size_t entries = 0;
    for (size_t k = 0; k < reference_count; k++) {
        const ref_entry *entry = ref_find(references[k].name);
        if (entry == NULL)
            fail_msg("%s: no entry in src/reference", references[k].name);
        activ_fn *fn[32];
        size_t count = 0;
        for (; ref_spec(entry, count) != NULL; count++) {
            assert_in_range(count, 0, 31);
            if (activ_fn_create(NULL, ref_spec(entry, count), &fn[count]) != ACTIV_OK)
                fail_msg("%s: %s is refused", entry->name, ref_spec(entry, count));
            activ_fn_info info = ACTIV_FN_INFO_INIT;
            assert_int_equal(activ_fn_info_of(fn[count], &info), ACTIV_OK);
            assert_string_equal(info.name, entry->name);
            for (size_t i = 0; i < count; i++)
                if (strcmp(activ_fn_spec(fn[i]), activ_fn_spec(fn[count])) == 0)
                    fail_msg("%s is tried twice", ref_spec(entry, count));
        }
        if (activ_fn_setting_count(fn[0]) > 0 && count < 2)
            fail_msg("%s: no settings to try", entry->name);
        while (count > 0)
            activ_fn_destroy(fn[--count]);
    }
    while (ref_entry_at(entries) != NULL) {
        const char *name = ref_entry_at(entries++)->name;
        if (reference_of(name) == NULL)
            fail_msg("src/reference: there is no function %s", name);
    }
    assert_int_equal(entries, reference_count);
    assert_null(ref_find("no_such_function"));
}

/* Landmarks: of both signs, finite, each once; settings among them, and in units that settings make. */
static void test_landmarks(void **state)
{
    (void)state;
    static float marks[REF_MAX_LANDMARKS];
    const ref_entry *entry;
    for (size_t k = 0; (entry = ref_entry_at(k)) != NULL; k++)
        for (size_t i = 0; ref_spec(entry, i) != NULL; i++) {
            subject s;
            subject_open(&s, ref_spec(entry, i), 0);
            size_t count = ref_landmarks(&s.ref, marks);
            assert_in_range(count, 50, REF_MAX_LANDMARKS - 2);
            for (size_t a = 0; a < count; a++) {
                int minus = 0;
                for (size_t b = 0; b < count; b++) {
                    assert_true(a == b || marks[a] != marks[b]);
                    minus += marks[a] == -marks[b];
                }
                assert_true(isfinite(marks[a]) && minus == 1);
            }
            subject_close(&s);
        }
    subject s;
    subject_open(&s, "softplus(beta=2.5,threshold=3)", 0);
    size_t count = ref_landmarks(&s.ref, marks), found = 0;
    for (size_t i = 0; i < count; i++)
        found += marks[i] == -2.5f || marks[i] == 3.0f || marks[i] == (float)(3.0 * (1.0 / 2.5));
    assert_int_equal(found, 3);
    subject_close(&s);
}

static int begin(void **state)
{
    (void)state;
    reference_begin();
    return 0;
}

static int end(void **state)
{
    (void)state;
    reference_end();
    return 0;
}

#define FUNCTION_TEST(name) { "reference of " #name, test_function, NULL, NULL, NULL },

int main(int argc, char **argv)
{
    thin = thin_argument(argc, argv);
    struct CMUnitTest tests[] = {
        ACTIV_ELEMENTWISE(FUNCTION_TEST) cmocka_unit_test(test_staf_root),
        cmocka_unit_test(test_fixed_points),
        cmocka_unit_test(test_complete),
        cmocka_unit_test(test_landmarks),
    };
    /* the functions' tests come first and in the order of the references */
    for (size_t i = 0; i < reference_count; i++)
        tests[i].initial_state = (void *)(uintptr_t)&references[i];
    return cmocka_run_group_tests(tests, begin, end);
}
