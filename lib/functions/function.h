/* Included by each function's file. A file is read in one of two ways:
 *
 *   with ACTIV_FN_DEFINITIONS   it gives NAME_definition: texts, settings, bounds (fn/registry.c)
 *   without                     it gives the arithmetic, in the vocabulary of the tier that is being compiled
 *                               (kernels/functions.c), and ends with the table NAME_elementwise or NAME_rowwise
 *
 * docs/internals/adding-an-activation.md goes through such a file.
 */
#if defined(ACTIV_FN_DEFINITIONS)
#    include "functions/definition.h"
#else
#    include "functions/loops.h"
#endif
