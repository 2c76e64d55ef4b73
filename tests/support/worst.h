/* The largest error of many, in units of what is allowed, and where it is; what is beyond is printed, the first few. */
#ifndef SUPPORT_WORST_H
#define SUPPORT_WORST_H

#include <stddef.h>

typedef struct worst {
    double error; /* in what is allowed */
    double x;
    size_t failures;
} worst;

/* Compares `what` of `spec` at x with what it has to be; a NaN has to be a NaN. */
void judge(worst *w, const char *what, const char *spec, double x, double got, double want, double allowed);

#endif
