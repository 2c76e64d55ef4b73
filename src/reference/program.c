/* Formulas in double: see program.h.
 *
 * What is only needed in one half of a `where` is left out of a block all of which takes the other half: neighbours are
 * near each other, and of two exponentials one is enough. */
#include "program.h"

#include <float.h>
#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <activ/expression.h>

#include "entry.h"

enum {
    BLOCK = 256,     /* inputs, at most */
    SCRATCH = 8192,  /* doubles on the stack */
    CONDITIONS = 32, /* of which halves are left out */
    ADDENDS = 1000,  /* |a| + |b|: none of the library's operations */
    NONE = -1
};

/* What is known of a condition in a block. */
enum { ALL_FALSE, ALL_TRUE, MIXED, NOT_NEEDED };

/* An operation. While a program is made, operands and guard are numbers of steps. */
typedef struct step {
    int32_t operation, operand_count;
    int32_t operands[3]; /* registers */
    int32_t out;
    int32_t guard;      /* the half that it is needed in alone, or NONE */
    int32_t condition;  /* as which this step's result is known, or NONE */
    int32_t decided_by; /* of a `where`: the condition, if it is known as one, or NONE */
    double number;
} step;

/* A half of a `where`. */
typedef struct half {
    int32_t condition, taken_if; /* ALL_FALSE or ALL_TRUE */
    int32_t parent;              /* the half that the whole `where` is in, or NONE */
} half;

struct ref_program {
    step *steps;
    size_t count, uniform; /* the first ones do not depend on x */
    size_t registers;
    size_t root_count;
    int32_t *roots; /* registers */
    half halves[2 * CONDITIONS];
    size_t half_count, condition_count;
    double constants[64];
    size_t constant_count;
};

/* ---- making one ------------------------------------------------------------------------------------------ */

typedef struct builder {
    const activ_expression *expression;
    step *steps; /* operands are steps */
    size_t count, room;
    int32_t *roots;
    size_t root_count;
    unsigned char *needed, *varies;
    int32_t *condition_of; /* each step's as a condition */
    ref_program *program;
} builder;

static int32_t add_step(builder *b, int32_t operation, int32_t operand_count, int32_t first, int32_t second,
                        int32_t third)
{
    b->steps[b->count] = (step){ .operation = operation,
                                 .operand_count = operand_count,
                                 .operands = { first, second, third },
                                 .guard = NONE,
                                 .condition = NONE,
                                 .decided_by = NONE };
    return (int32_t)b->count++;
}

/* The sizes of the addends of a step: of a sum, of one times a constant that derivation moved out of it (such constants
 * are from 1/4 to 4), or of one in a half of a `where`. */
static int32_t add_addends(builder *b, int32_t of, int depth)
{
    const step s = b->steps[of];
    if (s.operation == ACTIV_OPERATION_ADD || s.operation == ACTIV_OPERATION_SUB)
        return add_step(b, ADDENDS, 2, s.operands[0], s.operands[1], 0);
    const int is_scaled = s.operation == ACTIV_OPERATION_MUL &&
                          b->steps[s.operands[1]].operation == ACTIV_OPERATION_CONSTANT &&
                          fabs(b->steps[s.operands[1]].number) >= 0.25;
    if (is_scaled && depth > 0) {
        const int32_t sizes = add_addends(b, s.operands[0], depth - 1);
        const int32_t factor = add_step(b, ACTIV_OPERATION_CONSTANT, 0, 0, 0, 0);
        b->steps[factor].number = fabs(b->steps[s.operands[1]].number);
        return add_step(b, ACTIV_OPERATION_MUL, 2, sizes, factor, 0);
    }
    if (s.operation != ACTIV_OPERATION_WHERE || depth == 0)
        return add_step(b, ACTIV_OPERATION_CONSTANT, 0, 0, 0, 0);
    const int32_t first = add_addends(b, s.operands[1], depth - 1), second = add_addends(b, s.operands[2], depth - 1);
    return add_step(b, ACTIV_OPERATION_WHERE, 3, s.operands[0], first, second);
}

static void mark_needed(builder *b)
{
    for (size_t i = 0; i < b->root_count; i++)
        b->needed[b->roots[i]] = 1;
    for (size_t i = b->count; i-- > 0;)
        for (int32_t k = 0; b->needed[i] && k < b->steps[i].operand_count; k++)
            b->needed[b->steps[i].operands[k]] = 1;
    for (size_t i = 0; i < b->count; i++) {
        b->varies[i] = b->steps[i].operation == ACTIV_OPERATION_X;
        for (int32_t k = 0; k < b->steps[i].operand_count; k++)
            b->varies[i] |= b->varies[b->steps[i].operands[k]];
    }
}

/* The half of this step, a `where`; NONE: there are too many, or its condition is the same for all x. */
static int32_t half_of(builder *b, size_t where, int taken_if)
{
    ref_program *p = b->program;
    const int32_t condition = b->steps[where].operands[0];
    if (!b->varies[condition])
        return b->steps[where].guard;
    if (b->condition_of[condition] == NONE) {
        if (p->condition_count == CONDITIONS)
            return b->steps[where].guard;
        b->condition_of[condition] = (int32_t)p->condition_count++;
    }
    const half h = { b->condition_of[condition], taken_if, b->steps[where].guard };
    for (size_t i = 0; i < p->half_count; i++)
        if (memcmp(&p->halves[i], &h, sizeof h) == 0)
            return (int32_t)i;
    if (p->half_count == sizeof p->halves / sizeof p->halves[0])
        return b->steps[where].guard;
    p->halves[p->half_count] = h;
    return (int32_t)p->half_count++;
}

static int depth_of(const ref_program *p, int32_t guard)
{
    int depth = 0;
    for (; guard != NONE; guard = p->halves[guard].parent)
        depth++;
    return depth;
}

/* The innermost half that both are in. */
static int32_t common(const ref_program *p, int32_t a, int32_t b)
{
    int first = depth_of(p, a), second = depth_of(p, b);
    for (; first > second; first--)
        a = p->halves[a].parent;
    for (; second > first; second--)
        b = p->halves[b].parent;
    for (; a != b; a = p->halves[a].parent)
        b = p->halves[b].parent;
    return a;
}

/* Finds in which half each step is needed, from its users. */
static void find_guards(builder *b)
{
    unsigned char *used = calloc(b->count, 1); /* without: everything is always computed */
    for (size_t i = 0; used && i < b->root_count; i++)
        used[b->roots[i]] = 1;
    for (size_t i = b->count; used && i-- > 0;) {
        const step s = b->steps[i];
        for (int32_t k = 0; b->needed[i] && k < s.operand_count; k++) {
            const int32_t operand = s.operands[k];
            const int is_half = s.operation == ACTIV_OPERATION_WHERE && k > 0;
            const int32_t guard = is_half ? half_of(b, i, k == 1 ? ALL_TRUE : ALL_FALSE) : s.guard;
            b->steps[operand].guard = used[operand] ? common(b->program, b->steps[operand].guard, guard) : guard;
            used[operand] = 1;
        }
    }
    free(used);
}

/* Gives each step a register, which it has until it is used for the last time, and writes the program's steps: those
 * that do not depend on x first, whose registers stay. */
static int place_steps(builder *b)
{
    ref_program *p = b->program;
    size_t *last = calloc(b->count, sizeof *last), kept = 0, free_count = 0;
    int32_t *place = calloc(b->count, sizeof *place), *unused = calloc(b->count, sizeof *unused);
    p->steps = calloc(b->count, sizeof *p->steps);
    p->roots = calloc(b->root_count, sizeof *p->roots);
    const int is_whole = last && place && unused && p->steps && p->roots;
    for (size_t i = 0; is_whole && i < b->count; i++)
        for (int32_t k = 0; b->needed[i] && k < b->steps[i].operand_count; k++)
            last[b->steps[i].operands[k]] = i;
    for (size_t i = 0; is_whole && i < b->root_count; i++)
        last[b->roots[i]] = SIZE_MAX;
    for (int varying = 0; is_whole && varying < 2; varying++) {
        for (size_t i = 0; i < b->count; i++) {
            if (!b->needed[i] || b->varies[i] != varying)
                continue;
            step s = b->steps[i];
            if (s.operation == ACTIV_OPERATION_WHERE)
                s.decided_by = b->condition_of[s.operands[0]];
            place[i] = free_count > 0 ? unused[--free_count] : (int32_t)p->registers++;
            for (int32_t k = 0; k < s.operand_count; k++) {
                const int32_t operand = s.operands[k];
                s.operands[k] = place[operand];
                if (varying && b->varies[operand] && last[operand] == i) {
                    unused[free_count++] = place[operand];
                    last[operand] = SIZE_MAX; /* once, where it is both operands */
                }
            }
            s.out = place[i];
            s.guard = varying ? s.guard : NONE;
            s.condition = varying ? b->condition_of[i] : NONE;
            p->steps[kept++] = s;
        }
        if (!varying)
            p->uniform = kept;
    }
    for (size_t i = 0; is_whole && i < b->root_count; i++)
        p->roots[i] = place[b->roots[i]];
    p->count = kept;
    p->root_count = b->root_count;
    free(last);
    free(place);
    free(unused);
    return is_whole;
}

/* The numbers that f is made of. */
static void find_constants(builder *b)
{
    unsigned char *marks = calloc(b->count, 1);
    ref_program *p = b->program;
    if (!marks)
        return;
    marks[b->roots[REF_ROOT_F]] = 1;
    for (size_t i = b->count; i-- > 0;) {
        for (int32_t k = 0; marks[i] && k < b->steps[i].operand_count; k++)
            marks[b->steps[i].operands[k]] = 1;
        if (marks[i] && b->steps[i].operation == ACTIV_OPERATION_CONSTANT &&
            p->constant_count < sizeof p->constants / sizeof p->constants[0])
            p->constants[p->constant_count++] = b->steps[i].number;
    }
    free(marks);
}

static void read_steps(builder *b, size_t gradients)
{
    const size_t count = activ_expression_count(b->expression);
    for (size_t i = 0; i < count; i++) {
        activ_operation_info o = ACTIV_OPERATION_INFO_INIT;
        (void)activ_expression_operation(b->expression, i, &o);
        add_step(b, o.operation, o.operand_count, o.operands[0], o.operands[1], o.operands[2]);
        b->steps[i].number = o.number;
    }
    b->roots[REF_ROOT_F] = (int32_t)activ_expression_value(b->expression);
    b->roots[REF_ROOT_D] = (int32_t)activ_expression_derivative(b->expression);
    b->roots[REF_ROOT_ADDENDS] = add_addends(b, b->roots[REF_ROOT_D], 4);
    for (size_t k = 0; k < gradients; k++)
        b->roots[REF_ROOT_GRADIENT + k] = (int32_t)activ_expression_gradient(b->expression, k);
}

ref_program *ref_program_create(const activ_fn *fn, int with_gradients, activ_message *message)
{
    activ_expression *expression;
    if (activ_expression_create(fn, &expression, message) != ACTIV_OK)
        return NULL;
    const size_t gradients = with_gradients ? activ_fn_param_count(fn) / activ_fn_channels(fn) : 0;
    /* Beside the expression's, those of addends: two halves of two halves ... */
    builder b = { .expression = expression, .room = activ_expression_count(expression) + 64 };
    b.root_count = REF_ROOT_GRADIENT + gradients;
    b.steps = calloc(b.room, sizeof *b.steps);
    b.roots = calloc(b.root_count, sizeof *b.roots);
    b.needed = calloc(b.room, 1);
    b.varies = calloc(b.room, 1);
    b.condition_of = calloc(b.room, sizeof *b.condition_of);
    b.program = calloc(1, sizeof *b.program);
    int is_whole = b.steps && b.roots && b.needed && b.varies && b.condition_of && b.program;
    if (is_whole) {
        for (size_t i = 0; i < b.room; i++)
            b.condition_of[i] = NONE;
        read_steps(&b, gradients);
        mark_needed(&b);
        find_guards(&b);
        find_constants(&b);
        is_whole = place_steps(&b);
    }
    free(b.steps);
    free(b.roots);
    free(b.needed);
    free(b.varies);
    free(b.condition_of);
    activ_expression_destroy(expression);
    /* Three arrays of at least one element for each register. */
    const int is_large = is_whole && 3 * b.program->registers > SCRATCH;
    if (is_whole && !is_large)
        return b.program;
    ref_program_destroy(b.program);
    if (message)
        *message = (activ_message){ "" };
    if (message)
        strcpy(message->text, is_large ? "too many values at a time" : "no memory");
    return NULL;
}

void ref_program_destroy(ref_program *program)
{
    if (!program)
        return;
    free(program->steps);
    free(program->roots);
    free(program);
}

size_t ref_program_count(const ref_program *program)
{
    return program->count;
}

size_t ref_program_constants(const ref_program *program, double *out, size_t room)
{
    const size_t count = program->constant_count < room ? program->constant_count : room;
    memcpy(out, program->constants, count * sizeof *out);
    return count;
}

/* ---- values ---------------------------------------------------------------------------------------------- */

static inline double log1p_of(double t)
{
    if (fabs(t) < 0x1p-10)
        return t * (1.0 - t * (1.0 / 2 - t * (1.0 / 3 - t * (1.0 / 4 - t * (1.0 / 5)))));
    return log1p(t);
}

/* Half of all floats are so small that a series is enough: in a loop without branches, if a whole block is. */
static int are_small(size_t n, const double *a)
{
    int is_small = 1;
    for (size_t i = 0; i < n; i++)
        is_small &= ref_is_small(a[i]);
    return is_small;
}

static void exps(size_t n, double *restrict out, const double *a)
{
    const int is_small = are_small(n, a);
    for (size_t i = 0; is_small && i < n; i++)
        out[i] = ref_exp_series(a[i]);
    for (size_t i = 0; !is_small && i < n; i++)
        out[i] = ref_exp(a[i]);
}

static void expm1s(size_t n, double *restrict out, const double *a)
{
    const int is_small = are_small(n, a);
    for (size_t i = 0; is_small && i < n; i++)
        out[i] = ref_expm1_series(a[i]);
    for (size_t i = 0; !is_small && i < n; i++)
        out[i] = ref_expm1(a[i]);
}

static inline double sign_of(double v)
{
    return v > 0.0 ? 1.0 : v < 0.0 ? -1.0 : v;
}

#define EACH(value)                \
    for (size_t i = 0; i < n; i++) \
        out[i] = (value);          \
    break

/* `known`: what is known of the condition of a `where`. */
static void compute(const step *s, int known, size_t n, double *restrict out, const double *a, const double *b,
                    const double *c)
{
    switch (s->operation) {
    case ACTIV_OPERATION_CONSTANT:
        EACH(s->number);
    case ACTIV_OPERATION_NEG:
        EACH(-a[i]);
    case ACTIV_OPERATION_ABS:
        EACH(fabs(a[i]));
    case ACTIV_OPERATION_SIGN:
        EACH(sign_of(a[i]));
    case ACTIV_OPERATION_SQRT:
        EACH(sqrt(a[i]));
    case ACTIV_OPERATION_EXP:
        exps(n, out, a);
        break;
    case ACTIV_OPERATION_EXPM1:
        expm1s(n, out, a);
        break;
    case ACTIV_OPERATION_LOG:
        EACH(log(a[i]));
    case ACTIV_OPERATION_LOG1P:
        EACH(log1p_of(a[i]));
    case ACTIV_OPERATION_SIN:
        EACH(sin(a[i]));
    case ACTIV_OPERATION_COS:
        EACH(cos(a[i]));
    case ACTIV_OPERATION_TAN:
        EACH(tan(a[i]));
    case ACTIV_OPERATION_SINH:
        EACH(sinh(a[i]));
    case ACTIV_OPERATION_COSH:
        EACH(cosh(a[i]));
    case ACTIV_OPERATION_ATAN:
        EACH(atan(a[i]));
    case ACTIV_OPERATION_ASINH:
        EACH(asinh(a[i]));
    case ACTIV_OPERATION_ERF:
        EACH(erf(a[i]));
    case ACTIV_OPERATION_ERFC:
        EACH(erfc(a[i]));
    case ACTIV_OPERATION_GAUSS:
        EACH(ref_exp(-a[i] * a[i]));
    case ACTIV_OPERATION_NOT:
        EACH(a[i] == 0.0);
    case ACTIV_OPERATION_ADD:
        EACH(a[i] + b[i]);
    case ACTIV_OPERATION_SUB:
        EACH(a[i] - b[i]);
    case ADDENDS:
        EACH(fabs(a[i]) + fabs(b[i]));
    case ACTIV_OPERATION_MUL:
        EACH(a[i] * b[i]);
    case ACTIV_OPERATION_SCALE:
        EACH(a[i] == 0.0 ? 0.0 : a[i] * b[i]);
    case ACTIV_OPERATION_DIV:
        EACH(a[i] / b[i]);
    case ACTIV_OPERATION_POW:
        EACH(pow(a[i], b[i]));
    case ACTIV_OPERATION_MIN:
        EACH(a[i] < b[i] || isnan(a[i]) ? a[i] : b[i]);
    case ACTIV_OPERATION_MAX:
        EACH(a[i] > b[i] || isnan(a[i]) ? a[i] : b[i]);
    case ACTIV_OPERATION_LT:
        EACH(a[i] < b[i]);
    case ACTIV_OPERATION_LE:
        EACH(a[i] <= b[i]);
    case ACTIV_OPERATION_EQ:
        EACH(a[i] == b[i]);
    case ACTIV_OPERATION_AND:
        EACH(a[i] != 0.0 && b[i] != 0.0);
    case ACTIV_OPERATION_OR:
        EACH(a[i] != 0.0 || b[i] != 0.0);
    case ACTIV_OPERATION_WHERE:
        if (known == ALL_TRUE || known == ALL_FALSE) {
            memcpy(out, known == ALL_TRUE ? b : c, n * sizeof *out);
            break;
        }
        EACH(a[i] != 0.0 ? b[i] : c[i]);
    default: /* of a newer library */
        EACH((double)NAN);
    }
}
#undef EACH

/* ---- bounds ---------------------------------------------------------------------------------------------- */

/* A value, what it may be off by, and the size of its terms. */
typedef struct bounded {
    double v, e, s;
} bounded;

#define LIBM 0x1p-50 /* what a function of the C library may be off by, relatively */

/* f(a), with |f'| near a at most `slope`, and the rounding of f's value. An argument whose terms cancel passes their
 * sizes on. */
static bounded through(bounded a, double v, double slope, double rounding)
{
    const double cancelled = a.s > REF_CANCELS * fabs(a.v) ? slope * a.s : 0.0;
    return (bounded){ v, (a.e == 0.0 ? 0.0 : slope * a.e) + rounding, fmax(fabs(v), cancelled) };
}

static bounded by_libm(bounded a, double v, double slope)
{
    return through(a, v, slope, LIBM * fabs(v));
}

/* |a| as near to 0, and as far, as it may be. */
static double nearest(bounded a)
{
    return fmax(fabs(a.v) - a.e, 0.0);
}

static double farthest(bounded a)
{
    return fabs(a.v) + a.e;
}

/* What a sum, a product and a quotient are rounded by; and a square root. */
static double rounding_of_sum(double a, double b, double v)
{
    const double back = v - a;
    return fabs((a - (v - back)) + (b - back));
}

static double rounding_of_product(double a, double b, double v)
{
    return fabs(fma(a, b, -v));
}

static double rounding_of_quotient(double a, double b, double v)
{
    return fabs(fma(v, b, -a) / b);
}

static double rounding_of_root(double a, double v)
{
    return a == 0.0 ? 0.0 : fabs(fma(v, v, -a) / (2.0 * v));
}

static bounded truth(double v, int is_undecided)
{
    return (bounded){ v, is_undecided ? 1.0 : 0.0, v };
}

/* By how much float32 may have it otherwise: not at all, where the value is one. */
static double off_in_single(bounded a)
{
    return a.e == 0.0 && a.v == (double)(float)a.v ? 0.0 : 0x1p-22 * a.s + 0x1p30 * a.e;
}

static int is_undecided(bounded a, bounded b)
{
    const double off = off_in_single(a) + off_in_single(b);
    return off > 0.0 && !(fabs(a.v - b.v) > off);
}

static bounded sum(bounded a, bounded b, double second, double v)
{
    return (bounded){ v, a.e + b.e + rounding_of_sum(a.v, second, v), a.s + b.s };
}

static bounded product(bounded a, bounded b, double v)
{
    const double e = (a.e > 0.0 ? a.e * fabs(b.v) : 0.0) + (b.e > 0.0 ? b.e * fabs(a.v) : 0.0) + a.e * b.e;
    return (bounded){ v, e + rounding_of_product(a.v, b.v, v), fmax(a.s * fabs(b.v), b.s * fabs(a.v)) };
}

static bounded quotient(bounded a, bounded b, double v)
{
    const double e = a.e + (b.e > 0.0 ? fabs(v) * b.e : 0.0);
    return (bounded){ v, (e > 0.0 ? e / nearest(b) : 0.0) + rounding_of_quotient(a.v, b.v, v),
                      fmax(a.s, fabs(v) * b.s) / fabs(b.v) };
}

static bounded extreme(bounded chosen, bounded other)
{
    if (fabs(chosen.v - other.v) <= chosen.e + other.e)
        chosen.e = fmax(chosen.e, other.e);
    return chosen;
}

static bounded power(bounded a, bounded b, double v)
{
    if (a.e == 0.0 && b.e == 0.0)
        return by_libm(a, v, a.s > REF_CANCELS * fabs(a.v) ? fabs(v * b.v / a.v) : 0.0);
    const double near = nearest(a), by_base = near > 0.0 ? fabs(b.v) / near : INF;
    const double relative = (a.e > 0.0 ? by_base * a.e : 0.0) + (b.e > 0.0 ? fabs(log(fabs(a.v))) * b.e : 0.0);
    const double cancelled = a.s > REF_CANCELS * fabs(a.v) ? fabs(v) * by_base * a.s : 0.0;
    return (bounded){ v, (relative <= 0.25 ? 2.0 * relative + LIBM : INF) * fabs(v), fmax(fabs(v), cancelled) };
}

/* The bound of an operation whose value is v. */
static bounded bound_of(const step *s, double v, bounded a, bounded b, bounded c)
{
    const double size = fabs(v), near = nearest(a), far = farthest(a);
    switch (s->operation) {
    case ACTIV_OPERATION_CONSTANT:
    case ACTIV_OPERATION_PARAM:
    case ACTIV_OPERATION_X:
        return (bounded){ v, 0.0, size };
    case ACTIV_OPERATION_NEG:
    case ACTIV_OPERATION_ABS:
        return (bounded){ v, a.e, a.s };
    case ACTIV_OPERATION_SIGN:
        return (bounded){ v, is_undecided(a, (bounded){ 0.0, 0.0, 0.0 }) ? 2.0 : 0.0, size };
    case ACTIV_OPERATION_SQRT:
        return through(a, v, 0.5 / sqrt(near), rounding_of_root(a.v, v));
    case ACTIV_OPERATION_EXP:
    case ACTIV_OPERATION_EXPM1:
        return by_libm(a, v, ref_exp(a.v + a.e));
    case ACTIV_OPERATION_LOG:
        return by_libm(a, v, 1.0 / near);
    case ACTIV_OPERATION_LOG1P:
        return by_libm(a, v, 1.0 / fmax(1.0 + a.v - a.e, 0.0));
    case ACTIV_OPERATION_SIN:
    case ACTIV_OPERATION_COS:
        return by_libm(a, v, 1.0);
    case ACTIV_OPERATION_TAN: /* at most twice as steep, while the argument moves by less than this */
        return by_libm(a, v, a.e * (1.0 + size) <= 0.25 ? 2.0 * (1.0 + v * v) : INF);
    case ACTIV_OPERATION_SINH:
    case ACTIV_OPERATION_COSH:
        return by_libm(a, v, cosh(far));
    case ACTIV_OPERATION_ATAN:
        return by_libm(a, v, 1.0 / (1.0 + near * near));
    case ACTIV_OPERATION_ASINH:
        return by_libm(a, v, 1.0 / sqrt(1.0 + near * near));
    case ACTIV_OPERATION_ERF:
    case ACTIV_OPERATION_ERFC:
        return by_libm(a, v, 1.13 * ref_exp(-near * near));
    case ACTIV_OPERATION_GAUSS: /* and the rounding of the square */
        return through(a, v, 2.0 * fmin(far, 1e3) * ref_exp(-near * near),
                       (LIBM + 0x1p-53 * fmin(a.v * a.v, 1e4)) * size);
    case ACTIV_OPERATION_NOT:
        return truth(v, a.e > 0.0);
    case ACTIV_OPERATION_ADD:
        return sum(a, b, b.v, v);
    case ACTIV_OPERATION_SUB:
        return sum(a, b, -b.v, v);
    case ACTIV_OPERATION_SCALE:
        return a.v == 0.0 && a.e == 0.0 ? (bounded){ 0.0, 0.0, 0.0 } : product(a, b, v);
    case ACTIV_OPERATION_MUL:
        return product(a, b, v);
    case ACTIV_OPERATION_DIV:
        return quotient(a, b, v);
    case ACTIV_OPERATION_POW:
        return power(a, b, v);
    case ACTIV_OPERATION_MIN:
        return a.v < b.v ? extreme(a, b) : extreme(b, a);
    case ACTIV_OPERATION_MAX:
        return a.v > b.v ? extreme(a, b) : extreme(b, a);
    case ACTIV_OPERATION_LT:
    case ACTIV_OPERATION_LE:
    case ACTIV_OPERATION_EQ:
        return truth(v, is_undecided(a, b));
    case ACTIV_OPERATION_AND:
    case ACTIV_OPERATION_OR:
        return truth(v, a.e > 0.0 || b.e > 0.0);
    case ACTIV_OPERATION_WHERE:
        if (a.e > 0.0)
            return (bounded){ v, fmax(b.e, c.e) + fabs(b.v - c.v), fmax(b.s, c.s) };
        return a.v != 0.0 ? b : c;
    default: /* what is not bounded, or is of a newer library */
        return (bounded){ v, INF, size };
    }
}

/* ---- running --------------------------------------------------------------------------------------------- */

typedef struct run {
    const ref_program *program;
    const double *params;
    size_t n, room; /* elements of this block, and of each register */
    const double *x;
    double *values, *errors, *sizes; /* registers; errors NULL: values alone */
    int known[CONDITIONS];
} run;

static bounded operand(const run *r, const step *s, int k, size_t i)
{
    if (k >= s->operand_count)
        return (bounded){ 0.0, 0.0, 0.0 };
    const size_t at = (size_t)s->operands[k] * r->room + i;
    return (bounded){ r->values[at], r->errors[at], r->sizes[at] };
}

/* An infinity comes of an overflow of double, and is as good as exact: unless it is a pole, which may be elsewhere, or
 * something brings what overflowed back. */
static int is_lost(const step *s, double v, bounded a, bounded b)
{
    const double least = 0x1p-64; /* times infinity */
    switch (s->operation) {
    case ACTIV_OPERATION_LOG:
    case ACTIV_OPERATION_LOG1P:
    case ACTIV_OPERATION_SQRT:
    case ACTIV_OPERATION_ASINH:
        return isinf(a.v) || (isinf(v) && a.e > 0.0);
    case ACTIV_OPERATION_POW:
        return isinf(a.v) || isinf(b.v) || (isinf(v) && (a.e > 0.0 || b.e > 0.0));
    case ACTIV_OPERATION_MUL:
    case ACTIV_OPERATION_SCALE:
        return (isinf(a.v) && fabs(b.v) < least) || (isinf(b.v) && fabs(a.v) < least);
    case ACTIV_OPERATION_DIV:
        return (isinf(a.v) && fabs(b.v) > 1.0 / least) || (isinf(v) && b.e > 0.0 && !isinf(a.v));
    default:
        return 0;
    }
}

/* What has underflowed is not exactly 0. */
static double error_of_underflow(const step *s, double v, bounded a, bounded b)
{
    const int is_product = s->operation == ACTIV_OPERATION_MUL || s->operation == ACTIV_OPERATION_SCALE;
    const int first_is_zero = a.v == 0.0 && a.e == 0.0, second_is_zero = b.v == 0.0 && b.e == 0.0;
    const int may_underflow = s->operation == ACTIV_OPERATION_EXP || s->operation == ACTIV_OPERATION_GAUSS ||
                              s->operation == ACTIV_OPERATION_ERFC || s->operation == ACTIV_OPERATION_POW ||
                              (s->operation == ACTIV_OPERATION_DIV && !first_is_zero) ||
                              (is_product && !first_is_zero && !second_is_zero);
    return may_underflow && fabs(v) < 0x1p-960 ? 0x1p-960 : 0.0;
}

static void find_bounds(const run *r, const step *s, int known)
{
    const size_t out = (size_t)s->out * r->room;
    const bounded none = { 0.0, 0.0, 0.0 };
    for (size_t i = 0; i < r->n; i++) {
        const double v = r->values[out + i];
        const bounded a = operand(r, s, 0, i), b = known == ALL_FALSE ? none : operand(r, s, 1, i);
        const bounded c = known == ALL_TRUE ? none : operand(r, s, 2, i), value = bound_of(s, v, a, b, c);
        const int is_open = isnan(v) || is_lost(s, v, a, b) || (!isinf(v) && isnan(value.e));
        r->errors[out + i] = is_open ? INF : isinf(v) ? 0.0 : value.e + error_of_underflow(s, v, a, b);
        r->sizes[out + i] = isnan(value.s) ? INF : value.s;
    }
}

/* What is known of a condition; where it may be undecided, nothing. */
static int look(const run *r, const step *s)
{
    const double *v = r->values + (size_t)s->out * r->room;
    const double *e = r->errors ? r->errors + (size_t)s->out * r->room : NULL;
    size_t is_true = 0, is_open = 0;
    for (size_t i = 0; i < r->n; i++) {
        is_true += v[i] != 0.0;
        is_open += e && e[i] > 0.0;
    }
    return is_open > 0 ? MIXED : is_true == 0 ? ALL_FALSE : is_true == r->n ? ALL_TRUE : MIXED;
}

static int is_needed(const run *r, const step *s)
{
    for (int32_t g = s->guard; g != NONE; g = r->program->halves[g].parent) {
        const half *h = &r->program->halves[g];
        const int known = r->known[h->condition];
        if (known != MIXED && known != h->taken_if)
            return 0;
    }
    return 1;
}

static void run_step(run *r, const step *s)
{
    double *v = r->values;
    const size_t room = r->room;
    if (!is_needed(r, s)) {
        if (s->condition != NONE)
            r->known[s->condition] = NOT_NEEDED;
        return;
    }
    double *out = v + (size_t)s->out * room;
    const int known = s->decided_by != NONE ? r->known[s->decided_by] : MIXED;
    if (s->operation == ACTIV_OPERATION_X)
        memcpy(out, r->x, r->n * sizeof *out);
    else if (s->operation == ACTIV_OPERATION_PARAM)
        for (size_t i = 0; i < r->n; i++)
            out[i] = r->params[(size_t)s->number];
    else
        compute(s, known, r->n, out, v + (size_t)s->operands[0] * room, v + (size_t)s->operands[1] * room,
                v + (size_t)s->operands[2] * room);
    if (r->errors)
        find_bounds(r, s, known);
    if (s->condition != NONE)
        r->known[s->condition] = look(r, s);
}

static void run_all(const ref_program *p, const double *params, size_t n, const double *x, double *const *out,
                    size_t outs, double *const *error, double *const *size)
{
    double scratch[SCRATCH];
    const size_t arrays = error ? 3 : 1, whole = SCRATCH / (arrays * p->registers);
    run r = { .program = p, .params = params, .room = whole < BLOCK ? whole : BLOCK, .values = scratch };
    if (r.room > n)
        r.room = n;
    if (error) {
        r.errors = scratch + p->registers * r.room;
        r.sizes = r.errors + p->registers * r.room;
    }
    for (size_t at = 0; at < n; at += r.n) {
        r.n = n - at < r.room ? n - at : r.room;
        r.x = x + at;
        for (size_t k = 0; k < CONDITIONS; k++)
            r.known[k] = MIXED;
        for (size_t i = at == 0 ? 0 : p->uniform; i < p->count; i++)
            run_step(&r, &p->steps[i]);
        for (size_t k = 0; k < outs; k++) {
            const size_t from = (size_t)p->roots[k] * r.room;
            memcpy(out[k] + at, r.values + from, r.n * sizeof(double));
            if (error)
                memcpy(error[k] + at, r.errors + from, r.n * sizeof(double));
            if (size)
                memcpy(size[k] + at, r.sizes + from, r.n * sizeof(double));
        }
    }
}

void ref_program_run(const ref_program *program, const double *params, size_t n, const double *x, double *const *out)
{
    run_all(program, params, n, x, out, program->root_count, NULL, NULL);
}

void ref_program_run_bounded(const ref_program *program, const double *params, size_t n, const double *x,
                             double *const *out, double *const *error, double *const *size)
{
    run_all(program, params, n, x, out, 2, error, size);
}
