/* The inputs of the accuracy tests: see samples.h. */
#include "functions/samples.h"

#include <math.h>
#include <stdint.h>
#include <stdlib.h>

#include "support/ulp.h"

enum { NEIGHBOURS = 12 };

typedef struct sample {
    float *values;
    size_t count;
    size_t capacity;
} sample;

static void add(sample *s, float value)
{
    if (s->count < s->capacity)
        s->values[s->count] = value;
    s->count++;
}

static void add_neighbourhood(sample *s, float centre)
{
    if (!isfinite(centre))
        return;
    float below = centre, above = centre;
    add(s, centre);
    for (int i = 0; i < NEIGHBOURS; i++) {
        below = nextafterf(below, -INFINITY);
        above = nextafterf(above, INFINITY);
        if (isfinite(below))
            add(s, below);
        if (isfinite(above))
            add(s, above);
    }
}

/* Evenly spaced, but off the round numbers. */
static void add_range(sample *s, double from, double to, size_t number)
{
    for (size_t i = 0; i < number; i++)
        add(s, (float)(from + (to - from) * ((double)i + 0.37) / (double)number));
}

static void fill(sample *s, const ref_function *of, size_t thin)
{
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

    if (of->entry->unit != NULL) {
        double unit = of->entry->unit(&of->args);
        add_range(s, -105.0 * unit, 25.0 * unit, 2000 / thin);
    }
    float marks[REF_MAX_LANDMARKS];
    size_t count = ref_landmarks(of, marks);
    for (size_t i = 0; i < count; i++)
        add_neighbourhood(s, marks[i]);
    add(s, -0.0f);
    add(s, INFINITY);
    add(s, -INFINITY);
    add(s, NAN);
    add(s, -NAN);
    add(s, float_from_bits(0x7fa00001u)); /* a signalling one */
}

float *samples_create(const ref_function *of, size_t thin, size_t *count)
{
    sample s = { NULL, 0, 0 };
    fill(&s, of, thin); /* counts */
    s.capacity = s.count;
    s.count = 0;
    s.values = malloc(s.capacity * sizeof *s.values);
    if (s.values == NULL)
        return NULL;
    fill(&s, of, thin);
    *count = s.count;
    return s.values;
}
