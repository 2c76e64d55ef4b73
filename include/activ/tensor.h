/* libactiv: an array with a shape.
 *
 * A tensor owns its memory, or is a view: on the caller's memory, or on another tensor's.
 * Strides count elements, as in PyTorch and DLPack. Only float32 is calculated with in
 * this version; the other types are stored, copied and saved.
 *
 * One tensor may be read by many threads; writing is the caller's to order.
 */
#ifndef ACTIV_TENSOR_H
#define ACTIV_TENSOR_H

#include <stddef.h>
#include <stdint.h>

#include "context.h"
#include "export.h"
#include "status.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct activ_tensor activ_tensor;

#define ACTIV_MAX_DIMS 8

/* The type of an element. The numbers are part of the ABI. */
typedef int32_t activ_dtype;

enum { ACTIV_FLOAT32 = 1, ACTIV_FLOAT64 = 2, ACTIV_INT32 = 3, ACTIV_INT64 = 4, ACTIV_UINT8 = 5 };

/* Bytes of one element; 0 for an unknown type. */
ACTIV_API size_t activ_dtype_size(activ_dtype dtype);

/* A new tensor that owns its memory (64-byte aligned, row-major, all zero). ndim 0 is one
 * element; a dimension may be 0. ACTIV_ERROR_RANGE if ndim > ACTIV_MAX_DIMS or the size
 * overflows. */
ACTIV_API activ_status activ_tensor_create(const activ_context *context, activ_dtype dtype, size_t ndim,
                                           const size_t *shape, activ_tensor **out);

/* A view on memory of the caller's, which has to live as long as the tensor. strides
 * count elements; NULL means row-major. `data` may be NULL only if there is no element. */
ACTIV_API activ_status activ_tensor_view(const activ_context *context, activ_dtype dtype, size_t ndim,
                                         const size_t *shape, const size_t *strides, void *data, activ_tensor **out);

/* A view of `tensor` with another shape of as many elements; `tensor` has to be
 * contiguous and has to live as long as the view. */
ACTIV_API activ_status activ_tensor_reshape(const activ_tensor *tensor, size_t ndim, const size_t *shape,
                                            activ_tensor **out);

/* A view of the `length` entries from `start` on along dimension `dim`; `tensor` has to live as
 * long as the view. */
ACTIV_API activ_status activ_tensor_narrow(const activ_tensor *tensor, size_t dim, size_t start, size_t length,
                                           activ_tensor **out);

/* A view with two dimensions exchanged; `tensor` has to live as long as the view. */
ACTIV_API activ_status activ_tensor_transpose(const activ_tensor *tensor, size_t dim0, size_t dim1, activ_tensor **out);

/* NULL is allowed. The memory of a view is left alone. */
ACTIV_API void activ_tensor_destroy(activ_tensor *tensor);

ACTIV_API activ_dtype activ_tensor_dtype(const activ_tensor *tensor);
ACTIV_API size_t activ_tensor_ndim(const activ_tensor *tensor);
ACTIV_API const size_t *activ_tensor_shape(const activ_tensor *tensor);   /* ndim values; the tensor's */
ACTIV_API const size_t *activ_tensor_strides(const activ_tensor *tensor); /* ndim values; the tensor's */
ACTIV_API size_t activ_tensor_count(const activ_tensor *tensor);          /* number of elements */
ACTIV_API void *activ_tensor_data(const activ_tensor *tensor);            /* the first element */
ACTIV_API int32_t activ_tensor_is_contiguous(const activ_tensor *tensor); /* row-major without gaps: 1 */

/* Copies all elements. Same type and shape, any strides; the two must not share memory in part. */
ACTIV_API activ_status activ_tensor_copy(const activ_tensor *from, activ_tensor *to);

#ifdef __cplusplus
}
#endif

#endif
