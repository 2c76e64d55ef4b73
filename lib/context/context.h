/* From a context to its host. */
#ifndef ACTIV_CONTEXT_CONTEXT_H
#define ACTIV_CONTEXT_CONTEXT_H

#include "activ/context.h"
#include "base/host.h"

/* A copy of the context's host; for NULL the defaults, with the best tier. */
void activ_host_of(const activ_context *context, activ_host *host);

#endif
