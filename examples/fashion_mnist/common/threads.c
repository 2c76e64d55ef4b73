/* A pool of threads that sleep on a condition variable until there is work: see threads.h.
 *
 * A training step is a dozen short jobs in a row, and waking a thread takes as long as one of them. So a
 * thread that runs out of work looks for more for a moment (some 100 microseconds) before it sleeps. */
#include "threads.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <unistd.h>

#define LOOKS 100000

struct thread_pool {
    pthread_mutex_t turn;         /* held by the caller whose job runs */
    pthread_mutex_t lock;         /* guards all that follows */
    pthread_cond_t work;          /* there are indices to take, or it is time to end */
    pthread_cond_t done;          /* all indices have been worked off */
    void (*task)(void *argument, size_t index);
    void *argument;
    size_t count;                 /* of the job */
    size_t next;                  /* the first index that nobody has taken */
    atomic_size_t finished;       /* changed with the lock held, also read without */
    bool ending;
    size_t sleepers;              /* threads that wait for `work` */
    size_t threads;               /* started, without the caller */
    atomic_uint jobs;             /* so many have begun; read without the lock */
    pthread_t thread[];
};

/* Takes indices until none is left. Called and left with the lock held. */
static void work_off(struct thread_pool *pool)
{
    while (pool->next < pool->count) {
        size_t index = pool->next++;
        (void)pthread_mutex_unlock(&pool->lock);
        pool->task(pool->argument, index);
        (void)pthread_mutex_lock(&pool->lock);
        if (++pool->finished == pool->count)
            (void)pthread_cond_signal(&pool->done);
    }
}

/* Looks for another job than number `seen` for a moment. Called without the lock. */
static void look_briefly(struct thread_pool *pool, unsigned seen)
{
    for (int i = 0; i < LOOKS; i++)
        if (atomic_load_explicit(&pool->jobs, memory_order_relaxed) != seen)
            return;
}

static void *worker(void *user)
{
    struct thread_pool *pool = user;
    (void)pthread_mutex_lock(&pool->lock);
    while (!pool->ending) {
        work_off(pool);
        unsigned seen = atomic_load(&pool->jobs);
        (void)pthread_mutex_unlock(&pool->lock);
        look_briefly(pool, seen);
        (void)pthread_mutex_lock(&pool->lock);
        if (!pool->ending && atomic_load(&pool->jobs) == seen) {
            pool->sleepers++;
            (void)pthread_cond_wait(&pool->work, &pool->lock);
            pool->sleepers--;
        }
    }
    (void)pthread_mutex_unlock(&pool->lock);
    return NULL;
}

static void parallel_for(void *user, size_t count, void (*task)(void *argument, size_t index), void *argument)
{
    struct thread_pool *pool = user;
    if (count == 0)
        return;
    (void)pthread_mutex_lock(&pool->turn);
    (void)pthread_mutex_lock(&pool->lock);
    pool->task = task;
    pool->argument = argument;
    pool->count = count;
    pool->next = 0;
    pool->finished = 0;
    (void)atomic_fetch_add(&pool->jobs, 1);
    if (count > 1 && pool->sleepers > 0)
        (void)pthread_cond_broadcast(&pool->work);
    work_off(pool);
    if (pool->finished < count) {
        (void)pthread_mutex_unlock(&pool->lock);
        for (int i = 0; i < LOOKS && atomic_load_explicit(&pool->finished, memory_order_relaxed) < count; i++)
            continue;
        (void)pthread_mutex_lock(&pool->lock);
    }
    while (pool->finished < count)
        (void)pthread_cond_wait(&pool->done, &pool->lock);
    (void)pthread_mutex_unlock(&pool->lock);
    (void)pthread_mutex_unlock(&pool->turn);
}

activ_status thread_pool_create(size_t count, struct thread_pool **out)
{
    size_t most = (SIZE_MAX - sizeof(struct thread_pool)) / sizeof(pthread_t);
    if (count == 0 || count > most)
        return ACTIV_ERROR_RANGE;
    struct thread_pool *pool = calloc(1, sizeof *pool + (count - 1) * sizeof pool->thread[0]);
    if (pool == NULL)
        return ACTIV_ERROR_OUT_OF_MEMORY;
    if (pthread_mutex_init(&pool->turn, NULL) != 0)
        goto fail_turn;
    if (pthread_mutex_init(&pool->lock, NULL) != 0)
        goto fail_lock;
    if (pthread_cond_init(&pool->work, NULL) != 0)
        goto fail_work;
    if (pthread_cond_init(&pool->done, NULL) != 0)
        goto fail_done;
    while (pool->threads < count - 1) {
        if (pthread_create(&pool->thread[pool->threads], NULL, worker, pool) != 0) {
            thread_pool_destroy(pool);
            return ACTIV_ERROR_OUT_OF_MEMORY;
        }
        pool->threads++;
    }
    *out = pool;
    return ACTIV_OK;

fail_done:
    (void)pthread_cond_destroy(&pool->work);
fail_work:
    (void)pthread_mutex_destroy(&pool->lock);
fail_lock:
    (void)pthread_mutex_destroy(&pool->turn);
fail_turn:
    free(pool);
    return ACTIV_ERROR_OUT_OF_MEMORY;
}

void thread_pool_destroy(struct thread_pool *pool)
{
    if (pool == NULL)
        return;
    (void)pthread_mutex_lock(&pool->lock);
    pool->ending = true;
    (void)atomic_fetch_add(&pool->jobs, 1);    /* nobody looks for work any longer */
    (void)pthread_cond_broadcast(&pool->work);
    (void)pthread_mutex_unlock(&pool->lock);
    for (size_t i = 0; i < pool->threads; i++)
        (void)pthread_join(pool->thread[i], NULL);
    (void)pthread_cond_destroy(&pool->done);
    (void)pthread_cond_destroy(&pool->work);
    (void)pthread_mutex_destroy(&pool->lock);
    (void)pthread_mutex_destroy(&pool->turn);
    free(pool);
}

activ_executor thread_pool_executor(struct thread_pool *pool)
{
    activ_executor executor = {
        .size = sizeof executor,
        .user = pool,
        .num_threads = (int32_t)(pool->threads + 1),
        .parallel_for = parallel_for,
    };
    return executor;
}

size_t online_cpus(void)
{
    long count = sysconf(_SC_NPROCESSORS_ONLN);
    return count > 0 ? (size_t)count : 1;
}
