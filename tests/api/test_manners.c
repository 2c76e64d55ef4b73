/* The guest's manners, in every public call: the n-th allocation fails, for each n, with a status, without a leak, and
 * the same call then gives what it gives anywhere; calls that are not said to allocate do not, neither from the context
 * nor from the C library, on one thread or on a pool; the floating-point mode is as it was found.
 *
 * usage: test_manners ABI      ABI: the baseline, activ-x86_64.abi, for the names of all public functions: one that is
 *                              not called here is an error
 *
 * With glibc and without sanitizers malloc and its kin are this program's own, also for the C library, so that all of
 * them are counted and fail. */
#include <errno.h>
#include <fenv.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "activ/activ.h"
#include "graph/zoo.h"
#include "support/memory.h"
#include "support/sanitized.h"

/* ---- the C library's memory ------------------------------------------------------------------------------ */

static atomic_size_t heap_calls; /* of malloc and its kin */
static size_t heap_fail_at;      /* the call that fails; 0: none */

#if defined(__GLIBC__) && !SANITIZED
enum { HEAP_IS_WATCHED = 1 };

void *__libc_malloc(size_t bytes);
void *__libc_calloc(size_t count, size_t bytes);
void *__libc_realloc(void *memory, size_t bytes);
void *__libc_memalign(size_t alignment, size_t bytes);
void __libc_free(void *memory);

static int heap_refuses(void)
{
    if (atomic_fetch_add(&heap_calls, 1) + 1 != heap_fail_at)
        return 0;
    errno = ENOMEM;
    return 1;
}

void *malloc(size_t bytes)
{
    return heap_refuses() ? NULL : __libc_malloc(bytes);
}

void *calloc(size_t count, size_t bytes)
{
    return heap_refuses() ? NULL : __libc_calloc(count, bytes);
}

void *realloc(void *memory, size_t bytes)
{
    return heap_refuses() ? NULL : __libc_realloc(memory, bytes);
}

void *aligned_alloc(size_t alignment, size_t bytes)
{
    return heap_refuses() ? NULL : __libc_memalign(alignment, bytes);
}

int posix_memalign(void **out, size_t alignment, size_t bytes)
{
    void *memory = heap_refuses() ? NULL : __libc_memalign(alignment, bytes);
    if (memory != NULL)
        *out = memory;
    return memory != NULL ? 0 : ENOMEM;
}

void free(void *memory)
{
    __libc_free(memory);
}
#else
enum { HEAP_IS_WATCHED = 0 };
#endif

/* ---- the floating-point mode ------------------------------------------------------------------------------- */

/* All but the flags, which only tell what happened. */
#if defined(__SSE2__)
#    include <xmmintrin.h>
static const uint32_t modes[] = { 0x1f80,          0x1f80 | 0x2000, 0x1f80 | 0x4000,
                                  0x1f80 | 0x6000, 0x1f80 | 0x8040, 0x1f80 | 0xe040 };
static uint32_t get_mode(void)
{
    return _mm_getcsr() & ~0x3fu;
}

static void set_mode(uint32_t mode)
{
    _mm_setcsr(mode);
}
#elif defined(__aarch64__)
static const uint32_t modes[] = { 0, 1u << 22, 2u << 22, 3u << 22, 1u << 24, 1u << 25, 7u << 22 };
static uint32_t get_mode(void)
{
    uint64_t mode;
    __asm__ volatile("mrs %0, fpcr" : "=r"(mode));
    return (uint32_t)mode;
}

static void set_mode(uint32_t mode)
{
    const uint64_t wide = mode;
    __asm__ volatile("msr fpcr, %0" : : "r"(wide));
}
#else
static const uint32_t modes[] = { FE_TONEAREST };
static uint32_t get_mode(void)
{
    return (uint32_t)fegetround();
}

static void set_mode(uint32_t mode)
{
    (void)fesetround((int)mode);
}
#endif
enum { MODES = sizeof modes / sizeof modes[0] };

static uint32_t expected_mode;

/* ---- which functions there are, and which were called -------------------------------------------------------- */

enum { MOST_NAMES = 400, NAME = 64 };
static char names[MOST_NAMES][NAME];
static size_t name_count;
static int was_called[MOST_NAMES];
static const char *last_name = "nothing yet";

static int read_names(const char *path)
{
    char line[4096];
    FILE *file = fopen(path, "r");
    if (file == NULL)
        return 0;
    while (fgets(line, sizeof line, file) != NULL && name_count < MOST_NAMES)
        if (sscanf(line, " <elf-symbol name='%63[a-z0-9_]' ", names[name_count]) == 1)
            name_count++;
    return fclose(file) == 0 && name_count < MOST_NAMES;
}

static void check_mode(void)
{
    const uint32_t mode = get_mode();
    if (mode != expected_mode) {
        set_mode(expected_mode);
        fail_msg("%s left the mode %#x, not %#x", last_name, (unsigned)mode, (unsigned)expected_mode);
    }
}

/* Before each call: a name that the baseline does not have is found at the end. */
static void note(const char *name)
{
    check_mode();
    last_name = name;
    for (size_t i = 0; i < name_count; i++)
        if (strcmp(names[i], name) == 0)
            was_called[i] = 1;
}

#define CALLED(function) (note(#function), function)

/* ---- what is called on --------------------------------------------------------------------------------------- */

/* Memory from a context, the same on a pool, or malloc without a context. */
enum way { LENT, LENT_ON_A_POOL, PLAIN, WAYS };
static const char *const way_names[WAYS] = { "an allocator", "an allocator and a pool", "no context" };

enum { FEW = 300, MANY = 16384, BATCH = ZOO_BATCH, LARGE_BATCH = 400, MOST_FNS = 128 };

static const char first_path[] = "test_manners.first.safetensors", second_path[] = "test_manners.second.safetensors";

typedef struct world {
    enum way way;
    test_memory memory;
    activ_allocator allocator;
    activ_context_options options;
    activ_context *context;
    activ_pool *pool;
    activ_fn *fns[MOST_FNS];
    size_t fn_count;
    activ_fn *staf, *swiglu, *formula;
    activ_graph *graph, *values_graph, *open_graph; /* by labels, by values, and one that is not compiled */
    activ_optimizer *adamw, *values_sgd;
    activ_tensor *tensor, *other;
    activ_histogram *histograms[2];
    activ_stats *stats[2];
    activ_quantiles *quantiles[2];
    activ_neurons *neurons[2];
    activ_graph_neurons *graph_neurons[2];
    activ_safetensors *file;
    size_t n, batch;
    uint64_t digest; /* of what a group of calls gave */
} world;

static float x[MANY], gate[MANY], dy[MANY], y[MANY], dx[MANY], noise[MANY], dparams[4096];
static float samples[LARGE_BATCH * ZOO_IN], targets[LARGE_BATCH * ZOO_CLASSES], outputs[LARGE_BATCH * ZOO_CLASSES];
static float sample_grads[LARGE_BATCH * ZOO_IN];
static int32_t labels[LARGE_BATCH];
static unsigned char workspace[1 << 20];

static void take(world *w, size_t bytes, const void *data)
{
    for (size_t i = 0; i < bytes; i++)
        w->digest = (w->digest ^ ((const unsigned char *)data)[i]) * UINT64_C(0x100000001b3);
}

static void take_number(world *w, uint64_t number)
{
    take(w, sizeof number, &number);
}

static void take_text(world *w, const char *text)
{
    if (text != NULL)
        take(w, strlen(text) + 1, text);
}

#define THEN(call)              \
    do {                        \
        if (status == ACTIV_OK) \
            status = (call);    \
    } while (0)

static void custom_forward(void *user, const float *params, size_t n, const float *from, float *to)
{
    (void)user;
    for (size_t i = 0; i < n; i++)
        to[i] = params[0] * from[i];
}

static void custom_backward(void *user, const float *params, size_t n, const float *from, const float *by, float *to,
                            double *sums)
{
    (void)user;
    for (size_t i = 0; i < n; i++) {
        const float g = by[i];
        if (sums != NULL)
            sums[0] += (double)g * (double)from[i];
        if (to != NULL)
            to[i] = params[0] * g;
    }
}

static void custom_init(void *user, uint64_t seed, float *params)
{
    (void)user;
    (void)seed;
    params[0] = 0.5f;
}

static const activ_fn_callbacks callbacks = { sizeof callbacks, custom_forward, custom_backward, custom_init, 1 };

/* ---- calls that allocate --------------------------------------------------------------------------------------- */

/* Each gives a status, keeps nothing that it made, and adds to the digest what it found. */

static activ_status make_contexts(world *w)
{
    activ_context *context = NULL;
    activ_message message;
    activ_status status = CALLED(activ_context_create)(&w->options, &context);
    take_text(w, CALLED(activ_context_tier)(context));
    CALLED(activ_context_destroy)(context);
    context = NULL;
    THEN(CALLED(activ_context_create_ex)(&w->options, &context, &message));
    activ_context_destroy(context);
    return status;
}

static activ_status make_pools(world *w)
{
    activ_pool *pool = NULL, *second = NULL;
    activ_message message;
    activ_status status = CALLED(activ_pool_create)(w->context, 3, &pool);
    THEN(CALLED(activ_pool_create_ex)(w->context, 2, &second, &message));
    if (status == ACTIV_OK)
        take_number(w, (uint64_t)CALLED(activ_pool_executor)(pool)->num_threads);
    CALLED(activ_pool_destroy)(pool);
    activ_pool_destroy(second);
    return status;
}

static activ_status make_functions(world *w)
{
    static const char *const specs[] = { "gelu",
                                         "staf(tau=3)",
                                         "moe(relu, prelu(weight=0.1), tanh)",
                                         "swiglu",
                                         "gated(elu(alpha=0.5))",
                                         "prelu(num_parameters=300)",
                                         "a*x*sigmoid(b*x) + leaky_relu(x, negative_slope=c); a=1, b=1.702, c=0.5" };
    activ_status status = ACTIV_OK;
    for (size_t i = 0; status == ACTIV_OK && i < sizeof specs / sizeof specs[0]; i++) {
        activ_fn *fn = NULL, *second = NULL;
        activ_message message;
        status = CALLED(activ_fn_create)(w->context, specs[i], &fn);
        THEN(CALLED(activ_fn_create_ex)(w->context, specs[i], &second, &message));
        if (status == ACTIV_OK) {
            take_text(w, activ_fn_spec(second));
            THEN(activ_fn_param_init(fn, 3, dparams));
            take(w, activ_fn_param_count(fn) * sizeof *dparams, dparams);
        }
        CALLED(activ_fn_destroy)(fn);
        activ_fn_destroy(second);
    }
    return status;
}

static activ_status make_derivatives(world *w)
{
    static const char *const specs[] = { "mish", "staf(tau=3)", "sum(i, 1, 9, a[i]*sin(i*x)); a[9]=0.25" };
    activ_status status = ACTIV_OK;
    for (size_t i = 0; status == ACTIV_OK && i < sizeof specs / sizeof specs[0]; i++) {
        activ_fn *fn = NULL, *first = NULL, *second = NULL;
        activ_message message;
        status = activ_fn_create(w->context, specs[i], &fn);
        THEN(CALLED(activ_fn_derivative)(fn, &first));
        THEN(CALLED(activ_fn_derivative_ex)(first, &second, &message));
        if (status == ACTIV_OK) {
            take_text(w, activ_fn_spec(second));
            THEN(activ_forward(second, NULL, FEW, x, y));
            take(w, FEW * sizeof *y, y);
        }
        activ_fn_destroy(fn);
        activ_fn_destroy(first);
        activ_fn_destroy(second);
    }
    return status;
}

static activ_status make_expressions(world *w)
{
    static const char *const specs[] = { "mish", "a*x*sigmoid(b*x) + x; a=1, b=1.702", "derivative(x*tanh(exp(x)))" };
    activ_status status = ACTIV_OK;
    for (size_t i = 0; status == ACTIV_OK && i < sizeof specs / sizeof specs[0]; i++) {
        activ_fn *fn = NULL;
        activ_expression *e = NULL;
        activ_message message;
        status = activ_fn_create(w->context, specs[i], &fn);
        THEN(CALLED(activ_expression_create)(fn, &e, &message));
        for (size_t k = 0; k < CALLED(activ_expression_count)(e); k++) {
            activ_operation_info info = ACTIV_OPERATION_INFO_INIT;
            THEN(CALLED(activ_expression_operation)(e, k, &info));
            take_text(w, info.name);
        }
        if (status == ACTIV_OK) {
            take_number(w, CALLED(activ_expression_value)(e));
            take_number(w, CALLED(activ_expression_derivative)(e));
            take_number(w, CALLED(activ_expression_gradient)(e, 0));
        }
        CALLED(activ_expression_destroy)(e);
        activ_fn_destroy(fn);
    }
    return status;
}

static activ_status make_custom_functions(world *w)
{
    activ_fn *fn = NULL, *second = NULL;
    activ_message message;
    activ_status status = CALLED(activ_fn_create_custom)(w->context, "mine", &callbacks, NULL, &fn);
    THEN(CALLED(activ_fn_create_custom_ex)(w->context, "mine", &callbacks, NULL, &second, &message));
    THEN(activ_forward(second, NULL, FEW, x, y));
    if (status == ACTIV_OK)
        take(w, FEW * sizeof *y, y);
    activ_fn_destroy(fn);
    activ_fn_destroy(second);
    return status;
}

/* All builders in one network, of three ends. A graph that ran out of memory stays failed, with words. */
static activ_status build_graph(world *w, int end)
{
    static const float class_weights[4] = { 1.0f, 2.0f, 0.5f, 1.0f };
    const size_t shape[2] = { 3, 4 };
    activ_graph *g = NULL;
    activ_status status = CALLED(activ_graph_create)(w->context, &g);
    if (status != ACTIV_OK)
        return status;
    activ_node in = end == 0 ? CALLED(activ_graph_input)(g, 12) : CALLED(activ_graph_input_shape)(g, 2, shape);
    activ_node first = CALLED(activ_graph_apply)(g, in, w->staf);
    activ_node a = CALLED(activ_graph_add)(g, first, in);
    a = CALLED(activ_graph_multiply)(g, a, CALLED(activ_graph_batch_norm)(g, in, NULL));
    a = CALLED(activ_graph_concat)(g, a, in, 0);
    a = CALLED(activ_graph_layer_norm)(g, a, -1, NULL);
    a = CALLED(activ_graph_flatten)(g, a);
    a = CALLED(activ_graph_linear)(g, a, 8);
    activ_node b = CALLED(activ_graph_linear_without_bias)(g, a, 8);
    a = CALLED(activ_graph_gated)(g, a, b, w->swiglu);
    a = CALLED(activ_graph_gated_split)(g, a, w->swiglu, ACTIV_GATE_FIRST);
    a = CALLED(activ_graph_concat_many)(g, 3, (activ_node[]){ a, b, a }, -1);
    a = CALLED(activ_graph_apply_shared)(g, a, first);
    a = CALLED(activ_graph_dropout)(g, a, 0.25f);
    a = activ_graph_apply(g, a, w->formula);
    a = activ_graph_linear(g, a, 4);
    (void)CALLED(activ_graph_set_name)(g, a, "head");
    activ_cross_entropy_options loss = ACTIV_CROSS_ENTROPY_DEFAULTS;
    loss.weight = class_weights;
    activ_compile_options compile = ACTIV_COMPILE_DEFAULTS;
    compile.max_batch = 8;
    compile.keep_values = end == 1;
    (void)(end == 0   ? CALLED(activ_graph_cross_entropy)(g, a)
           : end == 1 ? CALLED(activ_graph_mse)(g, a)
                      : CALLED(activ_graph_cross_entropy_ex)(g, a, &loss));
    const size_t bytes = CALLED(activ_graph_memory_bytes_ex)(g, &compile);
    activ_message message = { "" };
    status = end == 0 ? CALLED(activ_graph_compile)(g, 8) : CALLED(activ_graph_compile_ex)(g, &compile, &message);
    if (status == ACTIV_OK && bytes == 0)
        status = ACTIV_ERROR_OUT_OF_MEMORY; /* then memory_bytes_ex had none */
    if ((status != ACTIV_OK || bytes == 0) && activ_graph_error(g)[0] == '\0')
        status = ACTIV_ERROR_STATE; /* it has to say why */
    if (status == ACTIV_OK) {
        take_number(w, bytes);
        take_number(w, (uint64_t)activ_graph_find_node(g, "head"));
        take_number(w, activ_graph_param_count(g));
    }
    CALLED(activ_graph_destroy)(g);
    return status;
}

static activ_status make_graphs(world *w)
{
    activ_status status = build_graph(w, 0);
    THEN(build_graph(w, 1));
    THEN(build_graph(w, 2));
    return status;
}

/* A graph for which there was no memory is compiled when there is some. */
static activ_status compile_again(world *w)
{
    const size_t bytes = CALLED(activ_graph_memory_bytes)(w->open_graph, 8);
    if (bytes == 0)
        return ACTIV_ERROR_OUT_OF_MEMORY;
    activ_status status = activ_graph_compile(w->open_graph, 8);
    if (status == ACTIV_OK)
        take_number(w, bytes);
    return status;
}

static activ_status draw_weights(world *w)
{
    activ_status status = ACTIV_OK;
    for (int32_t scheme = ACTIV_INIT_DEFAULT; scheme <= ACTIV_INIT_ORTHOGONAL; scheme++) {
        const size_t shape[2] = { 6, 4 };
        THEN(CALLED(activ_graph_init_weights)(w->graph, scheme, 1.0f, 5));
        THEN(CALLED(activ_init_tensor)(w->context, scheme, 1.0f, 2, shape, 1, 2, y, NULL));
        if (status != ACTIV_OK)
            break;
        take(w, activ_graph_param_count(w->graph) * sizeof(float), activ_graph_params(w->graph));
        take(w, 24 * sizeof *y, y);
    }
    return status;
}

static activ_status make_optimizers(world *w)
{
    activ_optimizer *made[3] = { NULL };
    activ_sgd_options sgd = ACTIV_SGD_DEFAULTS;
    sgd.momentum = 0.5f;
    activ_status status = CALLED(activ_sgd_create)(w->graph, &sgd, &made[0]);
    THEN(CALLED(activ_adamw_create)(w->graph, NULL, &made[1]));
    THEN(CALLED(activ_rmsprop_create)(w->graph, NULL, &made[2]));
    for (size_t i = 0; i < 3; i++) {
        take_number(w, made[i] != NULL);
        CALLED(activ_optimizer_destroy)(made[i]);
    }
    return status;
}

static activ_status make_tensors(world *w)
{
    const size_t shape[2] = { 4, 6 }, flat[1] = { 24 };
    activ_tensor *t[6] = { NULL }, *shifted[2] = { NULL };
    activ_message message;
    activ_status status = CALLED(activ_tensor_create)(w->context, ACTIV_FLOAT32, 2, shape, &t[0], &message);
    THEN(CALLED(activ_tensor_view)(w->context, ACTIV_FLOAT32, 2, shape, NULL, y, &t[1], &message));
    THEN(CALLED(activ_tensor_view_const)(w->context, ACTIV_FLOAT32, 2, shape, NULL, x, &t[2], &message));
    THEN(CALLED(activ_tensor_reshape)(t[0], 1, flat, &t[3], &message));
    THEN(CALLED(activ_tensor_narrow)(t[0], 1, 2, 3, &t[4], &message));
    THEN(CALLED(activ_tensor_transpose)(t[0], 0, 1, &t[5], &message));
    /* Overlapping: the copy takes memory for a while. */
    THEN(activ_tensor_copy(t[2], t[1], &message));
    THEN(activ_tensor_narrow(t[1], 1, 0, 5, &shifted[0], &message));
    THEN(activ_tensor_narrow(t[1], 1, 1, 5, &shifted[1], &message));
    THEN(CALLED(activ_tensor_copy)(shifted[0], shifted[1], &message));
    if (status == ACTIV_OK)
        take(w, 24 * sizeof *y, y);
    for (size_t i = 0; i < 6; i++)
        CALLED(activ_tensor_destroy)(t[i]);
    activ_tensor_destroy(shifted[0]);
    activ_tensor_destroy(shifted[1]);
    return status;
}

/* As far as this program looks: who gives them back. The rest of each is seen by the test dlpack. */
struct DLManagedTensor {
    void *fields[7];
    void (*deleter)(struct DLManagedTensor *self);
};
struct DLManagedTensorVersioned {
    uint32_t version[2];
    void *context;
    void (*deleter)(struct DLManagedTensorVersioned *self);
};

static activ_status share_tensors(world *w)
{
    struct DLManagedTensor *legacy = NULL;
    struct DLManagedTensorVersioned *versioned = NULL;
    activ_tensor *t[2] = { NULL };
    activ_message message;
    activ_status status = CALLED(activ_tensor_to_dlpack)(w->tensor, &legacy, &message);
    THEN(CALLED(activ_tensor_to_dlpack_versioned)(w->tensor, &versioned, &message));
    THEN(CALLED(activ_tensor_from_dlpack)(w->context, legacy, &t[0], &message));
    THEN(CALLED(activ_tensor_from_dlpack_versioned)(w->context, versioned, &t[1], &message));
    if (t[0] == NULL && legacy != NULL)
        legacy->deleter(legacy);
    if (t[1] == NULL && versioned != NULL)
        versioned->deleter(versioned);
    for (size_t i = 0; i < 2; i++) {
        take_number(w, activ_tensor_count(t[i]));
        activ_tensor_destroy(t[i]);
    }
    return status;
}

static activ_status make_accumulators(world *w)
{
    activ_histogram *histogram = NULL, *automatic = NULL;
    activ_stats *stats = NULL;
    activ_quantiles *quantiles = NULL;
    activ_neurons *neurons = NULL;
    activ_graph_neurons *all = NULL;
    activ_message message;
    activ_status status = CALLED(activ_histogram_create)(w->context, 10, -1.0, 1.0, &histogram, &message);
    THEN(CALLED(activ_histogram_create_auto)(w->context, FEW, x, 50, &automatic, &message));
    THEN(CALLED(activ_stats_create)(w->context, &stats));
    THEN(CALLED(activ_quantiles_create)(w->context, 3, &quantiles));
    THEN(CALLED(activ_neurons_create)(w->context, 5, NULL, &neurons));
    THEN(CALLED(activ_graph_neurons_create)(w->graph, NULL, &all));
    if (status == ACTIV_OK) {
        activ_histogram_info info = ACTIV_HISTOGRAM_INFO_INIT;
        status = activ_histogram_get(automatic, &info);
        take_number(w, info.bins);
        take_number(w, activ_graph_neurons_count(all));
    }
    CALLED(activ_histogram_destroy)(histogram);
    activ_histogram_destroy(automatic);
    CALLED(activ_stats_destroy)(stats);
    CALLED(activ_quantiles_destroy)(quantiles);
    CALLED(activ_neurons_destroy)(neurons);
    CALLED(activ_graph_neurons_destroy)(all);
    return status;
}

/* One each, as what a later one lacks would let the earlier write again, and files take time. */
static activ_status save_network(world *w)
{
    return CALLED(activ_checkpoint_save)(w->graph, second_path, NULL);
}

static activ_status save_params(world *w)
{
    static const activ_tensor_name rules[] = { { "layers.", "old." } };
    return CALLED(activ_checkpoint_save_params)(w->graph, second_path, 1, rules, NULL);
}

static activ_status save_training(world *w)
{
    return CALLED(activ_checkpoint_save_training)(w->graph, w->adamw, second_path, NULL);
}

static activ_status save_tensors(world *w)
{
    static const char *const tensor_names[] = { "one", "two" };
    const activ_tensor *const tensors[] = { w->tensor, w->other };
    const activ_safetensors_text text = { "key", "value" };
    return CALLED(activ_safetensors_save)(w->context, second_path, 2, tensor_names, tensors, 1, &text, NULL);
}

static activ_status load_network(world *w)
{
    activ_graph *loaded = NULL;
    activ_optimizer *optimizer = NULL;
    activ_message message;
    activ_load_options options = ACTIV_LOAD_DEFAULTS;
    activ_status status = CALLED(activ_checkpoint_load)(w->context, first_path, 2, &loaded, &message);
    if (status == ACTIV_OK)
        take(w, activ_graph_param_count(loaded) * sizeof(float), activ_graph_params(loaded));
    activ_graph_destroy(loaded);
    THEN(CALLED(activ_checkpoint_load_params)(w->graph, first_path, &message));
    THEN(CALLED(activ_checkpoint_load_params_ex)(w->graph, first_path, &options, &message));
    THEN(CALLED(activ_checkpoint_load_training)(w->graph, first_path, &optimizer, &message));
    take_number(w, activ_optimizer_steps(optimizer));
    activ_optimizer_destroy(optimizer);
    if (status == ACTIV_OK)
        take(w, activ_graph_param_count(w->graph) * sizeof(float), activ_graph_params(w->graph));
    return status;
}

static activ_status open_files(world *w)
{
    static const char header[] = "{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]}}   ";
    unsigned char bytes[8 + sizeof header - 1 + 8] = { sizeof header - 1 };
    activ_safetensors *file = NULL, *copy = NULL;
    activ_message message;
    activ_status status = CALLED(activ_safetensors_open)(w->context, first_path, &file, &message);
    take_number(w, activ_safetensors_count(file));
    CALLED(activ_safetensors_close)(file);
    memcpy(bytes + 8, header, sizeof header - 1);
    THEN(CALLED(activ_safetensors_open_memory)(w->context, bytes, sizeof bytes, &copy, &message));
    take_number(w, activ_safetensors_count(copy));
    activ_safetensors_close(copy);
    return status;
}

typedef struct group {
    const char *name;
    activ_status (*run)(world *w);
    int starts_threads; /* for which the C library takes memory, too */
} group;

static const group allocating[] = {
    { "contexts", make_contexts, 0 },
    { "pools", make_pools, 1 },
    { "functions", make_functions, 0 },
    { "derivatives", make_derivatives, 0 },
    { "expressions", make_expressions, 0 },
    { "custom functions", make_custom_functions, 0 },
    { "graphs", make_graphs, 0 },
    { "compiling again", compile_again, 0 },
    { "initial values", draw_weights, 0 },
    { "optimizers", make_optimizers, 0 },
    { "tensors", make_tensors, 0 },
    { "tensors shared", share_tensors, 0 },
    { "accumulators", make_accumulators, 0 },
    { "a network saved", save_network, 0 },
    { "parameters saved", save_params, 0 },
    { "training saved", save_training, 0 },
    { "loading", load_network, 0 },
    { "tensors saved", save_tensors, 0 },
    { "files opened", open_files, 0 },
};
enum { ALLOCATING = sizeof allocating / sizeof allocating[0] };

/* ---- calls that do not ------------------------------------------------------------------------------------------- */

static activ_status ask_library(world *w)
{
    uint32_t order[100];
    static uint16_t halves[FEW];
    static double doubles[FEW];
    activ_fn_info info = ACTIV_FN_INFO_INIT;
    activ_status status = ACTIV_OK;
    for (size_t i = 0; status == ACTIV_OK && CALLED(activ_fn_catalog)(i, &info) == ACTIV_OK; i++)
        if (CALLED(activ_fn_default)(info.name) == NULL)
            status = ACTIV_ERROR_STATE;
    take_text(w, CALLED(activ_status_string)(ACTIV_ERROR_IO));
    take_text(w, CALLED(activ_tier)());
    take_text(w, CALLED(activ_tier_at)(0));
    take_text(w, CALLED(activ_max_tier)());
    take_text(w, CALLED(activ_version_string)());
    take_number(w, CALLED(activ_version_number)());
    take_number(w, CALLED(activ_dtype_size)(ACTIV_FLOAT32));
    take_number(w, CALLED(activ_init_gain)(ACTIV_INIT_KAIMING_NORMAL) > 1.0f);
    take_number(w, CALLED(activ_random_bits)(1, 2, 3));
    take_number(w, CALLED(activ_histogram_bins)(1000, 0.0, 1.0, 0.25, 0.75, 100));
    THEN(CALLED(activ_random_uniform)(1, 2, 3, FEW, 0.0f, 1.0f, y));
    THEN(CALLED(activ_random_normal)(1, 2, 3, FEW, 0.0f, 1.0f, y));
    THEN(CALLED(activ_random_permutation)(1, 2, 100, order));
    THEN(CALLED(activ_convert)(FEW, ACTIV_FLOAT32, y, ACTIV_BFLOAT16, halves));
    THEN(activ_convert(FEW, ACTIV_BFLOAT16, halves, ACTIV_FLOAT64, doubles));
    THEN(activ_convert(FEW, ACTIV_FLOAT64, doubles, ACTIV_FLOAT16, halves));
    take_number(w, CALLED(activ_lr_step)(0.1f, 5, 0.5f, 7) < 1.0f);
    take_number(w, CALLED(activ_lr_cosine)(0.1f, 5, 0.01f, 3) < 1.0f);
    take_number(w, CALLED(activ_lr_warmup)(0.1f, 0.5f, 7, 3) < 1.0f);
    take_number(w, CALLED(activ_lr_warmup_cosine)(0.1f, 0.5f, 2, 7, 0.01f, 3) < 1.0f);
    return status;
}

static activ_status ask_function(world *w, const activ_fn *fn)
{
    activ_fn_info info = ACTIV_FN_INFO_INIT;
    activ_setting_info setting = ACTIV_SETTING_INFO_INIT;
    activ_fn_tensor_info tensor = ACTIV_FN_TENSOR_INFO_INIT;
    activ_status status = CALLED(activ_fn_info_of)(fn, &info);
    take_text(w, CALLED(activ_fn_spec)(fn));
    take_number(w, CALLED(activ_fn_param_count)(fn));
    take_number(w, CALLED(activ_fn_channels)(fn));
    take_number(w, (uint64_t)CALLED(activ_fn_is_random)(fn));
    for (size_t i = 0; i < CALLED(activ_fn_setting_count)(fn); i++)
        THEN(CALLED(activ_fn_setting_info)(fn, i, &setting));
    for (size_t i = 0; i < CALLED(activ_fn_function_count)(fn); i++)
        take_text(w, activ_fn_spec(CALLED(activ_fn_function)(fn, i)));
    for (size_t i = 0; i < CALLED(activ_fn_param_tensor_count)(fn); i++)
        THEN(CALLED(activ_fn_param_tensor_info)(fn, i, &tensor));
    THEN(CALLED(activ_fn_param_init)(fn, 1, dparams));
    return status;
}

/* Every call that its shape has; parameters once given, once NULL. */
static activ_status use_function(world *w, const activ_fn *fn)
{
    activ_fn_info info = ACTIV_FN_INFO_INIT;
    activ_status status = activ_fn_info_of(fn, &info);
    const size_t channels = activ_fn_channels(fn), columns = 12, rows = w->n / columns / channels * channels;
    const size_t n = rows * columns;
    static float params[4096];
    activ_forward_args forward = ACTIV_FORWARD_ARGS_DEFAULTS;
    activ_backward_args backward = ACTIV_BACKWARD_ARGS_DEFAULTS;
    THEN(activ_fn_param_init(fn, 1, params));
    forward.params = backward.params = params;
    forward.rows = backward.rows = rows;
    forward.columns = backward.columns = columns;
    forward.channels = backward.channels = channels;
    forward.x = backward.x = x;
    forward.x_stride = forward.y_stride = forward.gate_stride = columns;
    backward.x_stride = backward.gate_stride = backward.dy_stride = backward.dx_stride = columns;
    forward.y = y;
    backward.dy = dy;
    backward.dx = dx;
    backward.dparams = dparams;
    if (info.shape == ACTIV_SHAPE_GATED) {
        forward.gate = backward.gate = gate;
        THEN(CALLED(activ_forward_gated)(fn, NULL, rows, columns, x, columns, gate, columns, y, columns));
        THEN(CALLED(activ_backward_gated)(fn, NULL, rows, columns, x, columns, gate, columns, dy, columns, dx, columns,
                                          noise, columns, dparams));
    } else if (channels > 1) {
        THEN(CALLED(activ_forward_channels)(fn, params, rows / channels, channels, columns, x, y));
        THEN(CALLED(activ_backward_channels)(fn, NULL, rows / channels, channels, columns, x, dy, dx, dparams));
    } else {
        THEN(CALLED(activ_forward_rows)(fn, params, rows, columns, x, columns, y, columns));
        THEN(CALLED(activ_backward_rows)(fn, NULL, rows, columns, x, columns, dy, columns, dx, columns, dparams));
    }
    if (info.shape == ACTIV_SHAPE_ELEMENTWISE && channels == 1) {
        THEN(CALLED(activ_forward)(fn, NULL, n, x, y));
        THEN(CALLED(activ_backward)(fn, params, n, x, dy, dx, dparams));
        THEN(CALLED(activ_forward_train)(fn, NULL, 1, 2, 3, n, x, y, noise));
        THEN(CALLED(activ_backward_train)(fn, NULL, n, x, noise, dy, dx, dparams));
        THEN(activ_forward_channels(fn, NULL, 1, 1, n, x, y));
        THEN(CALLED(activ_surface)(fn, NULL, 20, -1.0f, 1.0f, y, y + 20, y + 40, y + 60, dx, NULL));
    }
    THEN(CALLED(activ_forward_ex)(fn, &forward, NULL));
    THEN(CALLED(activ_backward_ex)(fn, &backward, NULL));
    return status;
}

/* The same of 16 bits. Rows as long as all of x are longer than what is widened at once. */
static activ_status use_halves(world *w, const activ_fn *fn, activ_dtype dtype)
{
    static uint16_t in[3][MANY], out[2][MANY];
    activ_fn_info info = ACTIV_FN_INFO_INIT;
    activ_status status = activ_fn_info_of(fn, &info);
    const size_t n = w->n / 12 * 12;
    THEN(activ_convert(n, ACTIV_FLOAT32, x, dtype, in[0]));
    THEN(activ_convert(n, ACTIV_FLOAT32, dy, dtype, in[1]));
    THEN(activ_convert(n, ACTIV_FLOAT32, gate, dtype, in[2]));
    for (size_t columns = 12; columns <= n; columns *= n / 12) {
        const size_t rows = n / columns, c = columns;
        if (info.shape == ACTIV_SHAPE_GATED) {
            THEN(CALLED(activ_forward_gated_as)(fn, NULL, dtype, rows, c, in[0], c, in[2], c, out[0], c));
            THEN(CALLED(activ_backward_gated_as)(fn, NULL, dtype, rows, c, in[0], c, in[2], c, in[1], c, out[0], c,
                                                 out[1], c, dparams));
        } else {
            THEN(CALLED(activ_forward_rows_as)(fn, NULL, dtype, rows, c, in[0], c, out[0], c));
            THEN(CALLED(activ_backward_rows_as)(fn, NULL, dtype, rows, c, in[0], c, in[1], c, out[0], c, dparams));
        }
    }
    if (info.shape == ACTIV_SHAPE_ELEMENTWISE) {
        THEN(CALLED(activ_forward_as)(fn, NULL, dtype, n, in[0], out[0]));
        THEN(CALLED(activ_backward_as)(fn, NULL, dtype, n, in[0], in[1], out[0], dparams));
    }
    return status;
}

static activ_status use_functions(world *w)
{
    activ_status status = ACTIV_OK;
    for (size_t i = 0; i < w->fn_count; i++) {
        THEN(ask_function(w, w->fns[i]));
        THEN(use_function(w, w->fns[i]));
        if (activ_fn_channels(w->fns[i]) <= 1) {
            THEN(use_halves(w, w->fns[i], ACTIV_FLOAT16));
            THEN(use_halves(w, w->fns[i], ACTIV_BFLOAT16));
        }
        if (status != ACTIV_OK) {
            print_error("%s\n", activ_fn_spec(w->fns[i]));
            return status;
        }
    }
    return status;
}

static activ_status run_graphs(world *w)
{
    const size_t b = w->batch;
    float loss, norm;
    size_t correct;
    activ_optimizer_tensor_options tensor = ACTIV_OPTIMIZER_TENSOR_DEFAULTS;
    activ_graph *g = w->graph, *v = w->values_graph;
    activ_status status = CALLED(activ_graph_init)(g, 7);
    THEN(activ_graph_init(v, 7));
    for (int step = 0; step < 2; step++) {
        THEN(CALLED(activ_graph_train)(g, b, samples, labels, &loss));
        THEN(CALLED(activ_graph_clip_grad_norm)(g, 1.0f, &norm));
        THEN(CALLED(activ_graph_clip_grad_value)(g, 0.5f));
        THEN(CALLED(activ_optimizer_step)(w->adamw));
        THEN(CALLED(activ_graph_train_values)(v, b, samples, targets, &loss));
        THEN(CALLED(activ_graph_step)(g, w->adamw, b, samples, labels, &loss));
        THEN(CALLED(activ_graph_step_values)(v, w->values_sgd, b, samples, targets, &loss));
    }
    THEN(CALLED(activ_graph_forward_train)(v, b, samples, outputs));
    THEN(CALLED(activ_graph_backward)(v, b, targets, sample_grads));
    THEN(CALLED(activ_graph_evaluate)(g, b, samples, labels, &loss, &correct));
    THEN(CALLED(activ_graph_evaluate_values)(v, b, samples, targets, &loss));
    THEN(CALLED(activ_graph_forward)(g, b, samples, outputs));
    THEN(CALLED(activ_graph_predict)(g, workspace, sizeof workspace, b, samples, outputs));
    THEN(CALLED(activ_graph_predict_ex)(v, workspace, sizeof workspace, b, samples, outputs, NULL));
    THEN(CALLED(activ_optimizer_set_lr)(w->adamw, 0.002f));
    THEN(CALLED(activ_optimizer_set_tensor_options)(w->adamw, 0, &tensor));
    THEN(CALLED(activ_optimizer_get_tensor_options)(w->adamw, 0, &tensor));
    THEN(CALLED(activ_optimizer_decay_weights_only)(w->adamw));
    take_number(w, CALLED(activ_optimizer_lr)(w->adamw) > 0.0f);
    take_number(w, CALLED(activ_optimizer_steps)(w->adamw));
    for (size_t i = 0; i < 2; i++) {
        THEN(CALLED(activ_graph_neurons_add)(w->graph_neurons[i]));
        take_number(w, (uint64_t)CALLED(activ_graph_neurons_node)(w->graph_neurons[i], 0));
        take_number(w, CALLED(activ_graph_neurons_count)(w->graph_neurons[i]));
        take_number(w, CALLED(activ_graph_neurons_at)(w->graph_neurons[i], 0) != NULL);
    }
    THEN(CALLED(activ_graph_neurons_merge)(w->graph_neurons[0], w->graph_neurons[1]));
    THEN(CALLED(activ_graph_neurons_reset)(w->graph_neurons[1]));
    return status;
}

static activ_status ask_graph(world *w)
{
    activ_graph *g = w->graph;
    activ_status status = ACTIV_OK;
    activ_node_info node = ACTIV_NODE_INFO_INIT;
    activ_layer_view view = ACTIV_LAYER_VIEW_INIT;
    activ_graph_tensor_info tensor = ACTIV_GRAPH_TENSOR_INFO_INIT;
    for (activ_node i = 0; (size_t)i < CALLED(activ_graph_node_count)(g); i++) {
        THEN(CALLED(activ_graph_node_info)(g, i, &node));
        THEN(CALLED(activ_graph_layer_view)(g, i, &view));
        take_number(w, CALLED(activ_graph_node_fn)(g, i) != NULL);
        take_number(w, CALLED(activ_graph_values)(g, i) != NULL);
        take_number(w, CALLED(activ_graph_value_grads)(g, i) != NULL);
    }
    for (size_t i = 0; i < CALLED(activ_graph_param_tensor_count)(g); i++)
        THEN(CALLED(activ_graph_param_tensor_info)(g, i, &tensor));
    for (size_t i = 0; i < CALLED(activ_graph_buffer_tensor_count)(g); i++)
        THEN(CALLED(activ_graph_buffer_tensor_info)(g, i, &tensor));
    take_number(w, (uint64_t)CALLED(activ_graph_input_node)(g));
    take_number(w, (uint64_t)CALLED(activ_graph_output_node)(g));
    take_number(w, (uint64_t)CALLED(activ_graph_loss_node)(g));
    take_number(w, (uint64_t)CALLED(activ_graph_find_node)(g, "input"));
    take_number(w, CALLED(activ_graph_seed)(g));
    take_number(w, CALLED(activ_graph_param_count)(g));
    take_number(w, CALLED(activ_graph_buffer_count)(g));
    take_number(w, CALLED(activ_graph_params)(g) != NULL);
    take_number(w, CALLED(activ_graph_grads)(g) != NULL);
    take_number(w, CALLED(activ_graph_buffers)(g) != NULL);
    take_number(w, CALLED(activ_graph_max_batch)(g));
    take_number(w, CALLED(activ_graph_workspace_bytes)(g, 3));
    take_number(w, activ_graph_memory_bytes(g, 0));
    take_text(w, CALLED(activ_graph_error)(g));
    return status;
}

static activ_status ask_tensors(world *w)
{
    activ_safetensors_entry entry = ACTIV_SAFETENSORS_ENTRY_INIT;
    const activ_tensor *t = w->tensor;
    activ_status status = activ_tensor_copy(w->tensor, w->other, NULL);
    take_number(w, (uint64_t)CALLED(activ_tensor_dtype)(t));
    take_number(w, CALLED(activ_tensor_ndim)(t));
    take_number(w, CALLED(activ_tensor_shape)(t)[0]);
    take_number(w, CALLED(activ_tensor_strides)(t)[0]);
    take_number(w, CALLED(activ_tensor_count)(t));
    take_number(w, (uint64_t)CALLED(activ_tensor_is_contiguous)(t));
    take_number(w, (uint64_t)CALLED(activ_tensor_is_read_only)(t));
    take_number(w, CALLED(activ_tensor_const_data)(t) != NULL);
    take_number(w, CALLED(activ_tensor_data)(w->tensor) != NULL);
    for (size_t i = 0; i < CALLED(activ_safetensors_count)(w->file); i++) {
        THEN(CALLED(activ_safetensors_at)(w->file, i, &entry));
        THEN(CALLED(activ_safetensors_find)(w->file, entry.name, &entry));
    }
    take_text(w, CALLED(activ_safetensors_metadata_key)(w->file, 0));
    take_text(w, CALLED(activ_safetensors_metadata)(w->file, "activ.network"));
    return status;
}

static activ_status feed_accumulators(world *w)
{
    activ_histogram_info histogram = ACTIV_HISTOGRAM_INFO_INIT;
    activ_stats_info stats = ACTIV_STATS_INFO_INIT;
    activ_neurons_info neurons = ACTIV_NEURONS_INFO_INIT;
    const double half = 0.5;
    float median;
    size_t indices[5], count;
    activ_status status = ACTIV_OK;
    for (size_t i = 0; i < 2; i++) {
        THEN(CALLED(activ_histogram_add)(w->histograms[i], w->n, x));
        THEN(CALLED(activ_stats_add)(w->stats[i], w->n, x));
        THEN(CALLED(activ_quantiles_add)(w->quantiles[i], w->n, x));
        THEN(CALLED(activ_neurons_add)(w->neurons[i], w->n / 5, x, 5));
    }
    THEN(CALLED(activ_histogram_merge)(w->histograms[0], w->histograms[1]));
    THEN(CALLED(activ_stats_merge)(w->stats[0], w->stats[1]));
    THEN(CALLED(activ_quantiles_merge)(w->quantiles[0], w->quantiles[1]));
    THEN(CALLED(activ_neurons_merge)(w->neurons[0], w->neurons[1]));
    THEN(CALLED(activ_histogram_get)(w->histograms[0], &histogram));
    THEN(CALLED(activ_stats_get)(w->stats[0], &stats));
    THEN(CALLED(activ_quantiles_get)(w->quantiles[0], 1, &half, &median));
    take_number(w, CALLED(activ_quantiles_count)(w->quantiles[0]));
    take_number(w, CALLED(activ_quantiles_nans)(w->quantiles[0]));
    THEN(CALLED(activ_neurons_get)(w->neurons[0], &neurons));
    THEN(CALLED(activ_neurons_dead)(w->neurons[0], 5, indices, &count));
    THEN(CALLED(activ_neurons_quiet)(w->neurons[0], 0.5f, 5, indices, &count));
    THEN(CALLED(activ_neurons_rarely_active)(w->neurons[0], 0.5, 5, indices, &count));
    THEN(CALLED(activ_histogram_reset)(w->histograms[0]));
    THEN(CALLED(activ_stats_reset)(w->stats[0]));
    THEN(CALLED(activ_quantiles_reset)(w->quantiles[0]));
    THEN(CALLED(activ_neurons_reset)(w->neurons[0]));
    return status;
}

static const group silent[] = {
    { "the library", ask_library, 0 }, { "functions", use_functions, 0 },
    { "graphs", run_graphs, 0 },       { "questions to graphs", ask_graph, 0 },
    { "tensors", ask_tensors, 0 },     { "accumulators", feed_accumulators, 0 },
};
enum { SILENT = sizeof silent / sizeof silent[0] };

/* ---- a world ---------------------------------------------------------------------------------------- */

static activ_fn *make(world *w, const char *spec)
{
    activ_fn *fn = NULL;
    if (activ_fn_create(w->context, spec, &fn) != ACTIV_OK)
        fail_msg("%s is refused", spec);
    return fn;
}

static activ_graph *make_graph(world *w, int classes, int keep_values)
{
    activ_graph *g = NULL;
    activ_compile_options options = ACTIV_COMPILE_DEFAULTS;
    options.max_batch = w->batch;
    options.keep_values = keep_values;
    assert_int_equal(activ_graph_create(w->context, &g), ACTIV_OK);
    assert_int_equal(zoo_build(w->context, g, classes), ACTIV_OK);
    assert_int_equal(activ_graph_compile_ex(g, &options, NULL), ACTIV_OK);
    assert_int_equal(activ_graph_init(g, 1), ACTIV_OK);
    return g;
}

static void make_accumulator(world *w, size_t i)
{
    assert_int_equal(activ_histogram_create(w->context, 10, -2.0, 2.0, &w->histograms[i], NULL), ACTIV_OK);
    assert_int_equal(activ_stats_create(w->context, &w->stats[i]), ACTIV_OK);
    assert_int_equal(activ_quantiles_create(w->context, 4, &w->quantiles[i]), ACTIV_OK);
    assert_int_equal(activ_neurons_create(w->context, 5, NULL, &w->neurons[i]), ACTIV_OK);
    assert_int_equal(activ_graph_neurons_create(w->graph, NULL, &w->graph_neurons[i]), ACTIV_OK);
}

static void begin(world *w, enum way way)
{
    static const char *const more[] = { "staf(tau=50)",
                                        "prelu(num_parameters=6)",
                                        "gated(staf(tau=2))",
                                        "moe(relu, tanh, prelu)",
                                        "a*x*sigmoid(b*x) + sin(x); a=1, b=1.702",
                                        "gated(x*elu(x, alpha=a); a=0.5)",
                                        "derivative(staf(tau=9))" };
    memset(w, 0, sizeof *w);
    w->way = way;
    w->n = way == LENT_ON_A_POOL ? MANY : FEW;
    w->batch = way == LENT_ON_A_POOL ? LARGE_BATCH : BATCH;
    w->options = (activ_context_options)ACTIV_CONTEXT_DEFAULTS;
    w->allocator = test_allocator(&w->memory);
    if (way != PLAIN)
        w->options.allocator = &w->allocator;
    if (way == LENT_ON_A_POOL) {
        assert_int_equal(activ_pool_create(NULL, 3, &w->pool), ACTIV_OK);
        w->options.executor = activ_pool_executor(w->pool);
    }
    if (way != PLAIN)
        assert_int_equal(activ_context_create(&w->options, &w->context), ACTIV_OK);
    w->staf = make(w, "staf(tau=2)");
    w->swiglu = make(w, "swiglu");
    w->formula = make(w, "a*x*tanh(b*x); a=1, b=0.5");
    activ_fn_info info = ACTIV_FN_INFO_INIT;
    for (size_t i = 0; activ_fn_catalog(i, &info) == ACTIV_OK; i++) {
        assert_in_range(w->fn_count, 0, MOST_FNS - 10);
        w->fns[w->fn_count++] = make(w, info.name);
    }
    for (size_t i = 0; i < sizeof more / sizeof more[0]; i++)
        w->fns[w->fn_count++] = make(w, more[i]);
    assert_int_equal(activ_fn_create_custom(w->context, "mine", &callbacks, NULL, &w->fns[w->fn_count++]), ACTIV_OK);
    w->graph = make_graph(w, 1, 1);
    w->values_graph = make_graph(w, 0, 0);
    assert_int_equal(activ_graph_create(w->context, &w->open_graph), ACTIV_OK);
    assert_int_equal(zoo_build(w->context, w->open_graph, 1), ACTIV_OK);
    assert_int_equal(activ_adamw_create(w->graph, NULL, &w->adamw), ACTIV_OK);
    assert_int_equal(activ_sgd_create(w->values_graph, NULL, &w->values_sgd), ACTIV_OK);
    const size_t shape[2] = { 5, 7 };
    assert_int_equal(activ_tensor_create(w->context, ACTIV_FLOAT32, 2, shape, &w->tensor, NULL), ACTIV_OK);
    assert_int_equal(activ_tensor_create(w->context, ACTIV_FLOAT32, 2, shape, &w->other, NULL), ACTIV_OK);
    for (size_t i = 0; i < 2; i++)
        make_accumulator(w, i);
    FILE *there = fopen(first_path, "rb"); /* written once: files take time */
    if (there != NULL)
        assert_int_equal(fclose(there), 0);
    else
        assert_int_equal(activ_checkpoint_save_training(w->graph, w->adamw, first_path, NULL), ACTIV_OK);
    assert_int_equal(activ_safetensors_open(w->context, first_path, &w->file, NULL), ACTIV_OK);
}

static void end(world *w)
{
    activ_safetensors_close(w->file);
    for (size_t i = 0; i < 2; i++) {
        activ_histogram_destroy(w->histograms[i]);
        activ_stats_destroy(w->stats[i]);
        activ_quantiles_destroy(w->quantiles[i]);
        activ_neurons_destroy(w->neurons[i]);
        activ_graph_neurons_destroy(w->graph_neurons[i]);
    }
    activ_tensor_destroy(w->tensor);
    activ_tensor_destroy(w->other);
    activ_optimizer_destroy(w->adamw);
    activ_optimizer_destroy(w->values_sgd);
    activ_graph_destroy(w->graph);
    activ_graph_destroy(w->values_graph);
    activ_graph_destroy(w->open_graph);
    for (size_t i = 0; i < w->fn_count; i++)
        activ_fn_destroy(w->fns[i]);
    activ_fn_destroy(w->staf);
    activ_fn_destroy(w->swiglu);
    activ_fn_destroy(w->formula);
    activ_context_destroy(w->context);
    activ_pool_destroy(w->pool);
    remove(second_path);
    assert_int_equal(w->memory.live, 0);
    assert_int_equal(w->memory.live_bytes, 0);
    assert_int_equal(w->memory.mistakes, 0);
}

/* What a group gives where memory never fails. */
static uint64_t undisturbed(const group *g, enum way way)
{
    world w;
    begin(&w, way);
    const activ_status status = g->run(&w);
    if (status != ACTIV_OK)
        fail_msg("%s, %s: status %d after %s", g->name, way_names[way], (int)status, last_name);
    end(&w);
    return w.digest;
}

/* ---- tests ------------------------------------------------------------------------------------------ */

/* The n-th allocation from the context fails, or the n-th of the C library where there is no context. All failures and
 * the success at the end are of the same objects. */
static void fail_each(const group *g, enum way way)
{
    const uint64_t want = undisturbed(g, way);
    const int of_heap = way == PLAIN;
    world w;
    begin(&w, way);
    size_t failures = 0;
    for (int reached = 1; reached; failures += (size_t)reached) {
        const size_t live = w.memory.live;
        if (of_heap)
            heap_fail_at = atomic_load(&heap_calls) + failures + 1;
        else
            w.memory.fail_at = w.memory.calls + failures + 1;
        w.digest = 0;
        const activ_status status = g->run(&w);
        reached = of_heap ? atomic_load(&heap_calls) >= heap_fail_at : w.memory.calls >= w.memory.fail_at;
        heap_fail_at = w.memory.fail_at = 0;
        if (status != (reached ? ACTIV_ERROR_OUT_OF_MEMORY : ACTIV_OK))
            fail_msg("%s, %s, allocation %zu %s: status %d after %s", g->name, way_names[way], failures + 1,
                     reached ? "failing" : "not needed", (int)status, last_name);
        if (reached && w.memory.live != live)
            fail_msg("%s, %s, allocation %zu failing: %zu blocks, not %zu", g->name, way_names[way], failures + 1,
                     w.memory.live, live);
    }
    if (failures == 0)
        fail_msg("%s, %s: it allocates nothing, and belongs to the others", g->name, way_names[way]);
    if (w.digest != want)
        fail_msg("%s, %s: after failures it gives something else", g->name, way_names[way]);
    end(&w);
}

static void test_each_allocation_fails(void **state)
{
    (void)state;
    for (enum way way = LENT; way < WAYS; way++)
        for (size_t i = 0; i < ALLOCATING; i++)
            if (way != PLAIN || HEAP_IS_WATCHED)
                fail_each(&allocating[i], way);
}

/* Beside an allocator malloc is not called, by the C library neither, but for threads. */
static void test_nothing_beside_the_allocator(void **state)
{
    (void)state;
    if (!HEAP_IS_WATCHED)
        skip();
    const size_t before = atomic_load(&heap_calls);
    void *volatile block = malloc(1); /* it is this program's */
    assert_int_equal(atomic_load(&heap_calls), before + 1);
    free(block);
    for (enum way way = LENT; way < PLAIN; way++)
        for (size_t i = 0; i < ALLOCATING; i++) {
            world w;
            begin(&w, way);
            const size_t heap = atomic_load(&heap_calls), lent = w.memory.calls;
            assert_int_equal(allocating[i].run(&w), ACTIV_OK);
            /* The allocator itself takes each block from it. */
            const size_t others = atomic_load(&heap_calls) - heap - (w.memory.calls - lent);
            if (!allocating[i].starts_threads && others != 0)
                fail_msg("%s, %s: %zu calls of malloc", allocating[i].name, way_names[way], others);
            end(&w);
        }
}

static void test_silent_calls(void **state)
{
    (void)state;
    for (enum way way = LENT; way < WAYS; way++) {
        world w;
        begin(&w, way);
        for (size_t i = 0; i < SILENT; i++) {
            const size_t lent = w.memory.calls, live = w.memory.live, heap = atomic_load(&heap_calls);
            const activ_status status = silent[i].run(&w);
            if (status != ACTIV_OK)
                fail_msg("%s, %s: status %d after %s", silent[i].name, way_names[way], (int)status, last_name);
            if (w.memory.calls != lent || w.memory.live != live || atomic_load(&heap_calls) != heap)
                fail_msg("%s, %s: %zu allocations of the context's, %zu of the C library's", silent[i].name,
                         way_names[way], w.memory.calls - lent, atomic_load(&heap_calls) - heap);
        }
        end(&w);
    }
}

/* The host's mode, set by the register itself, is there before each call, after each, and at the end. With one mode on
 * a pool too, whose threads have it from the thread that made it. */
static void test_modes(void **state)
{
    (void)state;
    const uint32_t usual = get_mode();
    for (size_t m = 0; m < MODES; m++)
        for (enum way way = LENT; way <= (m == MODES / 2 ? LENT_ON_A_POOL : LENT); way++) {
            world w;
            activ_status status = ACTIV_OK;
            set_mode(modes[m]);
            expected_mode = get_mode();
            begin(&w, way);
            check_mode();
            for (size_t i = 0; i < ALLOCATING; i++) {
                THEN(allocating[i].run(&w));
                check_mode();
            }
            for (size_t i = 0; i < SILENT; i++) {
                THEN(silent[i].run(&w));
                check_mode();
            }
            set_mode(expected_mode = usual);
            if (status != ACTIV_OK)
                fail_msg("mode %#x: status %d after %s", (unsigned)modes[m], (int)status, last_name);
            end(&w);
        }
}

/* The last: all functions of the library were called in the tests before. */
static void test_none_is_left_out(void **state)
{
    (void)state;
    size_t missing = 0;
    for (size_t i = 0; i < name_count; i++)
        if (!was_called[i]) {
            print_error("%s is not called\n", names[i]);
            missing++;
        }
    assert_true(name_count > 100);
    assert_int_equal(missing, 0);
}

int main(int count, char **arguments)
{
    if (count != 2 || !read_names(arguments[1])) {
        (void)fprintf(stderr, "usage: test_manners ABI\n");
        return 2;
    }
    expected_mode = get_mode();
    activ_random_normal(1, 1, 0, MANY, 0.0f, 2.0f, x);
    activ_random_normal(1, 2, 0, MANY, 0.0f, 2.0f, gate);
    activ_random_normal(1, 3, 0, MANY, 0.0f, 1.0f, dy);
    zoo_data(1, LARGE_BATCH, samples, labels, targets);
    remove(first_path);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_each_allocation_fails),
        cmocka_unit_test(test_silent_calls),
        cmocka_unit_test(test_nothing_beside_the_allocator),
        cmocka_unit_test(test_modes),
        cmocka_unit_test(test_none_is_left_out),
    };
    const int failed = cmocka_run_group_tests(tests, NULL, NULL);
    remove(first_path);
    return failed;
}
