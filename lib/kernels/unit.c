/* All kernels of one tier. This file is compiled once per tier, with that tier's flags, ACTIV_TIER=name and
 * ACTIV_TIER_HEADER="simd/name.h". Everything in it is static; it exports one table. No header that it includes may
 * define a function that is not static: the linker could choose this tier's copy for the whole program. */
#include "functions/loops.h"

#include "activ_functions.h" /* made by CMake: includes functions/NAME.h for each line of functions/list.h */
#include "base/dmath.h"
#include "kernels/kernels.h"

/* Not headers (NAME.inc.h): code in the vocabulary of the tier, included here only. */
#include "kernels/cross_entropy.inc.h"
#include "kernels/gemm.inc.h"
#include "kernels/norm.inc.h"
#include "kernels/reduce.inc.h"
#include "kernels/update.inc.h"

ACTIV_ELEMENTWISE(V_KERNEL)

static const activ_fn_kernel *const elementwise[] = {
#define ACTIV_FN_ROW(name) &name##_kernel,
    ACTIV_ELEMENTWISE(ACTIV_FN_ROW)
#undef ACTIV_FN_ROW
        NULL
};

static const activ_rowwise_kernel *const rowwise[] = {
#define ACTIV_FN_ROW(name) &name##_rowwise,
    ACTIV_ROWWISE(ACTIV_FN_ROW)
#undef ACTIV_FN_ROW
        NULL
};

extern const activ_kernels V_TIER_NAME(activ_kernels);

const activ_kernels V_TIER_NAME(activ_kernels) = {
    .elementwise = elementwise,
    .rowwise = rowwise,
    .gemm = gemm,
    .add = add,
    .multiply = multiply,
    .multiply_masked = multiply_masked,
    .multiply_checked = multiply_checked,
    .multiply_three = multiply_three,
    .column_sums = column_sums,
    .cross_entropy = cross_entropy,
    .squared_error = squared_error,
    .batch_norm = batch_norm,
    .batch_norm_train = batch_norm_train,
    .layer_norm = layer_norm,
    .batch_norm_back = batch_norm_back,
    .layer_norm_sums = layer_norm_sums,
    .layer_norm_back = layer_norm_back,
    .scale = scale,
    .clamp = clamp,
    .sum_of_squares = sum_of_squares,
    .sgd = sgd,
    .adamw = adamw,
    .rmsprop = rmsprop,
    .uniform = v_uniform,
};
