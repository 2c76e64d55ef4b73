/* Random formulas: as text for the library, and as a tree that is evaluated in double. */
#ifndef FORMULA_RANDOM_FORMULA_H
#define FORMULA_RANDOM_FORMULA_H

#include <stddef.h>
#include <stdint.h>

enum { RANDOM_PARAMS = 3, RANDOM_NODES = 64, RANDOM_TEXT = 4096 };

typedef struct random_node {
    int kind;
    int a, b, c; /* operands, which come before */
    double number;
} random_node;

typedef struct random_formula {
    random_node nodes[RANDOM_NODES];
    int count;
    int has_x, uses[RANDOM_PARAMS];
    double params[RANDOM_PARAMS];
    char text[RANDOM_TEXT];
} random_formula;

/* The value at x, and how large what it is made of is: *size is the largest |value| and |derivative| on the way, and
 * *smallest the distance to the nearest kink or jump of any part. */
typedef struct random_value {
    double value;
    double slopes[1 + RANDOM_PARAMS]; /* by x, and by each parameter */
    double size, margin;
} random_value;

void random_formula_make(random_formula *f, uint64_t seed);
random_value random_formula_at(const random_formula *f, double x, const double *params);

#endif
