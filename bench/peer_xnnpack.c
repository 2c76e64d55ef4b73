/* XNNPACK: its softmax operator on the caller's arrays, set up once; a run is one xnn_run_operator without threads. It
 * has no log_softmax and no backward. It chooses its kernels by its own CPU detection, which nothing caps; in Debian
 * 12's version (February 2022) the exponentials are made by SSE2 on every CPU. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <xnnpack.h>

#include "peers.h"

typedef struct {
    bench_job base;
    xnn_operator_t operator;
} xnnpack_job;

static int is_ready;

static const char *describe(void)
{
    is_ready = xnn_initialize(NULL) == xnn_status_success;
    return is_ready ? "XNNPACK (its own choice of kernels)" : "XNNPACK: not for this CPU";
}

static void run(bench_job *base)
{
    xnn_run_operator(((xnnpack_job *)base)->operator, NULL);
}

static void finish(bench_job *base)
{
    xnnpack_job *job = (xnnpack_job *)base;
    if (job->operator)
        xnn_delete_operator(job->operator);
    free(job);
}

static bench_job *prepare(const char *function, int direction, const bench_arrays *arrays)
{
    const size_t columns = arrays->columns;
    if (!is_ready || columns == 0 || direction != BENCH_FORWARD || strcmp(function, "softmax") != 0)
        return NULL;
    xnnpack_job *job = calloc(1, sizeof *job);
    if (!job)
        return NULL;
    job->base.run = run;
    job->base.finish = finish;
    job->base.result = arrays->out;
    snprintf(job->base.how, sizeof job->base.how, "xnn_create_softmax_nc_f32");
    if (xnn_create_softmax_nc_f32(columns, columns, columns, 0, &job->operator) != xnn_status_success ||
        xnn_setup_softmax_nc_f32(job->operator, arrays->n / columns, arrays->x, arrays->out, NULL) !=
            xnn_status_success) {
        finish(&job->base);
        return NULL;
    }
    return &job->base;
}

const bench_peer bench_peer_xnnpack = { "XNNPACK", describe, prepare };
