/* Networks trained as recipes say, several at the same time, and kept in the folder of the results: what is there
 * already is not trained again. */
#ifndef EXAMPLES_RUNS_H
#define EXAMPLES_RUNS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <activ/activ.h>

#include "network.h"
#include "study.h"
#include "train.h"

/* All that a trained network depends on, the data apart. */
struct recipe {
    struct architecture architecture; /* with a canonical spec */
    size_t epochs;
    size_t batch;
    struct descent descent;
    uint64_t seed;
};

/* The chapter's comparison: 15 epochs of SimpleNetwork, learning rate 0.001, momentum 0.8. */
#define RECIPE_CHAPTER                                                                        \
    {                                                                                         \
        .architecture = { "relu", SIMPLE_NETWORK_HIDDEN, false }, .epochs = 15, .batch = 128, \
        .descent = { "sgd", 0.001f, 0.8f, NAN, NULL }, .seed = 1                              \
    }

struct epoch {
    double train_loss; /* mean over the epoch's steps */
    double test_loss;
    double test_accuracy; /* percent */
    double seconds;       /* training alone */
};

struct run {
    struct recipe recipe;
    bool every_epoch; /* keep the network after each epoch, not only after the last */

    /* Results. */
    bool finished;
    struct epoch *epochs; /* of recipe.epochs */
    uint64_t digest;      /* network_digest at the end */
};

/* Trains study->threads networks at a time, showing how far it is and a line for each that is done. The same recipe
 * twice is trained once. Ends early, with ACTIV_OK, after Ctrl-C: then some runs are not finished. */
activ_status runs_train(const struct study *study, struct run *runs, size_t count, activ_message *message);
void runs_free(struct run *runs, size_t count); /* not the array itself */

/* The last epoch of a finished run. */
const struct epoch *run_end(const struct run *run);

/* Where a network is kept: after this epoch, or (0) at the end. To be freed; NULL if out of memory. */
char *run_path(const struct study *study, const struct run *run, size_t epoch);

/* Writes all epochs of the finished runs as CSV: one line per epoch, after the recipe's columns. */
activ_status runs_write_csv(const struct study *study, const char *name, const struct run *runs, size_t count,
                            activ_message *message);

#endif
