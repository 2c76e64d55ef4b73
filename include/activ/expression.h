/* What a function computes, as a list of operations: for programs that evaluate a formula in another precision, print
 * it, or make code of it, without reading its text.
 *
 *     activ_expression *e;
 *     activ_expression_create(fn, &e, NULL);
 *     for (size_t i = 0; i < activ_expression_count(e); i++) {
 *         activ_operation_info o = ACTIV_OPERATION_INFO_INIT;
 *         activ_expression_operation(e, i, &o);
 *         v[i] = ...;                                      from o.operation, o.number and v[o.operands[k]]
 *     }
 *     f = v[activ_expression_value(e)];                    and f' = v[activ_expression_derivative(e)]
 *
 * The operations are those of the function's formula, in which the catalog's functions are written out by their own
 * formulas ("x*sigmoid(x)" becomes exponentials and a quotient); of a function of the catalog those of its formula in
 * activ_fn_info, with its settings as the float32 numbers that kernels compute with. Numbers in a formula's text are
 * doubles. What is equal is there once. Which operations there are, and in which order, may differ between versions of
 * the library: what they compute may not.
 *
 * A random function's are those of its evaluation; those of a function with parameters per channel are of one channel.
 * At an infinity a formula may be infinity minus infinity, where the function is the limit.
 *
 * Thread safety: an expression never changes; any number of threads may read one at the same time. */
#ifndef ACTIV_EXPRESSION_H
#define ACTIV_EXPRESSION_H

#include <stddef.h>
#include <stdint.h>

#include "export.h"
#include "fn.h"
#include "status.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct activ_expression activ_expression;

/* Operations; the numbers are part of the ABI, and a newer library may know more. A truth is 1 or 0, and true is what
 * is not 0; a comparison with NaN is false. */
enum {
    ACTIV_OPERATION_CONSTANT = 0, /* number */
    ACTIV_OPERATION_X = 1,
    ACTIV_OPERATION_PARAM = 2, /* parameter number `number` */
    ACTIV_OPERATION_NEG = 3,   /* of a */
    ACTIV_OPERATION_ABS = 4,
    ACTIV_OPERATION_SIGN = 5, /* 1, -1, or a itself: 0, NaN */
    ACTIV_OPERATION_SQRT = 6,
    ACTIV_OPERATION_EXP = 7,
    ACTIV_OPERATION_EXPM1 = 8, /* e^a - 1 */
    ACTIV_OPERATION_LOG = 9,
    ACTIV_OPERATION_LOG1P = 10, /* ln(1 + a) */
    ACTIV_OPERATION_SIN = 11,
    ACTIV_OPERATION_COS = 12,
    ACTIV_OPERATION_TAN = 13,
    ACTIV_OPERATION_SINH = 14,
    ACTIV_OPERATION_COSH = 15,
    ACTIV_OPERATION_ATAN = 16,
    ACTIV_OPERATION_ASINH = 17,
    ACTIV_OPERATION_ERF = 18,
    ACTIV_OPERATION_ERFC = 19,
    ACTIV_OPERATION_GAUSS = 20, /* e^(-a^2) */
    ACTIV_OPERATION_NOT = 21,
    ACTIV_OPERATION_ADD = 22, /* of a and b */
    ACTIV_OPERATION_SUB = 23,
    ACTIV_OPERATION_MUL = 24,
    ACTIV_OPERATION_SCALE = 25, /* a b, and 0 where a is 0, whatever b is */
    ACTIV_OPERATION_DIV = 26,
    ACTIV_OPERATION_POW = 27,
    ACTIV_OPERATION_MIN = 28, /* NaN if one of them is */
    ACTIV_OPERATION_MAX = 29,
    ACTIV_OPERATION_LT = 30,
    ACTIV_OPERATION_LE = 31,
    ACTIV_OPERATION_EQ = 32,
    ACTIV_OPERATION_AND = 33,
    ACTIV_OPERATION_OR = 34,
    ACTIV_OPERATION_WHERE = 35 /* a is true ? b : c */
};

/* Makes the list of a function's operations, which the caller destroys; fn may be destroyed before. Takes some
 * microseconds for each dozen of operations, as making a formula does.
 *
 * ACTIV_ERROR_INVALID: NULL. ACTIV_ERROR_UNSUPPORTED: a function that is not elementwise, is made of others (moe), or
 * is the host's own code. ACTIV_ERROR_RANGE: more than 16384 operations or 16 functions of the catalog with different
 * settings, what comes up while those in it are written out included, or one with more than 256 parameters.
 * ACTIV_ERROR_OUT_OF_MEMORY. Allocates as fn did, that of activ_fn_default by malloc. *out is untouched after an error;
 * message may be NULL. */
ACTIV_API activ_status activ_expression_create(const activ_fn *fn, activ_expression **out, activ_message *message);

/* NULL is allowed. */
ACTIV_API void activ_expression_destroy(activ_expression *expression);

/* How many operations there are; 0 for NULL. */
ACTIV_API size_t activ_expression_count(const activ_expression *expression);

/* Which operation gives f, f', and the derivative of f by parameter `param`: the index of one; SIZE_MAX past the last
 * parameter, and for NULL. */
ACTIV_API size_t activ_expression_value(const activ_expression *expression);
ACTIV_API size_t activ_expression_derivative(const activ_expression *expression);
ACTIV_API size_t activ_expression_gradient(const activ_expression *expression, size_t param);

typedef struct activ_operation_info {
    size_t size;             /* sizeof(activ_operation_info), set by the caller */
    const char *name;        /* "add": the constant's in small letters; static */
    int32_t operation;       /* ACTIV_OPERATION_... */
    int32_t operand_count;   /* 0 to 3 */
    const int32_t *operands; /* three: a, b, c, operations before this one, and 0 past the count; the expression's */
    double number;           /* of a constant its value; of a parameter which one, from 0 (with channels, which of a
                              * channel's: its value for channel c of C is number k * C + c of the array); else 0 */
} activ_operation_info;

#define ACTIV_OPERATION_INFO_INIT                           \
    {                                                       \
        sizeof(activ_operation_info), NULL, 0, 0, NULL, 0.0 \
    }

/* Operation `index`. ACTIV_ERROR_RANGE: past the last; ACTIV_ERROR_INVALID: NULL, no size. */
ACTIV_API activ_status activ_expression_operation(const activ_expression *expression, size_t index,
                                                  activ_operation_info *info);

#ifdef __cplusplus
}
#endif

#endif
