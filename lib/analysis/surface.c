/* f(x) + f(y) over a square, and its gradient. */
#include <math.h>

#include "activ/analysis.h"
#include "base/checked.h"
#include "base/rounding.h"
#include "fn/fn.h"

typedef struct array {
    const char *name;
    const float *at;
    size_t count;
    int is_required;
} array;

static activ_status fail(const activ_fn *fn, activ_message *message, activ_status status, const char *what,
                         const char *why)
{
    return activ_host_fail(&fn->host, message, status, fn->spec, ", surface: ", what, why);
}

static activ_status check_arrays(const activ_fn *fn, const array *arrays, size_t count, activ_message *message)
{
    for (size_t i = 0; i < count; i++) {
        const array *a = &arrays[i];
        if (!a->at && a->is_required)
            return fail(fn, message, ACTIV_ERROR_INVALID, a->name, " is NULL");
        if (!activ_is_aligned(a->at, sizeof(float)))
            return fail(fn, message, ACTIV_ERROR_INVALID, a->name, " is" ACTIV_MISALIGNED);
        for (size_t k = 0; k < i && a->at; k++)
            if (arrays[k].at &&
                activ_ranges_overlap(a->at, a->count * sizeof(float), arrays[k].at, arrays[k].count * sizeof(float)))
                return fail(fn, message, ACTIV_ERROR_INVALID, a->name, " overlaps another array");
    }
    return ACTIV_OK;
}

static void fill_points(size_t n, float low, float high, float *points)
{
    const double first = low, step = ((double)high - first) / (double)(n - 1);
    for (size_t i = 0; i + 1 < n; i++)
        points[i] = (float)(first + (double)i * step);
    points[n - 1] = high;
}

static void fill_surfaces(size_t n, const float *f, const float *slopes, float *z, float *gradient)
{
    for (size_t j = 0; z && j < n; j++)
        for (size_t i = 0; i < n; i++)
            z[j * n + i] = f[i] + f[j];
    /* The squares are exact in double, and neither overflow nor vanish. */
    for (size_t j = 0; gradient && j < n; j++)
        for (size_t i = 0; i < n; i++) {
            const double x = slopes[i], y = slopes[j];
            gradient[j * n + i] = (float)sqrt(x * x + y * y);
        }
}

activ_status activ_surface(const activ_fn *fn, const float *params, size_t n, float low, float high, float *points,
                           float *f, float *slopes, float *z, float *gradient, activ_message *message)
{
    size_t square;
    if (!fn)
        return activ_fail(message, ACTIV_ERROR_INVALID, "surface: the function is NULL");
    if (fn->entry->shape != ACTIV_SHAPE_ELEMENTWISE || activ_fn_channels(fn) > 1)
        return fail(fn, message, ACTIV_ERROR_SHAPE, "the function is not elementwise", ", or has channels");
    if (n < 2)
        return fail(fn, message, ACTIV_ERROR_RANGE, "fewer than two points", "");
    if (!activ_is_finite(low) || !activ_is_finite(high) || !(low < high))
        return fail(fn, message, ACTIV_ERROR_RANGE, "low and high are not two finite numbers, the lower first", "");
    if (!activ_checked_mul(n, n, &square) || square > SIZE_MAX / sizeof(float))
        return fail(fn, message, ACTIV_ERROR_RANGE, "n is too large", "");
    const array arrays[] = {
        { "params", params, fn->param_count, 0 },
        { "points", points, n, 1 },
        { "f", f, n, 1 },
        { "slopes", slopes, n, 1 },
        { "z", z, square, 0 },
        { "gradient", gradient, square, 0 },
    };
    activ_status status = check_arrays(fn, arrays, sizeof arrays / sizeof *arrays, message);
    if (status != ACTIV_OK)
        return status;
    const int rounding = activ_round_to_nearest();
    fill_points(n, low, high, points);
    for (size_t i = 0; i < n; i++)
        slopes[i] = 1.0f;
    status = activ_forward(fn, params, n, points, f);
    if (status == ACTIV_OK)
        status = activ_backward(fn, params, n, points, slopes, slopes, NULL);
    if (status == ACTIV_OK)
        fill_surfaces(n, f, slopes, z, gradient);
    activ_round_as(rounding);
    return status;
}
