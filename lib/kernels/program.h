/* The program of a formula: what formula/ compiles and each tier's kernel (kernels/formula.c) runs, one operation
 * of the vocabulary at a time on blocks of elements. */
#ifndef ACTIV_KERNELS_PROGRAM_H
#define ACTIV_KERNELS_PROGRAM_H

#include <stddef.h>
#include <stdint.h>

/* Each rounds once, or is as accurate as simd/math.h says. Comparisons give 1 or 0; min and max give NaN for NaN. */
#define ACTIV_PROGRAM_UNARY(X)                    \
    X(neg)                                        \
    X(abs)                                        \
    X(sqrt)                                       \
    X(sign)                                       \
    X(not )                                       \
    X(exp)                                        \
    X(expm1)                                      \
    X(log)                                        \
    X(log1p)                                      \
    X(sin)                                        \
    X(cos)                                        \
    X(sine) /* where the cosine is needed, too */ \
    X(tan)                                        \
    X(sinh)                                       \
    X(cosh)                                       \
    X(atan)                                       \
    X(asinh)                                      \
    X(erf)                                        \
    X(erfc)                                       \
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
    ACTIV_OP_sincos,  /* sine and cos of a, in `out` and c */
    ACTIV_OP_copy,    /* a scalar to all elements */
    ACTIV_OP_channel, /* parameter c, that of each element's channel */
    ACTIV_OP_uniform, /* the first element of a becomes the scalar `out` */
    ACTIV_OP_sum,     /* adds dy a to the sum of parameter c */
    ACTIV_OP_COUNT
};

/* A program works in an array of floats: registers, each with a block's elements, and after them scalars: constants,
 * parameters, and what is made of them once per call. An operand is where it is in that array; 0 is x, which is in the
 * caller's array (and where the last elements are padded, in register 0).
 *
 * Scalars may stand for a or b (sub div lt le), b (add mul min max eq pow), b and c (fma fms fnma select), a (copy
 * sum). */
typedef struct activ_instruction {
    uint8_t op;
    uint8_t scalars; /* bit k: operand k is a scalar */
    uint16_t out;
    uint16_t a, b, c;
} activ_instruction;

/* A setting of a function that a formula calls, of which the value is not known before the call. */
typedef struct activ_program_setting {
    uint16_t call, setting, scalar;
} activ_program_setting;

/* Floats that a program may take of the stack. There is less beside functions of vectors of parameters, which need
 * some themselves, still less beside the sums of the gradients of more than a few parameters (fn/sums.c), and below
 * moe, whose expert it is, least. The test `stack` has the figures. */
#define ACTIV_PROGRAM_FLOATS 2368
#define ACTIV_PROGRAM_FLOATS_BESIDE_CALLS 1664
#define ACTIV_PROGRAM_FLOATS_BESIDE_SUMS 896
#define ACTIV_PROGRAM_FLOATS_OF_EXPERT 640

/* Elements of a block are a multiple of this, which no pair of vectors exceeds. */
#define ACTIV_PROGRAM_BLOCK 32
#define ACTIV_PROGRAM_LONGEST_BLOCK 512
#define ACTIV_PROGRAM_REGISTERS 64

typedef struct activ_program {
    const activ_instruction *code;
    size_t first;   /* instructions before are run once per call, on one block's first elements */
    size_t count;   /* of all */
    size_t result;  /* where it is in the end; 0: x */
    size_t block;   /* elements */
    size_t scalars; /* where they start: constants, then parameters */
    size_t floats;  /* that it takes, at most: one of those above */
    const float *constants;
    size_t constant_count;
    const uint16_t *params; /* their numbers */
    size_t param_count;
    int copies_x;  /* x is read so often that an unaligned one is copied */
    int keeps_nan; /* NaN in x might be lost: it is put into the result */
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
