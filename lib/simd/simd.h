/* The vocabulary: about forty operations on vectors of float32, defined once per tier in simd/TIER.h and
 * used by everything that is compiled per tier. This page says what each means; tests/simd
 * holds every tier to it, bit by bit.
 *
 *   V_LANES            floats in a vector: 1 (scalar), 4, 8, 16; it divides 16
 *   vf vi vm           float32, int32 and true/false in each lane
 *
 *   v_set(s) v_load(p) v_store(p, a)              any address of a float
 *   v_stream(p, a) v_stream_end()                 v_store past the caches where the CPU can, p a multiple of a vector's
 *                                                 size; v_stream_end after the last, before others may look
 *   v_prefetch(p)                                 a hint that p will be written; p may be any address
 *   v_barrier()                                   the compiler moves no load or store across; the CPU may
 *   v_load_part(p, n) v_store_part(p, n, a)       the first n < V_LANES lanes: other memory is not
 *                                                 touched, other lanes are 0
 *   v_add v_sub v_mul v_div v_sqrt                rounded to nearest, one rounding each
 *   v_fma(a, b, c) v_fnma(a, b, c)                a*b + c and c - a*b, one rounding
 *   v_neg v_abs v_copysign(a, sign)               on the sign bit alone, NaN too
 *   v_min(a, b) v_max(a, b)                       a < b ? a : b and a > b ? a : b, so b if either is NaN
 *   v_lt v_le v_gt v_ge v_eq v_nan(a)             comparisons, false if a NaN is involved; v_nan: is NaN
 *   v_not_le(a, b)                                !(a <= b): true if a NaN is involved
 *   v_sel(m, a, b) v_sel_sign(s, a, b)            m ? a : b; a where the sign bit of s is set, else b
 *   m_and m_or m_not m_any m_set(int)             on masks; m_any: is one lane true
 *   v_bits(a) v_float_of(i)                       the same bits as another type
 *   v_from_int(i)                                 int32 to float, rounded
 *   i_set i_add i_sub i_mul i_and i_or i_xor      int32, wrapping
 *   i_mul_high(a, b)                              the upper half of the product, unsigned
 *   i_shl(i, n) i_shr(i, n) i_sar(i, n)           shifts by a constant: left, logical and arithmetic right
 *   i_eq i_gt i_sel                               comparisons of int32, selection
 *   v_lookup8 v_lookup16 v_lookup32(table, i)     table[i & 7], [i & 15] and [i & 31], at any address of a float
 *   v_rows4(table, at, out)                       four vectors out[k]: table[at + k], k < 4; at: an int32, not
 * negative, for each lane, in memory v_turn4(rows, at, out)                        four vectors out[k]: lane i is
 * rows[i][at + k] i_store(p, i)                                 V_LANES int32 V_ROWS_FROM for several lookups at once:
 * the number of entries from which on v_rows4 is faster vacc acc_zero acc_fma(acc, a, b)              partial sums in
 * double: acc += (double)a * b, exact product acc_set(double) acc_of(a) acc_round(acc)      from double, from float and
 * to float, rounded acc_fma_wide(acc, a, b)                       acc + a*b of doubles, one rounding acc_div(a, b) a/b
 * of doubles, one rounding acc_store(p, acc)                             V_LANES doubles
 *
 * Which NaN comes out of arithmetic on NaN is not part of the definition. Left out on purpose:
 * estimates, conversions to int (undefined for NaN: see v_round_parts in math.h), horizontal sums
 * (their order would depend on the width).
 */
#ifndef ACTIV_SIMD_SIMD_H
#define ACTIV_SIMD_SIMD_H

#include <float.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#if FLT_EVAL_METHOD != 0
#    error "float arithmetic has to be done in float: use SSE2 (-msse2 -mfpmath=sse)"
#endif

#if defined(__GNUC__)
#    define V_INLINE static inline __attribute__((always_inline, unused))
#    define V_NOINLINE __attribute__((noinline, unused))
#    define v_prefetch(p) __builtin_prefetch(p, 1)
#    define v_barrier() __asm__ volatile("" ::: "memory")
/* True, as nearly always: what follows the other case is moved out of the loop, so that its turns have one jump less.
 */
#    define V_LIKELY(truth) __builtin_expect(!!(truth), 1)
/* Before a short loop with a long body: all turns one behind the other, so that they overlap. */
#    if defined(__clang__)
#        define V_UNROLL _Pragma("clang loop unroll(full)")
#    else
#        define V_UNROLL _Pragma("GCC unroll 8")
#    endif
#else
#    define V_INLINE static inline
#    define V_NOINLINE
#    define v_prefetch(p) ((void)(p))
#    define v_barrier() ((void)0)
#    define V_LIKELY(truth) (truth)
#    define V_UNROLL
#endif

/* The unit that includes this is compiled with ACTIV_TIER=avx2 and
 * ACTIV_TIER_HEADER="simd/avx2.h". */
#include ACTIV_TIER_HEADER

#define V_PASTE2(a, b) a##_##b
#define V_PASTE(a, b) V_PASTE2(a, b)
#define V_TIER_NAME(name) V_PASTE(name, ACTIV_TIER) /* name_avx2 */

#endif
