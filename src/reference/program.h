/* Formulas in double: the operations of a function (activ/expression.h), one after the other on blocks of inputs, and,
 * where it is asked for, how far the result may be from what the text says. */
#ifndef ACTIV_REFERENCE_PROGRAM_H
#define ACTIV_REFERENCE_PROGRAM_H

#include <stddef.h>

#include <activ/fn.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct ref_program ref_program;

/* f, f', the sizes of the addends of f' (0 where it is no sum), and, if they are asked for, the derivatives by the
 * parameters. */
enum { REF_ROOT_F, REF_ROOT_D, REF_ROOT_ADDENDS, REF_ROOT_GRADIENT };

/* NULL after a message. fn need not outlive it. */
ref_program *ref_program_create(const activ_fn *fn, int with_gradients, activ_message *message);
void ref_program_destroy(ref_program *program);

/* out[k], for each root: n values. params: one of each parameter, those of one channel. Any number of threads may run
 * one program. */
void ref_program_run(const ref_program *program, const double *params, size_t n, const double *x, double *const *out);

/* The same of f and f' (out[0], out[1]), with a bound of the error of each in double (error), infinite where there is
 * none; and with the size of its terms, whatever they cancel to (size), at least the value's own. Takes about three
 * times as long.
 *
 * The bound is a running one: what each operand is off by, through the operation's slope, and the operation's own
 * rounding. A comparison is undecided where float32 might decide the other way: then the bound has the difference of
 * both. */
void ref_program_run_bounded(const ref_program *program, const double *params, size_t n, const double *x,
                             double *const *out, double *const *error, double *const *size);

/* Terms this many times as large as what they add up to cancel. Not less: in stable forms of the catalog's functions,
 * which are written out here, there are sums like 2 + expm1(-2x), which is 1 in the end. */
#define REF_CANCELS 4.0

/* How many operations it has. */
size_t ref_program_count(const ref_program *program);

/* The numbers in the formula: its constants, as far as f has them. Returns how many, at most `room`. */
size_t ref_program_constants(const ref_program *program, double *out, size_t room);

#ifdef __cplusplus
}
#endif

#endif
