/* Threads lent to the library: see threads.h. */
#include "support/threads.h"

#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>

typedef struct one_task {
    void (*task)(void *argument, size_t i);
    void *argument;
    size_t i;
} one_task;

static void *run_task(void *user)
{
    const one_task *one = user;
    one->task(one->argument, one->i);
    return NULL;
}

static void parallel_for(void *user, size_t count, void (*task)(void *argument, size_t i), void *argument)
{
    lent_threads *lent = user;
    lent->calls++;
    lent->tasks += count;
    lent->most = count > lent->most ? count : lent->most;
    while (count > 0) {
        pthread_t threads[MOST_THREADS];
        one_task tasks[MOST_THREADS];
        size_t started = 0;
        for (; started < MOST_THREADS && count > 0; started++) {
            tasks[started] = (one_task){ task, argument, --count };
            if (pthread_create(&threads[started], NULL, run_task, &tasks[started]) != 0)
                abort();
        }
        while (started > 0)
            pthread_join(threads[--started], NULL);
    }
}

activ_executor lend_threads(lent_threads *lent, size_t threads)
{
    return (activ_executor){
        .size = sizeof(activ_executor), .user = lent, .num_threads = (int32_t)threads, .parallel_for = parallel_for
    };
}
