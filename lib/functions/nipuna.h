/* nipuna: x where x > 0, else x logistic(beta x), as published, beta being trained; the book's formula is nipuna_book.
 * Madhu 2023. f'(0) = 1/2, the derivative from below. With a negative beta f is x far below 0, and rises there to 0. */
#include "functions/function.h"

#if defined(ACTIV_FN_DEFINITIONS)
static const activ_setting nipuna_settings[] = {
    { .name = "beta", .initial = 1.0, .trainable = 1 },
    ACTIV_NUM_PARAMETERS,
    { .name = NULL },
};

static const activ_fn_definition nipuna_definition = {
    .signature = "nipuna(beta=1, num_parameters=1)",
    .formula = "where(x > 0, x, x*sigmoid(beta*x))",
    .source = "Madhu, Kautish, Alnowibet, Zawbaa, Mohamed 2023, NIPUNA, Axioms 12:246",
    .settings = nipuna_settings,
    .forward_ulp = 1.8f,
    .derivative_ulp = 2.5f,
};
#else
#    include "functions/families/swish.h"

V_INLINE vf nipuna_left(vf x)
{
    return v_min(v_set(0.0f), x);
}

V_INLINE vf nipuna_argument(vf x, const vf *v)
{
    return swish_argument(nipuna_left(x), v);
}

V_INLINE vf nipuna_forward(vf x, const vf *v)
{
    return v_sel(v_gt(x, v_set(0.0f)), x, swish_forward(nipuna_left(x), v));
}

static V_NOINLINE vf nipuna_far(vf x, const vf *v)
{
    return v_sel(v_gt(x, v_set(0.0f)), x, swish_far(nipuna_left(x), v));
}

V_INLINE vf nipuna_derivative(vf x, const vf *v)
{
    return v_sel(v_gt(x, v_set(0.0f)), v_set(1.0f), swish_derivative(nipuna_left(x), v));
}

static V_NOINLINE vf nipuna_derivative_far(vf x, const vf *v)
{
    return v_sel(v_gt(x, v_set(0.0f)), v_set(1.0f), swish_derivative_far(nipuna_left(x), v));
}

V_INLINE void nipuna_gradients(vf x, const vf *v, vf *out, vm *flat)
{
    flat[0] = v_gt(x, v_set(0.0f));
    out[0] = swish_gradient(nipuna_left(x), v);
}

static const v_elementwise nipuna_elementwise = {
    .forward = { nipuna_forward, nipuna_far, .limit = LOGISTIC_LIMIT, .argument = nipuna_argument },
    .derivative = { nipuna_derivative, nipuna_derivative_far, .limit = LOGISTIC_LIMIT, .argument = nipuna_argument },
    .scalars = 1,
    .gradients = nipuna_gradients,
};
#endif
