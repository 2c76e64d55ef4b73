/* float16 and bfloat16 to float32 and back. */

V_INLINE vf v_widen(const int is_brain, vs s)
{
    return is_brain ? v_float_of(i_shl(i_from_short(s), 16)) : v_from_float16(s);
}

/* By whole numbers: VCVTNEPS2BF16 flushes subnormal numbers. */
V_INLINE vs v_narrow(const int is_brain, vf a)
{
    if (!is_brain)
        return v_to_float16(a);
    const vi bits = v_bits(a), odd = i_and(i_shr(bits, 16), i_set(1));
    const vi nearest = i_add(i_add(bits, i_set(0x7fff)), odd), quiet = i_or(bits, i_set(0x400000));
    return s_from_int(i_shr(i_sel(v_nan(a), quiet, nearest), 16));
}

V_INLINE void widen_all(const int is_brain, size_t n, const uint16_t *x, float *y)
{
    size_t i = 0;
    for (; n - i >= V_LANES; i += V_LANES)
        v_store(y + i, v_widen(is_brain, s_load(x + i)));
    if (V_LANES > 1 && i < n) {
        uint16_t last[V_LANES] = { 0 };
        memcpy(last, x + i, (n - i) * sizeof *x);
        v_store_partial(y + i, n - i, v_widen(is_brain, s_load(last)));
    }
}

V_INLINE void narrow_all(const int is_brain, const int stream, size_t n, const float *x, uint16_t *y)
{
    size_t i = 0;
    for (; n - i >= V_LANES; i += V_LANES) {
        const vs value = v_narrow(is_brain, v_load(x + i));
        if (stream)
            s_stream(y + i, value);
        else
            s_store(y + i, value);
    }
    if (V_LANES > 1 && i < n) {
        uint16_t last[V_LANES];
        s_store(last, v_narrow(is_brain, v_load_partial(x + i, n - i)));
        memcpy(y + i, last, (n - i) * sizeof *y);
    }
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
    if (dtype == ACTIV_BFLOAT16 && stream)
        narrow_all(1, 1, n, x, y);
    else if (dtype == ACTIV_BFLOAT16)
        narrow_all(1, 0, n, x, y);
    else if (stream)
        narrow_all(0, 1, n, x, y);
    else
        narrow_all(0, 0, n, x, y);
    if (stream)
        v_stream_end();
}
