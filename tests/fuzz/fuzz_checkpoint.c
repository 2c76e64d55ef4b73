/* Whole checkpoints: the loaders of networks, of training runs, and of parameters into a network that is there. */
#include <string.h>

#include "activ/checkpoint.h"
#include "fuzz.h"
#include "graph/graph.h"

static void count_left(void *user, int32_t what, const char *name)
{
    CHECK((what == ACTIV_LEFT_MISSING || what == ACTIV_LEFT_UNUSED) && name[0] != '\0');
    ++*(size_t *)user;
}

/* One that a file with its parameters alone may have: kept by the caller. */
static activ_graph *small_network(const activ_context *context)
{
    activ_graph *g = NULL;
    CHECK(activ_graph_create(context, &g) == ACTIV_OK);
    CHECK(activ_graph_parse(g,
                            "libactiv network 2\ninput = input(2)\nlayers.0 = linear(input, out_features=2)\n"
                            "layers.1 = batch_norm(layers.0, eps=1e-5, momentum=0.1)",
                            1000) == ACTIV_OK);
    activ_graph_fill_functions(g);
    CHECK(activ_graph_compile(g, 1) == ACTIV_OK && activ_graph_init(g, 1) == ACTIV_OK);
    return g;
}

static activ_status load_params(activ_graph *g, const char *path, int32_t partial, int32_t convert)
{
    size_t left = 0;
    activ_message message = { "" };
    activ_load_options options = ACTIV_LOAD_DEFAULTS;
    options.partial = partial;
    options.convert = convert;
    options.left = count_left;
    options.user = &left;
    const activ_status status = activ_checkpoint_load_params_ex(g, path, &options, &message);
    CHECK(status == ACTIV_OK || message.text[0] != '\0');
    CHECK(left == 0 || (partial && status == ACTIV_OK));
    return status;
}

static activ_status load_training(activ_graph *g, const char *path)
{
    activ_optimizer *o = NULL;
    activ_message message = { "" };
    const activ_status status = activ_checkpoint_load_training(g, path, &o, &message);
    if (status == ACTIV_OK)
        CHECK(activ_optimizer_steps(o) < UINT64_MAX);
    else
        CHECK(!o && message.text[0] != '\0');
    activ_optimizer_destroy(o);
    return status;
}

/* The network's own status is the result, *training the optimiser's. */
static activ_status load(const activ_context *context, const char *path, activ_status *training)
{
    activ_graph *g = NULL;
    activ_message message = { "" };
    const activ_status status = activ_checkpoint_load(context, path, 1, &g, &message);
    CHECK(status == ACTIV_OK || (!g && message.text[0] != '\0'));
    *training = status == ACTIV_OK ? load_training(g, path) : status;
    if (status == ACTIV_OK) {
        const activ_status params = load_params(g, path, 1, 1);
        CHECK(params == ACTIV_OK || (params == ACTIV_ERROR_OUT_OF_MEMORY && fuzz_memory.fail_at > 0));
    }
    activ_graph_destroy(g);
    return status;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static activ_graph *small;
    if (size > 1 << 18)
        return 0;
    const char *path = fuzz_file(data, size);
    if (!path)
        return 0;
    const activ_context *context = fuzz_context(NULL);
    activ_status training, failed_training;
    if (!small)
        small = small_network(context);
    const size_t live = fuzz_memory.live, calls = fuzz_memory.calls;
    const activ_status status = load(context, path, &training);
    fuzz_fail(data, size, fuzz_memory.calls - calls);
    const activ_status failed = load(context, path, &failed_training);
    fuzz_fail(data, size, 0);
    CHECK(failed == ACTIV_ERROR_OUT_OF_MEMORY || failed == status);
    CHECK(failed != status || failed_training == ACTIV_ERROR_OUT_OF_MEMORY || failed_training == training);
    (void)load_training(small, path);
    for (int32_t i = 0; i < 4; i++)
        (void)load_params(small, path, i & 1, i >> 1);
    CHECK(fuzz_memory.live == live && fuzz_memory.mistakes == 0);
    return 0;
}
