/* nipuna_book: x where x > 0, else alpha ln(1 + e^x), alpha being trained: the book's formula, which differs from the
 * published nipuna. It jumps at 0: f(0) = alpha ln 2, where the limit from above is 0; f'(0) = alpha/2, the derivative
 * from below. */
#include "functions/function.h"

#if defined(ACTIV_FN_DEFINITIONS)
static const activ_setting nipuna_book_settings[] = {
    { .name = "alpha", .initial = 1.0, .trainable = 1 },
    ACTIV_NUM_PARAMETERS,
    { .name = NULL },
};

static const activ_fn_definition nipuna_book_definition = {
    .signature = "nipuna_book(alpha=1, num_parameters=1)",
    .formula = "where(x > 0, x, alpha*log1p(exp(x)))",
    .source = "the book's variant of Madhu, Kautish, Alnowibet, Zawbaa, Mohamed 2023, Axioms 12:246",
    .settings = nipuna_book_settings,
    .forward_ulp = 2.1f,
    .derivative_ulp = 1.9f,
};
#else
#    include "functions/families/logistic.h"
#    include "functions/families/scaled.h"
#    include "functions/families/softplus.h"

/* x clamped to what is far. */
V_INLINE vpair nipuna_book_far_argument(vf x, float limit)
{
    vpair z = { v_min(v_set(-limit), x), v_set(0.0f) };
    return v_minus_size(z, -350.0f);
}

V_INLINE vf nipuna_book_forward(vf x, const vf *v)
{
    vf left = v_piece_times(softplus_tail_piece(v_abs(v_min(v_set(0.0f), x))), v[0]);
    return v_sel(v_gt(x, v_set(0.0f)), x, left);
}

static V_NOINLINE vf nipuna_book_far(vf x, const vf *v)
{
    vexp_scaled e = v_exp_scaled(nipuna_book_far_argument(x, SOFTPLUS_TAIL_LIMIT));
    vf t = v_exp_scaled_bounded(e), s = v_fma(softplus_far_part(t), v_add(v_set(1.0f), e.s), e.s);
    vscaled alpha = v_scaled_of(v[0]);
    vf left = v_scaled_value(v_fma(alpha.m, s, alpha.m), i_add(alpha.e, e.n));
    return v_sel(v_gt(x, v_set(0.0f)), x, left);
}

V_INLINE vf nipuna_book_derivative(vf x, const vf *v)
{
    vf left = v_div(v[0], logistic_divisor(v_min(v_set(0.0f), x)));
    return v_sel(v_gt(x, v_set(0.0f)), v_set(1.0f), left);
}

/* alpha (t - t^2) */
static V_NOINLINE vf nipuna_book_derivative_far(vf x, const vf *v)
{
    vexp_scaled e = v_exp_scaled(nipuna_book_far_argument(x, LOGISTIC_LIMIT));
    vscaled alpha = v_scaled_of(v[0]);
    vf s = v_exp_scaled_less(e.s, v_exp_scaled_bounded(e), 1.0f);
    vf left = v_scaled_value(v_fma(alpha.m, s, alpha.m), i_add(alpha.e, e.n));
    return v_sel(v_gt(x, v_set(0.0f)), v_set(1.0f), left);
}

V_INLINE void nipuna_book_gradients(vf x, const vf *v, vf *out, vm *flat)
{
    (void)v;
    vm far = v_not_le(v_set(-SOFTPLUS_TAIL_LIMIT), x);
    flat[0] = v_gt(x, v_set(0.0f));
    out[0] = softplus_tail(v_sel(far, v_set(0.0f), v_min(v_set(0.0f), x)));
    if (m_any(far))
        out[0] = v_sel(far, v_keep_nan(x, softplus_far_tail(x)), out[0]);
}

static const v_elementwise nipuna_book_elementwise = {
    .forward = { nipuna_book_forward, nipuna_book_far, .bottom = -SOFTPLUS_TAIL_LIMIT },
    .derivative = { nipuna_book_derivative, nipuna_book_derivative_far, .bottom = -LOGISTIC_LIMIT },
    .scalars = 1,
    .gradients = nipuna_book_gradients,
};
#endif
