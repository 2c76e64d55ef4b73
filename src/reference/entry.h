/* How to write an entry: a row of the table at the end of a file (reference.h explains its members, ref_entry):
 *
 *     { .name = "NAME", .landmarks = LANDMARKS(...), .specs = SPECS(...), .points = POINTS(...) },
 *
 * Its values are those of the definition's formula. Where that is not accurate or fast enough:
 *
 *     (NAME: its formula, as a comment, and why it is here)
 *     static inline ref_value NAME_at(const ref_args *a, double x)
 *     {
 *         ...                               f and f' of any x but NaN; at infinity the limits
 *         return ref_of(f, d);              or ref_of_sum(f, g, x * h), if f' = g + x h cancels
 *     }
 *     REF_BLOCK_OF(NAME_block, NAME_at)     the loop around it
 *
 *     { .name = "NAME", .at = NAME_at, .block = NAME_block, ... },
 */
#ifndef ACTIV_REFERENCE_ENTRY_H
#define ACTIV_REFERENCE_ENTRY_H

#include <math.h>

#include "reference.h"

/* The entries of each file, ended by one without a name. */
extern const ref_entry ref_linear[], ref_exponential[], ref_logistic[], ref_normal[], ref_series[];

#define LANDMARKS(...)   \
    (const double[])     \
    {                    \
        __VA_ARGS__, 0.0 \
    }
#define SPECS(...)        \
    (const char *const[]) \
    {                     \
        __VA_ARGS__, NULL \
    }
#define POINTS(...)             \
    (const ref_point[])         \
    {                           \
        __VA_ARGS__,            \
        {                       \
            NULL, 0.0, 0.0, 0.0 \
        }                       \
    }
#define INF ((double)INFINITY)

#define REF_BLOCK_OF(block, at)                                                     \
    static void block(const ref_args *a, size_t n, const float *x, ref_values *out) \
    {                                                                               \
        for (size_t i = 0; i < n; i++) {                                            \
            ref_value value = at(a, (double)x[i]);                                  \
            out->f[i] = value.f;                                                    \
            out->d[i] = value.d;                                                    \
            out->addends[i] = value.addends;                                        \
        }                                                                           \
    }

/* One ulp of a float32 of this size. ilogb must not get NaN, which blocks may contain. */
static inline double ref_ulp(double size)
{
    return ldexp(1.0, size >= 0x1p-126 ? ilogb(size) - 23 : -149);
}

static inline ref_value ref_of(double f, double d)
{
    ref_value value = { .f = f, .d = d };
    return value;
}

/* f' = a + b, which may cancel. */
static inline ref_value ref_of_sum(double f, double a, double b)
{
    ref_value value = { .f = f, .d = a + b, .addends = fabs(a) + fabs(b) };
    return value;
}

/* slope x; with slope 0 the limit, not 0 times infinity. */
static inline ref_value ref_line(double slope, double x)
{
    return slope == 0.0 ? ref_of(0.0, 0.0) : ref_of(slope * x, slope);
}

/* x g(x) where g rounds to 0 or 1, at infinity too. */
static inline ref_value ref_gate_end(double x)
{
    return x > 0.0 ? ref_of(x, 1.0) : ref_of(0.0, 0.0);
}

/* Small arguments, which half of all floats are, use short series, so that only about twenty of 254 binades pay for
 * libm. */
#define REF_SMALL 0x1p-8
static inline int ref_is_small(double z)
{
    return fabs(z) < REF_SMALL;
}

static inline double ref_exp_series(double z)
{
    return 1.0 + z * (1.0 + z * (1.0 / 2 + z * (1.0 / 6 + z * (1.0 / 24 + z * (1.0 / 120)))));
}

static inline double ref_exp(double z)
{
    if (ref_is_small(z))
        return ref_exp_series(z);
    return z < -746.0 ? 0.0 : exp(z);
}

/* e^z - 1 */
static inline double ref_expm1_series(double z)
{
    return z * (1.0 + z * (1.0 / 2 + z * (1.0 / 6 + z * (1.0 / 24 + z * (1.0 / 120 + z * (1.0 / 720))))));
}

static inline double ref_expm1(double z)
{
    if (ref_is_small(z))
        return ref_expm1_series(z);
    return z < -50.0 ? -1.0 : expm1(z);
}

#endif
