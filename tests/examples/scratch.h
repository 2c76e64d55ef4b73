/* A folder for the files of one test program, and small FashionMNIST files to put into it. */
#ifndef TESTS_SCRATCH_H
#define TESTS_SCRATCH_H

#include <stdbool.h>
#include <stddef.h>

/* The folder; scratch_begin makes it and scratch_end removes it with all that it holds. */
const char *scratch_begin(void);
void scratch_end(void);

/* "folder/name"; valid until the 16th call after this one. */
const char *scratch_path(const char *name);

/* Both fail the running test where the system refuses. */
void scratch_write(const char *name, const void *bytes, size_t size, bool gzip);
void scratch_remove(const char *name);

/* The whole file and a zero byte behind it, to be freed; NULL if it cannot be opened. */
char *scratch_read(const char *path, size_t *size);

/* Files as fashion_mnist_load expects them, under `folder` (made here) of the scratch folder: images on which
 * a class can be told by its bright rows. */
void scratch_data(const char *folder, size_t train, size_t test);

#endif
