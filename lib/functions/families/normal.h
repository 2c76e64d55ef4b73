/* Shared by the functions built on the normal distribution. Coefficients: families/normal.sollya. */
#ifndef ACTIV_FUNCTIONS_FAMILIES_NORMAL_H
#define ACTIV_FUNCTIONS_FAMILIES_NORMAL_H

#include "simd/math.h"

/* g(a) = Phi(-a) e^(a^2/2) for 0 <= a <= 15: falls from 1/2 to 0.027. With (1 + 2a) it is nearly constant, and in y =
 * (a-2)/(a+2) a polynomial. */
V_INLINE vpair v_normal_mills(vf a)
{
    vf y = v_div(v_sub(a, v_set(2.0f)), v_add(a, v_set(2.0f)));
    vf p = v_set(0x1.d5081cp-16f);
    p = v_fma(p, y, v_set(0x1.bdce06p-15f));
    p = v_fma(p, y, v_set(-0x1.a1dce6p-14f));
    p = v_fma(p, y, v_set(-0x1.57975cp-12f));
    p = v_fma(p, y, v_set(-0x1.121448p-14f));
    p = v_fma(p, y, v_set(0x1.e3b194p-11f));
    p = v_fma(p, y, v_set(0x1.b63db8p-10f));
    p = v_fma(p, y, v_set(-0x1.0315dcp-11f));
    p = v_fma(p, y, v_set(-0x1.eb72c4p-8f));
    p = v_fma(p, y, v_set(-0x1.1ef034p-7f));
    p = v_fma(p, y, v_set(0x1.b99f8ap-6f));
    p = v_fma(p, y, v_set(0x1.14769p-4f));
    p = v_fma(p, y, v_set(-0x1.b351p-3f));
    p = v_fma(p, y, v_set(0x1.70d8bep-4f));
    p = v_fma(p, y, v_set(0x1.ae5754p-1f));
    vpair numerator = { p, v_set(0.0f) };
    return v_quotient(numerator, v_two_sum(v_set(1.0f), v_add(a, a)));
}

/* e^(-a^2/2): the square as a pair, or its rounding would be magnified a^2/2 times. */
V_INLINE vexp v_exp_minus_half_square(vf a)
{
    vpair square = v_two_product(a, a);
    return v_exp(v_mul(square.h, v_set(-0.5f)), v_mul(square.l, v_set(-0.5f)));
}

#endif
