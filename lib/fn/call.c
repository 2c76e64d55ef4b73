/* The calls on arrays: checked here, run by apply.c or rows.c. All are activ_forward_ex and activ_backward_ex with
 * fewer arguments. */
#include "base/checked.h"
#include "base/rounding.h"
#include "base/sized.h"
#include "fn/fn.h"

/* The public call: it decides what the message about a wrong shape says, and whether rows may have gaps. */
typedef enum call { ARRAY, CHANNELS, TRAIN, ROWS, GATED, ANY } call;

/* ---- checks ------------------------------------------------------------------------------------ */

/* Rows with a stride in elements. The inputs of a call come first, then its outputs, which may be NULL unless
 * required. */
typedef struct matrix {
    const char *name;
    const void *at;
    size_t stride;
    unsigned char is_output, is_required, is_exclusive; /* exclusive: may not be in-place either */
    size_t bytes;                                       /* from the first element to the end of the last */
} matrix;

typedef struct call_check {
    const activ_fn *fn;
    activ_message *message;
    size_t size; /* of an element */
    size_t rows, columns;
    matrix *all;
    size_t count;
    const float *params, *dparams;
} call_check;

static activ_status fail(const call_check *c, activ_status status, const char *what, const char *why)
{
    return activ_host_fail(&c->fn->host, c->message, status, c->fn->spec, ": ", what, why);
}

static activ_status check_matrix(const call_check *c, matrix *m)
{
    size_t count = c->columns, gaps = 0;
    if (!m->at)
        return m->is_output && !m->is_required ? ACTIV_OK : fail(c, ACTIV_ERROR_INVALID, m->name, " is NULL");
    if (!activ_is_aligned(m->at, c->size))
        return fail(c, ACTIV_ERROR_INVALID, m->name,
                    c->size == sizeof(float) ? " is" ACTIV_MISALIGNED
                                             : " is at an address that is not a multiple of 2");
    if (c->rows > 1 && m->stride < c->columns)
        return fail(c, ACTIV_ERROR_SHAPE, m->name, "_stride is less than the columns");
    if ((c->rows > 1 && !activ_checked_mul(c->rows - 1, m->stride, &gaps)) || !activ_checked_add(gaps, count, &count) ||
        count > SIZE_MAX / c->size)
        return fail(c, ACTIV_ERROR_RANGE, m->name, " is too large");
    m->bytes = count * c->size;
    return ACTIV_OK;
}

/* Do two matrices overlap, other than by being the same (in-place)? Rows of one may lie between those of the other. */
static int matrices_overlap(const call_check *c, const matrix *a, const matrix *b)
{
    const int same_stride = c->rows == 1 || a->stride == b->stride;
    if (a->at == b->at && same_stride)
        return (a->is_output && b->is_output) || a->is_exclusive || b->is_exclusive;
    if (!activ_ranges_overlap(a->at, a->bytes, b->at, b->bytes))
        return 0;
    if (c->rows == 1 || !same_stride)
        return 1;
    uintptr_t p = (uintptr_t)a->at, q = (uintptr_t)b->at, stride = a->stride * c->size;
    size_t offset = (p > q ? p - q : q - p) % stride, row = c->columns * c->size;
    return offset < row || stride - offset < row;
}

static int overlaps_params(const call_check *c, const float *params, const matrix *m)
{
    return params && m->at && activ_ranges_overlap(params, c->fn->param_count * sizeof *params, m->at, m->bytes);
}

static activ_status check_overlap(const call_check *c)
{
    const size_t bytes = c->fn->param_count * sizeof(float);
    for (size_t i = 0; i < c->count; i++) {
        const matrix *m = &c->all[i];
        for (size_t k = 0; k < i && m->is_output && m->at; k++)
            if (c->all[k].at && matrices_overlap(c, m, &c->all[k]))
                return fail(c, ACTIV_ERROR_INVALID, m->name,
                            c->all[k].is_output ? " overlaps another output" : " overlaps an input");
        if (m->is_output && overlaps_params(c, c->params, m))
            return fail(c, ACTIV_ERROR_INVALID, m->name, " overlaps params");
        if (overlaps_params(c, c->dparams, m))
            return fail(c, ACTIV_ERROR_INVALID, "dparams overlaps ", m->name);
    }
    if (c->dparams && c->params && activ_ranges_overlap(c->params, bytes, c->dparams, bytes))
        return fail(c, ACTIV_ERROR_INVALID, "dparams overlaps ", "params");
    return ACTIV_OK;
}

/* Checks the arrays of a call that has elements. `dense`: rows must not have gaps. */
static activ_status check_arrays(const call_check *c, int dense)
{
    for (size_t i = 0; i < c->count; i++) {
        activ_status status = check_matrix(c, &c->all[i]);
        if (status != ACTIV_OK)
            return status;
        if (dense && c->rows > 1 && c->all[i].at && c->all[i].stride != c->columns)
            return fail(c, ACTIV_ERROR_SHAPE, c->all[i].name, " has gaps between its rows");
    }
    if (c->fn->param_count > 0 && !activ_is_aligned(c->params, sizeof *c->params))
        return fail(c, ACTIV_ERROR_INVALID, "params", " is" ACTIV_MISALIGNED);
    if (c->fn->param_count > 0 && !activ_is_aligned(c->dparams, sizeof *c->dparams))
        return fail(c, ACTIV_ERROR_INVALID, "dparams", " is" ACTIV_MISALIGNED);
    return check_overlap(c);
}

/* Fails unless the function suits this call and the number of channels. *is_empty: there is nothing to run. */
static activ_status check_function(const call_check *c, call which, size_t channels, int has_gate, int *is_empty)
{
    const activ_fn *fn = c->fn;
    const int is_gated = fn->entry->shape == ACTIV_SHAPE_GATED, is_rowwise = fn->entry->shape == ACTIV_SHAPE_ROWWISE;
    *is_empty = c->rows == 0 || c->columns == 0;
    if (is_gated && which != GATED && !(which == ANY && has_gate))
        return fail(c, ACTIV_ERROR_SHAPE, "a gated function needs value and gate", ": activ_forward_gated");
    if (!is_gated && (which == GATED || has_gate))
        return fail(c, ACTIV_ERROR_SHAPE, "it is no gated function", ": gated(SPEC) makes one");
    if (is_rowwise && (which == ARRAY || which == CHANNELS || which == TRAIN))
        return fail(c, ACTIV_ERROR_SHAPE, "a row-wise function needs rows", ": activ_forward_rows");
    if (fn->num_parameters > 1 && which != CHANNELS && which != ANY)
        return fail(c, ACTIV_ERROR_SHAPE, "num_parameters above 1 needs channels", ": activ_forward_channels");
    if (fn->num_parameters > 1 && channels != fn->num_parameters)
        return fail(c, ACTIV_ERROR_SHAPE, "there have to be as many channels as num_parameters says", "");
    if (c->columns == 0 && (which == ROWS || which == GATED || (which == ANY && is_rowwise)))
        return fail(c, ACTIV_ERROR_SHAPE, "columns is 0", "");
    if (fn->num_parameters > 1 && c->rows % channels != 0)
        return fail(c, ACTIV_ERROR_SHAPE, "rows is no multiple of channels", "");
    return ACTIV_OK;
}

/* The size of an element; 0: it is of no type that functions take. */
static size_t size_of(activ_dtype dtype)
{
    if (dtype != 0 && dtype != ACTIV_FLOAT32 && dtype != ACTIV_FLOAT16 && dtype != ACTIV_BFLOAT16)
        return 0;
    return dtype == 0 ? sizeof(float) : activ_dtype_size(dtype);
}

/* is_plain: without what only float32 has. */
static activ_status check_type(const call_check *c, int is_plain)
{
    if (c->size == 0)
        return fail(c, ACTIV_ERROR_UNSUPPORTED, "dtype is none of float32, float16, bfloat16", "");
    if (c->size != sizeof(float) && c->fn->num_parameters > 1)
        return fail(c, ACTIV_ERROR_SHAPE, "num_parameters above 1 needs float32", "");
    if (c->size != sizeof(float) && !is_plain)
        return fail(c, ACTIV_ERROR_UNSUPPORTED, "noise, accumulate and the derivative from y need float32", "");
    return ACTIV_OK;
}

/* ---- any call -------------------------------------------------------------------------------------- */

static activ_status forward(call which, const activ_fn *fn, const activ_forward_args *a, activ_message *message)
{
    if (!fn)
        return activ_fail(message, ACTIV_ERROR_INVALID, "the function is NULL");
    const int is_gated = fn->entry->shape == ACTIV_SHAPE_GATED;
    const int trains = (which == TRAIN || (which == ANY && a->noise)) && activ_fn_is_random(fn) && !is_gated;
    matrix all[3];
    size_t count = 0;
    all[count++] = (matrix){ .name = is_gated ? "value" : "x", .at = a->x, .stride = a->x_stride };
    if (is_gated)
        all[count++] = (matrix){ .name = "gate", .at = a->gate, .stride = a->gate_stride };
    all[count++] = (matrix){ .name = "y", .at = a->y, .stride = a->y_stride, .is_output = 1, .is_required = 1 };
    if (trains)
        all[count++] = (matrix){
            .name = "noise", .at = a->noise, .stride = a->columns, .is_output = 1, .is_required = 1, .is_exclusive = 1
        };
    const call_check c = { fn, message, size_of(a->dtype), a->rows, a->columns, all, count, a->params, NULL };
    int is_empty;
    activ_status status = check_type(&c, !trains);
    if (status == ACTIV_OK)
        status = check_function(&c, which, a->channels, which == ANY && a->gate, &is_empty);
    if (status == ACTIV_OK && !is_empty)
        status = check_arrays(&c, trains || fn->num_parameters > 1);
    if (status != ACTIV_OK || is_empty)
        return status;
    const size_t threads = activ_fn_threads(fn);
    const activ_fn_training training = { .save = a->noise, .seed = a->seed, .stream = a->stream, .index = a->index };
    const int rounding = activ_round_to_nearest();
    activ_fn_storage storage;
    activ_fn_args args;
    activ_fn_prepare(fn, a->params, &storage, &args);
    args.training = trains ? &training : NULL;
    if (c.size != sizeof(float))
        activ_fn_run_half(fn, threads, &args, a);
    else if (trains || fn->num_parameters > 1)
        activ_fn_run_forward(&fn->host, threads, fn->kernel, &args, a->rows * a->columns, a->columns, a->x, a->y);
    else
        activ_fn_run_rows(fn, threads, &args, a);
    activ_round_as(rounding);
    return ACTIV_OK;
}

/* Can the derivative be had from y, with these parameters? */
static activ_status check_of_y(const call_check *c, const activ_fn_args *args, int trains)
{
    const activ_fn *fn = c->fn;
    const activ_fn_definition *d = fn->entry->definition;
    if (trains || fn->num_parameters > 1 || !d->is_of_y || !d->is_of_y(args->setting_values))
        return fail(c, ACTIV_ERROR_UNSUPPORTED, "its derivative cannot be had from y", ": x is NULL");
    if (c->dparams && fn->param_count > 0)
        return fail(c, ACTIV_ERROR_UNSUPPORTED, "dparams need x", "");
    return ACTIV_OK;
}

static activ_status backward(call which, const activ_fn *fn, const activ_backward_args *a, activ_message *message)
{
    if (!fn)
        return activ_fail(message, ACTIV_ERROR_INVALID, "the function is NULL");
    const int is_gated = fn->entry->shape == ACTIV_SHAPE_GATED;
    const int trains = (which == TRAIN || (which == ANY && a->noise)) && activ_fn_is_random(fn) && !is_gated;
    matrix all[5];
    size_t count = 0;
    const int of_y = which == ANY && !a->x && a->y;
    if (of_y)
        all[count++] = (matrix){ .name = "y", .at = a->y, .stride = a->y_stride };
    else
        all[count++] = (matrix){ .name = is_gated ? "value" : "x", .at = a->x, .stride = a->x_stride };
    all[count++] = (matrix){ .name = "dy", .at = a->dy, .stride = a->dy_stride };
    if (is_gated)
        all[count++] = (matrix){ .name = "gate", .at = a->gate, .stride = a->gate_stride };
    if (trains)
        all[count++] = (matrix){ .name = "noise", .at = a->noise, .stride = a->columns };
    all[count++] = (matrix){ .name = is_gated ? "dvalue" : "dx", .at = a->dx, .stride = a->dx_stride, .is_output = 1 };
    if (is_gated)
        all[count++] = (matrix){ .name = "dgate", .at = a->dgate, .stride = a->dgate_stride, .is_output = 1 };
    const call_check c = { fn, message, size_of(a->dtype), a->rows, a->columns, all, count, a->params, a->dparams };
    int is_empty;
    activ_status status = check_type(&c, !trains && !of_y && !a->accumulate);
    if (status == ACTIV_OK)
        status = check_function(&c, which, a->channels, which == ANY && a->gate, &is_empty);
    if (status == ACTIV_OK && !is_empty)
        status = check_arrays(&c, trains || fn->num_parameters > 1);
    if (status != ACTIV_OK || is_empty)
        return status;
    const size_t threads = activ_fn_threads(fn);
    const activ_fn_training training = { .saved = a->noise };
    activ_fn_storage storage;
    activ_fn_args args;
    activ_fn_prepare(fn, a->params, &storage, &args);
    if (of_y) {
        status = check_of_y(&c, &args, trains);
        if (status != ACTIV_OK)
            return status;
    }
    const int rounding = activ_round_to_nearest();
    args.training = trains ? &training : NULL;
    if (c.size != sizeof(float))
        activ_fn_run_half_backward(fn, threads, &args, a);
    else if (trains || fn->num_parameters > 1)
        activ_fn_run_backward(&fn->host, threads, fn->kernel, &args, a->rows * a->columns, a->columns, a->x, a->dy,
                              a->dx, a->accumulate, a->dparams);
    else
        activ_fn_run_rows_backward(fn, threads, &args, a);
    activ_round_as(rounding);
    return ACTIV_OK;
}

/* Arguments that could not be read. */
static activ_status fail_args(const activ_fn *fn, activ_message *message, activ_status status, const void *args)
{
    if (!fn)
        return activ_fail(message, ACTIV_ERROR_INVALID, "the function is NULL");
    return activ_host_fail(&fn->host, message, status, fn->spec, ": ",
                           args ? activ_sized_reason(status) : "the arguments are NULL");
}

activ_status activ_forward_ex(const activ_fn *fn, const activ_forward_args *args, activ_message *message)
{
    activ_forward_args own;
    activ_status status = args ? activ_sized_read(&own, sizeof own, args) : ACTIV_ERROR_INVALID;
    return status == ACTIV_OK ? forward(ANY, fn, &own, message) : fail_args(fn, message, status, args);
}

activ_status activ_backward_ex(const activ_fn *fn, const activ_backward_args *args, activ_message *message)
{
    activ_backward_args own;
    activ_status status = args ? activ_sized_read(&own, sizeof own, args) : ACTIV_ERROR_INVALID;
    if (status == ACTIV_OK && fn && own.accumulate != 0 && own.accumulate != 1)
        return activ_host_fail(&fn->host, message, ACTIV_ERROR_RANGE, fn->spec, ": accumulate is neither 0 nor 1");
    return status == ACTIV_OK ? backward(ANY, fn, &own, message) : fail_args(fn, message, status, args);
}

/* ---- an array ---------------------------------------------------------------------------------------- */

/* Arrays of n values may be the same (in-place), but not overlap otherwise. */
static inline int same_or_disjoint(const float *a, const float *b, size_t n)
{
    return !a || !b || a == b || !activ_ranges_overlap(a, n * sizeof *a, b, n * sizeof *b);
}

static inline int disjoint(const float *a, size_t a_count, const float *b, size_t b_count)
{
    return !a || !b || !activ_ranges_overlap(a, a_count * sizeof *a, b, b_count * sizeof *b);
}

/* The checks above, faster, for calls that are short enough to notice their time; and the rounding mode. out, params
 * and dparams may be NULL. */
static inline int are_valid(const activ_fn *fn, const float *params, size_t n, const float *x, const float *in,
                            const float *out, const float *dparams)
{
    if (n > SIZE_MAX / sizeof(float) || (n > 0 && (!x || !in)))
        return 0;
    const uintptr_t all =
        (uintptr_t)x | (uintptr_t)in | (uintptr_t)out | (uintptr_t)params | (uintptr_t)dparams; /* NULL is aligned */
    if (all % sizeof(float) != 0 || !same_or_disjoint(out, x, n) || !same_or_disjoint(out, in, n))
        return 0;
    const size_t p = fn->param_count;
    if (!activ_rounds_to_nearest())
        return 0;
    return (!params && !dparams) || p == 0 ||
           (disjoint(params, p, out, n) && disjoint(dparams, p, out, n) && disjoint(dparams, p, x, n) &&
            disjoint(dparams, p, in, n) && disjoint(dparams, p, params, p));
}

/* Few elements, or one thread: calls the kernel directly, as the overhead of a call dominates. */
static inline int is_small(const activ_fn *fn, size_t n)
{
    return fn->args.channels == 0 && (fn->host.executor.num_threads == 1 || n < ACTIV_FN_BLOCK);
}

/* An array as a matrix of one row, or none if it is empty. */
#define ONE_ROW(n) .rows = (n) > 0, .columns = n

/* are_valid for activ_forward alone, the shortest call: that costs it 1 ns of 3. */
static inline int is_valid_forward(const activ_fn *fn, const float *params, size_t n, const float *x, const float *y)
{
    return fn && fn->is_simple && n <= SIZE_MAX / sizeof(float) && (n == 0 || (x && y)) && same_or_disjoint(x, y, n) &&
           ((uintptr_t)x | (uintptr_t)y | (uintptr_t)params) % sizeof(float) == 0 &&
           (!params || disjoint(params, fn->param_count, y, n)) && activ_rounds_to_nearest();
}

activ_status activ_forward(const activ_fn *fn, const float *params, size_t n, const float *x, float *y)
{
    if (!is_valid_forward(fn, params, n, x, y)) {
        const activ_forward_args a = { .params = params, ONE_ROW(n), .x = x, .y = y };
        return forward(ARRAY, fn, &a, NULL);
    }
    if (is_small(fn, n) && (!params || fn->param_count == 0)) {
        fn->kernel->forward(&fn->args, n, x, y);
        return ACTIV_OK;
    }
    activ_fn_storage storage;
    activ_fn_args args;
    activ_fn_prepare(fn, params, &storage, &args);
    if (is_small(fn, n))
        fn->kernel->forward(&args, n, x, y);
    else
        activ_fn_run_forward(&fn->host, activ_fn_threads(fn), fn->kernel, &args, n, 1, x, y);
    return ACTIV_OK;
}

activ_status activ_backward(const activ_fn *fn, const float *params, size_t n, const float *x, const float *dy,
                            float *dx, float *dparams)
{
    if (!fn || !fn->is_simple || !are_valid(fn, params, n, x, dy, dx, dparams)) {
        const activ_backward_args a = { .params = params, ONE_ROW(n), .x = x, .dy = dy, .dx = dx, .dparams = dparams };
        return backward(ARRAY, fn, &a, NULL);
    }
    if (is_small(fn, n) && (fn->param_count == 0 || (!params && !dparams))) {
        if (dx)
            fn->kernel->backward(&fn->args, 0, 0, n, x, dy, dx, NULL);
        return ACTIV_OK;
    }
    activ_fn_storage storage;
    activ_fn_args args;
    activ_fn_prepare(fn, params, &storage, &args);
    if (is_small(fn, n) && !dparams && dx)
        fn->kernel->backward(&args, 0, 0, n, x, dy, dx, NULL);
    else
        activ_fn_run_backward(&fn->host, activ_fn_threads(fn), fn->kernel, &args, n, 1, x, dy, dx, 0, dparams);
    return ACTIV_OK;
}

/* ---- other calls -------------------------------------------------------------------------------------- */

/* outer * channels rows; SIZE_MAX on overflow, for which check_matrix fails. */
static size_t rows_of(size_t outer, size_t channels)
{
    size_t rows;
    return activ_checked_mul(outer, channels, &rows) ? rows : SIZE_MAX;
}

activ_status activ_forward_channels(const activ_fn *fn, const float *params, size_t outer, size_t channels,
                                    size_t inner, const float *x, float *y)
{
    const activ_forward_args a = { .params = params,
                                   .rows = rows_of(outer, channels),
                                   .columns = inner,
                                   .channels = channels,
                                   .x = x,
                                   .x_stride = inner,
                                   .y = y,
                                   .y_stride = inner };
    return forward(CHANNELS, fn, &a, NULL);
}

activ_status activ_backward_channels(const activ_fn *fn, const float *params, size_t outer, size_t channels,
                                     size_t inner, const float *x, const float *dy, float *dx, float *dparams)
{
    const activ_backward_args a = { .params = params,
                                    .rows = rows_of(outer, channels),
                                    .columns = inner,
                                    .channels = channels,
                                    .x = x,
                                    .x_stride = inner,
                                    .dy = dy,
                                    .dy_stride = inner,
                                    .dx = dx,
                                    .dx_stride = inner,
                                    .dparams = dparams };
    return backward(CHANNELS, fn, &a, NULL);
}

activ_status activ_forward_train(const activ_fn *fn, const float *params, uint64_t seed, uint64_t stream,
                                 uint64_t index, size_t n, const float *x, float *y, float *noise)
{
    if (!activ_fn_is_random(fn))
        return activ_forward(fn, params, n, x, y);
    const activ_forward_args a = {
        .params = params, ONE_ROW(n), .x = x, .y = y, .noise = noise, .seed = seed, .stream = stream, .index = index
    };
    return forward(TRAIN, fn, &a, NULL);
}

activ_status activ_backward_train(const activ_fn *fn, const float *params, size_t n, const float *x, const float *noise,
                                  const float *dy, float *dx, float *dparams)
{
    if (!activ_fn_is_random(fn))
        return activ_backward(fn, params, n, x, dy, dx, dparams);
    const activ_backward_args a = {
        .params = params, ONE_ROW(n), .x = x, .noise = noise, .dy = dy, .dx = dx, .dparams = dparams
    };
    return backward(TRAIN, fn, &a, NULL);
}

/* For arrays of any type, as the arguments are declared for float32's. */
static inline const float *input(const void *array)
{
    return array;
}

static inline float *output(void *array)
{
    return array;
}

/* Matrices of a type; 0: float32. */
static activ_status forward_rows(const activ_fn *fn, const float *params, activ_dtype dtype, size_t rows,
                                 size_t columns, const void *x, size_t x_stride, void *y, size_t y_stride)
{
    const activ_forward_args a = { .params = params,
                                   .rows = rows,
                                   .columns = columns,
                                   .x = input(x),
                                   .x_stride = x_stride,
                                   .y = output(y),
                                   .y_stride = y_stride,
                                   .dtype = dtype };
    return forward(ROWS, fn, &a, NULL);
}

static activ_status backward_rows(const activ_fn *fn, const float *params, activ_dtype dtype, size_t rows,
                                  size_t columns, const void *x, size_t x_stride, const void *dy, size_t dy_stride,
                                  void *dx, size_t dx_stride, float *dparams)
{
    const activ_backward_args a = { .params = params,
                                    .rows = rows,
                                    .columns = columns,
                                    .x = input(x),
                                    .x_stride = x_stride,
                                    .dy = input(dy),
                                    .dy_stride = dy_stride,
                                    .dx = output(dx),
                                    .dx_stride = dx_stride,
                                    .dparams = dparams,
                                    .dtype = dtype };
    return backward(ROWS, fn, &a, NULL);
}

static activ_status forward_gated(const activ_fn *fn, const float *params, activ_dtype dtype, size_t rows,
                                  size_t columns, const void *value, size_t value_stride, const void *gate,
                                  size_t gate_stride, void *y, size_t y_stride)
{
    const activ_forward_args a = { .params = params,
                                   .rows = rows,
                                   .columns = columns,
                                   .x = input(value),
                                   .x_stride = value_stride,
                                   .gate = input(gate),
                                   .gate_stride = gate_stride,
                                   .y = output(y),
                                   .y_stride = y_stride,
                                   .dtype = dtype };
    return forward(GATED, fn, &a, NULL);
}

static activ_status backward_gated(const activ_fn *fn, const float *params, activ_dtype dtype, size_t rows,
                                   size_t columns, const void *value, size_t value_stride, const void *gate,
                                   size_t gate_stride, const void *dy, size_t dy_stride, void *dvalue,
                                   size_t dvalue_stride, void *dgate, size_t dgate_stride, float *dparams)
{
    const activ_backward_args a = { .params = params,
                                    .rows = rows,
                                    .columns = columns,
                                    .x = input(value),
                                    .x_stride = value_stride,
                                    .gate = input(gate),
                                    .gate_stride = gate_stride,
                                    .dy = input(dy),
                                    .dy_stride = dy_stride,
                                    .dx = output(dvalue),
                                    .dx_stride = dvalue_stride,
                                    .dgate = output(dgate),
                                    .dgate_stride = dgate_stride,
                                    .dparams = dparams,
                                    .dtype = dtype };
    return backward(GATED, fn, &a, NULL);
}

/* One row, without threads: these calls too are short enough to notice the checks. */
static inline int is_valid_row(const activ_fn *fn, int32_t shape, const float *params, size_t rows, size_t columns,
                               const float *x, const float *in, const float *out)
{
    return rows == 1 && columns > 0 && fn && fn->entry->shape == shape && out && fn->host.executor.num_threads == 1 &&
           are_valid(fn, params, columns, x, in, out, NULL);
}

activ_status activ_forward_rows(const activ_fn *fn, const float *params, size_t rows, size_t columns, const float *x,
                                size_t x_stride, float *y, size_t y_stride)
{
    if (is_valid_row(fn, ACTIV_SHAPE_ROWWISE, params, rows, columns, x, x, y) && fn->param_count == 0) {
        fn->rowwise->forward(&fn->args, 1, columns, x, columns, y, columns);
        return ACTIV_OK;
    }
    return forward_rows(fn, params, 0, rows, columns, x, x_stride, y, y_stride);
}

activ_status activ_backward_rows(const activ_fn *fn, const float *params, size_t rows, size_t columns, const float *x,
                                 size_t x_stride, const float *dy, size_t dy_stride, float *dx, size_t dx_stride,
                                 float *dparams)
{
    if (is_valid_row(fn, ACTIV_SHAPE_ROWWISE, params, rows, columns, x, dy, dx) && fn->param_count == 0) {
        fn->rowwise->backward(&fn->args, 1, columns, x, columns, dy, columns, dx, columns, 0);
        return ACTIV_OK;
    }
    return backward_rows(fn, params, 0, rows, columns, x, x_stride, dy, dy_stride, dx, dx_stride, dparams);
}

activ_status activ_forward_gated(const activ_fn *fn, const float *params, size_t rows, size_t columns,
                                 const float *value, size_t value_stride, const float *gate, size_t gate_stride,
                                 float *y, size_t y_stride)
{
    if (is_valid_row(fn, ACTIV_SHAPE_GATED, params, rows, columns, value, gate, y)) {
        activ_fn_storage storage;
        activ_fn_args args;
        activ_fn_prepare(fn, params, &storage, &args);
        activ_fn_forward_times(&fn->host, fn->kernel, &args, columns, gate, value, y);
        return ACTIV_OK;
    }
    return forward_gated(fn, params, 0, rows, columns, value, value_stride, gate, gate_stride, y, y_stride);
}

activ_status activ_backward_gated(const activ_fn *fn, const float *params, size_t rows, size_t columns,
                                  const float *value, size_t value_stride, const float *gate, size_t gate_stride,
                                  const float *dy, size_t dy_stride, float *dvalue, size_t dvalue_stride, float *dgate,
                                  size_t dgate_stride, float *dparams)
{
    return backward_gated(fn, params, 0, rows, columns, value, value_stride, gate, gate_stride, dy, dy_stride, dvalue,
                          dvalue_stride, dgate, dgate_stride, dparams);
}

/* ---- another type than float32 ------------------------------------------------------------------------ */

/* 0 in the struct means float32, here it is no type. */
static activ_dtype named(activ_dtype dtype)
{
    return dtype == 0 ? -1 : dtype;
}

activ_status activ_forward_as(const activ_fn *fn, const float *params, activ_dtype dtype, size_t n, const void *x,
                              void *y)
{
    if (dtype == ACTIV_FLOAT32)
        return activ_forward(fn, params, n, x, y);
    const activ_forward_args a = { .params = params, ONE_ROW(n), .x = input(x), .y = output(y), .dtype = named(dtype) };
    return forward(ARRAY, fn, &a, NULL);
}

activ_status activ_backward_as(const activ_fn *fn, const float *params, activ_dtype dtype, size_t n, const void *x,
                               const void *dy, void *dx, float *dparams)
{
    if (dtype == ACTIV_FLOAT32)
        return activ_backward(fn, params, n, x, dy, dx, dparams);
    const activ_backward_args a = { .params = params,
                                    ONE_ROW(n),
                                    .x = input(x),
                                    .dy = input(dy),
                                    .dx = output(dx),
                                    .dparams = dparams,
                                    .dtype = named(dtype) };
    return backward(ARRAY, fn, &a, NULL);
}

activ_status activ_forward_rows_as(const activ_fn *fn, const float *params, activ_dtype dtype, size_t rows,
                                   size_t columns, const void *x, size_t x_stride, void *y, size_t y_stride)
{
    if (dtype == ACTIV_FLOAT32)
        return activ_forward_rows(fn, params, rows, columns, x, x_stride, y, y_stride);
    return forward_rows(fn, params, named(dtype), rows, columns, x, x_stride, y, y_stride);
}

activ_status activ_backward_rows_as(const activ_fn *fn, const float *params, activ_dtype dtype, size_t rows,
                                    size_t columns, const void *x, size_t x_stride, const void *dy, size_t dy_stride,
                                    void *dx, size_t dx_stride, float *dparams)
{
    if (dtype == ACTIV_FLOAT32)
        return activ_backward_rows(fn, params, rows, columns, x, x_stride, dy, dy_stride, dx, dx_stride, dparams);
    return backward_rows(fn, params, named(dtype), rows, columns, x, x_stride, dy, dy_stride, dx, dx_stride, dparams);
}

activ_status activ_forward_gated_as(const activ_fn *fn, const float *params, activ_dtype dtype, size_t rows,
                                    size_t columns, const void *value, size_t value_stride, const void *gate,
                                    size_t gate_stride, void *y, size_t y_stride)
{
    if (dtype == ACTIV_FLOAT32)
        return activ_forward_gated(fn, params, rows, columns, value, value_stride, gate, gate_stride, y, y_stride);
    return forward_gated(fn, params, named(dtype), rows, columns, value, value_stride, gate, gate_stride, y, y_stride);
}

activ_status activ_backward_gated_as(const activ_fn *fn, const float *params, activ_dtype dtype, size_t rows,
                                     size_t columns, const void *value, size_t value_stride, const void *gate,
                                     size_t gate_stride, const void *dy, size_t dy_stride, void *dvalue,
                                     size_t dvalue_stride, void *dgate, size_t dgate_stride, float *dparams)
{
    if (dtype == ACTIV_FLOAT32)
        return activ_backward_gated(fn, params, rows, columns, value, value_stride, gate, gate_stride, dy, dy_stride,
                                    dvalue, dvalue_stride, dgate, dgate_stride, dparams);
    return backward_gated(fn, params, named(dtype), rows, columns, value, value_stride, gate, gate_stride, dy,
                          dy_stride, dvalue, dvalue_stride, dgate, dgate_stride, dparams);
}
