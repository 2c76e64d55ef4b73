/* What is decided about a node when its graph is compiled: plan.c. Offsets are in floats. */
#ifndef ACTIV_GRAPH_PLAN_H
#define ACTIV_GRAPH_PLAN_H

#include "activ/graph.h"

#define ACTIV_NOWHERE SIZE_MAX /* an offset that was not given */

typedef struct graph_plan {
    /* Who uses what. */
    int consumers;            /* inputs of later nodes that it is */
    activ_node last_consumer; /* -1: none */
    size_t last_input;        /* which input of that one it is; the first, if it is several of them */
    activ_node source;        /* the node whose values these are: itself, or of a view what it shows */
    int needs_grad;           /* a parameter lies here or before it */
    int read_in_backward;     /* a consumer reads the values on the way back */

    /* In the arena of a graph that trains. */
    size_t value, grad, saved;
    activ_node grad_owner; /* the node in whose memory the gradient lies */
    activ_node grad_until; /* of an owner: the first node whose gradient lies in its memory */

    /* In a workspace for predictions. */
    int is_predicted;       /* the output depends on it */
    size_t last_use;        /* the last node that reads the values, seen through views */
    size_t workspace_value; /* per sample; ACTIV_NOWHERE: the caller's y */

    /* Fusion: a matrix product runs the activation behind it in its epilogue, on rows of its result that are still in
     * the cache: y = f(C). On the way back it does so with the derivative of the activation in front of it: dx = dC
     * f'(x). The activation then has nothing to do itself, and no array is read a second time. */
    activ_node fused_forward;                /* of a product: the activation whose forward it runs, or -1 */
    activ_node fused_backward;               /* of a product: the activation whose backward it runs, or -1 */
    int is_fused_forward, is_fused_backward; /* of an activation: a product runs it */

    size_t description; /* where its line begins in the graph's descriptions */
} graph_plan;

#endif
