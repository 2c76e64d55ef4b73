/* rational_a: P(x)/Q(x), the safe Pade activation unit: P = a_0 + a_1 x + ... + a_p x^p, Q = 1 + |b_1 x| + ... + |b_q
 * x^q|, all p + q + 1 coefficients trained. Molina 2019.
 *
 * The derivative of |x| at 0, and of |b| at b = 0, is 0. */
#include "functions/function.h"

#include "functions/families/rational.h"

#if defined(ACTIV_FN_DEFINITIONS)
static size_t rational_a_param_vector(const activ_setting_value *values, int which, const char **name)
{
    if (which >= 2)
        return 0;
    *name = which == 0 ? "a" : "b";
    return (size_t)values[which].number + (which == 0 ? 1 : 0);
}

/* A fit of leaky_relu. */
static void rational_a_param_init(const activ_setting_value *values, uint64_t seed, float *params)
{
    (void)seed;
    rational_fill(values, params, params + (size_t)values[0].number + 1);
}

static const activ_fn_definition rational_a_definition = {
    .signature = "rational_a(p=5, q=4)",
    .formula = "let u = 1/x; where(abs(x) <= 1, sum(i, 0, p, a[i + 1]*x^i)/(1 + sum(i, 1, q, abs(b[i]*x^i))), "
               "sign(x)^q*x^(p - q)*sum(i, 0, p, a[i + 1]*u^(p - i))/(abs(u)^q + sum(i, 1, q, abs(b[i]*u^(q - i)))))",
    .printed = "sum(i, 0, p, a[i + 1]*x^i)/(1 + sum(i, 1, q, abs(b[i]*x^i)))",
    .source = "Molina, Schramowski, Kersting 2019, Pade activation units: end-to-end learning of flexible activation "
              "functions, arXiv:1907.06732",
    .settings = rational_settings,
    /* In units of the sum of the terms' magnitudes. */
    .forward_ulp = 0.6f,
    .derivative_ulp = 0.6f,
    .param_vector = rational_a_param_vector,
    .param_init = rational_a_param_init,
};
#else
static void rational_a_forward_loop(const activ_fn_args *a, size_t n, const float *x, const float *w, float *y)
{
    rational_forward(a, n, x, w, y, 1);
}

static void rational_a_backward_loop(const activ_fn_args *a, size_t first, size_t count, size_t n, const float *x,
                                     const float *dy, float *dx, activ_lanes *lanes)
{
    rational_backward(a, first, count, n, x, dy, dx, lanes, 1);
}

static void rational_a_finish(const activ_fn_args *a, size_t first, size_t count, double *sums)
{
    rational_finish(a, first, count, sums, 1);
}

static const v_elementwise rational_a_elementwise = {
    .forward_loop = rational_a_forward_loop,
    .backward_loop = rational_a_backward_loop,
    .finish = rational_a_finish,
};
#endif
