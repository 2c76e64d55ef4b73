/* Text independent of the C library's locale: building messages, reading and writing numbers. */
#ifndef ACTIV_BASE_TEXT_H
#define ACTIV_BASE_TEXT_H

#include <stddef.h>
#include <stdint.h>

#include "activ/status.h"

/* Appends to a fixed buffer, truncated. length counts what did not fit too, so that a first pass with size 0 measures.
 * The text is zero-terminated if size > 0. */
typedef struct activ_text {
    char *buffer;
    size_t size;
    size_t length;
} activ_text;

void activ_text_start(activ_text *text, char *buffer, size_t size);
void activ_text_add(activ_text *text, const char *string);
void activ_text_add_bytes(activ_text *text, const char *bytes, size_t count);
void activ_text_add_size(activ_text *text, size_t number);
void activ_text_add_u64(activ_text *text, uint64_t number);
void activ_text_add_float(activ_text *text, float number);                     /* see activ_format_float */
void activ_text_add_double(activ_text *text, double number);                   /* see activ_format_double */
void activ_text_add_shape(activ_text *text, size_t ndim, const size_t *shape); /* "(128, 784)" */

/* For messages that quote untrusted input: printable ASCII as it is, other bytes as \xHH, at most 40 bytes. */
void activ_text_add_quoted(activ_text *text, const char *bytes, size_t count);

/* The one way to fail with a reason: sets the message, which may be NULL, to the concatenation of the strings, and
 * returns the status. */
#define activ_fail(message, status, ...) activ_fail_pieces(message, status, (const char *const[]){ __VA_ARGS__, NULL })
activ_status activ_fail_pieces(activ_message *message, activ_status status, const char *const *pieces);

/* Reads a decimal number ([+-] digits [. digits] [e [+-] digits]) rounded correctly to the nearest float32. Returns
 * the number of characters read; 0 if there is no number. *overflow is set if it is too large. */
size_t activ_parse_float(const char *text, size_t length, float *number, int *overflow);

/* The same as the nearest double, and as the nearest float32 of the text (not of the double). *overflow is set if it
 * is too large for a float32. */
size_t activ_parse_number(const char *text, size_t length, double *number, float *single, int *overflow);

/* Reads digits only. Returns the number of characters read; 0 for none or on overflow. */
size_t activ_parse_size(const char *text, size_t length, size_t *number);
size_t activ_parse_u64(const char *text, size_t length, uint64_t *number);

/* The shortest decimal that reads back as the same float32: "0.2", "25", "1e-7". At most 16 characters and a zero
 * byte. */
#define ACTIV_FLOAT_TEXT 17
size_t activ_format_float(float number, char *buffer);

/* The same for a double within the range of float32. */
#define ACTIV_DOUBLE_TEXT 26
size_t activ_format_double(double number, char *buffer);

#endif
