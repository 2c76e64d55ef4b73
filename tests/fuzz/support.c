#define _GNU_SOURCE
#include <string.h>
#include <sys/mman.h>
#include <sys/types.h>
#include <unistd.h>

#include "activ/cpu.h"
#include "activ/fn.h"
#include "fuzz.h"

const char *fuzz_file(const uint8_t *data, size_t size)
{
    static int descriptor = -1;
    static char path[64];
    if (descriptor < 0) {
        descriptor = memfd_create("fuzz", 0); /* in memory, and gone with the process */
        if (descriptor < 0)
            return NULL;
        snprintf(path, sizeof path, "/proc/self/fd/%d", descriptor);
    }
    if (ftruncate(descriptor, 0) != 0 || pwrite(descriptor, data, size, 0) != (ssize_t)size)
        return NULL;
    return path;
}

char *fuzz_text(const uint8_t *data, size_t size)
{
    char *text = malloc(size + 1);
    if (!text)
        return NULL;
    if (size > 0)
        memcpy(text, data, size);
    text[size] = '\0';
    return text;
}

int fuzz_is_same(const float *a, const float *b, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (memcmp(&a[i], &b[i], sizeof a[i]) != 0 && !(a[i] != a[i] && b[i] != b[i]))
            return 0;
    return 1;
}

/* ---- functions of the host's own ------------------------------------------------------------------- */

static void own_forward(void *user, const float *params, size_t n, const float *x, float *y)
{
    (void)user;
    for (size_t i = 0; i < n; i++)
        y[i] = params[0] * x[i];
}

static void own_backward(void *user, const float *params, size_t n, const float *x, const float *dy, float *dx,
                         double *sums)
{
    (void)user;
    for (size_t i = 0; i < n; i++) {
        if (sums)
            sums[0] += (double)x[i] * (double)dy[i];
        if (dx)
            dx[i] = params[0] * dy[i];
    }
}

static void own_init(void *user, uint64_t seed, float *params)
{
    (void)user;
    (void)seed;
    params[0] = 2.0f;
}

static const activ_fn_callbacks own_callbacks = { sizeof(activ_fn_callbacks), own_forward, own_backward, own_init, 1 };
static const activ_fn_callbacks broken_callbacks = { sizeof(activ_fn_callbacks), own_forward, NULL, NULL, 0 };
static const activ_custom_fn own = { sizeof(activ_custom_fn), "own", &own_callbacks, NULL };
static const activ_custom_fn broken = { sizeof(activ_custom_fn), "broken", &broken_callbacks, NULL };
static const activ_custom_fn *const functions[] = { &own, &broken };

/* ---- contexts, and memory that fails ----------------------------------------------------------------- */

test_memory fuzz_memory;

const activ_context *fuzz_context(const char *tier)
{
    enum { TIERS = 8 };
    static activ_context *contexts[TIERS];
    static const char *tiers[TIERS];
    size_t i = 0;
    while (i + 1 < TIERS && contexts[i] && tiers[i] != tier)
        i++;
    if (contexts[i] && tiers[i] == tier)
        return contexts[i];
    activ_allocator allocator = test_allocator(&fuzz_memory);
    activ_context_options options = ACTIV_CONTEXT_DEFAULTS;
    options.allocator = &allocator; /* copied */
    options.max_tier = tier;
    options.functions = functions;
    options.function_count = sizeof functions / sizeof functions[0];
    CHECK(!contexts[i]);
    CHECK(activ_context_create(&options, &contexts[i]) == ACTIV_OK);
    tiers[i] = tier;
    return contexts[i];
}

size_t fuzz_number(const uint8_t *data, size_t size, size_t count)
{
    uint64_t hash = UINT64_C(0xcbf29ce484222325);
    for (size_t i = 0; i < size; i++)
        hash = (hash ^ data[i]) * UINT64_C(0x100000001b3);
    hash = (hash ^ hash >> 29) * UINT64_C(0xbf58476d1ce4e5b9);
    return (size_t)((hash ^ hash >> 32) % count);
}

void fuzz_fail(const uint8_t *data, size_t size, size_t count)
{
    fuzz_memory.fail_at = count > 0 ? fuzz_memory.calls + 1 + fuzz_number(data, size, count) : 0;
}
