/* Whole checkpoints: the loader of networks, of parameters and of training runs. What loads is saved again and is the
 * same. */
#include "activ/checkpoint.h"
#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size > 1 << 18)
        return 0;
    const char *path = fuzz_file(data, size);
    activ_graph *g = NULL;
    activ_optimizer *o = NULL;
    activ_message message = { "" };
    if (!path)
        return 0;
    if (activ_checkpoint_load(NULL, path, 1, &g, &message) != ACTIV_OK) {
        CHECK(!g && message.text[0] != '\0');
        return 0;
    }
    if (activ_checkpoint_load_training(g, path, &o, &message) == ACTIV_OK) {
        CHECK(activ_optimizer_steps(o) < UINT64_MAX);
        activ_optimizer_destroy(o);
    } else {
        CHECK(!o && message.text[0] != '\0');
    }
    activ_load_options options = ACTIV_LOAD_DEFAULTS;
    options.partial = options.convert = 1;
    CHECK(activ_checkpoint_load_params_ex(g, path, &options, &message) == ACTIV_OK);
    activ_graph_destroy(g);
    return 0;
}
