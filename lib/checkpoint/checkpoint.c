/* Networks in safetensors files: their parameters as tensors, their description as metadata. */
#include "activ/checkpoint.h"

#include <string.h>

#include "base/text.h"
#include "checkpoint/safetensors.h"
#include "cpu/cpu.h"
#include "graph/graph.h"

#define DESCRIPTION_KEY "activ.network"

/* Views on parameters and buffers, for the writer. */
typedef struct parameter_list {
    const activ_host *host;
    size_t count;
    const char **names;
    activ_tensor **tensors;
} parameter_list;

static void free_list(parameter_list *list)
{
    for (size_t i = 0; list->tensors && i < list->count; i++)
        activ_tensor_destroy(list->tensors[i]);
    activ_host_free(list->host, list->names, list->count * sizeof *list->names);
    activ_host_free(list->host, list->tensors, list->count * sizeof *list->tensors);
}

static activ_status make_list(const activ_graph *g, parameter_list *list)
{
    memset(list, 0, sizeof *list);
    list->host = &g->host;
    list->count = activ_graph_stored_count(g);
    if (list->count == 0)
        return ACTIV_OK;
    list->names = activ_host_alloc(&g->host, list->count * sizeof *list->names);
    list->tensors = activ_host_alloc(&g->host, list->count * sizeof *list->tensors);
    const activ_context context = { g->host };
    activ_status status = list->names && list->tensors ? ACTIV_OK : ACTIV_ERROR_OUT_OF_MEMORY;
    for (size_t i = 0; i < list->count && status == ACTIV_OK; i++) {
        const graph_tensor *t = activ_graph_stored(g, i);
        list->names[i] = t->name;
        status = activ_tensor_view(&context, ACTIV_FLOAT32, t->ndim, t->shape, NULL,
                                   activ_graph_stored_values(g, i), &list->tensors[i]);
    }
    return status;
}

activ_status activ_checkpoint_save(const activ_graph *g, const char *path, activ_message *message)
{
    if (!g || !path) {
        activ_message_set(message, "the graph or the path is NULL");
        return ACTIV_ERROR_INVALID;
    }
    if (!g->arena) {
        activ_message_set(message, path, ": the graph is not compiled, so there is nothing to save");
        return ACTIV_ERROR_STATE;
    }
    activ_text text;
    activ_text_start(&text, NULL, 0);
    activ_graph_describe(g, &text);
    size_t bytes = text.length + 1;
    char *description = activ_host_alloc(&g->host, bytes);
    parameter_list list;
    activ_status status = make_list(g, &list);
    if (status == ACTIV_OK && !description)
        status = ACTIV_ERROR_OUT_OF_MEMORY;
    if (status == ACTIV_OK) {
        activ_text_start(&text, description, bytes);
        activ_graph_describe(g, &text);
        const activ_context context = { g->host };
        activ_safetensors_text pair = { DESCRIPTION_KEY, description };
        status = activ_safetensors_save(&context, path, list.count, list.names,
                                           (const activ_tensor *const *)list.tensors, 1, &pair, message);
    } else {
        activ_message_set(message, path, ": no memory to save it");
    }
    free_list(&list);
    activ_host_free(&g->host, description, bytes);
    return status;
}

/* Message: "PATH: tensor NAME ..." */
static activ_status blame(activ_message *message, activ_status status, const char *path, const char *name,
                          const char *fault)
{
    if (message) {
        activ_text text;
        activ_safetensors_blame(message, path, &text);
        activ_text_add(&text, "tensor ");
        activ_text_add_quoted(&text, name, strlen(name));
        activ_text_add(&text, fault);
    }
    return status;
}

/* PyTorch's batch_norm counts its steps, in a tensor that only a mean over all of them would need. */
static int is_left_aside(const activ_graph *g, const activ_safetensors_entry *entry)
{
    const char *role = strrchr(entry->name, '.');
    if (!role || strcmp(role, ".num_batches_tracked") != 0 || entry->dtype != ACTIV_INT64)
        return 0;
    size_t length = (size_t)(role - entry->name);
    for (size_t i = 0; i < g->node_count; i++)
        if (g->nodes[i].buffers > 0 && strncmp(g->nodes[i].name, entry->name, length) == 0 &&
            g->nodes[i].name[length] == '\0')
            return 1;
    return 0;
}

/* Do the file's tensors fit the graph's, one to one? */
static activ_status match(const activ_graph *g, const activ_safetensors *file, const char *path,
                          activ_message *message)
{
    size_t count = activ_graph_stored_count(g);
    for (size_t i = 0; i < count; i++) {
        const graph_tensor *t = activ_graph_stored(g, i);
        activ_safetensors_entry entry = { .size = sizeof entry };
        if (activ_safetensors_find(file, t->name, &entry) != ACTIV_OK)
            return blame(message, ACTIV_ERROR_FORMAT, path, t->name, " is missing");
        if (entry.dtype != ACTIV_FLOAT32)
            return blame(message, ACTIV_ERROR_UNSUPPORTED, path, t->name, " is not of type F32");
        if (entry.ndim != t->ndim || memcmp(entry.shape, t->shape, t->ndim * sizeof t->shape[0]) != 0) {
            char fault[256];
            activ_text text;
            activ_text_start(&text, fault, sizeof fault);
            activ_text_add(&text, " has shape ");
            activ_text_add_shape(&text, entry.ndim, entry.shape);
            activ_text_add(&text, ", but the network's is ");
            activ_text_add_shape(&text, t->ndim, t->shape);
            return blame(message, ACTIV_ERROR_SHAPE, path, t->name, fault);
        }
    }
    /* As many, and all of ours are there: otherwise one of the file's is none of ours. */
    if (activ_safetensors_count(file) == count)
        return ACTIV_OK;
    for (size_t i = 0; i < activ_safetensors_count(file); i++) {
        activ_safetensors_entry entry = { .size = sizeof entry };
        activ_status status = activ_safetensors_at(file, i, &entry);
        if (status != ACTIV_OK)
            return status;
        size_t j = 0;
        while (j < count && strcmp(activ_graph_stored(g, j)->name, entry.name) != 0)
            j++;
        if (j == count && !is_left_aside(g, &entry))
            return blame(message, ACTIV_ERROR_FORMAT, path, entry.name, " is not one of the network's");
    }
    return ACTIV_OK;
}

static void load_values(activ_graph *g, const activ_safetensors *file)
{
    for (size_t i = 0; i < activ_graph_stored_count(g); i++) {
        activ_safetensors_entry entry = { .size = sizeof entry };
        if (activ_safetensors_find(file, activ_graph_stored(g, i)->name, &entry) == ACTIV_OK)
            memcpy(activ_graph_stored_values(g, i), entry.data, entry.bytes);
    }
}

activ_status activ_checkpoint_load_params(activ_graph *g, const char *path, activ_message *message)
{
    if (!g || !path) {
        activ_message_set(message, "the graph or the path is NULL");
        return ACTIV_ERROR_INVALID;
    }
    if (!g->arena) {
        activ_message_set(message, path, ": the graph is not compiled, so it has no parameters");
        return ACTIV_ERROR_STATE;
    }
    const activ_context context = { g->host };
    activ_safetensors *file;
    activ_status status = activ_safetensors_open(&context, path, &file, message);
    if (status != ACTIV_OK)
        return status;
    status = match(g, file, path, message);
    if (status == ACTIV_OK)
        load_values(g, file);
    activ_safetensors_close(file);
    return status;
}

activ_status activ_checkpoint_load(const activ_context *context, const char *path, size_t max_batch,
                                   activ_graph **out, activ_message *message)
{
    if (!path || !out) {
        activ_message_set(message, "the path or the place for the graph is NULL");
        return ACTIV_ERROR_INVALID;
    }
    activ_safetensors *file;
    activ_status status = activ_safetensors_open(context, path, &file, message);
    if (status != ACTIV_OK)
        return status;
    activ_graph *g = NULL;
    const char *description = activ_safetensors_metadata(file, DESCRIPTION_KEY);
    if (!description) {
        activ_message_set(message, path, ": its metadata has no " DESCRIPTION_KEY
                          ", so the network cannot be rebuilt; build it and load its parameters");
        status = ACTIV_ERROR_FORMAT;
    }
    if (status == ACTIV_OK) {
        status = activ_graph_create(context, &g);
        if (status != ACTIV_OK)
            activ_message_set(message, path, ": ", activ_status_string(status));
    }
    /* The tensors are compared before memory is taken for what the description claims. */
    int graph_says = 0;
    if (status == ACTIV_OK) {
        status = activ_graph_parse(g, description);
        graph_says = status != ACTIV_OK;
    }
    if (status == ACTIV_OK)
        status = match(g, file, path, message);
    if (status == ACTIV_OK) {
        status = activ_graph_compile(g, max_batch);
        graph_says = status != ACTIV_OK;
    }
    if (graph_says)
        activ_message_set(message, path, ": ", activ_graph_error(g));
    if (status == ACTIV_OK) {
        load_values(g, file);
        *out = g;
    } else {
        activ_graph_destroy(g);
    }
    activ_safetensors_close(file);
    return status;
}
