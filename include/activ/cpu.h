/* libactiv: which of the compiled tiers runs on this machine.
 *
 * A tier is one set of kernels, compiled for one instruction set: "scalar", "neon" (AArch64), "avx2" (AVX2 and FMA),
 * "avx512" (AVX-512 F, DQ, BW, VL). All tiers give the same bits; they differ in speed.
 *
 * The CPU and the operating system are asked once, at the first use. The environment variable ACTIV_MAX_TIER, read at
 * that time, is a ceiling: the best tier that the machine has and that does not lie above it runs. A value that names
 * no tier is ignored. Tiers rank scalar, neon, avx2, avx512; a ceiling may name one that the machine does not have.
 *
 * Thread safety: all calls, from any thread, at any time.
 */
#ifndef ACTIV_CPU_H
#define ACTIV_CPU_H

#include <stddef.h>

#include "export.h"

#ifdef __cplusplus
extern "C" {
#endif

/* The tier that runs where no context sets a limit. Static storage. */
ACTIV_API const char *activ_tier(void);

/* The ceiling that ACTIV_MAX_TIER sets: the name of a tier, or NULL if the variable is not set, or names no tier and is
 * therefore ignored. Static storage. */
ACTIV_API const char *activ_max_tier(void);

/* The tiers that this library holds and this machine can run, from the slowest (index 0, always "scalar") to the
 * fastest; NULL for an index past the end. ACTIV_MAX_TIER does not shorten this list. Static storage. */
ACTIV_API const char *activ_tier_at(size_t index);

#ifdef __cplusplus
}
#endif

#endif
