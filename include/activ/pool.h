/* libactiv: threads, for a host that has none of its own to lend.
 *
 * The library never starts a thread by itself. A pool is an executor (context.h) that does; what a context made with it
 * computes is the same to the last bit as without:
 *
 *     activ_pool *pool;
 *     activ_context *context;
 *     activ_context_options options = ACTIV_CONTEXT_DEFAULTS;
 *     if (activ_pool_create(NULL, 0, &pool) != ACTIV_OK) return 1;
 *     options.executor = activ_pool_executor(pool);
 *     if (activ_context_create(&options, &context) != ACTIV_OK) return 1;
 *     ...                                                  // objects made from the context use the pool
 *     activ_context_destroy(context);
 *     activ_pool_destroy(pool);                            // after all of these objects
 *
 * Thread safety: any number of threads may use the executor of one pool at the same time; one of them destroys the pool
 * when nobody uses it any more.
 */
#ifndef ACTIV_POOL_H
#define ACTIV_POOL_H

#include <stddef.h>

#include "context.h"
#include "export.h"
#include "status.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct activ_pool activ_pool;

/* A pool in which `threads` threads, at most 256, work at the same time: the one that calls, and threads - 1 that are
 * started here. 0: as many as there are CPUs that this process may run on. Memory and log are the context's. The caller
 * destroys *out.
 *
 * A thread without work spins for a tenth of a millisecond (not where threads outnumber CPUs) and then sleeps. It
 * blocks all signals but those that its own instructions raise (SIGSEGV, SIGFPE ...); its floating-point mode is that
 * of the thread that made the pool.
 *
 * ACTIV_ERROR_INVALID: NULL; ACTIV_ERROR_RANGE: more than 256; ACTIV_ERROR_OUT_OF_MEMORY: no memory, or the system
 * starts no more threads; ACTIV_ERROR_UNSUPPORTED: built without threads. */
ACTIV_API activ_status activ_pool_create(const activ_context *context, size_t threads, activ_pool **out);
ACTIV_API activ_status activ_pool_create_ex(const activ_context *context, size_t threads, activ_pool **out,
                                            activ_message *message);

/* Waits for the threads to end. Whatever uses the pool has to be gone before; never call it from a task of the pool.
 * NULL is allowed. */
ACTIV_API void activ_pool_destroy(activ_pool *pool);

/* The pool's executor, for activ_context_options; it belongs to the pool. NULL for NULL: a context then has no threads.
 *
 * While one parallel_for runs, every other, from another thread or from inside of a task, does all its work in the
 * thread that calls it; so none ever waits for another.
 *
 * In a child after fork() the threads do not exist: there the calling thread does all the work, and activ_pool_destroy
 * only frees memory. A task itself must not fork and go on in the child. */
ACTIV_API const activ_executor *activ_pool_executor(const activ_pool *pool);

#ifdef __cplusplus
}
#endif

#endif
