/* activ_random_uniform (base/random.c), a block of Philox in each lane. */
#ifndef ACTIV_SIMD_RANDOM_H
#define ACTIV_SIMD_RANDOM_H

#include "base/random.h"
#include "simd/simd.h"

/* A block's rounds are one chain of products: vectors of blocks are interleaved to hide its latency. */
#define RANDOM_VECTORS 2
#define RANDOM_BLOCKS (RANDOM_VECTORS * V_LANES)

/* Ten rounds; c: the counters, and then the four numbers of each block. */
V_INLINE void random_blocks(uint64_t seed, vi c[4][RANDOM_VECTORS])
{
    uint32_t k0 = (uint32_t)seed, k1 = (uint32_t)(seed >> 32);
    const vi m0 = i_set((int32_t)ACTIV_PHILOX_M0), m1 = i_set((int32_t)ACTIV_PHILOX_M1);
    for (int round = 0; round < ACTIV_PHILOX_ROUNDS; round++) {
        for (int j = 0; j < RANDOM_VECTORS; j++) {
            vi low0 = i_mul(c[0][j], m0), high0 = i_mul_high(c[0][j], m0);
            vi low1 = i_mul(c[2][j], m1), high1 = i_mul_high(c[2][j], m1);
            c[0][j] = i_xor(i_xor(high1, c[1][j]), i_set((int32_t)k0));
            c[2][j] = i_xor(i_xor(high0, c[3][j]), i_set((int32_t)k1));
            c[1][j] = low1;
            c[3][j] = low0;
        }
        k0 += ACTIV_PHILOX_W0;
        k1 += ACTIV_PHILOX_W1;
    }
}

/* Arguments as of activ_random_uniform. */
static inline void v_uniform(uint64_t seed, uint64_t stream, uint64_t index, size_t n, float low, float high,
                             float *out)
{
    const vf from = v_set(low), to = v_set(high), span = v_set(high - low);
    const vm always = m_set(high - low == 0.0f);
    uint64_t block = index / 4;
    size_t before = index % 4; /* numbers of the first block to skip */
    for (size_t i = 0; i < n; block += RANDOM_BLOCKS) {
        uint32_t counter[2][RANDOM_BLOCKS];
        float values[4][RANDOM_BLOCKS], in_order[4 * RANDOM_BLOCKS];
        vi c[4][RANDOM_VECTORS];
        for (uint64_t b = 0; b < RANDOM_BLOCKS; b++) {
            const uint64_t own = (block + b) & UINT64_MAX / 4; /* the index may wrap */
            counter[0][b] = (uint32_t)own;
            counter[1][b] = (uint32_t)(own >> 32);
        }
        memcpy(c[0], counter[0], sizeof c[0]);
        memcpy(c[1], counter[1], sizeof c[1]);
        for (int j = 0; j < RANDOM_VECTORS; j++) {
            c[2][j] = i_set((int32_t)(uint32_t)stream);
            c[3][j] = i_set((int32_t)(uint32_t)(stream >> 32));
        }
        random_blocks(seed, c);
        for (int k = 0; k < 4; k++)
            for (int j = 0; j < RANDOM_VECTORS; j++) {
                vf u = v_mul(v_from_int(i_shr(c[k][j], 8)), v_set(0x1p-24f)), value = v_fma(u, span, from);
                /* Rounding may reach high, which is not in the interval. */
                value = v_sel(m_or(v_lt(value, to), always), value, from);
                v_store(values[k] + j * V_LANES, value);
            }
        const size_t count = 4 * RANDOM_BLOCKS - before < n - i ? 4 * RANDOM_BLOCKS - before : n - i;
        float *to_order = count == 4 * RANDOM_BLOCKS ? out + i : in_order;
        for (size_t b = 0; b < RANDOM_BLOCKS; b++)
            for (size_t k = 0; k < 4; k++)
                to_order[4 * b + k] = values[k][b];
        if (to_order == in_order)
            memcpy(out + i, in_order + before, count * sizeof *out);
        i += count;
        before = 0;
    }
}

#endif
