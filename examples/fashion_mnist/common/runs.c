/* Networks trained as recipes say: see runs.h. */
#include "runs.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "files.h"
#include "fnv.h"
#include "interrupt.h"
#include "message.h"
#include "progress.h"
#include "table.h"

/* ---- what a run is kept as --------------------------------------------------------------------------------------- */

#define KEY_SIZE 1024

static uint64_t hash_text(const char *text)
{
    return fnv_add(FNV_START, (const unsigned char *)text, strlen(text));
}

/* The recipe as a text: equal texts, equal networks. */
static void write_key(const struct study *study, const struct recipe *recipe, char *key)
{
    const struct descent *descent = &recipe->descent;
    const struct architecture *architecture = &recipe->architecture;
    int used =
        snprintf(key, KEY_SIZE,
                 "libactiv %s, data %08" PRIx32 ", %s lr %.9g momentum %.9g decay %.9g, init %s, %zu epochs, "
                 "batch %zu, seed %" PRIu64 "%s, %016" PRIx64 " %.100s, hidden",
                 activ_version_string(), study->images_digest, descent->optimizer, (double)descent->lr,
                 (double)descent->momentum, (double)descent->weight_decay,
                 descent->init != NULL ? descent->init : "default", recipe->epochs, recipe->batch, recipe->seed,
                 architecture->batch_norm ? ", batch_norm" : "", hash_text(architecture->spec), architecture->spec);
    for (size_t i = 0; i < architecture->hidden.count && used > 0 && used < KEY_SIZE; i++)
        used += snprintf(key + used, KEY_SIZE - (size_t)used, " %zu", architecture->hidden.values[i]);
}

/* "OUT/runs/relu-seed1-0123456789abcdef.EXTENSION": for people the function and the seed, for programs the rest. */
static char *kept_path(const struct study *study, const struct recipe *recipe, const char *extension)
{
    char key[KEY_SIZE];
    char name[120];
    char spec[33];
    write_key(study, recipe, key);
    path_safe_name(recipe->architecture.spec, spec, sizeof spec);
    (void)snprintf(name, sizeof name, "runs/%s-seed%" PRIu64 "-%016" PRIx64 ".%s", spec, recipe->seed, hash_text(key),
                   extension);
    return study_path(study, name);
}

char *run_path(const struct study *study, const struct run *run, size_t epoch)
{
    char *path = kept_path(study, &run->recipe, "safetensors");
    if (path == NULL || epoch == 0 || epoch == run->recipe.epochs)
        return path;
    char *marked = path_with_epoch(path, epoch);
    free(path);
    return marked;
}

static const char kept_header[] = "digest,epoch,train_loss,test_loss,test_accuracy,seconds,recipe\r\n";

/* Reads the epochs of an earlier run; false if there is none, or none of this very recipe. */
static bool read_epochs(const struct study *study, struct run *run)
{
    char key[KEY_SIZE];
    char line[KEY_SIZE + 256];
    char *path = kept_path(study, &run->recipe, "csv");
    FILE *file = path != NULL ? fopen(path, "r") : NULL;
    free(path);
    if (file == NULL)
        return false;
    write_key(study, &run->recipe, key);
    bool good = fgets(line, sizeof line, file) != NULL && strcmp(line, kept_header) == 0;
    for (size_t i = 0; good && i < run->recipe.epochs; i++) {
        struct epoch *epoch = &run->epochs[i];
        size_t number = 0;
        int end = 0;
        good = fgets(line, sizeof line, file) != NULL &&
               sscanf(line, "%16" SCNx64 ",%zu,%lf,%lf,%lf,%lf,\"%n", &run->digest, &number, &epoch->train_loss,
                      &epoch->test_loss, &epoch->test_accuracy, &epoch->seconds, &end) == 6 &&
               number == i + 1 && strncmp(line + end, key, strlen(key)) == 0;
    }
    (void)fclose(file);
    return good;
}

/* Is the network of this epoch there? Of the last one its bits are compared, too. */
static bool is_kept(const struct study *study, const struct run *run, size_t epoch)
{
    char *path = run_path(study, run, epoch);
    activ_graph *graph = NULL;
    activ_status status = path != NULL ? activ_checkpoint_load(NULL, path, 0, &graph, NULL) : ACTIV_ERROR_OUT_OF_MEMORY;
    const bool same = status == ACTIV_OK && (epoch != 0 || network_digest(graph) == run->digest);
    activ_graph_destroy(graph);
    free(path);
    return same;
}

static bool find_kept(const struct study *study, struct run *run)
{
    bool good = read_epochs(study, run) && is_kept(study, run, 0);
    for (size_t epoch = 1; good && run->every_epoch && epoch < run->recipe.epochs; epoch++)
        good = is_kept(study, run, epoch);
    return good;
}

static activ_status keep_network(const struct study *study, const struct run *run, const activ_graph *graph,
                                 size_t epoch, activ_message *message)
{
    char *path = run_path(study, run, epoch);
    if (path == NULL) {
        message_set(message, "out of memory");
        return ACTIV_ERROR_OUT_OF_MEMORY;
    }
    activ_status status = activ_checkpoint_save(graph, path, message);
    free(path);
    return status;
}

/* After the network: this file says that the run is whole. */
static activ_status keep_epochs(const struct study *study, const struct run *run, activ_message *message)
{
    char key[KEY_SIZE];
    struct new_file file = { .stream = NULL };
    char *path = kept_path(study, &run->recipe, "csv");
    activ_status status = path != NULL ? new_file_open(&file, path, message) : ACTIV_ERROR_OUT_OF_MEMORY;
    free(path);
    if (status != ACTIV_OK)
        return status;
    write_key(study, &run->recipe, key);
    (void)fputs(kept_header, file.stream);
    for (size_t i = 0; i < run->recipe.epochs; i++)
        (void)fprintf(file.stream, "%016" PRIx64 ",%zu,%.17g,%.17g,%.17g,%.4f,\"%s\"\r\n", run->digest, i + 1,
                      run->epochs[i].train_loss, run->epochs[i].test_loss, run->epochs[i].test_accuracy,
                      run->epochs[i].seconds, key);
    status = new_file_close(&file, message);
    if (status == ACTIV_OK)
        status = new_file_commit(&file, message);
    new_file_cancel(&file);
    return status;
}

/* ---- training ---------------------------------------------------------------------------------------------------- */

struct crew {
    const struct study *study;
    struct run *runs;
    size_t count;
    size_t wanted; /* to be trained now */
    double images; /* in all of these */

    /* Shared by the threads. */
    atomic_size_t done;   /* images */
    pthread_mutex_t lock; /* guards all members below, and the results in `runs` */
    pthread_cond_t change;
    size_t next;      /* taken from the last run to the first */
    size_t *reported; /* runs in the order in which they finished */
    size_t reported_count;
    size_t working; /* threads */
    activ_status status;
    activ_message message;
};

static void tick(void *user, size_t images)
{
    struct crew *crew = user;
    (void)atomic_fetch_add_explicit(&crew->done, images, memory_order_relaxed);
}

static bool should_end(struct crew *crew)
{
    (void)pthread_mutex_lock(&crew->lock);
    const bool failed = crew->status != ACTIV_OK;
    (void)pthread_mutex_unlock(&crew->lock);
    return failed || interrupted();
}

static activ_status train_epochs(struct crew *crew, struct run *run, struct training *training, activ_message *message)
{
    const struct study *study = crew->study;
    for (size_t i = 0; i < run->recipe.epochs; i++) {
        struct epoch *epoch = &run->epochs[i];
        activ_status status = training_epoch(training, i + 1, &epoch->train_loss, &epoch->seconds, message);
        if (status == ACTIV_OK && (training->stopped || should_end(crew)))
            return ACTIV_OK;
        if (status == ACTIV_OK)
            status = training_test(training, &study->images.test, &epoch->test_loss, &epoch->test_accuracy, message);
        if (status == ACTIV_OK && (run->every_epoch || i + 1 == run->recipe.epochs))
            status = keep_network(study, run, training->graph, i + 1, message);
        if (status != ACTIV_OK)
            return status;
    }
    run->digest = network_digest(training->graph);
    run->finished = true;
    return keep_epochs(study, run, message);
}

static activ_status train_one(struct crew *crew, struct run *run, activ_message *message)
{
    const struct recipe *recipe = &run->recipe;
    const size_t max_batch = recipe->batch > TEST_BATCH ? recipe->batch : TEST_BATCH;
    activ_graph *graph = NULL;
    activ_optimizer *optimizer = NULL;
    struct training training;
    activ_status status = network_create(NULL, &recipe->architecture, max_batch, false, &graph, message);
    if (status != ACTIV_OK)
        return status;
    status = descent_start(&recipe->descent, graph, recipe->seed, &optimizer, message);
    if (status == ACTIV_OK)
        status = training_start(&training, graph, optimizer, &crew->study->images.train, recipe->batch, message);
    if (status == ACTIV_OK) {
        training.tick = tick;
        training.tick_user = crew;
        status = train_epochs(crew, run, &training, message);
        training_end(&training);
    }
    activ_optimizer_destroy(optimizer);
    activ_graph_destroy(graph);
    return status;
}

/* Each thread trains one network after the other, until none is left. Last ones first: they include the slowest
 * functions, which should not start last. */
static void *work(void *user)
{
    struct crew *crew = user;
    (void)pthread_mutex_lock(&crew->lock);
    while (crew->next > 0 && crew->status == ACTIV_OK && !interrupted()) {
        const size_t index = --crew->next;
        struct run result = crew->runs[index];
        activ_message message = { "" };
        if (result.finished)
            continue;
        (void)pthread_mutex_unlock(&crew->lock);
        activ_status status = train_one(crew, &result, &message);
        (void)pthread_mutex_lock(&crew->lock);
        if (status == ACTIV_OK && result.finished) {
            crew->runs[index] = result;
            crew->reported[crew->reported_count++] = index;
        } else if (status != ACTIV_OK && crew->status == ACTIV_OK) {
            crew->status = status;
            message_set(&crew->message, "%s, seed %" PRIu64 ": %.800s", result.recipe.architecture.spec,
                        result.recipe.seed, message.text);
        }
        (void)pthread_cond_signal(&crew->change);
    }
    crew->working--;
    (void)pthread_cond_signal(&crew->change);
    (void)pthread_mutex_unlock(&crew->lock);
    return NULL;
}

/* Shows progress until all threads have ended. Called with the lock held. */
static void watch(struct crew *crew)
{
    struct progress progress;
    progress_start(&progress, crew->images);
    size_t shown = 0;
    for (;;) {
        for (; shown < crew->reported_count; shown++) {
            const struct run *run = &crew->runs[crew->reported[shown]];
            double seconds = 0;
            for (size_t i = 0; i < run->recipe.epochs; i++)
                seconds += run->epochs[i].seconds;
            progress_clear(&progress);
            printf("%3zu of %zu  %-16s seed %-4" PRIu64 "  %6.2f %%  %6.1f s  %016" PRIx64 "\n", shown + 1,
                   crew->wanted, run->recipe.architecture.spec, run->recipe.seed, run_end(run)->test_accuracy, seconds,
                   run->digest);
            (void)fflush(stdout);
        }
        if (crew->working == 0)
            break;
        char note[40];
        (void)snprintf(note, sizeof note, "%zu of %zu networks", crew->reported_count, crew->wanted);
        progress_update(&progress, (double)atomic_load_explicit(&crew->done, memory_order_relaxed), note);
        struct timespec until;
        (void)clock_gettime(CLOCK_REALTIME, &until);
        until.tv_nsec += 200000000;
        if (until.tv_nsec >= 1000000000) {
            until.tv_nsec -= 1000000000;
            until.tv_sec++;
        }
        (void)pthread_cond_timedwait(&crew->change, &crew->lock, &until);
    }
    progress_clear(&progress);
}

static void run_crew(struct crew *crew)
{
    const size_t threads = crew->study->threads < crew->wanted ? crew->study->threads : crew->wanted;
    pthread_t *workers = malloc(threads * sizeof *workers);
    if (workers == NULL) {
        crew->status = ACTIV_ERROR_OUT_OF_MEMORY;
        return;
    }
    size_t started = 0;
    (void)pthread_mutex_lock(&crew->lock);
    for (; started < threads; started++) {
        int error = pthread_create(&workers[started], NULL, work, crew);
        if (error != 0) {
            crew->status = ACTIV_ERROR_OUT_OF_MEMORY;
            message_set(&crew->message, "--threads %zu: a thread cannot be started: %s", threads, strerror(error));
            break;
        }
        crew->working++;
    }
    watch(crew);
    (void)pthread_mutex_unlock(&crew->lock);
    for (size_t i = 0; i < started; i++)
        (void)pthread_join(workers[i], NULL);
    free(workers);
}

/* Which of the runs with the same recipe is trained: the first of those that keep the most. */
static size_t first_alike(const struct study *study, const struct run *runs, size_t count, size_t i)
{
    char key[KEY_SIZE];
    char other[KEY_SIZE];
    size_t first = count;
    write_key(study, &runs[i].recipe, key);
    for (size_t j = 0; j < count; j++) {
        write_key(study, &runs[j].recipe, other);
        if (strcmp(key, other) == 0 && (first == count || runs[j].every_epoch > runs[first].every_epoch))
            first = j;
    }
    return first;
}

static activ_status take_stock(struct crew *crew)
{
    size_t kept = 0;
    for (size_t i = 0; i < crew->count; i++) {
        struct run *run = &crew->runs[i];
        run->epochs = calloc(run->recipe.epochs, sizeof *run->epochs);
        if (run->epochs == NULL)
            return ACTIV_ERROR_OUT_OF_MEMORY;
        if (first_alike(crew->study, crew->runs, crew->count, i) != i) {
            run->finished = true; /* copied from that one at the end */
            continue;
        }
        run->finished = find_kept(crew->study, run);
        kept += run->finished ? 1 : 0;
        if (run->finished)
            continue;
        crew->wanted++;
        crew->images += (double)run->recipe.epochs * (double)crew->study->images.train.count;
    }
    if (kept > 0)
        printf("%zu network%s from an earlier run: '%s/runs'.\n", kept, kept == 1 ? " is there" : "s are there",
               crew->study->out);
    if (crew->wanted > 0)
        printf("%zu network%s to train, %zu at the same time.\n", crew->wanted, crew->wanted == 1 ? "" : "s",
               crew->study->threads < crew->wanted ? crew->study->threads : crew->wanted);
    (void)fflush(stdout);
    return ACTIV_OK;
}

static void copy_alike(const struct study *study, struct run *runs, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const size_t first = first_alike(study, runs, count, i);
        if (first == i)
            continue;
        memcpy(runs[i].epochs, runs[first].epochs, runs[i].recipe.epochs * sizeof *runs[i].epochs);
        runs[i].digest = runs[first].digest;
        runs[i].finished = runs[first].finished;
    }
}

activ_status runs_train(const struct study *study, struct run *runs, size_t count, activ_message *message)
{
    struct crew crew = { .study = study, .runs = runs, .count = count, .next = count };
    char *folder = study_path(study, "runs");
    crew.message = (activ_message){ "out of memory" };
    crew.reported = calloc(count > 0 ? count : 1, sizeof *crew.reported);
    if (folder == NULL || crew.reported == NULL)
        crew.status = ACTIV_ERROR_OUT_OF_MEMORY;
    if (crew.status == ACTIV_OK)
        crew.status = folder_make(folder, &crew.message);
    if (crew.status == ACTIV_OK && pthread_mutex_init(&crew.lock, NULL) != 0)
        crew.status = ACTIV_ERROR_OUT_OF_MEMORY;
    else if (crew.status == ACTIV_OK) {
        if (pthread_cond_init(&crew.change, NULL) != 0) {
            crew.status = ACTIV_ERROR_OUT_OF_MEMORY;
        } else {
            crew.status = take_stock(&crew);
            if (crew.status == ACTIV_OK && crew.wanted > 0)
                run_crew(&crew);
            if (crew.status == ACTIV_OK)
                copy_alike(study, runs, count);
            (void)pthread_cond_destroy(&crew.change);
        }
        (void)pthread_mutex_destroy(&crew.lock);
    }
    if (crew.status != ACTIV_OK)
        *message = crew.message;
    free(crew.reported);
    free(folder);
    return crew.status;
}

void runs_free(struct run *runs, size_t count)
{
    for (size_t i = 0; runs != NULL && i < count; i++) {
        free(runs[i].epochs);
        runs[i].epochs = NULL;
    }
}

const struct epoch *run_end(const struct run *run)
{
    return &run->epochs[run->recipe.epochs - 1];
}

activ_status runs_write_csv(const struct study *study, const char *name, const struct run *runs, size_t count,
                            activ_message *message)
{
    static const char *const titles[] = { "activation", "batch_norm", "init",      "optimizer",
                                          "lr",         "momentum",   "seed",      "digest",
                                          "epoch",      "train_loss", "test_loss", "test_accuracy" };
    struct table table;
    table_init(&table);
    table_columns(&table, sizeof titles / sizeof titles[0], titles);
    for (size_t i = 0; i < count; i++) {
        const struct recipe *recipe = &runs[i].recipe;
        for (size_t j = 0; runs[i].finished && j < recipe->epochs; j++) {
            const struct epoch *epoch = &runs[i].epochs[j];
            table_cell(&table, "%s", recipe->architecture.spec);
            table_cell(&table, "%d", recipe->architecture.batch_norm ? 1 : 0);
            table_cell(&table, "%s", recipe->descent.init != NULL ? recipe->descent.init : "default");
            table_cell(&table, "%s", recipe->descent.optimizer);
            table_cell(&table, "%.7g", (double)recipe->descent.lr);
            table_cell(&table, isnan(recipe->descent.momentum) ? "" : "%.7g", (double)recipe->descent.momentum);
            table_cell(&table, "%" PRIu64, recipe->seed);
            table_cell(&table, "%016" PRIx64, runs[i].digest);
            table_cell(&table, "%zu", j + 1);
            table_cell(&table, "%.6f", epoch->train_loss);
            table_cell(&table, "%.6f", epoch->test_loss);
            table_cell(&table, "%.4f", epoch->test_accuracy);
        }
    }
    return study_write_csv(study, name, &table, message);
}
