/* Every tier that this machine can run, one after the other. */
#ifndef SUPPORT_TIERS_H
#define SUPPORT_TIERS_H

#include <stddef.h>

#include "activ/context.h"

enum { MAX_TIERS = 8 };

/* Number of tiers, at most MAX_TIERS. */
size_t tier_count(void);

/* A context that runs tier `index`, or NULL where ACTIV_MAX_TIER forbids it: then the context would run a lower
 * one, and a test of this tier would test nothing. Ends the test if there is none for another reason. */
activ_context *tier_context(size_t index);

/* Contexts of all tiers that can run, slowest first, into room for MAX_TIERS; how many they are. */
size_t tier_contexts(activ_context **contexts);

/* For tests that compare tiers, before they begin: 1 if there is one context for each tier that this CPU has by the
 * compiler's own detection, or fewer because of ACTIV_MAX_TIER. Says so where only one is left: nothing is compared
 * then. */
int tiers_are_all(size_t contexts);

/* For groups of CMocka's tests: contexts of all tiers that can run, from each_tier_begin (which fails where
 * tiers_are_all says no) to each_tier_end. */
extern activ_context *each_tier[MAX_TIERS];
extern size_t each_tier_count;
int each_tier_begin(void **state);
int each_tier_end(void **state);

#endif
