/* What reading and writing safetensors share. */
#ifndef ACTIV_CHECKPOINT_SAFETENSORS_H
#define ACTIV_CHECKPOINT_SAFETENSORS_H

#include <stddef.h>
#include <stdint.h>

#include "activ/checkpoint.h"
#include "base/text.h"

/* The format's own limit for its header, in bytes. */
#define ACTIV_SAFETENSORS_MAX_HEADER 100000000u

/* Tensors, and texts in metadata: more are refused, so that no file takes long. */
#define ACTIV_SAFETENSORS_MAX_ENTRIES (UINT32_C(1) << 19)

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

#endif
