/* A race, as bench_compare and bench_rows run it: libactiv first, memcpy last, others between them, on the same arrays,
 * in one thread.
 *
 * In each round every contender has one turn of about 100 us, in an order that moves on from round to round, so that a
 * change of clock rate or a noisy neighbour affects all of them. A figure is the median over the rounds; so is a ratio,
 * which is taken within each round. */
#ifndef ACTIV_BENCH_RACE_H
#define ACTIV_BENCH_RACE_H

#include <stdio.h>

#include "peers.h"

enum { OURS = 0, MOST_CONTENDERS = 6, MAX_ROUNDS = 1001 };

/* Repeated measurements differ by about this much. */
static const double NOISE = 0.03;

extern const char *const race_directions[2]; /* "forward", "backward" */

/* libactiv, on arrays or, where they have columns, on rows; and memcpy. */
extern const bench_peer bench_ours, bench_copy;

typedef struct race {
    const char *program;                 /* in messages */
    const bench_peer *const *contenders; /* &bench_ours, ..., &bench_copy */
    int count;
    double nearly_zero; /* results may differ by a thousandth of themselves and of this */
    const char *cap;    /* no library uses more than this tier; or NULL */
} race;

typedef struct race_result {
    int has[MOST_CONTENDERS], from_y[MOST_CONTENDERS];
    double ns[MOST_CONTENDERS];    /* per element */
    double ratio[MOST_CONTENDERS]; /* its time divided by ours */
    char how[MOST_CONTENDERS][96];
} race_result;

/* Arrays for n elements, x and dy full of numbers, each 16 bytes past a cache line. Their memory, for free(),
 * or NULL. */
float *race_arrays(size_t n, size_t columns, bench_arrays *arrays);

/* The first `checked` results of all have to be ours; `expected` has room for them. 0 after a message. */
int race_run(const race *race, const char *function, int direction, const bench_arrays *arrays, float *expected,
             size_t checked, int rounds, race_result *result);

/* Sets one thread, the cap's ceilings, and malloc to keep its memory; then prints the contenders. Variables that
 * libraries read while they are loaded are set in the environment, and the program restarts. 0 after a message. */
int race_start(const race *race, char **argv);

/* The header of the columns of figures, and the figures, without a newline. */
void race_print_names(const race *race);
void race_print_figures(const race *race, const race_result *result);

/* JSON: what comes before the results, a result's contenders, and a string. */
void race_write_head(const race *race, FILE *file);
void race_write_result(const race *race, FILE *file, const race_result *result);
void race_write_string(FILE *file, const char *text);

/* Arguments: a message, and 0. */
int race_bad(const race *race, const char *option, const char *value);

#endif
