/* Building a graph: nodes and their tensors. */
#include <string.h>

#include "base/checked.h"
#include "context/context.h"
#include "graph/graph.h"

activ_status activ_graph_create(const activ_context *context, activ_graph **out)
{
    if (!out)
        return ACTIV_ERROR_INVALID;
    activ_host host;
    activ_host_of(context, &host);
    activ_graph *g = activ_host_alloc(&host, sizeof *g);
    if (!g)
        return ACTIV_ERROR_OUT_OF_MEMORY;
    g->host = host;
    g->kernels = activ_kernels_of(host.tier);
    g->input = g->output = g->loss = -1;
    *out = g;
    return ACTIV_OK;
}

void activ_graph_destroy(activ_graph *g)
{
    if (!g)
        return;
    activ_host host = g->host;
    for (size_t i = 0; i < g->node_count; i++) {
        if (activ_graph_owns_function(g, &g->nodes[i]))
            activ_fn_destroy(g->nodes[i].fn);
        activ_host_free(&host, g->nodes[i].settings, activ_graph_node_bytes(&g->nodes[i]));
        activ_host_free(&host, g->nodes[i].kept, g->nodes[i].kept_count * sizeof *g->nodes[i].kept);
    }
    activ_host_free(&host, g->nodes, g->node_capacity * sizeof *g->nodes);
    activ_host_free(&host, g->by_name, g->by_name_capacity * sizeof *g->by_name);
    activ_host_free(&host, g->tensors, g->tensor_capacity * sizeof *g->tensors);
    activ_host_free(&host, g->buffers, g->buffer_capacity * sizeof *g->buffers);
    activ_host_free(&host, g->descriptions, g->description_bytes);
    activ_host_free(&host, g->arena, g->arena_bytes);
    activ_host_free(&host, g, sizeof *g);
}

const graph_node *activ_graph_input_of(const activ_graph *g, const graph_node *node, size_t which)
{
    return &g->nodes[node->inputs[which]];
}

const graph_node *activ_graph_node_at(const activ_graph *g, activ_node id)
{
    return id >= 0 && (size_t)id < g->node_count ? &g->nodes[id] : NULL;
}

const activ_host *activ_graph_host(const activ_graph *g)
{
    return &g->host;
}

int activ_graph_owns_function(const activ_graph *g, const graph_node *node)
{
    const graph_node *other = activ_graph_node_at(g, node->shares);
    return node->fn && (!other || other->fn != node->fn);
}

/* ---- names ----------------------------------------------------------------------------------------- */

/* The first place in the order of names, which has `count` of them, whose name is not less. */
static size_t place_of(const activ_graph *g, size_t count, activ_slice name)
{
    size_t low = 0, high = count;
    while (low < high) {
        const size_t middle = low + (high - low) / 2;
        const char *other = g->nodes[g->by_name[middle]].name;
        const int side = strncmp(other, name.at, name.length); /* neither has a zero byte before its end */
        if (side < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

activ_node activ_graph_find_slice(const activ_graph *g, activ_slice name)
{
    const size_t place = place_of(g, g->node_count, name);
    /* A name that it begins comes after it. */
    return place < g->node_count && activ_slice_is(name, g->nodes[g->by_name[place]].name) ? g->by_name[place] : -1;
}

static activ_slice slice_of(const char *name)
{
    return (activ_slice){ name, strlen(name) };
}

activ_node activ_graph_find_node(const activ_graph *g, const char *name)
{
    return g && name ? activ_graph_find_slice(g, slice_of(name)) : -1;
}

size_t activ_graph_find_stored(const activ_graph *g, activ_slice name)
{
    size_t length = name.length; /* of the node's, before the last dot */
    while (length > 0 && name.at[length - 1] != '.')
        length--;
    const activ_slice owner = { name.at, length > 0 ? length - 1 : 0 };
    const graph_node *node = activ_graph_node_at(g, activ_graph_find_slice(g, owner));
    for (size_t i = 0; node && i < node->tensors; i++)
        if (activ_slice_is(name, g->tensors[node->first_tensor + i].name))
            return node->first_tensor + i;
    for (size_t i = 0; node && i < node->buffers; i++)
        if (activ_slice_is(name, g->buffers[node->first_buffer + i].name))
            return g->tensor_count + node->first_buffer + i;
    return activ_graph_stored_count(g);
}

/* Names a node, which is not yet one of the `count` in the order of names, and enters it there. */
static void enter_name(activ_graph *g, size_t count, graph_node *node, const char *name)
{
    memcpy(node->name, name, strlen(name) + 1);
    const size_t place = place_of(g, count, slice_of(name));
    memmove(g->by_name + place + 1, g->by_name + place, (count - place) * sizeof *g->by_name);
    g->by_name[place] = (activ_node)(node - g->nodes);
}

static void rename_node(activ_graph *g, graph_node *node, const char *name)
{
    const size_t place = place_of(g, g->node_count, slice_of(node->name)), rest = g->node_count - place - 1;
    memmove(g->by_name + place, g->by_name + place + 1, rest * sizeof *g->by_name);
    enter_name(g, g->node_count - 1, node, name);
}

/* "layers.K" for layers that PyTorch's nn.Sequential would count, "flatten", "flatten_2" ... for the others. If the
 * user gave that name to another layer, a number is appended. */
static void default_name(const activ_graph *g, const graph_kind *kind, char *name)
{
    size_t same = 0;
    for (size_t i = 0; i < g->node_count; i++)
        same += kind->numbered ? g->nodes[i].kind->numbered != 0 : g->nodes[i].kind == kind;
    for (size_t attempt = 0; attempt == 0 || activ_graph_find_node(g, name) >= 0; attempt++) {
        activ_text text;
        activ_text_start(&text, name, ACTIV_NAME_SIZE);
        activ_text_add(&text, kind->numbered ? "layers." : kind->name);
        if (kind->numbered) {
            activ_text_add_size(&text, same);
        } else if (same > 0) {
            activ_text_add(&text, "_");
            activ_text_add_size(&text, same + 1);
        }
        if (attempt > 0) {
            activ_text_add(&text, "_");
            activ_text_add_size(&text, attempt + 1);
        }
    }
}

static int is_name(const char *name)
{
    size_t length = strlen(name);
    for (size_t i = 0; i < length; i++) {
        char c = name[i];
        if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-' ||
              c == '.'))
            return 0;
    }
    return length > 0 && length < ACTIV_NAME_SIZE;
}

/* ---- nodes ------------------------------------------------------------------------------------------ */

/* Appends a node, with arrays for its settings and inputs in one block; NULL if out of memory. */
static graph_node *add_node(activ_graph *g, const graph_kind *kind, const char *name, size_t count)
{
    if (g->node_count == g->node_capacity) {
        graph_node *nodes = activ_host_grow(&g->host, g->nodes, g->node_count, &g->node_capacity, sizeof *nodes);
        if (!nodes)
            return NULL;
        g->nodes = nodes;
    }
    if (g->node_count == g->by_name_capacity) {
        activ_node *by_name =
            activ_host_grow(&g->host, g->by_name, g->node_count, &g->by_name_capacity, sizeof *by_name);
        if (!by_name)
            return NULL;
        g->by_name = by_name;
    }
    graph_node *node = &g->nodes[g->node_count];
    memset(node, 0, sizeof *node);
    node->kind = kind;
    const size_t settings = activ_settings_count(kind->settings);
    size_t bytes;
    if (!activ_checked_mul(count, sizeof *node->dx + sizeof *node->inputs, &bytes) ||
        !activ_checked_add(bytes, settings * sizeof *node->settings, &bytes))
        return NULL;
    node->settings = activ_host_alloc(&g->host, bytes);
    if (!node->settings)
        return NULL;
    node->dx = (float **)(node->settings + settings);
    node->inputs = (activ_node *)(node->dx + count);
    node->input_count = count;
    enter_name(g, g->node_count, node, name);
    g->node_count++;
    g->input_count += count;
    return node;
}

size_t activ_graph_node_bytes(const graph_node *node)
{
    return activ_settings_count(node->kind->settings) * sizeof *node->settings +
           node->input_count * (sizeof *node->dx + sizeof *node->inputs);
}

graph_node *activ_graph_new_node_named(activ_graph *g, const graph_kind *kind, const char *name, size_t count,
                                       const activ_node *inputs)
{
    if (!g || g->status != ACTIV_OK)
        return NULL;
    if (activ_graph_is_compiled(g)) {
        activ_graph_fail_build(g, ACTIV_ERROR_STATE, NULL, "the graph is compiled: no ", kind->name, " can be added");
        return NULL;
    }
    if (g->loss >= 0) {
        activ_graph_fail_build(g, ACTIV_ERROR_STATE, NULL, "the graph ends with its loss: no ", kind->name,
                               " can follow");
        return NULL;
    }
    if (kind->inputs == ACTIV_ONE_OR_MORE && (count == 0 || !inputs)) {
        activ_graph_fail_build(g, ACTIV_ERROR_INVALID, NULL, "a new ", kind->name, " needs one input or more");
        return NULL;
    }
    for (size_t i = 0; i < count; i++) {
        if (inputs[i] < 0 || (size_t)inputs[i] >= g->node_count) {
            activ_graph_fail_build(g, ACTIV_ERROR_INVALID, NULL, "the input of a new ", kind->name,
                                   " is not a node of this graph");
            return NULL;
        }
    }
    if (g->node_count >= GRAPH_MAX_NODES || count > GRAPH_MAX_INPUTS - g->input_count) {
        activ_graph_fail_build(g, ACTIV_ERROR_RANGE, NULL, "too many layers",
                               count > GRAPH_MAX_INPUTS - g->input_count ? ", or inputs of layers" : "");
        return NULL;
    }
    char own_name[ACTIV_NAME_SIZE];
    if (!name)
        default_name(g, kind, own_name);
    graph_node *node = add_node(g, kind, name ? name : own_name, count);
    if (!node) {
        activ_graph_fail_build(g, ACTIV_ERROR_OUT_OF_MEMORY, NULL, "no memory for another layer");
        return NULL;
    }
    for (size_t i = 0; i < count; i++)
        node->inputs[i] = inputs[i];
    activ_settings_defaults(kind->settings, node->settings);
    node->shares = -1;
    node->plan.value = node->plan.grad = node->plan.saved = node->plan.workspace_value = ACTIV_NO_OFFSET;
    node->plan.fused_forward = node->plan.fused_backward = -1;
    node->plan.last_consumer = -1;
    node->first_tensor = g->tensor_count;
    node->first_buffer = g->buffer_count;
    return node;
}

graph_node *activ_graph_new_node(activ_graph *g, const graph_kind *kind, size_t count, const activ_node *inputs)
{
    return activ_graph_new_node_named(g, kind, NULL, count, inputs);
}

activ_node activ_graph_build_node(activ_graph *g, graph_node *node)
{
    const activ_node id = (activ_node)(node - g->nodes);
    activ_status status = ACTIV_OK;
    if (node->input_count == 0 && g->input >= 0)
        status = activ_graph_fail_build(g, ACTIV_ERROR_STATE, node, "the graph has an input already");
    if (status == ACTIV_OK)
        status = node->kind->build(g, node);
    if (status == ACTIV_OK) {
        size_t bytes;
        if (!activ_checked_count(node->ndim, node->shape, &node->features) ||
            !activ_checked_mul(node->features, sizeof(float), &bytes))
            status = activ_graph_fail_build(g, ACTIV_ERROR_RANGE, node, "its size overflows");
        else if (node->features == 0)
            status = activ_graph_fail_build(g, ACTIV_ERROR_RANGE, node, "a dimension is 0");
    }
    if (status != ACTIV_OK)
        return -1;
    g->output = node->kind->loss ? node->inputs[0] : id;
    if (node->kind->loss)
        g->loss = id;
    if (node->input_count == 0)
        g->input = id;
    return id;
}

activ_status activ_graph_copy_input_shape(activ_graph *g, graph_node *node)
{
    const graph_node *a = activ_graph_input_of(g, node, 0);
    for (size_t i = 1; i < node->input_count; i++) {
        const graph_node *b = activ_graph_input_of(g, node, i);
        if (a->ndim != b->ndim || memcmp(a->shape, b->shape, a->ndim * sizeof a->shape[0]) != 0)
            return activ_graph_fail_build_shape(g, node, "needs inputs of one shape", i);
    }
    node->ndim = a->ndim;
    memcpy(node->shape, a->shape, sizeof node->shape);
    return ACTIV_OK;
}

activ_status activ_graph_resolve_axis(activ_graph *g, graph_node *node, size_t setting)
{
    double ndim = (double)activ_graph_input_of(g, node, 0)->ndim, *axis = &node->settings[setting].number;
    *axis += *axis < 0.0 ? ndim : 0.0;
    if (*axis < 0.0 || *axis >= ndim)
        return activ_graph_fail_build_shape(g, node, "needs an axis of a sample", 0);
    return ACTIV_OK;
}

activ_status activ_graph_set_size(activ_graph *g, graph_node *node, size_t setting, size_t size)
{
    if ((double)size > ACTIV_MAX_SIZE)
        return activ_graph_fail_build(g, ACTIV_ERROR_RANGE, node, "its size overflows");
    node->settings[setting] = (activ_setting_value){ .number = (double)size, .single = (float)size, .given = 1 };
    return ACTIV_OK;
}

int activ_graph_is_free_name(const activ_graph *g, const char *name)
{
    return is_name(name) && activ_graph_find_node(g, name) < 0;
}

/* Appends a tensor to a list, whose tensors have *floats values in total. */
static activ_status add_to_list(activ_graph *g, const graph_node *node, const char *role, size_t ndim,
                                const size_t *shape, graph_tensor **list, size_t *count, size_t *capacity,
                                size_t *floats)
{
    if (*count == *capacity) {
        graph_tensor *tensors = activ_host_grow(&g->host, *list, *count, capacity, sizeof *tensors);
        if (!tensors)
            return activ_graph_fail_build(g, ACTIV_ERROR_OUT_OF_MEMORY, node, "no memory for its parameters");
        *list = tensors;
    }
    graph_tensor *t = &(*list)[*count];
    size_t bytes, end;
    memset(t, 0, sizeof *t);
    if (!activ_checked_count(ndim, shape, &t->count) || !activ_checked_add(*floats, t->count, &end) ||
        !activ_checked_mul(end, sizeof(float), &bytes))
        return activ_graph_fail_build(g, ACTIV_ERROR_RANGE, node, "the number of its parameters overflows");
    t->offset = *floats;
    t->ndim = ndim;
    for (size_t i = 0; i < ndim; i++)
        t->shape[i] = shape[i];
    t->node = (activ_node)(node - g->nodes);
    activ_text text;
    activ_text_start(&text, t->name, sizeof t->name);
    activ_text_add(&text, node->name);
    activ_text_add(&text, ".");
    activ_text_add(&text, role);
    *floats = end;
    ++*count;
    return ACTIV_OK;
}

activ_status activ_graph_add_tensor(activ_graph *g, graph_node *node, const char *role, size_t ndim,
                                    const size_t *shape)
{
    activ_status status =
        add_to_list(g, node, role, ndim, shape, &g->tensors, &g->tensor_count, &g->tensor_capacity, &g->param_count);
    node->tensors += status == ACTIV_OK;
    return status;
}

activ_status activ_graph_add_buffer(activ_graph *g, graph_node *node, const char *role, size_t ndim,
                                    const size_t *shape)
{
    activ_status status =
        add_to_list(g, node, role, ndim, shape, &g->buffers, &g->buffer_count, &g->buffer_capacity, &g->buffer_floats);
    node->buffers += status == ACTIV_OK;
    return status;
}

activ_status activ_graph_keep_values(activ_graph *g, graph_node *node, size_t count, const float *values)
{
    node->kept = activ_host_alloc_raw(&g->host, count * sizeof *node->kept);
    if (!node->kept)
        return activ_graph_fail_build(g, ACTIV_ERROR_OUT_OF_MEMORY, node, "no memory for its values");
    node->kept_count = count;
    memcpy(node->kept, values, count * sizeof *node->kept);
    return ACTIV_OK;
}

/* "OLD.role" becomes "NAME.role"; `old` is the length of OLD. */
static void rename_tensor(graph_tensor *t, size_t old, const char *name)
{
    char role[sizeof t->name];
    memcpy(role, t->name + old, strlen(t->name + old) + 1);
    activ_text text;
    activ_text_start(&text, t->name, sizeof t->name);
    activ_text_add(&text, name);
    activ_text_add(&text, role);
}

activ_status activ_graph_set_name(activ_graph *g, activ_node id, const char *name)
{
    if (!g)
        return ACTIV_ERROR_INVALID;
    if (g->status != ACTIV_OK)
        return g->status;
    if (!name)
        return activ_graph_fail_build(g, ACTIV_ERROR_INVALID, NULL, "the name of a layer is NULL");
    if (activ_graph_is_compiled(g))
        return activ_graph_fail_build(g, ACTIV_ERROR_STATE, NULL, "the graph is compiled: names are fixed");
    char quoted[ACTIV_NAME_SIZE * 4];
    activ_text text;
    activ_text_start(&text, quoted, sizeof quoted);
    activ_text_add_quoted(&text, name, strlen(name));
    if (id < 0 || (size_t)id >= g->node_count)
        return activ_graph_fail_build(g, ACTIV_ERROR_INVALID, NULL, "no node of this graph to be called ", quoted);
    graph_node *node = &g->nodes[id];
    if (!is_name(name))
        return activ_graph_fail_build(g, ACTIV_ERROR_INVALID, node,
                                      "a name has 1 to 63 letters, digits, '_', '-' and '.', unlike ", quoted);
    activ_node other = activ_graph_find_node(g, name);
    if (other >= 0 && other != id)
        return activ_graph_fail_build(g, ACTIV_ERROR_INVALID, node, "another layer is called ", quoted);
    size_t old = strlen(node->name);
    for (size_t i = 0; i < node->tensors; i++)
        rename_tensor(&g->tensors[node->first_tensor + i], old, name);
    for (size_t i = 0; i < node->buffers; i++)
        rename_tensor(&g->buffers[node->first_buffer + i], old, name);
    rename_node(g, node, name);
    return ACTIV_OK;
}
