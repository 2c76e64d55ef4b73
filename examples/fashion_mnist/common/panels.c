/* Histograms of a network's layers: see panels.h. */
#include "panels.h"

#include <inttypes.h>
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

#include "figure.h"
#include "files.h"
#include "message.h"

/* More would not be seen. */
#define MAX_BINS 120

static const double probabilities[QUANTILES] = { 0.05, 0.25, 0.5, 0.75, 0.95 };

activ_status magnitude_quantiles(size_t n, const float *x, float out[QUANTILES])
{
    activ_quantiles *quantiles = NULL;
    float magnitudes[512];
    activ_status status = activ_quantiles_create(NULL, ACTIV_QUANTILES_PRECISION, &quantiles);
    for (size_t at = 0, count; status == ACTIV_OK && at < n; at += count) {
        count = n - at < 512 ? n - at : 512;
        for (size_t i = 0; i < count; i++)
            magnitudes[i] = fabsf(x[at + i]);
        status = activ_quantiles_add(quantiles, count, magnitudes);
    }
    if (status == ACTIV_OK)
        status = activ_quantiles_get(quantiles, QUANTILES, probabilities, out);
    activ_quantiles_destroy(quantiles);
    return status;
}

activ_status panels_add(struct panels *panels, const char *title, size_t n, const float *values, activ_message *message)
{
    const size_t i = panels->count;
    if (i == MAX_PANELS) {
        message_set(message, "%s: more than %d layers", panels->label, MAX_PANELS);
        return ACTIV_ERROR_RANGE;
    }
    activ_stats *stats = NULL;
    (void)snprintf(panels->titles[i], sizeof panels->titles[i], "%s", title);
    activ_status status = activ_histogram_create_auto(NULL, n, values, MAX_BINS, &panels->histograms[i], message);
    if (status == ACTIV_OK) {
        panels->count++;
        status = activ_histogram_add(panels->histograms[i], n, values);
    }
    if (status == ACTIV_OK)
        status = activ_stats_create(NULL, &stats);
    if (status == ACTIV_OK)
        status = activ_stats_add(stats, n, values);
    panels->stats[i] = (activ_stats_info)ACTIV_STATS_INFO_INIT;
    if (status == ACTIV_OK)
        status = activ_stats_get(stats, &panels->stats[i]);
    if (status == ACTIV_OK)
        status = magnitude_quantiles(n, values, panels->quantiles[i]);
    activ_stats_destroy(stats);
    if (status != ACTIV_OK)
        message_set(message, "%s, %s: %s", panels->label, title, activ_status_string(status));
    return status;
}

void panels_free(struct panels *panels)
{
    for (size_t i = 0; i < panels->count; i++)
        activ_histogram_destroy(panels->histograms[i]);
    panels->count = 0;
}

static activ_histogram_info look(const activ_histogram *histogram)
{
    activ_histogram_info info = ACTIV_HISTOGRAM_INFO_INIT;
    (void)activ_histogram_get(histogram, &info);
    return info;
}

static activ_status write_bins(const struct study *study, const char *name, const struct panels *all, size_t count,
                               activ_message *message)
{
    struct table table;
    table_init(&table);
    table_column(&table, false, "activation");
    table_column(&table, false, "layer");
    table_column(&table, false, "from");
    table_column(&table, false, "to");
    table_column(&table, false, "count");
    for (size_t i = 0; i < count; i++)
        for (size_t j = 0; j < all[i].count; j++) {
            const activ_histogram_info info = look(all[i].histograms[j]);
            for (size_t k = 0; k < info.bins; k++) {
                table_cell(&table, "%s", all[i].label);
                table_cell(&table, "%s", all[i].titles[j]);
                table_cell(&table, "%.9g", info.edges[k]);
                table_cell(&table, "%.9g", info.edges[k + 1]);
                table_cell(&table, "%" PRIu64, info.counts[k]);
            }
        }
    char file[80];
    (void)snprintf(file, sizeof file, "%s.csv", name);
    return study_write_csv(study, file, &table, message);
}

activ_status panels_write_csv(const struct study *study, const char *name, const struct panels *all, size_t count,
                              activ_message *message)
{
    static const char *const titles[] = { "activation", "layer",          "values", "zeros", "not_finite", "mean",
                                          "deviation",  "mean_magnitude", "norm",   "least", "largest",    "p5",
                                          "p25",        "median",         "p75",    "p95" };
    activ_status status = write_bins(study, name, all, count, message);
    if (status != ACTIV_OK)
        return status;
    struct table table;
    table_init(&table);
    table_columns(&table, sizeof titles / sizeof titles[0], titles);
    for (size_t i = 0; i < count; i++)
        for (size_t j = 0; j < all[i].count; j++) {
            const activ_stats_info *stats = &all[i].stats[j];
            const double numbers[] = { stats->mean, stats->deviation, stats->mean_magnitude,
                                       stats->norm, stats->least,     stats->largest };
            table_cell(&table, "%s", all[i].label);
            table_cell(&table, "%s", all[i].titles[j]);
            table_cell(&table, "%" PRIu64, stats->count);
            table_cell(&table, "%" PRIu64, stats->zeros);
            table_cell(&table, "%" PRIu64, stats->count - stats->finite);
            for (size_t k = 0; k < sizeof numbers / sizeof numbers[0]; k++)
                table_cell(&table, "%.6g", numbers[k]);
            for (size_t k = 0; k < QUANTILES; k++)
                table_cell(&table, "%.6g", (double)all[i].quantiles[j][k]);
        }
    char file[80];
    (void)snprintf(file, sizeof file, "%s-summary.csv", name);
    return study_write_csv(study, file, &table, message);
}

/* A step for each bin, on a logarithmic axis of counts: from 0.7, as 0 has no logarithm. */
static void draw_panels(struct figure *figure, const char *axis, const struct panels *panels)
{
    FILE *script = figure->script;
    for (size_t i = 0; i < panels->count; i++) {
        const activ_histogram_info info = look(panels->histograms[i]);
        (void)fprintf(script, "$panel%zu << EOD\n", i);
        for (size_t k = 0; k < info.bins; k++)
            (void)fprintf(script, "%.5g %" PRIu64 "\n", (info.edges[k] + info.edges[k + 1]) / 2, info.counts[k]);
        (void)fprintf(script, "EOD\n");
    }
    (void)fprintf(script,
                  "set multiplot layout 1,%zu\nset logscale y\nset yrange [0.7:*]\nset format y '10^{%%T}'\n"
                  "set style fill solid 0.85 noborder\nset border 3\nset tics nomirror scale 0.4 font ',10'\n"
                  "set format x '%%g'\nset lmargin 5.5\nset rmargin 1.5\nset bmargin 3\nunset key\n",
                  panels->count);
    for (size_t i = 0; i < panels->count; i++) {
        const activ_histogram_info info = look(panels->histograms[i]);
        const double low = info.edges[0], high = info.edges[info.bins];
        (void)fprintf(script, "set title ");
        figure_text(figure, panels->titles[i]);
        (void)fprintf(script,
                      " font ',11'\nset xlabel '%s' font ',10' offset 0,0.6\nset xrange [%.6g:%.6g]\n"
                      "set xtics %.1g\nplot $panel%zu using 1:2:(%.6g) with boxes lc rgb '%s'\n",
                      axis, low, high, (high - low) / 2.6, i, (high - low) / (double)info.bins, figure_color(i));
    }
    (void)fprintf(script, "unset multiplot\nreset\n");
}

activ_status panels_draw(const struct study *study, const char *name, const char *axis, const struct panels *all,
                         size_t count, activ_message *message)
{
    struct figure figure;
    if (!study->draws)
        return ACTIV_OK;
    char *folder = study_path(study, name);
    activ_status status = folder != NULL ? folder_make(folder, message) : ACTIV_ERROR_OUT_OF_MEMORY;
    if (status == ACTIV_OK)
        status = figure_begin(&figure, folder, message);
    if (status == ACTIV_OK) {
        for (size_t i = 0; i < count; i++) {
            char safe[64], file[80];
            path_safe_name(all[i].label, safe, sizeof safe);
            (void)snprintf(file, sizeof file, "%s.svg", safe);
            figure_target(&figure, folder, file, FIGURE_SVG, 190 * (unsigned)all[i].count, 210);
            draw_panels(&figure, axis, &all[i]);
        }
        status = figure_end(&figure, message);
    }
    if (status == ACTIV_OK)
        printf("Wrote %s/LABEL.svg of %zu networks\n", folder, count);
    free(folder);
    return status;
}

activ_status panels_draw_flow(const struct study *study, const char *name, const char *axis, const struct panels *all,
                              size_t count, activ_message *message)
{
    struct figure figure;
    if (!study->draws || count == 0)
        return ACTIV_OK;
    activ_status status = figure_begin(&figure, study->out, message);
    if (status != ACTIV_OK)
        return status;
    char file[80];
    (void)snprintf(file, sizeof file, "%s.svg", name);
    figure_target(&figure, study->out, file, FIGURE_SVG, 800, 400);
    bool any = false;
    for (size_t i = 0; i < count; i++) {
        (void)fprintf(figure.script, "$flow%zu << EOD\n", i);
        for (size_t j = 0; j < all[i].count; j++) {
            const double mean = all[i].stats[j].mean_magnitude;
            any = any || (isfinite(mean) && mean > 0);
            (void)fprintf(figure.script, "%zu %.6g\n", j, mean > 0 ? mean : (double)NAN);
        }
        (void)fprintf(figure.script, "EOD\n");
    }
    if (!any)
        (void)fprintf(figure.script, "set yrange [1e-8:1]\n");
    (void)fprintf(figure.script,
                  "set logscale y\nset format y '10^{%%T}'\nset grid\nset ylabel '%s'\n"
                  "set key outside right samplen 1.5\nset xrange [-0.2:%zu.2]\nset xtics (",
                  axis, all[0].count - 1);
    for (size_t j = 0; j < all[0].count; j++) {
        (void)fprintf(figure.script, "%s", j > 0 ? ", " : "");
        figure_text(&figure, all[0].titles[j]);
        (void)fprintf(figure.script, " %zu", j);
    }
    (void)fprintf(figure.script, ")\nplot ");
    for (size_t i = 0; i < count; i++) {
        (void)fprintf(figure.script,
                      "%s$flow%zu using 1:2 with linespoints lw 1.8 pt 7 ps 0.4 dt %d lc rgb '%s' title ",
                      i > 0 ? ", " : "", i, i % 2 == 0 ? 1 : 2, figure_color(i));
        figure_text(&figure, all[i].label);
    }
    (void)fprintf(figure.script, "\n");
    status = figure_end(&figure, message);
    if (status == ACTIV_OK)
        printf("Wrote %s/%s\n", study->out, file);
    return status;
}
