/* Piecewise linear functions, hardswish and softsign. */
#include "entry.h"

/* rrelu, in evaluation: the slope is the mean of lower and upper, and a float too, which the formula does not say */
static inline ref_value rrelu_at(const ref_args *a, double x)
{
    return ref_line(x > 0.0 ? 1.0 : (double)(float)((a->values[0] + a->values[1]) / 2.0), x);
}
REF_BLOCK_OF(rrelu_block, rrelu_at)

const ref_entry ref_linear[] = {
    { .name = "identity",
      .points = POINTS({ "identity", 0, 0, 1 }, { "identity", -INF, -INF, 1 }, { "identity", INF, INF, 1 }) },

    { .name = "step",
      .specs = SPECS("step(theta=-1.5)", "step(theta=1.5)", "step(theta=-2e-40)", "step(theta=-1)"),
      .points = POINTS({ "step", 0, 1, 0 }, { "step", -0.0, 1, 0 }, { "step", -0x1p-149, 0, 0 }, { "step", -INF, 0, 0 },
                       { "step", INF, 1, 0 }, { "step(theta=2)", 2, 1, 0 }, { "step(theta=2)", 0x1.fffffep0, 0, 0 }) },

    { .name = "relu",
      .points = POINTS({ "relu", 0, 0, 0 }, { "relu", -0.0, 0, 0 }, { "relu", 0x1p-149, 0x1p-149, 1 },
                       { "relu", -INF, 0, 0 }, { "relu", INF, INF, 1 }) },

    { .name = "relu6",
      .landmarks = LANDMARKS(6.0), /* a kink */
      .points = POINTS({ "relu6", 0, 0, 0 }, { "relu6", -0.0, 0, 0 }, { "relu6", 0x1p-149, 0x1p-149, 1 },
                       { "relu6", 0x1.7ffffep2, 0x1.7ffffep2, 1 }, { "relu6", 6, 6, 0 }, { "relu6", -INF, 0, 0 },
                       { "relu6", INF, 6, 0 }) },

    { .name = "hard_tanh",
      .specs = SPECS("hard_tanh(min=-0.1,max=7)", "hard_tanh(min=0)", "hard_tanh(min=-3e38,max=-2e38)",
                     "hard_tanh(min=-2e-40,max=1e-41)", "hard_tanh(min=0.3,max=0.7)"),
      .points = POINTS({ "hard_tanh", 0, 0, 1 }, { "hard_tanh", -1, -1, 0 }, { "hard_tanh", 1, 1, 0 },
                       { "hard_tanh", 0x1.fffffep-1, 0x1.fffffep-1, 1 }, { "hard_tanh", -INF, -1, 0 },
                       { "hard_tanh", INF, 1, 0 }, { "hard_tanh(max=3)", 2, 2, 1 }, { "hard_tanh(max=3)", 3, 3, 0 },
                       { "hard_tanh(min=2,max=3)", 0, 2, 0 }) },

    { .name = "hard_sigmoid",
      .landmarks = LANDMARKS(3.0), /* kinks */
      .points = POINTS({ "hard_sigmoid", 0, 0.5, 0x1.5555555555555p-3 }, { "hard_sigmoid", -3, 0, 0 },
                       { "hard_sigmoid", 3, 1, 0 }, { "hard_sigmoid", 1.5, 0.75, 0x1.5555555555555p-3 },
                       { "hard_sigmoid", -0x1.7ffffep1, 0x1.5555555555555p-25, 0x1.5555555555555p-3 },
                       { "hard_sigmoid", 0x1.7ffffep1, 0x1.fffffeaaaaaabp-1, 0x1.5555555555555p-3 },
                       { "hard_sigmoid", -INF, 0, 0 }, { "hard_sigmoid", INF, 1, 0 }) },

    { .name = "leaky_relu",
      .specs =
          SPECS("leaky_relu(negative_slope=-0.3)", "leaky_relu(negative_slope=0.2)", "leaky_relu(negative_slope=0)",
                "leaky_relu(negative_slope=-0.5)", "leaky_relu(negative_slope=3)", "leaky_relu(negative_slope=-3)"),
      .points = POINTS({ "leaky_relu", 0, 0, (double)0.01f }, { "leaky_relu", -INF, -INF, (double)0.01f },
                       { "leaky_relu", INF, INF, 1 }, { "leaky_relu(negative_slope=0)", -INF, 0, 0 },
                       { "leaky_relu(negative_slope=-2)", -INF, INF, -2 },
                       { "leaky_relu(negative_slope=10)", -0x1p126, -0x1.4p129, 10 }) },

    { .name = "prelu",
      .specs = SPECS("prelu(weight=1.7)", "prelu(weight=0.1)", "prelu(weight=0)", "prelu(weight=-1.5)",
                     "prelu(weight=-1)", "prelu(weight=-0.5)"),
      .points = POINTS({ "prelu", 0, 0, 0.25 }, { "prelu", -4, -1, 0.25 }, { "prelu", -INF, -INF, 0.25 },
                       { "prelu", INF, INF, 1 }, { "prelu(weight=0)", -INF, 0, 0 }) },

    { .name = "rrelu",
      .at = rrelu_at,
      .block = rrelu_block,
      .specs = SPECS("rrelu(lower=-0.2,upper=0.7)", "rrelu(lower=0.1,upper=0.9)", "rrelu(lower=0,upper=0)",
                     "rrelu(lower=0.25,upper=0.25)"),
      .points = POINTS({ "rrelu", 0, 0, (double)0.22916667f }, { "rrelu", -INF, -INF, (double)0.22916667f },
                       { "rrelu", INF, INF, 1 }) },

    { .name = "hardswish",
      .landmarks = LANDMARKS(3.0, 1.5,             /* kinks, and the root of f' */
                             5.67137244397549e37), /* 6x overflows */
      .points = POINTS({ "hardswish", 0, 0, 0.5 }, { "hardswish", -3, 0, 0 }, { "hardswish", 3, 3, 1 },
                       { "hardswish", -1.5, -0.375, 0 }, { "hardswish", 0x1.cp127, 0x1.cp127, 1 },
                       { "hardswish", -INF, 0, 0 }, { "hardswish", INF, INF, 1 }) },

    { .name = "softsign",
      .landmarks = LANDMARKS(0x1p25,          /* rounds to 1 */
                             0x1p63, 0x1p75), /* f' is subnormal, vanishes */
      .points =
          POINTS({ "softsign", 0, 0, 1 }, { "softsign", -0.0, 0, 1 }, { "softsign", 0x1p-149, 0x1p-149, 1 },
                 { "softsign", 1, 0.5, 0.25 }, { "softsign", -3, -0.75, 0.0625 }, { "softsign", 0x1p63, 1, 0x1p-126 },
                 { "softsign", -0x1p74, -1, 0x1p-148 }, { "softsign", 0x1p75, 1, 0x1p-150 },
                 { "softsign", 0x1.fffffep127, 1, 0 }, { "softsign", -INF, -1, 0 }, { "softsign", INF, 1, 0 }) },
    { .name = NULL },
};
