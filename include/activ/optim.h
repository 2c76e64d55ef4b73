/* libactiv: initial values and optimisers. */
#ifndef ACTIV_OPTIM_H
#define ACTIV_OPTIM_H

#include <stddef.h>
#include <stdint.h>

#include "export.h"
#include "graph.h"
#include "status.h"

#ifdef __cplusplus
extern "C" {
#endif

/* ---- initial values --------------------------------------------------------------------- */

/* Schemes for a weight tensor of at least two dimensions, out x in x ...; fan_in and fan_out are
 * its dimension 1 and 0 times the product of the rest. The definitions are PyTorch's
 * torch.nn.init. Numbers are part of the ABI. */
typedef int32_t activ_init;

enum {
    ACTIV_INIT_DEFAULT         = 0,  /* uniform +-1/sqrt(fan_in): PyTorch's Linear */
    ACTIV_INIT_KAIMING_UNIFORM = 1,  /* uniform +-gain sqrt(3/fan_in); gain 0: sqrt 2. He 2015 */
    ACTIV_INIT_KAIMING_NORMAL  = 2,  /* normal, deviation gain/sqrt(fan_in); gain 0: sqrt 2 */
    ACTIV_INIT_XAVIER_UNIFORM  = 3,  /* uniform +-gain sqrt(6/(fan_in+fan_out)); gain 0: 1. Glorot 2010 */
    ACTIV_INIT_XAVIER_NORMAL   = 4,  /* normal, deviation gain sqrt(2/(fan_in+fan_out)); gain 0: 1 */
    ACTIV_INIT_ORTHOGONAL      = 5   /* rows or columns orthonormal, times gain; gain 0: 1. Saxe 2013 */
};

/* Fills a row-major tensor. A function of (scheme, gain, shape, seed, stream). gain: finite, >=
 * 0; 0 means the scheme's default. ACTIV_ERROR_SHAPE for less than two dimensions or an empty
 * tensor; the orthogonal scheme needs memory for rows x columns doubles (context NULL: malloc). */
ACTIV_API activ_status activ_init_tensor(const activ_context *context, activ_init scheme, float gain,
                                         size_t ndim, const size_t *shape, uint64_t seed,
                                         uint64_t stream, float *values);

/* As activ_graph_init, but the weights of all linear layers by another scheme; biases become 0
 * unless the scheme is ACTIV_INIT_DEFAULT. */
ACTIV_API activ_status activ_graph_init_weights(activ_graph *graph, activ_init scheme, float gain,
                                                uint64_t seed);

/* ---- stochastic gradient descent ----------------------------------------------------------- */

/* As torch.optim.SGD. g = gradient (its negative if maximize) + weight_decay * p; with momentum
 * v = g at the first step, then v = momentum * v + (1 - dampening) * g; g = nesterov ? g +
 * momentum * v : v; p -= lr * g. size = sizeof(activ_sgd_options). All other zeros: plain
 * descent with rate 0. */
typedef struct activ_sgd_options {
    size_t size;
    float lr;                /* >= 0 */
    float momentum;          /* >= 0 */
    float dampening;
    float weight_decay;      /* >= 0 */
    int32_t nesterov;        /* needs momentum > 0 and dampening 0 */
    int32_t maximize;
} activ_sgd_options;

/* Momentum is not part of a checkpoint yet: a run that is resumed from one starts without. */
typedef struct activ_sgd activ_sgd;

/* Steps all parameters of a compiled graph, which has to live as long as the optimiser. */
ACTIV_API activ_status activ_sgd_create(activ_graph *graph, const activ_sgd_options *options,
                                        activ_sgd **out);
ACTIV_API void activ_sgd_destroy(activ_sgd *sgd);   /* NULL is allowed */

/* One step with the gradients that the graph holds. Allocates nothing. */
ACTIV_API activ_status activ_sgd_step(activ_sgd *sgd);

/* Changes the learning rate from the next step on. */
ACTIV_API activ_status activ_sgd_set_lr(activ_sgd *sgd, float lr);

#ifdef __cplusplus
}
#endif

#endif
