/* Functions of the logistic function, with t = e^-|z|. */
#include "entry.h"

typedef struct logistic {
    double s, c; /* sigmoid(z), sigmoid(-z) */
} logistic;

static inline logistic logistic_of(double z, double t)
{
    double large = 1.0 / (1.0 + t), little = t * large;
    logistic p = { z < 0.0 ? little : large, z < 0.0 ? large : little };
    return p;
}

/* ln(1 + t), t = e^-m, near m = 0 by its series */
static inline double ref_log1p_exp(double m, double t)
{
    if (ref_is_small(m))
        return 0x1.62e42fefa39efp-1 - m * (1.0 / 2 - m * (1.0 / 8 - m * m * (1.0 / 192)));
    return t == 0.0 ? 0.0 : log1p(t);
}

static double reciprocal(double size)
{
    return size == 0.0 ? 1.0 : 1.0 / fabs(size);
}

/* Of functions of the first setting times x, and of the product of the first two. */
static double first_unit(const ref_args *a)
{
    return reciprocal(a->values[0]);
}

static double product_unit(const ref_args *a)
{
    return reciprocal(a->values[0] * a->values[1]);
}

/* sgt: tanh y, y = b x^beta where x >= 0, else -a |x|^alpha. With b = 0 and beta < 1 its formula has 0 times infinity
 * at 0. */
static inline ref_value sgt_at(const ref_args *a, double x)
{
    double slope = a->values[x < 0.0 ? 0 : 1], exponent = a->values[x < 0.0 ? 2 : 3], m = fabs(x);
    double y = slope == 0.0 ? 0.0 : slope * pow(m, exponent), z = -2.0 * fabs(y), t = ref_exp(z), q = 1.0 / (1.0 + t);
    double flat = 4.0 * t * q * q, f = copysign(ref_expm1(z) * q, x) * (slope < 0.0 ? -1.0 : 1.0);
    return ref_of(f, flat == 0.0 || slope == 0.0 || exponent == 0.0 ? 0.0
                     : exponent == 1.0                              ? flat * slope
                                                                    : flat * slope * exponent * pow(m, exponent - 1.0));
}
REF_BLOCK_OF(sgt_block, sgt_at)

/* softplus: ln(1 + e^z) / beta, z = beta x; x itself where z, rounded to float32 (as the formula does not), is above
 * threshold */
static inline ref_value softplus_at(const ref_args *a, double x)
{
    double beta = a->values[0], threshold = a->values[1], z = beta * x, m = fabs(z), t = ref_exp(-m);
    if ((double)(float)z > threshold)
        return ref_of(x, 1.0);
    return ref_of((z > 0.0 ? x : 0.0) + ref_log1p_exp(m, t) / beta, logistic_of(z, t).s);
}
REF_BLOCK_OF(softplus_block, softplus_at)

static double softplus_unit(const ref_args *a)
{
    return 1.0 / a->values[0];
}

/* mish: x tanh(ln(1 + n)) = x n(n + 2) / (n(n + 2) + 2), n = e^x. Five times as fast as its formula. */
static inline ref_value mish_at(const ref_args *a, double x)
{
    (void)a;
    if (fabs(x) > 300.0)
        return ref_gate_end(x);
    double n = ref_exp(x), t = n * (n + 2.0), q = 1.0 / (t + 2.0);
    return ref_of_sum(x * (t * q), t * q, 4.0 * x * n * (1.0 + n) * q * q);
}
REF_BLOCK_OF(mish_block, mish_at)

/* Hard cases: where a search over millions of inputs found the largest errors of a version of a kernel. */
const ref_entry ref_logistic[] = {
    { .name = "sigmoid",
      .landmarks = LANDMARKS(0x1.5e8fe6p6), /* a hard case */
      .points = POINTS({ "sigmoid", 0, 0.5, 0.25 }, { "sigmoid", -INF, 0, 0 }, { "sigmoid", INF, 1, 0 }) },

    { .name = "log_sigmoid",
      .landmarks = LANDMARKS(11.75, 16.635532), /* end of a table; rounds to x */
      .points = POINTS({ "log_sigmoid", 0, -0.69314718055994531, 0.5 }, { "log_sigmoid", -INF, -INF, 1 },
                       { "log_sigmoid", INF, 0, 0 }, { "log_sigmoid", -0x1.cp127, -0x1.cp127, 1 }) },

    { .name = "adaptive_sigmoid",
      .unit = first_unit,
      .landmarks = LANDMARKS(0x1.5e8fe6p6), /* a hard case of sigmoid */
      .specs = SPECS("adaptive_sigmoid(k=2.3,theta=0.7)", "adaptive_sigmoid(k=-0.3,theta=-5.1)",
                     "adaptive_sigmoid(k=1e20,theta=1e-18)", "adaptive_sigmoid(k=0,theta=1)",
                     "adaptive_sigmoid(k=1e-38,theta=-3e38)", "adaptive_sigmoid(k=3.3,theta=1000)"),
      .points = POINTS(
          { "adaptive_sigmoid", 0, 0.5, 0.25 }, { "adaptive_sigmoid", -INF, 0, 0 }, { "adaptive_sigmoid", INF, 1, 0 },
          { "adaptive_sigmoid(k=-2,theta=3)", -INF, 1, 0 }, { "adaptive_sigmoid(k=-2,theta=3)", INF, 0, 0 },
          { "adaptive_sigmoid(k=2,theta=3)", 3, 0.5, 0.5 }, { "adaptive_sigmoid(k=0)", INF, 0.5, 0 },
          { "adaptive_sigmoid(k=0)", -INF, 0.5, 0 }, { "adaptive_sigmoid(k=1e-38,theta=-3e38)", INF, 1, 0 }) },

    { .name = "tanh",
      .landmarks = LANDMARKS(9.01091334, 44.36141956, 52.67918572, /* rounds to 1; f' is subnormal, vanishes */
                             0x1.0850aep2, 0x1.08fd58p1),          /* hard cases */
      .points = POINTS({ "tanh", 0, 0, 1 }, { "tanh", -INF, -1, 0 }, { "tanh", INF, 1, 0 }) },

    { .name = "pinn_tanh",
      .unit = product_unit,
      .landmarks = LANDMARKS(9.01091334, 44.36141956, 52.67918572, /* rounds to 1; f' is subnormal, vanishes */
                             0x1.0850aep2, 0x1.08fd58p1),          /* hard cases of tanh */
      .specs = SPECS("pinn_tanh(n=3,a=2)", "pinn_tanh(n=1,a=-0.7)", "pinn_tanh(n=1.1,a=1e-45)",
                     "pinn_tanh(n=1e20,a=1e15)", "pinn_tanh(n=7.3,a=1e-6)", "pinn_tanh(a=0)"),
      .points = POINTS({ "pinn_tanh", 0, 0, 1.0000000149011612 }, { "pinn_tanh", -INF, -1, 0 },
                       { "pinn_tanh", INF, 1, 0 }, { "pinn_tanh(n=3,a=-2)", INF, -1, 0 },
                       { "pinn_tanh(n=3,a=-2)", 0, 0, -6 }, { "pinn_tanh(a=0)", INF, 0, 0 },
                       { "pinn_tanh(n=1e30,a=1e30)", 0x1p-120, 1, 0 }, { "pinn_tanh(n=1,a=1e-45)", INF, 1, 0 }) },

    { .name = "sgt_book",
      .unit = first_unit,
      .landmarks = LANDMARKS(9.01091334, 44.36141956, 52.67918572, /* rounds to 1; f' is subnormal, vanishes */
                             0x1.0850aep2, 0x1.08fd58p1),          /* hard cases of tanh */
      .specs = SPECS("sgt_book(gamma=1.7)", "sgt_book(gamma=-0.3)", "sgt_book(gamma=1e20)", "sgt_book(gamma=1e-45)",
                     "sgt_book(gamma=0)"),
      .points = POINTS({ "sgt_book", 0, 0, 0.88622692545275801365 }, { "sgt_book", -INF, -0.88622692545275801365, 0 },
                       { "sgt_book", INF, 0.88622692545275801365, 0 }, { "sgt_book(gamma=0)", INF, 0, 0 },
                       { "sgt_book(gamma=-2)", INF, -0.88622692545275801365, 0 },
                       { "sgt_book(gamma=1e-45)", -INF, -0.88622692545275801365, 0 }) },

    { .name = "sgt",
      .at = sgt_at,
      .block = sgt_block,
      .landmarks = LANDMARKS(9.01091334, 44.36141956, 52.67918572), /* as tanh */
      .specs = SPECS("sgt(a=0.5,b=2,alpha=0.7,beta=1.8)", "sgt(alpha=2,beta=0.5)", "sgt(a=-1.5,b=3,alpha=1.2,beta=1)",
                     "sgt(a=1e-20,b=1e20,alpha=1.5,beta=3)", "sgt(a=0,b=1e-40,alpha=0.5,beta=0.01)",
                     "sgt(alpha=17.3,beta=1000)", "sgt(a=2,b=0.3)", "sgt(a=7,b=1e-3,alpha=1.1,beta=0.9)"),
      .points =
          POINTS({ "sgt", 0, 0, 1 }, { "sgt", -INF, -1, 0 }, { "sgt", INF, 1, 0 }, { "sgt(b=3)", 0, 0, 3 },
                 { "sgt(beta=1.5)", 0, 0, 0 }, { "sgt(b=-2,beta=0.5)", 0, 0, -INF },
                 { "sgt(a=2,alpha=2)", -1, -0.96402758007581688395, 0.2826032994126579 },
                 { "sgt(b=0,beta=0.5)", 0, 0, 0 }, { "sgt(b=0)", INF, 0, 0 }, { "sgt(a=-2,alpha=0.3)", -INF, 1, 0 }) },

    { .name = "softplus",
      .at = softplus_at,
      .block = softplus_block,
      .unit = softplus_unit,
      .landmarks = LANDMARKS(16.635532), /* rounds to x */
      .specs = SPECS("softplus(beta=2.5,threshold=3)", "softplus(beta=2)", "softplus(threshold=1000)",
                     "softplus(beta=1e-18,threshold=1000)", "softplus(beta=0.7)", "softplus(beta=10,threshold=5)",
                     "softplus(beta=0.1,threshold=1)", "softplus(beta=0.7,threshold=3)"),
      .points = POINTS({ "softplus", 0, 0.69314718055994531, 0.5 }, { "softplus", -INF, 0, 0 },
                       { "softplus", INF, INF, 1 }, { "softplus", 0x1.400002p4, 0x1.400002p4, 1 },
                       { "softplus(beta=2,threshold=1)", 0.5, 0.65663084375911140, 0.73105857863000488 },
                       { "softplus(beta=2,threshold=1)", 0x1.000002p-1, 0x1.000002p-1, 1 }) },

    { .name = "silu",
      .landmarks = LANDMARKS(1.2784645427610737951, 2.3993572805154677, /* roots of f' and f'' */
                             91.857, 108.66,                            /* subnormal, vanishes */
                             0x1.a515e2p2, 0x1.2b69acp0, 0x1.b5966ap3), /* hard cases */
      .points = POINTS({ "silu", 0, 0, 0.5 }, { "silu", -INF, 0, 0 }, { "silu", INF, INF, 1 },
                       { "silu", -0x1.cp127, 0, 0 }) },

    { .name = "swish",
      .unit = first_unit,
      .landmarks = LANDMARKS(1.2784645427610737951, 2.3993572805154677, /* roots of f' and f'', times beta */
                             91.857, 108.66),                           /* subnormal, vanishes, with beta 1 */
      .specs = SPECS("swish(beta=1.7889)", "swish(beta=-3)", "swish(beta=0.01)", "swish(beta=0)", "swish(beta=-1e-37)",
                     "swish(beta=3.4e38)", "swish(beta=1e-45)"),
      .points = POINTS({ "swish", 0, 0, 0.5 }, { "swish", -INF, 0, 0 }, { "swish", INF, INF, 1 },
                       { "swish", -0x1.cp127, 0, 0 }, { "swish(beta=0)", -INF, -INF, 0.5 },
                       { "swish(beta=0)", INF, INF, 0.5 }, { "swish(beta=0)", 3, 1.5, 0.5 },
                       { "swish(beta=-2)", INF, 0, 0 }, { "swish(beta=-2)", -INF, -INF, 1 },
                       { "swish(beta=1e-45)", INF, INF, 1 }, { "swish(beta=3.4e38)", -1, 0, 0 }) },

    { .name = "nipuna",
      .unit = first_unit,
      .landmarks = LANDMARKS(1.2784645427610737951, 2.3993572805154677, /* roots of f' and f'', times beta */
                             91.857, 108.66),                           /* subnormal, vanishes, with beta 1 */
      .specs = SPECS("nipuna(beta=1.7889)", "nipuna(beta=-3)", "nipuna(beta=0)"),
      .points = POINTS({ "nipuna", 0, 0, 0.5 }, { "nipuna", -0.0, 0, 0.5 }, { "nipuna", 0x1p-149, 0x1p-149, 1 },
                       { "nipuna", -INF, 0, 0 }, { "nipuna", INF, INF, 1 }, { "nipuna(beta=0)", -INF, -INF, 0.5 },
                       { "nipuna(beta=0)", -3, -1.5, 0.5 }, { "nipuna(beta=-2)", -INF, -INF, 1 },
                       { "nipuna(beta=1e20)", -1, 0, 0 }) },

    { .name = "nipuna_book",
      .landmarks = LANDMARKS(11.75, 192.7), /* end of a table; vanishes, with the largest alpha */
      .specs = SPECS("nipuna_book(alpha=1.9)", "nipuna_book(alpha=1e-20)", "nipuna_book(alpha=3.4e38)",
                     "nipuna_book(alpha=0)"),
      .points = POINTS(
          { "nipuna_book", 0, 0.69314718055994531, 0.5 }, { "nipuna_book", -0.0, 0.69314718055994531, 0.5 },
          { "nipuna_book", 0x1p-149, 0x1p-149, 1 }, { "nipuna_book", -INF, 0, 0 }, { "nipuna_book", INF, INF, 1 },
          { "nipuna_book(alpha=-3)", 0, -2.0794415416798359, -1.5 }, { "nipuna_book(alpha=3.4e38)", -INF, 0, 0 }) },

    { .name = "mish",
      .at = mish_at,
      .block = mish_block,
      .landmarks = LANDMARKS(1.1924312145154952121, 2.2563763963607931,               /* roots of f' and f'' */
                             91.857, 108.66,                                          /* subnormal, vanishes */
                             0x1.211ebep3, 0x1.6d2c58p2, 0x1.a560ap-3, 0x1.3c824ap3), /* hard cases */
      .points = POINTS({ "mish", 0, 0, 0.6 }, { "mish", -INF, 0, 0 }, { "mish", INF, INF, 1 },
                       { "mish", 0x1.cp127, 0x1.cp127, 1 }) },

    { .name = "gelu_tanh",
      .landmarks = LANDMARKS(0.75246142207101625849, 1.4185040087908284, /* roots of f' and f'' */
                             10.1006374, 10.7708682,                     /* subnormal, vanishes */
                             0x1.434af4p3, 0x1.910778p0, 0x1.3e0dfp2),   /* hard cases */
      .points = POINTS({ "gelu_tanh", 0, 0, 0.5 }, { "gelu_tanh", -INF, 0, 0 }, { "gelu_tanh", INF, INF, 1 },
                       { "gelu_tanh", 0x1.cp127, 0x1.cp127, 1 }, { "gelu_tanh", -0x1.cp127, 0, 0 }) },
    { .name = "telu",
      .landmarks = LANDMARKS(1.0788600584646240567, /* root of f' */
                             2.2,                   /* tanh(e^x) rounds to 1 */
                             91.856, 108.66),       /* subnormal, vanishes */
      .points = POINTS({ "telu", 0, 0, 0.76159415595576488812 }, { "telu", -INF, 0, 0 }, { "telu", INF, INF, 1 },
                       { "telu", 0x1.cp127, 0x1.cp127, 1 }) },

    { .name = NULL },
};
