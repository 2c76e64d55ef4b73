/* The hyperbolic tangent and its derivative. */
#ifndef ACTIV_FUNCTIONS_FAMILIES_TANH_H
#define ACTIV_FUNCTIONS_FAMILIES_TANH_H

#include "functions/families/logistic.h"

/* (1 - e)/(1 + e), e = e^(-2|x|) = 2^n (1 - s). One part of ln 2 is enough, as where n is not 0 most of the error is
 * lost beside 1. From |x| = 9.02 on the result rounds to 1. */
V_INLINE vf tanh_forward(vf x, const vf *v)
{
    (void)v;
    const vf magic = v_set(V_EXP_NEAR_MAGIC), one = v_set(1.0f);
    vf a = v_min(v_set(9.2f), v_abs(x)), twice = v_add(a, a);
    vf t = v_fnma(twice, v_set(0x1.715476p0f), magic), k = v_sub(t, magic);
    vf r = v_fma(k, v_set(0x1.62e43p-1f), twice);
    vf s = v_fnma(v_mul_subnormal(r, r), v_exp_near_polynomial(r, -1.0f), r), power = v_float_of(i_shl(v_bits(t), 23));
    vf y = v_div(v_fma(power, s, v_sub(one, power)), v_fnma(power, s, v_add(one, power)));
    return v_with_sign(y, x);
}

/* 4 e/(1 + e)^2 = q (2 - q) with q = 2/(1 + e^(2|x|)) */
#define TANH_DERIVATIVE_LIMIT 8.0f

V_INLINE vf tanh_derivative(vf x, const vf *v)
{
    (void)v;
    vf a = v_abs(x), q = logistic_tail(2.0f, v_add(a, a));
    return v_fnma(q, q, v_add(q, q));
}

V_INLINE vf tanh_derivative_far(vf x, const vf *v)
{
    (void)v;
    vf tail = v_exp_tail(v_add(x, x));
    return v_descale_positive(v_mul(v_mul(tail, v_set(4.0f)), logistic_far_rest(tail, 2.0f)));
}

#endif
