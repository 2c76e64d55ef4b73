/* The formula of a function of the catalog as nodes (formula/formula.h), and the values of nodes in double and with
 * MPFR: what the text says, without a kernel. */
#ifndef SUPPORT_NODES_H
#define SUPPORT_NODES_H

#include <mpfr.h>
#include <stddef.h>

#include "activ/fn.h"
#include "formula/formula.h"

enum { NODES_PRECISION = 200 };

typedef struct nodes {
    activ_formula f;
    activ_message message;
    formula_node_index variable; /* x */
    formula_node_index body;
    size_t param_count;

    /* What is evaluated. */
    formula_node_index *roots; /* FORMULA_NONE: 0 */
    size_t root_count;
    size_t needed_count;
    formula_node_index *needed; /* nodes, each after its operands */
    double *in_double;          /* of all nodes */
    mpfr_t *in_mpfr;            /* of those needed */
    formula_node_index *place;  /* of each node among them */
} nodes;

/* Reads the formula of an elementwise function that is not composed of others. 0, or -1: see the message. */
int nodes_open(nodes *n, const activ_fn *fn);
void nodes_close(nodes *n);

/* The derivative by x, or by parameter k; FORMULA_NONE: it is 0. */
formula_node_index nodes_slope(nodes *n, formula_node_index root);
formula_node_index nodes_gradient(nodes *n, formula_node_index root, size_t k);

/* Prepares for the values of these nodes, which are changed: the catalog's functions in them by their own formulas. 0,
 * or -1: see the message. */
int nodes_prepare(nodes *n, formula_node_index *roots, size_t count);

/* The values of the roots. */
void nodes_in_double(nodes *n, double x, const float *params, double *values);
void nodes_in_mpfr(nodes *n, double x, const float *params, double *values);

#endif
