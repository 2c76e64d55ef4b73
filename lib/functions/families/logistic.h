/* Shared by the functions built on the logistic one, 1/(1 + e^-x). */
#ifndef ACTIV_FUNCTIONS_FAMILIES_LOGISTIC_H
#define ACTIV_FUNCTIONS_FAMILIES_LOGISTIC_H

#include "functions/loops.h"
#include "simd/math.h"

/* ---- fast path --------------------------------------------------------------------------------- */

/* Beyond, 1 + e^|x| would be rounded twice, and logistic(-|x|) is t - t^2 with t = e^-|x|. */
#define LOGISTIC_LIMIT 16.0f

/* 1 + e^-x */
V_INLINE vf logistic_divisor(vf x)
{
    vexp_near e = v_exp_whole_minus(x);
    return v_fnma(e.power, e.s, v_add(e.power, v_set(1.0f)));
}

/* c/(1 + e^a), a >= 0 */
V_INLINE vf logistic_tail(float c, vf a)
{
    vexp_near e = v_exp_whole(a);
    return v_div(v_set(c), v_fma(e.power, e.s, v_add(e.power, v_set(1.0f))));
}

V_INLINE vf logistic(vf x, const vf *v)
{
    (void)v;
    return v_div(v_set(1.0f), logistic_divisor(x));
}

/* Beyond the limit: 1 - c t, of which tail is 2^64 t. */
V_INLINE vf logistic_far_rest(vf tail, float c)
{
    return v_fnma(v_set(c * V_TAIL_SCALE), tail, v_set(1.0f));
}

V_INLINE vf logistic_far(vf x, const vf *v)
{
    (void)v;
    vf tail = v_exp_tail(x), rest = logistic_far_rest(tail, 1.0f);
    return v_sel_sign(x, v_descale_positive(v_mul(tail, rest)), rest);
}

/* ---- slow path, right everywhere --------------------------------------------------------------- */

/* For z = -(|x| + low part), t = e^z: body = 1/(1+t) and tail = t/(1+t) 2^-n, both as pairs. The tail is not scaled by
 * 2^n yet, so that a result in the subnormal range is rounded once, at its end. */
typedef struct vsigma {
    vpair body, tail;
    vi n;
} vsigma;

V_INLINE vsigma v_sigma(vf z, vf z_low) /* -150 <= z <= 0 */
{
    vsigma s;
    vexp e = v_exp(z, z_low);
    vf t = v_scale(e.h, e.n), t_low = v_scale(e.l, e.n);
    vpair d = v_fast_two_sum(v_set(1.0f), t);
    d.l = v_add(d.l, t_low);
    /* Both divide by d: the compiler makes one division of it. */
    vpair one_pair = { v_set(1.0f), v_set(0.0f) }, numerator = { e.h, e.l };
    s.body = v_quotient(one_pair, d);
    s.tail = v_quotient(numerator, d);
    s.n = e.n;
    return s;
}

/* logistic(x) for x of either sign, from v_sigma(-|x|). */
V_INLINE vf v_sigma_value(vsigma s, vm negative)
{
    vf tail = v_scale(v_add(s.tail.h, s.tail.l), s.n);
    return v_sel(negative, tail, v_add(s.body.h, s.body.l));
}

#endif
