/* libactiv: activation functions in C, forward and backward, and what it takes to train with them.
 *
 * This header includes all others. A tour, from the smallest thing up:
 *
 * 1. A function on an array (fn.h)
 *
 *        activ_fn *gelu;
 *        if (activ_fn_create(NULL, "gelu", &gelu) != ACTIV_OK) return 1;
 *        activ_forward (gelu, NULL, n, x, y);               y[i] = gelu(x[i])
 *        activ_backward(gelu, NULL, n, x, dy, dx, NULL);    dx[i] = dy[i] gelu'(x[i])
 *        activ_fn_destroy(gelu);
 *
 *    A trainable function has parameters, an array of the caller's: activ_fn_param_count, activ_fn_param_init.
 *
 * 2. A network (graph.h): input, linear, apply, batch_norm, ..., a loss; compile; init; then activ_graph_train computes
 *    a batch's loss and gradients.
 *
 * 3. An optimiser (optim.h): SGD, AdamW or RMSprop; activ_optimizer_step updates the parameters. Before it, gradients
 *    may be clipped and the learning rate be set: activ_graph_clip_grad_norm, activ_optimizer_set_lr, activ_lr_cosine.
 *
 * 4. A file (checkpoint.h): activ_checkpoint_save, activ_checkpoint_load; with the optimiser, to continue exactly:
 *    activ_checkpoint_save_training.
 *
 * 5. What the host may lend (context.h): an allocator, threads, a log. NULL stands for a default context wherever one
 * is asked for. A host without threads of its own may ask for a pool of them (pool.h).
 *
 * Rules that hold everywhere:
 *
 * - Errors are values; their reasons can be had in words (status.h).
 * - The same inputs give the same bits on every CPU, tier and thread count; which NaN a NaN is, is open. All randomness
 *   is a function of a seed (random.h).
 * - Structs begin with `size`, their sizeof at the time the caller was compiled, so that fields can be appended. Those
 *   that the library reads have an initialiser ACTIV_..._DEFAULTS, which is the only place of defaults: every field
 * means what it says, 0 being 0. Those that it fills have ACTIV_..._INIT. In a struct of an older caller the fields
 * that it lacks count as 0, which is what the library did before it had them. In a struct of a newer caller, fields
 * that the library does not know have to be 0 when it reads (else ACTIV_ERROR_UNSUPPORTED), and become 0 when it fills.
 * - What a create call makes, the caller destroys. Pointers that come out of an object belong to the object.
 * - Threads: different objects may be used by different threads at the same time. Contexts, functions, opened files and
 *   the executor of a pool never change, and may be shared. A graph and its optimiser are used by one thread at a time,
 *   apart from activ_graph_predict. Tensors are memory: many readers, or one writer.
 * - Nothing is printed, no thread started (but a pool's), no memory taken after set-up, no global state changed.
 */
#ifndef ACTIV_ACTIV_H
#define ACTIV_ACTIV_H

#include "checkpoint.h"
#include "context.h"
#include "cpu.h"
#include "export.h"
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
