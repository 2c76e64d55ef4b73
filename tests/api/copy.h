/* What a shared library with a libactiv.a of its own inside shows: see copy.c. */
#ifndef API_COPY_H
#define API_COPY_H

#include <stdint.h>

typedef struct copy {
    const void *library;           /* an address in its libactiv */
    int (*work)(uint64_t *digest); /* functions, a training run on a pool, a file; 0: it went well */
} copy;

const copy *copy_first(void);
const copy *copy_second(void);

#endif
