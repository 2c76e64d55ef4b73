/* libactiv: random numbers as a function of (seed, stream, index).
 *
 * Philox4x32-10 (Salmon, Moraes, Dror, Shaw: Parallel random numbers: as easy as 1, 2, 3; SC 2011). There is no state
 * to carry along: the same three numbers give the same value on every machine, in any order, on any thread. `stream`
 * tells independent uses of one seed apart. Key = seed; counter = (index / 4, stream); the value is number index % 4 of
 * the block.
 *
 * Streams with the top bit set are the library's own (initial values, noise of layers); a program that uses others
 * never meets them.
 *
 * ACTIV_ERROR_INVALID: out is NULL and n is not 0.
 *
 * Thread safety: all calls, from any thread, on different arrays.
 */
#ifndef ACTIV_RANDOM_H
#define ACTIV_RANDOM_H

#include <stddef.h>
#include <stdint.h>

#include "export.h"
#include "status.h"

#ifdef __cplusplus
extern "C" {
#endif

/* 32 random bits. */
ACTIV_API uint32_t activ_random_bits(uint64_t seed, uint64_t stream, uint64_t index);

/* out[i] is uniform in [low, high): low + u (high - low), u = 24 bits / 2^24; a value that rounds to high becomes
 * low. low == high gives low; index + i wraps around at 2^64. ACTIV_ERROR_RANGE unless low <= high and low, high and
 * high - low are finite. */
ACTIV_API activ_status activ_random_uniform(uint64_t seed, uint64_t stream, uint64_t index, size_t n, float low,
                                            float high, float *out);

/* out[i] is normal, mean + deviation * z, by the method of Box and Muller on the numbers 2(index+i) and 2(index+i)+1,
 * computed in double without the C library's functions. ACTIV_ERROR_RANGE unless mean and deviation are finite,
 * deviation >= 0 and index + n < 2^63. */
ACTIV_API activ_status activ_random_normal(uint64_t seed, uint64_t stream, uint64_t index, size_t n, float mean,
                                           float deviation, float *out);

/* out becomes a random order of 0 .. n-1 (Fisher, Yates; unbiased up to 2^-32 n). ACTIV_ERROR_RANGE: n of 2^32 or
 * more. */
ACTIV_API activ_status activ_random_permutation(uint64_t seed, uint64_t stream, size_t n, uint32_t *out);

#ifdef __cplusplus
}
#endif

#endif
