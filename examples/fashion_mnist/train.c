/* fashion_mnist_train: trains SimpleNetwork on FashionMNIST with one activation function. */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <activ/activ.h>

#include "common/arguments.h"
#include "common/data.h"
#include "common/files.h"
#include "common/message.h"
#include "common/network.h"
#include "common/progress.h"
#include "common/train.h"

#define PROGRAM "fashion_mnist_train"

struct settings {
    const char *data;
    const char *activation;
    struct counts hidden;
    size_t epochs;
    size_t batch;
    struct descent descent;
    uint64_t seed;
    size_t threads;
    const char *save;
    struct counts save_epochs;
    const char *checkpoint;
    const char *resume;
    bool json;
};

static const struct settings defaults = {
    .data = FASHION_MNIST_FOLDER,
    .activation = "relu",
    .hidden = { 4, { 256, 192, 128, 64 } },
    .epochs = 10,
    .batch = 128,
    .descent = { "sgd", NAN, NAN, NAN },
    .seed = 1,
    .threads = 1,
};

struct results {
    double train_loss, train_accuracy;
    double test_loss, test_accuracy;
    double train_seconds; /* of all epochs so far */
};

struct bar {
    struct progress progress;
    double images; /* processed so far */
    char note[40];
};

static enum parse_result parse(struct settings *settings, int argc, char **argv)
{
    const struct option options[] = {
        { "--data", "DIR", OPTION_TEXT, &settings->data, 0, 0,
          "folder of the four IDX files, raw or .gz\n(default " FASHION_MNIST_FOLDER ")" },
        { "--activation", "SPEC", OPTION_TEXT, &settings->activation, 0, 0,
          "a function like gelu or \"leaky_relu(negative_slope=0.2)\", or none\n(default relu)" },
        { "--hidden", "LIST", OPTION_COUNTS, &settings->hidden, 1, 65536,
          "widths of the hidden layers (default 256,192,128,64)" },
        { "--epochs", "N", OPTION_COUNT, &settings->epochs, 1, 100000, "default 10" },
        { "--batch", "N", OPTION_COUNT, &settings->batch, 1, 1000000, "images in a step (default 128)" },
        { "--optimizer", "NAME", OPTION_TEXT, &settings->descent.optimizer, 0, 0,
          "sgd, adamw or rmsprop (default sgd)" },
        { "--lr", "X", OPTION_REAL, &settings->descent.lr, 0, 1e6, "learning rate (default 0.01; of adamw 0.001)" },
        { "--momentum", "X", OPTION_REAL, &settings->descent.momentum, 0, 1,
          "default 0.9; of rmsprop 0; adamw has none" },
        { "--weight-decay", "X", OPTION_REAL, &settings->descent.weight_decay, 0, 1e6, "default 0; of adamw 0.01" },
        { "--seed", "N", OPTION_SEED, &settings->seed, 0, 0,
          "of initial values, order of images and noise (default 1)" },
        { "--threads", "N", OPTION_COUNT, &settings->threads, 1, 256, "default 1; the results do not depend on it" },
        { "--save", "FILE", OPTION_TEXT, &settings->save, 0, 0, "write the trained network there (safetensors)" },
        { "--save-epochs", "LIST", OPTION_COUNTS, &settings->save_epochs, 1, 100000,
          "also write it after these epochs: with --save model.safetensors,\n"
          "epoch 5 goes to model-epoch5.safetensors" },
        { "--checkpoint", "FILE", OPTION_TEXT, &settings->checkpoint, 0, 0,
          "after each epoch, write all there that --resume needs (safetensors)" },
        { "--resume", "FILE", OPTION_TEXT, &settings->resume, 0, 0,
          "go on from a file of --checkpoint up to --epochs, with the same --batch and\n"
          "--data: ends in the same bytes as without the break; network, optimizer and\n"
          "seed are the file's" },
        { "--json", NULL, OPTION_FLAG, &settings->json, 0, 0,
          "the last line of the output is the result as a JSON object" },
    };
    const struct program program = {
        PROGRAM,
        "Trains SimpleNetwork (784 -> hidden layers -> 10, one activation behind each hidden\n"
        "layer) on FashionMNIST by gradient descent. After each epoch it prints the loss over\n"
        "the epoch's steps, then accuracy and loss on both sets. The same arguments give the\n"
        "same network, to the last bit.",
        options,
        sizeof options / sizeof options[0],
    };
    return arguments_parse(&program, argc, argv);
}

static void tick(void *user, size_t images)
{
    struct bar *bar = user;
    bar->images += (double)images;
    progress_update(&bar->progress, bar->images, bar->note);
}

/* Options that the file determines are refused: they could only contradict it. */
static activ_status check_resume(const struct settings *settings, activ_message *message)
{
    const struct descent *descent = &settings->descent;
    const char *option = settings->activation != defaults.activation                                ? "--activation"
                         : memcmp(&settings->hidden, &defaults.hidden, sizeof defaults.hidden) != 0 ? "--hidden"
                         : descent->optimizer != defaults.descent.optimizer                         ? "--optimizer"
                         : !isnan(descent->lr)                                                      ? "--lr"
                         : !isnan(descent->momentum)                                                ? "--momentum"
                         : !isnan(descent->weight_decay)                                            ? "--weight-decay"
                         : settings->seed != defaults.seed                                          ? "--seed"
                                                                                                    : NULL;
    if (option == NULL)
        return ACTIV_OK;
    message_set(message, "%s: with --resume it is the file's", option);
    return ACTIV_ERROR_INVALID;
}

/* Checks to make before hours are spent. */
static activ_status check_settings(const struct settings *settings, activ_message *message)
{
    if (strcmp(settings->activation, "none") != 0) {
        activ_status status = network_check_spec(settings->activation, message);
        if (status != ACTIV_OK)
            return status;
    }
    activ_status status = descent_check(&settings->descent, message);
    if (status == ACTIV_OK && settings->resume != NULL)
        status = check_resume(settings, message);
    if (status == ACTIV_OK && settings->checkpoint != NULL)
        status = file_check_writable(settings->checkpoint, message);
    if (status != ACTIV_OK)
        return status;
    if (settings->save == NULL) {
        if (settings->save_epochs.count == 0)
            return ACTIV_OK;
        message_set(message, "--save-epochs needs --save");
        return ACTIV_ERROR_INVALID;
    }
    for (size_t i = 0; i < settings->save_epochs.count; i++) {
        size_t epoch = settings->save_epochs.values[i];
        if (epoch > settings->epochs) {
            message_set(message, "--save-epochs: there is no epoch %zu, the last one is %zu", epoch, settings->epochs);
            return ACTIV_ERROR_RANGE;
        }
        char *path = path_with_epoch(settings->save, epoch);
        if (path == NULL) {
            message_set(message, "out of memory");
            return ACTIV_ERROR_OUT_OF_MEMORY;
        }
        status = file_check_writable(path, message);
        free(path);
        if (status != ACTIV_OK)
            return status;
    }
    return file_check_writable(settings->save, message);
}

static activ_status save_epoch(const struct settings *settings, const activ_graph *graph, size_t epoch,
                               activ_message *message)
{
    bool wanted = false;
    for (size_t i = 0; i < settings->save_epochs.count; i++)
        wanted = wanted || settings->save_epochs.values[i] == epoch;
    if (!wanted)
        return ACTIV_OK;
    char *path = path_with_epoch(settings->save, epoch);
    if (path == NULL) {
        message_set(message, "out of memory");
        return ACTIV_ERROR_OUT_OF_MEMORY;
    }
    activ_status status = activ_checkpoint_save(graph, path, message);
    if (status == ACTIV_OK)
        printf("Wrote %s\n", path);
    free(path);
    return status;
}

/* Epochs that the optimiser has completed. */
static activ_status epochs_done(const struct settings *settings, const struct fashion_mnist *data,
                                const activ_optimizer *optimizer, size_t *epochs, activ_message *message)
{
    uint64_t steps = activ_optimizer_steps(optimizer);
    uint64_t in_epoch = (data->train.count + settings->batch - 1) / settings->batch;
    if (steps % in_epoch != 0) {
        message_set(message, "'%s': %" PRIu64 " steps are no whole epochs of %zu images in batches of %zu",
                    settings->resume, steps, data->train.count, settings->batch);
        return ACTIV_ERROR_RANGE;
    }
    if (steps / in_epoch >= settings->epochs && settings->resume != NULL) {
        message_set(message, "'%s' has %" PRIu64 " epochs, and --epochs %zu asks for no more", settings->resume,
                    steps / in_epoch, settings->epochs);
        return ACTIV_ERROR_RANGE;
    }
    *epochs = (size_t)(steps / in_epoch);
    return ACTIV_OK;
}

static activ_status run_epochs(const struct settings *settings, const activ_executor *executor,
                               const struct fashion_mnist *data, activ_graph *graph, activ_optimizer *optimizer,
                               struct results *results, activ_message *message)
{
    struct training training;
    size_t done;
    activ_status status = epochs_done(settings, data, optimizer, &done, message);
    if (status == ACTIV_OK)
        status = training_start(&training, graph, optimizer, &data->train, settings->batch, message);
    if (status != ACTIV_OK)
        return status;
    struct bar bar = { .images = 0 };
    progress_start(&bar.progress, (double)(settings->epochs - done) * (double)data->train.count);
    training.executor = executor;
    training.tick = tick;
    training.tick_user = &bar;

    printf("\nEpoch  Train loss  Train accuracy  Test loss  Test accuracy  Seconds\n");
    for (size_t epoch = done + 1; epoch <= settings->epochs; epoch++) {
        double seconds = 0;
        double loss;
        (void)snprintf(bar.note, sizeof bar.note, "Epoch %zu of %zu", epoch, settings->epochs);
        status = training_epoch(&training, epoch, &results->train_loss, &seconds, message);
        if (status == ACTIV_OK)
            status = training_test(&training, &data->train, &loss, &results->train_accuracy, message);
        if (status == ACTIV_OK)
            status = training_test(&training, &data->test, &results->test_loss, &results->test_accuracy, message);
        progress_clear(&bar.progress);
        if (status != ACTIV_OK)
            break;
        results->train_seconds += seconds;
        printf("%5zu  %10.4f  %12.2f %%  %9.4f  %11.2f %%  %7.2f\n", epoch, results->train_loss,
               results->train_accuracy, results->test_loss, results->test_accuracy, seconds);
        status = save_epoch(settings, graph, epoch, message);
        if (status == ACTIV_OK && settings->checkpoint != NULL)
            status = activ_checkpoint_save_training(graph, optimizer, settings->checkpoint, message);
        if (status != ACTIV_OK)
            break;
        (void)fflush(stdout);
    }
    training_end(&training);
    return status;
}

/* Escapes a spec for JSON; today's specs need none, as they are plain ASCII. */
static void print_json_text(const char *text)
{
    putchar('"');
    for (; *text != '\0'; text++) {
        unsigned char c = (unsigned char)*text;
        if (c == '"' || c == '\\')
            printf("\\%c", c);
        else if (c < 0x20)
            printf("\\u%04x", (unsigned)c);
        else
            putchar(c);
    }
    putchar('"');
}

/* JSON has no infinity and no NaN, to which a network may diverge. */
static void print_json_number(const char *name, double value)
{
    if (isfinite(value))
        printf(", \"%s\": %.9g", name, value);
    else
        printf(", \"%s\": null", name);
}

static void print_json(const struct settings *settings, const char *activation, const activ_graph *graph,
                       const struct results *results)
{
    printf("{\"activation\": ");
    print_json_text(activation);
    printf(", \"epochs\": %zu", settings->epochs);
    print_json_number("test_accuracy", results->test_accuracy);
    print_json_number("test_loss", results->test_loss);
    print_json_number("train_seconds", results->train_seconds);
    printf(", \"parameters\": %zu}\n", activ_graph_param_count(graph));
}

/* Creates the network and its optimiser, or loads them from the file. Both are the caller's, also on failure. */
static activ_status prepare(const struct settings *settings, const activ_context *context, const char *spec,
                            activ_graph **graph, activ_optimizer **optimizer, activ_message *message)
{
    size_t max_batch = settings->batch > TEST_BATCH ? settings->batch : TEST_BATCH;
    activ_status status;
    if (settings->resume == NULL) {
        status =
            network_create(context, spec, settings->hidden.values, settings->hidden.count, max_batch, graph, message);
        if (status == ACTIV_OK)
            status = descent_start(&settings->descent, *graph, settings->seed, optimizer, message);
        return status;
    }
    status = activ_checkpoint_load(context, settings->resume, max_batch, graph, message);
    if (status == ACTIV_OK)
        status = network_check(*graph, settings->resume, message);
    if (status == ACTIV_OK)
        status = activ_checkpoint_load_training(*graph, settings->resume, optimizer, message);
    return status;
}

static activ_status train(const struct settings *settings, const activ_context *context, const activ_executor *executor,
                          const struct fashion_mnist *data, const char *spec, activ_message *message)
{
    activ_graph *graph = NULL;
    activ_optimizer *optimizer = NULL;
    activ_status status = prepare(settings, context, spec, &graph, &optimizer, message);
    if (status != ACTIV_OK) {
        activ_graph_destroy(graph);
        return status;
    }
    struct results results = { .train_seconds = 0 };
    status = network_print_summary(graph, settings->batch, stdout);
    if (status != ACTIV_OK)
        message_set(message, "summary: %s", activ_status_string(status));
    (void)fflush(stdout);
    if (status == ACTIV_OK)
        status = run_epochs(settings, executor, data, graph, optimizer, &results, message);
    if (status == ACTIV_OK)
        printf("\nTrained in %.2f s (%s, %zu thread%s): %.2f %% of the test images are classified right.\n",
               results.train_seconds, activ_context_tier(context), settings->threads, settings->threads == 1 ? "" : "s",
               results.test_accuracy);
    if (status == ACTIV_OK && settings->save != NULL) {
        status = activ_checkpoint_save(graph, settings->save, message);
        if (status == ACTIV_OK)
            printf("Wrote %s\n", settings->save);
    }
    if (status == ACTIV_OK && settings->checkpoint != NULL)
        printf("Wrote %s (for --resume)\n", settings->checkpoint);
    if (status == ACTIV_OK && settings->json) {
        const char *activation = network_activation(graph);
        print_json(settings, activation != NULL ? activation : "none", graph, &results);
    }
    activ_optimizer_destroy(optimizer);
    activ_graph_destroy(graph);
    return status;
}

/* The spec in canonical form, owned by the function. NULL for "none". */
static activ_status canonical_spec(const char *activation, activ_fn **fn, const char **spec, activ_message *message)
{
    if (strcmp(activation, "none") == 0) {
        *spec = NULL;
        return ACTIV_OK;
    }
    activ_status status = activ_fn_create(NULL, activation, fn);
    if (status != ACTIV_OK)
        message_set(message, "%s: %s", activation, activ_status_string(status));
    else
        *spec = activ_fn_spec(*fn);
    return status;
}

int main(int argc, char **argv)
{
    struct settings settings = defaults;
    switch (parse(&settings, argc, argv)) {
    case PARSE_RUN:
        break;
    case PARSE_HELP:
        return EXIT_SUCCESS;
    case PARSE_FAILED:
        return EXIT_FAILED;
    }

    activ_message message = { "" };
    struct fashion_mnist data = { { 0 }, { 0 } };
    activ_pool *pool = NULL;
    activ_context *context = NULL;
    activ_fn *fn = NULL;
    const char *spec = NULL;
    activ_status status = check_settings(&settings, &message);
    if (status == ACTIV_OK)
        status = canonical_spec(settings.activation, &fn, &spec, &message);
    if (status == ACTIV_OK)
        status = fashion_mnist_load(settings.data, &data, &message);
    if (status == ACTIV_OK && settings.batch > data.train.count) {
        message_set(&message, "--batch: %zu is more than the %zu training images in '%s'", settings.batch,
                    data.train.count, settings.data);
        status = ACTIV_ERROR_RANGE;
    }
    if (status == ACTIV_OK) {
        if (settings.threads > 1)
            status = activ_pool_create(NULL, settings.threads, &pool);
        activ_context_options options = ACTIV_CONTEXT_DEFAULTS;
        options.executor = activ_pool_executor(pool);
        if (status == ACTIV_OK)
            status = activ_context_create(&options, &context);
        if (status != ACTIV_OK)
            message_set(&message, "--threads %zu: %s", settings.threads, activ_status_string(status));
    }
    if (status == ACTIV_OK)
        status = train(&settings, context, activ_pool_executor(pool), &data, spec, &message);

    int code = status == ACTIV_OK ? finish_output(PROGRAM) : fail(PROGRAM, "%s", message.text);
    activ_context_destroy(context);
    activ_pool_destroy(pool);
    fashion_mnist_free(&data);
    activ_fn_destroy(fn);
    return code;
}
