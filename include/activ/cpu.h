/* libactiv: which of the compiled tiers runs on this machine.
 *
 * A tier is one set of kernels, compiled for one instruction set: "scalar",
 * "avx2" (AVX2 and FMA), "avx512" (AVX-512 F, DQ, BW, VL). All tiers give the same bits; they differ in speed.
 * The CPU and the operating system are asked once, at the first use, from any
 * thread. The environment variable ACTIV_MAX_TIER is a ceiling: the best tier
 * that the machine has and that does not lie above it runs. A value that is no
 * tier's name is ignored, and activ_max_tier_ignored() says so.
 */
#ifndef ACTIV_CPU_H
#define ACTIV_CPU_H

#include <stddef.h>
#include <stdint.h>

#include "export.h"

#ifdef __cplusplus
extern "C" {
#endif

/* The tier that runs when no context says otherwise: "scalar", "avx2", "avx512"
 * or "neon". Static storage. */
ACTIV_API const char *activ_tier(void);

/* The tiers that this library holds and this machine can run, from the slowest
 * (index 0, always "scalar") to the fastest; NULL for an index past the end.
 * ACTIV_MAX_TIER does not shorten this list. */
ACTIV_API const char *activ_tier_at(size_t index);

/* 1 if ACTIV_MAX_TIER was set to something that names no tier, and so ignored. */
ACTIV_API int32_t activ_max_tier_ignored(void);

#ifdef __cplusplus
}
#endif

#endif
