/* What the author of a layer needs: its table, and how to build a node, find its arrays and say what is wrong. A layer
 * is one file in graph/layers; none of them looks into the graph itself. */
#ifndef ACTIV_GRAPH_LAYER_H
#define ACTIV_GRAPH_LAYER_H

#include "activ/graph.h"
#include "base/settings.h"
#include "fn/fn.h"
#include "graph/layers/list.h"
#include "graph/plan.h"
#include "graph/run.h"

#define ACTIV_NAME_SIZE 64
#define ACTIV_ONE_OR_MORE (-1) /* inputs of a kind */

/* The largest setting that is a size: a double holds it exactly. */
#define ACTIV_MAX_SIZE ((double)(SIZE_MAX < (uint64_t)1 << 53 ? SIZE_MAX : (uint64_t)1 << 53))

typedef struct graph_kind graph_kind;

struct graph_node {
    const graph_kind *kind;
    char name[ACTIV_NAME_SIZE];
    size_t input_count;
    activ_node *inputs;
    float **dx;                                   /* for backward: one for each input */
    size_t ndim, shape[ACTIV_MAX_DIMS], features; /* of one sample */

    /* What the layer was asked for. */
    activ_setting_value *settings; /* as its kind's table says */
    activ_fn *fn;                  /* its function, or NULL */
    activ_node shares;             /* the node whose parameters it uses, or -1 */

    /* Its tensors, one after the other in the graph's list from first_tensor on; and its buffers in theirs. */
    size_t first_tensor, tensors, first_buffer, buffers;

    graph_plan plan;
};

/* A kind of layer. */
struct graph_kind {
    const char *name;
    int inputs;            /* how many it takes; or ACTIV_ONE_OR_MORE */
    int numbered;          /* its name is "layers.K" */
    int is_view;           /* its values are its input's: nothing to compute */
    int reads_input;       /* backward needs the inputs' values */
    int backward_in_place; /* dx[0] may be the node's own gradient */
    int forward_in_place;  /* the values may be written over the first input's, if nobody needs those any more */
    int adds_to_gradients; /* of its parameters, which are zeroed before: other layers may share them */
    int fuses;             /* runs the activations plan.fused_forward and plan.fused_backward in its epilogue */
    int can_be_fused;      /* what it does is node->fn's, which plan.c fuses if it may */

    /* What a line of a description may say behind the names of the inputs, and what it writes: all that is required,
     * the rest where it is not the default. Kind FUNCTIONS: one function, node->fn. Kind TEXT: the name of an earlier
     * layer, node->shares. These two are written where they are `given`. NULL: no settings. */
    const activ_setting *settings;

    /* Checks settings (a builder's or a line's) and the inputs' shapes, sets the node's own shape and adds its
     * tensors. */
    activ_status (*build)(activ_graph *g, graph_node *node);
    /* Floats that training keeps from the way there for the way back; NULL: none. */
    size_t (*saved)(const graph_node *node, size_t batch);
    /* May a training step have this batch? NULL: any. */
    activ_status (*check_batch)(activ_graph *g, const graph_node *node, size_t batch);
    /* Unless run->training, it writes nothing but its output. */
    void (*forward)(graph_run *run, const graph_node *node);
    /* Gradients of the parameters, and of each input into its dx: overwritten; NULL where not wanted. An input that
     * occurs twice has two of them. */
    void (*backward)(graph_run *run, const graph_node *node, float *const *dx);
    /* Instead of the two, for a loss: its sum into run->loss_sum, and the gradient of its input into
     * dx, if that is not NULL. Training asks for both at once, on the way back. */
    void (*loss)(graph_run *run, const graph_node *node, float *dx);
    /* Scratch memory in floats for each of `threads`, for batches of up to this size; predicting: forward only. NULL:
     * none. */
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

/* A new node with the default settings, to be changed before activ_graph_build_node. NULL after a mistake. */
graph_node *activ_graph_new_node(activ_graph *g, const graph_kind *kind, size_t count, const activ_node *inputs);
/* Builds it; its number, or -1. */
activ_node activ_graph_build_node(activ_graph *g, graph_node *node);

const graph_node *activ_graph_input_of(const activ_graph *g, const graph_node *node, size_t which);
const graph_node *activ_graph_node_at(const activ_graph *g, activ_node id); /* NULL if there is none */
const activ_host *activ_graph_host(const activ_graph *g);

/* The shape of its inputs, which have to have the same. */
activ_status activ_graph_take_one_shape(activ_graph *g, graph_node *node);
/* Checks a setting that is an axis of its first input; if it is negative it counts from the last, and is changed. */
activ_status activ_graph_take_axis(activ_graph *g, graph_node *node, size_t setting);

/* Settings from a builder's arguments, and what they are. A size may be too large for one: then it fails. */
activ_status activ_graph_set_size(activ_graph *g, graph_node *node, size_t setting, size_t size);

static inline size_t activ_node_size(const graph_node *node, size_t setting)
{
    return (size_t)node->settings[setting].number;
}

/* Parameters ("weight"), and values that a step sets but nobody trains ("running_mean"). */
activ_status activ_graph_add_tensor(activ_graph *g, graph_node *node, const char *role, size_t ndim,
                                    const size_t *shape);
activ_status activ_graph_add_buffer(activ_graph *g, graph_node *node, const char *role, size_t ndim,
                                    const size_t *shape);
float *activ_graph_tensor_values(const activ_graph *g, size_t tensor);
float *activ_graph_tensor_gradient(const activ_graph *g, size_t tensor);
float *activ_graph_buffer_values(const activ_graph *g, size_t buffer);

/* Parameters of a layer's function, its own or those of the layer that it shares with; NULL if it has none. */
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
/* For shapes that do not fit: text, then the name and shape of the first input, and of another if `other` is not 0. */
activ_status activ_graph_fail_build_shape(activ_graph *g, const graph_node *node, const char *text, size_t other);

#endif
