/* Philox4x32-10, and what the library draws from it. The public calls are in activ/random.h. */
#ifndef ACTIV_BASE_RANDOM_H
#define ACTIV_BASE_RANDOM_H

#include <stdint.h>

/* The library's own streams: top bit, purpose, number within the purpose. */
#define ACTIV_STREAM(purpose, number) (UINT64_C(1) << 63 | (uint64_t)(purpose) << 48 | (uint64_t)(number))
enum {
    ACTIV_STREAM_INIT = 1,  /* initial values of a graph; number: the tensor's index */
    ACTIV_STREAM_NOISE = 2, /* noise of random layers; number: step << 12 | node */
    ACTIV_STREAM_FN = 3     /* initial values of a function's parameters; number: which vector */
};

/* Philox's multipliers, and what is added to its keys for each round. */
#define ACTIV_PHILOX_M0 0xD2511F53u
#define ACTIV_PHILOX_M1 0xCD9E8D57u
#define ACTIV_PHILOX_W0 0x9E3779B9u
#define ACTIV_PHILOX_W1 0xBB67AE85u
#define ACTIV_PHILOX_ROUNDS 10

/* One block of four numbers: counter `block` of `stream`. */
void activ_philox(uint64_t seed, uint64_t stream, uint64_t block, uint32_t out[4]);

/* Deterministic double arithmetic on random numbers, the same on every system. */
/* In (0, 1): (bits + 1/2) / 2^32. */
double activ_random_unit(uint64_t seed, uint64_t stream, uint64_t index);
/* Normal, from the numbers 2 index and 2 index + 1. */
double activ_random_normal_double(uint64_t seed, uint64_t stream, uint64_t index);

#endif
