/* fashion_mnist_dead_neurons: neurons whose output is 0 for every training image. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <activ/activ.h>

#include "common/arguments.h"
#include "common/data.h"
#include "common/dead.h"
#include "common/figure.h"
#include "common/interrupt.h"
#include "common/message.h"
#include "common/network.h"
#include "common/references.h"
#include "common/study.h"
#include "common/table.h"
#include "common/trained.h"

#define PROGRAM "fashion_mnist_dead_neurons"

/* The chapter's untrained network. */
#define BIG_NETWORK_HIDDEN                       \
    {                                            \
        7,                                       \
        {                                        \
            2048, 1024, 1024, 512, 512, 256, 128 \
        }                                        \
    }

struct settings {
    struct study study;
    struct trained_settings trained;
    struct architecture big; /* untrained */
    float share;
    bool skip_big;
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

/* ---- results ----------------------------------------------------------------------------------------------------- */

static void print_subject(const struct subject *subject)
{
    printf("%-24s seed %-4" PRIu64, subject->label, subject->seed);
    for (size_t i = 0; i < subject->layers; i++)
        printf("  %4zu of %4zu (%4.1f %%)", subject->dead[i], subject->width[i],
               100.0 * (double)subject->dead[i] / (double)subject->width[i]);
    printf("\n");
}

/* Were those figures made with our settings? */
static bool is_comparable(const struct settings *settings, const char *label)
{
    static const struct counts big = BIG_NETWORK_HIDDEN;
    if (strcmp(label, "untrained") == 0)
        return memcmp(&settings->big.hidden, &big, sizeof big) == 0;
    return settings->trained.networks == NULL &&
           reference_pytorch(&references[0], &settings->trained.recipe) == &references[0].momentum_08;
}

static void print_others(const struct settings *settings, const char *label)
{
    for (size_t i = 0; i < OTHERS; i++) {
        if (strcmp(others[i].label, label) != 0 || !is_comparable(settings, label))
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
    table_columns(&table, sizeof titles / sizeof titles[0], titles);
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
        for (size_t j = 0; is_comparable(settings, others[i].label) && others[i].counts[j] >= 0; j++) {
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
        if (!subject->done || subject->layers == 0 || (i > 0 && strcmp(subjects[i - 1].label, subject->label) == 0))
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
        if (!subject->done || subject->layers == 0 || (i > 0 && strcmp(subjects[i - 1].label, subject->label) == 0))
            continue;
        (void)fprintf(script, "%s", first++ > 0 ? ", " : "");
        figure_text(&figure, subject->label);
        (void)fprintf(script, " %.1f", (double)at + ((double)subject->layers - 1) / 2);
        at += subject->layers + 1;
    }
    (void)fprintf(script,
                  ")\nset ylabel 'neurons, %%'\nset yrange [0:*]\nset xrange [-1:%zu]\nset grid ytics\n"
                  "set style fill solid 0.9 noborder\nset boxwidth 0.8\nset border 3\nset ytics nomirror\n"
                  "set key outside top center horizontal\n%s"
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
        subjects[i] = (struct subject){ .label = "untrained", .seed = seeds->values[i], .fresh = &settings->big };
    for (size_t i = 0; i < trained->count; i++)
        subjects[untrained + i] = (struct subject){ .label = trained->networks[i].label,
                                                    .seed = trained->networks[i].seed,
                                                    .path = trained->networks[i].path };
    status = dead_count(&settings->study, settings->share, subjects, count, message);
    for (size_t i = 0; status == ACTIV_OK && i < count; i++) {
        if (!subjects[i].done || subjects[i].layers == 0)
            continue;
        print_subject(&subjects[i]);
        if (i + 1 == count || strcmp(subjects[i].label, subjects[i + 1].label) != 0)
            print_others(settings, subjects[i].label);
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
        .big = { "relu", BIG_NETWORK_HIDDEN, false },
        .share = 0.01f,
    };
    settings.trained.seeds_text = "3";
    const enum parse_result parsed = parse(&settings, argc, argv);
    if (parsed != PARSE_RUN)
        return parse_exit_code(parsed);
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
