/* What the activation functions should give, computed from their definitions with MPFR.
 *
 * The formulas here are the textbook ones, at 200 bits, without the tricks that float32 needs. Results are doubles,
 * which hold a float32 reference with 29 bits to spare. */
#ifndef FUNCTIONS_REFERENCE_H
#define FUNCTIONS_REFERENCE_H

#include <stddef.h>

#include "reference/reference.h"

typedef struct reference_value {
    double f;
    double d;          /* f' */
    double addends;    /* the sum of the sizes of the addends of f' where these can cancel, else 0 */
    double f_absolute; /* for a series: the error allowed in f and f', whatever their size; else 0 */
    double d_absolute;
    double *gradient;          /* df/dparameter: the caller's room for all of them */
    double *gradient_absolute; /* the error allowed there */
} reference_value;

/* The gradient is written for trainable functions only. */
typedef void reference_function(const ref_args *a, float x, reference_value *out);

typedef struct reference {
    const char *name;
    reference_function *evaluate;
} reference;

/* One entry for each function of the library, in the library's order. */
extern const reference references[];
extern const size_t reference_count;

/* NULL if there is none of that name. */
const reference *reference_of(const char *name);

/* Before the first and after the last evaluation. */
void reference_begin(void);
void reference_end(void);

#endif
