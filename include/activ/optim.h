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
    ACTIV_INIT_DEFAULT = 0,         /* uniform +-1/sqrt(fan_in): PyTorch's Linear */
    ACTIV_INIT_KAIMING_UNIFORM = 1, /* uniform +-gain sqrt(3/fan_in); gain 0: sqrt 2. He 2015 */
    ACTIV_INIT_KAIMING_NORMAL = 2,  /* normal, deviation gain/sqrt(fan_in); gain 0: sqrt 2 */
    ACTIV_INIT_XAVIER_UNIFORM = 3,  /* uniform +-gain sqrt(6/(fan_in+fan_out)); gain 0: 1. Glorot 2010 */
    ACTIV_INIT_XAVIER_NORMAL = 4,   /* normal, deviation gain sqrt(2/(fan_in+fan_out)); gain 0: 1 */
    ACTIV_INIT_ORTHOGONAL = 5       /* rows or columns orthonormal, times gain; gain 0: 1. Saxe 2013 */
};

/* Fills a row-major tensor. A function of (scheme, gain, shape, seed, stream). gain: finite, >=
 * 0; 0 means the scheme's default. ACTIV_ERROR_SHAPE for less than two dimensions or an empty
 * tensor; the orthogonal scheme needs memory for rows x columns doubles (context NULL: malloc). */
ACTIV_API activ_status activ_init_tensor(const activ_context *context, activ_init scheme, float gain, size_t ndim,
                                         const size_t *shape, uint64_t seed, uint64_t stream, float *values);

/* As activ_graph_init, but the weights of all linear layers by another scheme; biases become 0
 * unless the scheme is ACTIV_INIT_DEFAULT. Takes memory for the time of the call, a copy of the parameters at
 * least: ACTIV_ERROR_OUT_OF_MEMORY. */
ACTIV_API activ_status activ_graph_init_weights(activ_graph *graph, activ_init scheme, float gain, uint64_t seed);

/* ---- optimisers ------------------------------------------------------------------------------ */

/* Moves the parameters of one compiled graph, which has to live as long. Definitions, names and defaults are those
 * of PyTorch's torch.optim; t counts the steps from 1, p is a parameter, g its gradient (its negative if maximize).
 * Used by one thread at a time, together with its graph, whose executor shares out large steps. Results do not
 * depend on tier and threads. A call that fails says why in activ_graph_error(), but for NULL
 * arguments and what reads a constant optimiser. */
typedef struct activ_optimizer activ_optimizer;

/* torch.optim.SGD. g += weight_decay * p; with momentum v = g at the first step, then v = momentum * v +
 * (1 - dampening) * g; g = nesterov ? g + momentum * v : v; p -= lr * g. All zeros: plain descent with rate 0. */
typedef struct activ_sgd_options {
    size_t size;    /* sizeof(activ_sgd_options) */
    float lr;       /* >= 0 */
    float momentum; /* >= 0 */
    float dampening;
    float weight_decay; /* >= 0 */
    int32_t nesterov;   /* needs momentum > 0 and dampening 0 */
    int32_t maximize;
} activ_sgd_options;

/* torch.optim.AdamW (Loshchilov and Hutter 2019). p -= lr * weight_decay * p; m = beta1 * m + (1 - beta1) * g;
 * v = beta2 * v + (1 - beta2) * g^2; with amsgrad v is the largest v so far; p -= lr / (1 - beta1^t) * m /
 * (sqrt(v / (1 - beta2^t)) + eps). m and v start as 0. */
typedef struct activ_adamw_options {
    size_t size;        /* sizeof(activ_adamw_options) */
    float lr;           /* >= 0 */
    float beta1, beta2; /* 0 to 1, not 1 */
    float eps;          /* > 0: PyTorch's may be 0, and divides 0 by 0 where there never was a gradient */
    float weight_decay; /* >= 0 */
    int32_t amsgrad;
    int32_t maximize;
} activ_adamw_options;

/* PyTorch's defaults: activ_adamw_options o = ACTIV_ADAMW_DEFAULTS; */
#define ACTIV_ADAMW_DEFAULTS                                                  \
    {                                                                         \
        sizeof(activ_adamw_options), 0.001f, 0.9f, 0.999f, 1e-8f, 0.01f, 0, 0 \
    }

/* torch.optim.RMSprop (Hinton 2012; centered: Graves 2013). g += weight_decay * p; v = alpha * v + (1 - alpha) *
 * g^2; centered: m = alpha * m + (1 - alpha) * g, and v - m^2 (0 if rounding takes it below) instead of v below;
 * d = g / (sqrt(v) + eps); with momentum b = momentum * b + d, and d = b; p -= lr * d. v, m and b start as 0. */
typedef struct activ_rmsprop_options {
    size_t size;        /* sizeof(activ_rmsprop_options) */
    float lr;           /* >= 0 */
    float alpha;        /* 0 to 1 */
    float eps;          /* > 0 */
    float weight_decay; /* >= 0 */
    float momentum;     /* >= 0 */
    int32_t centered;
    int32_t maximize;
} activ_rmsprop_options;

#define ACTIV_RMSPROP_DEFAULTS                                               \
    {                                                                        \
        sizeof(activ_rmsprop_options), 0.01f, 0.99f, 1e-8f, 0.0f, 0.0f, 0, 0 \
    }

/* ACTIV_ERROR_RANGE for settings that are not finite or not as said above, ACTIV_ERROR_STATE before
 * activ_graph_compile. The caller destroys *out, before the graph. */
ACTIV_API activ_status activ_sgd_create(activ_graph *graph, const activ_sgd_options *options, activ_optimizer **out);
ACTIV_API activ_status activ_adamw_create(activ_graph *graph, const activ_adamw_options *options,
                                          activ_optimizer **out);
ACTIV_API activ_status activ_rmsprop_create(activ_graph *graph, const activ_rmsprop_options *options,
                                            activ_optimizer **out);
ACTIV_API void activ_optimizer_destroy(activ_optimizer *optimizer); /* NULL is allowed */

/* One step with the gradients that the graph holds, which stay as they are. Allocates nothing. */
ACTIV_API activ_status activ_optimizer_step(activ_optimizer *optimizer);

/* Changes the learning rate from the next step on. */
ACTIV_API activ_status activ_optimizer_set_lr(activ_optimizer *optimizer, float lr);
ACTIV_API float activ_optimizer_lr(const activ_optimizer *optimizer);

/* How many steps it has taken, those before a training checkpoint (checkpoint.h) included. */
ACTIV_API uint64_t activ_optimizer_steps(const activ_optimizer *optimizer);

/* The names from when SGD was the only one; they take any optimiser. */
typedef activ_optimizer activ_sgd;
ACTIV_API activ_status activ_sgd_step(activ_sgd *sgd);
ACTIV_API activ_status activ_sgd_set_lr(activ_sgd *sgd, float lr);
ACTIV_API void activ_sgd_destroy(activ_sgd *sgd);

/* ---- settings of single tensors ------------------------------------------------------------------ */

/* What PyTorch's param_groups are for: a tensor's learning rate is lr_scale times the optimiser's, whatever that
 * becomes, and its weight decay is its own. They start as 1 and the optimiser's weight_decay. */
typedef struct activ_group_options {
    size_t size;        /* sizeof(activ_group_options) */
    float lr_scale;     /* >= 0 */
    float weight_decay; /* >= 0 */
} activ_group_options;

/* tensor: an index of activ_graph_tensor_info. From the next step on. set sets all fields: get gives what they
 * are. */
ACTIV_API activ_status activ_optimizer_set_group(activ_optimizer *optimizer, size_t tensor,
                                                 const activ_group_options *options);
ACTIV_API activ_status activ_optimizer_get_group(const activ_optimizer *optimizer, size_t tensor,
                                                 activ_group_options *options);

/* The usual choice: no weight decay for tensors of less than two dimensions, which are biases, parameters of
 * activations and of normalisations. */
ACTIV_API activ_status activ_optimizer_decay_weights_only(activ_optimizer *optimizer);

/* ---- large gradients ----------------------------------------------------------------------------- */

/* torch.nn.utils.clip_grad_norm_: multiplies the gradients of all parameters by max_norm / (norm + 1e-6) if that
 * is less than 1; norm is the root of the sum of their squares, *total_norm (may be NULL) gets it. max_norm: >= 0;
 * infinity only measures. If the norm is not finite: ACTIV_ERROR_RANGE, and the gradients stay as they are
 * (PyTorch's error_if_nonfinite). Between activ_graph_train and the optimiser's step. */
ACTIV_API activ_status activ_graph_clip_grad_norm(activ_graph *graph, float max_norm, float *total_norm);

/* torch.nn.utils.clip_grad_value_: each gradient is cut to -clip_value .. clip_value. NaN stays NaN. clip_value:
 * >= 0. */
ACTIV_API activ_status activ_graph_clip_grad_value(activ_graph *graph, float clip_value);

/* ---- learning rates over time -------------------------------------------------------------------- */

/* The rate for a step as a function of its number alone, for activ_optimizer_set_lr; steps (or epochs: any unit)
 * count from 0, as activ_optimizer_steps does before a step. Computed in double without the C library's functions
 * and rounded once. Definitions: torch.optim.lr_scheduler, its closed forms. A length of 0 gives NaN where it would
 * divide, which activ_optimizer_set_lr refuses. */

/* StepLR: base * gamma^(step / step_size), the quotient rounded down. */
ACTIV_API float activ_lr_step(float base, uint64_t step_size, float gamma, uint64_t step);

/* CosineAnnealingLR (Loshchilov and Hutter 2017): eta_min + (base - eta_min) * (1 + cos(pi step / t_max)) / 2. It
 * rises again behind t_max, as PyTorch's does. */
ACTIV_API float activ_lr_cosine(float base, uint64_t t_max, float eta_min, uint64_t step);

/* LinearLR: from start_factor * base at step 0 to base at step `total` and from then on. */
ACTIV_API float activ_lr_warmup(float base, float start_factor, uint64_t total, uint64_t step);

/* The one after the other, as in SequentialLR: activ_lr_warmup over the first `warmup` steps, then activ_lr_cosine
 * over the rest of `total`; from step `total` on eta_min. */
ACTIV_API float activ_lr_warmup_cosine(float base, float start_factor, uint64_t warmup, uint64_t total, float eta_min,
                                       uint64_t step);

#ifdef __cplusplus
}
#endif

#endif
