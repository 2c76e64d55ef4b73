/* What the two gated layers share: see gated.c. */
#ifndef ACTIV_GRAPH_LAYERS_GATED_H
#define ACTIV_GRAPH_LAYERS_GATED_H

#include "graph/layers/function.h"

/* The first of its settings: the gated function. */
enum { GATED_FN };
#define GATED_FN_SETTING [GATED_FN] = { .name = "fn", .kind = ACTIV_SETTING_KIND_FUNCTIONS, .required = 1 }

/* The arrays of a gated layer, as matrices with row strides. */
typedef struct gated_rows {
    size_t rows, columns;
    const float *value, *gate, *dy;
    size_t input_stride; /* of value and gate */
    float *y, *dvalue, *dgate;
    size_t gradient_stride; /* of dvalue and dgate; y and dy have no gaps */
} gated_rows;

/* Fails unless the function is gated; adds its parameters. */
activ_status activ_gated_build(activ_graph *g, graph_node *node);
size_t activ_gated_saved(const graph_node *node, size_t batch);
void activ_gated_forward(graph_run *run, const graph_node *node, const gated_rows *rows);
void activ_gated_backward(graph_run *run, const graph_node *node, const gated_rows *rows);

#endif
