#include "activ/activ.h"

int superproject(void);
int superproject(void)
{
    return activ_fn_default("gelu") != NULL;
}
