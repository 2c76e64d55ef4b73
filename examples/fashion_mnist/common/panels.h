/* Histograms of a network's layers, side by side: as CSV, and one figure for each network. */
#ifndef EXAMPLES_PANELS_H
#define EXAMPLES_PANELS_H

#include <stddef.h>

#include <activ/activ.h>

#include "study.h"
#include "table.h"

#define MAX_PANELS 16

/* The quantiles of |x| that are looked at: 5, 25, 50, 75 and 95 %. */
#define QUANTILES 5
activ_status magnitude_quantiles(size_t n, const float *x, float out[QUANTILES]);

/* One network's layers. */
struct panels {
    const char *label; /* the network */
    size_t count;
    char titles[MAX_PANELS][40];
    activ_histogram *histograms[MAX_PANELS];
    activ_stats_info stats[MAX_PANELS];
    float quantiles[MAX_PANELS][QUANTILES];
};

/* Adds a layer: the histogram of n values, with bins by the rule of Freedman and Diaconis. */
activ_status panels_add(struct panels *panels, const char *title, size_t n, const float *values,
                        activ_message *message);
void panels_free(struct panels *panels);

/* "NAME.csv": a line for each bin. "NAME-summary.csv": one for each layer. */
activ_status panels_write_csv(const struct study *study, const char *name, const struct panels *all, size_t count,
                              activ_message *message);

/* "NAME/LABEL.svg" for each network. Axis: what the values are. */
activ_status panels_draw(const struct study *study, const char *name, const char *axis, const struct panels *all,
                         size_t count, activ_message *message);

/* "NAME.svg": the mean magnitude of each layer, a line for each network. */
activ_status panels_draw_flow(const struct study *study, const char *name, const char *axis, const struct panels *all,
                              size_t count, activ_message *message);

#endif
