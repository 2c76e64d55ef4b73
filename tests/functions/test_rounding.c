/* The rounding mode of the host's thread: it changes no bit of a result, and stays as it was.
 *
 * usage: test_rounding [--thin N]      N: one input in N, for emulated CPUs */
#include <fenv.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "activ/fn.h"
#include "activ/init.h"
#include "activ/optim.h"
#include "activ/pool.h"
#include "activ/random.h"
#include "functions/list.h"
#include "graph/zoo.h"
#include "reference/reference.h"
#include "support/thin.h"
#include "support/tiers.h"

enum { STEP = 100003, BLOCK = 1021 };

static const struct {
    const char *name;
    int mode;
} modes[] = { { "upward", FE_UPWARD }, { "downward", FE_DOWNWARD }, { "towards zero", FE_TOWARDZERO } };
enum { MODES = sizeof modes / sizeof modes[0] };

static size_t thin = 1, wrong;

/* The mode has to be as it was after the calls. */
static void back_from(int mode)
{
    assert_int_equal(fegetround(), mode);
    assert_int_equal(fesetround(FE_TONEAREST), 0);
}

static void compare(const char *spec, size_t tier, size_t mode, const char *what, const float *x, const float *nearest,
                    const float *got, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (memcmp(&nearest[i], &got[i], sizeof got[i]) == 0)
            continue;
        print_error("%s: %s on %s, rounding %s, at %a: %a, not %a\n", spec, what, activ_context_tier(each_tier[tier]),
                    modes[mode].name, (double)x[i], (double)got[i], (double)nearest[i]);
        wrong++;
        return;
    }
}

/* ---- functions ------------------------------------------------------------------------------ */

static void try_block(const activ_fn *fn, const char *spec, size_t t, size_t n, const float *x, const float *dy)
{
    static float y[2][BLOCK], dx[2][BLOCK];
    assert_int_equal(activ_forward(fn, NULL, n, x, y[0]), ACTIV_OK);
    assert_int_equal(activ_backward(fn, NULL, n, x, dy, dx[0], NULL), ACTIV_OK);
    for (size_t m = 0; m < MODES; m++) {
        assert_int_equal(fesetround(modes[m].mode), 0);
        activ_status forward = activ_forward(fn, NULL, n, x, y[1]);
        activ_status backward = activ_backward(fn, NULL, n, x, dy, dx[1], NULL);
        back_from(modes[m].mode);
        assert_true(forward == ACTIV_OK && backward == ACTIV_OK);
        compare(spec, t, m, "forward", x, y[0], y[1], n);
        compare(spec, t, m, "backward", x, dx[0], dx[1], n);
    }
}

/* ---- 16 bits ---- */

static const activ_dtype half_types[] = { ACTIV_FLOAT16, ACTIV_BFLOAT16 };
static const char *const half_names[] = { "float16", "bfloat16" };
enum { HALF_TYPES = 2 };

static void compare_halves(const char *spec, size_t tier, size_t mode, const char *what, size_t type, const uint16_t *x,
                           const uint16_t *nearest, const uint16_t *got, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (nearest[i] == got[i])
            continue;
        print_error("%s: %s of %s on %s, rounding %s, at %#x: %#x, not %#x\n", spec, what, half_names[type],
                    activ_context_tier(each_tier[tier]), modes[mode].name, (unsigned)x[i], (unsigned)got[i],
                    (unsigned)nearest[i]);
        wrong++;
        return;
    }
}

/* One in seven of all finite numbers. */
static void try_halves(const activ_fn *fn, const char *spec, size_t t, size_t type)
{
    enum { MOST = 65536 };
    static uint16_t x[MOST], dy[MOST], y[2][MOST], dx[2][MOST];
    const activ_dtype dtype = half_types[type];
    size_t n = 0;
    for (size_t bits = 0; bits < MOST; bits += 7 * thin)
        if ((bits & 0x7fff) < (dtype == ACTIV_FLOAT16 ? 0x7c00 : 0x7f80)) {
            dy[n] = dtype == ACTIV_FLOAT16 ? 0x3ccd : 0xbf33; /* 1.2, -0.7 */
            x[n++] = (uint16_t)bits;
        }
    for (size_t m = 0; m <= MODES; m++) { /* first: to the nearest */
        const int mode = m == 0 ? FE_TONEAREST : modes[m - 1].mode;
        assert_int_equal(fesetround(mode), 0);
        activ_status forward = activ_forward_as(fn, NULL, dtype, n, x, y[m > 0]);
        activ_status backward = activ_backward_as(fn, NULL, dtype, n, x, dy, dx[m > 0], NULL);
        back_from(mode);
        assert_true(forward == ACTIV_OK && backward == ACTIV_OK);
        if (m == 0)
            continue;
        compare_halves(spec, t, m - 1, "forward", type, x, y[0], y[1], n);
        compare_halves(spec, t, m - 1, "backward", type, x, dx[0], dx[1], n);
    }
}

static void try_function(const char *spec)
{
    static float x[BLOCK], dy[BLOCK];
    for (size_t t = 0; t < each_tier_count; t++) {
        activ_fn *fn = NULL;
        assert_int_equal(activ_fn_create(each_tier[t], spec, &fn), ACTIV_OK);
        const uint32_t step = (uint32_t)(thin * STEP);
        for (uint32_t bits = 0; activ_fn_channels(fn) <= 1 && bits < UINT32_MAX - step;) {
            size_t n = 0;
            for (; n < BLOCK && bits < UINT32_MAX - step; bits += step)
                if ((bits & 0x7f800000) != 0x7f800000) {
                    memcpy(&x[n], &bits, sizeof bits);
                    dy[n] = n % 3 == 0 ? 1.0f : n % 3 == 1 ? -0.7f : 0.3f;
                    n++;
                }
            try_block(fn, spec, t, n, x, dy);
        }
        for (size_t type = 0; activ_fn_channels(fn) <= 1 && type < HALF_TYPES; type++)
            try_halves(fn, spec, t, type);
        activ_fn_destroy(fn);
    }
}

static void test_functions(void **state)
{
    (void)state;
#define NAME(name) #name,
    static const char *const names[] = { ACTIV_ELEMENTWISE(NAME) };
    wrong = 0;
    for (size_t k = 0; k < sizeof names / sizeof names[0]; k++) {
        const ref_entry *entry = ref_find(names[k]);
        assert_non_null(entry);
        for (size_t i = 0; ref_spec(entry, i) != NULL; i++)
            try_function(ref_spec(entry, i));
    }
    assert_int_equal(wrong, 0);
}

/* Parameters, their gradients, and numbers in a spec. */
static void test_parameters(void **state)
{
    (void)state;
    static const char *const specs[] = { "prelu",         "staf",    "fourier", "enn(init=unit)",          "rational_a",
                                         "rational_book", "bspline", "moe",     "trainable_elu(alpha=0.3)" };
    enum { N = 3000, PARAMS = 256 };
    static float x[N], dy[N], dx[N], initial[2][PARAMS], gradient[2][PARAMS];
    wrong = 0;
    for (size_t i = 0; i < N; i++) {
        x[i] = (float)i * 0.003f - 4.5f;
        dy[i] = (float)(i % 7) * 0.1f - 0.3f;
    }
    for (size_t s = 0; s < sizeof specs / sizeof specs[0]; s++)
        for (size_t t = 0; t < each_tier_count; t++)
            for (size_t m = 0; m < MODES; m++) {
                memset(gradient, 0, sizeof gradient);
                size_t count = 0;
                for (int i = 0; i < 2; i++) {
                    activ_fn *fn = NULL;
                    assert_int_equal(fesetround(i ? modes[m].mode : FE_TONEAREST), 0);
                    activ_status status = activ_fn_create(each_tier[t], specs[s], &fn);
                    count = activ_fn_param_count(fn);
                    if (status == ACTIV_OK && count <= PARAMS)
                        status = activ_fn_param_init(fn, 3, initial[i]);
                    if (status == ACTIV_OK)
                        status = activ_backward(fn, initial[i], N, x, dy, dx, gradient[i]);
                    back_from(i ? modes[m].mode : FE_TONEAREST);
                    assert_int_equal(status, ACTIV_OK);
                    assert_true(count > 0 && count <= PARAMS);
                    activ_fn_destroy(fn);
                }
                compare(specs[s], t, m, "initial parameters", initial[0], initial[0], initial[1], count);
                compare(specs[s], t, m, "gradients", initial[0], gradient[0], gradient[1], count);
            }
    assert_int_equal(wrong, 0);
}

static activ_status rows(const activ_fn *fn, int gated, size_t columns, const float *x, const float *dy, float *out)
{
    enum { ROWS = 3 };
    const size_t n = ROWS * columns;
    activ_status status = gated ? activ_forward_gated(fn, NULL, ROWS, columns, x, columns, dy, columns, out, columns)
                                : activ_forward_rows(fn, NULL, ROWS, columns, x, columns, out, columns);
    if (status != ACTIV_OK)
        return status;
    return gated ? activ_backward_gated(fn, NULL, ROWS, columns, x, columns, dy, columns, x, columns, out + n, columns,
                                        out + 2 * n, columns, NULL)
                 : activ_backward_rows(fn, NULL, ROWS, columns, x, columns, dy, columns, out + n, columns, NULL);
}

static void test_rows(void **state)
{
    (void)state;
    static const char *const specs[] = { "softmax", "log_softmax", "glu", "swiglu", "geglu" };
    enum { N = 3 * 97, ROWWISE = 2 };
    static float x[N], dy[N], out[2][3 * N];
    wrong = 0;
    for (size_t i = 0; i < N; i++) {
        x[i] = (float)(i * 37 % 101) * 0.21f - 9.0f;
        dy[i] = (float)(i * 53 % 89) * 0.17f - 7.0f;
    }
    for (size_t t = 0; t < each_tier_count; t++)
        for (size_t s = 0; s < sizeof specs / sizeof specs[0]; s++) {
            activ_fn *fn = NULL;
            assert_int_equal(activ_fn_create(each_tier[t], specs[s], &fn), ACTIV_OK);
            for (size_t columns = 1; columns <= 97; columns += 24) {
                assert_int_equal(rows(fn, s >= ROWWISE, columns, x, dy, out[0]), ACTIV_OK);
                for (size_t m = 0; m < MODES; m++) {
                    assert_int_equal(fesetround(modes[m].mode), 0);
                    activ_status status = rows(fn, s >= ROWWISE, columns, x, dy, out[1]);
                    back_from(modes[m].mode);
                    assert_int_equal(status, ACTIV_OK);
                    compare(specs[s], t, m, "rows", x, out[0], out[1], 3 * columns);
                }
            }
            activ_fn_destroy(fn);
        }
    assert_int_equal(wrong, 0);
}

static activ_status half_rows(const activ_fn *fn, int gated, activ_dtype dtype, size_t columns, const uint16_t *x,
                              const uint16_t *dy, uint16_t *out, float *dparams)
{
    enum { ROWS = 3 };
    const size_t c = columns, n = ROWS * c;
    activ_status status = gated ? activ_forward_gated_as(fn, NULL, dtype, ROWS, c, x, c, dy, c, out, c)
                                : activ_forward_rows_as(fn, NULL, dtype, ROWS, c, x, c, out, c);
    if (status != ACTIV_OK)
        return status;
    return gated ? activ_backward_gated_as(fn, NULL, dtype, ROWS, c, x, c, dy, c, x, c, out + n, c, out + 2 * n, c,
                                           dparams)
                 : activ_backward_rows_as(fn, NULL, dtype, ROWS, c, x, c, dy, c, out + n, c, dparams);
}

/* Rows of more than 320 have loops of their own; the last has gradients of parameters. */
static void test_half_rows(void **state)
{
    (void)state;
    static const char *const specs[] = { "softmax", "log_softmax", "glu", "geglu", "gated(staf(tau=3))" };
    static const size_t lengths[] = { 1, 25, 97, 450 };
    enum { N = 3 * 450, ROWWISE = 2, PARAMS = 9 };
    static float values[N];
    static uint16_t x[N], dy[N], out[2][3 * N];
    wrong = 0;
    for (size_t type = 0; type < HALF_TYPES; type++) {
        for (size_t i = 0; i < N; i++)
            values[i] = (float)(i * 37 % 101) * 0.21f - 9.0f;
        assert_int_equal(activ_convert(N, ACTIV_FLOAT32, values, half_types[type], x), ACTIV_OK);
        for (size_t i = 0; i < N; i++)
            values[i] = (float)(i * 53 % 89) * 0.17f - 7.0f;
        assert_int_equal(activ_convert(N, ACTIV_FLOAT32, values, half_types[type], dy), ACTIV_OK);
        for (size_t t = 0; t < each_tier_count; t++)
            for (size_t s = 0; s < sizeof specs / sizeof specs[0]; s++) {
                activ_fn *fn = NULL;
                assert_int_equal(activ_fn_create(each_tier[t], specs[s], &fn), ACTIV_OK);
                assert_true(activ_fn_param_count(fn) <= PARAMS);
                for (size_t k = 0; k < sizeof lengths / sizeof lengths[0]; k++)
                    for (size_t m = 0; m <= MODES; m++) {
                        static float dparams[2][PARAMS];
                        const int mode = m == 0 ? FE_TONEAREST : modes[m - 1].mode;
                        memset(dparams[m > 0], 0, sizeof dparams[0]);
                        assert_int_equal(fesetround(mode), 0);
                        activ_status status = half_rows(fn, s >= ROWWISE, half_types[type], lengths[k], x, dy,
                                                        out[m > 0], dparams[m > 0]);
                        back_from(mode);
                        assert_int_equal(status, ACTIV_OK);
                        if (m == 0)
                            continue;
                        for (size_t n = 3 * lengths[k], part = 0; part < 3 * n; part += n) /* y and gradients */
                            compare_halves(specs[s], t, m - 1, "rows", type, x, out[0] + part, out[1] + part, n);
                        compare(specs[s], t, m - 1, "gradients", values, dparams[0], dparams[1], PARAMS);
                    }
                activ_fn_destroy(fn);
            }
    }
    assert_int_equal(wrong, 0);
}

/* ---- networks --------------------------------------------------------------------------------- */

/* Every kind of layer; the pool's threads inherit the mode. Returns a sum over the bits of all that came of it. */
static uint64_t train(int mode, int classes)
{
    activ_pool *pool = NULL;
    activ_context *context = NULL;
    activ_context_options options = ACTIV_CONTEXT_DEFAULTS;
    assert_int_equal(fesetround(mode), 0);
    int pool_status = activ_pool_create(NULL, 3, &pool);
    assert_true(pool_status == ACTIV_OK || pool_status == ACTIV_ERROR_UNSUPPORTED);
    options.executor = activ_pool_executor(pool);
    assert_int_equal(activ_context_create(&options, &context), ACTIV_OK);
    activ_graph *g = zoo_create(context, classes, 3);
    activ_optimizer *optimizer = NULL;
    assert_int_equal(activ_adamw_create(g, NULL, &optimizer), ACTIV_OK);
    uint64_t sum = 0;
    for (uint64_t step = 0; step < 8; step++) {
        static float x[ZOO_BATCH * ZOO_IN], targets[ZOO_BATCH * ZOO_CLASSES];
        static int32_t labels[ZOO_BATCH];
        float loss, norm;
        assert_int_equal(fesetround(FE_TONEAREST), 0);
        zoo_data(step, ZOO_BATCH, x, labels, targets);
        assert_int_equal(fesetround(mode), 0);
        assert_int_equal(classes ? activ_graph_train(g, ZOO_BATCH, x, labels, &loss)
                                 : activ_graph_train_values(g, ZOO_BATCH, x, targets, &loss),
                         ACTIV_OK);
        assert_int_equal(activ_graph_clip_grad_norm(g, 0.01f, &norm), ACTIV_OK);
        assert_int_equal(activ_optimizer_step(optimizer), ACTIV_OK);
        assert_int_equal(fegetround(), mode);
        uint32_t bits[2];
        memcpy(&bits[0], &loss, sizeof loss);
        memcpy(&bits[1], &norm, sizeof norm);
        sum = (sum * 31 + bits[0]) * 31 + bits[1];
    }
    const float *params = activ_graph_params(g);
    for (size_t i = 0; i < activ_graph_param_count(g); i++) {
        uint32_t bits;
        memcpy(&bits, &params[i], sizeof bits);
        sum = sum * 31 + bits;
    }
    back_from(mode);
    activ_optimizer_destroy(optimizer);
    activ_graph_destroy(g);
    activ_context_destroy(context);
    activ_pool_destroy(pool);
    return sum;
}

static void test_training(void **state)
{
    (void)state;
    for (int classes = 0; classes < 2; classes++) {
        uint64_t nearest = train(FE_TONEAREST, classes);
        for (size_t m = 0; m < MODES; m++)
            assert_true(train(modes[m].mode, classes) == nearest);
    }
}

static void test_initial_values(void **state)
{
    (void)state;
    enum { N = 12 * 20 };
    static const size_t shape[] = { 12, 20 };
    static float values[2][3 * N];
    for (size_t m = 0; m < MODES; m++)
        for (int32_t scheme = ACTIV_INIT_DEFAULT; scheme <= ACTIV_INIT_ORTHOGONAL; scheme++) {
            for (int i = 0; i < 2; i++) {
                assert_int_equal(fesetround(i ? modes[m].mode : FE_TONEAREST), 0);
                assert_int_equal(
                    activ_init_tensor(NULL, (activ_init_scheme)scheme, 1.3f, 2, shape, 5, 6, values[i], NULL),
                    ACTIV_OK);
                assert_int_equal(activ_random_uniform(1, 2, 3, N, -0.1f, 0.7f, values[i] + N), ACTIV_OK);
                assert_int_equal(activ_random_normal(1, 2, 3, N, -0.1f, 0.7f, values[i] + 2 * (size_t)N), ACTIV_OK);
                back_from(i ? modes[m].mode : FE_TONEAREST);
            }
            assert_memory_equal(values[0], values[1], sizeof values[0]);
        }
}

int main(int argc, char **argv)
{
    thin = thin_argument(argc, argv);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_functions), cmocka_unit_test(test_parameters), cmocka_unit_test(test_rows),
        cmocka_unit_test(test_half_rows), cmocka_unit_test(test_training),   cmocka_unit_test(test_initial_values),
    };
    return cmocka_run_group_tests(tests, each_tier_begin, each_tier_end);
}
