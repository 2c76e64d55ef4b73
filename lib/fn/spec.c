/* Specs: "name" or "name(setting=value, ...)". */
#include <string.h>

#include "base/text.h"
#include "fn/fn.h"

typedef struct cursor {
    const char *at, *end;
    activ_message *message;
} cursor;

static void skip_blanks(cursor *c)
{
    while (c->at < c->end && (*c->at == ' ' || *c->at == '\t' || *c->at == '\n' || *c->at == '\r'))
        c->at++;
}

static int is_name_character(char c, int first)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || (!first && c >= '0' && c <= '9');
}

/* The name at the cursor; its length is 0 if there is none. */
static size_t read_name(cursor *c, const char **name)
{
    *name = c->at;
    while (c->at < c->end && is_name_character(*c->at, c->at == *name))
        c->at++;
    return (size_t)(c->at - *name);
}

static int same(const char *name, const char *bytes, size_t length)
{
    return strlen(name) == length && memcmp(name, bytes, length) == 0;
}

/* Message: before 'quoted' after */
static activ_status complain(const cursor *c, activ_status status, const char *before,
                             const char *bytes, size_t length, const char *after)
{
    if (c->message) {
        activ_text text;
        activ_text_start(&text, c->message->text, sizeof c->message->text);
        activ_text_add(&text, before);
        if (bytes)
            activ_text_add_quoted(&text, bytes, length);
        activ_text_add(&text, after);
    }
    return status;
}

static activ_status expected(const cursor *c, const char *what)
{
    if (c->message) {
        activ_text text;
        activ_text_start(&text, c->message->text, sizeof c->message->text);
        activ_text_add(&text, what);
        activ_text_add(&text, " expected ");
        if (c->at == c->end) {
            activ_text_add(&text, "at the end of the spec");
        } else {
            activ_text_add(&text, "at ");
            activ_text_add_quoted(&text, c->at, (size_t)(c->end - c->at));
        }
    }
    return ACTIV_ERROR_SYNTAX;
}

/* Message: "SETTING: fault 'quoted'" */
static activ_status refuse(const cursor *c, activ_status status, const activ_fn_value *value,
                           const char *fault, const char *bytes, size_t length)
{
    char before[128];
    activ_text text;
    activ_text_start(&text, before, sizeof before);
    activ_text_add(&text, value->name);
    activ_text_add(&text, fault);
    return complain(c, status, before, bytes, length, "");
}

/* Message: "SETTING has to be one of: book repo unit; not 'WORD'" */
static activ_status refuse_word(const cursor *c, const activ_fn_value *value, const char *word, size_t length)
{
    char fault[128];
    activ_text text;
    activ_text_start(&text, fault, sizeof fault);
    activ_text_add(&text, " has to be one of:");
    for (int i = 0; value->words[i]; i++) {
        activ_text_add(&text, " ");
        activ_text_add(&text, value->words[i]);
    }
    activ_text_add(&text, "; not ");
    return refuse(c, ACTIV_ERROR_RANGE, value, fault, word, length);
}

static activ_status read_value(cursor *c, const activ_fn_value *value, float *number)
{
    const char *start = c->at;
    if (value->words) {
        const char *word;
        size_t length = read_name(c, &word);
        for (int i = 0; value->words[i]; i++) {
            if (same(value->words[i], word, length)) {
                *number = (float)i;
                return ACTIV_OK;
            }
        }
        if (length == 0)
            return refuse(c, ACTIV_ERROR_SYNTAX, value, ": a word is expected at ", start,
                          (size_t)(c->end - start));
        return refuse_word(c, value, word, length);
    }
    int overflow;
    size_t length = activ_parse_float(c->at, (size_t)(c->end - c->at), number, &overflow);
    if (length == 0)
        return refuse(c, ACTIV_ERROR_SYNTAX, value, ": a number is expected at ", start,
                      (size_t)(c->end - start));
    c->at += length;
    if (overflow)
        return refuse(c, ACTIV_ERROR_RANGE, value, ": too large for float32: ", start, length);
    int whole = *number >= 1.0f && *number <= value->most &&
                *number == (float)(size_t)*number;
    if (value->count && !whole) {
        char fault[96];
        activ_text text;
        activ_text_start(&text, fault, sizeof fault);
        activ_text_add(&text, " has to be a whole number from 1 to ");
        activ_text_add_float(&text, value->most);
        activ_text_add(&text, ", not ");
        return refuse(c, ACTIV_ERROR_RANGE, value, fault, start, length);
    }
    return ACTIV_OK;
}

static activ_status read_settings(cursor *c, const activ_fn_entry *entry, float *values)
{
    int given[ACTIV_MAX_VALUES] = { 0 };
    skip_blanks(c);
    if (c->at < c->end && *c->at == ')') {
        c->at++;
        return ACTIV_OK;
    }
    for (;;) {
        const char *name;
        size_t length = read_name(c, &name);
        if (length == 0)
            return expected(c, "the name of a setting");
        int which = 0;
        while (which < ACTIV_MAX_VALUES && entry->definition->values[which].name &&
               !same(entry->definition->values[which].name, name, length))
            which++;
        if (which == ACTIV_MAX_VALUES || !entry->definition->values[which].name) {
            activ_text text;
            char after[200];
            activ_text_start(&text, after, sizeof after);
            activ_text_add(&text, "; the function is ");
            activ_text_add(&text, entry->definition->signature);
            return complain(c, ACTIV_ERROR_UNKNOWN_NAME, "unknown setting ", name, length, after);
        }
        if (given[which]++)
            return complain(c, ACTIV_ERROR_SYNTAX, "given twice: ", name, length, "");
        skip_blanks(c);
        if (c->at == c->end || *c->at != '=')
            return complain(c, ACTIV_ERROR_SYNTAX, "'=' and a value are expected after ", name, length, "");
        c->at++;
        skip_blanks(c);
        activ_status status = read_value(c, &entry->definition->values[which], &values[which]);
        if (status != ACTIV_OK)
            return status;
        skip_blanks(c);
        if (c->at < c->end && *c->at == ',') {
            c->at++;
            skip_blanks(c);
            continue;
        }
        if (c->at < c->end && *c->at == ')') {
            c->at++;
            return ACTIV_OK;
        }
        return expected(c, "',' or ')'");
    }
}

activ_status activ_fn_parse(const char *spec, activ_fn_parsed *parsed, activ_message *message)
{
    cursor c = { spec, spec + strlen(spec), message };
    const char *name;
    skip_blanks(&c);
    size_t length = read_name(&c, &name);
    if (length == 0)
        return complain(&c, ACTIV_ERROR_SYNTAX, "the name of a function is expected at ", c.at,
                        (size_t)(c.end - c.at), "");
    int index = 0;
    while (index < ACTIV_FN_COUNT && !same(activ_fn_registry[index].name, name, length))
        index++;
    if (index == ACTIV_FN_COUNT)
        return complain(&c, ACTIV_ERROR_UNKNOWN_NAME, "unknown function ", name, length, "");
    const activ_fn_entry *entry = &activ_fn_registry[index];
    parsed->index = index;
    for (int i = 0; i < ACTIV_MAX_VALUES; i++)
        parsed->values[i] = entry->definition->values[i].initial;
    skip_blanks(&c);
    if (c.at < c.end && *c.at == '(') {
        c.at++;
        activ_status status = read_settings(&c, entry, parsed->values);
        if (status != ACTIV_OK)
            return status;
        skip_blanks(&c);
    }
    if (c.at < c.end)
        return complain(&c, ACTIV_ERROR_SYNTAX, "not understood: ", c.at, (size_t)(c.end - c.at), "");
    if (entry->definition->check) {
        const char *wrong = entry->definition->check(parsed->values);
        if (wrong) {
            activ_message_set(message, entry->name, ": ", wrong);
            return ACTIV_ERROR_RANGE;
        }
    }
    return ACTIV_OK;
}

size_t activ_fn_write_spec(const activ_fn_parsed *parsed, char *buffer, size_t size)
{
    const activ_fn_entry *entry = &activ_fn_registry[parsed->index];
    activ_text text;
    int written = 0;
    activ_text_start(&text, buffer, size);
    activ_text_add(&text, entry->name);
    for (int i = 0; i < ACTIV_MAX_VALUES && entry->definition->values[i].name; i++) {
        const activ_fn_value *value = &entry->definition->values[i];
        if (parsed->values[i] == value->initial)
            continue;
        activ_text_add(&text, written++ ? ", " : "(");
        activ_text_add(&text, value->name);
        activ_text_add(&text, "=");
        if (value->words)
            activ_text_add(&text, value->words[(int)parsed->values[i]]);
        else
            activ_text_add_float(&text, parsed->values[i]);
    }
    if (written)
        activ_text_add(&text, ")");
    return text.length;
}
