/* What a function's file says about it, apart from its arithmetic. */
#ifndef ACTIV_FUNCTIONS_DEFINITION_H
#define ACTIV_FUNCTIONS_DEFINITION_H

#include <stddef.h>
#include <stdint.h>

#include "base/settings.h"

typedef struct activ_fn_definition {
    const char *signature;
    const char *formula;
    const char *source;
    const activ_setting
        *settings; /* in the order in which the arithmetic gets them, ended by a NULL name; NULL: none */

    /* Bounds of the error over all finite inputs, in units in the last place, as tests/functions
     * measures it; near a root of the derivative in units of the sum of its addends' magnitudes. */
    float forward_ulp, derivative_ulp;

    int is_random; /* in training it draws something for each element */

    /* Optional: says what is wrong with a combination of settings, or NULL. */
    const char *(*check)(const activ_setting_value *values);

    /* For functions whose parameters are vectors: length and name of vector number `which`, 0 past the last; and the
     * values where they start. NULL: the settings that are trainable are the parameters. */
    size_t (*param_vector)(const activ_setting_value *values, int which, const char **name);
    void (*param_init)(const activ_setting_value *values, uint64_t seed, float *params);

    /* Of a gated function: the spec of its gate's function; NULL: its setting "fn". */
    const char *gate;
} activ_fn_definition;

/* What a function with trainable scalars has besides them, as PyTorch's PReLU: how many channels have scalars of their
 * own. The last of its settings. */
#define ACTIV_NUM_PARAMETERS                                                       \
    {                                                                              \
        .name = "num_parameters", .kind = ACTIV_SETTING_KIND_COUNT, .initial = 1.0 \
    }

#endif
