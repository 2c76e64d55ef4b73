/* Writes safetensors: see safetensors.c for the format. */
#include <string.h>

#include "activ/checkpoint.h"
#include "base/checked.h"
#include "base/host.h"
#include "base/sort.h"
#include "base/text.h"
#include "checkpoint/file.h"
#include "checkpoint/json.h"
#include "checkpoint/safetensors.h"
#include "context/context.h"

typedef struct writer {
    activ_host host;
    const char *path;
    activ_message message;
    size_t count;
    const char *const *names;
    const activ_tensor *const *tensors;
    size_t texts;
    const activ_safetensors_text *metadata;
    size_t *order;  /* of the tensors, in the file */
    size_t *by_key; /* order of the metadata */
    char *header;
    size_t header_bytes;
} writer;

/* "PATH: KIND 'NAME': WHAT"; without a kind, "PATH: WHAT". */
static activ_status fail(writer *w, activ_status status, const char *kind, const char *name, const char *what)
{
    activ_text text;
    activ_safetensors_start_message(&w->message, w->path, &text);
    if (kind) {
        activ_text_add(&text, kind);
        activ_text_add(&text, " ");
        activ_text_add_quoted(&text, name, strlen(name));
        activ_text_add(&text, ": ");
    }
    activ_text_add(&text, what);
    return status;
}

static activ_status fail_memory(writer *w)
{
    return fail(w, ACTIV_ERROR_OUT_OF_MEMORY, NULL, NULL, "out of memory");
}

/* Its index in the table of types, which is the order in the file; the number of types for an unknown one. */
static size_t rank_of(const activ_tensor *tensor)
{
    activ_dtype dtype = activ_tensor_dtype(tensor);
    size_t i = 0;
    while (i < activ_safetensors_type_count &&
           (activ_safetensors_types[i].dtype == 0 || activ_safetensors_types[i].dtype != dtype))
        i++;
    return i;
}

static size_t bytes_of(const activ_tensor *tensor)
{
    return activ_tensor_count(tensor) * activ_dtype_size(activ_tensor_dtype(tensor));
}

static const char *name_of(const void *user, size_t i)
{
    return ((const writer *)user)->names[i];
}

static const char *key_of(const void *user, size_t i)
{
    return ((const writer *)user)->metadata[i].key;
}

static uint64_t number_of_type(const void *user, size_t i)
{
    return rank_of(((const writer *)user)->tensors[i]);
}

/* ---- checks ---------------------------------------------------------------------------------- */

static int is_utf8(const char *string)
{
    size_t length = strlen(string);
    return activ_utf8_check(string, length) == length;
}

static activ_status check_tensors(writer *w)
{
    size_t total = 0;
    if (w->count > ACTIV_SAFETENSORS_MAX_ENTRIES || w->texts > ACTIV_SAFETENSORS_MAX_ENTRIES)
        return fail(w, ACTIV_ERROR_RANGE, NULL, NULL, "more than 2^19 tensors, or texts in metadata");
    for (size_t i = 0; i < w->count; i++) {
        const char *name = w->names[i];
        if (!name || !w->tensors[i])
            return fail(w, ACTIV_ERROR_INVALID, NULL, NULL, "a tensor or its name is NULL");
        if (!is_utf8(name))
            return fail(w, ACTIV_ERROR_INVALID, "tensor", name, "the name is not UTF-8");
        if (strcmp(name, ACTIV_SAFETENSORS_METADATA) == 0)
            return fail(w, ACTIV_ERROR_INVALID, "tensor", name, "the name is reserved");
        if (rank_of(w->tensors[i]) == activ_safetensors_type_count)
            return fail(w, ACTIV_ERROR_UNSUPPORTED, "tensor", name, "its type cannot be saved");
        if (!activ_tensor_is_contiguous(w->tensors[i]))
            return fail(w, ACTIV_ERROR_UNSUPPORTED, "tensor", name, "it is not contiguous; copy it first");
        if (!activ_checked_add(total, bytes_of(w->tensors[i]), &total))
            return fail(w, ACTIV_ERROR_RANGE, "tensor", name, "the size of the file overflows");
    }
    for (size_t i = 0; i < w->texts; i++) {
        const char *key = w->metadata[i].key;
        if (!key || !w->metadata[i].value)
            return fail(w, ACTIV_ERROR_INVALID, NULL, NULL, "a key of the metadata or its value is NULL");
        if (!is_utf8(key) || !is_utf8(w->metadata[i].value))
            return fail(w, ACTIV_ERROR_INVALID, "metadata", key, "the key or the value is not UTF-8");
    }
    return ACTIV_OK;
}

static activ_status find_order(writer *w)
{
    w->order = activ_sort_names(&w->host, w->count, name_of, w);
    w->by_key = activ_sort_names(&w->host, w->texts, key_of, w);
    if ((w->count > 0 && !w->order) || (w->texts > 0 && !w->by_key))
        return fail_memory(w);
    size_t same = activ_find_duplicate(w->order, w->count, name_of, w);
    if (same < w->count)
        return fail(w, ACTIV_ERROR_INVALID, "tensor", w->names[w->order[same]], "the name is used twice");
    same = activ_find_duplicate(w->by_key, w->texts, key_of, w);
    if (same < w->texts)
        return fail(w, ACTIV_ERROR_INVALID, "metadata", w->metadata[w->by_key[same]].key, "the key is used twice");
    return activ_sort_numbers(&w->host, w->count, w->order, number_of_type, w) ? ACTIV_OK : fail_memory(w);
}

/* ---- the header ------------------------------------------------------------------------------- */

/* A JSON string that escapes only what it has to. */
static void add_string(activ_text *text, const char *string)
{
    static const char hex[] = "0123456789abcdef";
    static const char letters[] = "btn?fr"; /* for 8 to 13; 11 has none */
    activ_text_add(text, "\"");
    for (; *string; string++) {
        unsigned char c = (unsigned char)*string;
        if (c == '"' || c == '\\') {
            activ_text_add_bytes(text, "\\", 1);
            activ_text_add_bytes(text, string, 1);
        } else if (c >= 8 && c <= 13 && c != 11) {
            activ_text_add_bytes(text, "\\", 1);
            activ_text_add_bytes(text, &letters[c - 8], 1);
        } else if (c < 0x20) {
            activ_text_add(text, "\\u00");
            activ_text_add_bytes(text, &hex[c >> 4], 1);
            activ_text_add_bytes(text, &hex[c & 15], 1);
        } else {
            activ_text_add_bytes(text, string, 1);
        }
    }
    activ_text_add(text, "\"");
}

static void add_header(const writer *w, activ_text *text)
{
    const char *comma = "";
    activ_text_add(text, "{");
    if (w->texts > 0) {
        activ_text_add(text, "\"" ACTIV_SAFETENSORS_METADATA "\":{");
        for (size_t i = 0; i < w->texts; i++) {
            const activ_safetensors_text *pair = &w->metadata[w->by_key[i]];
            activ_text_add(text, i > 0 ? "," : "");
            add_string(text, pair->key);
            activ_text_add(text, ":");
            add_string(text, pair->value);
        }
        activ_text_add(text, "}");
        comma = ",";
    }
    size_t offset = 0;
    for (size_t i = 0; i < w->count; i++) {
        const activ_tensor *tensor = w->tensors[w->order[i]];
        const size_t *shape = activ_tensor_shape(tensor);
        activ_text_add(text, comma);
        add_string(text, w->names[w->order[i]]);
        activ_text_add(text, ":{\"dtype\":\"");
        activ_text_add(text, activ_safetensors_types[rank_of(tensor)].name);
        activ_text_add(text, "\",\"shape\":[");
        for (size_t dim = 0; dim < activ_tensor_ndim(tensor); dim++) {
            activ_text_add(text, dim > 0 ? "," : "");
            activ_text_add_size(text, shape[dim]);
        }
        activ_text_add(text, "],\"data_offsets\":[");
        activ_text_add_size(text, offset);
        activ_text_add(text, ",");
        offset += bytes_of(tensor);
        activ_text_add_size(text, offset);
        activ_text_add(text, "]}");
        comma = ",";
    }
    activ_text_add(text, "}");
    /* The data begins at a multiple of 8, for readers that map the file. */
    while (text->length % 8 != 0)
        activ_text_add(text, " ");
}

static activ_status make_header(writer *w)
{
    activ_text text;
    activ_text_start(&text, NULL, 0);
    add_header(w, &text);
    if (text.length > ACTIV_SAFETENSORS_MAX_HEADER)
        return fail(w, ACTIV_ERROR_RANGE, NULL, NULL, "the header would be larger than 100000000 bytes");
    w->header_bytes = text.length + 1; /* and a zero byte, which is not written */
    w->header = activ_host_alloc(&w->host, w->header_bytes);
    if (!w->header)
        return fail_memory(w);
    activ_text_start(&text, w->header, w->header_bytes);
    add_header(w, &text);
    return ACTIV_OK;
}

/* ---- the file ---------------------------------------------------------------------------------- */

static int write_all(const writer *w, activ_file *file)
{
    unsigned char prefix[8];
    size_t length = w->header_bytes - 1;
    for (int i = 0; i < 8; i++)
        prefix[i] = (unsigned char)((unsigned long long)length >> (8 * i));
    if (!activ_file_write(file, prefix, sizeof prefix) || !activ_file_write(file, w->header, length))
        return 0;
    for (size_t i = 0; i < w->count; i++) {
        const activ_tensor *tensor = w->tensors[w->order[i]];
        if (!activ_file_write(file, activ_tensor_const_data(tensor), bytes_of(tensor)))
            return 0;
    }
    return 1;
}

static activ_status write_file(writer *w)
{
    activ_file file;
    int out_of_memory;
    if (!activ_file_create(&file, &w->host, w->path, &out_of_memory))
        return out_of_memory ? fail_memory(w) : fail(w, ACTIV_ERROR_IO, NULL, NULL, file.reason);
    if (!write_all(w, &file)) {
        activ_file_discard(&file);
        return fail(w, ACTIV_ERROR_IO, NULL, NULL, file.reason);
    }
    if (!activ_file_commit(&file))
        return fail(w, ACTIV_ERROR_IO, NULL, NULL, file.reason);
    return ACTIV_OK;
}

activ_status activ_safetensors_save(const activ_context *context, const char *path, size_t count,
                                    const char *const *names, const activ_tensor *const *tensors, size_t texts,
                                    const activ_safetensors_text *metadata, activ_message *message)
{
    writer w = {
        .path = path,
        .count = count,
        .names = names,
        .tensors = tensors,
        .texts = texts,
        .metadata = metadata,
    };
    activ_host_of(context, &w.host);
    if (!path || (count > 0 && (!names || !tensors)) || (texts > 0 && !metadata))
        return activ_host_fail(&w.host, message, ACTIV_ERROR_INVALID,
                               "safetensors: the path, names, tensors or metadata to save are NULL");

    activ_status status = check_tensors(&w);
    if (status == ACTIV_OK)
        status = find_order(&w);
    if (status == ACTIV_OK)
        status = make_header(&w);
    if (status == ACTIV_OK)
        status = write_file(&w);
    activ_host_free(&w.host, w.header, w.header_bytes);
    activ_host_free(&w.host, w.order, count * sizeof *w.order);
    activ_host_free(&w.host, w.by_key, texts * sizeof *w.by_key);
    return status == ACTIV_OK ? status : activ_host_fail(&w.host, message, status, w.message.text);
}
