/* Included by each function's file. A file is read in one of two ways:
 *
 *   with ACTIV_FN_DEFINITIONS   it gives NAME_definition: texts, values, bounds (fn/registry.c)
 *   without                     it gives NAME_kernel: the arithmetic, in the vocabulary of the tier that
 *                               is being compiled (kernels/unit.c)
 *
 * The arithmetic of a usual function is NAME_forward(x, v) and NAME_derivative(x, v), where v holds
 * its values, each in all lanes; ACTIV_ELEMENTWISE(NAME) makes loops of them. A function with
 * trainable values adds NAME_gradient(x, v, j) = df/d(trainable value j) and ends with
 * ACTIV_ELEMENTWISE_TRAINABLE(NAME, first, count): values first .. first+count-1 are trainable. The
 * loops see to NaN, the arithmetic need not. A function that fits neither writes its own loops.
 */
#if defined(ACTIV_FN_DEFINITIONS)
#include "functions/definition.h"
#else
#include "functions/loops.h"
#endif
