/* Running a compiled graph. */
#include <string.h>

#include "base/checked.h"
#include "graph/graph.h"

const float *activ_run_values(const graph_run *run, const graph_node *node)
{
    while (node->kind->is_view)
        node = activ_graph_input_of(run->graph, node, 0);
    return node->kind->inputs == 0 ? run->x : run->graph->arena + node->value;
}

float *activ_run_output(const graph_run *run, const graph_node *node)
{
    return run->graph->arena + node->value;
}

const float *activ_run_gradient(const graph_run *run, const graph_node *node)
{
    return run->graph->arena + node->grad;
}

typedef struct gemm_job {
    activ_gemm product;
    const activ_kernels *kernels;
    float *scratch;
    size_t columns;   /* of each part but the last */
} gemm_job;

static void gemm_part(void *argument, size_t part)
{
    const gemm_job *job = argument;
    activ_gemm g = job->product;
    size_t first = part * job->columns;
    g.n = g.n - first < job->columns ? g.n - first : job->columns;
    g.b += first * g.b_columns;
    g.c += first;
    if (g.bias)
        g.bias += first;
    g.packed = job->scratch + part * ACTIV_GEMM_SCRATCH;
    job->kernels->gemm(&g);
}

void activ_run_gemm(const graph_run *run, activ_gemm product)
{
    const activ_graph *g = run->graph;
    gemm_job job = { product, g->kernels, g->arena + g->packed, product.n };
    size_t threads = (size_t)g->host.executor.num_threads;
    size_t panels = (product.n + ACTIV_GEMM_PANEL - 1) / ACTIV_GEMM_PANEL;
    /* Below some hundred thousand multiplications, waking a thread costs more than it saves. */
    if (threads > 1 && panels > 1 && product.m * product.n * product.k >= 200000) {
        size_t parts = threads < panels ? threads : panels;
        job.columns = (panels + parts - 1) / parts * ACTIV_GEMM_PANEL;
    }
    activ_host_parallel(&g->host, (product.n + job.columns - 1) / job.columns, gemm_part, &job);
}

static void forward(graph_run *run)
{
    activ_graph *g = run->graph;
    for (size_t i = 0; i < g->node_count; i++) {
        const graph_node *node = &g->nodes[i];
        if (node->kind->forward)
            node->kind->forward(run, node);
        else if (node->kind->loss && !run->training && (run->labels || run->targets))
            node->kind->loss(run, node, NULL);
    }
}

static void backward(graph_run *run)
{
    activ_graph *g = run->graph;
    for (size_t i = g->node_count; i-- > 0;) {
        const graph_node *node = &g->nodes[i];
        if (node->kind->loss) {
            /* Nothing follows it, so it is its input's last consumer. */
            const graph_node *input = activ_graph_input_of(g, node, 0);
            node->kind->loss(run, node, input->needs_grad ? g->arena + input->grad : NULL);
            continue;
        }
        if (!node->kind->backward || !node->needs_grad)
            continue;
        if (node->consumers == 0) {
            /* The loss does not depend on it. */
            memset(g->arena + node->grad, 0, run->batch * node->features * sizeof(float));
        }
        float *dx[2] = { NULL, NULL };
        int add[2] = { 0, 0 };
        for (int k = 0; k < node->kind->inputs; k++) {
            const graph_node *input = activ_graph_input_of(g, node, k);
            if (!input->needs_grad)
                continue;
            /* The last consumer comes first on the way back and writes; the others add to it. */
            int first = input->last_consumer == (activ_node)i && (k == 0 || node->inputs[0] != node->inputs[1]);
            dx[k] = g->arena + (first ? input->grad : g->temporary);
            add[k] = !first;
        }
        if (add[0] && add[1]) {
            /* One temporary: one input at a time. */
            float *one[2] = { dx[0], NULL }, *other[2] = { NULL, dx[1] };
            for (int k = 0; k < 2; k++) {
                node->kind->backward(run, node, k == 0 ? one : other);
                float *grad = g->arena + activ_graph_input_of(g, node, k)->grad;
                g->kernels->add(run->batch * activ_graph_input_of(g, node, k)->features, grad, dx[k], grad);
            }
            continue;
        }
        node->kind->backward(run, node, dx);
        for (int k = 0; k < 2; k++) {
            if (!add[k])
                continue;
            const graph_node *input = activ_graph_input_of(g, node, k);
            float *grad = g->arena + input->grad;
            g->kernels->add(run->batch * input->features, grad, dx[k], grad);
        }
    }
}

/* May the caller's array be used? Memory of the graph's own changes while it runs. */
static int is_outside(const activ_graph *g, const void *array, size_t count, size_t size)
{
    return !activ_ranges_overlap(g->arena, g->arena_bytes, array, count * size);
}

/* Is the graph ready for this call? loss: the kind of loss that it needs, NULL for none;
 * `targets` is then an array of `count` per sample, of `size` bytes each. */
static activ_status check(activ_graph *g, size_t batch, const float *x, const graph_kind *loss,
                          const void *targets, size_t count, size_t size)
{
    if (!g)
        return ACTIV_ERROR_INVALID;
    if (g->status != ACTIV_OK)
        return g->status;
    if (g->max_batch == 0)
        return activ_graph_say(g, ACTIV_ERROR_STATE, NULL, "the graph is not compiled");
    if (!x || (loss && !targets))
        return activ_graph_say(g, ACTIV_ERROR_INVALID, NULL,
                               x ? "the targets are NULL" : "the input is NULL");
    if (batch == 0 || batch > g->max_batch) {
        char numbers[64];
        activ_text text;
        activ_text_start(&text, numbers, sizeof numbers);
        activ_text_add_size(&text, batch);
        activ_text_add(&text, ", not 1 to ");
        activ_text_add_size(&text, g->max_batch);
        return activ_graph_say(g, ACTIV_ERROR_RANGE, NULL, "the batch is ", numbers);
    }
    if (loss && (g->loss < 0 || g->nodes[g->loss].kind != loss))
        return activ_graph_say(g, ACTIV_ERROR_STATE, NULL, "the graph does not end in ", loss->name);
    if (!is_outside(g, x, batch * g->nodes[g->input].features, sizeof *x) ||
        (loss && !is_outside(g, targets, batch * count, size)))
        return activ_graph_say(g, ACTIV_ERROR_INVALID, NULL,
                               "input or targets lie in the graph's own memory");
    return ACTIV_OK;
}

static activ_status check_labels(activ_graph *g, size_t batch, const float *x, const int32_t *labels)
{
    activ_status status = check(g, batch, x, &activ_kind_cross_entropy, labels, 1, sizeof *labels);
    if (status != ACTIV_OK)
        return status;
    size_t classes = g->nodes[g->output].features;
    for (size_t i = 0; i < batch; i++) {
        if (labels[i] >= 0 && (size_t)labels[i] < classes)
            continue;
        char numbers[96];
        activ_text text;
        activ_text_start(&text, numbers, sizeof numbers);
        activ_text_add_size(&text, i);
        activ_text_add(&text, labels[i] < 0 ? " is -" : " is ");
        activ_text_add_size(&text, labels[i] < 0 ? (size_t)-(int64_t)labels[i] : (size_t)labels[i]);
        activ_text_add(&text, ", but there are ");
        activ_text_add_size(&text, classes);
        activ_text_add(&text, " classes");
        return activ_graph_say(g, ACTIV_ERROR_RANGE, NULL, "the label of sample ", numbers);
    }
    return ACTIV_OK;
}

static activ_status check_targets(activ_graph *g, size_t batch, const float *x, const float *targets)
{
    size_t features = g && g->output >= 0 ? g->nodes[g->output].features : 0;
    return check(g, batch, x, &activ_kind_mse, targets, features, sizeof *targets);
}

activ_status activ_graph_forward(activ_graph *g, size_t batch, const float *x, float *y)
{
    activ_status status = check(g, batch, x, NULL, NULL, 0, 0);
    if (status != ACTIV_OK)
        return status;
    if (!y || !is_outside(g, y, batch * g->nodes[g->output].features, sizeof *y))
        return activ_graph_say(g, ACTIV_ERROR_INVALID, NULL,
                               "the output is NULL, or lies in the graph's own memory");
    graph_run run = { g, batch, 0, x, NULL, NULL, 0.0 };
    forward(&run);
    g->have_values = 1;
    const graph_node *output = &g->nodes[g->output];
    memcpy(y, activ_run_values(&run, output), batch * output->features * sizeof *y);
    return ACTIV_OK;
}

static void train(activ_graph *g, graph_run *run, size_t values, float *loss)
{
    /* Layers with a gradient of their own overwrite it; activations add to theirs, as they may
     * share it. */
    for (size_t i = 0; i < g->node_count; i++)
        for (size_t t = 0; g->nodes[i].fn && t < g->nodes[i].tensors; t++) {
            size_t tensor = g->nodes[i].first_tensor + t;
            memset(activ_graph_tensor_gradient(g, tensor), 0, g->tensors[tensor].count * sizeof(float));
        }
    g->have_values = 0;
    forward(run);
    backward(run);
    g->step++;
    if (loss)
        *loss = (float)(run->loss_sum / (double)values);
}

static void evaluate(activ_graph *g, graph_run *run, size_t values, float *loss)
{
    forward(run);
    g->have_values = 1;
    if (loss)
        *loss = (float)(run->loss_sum / (double)values);
}

activ_status activ_graph_train(activ_graph *g, size_t batch, const float *x, const int32_t *labels,
                               float *loss)
{
    activ_status status = check_labels(g, batch, x, labels);
    if (status != ACTIV_OK)
        return status;
    graph_run run = { g, batch, 1, x, labels, NULL, 0.0 };
    train(g, &run, batch, loss);
    return ACTIV_OK;
}

activ_status activ_graph_train_values(activ_graph *g, size_t batch, const float *x, const float *targets,
                                      float *loss)
{
    activ_status status = check_targets(g, batch, x, targets);
    if (status != ACTIV_OK)
        return status;
    graph_run run = { g, batch, 1, x, NULL, targets, 0.0 };
    train(g, &run, batch * g->nodes[g->output].features, loss);
    return ACTIV_OK;
}

static size_t count_correct(const graph_run *run)
{
    const graph_node *output = &run->graph->nodes[run->graph->output];
    const float *values = activ_run_values(run, output);
    size_t correct = 0;
    for (size_t i = 0; i < run->batch; i++) {
        const float *row = values + i * output->features;
        size_t best = 0;
        for (size_t j = 1; j < output->features; j++)
            if (row[j] > row[best])
                best = j;
        correct += best == (size_t)run->labels[i];
    }
    return correct;
}

activ_status activ_graph_evaluate(activ_graph *g, size_t batch, const float *x, const int32_t *labels,
                                  float *loss, size_t *correct)
{
    activ_status status = check_labels(g, batch, x, labels);
    if (status != ACTIV_OK)
        return status;
    graph_run run = { g, batch, 0, x, labels, NULL, 0.0 };
    evaluate(g, &run, batch, loss);
    if (correct)
        *correct = count_correct(&run);
    return ACTIV_OK;
}

activ_status activ_graph_evaluate_values(activ_graph *g, size_t batch, const float *x, const float *targets,
                                         float *loss)
{
    activ_status status = check_targets(g, batch, x, targets);
    if (status != ACTIV_OK)
        return status;
    graph_run run = { g, batch, 0, x, NULL, targets, 0.0 };
    evaluate(g, &run, batch * g->nodes[g->output].features, loss);
    return ACTIV_OK;
}

const float *activ_graph_values(const activ_graph *g, activ_node id)
{
    if (!g || id < 0 || (size_t)id >= g->node_count || !g->have_values)
        return NULL;
    const graph_node *node = &g->nodes[id];
    while (node->kind->is_view)
        node = activ_graph_input_of(g, node, 0);
    return node->value == ACTIV_NOWHERE ? NULL : g->arena + node->value;
}
