/* Shared by the functions that are constant beyond two bounds: x clamped, and where that is. */
#ifndef ACTIV_FUNCTIONS_FAMILIES_CLAMP_H
#define ACTIV_FUNCTIONS_FAMILIES_CLAMP_H

#include "simd/simd.h"

/* In this order NaN stays. */
V_INLINE vf clamp_to(vf x, vf low, vf high)
{
    return v_min(high, v_max(low, x));
}

/* The bounds themselves, too; false for NaN. */
V_INLINE vm clamp_is_flat(vf x, vf low, vf high)
{
    return m_or(v_le(x, low), v_ge(x, high));
}

#endif
