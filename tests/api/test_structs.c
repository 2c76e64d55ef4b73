/* Programs that were compiled with an older or a newer header: every struct of the API that carries its size, in every
 * size that it had or may get. Each lies before a page that cannot be touched, so that a byte beyond `size` is not even
 * read.
 *
 * Options: an older one is a full one with zeros in the rest; a newer one is accepted while the rest is 0, and else
 * ACTIV_ERROR_UNSUPPORTED. What is filled in: as far as it reaches, and zeros beyond what this library knows.
 *
 * usage: test_structs ABI      ABI: the baseline, activ-x86_64.abi, for the names of all such structs: one that is not
 *                              tried here is an error */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "activ/activ.h"
#include "support/guard.h"
#include "support/memory.h"

enum { N = 40, MOST_BYTES = 512, MORE = 24, SIZE_LIMIT = 4096 };

/* ---- what they are used on ------------------------------------------------------------------------------ */

static float x[N], y[N], dy[N], dx[N];
static activ_graph *graph;         /* compiled */
static activ_optimizer *optimizer; /* its */
static activ_fn *gelu;
static activ_safetensors *file;
static activ_histogram *histogram;
static activ_stats *stats;
static activ_neurons *neurons;
static const char path[] = "test_structs.safetensors";
static uint64_t digest; /* of what a use gave */

static void take(size_t bytes, const void *data)
{
    for (size_t i = 0; i < bytes; i++)
        digest = (digest ^ ((const unsigned char *)data)[i]) * UINT64_C(0x100000001b3);
}

static void double_it(void *user, const float *params, size_t n, const float *from, float *to)
{
    (void)user;
    (void)params;
    for (size_t i = 0; i < n; i++)
        to[i] = 2.0f * from[i];
}

static void double_back(void *user, const float *params, size_t n, const float *from, const float *by, float *to,
                        double *sums)
{
    (void)from;
    (void)sums;
    if (to != NULL)
        double_it(user, params, n, by, to);
}

static const activ_fn_callbacks callbacks = { sizeof callbacks, double_it, double_back, NULL, 0 };

static void one_by_one(void *user, size_t count, void (*task)(void *argument, size_t i), void *argument)
{
    (void)user;
    for (size_t i = 0; i < count; i++)
        task(argument, i);
}

static void count_left(void *user, int32_t what, const char *name)
{
    (void)user;
    take(sizeof what, &what);
    take(strlen(name), name);
}

/* ---- options: a good one, and its use ------------------------------------------------------------------- */

static test_memory memory;

static activ_status make_context(const activ_context_options *options)
{
    activ_context *context = NULL;
    activ_fn *fn = NULL;
    activ_status status = activ_context_create(options, &context);
    if (status != ACTIV_OK)
        return status;
    take(strlen(activ_context_tier(context)), activ_context_tier(context));
    const activ_status named = activ_fn_create(context, "mine", &fn);
    take(sizeof named, &named);
    take(sizeof memory.live, &memory.live);
    activ_fn_destroy(fn);
    activ_context_destroy(context);
    return status;
}

static const activ_custom_fn own_fn = { sizeof own_fn, "mine", &callbacks, NULL };
static const activ_custom_fn *const own_fns[] = { &own_fn };

static void fill_context(void *options)
{
    const activ_context_options o = {
        .size = sizeof o, .max_tier = "scalar", .functions = own_fns, .function_count = 1
    };
    memcpy(options, &o, sizeof o);
}

static activ_status use_context(const void *options)
{
    return make_context(options);
}

static void fill_allocator(void *options)
{
    const activ_allocator a = test_allocator(&memory);
    memcpy(options, &a, sizeof a);
}

static activ_status use_allocator(const void *options)
{
    activ_context_options o = ACTIV_CONTEXT_DEFAULTS;
    o.allocator = options;
    return make_context(&o);
}

static void fill_executor(void *options)
{
    const activ_executor e = { .size = sizeof e, .num_threads = 2, .parallel_for = one_by_one };
    memcpy(options, &e, sizeof e);
}

static activ_status use_executor(const void *options)
{
    activ_context_options o = ACTIV_CONTEXT_DEFAULTS;
    o.executor = options;
    return make_context(&o);
}

static void fill_custom(void *options)
{
    memcpy(options, &own_fn, sizeof own_fn);
}

/* A context looks at its functions when one of them is asked for. */
static activ_status use_custom(const void *options)
{
    const activ_custom_fn *const functions[] = { options };
    activ_context_options o = ACTIV_CONTEXT_DEFAULTS;
    activ_context *context = NULL;
    activ_fn *fn = NULL;
    o.functions = functions;
    o.function_count = 1;
    activ_status status = activ_context_create(&o, &context);
    if (status == ACTIV_OK)
        status = activ_fn_create(context, "mine", &fn);
    activ_fn_destroy(fn);
    activ_context_destroy(context);
    return status;
}

static void fill_callbacks(void *options)
{
    memcpy(options, &callbacks, sizeof callbacks);
}

static activ_status use_callbacks(const void *options)
{
    activ_fn *fn = NULL;
    activ_status status = activ_fn_create_custom(NULL, "mine", options, NULL, &fn);
    if (status == ACTIV_OK)
        status = activ_forward(fn, NULL, N, x, y);
    take(sizeof y, y);
    activ_fn_destroy(fn);
    return status;
}

static void fill_forward(void *options)
{
    const activ_forward_args a = { .size = sizeof a,
                                   .rows = 2,
                                   .columns = N / 2,
                                   .x = x,
                                   .x_stride = N / 2,
                                   .y = y,
                                   .y_stride = N / 2,
                                   .seed = 1,
                                   .stream = 2,
                                   .index = 3 };
    memcpy(options, &a, sizeof a);
}

/* Of 16 bits: those of the floats, as they lie there. */
static void fill_forward_halves(void *options)
{
    fill_forward(options);
    ((activ_forward_args *)options)->dtype = ACTIV_BFLOAT16;
}

static activ_status use_forward(const void *options)
{
    memset(y, 0, sizeof y);
    const activ_status status = activ_forward_ex(gelu, options, NULL);
    take(sizeof y, y);
    return status;
}

static activ_status use_forward_halves(const void *options)
{
    return use_forward(options);
}

static void fill_backward(void *options)
{
    const activ_backward_args a = { .size = sizeof a,
                                    .rows = 2,
                                    .columns = N / 2,
                                    .x = x,
                                    .x_stride = N / 2,
                                    .dy = dy,
                                    .dy_stride = N / 2,
                                    .dx = dx,
                                    .dx_stride = N / 2,
                                    .accumulate = 1 };
    memcpy(options, &a, sizeof a);
}

static void fill_backward_halves(void *options)
{
    fill_backward(options);
    ((activ_backward_args *)options)->accumulate = 0;
    ((activ_backward_args *)options)->dtype = ACTIV_FLOAT16;
}

static activ_status use_backward(const void *options)
{
    for (size_t i = 0; i < N; i++)
        dx[i] = 0.5f;
    const activ_status status = activ_backward_ex(gelu, options, NULL);
    take(sizeof dx, dx);
    return status;
}

static activ_status use_backward_halves(const void *options)
{
    return use_backward(options);
}

static activ_status build(const activ_norm_options *norm, const activ_cross_entropy_options *loss,
                          const activ_compile_options *compile)
{
    activ_graph *g = NULL;
    activ_node_info info = ACTIV_NODE_INFO_INIT;
    activ_status status = activ_graph_create(NULL, &g);
    if (status != ACTIV_OK)
        return status;
    const activ_node a = activ_graph_linear(g, activ_graph_input(g, 4), 3);
    (void)activ_graph_cross_entropy_ex(g, activ_graph_layer_norm(g, activ_graph_batch_norm(g, a, norm), -1, norm),
                                       loss);
    status = activ_graph_compile_ex(g, compile, NULL);
    for (activ_node i = 0; status == ACTIV_OK && activ_graph_node_info(g, i, &info) == ACTIV_OK; i++)
        take(strlen(info.description), info.description);
    if (status == ACTIV_OK) {
        const size_t bytes = activ_graph_memory_bytes(g, 0);
        take(sizeof bytes, &bytes);
        take(activ_graph_buffer_count(g) * sizeof(float), activ_graph_buffers(g));
    }
    activ_graph_destroy(g);
    return status;
}

static void fill_norm(void *options)
{
    const activ_norm_options o = { sizeof o, 1e-3f, 0.25f };
    memcpy(options, &o, sizeof o);
}

static activ_status use_norm(const void *options)
{
    return build(options, NULL, NULL);
}

static void fill_loss(void *options)
{
    static const float weights[] = { 1.0f, 2.0f, 3.0f };
    const activ_cross_entropy_options o = { sizeof o, weights, 0.25f, 7 };
    memcpy(options, &o, sizeof o);
}

static activ_status use_loss(const void *options)
{
    return build(NULL, options, NULL);
}

static void fill_compile(void *options)
{
    const activ_compile_options o = { sizeof o, 5, 1, 0 };
    memcpy(options, &o, sizeof o);
}

static activ_status use_compile(const void *options)
{
    return build(NULL, NULL, options);
}

/* An optimiser, and what a file says of its settings. */
static activ_status describe(activ_status status, activ_optimizer *made)
{
    activ_safetensors *saved = NULL;
    if (status == ACTIV_OK)
        status = activ_checkpoint_save_training(graph, made, "test_structs.optimizer.safetensors", NULL);
    if (status == ACTIV_OK)
        status = activ_safetensors_open(NULL, "test_structs.optimizer.safetensors", &saved, NULL);
    if (status == ACTIV_OK) {
        const char *text = activ_safetensors_metadata(saved, "activ.optimizer");
        take(strlen(text), text);
    }
    remove("test_structs.optimizer.safetensors");
    activ_safetensors_close(saved);
    activ_optimizer_destroy(made);
    return status;
}

static void fill_sgd(void *options)
{
    const activ_sgd_options o = { sizeof o, 0.5f, 0.25f, 0.0f, 0.125f, 1, 1 };
    memcpy(options, &o, sizeof o);
}

static activ_status use_sgd(const void *options)
{
    activ_optimizer *made = NULL;
    const activ_status status = activ_sgd_create(graph, options, &made);
    return describe(status, made);
}

static void fill_adamw(void *options)
{
    const activ_adamw_options o = { sizeof o, 0.5f, 0.25f, 0.75f, 1e-4f, 0.125f, 1, 1, 0 };
    memcpy(options, &o, sizeof o);
}

static activ_status use_adamw(const void *options)
{
    activ_optimizer *made = NULL;
    const activ_status status = activ_adamw_create(graph, options, &made);
    return describe(status, made);
}

static void fill_rmsprop(void *options)
{
    const activ_rmsprop_options o = { sizeof o, 0.5f, 0.25f, 1e-4f, 0.125f, 0.75f, 1, 1, 0 };
    memcpy(options, &o, sizeof o);
}

static activ_status use_rmsprop(const void *options)
{
    activ_optimizer *made = NULL;
    const activ_status status = activ_rmsprop_create(graph, options, &made);
    return describe(status, made);
}

static void fill_tensor_options(void *options)
{
    const activ_optimizer_tensor_options o = { sizeof o, 0.5f, 0.25f };
    memcpy(options, &o, sizeof o);
}

static activ_status use_tensor_options(const void *options)
{
    activ_optimizer_tensor_options got = ACTIV_OPTIMIZER_TENSOR_DEFAULTS;
    activ_status status = activ_optimizer_set_tensor_options(optimizer, 0, options);
    if (status == ACTIV_OK)
        status = activ_optimizer_get_tensor_options(optimizer, 0, &got);
    take(sizeof got, &got);
    return status;
}

static void fill_load(void *options)
{
    static const activ_tensor_name names[] = { { "layers.0.weight", "layers.0.bias" } };
    const activ_load_options o = { sizeof o, 1, names, 0, 1, count_left, NULL };
    memcpy(options, &o, sizeof o);
}

static activ_status use_load(const void *options)
{
    /* The rule asks for a tensor of another shape: ACTIV_ERROR_SHAPE, unless the struct is too old to have rules. */
    const activ_status status = activ_checkpoint_load_params_ex(graph, path, options, NULL);
    if (status != ACTIV_OK && status != ACTIV_ERROR_SHAPE)
        return status;
    take(sizeof status, &status);
    return ACTIV_OK;
}

static void fill_neurons(void *options)
{
    const activ_neurons_options o = { sizeof o, 0.75f, 0 };
    memcpy(options, &o, sizeof o);
}

static activ_status use_neurons(const void *options)
{
    activ_neurons *made = NULL;
    activ_neurons_info info = ACTIV_NEURONS_INFO_INIT;
    activ_status status = activ_neurons_create(NULL, 4, options, &made);
    if (status == ACTIV_OK)
        status = activ_neurons_add(made, N / 4, x, 4);
    if (status == ACTIV_OK)
        status = activ_neurons_get(made, &info);
    if (status == ACTIV_OK)
        take(4 * sizeof *info.active, info.active);
    activ_neurons_destroy(made);
    return status;
}

/* ---- what is filled in ---------------------------------------------------------------------------------- */

static activ_status ask_fn(void *info)
{
    return activ_fn_info_of(gelu, info);
}

static activ_status ask_setting(void *info)
{
    return activ_fn_setting_info(activ_fn_default("elu"), 0, info);
}

static activ_expression *expression; /* of test_infos, one for all calls: a pointer into it is compared */

static activ_status ask_operation(void *info)
{
    return activ_expression_operation(expression, activ_expression_value(expression), info);
}

static activ_status ask_fn_tensor(void *info)
{
    return activ_fn_param_tensor_info(activ_fn_default("staf"), 1, info);
}

static activ_status ask_graph_tensor(void *info)
{
    return activ_graph_param_tensor_info(graph, 1, info);
}

static activ_status ask_node(void *info)
{
    return activ_graph_node_info(graph, 1, info);
}

static activ_status ask_layer(void *info)
{
    return activ_graph_layer_view(graph, 1, info);
}

static activ_status ask_entry(void *info)
{
    return activ_safetensors_at(file, 1, info);
}

static activ_status ask_histogram(void *info)
{
    return activ_histogram_get(histogram, info);
}

static activ_status ask_stats(void *info)
{
    return activ_stats_get(stats, info);
}

static activ_status ask_neurons(void *info)
{
    return activ_neurons_get(neurons, info);
}

static activ_status ask_tensor_options(void *info)
{
    return activ_optimizer_get_tensor_options(optimizer, 0, info);
}

/* ---- the table ------------------------------------------------------------------------------------------ */

typedef struct sized {
    const char *name;
    size_t bytes;
    void (*fill)(void *options);
    activ_status (*use)(const void *options);
    activ_status (*ask)(void *info);
} sized;

#define OPTIONS(type, what)                                \
    {                                                      \
#        type, sizeof(type), fill_##what, use_##what, NULL \
    }
#define INFO(type, what)                            \
    {                                               \
#        type, sizeof(type), NULL, NULL, ask_##what \
    }

static const sized structs[] = {
    OPTIONS(activ_context_options, context),
    OPTIONS(activ_allocator, allocator),
    OPTIONS(activ_executor, executor),
    OPTIONS(activ_custom_fn, custom),
    OPTIONS(activ_fn_callbacks, callbacks),
    OPTIONS(activ_forward_args, forward),
    OPTIONS(activ_forward_args, forward_halves),
    OPTIONS(activ_backward_args, backward),
    OPTIONS(activ_backward_args, backward_halves),
    OPTIONS(activ_norm_options, norm),
    OPTIONS(activ_cross_entropy_options, loss),
    OPTIONS(activ_compile_options, compile),
    OPTIONS(activ_sgd_options, sgd),
    OPTIONS(activ_adamw_options, adamw),
    OPTIONS(activ_rmsprop_options, rmsprop),
    OPTIONS(activ_optimizer_tensor_options, tensor_options),
    OPTIONS(activ_load_options, load),
    OPTIONS(activ_neurons_options, neurons),
    INFO(activ_optimizer_tensor_options, tensor_options),
    INFO(activ_fn_info, fn),
    INFO(activ_setting_info, setting),
    INFO(activ_fn_tensor_info, fn_tensor),
    INFO(activ_operation_info, operation),
    INFO(activ_graph_tensor_info, graph_tensor),
    INFO(activ_node_info, node),
    INFO(activ_layer_view, layer),
    INFO(activ_safetensors_entry, entry),
    INFO(activ_histogram_info, histogram),
    INFO(activ_stats_info, stats),
    INFO(activ_neurons_info, neurons),
};
enum { STRUCTS = sizeof structs / sizeof structs[0] };

static int make_world(void **state)
{
    (void)state;
    activ_node a;
    int32_t labels[5] = { 0, 1, 2, 0, 1 };
    activ_status status = activ_random_normal(1, 1, 0, N, 0.0f, 1.0f, x);
    status |= activ_random_normal(1, 2, 0, N, 0.0f, 1.0f, dy);
    status |= activ_fn_create(NULL, "gelu", &gelu);
    status |= activ_graph_create(NULL, &graph);
    a = activ_graph_apply(graph, activ_graph_linear(graph, activ_graph_input(graph, 4), 3), gelu);
    activ_graph_cross_entropy(graph, a);
    status |= activ_graph_compile(graph, 5);
    status |= activ_graph_init(graph, 1);
    status |= activ_graph_evaluate(graph, 5, x, labels, NULL, NULL);
    status |= activ_sgd_create(graph, NULL, &optimizer);
    status |= activ_checkpoint_save(graph, path, NULL);
    status |= activ_safetensors_open(NULL, path, &file, NULL);
    status |= activ_histogram_create(NULL, 5, -1.0, 1.0, &histogram, NULL);
    status |= activ_stats_create(NULL, &stats);
    status |= activ_neurons_create(NULL, 4, NULL, &neurons);
    status |= activ_histogram_add(histogram, N, x);
    status |= activ_stats_add(stats, N, x);
    status |= activ_neurons_add(neurons, N / 4, x, 4);
    return status;
}

static int end_world(void **state)
{
    (void)state;
    activ_histogram_destroy(histogram);
    activ_stats_destroy(stats);
    activ_neurons_destroy(neurons);
    activ_safetensors_close(file);
    activ_optimizer_destroy(optimizer);
    activ_graph_destroy(graph);
    activ_fn_destroy(gelu);
    remove(path);
    return 0;
}

/* ---- tests ---------------------------------------------------------------------------------------------- */

static guarded page;

/* `size` bytes before a page that cannot be touched, of which as many as there are come from `from`. */
static unsigned char *before_page(size_t size, size_t bytes, const void *from)
{
    unsigned char *at = (unsigned char *)page.end - size;
    memset(at, 0, size);
    memcpy(at, from, size < bytes ? size : bytes);
    if (size >= sizeof size)
        memcpy(at, &size, sizeof size);
    return at;
}

static activ_status use(const sized *s, const void *options)
{
    digest = 1;
    return s->use(options);
}

static void test_options(void **state)
{
    (void)state;
    for (const sized *s = structs; s < structs + STRUCTS; s++) {
        if (s->use == NULL)
            continue;
        unsigned char full[MOST_BYTES] = { 0 }, cut[MOST_BYTES];
        assert_in_range(s->bytes, sizeof(size_t) + 1, MOST_BYTES);
        s->fill(full);
        if (use(s, full) != ACTIV_OK)
            fail_msg("%s: the whole one is refused", s->name);
        const uint64_t whole = digest;
        int differs = 0;
        /* A struct ends at a multiple of its alignment, which is that of size_t. */
        for (size_t size = sizeof size; size <= s->bytes; size += sizeof size) {
            memset(cut, 0, sizeof cut);
            memcpy(cut, full, size);
            memcpy(cut, &s->bytes, sizeof s->bytes);
            const activ_status want = use(s, cut);
            const uint64_t want_digest = digest;
            const activ_status got = use(s, before_page(size, size, full));
            if (got != want || digest != want_digest)
                fail_msg("%s of %zu bytes: status %d, not %d, or another result", s->name, size, (int)got, (int)want);
            differs |= want != ACTIV_OK || want_digest != whole;
        }
        if (!differs)
            fail_msg("%s: none of its fields changes the result", s->name);
        for (size_t more = sizeof(size_t); more <= MORE; more += sizeof(size_t)) {
            unsigned char *newer = before_page(s->bytes + more, s->bytes, full);
            if (use(s, newer) != ACTIV_OK || digest != whole)
                fail_msg("%s with %zu bytes more, all 0, is not the same", s->name, more);
            for (size_t i = 0; i < more; i++) {
                newer[s->bytes + i] = 1;
                if (use(s, newer) != ACTIV_ERROR_UNSUPPORTED)
                    fail_msg("%s with %zu bytes more, one of them 1, is not refused", s->name, more);
                newer[s->bytes + i] = 0;
            }
        }
        static const size_t unset[] = { 0, 1, sizeof(size_t) - 1, SIZE_LIMIT + 1, SIZE_MAX };
        for (size_t i = 0; i < sizeof unset / sizeof unset[0]; i++) {
            unsigned char *bad = before_page(s->bytes, s->bytes, full);
            memcpy(bad, &unset[i], sizeof unset[i]);
            if (use(s, bad) != ACTIV_ERROR_INVALID)
                fail_msg("%s with the size %zu is not refused", s->name, unset[i]);
        }
    }
    assert_int_equal(memory.live, 0);
}

static void test_infos(void **state)
{
    (void)state;
    assert_int_equal(activ_expression_create(activ_fn_default("elu"), &expression, NULL), ACTIV_OK);
    for (const sized *s = structs; s < structs + STRUCTS; s++) {
        if (s->ask == NULL)
            continue;
        unsigned char full[MOST_BYTES] = { 0 }, pattern[MOST_BYTES];
        memset(pattern, 0x5a, sizeof pattern);
        memcpy(full, &s->bytes, sizeof s->bytes);
        assert_in_range(s->bytes, sizeof(size_t) + 1, MOST_BYTES - MORE);
        assert_int_equal(s->ask(full), ACTIV_OK);
        for (size_t size = sizeof size; size <= s->bytes + MORE; size++) {
            unsigned char *info = before_page(size, sizeof pattern, pattern);
            const size_t known = size < s->bytes ? size : s->bytes;
            size_t after;
            if (s->ask(info) != ACTIV_OK)
                fail_msg("%s of %zu bytes is refused", s->name, size);
            memcpy(&after, info, sizeof after);
            assert_int_equal(after, size);
            if (memcmp(info + sizeof size, full + sizeof size, known - sizeof size) != 0)
                fail_msg("%s of %zu bytes gets something else", s->name, size);
            for (size_t i = known; i < size; i++)
                if (info[i] != 0)
                    fail_msg("%s of %zu bytes: byte %zu, which is not known, is not 0", s->name, size, i);
        }
        for (size_t size = 0; size < sizeof size; size++) {
            unsigned char *info = before_page(s->bytes, sizeof pattern, pattern);
            memcpy(info, &size, sizeof size);
            if (s->ask(info) != ACTIV_ERROR_INVALID)
                fail_msg("%s with the size %zu is not refused", s->name, size);
        }
    }
    activ_expression_destroy(expression);
}

static const char *abi_path;

/* The baseline has a struct's name in one line, its first field two below. */
static void test_none_is_left_out(void **state)
{
    (void)state;
    char line[4096], name[64] = "";
    size_t found = 0, missing = 0, lines = 0;
    FILE *abi = fopen(abi_path, "r");
    assert_non_null(abi);
    while (fgets(line, sizeof line, abi) != NULL) {
        lines++;
        if (sscanf(line, " <class-decl name='%63[a-z0-9_]' ", name) == 1)
            lines = 0;
        if (lines != 2 || strstr(line, "<var-decl name='size' ") == NULL)
            continue;
        found++;
        int is_tried = 0;
        for (size_t i = 0; i < STRUCTS; i++)
            is_tried |= strcmp(structs[i].name, name) == 0;
        if (!is_tried) {
            print_error("%s is not tried\n", name);
            missing++;
        }
    }
    (void)fclose(abi);
    assert_true(found > 20);
    assert_int_equal(missing, 0);
}

int main(int count, char **arguments)
{
    if (count != 2 || guarded_create(&page, 1000) != 0) {
        (void)fprintf(stderr, "usage: test_structs ABI\n");
        return 2;
    }
    abi_path = arguments[1];
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_options),
        cmocka_unit_test(test_infos),
        cmocka_unit_test(test_none_is_left_out),
    };
    const int failed = cmocka_run_group_tests(tests, make_world, end_world);
    guarded_destroy(&page);
    return failed;
}
