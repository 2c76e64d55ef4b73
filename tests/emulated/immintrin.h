/* AVX-512 for CPUs that have AVX2 only: SIMDe's functions under the names of Intel's, and what its version 0.7.4 lacks.
 * With ACTIV_EMULATE_AVX512 the units of the avx512 tier find this before the compiler's own header. */
#ifndef EMULATED_IMMINTRIN_H
#define EMULATED_IMMINTRIN_H

#pragma GCC system_header

#include_next <immintrin.h>
#define SIMDE_ENABLE_NATIVE_ALIASES
#include <simde/x86/avx512.h>

static inline __mmask16 emulated_kand(__mmask16 a, __mmask16 b)
{
    return (__mmask16)(a & b);
}
static inline __mmask16 emulated_kor(__mmask16 a, __mmask16 b)
{
    return (__mmask16)(a | b);
}
static inline __mmask16 emulated_knot(__mmask16 a)
{
    return (__mmask16)~a;
}

static inline __m512 emulated_maskz_loadu_ps(__mmask16 k, const float *p)
{
    simde__m512_private r;
    for (int i = 0; i < 16; i++)
        r.f32[i] = k >> i & 1 ? p[i] : 0.0f;
    return simde__m512_from_private(r);
}

static inline void emulated_mask_storeu_ps(float *p, __mmask16 k, __m512 a)
{
    simde__m512_private from = simde__m512_to_private(a);
    for (int i = 0; i < 16; i++)
        if (k >> i & 1)
            p[i] = from.f32[i];
}

static inline __m512i emulated_srai_epi32(__m512i a, int n)
{
    simde__m512i_private r = simde__m512i_to_private(a);
    for (int i = 0; i < 2; i++)
        r.m256i[i] = _mm256_srai_epi32(r.m256i[i], n);
    return simde__m512i_from_private(r);
}

static inline __m512 emulated_i32gather_ps(__m512i at, const float *p)
{
    simde__m512i_private from = simde__m512i_to_private(at);
    simde__m512_private r;
    for (int i = 0; i < 16; i++)
        r.f32[i] = p[from.i32[i]];
    return simde__m512_from_private(r);
}

static inline __m512 emulated_cvtepi32_ps(__m512i a)
{
    simde__m512i_private from = simde__m512i_to_private(a);
    simde__m512_private r;
    for (int i = 0; i < 2; i++)
        r.m256[i] = _mm256_cvtepi32_ps(from.m256i[i]);
    return simde__m512_from_private(r);
}

static inline __m512d emulated_cvtps_pd(__m256 a)
{
    simde__m512d_private r;
    r.m256d[0] = _mm256_cvtps_pd(_mm256_castps256_ps128(a));
    r.m256d[1] = _mm256_cvtps_pd(_mm256_extractf128_ps(a, 1));
    return simde__m512d_from_private(r);
}

static inline __m256 emulated_cvtpd_ps(__m512d a)
{
    simde__m512d_private from = simde__m512d_to_private(a);
    return _mm256_set_m128(_mm256_cvtpd_ps(from.m256d[1]), _mm256_cvtpd_ps(from.m256d[0]));
}

static inline __m256 emulated_extractf32x8_ps(__m512 a, int half)
{
    return simde__m512_to_private(a).m256[half];
}

static inline __m512 emulated_permutevar_ps(__m512 a, __m512i at)
{
    simde__m512_private r = simde__m512_to_private(a);
    simde__m512i_private from = simde__m512i_to_private(at);
    for (int i = 0; i < 2; i++)
        r.m256[i] = _mm256_permutevar_ps(r.m256[i], from.m256i[i]);
    return simde__m512_from_private(r);
}

static inline __m512i emulated_cvtepu16_epi32(__m256i a)
{
    simde__m512i_private r;
    r.m256i[0] = _mm256_cvtepu16_epi32(_mm256_castsi256_si128(a));
    r.m256i[1] = _mm256_cvtepu16_epi32(_mm256_extracti128_si256(a, 1));
    return simde__m512i_from_private(r);
}

static inline __m512 emulated_cvtph_ps(__m256i a)
{
    simde__m512_private r;
    r.m256[0] = _mm256_cvtph_ps(_mm256_castsi256_si128(a));
    r.m256[1] = _mm256_cvtph_ps(_mm256_extracti128_si256(a, 1));
    return simde__m512_from_private(r);
}

/* F16C rounds to nearest by the mode alone; it has no bit for exceptions. */
static inline __m256i emulated_cvtps_ph(__m512 a)
{
    simde__m512_private from = simde__m512_to_private(a);
    return _mm256_set_m128i(_mm256_cvtps_ph(from.m256[1], _MM_FROUND_TO_NEAREST_INT),
                            _mm256_cvtps_ph(from.m256[0], _MM_FROUND_TO_NEAREST_INT));
}

#define _kand_mask16(a, b) emulated_kand(a, b)
#define _kor_mask16(a, b) emulated_kor(a, b)
#define _knot_mask16(a) emulated_knot(a)
#define _mm512_maskz_loadu_ps(k, p) emulated_maskz_loadu_ps(k, p)
#define _mm512_mask_storeu_ps(p, k, a) emulated_mask_storeu_ps(p, k, a)
#define _mm512_stream_ps(p, a) _mm512_storeu_ps(p, a)
#define _mm512_srai_epi32(a, n) emulated_srai_epi32(a, n)
#define _mm512_i32gather_ps(at, p, scale) emulated_i32gather_ps(at, p)
#define _mm512_cvtepi32_ps(a) emulated_cvtepi32_ps(a)
#define _mm512_cvtps_pd(a) emulated_cvtps_pd(a)
#define _mm512_cvtpd_ps(a) emulated_cvtpd_ps(a)
#define _mm512_extractf32x8_ps(a, half) emulated_extractf32x8_ps(a, half)
#define _mm512_permutevar_ps(a, at) emulated_permutevar_ps(a, at)
#define _mm512_cvtepu16_epi32(a) emulated_cvtepu16_epi32(a)
#define _mm512_cvtph_ps(a) emulated_cvtph_ps(a)
#define _mm512_cvtps_ph(a, rounding) emulated_cvtps_ph(a)
#define _mm512_stream_si512(p, a) _mm512_storeu_si512(p, a)

#endif
