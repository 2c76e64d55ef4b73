/* The whole graph, for the code that builds, plans, runs, describes, optimises and saves it. Nodes are in the order of
 * their creation, which is a topological order. */
#ifndef ACTIV_GRAPH_GRAPH_H
#define ACTIV_GRAPH_GRAPH_H

#include "activ/graph.h"
#include "base/host.h"
#include "base/text.h"
#include "graph/layer.h"

/* Lifetimes are compared pairwise: limits keep a hostile file from taking hours. */
#define GRAPH_MAX_NODES 4096
#define GRAPH_MAX_INPUTS ((size_t)1 << 20) /* of all nodes together */

/* Training steps of random layers, from a file: their streams (base/random.h) have room for 2^36. */
#define ACTIV_GRAPH_MAX_STEPS (UINT64_C(1) << 35)

/* A parameter tensor or a buffer: a range of the array of all parameters, or of all buffers. */
typedef struct graph_tensor {
    char name[ACTIV_NAME_SIZE + 16];
    size_t offset, count, ndim, shape[ACTIV_MAX_DIMS];
    activ_node node;
} graph_tensor;

struct activ_graph {
    activ_host host;
    const activ_kernels *kernels;
    activ_status status; /* of the first building error */
    activ_message error;

    graph_node *nodes;
    size_t node_count, node_capacity, input_count;
    activ_node *by_name; /* all nodes, sorted; as long as `nodes` */
    size_t by_name_capacity;
    graph_tensor *tensors;
    size_t tensor_count, tensor_capacity;
    size_t param_count;
    graph_tensor *buffers; /* state that is not trained: running means and variances */
    size_t buffer_count, buffer_capacity, buffer_floats;
    activ_node input, output, loss; /* -1: none yet; output: the node before the loss */

    char *descriptions; /* a line for each node; NULL until compiled */
    size_t description_bytes;

    size_t max_batch; /* 0: compiled for predictions only, or not yet */
    float *arena;     /* NULL until compiled */
    size_t arena_bytes;
    /* In the arena, in floats: all parameters, buffers and gradients; gradients still to be accumulated; the
     * threads' scratch memory. */
    size_t params_offset, buffers_offset, grads_offset, temporary_offset, scratch_offset;
    size_t scratch_per_thread;
    size_t workspace_floats; /* per sample, without alignment and scratch */

    size_t *room;        /* while it is read from a file: for activ_fn_make_empty; else NULL */
    size_t formula_work; /* in that time: what its formulas took to make */

    uint64_t seed, step; /* of the random layers */
    int has_params;      /* the parameters were given values, or the caller may have */
    int have_values;     /* those of the last call may be read */
    int have_gradients;  /* and the gradients */
    size_t values_batch; /* how many samples they are of */
    int keeps_values;    /* compiled so */
    size_t open_batch;   /* of an activ_graph_forward_train without backward; 0: none */
    const float *open_x;
};

/* Rounded up to a cache line, on which all arrays of a plan are aligned. */
static inline size_t activ_graph_padded(size_t floats)
{
    return (floats + 15) / 16 * 16;
}

static inline int activ_graph_is_compiled(const activ_graph *g)
{
    return g->arena != NULL;
}

/* ACTIV_OK, or the status of the first building error; fails if the graph is not compiled, or (batches) for predictions
 * only. */
activ_status activ_graph_check_compiled(activ_graph *g, int batches);

/* The arrays that a file stores: parameter tensors, then buffers. */
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
    return i < g->tensor_count ? activ_graph_tensor_values(g, i) : activ_graph_buffer_values(g, i - g->tensor_count);
}

/* Which of them is called so; activ_graph_stored_count if none is. */
size_t activ_graph_find_stored(const activ_graph *g, activ_slice name);

size_t activ_graph_node_bytes(const graph_node *node);                /* size of its arrays */
int activ_graph_is_free_name(const activ_graph *g, const char *name); /* well formed and unused */
activ_node activ_graph_find_slice(const activ_graph *g, activ_slice name);

/* Nodes that share a function have it from the first of them. */
int activ_graph_owns_function(const activ_graph *g, const graph_node *node);

/* A node with this name; NULL: a default one. See activ_graph_new_node. */
graph_node *activ_graph_new_node_named(activ_graph *g, const graph_kind *kind, const char *name, size_t count,
                                       const activ_node *inputs);

/* The network as text, one line of it, and the reverse, which fails as a builder does: also with ACTIV_ERROR_FORMAT if
 * its functions have more than `room` parameters. They are empty (activ_fn_make_empty) until they are filled. */
void activ_graph_describe_node(const activ_graph *g, const graph_node *node, activ_text *text);
void activ_graph_describe(const activ_graph *g, activ_text *text);
activ_status activ_graph_parse(activ_graph *g, const char *description, size_t room);
void activ_graph_fill_functions(activ_graph *g);

#endif
