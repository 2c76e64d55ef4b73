/* Structs that start with their size, so that later versions can append fields. */
#ifndef ACTIV_BASE_SIZED_H
#define ACTIV_BASE_SIZED_H

#include <stddef.h>

#include "activ/status.h"

/* No struct is larger. A size above this is a struct whose size was not set. */
#define ACTIV_SIZED_MAX 4096

/* Why activ_sized_read failed with this status, after "SGD: " or the like. */
const char *activ_sized_reason(activ_status status);

/* Copies a caller's struct, whose first member is its size_t size. Fields missing from a smaller (older) one become
 * zero. A larger (newer) one is accepted if the fields that this library does not know are zero. */
activ_status activ_sized_read(void *own, size_t own_size, const void *callers);

/* Copies a struct to the caller's: truncated if that is smaller, padded with zeros if it is larger. The caller's size
 * stays. */
activ_status activ_sized_write(const void *own, size_t own_size, void *callers);

#endif
