/* bench_growth: how long a training step takes and how much memory training takes, of one size of network.
 *
 *     bench_growth WIDTH DEPTH BATCH THREADS SECONDS
 *
 * DEPTH linear layers of WIDTH x WIDTH with ReLU, one of ten outputs, cross-entropy, SGD with momentum, on a batch of
 * random numbers, for SECONDS and three steps at least. Prints one line of JSON: the median of the steps' times, and
 * the peak of resident memory less that at the start, both without mapped files. bench/pytorch_growth.py prints the
 * same of PyTorch. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <activ/activ.h>

enum { CLASSES = 10, WARM_UP = 1, LEAST = 3, KEPT = 4096 };

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static int compare_doubles(const void *a, const void *b)
{
    double p = *(const double *)a, q = *(const double *)b;
    return (p > q) - (p < q);
}

/* A line of /proc/self/status in bytes. */
static double status_bytes(const char *field)
{
    char line[256];
    double bytes = 0;
    FILE *file = fopen("/proc/self/status", "r");
    while (file && fgets(line, sizeof line, file))
        if (strncmp(line, field, strlen(field)) == 0)
            bytes = 1024.0 * strtod(line + strlen(field), NULL);
    if (file)
        fclose(file);
    return bytes;
}

static double peak_bytes(void)
{
    return status_bytes("VmHWM:") - status_bytes("RssFile:");
}

/* NULL: what it says failed. */
static activ_graph *make_network(const activ_context *context, size_t width, size_t depth, size_t batch)
{
    activ_graph *g = NULL;
    if (activ_graph_create(context, &g) != ACTIV_OK)
        return NULL;
    activ_node node = activ_graph_input(g, width);
    for (size_t i = 0; i < depth; i++)
        node = activ_graph_apply(g, activ_graph_linear(g, node, width), activ_fn_default("relu"));
    activ_graph_cross_entropy(g, activ_graph_linear(g, node, CLASSES));
    if (activ_graph_compile(g, batch) == ACTIV_OK && activ_graph_init(g, 1) == ACTIV_OK)
        return g;
    fprintf(stderr, "bench_growth: %s\n", activ_graph_error(g));
    activ_graph_destroy(g);
    return NULL;
}

/* The median; negative: an error. */
static double median_step(activ_graph *g, activ_optimizer *sgd, size_t batch, const float *x, const int32_t *labels,
                          double seconds, long *steps)
{
    static double times[KEPT];
    const double begin = now();
    long count = -WARM_UP;
    for (double start = begin; count < LEAST || start - begin < seconds; count++) {
        if (activ_graph_train(g, batch, x, labels, NULL) != ACTIV_OK || activ_optimizer_step(sgd) != ACTIV_OK)
            return -1;
        const double end = now();
        if (count >= 0)
            times[count % KEPT] = end - start;
        start = end;
    }
    *steps = count;
    const size_t kept = (size_t)(count < KEPT ? count : KEPT);
    qsort(times, kept, sizeof *times, compare_doubles);
    return times[kept / 2];
}

static int run(const activ_context *context, size_t width, size_t depth, size_t batch, double seconds)
{
    const double before = peak_bytes();
    float *x = malloc(batch * width * sizeof *x);
    int32_t *labels = malloc(batch * sizeof *labels);
    activ_graph *g = make_network(context, width, depth, batch);
    activ_sgd_options options = ACTIV_SGD_DEFAULTS;
    options.lr = 0.001f;
    options.momentum = 0.8f;
    activ_optimizer *sgd = NULL;
    double step = -1;
    long steps = 0;
    if (x && labels && g && activ_sgd_create(g, &options, &sgd) == ACTIV_OK) {
        activ_random_uniform(1, 1, 0, batch * width, -1.0f, 1.0f, x);
        for (size_t i = 0; i < batch; i++)
            labels[i] = (int32_t)(i % CLASSES);
        step = median_step(g, sgd, batch, x, labels, seconds, &steps);
    }
    if (step >= 0)
        printf("{\"parameters\": %zu, \"train_seconds\": %.9f, \"steps\": %ld, \"peak_bytes\": %.0f, "
               "\"tier\": \"%s\"}\n",
               activ_graph_param_count(g), step, steps, peak_bytes() - before, activ_tier());
    else
        fputs("bench_growth: no memory, or training failed\n", stderr);
    activ_optimizer_destroy(sgd);
    activ_graph_destroy(g);
    free(labels);
    free(x);
    return step >= 0 ? 0 : 2;
}

int main(int argc, char **argv)
{
    long sizes[4] = { 0 };
    for (int i = 0; i < 4 && i + 1 < argc; i++)
        sizes[i] = strtol(argv[i + 1], NULL, 10);
    const double seconds = argc == 6 ? strtod(argv[5], NULL) : -1;
    for (int i = 0; i < 4; i++)
        if (sizes[i] < 1 || sizes[i] > 65536 || !(seconds >= 0)) {
            fputs("usage: bench_growth WIDTH DEPTH BATCH THREADS SECONDS\n", stderr);
            return 2;
        }
    activ_pool *pool = NULL;
    activ_context_options options = ACTIV_CONTEXT_DEFAULTS;
    activ_context *context = NULL;
    int failed = 2;
    if (sizes[3] == 1 || activ_pool_create(NULL, (size_t)sizes[3], &pool) == ACTIV_OK) {
        options.executor = pool ? activ_pool_executor(pool) : NULL;
        if (activ_context_create(&options, &context) == ACTIV_OK)
            failed = run(context, (size_t)sizes[0], (size_t)sizes[1], (size_t)sizes[2], seconds);
    }
    activ_context_destroy(context);
    activ_pool_destroy(pool);
    return failed;
}
