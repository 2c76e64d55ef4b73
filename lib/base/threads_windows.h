/* Threads of Windows, from Vista on: see threads.h. */
#ifndef ACTIV_BASE_THREADS_WINDOWS_H
#define ACTIV_BASE_THREADS_WINDOWS_H

#define WIN32_LEAN_AND_MEAN
#define NOMINMAX
#undef _WIN32_WINNT
#define _WIN32_WINNT 0x0600
#include <windows.h>
/* After it. */
#include <process.h>
#include <stddef.h>
#include <stdint.h>

typedef SRWLOCK pool_lock;
typedef CONDITION_VARIABLE pool_signal;

typedef HANDLE pool_thread;
typedef unsigned pool_result;
#define POOL_CALL __stdcall

static int pool_lock_make(pool_lock *lock)
{
    InitializeSRWLock(lock);
    return 1;
}

/* Neither these locks nor these signals hold anything of the system's. */
static void pool_lock_end(pool_lock *lock)
{
    (void)lock;
}

static void pool_lock_take(pool_lock *lock)
{
    AcquireSRWLockExclusive(lock);
}

static void pool_lock_leave(pool_lock *lock)
{
    ReleaseSRWLockExclusive(lock);
}

static int pool_signal_make(pool_signal *signal)
{
    InitializeConditionVariable(signal);
    return 1;
}

static void pool_signal_end(pool_signal *signal)
{
    (void)signal;
}

static void pool_signal_one(pool_signal *signal)
{
    WakeConditionVariable(signal);
}

static void pool_signal_all(pool_signal *signal)
{
    WakeAllConditionVariable(signal);
}

static void pool_signal_wait(pool_signal *signal, pool_lock *lock)
{
    (void)SleepConditionVariableSRW(signal, lock, INFINITE, 0);
}

/* Windows has no signals to keep away. _beginthreadex and not CreateThread: tasks may use the C library. */
static size_t pool_threads_start(pool_thread *threads, size_t count, pool_result(POOL_CALL *run)(void *),
                                 void *argument)
{
    size_t started = 0;
    while (started < count && (threads[started] = (HANDLE)_beginthreadex(NULL, 0, run, argument, 0, NULL)) != NULL)
        started++;
    return started;
}

static void pool_thread_join(pool_thread thread)
{
    (void)WaitForSingleObject(thread, INFINITE);
    (void)CloseHandle(thread);
}

/* There is no fork(). */
typedef char pool_process;

static pool_process pool_process_here(void)
{
    return 1;
}

static int pool_process_is_here(const pool_process *process)
{
    return *process;
}

static void pool_process_end(pool_process *process)
{
    (void)process;
}

/* Split, as the product would overflow after some days. */
static int64_t now_ns(void)
{
    LARGE_INTEGER ticks, per_second;
    (void)QueryPerformanceFrequency(&per_second);
    (void)QueryPerformanceCounter(&ticks);
    return ticks.QuadPart / per_second.QuadPart * 1000000000 +
           ticks.QuadPart % per_second.QuadPart * 1000000000 / per_second.QuadPart;
}

/* Of this process's group, which has 64 at most. */
static size_t usable_cpus(void)
{
    DWORD_PTR own = 0, all = 0;
    size_t count = 0;
    (void)GetProcessAffinityMask(GetCurrentProcess(), &own, &all);
    for (; own != 0; own &= own - 1)
        count++;
    return count > 0 ? count : 1;
}

static void cpu_pause(void)
{
    YieldProcessor();
}

#endif
