/* Runs the program of a formula (kernels/program.h): block by block, so that its registers stay in the L1 cache, and
 * operation by operation, each a loop over the block. Blocks are padded to whole vectors; what is padded is computed
 * from 1, and lost.
 *
 * A unit of its own, as unit.c is, and by its rules, as it is compiled with other flags (cmake/Tiers.cmake). */
#include "kernels/kernels.h"
#include "kernels/program.h"
#include "simd/blocks.h"
#include "simd/elementary.h"

/* Vectors come in pairs. */
#define FORMULA_STRIP (V_LANES > 1 ? 2 * V_LANES : 1)

typedef struct formula_run {
    const activ_program *program;
    const activ_fn_args *args;
    float *work; /* registers and scalars */

    /* The current block. */
    size_t at, count;
    const float *x, *dy;
    const float *times; /* dy, if the last operation is to multiply by it */

    activ_lanes *lanes;
    size_t first, sums; /* parameters in this pass */
} formula_run;

V_INLINE const float *formula_at(const formula_run *r, uint16_t operand)
{
    return operand == 0 ? r->x : r->work + operand;
}

/* The result of one vector, from f or, for a derivative, from f', which is 0 whatever dy is where it is 0. */
V_INLINE vf formula_result(vf value, vf x, vf w, const int times, const int is_slope, const int keeps_nan)
{
    if (is_slope)
        w = v_sel(v_eq(value, v_set(0.0f)), v_set(0.0f), w);
    if (times)
        value = V_LANES > 1 ? v_mul_subnormal(w, value) : v_mul(w, value); /* the same bits */
    return keeps_nan ? v_sel(v_nan(x), x, value) : value;
}

/* ---- loops ---------------------------------------------------------------------------------- */

/* Of an expression of A, B and C, the operands' vectors; n is a multiple of a strip. */
#define FORMULA_LOOP(expression)            \
    for (size_t k = 0; k < n; k += V_LANES) \
        v_store(out + k, expression);       \
    break

/* Of one operation, where a loop's own instructions count. */
#define FORMULA_FAST(expression)              \
    for (size_t k = 0; k < n; k += V_LANES) { \
        v_store(out + k, expression);         \
        if (V_LANES > 1) {                    \
            k += V_LANES;                     \
            v_store(out + k, expression);     \
        }                                     \
    }                                         \
    break

/* Of those with which derivatives often end: the result times dy, if that is wanted. */
V_INLINE int formula_multiplies(int op)
{
    return op == ACTIV_OP_add || op == ACTIV_OP_mul || op == ACTIV_OP_div || op == ACTIV_OP_fma;
}
#define FORMULA_LAST(expression)                                                                      \
    if (out == last && r->times) {                                                                    \
        for (size_t k = 0; k < n; k += V_LANES)                                                       \
            v_store(out + k, formula_result(expression, v_set(0.0f), v_load(r->times + k), 1, 1, 0)); \
        break;                                                                                        \
    }                                                                                                 \
    FORMULA_FAST(expression)

#define A v_load(a + k)
#define B v_load(b + k)
#define C v_load(c + k)
#define FORMULA_UNARY(operation) FORMULA_LOOP(operation(A))

/* The scalar, if there is one, is second. */
#define FORMULA_TWO(operation, loop) \
    {                                \
        if (scalars) {               \
            const vf s = v_set(*b);  \
            loop(operation(A, s));   \
        }                            \
        loop(operation(A, B));       \
    }
#define FORMULA_COMMUTATIVE(operation) FORMULA_TWO(operation, FORMULA_FAST)

#define FORMULA_BINARY(operation, loop) \
    {                                   \
        if (scalars == 1) {             \
            const vf s = v_set(*a);     \
            loop(operation(s, B));      \
        }                               \
        FORMULA_TWO(operation, loop)    \
    }

#define FORMULA_TERNARY(operation, loop)       \
    {                                          \
        const float *c = formula_at(r, i->c);  \
        const vf s = v_set(*b), t = v_set(*c); \
        if (scalars == 6) {                    \
            loop(operation(A, s, t));          \
        }                                      \
        if (scalars == 2) {                    \
            loop(operation(A, s, C));          \
        }                                      \
        if (scalars == 4) {                    \
            loop(operation(A, B, t));          \
        }                                      \
        loop(operation(A, B, C));              \
    }

#define FORMULA_LT(x, y) e_truth(v_lt(x, y))
#define FORMULA_LE(x, y) e_truth(v_le(x, y))
#define FORMULA_EQ(x, y) e_truth(v_eq(x, y))
#define FORMULA_AND(x, y) e_truth(m_and(e_is_true(x), e_is_true(y)))
#define FORMULA_OR(x, y) e_truth(m_or(e_is_true(x), e_is_true(y)))
#define FORMULA_NOT(x) e_truth(v_eq(x, v_set(0.0f)))
#define FORMULA_SELECT(x, y, z) v_sel(e_is_true(x), y, z)
#define FORMULA_FMS(x, y, z) v_fma(x, y, v_neg(z))
#define FORMULA_FNMA(x, y, z) v_fnma(x, y, z)

/* Angles are interleaved, the last vector repeated where there are fewer. */
V_INLINE void formula_load_angles(size_t k, size_t n, const float *a, vf *x, vf *low)
{
    for (size_t j = 0; j < V_INTERLEAVE; j++) {
        const size_t at = k + j * V_LANES;
        x[j] = v_load(a + (at < n ? at : n - V_LANES));
        low[j] = v_set(0.0f);
    }
}

static V_NOINLINE void formula_sin(size_t n, const float *a, float *out)
{
    vf x[V_INTERLEAVE], low[V_INTERLEAVE], sine[V_INTERLEAVE];
    for (size_t k = 0; k < n; k += V_INTERLEAVE * V_LANES) {
        formula_load_angles(k, n, a, x, low);
        v_sine(x, low, sine);
        for (size_t j = 0; j < V_INTERLEAVE && k + j * V_LANES < n; j++)
            v_store(out + k + j * V_LANES, sine[j]);
    }
}

/* sine and cosine, of which one may be NULL; with `tangent`, to the first, their quotient. */
static V_NOINLINE void formula_sincos(size_t n, const float *a, float *sines, float *cosines, int tangent)
{
    vf x[V_INTERLEAVE], low[V_INTERLEAVE], sine[V_INTERLEAVE], cosine[V_INTERLEAVE];
    for (size_t k = 0; k < n; k += V_INTERLEAVE * V_LANES) {
        formula_load_angles(k, n, a, x, low);
        v_sincos(x, low, sine, cosine);
        for (size_t j = 0; j < V_INTERLEAVE && k + j * V_LANES < n; j++) {
            if (sines)
                v_store(sines + k + j * V_LANES, tangent ? v_div(sine[j], cosine[j]) : sine[j]);
            if (cosines)
                v_store(cosines + k + j * V_LANES, cosine[j]);
        }
    }
}

/* The functions that are computed in double, or rarely: one loop each, out of the way. */
static V_NOINLINE void formula_rare(int op, size_t n, const float *a, const float *b, int scalars, float *out)
{
    switch (op) {
    case ACTIV_OP_sin:
        formula_sin(n, a, out);
        break;
    case ACTIV_OP_cos:
        formula_sincos(n, a, NULL, out, 0);
        break;
    case ACTIV_OP_sine:
        formula_sincos(n, a, out, NULL, 0);
        break;
    case ACTIV_OP_tan:
        formula_sincos(n, a, out, NULL, 1);
        break;
    case ACTIV_OP_expm1:
        FORMULA_UNARY(e_expm1);
    case ACTIV_OP_log:
        FORMULA_UNARY(e_log);
    case ACTIV_OP_log1p:
        FORMULA_UNARY(e_log1p);
    case ACTIV_OP_sinh:
        FORMULA_UNARY(e_sinh);
    case ACTIV_OP_cosh:
        FORMULA_UNARY(e_cosh);
    case ACTIV_OP_atan:
        FORMULA_UNARY(e_atan);
    case ACTIV_OP_asinh:
        FORMULA_UNARY(e_asinh);
    case ACTIV_OP_erf:
        FORMULA_UNARY(e_erf);
    case ACTIV_OP_erfc:
        FORMULA_UNARY(e_erfc);
    case ACTIV_OP_gauss:
        FORMULA_UNARY(e_gauss);
    default:
        FORMULA_LOOP(e_pow(A, scalars ? v_set(*b) : B));
    }
}

static const float formula_ones[ACTIV_PROGRAM_LONGEST_BLOCK] = {
#define ONES8 1, 1, 1, 1, 1, 1, 1, 1
#define ONES64 ONES8, ONES8, ONES8, ONES8, ONES8, ONES8, ONES8, ONES8
    ONES64, ONES64, ONES64, ONES64, ONES64, ONES64, ONES64, ONES64
#undef ONES64
#undef ONES8
};

/* A function of the catalog, or its derivative, with the settings that are known now. */
static V_NOINLINE void formula_call(const formula_run *r, const activ_instruction *i, size_t n, const float *a,
                                    float *out)
{
    const activ_fn_component *component = &r->args->components[i->b];
    const activ_formula_programs *all = r->args->object;
    const activ_program *p = r->program;
    activ_fn_args args = component->args;
    float values[ACTIV_FN_SETTINGS];
    int own_values = 0;
    for (size_t k = 0; k < p->setting_count; k++) {
        if (p->settings[k].call != i->b)
            continue;
        if (!own_values)
            memcpy(values, args.setting_values, sizeof values);
        own_values = 1;
        values[p->settings[k].setting] = r->work[p->settings[k].scalar];
    }
    if (all->params_of >> i->b & 1) {
        args.params = r->args->params;
        memcpy(values, args.setting_values, component->scalars > 0 ? sizeof values : 0);
        for (size_t k = 0; k < component->scalars; k++)
            values[args.scalar_settings[k]] = args.params[k];
        own_values = component->scalars > 0;
    }
    if (own_values)
        args.setting_values = values;
    if (i->op == ACTIV_OP_call)
        component->kernel->forward(&args, n, a, out);
    else
        component->kernel->backward(&args, 0, 0, n, a, formula_ones, out, NULL);
}

/* dy a, summed; 0 where a is, whatever dy is. */
static V_NOINLINE void formula_sum(const formula_run *r, const activ_instruction *i, const float *a)
{
    if (i->c < r->first || i->c >= r->first + r->sums)
        return;
    double *to = r->lanes[i->c - r->first];
    vsum sum = v_sum_load(to);
    for (size_t at = 0; at < r->count; at += V_BLOCK)
        for (size_t j = 0; j < V_PER_BLOCK; j++) {
            const size_t lanes = v_active_lanes(r->count - at, j), k = at + j * V_LANES;
            if (lanes == 0)
                break;
            vf factor = v_load_lanes(r->dy + k, lanes), slope = i->scalars ? v_set(*a) : A;
            if (lanes < V_LANES)
                slope = v_sel(v_first_lanes(lanes), slope, v_set(0.0f));
            factor = v_sel(v_eq(slope, v_set(0.0f)), v_set(0.0f), factor);
            sum.acc[j] = acc_fma(sum.acc[j], factor, slope);
        }
    v_sum_store(to, sum);
}

/* Parameter `which` of each element's channel; of one channel alone it is the same for all. */
static V_NOINLINE void formula_channel(const formula_run *r, size_t which, size_t n, float *out)
{
    const size_t channels = r->args->channels;
    const float *values = r->args->params + (channels > 0 ? which * channels + r->at : which);
    for (size_t k = 0; k < n; k += V_LANES) {
        const size_t lanes = v_active_lanes(r->count > k ? r->count - k : 0, 0);
        const vf one = v_set(1.0f);
        vf value = channels == 0 ? v_set(*values) : lanes > 0 ? v_load_lanes(values + k, lanes) : one;
        v_store(out + k, value);
    }
}

/* Instructions on n elements, whole vectors; the last one's result goes to `last`, if that is not NULL. */
static V_NOINLINE void formula_execute(const formula_run *r, const activ_instruction *i, const activ_instruction *end,
                                       size_t n, float *last)
{
    for (; i < end; i++) {
        const int scalars = i->scalars;
        const float *a = formula_at(r, i->a), *b = formula_at(r, i->b); /* b of a call or a sum is not an operand */
        float *out = i + 1 == end && last ? last : r->work + i->out;
        switch (i->op) {
        case ACTIV_OP_neg:
            FORMULA_UNARY(v_neg);
        case ACTIV_OP_abs:
            FORMULA_UNARY(v_abs);
        case ACTIV_OP_sqrt:
            FORMULA_UNARY(v_sqrt);
        case ACTIV_OP_sign:
            FORMULA_UNARY(e_sign);
        case ACTIV_OP_not:
            FORMULA_UNARY(FORMULA_NOT);
        case ACTIV_OP_exp:
            FORMULA_UNARY(e_exp);
        case ACTIV_OP_add:
            FORMULA_TWO(v_add, FORMULA_LAST)
        case ACTIV_OP_sub:
            FORMULA_BINARY(v_sub, FORMULA_FAST)
        case ACTIV_OP_mul:
            FORMULA_TWO(v_mul, FORMULA_LAST)
        case ACTIV_OP_scale:
            FORMULA_LOOP(e_scale(A, B));
        case ACTIV_OP_div:
            FORMULA_BINARY(v_div, FORMULA_LAST)
        case ACTIV_OP_min:
            FORMULA_COMMUTATIVE(e_min)
        case ACTIV_OP_max:
            FORMULA_COMMUTATIVE(e_max)
        case ACTIV_OP_lt:
            FORMULA_BINARY(FORMULA_LT, FORMULA_FAST)
        case ACTIV_OP_le:
            FORMULA_BINARY(FORMULA_LE, FORMULA_FAST)
        case ACTIV_OP_eq:
            FORMULA_COMMUTATIVE(FORMULA_EQ)
        case ACTIV_OP_and:
            FORMULA_LOOP(FORMULA_AND(A, B));
        case ACTIV_OP_or:
            FORMULA_LOOP(FORMULA_OR(A, B));
        case ACTIV_OP_fma:
            FORMULA_TERNARY(v_fma, FORMULA_LAST)
        case ACTIV_OP_fms:
            FORMULA_TERNARY(FORMULA_FMS, FORMULA_FAST)
        case ACTIV_OP_fnma:
            FORMULA_TERNARY(FORMULA_FNMA, FORMULA_FAST)
        case ACTIV_OP_select:
            FORMULA_TERNARY(FORMULA_SELECT, FORMULA_FAST)
        case ACTIV_OP_copy: {
            const vf s = v_set(*a);
            FORMULA_LOOP(s);
        }
        case ACTIV_OP_call:
        case ACTIV_OP_slope:
            formula_call(r, i, n, a, out);
            break;
        case ACTIV_OP_sincos:
            formula_sincos(n, a, out, r->work + i->c, 0);
            break;
        case ACTIV_OP_channel:
            formula_channel(r, i->c, n, out);
            break;
        case ACTIV_OP_uniform:
            *out = *a;
            break;
        case ACTIV_OP_sum:
            formula_sum(r, i, a);
            break;
        default:
            formula_rare(i->op, n, a, b, scalars >> 1 & 1, out);
            break;
        }
    }
}

#undef A
#undef B
#undef C

/* ---- a call --------------------------------------------------------------------------------- */

/* Scalars, and what is made of them once. */
static V_NOINLINE void formula_prepare(formula_run *r)
{
    const activ_program *p = r->program;
    float *scalar = r->work + p->scalars;
    memcpy(scalar, p->constants, p->constant_count * sizeof *scalar);
    scalar += p->constant_count;
    for (size_t k = 0; k < p->param_count; k++)
        scalar[k] = r->args->params[p->params[k]];
    r->x = r->work;
    if (p->first == 0)
        return;
    for (size_t k = 0; k < FORMULA_STRIP; k++)
        r->work[k] = 1.0f;
    formula_execute(r, p->code, p->code + p->first, FORMULA_STRIP, NULL);
}

/* The last elements of an array, padded to a strip. */
V_INLINE void formula_pad(formula_run *r, const float *x, size_t padded)
{
    for (size_t k = 0; k < padded; k += V_LANES) {
        const size_t lanes = v_active_lanes(r->count > k ? r->count - k : 0, 0);
        vf value = lanes > 0 ? v_load_lanes(x + k, lanes) : v_set(1.0f);
        v_store(r->work + k, lanes < V_LANES ? v_sel(v_first_lanes(lanes), value, v_set(1.0f)) : value);
    }
    r->x = r->work;
}

V_INLINE void formula_finish_block(const formula_run *r, const float *value, const float *w, const int is_slope,
                                   float *out)
{
    const int keeps_nan = r->program->keeps_nan;
    const size_t whole = r->count / V_LANES * V_LANES, lanes = r->count - whole;
    for (size_t k = 0; w && !keeps_nan && k < whole; k += V_LANES)
        v_store(out + k, formula_result(v_load(value + k), v_set(0.0f), v_load(w + k), 1, is_slope, 0));
    for (size_t k = 0; w && keeps_nan && k < whole; k += V_LANES)
        v_store(out + k, formula_result(v_load(value + k), v_load(r->x + k), v_load(w + k), 1, is_slope, 1));
    for (size_t k = 0; !w && k < whole; k += V_LANES)
        v_store(out + k, formula_result(v_load(value + k), v_load(r->x + k), v_set(1.0f), 0, 0, keeps_nan));
    if (lanes > 0)
        v_store_lanes(out + whole, lanes,
                      formula_result(v_load(value + whole), v_load(r->x + whole),
                                     w ? v_load_lanes(w + whole, lanes) : v_set(1.0f), w != NULL, is_slope, keeps_nan));
}

/* The program for all elements. Its result is f: y = f, or w f where w is not NULL; or f', with dy: dx = dy f'. `out`
 * may be x, w or dy, and NULL if only sums are wanted. */
static V_NOINLINE void formula_blocks(formula_run *r, size_t n, const float *x, const float *w, int is_slope,
                                      float *out)
{
    const activ_program *p = r->program;
    /* Does the last operation write to `out` by itself, where blocks are whole, and does it multiply by dy? */
    int is_direct = out && !p->keeps_nan && p->result > 0;
    const int multiplies = is_direct && is_slope && w && formula_multiplies(p->code[p->count - 1].op) &&
                           p->code[p->count - 1].out == p->result;
    is_direct = is_direct && (multiplies || !w);
    formula_prepare(r);
    for (size_t at = 0; at < n; at += p->block) {
        r->at = at;
        r->count = n - at < p->block ? n - at : p->block;
        const size_t padded = (r->count + FORMULA_STRIP - 1) / FORMULA_STRIP * FORMULA_STRIP;
        r->x = x + at;
        r->dy = w ? w + at : NULL;
        if (r->count < padded) {
            formula_pad(r, x + at, padded);
        } else if (p->copies_x && V_LANES >= 16 && (uintptr_t)r->x % (V_LANES * sizeof *x) != 0) {
            for (size_t k = 0; k < padded; k += V_LANES)
                v_store(r->work + k, v_load(r->x + k));
            r->x = r->work;
        }
        const int direct = is_direct && r->count == padded;
        r->times = direct && multiplies ? r->dy : NULL;
        formula_execute(r, p->code + p->first, p->code + p->count, padded, direct ? out + at : NULL);
        if (out && !direct)
            formula_finish_block(r, formula_at(r, (uint16_t)p->result), r->dy, is_slope, out + at);
    }
}

/* In an array of its own, aligned to a vector. */
#define FORMULA_RUN(name, floats)                                                                                   \
    static V_NOINLINE void name(formula_run *r, size_t n, const float *x, const float *w, int is_slope, float *out) \
    {                                                                                                               \
        float work[(floats) + V_BLOCK];                                                                             \
        r->work = work + (size_t)(-(uintptr_t)work / sizeof *work) % V_BLOCK;                                       \
        formula_blocks(r, n, x, w, is_slope, out);                                                                  \
    }
FORMULA_RUN(formula_run_alone, ACTIV_PROGRAM_FLOATS)
FORMULA_RUN(formula_run_beside_calls, ACTIV_PROGRAM_FLOATS_BESIDE_CALLS)
FORMULA_RUN(formula_run_beside_sums, ACTIV_PROGRAM_FLOATS_BESIDE_SUMS)
FORMULA_RUN(formula_run_expert, ACTIV_PROGRAM_FLOATS_OF_EXPERT)

static V_NOINLINE void formula_run_program(formula_run *r, size_t n, const float *x, const float *w, int is_slope,
                                           float *out)
{
    const size_t floats = r->program->floats;
    (floats == ACTIV_PROGRAM_FLOATS                ? formula_run_alone
     : floats == ACTIV_PROGRAM_FLOATS_BESIDE_CALLS ? formula_run_beside_calls
     : floats == ACTIV_PROGRAM_FLOATS_BESIDE_SUMS  ? formula_run_beside_sums
                                                   : formula_run_expert)(r, n, x, w, is_slope, out);
}

static void formula_forward_times(const activ_fn_args *a, size_t n, const float *x, const float *w, float *y)
{
    const activ_formula_programs *all = a->object;
    formula_run r = { .program = &all->forward, .args = a };
    formula_run_program(&r, n, x, w, 0, y);
}

static void formula_forward(const activ_fn_args *a, size_t n, const float *x, float *y)
{
    formula_forward_times(a, n, x, NULL, y);
}

static void formula_backward(const activ_fn_args *a, size_t first, size_t count, size_t n, const float *x,
                             const float *dy, float *dx, activ_lanes *lanes)
{
    const activ_formula_programs *all = a->object;
    formula_run r = {
        .program = lanes ? &all->gradient : &all->derivative, .args = a, .lanes = lanes, .first = first, .sums = count
    };
    if (a->vectors > 1) /* of one value each, those of a channel */
        r.sums = a->vectors;
    formula_run_program(&r, n, x, dy, 1, dx);
}

static const activ_fn_kernel formula_kernel = {
    .forward = formula_forward, .forward_times = formula_forward_times, .backward = formula_backward, .is_deep = 1
};

/* An operation on two numbers, for constants. */
static float formula_operation(int op, float a, float b)
{
    float work[2 * ACTIV_PROGRAM_BLOCK], out[ACTIV_PROGRAM_BLOCK];
    for (size_t k = 0; k < ACTIV_PROGRAM_BLOCK; k++) {
        work[k] = a;
        work[ACTIV_PROGRAM_BLOCK + k] = b;
    }
    const activ_instruction i = { (uint8_t)op, 0, 0, 0, ACTIV_PROGRAM_BLOCK, 0 };
    formula_run r = { .work = work, .x = work };
    formula_execute(&r, &i, &i + 1, FORMULA_STRIP, out);
    return out[0];
}

extern const activ_formula_kernels V_TIER_NAME(activ_formula);
const activ_formula_kernels V_TIER_NAME(activ_formula) = { &formula_kernel, formula_operation };
