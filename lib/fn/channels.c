/* Functions whose scalars are per channel, on outer x channels x inner values. */
#include <string.h>

#include "base/share.h"
#include "fn/fn.h"

/* From this many values of a channel side by side on, a call for each is cheaper than scalars that are spread out. */
#define INNER_FROM 32
#define CHUNK 256

/* A channel's scalars as settings, as if the function had but one channel. */
typedef struct one_channel {
    activ_fn_room room;
    float params[ACTIV_FN_SETTINGS];
    size_t lengths[ACTIV_FN_SETTINGS];
    activ_fn_args args;
} one_channel;

static void take_channel(one_channel *one, const activ_fn_args *all, size_t channel)
{
    one->args = *all;
    memcpy(one->room.setting_values, all->setting_values, sizeof one->room.setting_values);
    for (size_t j = 0; j < all->vectors; j++) {
        one->params[j] = all->params[j * all->channels + channel];
        one->room.setting_values[all->scalar_settings[j]] = one->params[j];
        one->lengths[j] = 1;
    }
    one->args.setting_values = one->room.setting_values;
    one->args.params = one->params;
    one->args.lengths = one->lengths;
    one->args.param_count = all->vectors;
    one->args.channels = 0;
}

/* f or dy f' of elements that are together: in one channel, or in channels with scalars side by side. */
static void run(const activ_fn_kernel *kernel, const activ_fn_args *args, size_t n, const float *x, const float *dy,
                float *out)
{
    if (dy)
        kernel->backward(args, 0, 0, n, x, dy, out, NULL);
    else
        kernel->forward(args, n, x, out);
}

static void each(const activ_fn_kernel *kernel, const activ_fn_args *args, size_t inner, size_t first, size_t count,
                 const float *x, const float *dy, float *out)
{
    const size_t channels = args->channels, end = first + count;
    for (size_t at = first, some; at < end; at += some) {
        const size_t channel = at / inner % channels;
        const float *from = x + at, *slope = dy ? dy + at : NULL;
        if (inner == 1) {
            activ_fn_args part = *args;
            part.params += channel;
            some = channels - channel < end - at ? channels - channel : end - at;
            run(kernel, &part, some, from, slope, out + at);
        } else if (inner >= INNER_FROM) {
            one_channel one;
            take_channel(&one, args, channel);
            some = inner - at % inner < end - at ? inner - at % inner : end - at;
            run(kernel, &one.args, some, from, slope, out + at);
        } else {
            float spread[ACTIV_FN_SETTINGS * CHUNK];
            activ_fn_args part = *args;
            some = end - at < CHUNK ? end - at : CHUNK;
            for (size_t j = 0; j < args->vectors; j++)
                for (size_t i = 0; i < some; i++)
                    spread[j * CHUNK + i] = args->params[j * channels + (at + i) / inner % channels];
            part.params = spread;
            part.channels = CHUNK;
            run(kernel, &part, some, from, slope, out + at);
        }
    }
}

void activ_fn_channels_forward(const activ_fn_kernel *kernel, const activ_fn_args *args, size_t inner, size_t first,
                               size_t count, const float *x, float *y)
{
    each(kernel, args, inner, first, count, x, NULL, y);
}

void activ_fn_channels_backward(const activ_fn_kernel *kernel, const activ_fn_args *args, size_t inner, size_t first,
                                size_t count, const float *x, const float *dy, float *dx)
{
    each(kernel, args, inner, first, count, x, dy, dx);
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
    const size_t channels = job->args->channels, step = channels * job->inner;
    activ_range r = activ_range_of(channels, 1, parts, part);
    for (size_t c = r.first; c < r.first + r.count; c++) {
        one_channel one;
        take_channel(&one, job->args, c);
        const activ_fn_elements elements = {
            .n = job->outer * job->inner,
            .width = job->inner,
            .x = job->x + c * job->inner,
            .dy = job->dy + c * job->inner,
            .x_step = step,
            .dy_step = step,
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
