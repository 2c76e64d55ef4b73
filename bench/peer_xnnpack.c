/* XNNPACK: its operators on the caller's arrays, set up once; a run is one xnn_run_operator without threads. It has few
 * of the functions and no backward. An elementwise operator gets n rows of one channel, which it takes for one array.
 *
 * It chooses its kernels when it is initialized, by what libcpuinfo found. No environment variable caps that, but the
 * findings are an exported variable (not a stable interface), which is changed before. In Debian 12's version (February
 * 2022) the exponentials of softmax are made by SSE2 on every CPU. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cpuinfo.h>
#include <xnnpack.h>

#include "peers.h"

typedef struct {
    bench_job base;
    xnn_operator_t operator;
} xnnpack_job;

static int is_ready;

static void cap_to_avx2(void)
{
#if CPUINFO_ARCH_X86_64
    /* XNNPACK asks for avx512f, and for some kernels for the others. */
    cpuinfo_isa.avx512f = cpuinfo_isa.avx512cd = cpuinfo_isa.avx512bw = false;
    cpuinfo_isa.avx512dq = cpuinfo_isa.avx512vl = false;
#endif
}

static const char *kernels(void)
{
#if CPUINFO_ARCH_X86_64
    return cpuinfo_has_x86_avx512f() ? "up to avx512" : cpuinfo_has_x86_avx2() ? "up to avx2" : "below avx2";
#else
    return "its own choice of kernels";
#endif
}

static const char *describe(void)
{
    static char text[64];
    is_ready = cpuinfo_initialize();
    if (is_ready && bench_is_capped())
        cap_to_avx2();
    is_ready = is_ready && xnn_initialize(NULL) == xnn_status_success;
    if (!is_ready)
        return "XNNPACK: not for this CPU";
    snprintf(text, sizeof text, "XNNPACK (%s)", kernels());
    return text;
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

/* ---- operators ---- */

typedef enum xnn_status setup_function(xnn_operator_t, size_t, const float *, float *, pthreadpool_t);

static enum xnn_status create_relu(size_t columns, xnn_operator_t *made)
{
    return xnn_create_clamp_nc_f32(columns, columns, columns, 0.0f, INFINITY, 0, made);
}

static enum xnn_status create_leaky_relu(size_t columns, xnn_operator_t *made)
{
    return xnn_create_leaky_relu_nc_f32(columns, columns, columns, 0.01f, 0, made);
}

static enum xnn_status create_hardswish(size_t columns, xnn_operator_t *made)
{
    return xnn_create_hardswish_nc_f32(columns, columns, columns, 0, made);
}

static enum xnn_status create_elu(size_t columns, xnn_operator_t *made)
{
    return xnn_create_elu_nc_f32(columns, columns, columns, 1.0f, 0, made);
}

static enum xnn_status create_sigmoid(size_t columns, xnn_operator_t *made)
{
    return xnn_create_sigmoid_nc_f32(columns, columns, columns, 0, made);
}

static enum xnn_status create_softmax(size_t columns, xnn_operator_t *made)
{
    return xnn_create_softmax_nc_f32(columns, columns, columns, 0, made);
}

static const struct {
    const char *name;
    int by_rows;
    enum xnn_status (*create)(size_t columns, xnn_operator_t *made);
    setup_function *setup;
    const char *how;
} operators[] = {
    { "relu", 0, create_relu, xnn_setup_clamp_nc_f32, "xnn_create_clamp_nc_f32(0, inf)" },
    { "leaky_relu", 0, create_leaky_relu, xnn_setup_leaky_relu_nc_f32, "xnn_create_leaky_relu_nc_f32(0.01)" },
    { "hardswish", 0, create_hardswish, xnn_setup_hardswish_nc_f32, "xnn_create_hardswish_nc_f32" },
    { "elu", 0, create_elu, xnn_setup_elu_nc_f32, "xnn_create_elu_nc_f32(1)" },
    { "sigmoid", 0, create_sigmoid, xnn_setup_sigmoid_nc_f32, "xnn_create_sigmoid_nc_f32" },
    { "softmax", 1, create_softmax, xnn_setup_softmax_nc_f32, "xnn_create_softmax_nc_f32" },
};
enum { OPERATORS = sizeof operators / sizeof operators[0] };

static bench_job *prepare(const char *function, int direction, const bench_arrays *arrays)
{
    const size_t columns = arrays->columns > 0 ? arrays->columns : 1;
    size_t o = 0;
    while (o < OPERATORS && strcmp(operators[o].name, function) != 0)
        o++;
    if (!is_ready || o == OPERATORS || direction != BENCH_FORWARD || operators[o].by_rows != (arrays->columns > 0))
        return NULL;
    xnnpack_job *job = calloc(1, sizeof *job);
    if (!job)
        return NULL;
    job->base.run = run;
    job->base.finish = finish;
    job->base.result = arrays->out;
    snprintf(job->base.how, sizeof job->base.how, "%s", operators[o].how);
    if (operators[o].create(columns, &job->operator) != xnn_status_success ||
        operators[o].setup(job->operator, arrays->n / columns, arrays->x, arrays->out, NULL) != xnn_status_success) {
        finish(&job->base);
        return NULL;
    }
    return &job->base;
}

const bench_peer bench_peer_xnnpack = { "XNNPACK", describe, prepare };
