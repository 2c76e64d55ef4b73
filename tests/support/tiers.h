/* Every tier that this machine can run, one after the other. */
#ifndef SUPPORT_TIERS_H
#define SUPPORT_TIERS_H

#include <stddef.h>

#include "activ/context.h"

enum { MAX_TIERS = 8 };

/* Number of tiers, at most MAX_TIERS. */
size_t tier_count(void);

/* A context that runs tier `index`, or NULL, also where ACTIV_MAX_TIER forbids it: then the
 * context would run a lower one, and a test of this tier would test nothing. */
activ_context *tier_context(size_t index);

/* Contexts of all tiers that can run, slowest first, into room for MAX_TIERS; how many they are. */
size_t tier_contexts(activ_context **contexts);

#endif
