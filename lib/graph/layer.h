/* For authors of layers: the table of a layer, and functions that build a node, find its arrays and report errors. A
 * layer is one file in graph/layers; none of them accesses the graph's struct. */
#ifndef ACTIV_GRAPH_LAYER_H
#define ACTIV_GRAPH_LAYER_H

#include "activ/graph.h"
#include "base/settings.h"
#include "fn/fn.h"
#include "graph/layers/list.h"
#include "graph/plan.h"
#include "graph/run.h"

#define ACTIV_NAME_SIZE 64
#define ACTIV_ONE_OR_MORE (-1) /* graph_kind.inputs */

/* The largest size that a setting may have: a double holds it exactly. */
#define ACTIV_MAX_SIZE ((double)(SIZE_MAX < (uint64_t)1 << 53 ? SIZE_MAX : (uint64_t)1 << 53))

typedef struct graph_kind graph_kind;

struct graph_node {
    const graph_kind *kind;
    char name[ACTIV_NAME_SIZE];
    size_t input_count;
    activ_node *inputs;
    float **dx;                                   /* backward: gradient of each input */
    size_t ndim, shape[ACTIV_MAX_DIMS], features; /* of one sample */

    activ_setting_value *settings; /* in the order of its kind's table */
    activ_fn *fn;                  /* its function, or NULL */
    activ_node shares;             /* the node whose parameters it shares, or -1 */
    float *kept;                   /* until compiled: the values of its first buffer, or NULL */
    size_t kept_count;

    /* Its parameter tensors and buffers: ranges of the graph's lists. */
    size_t first_tensor, tensors, first_buffer, buffers;

    graph_plan plan;
};

/* A kind of layer. */
struct graph_kind {
    const char *name;
    int inputs;            /* number of inputs, or ACTIV_ONE_OR_MORE */
    int numbered;          /* its name is "layers.K" */
    int is_view;           /* its values alias its input's: nothing to compute */
    int reads_input;       /* backward reads the inputs' values */
    int backward_in_place; /* dx[0] may overwrite the node's own gradient */
    int forward_in_place;  /* the values may overwrite the first input's, if these are dead */
    int adds_to_gradients; /* accumulates its parameters' gradients, which are zeroed before: layers may share them */
    int fuses;             /* runs the activations plan.fused_forward and plan.fused_backward in its epilogue */
    int can_be_fused;      /* it only applies node->fn, which plan.c may fuse into a product */

    /* Settings in a line of a description, after the names of the inputs. Required ones are always written, others if
     * not the default. Kind FUNCTIONS: one function, node->fn. Kind TEXT: the name of an earlier layer, node->shares.
     * These two are written if `given`. NULL: no settings. */
    const activ_setting *settings;

    /* Checks settings (from a builder or a line) and the inputs' shapes, sets the node's shape and adds its tensors. */
    activ_status (*build)(activ_graph *g, graph_node *node);
    /* Floats that forward saves for backward in training; NULL: none. */
    size_t (*saved)(const graph_node *node, size_t batch);
    /* Fails if a training step cannot have this batch size. NULL: any. */
    activ_status (*check_batch)(activ_graph *g, const graph_node *node, size_t batch);
    /* Writes only its output unless run->training: threads may predict with one graph concurrently. */
    void (*forward)(graph_run *run, const graph_node *node);
    /* Gradients of the parameters, and of each input into its dx, which is overwritten, or NULL if not wanted. An input
     * that occurs twice has two. */
    void (*backward)(graph_run *run, const graph_node *node, float *const *dx);
    /* Of a loss, instead of forward and backward: run->loss_sum and loss_terms, and the gradient of its input into dx
     * if that is not NULL. Training gets both in one call, in the backward pass. */
    void (*loss)(graph_run *run, const graph_node *node, float *dx);
    /* Scratch floats for each of `threads`, for batches up to this size; predicting: forward only. NULL: none. */
    size_t (*scratch)(const activ_graph *g, const graph_node *node, size_t batch, size_t threads, int predicting);
    /* Multiply-adds of one sample, forward; NULL: none. */
    size_t (*multiply_adds)(const activ_graph *g, const graph_node *node);
    /* Initial values of its tensors. */
    void (*init)(activ_graph *g, const graph_node *node, uint64_t seed);
};

#define ACTIV_KIND_DECLARED(name) extern const graph_kind activ_kind_##name;
ACTIV_LAYERS(ACTIV_KIND_DECLARED)
#undef ACTIV_KIND_DECLARED

/* ---- building -------------------------------------------------------------------------------- */

/* A new node with default settings, to be changed before activ_graph_build_node. NULL after an error. */
graph_node *activ_graph_new_node(activ_graph *g, const graph_kind *kind, size_t count, const activ_node *inputs);
/* Builds it; returns its id, or -1. */
activ_node activ_graph_build_node(activ_graph *g, graph_node *node);

const graph_node *activ_graph_input_of(const activ_graph *g, const graph_node *node, size_t which);
const graph_node *activ_graph_node_at(const activ_graph *g, activ_node id); /* NULL if there is none */
const activ_host *activ_graph_host(const activ_graph *g);

/* Sets the node's shape to that of its inputs, which must agree. */
activ_status activ_graph_copy_input_shape(activ_graph *g, graph_node *node);
/* Checks a setting that is an axis of the first input; replaces a negative one, which counts from the last. */
activ_status activ_graph_resolve_axis(activ_graph *g, graph_node *node, size_t setting);

/* Sets a setting to a builder's argument; fails if the size is above ACTIV_MAX_SIZE. */
activ_status activ_graph_set_size(activ_graph *g, graph_node *node, size_t setting, size_t size);

static inline size_t activ_node_size(const graph_node *node, size_t setting)
{
    return (size_t)node->settings[setting].number;
}

/* Parameters ("weight"), and state that is not trained ("running_mean"). */
activ_status activ_graph_add_tensor(activ_graph *g, graph_node *node, const char *role, size_t ndim,
                                    const size_t *shape);
activ_status activ_graph_add_buffer(activ_graph *g, graph_node *node, const char *role, size_t ndim,
                                    const size_t *shape);
float *activ_graph_tensor_values(const activ_graph *g, size_t tensor);
float *activ_graph_tensor_gradient(const activ_graph *g, size_t tensor);
float *activ_graph_buffer_values(const activ_graph *g, size_t buffer);

/* Values that the first buffer of the node gets when the graph is compiled; copied. */
activ_status activ_graph_keep_values(activ_graph *g, graph_node *node, size_t count, const float *values);

/* The label that a cross_entropy node ignores. */
int32_t activ_cross_entropy_ignore_index(const graph_node *node);

/* Parameters of a layer's function, its own or shared; NULL if it has none. */
const float *activ_activation_params(const activ_graph *g, const graph_node *node);

/* ---- errors ------------------------------------------------------------------------------------ */

/* Fail with a reason (base/text.h), in the graph's message and the log: "NAME (KIND): ", if node is not NULL, and the
 * pieces, all strings. The second is for errors in building, which the graph remembers, unless there was one before or
 * the graph is compiled and so complete. */
#define activ_graph_fail(g, status, node, ...) \
    activ_graph_fail_pieces(g, status, node, (const char *const[]){ __VA_ARGS__, NULL })
#define activ_graph_fail_build(g, status, node, ...) \
    activ_graph_fail_build_pieces(g, status, node, (const char *const[]){ __VA_ARGS__, NULL })
activ_status activ_graph_fail_pieces(activ_graph *g, activ_status status, const graph_node *node,
                                     const char *const *pieces);
activ_status activ_graph_fail_build_pieces(activ_graph *g, activ_status status, const graph_node *node,
                                           const char *const *pieces);
/* Shape mismatch: text, then name and shape of the first input, and of input `other` if that is not 0. */
activ_status activ_graph_fail_build_shape(activ_graph *g, const graph_node *node, const char *text, size_t other);

#endif
