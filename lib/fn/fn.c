/* Activation functions: from a spec to a call of a kernel. */
#include "fn/fn.h"

#include <string.h>

#include "base/checked.h"
#include "base/sized.h"
#include "base/text.h"
#include "context/context.h"
#include "kernels/kernels.h"

activ_status activ_fn_check(const char *spec, activ_message *message)
{
    activ_fn_parsed parsed;
    if (!spec) {
        activ_message_set(message, "the spec is NULL");
        return ACTIV_ERROR_INVALID;
    }
    return activ_fn_parse(spec, &parsed, message);
}

/* What depends on where the block lies and on whose it is. The block: the struct, the initial
 * values of a vector's parameters, the spec. */
static void bind(activ_fn *fn, const activ_host *host)
{
    size_t vector = fn->definition->param_vector ? fn->param_count : 0;
    fn->host = *host;
    fn->kernel = activ_kernels_of(host->tier)->functions[fn->parsed.index];
    fn->initial = vector ? (float *)(fn + 1) : NULL;
    fn->spec = (char *)(fn + 1) + vector * sizeof(float);
}

activ_status activ_fn_create(const activ_context *context, const char *spec, activ_fn **out)
{
    if (!spec || !out)
        return ACTIV_ERROR_INVALID;
    activ_host host;
    activ_host_of(context, &host);
    activ_fn_parsed parsed;
    activ_message message;
    activ_status status = activ_fn_parse(spec, &parsed, &message);
    if (status != ACTIV_OK)
        return activ_host_log(&host, status, message.text);

    const activ_fn_definition *definition = activ_fn_registry[parsed.index].definition;
    size_t params = 0, length;
    const char *name;
    for (int i = 0; (length = activ_fn_param_vector(&parsed, i, &name)) > 0; i++)
        params += length;
    size_t vector = definition->param_vector ? params : 0;
    size_t text = activ_fn_write_spec(&parsed, NULL, 0) + 1;
    size_t bytes = sizeof(activ_fn) + vector * sizeof(float) + text;
    activ_fn *fn = activ_host_alloc(&host, bytes);
    if (!fn)
        return ACTIV_ERROR_OUT_OF_MEMORY;
    fn->bytes = bytes;
    fn->parsed = parsed;
    fn->definition = definition;
    fn->param_count = params;
    bind(fn, &host);
    activ_fn_write_spec(&parsed, fn->spec, text);
    if (vector)
        definition->param_init(parsed.values, 0, fn->initial);
    *out = fn;
    return ACTIV_OK;
}

size_t activ_fn_param_vector(const activ_fn_parsed *parsed, int which, const char **name)
{
    const activ_fn_definition *definition = activ_fn_registry[parsed->index].definition;
    if (definition->param_vector)
        return definition->param_vector(parsed->values, which, name);
    for (int i = 0; i < ACTIV_MAX_VALUES && definition->values[i].name; i++) {
        if (definition->values[i].trainable && which-- == 0) {
            *name = definition->values[i].name;
            return 1;
        }
    }
    return 0;
}

activ_fn *activ_fn_copy(const activ_host *host, const activ_fn *fn)
{
    activ_fn *copy = activ_host_alloc(host, fn->bytes);
    if (!copy)
        return NULL;
    memcpy(copy, fn, fn->bytes);
    bind(copy, host);
    return copy;
}

void activ_fn_destroy(activ_fn *fn)
{
    if (!fn)
        return;
    activ_host host = fn->host;
    activ_host_free(&host, fn, fn->bytes);
}

const char *activ_fn_spec(const activ_fn *fn)
{
    return fn ? fn->spec : NULL;
}

size_t activ_fn_param_count(const activ_fn *fn)
{
    return fn ? fn->param_count : 0;
}

int32_t activ_fn_is_random(const activ_fn *fn)
{
    return fn && fn->kernel->forward_noise;
}

activ_status activ_fn_param_init(const activ_fn *fn, uint64_t seed, float *params)
{
    if (!fn || (fn->param_count > 0 && !params))
        return ACTIV_ERROR_INVALID;
    if (fn->definition->param_init) {
        fn->definition->param_init(fn->parsed.values, seed, params);
        return ACTIV_OK;
    }
    size_t j = 0;
    for (int i = 0; i < ACTIV_MAX_VALUES && fn->definition->values[i].name; i++)
        if (fn->definition->values[i].trainable)
            params[j++] = fn->parsed.values[i];
    return ACTIV_OK;
}

void activ_fn_set_values(const activ_fn *fn, const float *params, activ_fn_values *k)
{
    if (fn->initial) {
        k->values = params ? params : fn->initial;
        k->count = fn->param_count;
        return;
    }
    memcpy(k->own, fn->parsed.values, sizeof k->own);
    if (params) {
        size_t j = 0;
        for (int i = 0; i < ACTIV_MAX_VALUES && fn->definition->values[i].name; i++)
            if (fn->definition->values[i].trainable)
                k->own[i] = params[j++];
    }
    k->values = k->own;
    k->count = ACTIV_MAX_VALUES;
}

/* Arrays of n values may be the same; they must not overlap otherwise. */
static int same_or_apart(const float *a, const float *b, size_t n)
{
    return !a || !b || a == b || !activ_ranges_overlap(a, n * sizeof *a, b, n * sizeof *b);
}

static int apart(const float *a, size_t a_count, const float *b, size_t b_count)
{
    return !a || !b || !activ_ranges_overlap(a, a_count * sizeof *a, b, b_count * sizeof *b);
}

static activ_status check_forward(const activ_fn *fn, const float *params, size_t n, const float *x,
                                  const float *y)
{
    if (!fn || (n > 0 && (!x || !y)))
        return ACTIV_ERROR_INVALID;
    if (n > SIZE_MAX / sizeof(float))
        return ACTIV_ERROR_RANGE;
    if (!same_or_apart(x, y, n) || !apart(params, fn->param_count, y, n))
        return ACTIV_ERROR_INVALID;
    return ACTIV_OK;
}

activ_status activ_forward(const activ_fn *fn, const float *params, size_t n, const float *x, float *y)
{
    activ_status status = check_forward(fn, params, n, x, y);
    if (status != ACTIV_OK)
        return status;
    activ_fn_values k;
    activ_fn_set_values(fn, params, &k);
    fn->kernel->forward(k.values, k.count, n, x, y);
    return ACTIV_OK;
}

static activ_status check_backward(const activ_fn *fn, const float *params, size_t n, const float *x,
                                   const float *dy, const float *dx, const float *dparams)
{
    if (!fn || (n > 0 && (!x || !dy)))
        return ACTIV_ERROR_INVALID;
    if (n > SIZE_MAX / sizeof(float))
        return ACTIV_ERROR_RANGE;
    size_t p = fn->param_count;
    if (!same_or_apart(dx, x, n) || !same_or_apart(dx, dy, n) || !apart(params, p, dx, n) ||
        !apart(dparams, p, dx, n) || !apart(dparams, p, x, n) || !apart(dparams, p, dy, n) ||
        !apart(dparams, p, params, p))
        return ACTIV_ERROR_INVALID;
    return ACTIV_OK;
}

activ_status activ_backward(const activ_fn *fn, const float *params, size_t n, const float *x,
                            const float *dy, float *dx, float *dparams)
{
    activ_status status = check_backward(fn, params, n, x, dy, dx, dparams);
    if (status != ACTIV_OK)
        return status;
    activ_fn_values k;
    activ_fn_set_values(fn, params, &k);
    fn->kernel->backward(k.values, k.count, n, x, dy, dx, fn->param_count ? dparams : NULL);
    return ACTIV_OK;
}

activ_status activ_forward_train(const activ_fn *fn, const float *params, uint64_t seed, uint64_t stream,
                                 uint64_t index, size_t n, const float *x, float *y, float *noise)
{
    if (!activ_fn_is_random(fn))
        return activ_forward(fn, params, n, x, y);
    activ_status status = check_forward(fn, params, n, x, y);
    if (status != ACTIV_OK)
        return status;
    if (n > 0 && (!noise || !apart(noise, n, x, n) || !apart(noise, n, y, n)))
        return ACTIV_ERROR_INVALID;
    activ_kernels_of(fn->host.tier)->uniform(seed, stream, index, n, 0.0f, 1.0f, noise);
    fn->kernel->forward_noise(fn->parsed.values, n, x, y, noise);
    return ACTIV_OK;
}

activ_status activ_backward_train(const activ_fn *fn, const float *params, size_t n, const float *x,
                                  const float *noise, const float *dy, float *dx, float *dparams)
{
    if (!activ_fn_is_random(fn))
        return activ_backward(fn, params, n, x, dy, dx, dparams);
    activ_status status = check_backward(fn, params, n, x, dy, dx, dparams);
    if (status != ACTIV_OK)
        return status;
    if (n > 0 && (!noise || !same_or_apart(dx, noise, n)))
        return ACTIV_ERROR_INVALID;
    if (dx)
        fn->kernel->backward_noise(n, noise, dy, dx);
    return ACTIV_OK;
}

activ_status activ_fn_catalog(size_t index, activ_fn_info *info)
{
    if (!info)
        return ACTIV_ERROR_INVALID;
    if (index >= ACTIV_FN_COUNT)
        return ACTIV_ERROR_RANGE;
    const activ_fn_entry *entry = &activ_fn_registry[index];
    const activ_fn_definition *d = entry->definition;
    activ_fn_info own = { sizeof own, entry->name, d->signature, d->formula, d->source,
                          d->param_vector != NULL, d->forward_ulp, d->derivative_ulp };
    for (int i = 0; i < ACTIV_MAX_VALUES && d->values[i].name; i++)
        own.trainable |= d->values[i].trainable;
    return activ_sized_write(&own, sizeof own, info);
}
