/* Nothing is read or written outside of the arrays: every call on arrays with each of them between two pages that
 * cannot be touched, once at the lower and once at the upper, every function of the catalog with 0 to 70 elements of 32
 * and 16 bits, on every tier. What lies in the pages beside the elements keeps its pattern, and inputs stay as they
 * are.
 *
 * usage: test_guards [--thin N]      N: one length in N, for emulated CPUs */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "activ/activ.h"
#include "graph/zoo.h"
#include "support/guard.h"
#include "support/thin.h"
#include "support/tiers.h"

enum { MOST = 70, ROWS = 3, LONGEST = 1101, ROOM = 2 * LONGEST + 64, MOST_PARAMS = 4096 };
static size_t thin = 1;

/* ---- arrays ----------------------------------------------------------------------------------------------- */

/* One array of a call: a matrix of rows with gaps between them, or one row. */
typedef struct array {
    guarded buffer;
    char *at;
    const char *input; /* what it holds; NULL: an output */
    size_t rows, row_bytes, stride_bytes;
} array;

enum { X, GATE, DY, Y, DX, DGATE, NOISE, PARAMS, DPARAMS, ARRAYS };
static array arrays[ARRAYS];
static int at_end;
static float values[ROOM > MOST_PARAMS ? ROOM : MOST_PARAMS];

/* The same in 16 bits. */
static const activ_dtype half_types[] = { ACTIV_FLOAT16, ACTIV_BFLOAT16 };
enum { HALF_TYPES = sizeof half_types / sizeof half_types[0] };
static uint16_t halves[HALF_TYPES][ROOM];

static int make_arrays(void **state)
{
    (void)state;
    int failed = 0;
    for (size_t i = 0; i < ARRAYS; i++)
        failed |= guarded_create(&arrays[i].buffer, i >= PARAMS ? MOST_PARAMS : ROOM);
    failed |= activ_random_normal(3, 1, 0, sizeof values / sizeof *values, 0.0f, 2.0f, values);
    for (size_t i = 0; i < HALF_TYPES; i++)
        failed |= activ_convert(ROOM, ACTIV_FLOAT32, values, half_types[i], halves[i]);
    return failed ? -1 : each_tier_begin(state);
}

static int free_arrays(void **state)
{
    for (size_t i = 0; i < ARRAYS; i++)
        guarded_destroy(&arrays[i].buffer);
    return each_tier_end(state);
}

/* Elements of `size` bytes. */
static void *put_elements(size_t which, size_t size, size_t rows, size_t columns, size_t stride, const void *input)
{
    array *a = &arrays[which];
    const size_t length = rows == 0 || columns == 0 ? 0 : ((rows - 1) * stride + columns) * size;
    guarded_fill(&a->buffer);
    a->at = at_end ? (char *)a->buffer.end - length : (char *)a->buffer.begin;
    a->rows = rows;
    a->row_bytes = columns * size;
    a->stride_bytes = stride * size;
    a->input = input;
    for (size_t r = 0; input != NULL && r < rows && columns > 0; r++)
        memcpy(a->at + r * a->stride_bytes, a->input + r * a->row_bytes, a->row_bytes);
    return a->at;
}

static float *put_rows(size_t which, size_t rows, size_t columns, size_t stride, const float *input)
{
    return put_elements(which, sizeof *input, rows, columns, stride, input);
}

static float *put(size_t which, size_t n, const float *input)
{
    return put_rows(which, 1, n, n, input);
}

/* Sums are added to. */
static float *put_zeros(size_t which, size_t n)
{
    float *at = put(which, n, NULL);
    if (n > 0)
        memset(at, 0, n * sizeof *at);
    return at;
}

static void check(const char *call, const char *spec, size_t n, activ_status status, const char *used)
{
    static const char letters[ARRAYS] = { 'x', 'g', 'd', 'y', 'X', 'G', 'n', 'p', 'P' };
    if (status != ACTIV_OK)
        fail_msg("%s of %s, %zu elements: status %d", call, spec, n, (int)status);
    for (size_t i = 0; i < ARRAYS; i++) {
        const array *a = &arrays[i];
        if (strchr(used, letters[i]) == NULL)
            continue;
        if (!guarded_untouched_rows(&a->buffer, a->at, a->rows, a->row_bytes, a->stride_bytes))
            fail_msg("%s of %s, %zu elements, wrote outside of array '%c'", call, spec, n, letters[i]);
        for (size_t r = 0; a->input != NULL && r < a->rows && a->row_bytes > 0; r++)
            if (memcmp(a->at + r * a->stride_bytes, a->input + r * a->row_bytes, a->row_bytes) != 0)
                fail_msg("%s of %s, %zu elements, changed its input '%c'", call, spec, n, letters[i]);
    }
}

/* ---- functions ---------------------------------------------------------------------------------------------- */

static float initial[MOST_PARAMS];

static const float *put_params(const activ_fn *fn)
{
    return put(PARAMS, activ_fn_param_count(fn), initial);
}

static void try_elementwise(const activ_fn *fn, const char *spec, size_t n)
{
    const size_t p = activ_fn_param_count(fn);
    const float *params = put_params(fn);
    const float *x = put(X, n, values), *dy = put(DY, n, values + n);
    float *y = put(Y, n, NULL), *dx = put(DX, n, NULL), *noise = put(NOISE, n, NULL), *dparams = put_zeros(DPARAMS, p);
    check("forward", spec, n, activ_forward(fn, params, n, x, y), "xyp");
    check("backward", spec, n, activ_backward(fn, params, n, x, dy, dx, dparams), "xdXpP");
    check("backward, dx", spec, n, activ_backward(fn, NULL, n, x, dy, dx, NULL), "xdX");
    check("backward, dparams", spec, n, activ_backward(fn, params, n, x, dy, NULL, dparams), "xdpP");
    check("forward_train", spec, n, activ_forward_train(fn, params, 1, 2, 3, n, x, y, noise), "xynp");
    check("backward_train", spec, n, activ_backward_train(fn, params, n, x, noise, dy, dx, dparams), "xdXnpP");
    activ_backward_args args = ACTIV_BACKWARD_ARGS_DEFAULTS;
    args.params = params;
    args.rows = n > 0;
    args.columns = args.x_stride = args.dy_stride = args.dx_stride = args.y_stride = n > 0 ? n : 1;
    args.x = x;
    args.dy = dy;
    args.dx = dx;
    args.dparams = dparams;
    args.accumulate = 1;
    if (n > 0)
        memset(dx, 0, n * sizeof *dx);
    check("backward_ex, added", spec, n, activ_backward_ex(fn, &args, NULL), "xdXpP");
    args.x = NULL;
    args.y = x;
    args.dparams = NULL;
    const activ_status from_y = activ_backward_ex(fn, &args, NULL);
    check("backward_ex from y", spec, n, from_y == ACTIV_ERROR_UNSUPPORTED ? ACTIV_OK : from_y, "xdX");
}

/* Row-wise, and elementwise with gaps between the rows. */
static void try_rows(const activ_fn *fn, const char *spec, size_t n, size_t rows, size_t gap)
{
    const size_t p = activ_fn_param_count(fn), count = rows * n;
    const float *params = put_params(fn);
    const float *x = put_rows(X, rows, n, n + gap, values), *dy = put_rows(DY, rows, n, n + 2 * gap, values + count);
    float *y = put_rows(Y, rows, n, n + gap / 2, NULL), *dx = put_rows(DX, rows, n, n + gap, NULL);
    float *dparams = put_zeros(DPARAMS, p);
    check("forward_rows", spec, n, activ_forward_rows(fn, params, rows, n, x, n + gap, y, n + gap / 2), "xyp");
    check("backward_rows", spec, n,
          activ_backward_rows(fn, params, rows, n, x, n + gap, dy, n + 2 * gap, dx, n + gap, dparams), "xdXpP");
}

static void try_gated(const activ_fn *fn, const char *spec, size_t n, size_t rows, size_t gap)
{
    const size_t p = activ_fn_param_count(fn), count = rows * n;
    const float *params = put_params(fn);
    const float *x = put_rows(X, rows, n, n + gap, values), *gate = put_rows(GATE, rows, n, n + gap, values + count);
    const float *dy = put_rows(DY, rows, n, n + gap, values + 1);
    float *y = put_rows(Y, rows, n, n + gap, NULL), *dx = put_rows(DX, rows, n, n + gap, NULL);
    float *dgate = put_rows(DGATE, rows, n, n + 2 * gap, NULL), *dparams = put_zeros(DPARAMS, p);
    check("forward_gated", spec, n, activ_forward_gated(fn, params, rows, n, x, n + gap, gate, n + gap, y, n + gap),
          "xgyp");
    check("backward_gated", spec, n,
          activ_backward_gated(fn, params, rows, n, x, n + gap, gate, n + gap, dy, n + gap, dx, n + gap, dgate,
                               n + 2 * gap, dparams),
          "xgdXGpP");
}

/* 16 bits: an array that ends at the page begins at any multiple of 2. */
static uint16_t *put_halves(size_t which, size_t rows, size_t columns, size_t stride, const uint16_t *input)
{
    return put_elements(which, sizeof *input, rows, columns, stride, input);
}

static void try_halves(const activ_fn *fn, const char *spec, size_t n, size_t type)
{
    const activ_dtype dtype = half_types[type];
    const size_t p = activ_fn_param_count(fn);
    const float *params = put_params(fn);
    const uint16_t *x = put_halves(X, 1, n, n, halves[type]), *dy = put_halves(DY, 1, n, n, halves[type] + n);
    uint16_t *y = put_halves(Y, 1, n, n, NULL), *dx = put_halves(DX, 1, n, n, NULL);
    float *dparams = put_zeros(DPARAMS, p);
    check("forward_as", spec, n, activ_forward_as(fn, params, dtype, n, x, y), "xyp");
    check("backward_as", spec, n, activ_backward_as(fn, params, dtype, n, x, dy, dx, dparams), "xdXpP");
    check("backward_as, dx", spec, n, activ_backward_as(fn, NULL, dtype, n, x, dy, dx, NULL), "xdX");
    check("backward_as, dparams", spec, n, activ_backward_as(fn, params, dtype, n, x, dy, NULL, dparams), "xdpP");
}

static void try_half_rows(const activ_fn *fn, const char *spec, size_t n, size_t rows, size_t gap, size_t type)
{
    const activ_dtype dtype = half_types[type];
    const size_t p = activ_fn_param_count(fn), count = rows * n;
    const float *params = put_params(fn);
    const uint16_t *x = put_halves(X, rows, n, n + gap, halves[type]);
    const uint16_t *dy = put_halves(DY, rows, n, n + 2 * gap, halves[type] + count);
    uint16_t *y = put_halves(Y, rows, n, n + gap / 2, NULL), *dx = put_halves(DX, rows, n, n + gap, NULL);
    float *dparams = put_zeros(DPARAMS, p);
    check("forward_rows_as", spec, n, activ_forward_rows_as(fn, params, dtype, rows, n, x, n + gap, y, n + gap / 2),
          "xyp");
    check("backward_rows_as", spec, n,
          activ_backward_rows_as(fn, params, dtype, rows, n, x, n + gap, dy, n + 2 * gap, dx, n + gap, dparams),
          "xdXpP");
}

static void try_half_gated(const activ_fn *fn, const char *spec, size_t n, size_t rows, size_t gap, size_t type)
{
    const activ_dtype dtype = half_types[type];
    const size_t p = activ_fn_param_count(fn), count = rows * n;
    const float *params = put_params(fn);
    const uint16_t *x = put_halves(X, rows, n, n + gap, halves[type]);
    const uint16_t *gate = put_halves(GATE, rows, n, n + gap, halves[type] + count);
    const uint16_t *dy = put_halves(DY, rows, n, n + gap, halves[type] + 1);
    uint16_t *y = put_halves(Y, rows, n, n + gap, NULL), *dx = put_halves(DX, rows, n, n + gap, NULL);
    uint16_t *dgate = put_halves(DGATE, rows, n, n + 2 * gap, NULL);
    float *dparams = put_zeros(DPARAMS, p);
    check("forward_gated_as", spec, n,
          activ_forward_gated_as(fn, params, dtype, rows, n, x, n + gap, gate, n + gap, y, n + gap), "xgyp");
    check("backward_gated_as", spec, n,
          activ_backward_gated_as(fn, params, dtype, rows, n, x, n + gap, gate, n + gap, dy, n + gap, dx, n + gap,
                                  dgate, n + 2 * gap, dparams),
          "xgdXGpP");
}

static void try_all_halves(const activ_fn *fn, const char *spec, int32_t shape, size_t n, size_t type)
{
    if (shape == ACTIV_SHAPE_ELEMENTWISE)
        try_halves(fn, spec, n, type);
    for (size_t rows = 0; n > 0 && rows <= ROWS; rows += ROWS)
        (shape == ACTIV_SHAPE_GATED ? try_half_gated : try_half_rows)(fn, spec, n, rows, rows == 0 ? 0 : n % 4, type);
}

/* Longer rows than the kernels for float32 get at once, and arrays of more than one part. */
static void try_long_halves(const activ_fn *fn, const char *spec, int32_t shape, size_t type)
{
    static const size_t lengths[] = { 191, 320, 321, 341, 449, LONGEST };
    for (size_t i = 0; i < sizeof lengths / sizeof lengths[0]; i++) {
        if (shape == ACTIV_SHAPE_ELEMENTWISE)
            try_halves(fn, spec, lengths[i], type);
        (shape == ACTIV_SHAPE_GATED ? try_half_gated : try_half_rows)(fn, spec, lengths[i], 1, 0, type);
    }
}

static void try_channels(const activ_fn *fn, const char *spec, size_t n)
{
    const size_t p = activ_fn_param_count(fn), channels = activ_fn_channels(fn), inner = n / channels;
    const float *params = put_params(fn);
    for (size_t outer = 1; inner > 0 && outer * channels * inner <= n; outer++) {
        const size_t count = outer * channels * inner;
        const float *x = put(X, count, values), *dy = put(DY, count, values + count);
        float *y = put(Y, count, NULL), *dx = put(DX, count, NULL), *dparams = put_zeros(DPARAMS, p);
        check("forward_channels", spec, n, activ_forward_channels(fn, params, outer, channels, inner, x, y), "xyp");
        check("backward_channels", spec, n,
              activ_backward_channels(fn, params, outer, channels, inner, x, dy, dx, dparams), "xdXpP");
    }
}

static void try_function(const activ_fn *fn, const char *spec)
{
    activ_fn_info info = ACTIV_FN_INFO_INIT;
    assert_int_equal(activ_fn_info_of(fn, &info), ACTIV_OK);
    const size_t p = activ_fn_param_count(fn);
    assert_in_range(p, 0, MOST_PARAMS);
    for (at_end = 0; at_end < 2; at_end++) {
        float *params = put(PARAMS, p, NULL);
        check("param_init", spec, p, activ_fn_param_init(fn, 1, params), "p");
        if (p > 0)
            memcpy(initial, params, p * sizeof *initial);
        for (size_t n = 0; n <= MOST; n += thin) {
            if (activ_fn_channels(fn) > 1) {
                try_channels(fn, spec, n);
                continue;
            }
            if (info.shape == ACTIV_SHAPE_ELEMENTWISE)
                try_elementwise(fn, spec, n);
            for (size_t rows = 0; n > 0 && rows <= ROWS; rows += ROWS)
                if (info.shape == ACTIV_SHAPE_GATED)
                    try_gated(fn, spec, n, rows, rows == 0 ? 0 : n % 4);
                else
                    try_rows(fn, spec, n, rows, rows == 0 ? 0 : n % 4);
            if (n > 0 && info.shape == ACTIV_SHAPE_GATED)
                try_gated(fn, spec, n, 1, 0);
            else if (n > 0)
                try_rows(fn, spec, n, 1, 0);
            for (size_t type = 0; type < HALF_TYPES; type++)
                try_all_halves(fn, spec, info.shape, n, type);
        }
        for (size_t type = 0; type < HALF_TYPES && activ_fn_channels(fn) <= 1; type++)
            try_long_halves(fn, spec, info.shape, type);
    }
}

static void test_functions(void **state)
{
    (void)state;
    static const char *const more[] = { "prelu(num_parameters=3)",
                                        "trainable_elu(num_parameters=7)",
                                        "gated(prelu)",
                                        "gated(staf(tau=2))",
                                        "moe(relu, tanh, prelu)",
                                        "a*x*sigmoid(b*x); a=1, b=1.702",
                                        "sin(x)*gelu(x) + where(x > 0, cos(x), elu(x, alpha=a)); a=0.5",
                                        "sum(i, 1, 20, a[i]*sin(i*x)); a[20]=0.1",
                                        "gated(a*x*tanh(x); a=0.5)",
                                        "derivative(mish)",
                                        "derivative(staf(tau=9))" };
    activ_fn_info info = ACTIV_FN_INFO_INIT;
    for (size_t t = 0; t < each_tier_count; t++) {
        activ_fn *fn = NULL;
        for (size_t i = 0; activ_fn_catalog(i, &info) == ACTIV_OK; i++) {
            assert_int_equal(activ_fn_create(each_tier[t], info.name, &fn), ACTIV_OK);
            try_function(fn, info.name);
            activ_fn_destroy(fn);
        }
        for (size_t i = 0; i < sizeof more / sizeof more[0]; i++) {
            assert_int_equal(activ_fn_create(each_tier[t], more[i], &fn), ACTIV_OK);
            try_function(fn, more[i]);
            activ_fn_destroy(fn);
        }
    }
}

/* ---- networks -------------------------------------------------------------------------------------- */

/* Bytes between guard pages: labels, workspaces. */
static unsigned char *place(guarded *buffer, size_t bytes)
{
    assert_int_equal(guarded_create(buffer, (bytes + sizeof(float) - 1) / sizeof(float)), 0);
    return at_end ? (unsigned char *)buffer->end - bytes : (unsigned char *)buffer->begin;
}

static float *place_floats(guarded *buffer, size_t n, const float *from)
{
    float *at = (float *)(void *)place(buffer, n * sizeof(float));
    if (from != NULL)
        memcpy(at, from, n * sizeof(float));
    return at;
}

static void try_graph(const activ_context *context, int classes, size_t batch)
{
    static float samples[ZOO_BATCH * ZOO_IN], wanted[ZOO_BATCH * ZOO_CLASSES];
    static int32_t label_values[ZOO_BATCH];
    const size_t in = batch * ZOO_IN, out = batch * ZOO_CLASSES;
    guarded pages[7];
    zoo_data(2, batch, samples, label_values, wanted);
    activ_graph *g = zoo_create(context, classes, 1);
    const size_t bytes = activ_graph_workspace_bytes(g, batch);
    const float *x = place_floats(&pages[0], in, samples), *targets = place_floats(&pages[1], out, wanted);
    int32_t *labels = (int32_t *)(void *)place(&pages[2], batch * sizeof *labels);
    memcpy(labels, label_values, batch * sizeof *labels);
    float *y = place_floats(&pages[3], out, NULL), *dx = place_floats(&pages[4], in, NULL);
    float *loss = place_floats(&pages[5], 1, NULL);
    void *workspace = place(&pages[6], bytes);
    size_t correct;
    activ_status status =
        classes ? activ_graph_train(g, batch, x, labels, loss) : activ_graph_train_values(g, batch, x, targets, loss);
    status |= classes ? activ_graph_evaluate(g, batch, x, labels, loss, &correct)
                      : activ_graph_evaluate_values(g, batch, x, targets, loss);
    status |= activ_graph_forward_train(g, batch, x, y);
    status |= activ_graph_backward(g, batch, targets, dx);
    status |= activ_graph_forward(g, batch, x, y);
    status |= activ_graph_predict(g, workspace, bytes, batch, x, y);
    assert_int_equal(status, ACTIV_OK);
    assert_memory_equal(x, samples, in * sizeof *x);
    assert_memory_equal(targets, wanted, out * sizeof *targets);
    assert_memory_equal(labels, label_values, batch * sizeof *labels);
    assert_true(guarded_untouched(&pages[3], y, out));
    assert_true(guarded_untouched(&pages[4], dx, in));
    assert_true(guarded_untouched(&pages[5], loss, 1));
    activ_graph_destroy(g);
    for (size_t i = 0; i < 7; i++)
        guarded_destroy(&pages[i]);
}

static void test_graphs(void **state)
{
    (void)state;
    static const size_t batches[] = { 2, 3, 8, 17, ZOO_BATCH };
    for (size_t t = 0; t < each_tier_count; t++)
        for (size_t b = 0; b < sizeof batches / sizeof batches[0]; b++)
            for (int classes = 0; classes < 2; classes++)
                for (at_end = 0; at_end < 2; at_end++)
                    try_graph(each_tier[t], classes, batches[b]);
}

/* The library's own memory between such pages: parameters, gradients and all that lies in the arena, to its last byte
 * but for the rounding up to 64. */
typedef struct block {
    guarded pages;
    void *at;
} block;
enum { MOST_BLOCKS = 1000 };
static block blocks[MOST_BLOCKS];

static void *take(void *user, size_t bytes, size_t alignment)
{
    (void)user;
    for (size_t i = 0; i < MOST_BLOCKS; i++) {
        block *b = &blocks[i];
        if (b->at != NULL)
            continue;
        const size_t rounded = (bytes + alignment - 1) / alignment * alignment;
        if (guarded_create(&b->pages, rounded / sizeof(float) + 1) != 0)
            return NULL;
        b->at = at_end ? (char *)b->pages.end - rounded : (char *)b->pages.begin;
        return b->at;
    }
    return NULL;
}

static void give_back(void *user, void *memory, size_t bytes)
{
    (void)user;
    (void)bytes;
    for (size_t i = 0; i < MOST_BLOCKS; i++)
        if (blocks[i].at == memory) {
            guarded_destroy(&blocks[i].pages);
            blocks[i].at = NULL;
            return;
        }
    fail_msg("this memory is not the allocator's");
}

static void test_own_memory(void **state)
{
    (void)state;
    for (size_t t = 0; t < each_tier_count; t++)
        for (at_end = 0; at_end < 2; at_end++) {
            activ_allocator allocator = { .size = sizeof allocator, .alloc = take, .free = give_back };
            activ_context_options options = ACTIV_CONTEXT_DEFAULTS;
            activ_context *context = NULL;
            options.allocator = &allocator;
            options.max_tier = activ_context_tier(each_tier[t]);
            assert_int_equal(activ_context_create(&options, &context), ACTIV_OK);
            for (int classes = 0; classes < 2; classes++) {
                activ_graph *g = zoo_create(context, classes, 3);
                activ_optimizer *optimizer = NULL;
                float norm;
                zoo_train(g, classes, 3);
                assert_int_equal(activ_graph_clip_grad_norm(g, 1.0f, &norm), ACTIV_OK);
                assert_int_equal(activ_rmsprop_create(g, NULL, &optimizer), ACTIV_OK);
                assert_int_equal(activ_optimizer_step(optimizer), ACTIV_OK);
                activ_optimizer_destroy(optimizer);
                assert_int_equal(activ_adamw_create(g, NULL, &optimizer), ACTIV_OK);
                assert_int_equal(activ_optimizer_step(optimizer), ACTIV_OK);
                activ_optimizer_destroy(optimizer);
                try_graph(context, classes, ZOO_BATCH);
                activ_graph_destroy(g);
            }
            activ_context_destroy(context);
            for (size_t i = 0; i < MOST_BLOCKS; i++)
                assert_null(blocks[i].at);
        }
}

/* ---- the other calls with arrays ------------------------------------------------------------------ */

static void try_tensors(size_t n)
{
    const size_t whole[2] = { ROWS, n }, turned[2] = { n, ROWS }, strides[2] = { 1, n };
    activ_tensor *from = NULL, *across = NULL, *to = NULL;
    const float *x = put(X, ROWS * n, values);
    float *y = put(Y, ROWS * n, NULL);
    activ_status status = activ_tensor_view_const(NULL, ACTIV_FLOAT32, 2, whole, NULL, x, &from, NULL);
    status |= activ_tensor_view(NULL, ACTIV_FLOAT32, 2, whole, NULL, y, &to, NULL);
    check("tensor_copy", "rows", n, status | activ_tensor_copy(from, to, NULL), "xy");
    activ_tensor_destroy(to);
    status = activ_tensor_view_const(NULL, ACTIV_FLOAT32, 2, turned, strides, x, &across, NULL);
    status |= activ_tensor_view(NULL, ACTIV_FLOAT32, 2, turned, NULL, y, &to, NULL);
    check("tensor_copy", "columns", n, status | activ_tensor_copy(across, to, NULL), "xy");
    activ_tensor_destroy(from);
    activ_tensor_destroy(across);
    activ_tensor_destroy(to);
}

static void try_accumulators(size_t n)
{
    activ_histogram *histogram = NULL, *automatic = NULL;
    activ_stats *stats = NULL;
    activ_quantiles *quantiles = NULL;
    activ_neurons *neurons = NULL;
    const float *x = put(X, n, values);
    check("histogram_create_auto", "x", n, activ_histogram_create_auto(NULL, n, x, 20, &automatic, NULL), "x");
    activ_status status = activ_histogram_create(NULL, 10, -2.0, 2.0, &histogram, NULL);
    status |= activ_stats_create(NULL, &stats) | activ_quantiles_create(NULL, 3, &quantiles);
    check("histogram_add", "x", n, status | activ_histogram_add(histogram, n, x), "x");
    check("stats_add", "x", n, activ_stats_add(stats, n, x), "x");
    check("quantiles_add", "x", n, activ_quantiles_add(quantiles, n, x), "x");
    if (n > 0) {
        x = put_rows(X, ROWS, n, n + 3, values);
        status = activ_neurons_create(NULL, n, NULL, &neurons);
        check("neurons_add", "x", n, status | activ_neurons_add(neurons, ROWS, x, n + 3), "x");
    }
    activ_histogram_destroy(histogram);
    activ_histogram_destroy(automatic);
    activ_stats_destroy(stats);
    activ_quantiles_destroy(quantiles);
    activ_neurons_destroy(neurons);
}

static void try_random(size_t n)
{
    float *y = put(Y, n, NULL);
    check("random_uniform", "y", n, activ_random_uniform(1, 2, 3, n, 0.0f, 1.0f, y), "y");
    check("random_normal", "y", n, activ_random_normal(1, 2, 3, n, 0.0f, 1.0f, y), "y");
    check("random_permutation", "y", n, activ_random_permutation(1, 2, n, (uint32_t *)(void *)y), "y");
    for (int32_t scheme = ACTIV_INIT_DEFAULT; n > 0 && scheme <= ACTIV_INIT_ORTHOGONAL; scheme++) {
        const size_t shape[2] = { ROWS, n };
        y = put(Y, ROWS * n, NULL);
        check("init_tensor", "y", n, activ_init_tensor(NULL, scheme, 1.0f, 2, shape, 1, 2, y, NULL), "y");
    }
}

/* A file of n values, the last of which ends at the page; and every beginning of it, which is refused. */
static void try_bytes(size_t n)
{
    static const char header[] = "{\"a\":{\"dtype\":\"U8\",\"shape\":[   ],\"data_offsets\":[0,   ]}}";
    char bytes[8 + sizeof header - 1 + MOST];
    const size_t length = 8 + sizeof header - 1 + n;
    memset(bytes, 0, sizeof bytes);
    bytes[0] = (char)(sizeof header - 1);
    memcpy(bytes + 8, header, sizeof header - 1);
    char *shape = strstr(bytes + 8, "   "), *offset = strstr(shape + 3, "   ");
    for (char *digits = shape; digits != NULL; digits = digits == shape ? offset : NULL) {
        digits[1] = (char)('0' + n / 10);
        digits[2] = (char)('0' + n % 10);
        if (n < 10)
            digits[1] = ' ';
    }
    /* The beginnings of one file in some; then the whole. */
    for (size_t used = n % 16 == 0 && thin == 1 ? 0 : length; used <= length; used++) {
        guarded pages;
        unsigned char *at = place(&pages, used);
        memcpy(at, bytes, used);
        activ_safetensors *file = NULL;
        const activ_status status = activ_safetensors_open_memory(NULL, at, used, &file, NULL);
        assert_int_equal(status, used == length ? ACTIV_OK : ACTIV_ERROR_FORMAT);
        activ_safetensors_close(file);
        guarded_destroy(&pages);
    }
}

static void test_other_calls(void **state)
{
    (void)state;
    for (at_end = 0; at_end < 2; at_end++)
        for (size_t n = 0; n <= MOST; n++) {
            try_tensors(n);
            try_accumulators(n);
            try_random(n);
            try_bytes(n);
        }
}

int main(int count, char **arguments)
{
    thin = thin_argument(count, arguments);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_functions),
        cmocka_unit_test(test_graphs),
        cmocka_unit_test(test_own_memory),
        cmocka_unit_test(test_other_calls),
    };
    return cmocka_run_group_tests(tests, make_arrays, free_arrays);
}
