/* A matrix product in doubles, for what is computed once. */

/* Tiles of four rows by V_LANES columns: eight accumulators, or four on the scalar tier. A last tile of fewer rows repeats
 * its last one, which comes to the same values and stores them again. */
static void wide_product(size_t m, size_t n, size_t k, const double *a, size_t a_stride, const double *b,
                         size_t b_stride, double *c, size_t c_stride)
{
    for (size_t i = 0; i < m; i += 4) {
        const size_t r1 = i + 1 < m ? i + 1 : m - 1, r2 = i + 2 < m ? i + 2 : m - 1, r3 = i + 3 < m ? i + 3 : m - 1;
        const double *a0 = a + i * a_stride, *a1 = a + r1 * a_stride, *a2 = a + r2 * a_stride, *a3 = a + r3 * a_stride;
        for (size_t j = 0; j < n; j += V_LANES) {
            double *c0 = c + i * c_stride + j, *c1 = c + r1 * c_stride + j, *c2 = c + r2 * c_stride + j,
                   *c3 = c + r3 * c_stride + j;
            vacc acc0 = acc_load(c0), acc1 = acc_load(c1), acc2 = acc_load(c2), acc3 = acc_load(c3);
            for (size_t p = 0; p < k; p++) {
                vacc row = acc_load(b + p * b_stride + j);
                acc0 = acc_mul_add(acc0, acc_set(a0[p]), row);
                acc1 = acc_mul_add(acc1, acc_set(a1[p]), row);
                acc2 = acc_mul_add(acc2, acc_set(a2[p]), row);
                acc3 = acc_mul_add(acc3, acc_set(a3[p]), row);
            }
            acc_store(c0, acc0);
            acc_store(c1, acc1);
            acc_store(c2, acc2);
            acc_store(c3, acc3);
        }
    }
}
