/* Functions of the normal distribution. */
#include "entry.h"

/* gelu: x Phi(x); Phi' is the density e^(-x^2/2) / sqrt(2 pi). x^2 is exact in double. */
static inline ref_value gelu_at(const ref_args *a, double x)
{
    (void)a;
    if (fabs(x) > 40.0)
        return ref_gate_end(x);
    const double root_half = 0x1.6a09e667f3bcdp-1, inverse_root_2pi = 0x1.9884533d43651p-2;
    double square = x * x;
    double distribution = ref_is_small(x)
                              ? 0.5 + inverse_root_2pi * x * (1.0 - square * (1.0 / 6 - square * (1.0 / 40)))
                              : 0.5 * erfc(-root_half * x);
    return ref_of_sum(x * distribution, distribution, x * inverse_root_2pi * ref_exp(-0.5 * square));
}
REF_BLOCK_OF(gelu_block, gelu_at)

/* swigelu: the mean of silu and gelu. The addends of f' are half of theirs. */
static inline ref_value swigelu_at(const ref_args *a, double x)
{
    if (fabs(x) > 700.0)
        return ref_gate_end(x);
    double t = ref_exp(-fabs(x)), q = 1.0 / (1.0 + t), s = x < 0.0 ? t * q : q, c = x < 0.0 ? q : t * q;
    ref_value silu = ref_of(x * s, s + x * s * c), gelu = gelu_at(a, x);
    return ref_of_sum(0.5 * silu.f + 0.5 * gelu.f, 0.5 * silu.d, 0.5 * gelu.d);
}
REF_BLOCK_OF(swigelu_block, swigelu_at)

const ref_entry ref_normal[] = {
    { .name = "gelu",
      .at = gelu_at,
      .block = gelu_block,
      .landmarks = LANDMARKS(0.75179152469356445746, 1.4142135623730951, /* roots of f' and f'' */
                             5.543,                                      /* 1 + erf cancels entirely */
                             13.146247, 14.356068,                       /* subnormal, vanishes */
                             /* where a search over millions of inputs found the largest errors of some kernel */
                             0x1.ec40aep1, 0x1.da89dp0, 0x1.25ab7cp3, 0x1.bf4ac8p0),
      .points = POINTS({ "gelu", 0, 0, 0.5 }, { "gelu", -INF, 0, 0 }, { "gelu", INF, INF, 1 },
                       { "gelu", 0x1.cp127, 0x1.cp127, 1 }) },

    { .name = "swigelu",
      .at = swigelu_at,
      .block = swigelu_block,
      .landmarks = LANDMARKS(0.98019136409948307202,                        /* root of f' */
                             1.2784645427610737951, 0.75179152469356445746, /* where one addend of f' is 0 */
                             91.156, 107.961),                              /* subnormal, vanishes */
      .points = POINTS({ "swigelu", 0, 0, 0.5 }, { "swigelu", -INF, 0, 0 }, { "swigelu", INF, INF, 1 },
                       { "swigelu", 0x1.cp127, 0x1.cp127, 1 }) },
    { .name = NULL },
};
