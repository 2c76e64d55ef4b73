/* One pass through a graph, and the arrays of a layer in it. */
#ifndef ACTIV_GRAPH_RUN_H
#define ACTIV_GRAPH_RUN_H

#include "activ/graph.h"
#include "base/share.h"
#include "kernels/kernels.h"

typedef struct graph_node graph_node;

/* A pass writes values (and gradients) into `memory` and nothing into the graph itself. */
typedef struct graph_run {
    const activ_graph *graph;
    const activ_kernels *kernels;
    size_t batch;
    int training;
    uint64_t seed, step;   /* of the noise in training */
    const int32_t *labels; /* labels or targets if a loss is wanted, else NULL */
    const float *targets;
    double loss_sum, loss_terms; /* the loss is their quotient */

    /* Private: layers use the functions below. */
    float *memory; /* the graph's arena, or a workspace for predictions */
    size_t threads;
    float *scratch; /* scratch_per_thread floats for each thread */
    size_t scratch_per_thread;
    const float *x;
    float *y;          /* predictions: the output; else NULL */
    const float *dy;   /* the caller's gradient of the output, instead of a loss; else NULL */
    float *dx;         /* its array for the input's gradient; NULL: not wanted */
    int all_gradients; /* those of all nodes are wanted, not only those that parameters need */
} graph_run;

/* Arrays of batch x node->features. */
const float *activ_run_values(const graph_run *run, const graph_node *node);
const float *activ_run_input(const graph_run *run, const graph_node *node, size_t which); /* an input's values */
float *activ_run_output(const graph_run *run, const graph_node *node);                    /* values to be written */
float *activ_run_gradient(const graph_run *run, const graph_node *node);
float *activ_run_saved(const graph_run *run, const graph_node *node); /* NULL if the node saves nothing */

/* The random stream of this layer in this step. */
uint64_t activ_run_stream(const graph_run *run, const graph_node *node);

/* activ_share with this pass's threads. */
void activ_run_share(const graph_run *run, size_t work, void (*task)(void *argument, size_t parts, size_t part),
                     void *argument);

/* One thread's part of a matrix product: a range of columns, or of rows if there are too few columns. And the scratch
 * floats per part, such that those of all parts also suffice for the whole product in one thread. */
activ_gemm activ_product_part(const graph_run *run, const activ_gemm *whole, size_t parts, size_t part);
size_t activ_product_scratch(size_t m, size_t n, size_t k, size_t parts);

/* Sets the run's memory and scratch to parts of a workspace; reduces run->batch to the samples that fit at a time, 0 if
 * none. */
void activ_run_cut_workspace(graph_run *run, void *workspace, size_t bytes);

#endif
