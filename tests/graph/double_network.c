/* A network in double: see double_network.h. */
#include "graph/double_network.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "activ/random.h"
#include "base/random.h"

/* The number after "name=" in a spec, or the default. */
static double setting(const char *spec, const char *name, double initial)
{
    const char *at = strstr(spec, name);
    return at && at[strlen(name)] == '=' ? strtod(at + strlen(name) + 1, NULL) : initial;
}

static int is(const char *spec, const char *name)
{
    size_t length = strlen(name);
    return strncmp(spec, name, length) == 0 && (spec[length] == '\0' || spec[length] == '(');
}

static double logistic(double x)
{
    return 1.0 / (1.0 + exp(-x));
}

/* p: the layer's trainable values. slope: of rrelu, where x <= 0. */
static double apply(const char *spec, const double *p, size_t count, double slope, double x)
{
    if (is(spec, "identity"))
        return x;
    if (is(spec, "step"))
        return x >= setting(spec, "theta", 0.0) ? 1.0 : 0.0;
    if (is(spec, "sigmoid"))
        return logistic(x);
    if (is(spec, "tanh"))
        return tanh(x);
    if (is(spec, "relu"))
        return x > 0.0 ? x : 0.0;
    if (is(spec, "leaky_relu"))
        return x > 0.0 ? x : setting(spec, "negative_slope", 0.01) * x;
    if (is(spec, "prelu"))
        return x > 0.0 ? x : p[0] * x;
    if (is(spec, "rrelu"))
        return x > 0.0 ? x : slope * x;
    if (is(spec, "hardswish"))
        return x * fmin(fmax(x + 3.0, 0.0), 6.0) / 6.0;
    if (is(spec, "elu"))
        return x > 0.0 ? x : setting(spec, "alpha", 1.0) * expm1(x);
    if (is(spec, "trainable_elu"))
        return x > 0.0 ? x : p[0] * expm1(x);
    if (is(spec, "softplus")) {
        double beta = setting(spec, "beta", 1.0);
        return beta * x > setting(spec, "threshold", 20.0) ? x : log1p(exp(beta * x)) / beta;
    }
    if (is(spec, "silu"))
        return x * logistic(x);
    if (is(spec, "mish"))
        return x * tanh(log1p(exp(x)));
    if (is(spec, "gelu"))
        return 0.5 * x * erfc(-x * sqrt(0.5));
    if (is(spec, "gelu_tanh"))
        return 0.5 * x * (1.0 + tanh(sqrt(2.0 / acos(-1.0)) * (x + 0.044715 * x * x * x)));
    if (is(spec, "staf")) {
        size_t tau = count / 3;
        double sum = 0.0;
        for (size_t i = 0; i < tau; i++)
            sum += p[i] * sin(p[tau + i] * x + p[2 * tau + i]);
        return sum;
    }
    fail_msg("no reference for %s: add it to double_network.c", spec);
    return 0.0;
}

static size_t features(const activ_node_info *info)
{
    size_t count = 1;
    for (size_t i = 0; i < info->ndim; i++)
        count *= info->shape[i];
    return count;
}

void double_network_create(double_network *net, activ_graph *graph, const activ_node *shares,
                           size_t batch)
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
        net->values[i] = calloc(batch * features(&net->info[i]), sizeof(double));
        assert_non_null(net->values[i]);
    }
    net->buffers = activ_graph_buffers(graph);
    net->updated = calloc(activ_graph_buffer_count(graph) + 1, sizeof(double));
    assert_non_null(net->updated);
    for (size_t i = activ_graph_tensor_count(graph); i-- > 0;) {
        activ_param_info tensor = { .size = sizeof tensor };
        assert_int_equal(activ_graph_tensor_info(graph, i, &tensor), ACTIV_OK);
        net->params[tensor.node] = tensor.offset;
    }
}

void double_network_destroy(double_network *net)
{
    for (size_t i = 0; i < net->nodes; i++)
        free(net->values[i]);
    free(net->updated);
}

static void run_linear(const double_network *net, size_t node, const double *params)
{
    const activ_node_info *info = &net->info[node];
    size_t out = features(info), in = features(&net->info[info->inputs[0]]);
    const double *weight = params + net->params[node], *bias = weight + out * in;
    int has_bias = info->params > out * in;
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
    double p = (double)net->info[node].p;
    if (!net->training)
        return 1.0;
    return noise(net, node, element) < p ? 0.0 : 1.0 / (1.0 - p);
}

/* Element by element: where in the output's shape, and so in which input, an index is. */
static void run_concat(const double_network *net, size_t node)
{
    const activ_node_info *info = &net->info[node];
    size_t n = net->batch * features(info);
    for (size_t i = 0; i < n; i++) {
        size_t index[ACTIV_MAX_DIMS], rest = i;
        for (size_t d = info->ndim; d-- > 0; rest /= info->shape[d])
            index[d] = rest % info->shape[d];
        size_t which = 0;
        for (; index[info->axis] >= net->info[info->all_inputs[which]].shape[info->axis]; which++)
            index[info->axis] -= net->info[info->all_inputs[which]].shape[info->axis];
        assert_true(which < info->input_count);
        const activ_node_info *from = &net->info[info->all_inputs[which]];
        size_t at = rest;   /* the sample */
        for (size_t d = 0; d < from->ndim; d++)
            at = at * from->shape[d] + index[d];
        net->values[node][i] = net->values[info->all_inputs[which]][at];
    }
}

static void run_activation(const double_network *net, size_t node, const double *params)
{
    const activ_node_info *info = &net->info[node];
    size_t owner = net->shares[node] >= 0 ? (size_t)net->shares[node] : node;
    size_t count = net->info[owner].params, n = net->batch * features(info);
    double low = setting(info->spec, "lower", 0.125), high = setting(info->spec, "upper", 1.0 / 3.0);
    for (size_t i = 0; i < n; i++) {
        double slope = 0.5 * (low + high);
        if (net->training && is(info->spec, "rrelu")) {
            slope = low + noise(net, node, i) * (high - low);
        }
        net->values[node][i] = apply(info->spec, params + net->params[owner], count, slope,
                                     net->values[info->inputs[0]][i]);
    }
}

/* `count` values of a node, `length` at a time with `apart` between the starts of these: made normal, and with
 * a weight and a bias for each of them (`step` 1) or one for all (0). The moments come back if wanted. */
static void normalize(const double_network *net, size_t node, size_t first, size_t count, size_t length,
                      size_t apart, const double *weight, const double *bias, size_t step, double *moments)
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
        y[at] = (x[at] - mean) / sqrt(variance + (double)info->eps) * weight[i * step] + bias[i * step];
    }
}

static void run_batch_norm(double_network *net, size_t node, const double *params)
{
    const activ_node_info *info = &net->info[node];
    size_t channels = info->shape[0], length = features(info) / channels;
    const double *weight = params + info->first_param;
    assert_int_equal(info->params, 2 * channels);
    assert_int_equal(info->buffers, 2 * channels);
    for (size_t c = 0; c < channels; c++) {
        size_t at[2] = { info->first_buffer + c, info->first_buffer + channels + c };
        double moments[2] = { (double)net->buffers[at[0]], (double)net->buffers[at[1]] }, m = (double)info->momentum;
        normalize(net, node, c * length, net->batch * length, length, channels * length, weight + c,
                  weight + channels + c, 0, moments);
        for (int i = 0; i < 2; i++)
            net->updated[at[i]] = net->training ? (1.0 - m) * (double)net->buffers[at[i]] + m * moments[i]
                                                : moments[i];
    }
}

static void run_layer_norm(const double_network *net, size_t node, const double *params)
{
    const activ_node_info *info = &net->info[node];
    size_t count = info->params / 2;
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
            run_activation(net, i, params);
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
