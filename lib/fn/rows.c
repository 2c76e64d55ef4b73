/* Functions on the rows of matrices: row-wise ones, elementwise ones with gaps between rows, gated ones. */
#include "fn/fn.h"

#include "base/share.h"
#include "kernels/kernels.h"

typedef struct rows_job {
    const activ_fn *fn;
    const activ_fn_args *args;
    size_t rows, columns;
    const float *x, *value, *dy; /* x: of a gated function its gate */
    size_t x_stride, value_stride, dy_stride;
    float *out, *dvalue; /* out: y, dx or dgate */
    size_t out_stride, dvalue_stride;
    int of_y, accumulate; /* backward */
} rows_job;

/* If no matrix has gaps between rows, all rows are one long row. */
static int is_dense(const rows_job *job)
{
    const size_t c = job->columns;
    return job->rows == 1 ||
           (job->x_stride == c && (!job->value || job->value_stride == c) && (!job->dy || job->dy_stride == c) &&
            (!job->out || job->out_stride == c) && (!job->dvalue || job->dvalue_stride == c));
}

static void run_backward(const rows_job *job, size_t n, const float *x, const float *dy, float *dx)
{
    const activ_fn_kernel *kernel = job->fn->kernel;
    if (job->of_y && kernel->backward_from_y)
        kernel->backward_from_y(job->args, n, x, dy, dx);
    else
        kernel->backward(job->args, 0, 0, n, x, dy, dx, NULL);
}

static void add_backward(const rows_job *job, size_t n, const float *x, const float *dy, float *dx)
{
    const activ_kernels *kernels = activ_kernels_of(job->fn->host.tier);
    float added[ACTIV_FN_ADDED];
    for (size_t at = 0, count; at < n; at += count) {
        count = n - at < ACTIV_FN_ADDED ? n - at : ACTIV_FN_ADDED;
        run_backward(job, count, x + at, dy + at, added);
        kernels->add(count, dx + at, added, dx + at);
    }
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
                                job->dvalue ? job->dvalue + row * job->dvalue_stride + at : NULL, out, job->accumulate);
    else if (value)
        activ_fn_forward_times(&job->fn->host, kernel, job->args, n, x, value, out);
    else if (dy && job->accumulate)
        add_backward(job, n, x, dy, out);
    else if (dy)
        run_backward(job, n, x, dy, out);
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
        (job->of_y ? rowwise->backward_from_y : rowwise->backward)(job->args, r.count, job->columns, x, job->x_stride,
                                                                   job->dy + r.first * job->dy_stride, job->dy_stride,
                                                                   out, job->out_stride, job->accumulate);
    else if (rowwise)
        rowwise->forward(job->args, r.count, job->columns, x, job->x_stride, out, job->out_stride);
    for (size_t row = r.first; !rowwise && row < r.first + r.count; row++)
        run_row(job, row, 0, job->columns);
}

void activ_fn_run_rows(const activ_fn *fn, size_t threads, const activ_fn_args *args, const activ_forward_args *a)
{
    const int is_gated = fn->entry->shape == ACTIV_SHAPE_GATED;
    rows_job job = { .fn = fn,
                     .args = args,
                     .rows = a->rows,
                     .columns = a->columns,
                     .x = is_gated ? a->gate : a->x,
                     .x_stride = is_gated ? a->gate_stride : a->x_stride,
                     .value = is_gated ? a->x : NULL,
                     .value_stride = a->x_stride,
                     .out = a->y,
                     .out_stride = a->y_stride };
    activ_share(&fn->host, threads, a->rows * a->columns * ACTIV_WORK_ELEMENT, run_part, &job);
}

void activ_fn_run_rows_backward(const activ_fn *fn, size_t threads, const activ_fn_args *args,
                                const activ_backward_args *a)
{
    const int is_gated = fn->entry->shape == ACTIV_SHAPE_GATED;
    const float *x = is_gated ? a->gate : a->x ? a->x : a->y;
    const size_t x_stride = is_gated ? a->gate_stride : a->x ? a->x_stride : a->y_stride;
    if (a->dparams && args->vectors > 0) { /* before there is a job, whose place on the stack it has */
        const activ_fn_elements elements = { .n = a->rows * a->columns,
                                             .width = a->columns,
                                             .x = x,
                                             .dy = a->dy,
                                             .value = is_gated ? a->x : NULL,
                                             .x_stride = x_stride,
                                             .dy_stride = a->dy_stride,
                                             .value_stride = a->x_stride };
        activ_fn_add_gradients(&fn->host, threads, fn->kernel, args, &elements, NULL, a->dparams, 0);
    }
    rows_job job = { .fn = fn,
                     .args = args,
                     .rows = a->rows,
                     .columns = a->columns,
                     .x = x,
                     .x_stride = x_stride,
                     .value = is_gated ? a->x : NULL,
                     .value_stride = a->x_stride,
                     .of_y = !a->x,
                     .accumulate = a->accumulate,
                     .dy = a->dy,
                     .dy_stride = a->dy_stride,
                     .out = is_gated ? a->dgate : a->dx,
                     .out_stride = is_gated ? a->dgate_stride : a->dx_stride,
                     .dvalue = is_gated ? a->dx : NULL,
                     .dvalue_stride = a->dx_stride };
    if (job.out || job.dvalue)
        activ_share(&fn->host, threads, a->rows * a->columns * ACTIV_WORK_ELEMENT, run_part, &job);
}
