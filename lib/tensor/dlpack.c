/* Tensors to and from DLPack. The layouts are those of its version 1.1 (dlpack.h), and checked below: the public header
 * needs none of them, and a host may have dlpack.h of any version. */
#include <stddef.h>
#include <string.h>

#include "base/checked.h"
#include "base/host.h"
#include "base/text.h"
#include "tensor/tensor.h"

enum { DEVICE_CPU = 1, VERSION_MAJOR = 1, VERSION_MINOR = 0 };

/* Kinds of types. */
enum { KIND_INT = 0, KIND_UINT = 1, KIND_FLOAT = 2, KIND_BFLOAT = 4 };

#define FLAG_READ_ONLY ((uint64_t)1)

typedef struct dl_tensor {
    void *data;
    int32_t device_type, device_id;
    int32_t ndim;
    uint8_t kind, bits; /* the type */
    uint16_t lanes;
    int64_t *shape;
    int64_t *strides; /* NULL: row-major */
    uint64_t byte_offset;
} dl_tensor;

struct DLManagedTensor {
    dl_tensor tensor;
    void *user;
    void (*deleter)(struct DLManagedTensor *self);
};

struct DLManagedTensorVersioned {
    uint32_t major, minor;
    void *user;
    void (*deleter)(struct DLManagedTensorVersioned *self);
    uint64_t flags;
    dl_tensor tensor;
};

#if UINTPTR_MAX == UINT64_MAX
_Static_assert(sizeof(dl_tensor) == 48 && offsetof(dl_tensor, kind) == 20 && offsetof(dl_tensor, byte_offset) == 40,
               "DLTensor");
_Static_assert(sizeof(struct DLManagedTensor) == 64 && offsetof(struct DLManagedTensor, deleter) == 56,
               "DLManagedTensor");
_Static_assert(sizeof(struct DLManagedTensorVersioned) == 80 && offsetof(struct DLManagedTensorVersioned, flags) == 24,
               "DLManagedTensorVersioned");
#endif

/* ---- types ------------------------------------------------------------------------------------------- */

static const struct {
    activ_dtype dtype;
    uint8_t kind, bits;
} types[] = {
    { ACTIV_FLOAT32, KIND_FLOAT, 32 },   { ACTIV_FLOAT64, KIND_FLOAT, 64 }, { ACTIV_FLOAT16, KIND_FLOAT, 16 },
    { ACTIV_BFLOAT16, KIND_BFLOAT, 16 }, { ACTIV_INT32, KIND_INT, 32 },     { ACTIV_INT64, KIND_INT, 64 },
    { ACTIV_UINT8, KIND_UINT, 8 },
};

static activ_dtype dtype_of(const dl_tensor *t)
{
    for (size_t i = 0; i < sizeof types / sizeof types[0]; i++)
        if (types[i].kind == t->kind && types[i].bits == t->bits && t->lanes == 1)
            return types[i].dtype;
    return 0;
}

/* ---- from DLPack ------------------------------------------------------------------------------------- */

/* "DLPack: WHAT NUMBER" and what follows it. */
static activ_status fail_number(const activ_host *host, activ_message *message, activ_status status, const char *what,
                                uint64_t number, const char *rest)
{
    char reason[160];
    activ_text text;
    activ_text_start(&text, reason, sizeof reason);
    activ_text_add(&text, what);
    activ_text_add_u64(&text, number);
    activ_text_add(&text, rest);
    return activ_host_fail(host, message, status, "DLPack: ", reason);
}

/* tensor: what was given; if it is not NULL, `out` is. host: NULL if none is known. */
static activ_status fail_null(const activ_host *host, const void *tensor, activ_message *message)
{
    activ_host defaults;
    activ_host_of(NULL, &defaults);
    return activ_host_fail(host ? host : &defaults, message, ACTIV_ERROR_INVALID,
                           "DLPack: ", tensor ? "out" : "the tensor", " is NULL");
}

static activ_status fail_type(const activ_host *host, const dl_tensor *t, activ_message *message)
{
    static const char *const kinds[] = { "int", "uint", "float", "opaque", "bfloat", "complex", "bool" };
    char reason[160];
    activ_text text;
    activ_text_start(&text, reason, sizeof reason);
    if (t->kind < sizeof kinds / sizeof kinds[0]) {
        activ_text_add(&text, kinds[t->kind]);
    } else {
        activ_text_add(&text, "number ");
        activ_text_add_u64(&text, t->kind);
        activ_text_add(&text, " of bits: ");
    }
    activ_text_add_u64(&text, t->bits);
    if (t->lanes != 1) {
        activ_text_add(&text, " with lanes: ");
        activ_text_add_u64(&text, t->lanes);
    }
    return activ_host_fail(host, message, ACTIV_ERROR_UNSUPPORTED, "DLPack: elements of type ", reason,
                           ", which is none of float16, bfloat16, float32, float64, int32, int64, uint8");
}

/* Sizes and strides as ours. */
static activ_status read_dims(const activ_host *host, const dl_tensor *t, size_t *shape, size_t *strides,
                              activ_message *message)
{
    if (t->ndim < 0 || t->ndim > ACTIV_MAX_DIMS)
        return activ_host_fail(host, message, ACTIV_ERROR_RANGE,
                               "DLPack: ", t->ndim < 0 ? "a negative number of dimensions" : "more than 8 dimensions");
    if (t->ndim > 0 && !t->shape)
        return activ_host_fail(host, message, ACTIV_ERROR_INVALID, "DLPack: the shape is NULL");
    int is_empty = 0;
    for (int32_t i = 0; i < t->ndim; i++) {
        if (t->shape[i] < 0 || (uint64_t)t->shape[i] > SIZE_MAX)
            return fail_number(host, message, ACTIV_ERROR_RANGE, "the size of dimension ", (uint64_t)i,
                               t->shape[i] < 0 ? " is negative" : " overflows");
        shape[i] = (size_t)t->shape[i];
        is_empty |= shape[i] == 0;
    }
    for (int32_t i = 0; t->strides && i < t->ndim; i++) {
        /* That of a dimension of size 1, or where there is no element, is never used, and may be anything. */
        const int is_used = !is_empty && shape[i] > 1;
        if (is_used && t->strides[i] < 0)
            return fail_number(host, message, ACTIV_ERROR_UNSUPPORTED, "the stride of dimension ", (uint64_t)i,
                               " is negative");
        if (is_used && (uint64_t)t->strides[i] > SIZE_MAX)
            return fail_number(host, message, ACTIV_ERROR_RANGE, "the stride of dimension ", (uint64_t)i, " overflows");
        strides[i] = is_used ? (size_t)t->strides[i] : 0;
    }
    return ACTIV_OK;
}

/* owner: the managed tensor that t is of, whom `release` tells. */
static activ_status import(const activ_host *host, const dl_tensor *t, int is_read_only, void *owner,
                           void (*release)(void *owner), activ_tensor **out, activ_message *message)
{
    size_t shape[ACTIV_MAX_DIMS] = { 0 }, strides[ACTIV_MAX_DIMS] = { 0 }, last;
    if (t->device_type != DEVICE_CPU)
        return fail_number(host, message, ACTIV_ERROR_UNSUPPORTED, "memory of a device of type ",
                           (uint32_t)t->device_type, ", which is not the CPU");
    const activ_dtype dtype = dtype_of(t);
    if (dtype == 0)
        return fail_type(host, t, message);
    activ_status status = read_dims(host, t, shape, strides, message);
    if (status != ACTIV_OK)
        return status;
    activ_tensor *tensor = NULL;
    status = activ_tensor_make(host, dtype, (size_t)t->ndim, shape, t->strides ? strides : NULL, &tensor, message);
    if (status != ACTIV_OK)
        return status;
    if (tensor->count > 0 && !t->data)
        status = activ_host_fail(host, message, ACTIV_ERROR_INVALID, "DLPack: the data is NULL");
    else if (t->byte_offset > SIZE_MAX || !activ_checked_add((size_t)(uintptr_t)t->data, (size_t)t->byte_offset, &last))
        status = activ_host_fail(host, message, ACTIV_ERROR_RANGE, "DLPack: the offset of the data overflows");
    if (status != ACTIV_OK) {
        activ_tensor_destroy(tensor);
        return status;
    }
    tensor->data = t->data ? (char *)t->data + t->byte_offset : NULL;
    tensor->is_read_only = is_read_only;
    tensor->release = release;
    tensor->foreign = owner;
    *out = tensor;
    return ACTIV_OK;
}

static void release_legacy(void *foreign)
{
    struct DLManagedTensor *managed = foreign;
    if (managed->deleter)
        managed->deleter(managed);
}

static void release_versioned(void *foreign)
{
    struct DLManagedTensorVersioned *managed = foreign;
    if (managed->deleter)
        managed->deleter(managed);
}

activ_status activ_tensor_from_dlpack(const activ_context *context, struct DLManagedTensor *managed, activ_tensor **out,
                                      activ_message *message)
{
    activ_host host;
    activ_host_of(context, &host);
    if (!managed || !out)
        return fail_null(&host, managed, message);
    return import(&host, &managed->tensor, 0, managed, release_legacy, out, message);
}

activ_status activ_tensor_from_dlpack_versioned(const activ_context *context, struct DLManagedTensorVersioned *managed,
                                                activ_tensor **out, activ_message *message)
{
    activ_host host;
    activ_host_of(context, &host);
    if (!managed || !out)
        return fail_null(&host, managed, message);
    if (managed->major != VERSION_MAJOR)
        return fail_number(&host, message, ACTIV_ERROR_UNSUPPORTED, "major version ", managed->major,
                           ", which is not 1");
    const int is_read_only = (managed->flags & FLAG_READ_ONLY) != 0;
    return import(&host, &managed->tensor, is_read_only, managed, release_versioned, out, message);
}

/* ---- to DLPack --------------------------------------------------------------------------------------- */

/* What the consumer gets, with the arrays that it points to. */
typedef struct exported {
    union {
        struct DLManagedTensor legacy;
        struct DLManagedTensorVersioned versioned;
    } managed;
    int64_t shape[ACTIV_MAX_DIMS], strides[ACTIV_MAX_DIMS];
    activ_tensor *tensor;
} exported;

static void give_back(exported *e)
{
    activ_tensor *tensor = e->tensor;
    activ_host_free(&tensor->host, e, sizeof *e);
    activ_tensor_destroy(tensor);
}

static void delete_legacy(struct DLManagedTensor *self)
{
    if (self)
        give_back(self->user);
}

static void delete_versioned(struct DLManagedTensorVersioned *self)
{
    if (self)
        give_back(self->user);
}

static int is_int64(uint64_t count)
{
    return count <= INT64_MAX;
}

static activ_status make_exported(activ_tensor *tensor, exported **out, activ_message *message)
{
    for (size_t i = 0; i < tensor->ndim; i++)
        if (!is_int64(tensor->shape[i]) || !is_int64(tensor->strides[i]))
            return fail_number(&tensor->host, message, ACTIV_ERROR_RANGE, "the size or stride of dimension ", i,
                               " overflows");
    exported *e = activ_host_alloc(&tensor->host, sizeof *e);
    if (!e)
        return activ_host_fail(&tensor->host, message, ACTIV_ERROR_OUT_OF_MEMORY, "DLPack: no memory");
    for (size_t i = 0; i < tensor->ndim; i++) {
        e->shape[i] = (int64_t)tensor->shape[i];
        e->strides[i] = (int64_t)tensor->strides[i];
    }
    e->tensor = tensor;
    activ_tensor_retain(tensor);
    *out = e;
    return ACTIV_OK;
}

static void fill(exported *e, dl_tensor *to)
{
    const activ_tensor *t = e->tensor;
    to->data = t->count > 0 ? t->data : NULL;
    to->device_type = DEVICE_CPU;
    to->ndim = (int32_t)t->ndim;
    to->lanes = 1;
    to->shape = e->shape;
    to->strides = e->strides;
    for (size_t i = 0; i < sizeof types / sizeof types[0]; i++)
        if (types[i].dtype == t->dtype) {
            to->kind = types[i].kind;
            to->bits = types[i].bits;
        }
}

activ_status activ_tensor_to_dlpack(activ_tensor *tensor, struct DLManagedTensor **out, activ_message *message)
{
    exported *e = NULL;
    if (!tensor || !out)
        return fail_null(tensor ? &tensor->host : NULL, tensor, message);
    if (tensor->is_read_only)
        return activ_host_fail(&tensor->host, message, ACTIV_ERROR_STATE,
                               "DLPack: the tensor is read-only, which versions before 1.0 cannot say");
    activ_status status = make_exported(tensor, &e, message);
    if (status != ACTIV_OK)
        return status;
    fill(e, &e->managed.legacy.tensor);
    e->managed.legacy.user = e;
    e->managed.legacy.deleter = delete_legacy;
    *out = &e->managed.legacy;
    return ACTIV_OK;
}

activ_status activ_tensor_to_dlpack_versioned(activ_tensor *tensor, struct DLManagedTensorVersioned **out,
                                              activ_message *message)
{
    exported *e = NULL;
    if (!tensor || !out)
        return fail_null(tensor ? &tensor->host : NULL, tensor, message);
    activ_status status = make_exported(tensor, &e, message);
    if (status != ACTIV_OK)
        return status;
    fill(e, &e->managed.versioned.tensor);
    e->managed.versioned.major = VERSION_MAJOR;
    e->managed.versioned.minor = VERSION_MINOR;
    e->managed.versioned.flags = tensor->is_read_only ? FLAG_READ_ONLY : 0;
    e->managed.versioned.user = e;
    e->managed.versioned.deleter = delete_versioned;
    *out = &e->managed.versioned;
    return ACTIV_OK;
}
