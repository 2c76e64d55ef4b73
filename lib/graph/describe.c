/* A network as text, as files store it:
 *
 *     libactiv network 2
 *     input = input(784)
 *     layers.0 = linear(input, out_features=10)
 *     layers.1 = activation(layers.0, fn="leaky_relu(negative_slope=0.2)")
 *     layers.2 = activation(layers.1, share=layers.1)
 *     layers.3 = batch_norm(layers.2, eps=1e-5, momentum=0.1)
 *     cross_entropy = cross_entropy(layers.3)
 *
 * One line per node, in their order: a name, a kind, and in brackets the names of the inputs, then the settings of the
 * kind's table. The first line names the version of the grammar; in version 1 functions are not quoted. */
#include <string.h>

#include "base/description.h"
#include "graph/graph.h"

#define TITLE "libactiv network"
#define VERSION 2

/* Far more than any that is written. */
#define MAX_SPEC 65536
#define MAX_WORK (1 << 22) /* of all formulas: 4096 layers of usual ones take a tenth of it */

static const graph_kind *const kinds[] = {
#define KIND(name) &activ_kind_##name,
    ACTIV_LAYERS(KIND)
#undef KIND
};

/* ---- writing --------------------------------------------------------------------------------------- */

static int is_written(const activ_setting *setting, const activ_setting_value *value)
{
    if (setting->required)
        return 1;
    const int by_number = setting->kind != ACTIV_SETTING_KIND_FUNCTIONS && setting->kind != ACTIV_SETTING_KIND_TEXT;
    return by_number && !setting->positional ? value->number != setting->initial : value->given;
}

static void write_setting(const activ_graph *g, const graph_node *node, size_t i, activ_text *text)
{
    const activ_setting *setting = &node->kind->settings[i];
    if (!setting->positional) {
        activ_text_add(text, setting->name);
        activ_text_add(text, "=");
    }
    if (setting->kind == ACTIV_SETTING_KIND_FUNCTIONS)
        activ_write_quoted(text, activ_fn_spec(node->fn));
    else if (setting->kind == ACTIV_SETTING_KIND_TEXT)
        activ_text_add(text, g->nodes[node->shares].name);
    else
        activ_write_setting(text, setting, &node->settings[i]);
}

void activ_graph_describe_node(const activ_graph *g, const graph_node *node, activ_text *text)
{
    const activ_setting *settings = node->kind->settings;
    activ_text_add(text, node->name);
    activ_text_add(text, " = ");
    activ_text_add(text, node->kind->name);
    activ_text_add(text, "(");
    size_t written = 0;
    for (size_t k = 0; k < node->input_count; k++) {
        activ_text_add(text, written++ > 0 ? ", " : "");
        activ_text_add(text, activ_graph_input_of(g, node, k)->name);
    }
    for (size_t k = 0; settings && settings[k].name; k++) {
        if (!is_written(&settings[k], &node->settings[k]))
            continue;
        activ_text_add(text, written++ > 0 ? ", " : "");
        write_setting(g, node, k, text);
    }
    activ_text_add(text, ")");
}

void activ_graph_describe(const activ_graph *g, activ_text *text)
{
    activ_text_add(text, TITLE " ");
    activ_text_add_size(text, VERSION);
    for (size_t i = 0; i < g->node_count; i++) {
        activ_text_add(text, "\n");
        activ_graph_describe_node(g, &g->nodes[i], text);
    }
}

/* ---- reading --------------------------------------------------------------------------------------- */

/* Fails with the reader's message about the line of layer `name`. */
static activ_status fail_line(activ_graph *g, const char *name, const activ_message *message)
{
    return activ_graph_fail_build(g, ACTIV_ERROR_FORMAT, NULL, name, ": ", message->text);
}

static activ_status fail_line_quoted(activ_graph *g, const char *name, const char *before, activ_slice quoted,
                                     const char *after)
{
    activ_message message;
    activ_fail_quoted(&message, ACTIV_ERROR_FORMAT, before, quoted, after);
    return fail_line(g, name, &message);
}

/* A zero-terminated copy without the backslashes before quotes and backslashes; to be freed with length + 1 bytes. */
static char *copy_unquoted(const activ_host *host, activ_slice text)
{
    char *copy = activ_host_alloc(host, text.length + 1), *to = copy;
    for (size_t i = 0; copy && i < text.length; i++) {
        i += text.at[i] == '\\' && i + 1 < text.length;
        *to++ = text.at[i];
    }
    return copy;
}

/* The function that a setting names. */
static activ_status read_function(activ_graph *g, graph_node *node, activ_slice spec)
{
    activ_message message;
    if (spec.length > MAX_SPEC)
        return activ_graph_fail_build(g, ACTIV_ERROR_RANGE, node, "the spec of its function is too long");
    char *copy = copy_unquoted(&g->host, spec);
    if (!copy)
        return activ_graph_fail_build(g, ACTIV_ERROR_OUT_OF_MEMORY, node, "no memory for its function");
    activ_status status =
        activ_fn_make_empty(&g->host, (activ_slice){ copy, strlen(copy) }, g->room, &message, &node->fn);
    activ_host_free(&g->host, copy, spec.length + 1);
    if (status == ACTIV_ERROR_OUT_OF_MEMORY)
        return activ_graph_fail_build(g, status, node, "no memory for its function");
    if (status != ACTIV_OK)
        return fail_line(g, node->name, &message);
    g->formula_work += activ_fn_work(node->fn);
    if (g->formula_work > MAX_WORK)
        return activ_graph_fail_build(g, ACTIV_ERROR_RANGE, node, "the formulas of the layers take too long to make");
    return ACTIV_OK;
}

/* Resolves the texts among a layer's settings, functions and shared layers, and drops them. */
static activ_status read_texts(activ_graph *g, graph_node *node)
{
    const activ_setting *settings = node->kind->settings;
    activ_status status = ACTIV_OK;
    for (size_t i = 0; settings && settings[i].name && status == ACTIV_OK; i++) {
        const activ_slice text = node->settings[i].text;
        if (!node->settings[i].given)
            continue;
        if (settings[i].kind == ACTIV_SETTING_KIND_FUNCTIONS) {
            status = read_function(g, node, text);
        } else if (settings[i].kind == ACTIV_SETTING_KIND_TEXT) {
            const activ_node other = activ_graph_find_slice(g, text);
            if (other >= 0 && activ_graph_node_at(g, other) != node) /* its own name is already there */
                node->shares = other;
            else
                status = fail_line_quoted(g, node->name, "no layer before it is called ", text, "");
        }
        node->settings[i].text = (activ_slice){ NULL, 0 };
    }
    return status;
}

/* For the message about a setting that a kind does not have: "; linear has out_features, bias". */
static void list_settings(const graph_kind *kind, char *buffer, size_t size)
{
    activ_text text;
    activ_text_start(&text, buffer, size);
    activ_text_add(&text, "; ");
    activ_text_add(&text, kind->name);
    activ_text_add(&text, kind->settings ? " has " : " has no settings");
    for (size_t i = 0; kind->settings && kind->settings[i].name; i++) {
        activ_text_add(&text, i > 0 ? ", " : "");
        activ_text_add(&text, kind->settings[i].name);
    }
}

/* Is this argument, after so many inputs, another input? */
static int is_input(const graph_kind *kind, size_t inputs, const activ_argument *argument)
{
    if (kind->inputs == ACTIV_ONE_OR_MORE)
        return argument->key.length == 0;
    return inputs < (size_t)kind->inputs;
}

static int has_positional(const graph_kind *kind)
{
    for (size_t i = 0; kind->settings && kind->settings[i].name; i++)
        if (kind->settings[i].positional)
            return 1;
    return 0;
}

/* Reads a layer's arguments after '(' and builds it. `inputs` has room for as many as it may have. */
static activ_status read_layer(activ_graph *g, activ_reader *r, const graph_kind *kind, const char *name,
                               activ_node *inputs, size_t capacity)
{
    activ_argument argument;
    activ_status status;
    char owner[128];
    size_t count = 0, found = 0;
    int first = 1, more;
    while ((status = activ_read_argument(r, &first, &argument, &more)) == ACTIV_OK && more &&
           is_input(kind, count, &argument)) {
        if (argument.key.length > 0)
            break;
        activ_node input = activ_graph_find_slice(g, argument.value);
        if (input < 0)
            return fail_line_quoted(g, name, "no layer before it is called ", argument.value,
                                    ", which should be its input");
        if (count == capacity)
            return activ_graph_fail_build(g, ACTIV_ERROR_RANGE, NULL, name, ": it has too many inputs");
        inputs[count++] = input;
    }
    if (status != ACTIV_OK)
        return fail_line(g, name, r->message);
    if (kind->inputs != ACTIV_ONE_OR_MORE && count < (size_t)kind->inputs)
        return activ_graph_fail_build(g, ACTIV_ERROR_FORMAT, NULL, name, ": ", kind->name, " needs more inputs");
    graph_node *node = activ_graph_new_node_named(g, kind, name, count, inputs);
    if (!node)
        return g->status;
    list_settings(kind, owner, sizeof owner);
    if (more && argument.key.length == 0 && !has_positional(kind))
        return fail_line_quoted(g, name, "one input too many: ", argument.value, "");
    while (status == ACTIV_OK && more) {
        status = activ_read_setting(r, &argument, kind->settings, owner, &found, node->settings);
        if (status == ACTIV_OK)
            status = activ_read_argument(r, &first, &argument, &more);
    }
    if (status == ACTIV_OK)
        status = activ_read_end(r, kind->settings, node->settings);
    if (status != ACTIV_OK)
        return fail_line(g, name, r->message);
    status = read_texts(g, node);
    if (status == ACTIV_OK && activ_graph_build_node(g, node) < 0)
        status = g->status;
    return status;
}

static activ_status read_line(activ_graph *g, activ_slice line)
{
    activ_message message = { "" };
    activ_reader r;
    activ_reader_start(&r, line, "line", &message);
    const activ_slice name = activ_read_name(&r, 1);
    if (!activ_read_text(&r, " = ")) {
        activ_fail_expected(&r, "' = '");
        return activ_graph_fail_build(g, ACTIV_ERROR_FORMAT, NULL, message.text);
    }
    char own_name[ACTIV_NAME_SIZE];
    activ_text text;
    activ_text_start(&text, own_name, sizeof own_name);
    activ_text_add_bytes(&text, name.at, name.length);
    const activ_slice kind_name = activ_read_name(&r, 0);
    const graph_kind *kind = NULL;
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++)
        if (activ_slice_is(kind_name, kinds[i]->name))
            kind = kinds[i];
    if (!kind)
        return fail_line_quoted(g, own_name, "unknown kind of layer ", kind_name, "");
    if (!activ_read_character(&r, '(')) {
        activ_fail_expected(&r, "'('");
        return fail_line(g, own_name, &message);
    }
    if (name.length >= sizeof own_name || !activ_graph_is_free_name(g, own_name))
        return fail_line_quoted(g, kind->name, "", name, " is not a valid name, or another layer has it");
    /* At most one input more than there are commas. */
    size_t capacity = 1;
    for (const char *at = r.at; at < r.end && capacity < GRAPH_MAX_INPUTS; at++)
        capacity += *at == ',';
    activ_node *inputs = activ_host_alloc(&g->host, capacity * sizeof *inputs);
    if (!inputs)
        return activ_graph_fail_build(g, ACTIV_ERROR_OUT_OF_MEMORY, NULL, "no memory for its inputs");
    activ_status status = read_layer(g, &r, kind, own_name, inputs, capacity);
    activ_host_free(&g->host, inputs, capacity * sizeof *inputs);
    return status;
}

void activ_graph_fill_functions(activ_graph *g)
{
    for (size_t i = 0; i < g->node_count; i++)
        if (activ_graph_owns_function(g, &g->nodes[i]))
            activ_fn_fill(g->nodes[i].fn);
}

static activ_status parse(activ_graph *g, const char *description)
{
    activ_slice line;
    size_t number = 0;
    while (activ_next_line(&description, &line, &number)) {
        activ_message message;
        activ_status status = number == 1 ? activ_read_version(line, TITLE, VERSION, &message) : read_line(g, line);
        if (status == ACTIV_OK)
            continue;
        /* An error in building a layer is an error in the file. */
        const int keeps_status = status == ACTIV_ERROR_OUT_OF_MEMORY || status == ACTIV_ERROR_UNSUPPORTED;
        if (number > 1)
            message = g->error;
        activ_message_at_line(&message, number, "network's");
        g->status = keeps_status ? status : ACTIV_ERROR_FORMAT;
        return activ_graph_fail(g, g->status, NULL, message.text);
    }
    return ACTIV_OK;
}

activ_status activ_graph_parse(activ_graph *g, const char *description, size_t room)
{
    g->room = &room;
    activ_status status = parse(g, description);
    g->room = NULL;
    return status;
}
