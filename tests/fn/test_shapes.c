/* Functions on arrays of other shapes: parameters per channel, matrices with gaps between their rows, gated functions;
 * which calls are refused, and with what words. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "activ/cpu.h"
#include "activ/fn.h"
#include "activ/random.h"
#include "functions/reference.h"
#include "support/tiers.h"
#include "support/ulp.h"

static activ_fn *create(const activ_context *context, const char *spec)
{
    activ_fn *fn = NULL;
    activ_message message = { "" };
    if (activ_fn_create_ex(context, spec, &fn, &message) != ACTIV_OK)
        fail_msg("%s: %s", spec, message.text);
    return fn;
}

static void normal(uint64_t stream, size_t n, float deviation, float *x)
{
    assert_int_equal(activ_random_normal(31, stream, 0, n, 0.0f, deviation, x), ACTIV_OK);
}

/* All bits, but any NaN is as good as another. */
static int same(const float *a, const float *b, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (float_bits(a[i]) != float_bits(b[i]) && !(isnan(a[i]) && isnan(b[i])))
            return 0;
    return 1;
}

/* Numbers that are there before and have to be there afterwards. */
enum { FILL = 0x4b1dface };

static void fill(float *x, size_t n)
{
    for (size_t i = 0; i < n; i++)
        x[i] = float_from_bits(FILL);
}

/* ---- parameters per channel ------------------------------------------------------------------------ */

/* Every channel gives the bits that a function of its own parameters gives. */
static void check_channels(const activ_context *context, const char *name, size_t outer, size_t channels, size_t inner)
{
    char spec[80];
    snprintf(spec, sizeof spec, "%s(num_parameters=%zu)", name, channels);
    activ_fn *all = create(context, spec), *one = create(context, name);
    const size_t n = outer * channels * inner, each = activ_fn_param_count(one);
    assert_int_equal(activ_fn_channels(all), channels);
    assert_int_equal(activ_fn_param_count(all), each * channels);
    float *x = malloc(n * 7 * sizeof *x), *dy = x + n, *y = dy + n, *dx = y + n, *column = dx + n,
          *column_dy = column + n, *out = column_dy + n;
    float *params = malloc(each * channels * 2 * sizeof *params), *dparams = params + each * channels;
    assert_true(x != NULL && params != NULL);
    normal(1, n, 2.0f, x);
    normal(2, n, 1.0f, dy);
    x[n / 2] = NAN;
    x[n - 1] = -INFINITY;
    assert_int_equal(activ_fn_param_init(all, 0, params), ACTIV_OK);
    /* The first channel keeps what the spec says (alpha 1 is another formula than alpha 1.01). */
    for (size_t i = 1; i < each * channels; i++)
        params[i] *= 1.0f + 0.125f * (float)(i % 5);
    for (size_t i = 0; i < each * channels; i++)
        dparams[i] = (float)i;
    assert_int_equal(activ_forward_channels(all, params, outer, channels, inner, x, y), ACTIV_OK);
    assert_int_equal(activ_backward_channels(all, params, outer, channels, inner, x, dy, dx, dparams), ACTIV_OK);
    for (size_t c = 0; c < channels; c++) {
        float own[8], sums[8];
        const size_t count = outer * inner;
        for (size_t j = 0; j < each; j++) {
            own[j] = params[j * channels + c];
            sums[j] = (float)(j * channels + c);
        }
        for (size_t i = 0; i < count; i++) {
            size_t at = (i / inner * channels + c) * inner + i % inner;
            column[i] = x[at];
            column_dy[i] = dy[at];
        }
        assert_int_equal(activ_forward(one, own, count, column, out), ACTIV_OK);
        for (size_t i = 0; i < count; i++)
            if (!same(&out[i], &y[(i / inner * channels + c) * inner + i % inner], 1))
                fail_msg("%s, %zu x %zu x %zu, channel %zu: f(%a) is %a, alone %a", spec, outer, channels, inner, c,
                         (double)column[i], (double)y[(i / inner * channels + c) * inner + i % inner], (double)out[i]);
        assert_int_equal(activ_backward(one, own, count, column, column_dy, out, sums), ACTIV_OK);
        for (size_t i = 0; i < count; i++)
            if (!same(&out[i], &dx[(i / inner * channels + c) * inner + i % inner], 1))
                fail_msg("%s, channel %zu: f'(%a) differs", spec, c, (double)column[i]);
        for (size_t j = 0; j < each; j++)
            if (!same(&sums[j], &dparams[j * channels + c], 1))
                fail_msg("%s, %zu x %zu x %zu, channel %zu: gradient %g, alone %g", spec, outer, channels, inner, c,
                         (double)dparams[j * channels + c], (double)sums[j]);
    }
    /* In place. */
    assert_int_equal(activ_backward_channels(all, params, outer, channels, inner, x, dy, dy, NULL), ACTIV_OK);
    assert_true(same(dy, dx, n));
    assert_int_equal(activ_forward_channels(all, params, outer, channels, inner, x, x), ACTIV_OK);
    assert_true(same(x, y, n));
    free(x);
    free(params);
    activ_fn_destroy(all);
    activ_fn_destroy(one);
}

/* Every function of the catalog with trainable scalars. */
static void test_channels(void **state)
{
    (void)state;
    static const size_t shapes[][3] = { { 1, 2, 1 },  { 7, 5, 1 },    { 130, 33, 1 }, { 3, 4, 2 },   { 5, 7, 31 },
                                        { 2, 3, 32 }, { 3, 2, 1000 }, { 1, 300, 5 },  { 5000, 2, 1 } };
    size_t functions = 0;
    for (size_t t = 0; t < tier_count(); t++) {
        activ_context *context = tier_context(t);
        if (!context)
            continue;
        activ_fn_info info = ACTIV_FN_INFO_INIT;
        for (size_t i = 0; activ_fn_catalog(i, &info) == ACTIV_OK; i++) {
            if (info.shape != ACTIV_SHAPE_ELEMENTWISE || !info.trainable || !strstr(info.signature, "num_parameters"))
                continue;
            functions++;
            for (size_t s = 0; s < sizeof shapes / sizeof shapes[0]; s++)
                check_channels(context, info.name, shapes[s][0], shapes[s][1], shapes[s][2]);
        }
        activ_context_destroy(context);
    }
    assert_true(functions >= 2);
}

/* A function whose parameters all elements share takes any shape. */
static void test_channels_of_others(void **state)
{
    (void)state;
    float x[24], y[24], z[24];
    normal(3, 24, 1.0f, x);
    static const char *const specs[] = { "gelu", "prelu", "staf(tau=3)" };
    for (size_t s = 0; s < 3; s++) {
        activ_fn *fn = create(NULL, specs[s]);
        assert_int_equal(activ_forward(fn, NULL, 24, x, y), ACTIV_OK);
        assert_int_equal(activ_forward_channels(fn, NULL, 2, 3, 4, x, z), ACTIV_OK);
        assert_true(same(y, z, 24));
        assert_int_equal(activ_forward_channels(fn, NULL, 0, 3, 4, NULL, NULL), ACTIV_OK);
        assert_int_equal(activ_forward_channels(fn, NULL, SIZE_MAX, 3, 4, x, z), ACTIV_ERROR_RANGE);
        activ_fn_destroy(fn);
    }
}

/* ---- rows of elementwise functions -------------------------------------------------------------------- */

enum { ROWS = 9, COLUMNS = 21, X_STRIDE = 25, Y_STRIDE = 30, DY_STRIDE = 21, DX_STRIDE = 23, MOST = ROWS * Y_STRIDE };

static void test_rows(void **state)
{
    (void)state;
    static const char *const specs[] = { "relu",          "gelu",        "elu(alpha=0.5)", "prelu",
                                         "trainable_elu", "staf(tau=5)", "rrelu" };
    float x[MOST], y[MOST], dy[MOST], dx[MOST], flat[MOST], flat_dy[MOST], want[MOST], sums[64], want_sums[64];
    normal(4, MOST, 2.0f, x);
    normal(5, MOST, 1.0f, dy);
    for (size_t r = 0; r < ROWS; r++) {
        memcpy(flat + r * COLUMNS, x + r * X_STRIDE, COLUMNS * sizeof *x);
        memcpy(flat_dy + r * COLUMNS, dy + r * DY_STRIDE, COLUMNS * sizeof *x);
    }
    for (size_t s = 0; s < sizeof specs / sizeof specs[0]; s++) {
        activ_fn *fn = create(NULL, specs[s]);
        fill(y, MOST);
        fill(dx, MOST);
        memset(sums, 0, sizeof sums);
        memset(want_sums, 0, sizeof want_sums);
        assert_int_equal(activ_forward_rows(fn, NULL, ROWS, COLUMNS, x, X_STRIDE, y, Y_STRIDE), ACTIV_OK);
        assert_int_equal(activ_forward(fn, NULL, ROWS * COLUMNS, flat, want), ACTIV_OK);
        for (size_t i = 0; i < MOST; i++) {
            size_t row = i / Y_STRIDE, column = i % Y_STRIDE;
            if (column < COLUMNS ? !same(&y[i], &want[row * COLUMNS + column], 1) : float_bits(y[i]) != FILL)
                fail_msg("%s: row %zu, column %zu", specs[s], row, column);
        }
        assert_int_equal(activ_backward_rows(fn, NULL, ROWS, COLUMNS, x, X_STRIDE, dy, DY_STRIDE, dx, DX_STRIDE, sums),
                         ACTIV_OK);
        assert_int_equal(activ_backward(fn, NULL, ROWS * COLUMNS, flat, flat_dy, want, want_sums), ACTIV_OK);
        for (size_t r = 0; r < ROWS; r++) {
            assert_true(same(dx + r * DX_STRIDE, want + r * COLUMNS, COLUMNS));
            for (size_t c = COLUMNS; c < DX_STRIDE && r + 1 < ROWS; c++)
                assert_int_equal(float_bits(dx[r * DX_STRIDE + c]), FILL);
        }
        assert_true(same(sums, want_sums, 64));
        /* In place, and between each other's rows. */
        float both[MOST];
        memcpy(both, x, sizeof both);
        assert_int_equal(activ_forward_rows(fn, NULL, ROWS, 10, both, X_STRIDE, both, X_STRIDE), ACTIV_OK);
        assert_int_equal(activ_forward_rows(fn, NULL, ROWS, 10, both, X_STRIDE, both + 12, X_STRIDE), ACTIV_OK);
        for (size_t r = 0; r < ROWS; r++)
            assert_int_equal(activ_forward(fn, NULL, 10, both + r * X_STRIDE, want), ACTIV_OK);
        assert_true(same(both + (ROWS - 1) * X_STRIDE + 12, want, 10));
        activ_fn_destroy(fn);
    }
}

/* ---- gated functions ------------------------------------------------------------------------------------- */

/* The error of a gated result, in ulp of the larger of it and (where f' cancels) its addends. */
static double scaled_error(float got, double want, double size)
{
    return fabs(want) < size / 2.0 ? ulp_error_scaled(got, want, size) : ulp_error(got, want);
}

/* Of every elementwise function that is no series: against MPFR, at inputs of many sizes. */
static void check_gated(const activ_context *context, const reference *r, double *worst)
{
    enum { N = 700 };
    float value[N], gate[N], dy[N], y[N], dvalue[N], dgate[N], params[8] = { 0 };
    char spec[80];
    snprintf(spec, sizeof spec, "gated(%s)", r->name);
    activ_fn *fn = create(context, spec);
    const activ_fn *act = activ_fn_function(fn, 0);
    assert_string_equal(activ_fn_spec(fn), strcmp(r->name, "sigmoid") == 0 ? "gated" : spec);
    assert_true(activ_fn_param_count(fn) <= 8);
    activ_fn_param_init(fn, 0, params);
    double settings[8], trainable[8], room[32];
    for (size_t i = 0; i < activ_fn_setting_count(act); i++) {
        activ_setting_info setting = ACTIV_SETTING_INFO_INIT;
        assert_int_equal(activ_fn_setting_info(act, i, &setting), ACTIV_OK);
        settings[i] = (double)(float)setting.value;
    }
    for (size_t i = 0; i < 8; i++)
        trainable[i] = (double)params[i];
    const ref_args args = { .values = settings, .params = trainable, .param_count = activ_fn_param_count(fn) };
    normal(6, N, 1.0f, value);
    normal(7, N, 3.0f, gate);
    normal(8, N, 1.0f, dy);
    for (size_t i = 0; i < N; i += 13)
        gate[i] *= 9.0f;
    for (size_t i = 5; i < N; i += 17)
        value[i] = ldexpf(value[i], 120 - (int)i % 240);
    for (size_t i = 7; i < N; i += 19)
        dy[i] = ldexpf(dy[i], (int)(i * 7) % 200 - 100);
    assert_int_equal(activ_forward_gated(fn, NULL, 1, N, value, N, gate, N, y, N), ACTIV_OK);
    assert_int_equal(activ_backward_gated(fn, NULL, 1, N, value, N, gate, N, dy, N, dvalue, N, dgate, N, NULL),
                     ACTIV_OK);
    for (size_t i = 0; i < N; i++) {
        reference_value v = { .gradient = room, .gradient_absolute = room + 16 };
        r->evaluate(&args, gate[i], &v);
        const double weight = (double)dy[i] * (double)value[i];
        /* Where act or its slope is a subnormal number, its own rounding is multiplied. */
        if ((v.f != 0.0 && fabs(v.f) < 0x1p-126) || (v.d != 0.0 && fabs(v.d) < 0x1p-126))
            continue;
        const double errors[3] = {
            ulp_error(y[i], (double)value[i] * v.f),
            ulp_error(dvalue[i], (double)dy[i] * v.f),
            scaled_error(dgate[i], weight * v.d, fabs(weight) * v.addends),
        };
        for (int k = 0; k < 3; k++) {
            worst[k] = errors[k] > worst[k] ? errors[k] : worst[k];
            if (!(errors[k] <= (k < 2 ? 3.0 : 4.0)))
                fail_msg("%s on %s, %s at value %a, gate %a, dy %a: %.3f ulp", spec, activ_context_tier(context),
                         k == 0   ? "y"
                         : k == 1 ? "dvalue"
                                  : "dgate",
                         (double)value[i], (double)gate[i], (double)dy[i], errors[k]);
        }
    }
    activ_fn_destroy(fn);
}

static void test_gated(void **state)
{
    (void)state;
    double worst[3] = { 0 };
    reference_begin();
    for (size_t t = 0; t < tier_count(); t++) {
        activ_context *context = tier_context(t);
        if (!context)
            continue;
        for (size_t k = 0; k < reference_count; k++)
            if (!ref_find(references[k].name)->series)
                check_gated(context, &references[k], worst);
        activ_context_destroy(context);
    }
    reference_end();
    print_message("  y %.3f, dvalue %.3f, dgate %.3f ulp\n", worst[0], worst[1], worst[2]);
}

/* The formula of a name says which function its gate has: "value silu(gate)". */
static void check_formula(const activ_fn *fn, const activ_fn *act)
{
    activ_fn_info info = ACTIV_FN_INFO_INIT, inner = ACTIV_FN_INFO_INIT;
    char formula[100];
    assert_int_equal(activ_fn_info_of(fn, &info), ACTIV_OK);
    assert_int_equal(activ_fn_info_of(act, &inner), ACTIV_OK);
    snprintf(formula, sizeof formula, "value %s(gate)", inner.name);
    if (strcmp(info.name, "gated") != 0 && strcmp(inner.name, "identity") != 0)
        assert_string_equal(info.formula, formula);
}

/* The names are what they stand for, on all tiers; halves of one matrix, in place, and with parameters. */
static void test_gated_places(void **state)
{
    (void)state;
    static const char *const names[] = { "glu",
                                         "reglu",
                                         "geglu",
                                         "geglu_tanh",
                                         "swiglu",
                                         "bilinear",
                                         "gated(prelu(weight=0.75))",
                                         "gated(staf(tau=7))",
                                         "gated(swish(beta=1.7889))" };
    enum { GATES = 9, C = 37, LINE = 2 * C + 3, N = ROWS * LINE };
    float m[N], dy[ROWS * C], y[ROWS * C], back[N], act[C], want[C], split[ROWS * C];
    normal(9, N, 2.0f, m);
    normal(10, ROWS * C, 1.0f, dy);
    float first_y[GATES][ROWS * C], first_back[GATES][N], first_sums[GATES][32];
    size_t tiers = 0;
    for (size_t t = 0; t < tier_count(); t++) {
        activ_context *context = tier_context(t);
        if (!context)
            continue;
        for (size_t k = 0; k < GATES; k++) {
            activ_fn *fn = create(context, names[k]), *inner = create(context, activ_fn_spec(activ_fn_function(fn, 0)));
            check_formula(fn, inner);
            float sums[32] = { 0 };
            fill(back, N);
            assert_int_equal(activ_forward_gated(fn, NULL, ROWS, C, m, LINE, m + C, LINE, y, C), ACTIV_OK);
            assert_int_equal(
                activ_backward_gated(fn, NULL, ROWS, C, m, LINE, m + C, LINE, dy, C, back, LINE, back + C, LINE, sums),
                ACTIV_OK);
            for (size_t r = 0; r < ROWS; r++) {
                assert_int_equal(activ_forward(inner, NULL, C, m + r * LINE + C, act), ACTIV_OK);
                for (size_t i = 0; i < C; i++)
                    want[i] = m[r * LINE + i] * act[i];
                assert_true(same(want, y + r * C, C));
                for (size_t i = 2 * C; i < LINE; i++)
                    assert_int_equal(float_bits(back[r * LINE + i]), FILL);
            }
            if (tiers == 0) {
                memcpy(first_y[k], y, sizeof y);
                memcpy(first_back[k], back, sizeof back);
                memcpy(first_sums[k], sums, sizeof sums);
            }
            assert_true(same(first_y[k], y, ROWS * C) && same(first_back[k], back, N) && same(first_sums[k], sums, 32));
            /* Each output over each input of its shape. */
            float copy[N], value[ROWS * C], gate[ROWS * C], slope[ROWS * C];
            for (size_t r = 0; r < ROWS; r++) {
                memcpy(value + r * C, m + r * LINE, C * sizeof *m);
                memcpy(gate + r * C, m + r * LINE + C, C * sizeof *m);
            }
            for (int place = 0; place < 2; place++) {
                memcpy(copy, m, sizeof copy);
                float *to = copy + (place ? C : 0);
                assert_int_equal(activ_forward_gated(fn, NULL, ROWS, C, copy, LINE, copy + C, LINE, to, LINE),
                                 ACTIV_OK);
                for (size_t r = 0; r < ROWS; r++)
                    assert_true(same(to + r * LINE, y + r * C, C));
            }
            memcpy(split, value, sizeof split);
            memcpy(slope, dy, sizeof slope);
            assert_int_equal(
                activ_backward_gated(fn, NULL, ROWS, C, split, C, gate, C, slope, C, slope, C, split, C, NULL),
                ACTIV_OK);
            for (size_t r = 0; r < ROWS; r++)
                assert_true(same(slope + r * C, back + r * LINE, C) && same(split + r * C, back + r * LINE + C, C));
            activ_fn_destroy(fn);
            activ_fn_destroy(inner);
        }
        tiers++;
        activ_context_destroy(context);
    }
    assert_true(tiers > 0);
}

/* ---- what is refused ----------------------------------------------------------------------------------------- */

static char last_line[600];

static void keep_line(void *user, activ_status status, const char *line)
{
    (void)user;
    (void)status;
    snprintf(last_line, sizeof last_line, "%s", line);
}

static void expect(activ_status got, activ_status want, const char *named)
{
    if (got != want || (named && !strstr(last_line, named)))
        fail_msg("status %d, not %d; the log says \"%s\", not \"%s\"", (int)got, (int)want, last_line,
                 named ? named : "");
    last_line[0] = '\0';
}

static void test_refused(void **state)
{
    (void)state;
    activ_context_options options = { .size = sizeof options, .log = keep_line };
    activ_context *context = NULL;
    assert_int_equal(activ_context_create(&options, &context), ACTIV_OK);
    activ_fn *gelu = create(context, "gelu"), *swiglu = create(context, "swiglu"), *prelu = create(context, "prelu"),
             *many = create(context, "prelu(num_parameters=4)"), *out = NULL;
    float a[64] = { 0 }, b[64], params[4] = { 0 };
    const activ_status shape = ACTIV_ERROR_SHAPE, invalid = ACTIV_ERROR_INVALID;
    fill(b, 64);
    expect(activ_forward(swiglu, NULL, 4, a, b), shape, "activ_forward_gated");
    expect(activ_backward(swiglu, NULL, 4, a, a, b, NULL), shape, "activ_forward_gated");
    expect(activ_forward(many, NULL, 4, a, b), shape, "activ_forward_channels");
    expect(activ_backward(many, NULL, 4, a, a, b, NULL), shape, "activ_forward_channels");
    expect(activ_forward_channels(many, NULL, 1, 3, 2, a, b), shape, "num_parameters");
    expect(activ_forward_channels(many, NULL, 1, 0, 2, a, b), shape, "num_parameters");
    expect(activ_forward_rows(many, NULL, 2, 4, a, 4, b, 4), shape, "num_parameters");
    expect(activ_forward_rows(swiglu, NULL, 2, 4, a, 4, b, 4), shape, "gate");
    expect(activ_forward_rows(gelu, NULL, 2, 0, a, 4, b, 4), shape, "columns");
    expect(activ_forward_rows(gelu, NULL, 2, 4, a, 3, b, 4), shape, "x_stride");
    expect(activ_forward_rows(gelu, NULL, 2, 4, a, 4, b, 3), shape, "y_stride");
    expect(activ_forward_rows(gelu, NULL, 2, 4, NULL, 4, b, 4), invalid, "x");
    expect(activ_forward_rows(gelu, NULL, 2, 4, a, 4, NULL, 4), invalid, "y");
    expect(activ_forward_rows(NULL, NULL, 2, 4, a, 4, b, 4), invalid, NULL);
    expect(activ_forward_rows(gelu, NULL, SIZE_MAX, 4, a, SIZE_MAX / 2, b, 4), ACTIV_ERROR_RANGE, "x");
    expect(activ_forward_rows(gelu, NULL, 4, 4, a, 4, a + 2, 4), invalid, "y overlaps");
    expect(activ_forward_rows(gelu, NULL, 4, 4, a, 8, a + 2, 8), invalid, "y overlaps");
    expect(activ_forward_rows(gelu, NULL, 4, 4, a, 4, a, 5), invalid, "y overlaps");
    expect(activ_forward_rows(prelu, a + 3, 2, 4, b, 4, a, 4), invalid, "params");
    expect(activ_forward_rows(gelu, NULL, 0, 4, NULL, 4, NULL, 4), ACTIV_OK, NULL);
    expect(activ_backward_rows(gelu, NULL, 2, 4, a, 4, a, 3, b, 4, NULL), shape, "dy_stride");
    expect(activ_backward_rows(gelu, NULL, 2, 4, a, 4, a, 4, b, 2, NULL), shape, "dx_stride");
    expect(activ_backward_rows(prelu, NULL, 2, 4, a, 4, a, 4, b, 4, b + 1), invalid, "dparams");
    expect(activ_backward_rows(prelu, params, 2, 4, a, 4, a, 4, b, 4, params), invalid, "dparams");
    expect(activ_forward_gated(gelu, NULL, 2, 4, a, 4, a, 4, b, 4), shape, "gated(SPEC)");
    expect(activ_forward_gated(swiglu, NULL, 2, 0, a, 4, a, 4, b, 4), shape, "columns");
    expect(activ_forward_gated(swiglu, NULL, 2, 4, a, 4, a, 2, b, 4), shape, "gate_stride");
    expect(activ_forward_gated(swiglu, NULL, 2, 4, NULL, 4, a, 4, b, 4), invalid, "value");
    expect(activ_forward_gated(swiglu, NULL, 2, 4, a, 4, NULL, 4, b, 4), invalid, "gate");
    expect(activ_forward_gated(swiglu, NULL, 2, 4, a, 4, a + 1, 4, a + 2, 4), invalid, "y overlaps");
    expect(activ_backward_gated(swiglu, NULL, 2, 4, a, 4, a + 8, 4, a, 4, b, 4, b, 4, NULL), invalid, "overlaps");
    expect(activ_backward_gated(swiglu, NULL, 2, 4, a, 4, a + 8, 4, a, 4, b, 4, b + 3, 4, NULL), invalid, "overlaps");
    for (size_t i = 0; i < 64; i++)
        assert_int_equal(float_bits(b[i]), FILL);
    /* Specs. */
    expect(activ_fn_create(context, "gated(nosuch)", &out), ACTIV_ERROR_UNKNOWN_NAME, "nosuch");
    expect(activ_fn_create(context, "gated(elu(alpa=1))", &out), ACTIV_ERROR_UNKNOWN_NAME, "alpa");
    expect(activ_fn_create(context, "gated(swiglu)", &out), shape, "swiglu");
    expect(activ_fn_create(context, "gated(gated(relu))", &out), shape, "gated(relu)");
    expect(activ_fn_create(context, "gated(prelu(num_parameters=2))", &out), shape, "prelu(num_parameters=2)");
    expect(activ_fn_create(context, "gated(relu, gelu)", &out), ACTIV_ERROR_SYNTAX, NULL);
    expect(activ_fn_create(context, "gated([relu, gelu])", &out), ACTIV_ERROR_RANGE, "one function");
    expect(activ_fn_create(context, "gated([relu,])", &out), ACTIV_ERROR_SYNTAX, NULL);
    expect(activ_fn_create(context, "swiglu(beta=1)", &out), ACTIV_ERROR_UNKNOWN_NAME, "beta");
    expect(activ_fn_create(context, "prelu(num_parameters=0)", &out), ACTIV_ERROR_RANGE, "num_parameters");
    expect(activ_fn_create(context, "prelu(num_parameters=1.5)", &out), ACTIV_ERROR_RANGE, "num_parameters");
    assert_null(out);
    activ_fn_destroy(gelu);
    activ_fn_destroy(swiglu);
    activ_fn_destroy(prelu);
    activ_fn_destroy(many);
    activ_context_destroy(context);
}

/* Blanks, brackets and defaults come out of texts; what is nested is found again. */
static void test_specs(void **state)
{
    (void)state;
    static const char *const specs[][2] = {
        { "gated( relu )", "gated(relu)" },
        { "gated(elu ( alpha = 0.50 ))", "gated(elu(alpha=0.5))" },
        { "gated([silu])", "gated(silu)" },
        { "gated", "gated" },
        { "gated()", "gated" },
        { "gated(sigmoid)", "gated" },
        { "gated(fn=silu)", "gated(silu)" },
        { "prelu(num_parameters=64,weight=0.1)", "prelu(weight=0.1, num_parameters=64)" },
        { "prelu(num_parameters=1)", "prelu" },
    };
    for (size_t i = 0; i < sizeof specs / sizeof specs[0]; i++) {
        activ_fn *fn = create(NULL, specs[i][0]);
        assert_string_equal(activ_fn_spec(fn), specs[i][1]);
        activ_fn_destroy(fn);
    }
    activ_fn *fn = create(NULL, "gated(prelu(weight=0.5))");
    activ_fn_tensor_info param = ACTIV_FN_TENSOR_INFO_INIT;
    activ_fn_info info = ACTIV_FN_INFO_INIT;
    float start = 0.0f;
    assert_int_equal(activ_fn_function_count(fn), 1);
    assert_string_equal(activ_fn_spec(activ_fn_function(fn, 0)), "prelu(weight=0.5)");
    assert_null(activ_fn_function(fn, 1));
    assert_int_equal(activ_fn_param_tensor_count(fn), 1);
    assert_int_equal(activ_fn_param_tensor_info(fn, 0, &param), ACTIV_OK);
    assert_string_equal(param.name, "weight");
    assert_int_equal(param.count, 1);
    assert_int_equal(activ_fn_param_init(fn, 0, &start), ACTIV_OK);
    assert_true(start == 0.5f);
    assert_int_equal(activ_fn_info_of(fn, &info), ACTIV_OK);
    assert_int_equal(info.shape, ACTIV_SHAPE_GATED);
    activ_fn_destroy(fn);
}

/* ---- the reason of a failure ----------------------------------------------------------------------------- */

typedef struct log_line {
    int calls;
    activ_status status;
    char text[512];
} log_line;

static void count_line(void *user, activ_status status, const char *line)
{
    log_line *log = user;
    log->calls++;
    log->status = status;
    snprintf(log->text, sizeof log->text, "%s", line);
}

/* The same words for the caller and for the log, and nothing without a failure. */
static void assert_reason(activ_status status, activ_status expected, const activ_message *message, log_line *log,
                          const char *words)
{
    if (status != expected || !strstr(message->text, words) || log->calls != 1 || log->status != expected ||
        strcmp(log->text, message->text) != 0)
        fail_msg("status %d, not %d; '%s' should have '%s'; the log has %d lines, '%s'", (int)status, (int)expected,
                 message->text, words, log->calls, log->text);
    memset(log, 0, sizeof *log);
}

enum { EX_ROWS = 6, EX_COLUMNS = 5, EX = EX_ROWS * EX_COLUMNS };

/* A call that is in order. Each case then spoils one thing. */
static int is_gated(const activ_fn *fn)
{
    activ_fn_info info = ACTIV_FN_INFO_INIT;
    assert_int_equal(activ_fn_info_of(fn, &info), ACTIV_OK);
    return info.shape == ACTIV_SHAPE_GATED;
}

static activ_forward_args sound_forward(const activ_fn *fn, float *memory)
{
    activ_forward_args a = ACTIV_FORWARD_ARGS_DEFAULTS;
    a.rows = EX_ROWS;
    a.columns = a.x_stride = a.y_stride = a.gate_stride = EX_COLUMNS;
    a.channels = activ_fn_channels(fn);
    a.x = memory;
    a.y = memory + EX;
    if (is_gated(fn))
        a.gate = memory + 2 * EX;
    return a;
}

static activ_backward_args sound_backward(const activ_fn *fn, float *memory)
{
    activ_backward_args a = ACTIV_BACKWARD_ARGS_DEFAULTS;
    a.rows = EX_ROWS;
    a.columns = a.x_stride = a.dy_stride = a.dx_stride = a.gate_stride = a.dgate_stride = EX_COLUMNS;
    a.channels = activ_fn_channels(fn);
    a.x = memory;
    a.dy = memory + EX;
    a.dx = memory + 3 * EX;
    if (is_gated(fn)) {
        a.gate = memory + 2 * EX;
        a.dgate = memory + 4 * EX;
    }
    return a;
}

static void test_reasons(void **state)
{
    (void)state;
    log_line log = { .calls = 0 };
    activ_context_options options = ACTIV_CONTEXT_DEFAULTS;
    options.log = count_line;
    options.log_user = &log;
    activ_context *context = NULL;
    assert_int_equal(activ_context_create(&options, &context), ACTIV_OK);
    activ_fn *relu = create(context, "relu"), *softmax = create(context, "softmax"),
             *swiglu = create(context, "swiglu");
    activ_fn *prelu = create(context, "prelu(num_parameters=3)"), *rrelu = create(context, "rrelu");
    static float memory[8 * EX];
    activ_message m;
    activ_forward_args a, newer[2];
    const activ_status invalid = ACTIV_ERROR_INVALID, shape = ACTIV_ERROR_SHAPE, range = ACTIV_ERROR_RANGE;

    assert_int_equal(activ_forward_ex(NULL, &a, &m), invalid);
    assert_string_equal(m.text, "the function is NULL");
    assert_reason(activ_forward_ex(relu, NULL, &m), invalid, &m, &log, "the arguments are NULL");
    a = sound_forward(relu, memory);
    a.size = 3;
    assert_reason(activ_forward_ex(relu, &a, &m), invalid, &m, &log, "size is not set");
    newer[0] = sound_forward(relu, memory);
    newer[0].size = sizeof newer;
    memset(&newer[1], 0, sizeof newer[1]);
    assert_int_equal(activ_forward_ex(relu, newer, &m), ACTIV_OK);
    newer[1].rows = 1;
    assert_reason(activ_forward_ex(relu, newer, &m), ACTIV_ERROR_UNSUPPORTED, &m, &log, "does not know");

#define FORWARD(fn, change, status, words)                                    \
    do {                                                                      \
        a = sound_forward(fn, memory);                                        \
        change;                                                               \
        assert_reason(activ_forward_ex(fn, &a, &m), status, &m, &log, words); \
    } while (0)
    FORWARD(relu, a.x = NULL, invalid, "relu: x is NULL");
    FORWARD(relu, a.y = NULL, invalid, "relu: y is NULL");
    FORWARD(relu, a.y = memory + 1, invalid, "relu: y overlaps an input");
    FORWARD(relu, a.gate = memory + 2 * EX, shape, "no gated function");
    FORWARD(relu, a.x_stride = 4, shape, "x_stride is less than the columns");
    FORWARD(relu, a.rows = SIZE_MAX / 8, range, "x is too large");
    FORWARD(softmax, a.columns = 0, shape, "columns is 0");
    FORWARD(swiglu, a.gate = NULL, shape, "swiglu: a gated function needs value and gate");
    FORWARD(swiglu, a.x = NULL, invalid, "swiglu: value is NULL");
    FORWARD(swiglu, a.y = (float *)(uintptr_t)a.gate + 1, invalid, "y overlaps an input");
    FORWARD(prelu, a.channels = 2, shape, "as many channels as num_parameters");
    FORWARD(prelu, a.rows = 5, shape, "rows is no multiple of channels");
    FORWARD(prelu, a.x_stride = 7, shape, "x has gaps between its rows");
    FORWARD(prelu, a.params = a.y, invalid, "y overlaps params");
    FORWARD(rrelu, a.noise = memory + 1; a.y = memory, invalid, "noise overlaps");
    FORWARD(rrelu, a.noise = memory, invalid, "noise overlaps an input");
    FORWARD(rrelu, a.noise = a.y, invalid, "noise overlaps another output");
#undef FORWARD

    activ_backward_args b;
    assert_int_equal(activ_backward_ex(NULL, &b, &m), invalid);
#define BACKWARD(fn, change, status, words)                                    \
    do {                                                                       \
        b = sound_backward(fn, memory);                                        \
        change;                                                                \
        assert_reason(activ_backward_ex(fn, &b, &m), status, &m, &log, words); \
    } while (0)
    BACKWARD(relu, b.dy = NULL, invalid, "relu: dy is NULL");
    BACKWARD(relu, b.dx = memory + EX + 2, invalid, "dx overlaps an input");
    BACKWARD(swiglu, b.dgate = b.dx, invalid, "dgate overlaps another output");
    BACKWARD(swiglu, b.gate = NULL, shape, "needs value and gate");
    BACKWARD(prelu, b.dparams = memory, invalid, "dparams overlaps x");
    BACKWARD(prelu, b.dparams = memory + 7 * EX; b.params = b.dparams + 1, invalid, "dparams overlaps params");
    BACKWARD(rrelu, b.noise = memory + 3 * EX + 1, invalid, "dx overlaps an input");
#undef BACKWARD

    /* The plain calls: to the log alone. */
    assert_int_equal(activ_forward(relu, NULL, 4, memory, memory + 1), invalid);
    assert_true(log.calls == 1 && strstr(log.text, "relu: y overlaps an input"));
    assert_int_equal(activ_forward(softmax, NULL, 4, memory, memory), shape);
    assert_true(log.calls == 2 && strstr(log.text, "activ_forward_rows"));
    assert_int_equal(activ_forward_rows(swiglu, NULL, 1, 4, memory, 4, memory, 4), shape);
    assert_true(log.calls == 3 && strstr(log.text, "activ_forward_gated"));
    activ_fn_destroy(relu);
    activ_fn_destroy(softmax);
    activ_fn_destroy(swiglu);
    activ_fn_destroy(prelu);
    activ_fn_destroy(rrelu);
    activ_context_destroy(context);
}

/* activ_forward_ex and activ_backward_ex give the bits of the plain calls, for every function, outputs NULL included.
 */
static void test_ex_is_plain(void **state)
{
    (void)state;
    activ_fn_info info = ACTIV_FN_INFO_INIT;
    size_t shapes[3] = { 0, 0, 0 };
    for (size_t i = 0; activ_fn_catalog(i, &info) == ACTIV_OK; i++) {
        activ_fn *fn = create(NULL, info.name);
        const size_t p = activ_fn_param_count(fn);
        static float memory[5 * EX], plain[2 * EX];
        float *params = calloc(p + 1, sizeof *params), *sums = calloc(2 * p + 2, sizeof *sums);
        assert_true(params && sums && p + 1 > p);
        assert_int_equal(activ_fn_param_init(fn, 7, params), ACTIV_OK);
        normal(i, 3 * EX, 1.5f, memory);
        activ_forward_args a = sound_forward(fn, memory);
        activ_backward_args b = sound_backward(fn, memory);
        a.params = b.params = params;
        a.y = memory + 3 * EX;
        b.dparams = sums;
        activ_status status = ACTIV_ERROR_STATE;
        shapes[info.shape]++;
        if (info.shape == ACTIV_SHAPE_ELEMENTWISE)
            status = activ_forward(fn, params, EX, memory, plain);
        else if (info.shape == ACTIV_SHAPE_ROWWISE)
            status = activ_forward_rows(fn, params, EX_ROWS, EX_COLUMNS, memory, EX_COLUMNS, plain, EX_COLUMNS);
        else
            status = activ_forward_gated(fn, params, EX_ROWS, EX_COLUMNS, memory, EX_COLUMNS, memory + 2 * EX,
                                         EX_COLUMNS, plain, EX_COLUMNS);
        assert_int_equal(status, ACTIV_OK);
        assert_int_equal(activ_forward_ex(fn, &a, NULL), ACTIV_OK);
        assert_memory_equal(a.y, plain, EX * sizeof *plain);
        if (info.shape == ACTIV_SHAPE_ELEMENTWISE)
            status = activ_backward(fn, params, EX, memory, memory + EX, plain, sums + p + 1);
        else if (info.shape == ACTIV_SHAPE_ROWWISE)
            status = activ_backward_rows(fn, params, EX_ROWS, EX_COLUMNS, memory, EX_COLUMNS, memory + EX, EX_COLUMNS,
                                         plain, EX_COLUMNS, sums + p + 1);
        else
            status =
                activ_backward_gated(fn, params, EX_ROWS, EX_COLUMNS, memory, EX_COLUMNS, memory + 2 * EX, EX_COLUMNS,
                                     memory + EX, EX_COLUMNS, plain, EX_COLUMNS, plain + EX, EX_COLUMNS, sums + p + 1);
        assert_int_equal(status, ACTIV_OK);
        assert_int_equal(activ_backward_ex(fn, &b, NULL), ACTIV_OK);
        assert_memory_equal(b.dx, plain, EX * sizeof *plain);
        if (info.shape == ACTIV_SHAPE_GATED)
            assert_memory_equal(b.dgate, plain + EX, EX * sizeof *plain);
        assert_memory_equal(sums, sums + p + 1, p * sizeof *sums);
        b.dx = b.dgate = NULL;
        b.dparams = NULL;
        assert_int_equal(activ_backward_ex(fn, &b, NULL), ACTIV_OK);
        free(params);
        free(sums);
        activ_fn_destroy(fn);
    }
    assert_true(shapes[0] > 0 && shapes[1] > 0 && shapes[2] > 0);

    /* Training mode and channels. */
    activ_fn *rrelu = create(NULL, "rrelu"), *prelu = create(NULL, "prelu(num_parameters=3)");
    static float x[EX], noise[2][EX], y[2][EX];
    const float weights[3] = { 0.1f, 0.2f, 0.3f };
    normal(99, EX, 1.0f, x);
    activ_forward_args a = ACTIV_FORWARD_ARGS_DEFAULTS;
    a.rows = 1; /* one row of all: strides do not matter */
    a.columns = EX;
    a.x = x;
    a.y = y[0];
    a.noise = noise[0];
    a.seed = 3;
    a.stream = 4;
    a.index = 5;
    assert_int_equal(activ_forward_ex(rrelu, &a, NULL), ACTIV_OK);
    assert_int_equal(activ_forward_train(rrelu, NULL, 3, 4, 5, EX, x, y[1], noise[1]), ACTIV_OK);
    assert_memory_equal(y[0], y[1], sizeof y[0]);
    assert_memory_equal(noise[0], noise[1], sizeof noise[0]);
    a = sound_forward(prelu, x);
    a.y = y[0];
    a.params = weights;
    assert_int_equal(activ_forward_ex(prelu, &a, NULL), ACTIV_OK);
    assert_int_equal(activ_forward_channels(prelu, weights, 2, 3, EX_COLUMNS, x, y[1]), ACTIV_OK);
    assert_memory_equal(y[0], y[1], sizeof y[0]);
    activ_fn_destroy(rrelu);
    activ_fn_destroy(prelu);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_channels),     cmocka_unit_test(test_channels_of_others),
        cmocka_unit_test(test_rows),         cmocka_unit_test(test_gated),
        cmocka_unit_test(test_gated_places), cmocka_unit_test(test_refused),
        cmocka_unit_test(test_specs),        cmocka_unit_test(test_reasons),
        cmocka_unit_test(test_ex_is_plain),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
