/* bench_latency: how long one row through a saved network takes, one thread.
 *
 *     bench_latency NETWORK [CALLS]
 *
 * Prints one line of JSON: the median and the tenth and ninetieth percentile of the calls' times in microseconds, and
 * the outputs for the first row. bench/pytorch_latency.py prints the same of PyTorch for the same rows. */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include <activ/activ.h>

enum { ROWS = 64, FEATURES = 784, CLASSES = 10, WARM_UP = 1000 };

static float x[ROWS][FEATURES], y[CLASSES];

/* What is measured. */
static activ_status predict(const activ_graph *g, void *workspace, size_t bytes, const float *row)
{
    return activ_graph_predict(g, workspace, bytes, 1, row, y);
}

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return 1e6 * (double)t.tv_sec + 1e-3 * (double)t.tv_nsec;
}

static int compare_doubles(const void *a, const void *b)
{
    double p = *(const double *)a, q = *(const double *)b;
    return (p > q) - (p < q);
}

int main(int argc, char **argv)
{
    long calls = argc > 2 ? strtol(argv[2], NULL, 10) : 20000;
    if (argc < 2 || argc > 3 || calls < 10 || calls > 10000000) {
        fputs("usage: bench_latency NETWORK [CALLS]\n", stderr);
        return 2;
    }
    for (size_t i = 0; i < ROWS; i++)
        for (size_t j = 0; j < FEATURES; j++)
            x[i][j] = (float)((31 * i + 7 * j) % 256) / 128.0f - 1.0f;

    activ_message why = { "no memory" };
    activ_graph *g = NULL;
    if (activ_checkpoint_load(NULL, argv[1], 0, &g, &why) != ACTIV_OK) {
        fprintf(stderr, "bench_latency: %s: %s\n", argv[1], why.text);
        return 2;
    }
    size_t bytes = activ_graph_workspace_bytes(g, 1);
    void *workspace = malloc(bytes);
    double *times = malloc((size_t)calls * sizeof *times);
    if (!workspace || !times || predict(g, workspace, bytes, x[0]) != ACTIV_OK) {
        fputs("bench_latency: no memory, or no network with 784 inputs\n", stderr);
        return 2;
    }
    printf("{\"outputs\": [");
    for (int i = 0; i < CLASSES; i++)
        printf("%s%.9g", i ? ", " : "", (double)y[i]);
    for (long i = -WARM_UP; i < calls; i++) {
        const float *row = x[(i + WARM_UP) % ROWS];
        double start = now();
        activ_status status = predict(g, workspace, bytes, row);
        double time = now() - start;
        if (status != ACTIV_OK)
            return 2;
        if (i >= 0)
            times[i] = time;
    }
    qsort(times, (size_t)calls, sizeof *times, compare_doubles);
    printf("], \"microseconds\": %.3f, \"low\": %.3f, \"high\": %.3f, \"how\": \"activ_graph_predict\"}\n",
           times[calls / 2], times[calls / 10], times[calls / 10 * 9]);
    activ_graph_destroy(g);
    free(workspace);
    free(times);
    return 0;
}
