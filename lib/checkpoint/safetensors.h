/* What reading and writing safetensors share. */
#ifndef ACTIV_CHECKPOINT_SAFETENSORS_H
#define ACTIV_CHECKPOINT_SAFETENSORS_H

#include <stddef.h>

#include "activ/checkpoint.h"
#include "base/text.h"

/* The format's own limit for its header, in bytes. */
#define ACTIV_SAFETENSORS_MAX_HEADER 100000000u

#define ACTIV_SAFETENSORS_METADATA "__metadata__"

/* An element type. The table is in the order in which a writer puts tensors: wide types first, so that all data is
 * aligned to its own width. */
typedef struct activ_safetensors_type {
    const char *name;
    unsigned bits;
    activ_dtype dtype; /* 0 if the library has none */
} activ_safetensors_type;

extern const activ_safetensors_type activ_safetensors_types[];
extern const size_t activ_safetensors_type_count;

/* Starts a message with the path (its end if it is long) and a colon. */
void activ_safetensors_start_message(activ_message *message, const char *path, activ_text *text);

/* Sorts indices by `compare`, which gets `user`. Not qsort, which may allocate memory that is not the host's.
 * Unstable, but the same on every system. */
void activ_safetensors_sort(size_t *indices, size_t count, int (*compare)(const void *user, size_t a, size_t b),
                            const void *user);

#endif
