/* The bytes of a training checkpoint after three epochs, by a program that needs no test library: the same for every
 * tier, number of threads, compiler and architecture, and the same as when they were written down here.
 *
 * usage: test_checkpoint_bytes [--large] [FILE]      FILE is written, read and removed
 *
 *   --large    SimpleNetwork too, 784-256-192-128-64-10 at batch 128, on all tiers but the scalar one
 *
 * Meant to change? The program prints what it found. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "activ/activ.h"
#include "support/tiers.h"

typedef struct network {
    const char *name, *activations[4];
    size_t features, widths[4], layers, classes;
    size_t samples, batch;
    uint64_t digest; /* of the file: FNV-1a, 64 bits */
} network;

/* Sizes that are no multiples of anything, and every kind of activation: plain, random, trainable, one of many
 * parameters. */
static const network small = { "small",
                               { "gelu", "rrelu", "trainable_elu", "staf(tau=3)" },
                               21,
                               { 33, 18, 27, 9 },
                               4,
                               5,
                               100,
                               37,
                               UINT64_C(0x3e5c5e08b8cc2489) };
static const network large = { "SimpleNetwork",
                               { "relu", "relu", "relu", "relu" },
                               784,
                               { 256, 192, 128, 64 },
                               4,
                               10,
                               440,
                               128,
                               UINT64_C(0x3c84b935c94cf4d6) };

static void must(activ_status status, const char *what)
{
    if (status == ACTIV_OK)
        return;
    fprintf(stderr, "%s: %s\n", what, activ_status_string(status));
    exit(2);
}

static activ_graph *build(const network *n, const activ_context *context)
{
    activ_graph *g = NULL;
    must(activ_graph_create(context, &g), "graph");
    activ_node node = activ_graph_input(g, n->features);
    for (size_t i = 0; i < n->layers; i++) {
        activ_fn *fn = NULL;
        must(activ_fn_create(context, n->activations[i], &fn), n->activations[i]);
        node = activ_graph_apply(g, activ_graph_linear(g, node, n->widths[i]), fn);
        activ_fn_destroy(fn);
    }
    activ_graph_cross_entropy(g, activ_graph_linear(g, node, n->classes));
    must(activ_graph_compile(g, n->batch), "compile");
    must(activ_graph_init(g, 7), "init");
    return g;
}

/* Three epochs over shuffled samples, the last batch of each smaller. */
static void train(const network *n, activ_graph *g, activ_optimizer *optimizer)
{
    float *x = malloc(n->batch * n->features * sizeof *x);
    int32_t *labels = malloc(n->batch * sizeof *labels);
    uint32_t *order = malloc(n->samples * sizeof *order);
    if (!x || !labels || !order)
        must(ACTIV_ERROR_OUT_OF_MEMORY, "samples");
    for (uint64_t epoch = 0; epoch < 3; epoch++) {
        must(activ_random_permutation(1, epoch, n->samples, order), "order");
        for (size_t first = 0; first < n->samples; first += n->batch) {
            size_t size = n->samples - first < n->batch ? n->samples - first : n->batch;
            for (size_t i = 0; i < size; i++) {
                must(activ_random_normal(2, order[first + i], 0, n->features, 0.0f, 1.0f, x + i * n->features), "x");
                labels[i] = (int32_t)(activ_random_bits(3, order[first + i], 0) % n->classes);
            }
            must(activ_graph_train(g, size, x, labels, NULL), "train");
            must(activ_optimizer_step(optimizer), "step");
        }
    }
    free(x);
    free(labels);
    free(order);
}

static uint64_t digest_of(const char *path)
{
    FILE *file = fopen(path, "rb");
    uint64_t digest = UINT64_C(0xcbf29ce484222325);
    int c;
    if (!file)
        must(ACTIV_ERROR_IO, path);
    while ((c = getc(file)) != EOF)
        digest = (digest ^ (uint64_t)c) * UINT64_C(0x100000001b3);
    if (ferror(file))
        must(ACTIV_ERROR_IO, path);
    fclose(file);
    return digest;
}

static uint64_t run(const network *n, size_t tier, size_t threads, const char *path)
{
    activ_pool *pool = NULL;
    activ_context *context = NULL;
    activ_optimizer *optimizer = NULL;
    activ_message message = { "" };
    if (threads > 1)
        must(activ_pool_create(NULL, threads, &pool), "pool");
    activ_context_options options = { .size = sizeof options,
                                      .executor = activ_pool_executor(pool),
                                      .max_tier = activ_tier_at(tier) };
    must(activ_context_create(&options, &context), "context");
    if (strcmp(activ_context_tier(context), activ_tier_at(tier)) != 0)
        must(ACTIV_ERROR_UNSUPPORTED, activ_tier_at(tier));
    activ_graph *g = build(n, context);
    activ_sgd_options sgd = { .size = sizeof sgd, .lr = 0.05f, .momentum = 0.9f, .weight_decay = 1e-3f };
    must(activ_sgd_create(g, &sgd, &optimizer), "optimizer");
    train(n, g, optimizer);
    must(activ_checkpoint_save_training(g, optimizer, path, &message), message.text);
    activ_optimizer_destroy(optimizer);
    activ_graph_destroy(g);
    activ_context_destroy(context);
    activ_pool_destroy(pool);
    return digest_of(path);
}

/* WebAssembly has none. */
static int has_threads(void)
{
    activ_pool *pool = NULL;
    activ_status status = activ_pool_create(NULL, 2, &pool);
    if (status != ACTIV_ERROR_UNSUPPORTED)
        must(status, "pool");
    activ_pool_destroy(pool);
    return status == ACTIV_OK;
}

static int check(const network *n, size_t first_tier, const char *path)
{
    static const size_t threads[] = { 1, 2, 3, 8 };
    const size_t kinds = has_threads() ? sizeof threads / sizeof threads[0] : 1;
    int failures = 0;
    for (size_t tier = first_tier; tier < tier_count(); tier++) {
        for (size_t i = 0; i < kinds; i++) {
            uint64_t digest = run(n, tier, threads[i], path);
            if (digest == n->digest)
                continue;
            printf("FAILED: %s, %s, threads: %zu: digest 0x%016llx instead of 0x%016llx\n", n->name,
                   activ_tier_at(tier), threads[i], (unsigned long long)digest, (unsigned long long)n->digest);
            failures++;
        }
        printf("%s, %s: checked with %s\n", n->name, activ_tier_at(tier),
               kinds > 1 ? "1, 2, 3 and 8 threads" : "1 thread, as there are no others");
    }
    return failures;
}

int main(int argc, char **argv)
{
    int with_large = argc > 1 && strcmp(argv[1], "--large") == 0;
    const char *path = argc > 1 + with_large ? argv[1 + with_large] : "checkpoint_bytes.safetensors";
    int failures = check(&small, 0, path);
    if (with_large)
        failures += check(&large, 1, path);
    remove(path);
    return failures > 0;
}
