/* A network computed in plain double, from nothing but what a compiled graph tells of itself, its activations by
 * src/reference: a second opinion on its outputs, its loss and, by finite differences, its gradients. */
#ifndef GRAPH_DOUBLE_NETWORK_H
#define GRAPH_DOUBLE_NETWORK_H

#include <stddef.h>
#include <stdint.h>

#include "activ/graph.h"
#include "reference/reference.h"

enum { DOUBLE_MAX_NODES = 64 };

typedef struct double_network {
    const activ_graph *graph;
    size_t nodes;
    activ_node_info info[DOUBLE_MAX_NODES];
    size_t params[DOUBLE_MAX_NODES];     /* offset of a node's first parameter */
    activ_node shares[DOUBLE_MAX_NODES]; /* whose parameters an activation uses; -1: its own */
    activ_fn *fn[DOUBLE_MAX_NODES];      /* of activations */
    ref_function ref[DOUBLE_MAX_NODES];
    double *values[DOUBLE_MAX_NODES]; /* batch rows */
    const float *buffers;             /* the graph's, for batch_norm in evaluation */
    double *updated;                  /* what a training step makes of them */

    size_t batch;
    const float *x;
    const int32_t *labels; /* one of the two, for the loss */
    const float *targets;

    /* Slopes of random layers: those of training step `step` after initialisation with `seed`, or
     * the mean. */
    int training;
    uint64_t seed, step;
} double_network;

/* Asks the graph for its layers. `shares` may be NULL if no activation is shared. */
void double_network_create(double_network *net, activ_graph *graph, const activ_node *shares, size_t batch);
void double_network_destroy(double_network *net);

/* Fills values and returns the loss (0 without one). */
double double_network_run(double_network *net, const double *params);

/* dloss/dparams[i], by central differences. */
double double_network_slope(double_network *net, double *params, size_t i);

#endif
