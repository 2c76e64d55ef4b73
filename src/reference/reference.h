/* What the activation functions should give, in double, and what else is known of each of them: the yardstick of
 * `activ accuracy` and of the tests.
 *
 * Textbook formulas in the form that is stable, on libm's exp, expm1, log1p, erfc, sin and cos. A float32
 * result that is exact to half an ulp has a relative error of 2^-25; the values here are good to 2^-43,
 * or where they are smaller than float32's normal numbers to 2^-12 of its smallest one.
 * tests/functions/test_reference.c holds them to that against MPFR.
 *
 * Adding a function: write its entry, in the file of its family (entry.h says how). */
#ifndef ACTIV_REFERENCE_H
#define ACTIV_REFERENCE_H

#include <stddef.h>

#include <activ/fn.h>

#ifdef __cplusplus
extern "C" {
#endif

enum { REF_BLOCK = 4096, REF_MAX_LANDMARKS = 512 };

/* What a formula is given: the settings in the order of the signature, as the float32 numbers that kernels
 * compute with (a word: its index), trainable ones in their places; and all trainable values, one vector after
 * the other. Functions whose channels may have values of their own read them from the settings. */
typedef struct ref_args {
    const double *values, *params;
    size_t param_count;
} ref_args;

/* f(x) and f'(x). */
typedef struct ref_value {
    double f, d;
    double addends; /* where f' is a sum that may cancel: the sum of the sizes of its addends; else 0 */
    /* Of a series of terms: the units in which errors of f and f' are counted, the ulp of the sum of the terms'
     * sizes plus half of what one rounding of each argument costs. */
    double f_unit, d_unit;
} ref_value;

/* The same of a block of inputs. The units are written for series only. */
typedef struct ref_values {
    double f[REF_BLOCK], d[REF_BLOCK], addends[REF_BLOCK], f_unit[REF_BLOCK], d_unit[REF_BLOCK];
} ref_values;

/* A value that the definition fixes: at a kink, at 0, at infinity. Numbers that float32 has are met exactly,
 * others to an ulp; those beyond it as infinity. */
typedef struct ref_point {
    const char *spec;
    double x, f, d;
} ref_point;

/* What is known of a function beside its kernel. */
typedef struct ref_entry {
    const char *name;
    ref_value (*at)(const ref_args *a, double x);
    void (*block)(const ref_args *a, size_t n, const float *x, ref_values *out);
    int series; /* a sum of terms, whose errors are counted in the units of ref_value */
    /* Where it bends, has a root of f', where its tails become subnormal or vanish; taken with both signs. Ended by
     * 0, which, as other places that float32 and the exponential have, need not be said. */
    const double *landmarks;
    /* If its settings stretch x: the x on which they put 1. Landmarks, settings and samples are tried in this
     * measure, too. NULL: 1. */
    double (*unit)(const ref_args *a);
    const char *const *specs; /* settings to try beside the default, ended by NULL; or NULL */
    const ref_point *points;  /* ended by one without a spec; of functions that are no series, 0 and both infinities */
} ref_entry;

/* All entries in turn; NULL past the last. */
const ref_entry *ref_entry_at(size_t index);

/* The function of that name; NULL if it has no entry. */
const ref_entry *ref_find(const char *name);

/* Specs to try: number 0 is the name alone. NULL past the last. */
const char *ref_spec(const ref_entry *entry, size_t index);

/* A function with its settings and parameters. */
typedef struct ref_function {
    const ref_entry *entry;
    const activ_fn *fn;
    ref_args args;
    double *values, *params; /* its own */
} ref_function;

/* The reference of `fn`, which has to live as long. params: as activ_forward takes them, NULL for the initial ones.
 * -1 if there is none or no memory, else 0. To be closed if opened. */
int ref_open(ref_function *ref, const activ_fn *fn, const float *params);
void ref_close(ref_function *ref);

/* Other parameters, all of them, not rounded to float32; where channels have their own, those of this one. */
void ref_set_params(ref_function *ref, const double *params, size_t channel);

/* At one x, which need not be a float32. */
ref_value ref_at(const ref_function *ref, double x);

/* At n <= REF_BLOCK inputs, infinities and NaN included. Fast if neighbours in x are close to each other. */
void ref_evaluate(const ref_function *ref, size_t n, const float *x, ref_values *out);

/* The places worth a look, of both signs, finite and each once: the general ones, the function's, its settings.
 * At most REF_MAX_LANDMARKS; their number. */
size_t ref_landmarks(const ref_function *ref, float *out);

#ifdef __cplusplus
}
#endif

#endif
