/* SimpleNetwork: 784 -> hidden ... -> 10, one activation after each hidden layer. */
#ifndef EXAMPLES_NETWORK_H
#define EXAMPLES_NETWORK_H

#include <stdbool.h>
#include <stdio.h>

#include <activ/activ.h>

#include "arguments.h"

/* The canonical spec of a function, to be freed; "none" stays "none". The message names what is no function. */
activ_status network_spec(const char *text, char **spec, activ_message *message);

struct architecture {
    const char *spec; /* the activation; "none": there is none */
    struct counts hidden;
    bool batch_norm; /* one before each activation */
};

/* The chapter's: 256, 192, 128, 64. */
#define SIMPLE_NETWORK_HIDDEN \
    {                         \
        4,                    \
        {                     \
            256, 192, 128, 64 \
        }                     \
    }

/* Builds and compiles it; the parameters are still zero. All hidden layers share one activation and its parameters,
 * like one module object in PyTorch. keep_values: as in activ_compile_options. */
activ_status network_create(const activ_context *context, const struct architecture *architecture, size_t max_batch,
                            bool keep_values, activ_graph **out, activ_message *message);

/* The kinds of nodes that have a part in the experiments: node number i, counted from 0, of that kind ("linear",
 * "activation"); -1 past the last. */
activ_node network_node(const activ_graph *graph, const char *kind, size_t i);

/* FNV-1a of the bytes of all parameters and buffers: equal for networks of the same bits. */
uint64_t network_digest(activ_graph *graph);

/* Does a network loaded from a file fit these images: 784 inputs, cross-entropy over 10 classes? */
activ_status network_check(const activ_graph *graph, const char *path, activ_message *message);

/* The function of its first activation, owned by the graph; NULL if there is none. */
const char *network_activation(const activ_graph *graph);

/* A summary for batches of `batch` images, in the format of the Python package torchinfo. */
activ_status network_print_summary(const activ_graph *graph, size_t batch, FILE *out);

#endif
