/* Ten steps of training against PyTorch: losses and parameters, through the public API alone.
 *
 * The files in expected/ are written by make_golden.py, which runs PyTorch in float64. Their metadata say what was
 * trained, and how. Measured against it, in each case:
 *
 *   a loss          |a - b| <= 1e-5 |b|, and the same for the norms that clipping measured
 *   a parameter     |a - b| <= 1e-5 max(|b|, scale), scale = root mean square of the tensor b is in
 *   a whole tensor  rms(a - b) <= 1e-3 rms(b - initial) + 3e-7 rms(b)
 *
 *   a gradient, a running statistic, an output in evaluation: as a parameter, without the third line
 *
 * The scale is there because a value near 0 among values near 1 is the result of sums of terms near 1. The
 * third line sees what the second cannot: a tensor that ten steps have hardly moved, moved wrongly. Its
 * last term is what ten roundings to float32 leave.
 */
#include <dirent.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "activ/activ.h"

#ifndef GOLDEN_DIR
#    error "GOLDEN_DIR: the folder expected/"
#endif

enum { STEPS = 10, MAX_BATCH = 128 };

enum { CHAIN, RESIDUAL, TRUE_SIZE, LAYERS };
static const char *const network_names[] = { "chain", "residual", "true", "layers", NULL };

/* Learning rates over time, as SCHEDULES in make_golden.py. */
enum { CONSTANT, BY_STEPS, COSINE, WARMUP_COSINE };
static const char *const schedule_names[] = { "constant", "step", "cosine", "warmup_cosine", NULL };

enum { CROSS_ENTROPY, MSE };
static const char *const loss_names[] = { "cross_entropy", "mse", NULL };

enum { SGD, ADAMW, RMSPROP };
static const char *const optimizer_names[] = { "SGD", "AdamW", "RMSprop", NULL };

/* As a file's metadata describe it. */
typedef struct golden_case {
    const char *name; /* of the file */
    const char *spec; /* "": linear layers only */
    int network, loss, optimizer, schedule;
    activ_sgd_options sgd;
    activ_adamw_options adamw;
    activ_rmsprop_options rmsprop;
    float clip_norm, clip_value;
    int groups; /* biases: twice the rate, no weight decay */
} golden_case;

/* ---- networks of other layers: as LAYERS in make_golden.py --------------------------------------- */

static activ_node apply(activ_graph *g, activ_node x, const char *spec)
{
    activ_fn *fn = NULL;
    assert_int_equal(activ_fn_create(NULL, spec, &fn), ACTIV_OK);
    x = activ_graph_apply(g, x, fn);
    activ_fn_destroy(fn);
    return x;
}

static activ_node batch_norm(activ_graph *g)
{
    const activ_norm_options options = { .size = sizeof options, .eps = 0.001f, .momentum = 0.3f };
    activ_node x = activ_graph_linear_without_bias(g, activ_graph_input(g, 60), 48);
    x = apply(g, activ_graph_batch_norm(g, x, NULL), "tanh");
    x = activ_graph_linear_without_bias(g, x, 24);
    x = apply(g, activ_graph_batch_norm(g, x, &options), "tanh");
    return activ_graph_linear(g, x, 10);
}

static activ_node batch_norm_channels(activ_graph *g)
{
    const size_t shape[2] = { 6, 10 };
    activ_node x = activ_graph_input_shape(g, 2, shape);
    x = apply(g, activ_graph_batch_norm(g, x, NULL), "tanh");
    x = activ_graph_linear_without_bias(g, activ_graph_flatten(g, x), 24);
    x = apply(g, activ_graph_batch_norm(g, x, NULL), "gelu");
    return activ_graph_linear(g, x, 10);
}

static activ_node layer_norm(activ_graph *g)
{
    const activ_norm_options options = { .size = sizeof options, .eps = 0.001f, .momentum = 0.1f };
    activ_node x = activ_graph_linear(g, activ_graph_input(g, 60), 48);
    x = apply(g, activ_graph_layer_norm(g, x, -1, NULL), "gelu");
    x = activ_graph_linear(g, x, 24);
    x = apply(g, activ_graph_layer_norm(g, x, 0, &options), "gelu");
    return activ_graph_linear(g, x, 10);
}

static activ_node layer_norm_shape(activ_graph *g)
{
    const activ_norm_options options = { .size = sizeof options, .eps = 0.001f, .momentum = 0.1f };
    const size_t shape[3] = { 3, 4, 5 };
    activ_node x = activ_graph_input_shape(g, 3, shape);
    x = apply(g, activ_graph_layer_norm(g, x, -2, &options), "tanh");
    x = activ_graph_layer_norm(g, x, 0, &options);
    return activ_graph_linear(g, activ_graph_flatten(g, x), 10);
}

static activ_node dropout(activ_graph *g)
{
    activ_node x = apply(g, activ_graph_linear(g, activ_graph_input(g, 60), 48), "tanh");
    x = activ_graph_linear(g, activ_graph_dropout(g, x, 0.25f), 24);
    x = activ_graph_dropout(g, apply(g, x, "tanh"), 0.5f);
    return activ_graph_linear(g, x, 10);
}

static activ_node gated(activ_graph *g)
{
    const activ_node x = activ_graph_input(g, 60), entry = activ_graph_linear(g, x, 24);
    const activ_node h = apply(g, entry, "tanh"), gate = activ_graph_linear(g, x, 24);
    const activ_node both = activ_graph_multiply(g, h, apply(g, gate, "sigmoid"));
    const activ_node out = activ_graph_linear(g, activ_graph_concat(g, both, h, 0), 10);
    activ_graph_set_name(g, entry, "entry");
    activ_graph_set_name(g, gate, "gate");
    activ_graph_set_name(g, out, "exit");
    return out;
}

static const struct {
    const char *name;
    activ_node (*build)(activ_graph *g); /* all but the loss */
} layer_networks[] = {
    { "batch_norm", batch_norm }, { "batch_norm_channels", batch_norm_channels },
    { "layer_norm", layer_norm }, { "layer_norm_shape", layer_norm_shape },
    { "dropout", dropout },       { "gated", gated },
};

static activ_node build_layers(activ_graph *g, const char *name)
{
    size_t i = 0;
    while (strcmp(layer_networks[i].name, name) != 0) {
        i++;
        assert_true(i < sizeof layer_networks / sizeof layer_networks[0]);
    }
    return layer_networks[i].build(g);
}

static const size_t small_widths[] = { 60, 48, 36, 24, 16, 10 };
static const size_t true_widths[] = { 784, 256, 192, 128, 64, 10 };
enum { LINEAR_LAYERS = 5, TRUE_BATCH = 128, TRUE_STRIDE = 37, CLASSES = 10 };

/* ---- reading the files ------------------------------------------------------------------- */

static activ_safetensors *open_golden(const char *name)
{
    char path[1024];
    const int length = snprintf(path, sizeof path, "%s/%s.safetensors", GOLDEN_DIR, name);
    assert_true(length > 0 && (size_t)length < sizeof path);
    activ_safetensors *file = NULL;
    activ_message message = { "" };
    if (activ_safetensors_open(NULL, path, &file, &message) != ACTIV_OK) {
        fail_msg("%s: %s", path, message.text);
    }
    return file;
}

/* A copy of the tensor of that name, which has to have this type; *count gets its number of elements. */
static void *read_tensor(const activ_safetensors *file, const char *name, activ_dtype dtype, size_t *count)
{
    activ_safetensors_entry entry = ACTIV_SAFETENSORS_ENTRY_INIT;
    if (activ_safetensors_find(file, name, &entry) != ACTIV_OK || entry.dtype != dtype || entry.bytes == 0) {
        fail_msg("no tensor %s of the type expected", name);
    }
    *count = entry.bytes / activ_dtype_size(dtype);
    void *copy = malloc(entry.bytes);
    assert_non_null(copy);
    memcpy(copy, entry.data, entry.bytes);
    return copy;
}

/* ---- what a case is ------------------------------------------------------------------------- */

/* The text of the key, or `otherwise`. *used counts those that are there. */
static const char *text_of(const activ_safetensors *file, const char *key, const char *otherwise, size_t *used)
{
    const char *text = activ_safetensors_metadata(file, key);
    *used += text != NULL;
    return text != NULL ? text : otherwise;
}

/* Which of some names the text of the key is; without a text, the first. */
static int choice_of(const activ_safetensors *file, const char *key, const char *const *names, size_t *used)
{
    const char *text = text_of(file, key, names[0], used);
    for (int i = 0; names[i] != NULL; i++) {
        if (strcmp(names[i], text) == 0) {
            return i;
        }
    }
    fail_msg("%s: %s is not known", key, text);
    return 0;
}

/* A number or a flag. */
static float number_of(const activ_safetensors *file, const char *key, float otherwise, size_t *used)
{
    const char *text = text_of(file, key, NULL, used);
    char *end = NULL;
    const float number = text != NULL ? strtof(text, &end) : otherwise;
    if (text != NULL && (end == text || *end != '\0')) {
        fail_msg("%s: %s is no number", key, text);
    }
    return number;
}

/* What is not said of an optimizer is its default, here and in PyTorch. */
static void read_settings(golden_case *c, const activ_safetensors *file, size_t *used)
{
    const activ_sgd_options sgd = { .size = sizeof sgd };
    const activ_adamw_options adamw = ACTIV_ADAMW_DEFAULTS;
    const activ_rmsprop_options rmsprop = ACTIV_RMSPROP_DEFAULTS;
    c->sgd = sgd;
    c->adamw = adamw;
    c->rmsprop = rmsprop;
#define NUMBER(to, key) to.key = number_of(file, #key, to.key, used)
#define FLAG(to, key) to.key = number_of(file, #key, 0.0f, used) != 0.0f
    switch (c->optimizer) {
    case SGD:
        NUMBER(c->sgd, lr);
        NUMBER(c->sgd, momentum);
        NUMBER(c->sgd, dampening);
        NUMBER(c->sgd, weight_decay);
        FLAG(c->sgd, nesterov);
        FLAG(c->sgd, maximize);
        break;
    case ADAMW:
        NUMBER(c->adamw, lr);
        NUMBER(c->adamw, beta1);
        NUMBER(c->adamw, beta2);
        NUMBER(c->adamw, eps);
        NUMBER(c->adamw, weight_decay);
        FLAG(c->adamw, amsgrad);
        FLAG(c->adamw, maximize);
        break;
    default:
        NUMBER(c->rmsprop, lr);
        NUMBER(c->rmsprop, alpha);
        NUMBER(c->rmsprop, eps);
        NUMBER(c->rmsprop, momentum);
        NUMBER(c->rmsprop, weight_decay);
        FLAG(c->rmsprop, centered);
        FLAG(c->rmsprop, maximize);
    }
#undef NUMBER
#undef FLAG
}

static void read_case(golden_case *c, const activ_safetensors *file)
{
    size_t used = 0, count = 0;
    text_of(file, "source", NULL, &used);
    c->network = choice_of(file, "network", network_names, &used);
    c->spec = text_of(file, "spec", c->network == LAYERS ? "" : c->name, &used);
    c->loss = choice_of(file, "loss", loss_names, &used);
    c->optimizer = choice_of(file, "optimizer", optimizer_names, &used);
    c->schedule = choice_of(file, "schedule", schedule_names, &used);
    c->clip_norm = number_of(file, "clip_norm", 0.0f, &used);
    c->clip_value = number_of(file, "clip_value", 0.0f, &used);
    c->groups = number_of(file, "groups", 0.0f, &used) != 0.0f;
    read_settings(c, file, &used);
    while (activ_safetensors_metadata_key(file, count) != NULL) {
        count++;
    }
    if (used != count) {
        fail_msg("%s: of %zu texts in the metadata %zu are understood", c->name, count, used);
    }
}

/* ---- the rule that makes the values of simple_network ---------------------------------------- */

/* As mixed() in make_golden.py, seed 0. */
static uint32_t mixed(uint32_t stream, uint32_t index)
{
    uint32_t h = index * 0x9E3779B1u + stream * 0x7FEB352Du;
    h = (h ^ (h >> 16)) * 0x85EBCA6Bu;
    h = (h ^ (h >> 13)) * 0xC2B2AE35u;
    return h ^ (h >> 16);
}

/* One of 2^24 values in [-scale, scale); exact if scale is a power of two. */
static float exact(uint32_t stream, uint32_t index, float scale)
{
    const int32_t k = (int32_t)(mixed(stream, index) >> 8) - (1 << 23);
    return (float)k * (scale / 8388608.0f);
}

/* The power of two at or below sqrt(6/n). */
static float true_bound(size_t n)
{
    float bound = 1.0f;
    while (bound * bound * (float)n > 6.0f) {
        bound *= 0.5f;
    }
    return bound;
}

/* ---- one case ------------------------------------------------------------------------------ */

typedef struct run {
    golden_case c;
    activ_safetensors *expected;
    activ_safetensors *data;
    activ_graph *graph;
    const char *function; /* the name of its activation; "" without one */
    float *initial;       /* a copy of the parameters before the first step */
} run;

static void build(run *r)
{
    activ_fn *fn = NULL;
    if (r->c.spec[0] != '\0' && activ_fn_create(NULL, r->c.spec, &fn) != ACTIV_OK) {
        fail_msg("%s: cannot make %s", r->c.name, r->c.spec);
    }
    activ_fn_info info = { .size = sizeof info, .name = "" };
    if (fn != NULL) {
        assert_int_equal(activ_fn_info_of(fn, &info), ACTIV_OK);
    }
    r->function = info.name;
    assert_int_equal(activ_graph_create(NULL, &r->graph), ACTIV_OK);
    activ_graph *g = r->graph;
    activ_node x;
    if (r->c.network == LAYERS) {
        x = build_layers(g, r->c.name);
    } else if (r->c.network == RESIDUAL) {
        const activ_node entry = activ_graph_linear(g, activ_graph_input(g, small_widths[0]), 48);
        activ_graph_set_name(g, entry, "entry");
        const activ_node bent = activ_graph_apply(g, entry, fn);
        const activ_node block = activ_graph_linear(g, bent, 48);
        activ_graph_set_name(g, block, "block");
        const activ_node sum = activ_graph_add(g, entry, block);
        x = activ_graph_linear(g, activ_graph_apply_shared(g, sum, bent), CLASSES);
        activ_graph_set_name(g, x, "exit");
    } else {
        const size_t *widths = r->c.network == TRUE_SIZE ? true_widths : small_widths;
        activ_node first = -1;
        x = activ_graph_input(g, widths[0]);
        for (size_t i = 1; i <= LINEAR_LAYERS; i++) {
            x = activ_graph_linear(g, x, widths[i]);
            if (fn != NULL && i < LINEAR_LAYERS) {
                x = first < 0 ? activ_graph_apply(g, x, fn) : activ_graph_apply_shared(g, x, first);
                first = first < 0 ? x : first;
            }
        }
    }
    if (r->c.loss == MSE) {
        activ_graph_mse(g, x);
    } else {
        activ_graph_cross_entropy(g, x);
    }
    activ_fn_destroy(fn);
    if (activ_graph_compile(g, MAX_BATCH) != ACTIV_OK) {
        fail_msg("compile: %s", activ_graph_error(g));
    }
}

static activ_graph_tensor_info tensor_info(const activ_graph *g, size_t index)
{
    activ_graph_tensor_info info = ACTIV_GRAPH_TENSOR_INFO_INIT;
    assert_int_equal(activ_graph_param_tensor_info(g, index, &info), ACTIV_OK);
    return info;
}

static int is_linear(const activ_graph *g, activ_node node)
{
    activ_node_info info = ACTIV_NODE_INFO_INIT;
    assert_int_equal(activ_graph_node_info(g, node, &info), ACTIV_OK);
    return strcmp(info.kind, "linear") == 0;
}

/* Which of the linear layers, counted from 0 in the order of their creation, the node is. */
static uint32_t linear_ordinal(const activ_graph *g, activ_node node)
{
    uint32_t ordinal = 0;
    for (activ_node n = 0; n < node; n++) {
        ordinal += is_linear(g, n) ? 1 : 0;
    }
    return ordinal;
}

static int has_start(const run *r)
{
    activ_safetensors_entry entry = ACTIV_SAFETENSORS_ENTRY_INIT;
    return activ_safetensors_find(r->data, r->function, &entry) == ACTIV_OK;
}

/* Initial values: of linear layers from data.safetensors or by the rule, of an activation those of its spec; where it
 * starts at random, those that data.safetensors has under its name. */
static void set_parameters(run *r)
{
    activ_graph *g = r->graph;
    assert_int_equal(activ_graph_init(g, 1), ACTIV_OK);
    float *params = activ_graph_params(g);
    assert_non_null(params);
    size_t start_used = 0;
    for (size_t t = 0; t < activ_graph_param_tensor_count(g); t++) {
        const activ_graph_tensor_info info = tensor_info(g, t);
        float *to = params + info.offset;
        if (is_linear(g, info.node)) {
            const uint32_t k = linear_ordinal(g, info.node);
            const char *part = strrchr(info.name, '.') + 1;
            const int bias = strcmp(part, "bias") == 0;
            if (r->c.network == TRUE_SIZE) {
                for (uint32_t i = 0; i < info.count; i++) {
                    to[i] = exact(2 * k + (bias ? 1 : 0), i, true_bound(true_widths[k]));
                }
                continue;
            }
            char name[64];
            snprintf(name, sizeof name, "%s.%u.%s", r->c.network == RESIDUAL ? "residual" : "chain", (unsigned)k, part);
            size_t count;
            float *values = read_tensor(r->data, name, ACTIV_FLOAT32, &count);
            assert_int_equal(count, info.count);
            memcpy(to, values, count * sizeof *to);
            free(values);
        } else if (has_start(r)) {
            size_t count;
            float *values = read_tensor(r->data, r->function, ACTIV_FLOAT32, &count);
            assert_true(start_used + info.count <= count);
            memcpy(to, values + start_used, info.count * sizeof *to);
            start_used += info.count;
            free(values);
        }
    }
    const size_t bytes = activ_graph_param_count(g) * sizeof *params;
    r->initial = malloc(bytes);
    assert_non_null(r->initial);
    memcpy(r->initial, params, bytes);
}

/* As set_layers() in make_golden.py. */
static void set_layers(run *r)
{
    activ_graph *g = r->graph;
    assert_int_equal(activ_graph_init(g, 1), ACTIV_OK);
    float *params = activ_graph_params(g);
    for (uint32_t t = 0; t < activ_graph_param_tensor_count(g); t++) {
        const activ_graph_tensor_info info = tensor_info(g, t);
        const int bias = strcmp(strrchr(info.name, '.'), ".bias") == 0;
        float start = bias ? 0.0f : 1.0f, scale = 0.5f;
        if (is_linear(g, info.node)) {
            activ_node_info node = ACTIV_NODE_INFO_INIT, input = ACTIV_NODE_INFO_INIT;
            assert_int_equal(activ_graph_node_info(g, info.node, &node), ACTIV_OK);
            assert_int_equal(activ_graph_node_info(g, node.inputs[0], &input), ACTIV_OK);
            start = 0.0f;
            scale = true_bound(input.shape[0]);
        }
        for (uint32_t i = 0; i < info.count; i++) {
            params[info.offset + i] = start + exact(1000 + t, i, scale);
        }
    }
    const size_t bytes = activ_graph_param_count(g) * sizeof *params;
    r->initial = malloc(bytes);
    assert_non_null(r->initial);
    memcpy(r->initial, params, bytes);
}

static void read_batch(const run *r, size_t step, float **x, int32_t **labels, float **targets, size_t *batch)
{
    char name[64];
    size_t count;
    snprintf(name, sizeof name, "batch.%zu.x", step);
    *x = read_tensor(r->data, name, ACTIV_FLOAT32, &count);
    snprintf(name, sizeof name, "batch.%zu.targets", step);
    *targets = read_tensor(r->data, name, ACTIV_FLOAT32, &count);
    assert_int_equal(count % CLASSES, 0);
    snprintf(name, sizeof name, "batch.%zu.labels", step);
    *labels = read_tensor(r->data, name, ACTIV_INT32, batch);
    assert_int_equal(count / CLASSES, *batch);
}

static void make_batch(uint32_t step, float **x, int32_t **labels)
{
    const uint32_t features = (uint32_t)true_widths[0];
    *x = malloc(TRUE_BATCH * features * sizeof **x);
    *labels = malloc(TRUE_BATCH * sizeof **labels);
    assert_true(*x != NULL && *labels != NULL);
    for (uint32_t i = 0; i < TRUE_BATCH; i++) {
        const uint32_t label = mixed(101 + 2 * step, i) % CLASSES;
        (*labels)[i] = (int32_t)label;
        for (uint32_t j = 0; j < features; j++) {
            const uint32_t at = i * features + j;
            (*x)[at] = exact(100 + 2 * step, at, 0.5f) + (j % CLASSES == label ? 0.5f : 0.0f);
        }
    }
}

static activ_optimizer *make_optimizer(const run *r)
{
    const golden_case *c = &r->c;
    activ_optimizer *o = NULL;
    const activ_status status = c->optimizer == ADAMW     ? activ_adamw_create(r->graph, &c->adamw, &o)
                                : c->optimizer == RMSPROP ? activ_rmsprop_create(r->graph, &c->rmsprop, &o)
                                                          : activ_sgd_create(r->graph, &c->sgd, &o);
    if (status != ACTIV_OK) {
        fail_msg("%s", activ_graph_error(r->graph));
    }
    if (c->groups) {
        assert_int_equal(activ_optimizer_decay_weights_only(o), ACTIV_OK);
    }
    for (size_t t = 0; c->groups && t < activ_graph_param_tensor_count(r->graph); t++) {
        activ_optimizer_tensor_options group = { .size = sizeof group };
        assert_int_equal(activ_optimizer_get_tensor_options(o, t, &group), ACTIV_OK);
        const int bias = tensor_info(r->graph, t).ndim == 1;
        assert_true(group.lr_scale == 1.0f && (group.weight_decay == 0.0f) == bias);
        group.lr_scale = bias ? 2.0f : 1.0f;
        assert_int_equal(activ_optimizer_set_tensor_options(o, t, &group), ACTIV_OK);
    }
    return o;
}

/* As SCHEDULES in make_golden.py. */
static float rate(const golden_case *c, float base, uint64_t step)
{
    switch (c->schedule) {
    case BY_STEPS:
        return activ_lr_step(base, 3, 0.3f, step);
    case COSINE:
        return activ_lr_cosine(base, 8, 0.001f, step);
    case WARMUP_COSINE:
        return activ_lr_warmup_cosine(base, 0.25f, 4, 10, 0.0f, step);
    default:
        return base;
    }
}

static double relative_error(const char *what, size_t step, double got, double want)
{
    const double error = fabs(got - want) / fabs(want);
    /* Written so that NaN fails. */
    if (!(error <= 1e-5)) {
        fail_msg("step %zu: %s %.9g, PyTorch's %.9g, relative error %.1e", step, what, got, want, error);
    }
    return error;
}

/* Trains, and compares the losses. Returns the largest relative error. */
static double train(run *r)
{
    activ_optimizer *optimizer = make_optimizer(r);
    const float base = activ_optimizer_lr(optimizer);
    size_t count;
    double *losses = read_tensor(r->expected, "losses", ACTIV_FLOAT64, &count);
    assert_int_equal(count, STEPS);
    double *norms = NULL;
    if (r->c.clip_norm != 0.0f) {
        norms = read_tensor(r->expected, "norms", ACTIV_FLOAT64, &count);
        assert_int_equal(count, STEPS);
    }
    double worst = 0;
    for (size_t step = 0; step < STEPS; step++) {
        float *x = NULL;
        float *targets = NULL;
        int32_t *labels = NULL;
        size_t batch = TRUE_BATCH;
        if (r->c.network == TRUE_SIZE) {
            make_batch((uint32_t)step, &x, &labels);
        } else {
            read_batch(r, step, &x, &labels, &targets, &batch);
            if (batch == 1 && activ_graph_buffer_count(r->graph) > 0) {
                /* Batch normalization has no use for one sample: it gets the batch before again. */
                free(x);
                free(targets);
                free(labels);
                read_batch(r, step - 1, &x, &labels, &targets, &batch);
            }
        }
        float loss = NAN;
        const activ_status status = r->c.loss == MSE ? activ_graph_train_values(r->graph, batch, x, targets, &loss)
                                                     : activ_graph_train(r->graph, batch, x, labels, &loss);
        assert_int_equal(status, ACTIV_OK);
        if (norms) {
            float norm = NAN;
            assert_int_equal(activ_graph_clip_grad_norm(r->graph, r->c.clip_norm, &norm), ACTIV_OK);
            relative_error("norm", step, (double)norm, norms[step]);
        }
        if (r->c.clip_value != 0.0f) {
            assert_int_equal(activ_graph_clip_grad_value(r->graph, r->c.clip_value), ACTIV_OK);
        }
        assert_int_equal(activ_optimizer_set_lr(optimizer, rate(&r->c, base, activ_optimizer_steps(optimizer))),
                         ACTIV_OK);
        assert_int_equal(activ_optimizer_step(optimizer), ACTIV_OK);
        assert_true(activ_optimizer_steps(optimizer) == step + 1);
        free(x);
        free(targets);
        free(labels);
        const double error = relative_error("loss", step, (double)loss, losses[step]);
        worst = error > worst ? error : worst;
    }
    free(losses);
    free(norms);
    activ_optimizer_destroy(optimizer);
    return worst;
}

/* Compares n parameters, every stride-th of `now`, with PyTorch's. Returns the largest error in units of
 * max(|b|, rms). */
static double compare(const char *name, const float *now, const float *initial, size_t stride, const float *want,
                      size_t n)
{
    double square = 0, moved = 0, wrong = 0;
    for (size_t i = 0; i < n; i++) {
        const double b = (double)want[i];
        square += b * b;
        moved += (b - (double)initial[i * stride]) * (b - (double)initial[i * stride]);
        wrong += ((double)now[i * stride] - b) * ((double)now[i * stride] - b);
    }
    const double scale = sqrt(square / (double)n);
    double worst = 0;
    for (size_t i = 0; i < n; i++) {
        const double a = (double)now[i * stride];
        const double b = (double)want[i];
        const double error = fabs(a - b) / fmax(fabs(b), scale);
        if (!(error <= 1e-5)) {
            fail_msg("%s[%zu]: %.9g, PyTorch's %.9g, error %.1e of the larger of it and the tensor's %.3g", name,
                     i * stride, a, b, error, scale);
        }
        worst = error > worst ? error : worst;
    }
    const double update_error = sqrt(wrong / (double)n);
    const double update = sqrt(moved / (double)n);
    if (!(update_error <= 1e-3 * update + 3e-7 * scale)) {
        fail_msg("%s: ten steps moved PyTorch's by %.3g, and ours ends %.3g away from it", name, update, update_error);
    }
    return worst;
}

static double compare_parameters(const run *r)
{
    const float *params = activ_graph_params(r->graph);
    double worst = 0;
    size_t compared = r->c.clip_norm != 0.0f ? 2 : 1; /* tensors of the file: "losses", "norms" */
    size_t shared_used = 0, shared_count = 0;
    for (size_t t = 0; t < activ_graph_param_tensor_count(r->graph); t++) {
        const activ_graph_tensor_info info = tensor_info(r->graph, t);
        const int linear = is_linear(r->graph, info.node);
        const size_t stride = linear && r->c.network == TRUE_SIZE && info.ndim == 2 ? TRUE_STRIDE : 1;
        const size_t n = (info.count + stride - 1) / stride;
        /* A linear layer's tensors have the names of state_dict(). */
        size_t count;
        float *want = read_tensor(r->expected, linear ? info.name : "activation", ACTIV_FLOAT32, &count);
        if (linear) {
            assert_int_equal(count, n);
            compared++;
        } else {
            assert_true(shared_used + n <= count);
        }
        const double error = compare(info.name, params + info.offset, r->initial + info.offset, stride,
                                     want + (linear ? 0 : shared_used), n);
        worst = error > worst ? error : worst;
        if (!linear) {
            shared_used += n;
            shared_count = count;
        }
        free(want);
    }
    /* No tensor of the file left over. */
    assert_int_equal(shared_used, shared_count);
    assert_int_equal(compared + (shared_count > 0 ? 1 : 0), activ_safetensors_count(r->expected));
    return worst;
}

/* The tensor of that name, but for the third line of the rule above. Returns the largest error. */
static double compare_tensor(const run *r, const char *prefix, const char *name, const float *now, size_t n)
{
    char full[128];
    snprintf(full, sizeof full, "%s%s", prefix, name);
    size_t count;
    float *want = read_tensor(r->expected, full, ACTIV_FLOAT32, &count);
    assert_int_equal(count, n);
    double square = 0, worst = 0;
    for (size_t i = 0; i < n; i++) {
        square += (double)want[i] * (double)want[i] / (double)n;
    }
    for (size_t i = 0; i < n; i++) {
        const double error = fabs((double)now[i] - (double)want[i]) / fmax(fabs((double)want[i]), sqrt(square));
        if (!(error <= 1e-5)) {
            fail_msg("%s[%zu]: %.9g, PyTorch's %.9g, error %.1e", full, i, (double)now[i], (double)want[i], error);
        }
        worst = error > worst ? error : worst;
    }
    free(want);
    return worst;
}

/* Everything in the file but the losses. */
static double compare_layers(const run *r)
{
    activ_graph *g = r->graph;
    const size_t tensors = activ_graph_param_tensor_count(g), buffers = activ_graph_buffer_tensor_count(g);
    double worst = 0;
    for (size_t t = 0; t < tensors; t++) {
        const activ_graph_tensor_info info = tensor_info(g, t);
        const float *now = activ_graph_params(g) + info.offset;
        size_t count;
        float *want = read_tensor(r->expected, info.name, ACTIV_FLOAT32, &count);
        assert_int_equal(count, info.count);
        worst = fmax(worst, compare(info.name, now, r->initial + info.offset, 1, want, count));
        free(want);
        worst = fmax(worst, compare_tensor(r, "grad.", info.name, activ_graph_grads(g) + info.offset, info.count));
    }
    for (size_t t = 0; t < buffers; t++) {
        activ_graph_tensor_info info = ACTIV_GRAPH_TENSOR_INFO_INIT;
        assert_int_equal(activ_graph_buffer_tensor_info(g, t, &info), ACTIV_OK);
        worst = fmax(worst, compare_tensor(r, "", info.name, activ_graph_buffers(g) + info.offset, info.count));
    }
    float *x = NULL, *targets = NULL, y[MAX_BATCH * CLASSES];
    int32_t *labels = NULL;
    size_t batch;
    read_batch(r, 0, &x, &labels, &targets, &batch);
    assert_int_equal(activ_graph_forward(g, batch, x, y), ACTIV_OK);
    worst = fmax(worst, compare_tensor(r, "", "evaluation", y, batch * CLASSES));
    free(x);
    free(targets);
    free(labels);
    assert_int_equal(2 * tensors + buffers + 2, activ_safetensors_count(r->expected));
    return worst;
}

static void test_case(void **state)
{
    run r = { .c = { .name = *state } };
    r.expected = open_golden(r.c.name);
    r.data = open_golden("data");
    read_case(&r.c, r.expected);
    build(&r);
    const int layers = r.c.network == LAYERS;
    (layers ? set_layers : set_parameters)(&r);
    const double loss_error = train(&r);
    const double param_error = (layers ? compare_layers : compare_parameters)(&r);
    print_message("%-20slosses within %.1e, parameters within %.1e\n", r.c.name, loss_error, param_error);
    free(r.initial);
    activ_graph_destroy(r.graph);
    activ_safetensors_close(r.data);
    activ_safetensors_close(r.expected);
}

static void test_schedules(void **state)
{
    (void)state;
    activ_safetensors *file = open_golden("schedules");
    static const char *const names[] = { "step", "cosine", "warmup", "warmup_cosine" };
    const float base = 0.1f, third = 1.0f / 3.0f, low = 0.001f;
    for (size_t i = 0; i < 4; i++) {
        size_t count;
        double *rates = read_tensor(file, names[i], ACTIV_FLOAT64, &count);
        assert_true(count > 90);
        for (size_t step = 0; step < count; step++) {
            const float got = i == 0   ? activ_lr_step(base, 7, 0.9f, step)
                              : i == 1 ? activ_lr_cosine(base, 50, low, step)
                              : i == 2 ? activ_lr_warmup(base, third, 50, step)
                                       : activ_lr_warmup_cosine(base, third, 30, 90, low, step);
            /* One rounding to float32. */
            if (!(fabs((double)got - rates[step]) <= 6e-8 * rates[step])) {
                fail_msg("%s at step %zu: %.9g, PyTorch's %.12g", names[i], step, (double)got, rates[step]);
            }
        }
        free(rates);
    }
    assert_int_equal(activ_safetensors_count(file), 4);
    activ_safetensors_close(file);
}

/* CrossEntropyLoss with its settings, of logits that are a network's input. */
static void test_cross_entropy(void **state)
{
    (void)state;
    enum { SAMPLES = 10, CLASSES = 6, VALUES = SAMPLES * CLASSES };
    activ_safetensors *file = open_golden("cross_entropy");
    size_t count, cases;
    float *logits = read_tensor(file, "logits", ACTIV_FLOAT32, &count);
    assert_int_equal(count, VALUES);
    float *weight = read_tensor(file, "weight", ACTIV_FLOAT32, &count);
    assert_int_equal(count, CLASSES);
    double *losses = read_tensor(file, "losses", ACTIV_FLOAT64, &cases);
    double *settings = read_tensor(file, "settings", ACTIV_FLOAT64, &count);
    assert_true(cases >= 18 && count == 3 * cases);
    double *gradients = read_tensor(file, "gradients", ACTIV_FLOAT64, &count);
    assert_int_equal(count, cases * VALUES);
    int32_t *labels = read_tensor(file, "labels", ACTIV_INT32, &count);
    assert_int_equal(count, cases * SAMPLES);
    for (size_t k = 0; k < cases; k++) {
        activ_cross_entropy_options options = ACTIV_CROSS_ENTROPY_DEFAULTS;
        options.weight = settings[3 * k] != 0.0 ? weight : NULL;
        options.label_smoothing = (float)settings[3 * k + 1];
        options.ignore_index = (int32_t)settings[3 * k + 2];
        activ_compile_options compile = ACTIV_COMPILE_DEFAULTS;
        compile.max_batch = SAMPLES;
        compile.keep_values = 1;
        activ_graph *g = NULL;
        assert_int_equal(activ_graph_create(NULL, &g), ACTIV_OK);
        const activ_node x = activ_graph_apply(g, activ_graph_input(g, CLASSES), activ_fn_default("identity"));
        activ_graph_cross_entropy_ex(g, x, &options);
        if (activ_graph_compile_ex(g, &compile, NULL) != ACTIV_OK) {
            fail_msg("%s", activ_graph_error(g));
        }
        int32_t own[SAMPLES];
        for (size_t i = 0; i < SAMPLES; i++) {
            own[i] = labels[k * SAMPLES + i];
        }
        float loss, evaluated;
        assert_int_equal(activ_graph_train(g, SAMPLES, logits, own, &loss), ACTIV_OK);
        /* The smoothing is a float32 here: 0.1 is 1.5e-8 more. */
        if (!(fabs((double)loss - losses[k]) <= 3e-7 * losses[k])) {
            fail_msg("case %zu: loss %.9g, PyTorch's %.12g", k, (double)loss, losses[k]);
        }
        const float *dx = activ_graph_value_grads(g, x);
        for (size_t i = 0; i < VALUES; i++) {
            const double want = gradients[k * VALUES + i];
            if (!(fabs((double)dx[i] - want) <= 5e-7 * fabs(want) + 2e-8)) {
                fail_msg("case %zu: gradient %zu is %.9g, PyTorch's %.12g", k, i, (double)dx[i], want);
            }
        }
        assert_int_equal(activ_graph_evaluate(g, SAMPLES, logits, own, &evaluated, NULL), ACTIV_OK);
        assert_memory_equal(&evaluated, &loss, sizeof loss);
        activ_graph_destroy(g);
    }
    free(logits);
    free(weight);
    free(losses);
    free(settings);
    free(gradients);
    free(labels);
    activ_safetensors_close(file);
}

/* ---- all files ------------------------------------------------------------------------------- */

enum { MAX_CASES = 256, NAME_SIZE = 64 };

static int compare_names(const void *a, const void *b)
{
    return strcmp(a, b);
}

/* The names of all files that hold a case, in order; their number. */
static size_t find_cases(char (*names)[NAME_SIZE])
{
    size_t count = 0;
    DIR *folder = opendir(GOLDEN_DIR);
    for (const struct dirent *entry; folder != NULL && (entry = readdir(folder)) != NULL;) {
        const char *dot = strstr(entry->d_name, ".safetensors");
        const size_t length = dot != NULL ? (size_t)(dot - entry->d_name) : 0;
        if (length == 0 || length >= NAME_SIZE || count == MAX_CASES) {
            continue;
        }
        memcpy(names[count], entry->d_name, length);
        names[count][length] = '\0';
        if (strcmp(names[count], "data") != 0 && strcmp(names[count], "schedules") != 0 &&
            strcmp(names[count], "cross_entropy") != 0) {
            count++;
        }
    }
    if (folder != NULL) {
        closedir(folder);
    }
    qsort(names, count, sizeof *names, compare_names);
    return count;
}

static void test_found(void **state)
{
    /* At least those that were there once. */
    assert_in_range(*(size_t *)*state, 47, MAX_CASES - 1);
}

int main(void)
{
    static char names[MAX_CASES][NAME_SIZE];
    static struct CMUnitTest tests[MAX_CASES + 3];
    size_t count = find_cases(names);
    tests[0] = (struct CMUnitTest){ "cases", test_found, NULL, NULL, &count };
    tests[1] = (struct CMUnitTest)cmocka_unit_test(test_schedules);
    tests[2] = (struct CMUnitTest)cmocka_unit_test(test_cross_entropy);
    for (size_t i = 0; i < count; i++) {
        tests[i + 3] = (struct CMUnitTest){ names[i], test_case, NULL, NULL, names[i] };
    }
    return cmocka_run_group_tests_name("golden", tests, NULL, NULL); /* those without a name are none */
}
