/* Gated functions: y = value act(gate), by the kernels of act. */
#include "fn/fn.h"

#include <math.h>
#include <string.h>

#include "base/checked.h"
#include "kernels/kernels.h"

/* Elements per chunk: intermediate results are on the stack; of functions that are composed of others, and need much of
 * it themselves, few. */
#define CHUNK 256
#define SHORT_CHUNK 64

/* y = w f(x) by way of f(x). A function of its own: its chunk is not on the stack of kernels that need none. */
static void times_by_chunks(const activ_host *host, const activ_fn_kernel *kernel, const activ_fn_args *args, size_t n,
                            const float *x, const float *w, float *y)
{
    const activ_kernels *kernels = activ_kernels_of(host->tier);
    float values[CHUNK];
    for (size_t at = 0, count; at < n; at += count) {
        count = n - at < CHUNK ? n - at : CHUNK;
        kernel->forward(args, count, x + at, values);
        kernels->multiply(count, w + at, values, y + at);
    }
}

void activ_fn_forward_times(const activ_host *host, const activ_fn_kernel *kernel, const activ_fn_args *args, size_t n,
                            const float *x, const float *w, float *y)
{
    if (kernel->forward_times)
        kernel->forward_times(args, n, x, w, y);
    else
        times_by_chunks(host, kernel, args, n, x, w, y);
}

/* Where act is constant, dgate is 0 also if dy or value is infinite or NaN: there alone, act's kernel makes 0 of an
 * infinite dy. */
static void fix_flat(const activ_fn_kernel *kernel, const activ_fn_args *args, size_t n, const float *gate,
                     const float *dy, const float *value, float *dgate)
{
    for (size_t i = 0; i < n; i++) {
        const float infinite = INFINITY;
        float flat;
        activ_fn_shifted shifted;
        if (activ_is_finite(dy[i]) && activ_is_finite(value[i]))
            continue;
        kernel->backward(activ_fn_args_from(args, i, &shifted), 0, 0, 1, gate + i, &infinite, &flat, NULL);
        if (flat == 0.0f)
            dgate[i] = 0.0f;
    }
}

/* Chunk by chunk; slope and product have room for one. */
static void backward_in(const activ_host *host, const activ_fn_kernel *kernel, const activ_fn_args *args, size_t n,
                        const float *value, const float *gate, const float *dy, float *dvalue, float *dgate,
                        int accumulate, size_t chunk, float *slope, float *product)
{
    const activ_kernels *kernels = activ_kernels_of(host->tier);
    activ_fn_shifted shifted;
    for (size_t at = 0; at < n; at += chunk) {
        const size_t count = n - at < chunk ? n - at : chunk;
        const activ_fn_args *chunk_args = activ_fn_args_from(args, at, &shifted);
        if (dgate && kernels->multiply_checked(count, dy + at, value + at, product)) {
            kernel->backward(chunk_args, 0, 0, count, gate + at, product, slope, NULL);
        } else if (dgate) {
            /* dy value over- or underflows somewhere, which the product of all three factors need not. */
            for (size_t i = 0; i < count; i++)
                product[i] = 1.0f;
            kernel->backward(chunk_args, 0, 0, count, gate + at, product, slope, NULL);
            kernels->multiply_three(count, dy + at, value + at, slope, slope);
            fix_flat(kernel, chunk_args, count, gate + at, dy + at, value + at, slope);
        }
        if (dvalue && accumulate) {
            activ_fn_forward_times(host, kernel, args, count, gate + at, dy + at, product);
            kernels->add(count, dvalue + at, product, dvalue + at);
        } else if (dvalue) {
            activ_fn_forward_times(host, kernel, args, count, gate + at, dy + at, dvalue + at);
        }
        if (dgate && accumulate)
            kernels->add(count, dgate + at, slope, dgate + at);
        else if (dgate)
            memcpy(dgate + at, slope, count * sizeof *slope);
    }
}

static void backward_by_short_chunks(const activ_host *host, const activ_fn_kernel *kernel, const activ_fn_args *args,
                                     size_t n, const float *value, const float *gate, const float *dy, float *dvalue,
                                     float *dgate, int accumulate)
{
    float slope[SHORT_CHUNK], product[SHORT_CHUNK];
    backward_in(host, kernel, args, n, value, gate, dy, dvalue, dgate, accumulate, SHORT_CHUNK, slope, product);
}

static void backward_by_chunks(const activ_host *host, const activ_fn_kernel *kernel, const activ_fn_args *args,
                               size_t n, const float *value, const float *gate, const float *dy, float *dvalue,
                               float *dgate, int accumulate)
{
    float slope[CHUNK], product[CHUNK];
    backward_in(host, kernel, args, n, value, gate, dy, dvalue, dgate, accumulate, CHUNK, slope, product);
}

void activ_fn_gated_backward(const activ_host *host, const activ_fn_kernel *kernel, const activ_fn_args *args, size_t n,
                             const float *value, const float *gate, const float *dy, float *dvalue, float *dgate,
                             int accumulate)
{
    (args->component_count > 0 ? backward_by_short_chunks : backward_by_chunks)(host, kernel, args, n, value, gate, dy,
                                                                                dvalue, dgate, accumulate);
}
