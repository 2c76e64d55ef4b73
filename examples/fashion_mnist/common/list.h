/* Lists on the command line: of seeds, of functions. */
#ifndef EXAMPLES_LIST_H
#define EXAMPLES_LIST_H

#include <stddef.h>
#include <stdint.h>

#include <activ/activ.h>

#include "arguments.h"

struct seeds {
    size_t count;
    uint64_t values[MAX_COUNTS];
};

/* "3": that many, from `first` on; "5,6,7": these. */
activ_status seeds_parse(const char *text, uint64_t first, struct seeds *out, activ_message *message);

#define MAX_SPECS 64

/* Canonical specs, or "none"; to be freed with specs_free, also after a failure. */
struct specs {
    size_t count;
    char *values[MAX_SPECS];
};

/* "relu,none,leaky_relu(negative_slope=0.2),a*x*sigmoid(b*x); a=1, b=2,@isru": commas inside of brackets belong to a
 * spec, and those between the parameters behind a formula. */
activ_status specs_parse(const char *list, struct specs *out, activ_message *message);
void specs_free(struct specs *specs);

#endif
