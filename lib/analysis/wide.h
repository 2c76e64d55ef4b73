/* Whole numbers of some hundred bits, >= 0: 32 bits in each limb, the lowest first. */
#ifndef ACTIV_ANALYSIS_WIDE_H
#define ACTIV_ANALYSIS_WIDE_H

#include <stddef.h>
#include <stdint.h>

/* w += value 2^shift. The sum has to fit, here and below. */
void activ_wide_add_shifted(uint32_t *w, size_t limbs, uint64_t value, unsigned shift);

/* w += v, of as many limbs. */
void activ_wide_add(uint32_t *w, const uint32_t *v, size_t limbs);

/* -1, 0, 1: a < b, a = b, a > b. */
int activ_wide_compare(const uint32_t *a, const uint32_t *b, size_t limbs);

/* difference = a - b, for a >= b; it may be a. */
void activ_wide_subtract(uint32_t *difference, const uint32_t *a, const uint32_t *b, size_t limbs);

/* product = a b, with as many limbs as both; it is neither. */
void activ_wide_multiply(uint32_t *product, const uint32_t *a, size_t a_limbs, const uint32_t *b, size_t b_limbs);

/* w 2^exponent, rounded to nearest once. Has to be a normal double, or 0. */
double activ_wide_to_double(const uint32_t *w, size_t limbs, int exponent);

#endif
