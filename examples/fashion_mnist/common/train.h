/* Training one network: epochs of shuffled batches, and the test after each. */
#ifndef EXAMPLES_TRAIN_H
#define EXAMPLES_TRAIN_H

#include <activ/activ.h>

#include "data.h"

/* Data sets are tested in batches of this size, whatever the batch in training is: a graph has to be
 * compiled for at least so many. */
#define TEST_BATCH 128

struct training {
    activ_graph *graph;
    activ_sgd *sgd;
    const struct dataset *data;
    size_t batch;
    uint64_t seed;
    uint32_t *order;
    float *x;
    int32_t *labels;
    void (*tick)(void *user, size_t images);    /* called after each batch; NULL: not wanted */
    void *tick_user;
};

/* Gives the compiled graph its initial values and prepares the rest. The graph and the data belong to the
 * caller and have to live on. */
activ_status training_start(struct training *training, activ_graph *graph, const struct dataset *data,
                            size_t batch, float lr, float momentum, uint64_t seed, activ_message *message);
void training_end(struct training *training);

/* Epochs count from 1: the number chooses the order of the images. *loss: the mean over all images of
 * the loss at their step. *seconds: shuffling, batches and steps. */
activ_status training_epoch(struct training *training, size_t epoch, double *loss, double *seconds,
                            activ_message *message);

/* Mean loss and percentage of right answers. */
activ_status training_test(struct training *training, const struct dataset *data, double *loss,
                           double *accuracy, activ_message *message);

#endif
