/* Random numbers as a function of (seed, stream, index). */
#include "base/random.h"

#include "activ/random.h"
#include "base/checked.h"
#include "base/dmath.h"
#include "base/fma.h"
#include "base/rounding.h"

/* Salmon et al. 2011, table 2 and section 3.3: ten rounds of two 32x32 multiplications, keys raised by Weyl constants
 * (golden ratio, sqrt 3 - 1). */
void activ_philox(uint64_t seed, uint64_t stream, uint64_t block, uint32_t out[4])
{
    uint32_t c0 = (uint32_t)block, c1 = (uint32_t)(block >> 32);
    uint32_t c2 = (uint32_t)stream, c3 = (uint32_t)(stream >> 32);
    uint32_t k0 = (uint32_t)seed, k1 = (uint32_t)(seed >> 32);
    for (int round = 0; round < ACTIV_PHILOX_ROUNDS; round++) {
        uint64_t p0 = (uint64_t)c0 * ACTIV_PHILOX_M0;
        uint64_t p1 = (uint64_t)c2 * ACTIV_PHILOX_M1;
        uint32_t n0 = (uint32_t)(p1 >> 32) ^ c1 ^ k0;
        uint32_t n2 = (uint32_t)(p0 >> 32) ^ c3 ^ k1;
        c1 = (uint32_t)p1;
        c3 = (uint32_t)p0;
        c0 = n0;
        c2 = n2;
        k0 += ACTIV_PHILOX_W0;
        k1 += ACTIV_PHILOX_W1;
    }
    out[0] = c0;
    out[1] = c1;
    out[2] = c2;
    out[3] = c3;
}

uint32_t activ_random_bits(uint64_t seed, uint64_t stream, uint64_t index)
{
    uint32_t block[4];
    activ_philox(seed, stream, index / 4, block);
    return block[index % 4];
}

static activ_status uniform(uint64_t seed, uint64_t stream, uint64_t index, size_t n, float low, float high, float *out)
{
    float span = high - low;
    if (n > 0 && (!out || !activ_is_aligned(out, sizeof *out)))
        return ACTIV_ERROR_INVALID;
    if (!(low <= high) || !activ_is_finite(span) || !activ_is_finite(low))
        return ACTIV_ERROR_RANGE;
    uint32_t block[4];
    for (size_t i = 0; i < n; i++) {
        uint64_t at = index + i;
        if (i == 0 || at % 4 == 0)
            activ_philox(seed, stream, at / 4, block);
        float u = (float)(block[at % 4] >> 8) * 0x1p-24f;
        float value = activ_fmaf(u, span, low);
        /* Rounding may reach high, which is not in the interval. */
        out[i] = value < high || span == 0.0f ? value : low;
    }
    return ACTIV_OK;
}

activ_status activ_random_uniform(uint64_t seed, uint64_t stream, uint64_t index, size_t n, float low, float high,
                                  float *out)
{
    const int rounding = activ_round_to_nearest();
    activ_status status = uniform(seed, stream, index, n, low, high, out);
    activ_round_as(rounding);
    return status;
}

static double unit(uint32_t bits)
{
    return ((double)bits + 0.5) * 0x1p-32;
}

double activ_random_unit(uint64_t seed, uint64_t stream, uint64_t index)
{
    return unit(activ_random_bits(seed, stream, index));
}

double activ_random_normal_double(uint64_t seed, uint64_t stream, uint64_t index)
{
    uint32_t block[4];
    activ_philox(seed, stream, index / 2, block);
    const uint32_t *pair = block + index % 2 * 2;
    return sqrt(-2.0 * activ_log(unit(pair[0]))) * activ_cos_turn(unit(pair[1]));
}

activ_status activ_random_normal(uint64_t seed, uint64_t stream, uint64_t index, size_t n, float mean, float deviation,
                                 float *out)
{
    if (n > 0 && (!out || !activ_is_aligned(out, sizeof *out)))
        return ACTIV_ERROR_INVALID;
    if (!activ_is_finite(mean) || !(deviation >= 0.0f) || !activ_is_finite(deviation))
        return ACTIV_ERROR_RANGE;
    if (index >> 63 || (uint64_t)n >= (UINT64_C(1) << 63) - index)
        return ACTIV_ERROR_RANGE;
    const int rounding = activ_round_to_nearest();
    for (size_t i = 0; i < n; i++)
        out[i] = (float)((double)mean + (double)deviation * activ_random_normal_double(seed, stream, index + i));
    activ_round_as(rounding);
    return ACTIV_OK;
}

activ_status activ_random_permutation(uint64_t seed, uint64_t stream, size_t n, uint32_t *out)
{
    if (n > 0 && (!out || !activ_is_aligned(out, sizeof *out)))
        return ACTIV_ERROR_INVALID;
    if (n > UINT32_MAX)
        return ACTIV_ERROR_RANGE;
    for (size_t i = 0; i < n; i++)
        out[i] = (uint32_t)i;
    for (size_t i = n; i > 1; i--) {
        /* A number below i: the high half of a 32x32 product. */
        size_t j = (size_t)((uint64_t)activ_random_bits(seed, stream, n - i) * i >> 32);
        uint32_t swap = out[i - 1];
        out[i - 1] = out[j];
        out[j] = swap;
    }
    return ACTIV_OK;
}
