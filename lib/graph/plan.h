/* What compiling decides about a node (plan.c): fusion, liveness, memory. Offsets are in floats. */
#ifndef ACTIV_GRAPH_PLAN_H
#define ACTIV_GRAPH_PLAN_H

#include "activ/graph.h"

#define ACTIV_NO_OFFSET SIZE_MAX /* no offset assigned */

typedef struct graph_plan {
    /* Uses. */
    int consumers;            /* how many inputs of later nodes it is */
    activ_node last_consumer; /* -1: none */
    size_t last_input;        /* as which input of last_consumer; the first if several */
    activ_node source;        /* the node that holds the values: itself; of a view, the viewed one */
    int needs_grad;           /* it, or a node before it, has parameters */
    int read_in_backward;     /* a consumer's backward reads the values */

    /* In the arena of a graph that trains. */
    size_t value, saved;
    size_t grad;           /* ACTIV_NO_OFFSET: in the caller's dx, as the input's is */
    activ_node grad_owner; /* in-place backward: the node whose gradient's memory this gradient uses */
    activ_node grad_until; /* of an owner: the earliest node whose gradient uses that memory */

    /* In a workspace for predictions. */
    int is_predicted;       /* the output depends on it */
    size_t last_use;        /* the last node that reads the values, views included */
    size_t workspace_value; /* per sample; ACTIV_NO_OFFSET: the caller's y */

    /* Fusion: a matrix product applies the activation that follows it in its epilogue, y = f(C), while rows of C are in
     * the cache; in the backward pass, the derivative of the activation that precedes it, dx = dC f'(x). The activation
     * node itself then does nothing, and no array is read a second time. */
    activ_node fused_forward;                /* of a product: the activation in its forward epilogue, or -1 */
    activ_node fused_backward;               /* of a product: the activation in its backward epilogue, or -1 */
    int is_fused_forward, is_fused_backward; /* of an activation: a product's epilogue does it */

    size_t description; /* offset of its line in the graph's descriptions */
} graph_plan;

#endif
