/* From the index of a tier to its kernels. Compiled for the baseline CPU. */
#include "kernels/kernels.h"

#include "cpu/cpu.h"

#define ACTIV_DECLARE(tier) extern const activ_kernels activ_kernels_##tier;
ACTIV_TIERS(ACTIV_DECLARE)
#undef ACTIV_DECLARE

const activ_kernels *activ_kernels_of(int tier)
{
    static const activ_kernels *const tables[ACTIV_TIER_COUNT] = {
#define ACTIV_TABLE(name) &activ_kernels_##name,
        ACTIV_TIERS(ACTIV_TABLE)
#undef ACTIV_TABLE
    };
    return tables[tier];
}
