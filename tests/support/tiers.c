/* Contexts forced to a tier: see tiers.h. */
#include "support/tiers.h"

#include <string.h>

#include "activ/cpu.h"

size_t tier_count(void)
{
    size_t count = 0;
    while (count < MAX_TIERS && activ_tier_at(count) != NULL)
        count++;
    return count;
}

activ_context *tier_context(size_t index)
{
    activ_context_options options = { .size = sizeof options, .max_tier = activ_tier_at(index) };
    activ_context *context = NULL;
    if (activ_context_create(&options, &context) != ACTIV_OK)
        return NULL;
    if (strcmp(activ_context_tier(context), options.max_tier) != 0) {
        activ_context_destroy(context);
        return NULL;
    }
    return context;
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
