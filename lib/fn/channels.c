/* Functions with scalars per channel, on outer x channels x inner values. */
#include <string.h>

#include "base/share.h"
#include "fn/fn.h"

/* From this many contiguous values per channel on, one call per channel is cheaper than scalars broadcast to
 * elements. */
#define MIN_INNER 32
#define CHUNK 160 /* whose scalars are on the stack, beside what a formula needs */

/* One channel's scalars as settings, as of a function without channels. */
typedef struct one_channel {
    activ_fn_storage storage;
    float params[ACTIV_FN_SETTINGS];
    size_t lengths[ACTIV_FN_SETTINGS];
    activ_fn_args args;
} one_channel;

static void select_channel(one_channel *one, const activ_fn_args *all, size_t channel)
{
    one->args = *all;
    memcpy(one->storage.setting_values, all->setting_values, sizeof one->storage.setting_values);
    for (size_t j = 0; j < all->vectors; j++) {
        one->params[j] = all->params[j * all->channels + channel];
        one->storage.setting_values[all->scalar_settings[j]] = one->params[j];
        one->lengths[j] = 1;
    }
    one->args.setting_values = one->storage.setting_values;
    one->args.params = one->params;
    one->args.lengths = one->lengths;
    one->args.param_count = all->vectors;
    one->args.channels = 0;
}

/* f or dy f' of contiguous elements: of one channel, or with a scalar for each element. */
static void run_kernel(const activ_fn_kernel *kernel, const activ_fn_args *args, size_t n, const float *x,
                       const float *dy, float *out)
{
    if (dy)
        kernel->backward(args, 0, 0, n, x, dy, out, NULL);
    else
        kernel->forward(args, n, x, out);
}

/* out: of the first of these elements. */
static void run_elements(const activ_fn_kernel *kernel, const activ_fn_args *args, size_t inner, size_t first,
                         size_t count, const float *x, const float *dy, float *out)
{
    const size_t channels = args->channels, end = first + count;
    for (size_t at = first, n; at < end; at += n) {
        const size_t channel = at / inner % channels;
        const float *x_at = x + at, *dy_at = dy ? dy + at : NULL;
        if (inner == 1) {
            activ_fn_args part = *args;
            part.params += channel;
            n = channels - channel < end - at ? channels - channel : end - at;
            run_kernel(kernel, &part, n, x_at, dy_at, out + (at - first));
        } else if (inner >= MIN_INNER) {
            one_channel one;
            select_channel(&one, args, channel);
            n = inner - at % inner < end - at ? inner - at % inner : end - at;
            run_kernel(kernel, &one.args, n, x_at, dy_at, out + (at - first));
        } else {
            float broadcast[ACTIV_FN_SETTINGS * CHUNK];
            activ_fn_args part = *args;
            n = end - at < CHUNK ? end - at : CHUNK;
            for (size_t j = 0; j < args->vectors; j++)
                for (size_t i = 0; i < n; i++)
                    broadcast[j * CHUNK + i] = args->params[j * channels + (at + i) / inner % channels];
            part.params = broadcast;
            part.channels = CHUNK;
            run_kernel(kernel, &part, n, x_at, dy_at, out + (at - first));
        }
    }
}

void activ_fn_channels_forward(const activ_fn_kernel *kernel, const activ_fn_args *args, size_t inner, size_t first,
                               size_t count, const float *x, float *y)
{
    run_elements(kernel, args, inner, first, count, x, NULL, y);
}

void activ_fn_channels_backward(const activ_fn_kernel *kernel, const activ_fn_args *args, size_t inner, size_t first,
                                size_t count, const float *x, const float *dy, float *dx)
{
    run_elements(kernel, args, inner, first, count, x, dy, dx);
}

typedef struct channels_job {
    const activ_host *host;
    const activ_fn_kernel *kernel;
    const activ_fn_args *args;
    size_t outer, inner;
    const float *x, *dy;
    float *dparams;
} channels_job;

static void add_channels(void *argument, size_t parts, size_t part)
{
    const channels_job *job = argument;
    const size_t channels = job->args->channels, stride = channels * job->inner;
    activ_range r = activ_range_of(channels, 1, parts, part);
    for (size_t c = r.first; c < r.first + r.count; c++) {
        one_channel one;
        select_channel(&one, job->args, c);
        const activ_fn_elements elements = {
            .n = job->outer * job->inner,
            .width = job->inner,
            .x = job->x + c * job->inner,
            .dy = job->dy + c * job->inner,
            .x_stride = stride,
            .dy_stride = stride,
        };
        activ_fn_add_gradients(job->host, 1, job->kernel, &one.args, &elements, NULL, job->dparams + c, channels);
    }
}

void activ_fn_channels_gradients(const activ_host *host, size_t threads, const activ_fn_kernel *kernel,
                                 const activ_fn_args *args, size_t outer, size_t inner, const float *x, const float *dy,
                                 float *dparams)
{
    channels_job job = { host, kernel, args, outer, inner, x, dy, dparams };
    activ_share(host, threads, outer * args->channels * inner * ACTIV_WORK_ELEMENT, add_channels, &job);
}
