/* bench_optimizers: what a step of each optimiser costs, and whether numbers near the end of float32 make it dearer.
 *
 *     bench_optimizers [ROUNDS]
 *
 * Nanoseconds per parameter with gradients of usual size; then the time with others by that time: gradients that have
 * been 0 for long, whose averages fade; those of 1e-17, whose squares are tiny; of 1e-21, whose squares are below the
 * normal numbers; of 1e-40, which are themselves. Arithmetic on subnormal numbers takes many CPUs a hundred times as
 * long, so a ratio far from 1 is a step that does some. One thread; the arrays fit into the second cache. In each round
 * every situation has one turn; figures are medians over the rounds, and so are the ratios, taken within a round. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include <activ/activ.h>

enum { IN = 128, OUT = 64, COUNT = IN * OUT, MAX_ROUNDS = 1001 };
enum { TURN = 100, BEFORE = 10, LONG = 150000, WHILE = 3000 };

static const struct {
    const char *name;
    float gradient; /* of all parameters, from step BEFORE on; 1: usual ones */
    int steps;      /* with it, before it is timed */
} situations[] = {
    { "usual", 1.0f, BEFORE },  { "0 for long", 0.0f, LONG }, { "1e-17", 1e-17f, WHILE },
    { "1e-21", 1e-21f, WHILE }, { "1e-40", 1e-40f, WHILE },
};
enum { SITUATIONS = sizeof situations / sizeof situations[0] };

typedef struct {
    activ_graph *graph;
    activ_optimizer *optimizer;
    double seconds[MAX_ROUNDS], ratios[MAX_ROUNDS];
} contender;

static const char *const kinds[] = {
    "SGD", "SGD, momentum", "SGD, nesterov", "AdamW", "AdamW, amsgrad", "RMSprop", "RMSprop, centered, momentum"
};
enum { KINDS = sizeof kinds / sizeof kinds[0] };

static activ_status make_optimizer(int kind, activ_graph *g, activ_optimizer **out)
{
    activ_sgd_options sgd = ACTIV_SGD_DEFAULTS;
    activ_adamw_options adamw = ACTIV_ADAMW_DEFAULTS;
    activ_rmsprop_options rmsprop = ACTIV_RMSPROP_DEFAULTS;
    sgd.momentum = kind > 0 ? 0.9f : 0.0f;
    sgd.nesterov = kind == 2;
    adamw.amsgrad = kind == 4;
    rmsprop.centered = kind == 6;
    rmsprop.momentum = kind == 6 ? 0.9f : 0.0f;
    return kind < 3   ? activ_sgd_create(g, &sgd, out)
           : kind < 5 ? activ_adamw_create(g, &adamw, out)
                      : activ_rmsprop_create(g, &rmsprop, out);
}

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static activ_status run(const contender *c, int steps)
{
    activ_status status = ACTIV_OK;
    for (int i = 0; i < steps && status == ACTIV_OK; i++)
        status = activ_optimizer_step(c->optimizer);
    return status;
}

/* A network of one layer, which only lends its arrays, and an optimiser in the situation. */
static activ_status begin(contender *c, int kind, int situation)
{
    activ_status status = activ_graph_create(NULL, &c->graph);
    if (status != ACTIV_OK)
        return status;
    activ_graph_mse(c->graph, activ_graph_linear_without_bias(c->graph, activ_graph_input(c->graph, IN), OUT));
    status = activ_graph_compile(c->graph, 1);
    if (status == ACTIV_OK)
        status = activ_graph_init(c->graph, 1);
    if (status == ACTIV_OK)
        status = make_optimizer(kind, c->graph, &c->optimizer);
    if (status == ACTIV_OK)
        status = activ_random_normal(1, 0, 0, COUNT, 0.0f, 1.0f, activ_graph_grads(c->graph));
    if (status == ACTIV_OK)
        status = run(c, BEFORE);
    for (size_t i = 0; i < COUNT && status == ACTIV_OK && situations[situation].gradient != 1.0f; i++)
        activ_graph_grads(c->graph)[i] = situations[situation].gradient;
    return status == ACTIV_OK ? run(c, situations[situation].steps) : status;
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

static activ_status measure(int kind, int rounds)
{
    static contender contenders[SITUATIONS];
    activ_status status = ACTIV_OK;
    for (int s = 0; s < SITUATIONS; s++) {
        contenders[s].graph = NULL;
        contenders[s].optimizer = NULL;
        if (status == ACTIV_OK)
            status = begin(&contenders[s], kind, s);
    }
    for (int round = 0; round < rounds && status == ACTIV_OK; round++) {
        for (int s = 0; s < SITUATIONS && status == ACTIV_OK; s++) {
            const double start = now();
            status = run(&contenders[s], TURN);
            contenders[s].seconds[round] = now() - start;
        }
        for (int s = 0; s < SITUATIONS; s++)
            contenders[s].ratios[round] = contenders[s].seconds[round] / contenders[0].seconds[round];
    }
    if (status == ACTIV_OK) {
        printf("| %-27s | %8.3f |", kinds[kind], 1e9 * median(contenders[0].seconds, rounds) / TURN / COUNT);
        for (int s = 1; s < SITUATIONS; s++)
            printf(" %10.2f |", median(contenders[s].ratios, rounds));
        puts("");
        fflush(stdout);
    }
    for (int s = 0; s < SITUATIONS; s++) {
        activ_optimizer_destroy(contenders[s].optimizer);
        activ_graph_destroy(contenders[s].graph);
    }
    return status;
}

int main(int argc, char **argv)
{
    long rounds = argc > 1 ? strtol(argv[1], NULL, 10) : 101;
    if (argc > 2 || rounds < 1 || rounds > MAX_ROUNDS) {
        fprintf(stderr, "usage: bench_optimizers [ROUNDS], 1 to %d\n", MAX_ROUNDS);
        return 2;
    }
    printf("tier %s\n\n| %-27s | %8s |", activ_tier(), "ratios by the gradients", "usual ns");
    for (int s = 1; s < SITUATIONS; s++)
        printf(" %10s |", situations[s].name);
    puts("\n|-----------------------------|---------:|-----------:|-----------:|-----------:|-----------:|");
    activ_status status = ACTIV_OK;
    for (int kind = 0; kind < KINDS && status == ACTIV_OK; kind++)
        status = measure(kind, (int)rounds);
    if (status != ACTIV_OK)
        fprintf(stderr, "bench_optimizers: %s\n", activ_status_string(status));
    return status == ACTIV_OK ? 0 : 2;
}
