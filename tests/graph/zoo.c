/* One network with every kind of layer: see zoo.h. */
#include "graph/zoo.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "activ/fn.h"
#include "activ/optim.h"
#include "activ/random.h"

static activ_node apply(const activ_context *context, activ_graph *g, activ_node x, const char *spec,
                        activ_status *status)
{
    activ_fn *fn = NULL;
    activ_status made = activ_fn_create(context, spec, &fn);
    if (made != ACTIV_OK) {
        if (*status == ACTIV_OK)
            *status = made;
        return -1;
    }
    activ_node node = activ_graph_apply(g, x, fn);
    activ_fn_destroy(fn);
    return node;
}

activ_status zoo_build(const activ_context *context, activ_graph *g, int classes)
{
    activ_status status = ACTIV_OK;
    const size_t shape[2] = { 3, 4 };
    activ_node x = activ_graph_input_shape(g, 2, shape);
    activ_node slopes = apply(context, g, x, "prelu(weight=0.125)", &status);
    activ_node twice = activ_graph_concat(g, activ_graph_add(g, slopes, x), activ_graph_batch_norm(g, x, NULL), 0);
    twice = activ_graph_layer_norm(g, twice, 1, NULL);
    activ_node flat = activ_graph_flatten(g, twice);
    activ_node wide = activ_graph_layer_norm(g, activ_graph_linear(g, flat, 67), -1, NULL);
    activ_node h = activ_graph_add(g, apply(context, g, wide, "gelu", &status), wide);
    activ_node sines =
        apply(context, g, activ_graph_linear_without_bias(g, h, 33), "staf(tau=3, init=unit, omega0=2)", &status);
    activ_graph_set_name(g, sines, "sines");
    activ_node noisy = activ_graph_batch_norm(g, activ_graph_linear(g, h, 33), NULL);
    noisy = apply(context, g, noisy, "rrelu", &status);
    activ_node dead = apply(context, g, activ_graph_linear(g, noisy, 8), "trainable_elu(alpha=0.75)", &status);
    activ_graph_set_name(g, dead, "short-cut");
    activ_graph_set_name(g, apply(context, g, activ_graph_linear(g, dead, 3), "relu", &status), "dead-end");
    activ_node both = activ_graph_apply_shared(g, activ_graph_add(g, sines, noisy), slopes);
    both = activ_graph_apply_shared(g, activ_graph_add(g, both, both), sines);
    both = apply(context, g, both, "softplus(beta=0.7, threshold=15)", &status);
    both = activ_graph_dropout(g, activ_graph_multiply(g, both, noisy), 0.25f);
    both = activ_graph_concat_many(g, 3, (activ_node[]){ both, dead, both }, -1);
    activ_node last = activ_graph_linear(g, both, ZOO_CLASSES);
    activ_graph_set_name(g, last, "head.out_1");
    if (classes)
        activ_graph_cross_entropy(g, last);
    else
        activ_graph_mse(g, last);
    return status;
}

void zoo_data(uint64_t which, size_t batch, float *x, int32_t *labels, float *targets)
{
    activ_random_normal(5, which, 0, batch * ZOO_IN, 0.0f, 1.0f, x);
    activ_random_normal(6, which, 0, batch * ZOO_CLASSES, 0.0f, 1.0f, targets);
    for (size_t i = 0; i < batch; i++)
        labels[i] = (int32_t)(activ_random_bits(7, which, i) % ZOO_CLASSES);
}

activ_graph *zoo_create(const activ_context *context, int classes, uint64_t seed)
{
    activ_graph *g = NULL;
    assert_int_equal(activ_graph_create(context, &g), ACTIV_OK);
    assert_int_equal(zoo_build(context, g, classes), ACTIV_OK);
    if (activ_graph_compile(g, ZOO_BATCH) != ACTIV_OK)
        fail_msg("%s", activ_graph_error(g));
    assert_int_equal(activ_graph_init(g, seed), ACTIV_OK);
    return g;
}

void zoo_train(activ_graph *g, int classes, uint64_t steps)
{
    float x[ZOO_BATCH * ZOO_IN], targets[ZOO_BATCH * ZOO_CLASSES], loss;
    int32_t labels[ZOO_BATCH];
    activ_sgd_options options = { .size = sizeof options, .lr = 0.01f, .momentum = 0.9f };
    activ_optimizer *sgd = NULL;
    assert_int_equal(activ_sgd_create(g, &options, &sgd), ACTIV_OK);
    for (uint64_t step = 0; step < steps; step++) {
        size_t batch = step % 3 == 2 ? 5 : ZOO_BATCH;
        zoo_data(step, batch, x, labels, targets);
        assert_int_equal(classes ? activ_graph_train(g, batch, x, labels, &loss)
                                 : activ_graph_train_values(g, batch, x, targets, &loss),
                         ACTIV_OK);
        assert_int_equal(activ_optimizer_step(sgd), ACTIV_OK);
    }
    activ_optimizer_destroy(sgd);
}
