/* libactiv: activation functions in C, forward and backward, and what it takes to train with them.
 *
 * This header includes all others. A tour, from the smallest thing up:
 *
 * 1. A function on an array (fn.h)
 *
 *        activ_fn *gelu;
 *        if (activ_fn_create(NULL, "gelu", &gelu) != ACTIV_OK) return 1;
 *        activ_forward(gelu, NULL, n, x, y);                // y[i] = gelu(x[i])
 *        activ_backward(gelu, NULL, n, x, dy, dx, NULL);    // dx[i] = dy[i] gelu'(x[i])
 *        activ_fn_destroy(gelu);
 *
 *    activ_forward_as and activ_backward_as do that on arrays of float16 or bfloat16 (dtype.h).
 *    A trainable function has parameters, an array of the caller's: activ_fn_param_count, activ_fn_param_init. Where
 *    there is no place for a handle, activ_fn_default("gelu") has a shared one; functions of your own:
 *    activ_fn_create_custom.
 *
 * 2. A network (graph.h): input, linear, apply, batch_norm, ..., a loss; compile; init; then activ_graph_train computes
 *    a batch's loss and gradients. For a loss of your own: activ_graph_forward_train, activ_graph_backward.
 *
 * 3. An optimiser (optim.h): SGD, AdamW or RMSprop; activ_optimizer_step updates the parameters. Before it, gradients
 *    may be clipped and the learning rate be set: activ_graph_clip_grad_norm, activ_optimizer_set_lr, activ_lr_cosine.
 *    Where nothing comes between, activ_graph_step is both calls in one.
 *
 * 4. A file (checkpoint.h): activ_checkpoint_save, activ_checkpoint_load; with the optimiser, to continue exactly:
 *    activ_checkpoint_save_training.
 *
 * 5. Looking inside (analysis.h): each layer's outputs and gradients, histograms, statistics, quantiles, dead neurons.
 *
 * 6. What the host may lend (context.h): an allocator, threads, a log. NULL stands for a default context wherever one
 *    is asked for. A host without threads of its own may ask for a pool of them (pool.h).
 *
 * Rules that hold everywhere:
 *
 * - Errors are values; the reason of a failure is available as text (status.h).
 * - The same inputs give the same bits on every CPU, tier and thread count; only the sign and payload of a NaN are
 *   unspecified. All randomness is a function of a seed (random.h).
 * - Structs begin with `size`, their sizeof when the caller was compiled, so that fields can be appended:
 *     - those that the library reads have an initialiser ACTIV_..._DEFAULTS, for C and C++ (in C an assignment needs
 *       the type in front: options = (activ_sgd_options)ACTIV_SGD_DEFAULTS). Defaults are in these macros only: the
 *       library never takes a 0 for anything else, and a field that is appended later is defined so that 0 is the old
 *       behaviour;
 *     - those that the library fills have ACTIV_..._INIT;
 *     - an older caller's struct is shorter: the fields that it lacks count as 0, and are not filled. A newer
 *       caller's is longer: fields that the library does not know have to be 0 (else ACTIV_ERROR_UNSUPPORTED), and
 *       are filled with 0;
 *     - `reserved` fields are 0. activ_message and activ_safetensors_text have no size and will never change.
 * - What a create call makes, the caller destroys. Pointers that come out of an object belong to the object.
 * - Threads: different objects may be used by different threads at the same time. An object is one of three:
 *   immutable, to be shared freely (contexts, functions, open files, a pool's executor); used by one thread at a time
 *   (a graph with its optimisers, apart from activ_graph_predict; an accumulator); or memory (tensors): many readers,
 *   or one writer.
 * - Callbacks must not throw, nor jump over the library's frames.
 * - Nothing is printed, and no thread started but a pool's. Calls that compute (forward, backward, train, predict,
 *   step) allocate nothing.
 */
#ifndef ACTIV_ACTIV_H
#define ACTIV_ACTIV_H

#include "analysis.h"
#include "checkpoint.h"
#include "context.h"
#include "cpu.h"
#include "dtype.h"
#include "export.h"
#include "expression.h"
#include "fn.h"
#include "graph.h"
#include "init.h"
#include "optim.h"
#include "pool.h"
#include "random.h"
#include "status.h"
#include "tensor.h"
#include "version.h"

#endif
