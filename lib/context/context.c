/* Contexts: what the host lends, checked and copied. */
#include "context/context.h"

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

activ_status activ_context_create(const activ_context_options *options, activ_context **out)
{
    if (!out)
        return ACTIV_ERROR_INVALID;
    activ_host host;
    activ_host_of(NULL, &host);
    if (options) {
        activ_context_options o;
        activ_status status = activ_sized_read(&o, sizeof o, options);
        if (status != ACTIV_OK)
            return status;
        if (o.allocator) {
            status = activ_sized_read(&host.allocator, sizeof host.allocator, o.allocator);
            if (status != ACTIV_OK)
                return status;
            if (!host.allocator.alloc || !host.allocator.free)
                return ACTIV_ERROR_INVALID;
        }
        if (o.executor) {
            status = activ_sized_read(&host.executor, sizeof host.executor, o.executor);
            if (status != ACTIV_OK)
                return status;
            if (host.executor.num_threads < 1)
                return ACTIV_ERROR_RANGE;
            /* Each part of shared work has scratch memory of its own; more parts than this help
             * nobody. */
            if (host.executor.num_threads > 256)
                host.executor.num_threads = 256;
        }
        if (o.max_tier) {
            host.tier = activ_tier_below(o.max_tier);
            if (host.tier < 0)
                return ACTIV_ERROR_UNKNOWN_NAME;
        }
        host.log = o.log;
        host.log_user = o.log_user;
    }
    activ_context *context = activ_host_alloc(&host, sizeof *context);
    if (!context)
        return ACTIV_ERROR_OUT_OF_MEMORY;
    context->host = host;
    *out = context;
    return ACTIV_OK;
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
