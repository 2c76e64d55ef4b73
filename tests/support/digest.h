/* Digests of results, committed or compared between systems. */
#ifndef ACTIV_TESTS_SUPPORT_DIGEST_H
#define ACTIV_TESTS_SUPPORT_DIGEST_H

#include <stdint.h>

/* Bijective in the digest and in the word: a single changed word always changes the digest. */
static inline uint64_t digest_mix(uint64_t digest, uint64_t word)
{
    digest = (digest ^ word) * UINT64_C(0x9e3779b97f4a7c15);
    return digest ^ digest >> 29;
}

#endif
