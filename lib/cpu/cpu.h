/* What this CPU and its operating system can do, and which tier runs. */
#ifndef ACTIV_CPU_CPU_H
#define ACTIV_CPU_CPU_H

#include "activ_tiers.h" /* made by CMake: ACTIV_TIERS(X), the tiers compiled in, slowest first */

/* Indices of the compiled tiers, in every table of tiers. */
/* clang-format off */
enum {
#define ACTIV_TIER_INDEX(name) ACTIV_TIER_##name,
    ACTIV_TIERS(ACTIV_TIER_INDEX)
#undef ACTIV_TIER_INDEX
    ACTIV_TIER_COUNT
};
/* clang-format on */

const char *activ_tier_name(int tier);

/* The best tier that the machine has and ACTIV_MAX_TIER allows. Detected once, then cached; thread-safe. */
int activ_tier_best(void);

/* The same under a further ceiling, the name of a tier; -1 if there is no such tier. */
int activ_tier_below(const char *ceiling);

#endif
