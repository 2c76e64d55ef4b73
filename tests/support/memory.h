/* An allocator that counts, checks and, when told to, fails. */
#ifndef SUPPORT_MEMORY_H
#define SUPPORT_MEMORY_H

#include <stddef.h>

#include "activ/context.h"

typedef struct test_memory {
    size_t calls;      /* allocations asked for */
    size_t fail_at;    /* the call that fails, counted from 1; 0: none */
    size_t live;       /* blocks not yet freed */
    size_t live_bytes; /* as the sizes given to free say */
    size_t peak_bytes; /* the most that live_bytes was */
    size_t mistakes;   /* odd alignments, sizes that differ between alloc and free */
} test_memory;

/* An allocator that works on `memory`. */
activ_allocator test_allocator(test_memory *memory);

/* A context with it, and else the defaults; NULL: it could not be made. */
activ_context *test_memory_context(test_memory *memory);

#endif
