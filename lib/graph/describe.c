/* A network as text, which files hold:
 *
 *     libactiv network 1
 *     input = input(784)
 *     layers.0 = linear(input, out_features=10)
 *     layers.1 = activation(layers.0, fn=leaky_relu(negative_slope=0.2))
 *     layers.2 = batch_norm(layers.1, eps=1e-5, momentum=0.1)
 *     cross_entropy = cross_entropy(layers.2)
 *
 * One line per node, in their order: a name, a kind, and in brackets the names of the inputs,
 * then numbers or settings. The first line names the version of the grammar. */
#include <string.h>

#include "graph/graph.h"

#define HEADER "libactiv network 1"

static const graph_kind *const kinds[] = {
#define KIND(name) &activ_kind_##name,
    ACTIV_LAYERS(KIND)
#undef KIND
};

void activ_graph_describe(const activ_graph *g, activ_text *text)
{
    activ_text_add(text, HEADER);
    for (size_t i = 0; i < g->node_count; i++) {
        const graph_node *node = &g->nodes[i];
        activ_text_add(text, "\n");
        activ_text_add(text, node->name);
        activ_text_add(text, " = ");
        activ_text_add(text, node->kind->name);
        activ_text_add(text, "(");
        for (size_t k = 0; k < node->input_count; k++) {
            activ_text_add(text, k > 0 ? ", " : "");
            activ_text_add(text, activ_graph_input_of(g, node, k)->name);
        }
        if (node->kind->describe)
            node->kind->describe(g, node, text);
        activ_text_add(text, ")");
    }
}

/* Cuts the text at the next ", " and returns what was before it; NULL at the end. The value of
 * fn= may hold commas itself, and is always last. */
static char *next_argument(char **rest)
{
    char *argument = *rest;
    if (!argument)
        return NULL;
    char *comma = strncmp(argument, "fn=", 3) == 0 ? NULL : strstr(argument, ", ");
    *rest = comma ? comma + 2 : NULL;
    if (comma)
        *comma = '\0';
    return argument;
}

/* A setting that this kind of layer has, and that the line did not have yet. */
static int is_setting(const graph_kind *kind, const graph_line *line, const char *key)
{
    for (int i = 0; i < 2; i++)
        if (kind->keys[i] && strcmp(kind->keys[i], key) == 0)
            return activ_line_value(line, key) == NULL;
    return 0;
}

/* What stands in the brackets. 0 if that is not what this kind of layer has. */
static int take_apart(const activ_graph *g, const graph_kind *kind, char *rest, graph_line *parsed)
{
    size_t pairs = 0;
    char *argument;
    rest = rest[0] != '\0' ? rest : NULL;
    while ((argument = next_argument(&rest))) {
        char *sign = strchr(argument, '=');
        size_t size = strlen(argument);
        if (kind->inputs == ACTIV_ONE_OR_MORE ? !sign && pairs == 0 : parsed->input_count < (size_t)kind->inputs) {
            activ_node input = activ_graph_find(g, argument);
            if (input < 0)
                return 0;
            parsed->inputs[parsed->input_count++] = input;
        } else if (sign) {
            *sign = '\0';
            if (!is_setting(kind, parsed, argument))
                return 0;
            parsed->keys[pairs] = argument;
            parsed->values[pairs++] = sign + 1;
        } else if (!kind->takes_numbers || parsed->number_count == ACTIV_MAX_DIMS || size == 0 ||
                   activ_parse_size(argument, size, &parsed->numbers[parsed->number_count++]) != size) {
            return 0;
        }
    }
    return kind->inputs == ACTIV_ONE_OR_MORE ? parsed->input_count > 0 : parsed->input_count == (size_t)kind->inputs;
}

/* Takes `line` (which it cuts up) apart and builds its node; -1 if it is not well formed. */
static activ_node parse_line(activ_graph *g, char *line)
{
    char *equals = strstr(line, " = ");
    char *open = equals ? strchr(equals, '(') : NULL;
    size_t length = open ? strlen(open) : 0;
    if (!open || open[length - 1] != ')')
        return -1;
    *equals = '\0';
    *open = '\0';
    open[length - 1] = '\0';
    const graph_kind *kind = NULL;
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++)
        if (strcmp(kinds[i]->name, equals + 3) == 0)
            kind = kinds[i];
    if (!kind)
        return -1;

    /* No more inputs than there are commas and one. */
    size_t room = 1;
    for (const char *at = open + 1; *at != '\0'; at++)
        room += *at == ',';
    graph_line parsed = { .inputs = activ_host_alloc(&g->host, room * sizeof *parsed.inputs) };
    activ_node node = -1;
    if (!parsed.inputs)
        activ_graph_fail(g, ACTIV_ERROR_OUT_OF_MEMORY, NULL, "no memory for its inputs");
    else if (take_apart(g, kind, open + 1, &parsed) && activ_graph_is_free_name(g, line)) {
        g->next_name = line;
        node = kind->parse(g, &parsed);
        g->next_name = NULL;
    }
    activ_host_free(&g->host, parsed.inputs, room * sizeof *parsed.inputs);
    return node;
}

activ_status activ_graph_parse(activ_graph *g, const char *description)
{
    size_t size = strlen(description) + 1, number = 1;
    char *copy = activ_host_alloc(&g->host, size);
    if (!copy)
        return activ_graph_fail(g, ACTIV_ERROR_OUT_OF_MEMORY, NULL, "no memory for the description");
    memcpy(copy, description, size);
    char *line = copy;
    while (line && g->status == ACTIV_OK) {
        char *end = strchr(line, '\n');
        if (end)
            *end = '\0';
        int good = number == 1 ? strcmp(line, HEADER) == 0 : parse_line(g, line) >= 0;
        if (!good) {
            /* What the builder said, if it said something, behind the number of the line. */
            activ_message said = g->error;
            activ_status status = g->status == ACTIV_ERROR_OUT_OF_MEMORY ? g->status : ACTIV_ERROR_FORMAT;
            char which[32];
            activ_text text;
            activ_text_start(&text, which, sizeof which);
            activ_text_add_size(&text, number);
            g->status = status;
            activ_graph_say(g, status, NULL, "line ", which, " of the network's description",
                            said.text[0] ? ": " : " is malformed", said.text);
        }
        line = end ? end + 1 : NULL;
        number++;
    }
    activ_host_free(&g->host, copy, size);
    return g->status;
}
