/* NumPy's .npy: see npy.h. "\x93NUMPY", major, minor, the length of the header (2 bytes, from version 2 on 4,
 * little-endian); the header, a Python literal as {'descr': '<f4', 'fortran_order': False, 'shape': (3, 4), }, filled
 * with blanks up to a multiple of 64 bytes of the file and ended by a newline; the elements. */
#include "npy.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "files.h"
#include "message.h"

static const char magic[] = "\x93NUMPY";
enum { MAGIC = 6, ALIGNMENT = 64, LARGEST_HEADER = 10000 /* as numpy.load has it */ };

static const struct npy_type {
    const char *name; /* without the byte order */
    activ_dtype dtype;
} types[] = {
    { "f4", ACTIV_FLOAT32 }, { "f8", ACTIV_FLOAT64 }, { "i4", ACTIV_INT32 },
    { "i8", ACTIV_INT64 },   { "u1", ACTIV_UINT8 },
};
enum { TYPES = sizeof types / sizeof types[0] };

static bool is_little_endian(void)
{
    const uint16_t one = 1;
    unsigned char first;
    memcpy(&first, &one, 1);
    return first == 1;
}

/* ---- header ------------------------------------------------------------------------------------ */

struct header {
    activ_dtype dtype;
    bool swap; /* the bytes of each element */
    bool fortran_order;
    size_t ndim;
    size_t shape[ACTIV_MAX_DIMS];
};

struct reader {
    const char *path;
    const char *at; /* ended by a zero byte */
    activ_message *message;
};

static activ_status malformed(const struct reader *r, const char *what)
{
    message_set(r->message, "%s: malformed .npy header: %s", r->path, what);
    return ACTIV_ERROR_FORMAT;
}

static void skip_blanks(struct reader *r)
{
    r->at += strspn(r->at, " \t\r\n");
}

static bool take(struct reader *r, char wanted)
{
    skip_blanks(r);
    if (*r->at != wanted)
        return false;
    r->at++;
    return true;
}

/* A string without escapes. */
static bool take_string(struct reader *r, char *text, size_t size)
{
    skip_blanks(r);
    const char quote = *r->at;
    const char *end = quote == '\'' || quote == '"' ? strchr(r->at + 1, quote) : NULL;
    if (end == NULL || (size_t)(end - r->at - 1) >= size)
        return false;
    memcpy(text, r->at + 1, (size_t)(end - r->at - 1));
    text[end - r->at - 1] = '\0';
    r->at = end + 1;
    return strchr(text, '\\') == NULL;
}

static bool take_word(struct reader *r, const char *word)
{
    skip_blanks(r);
    if (strncmp(r->at, word, strlen(word)) != 0)
        return false;
    r->at += strlen(word);
    return true;
}

static activ_status read_type(struct reader *r, struct header *h)
{
    char descr[32];
    if (!take_string(r, descr, sizeof descr)) {
        message_set(r->message, "%s: its elements are no plain numbers", r->path);
        return ACTIV_ERROR_UNSUPPORTED;
    }
    const bool is_big = descr[0] == '>';
    const struct npy_type *type = types;
    while (type < types + TYPES && strcmp(descr + (descr[0] != '\0'), type->name) != 0)
        type++;
    const bool is_byte = type < types + TYPES && type->dtype == ACTIV_UINT8;
    if (type == types + TYPES || strchr(is_byte ? "|<>=" : "<>=", descr[0]) == NULL) {
        message_set(r->message, "%s: its elements are of type '%s', which is none of f4, f8, i4, i8 and u1", r->path,
                    descr);
        return ACTIV_ERROR_UNSUPPORTED;
    }
    h->dtype = type->dtype;
    h->swap = !is_byte && descr[0] != '=' && is_big == is_little_endian();
    return ACTIV_OK;
}

/* "(3, 4)", "(3,)", "()" */
static activ_status read_shape(struct reader *r, struct header *h)
{
    if (!take(r, '('))
        return malformed(r, "the shape is no tuple");
    bool ends = take(r, ')');
    while (!ends) {
        skip_blanks(r);
        errno = 0;
        char *end;
        const unsigned long long size = strtoull(r->at, &end, 10);
        if (*r->at < '0' || *r->at > '9' || errno != 0 || size > SIZE_MAX)
            return malformed(r, "a size is no whole number");
        if (h->ndim == ACTIV_MAX_DIMS) {
            message_set(r->message, "%s: more than %d dimensions", r->path, ACTIV_MAX_DIMS);
            return ACTIV_ERROR_UNSUPPORTED;
        }
        r->at = end;
        h->shape[h->ndim++] = (size_t)size;
        const bool comma = take(r, ',');
        ends = take(r, ')');
        if (!ends && !comma)
            return malformed(r, "the shape is no tuple of numbers");
        if (ends && !comma && h->ndim == 1)
            return malformed(r, "the shape is no tuple: (3) is a number, (3,) a tuple");
    }
    return ACTIV_OK;
}

static activ_status read_header(struct reader *r, struct header *h)
{
    static const char *const keys[] = { "descr", "fortran_order", "shape" };
    bool seen[3] = { false };
    activ_status status = ACTIV_OK;
    if (!take(r, '{'))
        return malformed(r, "it is no dictionary");
    while (status == ACTIV_OK && !take(r, '}')) {
        char key[32];
        size_t k = 0;
        if (!take_string(r, key, sizeof key) || !take(r, ':'))
            return malformed(r, "a key is missing");
        while (k < 3 && strcmp(key, keys[k]) != 0)
            k++;
        if (k == 3 || seen[k])
            return malformed(r, k == 3 ? "an unknown key" : "a key twice");
        seen[k] = true;
        if (k == 0)
            status = read_type(r, h);
        else if (k == 2)
            status = read_shape(r, h);
        else if (take_word(r, "True"))
            h->fortran_order = true;
        else if (!take_word(r, "False"))
            return malformed(r, "fortran_order is neither True nor False");
        if (status == ACTIV_OK && !take(r, ',')) {
            if (!take(r, '}'))
                return malformed(r, "the dictionary does not end");
            break;
        }
    }
    if (status != ACTIV_OK)
        return status;
    skip_blanks(r);
    if (*r->at != '\0')
        return malformed(r, "something follows the dictionary");
    return seen[0] && seen[1] && seen[2] ? ACTIV_OK : malformed(r, "descr, fortran_order or shape is missing");
}

/* ---- reading ----------------------------------------------------------------------------------- */

static activ_status truncated(const char *path, activ_message *message)
{
    message_set(message, "%s: the file ends too early", path);
    return ACTIV_ERROR_FORMAT;
}

/* The header as text, to be freed; *offset: of the elements. */
static activ_status load_header(FILE *file, const char *path, char **text, size_t *offset, activ_message *message)
{
    unsigned char start[MAGIC + 6];
    if (fread(start, 1, MAGIC + 2, file) != MAGIC + 2 || memcmp(start, magic, MAGIC) != 0) {
        message_set(message, "%s: no .npy file (which would begin with \\x93NUMPY)", path);
        return ACTIV_ERROR_FORMAT;
    }
    const int major = start[MAGIC];
    if (major < 1 || major > 3) {
        message_set(message, "%s: version %d of the .npy format, of which 1 to 3 are known", path, major);
        return ACTIV_ERROR_UNSUPPORTED;
    }
    const size_t digits = major == 1 ? 2 : 4;
    if (fread(start + MAGIC + 2, 1, digits, file) != digits)
        return truncated(path, message);
    size_t length = 0;
    for (size_t i = digits; i-- > 0;)
        length = length << 8 | start[MAGIC + 2 + i];
    if (length > LARGEST_HEADER) {
        message_set(message, "%s: its header of %zu bytes is larger than %d", path, length, LARGEST_HEADER);
        return ACTIV_ERROR_UNSUPPORTED;
    }
    *text = malloc(length + 1);
    if (*text == NULL) {
        message_set(message, "%s: out of memory", path);
        return ACTIV_ERROR_OUT_OF_MEMORY;
    }
    if (fread(*text, 1, length, file) != length || memchr(*text, '\0', length) != NULL) {
        free(*text);
        return truncated(path, message);
    }
    (*text)[length] = '\0';
    *offset = MAGIC + 2 + digits + length;
    return ACTIV_OK;
}

static void swap_bytes(unsigned char *bytes, size_t count, size_t size)
{
    for (size_t i = 0; i < count; i++, bytes += size)
        for (size_t j = 0; j < size / 2; j++) {
            const unsigned char byte = bytes[j];
            bytes[j] = bytes[size - 1 - j];
            bytes[size - 1 - j] = byte;
        }
}

/* From Fortran's order, in which `stored` was read with its dimensions reversed, to C's. */
static activ_status turn(activ_tensor *stored, const struct header *h, activ_tensor **out, activ_message *message)
{
    activ_tensor *view = NULL, *turned = NULL;
    activ_status status = activ_tensor_reshape(stored, h->ndim, activ_tensor_shape(stored), &view, message);
    for (size_t i = 0; status == ACTIV_OK && i < h->ndim / 2; i++) {
        activ_tensor *next = NULL;
        status = activ_tensor_transpose(view, i, h->ndim - 1 - i, &next, message);
        if (status == ACTIV_OK) {
            activ_tensor_destroy(view);
            view = next;
        }
    }
    if (status == ACTIV_OK)
        status = activ_tensor_create(NULL, h->dtype, h->ndim, h->shape, &turned, message);
    if (status == ACTIV_OK)
        status = activ_tensor_copy(view, turned, message);
    activ_tensor_destroy(view);
    if (status == ACTIV_OK)
        *out = turned;
    else
        activ_tensor_destroy(turned);
    return status;
}

static activ_status read_elements(FILE *file, const char *path, const struct header *h, size_t available,
                                  activ_tensor **out, activ_message *message)
{
    const size_t size = activ_dtype_size(h->dtype);
    size_t bytes = size, shape[ACTIV_MAX_DIMS];
    for (size_t i = 0; i < h->ndim; i++) {
        shape[i] = h->fortran_order ? h->shape[h->ndim - 1 - i] : h->shape[i];
        if (h->shape[i] > 0 && bytes > SIZE_MAX / h->shape[i])
            bytes = SIZE_MAX;
        else
            bytes *= h->shape[i];
    }
    if (bytes > available)
        return truncated(path, message);
    if (bytes < available) {
        message_set(message, "%s: %zu bytes follow the elements", path, available - bytes);
        return ACTIV_ERROR_FORMAT;
    }
    activ_tensor *tensor = NULL;
    activ_message reason;
    activ_status status = activ_tensor_create(NULL, h->dtype, h->ndim, shape, &tensor, &reason);
    if (status != ACTIV_OK) {
        message_set(message, "%s: %s", path, reason.text);
        return status;
    }
    if (bytes > 0 && fread(activ_tensor_data(tensor), 1, bytes, file) != bytes)
        status = truncated(path, message);
    else if (h->swap)
        swap_bytes(activ_tensor_data(tensor), bytes / size, size);
    if (status == ACTIV_OK && h->fortran_order && h->ndim > 1) {
        status = turn(tensor, h, out, &reason);
        if (status != ACTIV_OK)
            message_set(message, "%s: %s", path, reason.text);
        activ_tensor_destroy(tensor);
    } else if (status == ACTIV_OK) {
        *out = tensor;
    } else {
        activ_tensor_destroy(tensor);
    }
    return status;
}

activ_status npy_read(const char *path, activ_tensor **out, activ_message *message)
{
    struct stat info;
    /* Opening a pipe would wait for a writer; regular files ignore O_NONBLOCK. */
    const int handle = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
    FILE *file = handle >= 0 ? fdopen(handle, "rb") : NULL;
    if (file == NULL || fstat(handle, &info) != 0) {
        message_set(message, "%s: %s", path, strerror(errno));
        if (file != NULL)
            (void)fclose(file);
        else if (handle >= 0)
            (void)close(handle);
        return ACTIV_ERROR_IO;
    }
    char *text = NULL;
    size_t offset = 0;
    struct header header = { .ndim = 0 };
    activ_status status = ACTIV_OK;
    if (!S_ISREG(info.st_mode)) {
        message_set(message, "%s: not a regular file", path);
        status = ACTIV_ERROR_IO;
    }
    if (status == ACTIV_OK)
        status = load_header(file, path, &text, &offset, message);
    if (status == ACTIV_OK) {
        struct reader reader = { path, text, message };
        status = read_header(&reader, &header);
        free(text);
    }
    if (status == ACTIV_OK)
        status = read_elements(file, path, &header, (size_t)info.st_size - offset, out, message);
    (void)fclose(file);
    return status;
}

/* ---- writing ----------------------------------------------------------------------------------- */

static void write_header(const activ_tensor *tensor, FILE *stream)
{
    char text[512];
    const char *type = "";
    for (size_t i = 0; i < TYPES; i++)
        if (types[i].dtype == activ_tensor_dtype(tensor))
            type = types[i].name;
    const char order = activ_dtype_size(activ_tensor_dtype(tensor)) == 1 ? '|' : is_little_endian() ? '<' : '>';
    int length = snprintf(text, sizeof text, "{'descr': '%c%s', 'fortran_order': False, 'shape': (", order, type);
    const size_t ndim = activ_tensor_ndim(tensor);
    for (size_t i = 0; i < ndim; i++)
        length += snprintf(text + length, sizeof text - (size_t)length, "%s%zu%s", i > 0 ? " " : "",
                           activ_tensor_shape(tensor)[i], i + 1 < ndim || ndim == 1 ? "," : "");
    length += snprintf(text + length, sizeof text - (size_t)length, "), }");
    while ((MAGIC + 4 + length + 1) % ALIGNMENT != 0)
        text[length++] = ' ';
    text[length++] = '\n';
    const unsigned char start[4] = { 1, 0, (unsigned char)(length & 0xff), (unsigned char)(length >> 8) };
    (void)fwrite(magic, 1, MAGIC, stream);
    (void)fwrite(start, 1, sizeof start, stream);
    (void)fwrite(text, 1, (size_t)length, stream); /* new_file_close looks at the stream's errors */
}

activ_status npy_write(const char *path, const activ_tensor *tensor, activ_message *message)
{
    activ_tensor *copy = NULL;
    activ_status status = ACTIV_OK;
    activ_message reason;
    if (!activ_tensor_is_contiguous(tensor)) {
        status = activ_tensor_create(NULL, activ_tensor_dtype(tensor), activ_tensor_ndim(tensor),
                                     activ_tensor_shape(tensor), &copy, &reason);
        if (status == ACTIV_OK)
            status = activ_tensor_copy(tensor, copy, &reason);
        if (status != ACTIV_OK) {
            message_set(message, "%s: %s", path, reason.text);
            activ_tensor_destroy(copy);
            return status;
        }
        tensor = copy;
    }
    struct new_file file = { NULL, NULL, NULL };
    status = new_file_open(&file, path, message);
    if (status == ACTIV_OK) {
        write_header(tensor, file.stream);
        const size_t count = activ_tensor_count(tensor);
        if (count > 0)
            (void)fwrite(activ_tensor_const_data(tensor), activ_dtype_size(activ_tensor_dtype(tensor)), count,
                         file.stream);
        status = new_file_close(&file, message);
    }
    if (status == ACTIV_OK)
        status = new_file_commit(&file, message);
    new_file_cancel(&file);
    activ_tensor_destroy(copy);
    return status;
}
