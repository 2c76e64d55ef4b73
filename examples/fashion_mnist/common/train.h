/* Training one network: epochs of shuffled batches, and a test after each. */
#ifndef EXAMPLES_TRAIN_H
#define EXAMPLES_TRAIN_H

#include <math.h>
#include <stdbool.h>

#include <activ/activ.h>

#include "data.h"

/* Batch size of tests, whatever the training's is: graphs have to be compiled for at least this. */
#define TEST_BATCH 128

/* The optimiser's settings from the command line. NAN: the default. */
struct descent {
    const char *optimizer; /* "sgd", "adamw" or "rmsprop" */
    float lr;              /* 0.01, adamw 0.001 */
    float momentum;        /* 0.9, rmsprop 0; adamw has none */
    float weight_decay;    /* 0, adamw 0.01 */
    const char *init;      /* of the weights: NULL (PyTorch's), or torch.nn.init's "xavier_uniform" ... */
};

/* PyTorch's initial values, and gradient descent with its usual settings. */
#define DESCENT_DEFAULTS           \
    {                              \
        "sgd", NAN, NAN, NAN, NULL \
    }

#define DESCENT_OPTION_INIT(descent)                                                                  \
    {                                                                                                 \
        "--init", "NAME", OPTION_TEXT, &(descent)->init, 0, 0,                                        \
            "initial weights: default (PyTorch's), xavier_uniform, xavier_normal,\nkaiming_uniform, " \
            "kaiming_normal or orthogonal"                                                            \
    }

/* Checks the names and the settings of the optimiser. */
activ_status descent_check(const struct descent *descent, activ_message *message);

/* The initial values of a compiled graph. */
activ_status descent_init(const struct descent *descent, activ_graph *graph, uint64_t seed, activ_message *message);

/* Initializes the compiled graph and creates its optimiser. */
activ_status descent_start(const struct descent *descent, activ_graph *graph, uint64_t seed, activ_optimizer **out,
                           activ_message *message);

struct training {
    activ_graph *graph;
    activ_optimizer *optimizer;
    const struct dataset *data;
    size_t batch;
    uint32_t *order;
    float *x;
    int32_t *labels;
    const activ_executor *executor;          /* its threads assemble batches; NULL: the calling thread */
    void (*tick)(void *user, size_t images); /* called after each batch; NULL: not wanted */
    void *tick_user;
    bool stopped; /* Ctrl-C ended an epoch before its end */
};

/* Graph, optimiser and data are the caller's and have to outlive it. The graph's seed shuffles the images. */
activ_status training_start(struct training *training, activ_graph *graph, activ_optimizer *optimizer,
                            const struct dataset *data, size_t batch, activ_message *message);
void training_end(struct training *training);

/* Epochs count from 1: the number determines the order of the images. *loss: the mean over all images of the loss at
 * their step. *seconds: of shuffling, batches and steps. After Ctrl-C it returns ACTIV_OK before its end, with
 * training->stopped set. */
activ_status training_epoch(struct training *training, size_t epoch, double *loss, double *seconds,
                            activ_message *message);

/* Mean loss and accuracy in percent. */
activ_status training_test(struct training *training, const struct dataset *data, double *loss, double *accuracy,
                           activ_message *message);

#endif
