/* libactiv: a graph of layers, trained by backpropagation.
 *
 * A network is built layer by layer. Each builder call returns a node. The graph remembers the first error, later calls
 * do nothing, and activ_graph_compile returns it; activ_graph_error has the words, with the layer's name and the
 * shapes.
 *
 *     activ_graph_create(NULL, &g);
 *     x = activ_graph_input(g, 784);
 *     x = activ_graph_apply(g, activ_graph_linear(g, x, 64), relu);
 *     activ_graph_cross_entropy(g, activ_graph_linear(g, x, 10));
 *     if (activ_graph_compile(g, 128) != ACTIV_OK) { puts(activ_graph_error(g)); return 2; }
 *
 * compile plans the memory for a largest batch and allocates it, the arena; after that no call on the graph allocates,
 * except activ_graph_init_weights, the creation of optimisers (optim.h) and the calls of checkpoint.h.
 *
 * Data is float32, row-major, one sample per row.
 *
 * Words. A *node* is what a builder call returns. The nodes that PyTorch's nn.Sequential would count are its
 * *layers*, and are named as there: "layers.0", "layers.1", ... in the order of creation; the others are "input",
 * "flatten", "flatten_2", "cross_entropy", "mse". A layer's trainable values are its *parameters*: one array for the
 * whole graph, activ_graph_params, with the *gradients* in another of the same order, activ_graph_grads. Values that
 * a layer keeps but no optimiser updates (running means) are its *buffers*, in a third array. A *tensor* is a named
 * part of such an array, with a shape: "layers.0.weight" (out x in) and "layers.0.bias" of a linear layer.
 *
 * Errors. A call on a graph that fails leaves the reason in activ_graph_error, except calls on a const activ_graph *,
 * which never write to it, and calls with an activ_message. After a builder call has failed, every call that needs a
 * compiled graph returns that first error. Arrays of the caller's must not overlap the arena (ACTIV_ERROR_INVALID).
 *
 * Thread safety: a graph is used by one thread at a time. The exceptions are activ_graph_predict and the other calls on
 * a const activ_graph, which only read: any number of threads may make them at the same time, as long as nobody makes
 * another call on the graph or on its optimiser, nor writes to its arrays. With an executor in its context, the graph
 * shares its work out among the executor's threads, but for predictions. Results do not depend on executor or tier:
 * they are the same to the last bit (but for the sign and payload of a NaN).
 */
#ifndef ACTIV_GRAPH_H
#define ACTIV_GRAPH_H

#include <stddef.h>
#include <stdint.h>

#include "context.h"
#include "export.h"
#include "fn.h"
#include "init.h"
#include "status.h"
#include "tensor.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct activ_graph activ_graph;

/* A node of one graph: 0, 1, 2 ... in the order of creation; negative if the call that made it failed. Nodes that the
 * loss does not depend on are legal; their gradients are 0. */
typedef int32_t activ_node;

/* ---- building ---------------------------------------------------------------------------------------------------- */

/* An empty graph; the caller destroys it. ACTIV_ERROR_INVALID: NULL; ACTIV_ERROR_OUT_OF_MEMORY. */
ACTIV_API activ_status activ_graph_create(const activ_context *context, activ_graph **out);

/* Its optimisers have to be destroyed before. NULL is allowed. */
ACTIV_API void activ_graph_destroy(activ_graph *graph);

/* The builder calls. What they remember as the graph's error: ACTIV_ERROR_INVALID: NULL, or a node that is not of
 * this graph (in activ_graph_apply_shared: no activation of it); ACTIV_ERROR_SHAPE: shapes, an axis or a function
 * that do not fit; ACTIV_ERROR_RANGE: a dimension or a number of features below 1, a number that is not as said
 * below, a size that overflows, more than 4096 nodes; ACTIV_ERROR_STATE: a second input, or a node after the loss;
 * ACTIV_ERROR_UNSUPPORTED: a field of options that this library does not know is not 0; ACTIV_ERROR_OUT_OF_MEMORY. In
 * a compiled graph they fail (ACTIV_ERROR_STATE) and change nothing. */

/* The input: `features` values per sample, or samples of ndim dimensions, at most ACTIV_MAX_DIMS - 1 (tensor.h; the
 * batch is one more). A graph has one input. */
ACTIV_API activ_node activ_graph_input(activ_graph *graph, size_t features);
ACTIV_API activ_node activ_graph_input_shape(activ_graph *graph, size_t ndim, const size_t *shape);

/* Each sample as one row of values. Copies nothing. */
ACTIV_API activ_node activ_graph_flatten(activ_graph *graph, activ_node x);

/* y = x W^T + b; x has one dimension per sample. W, "weight": out_features x in_features; b, "bias". */
ACTIV_API activ_node activ_graph_linear(activ_graph *graph, activ_node x, size_t out_features);

/* y = x W^T. */
ACTIV_API activ_node activ_graph_linear_without_bias(activ_graph *graph, activ_node x, size_t out_features);

/* y = f(x): element by element, or, for a row-wise function (softmax), over the last dimension. f's parameters belong
 * to this layer. With num_parameters=C in f's spec, the first dimension of a sample, its channels, has to be C. The
 * graph copies fn: the caller may destroy it at once. A gated function is ACTIV_ERROR_SHAPE here.
 *
 * After a linear layer whose output nobody else reads, f is fused into the epilogue of the matrix product: the same
 * bits, one pass over memory less. */
ACTIV_API activ_node activ_graph_apply(activ_graph *graph, activ_node x, const activ_fn *fn);

/* y = f(x) with the function and the parameters of an earlier activation layer: weight sharing. */
ACTIV_API activ_node activ_graph_apply_shared(activ_graph *graph, activ_node x, activ_node earlier);

/* y = value * act(gate), element by element, for two nodes of the same shape and a gated function (fn.h). act's
 * parameters belong to this layer. */
ACTIV_API activ_node activ_graph_gated(activ_graph *graph, activ_node value, activ_node gate, const activ_fn *fn);

/* Which half of the last dimension is the gate. The numbers are part of the ABI. */
enum { ACTIV_GATE_SECOND = 0, ACTIV_GATE_FIRST = 1 };

/* The same with the two halves of x's last dimension, which has to be even; y has half as many columns. gate:
 * ACTIV_GATE_SECOND (with glu: PyTorch's nn.GLU) or ACTIV_GATE_FIRST. */
ACTIV_API activ_node activ_graph_gated_split(activ_graph *graph, activ_node x, const activ_fn *fn, int32_t gate);

/* y = a + b, of the same shape. */
ACTIV_API activ_node activ_graph_add(activ_graph *graph, activ_node a, activ_node b);

/* y = a * b, element by element, of the same shape (ONNX's Mul). */
ACTIV_API activ_node activ_graph_multiply(activ_graph *graph, activ_node a, activ_node b);

/* The values of a, then those of b, along an axis of a sample (ONNX's Concat); the other dimensions are the same. axis:
 * 0 is the first dimension after the batch, -1 the last. */
ACTIV_API activ_node activ_graph_concat(activ_graph *graph, activ_node a, activ_node b, int32_t axis);

/* The same of `count` inputs, one or more; any of them may occur several times. */
ACTIV_API activ_node activ_graph_concat_many(activ_graph *graph, size_t count, const activ_node *inputs, int32_t axis);

/* PyTorch's nn.Dropout: a training step sets each value to 0 with probability p, 0 to 1, and multiplies the others by
 * 1/(1 - p); elsewhere y = x. The choice is a function of the seed given to activ_graph_init, the layer, the number of
 * training steps since, and the element. Srivastava et al. 2014, JMLR 15. */
ACTIV_API activ_node activ_graph_dropout(activ_graph *graph, activ_node x, float p);

/* Settings of the two normalisations below. */
typedef struct activ_norm_options {
    size_t size;
    float eps;      /* added to a variance; > 0: 0 would divide by a variance of 0 */
    float momentum; /* batch_norm: how far a training step moves the running values towards the batch's, 0 (not at all)
                     * to 1. layer_norm has no use for it */
} activ_norm_options;

/* PyTorch's. */
#define ACTIV_NORM_DEFAULTS                     \
    {                                           \
        sizeof(activ_norm_options), 1e-5f, 0.1f \
    }

/* y = (x - mean)/sqrt(var + eps) weight + bias for each channel, the first dimension of a sample: PyTorch's
 * nn.BatchNorm1d of (N, C) and (N, C, L), and 2d and 3d. options: NULL means ACTIV_NORM_DEFAULTS.
 *
 * A training step takes mean and variance of the channel's values in the batch, of which there have to be two or more
 * (ACTIV_ERROR_RANGE), and moves the buffers "running_mean" and "running_var" (the latter with n - 1 in the
 * denominator); both of a channel stay as they were if a float cannot hold them then (a batch with 1e30, or NaN).
 * Elsewhere the buffers are used. Means and variances are computed in double, in two passes; the variance
 * is accurate to 2^-23 unless some x - mean overflows a float. Ioffe, Szegedy 2015, arXiv:1502.03167. */
ACTIV_API activ_node activ_graph_batch_norm(activ_graph *graph, activ_node x, const activ_norm_options *options);

/* The same for each sample alone, over its dimensions from `axis` on (counted as in concat): -1 is the last dimension,
 * 0 the whole sample. weight and bias have the shape of these dimensions. PyTorch's nn.LayerNorm, whose
 * normalized_shape it is; ONNX's LayerNormalization. Ba, Kiros, Hinton 2016, arXiv:1607.06450. */
ACTIV_API activ_node activ_graph_layer_norm(activ_graph *graph, activ_node x, int32_t axis,
                                            const activ_norm_options *options);

/* The loss ends a graph; there is at most one. Cross-entropy: the mean over the samples of -ln softmax(logits)[label];
 * logits have one dimension per sample. Mean squared error: the mean over all values of (prediction - target)^2. */
ACTIV_API activ_node activ_graph_cross_entropy(activ_graph *graph, activ_node logits);
ACTIV_API activ_node activ_graph_mse(activ_graph *graph, activ_node prediction);

/* What PyTorch's CrossEntropyLoss can be told. */
typedef struct activ_cross_entropy_options {
    size_t size;
    const float *weight;   /* of each class, finite and >= 0; NULL: all 1. Copied; a buffer, "cross_entropy.weight" */
    float label_smoothing; /* 0 to 1: the part of the label that goes to all classes alike */
    int32_t ignore_index;  /* a label whose samples count nothing, nor among the correct ones; may be negative */
} activ_cross_entropy_options;

/* PyTorch's. */
#define ACTIV_CROSS_ENTROPY_DEFAULTS                          \
    {                                                         \
        sizeof(activ_cross_entropy_options), NULL, 0.0f, -100 \
    }

/* Cross-entropy with these; NULL means the defaults. With w = weight, e = label_smoothing, l = -ln softmax(logits): the
 * sum over the samples that are not ignored of (1 - e) w[label] l[label] + e/C (the sum over the C classes c of w[c]
 * l[c]), divided by the sum of their w[label]. If that is 0, as
 * all are ignored, the loss is NaN, and the gradients are 0. */
ACTIV_API activ_node activ_graph_cross_entropy_ex(activ_graph *graph, activ_node logits,
                                                  const activ_cross_entropy_options *options);

/* Renames a node, before compile: 1 to 63 letters, digits, '_', '-' and '.', unique in the graph. An error is
 * remembered as a builder's; ACTIV_ERROR_INVALID: no such node, or a name that is malformed or taken. */
ACTIV_API activ_status activ_graph_set_name(activ_graph *graph, activ_node node, const char *name);

/* Checks the whole, plans the arena for batches of up to max_batch samples and allocates it. max_batch 0: for
 * activ_graph_predict only; such a graph holds its parameters and buffers, and no arrays of a batch. After it nothing
 * can be added, renamed or compiled again (ACTIV_ERROR_STATE).
 *
 * Parameters and buffers start as zeros: activ_graph_init, a checkpoint or the caller (activ_graph_params) gives them
 * values. Training without is ACTIV_ERROR_STATE.
 *
 * The first error of a builder call; or ACTIV_ERROR_STATE: no layers; ACTIV_ERROR_RANGE: a size that overflows;
 * ACTIV_ERROR_OUT_OF_MEMORY: then, as for the size, it may be tried again with a smaller max_batch. */
ACTIV_API activ_status activ_graph_compile(activ_graph *graph, size_t max_batch);

/* What can be chosen in compiling. */
typedef struct activ_compile_options {
    size_t size;
    size_t max_batch;    /* as above */
    int32_t keep_values; /* 1: after a training step the values and gradients of every node can be read
                          * (activ_graph_values, activ_graph_value_grads). Takes an array for each, where else memory is
                          * used again, and a backward pass without fusion; the results are the same bits */
    int32_t reserved;
} activ_compile_options;

#define ACTIV_COMPILE_DEFAULTS                 \
    {                                          \
        sizeof(activ_compile_options), 0, 0, 0 \
    }

/* The same with options; NULL means ACTIV_COMPILE_DEFAULTS. Also ACTIV_ERROR_RANGE: keep_values is neither 0 nor 1. The
 * reason is in the message, which may be NULL, and in activ_graph_error. */
ACTIV_API activ_status activ_graph_compile_ex(activ_graph *graph, const activ_compile_options *options,
                                              activ_message *message);

/* Why the last call on this graph that failed did so, or "" if none did; for a graph that could not be built, its first
 * error. The graph's, valid until its next call. */
ACTIV_API const char *activ_graph_error(const activ_graph *graph);

/* ---- initial values ---------------------------------------------------------------------------------------------- */

/* Both: ACTIV_ERROR_STATE: not compiled; ACTIV_ERROR_UNSUPPORTED: no such scheme; ACTIV_ERROR_RANGE: the gain;
 * ACTIV_ERROR_INVALID: NULL; and what is said below. On failure nothing is changed. */

/* Initial values as PyTorch's, a function of the seed alone: weight and bias of a linear layer uniform in
 * +-1/sqrt(in_features); the parameters of activations by activ_fn_param_init; of batch_norm and layer_norm weight 1
 * and bias 0, running mean 0, running variance 1. The random layers start anew with this seed. */
ACTIV_API activ_status activ_graph_init(activ_graph *graph, uint64_t seed);

/* The same, but the weights of all linear layers by a scheme of init.h; their biases become 0 unless the scheme is
 * ACTIV_INIT_DEFAULT. gain: finite, >= 0; activ_init_gain(scheme) is the usual one. Allocates a copy of the parameters
 * for the time of the call (ACTIV_ERROR_OUT_OF_MEMORY). */
ACTIV_API activ_status activ_graph_init_weights(activ_graph *graph, activ_init_scheme scheme, float gain,
                                                uint64_t seed);

/* The seed of the last activ_graph_init or training checkpoint, for the noise of random layers; 0 before. */
ACTIV_API uint64_t activ_graph_seed(const activ_graph *graph);

/* ---- running ----------------------------------------------------------------------------------------------------- */

/* What these calls answer, but for activ_graph_predict: ACTIV_ERROR_STATE: not compiled, compiled for predictions
 * only, or another loss than the call's; ACTIV_ERROR_RANGE: batch is 0 or above max_batch, or a label is no class;
 * ACTIV_ERROR_INVALID: NULL, an array in the graph's arena, or one at an address that is no multiple of 4. On failure
 * nothing is changed. */

/* Evaluation mode (nothing random): y gets `batch` rows of the node before the loss, or of the last node if there is no
 * loss. batch: 1 to max_batch. In-place: y may be x, if both have as many values. */
ACTIV_API activ_status activ_graph_forward(activ_graph *graph, size_t batch, const float *x, float *y);

/* The same for any number of samples, and without writing to the graph: any number of threads may predict from one
 * graph at the same time, each with its own workspace, as long as nobody trains it, initialises it or loads into it.
 * Works on the calling thread alone, whatever the executor, and allocates nothing.
 *
 * workspace: memory for intermediate results, activ_graph_workspace_bytes(graph, batch) bytes at any address. With
 * fewer, the samples are taken in several portions, down to one by one, with the same result. Its contents mean nothing
 * before and after.
 *
 * On failure y is untouched. ACTIV_ERROR_STATE: before compile; ACTIV_ERROR_RANGE: a workspace too small for one
 * sample, batch 0, or a size that overflows; ACTIV_ERROR_INVALID: NULL, or arrays that overlap. */
ACTIV_API activ_status activ_graph_predict(const activ_graph *graph, void *workspace, size_t workspace_bytes,
                                           size_t batch, const float *x, float *y);
ACTIV_API activ_status activ_graph_predict_ex(const activ_graph *graph, void *workspace, size_t workspace_bytes,
                                              size_t batch, const float *x, float *y, activ_message *message);

/* The workspace for `batch` samples at a time: for each about the outputs of its few widest neighbouring layers. 0
 * before compile, for batch 0 and if it overflows. */
ACTIV_API size_t activ_graph_workspace_bytes(const activ_graph *graph, size_t batch);

/* A training step but for the update: forward in training mode, *loss, and the gradients of all parameters,
 * overwritten. For a graph that ends in cross-entropy. labels: one per sample, 0 to classes - 1 or ignore_index,
 * checked first (ACTIV_ERROR_RANGE). loss may be NULL. */
ACTIV_API activ_status activ_graph_train(activ_graph *graph, size_t batch, const float *x, const int32_t *labels,
                                         float *loss);

/* The same for a graph that ends in mean squared error. targets: as many values as predictions. */
ACTIV_API activ_status activ_graph_train_values(activ_graph *graph, size_t batch, const float *x, const float *targets,
                                                float *loss);

/* A training step for a loss of the caller's, in two calls. The first: forward in training mode, whose output, as of
 * activ_graph_forward, goes to y, which is not x. The second, once for each of the first and with the same batch: from
 * dy, the loss's gradient by each value of y, the gradients of all parameters, overwritten, and in dx the input's
 * (batch x features; NULL: not wanted). x has to stay as it was until then; dx overlaps neither x nor dy. The loss that
 * the graph may end in takes no part. With the gradient of that loss as dy they are activ_graph_train, to the last bit;
 * random layers go one step on in the first call. Nothing is allocated.
 *
 * The second also: ACTIV_ERROR_STATE: no forward_train before, or another call since that overwrote its values;
 * ACTIV_ERROR_RANGE: another batch. */
ACTIV_API activ_status activ_graph_forward_train(activ_graph *graph, size_t batch, const float *x, float *y);
ACTIV_API activ_status activ_graph_backward(activ_graph *graph, size_t batch, const float *dy, float *dx);

/* Evaluation mode: the loss, and for how many samples the largest logit (the first of equals) is the label's,
 * none of them being NaN. Gradients are left alone. loss and correct may be NULL. */
ACTIV_API activ_status activ_graph_evaluate(activ_graph *graph, size_t batch, const float *x, const int32_t *labels,
                                            float *loss, size_t *correct);
ACTIV_API activ_status activ_graph_evaluate_values(activ_graph *graph, size_t batch, const float *x,
                                                   const float *targets, float *loss);

/* ---- gradients --------------------------------------------------------------------------------------------------- */

/* Between activ_graph_train and the optimiser's step. ACTIV_ERROR_STATE: not compiled, or for predictions only;
 * ACTIV_ERROR_RANGE: a limit that is negative or NaN; ACTIV_ERROR_INVALID: NULL.
 *
 * torch.nn.utils.clip_grad_norm_: multiplies all gradients by max_norm / (norm + 1e-6) if that is less than 1; norm,
 * the root of the sum of their squares, goes to *total_norm (may be NULL; infinity if float32 cannot hold it).
 * max_norm: >= 0; infinity only measures. If the norm is not finite: ACTIV_ERROR_RANGE, and the gradients stay as
 * they are (PyTorch's error_if_nonfinite). */
ACTIV_API activ_status activ_graph_clip_grad_norm(activ_graph *graph, float max_norm, float *total_norm);

/* torch.nn.utils.clip_grad_value_: gradients are cut to -clip_value .. clip_value; NaN stays NaN. clip_value: >= 0. */
ACTIV_API activ_status activ_graph_clip_grad_value(activ_graph *graph, float clip_value);

/* ---- parameters and buffers -------------------------------------------------------------------------------------- */

/* All parameters in one array, and their gradients in another of the same order. They may be read and written between
 * calls. NULL before compile; gradients also if the graph is compiled for predictions only. */
ACTIV_API size_t activ_graph_param_count(const activ_graph *graph);
ACTIV_API float *activ_graph_params(activ_graph *graph);
ACTIV_API float *activ_graph_grads(activ_graph *graph);

/* All buffers in one array: batch_norm's "running_mean" and "running_var", which training steps set and evaluation
 * reads; the class weights of a cross-entropy. They may be read and written between calls. NULL before compile. */
ACTIV_API size_t activ_graph_buffer_count(const activ_graph *graph);
ACTIV_API float *activ_graph_buffers(activ_graph *graph);

/* A named part of the parameters, or of the buffers. Pointers are the graph's, valid until the next builder
 * call, after compile until it is destroyed. */
typedef struct activ_graph_tensor_info {
    size_t size;      /* sizeof(activ_graph_tensor_info), set by the caller */
    const char *name; /* "layers.0.weight" */
    size_t offset;    /* of its first value in the array */
    size_t count;     /* of its values, which are row-major */
    size_t ndim;
    const size_t *shape;
    activ_node node; /* the layer it belongs to */
    int32_t reserved;
} activ_graph_tensor_info;

#define ACTIV_GRAPH_TENSOR_INFO_INIT                               \
    {                                                              \
        sizeof(activ_graph_tensor_info), NULL, 0, 0, 0, NULL, 0, 0 \
    }

/* In the order of the arrays. ACTIV_ERROR_RANGE: past the last; ACTIV_ERROR_INVALID: NULL, no size. */
ACTIV_API size_t activ_graph_param_tensor_count(const activ_graph *graph);
ACTIV_API activ_status activ_graph_param_tensor_info(const activ_graph *graph, size_t index,
                                                     activ_graph_tensor_info *info);
ACTIV_API size_t activ_graph_buffer_tensor_count(const activ_graph *graph);
ACTIV_API activ_status activ_graph_buffer_tensor_info(const activ_graph *graph, size_t index,
                                                      activ_graph_tensor_info *info);

/* ---- looking inside ---------------------------------------------------------------------------------------------- */

/* A node. Pointers are the graph's, valid until the next builder call, after compile until it is destroyed. */
typedef struct activ_node_info {
    size_t size;             /* sizeof(activ_node_info), set by the caller */
    const char *name;        /* "layers.0" */
    const char *kind;        /* "input" "flatten" "linear" "activation" "gated" "gated_split" "add" "multiply" "concat"
                              * "dropout" "batch_norm" "layer_norm" "cross_entropy" "mse" */
    const char *description; /* the line that a checkpoint has of it, with its inputs and all settings that differ from
                              * their defaults: "layers.2 = dropout(layers.1, p=0.5)"; NULL before compile */
    size_t ndim;             /* of one sample */
    const size_t *shape;
    size_t input_count;
    const activ_node *inputs;
    /* Its part of activ_graph_params and activ_graph_grads, [first_param .. first_param + param_count - 1]; parameters
     * that are shared belong to the first layer that has them. And its part of activ_graph_buffers. */
    size_t first_param;
    size_t param_count;
    size_t first_buffer;
    size_t buffer_count;
    size_t multiply_adds; /* of one sample, forward */
} activ_node_info;

#define ACTIV_NODE_INFO_INIT                                                       \
    {                                                                              \
        sizeof(activ_node_info), NULL, NULL, NULL, 0, NULL, 0, NULL, 0, 0, 0, 0, 0 \
    }

/* ACTIV_ERROR_RANGE: no such node; ACTIV_ERROR_INVALID: NULL, no size. */
ACTIV_API size_t activ_graph_node_count(const activ_graph *graph);
ACTIV_API activ_status activ_graph_node_info(const activ_graph *graph, activ_node node, activ_node_info *info);

/* The node that is the input, that activ_graph_forward and activ_graph_predict give, and that is the loss; -1 if
 * there is none. And a node by its name; -1 if there is none. */
ACTIV_API activ_node activ_graph_input_node(const activ_graph *graph);
ACTIV_API activ_node activ_graph_output_node(const activ_graph *graph);
ACTIV_API activ_node activ_graph_loss_node(const activ_graph *graph);
ACTIV_API activ_node activ_graph_find_node(const activ_graph *graph, const char *name);

/* The function of an activation, gated or gated_split layer; NULL for others. The graph's. */
ACTIV_API const activ_fn *activ_graph_node_fn(const activ_graph *graph, activ_node node);

/* A node's values in the last forward or evaluate call that succeeded, with keep_values also training call: `batch`
 * rows; the graph's, valid until the next of them. NULL: no such call yet, without keep_values a training step since, a
 * loss, the input (the caller has it), or a flatten of it. */
ACTIV_API const float *activ_graph_values(const activ_graph *graph, activ_node node);

/* The loss's gradient by each of these values (of a flatten, by its own) in the last training call, if that is the
 * last call of all that overwrite values, and the graph is compiled with keep_values; else NULL, as for a loss. */
ACTIV_API const float *activ_graph_value_grads(const activ_graph *graph, activ_node node);

/* The largest batch that the graph is compiled for; 0 before, and if it is for predictions only. */
ACTIV_API size_t activ_graph_max_batch(const activ_graph *graph);

/* How much memory the graph holds, optimisers apart: before compile, what it will hold when compiled for max_batch
 * (0: for predictions only), or 0 if it cannot be compiled so (activ_graph_error); after it what it does hold,
 * whatever max_batch is given. */
ACTIV_API size_t activ_graph_memory_bytes(activ_graph *graph, size_t max_batch);
ACTIV_API size_t activ_graph_memory_bytes_ex(activ_graph *graph, const activ_compile_options *options);

#ifdef __cplusplus
}
#endif

#endif
