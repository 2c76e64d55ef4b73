/* What the host lent: memory, threads, a log, a ceiling for the tier. Every object keeps a
 * copy, so that it can outlive the context it was made from. */
#ifndef ACTIV_BASE_HOST_H
#define ACTIV_BASE_HOST_H

#include <stddef.h>

#include "activ/context.h"

typedef struct activ_host {
    activ_allocator allocator;
    activ_executor executor; /* parallel_for NULL: serial */
    activ_log_callback log;  /* may be NULL */
    void *log_user;
    int tier; /* index into the table of tiers: what runs */
} activ_host;

/* An object that keeps a copy of its host can so make a context of it again. */
struct activ_context {
    activ_host host;
};

/* Zeroed memory, 64-byte aligned; NULL if there is none or bytes is 0. */
void *activ_host_alloc(const activ_host *host, size_t bytes);
/* The same without the zeros. */
void *activ_host_alloc_raw(const activ_host *host, size_t bytes);
void activ_host_free(const activ_host *host, void *memory, size_t bytes);

/* A larger array with the `used` elements of the old one, which is freed; *room counts elements. NULL
 * without memory: the old one stays. */
void *activ_host_grow(const activ_host *host, void *old, size_t used, size_t *room, size_t width);

/* Fails with a reason (base/text.h), for the caller's message, which may be NULL, and for the log, if there is one. */
#define activ_host_fail(host, message, status, ...) \
    activ_host_fail_pieces(host, message, status, (const char *const[]){ __VA_ARGS__, NULL })
activ_status activ_host_fail_pieces(const activ_host *host, activ_message *message, activ_status status,
                                    const char *const *pieces);

/* task(argument, i) for all i < count: on the executor's threads, or one after the other. */
void activ_host_parallel(const activ_host *host, size_t count, void (*task)(void *, size_t), void *argument);

/* malloc and free, serial, silent; the tier is left 0, since this room does not know the CPU. */
void activ_host_defaults(activ_host *host);

#endif
