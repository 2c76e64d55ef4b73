/* Arrays in blocks of sixteen elements, whatever the width of a vector, so that reductions have one shape: partial sum
 * i holds the elements i, i+16, i+32 ... on every tier. */
#ifndef ACTIV_SIMD_BLOCKS_H
#define ACTIV_SIMD_BLOCKS_H

#include "base/sum.h"
#include "simd/simd.h"

#define V_BLOCK ACTIV_LANES
#define V_PER_BLOCK (V_BLOCK / V_LANES)

/* Active lanes of vector number `vector` when `left` elements are left from the start of the block: V_LANES, fewer in
 * the tail, 0 past the end. */
V_INLINE size_t v_active_lanes(size_t left, size_t vector)
{
    size_t before = vector * V_LANES;
    size_t lanes = left > before ? left - before : 0;
    return lanes < V_LANES ? lanes : V_LANES;
}

V_INLINE vf v_load_lanes(const float *p, size_t lanes)
{
    return lanes == V_LANES ? v_load(p) : v_load_partial(p, lanes);
}

V_INLINE void v_store_lanes(float *p, size_t lanes, vf a)
{
    if (lanes == V_LANES)
        v_store(p, a);
    else
        v_store_partial(p, lanes, a);
}

/* True in the first `lanes` lanes. */
V_INLINE vm v_first_lanes(size_t lanes)
{
    static const float ones[V_BLOCK] = { 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1 };
    return v_gt(v_load_lanes(ones, lanes), v_set(0.0f));
}

/* Sixteen partial sums in double. */
typedef struct vsum {
    vacc acc[V_PER_BLOCK];
} vsum;

V_INLINE vsum v_sum_zero(void)
{
    vsum s;
    for (size_t i = 0; i < V_PER_BLOCK; i++)
        s.acc[i] = acc_zero();
    return s;
}

/* From and to an array of the sixteen. */
V_INLINE vsum v_sum_load(const double *lanes)
{
    vsum s;
    for (size_t i = 0; i < V_PER_BLOCK; i++)
        s.acc[i] = acc_load(lanes + i * V_LANES);
    return s;
}

V_INLINE void v_sum_store(double *lanes, vsum s)
{
    for (size_t i = 0; i < V_PER_BLOCK; i++)
        acc_store(lanes + i * V_LANES, s.acc[i]);
}

V_INLINE double v_sum_total(vsum s)
{
    double lanes[V_BLOCK];
    v_sum_store(lanes, s);
    return activ_sum_tree(lanes);
}

#endif
