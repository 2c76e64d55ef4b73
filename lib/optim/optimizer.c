/* What all optimisers share: creation, a step over all parameters, and settings that may change. */
#include "optim/optimizer.h"

#include <float.h>
#include <math.h>
#include <string.h>

#include "base/checked.h"
#include "base/rounding.h"
#include "base/sized.h"

/* Parameters per thread in a step, at least: enough to be worth waking one. */
#define MIN_PART 32768

/* ---- settings ----------------------------------------------------------------------------- */

activ_status activ_optimizer_check(const optimizer_kind *kind, const optimizer_settings *settings,
                                   activ_message *message)
{
    for (size_t i = 0; i < OPTIMIZER_MAX_SETTINGS && kind->settings[i].name; i++) {
        const optimizer_setting *setting = &kind->settings[i];
        float value;
        if (setting->is_flag)
            continue;
        memcpy(&value, (const char *)settings + setting->offset, sizeof value);
        int any_sign = setting->offset == offsetof(optimizer_settings, dampening);
        if (!activ_is_finite(value) || (!any_sign && value < 0.0f))
            return activ_fail(message, ACTIV_ERROR_RANGE, kind->title, ": ", setting->name, " has to be finite",
                              any_sign ? "" : " and not negative");
    }
    const char *reason = kind->check(settings);
    return reason ? activ_fail(message, ACTIV_ERROR_RANGE, kind->title, ": ", reason) : ACTIV_OK;
}

int activ_optimizer_check_tensor(const optimizer_tensor *own)
{
    return activ_is_finite(own->lr_scale) && own->lr_scale >= 0.0f && activ_is_finite(own->weight_decay) &&
           own->weight_decay >= 0.0f;
}

activ_status activ_optimizer_read_options(activ_graph *graph, const optimizer_kind *kind, const void *options,
                                          const void *defaults, size_t size, void *own, activ_optimizer **out)
{
    if (!graph)
        return ACTIV_ERROR_INVALID;
    if (!out)
        return activ_graph_fail(graph, ACTIV_ERROR_INVALID, NULL, kind->title, ": out is NULL");
    activ_status status = activ_sized_read(own, size, options ? options : defaults);
    return status == ACTIV_OK ? status
                              : activ_graph_fail(graph, status, NULL, kind->title, ": ", activ_sized_reason(status));
}

/* ---- creation ------------------------------------------------------------------------------- */

activ_status activ_optimizer_create(activ_graph *graph, const optimizer_kind *kind, const optimizer_settings *settings,
                                    activ_optimizer **out)
{
    activ_message message;
    activ_status status = activ_graph_check_compiled(graph, 1);
    if (status != ACTIV_OK)
        return status;
    status = activ_optimizer_check(kind, settings, &message);
    if (status != ACTIV_OK)
        return activ_graph_fail(graph, status, NULL, message.text);
    size_t states = 0, stride = (graph->param_count + 15) / 16 * 16, values = 0, bytes = 0;
    for (size_t k = 0; k < OPTIMIZER_STATES; k++)
        states += kind->states[k] && kind->has_state(settings, k);
    if (!activ_checked_mul(states, stride, &values) || !activ_checked_mul(values, sizeof(float), &bytes))
        return activ_graph_fail(graph, ACTIV_ERROR_RANGE, NULL, "the size of the optimizer overflows");
    size_t tensors = graph->tensor_count;
    activ_optimizer *o = activ_host_alloc(&graph->host, sizeof *o + tensors * sizeof o->tensor[0]);
    float *block = o ? activ_host_alloc(&graph->host, bytes) : NULL;
    if (!o || (bytes > 0 && !block)) {
        activ_host_free(&graph->host, o, sizeof *o + tensors * sizeof o->tensor[0]);
        return activ_graph_fail(graph, ACTIV_ERROR_OUT_OF_MEMORY, NULL, "no memory for the optimizer");
    }
    o->host = graph->host;
    o->graph = graph;
    o->kind = kind;
    o->settings = *settings;
    o->count = graph->param_count;
    o->block = block;
    o->block_bytes = bytes;
    for (size_t k = 0; k < OPTIMIZER_STATES && block; k++) {
        if (kind->states[k] && kind->has_state(settings, k)) {
            o->states[k] = block;
            block += stride;
        }
    }
    o->tensor_count = tensors;
    for (size_t i = 0; i < tensors; i++)
        o->tensor[i] = (optimizer_tensor){ 1.0f, settings->weight_decay };
    *out = o;
    return ACTIV_OK;
}

void activ_optimizer_destroy(activ_optimizer *o)
{
    if (!o)
        return;
    activ_host host = o->host;
    activ_host_free(&host, o->block, o->block_bytes);
    activ_host_free(&host, o, sizeof *o + o->tensor_count * sizeof o->tensor[0]);
}

activ_least activ_optimizer_least(float eps, float beta1, float beta2)
{
    /* An average of squares comes out too small by at most 2^-124 / (1 - beta2), with what its mean's square lacks. The
     * root of that has to be below eps 2^-25. */
    const double rest1 = 1.0 - (double)beta1, rest2 = 1.0 - (double)beta2;
    if (!((double)eps * (double)eps * rest2 >= 0x1p-74))
        return (activ_least){ 0.0f, 0.0f, 0.0f };
    return (activ_least){ FLT_MIN, (float)(FLT_MIN / rest1), (float)sqrt(FLT_MIN / rest2) };
}

/* ---- a step ------------------------------------------------------------------------------------- */

typedef struct step_job {
    const activ_optimizer *optimizer;
    size_t part_size; /* parameters in each part but the last */
} step_job;

static void step_part(void *argument, size_t part)
{
    const step_job *job = argument;
    const activ_optimizer *o = job->optimizer;
    const graph_tensor *tensors = o->graph->tensors;
    size_t at = part * job->part_size, t = 0;
    size_t end = o->count - at < job->part_size ? o->count : at + job->part_size;
    while (at < end) {
        while (tensors[t].offset + tensors[t].count <= at)
            t++;
        /* Together with the following tensors that have the same settings. */
        optimizer_chunk chunk = { .options = o->tensor[t] };
        size_t until = tensors[t].offset + tensors[t].count;
        while (until < end && o->tensor[t + 1].lr_scale == chunk.options.lr_scale &&
               o->tensor[t + 1].weight_decay == chunk.options.weight_decay) {
            t++;
            until = tensors[t].offset + tensors[t].count;
        }
        until = until < end ? until : end;
        chunk.n = until - at;
        chunk.gradient = activ_graph_grads(o->graph) + at;
        chunk.params = o->graph->arena + o->graph->params_offset + at;
        for (size_t k = 0; k < OPTIMIZER_STATES; k++)
            chunk.states[k] = o->states[k] ? o->states[k] + at : NULL;
        o->kind->step(o, &chunk);
        at = until;
    }
}

activ_status activ_optimizer_step(activ_optimizer *o)
{
    if (!o)
        return ACTIV_ERROR_INVALID;
    step_job job = { o, o->count };
    size_t threads = (size_t)o->host.executor.num_threads, parts = o->count / MIN_PART;
    o->steps++;
    if (threads > 1 && parts > 1) {
        parts = parts < threads ? parts : threads;
        job.part_size = ((o->count + parts - 1) / parts + 15) / 16 * 16; /* parts begin at multiples of a vector */
    }
    const int rounding = activ_round_to_nearest();
    if (o->count > 0)
        activ_host_parallel(&o->host, (o->count + job.part_size - 1) / job.part_size, step_part, &job);
    activ_round_as(rounding);
    return ACTIV_OK;
}

/* Is there a graph that can train, and an optimiser of its own? */
static activ_status check_owner(activ_graph *g, const activ_optimizer *o)
{
    activ_status status = g ? activ_graph_check_compiled(g, 1) : ACTIV_ERROR_INVALID;
    if (status == ACTIV_OK && (!o || o->graph != g))
        status = activ_graph_fail(g, ACTIV_ERROR_INVALID, NULL,
                                  o ? "the optimizer is another graph's" : "the optimizer is NULL");
    return status;
}

activ_status activ_graph_step(activ_graph *g, activ_optimizer *o, size_t batch, const float *x, const int32_t *labels,
                              float *loss)
{
    activ_status status = check_owner(g, o);
    if (status == ACTIV_OK)
        status = activ_graph_train(g, batch, x, labels, loss);
    return status == ACTIV_OK ? activ_optimizer_step(o) : status;
}

activ_status activ_graph_step_values(activ_graph *g, activ_optimizer *o, size_t batch, const float *x,
                                     const float *targets, float *loss)
{
    activ_status status = check_owner(g, o);
    if (status == ACTIV_OK)
        status = activ_graph_train_values(g, batch, x, targets, loss);
    return status == ACTIV_OK ? activ_optimizer_step(o) : status;
}

/* ---- changes and queries -------------------------------------------------------------------------- */

activ_status activ_optimizer_set_lr(activ_optimizer *o, float lr)
{
    if (!o)
        return ACTIV_ERROR_INVALID;
    if (!activ_is_finite(lr) || lr < 0.0f)
        return activ_graph_fail(o->graph, ACTIV_ERROR_RANGE, NULL, o->kind->title,
                                ": lr has to be finite and not negative");
    o->settings.lr = lr;
    return ACTIV_OK;
}

float activ_optimizer_lr(const activ_optimizer *o)
{
    return o ? o->settings.lr : 0.0f;
}

uint64_t activ_optimizer_steps(const activ_optimizer *o)
{
    return o ? o->steps : 0;
}

activ_status activ_optimizer_set_tensor_options(activ_optimizer *o, size_t tensor,
                                                const activ_optimizer_tensor_options *options)
{
    activ_optimizer_tensor_options own;
    if (!o)
        return ACTIV_ERROR_INVALID;
    if (!options)
        return activ_graph_fail(o->graph, ACTIV_ERROR_INVALID, NULL, o->kind->title, ": the options are NULL");
    activ_status status = activ_sized_read(&own, sizeof own, options);
    if (status != ACTIV_OK)
        return activ_graph_fail(o->graph, status, NULL, o->kind->title, ": ", activ_sized_reason(status));
    if (tensor >= o->tensor_count)
        return activ_graph_fail(o->graph, ACTIV_ERROR_RANGE, NULL, o->kind->title, ": there is no such tensor");
    const optimizer_tensor new = { own.lr_scale, own.weight_decay };
    if (!activ_optimizer_check_tensor(&new))
        return activ_graph_fail(o->graph, ACTIV_ERROR_RANGE, NULL, o->kind->title, ": lr_scale and weight_decay of ",
                                o->graph->tensors[tensor].name, " have to be finite and not negative");
    o->tensor[tensor] = new;
    return ACTIV_OK;
}

activ_status activ_optimizer_get_tensor_options(const activ_optimizer *o, size_t tensor,
                                                activ_optimizer_tensor_options *options)
{
    if (!o || !options)
        return ACTIV_ERROR_INVALID;
    if (tensor >= o->tensor_count)
        return ACTIV_ERROR_RANGE;
    const activ_optimizer_tensor_options own = { sizeof own, o->tensor[tensor].lr_scale,
                                                 o->tensor[tensor].weight_decay };
    return activ_sized_write(&own, sizeof own, options);
}

activ_status activ_optimizer_decay_weights_only(activ_optimizer *o)
{
    if (!o)
        return ACTIV_ERROR_INVALID;
    for (size_t i = 0; i < o->tensor_count; i++)
        if (o->graph->tensors[i].ndim < 2)
            o->tensor[i].weight_decay = 0.0f;
    return ACTIV_OK;
}
