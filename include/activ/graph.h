/* libactiv: a graph of layers, trained by backpropagation.
 *
 * A network is built layer by layer. Each builder call returns a node; the first mistake is
 * remembered by the graph, later calls do nothing, and activ_graph_compile reports it: the status,
 * and in activ_graph_error() the layer's name and the shapes.
 *
 *     activ_graph_create(NULL, &g);
 *     x = activ_graph_input(g, 784);
 *     x = activ_graph_apply(g, activ_graph_linear(g, x, 64), relu);
 *     activ_graph_cross_entropy(g, activ_graph_linear(g, x, 10));
 *     if (activ_graph_compile(g, 128) != ACTIV_OK) { puts(activ_graph_error(g)); return 2; }
 *
 * compile plans and takes all memory, for a largest batch; after it nothing allocates.
 *
 * Data is float32, row-major, one sample per row. Layers are named as PyTorch's nn.Sequential names
 * them: "layers.0", "layers.1", ... in the order of creation (the input, flatten and the losses are
 * not counted: PyTorch's networks have them outside of the sequence); a linear layer's tensors are
 * then "layers.0.weight" (out x in) and "layers.0.bias".
 *
 * One graph is used by one thread at a time. Results do not depend on the executor or the tier:
 * they are the same to the last
 * bit (which NaN a NaN is aside). Arrays of the caller's must not lie in the graph's own memory. A
 * call that fails for its arguments says why in activ_graph_error() too.
 */
#ifndef ACTIV_GRAPH_H
#define ACTIV_GRAPH_H

#include <stddef.h>
#include <stdint.h>

#include "context.h"
#include "export.h"
#include "fn.h"
#include "status.h"
#include "tensor.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct activ_graph activ_graph;

/* A layer of one graph, 0, 1, 2 ... in the order of creation; negative if the call that made it
 * failed. Layers that the loss does not depend on are legal; their gradients are 0. */
typedef int32_t activ_node;

/* ---- building ---------------------------------------------------------------------- */

ACTIV_API activ_status activ_graph_create(const activ_context *context, activ_graph **out);
ACTIV_API void activ_graph_destroy(activ_graph *graph); /* NULL is allowed */

/* The input: `features` values per sample, or samples of a shape of ndim dimensions (at most
 * ACTIV_MAX_DIMS - 1: the batch is one more). A graph has one input. */
ACTIV_API activ_node activ_graph_input(activ_graph *graph, size_t features);
ACTIV_API activ_node activ_graph_input_shape(activ_graph *graph, size_t ndim, const size_t *shape);

/* Each sample as one row of values. Copies nothing. */
ACTIV_API activ_node activ_graph_flatten(activ_graph *graph, activ_node x);

/* y = x W^T + b; x has one dimension per sample. W: out_features x in_features. */
ACTIV_API activ_node activ_graph_linear(activ_graph *graph, activ_node x, size_t out_features);

/* The same without b. */
ACTIV_API activ_node activ_graph_linear_without_bias(activ_graph *graph, activ_node x, size_t out_features);

/* y = f(x): element by element, or (softmax) over the last dimension. The trainable parameters of f, if it has some,
 * belong to this layer; with num_parameters=C in its spec, the first dimension of a sample, its channels, has to be C.
 * The graph keeps a copy of fn: the caller may destroy it at once. A gated function is ACTIV_ERROR_SHAPE here. */
ACTIV_API activ_node activ_graph_apply(activ_graph *graph, activ_node x, const activ_fn *fn);

/* y = f(x) with the function and the very parameters of an earlier activation layer. */
ACTIV_API activ_node activ_graph_apply_shared(activ_graph *graph, activ_node x, activ_node earlier);

/* y = value act(gate), element by element, for two nodes of one shape and a gated function (glu, swiglu, gated(SPEC)).
 * The trainable parameters of act belong to this layer. Dauphin et al. 2016, arXiv:1612.08083; Shazeer 2020,
 * arXiv:2002.05202. */
ACTIV_API activ_node activ_graph_gated(activ_graph *graph, activ_node value, activ_node gate, const activ_fn *fn);

/* The same with the two halves of x's last dimension, which has to be even and is halved. gate: which half is the gate.
 * ACTIV_GATE_SECOND with glu is PyTorch's nn.GLU and F.glu over the last dimension. */
enum { ACTIV_GATE_SECOND = 0, ACTIV_GATE_FIRST = 1 };
ACTIV_API activ_node activ_graph_gated_split(activ_graph *graph, activ_node x, const activ_fn *fn, int32_t gate);

/* y = a + b, of the same shape. */
ACTIV_API activ_node activ_graph_add(activ_graph *graph, activ_node a, activ_node b);

/* y = a b, element by element, of the same shape (ONNX's Mul). */
ACTIV_API activ_node activ_graph_multiply(activ_graph *graph, activ_node a, activ_node b);

/* The values of a, then those of b, along an axis of a sample (ONNX's Concat); the other dimensions
 * are the same. axis: 0 is the first dimension after the batch, -1 the last. */
ACTIV_API activ_node activ_graph_concat(activ_graph *graph, activ_node a, activ_node b, int32_t axis);

/* The same of any number of inputs, one or more; any of them may occur several times. */
ACTIV_API activ_node activ_graph_concat_many(activ_graph *graph, size_t count, const activ_node *inputs, int32_t axis);

/* PyTorch's nn.Dropout: a training step sets each value to 0 with probability p, 0 to 1, and multiplies
 * the others by 1/(1 - p); elsewhere y = x. Which ones is a function of the seed given to
 * activ_graph_init, the layer, the number of training steps since, and the element. Srivastava,
 * Hinton, Krizhevsky, Sutskever, Salakhutdinov 2014, JMLR 15. */
ACTIV_API activ_node activ_graph_dropout(activ_graph *graph, activ_node x, float p);

/* Settings of the two layers below. 0 stands for the default, as does NULL for all. */
typedef struct activ_norm_options {
    size_t size;    /* sizeof(activ_norm_options), set by the caller */
    float eps;      /* added to a variance; above 0; default 1e-5 */
    float momentum; /* batch_norm: a running value moves by this share towards the batch's; above 0,
                     * at most 1; default 0.1 */
} activ_norm_options;

/* y = (x - mean)/sqrt(var + eps) weight + bias for each channel, the first dimension of a sample:
 * PyTorch's nn.BatchNorm1d of (N, C) and (N, C, L), and 2d and 3d. A training step takes mean and
 * variance of the channel's values in the batch, which have to be more than one (ACTIV_ERROR_RANGE), and
 * moves the buffers "running_mean" and "running_var" (this one from the sum of squares over n - 1);
 * elsewhere the buffers are used. weight starts as 1, bias as 0. Means and variances are computed in
 * double, in two passes, and the variance is right to 2^-23 where no x - mean overflows a float. Ioffe, Szegedy 2015,
 * arXiv:1502.03167. */
ACTIV_API activ_node activ_graph_batch_norm(activ_graph *graph, activ_node x, const activ_norm_options *options);

/* The same for each sample alone, over its dimensions from `axis` on (counted as in concat): -1 is the
 * last dimension, 0 the whole sample. weight and bias have the shape of these dimensions. PyTorch's
 * nn.LayerNorm, whose normalized_shape it is; ONNX's LayerNormalization. Ba, Kiros, Hinton 2016,
 * arXiv:1607.06450. */
ACTIV_API activ_node activ_graph_layer_norm(activ_graph *graph, activ_node x, int32_t axis,
                                            const activ_norm_options *options);

/* The loss ends a graph; there is at most one. Cross-entropy: mean over the samples of -ln
 * softmax(logits)[label], logits with one dimension per sample. Mean squared error: mean over
 * all values of (prediction - target)^2. */
ACTIV_API activ_node activ_graph_cross_entropy(activ_graph *graph, activ_node logits);
ACTIV_API activ_node activ_graph_mse(activ_graph *graph, activ_node prediction);

/* Gives a layer another name than its number. Letters, digits, '_', '-' and '.'; unique in the
 * graph. A failure is remembered as a builder's. */
ACTIV_API activ_status activ_graph_name(activ_graph *graph, activ_node node, const char *name);

/* Checks the whole, plans the memory for batches of up to max_batch samples and takes it in one
 * piece. Parameters and buffers start as zeros: activ_graph_init or a checkpoint gives them values. If
 * it fails for the batch or for memory, it may be tried again with less. max_batch 0: for
 * activ_graph_predict only; such a graph holds its parameters and nothing else. */
ACTIV_API activ_status activ_graph_compile(activ_graph *graph, size_t max_batch);

/* Why the last call on this graph that failed did so, or "" if none did; for a graph that could
 * not be built, its first mistake. Calls that only look (const activ_graph *) write nothing. The
 * graph's, and valid until its next call. */
ACTIV_API const char *activ_graph_error(const activ_graph *graph);

/* Initial values as PyTorch's: weight and bias of a linear layer uniform in
 * +-1/sqrt(in_features), activations as activ_fn_param_init; of batch_norm and layer_norm weight 1 and
 * bias 0, the running mean 0, the running variance 1. A function of the seed alone. For
 * other schemes see activ_graph_init_weights in optim.h. */
ACTIV_API activ_status activ_graph_init(activ_graph *graph, uint64_t seed);

/* The seed of the last activ_graph_init or training checkpoint, which the noise of random layers comes from; 0
 * before. */
ACTIV_API uint64_t activ_graph_seed(const activ_graph *graph);

/* ---- running ------------------------------------------------------------------------ */

/* The last node before the loss, or the last node: y gets batch rows of it. Evaluation mode
 * (nothing random). batch: 1 .. max_batch. */
ACTIV_API activ_status activ_graph_forward(activ_graph *graph, size_t batch, const float *x, float *y);

/* The same for any number of samples at once and without writing into the graph: any number of threads may predict from
 * one graph at the same time, each with its own workspace, as long as nobody trains it, initialises it or loads into
 * it. Works on the calling thread alone, whatever the executor, and allocates nothing.
 *
 * workspace: activ_graph_workspace(graph, batch) bytes, at any address; with fewer the samples are taken in several
 * portions, down to one by one, with the same result. Its contents mean nothing before or after. x, y, the workspace
 * and the graph's memory are apart. ACTIV_ERROR_STATE before compile, ACTIV_ERROR_RANGE for a workspace that is too
 * small for one sample; y is then untouched. Says why to the log, not in activ_graph_error. */
ACTIV_API activ_status activ_graph_predict(const activ_graph *graph, void *workspace, size_t workspace_bytes,
                                           size_t batch, const float *x, float *y);

/* Bytes of a workspace for `batch` samples at a time: some KiB for one. 0 before compile, for batch 0 and if it
 * overflows. */
ACTIV_API size_t activ_graph_workspace(const activ_graph *graph, size_t batch);

/* One training step without the update: forward in training mode, *loss, and the gradients of all
 * parameters (overwritten). labels: one per sample, 0 .. classes-1, checked first
 * (ACTIV_ERROR_RANGE). For a graph that ends in cross-entropy. loss may be NULL. */
ACTIV_API activ_status activ_graph_train(activ_graph *graph, size_t batch, const float *x, const int32_t *labels,
                                         float *loss);

/* The same for a graph that ends in mean squared error; targets: as many values as predictions. */
ACTIV_API activ_status activ_graph_train_values(activ_graph *graph, size_t batch, const float *x, const float *targets,
                                                float *loss);

/* Evaluation mode: the loss, and how many samples have their largest logit (the first of equals)
 * at the label. Gradients are left alone. loss and correct may be NULL. */
ACTIV_API activ_status activ_graph_evaluate(activ_graph *graph, size_t batch, const float *x, const int32_t *labels,
                                            float *loss, size_t *correct);
ACTIV_API activ_status activ_graph_evaluate_values(activ_graph *graph, size_t batch, const float *x,
                                                   const float *targets, float *loss);

/* ---- looking inside ------------------------------------------------------------------- */

typedef struct activ_node_info {
    size_t size;      /* sizeof(activ_node_info), set by the caller */
    const char *name; /* "layers.0"; the graph's */
    const char *kind; /* "input" "flatten" "linear" "activation" "gated" "gated_split" "add" "multiply" "concat"
                       * "dropout" "batch_norm" "layer_norm" "cross_entropy" "mse" */
    const char *spec; /* of the function of an activation, gated or gated_split; else NULL */
    size_t ndim;      /* of one sample */
    size_t shape[ACTIV_MAX_DIMS];
    size_t params;        /* trainable values that belong to this layer (shared ones: to the first) */
    size_t multiply_adds; /* of one sample, forward */
    activ_node inputs[2]; /* the first two; -1 where there is none */
    size_t first_param;   /* the layer's parameters and gradients are activ_graph_params() and
                           * activ_graph_grads(), [first_param .. + params) */
    size_t first_buffer;  /* and its buffers activ_graph_buffers(), [first_buffer .. + buffers) */
    size_t buffers;
    float p;             /* of dropout */
    size_t axis;         /* of concat and layer_norm, 0: the first dimension of a sample */
    float eps, momentum; /* of batch_norm; eps of layer_norm too */
    size_t input_count;  /* all inputs; the graph's */
    const activ_node *all_inputs;
} activ_node_info;

ACTIV_API size_t activ_graph_node_count(const activ_graph *graph);
ACTIV_API activ_status activ_graph_node_info(const activ_graph *graph, activ_node node, activ_node_info *info);

/* All parameters in one array, and their gradients in another of the same order. NULL before
 * compile. They may be written between calls. */
ACTIV_API size_t activ_graph_param_count(const activ_graph *graph);
/* (Gradients: NULL too if it is for predictions only.) */
ACTIV_API float *activ_graph_params(activ_graph *graph);
ACTIV_API float *activ_graph_grads(activ_graph *graph);

/* One named tensor among them. */
typedef struct activ_param_info {
    size_t size;      /* sizeof(activ_param_info), set by the caller */
    const char *name; /* "layers.0.weight"; the graph's */
    size_t offset;    /* of its first value in the arrays above */
    size_t count;
    size_t ndim;
    size_t shape[ACTIV_MAX_DIMS];
    activ_node node; /* the layer it belongs to */
} activ_param_info;

ACTIV_API size_t activ_graph_tensor_count(const activ_graph *graph);
ACTIV_API activ_status activ_graph_tensor_info(const activ_graph *graph, size_t index, activ_param_info *info);

/* Buffers: values that belong to a layer and to its file, but that no optimiser moves. batch_norm has
 * two, "layers.1.running_mean" and "layers.1.running_var", which training steps set and evaluation
 * reads. All of them in one array, NULL before compile; they may be written between calls. Their
 * tensors are told of as parameters are, with offsets in this array. activ_graph_buffer_count counts
 * values, activ_graph_buffer_tensor_count tensors. */
ACTIV_API size_t activ_graph_buffer_count(const activ_graph *graph);
ACTIV_API float *activ_graph_buffers(activ_graph *graph);
ACTIV_API size_t activ_graph_buffer_tensor_count(const activ_graph *graph);
ACTIV_API activ_status activ_graph_buffer_info(const activ_graph *graph, size_t index, activ_param_info *info);

/* What a node put out in the last forward or evaluate call: batch rows; the graph's, until the
 * next call. NULL if there was none, for a loss, for the input (the caller has it) and after a
 * training step. */
ACTIV_API const float *activ_graph_values(const activ_graph *graph, activ_node node);

/* The largest batch it was compiled for; 0 before, and if it is for predictions only. */
ACTIV_API size_t activ_graph_max_batch(const activ_graph *graph);

/* Bytes that the graph holds when compiled for max_batch (0: for predictions only), optimisers apart: before compile,
 * so that it can be known beforehand; after it what it does hold, for the max_batch that it was compiled for. 0 if it
 * cannot be compiled so; activ_graph_error says why. */
ACTIV_API size_t activ_graph_memory(activ_graph *graph, size_t max_batch);

#ifdef __cplusplus
}
#endif

#endif
