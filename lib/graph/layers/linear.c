/* linear: y = x W^T + b. x: batch x in; W: out x in; y: batch x out. */
#include <math.h>

#include "activ/random.h"
#include "base/random.h"
#include "graph/layer.h"

enum { OUT_FEATURES, BIAS };
static const activ_setting settings[] = {
    [OUT_FEATURES] = { .name = "out_features",
                       .kind = ACTIV_SETTING_KIND_COUNT,
                       .required = 1,
                       .minimum = 1,
                       .maximum = ACTIV_MAX_SIZE },
    [BIAS] = { .name = "bias", .kind = ACTIV_SETTING_KIND_COUNT, .initial = 1, .maximum = 1 },
    { .name = NULL },
};

static int has_bias(const graph_node *node)
{
    return node->settings[BIAS].number != 0.0;
}

static activ_status build(activ_graph *g, graph_node *node)
{
    const graph_node *input = activ_graph_input_of(g, node, 0);
    node->ndim = 1;
    node->shape[0] = activ_node_size(node, OUT_FEATURES);
    if (input->ndim != 1)
        return activ_graph_fail_build_shape(g, node, "needs one dimension per sample (flatten gives that)", 0);
    size_t shape[2] = { node->shape[0], input->features };
    activ_status status = activ_graph_add_tensor(g, node, "weight", 2, shape);
    if (status == ACTIV_OK && has_bias(node))
        status = activ_graph_add_tensor(g, node, "bias", 1, shape);
    return status;
}

/* The fused activation's arguments for the epilogue of a product. */
typedef struct fused_activation {
    activ_fn_storage storage;
    activ_fn_args args;
} fused_activation;

static activ_gemm_epilogue epilogue_of(const graph_run *run, activ_node activation, fused_activation *fused)
{
    activ_gemm_epilogue epilogue = { NULL, NULL, NULL, NULL, 0, 0 };
    if (activation < 0)
        return epilogue;
    const graph_node *node = activ_graph_node_at(run->graph, activation);
    activ_fn_prepare(node->fn, activ_activation_params(run->graph, node), &fused->storage, &fused->args);
    epilogue.kernel = node->fn->kernel;
    epilogue.args = &fused->args;
    epilogue.row_stride = node->features;
    return epilogue;
}

typedef struct forward_job {
    const graph_run *run;
    activ_gemm product;
} forward_job;

static void forward_part(void *argument, size_t parts, size_t part)
{
    const forward_job *job = argument;
    activ_gemm g = activ_product_part(job->run, &job->product, parts, part);
    job->run->kernels->gemm(&g);
}

static void forward(graph_run *run, const graph_node *node)
{
    const activ_graph *g = run->graph;
    const graph_node *input = activ_graph_input_of(g, node, 0);
    fused_activation fused;
    forward_job job = { run,
                        {
                            .m = run->batch,
                            .n = node->features,
                            .k = input->features,
                            .a = activ_run_values(run, input),
                            .a_row_stride = input->features,
                            .a_column_stride = 1,
                            .b = activ_graph_tensor_values(g, node->first_tensor),
                            .b_row_stride = 1,
                            .b_column_stride = input->features,
                            .c = activ_run_output(run, node),
                            .c_row_stride = node->features,
                            .bias = has_bias(node) ? activ_graph_tensor_values(g, node->first_tensor + 1) : NULL,
                            .epilogue = epilogue_of(run, node->plan.fused_forward, &fused),
                        } };
    if (node->plan.fused_forward >= 0)
        job.product.epilogue.y = activ_run_output(run, activ_graph_node_at(g, node->plan.fused_forward));
    activ_run_share(run, run->batch * node->features * input->features, forward_part, &job);
}

/* Gradients of the weight, of the bias and (if m > 0) of the input, in one parallel region, as none needs another's
 * result. */
typedef struct backward_job {
    const graph_run *run;
    activ_gemm weight, input;
    const float *dy;
    float *bias; /* NULL: none */
} backward_job;

static void backward_part(void *argument, size_t parts, size_t part)
{
    const backward_job *job = argument;
    const activ_kernels *kernels = job->run->kernels;
    activ_gemm g = activ_product_part(job->run, &job->weight, parts, part);
    kernels->gemm(&g);
    if (job->bias) {
        activ_range columns = activ_range_of(job->weight.m, 16, parts, part);
        kernels->column_sums(job->run->batch, columns.count, job->dy + columns.first, job->weight.m,
                             job->bias + columns.first);
    }
    if (job->input.m == 0)
        return;
    g = activ_product_part(job->run, &job->input, parts, part);
    kernels->gemm(&g);
}

static void backward(graph_run *run, const graph_node *node, float *const *dx)
{
    const activ_graph *g = run->graph;
    const graph_node *input = activ_graph_input_of(g, node, 0);
    size_t in = input->features, out = node->features;
    const float *dy = activ_run_gradient(run, node);
    fused_activation fused;
    backward_job job = { .run = run, .dy = dy };
    job.weight = (activ_gemm){
        .m = out,
        .n = in,
        .k = run->batch,
        .a = dy,
        .a_row_stride = 1,
        .a_column_stride = out,
        .b = activ_run_values(run, input),
        .b_row_stride = in,
        .b_column_stride = 1,
        .c = activ_graph_tensor_gradient(g, node->first_tensor),
        .c_row_stride = in,
    };
    if (has_bias(node))
        job.bias = activ_graph_tensor_gradient(g, node->first_tensor + 1);
    if (dx[0]) {
        job.input = (activ_gemm){
            .m = run->batch,
            .n = in,
            .k = out,
            .a = dy,
            .a_row_stride = out,
            .a_column_stride = 1,
            .b = activ_graph_tensor_values(g, node->first_tensor),
            .b_row_stride = in,
            .b_column_stride = 1,
            .c = dx[0],
            .c_row_stride = in,
            .epilogue = epilogue_of(run, node->plan.fused_backward, &fused),
        };
        if (node->plan.fused_backward >= 0)
            job.input.epilogue.x = activ_run_input(run, input, 0);
    }
    activ_run_share(run, run->batch * in * out * (dx[0] ? 2 : 1), backward_part, &job);
}

static size_t scratch(const activ_graph *g, const graph_node *node, size_t batch, size_t threads, int predicting)
{
    size_t in = activ_graph_input_of(g, node, 0)->features, out = node->features;
    size_t largest = activ_product_scratch(batch, out, in, threads);
    if (!predicting) {
        size_t weight = activ_product_scratch(out, in, batch, threads);
        size_t back = activ_product_scratch(batch, in, out, threads);
        largest = weight > largest ? weight : largest;
        largest = back > largest ? back : largest;
    }
    return largest;
}

static size_t multiply_adds(const activ_graph *g, const graph_node *node)
{
    return node->features * activ_graph_input_of(g, node, 0)->features;
}

/* PyTorch's default for a linear layer: weight and bias uniform in +-1/sqrt(in). */
static void init(activ_graph *g, const graph_node *node, uint64_t seed)
{
    const size_t in = activ_graph_input_of(g, node, 0)->features, counts[] = { in * node->features, node->features };
    float bound = (float)(1.0 / sqrt((double)in));
    for (size_t i = 0; i < node->tensors; i++) {
        size_t tensor = node->first_tensor + i;
        activ_random_uniform(seed, ACTIV_STREAM(ACTIV_STREAM_INIT, tensor), 0, counts[i], -bound, bound,
                             activ_graph_tensor_values(g, tensor));
    }
}

const graph_kind activ_kind_linear = {
    .name = "linear",
    .inputs = 1,
    .numbered = 1,
    .reads_input = 1,
    .fuses = 1,
    .settings = settings,
    .build = build,
    .forward = forward,
    .backward = backward,
    .scratch = scratch,
    .multiply_adds = multiply_adds,
    .init = init,
};

static activ_node linear(activ_graph *g, activ_node x, size_t out_features, size_t bias)
{
    graph_node *node = activ_graph_new_node(g, &activ_kind_linear, 1, &x);
    if (!node || activ_graph_set_size(g, node, OUT_FEATURES, out_features) != ACTIV_OK ||
        activ_graph_set_size(g, node, BIAS, bias) != ACTIV_OK)
        return -1;
    return activ_graph_build_node(g, node);
}

activ_node activ_graph_linear(activ_graph *g, activ_node x, size_t out_features)
{
    return linear(g, x, out_features, 1);
}

activ_node activ_graph_linear_without_bias(activ_graph *g, activ_node x, size_t out_features)
{
    return linear(g, x, out_features, 0);
}
