/* Exact order statistics of an array, in fixed memory. */
#ifndef ACTIV_ANALYSIS_SELECT_H
#define ACTIV_ANALYSIS_SELECT_H

#include <stddef.h>
#include <stdint.h>

/* Values counted by the upper and lower halves of their order (activ_order): 512 KiB. */
typedef struct activ_selection {
    uint64_t counts[65536];
} activ_selection;

/* The finite values of an array: how many, the least, the largest, and the quartiles, interpolated. */
typedef struct activ_quartiles {
    uint64_t count;
    double least, largest, first, third; /* if count is not 0 */
} activ_quartiles;

/* In the mode that rounds to nearest; room: anything. */
void activ_select_quartiles(size_t n, const float *x, activ_selection *room, activ_quartiles *quartiles);

#endif
