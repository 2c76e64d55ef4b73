/* What the activation functions should give, in double: the yardstick of `activ accuracy`.
 *
 * Textbook formulas in the form that is stable, on libm's exp, log1p, erfc, sin and cos. A float32
 * result that is exact to half an ulp has a relative error of 2^-25; the values here are good to 2^-43,
 * or where they are smaller than float32's normal numbers to 2^-12 of its smallest one.
 * tests/functions/test_reference.c holds them to that against MPFR. Nothing but libm is needed.
 *
 * Adding a function: write NAME_at() and its line in the table at the end of reference.c. */
#ifndef ACTIV_REFERENCE_H
#define ACTIV_REFERENCE_H

#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

enum { REF_BLOCK = 4096, REF_MAX_PIECES = 5 };

/* What the references of a block of inputs are. */
typedef struct ref_values {
    double f[REF_BLOCK];
    double d[REF_BLOCK];         /* f' */
    /* Where f' may cancel (ref_function.cancels): the sum of the sizes of its addends. */
    double addends[REF_BLOCK];
    /* For a series of terms (ref_function.series): the units in which errors of f and f' are counted,
     * the ulp of the sum of the terms' sizes plus half of what one rounding of each argument costs. */
    double f_unit[REF_BLOCK];
    double d_unit[REF_BLOCK];
} ref_values;

typedef struct ref_function ref_function;

typedef void ref_evaluator(const ref_function *fn, size_t n, const float *x, size_t at, ref_values *out);

/* Part of the line on which one formula serves: from the piece before it up to, not including, `below`;
 * the last goes to infinity. */
typedef struct ref_piece {
    float below;
    ref_evaluator *evaluate;
} ref_piece;

/* A function with its settings. */
struct ref_function {
    const char *name;
    const float *values;
    size_t count;
    int cancels, series;
    ref_piece pieces[REF_MAX_PIECES];
};

/* The function `name` with its settings, or its parameters if it is trainable, in the order of its
 * signature; `values` has to live as long as *fn. -1 if there is no reference for that, else 0. */
int ref_open(ref_function *fn, const char *name, const float *values, size_t count);

/* References for n <= REF_BLOCK inputs, infinities and NaN included. Fast if neighbours in x are close
 * to each other. */
void ref_evaluate(const ref_function *fn, size_t n, const float *x, ref_values *out);

#ifdef __cplusplus
}
#endif

#endif
