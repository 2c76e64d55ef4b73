/* Reads JSON from memory piece by piece: the caller knows which piece has to come next, so that
 * there is no tree, no recursion and no memory to take. Also the check that bytes are UTF-8. */
#ifndef ACTIV_CHECKPOINT_JSON_H
#define ACTIV_CHECKPOINT_JSON_H

#include <stddef.h>

/* A place in a text. The text has to be UTF-8 already: see activ_utf8_check. */
typedef struct activ_json {
    char *start;
    char *at;
    char *end;
    const char *reason; /* what was wrong at `at`; set when a call returns 0 or less */
} activ_json;

void activ_json_start(activ_json *json, char *text, size_t length);

/* Skips white space, then takes that character; 0 if there is another one. */
int activ_json_take(activ_json *json, char character);

/* Steps through an object or array after its opening bracket: 1 if another member follows, 0 if
 * `close` was taken, -1 for a fault. *first has to be 1 before the first call. */
int activ_json_next(activ_json *json, char close, int *first);

/* A string, its escapes decoded in place: what is decoded is never longer, and the
 * closing quotation mark leaves room for a zero byte. The string itself may contain zero bytes. */
int activ_json_string(activ_json *json, char **string, size_t *length);

/* A whole number: digits, without sign, fraction, exponent and leading zeros. */
int activ_json_size(activ_json *json, size_t *number);

/* Nothing but white space left. */
int activ_json_end(activ_json *json);

/* How many bytes from the start on are well-formed UTF-8; `count` if all are. */
size_t activ_utf8_check(const char *bytes, size_t count);

#endif
