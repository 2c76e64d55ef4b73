/* a * b + c with one rounding: by the CPU's instructions, or glibc's fma and fmaf, or ours.
 *
 * No other C library without the instructions was right: MinGW-w64 (10) rounds twice, by way of the x87's long double;
 * musl (1.2.3) rounds twice to some subnormal floats, and -2^-1080 to +0; Emscripten's musl (3.1.6), which has no other
 * mode of rounding, takes the wrong side of many ties. */
#ifndef ACTIV_BASE_FMA_H
#define ACTIV_BASE_FMA_H

#include <math.h>

float activ_exact_fmaf(float a, float b, float c);
double activ_exact_fma(double a, double b, double c);

/* gcc at -O0 calls the function even with the instructions. */
#if defined(__OPTIMIZE__) && ((defined(__FP_FAST_FMA) && defined(__FP_FAST_FMAF)) || defined(__FMA__) || \
                              defined(__aarch64__) || (defined(__riscv_flen) && __riscv_flen >= 64))
#    define ACTIV_HAS_FMA
#endif
#if !defined(ACTIV_HAS_FMA) && (!defined(__GLIBC__) || defined(__UCLIBC__))
#    define ACTIV_NEEDS_FMA
#    define activ_fmaf activ_exact_fmaf
#    define activ_fma activ_exact_fma
#else
#    define activ_fmaf fmaf
#    define activ_fma fma
#endif

#endif
