/* The true values of the activation functions, in double, and what else is known of each: the reference for `activ
 * accuracy` and the tests.
 *
 * The formulas of the definitions, computed in double by program.c on libm's exp, expm1, log1p, erfc, ...; where those
 * are not accurate or fast enough, textbook formulas in a stable form, written by hand. A correctly rounded float32
 * result has a relative error of up to 2^-25; the values here are good to 2^-43, or below float32's normal numbers to
 * 2^-12 of its smallest one. tests/functions/test_reference.c checks them against MPFR.
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

/* The arguments of a formula: the settings in the order of the signature, as the float32 numbers that kernels compute
 * with (a word: its index), trainable ones included; and all trainable values, one vector after the other. Functions
 * with values per channel read them from the settings. */
typedef struct ref_args {
    const double *values, *params;
    size_t param_count;
    const struct ref_function *functions; /* that it is composed of; their parameters are the last of all */
    size_t function_count;
} ref_args;

/* f(x) and f'(x). */
typedef struct ref_value {
    double f, d;
    double addends; /* where f' is a sum that may cancel: the sum of the sizes of its addends; else 0 */
    /* Of a series: the units of errors of f and f', the ulp of the sum of the terms' sizes plus half of what one
     * rounding of each argument costs. */
    double f_unit, d_unit;
} ref_value;

/* The same for a block of inputs. Only series and formulas write the units. */
typedef struct ref_values {
    double f[REF_BLOCK], d[REF_BLOCK], addends[REF_BLOCK], f_unit[REF_BLOCK], d_unit[REF_BLOCK];
    /* Of a formula: what f and f' may be off by, in double. */
    double f_error[REF_BLOCK], d_error[REF_BLOCK];
} ref_values;

/* A value that the definition fixes: at a kink, at 0, at infinity. It has to be exact if it is a float32, to an ulp
 * otherwise; overflow means infinity. */
typedef struct ref_point {
    const char *spec;
    double x, f, d;
} ref_point;

/* A function's reference. */
typedef struct ref_entry {
    const char *name;
    /* By hand; NULL: by the function's formula (program.h). */
    ref_value (*at)(const ref_args *a, double x);
    void (*block)(const ref_args *a, size_t n, const float *x, ref_values *out);
    int series;     /* a sum of terms, whose errors are counted in the units of ref_value */
    int is_formula; /* one of the user's, of which nothing is known: values have bounds, and units as those of series */
    /* Kinks, roots of f', and where tails become subnormal or vanish; taken with both signs, ended by 0. Those of
     * float32 and of the exponential are general and need not be listed. */
    const double *landmarks;
    /* If settings scale x: the x that they map to 1. Landmarks, settings and samples are also tried in this unit.
     * NULL: 1. */
    double (*unit)(const ref_args *a);
    const char *const *specs; /* settings to try beside the default, ended by NULL; or NULL */
    const ref_point *points;  /* ended by one without a spec; of functions that are no series, 0 and both infinities */
} ref_entry;

/* The entries by index; NULL past the last. */
const ref_entry *ref_entry_at(size_t index);

/* The function of that name; NULL if it has no entry. Formulas and derivatives, whose names are "formula" and
 * "derivative", have one that is none of those by index. */
const ref_entry *ref_find(const char *name);

/* Specs to try: number 0 is the name alone. NULL past the last. */
const char *ref_spec(const ref_entry *entry, size_t index);

/* A function with its settings and parameters. */
typedef struct ref_function {
    const ref_entry *entry;
    const activ_fn *fn;
    ref_args args;
    double *values, *params; /* allocated */
    struct ref_function *functions;
    struct ref_program *program; /* of the formula; NULL: the entry has the values by hand */
    double *program_params;      /* trainable settings, then the others */
} ref_function;

/* Opens the reference of `fn`, of a formula too, which has to outlive it. params: as activ_forward takes them, NULL for
 * the initial ones. 0, or -1 if there is none or out of memory. To be closed if opened. */
int ref_open(ref_function *ref, const activ_fn *fn, const float *params);
void ref_close(ref_function *ref);

/* Sets all parameters, not rounded to float32; with parameters per channel, those of this channel. */
void ref_set_params(ref_function *ref, const double *params, size_t channel);

/* At one x, which need not be a float32. */
ref_value ref_at(const ref_function *ref, double x);

/* At n <= REF_BLOCK inputs, infinities and NaN included. Fast if neighbours in x are close to each other.
 *
 * At an infinity a function of the catalog has the limit; a formula what its text says, which may be NaN. */
void ref_evaluate(const ref_function *ref, size_t n, const float *x, ref_values *out);

/* How many operations the formula has, derivatives included; 0 of one by hand. */
size_t ref_operations(const ref_function *ref);

/* The landmarks, with both signs, finite, without duplicates: the general ones, the function's, its settings; of a
 * formula the numbers in it, and its parameters. Returns
 * their number, at most REF_MAX_LANDMARKS. */
size_t ref_landmarks(const ref_function *ref, float *out);

#ifdef __cplusplus
}
#endif

#endif
