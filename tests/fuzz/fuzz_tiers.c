/* All tiers give the same bits: any function of the catalog, at any floats. Input: the function's number, whether with
 * gradients of its parameters, then x and dy. */
#include <string.h>

#include "activ/cpu.h"
#include "activ/fn.h"
#include "fuzz.h"

enum { TIERS = 4, MOST = 64, PARAMS = 4096 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static float x[MOST], dy[MOST], y[TIERS][MOST], dx[TIERS][MOST], dparams[TIERS][PARAMS];
    if (size < 6)
        return 0;
    size_t count = 0;
    activ_fn_info info = ACTIV_FN_INFO_INIT;
    while (activ_fn_catalog(count, &info) == ACTIV_OK)
        count++;
    CHECK(activ_fn_catalog(data[0] % count, &info) == ACTIV_OK);
    const char *name = info.name;
    size_t n = (size - 2) / 8;
    n = n < MOST ? n : MOST;
    if (n == 0)
        return 0;
    memcpy(x, data + 2, n * sizeof x[0]);
    memcpy(dy, data + 2 + n * sizeof x[0], n * sizeof x[0]);
    size_t tiers = 0;
    for (; tiers < TIERS && activ_tier_at(tiers); tiers++) {
        activ_context_options options = ACTIV_CONTEXT_DEFAULTS;
        activ_context *context = NULL;
        activ_fn *fn = NULL;
        options.max_tier = activ_tier_at(tiers);
        CHECK(activ_context_create(&options, &context) == ACTIV_OK);
        CHECK(activ_fn_create(context, name, &fn) == ACTIV_OK);
        CHECK(activ_fn_param_count(fn) <= PARAMS);
        memset(dparams[tiers], 0, sizeof dparams[0]);
        if (info.shape == ACTIV_SHAPE_GATED) {
            CHECK(activ_forward_gated(fn, NULL, 1, n, dy, n, x, n, y[tiers], n) == ACTIV_OK);
            memcpy(dx[tiers], y[tiers], sizeof dx[0]);
        } else {
            CHECK(activ_forward_rows(fn, NULL, 1, n, x, n, y[tiers], n) == ACTIV_OK);
            CHECK(activ_backward_rows(fn, NULL, 1, n, x, n, dy, n, dx[tiers], n, data[1] & 1 ? dparams[tiers] : NULL) ==
                  ACTIV_OK);
        }
        activ_fn_destroy(fn);
        activ_context_destroy(context);
        if (!fuzz_is_same(y[0], y[tiers], n) || !fuzz_is_same(dx[0], dx[tiers], n) ||
            !fuzz_is_same(dparams[0], dparams[tiers], PARAMS)) {
            fprintf(stderr, "%s on %s differs\n", name, activ_tier_at(tiers));
            abort();
        }
    }
    return 0;
}
