/* The values of a function's expression (activ/expression.h), in double as src/reference computes them, and with MPFR:
 * what the text says, without a kernel. */
#ifndef SUPPORT_NODES_H
#define SUPPORT_NODES_H

#include <mpfr.h>
#include <stddef.h>

#include "activ/activ.h"
#include "reference/program.h"

enum { NODES_PRECISION = 200 };

typedef struct nodes {
    activ_message message;
    activ_expression *expression;
    ref_program *program;
    size_t count, param_count;
    activ_operation_info *info;
    mpfr_t *in_mpfr;
    double *params, **spare;
} nodes;

/* 0, or -1: see the message. To be closed in any case. */
int nodes_open(nodes *n, const activ_fn *fn);
void nodes_close(nodes *n);

/* f, f', and the derivatives by the parameters. */
void nodes_in_double(nodes *n, double x, const float *params, double *values);
void nodes_in_mpfr(nodes *n, double x, const float *params, double *values);

#endif
