/* Running a compiled graph. */
#include <string.h>

#include "base/checked.h"
#include "base/random.h"
#include "graph/graph.h"

const float *activ_run_values(const graph_run *run, const graph_node *node)
{
    node = &run->graph->nodes[node->source];
    return node->kind->inputs == 0 ? run->x : activ_run_output(run, node);
}

float *activ_run_output(const graph_run *run, const graph_node *node)
{
    if (!run->y)
        return run->memory + node->value;
    return node->place == ACTIV_NOWHERE ? run->y : run->memory + node->place * run->batch;
}

const float *activ_run_gradient(const graph_run *run, const graph_node *node)
{
    return run->memory + node->grad;
}

float *activ_run_gradient_to(const graph_run *run, const graph_node *node)
{
    return run->memory + node->grad;
}

float *activ_run_saved(const graph_run *run, const graph_node *node)
{
    return node->saved == ACTIV_NOWHERE ? NULL : run->memory + node->saved;
}

uint64_t activ_run_stream(const graph_run *run, const graph_node *node)
{
    /* A function of the layer and the step; the seed and the element come to it. */
    return ACTIV_STREAM(ACTIV_STREAM_NOISE, run->graph->step << 12 | (uint64_t)(node - run->graph->nodes));
}

void activ_run_share(const graph_run *run, size_t work, void (*task)(void *argument, size_t parts, size_t part),
                     void *argument)
{
    activ_share(&run->graph->host, run->threads, work, task, argument);
}

/* ---- parts of a product ------------------------------------------------------------------------- */

static int split_by_columns(size_t m, size_t n, size_t parts)
{
    return n >= parts * ACTIV_GEMM_PANEL || n >= m;
}

activ_gemm activ_product_part(const graph_run *run, const activ_gemm *whole, size_t parts, size_t part)
{
    activ_gemm g = *whole;
    size_t offset;
    g.scratch = run->scratch + part * run->scratch_part;
    if (split_by_columns(g.m, g.n, parts)) {
        activ_range columns = activ_range_of(g.n, ACTIV_GEMM_PANEL, parts, part);
        g.n = columns.count;
        offset = columns.first;
        g.b += columns.first * g.b_columns;
        g.c += columns.first;
        g.bias = g.bias ? g.bias + columns.first : NULL;
    } else {
        activ_range rows = activ_range_of(g.m, 1, parts, part);
        g.m = rows.count;
        offset = rows.first * g.finish.rows;
        g.a += rows.first * g.a_rows;
        g.c += rows.first * g.c_rows;
    }
    g.finish.y = g.finish.y ? g.finish.y + offset : NULL;
    g.finish.x = g.finish.x ? g.finish.x + offset : NULL;
    return g;
}

size_t activ_product_scratch(size_t m, size_t n, size_t k, size_t parts)
{
    size_t width = split_by_columns(m, n, parts) ? activ_range_of(n, ACTIV_GEMM_PANEL, parts, 0).count : n;
    size_t part = activ_gemm_scratch(width, k), alone = (activ_gemm_scratch(n, k) + parts - 1) / parts;
    return ((part > alone ? part : alone) + 15) / 16 * 16;
}

/* ---- one pass ------------------------------------------------------------------------------------ */

static void forward(graph_run *run)
{
    const activ_graph *g = run->graph;
    for (size_t i = 0; i < g->node_count; i++) {
        const graph_node *node = &g->nodes[i];
        if (node->done_forward || (run->y && !node->predicts))
            continue;
        if (node->kind->forward)
            node->kind->forward(run, node);
        else if (node->kind->loss && !run->training && (run->labels || run->targets))
            node->kind->loss(run, node, NULL);
    }
}

static void backward(graph_run *run)
{
    const activ_graph *g = run->graph;
    for (size_t i = g->node_count; i-- > 0;) {
        const graph_node *node = &g->nodes[i];
        if (node->kind->loss) {
            /* Nothing follows it, so it is its input's last consumer. */
            const graph_node *input = activ_graph_input_of(g, node, 0);
            node->kind->loss(run, node, input->needs_grad ? activ_run_gradient_to(run, input) : NULL);
            continue;
        }
        if (!node->kind->backward || !node->needs_grad || node->done_backward)
            continue;
        if (node->consumers == 0) {
            /* The loss does not depend on it. */
            memset(activ_run_gradient_to(run, node), 0, run->batch * node->features * sizeof(float));
        }
        float *dx[2] = { NULL, NULL };
        int add[2] = { 0, 0 };
        for (int k = 0; k < node->kind->inputs; k++) {
            const graph_node *input = activ_graph_input_of(g, node, k);
            if (!input->needs_grad)
                continue;
            /* The last consumer comes first on the way back and writes; the others add to it. */
            int first = input->last_consumer == (activ_node)i && (k == 0 || node->inputs[0] != node->inputs[1]);
            dx[k] = first ? activ_run_gradient_to(run, input) : run->memory + g->temporary;
            add[k] = !first;
        }
        if (add[0] && add[1]) {
            /* One temporary: one input at a time. */
            float *one[2] = { dx[0], NULL }, *other[2] = { NULL, dx[1] };
            for (int k = 0; k < 2; k++) {
                node->kind->backward(run, node, k == 0 ? one : other);
                float *grad = activ_run_gradient_to(run, activ_graph_input_of(g, node, k));
                g->kernels->add(run->batch * activ_graph_input_of(g, node, k)->features, grad, dx[k], grad);
            }
            continue;
        }
        node->kind->backward(run, node, dx);
        for (int k = 0; k < 2; k++) {
            if (!add[k])
                continue;
            const graph_node *input = activ_graph_input_of(g, node, k);
            float *grad = activ_run_gradient_to(run, input);
            g->kernels->add(run->batch * input->features, grad, dx[k], grad);
        }
    }
}

activ_status activ_graph_check_compiled(activ_graph *g, int batches)
{
    if (g->status != ACTIV_OK)
        return g->status;   /* its first mistake, which activ_graph_error goes on telling */
    if (!g->arena)
        return activ_graph_say(g, ACTIV_ERROR_STATE, NULL, "the graph is not compiled");
    if (batches && g->max_batch == 0)
        return activ_graph_say(g, ACTIV_ERROR_STATE, NULL, "the graph is compiled for predictions only");
    return ACTIV_OK;
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
    activ_status status = activ_graph_check_compiled(g, 1);
    if (status != ACTIV_OK)
        return status;
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

static graph_run start(const activ_graph *g, size_t batch, int training, const float *x, const int32_t *labels,
                       const float *targets)
{
    graph_run run = { .graph = g, .memory = g->arena, .threads = (size_t)g->host.executor.num_threads,
                      .scratch = g->arena + g->scratch, .scratch_part = g->scratch_part, .batch = batch, .training = training, .x = x,
                      .labels = labels, .targets = targets };
    return run;
}

activ_status activ_graph_forward(activ_graph *g, size_t batch, const float *x, float *y)
{
    activ_status status = check(g, batch, x, NULL, NULL, 0, 0);
    if (status != ACTIV_OK)
        return status;
    if (!y || !is_outside(g, y, batch * g->nodes[g->output].features, sizeof *y))
        return activ_graph_say(g, ACTIV_ERROR_INVALID, NULL,
                               "the output is NULL, or lies in the graph's own memory");
    graph_run run = start(g, batch, 0, x, NULL, NULL);
    forward(&run);
    g->have_values = 1;
    const graph_node *output = &g->nodes[g->output];
    memcpy(y, activ_run_values(&run, output), batch * output->features * sizeof *y);
    return ACTIV_OK;
}

static activ_status cannot_predict(const activ_graph *g, activ_status status, const char *why)
{
    /* The graph is shared and stays as it is: its own message too. */
    return activ_host_log(&g->host, status, why);
}

activ_status activ_graph_predict(const activ_graph *g, void *workspace, size_t workspace_bytes, size_t batch,
                                 const float *x, float *y)
{
    if (!g)
        return ACTIV_ERROR_INVALID;
    if (!g->arena)
        return cannot_predict(g, ACTIV_ERROR_STATE, "prediction: the graph is not compiled");
    if (!x || !y || !workspace || batch == 0)
        return cannot_predict(g, ACTIV_ERROR_INVALID, "prediction: an array is NULL, or the batch is 0");
    const graph_node *output = &g->nodes[g->output];
    size_t in = g->nodes[g->input].features, out = output->features, x_bytes, y_bytes;
    if (!activ_checked_mul(batch, in * sizeof *x, &x_bytes) || !activ_checked_mul(batch, out * sizeof *y, &y_bytes))
        return cannot_predict(g, ACTIV_ERROR_RANGE, "prediction: the batch is too large");
    if (activ_ranges_overlap(x, x_bytes, y, y_bytes) || activ_ranges_overlap(workspace, workspace_bytes, x, x_bytes) ||
        activ_ranges_overlap(workspace, workspace_bytes, y, y_bytes) ||
        activ_ranges_overlap(g->arena, g->arena_bytes, y, y_bytes) ||
        activ_ranges_overlap(g->arena, g->arena_bytes, workspace, workspace_bytes))
        return cannot_predict(g, ACTIV_ERROR_INVALID, "prediction: input, output, workspace and graph overlap");
    graph_run run = { .graph = g, .threads = 1, .batch = batch };
    activ_graph_cut_workspace(g, workspace, workspace_bytes, &run);
    const size_t most = run.batch;
    if (most == 0)
        return cannot_predict(g, ACTIV_ERROR_RANGE, "prediction: the workspace is too small for one sample");
    for (size_t first = 0; first < batch; first += most) {
        run.batch = batch - first < most ? batch - first : most;
        run.x = x + first * in;
        run.y = y + first * out;
        forward(&run);
        /* The output may be another view of something. */
        const float *values = activ_run_values(&run, output);
        if (values != run.y)
            memcpy(run.y, values, run.batch * out * sizeof *y);
    }
    return ACTIV_OK;
}

/* Do all layers train on batches of this size? */
static activ_status check_batch(activ_graph *g, size_t batch)
{
    activ_status status = ACTIV_OK;
    for (size_t i = 0; i < g->node_count && status == ACTIV_OK; i++)
        if (g->nodes[i].kind->check_batch)
            status = g->nodes[i].kind->check_batch(g, &g->nodes[i], batch);
    return status;
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
    if (status == ACTIV_OK)
        status = check_batch(g, batch);
    if (status != ACTIV_OK)
        return status;
    graph_run run = start(g, batch, 1, x, labels, NULL);
    train(g, &run, batch, loss);
    return ACTIV_OK;
}

activ_status activ_graph_train_values(activ_graph *g, size_t batch, const float *x, const float *targets,
                                      float *loss)
{
    activ_status status = check_targets(g, batch, x, targets);
    if (status == ACTIV_OK)
        status = check_batch(g, batch);
    if (status != ACTIV_OK)
        return status;
    graph_run run = start(g, batch, 1, x, NULL, targets);
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
    graph_run run = start(g, batch, 0, x, labels, NULL);
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
    graph_run run = start(g, batch, 0, x, NULL, targets);
    evaluate(g, &run, batch * g->nodes[g->output].features, loss);
    return ACTIV_OK;
}

const float *activ_graph_values(const activ_graph *g, activ_node id)
{
    if (!g || id < 0 || (size_t)id >= g->node_count || !g->have_values)
        return NULL;
    const graph_node *node = &g->nodes[g->nodes[id].source];
    return node->value == ACTIV_NOWHERE ? NULL : g->arena + node->value;
}
