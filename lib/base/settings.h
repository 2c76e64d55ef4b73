/* One reader and one writer for name(key=value, ...): the specs of functions, the lines of layers, the lines of
 * optimisers.
 *
 *     leaky_relu(negative_slope=0.2)    gated(elu(alpha=0.5))    layer_norm(layers.0, axis=1, eps=1e-5)
 *
 * What may stand there, a table of settings says. */
#ifndef ACTIV_BASE_SETTINGS_H
#define ACTIV_BASE_SETTINGS_H

#include <stddef.h>
#include <stdint.h>

#include "activ/status.h"
#include "base/text.h"

/* ---- tables ------------------------------------------------------------------------------- */

/* Kinds of settings; the numbers of those that functions have are public (activ/fn.h). */
enum {
    ACTIV_SETTING_KIND_REAL = 0,
    ACTIV_SETTING_KIND_COUNT = 1,     /* 0, 1, 2 ... */
    ACTIV_SETTING_KIND_WORD = 2,      /* one of some words */
    ACTIV_SETTING_KIND_FUNCTIONS = 3, /* a spec, or several in square brackets */
    ACTIV_SETTING_KIND_TEXT = 4       /* whatever it means to its owner */
};

typedef struct activ_setting {
    const char *name;
    int32_t kind;
    int required;             /* in files: it has to be there; else `initial` stands for it */
    int positional;           /* written and read without its name, before those that have theirs */
    int trainable;            /* of functions: the value is where training starts */
    double initial;           /* a word's: its index */
    double minimum, maximum;  /* inclusive; both 0: a real is any finite float32, a count 1 to 2^24 */
    const char *const *words; /* ended by NULL */
    const char *functions;    /* of functions: those that stand for none given */
} activ_setting;

typedef struct activ_slice {
    const char *at;
    size_t length;
} activ_slice;

typedef struct activ_setting_value {
    double number;    /* what the text says; a word's: its index */
    float single;     /* the same, rounded to float32 once */
    int given;        /* it stood in the text */
    activ_slice text; /* of functions and texts: a part of what was read, unquoted */
} activ_setting_value;

/* A table ends at a NULL name; NULL is an empty one. */
size_t activ_settings_count(const activ_setting *table);

/* What a real or a count may be, its defaults filled in. */
void activ_setting_limits(const activ_setting *setting, double *minimum, double *maximum);

void activ_settings_defaults(const activ_setting *table, activ_setting_value *values);

/* A value that came as a float32: `number` is the double of the shortest text that means it, so that it is written so.
 */
activ_setting_value activ_setting_of_float(float single);

/* ---- reading ------------------------------------------------------------------------------ */

typedef struct activ_reader {
    const char *at, *end;
    const char *noun;       /* what is read, in messages: "spec" */
    activ_message *message; /* may be NULL */
} activ_reader;

void activ_reader_start(activ_reader *reader, activ_slice text, const char *noun, activ_message *message);
void activ_read_blanks(activ_reader *reader);
int activ_read_character(activ_reader *reader, char c); /* 1 if it was next and has been read */

/* Letters, digits and '_', not a digit first; with `dots` also '.' and '-', and digits first: the name of a layer.
 * Empty if there is none. */
activ_slice activ_read_name(activ_reader *reader, int dots);

/* The next of what stands between brackets: `key` is empty if it has none. Behind '(' or an argument; reads the comma
 * before it, and at the end the ')'. Status, with *more = 0 after the last. Values may hold brackets and quoted texts.
 */
typedef struct activ_argument {
    activ_slice key, value;
} activ_argument;
activ_status activ_read_argument(activ_reader *reader, int *first, activ_argument *argument, int *more);

/* All arguments of a function, '(' having been read. `owner` ends the message about a setting that there is not. */
activ_status activ_read_settings(activ_reader *reader, const activ_setting *table, const char *owner,
                                 activ_setting_value *values);

/* One argument into its place. `found` counts positional settings so far. */
activ_status activ_read_setting(activ_reader *reader, const activ_argument *argument, const activ_setting *table,
                                const char *owner, size_t *found, activ_setting_value *values);

/* The status, with the message "before 'quoted' after"; the message may be NULL. */
activ_status activ_fail_quoted(activ_message *message, activ_status status, const char *before, activ_slice quoted,
                               const char *after);

/* ACTIV_ERROR_SYNTAX, and "WHAT expected at 'rest'" or "at the end of the NOUN". */
activ_status activ_fail_expected(const activ_reader *reader, const char *what);

/* How many elements "[a, b, c]" has, which may stand without the brackets; -1 if it is no list, or one is empty. The
 * first `room` of them are in `elements`. */
int activ_list_elements(activ_slice list, size_t room, activ_slice *elements);

int activ_slice_is(activ_slice slice, const char *word);

/* ---- writing ------------------------------------------------------------------------------ */

/* The value of a word or a number, so that it is read as the same float32; what else there is, its owner writes. */
void activ_write_setting(activ_text *text, const activ_setting *setting, const activ_setting_value *value);

/* "text", with backslashes before quotes and backslashes. */
void activ_write_quoted(activ_text *text, const char *string);

#endif
