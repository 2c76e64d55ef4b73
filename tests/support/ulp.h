/* How far a float32 result is from the true value.
 *
 * One ulp of a value v is 2^(floor(log2 |v|) - 23), but never less than 2^-149, the distance
 * of the subnormal numbers. References are doubles: they carry 29 bits more than a float, so
 * their own rounding is of no weight here, and their range holds every float32 result. */
#ifndef SUPPORT_ULP_H
#define SUPPORT_ULP_H

#include <stdint.h>

/* One ulp of a finite value. */
double ulp_size(double value);

/* |got - reference| in ulp of the reference. A NaN is expected for NaN, an infinity for what
 * rounds to one; anything else in their place is an infinite error. Zeros compare as equal. */
double ulp_error(float got, double reference);

/* The same in ulp of `scale`, for a sum that cancels: scale is the sum of its addends' sizes. */
double ulp_error_scaled(float got, double reference, double scale);

uint32_t float_bits(float value);
float float_from_bits(uint32_t bits);

#endif
