/* Threads that a test lends to the library, and a count of what the library handed them. */
#ifndef SUPPORT_THREADS_H
#define SUPPORT_THREADS_H

#include <stddef.h>

#include "activ/context.h"

enum { MOST_THREADS = 16 };

/* Zero it before each call that is looked at. */
typedef struct lent_threads {
    size_t calls; /* of parallel_for */
    size_t tasks; /* of all of them */
    size_t most;  /* of the call with most */
} lent_threads;

/* An executor on `lent` that runs each task in a thread of its own, started for it, the last one's first: so that
 * nothing may rely on order, and ThreadSanitizer sees every part by itself. For one caller at a time. */
activ_executor lend_threads(lent_threads *lent, size_t threads);

#endif
