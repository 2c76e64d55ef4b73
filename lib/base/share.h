/* Sharing work out among the host's threads. */
#ifndef ACTIV_BASE_SHARE_H
#define ACTIV_BASE_SHARE_H

#include <stddef.h>

#include "base/host.h"

/* Calls task(argument, parts, part) once for every part below parts: one part for each of `threads` on the executor's
 * threads, or a single one, here, if the work is too little to wake a thread for. `work` counts multiplications, some
 * 16 for an element of an activation. What a part does must not depend on the others, and its bits not on `parts`. */
#define ACTIV_WORK_ELEMENT 16
void activ_share(const activ_host *host, size_t threads, size_t work,
                 void (*task)(void *argument, size_t parts, size_t part), void *argument);

/* Which of `total` things a part gets: a range that begins at a multiple of `unit`. May be empty. */
typedef struct activ_range {
    size_t first, count;
} activ_range;
activ_range activ_range_of(size_t total, size_t unit, size_t parts, size_t part);

#endif
