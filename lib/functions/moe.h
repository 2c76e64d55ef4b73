/* moe: a mixture of experts, the sum over k of g_k(x) phi_k(x), g = softmax over k of w_k x + v_k, the phi_k being 2 to
 * 16 other functions. w and v are trained, and so are the experts' own parameters, which follow them. Jacobs et al.
 * 1991.
 *
 *     f' = sum g_k (phi_k' + (w_k - sum g_j w_j) phi_k)    df/dv_k = g_k (phi_k - f)    df/dw_k = x df/dv_k
 *
 * The experts' kernels compute a chunk of values, which are weighed here: gates in double, to within 2^-36, so that
 * what is left is the experts' own rounding. Exponents and the w are taken relative to the largest gate's: f' keeps its
 * digits where that gate has nearly all the weight. A gate below e^-340 is 0, even if its expert overflows.
 *
 * At an infinity the gates are their limits: the largest w x has all the weight, v deciding between equal ones. Of the
 * experts left, infinities of both signs are weighed by their slopes. */
#include "functions/function.h"

#if defined(ACTIV_FN_DEFINITIONS)
/* By default one that is piecewise linear, one that is bounded and one that is smooth; of these, three that are rounded
 * so well that the mixture stays within 2 ulp. */
static const activ_setting moe_settings[] = {
    { .name = "experts",
      .kind = ACTIV_SETTING_KIND_FUNCTIONS,
      .positional = ACTIV_POSITIONAL_REST,
      .functions = "relu, softsign, elu" },
    { .name = NULL },
};

static size_t moe_param_vector(const activ_setting_value *values, int which, const char **name)
{
    if (which >= 2)
        return 0;
    *name = which == 0 ? "w" : "v";
    return (size_t)values[0].number; /* of experts: fn/fn.c */
}

/* w evenly from -1/2 to 1/2, v = 0: about 0 all experts count alike, far out the first on the left and the last on the
 * right. With w = 0 two experts that are equal would stay equal. */
static void moe_param_init(const activ_setting_value *values, uint64_t seed, float *params)
{
    (void)seed;
    const size_t experts = (size_t)values[0].number;
    for (size_t k = 0; k < experts; k++) {
        params[k] = (float)((double)k / (double)(experts - 1) - 0.5);
        params[experts + k] = 0.0f;
    }
}

static const activ_fn_definition moe_definition = {
    .signature = "moe(experts=[relu, softsign, elu])",
    .formula = "sum over k of g_k phi_k(x), phi = experts, g = softmax over k of w_k x + v_k",
    .source = "Jacobs, Jordan, Nowlan, Hinton 1991, Adaptive mixtures of local experts; the gates' form is libactiv's",
    .settings = moe_settings,
    /* In units of the sum of the terms' magnitudes, plus half of what one rounding of each expert costs; without that,
     * the default stays below 1.3, and mixtures of the functions that are rounded worst reach 2.6. */
    .forward_ulp = 2.0f,
    .derivative_ulp = 2.0f,
    .param_vector = moe_param_vector,
    .param_init = moe_param_init,
    .least_functions = 2,
};
#else
#    include <math.h>

/* Elements per chunk, a multiple of V_BLOCK: few, as a chunk takes 60 bytes of the stack for each. */
#    define MOE_CHUNK 16
#    define MOE_ONES 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1
#    define MOE_EXPERTS 16
/* Exponents of gates are at least this. */
#    define MOE_DEPTH (-340.0)

/* One expert, bound to the parameters of this call. */
typedef struct moe_expert {
    const activ_fn_kernel *kernel;
    activ_fn_args args;
    float setting_values[ACTIV_FN_SETTINGS];
    size_t sums; /* of its gradients in this pass */
} moe_expert;

static size_t moe_elements(size_t length, size_t first, size_t count)
{
    const size_t left = length > first ? length - first : 0;
    return left < count ? left : count;
}

/* Binds expert k, whose parameters begin at *params, which moves past them. */
static void moe_bind(const activ_fn_args *a, size_t k, size_t first, size_t count, const float **params,
                     moe_expert *expert)
{
    const activ_fn_component *component = &a->components[k];
    expert->kernel = component->kernel;
    expert->args = component->args;
    expert->args.params = *params;
    expert->sums = 0;
    for (size_t i = 0; i < component->args.vectors; i++)
        expert->sums += moe_elements(component->args.lengths[i], first, count);
    if (component->scalars > 0) {
        memcpy(expert->setting_values, component->args.setting_values, sizeof expert->setting_values);
        for (size_t j = 0; j < component->scalars; j++)
            expert->setting_values[component->args.scalar_settings[j]] = (*params)[j];
        expert->args.setting_values = expert->setting_values;
    }
    *params += component->args.param_count;
}

/* ---- gates ------------------------------------------------------------------------------------------ */

/* e^d for MOE_DEPTH <= d <= 0, to within 2^-36. NaN stays. */
V_INLINE vacc moe_exp(vacc d)
{
    static const double factors[] = { 1.0 / 40320, 1.0 / 5040, 1.0 / 720, 1.0 / 120, 1.0 / 24, 1.0 / 6, 0.5, 1.0, 1.0 };
    const vacc magic = acc_set(0x1.8p52), minus_one = acc_set(-1.0);
    vacc n = acc_fma_wide(acc_fma_wide(magic, d, acc_set(1.44269504088896340736)), magic, minus_one);
    vacc r = acc_fma_wide(d, n, acc_set(-0.69314718055994530942)), p = acc_set(1.0 / 362880);
    for (size_t i = 0; i < sizeof factors / sizeof factors[0]; i++)
        p = acc_fma_wide(acc_set(factors[i]), p, r);
    /* 2^n as the product of four powers, as it may be below float32's */
    vi whole = i_sub(v_bits(v_add(acc_round(n), v_set(0x1.8p23f))), i_set(0x4b400000)), quarter = i_sar(whole, 2);
    vacc power = acc_of(v_power_of_two(quarter));
    p = acc_fma_wide(acc_zero(), p, acc_of(v_power_of_two(i_sub(whole, i_mul(quarter, i_set(3))))));
    for (size_t i = 0; i < 3; i++)
        p = acc_fma_wide(acc_zero(), p, power);
    return p;
}

/* The gates of a chunk: what belongs to the largest of each element, and sums over all. */
typedef struct moe_gates {
    size_t experts, count;
    const float *w, *v;
    float x[MOE_CHUNK];       /* 0 beyond the elements and for infinities */
    float lead[MOE_CHUNK];    /* w of the largest gate */
    double top[MOE_CHUNK];    /* its w x + v */
    double total[MOE_CHUNK];  /* of e^(w x + v - top); later its reciprocal */
    double middle[MOE_CHUNK]; /* of the same times w - lead; later their weighted mean */
    double f[MOE_CHUNK];      /* of the same times phi; later f */
    double slope[MOE_CHUNK];  /* f' */
} moe_gates;

static V_NOINLINE void moe_start(moe_gates *g, const activ_fn_args *a, size_t n, const float *x)
{
    g->experts = a->lengths[0];
    g->count = (n + V_BLOCK - 1) / V_BLOCK * V_BLOCK;
    g->w = a->params;
    g->v = a->params + g->experts;
    for (size_t i = 0; i < g->count; i++) {
        const float value = i < n ? x[i] : 0.0f;
        g->x[i] = value > FLT_MAX || value < -FLT_MAX ? 0.0f : value;
        g->top[i] = (double)-INFINITY;
        g->lead[i] = 0.0f;
        g->total[i] = g->middle[i] = g->f[i] = g->slope[i] = 0.0;
    }
    /* Products of two float32 are exact in double. */
    for (size_t k = 0; k < g->experts; k++) {
        const double w = (double)g->w[k], v = (double)g->v[k];
        for (size_t i = 0; i < g->count; i++) {
            const double z = w * (double)g->x[i] + v;
            const int larger = z > g->top[i];
            g->lead[i] = larger ? g->w[k] : g->lead[i];
            g->top[i] = larger ? z : g->top[i];
        }
    }
}

/* Gate k of the vector at i, times the total; and whether it is not 0. */
V_INLINE vacc moe_gate(const moe_gates *g, size_t k, size_t i, vm *live)
{
    double depth[V_LANES];
    for (size_t j = 0; j < V_LANES; j++) {
        const double d = ((double)g->w[k] * (double)g->x[i + j] + (double)g->v[k]) - g->top[i + j];
        depth[j] = d < MOE_DEPTH ? MOE_DEPTH : d;
    }
    const vacc d = acc_load(depth);
    *live = v_not_le(acc_round(d), v_set((float)MOE_DEPTH));
    return moe_exp(d);
}

/* w_k - lead */
V_INLINE vacc moe_distance(const moe_gates *g, size_t k, size_t i)
{
    return acc_fma_wide(acc_set((double)g->w[k]), acc_of(v_load(g->lead + i)), acc_set(-1.0));
}

V_INLINE void moe_add(double *to, vacc a, vacc b)
{
    acc_store(to, acc_fma_wide(acc_load(to), a, b));
}

V_INLINE void moe_multiply(double *to, vacc by)
{
    acc_store(to, acc_fma_wide(acc_zero(), acc_load(to), by));
}

/* The sums over the experts, and the means. values: f too; else only what f' needs before. */
V_INLINE void moe_weigh(moe_gates *g, const activ_fn_args *a, const int values)
{
    const float *params = a->params + 2 * g->experts;
    const vacc one = acc_set(1.0);
    for (size_t k = 0; k < g->experts; k++) {
        moe_expert expert;
        float phi[MOE_CHUNK];
        moe_bind(a, k, 0, 0, &params, &expert);
        if (values)
            expert.kernel->forward(&expert.args, g->count, g->x, phi);
        for (size_t i = 0; i < g->count; i += V_LANES) {
            vm live;
            const vacc e = moe_gate(g, k, i, &live);
            moe_add(g->total + i, e, one);
            moe_add(g->middle + i, e, moe_distance(g, k, i));
            if (values)
                moe_add(g->f + i, e, acc_of(v_sel(live, v_load(phi + i), v_set(0.0f))));
        }
    }
    for (size_t i = 0; i < g->count; i += V_LANES) {
        const vacc inverse = acc_div(one, acc_load(g->total + i));
        acc_store(g->total + i, inverse);
        moe_multiply(g->middle + i, inverse);
        moe_multiply(g->f + i, inverse);
    }
}

static V_ONCE void moe_weigh_for_backward(moe_gates *g, const activ_fn_args *a, int values)
{
    moe_weigh(g, a, values);
}

/* ---- infinities, one by one ---------------------------------------------------------------------------- */

typedef struct moe_limit {
    float gate[MOE_EXPERTS], phi[MOE_EXPERTS], slope[MOE_EXPERTS];
    float f, derivative;
} moe_limit;

static int moe_is_infinite(float x)
{
    return x > FLT_MAX || x < -FLT_MAX;
}

static void moe_at_infinity(const activ_fn_args *a, float x, moe_limit *limit)
{
    const size_t experts = a->lengths[0];
    const float *w = a->params, *v = w + experts, *params = v + experts, one = 1.0f, sign = x > 0.0f ? 1.0f : -1.0f;
    double total = 0.0, f = 0.0, slope = 0.0, gates[MOE_EXPERTS];
    float top = -INFINITY, top_v = -INFINITY;
    for (size_t k = 0; k < experts; k++) {
        const float rate = w[k] * sign;
        if (rate > top || (rate == top && v[k] > top_v))
            top_v = v[k];
        if (rate > top || rate != rate)
            top = rate;
    }
    for (size_t k = 0; k < experts; k++) {
        const double depth = (double)v[k] - (double)top_v;
        gates[k] = top != top || depth != depth ? (double)NAN : 0.0;
        if (w[k] * sign == top && depth > MOE_DEPTH) {
            double lanes[V_LANES];
            acc_store(lanes, moe_exp(acc_set(depth)));
            gates[k] = lanes[0];
        }
        total += gates[k];
    }
    for (size_t k = 0; k < experts; k++) {
        moe_expert expert;
        moe_bind(a, k, 0, 0, &params, &expert);
        expert.kernel->forward(&expert.args, 1, &x, &limit->phi[k]);
        expert.kernel->backward(&expert.args, 0, 0, 1, &x, &one, &limit->slope[k], NULL);
        limit->gate[k] = (float)(gates[k] / total);
        if (gates[k] == 0.0)
            continue;
        f += gates[k] / total * (double)limit->phi[k];
        slope += gates[k] / total * (double)limit->slope[k];
    }
    limit->derivative = (float)slope;
    /* infinities of both signs: the slopes decide */
    limit->f = f != f && slope > 0.0 ? x : f != f && slope < 0.0 ? -x : (float)f;
    for (size_t k = 0; k < experts; k++)
        if (gates[k] != 0.0 && limit->phi[k] != limit->phi[k])
            limit->f = limit->phi[k];
}

/* f; not inlined, as what is rare would be on every call's stack. */
static V_NOINLINE float moe_forward_at_infinity(const activ_fn_args *a, float x)
{
    moe_limit limit;
    moe_at_infinity(a, x, &limit);
    return limit.f;
}

/* f', and the gradients in lane number `lane`, if there are lanes: limits, 0 where a gate is 0. */
static V_NOINLINE float moe_backward_at_infinity(const activ_fn_args *a, size_t first, size_t count, float x, float dy,
                                                 size_t lane, activ_lanes *lanes)
{
    moe_limit at, *const limit = &at;
    moe_at_infinity(a, x, limit);
    if (!lanes)
        return limit->derivative;
    const size_t experts = a->lengths[0], own = moe_elements(experts, first, count);
    const float *params = a->params + 2 * experts;
    for (size_t k = first; k < first + own; k++) {
        const float gate = limit->gate[k];
        const int alone = gate == 0.0f || gate == 1.0f;
        const double slope = alone ? 0.0 : (double)gate * ((double)limit->phi[k] - (double)limit->f);
        lanes[k - first][lane] += slope == 0.0 ? 0.0 : (double)dy * slope * (double)x;
        lanes[own + k - first][lane] += slope == 0.0 ? 0.0 : (double)dy * slope;
    }
    lanes += 2 * own;
    for (size_t k = 0; k < experts; k++) {
        moe_expert expert;
        float xs[V_BLOCK] = { 0.0f }, dys[V_BLOCK] = { 0.0f };
        moe_bind(a, k, first, count, &params, &expert);
        xs[lane] = x;
        dys[lane] = dy * limit->gate[k];
        if (expert.sums > 0 && limit->gate[k] != 0.0f)
            expert.kernel->backward(&expert.args, first, count, V_BLOCK, xs, dys, NULL, lanes);
        lanes += expert.sums;
    }
    return limit->derivative;
}

/* ---- loops ---------------------------------------------------------------------------------------------- */

static void moe_forward_loop(const activ_fn_args *a, size_t n, const float *x, const float *w, float *y)
{
    moe_gates g;
    for (size_t start = 0, count; start < n; start += count) {
        count = n - start < MOE_CHUNK ? n - start : MOE_CHUNK;
        moe_start(&g, a, count, x + start);
        moe_weigh(&g, a, 1);
        for (size_t i = 0; i < count; i += V_LANES) {
            const size_t lanes = v_active_lanes(count - i, 0), at = start + i;
            float values[V_LANES], xs[V_LANES];
            v_store(xs, v_load_lanes(x + at, lanes));
            v_store(values, acc_round(acc_load(g.f + i)));
            for (size_t j = 0; j < lanes; j++)
                if (moe_is_infinite(xs[j]))
                    values[j] = moe_forward_at_infinity(a, xs[j]);
            vf value = v_load(values);
            if (w)
                value = v_mul(v_load_lanes(w + at, lanes), value);
            v_store_lanes(y + at, lanes, v_keep_nan(v_load(xs), value));
        }
    }
}

/* The gradients of w and v by expert k, and those of its own parameters. weighted: room for dy g. */
V_INLINE void moe_gradients(const moe_gates *g, size_t k, const moe_expert *expert, size_t first, size_t count,
                            const float *dy, float *phi, float *weighted, double *w_lanes, double *v_lanes,
                            activ_lanes *lanes)
{
    for (size_t i = 0; i < g->count; i += V_LANES) {
        const size_t lane = i % V_BLOCK;
        const vf zero = v_set(0.0f), dys = v_load(dy + i), x = v_load(g->x + i);
        vm live;
        const vacc e = moe_gate(g, k, i, &live), gate = acc_fma_wide(acc_zero(), e, acc_load(g->total + i));
        const vacc share = acc_fma_wide(acc_zero(), gate, acc_of(dys));
        v_store(weighted + i, v_sel(live, acc_round(share), zero));
        if (w_lanes) {
            const vacc difference = acc_fma_wide(acc_of(v_load(phi + i)), acc_load(g->f + i), acc_set(-1.0));
            const vacc slope = acc_fma_wide(acc_zero(), share, difference);
            moe_add(v_lanes + lane, slope, acc_set(1.0));
            moe_add(w_lanes + lane, slope, acc_of(x));
        }
        /* A gate that is 0 has no gradients, wherever its expert is: x instead of phi, or 0. */
        v_store(phi + i, v_sel(m_and(v_le(v_abs(x), v_set(FLT_MAX)), m_not(live)), zero, x));
    }
    if (expert->sums > 0)
        expert->kernel->backward(&expert->args, first, count, g->count, phi, weighted, NULL, lanes);
}

static const float moe_ones[MOE_CHUNK] = { MOE_ONES };

/* f' if `slopes`, and gradients if there are lanes for them. */
static void moe_backward_chunk(moe_gates *g, const activ_fn_args *a, size_t first, size_t count, const float *dy,
                               const int slopes, activ_lanes *lanes)
{
    const size_t own = moe_elements(g->experts, first, count);
    const float *params = a->params + 2 * g->experts;
    activ_lanes *expert_lanes = lanes ? lanes + 2 * own : NULL;
    for (size_t k = 0; k < g->experts; k++) {
        moe_expert expert;
        float phi[MOE_CHUNK], slope[MOE_CHUNK];
        const int has_own = lanes && k >= first && k < first + own;
        moe_bind(a, k, first, lanes ? count : 0, &params, &expert);
        if (slopes || has_own)
            expert.kernel->forward(&expert.args, g->count, g->x, phi);
        if (slopes)
            expert.kernel->backward(&expert.args, 0, 0, g->count, g->x, moe_ones, slope, NULL);
        for (size_t i = 0; i < g->count; i += V_LANES) {
            const vf zero = v_set(0.0f);
            vm live;
            if (!slopes && !has_own)
                break;
            const vacc e = moe_gate(g, k, i, &live);
            const vf value = v_sel(live, v_load(phi + i), zero);
            v_store(phi + i, value);
            if (!slopes)
                continue;
            const vacc distance = acc_fma_wide(moe_distance(g, k, i), acc_load(g->middle + i), acc_set(-1.0));
            const vacc term = acc_fma_wide(acc_of(v_sel(live, v_load(slope + i), zero)), distance, acc_of(value));
            moe_add(g->slope + i, e, term);
        }
        if (has_own || expert.sums > 0)
            moe_gradients(g, k, &expert, first, count, dy, phi, slope, has_own ? lanes[k - first] : NULL,
                          has_own ? lanes[own + k - first] : NULL, expert_lanes);
        if (lanes)
            expert_lanes += expert.sums;
    }
    for (size_t i = 0; i < g->count; i += V_LANES)
        moe_multiply(g->slope + i, acc_load(g->total + i));
}

/* The end of a chunk: dx = dy f', if that is not NULL, and what infinities add. Not inlined, as its vectors would be on
 * the stack beside the chunk's. */
static V_NOINLINE void moe_backward_end(const moe_gates *g, const activ_fn_args *a, size_t first, size_t count,
                                        size_t n, const float *x, const float *dy, float *dx, activ_lanes *lanes)
{
    for (size_t i = 0; i < n; i += V_LANES) {
        const size_t active = v_active_lanes(n - i, 0);
        float slopes[V_LANES], xs[V_LANES];
        v_store(xs, v_load_lanes(x + i, active));
        v_store(slopes, acc_round(acc_load(g->slope + i)));
        for (size_t j = 0; j < active; j++)
            if (moe_is_infinite(xs[j]))
                slopes[j] = moe_backward_at_infinity(a, first, count, xs[j], dy[i + j], (i + j) % V_BLOCK, lanes);
        if (dx)
            v_store_lanes(dx + i, active, v_keep_nan(v_load(xs), v_mul(v_load_lanes(dy + i, active), v_load(slopes))));
    }
}

static void moe_backward_loop(const activ_fn_args *a, size_t first, size_t count, size_t n, const float *x,
                              const float *dy, float *dx, activ_lanes *lanes)
{
    moe_gates g;
    for (size_t start = 0, some; start < n; start += some) {
        float dys[MOE_CHUNK];
        some = n - start < MOE_CHUNK ? n - start : MOE_CHUNK;
        moe_start(&g, a, some, x + start);
        for (size_t i = 0; i < g.count; i++)
            dys[i] = i < some && !moe_is_infinite(x[start + i]) ? dy[start + i] : 0.0f;
        moe_weigh_for_backward(&g, a, lanes != NULL && moe_elements(g.experts, first, count) > 0);
        moe_backward_chunk(&g, a, first, count, dys, dx != NULL, lanes);
        moe_backward_end(&g, a, first, count, some, x + start, dy + start, dx ? dx + start : NULL, lanes);
    }
}

static void moe_finish(const activ_fn_args *a, size_t first, size_t count, double *sums)
{
    const float *params = a->params + 2 * a->lengths[0];
    sums += 2 * moe_elements(a->lengths[0], first, count);
    for (size_t k = 0; k < a->component_count; k++) {
        moe_expert expert;
        moe_bind(a, k, first, count, &params, &expert);
        if (expert.sums > 0 && expert.kernel->finish)
            expert.kernel->finish(&expert.args, first, count, sums);
        sums += expert.sums;
    }
}

static const v_elementwise moe_elementwise = {
    .forward_loop = moe_forward_loop,
    .backward_loop = moe_backward_loop,
    .finish = moe_finish,
};
#endif
