/* A pool of threads that serves as an executor.
 *
 * All shared state is in one word, the gate: the number of the job (its generation), whether it is open, and how many
 * threads are inside. A thread enters by a compare-and-swap that needs an open gate, so a late one finds it closed and
 * never sees the next job's fields half written. Inside, threads take indices from an atomic counter. The caller works
 * too; when no index is left it closes the gate and waits for the threads inside, and for no others.
 *
 * So fork() is no special case: in the child no thread enters, and the caller does all the work. */
/* CMake defines ACTIV_NO_THREADS where it finds none. */
#if !defined(ACTIV_NO_THREADS) && defined(__wasm__) && !defined(_REENTRANT)
#    define ACTIV_NO_THREADS
#endif
#ifndef ACTIV_NO_THREADS
#    include "base/threads.h"
#endif

#include "activ/pool.h"

#include "base/host.h"
#include "base/text.h"

/* What a pool needs of a context: memory and log. */
static activ_host host_of(const activ_context *context)
{
    activ_host host;
    if (context)
        return context->host;
    activ_host_defaults(&host);
    return host;
}

#ifdef ACTIV_NO_THREADS

activ_status activ_pool_create_ex(const activ_context *context, size_t threads, activ_pool **out,
                                  activ_message *message)
{
    (void)threads;
    activ_host host = host_of(context);
    if (!out)
        return activ_host_fail(&host, message, ACTIV_ERROR_INVALID, "pool: out is NULL");
    return activ_host_fail(&host, message, ACTIV_ERROR_UNSUPPORTED, "pool: built without threads");
}

void activ_pool_destroy(activ_pool *pool)
{
    (void)pool;
}

const activ_executor *activ_pool_executor(const activ_pool *pool)
{
    (void)pool;
    return NULL;
}

#else

#    include <stdatomic.h>
#    include <stdint.h>

enum {
    MAX_THREADS = 256,
    /* Nanoseconds of spinning before a sleep. Waking a thread costs its caller some 5 to 60 microseconds, and the jobs
     * of a training step follow each other within this. */
    SPIN_NS = 100000,
};

/* The gate. The generation takes the remaining bits; it may wrap, as a thread that sleeps through a whole cycle only
 * misses jobs. */
#    define INSIDE 0x1ffu  /* how many of the pool's threads work on the job */
#    define OPEN 0x200u    /* more may enter */
#    define AWAITED 0x400u /* the caller sleeps until the last thread has left */
#    define ENDING 0x800u  /* the pool is being destroyed */
#    define GENERATION 0x1000u

struct activ_pool {
    /* Polled by waiting threads, written by each at most twice per job. */
    _Alignas(64) atomic_uint gate;
    void (*task)(void *argument, size_t i); /* of the open job */
    void *argument;
    size_t count;
    _Alignas(64) atomic_size_t next; /* the next index to take */
    _Alignas(64) atomic_flag busy;   /* held by the caller whose job runs */
    atomic_int asleep;               /* a thread may wait for `work`; changed with the lock held */
    pool_lock lock;
    pool_signal work; /* signals a new generation */
    pool_signal done; /* signals that the last thread has left an awaited job */
    int64_t spin_ns;
    pool_process process; /* the one that has the threads */
    activ_host host;
    activ_executor executor;
    size_t bytes; /* of this struct with its array */
    size_t started;
    pool_thread thread[];
};

/* ---- waiting ----------------------------------------------------------------------------- */

/* Bounded spinning before a sleep: while (spin(&wait, pool->spin_ns)). */
typedef struct spin_wait {
    unsigned iterations;
    int64_t end;
} spin_wait;

static int spin(spin_wait *wait, int64_t spin_ns)
{
    if (spin_ns == 0)
        return 0;
    cpu_pause();
    if (++wait->iterations % 16 != 0)
        return 1; /* reading the clock takes longer than an iteration */
    int64_t now = now_ns();
    if (wait->end == 0)
        wait->end = now + spin_ns;
    return now < wait->end;
}

/* The generation with ENDING, which no thread may miss even if the count has wrapped around to the one it saw. */
static unsigned generation_of(unsigned gate)
{
    return gate & ~(ENDING - 1);
}

static void wait_for_another_generation(activ_pool *pool, unsigned seen)
{
    spin_wait wait = { 0, 0 };
    do {
        if (generation_of(atomic_load_explicit(&pool->gate, memory_order_relaxed)) != seen)
            return;
    } while (spin(&wait, pool->spin_ns));
    pool_lock_take(&pool->lock);
    /* This thread sets `asleep` and then checks the gate; a caller opens the gate and then checks `asleep`. So one of
     * them sees the other. Both write by an exchange: a store would do on any CPU, but qemu 7.2 lets a load pass it
     * where it emulates AArch64 on x86-64 (STLR, then LDAR). */
    for (;;) {
        (void)atomic_exchange(&pool->asleep, 1);
        if (generation_of(atomic_load(&pool->gate)) != seen)
            break;
        pool_signal_wait(&pool->work, &pool->lock);
    }
    pool_lock_leave(&pool->lock);
}

static int has_threads(const activ_pool *pool)
{
    return pool_process_is_here(&pool->process);
}

static void wake_sleepers(activ_pool *pool)
{
    /* In a child after fork() no thread sleeps, and the lock may be held forever. */
    if (!atomic_load(&pool->asleep) || !has_threads(pool))
        return;
    pool_lock_take(&pool->lock);
    atomic_store(&pool->asleep, 0);
    pool_signal_all(&pool->work);
    pool_lock_leave(&pool->lock);
}

static void wait_until_empty(activ_pool *pool)
{
    spin_wait wait = { 0, 0 };
    do {
        if ((atomic_load_explicit(&pool->gate, memory_order_acquire) & INSIDE) == 0)
            return;
    } while (spin(&wait, pool->spin_ns));
    pool_lock_take(&pool->lock);
    (void)atomic_fetch_or(&pool->gate, AWAITED);
    while ((atomic_load(&pool->gate) & INSIDE) != 0)
        pool_signal_wait(&pool->done, &pool->lock);
    pool_lock_leave(&pool->lock);
}

/* ---- jobs -------------------------------------------------------------------------------- */

static int enter(activ_pool *pool, unsigned *gate)
{
    do {
        if (!(*gate & OPEN))
            return 0;
    } while (!atomic_compare_exchange_weak(&pool->gate, gate, *gate + 1));
    return 1;
}

static void leave(activ_pool *pool)
{
    unsigned before = atomic_fetch_sub(&pool->gate, 1);
    if ((before & AWAITED) && (before & INSIDE) == 1) {
        pool_lock_take(&pool->lock);
        pool_signal_one(&pool->done);
        pool_lock_leave(&pool->lock);
    }
}

static void run_tasks(activ_pool *pool)
{
    size_t index;
    while ((index = atomic_fetch_add_explicit(&pool->next, 1, memory_order_relaxed)) < pool->count)
        pool->task(pool->argument, index);
}

static pool_result POOL_CALL worker(void *user)
{
    activ_pool *pool = user;
    unsigned gate = 0;
    for (;;) {
        wait_for_another_generation(pool, generation_of(gate));
        gate = atomic_load(&pool->gate);
        if (enter(pool, &gate)) {
            run_tasks(pool);
            leave(pool);
        }
        /* Checked last: `enter` may have reloaded the gate, and no generation follows the end. */
        if (gate & ENDING)
            return 0;
    }
}

/* Publishes a new generation with these bits. The gate has to be closed and empty. */
static void publish(activ_pool *pool, unsigned bits)
{
    (void)atomic_exchange(&pool->gate, generation_of(atomic_load(&pool->gate)) + GENERATION + bits);
    wake_sleepers(pool);
}

static void parallel_for(void *user, size_t count, void (*task)(void *argument, size_t i), void *argument)
{
    activ_pool *pool = user;
    /* Each thread increments `next` once more than it takes indices: it must not wrap around. */
    int is_serial = count < 2 || count > SIZE_MAX - MAX_THREADS || pool->started == 0;
    if (is_serial || atomic_flag_test_and_set_explicit(&pool->busy, memory_order_acquire)) {
        for (size_t i = 0; i < count; i++)
            task(argument, i);
        return;
    }
    pool->task = task;
    pool->argument = argument;
    pool->count = count;
    atomic_store_explicit(&pool->next, 0, memory_order_relaxed);
    publish(pool, OPEN);
    run_tasks(pool);
    (void)atomic_fetch_and(&pool->gate, ~OPEN);
    wait_until_empty(pool);
    atomic_flag_clear_explicit(&pool->busy, memory_order_release);
}

/* ---- the pool ---------------------------------------------------------------------------- */

static int make_locks(activ_pool *pool)
{
    if (!pool_lock_make(&pool->lock))
        return 0;
    if (pool_signal_make(&pool->work)) {
        if (pool_signal_make(&pool->done))
            return 1;
        pool_signal_end(&pool->work);
    }
    pool_lock_end(&pool->lock);
    return 0;
}

static void release(activ_pool *pool)
{
    activ_host host = pool->host;
    pool_process_end(&pool->process);
    activ_host_free(&host, pool, pool->bytes);
}

activ_status activ_pool_create_ex(const activ_context *context, size_t threads, activ_pool **out,
                                  activ_message *message)
{
    activ_host host = host_of(context);
    if (!out)
        return activ_host_fail(&host, message, ACTIV_ERROR_INVALID, "pool: out is NULL");
    if (threads > MAX_THREADS)
        return activ_host_fail(&host, message, ACTIV_ERROR_RANGE, "pool: there may be 256 threads at most");
    size_t cpus = usable_cpus();
    if (threads == 0)
        threads = cpus < MAX_THREADS ? cpus : MAX_THREADS;
    size_t bytes = sizeof(activ_pool) + (threads - 1) * sizeof(pool_thread);
    activ_pool *pool = activ_host_alloc(&host, bytes);
    if (!pool)
        return activ_host_fail(&host, message, ACTIV_ERROR_OUT_OF_MEMORY, "no memory for a pool");
    pool->host = host;
    pool->bytes = bytes;
    pool->process = pool_process_here();
    /* With more threads than CPUs, a spinning thread takes time from a working one. */
    pool->spin_ns = threads <= cpus ? SPIN_NS : 0;
    pool->executor.size = sizeof pool->executor;
    pool->executor.user = pool;
    pool->executor.num_threads = (int32_t)threads;
    pool->executor.parallel_for = parallel_for;
    atomic_flag_clear(&pool->busy);
    if (!make_locks(pool)) {
        release(pool);
        return activ_host_fail(&host, message, ACTIV_ERROR_OUT_OF_MEMORY, "pool: the system cannot create locks");
    }
    pool->started = pool_threads_start(pool->thread, threads - 1, worker, pool);
    if (pool->started < threads - 1) {
        activ_pool_destroy(pool);
        return activ_host_fail(&host, message, ACTIV_ERROR_OUT_OF_MEMORY, "pool: the system cannot start more threads");
    }
    *out = pool;
    return ACTIV_OK;
}

void activ_pool_destroy(activ_pool *pool)
{
    if (!pool)
        return;
    if (has_threads(pool)) {
        publish(pool, ENDING);
        for (size_t i = 0; i < pool->started; i++)
            pool_thread_join(pool->thread[i]);
        pool_signal_end(&pool->done);
        pool_signal_end(&pool->work);
        pool_lock_end(&pool->lock);
    }
    release(pool);
}

const activ_executor *activ_pool_executor(const activ_pool *pool)
{
    return pool ? &pool->executor : NULL;
}

#endif

activ_status activ_pool_create(const activ_context *context, size_t threads, activ_pool **out)
{
    return activ_pool_create_ex(context, threads, out, NULL);
}
