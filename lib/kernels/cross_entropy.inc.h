/* Softmax cross-entropy, row by row. */
#include <math.h>

/* A row of class weights t_j, where the label's is large and the others' are label smoothing: the sum over j of t_j
 * (ln(sum of e^(x_k - m)) + m - x_j), m the largest x. Differences x_j - m are exact pairs, as an error there is the
 * exponential's relative error; the largest term is 1 and left out of the sum, whose logarithm may be close to 0. The
 * sum is reduced in sixteen partial sums in double; exponentials are computed twice rather than stored. NaN in a row
 * gives NaN. */
typedef struct cross_entropy_row {
    size_t columns, largest; /* index of the first of the largest */
    const float *x;
    float m;
} cross_entropy_row;

static cross_entropy_row cross_entropy_start(size_t columns, const float *x)
{
    cross_entropy_row r = { columns, 0, x, x[0] };
    for (size_t j = 1; j < columns; j++)
        if (x[j] > r.m || x[j] != x[j]) {
            r.m = x[j];
            r.largest = j;
        }
    return r;
}

/* factor e^(x - m) of the vector at `at`, rounded to a float at the end. */
V_INLINE vf cross_entropy_exponential(const cross_entropy_row *r, size_t at, size_t lanes, vf factor)
{
    const vf bound = v_set(-150.0f), m = v_set(r->m), x = v_load_lanes(r->x + at, lanes);
    /* Far below m the difference may overflow, and its low part be NaN. */
    vm far = v_lt(v_sub(x, m), bound);
    vpair d = v_two_sum(v_sel(far, m, x), v_neg(m));
    vexp e = v_exp(v_sel(far, bound, d.h), d.l);
    return v_scale(v_mul(v_add(e.h, e.l), factor), e.n);
}

/* The sum of e^(x - m) over all but the largest; NaN if that is not finite. */
static double cross_entropy_others(const cross_entropy_row *r)
{
    const vf one = v_set(1.0f);
    vsum sum = v_sum_zero();
    if (!(r->m - r->m == 0.0f))
        return (double)NAN;
    for (size_t i = 0; i < r->columns; i += V_BLOCK) {
        for (size_t j = 0; j < V_PER_BLOCK; j++) {
            size_t lanes = v_active_lanes(r->columns - i, j), at = i + j * V_LANES;
            if (lanes == 0)
                break;
            float terms[V_LANES];
            v_store(terms, cross_entropy_exponential(r, at, lanes, one));
            for (size_t k = lanes; k < V_LANES; k++)
                terms[k] = 0.0f;
            if (r->largest >= at && r->largest - at < lanes)
                terms[r->largest - at] = 0.0f;
            sum.acc[j] = acc_fma(sum.acc[j], v_load(terms), one);
        }
    }
    return v_sum_total(sum);
}

/* dx = (total weight softmax(x) - t) / terms. */
static void cross_entropy_gradient(const activ_cross_entropy *c, const cross_entropy_row *r, double weight, double sum,
                                   size_t label, float *dx)
{
    const vf factor = v_set((float)(weight / ((1.0 + sum) * c->terms)));
    for (size_t i = 0; i < r->columns; i += V_LANES) {
        size_t lanes = v_active_lanes(r->columns - i, 0);
        v_store_lanes(dx + i, lanes, cross_entropy_exponential(r, i, lanes, factor));
    }
    if (sum != sum) { /* the factor is NaN, but lanes may be 0 */
        for (size_t j = 0; j < r->columns; j++)
            dx[j] = NAN;
        return;
    }
    const double smooth = c->smoothing / (double)c->columns / c->terms;
    for (size_t j = 0; c->smoothing > 0.0 && j < r->columns; j++)
        dx[j] = (float)((double)dx[j] - smooth * (c->weight ? (double)c->weight[j] : 1.0));
    /* The label's p - 1, as minus the sum of the others: p is near 1 in a trained network, and p - 1 would cancel. */
    double others = 0.0;
    for (size_t j = 0; j < r->columns; j++)
        if (j != label)
            others += (double)dx[j];
    dx[label] = (float)-others;
}

static double cross_entropy_loss(const activ_cross_entropy *c, const float *x, size_t label, float *dx)
{
    const cross_entropy_row r = cross_entropy_start(c->columns, x);
    const double hard = (1.0 - c->smoothing) * (c->weight ? (double)c->weight[label] : 1.0);
    const double smooth = c->smoothing / (double)c->columns, weight = hard + smooth * c->weight_sum;
    const double sum = cross_entropy_others(&r);
    if (dx)
        cross_entropy_gradient(c, &r, weight, sum, label, dx);
    if (sum != sum)
        return sum;
    double loss = weight * activ_log1p(sum);
    if (hard > 0.0)
        loss += hard * ((double)r.m - (double)x[label]);
    for (size_t j = 0; smooth > 0.0 && j < c->columns; j++) {
        const double own = smooth * (c->weight ? (double)c->weight[j] : 1.0);
        if (own > 0.0)
            loss += own * ((double)r.m - (double)x[j]);
    }
    return loss;
}

static double cross_entropy(const activ_cross_entropy *c)
{
    double sum = 0.0;
    for (size_t i = 0; i < c->rows; i++) {
        float *dx = c->dx ? c->dx + i * c->columns : NULL;
        if (c->labels[i] != c->ignore_index)
            sum += cross_entropy_loss(c, c->x + i * c->columns, (size_t)c->labels[i], dx);
        else if (dx)
            memset(dx, 0, c->columns * sizeof *dx);
    }
    return sum;
}
