/* Inside of a graph: nodes in the order of their creation, which is an order in which they can
 * be computed. */
#ifndef ACTIV_GRAPH_GRAPH_H
#define ACTIV_GRAPH_GRAPH_H

#include "activ/graph.h"
#include "base/host.h"
#include "base/share.h"
#include "base/text.h"
#include "fn/fn.h"
#include "graph/layers/list.h"
#include "kernels/kernels.h"

#define ACTIV_NAME_SIZE 64
#define ACTIV_NOWHERE SIZE_MAX   /* an offset in the arena that was not given */

typedef struct graph_kind graph_kind;
typedef struct graph_run graph_run;
typedef struct graph_line graph_line;

typedef struct graph_node {
    const graph_kind *kind;
    char name[ACTIV_NAME_SIZE];
    activ_node inputs[2];
    size_t ndim, shape[ACTIV_MAX_DIMS], features;   /* of one sample */

    /* What the layer was asked for. */
    int no_bias;                /* linear */
    float p;                    /* dropout */
    size_t axis;                /* concat; layer_norm: the first of those that are normalized */
    float eps, momentum;        /* batch_norm, layer_norm (no momentum) */
    activ_fn *fn;               /* activation */
    activ_node shares;          /* activation: the node whose parameters it uses, or -1 */

    /* Its tensors: graph->tensors[first_tensor .. + tensors), and graph->buffers in the same way. */
    size_t first_tensor, tensors, first_buffer, buffers;

    /* The plan. Offsets in floats. */
    size_t value, grad, saved;
    size_t place;               /* of the value in a workspace for predictions, per sample; ACTIV_NOWHERE: the caller's y */
    int predicts;               /* the output depends on it */
    size_t last_use;            /* the last node that reads the values, seen through views */
    activ_node source;          /* the node whose values these are: itself, or of a view what it shows */
    int needs_grad;             /* a parameter lies here or before it */
    int consumers;
    activ_node last_consumer;   /* -1: none */
    int read_back;              /* a consumer reads the values on the way back */
    activ_node grad_owner;      /* the node in whose memory the gradient lies */
    activ_node grad_until;      /* of an owner: the first node whose gradient lies in its memory */
    /* An activation next to a layer that can work on its values or gradients while they are in the cache. */
    activ_node finish;          /* of such a layer: the activation whose forward it does too, or -1 */
    activ_node back_finish;     /* the activation in front of it whose backward it does too, or -1 */
    int done_forward, done_backward;   /* of an activation: its neighbour does */
} graph_node;

typedef struct graph_tensor {
    char name[ACTIV_NAME_SIZE + 16];
    size_t offset, count, ndim, shape[ACTIV_MAX_DIMS];
    activ_node node;
} graph_tensor;

struct activ_graph {
    activ_host host;
    const activ_kernels *kernels;
    activ_status status;        /* of the first mistake in building */
    activ_message error;

    graph_node *nodes;
    size_t node_count, node_room;
    graph_tensor *tensors;
    size_t tensor_count, tensor_room;
    size_t param_count;
    graph_tensor *buffers;      /* values that a step sets but nobody trains */
    size_t buffer_count, buffer_room, buffer_values;
    activ_node input, output, loss;   /* -1 until there is one; output: what comes before the loss */

    size_t max_batch;           /* 0: compiled for predictions only, or not yet */
    float *arena;               /* NULL until compiled */
    size_t arena_bytes;
    size_t params, kept, grads, temporary, scratch;   /* offsets in the arena; kept: of the buffers */
    size_t scratch_part;        /* of each thread */
    size_t place_total;         /* of a workspace: floats per sample */

    uint64_t seed, step;        /* of the random layers */
    int have_values;            /* the last call was an evaluation */
    const char *next_name;      /* of the node that a description is about to add; else NULL */
};

/* One pass through the graph, which writes values (and gradients) into `memory` and nothing into the graph itself. */
struct graph_run {
    const activ_graph *graph;
    float *memory;              /* the graph's arena; for predictions a workspace */
    size_t threads;
    float *scratch;             /* for products: each thread has scratch_part floats of it */
    size_t scratch_part;
    size_t batch;
    int training;
    const float *x;
    float *y;                   /* for predictions: where the output goes; else NULL */
    const int32_t *labels;      /* one of the two, if there is a loss */
    const float *targets;
    double loss_sum;
};

/* One line of a description, taken apart: NAME = KIND(inputs, numbers, key=value ...) */
struct graph_line {
    activ_node inputs[2];
    size_t numbers[ACTIV_MAX_DIMS], number_count;
    const char *keys[2], *values[2];
};

/* The value of a key, or NULL. */
const char *activ_line_value(const graph_line *line, const char *key);
/* The same as a number: 0 if the key is missing, or is not a number that fits. */
int activ_line_size(const graph_line *line, const char *key, size_t *number);
int activ_line_float(const graph_line *line, const char *key, float *number);

/* A kind of layer: one file in graph/layers, one of these. */
struct graph_kind {
    const char *name;
    int inputs;
    int numbered;               /* its name is "layers.K" */
    int is_view;                /* its values are its input's: nothing to compute */
    int reads_input;            /* backward needs the input's values */
    int backward_in_place;      /* dx[0] may be the node's own gradient */
    int forward_in_place;       /* the values may be written over the input's, if nobody needs those any more */
    int finishes;               /* looks at `finish` and `back_finish` */

    /* Checks the inputs' shapes, sets the node's own and adds its tensors. */
    activ_status (*build)(activ_graph *g, activ_node node);
    /* Floats that training keeps from the way there for the way back; NULL: none. */
    size_t (*saved)(const graph_node *node, size_t batch);
    /* May a training step have this batch? NULL: any. */
    activ_status (*check_batch)(activ_graph *g, const graph_node *node, size_t batch);
    /* Unless run->training, it writes nothing but its output. */
    void (*forward)(graph_run *run, const graph_node *node);
    /* Gradients of the parameters, and of the inputs into dx[0], dx[1]: overwritten; NULL where
     * not wanted. */
    void (*backward)(graph_run *run, const graph_node *node, float *const dx[2]);
    /* Instead of the two, for a loss: its sum into run->loss_sum, and the gradient of its input into
     * dx, if that is not NULL. Training asks for both at once, on the way back. */
    void (*loss)(graph_run *run, const graph_node *node, float *dx);
    /* Scratch memory in floats for each thread, for batches of up to this size; predicting: forward only, one
     * thread. NULL: none. */
    size_t (*scratch)(const activ_graph *g, const graph_node *node, size_t batch, int predicting);
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
/* For shapes that do not fit: text, then the inputs' names and shapes. */
activ_status activ_graph_fail_shape(activ_graph *g, const graph_node *node, const char *text);

/* A new node, not built yet: its settings are to be filled in before activ_graph_finish. NULL
 * after a mistake. */
graph_node *activ_graph_start(activ_graph *g, const graph_kind *kind, activ_node a, activ_node b);
activ_node activ_graph_finish(activ_graph *g, graph_node *node);
/* The shape of its inputs, which have to have the same. */
activ_status activ_graph_take_one_shape(activ_graph *g, graph_node *node);
/* An axis of its first input, counted from the last if it is negative. */
activ_status activ_graph_take_axis(activ_graph *g, graph_node *node, int32_t axis);
/* eps and momentum, 0 or NULL being the default. */
activ_status activ_graph_take_norm_options(activ_graph *g, graph_node *node,
                                           const activ_norm_options *options);
activ_status activ_graph_add_tensor(activ_graph *g, activ_node node, const char *role, size_t ndim,
                                    const size_t *shape);
activ_status activ_graph_add_buffer(activ_graph *g, activ_node node, const char *role, size_t ndim,
                                    const size_t *shape);

static inline const graph_node *activ_graph_input_of(const activ_graph *g, const graph_node *node,
                                                     int which)
{
    return &g->nodes[node->inputs[which]];
}

/* Parameters of an activation layer, its own or those of the layer that it shares with; NULL if it has none. */
const float *activ_activation_params(const activ_graph *g, const graph_node *node);

/* Values and gradients while a graph runs. */
const float *activ_run_values(const graph_run *run, const graph_node *node);
float *activ_run_output(const graph_run *run, const graph_node *node);
const float *activ_run_gradient(const graph_run *run, const graph_node *node);
float *activ_run_gradient_to(const graph_run *run, const graph_node *node);   /* to be written */
float *activ_run_saved(const graph_run *run, const graph_node *node);   /* NULL if the node saves nothing */
uint64_t activ_run_stream(const graph_run *run, const graph_node *node);   /* of this step's noise */
float *activ_graph_tensor_values(const activ_graph *g, size_t tensor);
float *activ_graph_tensor_gradient(const activ_graph *g, size_t tensor);
float *activ_graph_buffer_values(const activ_graph *g, size_t buffer);

/* What a file holds: the tensors, then the buffers. */
static inline size_t activ_graph_stored_count(const activ_graph *g)
{
    return g->tensor_count + g->buffer_count;
}

static inline const graph_tensor *activ_graph_stored(const activ_graph *g, size_t i)
{
    return i < g->tensor_count ? &g->tensors[i] : &g->buffers[i - g->tensor_count];
}

static inline float *activ_graph_stored_values(const activ_graph *g, size_t i)
{
    return i < g->tensor_count ? activ_graph_tensor_values(g, i)
                               : activ_graph_buffer_values(g, i - g->tensor_count);
}

/* activ_share with the threads of this pass. */
void activ_run_share(const graph_run *run, size_t work, void (*task)(void *argument, size_t parts, size_t part),
                     void *argument);

/* Part of a product: a range of its columns, or of its rows if there are too few of those; and the scratch memory that
 * each of `parts` needs for one, if the whole is to fit into the memory of all. */
activ_gemm activ_product_part(const graph_run *run, const activ_gemm *whole, size_t parts, size_t part);
size_t activ_product_scratch(size_t m, size_t n, size_t k, size_t parts);

/* ACTIV_OK, or says that the graph is not compiled, or (batches) for predictions only. */
activ_status activ_graph_check_compiled(activ_graph *g, int batches);

/* Where in a workspace of `bytes` a prediction of run->batch samples finds room; run->batch becomes how many fit at a
 * time, 0 if not even one does. */
void activ_graph_cut_workspace(const activ_graph *g, void *workspace, size_t bytes, graph_run *run);

activ_node activ_graph_find(const activ_graph *g, const char *name);   /* -1 if there is none */
int activ_graph_is_free_name(const activ_graph *g, const char *name);   /* well formed, and not taken */

/* The description of a network as text, and back: fails as a builder does. */
void activ_graph_describe(const activ_graph *g, activ_text *text);
activ_status activ_graph_parse(activ_graph *g, const char *description);

#endif
