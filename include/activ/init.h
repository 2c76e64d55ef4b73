/* libactiv: initial values of weights.
 *
 * Linear layers begin as PyTorch's do (activ_graph_init). The schemes here are those of torch.nn.init, for networks
 * that want another (activ_graph_init_weights) and for arrays of one's own (activ_init_tensor).
 *
 * Thread safety: all calls, from any thread, on different arrays.
 */
#ifndef ACTIV_INIT_H
#define ACTIV_INIT_H

#include <stddef.h>
#include <stdint.h>

#include "context.h"
#include "export.h"
#include "status.h"

#ifdef __cplusplus
extern "C" {
#endif

/* How a weight tensor of two dimensions or more, out x in x ..., begins. fan_in = shape[1] r and fan_out = shape[0]
 * r, r being the product of shape[2], shape[3] ... The numbers are part of the ABI. */
typedef int32_t activ_init_scheme;

enum {
    ACTIV_INIT_DEFAULT = 0,         /* uniform in +-gain/sqrt(fan_in): PyTorch's nn.Linear */
    ACTIV_INIT_KAIMING_UNIFORM = 1, /* uniform in +-gain sqrt(3/fan_in). He et al. 2015, arXiv:1502.01852 */
    ACTIV_INIT_KAIMING_NORMAL = 2,  /* normal, standard deviation gain/sqrt(fan_in) */
    ACTIV_INIT_XAVIER_UNIFORM = 3,  /* uniform in +-gain sqrt(6/(fan_in + fan_out)). Glorot, Bengio 2010 */
    ACTIV_INIT_XAVIER_NORMAL = 4,   /* normal, standard deviation gain sqrt(2/(fan_in + fan_out)) */
    ACTIV_INIT_ORTHOGONAL = 5       /* orthonormal rows or columns, times gain. Saxe et al. 2013, arXiv:1312.6120 */
};

/* The gain that a scheme is usually used with: sqrt(2) for Kaiming's (whose activations are ReLU), else 1; 0 for an
 * unknown scheme. */
ACTIV_API float activ_init_gain(activ_init_scheme scheme);

/* Fills `values`, a row-major tensor, as a function of (scheme, gain, shape, seed, stream) alone (random.h).
 *
 * gain: finite, >= 0. context: for the memory and the threads of the orthogonal scheme; the others take none. Its
 * memory is doubles: one for each element, 56 for each row (or column, if fewer) and 8192 for each thread.
 * ACTIV_ERROR_INVALID: NULL; ACTIV_ERROR_UNSUPPORTED: no such scheme; ACTIV_ERROR_RANGE: the gain, more than
 * ACTIV_MAX_DIMS dimensions (tensor.h), or a size that overflows; ACTIV_ERROR_SHAPE: fewer than two dimensions, or a
 * dimension of 0; ACTIV_ERROR_OUT_OF_MEMORY. */
ACTIV_API activ_status activ_init_tensor(const activ_context *context, activ_init_scheme scheme, float gain,
                                         size_t ndim, const size_t *shape, uint64_t seed, uint64_t stream,
                                         float *values, activ_message *message);

#ifdef __cplusplus
}
#endif

#endif
