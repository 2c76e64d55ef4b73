/* Tensors: shape, strides and a pointer; with or without memory of their own. */
#include "tensor/tensor.h"

#include <string.h>

#include "base/checked.h"
#include "base/host.h"
#include "base/text.h"

_Static_assert(ACTIV_MAX_DIMS == 8, "a message says 8");

activ_status activ_tensor_make(const activ_host *host, activ_dtype dtype, size_t ndim, const size_t *shape,
                               const size_t *strides, activ_tensor **out, activ_message *message)
{
    if (!out || (ndim > 0 && !shape))
        return activ_host_fail(host, message, ACTIV_ERROR_INVALID, "tensor: ", out ? "the shape" : "out", " is NULL");
    if (activ_dtype_size(dtype) == 0)
        return activ_host_fail(host, message, ACTIV_ERROR_UNSUPPORTED, "tensor: unknown type of elements");
    if (ndim > ACTIV_MAX_DIMS)
        return activ_host_fail(host, message, ACTIV_ERROR_RANGE, "tensor: more than 8 dimensions");
    size_t count, bytes, stride = 1, last = 0;
    if (!activ_checked_count(ndim, shape, &count) || !activ_checked_mul(count, activ_dtype_size(dtype), &bytes))
        return activ_host_fail(host, message, ACTIV_ERROR_RANGE, "tensor: its size overflows");
    for (size_t i = 0; strides && count > 0 && i < ndim; i++) {
        size_t span;
        if (!activ_checked_mul(shape[i] - 1, strides[i], &span) || !activ_checked_add(last, span, &last) ||
            last > SIZE_MAX / activ_dtype_size(dtype) - 1)
            return activ_host_fail(host, message, ACTIV_ERROR_RANGE, "tensor: its strides overflow");
    }
    activ_tensor *t = activ_host_alloc(host, sizeof *t);
    if (!t)
        return activ_host_fail(host, message, ACTIV_ERROR_OUT_OF_MEMORY, "tensor: no memory");
    t->host = *host;
    atomic_init(&t->owners, 1);
    t->dtype = dtype;
    t->ndim = ndim;
    t->count = count;
    for (size_t i = ndim; i-- > 0;) {
        t->shape[i] = shape[i];
        t->strides[i] = strides ? strides[i] : stride;
        stride *= shape[i] > 0 ? shape[i] : 1;
    }
    *out = t;
    return ACTIV_OK;
}

activ_status activ_tensor_create(const activ_context *context, activ_dtype dtype, size_t ndim, const size_t *shape,
                                 activ_tensor **out, activ_message *message)
{
    activ_host host;
    activ_tensor *t = NULL;
    activ_host_of(context, &host);
    activ_status status = activ_tensor_make(&host, dtype, ndim, shape, NULL, out ? &t : NULL, message);
    if (status != ACTIV_OK)
        return status;
    t->owned_bytes = t->count * activ_dtype_size(dtype);
    if (t->owned_bytes > 0) {
        t->data = activ_host_alloc(&host, t->owned_bytes);
        if (!t->data) {
            activ_host_free(&host, t, sizeof *t);
            return activ_host_fail(&host, message, ACTIV_ERROR_OUT_OF_MEMORY, "tensor: no memory for its elements");
        }
    }
    *out = t;
    return ACTIV_OK;
}

activ_status activ_tensor_view(const activ_context *context, activ_dtype dtype, size_t ndim, const size_t *shape,
                               const size_t *strides, void *data, activ_tensor **out, activ_message *message)
{
    activ_host host;
    activ_tensor *t = NULL;
    activ_host_of(context, &host);
    activ_status status = activ_tensor_make(&host, dtype, ndim, shape, strides, out ? &t : NULL, message);
    if (status != ACTIV_OK)
        return status;
    if (!data && t->count > 0) {
        activ_tensor_destroy(t);
        return activ_host_fail(&host, message, ACTIV_ERROR_INVALID, "tensor: the data is NULL");
    }
    t->data = data;
    *out = t;
    return ACTIV_OK;
}

activ_status activ_tensor_view_const(const activ_context *context, activ_dtype dtype, size_t ndim, const size_t *shape,
                                     const size_t *strides, const void *data, activ_tensor **out,
                                     activ_message *message)
{
    /* No write access: activ_tensor_data of a read-only tensor is NULL. */
    activ_status status =
        activ_tensor_view(context, dtype, ndim, shape, strides, (void *)(uintptr_t)data, out, message);
    if (status == ACTIV_OK)
        (*out)->is_read_only = 1;
    return status;
}

static activ_status view_of(activ_tensor *tensor, size_t ndim, const size_t *shape, const size_t *strides, size_t first,
                            activ_tensor **out, activ_message *message)
{
    activ_tensor *t = NULL;
    activ_status status =
        activ_tensor_make(&tensor->host, tensor->dtype, ndim, shape, strides, out ? &t : NULL, message);
    if (status != ACTIV_OK)
        return status;
    t->is_read_only = tensor->is_read_only;
    t->base = tensor->base ? tensor->base : tensor;
    activ_tensor_retain(t->base);
    t->data = t->count > 0 ? (char *)tensor->data + first * activ_dtype_size(tensor->dtype) : tensor->data;
    *out = t;
    return ACTIV_OK;
}

activ_status activ_tensor_reshape(activ_tensor *tensor, size_t ndim, const size_t *shape, activ_tensor **out,
                                  activ_message *message)
{
    size_t count;
    if (!tensor)
        return activ_fail(message, ACTIV_ERROR_INVALID, "tensor: NULL cannot be reshaped");
    const int is_counted =
        out && (ndim == 0 || shape) && ndim <= ACTIV_MAX_DIMS && activ_checked_count(ndim, shape, &count);
    if (is_counted && count != tensor->count)
        return activ_host_fail(&tensor->host, message, ACTIV_ERROR_SHAPE, "tensor: another number of elements");
    if (!activ_tensor_is_contiguous(tensor))
        return activ_host_fail(&tensor->host, message, ACTIV_ERROR_STATE, "tensor: it is not contiguous");
    return view_of(tensor, ndim, shape, NULL, 0, out, message);
}

activ_status activ_tensor_narrow(activ_tensor *tensor, size_t dim, size_t start, size_t length, activ_tensor **out,
                                 activ_message *message)
{
    if (!tensor)
        return activ_fail(message, ACTIV_ERROR_INVALID, "tensor: NULL cannot be narrowed");
    if (dim >= tensor->ndim || start > tensor->shape[dim] || length > tensor->shape[dim] - start)
        return activ_host_fail(&tensor->host, message, ACTIV_ERROR_RANGE, "tensor: ",
                               dim >= tensor->ndim ? "no such dimension" : "the dimension has fewer entries");
    size_t shape[ACTIV_MAX_DIMS];
    memcpy(shape, tensor->shape, sizeof shape);
    shape[dim] = length;
    return view_of(tensor, tensor->ndim, shape, tensor->strides, start * tensor->strides[dim], out, message);
}

activ_status activ_tensor_transpose(activ_tensor *tensor, size_t dim0, size_t dim1, activ_tensor **out,
                                    activ_message *message)
{
    if (!tensor)
        return activ_fail(message, ACTIV_ERROR_INVALID, "tensor: NULL cannot be transposed");
    if (dim0 >= tensor->ndim || dim1 >= tensor->ndim)
        return activ_host_fail(&tensor->host, message, ACTIV_ERROR_RANGE, "tensor: no such dimension");
    size_t shape[ACTIV_MAX_DIMS], strides[ACTIV_MAX_DIMS];
    memcpy(shape, tensor->shape, sizeof shape);
    memcpy(strides, tensor->strides, sizeof strides);
    shape[dim0] = tensor->shape[dim1];
    shape[dim1] = tensor->shape[dim0];
    strides[dim0] = tensor->strides[dim1];
    strides[dim1] = tensor->strides[dim0];
    return view_of(tensor, tensor->ndim, shape, strides, 0, out, message);
}

void activ_tensor_retain(activ_tensor *tensor)
{
    atomic_fetch_add_explicit(&tensor->owners, 1, memory_order_relaxed);
}

void activ_tensor_destroy(activ_tensor *tensor)
{
    if (!tensor || atomic_fetch_sub_explicit(&tensor->owners, 1, memory_order_acq_rel) > 1)
        return;
    activ_host host = tensor->host;
    if (tensor->release)
        tensor->release(tensor->foreign);
    activ_tensor_destroy(tensor->base);
    if (tensor->owned_bytes > 0)
        activ_host_free(&host, tensor->data, tensor->owned_bytes);
    activ_host_free(&host, tensor, sizeof *tensor);
}

activ_dtype activ_tensor_dtype(const activ_tensor *tensor)
{
    return tensor ? tensor->dtype : 0;
}

size_t activ_tensor_ndim(const activ_tensor *tensor)
{
    return tensor ? tensor->ndim : 0;
}

const size_t *activ_tensor_shape(const activ_tensor *tensor)
{
    return tensor ? tensor->shape : NULL;
}

const size_t *activ_tensor_strides(const activ_tensor *tensor)
{
    return tensor ? tensor->strides : NULL;
}

size_t activ_tensor_count(const activ_tensor *tensor)
{
    return tensor ? tensor->count : 0;
}

const void *activ_tensor_const_data(const activ_tensor *tensor)
{
    return tensor ? tensor->data : NULL;
}

void *activ_tensor_data(activ_tensor *tensor)
{
    return tensor && !tensor->is_read_only ? tensor->data : NULL;
}

int32_t activ_tensor_is_read_only(const activ_tensor *tensor)
{
    return tensor ? tensor->is_read_only : 0;
}

int32_t activ_tensor_is_contiguous(const activ_tensor *tensor)
{
    if (!tensor)
        return 0;
    size_t stride = 1;
    for (size_t i = tensor->ndim; i-- > 0;) {
        /* The stride of a dimension of size 1 is never used. */
        if (tensor->count > 0 && tensor->shape[i] > 1 && tensor->strides[i] != stride)
            return 0;
        stride *= tensor->shape[i];
    }
    return 1;
}

/* From the first element to the end of the last. */
static size_t span_bytes(const activ_tensor *t)
{
    size_t last = 0;
    for (size_t i = 0; i < t->ndim; i++)
        last += (t->shape[i] - 1) * t->strides[i];
    return (last + 1) * activ_dtype_size(t->dtype);
}

/* Memory for the elements of a tensor, not necessarily its own. */
typedef struct strided_array {
    char *data;
    const size_t *strides;
} strided_array;

static void copy_elements(const activ_tensor *t, strided_array from, strided_array to)
{
    const size_t bytes = activ_dtype_size(t->dtype);
    size_t index[ACTIV_MAX_DIMS] = { 0 };
    for (size_t i = 0; i < t->count; i++) {
        size_t source = 0, target = 0;
        for (size_t d = 0; d < t->ndim; d++) {
            source += index[d] * from.strides[d];
            target += index[d] * to.strides[d];
        }
        memcpy(to.data + target * bytes, from.data + source * bytes, bytes);
        for (size_t d = t->ndim; d-- > 0;) {
            if (++index[d] < t->shape[d])
                break;
            index[d] = 0;
        }
    }
}

/* Copies through a temporary contiguous array. */
static activ_status copy_overlapping(const activ_tensor *from, const activ_tensor *to, size_t bytes,
                                     activ_message *message)
{
    size_t strides[ACTIV_MAX_DIMS], stride = 1;
    for (size_t d = from->ndim; d-- > 0; stride *= from->shape[d])
        strides[d] = stride;
    const strided_array temporary = { activ_host_alloc(&to->host, bytes), strides };
    if (!temporary.data)
        return activ_host_fail(&to->host, message, ACTIV_ERROR_OUT_OF_MEMORY, "tensor: no memory for a copy");
    copy_elements(from, (strided_array){ from->data, from->strides }, temporary);
    copy_elements(to, temporary, (strided_array){ to->data, to->strides });
    activ_host_free(&to->host, temporary.data, bytes);
    return ACTIV_OK;
}

activ_status activ_tensor_copy(const activ_tensor *from, activ_tensor *to, activ_message *message)
{
    if (!from || !to)
        return activ_fail(message, ACTIV_ERROR_INVALID, "tensor: NULL cannot be copied");
    const activ_host *host = &to->host;
    if (from->dtype != to->dtype)
        return activ_host_fail(host, message, ACTIV_ERROR_SHAPE, "tensor: a copy to another type of elements");
    if (from->ndim != to->ndim || memcmp(from->shape, to->shape, from->ndim * sizeof from->shape[0]) != 0)
        return activ_host_fail(host, message, ACTIV_ERROR_SHAPE, "tensor: a copy to another shape");
    if (to->is_read_only)
        return activ_host_fail(host, message, ACTIV_ERROR_STATE, "tensor: a copy to a read-only tensor");
    if (from->count == 0)
        return ACTIV_OK;
    const size_t bytes = from->count * activ_dtype_size(from->dtype);
    if (activ_tensor_is_contiguous(from) && activ_tensor_is_contiguous(to))
        memmove(to->data, from->data, bytes);
    else if (activ_ranges_overlap(from->data, span_bytes(from), to->data, span_bytes(to)))
        return copy_overlapping(from, to, bytes, message);
    else
        copy_elements(from, (strided_array){ from->data, from->strides }, (strided_array){ to->data, to->strides });
    return ACTIV_OK;
}
