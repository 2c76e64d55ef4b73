/* Gradient clipping, as torch.nn.utils.clip_grad_norm_ and clip_grad_value_. */
#include <float.h>
#include <math.h>

#include "base/checked.h"
#include "base/rounding.h"
#include "graph/graph.h"

/* Fails if there are no gradients, or the limit is invalid. */
static activ_status check(activ_graph *g, float limit, const char *name)
{
    if (!g)
        return ACTIV_ERROR_INVALID;
    activ_status status = activ_graph_check_compiled(g, 1);
    if (status != ACTIV_OK)
        return status;
    if (!(limit >= 0.0f))
        return activ_graph_fail(g, ACTIV_ERROR_RANGE, NULL, name, " has to be 0 or more");
    return ACTIV_OK;
}

activ_status activ_graph_clip_grad_norm(activ_graph *g, float max_norm, float *total_norm)
{
    activ_status status = check(g, max_norm, "max_norm");
    if (status != ACTIV_OK)
        return status;
    const int rounding = activ_round_to_nearest();
    float *grads = activ_graph_grads(g);
    double norm = sqrt(g->kernels->sum_of_squares(g->param_count, grads));
    if (norm - norm != 0.0) {
        activ_round_as(rounding);
        return activ_graph_fail(g, ACTIV_ERROR_RANGE, NULL, "the norm of the gradients is not finite");
    }
    double factor = (double)max_norm / (norm + 1e-6);
    if (factor < 1.0 && (factor >= FLT_MIN || factor == 0.0))
        g->kernels->scale(g->param_count, (float)factor, grads);
    else if (factor < 1.0) /* as a float32 it would lose digits, or be 0 */
        for (size_t i = 0; i < g->param_count; i++)
            grads[i] = (float)((double)grads[i] * factor);
    if (total_norm)
        *total_norm = (float)norm;
    activ_round_as(rounding);
    return ACTIV_OK;
}

activ_status activ_graph_clip_grad_value(activ_graph *g, float clip_value)
{
    activ_status status = check(g, clip_value, "clip_value");
    if (status != ACTIV_OK)
        return status;
    g->kernels->clamp(g->param_count, clip_value, activ_graph_grads(g));
    return ACTIV_OK;
}
