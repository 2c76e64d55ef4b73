/* What the activation functions should give, computed from their definitions with MPFR.
 *
 * The formulas here are the textbook ones, at 200 bits, where the tricks that float32 needs
 * would only hide mistakes. Results come back as doubles, which hold a float32 reference with
 * 29 bits to spare. */
#ifndef FUNCTIONS_REFERENCE_H
#define FUNCTIONS_REFERENCE_H

#include <stddef.h>

enum { REFERENCE_MAX_PARAMS = 3 * 64 };

typedef struct reference_value {
    double f;
    double d;            /* f' */
    double addends;      /* the sum of the sizes of the addends of f' where these can cancel, else 0 */
    double f_absolute;   /* for a series: the error allowed in f and f', whatever their size; else 0 */
    double d_absolute;
    double gradient[REFERENCE_MAX_PARAMS];           /* df/dparameter */
    double gradient_absolute[REFERENCE_MAX_PARAMS];  /* the error allowed there */
} reference_value;

/* One way to call a function: its spec, and the values of its settings (or parameters) as the spec gives
 * them, in the order of the signature. staf's parameters are drawn, so they are the test's to fill in. */
typedef struct reference_case {
    const char *spec;
    size_t count;
    float values[2];
} reference_case;

/* `values`: settings or parameters, `count` of them. The gradient is written for trainable functions only. */
typedef void reference_function(const float *values, size_t count, float x, reference_value *out);

typedef struct reference {
    const char *name;
    reference_function *evaluate;
    const reference_case *cases;   /* the first has the defaults */
    size_t case_count;
} reference;

/* One entry for each function of the library, in the library's order. */
extern const reference references[];
extern const size_t reference_count;

/* Before the first and after the last evaluation. */
void reference_begin(void);
void reference_end(void);

#endif
