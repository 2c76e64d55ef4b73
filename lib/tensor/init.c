/* Initial values, as torch.nn.init defines them. */
#include <math.h>

#include "activ/init.h"
#include "activ/random.h"
#include "activ/tensor.h"
#include "base/checked.h"
#include "base/rounding.h"
#include "base/text.h"
#include "context/context.h"
#include "tensor/orthogonal.h"

float activ_init_gain(activ_init_scheme scheme)
{
    if (scheme == ACTIV_INIT_KAIMING_UNIFORM || scheme == ACTIV_INIT_KAIMING_NORMAL)
        return sqrtf(2.0f);
    return scheme >= ACTIV_INIT_DEFAULT && scheme <= ACTIV_INIT_ORTHOGONAL ? 1.0f : 0.0f;
}

static activ_status fill(const activ_host *host, activ_init_scheme scheme, float gain, size_t ndim, const size_t *shape,
                         uint64_t seed, uint64_t stream, float *values, activ_message *message)
{
    size_t count, rest;
    if (scheme < ACTIV_INIT_DEFAULT || scheme > ACTIV_INIT_ORTHOGONAL)
        return activ_host_fail(host, message, ACTIV_ERROR_UNSUPPORTED, "no such scheme of initial values");
    if (!(gain >= 0.0f) || !activ_is_finite(gain))
        return activ_host_fail(host, message, ACTIV_ERROR_RANGE, "initial values: the gain is negative or not finite");
    if (ndim < 2)
        return activ_host_fail(host, message, ACTIV_ERROR_SHAPE, "initial values: fewer than two dimensions");
    if (ndim > ACTIV_MAX_DIMS)
        return activ_host_fail(host, message, ACTIV_ERROR_RANGE, "initial values: more than 8 dimensions");
    if (!activ_checked_count(ndim, shape, &count) || !activ_checked_count(ndim - 1, shape + 1, &rest))
        return activ_host_fail(host, message, ACTIV_ERROR_RANGE, "initial values: the size overflows");
    if (count == 0)
        return activ_host_fail(host, message, ACTIV_ERROR_SHAPE, "initial values: a dimension is 0");
    double fan_in = (double)rest, fan_out = (double)(count / shape[1]);
    /* The usual gain without the error of float32. */
    double g = gain == sqrtf(2.0f) ? sqrt(2.0) : (double)gain;
    double spread; /* the bound of a uniform, the deviation of a normal distribution */
    switch (scheme) {
    case ACTIV_INIT_DEFAULT:
        spread = g / sqrt(fan_in);
        break;
    case ACTIV_INIT_KAIMING_UNIFORM:
        spread = g * sqrt(3.0 / fan_in);
        break;
    case ACTIV_INIT_KAIMING_NORMAL:
        spread = g / sqrt(fan_in);
        break;
    case ACTIV_INIT_XAVIER_UNIFORM:
        spread = g * sqrt(6.0 / (fan_in + fan_out));
        break;
    case ACTIV_INIT_XAVIER_NORMAL:
        spread = g * sqrt(2.0 / (fan_in + fan_out));
        break;
    default: /* orthogonal, as there are no others */
        return activ_orthogonal(host, gain, shape[0], rest, seed, stream, values, message);
    }
    const int is_normal = scheme == ACTIV_INIT_KAIMING_NORMAL || scheme == ACTIV_INIT_XAVIER_NORMAL;
    activ_status status = is_normal
                              ? activ_random_normal(seed, stream, 0, count, 0.0f, (float)spread, values)
                              : activ_random_uniform(seed, stream, 0, count, -(float)spread, (float)spread, values);
    if (status == ACTIV_OK)
        return status;
    return activ_host_fail(host, message, ACTIV_ERROR_RANGE, "initial values: the gain is too large");
}

activ_status activ_init_tensor(const activ_context *context, activ_init_scheme scheme, float gain, size_t ndim,
                               const size_t *shape, uint64_t seed, uint64_t stream, float *values,
                               activ_message *message)
{
    activ_host host;
    activ_host_of(context, &host);
    if (!shape || !values)
        return activ_host_fail(&host, message, ACTIV_ERROR_INVALID, "initial values: the shape or the values are NULL");
    if (!activ_is_aligned(values, sizeof *values))
        return activ_host_fail(&host, message, ACTIV_ERROR_INVALID, "initial values:" ACTIV_MISALIGNED);
    const int rounding = activ_round_to_nearest();
    activ_status status = fill(&host, scheme, gain, ndim, shape, seed, stream, values, message);
    activ_round_as(rounding);
    return status;
}
