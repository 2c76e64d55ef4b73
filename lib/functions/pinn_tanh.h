/* pinn_tanh: tanh(n a x), of physics-informed networks: a is trained, n is not, and scales its gradient. Jagtap 2020.
 * n a is not rounded. */
#include "functions/function.h"

#if defined(ACTIV_FN_DEFINITIONS)
#    include <float.h>

static const activ_setting pinn_tanh_settings[] = {
    { .name = "n", .initial = 10.0, .minimum = 1.0, .maximum = FLT_MAX },
    { .name = "a", .initial = 0.1, .trainable = 1 },
    ACTIV_NUM_PARAMETERS,
    { .name = NULL },
};

static const activ_fn_definition pinn_tanh_definition = {
    .signature = "pinn_tanh(n=10, a=0.1, num_parameters=1)",
    .formula = "tanh(n*a*x)",
    .source = "Jagtap, Kawaguchi, Karniadakis 2020, Adaptive activation functions accelerate convergence in deep and "
              "physics-informed neural networks, J. Comput. Phys. 404",
    .settings = pinn_tanh_settings,
    .forward_ulp = 1.9f,
    .derivative_ulp = 2.9f,
};
#else
#    include "functions/families/scaled_tanh.h"

V_INLINE vf pinn_tanh_argument(vf x, const vf *v)
{
    return v_mul(tanh_twice(v[0], v[1]).h, x);
}

V_INLINE vf pinn_tanh_forward(vf x, const vf *v)
{
    vpair c = tanh_twice(v[0], v[1]);
    vf y = tanh_rounded(tanh_near_argument(x, c));
    return v_with_sign(y, v_mul(c.h, x));
}

V_INLINE vf pinn_tanh_slope_argument(vf x, const vf *v)
{
    return tanh_slope_argument(x, tanh_twice(v[0], v[1]));
}

V_INLINE vf pinn_tanh_derivative(vf x, const vf *v)
{
    vpair c = tanh_twice(v[0], v[1]);
    vf half = v_mul(tanh_slope(x, c), v_set(0.5f));
    return v_fma(c.h, half, v_mul(c.l, half));
}

/* n a = (h + l) 2^e */
typedef struct pinn_tanh_factor {
    vpair m;
    vi e;
} pinn_tanh_factor;

V_INLINE pinn_tanh_factor pinn_tanh_product(const vf *v)
{
    vscaled n = v_scaled_of(v[0]), a = v_scaled_of(v[1]);
    pinn_tanh_factor c = { v_two_product(n.m, a.m), i_add(n.e, a.e) };
    return c;
}

static V_NOINLINE vf pinn_tanh_any(vf x, const vf *v)
{
    const vpair one = { v_set(1.0f), v_set(0.0f) };
    pinn_tanh_factor c = pinn_tanh_product(v);
    return tanh_far_times(tanh_far_prepare(x, c.m, c.e), one);
}

static V_NOINLINE vf pinn_tanh_far(vf x, const vf *v)
{
    const vpair one = { v_set(1.0f), v_set(0.0f) };
    vpair c = tanh_twice(v[0], v[1]);
    vm rare = v_nan(c.h);
    vf y = tanh_usual_far(x, tanh_usual(c), one);
    return m_any(rare) ? v_sel(rare, pinn_tanh_any(x, v), y) : y;
}

static V_NOINLINE vf pinn_tanh_derivative_any(vf x, const vf *v)
{
    pinn_tanh_factor c = pinn_tanh_product(v);
    return tanh_far_slope_times(tanh_far_prepare(x, c.m, c.e), c.m, c.e);
}

static V_NOINLINE vf pinn_tanh_derivative_far(vf x, const vf *v)
{
    vpair c = tanh_twice(v[0], v[1]);
    vm rare = v_nan(c.h);
    vf d = tanh_usual_far_slope(x, tanh_usual(c), v_mul(tanh_usual(c).h, v_set(0.5f)));
    return m_any(rare) ? v_sel(rare, pinn_tanh_derivative_any(x, v), d) : d;
}

static V_NOINLINE vf pinn_tanh_any_gradient(vf x, const vf *v)
{
    vscaled n = v_scaled_of(v[0]), s = v_scaled_of(x);
    pinn_tanh_factor c = pinn_tanh_product(v);
    vpair factor = { v_mul(n.m, s.m), v_set(0.0f) };
    return v_keep_nan(x, tanh_far_slope_times(tanh_far_prepare(x, c.m, c.e), factor, i_add(n.e, s.e)));
}

V_INLINE void pinn_tanh_gradients(vf x, const vf *v, vf *out, vm *flat)
{
    (void)flat;
    vm far = tanh_slope_is_far(pinn_tanh_slope_argument(x, v));
    vf near = v_sel(far, v_set(0.0f), x);
    out[0] = v_mul(v[0], v_mul(near, tanh_slope(near, tanh_twice(v[0], v[1]))));
    if (m_any(far))
        out[0] = v_sel(far, pinn_tanh_any_gradient(x, v), out[0]);
    out[0] = v_finite_gradient(x, out[0]);
}

static const v_elementwise pinn_tanh_elementwise = {
    .forward = { pinn_tanh_forward, pinn_tanh_far, .limit = TANH_LIMIT, .least = TANH_LEAST,
                 .argument = pinn_tanh_argument },
    .derivative = { pinn_tanh_derivative, pinn_tanh_derivative_far, .limit = TANH_LIMIT,
                    .argument = pinn_tanh_slope_argument },
    .scalars = 1,
    .gradients = pinn_tanh_gradients,
};
#endif
