/* Functions on float16 and bfloat16, on every tier, at each of the 65536 numbers of the type: against the reference,
 * and bit by bit against float32's calls. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "activ/fn.h"
#include "base/dtype.h"
#include "functions/list.h"
#include "reference/reference.h"
#include "support/tiers.h"
#include "support/ulp.h"

enum { ALL = 65536, SHOWN = 4 };

/* ULP of the type, where the float32 result adds at most 3 of its own. */
static const double BOUND = 0.51;

static const activ_dtype types[] = { ACTIV_FLOAT16, ACTIV_BFLOAT16 };
static const char *const type_names[] = { "float16", "bfloat16" };

static uint16_t x[ALL], dy[ALL], ones[ALL], y[ALL], dx[ALL], unit_dx[ALL];
static float wide_x[ALL], wide_dy[ALL], wide_y[ALL], wide_dx[ALL];
static struct {
    double f, d, addends, f_unit, d_unit;
} want[ALL];

static float value_of(activ_dtype dtype, uint16_t h)
{
    return dtype == ACTIV_FLOAT16 ? activ_float_of_float16(h) : activ_float_of_bfloat16(h);
}

static uint16_t nearest(activ_dtype dtype, float value)
{
    return dtype == ACTIV_FLOAT16 ? activ_float16_of_float(value) : activ_bfloat16_of_float(value);
}

static int is_nan(activ_dtype dtype, uint16_t h)
{
    return (h & 0x7fff) > (dtype == ACTIV_FLOAT16 ? 0x7c00 : 0x7f80);
}

/* ---- against the reference ----------------------------------------------------------------------- */

static double ulp_of(activ_dtype dtype, double v)
{
    const int least = dtype == ACTIV_FLOAT16 ? -14 : -126, digits = dtype == ACTIV_FLOAT16 ? 10 : 7;
    const int exponent = v != 0.0 && ilogb(v) > least ? ilogb(v) : least;
    return ldexp(1.0, exponent - digits);
}

/* The distance from `true_value`, and whether it is too large: an infinity stands for the power of two that would
 * follow the largest number. */
static int is_wrong(activ_dtype dtype, uint16_t got, double true_value, double allowed, double *error)
{
    const double past = dtype == ACTIV_FLOAT16 ? 0x1p16 : 0x1p128;
    double value = (double)value_of(dtype, got);
    *error = 0.0;
    if (isnan(true_value))
        return !is_nan(dtype, got);
    if (isnan(value))
        return 1;
    if (isinf(value))
        value = copysign(past, value);
    if (fabs(true_value) >= past)
        return value != copysign(past, true_value);
    *error = fabs(value - true_value);
    return *error > allowed;
}

static void evaluate(const activ_fn *fn)
{
    static ref_values values;
    ref_function ref;
    assert_int_equal(ref_open(&ref, fn, NULL), 0);
    for (size_t at = 0; at < ALL; at += REF_BLOCK) {
        ref_evaluate(&ref, REF_BLOCK, wide_x + at, &values);
        for (size_t i = 0; i < REF_BLOCK; i++) {
            want[at + i].f = values.f[i];
            want[at + i].d = values.d[i];
            want[at + i].addends = values.addends[i];
            want[at + i].f_unit = ref.entry->series ? values.f_unit[i] : 0.0;
            want[at + i].d_unit = ref.entry->series ? values.d_unit[i] : 0.0;
        }
    }
    ref_close(&ref);
}

typedef struct judged {
    double worst;
    size_t failures;
} judged;

static void judge(judged *j, const char *what, const activ_fn *fn, const char *tier, size_t type, size_t i,
                  uint16_t got, double true_value, double extra)
{
    const activ_dtype dtype = types[type];
    const double unit = ulp_of(dtype, isfinite(true_value) ? true_value : 0.0);
    double error;
    const int wrong = is_wrong(dtype, got, true_value, BOUND * unit + extra, &error);
    if (extra == 0.0 && error / unit > j->worst)
        j->worst = error / unit;
    if (wrong && j->failures++ < SHOWN)
        print_error("%s, %s, %s, %s at %a: got %a, expected %a: %.3f ulp\n", activ_fn_spec(fn), tier, type_names[type],
                    what, (double)wide_x[i], (double)value_of(dtype, got), true_value, error / unit);
}

static size_t check_values(const activ_fn *fn, const char *tier, size_t type)
{
    activ_fn_info info = ACTIV_FN_INFO_INIT;
    judged f = { 0 }, d = { 0 };
    assert_int_equal(activ_fn_info_of(fn, &info), ACTIV_OK);
    for (size_t i = 0; i < ALL; i++) {
        /* A function without a limit at infinity, or whose derivative is not defined, is not judged there: float32's
         * tests do that. */
        if (!isfinite((double)wide_x[i]) && !isnan((double)wide_x[i]))
            continue;
        const double bound = (double)info.forward_ulp, slope = (double)info.derivative_ulp;
        const double extra = want[i].f_unit > 0.0 ? bound * want[i].f_unit : 0.0;
        judge(&f, "f", fn, tier, type, i, y[i], want[i].f, extra);
        const int cancels = want[i].addends > 0.0 && fabs(want[i].d) < want[i].addends / 2.0;
        double slope_extra = cancels ? slope * ulp_size(want[i].addends) : 0.0;
        if (want[i].d_unit > 0.0)
            slope_extra = slope * want[i].d_unit;
        judge(&d, "f'", fn, tier, type, i, unit_dx[i], want[i].d, slope_extra);
    }
    if (f.failures + d.failures > 0)
        print_error("%s, %s, %s: %zu wrong values, %zu wrong derivatives\n", activ_fn_spec(fn), tier, type_names[type],
                    f.failures, d.failures);
    print_message("  %-7s %-9s %-20s f: %.4f ulp, f': %.4f\n", tier, type_names[type], activ_fn_spec(fn), f.worst,
                  d.worst);
    return f.failures + d.failures;
}

/* ---- against float32's calls --------------------------------------------------------------------- */

static size_t compare(const char *what, const activ_fn *fn, const char *tier, size_t type, const uint16_t *got,
                      const float *wide)
{
    const activ_dtype dtype = types[type];
    size_t failures = 0;
    for (size_t i = 0; i < ALL; i++) {
        const uint16_t expected = nearest(dtype, wide[i]);
        if (got[i] == expected || (is_nan(dtype, got[i]) && is_nan(dtype, expected)))
            continue;
        if (failures++ < SHOWN)
            print_error("%s, %s, %s, %s at %a: got %04x, float32's is %a, %04x\n", activ_fn_spec(fn), tier,
                        type_names[type], what, (double)wide_x[i], got[i], (double)wide[i], expected);
    }
    return failures;
}

static size_t check_tier(const activ_fn *fn, const char *tier, size_t type)
{
    const activ_dtype dtype = types[type];
    assert_int_equal(activ_forward_as(fn, NULL, dtype, ALL, x, y), ACTIV_OK);
    assert_int_equal(activ_backward_as(fn, NULL, dtype, ALL, x, ones, unit_dx, NULL), ACTIV_OK);
    assert_int_equal(activ_backward_as(fn, NULL, dtype, ALL, x, dy, dx, NULL), ACTIV_OK);
    assert_int_equal(activ_forward(fn, NULL, ALL, wide_x, wide_y), ACTIV_OK);
    assert_int_equal(activ_backward(fn, NULL, ALL, wide_x, wide_dy, wide_dx, NULL), ACTIV_OK);
    return compare("f", fn, tier, type, y, wide_y) + compare("dy f'", fn, tier, type, dx, wide_dx) +
           check_values(fn, tier, type);
}

static void test_function(void **state)
{
    const char *name = *state;
    size_t failures = 0;
    for (size_t type = 0; type < 2; type++) {
        for (size_t i = 0; i < ALL; i++) {
            x[i] = (uint16_t)i;
            dy[i] = (uint16_t)(i * 40503u + 77u); /* each number once */
            ones[i] = nearest(types[type], 1.0f);
            wide_x[i] = value_of(types[type], x[i]);
            wide_dy[i] = value_of(types[type], dy[i]);
        }
        for (size_t t = 0; t < each_tier_count; t++) {
            activ_fn *fn = NULL;
            assert_int_equal(activ_fn_create(each_tier[t], name, &fn), ACTIV_OK);
            if (t == 0)
                evaluate(fn);
            failures += check_tier(fn, activ_context_tier(each_tier[t]), type);
            activ_fn_destroy(fn);
        }
    }
    assert_int_equal(failures, 0);
}

int main(void)
{
    static const char *const names[] = {
#define NAME(name) #name,
        ACTIV_ELEMENTWISE(NAME)
#undef NAME
    };
    enum { COUNT = sizeof names / sizeof names[0] };
    /* Bounds that the types have, and not; of any sign; that become infinite, and 0. */
    static const char *const more[] = { "hard_tanh(min=-0.3, max=0.7)",     "hard_tanh(min=0.1, max=5)",
                                        "hard_tanh(min=-7, max=-0.001)",    "hard_tanh(min=0, max=1)",
                                        "hard_tanh(min=-2, max=0)",         "hard_tanh(min=-1e30, max=1e30)",
                                        "hard_tanh(min=-1e-30, max=1e-30)", "hard_tanh(min=1e-30, max=1e-5)",
                                        "hard_tanh(min=-65519, max=65519)", "hard_tanh(min=-3e38, max=-1e-40)",
                                        "hard_tanh(min=-0, max=1e-42)",     "hard_tanh(min=1e-42, max=3.3e38)",
                                        "leaky_relu(negative_slope=0.125)", "elu(alpha=2)",
                                        "trainable_elu(alpha=0.5)" };
    enum { MORE = sizeof more / sizeof more[0] };
    static struct CMUnitTest tests[COUNT + MORE];
    for (size_t i = 0; i < COUNT + MORE; i++) {
        const char *spec = i < COUNT ? names[i] : more[i - COUNT];
        tests[i] = (struct CMUnitTest){ spec, test_function, NULL, NULL, (void *)(uintptr_t)spec };
    }
    return cmocka_run_group_tests_name("half", tests, each_tier_begin, each_tier_end);
}
