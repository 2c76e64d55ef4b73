/* The float32 numbers on which the functions are judged: some of every binade, many where functions bend,
 * cancel, underflow or overflow. */
#ifndef FUNCTIONS_SAMPLES_H
#define FUNCTIONS_SAMPLES_H

#include <stddef.h>

#include "functions/reference.h"

/* All finite numbers of the sample for one case, and NaN and the infinities; *count is their number. thin = 1
 * takes all, thin = k every k-th of those that lie in regular order (never of the special ones). The caller
 * frees the array; NULL if there is no memory. */
float *samples_create(const reference_case *of, size_t thin, size_t *count);

/* The settings or parameters of a case, at most REFERENCE_MAX_PARAMS, and their number. What the case does not
 * give (staf's parameters) is the initial ones of a seed. */
size_t case_values(const reference_case *of, float *values);

#endif
