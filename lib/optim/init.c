/* Initial values, as torch.nn.init defines them. */
#include <math.h>
#include <string.h>

#include "activ/optim.h"
#include "activ/random.h"
#include "base/checked.h"
#include "base/random.h"
#include "context/context.h"
#include "graph/graph.h"

/* Rows (or columns, if there are fewer of them) made orthonormal from normal numbers, by Gram
 * and Schmidt, each vector twice, in double. Equal to the Q of a QR decomposition whose R has a
 * positive diagonal, which is PyTorch's choice of signs. */
static activ_status orthogonal(const activ_host *host, float gain, size_t rows, size_t columns, uint64_t seed,
                               uint64_t stream, float *values)
{
    size_t vectors = rows < columns ? rows : columns, length = rows < columns ? columns : rows, bytes;
    if (!activ_checked_mul(vectors, length, &bytes) || !activ_checked_mul(bytes, sizeof(double), &bytes))
        return ACTIV_ERROR_RANGE;
    double *q = activ_host_alloc(host, bytes);
    if (!q)
        return ACTIV_ERROR_OUT_OF_MEMORY;
    for (size_t i = 0; i < vectors * length; i++)
        q[i] = activ_random_normal_double(seed, stream, i);
    for (size_t i = 0; i < vectors; i++) {
        double *v = q + i * length;
        for (int pass = 0; pass < 2; pass++) {
            for (size_t j = 0; j < i; j++) {
                const double *u = q + j * length;
                double dot = 0.0;
                for (size_t k = 0; k < length; k++)
                    dot += u[k] * v[k];
                for (size_t k = 0; k < length; k++)
                    v[k] -= dot * u[k];
            }
            double square = 0.0;
            for (size_t k = 0; k < length; k++)
                square += v[k] * v[k];
            double scale = 1.0 / sqrt(square);
            for (size_t k = 0; k < length; k++)
                v[k] *= scale;
        }
    }
    for (size_t i = 0; i < rows; i++)
        for (size_t j = 0; j < columns; j++)
            values[i * columns + j] = (float)((double)gain * (rows < columns ? q[i * length + j] : q[j * length + i]));
    activ_host_free(host, q, bytes);
    return ACTIV_OK;
}

static activ_status fill(const activ_host *host, activ_init scheme, float gain, size_t ndim, const size_t *shape,
                         uint64_t seed, uint64_t stream, float *values)
{
    size_t count, rest;
    if (!(gain >= 0.0f) || gain - gain != 0.0f)
        return ACTIV_ERROR_RANGE;
    if (ndim < 2 || ndim > ACTIV_MAX_DIMS)
        return ACTIV_ERROR_SHAPE;
    if (!activ_checked_count(ndim, shape, &count) || !activ_checked_count(ndim - 1, shape + 1, &rest))
        return ACTIV_ERROR_RANGE;
    if (count == 0)
        return ACTIV_ERROR_SHAPE;
    double fan_in = (double)rest, fan_out = (double)(count / shape[1]);
    int kaiming = scheme == ACTIV_INIT_KAIMING_UNIFORM || scheme == ACTIV_INIT_KAIMING_NORMAL;
    double g = gain != 0.0f ? (double)gain : kaiming ? sqrt(2.0) : 1.0;
    double spread;    /* the bound of a uniform, the deviation of a normal distribution */
    switch (scheme) { /* numbers from outside: the default refuses what is none of these */
    case ACTIV_INIT_DEFAULT:
        spread = 1.0 / sqrt(fan_in);
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
    case ACTIV_INIT_ORTHOGONAL:
        return orthogonal(host, (float)g, shape[0], rest, seed, stream, values);
    default:
        return ACTIV_ERROR_UNSUPPORTED;
    }
    if (scheme == ACTIV_INIT_KAIMING_NORMAL || scheme == ACTIV_INIT_XAVIER_NORMAL)
        return activ_random_normal(seed, stream, 0, count, 0.0f, (float)spread, values);
    return activ_random_uniform(seed, stream, 0, count, -(float)spread, (float)spread, values);
}

activ_status activ_init_tensor(const activ_context *context, activ_init scheme, float gain, size_t ndim,
                               const size_t *shape, uint64_t seed, uint64_t stream, float *values)
{
    if (!shape || !values)
        return ACTIV_ERROR_INVALID;
    activ_host host;
    activ_host_of(context, &host);
    return fill(&host, scheme, gain, ndim, shape, seed, stream, values);
}

static activ_status init_weights(activ_graph *g, activ_init scheme, float gain, uint64_t seed)
{
    for (size_t i = 0; i < g->tensor_count; i++) {
        const graph_tensor *t = &g->tensors[i];
        float *values = activ_graph_tensor_values(g, i);
        if (g->nodes[t->node].kind != &activ_kind_linear)
            continue;
        if (t->ndim == 2) {
            uint64_t stream = ACTIV_STREAM(ACTIV_STREAM_INIT, i);
            activ_status status = fill(&g->host, scheme, gain, t->ndim, t->shape, seed, stream, values);
            if (status != ACTIV_OK)
                return status;
        } else {
            memset(values, 0, t->count * sizeof *values);
        }
    }
    return ACTIV_OK;
}

activ_status activ_graph_init_weights(activ_graph *g, activ_init scheme, float gain, uint64_t seed)
{
    if (!g)
        return ACTIV_ERROR_INVALID;
    if (!activ_graph_is_compiled(g) || scheme == ACTIV_INIT_DEFAULT)
        return activ_graph_init(g, seed);
    if (scheme < 0 || scheme > ACTIV_INIT_ORTHOGONAL)
        return activ_graph_say(g, ACTIV_ERROR_UNSUPPORTED, NULL, "no such scheme of initial values");
    /* A gain may be too large for one tensor, or memory too small for another: keep what was
     * there, parameters and then buffers. */
    size_t trained = g->param_count * sizeof(float), kept = g->buffer_floats * sizeof(float);
    size_t bytes = trained + kept;
    float *params = activ_graph_params(g), *buffers = activ_graph_buffers(g);
    float *before = activ_host_alloc(&g->host, bytes);
    if (bytes > 0 && !before)
        return activ_graph_say(g, ACTIV_ERROR_OUT_OF_MEMORY, NULL, "no memory for initial values");
    uint64_t old_seed = g->seed, old_step = g->step;
    if (bytes > 0) {
        memcpy(before, params, trained);
        memcpy(before + g->param_count, buffers, kept);
    }
    activ_status status = activ_graph_init(g, seed);
    if (status == ACTIV_OK)
        status = init_weights(g, scheme, gain, seed);
    if (status != ACTIV_OK) {
        if (bytes > 0) {
            memcpy(params, before, trained);
            memcpy(buffers, before + g->param_count, kept);
        }
        g->seed = old_seed;
        g->step = old_step;
        activ_graph_say(g, status, NULL, "initial values: ",
                        status == ACTIV_ERROR_RANGE ? "the gain is negative, not finite or too large"
                                                    : activ_status_string(status));
    }
    activ_host_free(&g->host, before, bytes);
    return status;
}
