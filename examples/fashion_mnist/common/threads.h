/* Threads for libactiv: a small pool that serves as the executor of a context. */
#ifndef EXAMPLES_THREADS_H
#define EXAMPLES_THREADS_H

#include <activ/activ.h>

struct thread_pool;

/* Starts count - 1 threads; the thread that asks for work does its share of it. ACTIV_ERROR_OUT_OF_MEMORY if
 * the system does not give them. */
activ_status thread_pool_create(size_t count, struct thread_pool **out);
void thread_pool_destroy(struct thread_pool *pool);

/* For activ_context_options; valid as long as the pool. Several threads may use it: they take turns. A
 * task must not use it again. */
activ_executor thread_pool_executor(struct thread_pool *pool);

/* How many CPUs are online; at least 1. */
size_t online_cpus(void);

#endif
