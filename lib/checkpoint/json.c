/* A pull parser for JSON. */
#include "checkpoint/json.h"

#include <stdint.h>
#include <string.h>

#include "base/text.h"

void activ_json_start(activ_json *json, char *text, size_t length)
{
    json->start = text;
    json->at = text;
    json->end = text + length;
    json->reason = NULL;
}

static int fail(activ_json *json, const char *what)
{
    json->reason = what;
    return 0;
}

static void skip_space(activ_json *json)
{
    while (json->at < json->end && (*json->at == ' ' || *json->at == '\t' || *json->at == '\n' || *json->at == '\r'))
        json->at++;
}

/* The next character, or 0 at the end of the text: no token begins with a zero byte. */
static char peek(activ_json *json)
{
    skip_space(json);
    return json->at < json->end ? *json->at : '\0';
}

int activ_json_expect(activ_json *json, char character)
{
    if (peek(json) == character && json->at < json->end) {
        json->at++;
        return 1;
    }
    switch (character) {
    case '{':
        return fail(json, "expected '{'");
    case '[':
        return fail(json, "expected '['");
    case ':':
        return fail(json, "expected ':'");
    default:
        return fail(json, "unexpected character");
    }
}

int activ_json_next(activ_json *json, char close, int *first)
{
    char c = peek(json);
    if (c == close) {
        json->at++;
        return 0;
    }
    if (*first) {
        *first = 0;
        return 1;
    }
    if (c == ',') {
        json->at++;
        /* The caller reads the member next, and "[1,]" fails there. */
        return 1;
    }
    fail(json, close == '}' ? "expected ',' or '}'" : "expected ',' or ']'");
    return -1;
}

int activ_json_end(activ_json *json)
{
    skip_space(json);
    return json->at == json->end || fail(json, "something follows the object");
}

int activ_json_size(activ_json *json, size_t *number)
{
    char c = peek(json);
    if (c == '-')
        return fail(json, "a negative number");
    if (c < '0' || c > '9')
        return fail(json, "expected a whole number");
    size_t left = (size_t)(json->end - json->at);
    if (c == '0' && left > 1 && json->at[1] >= '0' && json->at[1] <= '9')
        return fail(json, "a number with a leading zero");
    size_t length = activ_parse_size(json->at, left, number);
    if (length == 0)
        return fail(json, "a number that is too large");
    if (length < left) {
        char next = json->at[length];
        if (next == '.' || next == 'e' || next == 'E')
            return fail(json, "a number with a fraction or an exponent");
    }
    json->at += length;
    return 1;
}

/* ---- strings ----------------------------------------------------------------------------- */

/* Four hexadecimal digits after "\u". */
static int read_hex(activ_json *json, uint32_t *code)
{
    *code = 0;
    for (int i = 0; i < 4; i++) {
        if (json->at == json->end)
            return 0;
        char c = *json->at;
        uint32_t digit;
        if (c >= '0' && c <= '9')
            digit = (uint32_t)(c - '0');
        else if (c >= 'a' && c <= 'f')
            digit = (uint32_t)(c - 'a' + 10);
        else if (c >= 'A' && c <= 'F')
            digit = (uint32_t)(c - 'A' + 10);
        else
            return 0;
        *code = *code << 4 | digit;
        json->at++;
    }
    return 1;
}

static char *write_utf8(char *to, uint32_t code)
{
    if (code < 0x80) {
        *to++ = (char)code;
    } else if (code < 0x800) {
        *to++ = (char)(0xc0 | code >> 6);
        *to++ = (char)(0x80 | (code & 0x3f));
    } else if (code < 0x10000) {
        *to++ = (char)(0xe0 | code >> 12);
        *to++ = (char)(0x80 | (code >> 6 & 0x3f));
        *to++ = (char)(0x80 | (code & 0x3f));
    } else {
        *to++ = (char)(0xf0 | code >> 18);
        *to++ = (char)(0x80 | (code >> 12 & 0x3f));
        *to++ = (char)(0x80 | (code >> 6 & 0x3f));
        *to++ = (char)(0x80 | (code & 0x3f));
    }
    return to;
}

/* What follows "\u". A character beyond U+FFFF is written as two escapes, a high and a low surrogate; one alone is
 * invalid. */
static int read_unicode(activ_json *json, char **to)
{
    uint32_t code, low;
    if (!read_hex(json, &code))
        return fail(json, "expected four hexadecimal digits");
    if (code >= 0xdc00 && code <= 0xdfff)
        return fail(json, "a low surrogate without a high one");
    if (code >= 0xd800 && code <= 0xdbff) {
        if (json->end - json->at < 2 || json->at[0] != '\\' || json->at[1] != 'u')
            return fail(json, "a high surrogate without a low one");
        json->at += 2;
        if (!read_hex(json, &low))
            return fail(json, "expected four hexadecimal digits");
        if (low < 0xdc00 || low > 0xdfff)
            return fail(json, "a high surrogate without a low one");
        code = 0x10000 + ((code - 0xd800) << 10) + (low - 0xdc00);
    }
    *to = write_utf8(*to, code);
    return 1;
}

static int read_escape(activ_json *json, char **to)
{
    if (json->at == json->end)
        return fail(json, "a string without an end");
    char c = *json->at++;
    switch (c) {
    case '"':
    case '\\':
    case '/':
        break;
    case 'b':
        c = '\b';
        break;
    case 'f':
        c = '\f';
        break;
    case 'n':
        c = '\n';
        break;
    case 'r':
        c = '\r';
        break;
    case 't':
        c = '\t';
        break;
    case 'u':
        return read_unicode(json, to);
    default:
        json->at--;
        return fail(json, "an unknown escape");
    }
    *(*to)++ = c;
    return 1;
}

static int is_plain(char c)
{
    return (unsigned char)c >= 0x20 && c != '"' && c != '\\';
}

int activ_json_string(activ_json *json, char **string, size_t *length)
{
    if (peek(json) != '"')
        return fail(json, "expected a string");
    json->at++;
    *string = json->at;
    /* Up to the first escape nothing moves. */
    while (json->at < json->end && is_plain(*json->at))
        json->at++;
    char *to = json->at;
    for (;;) {
        if (json->at == json->end)
            return fail(json, "a string without an end");
        char c = *json->at;
        if (c == '"')
            break;
        if ((unsigned char)c < 0x20)
            return fail(json, "a control character in a string");
        json->at++;
        if (c != '\\')
            *to++ = c;
        else if (!read_escape(json, &to))
            return 0;
    }
    json->at++;
    *length = (size_t)(to - *string);
    *to = '\0';
    return 1;
}

/* ---- UTF-8 ------------------------------------------------------------------------------- */

size_t activ_utf8_check(const char *bytes, size_t count)
{
    const unsigned char *b = (const unsigned char *)bytes;
    size_t i = 0;
    while (i < count) {
        unsigned char first = b[i];
        size_t trailing;                       /* bytes after the first */
        unsigned char low = 0x80, high = 0xbf; /* range of the second */
        if (first < 0x80) {
            i++;
            for (uint64_t eight; count - i >= sizeof eight; i += sizeof eight) {
                memcpy(&eight, b + i, sizeof eight);
                if (eight & UINT64_C(0x8080808080808080))
                    break;
            }
            continue;
        } else if (first >= 0xc2 && first <= 0xdf) {
            trailing = 1;
        } else if (first >= 0xe0 && first <= 0xef) {
            trailing = 2;
            if (first == 0xe0)
                low = 0xa0; /* below: overlong */
            if (first == 0xed)
                high = 0x9f; /* above: surrogates */
        } else if (first >= 0xf0 && first <= 0xf4) {
            trailing = 3;
            if (first == 0xf0)
                low = 0x90; /* below: overlong */
            if (first == 0xf4)
                high = 0x8f; /* above: beyond U+10FFFF */
        } else {
            return i;
        }
        if (count - i <= trailing || b[i + 1] < low || b[i + 1] > high)
            return i;
        for (size_t k = 2; k <= trailing; k++)
            if (b[i + k] < 0x80 || b[i + k] > 0xbf)
                return i;
        i += trailing + 1;
    }
    return count;
}
