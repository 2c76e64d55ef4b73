/* oneDNN: eltwise, softmax and logsoftmax primitives, forward_inference and backward_data, on the caller's arrays as
 * memory of one or two dimensions. Primitive, stream and arguments are made once; a run is one dnnl_primitive_execute,
 * oneDNN's shortest call. Derivatives are computed from x, those of a softmax from y. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <oneapi/dnnl/dnnl.h>

#include "peers.h"

#if DNNL_VERSION_MAJOR != 2
#    error "written for the primitive descriptors of oneDNN 2.x"
#endif

typedef struct {
    bench_job base;
    dnnl_primitive_t primitive;
    dnnl_memory_t in, grad, out;
    dnnl_exec_arg_t arguments[3];
    int count;
} dnnl_job;

static const struct {
    const char *name, *algorithm;
    dnnl_alg_kind_t kind;
    float alpha;
} algorithms[] = {
    { "relu", "relu", dnnl_eltwise_relu, 0.0f },
    { "leaky_relu", "relu(0.01)", dnnl_eltwise_relu, 0.01f },
    { "prelu", "relu(0.25)", dnnl_eltwise_relu, 0.25f }, /* the same arithmetic: prelu's slope before training */
    { "sigmoid", "logistic", dnnl_eltwise_logistic, 0.0f },
    { "tanh", "tanh", dnnl_eltwise_tanh, 0.0f },
    { "gelu", "gelu_erf", dnnl_eltwise_gelu_erf, 0.0f },
    { "gelu_tanh", "gelu_tanh", dnnl_eltwise_gelu_tanh, 0.0f },
    { "silu", "swish", dnnl_eltwise_swish, 1.0f },
    { "mish", "mish", dnnl_eltwise_mish, 0.0f },
    { "elu", "elu", dnnl_eltwise_elu, 1.0f },
    { "softplus", "soft_relu", dnnl_eltwise_soft_relu, 0.0f },
    { "hardswish", "hardswish", dnnl_eltwise_hardswish, 0.0f },
};

static dnnl_engine_t engine;
static dnnl_stream_t stream;

static const char *isa_name(dnnl_cpu_isa_t isa)
{
    switch ((unsigned)isa) {
    case dnnl_cpu_isa_sse41:
        return "sse41";
    case dnnl_cpu_isa_avx:
        return "avx";
    case dnnl_cpu_isa_avx2:
        return "avx2";
    case dnnl_cpu_isa_avx2_vnni:
        return "avx2_vnni";
    case dnnl_cpu_isa_avx512_core:
        return "avx512_core";
    case dnnl_cpu_isa_avx512_core_vnni:
        return "avx512_core_vnni";
    case dnnl_cpu_isa_avx512_core_bf16:
        return "avx512_core_bf16";
    case dnnl_cpu_isa_avx512_core_amx:
        return "avx512_core_amx";
    default:
        return "another instruction set";
    }
}

static const char *describe(void)
{
    static char text[96];
    const dnnl_version_t *version = dnnl_version();
    if (dnnl_engine_create(&engine, dnnl_cpu, 0) != dnnl_success ||
        dnnl_stream_create(&stream, engine, dnnl_stream_default_flags) != dnnl_success)
        return "oneDNN: no CPU engine";
    snprintf(text, sizeof text, "oneDNN %d.%d.%d (%s)", version->major, version->minor, version->patch,
             isa_name(dnnl_get_effective_cpu_isa()));
    return text;
}

static void run(bench_job *base)
{
    dnnl_job *job = (dnnl_job *)base;
    dnnl_primitive_execute(job->primitive, stream, job->count, job->arguments);
    dnnl_stream_wait(stream);
}

static void finish(bench_job *base)
{
    dnnl_job *job = (dnnl_job *)base;
    if (job->primitive)
        dnnl_primitive_destroy(job->primitive);
    if (job->in)
        dnnl_memory_destroy(job->in);
    if (job->grad)
        dnnl_memory_destroy(job->grad);
    if (job->out)
        dnnl_memory_destroy(job->out);
    free(job);
}

/* backward: NULL for the forward direction. */
static int create_primitive(dnnl_job *job, const_dnnl_op_desc_t forward, const_dnnl_op_desc_t backward)
{
    dnnl_primitive_desc_t hint = NULL, description = NULL;
    if (dnnl_primitive_desc_create(&hint, forward, NULL, engine, NULL) != dnnl_success)
        return 0;
    if (backward) {
        dnnl_primitive_desc_create(&description, backward, NULL, engine, hint);
    } else {
        description = hint;
        hint = NULL;
    }
    const char *implementation = "?";
    int made = 0;
    if (description) {
        dnnl_primitive_desc_query(description, dnnl_query_impl_info_str, 0, &implementation);
        size_t used = strlen(job->base.how);
        snprintf(job->base.how + used, sizeof job->base.how - used, " %s", implementation);
        made = dnnl_primitive_create(&job->primitive, description) == dnnl_success;
        dnnl_primitive_desc_destroy(description);
    }
    if (hint)
        dnnl_primitive_desc_destroy(hint);
    return made;
}

static const char *direction_name(int direction)
{
    return direction == BENCH_BACKWARD ? "backward_data" : "forward_inference";
}

static dnnl_prop_kind_t forward_kind(int direction)
{
    return direction == BENCH_BACKWARD ? dnnl_forward_training : dnnl_forward_inference;
}

static int create_eltwise(dnnl_job *job, const char *function, int direction, const dnnl_memory_desc_t *md)
{
    size_t a = 0;
    while (a < sizeof algorithms / sizeof algorithms[0] && strcmp(algorithms[a].name, function) != 0)
        a++;
    if (a == sizeof algorithms / sizeof algorithms[0])
        return 0;
    const dnnl_alg_kind_t kind = algorithms[a].kind;
    const float alpha = algorithms[a].alpha;
    dnnl_eltwise_desc_t forward, backward;
    snprintf(job->base.how, sizeof job->base.how, "eltwise_%s %s", algorithms[a].algorithm, direction_name(direction));
    return dnnl_eltwise_forward_desc_init(&forward, forward_kind(direction), kind, md, alpha, 0.0f) == dnnl_success &&
           dnnl_eltwise_backward_desc_init(&backward, kind, md, md, alpha, 0.0f) == dnnl_success &&
           create_primitive(job, &forward, direction == BENCH_BACKWARD ? &backward : NULL);
}

static int create_softmax(dnnl_job *job, const char *function, int direction, const dnnl_memory_desc_t *md)
{
    const int log = strcmp(function, "log_softmax") == 0;
    dnnl_softmax_desc_t forward, backward;
    if (!log && strcmp(function, "softmax") != 0)
        return 0;
    snprintf(job->base.how, sizeof job->base.how, "%ssoftmax %s", log ? "log" : "", direction_name(direction));
    job->base.from_y = direction == BENCH_BACKWARD;
    return (log ? dnnl_logsoftmax_forward_desc_init : dnnl_softmax_forward_desc_init)(&forward, forward_kind(direction),
                                                                                      md, 1) == dnnl_success &&
           (log ? dnnl_logsoftmax_backward_desc_init : dnnl_softmax_backward_desc_init)(&backward, md, md, 1) ==
               dnnl_success &&
           create_primitive(job, &forward, direction == BENCH_BACKWARD ? &backward : NULL);
}

static int describe_memory(const bench_arrays *arrays, dnnl_memory_desc_t *md)
{
    if (arrays->columns == 0) {
        dnnl_dims_t dims = { (dnnl_dim_t)arrays->n };
        return dnnl_memory_desc_init_by_tag(md, 1, dims, dnnl_f32, dnnl_a) == dnnl_success;
    }
    dnnl_dims_t dims = { (dnnl_dim_t)(arrays->n / arrays->columns), (dnnl_dim_t)arrays->columns };
    return dnnl_memory_desc_init_by_tag(md, 2, dims, dnnl_f32, dnnl_ab) == dnnl_success;
}

static bench_job *prepare(const char *function, int direction, const bench_arrays *arrays)
{
    dnnl_job *job = calloc(1, sizeof *job);
    dnnl_memory_desc_t md;
    if (!job)
        return NULL;
    if (!describe_memory(arrays, &md) ||
        !(arrays->columns > 0 ? create_softmax : create_eltwise)(job, function, direction, &md) ||
        dnnl_memory_create(&job->in, &md, engine, (void *)(job->base.from_y ? arrays->y : arrays->x)) != dnnl_success ||
        dnnl_memory_create(&job->grad, &md, engine, (void *)arrays->dy) != dnnl_success ||
        dnnl_memory_create(&job->out, &md, engine, arrays->out) != dnnl_success) {
        finish(&job->base);
        return NULL;
    }
    job->arguments[job->count++] = (dnnl_exec_arg_t){ job->base.from_y ? DNNL_ARG_DST : DNNL_ARG_SRC, job->in };
    if (direction == BENCH_BACKWARD) {
        job->arguments[job->count++] = (dnnl_exec_arg_t){ DNNL_ARG_DIFF_DST, job->grad };
        job->arguments[job->count++] = (dnnl_exec_arg_t){ DNNL_ARG_DIFF_SRC, job->out };
    } else {
        job->arguments[job->count++] = (dnnl_exec_arg_t){ DNNL_ARG_DST, job->out };
    }
    job->base.run = run;
    job->base.finish = finish;
    job->base.result = arrays->out;
    return &job->base;
}

const bench_peer bench_peer_dnnl = { "oneDNN", describe, prepare };
