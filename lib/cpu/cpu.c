/* CPU detection and choice of the tier. Compiled for the baseline CPU: this runs on every machine. */
#include "cpu/cpu.h"

#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "activ/cpu.h"

#if defined(__x86_64__)
#    include <cpuid.h>

/* XCR0: the register state that the operating system saves. XGETBV is valid only with OSXSAVE. */
static uint64_t read_xcr0(void)
{
    uint32_t low, high;
    __asm__ volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
    return (uint64_t)high << 32 | low;
}

#    if defined(__GNUC__)
#        pragma GCC diagnostic ignored "-Wunused-function" /* CMake's ACTIV_TIERS may leave some out */
#    endif

/* Whether the CPU has FMA, F16C, AVX and all of `leaf7` (EBX of leaf 7), and the system saves all of `saved`. */
static int has_avx(uint64_t saved, unsigned leaf7)
{
    unsigned a, b, c, d;
    if (!__get_cpuid(1, &a, &b, &c, &d))
        return 0;
    const unsigned fma = 1u << 12, osxsave = 1u << 27, avx = 1u << 28, f16c = 1u << 29;
    if ((c & (fma | osxsave | avx | f16c)) != (fma | osxsave | avx | f16c))
        return 0;
    if ((read_xcr0() & saved) != saved)
        return 0;
    if (!__get_cpuid_count(7, 0, &a, &b, &c, &d))
        return 0;
    return (b & leaf7) == leaf7;
}

static int has_avx2(void)
{
    const unsigned avx2 = 1u << 5;
    return has_avx(0x6, avx2); /* XMM, YMM */
}

static int has_avx512(void)
{
#    ifdef ACTIV_EMULATE_AVX512
    return has_avx2(); /* test build: the emulation needs AVX2 */
#    else
    const unsigned avx2 = 1u << 5, f = 1u << 16, dq = 1u << 17, bw = 1u << 30, vl = 1u << 31;
    return has_avx(0xe6, avx2 | f | dq | bw | vl); /* also the mask registers, upper halves of ZMM0-15, ZMM16-31 */
#    endif
}
#endif

#if defined(__aarch64__)
/* Mandatory in AArch64. */
static int has_neon(void)
{
    return 1;
}
#endif

static int has_scalar(void)
{
    return 1;
}

/* All tiers, compiled in or not: a ceiling may name any of them. A higher rank is a higher ceiling. */
static const struct {
    const char *name;
    int rank;
} known[] = { { "scalar", 0 }, { "neon", 1 }, { "avx2", 2 }, { "avx512", 3 } };

static const struct {
    const char *name;
    int (*available)(void);
} compiled[ACTIV_TIER_COUNT] = {
#define ACTIV_TIER_ROW(name) { #name, has_##name },
    ACTIV_TIERS(ACTIV_TIER_ROW)
#undef ACTIV_TIER_ROW
};

/* Index among the known tiers, or -1. */
static int known_index(const char *name)
{
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
        if (strcmp(known[i].name, name) == 0)
            return (int)i;
    return -1;
}

static int rank_of(const char *name)
{
    const int index = known_index(name);
    return index < 0 ? -1 : known[index].rank;
}

/* The result of detection in one word, so that one atomic store publishes it: bit 31: done; bits 24..30: one more than
 * the index of the known tier that ACTIV_MAX_TIER names, 0: none; bits 16..23: the best tier allowed; bits 0..15: the
 * tiers that the machine has. */
#define FOUND 0x80000000u

static int best_below(uint32_t available, int rank)
{
    int best = 0;
    for (int i = 0; i < ACTIV_TIER_COUNT; i++)
        if ((available >> i & 1) && rank_of(compiled[i].name) <= rank)
            best = i;
    return best;
}

static uint32_t machine(void)
{
    /* Threads may race here; all find the same. */
    static _Atomic uint32_t published;
    uint32_t word = atomic_load_explicit(&published, memory_order_acquire);
    if (word != 0)
        return word;
    for (int i = 0; i < ACTIV_TIER_COUNT; i++)
        if (compiled[i].available())
            word |= 1u << i;
    const char *ceiling = getenv("ACTIV_MAX_TIER");
    const int index = ceiling ? known_index(ceiling) : -1;
    word |= (uint32_t)best_below(word & 0xffff, index < 0 ? INT32_MAX : known[index].rank) << 16;
    word |= (uint32_t)(index + 1) << 24;
    word |= FOUND;
    atomic_store_explicit(&published, word, memory_order_release);
    return word;
}

int activ_tier_best(void)
{
    return (int)(machine() >> 16 & 0xff);
}

int activ_tier_below(const char *ceiling)
{
    int rank = rank_of(ceiling), best = activ_tier_best();
    if (rank < 0)
        return -1;
    int allowed = best_below(machine() & 0xffff, rank);
    return allowed < best ? allowed : best;
}

const char *activ_tier_name(int tier)
{
    return compiled[tier].name;
}

const char *activ_tier(void)
{
    return activ_tier_name(activ_tier_best());
}

const char *activ_tier_at(size_t index)
{
    uint32_t available = machine();
    for (int i = 0; i < ACTIV_TIER_COUNT; i++)
        if ((available >> i & 1) && index-- == 0)
            return compiled[i].name;
    return NULL;
}

const char *activ_max_tier(void)
{
    const uint32_t index = machine() >> 24 & 0x7f;
    return index > 0 ? known[index - 1].name : NULL;
}
