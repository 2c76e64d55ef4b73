/* Training one network: see train.h. */
#include "train.h"

#include <stdlib.h>
#include <string.h>

#include "message.h"
#include "progress.h"

static activ_status failed(activ_status status, const char *what, activ_message *message)
{
    if (status != ACTIV_OK)
        message_set(message, "%s: %s", what, activ_status_string(status));
    return status;
}

activ_status training_start(struct training *training, activ_graph *graph, const struct dataset *data,
                            size_t batch, float lr, float momentum, uint64_t seed, activ_message *message)
{
    memset(training, 0, sizeof *training);
    size_t rows = batch > TEST_BATCH ? batch : TEST_BATCH;
    if (batch == 0 || batch > data->count || rows > activ_graph_max_batch(graph))
        return failed(ACTIV_ERROR_INVALID, "a batch of this size", message);
    training->graph = graph;
    training->data = data;
    training->batch = batch;
    training->seed = seed;
    /* The graph holds batches of so many floats already: the products do not overflow. */
    training->order = malloc(data->count * sizeof *training->order);
    training->x = malloc(rows * IMAGE_PIXELS * sizeof *training->x);
    training->labels = malloc(rows * sizeof *training->labels);
    activ_status status = ACTIV_OK;
    if (training->order == NULL || training->x == NULL || training->labels == NULL)
        status = failed(ACTIV_ERROR_OUT_OF_MEMORY, "buffers for training", message);
    if (status == ACTIV_OK)
        status = failed(activ_graph_init(graph, seed), "initial values", message);
    if (status == ACTIV_OK) {
        activ_sgd_options options = {.size = sizeof options, .lr = lr, .momentum = momentum};
        status = failed(activ_sgd_create(graph, &options, &training->sgd), "the optimiser", message);
    }
    if (status != ACTIV_OK)
        training_end(training);
    return status;
}

void training_end(struct training *training)
{
    activ_sgd_destroy(training->sgd);
    free(training->order);
    free(training->x);
    free(training->labels);
    memset(training, 0, sizeof *training);
}

activ_status training_epoch(struct training *training, size_t epoch, double *loss, double *seconds,
                            activ_message *message)
{
    double started = seconds_now();
    size_t count = training->data->count;
    double sum = 0;
    activ_status status = activ_random_permutation(training->seed, epoch, count, training->order);
    if (status != ACTIV_OK)
        return failed(status, "shuffling", message);
    for (size_t first = 0; first < count; first += training->batch) {
        size_t size = count - first < training->batch ? count - first : training->batch;
        float batch_loss;
        dataset_batch(training->data, training->order + first, 0, size, training->x, training->labels);
        status = activ_graph_train(training->graph, size, training->x, training->labels, &batch_loss);
        if (status == ACTIV_OK)
            status = activ_sgd_step(training->sgd);
        if (status != ACTIV_OK)
            return failed(status, "a training step", message);
        sum += (double)batch_loss * (double)size;
        if (training->tick != NULL)
            training->tick(training->tick_user, size);
    }
    *loss = sum / (double)count;
    *seconds = seconds_now() - started;
    return ACTIV_OK;
}

activ_status training_test(struct training *training, const struct dataset *data, double *loss,
                           double *accuracy, activ_message *message)
{
    double sum = 0;
    size_t right = 0;
    for (size_t first = 0; first < data->count; first += TEST_BATCH) {
        size_t size = data->count - first < TEST_BATCH ? data->count - first : TEST_BATCH;
        float batch_loss;
        size_t batch_right;
        dataset_batch(data, NULL, first, size, training->x, training->labels);
        activ_status status = activ_graph_evaluate(training->graph, size, training->x, training->labels,
                                                   &batch_loss, &batch_right);
        if (status != ACTIV_OK)
            return failed(status, "testing", message);
        sum += (double)batch_loss * (double)size;
        right += batch_right;
    }
    *loss = sum / (double)data->count;
    *accuracy = 100.0 * (double)right / (double)data->count;
    return ACTIV_OK;
}
