/* SimpleNetwork: see network.h. */
#include "network.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include <zoo/zoo.h>

#include "data.h"
#include "fnv.h"
#include "message.h"

static activ_status create_fn(const activ_context *context, const char *spec, activ_fn **out, activ_message *message)
{
    activ_message why = { "" };
    activ_status status = activ_fn_create_ex(context, spec, out, &why);
    if (status != ACTIV_OK)
        message_set(message, "activation '%.100s': %s", spec, why.text);
    return status;
}

activ_status network_spec(const char *text, char **spec, activ_message *message)
{
    activ_fn *fn = NULL;
    activ_status status = ACTIV_OK;
    zoo all = { 0 };
    *spec = NULL;
    if (strcmp(text, "none") != 0) {
        activ_message why = { "" };
        const char *expanded = zoo_expand(&all, text, &why);
        if (expanded != NULL) {
            status = create_fn(NULL, expanded, &fn, message);
        } else {
            message_set(message, "activation '%.100s': %s", text, why.text);
            status = ACTIV_ERROR_UNKNOWN_NAME;
        }
        text = activ_fn_spec(fn);
    }
    const size_t size = status == ACTIV_OK ? strlen(text) + 1 : 0;
    if (size > 0)
        *spec = malloc(size);
    if (*spec != NULL) {
        memcpy(*spec, text, size);
    } else if (status == ACTIV_OK) {
        message_set(message, "out of memory");
        status = ACTIV_ERROR_OUT_OF_MEMORY;
    }
    activ_fn_destroy(fn);
    zoo_free(&all);
    return status;
}

activ_status network_create(const activ_context *context, const struct architecture *architecture, size_t max_batch,
                            bool keep_values, activ_graph **out, activ_message *message)
{
    activ_fn *fn = NULL;
    activ_graph *graph = NULL;
    activ_status status = ACTIV_OK;
    if (strcmp(architecture->spec, "none") != 0) {
        status = create_fn(context, architecture->spec, &fn, message);
        if (status != ACTIV_OK)
            return status;
    }
    status = activ_graph_create(context, &graph);
    if (status != ACTIV_OK) {
        message_set(message, "the network cannot be made: %s", activ_status_string(status));
        activ_fn_destroy(fn);
        return status;
    }

    activ_node x = activ_graph_input(graph, IMAGE_PIXELS);
    activ_node first = -1;
    for (size_t i = 0; i < architecture->hidden.count; i++) {
        x = activ_graph_linear(graph, x, architecture->hidden.values[i]);
        if (architecture->batch_norm)
            x = activ_graph_batch_norm(graph, x, NULL);
        if (fn == NULL)
            continue;
        if (i == 0)
            x = first = activ_graph_apply(graph, x, fn);
        else
            x = activ_graph_apply_shared(graph, x, first);
    }
    (void)activ_graph_cross_entropy(graph, activ_graph_linear(graph, x, IMAGE_CLASSES));
    activ_fn_destroy(fn);
    activ_compile_options options = ACTIV_COMPILE_DEFAULTS;
    options.max_batch = max_batch;
    options.keep_values = keep_values ? 1 : 0;
    status = activ_graph_compile_ex(graph, &options, NULL);
    if (status != ACTIV_OK) {
        const char *error = activ_graph_error(graph);
        message_set(message, "the network cannot be built: %s", error[0] != '\0' ? error : activ_status_string(status));
        activ_graph_destroy(graph);
        return status;
    }
    *out = graph;
    return ACTIV_OK;
}

activ_node network_node(const activ_graph *graph, const char *kind, size_t i)
{
    for (size_t j = 0; j < activ_graph_node_count(graph); j++) {
        activ_node_info info = ACTIV_NODE_INFO_INIT;
        if (activ_graph_node_info(graph, (activ_node)j, &info) == ACTIV_OK && strcmp(info.kind, kind) == 0 && i-- == 0)
            return (activ_node)j;
    }
    return -1;
}

/* Bytes in the same order on every machine. */
static uint64_t add_values(uint64_t digest, const float *values, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        uint32_t bits;
        memcpy(&bits, &values[i], sizeof bits);
        const unsigned char bytes[4] = { (unsigned char)bits, (unsigned char)(bits >> 8), (unsigned char)(bits >> 16),
                                         (unsigned char)(bits >> 24) };
        digest = fnv_add(digest, bytes, sizeof bytes);
    }
    return digest;
}

uint64_t network_digest(activ_graph *graph)
{
    uint64_t digest = add_values(FNV_START, activ_graph_params(graph), activ_graph_param_count(graph));
    return add_values(digest, activ_graph_buffers(graph), activ_graph_buffer_count(graph));
}

activ_status network_weight_gradient(const activ_graph *graph, size_t i, activ_graph_tensor_info *weight,
                                     const float **gradient)
{
    activ_layer_view view = ACTIV_LAYER_VIEW_INIT;
    activ_status status = activ_graph_layer_view(graph, network_node(graph, "linear", i), &view);
    if (status == ACTIV_OK)
        status = activ_graph_param_tensor_info(graph, view.first_tensor, weight); /* a linear layer's first one */
    if (status == ACTIV_OK)
        *gradient = view.param_grads + (weight->offset - view.first_param);
    return status;
}

/* Values per sample of a node. */
static size_t node_values(const activ_graph *graph, activ_node node)
{
    activ_node_info info = ACTIV_NODE_INFO_INIT;
    size_t values = 1;
    if (activ_graph_node_info(graph, node, &info) != ACTIV_OK)
        return 0;
    for (size_t i = 0; i < info.ndim; i++)
        values *= info.shape[i];
    return values;
}

/* Does it fit these images? */
static activ_status check(const activ_graph *graph, const char *path, activ_message *message)
{
    bool input = false;
    bool output = false;
    for (size_t i = 0; i < activ_graph_node_count(graph); i++) {
        activ_node_info info = ACTIV_NODE_INFO_INIT;
        if (activ_graph_node_info(graph, (activ_node)i, &info) != ACTIV_OK)
            continue;
        if (strcmp(info.kind, "input") == 0)
            input = node_values(graph, (activ_node)i) == IMAGE_PIXELS;
        else if (strcmp(info.kind, "cross_entropy") == 0)
            output = node_values(graph, info.inputs[0]) == IMAGE_CLASSES;
    }
    if (input && output)
        return ACTIV_OK;
    message_set(message, "'%s' holds no network of %d inputs and cross-entropy over %d classes", path, IMAGE_PIXELS,
                IMAGE_CLASSES);
    return ACTIV_ERROR_SHAPE;
}

activ_status network_load(const activ_context *context, const char *path, size_t max_batch, activ_graph **out,
                          activ_message *message)
{
    activ_graph *graph = NULL;
    activ_status status = activ_checkpoint_load(context, path, max_batch, &graph, message);
    if (status == ACTIV_OK)
        status = check(graph, path, message);
    if (status == ACTIV_OK)
        *out = graph;
    else
        activ_graph_destroy(graph);
    return status;
}

const char *network_activation(const activ_graph *graph)
{
    for (size_t i = 0; i < activ_graph_node_count(graph); i++) {
        const activ_fn *fn = activ_graph_node_fn(graph, (activ_node)i);
        if (fn != NULL)
            return activ_fn_spec(fn);
    }
    return NULL;
}

/* 283914 -> "283,914". */
static void format_count(size_t count, char *text, size_t size)
{
    char digits[24];
    int length = snprintf(digits, sizeof digits, "%zu", count);
    size_t used = 0;
    for (int i = 0; i < length && used + 2 < size; i++) {
        if (i > 0 && (length - i) % 3 == 0)
            text[used++] = ',';
        text[used++] = digits[i];
    }
    text[used] = '\0';
}

static void format_shape(size_t batch, const activ_node_info *info, char *text, size_t size)
{
    int used = snprintf(text, size, "[%zu", batch);
    for (size_t i = 0; i < info->ndim && used > 0 && (size_t)used < size; i++)
        used += snprintf(text + used, size - (size_t)used, ", %zu", info->shape[i]);
    if (used > 0 && (size_t)used < size)
        (void)snprintf(text + used, size - (size_t)used, "]");
}

static void print_line(FILE *out, size_t width, char c)
{
    for (size_t i = 0; i < width; i++)
        (void)fputc(c, out);
    (void)fputc('\n', out);
}

activ_status network_print_summary(const activ_graph *graph, size_t batch, FILE *out)
{
    static const size_t width = 66;
    size_t params = 0;
    size_t multiply_adds = 0;
    size_t outputs = 0;
    size_t inputs = 0;
    bool has_params = false;
    print_line(out, width, '=');
    (void)fprintf(out, "%-26s  %-20s  %16s\n", "Layer", "Output shape", "Parameters");
    print_line(out, width, '=');
    for (size_t i = 0; i < activ_graph_node_count(graph); i++) {
        activ_node_info info = ACTIV_NODE_INFO_INIT;
        activ_status status = activ_graph_node_info(graph, (activ_node)i, &info);
        if (status != ACTIV_OK)
            return status;
        size_t values = 1;
        for (size_t j = 0; j < info.ndim; j++)
            values *= info.shape[j];
        if (strcmp(info.kind, "input") == 0) {
            inputs = values;
            continue;
        }
        if (strcmp(info.kind, "cross_entropy") == 0)
            continue;
        const char *spec = activ_fn_spec(activ_graph_node_fn(graph, (activ_node)i));
        char layer[64];
        char shape[64];
        char count[40] = "--";
        (void)snprintf(layer, sizeof layer, "%s: %s", info.name, spec != NULL ? spec : info.kind);
        format_shape(batch, &info, shape, sizeof shape);
        if (info.param_count > 0)
            format_count(info.param_count, count, sizeof count);
        else if (spec != NULL && has_params)
            (void)snprintf(count, sizeof count, "(shared)");
        if (spec != NULL && info.param_count > 0)
            has_params = true;
        (void)fprintf(out, "%-26s  %-20s  %16s\n", layer, shape, count);
        params += info.param_count;
        multiply_adds += info.multiply_adds;
        outputs += values;
    }
    char count[40];
    double megabyte = 1e6;
    format_count(params, count, sizeof count);
    print_line(out, width, '=');
    (void)fprintf(out, "Parameters, all trainable: %s\n", count);
    (void)fprintf(out, "Multiply-adds of one image (M): %.2f\n", (double)multiply_adds / 1e6);
    print_line(out, width, '=');
    /* Counted as torchinfo does: float32 values; each layer's output twice, for forward and backward. */
    double input_mb = 4.0 * (double)inputs * (double)batch / megabyte;
    double pass_mb = 8.0 * (double)outputs * (double)batch / megabyte;
    double params_mb = 4.0 * (double)params / megabyte;
    (void)fprintf(out, "Input size (MB): %.2f\n", input_mb);
    (void)fprintf(out, "Forward and backward pass size (MB): %.2f\n", pass_mb);
    (void)fprintf(out, "Parameters size (MB): %.2f\n", params_mb);
    (void)fprintf(out, "Estimated total size (MB): %.2f\n", input_mb + pass_mb + params_mb);
    print_line(out, width, '=');
    return ACTIV_OK;
}
