/* Arrays of floats between two inaccessible pages. A read or write past either end of the array's pages stops the test
 * at once; what lies inside the pages but outside of the elements in use is filled with a pattern and can be checked
 * afterwards. */
#ifndef SUPPORT_GUARD_H
#define SUPPORT_GUARD_H

#include <stddef.h>

typedef struct guarded {
    void *mapping;
    size_t mapped_bytes;
    float *begin; /* the first float after the lower guard page */
    float *end;   /* the first byte of the upper guard page */
} guarded;

/* Room for at least `count` floats; 0 on success. */
int guarded_create(guarded *buffer, size_t count);
void guarded_destroy(guarded *buffer);

/* Fills all of it with the pattern. */
void guarded_fill(guarded *buffer);

/* 1 if everything outside of the n elements at `used` still holds the pattern. */
int guarded_untouched(const guarded *buffer, const float *used, size_t n);

/* The same for `rows` runs of elements, the first at `used`, in bytes: how long each is, and how far behind the one
 * before. */
int guarded_untouched_rows(const guarded *buffer, const void *used, size_t rows, size_t bytes, size_t stride);

#endif
