/* The largest errors of the contenders of a race, in ULP (tally.h), on a sample of all float32 numbers: in the normal
 * range, which is 2^-100 <= |x| <= 4, where the values of the functions here are ordinary float32 numbers; and in
 * the tails, which are all other finite x, those near 0 included. Derivatives are measured with dy = 1; where one is
 * made from y, y is what the same contender's forward kernel gave. */
#ifndef ACTIV_BENCH_ERRORS_H
#define ACTIV_BENCH_ERRORS_H

#include <stdio.h>

#include "peers.h"
#include "tally.h"

enum { ERRORS_NORMAL, ERRORS_TAIL, ERRORS_RANGES };

extern const char *const errors_ranges[ERRORS_RANGES]; /* "normal", "tail" */

typedef struct peer_errors {
    int has[2]; /* by direction */
    tally sum[2][ERRORS_RANGES];
} peer_errors;

/* Of `count` contenders. 0 after a message. */
int errors_measure(const char *function, const bench_peer *const *contenders, int count, peer_errors *errors);

/* "0.50 / >1e6": both ranges. NaN, or infinity, if there are results of that kind where there should be none. */
void errors_write_text(char *text, size_t size, const peer_errors *errors, int direction);

/* The members of a JSON object, without its braces: a tally for each range. */
void errors_write_json(FILE *file, const peer_errors *errors, int direction);

#endif
