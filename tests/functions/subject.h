/* A function under test with both of its references. */
#ifndef FUNCTIONS_SUBJECT_H
#define FUNCTIONS_SUBJECT_H

#include <stdint.h>

#include "activ/fn.h"
#include "functions/reference.h"
#include "reference/reference.h"

typedef struct subject {
    const char *spec;
    activ_fn_info info;
    activ_fn *fn; /* on the best tier */
    size_t param_count;
    float *params;    /* the initial values of a seed */
    ref_function ref; /* in double */
    const reference *mpfr;
    reference_value value; /* has room for the gradients */
} subject;

/* A failed assertion if something is missing. */
void subject_open(subject *s, const char *spec, uint64_t seed);
void subject_close(subject *s);

/* What MPFR gives at x: s->value. */
const reference_value *subject_at(subject *s, float x);

#endif
