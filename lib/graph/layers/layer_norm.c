/* layer_norm: the last dimensions of each sample get mean 0 and variance 1, then a weight and a bias for
 * each of their values. Ba, Kiros, Hinton 2016, with the details of PyTorch. */
#include "graph/layer.h"

static activ_status build(activ_graph *g, graph_node *node)
{
    activ_status status = activ_graph_take_one_shape(g, node);
    size_t ndim = node->ndim - node->axis;
    if (status == ACTIV_OK)
        status = activ_graph_add_tensor(g, node, "weight", ndim, node->shape + node->axis);
    if (status == ACTIV_OK)
        status = activ_graph_add_tensor(g, node, "bias", ndim, node->shape + node->axis);
    return status;
}

/* Values that share a mean. */
static size_t columns(const graph_node *node)
{
    size_t count = 1;
    for (size_t i = node->axis; i < node->ndim; i++)
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
    float *out;                 /* y or dx */
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
            .eps = node->eps,
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
    /* The sums first, all of them: dx may be dy. */
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

static void describe(const activ_graph *g, const graph_node *node, activ_text *text)
{
    (void)g;
    activ_text_add(text, ", axis=");
    activ_text_add_size(text, node->axis);
    activ_text_add(text, ", eps=");
    activ_text_add_float(text, node->eps);
}

static activ_node parse(activ_graph *g, const graph_line *line)
{
    activ_norm_options options = { .size = sizeof options };
    size_t axis;
    if (!activ_line_size(line, "axis", &axis) || axis >= ACTIV_MAX_DIMS ||
        !activ_line_float(line, "eps", &options.eps) || options.eps == 0.0f)
        return -1;
    return activ_graph_layer_norm(g, line->inputs[0], (int32_t)axis, &options);
}

const graph_kind activ_kind_layer_norm = {
    .name = "layer_norm",
    .inputs = 1,
    .numbered = 1,
    .reads_input = 1,
    .backward_in_place = 1,
    .forward_in_place = 1,
    .build = build,
    .saved = saved,
    .forward = forward,
    .backward = backward,
    .init = init,
    .describe = describe,
    .keys = { "axis", "eps" },
    .parse = parse,
};

activ_node activ_graph_layer_norm(activ_graph *g, activ_node x, int32_t axis, const activ_norm_options *options)
{
    graph_node *node = activ_graph_new_node(g, &activ_kind_layer_norm, 1, &x);
    if (!node || activ_graph_take_axis(g, node, axis) != ACTIV_OK ||
        activ_graph_take_norm_options(g, node, options) != ACTIV_OK)
        return -1;
    node->momentum = 0.0f;
    return activ_graph_build_node(g, node);
}
