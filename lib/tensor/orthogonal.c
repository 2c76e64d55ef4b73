/* Normal numbers whose rows (or columns, if fewer) are made orthonormal by the Gram-Schmidt process, in double. Equal
 * to the Q of a QR decomposition whose R has a positive diagonal, which is PyTorch's choice of signs.
 *
 * It is the modified process, by blocks: as soon as the vectors of a block are orthonormal, all later ones lose their
 * components along them, by two matrix products. The vectors of a block are treated likewise in leaves of four. What
 * that leaves of components along earlier vectors grows with the part of a vector that is lost: one of which less than
 * a sixteenth remains goes through all earlier vectors once more. */
#include "tensor/orthogonal.h"

#include <math.h>
#include <string.h>

#include "base/checked.h"
#include "base/random.h"
#include "base/share.h"
#include "base/sum.h"
#include "base/text.h"
#include "kernels/kernels.h"

/* Vectors of a block and of a leaf; elements of a block's vectors that are in the caches while others pass by. */
enum { BLOCK = 32, LEAF = 4, PIECE = 256 };

typedef struct process {
    const activ_host *host;
    const activ_kernels *kernels;
    size_t threads, vectors, length, padded, stride; /* padded: to a multiple of ACTIV_LANES, with zeros */
    double *q;                                       /* the vectors, `stride` apart */
    double *components;                              /* BLOCK for each vector */
    double *pieces;                                  /* PIECE x BLOCK for each thread */
    size_t first, count, later, end; /* components along `count` vectors are taken from those of later .. end - 1 */
    uint64_t seed, stream;
    double gain;
    size_t rows, columns;
    float *values;
} process;

static double dot(size_t n, const double *a, const double *b)
{
    activ_lanes sums = { 0 };
    for (size_t k = 0; k < n; k += ACTIV_LANES)
        for (size_t l = 0; l < ACTIV_LANES; l++)
            sums[l] += a[k + l] * b[k + l];
    return activ_sum_tree(sums);
}

static void draw(void *argument, size_t parts, size_t part)
{
    const process *p = argument;
    const activ_range range = activ_range_of(p->vectors, 1, parts, part);
    for (size_t i = range.first; i < range.first + range.count; i++) {
        double *v = p->q + i * p->stride;
        for (size_t k = 0; k < p->padded; k++)
            v[k] = k < p->length ? activ_random_normal_double(p->seed, p->stream, i * p->length + k) : 0.0;
    }
}

/* The vectors' elements k0 .. k0 + k - 1, negated, as a matrix of `width` columns. */
static void turn(const process *p, size_t k0, size_t k, size_t width, double *piece)
{
    memset(piece, 0, k * width * sizeof *piece);
    for (size_t j = 0; j < p->count; j++)
        for (size_t i = 0; i < k; i++)
            piece[i * width + j] = -p->q[(p->first + j) * p->stride + k0 + i];
}

/* Four rows from row `i` on. Those beyond the last are the last once more, which comes to the same values. */
static void strip_of(double *first, size_t stride, size_t i, size_t rows, double *strip[LEAF])
{
    for (size_t r = 0; r < LEAF; r++, i += i + 1 < rows)
        strip[r] = first + i * stride;
}

static void take_components(void *argument, size_t parts, size_t part)
{
    const process *p = argument;
    const activ_range range = activ_range_of(p->end - p->later, LEAF, parts, part);
    const size_t at = p->later + range.first, width = p->count > ACTIV_LANES ? BLOCK : ACTIV_LANES;
    double *components = p->components + at * BLOCK, *piece = p->pieces + part * PIECE * BLOCK;
    memset(components, 0, range.count * BLOCK * sizeof *components);
    for (int taken = 0; taken < 2; taken++)
        for (size_t k0 = 0; k0 < p->padded; k0 += PIECE) {
            const size_t k = p->padded - k0 < PIECE ? p->padded - k0 : PIECE;
            double *vectors = p->q + k0, *v[LEAF], *c[LEAF];
            if (!taken)
                turn(p, k0, k, width, piece);
            for (size_t i = 0; i < range.count; i += LEAF) {
                strip_of(vectors + at * p->stride, p->stride, i, range.count, v);
                strip_of(components, BLOCK, i, range.count, c);
                if (taken)
                    p->kernels->wide_rows(k, p->count, c, vectors + p->first * p->stride, p->stride, v);
                else
                    p->kernels->wide_rows(width, k, v, piece, width, c);
            }
        }
}

static void project(process *p, size_t first, size_t later, size_t end)
{
    if (later == end)
        return;
    p->first = first;
    p->count = later - first;
    p->later = later;
    p->end = end;
    activ_share(p->host, p->threads, 2 * (end - later) * p->count * p->length, take_components, p);
}

/* Vector i loses its components along first .. i - 1. */
static void project_one(const process *p, size_t first, size_t i)
{
    double *v = p->q + i * p->stride;
    for (size_t j = first; j < i; j++) {
        const double *u = p->q + j * p->stride, component = dot(p->padded, u, v);
        for (size_t k = 0; k < p->padded; k++)
            v[k] -= component * u[k];
    }
}

static void orthonormalize_leaf(const process *p, size_t first, size_t end)
{
    for (size_t i = first; i < end; i++) {
        double *v = p->q + i * p->stride;
        project_one(p, first, i);
        double square = dot(p->padded, v, v);
        if (square < (double)p->length / 256.0) { /* from about `length` */
            project_one(p, 0, i);
            square = dot(p->padded, v, v);
        }
        const double scale = 1.0 / sqrt(square);
        for (size_t k = 0; k < p->padded; k++)
            v[k] *= scale;
    }
}

static void write_values(void *argument, size_t parts, size_t part)
{
    const process *p = argument;
    const activ_range range = activ_range_of(p->rows, 1, parts, part);
    const size_t row = p->rows < p->columns ? p->stride : 1, column = p->rows < p->columns ? 1 : p->stride;
    for (size_t i = range.first; i < range.first + range.count; i++)
        for (size_t j = 0; j < p->columns; j++)
            p->values[i * p->columns + j] = (float)(p->gain * p->q[i * row + j * column]);
}

activ_status activ_orthogonal(const activ_host *host, float gain, size_t rows, size_t columns, uint64_t seed,
                              uint64_t stream, float *values, activ_message *message)
{
    process p = { .host = host,
                  .kernels = activ_kernels_of(host->tier),
                  .threads = (size_t)host->executor.num_threads,
                  .vectors = rows < columns ? rows : columns,
                  .length = rows < columns ? columns : rows,
                  .seed = seed,
                  .stream = stream,
                  .gain = (double)gain,
                  .rows = rows,
                  .columns = columns,
                  .values = values };
    /* A single leaf takes no products. Without the odd number of cache lines between vectors, powers of two would share
     * sets of the caches. */
    const size_t products = p.vectors > LEAF;
    p.padded = p.length + (ACTIV_LANES - p.length % ACTIV_LANES) % ACTIV_LANES;
    p.stride = p.padded + 8;
    size_t count, bytes;
    if (!activ_checked_add(p.length, 2 * ACTIV_LANES, &count) ||
        !activ_checked_mul(p.vectors, p.stride + products * BLOCK, &count) ||
        !activ_checked_add(count, products * p.threads * PIECE * BLOCK, &count) ||
        !activ_checked_mul(count, sizeof(double), &bytes))
        return activ_host_fail(host, message, ACTIV_ERROR_RANGE, "initial values: the size overflows");
    p.q = activ_host_alloc_raw(host, bytes);
    if (!p.q)
        return activ_host_fail(host, message, ACTIV_ERROR_OUT_OF_MEMORY, "initial values: no memory to orthogonalize");
    p.components = p.q + p.vectors * p.stride;
    p.pieces = p.components + products * p.vectors * BLOCK;
    activ_share(host, p.threads, 64 * p.vectors * p.length, draw, &p);
    for (size_t first = 0; first < p.vectors; first += BLOCK) {
        const size_t end = p.vectors - first < BLOCK ? p.vectors : first + BLOCK;
        for (size_t leaf = first; leaf < end; leaf += LEAF) {
            const size_t leaf_end = end - leaf < LEAF ? end : leaf + LEAF;
            orthonormalize_leaf(&p, leaf, leaf_end);
            project(&p, leaf, leaf_end, end);
        }
        project(&p, first, end, p.vectors);
    }
    activ_share(host, p.threads, rows * columns, write_values, &p);
    activ_host_free(host, p.q, bytes);
    return ACTIV_OK;
}
