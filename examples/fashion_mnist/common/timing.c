/* How long a function takes on its own: see timing.h. */
#include "timing.h"

#include <stdlib.h>
#include <string.h>

#include "message.h"
#include "progress.h"

#define VALUES ((size_t)16384)
#define ROUNDS 25

activ_status time_function(const char *spec, double *forward, double *backward, activ_message *message)
{
    *forward = *backward = 0;
    if (strcmp(spec, "none") == 0)
        return ACTIV_OK;
    activ_fn *fn = NULL;
    activ_status status = activ_fn_create(NULL, spec, &fn);
    const size_t params = status == ACTIV_OK ? activ_fn_param_count(fn) : 0;
    float *memory = status == ACTIV_OK ? calloc(4 * VALUES + 2 * params, sizeof *memory) : NULL;
    if (memory == NULL) {
        message_set(message, "the time of %s: %s", spec,
                    activ_status_string(status != ACTIV_OK ? status : ACTIV_ERROR_OUT_OF_MEMORY));
        activ_fn_destroy(fn);
        return status != ACTIV_OK ? status : ACTIV_ERROR_OUT_OF_MEMORY;
    }
    float *x = memory, *y = x + VALUES, *dy = y + VALUES, *dx = dy + VALUES;
    float *initial = dx + VALUES, *gradients = initial + params;
    status = activ_random_normal(1, 0, 0, VALUES, 0.0f, 1.0f, x);
    if (status == ACTIV_OK && params > 0)
        status = activ_fn_param_init(fn, 1, initial);
    for (size_t i = 0; i < VALUES; i++)
        dy[i] = 1;
    for (int round = 0; status == ACTIV_OK && round < ROUNDS; round++) {
        double start = seconds_now();
        status = activ_forward(fn, params > 0 ? initial : NULL, VALUES, x, y);
        double middle = seconds_now();
        if (status == ACTIV_OK)
            status = activ_backward(fn, params > 0 ? initial : NULL, VALUES, x, dy, dx, params > 0 ? gradients : NULL);
        double end = seconds_now();
        double f = 1e9 * (middle - start) / (double)VALUES, b = 1e9 * (end - middle) / (double)VALUES;
        *forward = round == 0 || f < *forward ? f : *forward;
        *backward = round == 0 || b < *backward ? b : *backward;
    }
    if (status != ACTIV_OK)
        message_set(message, "the time of %s: %s", spec, activ_status_string(status));
    free(memory);
    activ_fn_destroy(fn);
    return status;
}
