/* cross_entropy: mean over the samples of -ln softmax(logits)[label], with PyTorch's ignore_index, class weights and
 * label smoothing. */
#include <string.h>

#include "base/checked.h"
#include "base/sized.h"
#include "graph/layer.h"

enum { IGNORE_INDEX, LABEL_SMOOTHING, WEIGHTED }; /* weighted: the buffer "weight" holds a weight for each class */
static const activ_setting settings[] = {
    [IGNORE_INDEX] = { .name = "ignore_index",
                       .kind = ACTIV_SETTING_KIND_REAL,
                       .initial = -100.0,
                       .minimum = -2147483648.0,
                       .maximum = 2147483647.0 },
    [LABEL_SMOOTHING] = { .name = "label_smoothing", .kind = ACTIV_SETTING_KIND_REAL, .maximum = 1.0 },
    [WEIGHTED] = { .name = "weighted", .kind = ACTIV_SETTING_KIND_COUNT, .maximum = 1.0 },
    { .name = NULL },
};

static activ_status build(activ_graph *g, graph_node *node)
{
    const graph_node *logits = activ_graph_input_of(g, node, 0);
    const double ignore_index = node->settings[IGNORE_INDEX].number;
    if (logits->ndim != 1)
        return activ_graph_fail_build_shape(g, node, "needs one dimension per sample, the classes", 0);
    if (ignore_index != (double)(int64_t)ignore_index)
        return activ_graph_fail_build(g, ACTIV_ERROR_RANGE, node, "ignore_index has to be a whole number");
    node->ndim = 1;
    node->shape[0] = 1;
    return node->settings[WEIGHTED].number != 0.0 ? activ_graph_add_buffer(g, node, "weight", 1, logits->shape)
                                                  : ACTIV_OK;
}

int32_t activ_cross_entropy_ignore_index(const graph_node *node)
{
    return (int32_t)node->settings[IGNORE_INDEX].number;
}

static void loss(graph_run *run, const graph_node *node, float *dx)
{
    const activ_graph *g = run->graph;
    const graph_node *logits = activ_graph_input_of(g, node, 0);
    activ_cross_entropy c = {
        .rows = run->batch,
        .columns = logits->features,
        .x = activ_run_values(run, logits),
        .labels = run->labels,
        .ignore_index = activ_cross_entropy_ignore_index(node),
        .smoothing = node->settings[LABEL_SMOOTHING].number,
        .weight = node->buffers > 0 ? activ_graph_buffer_values(g, node->first_buffer) : NULL,
        .dx = dx,
    };
    for (size_t j = 0; j < c.columns; j++)
        c.weight_sum += c.weight ? (double)c.weight[j] : 1.0;
    for (size_t i = 0; i < c.rows; i++)
        if (c.labels[i] != c.ignore_index)
            c.terms += c.weight ? (double)c.weight[c.labels[i]] : 1.0;
    run->loss_terms = c.terms;
    if (c.terms > 0.0)
        run->loss_sum = run->kernels->cross_entropy(&c);
    else if (dx)
        memset(dx, 0, c.rows * c.columns * sizeof *dx);
}

const graph_kind activ_kind_cross_entropy = {
    .name = "cross_entropy",
    .inputs = 1,
    .reads_input = 1,
    .settings = settings,
    .build = build,
    .loss = loss,
};

static activ_status check_weight(activ_graph *g, const graph_node *node, const float *weight, size_t classes)
{
    for (size_t j = 0; j < classes; j++)
        if (!(weight[j] >= 0.0f) || !activ_is_finite(weight[j]))
            return activ_graph_fail_build(g, ACTIV_ERROR_RANGE, node,
                                          "the weights of the classes have to be finite and not negative");
    return ACTIV_OK;
}

activ_node activ_graph_cross_entropy_ex(activ_graph *g, activ_node logits, const activ_cross_entropy_options *options)
{
    static const activ_cross_entropy_options defaults = ACTIV_CROSS_ENTROPY_DEFAULTS;
    activ_cross_entropy_options own;
    graph_node *node = activ_graph_new_node(g, &activ_kind_cross_entropy, 1, &logits);
    if (!node)
        return -1;
    activ_status status = activ_sized_read(&own, sizeof own, options ? options : &defaults);
    if (status != ACTIV_OK) {
        activ_graph_fail_build(g, status, node, activ_sized_reason(status));
        return -1;
    }
    if (!(own.label_smoothing >= 0.0f && own.label_smoothing <= 1.0f)) {
        activ_graph_fail_build(g, ACTIV_ERROR_RANGE, node, "label_smoothing is not from 0 to 1");
        return -1;
    }
    if (!activ_is_aligned(own.weight, sizeof *own.weight)) {
        activ_graph_fail_build(g, ACTIV_ERROR_INVALID, node, "the weights are" ACTIV_MISALIGNED);
        return -1;
    }
    node->settings[IGNORE_INDEX] =
        (activ_setting_value){ .number = (double)own.ignore_index, .single = (float)own.ignore_index, .given = 1 };
    node->settings[LABEL_SMOOTHING] = activ_setting_of_float(own.label_smoothing);
    node->settings[WEIGHTED].number = own.weight != NULL;
    const activ_node id = activ_graph_build_node(g, node);
    const size_t classes = activ_graph_input_of(g, node, 0)->features;
    if (id < 0 || !own.weight)
        return id;
    status = check_weight(g, node, own.weight, classes);
    if (status == ACTIV_OK)
        status = activ_graph_keep_values(g, node, classes, own.weight);
    return status == ACTIV_OK ? id : -1;
}

activ_node activ_graph_cross_entropy(activ_graph *g, activ_node logits)
{
    return activ_graph_cross_entropy_ex(g, logits, NULL);
}
