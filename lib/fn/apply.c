/* Elementwise functions on arrays. */
#include "fn/fn.h"

#include "base/checked.h"
#include "base/share.h"

/* ---- checks ----------------------------------------------------------------------------------- */

/* Arrays of n values may be the same; they must not overlap otherwise. */
static int same_or_apart(const float *a, const float *b, size_t n)
{
    return !a || !b || a == b || !activ_ranges_overlap(a, n * sizeof *a, b, n * sizeof *b);
}

static int apart(const float *a, size_t a_count, const float *b, size_t b_count)
{
    return !a || !b || !activ_ranges_overlap(a, a_count * sizeof *a, b, b_count * sizeof *b);
}

/* Is it elementwise, and for so many channels? 0: for all alike. */
static activ_status check_shape(const activ_fn *fn, size_t channels)
{
    if (fn->entry->shape == ACTIV_SHAPE_ROWWISE)
        return activ_host_log(&fn->host, ACTIV_ERROR_SHAPE, "a row-wise function needs rows: activ_forward_rows");
    if (fn->entry->shape == ACTIV_SHAPE_GATED)
        return activ_host_log(&fn->host, ACTIV_ERROR_SHAPE,
                              "a gated function needs value and gate: activ_forward_gated");
    if (fn->num_parameters > 1 && channels == 0)
        return activ_host_log(&fn->host, ACTIV_ERROR_SHAPE,
                              "a function with num_parameters above 1 needs channels: activ_forward_channels");
    if (fn->num_parameters > 1 && channels != fn->num_parameters)
        return activ_host_log(&fn->host, ACTIV_ERROR_SHAPE, "the channels are not num_parameters");
    return ACTIV_OK;
}

static activ_status check_forward(const activ_fn *fn, const float *params, size_t channels, size_t n, const float *x,
                                  const float *y)
{
    if (!fn || (n > 0 && (!x || !y)))
        return ACTIV_ERROR_INVALID;
    if (n > SIZE_MAX / sizeof(float))
        return ACTIV_ERROR_RANGE;
    if (!same_or_apart(x, y, n) || (params && !apart(params, fn->param_count, y, n)))
        return ACTIV_ERROR_INVALID;
    return fn->is_simple ? ACTIV_OK : check_shape(fn, channels);
}

static activ_status check_backward(const activ_fn *fn, const float *params, size_t channels, size_t n, const float *x,
                                   const float *dy, const float *dx, const float *dparams)
{
    if (!fn || (n > 0 && (!x || !dy)))
        return ACTIV_ERROR_INVALID;
    if (n > SIZE_MAX / sizeof(float))
        return ACTIV_ERROR_RANGE;
    const size_t p = fn->param_count;
    if (!same_or_apart(dx, x, n) || !same_or_apart(dx, dy, n))
        return ACTIV_ERROR_INVALID;
    if (p > 0 && (!apart(params, p, dx, n) || !apart(dparams, p, dx, n) || !apart(dparams, p, x, n) ||
                  !apart(dparams, p, dy, n) || !apart(dparams, p, params, p)))
        return ACTIV_ERROR_INVALID;
    return fn->is_simple ? ACTIV_OK : check_shape(fn, channels);
}

/* ---- work, shared out --------------------------------------------------------------------------- */

typedef struct elements_job {
    const activ_fn_kernel *kernel;
    const activ_fn_args *args;
    size_t n, inner; /* inner: with channels */
    const float *x, *dy;
    float *out;
} elements_job;

static void forward_part(void *argument, size_t parts, size_t part)
{
    const elements_job *job = argument;
    activ_fn_moved moved;
    activ_range r = activ_range_of(job->n, 16, parts, part);
    if (job->args->channels > 0)
        activ_fn_channels_forward(job->kernel, job->args, job->inner, r.first, r.count, job->x, job->out);
    else
        job->kernel->forward(activ_fn_args_from(job->args, r.first, &moved), r.count, job->x + r.first,
                             job->out + r.first);
}

static void backward_part(void *argument, size_t parts, size_t part)
{
    const elements_job *job = argument;
    activ_fn_moved moved;
    activ_range r = activ_range_of(job->n, 16, parts, part);
    if (job->args->channels > 0)
        activ_fn_channels_backward(job->kernel, job->args, job->inner, r.first, r.count, job->x, job->dy, job->out);
    else
        job->kernel->backward(activ_fn_args_from(job->args, r.first, &moved), 0, 0, r.count, job->x + r.first,
                              job->dy + r.first, job->out + r.first, NULL);
}

void activ_fn_run_forward(const activ_host *host, size_t threads, const activ_fn_kernel *kernel,
                          const activ_fn_args *args, size_t n, size_t inner, const float *x, float *y)
{
    elements_job job = { kernel, args, n, inner, x, NULL, y };
    if (threads > 1)
        activ_share(host, threads, n * ACTIV_WORK_ELEMENT, forward_part, &job);
    else
        forward_part(&job, 1, 0);
}

void activ_fn_run_backward(const activ_host *host, size_t threads, const activ_fn_kernel *kernel,
                           const activ_fn_args *args, size_t n, size_t inner, const float *x, const float *dy,
                           float *dx, float *dparams)
{
    if (dparams && args->vectors > 0 && args->channels > 0) {
        activ_fn_channels_gradients(host, threads, kernel, args, n / (args->channels * inner), inner, x, dy, dparams);
    } else if (dparams && args->vectors > 0) {
        const activ_fn_elements elements = { .n = n, .width = n, .x = x, .dy = dy };
        if (activ_fn_add_gradients(host, threads, kernel, args, &elements, dx, dparams, 0))
            return;
    }
    elements_job job = { kernel, args, n, inner, x, dy, dx };
    if (dx && threads > 1)
        activ_share(host, threads, n * ACTIV_WORK_ELEMENT, backward_part, &job);
    else if (dx)
        backward_part(&job, 1, 0);
}

/* Few elements, and no threads: the kernel at once, as the call itself is then what takes time. */
static int is_small(const activ_fn *fn, size_t n)
{
    return fn->args.channels == 0 && (fn->host.executor.num_threads == 1 || n < ACTIV_FN_BLOCK);
}

/* ---- calls ---------------------------------------------------------------------------------------- */

activ_status activ_forward(const activ_fn *fn, const float *params, size_t n, const float *x, float *y)
{
    activ_status status = check_forward(fn, params, 0, n, x, y);
    if (status != ACTIV_OK)
        return status;
    if (is_small(fn, n) && (!params || fn->param_count == 0)) {
        fn->kernel->forward(&fn->args, n, x, y);
        return ACTIV_OK;
    }
    activ_fn_room room;
    activ_fn_args args;
    activ_fn_prepare(fn, params, &room, &args);
    if (is_small(fn, n))
        fn->kernel->forward(&args, n, x, y);
    else
        activ_fn_run_forward(&fn->host, activ_fn_threads(fn), fn->kernel, &args, n, 1, x, y);
    return ACTIV_OK;
}

activ_status activ_backward(const activ_fn *fn, const float *params, size_t n, const float *x, const float *dy,
                            float *dx, float *dparams)
{
    activ_status status = check_backward(fn, params, 0, n, x, dy, dx, dparams);
    if (status != ACTIV_OK)
        return status;
    if (is_small(fn, n) && (fn->param_count == 0 || (!params && !dparams))) {
        if (dx)
            fn->kernel->backward(&fn->args, 0, 0, n, x, dy, dx, NULL);
        return ACTIV_OK;
    }
    activ_fn_room room;
    activ_fn_args args;
    activ_fn_prepare(fn, params, &room, &args);
    if (is_small(fn, n) && !dparams && dx)
        fn->kernel->backward(&args, 0, 0, n, x, dy, dx, NULL);
    else
        activ_fn_run_backward(&fn->host, activ_fn_threads(fn), fn->kernel, &args, n, 1, x, dy, dx, dparams);
    return ACTIV_OK;
}

static int count_of(size_t outer, size_t channels, size_t inner, size_t *n)
{
    const size_t shape[3] = { outer, channels, inner };
    return activ_checked_count(3, shape, n);
}

activ_status activ_forward_channels(const activ_fn *fn, const float *params, size_t outer, size_t channels,
                                    size_t inner, const float *x, float *y)
{
    size_t n;
    if (!count_of(outer, channels, inner, &n))
        return ACTIV_ERROR_RANGE;
    activ_status status = check_forward(fn, params, channels > 0 ? channels : SIZE_MAX, n, x, y);
    if (status != ACTIV_OK)
        return status;
    activ_fn_room room;
    activ_fn_args args;
    activ_fn_prepare(fn, params, &room, &args);
    activ_fn_run_forward(&fn->host, activ_fn_threads(fn), fn->kernel, &args, n, inner, x, y);
    return ACTIV_OK;
}

activ_status activ_backward_channels(const activ_fn *fn, const float *params, size_t outer, size_t channels,
                                     size_t inner, const float *x, const float *dy, float *dx, float *dparams)
{
    size_t n;
    if (!count_of(outer, channels, inner, &n))
        return ACTIV_ERROR_RANGE;
    activ_status status = check_backward(fn, params, channels > 0 ? channels : SIZE_MAX, n, x, dy, dx, dparams);
    if (status != ACTIV_OK || n == 0)
        return status;
    activ_fn_room room;
    activ_fn_args args;
    activ_fn_prepare(fn, params, &room, &args);
    activ_fn_run_backward(&fn->host, activ_fn_threads(fn), fn->kernel, &args, n, inner, x, dy, dx, dparams);
    return ACTIV_OK;
}

activ_status activ_forward_train(const activ_fn *fn, const float *params, uint64_t seed, uint64_t stream,
                                 uint64_t index, size_t n, const float *x, float *y, float *noise)
{
    if (!activ_fn_is_random(fn))
        return activ_forward(fn, params, n, x, y);
    activ_status status = check_forward(fn, params, 0, n, x, y);
    if (status != ACTIV_OK)
        return status;
    if (n > 0 && (!noise || !apart(noise, n, x, n) || !apart(noise, n, y, n)))
        return ACTIV_ERROR_INVALID;
    activ_fn_room room;
    activ_fn_args args;
    activ_fn_prepare(fn, params, &room, &args);
    const activ_fn_training training = { .save = noise, .seed = seed, .stream = stream, .index = index };
    args.training = &training;
    if (n > 0)
        activ_fn_run_forward(&fn->host, activ_fn_threads(fn), fn->kernel, &args, n, 1, x, y);
    return ACTIV_OK;
}

activ_status activ_backward_train(const activ_fn *fn, const float *params, size_t n, const float *x, const float *noise,
                                  const float *dy, float *dx, float *dparams)
{
    if (!activ_fn_is_random(fn))
        return activ_backward(fn, params, n, x, dy, dx, dparams);
    activ_status status = check_backward(fn, params, 0, n, x, dy, dx, dparams);
    if (status != ACTIV_OK)
        return status;
    if (n > 0 && (!noise || !same_or_apart(dx, noise, n)))
        return ACTIV_ERROR_INVALID;
    activ_fn_room room;
    activ_fn_args args;
    activ_fn_prepare(fn, params, &room, &args);
    const activ_fn_training training = { .saved = noise };
    args.training = &training;
    if (dx && n > 0)
        activ_fn_run_backward(&fn->host, activ_fn_threads(fn), fn->kernel, &args, n, 1, x, dy, dx, NULL);
    return ACTIV_OK;
}
