/* Trained networks to look into: see trained.h. */
#include "trained.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "message.h"
#include "references.h"

static activ_status out_of_memory(activ_message *message)
{
    message_set(message, "out of memory");
    return ACTIV_ERROR_OUT_OF_MEMORY;
}

static char *copy_text(const char *text, size_t length)
{
    char *copy = calloc(length + 1, 1);
    if (copy != NULL)
        memcpy(copy, text, length);
    return copy;
}

/* The names of files, and what they are called: without folder and extension. */
static activ_status take_files(struct trained *trained, const char *list, uint64_t seed, activ_message *message)
{
    size_t count = 1;
    for (const char *at = list; *at != '\0'; at++)
        count += *at == ',' ? 1 : 0;
    trained->networks = calloc(count, sizeof *trained->networks);
    if (trained->networks == NULL)
        return out_of_memory(message);
    for (const char *at = list;; at++) {
        struct trained_network *network = &trained->networks[trained->count++];
        const size_t length = strcspn(at, ",");
        network->path = copy_text(at, length);
        if (network->path == NULL)
            return out_of_memory(message);
        const char *slash = strrchr(network->path, '/');
        const char *name = slash != NULL ? slash + 1 : network->path;
        const char *dot = strrchr(name, '.');
        network->label = copy_text(name, dot != NULL && dot != name ? (size_t)(dot - name) : strlen(name));
        network->seed = seed;
        if (network->label == NULL)
            return out_of_memory(message);
        at += length;
        if (*at == '\0')
            return ACTIV_OK;
    }
}

activ_status trained_settle(struct trained *trained, const struct study *study, struct trained_settings *settings,
                            activ_message *message)
{
    memset(trained, 0, sizeof *trained);
    if (settings->networks != NULL)
        return take_files(trained, settings->networks, study->seed, message);
    struct descent *descent = &settings->recipe.descent;
    if (strcmp(descent->optimizer, "adamw") == 0)
        descent->momentum = NAN;
    activ_status status = descent_check(descent, message);
    if (status == ACTIV_OK)
        status = seeds_parse(settings->seeds_text, study->seed, &trained->seeds, message);
    if (status == ACTIV_OK)
        status = settings->activations != NULL ? specs_parse(settings->activations, &trained->specs, message)
                                               : references_specs(&trained->specs, message);
    return status;
}

activ_status trained_find(struct trained *trained, const struct study *study, const struct trained_settings *settings,
                          activ_message *message)
{
    /* A file that is none is said now, not after the work on those before it. */
    for (size_t i = 0; settings->networks != NULL && i < trained->count; i++) {
        activ_graph *graph = NULL;
        activ_status status = network_load(NULL, trained->networks[i].path, 0, &graph, message);
        activ_graph_destroy(graph);
        if (status != ACTIV_OK)
            return status;
    }
    if (settings->networks != NULL)
        return ACTIV_OK;
    const size_t seeds = trained->seeds.count;
    const size_t count = trained->specs.count * seeds;
    trained->runs = calloc(count, sizeof *trained->runs);
    trained->networks = calloc(count, sizeof *trained->networks);
    if (trained->runs == NULL || trained->networks == NULL)
        return out_of_memory(message);
    for (size_t i = 0; i < count; i++) {
        trained->runs[i].recipe = settings->recipe;
        trained->runs[i].recipe.architecture.spec = trained->specs.values[i / seeds];
        trained->runs[i].recipe.seed = trained->seeds.values[i % seeds];
    }
    activ_status status = runs_train(study, trained->runs, count, message);
    for (size_t i = 0; status == ACTIV_OK && i < count; i++) {
        const struct run *run = &trained->runs[i];
        if (!run->finished)
            continue;
        struct trained_network *network = &trained->networks[trained->count++];
        const char *spec = run->recipe.architecture.spec;
        network->label = copy_text(spec, strlen(spec));
        network->path = run_path(study, run, 0);
        network->seed = run->recipe.seed;
        if (network->label == NULL || network->path == NULL)
            status = out_of_memory(message);
    }
    return status;
}

void trained_free(struct trained *trained)
{
    for (size_t i = 0; trained->networks != NULL && i < trained->count; i++) {
        free(trained->networks[i].label);
        free(trained->networks[i].path);
    }
    if (trained->runs != NULL)
        runs_free(trained->runs, trained->specs.count * trained->seeds.count);
    free(trained->runs);
    free(trained->networks);
    specs_free(&trained->specs);
    memset(trained, 0, sizeof *trained);
}
