/* The vocabulary in plain C, one lane. It is the definition that the other tiers are tested against. */
#include <math.h>

#include "base/dtype.h"
#include "base/fma.h"

#define V_LANES 1

typedef float vf;
typedef int32_t vi;
typedef int vm;
typedef uint16_t vs;

V_INLINE vf v_set(float s) { return s; }
V_INLINE vf v_load(const float *p) { return *p; }
V_INLINE void v_store(float *p, vf a) { *p = a; }
V_INLINE void v_stream(float *p, vf a) { *p = a; }
V_INLINE void v_stream_end(void) {}
V_INLINE vf v_load_partial(const float *p, size_t n)
{
    (void)p;
    (void)n;
    return 0.0f;
} /* n < 1 */
V_INLINE void v_store_partial(float *p, size_t n, vf a)
{
    (void)p;
    (void)n;
    (void)a;
}

V_INLINE vi v_bits(vf a)
{
    vi i;
    memcpy(&i, &a, sizeof i);
    return i;
}
V_INLINE vf v_float_of(vi i)
{
    vf a;
    memcpy(&a, &i, sizeof a);
    return a;
}

V_INLINE vf v_add(vf a, vf b) { return a + b; }
V_INLINE vf v_sub(vf a, vf b) { return a - b; }
V_INLINE vf v_mul(vf a, vf b) { return a * b; }
V_INLINE vf v_div(vf a, vf b) { return a / b; }
V_INLINE vf v_sqrt(vf a) { return sqrtf(a); }
V_INLINE vf v_fma(vf a, vf b, vf c) { return activ_fmaf(a, b, c); }
V_INLINE vf v_fnma(vf a, vf b, vf c) { return activ_fmaf(-a, b, c); }
V_INLINE vf v_neg(vf a) { return v_float_of(v_bits(a) ^ INT32_MIN); }
V_INLINE vf v_abs(vf a) { return v_float_of(v_bits(a) & INT32_MAX); }
V_INLINE vf v_copysign(vf a, vf sign) { return v_float_of((v_bits(a) & INT32_MAX) | (v_bits(sign) & INT32_MIN)); }
/* clang 14 makes WebAssembly's f32.max of 0 > b ? 0 : b, which is 0 for b = -0: what it cannot see through stops it. */
#if defined(__wasm__)
V_INLINE vm scalar_seen(vm m)
{
    __asm__("" : "+r"(m));
    return m;
}
#else
V_INLINE vm scalar_seen(vm m) { return m; }
#endif
V_INLINE vf v_min(vf a, vf b) { return scalar_seen(a < b) ? a : b; }
V_INLINE vf v_max(vf a, vf b) { return scalar_seen(a > b) ? a : b; }

V_INLINE vm v_lt(vf a, vf b) { return a < b; }
V_INLINE vm v_le(vf a, vf b) { return a <= b; }
V_INLINE vm v_gt(vf a, vf b) { return a > b; }
V_INLINE vm v_ge(vf a, vf b) { return a >= b; }
V_INLINE vm v_eq(vf a, vf b) { return a == b; }
V_INLINE vm v_not_le(vf a, vf b) { return !(a <= b); }
V_INLINE vm v_unordered(vf a, vf b) { return a != a || b != b; }
V_INLINE vm v_nan(vf a) { return a != a; }
V_INLINE vf v_sel(vm m, vf a, vf b) { return m ? a : b; }
V_INLINE vf v_drop(vm m, vf a) { return m ? 0.0f : a; }
V_INLINE vf v_sel_sign(vf s, vf a, vf b) { return v_bits(s) < 0 ? a : b; }
V_INLINE vm m_and(vm a, vm b) { return a & b; }
V_INLINE vm m_or(vm a, vm b) { return a | b; }
V_INLINE vm m_not(vm a) { return !a; }
V_INLINE vm m_set(int truth) { return truth != 0; }
V_INLINE int m_any(vm a) { return a; }

V_INLINE vf v_from_int(vi i) { return (float)i; }
V_INLINE vi i_set(int32_t s) { return s; }
V_INLINE vi i_add(vi a, vi b) { return (vi)((uint32_t)a + (uint32_t)b); }
V_INLINE vi i_sub(vi a, vi b) { return (vi)((uint32_t)a - (uint32_t)b); }
V_INLINE vi i_mul(vi a, vi b) { return (vi)((uint32_t)a * (uint32_t)b); }
V_INLINE vi i_mul_high(vi a, vi b) { return (vi)(uint32_t)((uint64_t)(uint32_t)a * (uint32_t)b >> 32); }
V_INLINE vi i_and(vi a, vi b) { return a & b; }
V_INLINE vi i_or(vi a, vi b) { return a | b; }
V_INLINE vi i_xor(vi a, vi b) { return a ^ b; }
#define i_shl(a, n) ((vi)((uint32_t)(a) << (n)))
#define i_shr(a, n) ((vi)((uint32_t)(a) >> (n)))
#define i_sar(a, n) ((vi)(a) >> (n)) /* arithmetic on every compiler that we know; tests/simd checks it */
V_INLINE vm i_eq(vi a, vi b) { return a == b; }
V_INLINE vm i_gt(vi a, vi b) { return a > b; }
V_INLINE vi i_max(vi a, vi b) { return a > b ? a : b; }
V_INLINE vi i_min(vi a, vi b) { return a < b ? a : b; }
V_INLINE vi i_max_unsigned(vi a, vi b) { return (uint32_t)a > (uint32_t)b ? a : b; }
V_INLINE int i_any_negative(vi a) { return a < 0; }
V_INLINE vi i_sel(vm m, vi a, vi b) { return m ? a : b; }

V_INLINE vf v_lookup4(const float *table, vi i) { return table[i & 3]; }
V_INLINE vf v_lookup8(const float *table, vi i) { return table[i & 7]; }
V_INLINE vf v_lookup16(const float *table, vi i) { return table[i & 15]; }
V_INLINE vf v_lookup32(const float *table, vi i) { return table[i & 31]; }

#define V_GATHER_FROM 16
V_INLINE void i_store(int32_t *p, vi a) { *p = a; }

V_INLINE vs s_load(const uint16_t *p) { return *p; }
V_INLINE void s_store(uint16_t *p, vs a) { *p = a; }
V_INLINE void s_stream(uint16_t *p, vs a) { *p = a; }
V_INLINE vi i_from_short(vs a) { return a; }
V_INLINE void s_store_upper(uint16_t *p, vi a, vi b)
{
    p[0] = (uint16_t)((uint32_t)a >> 16);
    p[1] = (uint16_t)((uint32_t)b >> 16);
}
V_INLINE void s_stream_upper(uint16_t *p, vi a, vi b) { s_store_upper(p, a, b); }
V_INLINE vf v_from_float16(vs a) { return activ_float_of_float16(a); }
V_INLINE vs v_to_float16(vf a) { return activ_float16_of_float(a); }
V_INLINE void v_gather4(const float *table, const int32_t *at, vf *out)
{
    for (size_t k = 0; k < 4; k++)
        out[k] = table[(uint32_t)*at + k];
}
V_INLINE void v_transpose4(const float *const *rows, size_t at, vf *out)
{
    for (size_t k = 0; k < 4; k++)
        out[k] = rows[0][at + k];
}

typedef double vacc;

V_INLINE vacc acc_zero(void) { return 0.0; }
V_INLINE vacc acc_set(double s) { return s; }
V_INLINE vacc acc_of(vf a) { return (double)a; }
V_INLINE vf acc_round(vacc a) { return (float)a; }
V_INLINE vacc acc_fma_wide(vacc acc, vacc a, vacc b) { return activ_fma(a, b, acc); }
V_INLINE vacc acc_mul_add(vacc acc, vacc a, vacc b) { return acc + a * b; }
V_INLINE vacc acc_div(vacc a, vacc b) { return a / b; }
V_INLINE vacc acc_fma(vacc acc, vf a, vf b) { return acc + (double)a * (double)b; }
V_INLINE vacc acc_load(const double *p) { return *p; }
V_INLINE void acc_store(double *p, vacc acc) { *p = acc; }

/* GEMM's microkernel: rows, and vectors per row. */
#define V_GEMM_ROWS 4
#define V_GEMM_VECTORS 4
