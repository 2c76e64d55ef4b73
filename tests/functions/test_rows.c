/* Row-wise functions, forward and back, on every tier: against MPFR within the bounds that the catalog promises; the
 * same bits from every tier, whatever the neighbouring rows, stride and alignment, in place or not; and not one element
 * outside of the columns read or written.
 *
 * usage: test_rows [--thin N]      N: one case in N, for emulated CPUs */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "activ/cpu.h"
#include "activ/fn.h"
#include "activ/random.h"
#include "functions/list.h"
#include "functions/reference_rows.h"
#include "support/guard.h"
#include "support/thin.h"
#include "support/tiers.h"
#include "support/ulp.h"

enum { MAX_COLUMNS = 4097, SHOWN = 4, DY_KINDS = 5 };

static size_t thin = 1, turn;

static int passed_over(void)
{
    return turn++ % thin != 0;
}

static int begin(void **state)
{
    const int status = each_tier_begin(state);
    return status == 0 ? reference_rows_begin(MAX_COLUMNS) : status;
}

static int end(void **state)
{
    reference_rows_end();
    return each_tier_end(state);
}

static activ_fn *create(size_t tier, const char *spec)
{
    activ_fn *fn = NULL;
    assert_int_equal(activ_fn_create(each_tier[tier], spec, &fn), ACTIV_OK);
    return fn;
}

static void forward(const activ_fn *fn, size_t rows, size_t columns, const float *x, size_t x_stride, float *y,
                    size_t y_stride)
{
    assert_int_equal(activ_forward_rows(fn, NULL, rows, columns, x, x_stride, y, y_stride), ACTIV_OK);
}

static void backward(const activ_fn *fn, size_t rows, size_t columns, const float *x, size_t x_stride, const float *dy,
                     size_t dy_stride, float *dx, size_t dx_stride)
{
    assert_int_equal(activ_backward_rows(fn, NULL, rows, columns, x, x_stride, dy, dy_stride, dx, dx_stride, NULL),
                     ACTIV_OK);
}

static int same(float a, float b)
{
    return float_bits(a) == float_bits(b) || (isnan(a) && isnan(b));
}

/* ---- rows ---- */

static uint64_t stream;

static void normal(size_t n, float mean, float deviation, float *x)
{
    assert_int_equal(activ_random_normal(7, stream++, 0, n, mean, deviation, x), ACTIV_OK);
}

static float uniform(float low, float high)
{
    float value = 0.0f;
    assert_int_equal(activ_random_uniform(7, stream++, 0, 1, low, high, &value), ACTIV_OK);
    return value;
}

/* Kinds of dy: ordinary, all of one magnitude, near the ends of the range, or mostly 0. */
static void fill_dy(int kind, size_t n, float *dy)
{
    normal(n, kind == 1 ? 1.0f : 0.0f, kind == 1 ? 0.01f : 1.0f, dy);
    for (size_t i = 0; i < n; i++) {
        if (kind == 2)
            dy[i] = dy[i] < 0.0f ? -3e38f : 3e38f;
        if (kind == 3)
            dy[i] *= 1e-39f;
        if (kind == 4)
            dy[i] = i == n / 2 ? 1e25f : 0.0f;
    }
}

typedef struct tally {
    double worst;
    size_t columns, failures;
} tally;

/* The functions of one reference on each tier, and the largest errors so far. */
typedef struct trial {
    const reference_rowwise *reference;
    activ_fn *fn[MAX_TIERS];
    double forward_bound, backward_bound;
    tally forward, backward;
    size_t rows;
} trial;

static trial trial_of(const reference_rowwise *reference)
{
    trial t = { .reference = reference };
    activ_fn_info info = ACTIV_FN_INFO_INIT;
    for (size_t i = 0; i < each_tier_count; i++)
        t.fn[i] = create(i, reference->name);
    assert_int_equal(activ_fn_info_of(t.fn[0], &info), ACTIV_OK);
    assert_string_equal(info.name, reference->name);
    assert_int_equal(info.shape, ACTIV_SHAPE_ROWWISE);
    t.forward_bound = (double)info.forward_ulp;
    t.backward_bound = (double)info.derivative_ulp;
    return t;
}

static void trial_end(trial *t, const char *what)
{
    for (size_t i = 0; i < each_tier_count; i++)
        activ_fn_destroy(t->fn[i]);
    print_message("  %-12s %-12s %6zu rows, y: %.3f ulp (%zu columns), dx: %.3f ulp (%zu columns)\n",
                  t->reference->name, what, t->rows, t->forward.worst, t->forward.columns, t->backward.worst,
                  t->backward.columns);
    assert_true(t->rows > 0);
    assert_int_equal(t->forward.failures + t->backward.failures, 0);
}

static void judge(tally *t, const trial *of, const char *what, size_t tier, size_t columns, size_t i, const float *x,
                  float got, double want, double error, double bound)
{
    if (!(error <= t->worst)) {
        t->worst = error;
        t->columns = columns;
    }
    if (error <= bound)
        return;
    if (t->failures++ < SHOWN)
        print_error("%s on %s, %s[%zu] of %zu, x = %a (%.9g): %a (%.9g), expected %a (%.9g): %.3f ulp, bound %.3f\n",
                    of->reference->name, activ_context_tier(each_tier[tier]), what, i, columns, (double)x[i],
                    (double)x[i], (double)got, (double)got, want, want, error, bound);
}

static void check_same(const trial *of, const char *what, size_t tier, size_t columns, const float *x,
                       const float *want, const float *got)
{
    for (size_t i = 0; i < columns; i++)
        if (!same(want[i], got[i]))
            fail_msg("%s: %s[%zu] of %zu on %s is not what %s gives, at x = %a: %a, not %a", of->reference->name, what,
                     i, columns, activ_context_tier(each_tier[tier]), activ_context_tier(each_tier[0]), (double)x[i],
                     (double)got[i], (double)want[i]);
}

/* One row on the first tier against the reference, and on the others against that. */
static void check_row(trial *t, size_t columns, const float *x, int dy_kind)
{
    static float y[MAX_COLUMNS], dx[MAX_COLUMNS], dy[MAX_COLUMNS], got[MAX_COLUMNS];
    static double want[MAX_COLUMNS], scale[MAX_COLUMNS];
    if (passed_over())
        return;
    fill_dy(dy_kind, columns, dy);
    t->rows++;
    forward(t->fn[0], 1, columns, x, columns, y, columns);
    t->reference->forward(columns, x, want);
    for (size_t i = 0; i < columns; i++)
        judge(&t->forward, t, "y", 0, columns, i, x, y[i], want[i], ulp_error(y[i], want[i]), t->forward_bound);
    backward(t->fn[0], 1, columns, x, columns, dy, columns, dx, columns);
    t->reference->backward(columns, x, dy, want, scale);
    for (size_t i = 0; i < columns; i++)
        judge(&t->backward, t, "dx", 0, columns, i, x, dx[i], want[i], ulp_error_scaled(dx[i], want[i], scale[i]),
              t->backward_bound);
    for (size_t k = 1; k < each_tier_count; k++) {
        forward(t->fn[k], 1, columns, x, columns, got, columns);
        check_same(t, "y", k, columns, x, y, got);
        backward(t->fn[k], 1, columns, x, columns, dy, columns, got, columns);
        check_same(t, "dx", k, columns, x, dx, got);
    }
}

/* Random rows of all lengths and of several spreads, around several means. */
static void test_random(void **state)
{
    static const struct {
        float mean, deviation;
    } kinds[] = {
        { 0.0f, 1.0f }, { 0.0f, 1e-3f },  { 3.0f, 5.0f },   { -200.0f, 20.0f }, { 0.0f, 60.0f },
        { 1e4f, 3.0f }, { -5e6f, 40.0f }, { 511.0f, 2.0f }, { -513.0f, 3.0f },  { 0.0f, 1e-30f },
    };
    static const size_t lengths[] = { 127, 128, 129, 1000, 1024, 2047, 2048, 2049, 4097 };
    enum { KINDS = sizeof kinds / sizeof kinds[0], LENGTHS = sizeof lengths / sizeof lengths[0] };
    static float x[MAX_COLUMNS];
    trial t = trial_of(*state);
    for (size_t k = 0; k < KINDS; k++) {
        for (size_t columns = 1; columns <= 70; columns++)
            for (int again = 0; again < 3; again++) {
                normal(columns, kinds[k].mean, kinds[k].deviation, x);
                check_row(&t, columns, x, (int)(columns + (size_t)again) % DY_KINDS);
            }
        for (size_t i = 0; i < LENGTHS; i++) {
            normal(lengths[i], kinds[k].mean, kinds[k].deviation, x);
            check_row(&t, lengths[i], x, (int)(i + k) % DY_KINDS);
        }
    }
    trial_end(&t, "random");
}

/* Two values, so that nothing averages the errors: at all distances, subnormal results and those that vanish included.
 */
static void test_pairs(void **state)
{
    trial t = trial_of(*state);
    for (int i = 0; i < 6000; i++) {
        float top = i % 3 == 0 ? 0.0f : uniform(-500.0f, 500.0f), x[18];
        float distance = i % 2 == 0 ? uniform(0.0f, 12.0f) : uniform(0.0f, 112.0f);
        /* A neighbour or sixteen elements away: in another partial sum, or in the same. */
        size_t columns = i % 5 == 0 ? 18 : 2;
        for (size_t k = 0; k < columns; k++)
            x[k] = -INFINITY;
        x[0] = top;
        x[columns == 2 ? 1 : 16] = top - distance;
        check_row(&t, columns, x, i % DY_KINDS);
    }
    trial_end(&t, "pairs");
}

/* Equal largest values; a ladder down to where results vanish; and how far above 0 log_softmax can see. */
static void test_shapes(void **state)
{
    static const float tops[] = { 0.0f, -0.0f, 1.0f, -87.3f, 345.6f, 512.0f, 513.0f, -512.0f, -1000.25f, 1e6f };
    static const size_t lengths[] = { 2, 3, 10, 16, 17, 64, 65, 100, 1000 };
    enum { TOPS = sizeof tops / sizeof tops[0], LENGTHS = sizeof lengths / sizeof lengths[0] };
    static float x[MAX_COLUMNS];
    trial t = trial_of(*state);
    for (size_t k = 0; k < TOPS; k++)
        for (size_t l = 0; l < LENGTHS; l++) {
            size_t n = lengths[l];
            int dy = (int)(k + l) % DY_KINDS;
            for (size_t i = 0; i < n; i++)
                x[i] = tops[k];
            check_row(&t, n, x, dy);
            for (size_t i = 0; i < n; i++)
                x[i] = i % 3 == 1 ? tops[k] : tops[k] - 3.0f - (float)(i % 7);
            check_row(&t, n, x, dy);
            for (size_t i = 0; i < n; i++)
                x[i] = tops[k] - 110.0f * (float)i / (float)(n - 1);
            check_row(&t, n, x, dy);
            for (size_t i = 0; i < n; i++)
                x[n - 1 - i] = tops[k] - 20.0f - 95.0f * (float)i / (float)n;
            x[n / 2] = tops[k];
            check_row(&t, n, x, dy);
            for (float depth = 1.0f; depth < 112.0f; depth += 5.55f) {
                for (size_t i = 0; i < n; i++)
                    x[i] = tops[k] - depth;
                x[n / 3] = tops[k];
                check_row(&t, n, x, dy);
            }
        }
    trial_end(&t, "shapes");
}

/* Values whose differences overflow, infinities, NaN. */
static void test_special(void **state)
{
    static const float others[] = { 3e38f, -3e38f, 3.4028235e38f, -3.4028235e38f, -INFINITY,  INFINITY,
                                    NAN,   -1e30f, 1e5f,          0x1p-149f,      -0x1p-126f, 0.0f };
    static const size_t lengths[] = { 1, 2, 3, 9, 10, 16, 33, 64, 70, 130, 1000, 3000 };
    enum { OTHERS = sizeof others / sizeof others[0], LENGTHS = sizeof lengths / sizeof lengths[0] };
    static float x[MAX_COLUMNS];
    trial t = trial_of(*state);
    for (size_t l = 0; l < LENGTHS; l++) {
        size_t n = lengths[l];
        for (size_t a = 0; a < OTHERS; a++) {
            int dy = (int)(l + a) % DY_KINDS;
            for (size_t i = 0; i < n; i++)
                x[i] = others[a];
            check_row(&t, n, x, dy);
            for (size_t at = 0; at < n; at += 1 + n / 5) {
                normal(n, 0.0f, 2.0f, x);
                x[at] = others[a];
                check_row(&t, n, x, dy);
            }
            for (size_t b = 0; b < OTHERS; b++) {
                for (size_t i = 0; i < n; i++)
                    x[i] = i % 2 == 0 ? others[a] : others[b];
                check_row(&t, n, x, dy);
                normal(n, 0.0f, 2.0f, x);
                x[n / 2] = others[a];
                x[n - 1] = others[b];
                check_row(&t, n, x, dy);
            }
        }
    }
    trial_end(&t, "special");
}

/* Properties that need no reference. */
static void test_exact(void **state)
{
    (void)state;
    for (size_t k = 0; k < each_tier_count; k++) {
        activ_fn *softmax = create(k, "softmax"), *log_softmax = create(k, "log_softmax");
        static const float one[] = { 0.0f, 1.7f, -3e38f, 3e38f, 600.1f, 0x1p-149f };
        float y[4], dy[] = { 2.5f, -1.0f, 0.5f, 0.0f };
        for (size_t i = 0; i < sizeof one / sizeof one[0]; i++) {
            forward(softmax, 1, 1, &one[i], 1, y, 1);
            assert_true(y[0] == 1.0f);
            forward(log_softmax, 1, 1, &one[i], 1, y, 1);
            assert_true(y[0] == 0.0f);
            backward(log_softmax, 1, 1, &one[i], 1, dy, 1, y, 1);
            assert_true(fabsf(y[0]) <= 4e-7f);
        }
        const float masked[] = { -INFINITY, 2.0f, -INFINITY, 2.0f };
        forward(softmax, 1, 4, masked, 4, y, 4);
        assert_true(y[0] == 0.0f && y[1] == 0.5f && y[2] == 0.0f && y[3] == 0.5f);
        forward(log_softmax, 1, 4, masked, 4, y, 4);
        assert_true(y[0] == -INFINITY && y[1] == y[3] && y[2] == -INFINITY);
        backward(softmax, 1, 4, masked, 4, dy, 4, y, 4);
        assert_true(y[0] == 0.0f && fabsf(y[1] + 0.25f) <= 1e-7f && y[2] == 0.0f && fabsf(y[3] - 0.25f) <= 1e-7f);
        const float apart[] = { 3e38f, -3e38f, 3e38f, 1.0f };
        forward(softmax, 1, 4, apart, 4, y, 4);
        assert_true(y[0] == 0.5f && y[1] == 0.0f && y[2] == 0.5f && y[3] == 0.0f);
        forward(log_softmax, 1, 4, apart, 4, y, 4);
        assert_true(y[1] == -INFINITY && y[3] == -3e38f);
        /* No rows, nothing done; no columns, or rows that overlap, refused. */
        y[0] = 7.0f;
        forward(softmax, 0, 4, apart, 4, y, 4);
        assert_true(y[0] == 7.0f);
        assert_int_not_equal(activ_forward_rows(softmax, NULL, 1, 0, apart, 4, y, 4), ACTIV_OK);
        assert_int_not_equal(activ_forward_rows(softmax, NULL, 2, 2, apart, 1, y, 2), ACTIV_OK);
        assert_int_not_equal(activ_forward_rows(softmax, NULL, 2, 2, apart, 2, y, 1), ACTIV_OK);
        assert_true(y[0] == 7.0f);
        activ_fn_destroy(softmax);
        activ_fn_destroy(log_softmax);
    }
}

/* ---- many rows ---- */

enum { ROWS = 37, MOST = 2100 };

/* Some rows are ordinary, others have values that take other code paths. */
static void fill_rows(size_t rows, size_t columns, float *x)
{
    for (size_t r = 0; r < rows; r++) {
        float *row = x + r * columns;
        normal(columns, 0.0f, r % 4 == 3 ? 40.0f : 3.0f, row);
        if (r % 11 == 5)
            row[r % columns] = INFINITY;
        if (r % 7 == 2)
            row[(r + 1) % columns] = -INFINITY;
        if (r % 13 == 6)
            row[columns / 2] = NAN;
        if (r % 9 == 4)
            row[columns - 1] = 3e38f;
        if (r % 10 == 7)
            for (size_t i = 0; i < columns; i++)
                row[i] += 12345.0f;
    }
}

typedef struct buffers {
    guarded x, y, dy, dx;
} buffers;

static void put(guarded *buffer, float *at, size_t stride, size_t rows, size_t columns, const float *values)
{
    guarded_fill(buffer);
    for (size_t r = 0; values != NULL && r < rows; r++)
        memcpy(at + r * stride, values + r * columns, columns * sizeof *values);
}

/* The rows at `at` hold these values, and everything else in the buffer its pattern. */
static void expect(const char *what, const char *spec, size_t tier, const guarded *buffer, const float *at,
                   size_t stride, size_t rows, size_t columns, const float *values)
{
    for (size_t r = 0; r < rows; r++)
        for (size_t i = 0; i < columns; i++)
            if (!same(at[r * stride + i], values[r * columns + i]))
                fail_msg("%s of %s on %s, %zu x %zu, stride %zu: element %zu, %zu is %a, not %a", what, spec,
                         activ_context_tier(each_tier[tier]), rows, columns, stride, r, i, (double)at[r * stride + i],
                         (double)values[r * columns + i]);
    if (!guarded_untouched_rows(buffer, at, rows, columns * sizeof *at, stride * sizeof *at))
        fail_msg("%s of %s on %s, %zu x %zu, stride %zu, wrote outside of its columns", what, spec,
                 activ_context_tier(each_tier[tier]), rows, columns, stride);
}

static float *place_of(guarded *buffer, size_t rows, size_t columns, size_t stride, size_t offset, int at_end)
{
    return at_end ? buffer->end - ((rows - 1) * stride + columns) : buffer->begin + offset;
}

/* Separate arrays with strides of their own, y over x, dx over dy, dx over x; against rows that were alone. */
static void check_places(const char *spec, size_t rows, size_t columns, size_t gap, size_t offset, int at_end,
                         buffers *b, const float *x, const float *dy, const float *y, const float *dx)
{
    size_t xs = columns + gap, ys = columns + gap / 2, dys = columns + 2 * gap, dxs = columns + (gap + 1) / 2;
    for (size_t k = 0; k < each_tier_count; k++) {
        activ_fn *fn = create(k, spec);
        float *px = place_of(&b->x, rows, columns, xs, offset, at_end);
        float *py = place_of(&b->y, rows, columns, ys, (offset * 7) % 16, at_end);
        float *pdy = place_of(&b->dy, rows, columns, dys, (offset * 5) % 16, at_end);
        float *pdx = place_of(&b->dx, rows, columns, dxs, (offset * 3) % 16, at_end);

        put(&b->x, px, xs, rows, columns, x);
        put(&b->y, py, ys, rows, columns, NULL);
        forward(fn, rows, columns, px, xs, py, ys);
        expect("y", spec, k, &b->y, py, ys, rows, columns, y);
        expect("x of y", spec, k, &b->x, px, xs, rows, columns, x);

        put(&b->x, px, xs, rows, columns, x);
        forward(fn, rows, columns, px, xs, px, xs);
        expect("y over x", spec, k, &b->x, px, xs, rows, columns, y);

        put(&b->x, px, xs, rows, columns, x);
        put(&b->dy, pdy, dys, rows, columns, dy);
        put(&b->dx, pdx, dxs, rows, columns, NULL);
        backward(fn, rows, columns, px, xs, pdy, dys, pdx, dxs);
        expect("dx", spec, k, &b->dx, pdx, dxs, rows, columns, dx);

        backward(fn, rows, columns, px, xs, pdy, dys, pdy, dys);
        expect("dx over dy", spec, k, &b->dy, pdy, dys, rows, columns, dx);
        expect("x of dx", spec, k, &b->x, px, xs, rows, columns, x);

        put(&b->x, px, xs, rows, columns, x);
        put(&b->dy, pdy, dys, rows, columns, dy);
        backward(fn, rows, columns, px, xs, pdy, dys, px, xs);
        expect("dx over x", spec, k, &b->x, px, xs, rows, columns, dx);
        expect("dy of dx", spec, k, &b->dy, pdy, dys, rows, columns, dy);
        activ_fn_destroy(fn);
    }
}

static void test_places(void **state)
{
    const char *spec = ((const reference_rowwise *)*state)->name;
    static const struct {
        size_t rows, columns;
    } sizes[] = {
        { ROWS, 1 }, { ROWS, 2 },  { ROWS, 3 }, { ROWS, 5 }, { ROWS, 7 },  { ROWS, 8 }, { ROWS, 10 }, { 33, 15 },
        { 17, 16 },  { ROWS, 17 }, { 16, 31 },  { 15, 33 },  { ROWS, 64 }, { 5, 65 },   { 9, 79 },    { 3, 127 },
        { 2, 130 },  { 7, 300 },   { 3, 1000 }, { 2, 2048 }, { 3, 2050 },  { 1, 1 },    { 1, 64 },    { 1, 2100 },
    };
    static float x[ROWS * MOST], dy[ROWS * MOST], y[ROWS * MOST], dx[ROWS * MOST];
    buffers b;
    size_t room = 40000;
    assert_int_equal(guarded_create(&b.x, room), 0);
    assert_int_equal(guarded_create(&b.y, room), 0);
    assert_int_equal(guarded_create(&b.dy, room), 0);
    assert_int_equal(guarded_create(&b.dx, room), 0);
    for (size_t s = 0; s < sizeof sizes / sizeof sizes[0]; s++) {
        size_t rows = sizes[s].rows, columns = sizes[s].columns;
        fill_rows(rows, columns, x);
        fill_dy(0, rows * columns, dy);
        activ_fn *first = create(0, spec);
        for (size_t r = 0; r < rows; r++) {
            size_t at = r * columns;
            forward(first, 1, columns, x + at, columns, y + at, columns);
            backward(first, 1, columns, x + at, columns, dy + at, columns, dx + at, columns);
        }
        activ_fn_destroy(first);
        for (size_t gap = 0; gap < 20; gap = gap == 0 ? 1 : gap * 3) {
            for (size_t offset = 0; offset < 16; offset += columns < 100 ? 3 : 7)
                if (!passed_over())
                    check_places(spec, rows, columns, gap, offset, 0, &b, x, dy, y, dx);
            if (!passed_over())
                check_places(spec, rows, columns, gap, 0, 1, &b, x, dy, y, dx);
        }
    }
    guarded_destroy(&b.x);
    guarded_destroy(&b.y);
    guarded_destroy(&b.dy);
    guarded_destroy(&b.dx);
}

/* More ties than a float32 can count: e^y of each is 1 over their number. */
static void test_many_ties(void **state)
{
    (void)state;
    enum { TIES = (1 << 24) + 4096 };
    if (thin > 1)
        return;
    float *x = malloc(TIES * sizeof *x);
    assert_non_null(x);
    float first = 0.0f;
    for (size_t tier = 0; tier < each_tier_count; tier++) {
        memset(x, 0, TIES * sizeof *x);
        activ_fn *fn = create(tier, "log_softmax");
        forward(fn, 1, TIES, x, TIES, x, TIES);
        assert_true(x[0] == x[TIES - 1] && (tier == 0 || x[0] == first));
        first = x[0];
        activ_fn_destroy(fn);
    }
    assert_true(fabs((double)first + log((double)TIES)) < 4e-6);
    free(x);
}

#define TESTS_OF(name)                                                                                               \
    { "random rows of " #name, test_random, NULL, NULL, NULL }, { "pairs of " #name, test_pairs, NULL, NULL, NULL }, \
        { "shapes of " #name, test_shapes, NULL, NULL, NULL },                                                       \
        { "special values of " #name, test_special, NULL, NULL, NULL },                                              \
        { "places of " #name, test_places, NULL, NULL, NULL },
enum { TESTS_EACH = 5 };

int main(int argc, char **argv)
{
    thin = thin_argument(argc, argv);
    struct CMUnitTest tests[] = {
        ACTIV_ROWWISE(TESTS_OF) cmocka_unit_test(test_exact),
        cmocka_unit_test(test_many_ties),
    };
    for (size_t i = 0; i < TESTS_EACH * reference_rowwise_count; i++)
        tests[i].initial_state = (void *)(uintptr_t)&references_rowwise[i / TESTS_EACH];
    return cmocka_run_group_tests(tests, begin, end);
}
