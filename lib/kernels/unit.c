/* All kernels of one tier, the activation functions' in functions.c. This file is compiled once per tier, with that
 * tier's flags, ACTIV_TIER=name and ACTIV_TIER_HEADER="simd/name.h". Everything in it is static; it exports one table.
 * No header that it includes may define a function that is not static: the linker could choose this tier's copy for the
 * whole program. */
#include "base/dmath.h"
#include "kernels/kernels.h"
#include "simd/blocks.h"
#include "simd/math.h"
#include "simd/random.h"

/* Not headers (NAME.inc.h): code in the vocabulary of the tier, included here only. */
#include "kernels/convert.inc.h"
#include "kernels/cross_entropy.inc.h"
#include "kernels/gemm.inc.h"
#include "kernels/norm.inc.h"
#include "kernels/reduce.inc.h"
#include "kernels/update.inc.h"
#include "kernels/wide.inc.h"

/* From functions.c, and from formula.c. */
extern const activ_fn_kernel *const V_TIER_NAME(activ_elementwise)[];
extern const activ_rowwise_kernel *const V_TIER_NAME(activ_rowwise)[];
extern const activ_formula_kernels V_TIER_NAME(activ_formula);

extern const activ_kernels V_TIER_NAME(activ_kernels);

const activ_kernels V_TIER_NAME(activ_kernels) = {
    .elementwise = V_TIER_NAME(activ_elementwise),
    .rowwise = V_TIER_NAME(activ_rowwise),
    .formula = &V_TIER_NAME(activ_formula),
    .widen = widen,
    .narrow = narrow,
    .gemm = gemm,
    .wide_rows = wide_rows,
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
