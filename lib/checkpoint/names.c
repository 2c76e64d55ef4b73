/* Names of a graph's tensors in a file, by the caller's rules. */
#include "checkpoint/names.h"

#include <string.h>

#include "base/checked.h"
#include "base/sort.h"
#include "base/text.h"

static const char *name_at(const void *user, size_t i)
{
    return ((const activ_file_names *)user)->names[i];
}

static int is_prefix(const activ_tensor_name *rule)
{
    const size_t length = strlen(rule->graph);
    return length == 0 || rule->graph[length - 1] == '.';
}

static int fits(const activ_tensor_name *rule, const char *name)
{
    return is_prefix(rule) ? strncmp(name, rule->graph, strlen(rule->graph)) == 0 : strcmp(name, rule->graph) == 0;
}

/* The rule with the longest text that fits, the last of equals; NULL if there is none. */
static const activ_tensor_name *rule_of(size_t count, const activ_tensor_name *rules, const char *name)
{
    const activ_tensor_name *best = NULL;
    for (size_t i = 0; i < count; i++)
        if (fits(&rules[i], name) && (!best || strlen(rules[i].graph) >= strlen(best->graph)))
            best = &rules[i];
    return best;
}

static activ_status check_rules(const activ_graph *g, const char *path, size_t count, const activ_tensor_name *rules,
                                activ_message *message)
{
    if (count > 0 && !rules)
        return activ_host_fail(&g->host, message, ACTIV_ERROR_INVALID, path, ": the names are NULL");
    const size_t stored = activ_graph_stored_count(g);
    for (size_t i = 0; i < count; i++) {
        size_t t = 0;
        if (!rules[i].graph || !rules[i].file)
            return activ_host_fail(&g->host, message, ACTIV_ERROR_INVALID, path, ": a name is NULL");
        while (t < stored && !fits(&rules[i], activ_graph_stored(g, t)->name))
            t++;
        if (t == stored && rules[i].graph[0] != '\0')
            return activ_host_fail(&g->host, message, ACTIV_ERROR_UNKNOWN_NAME, path,
                                   ": the network has no tensor that is called, or begins with, ", rules[i].graph);
    }
    return ACTIV_OK;
}

/* The bytes of the new names; 0 if they overflow. */
static size_t count_text(const activ_graph *g, size_t count, const activ_tensor_name *rules)
{
    size_t bytes = 1;
    for (size_t i = 0; i < activ_graph_stored_count(g); i++) {
        const char *name = activ_graph_stored(g, i)->name;
        const activ_tensor_name *rule = rule_of(count, rules, name);
        if (rule && !activ_checked_add(bytes, strlen(rule->file) + strlen(name) - strlen(rule->graph) + 1, &bytes))
            return 0;
    }
    return bytes;
}

activ_status activ_file_names_make(const activ_graph *g, const char *path, size_t rule_count,
                                   const activ_tensor_name *rules, activ_file_names *out, activ_message *message)
{
    memset(out, 0, sizeof *out);
    out->host = &g->host;
    activ_status status = check_rules(g, path, rule_count, rules, message);
    if (status != ACTIV_OK)
        return status;
    const size_t count = activ_graph_stored_count(g);
    if (count == 0)
        return ACTIV_OK;
    out->text_bytes = count_text(g, rule_count, rules);
    if (out->text_bytes == 0)
        return activ_host_fail(&g->host, message, ACTIV_ERROR_RANGE, path, ": the size of the names overflows");
    out->count = count;
    out->names = activ_host_alloc(&g->host, count * sizeof *out->names);
    out->text = activ_host_alloc(&g->host, out->text_bytes);
    char *at = out->text;
    for (size_t i = 0; out->names && at && i < count; i++) {
        const char *name = activ_graph_stored(g, i)->name;
        const activ_tensor_name *rule = rule_of(rule_count, rules, name);
        out->names[i] = rule ? at : name;
        if (!rule)
            continue;
        const size_t length = strlen(rule->file), rest = strlen(name + strlen(rule->graph)) + 1;
        memcpy(at, rule->file, length);
        memcpy(at + length, name + strlen(rule->graph), rest);
        at += length + rest;
    }
    if (out->names && out->text)
        out->order = activ_sort_names(&g->host, count, name_at, out);
    if (!out->order)
        return activ_host_fail(&g->host, message, ACTIV_ERROR_OUT_OF_MEMORY, path, ": no memory for the names");
    return ACTIV_OK;
}

void activ_file_names_free(activ_file_names *names)
{
    activ_host_free(names->host, names->names, names->count * sizeof *names->names);
    activ_host_free(names->host, names->order, names->count * sizeof *names->order);
    activ_host_free(names->host, names->text, names->text_bytes);
}

int activ_file_names_have(const activ_file_names *names, const char *name)
{
    return names->count > 0 && activ_find_name(names->order, names->count, name_at, names, name) < names->count;
}

int activ_file_names_have_parts(const activ_file_names *names, const char *first, size_t length, const char *rest)
{
    size_t low = 0, high = names->count;
    while (low < high) {
        const size_t middle = low + (high - low) / 2;
        const char *name = name_at(names, names->order[middle]);
        int side = strncmp(first, name, length);
        side = side == 0 ? strcmp(rest, name + length) : side;
        if (side == 0)
            return 1;
        if (side < 0)
            high = middle;
        else
            low = middle + 1;
    }
    return 0;
}
