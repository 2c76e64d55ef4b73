/* What a function's file says about it, apart from its arithmetic. */
#ifndef ACTIV_FUNCTIONS_DEFINITION_H
#define ACTIV_FUNCTIONS_DEFINITION_H

#include <stddef.h>
#include <stdint.h>

#define ACTIV_MAX_VALUES 4

/* A value that the spec can set: a float32, a count (1, 2, 3 ...) or one of some words. */
typedef struct activ_fn_value {
    const char *name;
    float initial;             /* a word's: its index */
    int trainable;             /* the spec's value is then where training starts */
    int count;                 /* whole numbers from 1 to `most` only */
    float most;
    const char *const *words;  /* ended by NULL; the number is then an index into them */
} activ_fn_value;

typedef struct activ_fn_definition {
    const char *signature;
    const char *formula;
    const char *source;
    /* Settings and trainable values, in one order; ends at a NULL name. */
    activ_fn_value values[ACTIV_MAX_VALUES];

    /* Bounds of the error over all finite inputs, in units in the last place, as tests/functions
     * measures it; near a root of the derivative in units of the sum of its addends' magnitudes. */
    float forward_ulp, derivative_ulp;

    /* Optional: says what is wrong with a combination of settings, or NULL. */
    const char *(*check)(const float *values);

    /* For functions whose trainable parameters are vectors: length and name of vector number
     * `which`, 0 past the last; and their start. The kernels then get the parameters only, one
     * vector after the other. NULL: the trainable ones among `values` are the parameters. */
    size_t (*param_vector)(const float *values, int which, const char **name);
    void (*param_init)(const float *values, uint64_t seed, float *params);
} activ_fn_definition;

#endif
