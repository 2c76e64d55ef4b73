/* activation: y = f(x), element by element or over the last dimension, with parameters of its own or an earlier
 * layer's. */
#include "graph/layers/function.h"

enum { FN, SHARE }; /* exactly one is given */
static const activ_setting settings[] = {
    [FN] = { .name = "fn", .kind = ACTIV_SETTING_KIND_FUNCTIONS },
    [SHARE] = { .name = "share", .kind = ACTIV_SETTING_KIND_TEXT },
    { .name = NULL },
};

/* Takes the function of the layer that it shares with; `shares` becomes the layer that owns it and its parameters. */
static activ_status take_shared(activ_graph *g, graph_node *node)
{
    const graph_node *other = activ_graph_node_at(g, node->shares);
    if (node->fn)
        return activ_graph_fail_build(g, ACTIV_ERROR_INVALID, node, "it cannot have both a function and one to share");
    if (!other || other->kind != node->kind || !other->fn)
        return activ_graph_fail_build(g, ACTIV_ERROR_INVALID, node,
                                      "the layer to share with is no activation of this graph");
    node->shares = other->shares >= 0 ? other->shares : node->shares;
    node->fn = other->fn;
    return ACTIV_OK;
}

static activ_status build(activ_graph *g, graph_node *node)
{
    activ_status status = node->settings[SHARE].given ? take_shared(g, node) : ACTIV_OK;
    if (status == ACTIV_OK && !node->fn)
        status = activ_graph_fail_build(g, ACTIV_ERROR_INVALID, node, "it has no function: fn or share is missing");
    if (status == ACTIV_OK)
        status = activ_graph_copy_input_shape(g, node);
    if (status != ACTIV_OK)
        return status;
    const activ_fn *fn = node->fn;
    if (fn->entry->shape == ACTIV_SHAPE_GATED)
        return activ_graph_fail_build(g, ACTIV_ERROR_SHAPE, node, fn->spec,
                                      " is a gated function, which needs value and gate: activ_graph_gated");
    if (fn->num_parameters > 1 && fn->num_parameters != node->shape[0])
        return activ_graph_fail_build_shape(g, node,
                                            "needs as many channels, the first dimension, as num_parameters says", 0);
    return node->shares >= 0 ? ACTIV_OK : activ_function_add_tensors(g, node);
}

/* The noise of a random function. */
static size_t saved(const graph_node *node, size_t batch)
{
    return activ_fn_is_random(node->fn) ? batch * node->features : 0;
}

/* The first of its tensors, which are contiguous, as the function requires. */
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

/* Contiguous values of a channel, with parameters per channel. */
static size_t inner_of(const graph_node *node)
{
    return node->features / node->shape[0];
}

static void forward(graph_run *run, const graph_node *node)
{
    const activ_graph *g = run->graph;
    const activ_fn *fn = node->fn;
    const size_t n = run->batch * node->features;
    const float *x = activ_run_input(run, node, 0);
    float *y = activ_run_output(run, node);
    activ_fn_storage storage;
    activ_fn_args args;
    activ_fn_prepare(fn, activ_activation_params(g, node), &storage, &args);
    if (fn->rowwise) {
        size_t columns = node->shape[node->ndim - 1];
        const activ_forward_args arrays = {
            .rows = n / columns, .columns = columns, .x = x, .x_stride = columns, .y = y, .y_stride = columns
        };
        activ_fn_run_rows(fn, run->threads, &args, &arrays);
    } else {
        const activ_fn_training training = { .save = activ_run_saved(run, node),
                                             .seed = run->seed,
                                             .stream = activ_run_stream(run, node) };
        args.training = run->training && activ_fn_is_random(fn) ? &training : NULL;
        activ_fn_run_forward(activ_graph_host(g), run->threads, fn->kernel, &args, n, inner_of(node), x, y);
    }
}

static void backward(graph_run *run, const graph_node *node, float *const *dx)
{
    const activ_graph *g = run->graph;
    const activ_fn *fn = node->fn;
    const size_t n = run->batch * node->features;
    const float *x = activ_run_input(run, node, 0), *dy = activ_run_gradient(run, node);
    size_t first;
    float *dparams = parameters(g, node, &first) ? activ_graph_tensor_gradient(g, first) : NULL;
    activ_fn_storage storage;
    activ_fn_args args;
    activ_fn_prepare(fn, activ_activation_params(g, node), &storage, &args);
    if (fn->rowwise) {
        size_t columns = node->shape[node->ndim - 1];
        const activ_backward_args arrays = { .rows = n / columns,
                                             .columns = columns,
                                             .x = x,
                                             .x_stride = columns,
                                             .dy = dy,
                                             .dy_stride = columns,
                                             .dx = dx[0],
                                             .dx_stride = columns,
                                             .dparams = dparams };
        activ_fn_run_rows_backward(fn, run->threads, &args, &arrays);
    } else {
        const activ_fn_training training = { .saved = activ_run_saved(run, node) };
        args.training = activ_fn_is_random(fn) ? &training : NULL;
        activ_fn_run_backward(activ_graph_host(g), run->threads, fn->kernel, &args, n, inner_of(node), x, dy, dx[0], 0,
                              dparams);
    }
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
    .init = activ_function_init,
};

activ_node activ_graph_apply(activ_graph *g, activ_node x, const activ_fn *fn)
{
    graph_node *node = activ_graph_new_node(g, &activ_kind_activation, 1, &x);
    return node ? activ_function_build_node(g, node, FN, fn) : -1;
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
