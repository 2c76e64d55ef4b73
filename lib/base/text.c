/* Text independent of the C library's locale. */
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
        size_t available = text->size - 1 - text->length;
        size_t fits = count < available ? count : available;
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

void activ_text_add_double(activ_text *text, double number)
{
    char buffer[ACTIV_DOUBLE_TEXT];
    activ_text_add_bytes(text, buffer, activ_format_double(number, buffer));
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

activ_status activ_fail_pieces(activ_message *message, activ_status status, const char *const *pieces)
{
    if (!message)
        return status;
    activ_text text;
    activ_text_start(&text, message->text, sizeof message->text);
    for (; *pieces; pieces++)
        activ_text_add(&text, *pieces);
    /* A path may hold any byte; a message is one line, which no terminal obeys. */
    for (char *c = message->text; *c != '\0'; c++)
        if ((unsigned char)*c < 0x20 || *c == 0x7f)
            *c = '?';
    return status;
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

/* ---- decimal to binary ---------------------------------------------------------------------
 * A big integer of up to 4096 bits holds exactly every value that matters: 800 digits (the halfway point between two
 * doubles has at most 768, between two float32 113), times or divided by powers of ten, with a sticky bit for what is
 * truncated. Slow and short; specs are a few characters. */

#define WORDS 128
#define MAX_DIGITS 800

typedef struct big {
    uint32_t word[WORDS]; /* least significant first */
    int used;             /* words that may be other than 0 */
} big;

static void big_mul_add(big *b, uint32_t factor, uint32_t addend)
{
    uint64_t carry = addend;
    for (int i = 0; i < b->used; i++) {
        carry += (uint64_t)b->word[i] * factor;
        b->word[i] = (uint32_t)carry;
        carry >>= 32;
    }
    if (carry != 0 && b->used < WORDS)
        b->word[b->used++] = (uint32_t)carry;
}

static uint32_t big_div(big *b, uint32_t divisor)
{
    uint64_t remainder = 0;
    for (int i = b->used; i-- > 0;) {
        remainder = remainder << 32 | b->word[i];
        b->word[i] = (uint32_t)(remainder / divisor);
        remainder %= divisor;
    }
    while (b->used > 0 && b->word[b->used - 1] == 0)
        b->used--;
    return (uint32_t)remainder;
}

static int big_bit_length(const big *b) /* bits */
{
    for (int i = b->used; i-- > 0;)
        if (b->word[i] != 0)
            for (int j = 32; j-- > 0;)
                if (b->word[i] >> j & 1)
                    return i * 32 + j + 1;
    return 0;
}

static void big_shift(big *b, int shift)
{
    int words = shift / 32;
    if (words > 0) {
        memmove(b->word + words, b->word, (size_t)b->used * sizeof b->word[0]);
        memset(b->word, 0, (size_t)words * sizeof b->word[0]);
        b->used += words;
    }
    big_mul_add(b, (uint32_t)1 << shift % 32, 0);
}

static int big_bit(const big *b, int i)
{
    return i >= 0 && i / 32 < b->used && (b->word[i / 32] >> (i % 32) & 1);
}

/* A binary format: bits of the fraction, and the exponents of the smallest and the largest normal numbers. */
typedef struct binary {
    int fraction, min_exp, max_exp;
} binary;

/* The bits of b * 2^exponent rounded to a format, ties to even. */
static uint64_t big_round(const big *b, int exponent, int sticky, binary to, int *overflow)
{
    int length = big_bit_length(b);
    if (length == 0)
        return 0;
    int top = length - 1 + exponent; /* 2^top <= value */
    /* The bit of b that becomes the last place. */
    int last = (top < to.min_exp ? to.min_exp : top) - to.fraction - exponent;
    uint64_t mantissa = 0;
    for (int i = length - 1; i >= last && i >= 0; i--)
        mantissa = mantissa << 1 | (uint64_t)big_bit(b, i);
    if (last < 0)
        mantissa <<= -last;
    for (int i = 0; i < last - 1 && i < length; i++)
        sticky |= big_bit(b, i);
    int half = last - 1 < length && big_bit(b, last - 1);
    if (half && (sticky || (mantissa & 1)))
        mantissa++;
    if (top > to.max_exp) {
        *overflow = 1;
        return 0;
    }
    uint64_t biased = top < to.min_exp ? 0 : (uint64_t)(top - to.min_exp); /* the hidden bit adds the last 1 */
    uint64_t bits = (biased << to.fraction) + mantissa;
    if (bits >> to.fraction > (uint64_t)(to.max_exp - to.min_exp + 1)) {
        *overflow = 1;
        return 0;
    }
    return bits;
}

/* A parsed decimal: digits 10^exponent; sticky: nonzero digits were dropped. */
typedef struct decimal {
    big digits;
    int count, sticky, negative;
    long exponent;
} decimal;

/* Characters read; 0 if there is no number. */
static size_t read_decimal(const char *text, size_t length, decimal *d)
{
    size_t i = 0;
    int seen = 0, point = 0;
    memset(d, 0, sizeof *d);
    if (i < length && (text[i] == '+' || text[i] == '-'))
        d->negative = text[i++] == '-';
    for (; i < length; i++) {
        char c = text[i];
        if (c == '.' && !point) {
            point = 1;
            continue;
        }
        if (c < '0' || c > '9')
            break;
        seen = 1;
        if (d->count == 0 && c == '0') {
            d->exponent -= point;
        } else if (d->count < MAX_DIGITS) {
            big_mul_add(&d->digits, 10, (uint32_t)(c - '0'));
            d->count++;
            d->exponent -= point;
        } else {
            d->sticky |= c != '0';
            d->exponent += !point;
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
            d->exponent += minus ? -e : e;
            i = j;
        }
    }
    return i;
}

size_t activ_parse_number(const char *text, size_t length, double *number, float *single, int *overflow)
{
    static const binary float32 = { 23, -126, 127 }, float64 = { 52, -1022, 1023 };
    decimal d;
    uint64_t wide = 0, narrow = 0;
    size_t read = read_decimal(text, length, &d);
    *overflow = 0;
    if (read == 0)
        return 0;
    const long magnitude = d.exponent + d.count; /* value < 10^magnitude */
    if (d.count > 0 && magnitude > 40) {
        *overflow = 1;
    } else if (d.count > 0 && magnitude > -330) {
        int shift = 0;
        for (; d.exponent > 0; d.exponent--)
            big_mul_add(&d.digits, 10, 0);
        if (d.exponent < 0) {
            /* Shift left so that the quotient still has enough bits (a power of ten takes less than 3.33 each), then
             * divide. */
            const int max_shift = WORDS * 32 - 1 - big_bit_length(&d.digits);
            shift = 64 - (int)(d.exponent * 10 / 3);
            shift = shift < max_shift ? shift : max_shift;
            big_shift(&d.digits, shift);
            for (; d.exponent <= -9; d.exponent += 9)
                d.sticky |= big_div(&d.digits, 1000000000) != 0;
            for (; d.exponent < 0; d.exponent++)
                d.sticky |= big_div(&d.digits, 10) != 0;
        }
        wide = big_round(&d.digits, -shift, d.sticky, float64, overflow);
        narrow = big_round(&d.digits, -shift, d.sticky, float32, overflow);
    }
    if (*overflow)
        wide = narrow = 0;
    uint32_t bits = (uint32_t)narrow | (uint32_t)d.negative << 31;
    wide |= (uint64_t)d.negative << 63;
    memcpy(number, &wide, sizeof wide);
    memcpy(single, &bits, sizeof bits);
    return read;
}

size_t activ_parse_float(const char *text, size_t length, float *number, int *overflow)
{
    double wide;
    float single;
    size_t read = activ_parse_number(text, length, &wide, &single, overflow);
    if (read > 0)
        *number = single;
    return read;
}

/* ---- binary to decimal ------------------------------------------------------------------- */

/* |value| = digits * 10^exponent with `count` digits, up to the rounding errors of double; the caller reads it back. */
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
    int point = count + exponent; /* position of the decimal point relative to the digits */
    activ_text_start(&out, buffer, ACTIV_DOUBLE_TEXT);
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

/* Formats zero, infinities and NaN; 0 for other numbers. */
static size_t format_special(double number, char *buffer)
{
    uint64_t bits;
    activ_text out;
    memcpy(&bits, &number, sizeof bits);
    activ_text_start(&out, buffer, ACTIV_DOUBLE_TEXT);
    if (number != number) {
        activ_text_add(&out, "nan");
    } else if (number == 0.0 || number - number != 0.0) {
        activ_text_add(&out, bits >> 63 ? "-" : "");
        activ_text_add(&out, number == 0.0 ? "0" : "inf");
    }
    return out.length;
}

size_t activ_format_float(float number, char *buffer)
{
    char text[ACTIV_DOUBLE_TEXT];
    size_t length = format_special((double)number, text);
    for (int count = 1; length == 0; count++) {
        uint64_t digits;
        int exponent;
        round_digits(number < 0.0f ? -(double)number : (double)number, count, &digits, &exponent);
        /* Also try the next larger: floats are denser below a power of two than above, so that the nearest decimal may
         * miss where the second nearest hits. */
        for (uint64_t offset = 0; offset < 2 && length == 0; offset++) {
            int overflow;
            float back = 0.0f;
            size_t written = write_digits(number < 0.0f, digits + offset, count, exponent, text);
            activ_parse_float(text, written, &back, &overflow);
            if (count == 9 || (back == number && !overflow))
                length = written;
        }
    }
    memcpy(buffer, text, length + 1);
    return length;
}

size_t activ_format_double(double number, char *buffer)
{
    size_t length = format_special(number, buffer);
    /* The digits have several rounding errors: try their neighbours too, nearest first. */
    for (int count = 1; length == 0; count++) {
        uint64_t digits;
        int exponent;
        const uint64_t radius = count < 15 ? 1 : count < 17 ? 8 : 1000;
        round_digits(number < 0.0 ? -number : number, count, &digits, &exponent);
        for (uint64_t i = 0; i < 2 * radius && length == 0; i++) {
            int overflow;
            float single;
            double back = 0.0;
            const uint64_t candidate = i % 2 ? digits - (i + 1) / 2 : digits + i / 2;
            size_t written = write_digits(number < 0.0, candidate, count, exponent, buffer);
            activ_parse_number(buffer, written, &back, &single, &overflow);
            if (back == number)
                length = written;
        }
        if (count == 17 && length == 0)
            length = write_digits(number < 0.0, digits, count, exponent, buffer);
    }
    return length;
}
