/* libactiv: what the host lends to the library: memory, threads, a log, a limit for the instruction set.
 *
 * A context collects them. NULL in place of a context means the defaults: malloc and free, the calling thread alone,
 * no log, the tier of activ_tier (cpu.h). Whatever is made from a context keeps a copy of its settings, so a context
 * may be destroyed as soon as that is done; the callbacks and `user` pointers have to live as long as the objects
 * made from it.
 *
 * Thread safety: a context never changes; any number of threads may make objects from it at the same time.
 */
#ifndef ACTIV_CONTEXT_H
#define ACTIV_CONTEXT_H

#include <stddef.h>
#include <stdint.h>

#include "export.h"
#include "status.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct activ_context activ_context;

/* Where memory comes from.
 *
 * alloc: `bytes` of memory (at least 1) aligned to `alignment`, a power of two of at most 64; or NULL, if there is
 * none. free: gives memory of alloc's back, with the `bytes` that were asked for; never NULL.
 *
 * Both NULL: malloc and free. Only one of them NULL: ACTIV_ERROR_INVALID. They run in the threads that call the
 * library, never in the executor's, and have to be thread-safe if several threads call it. */
typedef struct activ_allocator {
    size_t size;
    void *user;
    void *(*alloc)(void *user, size_t bytes, size_t alignment);
    void (*free)(void *user, void *memory, size_t bytes);
} activ_allocator;

#define ACTIV_ALLOCATOR_DEFAULTS                  \
    {                                             \
        sizeof(activ_allocator), NULL, NULL, NULL \
    }

/* The host's threads (pool.h has some, for a host without).
 *
 * parallel_for: calls task(argument, i) once for every i below `count`, on any threads and in any order, and returns
 * when all of these calls have returned. NULL: no threads. num_threads: how many tasks can run at the same time, at
 * least 1; work is cut into as many parts, 256 at most. Results do not depend on it.
 *
 * If several threads call the library at the same time, parallel_for has to be thread-safe. */
typedef struct activ_executor {
    size_t size;
    void *user;
    int32_t num_threads;
    void (*parallel_for)(void *user, size_t count, void (*task)(void *argument, size_t i), void *argument);
} activ_executor;

#define ACTIV_EXECUTOR_DEFAULTS               \
    {                                         \
        sizeof(activ_executor), NULL, 1, NULL \
    }

/* Receives the reason of a failure of an object made from the context, wherever it is available as text (status.h): one
 * line, without a newline, valid during the call. A graph that could not be built logs its first error, once.
 *
 * Called in the thread whose call failed, never from the executor's; so it has to be thread-safe if several threads use
 * objects of the context. It must not call the object whose call failed, nor destroy any. */
typedef void (*activ_log_callback)(void *user, activ_status status, const char *line);

/* A function of the host's own code (fn.h). */
typedef struct activ_custom_fn activ_custom_fn;

typedef struct activ_context_options {
    size_t size;
    const activ_allocator *allocator; /* NULL: malloc and free. Copied */
    const activ_executor *executor;   /* NULL: no threads. Copied */
    activ_log_callback log;           /* NULL: none */
    void *log_user;                   /* log's first argument */
    const char *max_tier;             /* the highest tier to use, by name (cpu.h); NULL: the best. ACTIV_MAX_TIER also
                                       * applies */
    /* Functions that specs and checkpoints may name beside the catalog's; NULL: none. Not copied: the array and what
     * it points to have to outlive all objects made with the context. */
    const activ_custom_fn *const *functions;
    size_t function_count;
} activ_context_options;

#define ACTIV_CONTEXT_DEFAULTS                                               \
    {                                                                        \
        sizeof(activ_context_options), NULL, NULL, NULL, NULL, NULL, NULL, 0 \
    }

/* Makes a context; the caller destroys it. options: NULL means ACTIV_CONTEXT_DEFAULTS.
 *
 * ACTIV_ERROR_INVALID: NULL, a struct without size, an allocator with only one of alloc and free; ACTIV_ERROR_RANGE:
 * num_threads below 1; ACTIV_ERROR_UNKNOWN_NAME: max_tier names no tier; ACTIV_ERROR_UNSUPPORTED: a field that this
 * library does not know is not 0; ACTIV_ERROR_OUT_OF_MEMORY. */
ACTIV_API activ_status activ_context_create(const activ_context_options *options, activ_context **out);
ACTIV_API activ_status activ_context_create_ex(const activ_context_options *options, activ_context **out,
                                               activ_message *message);

/* NULL is allowed. */
ACTIV_API void activ_context_destroy(activ_context *context);

/* The tier that objects of this context use (cpu.h); NULL: the default context. Static storage. */
ACTIV_API const char *activ_context_tier(const activ_context *context);

#ifdef __cplusplus
}
#endif

#endif
