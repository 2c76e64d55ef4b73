/* float16 and bfloat16 to float32 and back. */

V_INLINE vf v_widen(const int is_brain, vs s)
{
    return is_brain ? v_float_of(i_shl(i_from_short(s), 16)) : v_from_float16(s);
}

/* Two vectors of float32 are one of bfloat16. */
#define V_PAIR (2 * (size_t)V_LANES)

/* By whole numbers: VCVTNEPS2BF16 flushes subnormal numbers. The upper half is the result. */
V_INLINE vi v_round_brain(vf a)
{
    const vi bits = v_bits(a), odd = i_and(i_shr(bits, 16), i_set(1));
    return i_add(i_add(bits, i_set(0x7fff)), odd);
}

/* NaN that rounding might have made something else; quiet. */
V_INLINE vi v_keep_brain_nan(vf a, vi rounded)
{
    return i_sel(v_nan(a), i_or(v_bits(a), i_set(0x400000)), rounded);
}

V_INLINE void narrow_pair(const int is_brain, const int stream, const float *x, uint16_t *y)
{
    const vf a = v_load(x), b = v_load(x + V_LANES);
    if (!is_brain && stream) {
        s_stream(y, v_to_float16(a));
        s_stream(y + V_LANES, v_to_float16(b));
    } else if (!is_brain) {
        s_store(y, v_to_float16(a));
        s_store(y + V_LANES, v_to_float16(b));
    } else {
        vi c = v_round_brain(a), d = v_round_brain(b);
        if (!V_LIKELY(!m_any(v_unordered(a, b)))) {
            c = v_keep_brain_nan(a, c);
            d = v_keep_brain_nan(b, d);
        }
        if (stream)
            s_stream_upper(y, c, d);
        else
            s_store_upper(y, c, d);
    }
}

/* What there is after the last pair. */
static V_ONCE V_SMALL void narrow_rest(int is_brain, size_t n, const float *x, uint16_t *y)
{
    float values[2 * V_LANES] = { 0.0f };
    uint16_t last[2 * V_LANES];
    memcpy(values, x, n * sizeof *x);
    if (is_brain)
        narrow_pair(1, 0, values, last);
    else
        narrow_pair(0, 0, values, last);
    memcpy(y, last, n * sizeof *y);
}

V_INLINE void widen_all(const int is_brain, size_t n, const uint16_t *x, float *y)
{
    size_t i = 0;
    for (; n - i >= 2 * V_LANES; i += 2 * V_LANES) {
        const vs a = s_load(x + i), b = s_load(x + i + V_LANES);
        v_store(y + i, v_widen(is_brain, a));
        v_store(y + i + V_LANES, v_widen(is_brain, b));
    }
    for (; i < n; i += V_LANES) {
        const size_t lanes = v_active_lanes(n - i, 0);
        uint16_t last[V_LANES] = { 0 };
        memcpy(last, x + i, lanes * sizeof *x);
        v_store_lanes(y + i, lanes, v_widen(is_brain, s_load(last)));
    }
}

V_INLINE void narrow_all(const int is_brain, const int stream, size_t n, const float *x, uint16_t *y)
{
    size_t i = 0;
    for (; n - i >= V_PAIR; i += V_PAIR)
        narrow_pair(is_brain, stream, x + i, y + i);
    if (i < n)
        narrow_rest(is_brain, n - i, x + i, y + i);
}

static void widen(activ_dtype dtype, size_t n, const uint16_t *x, float *y)
{
    if (dtype == ACTIV_BFLOAT16)
        widen_all(1, n, x, y);
    else
        widen_all(0, n, x, y);
}

static void narrow(activ_dtype dtype, int stream, size_t n, const float *x, uint16_t *y)
{
    const int streams = stream && V_LANES > 4; /* others store */
    if (dtype == ACTIV_BFLOAT16 && streams)
        narrow_all(1, 1, n, x, y);
    else if (dtype == ACTIV_BFLOAT16)
        narrow_all(1, 0, n, x, y);
    else if (streams)
        narrow_all(0, 1, n, x, y);
    else
        narrow_all(0, 0, n, x, y);
    if (stream && n == 0)
        v_stream_end();
}
