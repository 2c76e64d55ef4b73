/* Text without the C library's locale. */
#include "base/text.h"

#include <string.h>

void activ_text_start(activ_text *text, char *buffer, size_t size)
{
    text->buffer = buffer;
    text->size = size;
    text->length = 0;
    if (size > 0)
        buffer[0] = '\0';
}

void activ_text_add_bytes(activ_text *text, const char *bytes, size_t count)
{
    if (text->length + 1 < text->size) {
        size_t room = text->size - 1 - text->length;
        size_t fits = count < room ? count : room;
        memcpy(text->buffer + text->length, bytes, fits);
        text->buffer[text->length + fits] = '\0';
    }
    text->length += count;
}

void activ_text_add(activ_text *text, const char *string)
{
    activ_text_add_bytes(text, string, strlen(string));
}

void activ_text_add_size(activ_text *text, size_t number)
{
    activ_text_add_u64(text, number);
}

void activ_text_add_u64(activ_text *text, uint64_t number)
{
    char digits[24];
    size_t start = sizeof digits;
    do {
        digits[--start] = (char)('0' + number % 10);
        number /= 10;
    } while (number != 0);
    activ_text_add_bytes(text, digits + start, sizeof digits - start);
}

void activ_text_add_float(activ_text *text, float number)
{
    char buffer[ACTIV_FLOAT_TEXT];
    activ_text_add_bytes(text, buffer, activ_format_float(number, buffer));
}

void activ_text_add_shape(activ_text *text, size_t ndim, const size_t *shape)
{
    activ_text_add(text, "(");
    for (size_t i = 0; i < ndim; i++) {
        if (i > 0)
            activ_text_add(text, ", ");
        activ_text_add_size(text, shape[i]);
    }
    activ_text_add(text, ")");
}

void activ_text_add_quoted(activ_text *text, const char *bytes, size_t count)
{
    static const char hex[] = "0123456789abcdef";
    activ_text_add(text, "'");
    for (size_t i = 0; i < count; i++) {
        unsigned char c = (unsigned char)bytes[i];
        if (i == 40) {
            activ_text_add(text, "...");
            break;
        }
        if (c >= 0x20 && c < 0x7f) {
            activ_text_add_bytes(text, bytes + i, 1);
        } else {
            char escape[4] = { '\\', 'x', hex[c >> 4], hex[c & 15] };
            activ_text_add_bytes(text, escape, sizeof escape);
        }
    }
    activ_text_add(text, "'");
}

void activ_message_set_pieces(activ_message *message, const char *const *pieces)
{
    if (!message)
        return;
    activ_text text;
    activ_text_start(&text, message->text, sizeof message->text);
    for (; *pieces; pieces++)
        activ_text_add(&text, *pieces);
}

size_t activ_parse_size(const char *text, size_t length, size_t *number)
{
    uint64_t value;
    size_t i = activ_parse_u64(text, length, &value);
    if (i == 0 || value > SIZE_MAX)
        return 0;
    *number = (size_t)value;
    return i;
}

size_t activ_parse_u64(const char *text, size_t length, uint64_t *number)
{
    uint64_t value = 0;
    size_t i = 0;
    for (; i < length && text[i] >= '0' && text[i] <= '9'; i++) {
        uint64_t digit = (uint64_t)(text[i] - '0');
        if (value > (UINT64_MAX - digit) / 10)
            return 0;
        value = value * 10 + digit;
    }
    if (i > 0)
        *number = value;
    return i;
}

/* ---- decimal to float32 ------------------------------------------------------------------
 * A whole number of up to 640 bits holds every value exactly that can matter: 128 digits (the halfway
 * point between two float32 has at most 113), times or divided by powers of ten, with a sticky bit
 * for what is cut off. Slow and short; specs are a few characters. */

#define WORDS 20
#define MAX_DIGITS 128

typedef struct big {
    uint32_t word[WORDS];   /* least significant first */
} big;

static void big_mul_add(big *b, uint32_t factor, uint32_t addend)
{
    uint64_t carry = addend;
    for (int i = 0; i < WORDS; i++) {
        carry += (uint64_t)b->word[i] * factor;
        b->word[i] = (uint32_t)carry;
        carry >>= 32;
    }
}

static uint32_t big_div(big *b, uint32_t divisor)
{
    uint64_t rest = 0;
    for (int i = WORDS; i-- > 0;) {
        rest = rest << 32 | b->word[i];
        b->word[i] = (uint32_t)(rest / divisor);
        rest %= divisor;
    }
    return (uint32_t)rest;
}

static int big_length(const big *b)   /* bits */
{
    for (int i = WORDS; i-- > 0;)
        if (b->word[i] != 0)
            for (int j = 32; j-- > 0;)
                if (b->word[i] >> j & 1)
                    return i * 32 + j + 1;
    return 0;
}

static int big_bit(const big *b, int i)
{
    return i >= 0 && (b->word[i / 32] >> (i % 32) & 1);
}

/* Rounds b * 2^exponent to the nearest float32, ties to even. */
static float big_round(const big *b, int exponent, int sticky, int *overflow)
{
    int length = big_length(b);
    if (length == 0)
        return 0.0f;
    int top = length - 1 + exponent;                     /* 2^top <= value */
    int last = (top < -126 ? -126 : top) - 23 - exponent; /* bit of b that is the last place */
    uint32_t mantissa = 0;
    for (int i = length - 1; i >= last && i >= 0; i--)
        mantissa = mantissa << 1 | (uint32_t)big_bit(b, i);
    if (last < 0)
        mantissa <<= -last;
    for (int i = 0; i < last - 1 && i < length; i++)
        sticky |= big_bit(b, i);
    int half = last - 1 < length && big_bit(b, last - 1);
    if (half && (sticky || (mantissa & 1)))
        mantissa++;
    uint32_t biased = top < -126 ? 0 : (uint32_t)(top + 126);  /* the hidden bit adds the last 1 */
    if (top > 127) {
        *overflow = 1;
        return 0.0f;
    }
    uint32_t bits = (biased << 23) + mantissa;
    if (bits >= 0x7f800000u) {
        *overflow = 1;
        return 0.0f;
    }
    float value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

size_t activ_parse_float(const char *text, size_t length, float *number, int *overflow)
{
    big b = { { 0 } };
    size_t i = 0;
    int negative = 0, digits = 0, seen = 0, sticky = 0, point = 0;
    long exponent = 0;

    *overflow = 0;
    if (i < length && (text[i] == '+' || text[i] == '-'))
        negative = text[i++] == '-';
    for (; i < length; i++) {
        char c = text[i];
        if (c == '.' && !point) {
            point = 1;
            continue;
        }
        if (c < '0' || c > '9')
            break;
        seen = 1;
        if (digits == 0 && c == '0') {
            exponent -= point;
        } else if (digits < MAX_DIGITS) {
            big_mul_add(&b, 10, (uint32_t)(c - '0'));
            digits++;
            exponent -= point;
        } else {
            sticky |= c != '0';
            exponent += !point;
        }
    }
    if (!seen)
        return 0;
    if (i < length && (text[i] == 'e' || text[i] == 'E')) {
        size_t j = i + 1;
        int minus = 0;
        long e = 0;
        if (j < length && (text[j] == '+' || text[j] == '-'))
            minus = text[j++] == '-';
        if (j < length && text[j] >= '0' && text[j] <= '9') {
            for (; j < length && text[j] >= '0' && text[j] <= '9'; j++)
                if (e < 1000000)
                    e = e * 10 + (text[j] - '0');
            exponent += minus ? -e : e;
            i = j;
        }
    }

    float value = 0.0f;
    if (digits > 0) {
        long magnitude = exponent + digits;    /* value < 10^magnitude */
        if (magnitude > 40) {
            *overflow = 1;
        } else if (magnitude > -60) {
            int shift = 0;
            for (; exponent > 0; exponent--)
                big_mul_add(&b, 10, 0);
            if (exponent < 0) {
                /* Shift left so that the quotient still has enough bits, then divide. */
                shift = WORDS * 32 - 1 - big_length(&b);
                int words = shift / 32, bits = shift % 32;
                for (int k = 0; k < words; k++) {
                    memmove(b.word + 1, b.word, (WORDS - 1) * sizeof b.word[0]);
                    b.word[0] = 0;
                }
                big_mul_add(&b, (uint32_t)1 << bits, 0);
                for (; exponent < 0; exponent++)
                    sticky |= big_div(&b, 10) != 0;
            }
            value = big_round(&b, -shift, sticky, overflow);
        }
    }
    *number = negative ? -value : value;
    return i;
}

/* ---- float32 to decimal ------------------------------------------------------------------ */

/* |value| = digits * 10^exponent with `count` digits, as well as double arithmetic can say; the
 * caller reads it back. */
static void round_digits(double value, int count, uint64_t *digits, int *exponent)
{
    double low = 1.0;
    for (int i = 1; i < count; i++)
        low *= 10.0;
    int e = 0;
    while (value >= low * 10.0) {
        value /= 10.0;
        e++;
    }
    while (value < low) {
        value *= 10.0;
        e--;
    }
    uint64_t d = (uint64_t)(value + 0.5);
    if ((double)d >= low * 10.0) {
        d /= 10;
        e++;
    }
    *digits = d;
    *exponent = e;
}

static size_t write_digits(int negative, uint64_t digits, int count, int exponent, char *buffer)
{
    char text[24];
    activ_text out;
    for (int i = count; i-- > 0;) {
        text[i] = (char)('0' + digits % 10);
        digits /= 10;
    }
    while (count > 1 && text[count - 1] == '0') {
        count--;
        exponent++;
    }
    int point = count + exponent;    /* position of the decimal point relative to the digits */
    activ_text_start(&out, buffer, ACTIV_FLOAT_TEXT);
    if (negative)
        activ_text_add(&out, "-");
    if (point > 0 && point <= 9 && exponent >= 0) {
        activ_text_add_bytes(&out, text, (size_t)count);
        for (int i = 0; i < exponent; i++)
            activ_text_add(&out, "0");
    } else if (point > 0 && point <= 9) {
        activ_text_add_bytes(&out, text, (size_t)point);
        activ_text_add(&out, ".");
        activ_text_add_bytes(&out, text + point, (size_t)(count - point));
    } else if (point <= 0 && point > -4) {
        activ_text_add(&out, "0.");
        for (int i = point; i < 0; i++)
            activ_text_add(&out, "0");
        activ_text_add_bytes(&out, text, (size_t)count);
    } else {
        activ_text_add_bytes(&out, text, 1);
        if (count > 1) {
            activ_text_add(&out, ".");
            activ_text_add_bytes(&out, text + 1, (size_t)(count - 1));
        }
        int e = point - 1;
        activ_text_add(&out, e < 0 ? "e-" : "e");
        activ_text_add_size(&out, (size_t)(e < 0 ? -e : e));
    }
    return out.length;
}

size_t activ_format_float(float number, char *buffer)
{
    uint32_t bits;
    memcpy(&bits, &number, sizeof bits);
    int negative = (int)(bits >> 31);
    activ_text out;
    activ_text_start(&out, buffer, ACTIV_FLOAT_TEXT);
    if (number != number) {
        activ_text_add(&out, "nan");
        return out.length;
    }
    if (number == 0.0f || (bits & 0x7fffffffu) == 0x7f800000u) {
        activ_text_add(&out, negative ? "-" : "");
        activ_text_add(&out, number == 0.0f ? "0" : "inf");
        return out.length;
    }
    for (int count = 1;; count++) {
        uint64_t digits;
        int exponent;
        round_digits(negative ? -(double)number : (double)number, count, &digits, &exponent);
        /* The next larger, too: below a power of two, numbers lie closer together than above it,
         * so that the nearest may miss on the one side and the second nearest hit on the other. */
        for (uint64_t more = 0; more < 2; more++) {
            int overflow;
            float back = 0.0f;
            size_t length = write_digits(negative, digits + more, count, exponent, buffer);
            activ_parse_float(buffer, length, &back, &overflow);
            if (count == 9 || (back == number && !overflow))
                return length;
        }
    }
}
