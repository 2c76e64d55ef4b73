/* bench_step: does one call take less than two? activ_graph_step against activ_graph_train and activ_optimizer_step.
 *
 *     bench_step [ROUNDS]
 *
 * In each round both take one turn of several steps from the same state, in an order that changes; figures are medians
 * over the rounds, and so is the ratio, which is taken within a round. Ends with an error if their bits differ. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <activ/activ.h>

enum { BATCH = 128, IN = 784, CLASSES = 10, MOST_LAYERS = 6, MAX_ROUNDS = 1001 };
static const double TURN = 0.02; /* seconds */

static const struct {
    const char *name;
    size_t widths[MOST_LAYERS]; /* up to 0, of hidden layers with relu */
} networks[] = {
    { "784-256-192-128-64-10", { 256, 192, 128, 64 } },
    { "784-512-512-10", { 512, 512 } },
    { "784-512-512-512-512-512-10", { 512, 512, 512, 512, 512 } },
    { "784-2048-2048-10", { 2048, 2048 } },
};
enum { NETWORKS = sizeof networks / sizeof networks[0], TWO_CALLS = 0, ONE_CALL = 1 };

static float x[BATCH * IN];
static int32_t labels[BATCH];

typedef struct {
    activ_graph *graph;
    activ_optimizer *optimizer;
    double seconds[MAX_ROUNDS];
} contender;

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static activ_status begin(contender *c, const activ_context *context, const size_t *widths, int adamw)
{
    activ_status status = activ_graph_create(context, &c->graph);
    if (status != ACTIV_OK)
        return status;
    activ_node node = activ_graph_input(c->graph, IN);
    for (size_t i = 0; i < MOST_LAYERS && widths[i] > 0; i++)
        node = activ_graph_apply(c->graph, activ_graph_linear(c->graph, node, widths[i]), activ_fn_default("relu"));
    activ_graph_cross_entropy(c->graph, activ_graph_linear(c->graph, node, CLASSES));
    status = activ_graph_compile(c->graph, BATCH);
    if (status == ACTIV_OK)
        status = activ_graph_init(c->graph, 1);
    activ_sgd_options sgd = ACTIV_SGD_DEFAULTS;
    sgd.momentum = 0.8f;
    if (status == ACTIV_OK)
        status =
            adamw ? activ_adamw_create(c->graph, NULL, &c->optimizer) : activ_sgd_create(c->graph, &sgd, &c->optimizer);
    return status;
}

static activ_status run(const contender *c, int way, int steps)
{
    activ_status status = ACTIV_OK;
    for (int i = 0; i < steps && status == ACTIV_OK; i++) {
        if (way == ONE_CALL) {
            status = activ_graph_step(c->graph, c->optimizer, BATCH, x, labels, NULL);
            continue;
        }
        status = activ_graph_train(c->graph, BATCH, x, labels, NULL);
        if (status == ACTIV_OK)
            status = activ_optimizer_step(c->optimizer);
    }
    return status;
}

static int compare_doubles(const void *a, const void *b)
{
    double p = *(const double *)a, q = *(const double *)b;
    return (p > q) - (p < q);
}

static double median(double *values, int count)
{
    qsort(values, (size_t)count, sizeof *values, compare_doubles);
    return values[count / 2];
}

static activ_status measure(size_t network, size_t threads, int adamw, int rounds)
{
    static contender contenders[2];
    static double ratios[MAX_ROUNDS];
    activ_pool *pool = NULL;
    activ_context *context = NULL;
    activ_context_options options = ACTIV_CONTEXT_DEFAULTS;
    memset(contenders, 0, sizeof contenders);
    activ_status status = threads > 1 ? activ_pool_create(NULL, threads, &pool) : ACTIV_OK;
    if (pool)
        options.executor = activ_pool_executor(pool);
    if (status == ACTIV_OK)
        status = activ_context_create(&options, &context);
    for (int way = 0; way < 2 && status == ACTIV_OK; way++)
        status = begin(&contenders[way], context, networks[network].widths, adamw);
    int steps = 1;
    for (int way = 0; way < 2 && status == ACTIV_OK; way++) {
        const double start = now();
        status = run(&contenders[way], way, 3);
        steps = (int)(TURN / ((now() - start) / 3)) + 1;
    }
    for (int round = 0; round < rounds && status == ACTIV_OK; round++) {
        for (int k = 0; k < 2 && status == ACTIV_OK; k++) {
            const int way = (round + k) % 2;
            const double start = now();
            status = run(&contenders[way], way, steps);
            contenders[way].seconds[round] = (now() - start) / steps;
        }
        ratios[round] = contenders[ONE_CALL].seconds[round] / contenders[TWO_CALLS].seconds[round];
    }
    if (status == ACTIV_OK) {
        const size_t bytes = activ_graph_param_count(contenders[0].graph) * sizeof(float);
        if (memcmp(activ_graph_params(contenders[0].graph), activ_graph_params(contenders[1].graph), bytes) != 0) {
            fputs("bench_step: the bits differ\n", stderr);
            status = ACTIV_ERROR_STATE;
        }
        printf("| %-26s | %7zu | %-5s | %9.3f | %9.3f | %5.3f |\n", networks[network].name, threads,
               adamw ? "AdamW" : "SGD", 1e3 * median(contenders[TWO_CALLS].seconds, rounds),
               1e3 * median(contenders[ONE_CALL].seconds, rounds), median(ratios, rounds));
        fflush(stdout);
    }
    for (int way = 0; way < 2; way++) {
        activ_optimizer_destroy(contenders[way].optimizer);
        activ_graph_destroy(contenders[way].graph);
    }
    activ_context_destroy(context);
    activ_pool_destroy(pool);
    return status;
}

int main(int argc, char **argv)
{
    long rounds = argc > 1 ? strtol(argv[1], NULL, 10) : 101;
    if (argc > 2 || rounds < 1 || rounds > MAX_ROUNDS) {
        fprintf(stderr, "usage: bench_step [ROUNDS], 1 to %d\n", MAX_ROUNDS);
        return 2;
    }
    activ_status status = activ_random_uniform(1, 0, 0, BATCH * IN, 0.0f, 1.0f, x);
    for (int i = 0; i < BATCH; i++)
        labels[i] = i % CLASSES;
    printf("tier %s\n\n| network                    | threads | kind  | two calls | one, ms   | ratio |\n",
           activ_tier());
    puts("|----------------------------|--------:|-------|----------:|----------:|------:|");
    for (size_t network = 0; network < NETWORKS; network++)
        for (size_t threads = 1; threads <= 2; threads++)
            for (int adamw = 0; adamw < 2 && status == ACTIV_OK; adamw++)
                status = measure(network, threads, adamw, (int)rounds);
    if (status != ACTIV_OK)
        fprintf(stderr, "bench_step: %s\n", activ_status_string(status));
    return status == ACTIV_OK ? 0 : 2;
}
