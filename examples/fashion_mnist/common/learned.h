/* What training makes of the parameters that a network's activations share: their values, and the curve. */
#ifndef EXAMPLES_LEARNED_H
#define EXAMPLES_LEARNED_H

#include <stddef.h>

#include <activ/activ.h>

#include "figure.h"
#include "runs.h"
#include "study.h"

/* Of one trained network. */
struct learned {
    const char *label;     /* of its function */
    const struct run *run; /* finished */
    activ_fn *fn;
    float *start, *end; /* activ_fn_param_count values each: before the first step, after the last */
};

/* Nothing is read where the function has no parameters: then out->fn is NULL. */
activ_status learned_read(const struct study *study, const struct run *run, const char *label, struct learned *out,
                          activ_message *message);
void learned_free(struct learned *learned);

/* A line for each value: function, parameter, seed, start, end. */
activ_status learned_write(const struct study *study, const char *name, const struct learned *all, size_t count,
                           activ_message *message);

/* The functions from -5 to 5, as they start, and as each network has them at the end; and `others`, canonical specs
 * without parameters, to compare with. After figure_target. */
activ_status learned_draw(struct figure *figure, const struct learned *all, size_t count, const char *const *others,
                          size_t other_count, activ_message *message);

#endif
