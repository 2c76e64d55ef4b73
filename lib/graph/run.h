/* What running needs: one pass through a graph, and where a layer finds its arrays in it. */
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
    uint64_t seed;         /* of the noise in training */
    const int32_t *labels; /* one of the two, if the graph has a loss */
    const float *targets;
    double loss_sum;

    /* Not for layers, which have the functions below. */
    float *memory; /* the graph's arena; for predictions a workspace */
    size_t threads;
    float *scratch; /* for products: each thread has scratch_per_thread floats of it */
    size_t scratch_per_thread;
    const float *x;
    float *y; /* for predictions: where the output goes; else NULL */
} graph_run;

/* batch rows of node->features values. */
const float *activ_run_values(const graph_run *run, const graph_node *node);
const float *activ_run_input(const graph_run *run, const graph_node *node, size_t which); /* values of an input */
float *activ_run_output(const graph_run *run, const graph_node *node);                    /* to be written */
float *activ_run_gradient(const graph_run *run, const graph_node *node);
float *activ_run_saved(const graph_run *run, const graph_node *node); /* NULL if the node saves nothing */

/* Of the noise of this layer in this step; the seed and the element come to it. */
uint64_t activ_run_stream(const graph_run *run, const graph_node *node);

/* activ_share among the threads of this pass. */
void activ_run_share(const graph_run *run, size_t work, void (*task)(void *argument, size_t parts, size_t part),
                     void *argument);

/* Part of a matrix product: a range of its columns, or of its rows if there are too few of those; and the scratch
 * memory in floats that each of `parts` needs for one, if the whole is to fit into the memory of all. */
activ_gemm activ_product_part(const graph_run *run, const activ_gemm *whole, size_t parts, size_t part);
size_t activ_product_scratch(size_t m, size_t n, size_t k, size_t parts);

/* Where in a workspace of `bytes` a prediction of run->batch samples finds room; run->batch becomes how many fit at a
 * time, 0 if not even one does. */
void activ_run_cut_workspace(graph_run *run, void *workspace, size_t bytes);

#endif
