/* dropout: training sets values to 0 with probability p and divides the others by 1 - p; evaluation copies. Srivastava
 * et al. 2014, in the inverted form of PyTorch. */
#include <string.h>

#include "graph/layer.h"

enum { P };
static const activ_setting settings[] = {
    [P] = { .name = "p", .kind = ACTIV_SETTING_KIND_REAL, .required = 1 },
    { .name = NULL },
};

static activ_status build(activ_graph *g, graph_node *node)
{
    const float p = node->settings[P].single;
    if (!(p >= 0.0f && p <= 1.0f))
        return activ_graph_fail_build(g, ACTIV_ERROR_RANGE, node, "p is not from 0 to 1");
    return activ_graph_copy_input_shape(g, node);
}

/* The factor of each value. */
static size_t saved(const graph_node *node, size_t batch)
{
    return batch * node->features;
}

/* y = x factors, of values forward and of gradients backward. seed, stream and p: forward draws the factors. */
typedef struct dropout_job {
    const activ_kernels *kernels;
    uint64_t seed, stream;
    float p;
    size_t n;
    const float *x;
    float *y, *factors;
} dropout_job;

static void multiply_part(void *argument, size_t parts, size_t part)
{
    const dropout_job *job = argument;
    activ_range r = activ_range_of(job->n, 16, parts, part);
    job->kernels->multiply_masked(r.count, job->x + r.first, job->factors + r.first, job->y + r.first);
}

static void forward_part(void *argument, size_t parts, size_t part)
{
    const dropout_job *job = argument;
    activ_range r = activ_range_of(job->n, 16, parts, part);
    const float p = job->p, scale = p < 1.0f ? (float)(1.0 / (1.0 - (double)p)) : 0.0f;
    float *factors = job->factors + r.first;
    job->kernels->uniform(job->seed, job->stream, r.first, r.count, 0.0f, 1.0f, factors);
    for (size_t i = 0; i < r.count; i++)
        factors[i] = factors[i] < p ? 0.0f : scale;
    multiply_part(argument, parts, part);
}

static void forward(graph_run *run, const graph_node *node)
{
    size_t n = run->batch * node->features;
    const float *x = activ_run_input(run, node, 0);
    float *y = activ_run_output(run, node);
    if (run->training) {
        dropout_job job = { run->kernels,
                            run->seed,
                            activ_run_stream(run, node),
                            node->settings[P].single,
                            n,
                            x,
                            y,
                            activ_run_saved(run, node) };
        activ_run_share(run, n * ACTIV_WORK_ELEMENT, forward_part, &job);
    } else if (y != x) {
        memcpy(y, x, n * sizeof *y);
    }
}

static void backward(graph_run *run, const graph_node *node, float *const *dx)
{
    dropout_job job = { .kernels = run->kernels,
                        .n = run->batch * node->features,
                        .y = dx[0],
                        .x = activ_run_gradient(run, node),
                        .factors = activ_run_saved(run, node) };
    if (dx[0])
        activ_run_share(run, job.n * ACTIV_WORK_ELEMENT, multiply_part, &job);
}

const graph_kind activ_kind_dropout = {
    .name = "dropout",
    .inputs = 1,
    .numbered = 1,
    .backward_in_place = 1,
    .forward_in_place = 1,
    .settings = settings,
    .build = build,
    .saved = saved,
    .forward = forward,
    .backward = backward,
};

activ_node activ_graph_dropout(activ_graph *g, activ_node x, float p)
{
    graph_node *node = activ_graph_new_node(g, &activ_kind_dropout, 1, &x);
    if (!node)
        return -1;
    node->settings[P] = activ_setting_of_float(p);
    return activ_graph_build_node(g, node);
}
