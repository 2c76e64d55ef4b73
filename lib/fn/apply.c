/* Elementwise functions on arrays, split among threads. */
#include "fn/fn.h"

#include "base/share.h"
#include "kernels/kernels.h"

typedef struct elements_job {
    const activ_fn_kernel *kernel;
    const activ_fn_args *args;
    size_t n, inner; /* inner: with channels */
    const float *x, *dy;
    float *out;
    const activ_kernels *kernels; /* where dx is added to, else NULL */
} elements_job;

static void forward_part(void *argument, size_t parts, size_t part)
{
    const elements_job *job = argument;
    activ_fn_shifted shifted;
    activ_range r = activ_range_of(job->n, 16, parts, part);
    if (job->args->channels > 0)
        activ_fn_channels_forward(job->kernel, job->args, job->inner, r.first, r.count, job->x, job->out + r.first);
    else
        job->kernel->forward(activ_fn_args_from(job->args, r.first, &shifted), r.count, job->x + r.first,
                             job->out + r.first);
}

/* dx of some elements. */
static void backward_range(const elements_job *job, size_t first, size_t count, float *dx)
{
    activ_fn_shifted shifted;
    if (job->args->channels > 0)
        activ_fn_channels_backward(job->kernel, job->args, job->inner, first, count, job->x, job->dy, dx);
    else
        job->kernel->backward(activ_fn_args_from(job->args, first, &shifted), 0, 0, count, job->x + first,
                              job->dy + first, dx, NULL);
}

static void backward_part(void *argument, size_t parts, size_t part)
{
    const elements_job *job = argument;
    activ_range r = activ_range_of(job->n, 16, parts, part);
    float added[ACTIV_FN_ADDED];
    if (!job->kernels) {
        backward_range(job, r.first, r.count, job->out + r.first);
        return;
    }
    for (size_t at = r.first, end = r.first + r.count, n; at < end; at += n) {
        n = end - at < ACTIV_FN_ADDED ? end - at : ACTIV_FN_ADDED;
        backward_range(job, at, n, added);
        job->kernels->add(n, job->out + at, added, job->out + at);
    }
}

void activ_fn_run_forward(const activ_host *host, size_t threads, const activ_fn_kernel *kernel,
                          const activ_fn_args *args, size_t n, size_t inner, const float *x, float *y)
{
    elements_job job = { kernel, args, n, inner, x, NULL, y, NULL };
    if (threads > 1)
        activ_share(host, threads, n * ACTIV_WORK_ELEMENT, forward_part, &job);
    else
        forward_part(&job, 1, 0);
}

void activ_fn_run_backward(const activ_host *host, size_t threads, const activ_fn_kernel *kernel,
                           const activ_fn_args *args, size_t n, size_t inner, const float *x, const float *dy,
                           float *dx, int accumulate, float *dparams)
{
    if (dparams && args->vectors > 0 && args->channels > 0) {
        activ_fn_channels_gradients(host, threads, kernel, args, n / (args->channels * inner), inner, x, dy, dparams);
    } else if (dparams && args->vectors > 0) {
        const activ_fn_elements elements = { .n = n, .width = n, .x = x, .dy = dy };
        activ_fn_add_gradients(host, threads, kernel, args, &elements, accumulate ? NULL : dx, dparams, 0);
        if (!accumulate)
            return;
    }
    elements_job job = { kernel, args, n, inner, x, dy, dx, accumulate ? activ_kernels_of(host->tier) : NULL };
    if (dx && threads > 1)
        activ_share(host, threads, n * ACTIV_WORK_ELEMENT, backward_part, &job);
    else if (dx)
        backward_part(&job, 1, 0);
}
