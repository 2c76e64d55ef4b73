/* What batch_norm and layer_norm share. */
#ifndef ACTIV_GRAPH_LAYERS_NORM_H
#define ACTIV_GRAPH_LAYERS_NORM_H

#include "base/checked.h"
#include "base/sized.h"
#include "graph/layer.h"

static inline activ_status activ_norm_check(activ_graph *g, const graph_node *node, float eps, float momentum)
{
    if (!(eps > 0.0f) || !activ_is_finite(eps))
        return activ_graph_fail_build(g, ACTIV_ERROR_RANGE, node,
                                      "eps has to be finite and above 0; ACTIV_NORM_DEFAULTS has the usual one");
    if (!(momentum >= 0.0f && momentum <= 1.0f))
        return activ_graph_fail_build(g, ACTIV_ERROR_RANGE, node, "momentum has to be from 0 to 1");
    return ACTIV_OK;
}

/* Reads and checks a builder's options; NULL: the defaults. */
static inline activ_status activ_norm_read_options(activ_graph *g, const graph_node *node,
                                                   const activ_norm_options *options, activ_norm_options *own)
{
    static const activ_norm_options defaults = ACTIV_NORM_DEFAULTS;
    activ_status status = activ_sized_read(own, sizeof *own, options ? options : &defaults);
    if (status != ACTIV_OK)
        return activ_graph_fail_build(g, status, node, activ_sized_reason(status));
    return activ_norm_check(g, node, own->eps, own->momentum);
}

#endif
