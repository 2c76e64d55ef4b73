/* rational_book: P(x)/Q(x), P = a_0 + a_1 x + ... + a_p x^p, Q = 1 + b_0 + b_1 |x| + ... + b_q |x|^q, all p + q + 2
 * coefficients trained.
 *
 * It starts without poles, but training may lead to a negative b_k, and Q may then be 0: near a pole f is large, and at
 * it infinite, or NaN where P is 0 too. rational_a has no poles. The derivative of |x| at 0 is 0. */
#include "functions/function.h"

#include "functions/families/rational.h"

#if defined(ACTIV_FN_DEFINITIONS)
static size_t rational_book_param_vector(const activ_setting_value *values, int which, const char **name)
{
    if (which >= 2)
        return 0;
    *name = which == 0 ? "a" : "b";
    return (size_t)values[which].number + 1;
}

/* rational_a's fit of leaky_relu: the same function, with b_0 = 0 and the magnitudes of the others. */
static void rational_book_param_init(const activ_setting_value *values, uint64_t seed, float *params)
{
    (void)seed;
    float *b = params + (size_t)values[0].number + 1;
    rational_fill(values, params, b + 1);
    b[0] = 0.0f;
    for (size_t k = 1; k <= (size_t)values[1].number; k++)
        b[k] = b[k] < 0.0f ? -b[k] : b[k];
}

static const activ_fn_definition rational_book_definition = {
    .signature = "rational_book(p=5, q=4)",
    .formula = "let u = 1/x; where(abs(x) <= 1, sum(i, 0, p, a[i + 1]*x^i)/(1 + sum(i, 0, q, b[i + 1]*abs(x)^i)), "
               "sign(x)^q*x^(p - q)*sum(i, 0, p, a[i + 1]*u^(p - i))/(abs(u)^q + sum(i, 0, q, b[i + 1]*abs(u)^(q - "
               "i))))",
    .printed = "sum(i, 0, p, a[i + 1]*x^i)/(1 + sum(i, 0, q, b[i + 1]*abs(x)^i))",
    .source =
        "Molina, Schramowski, Kersting 2019, Pade activation units, arXiv:1907.06732, without the safeguard against "
        "poles",
    .settings = rational_settings,
    /* In units of the sum of the terms' magnitudes. */
    .forward_ulp = 0.6f,
    .derivative_ulp = 0.6f,
    .param_vector = rational_book_param_vector,
    .param_init = rational_book_param_init,
};
#else
static void rational_book_forward_loop(const activ_fn_args *a, size_t n, const float *x, const float *w, float *y)
{
    rational_forward(a, n, x, w, y, 0);
}

static void rational_book_backward_loop(const activ_fn_args *a, size_t first, size_t count, size_t n, const float *x,
                                        const float *dy, float *dx, activ_lanes *lanes)
{
    rational_backward(a, first, count, n, x, dy, dx, lanes, 0);
}

static void rational_book_finish(const activ_fn_args *a, size_t first, size_t count, double *sums)
{
    rational_finish(a, first, count, sums, 0);
}

static const v_elementwise rational_book_elementwise = {
    .forward_loop = rational_book_forward_loop,
    .backward_loop = rational_book_backward_loop,
    .finish = rational_book_finish,
};
#endif
