/* A shared library of a host, with libactiv.a inside. Compiled twice, with another COPY (its function) and TIER. */
#include "api/copy.h"

#include <stdio.h>
#include <stdlib.h>

#include "activ/activ.h"

enum { N = 20000, IN = 40, OUT = 5, SAMPLES = 300 };

static uint64_t mix(uint64_t digest, size_t bytes, const void *data)
{
    for (size_t i = 0; i < bytes; i++)
        digest = (digest ^ ((const unsigned char *)data)[i]) * UINT64_C(0x100000001b3);
    return digest;
}

/* Each function of the catalog on more elements than one thread should do. */
static int use_functions(const activ_context *context, uint64_t *digest)
{
    float *x = malloc(2 * N * sizeof *x), *y = x + N;
    activ_fn_info info = ACTIV_FN_INFO_INIT;
    int failed = x == NULL || activ_random_normal(1, 2, 0, N, 0.0f, 3.0f, x) != ACTIV_OK;
    for (size_t i = 0; !failed && activ_fn_catalog(i, &info) == ACTIV_OK; i++) {
        activ_fn *fn = NULL;
        failed = activ_fn_create(context, info.name, &fn) != ACTIV_OK || activ_fn_default(info.name) == NULL;
        if (!failed && info.shape == ACTIV_SHAPE_ELEMENTWISE)
            failed = activ_forward(fn, NULL, N, x, y) != ACTIV_OK;
        activ_fn_destroy(fn);
        *digest = mix(*digest, N * sizeof *y, y);
    }
    free(x);
    return failed;
}

static int train(const activ_context *context, uint64_t *digest)
{
    static const char path[] = "test_copies." COPY_NAME ".safetensors";
    static _Thread_local float x[SAMPLES * IN];
    static _Thread_local int32_t labels[SAMPLES];
    activ_graph *g = NULL, *loaded = NULL;
    activ_optimizer *optimizer = NULL;
    activ_fn *fn = NULL;
    float loss = 0.0f;
    int failed =
        activ_fn_create(context, "staf(tau=3)", &fn) != ACTIV_OK || activ_graph_create(context, &g) != ACTIV_OK;
    if (!failed) {
        activ_node a = activ_graph_apply(g, activ_graph_linear(g, activ_graph_input(g, IN), 64), fn);
        activ_graph_cross_entropy(g, activ_graph_linear(g, activ_graph_batch_norm(g, a, NULL), OUT));
        failed = activ_graph_compile(g, SAMPLES) != ACTIV_OK || activ_graph_init(g, 1) != ACTIV_OK ||
                 activ_adamw_create(g, NULL, &optimizer) != ACTIV_OK ||
                 activ_random_normal(1, 3, 0, (size_t)SAMPLES * IN, 0.0f, 1.0f, x) != ACTIV_OK;
    }
    for (size_t i = 0; i < SAMPLES; i++)
        labels[i] = (int32_t)(activ_random_bits(1, 4, i) % OUT);
    for (int step = 0; !failed && step < 5; step++)
        failed =
            activ_graph_train(g, SAMPLES, x, labels, &loss) != ACTIV_OK || activ_optimizer_step(optimizer) != ACTIV_OK;
    failed = failed || activ_checkpoint_save(g, path, NULL) != ACTIV_OK ||
             activ_checkpoint_load(context, path, 1, &loaded, NULL) != ACTIV_OK;
    if (!failed) {
        *digest = mix(*digest, sizeof loss, &loss);
        *digest = mix(*digest, activ_graph_param_count(loaded) * sizeof(float), activ_graph_params(loaded));
    }
    remove(path);
    activ_graph_destroy(loaded);
    activ_optimizer_destroy(optimizer);
    activ_graph_destroy(g);
    activ_fn_destroy(fn);
    return failed;
}

static int work(uint64_t *digest)
{
    activ_pool *pool = NULL;
    activ_context *context = NULL;
    activ_context_options options = ACTIV_CONTEXT_DEFAULTS;
    *digest = 1;
    options.max_tier = COPY_TIER;
    int failed = activ_pool_create(NULL, 2, &pool) != ACTIV_OK;
    options.executor = activ_pool_executor(pool);
    failed = failed || activ_context_create(&options, &context) != ACTIV_OK || use_functions(context, digest) ||
             train(context, digest);
    activ_context_destroy(context);
    activ_pool_destroy(pool);
    return failed;
}

__attribute__((visibility("default"))) const copy *COPY(void)
{
    static copy shown = { NULL, work };
    shown.library = activ_version_string();
    return &shown;
}
