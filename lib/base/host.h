/* What the host application provides: memory, threads, a log, a ceiling for the tier. Each object has a copy, so that
 * it can outlive its context. */
#ifndef ACTIV_BASE_HOST_H
#define ACTIV_BASE_HOST_H

#include <stddef.h>

#include "activ/context.h"

typedef struct activ_host {
    activ_allocator allocator;
    activ_executor executor; /* parallel_for NULL: serial */
    activ_log_callback log;  /* may be NULL */
    void *log_user;
    int tier;                                /* index of the tier that runs */
    const activ_custom_fn *const *functions; /* of the host's own code; not copied */
    size_t function_count;
} activ_host;

/* An object can make a context from its copy of the host. */
struct activ_context {
    activ_host host;
};

/* Zeroed memory, 64-byte aligned; NULL if out of memory or bytes is 0. */
void *activ_host_alloc(const activ_host *host, size_t bytes);
/* The same, uninitialized. */
void *activ_host_alloc_raw(const activ_host *host, size_t bytes);
void activ_host_free(const activ_host *host, void *memory, size_t bytes);

/* Moves the `used` elements to a larger array and frees the old one; capacity in elements. NULL if out of memory: the
 * old array stays valid. */
void *activ_host_grow(const activ_host *host, void *old, size_t used, size_t *capacity, size_t element_bytes);

/* As activ_fail (base/text.h), and logs the reason; message and log may be NULL. */
#define activ_host_fail(host, message, status, ...) \
    activ_host_fail_pieces(host, message, status, (const char *const[]){ __VA_ARGS__, NULL })
activ_status activ_host_fail_pieces(const activ_host *host, activ_message *message, activ_status status,
                                    const char *const *pieces);

/* Runs task(argument, i) for all i < count: on the executor's threads, or serially. */
void activ_host_parallel(const activ_host *host, size_t count, void (*task)(void *, size_t), void *argument);

/* malloc and free, serial, no log; tier 0, as this room cannot detect the CPU. */
void activ_host_defaults(activ_host *host);

#endif
