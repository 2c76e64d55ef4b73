/* Reads safetensors: u64 header length | header, a JSON object | data. Files are untrusted: everything is checked
 * before it is used. https://github.com/huggingface/safetensors describes the format. */
#include "activ/checkpoint.h"

#include <stdint.h>
#include <string.h>

#include "base/checked.h"
#include "base/host.h"
#include "base/sized.h"
#include "base/sort.h"
#include "base/text.h"
#include "checkpoint/file.h"
#include "checkpoint/json.h"
#include "checkpoint/safetensors.h"
#include "context/context.h"

#if defined(__BYTE_ORDER__) && __BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__
#    error "the data of safetensors is little-endian, and is handed out as it is in the file"
#endif

const activ_safetensors_type activ_safetensors_types[] = {
    { "U64", 64, 0 },
    { "I64", 64, ACTIV_INT64 },
    { "F64", 64, ACTIV_FLOAT64 },
    { "C64", 64, 0 },
    { "F32", 32, ACTIV_FLOAT32 },
    { "U32", 32, 0 },
    { "I32", 32, ACTIV_INT32 },
    { "BF16", 16, ACTIV_BFLOAT16 },
    { "F16", 16, ACTIV_FLOAT16 },
    { "U16", 16, 0 },
    { "I16", 16, 0 },
    { "BOOL", 8, 0 },
    { "U8", 8, ACTIV_UINT8 },
    { "I8", 8, 0 },
    { "F8_E5M2", 8, 0 },
    { "F8_E4M3", 8, 0 },
    { "F8_E8M0", 8, 0 },
    { "F8_E4M3FNUZ", 8, 0 },
    { "F8_E5M2FNUZ", 8, 0 },
    { "F6_E2M3", 6, 0 },
    { "F6_E3M2", 6, 0 },
    { "F4", 4, 0 },
};
const size_t activ_safetensors_type_count = sizeof activ_safetensors_types / sizeof activ_safetensors_types[0];

/* Names, keys and values point into the header, where they were decoded. */
typedef struct record {
    const char *name;
    const activ_safetensors_type *type;
    size_t ndim;
    size_t shape[ACTIV_MAX_DIMS];
    size_t begin, end; /* in the data */
} record;

typedef struct pair {
    const char *key;
    const char *value;
} pair;

struct activ_safetensors {
    activ_host host;
    char *header;
    size_t header_bytes;
    unsigned char *data;
    size_t data_bytes;

    record *records; /* in the header's order */
    size_t count, capacity;
    size_t *by_data; /* indices of records, sorted */
    size_t *by_name;

    pair *pairs;
    size_t pair_count, pair_capacity;
    size_t *by_key;
};

/* ---- shared with the writer ------------------------------------------------------------------ */

void activ_safetensors_start_message(activ_message *message, const char *path, activ_text *text)
{
    size_t length = strlen(path), max_length = 200;
    activ_text_start(text, message->text, sizeof message->text);
    if (length > max_length) {
        activ_text_add(text, "...");
        path += length - max_length;
    }
    activ_text_add(text, path);
    activ_text_add(text, ": ");
}

/* ---- the state of a reader, and its messages ------------------------------------------------- */

typedef struct reader {
    activ_safetensors *file;
    activ_json json;
    const char *path;
    activ_message *message;
    const char *kind; /* what is being read: "tensor", "metadata"; NULL outside of them */
    const char *name; /* ... and its name, which may contain zero bytes */
    size_t length;
} reader;

static void start_message(const reader *r, activ_text *text)
{
    activ_safetensors_start_message(r->message, r->path, text);
    if (r->kind) {
        activ_text_add(text, r->kind);
        activ_text_add(text, " ");
        activ_text_add_quoted(text, r->name, r->length);
        activ_text_add(text, ": ");
    }
}

static activ_status fail(const reader *r, activ_status status, const char *what)
{
    activ_text text;
    start_message(r, &text);
    activ_text_add(&text, what);
    return status;
}

static activ_status fail_memory(const reader *r)
{
    return fail(r, ACTIV_ERROR_OUT_OF_MEMORY, "out of memory");
}

/* The header is no JSON, or not the JSON that is expected here. */
static activ_status fail_json(const reader *r)
{
    activ_text text;
    start_message(r, &text);
    activ_text_add(&text, "byte ");
    activ_text_add_size(&text, (size_t)(r->json.at - r->json.start));
    activ_text_add(&text, " of the header: ");
    activ_text_add(&text, r->json.reason);
    return ACTIV_ERROR_FORMAT;
}

static void set_subject(reader *r, const char *kind, const char *name, size_t length)
{
    r->kind = kind;
    r->name = name;
    r->length = length;
}

static void set_subject_record(reader *r, const record *tensor)
{
    set_subject(r, "tensor", tensor->name, strlen(tensor->name));
}

/* ---- the header ------------------------------------------------------------------------------ */

static int equals(const char *text, size_t length, const char *word)
{
    return length == strlen(word) && memcmp(text, word, length) == 0;
}

static activ_status read_metadata(reader *r)
{
    activ_safetensors *file = r->file;
    activ_json *json = &r->json;
    char *key, *value;
    size_t key_length, value_length;
    int first = 1, more;

    if (!activ_json_expect(json, '{'))
        return fail_json(r);
    while ((more = activ_json_next(json, '}', &first)) > 0) {
        if (!activ_json_string(json, &key, &key_length))
            return fail_json(r);
        set_subject(r, "metadata", key, key_length);
        if (!activ_json_expect(json, ':') || !activ_json_string(json, &value, &value_length))
            return fail_json(r);
        if (memchr(key, '\0', key_length) || memchr(value, '\0', value_length))
            return fail(r, ACTIV_ERROR_UNSUPPORTED, "a zero byte in metadata is not supported");
        if (file->pair_count == ACTIV_SAFETENSORS_MAX_ENTRIES)
            return fail(r, ACTIV_ERROR_UNSUPPORTED, "more than 2^19 texts in metadata are not supported");
        if (file->pair_count == file->pair_capacity) {
            pair *pairs =
                activ_host_grow(&file->host, file->pairs, file->pair_count, &file->pair_capacity, sizeof *pairs);
            if (!pairs)
                return fail_memory(r);
            file->pairs = pairs;
        }
        file->pairs[file->pair_count++] = (pair){ key, value };
    }
    return more < 0 ? fail_json(r) : ACTIV_OK;
}

static activ_status read_dtype(reader *r, record *tensor)
{
    char *name;
    size_t length;
    if (!activ_json_string(&r->json, &name, &length))
        return fail_json(r);
    for (size_t i = 0; i < activ_safetensors_type_count; i++) {
        if (equals(name, length, activ_safetensors_types[i].name)) {
            tensor->type = &activ_safetensors_types[i];
            return ACTIV_OK;
        }
    }
    activ_text text;
    start_message(r, &text);
    activ_text_add(&text, "unknown dtype ");
    activ_text_add_quoted(&text, name, length);
    return ACTIV_ERROR_FORMAT;
}

static activ_status read_shape(reader *r, record *tensor)
{
    activ_json *json = &r->json;
    int first = 1, more;
    if (!activ_json_expect(json, '['))
        return fail_json(r);
    while ((more = activ_json_next(json, ']', &first)) > 0) {
        size_t dim;
        if (!activ_json_size(json, &dim))
            return fail_json(r);
        if (tensor->ndim == ACTIV_MAX_DIMS) {
            activ_text text;
            start_message(r, &text);
            activ_text_add(&text, "more than ");
            activ_text_add_size(&text, ACTIV_MAX_DIMS);
            activ_text_add(&text, " dimensions are not supported");
            return ACTIV_ERROR_UNSUPPORTED;
        }
        tensor->shape[tensor->ndim++] = dim;
    }
    return more < 0 ? fail_json(r) : ACTIV_OK;
}

static activ_status read_offsets(reader *r, record *tensor)
{
    activ_json *json = &r->json;
    size_t offsets[2], count = 0;
    int first = 1, more;
    if (!activ_json_expect(json, '['))
        return fail_json(r);
    while ((more = activ_json_next(json, ']', &first)) > 0) {
        if (count == 2)
            return fail(r, ACTIV_ERROR_FORMAT, "data_offsets has to hold two numbers, not more");
        if (!activ_json_size(json, &offsets[count++]))
            return fail_json(r);
    }
    if (more < 0)
        return fail_json(r);
    if (count != 2)
        return fail(r, ACTIV_ERROR_FORMAT, "data_offsets has to hold two numbers");
    tensor->begin = offsets[0];
    tensor->end = offsets[1];
    return ACTIV_OK;
}

/* Are type, shape, offsets and size of the data consistent? */
static activ_status check_size(const reader *r, const record *tensor)
{
    size_t count, bytes, bits = tensor->type->bits;
    activ_text text;
    /* Eight elements fill whole bytes, whatever their width. */
    if (!activ_checked_count(tensor->ndim, tensor->shape, &count) || !activ_checked_mul(count / 8, bits, &bytes) ||
        !activ_checked_add(bytes, count % 8 * bits / 8, &bytes))
        return fail(r, ACTIV_ERROR_FORMAT, "the size of its shape overflows");
    if (tensor->begin > tensor->end)
        return fail(r, ACTIV_ERROR_FORMAT, "data_offsets end before they begin");
    if (tensor->end > r->file->data_bytes) {
        start_message(r, &text);
        activ_text_add(&text, "data_offsets end at ");
        activ_text_add_size(&text, tensor->end);
        activ_text_add(&text, ", beyond the data, which ends at ");
        activ_text_add_size(&text, r->file->data_bytes);
        return ACTIV_ERROR_FORMAT;
    }
    if (count % 8 * bits % 8 != 0)
        return fail(r, ACTIV_ERROR_FORMAT, "its elements do not fill whole bytes");
    if (tensor->end - tensor->begin != bytes) {
        start_message(r, &text);
        activ_text_add(&text, tensor->type->name);
        activ_text_add(&text, " ");
        activ_text_add_shape(&text, tensor->ndim, tensor->shape);
        activ_text_add(&text, " takes ");
        activ_text_add_size(&text, bytes);
        activ_text_add(&text, " bytes, its data_offsets hold ");
        activ_text_add_size(&text, tensor->end - tensor->begin);
        return ACTIV_ERROR_FORMAT;
    }
    if (bits < 8)
        return fail(r, ACTIV_ERROR_UNSUPPORTED, "types of less than 8 bits are not supported");
    return ACTIV_OK;
}

static activ_status read_tensor(reader *r, char *name, size_t length)
{
    activ_safetensors *file = r->file;
    activ_json *json = &r->json;
    static const struct {
        const char *name;
        activ_status (*read)(reader *, record *);
    } fields[] = { { "dtype", read_dtype }, { "shape", read_shape }, { "data_offsets", read_offsets } };
    enum { FIELDS = sizeof fields / sizeof fields[0] };
    record tensor = { .name = name };
    int seen[FIELDS] = { 0 }, first = 1, more;
    activ_status status;
    activ_text text;

    set_subject(r, "tensor", name, length);
    if (memchr(name, '\0', length))
        return fail(r, ACTIV_ERROR_UNSUPPORTED, "a zero byte in a name is not supported");
    if (!activ_json_expect(json, '{'))
        return fail_json(r);
    while ((more = activ_json_next(json, '}', &first)) > 0) {
        char *key;
        size_t key_length, i;
        if (!activ_json_string(json, &key, &key_length))
            return fail_json(r);
        for (i = 0; i < FIELDS && !equals(key, key_length, fields[i].name); i++)
            ;
        if (i == FIELDS || seen[i]) {
            start_message(r, &text);
            activ_text_add(&text, i == FIELDS ? "unknown field " : "duplicate field ");
            activ_text_add_quoted(&text, key, key_length);
            return ACTIV_ERROR_FORMAT;
        }
        seen[i] = 1;
        if (!activ_json_expect(json, ':'))
            return fail_json(r);
        status = fields[i].read(r, &tensor);
        if (status != ACTIV_OK)
            return status;
    }
    if (more < 0)
        return fail_json(r);
    for (size_t i = 0; i < FIELDS; i++) {
        if (!seen[i]) {
            start_message(r, &text);
            activ_text_add(&text, "no ");
            activ_text_add(&text, fields[i].name);
            return ACTIV_ERROR_FORMAT;
        }
    }
    status = check_size(r, &tensor);
    if (status != ACTIV_OK)
        return status;

    if (file->count == ACTIV_SAFETENSORS_MAX_ENTRIES)
        return fail(r, ACTIV_ERROR_UNSUPPORTED, "more than 2^19 tensors are not supported");
    if (file->count == file->capacity) {
        record *records = activ_host_grow(&file->host, file->records, file->count, &file->capacity, sizeof *records);
        if (!records)
            return fail_memory(r);
        file->records = records;
    }
    file->records[file->count++] = tensor;
    return ACTIV_OK;
}

static activ_status read_header(reader *r)
{
    activ_safetensors *file = r->file;
    activ_json *json = &r->json;
    int first = 1, more, metadata = 0;

    size_t valid = activ_utf8_check(file->header, file->header_bytes);
    activ_json_start(json, file->header, file->header_bytes);
    if (valid != file->header_bytes) {
        json->at = file->header + valid;
        json->reason = "not UTF-8";
        return fail_json(r);
    }
    if (!activ_json_expect(json, '{'))
        return fail_json(r);
    while ((more = activ_json_next(json, '}', &first)) > 0) {
        char *key;
        size_t length;
        activ_status status;
        if (!activ_json_string(json, &key, &length) || !activ_json_expect(json, ':'))
            return fail_json(r);
        set_subject(r, "key", key, length);
        if (!equals(key, length, ACTIV_SAFETENSORS_METADATA))
            status = read_tensor(r, key, length);
        else if (metadata++)
            status = fail(r, ACTIV_ERROR_FORMAT, "a duplicate: the key is used twice");
        else
            status = read_metadata(r);
        if (status != ACTIV_OK)
            return status;
        set_subject(r, NULL, NULL, 0);
    }
    return more < 0 || !activ_json_end(json) ? fail_json(r) : ACTIV_OK;
}

/* ---- whole file: duplicates, overlaps, gaps -------------------------------------------------------- */

static const char *name_of(const void *user, size_t i)
{
    return ((const activ_safetensors *)user)->records[i].name;
}

static const char *key_of(const void *user, size_t i)
{
    return ((const activ_safetensors *)user)->pairs[i].key;
}

static uint64_t begin_of(const void *user, size_t i)
{
    return ((const activ_safetensors *)user)->records[i].begin;
}

static uint64_t end_of(const void *user, size_t i)
{
    return ((const activ_safetensors *)user)->records[i].end;
}

static activ_status check_names(reader *r)
{
    activ_safetensors *file = r->file;
    if (file->count > 0) {
        const size_t bytes = file->count * sizeof *file->by_name;
        file->by_name = activ_sort_names(&file->host, file->count, name_of, file);
        file->by_data = file->by_name ? activ_host_alloc_raw(&file->host, bytes) : NULL;
        if (!file->by_data)
            return fail_memory(r);
        /* By the beginning, then the end, then the name. */
        memcpy(file->by_data, file->by_name, bytes);
        if (!activ_sort_numbers(&file->host, file->count, file->by_data, end_of, file) ||
            !activ_sort_numbers(&file->host, file->count, file->by_data, begin_of, file))
            return fail_memory(r);
    }
    if (file->pair_count > 0) {
        file->by_key = activ_sort_names(&file->host, file->pair_count, key_of, file);
        if (!file->by_key)
            return fail_memory(r);
    }
    size_t same = activ_find_duplicate(file->by_name, file->count, name_of, file);
    if (same < file->count) {
        set_subject_record(r, &file->records[file->by_name[same]]);
        return fail(r, ACTIV_ERROR_FORMAT, "a duplicate: the name is used twice");
    }
    same = activ_find_duplicate(file->by_key, file->pair_count, key_of, file);
    if (same < file->pair_count) {
        const char *key = file->pairs[file->by_key[same]].key;
        set_subject(r, "metadata", key, strlen(key));
        return fail(r, ACTIV_ERROR_FORMAT, "a duplicate: the key is used twice");
    }
    return ACTIV_OK;
}

/* Every byte of the data belongs to exactly one tensor. */
static activ_status check_layout(reader *r)
{
    const activ_safetensors *file = r->file;
    activ_text text;
    size_t end = 0;
    for (size_t i = 0; i < file->count; i++) {
        const record *tensor = &file->records[file->by_data[i]];
        if (tensor->begin != end) {
            set_subject_record(r, tensor);
            start_message(r, &text);
            activ_text_add(&text, tensor->begin > end ? "a gap" : "an overlap");
            activ_text_add(&text, ": its data begins at ");
            activ_text_add_size(&text, tensor->begin);
            activ_text_add(&text, ", what comes before ends at ");
            activ_text_add_size(&text, end);
            return ACTIV_ERROR_FORMAT;
        }
        end = tensor->end;
    }
    if (end != file->data_bytes) {
        start_message(r, &text);
        activ_text_add_size(&text, file->data_bytes - end);
        activ_text_add(&text, " bytes of data that belong to no tensor follow the last one");
        return ACTIV_ERROR_FORMAT;
    }
    return ACTIV_OK;
}

/* ---- opening --------------------------------------------------------------------------------------- */

/* The input: a file, or memory. */
typedef struct source {
    activ_file *file; /* NULL: memory */
    const unsigned char *bytes;
    size_t size;
} source;

static activ_status read_bytes(const reader *r, source *from, void *to, size_t count)
{
    if (from->file) {
        if (!activ_file_read(from->file, to, count))
            return fail(r, ACTIV_ERROR_IO, from->file->reason);
    } else if (count > 0) {
        memcpy(to, from->bytes, count);
        from->bytes += count;
    }
    return ACTIV_OK;
}

static activ_status load(reader *r, source *from)
{
    activ_safetensors *file = r->file;
    unsigned char prefix[8];
    uint64_t length = 0;
    activ_status status;
    activ_text text;

    if (from->size < sizeof prefix)
        return fail(r, ACTIV_ERROR_FORMAT, "too short: the length of the header takes 8 bytes");
    status = read_bytes(r, from, prefix, sizeof prefix);
    if (status != ACTIV_OK)
        return status;
    for (int i = 8; i-- > 0;)
        length = length << 8 | prefix[i];
    if (length > ACTIV_SAFETENSORS_MAX_HEADER)
        return fail(r, ACTIV_ERROR_FORMAT, "the header claims to be larger than 100000000 bytes");
    if (length > from->size - sizeof prefix) {
        start_message(r, &text);
        activ_text_add(&text, "truncated: the header claims ");
        activ_text_add_size(&text, (size_t)length);
        activ_text_add(&text, " bytes, the file has ");
        activ_text_add_size(&text, from->size - sizeof prefix);
        return ACTIV_ERROR_FORMAT;
    }
    if (length == 0)
        return fail(r, ACTIV_ERROR_FORMAT, "the header is empty");

    file->header_bytes = (size_t)length;
    file->data_bytes = from->size - sizeof prefix - file->header_bytes;
    file->header = activ_host_alloc_raw(&file->host, file->header_bytes);
    if (!file->header)
        return fail_memory(r);
    status = read_bytes(r, from, file->header, file->header_bytes);
    if (status == ACTIV_OK)
        status = read_header(r);
    if (status == ACTIV_OK)
        status = check_names(r);
    if (status == ACTIV_OK)
        status = check_layout(r);
    if (status != ACTIV_OK || file->data_bytes == 0)
        return status;

    file->data = activ_host_alloc_raw(&file->host, file->data_bytes);
    if (!file->data)
        return fail_memory(r);
    return read_bytes(r, from, file->data, file->data_bytes);
}

static activ_status open_source(const activ_host *host, const char *path, source *from, activ_safetensors **out,
                                activ_message *message)
{
    reader r = { .path = path, .message = message };
    r.file = activ_host_alloc(host, sizeof *r.file);
    if (!r.file)
        return fail_memory(&r);
    r.file->host = *host;
    activ_status status = load(&r, from);
    if (status == ACTIV_OK)
        *out = r.file;
    else
        activ_safetensors_close(r.file);
    return status;
}

static activ_status fail_unless_ok(const activ_host *host, activ_status status, const activ_message *own,
                                   activ_message *callers)
{
    return status == ACTIV_OK ? status : activ_host_fail(host, callers, status, own->text);
}

activ_status activ_safetensors_open(const activ_context *context, const char *path, activ_safetensors **out,
                                    activ_message *message)
{
    activ_host host;
    activ_message own;
    activ_file file;
    activ_status status;

    activ_host_of(context, &host);
    if (!path || !out)
        return activ_host_fail(&host, message, ACTIV_ERROR_INVALID, "safetensors: the path of a file, or out, is NULL");
    if (!activ_file_open(&file, path)) {
        activ_text text;
        activ_safetensors_start_message(&own, path, &text);
        activ_text_add(&text, file.reason);
        return fail_unless_ok(&host, ACTIV_ERROR_IO, &own, message);
    }
    source from = { .file = &file, .size = file.size };
    status = open_source(&host, path, &from, out, &own);
    activ_file_close(&file);
    return fail_unless_ok(&host, status, &own, message);
}

activ_status activ_safetensors_open_memory(const activ_context *context, const void *bytes, size_t count,
                                           activ_safetensors **out, activ_message *message)
{
    activ_host host;
    activ_message own;

    activ_host_of(context, &host);
    if ((!bytes && count > 0) || !out)
        return activ_host_fail(&host, message, ACTIV_ERROR_INVALID,
                               "safetensors: the bytes of a file, or out, are NULL");
    source from = { .bytes = bytes, .size = count };
    activ_status status = open_source(&host, "safetensors in memory", &from, out, &own);
    return fail_unless_ok(&host, status, &own, message);
}

void activ_safetensors_close(activ_safetensors *file)
{
    if (!file)
        return;
    activ_host host = file->host;
    activ_host_free(&host, file->by_data, file->count * sizeof *file->by_data);
    activ_host_free(&host, file->by_name, file->count * sizeof *file->by_name);
    activ_host_free(&host, file->by_key, file->pair_count * sizeof *file->by_key);
    activ_host_free(&host, file->records, file->capacity * sizeof *file->records);
    activ_host_free(&host, file->pairs, file->pair_capacity * sizeof *file->pairs);
    activ_host_free(&host, file->header, file->header_bytes);
    activ_host_free(&host, file->data, file->data_bytes);
    activ_host_free(&host, file, sizeof *file);
}

/* ---- queries --------------------------------------------------------------------------------------- */

size_t activ_safetensors_count(const activ_safetensors *file)
{
    return file ? file->count : 0;
}

static activ_status fill_entry(const activ_safetensors *file, const record *tensor, activ_safetensors_entry *entry)
{
    activ_safetensors_entry own = {
        .name = tensor->name,
        .dtype = tensor->type->dtype,
        .dtype_name = tensor->type->name,
        .ndim = tensor->ndim,
        .shape = tensor->shape,
        .data = file->data ? file->data + tensor->begin : NULL,
        .bytes = tensor->end - tensor->begin,
    };
    return activ_sized_write(&own, sizeof own, entry);
}

activ_status activ_safetensors_at(const activ_safetensors *file, size_t index, activ_safetensors_entry *entry)
{
    if (!file || !entry)
        return ACTIV_ERROR_INVALID;
    if (index >= file->count)
        return ACTIV_ERROR_RANGE;
    return fill_entry(file, &file->records[file->by_data[index]], entry);
}

activ_status activ_safetensors_find(const activ_safetensors *file, const char *name, activ_safetensors_entry *entry)
{
    if (!file || !name || !entry)
        return ACTIV_ERROR_INVALID;
    const size_t at = activ_find_name(file->by_name, file->count, name_of, file, name);
    if (at < file->count)
        return fill_entry(file, &file->records[file->by_name[at]], entry);
    return ACTIV_ERROR_UNKNOWN_NAME;
}

const char *activ_safetensors_metadata(const activ_safetensors *file, const char *key)
{
    if (!file || !key)
        return NULL;
    const size_t at = activ_find_name(file->by_key, file->pair_count, key_of, file, key);
    return at < file->pair_count ? file->pairs[file->by_key[at]].value : NULL;
}

const char *activ_safetensors_metadata_key(const activ_safetensors *file, size_t index)
{
    return file && index < file->pair_count ? file->pairs[file->by_key[index]].key : NULL;
}
