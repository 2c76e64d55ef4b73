/* The registry: every function of the list with its definition. */
#define ACTIV_FN_DEFINITIONS
#include "fn/fn.h"

#include "activ_functions.h"

const activ_fn_entry activ_fn_registry[ACTIV_FN_COUNT] = {
#define ACTIV_FN_ENTRY(name) { #name, &name##_definition },
    ACTIV_FUNCTIONS(ACTIV_FN_ENTRY)
#undef ACTIV_FN_ENTRY
};
