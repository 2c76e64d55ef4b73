/* silu: x sigmoid(x), also known as swish with beta 1. Elfwing 2017. f' vanishes at -1.27846. */
#include "functions/function.h"

#if defined(ACTIV_FN_DEFINITIONS)
static const activ_fn_definition silu_definition = {
    .signature = "silu",
    .aliases = "SiLU, Swish",
    .formula = "x / (1 + e^-x)",
    .source = "Elfwing, Uchibe, Doya 2017, Sigmoid-weighted linear units, arXiv:1702.03118",
    .forward_ulp = 1.5f,
    .derivative_ulp = 2.5f,
};
#else
#    include "functions/families/logistic.h"
#    include "functions/tables/silu.h"

/* logistic(-|x|) and f'(-|x|) from tables; f'(a) = 1 - f'(-a). */
V_INLINE vf silu_forward(vf x, const vf *v)
{
    (void)v;
    return v_logistic_times(x);
}

V_INLINE vf silu_derivative(vf x, const vf *v)
{
    (void)v;
    return v_of_both_signs(v_piece_value(silu_derivative_piece(v_abs(x))), x);
}

/* The slow path, right everywhere. */
V_INLINE vf silu_far(vf x, const vf *v)
{
    (void)v;
    vf bounded = v_max(v_set(-150.0f), x);
    vsigma s = v_sigma(v_minus_abs(x, -150.0f), v_set(0.0f));
    return v_sel(v_gt(x, v_set(100.0f)), x, v_gate(bounded, s, v_lt(x, v_set(0.0f))));
}

V_INLINE vf silu_derivative_far(vf x, const vf *v)
{
    (void)v;
    vpair bounded = { v_max(v_set(-150.0f), v_min(v_set(150.0f), x)), v_set(0.0f) };
    vsigma s = v_sigma(v_minus_abs(x, -150.0f), v_set(0.0f));
    return v_gate_derivative(bounded, s, v_lt(x, v_set(0.0f)));
}

static const v_elementwise silu_elementwise = {
    .forward = { silu_forward, silu_far, .limit = SIGMOID_TAIL_LIMIT },
    .derivative = { silu_derivative, silu_derivative_far, .limit = SILU_DERIVATIVE_LIMIT },
};
#endif
