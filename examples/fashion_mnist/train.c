/* fashion_mnist_train: trains SimpleNetwork on FashionMNIST with one activation function. */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <activ/activ.h>

#include "common/arguments.h"
#include "common/data.h"
#include "common/figure.h"
#include "common/files.h"
#include "common/interrupt.h"
#include "common/message.h"
#include "common/network.h"
#include "common/progress.h"
#include "common/study.h"
#include "common/table.h"
#include "common/train.h"

#define PROGRAM "fashion_mnist_train"

struct settings {
    struct study study;
    const char *activation;
    struct counts hidden;
    bool batch_norm;
    size_t epochs;
    size_t batch;
    struct descent descent;
    const char *save;
    struct counts save_epochs;
    const char *checkpoint;
    const char *resume;
    bool json;
};

static const struct settings defaults = {
    .study = { .program = PROGRAM, .data = FASHION_MNIST_FOLDER, .out = "results", .seed = 1, .threads = 1 },
    .activation = "relu",
    .hidden = SIMPLE_NETWORK_HIDDEN,
    .epochs = 10,
    .batch = 128,
    .descent = DESCENT_DEFAULTS,
};

/* What an epoch ended with. */
struct results {
    size_t epoch;
    double train_loss, train_accuracy;
    double test_loss, test_accuracy;
    double seconds; /* of training */
};

struct history {
    struct results *epochs; /* those of this run */
    size_t count;
    double train_seconds;
};

struct bar {
    struct progress progress;
    double images; /* processed so far */
    char note[40];
};

static enum parse_result parse(struct settings *settings, int argc, char **argv)
{
    const struct option options[] = {
        STUDY_OPTION_DATA(&settings->study),
        { "--activation", "SPEC", OPTION_TEXT, &settings->activation, 0, 0,
          "a function like gelu or \"leaky_relu(negative_slope=0.2)\", a formula like\n"
          "\"a*x*sigmoid(b*x); a=1, b=1.702\", @NAME of the zoo (activ list --zoo), or none\n"
          "(default relu); the chapter's names (ReLU, Swish, TeLU) will do, too" },
        NETWORK_OPTION_HIDDEN(&settings->hidden),
        NETWORK_OPTION_BATCH_NORM(&settings->batch_norm),
        DESCENT_OPTION_INIT(&settings->descent),
        { "--epochs", "N", OPTION_COUNT, &settings->epochs, 1, 100000, "default 10" },
        { "--batch", "N", OPTION_COUNT, &settings->batch, 1, 1000000, "images in a step (default 128)" },
        { "--optimizer", "NAME", OPTION_TEXT, &settings->descent.optimizer, 0, 0,
          "sgd, adamw or rmsprop (default sgd)" },
        { "--lr", "X", OPTION_REAL, &settings->descent.lr, 0, 1e6, "learning rate (default 0.01; of adamw 0.001)" },
        { "--momentum", "X", OPTION_REAL, &settings->descent.momentum, 0, 1,
          "default 0.9; of rmsprop 0; adamw has none" },
        { "--weight-decay", "X", OPTION_REAL, &settings->descent.weight_decay, 0, 1e6, "default 0; of adamw 0.01" },
        STUDY_OPTION_SEED(&settings->study),
        { "--threads", "N", OPTION_COUNT, &settings->study.threads, 1, 256,
          "default 1; the results do not depend on it" },
        { "--out", "DIR", OPTION_TEXT, &settings->study.out, 0, 0,
          "where train.csv (a line for each epoch) and train.svg (the curves) go; made if\n"
          "it is not there (default results)" },
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
          "the last line of the output is the result as a JSON object; each epoch has\none, too" },
    };
    const struct program program = {
        PROGRAM,
        "Trains SimpleNetwork (784 -> hidden layers -> 10, one activation behind each hidden\n"
        "layer) on FashionMNIST by gradient descent. After each epoch it prints the loss over\n"
        "the epoch's steps, then accuracy and loss on both sets. The same arguments give the\n"
        "same network, to the last bit; its digest tells. Ctrl-C ends it; with --checkpoint the\n"
        "finished epochs are kept, and --resume goes on from there.",
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
                         : settings->study.seed != defaults.study.seed                              ? "--seed"
                         : settings->batch_norm                                                     ? "--batch-norm"
                         : descent->init != NULL                                                    ? "--init"
                                                                                                    : NULL;
    if (option == NULL)
        return ACTIV_OK;
    message_set(message, "%s: with --resume it is the file's", option);
    return ACTIV_ERROR_INVALID;
}

/* Checks to make before hours are spent. */
static activ_status check_settings(const struct settings *settings, activ_message *message)
{
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
        message_set(message,
                    "'%s' is trained for %" PRIu64 " epochs already; --epochs counts them, too: give it more than "
                    "%" PRIu64,
                    settings->resume, steps / in_epoch, steps / in_epoch);
        return ACTIV_ERROR_RANGE;
    }
    *epochs = (size_t)(steps / in_epoch);
    return ACTIV_OK;
}

/* Escapes a text for JSON. */
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

static void print_json_epoch(const struct results *results)
{
    printf("{\"epoch\": %zu", results->epoch);
    print_json_number("train_loss", results->train_loss);
    print_json_number("train_accuracy", results->train_accuracy);
    print_json_number("test_loss", results->test_loss);
    print_json_number("test_accuracy", results->test_accuracy);
    print_json_number("train_seconds", results->seconds);
    printf("}\n");
}

static void print_json(const struct settings *settings, const char *activation, activ_graph *graph,
                       const struct history *history)
{
    const struct results *end = &history->epochs[history->count - 1];
    printf("{\"activation\": ");
    print_json_text(activation);
    printf(", \"epochs\": %zu", settings->epochs);
    print_json_number("test_accuracy", end->test_accuracy);
    print_json_number("test_loss", end->test_loss);
    print_json_number("train_seconds", history->train_seconds);
    printf(", \"parameters\": %zu, \"digest\": \"%016" PRIx64 "\"}\n", activ_graph_param_count(graph),
           network_digest(graph));
}

static activ_status run_epoch(const struct settings *settings, const struct fashion_mnist *data,
                              struct training *training, size_t epoch, struct results *results, activ_message *message)
{
    double loss;
    results->epoch = epoch;
    activ_status status = training_epoch(training, epoch, &results->train_loss, &results->seconds, message);
    if (status != ACTIV_OK || training->stopped)
        return status;
    status = training_test(training, &data->train, &loss, &results->train_accuracy, message);
    if (status == ACTIV_OK)
        status = training_test(training, &data->test, &results->test_loss, &results->test_accuracy, message);
    if (status == ACTIV_OK)
        status = save_epoch(settings, training->graph, epoch, message);
    if (status == ACTIV_OK && settings->checkpoint != NULL)
        status = activ_checkpoint_save_training(training->graph, training->optimizer, settings->checkpoint, message);
    return status;
}

static activ_status run_epochs(const struct settings *settings, const activ_executor *executor, activ_graph *graph,
                               activ_optimizer *optimizer, struct history *history, activ_message *message)
{
    const struct fashion_mnist *data = &settings->study.images;
    struct training training;
    size_t done;
    activ_status status = epochs_done(settings, data, optimizer, &done, message);
    if (status == ACTIV_OK) {
        history->epochs = calloc(settings->epochs - done, sizeof *history->epochs);
        status = history->epochs != NULL ? ACTIV_OK : ACTIV_ERROR_OUT_OF_MEMORY;
    }
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
        struct results *results = &history->epochs[history->count];
        (void)snprintf(bar.note, sizeof bar.note, "Epoch %zu of %zu", epoch, settings->epochs);
        status = run_epoch(settings, data, &training, epoch, results, message);
        progress_clear(&bar.progress);
        if (status != ACTIV_OK || training.stopped)
            break;
        history->count++;
        history->train_seconds += results->seconds;
        printf("%5zu  %10.4f  %12.2f %%  %9.4f  %11.2f %%  %7.2f\n", epoch, results->train_loss,
               results->train_accuracy, results->test_loss, results->test_accuracy, results->seconds);
        if (settings->json)
            print_json_epoch(results);
        (void)fflush(stdout);
    }
    training_end(&training);
    return status;
}

/* train.csv and train.svg. */
static activ_status write_history(const struct settings *settings, const char *activation,
                                  const struct history *history, activ_message *message)
{
    static const char *const titles[] = { "activation",     "seed",      "epoch",         "train_loss",
                                          "train_accuracy", "test_loss", "test_accuracy", "seconds" };
    const struct study *study = &settings->study;
    struct table table;
    struct figure figure;
    table_init(&table);
    table_columns(&table, sizeof titles / sizeof titles[0], titles);
    for (size_t i = 0; i < history->count; i++) {
        const struct results *results = &history->epochs[i];
        table_cell(&table, "%s", activation);
        table_cell(&table, "%" PRIu64, study->seed);
        table_cell(&table, "%zu", results->epoch);
        table_cell(&table, "%.6f", results->train_loss);
        table_cell(&table, "%.4f", results->train_accuracy);
        table_cell(&table, "%.6f", results->test_loss);
        table_cell(&table, "%.4f", results->test_accuracy);
        table_cell(&table, "%.3f", results->seconds);
    }
    activ_status status = study_write_csv(study, "train.csv", &table, message);
    if (status != ACTIV_OK || !study->draws)
        return status;
    status = figure_begin(&figure, study->out, message);
    if (status != ACTIV_OK)
        return status;
    figure_target(&figure, study->out, "train.svg", FIGURE_SVG, 900, 360);
    (void)fprintf(figure.script, "$epochs << EOD\n");
    for (size_t i = 0; i < history->count; i++) {
        const struct results *results = &history->epochs[i];
        (void)fprintf(figure.script, "%zu %.6f %.4f %.6f %.4f\n", results->epoch, results->train_loss,
                      results->train_accuracy, results->test_loss, results->test_accuracy);
    }
    (void)fprintf(figure.script,
                  "EOD\nset multiplot layout 1,2\nset grid\nset xlabel 'epoch'\nset xtics %zu\nset lmargin 7\n",
                  (history->count + 9) / 10);
    for (int panel = 0; panel < 2; panel++) {
        bool any = panel == 0;
        for (size_t i = 0; i < history->count; i++)
            any = any || isfinite(history->epochs[i].train_loss) || isfinite(history->epochs[i].test_loss);
        if (!any)
            figure_expect_nothing(&figure);
        (void)fprintf(figure.script,
                      "set title '%s'\nset key %s\n"
                      "plot $epochs using 1:%d with linespoints lw 2 pt 7 ps 0.5 lc rgb '%s' title 'training', "
                      "$epochs using 1:%d with linespoints lw 2 pt 7 ps 0.5 lc rgb '%s' title 'test'\n",
                      panel == 0 ? "accuracy, %" : "loss", panel == 0 ? "right bottom" : "right top",
                      panel == 0 ? 3 : 2, figure_color(0), panel == 0 ? 5 : 4, figure_color(1));
    }
    (void)fprintf(figure.script, "unset multiplot\n");
    status = figure_end(&figure, message);
    if (status == ACTIV_OK)
        printf("Wrote %s/train.svg\n", study->out);
    return status;
}

/* Creates the network and its optimiser, or loads them from the file. Both are the caller's, also on failure. */
static activ_status prepare(const struct settings *settings, const activ_context *context, const char *spec,
                            activ_graph **graph, activ_optimizer **optimizer, activ_message *message)
{
    const struct architecture architecture = { spec, settings->hidden, settings->batch_norm };
    size_t max_batch = settings->batch > TEST_BATCH ? settings->batch : TEST_BATCH;
    activ_status status;
    if (settings->resume == NULL) {
        status = network_create(context, &architecture, max_batch, false, graph, message);
        if (status == ACTIV_OK)
            status = descent_start(&settings->descent, *graph, settings->study.seed, optimizer, message);
        return status;
    }
    status = network_load(context, settings->resume, max_batch, graph, message);
    if (status == ACTIV_OK)
        status = activ_checkpoint_load_training(*graph, settings->resume, optimizer, message);
    return status;
}

static activ_status train(const struct settings *settings, const activ_context *context, const activ_executor *executor,
                          const char *spec, activ_message *message)
{
    const size_t threads = settings->study.threads;
    activ_graph *graph = NULL;
    activ_optimizer *optimizer = NULL;
    activ_status status = prepare(settings, context, spec, &graph, &optimizer, message);
    if (status != ACTIV_OK) {
        activ_graph_destroy(graph);
        return status;
    }
    status = study_make_out(&settings->study, message);
    struct history history = { NULL, 0, 0 };
    const char *activation = network_activation(graph);
    activation = activation != NULL ? activation : "none";
    if (status == ACTIV_OK) {
        status = network_print_summary(graph, settings->batch, stdout);
        if (status != ACTIV_OK)
            message_set(message, "summary: %s", activ_status_string(status));
    }
    (void)fflush(stdout);
    if (status == ACTIV_OK)
        status = run_epochs(settings, executor, graph, optimizer, &history, message);
    const bool ended = status == ACTIV_OK && !interrupted();
    if (ended)
        printf("\nTrained in %.2f s (%s, %zu thread%s): %.2f %% of the test images are classified right.\n"
               "The network's digest is %016" PRIx64 ".\n",
               history.train_seconds, activ_context_tier(context), threads, threads == 1 ? "" : "s",
               history.epochs[history.count - 1].test_accuracy, network_digest(graph));
    if (status == ACTIV_OK && history.count > 0)
        status = write_history(settings, activation, &history, message);
    if (ended && status == ACTIV_OK && settings->save != NULL) {
        status = activ_checkpoint_save(graph, settings->save, message);
        if (status == ACTIV_OK)
            printf("Wrote %s\n", settings->save);
    }
    if (status == ACTIV_OK && settings->checkpoint != NULL && history.count > 0)
        printf("Wrote %s (for --resume)\n", settings->checkpoint);
    if (ended && status == ACTIV_OK && settings->json)
        print_json(settings, activation, graph, &history);
    free(history.epochs);
    activ_optimizer_destroy(optimizer);
    activ_graph_destroy(graph);
    return status;
}

static activ_status make_context(const struct settings *settings, activ_pool **pool, activ_context **context,
                                 activ_message *message)
{
    activ_context_options options = ACTIV_CONTEXT_DEFAULTS;
    activ_status status = ACTIV_OK;
    if (settings->study.threads > 1)
        status = activ_pool_create(NULL, settings->study.threads, pool);
    options.executor = activ_pool_executor(*pool);
    if (status == ACTIV_OK)
        status = activ_context_create(&options, context);
    if (status != ACTIV_OK)
        message_set(message, "--threads %zu: %s", settings->study.threads, activ_status_string(status));
    return status;
}

int main(int argc, char **argv)
{
    struct settings settings = defaults;
    const enum parse_result parsed = parse(&settings, argc, argv);
    if (parsed != PARSE_RUN)
        return parse_exit_code(parsed);

    activ_message message = { "" };
    activ_pool *pool = NULL;
    activ_context *context = NULL;
    char *spec = NULL;
    activ_status status = network_spec(settings.activation, &spec, &message);
    if (status == ACTIV_OK)
        status = check_settings(&settings, &message);
    if (status == ACTIV_OK)
        status = study_begin(&settings.study, settings.batch, &message);
    if (status == ACTIV_OK)
        status = make_context(&settings, &pool, &context, &message);
    if (status == ACTIV_OK)
        status = train(&settings, context, activ_pool_executor(pool), spec, &message);

    int code = status == ACTIV_OK && interrupted() && settings.checkpoint == NULL
                   ? EXIT_INTERRUPTED
                   : study_finish(&settings.study, status, &message);
    activ_context_destroy(context);
    activ_pool_destroy(pool);
    study_end(&settings.study);
    free(spec);
    return code;
}
