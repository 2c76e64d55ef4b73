/* Long addition, subtraction and multiplication. */
#include "analysis/wide.h"

#include <string.h>

void activ_wide_add_shifted(uint32_t *w, size_t limbs, uint64_t value, unsigned shift)
{
    /* Up to three limbs of the shifted value, then the carry. */
    const unsigned bit = shift % 32;
    const uint64_t low = (value & UINT32_MAX) << bit, high = (value >> 32) << bit;
    uint64_t parts[3] = { low & UINT32_MAX, (low >> 32) + (high & UINT32_MAX), high >> 32 };
    uint64_t carry = 0;
    for (size_t i = shift / 32, k = 0; i < limbs && (k < 3 || carry > 0); i++, k++) {
        carry += (k < 3 ? parts[k] : 0) + w[i];
        w[i] = (uint32_t)carry;
        carry >>= 32;
    }
}

void activ_wide_add(uint32_t *w, const uint32_t *v, size_t limbs)
{
    uint64_t carry = 0;
    for (size_t i = 0; i < limbs; i++) {
        carry += (uint64_t)w[i] + v[i];
        w[i] = (uint32_t)carry;
        carry >>= 32;
    }
}

int activ_wide_compare(const uint32_t *a, const uint32_t *b, size_t limbs)
{
    for (size_t i = limbs; i-- > 0;)
        if (a[i] != b[i])
            return a[i] < b[i] ? -1 : 1;
    return 0;
}

void activ_wide_subtract(uint32_t *difference, const uint32_t *a, const uint32_t *b, size_t limbs)
{
    uint32_t borrow = 0;
    for (size_t i = 0; i < limbs; i++) {
        const uint64_t d = (uint64_t)a[i] - b[i] - borrow;
        difference[i] = (uint32_t)d;
        borrow = d >> 32 != 0;
    }
}

void activ_wide_multiply(uint32_t *product, const uint32_t *a, size_t a_limbs, const uint32_t *b, size_t b_limbs)
{
    memset(product, 0, (a_limbs + b_limbs) * sizeof *product);
    for (size_t i = 0; i < a_limbs; i++) {
        uint64_t carry = 0;
        for (size_t k = 0; k < b_limbs; k++) {
            carry += (uint64_t)a[i] * b[k] + product[i + k];
            product[i + k] = (uint32_t)carry;
            carry >>= 32;
        }
        product[i + b_limbs] = (uint32_t)carry;
    }
}

static double power_of_two(int exponent)
{
    const uint64_t bits = (uint64_t)(exponent + 1023) << 52;
    double power;
    memcpy(&power, &bits, sizeof power);
    return power;
}

double activ_wide_to_double(const uint32_t *w, size_t limbs, int exponent)
{
    while (limbs > 0 && w[limbs - 1] == 0)
        limbs--;
    if (limbs == 0)
        return 0.0;
    /* The upper 64 to 96 bits; of what is below them it only matters whether it is 0. */
    unsigned zeros = 0;
    while ((w[limbs - 1] << zeros & UINT32_C(0x80000000)) == 0)
        zeros++;
    uint64_t top = 0;
    uint32_t below = 0;
    for (size_t k = 1; k <= 2; k++)
        top = top << 32 | (k <= limbs ? w[limbs - k] : 0);
    const uint32_t third = limbs >= 3 ? w[limbs - 3] : 0;
    if (zeros > 0) {
        top = top << zeros | third >> (32 - zeros);
        below = third << zeros;
    } else {
        below = third;
    }
    for (size_t k = 4; k <= limbs; k++)
        below |= w[limbs - k];
    return (double)(top | (below != 0)) * power_of_two(exponent + 32 * ((int)limbs - 2) - (int)zeros);
}
