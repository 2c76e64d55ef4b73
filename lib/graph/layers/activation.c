/* activation: y = f(x), element by element, with parameters of its own or an earlier layer's. */
#include "activ/random.h"
#include "base/random.h"
#include "graph/layer.h"

enum { FN, SHARE };   /* one of the two */
static const activ_setting settings[] = {
    [FN] = { .name = "fn", .kind = ACTIV_SETTING_KIND_FUNCTIONS },
    [SHARE] = { .name = "share", .kind = ACTIV_SETTING_KIND_TEXT },
    { .name = NULL },
};

/* The function of the layer that it shares with, whose first owner becomes `shares`. */
static activ_status take_shared(activ_graph *g, graph_node *node)
{
    const graph_node *other = activ_graph_node_at(g, node->shares);
    if (node->fn)
        return activ_graph_fail(g, ACTIV_ERROR_INVALID, node, "it cannot have both a function and one to share");
    if (!other || other->kind != node->kind || !other->fn)
        return activ_graph_fail(g, ACTIV_ERROR_INVALID, node,
                                "the layer to share with is no activation of this graph");
    node->shares = other->shares >= 0 ? other->shares : node->shares;
    node->fn = activ_fn_copy(activ_graph_host(g), other->fn);
    return node->fn ? ACTIV_OK : activ_graph_fail(g, ACTIV_ERROR_OUT_OF_MEMORY, node, "no memory for its function");
}

static activ_status build(activ_graph *g, graph_node *node)
{
    activ_status status = node->settings[SHARE].given ? take_shared(g, node) : ACTIV_OK;
    if (status == ACTIV_OK && !node->fn)
        status = activ_graph_fail(g, ACTIV_ERROR_INVALID, node, "it has no function: fn or share is missing");
    if (status == ACTIV_OK)
        status = activ_graph_take_one_shape(g, node);
    if (status != ACTIV_OK || node->shares >= 0)
        return status;
    size_t length;
    const char *name;
    for (int i = 0; (length = activ_fn_param_vector(&node->fn->parsed, i, &name)) > 0; i++) {
        status = activ_graph_add_tensor(g, node, name, 1, &length);
        if (status != ACTIV_OK)
            return status;
    }
    return ACTIV_OK;
}

/* The noise of a random function. */
static size_t saved(const graph_node *node, size_t batch)
{
    return activ_fn_is_random(node->fn) ? batch * node->features : 0;
}

/* The first of its tensors; they lie one after the other, as the function wants them. */
static int parameters(const activ_graph *g, const graph_node *node, size_t *first)
{
    const graph_node *owner = node->shares >= 0 ? activ_graph_node_at(g, node->shares) : node;
    *first = owner->first_tensor;
    return owner->tensors > 0;
}

const float *activ_activation_params(const activ_graph *g, const graph_node *node)
{
    size_t first;
    return parameters(g, node, &first) ? activ_graph_tensor_values(g, first) : NULL;
}

typedef struct elements_job {
    const activ_fn_kernel *kernel;
    activ_fn_values values;
    size_t n;
    const float *x, *dy;
    float *out;
    /* Of a random function in training; else NULL. */
    float *noise;
    const activ_fn *fn;
    uint64_t seed, stream;
} elements_job;

static void forward_part(void *argument, size_t parts, size_t part)
{
    const elements_job *job = argument;
    activ_range r = activ_range_of(job->n, 16, parts, part);
    if (job->noise) {
        activ_forward_train(job->fn, NULL, job->seed, job->stream, r.first, r.count, job->x + r.first,
                            job->out + r.first, job->noise + r.first);
        return;
    }
    job->kernel->forward(job->values.values, job->values.count, r.count, job->x + r.first, job->out + r.first);
}

static void backward_part(void *argument, size_t parts, size_t part)
{
    const elements_job *job = argument;
    activ_range r = activ_range_of(job->n, 16, parts, part);
    if (job->noise) {
        job->kernel->backward_noise(r.count, job->noise + r.first, job->dy + r.first, job->out + r.first);
        return;
    }
    job->kernel->backward(job->values.values, job->values.count, r.count, job->x + r.first, job->dy + r.first,
                          job->out + r.first, NULL);
}

static void forward(graph_run *run, const graph_node *node)
{
    const activ_graph *g = run->graph;
    const float *params = activ_activation_params(g, node);
    elements_job job = { .kernel = node->fn->kernel, .n = run->batch * node->features };
    job.x = activ_run_input(run, node, 0);
    job.out = activ_run_output(run, node);
    if (run->training && node->fn->kernel->forward_noise) {
        job.fn = node->fn;
        job.seed = run->seed;
        job.stream = activ_run_stream(run, node);
        job.noise = activ_run_saved(run, node);
    }
    activ_fn_set_values(node->fn, params, &job.values);
    activ_run_share(run, job.n * ACTIV_WORK_ELEMENT, forward_part, &job);
}

static void backward(graph_run *run, const graph_node *node, float *const *dx)
{
    const activ_graph *g = run->graph;
    size_t first;
    const int trainable = parameters(g, node, &first);
    const float *params = activ_activation_params(g, node);
    elements_job job = { .kernel = node->fn->kernel, .n = run->batch * node->features };
    job.x = activ_run_input(run, node, 0);
    job.dy = activ_run_gradient(run, node);
    job.out = dx[0];
    if (trainable) {
        /* No random function has parameters. Gradients of the parameters are sums over all elements. */
        activ_backward(node->fn, params, job.n, job.x, job.dy, dx[0], activ_graph_tensor_gradient(g, first));
        return;
    }
    if (!dx[0])
        return;
    if (node->fn->kernel->backward_noise)
        job.noise = activ_run_saved(run, node);
    activ_fn_set_values(node->fn, params, &job.values);
    activ_run_share(run, job.n * ACTIV_WORK_ELEMENT, backward_part, &job);
}

static void init(activ_graph *g, const graph_node *node, uint64_t seed)
{
    if (node->tensors == 0)
        return;
    /* Two layers of one function start differently where the start is random. */
    uint64_t stream = ACTIV_STREAM(ACTIV_STREAM_INIT, node->first_tensor);
    uint64_t own = (uint64_t)activ_random_bits(seed, stream, 0) << 32 | activ_random_bits(seed, stream, 1);
    activ_fn_param_init(node->fn, own, activ_graph_tensor_values(g, node->first_tensor));
}

const graph_kind activ_kind_activation = {
    .name = "activation",
    .inputs = 1,
    .numbered = 1,
    .reads_input = 1,
    .backward_in_place = 1,
    .forward_in_place = 1,
    .adds_to_gradients = 1,
    .can_be_fused = 1,
    .settings = settings,
    .build = build,
    .saved = saved,
    .forward = forward,
    .backward = backward,
    .init = init,
};

activ_node activ_graph_apply(activ_graph *g, activ_node x, const activ_fn *fn)
{
    graph_node *node = activ_graph_new_node(g, &activ_kind_activation, 1, &x);
    if (!node)
        return -1;
    if (!fn) {
        activ_graph_fail(g, ACTIV_ERROR_INVALID, node, "its function is NULL");
        return -1;
    }
    /* The layer's function is the graph's own: its tier, its memory. */
    node->fn = activ_fn_copy(activ_graph_host(g), fn);
    if (!node->fn) {
        activ_graph_fail(g, ACTIV_ERROR_OUT_OF_MEMORY, node, "no memory for its function");
        return -1;
    }
    node->settings[FN].given = 1;
    return activ_graph_build_node(g, node);
}

activ_node activ_graph_apply_shared(activ_graph *g, activ_node x, activ_node earlier)
{
    graph_node *node = activ_graph_new_node(g, &activ_kind_activation, 1, &x);
    if (!node)
        return -1;
    node->shares = earlier;
    node->settings[SHARE].given = 1;
    return activ_graph_build_node(g, node);
}
