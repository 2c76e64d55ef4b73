/* A fuzz target: one function, called with any bytes. libFuzzer (-DACTIV_FUZZ=ON, clang) makes them up; replay.c takes
 * them from files. It aborts where something is wrong. */
#ifndef FUZZ_H
#define FUZZ_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "activ/context.h"
#include "support/memory.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define CHECK(truth)                                                            \
    do {                                                                        \
        if (!(truth)) {                                                         \
            fprintf(stderr, "%s:%d: not so: %s\n", __FILE__, __LINE__, #truth); \
            abort();                                                            \
        }                                                                       \
    } while (0)

/* A file of these bytes, for readers of files; its path, or NULL if the system has no room. The same path each time. */
const char *fuzz_file(const uint8_t *data, size_t size);

/* The bytes as text, ended by a zero byte, to be freed. Exactly as long, so that reading beyond it is found. */
char *fuzz_text(const uint8_t *data, size_t size);

/* Are these the same bits, or NaN in both? */
int fuzz_is_same(const float *a, const float *b, size_t n);

/* The context of a tier (NULL: the best), always the same one. Its memory is fuzz_memory, and it has functions of the
 * host's own: "own", a*x with the parameter a = 2, and "broken", whose callbacks are malformed. */
const activ_context *fuzz_context(const char *tier);
extern test_memory fuzz_memory;

/* One of `count` allocations, 0 being the first: which, all bytes of the input decide. */
size_t fuzz_number(const uint8_t *data, size_t size, size_t count);

/* That one of the next `count` allocations of fuzz_memory fails; a count of 0: none. */
void fuzz_fail(const uint8_t *data, size_t size, size_t count);

/* The same of malloc, calloc and realloc, in the targets whose readers call them: fuzz_malloc.c. fuzz_mallocs counts
 * them. */
void fuzz_fail_malloc(const uint8_t *data, size_t size, size_t count);
extern size_t fuzz_mallocs;

/* Has a file of these bytes read, and what was read checked; then once more with one malloc failing. What cannot be
 * opened is tried, too, with the empty input. The file's path; NULL: nothing was read. Also in fuzz_malloc.c. */
const char *fuzz_reader(const uint8_t *data, size_t size, activ_status (*read)(const char *path),
                        void (*check)(size_t size));

#endif
