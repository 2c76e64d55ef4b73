/* Shared by the functions built on ln(1 + e^x) = max(x, 0) + ln(1 + t), t = e^-|x|. */
#ifndef ACTIV_FUNCTIONS_FAMILIES_SOFTPLUS_H
#define ACTIV_FUNCTIONS_FAMILIES_SOFTPLUS_H

#include "functions/tables/softplus.h"
#include "simd/math.h"

/* ln(1 + t) for |x| <= SOFTPLUS_TAIL_LIMIT */
V_INLINE vf softplus_tail(vf x)
{
    return v_piece_value(softplus_tail_piece(v_abs(x)));
}

/* Beyond: t (1 - t/2 + t^2/3). What is in the brackets, less 1: */
V_INLINE vf softplus_far_part(vf t)
{
    return v_mul(t, v_fma(t, v_set(0x1.555556p-2f), v_set(-0.5f)));
}

V_INLINE vf softplus_far_tail(vf x)
{
    vf scaled = v_exp_tail(x);
    vf t = v_mul(v_max(v_set(1.0f), scaled), v_set(V_TAIL_SCALE)); /* not smaller: it would not matter */
    return v_descale_positive(v_fma(scaled, softplus_far_part(t), scaled));
}

#endif
