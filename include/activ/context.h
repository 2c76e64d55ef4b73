/* libactiv: what the host lends to the library: memory, threads, a log.
 *
 * NULL in place of a context means the defaults everywhere: malloc and free,
 * no threads, no log, the best tier. Whatever is made from a context keeps a
 * copy of its settings, so a context may be destroyed at once; the functions
 * and user pointers inside it have to live as long as the objects made from it.
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

/* Where memory comes from. alloc returns memory aligned to `alignment` (a power
 * of two, at most 64), or NULL; free gets the size that was asked for. Both may be
 * called from any thread that calls the library. size = sizeof(activ_allocator). */
typedef struct activ_allocator {
    size_t size;
    void *user;
    void *(*alloc)(void *user, size_t bytes, size_t alignment);
    void (*free)(void *user, void *memory, size_t bytes);
} activ_allocator;

/* The host's threads. parallel_for calls task(argument, i) once for every i
 * below count, on any threads and in any order, and returns when all calls
 * have returned. num_threads is how many run at the same time; the work is cut to fit
 * it. Results do not depend on it. size = sizeof(activ_executor). */
typedef struct activ_executor {
    size_t size;
    void *user;
    int32_t num_threads;
    void (*parallel_for)(void *user, size_t count, void (*task)(void *argument, size_t i), void *argument);
} activ_executor;

/* Receives one line, without a newline, for each failure whose status alone does not name
 * its cause. */
typedef void (*activ_log_callback)(void *user, activ_status status, const char *line);

/* Zero in a field means its default. size = sizeof(activ_context_options). */
typedef struct activ_context_options {
    size_t size;
    const activ_allocator *allocator; /* copied */
    const activ_executor *executor;   /* copied */
    activ_log_callback log;
    void *log_user;
    const char *max_tier; /* a ceiling, as ACTIV_MAX_TIER; both hold */
} activ_context_options;

/* `options` may be NULL. ACTIV_ERROR_UNKNOWN_NAME if max_tier names no tier. */
ACTIV_API activ_status activ_context_create(const activ_context_options *options, activ_context **out);
ACTIV_API void activ_context_destroy(activ_context *context); /* NULL is allowed */

/* The tier that objects of this context use. Static storage. */
ACTIV_API const char *activ_context_tier(const activ_context *context);

#ifdef __cplusplus
}
#endif

#endif
