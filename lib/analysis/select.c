/* Two digits of 16 bits: the first pass over the array tells in which of 65536 ranges a rank lies, another one where in
 * it. */
#include "analysis/select.h"

#include "analysis/values.h"

static int is_finite(uint32_t bits)
{
    return (bits & ACTIV_MAGNITUDE) < ACTIV_INFINITY;
}

/* The digit of the value of this rank, which becomes its rank among those with the digit. */
static uint32_t find(const activ_selection *room, uint64_t *rank)
{
    uint32_t digit = 0;
    while (*rank >= room->counts[digit])
        *rank -= room->counts[digit++];
    return digit;
}

static void count_upper(size_t n, const float *x, activ_selection *room)
{
    memset(room, 0, sizeof *room);
    for (size_t i = 0; i < n; i++) {
        const uint32_t bits = activ_bits(&x[i]);
        if (is_finite(bits))
            room->counts[activ_order(bits) >> 16]++;
    }
}

static void count_lower(size_t n, const float *x, uint32_t upper, activ_selection *room)
{
    memset(room, 0, sizeof *room);
    for (size_t i = 0; i < n; i++) {
        const uint32_t bits = activ_bits(&x[i]), order = activ_order(bits);
        if (is_finite(bits) && order >> 16 == upper)
            room->counts[order & 65535]++;
    }
}

/* The values of some ranks, counted from 0, in ascending order. */
enum { RANKS = 6 };
static void select_ranks(size_t n, const float *x, activ_selection *room, uint64_t *ranks, double *values)
{
    uint32_t upper[RANKS];
    count_upper(n, x, room);
    for (size_t i = 0; i < RANKS; i++)
        upper[i] = find(room, &ranks[i]);
    for (size_t i = 0; i < RANKS; i++) {
        if (i == 0 || upper[i] != upper[i - 1])
            count_lower(n, x, upper[i], room);
        values[i] = activ_of_bits(activ_bits_of_order(upper[i] << 16 | find(room, &ranks[i])));
    }
}

void activ_select_quartiles(size_t n, const float *x, activ_selection *room, activ_quartiles *quartiles)
{
    uint64_t count = 0;
    for (size_t i = 0; i < n; i++)
        count += (uint64_t)is_finite(activ_bits(&x[i]));
    *quartiles = (activ_quartiles){ .count = count };
    if (count == 0)
        return;
    /* The quartiles lie at (count - 1)/4 and 3 (count - 1)/4. */
    const uint64_t last = count - 1, first = last / 4, third = last / 4 * 3 + last % 4 * 3 / 4;
    uint64_t ranks[RANKS] = { 0, first, first + (first < last), third, third + (third < last), last };
    double values[RANKS];
    select_ranks(n, x, room, ranks, values);
    quartiles->least = values[0];
    quartiles->first = values[1] + (values[2] - values[1]) * ((double)(last % 4) / 4.0);
    quartiles->third = values[3] + (values[4] - values[3]) * ((double)(last % 4 * 3 % 4) / 4.0);
    quartiles->largest = values[5];
}
