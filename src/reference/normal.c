/* Functions of the normal distribution. */
#include "entry.h"

const ref_entry ref_normal[] = {
    { .name = "gelu",
      .landmarks = LANDMARKS(0.75179152469356445746, 1.4142135623730951, /* roots of f' and f'' */
                             5.543,                                      /* 1 + erf cancels entirely */
                             13.146247, 14.356068,                       /* subnormal, vanishes */
                             /* where a search over millions of inputs found the largest errors of some kernel */
                             0x1.ec40aep1, 0x1.da89dp0, 0x1.25ab7cp3, 0x1.bf4ac8p0),
      .points = POINTS({ "gelu", 0, 0, 0.5 }, { "gelu", -INF, 0, 0 }, { "gelu", INF, INF, 1 },
                       { "gelu", 0x1.cp127, 0x1.cp127, 1 }) },

    { .name = "swigelu",
      .landmarks = LANDMARKS(0.98019136409948307202,                        /* root of f' */
                             1.2784645427610737951, 0.75179152469356445746, /* where one addend of f' is 0 */
                             91.156, 107.961),                              /* subnormal, vanishes */
      .points = POINTS({ "swigelu", 0, 0, 0.5 }, { "swigelu", -INF, 0, 0 }, { "swigelu", INF, INF, 1 },
                       { "swigelu", 0x1.cp127, 0x1.cp127, 1 }) },
    { .name = NULL },
};
