/* Functions on the rows of matrices: row-wise ones, elementwise ones where rows have gaps between them, gated ones. */
#include "fn/fn.h"

#include "base/checked.h"
#include "base/share.h"
#include "base/text.h"

/* ---- checks ----------------------------------------------------------------------------------- */

/* A matrix of rows that lie `stride` elements apart. */
typedef struct matrix {
    const char *name;
    const float *at;
    size_t stride;
} matrix;

static activ_status refuse(const activ_fn *fn, activ_status status, const char *what, const char *why)
{
    activ_message message;
    activ_message_set(&message, fn->spec, ": ", what, why);
    return activ_host_log(&fn->host, status, message.text);
}

/* Floats from the first element to behind the last; 0 if that overflows. */
static size_t span_of(size_t rows, size_t columns, size_t stride)
{
    size_t span;
    if (!activ_checked_mul(rows - 1, stride, &span) || !activ_checked_add(span, columns, &span) ||
        span > SIZE_MAX / sizeof(float))
        return 0;
    return span;
}

static activ_status check_matrix(const activ_fn *fn, size_t rows, size_t columns, const matrix *m)
{
    if (!m->at)
        return refuse(fn, ACTIV_ERROR_INVALID, m->name, " is NULL");
    if (m->stride < columns)
        return refuse(fn, ACTIV_ERROR_SHAPE, m->name, "_stride is less than the columns");
    if (span_of(rows, columns, m->stride) == 0)
        return refuse(fn, ACTIV_ERROR_RANGE, m->name, " is too large");
    return ACTIV_OK;
}

/* Do two matrices share an element, other than by being the same? Rows of one may lie between those of the other. */
static int collide(size_t rows, size_t columns, const matrix *a, const matrix *b)
{
    const size_t size = sizeof(float);
    if (!a->at || !b->at || (a->at == b->at && a->stride == b->stride))
        return 0;
    if (!activ_ranges_overlap(a->at, span_of(rows, columns, a->stride) * size, b->at,
                              span_of(rows, columns, b->stride) * size))
        return 0;
    if (a->stride != b->stride)
        return 1;
    uintptr_t p = (uintptr_t)a->at, q = (uintptr_t)b->at, step = a->stride * size;
    size_t apart = (p > q ? p - q : q - p) % step;
    return apart < columns * size || step - apart < columns * size;
}

static int touches(const float *array, size_t count, size_t rows, size_t columns, const matrix *m)
{
    return array && m->at &&
           activ_ranges_overlap(array, count * sizeof *array, m->at, span_of(rows, columns, m->stride) * sizeof *array);
}

/* The inputs and then the outputs of a call; outputs may be left out. `first`: how many are inputs. */
static activ_status check(const activ_fn *fn, const float *params, const float *dparams, size_t rows, size_t columns,
                          const matrix *all, size_t count, size_t first)
{
    if (columns == 0)
        return refuse(fn, ACTIV_ERROR_SHAPE, "columns", " is 0");
    if (rows == 0)
        return ACTIV_OK;
    for (size_t i = 0; i < count; i++) {
        activ_status status = i >= first && !all[i].at ? ACTIV_OK : check_matrix(fn, rows, columns, &all[i]);
        if (status != ACTIV_OK)
            return status;
    }
    for (size_t i = first; i < count; i++) {
        for (size_t k = 0; k < count; k++)
            if (k != i &&
                (collide(rows, columns, &all[i], &all[k]) || (k >= first && all[i].at && all[i].at == all[k].at)))
                return refuse(fn, ACTIV_ERROR_INVALID, all[i].name, " overlaps another array");
        if (touches(params, fn->param_count, rows, columns, &all[i]))
            return refuse(fn, ACTIV_ERROR_INVALID, all[i].name, " overlaps params");
    }
    for (size_t i = 0; i < count; i++)
        if (touches(dparams, fn->param_count, rows, columns, &all[i]))
            return refuse(fn, ACTIV_ERROR_INVALID, "dparams", " overlaps another array");
    if (dparams && params &&
        activ_ranges_overlap(params, fn->param_count * sizeof *params, dparams, fn->param_count * sizeof *params))
        return refuse(fn, ACTIV_ERROR_INVALID, "dparams", " overlaps params");
    return ACTIV_OK;
}

/* ---- work, shared out: whole rows -------------------------------------------------------------- */

typedef struct rows_job {
    const activ_fn *fn;
    const activ_fn_args *args;
    size_t rows, columns;
    const float *x, *value, *dy; /* x: of a gated function its gate */
    size_t x_stride, value_stride, dy_stride;
    float *out, *dvalue; /* out: y, dx or dgate */
    size_t out_stride, dvalue_stride;
} rows_job;

/* Rows without gaps in any of the matrices are one long row. */
static int is_dense(const rows_job *job)
{
    const size_t c = job->columns;
    return job->rows == 1 ||
           (job->x_stride == c && (!job->value || job->value_stride == c) && (!job->dy || job->dy_stride == c) &&
            (!job->out || job->out_stride == c) && (!job->dvalue || job->dvalue_stride == c));
}

static void run_row(const rows_job *job, size_t row, size_t at, size_t n)
{
    const activ_fn_kernel *kernel = job->fn->kernel;
    const float *x = job->x + row * job->x_stride + at;
    const float *value = job->value ? job->value + row * job->value_stride + at : NULL;
    const float *dy = job->dy ? job->dy + row * job->dy_stride + at : NULL;
    float *out = job->out ? job->out + row * job->out_stride + at : NULL;
    if (value && dy)
        activ_fn_gated_backward(&job->fn->host, kernel, job->args, n, value, x, dy,
                                job->dvalue ? job->dvalue + row * job->dvalue_stride + at : NULL, out);
    else if (value)
        kernel->forward_times(job->args, n, x, value, out);
    else if (dy)
        kernel->backward(job->args, 0, 0, n, x, dy, out, NULL);
    else
        kernel->forward(job->args, n, x, out);
}

static void run_part(void *argument, size_t parts, size_t part)
{
    const rows_job *job = argument;
    const activ_rowwise_kernel *rowwise = job->fn->rowwise;
    if (!rowwise && is_dense(job)) {
        activ_range r = activ_range_of(job->rows * job->columns, 16, parts, part);
        run_row(job, 0, r.first, r.count);
        return;
    }
    activ_range r = activ_range_of(job->rows, 1, parts, part);
    const float *x = job->x + r.first * job->x_stride;
    float *out = job->out ? job->out + r.first * job->out_stride : NULL;
    if (rowwise && job->dy)
        rowwise->backward(job->args, r.count, job->columns, x, job->x_stride, job->dy + r.first * job->dy_stride,
                          job->dy_stride, out, job->out_stride);
    else if (rowwise)
        rowwise->forward(job->args, r.count, job->columns, x, job->x_stride, out, job->out_stride);
    for (size_t row = r.first; !rowwise && row < r.first + r.count; row++)
        run_row(job, row, 0, job->columns);
}

void activ_fn_run_rows(const activ_fn *fn, size_t threads, const activ_fn_args *args, size_t rows, size_t columns,
                       const float *x, size_t x_stride, float *y, size_t y_stride)
{
    rows_job job = { .fn = fn,
                     .args = args,
                     .rows = rows,
                     .columns = columns,
                     .x = x,
                     .x_stride = x_stride,
                     .out = y,
                     .out_stride = y_stride };
    activ_share(&fn->host, threads, rows * columns * ACTIV_WORK_ELEMENT, run_part, &job);
}

void activ_fn_run_rows_backward(const activ_fn *fn, size_t threads, const activ_fn_args *args, size_t rows,
                                size_t columns, const float *x, size_t x_stride, const float *dy, size_t dy_stride,
                                float *dx, size_t dx_stride, float *dparams)
{
    if (dparams && args->vectors > 0) {
        const activ_fn_elements elements = {
            .n = rows * columns, .width = columns, .x = x, .dy = dy, .x_step = x_stride, .dy_step = dy_stride
        };
        activ_fn_add_gradients(&fn->host, threads, fn->kernel, args, &elements, NULL, dparams, 0);
    }
    rows_job job = { .fn = fn,
                     .args = args,
                     .rows = rows,
                     .columns = columns,
                     .x = x,
                     .x_stride = x_stride,
                     .dy = dy,
                     .dy_stride = dy_stride,
                     .out = dx,
                     .out_stride = dx_stride };
    if (dx)
        activ_share(&fn->host, threads, rows * columns * ACTIV_WORK_ELEMENT, run_part, &job);
}

void activ_fn_run_gated(const activ_fn *fn, size_t threads, const activ_fn_args *args, size_t rows, size_t columns,
                        const float *value, size_t value_stride, const float *gate, size_t gate_stride, float *y,
                        size_t y_stride)
{
    rows_job job = { .fn = fn,
                     .args = args,
                     .rows = rows,
                     .columns = columns,
                     .x = gate,
                     .x_stride = gate_stride,
                     .value = value,
                     .value_stride = value_stride,
                     .out = y,
                     .out_stride = y_stride };
    activ_share(&fn->host, threads, rows * columns * ACTIV_WORK_ELEMENT, run_part, &job);
}

void activ_fn_run_gated_backward(const activ_fn *fn, size_t threads, const activ_fn_args *args, size_t rows,
                                 size_t columns, const float *value, size_t value_stride, const float *gate,
                                 size_t gate_stride, const float *dy, size_t dy_stride, float *dvalue,
                                 size_t dvalue_stride, float *dgate, size_t dgate_stride, float *dparams)
{
    if (dparams && args->vectors > 0) {
        const activ_fn_elements elements = {
            .n = rows * columns,
            .width = columns,
            .x = gate,
            .dy = dy,
            .value = value,
            .x_step = gate_stride,
            .dy_step = dy_stride,
            .value_step = value_stride,
        };
        activ_fn_add_gradients(&fn->host, threads, fn->kernel, args, &elements, NULL, dparams, 0);
    }
    rows_job job = { .fn = fn,
                     .args = args,
                     .rows = rows,
                     .columns = columns,
                     .x = gate,
                     .x_stride = gate_stride,
                     .value = value,
                     .value_stride = value_stride,
                     .dy = dy,
                     .dy_stride = dy_stride,
                     .out = dgate,
                     .out_stride = dgate_stride,
                     .dvalue = dvalue,
                     .dvalue_stride = dvalue_stride };
    if (dvalue || dgate)
        activ_share(&fn->host, threads, rows * columns * ACTIV_WORK_ELEMENT, run_part, &job);
}

/* ---- calls --------------------------------------------------------------------------------------- */

/* Does the function work on one matrix, or (gated) on two? */
static activ_status check_function(const activ_fn *fn, int gated)
{
    if (!fn)
        return ACTIV_ERROR_INVALID;
    if (gated && fn->entry->shape != ACTIV_SHAPE_GATED)
        return refuse(fn, ACTIV_ERROR_SHAPE, "it is not a gated function", " (gated(SPEC) makes one)");
    if (!gated && fn->entry->shape == ACTIV_SHAPE_GATED)
        return refuse(fn, ACTIV_ERROR_SHAPE, "a gated function", " needs value and gate");
    if (fn->num_parameters > 1)
        return refuse(fn, ACTIV_ERROR_SHAPE, "num_parameters above 1", " needs channels: activ_forward_channels");
    return ACTIV_OK;
}

activ_status activ_forward_rows(const activ_fn *fn, const float *params, size_t rows, size_t columns, const float *x,
                                size_t x_stride, float *y, size_t y_stride)
{
    const matrix all[] = { { "x", x, x_stride }, { "y", y, y_stride } };
    activ_status status = check_function(fn, 0);
    if (status == ACTIV_OK && rows > 0 && !y)
        status = refuse(fn, ACTIV_ERROR_INVALID, "y", " is NULL");
    if (status == ACTIV_OK)
        status = check(fn, params, NULL, rows, columns, all, 2, 1);
    if (status != ACTIV_OK || rows == 0)
        return status;
    activ_fn_room room;
    activ_fn_args args;
    activ_fn_prepare(fn, params, &room, &args);
    activ_fn_run_rows(fn, activ_fn_threads(fn), &args, rows, columns, x, x_stride, y, y_stride);
    return ACTIV_OK;
}

activ_status activ_backward_rows(const activ_fn *fn, const float *params, size_t rows, size_t columns, const float *x,
                                 size_t x_stride, const float *dy, size_t dy_stride, float *dx, size_t dx_stride,
                                 float *dparams)
{
    const matrix all[] = { { "x", x, x_stride }, { "dy", dy, dy_stride }, { "dx", dx, dx_stride } };
    activ_status status = check_function(fn, 0);
    if (status == ACTIV_OK)
        status = check(fn, params, dparams, rows, columns, all, 3, 2);
    if (status != ACTIV_OK || rows == 0)
        return status;
    activ_fn_room room;
    activ_fn_args args;
    activ_fn_prepare(fn, params, &room, &args);
    activ_fn_run_rows_backward(fn, activ_fn_threads(fn), &args, rows, columns, x, x_stride, dy, dy_stride, dx,
                               dx_stride, dparams);
    return ACTIV_OK;
}

activ_status activ_forward_gated(const activ_fn *fn, const float *params, size_t rows, size_t columns,
                                 const float *value, size_t value_stride, const float *gate, size_t gate_stride,
                                 float *y, size_t y_stride)
{
    const matrix all[] = { { "value", value, value_stride }, { "gate", gate, gate_stride }, { "y", y, y_stride } };
    activ_status status = check_function(fn, 1);
    if (status == ACTIV_OK && rows > 0 && !y)
        status = refuse(fn, ACTIV_ERROR_INVALID, "y", " is NULL");
    if (status == ACTIV_OK)
        status = check(fn, params, NULL, rows, columns, all, 3, 2);
    if (status != ACTIV_OK || rows == 0)
        return status;
    activ_fn_room room;
    activ_fn_args args;
    activ_fn_prepare(fn, params, &room, &args);
    activ_fn_run_gated(fn, activ_fn_threads(fn), &args, rows, columns, value, value_stride, gate, gate_stride, y,
                       y_stride);
    return ACTIV_OK;
}

activ_status activ_backward_gated(const activ_fn *fn, const float *params, size_t rows, size_t columns,
                                  const float *value, size_t value_stride, const float *gate, size_t gate_stride,
                                  const float *dy, size_t dy_stride, float *dvalue, size_t dvalue_stride, float *dgate,
                                  size_t dgate_stride, float *dparams)
{
    const matrix all[] = {
        { "value", value, value_stride },    { "gate", gate, gate_stride },    { "dy", dy, dy_stride },
        { "dvalue", dvalue, dvalue_stride }, { "dgate", dgate, dgate_stride },
    };
    activ_status status = check_function(fn, 1);
    if (status == ACTIV_OK)
        status = check(fn, params, dparams, rows, columns, all, 5, 3);
    if (status != ACTIV_OK || rows == 0)
        return status;
    activ_fn_room room;
    activ_fn_args args;
    activ_fn_prepare(fn, params, &room, &args);
    activ_fn_run_gated_backward(fn, activ_fn_threads(fn), &args, rows, columns, value, value_stride, gate, gate_stride,
                                dy, dy_stride, dvalue, dvalue_stride, dgate, dgate_stride, dparams);
    return ACTIV_OK;
}
