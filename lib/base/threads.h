/* What the pool needs of the system: threads, locks, a clock. Included first by the unit that uses it, as it says which
 * interfaces of the system are visible. One header for each kind of system defines
 *
 *   pool_lock                             a mutex; pool_lock_make returns 0 if the system has no more
 *   pool_signal                           a condition variable; the same. A wait may end without a signal
 *   pool_thread                           threads that handle none of the host's signals; pool_threads_start starts
 *                                         up to `count` and returns how many
 *   pool_result POOL_CALL                 what a thread's function returns, and how it is called
 *   pool_process                          the process that has the threads, as fork() copies everything else
 *   now_ns()                              a monotonic clock
 *   usable_cpus()                         those that this process may run on, at least 1
 *   cpu_pause()                           for loops that wait
 */
#ifndef ACTIV_BASE_THREADS_H
#define ACTIV_BASE_THREADS_H

#if defined(_WIN32)
#    include "base/threads_windows.h"
#else
#    include "base/threads_posix.h"
#endif

#endif
