/* Training one network: see train.h. */
#include "train.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "interrupt.h"
#include "message.h"
#include "progress.h"

static activ_status failed(activ_status status, const char *what, activ_message *message)
{
    if (status != ACTIV_OK)
        message_set(message, "%s: %s", what, activ_status_string(status));
    return status;
}

/* The scheme of this name; -1: there is none. */
static activ_init_scheme find_scheme(const char *name)
{
    static const struct {
        const char *name;
        activ_init_scheme scheme;
    } schemes[] = {
        { "default", ACTIV_INIT_DEFAULT },
        { "kaiming_uniform", ACTIV_INIT_KAIMING_UNIFORM },
        { "kaiming_normal", ACTIV_INIT_KAIMING_NORMAL },
        { "xavier_uniform", ACTIV_INIT_XAVIER_UNIFORM },
        { "xavier_normal", ACTIV_INIT_XAVIER_NORMAL },
        { "orthogonal", ACTIV_INIT_ORTHOGONAL },
    };
    for (size_t i = 0; i < sizeof schemes / sizeof schemes[0]; i++)
        if (strcmp(schemes[i].name, name) == 0)
            return schemes[i].scheme;
    return -1;
}

activ_status descent_init(const struct descent *descent, activ_graph *graph, uint64_t seed, activ_message *message)
{
    activ_status status = activ_graph_init(graph, seed);
    const activ_init_scheme scheme = descent->init != NULL ? find_scheme(descent->init) : ACTIV_INIT_DEFAULT;
    if (status == ACTIV_OK && scheme != ACTIV_INIT_DEFAULT)
        status = activ_graph_init_weights(graph, scheme, activ_init_gain(scheme), seed);
    return failed(status, "initial values", message);
}

activ_status descent_check(const struct descent *descent, activ_message *message)
{
    static const char *const names[] = { "sgd", "adamw", "rmsprop" };
    size_t i = 0;
    while (i < 3 && strcmp(descent->optimizer, names[i]) != 0)
        i++;
    if (i == 3) {
        message_set(message, "--optimizer: '%s' is not sgd, adamw or rmsprop", descent->optimizer);
        return ACTIV_ERROR_UNKNOWN_NAME;
    }
    if (i == 1 && !isnan(descent->momentum)) {
        message_set(message, "--momentum: adamw has none");
        return ACTIV_ERROR_INVALID;
    }
    if (descent->init != NULL && find_scheme(descent->init) < 0) {
        message_set(message,
                    "--init: '%s' is not default, xavier_uniform, xavier_normal, kaiming_uniform, "
                    "kaiming_normal or orthogonal",
                    descent->init);
        return ACTIV_ERROR_UNKNOWN_NAME;
    }
    return ACTIV_OK;
}

static void set(float *setting, float asked)
{
    if (!isnan(asked))
        *setting = asked;
}

activ_status descent_start(const struct descent *descent, activ_graph *graph, uint64_t seed, activ_optimizer **out,
                           activ_message *message)
{
    activ_status status = descent_init(descent, graph, seed, message);
    if (status != ACTIV_OK)
        return status;
    if (strcmp(descent->optimizer, "adamw") == 0) {
        activ_adamw_options options = ACTIV_ADAMW_DEFAULTS;
        set(&options.lr, descent->lr);
        set(&options.weight_decay, descent->weight_decay);
        status = activ_adamw_create(graph, &options, out);
    } else if (strcmp(descent->optimizer, "rmsprop") == 0) {
        activ_rmsprop_options options = ACTIV_RMSPROP_DEFAULTS;
        set(&options.lr, descent->lr);
        set(&options.momentum, descent->momentum);
        set(&options.weight_decay, descent->weight_decay);
        status = activ_rmsprop_create(graph, &options, out);
    } else {
        activ_sgd_options options = ACTIV_SGD_DEFAULTS;
        options.lr = 0.01f;
        options.momentum = 0.9f;
        set(&options.lr, descent->lr);
        set(&options.momentum, descent->momentum);
        set(&options.weight_decay, descent->weight_decay);
        status = activ_sgd_create(graph, &options, out);
    }
    if (status != ACTIV_OK)
        message_set(message, "the optimizer: %s", activ_graph_error(graph));
    return status;
}

activ_status training_start(struct training *training, activ_graph *graph, activ_optimizer *optimizer,
                            const struct dataset *data, size_t batch, activ_message *message)
{
    memset(training, 0, sizeof *training);
    size_t rows = batch > TEST_BATCH ? batch : TEST_BATCH;
    if (batch == 0 || batch > data->count || rows > activ_graph_max_batch(graph))
        return failed(ACTIV_ERROR_INVALID, "a batch of this size", message);
    training->graph = graph;
    training->optimizer = optimizer;
    training->data = data;
    training->batch = batch;
    /* No overflow: the graph has allocated batches of this many floats. */
    training->order = malloc(data->count * sizeof *training->order);
    training->x = malloc(rows * IMAGE_PIXELS * sizeof *training->x);
    training->labels = malloc(rows * sizeof *training->labels);
    if (training->order == NULL || training->x == NULL || training->labels == NULL) {
        training_end(training);
        return failed(ACTIV_ERROR_OUT_OF_MEMORY, "buffers for training", message);
    }
    return ACTIV_OK;
}

void training_end(struct training *training)
{
    free(training->order);
    free(training->x);
    free(training->labels);
    memset(training, 0, sizeof *training);
}

/* A batch, assembled in parts of several images. */
struct batch {
    const struct training *training;
    const struct dataset *data;
    const uint32_t *order; /* NULL: one after the other */
    size_t first;
    size_t size;
    size_t part; /* images in each part but the last */
};

static void batch_part(void *argument, size_t i)
{
    const struct batch *batch = argument;
    size_t start = i * batch->part;
    size_t left = batch->size - start;
    dataset_batch(batch->data, batch->order != NULL ? batch->order + start : NULL, batch->first + start,
                  left < batch->part ? left : batch->part, batch->training->x + start * IMAGE_PIXELS,
                  batch->training->labels + start);
}

static void make_batch(const struct training *training, const struct dataset *data, const uint32_t *order, size_t first,
                       size_t size)
{
    const activ_executor *executor = training->executor;
    size_t threads = executor != NULL ? (size_t)executor->num_threads : 1;
    struct batch batch = { training, data, order, first, size, (size + threads - 1) / threads };
    if (threads > 1)
        executor->parallel_for(executor->user, (size + batch.part - 1) / batch.part, batch_part, &batch);
    else
        batch_part(&batch, 0);
}

activ_status training_epoch(struct training *training, size_t epoch, double *loss, double *seconds,
                            activ_message *message)
{
    double started = seconds_now();
    size_t count = training->data->count;
    double sum = 0;
    activ_status status = activ_random_permutation(activ_graph_seed(training->graph), epoch, count, training->order);
    if (status != ACTIV_OK)
        return failed(status, "shuffling", message);
    for (size_t first = 0; first < count; first += training->batch) {
        size_t size = count - first < training->batch ? count - first : training->batch;
        float batch_loss;
        make_batch(training, training->data, training->order + first, 0, size);
        status =
            activ_graph_step(training->graph, training->optimizer, size, training->x, training->labels, &batch_loss);
        if (status != ACTIV_OK)
            return failed(status, "a training step", message);
        sum += (double)batch_loss * (double)size;
        if (training->tick != NULL)
            training->tick(training->tick_user, size);
        training->stopped = interrupted();
        if (training->stopped)
            return ACTIV_OK;
    }
    *loss = sum / (double)count;
    *seconds = seconds_now() - started;
    return ACTIV_OK;
}

activ_status training_test(struct training *training, const struct dataset *data, double *loss, double *accuracy,
                           activ_message *message)
{
    double sum = 0;
    size_t right = 0;
    for (size_t first = 0; first < data->count; first += TEST_BATCH) {
        size_t size = data->count - first < TEST_BATCH ? data->count - first : TEST_BATCH;
        float batch_loss;
        size_t batch_right;
        make_batch(training, data, NULL, first, size);
        activ_status status =
            activ_graph_evaluate(training->graph, size, training->x, training->labels, &batch_loss, &batch_right);
        if (status != ACTIV_OK)
            return failed(status, "testing", message);
        sum += (double)batch_loss * (double)size;
        right += batch_right;
    }
    *loss = sum / (double)data->count;
    *accuracy = 100.0 * (double)right / (double)data->count;
    return ACTIV_OK;
}
