/* a * b + c with one rounding: the C library's fma and fmaf where they are right.
 *
 * Those of MinGW-w64 (10) round twice in some cases, by way of the x87's long double; ours do in integers, slowly, what
 * IEEE 754 asks for. With FMA instructions the compiler calls neither. */
#ifndef ACTIV_BASE_FMA_H
#define ACTIV_BASE_FMA_H

#include <math.h>

float activ_exact_fmaf(float a, float b, float c);
double activ_exact_fma(double a, double b, double c);

#if defined(__MINGW32__) && !defined(__FMA__)
#    define ACTIV_NEEDS_FMA
#    define activ_fmaf activ_exact_fmaf
#    define activ_fma activ_exact_fma
#else
#    define activ_fmaf fmaf
#    define activ_fma fma
#endif

#endif
