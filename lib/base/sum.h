/* The shape of all sums over elements: sixteen partial sums in double, and one tree that adds them. */
#ifndef ACTIV_BASE_SUM_H
#define ACTIV_BASE_SUM_H

#include <stddef.h>

#define ACTIV_LANES 16

/* Lane i holds the elements i, i + 16, i + 32 ... */
typedef double activ_lanes[ACTIV_LANES];

static inline double activ_sum_tree(const double *lanes)
{
    double s[ACTIV_LANES / 2];
    for (size_t i = 0; i < 8; i++)
        s[i] = lanes[i] + lanes[i + 8];
    for (size_t i = 0; i < 4; i++)
        s[i] += s[i + 4];
    return (s[0] + s[2]) + (s[1] + s[3]);
}

#endif
