/* sgt_book: Gamma(3/2) tanh(gamma x), gamma being trained, Gamma(3/2) = sqrt(pi)/2: the book's formula for SGT, which
 * is not the published one. */
#include "functions/function.h"

#if defined(ACTIV_FN_DEFINITIONS)
static const activ_setting sgt_book_settings[] = {
    { .name = "gamma", .initial = 1.0, .trainable = 1 },
    ACTIV_NUM_PARAMETERS,
    { .name = NULL },
};

static const activ_fn_definition sgt_book_definition = {
    .signature = "sgt_book(gamma=1, num_parameters=1)",
    .formula = "sqrt(pi)/2*tanh(gamma*x)",
    .source = "the book's variant of Khagi and Kwon 2022, Sci. Rep. 12:14978",
    .settings = sgt_book_settings,
    .forward_ulp = 1.3f,
    .derivative_ulp = 2.9f,
};
#else
#    include "functions/families/scaled_tanh.h"

/* sqrt(pi)/2 */
V_INLINE vpair sgt_book_scale(void)
{
    vpair scale = { v_set(0x1.c5bf8ap-1f), v_set(-0x1.c96212p-26f) };
    return scale;
}

/* That times c. */
V_INLINE vpair sgt_book_times(vf c)
{
    vpair scale = sgt_book_scale(), product = v_two_product(scale.h, c);
    product.l = v_fma(scale.l, c, product.l);
    return product;
}

V_INLINE vf sgt_book_argument(vf x, const vf *v)
{
    return v_mul(tanh_twice(v_set(1.0f), v[0]).h, x);
}

V_INLINE vf sgt_book_forward(vf x, const vf *v)
{
    vpair c = tanh_twice(v_set(1.0f), v[0]);
    vf y = tanh_times(tanh_near_argument(x, c), sgt_book_scale());
    return v_with_sign(y, v_mul(c.h, x));
}

V_INLINE vf sgt_book_slope_argument(vf x, const vf *v)
{
    return tanh_slope_argument(x, tanh_twice(v_set(1.0f), v[0]));
}

V_INLINE vf sgt_book_derivative(vf x, const vf *v)
{
    vf slope = tanh_slope(x, tanh_twice(v_set(1.0f), v[0]));
    vpair c = sgt_book_times(v[0]);
    return v_fma(c.h, slope, v_mul(c.l, slope));
}

V_INLINE tanh_far_argument sgt_book_far_argument(vf x, vscaled gamma)
{
    vpair c = { gamma.m, v_set(0.0f) };
    return tanh_far_prepare(x, c, gamma.e);
}

static V_NOINLINE vf sgt_book_far(vf x, const vf *v)
{
    vpair c = tanh_twice(v_set(1.0f), v[0]), scale = sgt_book_scale();
    vm rare = v_nan(c.h);
    vf y = tanh_usual_far(x, tanh_usual(c), scale);
    return m_any(rare) ? v_sel(rare, tanh_far_times(sgt_book_far_argument(x, v_scaled_of(v[0])), scale), y) : y;
}

static V_NOINLINE vf sgt_book_derivative_any(vf x, const vf *v)
{
    vscaled gamma = v_scaled_of(v[0]);
    return tanh_far_slope_times(sgt_book_far_argument(x, gamma), sgt_book_times(gamma.m), gamma.e);
}

static V_NOINLINE vf sgt_book_derivative_far(vf x, const vf *v)
{
    vpair c = tanh_twice(v_set(1.0f), v[0]);
    vm rare = v_nan(c.h);
    vf d = tanh_usual_far_slope(x, tanh_usual(c), sgt_book_times(v_mul(tanh_usual(c).h, v_set(0.5f))).h);
    return m_any(rare) ? v_sel(rare, sgt_book_derivative_any(x, v), d) : d;
}

static V_NOINLINE vf sgt_book_any_gradient(vf x, const vf *v)
{
    vscaled gamma = v_scaled_of(v[0]), s = v_scaled_of(x);
    return v_keep_nan(x, tanh_far_slope_times(sgt_book_far_argument(x, gamma), sgt_book_times(s.m), s.e));
}

V_INLINE void sgt_book_gradients(vf x, const vf *v, vf *out, vm *flat)
{
    (void)flat;
    vm far = tanh_slope_is_far(sgt_book_slope_argument(x, v));
    vf near = v_sel(far, v_set(0.0f), x);
    out[0] = v_mul(v_mul(sgt_book_scale().h, near), tanh_slope(near, tanh_twice(v_set(1.0f), v[0])));
    if (m_any(far))
        out[0] = v_sel(far, sgt_book_any_gradient(x, v), out[0]);
}

static const v_elementwise sgt_book_elementwise = {
    .forward = { sgt_book_forward, sgt_book_far, .limit = TANH_LIMIT, .least = TANH_LEAST,
                 .argument = sgt_book_argument },
    .derivative = { sgt_book_derivative, sgt_book_derivative_far, .limit = TANH_LIMIT,
                    .argument = sgt_book_slope_argument },
    .scalars = 1,
    .gradients = sgt_book_gradients,
};
#endif
