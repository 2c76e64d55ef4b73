/* How bench_compare and bench_rows measure: turns of about 100 us, of which medians are taken. */
#ifndef ACTIV_BENCH_MEASURE_H
#define ACTIV_BENCH_MEASURE_H

#include <float.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "peers.h"

enum { MAX_ROUNDS = 1001 };

static const double TURN = 100e-6;

static inline double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static inline int compare_doubles(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static inline double median(const double *values, int count)
{
    static double sorted[MAX_ROUNDS];
    memcpy(sorted, values, (size_t)count * sizeof *values);
    qsort(sorted, (size_t)count, sizeof *sorted, compare_doubles);
    return sorted[count / 2];
}

/* The seconds of one run, the best of a few. */
static inline double one_run(bench_job *job)
{
    double best = DBL_MAX;
    for (int i = 0; i < 4; i++) {
        double start = now();
        job->run(job);
        double time = now() - start;
        best = time < best ? time : best;
    }
    return best;
}

/* Seconds per run. A short turn starts with a run that is not timed: it finds caches as others left them. */
static inline double turn(bench_job *job, long repeats)
{
    if (repeats > 1)
        job->run(job);
    double start = now();
    for (long r = 0; r < repeats; r++)
        job->run(job);
    return (now() - start) / (double)repeats;
}

#endif
