/* How long a function takes on its own. */
#ifndef EXAMPLES_TIMING_H
#define EXAMPLES_TIMING_H

#include <activ/activ.h>

/* Nanoseconds per element on one thread, in cache: f, and dy f' together with its parameters' gradients, of 16384
 * normally distributed values; the best of several times. spec "none": 0. */
activ_status time_function(const char *spec, double *forward, double *backward, activ_message *message);

#endif
