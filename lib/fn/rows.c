/* Functions on the rows of matrices: row-wise ones, elementwise ones with gaps between rows, gated ones. */
#include "fn/fn.h"

#include "base/share.h"

typedef struct rows_job {
    const activ_fn *fn;
    const activ_fn_args *args;
    size_t rows, columns;
    const float *x, *value, *dy; /* x: of a gated function its gate */
    size_t x_stride, value_stride, dy_stride;
    float *out, *dvalue; /* out: y, dx or dgate */
    size_t out_stride, dvalue_stride;
} rows_job;

/* If no matrix has gaps between rows, all rows are one long row. */
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
            .n = rows * columns, .width = columns, .x = x, .dy = dy, .x_stride = x_stride, .dy_stride = dy_stride
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
            .x_stride = gate_stride,
            .dy_stride = dy_stride,
            .value_stride = value_stride,
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
