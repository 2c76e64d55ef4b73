/* clang-format off */
/* The vocabulary: operations on vectors of float32, defined once per tier in simd/TIER.h and used by all code
 * that is compiled per tier. This page defines them; tests/simd holds every tier to it, bit by bit.
 *
 *   V_LANES                               lanes of a vector: 1 (scalar), 4, 8, 16; it divides 16
 *   vf vi vm                              float32, int32 and mask (true or false) in each lane
 *
 *   v_set(s)                              broadcast
 *   v_load(p) v_store(p, a)               unaligned: any address of a float
 *   v_stream(p, a) v_stream_end()         non-temporal store where the CPU has one, p aligned to a vector; v_stream_end
 *                                         after the last, before other threads may read (a store fence)
 *   v_prefetch(p)                         hint that p will be written; p may be any address
 *   v_barrier()                           the compiler moves no load or store across; the CPU may
 *   v_load_partial(p, n)                  masked: the first n < V_LANES lanes; other memory is not touched, other
 *   v_store_partial(p, n, a)              lanes are 0
 *   v_add v_sub v_mul v_div v_sqrt        rounded to nearest, one rounding each
 *   v_fma(a, b, c) v_fnma(a, b, c)        a*b + c and c - a*b, one rounding
 *   v_neg v_abs v_copysign(a, sign)       on the sign bit alone, NaN too
 *   v_min(a, b) v_max(a, b)               a < b ? a : b and a > b ? a : b, so b if either is NaN
 *   v_lt v_le v_gt v_ge v_eq v_nan(a)     comparisons, false if a NaN is involved; v_nan: is NaN
 *   v_not_le(a, b)                        !(a <= b): true if a NaN is involved
 *   v_unordered(a, b)                     a or b is NaN
 *   v_sel(m, a, b) v_sel_sign(s, a, b)    m ? a : b; a where the sign bit of s is set, else b
 *   v_drop(m, a)                          m ? 0 : a
 *   m_and m_or m_not m_any m_set(int)     on masks; m_any: is any lane true
 *   v_bits(a) v_float_of(i)               bit casts
 *   v_from_int(i)                         int32 to float, rounded
 *   i_set i_add i_sub i_mul               int32, wrapping
 *   i_and i_or i_xor
 *   i_mul_high(a, b)                      the upper half of the product, unsigned
 *   i_shl(i, n) i_shr(i, n) i_sar(i, n)   shifts by a constant: left, logical and arithmetic right
 *   i_eq i_gt i_sel                       comparisons of int32, selection
 *   i_max i_min i_max_unsigned            the larger or smaller int32
 *   i_any_negative(i)                     is any lane negative
 *   i_store(p, i)                         V_LANES int32
 *   vs                                    uint16_t in each lane
 *   s_load(p) s_store(p, s)               unaligned
 *   s_stream(p, s)                        as v_stream, p aligned to a vs
 *   i_from_short(s)                       zero-extended
 *   s_store_upper(p, a, b)                the upper halves of int32 a, then of b: 2 V_LANES uint16_t
 *   s_stream_upper(p, a, b)               as v_stream, p aligned to a vector
 *   v_from_float16(s) v_to_float16(a)     exact; rounded to nearest even, subnormal numbers kept, NaN to a NaN
 *   v_lookup4 v_lookup8                   (table, i): table[i & 3], table[i & 7]; unaligned
 *   v_lookup16 v_lookup32                 the same of [i & 15] and [i & 31]
 *   v_gather4(table, at, out)             four vectors out[k], k < 4: lane i is table[at[i] + k]; at: V_LANES int32 in
 *                                         memory, not negative
 *   V_GATHER_FROM                         tables of at least this many entries: v_gather4 is faster than lookups
 *   v_transpose4(rows, at, out)           four vectors out[k], k < 4: lane i is rows[i][at + k]
 *
 *   vacc                                  accumulators: V_LANES doubles
 *   acc_zero acc_set(double)              broadcast
 *   acc_of(a) acc_round(acc)              from float; to float, rounded
 *   acc_fma(acc, a, b)                    acc + (double)a * b, exact product
 *   acc_fma_wide(acc, a, b)               acc + a*b of doubles, one rounding
 *   acc_mul_add(acc, a, b)                acc + a*b of doubles, rounded twice: fast where fma is a call
 *   acc_div(a, b)                         a/b of doubles, one rounding
 *   acc_load(p) acc_store(p, acc)         V_LANES doubles
 *
 * Which NaN comes out of arithmetic on NaN is not defined. Left out on purpose: estimates, conversions to int
 * (undefined for NaN: see v_round_parts in math.h), horizontal sums (their order would depend on the width). */
/* clang-format on */
#ifndef ACTIV_SIMD_SIMD_H
#define ACTIV_SIMD_SIMD_H

#include <float.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* 16: only half precision is computed in more than its own, where the CPU has it (AVX512-FP16). */
#if FLT_EVAL_METHOD != 0 && FLT_EVAL_METHOD != 16
#    error "float arithmetic has to be done in float: use SSE2 (-msse2 -mfpmath=sse)"
#endif

#if defined(__GNUC__)
#    define V_INLINE static inline __attribute__((always_inline, unused))
#    define V_NOINLINE __attribute__((noinline, unused))
/* Nor a copy of its own for each caller. */
#    if defined(__clang__)
#        define V_ONCE V_NOINLINE
#    else
#        define V_ONCE __attribute__((noinline, noclone, unused))
#    endif
#    define v_prefetch(p) __builtin_prefetch(p, 1)
#    define v_barrier() __asm__ volatile("" ::: "memory")
/* Nearly always true: the other case's code is moved out of the loop, which saves a jump per turn. */
#    define V_LIKELY(truth) __builtin_expect(!!(truth), 1)
/* Before a loop of few turns: unrolled, so that their latencies overlap. */
#    if defined(__clang__)
#        define V_UNROLL _Pragma("clang loop unroll(full)")
#    else
#        define V_UNROLL _Pragma("GCC unroll 8")
#    endif
#else
#    define V_INLINE static inline
#    define V_NOINLINE
#    define V_ONCE
#    define v_prefetch(p) ((void)(p))
#    define v_barrier() ((void)0)
#    define V_LIKELY(truth) (truth)
#    define V_UNROLL
#endif

/* The unit that includes this is compiled with ACTIV_TIER=avx2 and ACTIV_TIER_HEADER="simd/avx2.h". */
#include ACTIV_TIER_HEADER

/* Shorter rather than faster, everywhere. */
#if defined(__GNUC__)
#    define V_COLD __attribute__((cold))
#else
#    define V_COLD
#endif

/* Shorter rather than faster, where a vector is one number and v_fma a call. */
#if defined(__GNUC__) && V_LANES == 1
#    define V_SMALL __attribute__((cold))
#else
#    define V_SMALL
#endif

#define V_PASTE2(a, b) a##_##b
#define V_PASTE(a, b) V_PASTE2(a, b)
#define V_TIER_NAME(name) V_PASTE(name, ACTIV_TIER) /* name_avx2 */

#endif
