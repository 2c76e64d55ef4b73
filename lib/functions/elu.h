/* elu: x where x > 0, else alpha (e^x - 1). Clevert 2015. f'(0) = alpha. */
#include "functions/function.h"

#if defined(ACTIV_FN_DEFINITIONS)
static const activ_setting elu_settings[] = {
    { .name = "alpha", .initial = 1.0 },
    { .name = NULL },
};

static const activ_fn_definition elu_definition = {
    .signature = "elu(alpha=1)",
    .aliases = "ELU",
    .formula = "where(x > 0, x, alpha*expm1(x))",
    .source = "Clevert, Unterthiner, Hochreiter 2015, Exponential linear units, arXiv:1511.07289",
    .settings = elu_settings,
    .forward_ulp = 1.0f,
    .derivative_ulp = 1.5f,
    .is_of_y = activ_of_y_from_zero,
};
#else
#    include "functions/families/exponential.h"

static const v_elementwise elu_elementwise = {
    .forward = { exponential_forward, .together = 2 },
    .derivative = { exponential_derivative, exponential_derivative_far, .bottom = -87.0f },
    .is_plain = exponential_is_plain,
    .plain_forward = { exponential_plain_forward, .passes_nan = 1 },
    .from_y = { exponential_from_y, .light = 1 },
};
#endif
