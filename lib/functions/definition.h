/* The definition of a function: all that its file says of it but the arithmetic. */
#ifndef ACTIV_FUNCTIONS_DEFINITION_H
#define ACTIV_FUNCTIONS_DEFINITION_H

#include <math.h>
#include <stddef.h>
#include <stdint.h>

#include "base/settings.h"

typedef struct activ_fn_definition {
    const char *signature;
    const char *aliases; /* names in PyTorch and elsewhere, separated by ", ", as spelled there; NULL: none */
    /* Of an elementwise function that is not composed of others: what docs/formulas.md has before the declarations. x,
     * the settings and the vectors of parameters stand under their names. Its values and derivatives are computed from
     * it, so it is written to be accurate, for every finite x, and to have the derivatives at kinks that the function
     * has. Of others: words. */
    const char *formula;
    const char *printed; /* instead of the formula, where that does not read well; else NULL */
    const char *source;
    const activ_setting *settings; /* in the order that the arithmetic gets; the last one's name is NULL. NULL: none */

    /* Bounds of the error over all finite inputs in ulp, as tests/functions measures it; near a root of the derivative,
     * in ulp of the sum of its addends' magnitudes. */
    float forward_ulp, derivative_ulp;

    int is_random; /* training draws a random number for each element */

    /* Optional: an error message for a combination of settings, or NULL if it is valid. */
    const char *(*check)(const activ_setting_value *values);

    /* For functions whose parameters are vectors: the length and name of vector number `which`, 0 past the last; and
     * the parameters' initial values. NULL: the parameters are the trainable settings. */
    size_t (*param_vector)(const activ_setting_value *values, int which, const char **name);
    void (*param_init)(const activ_setting_value *values, uint64_t seed, float *params);

    /* Is f' a function of y = f(x) with these settings? Then the arithmetic has .from_y, or takes .derivative at y.
     * NULL: it never is. */
    int (*is_of_y)(const float *setting_values);

    /* Optional: y is x between two numbers, which bound it, and f' is 1 between them, else 0. On 16-bit numbers such a
     * function needs no arithmetic. */
    void (*clamps)(const float *setting_values, float *low, float *high);

    /* Functions composed of others, of the setting of that kind: how many there have to be at least. */
    size_t least_functions;

    /* Gated functions: the spec of the gate's activation; NULL: the setting "fn". */
    const char *gate;
} activ_fn_definition;

/* Usual answers of is_of_y: always, and with the first setting not negative. */
static inline int activ_always_of_y(const float *setting_values)
{
    (void)setting_values;
    return 1;
}

static inline int activ_of_y_from_zero(const float *setting_values)
{
    return setting_values[0] >= 0.0f;
}

/* The last setting of a function with trainable scalars, as in PyTorch's PReLU: the number of channels, each with its
 * own scalars. */
#define ACTIV_NUM_PARAMETERS                                                       \
    {                                                                              \
        .name = "num_parameters", .kind = ACTIV_SETTING_KIND_COUNT, .initial = 1.0 \
    }

#endif
