/* SimpleNetwork: 784 -> hidden ... -> 10, one activation after each hidden layer. */
#ifndef EXAMPLES_NETWORK_H
#define EXAMPLES_NETWORK_H

#include <stdbool.h>
#include <stdio.h>

#include <activ/activ.h>

#include "arguments.h"

/* The canonical spec of a function, to be freed; "none" stays "none", @NAME is the zoo's (zoo/zoo.h). The message names
 * what is no function. */
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

/* Options of programs that build one. */
#define NETWORK_OPTION_HIDDEN(hidden)                                                                                 \
    {                                                                                                                 \
        "--hidden", "LIST", OPTION_COUNTS, (hidden), 1, 65536, "widths of the hidden layers (default 256,192,128,64)" \
    }
#define NETWORK_OPTION_BATCH_NORM(flag)                                                        \
    {                                                                                          \
        "--batch-norm", NULL, OPTION_FLAG, (flag), 0, 0, "a batch_norm before each activation" \
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

/* Loads one from a file and compiles it; it has to fit these images: 784 inputs, cross-entropy over 10 classes. */
activ_status network_load(const activ_context *context, const char *path, size_t max_batch, activ_graph **out,
                          activ_message *message);

/* After a training call: the weight of linear layer number i, counted from 0, and the gradient by its values. */
activ_status network_weight_gradient(const activ_graph *graph, size_t i, activ_graph_tensor_info *weight,
                                     const float **gradient);

/* The function of its first activation, owned by the graph; NULL if there is none. */
const char *network_activation(const activ_graph *graph);

/* A summary for batches of `batch` images, in the format of the Python package torchinfo. */
activ_status network_print_summary(const activ_graph *graph, size_t batch, FILE *out);

#endif
