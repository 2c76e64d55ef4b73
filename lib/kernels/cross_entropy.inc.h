/* Softmax cross-entropy, row by row. */

/* Loss of a row: ln(sum of e^(x_j - m)) - (x_label - m), m the largest x. The sum is reduced in sixteen partial sums in
 * double; exponentials are computed twice rather than stored. NaN in a row gives NaN. */
static double cross_entropy_row(size_t columns, const float *x, int32_t label, float scale, float *dx)
{
    float largest = x[0];
    for (size_t j = 1; j < columns; j++)
        largest = x[j] > largest || x[j] != x[j] ? x[j] : largest;
    const vf m = v_set(largest), bound = v_set(-150.0f), zero = v_set(0.0f), one = v_set(1.0f);
    vsum sum = v_sum_zero();
    for (size_t i = 0; i < columns; i += V_BLOCK) {
        for (size_t j = 0; j < V_PER_BLOCK; j++) {
            size_t lanes = v_active_lanes(columns - i, j), at = i + j * V_LANES;
            if (lanes == 0)
                break;
            vexp e = v_exp(v_max(bound, v_sub(v_load_lanes(x + at, lanes), m)), zero);
            float terms[V_LANES];
            v_store(terms, v_scale(v_add(e.h, e.l), e.n));
            for (size_t k = lanes; k < V_LANES; k++)
                terms[k] = 0.0f;
            sum.acc[j] = acc_fma(sum.acc[j], v_load(terms), one);
        }
    }
    double total = v_sum_total(sum);
    if (dx) {
        /* One division per row. */
        vf inverse = v_set((float)((double)1.0 / total));
        for (size_t i = 0; i < columns; i += V_LANES) {
            size_t lanes = v_active_lanes(columns - i, 0);
            vexp e = v_exp(v_max(bound, v_sub(v_load_lanes(x + i, lanes), m)), zero);
            vf p = v_mul(v_scale(v_add(e.h, e.l), e.n), inverse);
            v_store_lanes(dx + i, lanes, v_mul(p, v_set(scale)));
        }
        /* The label's p - 1, as minus the sum of the others: p is near 1 in a trained network, and p - 1 would cancel.
         */
        double others = 0.0;
        for (size_t j = 0; j < columns; j++)
            if (j != (size_t)label)
                others += (double)dx[j];
        dx[label] = total == total ? (float)-others : (float)total;
    }
    if (total != total)
        return total;
    return activ_log(total) - ((double)x[label] - (double)largest);
}

static void cross_entropy(size_t rows, size_t columns, const float *x, const int32_t *labels, float scale,
                          double *loss_sum, float *dx)
{
    double sum = 0.0;
    for (size_t i = 0; i < rows; i++)
        sum += cross_entropy_row(columns, x + i * columns, labels[i], scale, dx ? dx + i * columns : NULL);
    *loss_sum = sum;
}
