/* Calls compute in the mode that rounds to nearest, whatever mode the host's thread is in, and then restore that:
 * kernels split numbers at whole ones by rounding, and are right, and the same on every tier, in this mode alone.
 *
 *     const int before = activ_round_to_nearest();
 *     ...
 *     activ_round_as(before);
 *
 * Compilers do not know that the calls between change what arithmetic does: it has to be in a function of its own.
 * New threads inherit the mode of the thread that makes them: activ_host_parallel does this for every task. */
#ifndef ACTIV_BASE_ROUNDING_H
#define ACTIV_BASE_ROUNDING_H

/* Where arithmetic is SSE's, its own register is read and set: the C library's functions set this and x87's, and read
 * x87's alone (glibc's), so that a mode which the host set by _MM_SET_ROUNDING_MODE would be lost. */
#if defined(__SSE_MATH__) || defined(_M_X64)
#    include <xmmintrin.h>
enum { ACTIV_TO_NEAREST = 0, ACTIV_MODE_BITS = 0x6000 };

static inline int activ_set_mode(int mode)
{
    const unsigned all = _mm_getcsr();
    _mm_setcsr((all & ~(unsigned)ACTIV_MODE_BITS) | (unsigned)mode);
    return (int)(all & (unsigned)ACTIV_MODE_BITS);
}
#else
#    include <fenv.h>
enum { ACTIV_TO_NEAREST = FE_TONEAREST };

static inline int activ_set_mode(int mode)
{
    const int before = fegetround();
    (void)fesetround(mode);
    return before;
}
#endif

/* By arithmetic: to read the mode takes longer than a short call. */
static inline int activ_rounds_to_nearest(void)
{
    static const volatile float small = 0x1p-30f;
    const float s = small;
    return 1.0f + s == 1.0f - s;
}

static inline int activ_round_to_nearest(void)
{
    return activ_rounds_to_nearest() ? ACTIV_TO_NEAREST : activ_set_mode(ACTIV_TO_NEAREST);
}

static inline void activ_round_as(int before)
{
    if (before != ACTIV_TO_NEAREST)
        (void)activ_set_mode(before);
}

#endif
