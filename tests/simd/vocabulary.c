/* The vocabulary of one tier as functions on arrays of sixteen: compiled once per tier, as
 * lib/kernels/unit.c is. */
#include "simd/simd.h"

#include "simd/vocabulary.h"

#define N VOCABULARY_N

V_INLINE void store_int(int32_t *p, vi a)
{
    memcpy(p, &a, sizeof a);
}

V_INLINE vi load_int(const int32_t *p)
{
    vi a;
    memcpy(&a, p, sizeof a);
    return a;
}

/* A mask as numbers, by the selection that the test also checks by itself. */
V_INLINE void store_mask(int32_t *p, vm m)
{
    store_int(p, i_sel(m, i_set(1), i_set(0)));
}

#define EACH for (size_t i = 0; i < N; i += V_LANES)

#define ONE(name)                                    \
    static void run_##name(const float *a, float *y) \
    {                                                \
        EACH v_store(y + i, name(v_load(a + i)));    \
    }
#define TWO(name)                                                    \
    static void run_##name(const float *a, const float *b, float *y) \
    {                                                                \
        EACH v_store(y + i, name(v_load(a + i), v_load(b + i)));     \
    }
#define THREE(name)                                                                  \
    static void run_##name(const float *a, const float *b, const float *c, float *y) \
    {                                                                                \
        EACH v_store(y + i, name(v_load(a + i), v_load(b + i), v_load(c + i)));      \
    }
#define COMPARE(name)                                                  \
    static void run_##name(const float *a, const float *b, int32_t *y) \
    {                                                                  \
        EACH store_mask(y + i, name(v_load(a + i), v_load(b + i)));    \
    }
#define INT(name)                                                          \
    static void run_##name(const int32_t *a, const int32_t *b, int32_t *y) \
    {                                                                      \
        EACH store_int(y + i, name(load_int(a + i), load_int(b + i)));     \
    }
#define INT_COMPARE(name)                                                  \
    static void run_##name(const int32_t *a, const int32_t *b, int32_t *y) \
    {                                                                      \
        EACH store_mask(y + i, name(load_int(a + i), load_int(b + i)));    \
    }
#define SHIFT(name, by)                                         \
    static void run_##name##_##by(const int32_t *a, int32_t *y) \
    {                                                           \
        EACH store_int(y + i, name(load_int(a + i), by));       \
    }

#define ONES(X) X(v_sqrt) X(v_neg) X(v_abs) X(copy_bits)
#define TWOS(X) X(v_add) X(v_sub) X(v_mul) X(v_div) X(v_copysign) X(v_min) X(v_max) X(drop_less)
#define THREES(X) X(v_fma) X(v_fnma) X(v_sel_sign)
#define COMPARES(X) X(v_lt) X(v_le) X(v_gt) X(v_ge) X(v_eq) X(v_not_le) X(v_unordered) X(first_nan)
#define INTS(X) X(i_add) X(i_sub) X(i_mul) X(i_mul_high) X(i_and) X(i_or) X(i_xor) X(i_max) X(i_min) X(i_max_unsigned)
#define INT_COMPARES(X) X(i_eq) X(i_gt)
#define SHIFTS(X) \
    X(i_shl, 0)   \
    X(i_shl, 1)   \
    X(i_shl, 23)  \
    X(i_shl, 31) X(i_shr, 0) X(i_shr, 1) X(i_shr, 23) X(i_shr, 31) X(i_sar, 0) X(i_sar, 1) X(i_sar, 23) X(i_sar, 31)

V_INLINE vf copy_bits(vf a)
{
    return v_float_of(v_bits(a));
}
V_INLINE vf drop_less(vf a, vf b)
{
    return v_drop(v_lt(a, b), a);
}
V_INLINE vm first_nan(vf a, vf b)
{
    (void)b;
    return v_nan(a);
}

ONES(ONE)
TWOS(TWO)
THREES(THREE)
COMPARES(COMPARE)
INTS(INT)
INT_COMPARES(INT_COMPARE)
SHIFTS(SHIFT)

#define ROW(name) { #name, run_##name },
#define SHIFT_ROW(name, by) { #name, by, run_##name##_##by },
static const vocabulary_one ones[] = { ONES(ROW){ NULL, NULL } };
static const vocabulary_two twos[] = { TWOS(ROW){ NULL, NULL } };
static const vocabulary_three threes[] = { THREES(ROW){ NULL, NULL } };
static const vocabulary_compare compares[] = { COMPARES(ROW){ NULL, NULL } };
static const vocabulary_int ints[] = { INTS(ROW){ NULL, NULL } };
static const vocabulary_int int_compares[] = { INT_COMPARES(ROW){ NULL, NULL } };
static const vocabulary_shift shifts[] = { SHIFTS(SHIFT_ROW){ NULL, 0, NULL } };

static void set(float s, float *y)
{
    EACH v_store(y + i, v_set(s));
}

static void from_int(const int32_t *a, float *y)
{
    EACH v_store(y + i, v_from_int(load_int(a + i)));
}

static void set_int(int32_t s, int32_t *y)
{
    EACH store_int(y + i, i_set(s));
}

static void select_float(const float *x, const float *y, const float *a, const float *b, float *out)
{
    EACH v_store(out + i, v_sel(v_lt(v_load(x + i), v_load(y + i)), v_load(a + i), v_load(b + i)));
}

static void select_int(const int32_t *x, const int32_t *y, const int32_t *a, const int32_t *b, int32_t *out)
{
    EACH store_int(out + i, i_sel(i_gt(load_int(x + i), load_int(y + i)), load_int(a + i), load_int(b + i)));
}

static void masks(const float *x, const float *y, const float *u, const float *v, int32_t *both, int32_t *either,
                  int32_t *neither, int *any)
{
    *any = 0;
    EACH
    {
        vm a = v_lt(v_load(x + i), v_load(y + i)), b = v_lt(v_load(u + i), v_load(v + i));
        store_mask(both + i, m_and(a, b));
        store_mask(either + i, m_or(a, b));
        store_mask(neither + i, m_not(a));
        if (m_any(a))
            *any |= 1 << i / V_LANES;
    }
}

static void any_negative(const int32_t *a, int *any)
{
    *any = 0;
    EACH
    {
        if (i_any_negative(load_int(a + i)))
            *any |= 1 << i / V_LANES;
    }
}

static void mask_set(int truth, int32_t *y)
{
    EACH store_mask(y + i, m_set(truth));
}

static void load_partial(const float *p, size_t n, float *y)
{
    v_store(y, v_load_partial(p, n));
}

static void store_partial(float *p, size_t n, const float *a)
{
    v_store_partial(p, n, v_load(a));
}

static void gather4(const float *table, const int32_t *at, float *y)
{
    EACH
    {
        int32_t own[V_LANES];
        vf out[4];
        i_store(own, load_int(at + i));
        v_gather4(table, own, out);
        for (size_t k = 0; k < 4; k++)
            v_store(y + k * VOCABULARY_N + i, out[k]);
    }
}

static void stream(const float *a, float *y)
{
    EACH v_stream(y + i, v_load(a + i));
    v_stream_end();
}

/* Of 16 bits. */
static void copy_short(const uint16_t *a, uint16_t *y, uint16_t *streamed)
{
    EACH s_store(y + i, s_load(a + i));
    EACH s_stream(streamed + i, s_load(a + i));
    v_stream_end();
}

static void from_short(const uint16_t *a, int32_t *y)
{
    EACH store_int(y + i, i_from_short(s_load(a + i)));
}

static void upper(const int32_t *a, uint16_t *y, uint16_t *streamed)
{
    for (size_t i = 0; i < 2 * N; i += 2 * V_LANES) {
        s_store_upper(y + i, load_int(a + i), load_int(a + i + V_LANES));
        s_stream_upper(streamed + i, load_int(a + i), load_int(a + i + V_LANES));
    }
    v_stream_end();
}

static void from_float16(const uint16_t *a, float *y)
{
    EACH v_store(y + i, v_from_float16(s_load(a + i)));
}

static void to_float16(const float *a, uint16_t *y)
{
    EACH s_store(y + i, v_to_float16(v_load(a + i)));
}

static void lookup4(const float *table, const int32_t *index, float *y)
{
    EACH v_store(y + i, v_lookup4(table, load_int(index + i)));
}

static void lookup8(const float *table, const int32_t *index, float *y)
{
    EACH v_store(y + i, v_lookup8(table, load_int(index + i)));
}

static void lookup16(const float *table, const int32_t *index, float *y)
{
    EACH v_store(y + i, v_lookup16(table, load_int(index + i)));
}

static void lookup32(const float *table, const int32_t *index, float *y)
{
    EACH v_store(y + i, v_lookup32(table, load_int(index + i)));
}

static void transpose4(const float *const *rows, size_t at, float *columns)
{
    vf transposed[4];
    v_transpose4(rows, at, transposed);
    for (size_t i = 0; i < 4; i++)
        v_store(columns + i * V_LANES, transposed[i]);
}

static void accumulate(const float *a, const float *b, size_t count, double *sums)
{
    vacc acc = acc_zero();
    for (size_t i = 0; i < count; i++)
        acc = acc_fma(acc, v_load(a + i * V_LANES), v_load(b + i * V_LANES));
    acc_store(sums, acc);
    acc_store(sums, acc_load(sums));
}

static void wide(const float *a, double s, const float *c, float *y)
{
    EACH v_store(y + i, acc_round(acc_fma_wide(acc_of(v_load(c + i)), acc_of(v_load(a + i)), acc_set(s))));
}

static void wide_product(const float *a, const float *b, double s, double *y)
{
    EACH acc_store(y + i, acc_fma_wide(acc_set(s), acc_fma(acc_zero(), v_load(a + i), v_load(b + i)), acc_set(s)));
}

static void wide_chain(const float *a, const float *b, double s, double *y)
{
    EACH acc_store(y + i, acc_mul_add(acc_of(v_load(b + i)), acc_of(v_load(a + i)), acc_set(s)));
}

static void wide_quotient(const float *a, double s, double *y)
{
    EACH acc_store(y + i, acc_div(acc_set(s), acc_of(v_load(a + i))));
}

#define TEXT2(x) #x
#define TEXT(x) TEXT2(x)

extern const vocabulary V_TIER_NAME(test_vocabulary);

const vocabulary V_TIER_NAME(test_vocabulary) = {
    .tier = TEXT(ACTIV_TIER),
    .lanes = V_LANES,
    .ones = ones,
    .twos = twos,
    .threes = threes,
    .compares = compares,
    .ints = ints,
    .int_compares = int_compares,
    .shifts = shifts,
    .set = set,
    .from_int = from_int,
    .set_int = set_int,
    .select = select_float,
    .select_int = select_int,
    .masks = masks,
    .any_negative = any_negative,
    .mask_set = mask_set,
    .load_partial = load_partial,
    .store_partial = store_partial,
    .stream = stream,
    .copy_short = copy_short,
    .from_short = from_short,
    .upper = upper,
    .from_float16 = from_float16,
    .to_float16 = to_float16,
    .lookup4 = lookup4,
    .lookup8 = lookup8,
    .lookup16 = lookup16,
    .gather4 = gather4,
    .lookup32 = lookup32,
    .transpose4 = transpose4,
    .accumulate = accumulate,
    .wide = wide,
    .wide_product = wide_product,
    .wide_chain = wide_chain,
    .wide_quotient = wide_quotient,
};
