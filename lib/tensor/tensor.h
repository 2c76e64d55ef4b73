/* Tensors: what their files share. */
#ifndef ACTIV_LIB_TENSOR_TENSOR_H
#define ACTIV_LIB_TENSOR_TENSOR_H

#include <stdatomic.h>

#include "activ/tensor.h"
#include "context/context.h"

struct activ_tensor {
    activ_host host;
    atomic_size_t owners; /* the caller who made it, its views, and what was exported of it */
    activ_dtype dtype;
    size_t ndim;
    size_t shape[ACTIV_MAX_DIMS];
    size_t strides[ACTIV_MAX_DIMS];
    size_t count;
    void *data;
    int is_read_only;   /* data is const memory of the caller */
    size_t owned_bytes; /* 0 for a view */
    /* Who owns the memory of a view; NULL: the caller. A tensor, which is no view of another; or somebody else, and how
     * he is told that it is free. */
    activ_tensor *base;
    void (*release)(void *foreign);
    void *foreign;
};

/* A tensor without data, with row-major strides unless some are given; checks that every element has an address. */
activ_status activ_tensor_make(const activ_host *host, activ_dtype dtype, size_t ndim, const size_t *shape,
                               const size_t *strides, activ_tensor **out, activ_message *message);

/* One owner more: activ_tensor_destroy has to be called once more. */
void activ_tensor_retain(activ_tensor *tensor);

#endif
