/* Descriptions in files: see description.h. */
#include "base/description.h"

#include <string.h>

int activ_next_line(const char **rest, activ_slice *line, size_t *number)
{
    if (!*rest)
        return 0;
    const char *end = strchr(*rest, '\n');
    *line = (activ_slice){ *rest, end ? (size_t)(end - *rest) : strlen(*rest) };
    *rest = end ? end + 1 : NULL;
    ++*number;
    return 1;
}

activ_status activ_read_version(activ_slice line, const char *title, uint64_t newest, activ_message *message)
{
    activ_reader r;
    activ_reader_start(&r, line, "line", message);
    uint64_t version = 0;
    size_t digits = 0;
    if (activ_read_text(&r, title) && activ_read_text(&r, " "))
        digits = activ_parse_u64(r.at, (size_t)(r.end - r.at), &version);
    const int is_version = digits > 0 && r.at + digits == r.end && version > 0;
    if (is_version && version <= newest)
        return ACTIV_OK;
    activ_text text;
    activ_text_start(&text, message->text, sizeof message->text);
    if (is_version) {
        activ_text_add(&text, "written by a newer version: ");
        activ_text_add_bytes(&text, line.at, line.length);
        return ACTIV_ERROR_UNSUPPORTED;
    }
    activ_text_add(&text, "'");
    activ_text_add(&text, title);
    activ_text_add(&text, " ");
    activ_text_add_u64(&text, newest);
    activ_text_add(&text, "' expected, not ");
    activ_text_add_quoted(&text, line.at, line.length);
    return ACTIV_ERROR_FORMAT;
}

int activ_read_text(activ_reader *r, const char *text)
{
    const size_t length = strlen(text);
    if ((size_t)(r->end - r->at) < length || memcmp(r->at, text, length) != 0)
        return 0;
    r->at += length;
    return 1;
}

activ_status activ_read_end(activ_reader *r, const activ_setting *table, const activ_setting_value *values)
{
    if (r->at < r->end)
        return activ_fail_expected(r, "the end of the line");
    for (size_t i = 0; table && table[i].name; i++) {
        if (table[i].required && !values[i].given) {
            return activ_fail(r->message, ACTIV_ERROR_SYNTAX, table[i].name, " is missing");
        }
    }
    return ACTIV_OK;
}

void activ_message_at_line(activ_message *message, size_t number, const char *whose)
{
    const activ_message what = *message;
    activ_text text;
    activ_text_start(&text, message->text, sizeof message->text);
    activ_text_add(&text, "line ");
    activ_text_add_size(&text, number);
    activ_text_add(&text, " of the ");
    activ_text_add(&text, whose);
    activ_text_add(&text, " description: ");
    activ_text_add(&text, what.text);
}
