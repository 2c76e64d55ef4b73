/* The vocabulary for AVX-512 (F, DQ, BW, VL): sixteen lanes. */
#include <immintrin.h>

#define V_LANES 16

typedef __m512 vf;
typedef __m512i vi;
typedef __mmask16 vm;
typedef __m256i vs;

V_INLINE vf v_set(float s) { return _mm512_set1_ps(s); }
V_INLINE vf v_load(const float *p) { return _mm512_loadu_ps(p); }
V_INLINE void v_store(float *p, vf a) { _mm512_storeu_ps(p, a); }
V_INLINE void v_stream(float *p, vf a) { _mm512_stream_ps(p, a); }
V_INLINE void v_stream_end(void) { _mm_sfence(); }

V_INLINE vm avx512_first(size_t n) { return (vm)((1u << n) - 1u); }
V_INLINE vf v_load_partial(const float *p, size_t n) { return _mm512_maskz_loadu_ps(avx512_first(n), p); }
V_INLINE void v_store_partial(float *p, size_t n, vf a) { _mm512_mask_storeu_ps(p, avx512_first(n), a); }

V_INLINE vi v_bits(vf a) { return _mm512_castps_si512(a); }
V_INLINE vf v_float_of(vi i) { return _mm512_castsi512_ps(i); }

V_INLINE vf v_add(vf a, vf b) { return _mm512_add_ps(a, b); }
V_INLINE vf v_sub(vf a, vf b) { return _mm512_sub_ps(a, b); }
V_INLINE vf v_mul(vf a, vf b) { return _mm512_mul_ps(a, b); }
V_INLINE vf v_div(vf a, vf b) { return _mm512_div_ps(a, b); }
V_INLINE vf v_sqrt(vf a) { return _mm512_sqrt_ps(a); }
V_INLINE vf v_fma(vf a, vf b, vf c) { return _mm512_fmadd_ps(a, b, c); }
V_INLINE vf v_fnma(vf a, vf b, vf c) { return _mm512_fnmadd_ps(a, b, c); }
V_INLINE vf v_neg(vf a) { return _mm512_xor_ps(a, _mm512_set1_ps(-0.0f)); }
V_INLINE vf v_abs(vf a) { return _mm512_andnot_ps(_mm512_set1_ps(-0.0f), a); }
V_INLINE vf v_copysign(vf a, vf sign)
{
    /* Where the constant has a one, the bit of `sign`, else that of a. */
    return v_float_of(_mm512_ternarylogic_epi32(_mm512_set1_epi32(INT32_MIN), v_bits(sign), v_bits(a), 0xca));
}
V_INLINE vf v_min(vf a, vf b) { return _mm512_min_ps(a, b); } /* b if either is NaN, as defined */
V_INLINE vf v_max(vf a, vf b) { return _mm512_max_ps(a, b); }

V_INLINE vm v_lt(vf a, vf b) { return _mm512_cmp_ps_mask(a, b, _CMP_LT_OQ); }
V_INLINE vm v_le(vf a, vf b) { return _mm512_cmp_ps_mask(a, b, _CMP_LE_OQ); }
V_INLINE vm v_gt(vf a, vf b) { return _mm512_cmp_ps_mask(a, b, _CMP_GT_OQ); }
V_INLINE vm v_ge(vf a, vf b) { return _mm512_cmp_ps_mask(a, b, _CMP_GE_OQ); }
V_INLINE vm v_eq(vf a, vf b) { return _mm512_cmp_ps_mask(a, b, _CMP_EQ_OQ); }
V_INLINE vm v_not_le(vf a, vf b) { return _mm512_cmp_ps_mask(a, b, _CMP_NLE_UQ); }
V_INLINE vm v_unordered(vf a, vf b) { return _mm512_cmp_ps_mask(a, b, _CMP_UNORD_Q); }
V_INLINE vm v_nan(vf a) { return _mm512_cmp_ps_mask(a, a, _CMP_UNORD_Q); }

/* gcc turns a select with a constant into a masked load, and on Zen 5 a load with an all-zero mask costs 160 ns:
 * constants are forced into registers. */
#if defined(__GNUC__) && defined(__AVX512F__)
V_INLINE vf v_in_register(vf a)
{
    if (__builtin_constant_p(a[0]) && a[0] != 0.0f)
        __asm__("" : "+v"(a));
    return a;
}
#else
#    define v_in_register(a) (a)
#endif
V_INLINE vf v_sel(vm m, vf a, vf b) { return _mm512_mask_blend_ps(m, v_in_register(b), v_in_register(a)); }
V_INLINE vf v_drop(vm m, vf a) { return _mm512_maskz_mov_ps((vm)~m, a); }
V_INLINE vf v_sel_sign(vf s, vf a, vf b) { return _mm512_mask_blend_ps(_mm512_movepi32_mask(v_bits(s)), b, a); }
V_INLINE vm m_and(vm a, vm b) { return _kand_mask16(a, b); }
V_INLINE vm m_or(vm a, vm b) { return _kor_mask16(a, b); }
V_INLINE vm m_not(vm a) { return _knot_mask16(a); }
V_INLINE vm m_set(int truth) { return truth ? 0xffff : 0; }
V_INLINE int m_any(vm a) { return a != 0; }

V_INLINE vf v_from_int(vi i) { return _mm512_cvtepi32_ps(i); }
V_INLINE vi i_set(int32_t s) { return _mm512_set1_epi32(s); }
V_INLINE vi i_add(vi a, vi b) { return _mm512_add_epi32(a, b); }
V_INLINE vi i_sub(vi a, vi b) { return _mm512_sub_epi32(a, b); }
/* 64-bit products of every other lane; compilers compute them once for i_mul and i_mul_high. */
V_INLINE vi avx512_even(vi a, vi b) { return _mm512_mul_epu32(a, b); }
V_INLINE vi avx512_odd(vi a, vi b) { return _mm512_mul_epu32(_mm512_srli_epi64(a, 32), _mm512_srli_epi64(b, 32)); }
V_INLINE vi i_mul(vi a, vi b)
{
    return _mm512_mask_blend_epi32(0xaaaa, avx512_even(a, b), _mm512_slli_epi64(avx512_odd(a, b), 32));
}
V_INLINE vi i_mul_high(vi a, vi b)
{
    return _mm512_mask_blend_epi32(0xaaaa, _mm512_srli_epi64(avx512_even(a, b), 32), avx512_odd(a, b));
}
V_INLINE vi i_and(vi a, vi b) { return _mm512_and_si512(a, b); }
V_INLINE vi i_or(vi a, vi b) { return _mm512_or_si512(a, b); }
V_INLINE vi i_xor(vi a, vi b) { return _mm512_xor_si512(a, b); }
#define i_shl(a, n) _mm512_slli_epi32(a, n)
#define i_shr(a, n) _mm512_srli_epi32(a, n)
#define i_sar(a, n) _mm512_srai_epi32(a, n)
V_INLINE vm i_eq(vi a, vi b) { return _mm512_cmpeq_epi32_mask(a, b); }
V_INLINE vm i_gt(vi a, vi b) { return _mm512_cmpgt_epi32_mask(a, b); }
V_INLINE vi i_max(vi a, vi b) { return _mm512_max_epi32(a, b); }
V_INLINE vi i_min(vi a, vi b) { return _mm512_min_epi32(a, b); }
V_INLINE vi i_max_unsigned(vi a, vi b) { return _mm512_max_epu32(a, b); }
V_INLINE int i_any_negative(vi a) { return _mm512_movepi32_mask(a) != 0; }
V_INLINE vi i_sel(vm m, vi a, vi b) { return _mm512_mask_blend_epi32(m, b, a); }

V_INLINE vf v_lookup4(const float *table, vi i)
{
    return _mm512_permutevar_ps(_mm512_broadcast_f32x4(_mm_loadu_ps(table)), i);
}
V_INLINE vf v_lookup8(const float *table, vi i)
{
    return _mm512_permutexvar_ps(i, _mm512_broadcast_f32x8(_mm256_loadu_ps(table)));
}
V_INLINE vf v_lookup16(const float *table, vi i) { return _mm512_permutexvar_ps(i, _mm512_loadu_ps(table)); }
V_INLINE vf v_lookup32(const float *table, vi i)
{
    return _mm512_permutex2var_ps(_mm512_loadu_ps(table), i, _mm512_loadu_ps(table + 16));
}

#define V_GATHER_FROM 64
V_INLINE void i_store(int32_t *p, vi a) { _mm512_storeu_si512(p, a); }

V_INLINE vs s_load(const uint16_t *p) { return _mm256_loadu_si256((const __m256i *)(const void *)p); }
V_INLINE void s_store(uint16_t *p, vs a) { _mm256_storeu_si256((__m256i *)(void *)p, a); }
V_INLINE void s_stream(uint16_t *p, vs a) { _mm256_stream_si256((__m256i *)(void *)p, a); }
V_INLINE vi i_from_short(vs a) { return _mm512_cvtepu16_epi32(a); }
V_INLINE __m512i avx512_upper(vi a, vi b)
{
    const __m512i odd = _mm512_set_epi32(0x003f003d, 0x003b0039, 0x00370035, 0x00330031, 0x002f002d, 0x002b0029,
                                         0x00270025, 0x00230021, 0x001f001d, 0x001b0019, 0x00170015, 0x00130011,
                                         0x000f000d, 0x000b0009, 0x00070005, 0x00030001);
    return _mm512_permutex2var_epi16(a, odd, b);
}
V_INLINE void s_store_upper(uint16_t *p, vi a, vi b) { _mm512_storeu_si512(p, avx512_upper(a, b)); }
V_INLINE void s_stream_upper(uint16_t *p, vi a, vi b) { _mm512_stream_si512((__m512i *)(void *)p, avx512_upper(a, b)); }
V_INLINE vf v_from_float16(vs a) { return _mm512_cvtph_ps(a); }
#if defined(__GNUC__)
#    pragma GCC diagnostic push
#    pragma GCC diagnostic ignored "-Wsign-conversion" /* gcc -O0: both intrinsics are macros that warn */
#endif
V_INLINE vs v_to_float16(vf a) { return _mm512_cvtps_ph(a, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC); }
V_INLINE void v_gather4(const float *table, const int32_t *at, vf *out)
{
    for (int k = 0; k < 4; k++)
        out[k] = _mm512_i32gather_ps(_mm512_loadu_si512(at), table + k, 4);
}
#if defined(__GNUC__)
#    pragma GCC diagnostic pop
#endif

V_INLINE void v_transpose4(const float *const *rows, size_t at, vf *out)
{
    /* Rows j, j + 4, j + 8 and j + 12 in the quarters of one register, transposed within the quarters. */
    __m512 r[4];
    for (size_t j = 0; j < 4; j++) {
        r[j] = _mm512_castps128_ps512(_mm_loadu_ps(rows[j] + at));
        r[j] = _mm512_insertf32x4(r[j], _mm_loadu_ps(rows[j + 4] + at), 1);
        r[j] = _mm512_insertf32x4(r[j], _mm_loadu_ps(rows[j + 8] + at), 2);
        r[j] = _mm512_insertf32x4(r[j], _mm_loadu_ps(rows[j + 12] + at), 3);
    }
    __m512 a = _mm512_unpacklo_ps(r[0], r[1]), b = _mm512_unpacklo_ps(r[2], r[3]);
    __m512 c = _mm512_unpackhi_ps(r[0], r[1]), d = _mm512_unpackhi_ps(r[2], r[3]);
    out[0] = _mm512_shuffle_ps(a, b, 0x44);
    out[1] = _mm512_shuffle_ps(a, b, 0xee);
    out[2] = _mm512_shuffle_ps(c, d, 0x44);
    out[3] = _mm512_shuffle_ps(c, d, 0xee);
}

typedef struct vacc {
    __m512d low, high;
} vacc;

V_INLINE vacc acc_zero(void)
{
    vacc acc = { _mm512_setzero_pd(), _mm512_setzero_pd() };
    return acc;
}
V_INLINE vacc acc_set(double s)
{
    vacc acc = { _mm512_set1_pd(s), _mm512_set1_pd(s) };
    return acc;
}
V_INLINE vacc acc_of(vf a)
{
    vacc acc = { _mm512_cvtps_pd(_mm512_castps512_ps256(a)), _mm512_cvtps_pd(_mm512_extractf32x8_ps(a, 1)) };
    return acc;
}
V_INLINE vf acc_round(vacc a)
{
    return _mm512_insertf32x8(_mm512_castps256_ps512(_mm512_cvtpd_ps(a.low)), _mm512_cvtpd_ps(a.high), 1);
}
V_INLINE vacc acc_fma_wide(vacc acc, vacc a, vacc b)
{
    acc.low = _mm512_fmadd_pd(a.low, b.low, acc.low);
    acc.high = _mm512_fmadd_pd(a.high, b.high, acc.high);
    return acc;
}
V_INLINE vacc acc_fma(vacc acc, vf a, vf b) { return acc_fma_wide(acc, acc_of(a), acc_of(b)); }
V_INLINE vacc acc_mul_add(vacc acc, vacc a, vacc b)
{
    acc.low = _mm512_add_pd(acc.low, _mm512_mul_pd(a.low, b.low));
    acc.high = _mm512_add_pd(acc.high, _mm512_mul_pd(a.high, b.high));
    return acc;
}
V_INLINE vacc acc_div(vacc a, vacc b)
{
    vacc q = { _mm512_div_pd(a.low, b.low), _mm512_div_pd(a.high, b.high) };
    return q;
}
V_INLINE vacc acc_load(const double *p)
{
    vacc acc = { _mm512_loadu_pd(p), _mm512_loadu_pd(p + 8) };
    return acc;
}
V_INLINE void acc_store(double *p, vacc acc)
{
    _mm512_storeu_pd(p, acc.low);
    _mm512_storeu_pd(p + 8, acc.high);
}

/* GEMM's microkernel: 14 x 2 accumulators, 2 vectors of B and one of A take 31 of the 32 registers. */
#define V_GEMM_ROWS 14
#define V_GEMM_VECTORS 2
