/* Formulas: a text becomes a graph of operations, its derivatives are found by the rules, and all three become programs
 * for kernels/formula.c. docs/formulas.md has the language.
 *
 *   parse.c    text to nodes          nodes.c    nodes: equal ones are one, constants are folded
 *   derive.c   nodes to nodes         compile.c  nodes to programs
 *
 * Nothing here recurses over nodes or has a cost that is not bounded by the limits below, whatever the text. */
#ifndef ACTIV_FORMULA_FORMULA_H
#define ACTIV_FORMULA_FORMULA_H

#include <stddef.h>
#include <stdint.h>

#include "base/host.h"
#include "base/settings.h"
#include "functions/definition.h"
#include "kernels/kernels.h"
#include "kernels/program.h"

#define FORMULA_TEXT 65536     /* characters */
#define FORMULA_NODES 16384    /* of the formula and all derivatives */
#define FORMULA_STEPS 65536    /* names and numbers read, those of sums once per term */
#define FORMULA_READ (1 << 20) /* characters read again, for further terms of sums */
#define FORMULA_DEPTH 64       /* brackets in brackets */
#define FORMULA_NAMES 48       /* parameters and settings; and bindings */
#define FORMULA_PARAMS 256     /* values of parameters */
#define FORMULA_CALLS 16       /* functions of the catalog, each with its settings */
#define FORMULA_SETTINGS 8     /* of one of them */

typedef int32_t formula_node_index;

/* Nodes are created after those that they refer to. */
typedef struct formula_node {
    uint8_t op;                 /* ACTIV_OP_... */
    uint8_t depends;            /* FORMULA_ON_... */
    formula_node_index a, b, c; /* operands, or of a variable or a parameter its number; of a call b is the call's */
    double number;              /* of a constant */
} formula_node;

enum { FORMULA_ON_X = 1, FORMULA_ON_PARAMS = 2, FORMULA_ON_TEMPORARY = 4 };
#define FORMULA_NONE (-1) /* as an operand; as a derivative: 0, whatever x is */

/* A name that the text declares. */
typedef struct formula_param {
    activ_slice name;
    size_t length; /* of a vector; 0: a scalar */
    int fixed;
    int has_channels;
    int used;
    size_t value; /* its first among all values */
    size_t first; /* and, unless it is fixed, among all parameters */
} formula_param;

/* A function of the catalog, in a formula. */
typedef struct formula_call {
    const activ_fn_definition *definition;
    char *spec; /* to create it, with the settings that are constants */
    size_t spec_bytes;
    activ_setting_value *set; /* all settings, in the definition's order */
    size_t set_count;
    size_t dynamic; /* settings that are no constants: their numbers, and nodes */
    unsigned char settings[FORMULA_SETTINGS];
    formula_node_index values[FORMULA_SETTINGS];
    int has_params; /* its parameters are those of the whole function: derivative(SPEC) */
    /* Its formula, with variables in the place of x and of the dynamic settings; once it is needed. */
    formula_node_index body, variable, places[FORMULA_SETTINGS];
    /* Derivatives of it, and of its derivative: for x, and for each place; those of the bits that are set. */
    formula_node_index slopes[2][1 + FORMULA_SETTINGS];
    uint16_t has_slopes[2];
} formula_call;

/* What activ_formula_in_place has found. */
typedef struct formula_placed {
    formula_node_index call, argument, root, result;
} formula_placed;

enum { FORMULA_PLACED = 8192 }; /* are kept: a formula of 256 parameters asks for each 256 times */

/* Definition of an elementwise function of the catalog by its name; NULL if there is none: then *meant is the nearest
 * name, the name itself if it is one of a function that is no part of formulas, or NULL. */
typedef const activ_fn_definition *formula_find(activ_slice name, const char **meant);

typedef struct activ_formula {
    activ_host host;
    const activ_kernels *kernels;
    activ_message *message; /* while it is made */
    activ_status status;    /* the first error; nodes made after it mean nothing */

    formula_node *nodes;
    size_t count, capacity;
    formula_node_index *table; /* by hash: number of a node plus 1 */
    size_t table_size;
    formula_node_index temporaries; /* variables made so far */

    formula_find *find;
    formula_param params[FORMULA_NAMES];
    size_t name_count, param_count; /* names; values of trainable ones, of one channel */
    size_t channels;                /* for each of which all trainable ones have a value; 0: one value for all */
    double *values;                 /* of all names, one after the other: initial ones, and fixed ones */
    size_t value_count, value_capacity;
    char *names; /* one after the other */
    size_t name_bytes;

    formula_call calls[FORMULA_CALLS];
    size_t call_count;
    formula_placed *placed; /* by hash; NULL until one is needed. A root of 0: none */

    formula_node_index root;
    int is_expert;   /* its programs take little of the stack */
    int derivatives; /* how many times root has been derived from the text */
    size_t work; /* what it took to make it: names and numbers read, nodes, instructions; some 0.1 microseconds each */

    activ_formula_programs programs;
    void *block; /* of the programs */
    size_t block_bytes;
} activ_formula;

/* What a formula is made into: programs, without the nodes; or nodes, without programs. */
typedef enum formula_result { FORMULA_TO_PROGRAMS, FORMULA_TO_NODES } formula_result;

/* ---- what fn/ uses ---------------------------------------------------------------------------------- */

/* Parses, derives and compiles; *f is zero but for is_expert, and is freed by activ_formula_free, after a failure too.
 * derivatives: how many times f is derived first. */
activ_status activ_formula_create(activ_formula *f, const activ_host *host, const activ_kernels *kernels,
                                  formula_find *find, activ_slice text, int derivatives, formula_result result,
                                  activ_message *message);

/* The same of a function of the catalog, with its own parameters: derivative(SPEC). */
activ_status activ_formula_create_derivative(activ_formula *f, const activ_host *host, const activ_kernels *kernels,
                                             formula_find *find, const activ_fn_definition *definition,
                                             const char *spec, const activ_setting_value *settings, int derivatives,
                                             formula_result result, activ_message *message);
void activ_formula_free(activ_formula *f);
size_t activ_formula_bytes(const activ_formula *f);

/* The text with its blanks where they belong: the same text for formulas that differ in them only. Returns the length,
 * even where it does not fit. */
size_t activ_formula_write(activ_slice text, char *buffer, size_t size);

/* ---- parse.c ------------------------------------------------------------------------------------ */

/* The names of the language's own functions; NULL ends them. The first, "derivative", is one of specs. */
extern const char *const activ_formula_function_names[];

/* The formula of a function that the formula calls, as a node. */
formula_node_index activ_formula_body(activ_formula *f, formula_node_index call);
activ_status activ_formula_parse(activ_formula *f, activ_slice text);

/* ---- derive.c ----------------------------------------------------------------------------------- */

/* The derivative of root for a variable or parameter; FORMULA_NONE: it is 0. */
formula_node_index activ_formula_derive(activ_formula *f, formula_node_index root, formula_node_index variable);
/* The roots with the catalog's functions in them written out by their own formulas, until none is left. */
activ_status activ_formula_write_out(activ_formula *f, formula_node_index *roots, size_t count);
/* tanh' and sigmoid' from their values, where those are computed anyway: half the time, and in the tails an error of
 * half an ulp of 1. */
void activ_formula_share_slopes(activ_formula *f, formula_node_index *roots, size_t count);

/* ---- compile.c ---------------------------------------------------------------------------------- */

activ_status activ_formula_compile(activ_formula *f);

/* ---- nodes.c ------------------------------------------------------------------------------------ */

formula_node_index activ_formula_constant(activ_formula *f, double number);
formula_node_index activ_formula_variable(activ_formula *f, formula_node_index number); /* 0: x */
formula_node_index activ_formula_param_value(activ_formula *f, size_t number);
formula_node_index activ_formula_make(activ_formula *f, int op, formula_node_index a, formula_node_index b,
                                      formula_node_index c);
/* The node, or one that is equal in all members, as it is: not simplified. */
formula_node_index activ_formula_intern(activ_formula *f, const formula_node *n);
/* A node of one operand, if there is one; nothing is made. */
formula_node_index activ_formula_known(const activ_formula *f, int op, formula_node_index a);
/* base^exponent by multiplication; exponent from 1. */
formula_node_index activ_formula_whole_power(activ_formula *f, formula_node_index base, int exponent);
int activ_formula_arity(int op);
static inline int formula_is_call(int op)
{
    return op == ACTIV_OP_call || op == ACTIV_OP_slope;
}
int activ_formula_is_constant(const activ_formula *f, formula_node_index node, double *number);
void activ_formula_fail(activ_formula *f, activ_status status, const char *what);

/* The number of a call, new or known. */
formula_node_index activ_formula_add_call(activ_formula *f, const formula_call *call);

/* Which of the first `count` nodes are needed for those marked: marks them too. */
void activ_formula_mark(const activ_formula *f, size_t count, unsigned char *marks);

/* root with each node made anew by `make`, from the operands as they have become; FORMULA_NONE of it: as it was. */
typedef formula_node_index formula_rebuild(activ_formula *f, formula_node_index old, const formula_node *node,
                                           void *user);
int activ_formula_rebuild_all(activ_formula *f, formula_node_index *roots, size_t count, formula_rebuild *make,
                              void *user);

/* What stands in the terms of a call's body, in those of the call with this argument. Costs as much as there is between
 * the body's first node and the root, once. */
formula_node_index activ_formula_in_place(activ_formula *f, formula_node_index call, formula_node_index argument,
                                          formula_node_index root);

#endif
