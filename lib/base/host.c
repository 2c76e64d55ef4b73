/* The host's memory, threads and log. */
#include "base/host.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/checked.h"
#include "base/rounding.h"
#include "base/text.h"

/* malloc, with its pointer stored before the aligned block, for free. Some C11 systems lack aligned_alloc. */
static void *default_alloc(void *user, size_t bytes, size_t alignment)
{
    (void)user;
    if (bytes > SIZE_MAX - alignment - sizeof(void *))
        return NULL;
    char *raw = malloc(bytes + alignment + sizeof(void *));
    if (!raw)
        return NULL;
    uintptr_t start = ((uintptr_t)raw + sizeof(void *) + alignment - 1) & ~(uintptr_t)(alignment - 1);
    char *memory = raw + (start - (uintptr_t)raw);
    memcpy(memory - sizeof raw, &raw, sizeof raw);
    return memory;
}

static void default_free(void *user, void *memory, size_t bytes)
{
    (void)user;
    (void)bytes;
    char *raw;
    memcpy(&raw, (char *)memory - sizeof raw, sizeof raw);
    free(raw);
}

void activ_host_defaults(activ_host *host)
{
    memset(host, 0, sizeof *host);
    host->allocator.size = sizeof host->allocator;
    host->allocator.alloc = default_alloc;
    host->allocator.free = default_free;
    host->executor.size = sizeof host->executor;
    host->executor.num_threads = 1;
}

void *activ_host_alloc_raw(const activ_host *host, size_t bytes)
{
    return bytes > 0 ? host->allocator.alloc(host->allocator.user, bytes, 64) : NULL;
}

void *activ_host_alloc(const activ_host *host, size_t bytes)
{
    void *memory = activ_host_alloc_raw(host, bytes);
    if (memory)
        memset(memory, 0, bytes);
    return memory;
}

void activ_host_free(const activ_host *host, void *memory, size_t bytes)
{
    if (memory)
        host->allocator.free(host->allocator.user, memory, bytes);
}

void *activ_host_grow(const activ_host *host, void *old, size_t used, size_t *capacity, size_t element_bytes)
{
    size_t new_capacity = *capacity ? 2 * *capacity : 16, bytes;
    if (!activ_checked_mul(new_capacity, element_bytes, &bytes))
        return NULL;
    void *array = activ_host_alloc(host, bytes);
    if (!array)
        return NULL;
    if (used > 0)
        memcpy(array, old, used * element_bytes);
    activ_host_free(host, old, *capacity * element_bytes);
    *capacity = new_capacity;
    return array;
}

activ_status activ_host_fail_pieces(const activ_host *host, activ_message *message, activ_status status,
                                    const char *const *pieces)
{
    activ_message own;
    activ_fail_pieces(&own, status, pieces);
    if (message)
        *message = own;
    if (host->log)
        host->log(host->log_user, status, own.text);
    return status;
}

typedef struct parallel_job {
    void (*task)(void *argument, size_t i);
    void *argument;
} parallel_job;

/* In a thread whose rounding mode is anyone's. */
static void run_task(void *argument, size_t i)
{
    const parallel_job *job = argument;
    const int rounding = activ_round_to_nearest();
    job->task(job->argument, i);
    activ_round_as(rounding);
}

void activ_host_parallel(const activ_host *host, size_t count, void (*task)(void *, size_t), void *argument)
{
    if (count > 1 && host->executor.parallel_for) {
        parallel_job job = { task, argument };
        host->executor.parallel_for(host->executor.user, count, run_task, &job);
        return;
    }
    for (size_t i = 0; i < count; i++)
        task(argument, i);
}
