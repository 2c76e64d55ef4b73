/* The names of all functions, and the tier. */
#include <stdio.h>

#include "activ/activ.h"

int main(void)
{
    activ_fn_info info = ACTIV_FN_INFO_INIT;
    for (size_t i = 0; activ_fn_catalog(i, &info) == ACTIV_OK; i++) {
        if (!activ_fn_default(info.name))
            return 1;
        printf("%s ", info.name);
    }
    puts(activ_tier());
    return 0;
}
