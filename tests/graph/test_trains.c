/* Every function of the catalog in a network that learns something simple: the loss falls, and nothing becomes NaN.
 * Elementwise and row-wise ones behind linear layers, gated ones on halves of a layer and between two. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "activ/fn.h"
#include "activ/graph.h"
#include "activ/optim.h"
#include "activ/random.h"

enum { IN = 12, HIDDEN = 24, CLASSES = 4, BATCH = 64, STEPS = 300 };

/* The class is the largest of the first four inputs: what a network of linear layers can learn, too. */
static void make_batch(uint64_t step, float *x, int32_t *labels)
{
    assert_int_equal(activ_random_normal(3, step, 0, BATCH * IN, 0.0f, 1.0f, x), ACTIV_OK);
    for (size_t i = 0; i < BATCH; i++) {
        labels[i] = 0;
        for (int32_t c = 1; c < CLASSES; c++)
            if (x[i * IN + (size_t)c] > x[i * IN + (size_t)labels[i]])
                labels[i] = c;
    }
}

static activ_graph *build(const activ_fn *fn, int32_t shape)
{
    activ_graph *g = NULL;
    assert_int_equal(activ_graph_create(NULL, &g), ACTIV_OK);
    activ_node x = activ_graph_linear(g, activ_graph_input(g, IN), shape == ACTIV_SHAPE_GATED ? 2 * HIDDEN : HIDDEN);
    if (shape == ACTIV_SHAPE_GATED) {
        x = activ_graph_gated_split(g, x, fn, ACTIV_GATE_SECOND);
        x = activ_graph_gated(g, activ_graph_linear(g, x, HIDDEN), activ_graph_linear(g, x, HIDDEN), fn);
    } else {
        x = activ_graph_apply(g, x, fn);
        x = activ_graph_add(g, activ_graph_apply(g, activ_graph_linear(g, x, HIDDEN), fn), x);
    }
    activ_graph_cross_entropy(g, activ_graph_linear(g, x, CLASSES));
    if (activ_graph_compile(g, BATCH) != ACTIV_OK)
        fail_msg("%s", activ_graph_error(g));
    assert_int_equal(activ_graph_init(g, 5), ACTIV_OK);
    return g;
}

static void check(const char *spec)
{
    activ_fn *fn = NULL;
    activ_fn_info info = ACTIV_FN_INFO_INIT;
    assert_int_equal(activ_fn_create(NULL, spec, &fn), ACTIV_OK);
    assert_int_equal(activ_fn_info_of(fn, &info), ACTIV_OK);
    activ_graph *g = build(fn, info.shape);
    activ_optimizer *optimizer = NULL;
    activ_adamw_options options = ACTIV_ADAMW_DEFAULTS;
    options.lr = 0.01f;
    assert_int_equal(activ_adamw_create(g, &options, &optimizer), ACTIV_OK);
    double first = 0.0, last = 0.0;
    for (uint64_t step = 0; step < STEPS; step++) {
        float x[BATCH * IN], loss = NAN;
        int32_t labels[BATCH];
        make_batch(step, x, labels);
        assert_int_equal(activ_graph_train(g, BATCH, x, labels, &loss), ACTIV_OK);
        if (!isfinite(loss))
            fail_msg("%s: the loss of step %d is %g", spec, (int)step, (double)loss);
        assert_int_equal(activ_optimizer_step(optimizer), ACTIV_OK);
        first += step < 20 ? (double)loss / 20 : 0.0;
        last += step >= STEPS - 20 ? (double)loss / 20 : 0.0;
    }
    for (size_t i = 0; i < activ_graph_param_count(g); i++)
        if (!isfinite(activ_graph_params(g)[i]))
            fail_msg("%s: parameter %zu is %g", spec, i, (double)activ_graph_params(g)[i]);
    print_message("  %-28s loss %.3f, then %.3f\n", spec, first, last);
    if (!(last < 0.8 * first))
        fail_msg("%s: the loss was %g and is %g", spec, first, last);
    activ_optimizer_destroy(optimizer);
    activ_graph_destroy(g);
    activ_fn_destroy(fn);
}

static void test_catalog(void **state)
{
    (void)state;
    activ_fn_info info = ACTIV_FN_INFO_INIT;
    size_t count = 0;
    for (; activ_fn_catalog(count, &info) == ACTIV_OK; count++)
        check(info.name);
    assert_true(count > 25);
}

static void test_settings(void **state)
{
    (void)state;
    static const char *const specs[] = {
        "prelu(num_parameters=24)",  "trainable_elu(num_parameters=24)",    "gated(bspline)", "gated(prelu)",
        "gated(swish(beta=1.7889))", "adaptive_sigmoid(num_parameters=24)", "gated(rrelu)",   "rational_a(p=3,q=2)"
    };
    for (size_t i = 0; i < sizeof specs / sizeof specs[0]; i++)
        check(specs[i]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_catalog),
        cmocka_unit_test(test_settings),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
