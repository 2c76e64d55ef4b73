/* Shared by fourier and enn: powers of z = cos t + i sin t, in double. */
#ifndef ACTIV_FUNCTIONS_FAMILIES_HARMONICS_H
#define ACTIV_FUNCTIONS_FAMILIES_HARMONICS_H

#include "functions/loops.h"

/* The distance of powers that are computed anew, not from their predecessor. */
#define HARMONIC_ANCHOR 32

typedef struct harmonic {
    vacc re, im;
} harmonic;

V_INLINE vacc harmonic_times(vacc a, vacc b)
{
    return acc_fma_wide(acc_zero(), a, b);
}

V_INLINE harmonic harmonic_product(harmonic a, harmonic b)
{
    harmonic p = { acc_fma_wide(harmonic_times(harmonic_times(a.im, acc_set(-1.0)), b.im), a.re, b.re),
                   acc_fma_wide(harmonic_times(a.im, b.re), a.re, b.im) };
    return p;
}

/* cos r + i sin r to within 2^-40 or so, the sine relative to its size, for |r| <= pi/4. */
V_INLINE harmonic harmonic_of(vacc r)
{
    const vacc one = acc_set(1.0);
    vacc r2 = harmonic_times(r, r);
    vacc s = acc_set(-0x1.a95faaa3edadcp-26), c = acc_set(-0x1.23d68668798cap-22);
    s = acc_fma_wide(acc_set(0x1.71d767bd022fap-19), s, r2);
    c = acc_fma_wide(acc_set(0x1.a00f097fd8c27p-16), c, r2);
    s = acc_fma_wide(acc_set(-0x1.a019f92f79be5p-13), s, r2);
    c = acc_fma_wide(acc_set(-0x1.6c16b3f1840c3p-10), c, r2);
    s = acc_fma_wide(acc_set(0x1.1111110c8007ap-7), s, r2);
    c = acc_fma_wide(acc_set(0x1.55555546df196p-5), c, r2);
    s = acc_fma_wide(acc_set(-0x1.55555555521d4p-3), s, r2);
    c = acc_fma_wide(acc_set(-0x1.ffffffffebd75p-2), c, r2);
    s = acc_fma_wide(r, harmonic_times(r, r2), s);
    c = acc_fma_wide(one, r2, c);
    harmonic z = { c, s };
    return z;
}

/* z^n, n >= 1. */
V_INLINE harmonic harmonic_power(harmonic z, size_t n)
{
    for (; n % 2 == 0; n /= 2)
        z = harmonic_product(z, z);
    harmonic power = z;
    while ((n /= 2) > 0) {
        z = harmonic_product(z, z);
        if (n % 2)
            power = harmonic_product(power, z);
    }
    return power;
}

/* Adds products to lanes. */
V_INLINE void harmonic_add(double *lanes, vacc factor, vacc value)
{
    acc_store(lanes, acc_fma_wide(acc_load(lanes), factor, value));
}

/* A NaN in x is passed through; an infinity has no sine. */
V_INLINE vf harmonic_fix_specials(vf x, vf value)
{
    const vf no_sine = v_float_of(i_set(0x7fc00000)), infinite = v_float_of(i_set(0x7f800000));
    return v_keep_nan(x, v_sel(v_eq(v_abs(x), infinite), no_sine, value));
}

#endif
