/* Functions in double with the same bits on every system, unlike the C library's. For values computed once, not for
 * kernels. */
#ifndef ACTIV_BASE_DMATH_H
#define ACTIV_BASE_DMATH_H

#include <stdint.h>

double activ_log(double x);      /* x > 0, normal */
double activ_log1p(double x);    /* ln(1 + x) for x >= 0, to a relative 2^-50 where it is small too */
double activ_exp(double x);      /* x <= 700; 0 below -700 */
double activ_cos_turn(double u); /* cos 2 pi u, 0 <= u < 1 */
double activ_power(double base, uint64_t exponent);

#endif
