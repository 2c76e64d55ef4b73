/* Dead neurons: those whose output is 0 for every training image. */
#ifndef EXAMPLES_DEAD_H
#define EXAMPLES_DEAD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <activ/activ.h>

#include "network.h"
#include "study.h"

#define DEAD_MAX_LAYERS 16

/* A network to look into, and what is found: of each layer that has an activation, the number of its neurons, of dead
 * ones, and of those that are active on less than a share of the images (dead ones among them). */
struct subject {
    const char *label;
    uint64_t seed;
    const char *path; /* of a trained network; NULL: a fresh one, of the architecture below */
    const struct architecture *fresh;
    size_t layers;
    size_t width[DEAD_MAX_LAYERS], dead[DEAD_MAX_LAYERS], rare[DEAD_MAX_LAYERS];
    bool done; /* false after Ctrl-C */
};

/* Sends all training images through each, study->threads networks at a time, with a progress bar. */
activ_status dead_count(const struct study *study, float share, struct subject *subjects, size_t count,
                        activ_message *message);

#endif
