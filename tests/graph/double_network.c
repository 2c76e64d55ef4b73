/* A network in double: see double_network.h. */
#include "graph/double_network.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "activ/random.h"
#include "base/random.h"

static size_t features(const activ_node_info *info)
{
    size_t count = 1;
    for (size_t i = 0; i < info->ndim; i++)
        count *= info->shape[i];
    return count;
}

static int has_shape(const activ_fn *fn, int32_t shape)
{
    activ_fn_info info = ACTIV_FN_INFO_INIT;
    assert_int_equal(activ_fn_info_of(fn, &info), ACTIV_OK);
    return info.shape == shape;
}

void double_network_create(double_network *net, activ_graph *graph, const activ_node *shares, size_t batch)
{
    memset(net, 0, sizeof *net);
    net->graph = graph;
    net->batch = batch;
    net->nodes = activ_graph_node_count(graph);
    assert_in_range(net->nodes, 2, DOUBLE_MAX_NODES);
    for (size_t i = 0; i < net->nodes; i++) {
        net->info[i].size = sizeof net->info[i];
        assert_int_equal(activ_graph_node_info(graph, (activ_node)i, &net->info[i]), ACTIV_OK);
        net->shares[i] = shares ? shares[i] : -1;
        const activ_fn *own = activ_graph_node_fn(graph, (activ_node)i);
        if (own) {
            assert_int_equal(activ_fn_create(NULL, activ_fn_spec(own), &net->fn[i]), ACTIV_OK);
            /* Of a gated function the reference is its gate's; rows have none. */
            const activ_fn *act =
                has_shape(net->fn[i], ACTIV_SHAPE_GATED) ? activ_fn_function(net->fn[i], 0) : net->fn[i];
            if (!has_shape(act, ACTIV_SHAPE_ROWWISE) && ref_open(&net->ref[i], act, NULL) != 0)
                fail_msg("no reference for %s: add it to src/reference", activ_fn_spec(own));
        }
        net->values[i] = calloc(batch * features(&net->info[i]), sizeof(double));
        assert_non_null(net->values[i]);
    }
    net->buffers = activ_graph_buffers(graph);
    net->updated = calloc(activ_graph_buffer_count(graph) + 1, sizeof(double));
    assert_non_null(net->updated);
    for (size_t i = activ_graph_param_tensor_count(graph); i-- > 0;) {
        activ_graph_tensor_info tensor = ACTIV_GRAPH_TENSOR_INFO_INIT;
        assert_int_equal(activ_graph_param_tensor_info(graph, i, &tensor), ACTIV_OK);
        net->params[tensor.node] = tensor.offset;
    }
}

void double_network_destroy(double_network *net)
{
    for (size_t i = 0; i < net->nodes; i++) {
        free(net->values[i]);
        if (net->ref[i].entry)
            ref_close(&net->ref[i]);
        activ_fn_destroy(net->fn[i]);
    }
    free(net->updated);
}

/* A layer's setting, which its description says. */
static double setting(const activ_node_info *info, const char *name)
{
    char before[32];
    (void)snprintf(before, sizeof before, ", %s=", name);
    const char *at = strstr(info->description, before);
    if (!at)
        fail_msg("%s: no %s", info->description, name);
    return at ? (double)strtof(at + strlen(before), NULL) : 0.0;
}

static void run_linear(const double_network *net, size_t node, const double *params)
{
    const activ_node_info *info = &net->info[node];
    size_t out = features(info), in = features(&net->info[info->inputs[0]]);
    const double *weight = params + net->params[node], *bias = weight + out * in;
    int has_bias = info->param_count > out * in;
    for (size_t b = 0; b < net->batch; b++)
        for (size_t j = 0; j < out; j++) {
            double sum = has_bias ? bias[j] : 0.0;
            for (size_t k = 0; k < in; k++)
                sum += weight[j * in + k] * net->values[info->inputs[0]][b * in + k];
            net->values[node][b * out + j] = sum;
        }
}

/* Uniform in [0, 1). */
static double noise(const double_network *net, size_t node, size_t element)
{
    uint64_t stream = ACTIV_STREAM(ACTIV_STREAM_NOISE, net->step << 12 | node);
    float u;
    assert_int_equal(activ_random_uniform(net->seed, stream, element, 1, 0.0f, 1.0f, &u), ACTIV_OK);
    return (double)u;
}

static double dropout_factor(const double_network *net, size_t node, size_t element)
{
    double p = setting(&net->info[node], "p");
    if (!net->training)
        return 1.0;
    return noise(net, node, element) < p ? 0.0 : 1.0 / (1.0 - p);
}

/* Element by element: where in the output's shape, and so in which input, an index is. */
static void run_concat(const double_network *net, size_t node)
{
    const activ_node_info *info = &net->info[node];
    size_t n = net->batch * features(info), axis = (size_t)setting(info, "axis");
    for (size_t i = 0; i < n; i++) {
        size_t index[ACTIV_MAX_DIMS], rest = i;
        for (size_t d = info->ndim; d-- > 0; rest /= info->shape[d])
            index[d] = rest % info->shape[d];
        size_t which = 0;
        for (; index[axis] >= net->info[info->inputs[which]].shape[axis]; which++)
            index[axis] -= net->info[info->inputs[which]].shape[axis];
        assert_true(which < info->input_count);
        const activ_node_info *from = &net->info[info->inputs[which]];
        size_t at = rest; /* the sample */
        for (size_t d = 0; d < from->ndim; d++)
            at = at * from->shape[d] + index[d];
        net->values[node][i] = net->values[info->inputs[which]][at];
    }
}

/* A function that is random in training: rrelu, which draws the slope of x <= 0 between its two settings. */
static double drawn_value(const double_network *net, size_t node, size_t element, double x)
{
    const double *bounds = net->ref[node].args.values;
    return x > 0.0 ? x : (bounds[0] + noise(net, node, element) * (bounds[1] - bounds[0])) * x;
}

static void run_activation(double_network *net, size_t node, const double *params)
{
    const activ_node_info *info = &net->info[node];
    size_t owner = net->shares[node] >= 0 ? (size_t)net->shares[node] : node, n = net->batch * features(info);
    size_t channels = activ_fn_channels(net->fn[node]), inner = features(info) / channels;
    ref_function *ref = &net->ref[node];
    const double *x = net->values[info->inputs[0]];
    assert_int_equal(net->info[owner].param_count, ref->args.param_count);
    int draws = net->training && activ_fn_is_random(net->fn[node]);
    for (size_t c = 0; c < channels; c++) {
        ref_set_params(ref, params + net->params[owner], c);
        for (size_t i = 0; i < n; i++)
            if (i / inner % channels == c)
                net->values[node][i] = draws ? drawn_value(net, node, i, x[i]) : ref_at(ref, x[i]).f;
    }
}

/* softmax and log_softmax over the last dimension. */
static void run_rows(const double_network *net, size_t node)
{
    const activ_node_info *info = &net->info[node];
    size_t columns = info->shape[info->ndim - 1];
    const char *spec = activ_fn_spec(net->fn[node]);
    int log_of = strcmp(spec, "log_softmax") == 0;
    if (!log_of && strcmp(spec, "softmax") != 0)
        fail_msg("no reference for rows of %s", spec);
    for (size_t at = 0; at < net->batch * features(info); at += columns) {
        const double *x = net->values[info->inputs[0]] + at;
        double largest = x[0], sum = 0.0;
        for (size_t i = 1; i < columns; i++)
            largest = fmax(largest, x[i]);
        for (size_t i = 0; i < columns; i++)
            sum += exp(x[i] - largest);
        for (size_t i = 0; i < columns; i++)
            net->values[node][at + i] = log_of ? x[i] - largest - log(sum) : exp(x[i] - largest) / sum;
    }
}

/* y = value act(gate): two inputs, or the halves of one's last dimension, of which the first is the gate in layers that
 * are called so. */
static void run_gated(double_network *net, size_t node, const double *params)
{
    const activ_node_info *info = &net->info[node];
    const int split = strcmp(info->kind, "gated_split") == 0, first = strstr(info->name, "gate-first") != NULL;
    size_t columns = info->shape[info->ndim - 1], stride = split ? 2 * columns : columns;
    const double *value = net->values[info->inputs[0]] + (first ? columns : 0);
    const double *gate = split ? net->values[info->inputs[0]] + (first ? 0 : columns) : net->values[info->inputs[1]];
    ref_function *ref = &net->ref[node];
    ref_set_params(ref, params + net->params[node], 0);
    int draws = net->training && activ_fn_is_random(net->fn[node]);
    for (size_t i = 0; i < net->batch * features(info); i++) {
        size_t at = i / columns * stride + i % columns;
        net->values[node][i] = value[at] * (draws ? drawn_value(net, node, i, gate[at]) : ref_at(ref, gate[at]).f);
    }
}

/* `count` values of a node, `length` at a time with `apart` between the starts of these: made normal, and with
 * a weight and a bias for each of them (`step` 1) or one for all (0). The moments come back if wanted. */
static void normalize(const double_network *net, size_t node, size_t first, size_t count, size_t length, size_t apart,
                      const double *weight, const double *bias, size_t step, double *moments)
{
    const activ_node_info *info = &net->info[node];
    const double *x = net->values[info->inputs[0]] + first;
    double *y = net->values[node] + first, mean = 0.0, variance = 0.0;
    for (size_t i = 0; i < count; i++)
        mean += x[i / length * apart + i % length] / (double)count;
    for (size_t i = 0; i < count; i++)
        variance += pow(x[i / length * apart + i % length] - mean, 2.0) / (double)count;
    if (moments && !net->training) {
        mean = moments[0];
        variance = moments[1];
    } else if (moments) {
        moments[0] = mean;
        moments[1] = variance * (double)count / ((double)count - 1.0);
    }
    for (size_t i = 0; i < count; i++) {
        size_t at = i / length * apart + i % length;
        y[at] = (x[at] - mean) / sqrt(variance + setting(info, "eps")) * weight[i * step] + bias[i * step];
    }
}

static void run_batch_norm(double_network *net, size_t node, const double *params)
{
    const activ_node_info *info = &net->info[node];
    size_t channels = info->shape[0], length = features(info) / channels;
    const double *weight = params + info->first_param;
    assert_int_equal(info->param_count, 2 * channels);
    assert_int_equal(info->buffer_count, 2 * channels);
    for (size_t c = 0; c < channels; c++) {
        size_t at[2] = { info->first_buffer + c, info->first_buffer + channels + c };
        double moments[2] = { (double)net->buffers[at[0]], (double)net->buffers[at[1]] }, m = setting(info, "momentum");
        normalize(net, node, c * length, net->batch * length, length, channels * length, weight + c,
                  weight + channels + c, 0, moments);
        for (int i = 0; i < 2; i++)
            net->updated[at[i]] = net->training ? (1.0 - m) * (double)net->buffers[at[i]] + m * moments[i] : moments[i];
    }
}

static void run_layer_norm(const double_network *net, size_t node, const double *params)
{
    const activ_node_info *info = &net->info[node];
    size_t count = info->param_count / 2;
    const double *weight = params + info->first_param;
    for (size_t i = 0; i < net->batch * features(info); i += count)
        normalize(net, node, i, count, count, 0, weight, weight + count, 1, NULL);
}

static double run_cross_entropy(const double_network *net, const activ_node_info *info)
{
    size_t classes = features(&net->info[info->inputs[0]]);
    double total = 0.0;
    for (size_t b = 0; b < net->batch; b++) {
        const double *row = net->values[info->inputs[0]] + b * classes;
        double largest = row[0], sum = 0.0;
        for (size_t j = 1; j < classes; j++)
            largest = fmax(largest, row[j]);
        for (size_t j = 0; j < classes; j++)
            sum += exp(row[j] - largest);
        total += log(sum) + largest - row[net->labels[b]];
    }
    return total / (double)net->batch;
}

static double run_mse(const double_network *net, const activ_node_info *info)
{
    size_t n = net->batch * features(&net->info[info->inputs[0]]);
    double total = 0.0;
    for (size_t i = 0; i < n; i++) {
        double d = net->values[info->inputs[0]][i] - (double)net->targets[i];
        total += d * d;
    }
    return total / (double)n;
}

double double_network_run(double_network *net, const double *params)
{
    double loss = 0.0;
    for (size_t i = 0; i < net->nodes; i++) {
        const activ_node_info *info = &net->info[i];
        size_t n = net->batch * features(info);
        if (strcmp(info->kind, "input") == 0) {
            for (size_t j = 0; j < n; j++)
                net->values[i][j] = (double)net->x[j];
        } else if (strcmp(info->kind, "flatten") == 0) {
            memcpy(net->values[i], net->values[info->inputs[0]], n * sizeof(double));
        } else if (strcmp(info->kind, "linear") == 0) {
            run_linear(net, i, params);
        } else if (strcmp(info->kind, "activation") == 0) {
            if (net->ref[i].entry)
                run_activation(net, i, params);
            else
                run_rows(net, i);
        } else if (strncmp(info->kind, "gated", 5) == 0) {
            run_gated(net, i, params);
        } else if (strcmp(info->kind, "add") == 0) {
            for (size_t j = 0; j < n; j++)
                net->values[i][j] = net->values[info->inputs[0]][j] + net->values[info->inputs[1]][j];
        } else if (strcmp(info->kind, "multiply") == 0) {
            for (size_t j = 0; j < n; j++)
                net->values[i][j] = net->values[info->inputs[0]][j] * net->values[info->inputs[1]][j];
        } else if (strcmp(info->kind, "concat") == 0) {
            run_concat(net, i);
        } else if (strcmp(info->kind, "dropout") == 0) {
            for (size_t j = 0; j < n; j++)
                net->values[i][j] = net->values[info->inputs[0]][j] * dropout_factor(net, i, j);
        } else if (strcmp(info->kind, "batch_norm") == 0) {
            run_batch_norm(net, i, params);
        } else if (strcmp(info->kind, "layer_norm") == 0) {
            run_layer_norm(net, i, params);
        } else if (strcmp(info->kind, "cross_entropy") == 0) {
            loss = net->labels ? run_cross_entropy(net, info) : 0.0;
        } else if (strcmp(info->kind, "mse") == 0) {
            loss = net->targets ? run_mse(net, info) : 0.0;
        } else {
            fail_msg("no reference for layers of kind %s", info->kind);
        }
    }
    return loss;
}

double double_network_slope(double_network *net, double *params, size_t i)
{
    double kept = params[i], h = 1e-6 * (1.0 + fabs(kept));
    params[i] = kept + h;
    double above = double_network_run(net, params);
    params[i] = kept - h;
    double below = double_network_run(net, params);
    params[i] = kept;
    return (above - below) / (2.0 * h);
}
