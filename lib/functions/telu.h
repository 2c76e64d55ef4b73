/* telu: x tanh(e^x), as published; the trainable ELU that the book calls TeLU is trainable_elu. Fernandez and Mali
 * 2024. f' vanishes at -1.07886. */
#include "functions/function.h"

#if defined(ACTIV_FN_DEFINITIONS)
static const activ_fn_definition telu_definition = {
    .signature = "telu",
    .formula = "x*tanh(exp(x))",
    .source = "Fernandez and Mali 2024, Stable and robust deep learning by hyperbolic tangent exponential linear unit, "
              "arXiv:2402.02790",
    .forward_ulp = 1.25f,
    .derivative_ulp = 1.5f,
};
#else
#    include "functions/tables/telu.h"

/* The fast path: tanh(e^x) and f' from tables; above these, f rounds to x and f' to 1. */
V_INLINE vf telu_forward(vf x, const vf *v)
{
    (void)v;
    return v_sel(v_lt(x, v_set(TELU_FACTOR_TOP)), v_piece_times(telu_factor_piece(x), x), x);
}

V_INLINE vf telu_derivative(vf x, const vf *v)
{
    (void)v;
    return v_sel(v_ge(x, v_set(TELU_DERIVATIVE_TOP)), v_set(1.0f), v_piece_value(telu_derivative_piece(x)));
}

/* Below the tables, with n = e^x, tanh n is n to within 2^-28, and f' is n ((1 + x) - n^2 (1/3 + x)). Both are scaled
 * last, so that a subnormal result is rounded once. */
V_INLINE vf telu_far(vf x, const vf *v)
{
    (void)v;
    vf z = v_max(v_set(-120.0f), v_min(v_set(TELU_FACTOR_BOTTOM), x));
    vexp e = v_exp(z, v_set(0.0f));
    vf tail = v_scale_tail(v_fma(z, e.h, v_mul(z, e.l)), e.n);
    return v_descale(v_tail_or_linear(x, 0x1.85efacp-1f, tail)); /* tanh 1 */
}

V_INLINE vf telu_derivative_far(vf x, const vf *v)
{
    (void)v;
    vf z = v_max(v_set(-120.0f), v_min(v_set(TELU_DERIVATIVE_BOTTOM), x));
    vexp e = v_exp(z, v_set(0.0f));
    vf n = v_exp_bounded(e);
    vpair s = v_fast_two_sum(z, v_set(1.0f));
    s.l = v_fnma(v_mul(n, n), v_add(z, v_set(0x1.555556p-2f)), s.l);
    return v_descale(v_scale_tail(v_fma(s.h, e.h, v_fma(s.h, e.l, v_mul(s.l, e.h))), e.n));
}

static const v_elementwise telu_elementwise = {
    .forward = { telu_forward, telu_far, .bottom = TELU_FACTOR_BOTTOM, .least = 0x1p-90f },
    .derivative = { telu_derivative, telu_derivative_far, .bottom = TELU_DERIVATIVE_BOTTOM },
};
#endif
