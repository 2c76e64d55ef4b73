/* How much memory training takes at most: SimpleNetwork (784-256-192-128-64-10, 283,914 parameters), batches of 128,
 * SGD with momentum. Measured is the peak of resident memory (VmHWM, less what is mapped from files) less that at the
 * start; one batch of images, which is all the data that there is, counts. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "activ/activ.h"
#include "support/sanitized.h"

enum { BATCH = 128, PIXELS = 784, CLASSES = 10, STEPS = 20, MOST_KIB = 8 * 1024 };

/* Not getrusage's ru_maxrss, which starts with the peak of the program that started this one. */
static long status_kib(const char *field)
{
    char line[256];
    long kib = -1;
    FILE *file = fopen("/proc/self/status", "r");
    while (file && fgets(line, sizeof line, file))
        if (strncmp(line, field, strlen(field)) == 0)
            kib = strtol(line + strlen(field), NULL, 10);
    if (file)
        fclose(file);
    return kib;
}

/* The program's code apart, of which the system maps more than is used, by what it has in its cache. */
static long peak_kib(void)
{
    long peak = status_kib("VmHWM:"), code = status_kib("RssFile:");
    return peak < 0 || code < 0 ? -1 : peak - code;
}

static void train(const activ_context *context, const char *spec)
{
    static const size_t hidden[] = { 256, 192, 128, 64 };
    static float x[BATCH * PIXELS];
    static int32_t labels[BATCH];
    float loss;
    size_t correct;
    activ_random_uniform(1, 1, 0, BATCH * PIXELS, -1.0f, 1.0f, x);
    for (int32_t i = 0; i < BATCH; i++)
        labels[i] = i % CLASSES;

    activ_fn *fn = NULL;
    activ_graph *g = NULL;
    activ_optimizer *sgd = NULL;
    assert_int_equal(activ_fn_create(context, spec, &fn), ACTIV_OK);
    assert_int_equal(activ_graph_create(context, &g), ACTIV_OK);
    activ_node node = activ_graph_input(g, PIXELS), first = -1;
    for (size_t i = 0; i < 4; i++) {
        node = activ_graph_linear(g, node, hidden[i]);
        node = i == 0 ? (first = activ_graph_apply(g, node, fn)) : activ_graph_apply_shared(g, node, first);
    }
    activ_graph_cross_entropy(g, activ_graph_linear(g, node, CLASSES));
    assert_int_equal(activ_graph_compile(g, BATCH), ACTIV_OK);
    assert_int_equal(activ_graph_param_count(g), 283914 + activ_fn_param_count(fn));
    assert_int_equal(activ_graph_init(g, 1), ACTIV_OK);
    activ_sgd_options options = { .size = sizeof options, .lr = 0.01f, .momentum = 0.9f };
    assert_int_equal(activ_sgd_create(g, &options, &sgd), ACTIV_OK);
    for (int step = 0; step < STEPS; step++) {
        assert_int_equal(activ_graph_train(g, BATCH, x, labels, &loss), ACTIV_OK);
        assert_int_equal(activ_optimizer_step(sgd), ACTIV_OK);
        assert_int_equal(activ_graph_evaluate(g, BATCH, x, labels, &loss, &correct), ACTIV_OK);
    }
    activ_optimizer_destroy(sgd);
    activ_graph_destroy(g);
    activ_fn_destroy(fn);
}

static void test_peak_memory(void **state)
{
    (void)state;
#if SANITIZED
    skip(); /* most of the memory would be the sanitizer's */
#endif
    long start = peak_kib();
    if (start < 0)
        skip(); /* no Linux */
    activ_pool *pool = NULL;
    activ_context *context = NULL;
    assert_int_equal(activ_pool_create(NULL, 2, &pool), ACTIV_OK);
    activ_context_options options = { .size = sizeof options, .executor = activ_pool_executor(pool) };
    assert_int_equal(activ_context_create(&options, &context), ACTIV_OK);
    static const char *const specs[] = { "relu", "gelu", "staf(tau=25)" };
    for (size_t i = 0; i < sizeof specs / sizeof specs[0]; i++) {
        train(NULL, specs[i]);
        long alone = peak_kib() - start;
        train(context, specs[i]);
        long shared = peak_kib() - start;
        printf("peak until here: %s %ld KiB, with two threads %ld KiB\n", specs[i], alone, shared);
        assert_true(alone > 3 * 283914 * 4 / 1024); /* parameters, gradients, velocities: it does measure */
        assert_true(shared <= MOST_KIB);
    }
    activ_context_destroy(context);
    activ_pool_destroy(pool);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_peak_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
