/* Gradients of parameters: sums over all elements whose shape depends on their number alone.
 *
 * Each block of ACTIV_FN_BLOCK elements is summed on its own by a kernel. Of every BLOCKS blocks the sums are joined in
 * pairs, those in pairs again, and so on; the totals are added in their order. Threads take whole blocks. */
#include <string.h>

#include "base/share.h"
#include "fn/fn.h"

/* Blocks at a time, and sums of each: 32 KiB. */
#define BLOCKS 32
#define SUMS 128

typedef struct gradient_job {
    const activ_fn_kernel *kernel;
    const activ_fn_args *args;
    const activ_fn_elements *elements;
    float *dx;            /* NULL: not wanted, or later */
    size_t first, count;  /* elements of each vector of parameters */
    size_t block, blocks; /* those of this turn */
    size_t width;         /* sums of a block */
    double *sums;         /* of each block of this turn */
} gradient_job;

static void gather(const float *x, size_t step, size_t width, size_t from, size_t count, float *to)
{
    for (size_t i = 0; width == 1 && i < count; i++)
        to[i] = x[(from + i) * step];
    if (width == 1)
        return;
    for (size_t i = 0; i < count;) {
        size_t at = (from + i) % width, some = width - at < count - i ? width - at : count - i;
        memcpy(to + i, x + (from + i) / width * step + at, some * sizeof *to);
        i += some;
    }
}

/* Elements that lie apart, or dy times value. */
static void add_gathered(const gradient_job *job, size_t from, size_t count, double *sums)
{
    const activ_fn_elements *e = job->elements;
    float x[ACTIV_FN_BLOCK], dy[ACTIV_FN_BLOCK];
    gather(e->x, e->x_step, e->width, from, count, x);
    gather(e->dy, e->dy_step, e->width, from, count, dy);
    if (e->value) {
        float value[ACTIV_FN_BLOCK];
        gather(e->value, e->value_step, e->width, from, count, value);
        for (size_t i = 0; i < count; i++)
            dy[i] *= value[i];
    }
    job->kernel->backward(job->args, job->first, job->count, count, x, dy, NULL, sums);
}

static void add_block(const gradient_job *job, size_t block, double *sums)
{
    const activ_fn_elements *e = job->elements;
    size_t from = block * ACTIV_FN_BLOCK, count = e->n - from < ACTIV_FN_BLOCK ? e->n - from : ACTIV_FN_BLOCK;
    size_t piece = e->n == e->width ? 0 : from / e->width, at = from - piece * e->width;
    if (at + count <= e->width && !e->value)
        job->kernel->backward(job->args, job->first, job->count, count, e->x + piece * e->x_step + at,
                              e->dy + piece * e->dy_step + at, job->dx ? job->dx + from : NULL, sums);
    else
        add_gathered(job, from, count, sums);
}

static void add_blocks(void *argument, size_t parts, size_t part)
{
    gradient_job *job = argument;
    activ_range r = activ_range_of(job->blocks, 1, parts, part);
    for (size_t b = r.first; b < r.first + r.count; b++)
        add_block(job, job->block + b, job->sums + b * job->width);
}

/* The sums of all blocks of this turn, in the place of the first's. */
static void join(gradient_job *job)
{
    for (size_t step = 1; step < job->blocks; step *= 2)
        for (size_t b = 0; b + step < job->blocks; b += 2 * step)
            for (size_t i = 0; i < job->width; i++)
                job->sums[b * job->width + i] += job->sums[(b + step) * job->width + i];
}

/* How many elements of vector v are among first .. first + count - 1. */
static size_t part_of_vector(const gradient_job *job, size_t v)
{
    size_t length = job->args->lengths[v];
    size_t left = length > job->first ? length - job->first : 0;
    return left < job->count ? left : job->count;
}

static void add_totals(const gradient_job *job, const double *totals, float *dparams, size_t apart)
{
    size_t offset = 0;
    for (size_t v = 0; v < job->args->vectors; v++) {
        float *to = dparams + offset + job->first;
        size_t some = part_of_vector(job, v);
        for (size_t i = 0; i < some; i++)
            to[i] = (float)((double)to[i] + *totals++);
        offset += apart > 0 ? apart : job->args->lengths[v];
    }
}

/* Sums of a pass. */
static size_t width_of(const gradient_job *job)
{
    size_t width = 0;
    for (size_t v = 0; v < job->args->vectors; v++)
        width += part_of_vector(job, v);
    return width;
}

/* One block of elements in one piece, and scalars only: of few elements, where the call itself is what takes time. */
static void add_scalars(const activ_fn_kernel *kernel, const activ_fn_args *args, const activ_fn_elements *elements,
                        float *dx, float *dparams)
{
    double sums[ACTIV_FN_SETTINGS];
    kernel->backward(args, 0, 1, elements->n, elements->x, elements->dy, dx, sums);
    for (size_t i = 0; i < args->vectors; i++)
        dparams[i] = (float)((double)dparams[i] + sums[i]);
}

/* One block only, as nearly always. */
static void add_one_block(gradient_job *job, float *dparams, size_t apart)
{
    double sums[SUMS];
    add_block(job, 0, sums);
    add_totals(job, sums, dparams, apart);
}

static void add_all_blocks(gradient_job *job, const activ_host *host, size_t threads, size_t blocks, float *dparams,
                           size_t apart)
{
    double sums[BLOCKS * SUMS], totals[SUMS];
    job->sums = sums;
    for (size_t i = 0; i < job->width; i++)
        totals[i] = 0.0;
    for (job->block = 0; job->block < blocks; job->block += BLOCKS) {
        job->blocks = blocks - job->block < BLOCKS ? blocks - job->block : BLOCKS;
        activ_share(host, threads, job->blocks * ACTIV_FN_BLOCK * ACTIV_WORK_ELEMENT * (1 + job->width / 4), add_blocks,
                    job);
        join(job);
        for (size_t i = 0; i < job->width; i++)
            totals[i] += sums[i];
    }
    add_totals(job, totals, dparams, apart);
}

int activ_fn_add_gradients(const activ_host *host, size_t threads, const activ_fn_kernel *kernel,
                           const activ_fn_args *args, const activ_fn_elements *elements, float *dx, float *dparams,
                           size_t apart)
{
    if (args->vectors == args->param_count && args->vectors <= ACTIV_FN_SETTINGS && apart == 0 &&
        elements->n == elements->width && elements->n <= ACTIV_FN_BLOCK && elements->n > 0 && !elements->value) {
        add_scalars(kernel, args, elements, dx, dparams);
        return 1;
    }
    gradient_job job = { .kernel = kernel, .args = args, .elements = elements, .count = SUMS / args->vectors };
    size_t longest = 0;
    for (size_t v = 0; v < args->vectors; v++)
        longest = args->lengths[v] > longest ? args->lengths[v] : longest;
    /* In several passes dx has to wait for the last, as it may be dy: the caller's. */
    const int together = longest <= job.count;
    job.dx = together ? dx : NULL;
    const size_t blocks = elements->n / ACTIV_FN_BLOCK + (elements->n % ACTIV_FN_BLOCK != 0);
    for (; job.first < longest; job.first += job.count) {
        job.width = width_of(&job);
        if (blocks == 1)
            add_one_block(&job, dparams, apart);
        else
            add_all_blocks(&job, host, threads, blocks, dparams, apart);
    }
    return together || !dx;
}
