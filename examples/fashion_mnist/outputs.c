/* fashion_mnist_outputs: what the layers of trained networks put out. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <activ/activ.h>

#include "common/arguments.h"
#include "common/data.h"
#include "common/interrupt.h"
#include "common/message.h"
#include "common/network.h"
#include "common/panels.h"
#include "common/study.h"
#include "common/trained.h"

#define PROGRAM "fashion_mnist_outputs"

struct settings {
    struct study study;
    struct trained_settings trained;
    size_t batch;
};

static enum parse_result parse(struct settings *settings, int argc, char **argv)
{
    const struct option options[] = {
        STUDY_OPTION_DATA(&settings->study),
        TRAINED_OPTIONS(&settings->trained),
        { "--batch", "N", OPTION_COUNT, &settings->batch, 1, 10000, "test images to look at (default 128)" },
        STUDY_OPTION_SEED(&settings->study),
        STUDY_OPTION_THREADS(&settings->study),
        STUDY_OPTION_OUT(&settings->study),
    };
    const struct program program = {
        PROGRAM,
        "Sends one batch of test images through trained networks, and looks at the output of each\n"
        "layer: of the activations, and of the last layer, which has none. Many zeros are sparse\n"
        "(relu); values at the ends of the range are saturated (tanh).\n"
        "\n"
        "Writes outputs.csv (histograms), outputs-summary.csv (a line for each layer) and\n"
        "outputs/NAME.svg (the histograms of each network).",
        options,
        sizeof options / sizeof options[0],
    };
    return arguments_parse(&program, argc, argv);
}

/* The layers that a histogram is of: each activation; without any, each linear layer; and the last one. */
static activ_status measure(activ_graph *graph, size_t batch, struct panels *panels, activ_message *message)
{
    const char *kind = network_node(graph, "activation", 0) >= 0 ? "activation" : "linear";
    const activ_node last = activ_graph_output_node(graph);
    for (size_t i = 0;; i++) {
        activ_layer_view view = ACTIV_LAYER_VIEW_INIT;
        activ_node node = network_node(graph, kind, i);
        const bool ends = node < 0 || node == last;
        activ_status status = activ_graph_layer_view(graph, ends ? last : node, &view);
        if (status == ACTIV_OK && view.values == NULL)
            status = ACTIV_ERROR_STATE;
        char title[40];
        (void)snprintf(title, sizeof title, "%s, %zu", ends ? "last layer" : view.name, view.width);
        if (status == ACTIV_OK)
            status = panels_add(panels, title, batch * view.width, view.values, message);
        if (status != ACTIV_OK || ends)
            return status;
    }
}

static activ_status run(const struct settings *settings, struct trained *trained, activ_message *message)
{
    const struct study *study = &settings->study;
    const struct dataset *images = &study->images.test;
    activ_status status = study_make_out(study, message);
    if (status == ACTIV_OK)
        status = trained_find(trained, study, &settings->trained, message);
    if (status != ACTIV_OK || interrupted())
        return status;
    struct panels *panels = calloc(trained->count, sizeof *panels);
    float *x = malloc(settings->batch * IMAGE_PIXELS * sizeof *x);
    float *y = malloc(settings->batch * IMAGE_CLASSES * sizeof *y);
    int32_t *labels = malloc(settings->batch * sizeof *labels);
    if (panels == NULL || x == NULL || y == NULL || labels == NULL)
        status = ACTIV_ERROR_OUT_OF_MEMORY;
    else
        dataset_batch(images, NULL, 0, settings->batch, x, labels);
    for (size_t i = 0; status == ACTIV_OK && i < trained->count; i++) {
        activ_graph *graph = NULL;
        panels[i].label = trained->networks[i].label;
        status = network_load(NULL, trained->networks[i].path, settings->batch, &graph, message);
        if (status == ACTIV_OK)
            status = activ_graph_forward(graph, settings->batch, x, y);
        if (status == ACTIV_OK)
            status = measure(graph, settings->batch, &panels[i], message);
        activ_graph_destroy(graph);
        if (status != ACTIV_OK)
            break;
        printf("%-24s", panels[i].label);
        for (size_t j = 0; j < panels[i].count; j++)
            printf("  %5.1f %% zero, %8.2e",
                   100.0 * (double)panels[i].stats[j].zeros / (double)panels[i].stats[j].count,
                   panels[i].stats[j].deviation);
        printf("\n");
    }
    if (status == ACTIV_OK)
        printf("Of each layer: zeros among its outputs, and their standard deviation.\n\n");
    if (status == ACTIV_OK)
        status = panels_write_csv(study, "outputs", panels, trained->count, message);
    if (status == ACTIV_OK)
        status = panels_draw(study, "outputs", "output", panels, trained->count, message);
    for (size_t i = 0; panels != NULL && i < trained->count; i++)
        panels_free(&panels[i]);
    free(panels);
    free(x);
    free(y);
    free(labels);
    return status;
}

int main(int argc, char **argv)
{
    struct settings settings = { .study = STUDY_DEFAULTS(PROGRAM), .trained = TRAINED_SETTINGS, .batch = 128 };
    const enum parse_result parsed = parse(&settings, argc, argv);
    if (parsed != PARSE_RUN)
        return parse_exit_code(parsed);
    activ_message message = { "" };
    struct trained trained;
    activ_status status = trained_settle(&trained, &settings.study, &settings.trained, &message);
    if (status == ACTIV_OK)
        status = study_begin(&settings.study, 1, &message);
    if (status == ACTIV_OK && settings.batch > settings.study.images.test.count) {
        message_set(&message, "--batch: %zu is more than the %zu test images in '%s'", settings.batch,
                    settings.study.images.test.count, settings.study.data);
        status = ACTIV_ERROR_RANGE;
    }
    if (status == ACTIV_OK)
        status = run(&settings, &trained, &message);
    int code = study_finish(&settings.study, status, &message);
    trained_free(&trained);
    study_end(&settings.study);
    return code;
}
