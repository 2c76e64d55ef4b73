/* What a line of a description says: for the layers, which take it from here. */
#include <string.h>

#include "graph/layer.h"

const char *activ_line_value(const graph_line *line, const char *key)
{
    for (int i = 0; i < 2; i++)
        if (line->keys[i] && strcmp(line->keys[i], key) == 0)
            return line->values[i];
    return NULL;
}

int activ_line_size(const graph_line *line, const char *key, size_t *number)
{
    const char *text = activ_line_value(line, key);
    size_t length = text ? strlen(text) : 0;
    return length > 0 && activ_parse_size(text, length, number) == length;
}

int activ_line_float(const graph_line *line, const char *key, float *number)
{
    const char *text = activ_line_value(line, key);
    size_t length = text ? strlen(text) : 0;
    int overflow = 0;
    return length > 0 && activ_parse_float(text, length, number, &overflow) == length && !overflow;
}
