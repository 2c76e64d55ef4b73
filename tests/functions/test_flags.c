/* The floating-point environment: for finite input no call raises FE_INVALID or FE_DIVBYZERO, by which a host that
 * traps would die.
 *
 * usage: test_flags [--thin N]      N: one input in N, for emulated CPUs */
#define _GNU_SOURCE /* feenableexcept */
#include <fenv.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "activ/fn.h"
#include "activ/graph.h"
#include "activ/optim.h"
#include "functions/list.h"
#include "graph/zoo.h"
#include "reference/reference.h"
#include "support/thin.h"
#include "support/tiers.h"
#include "support/ulp.h"

enum { STEP = 7001, BLOCK = 1021 }; /* odd: the tails of vectors are tried too */

static size_t thin = 1;

/* By the bits: to compare a signalling NaN is invalid. */
static int is_finite(uint32_t bits)
{
    return (bits & 0x7f800000) != 0x7f800000;
}

/* The next `count` of the finite floats in steps of `thin * STEP` of their bits; 0 at the end. */
static size_t next_inputs(uint32_t *bits, float *x, size_t count)
{
    const uint32_t step = (uint32_t)(thin * STEP);
    size_t n = 0;
    while (n < count && *bits < UINT32_MAX - step) {
        if (is_finite(*bits))
            memcpy(&x[n++], bits, sizeof *bits);
        *bits += step;
    }
    return n;
}

typedef struct arrays {
    float x[BLOCK], y[BLOCK], dy[BLOCK];
    float *dparams;
} arrays;

static void call(const activ_fn *fn, const arrays *a, size_t from, size_t n, int backward, float *out)
{
    activ_status status = backward ? activ_backward(fn, NULL, n, a->x + from, a->dy + from, out + from, a->dparams)
                                   : activ_forward(fn, NULL, n, a->x + from, out + from);
    assert_int_equal(status, ACTIV_OK);
}

/* dy: some zeros, but not where the slope is infinite. */
static void fill_dy(const activ_fn *fn, arrays *a, size_t n)
{
    for (size_t i = 0; i < BLOCK; i++)
        a->dy[i] = 1.0f;
    call(fn, a, 0, n, 1, a->y);
    for (size_t i = 0; i < BLOCK; i++)
        a->dy[i] = i % 3 == 0 && !(i < n && isinf(a->y[i])) ? 0.0f : i % 3 == 2 ? -0.75f : 1.0f;
}

/* 1, and says where, if the call raises a flag. */
static int raises(const activ_fn *fn, size_t tier, arrays *a, size_t n, int backward)
{
    if (backward)
        fill_dy(fn, a, n);
    (void)feclearexcept(FE_ALL_EXCEPT);
    call(fn, a, 0, n, backward, a->y);
    int raised = fetestexcept(FE_INVALID | FE_DIVBYZERO);
    if (!raised)
        return 0;
    size_t at = 0;
    for (; at < n; at++) {
        (void)feclearexcept(FE_ALL_EXCEPT);
        call(fn, a, at, 1, backward, a->y);
        if (fetestexcept(raised))
            break;
    }
    print_error("%s: %s on %s raises %s %s x = %a\n", activ_fn_spec(fn), backward ? "backward" : "forward",
                activ_context_tier(each_tier[tier]), raised & FE_INVALID ? "FE_INVALID" : "FE_DIVBYZERO",
                at < n ? "at" : "in the block that begins at", (double)a->x[at < n ? at : 0]);
    return 1;
}

/* ---- 16 bits ----
 *
 * Every finite number. A slope of 65504 and more is infinite in float16. */

typedef struct half_arrays {
    uint16_t x[BLOCK], y[BLOCK], dy[BLOCK];
} half_arrays;

static const activ_dtype half_types[] = { ACTIV_FLOAT16, ACTIV_BFLOAT16 };
static const char *const half_names[] = { "float16", "bfloat16" };
static const uint16_t infinities[] = { 0x7c00, 0x7f80 }, ones[] = { 0x3c00, 0x3f80 }, some[] = { 0xb9ab, 0xbf40 };
enum { HALF_TYPES = 2 };

static size_t next_halves(size_t type, uint32_t *bits, uint16_t *x, size_t count)
{
    size_t n = 0;
    for (; n < count && *bits <= UINT16_MAX; *bits += (uint32_t)thin)
        if ((*bits & 0x7fff) < infinities[type])
            x[n++] = (uint16_t)*bits;
    return n;
}

static void call_halves(const activ_fn *fn, size_t type, const half_arrays *a, size_t from, size_t n, int backward,
                        uint16_t *out, float *dparams)
{
    const activ_dtype dtype = half_types[type];
    activ_status status = backward
                              ? activ_backward_as(fn, NULL, dtype, n, a->x + from, a->dy + from, out + from, dparams)
                              : activ_forward_as(fn, NULL, dtype, n, a->x + from, out + from);
    assert_int_equal(status, ACTIV_OK);
}

static int halves_raise(const activ_fn *fn, size_t tier, size_t type, half_arrays *a, size_t n, int backward,
                        float *dparams)
{
    for (size_t i = 0; backward && i < n; i++)
        a->dy[i] = ones[type];
    if (backward)
        call_halves(fn, type, a, 0, n, 1, a->y, NULL);
    for (size_t i = 0; backward && i < n; i++)
        a->dy[i] = i % 3 == 0 && (a->y[i] & 0x7fff) != infinities[type] ? 0 : i % 3 == 2 ? some[type] : ones[type];
    (void)feclearexcept(FE_ALL_EXCEPT);
    call_halves(fn, type, a, 0, n, backward, a->y, dparams);
    const int raised = fetestexcept(FE_INVALID | FE_DIVBYZERO);
    if (!raised)
        return 0;
    size_t at = 0;
    for (; at < n; at++) {
        (void)feclearexcept(FE_ALL_EXCEPT);
        call_halves(fn, type, a, at, 1, backward, a->y, dparams);
        if (fetestexcept(raised))
            break;
    }
    print_error("%s: %s of %s on %s raises %s at %#x\n", activ_fn_spec(fn), backward ? "backward" : "forward",
                half_names[type], activ_context_tier(each_tier[tier]),
                raised & FE_INVALID ? "FE_INVALID" : "FE_DIVBYZERO", (unsigned)a->x[at < n ? at : 0]);
    return 1;
}

static void each_function(void (*visit)(const char *spec))
{
#define NAME(name) #name,
    static const char *const names[] = { ACTIV_ELEMENTWISE(NAME) };
    for (size_t k = 0; k < sizeof names / sizeof names[0]; k++) {
        const ref_entry *entry = ref_find(names[k]);
        assert_non_null(entry);
        for (size_t i = 0; ref_spec(entry, i) != NULL; i++)
            visit(ref_spec(entry, i));
    }
}

static activ_fn *create(size_t tier, const char *spec, arrays *a)
{
    activ_fn *fn = NULL;
    assert_int_equal(activ_fn_create(each_tier[tier], spec, &fn), ACTIV_OK);
    a->dparams = calloc(activ_fn_param_count(fn) + 1, sizeof *a->dparams);
    assert_non_null(a->dparams);
    for (size_t i = 0; i < BLOCK; i++)
        a->dy[i] = i % 3 == 0 ? 0.0f : i % 3 == 1 ? 1.0f : -0.75f;
    return fn;
}

static void destroy(activ_fn *fn, arrays *a)
{
    activ_fn_destroy(fn);
    free(a->dparams);
}

static size_t wrong;

static void look_at_flags(const char *spec)
{
    static arrays a;
    for (size_t t = 0; t < each_tier_count; t++) {
        activ_fn *fn = create(t, spec, &a);
        int raised[2] = { 0, 0 };
        uint32_t bits = 0;
        for (size_t n; activ_fn_channels(fn) <= 1 && (n = next_inputs(&bits, a.x, BLOCK)) > 0;)
            for (int backward = 0; backward < 2; backward++) {
                memset(a.dparams, 0, activ_fn_param_count(fn) * sizeof *a.dparams);
                raised[backward] = raised[backward] || raises(fn, t, &a, n, backward);
            }
        wrong += (size_t)(raised[0] + raised[1]);
        destroy(fn, &a);
    }
}

static void look_at_halves(const char *spec)
{
    static arrays a;
    static half_arrays halves;
    for (size_t t = 0; t < each_tier_count; t++) {
        activ_fn *fn = create(t, spec, &a);
        for (size_t type = 0; activ_fn_channels(fn) <= 1 && type < HALF_TYPES; type++)
            for (int backward = 0, raised = 0; backward < 2; backward++, raised = 0) {
                uint32_t bits = 0;
                for (size_t n; (n = next_halves(type, &bits, halves.x, BLOCK)) > 0 && !raised;)
                    raised = halves_raise(fn, t, type, &halves, n, backward, a.dparams);
                wrong += (size_t)raised;
            }
        destroy(fn, &a);
    }
}

static void test_no_flags(void **state)
{
    (void)state;
    each_function(look_at_flags);
    assert_int_equal(wrong, 0);
}

static void test_no_flags_from_halves(void **state)
{
    (void)state;
    each_function(look_at_halves);
    assert_int_equal(wrong, 0);
}

/* Rows of numbers of all sizes, and rows of one number; values and gates. */
static int rows_raise(const activ_fn *fn, int gated, size_t columns)
{
    enum { MOST = 67, ROWS = 40 };
    static float x[ROWS * MOST], gate[ROWS * MOST], dy[ROWS * MOST], y[ROWS * MOST], dx[ROWS * MOST],
        dgate[ROWS * MOST];
    uint32_t bits = 12345;
    for (size_t i = 0; i < ROWS * columns; i++) {
        do
            bits = bits * 1664525u + 1013904223u;
        while (!is_finite(bits));
        memcpy(&x[i], &bits, sizeof bits);
        if (i / columns % 4 == 1)
            x[i] = x[i - columns];
        if (i / columns % 4 == 2)
            x[i] = i % 2 ? 3.4e38f : -3.4e38f;
        gate[i] = x[ROWS * columns - 1 - i];
        dy[i] = i % 3 ? 1.0f : -0.5f;
    }
    (void)feclearexcept(FE_ALL_EXCEPT);
    activ_status forward, backward;
    if (gated) {
        /* An infinite product times 0 would be the input's, not the function's: the values stay small. */
        for (size_t i = 0; i < ROWS * columns; i++)
            x[i] = (float)(i % 9) - 4.0f;
        forward = activ_forward_gated(fn, NULL, ROWS, columns, x, columns, gate, columns, y, columns);
        backward = activ_backward_gated(fn, NULL, ROWS, columns, x, columns, gate, columns, dy, columns, dx, columns,
                                        dgate, columns, NULL);
    } else {
        forward = activ_forward_rows(fn, NULL, ROWS, columns, x, columns, y, columns);
        backward = activ_backward_rows(fn, NULL, ROWS, columns, x, columns, dy, columns, dx, columns, NULL);
    }
    assert_true(forward == ACTIV_OK && backward == ACTIV_OK);
    if (!fetestexcept(FE_INVALID | FE_DIVBYZERO))
        return 0;
    print_error("%s: %zu columns\n", activ_fn_spec(fn), columns);
    return 1;
}

static void look_at_rows(void)
{
    static const char *const specs[] = { "softmax",    "log_softmax", "glu",      "reglu",      "geglu",
                                         "geglu_tanh", "swiglu",      "bilinear", "gated(tanh)" };
    enum { ROWWISE = 2 };
    for (size_t t = 0; t < each_tier_count; t++)
        for (size_t i = 0; i < sizeof specs / sizeof specs[0]; i++) {
            activ_fn *fn = NULL;
            assert_int_equal(activ_fn_create(each_tier[t], specs[i], &fn), ACTIV_OK);
            for (size_t columns = 1; columns <= 67; columns += 11)
                wrong += (size_t)rows_raise(fn, i >= ROWWISE, columns);
            activ_fn_destroy(fn);
        }
}

/* The same of 16 bits; rows of more than 320 have loops of their own. */
static int half_rows_raise(const activ_fn *fn, int gated, size_t columns, size_t type)
{
    enum { MOST = 450, ROWS = 12 };
    static uint16_t x[ROWS * MOST], gate[ROWS * MOST], dy[ROWS * MOST], y[ROWS * MOST], dx[ROWS * MOST],
        dgate[ROWS * MOST];
    static const uint16_t largest[] = { 0x7bff, 0x7f7f }, twos[] = { 0x4000, 0x4000 };
    const activ_dtype dtype = half_types[type];
    const size_t r = ROWS, c = columns;
    uint32_t bits = 12345;
    for (size_t i = 0; i < r * c; i++) {
        do
            bits = bits * 1664525u + 1013904223u;
        while ((bits >> 16 & 0x7fff) >= infinities[type]);
        x[i] = (uint16_t)(bits >> 16);
        if (i / c % 4 == 1)
            x[i] = x[i - c];
        if (i / c % 4 == 2)
            x[i] = (uint16_t)(largest[type] | (i % 2 ? 0 : 0x8000));
        dy[i] = i % 3 ? ones[type] : some[type];
    }
    memcpy(gate, x, sizeof gate);
    for (size_t i = 0; gated && i < r * c; i++)
        x[i] = i % 3 ? twos[type] : i % 2 ? some[type] : 0;
    (void)feclearexcept(FE_ALL_EXCEPT);
    activ_status forward, backward;
    if (gated) {
        forward = activ_forward_gated_as(fn, NULL, dtype, r, c, x, c, gate, c, y, c);
        backward = activ_backward_gated_as(fn, NULL, dtype, r, c, x, c, gate, c, dy, c, dx, c, dgate, c, NULL);
    } else {
        forward = activ_forward_rows_as(fn, NULL, dtype, r, c, x, c, y, c);
        backward = activ_backward_rows_as(fn, NULL, dtype, r, c, x, c, dy, c, dx, c, NULL);
    }
    assert_true(forward == ACTIV_OK && backward == ACTIV_OK);
    if (!fetestexcept(FE_INVALID | FE_DIVBYZERO))
        return 0;
    print_error("%s: %zu columns of %s\n", activ_fn_spec(fn), columns, half_names[type]);
    return 1;
}

static void look_at_half_rows(void)
{
    static const char *const specs[] = { "softmax",    "log_softmax", "glu",      "reglu",      "geglu",
                                         "geglu_tanh", "swiglu",      "bilinear", "gated(tanh)" };
    static const size_t lengths[] = { 1, 12, 23, 67, 320, 321, 450 };
    enum { ROWWISE = 2 };
    for (size_t t = 0; t < each_tier_count; t++)
        for (size_t i = 0; i < sizeof specs / sizeof specs[0]; i++) {
            activ_fn *fn = NULL;
            assert_int_equal(activ_fn_create(each_tier[t], specs[i], &fn), ACTIV_OK);
            for (size_t k = 0; k < sizeof lengths / sizeof lengths[0]; k++)
                for (size_t type = 0; type < HALF_TYPES; type++)
                    wrong += (size_t)half_rows_raise(fn, i >= ROWWISE, lengths[k], type);
            activ_fn_destroy(fn);
        }
}

/* Between the types. */
static void test_no_flags_from_conversions(void **state)
{
    (void)state;
    static uint16_t halves[BLOCK];
    static float x[BLOCK];
    static double wide[BLOCK];
    for (size_t type = 0; type < HALF_TYPES; type++) {
        const activ_dtype dtype = half_types[type];
        uint32_t bits = 0;
        activ_status status = ACTIV_OK;
        (void)feclearexcept(FE_ALL_EXCEPT);
        for (size_t n; (n = next_halves(type, &bits, halves, BLOCK)) > 0;) {
            status |= activ_convert(n, dtype, halves, ACTIV_FLOAT32, x);
            status |= activ_convert(n, dtype, halves, ACTIV_FLOAT64, wide);
            status |= activ_convert(n, dtype, halves, half_types[1 - type], halves);
        }
        bits = 0;
        for (size_t n; (n = next_inputs(&bits, x, BLOCK)) > 0;) {
            status |= activ_convert(n, ACTIV_FLOAT32, x, dtype, halves);
            status |= activ_convert(n, ACTIV_FLOAT32, x, ACTIV_FLOAT64, wide);
            for (size_t i = 0; i < n; i++)
                wide[i] *= 1.0 + 0x1p-40;
            status |= activ_convert(n, ACTIV_FLOAT64, wide, dtype, halves);
        }
        assert_int_equal(status, ACTIV_OK);
        assert_int_equal(fetestexcept(FE_INVALID | FE_DIVBYZERO), 0);
    }
}

static void test_no_flags_from_rows(void **state)
{
    (void)state;
    look_at_rows();
    look_at_half_rows();
    assert_int_equal(wrong, 0);
}

/* Every kind of layer, every optimiser. */
static void train(void)
{
    for (int classes = 0; classes < 2; classes++)
        for (int kind = 0; kind < 3; kind++) {
            activ_graph *g = zoo_create(NULL, classes, 3);
            activ_optimizer *optimizer = NULL;
            assert_int_equal(kind == 0   ? activ_sgd_create(g, NULL, &optimizer)
                             : kind == 1 ? activ_adamw_create(g, NULL, &optimizer)
                                         : activ_rmsprop_create(g, NULL, &optimizer),
                             ACTIV_OK);
            for (uint64_t step = 0; step < 20; step++) {
                static float x[ZOO_BATCH * ZOO_IN], targets[ZOO_BATCH * ZOO_CLASSES];
                static int32_t labels[ZOO_BATCH];
                float loss, norm;
                zoo_data(step, ZOO_BATCH, x, labels, targets);
                assert_int_equal(classes ? activ_graph_train(g, ZOO_BATCH, x, labels, &loss)
                                         : activ_graph_train_values(g, ZOO_BATCH, x, targets, &loss),
                                 ACTIV_OK);
                assert_int_equal(activ_graph_clip_grad_norm(g, 1.0f, &norm), ACTIV_OK);
                assert_int_equal(activ_optimizer_step(optimizer), ACTIV_OK);
            }
            activ_optimizer_destroy(optimizer);
            activ_graph_destroy(g);
        }
}

/* Losses of outputs of all sizes, and of no sample at all. */
static void look_at_losses(void)
{
    enum { CLASSES = 5, BATCH = 8, N = CLASSES * BATCH };
    activ_cross_entropy_options options = ACTIV_CROSS_ENTROPY_DEFAULTS;
    options.label_smoothing = 0.1f;
    for (size_t t = 0; t < each_tier_count; t++)
        for (int kind = 0; kind < 3; kind++) {
            activ_graph *g = NULL;
            activ_compile_options compile = ACTIV_COMPILE_DEFAULTS;
            compile.max_batch = BATCH;
            compile.keep_values = 1;
            assert_int_equal(activ_graph_create(each_tier[t], &g), ACTIV_OK);
            const activ_node x = activ_graph_apply(g, activ_graph_input(g, CLASSES), activ_fn_default("identity"));
            if (kind == 2)
                activ_graph_mse(g, x);
            else
                activ_graph_cross_entropy_ex(g, x, kind ? &options : NULL);
            assert_int_equal(activ_graph_compile_ex(g, &compile, NULL), ACTIV_OK);
            uint32_t bits = 4242;
            for (int round = 0; round < 300; round++) {
                float values[N], targets[N] = { 0 }, loss;
                int32_t labels[BATCH];
                for (size_t i = 0; i < N; i++) {
                    do
                        bits = bits * 1664525u + 1013904223u;
                    while (!is_finite(bits));
                    memcpy(&values[i], &bits, sizeof bits);
                    if (round % 3 == 1)
                        values[i] = i % 2 ? 3.4e38f : -3.4e38f;
                }
                for (int i = 0; i < BATCH; i++)
                    labels[i] = round % 3 == 2 ? -100 : (i + round) % CLASSES;
                (void)feclearexcept(FE_ALL_EXCEPT);
                assert_int_equal(kind == 2 ? activ_graph_train_values(g, BATCH, values, targets, &loss)
                                           : activ_graph_train(g, BATCH, values, labels, &loss),
                                 ACTIV_OK);
                wrong += fetestexcept(FE_INVALID | FE_DIVBYZERO) != 0;
            }
            activ_graph_destroy(g);
        }
}

static void test_no_flags_from_losses(void **state)
{
    (void)state;
    look_at_losses();
    assert_int_equal(wrong, 0);
}

/* A program that traps: the first flag ends it. */
static void test_with_traps(void **state)
{
    (void)state;
#if defined(__GLIBC__)
    (void)feclearexcept(FE_ALL_EXCEPT);
    if (feenableexcept(FE_INVALID | FE_DIVBYZERO) == -1)
        skip(); /* AArch64 has no traps */
    size_t before = thin;
    thin *= 16;
    each_function(look_at_flags);
    each_function(look_at_halves);
    thin = before;
    look_at_rows();
    look_at_half_rows();
    look_at_losses();
    train();
    (void)fedisableexcept(FE_ALL_EXCEPT);
    assert_int_equal(wrong, 0);
#else
    skip();
#endif
}

int main(int argc, char **argv)
{
    thin = thin_argument(argc, argv);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_no_flags),
        cmocka_unit_test(test_no_flags_from_halves),
        cmocka_unit_test(test_no_flags_from_conversions),
        cmocka_unit_test(test_no_flags_from_rows),
        cmocka_unit_test(test_no_flags_from_losses),
        cmocka_unit_test(test_with_traps),
    };
    return cmocka_run_group_tests(tests, each_tier_begin, each_tier_end);
}
