/* FNV-1a in 64 bits (G. Fowler, L. C. Noll, K.-P. Vo): a digest that tells texts and networks apart. */
#ifndef EXAMPLES_FNV_H
#define EXAMPLES_FNV_H

#include <stddef.h>
#include <stdint.h>

#define FNV_START UINT64_C(0xcbf29ce484222325)

/* The digest of all before, and of these bytes. */
static inline uint64_t fnv_add(uint64_t digest, const unsigned char *bytes, size_t count)
{
    for (size_t i = 0; i < count; i++)
        digest = (digest ^ bytes[i]) * UINT64_C(0x100000001b3);
    return digest;
}

#endif
