/* Functions of one exponential. */
#include "entry.h"

/* celu: x where x > 0, else alpha (e^(x/alpha) - 1), which overflows with alpha < 0 before the product does */
static inline ref_value celu_at(const ref_args *a, double x)
{
    double alpha = a->values[0], z = x / alpha;
    if (x > 0.0)
        return ref_of(x, 1.0);
    if (z > 700.0) { /* e^z may overflow where the product does not */
        double root = exp(z / 2.0);
        return ref_of(alpha * root * root, ref_exp(z));
    }
    return ref_of(alpha * ref_expm1(z), ref_exp(z));
}
REF_BLOCK_OF(celu_block, celu_at)

static double celu_unit(const ref_args *a)
{
    return fabs(a->values[0]);
}

#define ELU_LANDMARKS LANDMARKS(0x1.1011bp-2) /* a hard case of some kernel */

const ref_entry ref_exponential[] = {
    { .name = "elu",
      .landmarks = ELU_LANDMARKS,
      .specs = SPECS("elu(alpha=0.3)", "elu(alpha=0.5)", "elu(alpha=1.6732632)", "elu(alpha=0)", "elu(alpha=-1)",
                     "elu(alpha=100)", "elu(alpha=-2.5)"),
      .points =
          POINTS({ "elu", 0, 0, 1 }, { "elu", -INF, -1, 0 }, { "elu", INF, INF, 1 }, { "elu(alpha=2)", -0.0, 0, 2 },
                 { "elu(alpha=2)", -INF, -2, 0 }, { "elu(alpha=0)", -INF, 0, 0 }) },

    { .name = "selu",
      .landmarks = ELU_LANDMARKS,
      .points = POINTS({ "selu", 0, 0, 0x1.c212cc640f031p+0 }, { "selu", -0.0, 0, 0x1.c212cc640f031p+0 },
                       { "selu", 1, 0x1.0cfabd6a91132p+0, 0x1.0cfabd6a91132p+0 },
                       { "selu", -INF, -0x1.c212cc640f031p+0, 0 }, { "selu", INF, INF, 0x1.0cfabd6a91132p+0 }) },

    { .name = "celu",
      .at = celu_at,
      .block = celu_block,
      .unit = celu_unit,
      .landmarks = ELU_LANDMARKS,
      .specs = SPECS("celu(alpha=0.3)", "celu(alpha=1e-20)", "celu(alpha=-2)", "celu(alpha=3)", "celu(alpha=-0.7)",
                     "celu(alpha=-1e-20)", "celu(alpha=1e30)", "celu(alpha=-1e30)", "celu(alpha=1e-30)",
                     "celu(alpha=-1e-30)", "celu(alpha=1.9)"),
      .points = POINTS({ "celu", 0, 0, 1 }, { "celu", -INF, -1, 0 }, { "celu", INF, INF, 1 },
                       { "celu(alpha=2)", -0.0, 0, 1 }, { "celu(alpha=2)", -INF, -2, 0 }, { "celu(alpha=-2)", 0, 0, 1 },
                       { "celu(alpha=-2)", -INF, -INF, INF }, { "celu(alpha=-2)", INF, INF, 1 }) },

    { .name = "trainable_elu",
      .landmarks = ELU_LANDMARKS,
      .specs = SPECS("trainable_elu(alpha=-1.6)", "trainable_elu(alpha=0.3)", "trainable_elu(alpha=2)",
                     "trainable_elu(alpha=0)", "trainable_elu(alpha=-0.7)", "trainable_elu(alpha=1.7)"),
      .points = POINTS({ "trainable_elu", 0, 0, 1 }, { "trainable_elu", -INF, -1, 0 }, { "trainable_elu", INF, INF, 1 },
                       { "trainable_elu", 100, 100, 1 }, { "trainable_elu(alpha=0.5)", -INF, -0.5, 0 }) },
    { .name = NULL },
};
