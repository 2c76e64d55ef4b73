/* SimpleNetwork: 784 -> hidden ... -> 10, one activation after each hidden layer. */
#ifndef EXAMPLES_NETWORK_H
#define EXAMPLES_NETWORK_H

#include <stdio.h>

#include <activ/activ.h>

/* Is this a valid spec? The message names it. */
activ_status network_check_spec(const char *spec, activ_message *message);

/* Builds and compiles it; the parameters are still zero. All hidden layers share one activation and its parameters,
 * like one module object in PyTorch. spec NULL: no activation. */
activ_status network_create(const activ_context *context, const char *spec, const size_t *hidden, size_t hidden_count,
                            size_t max_batch, activ_graph **out, activ_message *message);

/* Does a network loaded from a file fit these images: 784 inputs, cross-entropy over 10 classes? */
activ_status network_check(const activ_graph *graph, const char *path, activ_message *message);

/* The function of its first activation, owned by the graph; NULL if there is none. */
const char *network_activation(const activ_graph *graph);

/* A summary for batches of `batch` images, in the format of the Python package torchinfo. */
activ_status network_print_summary(const activ_graph *graph, size_t batch, FILE *out);

#endif
