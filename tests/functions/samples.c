/* The inputs of the accuracy tests: see samples.h. */
#include "functions/samples.h"

#include <float.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "activ/fn.h"
#include "support/ulp.h"

/* Points with something of their own; each is taken with both signs and with its neighbours. */
static const double landmarks[] = {
    0.0,
    0x1p-149, 0x1p-126,                    /* the smallest number, the smallest normal one */
    0x1p-24, 0x1p-12,                      /* where 1 + x and 1 + x^2 round to 1 */
    0.5, 0.6931471805599453, 1.0, 1.5, 2.0, 3.0, 4.0, 5.0, 6.0, 8.0, 10.0, 12.0, 16.0, 20.0, 25.0, 30.0,
    0.75179152469356445746,                /* zeros of derivatives: gelu, gelu_tanh, silu, mish */
    0.75246142207101625849,
    1.2784645427610737951,
    1.1924312145154952121,
    2.3994, 1.4142135623730951,            /* their second zeros or extremes: silu', gelu' */
    5.543,                                 /* where 1 + erf cancels entirely */
    9.0109,                                /* tanh rounds to 1 */
    10.4, 13.0, 13.5, 14.17,               /* gelu's and gelu_tanh's tails become subnormal and vanish */
    16.635532,                             /* softplus rounds to x */
    17.328680,                             /* e^-x is half an ulp of 1 */
    43.66827, 44.361419, 51.98604,         /* e^2x reaches the subnormals, overflows, vanishes */
    87.33654, 88.02969, 88.72284,          /* e^x: subnormal below, 2^127, overflow */
    91.8, 92.2, 103.27893, 103.97208,      /* x e^x subnormal; e^x vanishes */
    104.0, 108.6, 127.0, 128.0, 149.0, 150.0,
    0x1p14, 0x1p23, 0x1p24, 0x1p31, 0x1p32, 0x1p63, 0x1p64,
    1.8e19, 5.67e37, 1.7e38,               /* x^2, 6x and 2x overflow */
    0x1p127,
    FLT_MAX,
};

/* Where a search over millions of inputs found the largest errors of some version of the kernels. */
static const float hard_cases[] = {
    -0x1.211ebep+3f, -0x1.6d2c58p+2f, -0x1.a560ap-3f, -0x1.3c824ap+3f,    /* mish' */
    -0x1.a515e2p+2f, 0x1.2b69acp+0f, -0x1.b5966ap+3f,                     /* silu' */
    -0x1.ec40aep+1f, -0x1.da89dp+0f, -0x1.25ab7cp+3f, -0x1.bf4ac8p+0f,    /* gelu, gelu' */
    -0x1.434af4p+3f, -0x1.910778p+0f, -0x1.3e0dfp+2f,                     /* gelu_tanh, gelu_tanh' */
    -0x1.1011bp-2f, -0x1.5e8fe6p+6f, -0x1.0850aep+2f, -0x1.08fd58p+1f,    /* elu, sigmoid, tanh' */
};

enum { NEIGHBOURS = 12 };

typedef struct sample {
    float *values;
    size_t count;
    size_t capacity;
} sample;

static void add(sample *s, float value) {
    if (s->count < s->capacity) s->values[s->count] = value;
    s->count++;
}

static void add_neighbourhood(sample *s, float centre) {
    if (!isfinite(centre)) return;
    float below = centre, above = centre;
    add(s, centre);
    for (int i = 0; i < NEIGHBOURS; i++) {
        below = nextafterf(below, -INFINITY);
        above = nextafterf(above, INFINITY);
        if (isfinite(below)) add(s, below);
        if (isfinite(above)) add(s, above);
    }
}

/* Evenly spaced, but off the round numbers. */
static void add_range(sample *s, double from, double to, size_t number) {
    for (size_t i = 0; i < number; i++)
        add(s, (float)(from + (to - from) * ((double)i + 0.37) / (double)number));
}

static void fill(sample *s, const reference_case *of, size_t thin) {
    /* every binade of the floats: bit patterns at a stride that is odd, so that low bits vary */
    uint32_t stride = 0x10001u * (uint32_t)thin;
    for (uint32_t bits = 0; bits < 0x7f800000u; bits += stride) {
        add(s, float_from_bits(bits));
        add(s, float_from_bits(bits | 0x80000000u));
    }
    /* 2^-30 to 128, where the functions do their work */
    stride = 0x1d81u * (uint32_t)thin;
    for (uint32_t bits = float_bits(0x1p-30f); bits < float_bits(128.0f); bits += stride) {
        add(s, float_from_bits(bits));
        add(s, float_from_bits(bits | 0x80000000u));
    }
    add_range(s, -1.0, 1.0, 12000 / thin);
    add_range(s, -8.0, 8.0, 20000 / thin);
    add_range(s, -16.0, -4.0, 15000 / thin);
    add_range(s, -105.0, -84.0, 20000 / thin);
    add_range(s, -90.0, 90.0, 6000 / thin);

    for (size_t i = 0; i < sizeof landmarks / sizeof landmarks[0]; i++) {
        add_neighbourhood(s, (float)landmarks[i]);
        add_neighbourhood(s, -(float)landmarks[i]);
    }
    for (size_t i = 0; i < sizeof hard_cases / sizeof hard_cases[0]; i++) add_neighbourhood(s, hard_cases[i]);
    for (size_t i = 0; i < of->count; i++) {
        add_neighbourhood(s, of->values[i]);
        add_neighbourhood(s, -of->values[i]);
    }
    if (of->count == 2 && of->values[0] != 0.0f) {   /* softplus: where beta x passes the threshold */
        add_neighbourhood(s, of->values[1] / of->values[0]);
        add_neighbourhood(s, 17.0f / of->values[0]);
        add_range(s, -105.0 / (double)of->values[0], 25.0 / (double)of->values[0], 2000 / thin);
    }
    add(s, -0.0f);
    add(s, INFINITY);
    add(s, -INFINITY);
    add(s, NAN);
    add(s, -NAN);
    add(s, float_from_bits(0x7fa00001u));   /* a signalling one */
}

float *samples_create(const reference_case *of, size_t thin, size_t *count) {
    sample s = {NULL, 0, 0};
    fill(&s, of, thin);   /* counts */
    s.capacity = s.count;
    s.count = 0;
    s.values = malloc(s.capacity * sizeof *s.values);
    if (s.values == NULL) return NULL;
    fill(&s, of, thin);
    *count = s.count;
    return s.values;
}

size_t case_values(const reference_case *of, float *values) {
    memcpy(values, of->values, sizeof of->values);
    if (of->count > 0) return of->count;
    activ_fn *fn = NULL;
    assert_int_equal(activ_fn_create(NULL, of->spec, &fn), ACTIV_OK);
    size_t count = activ_fn_param_count(fn);
    assert_true(count <= REFERENCE_MAX_PARAMS);
    if (count > 0) assert_int_equal(activ_fn_param_init(fn, 7, values), ACTIV_OK);
    activ_fn_destroy(fn);
    return count;
}
