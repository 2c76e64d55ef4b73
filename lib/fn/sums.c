/* Gradients of parameters: sums over all elements, in a tree whose shape depends on their number only.
 *
 * A kernel sums each block of ACTIV_FN_BLOCK elements. The sums of every GROUP_BLOCKS blocks are added pairwise, in a
 * tree, and the groups' totals in order. Threads take whole blocks. */
#include <string.h>

#include "base/share.h"
#include "fn/fn.h"

/* Blocks in a group, and sums per block in one pass: 32 KiB. */
#define GROUP_BLOCKS 32
#define PASS_SUMS 128

typedef struct gradient_job {
    const activ_fn_kernel *kernel;
    const activ_fn_args *args;
    const activ_fn_elements *elements;
    float *dx;            /* NULL: not wanted, or not in this pass */
    size_t first, count;  /* the elements of each vector of parameters in this pass */
    size_t block, blocks; /* the first block of this group, and their number */
    size_t sum_count;     /* sums per block in this pass */
    double *sums;         /* of each block of the group */
} gradient_job;

static void gather(const float *x, size_t stride, size_t width, size_t from, size_t count, float *to)
{
    for (size_t i = 0; width == 1 && i < count; i++)
        to[i] = x[(from + i) * stride];
    if (width == 1)
        return;
    for (size_t i = 0; i < count;) {
        size_t at = (from + i) % width, run = width - at < count - i ? width - at : count - i;
        memcpy(to + i, x + (from + i) / width * stride + at, run * sizeof *to);
        i += run;
    }
}

/* Elements with gaps, or dy times value. */
static void add_gathered(const gradient_job *job, size_t from, size_t count, double *sums)
{
    const activ_fn_elements *e = job->elements;
    float x[ACTIV_FN_BLOCK], dy[ACTIV_FN_BLOCK];
    gather(e->x, e->x_stride, e->width, from, count, x);
    gather(e->dy, e->dy_stride, e->width, from, count, dy);
    if (e->value) {
        float value[ACTIV_FN_BLOCK];
        gather(e->value, e->value_stride, e->width, from, count, value);
        for (size_t i = 0; i < count; i++)
            dy[i] *= value[i];
    }
    job->kernel->backward(job->args, job->first, job->count, count, x, dy, NULL, sums);
}

static void add_block(const gradient_job *job, size_t block, double *sums)
{
    const activ_fn_elements *e = job->elements;
    size_t from = block * ACTIV_FN_BLOCK, count = e->n - from < ACTIV_FN_BLOCK ? e->n - from : ACTIV_FN_BLOCK;
    size_t row = e->n == e->width ? 0 : from / e->width, at = from - row * e->width;
    if (at + count <= e->width && !e->value)
        job->kernel->backward(job->args, job->first, job->count, count, e->x + row * e->x_stride + at,
                              e->dy + row * e->dy_stride + at, job->dx ? job->dx + from : NULL, sums);
    else
        add_gathered(job, from, count, sums);
}

static void add_blocks(void *argument, size_t parts, size_t part)
{
    gradient_job *job = argument;
    activ_range r = activ_range_of(job->blocks, 1, parts, part);
    for (size_t b = r.first; b < r.first + r.count; b++)
        add_block(job, job->block + b, job->sums + b * job->sum_count);
}

/* Adds the sums of all blocks of the group, in a tree, to the first's. */
static void add_pairwise(gradient_job *job)
{
    for (size_t step = 1; step < job->blocks; step *= 2)
        for (size_t b = 0; b + step < job->blocks; b += 2 * step)
            for (size_t i = 0; i < job->sum_count; i++)
                job->sums[b * job->sum_count + i] += job->sums[(b + step) * job->sum_count + i];
}

/* Elements of vector v in this pass. */
static size_t elements_of_vector(const gradient_job *job, size_t v)
{
    size_t length = job->args->lengths[v];
    size_t left = length > job->first ? length - job->first : 0;
    return left < job->count ? left : job->count;
}

static void add_totals(const gradient_job *job, const double *totals, float *dparams, size_t vector_stride)
{
    size_t offset = 0;
    for (size_t v = 0; v < job->args->vectors; v++) {
        float *to = dparams + offset + job->first;
        size_t length = elements_of_vector(job, v);
        for (size_t i = 0; i < length; i++)
            to[i] = (float)((double)to[i] + *totals++);
        offset += vector_stride > 0 ? vector_stride : job->args->lengths[v];
    }
}

/* Sums per block in this pass. */
static size_t count_sums(const gradient_job *job)
{
    size_t sum_count = 0;
    for (size_t v = 0; v < job->args->vectors; v++)
        sum_count += elements_of_vector(job, v);
    return sum_count;
}

/* Fast path for one contiguous block and scalars only: with few elements the overhead of a call dominates. */
static void add_scalars(const activ_fn_kernel *kernel, const activ_fn_args *args, const activ_fn_elements *elements,
                        float *dx, float *dparams)
{
    double sums[ACTIV_FN_SETTINGS];
    kernel->backward(args, 0, 1, elements->n, elements->x, elements->dy, dx, sums);
    for (size_t i = 0; i < args->vectors; i++)
        dparams[i] = (float)((double)dparams[i] + sums[i]);
}

/* One block only, the usual case. */
static void add_one_block(gradient_job *job, float *dparams, size_t vector_stride)
{
    double sums[PASS_SUMS];
    add_block(job, 0, sums);
    add_totals(job, sums, dparams, vector_stride);
}

static void add_all_blocks(gradient_job *job, const activ_host *host, size_t threads, size_t blocks, float *dparams,
                           size_t vector_stride)
{
    double sums[GROUP_BLOCKS * PASS_SUMS], totals[PASS_SUMS];
    job->sums = sums;
    for (size_t i = 0; i < job->sum_count; i++)
        totals[i] = 0.0;
    for (job->block = 0; job->block < blocks; job->block += GROUP_BLOCKS) {
        job->blocks = blocks - job->block < GROUP_BLOCKS ? blocks - job->block : GROUP_BLOCKS;
        activ_share(host, threads, job->blocks * ACTIV_FN_BLOCK * ACTIV_WORK_ELEMENT * (1 + job->sum_count / 4),
                    add_blocks, job);
        add_pairwise(job);
        for (size_t i = 0; i < job->sum_count; i++)
            totals[i] += sums[i];
    }
    add_totals(job, totals, dparams, vector_stride);
}

int activ_fn_add_gradients(const activ_host *host, size_t threads, const activ_fn_kernel *kernel,
                           const activ_fn_args *args, const activ_fn_elements *elements, float *dx, float *dparams,
                           size_t vector_stride)
{
    if (args->vectors == args->param_count && args->vectors <= ACTIV_FN_SETTINGS && vector_stride == 0 &&
        elements->n == elements->width && elements->n <= ACTIV_FN_BLOCK && elements->n > 0 && !elements->value) {
        add_scalars(kernel, args, elements, dx, dparams);
        return 1;
    }
    gradient_job job = { .kernel = kernel, .args = args, .elements = elements, .count = PASS_SUMS / args->vectors };
    size_t longest = 0;
    for (size_t v = 0; v < args->vectors; v++)
        longest = args->lengths[v] > longest ? args->lengths[v] : longest;
    /* With several passes the caller computes dx afterwards, as it may alias dy. */
    const int is_one_pass = longest <= job.count;
    job.dx = is_one_pass ? dx : NULL;
    const size_t blocks = elements->n / ACTIV_FN_BLOCK + (elements->n % ACTIV_FN_BLOCK != 0);
    for (; job.first < longest; job.first += job.count) {
        job.sum_count = count_sums(&job);
        if (blocks == 1)
            add_one_block(&job, dparams, vector_stride);
        else
            add_all_blocks(&job, host, threads, blocks, dparams, vector_stride);
    }
    return is_one_pass || !dx;
}
