/* A pull parser for JSON in memory: the caller knows which token has to come next, so there is no tree, no recursion
 * and no allocation. Also validates UTF-8. */
#ifndef ACTIV_CHECKPOINT_JSON_H
#define ACTIV_CHECKPOINT_JSON_H

#include <stddef.h>

/* A position in a text, which has to be valid UTF-8: see activ_utf8_check. */
typedef struct activ_json {
    char *start;
    char *at;
    char *end;
    const char *reason; /* the error at `at`; set when a call returns 0 or less */
} activ_json;

void activ_json_start(activ_json *json, char *text, size_t length);

/* Skips white space, then consumes that character; 0 if another comes. */
int activ_json_expect(activ_json *json, char character);

/* Steps through an object or array after its opening bracket: 1 if another member follows, 0 if `close` was consumed,
 * -1 on error. *first has to be 1 before the first call. */
int activ_json_next(activ_json *json, char close, int *first);

/* A string, its escapes decoded in place: that never makes it longer, and the closing quote becomes the terminating
 * zero byte. The string itself may contain zero bytes. */
int activ_json_string(activ_json *json, char **string, size_t *length);

/* A whole number: digits, without sign, fraction, exponent and leading zeros. */
int activ_json_size(activ_json *json, size_t *number);

/* Fails if more than white space is left. */
int activ_json_end(activ_json *json);

/* Length of the longest prefix that is valid UTF-8; `count` if all is. */
size_t activ_utf8_check(const char *bytes, size_t count);

#endif
