/* Lists on the command line: see list.h. */
#include "list.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "message.h"
#include "network.h"

activ_status seeds_parse(const char *text, uint64_t first, struct seeds *out, activ_message *message)
{
    uint64_t count;
    out->count = 0;
    if (strchr(text, ',') == NULL && parse_whole(text, strlen(text), 1, MAX_COUNTS, &count)) {
        for (uint64_t i = 0; i < count; i++)
            out->values[out->count++] = first + i;
        return ACTIV_OK;
    }
    bool good = strchr(text, ',') != NULL;
    for (const char *at = text; good; at++) {
        size_t length = strcspn(at, ",");
        uint64_t seed;
        good = out->count < MAX_COUNTS && parse_whole(at, length, 0, UINT64_MAX, &seed);
        for (size_t i = 0; good && i < out->count; i++)
            good = out->values[i] != seed;
        if (!good)
            break;
        out->values[out->count++] = seed;
        at += length;
        if (*at == '\0')
            return ACTIV_OK;
    }
    message_set(message, "--seeds: '%s' is neither a count from 1 to %d nor a list of different seeds", text,
                MAX_COUNTS);
    return ACTIV_ERROR_INVALID;
}

static activ_status add_spec(const char *text, size_t length, struct specs *out, activ_message *message)
{
    if (out->count == MAX_SPECS) {
        message_set(message, "--activations: more than %d", MAX_SPECS);
        return ACTIV_ERROR_RANGE;
    }
    char *spec = calloc(length + 1, 1);
    if (spec == NULL) {
        message_set(message, "out of memory");
        return ACTIV_ERROR_OUT_OF_MEMORY;
    }
    memcpy(spec, text, length);
    activ_status status = network_spec(spec, &out->values[out->count], message);
    free(spec);
    if (status == ACTIV_OK)
        out->count++;
    return status;
}

/* Does a parameter stand there, as behind a formula: "b = 2", "fixed c[3] = 0"? No spec begins so. */
static bool is_parameter(const char *at)
{
    static const char blanks[] = " \t\r\n";
    static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_";
    for (int word = 0; word < 2; word++) {
        at += strspn(at, blanks);
        const size_t length = strspn(at, letters);
        if (length == 0)
            return false;
        const bool fixed = length == 5 && strncmp(at, "fixed", 5) == 0;
        at += length;
        if (!fixed)
            break;
    }
    at += strspn(at, blanks);
    if (*at == '[') {
        at += strcspn(at, "]");
        at += *at == ']' ? 1 : 0;
        at += strspn(at, blanks);
    }
    return at[0] == '=' && at[1] != '=';
}

activ_status specs_parse(const char *list, struct specs *out, activ_message *message)
{
    out->count = 0;
    for (const char *at = list;; at++) {
        size_t length = 0;
        int depth = 0;
        bool formula = false; /* its ';' was there */
        while (at[length] != '\0' && (depth > 0 || at[length] != ',' || (formula && is_parameter(at + length + 1)))) {
            formula = formula || (depth == 0 && at[length] == ';');
            depth += strchr("([", at[length]) != NULL ? 1 : strchr(")]", at[length]) != NULL ? -1 : 0;
            length++;
        }
        activ_status status = add_spec(at, length, out, message);
        if (status != ACTIV_OK)
            return status;
        at += length;
        if (*at == '\0')
            return ACTIV_OK;
    }
}

void specs_free(struct specs *specs)
{
    for (size_t i = 0; i < specs->count; i++)
        free(specs->values[i]);
    specs->count = 0;
}
