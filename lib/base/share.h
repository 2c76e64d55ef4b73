/* Splitting work among the host's threads. */
#ifndef ACTIV_BASE_SHARE_H
#define ACTIV_BASE_SHARE_H

#include <stddef.h>

#include "base/host.h"

/* Calls task(argument, parts, part) for each part below parts: one part per thread, or a single one in the calling
 * thread if the work is not worth waking others. `work` counts multiplications, about 16 per element of an activation.
 * A part must not depend on the others, nor its bits on `parts`. */
#define ACTIV_WORK_ELEMENT 16
void activ_share(const activ_host *host, size_t threads, size_t work,
                 void (*task)(void *argument, size_t parts, size_t part), void *argument);

/* The range of `total` items that a part gets; it starts at a multiple of `unit` and may be empty. */
typedef struct activ_range {
    size_t first, count;
} activ_range;
activ_range activ_range_of(size_t total, size_t unit, size_t parts, size_t part);

#endif
