/* Addresses of values and gradients, for layers while they run. */
#include "base/random.h"
#include "graph/graph.h"

float *activ_graph_tensor_values(const activ_graph *g, size_t tensor)
{
    return g->arena + g->params_offset + g->tensors[tensor].offset;
}

float *activ_graph_tensor_gradient(const activ_graph *g, size_t tensor)
{
    return g->arena + g->grads_offset + g->tensors[tensor].offset;
}

float *activ_graph_buffer_values(const activ_graph *g, size_t buffer)
{
    return g->arena + g->buffers_offset + g->buffers[buffer].offset;
}

/* ---- in one pass --------------------------------------------------------------------------------- */

const float *activ_run_values(const graph_run *run, const graph_node *node)
{
    node = &run->graph->nodes[node->plan.source];
    return node->input_count == 0 ? run->x : activ_run_output(run, node);
}

const float *activ_run_input(const graph_run *run, const graph_node *node, size_t which)
{
    return activ_run_values(run, activ_graph_input_of(run->graph, node, which));
}

float *activ_run_output(const graph_run *run, const graph_node *node)
{
    if (!run->y)
        return run->memory + node->plan.value;
    return node->plan.workspace_value == ACTIV_NO_OFFSET ? run->y
                                                         : run->memory + node->plan.workspace_value * run->batch;
}

float *activ_run_gradient(const graph_run *run, const graph_node *node)
{
    return node->plan.grad == ACTIV_NO_OFFSET ? run->dx : run->memory + node->plan.grad;
}

float *activ_run_saved(const graph_run *run, const graph_node *node)
{
    return node->plan.saved == ACTIV_NO_OFFSET ? NULL : run->memory + node->plan.saved;
}

/* Bits of a stream's number for the layer; the step takes the others. */
#define NODE_BITS 12
_Static_assert(GRAPH_MAX_NODES <= 1 << NODE_BITS, "two layers would share their noise");

uint64_t activ_run_stream(const graph_run *run, const graph_node *node)
{
    const uint64_t which = (uint64_t)(node - run->graph->nodes);
    return ACTIV_STREAM(ACTIV_STREAM_NOISE, run->step << NODE_BITS | which);
}

void activ_run_share(const graph_run *run, size_t work, void (*task)(void *argument, size_t parts, size_t part),
                     void *argument)
{
    activ_share(&run->graph->host, run->threads, work, task, argument);
}
