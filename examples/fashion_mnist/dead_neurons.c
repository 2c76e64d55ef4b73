/* fashion_mnist_dead_neurons: neurons whose output is 0 for every training image. */
#include <inttypes.h>
#include <math.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <activ/activ.h>

#include "common/arguments.h"
#include "common/data.h"
#include "common/figure.h"
#include "common/interrupt.h"
#include "common/message.h"
#include "common/network.h"
#include "common/progress.h"
#include "common/study.h"
#include "common/table.h"
#include "common/trained.h"

#define PROGRAM "fashion_mnist_dead_neurons"
#define MAX_LAYERS 16

struct settings {
    struct study study;
    struct trained_settings trained;
    struct architecture big; /* untrained */
    float share;
    bool skip_big;
};

/* A network that is looked into. */
struct subject {
    const char *label;
    uint64_t seed;
    const struct trained_network *network; /* NULL: untrained, of settings->big */
    size_t layers;
    size_t width[MAX_LAYERS], dead[MAX_LAYERS], rare[MAX_LAYERS];
    bool done;
};

/* The chapter's counts, and PyTorch's 1.13 for three seeds, momentum 0.8; -1 past the last layer. */
static const struct {
    const char *label;
    const char *who;
    int counts[8];
} others[] = {
    { "relu", "chapter", { 0, 6, 13, 5, -1 } },
    { "relu", "PyTorch", { 0, 3, 15, 8, -1 } },
    { "relu", "PyTorch", { 0, 5, 12, 9, -1 } },
    { "relu", "PyTorch", { 0, 5, 12, 9, -1 } },
    { "silu", "chapter", { 0, 0, 0, 0, -1 } },
    { "untrained", "chapter", { 0, 0, 6, 15, 113, 102, 58, -1 } },
    { "untrained", "PyTorch", { 0, 0, 7, 14, 119, 102, 53, -1 } },
    { "untrained", "PyTorch", { 0, 1, 8, 17, 121, 101, 59, -1 } },
    { "untrained", "PyTorch", { 0, 0, 3, 12, 116, 111, 65, -1 } },
};

#define OTHERS (sizeof others / sizeof others[0])

static enum parse_result parse(struct settings *settings, int argc, char **argv)
{
    const struct option options[] = {
        STUDY_OPTION_DATA(&settings->study),
        TRAINED_OPTIONS(&settings->trained),
        { "--seeds", "N|LIST", OPTION_TEXT, &settings->trained.seeds_text, 0, 0,
          "of the networks: a count N for that many, or a list like 5,6,7 (default 3)" },
        STUDY_OPTION_SEED(&settings->study),
        { "--hidden", "LIST", OPTION_COUNTS, &settings->big.hidden, 1, 65536,
          "widths of the untrained network\n(default 2048,1024,1024,512,512,256,128)" },
        { "--trained-only", NULL, OPTION_FLAG, &settings->skip_big, 0, 0, "leave the untrained network out" },
        { "--share", "X", OPTION_REAL, &settings->share, 0, 1,
          "nearly dead is a neuron that is not 0 for less than this share of the images\n(default 0.01)" },
        STUDY_OPTION_THREADS(&settings->study),
        STUDY_OPTION_OUT(&settings->study),
    };
    const struct program program = {
        PROGRAM,
        "Counts the neurons that are dead: whose output is 0 for every one of the training images,\n"
        "so that no gradient reaches their weights. Of the trained networks of the comparison, and\n"
        "of a deep relu network that is not trained at all, where the chapter finds most of them.\n"
        "\n"
        "Writes dead_neurons.csv (a line for each layer) and dead_neurons.svg.",
        options,
        sizeof options / sizeof options[0],
    };
    return arguments_parse(&program, argc, argv);
}

/* ---- counting ---------------------------------------------------------------------------------------------------- */

struct crew {
    const struct settings *settings;
    struct subject *subjects;
    size_t count;
    atomic_size_t next, images;
    atomic_bool failed;
    pthread_mutex_t lock; /* guards the two below */
    activ_status status;
    activ_message message;
};

static activ_status make_network(const struct settings *settings, const struct subject *subject, activ_graph **graph,
                                 activ_message *message)
{
    if (subject->network != NULL)
        return trained_load(subject->network, TEST_BATCH, graph, message);
    activ_status status = network_create(NULL, &settings->big, TEST_BATCH, false, graph, message);
    if (status == ACTIV_OK)
        status = activ_graph_init(*graph, subject->seed);
    return status;
}

static activ_status feed(struct crew *crew, activ_graph *graph, activ_graph_neurons *neurons)
{
    const struct dataset *images = &crew->settings->study.images.train;
    float *x = malloc(TEST_BATCH * IMAGE_PIXELS * sizeof *x);
    float *y = malloc(TEST_BATCH * IMAGE_CLASSES * sizeof *y);
    int32_t labels[TEST_BATCH];
    activ_status status = x != NULL && y != NULL ? ACTIV_OK : ACTIV_ERROR_OUT_OF_MEMORY;
    for (size_t first = 0; status == ACTIV_OK && first < images->count && !interrupted(); first += TEST_BATCH) {
        const size_t size = images->count - first < TEST_BATCH ? images->count - first : TEST_BATCH;
        dataset_batch(images, NULL, first, size, x, labels);
        status = activ_graph_forward(graph, size, x, y);
        if (status == ACTIV_OK)
            status = activ_graph_neurons_add(neurons);
        (void)atomic_fetch_add_explicit(&crew->images, size, memory_order_relaxed);
    }
    free(x);
    free(y);
    return status;
}

static activ_status count_dead(const struct settings *settings, const activ_graph_neurons *neurons,
                               struct subject *subject)
{
    subject->layers = activ_graph_neurons_count(neurons);
    subject->layers = subject->layers < MAX_LAYERS ? subject->layers : MAX_LAYERS;
    for (size_t i = 0; i < subject->layers; i++) {
        const activ_neurons *layer = activ_graph_neurons_at(neurons, i);
        activ_neurons_info info = ACTIV_NEURONS_INFO_INIT;
        activ_status status = activ_neurons_get(layer, &info);
        if (status == ACTIV_OK)
            status = activ_neurons_rarely_active(layer, (double)settings->share, 0, NULL, &subject->rare[i]);
        if (status != ACTIV_OK)
            return status;
        subject->width[i] = info.width;
        subject->dead[i] = info.dead;
    }
    return ACTIV_OK;
}

static activ_status look_into(struct crew *crew, struct subject *subject, activ_message *message)
{
    activ_graph *graph = NULL;
    activ_graph_neurons *neurons = NULL;
    activ_status status = make_network(crew->settings, subject, &graph, message);
    if (status == ACTIV_OK)
        status = activ_graph_neurons_create(graph, NULL, &neurons);
    if (status == ACTIV_OK)
        status = feed(crew, graph, neurons);
    if (status == ACTIV_OK && !interrupted()) {
        status = count_dead(crew->settings, neurons, subject);
        subject->done = true;
    }
    activ_graph_neurons_destroy(neurons);
    activ_graph_destroy(graph);
    return status;
}

static void *work(void *user)
{
    struct crew *crew = user;
    for (;;) {
        const size_t i = atomic_fetch_add(&crew->next, 1);
        activ_message message = { "" };
        if (i >= crew->count || interrupted() || atomic_load(&crew->failed))
            return NULL;
        activ_status status = look_into(crew, &crew->subjects[i], &message);
        if (status == ACTIV_OK)
            continue;
        (void)pthread_mutex_lock(&crew->lock);
        if (crew->status == ACTIV_OK) {
            crew->status = status;
            message_set(&crew->message, "%s: %.900s", crew->subjects[i].label,
                        message.text[0] != '\0' ? message.text : activ_status_string(status));
        }
        (void)pthread_mutex_unlock(&crew->lock);
        atomic_store(&crew->failed, true);
    }
}

static activ_status look_into_all(const struct settings *settings, struct subject *subjects, size_t count,
                                  activ_message *message)
{
    struct crew crew = { .settings = settings, .subjects = subjects, .count = count };
    pthread_t threads[256];
    size_t started = 0;
    if (pthread_mutex_init(&crew.lock, NULL) != 0)
        return ACTIV_ERROR_OUT_OF_MEMORY;
    for (; started < settings->study.threads && started < count && started < 256; started++)
        if (pthread_create(&threads[started], NULL, work, &crew) != 0)
            break;
    if (started == 0)
        (void)work(&crew);
    struct progress progress;
    const double total = (double)count * (double)settings->study.images.train.count;
    progress_start(&progress, total);
    while (started > 0 && progress.stream != NULL && atomic_load(&crew.next) < count + started) {
        const struct timespec pause = { 0, 100000000 };
        progress_update(&progress, (double)atomic_load(&crew.images), "images");
        (void)nanosleep(&pause, NULL);
        if (atomic_load(&crew.failed) || interrupted() || (double)atomic_load(&crew.images) >= total)
            break;
    }
    for (size_t i = 0; i < started; i++)
        (void)pthread_join(threads[i], NULL);
    progress_clear(&progress);
    (void)pthread_mutex_destroy(&crew.lock);
    *message = crew.status != ACTIV_OK ? crew.message : *message;
    return crew.status;
}

/* ---- results ----------------------------------------------------------------------------------------------------- */

static void print_subject(const struct subject *subject)
{
    printf("%-24s seed %-4" PRIu64, subject->label, subject->seed);
    for (size_t i = 0; i < subject->layers; i++)
        printf("  %4zu of %4zu (%4.1f %%)", subject->dead[i], subject->width[i],
               100.0 * (double)subject->dead[i] / (double)subject->width[i]);
    printf("\n");
}

static void print_others(const char *label)
{
    for (size_t i = 0; i < OTHERS; i++) {
        if (strcmp(others[i].label, label) != 0)
            continue;
        printf("  %s:", others[i].who);
        for (size_t j = 0; others[i].counts[j] >= 0; j++)
            printf(" %d", others[i].counts[j]);
        printf("\n");
    }
}

static activ_status write_csv(const struct settings *settings, const struct subject *subjects, size_t count,
                              activ_message *message)
{
    static const char *const titles[] = {
        "network", "who", "seed", "layer", "neurons", "dead", "percent", "nearly_dead"
    };
    struct table table;
    table_init(&table);
    for (size_t i = 0; i < sizeof titles / sizeof titles[0]; i++)
        table_column(&table, false, "%s", titles[i]);
    for (size_t i = 0; i < count; i++) {
        const struct subject *subject = &subjects[i];
        for (size_t j = 0; subject->done && j < subject->layers; j++) {
            table_cell(&table, "%s", subject->label);
            table_cell(&table, "libactiv");
            table_cell(&table, "%" PRIu64, subject->seed);
            table_cell(&table, "%zu", j + 1);
            table_cell(&table, "%zu", subject->width[j]);
            table_cell(&table, "%zu", subject->dead[j]);
            table_cell(&table, "%.2f", 100.0 * (double)subject->dead[j] / (double)subject->width[j]);
            table_cell(&table, "%zu", subject->rare[j]);
        }
    }
    for (size_t i = 0; i < OTHERS; i++)
        for (size_t j = 0; others[i].counts[j] >= 0; j++) {
            table_cell(&table, "%s", others[i].label);
            table_cell(&table, "%s", others[i].who);
            table_cell(&table, "%s", "");
            table_cell(&table, "%zu", j + 1);
            table_cell(&table, "%s", "");
            table_cell(&table, "%d", others[i].counts[j]);
            table_cell(&table, "%s", "");
            table_cell(&table, "%s", "");
        }
    return study_write_csv(&settings->study, "dead_neurons.csv", &table, message);
}

/* Bars: the share of each layer that is dead or nearly dead, of the first seed of each network. */
static activ_status draw(const struct settings *settings, const struct subject *subjects, size_t count,
                         activ_message *message)
{
    const struct study *study = &settings->study;
    struct figure figure;
    if (!study->draws)
        return ACTIV_OK;
    activ_status status = figure_begin(&figure, study->out, message);
    if (status != ACTIV_OK)
        return status;
    FILE *script = figure.script;
    size_t shown = 0, lines = 0;
    (void)fprintf(script, "$bars << EOD\n");
    for (size_t i = 0; i < count; i++) {
        const struct subject *subject = &subjects[i];
        if (!subject->done || (i > 0 && strcmp(subjects[i - 1].label, subject->label) == 0))
            continue;
        for (size_t j = 0; j < subject->layers; j++, lines++)
            (void)fprintf(script, "%zu %.3f %.3f\n", lines,
                          100.0 * (double)subject->dead[j] / (double)subject->width[j],
                          100.0 * (double)subject->rare[j] / (double)subject->width[j]);
        lines++;
        shown++;
    }
    (void)fprintf(script, "EOD\n");
    figure_target(&figure, study->out, "dead_neurons.svg", FIGURE_SVG, 1000, 340);
    (void)fprintf(script, "set xtics nomirror scale 0 rotate by -30 (");
    size_t at = 0, first = 0;
    for (size_t i = 0; i < count; i++) {
        const struct subject *subject = &subjects[i];
        if (!subject->done || (i > 0 && strcmp(subjects[i - 1].label, subject->label) == 0))
            continue;
        (void)fprintf(script, "%s", first++ > 0 ? ", " : "");
        figure_text(&figure, subject->label);
        (void)fprintf(script, " %.1f", (double)at + ((double)subject->layers - 1) / 2);
        at += subject->layers + 1;
    }
    (void)fprintf(script,
                  ")\nset ylabel 'neurons, %%'\nset yrange [0:*]\nset xrange [-1:%zu]\nset grid ytics\n"
                  "set style fill solid 0.9 noborder\nset boxwidth 0.8\nset border 3\nset ytics nomirror\n"
                  "set key top left\n%s"
                  "plot $bars using 1:3 with boxes lc rgb '%s' title 'active on less than %g %% of the images', "
                  "$bars using 1:2 with boxes lc rgb '%s' title 'dead'\n",
                  lines, shown == 0 ? "set yrange [0:1]\n" : "", figure_color(4), (double)settings->share * 100,
                  figure_color(6));
    status = figure_end(&figure, message);
    if (status == ACTIV_OK)
        printf("Wrote %s/dead_neurons.svg\n", study->out);
    return status;
}

static activ_status run(const struct settings *settings, struct trained *trained, const struct seeds *seeds,
                        activ_message *message)
{
    activ_status status = study_make_out(&settings->study, message);
    if (status == ACTIV_OK)
        status = trained_find(trained, &settings->study, &settings->trained, message);
    if (status != ACTIV_OK || interrupted())
        return status;
    const size_t untrained = settings->skip_big ? 0 : seeds->count;
    const size_t count = untrained + trained->count;
    struct subject *subjects = calloc(count > 0 ? count : 1, sizeof *subjects);
    if (subjects == NULL)
        return ACTIV_ERROR_OUT_OF_MEMORY;
    for (size_t i = 0; i < untrained; i++)
        subjects[i] = (struct subject){ .label = "untrained", .seed = seeds->values[i] };
    for (size_t i = 0; i < trained->count; i++)
        subjects[untrained + i] = (struct subject){ .label = trained->networks[i].label,
                                                    .seed = trained->networks[i].seed,
                                                    .network = &trained->networks[i] };
    status = look_into_all(settings, subjects, count, message);
    for (size_t i = 0; status == ACTIV_OK && i < count; i++) {
        if (!subjects[i].done)
            continue;
        print_subject(&subjects[i]);
        if (i + 1 == count || strcmp(subjects[i].label, subjects[i + 1].label) != 0)
            print_others(subjects[i].label);
    }
    if (status == ACTIV_OK)
        printf("Dead neurons of each layer: 0 for each of %zu images.\n\n", settings->study.images.train.count);
    if (status == ACTIV_OK && !interrupted())
        status = write_csv(settings, subjects, count, message);
    if (status == ACTIV_OK && !interrupted())
        status = draw(settings, subjects, count, message);
    free(subjects);
    return status;
}

int main(int argc, char **argv)
{
    struct settings settings = {
        .study = STUDY_DEFAULTS(PROGRAM),
        .trained = TRAINED_SETTINGS,
        .big = { "relu", { 7, { 2048, 1024, 1024, 512, 512, 256, 128 } }, false },
        .share = 0.01f,
    };
    settings.trained.seeds_text = "3";
    switch (parse(&settings, argc, argv)) {
    case PARSE_RUN:
        break;
    case PARSE_HELP:
        return EXIT_SUCCESS;
    case PARSE_FAILED:
        return EXIT_FAILED;
    }
    activ_message message = { "" };
    struct trained trained;
    struct seeds seeds;
    activ_status status = trained_settle(&trained, &settings.study, &settings.trained, &message);
    if (status == ACTIV_OK)
        status = seeds_parse(settings.trained.seeds_text, settings.study.seed, &seeds, &message);
    if (status == ACTIV_OK)
        status = study_begin(&settings.study, 1, &message);
    if (status == ACTIV_OK)
        status = run(&settings, &trained, &seeds, &message);
    int code = study_finish(&settings.study, status, &message);
    trained_free(&trained);
    study_end(&settings.study);
    return code;
}
