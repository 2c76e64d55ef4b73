/* The registry: every function of the lists with its definition. */
#if defined(ACTIV_CHOSEN_FUNCTIONS) && defined(__GNUC__)
#    pragma GCC diagnostic ignored "-Wunused-const-variable" /* gated functions that were not chosen */
#endif
#define ACTIV_FN_DEFINITIONS
#include "fn/fn.h"

#include "activ_functions.h"
#include "functions/gated.h"

const activ_fn_entry activ_fn_registry[] = {
#define ACTIV_FN_ENTRY(name) { #name, ACTIV_SHAPE_ELEMENTWISE, ACTIV_FN_##name, &name##_definition },
    ACTIV_ELEMENTWISE(ACTIV_FN_ENTRY)
#undef ACTIV_FN_ENTRY
#define ACTIV_FN_ENTRY(name) { #name, ACTIV_SHAPE_ROWWISE, ACTIV_ROWWISE_##name, &name##_definition },
        ACTIV_ROWWISE(ACTIV_FN_ENTRY)
#undef ACTIV_FN_ENTRY
#define ACTIV_FN_ENTRY(name) { #name, ACTIV_SHAPE_GATED, 0, &name##_definition },
            ACTIV_GATED(ACTIV_FN_ENTRY)
#undef ACTIV_FN_ENTRY
};

const size_t activ_fn_registry_count = sizeof activ_fn_registry / sizeof activ_fn_registry[0];
