/* Every activation function, once, by its shape. A line here and a file functions/NAME.h make a function: the kernels
 * of each tier, the registry, the tests and the command-line tool are all expansions of these lists. The order is that
 * of the catalog; it is not part of the ABI and of no file, so lines may move. */
#ifndef ACTIV_FUNCTIONS_LIST_H
#define ACTIV_FUNCTIONS_LIST_H

/* y[i] = f(x[i]) */
#define ACTIV_ELEMENTWISE(X) \
    X(identity)              \
    X(step)                  \
    X(sigmoid)               \
    X(log_sigmoid)           \
    X(adaptive_sigmoid)      \
    X(tanh)                  \
    X(pinn_tanh)             \
    X(sgt_book)              \
    X(softsign)              \
    X(sgt)                   \
    X(relu)                  \
    X(relu6)                 \
    X(leaky_relu)            \
    X(prelu)                 \
    X(rrelu)                 \
    X(hardswish)             \
    X(hard_tanh)             \
    X(hard_sigmoid)          \
    X(elu)                   \
    X(selu)                  \
    X(celu)                  \
    X(trainable_elu)         \
    X(softplus)              \
    X(nipuna)                \
    X(nipuna_book)           \
    X(silu)                  \
    X(swish)                 \
    X(mish)                  \
    X(telu)                  \
    X(gelu)                  \
    X(gelu_tanh)             \
    X(swigelu)               \
    X(staf)                  \
    X(fourier)               \
    X(enn)                   \
    X(rational_a)            \
    X(rational_book)         \
    X(bspline)               \
    X(moe)

/* Row by row. */
#define ACTIV_ROWWISE(X) \
    X(softmax)           \
    X(log_softmax)

/* y = value act(gate), all of them in functions/gated.h. */
#define ACTIV_GATED(X) \
    X(gated)           \
    X(glu)             \
    X(reglu)           \
    X(geglu)           \
    X(geglu_tanh)      \
    X(swiglu)          \
    X(bilinear)

#if defined(ACTIV_CHOSEN_FUNCTIONS)
#    include "activ_chosen.h" /* made by CMake, ACTIV_FUNCTIONS: the lists again, with some of the lines */
#endif

#endif
