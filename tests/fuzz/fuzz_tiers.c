/* All tiers give the same bits: any function of the catalog, at any floats; of 16 bits also those of the call with
 * float32, rounded. Input: the function's number, whether with gradients of its parameters, and the type; then x and
 * dy. */
#include <string.h>

#include "activ/cpu.h"
#include "activ/fn.h"
#include "fuzz.h"

enum { TIERS = 4, MOST = 64, PARAMS = 4096 };

typedef struct arrays {
    float x[MOST], dy[MOST], y[TIERS][MOST], dx[TIERS][MOST], dparams[TIERS][PARAMS];
} arrays;

static void call(const activ_fn *fn, int32_t shape, size_t n, arrays *a, size_t tier, int has_sums)
{
    float *y = a->y[tier], *dx = a->dx[tier];
    float *dparams = has_sums ? a->dparams[tier] : NULL;
    if (shape == ACTIV_SHAPE_GATED) {
        CHECK(activ_forward_gated(fn, NULL, 1, n, a->dy, n, a->x, n, y, n) == ACTIV_OK);
        CHECK(activ_backward_gated(fn, NULL, 1, n, a->dy, n, a->x, n, a->dy, n, NULL, n, dx, n, dparams) == ACTIV_OK);
        return;
    }
    CHECK(activ_forward_rows(fn, NULL, 1, n, a->x, n, y, n) == ACTIV_OK);
    CHECK(activ_backward_rows(fn, NULL, 1, n, a->x, n, a->dy, n, dx, n, dparams) == ACTIV_OK);
}

/* From and to 16 bits; `a` has the same numbers, wider. */
static void call_halves(const activ_fn *fn, int32_t shape, size_t n, activ_dtype dtype, const uint16_t *x,
                        const uint16_t *dy, arrays *a, size_t tier, int has_sums)
{
    uint16_t y[MOST], dx[MOST];
    float *dparams = has_sums ? a->dparams[tier] : NULL;
    if (shape == ACTIV_SHAPE_GATED) {
        CHECK(activ_forward_gated_as(fn, NULL, dtype, 1, n, dy, n, x, n, y, n) == ACTIV_OK);
        CHECK(activ_backward_gated_as(fn, NULL, dtype, 1, n, dy, n, x, n, dy, n, NULL, n, dx, n, dparams) == ACTIV_OK);
    } else {
        CHECK(activ_forward_rows_as(fn, NULL, dtype, 1, n, x, n, y, n) == ACTIV_OK);
        CHECK(activ_backward_rows_as(fn, NULL, dtype, 1, n, x, n, dy, n, dx, n, dparams) == ACTIV_OK);
    }
    CHECK(activ_convert(n, dtype, y, ACTIV_FLOAT32, a->y[tier]) == ACTIV_OK);
    CHECK(activ_convert(n, dtype, dx, ACTIV_FLOAT32, a->dx[tier]) == ACTIV_OK);
}

static void round_to(activ_dtype dtype, size_t n, float *x)
{
    uint16_t halves[MOST];
    CHECK(activ_convert(n, ACTIV_FLOAT32, x, dtype, halves) == ACTIV_OK);
    CHECK(activ_convert(n, dtype, halves, ACTIV_FLOAT32, x) == ACTIV_OK);
}

static void compare(const char *name, const char *what, const arrays *a, size_t n, size_t wanted, size_t found)
{
    if (fuzz_is_same(a->y[wanted], a->y[found], n) && fuzz_is_same(a->dx[wanted], a->dx[found], n) &&
        fuzz_is_same(a->dparams[wanted], a->dparams[found], PARAMS))
        return;
    fprintf(stderr, "%s on %s differs\n", name, what);
    abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const activ_dtype types[] = { ACTIV_FLOAT32, ACTIV_FLOAT16, ACTIV_BFLOAT16 };
    static arrays a, wide;
    uint16_t x[MOST], dy[MOST];
    if (size < 6)
        return 0;
    size_t count = 0;
    activ_fn_info info = ACTIV_FN_INFO_INIT;
    while (activ_fn_catalog(count, &info) == ACTIV_OK)
        count++;
    CHECK(activ_fn_catalog(data[0] % count, &info) == ACTIV_OK);
    const char *name = info.name;
    const activ_dtype dtype = types[(data[1] >> 1) % 3];
    const int is_half = dtype != ACTIV_FLOAT32, has_sums = data[1] & 1;
    const size_t bytes = activ_dtype_size(dtype);
    size_t n = (size - 2) / (2 * bytes);
    n = n < MOST ? n : MOST;
    if (n == 0)
        return 0;
    memcpy(is_half ? (void *)x : (void *)a.x, data + 2, n * bytes);
    memcpy(is_half ? (void *)dy : (void *)a.dy, data + 2 + n * bytes, n * bytes);
    if (is_half) {
        CHECK(activ_convert(n, dtype, x, ACTIV_FLOAT32, wide.x) == ACTIV_OK);
        CHECK(activ_convert(n, dtype, dy, ACTIV_FLOAT32, wide.dy) == ACTIV_OK);
    }
    for (size_t tier = 0; tier < TIERS && activ_tier_at(tier); tier++) {
        activ_context_options options = ACTIV_CONTEXT_DEFAULTS;
        activ_context *context = NULL;
        activ_fn *fn = NULL;
        options.max_tier = activ_tier_at(tier);
        CHECK(activ_context_create(&options, &context) == ACTIV_OK);
        CHECK(activ_fn_create(context, name, &fn) == ACTIV_OK);
        CHECK(activ_fn_param_count(fn) <= PARAMS);
        memset(a.dparams[tier], 0, sizeof a.dparams[0]);
        if (is_half) {
            memset(wide.dparams[0], 0, sizeof wide.dparams[0]);
            call(fn, info.shape, n, &wide, 0, has_sums);
            round_to(dtype, n, wide.y[0]);
            round_to(dtype, n, wide.dx[0]);
            call_halves(fn, info.shape, n, dtype, x, dy, &a, tier, has_sums);
            memcpy(wide.y[1], a.y[tier], sizeof wide.y[1]);
            memcpy(wide.dx[1], a.dx[tier], sizeof wide.dx[1]);
            memcpy(wide.dparams[1], a.dparams[tier], sizeof wide.dparams[1]);
            compare(name, "16 bits", &wide, n, 0, 1);
        } else {
            call(fn, info.shape, n, &a, tier, has_sums);
        }
        activ_fn_destroy(fn);
        activ_context_destroy(context);
        compare(name, activ_tier_at(tier), &a, n, 0, tier);
    }
    return 0;
}
