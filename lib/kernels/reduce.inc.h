/* Reductions over arrays, in an order that does not depend on the tier. */

/* One chain per column, in the order of the rows. */
static void column_sums(size_t rows, size_t columns, const float *x, size_t x_row_stride, float *sums)
{
    for (size_t j = 0; j < columns; j += V_LANES) {
        size_t lanes = v_active_lanes(columns - j, 0);
        vf sum = v_set(0.0f);
        for (size_t i = 0; i < rows; i++)
            sum = v_add(sum, v_load_lanes(x + i * x_row_stride + j, lanes));
        v_store_lanes(sums + j, lanes, sum);
    }
}

/* d = x - t; its squares in sixteen partial sums. */
static void squared_error(size_t n, const float *x, const float *t, float scale, double *loss_sum, float *dx)
{
    vsum sum = v_sum_zero();
    for (size_t i = 0; i < n; i += V_BLOCK) {
        for (size_t j = 0; j < V_PER_BLOCK; j++) {
            size_t lanes = v_active_lanes(n - i, j), at = i + j * V_LANES;
            if (lanes == 0)
                break;
            vf d = v_sub(v_load_lanes(x + at, lanes), v_load_lanes(t + at, lanes));
            sum.acc[j] = acc_fma(sum.acc[j], d, d);
            if (dx)
                v_store_lanes(dx + at, lanes, v_mul(d, v_set(scale)));
        }
    }
    *loss_sum = v_sum_total(sum);
}

/* In sixteen partial sums. */
static double sum_of_squares(size_t n, const float *x)
{
    vsum sum = v_sum_zero();
    for (size_t i = 0; i < n; i += V_BLOCK) {
        for (size_t j = 0; j < V_PER_BLOCK; j++) {
            size_t lanes = v_active_lanes(n - i, j);
            if (lanes == 0)
                break;
            vf v = v_load_lanes(x + i + j * V_LANES, lanes);
            sum.acc[j] = acc_fma(sum.acc[j], v, v);
        }
    }
    return v_sum_total(sum);
}
