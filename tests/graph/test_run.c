/* Running graphs: the same bits on every tier and with any threads, no allocation in a step, memory
 * that runs out, training and evaluation mode, bad arguments that leave everything as it was. */
#include <math.h>
#include <pthread.h>
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
#include "activ/graph.h"
#include "activ/optim.h"
#include "activ/pool.h"
#include "activ/random.h"
#include "graph/zoo.h"
#include "support/memory.h"
#include "support/tiers.h"

/* ---- an executor ------------------------------------------------------------------------- */

/* Threads that take the tasks from the last to the first, so that nothing may rely on order. */
typedef struct test_threads {
    size_t threads;
    size_t calls; /* of parallel_for */
    size_t most_tasks;
    pthread_mutex_t lock;
    size_t left;
    void (*task)(void *argument, size_t i);
    void *argument;
} test_threads;

static void *work(void *user)
{
    test_threads *t = user;
    for (;;) {
        pthread_mutex_lock(&t->lock);
        size_t i = t->left;
        if (i > 0)
            t->left--;
        pthread_mutex_unlock(&t->lock);
        if (i == 0)
            return NULL;
        t->task(t->argument, i - 1);
    }
}

static void parallel_for(void *user, size_t count, void (*task)(void *argument, size_t i), void *argument)
{
    test_threads *t = user;
    pthread_t threads[8];
    t->calls++;
    t->most_tasks = count > t->most_tasks ? count : t->most_tasks;
    t->left = count;
    t->task = task;
    t->argument = argument;
    for (size_t i = 0; i < t->threads; i++)
        if (pthread_create(&threads[i], NULL, work, t) != 0)
            abort();
    for (size_t i = 0; i < t->threads; i++)
        pthread_join(threads[i], NULL);
}

static activ_context *threaded_context(const char *tier, test_threads *threads, size_t count)
{
    memset(threads, 0, sizeof *threads);
    threads->threads = count;
    pthread_mutex_init(&threads->lock, NULL);
    activ_executor executor = {
        .size = sizeof executor, .user = threads, .num_threads = (int32_t)count, .parallel_for = parallel_for
    };
    activ_context_options options = { .size = sizeof options, .executor = &executor, .max_tier = tier };
    activ_context *context = NULL;
    assert_int_equal(activ_context_create(&options, &context), ACTIV_OK);
    return context;
}

/* ---- the same bits ----------------------------------------------------------------------- */

typedef struct trained {
    size_t count;
    float *params, *grads;
    size_t buffer_count;
    float buffers[256];
    float y[ZOO_BATCH * ZOO_CLASSES];
} trained;

static trained train_zoo(const activ_context *context, int classes)
{
    static float x[ZOO_BATCH * ZOO_IN], targets[ZOO_BATCH * ZOO_CLASSES];
    int32_t labels[ZOO_BATCH];
    trained t;
    activ_graph *g = zoo_create(context, classes, 1);
    zoo_train(g, classes, 12);
    zoo_data(99, ZOO_BATCH, x, labels, targets);
    assert_int_equal(activ_graph_forward(g, ZOO_BATCH, x, t.y), ACTIV_OK);
    t.count = activ_graph_param_count(g);
    t.params = malloc(t.count * sizeof(float));
    t.grads = malloc(t.count * sizeof(float));
    assert_true(t.params && t.grads);
    memcpy(t.params, activ_graph_params(g), t.count * sizeof(float));
    memcpy(t.grads, activ_graph_grads(g), t.count * sizeof(float));
    t.buffer_count = activ_graph_buffer_count(g);
    assert_in_range(t.buffer_count, 1, 256);
    memcpy(t.buffers, activ_graph_buffers(g), t.buffer_count * sizeof(float));
    for (size_t i = 0; i < t.count; i++)
        assert_true(isfinite(t.params[i]) && isfinite(t.grads[i]));
    activ_graph_destroy(g);
    return t;
}

static void free_trained(trained *t)
{
    free(t->params);
    free(t->grads);
}

static void assert_same(const trained *a, const trained *b)
{
    assert_int_equal(a->count, b->count);
    assert_memory_equal(a->params, b->params, a->count * sizeof(float));
    assert_memory_equal(a->grads, b->grads, a->count * sizeof(float));
    assert_int_equal(a->buffer_count, b->buffer_count);
    if (a->buffer_count > 0)
        assert_memory_equal(a->buffers, b->buffers, a->buffer_count * sizeof(float));
    assert_memory_equal(a->y, b->y, sizeof a->y);
}

static void test_same_bits_on_every_tier(void **state)
{
    (void)state;
    for (int classes = 0; classes < 2; classes++) {
        trained reference = train_zoo(NULL, classes);
        for (size_t tier = 0; tier < tier_count(); tier++) {
            activ_context *context = tier_context(tier);
            if (!context)
                continue;
            trained t = train_zoo(context, classes);
            assert_same(&t, &reference);
            free_trained(&t);
            activ_context_destroy(context);
        }
        free_trained(&reference);
    }
}

/* Layers wide enough that the products are shared out among threads. */
static trained train_wide(const activ_context *context, size_t width)
{
    enum { BATCH = 61 };
    static float x[BATCH * 90];
    int32_t labels[BATCH];
    activ_graph *g = NULL;
    activ_fn *gelu = NULL, *rrelu = NULL, *prelu = NULL;
    char spec[40];
    trained t;
    assert_int_equal(activ_graph_create(context, &g), ACTIV_OK);
    assert_int_equal(activ_fn_create(context, "gelu", &gelu), ACTIV_OK);
    assert_int_equal(activ_fn_create(context, "rrelu", &rrelu), ACTIV_OK);
    snprintf(spec, sizeof spec, "prelu(num_parameters=%zu)", width);
    assert_int_equal(activ_fn_create(context, spec, &prelu), ACTIV_OK);
    activ_node n = activ_graph_apply(g, activ_graph_linear(g, activ_graph_input(g, 90), width), gelu);
    n = activ_graph_apply(g, activ_graph_linear(g, n, width), prelu);
    const size_t slopes = activ_graph_param_count(g) - width;
    n = activ_graph_apply(g, n, rrelu);
    n = activ_graph_layer_norm(g, activ_graph_batch_norm(g, n, NULL), 0, NULL);
    n = activ_graph_dropout(g, n, 0.1f);
    n = activ_graph_apply(g, activ_graph_linear_without_bias(g, n, 75), gelu);
    n = activ_graph_layer_norm(g, activ_graph_multiply(g, n, n), -1, NULL);
    activ_graph_cross_entropy(g, activ_graph_linear(g, n, ZOO_CLASSES));
    activ_fn_destroy(gelu);
    activ_fn_destroy(rrelu);
    activ_fn_destroy(prelu);
    assert_int_equal(activ_graph_compile(g, BATCH), ACTIV_OK);
    assert_int_equal(activ_graph_init(g, 3), ACTIV_OK);
    /* A slope for each channel, none like another. */
    activ_random_uniform(2, 1, 0, width, 0.1f, 0.9f, activ_graph_params(g) + slopes);
    activ_random_normal(1, 1, 0, BATCH * 90, 0.0f, 1.0f, x);
    for (size_t i = 0; i < BATCH; i++)
        labels[i] = (int32_t)(i % ZOO_CLASSES);
    activ_sgd_options options = { .size = sizeof options, .lr = 0.1f };
    activ_optimizer *sgd = NULL;
    assert_int_equal(activ_sgd_create(g, &options, &sgd), ACTIV_OK);
    for (int step = 0; step < 3; step++) {
        assert_int_equal(activ_graph_train(g, BATCH, x, labels, NULL), ACTIV_OK);
        assert_int_equal(activ_optimizer_step(sgd), ACTIV_OK);
    }
    activ_optimizer_destroy(sgd);
    assert_int_equal(activ_graph_forward(g, ZOO_BATCH, x, t.y), ACTIV_OK);
    t.count = activ_graph_param_count(g);
    t.params = malloc(t.count * sizeof(float));
    t.grads = malloc(t.count * sizeof(float));
    assert_true(t.params && t.grads);
    memcpy(t.params, activ_graph_params(g), t.count * sizeof(float));
    memcpy(t.grads, activ_graph_grads(g), t.count * sizeof(float));
    t.buffer_count = activ_graph_buffer_count(g) < 256 ? activ_graph_buffer_count(g) : 256;
    memcpy(t.buffers, activ_graph_buffers(g), t.buffer_count * sizeof(float));
    activ_graph_destroy(g);
    return t;
}

static void test_same_bits_with_threads(void **state)
{
    (void)state;
    static const size_t widths[] = { 70, 128, 197, 600 };
    for (size_t w = 0; w < sizeof widths / sizeof widths[0]; w++) {
        trained reference = train_wide(NULL, widths[w]);
        for (size_t tier = 0; tier < tier_count(); tier++)
            for (size_t count = 1; count <= 7; count += count < 3 ? 1 : 4) {
                test_threads threads;
                activ_context *context = threaded_context(activ_tier_at(tier), &threads, count);
                trained t = train_wide(context, widths[w]);
                assert_same(&t, &reference);
                free_trained(&t);
                activ_context_destroy(context);
                pthread_mutex_destroy(&threads.lock);
                /* Or the test would compare serial with serial. */
                if (count > 1)
                    assert_true(threads.calls > 0 && threads.most_tasks > 1 && threads.most_tasks <= count);
                else
                    assert_true(threads.most_tasks <= 1);
            }
        for (size_t count = 1; count <= 4; count++) {
            activ_pool *pool = NULL;
            activ_context *context = NULL;
            assert_int_equal(activ_pool_create(NULL, count, &pool), ACTIV_OK);
            activ_context_options options = { .size = sizeof options, .executor = activ_pool_executor(pool) };
            assert_int_equal(activ_context_create(&options, &context), ACTIV_OK);
            trained t = train_wide(context, widths[w]);
            assert_same(&t, &reference);
            free_trained(&t);
            activ_context_destroy(context);
            activ_pool_destroy(pool);
        }
        free_trained(&reference);
    }
}

/* Rows do not see each other: a batch gives what its samples give one by one. */
static void test_batch_size_does_not_matter(void **state)
{
    (void)state;
    static float x[ZOO_BATCH * ZOO_IN], targets[ZOO_BATCH * ZOO_CLASSES], all[ZOO_BATCH * ZOO_CLASSES];
    int32_t labels[ZOO_BATCH];
    activ_graph *g = zoo_create(NULL, 1, 4);
    zoo_data(1, ZOO_BATCH, x, labels, targets);
    assert_int_equal(activ_graph_forward(g, ZOO_BATCH, x, all), ACTIV_OK);
    for (size_t i = 0; i < ZOO_BATCH; i++) {
        float one[ZOO_CLASSES];
        assert_int_equal(activ_graph_forward(g, 1, x + i * ZOO_IN, one), ACTIV_OK);
        assert_memory_equal(one, all + i * ZOO_CLASSES, sizeof one);
    }
    activ_graph_destroy(g);
}

/* ---- memory ------------------------------------------------------------------------------ */

static void test_no_allocation_in_a_step(void **state)
{
    (void)state;
    static float x[ZOO_BATCH * ZOO_IN], targets[ZOO_BATCH * ZOO_CLASSES], y[ZOO_BATCH * ZOO_CLASSES], loss;
    int32_t labels[ZOO_BATCH];
    size_t correct;
    for (int classes = 0; classes < 2; classes++) {
        test_memory memory = { 0 };
        activ_context *context = test_memory_context(&memory);
        activ_graph *g = zoo_create(context, classes, 2);
        activ_context_destroy(context);
        activ_sgd_options options = { .size = sizeof options, .lr = 0.01f, .momentum = 0.5f };
        activ_optimizer *sgd = NULL;
        assert_int_equal(activ_sgd_create(g, &options, &sgd), ACTIV_OK);
        size_t calls = memory.calls, live = memory.live;
        assert_true(memory.live_bytes >= activ_graph_memory_bytes(g, 0));
        zoo_data(1, ZOO_BATCH, x, labels, targets);
        for (int step = 0; step < 5; step++) {
            if (classes) {
                assert_int_equal(activ_graph_train(g, ZOO_BATCH, x, labels, &loss), ACTIV_OK);
                assert_int_equal(activ_graph_evaluate(g, 3, x, labels, &loss, &correct), ACTIV_OK);
            } else {
                assert_int_equal(activ_graph_train_values(g, ZOO_BATCH, x, targets, &loss), ACTIV_OK);
                assert_int_equal(activ_graph_evaluate_values(g, 3, x, targets, &loss), ACTIV_OK);
            }
            assert_int_equal(activ_graph_forward(g, ZOO_BATCH, x, y), ACTIV_OK);
            assert_int_equal(activ_optimizer_step(sgd), ACTIV_OK);
            assert_int_equal(activ_optimizer_set_lr(sgd, 0.02f), ACTIV_OK);
        }
        assert_int_equal(activ_graph_init(g, 3), ACTIV_OK);
        assert_int_equal(memory.calls, calls);
        assert_int_equal(memory.live, live);
        activ_optimizer_destroy(sgd);
        activ_graph_destroy(g);
        assert_int_equal(memory.live, 0);
        assert_int_equal(memory.live_bytes, 0);
        assert_int_equal(memory.mistakes, 0);
    }
}

/* Building, compiling and running once, with the k-th allocation failing, for every k. */
static activ_status whole_life(test_memory *memory)
{
    static float x[ZOO_BATCH * ZOO_IN], targets[ZOO_BATCH * ZOO_CLASSES];
    int32_t labels[ZOO_BATCH];
    activ_context *context = test_memory_context(memory);
    if (!context)
        return ACTIV_ERROR_OUT_OF_MEMORY;
    activ_graph *g = NULL;
    activ_optimizer *sgd = NULL;
    activ_status status = activ_graph_create(context, &g);
    if (status != ACTIV_OK)
        assert_null(g);
    if (status == ACTIV_OK)
        status = zoo_build(context, g, 1);
    if (status == ACTIV_OK) {
        status = activ_graph_compile(g, ZOO_BATCH);
        if (status != ACTIV_OK)
            assert_true(activ_graph_error(g)[0] != '\0');
    }
    if (status == ACTIV_OK)
        status = activ_graph_init_weights(g, ACTIV_INIT_ORTHOGONAL, 1.0f, 1);
    activ_sgd_options options = { .size = sizeof options, .lr = 0.01f, .momentum = 0.5f };
    if (status == ACTIV_OK) {
        status = activ_sgd_create(g, &options, &sgd);
        if (status != ACTIV_OK)
            assert_null(sgd);
    }
    if (status == ACTIV_OK) {
        zoo_data(1, ZOO_BATCH, x, labels, targets);
        assert_int_equal(activ_graph_train(g, ZOO_BATCH, x, labels, NULL), ACTIV_OK);
        assert_int_equal(activ_optimizer_step(sgd), ACTIV_OK);
    }
    activ_optimizer_destroy(sgd);
    activ_graph_destroy(g);
    activ_context_destroy(context);
    return status;
}

static void test_memory_runs_out(void **state)
{
    (void)state;
    size_t k = 1;
    for (;; k++) {
        test_memory memory = { .fail_at = k };
        activ_status status = whole_life(&memory);
        assert_int_equal(memory.live, 0);
        assert_int_equal(memory.mistakes, 0);
        if (status == ACTIV_OK)
            break;
        assert_int_equal(status, ACTIV_ERROR_OUT_OF_MEMORY);
    }
    assert_true(k > 15); /* it failed at least once for the context, graph, functions, layers, plan ... */
}

/* A failed call leaves its outputs untouched: the parameters, where initialising needs memory. */
static void test_failed_initialisation(void **state)
{
    (void)state;
    test_memory memory = { 0 };
    activ_context *context = test_memory_context(&memory);
    activ_graph *g = zoo_create(context, 1, 2);
    size_t bytes = activ_graph_param_count(g) * sizeof(float);
    float *before = malloc(bytes);
    assert_non_null(before);
    memcpy(before, activ_graph_params(g), bytes);
    memory.fail_at = memory.calls + 1;
    assert_int_equal(activ_graph_init_weights(g, ACTIV_INIT_ORTHOGONAL, 0.0f, 5), ACTIV_ERROR_OUT_OF_MEMORY);
    assert_memory_equal(before, activ_graph_params(g), bytes);
    /* Buffers too, when a gain turns out to be too large after the first values were written. */
    for (size_t i = 0; i < activ_graph_buffer_count(g); i++)
        activ_graph_buffers(g)[i] = (float)i;
    assert_true(activ_graph_buffer_count(g) > 0);
    assert_int_equal(activ_graph_init_weights(g, ACTIV_INIT_KAIMING_UNIFORM, 3e38f, 5), ACTIV_ERROR_RANGE);
    assert_memory_equal(before, activ_graph_params(g), bytes);
    for (size_t i = 0; i < activ_graph_buffer_count(g); i++)
        assert_true(activ_graph_buffers(g)[i] == (float)i);
    free(before);
    activ_graph_destroy(g);
    activ_context_destroy(context);
}

/* ---- what a graph holds --------------------------------------------------------------------- */

typedef struct snapshot {
    float params[16384], grads[16384], buffers[256];
    size_t bytes, buffer_bytes;
} snapshot;

static void take(snapshot *s, activ_graph *g)
{
    assert_true(activ_graph_param_count(g) <= 16384 && activ_graph_buffer_count(g) <= 256);
    s->buffer_bytes = activ_graph_buffer_count(g) * sizeof(float);
    memcpy(s->buffers, activ_graph_buffers(g), s->buffer_bytes);
    s->bytes = activ_graph_param_count(g) * sizeof(float);
    memcpy(s->params, activ_graph_params(g), s->bytes);
    memcpy(s->grads, activ_graph_grads(g), s->bytes);
}

static void assert_unchanged(const snapshot *s, activ_graph *g)
{
    assert_memory_equal(s->params, activ_graph_params(g), s->bytes);
    assert_memory_equal(s->grads, activ_graph_grads(g), s->bytes);
    assert_memory_equal(s->buffers, activ_graph_buffers(g), s->buffer_bytes);
}

/* ---- training and evaluation ------------------------------------------------------------- */

static activ_graph *random_slopes(const activ_context *context, size_t max_batch)
{
    activ_graph *g = NULL;
    activ_fn *fn = NULL;
    assert_int_equal(activ_graph_create(context, &g), ACTIV_OK);
    assert_int_equal(activ_fn_create(context, "rrelu(lower=0.25, upper=0.75)", &fn), ACTIV_OK);
    activ_node x = activ_graph_linear(g, activ_graph_input(g, 2), 2);
    activ_graph_mse(g, activ_graph_apply(g, x, fn));
    activ_fn_destroy(fn);
    assert_int_equal(activ_graph_compile(g, max_batch), ACTIV_OK);
    return g;
}

static void test_random_layers(void **state)
{
    (void)state;
    const float x[2] = { -1.0f, -2.0f }, targets[2] = { 0.0f, 0.0f };
    float y[2], losses[6], loss, again;
    activ_graph *g = random_slopes(NULL, 4);
    assert_int_equal(activ_graph_init(g, 9), ACTIV_OK);
    /* weight = identity, bias = 0 */
    const float weights[6] = { 1.0f, 0.0f, 0.0f, 1.0f, 0.0f, 0.0f };
    memcpy(activ_graph_params(g), weights, sizeof weights);

    /* Evaluation: the mean slope, always. */
    assert_int_equal(activ_graph_forward(g, 1, x, y), ACTIV_OK);
    assert_true(y[0] == -0.5f && y[1] == -1.0f);
    assert_int_equal(activ_graph_evaluate_values(g, 1, x, targets, &loss), ACTIV_OK);
    assert_true(loss == 0.625f);

    /* Training: another slope for each step, within bounds; evaluation in between changes nothing. */
    for (int i = 0; i < 6; i++) {
        assert_int_equal(activ_graph_train_values(g, 1, x, targets, &losses[i]), ACTIV_OK);
        assert_true(losses[i] >= 0.0625f * 2.5f && losses[i] < 0.5625f * 2.5f);
        for (int j = 0; j < i; j++)
            assert_true(losses[i] != losses[j]);
        assert_int_equal(activ_graph_forward(g, 1, x, y), ACTIV_OK);
        assert_true(y[0] == -0.5f && y[1] == -1.0f);
    }
    /* The same again after the same initialisation; another after another. */
    for (uint64_t seed = 9; seed < 12; seed++) {
        assert_int_equal(activ_graph_init(g, seed), ACTIV_OK);
        memcpy(activ_graph_params(g), weights, sizeof weights);
        for (int i = 0; i < 6; i++) {
            assert_int_equal(activ_graph_train_values(g, 1, x, targets, &again), ACTIV_OK);
            assert_int_equal(again == losses[i], seed == 9);
        }
    }
    activ_graph_destroy(g);
}

/* Dropout: in evaluation nothing happens; in training about p of the values are gone and the others larger. */
static void test_dropout(void **state)
{
    (void)state;
    enum { N = 4000 };
    static float x[N], zeros[N], y[N];
    for (size_t i = 0; i < N; i++)
        x[i] = 1.0f;
    activ_graph *g = NULL;
    float losses[4], loss;
    assert_int_equal(activ_graph_create(NULL, &g), ACTIV_OK);
    activ_graph_mse(g, activ_graph_dropout(g, activ_graph_input(g, N / 2), 0.25f));
    assert_int_equal(activ_graph_compile(g, 2), ACTIV_OK);
    for (uint64_t seed = 9; seed < 11; seed++) {
        assert_int_equal(activ_graph_init(g, seed), ACTIV_OK);
        for (int i = 0; i < 4; i++) {
            assert_int_equal(activ_graph_train_values(g, 2, x, zeros, &loss), ACTIV_OK);
            /* The mean of k squares of 4/3: k is near 3/4 of all, 3000 with a deviation of 27. */
            double kept = (double)loss * N * 9.0 / 16.0;
            assert_true(kept > 3000 - 6 * 27 && kept < 3000 + 6 * 27);
            if (seed == 9)
                losses[i] = loss;
            assert_int_equal(activ_graph_forward(g, 2, x, y), ACTIV_OK);
            assert_memory_equal(x, y, sizeof y);
        }
    }
    assert_int_equal(activ_graph_init(g, 9), ACTIV_OK);
    for (int i = 0; i < 4; i++) {
        assert_int_equal(activ_graph_train_values(g, 2, x, zeros, &loss), ACTIV_OK);
        assert_true(loss == losses[i]);
    }
    activ_graph_destroy(g);
}

/* batch_norm of one value has no variance: a step with it is refused, and changes nothing. */
static void test_batch_of_one(void **state)
{
    (void)state;
    const size_t shape[2] = { 2, 3 };
    float x[12], targets[12], loss = 7.0f;
    int32_t labels[2] = { 0, 1 };
    activ_random_normal(1, 1, 0, 12, 0.0f, 1.0f, x);
    activ_random_normal(1, 2, 0, 12, 0.0f, 1.0f, targets);
    for (int classes = 0; classes < 2; classes++)
        for (int several = 0; several < 2; several++) {
            activ_graph *g = NULL;
            assert_int_equal(activ_graph_create(NULL, &g), ACTIV_OK);
            activ_node n = activ_graph_input_shape(g, several ? 2 : 1, shape);
            n = activ_graph_flatten(g, activ_graph_batch_norm(g, n, NULL));
            if (classes)
                activ_graph_cross_entropy(g, n);
            else
                activ_graph_mse(g, n);
            assert_int_equal(activ_graph_compile(g, 2), ACTIV_OK);
            assert_int_equal(activ_graph_init(g, 1), ACTIV_OK);
            static snapshot before;
            take(&before, g);
            activ_status status =
                classes ? activ_graph_train(g, 1, x, labels, &loss) : activ_graph_train_values(g, 1, x, targets, &loss);
            if (several) {
                /* One sample, but three values of each channel. */
                assert_int_equal(status, ACTIV_OK);
            } else {
                assert_int_equal(status, ACTIV_ERROR_RANGE);
                assert_non_null(strstr(activ_graph_error(g), "layers.0 (batch_norm)"));
                assert_true(loss == 7.0f);
                assert_unchanged(&before, g);
                assert_int_equal(classes ? activ_graph_evaluate(g, 1, x, labels, NULL, NULL)
                                         : activ_graph_evaluate_values(g, 1, x, targets, NULL),
                                 ACTIV_OK);
                assert_unchanged(&before, g);
                assert_int_equal(classes ? activ_graph_train(g, 2, x, labels, NULL)
                                         : activ_graph_train_values(g, 2, x, targets, NULL),
                                 ACTIV_OK);
            }
            assert_memory_not_equal(before.buffers, activ_graph_buffers(g), before.buffer_bytes);
            activ_graph_destroy(g);
            loss = 7.0f;
        }
}

/* A failed step is no step: the slopes that follow are those that would have followed. */
static void test_failed_step_is_none(void **state)
{
    (void)state;
    const float x[2] = { -1.0f, -2.0f }, targets[2] = { 0.0f, 0.0f };
    float first, second, loss;
    activ_graph *g = random_slopes(NULL, 4);
    assert_int_equal(activ_graph_init(g, 9), ACTIV_OK);
    assert_int_equal(activ_graph_train_values(g, 1, x, targets, &first), ACTIV_OK);
    assert_int_equal(activ_graph_train_values(g, 1, x, targets, &second), ACTIV_OK);
    assert_int_equal(activ_graph_init(g, 9), ACTIV_OK);
    assert_int_equal(activ_graph_train_values(g, 1, x, targets, &loss), ACTIV_OK);
    assert_true(loss == first);
    assert_int_equal(activ_graph_train_values(g, 5, x, targets, &loss), ACTIV_ERROR_RANGE);
    assert_int_equal(activ_graph_train_values(g, 1, NULL, targets, &loss), ACTIV_ERROR_INVALID);
    assert_int_equal(activ_graph_train_values(g, 1, x, targets, &loss), ACTIV_OK);
    assert_true(loss == second);
    activ_graph_destroy(g);
}

/* ---- bad arguments ----------------------------------------------------------------------- */

static void test_bad_arguments(void **state)
{
    (void)state;
    static snapshot before;
    static float x[ZOO_BATCH * ZOO_IN], targets[ZOO_BATCH * ZOO_CLASSES], y[ZOO_BATCH * ZOO_CLASSES];
    int32_t labels[ZOO_BATCH];
    zoo_data(1, ZOO_BATCH, x, labels, targets);
    activ_graph *g = zoo_create(NULL, 1, 2), *values = zoo_create(NULL, 0, 2);
    assert_int_equal(activ_graph_train(g, ZOO_BATCH, x, labels, NULL), ACTIV_OK);
    take(&before, g);
    float loss = 123.0f;
    size_t correct = 77;
    for (size_t i = 0; i < sizeof y / sizeof y[0]; i++)
        y[i] = 55.0f;

    static const int32_t wrong[] = { -1, ZOO_CLASSES, INT32_MIN, INT32_MAX };
    for (size_t at = 0; at < ZOO_BATCH; at += ZOO_BATCH - 1)
        for (size_t i = 0; i < 4; i++) {
            int32_t kept = labels[at];
            labels[at] = wrong[i];
            assert_int_equal(activ_graph_train(g, ZOO_BATCH, x, labels, &loss), ACTIV_ERROR_RANGE);
            assert_int_equal(activ_graph_evaluate(g, ZOO_BATCH, x, labels, &loss, &correct), ACTIV_ERROR_RANGE);
            labels[at] = kept;
        }
    static const size_t batches[] = { 0, ZOO_BATCH + 1, SIZE_MAX };
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(activ_graph_train(g, batches[i], x, labels, &loss), ACTIV_ERROR_RANGE);
        assert_int_equal(activ_graph_evaluate(g, batches[i], x, labels, &loss, &correct), ACTIV_ERROR_RANGE);
        assert_int_equal(activ_graph_forward(g, batches[i], x, y), ACTIV_ERROR_RANGE);
        assert_int_equal(activ_graph_train_values(values, batches[i], x, targets, &loss), ACTIV_ERROR_RANGE);
        assert_int_equal(activ_graph_evaluate_values(values, batches[i], x, targets, &loss), ACTIV_ERROR_RANGE);
    }
    /* The other loss's calls. */
    assert_int_equal(activ_graph_train_values(g, 1, x, targets, &loss), ACTIV_ERROR_STATE);
    assert_int_equal(activ_graph_evaluate_values(g, 1, x, targets, &loss), ACTIV_ERROR_STATE);
    assert_int_equal(activ_graph_train(values, 1, x, labels, &loss), ACTIV_ERROR_STATE);
    assert_int_equal(activ_graph_evaluate(values, 1, x, labels, &loss, &correct), ACTIV_ERROR_STATE);
    /* NULL */
    assert_int_equal(activ_graph_train(NULL, 1, x, labels, &loss), ACTIV_ERROR_INVALID);
    assert_int_equal(activ_graph_train(g, 1, NULL, labels, &loss), ACTIV_ERROR_INVALID);
    assert_int_equal(activ_graph_train(g, 1, x, NULL, &loss), ACTIV_ERROR_INVALID);
    assert_int_equal(activ_graph_train_values(NULL, 1, x, targets, &loss), ACTIV_ERROR_INVALID);
    assert_int_equal(activ_graph_train_values(values, 1, NULL, targets, &loss), ACTIV_ERROR_INVALID);
    assert_int_equal(activ_graph_train_values(values, 1, x, NULL, &loss), ACTIV_ERROR_INVALID);
    assert_int_equal(activ_graph_evaluate(NULL, 1, x, labels, &loss, &correct), ACTIV_ERROR_INVALID);
    assert_int_equal(activ_graph_evaluate(g, 1, NULL, labels, &loss, &correct), ACTIV_ERROR_INVALID);
    assert_int_equal(activ_graph_evaluate(g, 1, x, NULL, &loss, &correct), ACTIV_ERROR_INVALID);
    assert_int_equal(activ_graph_evaluate_values(values, 1, x, NULL, &loss), ACTIV_ERROR_INVALID);
    assert_int_equal(activ_graph_forward(NULL, 1, x, y), ACTIV_ERROR_INVALID);
    assert_int_equal(activ_graph_forward(g, 1, NULL, y), ACTIV_ERROR_INVALID);
    assert_int_equal(activ_graph_forward(g, 1, x, NULL), ACTIV_ERROR_INVALID);
    assert_int_equal(activ_graph_init(NULL, 1), ACTIV_ERROR_INVALID);

    assert_true(loss == 123.0f);
    assert_int_equal(correct, 77);
    for (size_t i = 0; i < sizeof y / sizeof y[0]; i++)
        assert_true(y[i] == 55.0f);
    assert_unchanged(&before, g);

    /* Optional results; evaluation leaves gradients alone; the graph works on. */
    assert_int_equal(activ_graph_evaluate(g, ZOO_BATCH, x, labels, NULL, NULL), ACTIV_OK);
    assert_int_equal(activ_graph_evaluate(g, ZOO_BATCH, x, labels, &loss, &correct), ACTIV_OK);
    assert_int_equal(activ_graph_forward(g, ZOO_BATCH, x, y), ACTIV_OK);
    assert_unchanged(&before, g);
    assert_int_equal(activ_graph_train(g, ZOO_BATCH, x, labels, NULL), ACTIV_OK);
    activ_graph_destroy(g);
    activ_graph_destroy(values);
}

static void test_before_compile(void **state)
{
    (void)state;
    float x[2] = { 0.0f, 0.0f }, y[2], loss;
    int32_t label = 0;
    activ_graph *g = NULL;
    assert_int_equal(activ_graph_create(NULL, &g), ACTIV_OK);
    activ_graph_cross_entropy(g, activ_graph_linear(g, activ_graph_input(g, 2), 2));
    assert_int_equal(activ_graph_forward(g, 1, x, y), ACTIV_ERROR_STATE);
    assert_int_equal(activ_graph_train(g, 1, x, &label, &loss), ACTIV_ERROR_STATE);
    assert_int_equal(activ_graph_evaluate(g, 1, x, &label, &loss, NULL), ACTIV_ERROR_STATE);
    assert_int_equal(activ_graph_init(g, 1), ACTIV_ERROR_STATE);
    assert_null(activ_graph_params(g));
    assert_null(activ_graph_grads(g));
    assert_int_equal(activ_graph_max_batch(g), 0);
    /* None of these was a mistake in building. */
    assert_int_equal(activ_graph_compile(g, 1), ACTIV_OK);
    assert_int_equal(activ_graph_max_batch(g), 1);
    /* The parameters start as zeros. */
    for (size_t i = 0; i < activ_graph_param_count(g); i++)
        assert_true(activ_graph_params(g)[i] == 0.0f);
    assert_int_equal(activ_graph_forward(g, 1, x, y), ACTIV_OK);
    assert_true(y[0] == 0.0f && y[1] == 0.0f);
    activ_graph_destroy(g);
}

/* ---- results ----------------------------------------------------------------------------- */

/* Logits are the inputs: which samples count as correct, with ties and NaN. */
static void test_correct(void **state)
{
    (void)state;
    activ_graph *g = NULL;
    activ_fn *identity = NULL;
    assert_int_equal(activ_graph_create(NULL, &g), ACTIV_OK);
    assert_int_equal(activ_fn_create(NULL, "identity", &identity), ACTIV_OK);
    activ_graph_cross_entropy(g, activ_graph_apply(g, activ_graph_input(g, 3), identity));
    activ_fn_destroy(identity);
    assert_int_equal(activ_graph_compile(g, 8), ACTIV_OK);
    const float x[18] = { 1, 2, 3, 5, 5, 1, 5, 5, 1, -1, -2, -3, 0, 0, 0, 1, 7, 7 };
    const int32_t labels[6] = { 2, 0, 1, 0, 0, 2 };
    size_t correct = 0;
    float loss = 0.0f;
    assert_int_equal(activ_graph_evaluate(g, 6, x, labels, &loss, &correct), ACTIV_OK);
    assert_int_equal(correct, 4); /* the first of equals wins */
    double expected = 0.0;
    for (int i = 0; i < 6; i++) {
        double sum = 0.0;
        for (int j = 0; j < 3; j++)
            sum += exp((double)x[3 * i + j]);
        expected += log(sum) - (double)x[3 * i + labels[i]];
    }
    assert_true(fabs((double)loss - expected / 6.0) < 1e-6);
    const float bad[3] = { 1.0f, NAN, 2.0f };
    assert_int_equal(activ_graph_evaluate(g, 1, bad, labels, &loss, &correct), ACTIV_OK);
    assert_true(isnan(loss));
    activ_graph_destroy(g);
}

static void test_values(void **state)
{
    (void)state;
    static float x[ZOO_BATCH * ZOO_IN], targets[ZOO_BATCH * ZOO_CLASSES], y[ZOO_BATCH * ZOO_CLASSES];
    int32_t labels[ZOO_BATCH];
    zoo_data(1, ZOO_BATCH, x, labels, targets);
    activ_graph *g = zoo_create(NULL, 1, 2);
    activ_node loss = (activ_node)activ_graph_node_count(g) - 1, last = loss - 1;
    for (activ_node n = 0; n <= loss; n++)
        assert_null(activ_graph_values(g, n));
    assert_int_equal(activ_graph_forward(g, ZOO_BATCH, x, y), ACTIV_OK);
    assert_non_null(activ_graph_values(g, last));
    assert_memory_equal(activ_graph_values(g, last), y, sizeof y);
    assert_null(activ_graph_values(g, loss));
    assert_null(activ_graph_values(g, -1));
    assert_null(activ_graph_values(g, loss + 1));
    assert_null(activ_graph_values(NULL, 0));
    assert_int_equal(activ_graph_train(g, ZOO_BATCH, x, labels, NULL), ACTIV_OK);
    for (activ_node n = 0; n <= loss; n++)
        assert_null(activ_graph_values(g, n));
    /* The training step has moved what batch_norm uses in evaluation. */
    assert_int_equal(activ_graph_evaluate(g, ZOO_BATCH, x, labels, NULL, NULL), ACTIV_OK);
    assert_memory_not_equal(activ_graph_values(g, last), y, sizeof y);
    static float again[ZOO_BATCH * ZOO_CLASSES];
    memcpy(again, activ_graph_values(g, last), sizeof again);
    assert_int_equal(activ_graph_forward(g, ZOO_BATCH, x, y), ACTIV_OK);
    assert_memory_equal(again, y, sizeof y);
    activ_graph_destroy(g);
}

/* A graph without a loss is its last node. */
static void test_without_loss(void **state)
{
    (void)state;
    activ_graph *g = NULL;
    float x[3] = { 1.0f, 2.0f, 3.0f }, y[3], loss;
    int32_t label = 0;
    assert_int_equal(activ_graph_create(NULL, &g), ACTIV_OK);
    activ_node in = activ_graph_input(g, 3);
    activ_graph_linear(g, in, 2);
    activ_graph_add(g, in, in);
    assert_int_equal(activ_graph_compile(g, 1), ACTIV_OK);
    assert_int_equal(activ_graph_forward(g, 1, x, y), ACTIV_OK);
    assert_true(y[0] == 2.0f && y[1] == 4.0f && y[2] == 6.0f);
    /* In place: the output is copied when everything is computed. */
    assert_int_equal(activ_graph_forward(g, 1, x, x), ACTIV_OK);
    assert_true(x[0] == 2.0f && x[1] == 4.0f && x[2] == 6.0f);
    assert_int_equal(activ_graph_train(g, 1, x, &label, &loss), ACTIV_ERROR_STATE);
    assert_int_equal(activ_graph_train_values(g, 1, x, y, &loss), ACTIV_ERROR_STATE);
    activ_graph_destroy(g);
}

/* On relu's flat side and where dropout drops, no gradient passes, whatever comes from behind: infinite weights there
 * leave the layers before finite. With and without fusion, on every tier. */
static void test_nothing_passes(void **state)
{
    (void)state;
    for (size_t tier = 0; tier < tier_count(); tier++)
        for (int variant = 0; variant < 4; variant++) {
            enum { IN = 3, HIDDEN = 37, BATCH = 9 };
            activ_context *context = tier_context(tier);
            activ_graph *g = NULL;
            activ_fn *relu = NULL;
            assert_int_equal(activ_fn_create(context, "relu", &relu), ACTIV_OK);
            assert_int_equal(activ_graph_create(context, &g), ACTIV_OK);
            activ_node x = activ_graph_linear_without_bias(g, activ_graph_input(g, IN), HIDDEN), h;
            if (variant < 2) {
                h = activ_graph_apply(g, x, relu);
                if (variant == 1) /* another reader: not fused */
                    h = activ_graph_add(g, h, h);
            } else {
                h = activ_graph_dropout(g, x, 1.0f);
                if (variant == 3)
                    h = activ_graph_multiply(g, h, activ_graph_dropout(g, x, 1.0f));
            }
            activ_graph_mse(g, activ_graph_linear(g, h, 2));
            assert_int_equal(activ_graph_compile(g, BATCH), ACTIV_OK);
            assert_int_equal(activ_graph_init(g, 1), ACTIV_OK);
            float *params = activ_graph_params(g), inputs[BATCH * IN], targets[BATCH * 2] = { 0.0f };
            for (size_t i = 0; i < HIDDEN * IN; i++)
                params[i] = -1.0f;
            for (size_t i = HIDDEN * IN; i < activ_graph_param_count(g); i++)
                params[i] = i % 2 ? INFINITY : NAN;
            for (size_t i = 0; i < BATCH * IN; i++)
                inputs[i] = 1.0f;
            assert_int_equal(activ_graph_train_values(g, BATCH, inputs, targets, NULL), ACTIV_OK);
            for (size_t i = 0; i < HIDDEN * IN; i++)
                if (activ_graph_grads(g)[i] != 0.0f)
                    fail_msg("variant %d: gradient %g", variant, (double)activ_graph_grads(g)[i]);
            activ_graph_destroy(g);
            activ_fn_destroy(relu);
            activ_context_destroy(context);
        }
}

/* A sample with a NaN among its logits is right for no label. */
static void test_nan_is_not_correct(void **state)
{
    (void)state;
    activ_graph *g = NULL;
    assert_int_equal(activ_graph_create(NULL, &g), ACTIV_OK);
    activ_graph_cross_entropy(g, activ_graph_flatten(g, activ_graph_input(g, 3)));
    assert_int_equal(activ_graph_compile(g, 3), ACTIV_OK);
    for (int at = 0; at < 3; at++)
        for (int32_t label = 0; label < 3; label++) {
            float x[9] = { 3, 2, 1, 0, 5, 0, 1, 1, 1 }; /* right: 0, 1 and the first of equals, 0 */
            const int32_t labels[3] = { label, label, label };
            size_t correct = 9;
            assert_int_equal(activ_graph_evaluate(g, 3, x, labels, NULL, &correct), ACTIV_OK);
            assert_int_equal(correct, label == 0 ? 2 : label == 1);
            for (int i = 0; i < 3; i++)
                x[3 * i + at] = NAN;
            assert_int_equal(activ_graph_evaluate(g, 3, x, labels, NULL, &correct), ACTIV_OK);
            assert_int_equal(correct, 0);
        }
    activ_graph_destroy(g);
}

/* Nobody trains zeros by mistake; but what the caller wrote counts, and a graph without parameters needs nothing. */
static void test_training_needs_values(void **state)
{
    (void)state;
    const float x[4] = { 1, 2, 3, 4 }, targets[4] = { 0, 0, 0, 0 };
    for (int variant = 0; variant < 5; variant++) {
        activ_graph *g = NULL;
        float loss = 7.0f;
        assert_int_equal(activ_graph_create(NULL, &g), ACTIV_OK);
        activ_node in = activ_graph_input(g, 2);
        activ_graph_mse(g, variant == 0 ? activ_graph_flatten(g, in) : activ_graph_linear(g, in, 2));
        assert_int_equal(activ_graph_compile(g, 2), ACTIV_OK);
        activ_optimizer *o = NULL;
        assert_int_equal(activ_sgd_create(g, NULL, &o), ACTIV_OK);
        if (variant == 1) {
            assert_int_equal(activ_graph_train_values(g, 2, x, targets, &loss), ACTIV_ERROR_STATE);
            assert_non_null(strstr(activ_graph_error(g), "activ_graph_init"));
            assert_true(loss == 7.0f);
            /* A failed initialisation gives none either. */
            assert_int_equal(activ_graph_init_weights(g, ACTIV_INIT_KAIMING_UNIFORM, 3e38f, 1), ACTIV_ERROR_RANGE);
            assert_int_equal(activ_graph_train_values(g, 2, x, targets, &loss), ACTIV_ERROR_STATE);
            assert_int_equal(activ_optimizer_step(o), ACTIV_OK);
            assert_int_equal(activ_graph_train_values(g, 2, x, targets, &loss), ACTIV_ERROR_STATE);
            assert_int_equal(activ_graph_init(g, 1), ACTIV_OK);
        } else if (variant == 2) {
            activ_graph_params(g)[0] = 0.0f; /* as the caller wants it */
        } else if (variant == 3) {
            assert_int_equal(activ_graph_init_weights(g, ACTIV_INIT_XAVIER_NORMAL, 1.0f, 1), ACTIV_OK);
        } else if (variant == 4) {
            assert_int_equal(activ_graph_init(g, 1), ACTIV_OK);
        }
        assert_int_equal(activ_graph_train_values(g, 2, x, targets, &loss), ACTIV_OK);
        assert_true(loss != 7.0f);
        activ_optimizer_destroy(o);
        activ_graph_destroy(g);
    }
}

/* A batch whose variance no float can hold, or with NaN, does not spoil the running values for ever. */
static void test_running_values_stay_finite(void **state)
{
    (void)state;
    enum { BATCH = 4, CHANNELS = 3 };
    activ_graph *g = NULL;
    assert_int_equal(activ_graph_create(NULL, &g), ACTIV_OK);
    (void)activ_graph_mse(g, activ_graph_batch_norm(g, activ_graph_input(g, CHANNELS), NULL));
    assert_int_equal(activ_graph_compile(g, BATCH), ACTIV_OK);
    assert_int_equal(activ_graph_init(g, 1), ACTIV_OK);
    const float targets[BATCH * CHANNELS] = { 0 };
    static const float bad[] = { 1e30f, -3e38f, NAN, INFINITY };
    for (size_t k = 0; k < sizeof bad / sizeof bad[0]; k++) {
        float x[BATCH * CHANNELS], before[2 * CHANNELS], loss;
        for (size_t i = 0; i < BATCH * CHANNELS; i++)
            x[i] = (float)(i % 5);
        x[CHANNELS] = bad[k]; /* in the first channel */
        memcpy(before, activ_graph_buffers(g), sizeof before);
        assert_int_equal(activ_graph_train_values(g, BATCH, x, targets, &loss), ACTIV_OK);
        const float *after = activ_graph_buffers(g);
        for (size_t i = 0; i < 2 * CHANNELS; i++)
            assert_true(i % CHANNELS == 0 ? after[i] == before[i] : after[i] != before[i] && isfinite(after[i]));
    }
    activ_graph_destroy(g);
}

/* The output is the input or apart from it, in any graph: there may be nothing in between but a copy. */
static void test_overlap(void **state)
{
    (void)state;
    for (int variant = 0; variant < 2; variant++) {
        activ_graph *g = NULL;
        float x[40], before[40];
        assert_int_equal(activ_graph_create(NULL, &g), ACTIV_OK);
        activ_node in = activ_graph_input(g, 4);
        (void)(variant ? activ_graph_linear(g, in, 4) : activ_graph_flatten(g, in));
        assert_int_equal(activ_graph_compile(g, 4), ACTIV_OK);
        assert_int_equal(activ_graph_init(g, 1), ACTIV_OK);
        for (int i = 0; i < 40; i++)
            x[i] = before[i] = (float)i;
        static const int offsets[] = { 1, 4, 15 };
        for (size_t i = 0; i < sizeof offsets / sizeof offsets[0]; i++) {
            assert_int_equal(activ_graph_forward(g, 4, x, x + offsets[i]), ACTIV_ERROR_INVALID);
            assert_non_null(strstr(activ_graph_error(g), "overlap"));
            assert_int_equal(activ_graph_forward(g, 4, x + offsets[i], x), ACTIV_ERROR_INVALID);
            assert_memory_equal(x, before, sizeof x);
        }
        float *odd = (float *)(void *)((char *)(x + 16) + 1);
        assert_int_equal(activ_graph_forward(g, 4, odd, x), ACTIV_ERROR_INVALID);
        assert_non_null(strstr(activ_graph_error(g), "the input is at an address"));
        assert_int_equal(activ_graph_forward(g, 4, x, odd), ACTIV_ERROR_INVALID);
        assert_non_null(strstr(activ_graph_error(g), "the output is at an address"));
        assert_memory_equal(x, before, sizeof x);
        assert_int_equal(activ_graph_forward(g, 4, x, x + 16), ACTIV_OK);
        assert_int_equal(activ_graph_forward(g, 4, x, x), ACTIV_OK);
        assert_memory_equal(x, x + 16, 16 * sizeof *x);
        activ_graph_destroy(g);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_nan_is_not_correct),
        cmocka_unit_test(test_training_needs_values),
        cmocka_unit_test(test_overlap),
        cmocka_unit_test(test_running_values_stay_finite),
        cmocka_unit_test(test_nothing_passes),
        cmocka_unit_test(test_same_bits_on_every_tier),
        cmocka_unit_test(test_same_bits_with_threads),
        cmocka_unit_test(test_batch_size_does_not_matter),
        cmocka_unit_test(test_no_allocation_in_a_step),
        cmocka_unit_test(test_memory_runs_out),
        cmocka_unit_test(test_failed_initialisation),
        cmocka_unit_test(test_random_layers),
        cmocka_unit_test(test_dropout),
        cmocka_unit_test(test_batch_of_one),
        cmocka_unit_test(test_failed_step_is_none),
        cmocka_unit_test(test_bad_arguments),
        cmocka_unit_test(test_before_compile),
        cmocka_unit_test(test_correct),
        cmocka_unit_test(test_values),
        cmocka_unit_test(test_without_loss),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
