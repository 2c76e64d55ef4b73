/* The program of a formula: what formula/ compiles and each tier's kernel (kernels/formula.inc.h) runs, one operation
 * of the vocabulary at a time on blocks of elements. */
#ifndef ACTIV_KERNELS_PROGRAM_H
#define ACTIV_KERNELS_PROGRAM_H

#include <stddef.h>
#include <stdint.h>

/* Each rounds once, or is as accurate as simd/math.h says. Comparisons give 1 or 0; min and max give NaN for NaN. */
#define ACTIV_PROGRAM_UNARY(X) \
    X(neg)                     \
    X(abs)                     \
    X(sqrt)                    \
    X(sign)                    \
    X(not )                    \
    X(exp)                     \
    X(expm1)                   \
    X(log)                     \
    X(log1p)                   \
    X(sin)                     \
    X(cos)                     \
    X(tan)                     \
    X(sinh)                    \
    X(cosh)                    \
    X(atan)                    \
    X(asinh)                   \
    X(erf)                     \
    X(erfc)                    \
    X(gauss) /* e^(-a^2) */

#define ACTIV_PROGRAM_BINARY(X)             \
    X(add)                                  \
    X(sub)                                  \
    X(mul)                                  \
    X(scale) /* 0 where a is 0, else a b */ \
    X(div)                                  \
    X(min)                                  \
    X(max)                                  \
    X(lt)                                   \
    X(le)                                   \
    X(eq)                                   \
    X(and)                                  \
    X(or)                                   \
    X(pow)

#define ACTIV_PROGRAM_TERNARY(X) \
    X(fma)    /* a b + c */      \
    X(fms)    /* a b - c */      \
    X(fnma)   /* c - a b */      \
    X(select) /* a is not 0 ? b : c */

enum {
    ACTIV_OP_constant,
    ACTIV_OP_variable,
    ACTIV_OP_param,
#define ACTIV_OP(name) ACTIV_OP_##name,
    ACTIV_PROGRAM_UNARY(ACTIV_OP) ACTIV_PROGRAM_BINARY(ACTIV_OP) ACTIV_PROGRAM_TERNARY(ACTIV_OP)
#undef ACTIV_OP
        ACTIV_OP_call, /* f(a), f being function number b of the arguments' components */
    ACTIV_OP_slope,    /* f'(a) */
    /* Of programs alone. */
    ACTIV_OP_copy,    /* a scalar to all elements */
    ACTIV_OP_uniform, /* the first element of a becomes uniform number `out` */
    ACTIV_OP_sum,     /* adds dy a to the sum of element c of vector b of the parameters */
    ACTIV_OP_COUNT
};

/* An operand is a register, or one of three kinds of scalars. Register 0 is x. */
enum { ACTIV_OPERAND_REGISTER = 0, ACTIV_OPERAND_CONSTANT = 1, ACTIV_OPERAND_PARAM = 2, ACTIV_OPERAND_UNIFORM = 3 };
#define ACTIV_OPERAND(kind, index) ((uint16_t)((kind) << 14 | (index)))
#define ACTIV_OPERAND_KIND(operand) ((operand) >> 14)
#define ACTIV_OPERAND_INDEX(operand) ((operand)&0x3fff)

/* Scalars may stand, each from its own set of positions, for a or b (sub div lt le), b (add mul min max eq pow), b
 * and c (fma fms fnma select), a (copy sum). */
typedef struct activ_instruction {
    uint8_t op;
    uint8_t scalars; /* bit k: operand k is a scalar */
    uint16_t out;    /* a register */
    uint16_t a, b, c;
} activ_instruction;

/* A setting of a function that a formula calls, of which the value is not known before the call. */
typedef struct activ_program_setting {
    uint16_t call, setting, scalar;
} activ_program_setting;

/* Limits: registers, and scalars made of parameters alone. */
#define ACTIV_PROGRAM_REGISTERS 48
#define ACTIV_PROGRAM_UNIFORMS 64

typedef struct activ_program {
    const activ_instruction *code;
    size_t first;  /* instructions before are run once per call: uniforms */
    size_t count;  /* of all */
    size_t result; /* the register that holds it in the end; 0: x */
    size_t registers;
    int keeps_nan; /* NaN in x might be lost: it is put into the result */
    const float *constants;
    const activ_program_setting *settings;
    size_t setting_count;
} activ_program;

/* What args->object of the kernel points to. */
typedef struct activ_formula_programs {
    activ_program forward;    /* f */
    activ_program derivative; /* f' */
    activ_program gradient;   /* the sums of dy df/dparam, and f' */
    uint32_t params_of;       /* bit k: function k has this function's parameters as its own */
} activ_formula_programs;

#endif
