/* SimpleNetwork: 784 -> hidden ... -> 10, one activation behind each hidden layer. */
#ifndef EXAMPLES_NETWORK_H
#define EXAMPLES_NETWORK_H

#include <stdio.h>

#include <activ/activ.h>

/* Is this the text of a function? The message names it. */
activ_status network_check_spec(const char *spec, activ_message *message);

/* Builds and compiles it; the parameters are still zeros. All hidden layers share one activation and its
 * parameters, as one module object does in PyTorch. spec NULL: no activation. */
activ_status network_create(const activ_context *context, const char *spec, const size_t *hidden, size_t hidden_count,
                            size_t max_batch, activ_graph **out, activ_message *message);

/* Is a network that comes from a file one for these images: 784 values in, cross-entropy over 10 classes out? */
activ_status network_check(const activ_graph *graph, const char *path, activ_message *message);

/* The function of its first activation; the graph's. NULL if it has none. */
const char *network_activation(const activ_graph *graph);

/* What it consists of, for batches of `batch` images, in the way of the Python package torchinfo. */
activ_status network_print_summary(const activ_graph *graph, size_t batch, FILE *out);

#endif
