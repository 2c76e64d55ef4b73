/* Threads of POSIX: see threads.h. */
#ifndef ACTIV_BASE_THREADS_POSIX_H
#define ACTIV_BASE_THREADS_POSIX_H

/* For sched_getaffinity, and the number of CPUs, which no standard has. BSDs show it if nothing is asked for. */
#if defined(__linux__)
#    define _GNU_SOURCE
#elif defined(__APPLE__)
#    define _DARWIN_C_SOURCE
#elif !defined(__FreeBSD__) && !defined(__NetBSD__) && !defined(__OpenBSD__) && !defined(__DragonFly__)
#    define _POSIX_C_SOURCE 200809L
#endif

#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

typedef pthread_mutex_t pool_lock;
typedef pthread_cond_t pool_signal;
typedef pthread_t pool_thread;
typedef void *pool_result;
#define POOL_CALL

static int pool_lock_make(pool_lock *lock)
{
    return pthread_mutex_init(lock, NULL) == 0;
}

static void pool_lock_end(pool_lock *lock)
{
    (void)pthread_mutex_destroy(lock);
}

static void pool_lock_take(pool_lock *lock)
{
    (void)pthread_mutex_lock(lock);
}

static void pool_lock_leave(pool_lock *lock)
{
    (void)pthread_mutex_unlock(lock);
}

static int pool_signal_make(pool_signal *signal)
{
    return pthread_cond_init(signal, NULL) == 0;
}

static void pool_signal_end(pool_signal *signal)
{
    (void)pthread_cond_destroy(signal);
}

static void pool_signal_one(pool_signal *signal)
{
    (void)pthread_cond_signal(signal);
}

static void pool_signal_all(pool_signal *signal)
{
    (void)pthread_cond_broadcast(signal);
}

static void pool_signal_wait(pool_signal *signal, pool_lock *lock)
{
    (void)pthread_cond_wait(signal, lock);
}

/* New threads inherit the signal mask: they handle no signals, but for those that their own instructions raise, which a
 * host's crash handler wants to see. */
static size_t pool_threads_start(pool_thread *threads, size_t count, pool_result (*run)(void *), void *argument)
{
    static const int own[] = { SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP, SIGSYS, SIGABRT };
    size_t started = 0;
    sigset_t blocked, before;
    (void)sigfillset(&blocked);
    for (size_t i = 0; i < sizeof own / sizeof own[0]; i++)
        (void)sigdelset(&blocked, own[i]);
    if (pthread_sigmask(SIG_SETMASK, &blocked, &before) != 0)
        return 0;
    while (started < count && pthread_create(&threads[started], NULL, run, argument) == 0)
        started++;
    (void)pthread_sigmask(SIG_SETMASK, &before, NULL);
    return started;
}

static void pool_thread_join(pool_thread thread)
{
    (void)pthread_join(thread, NULL);
}

typedef struct pool_process {
    pid_t id;
    volatile unsigned char *mark; /* 1 in it, 0 in its children, whose PID may be the same: NULL if the system cannot */
} pool_process;

enum { MARK_BYTES = 1 };

/* The mark: memory that fork() gives to the child as zeros, with a 1 in it. A PID does not tell a child from its parent
 * where there are namespaces, or where numbers come round. */
static pool_process pool_process_here(void)
{
    pool_process here = { getpid(), NULL };
#ifdef MADV_WIPEONFORK
    unsigned char *mark = mmap(NULL, MARK_BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (mark == MAP_FAILED)
        return here;
    if (madvise(mark, MARK_BYTES, MADV_WIPEONFORK) == 0) {
        *mark = 1;
        here.mark = mark;
    } else {
        (void)munmap(mark, MARK_BYTES);
    }
#endif
    return here;
}

static int pool_process_is_here(const pool_process *process)
{
    return getpid() == process->id && (!process->mark || *process->mark);
}

static void pool_process_end(pool_process *process)
{
    if (process->mark)
        (void)munmap((void *)(uintptr_t)process->mark, MARK_BYTES);
}

static int64_t now_ns(void)
{
    struct timespec t;
    (void)clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

static size_t usable_cpus(void)
{
#if defined(__linux__) && defined(CPU_COUNT)
    cpu_set_t set;
    if (sched_getaffinity(0, sizeof set, &set) == 0 && CPU_COUNT(&set) > 0)
        return (size_t)CPU_COUNT(&set);
#endif
    long count = sysconf(_SC_NPROCESSORS_ONLN);
    return count > 0 ? (size_t)count : 1;
}

static void cpu_pause(void)
{
#if defined(__x86_64__) || defined(__i386__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    __asm__ volatile("isb");
#endif
}

#endif
