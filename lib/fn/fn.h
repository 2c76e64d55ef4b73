/* Inside of an activation function. */
#ifndef ACTIV_FN_FN_H
#define ACTIV_FN_FN_H

#include "activ/fn.h"
#include "base/host.h"
#include "functions/definition.h"
#include "functions/kernel.h"

/* A function of the list: its name and what its file defines. */
typedef struct activ_fn_entry {
    const char *name;
    const activ_fn_definition *definition;
} activ_fn_entry;

/* By ACTIV_FN_name; ACTIV_FN_COUNT entries. */
extern const activ_fn_entry activ_fn_registry[];

/* What a spec says: which function, with which values. */
typedef struct activ_fn_parsed {
    int index;
    float values[ACTIV_MAX_VALUES];
} activ_fn_parsed;

activ_status activ_fn_parse(const char *spec, activ_fn_parsed *parsed, activ_message *message);

/* Writes the canonical spec; returns its length, also when it did not fit. */
size_t activ_fn_write_spec(const activ_fn_parsed *parsed, char *buffer, size_t size);

/* Length and name of the function's trainable tensor number `which`; 0 past the last. */
size_t activ_fn_param_vector(const activ_fn_parsed *parsed, int which, const char **name);

struct activ_fn {
    activ_host host;
    size_t bytes;                  /* of this block: struct, initial parameters, spec */
    activ_fn_parsed parsed;
    const activ_fn_definition *definition;
    const activ_fn_kernel *kernel;
    size_t param_count;
    float *initial;                /* of vector parameters, seed 0; else NULL */
    char *spec;
};

/* What the kernel gets: settings with the caller's parameters in their places, or the vector of
 * parameters. params NULL: the initial ones. `values` may point into the struct itself. */
typedef struct activ_fn_values {
    float own[ACTIV_MAX_VALUES];
    const float *values;
    size_t count;
} activ_fn_values;

void activ_fn_set_values(const activ_fn *fn, const float *params, activ_fn_values *k);

/* The same function for another host: its memory, its tier. NULL if there is no memory. */
activ_fn *activ_fn_copy(const activ_host *host, const activ_fn *fn);

#endif
