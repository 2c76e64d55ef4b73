/* libactiv: optimisers, which update the parameters of a graph from its gradients.
 *
 * Definitions, names and defaults are those of PyTorch's torch.optim. In the formulas t counts the steps from 1, p is a
 * parameter and g its gradient (its negative if maximize).
 *
 *     activ_sgd_options options = ACTIV_SGD_DEFAULTS;
 *     options.lr = 0.1f;
 *     if (activ_sgd_create(graph, &options, &optimizer) != ACTIV_OK) { puts(activ_graph_error(graph)); return 2; }
 *     for (...)
 *         activ_graph_step(graph, optimizer, batch, x, labels, &loss);
 *
 * Too small to count. Many CPUs take a hundred times as long for numbers below 2^-126, the smallest normal float32, and
 * an average of gradients that stay 0 would fade into them and never reach 0. So an average (v, m, b) below 2^-126
 * becomes 0. A gradient counts as 0 below 2^-126 (SGD), in AdamW's m below 2^-126/(1 - beta1), in RMSprop below
 * 2^-126/(1 - alpha); and in v if its square is below 2^-126/(1 - beta2), or 2^-126/(1 - alpha). That changes
 * sqrt(v) + eps by at most 2^-25 of it, less than a rounding; and a step by at most 2^-125 lr times 1/(1 - momentum)
 * (SGD), 1/((1 - beta1) eps) (AdamW: 2.4e-32 by default) or 1/((1 - alpha) eps) (RMSprop; with momentum also
 * 1/(1 - momentum), and eps at most 1): only a parameter that is nearly as small could tell. AdamW and RMSprop count
 * everything if eps is so small that v might tell: if eps^2 (1 - beta2), or eps^2 (1 - alpha), is below 2^-74, which by
 * default is an eps below 2.3e-10, or 7.3e-11.
 *
 * Errors: a call that fails leaves the reason in activ_graph_error of its graph, but for NULL in place of the graph
 * or the optimiser. Flags are on if they are not 0.
 *
 * Thread safety: an optimiser is used together with its graph, by one thread at a time. The graph's executor shares out
 * large steps. Results do not depend on tier and threads. The rates over time (activ_lr_...) are functions: any thread.
 */
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

/* The optimiser of one compiled graph, which has to live as long. */
typedef struct activ_optimizer activ_optimizer;

/* ---- kinds ------------------------------------------------------------------------------------------------------- */

/* torch.optim.SGD. g += weight_decay p. Momentum 0: p -= lr g. Else v = g at the first step, then
 * v = momentum v + (1 - dampening) g; p -= lr (nesterov ? g + momentum v : v). */
typedef struct activ_sgd_options {
    size_t size;
    float lr;           /* >= 0 */
    float momentum;     /* >= 0 */
    float dampening;    /* any */
    float weight_decay; /* >= 0 */
    int32_t nesterov;   /* not 0: needs momentum > 0 and dampening 0 */
    int32_t maximize;
} activ_sgd_options;

#define ACTIV_SGD_DEFAULTS                                        \
    {                                                             \
        sizeof(activ_sgd_options), 0.001f, 0.0f, 0.0f, 0.0f, 0, 0 \
    }

/* torch.optim.AdamW (Loshchilov, Hutter 2019, arXiv:1711.05101). p -= lr weight_decay p; m = beta1 m + (1 - beta1) g;
 * v = beta2 v + (1 - beta2) g^2; p -= lr/(1 - beta1^t) m / (sqrt(v/(1 - beta2^t)) + eps), where amsgrad takes the
 * largest v so far. m and v start as 0. */
typedef struct activ_adamw_options {
    size_t size;
    float lr;           /* >= 0 */
    float beta1, beta2; /* 0 <= beta < 1 */
    float eps;          /* > 0: 0 would divide 0 by 0 where there never was a gradient */
    float weight_decay; /* >= 0 */
    int32_t amsgrad;
    int32_t maximize;
    int32_t reserved;
} activ_adamw_options;

#define ACTIV_ADAMW_DEFAULTS                                                     \
    {                                                                            \
        sizeof(activ_adamw_options), 0.001f, 0.9f, 0.999f, 1e-8f, 0.01f, 0, 0, 0 \
    }

/* torch.optim.RMSprop (Hinton 2012; centered: Graves 2013, arXiv:1308.0850). g += weight_decay p;
 * v = alpha v + (1 - alpha) g^2; d = g / (sqrt(v) + eps), where centered takes v - m^2, at least 0, instead of v, with
 * m = alpha m + (1 - alpha) g. Momentum 0: p -= lr d. Else b = momentum b + d; p -= lr b. v, m and b start as 0. */
typedef struct activ_rmsprop_options {
    size_t size;
    float lr;           /* >= 0 */
    float alpha;        /* 0 <= alpha <= 1 */
    float eps;          /* > 0, as AdamW's */
    float weight_decay; /* >= 0 */
    float momentum;     /* >= 0 */
    int32_t centered;
    int32_t maximize;
    int32_t reserved;
} activ_rmsprop_options;

#define ACTIV_RMSPROP_DEFAULTS                                                  \
    {                                                                           \
        sizeof(activ_rmsprop_options), 0.01f, 0.99f, 1e-8f, 0.0f, 0.0f, 0, 0, 0 \
    }

/* Makes an optimiser with state for all parameters; the caller destroys *out, before the graph. A graph may have
 * several. options: NULL means the kind's defaults. ACTIV_ERROR_RANGE: settings that are not finite or not as said
 * above; ACTIV_ERROR_STATE: before activ_graph_compile, or compiled for predictions only; ACTIV_ERROR_UNSUPPORTED: a
 * field that this library does not know is not 0; ACTIV_ERROR_INVALID: NULL, no size; ACTIV_ERROR_OUT_OF_MEMORY. */
ACTIV_API activ_status activ_sgd_create(activ_graph *graph, const activ_sgd_options *options, activ_optimizer **out);
ACTIV_API activ_status activ_adamw_create(activ_graph *graph, const activ_adamw_options *options,
                                          activ_optimizer **out);
ACTIV_API activ_status activ_rmsprop_create(activ_graph *graph, const activ_rmsprop_options *options,
                                            activ_optimizer **out);

/* NULL is allowed. */
ACTIV_API void activ_optimizer_destroy(activ_optimizer *optimizer);

/* ---- steps ------------------------------------------------------------------------------------------------------- */

/* One step with the gradients that the graph holds, which stay as they are. Allocates nothing. ACTIV_ERROR_INVALID:
 * NULL. */
ACTIV_API activ_status activ_optimizer_step(activ_optimizer *optimizer);

/* activ_graph_train, or activ_graph_train_values, and activ_optimizer_step in one: the same bits, the same errors, and
 * no step if it fails. Parameters may be updated before the backward pass is over, and what activ_graph_grads holds
 * afterwards is left open: for clipping, or a look at gradients, there are the separate calls. Allocates nothing. Also
 * ACTIV_ERROR_INVALID: the optimiser is NULL or another graph's. */
ACTIV_API activ_status activ_graph_step(activ_graph *graph, activ_optimizer *optimizer, size_t batch, const float *x,
                                        const int32_t *labels, float *loss);
ACTIV_API activ_status activ_graph_step_values(activ_graph *graph, activ_optimizer *optimizer, size_t batch,
                                               const float *x, const float *targets, float *loss);

/* How many steps it has taken, those before a training checkpoint (checkpoint.h) included; 0 for NULL. */
ACTIV_API uint64_t activ_optimizer_steps(const activ_optimizer *optimizer);

/* The learning rate, from the next step on. ACTIV_ERROR_RANGE: negative or not finite. */
ACTIV_API activ_status activ_optimizer_set_lr(activ_optimizer *optimizer, float lr);
ACTIV_API float activ_optimizer_lr(const activ_optimizer *optimizer); /* 0 for NULL */

/* Settings of single tensors, which is what PyTorch's param_groups are for. */
typedef struct activ_optimizer_tensor_options {
    size_t size;
    float lr_scale;     /* the tensor's learning rate is this times the optimiser's; >= 0, 0 freezes the tensor */
    float weight_decay; /* instead of the optimiser's; >= 0 */
} activ_optimizer_tensor_options;

/* What the tensors of an optimiser without weight decay start with; activ_optimizer_get_tensor_options tells what one
 * has now. */
#define ACTIV_OPTIMIZER_TENSOR_DEFAULTS                    \
    {                                                      \
        sizeof(activ_optimizer_tensor_options), 1.0f, 0.0f \
    }

/* tensor: an index of activ_graph_param_tensor_info. `set` sets all fields, from the next step on; tensors begin with
 * lr_scale 1 and the optimiser's weight_decay. ACTIV_ERROR_RANGE: no such tensor, or a value not as said above;
 * ACTIV_ERROR_UNSUPPORTED: a field that this library does not know is not 0; ACTIV_ERROR_INVALID: NULL, no size. `get`
 * reports by its status alone. */
ACTIV_API activ_status activ_optimizer_set_tensor_options(activ_optimizer *optimizer, size_t tensor,
                                                          const activ_optimizer_tensor_options *options);
ACTIV_API activ_status activ_optimizer_get_tensor_options(const activ_optimizer *optimizer, size_t tensor,
                                                          activ_optimizer_tensor_options *options);

/* The usual choice: weight decay 0 for all tensors of fewer than two dimensions, which are biases and the parameters of
 * activations and normalisations. ACTIV_ERROR_INVALID: NULL. */
ACTIV_API activ_status activ_optimizer_decay_weights_only(activ_optimizer *optimizer);

/* ---- learning rates over time ------------------------------------------------------------------------------------ */

/* The rate for a step as a function of its number alone, for activ_optimizer_set_lr. Steps (or epochs: any unit) count
 * from 0, as activ_optimizer_steps does before a step. Computed in double without the C library's functions and rounded
 * once. Definitions: the closed forms of torch.optim.lr_scheduler. A length of 0 gives NaN where it would divide, which
 * activ_optimizer_set_lr refuses. */

/* StepLR: base gamma^(step / step_size), the quotient rounded down. */
ACTIV_API float activ_lr_step(float base, uint64_t step_size, float gamma, uint64_t step);

/* CosineAnnealingLR (Loshchilov, Hutter 2017, arXiv:1608.03983): eta_min + (base - eta_min) (1 + cos(pi step/t_max))/2.
 * It rises again after t_max, as PyTorch's does. */
ACTIV_API float activ_lr_cosine(float base, uint64_t t_max, float eta_min, uint64_t step);

/* LinearLR: linear from start_factor * base at step 0 to base at step `total`, and constant from then on. */
ACTIV_API float activ_lr_warmup(float base, float start_factor, uint64_t total, uint64_t step);

/* Both in sequence, as SequentialLR: activ_lr_warmup over the first `warmup` steps, then activ_lr_cosine over the rest
 * of `total`; eta_min from step `total` on. */
ACTIV_API float activ_lr_warmup_cosine(float base, float start_factor, uint64_t warmup, uint64_t total, float eta_min,
                                       uint64_t step);

#ifdef __cplusplus
}
#endif

#endif
