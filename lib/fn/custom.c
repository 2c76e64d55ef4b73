/* Functions of the host's own code: an entry like the catalog's for each, and kernels that call back. */
#include "base/sized.h"
#include "fn/fn.h"

/* ---- kernels ---------------------------------------------------------------------------------------- */

static void forward(const activ_fn_args *a, size_t n, const float *x, float *y)
{
    const activ_custom *custom = a->object;
    if (n > 0)
        custom->callbacks.forward(custom->user, a->params, n, x, y);
}

/* The sums of all elements go to the first lane. */
static void backward(const activ_fn_args *a, size_t first, size_t count, size_t n, const float *x, const float *dy,
                     float *dx, activ_lanes *lanes)
{
    const activ_custom *custom = a->object;
    double sums[ACTIV_CUSTOM_PARAMS] = { 0 };
    const size_t all = custom->callbacks.param_count, left = all > first ? all - first : 0;
    const int wants_sums = lanes && left > 0 && count > 0;
    if (n > 0 && (dx || wants_sums))
        custom->callbacks.backward(custom->user, a->params, n, x, dy, dx, wants_sums ? sums : NULL);
    for (size_t i = 0; wants_sums && i < left && i < count; i++)
        lanes[i][0] += sums[first + i];
}

const activ_fn_kernel activ_custom_kernel = { .forward = forward, .backward = backward };

/* ---- what the host gives --------------------------------------------------------------------------------- */

static activ_status fail(activ_message *message, activ_status status, const char *name, const char *what)
{
    return activ_fail(message, status, "the host's function '", name, "': ", what);
}

static int is_identifier(const char *name)
{
    activ_reader r;
    const activ_slice text = { name, strlen(name) };
    activ_reader_start(&r, text, "name", NULL);
    return text.length > 0 && text.length <= ACTIV_CUSTOM_NAME && activ_read_name(&r, 0).length == text.length;
}

activ_status activ_custom_read(const char *name, const activ_fn_callbacks *callbacks, void *user, activ_custom *custom,
                               activ_message *message)
{
    if (!name || !callbacks)
        return activ_fail(message, ACTIV_ERROR_INVALID, "a function of the host's: its name or callbacks are NULL");
    memset(custom, 0, sizeof *custom);
    activ_status status = activ_sized_read(&custom->callbacks, sizeof custom->callbacks, callbacks);
    if (status != ACTIV_OK)
        return fail(message, status, name, activ_sized_reason(status));
    if (!is_identifier(name))
        return fail(message, ACTIV_ERROR_INVALID, name, "a name has 1 to 40 letters, digits and '_', no digit first");
    if (activ_fn_is_in_catalog((activ_slice){ name, strlen(name) }))
        return fail(message, ACTIV_ERROR_INVALID, name, "a function of the catalog, or an alias, is called so");
    if (!custom->callbacks.forward || !custom->callbacks.backward)
        return fail(message, ACTIV_ERROR_INVALID, name, "forward or backward is NULL");
    if (custom->callbacks.param_count > ACTIV_CUSTOM_PARAMS)
        return fail(message, ACTIV_ERROR_RANGE, name, "more than 48 parameters");
    if (custom->callbacks.param_count > 0 && !custom->callbacks.param_init)
        return fail(message, ACTIV_ERROR_INVALID, name, "it has parameters, but param_init is NULL");
    custom->user = user;
    memcpy(custom->name, name, strlen(name) + 1);
    return ACTIV_OK;
}

activ_status activ_custom_find(const activ_host *host, activ_slice name, activ_custom *custom, activ_message *message)
{
    for (size_t i = 0; i < host->function_count; i++) {
        activ_custom_fn own;
        activ_status status =
            host->functions[i] ? activ_sized_read(&own, sizeof own, host->functions[i]) : ACTIV_ERROR_INVALID;
        if (status != ACTIV_OK)
            return activ_fail(message, status, "the context's functions: ", activ_sized_reason(status));
        if (own.name && activ_slice_is(name, own.name))
            return activ_custom_read(own.name, own.callbacks, own.user, custom, message);
    }
    return ACTIV_ERROR_UNKNOWN_NAME;
}
