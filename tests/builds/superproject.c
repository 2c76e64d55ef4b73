#include "activ/activ.h"

int superproject(void);
int superproject(void)
{
    return activ_fn_count() > 0;
}
