/* The vocabulary for AVX2 with FMA and F16C: eight lanes. */
#include <immintrin.h>

#define V_LANES 8

typedef __m256 vf;
typedef __m256i vi;
typedef __m256 vm; /* all bits of a lane, or none */
typedef __m128i vs;

V_INLINE vf v_set(float s) { return _mm256_set1_ps(s); }
V_INLINE vf v_load(const float *p) { return _mm256_loadu_ps(p); }
V_INLINE void v_store(float *p, vf a) { _mm256_storeu_ps(p, a); }
V_INLINE void v_stream(float *p, vf a) { _mm256_stream_ps(p, a); }
V_INLINE void v_stream_end(void) { _mm_sfence(); }

V_INLINE vi avx2_first(size_t n)
{
    return _mm256_cmpgt_epi32(_mm256_set1_epi32((int)n), _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7));
}
V_INLINE vf v_load_partial(const float *p, size_t n) { return _mm256_maskload_ps(p, avx2_first(n)); }
V_INLINE void v_store_partial(float *p, size_t n, vf a) { _mm256_maskstore_ps(p, avx2_first(n), a); }

V_INLINE vi v_bits(vf a) { return _mm256_castps_si256(a); }
V_INLINE vf v_float_of(vi i) { return _mm256_castsi256_ps(i); }

V_INLINE vf v_add(vf a, vf b) { return _mm256_add_ps(a, b); }
V_INLINE vf v_sub(vf a, vf b) { return _mm256_sub_ps(a, b); }
V_INLINE vf v_mul(vf a, vf b) { return _mm256_mul_ps(a, b); }
V_INLINE vf v_div(vf a, vf b) { return _mm256_div_ps(a, b); }
V_INLINE vf v_sqrt(vf a) { return _mm256_sqrt_ps(a); }
V_INLINE vf v_fma(vf a, vf b, vf c) { return _mm256_fmadd_ps(a, b, c); }
V_INLINE vf v_fnma(vf a, vf b, vf c) { return _mm256_fnmadd_ps(a, b, c); }
V_INLINE vf v_neg(vf a) { return _mm256_xor_ps(a, _mm256_set1_ps(-0.0f)); }
V_INLINE vf v_abs(vf a) { return _mm256_andnot_ps(_mm256_set1_ps(-0.0f), a); }
V_INLINE vf v_copysign(vf a, vf sign) { return _mm256_or_ps(v_abs(a), _mm256_and_ps(sign, _mm256_set1_ps(-0.0f))); }
V_INLINE vf v_min(vf a, vf b) { return _mm256_min_ps(a, b); } /* b if either is NaN, as defined */
V_INLINE vf v_max(vf a, vf b) { return _mm256_max_ps(a, b); }

V_INLINE vm v_lt(vf a, vf b) { return _mm256_cmp_ps(a, b, _CMP_LT_OQ); }
V_INLINE vm v_le(vf a, vf b) { return _mm256_cmp_ps(a, b, _CMP_LE_OQ); }
V_INLINE vm v_gt(vf a, vf b) { return _mm256_cmp_ps(a, b, _CMP_GT_OQ); }
V_INLINE vm v_ge(vf a, vf b) { return _mm256_cmp_ps(a, b, _CMP_GE_OQ); }
V_INLINE vm v_eq(vf a, vf b) { return _mm256_cmp_ps(a, b, _CMP_EQ_OQ); }
V_INLINE vm v_not_le(vf a, vf b) { return _mm256_cmp_ps(a, b, _CMP_NLE_UQ); }
V_INLINE vm v_unordered(vf a, vf b) { return _mm256_cmp_ps(a, b, _CMP_UNORD_Q); }
V_INLINE vm v_nan(vf a) { return _mm256_cmp_ps(a, a, _CMP_UNORD_Q); }
V_INLINE vf v_sel(vm m, vf a, vf b) { return _mm256_blendv_ps(b, a, m); }
V_INLINE vf v_drop(vm m, vf a) { return _mm256_andnot_ps(m, a); }
V_INLINE vf v_sel_sign(vf s, vf a, vf b) { return _mm256_blendv_ps(b, a, s); }
V_INLINE vm m_and(vm a, vm b) { return _mm256_and_ps(a, b); }
V_INLINE vm m_or(vm a, vm b) { return _mm256_or_ps(a, b); }
V_INLINE vm m_not(vm a) { return _mm256_xor_ps(a, v_float_of(_mm256_set1_epi32(-1))); }
V_INLINE vm m_set(int truth) { return v_float_of(_mm256_set1_epi32(truth ? -1 : 0)); }
V_INLINE int m_any(vm a) { return _mm256_movemask_ps(a) != 0; }

V_INLINE vf v_from_int(vi i) { return _mm256_cvtepi32_ps(i); }
V_INLINE vi i_set(int32_t s) { return _mm256_set1_epi32(s); }
V_INLINE vi i_add(vi a, vi b) { return _mm256_add_epi32(a, b); }
V_INLINE vi i_sub(vi a, vi b) { return _mm256_sub_epi32(a, b); }
/* 64-bit products of every other lane; compilers compute them once for i_mul and i_mul_high. */
V_INLINE vi avx2_even(vi a, vi b) { return _mm256_mul_epu32(a, b); }
V_INLINE vi avx2_odd(vi a, vi b) { return _mm256_mul_epu32(_mm256_srli_epi64(a, 32), _mm256_srli_epi64(b, 32)); }
V_INLINE vi i_mul(vi a, vi b)
{
    return _mm256_blend_epi32(avx2_even(a, b), _mm256_slli_epi64(avx2_odd(a, b), 32), 0xaa);
}
V_INLINE vi i_mul_high(vi a, vi b)
{
    return _mm256_blend_epi32(_mm256_srli_epi64(avx2_even(a, b), 32), avx2_odd(a, b), 0xaa);
}
V_INLINE vi i_and(vi a, vi b) { return _mm256_and_si256(a, b); }
V_INLINE vi i_or(vi a, vi b) { return _mm256_or_si256(a, b); }
V_INLINE vi i_xor(vi a, vi b) { return _mm256_xor_si256(a, b); }
#define i_shl(a, n) _mm256_slli_epi32(a, n)
#define i_shr(a, n) _mm256_srli_epi32(a, n)
#define i_sar(a, n) _mm256_srai_epi32(a, n)
V_INLINE vm i_eq(vi a, vi b) { return v_float_of(_mm256_cmpeq_epi32(a, b)); }
V_INLINE vm i_gt(vi a, vi b) { return v_float_of(_mm256_cmpgt_epi32(a, b)); }
V_INLINE vi i_max(vi a, vi b) { return _mm256_max_epi32(a, b); }
V_INLINE vi i_min(vi a, vi b) { return _mm256_min_epi32(a, b); }
V_INLINE vi i_max_unsigned(vi a, vi b) { return _mm256_max_epu32(a, b); }
V_INLINE int i_any_negative(vi a) { return _mm256_movemask_ps(v_float_of(a)) != 0; }
V_INLINE vi i_sel(vm m, vi a, vi b) { return v_bits(v_sel(m, v_float_of(a), v_float_of(b))); }

/* Larger tables are tables of eight, selected by a bit of the index spread over the lane. A variable blend is three
 * micro-operations on recent CPUs; the tables' differences are loop-invariant. */
V_INLINE vi avx2_eight(const float *table) { return _mm256_loadu_si256((const __m256i *)(const void *)table); }
V_INLINE vi avx2_bit(vi i, int bit) { return _mm256_srai_epi32(_mm256_slli_epi32(i, 31 - bit), 31); }
V_INLINE vi avx2_permute(vi table, vi i)
{
#if defined(__GNUC__)
    /* With a memory operand the permutation takes twice as long on Zen 3 as a load and a permutation. */
    __asm__ volatile("" : "+x"(table));
#endif
    return _mm256_permutevar8x32_epi32(table, i);
}
V_INLINE vi avx2_lookup16(const float *table, vi i)
{
    vi low = avx2_eight(table), change = i_xor(low, avx2_eight(table + 8));
    return i_xor(avx2_permute(low, i), i_and(avx2_permute(change, i), avx2_bit(i, 3)));
}
V_INLINE vf v_lookup4(const float *table, vi i)
{
    return _mm256_permutevar_ps(_mm256_broadcast_ps((const __m128 *)(const void *)table), i);
}
V_INLINE vf v_lookup8(const float *table, vi i) { return v_float_of(avx2_permute(avx2_eight(table), i)); }
V_INLINE vf v_lookup16(const float *table, vi i) { return v_float_of(avx2_lookup16(table, i)); }
V_INLINE vf v_lookup32(const float *table, vi i)
{
    vi low = avx2_lookup16(table, i), high = avx2_lookup16(table + 16, i);
    return v_float_of(i_xor(low, i_and(i_xor(low, high), avx2_bit(i, 4))));
}

/* Transposes eight rows of four: rows 0 to 3 in the lower halves, 4 to 7 in the upper ones. Takes two thirds of the
 * time of lookups in tables of thirty-two, a fifth more than in tables of sixteen. */
#define V_GATHER_FROM 32
V_INLINE void i_store(int32_t *p, vi a)
{
    _mm256_storeu_si256((__m256i *)(void *)p, a);
#if defined(__GNUC__)
    /* Kept in memory: extracting lanes from the register costs twice as much as loading them. */
    __asm__("" : "+m"(*(int32_t(*)[V_LANES])p));
#endif
}
V_INLINE vs s_load(const uint16_t *p) { return _mm_loadu_si128((const __m128i *)(const void *)p); }
V_INLINE void s_store(uint16_t *p, vs a) { _mm_storeu_si128((__m128i *)(void *)p, a); }
V_INLINE void s_stream(uint16_t *p, vs a) { _mm_stream_si128((__m128i *)(void *)p, a); }
V_INLINE vi i_from_short(vs a) { return _mm256_cvtepu16_epi32(a); }
V_INLINE __m256i avx2_upper(vi a, vi b)
{
    const vi halves = _mm256_packus_epi32(i_shr(a, 16), i_shr(b, 16)); /* of 128 bits each */
    return _mm256_permute4x64_epi64(halves, 0xd8);
}
V_INLINE void s_store_upper(uint16_t *p, vi a, vi b) { _mm256_storeu_si256((__m256i *)(void *)p, avx2_upper(a, b)); }
V_INLINE void s_stream_upper(uint16_t *p, vi a, vi b) { _mm256_stream_si256((__m256i *)(void *)p, avx2_upper(a, b)); }
V_INLINE vf v_from_float16(vs a) { return _mm256_cvtph_ps(a); }
V_INLINE vs v_to_float16(vf a) { return _mm256_cvtps_ph(a, _MM_FROUND_TO_NEAREST_INT); }

V_INLINE vf avx2_half_rows(const float *a, const float *b)
{
    return _mm256_insertf128_ps(_mm256_castps128_ps256(_mm_loadu_ps(a)), _mm_loadu_ps(b), 1);
}
V_INLINE void avx2_transpose(const vf *r, vf *out)
{
    vf a = _mm256_unpacklo_ps(r[0], r[1]), b = _mm256_unpacklo_ps(r[2], r[3]);
    vf c = _mm256_unpackhi_ps(r[0], r[1]), d = _mm256_unpackhi_ps(r[2], r[3]);
    out[0] = _mm256_shuffle_ps(a, b, 0x44);
    out[1] = _mm256_shuffle_ps(a, b, 0xee);
    out[2] = _mm256_shuffle_ps(c, d, 0x44);
    out[3] = _mm256_shuffle_ps(c, d, 0xee);
}
V_INLINE void v_gather4(const float *table, const int32_t *at, vf *out)
{
    vf r[4];
    for (size_t j = 0; j < 4; j++)
        r[j] = avx2_half_rows(table + (uint32_t)at[j], table + (uint32_t)at[j + 4]);
    avx2_transpose(r, out);
}
V_INLINE void v_transpose4(const float *const *rows, size_t at, vf *out)
{
    vf r[4];
    for (size_t j = 0; j < 4; j++)
        r[j] = avx2_half_rows(rows[j] + at, rows[j + 4] + at);
    avx2_transpose(r, out);
}

typedef struct vacc {
    __m256d low, high;
} vacc;

V_INLINE vacc acc_zero(void)
{
    vacc acc = { _mm256_setzero_pd(), _mm256_setzero_pd() };
    return acc;
}
V_INLINE vacc acc_set(double s)
{
    vacc acc = { _mm256_set1_pd(s), _mm256_set1_pd(s) };
    return acc;
}
V_INLINE vacc acc_of(vf a)
{
    vacc acc = { _mm256_cvtps_pd(_mm256_castps256_ps128(a)), _mm256_cvtps_pd(_mm256_extractf128_ps(a, 1)) };
    return acc;
}
V_INLINE vf acc_round(vacc a)
{
    return _mm256_insertf128_ps(_mm256_castps128_ps256(_mm256_cvtpd_ps(a.low)), _mm256_cvtpd_ps(a.high), 1);
}
V_INLINE vacc acc_fma_wide(vacc acc, vacc a, vacc b)
{
    acc.low = _mm256_fmadd_pd(a.low, b.low, acc.low);
    acc.high = _mm256_fmadd_pd(a.high, b.high, acc.high);
    return acc;
}
V_INLINE vacc acc_fma(vacc acc, vf a, vf b) { return acc_fma_wide(acc, acc_of(a), acc_of(b)); }
V_INLINE vacc acc_mul_add(vacc acc, vacc a, vacc b)
{
    acc.low = _mm256_add_pd(acc.low, _mm256_mul_pd(a.low, b.low));
    acc.high = _mm256_add_pd(acc.high, _mm256_mul_pd(a.high, b.high));
    return acc;
}
V_INLINE vacc acc_div(vacc a, vacc b)
{
    vacc q = { _mm256_div_pd(a.low, b.low), _mm256_div_pd(a.high, b.high) };
    return q;
}
V_INLINE vacc acc_load(const double *p)
{
    vacc acc = { _mm256_loadu_pd(p), _mm256_loadu_pd(p + 4) };
    return acc;
}
V_INLINE void acc_store(double *p, vacc acc)
{
    _mm256_storeu_pd(p, acc.low);
    _mm256_storeu_pd(p + 4, acc.high);
}

/* GEMM's microkernel: 6 x 2 accumulators, 2 vectors of B and one of A take fifteen of the sixteen registers. */
#define V_GEMM_ROWS 6
#define V_GEMM_VECTORS 2
