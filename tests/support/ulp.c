/* Errors in units in the last place: see ulp.h. */
#include "support/ulp.h"

#include <math.h>
#include <string.h>

double ulp_size(double value)
{
    int exponent = -149;
    if (value != 0.0 && ilogb(value) - 23 > exponent)
        exponent = ilogb(value) - 23;
    return ldexp(1.0, exponent);
}

double ulp_error_scaled(float got, double reference, double scale)
{
    if (isnan(reference))
        return isnan(got) ? 0.0 : INFINITY;
    if (isnan(got))
        return INFINITY;
    float rounded = (float)reference;
    if (isinf(rounded) || isinf(got))
        return got == rounded ? 0.0 : INFINITY;
    return fabs((double)got - reference) / ulp_size(scale);
}

double ulp_error(float got, double reference)
{
    return ulp_error_scaled(got, reference, isfinite(reference) ? reference : 0.0);
}

uint32_t float_bits(float value)
{
    uint32_t bits;
    memcpy(&bits, &value, sizeof bits);
    return bits;
}

float float_from_bits(uint32_t bits)
{
    float value;
    memcpy(&value, &bits, sizeof value);
    return value;
}
