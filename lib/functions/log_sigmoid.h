/* log_sigmoid: ln(1/(1 + e^-x)) = -softplus(-x), the logarithm of sigmoid. f' = logistic(-x). */
#include "functions/function.h"

#if defined(ACTIV_FN_DEFINITIONS)
static const activ_fn_definition log_sigmoid_definition = {
    .signature = "log_sigmoid",
    .aliases = "LogSigmoid",
    .formula = "where(x >= 0, -log1p(exp(-x)), x - log1p(exp(x)))",
    .source = "PyTorch, LogSigmoid; the negative of Dugas et al. 2000, Incorporating second-order functional knowledge",
    .forward_ulp = 1.4f,
    .derivative_ulp = 1.7f,
    .is_of_y = activ_always_of_y,
};
#else
#    include "functions/families/logistic.h"
#    include "functions/families/softplus.h"

V_INLINE vf log_sigmoid_forward(vf x, const vf *v)
{
    (void)v;
    vf tail = softplus_tail(x);
    return v_sel_sign(x, v_sub(x, tail), v_neg(tail));
}

V_INLINE vf log_sigmoid_far(vf x, const vf *v)
{
    (void)v;
    return v_sub(v_min(v_set(0.0f), x), softplus_far_tail(x));
}

V_INLINE vf log_sigmoid_derivative(vf x, const vf *v)
{
    return logistic(v_neg(x), v);
}

V_INLINE vf log_sigmoid_derivative_far(vf x, const vf *v)
{
    return logistic_far(v_neg(x), v);
}

/* 1 - e^y */
V_INLINE vf log_sigmoid_from_y(vf y, const vf *v)
{
    (void)v;
    vpair e = v_expm1(v_max(v_set(-80.0f), y));
    return v_neg(v_add(e.h, e.l));
}

static const v_elementwise log_sigmoid_elementwise = {
    .forward = { log_sigmoid_forward, log_sigmoid_far, .limit = SOFTPLUS_TAIL_LIMIT },
    .derivative = { log_sigmoid_derivative, log_sigmoid_derivative_far, .limit = LOGISTIC_LIMIT,
                    .together = V_TOGETHER_SHORT },
    .from_y = { log_sigmoid_from_y, .together = 1 },
};
#endif
