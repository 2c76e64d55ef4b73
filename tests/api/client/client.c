/* A program as others have it: compiled once, with the headers of 0.2.0, and kept as it is (client-0.2.0-x86_64). Every
 * later library of the same soname has to run it, to the same output. So it prints what is promised: statuses, counts,
 * texts, and numbers to a few digits, as a later version may round the last ones differently.
 *
 * It starts by itself, without the C library's startup code, so that it needs no symbol newer than glibc 2.2.5. make.sh
 * compiles it. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <activ/activ.h>

enum { N = 64, IN = 6, HIDDEN = 8, CLASSES = 3, BATCH = 32, STEPS = 5 };

static float x[N], y[N], dx[N], dy[N], gate[N], noise[N], params[64], dparams[64];
static float samples[BATCH * IN], sample_grads[BATCH * IN], outputs[BATCH * CLASSES], kept[BATCH * CLASSES];
static int32_t labels[BATCH];
static unsigned char workspace[1 << 16];
static const char path[] = "client.safetensors";

static size_t blocks, lines;

static void say(const char *what, activ_status status)
{
    printf("%s: %d\n", what, (int)status);
}

/* Without the sign of what is nearly 0. */
static double mean(size_t n, const float *values)
{
    double sum = 0.0;
    for (size_t i = 0; i < n; i++)
        sum += (double)values[i];
    sum /= (double)n;
    return sum > -5e-4 && sum < 5e-4 ? 0.0 : sum;
}

/* ---- what a host lends ------------------------------------------------------------------------------------ */

static void *take(void *user, size_t bytes, size_t alignment)
{
    unsigned char *block = malloc(bytes + 2 * alignment);
    if (block == NULL)
        return NULL;
    unsigned char *at = block + alignment - (uintptr_t)block % alignment;
    at[-1] = (unsigned char)(at - block);
    ++*(size_t *)user;
    return at;
}

static void give_back(void *user, void *memory, size_t bytes)
{
    unsigned char *at = memory;
    (void)bytes;
    --*(size_t *)user;
    free(at - at[-1]);
}

static void one_by_one(void *user, size_t count, void (*task)(void *argument, size_t i), void *argument)
{
    (void)user;
    for (size_t i = count; i > 0; i--)
        task(argument, i - 1);
}

static void count_line(void *user, activ_status status, const char *line)
{
    (void)status;
    (void)line;
    ++*(size_t *)user;
}

static void cube(void *user, const float *p, size_t n, const float *from, float *to)
{
    (void)user;
    for (size_t i = 0; i < n; i++)
        to[i] = p[0] * from[i] * from[i] * from[i];
}

static void cube_back(void *user, const float *p, size_t n, const float *from, const float *by, float *to, double *sums)
{
    (void)user;
    for (size_t i = 0; i < n; i++) {
        const float square = from[i] * from[i], g = by[i];
        if (sums != NULL)
            sums[0] += (double)(g * square * from[i]);
        if (to != NULL)
            to[i] = 3.0f * p[0] * square * g;
    }
}

static void cube_init(void *user, uint64_t seed, float *p)
{
    (void)user;
    (void)seed;
    p[0] = 0.25f;
}

static const activ_fn_callbacks cube_calls = { sizeof cube_calls, cube, cube_back, cube_init, 1 };
static const activ_custom_fn cube_fn = { sizeof cube_fn, "cube", &cube_calls, NULL };
static const activ_custom_fn *const own_functions[] = { &cube_fn };

static activ_context *lend(void)
{
    activ_allocator allocator = ACTIV_ALLOCATOR_DEFAULTS;
    activ_executor executor = ACTIV_EXECUTOR_DEFAULTS;
    activ_context_options options = ACTIV_CONTEXT_DEFAULTS;
    activ_context *context = NULL;
    allocator.user = &blocks;
    allocator.alloc = take;
    allocator.free = give_back;
    executor.num_threads = 3;
    executor.parallel_for = one_by_one;
    options.allocator = &allocator;
    options.executor = &executor;
    options.log = count_line;
    options.log_user = &lines;
    options.max_tier = "scalar";
    options.functions = own_functions;
    options.function_count = 1;
    say("context", activ_context_create(&options, &context));
    printf("tier %s\n", activ_context_tier(context));
    return context;
}

/* ---- functions --------------------------------------------------------------------------------------------- */

static void use_function(const activ_context *context, const char *spec)
{
    activ_fn *fn = NULL;
    activ_message message = { "" };
    activ_fn_info info = ACTIV_FN_INFO_INIT;
    activ_status status = activ_fn_create_ex(context, spec, &fn, &message);
    if (status != ACTIV_OK) {
        printf("%s: %d, %s\n", spec, (int)status, message.text[0] != '\0' ? "with a reason" : "without a reason");
        return;
    }
    const size_t count = activ_fn_param_count(fn), channels = activ_fn_channels(fn);
    status |= activ_fn_info_of(fn, &info);
    status |= activ_fn_param_init(fn, 3, params);
    memset(dparams, 0, sizeof dparams);
    if (info.shape == ACTIV_SHAPE_GATED) {
        status |= activ_forward_gated(fn, params, 4, N / 4, x, N / 4, gate, N / 4, y, N / 4);
        status |= activ_backward_gated(fn, params, 4, N / 4, x, N / 4, gate, N / 4, dy, N / 4, dx, N / 4, noise, N / 4,
                                       dparams);
    } else if (info.shape == ACTIV_SHAPE_ROWWISE) {
        status |= activ_forward_rows(fn, params, 4, N / 4, x, N / 4, y, N / 4);
        status |= activ_backward_rows(fn, params, 4, N / 4, x, N / 4, dy, N / 4, dx, N / 4, dparams);
    } else if (channels > 1) {
        status |= activ_forward_channels(fn, params, 2, channels, N / 2 / channels, x, y);
        status |= activ_backward_channels(fn, params, 2, channels, N / 2 / channels, x, dy, dx, dparams);
    } else {
        activ_forward_args args = ACTIV_FORWARD_ARGS_DEFAULTS;
        status |= activ_forward(fn, params, N, x, y);
        status |= activ_backward(fn, params, N, x, dy, dx, dparams);
        memcpy(gate, y, sizeof gate);
        args.params = params;
        args.rows = 1;
        args.columns = N;
        args.x = x;
        args.y = y;
        status |= activ_forward_ex(fn, &args, &message);
        printf("%s", memcmp(gate, y, sizeof gate) == 0 ? "" : "forward_ex differs; ");
        if (info.random) {
            status |= activ_forward_train(fn, params, 1, 2, 3, N, x, y, noise);
            status |= activ_backward_train(fn, params, N, x, noise, dy, dx, dparams);
        }
    }
    printf("%s: %d, shape %d, %zu parameters, means %.3f %.3f %.2f\n", activ_fn_spec(fn), (int)status, (int)info.shape,
           count, mean(N, y), mean(N, dx), count > 0 ? mean(count, dparams) : 0.0);
    if (activ_fn_setting_count(fn) > 0) { /* a later version may have more */
        activ_setting_info setting = ACTIV_SETTING_INFO_INIT;
        status = activ_fn_setting_info(fn, 0, &setting);
        printf("    %s %d %d %.3f\n", setting.name, (int)status, (int)setting.kind, setting.value);
    }
    for (size_t i = 0; i < activ_fn_param_tensor_count(fn); i++) {
        activ_fn_tensor_info tensor = ACTIV_FN_TENSOR_INFO_INIT;
        status = activ_fn_param_tensor_info(fn, i, &tensor);
        printf("    %s %d %zu %zu\n", tensor.name, (int)status, tensor.offset, tensor.count);
    }
    activ_fn_destroy(fn);
}

static void use_functions(const activ_context *context)
{
    static const char *const specs[] = { "relu",
                                         "GELU",
                                         "leaky_relu(negative_slope=0.2)",
                                         "silu",
                                         "mish",
                                         "softplus",
                                         "hardswish",
                                         "elu(alpha=0.5)",
                                         "prelu(num_parameters=4)",
                                         "rrelu",
                                         "staf(tau=3)",
                                         "fourier(k=2)",
                                         "rational_a",
                                         "bspline",
                                         "trainable_elu",
                                         "softmax",
                                         "log_softmax",
                                         "swiglu",
                                         "gated(elu)",
                                         "moe(relu, tanh)",
                                         "cube",
                                         "gated(cube)",
                                         "elu(alpa=1)",
                                         "elu(",
                                         "no_such_function" };
    for (size_t i = 0; i < sizeof specs / sizeof specs[0]; i++) {
        activ_random_normal(1, 3, 0, N, 0.0f, 1.0f, gate);
        use_function(context, specs[i]);
    }
    printf("default %d %d\n", activ_fn_default("tanh") != NULL, activ_fn_default("cube") != NULL);
    activ_fn_info info = ACTIV_FN_INFO_INIT;
    say("catalog", activ_fn_catalog(0, &info));
}

/* ---- networks ----------------------------------------------------------------------------------------------- */

static activ_graph *build(const activ_context *context)
{
    activ_graph *g = NULL;
    activ_norm_options norm = ACTIV_NORM_DEFAULTS;
    activ_cross_entropy_options loss = ACTIV_CROSS_ENTROPY_DEFAULTS;
    activ_compile_options compile = ACTIV_COMPILE_DEFAULTS;
    activ_fn *staf = NULL, *swiglu = NULL;
    activ_message message = { "" };
    activ_fn_create(context, "staf(tau=2)", &staf);
    activ_fn_create(context, "swiglu", &swiglu);
    say("graph", activ_graph_create(context, &g));
    activ_node a = activ_graph_apply(g, activ_graph_linear(g, activ_graph_input(g, IN), HIDDEN), staf);
    norm.momentum = 0.25f;
    activ_node b = activ_graph_batch_norm(g, activ_graph_linear_without_bias(g, a, HIDDEN), &norm);
    a = activ_graph_add(g, activ_graph_gated(g, a, b, swiglu), activ_graph_multiply(g, a, b));
    a = activ_graph_layer_norm(g, activ_graph_concat(g, a, b, -1), -1, NULL);
    a = activ_graph_gated_split(g, a, swiglu, ACTIV_GATE_SECOND);
    a = activ_graph_apply_shared(g, activ_graph_dropout(g, a, 0.125f), 2);
    a = activ_graph_linear(g, activ_graph_flatten(g, a), CLASSES);
    say("name", activ_graph_set_name(g, a, "head"));
    loss.label_smoothing = 0.125f;
    loss.ignore_index = 77;
    activ_graph_cross_entropy_ex(g, a, &loss);
    compile.max_batch = BATCH;
    compile.keep_values = 1;
    say("compile", activ_graph_compile_ex(g, &compile, &message));
    say("init", activ_graph_init_weights(g, ACTIV_INIT_XAVIER_NORMAL, 1.0f, 1));
    say("init", activ_graph_init(g, 1));
    activ_fn_destroy(staf);
    activ_fn_destroy(swiglu);
    return g;
}

static void describe(activ_graph *g)
{
    for (activ_node i = 0; (size_t)i < activ_graph_node_count(g); i++) {
        activ_node_info info = ACTIV_NODE_INFO_INIT;
        activ_layer_view view = ACTIV_LAYER_VIEW_INIT;
        const activ_status status = activ_graph_node_info(g, i, &info) | activ_graph_layer_view(g, i, &view);
        printf("%d %s | %s %zu %zu %zu %zu\n", (int)status, info.description, info.kind, info.param_count,
               info.buffer_count, view.width, view.tensor_count);
    }
    printf("%zu parameters, %zu buffers, output %d\n", activ_graph_param_count(g), activ_graph_buffer_count(g),
           (int)activ_graph_output_node(g));
}

static void train(activ_graph *g, int kind)
{
    activ_optimizer *optimizer = NULL;
    activ_sgd_options sgd = ACTIV_SGD_DEFAULTS;
    activ_adamw_options adamw = ACTIV_ADAMW_DEFAULTS;
    activ_rmsprop_options rmsprop = ACTIV_RMSPROP_DEFAULTS;
    activ_optimizer_tensor_options tensor = ACTIV_OPTIMIZER_TENSOR_DEFAULTS;
    float loss = 0.0f, norm = 0.0f;
    size_t correct = 0;
    sgd.lr = adamw.lr = rmsprop.lr = 0.01f;
    sgd.momentum = 0.5f;
    activ_graph_init(g, 1);
    activ_status status = kind == 0   ? activ_sgd_create(g, &sgd, &optimizer)
                          : kind == 1 ? activ_adamw_create(g, &adamw, &optimizer)
                                      : activ_rmsprop_create(g, &rmsprop, &optimizer);
    tensor.lr_scale = 0.5f;
    status |= activ_optimizer_set_tensor_options(optimizer, 0, &tensor);
    for (int step = 0; step < STEPS; step++) {
        status |= activ_graph_train(g, BATCH, samples, labels, &loss);
        status |= activ_graph_clip_grad_norm(g, 10.0f, &norm);
        status |= activ_optimizer_set_lr(optimizer, activ_lr_cosine(0.01f, STEPS, 0.001f, (uint64_t)step));
        status |= activ_optimizer_step(optimizer);
    }
    status |= activ_graph_evaluate(g, BATCH, samples, labels, &loss, &correct);
    printf("optimizer %d: %d, %d steps, loss %.2f, %s\n", kind, (int)status, (int)activ_optimizer_steps(optimizer),
           (double)loss, correct <= BATCH ? "counted" : "miscounted");
    status = activ_graph_forward(g, BATCH, samples, kept);
    status |= activ_graph_predict(g, workspace, sizeof workspace, BATCH, samples, outputs);
    printf("forward and predict: %d, %s\n", (int)status,
           memcmp(kept, outputs, sizeof kept) == 0 ? "the same" : "different");
    say("training file", activ_checkpoint_save_training(g, optimizer, path, NULL));
    status = activ_graph_forward_train(g, BATCH, samples, outputs);
    status |= activ_graph_backward(g, BATCH, kept, sample_grads);
    say("a loss of one's own", status);
    activ_optimizer_destroy(optimizer);
}

static void load(const activ_context *context, activ_graph *g)
{
    static const activ_tensor_name names[] = { { "head.", "last." } };
    activ_graph *loaded = NULL;
    activ_optimizer *optimizer = NULL;
    activ_load_options options = ACTIV_LOAD_DEFAULTS;
    activ_message message = { "" };
    say("load", activ_checkpoint_load(context, path, 0, &loaded, &message));
    activ_graph_predict(loaded, workspace, sizeof workspace, BATCH, samples, outputs);
    printf("loaded: %s\n", memcmp(kept, outputs, sizeof kept) == 0 ? "the same" : "different");
    activ_graph_destroy(loaded);
    say("load training", activ_checkpoint_load_training(g, path, &optimizer, &message));
    printf("%d steps\n", (int)activ_optimizer_steps(optimizer));
    activ_optimizer_destroy(optimizer);
    say("save renamed", activ_checkpoint_save_params(g, path, 1, names, &message));
    say("load, other names", activ_checkpoint_load_params(g, path, &message));
    options.names = names;
    options.name_count = 1;
    say("load renamed", activ_checkpoint_load_params_ex(g, path, &options, &message));
    say("load nothing", activ_checkpoint_load_params(g, "no such file", &message));
}

/* ---- the rest ------------------------------------------------------------------------------------------------ */

static void use_tensors(const activ_context *context)
{
    const size_t shape[2] = { 4, 6 };
    activ_tensor *t = NULL, *turned = NULL, *part = NULL, *view = NULL, *shared = NULL;
    activ_safetensors *file = NULL;
    struct DLManagedTensorVersioned *managed = NULL;
    const char *const names[] = { "a tensor" };
    const activ_safetensors_text text = { "key", "value" };
    activ_status status = activ_tensor_create(context, ACTIV_FLOAT32, 2, shape, &t, NULL);
    status |= activ_tensor_view_const(context, ACTIV_FLOAT32, 2, shape, NULL, x, &view, NULL);
    status |= activ_tensor_copy(view, t, NULL);
    status |= activ_tensor_transpose(t, 0, 1, &turned, NULL);
    status |= activ_tensor_narrow(turned, 0, 1, 3, &part, NULL);
    printf("tensors: %d, %zu x %zu, strides %zu %zu, %d %d %d\n", (int)status, activ_tensor_shape(part)[0],
           activ_tensor_shape(part)[1], activ_tensor_strides(part)[0], activ_tensor_strides(part)[1],
           (int)activ_tensor_is_contiguous(part), (int)activ_tensor_is_read_only(view),
           memcmp(activ_tensor_const_data(t), x, 24 * sizeof *x) == 0);
    status = activ_tensor_to_dlpack_versioned(t, &managed, NULL);
    status |= activ_tensor_from_dlpack_versioned(context, managed, &shared, NULL);
    printf("shared: %d, %d\n", (int)status, activ_tensor_const_data(shared) == activ_tensor_const_data(t));
    say("save tensors",
        activ_safetensors_save(context, path, 1, names, (const activ_tensor *const *)&t, 1, &text, NULL));
    say("open", activ_safetensors_open(context, path, &file, NULL));
    activ_safetensors_entry entry = ACTIV_SAFETENSORS_ENTRY_INIT;
    say("find", activ_safetensors_find(file, "a tensor", &entry));
    printf("%zu: %s %d %s %zu %zu %s %d\n", activ_safetensors_count(file), entry.name, (int)entry.dtype,
           entry.dtype_name, entry.ndim, entry.bytes, activ_safetensors_metadata(file, "key"),
           memcmp(entry.data, x, entry.bytes) == 0);
    activ_safetensors_close(file);
    activ_tensor_destroy(t);
    activ_tensor_destroy(turned);
    activ_tensor_destroy(part);
    activ_tensor_destroy(view);
    activ_tensor_destroy(shared);
    remove(path);
}

static void look_inside(const activ_context *context)
{
    activ_histogram *histogram = NULL;
    activ_stats *stats = NULL;
    activ_quantiles *quantiles = NULL;
    activ_neurons *neurons = NULL;
    activ_neurons_options options = ACTIV_NEURONS_DEFAULTS;
    activ_histogram_info h = ACTIV_HISTOGRAM_INFO_INIT;
    activ_stats_info s = ACTIV_STATS_INFO_INIT;
    activ_neurons_info n = ACTIV_NEURONS_INFO_INIT;
    const double half = 0.5;
    float median = 0.0f;
    options.threshold = 0.5f;
    activ_status status = activ_histogram_create(context, 4, -2.0, 2.0, &histogram, NULL);
    status |= activ_stats_create(context, &stats) | activ_quantiles_create(context, 7, &quantiles);
    status |= activ_neurons_create(context, 8, &options, &neurons);
    status |=
        activ_histogram_add(histogram, N, x) | activ_stats_add(stats, N, x) | activ_quantiles_add(quantiles, N, x);
    status |= activ_neurons_add(neurons, N / 8, x, 8);
    status |= activ_histogram_get(histogram, &h) | activ_stats_get(stats, &s) | activ_neurons_get(neurons, &n);
    status |= activ_quantiles_get(quantiles, 1, &half, &median);
    printf("inside: %d; %d %d %d %d of %d; %.3f %.3f; %.2f; %d active\n", (int)status, (int)h.counts[0],
           (int)h.counts[1], (int)h.counts[2], (int)h.counts[3], (int)h.total, s.mean, s.variance, (double)median,
           (int)n.active[0]);
    activ_histogram_destroy(histogram);
    activ_stats_destroy(stats);
    activ_quantiles_destroy(quantiles);
    activ_neurons_destroy(neurons);
}

static void use_pool(void)
{
    activ_pool *pool = NULL;
    activ_context *context = NULL;
    activ_context_options options = ACTIV_CONTEXT_DEFAULTS;
    say("pool", activ_pool_create(NULL, 2, &pool));
    options.executor = activ_pool_executor(pool);
    say("context", activ_context_create(&options, &context));
    use_function(context, "tanh");
    activ_context_destroy(context);
    activ_pool_destroy(pool);
}

static int run(void)
{
    printf("%s %s %d\n", activ_status_string(ACTIV_OK), activ_tier_at(0), activ_version_number() >= 200);
    say("random", activ_random_normal(1, 1, 0, N, 0.0f, 1.0f, x) | activ_random_uniform(1, 2, 0, N, -1.0f, 1.0f, dy) |
                      activ_random_normal(1, 4, 0, (size_t)BATCH * IN, 0.0f, 1.0f, samples));
    for (size_t i = 0; i < BATCH; i++)
        labels[i] = (int32_t)(activ_random_bits(1, 5, i) % CLASSES);
    printf("%u\n", (unsigned)activ_random_bits(1, 2, 3));
    activ_context *context = lend();
    use_functions(context);
    activ_graph *g = build(context);
    describe(g);
    for (int kind = 0; kind < 3; kind++) {
        train(g, kind);
        load(context, g);
    }
    activ_graph_destroy(g);
    use_tensors(context);
    look_inside(context);
    activ_context_destroy(context);
    use_pool();
    printf("%zu blocks left, %s\n", blocks, lines > 0 ? "failures were logged" : "nothing was logged");
    return 0;
}

/* The stack is aligned as calls expect it; exit flushes what was printed. */
void client_start(void);
void client_start(void)
{
    exit(run());
}
__asm__(".globl _start\n"
        "_start:\n"
        "    xor %ebp, %ebp\n"
        "    and $-16, %rsp\n"
        "    call client_start\n"
        "    hlt\n");
