/* The vocabulary for AArch64's NEON, which every AArch64 CPU has: four lanes. */
#include <arm_neon.h>

#define V_LANES 4

typedef float32x4_t vf;
typedef int32x4_t vi;
typedef uint32x4_t vm; /* all bits of a lane, or none */
typedef uint16x4_t vs;

V_INLINE vf v_set(float s) { return vdupq_n_f32(s); }
V_INLINE vf v_load(const float *p) { return vld1q_f32(p); }
V_INLINE void v_store(float *p, vf a) { vst1q_f32(p, a); }
V_INLINE void v_stream(float *p, vf a) { vst1q_f32(p, a); }
V_INLINE void v_stream_end(void) {}

/* No masked access: two lanes at once, then one. */
V_INLINE vf v_load_partial(const float *p, size_t n)
{
    const float32x2_t zero = vdup_n_f32(0.0f);
    float32x2_t low = n >= 2 ? vld1_f32(p) : zero;
    float32x2_t last = n & 1 ? vld1_lane_f32(p + (n & 2), zero, 0) : zero;
    return n >= 2 ? vcombine_f32(low, last) : vcombine_f32(last, zero);
}
V_INLINE void v_store_partial(float *p, size_t n, vf a)
{
    if (n >= 2)
        vst1_f32(p, vget_low_f32(a));
    if (n == 3)
        vst1q_lane_f32(p + 2, a, 2);
    if (n == 1)
        vst1q_lane_f32(p, a, 0);
}

V_INLINE vi v_bits(vf a) { return vreinterpretq_s32_f32(a); }
V_INLINE vf v_float_of(vi i) { return vreinterpretq_f32_s32(i); }

V_INLINE vf v_add(vf a, vf b) { return vaddq_f32(a, b); }
V_INLINE vf v_sub(vf a, vf b) { return vsubq_f32(a, b); }
V_INLINE vf v_mul(vf a, vf b) { return vmulq_f32(a, b); }
V_INLINE vf v_div(vf a, vf b) { return vdivq_f32(a, b); }
V_INLINE vf v_sqrt(vf a) { return vsqrtq_f32(a); }
V_INLINE vf v_fma(vf a, vf b, vf c) { return vfmaq_f32(c, a, b); } /* the addend comes first */
V_INLINE vf v_fnma(vf a, vf b, vf c) { return vfmsq_f32(c, a, b); }
V_INLINE vf v_neg(vf a) { return vnegq_f32(a); }
V_INLINE vf v_abs(vf a) { return vabsq_f32(a); }
V_INLINE vf v_copysign(vf a, vf sign) { return vbslq_f32(vdupq_n_u32(0x80000000u), sign, a); }
/* FMIN and FMAX have rules of their own for NaN and for zeros. */
V_INLINE vf v_min(vf a, vf b) { return vbslq_f32(vcltq_f32(a, b), a, b); }
V_INLINE vf v_max(vf a, vf b) { return vbslq_f32(vcgtq_f32(a, b), a, b); }

V_INLINE vm v_lt(vf a, vf b) { return vcltq_f32(a, b); }
V_INLINE vm v_le(vf a, vf b) { return vcleq_f32(a, b); }
V_INLINE vm v_gt(vf a, vf b) { return vcgtq_f32(a, b); }
V_INLINE vm v_ge(vf a, vf b) { return vcgeq_f32(a, b); }
V_INLINE vm v_eq(vf a, vf b) { return vceqq_f32(a, b); }
V_INLINE vm v_unordered(vf a, vf b) { return vmvnq_u32(vandq_u32(vceqq_f32(a, a), vceqq_f32(b, b))); }
V_INLINE vm v_nan(vf a) { return vmvnq_u32(vceqq_f32(a, a)); }
V_INLINE vm v_not_le(vf a, vf b) { return vmvnq_u32(vcleq_f32(a, b)); }
V_INLINE vf v_sel(vm m, vf a, vf b) { return vbslq_f32(m, a, b); }
V_INLINE vf v_drop(vm m, vf a) { return vreinterpretq_f32_u32(vbicq_u32(vreinterpretq_u32_f32(a), m)); }
V_INLINE vf v_sel_sign(vf s, vf a, vf b) { return vbslq_f32(vcltzq_s32(v_bits(s)), a, b); }
V_INLINE vm m_and(vm a, vm b) { return vandq_u32(a, b); }
V_INLINE vm m_or(vm a, vm b) { return vorrq_u32(a, b); }
V_INLINE vm m_not(vm a) { return vmvnq_u32(a); }
V_INLINE vm m_set(int truth) { return vdupq_n_u32(truth ? UINT32_MAX : 0); }
V_INLINE int m_any(vm a) { return vmaxvq_u32(a) != 0; }

V_INLINE vf v_from_int(vi i) { return vcvtq_f32_s32(i); }
V_INLINE vi i_set(int32_t s) { return vdupq_n_s32(s); }
V_INLINE vi i_add(vi a, vi b) { return vaddq_s32(a, b); }
V_INLINE vi i_sub(vi a, vi b) { return vsubq_s32(a, b); }
V_INLINE vi i_mul(vi a, vi b) { return vmulq_s32(a, b); }
V_INLINE vi i_mul_high(vi a, vi b)
{
    uint32x4_t x = vreinterpretq_u32_s32(a), y = vreinterpretq_u32_s32(b);
    uint64x2_t low = vmull_u32(vget_low_u32(x), vget_low_u32(y)), high = vmull_high_u32(x, y);
    return vreinterpretq_s32_u32(vuzp2q_u32(vreinterpretq_u32_u64(low), vreinterpretq_u32_u64(high)));
}
V_INLINE vi i_and(vi a, vi b) { return vandq_s32(a, b); }
V_INLINE vi i_or(vi a, vi b) { return vorrq_s32(a, b); }
V_INLINE vi i_xor(vi a, vi b) { return veorq_s32(a, b); }
/* Shifts to the right by an immediate begin at 1, the vocabulary's at 0: the compiler's own operators know both. */
#define i_shl(a, n) vshlq_n_s32(a, n)
#define i_shr(a, n) vreinterpretq_s32_u32(vreinterpretq_u32_s32(a) >> (n))
#define i_sar(a, n) ((vi)(a) >> (n))
V_INLINE vm i_eq(vi a, vi b) { return vceqq_s32(a, b); }
V_INLINE vm i_gt(vi a, vi b) { return vcgtq_s32(a, b); }
V_INLINE vi i_max(vi a, vi b) { return vmaxq_s32(a, b); }
V_INLINE vi i_min(vi a, vi b) { return vminq_s32(a, b); }
V_INLINE vi i_max_unsigned(vi a, vi b)
{
    return vreinterpretq_s32_u32(vmaxq_u32(vreinterpretq_u32_s32(a), vreinterpretq_u32_s32(b)));
}
V_INLINE int i_any_negative(vi a) { return vminvq_s32(a) < 0; }
V_INLINE vi i_sel(vm m, vi a, vi b) { return vbslq_s32(m, a, b); }

/* Byte lookups in tables of 64 bytes; each lane is four byte indices. Indices past a table give 0 (tbl), or leave the
 * destination (tbx). */
V_INLINE uint8x16_t neon_bytes(vi i) /* 0 <= i < 32 */
{
    return vreinterpretq_u8_s32(vaddq_s32(vmulq_s32(i, vdupq_n_s32(0x04040404)), vdupq_n_s32(0x03020100)));
}
V_INLINE vf v_lookup4(const float *table, vi i)
{
    uint8x16_t bytes = vld1q_u8((const uint8_t *)table);
    return vreinterpretq_f32_u8(vqtbl1q_u8(bytes, neon_bytes(vandq_s32(i, vdupq_n_s32(3)))));
}
V_INLINE vf v_lookup8(const float *table, vi i)
{
    uint8x16x2_t bytes = vld1q_u8_x2((const uint8_t *)table);
    return vreinterpretq_f32_u8(vqtbl2q_u8(bytes, neon_bytes(vandq_s32(i, vdupq_n_s32(7)))));
}
V_INLINE vf v_lookup16(const float *table, vi i)
{
    uint8x16x4_t bytes = vld1q_u8_x4((const uint8_t *)table);
    return vreinterpretq_f32_u8(vqtbl4q_u8(bytes, neon_bytes(vandq_s32(i, vdupq_n_s32(15)))));
}
V_INLINE vf v_lookup32(const float *table, vi i)
{
    uint8x16x4_t low = vld1q_u8_x4((const uint8_t *)table), high = vld1q_u8_x4((const uint8_t *)(table + 16));
    uint8x16_t at = neon_bytes(vandq_s32(i, vdupq_n_s32(31)));
    return vreinterpretq_f32_u8(vqtbx4q_u8(vqtbl4q_u8(low, at), high, vsubq_u8(at, vdupq_n_u8(64))));
}

#define V_GATHER_FROM 16 /* not measured */
V_INLINE void i_store(int32_t *p, vi a) { vst1q_s32(p, a); }

V_INLINE vs s_load(const uint16_t *p) { return vld1_u16(p); }
V_INLINE void s_store(uint16_t *p, vs a) { vst1_u16(p, a); }
V_INLINE void s_stream(uint16_t *p, vs a) { vst1_u16(p, a); }
V_INLINE vi i_from_short(vs a) { return vreinterpretq_s32_u32(vmovl_u16(a)); }
V_INLINE void s_store_upper(uint16_t *p, vi a, vi b)
{
    vst1q_u16(p, vuzp2q_u16(vreinterpretq_u16_s32(a), vreinterpretq_u16_s32(b))); /* the odd ones */
}
V_INLINE void s_stream_upper(uint16_t *p, vi a, vi b) { s_store_upper(p, a, b); }
V_INLINE vf v_from_float16(vs a) { return vcvt_f32_f16(vreinterpret_f16_u16(a)); }
V_INLINE vs v_to_float16(vf a) { return vreinterpret_u16_f16(vcvt_f16_f32(a)); }
V_INLINE void neon_transpose(vf *rows)
{
    float32x4x2_t top = vtrnq_f32(rows[0], rows[1]), bottom = vtrnq_f32(rows[2], rows[3]);
    rows[0] = vcombine_f32(vget_low_f32(top.val[0]), vget_low_f32(bottom.val[0]));
    rows[1] = vcombine_f32(vget_low_f32(top.val[1]), vget_low_f32(bottom.val[1]));
    rows[2] = vcombine_f32(vget_high_f32(top.val[0]), vget_high_f32(bottom.val[0]));
    rows[3] = vcombine_f32(vget_high_f32(top.val[1]), vget_high_f32(bottom.val[1]));
}
V_INLINE void v_gather4(const float *table, const int32_t *at, vf *out)
{
    for (size_t j = 0; j < 4; j++)
        out[j] = vld1q_f32(table + (uint32_t)at[j]);
    neon_transpose(out);
}
V_INLINE void v_transpose4(const float *const *rows, size_t at, vf *out)
{
    for (size_t j = 0; j < 4; j++)
        out[j] = vld1q_f32(rows[j] + at);
    neon_transpose(out);
}

typedef struct vacc {
    float64x2_t low, high;
} vacc;

V_INLINE vacc acc_zero(void)
{
    vacc acc = { vdupq_n_f64(0.0), vdupq_n_f64(0.0) };
    return acc;
}
V_INLINE vacc acc_set(double s)
{
    vacc acc = { vdupq_n_f64(s), vdupq_n_f64(s) };
    return acc;
}
V_INLINE vacc acc_of(vf a)
{
    vacc acc = { vcvt_f64_f32(vget_low_f32(a)), vcvt_high_f64_f32(a) };
    return acc;
}
V_INLINE vf acc_round(vacc a) { return vcvt_high_f32_f64(vcvt_f32_f64(a.low), a.high); }
V_INLINE vacc acc_fma_wide(vacc acc, vacc a, vacc b)
{
    acc.low = vfmaq_f64(acc.low, a.low, b.low);
    acc.high = vfmaq_f64(acc.high, a.high, b.high);
    return acc;
}
V_INLINE vacc acc_fma(vacc acc, vf a, vf b) { return acc_fma_wide(acc, acc_of(a), acc_of(b)); }
V_INLINE vacc acc_mul_add(vacc acc, vacc a, vacc b)
{
    acc.low = vaddq_f64(acc.low, vmulq_f64(a.low, b.low));
    acc.high = vaddq_f64(acc.high, vmulq_f64(a.high, b.high));
    return acc;
}
V_INLINE vacc acc_div(vacc a, vacc b)
{
    vacc q = { vdivq_f64(a.low, b.low), vdivq_f64(a.high, b.high) };
    return q;
}
V_INLINE vacc acc_load(const double *p)
{
    vacc acc = { vld1q_f64(p), vld1q_f64(p + 2) };
    return acc;
}
V_INLINE void acc_store(double *p, vacc acc)
{
    vst1q_f64(p, acc.low);
    vst1q_f64(p + 2, acc.high);
}

/* GEMM's microkernel: 6 x 4 accumulators, four vectors of B and one of A take 29 of the 32 registers. */
#define V_GEMM_ROWS 6
#define V_GEMM_VECTORS 4
