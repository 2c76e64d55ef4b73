/* libactiv: an array with a shape.
 *
 * A tensor owns its memory, or is a view: of the caller's memory, of another tensor's, or of another library's
 * (DLPack). Strides count elements, as in PyTorch and DLPack. This version computes with float32 only; the other types
 * are stored, copied and saved, and activ_convert (dtype.h) makes one of another.
 *
 * Thread safety: shape, strides and type never change. The elements are memory like any other: many threads may read
 * them, or one may write. Views of one tensor, and what was exported of it, may be destroyed in different threads.
 */
#ifndef ACTIV_TENSOR_H
#define ACTIV_TENSOR_H

#include <stddef.h>
#include <stdint.h>

#include "context.h"
#include "dtype.h"
#include "export.h"
#include "status.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct activ_tensor activ_tensor;

/* More dimensions are refused: ACTIV_ERROR_RANGE. A later version may allow more. */
#define ACTIV_MAX_DIMS 8

/* ---- making one -------------------------------------------------------------------------------------------------- */

/* The calls below make a tensor, which the caller destroys. shape: ndim values; a dimension may be 0, and ndim 0 is one
 * element. ACTIV_ERROR_INVALID: NULL; ACTIV_ERROR_UNSUPPORTED: an unknown type; ACTIV_ERROR_RANGE: more than
 * ACTIV_MAX_DIMS dimensions, or a size that overflows; ACTIV_ERROR_OUT_OF_MEMORY; and what is said with each.
 *
 * A view of the caller's array needs that as long as it lives. A view of another tensor keeps its memory: the two are
 * destroyed in any order. */

/* A new array: 64-byte aligned, row-major, all zero. */
ACTIV_API activ_status activ_tensor_create(const activ_context *context, activ_dtype dtype, size_t ndim,
                                           const size_t *shape, activ_tensor **out, activ_message *message);

/* A view of memory of the caller's, of any alignment. strides: ndim values, 0 allowed; NULL for row-major. data may be
 * NULL only if there is no element. */
ACTIV_API activ_status activ_tensor_view(const activ_context *context, activ_dtype dtype, size_t ndim,
                                         const size_t *shape, const size_t *strides, void *data, activ_tensor **out,
                                         activ_message *message);

/* The same on memory that must not be written: a read-only tensor. (The data of an activ_safetensors_entry, for
 * example.) */
ACTIV_API activ_status activ_tensor_view_const(const activ_context *context, activ_dtype dtype, size_t ndim,
                                               const size_t *shape, const size_t *strides, const void *data,
                                               activ_tensor **out, activ_message *message);

/* A view of `tensor` with another shape of as many elements (else ACTIV_ERROR_SHAPE); `tensor` has to be contiguous
 * (else ACTIV_ERROR_STATE). This view and the following are read-only if `tensor` is. */
ACTIV_API activ_status activ_tensor_reshape(activ_tensor *tensor, size_t ndim, const size_t *shape, activ_tensor **out,
                                            activ_message *message);

/* A view of the `length` entries from `start` on along dimension `dim`. ACTIV_ERROR_RANGE: no such dimension or
 * entries. */
ACTIV_API activ_status activ_tensor_narrow(activ_tensor *tensor, size_t dim, size_t start, size_t length,
                                           activ_tensor **out, activ_message *message);

/* A view with two dimensions exchanged. ACTIV_ERROR_RANGE: no such dimension. */
ACTIV_API activ_status activ_tensor_transpose(activ_tensor *tensor, size_t dim0, size_t dim1, activ_tensor **out,
                                              activ_message *message);

/* NULL is allowed. The memory of a view is left alone. */
ACTIV_API void activ_tensor_destroy(activ_tensor *tensor);

/* ---- looking at one ---------------------------------------------------------------------------------------------- */

/* Arrays are the tensor's. All of these answer 0 or NULL for NULL. */
ACTIV_API activ_dtype activ_tensor_dtype(const activ_tensor *tensor);
ACTIV_API size_t activ_tensor_ndim(const activ_tensor *tensor);
ACTIV_API const size_t *activ_tensor_shape(const activ_tensor *tensor);   /* ndim values */
ACTIV_API const size_t *activ_tensor_strides(const activ_tensor *tensor); /* ndim values */
ACTIV_API size_t activ_tensor_count(const activ_tensor *tensor);          /* number of elements */
ACTIV_API int32_t activ_tensor_is_contiguous(const activ_tensor *tensor); /* 1: row-major without gaps */
ACTIV_API int32_t activ_tensor_is_read_only(const activ_tensor *tensor); /* 1: a view, direct or not, of const memory */

/* The first element, to be read; and to be written, NULL if the tensor is read-only. */
ACTIV_API const void *activ_tensor_const_data(const activ_tensor *tensor);
ACTIV_API void *activ_tensor_data(activ_tensor *tensor);

/* Copies all elements, of any strides; overlapping memory is copied as if by way of a third array. Where elements of
 * `to` share an address (stride 0), it is unspecified which value remains. ACTIV_ERROR_SHAPE: another type or shape;
 * ACTIV_ERROR_STATE: `to` is read-only; ACTIV_ERROR_INVALID: NULL; ACTIV_ERROR_OUT_OF_MEMORY: for that third array. */
ACTIV_API activ_status activ_tensor_copy(const activ_tensor *from, activ_tensor *to, activ_message *message);

/* ---- sharing with other libraries -------------------------------------------------------------------------------- */

/* DLPack (https://dmlc.github.io/dlpack), which NumPy, PyTorch and others share arrays by, without a copy; its header,
 * dlpack.h, declares the structs. The first of each pair is the legacy form, of versions before 1.0, the other that of
 * versions 1.x. In memory of the CPU, types of activ_dtype, one lane. */
struct DLManagedTensor;
struct DLManagedTensorVersioned;

/* A view of the memory of `managed`, and read-only if that says so. On success `managed` belongs to the tensor, which
 * calls its deleter once, when it is destroyed, its views are, and what was exported of it is given back; on failure it
 * stays the caller's, untouched. In the thread that destroys the last of these.
 *
 * ACTIV_ERROR_UNSUPPORTED: another major version than 1 (nothing else is looked at then), device, type or number of
 * lanes, or a negative stride; ACTIV_ERROR_RANGE: more than ACTIV_MAX_DIMS dimensions, or a size, stride or offset that
 * is negative or overflows; ACTIV_ERROR_INVALID: NULL, also as shape or data where there are some;
 * ACTIV_ERROR_OUT_OF_MEMORY. */
ACTIV_API activ_status activ_tensor_from_dlpack(const activ_context *context, struct DLManagedTensor *managed,
                                                activ_tensor **out, activ_message *message);
ACTIV_API activ_status activ_tensor_from_dlpack_versioned(const activ_context *context,
                                                          struct DLManagedTensorVersioned *managed, activ_tensor **out,
                                                          activ_message *message);

/* The other way: *out is for one consumer, who calls its deleter, from any thread. Until then memory that the tensor
 * owns stays, also if the tensor is destroyed; memory of the caller's that it is a view of, and the allocator of the
 * context that it was made with, have to stay.
 *
 * ACTIV_ERROR_STATE: a read-only tensor in the legacy form, which cannot say so; ACTIV_ERROR_RANGE: a size or stride
 * above 2^63 - 1; ACTIV_ERROR_INVALID: NULL; ACTIV_ERROR_OUT_OF_MEMORY. */
ACTIV_API activ_status activ_tensor_to_dlpack(activ_tensor *tensor, struct DLManagedTensor **out,
                                              activ_message *message);
ACTIV_API activ_status activ_tensor_to_dlpack_versioned(activ_tensor *tensor, struct DLManagedTensorVersioned **out,
                                                        activ_message *message);

#ifdef __cplusplus
}
#endif

#endif
