/* How far float32 results are from their references: one tally for each function and direction.
 *
 * One ulp of a value v is 2^(floor(log2 |v|) - 23), but not less than 2^-149, the distance of the
 * subnormal numbers. Where the addends of a derivative cancel to less than half of their sizes, ulp are
 * those of the addends; a series is counted in the units that its reference gives. */
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
    uint64_t rounded; /* results that are the reference, rounded */
    double worst;     /* the largest error, and where */
    float worst_x, worst_got;
    double worst_want;
    /* NaN or infinity where there is a number, a number where the true value is beyond all of them: how
     * often, and where first. These have no part in `worst`. */
    uint64_t broken;
    float broken_x, broken_got;
    double broken_want;
    /* -infinity, infinity, NaN as inputs: how often, how often the result is not the limit (NaN if there is
     * none), and the last such result. */
    uint64_t special[TALLY_SPECIALS], special_wrong[TALLY_SPECIALS];
    float special_got[TALLY_SPECIALS];
} tally;

enum { TALLY_FORWARD, TALLY_DERIVATIVE };

/* Adds a block: n <= REF_BLOCK inputs, what a function made of them, and what it should have. */
void tally_block(tally *t, int direction, const ref_entry *entry, const ref_values *want, size_t n, const float *x,
                 const float *got);

/* Adds one tally to another. Of equal errors the one at the number of smaller size stays, so that the order
 * of merging does not matter. */
void tally_merge(tally *into, const tally *from);

/* Is all within `bound`, infinities and NaN as they should be? */
int tally_holds(const tally *t, double bound);

/* The share of results that are the reference rounded, in percent; rounded down, so that 100 means all. */
double tally_share(const tally *t);

/* An error as text: rounded up, so that what looks like a bound is within it. */
void tally_write_ulp(char *text, size_t size, double ulp);

/* The members of a JSON object that are about the results, without its braces. */
void tally_print_json(FILE *out, const tally *t);

#ifdef __cplusplus
}
#endif

#endif
