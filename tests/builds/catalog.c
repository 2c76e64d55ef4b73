/* The names of all functions, of which the elementwise ones have second derivatives, and the tier. */
#include <stdio.h>

#include "activ/activ.h"

int main(void)
{
    activ_fn_info info = ACTIV_FN_INFO_INIT;
    for (size_t i = 0; activ_fn_catalog(i, &info) == ACTIV_OK; i++) {
        if (!activ_fn_default(info.name))
            return 1;
        if (info.shape == ACTIV_SHAPE_ELEMENTWISE) {
            char spec[200];
            activ_fn *fn;
            snprintf(spec, sizeof spec, "derivative(derivative(%s))", info.name);
            if (activ_fn_create(NULL, spec, &fn) != ACTIV_OK)
                return 1;
            activ_fn_destroy(fn);
        }
        printf("%s ", info.name);
    }
    puts(activ_tier());
    return 0;
}
