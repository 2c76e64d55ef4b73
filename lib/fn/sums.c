/* Gradients of parameters: sums over all elements, in a tree whose shape depends on their number only.
 *
 * A kernel adds the elements of a block of ACTIV_FN_BLOCK to sixteen lanes, which one tree adds. The sums of every
 * GROUP_BLOCKS blocks are added pairwise, in a tree, and the groups' totals in order. Threads take whole blocks.
 *
 * All is on the stack, and takes some 12 KiB of it: hence parameters in passes, and blocks in parts of a group. A
 * kernel that needs much of the stack itself gets fewer sums in a pass. */
#include <string.h>

#include "base/share.h"
#include "fn/fn.h"

/* Blocks in a group, and in the smallest part of one that threads share; sums per pass, a multiple of three for the
 * functions that have three vectors of parameters. */
#define GROUP_BLOCKS 32
#define MIN_PART 4
#define LEVELS 3 /* parts of 4, 8 and 16 blocks */
#define PASS_SUMS ACTIV_FN_VECTORS
#define COMPOSED_SUMS 24 /* of functions that call others, unless they have more vectors of parameters than that */
#define FEW ACTIV_FN_SETTINGS

/* Elements that are gathered at a time, a multiple of ACTIV_LANES. */
#define GATHERED 32

typedef struct gradient_job gradient_job;
struct gradient_job {
    void (*add_block)(const gradient_job *job, size_t block, double *sums);
    const activ_fn_kernel *kernel;
    const activ_fn_args *args;
    const activ_fn_elements *elements;
    float *dx;            /* NULL: not wanted, or not in this pass */
    size_t first, count;  /* the elements of each vector of parameters in this pass */
    size_t block, blocks; /* the first block of this part of a group, and their number */
    size_t sum_count;     /* sums per block in this pass */
    double *sums;         /* of each block of the part */
};

static void gather(const activ_fn_elements *e, const float *x, size_t stride, size_t from, size_t count, float *to)
{
    const size_t width = e->width;
    for (size_t i = 0; width == 1 && !e->widen && i < count; i++)
        to[i] = x[(from + i) * stride];
    if (width == 1 && !e->widen)
        return;
    for (size_t i = 0; i < count;) {
        size_t at = (from + i) % width, run = width - at < count - i ? width - at : count - i;
        const size_t first = (from + i) / width * stride + at;
        if (e->widen)
            e->widen(e->dtype, run, (const uint16_t *)(const void *)x + first, to + i);
        else
            memcpy(to + i, x + first, run * sizeof *to);
        i += run;
    }
}

/* Elements with gaps, dy times value, or another type than float32. */
static void add_gathered(const gradient_job *job, size_t from, size_t count, activ_lanes *lanes)
{
    const activ_fn_elements *e = job->elements;
    float x[GATHERED], dy[GATHERED];
    for (size_t n; count > 0; from += n, count -= n) {
        n = count < GATHERED ? count : GATHERED;
        gather(e, e->dy, e->dy_stride, from, n, dy);
        if (e->value)
            gather(e, e->value, e->value_stride, from, n, x);
        for (size_t i = 0; e->value && i < n; i++)
            dy[i] *= x[i];
        gather(e, e->x, e->x_stride, from, n, x);
        job->kernel->backward(job->args, job->first, job->count, n, x, dy, NULL, lanes);
    }
}

static void add_block_to(const gradient_job *job, size_t block, activ_lanes *lanes, double *sums)
{
    const activ_fn_elements *e = job->elements;
    size_t from = block * ACTIV_FN_BLOCK, count = e->n - from < ACTIV_FN_BLOCK ? e->n - from : ACTIV_FN_BLOCK;
    size_t row = e->n == e->width ? 0 : from / e->width, at = from - row * e->width;
    memset(lanes, 0, job->sum_count * sizeof lanes[0]);
    if (at + count <= e->width && !e->value && !e->widen)
        job->kernel->backward(job->args, job->first, job->count, count, e->x + row * e->x_stride + at,
                              e->dy + row * e->dy_stride + at, job->dx ? job->dx + from : NULL, lanes);
    else
        add_gathered(job, from, count, lanes);
    for (size_t i = 0; i < job->sum_count; i++)
        sums[i] = activ_sum_tree(lanes[i]);
    if (job->kernel->finish)
        job->kernel->finish(job->args, job->first, job->count, sums);
}

static void add_block(const gradient_job *job, size_t block, double *sums)
{
    activ_lanes lanes[PASS_SUMS];
    add_block_to(job, block, lanes, sums);
}

static void add_block_of_some(const gradient_job *job, size_t block, double *sums)
{
    activ_lanes lanes[ACTIV_FN_SOME_SUMS];
    add_block_to(job, block, lanes, sums);
}

static void add_block_of_composed(const gradient_job *job, size_t block, double *sums)
{
    activ_lanes lanes[COMPOSED_SUMS];
    add_block_to(job, block, lanes, sums);
}

static void add_block_of_few(const gradient_job *job, size_t block, double *sums)
{
    activ_lanes lanes[FEW];
    add_block_to(job, block, lanes, sums);
}

static void add_blocks(void *argument, size_t parts, size_t part)
{
    gradient_job *job = argument;
    activ_range r = activ_range_of(job->blocks, 1, parts, part);
    for (size_t b = r.first; b < r.first + r.count; b++)
        job->add_block(job, job->block + b, job->sums + b * job->sum_count);
}

/* Adds `count` rows of sums, in a tree, to the first. */
static void add_pairwise(double *sums, size_t count, size_t sum_count)
{
    for (size_t step = 1; step < count; step *= 2)
        for (size_t b = 0; b + step < count; b += 2 * step)
            for (size_t i = 0; i < sum_count; i++)
                sums[b * sum_count + i] += sums[(b + step) * sum_count + i];
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

/* Fast path for one contiguous block and few parameters: with few elements the overhead of a call dominates. */
static void add_few(const activ_fn_kernel *kernel, const activ_fn_args *args, size_t longest,
                    const activ_fn_elements *elements, float *dx, float *dparams)
{
    activ_lanes lanes[FEW];
    double sums[FEW];
    for (size_t i = 0; i < args->param_count; i++)
        memset(lanes[i], 0, sizeof lanes[i]);
    kernel->backward(args, 0, longest, elements->n, elements->x, elements->dy, dx, lanes);
    for (size_t i = 0; i < args->param_count; i++)
        sums[i] = activ_sum_tree(lanes[i]);
    if (kernel->finish)
        kernel->finish(args, 0, longest, sums);
    for (size_t i = 0; i < args->param_count; i++)
        dparams[i] = (float)((double)dparams[i] + sums[i]);
}

/* Adds to the sums of part number `number` of a group those before it, as the tree does: if bit l of the number is
 * set, number l of what is pending holds the sums of 2^l parts. The last part gets all; else the sums join what is
 * pending. */
static void add_part(double *sums, double *pending, size_t number, int is_last, size_t sum_count)
{
    size_t level = 0;
    for (; number >> level & 1 || (is_last && number >> level); level++)
        for (size_t i = 0; number >> level & 1 && i < sum_count; i++)
            sums[i] += pending[level * sum_count + i];
    if (!is_last)
        memcpy(pending + level * sum_count, sums, sum_count * sizeof *sums);
}

/* Room for the sums of blocks, of pending parts, and the totals: of some sums, in parts of so many blocks. */
#define ROOM(blocks, most) (((blocks) + LEVELS + 1) * (most))

/* room: ROOM(most_blocks, most) */
static void add_all_blocks(gradient_job *job, const activ_host *host, size_t threads, size_t blocks, float *dparams,
                           size_t vector_stride, double *room, size_t most_blocks, size_t most)
{
    double *const sums = room, *const pending = sums + most_blocks * most, *const totals = pending + LEVELS * most;
    size_t part_blocks = GROUP_BLOCKS; /* as many as there is room for */
    while (part_blocks * job->sum_count > most_blocks * most)
        part_blocks /= 2;
    job->sums = sums;
    if (blocks == 1) { /* the usual case */
        job->add_block(job, 0, sums);
        add_totals(job, sums, dparams, vector_stride);
        return;
    }
    memset(totals, 0, job->sum_count * sizeof *totals);
    for (size_t group = 0; group < blocks; group += GROUP_BLOCKS) {
        const size_t end = blocks - group < GROUP_BLOCKS ? blocks : group + GROUP_BLOCKS;
        size_t count = 0;
        for (job->block = group; job->block < end; job->block += part_blocks) {
            job->blocks = end - job->block < part_blocks ? end - job->block : part_blocks;
            activ_share(host, threads, job->blocks * ACTIV_FN_BLOCK * ACTIV_WORK_ELEMENT * (1 + job->sum_count / 4),
                        add_blocks, job);
            add_pairwise(sums, job->blocks, job->sum_count);
            add_part(sums, pending, count++, job->block + job->blocks == end, job->sum_count);
        }
        for (size_t i = 0; i < job->sum_count; i++)
            totals[i] += sums[i];
    }
    add_totals(job, totals, dparams, vector_stride);
}

static void add_all_blocks_of_few(gradient_job *job, const activ_host *host, size_t threads, size_t blocks,
                                  float *dparams, size_t vector_stride)
{
    double room[ROOM(GROUP_BLOCKS / 2, FEW)];
    add_all_blocks(job, host, threads, blocks, dparams, vector_stride, room, GROUP_BLOCKS / 2, FEW);
}

static void add_all_blocks_of_many(gradient_job *job, const activ_host *host, size_t threads, size_t blocks,
                                   float *dparams, size_t vector_stride)
{
    double room[ROOM(MIN_PART, PASS_SUMS)];
    add_all_blocks(job, host, threads, blocks, dparams, vector_stride, room, MIN_PART, PASS_SUMS);
}

void activ_fn_add_gradients(const activ_host *host, size_t threads, const activ_fn_kernel *kernel,
                            const activ_fn_args *args, const activ_fn_elements *elements, float *dx, float *dparams,
                            size_t vector_stride)
{
    size_t longest = 0;
    for (size_t v = 0; v < args->vectors; v++)
        longest = args->lengths[v] > longest ? args->lengths[v] : longest;
    if (args->param_count <= FEW && vector_stride == 0 && elements->n == elements->width &&
        elements->n <= ACTIV_FN_BLOCK && elements->n > 0 && !elements->value && !elements->widen) {
        add_few(kernel, args, longest, elements, dx, dparams);
        return;
    }
    gradient_job job = { .add_block = add_block, .kernel = kernel, .args = args, .elements = elements };
    job.count = PASS_SUMS;
    const int is_few = args->param_count <= FEW;
    int is_deep = kernel->is_deep;
    for (size_t i = 0; i < args->component_count; i++)
        is_deep |= args->components[i].kernel->is_deep;
    if (is_few) {
        job.add_block = add_block_of_few;
    } else if (is_deep && args->vectors <= ACTIV_FN_SOME_SUMS) {
        job.add_block = add_block_of_some;
        job.count = ACTIV_FN_SOME_SUMS;
    } else if (args->component_count > 0 && args->vectors <= COMPOSED_SUMS) {
        job.add_block = add_block_of_composed;
        job.count = COMPOSED_SUMS;
    }
    job.count /= args->vectors;
    const size_t blocks = elements->n / ACTIV_FN_BLOCK + (elements->n % ACTIV_FN_BLOCK != 0), most = job.count;
    /* The first pass is the short one, and the last one computes dx, which may alias x or dy: for that it needs all
     * parameters anyway. */
    job.count = longest > 0 ? (longest - 1) % most + 1 : 0;
    for (; job.first < longest; job.first += job.count, job.count = most) {
        job.dx = job.first + job.count == longest ? dx : NULL;
        job.sum_count = count_sums(&job);
        (is_few ? add_all_blocks_of_few : add_all_blocks_of_many)(&job, host, threads, blocks, dparams, vector_stride);
    }
}
