/* The activation functions' kernels of one tier: exports two tables, which the tier's table in unit.c points to, and
 * whose rules hold here, too. A unit of its own as it is compiled with other flags (cmake/Tiers.cmake). */
#include "functions/loops.h"

#include "activ_functions.h" /* made by CMake: includes functions/NAME.h for each line of functions/list.h */
#include "kernels/kernels.h"

ACTIV_KERNELS(V_KERNEL)

extern const activ_fn_kernel *const V_TIER_NAME(activ_elementwise)[];
extern const activ_rowwise_kernel *const V_TIER_NAME(activ_rowwise)[];

const activ_fn_kernel *const V_TIER_NAME(activ_elementwise)[] = {
#define ACTIV_FN_ROW(name) &name##_kernel,
    ACTIV_ELEMENTWISE(ACTIV_FN_ROW)
#undef ACTIV_FN_ROW
        NULL
};

const activ_rowwise_kernel *const V_TIER_NAME(activ_rowwise)[] = {
#define ACTIV_FN_ROW(name) &name##_rowwise,
    ACTIV_ROWWISE(ACTIV_FN_ROW)
#undef ACTIV_FN_ROW
        NULL
};
