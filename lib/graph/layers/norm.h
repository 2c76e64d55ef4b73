/* What batch_norm and layer_norm share. */
#ifndef ACTIV_GRAPH_LAYERS_NORM_H
#define ACTIV_GRAPH_LAYERS_NORM_H

#include "base/sized.h"
#include "graph/layer.h"

static inline activ_status activ_norm_check(activ_graph *g, const graph_node *node, float eps, float momentum)
{
    if (!(eps > 0.0f) || eps - eps != 0.0f)
        return activ_graph_fail(g, ACTIV_ERROR_RANGE, node, "eps has to be finite and above 0");
    if (!(momentum > 0.0f && momentum <= 1.0f))
        return activ_graph_fail(g, ACTIV_ERROR_RANGE, node, "momentum is not above 0 and at most 1");
    return ACTIV_OK;
}

/* A builder's options, checked, with the defaults filled in. */
static inline activ_status activ_norm_read_options(activ_graph *g, const graph_node *node,
                                                   const activ_norm_options *options, activ_norm_options *own)
{
    *own = (activ_norm_options){ .size = sizeof *own };
    activ_status status = options ? activ_sized_read(own, sizeof *own, options) : ACTIV_OK;
    if (status != ACTIV_OK)
        return activ_graph_fail(g, status, node, ACTIV_SIZED_FAULT);
    own->eps = own->eps == 0.0f ? 1e-5f : own->eps;
    own->momentum = own->momentum == 0.0f ? 0.1f : own->momentum;
    return activ_norm_check(g, node, own->eps, own->momentum);
}

#endif
