/* Elementwise kernels: sums and products of tensors, steps of the optimisers. */

static void add(size_t n, const float *a, const float *b, float *y)
{
    for (size_t i = 0; i < n; i += V_LANES) {
        size_t lanes = v_active_lanes(n - i, 0);
        v_store_lanes(y + i, lanes, v_add(v_load_lanes(a + i, lanes), v_load_lanes(b + i, lanes)));
    }
}

static void multiply(size_t n, const float *a, const float *b, float *y)
{
    for (size_t i = 0; i < n; i += V_LANES) {
        size_t lanes = v_active_lanes(n - i, 0);
        v_store_lanes(y + i, lanes, v_mul(v_load_lanes(a + i, lanes), v_load_lanes(b + i, lanes)));
    }
}

/* Where b is 0, y is 0 whatever a is. */
static void multiply_masked(size_t n, const float *a, const float *b, float *y)
{
    for (size_t i = 0; i < n; i += V_LANES) {
        size_t lanes = v_active_lanes(n - i, 0);
        vf va = v_load_lanes(a + i, lanes), vb = v_load_lanes(b + i, lanes), zero = v_set(0.0f);
        v_store_lanes(y + i, lanes, v_sel(v_eq(vb, zero), zero, v_mul(va, vb)));
    }
}

/* Is the product zero, or a normal number, with all its digits? */
V_INLINE vm is_exact_range(vf a, vf b, vf product)
{
    vf size = v_abs(product), zero = v_set(0.0f);
    vm whole = m_and(v_le(v_set(0x1p-126f), size), v_le(size, v_set(0x1.fffffep127f)));
    return m_or(whole, m_or(v_eq(a, zero), v_eq(b, zero)));
}

static int multiply_checked(size_t n, const float *a, const float *b, float *y)
{
    vm unsound = m_set(0);
    for (size_t i = 0; i < n; i += V_LANES) {
        size_t lanes = v_active_lanes(n - i, 0);
        vf va = v_load_lanes(a + i, lanes), vb = v_load_lanes(b + i, lanes), product = v_mul(va, vb);
        unsound = m_or(unsound, m_not(is_exact_range(va, vb, product)));
        v_store_lanes(y + i, lanes, product);
    }
    return !m_any(unsound);
}

static void multiply_three(size_t n, const float *a, const float *b, const float *c, float *y)
{
    for (size_t i = 0; i < n; i += V_LANES) {
        size_t lanes = v_active_lanes(n - i, 0);
        vf va = v_load_lanes(a + i, lanes), vb = v_load_lanes(b + i, lanes), vc = v_load_lanes(c + i, lanes);
        vf product = v_mul(va, vb);
        vacc wide = acc_fma_wide(acc_zero(), acc_fma(acc_zero(), va, vb), acc_of(vc));
        v_store_lanes(y + i, lanes, v_sel(is_exact_range(va, vb, product), v_mul(product, vc), acc_round(wide)));
    }
}

static void scale(size_t n, float factor, float *x)
{
    for (size_t i = 0; i < n; i += V_LANES) {
        size_t lanes = v_active_lanes(n - i, 0);
        v_store_lanes(x + i, lanes, v_mul(v_load_lanes(x + i, lanes), v_set(factor)));
    }
}

static void clamp(size_t n, float limit, float *x)
{
    const vf high = v_set(limit), low = v_set(-limit);
    for (size_t i = 0; i < n; i += V_LANES) {
        size_t lanes = v_active_lanes(n - i, 0);
        v_store_lanes(x + i, lanes, v_min(high, v_max(low, v_load_lanes(x + i, lanes))));
    }
}

/* x, but 0 if it is below `least` in magnitude; NaN stays. What the next step will read is never subnormal, for which
 * many CPUs would take a hundred times as long. */
V_INLINE vf v_from(vf least, vf x)
{
    return v_drop(v_lt(v_abs(x), least), x);
}

/* The order of operations is that of activ/optim.h, one fma where it says a + b * c. */
static void sgd(const activ_sgd_scalars *s, size_t n, const float *gradient, float *velocity, float *params)
{
    const vf decay = v_set(s->weight_decay), momentum = v_set(s->momentum);
    const vf gradient_factor = v_set(s->first ? 1.0f : 1.0f - s->dampening);
    const vf momentum_factor = s->first ? v_set(0.0f) : momentum;
    const vf lr = v_set(s->lr), least = v_set(FLT_MIN);
    const vm negate = m_set(s->maximize);
    for (size_t i = 0; i < n; i += V_LANES) {
        size_t lanes = v_active_lanes(n - i, 0);
        vf p = v_load_lanes(params + i, lanes), g = v_load_lanes(gradient + i, lanes);
        g = v_sel(negate, v_neg(g), g);
        if (s->weight_decay != 0.0f)
            g = v_fma(decay, p, g);
        g = v_from(least, g);
        if (velocity) {
            vf v = v_fma(momentum_factor, v_load_lanes(velocity + i, lanes), v_mul(gradient_factor, g));
            v = v_from(least, v);
            v_store_lanes(velocity + i, lanes, v);
            g = s->nesterov ? v_fma(momentum, v, g) : v;
        }
        v_store_lanes(params + i, lanes, v_fnma(lr, g, p));
    }
}

/* mean = beta1 * mean + (1 - beta1) * g, square the same of g^2; params -= rate * mean / (scale * sqrt(square) + eps).
 */
static void adamw(const activ_adamw_scalars *s, size_t n, const float *gradient, float *mean, float *square,
                  float *max_square, float *params)
{
    const vf rate = v_set(s->rate), to_scale = v_set(s->scale), decay = v_set(s->decay), eps = v_set(s->eps);
    const vf beta1 = v_set(s->beta1), one_minus_beta1 = v_set(s->one_minus_beta1);
    const vf beta2 = v_set(s->beta2), one_minus_beta2 = v_set(s->one_minus_beta2);
    const vf least = v_set(s->least.average), least_gradient = v_set(s->least.gradient),
             least_squared = v_set(s->least.squared);
    const vm negate = m_set(s->maximize);
    for (size_t i = 0; i < n; i += V_LANES) {
        size_t lanes = v_active_lanes(n - i, 0);
        vf p = v_load_lanes(params + i, lanes), g = v_load_lanes(gradient + i, lanes);
        g = v_sel(negate, v_neg(g), g);
        vf h = v_from(least_squared, g);
        vf m = v_fma(beta1, v_load_lanes(mean + i, lanes), v_mul(one_minus_beta1, v_from(least_gradient, g)));
        vf v = v_fma(beta2, v_load_lanes(square + i, lanes), v_mul(one_minus_beta2, v_mul(h, h)));
        m = v_from(least, m);
        v = v_from(least, v);
        v_store_lanes(mean + i, lanes, m);
        v_store_lanes(square + i, lanes, v);
        if (max_square) {
            vf before = v_load_lanes(max_square + i, lanes);
            v = v_sel(v_not_le(v, before), v, before);
            v_store_lanes(max_square + i, lanes, v);
        }
        p = v_fnma(decay, p, p);
        vf step = v_div(m, v_fma(to_scale, v_sqrt(v), eps));
        v_store_lanes(params + i, lanes, v_fnma(rate, step, p));
    }
}

/* square = alpha * square + (1 - alpha) * g^2, mean the same of g. */
static void rmsprop(const activ_rmsprop_scalars *s, size_t n, const float *gradient, float *square, float *buffer,
                    float *mean, float *params)
{
    const vf lr = v_set(s->lr), alpha = v_set(s->alpha), one_minus_alpha = v_set(s->one_minus_alpha),
             eps = v_set(s->eps);
    const vf decay = v_set(s->weight_decay), momentum = v_set(s->momentum), zero = v_set(0.0f);
    const vf least = v_set(s->least.average), least_gradient = v_set(s->least.gradient),
             least_squared = v_set(s->least.squared);
    const vm negate = m_set(s->maximize);
    for (size_t i = 0; i < n; i += V_LANES) {
        size_t lanes = v_active_lanes(n - i, 0);
        vf p = v_load_lanes(params + i, lanes), g = v_load_lanes(gradient + i, lanes);
        g = v_sel(negate, v_neg(g), g);
        if (s->weight_decay != 0.0f)
            g = v_fma(decay, p, g);
        g = v_from(least_gradient, g);
        vf h = v_from(least_squared, g);
        vf v = v_fma(alpha, v_load_lanes(square + i, lanes), v_mul(one_minus_alpha, v_mul(h, h)));
        v = v_from(least, v);
        v_store_lanes(square + i, lanes, v);
        if (mean) {
            vf m = v_fma(alpha, v_load_lanes(mean + i, lanes), v_mul(one_minus_alpha, g));
            m = v_from(least, m);
            v_store_lanes(mean + i, lanes, m);
            /* A variance, which rounding may take below 0. */
            m = v_from(least_squared, m);
            v = v_fnma(m, m, v);
            v = v_drop(v_lt(v, zero), v);
        }
        vf step = v_div(g, v_add(v_sqrt(v), eps));
        if (buffer) {
            step = v_from(least, v_fma(momentum, v_load_lanes(buffer + i, lanes), step));
            v_store_lanes(buffer + i, lanes, step);
        }
        v_store_lanes(params + i, lanes, v_fnma(lr, step, p));
    }
}
