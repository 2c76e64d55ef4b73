/* What the row-wise functions should give for a row, computed from their definitions with MPFR at 200 bits: see
 * reference.h. */
#ifndef FUNCTIONS_REFERENCE_ROWS_H
#define FUNCTIONS_REFERENCE_ROWS_H

#include <stddef.h>

typedef void reference_row_forward(size_t columns, const float *x, double *y);

/* scale: for each dx the size in whose ulp its error counts. */
typedef void reference_row_backward(size_t columns, const float *x, const float *dy, double *dx, double *scale);

typedef struct reference_rowwise {
    const char *name;
    reference_row_forward *forward;
    reference_row_backward *backward;
} reference_rowwise;

/* One entry for each row-wise function of the library, in the library's order. */
extern const reference_rowwise references_rowwise[];
extern const size_t reference_rowwise_count;

/* Before the first and after the last evaluation; rows of up to most_columns. 0 on success. */
int reference_rows_begin(size_t most_columns);
void reference_rows_end(void);

#endif
