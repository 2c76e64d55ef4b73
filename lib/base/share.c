/* Splitting work among the host's threads. */
#include "base/share.h"

/* In multiplications; below, waking a thread costs more than it saves. */
#define WORTH_SHARING 200000

typedef struct shared_work {
    void (*task)(void *argument, size_t parts, size_t part);
    void *argument;
    size_t parts;
} shared_work;

static void run_part(void *argument, size_t part)
{
    const shared_work *work = argument;
    work->task(work->argument, work->parts, part);
}

void activ_share(const activ_host *host, size_t threads, size_t work,
                 void (*task)(void *argument, size_t parts, size_t part), void *argument)
{
    shared_work shared = { task, argument, work >= WORTH_SHARING ? threads : 1 };
    activ_host_parallel(host, shared.parts, run_part, &shared);
}

/* The first item of a unit; the last unit may be short. */
static size_t start_of(size_t index, size_t unit, size_t total)
{
    return index <= total / unit ? index * unit : total;
}

activ_range activ_range_of(size_t total, size_t unit, size_t parts, size_t part)
{
    size_t units = total / unit + (total % unit != 0), per_part = units / parts, remainder = units % parts;
    size_t first_unit = part * per_part + (part < remainder ? part : remainder);
    size_t first = start_of(first_unit, unit, total),
           end = start_of(first_unit + per_part + (part < remainder), unit, total);
    return (activ_range){ first, end - first };
}
