/* fashion_mnist_gradients: the gradients of a network that has not been trained yet. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <activ/activ.h>

#include "common/arguments.h"
#include "common/data.h"
#include "common/list.h"
#include "common/message.h"
#include "common/network.h"
#include "common/panels.h"
#include "common/references.h"
#include "common/study.h"
#include "common/train.h"

#define PROGRAM "fashion_mnist_gradients"

struct settings {
    struct study study;
    const char *activations; /* NULL: the chapter's */
    struct architecture architecture;
    struct descent descent; /* for its initial values */
    size_t batch;
};

static enum parse_result parse(struct settings *settings, int argc, char **argv)
{
    const struct option options[] = {
        STUDY_OPTION_DATA(&settings->study),
        { "--activations", "LIST", OPTION_TEXT, &settings->activations, 0, 0,
          "like relu,none,\"leaky_relu(negative_slope=0.2)\",\"x*tanh(exp(x))\",@isru\n(default: the chapter's)" },
        NETWORK_OPTION_HIDDEN(&settings->architecture.hidden),
        NETWORK_OPTION_BATCH_NORM(&settings->architecture.batch_norm),
        DESCENT_OPTION_INIT(&settings->descent),
        { "--batch", "N", OPTION_COUNT, &settings->batch, 2, 1000000, "images (default 128)" },
        STUDY_OPTION_SEED(&settings->study),
        STUDY_OPTION_THREADS(&settings->study),
        STUDY_OPTION_OUT(&settings->study),
    };
    const struct program program = {
        PROGRAM,
        "Sends one batch forward and back through fresh networks, one for each activation, and\n"
        "looks at the gradient of each layer's weights: where its values are 1000 times smaller at\n"
        "the input than at the output, the first layers learn 1000 times slower.\n"
        "\n"
        "Writes gradients.csv (histograms), gradients-summary.csv (a line for each layer),\n"
        "activation-gradients-summary.csv (the same for the outputs of the layers instead of\n"
        "weights), gradients.svg (mean magnitudes, layer by layer) and gradients/NAME.svg (the\n"
        "histograms of each activation).",
        options,
        sizeof options / sizeof options[0],
    };
    return arguments_parse(&program, argc, argv);
}

static activ_status add_weights(const activ_graph *graph, size_t layer, struct panels *panels, activ_message *message)
{
    activ_graph_tensor_info weight = ACTIV_GRAPH_TENSOR_INFO_INIT;
    const float *gradient;
    char title[40];
    activ_status status = network_weight_gradient(graph, layer, &weight, &gradient);
    if (status != ACTIV_OK)
        return status;
    (void)snprintf(title, sizeof title, "%zu to %zu", weight.shape[1], weight.shape[0]);
    return panels_add(panels, title, weight.count, gradient, message);
}

static activ_status measure(const struct settings *settings, activ_graph *graph, const float *x, const int32_t *labels,
                            struct panels *weights, struct panels *outputs, activ_message *message)
{
    activ_status status = activ_graph_train(graph, settings->batch, x, labels, NULL);
    for (size_t i = 0; status == ACTIV_OK; i++) {
        activ_layer_view view = ACTIV_LAYER_VIEW_INIT;
        activ_node node = network_node(graph, "linear", i);
        if (node < 0)
            return ACTIV_OK;
        status = activ_graph_layer_view(graph, node, &view);
        if (status == ACTIV_OK)
            status = add_weights(graph, i, weights, message);
        if (status == ACTIV_OK)
            status = panels_add(outputs, view.name, view.batch * view.width, view.value_grads, message);
    }
    if (message->text[0] == '\0')
        message_set(message, "%s: %s", weights->label, activ_graph_error(graph));
    return status;
}

static activ_status run_one(const struct settings *settings, const char *spec, const float *x, const int32_t *labels,
                            struct panels *weights, struct panels *outputs, activ_message *message)
{
    struct architecture architecture = settings->architecture;
    activ_graph *graph = NULL;
    architecture.spec = weights->label = outputs->label = spec;
    activ_status status = network_create(NULL, &architecture, settings->batch, true, &graph, message);
    if (status == ACTIV_OK)
        status = descent_init(&settings->descent, graph, settings->study.seed, message);
    if (status == ACTIV_OK)
        status = measure(settings, graph, x, labels, weights, outputs, message);
    activ_graph_destroy(graph);
    return status;
}

static activ_status run(const struct settings *settings, const struct specs *specs, activ_message *message)
{
    const struct study *study = &settings->study;
    const struct dataset *images = &study->images.train;
    struct panels *weights = calloc(2 * specs->count, sizeof *weights);
    float *x = malloc(settings->batch * IMAGE_PIXELS * sizeof *x);
    int32_t *labels = malloc(settings->batch * sizeof *labels);
    uint32_t *order = malloc(images->count * sizeof *order);
    struct panels *outputs = weights != NULL ? weights + specs->count : NULL;
    activ_status status = ACTIV_ERROR_OUT_OF_MEMORY;
    if (weights != NULL && x != NULL && labels != NULL && order != NULL) {
        /* The first batch of a training with this seed. */
        status = activ_random_permutation(study->seed, 1, images->count, order);
        if (status == ACTIV_OK)
            dataset_batch(images, order, 0, settings->batch, x, labels);
    }
    if (status == ACTIV_OK)
        status = study_make_out(study, message);
    for (size_t i = 0; status == ACTIV_OK && i < specs->count; i++) {
        status = run_one(settings, specs->values[i], x, labels, &weights[i], &outputs[i], message);
        if (status != ACTIV_OK)
            break;
        printf("%-24s", specs->values[i]);
        for (size_t j = 0; j < weights[i].count; j++)
            printf("  %9.2e", weights[i].stats[j].mean_magnitude);
        printf("\n");
    }
    if (status == ACTIV_OK)
        printf("Mean magnitude of the gradient of each layer's weights, from the input's to the output's.\n\n");
    if (status == ACTIV_OK)
        status = panels_write_csv(study, "gradients", weights, specs->count, message);
    if (status == ACTIV_OK)
        status = panels_write_csv(study, "activation-gradients", outputs, specs->count, message);
    if (status == ACTIV_OK)
        status = panels_draw_flow(study, "gradients", "mean magnitude of the gradient of the weights", weights,
                                  specs->count, message);
    if (status == ACTIV_OK)
        status = panels_draw(study, "gradients", "gradient", weights, specs->count, message);
    for (size_t i = 0; weights != NULL && i < 2 * specs->count; i++)
        panels_free(&weights[i]);
    free(weights);
    free(x);
    free(labels);
    free(order);
    return status;
}

int main(int argc, char **argv)
{
    struct settings settings = {
        .study = STUDY_DEFAULTS(PROGRAM),
        .architecture = { "relu", SIMPLE_NETWORK_HIDDEN, false },
        .descent = DESCENT_DEFAULTS,
        .batch = 128,
    };
    const enum parse_result parsed = parse(&settings, argc, argv);
    if (parsed != PARSE_RUN)
        return parse_exit_code(parsed);
    activ_message message = { "" };
    struct specs specs = { 0 };
    activ_status status = settings.activations != NULL ? specs_parse(settings.activations, &specs, &message)
                                                       : references_specs(&specs, &message);
    if (status == ACTIV_OK)
        status = descent_check(&settings.descent, &message);
    if (status == ACTIV_OK)
        status = study_begin(&settings.study, settings.batch, &message);
    if (status == ACTIV_OK)
        status = run(&settings, &specs, &message);
    int code = study_finish(&settings.study, status, &message);
    specs_free(&specs);
    study_end(&settings.study);
    return code;
}
