/* What the author of a layer needs: its table, and how to build a node, find its arrays and say what is wrong. A layer
 * is one file in graph/layers; none of them looks into the graph itself. */
#ifndef ACTIV_GRAPH_LAYER_H
#define ACTIV_GRAPH_LAYER_H

#include "activ/graph.h"
#include "base/text.h"
#include "fn/fn.h"
#include "graph/layers/list.h"
#include "graph/plan.h"
#include "graph/run.h"

#define ACTIV_NAME_SIZE 64
#define ACTIV_ONE_OR_MORE (-1)   /* inputs of a kind */

typedef struct graph_kind graph_kind;
typedef struct graph_line graph_line;

struct graph_node {
    const graph_kind *kind;
    char name[ACTIV_NAME_SIZE];
    size_t input_count;
    activ_node *inputs;
    float **dx;                                     /* for backward: one for each input */
    size_t ndim, shape[ACTIV_MAX_DIMS], features;   /* of one sample */

    /* What the layer was asked for. */
    int no_bias;                /* linear */
    float p;                    /* dropout */
    size_t axis;                /* concat; layer_norm: the first of those that are normalized */
    float eps, momentum;        /* batch_norm, layer_norm (no momentum) */
    activ_fn *fn;               /* activation */
    activ_node shares;          /* activation: the node whose parameters it uses, or -1 */

    /* Its tensors, one after the other in the graph's list from first_tensor on; and its buffers in theirs. */
    size_t first_tensor, tensors, first_buffer, buffers;

    graph_plan plan;
};

/* A kind of layer. */
struct graph_kind {
    const char *name;
    int inputs;                 /* how many it takes; or ACTIV_ONE_OR_MORE */
    int numbered;               /* its name is "layers.K" */
    int is_view;                /* its values are its input's: nothing to compute */
    int reads_input;            /* backward needs the inputs' values */
    int backward_in_place;      /* dx[0] may be the node's own gradient */
    int forward_in_place;       /* the values may be written over the first input's, if nobody needs those any more */
    int adds_to_gradients;      /* of its parameters, which are zeroed before: other layers may share them */
    int fuses;                  /* runs the activations plan.fused_forward and plan.fused_backward in its epilogue */
    int can_be_fused;           /* element by element, by node->fn alone */

    /* Checks the inputs' shapes, sets the node's own and adds its tensors; NULL: nothing to do. */
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
    /* Multiplications and additions of one sample, forward; NULL: not worth counting. */
    size_t (*multiply_adds)(const activ_graph *g, const graph_node *node);
    /* Initial values of its tensors. */
    void (*init)(activ_graph *g, const graph_node *node, uint64_t seed);
    /* What stands in the brackets of the description after the names of the inputs; NULL:
     * nothing. And back. */
    void (*describe)(const activ_graph *g, const graph_node *node, activ_text *text);
    activ_node (*parse)(activ_graph *g, const graph_line *line);
    const char *keys[2];        /* the settings that a line may have */
    int takes_numbers;
};

#define ACTIV_KIND_DECLARED(name) extern const graph_kind activ_kind_##name;
ACTIV_LAYERS(ACTIV_KIND_DECLARED)
#undef ACTIV_KIND_DECLARED

/* ---- building -------------------------------------------------------------------------------- */

/* A new node, whose settings are to be filled in before activ_graph_build_node. NULL after a mistake. */
graph_node *activ_graph_new_node(activ_graph *g, const graph_kind *kind, size_t count, const activ_node *inputs);
/* Builds it; its number, or -1. */
activ_node activ_graph_build_node(activ_graph *g, graph_node *node);

const graph_node *activ_graph_input_of(const activ_graph *g, const graph_node *node, size_t which);
const graph_node *activ_graph_node_at(const activ_graph *g, activ_node id);   /* NULL if there is none */
activ_node activ_graph_find(const activ_graph *g, const char *name);          /* -1 if there is none */
const activ_host *activ_graph_host(const activ_graph *g);

/* The shape of its inputs, which have to have the same. */
activ_status activ_graph_take_one_shape(activ_graph *g, graph_node *node);
/* An axis of its first input, counted from the last if it is negative. */
activ_status activ_graph_take_axis(activ_graph *g, graph_node *node, int32_t axis);
/* eps and momentum, 0 or NULL being the default. */
activ_status activ_graph_take_norm_options(activ_graph *g, graph_node *node, const activ_norm_options *options);

/* Parameters ("weight"), and values that a step sets but nobody trains ("running_mean"). */
activ_status activ_graph_add_tensor(activ_graph *g, graph_node *node, const char *role, size_t ndim,
                                    const size_t *shape);
activ_status activ_graph_add_buffer(activ_graph *g, graph_node *node, const char *role, size_t ndim,
                                    const size_t *shape);
float *activ_graph_tensor_values(const activ_graph *g, size_t tensor);
float *activ_graph_tensor_gradient(const activ_graph *g, size_t tensor);
float *activ_graph_buffer_values(const activ_graph *g, size_t buffer);

/* Parameters of an activation layer, its own or those of the layer that it shares with; NULL if it has none. */
const float *activ_activation_params(const activ_graph *g, const graph_node *node);

/* ---- errors ------------------------------------------------------------------------------------ */

/* Sets the graph's message, tells the log, returns status. Message: "NAME (KIND): " (node may be
 * NULL) and the pieces, all strings. say: for a call that failed; fail: for a mistake in
 * building, which the graph remembers (unless there was one before, or the graph is compiled and
 * so complete). */
#define activ_graph_say(g, status, node, ...) \
    activ_graph_say_pieces(g, status, node, (const char *const[]){ __VA_ARGS__, NULL })
#define activ_graph_fail(g, status, node, ...) \
    activ_graph_fail_pieces(g, status, node, (const char *const[]){ __VA_ARGS__, NULL })
activ_status activ_graph_say_pieces(activ_graph *g, activ_status status, const graph_node *node,
                                    const char *const *pieces);
activ_status activ_graph_fail_pieces(activ_graph *g, activ_status status, const graph_node *node,
                                     const char *const *pieces);
/* For shapes that do not fit: text, then the name and shape of the first input, and of another if `other` is not 0. */
activ_status activ_graph_fail_shape(activ_graph *g, const graph_node *node, const char *text, size_t other);

/* ---- a line of a description --------------------------------------------------------------------- */

/* Taken apart: NAME = KIND(inputs, numbers, key=value ...) */
struct graph_line {
    activ_node *inputs;
    size_t input_count;
    size_t numbers[ACTIV_MAX_DIMS], number_count;
    const char *keys[2], *values[2];
};

/* The value of a key, or NULL. */
const char *activ_line_value(const graph_line *line, const char *key);
/* The same as a number: 0 if the key is missing, or is not a number that fits. */
int activ_line_size(const graph_line *line, const char *key, size_t *number);
int activ_line_float(const graph_line *line, const char *key, float *number);

#endif
