/* Predictions from a graph that nobody writes to: the bits of activ_graph_forward, in a workspace of any size and
 * place, on many threads; and the memory that graphs need, told beforehand. */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "activ/activ.h"
#include "graph/zoo.h"
#include "support/guard.h"
#include "support/memory.h"
#include "support/tiers.h"

enum { BATCH = ZOO_BATCH, IN = 12, ROOM = BATCH * 512 };

static activ_node apply(activ_graph *g, activ_node x, const char *spec)
{
    activ_fn *fn = NULL;
    assert_int_equal(activ_fn_create(NULL, spec, &fn), ACTIV_OK);
    activ_node node = activ_graph_apply(g, x, fn);
    activ_fn_destroy(fn);
    return node;
}

/* ---- networks: each with the input of the zoo's --------------------------------------------------- */

static void build_zoo(activ_graph *g)
{
    assert_int_equal(zoo_build(NULL, g, 1), ACTIV_OK);
}

static void build_linear_only(activ_graph *g)
{
    activ_graph_linear(g, activ_graph_input(g, IN), 7);
}

static void build_activation_only(activ_graph *g)
{
    apply(g, activ_graph_input(g, IN), "gelu");
}

/* Chains of activations, written over each other, the last over a product. */
static void build_chain(activ_graph *g)
{
    activ_node x = apply(g, apply(g, activ_graph_input(g, IN), "tanh"), "silu");
    x = apply(g, apply(g, activ_graph_linear(g, x, 40), "relu"), "elu(alpha=0.5)");
    apply(g, apply(g, activ_graph_linear_without_bias(g, x, 5), "mish"), "trainable_elu");
}

/* What is used twice must not be written over. */
static void build_twice(activ_graph *g)
{
    activ_node x = activ_graph_input(g, IN), h = activ_graph_linear(g, x, 33);
    activ_node a = apply(g, h, "relu"), b = apply(g, h, "gelu");
    activ_node c = activ_graph_add(g, apply(g, a, "sigmoid"), activ_graph_add(g, a, b));
    activ_graph_add(g, c, c);
}

/* The output is another view of values, or of the input itself. */
static void build_view(activ_graph *g)
{
    const size_t shape[2] = { 3, 4 };
    activ_node x = activ_graph_input_shape(g, 2, shape);
    activ_graph_flatten(g, activ_graph_add(g, apply(g, x, "softplus"), x));
}

static void build_view_of_input(activ_graph *g)
{
    activ_graph_flatten(g, activ_graph_flatten(g, activ_graph_input(g, IN)));
}

/* Layers on which the output does not depend. */
static void build_dead_ends(activ_graph *g)
{
    activ_node x = activ_graph_input(g, IN), h = apply(g, activ_graph_linear(g, x, 100), "gelu");
    apply(g, activ_graph_linear(g, h, 300), "silu");
    activ_graph_linear(g, x, 50);
    activ_graph_mse(g, activ_graph_linear(g, h, 3));
}

/* Random layers are not, in a prediction. Wide enough for A to be packed, too. */
static void build_random(activ_graph *g)
{
    activ_node x = apply(g, activ_graph_linear(g, activ_graph_input(g, IN), 600), "rrelu");
    activ_graph_linear(g, apply(g, activ_graph_linear(g, x, 300), "staf(tau=2, init=unit, omega0=2)"), 11);
}

static void (*const builders[])(activ_graph *g) = {
    build_zoo,  build_linear_only,   build_activation_only, build_chain,  build_twice,
    build_view, build_view_of_input, build_dead_ends,       build_random,
};
enum { NETWORKS = sizeof builders / sizeof builders[0] };

static activ_graph *create_on(const activ_context *context, size_t network, size_t max_batch)
{
    activ_graph *g = NULL;
    assert_int_equal(activ_graph_create(context, &g), ACTIV_OK);
    builders[network](g);
    if (activ_graph_compile(g, max_batch) != ACTIV_OK)
        fail_msg("network %zu: %s", network, activ_graph_error(g));
    assert_int_equal(activ_graph_init(g, 3), ACTIV_OK);
    return g;
}

static activ_graph *create(size_t tier, size_t network, size_t max_batch)
{
    activ_context *context = tier_context(tier);
    assert_non_null(context);
    activ_graph *g = create_on(context, network, max_batch);
    activ_context_destroy(context);
    return g;
}

static size_t outputs(const activ_graph *g)
{
    activ_node_info info = ACTIV_NODE_INFO_INIT;
    activ_node last = (activ_node)activ_graph_node_count(g) - 1;
    assert_int_equal(activ_graph_node_info(g, last, &info), ACTIV_OK);
    if (strcmp(info.kind, "mse") == 0 || strcmp(info.kind, "cross_entropy") == 0)
        assert_int_equal(activ_graph_node_info(g, info.inputs[0], &info), ACTIV_OK);
    size_t count = 1;
    for (size_t i = 0; i < info.ndim; i++)
        count *= info.shape[i];
    return count;
}

static void fill(float *x)
{
    static float targets[ZOO_BATCH * ZOO_CLASSES];
    static int32_t labels[ZOO_BATCH];
    zoo_data(1, ZOO_BATCH, x, labels, targets);
}

/* ---- tests -------------------------------------------------------------------------------------------- */

/* In each workspace that lies between unreadable pages, at its start and at its end. */
static void check(const activ_graph *g, size_t batch, size_t bytes, const float *x, const float *expected, size_t out)
{
    static float y[ROOM];
    guarded memory;
    assert_int_equal(guarded_create(&memory, bytes / sizeof(float) + 1), 0);
    for (int at_end = 0; at_end < 2; at_end++) {
        guarded_fill(&memory);
        char *workspace = at_end ? (char *)memory.end - bytes : (char *)memory.begin;
        memset(y, 0xff, sizeof y);
        assert_int_equal(activ_graph_predict(g, workspace, bytes, batch, x, y), ACTIV_OK);
        assert_memory_equal(y, expected, batch * out * sizeof *y);
        static const unsigned char untouched[sizeof(float)] = { 0xff, 0xff, 0xff, 0xff };
        assert_memory_equal(&y[batch * out], untouched, sizeof untouched);
    }
    guarded_destroy(&memory);
}

static void test_equals_forward(void **state)
{
    (void)state;
    static float x[BATCH * IN], expected[ROOM];
    fill(x);
    for (size_t t = 0; t < tier_count(); t++)
        for (size_t network = 0; network < NETWORKS; network++) {
            activ_graph *g = create(t, network, BATCH);
            /* The same parameters, and nothing else in memory. */
            activ_graph *lean = create(t, network, 0);
            size_t out = outputs(g);
            assert_true(BATCH * out < ROOM);
            assert_int_equal(activ_graph_forward(g, BATCH, x, expected), ACTIV_OK);
            static const size_t batches[] = { 1, 2, 3, 6, 7, 36, BATCH };
            for (size_t b = 0; b < sizeof batches / sizeof batches[0]; b++) {
                size_t most = activ_graph_workspace_bytes(g, batches[b]), least = activ_graph_workspace_bytes(g, 1);
                assert_int_equal(activ_graph_workspace_bytes(lean, batches[b]), most);
                assert_true(most >= least && least > 0);
                check(g, batches[b], most, x, expected, out);
                check(lean, batches[b], most, x, expected, out);
                check(lean, batches[b], least, x, expected, out);
                check(lean, batches[b], (most + least) / 2, x, expected, out);
            }
            activ_graph_destroy(g);
            activ_graph_destroy(lean);
        }
}

/* Training in between changes the parameters, and predictions change nothing. */
static void test_follows_training(void **state)
{
    (void)state;
    static float x[BATCH * IN], targets[ZOO_BATCH * ZOO_CLASSES], expected[ROOM], y[ROOM];
    static int32_t labels[ZOO_BATCH];
    static float workspace[1 << 16];
    zoo_data(1, ZOO_BATCH, x, labels, targets);
    activ_graph *g = zoo_create(NULL, 1, 4), *undisturbed = zoo_create(NULL, 1, 4);
    for (int step = 0; step < 3; step++) {
        float loss, same;
        assert_int_equal(activ_graph_train(g, BATCH, x, labels, &loss), ACTIV_OK);
        assert_int_equal(activ_graph_predict(g, workspace, sizeof workspace, BATCH, x, y), ACTIV_OK);
        assert_int_equal(activ_graph_train(undisturbed, BATCH, x, labels, &same), ACTIV_OK);
        assert_memory_equal(&loss, &same, sizeof loss);
        size_t count = activ_graph_param_count(g);
        assert_memory_equal(activ_graph_grads(g), activ_graph_grads(undisturbed), count * sizeof(float));
        for (size_t i = 0; i < count; i++) {
            activ_graph_params(g)[i] -= 0.1f * activ_graph_grads(g)[i];
            activ_graph_params(undisturbed)[i] -= 0.1f * activ_graph_grads(undisturbed)[i];
        }
        assert_int_equal(activ_graph_forward(g, BATCH, x, expected), ACTIV_OK);
        assert_int_equal(activ_graph_predict(g, workspace, sizeof workspace, BATCH, x, y), ACTIV_OK);
        assert_memory_equal(y, expected, BATCH * ZOO_CLASSES * sizeof *y);
    }
    activ_graph_destroy(g);
    activ_graph_destroy(undisturbed);
}

typedef struct predictor {
    const activ_graph *graph;
    const float *x, *expected;
    size_t out, first, rounds;
    int failures;
} predictor;

enum { PREDICTORS = 8, AT_ONCE = 4, MOST_OUTPUTS = 40 };

static void *predict_often(void *user)
{
    predictor *p = user;
    size_t bytes = activ_graph_workspace_bytes(p->graph, AT_ONCE);
    void *workspace = malloc(bytes);
    float y[AT_ONCE * MOST_OUTPUTS];
    for (size_t round = 0; round < p->rounds; round++) {
        size_t batch = round % AT_ONCE + 1, first = (p->first + round) % (BATCH - AT_ONCE);
        p->failures += !workspace ||
                       activ_graph_predict(p->graph, workspace, bytes, batch, p->x + first * IN, y) != ACTIV_OK ||
                       memcmp(y, p->expected + first * p->out, batch * p->out * sizeof *y) != 0;
    }
    free(workspace);
    return NULL;
}

static void check_many_threads(const activ_context *context, size_t network, size_t rounds)
{
    static float x[BATCH * IN], expected[ROOM];
    fill(x);
    activ_graph *g = create(0, network, BATCH), *lean = create_on(context, network, 0);
    const size_t out = outputs(g);
    assert_in_range(out, 1, MOST_OUTPUTS);
    assert_int_equal(activ_graph_forward(g, BATCH, x, expected), ACTIV_OK);
    pthread_t threads[PREDICTORS];
    predictor predictors[PREDICTORS];
    for (size_t i = 0; i < PREDICTORS; i++) {
        predictors[i] = (predictor){ lean, x, expected, out, i * 3, rounds, 0 };
        assert_int_equal(pthread_create(&threads[i], NULL, predict_often, &predictors[i]), 0);
    }
    for (size_t i = 0; i < PREDICTORS; i++) {
        pthread_join(threads[i], NULL);
        assert_int_equal(predictors[i].failures, 0);
    }
    activ_graph_destroy(g);
    activ_graph_destroy(lean);
}

/* From one graph, on every tier; and from one whose products are shared out to a pool that all of them use. */
static void test_many_threads(void **state)
{
    (void)state;
    for (size_t t = 0; t < tier_count(); t++) {
        activ_context *context = tier_context(t);
        for (size_t network = 0; context && network < NETWORKS; network++)
            check_many_threads(context, network, network == 0 ? 300 : 40);
        activ_context_destroy(context);
    }
    activ_pool *pool = NULL;
    activ_context *context = NULL;
    assert_int_equal(activ_pool_create(NULL, 3, &pool), ACTIV_OK);
    activ_context_options options = { .size = sizeof options, .executor = activ_pool_executor(pool) };
    assert_int_equal(activ_context_create(&options, &context), ACTIV_OK);
    check_many_threads(context, NETWORKS - 1, 100); /* the widest */
    activ_context_destroy(context);
    activ_pool_destroy(pool);
}

static void test_refusals(void **state)
{
    (void)state;
    static float x[BATCH * IN], y[BATCH * 8], workspace[4096];
    activ_graph *g = NULL;
    assert_int_equal(activ_graph_create(NULL, &g), ACTIV_OK);
    build_chain(g);
    assert_int_equal(activ_graph_workspace_bytes(g, 1), 0);
    assert_int_equal(activ_graph_predict(g, workspace, sizeof workspace, 1, x, y), ACTIV_ERROR_STATE);
    assert_int_equal(activ_graph_compile(g, 0), ACTIV_OK);
    assert_int_equal(activ_graph_workspace_bytes(NULL, 1), 0);
    assert_int_equal(activ_graph_workspace_bytes(g, 0), 0);
    assert_int_equal(activ_graph_workspace_bytes(g, SIZE_MAX / 2), 0);
    const size_t bytes = sizeof workspace;
    memset(y, 0x55, sizeof y);
    assert_int_equal(activ_graph_predict(NULL, workspace, bytes, 1, x, y), ACTIV_ERROR_INVALID);
    assert_int_equal(activ_graph_predict(g, NULL, bytes, 1, x, y), ACTIV_ERROR_INVALID);
    assert_int_equal(activ_graph_predict(g, workspace, bytes, 0, x, y), ACTIV_ERROR_RANGE);
    assert_int_equal(activ_graph_predict(g, workspace, bytes, 1, NULL, y), ACTIV_ERROR_INVALID);
    assert_int_equal(activ_graph_predict(g, workspace, bytes, 1, x, NULL), ACTIV_ERROR_INVALID);
    assert_int_equal(activ_graph_predict(g, workspace, bytes, 1, x, x + 1), ACTIV_ERROR_INVALID);
    assert_int_equal(activ_graph_predict(g, workspace, bytes, 1, workspace + 1, y), ACTIV_ERROR_INVALID);
    assert_int_equal(activ_graph_predict(g, workspace, bytes, 1, x, workspace + 4090), ACTIV_ERROR_INVALID);
    assert_int_equal(activ_graph_predict(g, workspace, bytes, 1, x, activ_graph_params(g)), ACTIV_ERROR_INVALID);
    assert_int_equal(activ_graph_predict(g, activ_graph_params(g), bytes, 1, x, y), ACTIV_ERROR_INVALID);
    assert_int_equal(activ_graph_predict(g, workspace, bytes, SIZE_MAX / 16, x, y), ACTIV_ERROR_RANGE);
    for (size_t small = 0; small < 160; small += 13)
        assert_int_equal(activ_graph_predict(g, workspace, small, 1, x, y), ACTIV_ERROR_RANGE);
    for (size_t i = 0; i < sizeof y; i++)
        assert_int_equal(((unsigned char *)y)[i], 0x55);
    /* The words are the caller's. */
    const struct {
        void *workspace;
        size_t bytes, batch;
        const float *x;
        float *y;
        const char *words;
    } cases[] = {
        { NULL, bytes, 1, x, y, "the workspace is NULL" },
        { workspace, bytes, 1, NULL, y, "x is NULL" },
        { workspace, bytes, 1, x, NULL, "y is NULL" },
        { workspace, bytes, 0, x, y, "the batch is 0" },
        { workspace, bytes, SIZE_MAX / 16, x, y, "the batch is too large" },
        { workspace, bytes, 1, x, x + 1, "x overlaps y" },
        { workspace, bytes, 1, (const float *)(const void *)((const char *)x + 1), y, "x is at an address" },
        { workspace, bytes, 1, x, (float *)(void *)((char *)y + 2), "y is at an address" },
        { workspace, bytes, 1, x, workspace + 4090, "y overlaps the workspace" },
        { workspace, bytes, 1, x, activ_graph_params(g), "y overlaps the graph's memory" },
        { workspace, 16, 1, x, y, "too small for one sample" },
    };
    activ_message message;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        memset(&message, 0, sizeof message);
        assert_int_not_equal(activ_graph_predict_ex(g, cases[i].workspace, cases[i].bytes, cases[i].batch, cases[i].x,
                                                    cases[i].y, &message),
                             ACTIV_OK);
        if (!strstr(message.text, cases[i].words))
            fail_msg("'%s' should have '%s'", message.text, cases[i].words);
    }
    assert_int_equal(activ_graph_predict_ex(NULL, workspace, bytes, 1, x, y, &message), ACTIV_ERROR_INVALID);
    assert_non_null(strstr(message.text, "the graph is NULL"));
    /* Nothing is left to say in the graph, which others may be reading. */
    assert_string_equal(activ_graph_error(g), "");
    activ_graph_destroy(g);
}

/* What activ_graph_memory_bytes says before is what is taken; predictions take nothing. */
static void test_memory_is_known_beforehand(void **state)
{
    (void)state;
    static float x[BATCH * IN], y[ROOM], workspace[1 << 16];
    fill(x);
    for (size_t network = 0; network < NETWORKS; network++)
        for (size_t max_batch = 0; max_batch <= BATCH; max_batch += BATCH) {
            test_memory memory = { 0 };
            activ_context *context = test_memory_context(&memory);
            activ_graph *g = NULL;
            assert_non_null(context);
            assert_int_equal(activ_graph_create(context, &g), ACTIV_OK);
            activ_context_destroy(context);
            builders[network](g);
            size_t forecast = activ_graph_memory_bytes(g, max_batch), before = memory.live_bytes;
            assert_true(forecast > 0);
            assert_int_equal(activ_graph_compile(g, max_batch), ACTIV_OK);
            assert_int_equal(memory.live_bytes, forecast);
            assert_true(forecast > before);
            assert_int_equal(activ_graph_memory_bytes(g, 12345), forecast);
            assert_int_equal(activ_graph_init(g, 1), ACTIV_OK);
            size_t calls = memory.calls;
            assert_int_equal(activ_graph_predict(g, workspace, sizeof workspace, 1, x, y), ACTIV_OK);
            assert_int_equal(activ_graph_predict(g, workspace, sizeof workspace, BATCH, x, y), ACTIV_OK);
            assert_int_equal(memory.calls, calls);
            activ_graph_destroy(g);
            assert_int_equal(memory.live, 0);
        }
    activ_graph *g = create(0, 1, 1), *unfinished = NULL;
    assert_int_equal(activ_graph_create(NULL, &unfinished), ACTIV_OK);
    assert_int_equal(activ_graph_memory_bytes(unfinished, 1), 0);
    assert_true(activ_graph_error(unfinished)[0] != '\0');
    activ_graph_destroy(g);
    activ_graph_destroy(unfinished);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_equals_forward),
        cmocka_unit_test(test_follows_training),
        cmocka_unit_test(test_many_threads),
        cmocka_unit_test(test_refusals),
        cmocka_unit_test(test_memory_is_known_beforehand),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
