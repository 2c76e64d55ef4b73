/* fashion_mnist_compare: trains SimpleNetwork with each activation function, several times, and compares the test
 * accuracies to those of PyTorch with the same settings. */
#include <math.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <activ/activ.h>

#include "common/arguments.h"
#include "common/data.h"
#include "common/files.h"
#include "common/message.h"
#include "common/network.h"
#include "common/progress.h"
#include "common/table.h"
#include "common/train.h"

#define PROGRAM "fashion_mnist_compare"
#define MAX_ROWS 64
#define CLOSE_POINTS 1.0 /* a mean this close to PyTorch's range counts as reproduced */

/* ---- reference results ------- */

struct measured {
    double mean, low, high;
};

/* Test accuracy in percent after 15 epochs at learning rate 0.001, batch 128. `chapter`: the table of the book chapter
 * whose experiment this is (NaN: it has no such row). The others: PyTorch 1.13, CPU, mean and range over three seeds
 * (staf: one seed). */
struct reference {
    const char *spec;  /* "none": no activation */
    const char *shown; /* the chapter's name, if it differs */
    double chapter;
    struct measured momentum_08, momentum_09;
};

static const struct reference references[] = {
    { "sigmoid", NULL, 10.0, { 10.00, 10.00, 10.00 }, { 10.00, 10.00, 10.00 } },
    { "tanh", NULL, 82.3, { 82.23, 82.00, 82.46 }, { 84.85, 84.75, 84.93 } },
    { "relu", NULL, 81.3, { 81.48, 81.23, 81.87 }, { 84.72, 84.58, 84.85 } },
    { "gelu", NULL, 80.5, { 80.77, 80.55, 81.04 }, { 84.03, 83.94, 84.20 } },
    { "mish", NULL, 81.9, { 81.29, 81.00, 81.56 }, { 84.02, 83.87, 84.18 } },
    { "leaky_relu", NULL, 80.8, { 81.51, 81.23, 81.92 }, { 84.68, 84.56, 84.83 } },
    { "silu", NULL, 78.3, { 78.66, 78.18, 78.96 }, { 82.94, 82.77, 83.14 } },
    { "hardswish", NULL, 76.7, { 78.30, 77.66, 78.70 }, { 83.34, 82.80, 83.64 } },
    { "silu", "Swish", 78.5, { 78.66, 78.18, 78.96 }, { 82.94, 82.77, 83.14 } },
    { "prelu", NULL, 86.0, { 86.12, 85.72, 86.36 }, { 87.14, 86.92, 87.50 } },
    { "rrelu", NULL, 81.5, { 81.33, 80.74, 81.66 }, { 84.14, 83.66, 84.48 } },
    { "trainable_elu", "TeLU", 86.2, { 86.76, 86.43, 87.09 }, { 87.43, 87.33, 87.53 } },
    { "staf", NULL, 85.4, { 87.50, 87.50, 87.50 }, { 87.80, 87.80, 87.80 } },
    { "none", NULL, NAN, { 82.55, 82.51, 82.61 }, { 83.63, 83.47, 83.84 } },
};

#define REFERENCES (sizeof references / sizeof references[0])

/* A quick selection. */
static const char quick_rows[] = "sigmoid,tanh,relu,gelu,prelu,none";

/* ---- settings ---- */

struct settings {
    const char *data;
    const char *out;
    const char *activations; /* NULL: the chapter's rows */
    const char *seeds_text;  /* NULL: a default */
    size_t epochs;           /* 0: a default */
    size_t batch;
    size_t jobs;
    float lr;
    float momentum;
    bool quick;
    uint64_t seeds[MAX_COUNTS];
    size_t seed_count;
};

/* One line of the table; its function is trained once for each seed. */
struct row {
    char *spec;                        /* canonical; "none": no activation */
    const struct reference *reference; /* NULL: not in the chapter */
    size_t first_run;                  /* of seed_count; rows of equal specs share their runs */
};

struct run {
    const char *spec;
    uint64_t seed;
    double accuracy, loss, seconds; /* at the end; seconds: of all epochs */
    bool finished;
};

struct comparison {
    struct settings settings;
    struct fashion_mnist data;
    struct row rows[MAX_ROWS];
    size_t row_count;
    struct run *runs;
    size_t run_count;

    /* Shared by the threads. */
    atomic_size_t images; /* processed in all runs */
    pthread_mutex_t lock; /* guards all members below, and the results in `runs` */
    pthread_cond_t change;
    size_t next_run;                        /* taken by threads from the last to the first */
    size_t reported[MAX_ROWS * MAX_COUNTS]; /* runs in the order in which they finished */
    size_t reported_count;
    size_t working;      /* threads still running */
    activ_status status; /* the first failure */
    activ_message message;
};

static enum parse_result parse(struct settings *settings, int argc, char **argv)
{
    const struct option options[] = {
        { "--data", "DIR", OPTION_TEXT, &settings->data, 0, 0,
          "folder of the four IDX files, raw or .gz\n(default " FASHION_MNIST_FOLDER ")" },
        { "--out", "DIR", OPTION_TEXT, &settings->out, 0, 0,
          "where comparison.md and comparison.csv go; made if it is not there\n(default results)" },
        { "--activations", "LIST", OPTION_TEXT, &settings->activations, 0, 0,
          "like relu,none,\"leaky_relu(negative_slope=0.2)\"\n(default: the chapter's rows)" },
        { "--seeds", "N|LIST", OPTION_TEXT, &settings->seeds_text, 0, 0,
          "a count N for the seeds 1 .. N, or a list like 5,6,7 (default 3)" },
        { "--epochs", "N", OPTION_COUNT, &settings->epochs, 1, 100000, "default 15" },
        { "--batch", "N", OPTION_COUNT, &settings->batch, 1, 1000000, "images in a step (default 128)" },
        { "--lr", "X", OPTION_REAL, &settings->lr, 0, 1e6, "learning rate (default 0.001)" },
        { "--momentum", "X", OPTION_REAL, &settings->momentum, 0, 1,
          "default 0.8, with which the chapter's table was made;\nits text says 0.9" },
        { "--jobs", "N", OPTION_COUNT, &settings->jobs, 1, 1024,
          "networks trained at the same time (default: one for each CPU);\n"
          "the accuracies do not depend on it" },
        { "--quick", NULL, OPTION_FLAG, &settings->quick, 0, 0,
          "a first look in less than a minute: six rows, one seed, three epochs;\n"
          "the other options still hold" },
    };
    const struct program program = {
        PROGRAM,
        "Trains SimpleNetwork (784 -> 256 -> 192 -> 128 -> 64 -> 10) on FashionMNIST with one\n"
        "activation function after the other, several times each, and prints the test accuracies\n"
        "beside those of PyTorch. Writes the same table as Markdown and CSV.",
        options,
        sizeof options / sizeof options[0],
    };
    return arguments_parse(&program, argc, argv);
}

static activ_status read_seeds(struct settings *settings, activ_message *message)
{
    const char *text = settings->seeds_text;
    if (text == NULL)
        text = settings->quick ? "1" : "3";
    uint64_t count;
    if (strchr(text, ',') == NULL && parse_whole(text, strlen(text), 1, MAX_COUNTS, &count)) {
        for (size_t i = 0; i < count; i++)
            settings->seeds[i] = i + 1;
        settings->seed_count = (size_t)count;
        return ACTIV_OK;
    }
    bool good = strchr(text, ',') != NULL;
    for (const char *at = text; good; at++) {
        size_t length = strcspn(at, ",");
        uint64_t seed;
        good = settings->seed_count < MAX_COUNTS && parse_whole(at, length, 0, UINT64_MAX, &seed);
        for (size_t i = 0; good && i < settings->seed_count; i++)
            good = settings->seeds[i] != seed;
        if (!good)
            break;
        settings->seeds[settings->seed_count++] = seed;
        at += length;
        if (*at == '\0')
            return ACTIV_OK;
    }
    message_set(message, "--seeds: '%s' is neither a count from 1 to %d nor a list of different seeds", text,
                MAX_COUNTS);
    return ACTIV_ERROR_INVALID;
}

/* ---- rows and runs ---- */

static activ_status add_row(struct comparison *all, const char *text, size_t length, const struct reference *reference,
                            activ_message *message)
{
    if (all->row_count == MAX_ROWS) {
        message_set(message, "--activations: more than %d", MAX_ROWS);
        return ACTIV_ERROR_RANGE;
    }
    char *spec = calloc(length + 1, 1);
    if (spec == NULL)
        return ACTIV_ERROR_OUT_OF_MEMORY;
    memcpy(spec, text, length);
    struct row *row = &all->rows[all->row_count];
    if (strcmp(spec, "none") != 0) {
        activ_fn *fn = NULL;
        activ_status status = network_check_spec(spec, message);
        if (status == ACTIV_OK)
            status = activ_fn_create(NULL, spec, &fn);
        free(spec);
        if (status != ACTIV_OK)
            return status;
        size_t size = strlen(activ_fn_spec(fn)) + 1;
        spec = malloc(size);
        if (spec != NULL)
            memcpy(spec, activ_fn_spec(fn), size);
        activ_fn_destroy(fn);
        if (spec == NULL)
            return ACTIV_ERROR_OUT_OF_MEMORY;
    }
    row->spec = spec;
    row->reference = reference;
    for (size_t i = 0; reference == NULL && i < REFERENCES; i++)
        if (strcmp(references[i].spec, spec) == 0) {
            row->reference = &references[i];
            break;
        }
    all->row_count++;
    return ACTIV_OK;
}

static activ_status make_rows(struct comparison *all, activ_message *message)
{
    const char *list = all->settings.activations;
    if (list == NULL && all->settings.quick)
        list = quick_rows;
    if (list == NULL) {
        for (size_t i = 0; i < REFERENCES; i++) {
            const char *spec = references[i].spec;
            activ_status status = add_row(all, spec, strlen(spec), &references[i], message);
            if (status != ACTIV_OK)
                return status;
        }
        return ACTIV_OK;
    }
    for (const char *at = list;; at++) {
        /* Commas inside brackets belong to a spec. */
        size_t length = 0;
        int depth = 0;
        while (at[length] != '\0' && (depth > 0 || at[length] != ',')) {
            depth += at[length] == '(' ? 1 : at[length] == ')' ? -1 : 0;
            length++;
        }
        activ_status status = add_row(all, at, length, NULL, message);
        if (status != ACTIV_OK)
            return status;
        at += length;
        if (*at == '\0')
            return ACTIV_OK;
    }
}

static activ_status make_runs(struct comparison *all)
{
    size_t seeds = all->settings.seed_count;
    all->runs = calloc(all->row_count * seeds, sizeof *all->runs);
    if (all->runs == NULL)
        return ACTIV_ERROR_OUT_OF_MEMORY;
    for (size_t i = 0; i < all->row_count; i++) {
        struct row *row = &all->rows[i];
        row->first_run = all->run_count;
        for (size_t j = 0; j < i; j++)
            if (strcmp(all->rows[j].spec, row->spec) == 0)
                row->first_run = all->rows[j].first_run;
        if (row->first_run < all->run_count)
            continue;
        for (size_t j = 0; j < seeds; j++) {
            all->runs[all->run_count].spec = row->spec;
            all->runs[all->run_count++].seed = all->settings.seeds[j];
        }
    }
    all->next_run = all->run_count;
    return ACTIV_OK;
}

/* ---- training ---- */

static void tick(void *user, size_t images)
{
    struct comparison *all = user;
    (void)atomic_fetch_add_explicit(&all->images, images, memory_order_relaxed);
}

static bool has_failed(struct comparison *all)
{
    (void)pthread_mutex_lock(&all->lock);
    bool failed = all->status != ACTIV_OK;
    (void)pthread_mutex_unlock(&all->lock);
    return failed;
}

static activ_status train_one(struct comparison *all, struct run *run, activ_message *message)
{
    static const size_t hidden[] = { 256, 192, 128, 64 };
    const struct settings *settings = &all->settings;
    size_t max_batch = settings->batch > TEST_BATCH ? settings->batch : TEST_BATCH;
    const char *spec = strcmp(run->spec, "none") == 0 ? NULL : run->spec;
    const struct descent descent = { "sgd", settings->lr, settings->momentum, NAN };
    activ_graph *graph = NULL;
    activ_optimizer *optimizer = NULL;
    struct training training;
    activ_status status =
        network_create(NULL, spec, hidden, sizeof hidden / sizeof hidden[0], max_batch, &graph, message);
    if (status != ACTIV_OK)
        return status;
    status = descent_start(&descent, graph, run->seed, &optimizer, message);
    if (status == ACTIV_OK)
        status = training_start(&training, graph, optimizer, &all->data.train, settings->batch, message);
    if (status == ACTIV_OK) {
        training.tick = tick;
        training.tick_user = all;
        for (size_t epoch = 1; status == ACTIV_OK && epoch <= settings->epochs && !has_failed(all); epoch++) {
            double loss;
            double seconds = 0;
            status = training_epoch(&training, epoch, &loss, &seconds, message);
            run->seconds += seconds;
        }
        if (status == ACTIV_OK)
            status = training_test(&training, &all->data.test, &run->loss, &run->accuracy, message);
        training_end(&training);
    }
    activ_optimizer_destroy(optimizer);
    activ_graph_destroy(graph);
    return status;
}

/* Each thread trains one network after the other, until none is left. Last rows first: they include the slowest
 * function, which should not start last. */
static void *worker(void *user)
{
    struct comparison *all = user;
    (void)pthread_mutex_lock(&all->lock);
    while (all->next_run > 0 && all->status == ACTIV_OK) {
        size_t index = --all->next_run;
        struct run result = all->runs[index];
        activ_message message = { "" };
        (void)pthread_mutex_unlock(&all->lock);
        activ_status status = train_one(all, &result, &message);
        (void)pthread_mutex_lock(&all->lock);
        if (status == ACTIV_OK) {
            all->runs[index] = result;
            all->runs[index].finished = true;
            all->reported[all->reported_count++] = index;
        } else if (all->status == ACTIV_OK) {
            all->status = status;
            message_set(&all->message, "%s, seed %llu: %s", result.spec, (unsigned long long)result.seed, message.text);
        }
        (void)pthread_cond_signal(&all->change);
    }
    all->working--;
    (void)pthread_cond_signal(&all->change);
    (void)pthread_mutex_unlock(&all->lock);
    return NULL;
}

/* Shows progress until all threads have ended. Called with the lock held. */
static void watch(struct comparison *all)
{
    struct progress progress;
    progress_start(&progress, (double)all->run_count * (double)all->settings.epochs * (double)all->data.train.count);
    size_t shown = 0;
    for (;;) {
        for (; shown < all->reported_count; shown++) {
            const struct run *run = &all->runs[all->reported[shown]];
            progress_clear(&progress);
            printf("%3zu of %zu  %-16s seed %-4llu  %6.2f %%  %6.1f s\n", shown + 1, all->run_count, run->spec,
                   (unsigned long long)run->seed, run->accuracy, run->seconds);
            (void)fflush(stdout);
        }
        if (all->working == 0)
            break;
        char note[40];
        (void)snprintf(note, sizeof note, "%zu of %zu networks", all->reported_count, all->run_count);
        progress_update(&progress, (double)atomic_load_explicit(&all->images, memory_order_relaxed), note);
        struct timespec until;
        (void)clock_gettime(CLOCK_REALTIME, &until);
        until.tv_nsec += 200000000;
        if (until.tv_nsec >= 1000000000) {
            until.tv_nsec -= 1000000000;
            until.tv_sec++;
        }
        (void)pthread_cond_timedwait(&all->change, &all->lock, &until);
    }
    progress_clear(&progress);
}

static activ_status train_all(struct comparison *all, activ_message *message)
{
    size_t jobs = all->settings.jobs < all->run_count ? all->settings.jobs : all->run_count;
    pthread_t *threads = malloc(jobs * sizeof *threads);
    if (threads == NULL) {
        message_set(message, "out of memory");
        return ACTIV_ERROR_OUT_OF_MEMORY;
    }
    size_t started = 0;
    (void)pthread_mutex_lock(&all->lock);
    for (; started < jobs; started++) {
        int error = pthread_create(&threads[started], NULL, worker, all);
        if (error != 0) {
            all->status = ACTIV_ERROR_OUT_OF_MEMORY;
            message_set(&all->message, "--jobs %zu: a thread cannot be started: %s", jobs, strerror(error));
            break;
        }
        all->working++;
    }
    watch(all);
    activ_status status = all->status;
    *message = all->message;
    (void)pthread_mutex_unlock(&all->lock);
    for (size_t i = 0; i < started; i++)
        (void)pthread_join(threads[i], NULL);
    free(threads);
    return status;
}

/* ---- the table ---- */

struct summary {
    struct measured accuracy;
    double loss;    /* mean over the seeds */
    double seconds; /* mean of one epoch */
};

static struct summary summarize(const struct comparison *all, const struct row *row)
{
    size_t seeds = all->settings.seed_count;
    struct summary sum = { { 0, INFINITY, -INFINITY }, 0, 0 };
    for (size_t i = 0; i < seeds; i++) {
        const struct run *run = &all->runs[row->first_run + i];
        sum.accuracy.mean += run->accuracy / (double)seeds;
        sum.accuracy.low = fmin(sum.accuracy.low, run->accuracy);
        sum.accuracy.high = fmax(sum.accuracy.high, run->accuracy);
        sum.loss += run->loss / (double)seeds;
        sum.seconds += run->seconds / (double)seeds / (double)all->settings.epochs;
    }
    return sum;
}

/* PyTorch's results for these settings; NULL if there are none. */
static const struct measured *pytorch(const struct settings *settings, const struct reference *reference)
{
    if (reference == NULL || settings->epochs != 15 || settings->batch != 128 || settings->lr != 0.001f)
        return NULL;
    if (settings->momentum == 0.8f)
        return &reference->momentum_08;
    return settings->momentum == 0.9f ? &reference->momentum_09 : NULL;
}

/* Distance of a mean above (or, negative, below) a range, in points; 0 inside. */
static double distance(double mean, const struct measured *range)
{
    return mean > range->high ? mean - range->high : mean < range->low ? mean - range->low : 0;
}

static bool is_close(double difference)
{
    /* Accuracies have two decimals; the rest allows for binary fractions. */
    return fabs(difference) <= CLOSE_POINTS + 5e-5;
}

static void add_measured(struct table *table, const struct measured *measured)
{
    if (measured == NULL)
        table_cell(table, "-");
    else if (measured->low == measured->high)
        table_cell(table, "%.2f", measured->mean);
    else
        table_cell(table, "%.2f (%.2f to %.2f)", measured->mean, measured->low, measured->high);
}

/* The table for readers. *close and *compared: rows near PyTorch's range, rows that have one. */
static void fill_table(const struct comparison *all, struct table *table, size_t *close, size_t *compared)
{
    const struct settings *settings = &all->settings;
    bool comparable = pytorch(settings, &references[0]) != NULL;
    table_init(table);
    table_column(table, false, "Activation");
    if (comparable) {
        table_column(table, true, "Chapter");
        table_column(table, true, "PyTorch (range)");
    }
    table_column(table, true, settings->seed_count > 1 ? "libactiv (range)" : "libactiv");
    if (comparable) {
        table_column(table, true, "Beyond range");
        table_column(table, false, "Within %.1f", CLOSE_POINTS);
    }
    table_column(table, true, "s/epoch");
    for (size_t i = 0; i < all->row_count; i++) {
        const struct row *row = &all->rows[i];
        const struct measured *theirs = pytorch(settings, row->reference);
        struct summary ours = summarize(all, row);
        bool renamed = row->reference != NULL && row->reference->shown != NULL;
        table_cell(table, renamed ? "%s (\"%s\")" : "%s", row->spec, renamed ? row->reference->shown : "");
        if (comparable) {
            if (row->reference != NULL && !isnan(row->reference->chapter))
                table_cell(table, "%.1f", row->reference->chapter);
            else
                table_cell(table, "-");
            add_measured(table, theirs);
        }
        add_measured(table, &ours.accuracy);
        if (theirs != NULL) {
            double difference = distance(ours.accuracy.mean, theirs);
            table_cell(table, difference == 0 ? "0" : "%+.2f", difference);
            table_cell(table, is_close(difference) ? "yes" : "no");
            *compared += 1;
            *close += is_close(difference) ? 1 : 0;
        } else if (comparable) {
            table_cell(table, "-");
            table_cell(table, "-");
        }
        table_cell(table, "%.2f", ours.seconds);
    }
}

/* The table for programs: one number per cell, always all columns. */
static void fill_csv(const struct comparison *all, struct table *table)
{
    static const char *const titles[] = {
        "activation", "shown_as", "chapter",    "pytorch_mean",   "pytorch_low", "pytorch_high",      "mean",
        "low",        "high",     "difference", "within_1_point", "test_loss",   "seconds_per_epoch", "epochs",
        "batch",      "lr",       "momentum",
    };
    const struct settings *settings = &all->settings;
    table_init(table);
    for (size_t i = 0; i < sizeof titles / sizeof titles[0]; i++)
        table_column(table, false, "%s", titles[i]);
    for (size_t i = 0; i < settings->seed_count; i++)
        table_column(table, false, "seed_%llu", (unsigned long long)settings->seeds[i]);
    for (size_t i = 0; i < all->row_count; i++) {
        const struct row *row = &all->rows[i];
        const struct reference *reference = row->reference;
        const struct measured *theirs = pytorch(settings, reference);
        struct summary ours = summarize(all, row);
        table_cell(table, "%s", row->spec);
        table_cell(table, "%s", reference != NULL && reference->shown != NULL ? reference->shown : row->spec);
        if (theirs != NULL && !isnan(reference->chapter))
            table_cell(table, "%.1f", reference->chapter);
        else
            table_cell(table, "%s", "");
        if (theirs != NULL) {
            table_cell(table, "%.2f", theirs->mean);
            table_cell(table, "%.2f", theirs->low);
            table_cell(table, "%.2f", theirs->high);
        } else {
            for (int j = 0; j < 3; j++)
                table_cell(table, "%s", "");
        }
        table_cell(table, "%.4f", ours.accuracy.mean);
        table_cell(table, "%.4f", ours.accuracy.low);
        table_cell(table, "%.4f", ours.accuracy.high);
        if (theirs != NULL) {
            double difference = distance(ours.accuracy.mean, theirs);
            table_cell(table, "%.4f", difference);
            table_cell(table, "%s", is_close(difference) ? "yes" : "no");
        } else {
            table_cell(table, "%s", "");
            table_cell(table, "%s", "");
        }
        table_cell(table, "%.6f", ours.loss);
        table_cell(table, "%.3f", ours.seconds);
        table_cell(table, "%zu", settings->epochs);
        table_cell(table, "%zu", settings->batch);
        table_cell(table, "%.7g", (double)settings->lr);
        table_cell(table, "%.7g", (double)settings->momentum);
        for (size_t j = 0; j < settings->seed_count; j++)
            table_cell(table, "%.4f", all->runs[row->first_run + j].accuracy);
    }
}

static bool has_shared_runs(const struct comparison *all)
{
    return all->run_count < all->row_count * all->settings.seed_count;
}

/* Explains the table; each line begins with `mark`. */
static void write_notes(const struct comparison *all, size_t close, size_t compared, const char *mark, FILE *out)
{
    size_t seeds = all->settings.seed_count;
    size_t jobs = all->settings.jobs;
    if (compared > 0) {
        (void)fprintf(out, "%s%zu of %zu rows lie within %.1f point of PyTorch's range.\n", mark, close, compared,
                      CLOSE_POINTS);
        (void)fprintf(out, "%sPyTorch: version 1.13, CPU, three seeds (staf: one).\n", mark);
        (void)fprintf(out, "%sBeyond range: points by which our mean lies above or below PyTorch's range.\n", mark);
    } else {
        (void)fprintf(out,
                      "%sThese figures are NOT comparable with PyTorch's, which have other settings:\n"
                      "  15 epochs, batch 128, learning rate 0.001, momentum 0.8 or 0.9.\n",
                      mark);
    }
    (void)fprintf(out, "%sTest accuracy in percent%s.\n", mark,
                  seeds > 1 ? ": mean and range over the seeds" : ", of one seed: near neighbours are in no order");
    if (has_shared_runs(all))
        (void)fprintf(out, "%sRows of the same function show the same networks, trained once.\n", mark);
    (void)fprintf(out, "%sSeconds per epoch: training alone, %zu network%s at the same time, tier %s.\n", mark, jobs,
                  jobs == 1 ? "" : "s", activ_tier());
}

static void write_settings(const struct comparison *all, FILE *out)
{
    const struct settings *settings = &all->settings;
    (void)fprintf(out, "SimpleNetwork 784-256-192-128-64-10, %zu epoch%s, batch %zu, ", settings->epochs,
                  settings->epochs == 1 ? "" : "s", settings->batch);
    (void)fprintf(out, "learning rate %.7g, momentum %.7g, seed%s", (double)settings->lr, (double)settings->momentum,
                  settings->seed_count == 1 ? "" : "s");
    for (size_t i = 0; i < settings->seed_count; i++)
        (void)fprintf(out, "%s%llu", i == 0 ? " " : ", ", (unsigned long long)settings->seeds[i]);
    (void)fprintf(out, ".\n");
}

/* Both files are renamed only after both are written. */
static activ_status write_files(const char *markdown_path, const char *csv_path, const struct comparison *all,
                                const struct table *table, size_t close, size_t compared, activ_message *message)
{
    struct new_file markdown = { .stream = NULL };
    struct new_file csv = { .stream = NULL };
    struct table numbers;
    fill_csv(all, &numbers);
    activ_status status = ACTIV_OK;
    if (numbers.failed) {
        message_set(message, "out of memory for the table");
        status = ACTIV_ERROR_OUT_OF_MEMORY;
    }
    if (status == ACTIV_OK)
        status = new_file_open(&markdown, markdown_path, message);
    if (status == ACTIV_OK)
        status = new_file_open(&csv, csv_path, message);
    if (status == ACTIV_OK) {
        (void)fprintf(markdown.stream, "# Activation functions on FashionMNIST\n\n");
        write_settings(all, markdown.stream);
        (void)fputc('\n', markdown.stream);
        table_write_markdown(table, markdown.stream);
        (void)fputc('\n', markdown.stream);
        write_notes(all, close, compared, "- ", markdown.stream);
        table_write_csv(&numbers, csv.stream);
        status = new_file_close(&markdown, message);
    }
    if (status == ACTIV_OK)
        status = new_file_close(&csv, message);
    if (status == ACTIV_OK)
        status = new_file_commit(&markdown, message);
    if (status == ACTIV_OK)
        status = new_file_commit(&csv, message);
    new_file_cancel(&markdown);
    new_file_cancel(&csv);
    table_free(&numbers);
    return status;
}

/* ---- main --------- */

static activ_status compare(struct comparison *all, const char *markdown, const char *csv, activ_message *message)
{
    struct settings *settings = &all->settings;
    activ_status status = fashion_mnist_load(settings->data, &all->data, message);
    if (status == ACTIV_OK && settings->batch > all->data.train.count) {
        message_set(message, "--batch: %zu is more than the %zu training images in '%s'", settings->batch,
                    all->data.train.count, settings->data);
        status = ACTIV_ERROR_RANGE;
    }
    /* The folder is checked before the long run, and created only if the other arguments are valid. */
    if (status == ACTIV_OK)
        status = folder_make(settings->out, message);
    if (status == ACTIV_OK)
        status = file_check_writable(markdown, message);
    if (status == ACTIV_OK)
        status = file_check_writable(csv, message);
    if (status != ACTIV_OK)
        return status;
    write_settings(all, stdout);
    printf("%zu networks, %zu at the same time.\n\n", all->run_count, settings->jobs);
    (void)fflush(stdout);
    status = train_all(all, message);
    if (status != ACTIV_OK)
        return status;

    struct table table;
    size_t close = 0;
    size_t compared = 0;
    fill_table(all, &table, &close, &compared);
    if (table.failed) {
        message_set(message, "out of memory for the table");
        status = ACTIV_ERROR_OUT_OF_MEMORY;
    } else {
        putchar('\n');
        table_write_text(&table, stdout);
        putchar('\n');
        write_notes(all, close, compared, "", stdout);
        status = write_files(markdown, csv, all, &table, close, compared, message);
    }
    if (status == ACTIV_OK)
        printf("\nWrote %s\nWrote %s\n", markdown, csv);
    table_free(&table);
    return status;
}

static size_t online_cpus(void)
{
    long count = sysconf(_SC_NPROCESSORS_ONLN);
    return count > 0 ? (size_t)count : 1;
}

int main(int argc, char **argv)
{
    static struct comparison all; /* too large for the stack */
    all.settings = (struct settings){
        .data = FASHION_MNIST_FOLDER,
        .out = "results",
        .batch = 128,
        .jobs = online_cpus(),
        .lr = 0.001f,
        .momentum = 0.8f,
    };
    switch (parse(&all.settings, argc, argv)) {
    case PARSE_RUN:
        break;
    case PARSE_HELP:
        return EXIT_SUCCESS;
    case PARSE_FAILED:
        return EXIT_FAILED;
    }
    if (all.settings.epochs == 0)
        all.settings.epochs = all.settings.quick ? 3 : 15;
    if (pthread_mutex_init(&all.lock, NULL) != 0 || pthread_cond_init(&all.change, NULL) != 0)
        return fail(PROGRAM, "no memory for a lock");

    activ_message message = { "out of memory" };
    char *markdown = path_join(all.settings.out, "comparison.md");
    char *csv = path_join(all.settings.out, "comparison.csv");
    activ_status status = markdown != NULL && csv != NULL ? ACTIV_OK : ACTIV_ERROR_OUT_OF_MEMORY;
    if (status == ACTIV_OK)
        status = read_seeds(&all.settings, &message);
    if (status == ACTIV_OK)
        status = make_rows(&all, &message);
    if (status == ACTIV_OK)
        status = make_runs(&all);
    if (status == ACTIV_OK) {
        all.settings.jobs = all.settings.jobs < all.run_count ? all.settings.jobs : all.run_count;
        status = compare(&all, markdown, csv, &message);
    }

    int code = status == ACTIV_OK ? finish_output(PROGRAM) : fail(PROGRAM, "%s", message.text);
    for (size_t i = 0; i < all.row_count; i++)
        free(all.rows[i].spec);
    free(all.runs);
    free(markdown);
    free(csv);
    fashion_mnist_free(&all.data);
    (void)pthread_cond_destroy(&all.change);
    (void)pthread_mutex_destroy(&all.lock);
    return code;
}
