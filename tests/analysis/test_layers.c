/* Views of a graph's layers, and the dead neurons of all of them. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "activ/activ.h"
#include "graph/zoo.h"
#include "support/memory.h"

static activ_graph *create_zoo(const activ_context *context, size_t max_batch, int keep)
{
    activ_graph *g = NULL;
    activ_compile_options options = ACTIV_COMPILE_DEFAULTS;
    options.max_batch = max_batch;
    options.keep_values = keep;
    assert_int_equal(activ_graph_create(context, &g), ACTIV_OK);
    assert_int_equal(zoo_build(context, g, 1), ACTIV_OK);
    assert_int_equal(activ_graph_compile_ex(g, &options, NULL), ACTIV_OK);
    assert_int_equal(activ_graph_init(g, 11), ACTIV_OK);
    return g;
}

static activ_layer_view view_of(const activ_graph *g, activ_node node)
{
    activ_layer_view view = ACTIV_LAYER_VIEW_INIT;
    assert_int_equal(activ_graph_layer_view(g, node, &view), ACTIV_OK);
    return view;
}

/* Every view is what the single calls say. */
static void assert_views(activ_graph *g, size_t batch)
{
    size_t params = 0, tensors = 0;
    for (activ_node i = 0; i < (activ_node)activ_graph_node_count(g); i++) {
        const activ_layer_view view = view_of(g, i);
        activ_node_info info = ACTIV_NODE_INFO_INIT;
        assert_int_equal(activ_graph_node_info(g, i, &info), ACTIV_OK);
        assert_string_equal(view.name, info.name);
        assert_string_equal(view.kind, info.kind);
        assert_ptr_equal(view.fn, activ_graph_node_fn(g, i));
        assert_int_equal(view.ndim, info.ndim);
        assert_ptr_equal(view.shape, info.shape);
        size_t width = 1;
        for (size_t k = 0; k < info.ndim; k++)
            width *= info.shape[k];
        assert_int_equal(view.width, width);
        assert_ptr_equal(view.values, activ_graph_values(g, i));
        assert_ptr_equal(view.value_grads, activ_graph_value_grads(g, i));
        assert_int_equal(view.batch, view.values || view.value_grads ? batch : 0);
        assert_int_equal(view.param_count, info.param_count);
        assert_ptr_equal(view.params, info.param_count ? activ_graph_params(g) + info.first_param : NULL);
        assert_ptr_equal(view.param_grads, info.param_count && activ_graph_max_batch(g) > 0
                                               ? activ_graph_grads(g) + info.first_param
                                               : NULL);
        params += view.param_count;
        size_t in_tensors = 0;
        for (size_t t = 0; t < view.tensor_count; t++, tensors++) {
            activ_graph_tensor_info tensor = ACTIV_GRAPH_TENSOR_INFO_INIT;
            assert_int_equal(view.first_tensor + t, tensors);
            assert_int_equal(activ_graph_param_tensor_info(g, tensors, &tensor), ACTIV_OK);
            assert_int_equal(tensor.node, i);
            assert_int_equal(tensor.offset - view.first_param, in_tensors);
            in_tensors += tensor.count;
        }
        assert_int_equal(in_tensors, view.param_count);
    }
    assert_int_equal(params, activ_graph_param_count(g));
    assert_int_equal(tensors, activ_graph_param_tensor_count(g));
}

static void test_views(void **state)
{
    (void)state;
    enum { IN = ZOO_BATCH * ZOO_IN, OUT = ZOO_BATCH * ZOO_CLASSES };
    float x[IN], y[OUT], targets[OUT];
    int32_t labels[ZOO_BATCH];
    zoo_data(3, ZOO_BATCH, x, labels, targets);
    for (int keep = 0; keep < 2; keep++) {
        activ_graph *g = create_zoo(NULL, ZOO_BATCH, keep);
        const activ_node output = activ_graph_output_node(g), input = activ_graph_input_node(g),
                         flat = activ_graph_find_node(g, "flatten"), loss = activ_graph_loss_node(g);
        assert_views(g, 0);
        assert_int_equal(activ_graph_forward(g, 19, x, y), ACTIV_OK);
        assert_views(g, 19);
        assert_memory_equal(view_of(g, output).values, y, 19 * ZOO_CLASSES * sizeof *y);
        assert_int_equal(activ_graph_evaluate(g, 7, x, labels, NULL, NULL), ACTIV_OK);
        assert_views(g, 7);
        assert_int_equal(activ_graph_train(g, ZOO_BATCH, x, labels, NULL), ACTIV_OK);
        assert_views(g, ZOO_BATCH);
        const activ_layer_view last = view_of(g, output), first = view_of(g, input), flatten = view_of(g, flat);
        assert_true(!last.values == !keep && !last.value_grads == !keep && last.batch == (keep ? ZOO_BATCH : 0));
        assert_true(!first.values && !first.value_grads == !keep && first.ndim == 2 && first.width == ZOO_IN);
        assert_true(!flatten.values == !keep && !flatten.value_grads == !keep && flatten.ndim == 1);
        assert_true(!view_of(g, loss).values && !view_of(g, loss).value_grads && view_of(g, loss).param_count == 0);
        if (keep) {
            /* Of a linear layer: the gradient by the bias is the sum of those by its outputs. */
            for (size_t c = 0; c < ZOO_CLASSES; c++) {
                double sum = 0.0;
                for (size_t r = 0; r < ZOO_BATCH; r++)
                    sum += last.value_grads[r * ZOO_CLASSES + c];
                assert_true(fabs(sum - (double)last.param_grads[last.param_count - ZOO_CLASSES + c]) < 1e-5);
            }
        }
        /* A loss of the caller's. */
        assert_int_equal(activ_graph_forward_train(g, 5, x, y), ACTIV_OK);
        assert_views(g, 5);
        assert_int_equal(activ_graph_backward(g, 5, y, NULL), ACTIV_OK);
        assert_views(g, 5);
        activ_graph_destroy(g);
    }
    activ_graph *g = create_zoo(NULL, 0, 0);
    assert_views(g, 0);
    activ_graph_destroy(g);
}

/* 2 inputs, 4 neurons, 2 neurons, with parameters by hand. */
static activ_graph *create_small(const activ_context *context, int keep)
{
    activ_graph *g = NULL;
    activ_fn *relu = NULL;
    activ_compile_options options = ACTIV_COMPILE_DEFAULTS;
    options.max_batch = 4;
    options.keep_values = keep;
    assert_int_equal(activ_fn_create(context, "relu", &relu), ACTIV_OK);
    assert_int_equal(activ_graph_create(context, &g), ACTIV_OK);
    activ_node x = activ_graph_apply(g, activ_graph_linear(g, activ_graph_input(g, 2), 4), relu);
    x = activ_graph_apply(g, activ_graph_linear(g, x, 2), relu);
    activ_graph_cross_entropy(g, activ_graph_linear(g, x, 2));
    activ_fn_destroy(relu);
    assert_int_equal(activ_graph_compile_ex(g, &options, NULL), ACTIV_OK);
    float *p = activ_graph_params(g);
    /* x0, x1, -x0 - x1 - 10, x0 - 1; then the sum of all, and minus the sum of all. */
    const float params[] = {
        1, 0, 0, 1, -1, -1, 1, 0, 0, 0, -10, -1, 1, 1, 1, 1, -1, -1, -1, -1, 0, 0, 1, 2, 3, 4, 0, 0
    };
    assert_int_equal(activ_graph_param_count(g), sizeof params / sizeof *params);
    memcpy(p, params, sizeof params);
    return g;
}

static void test_graph_neurons(void **state)
{
    (void)state;
    const float x[4][2] = { { 1, -1 }, { 0, 2 }, { -1, 0 }, { 2, 0 } };
    const int32_t labels[4] = { 0, 1, 0, 1 };
    float y[8];
    activ_graph *g = create_small(NULL, 1);
    activ_graph_neurons *all = NULL, *more = NULL;
    assert_int_equal(activ_graph_neurons_create(g, NULL, &all), ACTIV_OK);
    assert_int_equal(activ_graph_neurons_create(g, NULL, &more), ACTIV_OK);
    assert_int_equal(activ_graph_neurons_count(all), 2);
    assert_int_equal(activ_graph_neurons_node(all, 0), activ_graph_find_node(g, "layers.1"));
    assert_int_equal(activ_graph_neurons_node(all, 1), activ_graph_find_node(g, "layers.3"));
    assert_int_equal(activ_graph_neurons_node(all, 2), -1);
    assert_null(activ_graph_neurons_at(all, 2));
    assert_int_equal(activ_graph_neurons_add(all), ACTIV_ERROR_STATE);

    assert_int_equal(activ_graph_forward(g, 2, x[0], y), ACTIV_OK);
    assert_int_equal(activ_graph_neurons_add(all), ACTIV_OK);
    activ_neurons_info first = ACTIV_NEURONS_INFO_INIT, second = ACTIV_NEURONS_INFO_INIT;
    assert_int_equal(activ_neurons_get(activ_graph_neurons_at(all, 0), &first), ACTIV_OK);
    assert_int_equal(activ_neurons_get(activ_graph_neurons_at(all, 1), &second), ACTIV_OK);
    assert_true(first.width == 4 && first.inputs == 2 && first.dead == 2);
    assert_true(second.width == 2 && second.inputs == 2 && second.dead == 1);
    /* The other two samples; a training call's values too, as the graph keeps them. */
    assert_int_equal(activ_graph_train(g, 2, x[2], labels, NULL), ACTIV_OK);
    assert_int_equal(activ_graph_neurons_add(more), ACTIV_OK);
    assert_int_equal(activ_graph_neurons_merge(all, more), ACTIV_OK);
    assert_int_equal(activ_neurons_get(activ_graph_neurons_at(all, 0), &first), ACTIV_OK);
    static const uint64_t active[4] = { 2, 1, 0, 1 };
    assert_true(first.inputs == 4 && first.dead == 1);
    assert_memory_equal(first.active, active, sizeof active);
    assert_int_equal(activ_graph_neurons_reset(all), ACTIV_OK);
    assert_int_equal(activ_neurons_get(activ_graph_neurons_at(all, 0), &first), ACTIV_OK);
    assert_int_equal(first.inputs, 0);

    assert_int_equal(activ_graph_neurons_merge(all, all), ACTIV_ERROR_INVALID);
    assert_int_equal(activ_graph_neurons_merge(NULL, all), ACTIV_ERROR_INVALID);
    assert_int_equal(activ_graph_neurons_merge(all, NULL), ACTIV_ERROR_INVALID);
    assert_int_equal(activ_graph_neurons_add(NULL), ACTIV_ERROR_INVALID);
    assert_int_equal(activ_graph_neurons_reset(NULL), ACTIV_ERROR_INVALID);
    assert_int_equal(activ_graph_neurons_count(NULL), 0);
    assert_int_equal(activ_graph_neurons_node(NULL, 0), -1);
    assert_null(activ_graph_neurons_at(NULL, 0));
    activ_graph *zoo = create_zoo(NULL, ZOO_BATCH, 0);
    activ_graph_neurons *others = NULL;
    assert_int_equal(activ_graph_neurons_create(zoo, NULL, &others), ACTIV_OK);
    assert_int_equal(activ_graph_neurons_merge(all, others), ACTIV_ERROR_SHAPE);
    activ_graph_neurons_destroy(others);
    activ_graph_neurons_destroy(all);
    activ_graph_neurons_destroy(more);
    activ_graph_neurons_destroy(NULL);
    activ_graph_destroy(zoo);
    activ_graph_destroy(g);

    /* Without keep_values: after forward calls only. */
    g = create_small(NULL, 0);
    assert_int_equal(activ_graph_neurons_create(g, NULL, &all), ACTIV_OK);
    assert_int_equal(activ_graph_forward(g, 4, x[0], y), ACTIV_OK);
    assert_int_equal(activ_graph_neurons_add(all), ACTIV_OK);
    assert_int_equal(activ_graph_train(g, 4, x[0], labels, NULL), ACTIV_OK);
    assert_int_equal(activ_graph_neurons_add(all), ACTIV_ERROR_STATE);
    assert_int_equal(activ_neurons_get(activ_graph_neurons_at(all, 0), &first), ACTIV_OK);
    assert_true(first.inputs == 4 && first.dead == 1);
    assert_memory_equal(first.active, active, sizeof active);
    activ_graph_neurons_destroy(all);
    activ_graph_destroy(g);
}

static void test_errors(void **state)
{
    (void)state;
    activ_graph *g = NULL;
    activ_graph_neurons *all = NULL;
    activ_layer_view view = ACTIV_LAYER_VIEW_INIT;
    assert_int_equal(activ_graph_create(NULL, &g), ACTIV_OK);
    const activ_node x = activ_graph_linear(g, activ_graph_input(g, 3), 2);
    assert_int_equal(activ_graph_layer_view(g, x, &view), ACTIV_ERROR_STATE);
    assert_int_equal(activ_graph_neurons_create(g, NULL, &all), ACTIV_ERROR_STATE);
    assert_int_equal(activ_graph_compile(g, 0), ACTIV_OK);
    assert_int_equal(activ_graph_neurons_create(g, NULL, &all), ACTIV_ERROR_STATE);
    assert_int_equal(activ_graph_layer_view(g, -1, &view), ACTIV_ERROR_RANGE);
    assert_int_equal(activ_graph_layer_view(g, 2, &view), ACTIV_ERROR_RANGE);
    assert_int_equal(activ_graph_layer_view(NULL, x, &view), ACTIV_ERROR_INVALID);
    assert_int_equal(activ_graph_layer_view(g, x, NULL), ACTIV_ERROR_INVALID);
    view.size = 0;
    assert_int_equal(activ_graph_layer_view(g, x, &view), ACTIV_ERROR_INVALID);
    assert_null(view.name);
    assert_int_equal(activ_graph_neurons_create(NULL, NULL, &all), ACTIV_ERROR_INVALID);
    assert_int_equal(activ_graph_neurons_create(g, NULL, NULL), ACTIV_ERROR_INVALID);
    activ_neurons_options options = ACTIV_NEURONS_DEFAULTS;
    options.threshold = -1.0f;
    assert_int_equal(activ_graph_neurons_create(g, &options, &all), ACTIV_ERROR_RANGE);
    assert_null(all);
    activ_graph_destroy(g);
}

static void test_allocation(void **state)
{
    (void)state;
    test_memory memory = { 0 };
    activ_context *context = test_memory_context(&memory);
    assert_non_null(context);
    activ_graph *g = create_small(context, 0);
    activ_context_destroy(context);
    activ_graph_neurons *all = NULL;
    const size_t live = memory.live;
    for (size_t fail = 1; fail <= 3; fail++) {
        memory.fail_at = memory.calls + fail;
        assert_int_equal(activ_graph_neurons_create(g, NULL, &all), ACTIV_ERROR_OUT_OF_MEMORY);
        assert_null(all);
        assert_int_equal(memory.live, live);
    }
    memory.fail_at = 0;
    assert_int_equal(activ_graph_neurons_create(g, NULL, &all), ACTIV_OK);
    const size_t calls = memory.calls;
    const float x[4] = { 1, 2, 3, 4 };
    float y[4];
    assert_int_equal(activ_graph_forward(g, 2, x, y), ACTIV_OK);
    assert_int_equal(activ_graph_neurons_add(all), ACTIV_OK);
    (void)view_of(g, 0);
    assert_int_equal(memory.calls, calls);
    activ_graph_neurons_destroy(all);
    activ_graph_destroy(g);
    assert_int_equal(memory.live, 0);
    assert_int_equal(memory.mistakes, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_views),
        cmocka_unit_test(test_graph_neurons),
        cmocka_unit_test(test_errors),
        cmocka_unit_test(test_allocation),
    };
    return cmocka_run_group_tests_name("analysis_layers", tests, NULL, NULL);
}
