/* Training with a loss of the caller's: activ_graph_forward_train and activ_graph_backward are activ_graph_train, and
 * what the latter leaves to be read of a graph that keeps values. */
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

enum { IN = ZOO_BATCH * ZOO_IN, OUT = ZOO_BATCH * ZOO_CLASSES };

static activ_graph *create_zoo(const activ_context *context, int classes, int keep)
{
    activ_graph *g = NULL;
    activ_compile_options options = ACTIV_COMPILE_DEFAULTS;
    options.max_batch = ZOO_BATCH;
    options.keep_values = keep;
    assert_int_equal(activ_graph_create(context, &g), ACTIV_OK);
    assert_int_equal(zoo_build(context, g, classes), ACTIV_OK);
    activ_message message = { "" };
    if (activ_graph_compile_ex(g, &options, &message) != ACTIV_OK)
        fail_msg("%s", message.text);
    assert_int_equal(activ_graph_init(g, 11), ACTIV_OK);
    return g;
}

static void assert_same_floats(const float *a, const float *b, size_t count)
{
    assert_non_null(a);
    assert_non_null(b);
    assert_memory_equal(a, b, count * sizeof *a);
}

static void step(activ_graph *g, int classes, const float *x, const int32_t *labels, const float *targets, size_t batch,
                 float *loss)
{
    assert_int_equal(classes ? activ_graph_train(g, batch, x, labels, loss)
                             : activ_graph_train_values(g, batch, x, targets, loss),
                     ACTIV_OK);
}

/* Three graphs in step: the built-in loss; the same, kept; and a caller's loss with the gradient of the second. */
static void test_same_as_built_in(void **state)
{
    (void)state;
    for (int classes = 0; classes < 2; classes++)
        for (int keep = 0; keep < 2; keep++) {
            activ_graph *usual = create_zoo(NULL, classes, 0), *kept = create_zoo(NULL, classes, 1),
                        *own = create_zoo(NULL, classes, keep);
            activ_graph *all[3] = { usual, kept, own };
            activ_optimizer *optimizers[3];
            for (int i = 0; i < 3; i++)
                assert_int_equal(activ_adamw_create(all[i], NULL, &optimizers[i]), ACTIV_OK);
            const size_t count = activ_graph_param_count(usual);
            const activ_node output = activ_graph_output_node(kept), input = activ_graph_input_node(kept);
            for (uint64_t s = 0; s < 6; s++) {
                static float x[IN], targets[OUT], y[OUT], dx[IN];
                static int32_t labels[ZOO_BATCH];
                const size_t batch = s == 3 ? 6 : ZOO_BATCH;
                float loss[2];
                zoo_data(s, batch, x, labels, targets);
                step(usual, classes, x, labels, targets, batch, &loss[0]);
                step(kept, classes, x, labels, targets, batch, &loss[1]);
                assert_memory_equal(&loss[0], &loss[1], sizeof loss[0]);
                assert_same_floats(activ_graph_grads(usual), activ_graph_grads(kept), count);

                assert_int_equal(activ_graph_forward_train(own, batch, x, y), ACTIV_OK);
                assert_same_floats(y, activ_graph_values(kept, output), batch * ZOO_CLASSES);
                const float *dy = activ_graph_value_grads(kept, output);
                assert_int_equal(activ_graph_backward(own, batch, dy, s % 2 ? dx : NULL), ACTIV_OK);
                assert_same_floats(activ_graph_grads(usual), activ_graph_grads(own), count);
                if (s % 2)
                    assert_same_floats(dx, activ_graph_value_grads(kept, input), batch * ZOO_IN);
                for (size_t n = 0; n < activ_graph_node_count(own); n++) {
                    activ_node_info info = ACTIV_NODE_INFO_INIT;
                    assert_int_equal(activ_graph_node_info(own, (activ_node)n, &info), ACTIV_OK);
                    const int is_loss = (activ_node)n == activ_graph_loss_node(own);
                    size_t values = batch;
                    for (size_t d = 0; d < info.ndim; d++)
                        values *= info.shape[d];
                    if (!keep || is_loss) {
                        assert_null(activ_graph_value_grads(own, (activ_node)n));
                        assert_null(activ_graph_values(own, (activ_node)n));
                        continue;
                    }
                    assert_same_floats(activ_graph_value_grads(own, (activ_node)n),
                                       activ_graph_value_grads(kept, (activ_node)n), values);
                    if ((activ_node)n != input)
                        assert_same_floats(activ_graph_values(own, (activ_node)n),
                                           activ_graph_values(kept, (activ_node)n), values);
                }
                for (int i = 0; i < 3; i++)
                    assert_int_equal(activ_optimizer_step(optimizers[i]), ACTIV_OK);
                assert_same_floats(activ_graph_params(usual), activ_graph_params(own), count);
                assert_same_floats(activ_graph_params(usual), activ_graph_params(kept), count);
                assert_same_floats(activ_graph_buffers(usual), activ_graph_buffers(own),
                                   activ_graph_buffer_count(usual));
            }
            for (int i = 0; i < 3; i++) {
                activ_optimizer_destroy(optimizers[i]);
                activ_graph_destroy(all[i]);
            }
        }
}

/* What is kept is what the layers say: of a linear layer and the activation behind it, elsewhere fused. */
static void test_kept_values(void **state)
{
    (void)state;
    enum { BATCH = 9, A = 5, B = 7, C = 3 };
    activ_graph *g = NULL;
    activ_fn *fn = NULL;
    activ_compile_options options = ACTIV_COMPILE_DEFAULTS;
    options.max_batch = BATCH;
    options.keep_values = 1;
    assert_int_equal(activ_fn_create(NULL, "gelu", &fn), ACTIV_OK);
    assert_int_equal(activ_graph_create(NULL, &g), ACTIV_OK);
    const activ_node in = activ_graph_input(g, A), first = activ_graph_linear(g, in, B),
                     act = activ_graph_apply(g, first, fn), last = activ_graph_linear(g, act, C),
                     loss_node = activ_graph_mse(g, last);
    const size_t usual = activ_graph_memory_bytes(g, BATCH), forecast = activ_graph_memory_bytes_ex(g, &options);
    assert_true(forecast > usual);
    assert_int_equal(activ_graph_compile_ex(g, &options, NULL), ACTIV_OK);
    assert_int_equal(activ_graph_memory_bytes(g, 0), forecast);
    assert_int_equal(activ_graph_init(g, 3), ACTIV_OK);
    float x[BATCH * A], targets[BATCH * C], loss;
    assert_int_equal(activ_random_normal(1, 1, 0, BATCH * A, 0.0f, 1.0f, x), ACTIV_OK);
    assert_int_equal(activ_random_normal(1, 2, 0, BATCH * C, 0.0f, 1.0f, targets), ACTIV_OK);
    assert_null(activ_graph_values(g, act));
    assert_null(activ_graph_value_grads(g, act));
    assert_int_equal(activ_graph_train_values(g, BATCH, x, targets, &loss), ACTIV_OK);

    float expected[BATCH * B];
    const float *w = activ_graph_params(g), *b = w + B * A, *before = activ_graph_values(g, first);
    for (size_t i = 0; i < BATCH; i++)
        for (size_t j = 0; j < B; j++) {
            double sum = (double)b[j];
            for (size_t k = 0; k < A; k++)
                sum += (double)w[j * A + k] * (double)x[i * A + k];
            assert_true(fabs(sum - (double)before[i * B + j]) < 1e-5);
        }
    assert_int_equal(activ_forward(fn, NULL, BATCH * B, before, expected), ACTIV_OK);
    assert_same_floats(activ_graph_values(g, act), expected, BATCH * B);
    assert_int_equal(activ_backward(fn, NULL, BATCH * B, before, activ_graph_value_grads(g, act), expected, NULL),
                     ACTIV_OK);
    assert_same_floats(activ_graph_value_grads(g, first), expected, BATCH * B);
    const float *y = activ_graph_values(g, last), *dy = activ_graph_value_grads(g, last);
    for (size_t i = 0; i < BATCH * C; i++)
        assert_true(fabs(2.0 * ((double)y[i] - (double)targets[i]) / (BATCH * C) - (double)dy[i]) < 1e-7);
    /* dx = dy W */
    const float *dx = activ_graph_value_grads(g, in), *dfirst = activ_graph_value_grads(g, first);
    for (size_t i = 0; i < BATCH; i++)
        for (size_t k = 0; k < A; k++) {
            double sum = 0.0;
            for (size_t j = 0; j < B; j++)
                sum += (double)dfirst[i * B + j] * (double)w[j * A + k];
            assert_true(fabs(sum - (double)dx[i * A + k]) < 1e-6);
        }
    assert_null(activ_graph_value_grads(g, loss_node));
    assert_null(activ_graph_value_grads(g, -1));
    assert_null(activ_graph_value_grads(g, loss_node + 1));
    assert_null(activ_graph_value_grads(NULL, 0));

    /* An evaluation overwrites them. */
    assert_int_equal(activ_graph_evaluate_values(g, BATCH, x, targets, &loss), ACTIV_OK);
    assert_non_null(activ_graph_values(g, act));
    assert_null(activ_graph_value_grads(g, act));
    activ_graph_destroy(g);
    activ_fn_destroy(fn);
}

/* ---- the gradient of the input, by differences ---------------------------------------------------- */

typedef activ_node builder(activ_graph *g, const activ_fn *smooth, const activ_fn *rows);

static activ_node nothing_trained(activ_graph *g, const activ_fn *smooth, const activ_fn *rows)
{
    const size_t shape[2] = { 3, 4 };
    activ_node x = activ_graph_input_shape(g, 2, shape);
    return activ_graph_flatten(g, activ_graph_apply(g, activ_graph_apply(g, x, smooth), rows));
}

static activ_node first_untrained(activ_graph *g, const activ_fn *smooth, const activ_fn *rows)
{
    activ_node x = activ_graph_input(g, 12);
    x = activ_graph_linear(g, activ_graph_apply(g, activ_graph_apply(g, x, rows), smooth), 4);
    return activ_graph_apply(g, x, smooth);
}

static activ_node used_often(activ_graph *g, const activ_fn *smooth, const activ_fn *rows)
{
    activ_node x = activ_graph_input(g, 12), y = activ_graph_apply(g, x, smooth);
    x = activ_graph_concat_many(g, 4, (activ_node[]){ x, y, x, activ_graph_multiply(g, x, x) }, 0);
    x = activ_graph_apply(g, activ_graph_linear(g, x, 5), rows);
    return activ_graph_layer_norm(g, x, -1, NULL);
}

static activ_node flat_input(activ_graph *g, const activ_fn *smooth, const activ_fn *rows)
{
    (void)rows;
    const size_t shape[2] = { 3, 4 };
    activ_node x = activ_graph_flatten(g, activ_graph_input_shape(g, 2, shape));
    return activ_graph_linear(g, activ_graph_apply(g, activ_graph_linear(g, x, 6), smooth), 3);
}

static activ_node noisy(activ_graph *g, const activ_fn *smooth, const activ_fn *rows)
{
    (void)rows;
    activ_node x = activ_graph_dropout(g, activ_graph_input(g, 12), 0.4f);
    x = activ_graph_batch_norm(g, activ_graph_linear(g, x, 6), NULL);
    return activ_graph_add(g, activ_graph_dropout(g, activ_graph_apply(g, x, smooth), 0.3f), x);
}

static void try_input_gradient(builder *build, int keep)
{
    enum { BATCH = 5, X = BATCH * 12, MOST = BATCH * 12 };
    activ_graph *g = NULL;
    activ_fn *smooth = NULL, *rows = NULL;
    activ_compile_options options = ACTIV_COMPILE_DEFAULTS;
    options.max_batch = BATCH;
    options.keep_values = keep;
    assert_int_equal(activ_fn_create(NULL, "tanh", &smooth), ACTIV_OK);
    assert_int_equal(activ_fn_create(NULL, "softmax", &rows), ACTIV_OK);
    assert_int_equal(activ_graph_create(NULL, &g), ACTIV_OK);
    const activ_node last = build(g, smooth, rows);
    if (activ_graph_compile_ex(g, &options, NULL) != ACTIV_OK)
        fail_msg("%s", activ_graph_error(g));
    activ_node_info info = ACTIV_NODE_INFO_INIT;
    assert_int_equal(activ_graph_node_info(g, last, &info), ACTIV_OK);
    const size_t out = BATCH * info.shape[0];
    assert_true(info.ndim == 1 && out <= MOST);
    float x[X], dx[X], y[MOST], dy[MOST], norms[2] = { 0, 0 };
    assert_int_equal(activ_random_normal(4, 1, 0, X, 0.0f, 1.0f, x), ACTIV_OK);
    assert_int_equal(activ_random_normal(4, 2, 0, out, 0.0f, 1.0f, dy), ACTIV_OK);
    /* init begins the random layers anew: the same noise in each pass. */
    assert_int_equal(activ_graph_init(g, 2), ACTIV_OK);
    assert_int_equal(activ_graph_forward_train(g, BATCH, x, y), ACTIV_OK);
    assert_int_equal(activ_graph_backward(g, BATCH, dy, dx), ACTIV_OK);
    const float h = 0x1p-7f;
    for (size_t i = 0; i < X; i++) {
        double sums[2] = { 0.0, 0.0 };
        const float was = x[i];
        for (int side = 0; side < 2; side++) {
            x[i] = side ? was + h : was - h;
            assert_int_equal(activ_graph_init(g, 2), ACTIV_OK);
            assert_int_equal(activ_graph_forward_train(g, BATCH, x, y), ACTIV_OK);
            for (size_t k = 0; k < out; k++)
                sums[side] += (double)y[k] * (double)dy[k];
        }
        x[i] = was;
        const double slope = (sums[1] - sums[0]) / (2.0 * (double)h);
        norms[0] += dx[i] * dx[i];
        norms[1] += ((float)slope - dx[i]) * ((float)slope - dx[i]);
    }
    assert_true(norms[0] > 0.0f);
    if (!(norms[1] < 1e-5f * norms[0]))
        fail_msg("%g of %g", (double)norms[1], (double)norms[0]);
    activ_graph_destroy(g);
    activ_fn_destroy(smooth);
    activ_fn_destroy(rows);
}

static void test_input_gradient(void **state)
{
    (void)state;
    static builder *const builders[] = { nothing_trained, first_untrained, used_often, flat_input, noisy };
    for (size_t i = 0; i < sizeof builders / sizeof builders[0]; i++)
        for (int keep = 0; keep < 2; keep++)
            try_input_gradient(builders[i], keep);
}

/* ---- what is refused, and memory ------------------------------------------------------------------ */

static void test_refused(void **state)
{
    (void)state;
    activ_graph *g = create_zoo(NULL, 1, 0);
    static float x[IN], targets[OUT], y[OUT], dy[OUT], dx[IN], both[IN + OUT];
    static int32_t labels[ZOO_BATCH];
    zoo_data(1, ZOO_BATCH, x, labels, targets);
    assert_int_equal(activ_graph_backward(NULL, 1, dy, NULL), ACTIV_ERROR_INVALID);
    assert_int_equal(activ_graph_forward_train(NULL, 1, x, y), ACTIV_ERROR_INVALID);
    assert_int_equal(activ_graph_backward(g, ZOO_BATCH, dy, NULL), ACTIV_ERROR_STATE);
    assert_non_null(strstr(activ_graph_error(g), "activ_graph_forward_train"));
    assert_int_equal(activ_graph_forward_train(g, ZOO_BATCH, x, NULL), ACTIV_ERROR_INVALID);
    assert_int_equal(activ_graph_forward_train(g, ZOO_BATCH, NULL, y), ACTIV_ERROR_INVALID);
    assert_int_equal(activ_graph_forward_train(g, ZOO_BATCH + 1, x, y), ACTIV_ERROR_RANGE);
    assert_int_equal(activ_graph_forward_train(g, 1, x, y), ACTIV_ERROR_RANGE); /* batch_norm */
    assert_int_equal(activ_graph_forward_train(g, ZOO_BATCH, x, activ_graph_params(g)), ACTIV_ERROR_INVALID);
    assert_int_equal(activ_graph_forward_train(g, ZOO_BATCH, both, both + 1), ACTIV_ERROR_INVALID);

    assert_int_equal(activ_graph_forward_train(g, ZOO_BATCH, x, y), ACTIV_OK);
    assert_null(activ_graph_values(g, activ_graph_output_node(g)));
    assert_int_equal(activ_graph_backward(g, ZOO_BATCH - 1, dy, NULL), ACTIV_ERROR_RANGE);
    assert_int_equal(activ_graph_backward(g, ZOO_BATCH, NULL, NULL), ACTIV_ERROR_INVALID);
    assert_int_equal(activ_graph_backward(g, ZOO_BATCH, dy, x), ACTIV_ERROR_INVALID);
    assert_int_equal(activ_graph_backward(g, ZOO_BATCH, both + 3, both), ACTIV_ERROR_INVALID);
    assert_int_equal(activ_graph_backward(g, ZOO_BATCH, dy, activ_graph_grads(g)), ACTIV_ERROR_INVALID);
    assert_int_equal(activ_graph_backward(g, ZOO_BATCH, (float *)(void *)((char *)dy + 1), NULL), ACTIV_ERROR_INVALID);
    assert_int_equal(activ_graph_backward(g, ZOO_BATCH, dy, (float *)(void *)((char *)dx + 2)), ACTIV_ERROR_INVALID);
    /* None of these took the forward pass away; one that runs does. */
    assert_int_equal(activ_graph_backward(g, ZOO_BATCH, dy, dx), ACTIV_OK);
    assert_int_equal(activ_graph_backward(g, ZOO_BATCH, dy, dx), ACTIV_ERROR_STATE);
    for (int i = 0; i < 3; i++) {
        float loss;
        assert_int_equal(activ_graph_forward_train(g, ZOO_BATCH, x, y), ACTIV_OK);
        assert_int_equal(i == 0   ? activ_graph_forward(g, ZOO_BATCH, x, y)
                         : i == 1 ? activ_graph_train(g, ZOO_BATCH, x, labels, &loss)
                                  : activ_graph_evaluate(g, ZOO_BATCH, x, labels, &loss, NULL),
                         ACTIV_OK);
        assert_int_equal(activ_graph_backward(g, ZOO_BATCH, dy, dx), ACTIV_ERROR_STATE);
    }
    activ_graph_destroy(g);

    /* A graph that is compiled for predictions, and one without values. */
    activ_compile_options options = ACTIV_COMPILE_DEFAULTS;
    assert_int_equal(activ_graph_create(NULL, &g), ACTIV_OK);
    assert_int_equal(zoo_build(NULL, g, 1), ACTIV_OK);
    options.keep_values = 2;
    activ_message message = { "" };
    assert_int_equal(activ_graph_compile_ex(g, &options, &message), ACTIV_ERROR_RANGE);
    assert_non_null(strstr(message.text, "keep_values"));
    options.size = 0;
    assert_int_equal(activ_graph_compile_ex(g, &options, &message), ACTIV_ERROR_INVALID);
    assert_int_equal(activ_graph_compile_ex(NULL, NULL, &message), ACTIV_ERROR_INVALID);
    assert_int_equal(activ_graph_compile_ex(g, NULL, NULL), ACTIV_OK);
    assert_int_equal(activ_graph_init(g, 1), ACTIV_OK);
    assert_int_equal(activ_graph_forward_train(g, ZOO_BATCH, x, y), ACTIV_ERROR_STATE);
    assert_int_equal(activ_graph_backward(g, ZOO_BATCH, dy, dx), ACTIV_ERROR_STATE);
    activ_graph_destroy(g);
    assert_int_equal(activ_graph_create(NULL, &g), ACTIV_OK);
    assert_int_equal(zoo_build(NULL, g, 1), ACTIV_OK);
    assert_int_equal(activ_graph_compile(g, ZOO_BATCH), ACTIV_OK);
    assert_int_equal(activ_graph_forward_train(g, ZOO_BATCH, x, y), ACTIV_ERROR_STATE);
    activ_graph_destroy(g);
}

static void test_allocates_nothing(void **state)
{
    (void)state;
    test_memory memory = { 0 };
    activ_context *context = test_memory_context(&memory);
    assert_non_null(context);
    activ_graph *g = create_zoo(context, 0, 0);
    static float x[IN], targets[OUT], y[OUT], dx[IN];
    static int32_t labels[ZOO_BATCH];
    zoo_data(1, ZOO_BATCH, x, labels, targets);
    const size_t calls = memory.calls;
    assert_int_equal(activ_graph_forward_train(g, ZOO_BATCH, x, y), ACTIV_OK);
    assert_int_equal(activ_graph_backward(g, ZOO_BATCH, targets, dx), ACTIV_OK);
    assert_int_equal(memory.calls, calls);
    activ_graph_destroy(g);
    activ_context_destroy(context);
    assert_int_equal(memory.live, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_same_as_built_in),  cmocka_unit_test(test_kept_values),
        cmocka_unit_test(test_input_gradient),    cmocka_unit_test(test_refused),
        cmocka_unit_test(test_allocates_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
