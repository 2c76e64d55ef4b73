/* fashion_mnist_compare: trains SimpleNetwork with each activation function, several times, and compares the test
 * accuracies to those of PyTorch with the same settings. */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <activ/activ.h>

#include "common/arguments.h"
#include "common/figure.h"
#include "common/files.h"
#include "common/interrupt.h"
#include "common/list.h"
#include "common/message.h"
#include "common/references.h"
#include "common/runs.h"
#include "common/study.h"
#include "common/table.h"
#include "common/timing.h"

#define PROGRAM "fashion_mnist_compare"

/* A quick selection. */
static const char quick_rows[] = "sigmoid,tanh,relu,gelu,prelu,none";

struct settings {
    struct study study;
    struct recipe recipe;    /* of all networks, but for function and seed; epochs 0: a default */
    const char *activations; /* NULL: the chapter's rows */
    const char *seeds_text;  /* NULL: a default */
    bool quick;
    struct seeds seeds;
};

/* One line of the table; its function is trained once for each seed. */
struct row {
    const char *spec;                  /* canonical; "none": no activation */
    const struct reference *reference; /* NULL: not in the chapter */
    const struct run *runs;            /* one for each seed */
    bool finished;                     /* all of them */
    struct measured accuracy;
    double loss;                        /* mean over the seeds */
    double seconds;                     /* mean of one epoch */
    double forward_time, backward_time; /* nanoseconds per element */
};

struct comparison {
    struct settings settings;
    struct specs specs;
    struct row rows[MAX_SPECS];
    size_t row_count;
    struct run *runs;
    size_t run_count;
};

static enum parse_result parse(struct settings *settings, int argc, char **argv)
{
    struct recipe *recipe = &settings->recipe;
    const struct option options[] = {
        STUDY_OPTION_DATA(&settings->study),
        { "--out", "DIR", OPTION_TEXT, &settings->study.out, 0, 0,
          "where comparison.md, .csv and .svg go, and the trained networks; made if it\nis not there (default "
          "results)" },
        { "--activations", "LIST", OPTION_TEXT, &settings->activations, 0, 0,
          "like relu,none,\"leaky_relu(negative_slope=0.2)\",\"x*tanh(exp(x))\",@isru\n(default: the chapter's rows)" },
        { "--seeds", "N|LIST", OPTION_TEXT, &settings->seeds_text, 0, 0,
          "a count N for that many seeds, or a list like 5,6,7 (default 3)" },
        { "--seed", "N", OPTION_SEED, &settings->study.seed, 0, 0, "the first seed of a count (default 1)" },
        { "--epochs", "N", OPTION_COUNT, &recipe->epochs, 1, 100000, "default 15" },
        { "--batch", "N", OPTION_COUNT, &recipe->batch, 1, 1000000, "images in a step (default 128)" },
        { "--optimizer", "NAME", OPTION_TEXT, &recipe->descent.optimizer, 0, 0,
          "sgd, adamw or rmsprop (default sgd; with --quick adamw)" },
        { "--lr", "X", OPTION_REAL, &recipe->descent.lr, 0, 1e6, "learning rate (default 0.001)" },
        { "--momentum", "X", OPTION_REAL, &recipe->descent.momentum, 0, 1,
          "default 0.8, with which the chapter's table was made;\nits text says 0.9" },
        STUDY_OPTION_THREADS(&settings->study),
        { "--quick", NULL, OPTION_FLAG, &settings->quick, 0, 0,
          "a first look in seconds: six rows, one seed, three epochs of adamw, which gets\n"
          "further in them; the other options still hold" },
    };
    const struct program program = {
        PROGRAM,
        "Trains SimpleNetwork (784 -> 256 -> 192 -> 128 -> 64 -> 10) on FashionMNIST with one\n"
        "activation function after the other, several times each, and prints the test accuracies\n"
        "beside those of PyTorch. Writes the same table as Markdown and CSV, all epochs as CSV,\n"
        "and two figures (SVG). Ctrl-C writes the rows that are finished; the same command goes on\n"
        "from there.",
        options,
        sizeof options / sizeof options[0],
    };
    return arguments_parse(&program, argc, argv);
}

/* What was not given on the command line. */
static activ_status settle(struct settings *settings, activ_message *message)
{
    struct recipe *recipe = &settings->recipe;
    struct descent *descent = &recipe->descent;
    if (recipe->epochs == 0)
        recipe->epochs = settings->quick ? 3 : 15;
    if (descent->optimizer == NULL)
        descent->optimizer = settings->quick ? "adamw" : "sgd";
    if (isnan(descent->lr))
        descent->lr = 0.001f;
    if (isnan(descent->momentum) && strcmp(descent->optimizer, "sgd") == 0)
        descent->momentum = 0.8f;
    activ_status status = descent_check(descent, message);
    if (status == ACTIV_OK)
        status = seeds_parse(settings->seeds_text != NULL ? settings->seeds_text
                             : settings->quick            ? "1"
                                                          : "3",
                             settings->study.seed, &settings->seeds, message);
    return status;
}

static activ_status make_rows(struct comparison *all, activ_message *message)
{
    const struct settings *settings = &all->settings;
    const char *list = settings->activations != NULL ? settings->activations : settings->quick ? quick_rows : NULL;
    if (list != NULL) {
        activ_status status = specs_parse(list, &all->specs, message);
        if (status != ACTIV_OK)
            return status;
        all->row_count = all->specs.count;
        for (size_t i = 0; i < all->row_count; i++)
            all->rows[i].reference = reference_find(all->specs.values[i]);
    } else {
        all->row_count = REFERENCES;
        for (size_t i = 0; i < REFERENCES; i++)
            all->rows[i].reference = &references[i];
    }
    const size_t seeds = settings->seeds.count;
    all->run_count = all->row_count * seeds;
    all->runs = calloc(all->run_count, sizeof *all->runs);
    if (all->runs == NULL)
        return ACTIV_ERROR_OUT_OF_MEMORY;
    for (size_t i = 0; i < all->row_count; i++) {
        struct row *row = &all->rows[i];
        row->spec = list != NULL ? all->specs.values[i] : references[i].spec;
        row->runs = &all->runs[i * seeds];
        for (size_t j = 0; j < seeds; j++) {
            struct run *run = &all->runs[i * seeds + j];
            run->recipe = settings->recipe;
            run->recipe.architecture.spec = row->spec;
            run->recipe.seed = settings->seeds.values[j];
        }
    }
    return ACTIV_OK;
}

/* ---- the table ---- */

static activ_status summarize(const struct comparison *all, struct row *row, activ_message *message)
{
    const size_t seeds = all->settings.seeds.count;
    row->accuracy = (struct measured){ 0, INFINITY, -INFINITY };
    row->finished = true;
    row->loss = row->seconds = 0;
    for (size_t i = 0; i < seeds; i++) {
        const struct run *run = &row->runs[i];
        row->finished = row->finished && run->finished;
        if (!row->finished)
            return ACTIV_OK;
        const struct epoch *end = run_end(run);
        row->accuracy.mean += end->test_accuracy / (double)seeds;
        row->accuracy.low = fmin(row->accuracy.low, end->test_accuracy);
        row->accuracy.high = fmax(row->accuracy.high, end->test_accuracy);
        row->loss += end->test_loss / (double)seeds;
        for (size_t j = 0; j < run->recipe.epochs; j++)
            row->seconds += run->epochs[j].seconds / (double)seeds / (double)run->recipe.epochs;
    }
    return time_function(row->spec, &row->forward_time, &row->backward_time, message);
}

static const struct measured *pytorch(const struct comparison *all, const struct row *row)
{
    return reference_pytorch(row->reference, &all->settings.recipe);
}

static bool is_comparable(const struct comparison *all)
{
    return reference_pytorch(&references[0], &all->settings.recipe) != NULL;
}

static void add_measured(struct table *table, const struct measured *measured)
{
    if (measured == NULL)
        table_cell(table, "-");
    else if (measured->high - measured->low <= 0)
        table_cell(table, "%.2f", measured->mean);
    else
        table_cell(table, "%.2f (%.2f to %.2f)", measured->mean, measured->low, measured->high);
}

/* The table for readers. *close and *compared: rows near PyTorch's range, rows that have one. */
static void fill_table(const struct comparison *all, struct table *table, size_t *close, size_t *compared)
{
    const bool comparable = is_comparable(all);
    table_init(table);
    table_column(table, false, "Activation");
    if (comparable) {
        table_column(table, true, "Chapter");
        table_column(table, true, "PyTorch (range)");
    }
    table_column(table, true, all->settings.seeds.count > 1 ? "libactiv (range)" : "libactiv");
    if (comparable) {
        table_column(table, true, "Beyond range");
        table_column(table, false, "Within %.1f", CLOSE_POINTS);
    }
    table_column(table, true, "s/epoch");
    table_column(table, true, "f ns");
    table_column(table, true, "f' ns");
    for (size_t i = 0; i < all->row_count; i++) {
        const struct row *row = &all->rows[i];
        const struct measured *theirs = pytorch(all, row);
        const bool renamed = row->reference != NULL && row->reference->shown != NULL;
        if (!row->finished)
            continue;
        table_cell(table, renamed ? "%s (\"%s\")" : "%s", row->spec, renamed ? row->reference->shown : "");
        if (comparable) {
            if (row->reference != NULL && !isnan(row->reference->chapter))
                table_cell(table, "%.1f", row->reference->chapter);
            else
                table_cell(table, "-");
            add_measured(table, theirs);
        }
        add_measured(table, &row->accuracy);
        if (theirs != NULL) {
            double difference = measured_distance(row->accuracy.mean, theirs);
            table_cell(table, fabs(difference) > 0 ? "%+.2f" : "0", difference);
            table_cell(table, is_close(difference) ? "yes" : "no");
            *compared += 1;
            *close += is_close(difference) ? 1 : 0;
        } else if (comparable) {
            table_cell(table, "-");
            table_cell(table, "-");
        }
        table_cell(table, "%.2f", row->seconds);
        table_cell(table, row->forward_time > 0 ? "%.2f" : "-", row->forward_time);
        table_cell(table, row->backward_time > 0 ? "%.2f" : "-", row->backward_time);
    }
}

static void add_number(struct table *table, bool known, const char *format, double number)
{
    if (known)
        table_cell(table, format, number);
    else
        table_cell(table, "%s", "");
}

/* The table for programs: one number per cell, always all columns. */
static void fill_csv(const struct comparison *all, struct table *table)
{
    static const char *const titles[] = {
        "activation",  "shown_as", "chapter",    "pytorch_mean",   "pytorch_low", "pytorch_high",      "mean",
        "low",         "high",     "difference", "within_1_point", "test_loss",   "seconds_per_epoch", "forward_ns",
        "backward_ns", "epochs",   "batch",      "optimizer",      "lr",          "momentum",
    };
    const struct settings *settings = &all->settings;
    const struct recipe *recipe = &settings->recipe;
    table_init(table);
    table_columns(table, sizeof titles / sizeof titles[0], titles);
    for (size_t i = 0; i < settings->seeds.count; i++)
        table_column(table, false, "seed_%" PRIu64, settings->seeds.values[i]);
    for (size_t i = 0; i < settings->seeds.count; i++)
        table_column(table, false, "digest_%" PRIu64, settings->seeds.values[i]);
    for (size_t i = 0; i < all->row_count; i++) {
        const struct row *row = &all->rows[i];
        const struct reference *reference = row->reference;
        const struct measured *theirs = pytorch(all, row);
        const double difference = theirs != NULL ? measured_distance(row->accuracy.mean, theirs) : 0;
        if (!row->finished)
            continue;
        table_cell(table, "%s", row->spec);
        table_cell(table, "%s", reference != NULL && reference->shown != NULL ? reference->shown : row->spec);
        add_number(table, theirs != NULL && !isnan(reference->chapter), "%.1f",
                   theirs != NULL ? reference->chapter : 0);
        add_number(table, theirs != NULL, "%.2f", theirs != NULL ? theirs->mean : 0);
        add_number(table, theirs != NULL, "%.2f", theirs != NULL ? theirs->low : 0);
        add_number(table, theirs != NULL, "%.2f", theirs != NULL ? theirs->high : 0);
        table_cell(table, "%.4f", row->accuracy.mean);
        table_cell(table, "%.4f", row->accuracy.low);
        table_cell(table, "%.4f", row->accuracy.high);
        add_number(table, theirs != NULL, "%.4f", difference);
        table_cell(table, "%s", theirs == NULL ? "" : is_close(difference) ? "yes" : "no");
        table_cell(table, "%.6f", row->loss);
        table_cell(table, "%.3f", row->seconds);
        add_number(table, row->forward_time > 0, "%.3f", row->forward_time);
        add_number(table, row->backward_time > 0, "%.3f", row->backward_time);
        table_cell(table, "%zu", recipe->epochs);
        table_cell(table, "%zu", recipe->batch);
        table_cell(table, "%s", recipe->descent.optimizer);
        table_cell(table, "%.7g", (double)recipe->descent.lr);
        add_number(table, !isnan(recipe->descent.momentum), "%.7g", (double)recipe->descent.momentum);
        for (size_t j = 0; j < settings->seeds.count; j++)
            table_cell(table, "%.4f", run_end(&row->runs[j])->test_accuracy);
        for (size_t j = 0; j < settings->seeds.count; j++)
            table_cell(table, "%016" PRIx64, row->runs[j].digest);
    }
}

static bool has_shared_runs(const struct comparison *all)
{
    for (size_t i = 0; i < all->row_count; i++)
        for (size_t j = 0; j < i; j++)
            if (strcmp(all->rows[i].spec, all->rows[j].spec) == 0)
                return true;
    return false;
}

static size_t finished_rows(const struct comparison *all)
{
    size_t count = 0;
    for (size_t i = 0; i < all->row_count; i++)
        count += all->rows[i].finished ? 1 : 0;
    return count;
}

/* Explains the table; each line begins with `mark`. */
static void write_notes(const struct comparison *all, size_t close, size_t compared, const char *mark, FILE *out)
{
    const size_t threads = all->settings.study.threads < all->run_count ? all->settings.study.threads : all->run_count;
    if (compared > 0) {
        (void)fprintf(out, "%s%zu of %zu rows lie within %.1f point of PyTorch's range.\n", mark, close, compared,
                      CLOSE_POINTS);
        (void)fprintf(out, "%sPyTorch: version 1.13, CPU, three seeds (staf: one).\n", mark);
        (void)fprintf(out, "%sBeyond range: points by which our mean lies above or below PyTorch's range.\n", mark);
    } else {
        (void)fprintf(out,
                      "%sThese figures are NOT comparable with PyTorch's, which have other settings:\n"
                      "  sgd, 15 epochs, batch 128, learning rate 0.001, momentum 0.8 or 0.9.\n",
                      mark);
    }
    if (finished_rows(all) < all->row_count)
        (void)fprintf(out, "%sINTERRUPTED: %zu of %zu rows are finished.\n", mark, finished_rows(all), all->row_count);
    (void)fprintf(out, "%sTest accuracy in percent%s.\n", mark,
                  all->settings.seeds.count > 1 ? ": mean and range over the seeds"
                                                : ", of one seed: near neighbours are in no order");
    if (has_shared_runs(all))
        (void)fprintf(out, "%sRows of the same function show the same networks, trained once.\n", mark);
    (void)fprintf(out, "%sSeconds per epoch: training alone, %zu network%s at the same time, tier %s.\n", mark, threads,
                  threads == 1 ? "" : "s", activ_tier());
    (void)fprintf(out, "%sf, f': nanoseconds per element on one thread, in cache; f' with parameters' gradients.\n",
                  mark);
}

static void write_settings(const struct comparison *all, FILE *out)
{
    const struct recipe *recipe = &all->settings.recipe;
    (void)fprintf(out, "SimpleNetwork 784-256-192-128-64-10, %zu epoch%s, batch %zu, %s, learning rate %.7g",
                  recipe->epochs, recipe->epochs == 1 ? "" : "s", recipe->batch, recipe->descent.optimizer,
                  (double)recipe->descent.lr);
    if (!isnan(recipe->descent.momentum))
        (void)fprintf(out, ", momentum %.7g", (double)recipe->descent.momentum);
    (void)fprintf(out, ", seed%s", all->settings.seeds.count == 1 ? "" : "s");
    for (size_t i = 0; i < all->settings.seeds.count; i++)
        (void)fprintf(out, "%s%" PRIu64, i == 0 ? " " : ", ", all->settings.seeds.values[i]);
    (void)fprintf(out, ".\n");
}

/* Both files are renamed only after both are written. */
static activ_status write_tables(const char *markdown_path, const char *csv_path, const struct comparison *all,
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

/* ---- figures ---- */

/* Each function's mean and range beside PyTorch's range and the chapter's figure. */
static void draw_accuracies(const struct comparison *all, struct figure *figure)
{
    FILE *script = figure->script;
    const bool comparable = is_comparable(all);
    size_t line = 0;
    (void)fprintf(script, "$ours << EOD\n");
    for (size_t i = 0; i < all->row_count; i++)
        if (all->rows[i].finished)
            (void)fprintf(script, "%zu %.4f %.4f %.4f\n", line++, all->rows[i].accuracy.mean, all->rows[i].accuracy.low,
                          all->rows[i].accuracy.high);
    (void)fprintf(script, "EOD\n$theirs << EOD\n");
    line = 0;
    for (size_t i = 0; i < all->row_count; i++) {
        const struct row *row = &all->rows[i];
        const struct measured *theirs = pytorch(all, row);
        if (row->finished && theirs != NULL)
            (void)fprintf(script, "%zu %.4f %.4f %.4f\n", line, theirs->mean, theirs->low, theirs->high);
        line += row->finished ? 1 : 0;
    }
    (void)fprintf(script, "EOD\n$chapter << EOD\n");
    line = 0;
    for (size_t i = 0; i < all->row_count; i++) {
        const struct row *row = &all->rows[i];
        if (row->finished && pytorch(all, row) != NULL && !isnan(row->reference->chapter))
            (void)fprintf(script, "%zu %.4f\n", line, row->reference->chapter);
        line += row->finished ? 1 : 0;
    }
    /* A network that did not learn would press all others together: it stands at the edge, with its figure. */
    double best = 0;
    double least = 100;
    for (size_t i = 0; i < all->row_count; i++)
        best = all->rows[i].finished ? fmax(best, all->rows[i].accuracy.mean) : best;
    const double edge = best - 16;
    line = 0;
    (void)fprintf(script, "EOD\n");
    for (size_t i = 0; i < all->row_count; i++) {
        const struct row *row = &all->rows[i];
        if (!row->finished)
            continue;
        if (row->accuracy.mean < edge)
            (void)fprintf(script, "set label '← %.2f' at graph 0.01, first %zu textcolor rgb '%s'\n",
                          row->accuracy.mean, line, figure_color(0));
        else
            least = fmin(least, row->accuracy.low);
        line++;
    }
    if (least > 2)
        (void)fprintf(script, "set xrange [%.1f:%.1f]\n", floor(least) - 1, ceil(best) + 1);
    (void)fprintf(script, "set ytics (");
    line = 0;
    for (size_t i = 0; i < all->row_count; i++) {
        const struct row *row = &all->rows[i];
        if (!row->finished)
            continue;
        (void)fprintf(script, "%s", line > 0 ? ", " : "");
        figure_text(figure,
                    row->reference != NULL && row->reference->shown != NULL ? row->reference->shown : row->spec);
        (void)fprintf(script, " %zu", line++);
    }
    (void)fprintf(script,
                  ")\nset yrange [%zu-0.5:-0.5]\nset xlabel 'test accuracy, %%'\nset grid xtics\n"
                  "set key outside top center horizontal\nset bars 0.6\nset lmargin 15\n"
                  "plot ",
                  line);
    if (comparable)
        (void)fprintf(script,
                      "$theirs using 2:($1+0.18):3:4 with xerrorbars lw 2 pt 7 ps 0.5 lc rgb '%s' title 'PyTorch', "
                      "$chapter using 2:($1+0.18) with points pt 2 ps 0.8 lw 1.5 lc rgb '%s' title 'chapter', ",
                      figure_color(1), figure_color(3));
    (void)fprintf(script, "$ours using 2:($1-0.12):3:4 with xerrorbars lw 2 pt 7 ps 0.6 lc rgb '%s' title 'libactiv'\n",
                  figure_color(0));
}

/* Test accuracy and loss after each epoch, means over the seeds. */
static void draw_epochs(const struct comparison *all, struct figure *figure)
{
    FILE *script = figure->script;
    const size_t seeds = all->settings.seeds.count;
    for (size_t i = 0; i < all->row_count; i++) {
        const struct row *row = &all->rows[i];
        (void)fprintf(script, "$row%zu << EOD\n", i);
        for (size_t j = 0; row->finished && j < all->settings.recipe.epochs; j++) {
            double accuracy = 0, loss = 0;
            for (size_t k = 0; k < seeds; k++) {
                accuracy += row->runs[k].epochs[j].test_accuracy / (double)seeds;
                loss += row->runs[k].epochs[j].test_loss / (double)seeds;
            }
            (void)fprintf(script, "%zu %.4f %.6f\n", j + 1, accuracy, loss);
        }
        (void)fprintf(script, "EOD\n");
    }
    (void)fprintf(
        script,
        "set multiplot layout 1,2\nset xlabel 'epoch'\nset xtics %zu\nset xrange [0:%zu]\nset grid\nset lmargin 7\n",
        (all->settings.recipe.epochs + 9) / 10, all->settings.recipe.epochs);
    for (int panel = 0; panel < 2; panel++) {
        const char *separator = "";
        bool any = false;
        for (size_t i = 0; i < all->row_count; i++)
            any = any || (all->rows[i].finished && (panel == 0 || isfinite(all->rows[i].loss)));
        if (!any)
            figure_expect_nothing(figure);
        (void)fprintf(script, "set title '%s'\nset key %s\nplot ", panel == 0 ? "test accuracy, %" : "test loss",
                      panel == 0 ? "right bottom samplen 1.5 maxrows 8 font ',10'" : "off");
        for (size_t i = 0; i < all->row_count; i++) {
            const struct row *row = &all->rows[i];
            bool again = false;
            for (size_t j = 0; j < i; j++)
                again = again || strcmp(all->rows[j].spec, row->spec) == 0;
            if (!row->finished || again)
                continue;
            (void)fprintf(script, "%s$row%zu using 1:%d with lines lw 2 dt %d lc rgb '%s' title ", separator, i,
                          panel + 2, i % 2 == 0 ? 1 : 2, figure_color(i));
            figure_text(figure, row->spec);
            separator = ", ";
        }
        (void)fprintf(script, "\n");
    }
    (void)fprintf(script, "unset multiplot\n");
}

static activ_status draw(const struct comparison *all, activ_message *message)
{
    const struct study *study = &all->settings.study;
    struct figure figure;
    if (!study->draws || finished_rows(all) == 0)
        return ACTIV_OK;
    activ_status status = figure_begin(&figure, study->out, message);
    if (status != ACTIV_OK)
        return status;
    figure_target(&figure, study->out, "comparison.svg", FIGURE_SVG, 800, 90 + 34 * (unsigned)finished_rows(all));
    draw_accuracies(all, &figure);
    (void)fprintf(figure.script, "reset\n");
    figure_target(&figure, study->out, "comparison-epochs.svg", FIGURE_SVG, 1000, 440);
    draw_epochs(all, &figure);
    return figure_end(&figure, message);
}

/* ---- main --------- */

static activ_status compare(struct comparison *all, const char *markdown, const char *csv, activ_message *message)
{
    const struct settings *settings = &all->settings;
    const struct study *study = &settings->study;
    write_settings(all, stdout);
    activ_status status = runs_train(study, all->runs, all->run_count, message);
    for (size_t i = 0; status == ACTIV_OK && i < all->row_count; i++)
        status = summarize(all, &all->rows[i], message);
    if (status != ACTIV_OK || finished_rows(all) == 0)
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
        status = write_tables(markdown, csv, all, &table, close, compared, message);
    }
    table_free(&table);
    if (status == ACTIV_OK)
        printf("\nWrote %s\nWrote %s\n", markdown, csv);
    if (status == ACTIV_OK)
        status = runs_write_csv(study, "comparison-epochs.csv", all->runs, all->run_count, message);
    if (status == ACTIV_OK)
        status = draw(all, message);
    if (status == ACTIV_OK && study->draws && finished_rows(all) > 0)
        printf("Wrote %s/comparison.svg\nWrote %s/comparison-epochs.svg\n", study->out, study->out);
    return status;
}

int main(int argc, char **argv)
{
    static struct comparison all; /* too large for the stack */
    all.settings = (struct settings){ .study = STUDY_DEFAULTS(PROGRAM), .recipe = RECIPE_CHAPTER };
    all.settings.recipe.epochs = 0;
    all.settings.recipe.descent = (struct descent){ NULL, NAN, NAN, NAN, NULL };
    struct study *study = &all.settings.study;
    const enum parse_result parsed = parse(&all.settings, argc, argv);
    if (parsed != PARSE_RUN)
        return parse_exit_code(parsed);

    activ_message message = { "" };
    char *markdown = study_path(study, "comparison.md");
    char *csv = study_path(study, "comparison.csv");
    activ_status status = markdown != NULL && csv != NULL ? ACTIV_OK : ACTIV_ERROR_OUT_OF_MEMORY;
    if (status == ACTIV_OK)
        status = settle(&all.settings, &message);
    if (status == ACTIV_OK)
        status = make_rows(&all, &message);
    if (status == ACTIV_OK)
        status = study_begin(study, all.settings.recipe.batch, &message);
    if (status == ACTIV_OK)
        status = study_make_out(study, &message);
    if (status == ACTIV_OK)
        status = file_check_writable(markdown, &message);
    if (status == ACTIV_OK)
        status = file_check_writable(csv, &message);
    if (status == ACTIV_OK)
        status = compare(&all, markdown, csv, &message);

    int code = study_finish(study, status, &message);
    runs_free(all.runs, all.run_count);
    free(all.runs);
    specs_free(&all.specs);
    free(markdown);
    free(csv);
    study_end(study);
    return code;
}
