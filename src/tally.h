/* Errors of float32 results against their references: one tally for each function and direction.
 *
 * One ulp of a value v is 2^(floor(log2 |v|) - 23), but at least 2^-149, the spacing of subnormal numbers. If the
 * addends of a derivative cancel to less than half of their sizes, it is that of the addends; a series has the units
 * that its reference gives.
 *
 * Of a formula, which is computed in double as it is written, the reference knows how far off it may be itself. Where
 * that is more than 1/64 of a unit, nothing is judged. Its unit is an ulp of the value, or, where its terms cancel
 * (REF_CANCELS in reference/program.h), of the terms; what cancelling costs is counted beside it, in ulp of the value.
 * At an infinity nothing is judged either: the text may say infinity minus infinity. */
#ifndef ACTIV_TALLY_H
#define ACTIV_TALLY_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "reference/reference.h"

#ifdef __cplusplus
extern "C" {
#endif

enum { TALLY_MINUS_INFINITY, TALLY_INFINITY, TALLY_NAN, TALLY_SPECIALS };

typedef struct tally {
    /* Finite inputs. */
    uint64_t count;
    uint64_t rounded; /* correctly rounded results */
    double worst;     /* the largest error, and where */
    float worst_x, worst_got;
    double worst_want;
    /* NaN or infinity for a finite true value, or a finite result for a true value that overflows: how often, and the
     * first. Not counted in `worst`. */
    uint64_t broken;
    float broken_x, broken_got;
    double broken_want;
    /* Inputs -infinity, infinity, NaN: how often, how often the result is not the limit (NaN if there is none), and
     * the last such result. */
    uint64_t special[TALLY_SPECIALS], special_wrong[TALLY_SPECIALS];
    float special_got[TALLY_SPECIALS];
    /* Of formulas. Finite inputs that are not judged, which `count` has not, and the smallest of them. */
    uint64_t open;
    float open_x;
    /* Of those in `count`: where terms cancel, and the largest error there in ulp of the value, as far as that is
     * known. */
    uint64_t cancels;
    double cancels_worst;
    float cancels_x;
} tally;

enum { TALLY_FORWARD, TALLY_DERIVATIVE };

/* Adds a block: n <= REF_BLOCK inputs, a function's results, and the reference's. */
void tally_block(tally *t, int direction, const ref_entry *entry, const ref_values *want, size_t n, const float *x,
                 const float *got);

/* Adds one tally to another. Of equal errors the one at the smaller |x| stays, so that the order of merging does not
 * matter. */
void tally_merge(tally *into, const tally *from);

/* Is the worst error within `bound`, and are infinities and NaN right? */
int tally_holds(const tally *t, double bound);

/* The share of correctly rounded results in percent, rounded down, so that 100 means all. */
double tally_share(const tally *t);

/* An error as text, rounded up, so that what is shown within a bound is within it. */
void tally_write_ulp(char *text, size_t size, double ulp);

/* The results as members of a JSON object, without its braces. */
void tally_print_json(FILE *out, const tally *t);

#ifdef __cplusplus
}
#endif

#endif
