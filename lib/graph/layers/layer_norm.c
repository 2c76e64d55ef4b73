/* layer_norm: normalizes the last dimensions of each sample to mean 0 and variance 1, then applies a weight and a bias
 * for each of their values. Ba, Kiros, Hinton 2016, with the details of PyTorch. */
#include "graph/layers/norm.h"

enum { AXIS, EPS }; /* axis: the first normalized dimension */
static const activ_setting settings[] = {
    [AXIS] = { .name = "axis", .kind = ACTIV_SETTING_KIND_COUNT, .required = 1, .maximum = ACTIV_MAX_DIMS - 1 },
    [EPS] = { .name = "eps", .kind = ACTIV_SETTING_KIND_REAL, .required = 1 },
    { .name = NULL },
};

static activ_status build(activ_graph *g, graph_node *node)
{
    activ_status status = activ_norm_check(g, node, node->settings[EPS].single, 1.0f);
    if (status == ACTIV_OK)
        status = activ_graph_copy_input_shape(g, node);
    if (status == ACTIV_OK)
        status = activ_graph_resolve_axis(g, node, AXIS);
    const size_t axis = status == ACTIV_OK ? activ_node_size(node, AXIS) : 0;
    if (status == ACTIV_OK)
        status = activ_graph_add_tensor(g, node, "weight", node->ndim - axis, node->shape + axis);
    if (status == ACTIV_OK)
        status = activ_graph_add_tensor(g, node, "bias", node->ndim - axis, node->shape + axis);
    return status;
}

/* Values that share a mean. */
static size_t columns(const graph_node *node)
{
    size_t count = 1;
    for (size_t i = activ_node_size(node, AXIS); i < node->ndim; i++)
        count *= node->shape[i];
    return count;
}

static size_t saved(const graph_node *node, size_t batch)
{
    return ACTIV_NORM_SAVED * batch * (node->features / columns(node));
}

typedef struct layer_norm_job {
    const activ_kernels *kernels;
    activ_layer_norm whole;
    const float *x, *dy;
    float *out; /* y or dx */
    float *saved, *dweight, *dbias;
} layer_norm_job;

static layer_norm_job job_of(const graph_run *run, const graph_node *node)
{
    const activ_graph *g = run->graph;
    size_t width = columns(node);
    layer_norm_job job = {
        .kernels = run->kernels,
        .whole = {
            .rows = run->batch * (node->features / width), .columns = width,
            .weight = activ_graph_tensor_values(g, node->first_tensor),
            .bias = activ_graph_tensor_values(g, node->first_tensor + 1),
            .eps = node->settings[EPS].single,
        },
        .x = activ_run_input(run, node, 0),
        .saved = run->training ? activ_run_saved(run, node) : NULL,
    };
    return job;
}

static void forward_part(void *argument, size_t parts, size_t part)
{
    const layer_norm_job *job = argument;
    activ_layer_norm l = job->whole;
    activ_range r = activ_range_of(l.rows, 1, parts, part);
    size_t at = r.first * l.columns;
    l.rows = r.count;
    job->kernels->layer_norm(&l, job->x + at, job->out + at,
                             job->saved ? job->saved + ACTIV_NORM_SAVED * r.first : NULL);
}

static void forward(graph_run *run, const graph_node *node)
{
    layer_norm_job job = job_of(run, node);
    job.out = activ_run_output(run, node);
    activ_run_share(run, run->batch * node->features * ACTIV_WORK_ELEMENT, forward_part, &job);
}

static void sums_part(void *argument, size_t parts, size_t part)
{
    const layer_norm_job *job = argument;
    activ_layer_norm l = job->whole;
    activ_range r = activ_range_of(l.columns, 16, parts, part);
    l.first = r.first;
    l.end = r.first + r.count;
    job->kernels->layer_norm_sums(&l, job->saved, job->x, job->dy, job->dweight, job->dbias);
}

static void backward_part(void *argument, size_t parts, size_t part)
{
    const layer_norm_job *job = argument;
    activ_layer_norm l = job->whole;
    activ_range r = activ_range_of(l.rows, 1, parts, part);
    size_t at = r.first * l.columns;
    l.rows = r.count;
    job->kernels->layer_norm_back(&l, job->saved + ACTIV_NORM_SAVED * r.first, job->x + at, job->dy + at,
                                  job->out + at);
}

static void backward(graph_run *run, const graph_node *node, float *const *dx)
{
    size_t work = run->batch * node->features * ACTIV_WORK_ELEMENT;
    layer_norm_job job = job_of(run, node);
    job.dy = activ_run_gradient(run, node);
    job.out = dx[0];
    job.dweight = activ_graph_tensor_gradient(run->graph, node->first_tensor);
    job.dbias = activ_graph_tensor_gradient(run->graph, node->first_tensor + 1);
    /* All sums first, as dx may alias dy. */
    activ_run_share(run, work, sums_part, &job);
    if (dx[0])
        activ_run_share(run, work, backward_part, &job);
}

static void init(activ_graph *g, const graph_node *node, uint64_t seed)
{
    (void)seed;
    float *weight = activ_graph_tensor_values(g, node->first_tensor);
    float *bias = activ_graph_tensor_values(g, node->first_tensor + 1);
    for (size_t i = 0; i < columns(node); i++) {
        weight[i] = 1.0f;
        bias[i] = 0.0f;
    }
}

const graph_kind activ_kind_layer_norm = {
    .name = "layer_norm",
    .inputs = 1,
    .numbered = 1,
    .reads_input = 1,
    .backward_in_place = 1,
    .forward_in_place = 1,
    .settings = settings,
    .build = build,
    .saved = saved,
    .forward = forward,
    .backward = backward,
    .init = init,
};

activ_node activ_graph_layer_norm(activ_graph *g, activ_node x, int32_t axis, const activ_norm_options *options)
{
    graph_node *node = activ_graph_new_node(g, &activ_kind_layer_norm, 1, &x);
    activ_norm_options own;
    if (!node || activ_norm_read_options(g, node, options, &own) != ACTIV_OK)
        return -1;
    node->settings[AXIS].number = axis;
    node->settings[EPS] = activ_setting_of_float(own.eps);
    return activ_graph_build_node(g, node);
}
