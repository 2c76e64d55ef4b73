/* Networks in safetensors files: their parameters as tensors, their description as metadata. A training checkpoint is
 * the same file with the optimiser's arrays as further tensors "optimizer/STATE/TENSOR" (no layer's name has a slash),
 * and its settings and the random layers' counters as metadata. */
#include "activ/checkpoint.h"

#include <string.h>

#include "base/sized.h"
#include "base/text.h"
#include "checkpoint/names.h"
#include "checkpoint/safetensors.h"
#include "context/context.h"
#include "graph/graph.h"
#include "optim/optimizer.h"

#define DESCRIPTION_KEY "activ.network"
#define OPTIMIZER_KEY "activ.optimizer"
#define RANDOM_KEY "activ.random"

#define STATE_PREFIX "optimizer/"

/* The text of the random counters: "libactiv random 1\nseed = 7\nstep = 469". */
#define RANDOM_SEED "libactiv random 1\nseed = "
#define RANDOM_STEP "\nstep = "

typedef struct state_name {
    char text[ACTIV_NAME_SIZE + 64];
} state_name;

static void name_state(const activ_optimizer *o, size_t state, size_t tensor, state_name *name)
{
    activ_text text;
    activ_text_start(&text, name->text, sizeof name->text);
    activ_text_add(&text, STATE_PREFIX);
    activ_text_add(&text, o->kind->states[state]);
    activ_text_add(&text, "/");
    activ_text_add(&text, o->graph->tensors[tensor].name);
}

/* ---- saving ------------------------------------------------------------------------------------------ */

/* Views of what is saved, for the writer. */
typedef struct tensor_list {
    const activ_host *host;
    size_t count;
    const char **names;
    activ_tensor **tensors;
    size_t state_count; /* the last of them are the optimiser's */
    state_name *state_names;
} tensor_list;

static void free_list(tensor_list *list)
{
    for (size_t i = 0; list->tensors && i < list->count; i++)
        activ_tensor_destroy(list->tensors[i]);
    activ_host_free(list->host, list->names, list->count * sizeof *list->names);
    activ_host_free(list->host, list->tensors, list->count * sizeof *list->tensors);
    activ_host_free(list->host, list->state_names, list->state_count * sizeof *list->state_names);
}

static activ_status list_states(const activ_graph *g, const activ_optimizer *o, tensor_list *list)
{
    const activ_context context = { g->host };
    activ_status status = ACTIV_OK;
    size_t at = 0, first = list->count - list->state_count;
    for (size_t k = 0; k < OPTIMIZER_STATES; k++)
        for (size_t i = 0; i < g->tensor_count && o->states[k] && status == ACTIV_OK; i++, at++) {
            const graph_tensor *t = &g->tensors[i];
            name_state(o, k, i, &list->state_names[at]);
            list->names[first + at] = list->state_names[at].text;
            status = activ_tensor_view(&context, ACTIV_FLOAT32, t->ndim, t->shape, NULL, o->states[k] + t->offset,
                                       &list->tensors[first + at], NULL);
        }
    return status;
}

/* o may be NULL. names: of the graph's tensors. */
static activ_status make_list(const activ_graph *g, const activ_optimizer *o, const activ_file_names *names,
                              tensor_list *list)
{
    memset(list, 0, sizeof *list);
    list->host = &g->host;
    size_t count = activ_graph_stored_count(g);
    for (size_t k = 0; o && k < OPTIMIZER_STATES; k++)
        list->state_count += o->states[k] ? g->tensor_count : 0;
    list->count = count + list->state_count;
    if (list->count == 0)
        return ACTIV_OK;
    list->names = activ_host_alloc(&g->host, list->count * sizeof *list->names);
    list->tensors = activ_host_alloc(&g->host, list->count * sizeof *list->tensors);
    list->state_names = activ_host_alloc(&g->host, list->state_count * sizeof *list->state_names);
    const activ_context context = { g->host };
    activ_status status = ACTIV_OK;
    if (!list->names || !list->tensors || (list->state_count > 0 && !list->state_names))
        status = ACTIV_ERROR_OUT_OF_MEMORY;
    for (size_t i = 0; i < count && status == ACTIV_OK; i++) {
        const graph_tensor *t = activ_graph_stored(g, i);
        list->names[i] = names->names[i];
        status = activ_tensor_view(&context, ACTIV_FLOAT32, t->ndim, t->shape, NULL, activ_graph_stored_values(g, i),
                                   &list->tensors[i], NULL);
    }
    if (status == ACTIV_OK && list->state_count > 0)
        status = list_states(g, o, list);
    return status;
}

enum { NETWORK, OPTIMIZER, RANDOM, TEXTS };

/* The texts of the metadata, zero-terminated; starts[] gets their offsets. o may be NULL: the network only. */
static void write_texts(const activ_graph *g, const activ_optimizer *o, activ_text *text, size_t *starts)
{
    starts[NETWORK] = text->length;
    activ_graph_describe(g, text);
    activ_text_add_bytes(text, "", 1);
    if (!o)
        return;
    starts[OPTIMIZER] = text->length;
    activ_optimizer_describe(o, text);
    activ_text_add_bytes(text, "", 1);
    starts[RANDOM] = text->length;
    activ_text_add(text, RANDOM_SEED);
    activ_text_add_u64(text, g->seed);
    activ_text_add(text, RANDOM_STEP);
    activ_text_add_u64(text, g->step);
    activ_text_add_bytes(text, "", 1);
}

/* g may be NULL. */
static activ_status fail_null(const activ_graph *g, activ_message *message, const char *what)
{
    activ_host host;
    activ_host_of(NULL, &host);
    return activ_host_fail(g ? &g->host : &host, message, ACTIV_ERROR_INVALID, "checkpoint: ", what);
}

/* Saves what `names` has, and if has_texts the description of the network, and of the optimiser, which may be NULL. */
static activ_status save_named(const activ_graph *g, const activ_optimizer *o, const activ_file_names *names,
                               const int has_texts, const char *path, activ_message *message)
{
    size_t starts[TEXTS];
    activ_text text;
    activ_text_start(&text, NULL, 0);
    write_texts(g, o, &text, starts);
    size_t bytes = text.length + 1;
    char *texts = activ_host_alloc(&g->host, bytes);
    tensor_list list;
    activ_status status = make_list(g, o, names, &list);
    if (status == ACTIV_OK && !texts)
        status = ACTIV_ERROR_OUT_OF_MEMORY;
    if (status == ACTIV_OK) {
        activ_text_start(&text, texts, bytes);
        write_texts(g, o, &text, starts);
        const activ_context context = { g->host };
        activ_safetensors_text pairs[TEXTS] = { { DESCRIPTION_KEY, texts + starts[NETWORK] } };
        if (o) {
            pairs[OPTIMIZER] = (activ_safetensors_text){ OPTIMIZER_KEY, texts + starts[OPTIMIZER] };
            pairs[RANDOM] = (activ_safetensors_text){ RANDOM_KEY, texts + starts[RANDOM] };
        }
        const size_t pair_count = !has_texts ? 0 : o ? TEXTS : 1;
        status = activ_safetensors_save(&context, path, list.count, list.names,
                                        (const activ_tensor *const *)list.tensors, pair_count, pairs, message);
    } else {
        activ_host_fail(&g->host, message, status, path, ": no memory to save it");
    }
    free_list(&list);
    activ_host_free(&g->host, texts, bytes);
    return status;
}

static activ_status save(const activ_graph *g, const activ_optimizer *o, size_t rule_count,
                         const activ_tensor_name *rules, const int has_texts, const char *path, activ_message *message)
{
    if (!activ_graph_is_compiled(g))
        return activ_host_fail(&g->host, message, ACTIV_ERROR_STATE, path,
                               ": the graph is not compiled, so there is nothing to save");
    activ_file_names names;
    activ_status status = activ_file_names_make(g, path, rule_count, rules, &names, message);
    if (status == ACTIV_OK)
        status = save_named(g, o, &names, has_texts, path, message);
    activ_file_names_free(&names);
    return status;
}

activ_status activ_checkpoint_save(const activ_graph *g, const char *path, activ_message *message)
{
    if (!g || !path)
        return fail_null(g, message, "the graph or the path is NULL");
    return save(g, NULL, 0, NULL, 1, path, message);
}

activ_status activ_checkpoint_save_params(const activ_graph *g, const char *path, size_t name_count,
                                          const activ_tensor_name *names, activ_message *message)
{
    if (!g || !path)
        return fail_null(g, message, "the graph or the path is NULL");
    return save(g, NULL, name_count, names, 0, path, message);
}

activ_status activ_checkpoint_save_training(const activ_graph *g, const activ_optimizer *optimizer, const char *path,
                                            activ_message *message)
{
    if (!g || !optimizer || !path)
        return fail_null(g, message, "the graph, the optimizer or the path is NULL");
    if (optimizer->graph != g)
        return activ_host_fail(&g->host, message, ACTIV_ERROR_INVALID, path, ": the optimizer is another graph's");
    return save(g, optimizer, 0, NULL, 1, path, message);
}

/* ---- loading ----------------------------------------------------------------------------------------- */

/* "PATH: tensor NAME: WHAT" */
static activ_status fail_tensor(const activ_host *host, activ_message *message, activ_status status, const char *path,
                                const char *name, const char *what)
{
    activ_message own;
    activ_text text;
    activ_safetensors_start_message(&own, path, &text);
    activ_text_add(&text, "tensor ");
    activ_text_add_quoted(&text, name, strlen(name));
    activ_text_add(&text, what);
    return activ_host_fail(host, message, status, own.text);
}

/* How a graph's tensors are read from a file. */
typedef struct load_plan {
    const activ_file_names *names;
    activ_load_options options;
    int widens; /* float16 and bfloat16 are taken in any case: nothing is lost */
} load_plan;

/* PyTorch's batch_norm counts its steps in a tensor that only a cumulative average would need. */
static int is_ignored(const activ_file_names *names, const activ_safetensors_entry *entry)
{
    static const char counter[] = ".num_batches_tracked", neighbour[] = ".running_mean";
    const char *role = strrchr(entry->name, '.');
    if (!role || strcmp(role, counter) != 0 || entry->dtype != ACTIV_INT64)
        return 0;
    return activ_file_names_have_parts(names, entry->name, (size_t)(role - entry->name), neighbour);
}

/* Is a tensor of this type read? plan: NULL for float32 alone. */
static activ_status match_type(const activ_host *host, const char *path, const activ_safetensors_entry *entry,
                               const load_plan *plan, activ_message *message)
{
    const int is_half = entry->dtype == ACTIV_FLOAT16 || entry->dtype == ACTIV_BFLOAT16;
    const int is_convertible = plan && (is_half || entry->dtype == ACTIV_FLOAT64);
    if (entry->dtype == ACTIV_FLOAT32 || (is_convertible && (plan->options.convert || (plan->widens && is_half))))
        return ACTIV_OK;
    char what[128];
    activ_text text;
    activ_text_start(&text, what, sizeof what);
    activ_text_add(&text, " is of type ");
    activ_text_add(&text, entry->dtype_name);
    activ_text_add(&text, ", not F32");
    if (is_convertible)
        activ_text_add(&text, "; activ_checkpoint_load_params_ex converts it, with the option convert");
    return fail_tensor(host, message, ACTIV_ERROR_UNSUPPORTED, path, entry->name, what);
}

/* Is there a tensor of this name and shape, of float32, or one that is to be converted? plan: as above. */
static activ_status match_tensor(const activ_host *host, const activ_safetensors *file, const char *path,
                                 const char *name, const graph_tensor *t, const load_plan *plan, activ_message *message)
{
    activ_safetensors_entry entry = ACTIV_SAFETENSORS_ENTRY_INIT;
    if (activ_safetensors_find(file, name, &entry) != ACTIV_OK)
        return plan && plan->options.partial
                   ? ACTIV_OK
                   : fail_tensor(host, message, ACTIV_ERROR_FORMAT, path, name, " is missing");
    const activ_status status = match_type(host, path, &entry, plan, message);
    if (status != ACTIV_OK)
        return status;
    if (entry.ndim == t->ndim && memcmp(entry.shape, t->shape, t->ndim * sizeof t->shape[0]) == 0)
        return ACTIV_OK;
    char what[256];
    activ_text text;
    activ_text_start(&text, what, sizeof what);
    activ_text_add(&text, " has shape ");
    activ_text_add_shape(&text, entry.ndim, entry.shape);
    activ_text_add(&text, ", but the network's is ");
    activ_text_add_shape(&text, t->ndim, t->shape);
    return fail_tensor(host, message, ACTIV_ERROR_SHAPE, path, name, what);
}

/* Is this tensor, of a training checkpoint, the optimiser's? */
static int is_state(const activ_safetensors *file, const char *name)
{
    return activ_safetensors_metadata(file, OPTIMIZER_KEY) && strncmp(name, STATE_PREFIX, strlen(STATE_PREFIX)) == 0;
}

/* Is this tensor of the file neither the graph's, nor an optimiser's, nor to be ignored? */
static int is_foreign(const activ_safetensors *file, const activ_file_names *names,
                      const activ_safetensors_entry *entry)
{
    return !activ_file_names_have(names, entry->name) && !is_state(file, entry->name) && !is_ignored(names, entry);
}

/* Do the file's tensors, except an optimiser's, match the graph's, one to one unless the load is partial? */
static activ_status match(const activ_graph *g, const activ_safetensors *file, const char *path, const load_plan *plan,
                          activ_message *message)
{
    for (size_t i = 0; i < activ_graph_stored_count(g); i++) {
        activ_status status =
            match_tensor(&g->host, file, path, plan->names->names[i], activ_graph_stored(g, i), plan, message);
        if (status != ACTIV_OK)
            return status;
    }
    /* The file has all tensors of the graph. Does it have others? */
    for (size_t i = 0; !plan->options.partial && i < activ_safetensors_count(file); i++) {
        activ_safetensors_entry entry = ACTIV_SAFETENSORS_ENTRY_INIT;
        activ_status status = activ_safetensors_at(file, i, &entry);
        if (status != ACTIV_OK)
            return status;
        if (is_foreign(file, plan->names, &entry))
            return fail_tensor(&g->host, message, ACTIV_ERROR_FORMAT, path, entry.name, " is not one of the network's");
    }
    return ACTIV_OK;
}

/* The values of a tensor, as float32. The file's are not aligned. */
static void read_values(const activ_safetensors_entry *entry, float *to)
{
    union {
        double doubles[256];
        float floats[512];
        uint16_t halves[1024];
    } aligned;
    const char *from = entry->data;
    const size_t size = activ_dtype_size(entry->dtype);
    for (size_t left = entry->bytes, bytes; left > 0; left -= bytes, from += bytes, to += bytes / size) {
        bytes = left < sizeof aligned ? left : sizeof aligned;
        memcpy(&aligned, from, bytes);
        activ_convert(bytes / size, entry->dtype, &aligned, ACTIV_FLOAT32, to);
    }
}

/* Tells the caller what was left. */
static void tell_left(const activ_graph *g, const activ_safetensors *file, const load_plan *plan)
{
    const activ_load_options *o = &plan->options;
    activ_safetensors_entry entry = ACTIV_SAFETENSORS_ENTRY_INIT;
    for (size_t i = 0; i < activ_graph_stored_count(g); i++)
        if (activ_safetensors_find(file, plan->names->names[i], &entry) != ACTIV_OK)
            o->left(o->user, ACTIV_LEFT_MISSING, activ_graph_stored(g, i)->name);
    for (size_t i = 0; i < activ_safetensors_count(file); i++)
        if (activ_safetensors_at(file, i, &entry) == ACTIV_OK && is_foreign(file, plan->names, &entry))
            o->left(o->user, ACTIV_LEFT_UNUSED, entry.name);
}

/* What match has checked. */
static void load_values(activ_graph *g, const activ_safetensors *file, const load_plan *plan)
{
    int is_whole = 1;
    for (size_t i = 0; i < activ_graph_stored_count(g); i++) {
        activ_safetensors_entry entry = ACTIV_SAFETENSORS_ENTRY_INIT;
        float *to = activ_graph_stored_values(g, i);
        if (activ_safetensors_find(file, plan->names->names[i], &entry) != ACTIV_OK)
            is_whole = 0;
        else
            read_values(&entry, to);
    }
    g->has_params |= is_whole;
    if (plan->options.left)
        tell_left(g, file, plan);
}

/* Opens a file whose network fits a compiled graph. */
static activ_status open_matching(const activ_graph *g, const char *path, const load_plan *plan,
                                  activ_safetensors **file, activ_message *message)
{
    const activ_context context = { g->host };
    activ_status status = activ_safetensors_open(&context, path, file, message);
    if (status != ACTIV_OK)
        return status;
    status = match(g, *file, path, plan, message);
    if (status != ACTIV_OK)
        activ_safetensors_close(*file);
    return status;
}

/* The plan for a compiled graph; names are to be freed, also after a failure. */
static activ_status make_plan(const activ_graph *g, const char *path, const activ_load_options *options,
                              activ_file_names *names, load_plan *plan, activ_message *message)
{
    static const activ_load_options defaults = ACTIV_LOAD_DEFAULTS;
    memset(names, 0, sizeof *names);
    names->host = &g->host;
    plan->names = names;
    plan->widens = 0;
    activ_status status = activ_sized_read(&plan->options, sizeof plan->options, options ? options : &defaults);
    if (status != ACTIV_OK)
        return activ_host_fail(&g->host, message, status, path, ": options: ", activ_sized_reason(status));
    if ((plan->options.partial | plan->options.convert) & ~1)
        return activ_host_fail(&g->host, message, ACTIV_ERROR_RANGE, path,
                               ": options: partial or convert is neither 0 nor 1");
    if (!activ_graph_is_compiled(g))
        return activ_host_fail(&g->host, message, ACTIV_ERROR_STATE, path,
                               ": the graph is not compiled, so it has no parameters");
    return activ_file_names_make(g, path, plan->options.name_count, plan->options.names, names, message);
}

activ_status activ_checkpoint_load_params_ex(activ_graph *g, const char *path, const activ_load_options *options,
                                             activ_message *message)
{
    if (!g || !path)
        return fail_null(g, message, "the graph or the path is NULL");
    activ_safetensors *file;
    activ_file_names names;
    load_plan plan;
    activ_status status = make_plan(g, path, options, &names, &plan, message);
    if (status == ACTIV_OK)
        status = open_matching(g, path, &plan, &file, message);
    if (status == ACTIV_OK) {
        load_values(g, file, &plan);
        activ_safetensors_close(file);
    }
    activ_file_names_free(&names);
    return status;
}

activ_status activ_checkpoint_load_params(activ_graph *g, const char *path, activ_message *message)
{
    return activ_checkpoint_load_params_ex(g, path, NULL, message);
}

/* How many values there are room for in the file's tensors. */
static size_t count_values(const activ_safetensors *file)
{
    size_t values = 0;
    for (size_t i = 0; i < activ_safetensors_count(file); i++) {
        activ_safetensors_entry entry = ACTIV_SAFETENSORS_ENTRY_INIT;
        if (activ_safetensors_at(file, i, &entry) == ACTIV_OK)
            values += entry.bytes / (activ_dtype_size(entry.dtype) == 2 ? 2 : sizeof(float));
    }
    return values;
}

/* Compiles a graph and loads its values, if they are those of the file. */
static activ_status fill(activ_graph *g, const activ_safetensors *file, const char *path, size_t max_batch,
                         activ_message *message)
{
    activ_file_names names;
    const load_plan plan = { &names, ACTIV_LOAD_DEFAULTS, 1 };
    activ_status status = activ_file_names_make(g, path, 0, NULL, &names, message);
    if (status == ACTIV_OK)
        status = match(g, file, path, &plan, message);
    if (status == ACTIV_OK) {
        activ_graph_fill_functions(g);
        status = activ_graph_compile(g, max_batch);
        if (status != ACTIV_OK)
            activ_fail(message, status, path, ": ", activ_graph_error(g));
    }
    if (status == ACTIV_OK)
        load_values(g, file, &plan);
    activ_file_names_free(&names);
    return status;
}

/* Creates the graph that an opened file describes. */
static activ_status build(const activ_context *context, const activ_host *host, const activ_safetensors *file,
                          const char *path, size_t max_batch, activ_graph **out, activ_message *message)
{
    const char *description = activ_safetensors_metadata(file, DESCRIPTION_KEY);
    if (!description)
        return activ_host_fail(host, message, ACTIV_ERROR_FORMAT, path, ": its metadata has no " DESCRIPTION_KEY,
                               ", so the network cannot be rebuilt; build it and load its parameters");
    activ_status status = activ_graph_create(context, out);
    if (status != ACTIV_OK)
        return activ_host_fail(host, message, status, path, ": no memory for a graph");
    /* Match the tensors first: compiling allocates what the description claims. The graph logs its own errors. */
    status = activ_graph_parse(*out, description, count_values(file));
    if (status != ACTIV_OK)
        return activ_fail(message, status, path, ": ", activ_graph_error(*out));
    return fill(*out, file, path, max_batch, message);
}

activ_status activ_checkpoint_load(const activ_context *context, const char *path, size_t max_batch, activ_graph **out,
                                   activ_message *message)
{
    activ_host host;
    activ_host_of(context, &host);
    if (!path || !out)
        return activ_host_fail(&host, message, ACTIV_ERROR_INVALID, "checkpoint: the path or out is NULL");
    activ_safetensors *file;
    activ_graph *g = NULL;
    activ_status status = activ_safetensors_open(context, path, &file, message);
    if (status != ACTIV_OK)
        return status;
    status = build(context, &host, file, path, max_batch, &g, message);
    if (status == ACTIV_OK)
        *out = g;
    else
        activ_graph_destroy(g);
    activ_safetensors_close(file);
    return status;
}

/* ---- resuming training -------------------------------------------------------------------------------- */

/* Reads a number after the text `before`; returns what follows it, or NULL. */
static const char *read_counter(const char *text, const char *before, uint64_t *number)
{
    size_t length = strlen(before);
    if (strncmp(text, before, length) != 0)
        return NULL;
    text += length;
    length = activ_parse_u64(text, strspn(text, "0123456789"), number);
    return length > 0 ? text + length : NULL;
}

/* Creates the optimiser that the metadata describes, without the values of its arrays, and reads the random layers'
 * counters. */
static activ_status read_texts(activ_graph *g, const activ_safetensors *file, const char *path,
                               activ_optimizer **optimizer, uint64_t *seed, uint64_t *step, activ_message *message)
{
    const char *description = activ_safetensors_metadata(file, OPTIMIZER_KEY);
    const char *random = activ_safetensors_metadata(file, RANDOM_KEY);
    if (!description || !random)
        return activ_host_fail(&g->host, message, ACTIV_ERROR_FORMAT, path, ": its metadata has no ",
                               description ? RANDOM_KEY : OPTIMIZER_KEY, ", so it is no training checkpoint");
    const char *at = read_counter(random, RANDOM_SEED, seed);
    at = at ? read_counter(at, RANDOM_STEP, step) : NULL;
    if (!at || *at != '\0' || *step > ACTIV_GRAPH_MAX_STEPS)
        return activ_host_fail(&g->host, message, ACTIV_ERROR_FORMAT, path, ": its " RANDOM_KEY " is malformed");
    activ_message own;
    activ_status status = activ_optimizer_parse(g, description, optimizer, &own);
    return status == ACTIV_OK ? status : activ_host_fail(&g->host, message, status, path, ": ", own.text);
}

/* "optimizer/STATE/TENSOR" of this optimiser? */
static int is_its_state(const activ_optimizer *o, const char *name)
{
    name += strlen(STATE_PREFIX);
    for (size_t k = 0; k < OPTIMIZER_STATES; k++) {
        size_t length = o->states[k] ? strlen(o->kind->states[k]) : 0;
        if (length == 0 || strncmp(name, o->kind->states[k], length) != 0 || name[length] != '/')
            continue;
        const activ_slice tensor = { name + length + 1, strlen(name + length + 1) };
        if (activ_graph_find_stored(o->graph, tensor) < o->tensor_count)
            return 1;
    }
    return 0;
}

/* Are the optimiser's arrays there, and no others? */
static activ_status match_states(const activ_optimizer *o, const activ_safetensors *file, const char *path,
                                 activ_message *message)
{
    state_name name;
    for (size_t k = 0; k < OPTIMIZER_STATES; k++)
        for (size_t i = 0; i < o->tensor_count && o->states[k]; i++) {
            name_state(o, k, i, &name);
            activ_status status = match_tensor(&o->host, file, path, name.text, &o->graph->tensors[i], NULL, message);
            if (status != ACTIV_OK)
                return status;
        }
    for (size_t i = 0; i < activ_safetensors_count(file); i++) {
        activ_safetensors_entry entry = ACTIV_SAFETENSORS_ENTRY_INIT;
        activ_status status = activ_safetensors_at(file, i, &entry);
        if (status != ACTIV_OK)
            return status;
        if (is_state(file, entry.name) && !is_its_state(o, entry.name))
            return fail_tensor(&o->host, message, ACTIV_ERROR_FORMAT, path, entry.name,
                               " is not one of the optimizer's");
    }
    return ACTIV_OK;
}

static void load_states(activ_optimizer *o, const activ_safetensors *file)
{
    for (size_t k = 0; k < OPTIMIZER_STATES; k++)
        for (size_t i = 0; i < o->tensor_count && o->states[k]; i++) {
            state_name name;
            activ_safetensors_entry entry = ACTIV_SAFETENSORS_ENTRY_INIT;
            name_state(o, k, i, &name);
            if (activ_safetensors_find(file, name.text, &entry) == ACTIV_OK)
                memcpy(o->states[k] + o->graph->tensors[i].offset, entry.data, entry.bytes);
        }
}

/* Loads a graph and its optimiser from an opened file that matches the graph. */
static activ_status resume(activ_graph *g, const activ_safetensors *file, const char *path, const load_plan *plan,
                           activ_optimizer **out, activ_message *message)
{
    activ_optimizer *o = NULL;
    uint64_t seed, step;
    activ_status status = read_texts(g, file, path, &o, &seed, &step, message);
    if (status == ACTIV_OK)
        status = match_states(o, file, path, message);
    if (status != ACTIV_OK) {
        activ_optimizer_destroy(o);
        return status;
    }
    load_values(g, file, plan);
    load_states(o, file);
    g->seed = seed;
    g->step = step;
    *out = o;
    return ACTIV_OK;
}

activ_status activ_checkpoint_load_training(activ_graph *g, const char *path, activ_optimizer **out,
                                            activ_message *message)
{
    if (!g || !path || !out)
        return fail_null(g, message, "the graph, the path or out is NULL");
    if (activ_graph_is_compiled(g) && g->max_batch == 0)
        return activ_host_fail(&g->host, message, ACTIV_ERROR_STATE, path,
                               ": the graph is compiled for predictions only, so it cannot be trained");
    activ_safetensors *file;
    activ_file_names names;
    load_plan plan;
    activ_status status = make_plan(g, path, NULL, &names, &plan, message);
    if (status == ACTIV_OK)
        status = open_matching(g, path, &plan, &file, message);
    if (status == ACTIV_OK) {
        status = resume(g, file, path, &plan, out, message);
        activ_safetensors_close(file);
    }
    activ_file_names_free(&names);
    return status;
}
