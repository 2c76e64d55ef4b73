/* Function and derivative of every activation, on every tier, against MPFR: within the bounds that the catalog
 * promises, and exact where there is nothing to round.
 *
 * usage: test_accuracy [--thin N]      N: one input in N, and one pair of extreme settings in N */
#include <float.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "activ/cpu.h"
#include "activ/fn.h"
#include "functions/list.h"
#include "functions/reference.h"
#include "functions/samples.h"
#include "functions/subject.h"
#include "support/thin.h"
#include "support/tiers.h"
#include "support/ulp.h"

/* How many failures of one kind are shown in full. */
enum { SHOWN = 4 };

static size_t thin_all = 1;

/* What the reference says of one input, without the gradients. */
typedef struct expected {
    double f, d, addends, f_absolute, d_absolute;
} expected;

typedef struct tally {
    double worst;
    float worst_x;
    size_t failures;
} tally;

static void judge(tally *t, const char *what, const char *spec, const char *tier, float x, float got, double reference,
                  double error, double bound)
{
    if (error > t->worst) {
        t->worst = error;
        t->worst_x = x;
    }
    if (error <= bound)
        return;
    if (t->failures++ < SHOWN)
        print_error("%s, %s, %s at x = %a (%.9g): got %a (%.9g), expected %a (%.9g): %.3f ulp, bound %.3f\n", spec,
                    tier, what, (double)x, (double)x, (double)got, (double)got, reference, reference, error, bound);
}

/* Where the addends of f' cancel to less than half of their sizes, ulp are those of the addends. */
static double derivative_error(float got, const expected *e)
{
    if (e->addends > 0.0 && fabs(e->d) < e->addends / 2.0)
        return ulp_error_scaled(got, e->d, e->addends);
    return ulp_error(got, e->d);
}

/* A series has an absolute bound; its error is given in units of that bound. */
static double absolute_error(float got, double reference, double allowed)
{
    if (isnan(reference) || !isfinite(got))
        return isnan(reference) && isnan(got) ? 0.0 : INFINITY;
    return fabs((double)got - reference) / allowed;
}

static size_t check_tier(const activ_context *context, const subject *s, size_t n, const float *x, const expected *want,
                         float *ones, float *got)
{
    activ_fn *fn = NULL;
    assert_int_equal(activ_fn_create(context, s->spec, &fn), ACTIV_OK);
    const char *tier = activ_context_tier(context);
    tally forward = { 0 }, derivative = { 0 };

    assert_int_equal(activ_forward(fn, s->params, n, x, got), ACTIV_OK);
    for (size_t i = 0; i < n; i++) {
        const expected *e = &want[i];
        if (e->f_absolute > 0.0)
            judge(&forward, "f", s->spec, tier, x[i], got[i], e->f, absolute_error(got[i], e->f, e->f_absolute), 1.0);
        else
            judge(&forward, "f", s->spec, tier, x[i], got[i], e->f, ulp_error(got[i], e->f),
                  (double)s->info.forward_ulp);
    }
    for (size_t i = 0; i < n; i++)
        ones[i] = 1.0f;
    assert_int_equal(activ_backward(fn, s->params, n, x, ones, got, NULL), ACTIV_OK);
    for (size_t i = 0; i < n; i++) {
        const expected *e = &want[i];
        if (e->d_absolute > 0.0)
            judge(&derivative, "f'", s->spec, tier, x[i], got[i], e->d, absolute_error(got[i], e->d, e->d_absolute),
                  1.0);
        else
            judge(&derivative, "f'", s->spec, tier, x[i], got[i], e->d, derivative_error(got[i], e),
                  (double)s->info.derivative_ulp);
    }
    activ_fn_destroy(fn);
    const char *unit = want[0].f_absolute > 0.0 ? "of the allowed error" : "ulp";
    print_message("  %-7s %-30s f: %.3f %s at %.9g, f': %.3f at %.9g (bounds %g, %g)\n", tier, s->spec, forward.worst,
                  unit, (double)forward.worst_x, derivative.worst, (double)derivative.worst_x,
                  (double)s->info.forward_ulp, (double)s->info.derivative_ulp);
    if (forward.failures + derivative.failures > 0)
        print_error("%s, %s: %zu wrong values and %zu wrong derivatives of %zu\n", s->spec, tier, forward.failures,
                    derivative.failures, n);
    return forward.failures + derivative.failures;
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
        size_t thin = k > 0 ? 5 : 1;
        if (s.param_count > 3)
            thin = 12 * (1 + s.param_count / 100); /* many sines: many times the cost */

        size_t n = 0;
        float *x = samples_create(&s.ref, thin * thin_all, &n);
        assert_true(n > 1000);
        expected *want = malloc(n * sizeof *want);
        float *ones = malloc(n * sizeof *ones), *got = malloc(n * sizeof *got);
        assert_true(x != NULL && want != NULL && ones != NULL && got != NULL);
        for (size_t i = 0; i < n; i++) {
            const reference_value *v = subject_at(&s, x[i]);
            want[i] = (expected){ v->f, v->d, v->addends, v->f_absolute, v->d_absolute };
        }
        size_t tiers = 0;
        for (size_t t = 0; t < tier_count(); t++) {
            activ_context *context = tier_context(t);
            if (context == NULL)
                continue;
            tiers++;
            failures += check_tier(context, &s, n, x, want, ones, got);
            activ_context_destroy(context);
        }
        assert_true(tiers > 0);
        free(x);
        free(want);
        free(ones);
        free(got);
        subject_close(&s);
    }
    assert_int_equal(failures, 0);
}

/* staf with one term, whose error nothing averages out. The worst case is a C that makes the result's ulp small
 * relative to the sine's, with an exact argument, as the bound grows with an argument's rounding. Floats near quarter
 * turns are the worst of all. */
static void test_one_sine(void **state)
{
    (void)state;
    enum { BESIDE = 300, QUARTERS = 41, SPREAD = 6000, PHASES = QUARTERS * BESIDE + SPREAD };
    static const float sizes[] = { 1.0f, 0x1.fffffcp-1f, -0x1.fffffep0f, 1.9f, 1.5f };
    static float phases[PHASES];
    subject staf;
    subject_open(&staf, "staf(tau=1)", 0);
    for (size_t q = 0; q < QUARTERS; q++) {
        phases[q * BESIDE] = (float)((double)q * 1.57079632679489661923);
        for (size_t i = 0; i < BESIDE / 2; i++)
            phases[q * BESIDE] = nextafterf(phases[q * BESIDE], -INFINITY);
        for (size_t i = 1; i < BESIDE; i++)
            phases[q * BESIDE + i] = nextafterf(phases[q * BESIDE + i - 1], INFINITY);
    }
    for (size_t i = 0; i < SPREAD; i++)
        phases[QUARTERS * BESIDE + i] = -6.4f + (float)i * (12.8f / SPREAD);
    double bound = (double)staf.info.forward_ulp, worst = 0.0;
    size_t tiers = 0;
    for (size_t t = 0; t < tier_count(); t++) {
        activ_context *context = tier_context(t);
        if (context == NULL)
            continue;
        tiers++;
        activ_fn *fn = NULL;
        assert_int_equal(activ_fn_create(context, "staf(tau=1)", &fn), ACTIV_OK);
        for (size_t i = 0; i < PHASES; i++) {
            /* In the phase, or in x. */
            float at = phases[i], x = i % 2 ? at : 0.0f;
            for (size_t s = 0; s < sizeof sizes / sizeof sizes[0]; s++) {
                float params[] = { sizes[s], 1.0f, i % 2 ? 0.0f : at }, y = NAN;
                ref_set_params(&staf.ref, (const double[]){ (double)params[0], 1.0, (double)params[2] }, 0);
                assert_int_equal(activ_forward(fn, params, 1, &x, &y), ACTIV_OK);
                double error = ulp_error(y, subject_at(&staf, x)->f);
                if (error > worst)
                    worst = error;
                if (!(error <= bound))
                    fail_msg("%s: %a sin(%a + %a) is %a: %.3f ulp", activ_context_tier(context), (double)params[0],
                             (double)x, (double)params[2], (double)y, error);
            }
        }
        activ_fn_destroy(fn);
        activ_context_destroy(context);
    }
    subject_close(&staf);
    assert_true(tiers > 0);
    print_message("  one sine: %.3f ulp\n", worst);
}

/* Exact where float32 has the number, else to one ulp. */
static int is_fixed(float got, double want)
{
    return (double)(float)want == want ? (double)got == want : ulp_error(got, want) <= 1.0;
}

/* The values that the definitions fix, written out by hand (src/reference): a second opinion on kernels. */
static void test_fixed_points(void **state)
{
    (void)state;
    size_t failures = 0, points = 0;
    for (size_t t = 0; t < tier_count(); t++) {
        activ_context *context = tier_context(t);
        if (context == NULL)
            continue;
        const ref_entry *entry;
        for (size_t k = 0; (entry = ref_entry_at(k)) != NULL; k++)
            for (const ref_point *p = entry->points; p != NULL && p->spec != NULL; p++) {
                activ_fn *fn = NULL;
                assert_int_equal(activ_fn_create(context, p->spec, &fn), ACTIV_OK);
                float x = (float)p->x, one = 1.0f, f = NAN, d = NAN;
                assert_int_equal(activ_forward(fn, NULL, 1, &x, &f), ACTIV_OK);
                assert_int_equal(activ_backward(fn, NULL, 1, &x, &one, &d, NULL), ACTIV_OK);
                activ_fn_destroy(fn);
                points++;
                if (is_fixed(f, p->f) && is_fixed(d, p->d))
                    continue;
                failures++;
                print_error("%s, %s at %.9g: got f = %.9g, f' = %.9g; expected %.9g, %.9g\n", p->spec,
                            activ_context_tier(context), (double)x, (double)f, (double)d, p->f, p->d);
            }
        activ_context_destroy(context);
    }
    assert_true(points > 50);
    assert_int_equal(failures, 0);
}

/* NaN in, NaN out, in every lane, without effect on the other lanes. */
static void test_nan_lanes(void **state)
{
    (void)state;
    enum { N = 37 };
    float x[N], clean[N], y[N], one[N], dx[N], clean_dx[N];
    for (size_t i = 0; i < N; i++)
        one[i] = 1.0f;
    for (size_t t = 0; t < tier_count(); t++) {
        activ_context *context = tier_context(t);
        if (context == NULL)
            continue;
        for (size_t k = 0; k < reference_count; k++) {
            activ_fn *fn = NULL;
            assert_int_equal(activ_fn_create(context, references[k].name, &fn), ACTIV_OK);
            for (size_t i = 0; i < N; i++)
                x[i] = (float)i * 0.37f - 6.0f;
            assert_int_equal(activ_forward(fn, NULL, N, x, clean), ACTIV_OK);
            assert_int_equal(activ_backward(fn, NULL, N, x, one, clean_dx, NULL), ACTIV_OK);
            for (size_t at = 0; at < N; at++) {
                float kept = x[at];
                x[at] = at % 2 != 0 ? NAN : -NAN;
                assert_int_equal(activ_forward(fn, NULL, N, x, y), ACTIV_OK);
                assert_int_equal(activ_backward(fn, NULL, N, x, one, dx, NULL), ACTIV_OK);
                x[at] = kept;
                if (!isnan(y[at]))
                    fail_msg("%s(NaN) is %g in lane %zu", references[k].name, (double)y[at], at);
                if (!isnan(dx[at]))
                    fail_msg("%s'(NaN) is %g in lane %zu", references[k].name, (double)dx[at], at);
                y[at] = clean[at];
                dx[at] = clean_dx[at];
                assert_memory_equal(y, clean, sizeof y);
                assert_memory_equal(dx, clean_dx, sizeof dx);
            }
            activ_fn_destroy(fn);
        }
        activ_context_destroy(context);
    }
}

/* ---- any setting that is allowed ----------------------------------------------------------------- */

/* Settings from one end of float32 to the other, and inputs that are large and small beside them. */
static size_t extreme_inputs(const float *settings, size_t count, float *x)
{
    static const float sizes[] = { 0.0f,   0x1p-149f, 0x1p-126f, 1e-30f, 1e-6f,   0.3f,    1.0f,   3.0f,
                                   20.0f,  86.9f,     87.1f,     88.6f,  104.0f,  120.0f,  150.0f, 170.0f,
                                   193.0f, 195.0f,    1e3f,      1e30f,  FLT_MAX, INFINITY };
    size_t n = 0;
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++)
        for (int sign = 0; sign < 2; sign++) {
            const float size = sign ? -sizes[i] : sizes[i];
            x[n++] = size;
            for (size_t k = 0; k < count; k++) {
                x[n++] = size * settings[k];
                x[n++] = size / settings[k];
            }
        }
    size_t kept = 0;
    for (size_t i = 0; i < n; i++)
        if (!isnan(x[i]))
            x[kept++] = x[i];
    return kept;
}

enum { EXTREME_INPUTS = 44 * 5 };

static size_t check_extreme(const char *spec, const float *settings, size_t count)
{
    float x[EXTREME_INPUTS], ones[EXTREME_INPUTS], got[EXTREME_INPUTS];
    expected want[EXTREME_INPUTS];
    subject s;
    subject_open(&s, spec, 7);
    const size_t n = extreme_inputs(settings, count, x);
    size_t failures = 0;
    for (size_t i = 0; i < n; i++) {
        const reference_value *v = subject_at(&s, x[i]);
        want[i] = (expected){ v->f, v->d, v->addends, v->f_absolute, v->d_absolute };
    }
    for (size_t t = 0; t < tier_count(); t++) {
        activ_context *context = tier_context(t);
        failures += check_tier(context, &s, n, x, want, ones, got);
        activ_context_destroy(context);
    }
    subject_close(&s);
    return failures;
}

/* Bounds and limits hold for every setting that a function accepts, not only for those near the defaults. */
static void test_extreme_settings(void **state)
{
    (void)state;
    static const float values[] = { -FLT_MAX, -1e30f, -3.0f, -0.7f, -1e-30f, -0x1p-149f, 0.0f,  0x1p-149f,
                                    1e-30f,   1e-6f,  0.7f,  1.0f,  3.0f,    1e6f,       1e30f, FLT_MAX };
    enum { VALUES = sizeof values / sizeof values[0] };
    size_t failures = 0, specs = 0;
    for (size_t f = 0; f < reference_count; f++) {
        activ_fn *fn = NULL;
        assert_int_equal(activ_fn_create(NULL, references[f].name, &fn), ACTIV_OK);
        char names[2][32];
        size_t reals = 0;
        activ_setting_info setting = ACTIV_SETTING_INFO_INIT;
        for (size_t i = 0; activ_fn_setting_info(fn, i, &setting) == ACTIV_OK; i++)
            if (setting.kind == ACTIV_SETTING_REAL && reals < 2)
                snprintf(names[reals++], sizeof names[0], "%s", setting.name);
        activ_fn_destroy(fn);
        for (size_t a = 0; a < VALUES && reals > 0; a++)
            for (size_t b = 0; b < (reals > 1 ? VALUES : 1); b++) {
                if (reals > 1 && (a + b) % thin_all != 0)
                    continue;
                char spec[160];
                const float settings[2] = { values[a], values[b] };
                if (reals > 1)
                    snprintf(spec, sizeof spec, "%s(%s=%.9g, %s=%.9g)", references[f].name, names[0], (double)values[a],
                             names[1], (double)values[b]);
                else
                    snprintf(spec, sizeof spec, "%s(%s=%.9g)", references[f].name, names[0], (double)values[a]);
                /* bspline: positions among the knots are doubles, which lose an offset this small beside a step. */
                const int is_lost = strcmp(references[f].name, "bspline") == 0 && values[a] != 0.0f &&
                                    fabsf(values[a]) < 1e-12f * values[b];
                if (is_lost || activ_fn_create(NULL, spec, &fn) != ACTIV_OK)
                    continue; /* not allowed */
                activ_fn_destroy(fn);
                specs++;
                failures += check_extreme(spec, settings, reals);
            }
    }
    assert_true(specs > 100);
    assert_int_equal(failures, 0);
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

#define FUNCTION_TEST(name) { "accuracy of " #name, test_function, NULL, NULL, NULL },

int main(int argc, char **argv)
{
    thin_all = thin_argument(argc, argv);
    struct CMUnitTest tests[] = {
        ACTIV_ELEMENTWISE(FUNCTION_TEST) cmocka_unit_test(test_one_sine),
        cmocka_unit_test(test_extreme_settings),
        cmocka_unit_test(test_fixed_points),
        cmocka_unit_test(test_nan_lanes),
    };
    /* the functions' tests come first and in the order of the references */
    for (size_t i = 0; i < reference_count; i++)
        tests[i].initial_state = (void *)(uintptr_t)&references[i];
    return cmocka_run_group_tests(tests, begin, end);
}
