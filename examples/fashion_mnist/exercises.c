/* fashion_mnist_exercises: the chapter's exercises, and what cures a network that does not learn. */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <activ/activ.h>

#include "common/arguments.h"
#include "common/data.h"
#include "common/dead.h"
#include "common/figure.h"
#include "common/interrupt.h"
#include "common/learned.h"
#include "common/list.h"
#include "common/message.h"
#include "common/network.h"
#include "common/panels.h"
#include "common/runs.h"
#include "common/study.h"
#include "common/table.h"

#define PROGRAM "fashion_mnist_exercises"
#define MAX_CASES 48
#define SHARE 0.01f /* nearly dead: active on less than this share of the images */

/* One line of an exercise: a network, trained once for each of its seeds. */
struct exercise_case {
    const char *section;
    const char *label;
    const char *spec;
    const char *optimizer;
    float lr, momentum;
    const char *init; /* NULL: PyTorch's */
    bool batch_norm;
    size_t epochs;
    size_t seeds;
    bool watched; /* the gradients after each epoch are looked at */
};

/* The settings of the chapter's comparison, and rates at which neurons die. */
#define CHAPTER "sgd", 0.001f, 0.8f
#define STEEP "sgd", 0.1f, 0.9f

/* A function of one's own, in the canonical form, as activ_fn_spec has it: telu with a scale and a steepness that are
 * trained. */
#define OWN "x*tanh(a*exp(b*x)); a=1, b=1"

static const struct exercise_case chapter_cases[] = {
    { "non-linearity", "none", "none", CHAPTER, NULL, false, 15, 3, false },
    { "non-linearity", "relu", "relu", CHAPTER, NULL, false, 15, 3, false },

    { "trained", "relu", "relu", CHAPTER, NULL, false, 15, 3, true },
    { "trained", "prelu", "prelu", CHAPTER, NULL, false, 15, 3, true },
    { "trained", "trainable_elu", "trainable_elu", CHAPTER, NULL, false, 15, 3, true },
    { "trained", "staf", "staf", CHAPTER, NULL, false, 15, 3, true },

    { "remedies", "relu", "relu", STEEP, NULL, false, 5, 1, false },
    { "remedies", "leaky_relu", "leaky_relu", STEEP, NULL, false, 5, 1, false },
    { "remedies", "prelu", "prelu", STEEP, NULL, false, 5, 1, false },
    { "remedies", "elu", "elu", STEEP, NULL, false, 5, 1, false },
    { "remedies", "selu", "selu", STEEP, NULL, false, 5, 1, false },
    { "remedies", "relu, kaiming_normal", "relu", STEEP, "kaiming_normal", false, 5, 1, false },
    { "remedies", "relu, a tenth of the rate", "relu", "sgd", 0.01f, 0.9f, NULL, false, 5, 1, false },
    { "remedies", "relu, batch_norm", "relu", STEEP, NULL, true, 5, 1, false },

    { "approximators", "rational_a", "rational_a", CHAPTER, NULL, false, 15, 1, false },
    { "approximators", "bspline", "bspline", CHAPTER, NULL, false, 15, 1, false },
    { "approximators", "fourier", "fourier", CHAPTER, NULL, false, 15, 1, false },
    { "approximators", "swigelu", "swigelu", CHAPTER, NULL, false, 15, 1, false },

    { "own", "relu", "relu", CHAPTER, NULL, false, 15, 3, false },
    { "own", "gelu", "gelu", CHAPTER, NULL, false, 15, 3, false },
    { "own", "own formula", OWN, CHAPTER, NULL, false, 15, 3, false },

    { "sigmoid", "sigmoid", "sigmoid", CHAPTER, NULL, false, 15, 3, false },
    { "sigmoid", "sigmoid, lr 0.1, momentum 0.9", "sigmoid", STEEP, NULL, false, 15, 1, false },
    { "sigmoid", "sigmoid, xavier_uniform", "sigmoid", CHAPTER, "xavier_uniform", false, 15, 1, false },
    { "sigmoid", "sigmoid, batch_norm", "sigmoid", CHAPTER, NULL, true, 15, 1, false },
    { "sigmoid", "sigmoid, adamw", "sigmoid", "adamw", 0.001f, NAN, NULL, false, 15, 1, false },
};

#define CHAPTER_CASES (sizeof chapter_cases / sizeof chapter_cases[0])

struct settings {
    struct study study;
    const char *activations; /* one's own functions */
    const char *only;
    size_t epochs; /* 0: as above */
    bool quick;
};

/* A case with its networks, and what is found. */
struct result {
    const struct exercise_case *asked;
    struct run *runs;       /* asked->seeds of them */
    struct subject subject; /* the first seed's network at the end */
    double mean, low, high;
    double first_gradient, last_gradient; /* mean magnitude in the first and the last layer's weights, untrained */
    bool finished;
    bool diverged; /* a network's loss is not finite: its accuracy says nothing */
};

struct exercises {
    struct settings settings;
    struct specs specs;
    struct exercise_case cases[MAX_CASES];
    struct result results[MAX_CASES];
    size_t count;
    struct run *runs;
    size_t run_count;
    struct table gradients;  /* exercises-gradients.csv */
    struct learned *learned; /* of the exercise "own", one network after the other */
    size_t learned_count;
};

static enum parse_result parse(struct settings *settings, int argc, char **argv)
{
    const struct option options[] = {
        STUDY_OPTION_DATA(&settings->study),
        { "--activation", "LIST", OPTION_TEXT, &settings->activations, 0, 0,
          "functions or formulas of your own, beside the one in \"own\":\n"
          "\"x*tanh(exp(x)),a*sin(x) + b*x; a=1, b=1,@isru\"" },
        { "--only", "LIST", OPTION_TEXT, &settings->only, 0, 0,
          "some exercises: non-linearity, trained, remedies, approximators, own, sigmoid" },
        { "--epochs", "N", OPTION_COUNT, &settings->epochs, 1, 100000, "of all networks (default 15 or 5)" },
        { "--quick", NULL, OPTION_FLAG, &settings->quick, 0, 0, "a first look: one seed and two epochs of each" },
        STUDY_OPTION_SEED(&settings->study),
        STUDY_OPTION_THREADS(&settings->study),
        STUDY_OPTION_OUT(&settings->study),
    };
    const struct program program = {
        PROGRAM,
        "The chapter's exercises. non-linearity: no activation at all against relu. trained: prelu,\n"
        "trainable_elu and staf against relu, with their gradients epoch by epoch. remedies: what\n"
        "keeps the neurons of a network alive that is trained too fast. approximators: rational,\n"
        "B-spline and Fourier functions, and swigelu. own: a formula with parameters that are trained,\n"
        "against relu and gelu. sigmoid: why it stays at 10 %, and what cures it. Of each network:\n"
        "test accuracy, dead neurons, and the gradients it starts with.\n"
        "\n"
        "Writes exercises.csv (a line for each network), exercises-epochs.csv,\n"
        "exercises-gradients.csv and -.svg (gradients while training), exercises-learned.csv and -.svg\n"
        "(what training makes of one's own functions), exercises-NAME.svg of each exercise\n"
        "(accuracies) and exercises-dead.svg (dead neurons).",
        options,
        sizeof options / sizeof options[0],
    };
    return arguments_parse(&program, argc, argv);
}

static const char *const sections[] = { "non-linearity", "trained", "remedies", "approximators", "own", "sigmoid" };
#define SECTIONS (sizeof sections / sizeof sections[0])

/* Is this section among the names of --only? */
static bool is_chosen(const char *only, const char *section)
{
    const size_t length = strlen(section);
    for (const char *at = only; at != NULL; at = strchr(at, ',') != NULL ? strchr(at, ',') + 1 : NULL)
        if (strcspn(at, ",") == length && strncmp(at, section, length) == 0)
            return true;
    return only == NULL;
}

/* All of the names in --only are sections. */
static activ_status check_only(const char *only, activ_message *message)
{
    size_t names = only != NULL ? 1 : 0, known = 0;
    for (const char *at = only; at != NULL && *at != '\0'; at++)
        names += *at == ',' ? 1 : 0;
    for (size_t i = 0; i < SECTIONS; i++)
        known += only != NULL && is_chosen(only, sections[i]) ? 1 : 0;
    if (known == names)
        return ACTIV_OK;
    message_set(message,
                "--only: '%s' is not non-linearity, trained, remedies, approximators, own or sigmoid, nor a list of "
                "different ones",
                only);
    return ACTIV_ERROR_UNKNOWN_NAME;
}

static activ_status choose(struct exercises *all, activ_message *message)
{
    const struct settings *settings = &all->settings;
    activ_status status = check_only(settings->only, message);
    if (status != ACTIV_OK)
        return status;
    for (size_t i = 0; i < CHAPTER_CASES; i++)
        if (is_chosen(settings->only, chapter_cases[i].section))
            all->cases[all->count++] = chapter_cases[i];
    if (settings->activations != NULL) {
        status = specs_parse(settings->activations, &all->specs, message);
        if (status != ACTIV_OK)
            return status;
    }
    for (size_t i = 0; i < all->specs.count; i++) {
        if (all->count == MAX_CASES) {
            message_set(message, "--activation: more than %zu", MAX_CASES - CHAPTER_CASES);
            return ACTIV_ERROR_RANGE;
        }
        const char *spec = all->specs.values[i];
        all->cases[all->count++] = (struct exercise_case){ "own", spec, spec, CHAPTER, NULL, false, 15, 1, false };
    }
    for (size_t i = 0; i < all->count; i++) {
        struct exercise_case *one = &all->cases[i];
        one->epochs = settings->epochs > 0 ? settings->epochs : settings->quick ? 2 : one->epochs;
        one->seeds = settings->quick ? 1 : one->seeds;
        all->run_count += one->seeds;
    }
    return ACTIV_OK;
}

static activ_status make_runs(struct exercises *all)
{
    struct run *run = all->runs = calloc(all->run_count, sizeof *all->runs);
    if (all->runs == NULL)
        return ACTIV_ERROR_OUT_OF_MEMORY;
    for (size_t i = 0; i < all->count; i++) {
        const struct exercise_case *one = &all->cases[i];
        all->results[i].asked = one;
        all->results[i].runs = run;
        for (size_t j = 0; j < one->seeds; j++, run++) {
            const struct recipe recipe = {
                .architecture = { one->spec, SIMPLE_NETWORK_HIDDEN, one->batch_norm },
                .epochs = one->epochs,
                .batch = 128,
                .descent = { one->optimizer, one->lr, one->momentum, NAN, one->init },
                .seed = all->settings.study.seed + j,
            };
            run->recipe = recipe;
            run->every_epoch = one->watched && j == 0;
        }
    }
    return ACTIV_OK;
}

/* ---- gradients --------------------------------------------------------------------------------------------------- */

/* Of the weights of a linear layer: quantiles and mean of the gradient's magnitude, after a training call. */
static activ_status weight_gradient(const activ_graph *graph, size_t layer, float *quantiles, double *mean)
{
    activ_graph_tensor_info weight = ACTIV_GRAPH_TENSOR_INFO_INIT;
    activ_stats_info found = ACTIV_STATS_INFO_INIT;
    activ_stats *stats = NULL;
    const float *gradient = NULL;
    activ_status status = network_weight_gradient(graph, layer, &weight, &gradient);
    if (status == ACTIV_OK)
        status = magnitude_quantiles(weight.count, gradient, quantiles);
    if (status == ACTIV_OK)
        status = activ_stats_create(NULL, &stats);
    if (status == ACTIV_OK)
        status = activ_stats_add(stats, weight.count, gradient);
    if (status == ACTIV_OK)
        status = activ_stats_get(stats, &found);
    *mean = found.mean_magnitude;
    activ_stats_destroy(stats);
    return status;
}

/* The first batch of the first epoch, through the network after this epoch (0: a fresh one). */
static activ_status look_at_gradients(struct exercises *all, struct result *result, size_t epoch,
                                      activ_message *message)
{
    const struct study *study = &all->settings.study;
    const struct run *run = &result->runs[0];
    const size_t batch = run->recipe.batch < study->images.train.count ? run->recipe.batch : study->images.train.count;
    activ_graph *graph = NULL;
    float *x = malloc(batch * IMAGE_PIXELS * sizeof *x);
    int32_t *labels = malloc(batch * sizeof *labels);
    activ_status status = x != NULL && labels != NULL ? ACTIV_OK : ACTIV_ERROR_OUT_OF_MEMORY;
    if (status == ACTIV_OK)
        status = network_create(NULL, &run->recipe.architecture, batch, false, &graph, message);
    if (status == ACTIV_OK)
        status = descent_init(&run->recipe.descent, graph, run->recipe.seed, message);
    if (status == ACTIV_OK && epoch > 0) {
        char *path = run_path(study, run, epoch);
        status = path != NULL ? activ_checkpoint_load_params(graph, path, message) : ACTIV_ERROR_OUT_OF_MEMORY;
        free(path);
    }
    if (status == ACTIV_OK) {
        dataset_batch(&study->images.train, NULL, 0, batch, x, labels);
        status = activ_graph_train(graph, batch, x, labels, NULL);
    }
    for (size_t layer = 0; status == ACTIV_OK && network_node(graph, "linear", layer) >= 0; layer++) {
        float quantiles[QUANTILES];
        double mean = 0;
        status = weight_gradient(graph, layer, quantiles, &mean);
        result->first_gradient = epoch == 0 && layer == 0 ? mean : result->first_gradient;
        result->last_gradient = epoch == 0 ? mean : result->last_gradient;
        if (!result->asked->watched || status != ACTIV_OK)
            continue;
        table_cell(&all->gradients, "%s", result->asked->label);
        table_cell(&all->gradients, "%zu", epoch);
        table_cell(&all->gradients, "%zu", layer + 1);
        for (size_t i = 0; i < QUANTILES; i++)
            table_cell(&all->gradients, "%.6g", (double)quantiles[i]);
        table_cell(&all->gradients, "%.6g", mean);
    }
    activ_graph_destroy(graph);
    free(x);
    free(labels);
    return status;
}

static activ_status watch_gradients(struct exercises *all, activ_message *message)
{
    static const char *const titles[] = { "activation", "epoch", "layer", "p5", "p25", "median", "p75", "p95", "mean" };
    table_init(&all->gradients);
    for (size_t i = 0; i < sizeof titles / sizeof titles[0]; i++)
        table_column(&all->gradients, false, "%s", titles[i]);
    for (size_t i = 0; i < all->count; i++) {
        struct result *result = &all->results[i];
        const size_t last = result->asked->watched ? result->asked->epochs : 0;
        for (size_t epoch = 0; result->finished && epoch <= last; epoch++) {
            activ_status status = look_at_gradients(all, result, epoch, message);
            if (status != ACTIV_OK)
                return status;
        }
    }
    return ACTIV_OK;
}

/* ---- one's own functions ----------------------------------------------------------------------------------------- */

static bool is_own(const struct result *result)
{
    return result->finished && !result->diverged && strcmp(result->asked->section, "own") == 0;
}

static activ_status read_learned(struct exercises *all, activ_message *message)
{
    all->learned = calloc(all->run_count + 1, sizeof *all->learned);
    if (all->learned == NULL)
        return ACTIV_ERROR_OUT_OF_MEMORY;
    for (size_t i = 0; i < all->count; i++)
        for (size_t j = 0; is_own(&all->results[i]) && j < all->cases[i].seeds; j++) {
            struct learned *next = &all->learned[all->learned_count];
            activ_status status =
                learned_read(&all->settings.study, &all->results[i].runs[j], all->cases[i].label, next, message);
            if (status != ACTIV_OK) {
                learned_free(next);
                return status;
            }
            all->learned_count += next->fn != NULL ? 1 : 0;
        }
    return ACTIV_OK;
}

static activ_status draw_learned(const struct exercises *all, struct figure *figure, activ_message *message)
{
    static const char *const others[] = { "relu", "gelu" };
    figure_target(figure, all->settings.study.out, "exercises-learned.svg", FIGURE_SVG, 700, 380);
    return learned_draw(figure, all->learned, all->learned_count, others, sizeof others / sizeof others[0], message);
}

/* ---- results ----------------------------------------------------------------------------------------------------- */

static void summarize(struct result *result)
{
    const size_t seeds = result->asked->seeds;
    result->finished = true;
    result->low = INFINITY;
    result->high = -INFINITY;
    for (size_t i = 0; i < seeds; i++) {
        result->finished = result->finished && result->runs[i].finished;
        if (!result->finished)
            return;
        const double accuracy = run_end(&result->runs[i])->test_accuracy;
        result->diverged = result->diverged || !isfinite(run_end(&result->runs[i])->test_loss);
        result->mean += accuracy / (double)seeds;
        result->low = fmin(result->low, accuracy);
        result->high = fmax(result->high, accuracy);
    }
}

static activ_status count_dead(struct exercises *all, activ_message *message)
{
    struct subject subjects[MAX_CASES];
    size_t count = 0;
    activ_status status = ACTIV_OK;
    for (size_t i = 0; i < all->count; i++) {
        const struct result *result = &all->results[i];
        if (!result->finished)
            continue;
        subjects[count] = (struct subject){ .label = result->asked->label,
                                            .path = run_path(&all->settings.study, &result->runs[0], 0) };
        if (subjects[count++].path == NULL)
            status = ACTIV_ERROR_OUT_OF_MEMORY;
    }
    if (status == ACTIV_OK)
        status = dead_count(&all->settings.study, SHARE, subjects, count, message);
    for (size_t i = 0, j = 0; i < all->count; i++)
        if (all->results[i].finished)
            all->results[i].subject = subjects[j++];
    for (size_t i = 0; i < count; i++)
        free((char *)subjects[i].path);
    return status;
}

static size_t total(const size_t *counts, size_t layers)
{
    size_t sum = 0;
    for (size_t i = 0; i < layers; i++)
        sum += counts[i];
    return sum;
}

static void print_results(const struct exercises *all)
{
    const char *section = "";
    for (size_t i = 0; i < all->count; i++) {
        const struct result *result = &all->results[i];
        const struct subject *subject = &result->subject;
        if (!result->finished)
            continue;
        if (strcmp(section, result->asked->section) != 0) {
            section = result->asked->section;
            printf("\n%s\n", section);
        }
        if (result->diverged) {
            printf("  %-30s diverged\n", result->asked->label);
            continue;
        }
        printf("  %-30s %6.2f %%", result->asked->label, result->mean);
        if (result->asked->seeds > 1)
            printf(" (%.2f to %.2f)", result->low, result->high);
        printf(", dead %zu of %zu", total(subject->dead, subject->layers), total(subject->width, subject->layers));
        printf(", gradients at the start %.1e first layer, %.1e last\n", result->first_gradient, result->last_gradient);
    }
    putchar('\n');
}

static activ_status write_csv(const struct exercises *all, activ_message *message)
{
    static const char *const titles[] = { "exercise",    "network",       "activation",     "optimizer",     "lr",
                                          "momentum",    "init",          "batch_norm",     "epochs",        "seeds",
                                          "mean",        "low",           "high",           "neurons",       "dead",
                                          "nearly_dead", "dead_by_layer", "first_gradient", "last_gradient", "digest",
                                          "diverged" };
    struct table table;
    table_init(&table);
    table_columns(&table, sizeof titles / sizeof titles[0], titles);
    for (size_t i = 0; i < all->count; i++) {
        const struct result *result = &all->results[i];
        const struct exercise_case *one = result->asked;
        const struct subject *subject = &result->subject;
        char layers[256] = "";
        if (!result->finished)
            continue;
        for (size_t j = 0, used = 0; j < subject->layers && used < 200; j++)
            used += (size_t)snprintf(layers + used, sizeof layers - used, "%s%zu", j > 0 ? " " : "", subject->dead[j]);
        table_cell(&table, "%s", one->section);
        table_cell(&table, "%s", one->label);
        table_cell(&table, "%s", one->spec);
        table_cell(&table, "%s", one->optimizer);
        table_cell(&table, "%.7g", (double)one->lr);
        if (isnan(one->momentum))
            table_cell(&table, "%s", "");
        else
            table_cell(&table, "%.7g", (double)one->momentum);
        table_cell(&table, "%s", one->init != NULL ? one->init : "default");
        table_cell(&table, "%d", one->batch_norm ? 1 : 0);
        table_cell(&table, "%zu", one->epochs);
        table_cell(&table, "%zu", one->seeds);
        table_cell(&table, "%.4f", result->mean);
        table_cell(&table, "%.4f", result->low);
        table_cell(&table, "%.4f", result->high);
        table_cell(&table, "%zu", total(subject->width, subject->layers));
        table_cell(&table, "%zu", total(subject->dead, subject->layers));
        table_cell(&table, "%zu", total(subject->rare, subject->layers));
        table_cell(&table, "%s", layers);
        table_cell(&table, "%.4g", result->first_gradient);
        table_cell(&table, "%.4g", result->last_gradient);
        table_cell(&table, "%016" PRIx64, result->runs[0].digest);
        table_cell(&table, "%d", result->diverged ? 1 : 0);
    }
    return study_write_csv(&all->settings.study, "exercises.csv", &table, message);
}

/* ---- figures ----------------------------------------------------------------------------------------------------- */

static bool is_watched(const struct result *result)
{
    return result->finished && result->asked->watched;
}

/* Two figures of one kind, a bar for each network: accuracies, dead neurons. */
static void draw_bars(const struct exercises *all, struct figure *figure, const char *section, bool dead)
{
    FILE *script = figure->script;
    size_t count = 0;
    double least = 100, most = 0;
    (void)fprintf(script, "reset\n$bars << EOD\n");
    for (size_t i = 0; i < all->count; i++) {
        const struct result *result = &all->results[i];
        const struct subject *subject = &result->subject;
        if (!result->finished || strcmp(result->asked->section, section) != 0)
            continue;
        const double neurons = (double)total(subject->width, subject->layers);
        if (dead)
            (void)fprintf(script, "%zu %.4f\n", count,
                          neurons > 0 ? 100 * (double)total(subject->dead, subject->layers) / neurons : 0);
        else
            (void)fprintf(script, result->diverged ? "%zu nan nan nan\n" : "%zu %.4f %.4f %.4f\n", count, result->mean,
                          result->low, result->high);
        least = result->diverged ? least : fmin(least, result->low);
        most = result->diverged ? most : fmax(most, result->high);
        count++;
    }
    (void)fprintf(script, "EOD\nset ytics scale 0 (");
    count = 0;
    for (size_t i = 0; i < all->count; i++) {
        const struct result *result = &all->results[i];
        if (!result->finished || strcmp(result->asked->section, section) != 0)
            continue;
        (void)fprintf(script, "%s", count > 0 ? ", " : "");
        figure_text(figure, result->asked->label);
        (void)fprintf(script, " %zu", count++);
    }
    (void)fprintf(script,
                  ")\nset yrange [%zu.5:-0.5]\nset lmargin 27\nset rmargin 3\nset border 3\nset xtics nomirror\n"
                  "set grid xtics\nset style fill solid 0.9 noborder\nunset key\nset xlabel '%s'\n",
                  count - 1, dead ? "dead neurons, %" : "test accuracy, %");
    if (dead)
        (void)fprintf(script, "set xrange [0:*]\n");
    else
        (void)fprintf(script, "set xrange [%.0f:%.0f]\n", floor(fmax(0, least - 2)), ceil(fmin(100, most + 2)));
    /* Accuracies have no natural zero on this axis: points, no bars. */
    if (dead)
        (void)fprintf(script, "plot $bars using ($2/2.):1:($2/2.):(0.33) with boxxyerror lc rgb '%s'\n",
                      figure_color(6));
    else
        (void)fprintf(script, "plot $bars using 2:1:3:4 with xerrorbars pt 7 ps 0.9 lw 2 lc rgb '%s'\n",
                      figure_color(0));
}

/* The quantiles of the first and last layers' gradients after each epoch. */
static void draw_gradients(const struct exercises *all, struct figure *figure)
{
    const struct table *table = &all->gradients;
    FILE *script = figure->script;
    size_t watched = 0;
    (void)fprintf(script, "reset\n");
    for (size_t i = 0; i < all->count; i++) {
        if (!is_watched(&all->results[i]))
            continue;
        (void)fprintf(script, "$watched%zu << EOD\n", watched++);
        for (size_t at = 0; at < table->count; at += table->columns)
            if (strcmp(table->cells[at], all->results[i].asked->label) == 0 && strcmp(table->cells[at + 2], "1") == 0)
                (void)fprintf(script, "%s %s %s %s %s %s\n", table->cells[at + 1], table->cells[at + 3],
                              table->cells[at + 4], table->cells[at + 5], table->cells[at + 6], table->cells[at + 7]);
        (void)fprintf(script, "EOD\n");
    }
    (void)fprintf(script,
                  "set multiplot layout 1,%zu\nset logscale y\nset format y '10^{%%T}'\nset grid ytics\nset border 3\n"
                  "set tics nomirror\nset xlabel 'epoch'\nset yrange [1e-8:1]\nunset key\nset lmargin 6\n",
                  watched);
    size_t number = 0;
    for (size_t i = 0; i < all->count; i++) {
        if (!is_watched(&all->results[i]))
            continue;
        (void)fprintf(script, "set title ");
        figure_text(figure, all->results[i].asked->label);
        (void)fprintf(script,
                      "\nplot $watched%zu using 1:2:6 with filledcurves fs transparent solid 0.2 lc rgb '%s', "
                      "$watched%zu using 1:3:5 with filledcurves fs transparent solid 0.35 lc rgb '%s', "
                      "$watched%zu using 1:4 with lines lw 2 lc rgb '%s'\n",
                      number, figure_color(number), number, figure_color(number), number, figure_color(number));
        number++;
    }
    (void)fprintf(script, "unset multiplot\n");
}

static size_t in_section(const struct exercises *all, const char *section)
{
    size_t count = 0;
    for (size_t i = 0; i < all->count; i++)
        count += all->results[i].finished && strcmp(all->results[i].asked->section, section) == 0 ? 1 : 0;
    return count;
}

static activ_status draw(const struct exercises *all, activ_message *message)
{
    const struct study *study = &all->settings.study;
    struct figure figure;
    if (!study->draws)
        return ACTIV_OK;
    activ_status status = figure_begin(&figure, study->out, message);
    if (status != ACTIV_OK)
        return status;
    for (size_t i = 0; i < SECTIONS; i++) {
        const size_t count = in_section(all, sections[i]);
        char name[60];
        if (count == 0)
            continue;
        (void)snprintf(name, sizeof name, "exercises-%s.svg", sections[i]);
        figure_target(&figure, study->out, name, FIGURE_SVG, 700, 80 + 28 * (unsigned)count);
        draw_bars(all, &figure, sections[i], false);
        if (strcmp(sections[i], "remedies") != 0)
            continue;
        figure_target(&figure, study->out, "exercises-dead.svg", FIGURE_SVG, 700, 80 + 28 * (unsigned)count);
        draw_bars(all, &figure, sections[i], true);
    }
    if (in_section(all, "trained") > 0) {
        figure_target(&figure, study->out, "exercises-gradients.svg", FIGURE_SVG, 1000, 300);
        draw_gradients(all, &figure);
    }
    if (all->learned_count > 0)
        status = draw_learned(all, &figure, message);
    if (status != ACTIV_OK) {
        figure_cancel(&figure);
        return status;
    }
    status = figure_end(&figure, message);
    if (status == ACTIV_OK)
        printf("Wrote %s/exercises-NAME.svg\n", study->out);
    return status;
}

/* ---- main -------------------------------------------------------------------------------------------------------- */

static activ_status run(struct exercises *all, activ_message *message)
{
    const struct study *study = &all->settings.study;
    activ_status status = study_make_out(study, message);
    if (status == ACTIV_OK)
        status = make_runs(all);
    if (status == ACTIV_OK)
        status = runs_train(study, all->runs, all->run_count, message);
    if (status != ACTIV_OK)
        return status;
    size_t finished = 0;
    for (size_t i = 0; i < all->count; i++) {
        summarize(&all->results[i]);
        finished += all->results[i].finished ? 1 : 0;
    }
    if (interrupted() || finished == 0)
        return ACTIV_OK;
    status = count_dead(all, message);
    if (status == ACTIV_OK && !interrupted())
        status = watch_gradients(all, message);
    if (status == ACTIV_OK && !interrupted())
        status = read_learned(all, message);
    if (status != ACTIV_OK || interrupted())
        return status;
    print_results(all);
    status = write_csv(all, message);
    if (status == ACTIV_OK)
        status = runs_write_csv(study, "exercises-epochs.csv", all->runs, all->run_count, message);
    if (status == ACTIV_OK)
        status = draw(all, message);
    if (status == ACTIV_OK)
        status = study_write_csv(study, "exercises-gradients.csv", &all->gradients, message);
    if (status == ACTIV_OK && all->learned_count > 0)
        status = learned_write(study, "exercises-learned.csv", all->learned, all->learned_count, message);
    return status;
}

int main(int argc, char **argv)
{
    static struct exercises all; /* too large for the stack */
    all.settings = (struct settings){ .study = STUDY_DEFAULTS(PROGRAM) };
    const enum parse_result parsed = parse(&all.settings, argc, argv);
    if (parsed != PARSE_RUN)
        return parse_exit_code(parsed);
    activ_message message = { "" };
    activ_status status = choose(&all, &message);
    if (status == ACTIV_OK)
        status = study_begin(&all.settings.study, 128, &message);
    if (status == ACTIV_OK)
        status = run(&all, &message);
    int code = study_finish(&all.settings.study, status, &message);
    table_free(&all.gradients);
    for (size_t i = 0; i < all.learned_count; i++)
        learned_free(&all.learned[i]);
    free(all.learned);
    runs_free(all.runs, all.run_count);
    free(all.runs);
    specs_free(&all.specs);
    study_end(&all.settings.study);
    return code;
}
