/* activ_backward_ex: gradients that are added to, and the derivative from y, with the errors that fn.h gives. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "activ/activ.h"
#include "support/tiers.h"
#include "support/ulp.h"

enum { ROWS = 6, COLUMNS = 331, N = ROWS * COLUMNS, GAP = 5 };

static activ_fn *create(size_t tier, const char *spec)
{
    activ_fn *fn = NULL;
    assert_int_equal(activ_fn_create(each_tier[tier], spec, &fn), ACTIV_OK);
    return fn;
}

static float x[N], y[N], dy[N], dx[N], other[N];

static void fill(void)
{
    assert_int_equal(activ_random_normal(1, 1, 0, N, 0.0f, 3.0f, x), ACTIV_OK);
    assert_int_equal(activ_random_normal(1, 2, 0, N, 0.0f, 1.0f, dy), ACTIV_OK);
    x[0] = 0.0f;
    x[1] = -0.0f;
    x[2] = 1e-40f;
    x[3] = -1e-40f;
    x[4] = -1e-45f;
}

static activ_backward_args args_of(size_t rows, size_t columns)
{
    activ_backward_args a = ACTIV_BACKWARD_ARGS_DEFAULTS;
    a.rows = rows;
    a.columns = columns;
    a.x_stride = a.y_stride = a.dy_stride = a.dx_stride = a.gate_stride = a.dgate_stride = columns;
    a.dy = dy;
    a.dx = dx;
    return a;
}

static void must(activ_status status, const char *spec)
{
    if (status != ACTIV_OK)
        fail_msg("%s: %s", spec, activ_status_string(status));
}

/* ---- accumulate ------------------------------------------------------------------------------- */

/* dx + what activ_backward writes, rounded once; the gradients of parameters as they are without. */
static void test_accumulate(void **state)
{
    (void)state;
    static const char *const specs[] = { "gelu", "relu", "prelu", "staf", "bspline", "softmax", "log_softmax" };
    fill();
    for (size_t t = 0; t < each_tier_count; t++)
        for (size_t s = 0; s < sizeof specs / sizeof specs[0]; s++)
            for (int gaps = 0; gaps < 2; gaps++) {
                activ_fn *fn = create(t, specs[s]);
                activ_backward_args a = args_of(ROWS, COLUMNS - GAP);
                float dparams[2][80] = { { 0 } };
                if (!gaps)
                    a.x_stride = a.dy_stride = a.dx_stride = a.columns;
                else
                    a.x_stride = a.dy_stride = a.dx_stride = COLUMNS;
                a.x = x;
                a.dparams = dparams[0];
                must(activ_backward_ex(fn, &a, NULL), specs[s]);
                memcpy(other, dx, sizeof other);
                for (size_t i = 0; i < N; i++)
                    dx[i] = 0.125f * (float)(i % 7);
                a.accumulate = 1;
                a.dparams = dparams[1];
                must(activ_backward_ex(fn, &a, NULL), specs[s]);
                for (size_t r = 0; r < ROWS; r++)
                    for (size_t c = 0; c < a.columns; c++) {
                        const size_t i = r * a.dx_stride + c;
                        const float want = 0.125f * (float)(i % 7) + other[i];
                        if (memcmp(&want, &dx[i], sizeof want) != 0)
                            fail_msg("%s: %a, not %a", specs[s], (double)dx[i], (double)want);
                    }
                assert_memory_equal(dparams[0], dparams[1], sizeof dparams[0]);
                activ_fn_destroy(fn);
            }
}

static void test_accumulate_more(void **state)
{
    (void)state;
    static float noise[N], dgate[2][N];
    fill();
    for (size_t t = 0; t < each_tier_count; t++) {
        /* Gated: both outputs. */
        activ_fn *fn = create(t, "swiglu");
        activ_backward_args a = args_of(ROWS, COLUMNS);
        a.x = x;
        a.gate = dy;
        a.dgate = dgate[0];
        must(activ_backward_ex(fn, &a, NULL), "swiglu");
        memcpy(other, dx, sizeof other);
        for (size_t i = 0; i < N; i++)
            dx[i] = dgate[1][i] = 1.5f;
        a.dgate = dgate[1];
        a.accumulate = 1;
        must(activ_backward_ex(fn, &a, NULL), "swiglu");
        for (size_t i = 0; i < N; i++)
            assert_true(dx[i] == 1.5f + other[i] && dgate[1][i] == 1.5f + dgate[0][i]);
        activ_fn_destroy(fn);
        /* Random, and channels. */
        for (int channels = 0; channels < 2; channels++) {
            fn = create(t, channels ? "prelu(num_parameters=3)" : "rrelu");
            a = args_of(ROWS, COLUMNS);
            a.x = x;
            a.channels = 3;
            if (!channels) {
                must(activ_forward_train(fn, NULL, 1, 2, 3, N, x, y, noise), "rrelu");
                a.noise = noise;
            }
            must(activ_backward_ex(fn, &a, NULL), activ_fn_spec(fn));
            memcpy(other, dx, sizeof other);
            for (size_t i = 0; i < N; i++)
                dx[i] = -2.5f;
            a.accumulate = 1;
            must(activ_backward_ex(fn, &a, NULL), activ_fn_spec(fn));
            for (size_t i = 0; i < N; i++)
                assert_true(dx[i] == -2.5f + other[i]);
            activ_fn_destroy(fn);
        }
    }
    activ_fn *fn = create(0, "relu");
    activ_backward_args a = args_of(1, N);
    a.x = x;
    a.accumulate = 2;
    assert_int_equal(activ_backward_ex(fn, &a, NULL), ACTIV_ERROR_RANGE);
    activ_fn_destroy(fn);
}

/* ---- from y ------------------------------------------------------------------------------------- */

/* The allowed error of f', relative to f', of y: as fn.h says, and the double's own. */
static double allowed(const char *spec, double value, double alpha)
{
    const double ulp = 0x1p-24;
    if (strncmp(spec, "sigmoid", 7) == 0)
        return 4 * ulp + 2 * ulp / fmax(1.0 - value, 1e-300);
    if (strncmp(spec, "tanh", 4) == 0 || strncmp(spec, "softsign", 8) == 0)
        return 4 * ulp + 2 * ulp / fmax(1.0 - fabs(value), 1e-300);
    if (strncmp(spec, "elu", 3) == 0 || strncmp(spec, "trainable", 9) == 0 || strncmp(spec, "selu", 4) == 0)
        return 4 * ulp + (value < 0.0 ? 2 * ulp * alpha / fmax(value + alpha, 1e-300) : 0.0);
    if (strncmp(spec, "celu", 4) == 0)
        return 4 * ulp + (value < 0.0 ? 4 * ulp * alpha / fmax(value + alpha, 1e-300) : 0.0);
    return 8 * ulp; /* softplus: 4 ulp */
}

static void test_from_y(void **state)
{
    (void)state;
    static const struct {
        const char *spec;
        int is_exact;
        double alpha;
    } all[] = {
        { "identity", 1, 0 },
        { "step", 1, 0 },
        { "relu", 1, 0 },
        { "relu6", 1, 0 },
        { "hard_tanh", 1, 0 },
        { "hard_tanh(min=-0.1, max=7)", 1, 0 },
        { "hard_sigmoid", 1, 0 },
        { "leaky_relu", 1, 0 },
        { "leaky_relu(negative_slope=0)", 1, 0 },
        { "leaky_relu(negative_slope=3)", 1, 0 },
        { "prelu", 1, 0 },
        { "softplus", 0, 0 },
        { "softplus(beta=2, threshold=30)", 0, 0 },
        { "sigmoid", 0, 0 },
        { "tanh", 0, 0 },
        { "softsign", 0, 0 },
        { "elu", 0, 1 },
        { "elu(alpha=0.3)", 0, (double)0.3f },
        { "trainable_elu", 0, 1 },
        { "selu", 0, 1.7580993 },
        { "celu", 0, 1 },
        { "celu(alpha=0.3)", 0, (double)0.3f },
    };
    fill();
    for (size_t s = 0; s < sizeof all / sizeof all[0]; s++) {
        static float first[N];
        for (size_t t = 0; t < each_tier_count; t++) {
            activ_fn *fn = create(t, all[s].spec);
            activ_backward_args a = args_of(1, N);
            must(activ_forward(fn, NULL, N, x, y), all[s].spec);
            must(activ_backward(fn, NULL, N, x, dy, other, NULL), all[s].spec);
            a.y = y;
            must(activ_backward_ex(fn, &a, NULL), all[s].spec);
            if (all[s].is_exact)
                assert_memory_equal(dx, other, sizeof dx);
            for (size_t i = 0; i < N; i++) {
                const double error = fabs((double)dx[i] - (double)other[i]);
                if (!(error <= allowed(all[s].spec, (double)y[i], all[s].alpha) * fabs((double)other[i]) + 0x1p-148))
                    fail_msg("%s at %a: %a, not %a", all[s].spec, (double)x[i], (double)dx[i], (double)other[i]);
            }
            if (t == 0)
                memcpy(first, dx, sizeof first);
            assert_memory_equal(first, dx, sizeof first);
            /* In place, of y and of dy, and added to. */
            a.dx = y;
            must(activ_backward_ex(fn, &a, NULL), all[s].spec);
            assert_memory_equal(y, first, sizeof first);
            must(activ_forward(fn, NULL, N, x, y), all[s].spec);
            memcpy(other, dy, sizeof other);
            a.dy = a.dx = other;
            must(activ_backward_ex(fn, &a, NULL), all[s].spec);
            assert_memory_equal(other, first, sizeof first);
            a = args_of(1, N);
            a.y = y;
            a.accumulate = 1;
            must(activ_backward_ex(fn, &a, NULL), all[s].spec);
            for (size_t i = 0; i < N; i++)
                assert_true(dx[i] == first[i] + first[i]);
            activ_fn_destroy(fn);
        }
    }
}

static void test_rows_from_y(void **state)
{
    (void)state;
    static const char *const specs[] = { "softmax", "log_softmax" };
    fill();
    for (size_t s = 0; s < 2; s++) {
        static float first[N];
        for (size_t t = 0; t < each_tier_count; t++) {
            activ_fn *fn = create(t, specs[s]);
            activ_backward_args a = args_of(ROWS, COLUMNS);
            must(activ_forward_rows(fn, NULL, ROWS, COLUMNS, x, COLUMNS, y, COLUMNS), specs[s]);
            must(activ_backward_rows(fn, NULL, ROWS, COLUMNS, x, COLUMNS, dy, COLUMNS, other, COLUMNS, NULL), specs[s]);
            a.y = y;
            must(activ_backward_ex(fn, &a, NULL), specs[s]);
            for (size_t r = 0; r < ROWS; r++) {
                double sum = 0.0;
                for (size_t c = 0; c < COLUMNS; c++) {
                    const size_t i = r * COLUMNS + c;
                    sum += s == 0 ? fabs((double)y[i] * (double)dy[i]) : (double)dy[i];
                }
                for (size_t c = 0; c < COLUMNS; c++) {
                    const size_t i = r * COLUMNS + c;
                    const double p = s == 0 ? (double)y[i] : exp((double)y[i]);
                    const double size = s == 0 ? p * (fabs((double)dy[i]) + sum) : fabs((double)dy[i]) + p * fabs(sum);
                    /* The error of y is one of p: |y| times as large, of log_softmax. */
                    const double scale = s == 0 ? 4.0 : 4.0 + 2.0 * fabs((double)y[i]);
                    assert_true(fabs((double)dx[i] - (double)other[i]) <= scale * 0x1p-23 * size + 0x1p-148);
                }
            }
            if (t == 0)
                memcpy(first, dx, sizeof first);
            assert_memory_equal(first, dx, sizeof first);
            a.dx = y; /* in place */
            must(activ_backward_ex(fn, &a, NULL), specs[s]);
            assert_memory_equal(y, first, sizeof first);
            activ_fn_destroy(fn);
        }
    }
}

static void test_refused(void **state)
{
    (void)state;
    static const char *const specs[] = { "gelu",
                                         "mish",
                                         "leaky_relu(negative_slope=-0.1)",
                                         "prelu(weight=-1)",
                                         "elu(alpha=-1)",
                                         "softplus(threshold=1)",
                                         "rrelu",
                                         "staf",
                                         "swiglu" };
    fill();
    for (size_t s = 0; s < sizeof specs / sizeof specs[0]; s++) {
        activ_fn *fn = create(0, specs[s]);
        activ_backward_args a = args_of(1, N);
        activ_message message = { "" };
        a.y = y;
        if (s == 8)
            a.gate = x;
        dx[0] = 123.0f;
        assert_int_equal(activ_backward_ex(fn, &a, &message), ACTIV_ERROR_UNSUPPORTED);
        assert_non_null(strstr(message.text, "from y"));
        assert_true(dx[0] == 123.0f);
        activ_fn_destroy(fn);
    }
    float weight = -1.0f, dparams = 0.0f;
    activ_fn *fn = create(0, "prelu");
    activ_backward_args a = args_of(1, N);
    a.y = y;
    a.params = &weight;
    assert_int_equal(activ_backward_ex(fn, &a, NULL), ACTIV_ERROR_UNSUPPORTED);
    weight = 0.5f;
    assert_int_equal(activ_backward_ex(fn, &a, NULL), ACTIV_OK);
    a.dparams = &dparams;
    assert_int_equal(activ_backward_ex(fn, &a, NULL), ACTIV_ERROR_UNSUPPORTED);
    a.dparams = NULL;
    a.y = NULL;
    assert_int_equal(activ_backward_ex(fn, &a, NULL), ACTIV_ERROR_INVALID);
    a.y = y;
    a.dx = y + 1;
    assert_int_equal(activ_backward_ex(fn, &a, NULL), ACTIV_ERROR_INVALID);
    activ_fn_destroy(fn);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_accumulate),  cmocka_unit_test(test_accumulate_more), cmocka_unit_test(test_from_y),
        cmocka_unit_test(test_rows_from_y), cmocka_unit_test(test_refused),
    };
    return cmocka_run_group_tests(tests, each_tier_begin, each_tier_end);
}
