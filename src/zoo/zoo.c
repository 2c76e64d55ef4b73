/* The file, its lines, and "@NAME": see zoo.h. */
#include "zoo.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "place.h"

#define MOST_BYTES ((size_t)1 << 24)
#define LONGEST_NAME 64

static int fail(activ_message *message, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(message->text, sizeof message->text, format, arguments);
    va_end(arguments);
    return -1;
}

static int out_of_memory(activ_message *message)
{
    return fail(message, "no memory for the zoo of functions");
}

void zoo_free(zoo *z)
{
    for (size_t i = 0; i < z->expanded_count; i++)
        free(z->expanded[i]);
    free(z->expanded);
    free(z->entries);
    free(z->text);
    free(z->path);
    *z = (zoo){ 0 };
}

/* ---- the file ----------------------------------------------------------------------------------------- */

/* All of it, with a 0 behind; NULL after a message. */
static char *read_all(const char *path, activ_message *message)
{
    FILE *file = fopen(path, "rb");
    char *text = NULL;
    size_t size = 0, room = 0;
    int failed = !file;
    while (!failed) {
        if (size + 1 >= room) {
            char *more = room < MOST_BYTES ? realloc(text, room = room > 0 ? 2 * room : 1 << 16) : NULL;
            failed = !more;
            text = more ? more : text;
            continue;
        }
        const size_t count = fread(text + size, 1, room - 1 - size, file);
        size += count;
        failed = ferror(file) || memchr(text, '\0', size) != NULL;
        if (count == 0)
            break;
    }
    if (file)
        (void)fclose(file);
    if (!failed) {
        text[size] = '\0';
        return text;
    }
    free(text);
    (void)fail(message, "the zoo of functions, '%.300s', cannot be read (" ZOO_VARIABLE " names another file)", path);
    return NULL;
}

static int is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r';
}

/* What stands before the first `end` or the end of the text, without blanks around it; *rest goes behind it. */
static char *take(char **rest, char end)
{
    char *start = *rest, *stop = strchr(start, end);
    *rest = stop ? stop + 1 : start + strlen(start);
    stop = stop ? stop : *rest;
    while (start < stop && is_blank(*start))
        start++;
    while (stop > start && is_blank(stop[-1]))
        stop--;
    *stop = '\0';
    return start;
}

static int is_in_name(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

static size_t name_length(const char *text)
{
    size_t length = 0;
    while (is_in_name(text[length]))
        length++;
    return length;
}

static int add_line(zoo *z, size_t number, char *line, activ_message *message)
{
    zoo_entry entry = { .line = number };
    entry.name = take(&line, '|');
    entry.formula = take(&line, '|');
    entry.source = take(&line, '|');
    entry.checked = take(&line, '\0');
    const size_t length = name_length(entry.name);
    if (length == 0 || length > LONGEST_NAME || entry.name[length] != '\0')
        return fail(message, "'%.300s', line %zu: no name of 1 to %d letters, digits and '_'", z->path, number,
                    LONGEST_NAME);
    if (entry.formula[0] == '\0')
        return fail(message, "'%.300s', line %zu: no formula: name | formula | source | checked", z->path, number);
    if (zoo_find(z, entry.name))
        return fail(message, "'%.300s', line %zu: a second %s", z->path, number, entry.name);
    z->entries[z->count++] = entry;
    return 0;
}

int zoo_read(zoo *z, activ_message *message)
{
    if (z->entries)
        return 0;
    const char *named = getenv(ZOO_VARIABLE);
    z->path = named && named[0] ? place_copy(named) : place_of_zoo();
    if (!z->path)
        return named && named[0] ? out_of_memory(message)
                                 : fail(message, "the folder of this program cannot be found, nor the zoo of functions "
                                                 "(" ZOO_VARIABLE " names its file)");
    z->text = read_all(z->path, message);
    size_t lines = 1;
    for (const char *c = z->text; c && *c; c++)
        lines += *c == '\n';
    z->entries = z->text ? calloc(lines, sizeof *z->entries) : NULL;
    int failed = !z->entries;
    if (z->text && !z->entries)
        (void)out_of_memory(message);
    char *rest = z->text;
    for (size_t number = 1; !failed && *rest; number++) {
        char *line = take(&rest, '\n');
        failed = line[0] != '\0' && line[0] != '#' && add_line(z, number, line, message) != 0;
    }
    if (failed)
        zoo_free(z);
    return failed ? -1 : 0;
}

/* ---- names -------------------------------------------------------------------------------------------- */

const zoo_entry *zoo_find(const zoo *z, const char *name)
{
    for (size_t i = 0; i < z->count; i++)
        if (strcmp(z->entries[i].name, name) == 0)
            return &z->entries[i];
    return NULL;
}

/* How many letters to insert, leave out or change. Capitals count as others. */
static size_t distance(const char *a, const char *b)
{
    size_t row[LONGEST_NAME + 1];
    const size_t columns = strlen(b);
    for (size_t j = 0; j <= columns; j++)
        row[j] = j;
    for (size_t i = 1; *a; a++, i++) {
        size_t diagonal = row[0];
        row[0] = i;
        for (size_t j = 1; j <= columns; j++) {
            const size_t changed = diagonal + (*a != b[j - 1]);
            const size_t other = 1 + (row[j] < row[j - 1] ? row[j] : row[j - 1]);
            diagonal = row[j];
            row[j] = changed < other ? changed : other;
        }
    }
    return row[columns];
}

/* The nearest, if it is near; NULL. */
static const char *nearest(const zoo *z, const char *name)
{
    const char *found = NULL;
    size_t least = (strlen(name) + 1) / 2 + 1;
    for (size_t i = 0; i < z->count; i++) {
        const size_t d = distance(name, z->entries[i].name);
        if (d < least) {
            least = d;
            found = z->entries[i].name;
        }
    }
    return found;
}

/* ---- @NAME -------------------------------------------------------------------------------------------- */

/* The entry that "@NAME" at `at` names, and where the name ends; NULL after a message. */
static const zoo_entry *named_at(const zoo *z, const char *at, const char **end, activ_message *message)
{
    char name[LONGEST_NAME + 1];
    const size_t length = name_length(at + 1);
    *end = at + 1 + length;
    if (length == 0) {
        (void)fail(message, "'@' without a name: as in @logish, a function of the zoo; `activ list --zoo` has all");
        return NULL;
    }
    (void)snprintf(name, sizeof name, "%.*s", (int)(length < LONGEST_NAME ? length : LONGEST_NAME), at + 1);
    const zoo_entry *entry = length <= LONGEST_NAME ? zoo_find(z, name) : NULL;
    if (entry)
        return entry;
    const char *meant = nearest(z, name);
    (void)fail(message, "unknown function '@%s'%s%s%s `activ list --zoo` has all names", name, meant ? "; is @" : "",
               meant ? meant : "", meant ? " meant?" : ";");
    return NULL;
}

/* Writes into `out`, or only counts where that is NULL. Returns the length; 0 after a message. */
static size_t write_expanded(const zoo *z, const char *spec, char *out, activ_message *message)
{
    size_t used = 0;
    for (const char *at = spec; *at;) {
        if (*at != '@') {
            if (out)
                out[used] = *at;
            used++;
            at++;
            continue;
        }
        const char *end;
        const zoo_entry *entry = named_at(z, at, &end, message);
        if (!entry)
            return 0;
        const size_t length = strlen(entry->formula);
        const int whole = at == spec && *end == '\0';
        if (out && !whole)
            out[used] = '(';
        used += !whole;
        if (out)
            memcpy(out + used, entry->formula, length);
        used += length;
        if (out && !whole)
            out[used] = ')';
        used += !whole;
        at = end;
    }
    return used;
}

const char *zoo_expand(zoo *z, const char *spec, activ_message *message)
{
    if (!strchr(spec, '@'))
        return spec;
    if (zoo_read(z, message) != 0)
        return NULL;
    const size_t length = write_expanded(z, spec, NULL, message);
    if (length == 0)
        return NULL;
    char *text = malloc(length + 1);
    char **more = text ? realloc(z->expanded, (z->expanded_count + 1) * sizeof *more) : NULL;
    if (!more) {
        free(text);
        (void)out_of_memory(message);
        return NULL;
    }
    z->expanded = more;
    z->expanded[z->expanded_count++] = text;
    (void)write_expanded(z, spec, text, message);
    text[length] = '\0';
    return text;
}
