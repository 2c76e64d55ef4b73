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
 *    A trainable function has parameters, an array of the caller's:
 *    activ_fn_param_count, activ_fn_param_init.
 *
 * 2. A network (graph.h): input, linear, apply, batch_norm, ..., a loss; compile; init;
 *    then activ_graph_train computes a batch's loss and gradients.
 *
 * 3. An optimiser (optim.h): SGD, AdamW or RMSprop; activ_optimizer_step moves
 *    the parameters. Before it gradients may be clipped and the rate be set:
 *    activ_graph_clip_grad_norm, activ_optimizer_set_lr, activ_lr_cosine ...
 *
 * 4. A file (checkpoint.h): activ_checkpoint_save, activ_checkpoint_load; with
 *    the optimiser, to go on exactly: activ_checkpoint_save_training.
 *
 * 5. What the host may bring (context.h): an allocator, threads, a log. NULL
 *    stands for a default context wherever one is asked for. A host without threads
 *    of its own may ask for a pool of them (pool.h).
 *
 * Errors are values (status.h). All randomness is a function of a seed (random.h).
 * The same inputs give the same bits on every CPU, tier and thread count.
 */
#ifndef ACTIV_ACTIV_H
#define ACTIV_ACTIV_H

#include "checkpoint.h"
#include "context.h"
#include "cpu.h"
#include "export.h"
#include "fn.h"
#include "graph.h"
#include "optim.h"
#include "pool.h"
#include "random.h"
#include "status.h"
#include "tensor.h"
#include "version.h"

#endif
