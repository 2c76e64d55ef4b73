/* Contexts forced to a tier: see tiers.h. */
#include "support/tiers.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "activ/cpu.h"

size_t tier_count(void)
{
    size_t count = 0;
    while (count < MAX_TIERS && activ_tier_at(count) != NULL)
        count++;
    return count;
}

/* Whoever asked would pass the tier over. */
static void stop(const char *why, const char *tier)
{
    fprintf(stderr, "tier %s: %s\n", tier != NULL ? tier : "past the last", why);
    exit(1);
}

activ_context *tier_context(size_t index)
{
    activ_context_options options = { .size = sizeof options, .max_tier = activ_tier_at(index) };
    activ_context *context = NULL;
    if (options.max_tier == NULL || activ_context_create(&options, &context) != ACTIV_OK)
        stop("no context", options.max_tier);
    if (strcmp(activ_context_tier(context), options.max_tier) == 0)
        return context;
    if (getenv("ACTIV_MAX_TIER") == NULL)
        stop("its context runs another tier", options.max_tier);
    activ_context_destroy(context);
    return NULL;
}

size_t tier_contexts(activ_context **contexts)
{
    size_t count = 0;
    for (size_t t = 0; t < tier_count(); t++) {
        activ_context *context = tier_context(t);
        if (context != NULL)
            contexts[count++] = context;
    }
    return count;
}

/* As far as the compiler can tell: scalar, and what the CPU has beside it. */
static size_t tiers_of_cpu(void)
{
#if defined(__x86_64__) && defined(__GNUC__)
    const int avx2 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
    const int avx512 = avx2 && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq") &&
                       __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vl");
    return 1 + (size_t)(avx2 != 0) + (size_t)(avx512 != 0);
#elif defined(__aarch64__)
    return 2;
#else
    return 1;
#endif
}

int tiers_are_all(size_t contexts)
{
    const char *ceiling = getenv("ACTIV_MAX_TIER");
    if (contexts == 1)
        printf("only one tier can run here%s%s: nothing to compare it with\n", ceiling ? ", by ACTIV_MAX_TIER=" : "",
               ceiling ? ceiling : "");
    if (contexts > 0 && (contexts >= tiers_of_cpu() || ceiling))
        return 1;
    fprintf(stderr, "this CPU has %zu tiers, but only %zu can be compared\n", tiers_of_cpu(), contexts);
    return 0;
}

activ_context *each_tier[MAX_TIERS];
size_t each_tier_count;

int each_tier_begin(void **state)
{
    (void)state;
    each_tier_count = tier_contexts(each_tier);
    return tiers_are_all(each_tier_count) ? 0 : -1;
}

int each_tier_end(void **state)
{
    (void)state;
    for (size_t t = 0; t < each_tier_count; t++)
        activ_context_destroy(each_tier[t]);
    return 0;
}
