/* A fuzz target: one function, called with any bytes. libFuzzer (-DACTIV_FUZZ=ON, clang) makes them up; replay.c takes
 * them from files. It aborts where something is wrong. */
#ifndef FUZZ_H
#define FUZZ_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

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

#endif
