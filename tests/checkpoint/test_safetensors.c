/* Reading and writing safetensors: every malformed file that the format allows, the odd legal ones, what
 * is written byte by byte, and that a failure leaves nothing behind. */
#define _DEFAULT_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <dirent.h>
#include <errno.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "activ/checkpoint.h"
#include "checkpoint/file.h"
#include "support/memory.h"

/* ---- making files ---------------------------------------------------------------------------- */

#define COUNT(array) (sizeof(array) / sizeof(array)[0])
#define TEXT(literal) literal, sizeof(literal) - 1
#define TENSOR(name, dtype, shape, offsets) \
    "\"" name "\":{\"dtype\":\"" dtype "\",\"shape\":" shape ",\"data_offsets\":" offsets "}"

typedef struct bytes {
    unsigned char *data; /* exactly `size` bytes of the heap: the sanitizer sees every step beyond */
    size_t size;
} bytes;

static void put_length(unsigned char *to, uint64_t length)
{
    for (int i = 0; i < 8; i++)
        to[i] = (unsigned char)(length >> (8 * i));
}

/* A file with this header; its data is 0, 1, 2 ... */
static bytes make_file(const char *header, size_t length, size_t data)
{
    bytes file = { malloc(8 + length + data), 8 + length + data };
    assert_non_null(file.data);
    put_length(file.data, length);
    memcpy(file.data + 8, header, length);
    for (size_t i = 0; i < data; i++)
        file.data[8 + length + i] = (unsigned char)i;
    return file;
}

static activ_safetensors *open_header(const char *header, size_t length, size_t data)
{
    activ_safetensors *file = NULL;
    activ_message message = { "" };
    bytes raw = make_file(header, length, data);
    activ_status status = activ_safetensors_open_memory(NULL, raw.data, raw.size, &file, &message);
    free(raw.data);
    if (status != ACTIV_OK)
        fail_msg("status %d: %s", (int)status, message.text);
    return file;
}

static activ_safetensors_entry entry_at(const activ_safetensors *file, size_t index)
{
    activ_safetensors_entry entry = ACTIV_SAFETENSORS_ENTRY_INIT;
    assert_int_equal(activ_safetensors_at(file, index, &entry), ACTIV_OK);
    return entry;
}

/* Everything that an open file promises. */
static void check_invariants(const activ_safetensors *file)
{
    const unsigned char *end = NULL;
    unsigned sum = 0;
    for (size_t i = 0; i < activ_safetensors_count(file); i++) {
        activ_safetensors_entry entry = entry_at(file, i), found = { .size = sizeof found };
        assert_non_null(entry.name);
        assert_non_null(entry.dtype_name);
        assert_true(entry.ndim <= ACTIV_MAX_DIMS);
        const unsigned char *data = entry.data;
        for (size_t k = 0; k < entry.bytes; k++)
            sum += data[k];
        if (entry.bytes > 0) {
            assert_true(end == NULL || data == end);
            end = data + entry.bytes;
        }
        size_t count = 1;
        for (size_t d = 0; d < entry.ndim; d++)
            count *= entry.shape[d];
        if (entry.dtype != 0)
            assert_int_equal(entry.bytes, count * activ_dtype_size(entry.dtype));
        assert_int_equal(activ_safetensors_find(file, entry.name, &found), ACTIV_OK);
        assert_ptr_equal(found.name, entry.name);
    }
    const char *key, *before = NULL;
    for (size_t i = 0; (key = activ_safetensors_metadata_key(file, i)) != NULL; i++) {
        assert_non_null(activ_safetensors_metadata(file, key));
        assert_true(before == NULL || strcmp(before, key) < 0);
        before = key;
    }
    assert_true(sum <= UINT32_MAX);
}

/* ---- what is refused --------------------------------------------------------------------------- */

#define A4 TENSOR("a", "F32", "[1]", "[0,4]")
#define B4 TENSOR("b", "F32", "[1]", "[4,8]")

/* Headers, with the number of bytes of data behind them. */
static const struct {
    const char *header;
    size_t length, data;
    activ_status status;
    const char *word;
} refused[] = {
    /* The header is not one JSON object and white space. */
    { TEXT(""), 0, ACTIV_ERROR_FORMAT, "header is empty" },
    { TEXT("    "), 0, ACTIV_ERROR_FORMAT, "expected '{'" },
    { TEXT("[]"), 0, ACTIV_ERROR_FORMAT, "expected '{'" },
    { TEXT("null"), 0, ACTIV_ERROR_FORMAT, "expected '{'" },
    { TEXT("\"a\""), 0, ACTIV_ERROR_FORMAT, "expected '{'" },
    { TEXT("7"), 0, ACTIV_ERROR_FORMAT, "expected '{'" },
    { TEXT("\xef\xbb\xbf{}"), 0, ACTIV_ERROR_FORMAT, "expected '{'" },
    { TEXT("\v{}"), 0, ACTIV_ERROR_FORMAT, "byte 0 of the header" },
    { TEXT("{"), 0, ACTIV_ERROR_FORMAT, "byte 1 of the header: expected a string" },
    { TEXT("{} {}"), 0, ACTIV_ERROR_FORMAT, "something follows" },
    { TEXT("{}}"), 0, ACTIV_ERROR_FORMAT, "something follows" },
    { TEXT("{}\0"), 0, ACTIV_ERROR_FORMAT, "something follows" },
    { TEXT("{},"), 0, ACTIV_ERROR_FORMAT, "something follows" },
    { TEXT("{,}"), 0, ACTIV_ERROR_FORMAT, "expected a string" },
    { TEXT("{" A4 ",}"), 4, ACTIV_ERROR_FORMAT, "expected a string" },
    { TEXT("{" A4 " " B4 "}"), 8, ACTIV_ERROR_FORMAT, "expected ',' or '}'" },
    { TEXT("{" A4 "]"), 4, ACTIV_ERROR_FORMAT, "expected ',' or '}'" },
    { TEXT("{" A4), 4, ACTIV_ERROR_FORMAT, "expected ',' or '}'" },
    { TEXT("{/*c*/}"), 0, ACTIV_ERROR_FORMAT, "expected a string" },
    { TEXT("{a:1}"), 0, ACTIV_ERROR_FORMAT, "expected a string" },
    { TEXT("{'a':1}"), 0, ACTIV_ERROR_FORMAT, "expected a string" },
    { TEXT("{1:{}}"), 0, ACTIV_ERROR_FORMAT, "expected a string" },
    { TEXT("{\"a\"}"), 0, ACTIV_ERROR_FORMAT, "expected ':'" },
    { TEXT("{\"a\" {}}"), 0, ACTIV_ERROR_FORMAT, "expected ':'" },
    { TEXT("{\"a\":}"), 0, ACTIV_ERROR_FORMAT, "tensor 'a'" },
    { TEXT("{\"a\":[]}"), 0, ACTIV_ERROR_FORMAT, "tensor 'a'" },
    { TEXT("{\"a\":null}"), 0, ACTIV_ERROR_FORMAT, "expected '{'" },
    { TEXT("{\"a\":\"F32\"}"), 0, ACTIV_ERROR_FORMAT, "expected '{'" },
    { TEXT("{\"a\":1}"), 0, ACTIV_ERROR_FORMAT, "expected '{'" },

    /* Strings. */
    { TEXT("{\"a"), 0, ACTIV_ERROR_FORMAT, "without an end" },
    { TEXT("{\"a\\"), 0, ACTIV_ERROR_FORMAT, "without an end" },
    { TEXT("{\"a\\\""), 0, ACTIV_ERROR_FORMAT, "without an end" },
    { TEXT("{\"a\nb\":{}}"), 0, ACTIV_ERROR_FORMAT, "control character" },
    { TEXT("{\"a\tb\":{}}"), 0, ACTIV_ERROR_FORMAT, "control character" },
    { TEXT("{\"a\0b\":{}}"), 0, ACTIV_ERROR_FORMAT, "control character" },
    { TEXT("{\"\x1f\":{}}"), 0, ACTIV_ERROR_FORMAT, "control character" },
    { TEXT("{\"\\x41\":{}}"), 0, ACTIV_ERROR_FORMAT, "unknown escape" },
    { TEXT("{\"\\'\":{}}"), 0, ACTIV_ERROR_FORMAT, "unknown escape" },
    { TEXT("{\"\\U0041\":{}}"), 0, ACTIV_ERROR_FORMAT, "unknown escape" },
    { TEXT("{\"\\0\":{}}"), 0, ACTIV_ERROR_FORMAT, "unknown escape" },
    { TEXT("{\"\\u004\":{}}"), 0, ACTIV_ERROR_FORMAT, "hexadecimal" },
    { TEXT("{\"\\u00g1\":{}}"), 0, ACTIV_ERROR_FORMAT, "hexadecimal" },
    { TEXT("{\"\\u+041\":{}}"), 0, ACTIV_ERROR_FORMAT, "hexadecimal" },
    { TEXT("{\"\\u00"), 0, ACTIV_ERROR_FORMAT, "hexadecimal" },
    { TEXT("{\"\\ud800\":{}}"), 0, ACTIV_ERROR_FORMAT, "high surrogate" },
    { TEXT("{\"\\ud800x\":{}}"), 0, ACTIV_ERROR_FORMAT, "high surrogate" },
    { TEXT("{\"\\ud800\\n\":{}}"), 0, ACTIV_ERROR_FORMAT, "high surrogate" },
    { TEXT("{\"\\ud800\\u0041\":{}}"), 0, ACTIV_ERROR_FORMAT, "high surrogate" },
    { TEXT("{\"\\udbff\\ud800\":{}}"), 0, ACTIV_ERROR_FORMAT, "high surrogate" },
    { TEXT("{\"\\ud800\\ue000\":{}}"), 0, ACTIV_ERROR_FORMAT, "high surrogate" },
    { TEXT("{\"\\ud800\\"), 0, ACTIV_ERROR_FORMAT, "high surrogate" },
    { TEXT("{\"\\ud800\\ude"), 0, ACTIV_ERROR_FORMAT, "hexadecimal" },
    { TEXT("{\"\\udc00\":{}}"), 0, ACTIV_ERROR_FORMAT, "low surrogate" },
    { TEXT("{\"\\udfff\\ud800\":{}}"), 0, ACTIV_ERROR_FORMAT, "low surrogate" },

    /* UTF-8. */
    { TEXT("{\"\x80\":{}}"), 0, ACTIV_ERROR_FORMAT, "byte 2 of the header: not UTF-8" },
    { TEXT("{\"\xbf\":{}}"), 0, ACTIV_ERROR_FORMAT, "not UTF-8" },
    { TEXT("{\"\xc0\xaf\":{}}"), 0, ACTIV_ERROR_FORMAT, "not UTF-8" },
    { TEXT("{\"\xc1\xbf\":{}}"), 0, ACTIV_ERROR_FORMAT, "not UTF-8" },
    { TEXT("{\"\xc3\":{}}"), 0, ACTIV_ERROR_FORMAT, "not UTF-8" },
    { TEXT("{\"\xc3"), 0, ACTIV_ERROR_FORMAT, "not UTF-8" },
    { TEXT("{\"\xc3\xc3\":{}}"), 0, ACTIV_ERROR_FORMAT, "not UTF-8" },
    { TEXT("{\"\xe0\x9f\xbf\":{}}"), 0, ACTIV_ERROR_FORMAT, "not UTF-8" },
    { TEXT("{\"\xe2\x82\":{}}"), 0, ACTIV_ERROR_FORMAT, "not UTF-8" },
    { TEXT("{\"\xe2\x82"), 0, ACTIV_ERROR_FORMAT, "not UTF-8" },
    { TEXT("{\"\xed\xa0\x80\":{}}"), 0, ACTIV_ERROR_FORMAT, "not UTF-8" },
    { TEXT("{\"\xed\xbf\xbf\":{}}"), 0, ACTIV_ERROR_FORMAT, "not UTF-8" },
    { TEXT("{\"\xf0\x8f\xbf\xbf\":{}}"), 0, ACTIV_ERROR_FORMAT, "not UTF-8" },
    { TEXT("{\"\xf0\x9f\x98\":{}}"), 0, ACTIV_ERROR_FORMAT, "not UTF-8" },
    { TEXT("{\"\xf0\x9f\x98\xff\":{}}"), 0, ACTIV_ERROR_FORMAT, "not UTF-8" },
    { TEXT("{\"\xf4\x90\x80\x80\":{}}"), 0, ACTIV_ERROR_FORMAT, "not UTF-8" },
    { TEXT("{\"\xf5\x80\x80\x80\":{}}"), 0, ACTIV_ERROR_FORMAT, "not UTF-8" },
    { TEXT("{\"\xfe\":{}}"), 0, ACTIV_ERROR_FORMAT, "not UTF-8" },
    { TEXT("{\"\xff\":{}}"), 0, ACTIV_ERROR_FORMAT, "not UTF-8" },
    { TEXT("{} \xff"), 0, ACTIV_ERROR_FORMAT, "byte 3 of the header: not UTF-8" },

    /* Duplicates, at every level, and with escapes. */
    { TEXT("{" A4 "," A4 "}"), 4, ACTIV_ERROR_FORMAT, "tensor 'a': a duplicate" },
    { TEXT("{" A4 "," TENSOR("a", "F32", "[1]", "[4,8]") "}"), 8, ACTIV_ERROR_FORMAT, "duplicate" },
    { TEXT("{" A4 "," TENSOR("\\u0061", "F32", "[1]", "[4,8]") "}"), 8, ACTIV_ERROR_FORMAT, "duplicate" },
    { TEXT("{" TENSOR("z", "F32", "[0]", "[0,0]") "," TENSOR("z", "F32", "[0]", "[0,0]") "}"), 0, ACTIV_ERROR_FORMAT,
      "tensor 'z': a duplicate" },
    { TEXT("{\"__metadata__\":{},\"__metadata__\":{}}"), 0, ACTIV_ERROR_FORMAT, "'__metadata__': a duplicate" },
    { TEXT("{\"__metadata__\":{},\"__metadata\\u005f_\":{}}"), 0, ACTIV_ERROR_FORMAT, "a duplicate" },
    { TEXT("{\"__metadata__\":{\"k\":\"1\",\"l\":\"2\",\"k\":\"1\"}}"), 0, ACTIV_ERROR_FORMAT,
      "metadata 'k': a duplicate" },
    { TEXT("{\"__metadata__\":{\"k\":\"1\",\"\\u006b\":\"2\"}}"), 0, ACTIV_ERROR_FORMAT, "duplicate" },
    { TEXT("{\"a\":{\"dtype\":\"F32\",\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4]}}"), 4, ACTIV_ERROR_FORMAT,
      "duplicate field 'dtype'" },
    { TEXT("{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"shape\":[1],\"data_offsets\":[0,4]}}"), 4, ACTIV_ERROR_FORMAT,
      "duplicate field 'shape'" },
    { TEXT("{\"a\":{\"dtype\":\"F32\",\"data_offsets\":[0,4],\"data_\\u006fffsets\":[0,4]}}"), 4, ACTIV_ERROR_FORMAT,
      "duplicate field 'data_offsets'" },

    /* Fields. */
    { TEXT("{\"a\":{}}"), 0, ACTIV_ERROR_FORMAT, "no dtype" },
    { TEXT("{\"a\":{\"shape\":[1],\"data_offsets\":[0,4]}}"), 4, ACTIV_ERROR_FORMAT, "no dtype" },
    { TEXT("{\"a\":{\"dtype\":\"F32\",\"data_offsets\":[0,4]}}"), 4, ACTIV_ERROR_FORMAT, "no shape" },
    { TEXT("{\"a\":{\"dtype\":\"F32\",\"shape\":[1]}}"), 4, ACTIV_ERROR_FORMAT, "no data_offsets" },
    { TEXT("{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4],\"x\":1}}"), 4, ACTIV_ERROR_FORMAT,
      "unknown field 'x'" },
    { TEXT("{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4],\"dtype\\u0000\":1}}"), 4,
      ACTIV_ERROR_FORMAT, "unknown field 'dtype\\x00'" },
    { TEXT("{\"a\":{\"Dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4]}}"), 4, ACTIV_ERROR_FORMAT,
      "unknown field 'Dtype'" },
    { TEXT("{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4],}}"), 4, ACTIV_ERROR_FORMAT,
      "expected a string" },
    { TEXT("{\"a\":{\"dtype\" \"F32\"}}"), 4, ACTIV_ERROR_FORMAT, "expected ':'" },
    { TEXT("{\"a\":{\"dtype\":7,\"shape\":[1],\"data_offsets\":[0,4]}}"), 4, ACTIV_ERROR_FORMAT, "tensor 'a'" },
    { TEXT("{\"a\":{\"dtype\":null,\"shape\":[1],\"data_offsets\":[0,4]}}"), 4, ACTIV_ERROR_FORMAT,
      "expected a string" },
    { TEXT("{" TENSOR("a", "F33", "[1]", "[0,4]") "}"), 4, ACTIV_ERROR_FORMAT, "unknown dtype 'F33'" },
    { TEXT("{" TENSOR("a", "f32", "[1]", "[0,4]") "}"), 4, ACTIV_ERROR_FORMAT, "unknown dtype 'f32'" },
    { TEXT("{" TENSOR("a", "", "[1]", "[0,4]") "}"), 4, ACTIV_ERROR_FORMAT, "unknown dtype ''" },
    { TEXT("{" TENSOR("a", "F32\\u0000", "[1]", "[0,4]") "}"), 4, ACTIV_ERROR_FORMAT, "unknown dtype" },
    { TEXT("{" TENSOR("a", "F3", "[1]", "[0,4]") "}"), 4, ACTIV_ERROR_FORMAT, "unknown dtype" },

    /* Numbers and lists. */
    { TEXT("{" TENSOR("a", "F32", "1", "[0,4]") "}"), 4, ACTIV_ERROR_FORMAT, "expected '['" },
    { TEXT("{" TENSOR("a", "F32", "null", "[0,4]") "}"), 4, ACTIV_ERROR_FORMAT, "expected '['" },
    { TEXT("{" TENSOR("a", "F32", "{}", "[0,4]") "}"), 4, ACTIV_ERROR_FORMAT, "expected '['" },
    { TEXT("{" TENSOR("a", "F32", "[1}", "[0,4]") "}"), 4, ACTIV_ERROR_FORMAT, "expected ',' or ']'" },
    { TEXT("{" TENSOR("a", "F32", "[1", "[0,4]") "}"), 4, ACTIV_ERROR_FORMAT, "expected a whole number" },
    { TEXT("{" TENSOR("a", "F32", "[1,]", "[0,4]") "}"), 4, ACTIV_ERROR_FORMAT, "expected a whole number" },
    { TEXT("{" TENSOR("a", "F32", "[,1]", "[0,4]") "}"), 4, ACTIV_ERROR_FORMAT, "expected a whole number" },
    { TEXT("{" TENSOR("a", "F32", "[1 1]", "[0,4]") "}"), 4, ACTIV_ERROR_FORMAT, "expected ',' or ']'" },
    { TEXT("{" TENSOR("a", "F32", "[[1]]", "[0,4]") "}"), 4, ACTIV_ERROR_FORMAT, "expected a whole number" },
    { TEXT("{" TENSOR("a", "F32", "[\"1\"]", "[0,4]") "}"), 4, ACTIV_ERROR_FORMAT, "expected a whole number" },
    { TEXT("{" TENSOR("a", "F32", "[true]", "[0,4]") "}"), 4, ACTIV_ERROR_FORMAT, "expected a whole number" },
    { TEXT("{" TENSOR("a", "F32", "[NaN]", "[0,4]") "}"), 4, ACTIV_ERROR_FORMAT, "expected a whole number" },
    { TEXT("{" TENSOR("a", "F32", "[-1]", "[0,4]") "}"), 4, ACTIV_ERROR_FORMAT, "negative" },
    { TEXT("{" TENSOR("a", "F32", "[-0]", "[0,4]") "}"), 4, ACTIV_ERROR_FORMAT, "negative" },
    { TEXT("{" TENSOR("a", "F32", "[+1]", "[0,4]") "}"), 4, ACTIV_ERROR_FORMAT, "expected a whole number" },
    { TEXT("{" TENSOR("a", "F32", "[1.0]", "[0,4]") "}"), 4, ACTIV_ERROR_FORMAT, "fraction or an exponent" },
    { TEXT("{" TENSOR("a", "F32", "[.5]", "[0,4]") "}"), 4, ACTIV_ERROR_FORMAT, "expected a whole number" },
    { TEXT("{" TENSOR("a", "F32", "[1e0]", "[0,4]") "}"), 4, ACTIV_ERROR_FORMAT, "fraction or an exponent" },
    { TEXT("{" TENSOR("a", "F32", "[1E0]", "[0,4]") "}"), 4, ACTIV_ERROR_FORMAT, "fraction or an exponent" },
    { TEXT("{" TENSOR("a", "F32", "[01]", "[0,4]") "}"), 4, ACTIV_ERROR_FORMAT, "leading zero" },
    { TEXT("{" TENSOR("a", "F32", "[00]", "[0,4]") "}"), 4, ACTIV_ERROR_FORMAT, "leading zero" },
    { TEXT("{" TENSOR("a", "F32", "[0x1]", "[0,4]") "}"), 4, ACTIV_ERROR_FORMAT, "expected ',' or ']'" },
    { TEXT("{" TENSOR("a", "F32", "[18446744073709551616]", "[0,4]") "}"), 4, ACTIV_ERROR_FORMAT, "too large" },
    { TEXT("{" TENSOR("a", "F32", "[99999999999999999999999]", "[0,4]") "}"), 4, ACTIV_ERROR_FORMAT, "too large" },
    { TEXT("{" TENSOR("a", "F32", "[1]", "[]") "}"), 4, ACTIV_ERROR_FORMAT, "two numbers" },
    { TEXT("{" TENSOR("a", "F32", "[1]", "[4]") "}"), 4, ACTIV_ERROR_FORMAT, "two numbers" },
    { TEXT("{" TENSOR("a", "F32", "[1]", "[0,4,4]") "}"), 4, ACTIV_ERROR_FORMAT, "two numbers" },
    { TEXT("{" TENSOR("a", "F32", "[1]", "4") "}"), 4, ACTIV_ERROR_FORMAT, "expected '['" },
    { TEXT("{" TENSOR("a", "F32", "[1]", "[0,4.0]") "}"), 4, ACTIV_ERROR_FORMAT, "fraction" },
    { TEXT("{" TENSOR("a", "F32", "[1]", "[-4,0]") "}"), 4, ACTIV_ERROR_FORMAT, "negative" },
    { TEXT("{" TENSOR("a", "F32", "[1]", "[0,18446744073709551620]") "}"), 4, ACTIV_ERROR_FORMAT, "too large" },

    /* Type, shape, offsets and data that do not fit together. */
    { TEXT("{" TENSOR("a", "F32", "[2]", "[0,4]") "}"), 4, ACTIV_ERROR_FORMAT,
      "tensor 'a': F32 (2) takes 8 bytes, its data_offsets hold 4" },
    { TEXT("{" TENSOR("a", "F32", "[1]", "[0,8]") "}"), 8, ACTIV_ERROR_FORMAT, "takes 4 bytes" },
    { TEXT("{" TENSOR("a", "F32", "[]", "[0,0]") "}"), 0, ACTIV_ERROR_FORMAT, "takes 4 bytes" },
    { TEXT("{" TENSOR("a", "F32", "[0]", "[0,4]") "}"), 4, ACTIV_ERROR_FORMAT, "takes 0 bytes" },
    { TEXT("{" TENSOR("a", "F32", "[1]", "[4,0]") "}"), 4, ACTIV_ERROR_FORMAT, "end before they begin" },
    { TEXT("{" TENSOR("a", "F32", "[1]", "[0,4]") "}"), 0, ACTIV_ERROR_FORMAT, "beyond the data" },
    { TEXT("{" TENSOR("a", "F32", "[1]", "[0,4]") "}"), 3, ACTIV_ERROR_FORMAT, "beyond the data" },
    { TEXT("{" TENSOR("a", "F32", "[0]", "[1,1]") "}"), 0, ACTIV_ERROR_FORMAT, "beyond the data" },
    { TEXT("{" TENSOR("a", "F32", "[1]", "[18446744073709551612,18446744073709551615]") "}"), 4, ACTIV_ERROR_FORMAT,
      "beyond the data" },
    { TEXT("{" TENSOR("a", "F32", "[4611686018427387904]", "[0,0]") "}"), 0, ACTIV_ERROR_FORMAT, "overflows" },
    { TEXT("{" TENSOR("a", "F32", "[4294967296,4294967296]", "[0,0]") "}"), 0, ACTIV_ERROR_FORMAT, "overflows" },
    { TEXT("{" TENSOR("a", "U8", "[18446744073709551615,2]", "[0,0]") "}"), 0, ACTIV_ERROR_FORMAT, "overflows" },
    { TEXT("{" TENSOR("a", "F64", "[2305843009213693953]", "[0,8]") "}"), 8, ACTIV_ERROR_FORMAT, "overflows" },
    { TEXT("{" TENSOR("a", "F16", "[2]", "[0,8]") "}"), 8, ACTIV_ERROR_FORMAT, "F16 (2) takes 4 bytes" },
    { TEXT("{" TENSOR("a", "BF16", "[2]", "[0,2]") "}"), 2, ACTIV_ERROR_FORMAT, "BF16 (2) takes 4 bytes" },
    { TEXT("{" TENSOR("a", "BF16", "[]", "[0,1]") "}"), 1, ACTIV_ERROR_FORMAT, "takes 2 bytes" },
    { TEXT("{" TENSOR("a", "F16", "[9223372036854775808]", "[0,0]") "}"), 0, ACTIV_ERROR_FORMAT, "overflows" },
    { TEXT("{" TENSOR("a", "BF16", "[9223372036854775809]", "[0,2]") "}"), 2, ACTIV_ERROR_FORMAT, "overflows" },
    { TEXT("{" TENSOR("a", "F16", "[1]", "[0,2]") "," TENSOR("b", "BF16", "[1]", "[1,3]") "}"), 3, ACTIV_ERROR_FORMAT,
      "overlap" },
    { TEXT("{" TENSOR("a", "BF 16", "[1]", "[0,2]") "}"), 2, ACTIV_ERROR_FORMAT, "unknown dtype" },
    { TEXT("{" TENSOR("a", "bf16", "[1]", "[0,2]") "}"), 2, ACTIV_ERROR_FORMAT, "unknown dtype" },
    { TEXT("{" TENSOR("a", "F4", "[3]", "[0,1]") "}"), 1, ACTIV_ERROR_FORMAT, "whole bytes" },
    { TEXT("{" TENSOR("a", "F6_E2M3", "[2]", "[0,1]") "}"), 1, ACTIV_ERROR_FORMAT, "whole bytes" },
    { TEXT("{" TENSOR("a", "F4", "[4]", "[0,1]") "}"), 1, ACTIV_ERROR_FORMAT, "takes 2 bytes" },

    /* Gaps, overlaps, bytes that are nobody's. */
    { TEXT("{}"), 1, ACTIV_ERROR_FORMAT, "1 bytes of data that belong to no tensor" },
    { TEXT("{" A4 "}"), 5, ACTIV_ERROR_FORMAT, "belong to no tensor" },
    { TEXT("{" TENSOR("a", "F32", "[0]", "[0,0]") "}"), 4, ACTIV_ERROR_FORMAT, "belong to no tensor" },
    { TEXT("{" TENSOR("a", "F32", "[1]", "[1,5]") "}"), 5, ACTIV_ERROR_FORMAT, "tensor 'a': a gap" },
    { TEXT("{" A4 "," TENSOR("b", "F32", "[1]", "[5,9]") "}"), 9, ACTIV_ERROR_FORMAT, "tensor 'b': a gap" },
    { TEXT("{" TENSOR("b", "F32", "[1]", "[5,9]") "," A4 "}"), 9, ACTIV_ERROR_FORMAT, "tensor 'b': a gap" },
    { TEXT("{" A4 "," TENSOR("b", "F32", "[1]", "[3,7]") "}"), 7, ACTIV_ERROR_FORMAT, "tensor 'b': an overlap" },
    { TEXT("{" A4 "," TENSOR("b", "F32", "[1]", "[0,4]") "}"), 4, ACTIV_ERROR_FORMAT, "overlap" },
    { TEXT("{" TENSOR("a", "F32", "[2]", "[0,8]") "," TENSOR("b", "F32", "[1]", "[4,8]") "}"), 8, ACTIV_ERROR_FORMAT,
      "overlap" },
    { TEXT("{" TENSOR("a", "F32", "[2]", "[0,8]") "," TENSOR("e", "F32", "[0]", "[4,4]") "}"), 8, ACTIV_ERROR_FORMAT,
      "tensor 'e': an overlap" },

    /* Metadata. */
    { TEXT("{\"__metadata__\":[]}"), 0, ACTIV_ERROR_FORMAT, "key '__metadata__'" },
    { TEXT("{\"__metadata__\":null}"), 0, ACTIV_ERROR_FORMAT, "expected '{'" },
    { TEXT("{\"__metadata__\":\"x\"}"), 0, ACTIV_ERROR_FORMAT, "expected '{'" },
    { TEXT("{\"__metadata__\":{\"k\":1}}"), 0, ACTIV_ERROR_FORMAT, "metadata 'k'" },
    { TEXT("{\"__metadata__\":{\"k\":null}}"), 0, ACTIV_ERROR_FORMAT, "expected a string" },
    { TEXT("{\"__metadata__\":{\"k\":{}}}"), 0, ACTIV_ERROR_FORMAT, "expected a string" },
    { TEXT("{\"__metadata__\":{\"k\"}}"), 0, ACTIV_ERROR_FORMAT, "expected ':'" },
    { TEXT("{\"__metadata__\":{\"k\":\"v\",}}"), 0, ACTIV_ERROR_FORMAT, "expected a string" },
    { TEXT("{\"__metadata__\":{\"k\":\"v\" \"l\":\"w\"}}"), 0, ACTIV_ERROR_FORMAT, "expected ',' or '}'" },
    { TEXT("{\"__metadata__\":{\"k\":\"\\ud834\"}}"), 0, ACTIV_ERROR_FORMAT, "surrogate" },

    /* Legal, but not offered. */
    { TEXT("{" TENSOR("a", "U8", "[1,1,1,1,1,1,1,1,1]", "[0,1]") "}"), 1, ACTIV_ERROR_UNSUPPORTED,
      "tensor 'a': more than 8 dimensions" },
    { TEXT("{" TENSOR("a\\u0000b", "U8", "[1]", "[0,1]") "}"), 1, ACTIV_ERROR_UNSUPPORTED,
      "tensor 'a\\x00b': a zero byte" },
    { TEXT("{\"__metadata__\":{\"k\\u0000\":\"v\"}}"), 0, ACTIV_ERROR_UNSUPPORTED, "zero byte" },
    { TEXT("{\"__metadata__\":{\"k\":\"\\u0000\"}}"), 0, ACTIV_ERROR_UNSUPPORTED, "metadata 'k': a zero byte" },
    { TEXT("{" TENSOR("a", "F4", "[2]", "[0,1]") "}"), 1, ACTIV_ERROR_UNSUPPORTED, "less than 8 bits" },
    { TEXT("{" TENSOR("a", "F6_E2M3", "[4]", "[0,3]") "}"), 3, ACTIV_ERROR_UNSUPPORTED, "less than 8 bits" },
    { TEXT("{" TENSOR("a", "F6_E3M2", "[12]", "[0,9]") "}"), 9, ACTIV_ERROR_UNSUPPORTED, "less than 8 bits" },
};

static void expect_refused(const bytes *raw, activ_status expected, const char *word, const char *shown)
{
    activ_safetensors *file = (activ_safetensors *)(void *)&raw; /* has to stay as it is */
    activ_message message = { "" };
    activ_status status = activ_safetensors_open_memory(NULL, raw->data, raw->size, &file, &message);
    if (status != expected)
        fail_msg("%s: status %d instead of %d, \"%s\"", shown, (int)status, (int)expected, message.text);
    if (!strstr(message.text, word))
        fail_msg("%s: \"%s\" does not contain \"%s\"", shown, message.text, word);
    assert_ptr_equal(file, &raw);
    assert_int_equal(activ_safetensors_open_memory(NULL, raw->data, raw->size, &file, NULL), expected);
}

static void test_refused(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(refused); i++) {
        bytes raw = make_file(refused[i].header, refused[i].length, refused[i].data);
        expect_refused(&raw, refused[i].status, refused[i].word, refused[i].header);
        free(raw.data);
    }
}

/* Files whose first eight bytes lie, or are not there. */
static void test_lengths(void **state)
{
    (void)state;
    static const struct {
        uint64_t length;
        const char *word;
    } lies[] = {
        { 0, "header is empty" },
        { 1, "expected a string" },
        { 3, "truncated" },
        { 100000000, "truncated" },
        { 100000001, "larger than" },
        { UINT64_C(1) << 32, "larger than" },
        { (UINT64_C(1) << 32) + 2, "larger than" },
        { UINT64_C(1) << 63, "larger than" },
        { UINT64_MAX, "larger than" },
        { UINT64_MAX - 7, "larger than" },
    };
    for (size_t i = 0; i < COUNT(lies); i++) {
        bytes raw = make_file(TEXT("{}"), 0);
        put_length(raw.data, lies[i].length);
        expect_refused(&raw, ACTIV_ERROR_FORMAT, lies[i].word, "length");
        free(raw.data);
    }
    for (size_t size = 1; size < 8; size++) {
        bytes raw = { calloc(1, size), size };
        expect_refused(&raw, ACTIV_ERROR_FORMAT, "too short", "short");
        free(raw.data);
    }
    activ_safetensors *file = NULL;
    activ_message message;
    assert_int_equal(activ_safetensors_open_memory(NULL, NULL, 0, &file, &message), ACTIV_ERROR_FORMAT);
    assert_non_null(strstr(message.text, "too short"));
}

/* ---- what is legal ------------------------------------------------------------------------------- */

static void test_legal(void **state)
{
    (void)state;
    activ_safetensors *file;
    activ_safetensors_entry entry;

    static const struct {
        const char *header;
        size_t length;
    } empty[] = { { TEXT("{}") }, { TEXT("{}      ") }, { TEXT(" \t\r\n{ \t\r\n} \t\r\n") } };
    for (size_t i = 0; i < COUNT(empty); i++) {
        file = open_header(empty[i].header, empty[i].length, 0);
        assert_int_equal(activ_safetensors_count(file), 0);
        assert_null(activ_safetensors_metadata(file, "k"));
        assert_null(activ_safetensors_metadata_key(file, 0));
        entry.size = sizeof entry;
        assert_int_equal(activ_safetensors_find(file, "a", &entry), ACTIV_ERROR_UNKNOWN_NAME);
        activ_safetensors_close(file);
    }

    /* A scalar, and white space wherever it may be. */
    file = open_header(TEXT("\n{ \"s\" : { \"data_offsets\" : [ 0 , 8 ] ,\t\"shape\" : [ ] ,"
                            " \"dtype\" : \"F64\" } }\n"),
                       8);
    entry = entry_at(file, 0);
    assert_string_equal(entry.name, "s");
    assert_int_equal(entry.ndim, 0);
    assert_int_equal(entry.bytes, 8);
    assert_int_equal(entry.dtype, ACTIV_FLOAT64);
    activ_safetensors_close(file);

    /* Dimensions of zero; also where the product of the others would overflow. */
    file =
        open_header(TEXT("{" TENSOR("a", "F32", "[0]", "[0,0]") "," TENSOR("b", "F32", "[3,0,5]", "[0,0]") "," TENSOR(
                        "c", "F32", "[1]",
                        "[0,4]") "," TENSOR("d", "F32", "[9223372036854775808,9223372036854775808,0]", "[4,4]") "}"),
                    4);
    assert_int_equal(activ_safetensors_count(file), 4);
    check_invariants(file);
    assert_string_equal(entry_at(file, 0).name, "a");
    assert_string_equal(entry_at(file, 1).name, "b");
    assert_string_equal(entry_at(file, 2).name, "c");
    assert_string_equal(entry_at(file, 3).name, "d");
    assert_int_equal(entry_at(file, 1).bytes, 0);
    assert_int_equal(entry_at(file, 1).shape[2], 5);
    activ_safetensors_close(file);

    /* Eight dimensions; an empty name; a name that looks like something else. */
    file = open_header(
        TEXT("{" TENSOR("", "U8", "[1,2,1,1,1,1,1,3]", "[0,6]") "," TENSOR("__metadata", "U8", "[1]", "[6,7]") "}"), 7);
    entry = entry_at(file, 0);
    assert_string_equal(entry.name, "");
    assert_int_equal(entry.ndim, 8);
    assert_int_equal(entry.shape[1], 2);
    assert_int_equal(entry.shape[7], 3);
    assert_string_equal(entry_at(file, 1).name, "__metadata");
    activ_safetensors_close(file);
}

static void test_escapes(void **state)
{
    (void)state;
    static const struct {
        const char *written, *read;
    } names[] = {
        { "\\\"\\\\\\/\\b\\f\\n\\r\\t", "\"\\/\b\f\n\r\t" },
        { "\\u0041\\u00e9\\u20AC\\uFFFF", "A\xc3\xa9\xe2\x82\xac\xef\xbf\xbf" },
        { "\\ud83d\\ude00", "\xf0\x9f\x98\x80" },
        { "\\uD800\\uDC00\\udbff\\udfff", "\xf0\x90\x80\x80\xf4\x8f\xbf\xbf" },
        { "\\u007f\\u0080\\u07ff\\u0800", "\x7f\xc2\x80\xdf\xbf\xe0\xa0\x80" },
        { "\\ud7ff\\ue000", "\xed\x9f\xbf\xee\x80\x80" },
        { "\x7f\xc2\x80\xdf\xbf\xe0\xa0\x80", "\x7f\xc2\x80\xdf\xbf\xe0\xa0\x80" },
        { "\xed\x9f\xbf\xee\x80\x80\xef\xbf\xbf", "\xed\x9f\xbf\xee\x80\x80\xef\xbf\xbf" },
        { "\xf0\x90\x80\x80\xf4\x8f\xbf\xbf", "\xf0\x90\x80\x80\xf4\x8f\xbf\xbf" },
        { "a{}[],:b", "a{}[],:b" },
    };
    for (size_t i = 0; i < COUNT(names); i++) {
        char header[512];
        int length = snprintf(header, sizeof header,
                              "{\"__metadata__\":{\"%s\":\"%s\"},\"%s\":{\"dt\\u0079pe\":\"\\u00468_E4M3\","
                              "\"shape\":[1],\"data_offsets\":[0,1]}}",
                              names[i].written, names[i].written, names[i].written);
        activ_safetensors *file = open_header(header, (size_t)length, 1);
        activ_safetensors_entry entry = ACTIV_SAFETENSORS_ENTRY_INIT;
        assert_int_equal(activ_safetensors_find(file, names[i].read, &entry), ACTIV_OK);
        assert_string_equal(entry.name, names[i].read);
        assert_string_equal(entry.dtype_name, "F8_E4M3");
        assert_string_equal(activ_safetensors_metadata(file, names[i].read), names[i].read);
        activ_safetensors_close(file);
    }
}

static void test_dtypes(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        size_t size;
        activ_dtype dtype;
    } types[] = {
        { "BOOL", 1, 0 },
        { "U8", 1, ACTIV_UINT8 },
        { "I8", 1, 0 },
        { "F8_E5M2", 1, 0 },
        { "F8_E4M3", 1, 0 },
        { "F8_E8M0", 1, 0 },
        { "F8_E4M3FNUZ", 1, 0 },
        { "F8_E5M2FNUZ", 1, 0 },
        { "I16", 2, 0 },
        { "U16", 2, 0 },
        { "F16", 2, ACTIV_FLOAT16 },
        { "BF16", 2, ACTIV_BFLOAT16 },
        { "I32", 4, ACTIV_INT32 },
        { "U32", 4, 0 },
        { "F32", 4, ACTIV_FLOAT32 },
        { "F64", 8, ACTIV_FLOAT64 },
        { "I64", 8, ACTIV_INT64 },
        { "U64", 8, 0 },
        { "C64", 8, 0 },
    };
    for (size_t i = 0; i < COUNT(types); i++) {
        char header[256];
        size_t size = 3 * types[i].size;
        int length = snprintf(header, sizeof header,
                              "{\"t\":{\"dtype\":\"%s\",\"shape\":[3],\"data_offsets\":[0,%zu]}}", types[i].name, size);
        activ_safetensors *file = open_header(header, (size_t)length, size);
        activ_safetensors_entry entry = entry_at(file, 0);
        assert_string_equal(entry.dtype_name, types[i].name);
        assert_int_equal(entry.dtype, types[i].dtype);
        assert_int_equal(entry.bytes, size);
        for (size_t k = 0; k < size; k++)
            assert_int_equal(((const unsigned char *)entry.data)[k], k);
        activ_safetensors_close(file);
    }
}

/* The order is the data's, not the header's, and data may begin anywhere. */
static void test_order_and_lookup(void **state)
{
    (void)state;
    activ_safetensors *file = open_header(
        TEXT("{" TENSOR("last", "F32", "[1]", "[7,11]") "," TENSOR(
            "middle", "U16", "[2]", "[3,7]") ","
                                             "\"__metadata__\":{\"b\":\"2\",\"\":\"nothing\",\"a\":\"1\"}," TENSOR(
                                                 "first", "U8", "[3]", "[0,3]") "}"),
        11);
    check_invariants(file);
    assert_int_equal(activ_safetensors_count(file), 3);
    static const char *const names[] = { "first", "middle", "last" };
    static const unsigned char begins[] = { 0, 3, 7 };
    for (size_t i = 0; i < 3; i++) {
        activ_safetensors_entry entry = entry_at(file, i);
        assert_string_equal(entry.name, names[i]);
        assert_int_equal(*(const unsigned char *)entry.data, begins[i]);
    }
    assert_string_equal(activ_safetensors_metadata(file, "a"), "1");
    assert_string_equal(activ_safetensors_metadata(file, "b"), "2");
    assert_string_equal(activ_safetensors_metadata(file, ""), "nothing");
    assert_null(activ_safetensors_metadata(file, "c"));
    assert_null(activ_safetensors_metadata(file, NULL));
    assert_string_equal(activ_safetensors_metadata_key(file, 0), "");
    assert_string_equal(activ_safetensors_metadata_key(file, 1), "a");
    assert_string_equal(activ_safetensors_metadata_key(file, 2), "b");
    assert_null(activ_safetensors_metadata_key(file, 3));
    assert_null(activ_safetensors_metadata_key(file, SIZE_MAX));

    activ_safetensors_entry entry = { .size = sizeof entry, .name = "untouched" };
    assert_int_equal(activ_safetensors_at(file, 3, &entry), ACTIV_ERROR_RANGE);
    assert_int_equal(activ_safetensors_at(file, SIZE_MAX, &entry), ACTIV_ERROR_RANGE);
    assert_int_equal(activ_safetensors_find(file, "firs", &entry), ACTIV_ERROR_UNKNOWN_NAME);
    assert_int_equal(activ_safetensors_find(file, "first ", &entry), ACTIV_ERROR_UNKNOWN_NAME);
    assert_int_equal(activ_safetensors_at(NULL, 0, &entry), ACTIV_ERROR_INVALID);
    assert_int_equal(activ_safetensors_at(file, 0, NULL), ACTIV_ERROR_INVALID);
    assert_int_equal(activ_safetensors_find(NULL, "first", &entry), ACTIV_ERROR_INVALID);
    assert_int_equal(activ_safetensors_find(file, NULL, &entry), ACTIV_ERROR_INVALID);
    assert_int_equal(activ_safetensors_find(file, "first", NULL), ACTIV_ERROR_INVALID);
    assert_string_equal(entry.name, "untouched");

    /* A caller compiled with an older, smaller struct. */
    entry.size = offsetof(activ_safetensors_entry, dtype);
    entry.bytes = 12345;
    assert_int_equal(activ_safetensors_at(file, 1, &entry), ACTIV_OK);
    assert_string_equal(entry.name, "middle");
    assert_int_equal(entry.bytes, 12345);
    entry.size = 0;
    assert_int_equal(activ_safetensors_at(file, 1, &entry), ACTIV_ERROR_INVALID);
    activ_safetensors_close(file);

    assert_int_equal(activ_safetensors_count(NULL), 0);
    assert_null(activ_safetensors_metadata(NULL, "a"));
    assert_null(activ_safetensors_metadata_key(NULL, 0));
    activ_safetensors_close(NULL);
}

/* ---- every truncation, every changed byte -------------------------------------------------------- */

#define SMALL                                                                                                    \
    "{\"__metadata__\":{\"k\":\"\\u00e9\"}," TENSOR("a.w", "F32", "[2,1]", "[0,8]") "," TENSOR("b", "U8", "[3]", \
                                                                                               "[8,11]") "}  "

static void test_truncations(void **state)
{
    (void)state;
    bytes whole = make_file(TEXT(SMALL), 11);
    for (size_t size = 0; size < whole.size; size++) {
        bytes part = { malloc(size + (size == 0)), size };
        memcpy(part.data, whole.data, size);
        expect_refused(&part, ACTIV_ERROR_FORMAT, "safetensors in memory: ", "truncated");
        free(part.data);
    }
    free(whole.data);
    /* The data is whole, the header ends early, and the length says that this is all of it. */
    for (size_t length = 0; length < sizeof SMALL - 1 - strlen("  "); length++) {
        bytes part = make_file(SMALL, length, 11);
        expect_refused(&part, ACTIV_ERROR_FORMAT, "header", "cut header");
        free(part.data);
    }
}

static void test_corruptions(void **state)
{
    (void)state;
    bytes whole = make_file(TEXT(SMALL), 11);
    size_t opened = 0, failed = 0;
    for (size_t at = 0; at < whole.size; at++) {
        unsigned char right = whole.data[at];
        for (unsigned value = 0; value < 256; value++) {
            activ_safetensors *file = NULL;
            activ_message message = { "" };
            whole.data[at] = (unsigned char)value;
            activ_status status = activ_safetensors_open_memory(NULL, whole.data, whole.size, &file, &message);
            if (status == ACTIV_OK) {
                opened++;
                check_invariants(file);
                activ_safetensors_close(file);
            } else {
                failed++;
                assert_true(status == ACTIV_ERROR_FORMAT || status == ACTIV_ERROR_UNSUPPORTED);
                assert_true(value != right);
                assert_null(file);
                assert_true(message.text[0] != '\0');
            }
        }
        whole.data[at] = right;
    }
    free(whole.data);
    /* Names, a few values and the data itself may be anything; the rest may not. */
    assert_true(opened > 11 * 256);
    assert_true(failed > 150 * 250);
}

/* ---- memory --------------------------------------------------------------------------------------- */

static activ_context *context_of(test_memory *memory)
{
    activ_context *context = test_memory_context(memory);
    assert_non_null(context);
    return context;
}

/* What remembers the largest block that was asked for. */
static void *greedy_alloc(void *user, size_t size, size_t alignment)
{
    size_t *largest = user;
    if (size > *largest)
        *largest = size;
    if (size > (size_t)1 << 30)
        return NULL;
    return aligned_alloc(alignment, (size + alignment - 1) / alignment * alignment);
}

static void greedy_free(void *user, void *memory, size_t size)
{
    (void)user;
    (void)size;
    free(memory);
}

/* What a file claims costs nothing before it is checked. */
static void test_large_claims(void **state)
{
    (void)state;
    size_t largest = 0;
    activ_allocator allocator = { sizeof allocator, &largest, greedy_alloc, greedy_free };
    activ_context_options options = { .size = sizeof options, .allocator = &allocator };
    activ_context *context = NULL;
    assert_int_equal(activ_context_create(&options, &context), ACTIV_OK);

    static const struct {
        const char *header;
        size_t length;
    } claims[] = {
        { TEXT("{" TENSOR("a", "F32", "[1099511627776]", "[0,4398046511104]") "}") },
        { TEXT("{" TENSOR("a", "U8", "[18446744073709551615]", "[0,18446744073709551615]") "}") },
        { TEXT("{" TENSOR("a", "U8", "[18446744073709551615]", "[1,18446744073709551615]") "}") },
        { TEXT("{" TENSOR("a", "F64", "[4294967295,4294967295]", "[0,18446744073709551615]") "}") },
        { TEXT("{" TENSOR("a", "F64", "[4294967296,4294967296,4294967296]", "[0,8]") "}") },
    };
    for (size_t i = 0; i < COUNT(claims); i++) {
        activ_safetensors *file = NULL;
        bytes raw = make_file(claims[i].header, claims[i].length, 8);
        largest = 0;
        assert_int_equal(activ_safetensors_open_memory(context, raw.data, raw.size, &file, NULL), ACTIV_ERROR_FORMAT);
        assert_true(largest > 0 && largest < 4096);
        free(raw.data);
    }
    static const uint64_t lengths[] = { 100000000, 100000001, UINT64_C(1) << 63, UINT64_MAX };
    for (size_t i = 0; i < COUNT(lengths); i++) {
        activ_safetensors *file = NULL;
        bytes raw = make_file(TEXT("{}"), 64);
        put_length(raw.data, lengths[i]);
        largest = 0;
        assert_int_equal(activ_safetensors_open_memory(context, raw.data, raw.size, &file, NULL), ACTIV_ERROR_FORMAT);
        assert_true(largest < 4096);
        free(raw.data);
    }

    /* Data of 16 MB whose header is wrong: refused before there is memory for the data. */
    activ_safetensors *file = NULL;
    bytes raw = make_file(TEXT("{" A4 "}"), 16u << 20);
    largest = 0;
    assert_int_equal(activ_safetensors_open_memory(context, raw.data, raw.size, &file, NULL), ACTIV_ERROR_FORMAT);
    assert_true(largest < 4096);
    free(raw.data);
    activ_context_destroy(context);
}

static void test_open_without_memory(void **state)
{
    (void)state;
    test_memory memory = { 0 };
    activ_context *context = context_of(&memory);
    size_t before = memory.live;
    /* Enough tensors and metadata for the arrays to grow. */
    char header[4096] = "{\"__metadata__\":{";
    size_t length = strlen(header);
    for (int i = 0; i < 20; i++)
        length += (size_t)snprintf(header + length, sizeof header - length, "%s\"k%d\":\"v\"", i ? "," : "", i);
    length += (size_t)snprintf(header + length, sizeof header - length, "}");
    for (int i = 0; i < 20; i++)
        length += (size_t)snprintf(header + length, sizeof header - length,
                                   ",\"t%d\":{\"dtype\":\"U8\",\"shape\":[1],\"data_offsets\":[%d,%d]}", i, i, i + 1);
    header[length++] = '}';
    bytes raw = make_file(header, length, 20);

    size_t failures = 0;
    for (;; failures++) {
        activ_safetensors *file = NULL;
        activ_message message = { "" };
        memory.fail_at = memory.calls + failures + 1;
        activ_status status = activ_safetensors_open_memory(context, raw.data, raw.size, &file, &message);
        memory.fail_at = 0;
        if (status == ACTIV_OK) {
            assert_int_equal(activ_safetensors_count(file), 20);
            check_invariants(file);
            activ_safetensors_close(file);
            break;
        }
        assert_int_equal(status, ACTIV_ERROR_OUT_OF_MEMORY);
        assert_non_null(strstr(message.text, "out of memory"));
        assert_null(file);
        assert_int_equal(memory.live, before);
    }
    assert_int_equal(failures, 14); /* itself, header, 2 + 2 growing arrays, 3 orders, 4 to sort by, data */
    assert_int_equal(memory.live, before);

    /* Nor does a malformed file leave anything. */
    for (size_t i = 0; i < COUNT(refused); i++) {
        activ_safetensors *file = NULL;
        bytes bad = make_file(refused[i].header, refused[i].length, refused[i].data);
        assert_int_equal(activ_safetensors_open_memory(context, bad.data, bad.size, &file, NULL), refused[i].status);
        assert_int_equal(memory.live, before);
        free(bad.data);
    }
    free(raw.data);
    activ_context_destroy(context);
    assert_int_equal(memory.live, 0);
    assert_int_equal(memory.mistakes, 0);
}

/* A hundred thousand names in an unfavourable order, and brackets a million deep. Quadratic work would
 * run into the test's time limit, recursion out of the stack. */
static void test_many_and_deep(void **state)
{
    (void)state;
    enum { MANY = 100000, DEEP = 1000000 };
    size_t room = (size_t)MANY * 80, length = 1;
    char *header = malloc(room);
    header[0] = '{';
    for (int i = MANY; i-- > 0;)
        length += (size_t)snprintf(header + length, room - length,
                                   "\"%06d\":{\"dtype\":\"U8\",\"shape\":[1],\"data_offsets\":[%d,%d]}%s", i, i, i + 1,
                                   i > 0 ? "," : "");
    header[length++] = '}';
    activ_safetensors *file = open_header(header, length, MANY);
    assert_int_equal(activ_safetensors_count(file), MANY);
    check_invariants(file);
    assert_string_equal(entry_at(file, 77777).name, "077777");
    activ_safetensors_close(file);

    /* One duplicate among them. */
    memcpy(header + 2, "000042", 6);
    bytes raw = make_file(header, length, MANY);
    expect_refused(&raw, ACTIV_ERROR_FORMAT, "'000042': a duplicate", "many");
    free(raw.data);

    static const char *const starts[] = {
        "[",
        "{\"a\":[",
        "{\"a\":{\"shape\":[",
        "{\"__metadata__\":{\"k\":[",
    };
    for (size_t i = 0; i < COUNT(starts); i++) {
        memset(header, '[', DEEP);
        memcpy(header, starts[i], strlen(starts[i]));
        raw = make_file(header, DEEP, 0);
        expect_refused(&raw, ACTIV_ERROR_FORMAT, "expected", starts[i]);
        free(raw.data);
    }
    free(header);
}

/* ---- files ------------------------------------------------------------------------------------------- */

typedef struct folder {
    char path[64];
    char file[96]; /* a name in it */
} folder;

static int make_folder(void **state)
{
    folder *f = calloc(1, sizeof *f);
    if (!f)
        return -1;
    strcpy(f->path, "/tmp/activ_safetensors_XXXXXX");
    if (!mkdtemp(f->path))
        return -1;
    snprintf(f->file, sizeof f->file, "%s/file.safetensors", f->path);
    *state = f;
    return 0;
}

/* How many files are in the folder. */
static size_t count_files(const folder *f)
{
    DIR *dir = opendir(f->path);
    size_t count = 0;
    assert_non_null(dir);
    for (const struct dirent *e; (e = readdir(dir)) != NULL;)
        count += e->d_name[0] != '.' || (e->d_name[1] != '\0' && e->d_name[1] != '.');
    closedir(dir);
    return count;
}

static int remove_folder(void **state)
{
    folder *f = *state;
    DIR *dir = opendir(f->path);
    if (dir) {
        for (const struct dirent *e; (e = readdir(dir)) != NULL;) {
            char path[512];
            snprintf(path, sizeof path, "%s/%s", f->path, e->d_name);
            if (strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0)
                remove(path);
        }
        closedir(dir);
    }
    rmdir(f->path);
    free(f);
    return 0;
}

static bytes read_bytes(const char *path)
{
    FILE *in = fopen(path, "rb");
    assert_non_null(in);
    bytes file = { malloc(1u << 20), 0 };
    file.size = fread(file.data, 1, 1u << 20, in);
    fclose(in);
    return file;
}

static void write_bytes(const char *path, const void *data, size_t size)
{
    FILE *out = fopen(path, "wb");
    assert_non_null(out);
    assert_int_equal(fwrite(data, 1, size, out), size);
    assert_int_equal(fclose(out), 0);
}

static void expect_open_refused(const char *path, activ_status expected, const char *word)
{
    activ_safetensors *file = NULL;
    activ_message message = { "" };
    assert_int_equal(activ_safetensors_open(NULL, path, &file, &message), expected);
    assert_null(file);
    if (!strstr(message.text, path) || !strstr(message.text, word))
        fail_msg("\"%s\" does not contain \"%s\" and \"%s\"", message.text, path, word);
}

static void test_open_file(void **state)
{
    const folder *f = *state;
    activ_safetensors *file = NULL;
    bytes raw = make_file(TEXT(SMALL), 11);
    write_bytes(f->file, raw.data, raw.size);
    assert_int_equal(activ_safetensors_open(NULL, f->file, &file, NULL), ACTIV_OK);
    assert_int_equal(activ_safetensors_count(file), 2);
    check_invariants(file);
    /* It was read, so what happens to the file no longer matters. */
    write_bytes(f->file, "", 0);
    assert_int_equal(*(const unsigned char *)entry_at(file, 1).data, 8);
    activ_safetensors_close(file);

    expect_open_refused(f->file, ACTIV_ERROR_FORMAT, "too short");
    write_bytes(f->file, raw.data, raw.size - 1);
    expect_open_refused(f->file, ACTIV_ERROR_FORMAT, "beyond the data");
    put_length(raw.data, UINT64_C(1) << 63);
    write_bytes(f->file, raw.data, raw.size);
    expect_open_refused(f->file, ACTIV_ERROR_FORMAT, "larger than");
    free(raw.data);

    /* A hole of a terabyte behind a header that does not speak of it is never allocated. */
    raw = make_file(TEXT("{}"), 0);
    write_bytes(f->file, raw.data, raw.size);
    if (truncate(f->file, (off_t)1 << 40) == 0)
        expect_open_refused(f->file, ACTIV_ERROR_FORMAT, "belong to no tensor");
    free(raw.data);

    /* The message ends with the reason, however long the path is. */
    char path[250] = "/nowhere/";
    activ_message message;
    memset(path + strlen(path), 'x', sizeof path - 1 - strlen(path));
    assert_int_equal(activ_safetensors_open(NULL, path, &file, &message), ACTIV_ERROR_IO);
    assert_non_null(strstr(message.text, strerror(ENOENT)));
    assert_true(strlen(message.text) < sizeof path);

    assert_int_equal(activ_safetensors_open(NULL, NULL, &file, &message), ACTIV_ERROR_INVALID);
    assert_int_equal(activ_safetensors_open(NULL, f->file, NULL, &message), ACTIV_ERROR_INVALID);
    assert_int_equal(activ_safetensors_open(NULL, NULL, NULL, NULL), ACTIV_ERROR_INVALID);
    assert_int_equal(activ_safetensors_open_memory(NULL, NULL, 1, &file, &message), ACTIV_ERROR_INVALID);
    assert_int_equal(activ_safetensors_open_memory(NULL, "", 1, NULL, &message), ACTIV_ERROR_INVALID);
}

static void test_open_no_file(void **state)
{
    const folder *f = *state;
    expect_open_refused("", ACTIV_ERROR_IO, strerror(ENOENT));
    expect_open_refused(f->file, ACTIV_ERROR_IO, strerror(ENOENT));
    expect_open_refused(f->path, ACTIV_ERROR_IO, strerror(EISDIR));
    expect_open_refused("/dev/null", ACTIV_ERROR_IO, "not a regular file");
    /* Nobody writes into this pipe: to wait for it would be to wait for ever. */
    assert_int_equal(mkfifo(f->file, 0600), 0);
    expect_open_refused(f->file, ACTIV_ERROR_IO, "not a regular file");
}

static void collect_line(void *user, activ_status status, const char *line)
{
    snprintf(user, 600, "%d|%s", (int)status, line);
}

static void test_log(void **state)
{
    const folder *f = *state;
    char line[600] = "";
    activ_context_options options = { .size = sizeof options, .log = collect_line, .log_user = line };
    activ_context *context = NULL;
    activ_safetensors *file = NULL;
    assert_int_equal(activ_context_create(&options, &context), ACTIV_OK);
    assert_int_equal(activ_safetensors_open_memory(context, "12345678", 8, &file, NULL), ACTIV_ERROR_FORMAT);
    assert_string_equal(line, "9|safetensors in memory: the header claims to be larger than 100000000 bytes");
    assert_int_equal(activ_safetensors_open(context, f->path, &file, NULL), ACTIV_ERROR_IO);
    assert_non_null(strstr(line, f->path));
    assert_int_equal(activ_safetensors_save(context, f->path, 0, NULL, NULL, 0, NULL, NULL), ACTIV_ERROR_IO);
    assert_non_null(strstr(line, f->path));
    line[0] = '\0';
    assert_int_equal(activ_safetensors_save(context, f->file, 0, NULL, NULL, 0, NULL, NULL), ACTIV_OK);
    assert_string_equal(line, "");
    activ_context_destroy(context);
}

/* What PyTorch's numbers are kept in was written by Python's json. */
static void test_open_golden(void **state)
{
    (void)state;
    static const char *const names[] = { "relu", "simple_network", "data" };
    for (size_t i = 0; i < COUNT(names); i++) {
        char path[512];
        activ_safetensors *file = NULL;
        activ_message message = { "" };
        snprintf(path, sizeof path, "%s/%s.safetensors", GOLDEN_DIR, names[i]);
        if (activ_safetensors_open(NULL, path, &file, &message) != ACTIV_OK)
            fail_msg("%s", message.text);
        assert_true(activ_safetensors_count(file) > 0);
        assert_non_null(activ_safetensors_metadata_key(file, 0));
        check_invariants(file);
        activ_safetensors_close(file);
    }
}

/* ---- saving ------------------------------------------------------------------------------------------- */

enum { SAMPLES = 9 };

typedef struct sample {
    const char *names[SAMPLES];
    activ_tensor *tensors[SAMPLES];
    activ_safetensors_text metadata[2];
} sample;

static const float sample_floats[] = { 1.0f, -2.0f, 0.5f };
static const double sample_doubles[] = { 3.0 };
static const int64_t sample_longs[] = { -1 };
static const int32_t sample_ints[] = { 7, 8 };
static const unsigned char sample_bytes[] = { 9, 10, 11 };
static const uint16_t sample_halves[] = { 0x3c00, 0x8001 };         /* 1, -2^-24 */
static const uint16_t sample_brains[] = { 0x3f80, 0xff7f, 0x7fc0 }; /* 1, the least, NaN */

static activ_tensor *view_of(activ_dtype dtype, size_t ndim, const size_t *shape, const void *data)
{
    activ_tensor *tensor = NULL;
    /* The library does not write into what it saves. */
    assert_int_equal(activ_tensor_view(NULL, dtype, ndim, shape, NULL, (void *)(uintptr_t)data, &tensor, NULL),
                     ACTIV_OK);
    return tensor;
}

static sample make_sample(void)
{
    static const size_t one_three[] = { 1, 3 }, three[] = { 3 }, two[] = { 2 }, one[] = { 1 };
    static const size_t none[] = { 2, 0 };
    return (sample){
        { "u8", "b", "a\n\"\\\x01\xc3\xa9", "i32", "i64", "f64", "none", "f16", "bf16" },
        { view_of(ACTIV_UINT8, 1, three, sample_bytes), view_of(ACTIV_FLOAT32, 2, one_three, sample_floats),
          view_of(ACTIV_FLOAT32, 0, NULL, sample_floats + 1), view_of(ACTIV_INT32, 1, two, sample_ints),
          view_of(ACTIV_INT64, 1, one, sample_longs), view_of(ACTIV_FLOAT64, 0, NULL, sample_doubles),
          view_of(ACTIV_FLOAT32, 2, none, NULL), view_of(ACTIV_FLOAT16, 1, two, sample_halves),
          view_of(ACTIV_BFLOAT16, 2, one_three, sample_brains) },
        { { "z", "last" }, { "format", "a\tb/\x7f" } },
    };
}

static void free_sample(sample *s)
{
    for (size_t i = 0; i < SAMPLES; i++)
        activ_tensor_destroy(s->tensors[i]);
}

static activ_status save_sample(const activ_context *context, const sample *s, const char *path, activ_message *message)
{
    return activ_safetensors_save(context, path, SAMPLES, s->names, (const activ_tensor *const *)s->tensors, 2,
                                  s->metadata, message);
}

static const char sample_header[] =
    "{\"__metadata__\":{\"format\":\"a\\tb/\x7f\",\"z\":\"last\"},"
    "\"i64\":{\"dtype\":\"I64\",\"shape\":[1],\"data_offsets\":[0,8]},"
    "\"f64\":{\"dtype\":\"F64\",\"shape\":[],\"data_offsets\":[8,16]},"
    "\"a\\n\\\"\\\\\\u0001\xc3\xa9\":{\"dtype\":\"F32\",\"shape\":[],\"data_offsets\":[16,20]},"
    "\"b\":{\"dtype\":\"F32\",\"shape\":[1,3],\"data_offsets\":[20,32]},"
    "\"none\":{\"dtype\":\"F32\",\"shape\":[2,0],\"data_offsets\":[32,32]},"
    "\"i32\":{\"dtype\":\"I32\",\"shape\":[2],\"data_offsets\":[32,40]},"
    "\"bf16\":{\"dtype\":\"BF16\",\"shape\":[1,3],\"data_offsets\":[40,46]},"
    "\"f16\":{\"dtype\":\"F16\",\"shape\":[2],\"data_offsets\":[46,50]},"
    "\"u8\":{\"dtype\":\"U8\",\"shape\":[3],\"data_offsets\":[50,53]}}";

static const unsigned char sample_data[] = {
    255, 255,  255,  255,  255, 255, 255, 255,                                      /* -1 */
    0,   0,    0,    0,    0,   0,   8,   0x40,                                     /* 3.0 */
    0,   0,    0,    0xc0,                                                          /* -2.0f */
    0,   0,    0x80, 0x3f, 0,   0,   0,   0xc0, 0,    0,    0,    0x3f,             /* 1.0f -2.0f 0.5f */
    7,   0,    0,    0,    8,   0,   0,   0,    0x80, 0x3f, 0x7f, 0xff, 0xc0, 0x7f, /* 1, the least, NaN */
    0,   0x3c, 1,    0x80,                                                          /* 1, -2^-24 */
    9,   10,   11,
};

static void expect_sample_file(const char *path)
{
    bytes raw = read_bytes(path);
    size_t length = sizeof sample_header - 1, padded = (length + 7) / 8 * 8;
    unsigned char prefix[8];
    put_length(prefix, padded);
    assert_int_equal(raw.size, 8 + padded + sizeof sample_data);
    assert_memory_equal(raw.data, prefix, 8);
    assert_memory_equal(raw.data + 8, sample_header, length);
    for (size_t i = length; i < padded; i++)
        assert_int_equal(raw.data[8 + i], ' ');
    assert_memory_equal(raw.data + 8 + padded, sample_data, sizeof sample_data);
    free(raw.data);
}

static void test_save_bytes(void **state)
{
    const folder *f = *state;
    sample s = make_sample();
    activ_message message = { "" };
    if (save_sample(NULL, &s, f->file, &message) != ACTIV_OK)
        fail_msg("%s", message.text);
    expect_sample_file(f->file);
    assert_int_equal(count_files(f), 1);

    /* In another order: the same bytes, over the old file. */
    for (size_t i = 0; i < SAMPLES / 2; i++) {
        const char *name = s.names[i];
        activ_tensor *tensor = s.tensors[i];
        s.names[i] = s.names[SAMPLES - 1 - i];
        s.tensors[i] = s.tensors[SAMPLES - 1 - i];
        s.names[SAMPLES - 1 - i] = name;
        s.tensors[SAMPLES - 1 - i] = tensor;
    }
    activ_safetensors_text pair = s.metadata[0];
    s.metadata[0] = s.metadata[1];
    s.metadata[1] = pair;
    assert_int_equal(save_sample(NULL, &s, f->file, NULL), ACTIV_OK);
    expect_sample_file(f->file);
    assert_int_equal(count_files(f), 1);

    activ_safetensors *file = NULL;
    assert_int_equal(activ_safetensors_open(NULL, f->file, &file, NULL), ACTIV_OK);
    assert_int_equal(activ_safetensors_count(file), SAMPLES);
    check_invariants(file);
    for (size_t i = 0; i < SAMPLES; i++) {
        activ_safetensors_entry entry = ACTIV_SAFETENSORS_ENTRY_INIT;
        assert_int_equal(activ_safetensors_find(file, s.names[i], &entry), ACTIV_OK);
        assert_int_equal(entry.dtype, activ_tensor_dtype(s.tensors[i]));
        assert_int_equal(entry.ndim, activ_tensor_ndim(s.tensors[i]));
        for (size_t d = 0; d < entry.ndim; d++)
            assert_int_equal(entry.shape[d], activ_tensor_shape(s.tensors[i])[d]);
        if (entry.bytes > 0)
            assert_memory_equal(entry.data, activ_tensor_data(s.tensors[i]), entry.bytes);
    }
    assert_string_equal(activ_safetensors_metadata(file, "format"), "a\tb/\x7f");
    assert_string_equal(activ_safetensors_metadata(file, "z"), "last");
    activ_safetensors_close(file);
    free_sample(&s);
}

static void test_save_small(void **state)
{
    const folder *f = *state;
    /* Nothing at all, only metadata, an empty name; every control character. */
    assert_int_equal(activ_safetensors_save(NULL, f->file, 0, NULL, NULL, 0, NULL, NULL), ACTIV_OK);
    bytes raw = read_bytes(f->file);
    assert_int_equal(raw.size, 16);
    assert_memory_equal(raw.data, "\x08\0\0\0\0\0\0\0{}      ", 16);
    free(raw.data);

    char controls[32];
    for (int i = 1; i < 32; i++)
        controls[i - 1] = (char)i;
    controls[31] = '\0';
    activ_safetensors_text pair = { controls, "" };
    assert_int_equal(activ_safetensors_save(NULL, f->file, 0, NULL, NULL, 1, &pair, NULL), ACTIV_OK);
    activ_safetensors *file = NULL;
    assert_int_equal(activ_safetensors_open(NULL, f->file, &file, NULL), ACTIV_OK);
    assert_int_equal(activ_safetensors_count(file), 0);
    assert_string_equal(activ_safetensors_metadata_key(file, 0), controls);
    assert_string_equal(activ_safetensors_metadata(file, controls), "");
    activ_safetensors_close(file);

    const char *name = "";
    size_t shape[8] = { 1, 1, 1, 1, 1, 1, 1, 3 };
    activ_tensor *tensor = view_of(ACTIV_FLOAT32, 8, shape, sample_floats);
    const activ_tensor *saved = tensor;
    assert_int_equal(activ_safetensors_save(NULL, f->file, 1, &name, &saved, 0, NULL, NULL), ACTIV_OK);
    assert_int_equal(activ_safetensors_open(NULL, f->file, &file, NULL), ACTIV_OK);
    activ_safetensors_entry entry = entry_at(file, 0);
    assert_int_equal(entry.ndim, 8);
    assert_string_equal(entry.name, "");
    assert_memory_equal(entry.data, sample_floats, sizeof sample_floats);
    activ_safetensors_close(file);
    activ_tensor_destroy(tensor);
}

/* Arguments that make no file: refused with a name, and the old file stays. */
static void test_save_refused(void **state)
{
    const folder *f = *state;
    static const size_t two_two[] = { 2, 2 }, turned[] = { 1, 2 };
    static const float data[] = { 1, 2, 3, 4 };
    activ_tensor *plain = view_of(ACTIV_FLOAT32, 2, two_two, data), *strided = NULL;
    assert_int_equal(
        activ_tensor_view(NULL, ACTIV_FLOAT32, 2, two_two, turned, (void *)(uintptr_t)data, &strided, NULL), ACTIV_OK);
    const struct {
        const char *names[2];
        const activ_tensor *tensors[2];
        activ_safetensors_text metadata[2];
        activ_status status;
        const char *word;
    } cases[] = {
        { { "a", "a" },
          { plain, plain },
          { { "k", "v" }, { "l", "w" } },
          ACTIV_ERROR_INVALID,
          "tensor 'a': the name is used twice" },
        { { "a", "__metadata__" },
          { plain, plain },
          { { "k", "v" }, { "l", "w" } },
          ACTIV_ERROR_INVALID,
          "tensor '__metadata__'" },
        { { "a", "b\xff" },
          { plain, plain },
          { { "k", "v" }, { "l", "w" } },
          ACTIV_ERROR_INVALID,
          "tensor 'b\\xff': the name is not UTF-8" },
        { { "a", "\xed\xa0\x80" }, { plain, plain }, { { "k", "v" }, { "l", "w" } }, ACTIV_ERROR_INVALID, "UTF-8" },
        { { "a", NULL }, { plain, plain }, { { "k", "v" }, { "l", "w" } }, ACTIV_ERROR_INVALID, "NULL" },
        { { "a", "b" }, { plain, NULL }, { { "k", "v" }, { "l", "w" } }, ACTIV_ERROR_INVALID, "NULL" },
        { { "a", "b" },
          { plain, strided },
          { { "k", "v" }, { "l", "w" } },
          ACTIV_ERROR_UNSUPPORTED,
          "tensor 'b': it is not contiguous" },
        { { "a", "b" },
          { plain, plain },
          { { "k", "v" }, { "k", "w" } },
          ACTIV_ERROR_INVALID,
          "metadata 'k': the key is used twice" },
        { { "a", "b" }, { plain, plain }, { { "k", "\xc0\x80" }, { "l", "w" } }, ACTIV_ERROR_INVALID, "metadata 'k'" },
        { { "a", "b" }, { plain, plain }, { { "k\xff", "v" }, { "l", "w" } }, ACTIV_ERROR_INVALID, "not UTF-8" },
        { { "a", "b" }, { plain, plain }, { { NULL, "v" }, { "l", "w" } }, ACTIV_ERROR_INVALID, "NULL" },
        { { "a", "b" }, { plain, plain }, { { "k", "v" }, { "l", NULL } }, ACTIV_ERROR_INVALID, "NULL" },
    };
    write_bytes(f->file, "old", 3);
    activ_message message;
    for (size_t i = 0; i < COUNT(cases); i++) {
        message.text[0] = '\0';
        activ_status status =
            activ_safetensors_save(NULL, f->file, 2, cases[i].names, cases[i].tensors, 2, cases[i].metadata, &message);
        if (status != cases[i].status || !strstr(message.text, cases[i].word) || !strstr(message.text, f->file))
            fail_msg("case %zu: status %d, \"%s\"", i, (int)status, message.text);
    }
    const char *name = "a";
    const activ_tensor *tensor = plain;
    assert_int_equal(activ_safetensors_save(NULL, NULL, 1, &name, &tensor, 0, NULL, &message), ACTIV_ERROR_INVALID);
    assert_int_equal(activ_safetensors_save(NULL, f->file, 1, NULL, &tensor, 0, NULL, &message), ACTIV_ERROR_INVALID);
    assert_int_equal(activ_safetensors_save(NULL, f->file, 1, &name, NULL, 0, NULL, &message), ACTIV_ERROR_INVALID);
    assert_int_equal(activ_safetensors_save(NULL, f->file, 1, &name, &tensor, 1, NULL, &message), ACTIV_ERROR_INVALID);
    assert_int_equal(activ_safetensors_save(NULL, f->file, 1, &name, &tensor, 1, NULL, NULL), ACTIV_ERROR_INVALID);

    bytes raw = read_bytes(f->file);
    assert_int_equal(raw.size, 3);
    free(raw.data);
    assert_int_equal(count_files(f), 1);
    activ_tensor_destroy(plain);
    activ_tensor_destroy(strided);
}

static void expect_save_fails(const char *path, const char *word)
{
    sample s = make_sample();
    activ_message message = { "" };
    assert_int_equal(save_sample(NULL, &s, path, &message), ACTIV_ERROR_IO);
    if (!strstr(message.text, path) || !strstr(message.text, word))
        fail_msg("\"%s\" does not contain \"%s\" and \"%s\"", message.text, path, word);
    free_sample(&s);
}

static void test_save_nowhere(void **state)
{
    const folder *f = *state;
    char path[256];
    expect_save_fails("", strerror(ENOENT));
    expect_save_fails(f->path, strerror(EISDIR));
    snprintf(path, sizeof path, "%s/", f->path);
    expect_save_fails(path, strerror(EISDIR));
    snprintf(path, sizeof path, "%s/missing/file", f->path);
    expect_save_fails(path, strerror(ENOENT));
    write_bytes(f->file, "old", 3);
    snprintf(path, sizeof path, "%s/file", f->file);
    expect_save_fails(path, strerror(ENOTDIR));

    /* A device is not replaced by a file, even by somebody who may do so. */
    struct stat about;
    expect_save_fails("/dev/full", "not a regular file");
    assert_int_equal(stat("/dev/full", &about), 0);
    assert_true(S_ISCHR(about.st_mode));
    assert_int_equal(count_files(f), 1);
}

/* No room: at every length at which the file can be cut off. */
static void test_save_full(void **state)
{
    const folder *f = *state;
    sample s = make_sample();
    struct rlimit old, limit;
    size_t size = 8 + (sizeof sample_header - 1 + 7) / 8 * 8 + sizeof sample_data;
    write_bytes(f->file, "old", 3);
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &old), 0);
    void (*handler)(int) = signal(SIGXFSZ, SIG_IGN);
    for (size_t room = 0; room <= size; room += room + 16 < size ? 16 : 1) {
        activ_message message = { "" };
        limit = old;
        limit.rlim_cur = room;
        assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
        activ_status status = save_sample(NULL, &s, f->file, &message);
        assert_int_equal(setrlimit(RLIMIT_FSIZE, &old), 0);
        assert_int_equal(count_files(f), 1);
        if (room == size) {
            assert_int_equal(status, ACTIV_OK);
        } else {
            assert_int_equal(status, ACTIV_ERROR_IO);
            assert_non_null(strstr(message.text, f->file));
            assert_non_null(strstr(message.text, strerror(EFBIG)));
            bytes raw = read_bytes(f->file);
            assert_int_equal(raw.size, 3);
            assert_memory_equal(raw.data, "old", 3);
            free(raw.data);
        }
    }
    signal(SIGXFSZ, handler);
    expect_sample_file(f->file);
    free_sample(&s);
}

static void test_save_without_memory(void **state)
{
    const folder *f = *state;
    test_memory memory = { 0 };
    activ_context *context = context_of(&memory);
    size_t before = memory.live, failures = 0;
    sample s = make_sample();
    for (;; failures++) {
        activ_message message = { "" };
        memory.fail_at = memory.calls + failures + 1;
        activ_status status = save_sample(context, &s, f->file, &message);
        memory.fail_at = 0;
        assert_int_equal(memory.live, before);
        if (status == ACTIV_OK)
            break;
        assert_int_equal(status, ACTIV_ERROR_OUT_OF_MEMORY);
        assert_non_null(strstr(message.text, "out of memory"));
        assert_int_equal(count_files(f), 0);
    }
    assert_int_equal(failures, 7); /* two orders, 3 to sort by, the header, the temporary name */
    expect_sample_file(f->file);

    /* And back from the file, whose reading needs memory too. */
    for (failures = 0;; failures++) {
        activ_safetensors *file = NULL;
        memory.fail_at = memory.calls + failures + 1;
        activ_status status = activ_safetensors_open(context, f->file, &file, NULL);
        memory.fail_at = 0;
        activ_safetensors_close(file);
        assert_int_equal(memory.live, before);
        if (status == ACTIV_OK)
            break;
        assert_int_equal(status, ACTIV_ERROR_OUT_OF_MEMORY);
        assert_null(file);
    }
    assert_true(failures > 5);
    free_sample(&s);
    activ_context_destroy(context);
    assert_int_equal(memory.live, 0);
    assert_int_equal(memory.mistakes, 0);
}

/* The mode of a new file is what the user's mask says, that of one that is replaced stays. */
static void test_save_modes(void **state)
{
    const folder *f = *state;
    sample s = make_sample();
    struct stat about;
    mode_t mask = umask(027);
    assert_int_equal(save_sample(NULL, &s, f->file, NULL), ACTIV_OK);
    umask(mask);
    assert_int_equal(stat(f->file, &about), 0);
    assert_int_equal(about.st_mode & 0777, 0640);
    static const mode_t modes[] = { 0600, 0644, 0666, 0400 };
    for (size_t i = 0; i < sizeof modes / sizeof modes[0]; i++) {
        assert_int_equal(chmod(f->file, modes[i]), 0);
        assert_int_equal(save_sample(NULL, &s, f->file, NULL), ACTIV_OK);
        assert_int_equal(stat(f->file, &about), 0);
        assert_int_equal(about.st_mode & 0777, modes[i]);
        expect_sample_file(f->file);
    }
    assert_int_equal(count_files(f), 1);
    free_sample(&s);
}

/* Any name that the system allows, and one more byte; with what many killed processes of this number left behind. */
static void test_save_names(void **state)
{
    const folder *f = *state;
    sample s = make_sample();
    char name[512];
    const size_t directory = (size_t)(strrchr(f->file, '/') - f->file) + 1;
    for (int i = 0; i < 1200; i++) {
        snprintf(name, sizeof name, "%.*s.activ.%ld.%d", (int)directory, f->file, (long)getpid(), i);
        write_bytes(name, "mine", 4);
    }
    for (size_t length = 240; length <= 256; length++) {
        memcpy(name, f->file, directory);
        memset(name + directory, 'n', length);
        name[directory + length] = '\0';
        activ_message message = { "" };
        const activ_status status = save_sample(NULL, &s, name, &message);
        assert_int_equal(status, length <= 255 ? ACTIV_OK : ACTIV_ERROR_IO);
        if (length > 255) {
            assert_true(strlen(message.text) > 0);
            continue;
        }
        expect_sample_file(name);
        assert_int_equal(unlink(name), 0);
    }
    assert_int_equal(count_files(f), 1200);
    free_sample(&s);
}

/* A path may hold any byte; a message and the log's line stay one line. */
static void test_strange_paths(void **state)
{
    const folder *f = *state;
    char path[512];
    activ_message message;
    activ_safetensors *file = NULL;
    snprintf(path, sizeof path, "%s\nnot there\x1b[31m", f->file);
    assert_int_equal(activ_safetensors_open(NULL, path, &file, &message), ACTIV_ERROR_IO);
    for (const char *c = message.text; *c; c++)
        assert_true((unsigned char)*c >= 0x20 && *c != 0x7f);
    assert_non_null(strstr(message.text, "?not there?[31m"));
}

/* A header that no reader would take is not written. */
static void test_save_too_large(void **state)
{
    const folder *f = *state;
    size_t length = 100000000;
    char *value = malloc(length + 1);
    assert_non_null(value);
    memset(value, 'x', length);
    value[length] = '\0';
    activ_safetensors_text pair = { "k", value };
    activ_message message = { "" };
    assert_int_equal(activ_safetensors_save(NULL, f->file, 0, NULL, NULL, 1, &pair, &message), ACTIV_ERROR_RANGE);
    assert_non_null(strstr(message.text, f->file));
    assert_non_null(strstr(message.text, "larger than 100000000 bytes"));
    assert_int_equal(count_files(f), 0);
    free(value);
}

/* What others do to the folder in the middle of it. */
static void test_files_that_change(void **state)
{
    const folder *f = *state;
    activ_host host;
    activ_file file;
    char read[4];
    int no_memory;
    activ_host_defaults(&host);

    write_bytes(f->file, "1234", 4);
    assert_int_equal(activ_file_open(&file, f->file), 1);
    assert_int_equal(file.size, 4);
    assert_int_equal(truncate(f->file, 2), 0);
    assert_int_equal(activ_file_read(&file, read, 4), 0);
    assert_non_null(strstr(file.reason, "shorter"));
    activ_file_close(&file);
    assert_int_equal(remove(f->file), 0);

    assert_int_equal(activ_file_create(&file, &host, f->file, &no_memory), 1);
    assert_int_equal(activ_file_write(&file, "1234", 4), 1);
    assert_int_equal(count_files(f), 1);
    assert_int_equal(mkdir(f->file, 0700), 0);
    assert_int_equal(activ_file_commit(&file), 0);
    assert_string_equal(file.reason, strerror(EISDIR));
    assert_int_equal(count_files(f), 1);
    assert_int_equal(rmdir(f->file), 0);

    /* Unfinished: nothing of it stays. */
    assert_int_equal(activ_file_create(&file, &host, f->file, &no_memory), 1);
    assert_int_equal(activ_file_write(&file, "1234", 4), 1);
    activ_file_discard(&file);
    assert_int_equal(count_files(f), 0);
}

/* "--write FILE": only saves the sample, for check_file.py to look at. */
int main(int argc, char **argv)
{
    if (argc == 3 && strcmp(argv[1], "--write") == 0) {
        sample s = make_sample();
        activ_message message;
        activ_status status = save_sample(NULL, &s, argv[2], &message);
        if (status != ACTIV_OK)
            fprintf(stderr, "%s\n", message.text);
        free_sample(&s);
        return status == ACTIV_OK ? 0 : 1;
    }
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_refused),
        cmocka_unit_test(test_lengths),
        cmocka_unit_test(test_legal),
        cmocka_unit_test(test_escapes),
        cmocka_unit_test(test_dtypes),
        cmocka_unit_test(test_order_and_lookup),
        cmocka_unit_test(test_truncations),
        cmocka_unit_test(test_corruptions),
        cmocka_unit_test(test_large_claims),
        cmocka_unit_test(test_open_without_memory),
        cmocka_unit_test(test_many_and_deep),
        cmocka_unit_test_setup_teardown(test_open_file, make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(test_open_no_file, make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(test_log, make_folder, remove_folder),
        cmocka_unit_test(test_open_golden),
        cmocka_unit_test_setup_teardown(test_save_bytes, make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(test_save_small, make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(test_save_refused, make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(test_save_nowhere, make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(test_save_full, make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(test_save_without_memory, make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(test_save_modes, make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(test_save_names, make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(test_strange_paths, make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(test_save_too_large, make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(test_files_that_change, make_folder, remove_folder),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
