/* Backward: dx = dy f'(x), and the sums of dy df/dparameter, against MPFR; sums are accumulated, and each output may be
 * NULL. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "activ/cpu.h"
#include "activ/fn.h"
#include "activ/random.h"
#include "functions/subject.h"
#include "support/tiers.h"
#include "support/ulp.h"

enum { N = 1003 };

/* Bell-shaped inputs with some far out and some at the kink, and dy of both signs and many sizes. */
static void make_data(uint64_t seed, float *x, float *dy)
{
    assert_int_equal(activ_random_normal(seed, 1, 0, N, 0.0f, 2.0f, x), ACTIV_OK);
    assert_int_equal(activ_random_normal(seed, 2, 0, N, 0.0f, 1.0f, dy), ACTIV_OK);
    for (size_t i = 0; i < N; i += 17)
        x[i] = 0.0f;
    for (size_t i = 5; i < N; i += 29)
        x[i] *= 20.0f;
    for (size_t i = 3; i < N; i += 31)
        dy[i] = ldexpf(dy[i], (int)(i % 41) - 20);
    for (size_t i = 7; i < N; i += 101)
        dy[i] = 0.0f;
}

static void *room(size_t count, size_t size)
{
    void *array = calloc(count + 1, size);
    assert_non_null(array);
    return array;
}

/* The exact sums, and the error allowed in each before the last rounding: the error of every term, and a float32
 * rounding of dy times it. */
static void expected_sums(subject *s, size_t n, const float *x, const float *dy, double *sum, double *allowed)
{
    long double *exact = room(s->param_count, sizeof *exact);
    for (size_t j = 0; j < s->param_count; j++)
        allowed[j] = 0.0;
    for (size_t i = 0; i < n; i++) {
        const reference_value *v = subject_at(s, x[i]);
        for (size_t j = 0; j < s->param_count; j++) {
            exact[j] += (long double)dy[i] * (long double)v->gradient[j];
            allowed[j] += fabs((double)dy[i]) * (v->gradient_absolute[j] + ldexp(fabs(v->gradient[j]), -24));
        }
    }
    for (size_t j = 0; j < s->param_count; j++)
        sum[j] = (double)exact[j];
    free(exact);
}

static void check_sums(const activ_context *context, subject *s, size_t n)
{
    activ_fn *fn = NULL;
    const char *spec = s->spec;
    assert_int_equal(activ_fn_create(context, spec, &fn), ACTIV_OK);
    size_t count = s->param_count;
    float *got = room(count, sizeof *got), *start = room(count, sizeof *start), *alone = room(count, sizeof *alone);
    double *sum = room(count, sizeof *sum), *allowed = room(count, sizeof *allowed);
    const float *params = s->params;

    static float x[N], dy[N], dx[N], dx_alone[N];
    make_data(n, x, dy);
    expected_sums(s, n, x, dy, sum, allowed);

    /* from zero, and added to something */
    for (int pass = 0; pass < 2; pass++) {
        for (size_t j = 0; j < count; j++)
            got[j] = start[j] = pass == 0 ? 0.0f : (float)j * 0.5f - 3.0f;
        assert_int_equal(activ_backward(fn, params, n, x, dy, dx, got), ACTIV_OK);
        for (size_t j = 0; j < count; j++) {
            double want = sum[j] + (double)start[j];
            double error = fabs((double)got[j] - want);
            /* half an ulp for the result, half for a sum that is rounded before it is added */
            double bound = allowed[j] + ulp_size(want) * 0.5 + ulp_size(sum[j]) * 0.5;
            if (fabs(want) < 0x1p128 ? !(error <= bound) : !isinf(got[j]))
                fail_msg("%s, %s, n = %zu: dparams[%zu] = %.9g, expected %.17g, error %.3g, allowed %.3g", spec,
                         activ_context_tier(context), n, j, (double)got[j], want, error, bound);
        }
    }

    /* either output may be left out, and the other does not change */
    memcpy(alone, start, count * sizeof *alone);
    assert_int_equal(activ_backward(fn, params, n, x, dy, NULL, alone), ACTIV_OK);
    assert_memory_equal(alone, got, count * sizeof *got);
    if (n > 0) {
        assert_int_equal(activ_backward(fn, params, n, x, dy, dx_alone, NULL), ACTIV_OK);
        assert_memory_equal(dx_alone, dx, n * sizeof *dx);
    }
    assert_int_equal(activ_backward(fn, params, n, x, dy, NULL, NULL), ACTIV_OK);

    /* dx over dy: the sums still see the old dy */
    memcpy(alone, start, count * sizeof *alone);
    memcpy(dx_alone, dy, sizeof dx_alone);
    assert_int_equal(activ_backward(fn, params, n, x, dx_alone, dx_alone, alone), ACTIV_OK);
    assert_memory_equal(alone, got, count * sizeof *got);
    if (n > 0)
        assert_memory_equal(dx_alone, dx, n * sizeof *dx);
    activ_fn_destroy(fn);
    free(got);
    free(start);
    free(alone);
    free(sum);
    free(allowed);
}

/* Of every function that has parameters, with all settings to try. */
static void test_sums(void **state)
{
    (void)state;
    const size_t lengths[] = { 0, 1, 2, 7, 15, 16, 17, 31, 33, 64, 257, N };
    size_t trainable = 0;
    for (size_t k = 0; k < reference_count; k++) {
        const ref_entry *entry = ref_find(references[k].name);
        if (entry == NULL)
            fail_msg("%s: no entry in src/reference", references[k].name);
        for (size_t i = 0; ref_spec(entry, i) != NULL; i++) {
            subject s;
            subject_open(&s, ref_spec(entry, i), 11);
            trainable += s.param_count > 0;
            assert_int_equal(s.info.trainable, s.param_count > 0);
            for (size_t t = 0; t < tier_count() && s.param_count > 0; t++) {
                activ_context *context = tier_context(t);
                if (context == NULL)
                    continue;
                for (size_t l = 0; l < sizeof lengths / sizeof lengths[0]; l++)
                    check_sums(context, &s, lengths[l]);
                activ_context_destroy(context);
            }
            subject_close(&s);
        }
    }
    assert_true(trainable > 0);
}

/* Sums are in double: a million small terms after a large one are not lost. */
static void test_long_sum(void **state)
{
    (void)state;
    enum { LONG = 1 << 20 };
    float *x = malloc(LONG * sizeof *x), *dy = malloc(LONG * sizeof *dy);
    assert_true(x != NULL && dy != NULL);
    for (size_t i = 0; i < LONG; i++) {
        x[i] = -1.0f;
        dy[i] = 0x1p-26f;
    }
    dy[12345] = 1.0f;
    float want = -(float)(1.0 + (LONG - 1) * 0x1p-26);
    for (size_t t = 0; t < tier_count(); t++) {
        activ_context *context = tier_context(t);
        if (context == NULL)
            continue;
        activ_fn *fn = NULL;
        assert_int_equal(activ_fn_create(context, "prelu", &fn), ACTIV_OK);
        float got = 0.0f;
        assert_int_equal(activ_backward(fn, NULL, LONG, x, dy, NULL, &got), ACTIV_OK);
        if (!(got == want))
            fail_msg("sum is %.9g, expected %.9g", (double)got, (double)want);
        activ_fn_destroy(fn);
        activ_context_destroy(context);
    }
    free(x);
    free(dy);
}

/* Parameter gradients of a single element with a special value. */
static void test_special_gradients(void **state)
{
    (void)state;
    const struct {
        const char *spec;
        float x, want;
    } points[] = {
        { "prelu", 0.0f, 0.0f },
        { "prelu", -0.0f, 0.0f },
        { "prelu", 3.0f, 0.0f },
        { "prelu", INFINITY, 0.0f },
        { "prelu", -INFINITY, -INFINITY },
        { "prelu", NAN, NAN },
        { "prelu", -0x1p-149f, -0x1p-149f },
        { "trainable_elu", 0.0f, 0.0f },
        { "trainable_elu", INFINITY, 0.0f },
        { "trainable_elu", 89.0f, 0.0f },
        { "trainable_elu", 3e38f, 0.0f },
        { "trainable_elu", -INFINITY, -1.0f },
        { "trainable_elu", -3e38f, -1.0f },
        { "trainable_elu", NAN, NAN },
        { "trainable_elu", -1e-20f, -1e-20f },
        { "swish", 0.0f, 0.0f },
        { "swish", NAN, NAN },
        { "swish", INFINITY, 0.0f },
        { "swish", -INFINITY, 0.0f },
        { "swish", 3e38f, 0.0f },
        { "swish(beta=0)", -2.0f, 1.0f },
        { "swish(beta=0)", -INFINITY, INFINITY },
        { "adaptive_sigmoid", 0.0f, 0.0f },
        { "adaptive_sigmoid", NAN, NAN },
        { "adaptive_sigmoid", -INFINITY, 0.0f },
        { "adaptive_sigmoid(k=0, theta=1)", 3.0f, 0.5f },
        { "adaptive_sigmoid(k=0, theta=1)", -INFINITY, -INFINITY },
        { "pinn_tanh", 0.0f, 0.0f },
        { "pinn_tanh", NAN, NAN },
        { "pinn_tanh", INFINITY, 0.0f },
        { "pinn_tanh(a=0)", 2.0f, 20.0f },
        { "sgt_book", INFINITY, 0.0f },
        { "sgt_book", NAN, NAN },
        { "sgt_book(gamma=0)", -INFINITY, -INFINITY },
        { "nipuna", 5.0f, 0.0f },
        { "nipuna", INFINITY, 0.0f },
        { "nipuna", -INFINITY, 0.0f },
        { "nipuna", NAN, NAN },
        { "nipuna_book", 5.0f, 0.0f },
        { "nipuna_book", -INFINITY, 0.0f },
        { "nipuna_book", NAN, NAN },
        { "staf(tau=1)", NAN, NAN },
        { "staf(tau=1)", INFINITY, NAN },
        { "staf(tau=1)", -INFINITY, NAN },
    };
    for (size_t t = 0; t < tier_count(); t++) {
        activ_context *context = tier_context(t);
        if (context == NULL)
            continue;
        for (size_t i = 0; i < sizeof points / sizeof points[0]; i++) {
            activ_fn *fn = NULL;
            assert_int_equal(activ_fn_create(context, points[i].spec, &fn), ACTIV_OK);
            float one = 1.0f, got[3] = { 0.0f, 0.0f, 0.0f };
            assert_int_equal(activ_backward(fn, NULL, 1, &points[i].x, &one, NULL, got), ACTIV_OK);
            if (isnan(points[i].want) ? !isnan(got[0]) : !(got[0] == points[i].want))
                fail_msg("%s at %g: gradient %.9g, expected %.9g", points[i].spec, (double)points[i].x, (double)got[0],
                         (double)points[i].want);
            activ_fn_destroy(fn);
        }
        activ_context_destroy(context);
    }
}

/* rational_book with negative b: right on both sides of a pole, infinite at it. */
static void test_pole(void **state)
{
    (void)state;
    /* (1 + x)/(1 - x^2/4), with a pole at 2 and at -2 */
    const float params[] = { 1.0f, 1.0f, 0.0f, 0.0f, -0.25f }, one = 1.0f;
    const float xs[] = { 0.0f, 1.0f, 1.75f, 2.25f, -1.75f, -4.0f, 1000.0f, 0x1p20f };
    for (size_t t = 0; t < tier_count(); t++) {
        activ_context *context = tier_context(t);
        activ_fn *fn = NULL;
        float y = 0.0f, dx = 0.0f, pole = 2.0f;
        if (context == NULL)
            continue;
        assert_int_equal(activ_fn_create(context, "rational_book(p=1, q=2)", &fn), ACTIV_OK);
        assert_int_equal(activ_fn_param_count(fn), 5);
        for (size_t i = 0; i < sizeof xs / sizeof xs[0]; i++) {
            const double x = (double)xs[i], q = 1.0 - x * x / 4.0, slope = (q + (1.0 + x) * x / 2.0) / (q * q);
            const double wants[] = { 1.0 / q, x / q, -(1.0 + x) / (q * q), -(1.0 + x) * fabs(x) / (q * q),
                                     -(1.0 + x) * x * x / (q * q) };
            float gradient[5] = { 0.0f };
            assert_int_equal(activ_forward(fn, params, 1, &xs[i], &y), ACTIV_OK);
            assert_int_equal(activ_backward(fn, params, 1, &xs[i], &one, &dx, gradient), ACTIV_OK);
            assert_true(fabs((double)y - (1.0 + x) / q) <= fabs((1.0 + x) / q) * 0x1p-23);
            assert_true(fabs((double)dx - slope) <= fabs(slope) * 0x1p-22);
            for (size_t j = 0; j < 5; j++)
                assert_true(fabs((double)gradient[j] - wants[j]) <= fabs(wants[j]) * 0x1p-23);
        }
        assert_int_equal(activ_forward(fn, params, 1, &pole, &y), ACTIV_OK);
        assert_true(isinf(y));
        activ_fn_destroy(fn);
        activ_context_destroy(context);
    }
}

/* A function without parameters never writes dparams. */
static void test_no_parameters(void **state)
{
    (void)state;
    float x = 1.0f, dy = 1.0f, dx = 0.0f, sum = 42.0f;
    for (size_t k = 0; k < reference_count; k++) {
        activ_fn *fn = NULL;
        assert_int_equal(activ_fn_create(NULL, references[k].name, &fn), ACTIV_OK);
        if (activ_fn_param_count(fn) == 0) {
            assert_int_equal(activ_backward(fn, NULL, 1, &x, &dy, &dx, &sum), ACTIV_OK);
            if (sum != 42.0f)
                fail_msg("%s wrote to dparams", references[k].name);
        }
        activ_fn_destroy(fn);
    }
}

/* dx = dy f'(x): the derivative's error, and one rounding of the product. */
static void test_dx(void **state)
{
    (void)state;
    static float x[N], dy[N], dx[N];
    make_data(99, x, dy);
    for (size_t t = 0; t < tier_count(); t++) {
        activ_context *context = tier_context(t);
        if (context == NULL)
            continue;
        for (size_t k = 0; k < reference_count; k++) {
            subject s;
            subject_open(&s, references[k].name, 0);
            activ_fn *fn = NULL;
            assert_int_equal(activ_fn_create(context, s.spec, &fn), ACTIV_OK);
            assert_int_equal(activ_backward(fn, NULL, N, x, dy, dx, NULL), ACTIV_OK);
            for (size_t i = 0; i < N; i++) {
                const reference_value *v = subject_at(&s, x[i]);
                double want = v->d * (double)dy[i];
                double scale = v->addends > 0.0 && fabs(v->d) < v->addends / 2.0 ? v->addends : v->d;
                double allowed = v->d_absolute > 0.0 ? v->d_absolute : ulp_size(scale) * (double)s.info.derivative_ulp;
                allowed = fabs((double)dy[i]) * allowed + ulp_size(want) * 0.5000001;
                if (!(fabs((double)dx[i] - want) <= allowed))
                    fail_msg("%s, %s at x = %a, dy = %a: dx = %.9g, expected %.9g", s.spec, activ_context_tier(context),
                             (double)x[i], (double)dy[i], (double)dx[i], want);
            }
            activ_fn_destroy(fn);
            subject_close(&s);
        }
        activ_context_destroy(context);
    }
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sums), cmocka_unit_test(test_long_sum),      cmocka_unit_test(test_special_gradients),
        cmocka_unit_test(test_pole), cmocka_unit_test(test_no_parameters), cmocka_unit_test(test_dx),
    };
    return cmocka_run_group_tests(tests, begin, end);
}
