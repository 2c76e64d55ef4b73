/* batch_norm: normalizes each channel, over all samples of the batch and all its values in each, to mean 0 and
 * variance 1, then applies the channel's weight and bias; evaluation uses running means and variances instead. Ioffe,
 * Szegedy 2015, with the details of PyTorch. The channels are the first dimension of a sample. */
#include "graph/layers/norm.h"

/* Its buffers, from first_buffer on. */
enum { RUNNING_MEAN, RUNNING_VAR };

enum { EPS, MOMENTUM };
static const activ_setting settings[] = {
    [EPS] = { .name = "eps", .kind = ACTIV_SETTING_KIND_REAL, .required = 1 },
    [MOMENTUM] = { .name = "momentum", .kind = ACTIV_SETTING_KIND_REAL, .required = 1 },
    { .name = NULL },
};

static activ_status build(activ_graph *g, graph_node *node)
{
    activ_status status = activ_norm_check(g, node, node->settings[EPS].single, node->settings[MOMENTUM].single);
    if (status == ACTIV_OK)
        status = activ_graph_copy_input_shape(g, node);
    if (status == ACTIV_OK)
        status = activ_graph_add_tensor(g, node, "weight", 1, node->shape);
    if (status == ACTIV_OK)
        status = activ_graph_add_tensor(g, node, "bias", 1, node->shape);
    if (status == ACTIV_OK)
        status = activ_graph_add_buffer(g, node, "running_mean", 1, node->shape);
    if (status == ACTIV_OK)
        status = activ_graph_add_buffer(g, node, "running_var", 1, node->shape);
    return status;
}

static size_t saved(const graph_node *node, size_t batch)
{
    (void)batch;
    return ACTIV_NORM_SAVED * node->shape[0];
}

/* One value has no variance; PyTorch refuses it too. */
static activ_status check_batch(activ_graph *g, const graph_node *node, size_t batch)
{
    if (batch > 1 || node->features > node->shape[0])
        return ACTIV_OK;
    return activ_graph_fail(g, ACTIV_ERROR_RANGE, node,
                            "training needs more than one value of each channel, but the batch is 1");
}

typedef struct batch_norm_job {
    const activ_kernels *kernels;
    activ_batch_norm whole;
    int training;
    const float *x, *dy;
    float *out; /* y or dx */
    float *running_mean, *running_var, *saved, *dweight, *dbias;
} batch_norm_job;

static batch_norm_job job_of(const graph_run *run, const graph_node *node)
{
    const activ_graph *g = run->graph;
    batch_norm_job job = {
        .kernels = run->kernels,
        .whole = {
            .rows = run->batch, .channels = node->shape[0], .length = node->features / node->shape[0],
            .weight = activ_graph_tensor_values(g, node->first_tensor),
            .bias = activ_graph_tensor_values(g, node->first_tensor + 1),
            .eps = node->settings[EPS].single, .momentum = node->settings[MOMENTUM].single,
        },
        .training = run->training,
        .x = activ_run_input(run, node, 0),
        .running_mean = activ_graph_buffer_values(g, node->first_buffer + RUNNING_MEAN),
        .running_var = activ_graph_buffer_values(g, node->first_buffer + RUNNING_VAR),
        .saved = run->training ? activ_run_saved(run, node) : NULL,
    };
    return job;
}

/* A part takes a range of channels. */
static activ_batch_norm part_of(const batch_norm_job *job, size_t parts, size_t part)
{
    activ_batch_norm b = job->whole;
    activ_range r = activ_range_of(b.channels, b.length > 1 ? 1 : 16, parts, part);
    b.first = r.first;
    b.end = r.first + r.count;
    return b;
}

static void forward_part(void *argument, size_t parts, size_t part)
{
    const batch_norm_job *job = argument;
    const activ_batch_norm b = part_of(job, parts, part);
    if (job->training)
        job->kernels->batch_norm_train(&b, job->x, job->out, job->running_mean, job->running_var, job->saved);
    else
        job->kernels->batch_norm(&b, job->running_mean, job->running_var, job->x, job->out);
}

static void forward(graph_run *run, const graph_node *node)
{
    batch_norm_job job = job_of(run, node);
    job.out = activ_run_output(run, node);
    activ_run_share(run, run->batch * node->features * ACTIV_WORK_ELEMENT, forward_part, &job);
}

static void backward_part(void *argument, size_t parts, size_t part)
{
    const batch_norm_job *job = argument;
    const activ_batch_norm b = part_of(job, parts, part);
    job->kernels->batch_norm_back(&b, job->saved, job->x, job->dy, job->out, job->dweight, job->dbias);
}

static void backward(graph_run *run, const graph_node *node, float *const *dx)
{
    batch_norm_job job = job_of(run, node);
    job.dy = activ_run_gradient(run, node);
    job.out = dx[0];
    job.dweight = activ_graph_tensor_gradient(run->graph, node->first_tensor);
    job.dbias = activ_graph_tensor_gradient(run->graph, node->first_tensor + 1);
    activ_run_share(run, run->batch * node->features * ACTIV_WORK_ELEMENT, backward_part, &job);
}

static void init(activ_graph *g, const graph_node *node, uint64_t seed)
{
    (void)seed;
    float *weight = activ_graph_tensor_values(g, node->first_tensor);
    float *bias = activ_graph_tensor_values(g, node->first_tensor + 1);
    float *mean = activ_graph_buffer_values(g, node->first_buffer + RUNNING_MEAN);
    float *var = activ_graph_buffer_values(g, node->first_buffer + RUNNING_VAR);
    for (size_t i = 0; i < node->shape[0]; i++) {
        weight[i] = var[i] = 1.0f;
        bias[i] = mean[i] = 0.0f;
    }
}

const graph_kind activ_kind_batch_norm = {
    .name = "batch_norm",
    .inputs = 1,
    .numbered = 1,
    .reads_input = 1,
    .backward_in_place = 1,
    .forward_in_place = 1,
    .settings = settings,
    .build = build,
    .saved = saved,
    .check_batch = check_batch,
    .forward = forward,
    .backward = backward,
    .init = init,
};

activ_node activ_graph_batch_norm(activ_graph *g, activ_node x, const activ_norm_options *options)
{
    graph_node *node = activ_graph_new_node(g, &activ_kind_batch_norm, 1, &x);
    activ_norm_options own;
    if (!node || activ_norm_read_options(g, node, options, &own) != ACTIV_OK)
        return -1;
    node->settings[EPS] = activ_setting_of_float(own.eps);
    node->settings[MOMENTUM] = activ_setting_of_float(own.momentum);
    return activ_graph_build_node(g, node);
}
