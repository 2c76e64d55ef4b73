/* Structs that carry their size in front, so that fields can be appended to them. */
#ifndef ACTIV_BASE_SIZED_H
#define ACTIV_BASE_SIZED_H

#include <stddef.h>

#include "activ/status.h"

/* No struct is larger. A size above this is a struct whose size was not set. */
#define ACTIV_SIZED_MAX 4096

/* Why activ_sized_read failed with this status, after "SGD: " or the like. */
const char *activ_sized_reason(activ_status status);

/* Reads a caller's struct whose first member is its size_t size. A smaller one is an older one:
 * the rest becomes zero. A larger one is accepted if what this library does not know of is zero. */
activ_status activ_sized_read(void *own, size_t own_size, const void *callers);

/* Writes a struct to the caller's: of a smaller one what there is room for; of a larger one the rest becomes zero. The
 * caller's size stays. */
activ_status activ_sized_write(const void *own, size_t own_size, void *callers);

#endif
