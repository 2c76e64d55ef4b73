/* Running a compiled graph. */
#include <math.h>
#include <string.h>

#include "base/checked.h"
#include "base/rounding.h"
#include "graph/graph.h"

/* ---- one pass ------------------------------------------------------------------------------------ */

static void forward(graph_run *run)
{
    const activ_graph *g = run->graph;
    for (size_t i = 0; i < g->node_count; i++) {
        const graph_node *node = &g->nodes[i];
        if (node->plan.is_fused_forward || (run->y && !node->plan.is_predicted))
            continue;
        if (node->kind->forward)
            node->kind->forward(run, node);
        else if (node->kind->loss && !run->training && (run->labels || run->targets))
            node->kind->loss(run, node, NULL);
    }
}

static int is_wanted(const graph_run *run, const graph_node *node)
{
    return node->plan.needs_grad || run->all_gradients;
}

static void backward_node(graph_run *run, const graph_node *node)
{
    const activ_graph *g = run->graph;
    const activ_node id = (activ_node)(node - g->nodes);
    float *temporary = run->memory + g->temporary_offset;
    for (size_t k = 0; k < node->input_count; k++) {
        const graph_node *input = activ_graph_input_of(g, node, k);
        node->dx[k] = NULL;
        if (!is_wanted(run, input))
            continue;
        /* The last consumer comes first in the backward pass and writes the gradient; the others accumulate. */
        if (input->plan.last_consumer == id && input->plan.last_input == k) {
            node->dx[k] = activ_run_gradient(run, input);
        } else {
            node->dx[k] = temporary;
            temporary += activ_graph_padded(run->batch * input->features);
        }
    }
    node->kind->backward(run, node, node->dx);
    for (size_t k = 0; k < node->input_count; k++) {
        const graph_node *input = activ_graph_input_of(g, node, k);
        if (!node->dx[k])
            continue;
        float *grad = activ_run_gradient(run, input);
        if (node->dx[k] != grad)
            run->kernels->add(run->batch * input->features, grad, node->dx[k], grad);
    }
}

static void backward(graph_run *run)
{
    const activ_graph *g = run->graph;
    const graph_node *output = &g->nodes[g->output];
    if (run->dy && is_wanted(run, output))
        memcpy(activ_run_gradient(run, output), run->dy, run->batch * output->features * sizeof(float));
    for (size_t i = g->node_count; i-- > 0;) {
        const graph_node *node = &g->nodes[i];
        if (node->kind->loss && run->dy)
            continue;
        if (node->kind->loss) {
            /* The last node is its input's last consumer: it writes the gradient. */
            const graph_node *input = activ_graph_input_of(g, node, 0);
            node->kind->loss(run, node, is_wanted(run, input) ? activ_run_gradient(run, input) : NULL);
            continue;
        }
        if (!node->kind->backward || !is_wanted(run, node) || node->plan.is_fused_backward)
            continue;
        if (node->plan.consumers == 0 && !(run->dy && node == output)) {
            /* The loss does not depend on it. */
            memset(activ_run_gradient(run, node), 0, run->batch * node->features * sizeof(float));
        }
        backward_node(run, node);
    }
}

/* The caller's arrays must not alias the arena, which is written during a pass. */
static int is_outside(const activ_graph *g, const void *array, size_t count, size_t size)
{
    return !activ_ranges_overlap(g->arena, g->arena_bytes, array, count * size);
}

static activ_status fail_alignment(activ_graph *g, const char *name)
{
    return activ_graph_fail(g, ACTIV_ERROR_INVALID, NULL, name, ACTIV_MISALIGNED);
}

/* Is the graph ready for this call? loss: the kind of loss required, or NULL; `targets` has `count` elements of `size`
 * bytes per sample. */
static activ_status check(activ_graph *g, size_t batch, const float *x, const graph_kind *loss, const void *targets,
                          size_t count, size_t size)
{
    if (!g)
        return ACTIV_ERROR_INVALID;
    activ_status status = activ_graph_check_compiled(g, 1);
    if (status != ACTIV_OK)
        return status;
    if (!x || (loss && !targets))
        return activ_graph_fail(g, ACTIV_ERROR_INVALID, NULL, x ? "the targets are NULL" : "the input is NULL");
    if (!activ_is_aligned(x, sizeof *x) || (loss && !activ_is_aligned(targets, size)))
        return fail_alignment(g, activ_is_aligned(x, sizeof *x) ? "the targets are" : "the input is");
    if (batch == 0 || batch > g->max_batch) {
        char numbers[64];
        activ_text text;
        activ_text_start(&text, numbers, sizeof numbers);
        activ_text_add_size(&text, batch);
        activ_text_add(&text, ", not 1 to ");
        activ_text_add_size(&text, g->max_batch);
        return activ_graph_fail(g, ACTIV_ERROR_RANGE, NULL, "the batch is ", numbers);
    }
    if (loss && (g->loss < 0 || g->nodes[g->loss].kind != loss))
        return activ_graph_fail(g, ACTIV_ERROR_STATE, NULL, "the graph does not end in ", loss->name);
    if (!is_outside(g, x, batch * g->nodes[g->input].features, sizeof *x) ||
        (loss && !is_outside(g, targets, batch * count, size)))
        return activ_graph_fail(g, ACTIV_ERROR_INVALID, NULL, "input or targets lie in the graph's own memory");
    return ACTIV_OK;
}

static activ_status check_labels(activ_graph *g, size_t batch, const float *x, const int32_t *labels)
{
    activ_status status = check(g, batch, x, &activ_kind_cross_entropy, labels, 1, sizeof *labels);
    if (status != ACTIV_OK)
        return status;
    const size_t classes = g->nodes[g->output].features;
    const int32_t ignored = activ_cross_entropy_ignore_index(&g->nodes[g->loss]);
    for (size_t i = 0; i < batch; i++) {
        if (labels[i] == ignored || (labels[i] >= 0 && (size_t)labels[i] < classes))
            continue;
        char numbers[96];
        activ_text text;
        activ_text_start(&text, numbers, sizeof numbers);
        activ_text_add_size(&text, i);
        activ_text_add(&text, labels[i] < 0 ? " is -" : " is ");
        activ_text_add_size(&text, labels[i] < 0 ? (size_t) - (int64_t)labels[i] : (size_t)labels[i]);
        activ_text_add(&text, ", but there are ");
        activ_text_add_size(&text, classes);
        activ_text_add(&text, " classes");
        return activ_graph_fail(g, ACTIV_ERROR_RANGE, NULL, "the label of sample ", numbers);
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
    graph_run run = { .graph = g,
                      .kernels = g->kernels,
                      .batch = batch,
                      .training = training,
                      .seed = g->seed,
                      .step = g->step,
                      .labels = labels,
                      .targets = targets,
                      .memory = g->arena,
                      .threads = (size_t)g->host.executor.num_threads,
                      .scratch = g->arena + g->scratch_offset,
                      .scratch_per_thread = g->scratch_per_thread,
                      .x = x };
    return run;
}

/* What the arena held is about to be overwritten. */
static void begin(activ_graph *g, size_t batch)
{
    g->have_values = g->have_gradients = 0;
    g->values_batch = batch;
    g->open_batch = 0;
}

/* Arguments of a forward pass that gives the output. */
static activ_status check_output(activ_graph *g, size_t batch, const float *x, const float *y)
{
    activ_status status = check(g, batch, x, NULL, NULL, 0, 0);
    if (status != ACTIV_OK)
        return status;
    if (!y || !is_outside(g, y, batch * g->nodes[g->output].features, sizeof *y))
        return activ_graph_fail(g, ACTIV_ERROR_INVALID, NULL, "the output is NULL, or lies in the graph's own memory");
    if (!activ_is_aligned(y, sizeof *y))
        return fail_alignment(g, "the output is");
    const size_t in = g->nodes[g->input].features, out = g->nodes[g->output].features;
    if (!(x == y && in == out) && activ_ranges_overlap(x, batch * in * sizeof *x, y, batch * out * sizeof *y))
        return activ_graph_fail(g, ACTIV_ERROR_INVALID, NULL, "input and output overlap in part");
    return ACTIV_OK;
}

static void copy_output(const graph_run *run, float *y)
{
    const graph_node *output = &run->graph->nodes[run->graph->output];
    const float *values = activ_run_values(run, output);
    if (values != y)
        memcpy(y, values, run->batch * output->features * sizeof *y);
}

activ_status activ_graph_forward(activ_graph *g, size_t batch, const float *x, float *y)
{
    activ_status status = check_output(g, batch, x, y);
    if (status != ACTIV_OK)
        return status;
    graph_run run = start(g, batch, 0, x, NULL, NULL);
    const int rounding = activ_round_to_nearest();
    begin(g, batch);
    forward(&run);
    activ_round_as(rounding);
    g->have_values = 1;
    copy_output(&run, y);
    return ACTIV_OK;
}

/* The graph is const, as other threads may use it: the message is the caller's. */
static activ_status check_predict(const activ_graph *g, const void *workspace, size_t workspace_bytes, size_t batch,
                                  const float *x, const float *y, activ_message *message)
{
    const activ_host *host = &g->host;
    if (!activ_graph_is_compiled(g))
        return activ_host_fail(host, message, ACTIV_ERROR_STATE, "prediction: the graph is not compiled");
    const void *arrays[] = { x, y, workspace, g->arena };
    static const char *const names[] = { "x", "y", "the workspace", "the graph's memory" };
    for (size_t i = 0; i < 3; i++)
        if (!arrays[i])
            return activ_host_fail(host, message, ACTIV_ERROR_INVALID, "prediction: ", names[i], " is NULL");
    for (size_t i = 0; i < 2; i++)
        if (!activ_is_aligned(arrays[i], sizeof(float)))
            return activ_host_fail(host, message, ACTIV_ERROR_INVALID, "prediction: ", names[i],
                                   " is" ACTIV_MISALIGNED);
    if (batch == 0)
        return activ_host_fail(host, message, ACTIV_ERROR_RANGE, "prediction: the batch is 0");
    size_t sizes[4] = { 0, 0, workspace_bytes, g->arena_bytes };
    if (!activ_checked_mul(batch, g->nodes[g->input].features * sizeof *x, &sizes[0]) ||
        !activ_checked_mul(batch, g->nodes[g->output].features * sizeof *y, &sizes[1]))
        return activ_host_fail(host, message, ACTIV_ERROR_RANGE, "prediction: the batch is too large");
    for (size_t i = 0; i < 4; i++)
        for (size_t k = 0; k < i; k++)
            if (!(k == 0 && i == 3) && activ_ranges_overlap(arrays[i], sizes[i], arrays[k], sizes[k]))
                return activ_host_fail(host, message, ACTIV_ERROR_INVALID, "prediction: ", names[k], " overlaps ",
                                       names[i]);
    return ACTIV_OK;
}

activ_status activ_graph_predict_ex(const activ_graph *g, void *workspace, size_t workspace_bytes, size_t batch,
                                    const float *x, float *y, activ_message *message)
{
    if (!g)
        return activ_fail(message, ACTIV_ERROR_INVALID, "prediction: the graph is NULL");
    activ_status status = check_predict(g, workspace, workspace_bytes, batch, x, y, message);
    if (status != ACTIV_OK)
        return status;
    const graph_node *output = &g->nodes[g->output];
    const size_t in = g->nodes[g->input].features, out = output->features;
    graph_run run = { .graph = g, .kernels = g->kernels, .batch = batch, .threads = 1 };
    activ_run_cut_workspace(&run, workspace, workspace_bytes);
    const size_t portion = run.batch;
    if (portion == 0)
        return activ_host_fail(&g->host, message, ACTIV_ERROR_RANGE,
                               "prediction: the workspace is too small for one sample");
    const int rounding = activ_round_to_nearest();
    for (size_t first = 0; first < batch; first += portion) {
        run.batch = batch - first < portion ? batch - first : portion;
        run.x = x + first * in;
        run.y = y + first * out;
        forward(&run);
        copy_output(&run, run.y); /* it may be a view, whose values lie elsewhere */
    }
    activ_round_as(rounding);
    return ACTIV_OK;
}

activ_status activ_graph_predict(const activ_graph *g, void *workspace, size_t workspace_bytes, size_t batch,
                                 const float *x, float *y)
{
    return activ_graph_predict_ex(g, workspace, workspace_bytes, batch, x, y, NULL);
}

/* Can all layers train on batches of this size, and is there something to start from? */
static activ_status check_batch(activ_graph *g, size_t batch)
{
    activ_status status = ACTIV_OK;
    if (!g->has_params && g->param_count > 0)
        return activ_graph_fail(g, ACTIV_ERROR_STATE, NULL,
                                "the parameters have no values yet: activ_graph_init or a checkpoint gives them");
    for (size_t i = 0; i < g->node_count && status == ACTIV_OK; i++)
        if (g->nodes[i].kind->check_batch)
            status = g->nodes[i].kind->check_batch(g, &g->nodes[i], batch);
    return status;
}

/* Gradients that layers accumulate; the other layers overwrite theirs. */
static void clear_gradients(activ_graph *g)
{
    for (size_t i = 0; i < g->node_count; i++)
        for (size_t t = 0; g->nodes[i].kind->adds_to_gradients && t < g->nodes[i].tensors; t++) {
            size_t tensor = g->nodes[i].first_tensor + t;
            memset(activ_graph_tensor_gradient(g, tensor), 0, g->tensors[tensor].count * sizeof(float));
        }
}

/* NaN if no sample counts: 0 / 0 would raise FE_INVALID. */
static float loss_of(const graph_run *run)
{
    return run->loss_terms > 0.0 ? (float)(run->loss_sum / run->loss_terms) : NAN;
}

static void train(activ_graph *g, graph_run *run, float *loss)
{
    const int rounding = activ_round_to_nearest();
    run->all_gradients = g->keeps_values;
    begin(g, run->batch);
    clear_gradients(g);
    forward(run);
    backward(run);
    g->step++;
    g->have_values = g->have_gradients = g->keeps_values;
    if (loss)
        *loss = loss_of(run);
    activ_round_as(rounding);
}

static void evaluate(activ_graph *g, graph_run *run, float *loss)
{
    const int rounding = activ_round_to_nearest();
    begin(g, run->batch);
    forward(run);
    g->have_values = 1;
    if (loss)
        *loss = loss_of(run);
    activ_round_as(rounding);
}

activ_status activ_graph_train(activ_graph *g, size_t batch, const float *x, const int32_t *labels, float *loss)
{
    activ_status status = check_labels(g, batch, x, labels);
    if (status == ACTIV_OK)
        status = check_batch(g, batch);
    if (status != ACTIV_OK)
        return status;
    graph_run run = start(g, batch, 1, x, labels, NULL);
    train(g, &run, loss);
    return ACTIV_OK;
}

activ_status activ_graph_train_values(activ_graph *g, size_t batch, const float *x, const float *targets, float *loss)
{
    activ_status status = check_targets(g, batch, x, targets);
    if (status == ACTIV_OK)
        status = check_batch(g, batch);
    if (status != ACTIV_OK)
        return status;
    graph_run run = start(g, batch, 1, x, NULL, targets);
    train(g, &run, loss);
    return ACTIV_OK;
}

/* ---- a loss of the caller's --------------------------------------------------------------------------- */

activ_status activ_graph_forward_train(activ_graph *g, size_t batch, const float *x, float *y)
{
    activ_status status = check_output(g, batch, x, y);
    if (status == ACTIV_OK)
        status = check_batch(g, batch);
    if (status != ACTIV_OK)
        return status;
    if (x == y)
        return activ_graph_fail(g, ACTIV_ERROR_INVALID, NULL, "the output is the input, which the gradients need");
    graph_run run = start(g, batch, 1, x, NULL, NULL);
    const int rounding = activ_round_to_nearest();
    begin(g, batch);
    forward(&run);
    activ_round_as(rounding);
    copy_output(&run, y);
    g->step++;
    g->open_batch = batch;
    g->open_x = x;
    g->have_values = g->keeps_values;
    return ACTIV_OK;
}

static activ_status check_backward(activ_graph *g, size_t batch, const float *dy, const float *dx)
{
    if (!g)
        return ACTIV_ERROR_INVALID;
    activ_status status = activ_graph_check_compiled(g, 1);
    if (status != ACTIV_OK)
        return status;
    if (g->open_batch == 0)
        return activ_graph_fail(g, ACTIV_ERROR_STATE, NULL,
                                "no call of activ_graph_forward_train came before, or it has had its backward call");
    if (batch != g->open_batch)
        return activ_graph_fail(g, ACTIV_ERROR_RANGE, NULL, "the batch differs from activ_graph_forward_train's");
    const size_t in = batch * g->nodes[g->input].features, out = batch * g->nodes[g->output].features;
    if (!dy)
        return activ_graph_fail(g, ACTIV_ERROR_INVALID, NULL, "the output's gradient is NULL");
    if (!activ_is_aligned(dy, sizeof *dy) || !activ_is_aligned(dx, sizeof *dx))
        return fail_alignment(g, activ_is_aligned(dy, sizeof *dy) ? "the input's gradient is"
                                                                  : "the output's gradient is");
    if (!is_outside(g, dy, out, sizeof *dy) || (dx && !is_outside(g, dx, in, sizeof *dx)))
        return activ_graph_fail(g, ACTIV_ERROR_INVALID, NULL, "a gradient lies in the graph's own memory");
    if (dx && (activ_ranges_overlap(dx, in * sizeof *dx, dy, out * sizeof *dy) ||
               activ_ranges_overlap(dx, in * sizeof *dx, g->open_x, in * sizeof *dx)))
        return activ_graph_fail(g, ACTIV_ERROR_INVALID, NULL,
                                "the input's gradient overlaps the input or the output's gradient");
    return ACTIV_OK;
}

activ_status activ_graph_backward(activ_graph *g, size_t batch, const float *dy, float *dx)
{
    activ_status status = check_backward(g, batch, dy, dx);
    if (status != ACTIV_OK)
        return status;
    graph_run run = start(g, batch, 1, g->open_x, NULL, NULL);
    run.step = g->step - 1; /* of the forward pass */
    run.dy = dy;
    run.dx = dx;
    run.all_gradients = dx || g->keeps_values;
    const int rounding = activ_round_to_nearest();
    begin(g, batch);
    clear_gradients(g);
    backward(&run);
    activ_round_as(rounding);
    const graph_node *input = &g->nodes[g->input];
    const float *gradient = activ_run_gradient(&run, input);
    if (dx && gradient != dx)
        memcpy(dx, gradient, batch * input->features * sizeof *dx);
    g->have_values = g->have_gradients = g->keeps_values;
    return ACTIV_OK;
}

/* ---- evaluation ----------------------------------------------------------------------------------------- */

static size_t count_correct(const graph_run *run)
{
    const activ_graph *g = run->graph;
    const graph_node *output = &g->nodes[g->output];
    const float *values = activ_run_values(run, output);
    const int32_t ignored = activ_cross_entropy_ignore_index(&g->nodes[g->loss]);
    size_t correct = 0;
    for (size_t i = 0; i < run->batch; i++) {
        if (run->labels[i] == ignored)
            continue;
        const float *row = values + i * output->features;
        size_t best = 0;
        int has_nan = isnan(row[0]);
        for (size_t j = 1; j < output->features; j++) {
            has_nan |= isnan(row[j]);
            if (row[j] > row[best])
                best = j;
        }
        correct += !has_nan && best == (size_t)run->labels[i];
    }
    return correct;
}

activ_status activ_graph_evaluate(activ_graph *g, size_t batch, const float *x, const int32_t *labels, float *loss,
                                  size_t *correct)
{
    activ_status status = check_labels(g, batch, x, labels);
    if (status != ACTIV_OK)
        return status;
    graph_run run = start(g, batch, 0, x, labels, NULL);
    evaluate(g, &run, loss);
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
    evaluate(g, &run, loss);
    return ACTIV_OK;
}
