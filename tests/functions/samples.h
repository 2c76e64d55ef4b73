/* The float32 inputs of the accuracy tests: some of every binade, many near kinks, cancellation, underflow and
 * overflow. */
#ifndef FUNCTIONS_SAMPLES_H
#define FUNCTIONS_SAMPLES_H

#include <stddef.h>

#include "reference/reference.h"

/* All finite numbers of the sample for one function, and NaN and the infinities; *count is their number. thin = 1 takes
 * all, thin = k every k-th of those that lie in regular order (never of the special ones). The caller frees the array;
 * NULL if there is no memory. */
float *samples_create(const ref_function *of, size_t thin, size_t *count);

#endif
