/* One reader and one writer for name(key=value, ...): the specs of functions, the lines of layers, the lines of
 * optimisers.
 *
 *     leaky_relu(negative_slope=0.2)    gated(elu(alpha=0.5))    layer_norm(layers.0, axis=1, eps=1e-5)
 *
 * A table of settings defines what is valid. */
#ifndef ACTIV_BASE_SETTINGS_H
#define ACTIV_BASE_SETTINGS_H

#include <stddef.h>
#include <stdint.h>

#include "activ/status.h"
#include "base/text.h"

/* ---- tables ------------------------------------------------------------------------------- */

/* Kinds of settings; the numbers of functions' kinds are public (activ/fn.h). */
enum {
    ACTIV_SETTING_KIND_REAL = 0,
    ACTIV_SETTING_KIND_COUNT = 1,     /* 0, 1, 2 ... */
    ACTIV_SETTING_KIND_WORD = 2,      /* one of some words */
    ACTIV_SETTING_KIND_FUNCTIONS = 3, /* a spec, or several in square brackets */
    ACTIV_SETTING_KIND_TEXT = 4       /* interpreted by its owner */
};

enum { ACTIV_POSITIONAL_REST = 2 };

typedef struct activ_setting {
    const char *name;
    int32_t kind;
    int required;             /* in files; an optional setting defaults to `initial` */
    int positional;           /* written and read without its name, before the named ones;
                               * ACTIV_POSITIONAL_REST: so are all that follow, a list without brackets */
    int trainable;            /* of functions: the value is the initial one */
    double initial;           /* a word's: its index */
    double minimum, maximum;  /* inclusive; both 0: a real is any finite float32, a count 1 to 2^24 */
    const char *const *words; /* NULL-terminated */
    const char *functions;    /* of functions: the default */
} activ_setting;

typedef struct activ_slice {
    const char *at;
    size_t length;
} activ_slice;

typedef struct activ_setting_value {
    double number;    /* what the text says; a word's: its index */
    float single;     /* the same, rounded to float32 once */
    int given;        /* present in the text */
    activ_slice text; /* of functions and texts: a slice of the input, without quotes */
} activ_setting_value;

/* A table ends with a NULL name; NULL is an empty table. */
size_t activ_settings_count(const activ_setting *table);

/* The range of a real or a count, with the default limits resolved. */
void activ_setting_limits(const activ_setting *setting, double *minimum, double *maximum);

void activ_settings_defaults(const activ_setting *table, activ_setting_value *values);

/* A value given as a float32: `number` is the double of its shortest decimal, so that it is written as that. */
activ_setting_value activ_setting_of_float(float single);

/* ---- reading ------------------------------------------------------------------------------ */

typedef struct activ_reader {
    const char *at, *end;
    const char *noun;       /* names the input in messages: "spec" */
    activ_message *message; /* may be NULL */
} activ_reader;

void activ_reader_start(activ_reader *reader, activ_slice text, const char *noun, activ_message *message);
void activ_read_blanks(activ_reader *reader);
int activ_read_character(activ_reader *reader, char c); /* consumes it: 1, or 0 if another comes */

/* An identifier: letters, digits and '_', not a digit first; with `dots` a layer's name: also '.', '-' and digits
 * first. Empty if there is none. */
activ_slice activ_read_name(activ_reader *reader, int dots);

/* The next argument between brackets; `key` is empty for a positional one. Called after '(' or an argument; consumes
 * the comma before it, or the ')' at the end, with *more = 0. Values may contain brackets and quoted strings. */
typedef struct activ_argument {
    activ_slice key, value;
} activ_argument;
activ_status activ_read_argument(activ_reader *reader, int *first, activ_argument *argument, int *more);

/* All arguments after '('. `owner` is appended to the message about an unknown setting. */
activ_status activ_read_settings(activ_reader *reader, const activ_setting *table, const char *owner,
                                 activ_setting_value *values);

/* Stores the value of one argument. *found counts the positional settings so far. */
activ_status activ_read_setting(activ_reader *reader, const activ_argument *argument, const activ_setting *table,
                                const char *owner, size_t *found, activ_setting_value *values);

/* Fails with "before 'quoted' after"; the message may be NULL. */
activ_status activ_fail_quoted(activ_message *message, activ_status status, const char *before, activ_slice quoted,
                               const char *after);

/* Fails with ACTIV_ERROR_SYNTAX and "WHAT expected at 'rest'" or "... at the end of the NOUN". */
activ_status activ_fail_expected(const activ_reader *reader, const char *what);

/* The number of elements of "[a, b, c]", brackets optional; -1 if malformed or one is empty. The first `capacity` of
 * them are stored. */
int activ_list_elements(activ_slice list, size_t capacity, activ_slice *elements);

/* The text without blanks and pairs of round brackets around all of it. */
activ_slice activ_slice_unbracketed(activ_slice text);

int activ_slice_is(activ_slice slice, const char *word);

/* ---- writing ------------------------------------------------------------------------------ */

/* Writes a word or a number, so that it is read as the same float32. The owner writes the other kinds. */
void activ_write_setting(activ_text *text, const activ_setting *setting, const activ_setting_value *value);

/* A string in quotes, with backslashes before quotes and backslashes. */
void activ_write_quoted(activ_text *text, const char *string);

#endif
