/* Functions as lists of operations: include/activ/expression.h. */
#include "activ/expression.h"

#include <string.h>

#include "base/rounding.h"
#include "base/sized.h"
#include "base/text.h"
#include "context/context.h"
#include "fn/fn.h"

/* What is left of a formula once it has been written out: the public number, formula/'s own, the name. */
#define OPERATIONS(O)                 \
    O(CONSTANT, constant, "constant") \
    O(X, variable, "x")               \
    O(PARAM, param, "param")          \
    O(NEG, neg, "neg")                \
    O(ABS, abs, "abs")                \
    O(SIGN, sign, "sign")             \
    O(SQRT, sqrt, "sqrt")             \
    O(EXP, exp, "exp")                \
    O(EXPM1, expm1, "expm1")          \
    O(LOG, log, "log")                \
    O(LOG1P, log1p, "log1p")          \
    O(SIN, sin, "sin")                \
    O(COS, cos, "cos")                \
    O(TAN, tan, "tan")                \
    O(SINH, sinh, "sinh")             \
    O(COSH, cosh, "cosh")             \
    O(ATAN, atan, "atan")             \
    O(ASINH, asinh, "asinh")          \
    O(ERF, erf, "erf")                \
    O(ERFC, erfc, "erfc")             \
    O(GAUSS, gauss, "gauss")          \
    O(NOT, not, "not")                \
    O(ADD, add, "add")                \
    O(SUB, sub, "sub")                \
    O(MUL, mul, "mul")                \
    O(SCALE, scale, "scale")          \
    O(DIV, div, "div")                \
    O(POW, pow, "pow")                \
    O(MIN, min, "min")                \
    O(MAX, max, "max")                \
    O(LT, lt, "lt")                   \
    O(LE, le, "le")                   \
    O(EQ, eq, "eq")                   \
    O(AND, and, "and")                \
    O(OR, or, "or")                   \
    O(WHERE, select, "where")

#define NUMBER(name, op, text) [ACTIV_OP_##op] = ACTIV_OPERATION_##name,
static const uint8_t numbers[ACTIV_OP_COUNT] = { OPERATIONS(NUMBER) };
#undef NUMBER

#define NAME(name, op, text) [ACTIV_OPERATION_##name] = text,
static const char names[][9] = { OPERATIONS(NAME) };
#undef NAME

typedef struct operation {
    int32_t number, operand_count;
    int32_t operands[3];
    double constant; /* or the number of a parameter */
} operation;

struct activ_expression {
    activ_host host;
    size_t bytes;
    size_t count, param_count;
    const operation *operations;
    const formula_node_index *roots; /* f, f', and the derivatives by the parameters */
};

/* f, f' and the derivatives by the parameters, without calls. */
static activ_status find_roots(activ_formula *f, formula_node_index *roots, size_t count)
{
    const formula_node_index x = activ_formula_variable(f, 0);
    roots[0] = f->root;
    for (size_t i = 1; i < count; i++) {
        roots[i] = activ_formula_derive(f, f->root, i == 1 ? x : activ_formula_param_value(f, i - 2));
        if (roots[i] == FORMULA_NONE)
            roots[i] = activ_formula_constant(f, 0.0);
    }
    return activ_formula_write_out(f, roots, count);
}

/* The nodes that are needed, whose marks are set, as operations; `now` gets the number of each. */
static void copy_nodes(const activ_formula *f, const unsigned char *marks, formula_node_index *now, operation *out)
{
    formula_node_index count = 0;
    for (size_t i = 0; i < f->count; i++) {
        if (!marks[i])
            continue;
        const formula_node *n = &f->nodes[i];
        const int arity = activ_formula_arity(n->op);
        const formula_node_index operands[3] = { n->a, n->b, n->c };
        operation *o = &out[count];
        o->number = numbers[n->op];
        o->operand_count = arity;
        for (int k = 0; k < arity; k++)
            o->operands[k] = now[operands[k]];
        o->constant = n->op == ACTIV_OP_param ? (double)n->a : n->number;
        now[i] = count++;
    }
}

static activ_expression *make_expression(activ_formula *f, formula_node_index *roots, size_t root_count)
{
    unsigned char *marks = activ_host_alloc(&f->host, f->count);
    formula_node_index *now = activ_host_alloc(&f->host, f->count * sizeof *now);
    activ_expression *e = NULL;
    if (marks && now) {
        size_t count = 0;
        for (size_t i = 0; i < root_count; i++)
            marks[roots[i]] = 1;
        activ_formula_mark(f, f->count, marks);
        for (size_t i = 0; i < f->count; i++)
            count += marks[i];
        const size_t bytes = sizeof *e + count * sizeof *e->operations + root_count * sizeof *roots;
        e = activ_host_alloc(&f->host, bytes);
        if (e) {
            operation *operations = (operation *)(void *)(e + 1);
            formula_node_index *kept = (formula_node_index *)(void *)(operations + count);
            copy_nodes(f, marks, now, operations);
            for (size_t i = 0; i < root_count; i++)
                kept[i] = now[roots[i]];
            *e = (activ_expression){ f->host, bytes, count, root_count - 2, operations, kept };
        }
    }
    activ_host_free(&f->host, marks, f->count);
    activ_host_free(&f->host, now, f->count * sizeof *now);
    return e;
}

activ_status activ_expression_create(const activ_fn *fn, activ_expression **out, activ_message *message)
{
    activ_host host;
    activ_message own;
    activ_fn_formula *formula = NULL;
    activ_expression *e = NULL;
    activ_host_of(NULL, &host);
    if (fn && !fn->is_static)
        host = fn->host;
    if (!fn || !out)
        return activ_host_fail(&host, message, ACTIV_ERROR_INVALID,
                               "the expression of a function: the function, or out, is NULL");
    const int rounding = activ_round_to_nearest();
    activ_status status = activ_fn_formula_open(&host, fn, &own, &formula);
    if (status == ACTIV_OK) {
        activ_formula *f = &formula->formula;
        const size_t count = 2 + f->param_count;
        formula_node_index *roots = activ_host_alloc(&host, count * sizeof *roots);
        f->message = &own;
        status = roots ? find_roots(f, roots, count) : ACTIV_ERROR_OUT_OF_MEMORY;
        e = status == ACTIV_OK ? make_expression(f, roots, count) : NULL;
        if (!roots || (status == ACTIV_OK && !e))
            status = activ_fail(&own, ACTIV_ERROR_OUT_OF_MEMORY, "no memory for an expression");
        activ_host_free(&host, roots, count * sizeof *roots);
        activ_fn_formula_free(&host, formula);
    }
    activ_round_as(rounding);
    if (status != ACTIV_OK)
        return activ_host_fail(&host, message, status, own.text);
    *out = e;
    return ACTIV_OK;
}

void activ_expression_destroy(activ_expression *expression)
{
    if (!expression)
        return;
    const activ_host host = expression->host;
    activ_host_free(&host, expression, expression->bytes);
}

size_t activ_expression_count(const activ_expression *expression)
{
    return expression ? expression->count : 0;
}

size_t activ_expression_value(const activ_expression *expression)
{
    return expression ? (size_t)expression->roots[0] : SIZE_MAX;
}

size_t activ_expression_derivative(const activ_expression *expression)
{
    return expression ? (size_t)expression->roots[1] : SIZE_MAX;
}

size_t activ_expression_gradient(const activ_expression *expression, size_t param)
{
    return expression && param < expression->param_count ? (size_t)expression->roots[2 + param] : SIZE_MAX;
}

activ_status activ_expression_operation(const activ_expression *expression, size_t index, activ_operation_info *info)
{
    if (!expression || !info)
        return ACTIV_ERROR_INVALID;
    if (index >= expression->count)
        return ACTIV_ERROR_RANGE;
    const operation *o = &expression->operations[index];
    const activ_operation_info own = { sizeof own,       names[o->number], o->number,
                                       o->operand_count, o->operands,      o->constant };
    return activ_sized_write(&own, sizeof own, info);
}
