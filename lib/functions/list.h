/* Every activation function, once. A line here and a file functions/NAME.h make a
 * function: the kernels of each tier, the registry, the tests and the
 * command-line tool are all expansions of this list. The order is that of the
 * catalog; it is not part of the ABI and of no file, so lines may move. */
#ifndef ACTIV_FUNCTIONS_LIST_H
#define ACTIV_FUNCTIONS_LIST_H

#define ACTIV_FUNCTIONS(X) \
    X(identity)            \
    X(step)                \
    X(sigmoid)             \
    X(tanh)                \
    X(relu)                \
    X(leaky_relu)          \
    X(prelu)               \
    X(rrelu)               \
    X(hardswish)           \
    X(elu)                 \
    X(trainable_elu)       \
    X(softplus)            \
    X(silu)                \
    X(mish)                \
    X(gelu)                \
    X(gelu_tanh)           \
    X(staf)

#endif
