/* activ bench: what bench_run.c measures, for bench.c, which reads the arguments and prints. */
#ifndef ACTIV_BENCH_H
#define ACTIV_BENCH_H

#include <stddef.h>
#include <stdint.h>

#include <activ/fn.h>

enum { ROUNDS = 31, TIERS = 8, FORWARD = 0, BACKWARD = 1, DIRECTIONS = 2 };
/* Kinds of inputs to compare. */
enum { INPUTS = 9, TYPES = 3 };

/* A kind of inputs: `fill` makes n of them, which are then converted to a type, as are dy and value. */
typedef struct {
    const char *name;
    void (*fill)(size_t n, float value, float *x);
    float value;
    activ_dtype dtype; /* 0: float32 */
} input_kind;

/* What functions are usually timed on. */
extern const input_kind bench_usual_inputs;
/* The first is the yardstick of the others, which are saturated or unusual. */
extern const input_kind bench_inputs[INPUTS];
/* The same, in each type that functions take. */
extern const input_kind bench_types[TYPES];

/* Nanoseconds per element, by round. */
typedef struct {
    long repeats;
    int rounds;
    double ns[ROUNDS];
} timing;

/* A function on a tier. */
typedef struct {
    activ_fn *fn;
    int32_t shape;
    const char *tier;
    float *params, *dparams;            /* NULL without trainable parameters */
    timing timings[INPUTS][DIRECTIONS]; /* by kind of inputs */
} subject;

typedef struct {
    /* Set by the caller. */
    size_t n;
    const char **specs;
    size_t spec_count;
    const char *tiers[TIERS];
    size_t tier_count;
    const input_kind *inputs;
    size_t input_count;

    float *block, *dy, *out, *value, *back;               /* the last two: of gated functions */
    const void *x[INPUTS], *dys[INPUTS], *values[INPUTS]; /* by kind of inputs, in its type */
    subject *subjects;                                    /* by spec, then tier */
    size_t subject_count;
    double copy[ROUNDS]; /* memcpy, nanoseconds per element */
} bench;

/* Makes functions and arrays, and sees whether all run. Returns 0 after a message. */
int bench_prepare(bench *b);
void bench_measure(bench *b);
void bench_release(bench *b);

/* Nanoseconds per element: medians of the rounds. */
double bench_copy_ns(const bench *b);
double bench_ns(const subject *s, int direction, size_t input);
/* Time on these inputs as a multiple of the time on inputs 0: the median of the ratios within the rounds. */
double bench_ratio(const subject *s, int direction, size_t input);

#endif
