/* bench_functions: nanoseconds per element of each function, forward and backward, on each tier
 * that this machine has, beside memcpy of the same array.
 *
 *     bench_functions [N]        N floats, 4096 unless given
 *
 * Each figure is the median of 31 rounds; in a round all functions and memcpy take their turn. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <activ/activ.h>

enum { ROUNDS = 31, FUNCTIONS = 64 };

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static int compare(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static double median(double *times)
{
    qsort(times, ROUNDS, sizeof *times, compare);
    return times[ROUNDS / 2];
}

static activ_fn *functions[FUNCTIONS];
static const char *names[FUNCTIONS];
static double forward[FUNCTIONS][ROUNDS], backward[FUNCTIONS][ROUNDS], copy[ROUNDS];

static int bench_tier(const char *tier, size_t n, const float *x, const float *dy, float *out)
{
    activ_context *context;
    activ_context_options options = { .size = sizeof options, .max_tier = tier };
    if (activ_context_create(&options, &context) != ACTIV_OK)
        return 2;
    if (strcmp(activ_context_tier(context), tier) != 0) {
        printf("%s: ACTIV_MAX_TIER forbids it\n\n", tier);
        activ_context_destroy(context);
        return 0;
    }
    size_t count = 0;
    activ_fn_info info = { .size = sizeof info };
    for (; count < FUNCTIONS && activ_fn_catalog(count, &info) == ACTIV_OK; count++) {
        names[count] = info.name;
        if (activ_fn_create(context, info.name, &functions[count]) != ACTIV_OK)
            return 2;
    }
    size_t repeats = 200000 / n + 1;
    double per_element = 1e9 / (double)(repeats * n);
    for (int round = 0; round < ROUNDS; round++) {
        double start = now();
        for (size_t r = 0; r < repeats; r++) {
            memcpy(out, x, n * sizeof *x);
            /* The copy may not be left out. */
            __asm__ volatile("" : : "r"(out) : "memory");
        }
        copy[round] = (now() - start) * per_element;
        for (size_t i = 0; i < count; i++) {
            start = now();
            for (size_t r = 0; r < repeats; r++)
                activ_forward(functions[i], NULL, n, x, out);
            forward[i][round] = (now() - start) * per_element;
            start = now();
            for (size_t r = 0; r < repeats; r++)
                activ_backward(functions[i], NULL, n, x, dy, out, NULL);
            backward[i][round] = (now() - start) * per_element;
        }
    }
    printf("%s, n = %zu             forward   backward   (ns per element)\n", tier, n);
    printf("%-24s %9.3f\n", "memcpy", median(copy));
    for (size_t i = 0; i < count; i++) {
        printf("%-24s %9.3f  %9.3f\n", names[i], median(forward[i]), median(backward[i]));
        activ_fn_destroy(functions[i]);
    }
    printf("\n");
    activ_context_destroy(context);
    return 0;
}

int main(int argc, char **argv)
{
    char *end = NULL;
    unsigned long n = argc > 1 ? strtoul(argv[1], &end, 10) : 4096;
    if (argc > 2 || (end && (*end != '\0' || end == argv[1])) || n == 0 || n > 1ul << 28) {
        fprintf(stderr, "usage: bench_functions [N]\n");
        return 2;
    }
    float *x = malloc(n * sizeof *x), *dy = malloc(n * sizeof *dy), *out = malloc(n * sizeof *out);
    int result = 2;
    if (x && dy && out && activ_random_normal(1, 0, 0, n, 0.0f, 2.0f, x) == ACTIV_OK &&
        activ_random_normal(1, 1, 0, n, 0.0f, 1.0f, dy) == ACTIV_OK) {
        result = 0;
        for (size_t i = 0; activ_tier_at(i) && result == 0; i++)
            result = bench_tier(activ_tier_at(i), n, x, dy, out);
    }
    if (result != 0)
        fprintf(stderr, "bench_functions: no memory\n");
    free(x);
    free(dy);
    free(out);
    return result;
}
