/* Element by element on whole buffers: sums and products of tensors, steps of the optimiser. */

static void add(size_t n, const float *a, const float *b, float *y)
{
    for (size_t i = 0; i < n; i += V_LANES) {
        size_t lanes = v_part_lanes(n - i, 0);
        v_store_some(y + i, lanes, v_add(v_load_some(a + i, lanes), v_load_some(b + i, lanes)));
    }
}

static void multiply(size_t n, const float *a, const float *b, float *y)
{
    for (size_t i = 0; i < n; i += V_LANES) {
        size_t lanes = v_part_lanes(n - i, 0);
        v_store_some(y + i, lanes, v_mul(v_load_some(a + i, lanes), v_load_some(b + i, lanes)));
    }
}

/* The order of operations is that of activ/optim.h, one fma where it says a + b * c. */
static void sgd(const activ_sgd_scalars *s, size_t n, const float *gradient, float *velocity, float *params)
{
    const vf decay = v_set(s->weight_decay), momentum = v_set(s->momentum);
    const vf share = v_set(s->first ? 1.0f : 1.0f - s->dampening);
    const vf keep = s->first ? v_set(0.0f) : momentum;
    const vf lr = v_set(s->lr);
    const vm negate = m_set(s->maximize);
    for (size_t i = 0; i < n; i += V_LANES) {
        size_t lanes = v_part_lanes(n - i, 0);
        vf p = v_load_some(params + i, lanes), g = v_load_some(gradient + i, lanes);
        g = v_sel(negate, v_neg(g), g);
        if (s->weight_decay != 0.0f)
            g = v_fma(decay, p, g);
        if (velocity) {
            vf v = v_fma(keep, v_load_some(velocity + i, lanes), v_mul(share, g));
            v_store_some(velocity + i, lanes, v);
            g = s->nesterov ? v_fma(momentum, v, g) : v;
        }
        v_store_some(params + i, lanes, v_fnma(lr, g, p));
    }
}
