/* What others got: the book chapter's figures, and PyTorch's for the same settings. */
#ifndef EXAMPLES_REFERENCES_H
#define EXAMPLES_REFERENCES_H

#include <stdbool.h>
#include <stddef.h>

#include "list.h"
#include "runs.h"

/* A mean over several seeds and its range. */
struct measured {
    double mean, low, high;
};

/* Test accuracy in percent after 15 epochs at learning rate 0.001, batch 128. `chapter`: the table of the book chapter
 * whose experiment this is (NaN: it has no such row). The others: PyTorch 1.13, CPU, mean and range over three seeds
 * (staf: one seed). */
struct reference {
    const char *spec;  /* "none": no activation */
    const char *shown; /* the chapter's name, if it differs */
    double chapter;
    struct measured momentum_08, momentum_09;
};

#define REFERENCES ((size_t)14)
extern const struct reference references[REFERENCES];

/* The first of this spec; NULL: there is none. */
const struct reference *reference_find(const char *spec);

/* The chapter's functions, each once. */
activ_status references_specs(struct specs *out, activ_message *message);

/* PyTorch's results for these settings; NULL if there are none. */
const struct measured *reference_pytorch(const struct reference *reference, const struct recipe *recipe);

/* Distance of a mean above (or, negative, below) a range, in points; 0 inside. */
double measured_distance(double mean, const struct measured *range);

/* A mean this close to PyTorch's range counts as reproduced. */
#define CLOSE_POINTS 1.0
bool is_close(double distance);

#endif
