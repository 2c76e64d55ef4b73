/* Functions of one exponential. */
#include "entry.h"

/* elu, trainable_elu: x where x > 0, else alpha (e^x - 1) */
static inline ref_value elu_at(const ref_args *a, double x)
{
    double alpha = a->values[0];
    return x > 0.0 ? ref_of(x, 1.0) : ref_of(alpha * ref_expm1(x), alpha * ref_exp(x));
}
REF_BLOCK_OF(elu_block, elu_at)

#define ELU_LANDMARKS LANDMARKS(0x1.1011bp-2) /* a hard case of some kernel */

const ref_entry ref_exponential[] = {
    { .name = "elu",
      .at = elu_at,
      .block = elu_block,
      .landmarks = ELU_LANDMARKS,
      .specs = SPECS("elu(alpha=0.3)", "elu(alpha=0.5)", "elu(alpha=1.6732632)", "elu(alpha=0)", "elu(alpha=-1)",
                     "elu(alpha=100)", "elu(alpha=-2.5)"),
      .points =
          POINTS({ "elu", 0, 0, 1 }, { "elu", -INF, -1, 0 }, { "elu", INF, INF, 1 }, { "elu(alpha=2)", -0.0, 0, 2 },
                 { "elu(alpha=2)", -INF, -2, 0 }, { "elu(alpha=0)", -INF, 0, 0 }) },

    { .name = "trainable_elu",
      .at = elu_at,
      .block = elu_block,
      .landmarks = ELU_LANDMARKS,
      .specs = SPECS("trainable_elu(alpha=-1.6)", "trainable_elu(alpha=0.3)", "trainable_elu(alpha=2)",
                     "trainable_elu(alpha=0)", "trainable_elu(alpha=-0.7)", "trainable_elu(alpha=1.7)"),
      .points = POINTS({ "trainable_elu", 0, 0, 1 }, { "trainable_elu", -INF, -1, 0 }, { "trainable_elu", INF, INF, 1 },
                       { "trainable_elu", 100, 100, 1 }, { "trainable_elu(alpha=0.5)", -INF, -0.5, 0 }) },
    { .name = NULL },
};
