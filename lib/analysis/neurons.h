/* Parts of activ_neurons for the accumulator of a whole graph. */
#ifndef ACTIV_ANALYSIS_NEURONS_H
#define ACTIV_ANALYSIS_NEURONS_H

#include "activ/analysis.h"
#include "base/host.h"

/* Reads the options, NULL for the defaults, and checks them. */
activ_status activ_neurons_read_options(const activ_neurons_options *options, activ_neurons_options *own);

/* With options that are checked. */
activ_status activ_neurons_make(const activ_host *host, size_t width, const activ_neurons_options *options,
                                activ_neurons **out);

/* Whether activ_neurons_merge can. */
activ_status activ_neurons_check_merge(const activ_neurons *into, const activ_neurons *from);

#endif
