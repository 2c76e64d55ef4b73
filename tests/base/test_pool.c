/* The pool of threads: every index once, whoever calls and from wherever; threads that sleep; children after
 * fork; memory and threads that run out. Run it with ThreadSanitizer too. */
#define _GNU_SOURCE
#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "activ/pool.h"
#include "support/memory.h"
#include "support/sanitized.h"

static const size_t thread_counts[] = { 1, 2, 3, 4, 8, 17 };
enum { THREAD_COUNTS = sizeof thread_counts / sizeof thread_counts[0] };

static activ_pool *create(size_t threads)
{
    activ_pool *pool = NULL;
    assert_int_equal(activ_pool_create(NULL, threads, &pool), ACTIV_OK);
    assert_non_null(pool);
    return pool;
}

static void run(const activ_pool *pool, size_t count, void (*task)(void *, size_t), void *argument)
{
    const activ_executor *executor = activ_pool_executor(pool);
    executor->parallel_for(executor->user, count, task, argument);
}

/* Plain numbers: the pool has to make them visible to the caller, or ThreadSanitizer complains. */
typedef struct counts {
    unsigned calls[3000];
} counts;

static void count_call(void *argument, size_t i)
{
    ((counts *)argument)->calls[i]++;
}

static int all_are(const counts *c, size_t count, unsigned value)
{
    for (size_t i = 0; i < count; i++)
        if (c->calls[i] != value)
            return 0;
    for (size_t i = count; i < sizeof c->calls / sizeof c->calls[0]; i++)
        if (c->calls[i] != 0)
            return 0;
    return 1;
}

static void test_every_index_once(void **state)
{
    (void)state;
    for (size_t t = 0; t < THREAD_COUNTS; t++) {
        activ_pool *pool = create(thread_counts[t]);
        const activ_executor *executor = activ_pool_executor(pool);
        assert_int_equal(executor->size, sizeof *executor);
        assert_int_equal(executor->num_threads, thread_counts[t]);
        for (size_t count = 0; count <= 3000; count += count / 3 + 1) {
            static counts c;
            memset(&c, 0, sizeof c);
            run(pool, count, count_call, &c);
            assert_true(all_are(&c, count, 1));
        }
        activ_pool_destroy(pool);
    }
}

/* Short jobs in a row: threads come late, and some jobs are over before any has come. */
static void test_many_jobs(void **state)
{
    (void)state;
    for (size_t t = 1; t < THREAD_COUNTS; t++) {
        activ_pool *pool = create(thread_counts[t]);
        counts c[2];
        memset(c, 0, sizeof c);
        for (unsigned job = 0; job < 4000; job++)
            run(pool, 2 + job % 2, count_call, &c[job % 2]);
        assert_true(all_are(&c[0], 2, 2000) && all_are(&c[1], 3, 2000));
        activ_pool_destroy(pool);
    }
}

static void nap(long milliseconds)
{
    nanosleep(&(struct timespec){ .tv_nsec = milliseconds * 1000000 }, NULL);
}

/* Threads that have to be woken for each job, and a caller that has to be woken at its end. */
static void slow_call(void *argument, size_t i)
{
    nap((long)i % 3);
    count_call(argument, i);
}

static void test_sleepers(void **state)
{
    (void)state;
    for (size_t t = 1; t < THREAD_COUNTS; t++) {
        activ_pool *pool = create(thread_counts[t]);
        counts c;
        memset(&c, 0, sizeof c);
        for (unsigned job = 0; job < 15; job++) {
            nap(2);
            run(pool, 5, slow_call, &c);
        }
        assert_true(all_are(&c, 5, 15));
        activ_pool_destroy(pool);
    }
}

/* ---- the threads ------------------------------------------------------------------------- */

typedef struct meeting {
    size_t expected;
    atomic_size_t arrived, misled;
    pthread_t caller;
} meeting;

/* A thread of the pool handles no signals, but for those that its own instructions raise. */
static int blocks_what_it_should(void)
{
    sigset_t blocked;
    pthread_sigmask(SIG_SETMASK, NULL, &blocked);
    for (int signal = 1; signal < 32; signal++) {
        int own = signal == SIGSEGV || signal == SIGBUS || signal == SIGFPE || signal == SIGILL || signal == SIGTRAP ||
                  signal == SIGSYS || signal == SIGABRT;
        if (signal != SIGKILL && signal != SIGSTOP && sigismember(&blocked, signal) == own)
            return 0;
    }
    return 1;
}

/* Returns when all have come: each has to be in a thread of its own. */
static void meet(void *argument, size_t i)
{
    (void)i;
    meeting *m = argument;
    if (!pthread_equal(pthread_self(), m->caller) && !blocks_what_it_should())
        atomic_fetch_add(&m->misled, 1);
    atomic_fetch_add(&m->arrived, 1);
    for (int looks = 0; atomic_load(&m->arrived) < m->expected && looks < 20000; looks++)
        nap(1);
}

static void test_all_threads_work(void **state)
{
    (void)state;
    sigset_t before, after;
    pthread_sigmask(SIG_SETMASK, NULL, &before);
    for (size_t t = 0; t < THREAD_COUNTS; t++) {
        activ_pool *pool = create(thread_counts[t]);
        for (int round = 0; round < 3; round++) {
            meeting m = { .expected = thread_counts[t], .caller = pthread_self() };
            run(pool, m.expected, meet, &m);
            assert_int_equal(m.arrived, m.expected);
            assert_int_equal(m.misled, 0);
        }
        activ_pool_destroy(pool);
    }
    pthread_sigmask(SIG_SETMASK, NULL, &after);
    for (int signal = 1; signal < 32; signal++)
        assert_int_equal(sigismember(&after, signal), sigismember(&before, signal));
}

static double cpu_seconds(void)
{
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static void test_idle_threads_sleep(void **state)
{
    (void)state;
    for (size_t threads = 2; threads <= 16; threads *= 2) {
        activ_pool *pool = create(threads);
        meeting m = { .expected = threads, .caller = pthread_self() };
        run(pool, threads, meet, &m);
        double start = cpu_seconds();
        nap(200);
        /* One thread that looked for work all the time would have taken 0.2. */
        assert_true(cpu_seconds() - start < 0.02);
        activ_pool_destroy(pool);
    }
}

static void test_create_and_destroy(void **state)
{
    (void)state;
    for (size_t i = 0; i < 400; i++) {
        activ_pool *pool = create(1 + i % 9);
        if (i % 2) {
            counts c;
            memset(&c, 0, sizeof c);
            run(pool, i % 7, count_call, &c);
            assert_true(all_are(&c, i % 7, 1));
        }
        activ_pool_destroy(pool);
    }
    activ_pool_destroy(NULL);
}

/* Restricts this process to the first `count` of these CPUs, or to all if they are fewer. */
static int allow_cpus_of(const cpu_set_t *set, int count)
{
    cpu_set_t first;
    CPU_ZERO(&first);
    for (size_t cpu = 0; cpu < CPU_SETSIZE && CPU_COUNT(&first) < count; cpu++)
        if (CPU_ISSET(cpu, set))
            CPU_SET(cpu, &first);
    return sched_setaffinity(0, sizeof first, &first) == 0;
}

/* With more threads than CPUs they sleep as soon as they find nothing to do. One that misses the end of its pool is
 * waited for without end, and the alarm ends the test. */
static void test_end_while_falling_asleep(void **state)
{
    (void)state;
    cpu_set_t before;
    assert_int_equal(sched_getaffinity(0, sizeof before, &before), 0);
    (void)allow_cpus_of(&before, 2);
    for (unsigned round = 0; round < 5000; round++) {
        (void)alarm(60);
        activ_pool *pool = create(4);
        static counts c;
        for (unsigned job = 0; job < round % 3; job++)
            run(pool, 4, count_call, &c);
        for (volatile unsigned i = round % 97 * 8; i > 0; i--)
            ;
        activ_pool_destroy(pool);
    }
    (void)alarm(0);
    assert_int_equal(sched_setaffinity(0, sizeof before, &before), 0);
}

/* ---- several callers --------------------------------------------------------------------- */

typedef struct nest {
    const activ_pool *pool;
    counts inner[20];
} nest;

static void nested_call(void *argument, size_t i)
{
    nest *n = argument;
    run(n->pool, 30, count_call, &n->inner[i]);
}

static void test_nested(void **state)
{
    (void)state;
    for (size_t t = 0; t < THREAD_COUNTS; t++) {
        activ_pool *pool = create(thread_counts[t]);
        nest n;
        memset(&n, 0, sizeof n);
        n.pool = pool;
        for (int round = 0; round < 50; round++)
            run(pool, 20, nested_call, &n);
        for (int i = 0; i < 20; i++)
            assert_true(all_are(&n.inner[i], 30, 50));
        activ_pool_destroy(pool);
    }
}

typedef struct caller {
    const activ_pool *pool;
    counts c;
    nest n;
} caller;

static void *call_often(void *user)
{
    caller *c = user;
    for (int round = 0; round < 300; round++) {
        run(c->pool, 20, count_call, &c->c);
        run(c->pool, 3, nested_call, &c->n);
    }
    return NULL;
}

static void test_several_callers(void **state)
{
    (void)state;
    for (size_t t = 0; t < THREAD_COUNTS; t++) {
        activ_pool *pool = create(thread_counts[t]);
        static caller callers[4];
        pthread_t threads[4];
        memset(callers, 0, sizeof callers);
        for (int i = 0; i < 4; i++) {
            callers[i].pool = callers[i].n.pool = pool;
            assert_int_equal(pthread_create(&threads[i], NULL, call_often, &callers[i]), 0);
        }
        for (int i = 0; i < 4; i++) {
            assert_int_equal(pthread_join(threads[i], NULL), 0);
            assert_true(all_are(&callers[i].c, 20, 300));
            for (int k = 0; k < 3; k++)
                assert_true(all_are(&callers[i].n.inner[k], 30, 300));
        }
        activ_pool_destroy(pool);
    }
}

/* ---- fork -------------------------------------------------------------------------------- */

/* What the child does with its parent's pool; a hang is ended by the alarm. */
static _Noreturn void child(activ_pool *pool)
{
    counts c;
    memset(&c, 0, sizeof c);
    alarm(60);
    for (int round = 0; round < 100; round++)
        run(pool, 40, count_call, &c);
    activ_pool_destroy(pool);
    _exit(all_are(&c, 40, 100) ? 0 : 1);
}

static void assert_child_succeeds(activ_pool *pool)
{
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0)
        child(pool);
    int status = -1;
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(status, 0);
}

typedef struct background {
    const activ_pool *pool;
    atomic_int stop;
} background;

static void *call_until_stopped(void *user)
{
    background *b = user;
    counts c;
    memset(&c, 0, sizeof c);
    while (!atomic_load(&b->stop))
        run(b->pool, 25, count_call, &c);
    return NULL;
}

static void test_fork(void **state)
{
    (void)state;
    for (size_t t = 0; t < THREAD_COUNTS; t++) {
        activ_pool *pool = create(thread_counts[t]);
        assert_child_succeeds(pool);
        for (int round = 0; round < 5; round++) {
            counts c;
            memset(&c, 0, sizeof c);
            run(pool, 20, count_call, &c); /* then the threads look for work, or already sleep */
            if (round % 2)
                nap(5);
            assert_child_succeeds(pool);
            run(pool, 20, count_call, &c); /* the parent's threads are still there */
            assert_true(all_are(&c, 20, 2));
        }
        /* Another thread's job runs while this one forks. */
        background b = { .pool = pool };
        pthread_t thread;
        assert_int_equal(pthread_create(&thread, NULL, call_until_stopped, &b), 0);
        for (int round = 0; round < 10; round++)
            assert_child_succeeds(pool);
        atomic_store(&b.stop, 1);
        assert_int_equal(pthread_join(thread, NULL), 0);
        activ_pool_destroy(pool);
    }
}

/* A process whose PID is 1, in a namespace of its own: -1 if that is not allowed. */
static pid_t fork_as_first(void)
{
    return unshare(CLONE_NEWPID) == 0 || unshare(CLONE_NEWUSER | CLONE_NEWPID) == 0 ? fork() : -1;
}

static int exit_code(pid_t pid)
{
    int status = -1;
    return waitpid(pid, &status, 0) == pid && WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

enum { IMPOSSIBLE_HERE = 77 };

static void end_with_failure(int signal)
{
    (void)signal;
    _exit(1);
}

/* An emulator may say that it does, and not do it. */
static int system_wipes_on_fork(void)
{
    unsigned char *mark = mmap(NULL, 1, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (mark == MAP_FAILED)
        return 0;
    *mark = 1;
    pid_t pid = madvise(mark, 1, MADV_WIPEONFORK) == 0 ? fork() : -1;
    if (pid == 0)
        _exit(*mark);
    int wipes = pid > 0 && exit_code(pid) == 0;
    (void)munmap(mark, 1);
    return wipes;
}

/* The child of a process 1, which is process 1 of another namespace: its PID tells nothing. */
static void test_fork_with_the_same_pid(void **state)
{
    (void)state;
    if (!system_wipes_on_fork())
        skip();
    pid_t outer = fork(); /* which leaves this process in its namespace */
    assert_true(outer >= 0);
    if (outer == 0) {
        pid_t first = fork_as_first();
        if (first == 0) {
            activ_pool *pool = NULL;
            if (activ_pool_create(NULL, 3, &pool) != ACTIV_OK)
                _exit(1);
            nap(5); /* the threads sleep */
            pid_t second = fork_as_first();
            if (second == 0 && getpid() == 1) {
                (void)signal(SIGALRM, end_with_failure); /* a process 1 is not ended by it */
                child(pool);
            }
            int code = second < 0 ? IMPOSSIBLE_HERE : exit_code(second);
            activ_pool_destroy(pool);
            _exit(code);
        }
        _exit(first < 0 ? IMPOSSIBLE_HERE : exit_code(first));
    }
    int code = exit_code(outer);
    if (code == IMPOSSIBLE_HERE)
        skip();
    assert_int_equal(code, 0);
}

/* ---- arguments, memory ------------------------------------------------------------------- */

static void test_arguments(void **state)
{
    (void)state;
    activ_pool *const untouched = (activ_pool *)(void *)&state, *pool = untouched;
    assert_null(activ_pool_executor(NULL));
    assert_int_equal(activ_pool_create(NULL, 2, NULL), ACTIV_ERROR_INVALID);
    static const size_t too_many[] = { 257, 1000000, SIZE_MAX };
    for (size_t i = 0; i < sizeof too_many / sizeof too_many[0]; i++)
        assert_int_equal(activ_pool_create(NULL, too_many[i], &pool), ACTIV_ERROR_RANGE);
    assert_ptr_equal(pool, untouched);

    /* 0: the CPUs that are allowed, not those that there are. */
    cpu_set_t before;
    assert_int_equal(sched_getaffinity(0, sizeof before, &before), 0);
    pool = create(0);
    assert_int_equal(activ_pool_executor(pool)->num_threads, CPU_COUNT(&before));
    activ_pool_destroy(pool);
    if (allow_cpus_of(&before, 1)) {
        pool = create(0);
        assert_int_equal(activ_pool_executor(pool)->num_threads, 1);
        activ_pool_destroy(pool);
        assert_int_equal(sched_setaffinity(0, sizeof before, &before), 0);
    }
}

static size_t log_lines;

static void count_line(void *user, activ_status status, const char *line)
{
    (void)user;
    assert_true(status == ACTIV_ERROR_OUT_OF_MEMORY);
    assert_true(strstr(line, "threads") || strstr(line, "memory"));
    log_lines++;
}

static activ_context *context_on(test_memory *memory)
{
    activ_allocator allocator = test_allocator(memory);
    activ_context_options options = { .size = sizeof options, .allocator = &allocator, .log = count_line };
    activ_context *context = NULL;
    assert_int_equal(activ_context_create(&options, &context), ACTIV_OK);
    return context;
}

static void test_no_memory(void **state)
{
    (void)state;
    test_memory memory = { 0 };
    activ_context *context = context_on(&memory);
    activ_pool *pool = NULL;
    assert_int_equal(activ_pool_create(context, 3, &pool), ACTIV_OK);
    size_t calls = memory.calls;
    counts c;
    memset(&c, 0, sizeof c);
    run(pool, 100, count_call, &c);
    assert_int_equal(memory.calls, calls); /* all memory comes at the start, and from the context */
    assert_true(memory.live == 2);
    activ_pool_destroy(pool);
    assert_int_equal(memory.live, 1);
    pool = NULL;
    for (memory.fail_at = 1;; memory.fail_at++) {
        memory.calls = 0;
        activ_status status = activ_pool_create(context, 3, &pool);
        if (status == ACTIV_OK)
            break;
        assert_int_equal(status, ACTIV_ERROR_OUT_OF_MEMORY);
        assert_null(pool);
        assert_int_equal(memory.live, 1);
    }
    assert_true(memory.fail_at > 1);
    activ_pool_destroy(pool);
    activ_context_destroy(context);
    assert_true(memory.live == 0 && memory.live_bytes == 0 && memory.mistakes == 0);
}

/* In a child, whose address space has no room for the stacks of so many threads. */
static void test_no_threads(void **state)
{
    (void)state;
#if SANITIZED
    skip(); /* it needs all of the address space for itself */
#else
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        test_memory memory = { 0 };
        activ_context *context = context_on(&memory);
        log_lines = 0;
        struct rlimit limit = { 200 << 20, 200 << 20 };
        activ_pool *pool = NULL;
        if (setrlimit(RLIMIT_AS, &limit) != 0 ||
            mmap(NULL, 2 * limit.rlim_cur, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) != MAP_FAILED)
            _exit(IMPOSSIBLE_HERE);
        alarm(60);
        activ_status status = activ_pool_create(context, 256, &pool);
        _exit(status == ACTIV_ERROR_OUT_OF_MEMORY && pool == NULL && memory.live == 1 && log_lines == 1 ? 0 : 1);
    }
    int status = -1;
    assert_int_equal(waitpid(pid, &status, 0), pid);
    if (WIFEXITED(status) && WEXITSTATUS(status) == IMPOSSIBLE_HERE)
        skip(); /* an emulator that does not know the limit */
    assert_int_equal(status, 0);
#endif
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_index_once),
        cmocka_unit_test(test_many_jobs),
        cmocka_unit_test(test_sleepers),
        cmocka_unit_test(test_all_threads_work),
        cmocka_unit_test(test_idle_threads_sleep),
        cmocka_unit_test(test_create_and_destroy),
        cmocka_unit_test(test_end_while_falling_asleep),
        cmocka_unit_test(test_nested),
        cmocka_unit_test(test_several_callers),
        cmocka_unit_test(test_fork),
        cmocka_unit_test(test_fork_with_the_same_pid),
        cmocka_unit_test(test_arguments),
        cmocka_unit_test(test_no_memory),
        cmocka_unit_test(test_no_threads),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
