/* A matrix product in doubles, for what is computed once. */

/* Tiles of four rows by V_LANES columns: eight accumulators, four on the scalar tier. Compiled for size: the inner loop
 * is no slower. */
static V_COLD void wide_rows(size_t n, size_t k, double *const a[4], const double *b, size_t b_stride,
                             double *const c[4])
{
    for (size_t j = 0; j < n; j += V_LANES) {
        vacc acc0 = acc_load(c[0] + j), acc1 = acc_load(c[1] + j), acc2 = acc_load(c[2] + j), acc3 = acc_load(c[3] + j);
        const double *row = b + j;
        for (size_t p = 0; p < k; p++) {
            const vacc values = acc_load(row);
            acc0 = acc_mul_add(acc0, acc_set(a[0][p]), values);
            acc1 = acc_mul_add(acc1, acc_set(a[1][p]), values);
            acc2 = acc_mul_add(acc2, acc_set(a[2][p]), values);
            acc3 = acc_mul_add(acc3, acc_set(a[3][p]), values);
            row += b_stride;
        }
        acc_store(c[0] + j, acc0);
        acc_store(c[1] + j, acc1);
        acc_store(c[2] + j, acc2);
        acc_store(c[3] + j, acc3);
    }
}
