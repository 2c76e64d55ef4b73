/* Every kind of layer, once. A line here and a file graph/layers/NAME.c with activ_kind_NAME make a layer that can be
 * built, run, described in a file and read back. */
#ifndef ACTIV_GRAPH_LAYERS_LIST_H
#define ACTIV_GRAPH_LAYERS_LIST_H

#define ACTIV_LAYERS(X) \
    X(input)            \
    X(flatten)          \
    X(linear)           \
    X(activation)       \
    X(gated)            \
    X(gated_split)      \
    X(add)              \
    X(multiply)         \
    X(concat)           \
    X(dropout)          \
    X(batch_norm)       \
    X(layer_norm)       \
    X(cross_entropy)    \
    X(mse)

#endif
