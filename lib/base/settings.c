/* Settings in texts: see settings.h. */
#include "base/settings.h"

#include <float.h>
#include <string.h>

size_t activ_settings_count(const activ_setting *table)
{
    size_t count = 0;
    while (table && table[count].name)
        count++;
    return count;
}

void activ_setting_limits(const activ_setting *setting, double *minimum, double *maximum)
{
    const int any = setting->minimum == 0.0 && setting->maximum == 0.0,
              count = setting->kind == ACTIV_SETTING_KIND_COUNT;
    *minimum = !any ? setting->minimum : count ? 1.0 : -(double)FLT_MAX;
    *maximum = !any ? setting->maximum : count ? 16777216.0 : (double)FLT_MAX;
}

void activ_settings_defaults(const activ_setting *table, activ_setting_value *values)
{
    for (size_t i = 0; table && table[i].name; i++) {
        activ_setting_value value = { .number = table[i].initial, .single = (float)table[i].initial };
        values[i] = value;
    }
}

activ_setting_value activ_setting_of_float(float single)
{
    activ_setting_value value = { .number = (double)single, .single = single, .given = 1 };
    char digits[ACTIV_FLOAT_TEXT];
    size_t length = activ_format_float(single, digits);
    float back;
    int overflow;
    double number;
    if (activ_parse_number(digits, length, &number, &back, &overflow) == length && !overflow)
        value.number = number;
    return value;
}

/* ---- characters and names ----------------------------------------------------------------- */

void activ_reader_start(activ_reader *reader, activ_slice text, const char *noun, activ_message *message)
{
    reader->at = text.at;
    reader->end = text.at + text.length;
    reader->noun = noun;
    reader->message = message;
}

static int is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

void activ_read_blanks(activ_reader *r)
{
    while (r->at < r->end && is_blank(*r->at))
        r->at++;
}

int activ_read_character(activ_reader *r, char c)
{
    if (r->at == r->end || *r->at != c)
        return 0;
    r->at++;
    return 1;
}

static int is_name_character(char c, int first, int dots)
{
    if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_')
        return 1;
    if (c >= '0' && c <= '9')
        return !first || dots;
    return dots && (c == '.' || c == '-');
}

activ_slice activ_read_name(activ_reader *r, int dots)
{
    activ_slice name = { r->at, 0 };
    while (r->at < r->end && is_name_character(*r->at, r->at == name.at, dots))
        r->at++;
    name.length = (size_t)(r->at - name.at);
    return name;
}

int activ_slice_is(activ_slice slice, const char *word)
{
    return strlen(word) == slice.length && memcmp(word, slice.at, slice.length) == 0;
}

static activ_slice trimmed(const char *from, const char *end)
{
    while (from < end && is_blank(*from))
        from++;
    while (end > from && is_blank(end[-1]))
        end--;
    activ_slice slice = { from, (size_t)(end - from) };
    return slice;
}

activ_slice activ_slice_unbracketed(activ_slice text)
{
    const char *first = text.at, *last = text.at + text.length;
    size_t opened = 0, closed = 0;
    for (; first < last && (*first == '(' || is_blank(*first)); first++)
        opened += *first == '(';
    for (; last > first && (last[-1] == ')' || is_blank(last[-1])); last--)
        closed += last[-1] == ')';
    /* As many of the first as are still open wherever the text goes on. */
    size_t depth = opened, least = opened < closed ? opened : closed;
    text = trimmed(text.at, text.at + text.length);
    for (const char *c = first; c < last; c++) {
        if (*c == ')' && depth == 0)
            return text;
        depth += *c == '(';
        depth -= *c == ')';
        least = depth < least ? depth : least;
    }
    for (; depth == closed && least > 0; least--)
        text = trimmed(text.at + 1, text.at + text.length - 1);
    return text;
}

/* ---- messages ------------------------------------------------------------------------------- */

activ_status activ_fail_expected(const activ_reader *r, const char *what)
{
    if (r->message) {
        activ_text text;
        activ_text_start(&text, r->message->text, sizeof r->message->text);
        activ_text_add(&text, what);
        activ_text_add(&text, " expected ");
        if (r->at == r->end) {
            activ_text_add(&text, "at the end of the ");
            activ_text_add(&text, r->noun);
        } else {
            activ_text_add(&text, "at ");
            activ_text_add_quoted(&text, r->at, (size_t)(r->end - r->at));
        }
    }
    return ACTIV_ERROR_SYNTAX;
}

activ_status activ_fail_quoted(activ_message *message, activ_status status, const char *before, activ_slice quoted,
                               const char *after)
{
    if (message) {
        activ_text text;
        activ_text_start(&text, message->text, sizeof message->text);
        activ_text_add(&text, before);
        activ_text_add_quoted(&text, quoted.at, quoted.length);
        activ_text_add(&text, after);
    }
    return status;
}

/* Fails with "SETTING has to be WHAT, not 'quoted'", where WHAT is completed by the limits and words. */
static activ_status fail_value(const activ_reader *r, activ_status status, const activ_setting *setting,
                               const char *what, const double *limits, activ_slice quoted)
{
    if (r->message) {
        activ_text text;
        activ_text_start(&text, r->message->text, sizeof r->message->text);
        activ_text_add(&text, setting->name);
        activ_text_add(&text, " has to be ");
        activ_text_add(&text, what);
        if (limits) {
            activ_text_add_double(&text, limits[0]);
            activ_text_add(&text, " to ");
            activ_text_add_double(&text, limits[1]);
        }
        for (size_t i = 0; setting->words && setting->words[i]; i++) {
            activ_text_add(&text, i > 0 ? ", " : "");
            activ_text_add(&text, setting->words[i]);
        }
        activ_text_add(&text, ", not ");
        activ_text_add_quoted(&text, quoted.at, quoted.length);
    }
    return status;
}

/* ---- arguments ------------------------------------------------------------------------------ */

/* Nesting of brackets at most; no value needs more. */
#define MAX_DEPTH 64

/* "[fixed] name =" or "[fixed] name[...] =", a declaration of a formula, follows. */
static int is_declaration(const char *at, const char *end)
{
    activ_reader r = { at, end, "", NULL };
    activ_read_blanks(&r);
    if (activ_slice_is(activ_read_name(&r, 0), "fixed")) {
        activ_read_blanks(&r);
        (void)activ_read_name(&r, 0);
    }
    activ_read_blanks(&r);
    if (activ_read_character(&r, '['))
        while (r.at < r.end && *r.at++ != ']')
            ;
    activ_read_blanks(&r);
    return activ_read_character(&r, '=') && (r.at == r.end || *r.at != '=');
}

/* The end of a value: the first comma or closing bracket outside of nested brackets and quotes, or `end`; NULL if
 * brackets or quotes are unbalanced. A formula goes on behind a comma between its declarations, which follow ';'. */
static const char *end_of_value(const char *at, const char *end)
{
    char open[MAX_DEPTH];
    size_t depth = 0;
    int declares = 0;
    for (; at < end; at++) {
        if (*at == '"') {
            for (at++; at < end && *at != '"'; at++)
                if (*at == '\\' && at + 1 < end)
                    at++;
            if (at == end)
                return NULL;
        } else if (*at == '(' || *at == '[') {
            if (depth == MAX_DEPTH)
                return NULL;
            open[depth++] = *at;
        } else if (*at == ')' || *at == ']') {
            if (depth == 0)
                return at;
            if (open[--depth] != (*at == ')' ? '(' : '['))
                return NULL;
        } else if (*at == ',' && depth == 0 && !(declares && is_declaration(at + 1, end))) {
            return at;
        }
        declares |= *at == ';' && depth == 0;
    }
    return depth == 0 ? end : NULL;
}

activ_status activ_read_argument(activ_reader *r, int *first, activ_argument *argument, int *more)
{
    *more = 0;
    activ_read_blanks(r);
    if (*first && activ_read_character(r, ')'))
        return ACTIV_OK;
    if (!*first) {
        if (activ_read_character(r, ')'))
            return ACTIV_OK;
        if (!activ_read_character(r, ','))
            return activ_fail_expected(r, "',' or ')'");
        activ_read_blanks(r);
    }
    *first = 0;
    const char *start = r->at;
    activ_slice name = activ_read_name(r, 0);
    activ_read_blanks(r);
    const activ_slice none = { r->at, 0 };
    argument->key = none;
    if (name.length > 0 && activ_read_character(r, '=') && (r->at == r->end || *r->at != '=')) {
        argument->key = name;
        start = r->at;
    }
    r->at = start;
    const char *end = end_of_value(start, r->end);
    if (!end || end == r->end || *end == ']') {
        r->at = end ? end : r->end;
        return activ_fail_expected(r, "',' or ')'");
    }
    argument->value = trimmed(start, end);
    r->at = end;
    *more = 1;
    return ACTIV_OK;
}

/* ---- values --------------------------------------------------------------------------------- */

static activ_status read_word(const activ_reader *r, const activ_setting *setting, activ_slice text,
                              activ_setting_value *value)
{
    activ_reader inner = { text.at, text.at + text.length, r->noun, r->message };
    activ_slice word = activ_read_name(&inner, 0);
    if (word.length == 0 || inner.at < inner.end)
        return fail_value(r, ACTIV_ERROR_SYNTAX, setting, "one of: ", NULL, text);
    for (int i = 0; setting->words[i]; i++) {
        if (activ_slice_is(word, setting->words[i])) {
            value->number = i;
            value->single = (float)i;
            return ACTIV_OK;
        }
    }
    return fail_value(r, ACTIV_ERROR_RANGE, setting, "one of: ", NULL, word);
}

static activ_status read_number(const activ_reader *r, const activ_setting *setting, activ_slice text,
                                activ_setting_value *value)
{
    int overflow;
    size_t length = activ_parse_number(text.at, text.length, &value->number, &value->single, &overflow);
    if (length == 0)
        return fail_value(r, ACTIV_ERROR_SYNTAX, setting, "a number", NULL, text);
    if (length < text.length) {
        activ_reader rest = { text.at + length, r->end, r->noun, r->message };
        return activ_fail_expected(&rest, "',' or ')'");
    }
    double limits[2];
    activ_setting_limits(setting, &limits[0], &limits[1]);
    if (setting->kind == ACTIV_SETTING_KIND_COUNT) {
        double number = overflow ? -1.0 : value->number;
        if (!(number >= limits[0] && number <= limits[1]) || number != (double)(uint64_t)number)
            return fail_value(r, ACTIV_ERROR_RANGE, setting, "a whole number from ", limits, text);
        return ACTIV_OK;
    }
    if (overflow)
        return fail_value(r, ACTIV_ERROR_RANGE, setting, "small enough for float32", NULL, text);
    if (setting->minimum == 0.0 && setting->maximum == 0.0)
        return ACTIV_OK;
    if (!(value->number >= limits[0] && value->number <= limits[1]))
        return fail_value(r, ACTIV_ERROR_RANGE, setting, "from ", limits, text);
    return ACTIV_OK;
}

static activ_status read_value(const activ_reader *r, const activ_setting *setting, activ_slice text,
                               activ_setting_value *value)
{
    if (setting->kind == ACTIV_SETTING_KIND_WORD)
        return read_word(r, setting, text, value);
    if (setting->kind == ACTIV_SETTING_KIND_REAL || setting->kind == ACTIV_SETTING_KIND_COUNT)
        return read_number(r, setting, text, value);
    /* Quoted or, as in files of version 0.1 and in specs, plain. */
    if (text.length >= 2 && text.at[0] == '"' && text.at[text.length - 1] == '"') {
        text.at++;
        text.length -= 2;
    }
    if (text.length == 0)
        return fail_value(r, ACTIV_ERROR_SYNTAX, setting, "given", NULL, text);
    value->text = text;
    return ACTIV_OK;
}

activ_status activ_read_setting(activ_reader *r, const activ_argument *argument, const activ_setting *table,
                                const char *owner, size_t *found, activ_setting_value *values)
{
    size_t which = 0, positional = 0;
    if (argument->key.length == 0) {
        /* The next positional setting. */
        while (table && table[which].name && table[which].positional != ACTIV_POSITIONAL_REST &&
               !(table[which].positional && positional++ == *found))
            which++;
        if (!table || !table[which].name || argument->value.length == 0) {
            activ_reader at = { argument->value.at, r->end, r->noun, r->message };
            activ_slice name = activ_read_name(&at, 0);
            if (name.length > 0)
                return activ_fail_quoted(r->message, ACTIV_ERROR_SYNTAX, "'=' and a value are expected after ", name,
                                         "");
            return activ_fail_expected(&at, "the name of a setting");
        }
        ++*found;
    } else {
        while (table && table[which].name && !activ_slice_is(argument->key, table[which].name))
            which++;
        if (!table || !table[which].name)
            return activ_fail_quoted(r->message, ACTIV_ERROR_UNKNOWN_NAME, "unknown setting ", argument->key, owner);
    }
    if (values[which].given && *found > 1 && table[which].positional == ACTIV_POSITIONAL_REST) {
        /* Both were without a name, so that they are neighbours. */
        values[which].text.length = (size_t)(argument->value.at + argument->value.length - values[which].text.at);
        return ACTIV_OK;
    }
    if (values[which].given) {
        const activ_slice name = { table[which].name, strlen(table[which].name) };
        return activ_fail_quoted(r->message, ACTIV_ERROR_SYNTAX, "given twice: ", name, "");
    }
    values[which].given = 1;
    return read_value(r, &table[which], argument->value, &values[which]);
}

activ_status activ_read_settings(activ_reader *r, const activ_setting *table, const char *owner,
                                 activ_setting_value *values)
{
    activ_argument argument;
    int first = 1, more;
    size_t found = 0;
    for (;;) {
        activ_status status = activ_read_argument(r, &first, &argument, &more);
        if (status != ACTIV_OK || !more)
            return status;
        status = activ_read_setting(r, &argument, table, owner, &found, values);
        if (status != ACTIV_OK)
            return status;
    }
}

int activ_list_elements(activ_slice list, size_t capacity, activ_slice *elements)
{
    const char *at = list.at, *end = list.at + list.length;
    size_t count = 0;
    const int brackets = list.length > 0 && *at == '[';
    at += brackets;
    for (;;) {
        const char *stop = end_of_value(at, end);
        if (!stop)
            return -1;
        activ_slice element = trimmed(at, stop);
        if (element.length == 0)
            return -1;
        if (count < capacity)
            elements[count] = element;
        count++;
        if (stop == end)
            return brackets ? -1 : (int)count;
        at = stop + 1;
        if (brackets && *stop == ']')
            return at == end ? (int)count : -1;
        if (*stop != ',')
            return -1;
    }
}

/* ---- writing ---------------------------------------------------------------------------------- */

/* The shortest decimal of the double if that is read as the same float32, else the shortest of the float32. */
static void write_real(activ_text *text, const activ_setting_value *value)
{
    activ_text digits;
    char buffer[64];
    double number;
    float single;
    int overflow;
    activ_text_start(&digits, buffer, sizeof buffer);
    activ_text_add_double(&digits, value->number);
    activ_parse_number(buffer, digits.length, &number, &single, &overflow);
    if (single == value->single)
        activ_text_add_bytes(text, buffer, digits.length);
    else
        activ_text_add_float(text, value->single);
}

void activ_write_setting(activ_text *text, const activ_setting *setting, const activ_setting_value *value)
{
    if (setting->kind == ACTIV_SETTING_KIND_WORD)
        activ_text_add(text, setting->words[(int)value->number]);
    else if (setting->kind == ACTIV_SETTING_KIND_COUNT)
        activ_text_add_u64(text, (uint64_t)value->number);
    else if (setting->kind == ACTIV_SETTING_KIND_REAL)
        write_real(text, value);
}

void activ_write_quoted(activ_text *text, const char *string)
{
    activ_text_add(text, "\"");
    for (; *string != '\0'; string++) {
        if (*string == '"' || *string == '\\')
            activ_text_add(text, "\\");
        activ_text_add_bytes(text, string, 1);
    }
    activ_text_add(text, "\"");
}
