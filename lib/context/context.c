/* Contexts: the host's options, checked and copied. */
#include "context/context.h"

#include <string.h>

#include "base/settings.h"
#include "base/sized.h"
#include "cpu/cpu.h"

void activ_host_of(const activ_context *context, activ_host *host)
{
    if (context) {
        *host = context->host;
    } else {
        activ_host_defaults(host);
        host->tier = activ_tier_best();
    }
}

/* Applies options to a host that has the defaults. */
static activ_status read_options(const activ_context_options *options, activ_host *host, activ_message *message)
{
    activ_context_options o;
    activ_status status = activ_sized_read(&o, sizeof o, options);
    if (status != ACTIV_OK)
        return activ_fail(message, status, "context: ", activ_sized_reason(status));
    if (o.allocator) {
        activ_allocator allocator;
        status = activ_sized_read(&allocator, sizeof allocator, o.allocator);
        if (status != ACTIV_OK)
            return activ_fail(message, status, "allocator: ", activ_sized_reason(status));
        if (!allocator.alloc != !allocator.free)
            return activ_fail(message, ACTIV_ERROR_INVALID, "allocator: only one of alloc and free is given");
        if (allocator.alloc)
            host->allocator = allocator;
    }
    if (o.executor) {
        status = activ_sized_read(&host->executor, sizeof host->executor, o.executor);
        if (status != ACTIV_OK)
            return activ_fail(message, status, "executor: ", activ_sized_reason(status));
        if (host->executor.num_threads < 1)
            return activ_fail(message, ACTIV_ERROR_RANGE, "executor: num_threads is less than 1");
        /* Each thread has scratch memory of its own; more threads than this do not help. */
        if (host->executor.num_threads > 256)
            host->executor.num_threads = 256;
    }
    if (o.max_tier) {
        host->tier = activ_tier_below(o.max_tier);
        const activ_slice name = { o.max_tier, strlen(o.max_tier) };
        if (host->tier < 0)
            return activ_fail_quoted(message, ACTIV_ERROR_UNKNOWN_NAME, "max_tier: no tier is called ", name, "");
    }
    if (o.function_count > 0 && !o.functions)
        return activ_fail(message, ACTIV_ERROR_INVALID, "context: function_count is not 0, but functions is NULL");
    host->functions = o.functions;
    host->function_count = o.function_count;
    host->log = o.log;
    host->log_user = o.log_user;
    return ACTIV_OK;
}

activ_status activ_context_create_ex(const activ_context_options *options, activ_context **out, activ_message *message)
{
    activ_host host;
    activ_host_of(NULL, &host);
    if (!out)
        return activ_fail(message, ACTIV_ERROR_INVALID, "context: out is NULL");
    activ_status status = options ? read_options(options, &host, message) : ACTIV_OK;
    if (status != ACTIV_OK)
        return status;
    activ_context *context = activ_host_alloc(&host, sizeof *context);
    if (!context)
        return activ_host_fail(&host, message, ACTIV_ERROR_OUT_OF_MEMORY, "no memory for a context");
    context->host = host;
    *out = context;
    return ACTIV_OK;
}

activ_status activ_context_create(const activ_context_options *options, activ_context **out)
{
    return activ_context_create_ex(options, out, NULL);
}

void activ_context_destroy(activ_context *context)
{
    if (!context)
        return;
    activ_host host = context->host;
    activ_host_free(&host, context, sizeof *context);
}

const char *activ_context_tier(const activ_context *context)
{
    activ_host host;
    activ_host_of(context, &host);
    return activ_tier_name(host.tier);
}
