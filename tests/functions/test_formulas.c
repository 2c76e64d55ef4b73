/* The formulas of the catalog's functions. Each is read and derived, and its values, computed with MPFR, are those of
 * the reference that is written by hand: the text is the function, at kinks and in tails too. Computed in double, it is
 * within the function's bounds of the kernel. And in float32, as the library runs it: derivative(NAME) is the kernel's
 * derivative, and has a derivative and gradients of its own.
 *
 * Infinite x are left out: there the formula may be infinity minus infinity, and the kernels have the limits. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "activ/fn.h"
#include "functions/list.h"
#include "functions/reference.h"
#include "functions/samples.h"
#include "functions/subject.h"
#include "support/nodes.h"
#include "support/tiers.h"
#include "support/ulp.h"
#include "support/worst.h"

static size_t budget = 300; /* inputs beside the landmarks, of each function with each of its settings; --all: all */
static const char *only;    /* one function: what it is off by */

/* What is allowed, in units of the value, or of the sum of its addends' sizes where that may cancel. */
typedef struct tolerance {
    const char *name;
    double text;    /* with MPFR: a formula's constants are doubles, whose errors a tail magnifies |x| times */
    double rounded; /* in double */
    double kernel;  /* in ulp, beside the function's bounds */
    double single;  /* f'' and the gradients of f' in float32, in units of the largest that occurs */
} tolerance;

static const tolerance tolerances[] = {
    { "rrelu", 0x1p-24, 0x1p-24, 0.5, 0x1p-20 }, /* the mean slope is a float32 */
    { "gelu", 0x1p-43, 0x1p-43, 0.01, 0x1p-20 },          { "gelu_tanh", 0x1p-46, 0x1p-43, 0.01, 0x1p-20 },
    { "bspline", 0x1p-50, 0x1p-38, 0.01, 0x1p-15 }, /* (x - lo)/h is rounded */
    { "staf", 0x1p-50, 0x1p-43, 0.01, 0x1p-15 },    /* arguments are rounded */
    { "fourier", 0x1p-50, 0x1p-43, 0.01, 0x1p-15 },       { "enn", 0x1p-50, 0x1p-43, 0.01, 0x1p-13 },
    { "rational_a", 0x1p-50, 0x1p-43, 0.01, 0x1p-12 }, /* f' is nearly constant, and its addends are not */
    { "rational_book", 0x1p-50, 0x1p-43, 0.01, 0x1p-12 }, { NULL, 0x1p-50, 0x1p-43, 0.01, 0x1p-20 },
};

static const tolerance *tolerance_of(const char *name)
{
    const tolerance *t = tolerances;
    while (t->name && strcmp(t->name, name) != 0)
        t++;
    return t;
}

/* ---- inputs ------------------------------------------------------------------------------------------- */

static int is_composed(const char *name)
{
    activ_fn *fn;
    assert_int_equal(activ_fn_create(NULL, name, &fn), ACTIV_OK);
    const size_t count = activ_fn_function_count(fn);
    activ_fn_destroy(fn);
    return count > 0;
}

/* The landmarks with their neighbours, and some of the samples. */
static float *make_inputs(const subject *s, size_t *count)
{
    static float marks[REF_MAX_LANDMARKS];
    const size_t mark_count = ref_landmarks(&s->ref, marks);
    size_t sample_count, n = 0;
    float *samples = samples_create(&s->ref, budget ? 40 : 4, &sample_count);
    assert_non_null(samples);
    float *x = malloc((3 * mark_count + sample_count) * sizeof *x);
    assert_non_null(x);
    for (size_t i = 0; i < mark_count; i++) {
        x[n++] = marks[i];
        x[n++] = nextafterf(marks[i], INFINITY);
        x[n++] = nextafterf(marks[i], -INFINITY);
    }
    const size_t step = budget && sample_count > budget ? sample_count / budget : 1;
    for (size_t i = 0; i < sample_count; i += step)
        x[n++] = samples[i];
    free(samples);
    *count = 0;
    for (size_t i = 0; i < n; i++)
        if (isfinite(x[i]))
            x[(*count)++] = x[i];
    return x;
}

/* Whether x is on the line or on the curve is decided by beta x as a float32. */
static int is_undecided(const subject *s, float x)
{
    if (strcmp(s->info.name, "softplus") != 0)
        return 0;
    const double z = s->ref.args.values[0] * (double)x;
    return fabs(z - s->ref.args.values[1]) <= ldexp(fabs(z), -23);
}

/* pi x/2, which enn's kernel takes of x mod 4, is a rounded product in its formula: what that may change in f, f' and
 * the gradients. */
static void add_rounding_of_pi(const subject *s, float x, double *f, double *d, double *gradient)
{
    if (strcmp(s->info.name, "enn") != 0)
        return;
    for (size_t k = 0; k < s->param_count; k++) {
        const double order = 1.5707963267948966 * (2.0 * (double)k + 1.0), size = fabs((double)s->params[k]) * order;
        gradient[k] = 0x1p-51 * order * fabs((double)x);
        *f += 0x1p-51 * size * fabs((double)x);
        *d += 0x1p-51 * size * order * fabs((double)x);
    }
}

/* ---- errors ------------------------------------------------------------------------------------------- */

/* In double a value far beyond float32 may overflow before it has to. */
static double bounded(double v)
{
    return fabs(v) > 0x1p200 ? copysign(0x1p200, v) : v;
}

static double larger(double a, double b)
{
    return a > b ? a : b;
}

/* ---- the text is the function --------------------------------------------------------------------------- */

typedef struct outcome {
    worst f, d, gradient;     /* MPFR against the reference */
    worst f_double, d_double; /* double against the reference */
    worst f_kernel, d_kernel; /* double against the kernel */
} outcome;

static void check_input(subject *s, nodes *n, float x, float y, float dx, double *values, outcome *o)
{
    const tolerance *t = tolerance_of(s->info.name);
    const reference_value want = *subject_at(s, x);
    const int series = want.f_absolute > 0.0;
    const double d_size = fabs(want.d) < want.addends / 2.0 ? want.addends : fabs(want.d);
    /* of a series, the size of its terms */
    const double f_unit = series ? ldexp(want.f_absolute, 22) : fabs(want.f);
    const double d_unit = series ? ldexp(want.d_absolute, 22) : d_size;
    const double at = (double)x, least = 0x1p-1070;
    double f_more = 0.0, d_more = 0.0, *gradient_more = values + 2 + s->param_count;
    add_rounding_of_pi(s, x, &f_more, &d_more, gradient_more);
    nodes_in_mpfr(n, at, s->params, values);
    judge(&o->f, "f", s->spec, at, values[0], want.f, larger(t->text * f_unit, least) + f_more);
    judge(&o->d, "f'", s->spec, at, values[1], want.d, larger(t->text * d_unit, least) + d_more);
    for (size_t k = 0; k < s->param_count; k++) {
        const double size = series ? ldexp(want.gradient_absolute[k], 22) : fabs(want.gradient[k]);
        judge(&o->gradient, "df/dparameter", s->spec, at, values[2 + k], want.gradient[k],
              larger(t->text * size, least) + gradient_more[k]);
    }
    nodes_in_double(n, at, s->params, values);
    judge(&o->f_double, "f in double", s->spec, at, bounded(values[0]), bounded(want.f),
          larger(t->rounded * f_unit, 0x1p-161) + f_more);
    judge(&o->d_double, "f' in double", s->spec, at, bounded(values[1]), bounded(want.d),
          larger(t->rounded * d_unit, 0x1p-161) + d_more);
    if (series) {
        judge(&o->f_kernel, "the kernel's f", s->spec, at, (double)y, values[0], want.f_absolute + f_more);
        judge(&o->d_kernel, "the kernel's f'", s->spec, at, (double)dx, values[1], want.d_absolute + d_more);
    } else {
        judge(&o->f_kernel, "the kernel's error in ulp of f", s->spec, at, ulp_error(y, values[0]), 0.0,
              (double)s->info.forward_ulp + t->kernel);
        judge(&o->d_kernel, "the kernel's error in ulp of f'", s->spec, at, ulp_error_scaled(dx, values[1], d_size),
              0.0, (double)s->info.derivative_ulp + t->kernel);
    }
}

static void show(const char *what, const worst *w)
{
    if (only)
        print_message("    %-30s %10.4g of what is allowed, at %a (%.9g)\n", what, w->error, w->x, w->x);
}

static size_t check_text(const char *spec)
{
    subject s;
    nodes n;
    outcome o;
    memset(&o, 0, sizeof o);
    subject_open(&s, spec, 7);
    if (nodes_open(&n, s.fn) != 0)
        fail_msg("%s: its formula cannot be read: %s", spec, n.message.text);
    const size_t count = 2 + s.param_count;
    double *values = calloc(count + s.param_count, sizeof *values); /* the rest for check_input */
    assert_non_null(values);

    size_t inputs;
    float *x = make_inputs(&s, &inputs), *y = malloc(inputs * sizeof *y), *dx = malloc(inputs * sizeof *dx);
    assert_true(y != NULL && dx != NULL);
    for (size_t i = 0; i < inputs; i++)
        dx[i] = 1.0f;
    assert_int_equal(activ_forward(s.fn, s.params, inputs, x, y), ACTIV_OK);
    assert_int_equal(activ_backward(s.fn, s.params, inputs, x, dx, dx, NULL), ACTIV_OK);
    for (size_t i = 0; i < inputs; i++)
        if (!is_undecided(&s, x[i]))
            check_input(&s, &n, x[i], y[i], dx[i], values, &o);
    if (only)
        print_message("  %s: %zu inputs\n", spec, inputs);
    show("f", &o.f);
    show("f'", &o.d);
    show("df/dparameters", &o.gradient);
    show("f in double", &o.f_double);
    show("f' in double", &o.d_double);
    show("the kernel's f", &o.f_kernel);
    show("the kernel's f'", &o.d_kernel);
    const worst *all[] = { &o.f, &o.d, &o.gradient, &o.f_double, &o.d_double, &o.f_kernel, &o.d_kernel };
    size_t failures = 0;
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++)
        failures += all[i]->failures;
    free(x);
    free(y);
    free(dx);
    free(values);
    nodes_close(&n);
    subject_close(&s);
    return failures;
}

static void test_text(void **state)
{
    const char *name = ((const reference *)*state)->name;
    const ref_entry *entry = ref_find(name);
    if (entry == NULL)
        fail_msg("%s: no entry in src/reference", name);
    if (is_composed(name))
        return; /* its formula are words */
    size_t failures = 0;
    for (size_t k = 0; ref_spec(entry, k) != NULL; k++)
        failures += check_text(ref_spec(entry, k));
    assert_int_equal(failures, 0);
}

/* ---- in float32 ----------------------------------------------------------------------------------------- */

/* NULL: two long polynomials, whose derivatives by coefficients take more room than there is (kernels/program.h). */
static activ_fn *derivative_of(const activ_context *context, const char *spec)
{
    char text[256];
    activ_fn *fn;
    activ_message message;
    snprintf(text, sizeof text, "derivative(%s)", spec);
    const activ_status status = activ_fn_create_ex(context, text, &fn, &message);
    if (status == ACTIV_ERROR_RANGE && strncmp(spec, "rational_", 9) == 0 && strchr(spec, '('))
        return NULL;
    if (status != ACTIV_OK)
        fail_msg("%s: %s", text, message.text);
    return fn;
}

/* derivative(NAME) is f', bit by bit, of infinities and NaN too. */
static void check_bits(const activ_context *context, subject *s, size_t n, const float *x, float *y, float *dx)
{
    activ_fn *fn, *derivative = derivative_of(context, s->spec);
    if (!derivative)
        return;
    assert_int_equal(activ_fn_create(context, s->spec, &fn), ACTIV_OK);
    assert_int_equal(activ_fn_param_count(derivative), s->param_count);
    for (size_t i = 0; i < n; i++)
        dx[i] = 1.0f;
    assert_int_equal(activ_forward(derivative, s->params, n, x, y), ACTIV_OK);
    assert_int_equal(activ_backward(fn, s->params, n, x, dx, dx, NULL), ACTIV_OK);
    for (size_t i = 0; i < n; i++)
        if (isnan(dx[i]) ? !isnan(y[i]) : float_bits(y[i]) != float_bits(dx[i]))
            fail_msg("derivative(%s), %s, at %a: %a, where backward gives %a", s->spec, activ_context_tier(context),
                     (double)x[i], (double)y[i], (double)dx[i]);
    activ_fn_destroy(fn);
    activ_fn_destroy(derivative);
}

static void test_bits(void **state)
{
    (void)state;
    for (size_t k = 0; k < reference_count; k++) {
        const ref_entry *entry = ref_find(references[k].name);
        assert_non_null(entry);
        for (size_t i = 0; !is_composed(entry->name) && ref_spec(entry, i) != NULL; i++) {
            subject s;
            subject_open(&s, ref_spec(entry, i), 7);
            size_t count, step = 1;
            float *x = samples_create(&s.ref, budget ? 40 : 4, &count), *room = malloc(2 * count * sizeof *room);
            assert_true(x != NULL && room != NULL);
            for (; budget && count / step > 4 * budget; step++)
                ;
            const size_t special = 6; /* at the end */
            for (size_t j = 0; (j + 1) * step < count - special; j++)
                x[j] = x[j * step];
            const size_t n = (count - special) / step;
            memmove(x + n, x + count - special, special * sizeof *x);
            for (size_t t = 0; t < each_tier_count; t++)
                check_bits(each_tier[t], &s, n + special, x, room, room + count);
            free(x);
            free(room);
            subject_close(&s);
        }
    }
}

/* f'' and the gradients of f', of which entry 0 is f''. */
typedef struct second {
    subject s;
    nodes n;
    activ_fn *derivative;
    size_t count; /* 1, and the parameters */
    double unit, step;
    double *exact, *difference, *moved;
    float *single;
    double *largest; /* of each, over all x */
} second;

enum { POINTS = 121 };

/* In units of the function's own scale, off the round numbers. */
static float point(const second *c, size_t i)
{
    return (float)(c->unit * (((double)i - POINTS / 2) * 0.1873 + 0.0137));
}

/* Is there a kink, or an end of a tail, within the steps of a difference? */
static int is_smooth(const second *c, double x)
{
    static float marks[REF_MAX_LANDMARKS];
    const size_t count = ref_landmarks(&c->s.ref, marks);
    for (size_t i = 0; i < count; i++)
        if (fabs((double)marks[i] - x) <= 2.5 * c->step)
            return 0;
    if (strcmp(c->s.info.name, "bspline") == 0) {
        const double knots = (x - c->s.ref.args.values[1]) / c->s.ref.args.values[2];
        return fabs(knots - nearbyint(knots)) > 2.5 * c->step / c->s.ref.args.values[2];
    }
    return 1;
}

/* The derivative of f' by the parameter k - 1, or by x, from its values on both sides. */
static double difference_of(second *c, double x, size_t k)
{
    double v[4], by = larger(fmin(c->step, ldexp(fabs(x), -11)), 0x1p-12 * c->step);
    const double steps[] = { -2.0, -1.0, 1.0, 2.0 };
    for (size_t i = 0; i < c->s.param_count; i++)
        c->moved[i] = (double)c->s.params[i];
    const double p = k > 0 ? c->moved[k - 1] : 0.0;
    if (k > 0)
        by = p == 0.0 ? 0x1p-14 : ldexp(fabs(p), -13);
    for (size_t i = 0; i < 4; i++) {
        if (k > 0)
            c->moved[k - 1] = p + steps[i] * by;
        if (c->s.param_count > 0)
            ref_set_params(&c->s.ref, c->moved, 0);
        v[i] = ref_at(&c->s.ref, k > 0 ? x : x + steps[i] * by).d;
    }
    return (8.0 * (v[2] - v[1]) - (v[3] - v[0])) / (12.0 * by);
}

static void single_of(second *c, float x)
{
    const float one = 1.0f;
    for (size_t k = 1; k < c->count; k++)
        c->single[k] = 0.0f;
    assert_int_equal(activ_backward(c->derivative, c->s.params, 1, &x, &one, &c->single[0],
                                    c->s.param_count > 0 ? c->single + 1 : NULL),
                     ACTIV_OK);
}

/* Settings with which products of derivatives overflow or vanish in float32. */
static int is_extreme(const subject *s)
{
    for (size_t i = 0; i < activ_fn_setting_count(s->fn); i++) {
        const double value = fabs(s->ref.args.values[i]);
        if (value != 0.0 && (value < 1e-6 || value > 100.0))
            return 1;
    }
    return 0;
}

static size_t check_second(const char *spec)
{
    second c;
    memset(&c, 0, sizeof c);
    c.derivative = derivative_of(NULL, spec);
    if (!c.derivative)
        return 0;
    subject_open(&c.s, spec, 7);
    if (nodes_open(&c.n, c.derivative) != 0)
        fail_msg("%s: no second derivative: %s", spec, c.n.message.text);
    c.count = 1 + c.s.param_count;
    c.unit = c.s.ref.entry->unit ? fabs(c.s.ref.entry->unit(&c.s.ref.args)) : 1.0;
    c.step = ldexp(c.unit, -12);
    double *values = calloc(1 + 4 * c.count, sizeof *values), *room = values ? values + 1 : NULL;
    c.single = calloc(c.count, sizeof *c.single);
    assert_true(room != NULL && c.single != NULL);
    c.exact = room; /* behind f' */
    c.difference = room + c.count;
    c.moved = room + 2 * c.count;
    c.largest = room + 3 * c.count;
    for (size_t i = 0; i < POINTS; i++) {
        if (!isfinite(point(&c, i)))
            continue;
        nodes_in_mpfr(&c.n, (double)point(&c, i), c.s.params, values);
        for (size_t k = 0; k < c.count; k++)
            c.largest[k] = larger(c.largest[k], fabs(c.exact[k]));
    }
    worst by_difference = { 0 }, in_single = { 0 };
    for (size_t i = 0; i < POINTS; i++) {
        const float x = point(&c, i);
        if (!isfinite(x))
            continue;
        nodes_in_mpfr(&c.n, (double)x, c.s.params, values);
        single_of(&c, x);
        const int smooth = is_smooth(&c, (double)x);
        for (size_t k = 0; k < c.count; k++) {
            if (!is_extreme(&c.s))
                judge(&in_single, k == 0 ? "f'' in float32" : "gradient of f' in float32", spec, (double)x,
                      (double)c.single[k], c.exact[k],
                      larger(tolerance_of(c.s.info.name)->single * c.largest[k], 0x1p-149));
            if (smooth)
                judge(&by_difference, k == 0 ? "f''" : "gradient of f'", spec, (double)x, c.exact[k],
                      difference_of(&c, (double)x, k), larger(1e-6 * c.largest[k], 0x1p-149));
        }
    }
    if (only)
        print_message("  %s\n", spec);
    show("f'' and gradients of f'", &by_difference);
    show("in float32", &in_single);
    free(values);
    free(c.single);
    activ_fn_destroy(c.derivative);
    nodes_close(&c.n);
    subject_close(&c.s);
    return by_difference.failures + in_single.failures;
}

static void test_second(void **state)
{
    (void)state;
    size_t failures = 0;
    for (size_t k = 0; k < reference_count; k++) {
        const ref_entry *entry = ref_find(references[k].name);
        assert_non_null(entry);
        for (size_t i = 0; !is_composed(entry->name) && ref_spec(entry, i) != NULL; i++)
            if (!only || strcmp(only, entry->name) == 0)
                failures += check_second(ref_spec(entry, i));
    }
    assert_int_equal(failures, 0);
}

/* ---- settings that are expressions ------------------------------------------------------------------------ */

enum { SETTINGS = 8 };

/* A formula that is the function, its settings being parameters; and the function with one setting moved. */
typedef struct with_settings {
    activ_fn_info info;
    size_t count;
    const char *names[SETTINGS];
    double values[SETTINGS]; /* multiples of 1/8 */
} with_settings;

static activ_fn *as_formula(const with_settings *w)
{
    char text[512], declared[256] = "";
    activ_fn *fn;
    activ_message message;
    size_t at = (size_t)snprintf(text, sizeof text, "%s(x", w->info.name), end = 0;
    for (size_t i = 0; i < w->count; i++) {
        at += (size_t)snprintf(text + at, sizeof text - at, ", %s=p%zu", w->names[i], i);
        end += (size_t)snprintf(declared + end, sizeof declared - end, "%s p%zu=%.17g", i ? "," : ";", i, w->values[i]);
    }
    snprintf(text + at, sizeof text - at, ")%s", declared);
    if (activ_fn_create_ex(NULL, text, &fn, &message) != ACTIV_OK)
        fail_msg("%s: %s", text, message.text);
    return fn;
}

static activ_fn *moved(const with_settings *w, size_t which, double by)
{
    char text[256];
    activ_fn *fn;
    size_t at = (size_t)snprintf(text, sizeof text, "%s", w->info.name);
    for (size_t i = 0; i < w->count; i++)
        at += (size_t)snprintf(text + at, sizeof text - at, "%s%s=%.17g", i ? "," : "(", w->names[i],
                               w->values[i] + (i == which ? by : 0.0));
    snprintf(text + at, sizeof text - at, "%s", w->count ? ")" : "");
    if (activ_fn_create(NULL, text, &fn) != ACTIV_OK)
        fail_msg("%s is refused", text);
    return fn;
}

/* Its values there, in double. */
static void values_of(activ_fn *fn, size_t n, const float *x, double *f, double *d)
{
    ref_function ref;
    assert_int_equal(ref_open(&ref, fn, NULL), 0);
    for (size_t i = 0; i < n; i++) {
        const ref_value value = ref_at(&ref, (double)x[i]);
        f[i] = value.f;
        d[i] = value.d;
    }
    ref_close(&ref);
    activ_fn_destroy(fn);
}

static void check_largest(const char *name, const char *what, size_t n, const float *x, const float *got,
                          const double *want, double allowed)
{
    double size = 0.0;
    for (size_t i = 0; i < n; i++)
        size = larger(size, fabs(want[i]));
    for (size_t i = 0; i < n; i++)
        if (!(fabs((double)got[i] - want[i]) <= allowed * size))
            fail_msg("%s as a formula, %s at %.9g: %.9g, expected %.9g", name, what, (double)x[i], (double)got[i],
                     want[i]);
}

static void check_settings(const with_settings *w)
{
    float x[POINTS], y[POINTS], dx[POINTS], gradients[POINTS];
    double f[POINTS], d[POINTS], above[POINTS], below[POINTS];
    size_t n = 0;
    const double by = 0x1p-7;
    for (size_t i = 0; i < POINTS; i++) {
        const double v = ((double)i - POINTS / 2) * 0.0873 + 0.0137;
        int is_near = fabs(v) < 0.05;
        for (size_t k = 0; k < w->count; k++)
            is_near |= fabs(v - w->values[k]) < 2.0 * by || fabs(v * w->values[0] - w->values[k]) < 16.0 * by;
        if (!is_near)
            x[n++] = (float)v;
    }
    assert_true(n > POINTS / 2);
    activ_fn *fn = as_formula(w);
    assert_int_equal(activ_fn_param_count(fn), w->count);
    for (size_t i = 0; i < n; i++)
        dx[i] = 1.0f;
    assert_int_equal(activ_forward(fn, NULL, n, x, y), ACTIV_OK);
    assert_int_equal(activ_backward(fn, NULL, n, x, dx, dx, NULL), ACTIV_OK);
    values_of(moved(w, w->count, 0.0), n, x, f, d);
    check_largest(w->info.name, "f", n, x, y, f, 0x1p-20);
    check_largest(w->info.name, "f'", n, x, dx, d, 0x1p-20);
    for (size_t k = 0; k < w->count; k++) {
        for (size_t i = 0; i < n; i++) {
            const float one = 1.0f;
            float sums[SETTINGS] = { 0.0f };
            assert_int_equal(activ_backward(fn, NULL, 1, &x[i], &one, NULL, sums), ACTIV_OK);
            gradients[i] = sums[k];
        }
        values_of(moved(w, k, by), n, x, above, d);
        values_of(moved(w, k, -by), n, x, below, d);
        for (size_t i = 0; i < n; i++)
            above[i] = (above[i] - below[i]) / (2.0 * by);
        check_largest(w->info.name, w->names[k], n, x, gradients, above, 1e-3);
    }
    activ_fn_destroy(fn);
}

/* Of each function whose parameters are no vectors, all settings at once: trained by a kernel or not. */
static void test_settings(void **state)
{
    (void)state;
    size_t count = 0;
    for (size_t i = 0; i < reference_count; i++) {
        with_settings w = { .info = { .size = sizeof w.info } };
        activ_fn *fn;
        assert_int_equal(activ_fn_create(NULL, references[i].name, &fn), ACTIV_OK);
        assert_int_equal(activ_fn_info_of(fn, &w.info), ACTIV_OK);
        size_t scalars = 0;
        for (size_t k = 0; k < activ_fn_setting_count(fn); k++) {
            activ_setting_info s = { .size = sizeof s };
            assert_int_equal(activ_fn_setting_info(fn, k, &s), ACTIV_OK);
            scalars += s.trainable != 0;
            if (s.kind != ACTIV_SETTING_REAL)
                continue;
            w.names[w.count] = s.name;
            w.values[w.count++] = nearbyint(8.0 * s.initial) / 8.0 + 0.5;
        }
        const int is_vector = activ_fn_param_count(fn) > scalars;
        activ_fn_destroy(fn);
        if (w.count == 0 || is_vector)
            continue;
        count++;
        check_settings(&w);
    }
    assert_true(count > 10);
}

/* ---- what is not the catalog's ------------------------------------------------------------------------------ */

/* The coefficients of such functions begin with values that depend on the settings. */
static void test_settings_of_vectors(void **state)
{
    (void)state;
    const char *const texts[] = { "fourier(x, omega=w); w=1", "bspline(x, h=0.1 + x^2)", "staf(x, omega0=w); w=30" };
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        activ_fn *fn;
        activ_message message;
        assert_int_equal(activ_fn_create_ex(NULL, texts[i], &fn, &message), ACTIV_ERROR_INVALID);
        assert_non_null(strstr(message.text, "has to be a constant"));
    }
}

/* x^0 is 1, and its derivative 0, at 0 too. */
static void test_power_of_zero(void **state)
{
    (void)state;
    const float x[] = { 0.0f, 2.0f }, one[] = { 1.0f, 1.0f };
    float dx[2];
    activ_fn *fn;
    assert_int_equal(activ_fn_create(NULL, "x^b; b=0", &fn), ACTIV_OK);
    assert_int_equal(activ_backward(fn, NULL, 2, x, one, dx, NULL), ACTIV_OK);
    assert_true(dx[0] == 0.0f && dx[1] == 0.0f);
    activ_fn_destroy(fn);
}

/* Sums of many terms, each with parameters of its own: their gradients share most of each term. */
static void test_many_terms(void **state)
{
    (void)state;
    const char *const texts[] = {
        "sum(i, 1, 60, a[i]*exp(-(x - b[i])^2)*sin(w[i]*x)); a[60]=1, b[60]=0.5, w[60]=2",
        "sum(i, 1, 60, a[61 - i]*tanh(w[61 - i]*x + b[i])); a[60]=1, b[60]=0.5, w[60]=0.25",
    };
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        const float x = 0.75f, one = 1.0f;
        float y, dparams[180] = { 0.0f };
        activ_fn *fn;
        activ_message message;
        if (activ_fn_create_ex(NULL, texts[i], &fn, &message) != ACTIV_OK)
            fail_msg("%s", message.text);
        assert_int_equal(activ_fn_param_count(fn), 180);
        assert_int_equal(activ_forward(fn, NULL, 1, &x, &y), ACTIV_OK);
        assert_int_equal(activ_backward(fn, NULL, 1, &x, &one, NULL, dparams), ACTIV_OK);
        double sum = 0.0; /* f is linear in a, whose elements are 1 */
        for (size_t k = 0; k < 60; k++)
            sum += (double)dparams[k];
        assert_true(fabs(sum - (double)y) <= 1e-5 * fabs((double)y));
        activ_fn_destroy(fn);
    }
}

static int begin(void **state)
{
    reference_begin();
    return each_tier_begin(state);
}

static int end(void **state)
{
    reference_end();
    return each_tier_end(state);
}

#define TEXT_TEST(name) { "formula of " #name, test_text, NULL, NULL, NULL },

int main(int argc, char **argv)
{
    if (argc == 2 && strcmp(argv[1], "--all") == 0)
        budget = 0;
    else if (argc == 3 && strcmp(argv[1], "--only") == 0)
        only = argv[2];
    else if (argc > 1)
        return 2;
    struct CMUnitTest tests[] = {
        ACTIV_ELEMENTWISE(TEXT_TEST) cmocka_unit_test(test_second),
        cmocka_unit_test(test_bits),
        cmocka_unit_test(test_settings),
        cmocka_unit_test(test_settings_of_vectors),
        cmocka_unit_test(test_power_of_zero),
        cmocka_unit_test(test_many_terms),
    };
    for (size_t i = 0; i < reference_count; i++)
        tests[i].initial_state = (void *)(uintptr_t)&references[i];
    if (only)
        for (size_t i = 0; i < reference_count; i++)
            if (strcmp(references[i].name, only) == 0) {
                struct CMUnitTest one[] = { tests[i], tests[reference_count] };
                return cmocka_run_group_tests(one, begin, end);
            }
    return cmocka_run_group_tests(tests, begin, end);
}
