/* gated: y = value act(gate), element by element, of two inputs of one shape. */
#include "graph/layers/gated.h"

activ_status activ_gated_build(activ_graph *g, graph_node *node)
{
    const activ_fn *fn = node->fn;
    if (!fn)
        return activ_graph_fail_build(g, ACTIV_ERROR_INVALID, node, "it has no function: fn is missing");
    if (fn->entry->shape != ACTIV_SHAPE_GATED)
        return activ_graph_fail_build(g, ACTIV_ERROR_SHAPE, node, activ_fn_spec(fn),
                                      " is not a gated function (gated(SPEC) makes one)");
    return activ_function_add_tensors(g, node);
}

/* For a random act in training: its noise, and act(gate), of each element. */
size_t activ_gated_saved(const graph_node *node, size_t batch)
{
    return activ_fn_is_random(node->fn) ? 2 * batch * node->features : 0;
}

/* ---- a random act in training, row by row -------------------------------------------------------- */

typedef struct random_job {
    const activ_host *host;
    const activ_kernels *kernels;
    const activ_fn_kernel *kernel;
    const activ_fn_args *args; /* with the training of element 0 */
    float *act;
    const gated_rows *r;
} random_job;

static void random_forward(void *argument, size_t parts, size_t part)
{
    const random_job *job = argument;
    const gated_rows *r = job->r;
    activ_range range = activ_range_of(r->rows, 1, parts, part);
    for (size_t row = range.first; row < range.first + range.count; row++) {
        const size_t at = row * r->columns;
        activ_fn_shifted shifted;
        job->kernel->forward(activ_fn_args_from(job->args, at, &shifted), r->columns, r->gate + row * r->input_stride,
                             job->act + at);
        job->kernels->multiply(r->columns, r->value + row * r->input_stride, job->act + at, r->y + at);
    }
}

static void random_backward(void *argument, size_t parts, size_t part)
{
    const random_job *job = argument;
    const gated_rows *r = job->r;
    activ_range range = activ_range_of(r->rows, 1, parts, part);
    for (size_t row = range.first; row < range.first + range.count; row++) {
        const size_t at = row * r->columns, in = row * r->input_stride, out = row * r->gradient_stride;
        activ_fn_shifted shifted;
        if (r->dgate)
            activ_fn_gated_backward(job->host, job->kernel, activ_fn_args_from(job->args, at, &shifted), r->columns,
                                    r->value + in, r->gate + in, r->dy + at, NULL, r->dgate + out, 0);
        if (r->dvalue)
            job->kernels->multiply(r->columns, r->dy + at, job->act + at, r->dvalue + out);
    }
}

static void run_random(graph_run *run, const graph_node *node, activ_fn_args *args, const gated_rows *r,
                       void (*task)(void *argument, size_t parts, size_t part))
{
    float *saved = activ_run_saved(run, node);
    const activ_fn_training training = {
        .save = saved, .saved = saved, .seed = run->seed, .stream = activ_run_stream(run, node)
    };
    random_job job = { .host = activ_graph_host(run->graph),
                       .kernels = run->kernels,
                       .kernel = node->fn->kernel,
                       .args = args,
                       .act = saved + r->rows * r->columns,
                       .r = r };
    args->training = &training;
    activ_run_share(run, r->rows * r->columns * ACTIV_WORK_ELEMENT, task, &job);
}

/* ---- forward and backward -------------------------------------------------------------------------- */

void activ_gated_forward(graph_run *run, const graph_node *node, const gated_rows *r)
{
    activ_fn_storage storage;
    activ_fn_args args;
    activ_fn_prepare(node->fn, activ_activation_params(run->graph, node), &storage, &args);
    if (run->training && activ_fn_is_random(node->fn)) {
        run_random(run, node, &args, r, random_forward);
        return;
    }
    const activ_forward_args arrays = { .rows = r->rows,
                                        .columns = r->columns,
                                        .x = r->value,
                                        .x_stride = r->input_stride,
                                        .gate = r->gate,
                                        .gate_stride = r->input_stride,
                                        .y = r->y,
                                        .y_stride = r->columns };
    activ_fn_run_rows(node->fn, run->threads, &args, &arrays);
}

void activ_gated_backward(graph_run *run, const graph_node *node, const gated_rows *r)
{
    activ_fn_storage storage;
    activ_fn_args args;
    activ_fn_prepare(node->fn, activ_activation_params(run->graph, node), &storage, &args);
    if (activ_fn_is_random(node->fn)) {
        run_random(run, node, &args, r, random_backward);
        return;
    }
    float *dparams = node->tensors > 0 ? activ_graph_tensor_gradient(run->graph, node->first_tensor) : NULL;
    const activ_backward_args arrays = { .rows = r->rows,
                                         .columns = r->columns,
                                         .x = r->value,
                                         .x_stride = r->input_stride,
                                         .gate = r->gate,
                                         .gate_stride = r->input_stride,
                                         .dy = r->dy,
                                         .dy_stride = r->columns,
                                         .dx = r->dvalue,
                                         .dx_stride = r->gradient_stride,
                                         .dgate = r->dgate,
                                         .dgate_stride = r->gradient_stride,
                                         .dparams = dparams };
    activ_fn_run_rows_backward(node->fn, run->threads, &args, &arrays);
}

/* ---- the layer of two inputs ------------------------------------------------------------------------ */

static const activ_setting settings[] = {
    GATED_FN_SETTING,
    { .name = NULL },
};

static activ_status build(activ_graph *g, graph_node *node)
{
    activ_status status = activ_graph_copy_input_shape(g, node);
    return status == ACTIV_OK ? activ_gated_build(g, node) : status;
}

static gated_rows rows_of(graph_run *run, const graph_node *node)
{
    const size_t columns = node->shape[node->ndim - 1];
    gated_rows rows = {
        .rows = run->batch * (node->features / columns),
        .columns = columns,
        .value = activ_run_input(run, node, 0),
        .gate = activ_run_input(run, node, 1),
        .input_stride = columns,
        .gradient_stride = columns,
    };
    return rows;
}

static void forward(graph_run *run, const graph_node *node)
{
    gated_rows rows = rows_of(run, node);
    rows.y = activ_run_output(run, node);
    activ_gated_forward(run, node, &rows);
}

static void backward(graph_run *run, const graph_node *node, float *const *dx)
{
    gated_rows rows = rows_of(run, node);
    rows.dy = activ_run_gradient(run, node);
    rows.dvalue = dx[0];
    rows.dgate = dx[1];
    activ_gated_backward(run, node, &rows);
}

const graph_kind activ_kind_gated = {
    .name = "gated",
    .inputs = 2,
    .numbered = 1,
    .reads_input = 1,
    .adds_to_gradients = 1,
    .settings = settings,
    .build = build,
    .saved = activ_gated_saved,
    .forward = forward,
    .backward = backward,
    .init = activ_function_init,
};

activ_node activ_graph_gated(activ_graph *g, activ_node value, activ_node gate, const activ_fn *fn)
{
    graph_node *node = activ_graph_new_node(g, &activ_kind_gated, 2, (activ_node[]){ value, gate });
    return node ? activ_function_build_node(g, node, GATED_FN, fn) : -1;
}
