/* Eigen: its kernels for the best instruction set that the machine has and the cap allows (eigen_kernels.cpp). */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "eigen_kernels.h"
#include "peers.h"

typedef struct {
    bench_job base;
    const eigen_kernel *kernel;
    const bench_arrays *arrays;
} eigen_job;

static const eigen_kernels *chosen; /* NULL: none for this CPU */

static const char *choose(void)
{
#if defined(__x86_64__)
    const int avx2 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
    const int avx512 = avx2 && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq") &&
                       __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512bw");
    if (avx512 && !bench_is_capped()) {
        chosen = &bench_eigen_avx512;
        return "avx512";
    }
    chosen = avx2 ? &bench_eigen_avx2 : NULL;
    return "avx2";
#else
    chosen = &bench_eigen_baseline;
    return "the compiler's baseline";
#endif
}

static const char *describe(void)
{
    static char text[64];
    const char *instructions = choose();
    if (!chosen)
        return "Eigen: not for this CPU";
    snprintf(text, sizeof text, "Eigen %s (%s)", chosen->version, instructions);
    return text;
}

static void run(bench_job *base)
{
    const eigen_job *job = (const eigen_job *)base;
    job->kernel->forward(job->arrays->n, job->arrays->x, job->arrays->out);
}

static void finish(bench_job *base)
{
    free(base);
}

static bench_job *prepare(const char *function, int direction, const bench_arrays *arrays)
{
    const eigen_kernel *kernel = chosen ? chosen->kernels : NULL;
    while (kernel && kernel->name && strcmp(kernel->name, function) != 0)
        kernel++;
    if (!kernel || !kernel->name || direction != BENCH_FORWARD || arrays->columns > 0)
        return NULL;
    eigen_job *job = calloc(1, sizeof *job);
    if (!job)
        return NULL;
    job->base.run = run;
    job->base.finish = finish;
    job->base.result = arrays->out;
    job->kernel = kernel;
    job->arrays = arrays;
    snprintf(job->base.how, sizeof job->base.how, "%s", kernel->how);
    return &job->base;
}

const bench_peer bench_peer_eigen = { "Eigen", describe, prepare };
