/* The pool's own source, with random delays wherever threads meet: orders of events that hardly ever occur otherwise.
 * Each round is a pool of its own, a few jobs and its end at once. What hangs is killed by an alarm. */
#define _GNU_SOURCE
#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

/* Mostly none; else up to a thread's whole turn, or some 100 microseconds. */
static void delay(void)
{
    static atomic_uint threads;
    static _Thread_local uint32_t random;
    if (random == 0)
        random = 2654435761u * (atomic_fetch_add_explicit(&threads, 1, memory_order_relaxed) + 1);
    random = random * 1664525u + 1013904223u;
    switch (random >> 29) {
    case 0:
        (void)nanosleep(&(struct timespec){ .tv_nsec = (long)(random >> 9 & 0xffff) }, NULL);
        break;
    case 1:
        for (volatile uint32_t i = random >> 18 & 0x3ff; i > 0; i--)
            ;
        break;
    default:
        break;
    }
}

#undef atomic_load
#undef atomic_store
#undef atomic_exchange
#undef atomic_fetch_or
#undef atomic_fetch_and
#undef atomic_fetch_sub
#undef atomic_compare_exchange_weak
#define SEQ_CST memory_order_seq_cst
#define atomic_load(p) (delay(), atomic_load_explicit(p, SEQ_CST))
#define atomic_store(p, v) (delay(), atomic_store_explicit(p, v, SEQ_CST))
#define atomic_exchange(p, v) (delay(), atomic_exchange_explicit(p, v, SEQ_CST))
#define atomic_fetch_or(p, v) (delay(), atomic_fetch_or_explicit(p, v, SEQ_CST))
#define atomic_fetch_and(p, v) (delay(), atomic_fetch_and_explicit(p, v, SEQ_CST))
#define atomic_fetch_sub(p, v) (delay(), atomic_fetch_sub_explicit(p, v, SEQ_CST))
#define atomic_compare_exchange_weak(p, e, v) \
    (delay(), atomic_compare_exchange_weak_explicit(p, e, v, SEQ_CST, SEQ_CST))
#define pthread_mutex_lock(m) (delay(), (pthread_mutex_lock)(m))
#define pthread_mutex_unlock(m) (delay(), (pthread_mutex_unlock)(m))
#define pthread_cond_wait(c, m) (delay(), (pthread_cond_wait)(c, m))

/* Where there are more threads than CPUs, they sleep as soon as they find nothing to do. */
static size_t cpus_claimed;

static int claim_cpus(cpu_set_t *set)
{
    CPU_ZERO(set);
    for (size_t i = 0; i < cpus_claimed; i++)
        CPU_SET(i, set);
    return 0;
}

#define sched_getaffinity(process, size, set) claim_cpus(set)

#include "base/pool.c"

enum { MOST_INDICES = 9, SECONDS = 240 };

static void count_call(void *argument, size_t i)
{
    delay();
    ((unsigned *)argument)[i]++;
}

static void check_rounds(size_t rounds, size_t cpus)
{
    cpus_claimed = cpus;
    for (size_t round = 0; round < rounds; round++) {
        activ_pool *pool = NULL;
        assert_int_equal(activ_pool_create(NULL, 2 + round % 4, &pool), ACTIV_OK);
        for (size_t job = 0; job < round % 5; job++) {
            unsigned calls[MOST_INDICES] = { 0 };
            size_t count = 1 + (round + job) % MOST_INDICES;
            pool->executor.parallel_for(pool->executor.user, count, count_call, calls);
            for (size_t i = 0; i < MOST_INDICES; i++)
                assert_int_equal(calls[i], i < count);
        }
        activ_pool_destroy(pool);
    }
}

static void test_sleeping(void **state)
{
    (void)state;
    check_rounds(3000, 1);
}

static void test_looking(void **state)
{
    (void)state;
    check_rounds(3000, 8);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sleeping),
        cmocka_unit_test(test_looking),
    };
    (void)alarm(SECONDS);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
