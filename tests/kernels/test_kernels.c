/* The kernels of every tier that this machine runs, called through their tables: products against chains of fmaf bit by
 * bit, sums, normalizations and losses against long double, and nothing touched outside of the arrays. */
#include <float.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "activ/cpu.h"
#include "activ/random.h"
#include "cpu/cpu.h"
#include "functions/definition.h"
#include "kernels/kernels.h"
#include "support/guard.h"
#include "support/thin.h"
#include "support/tiers.h"
#include "support/ulp.h"

/* Every `thin`th shape of a product is tried: for emulated CPUs. */
static size_t thin = 1;

/* The tiers that this machine runs; number 0 is scalar. */
static const activ_kernels *tables[ACTIV_TIER_COUNT];
static size_t tiers;

static int find_tiers(void **state)
{
    (void)state;
    for (size_t i = 0; activ_tier_at(i); i++)
        for (int t = 0; t < ACTIV_TIER_COUNT; t++)
            if (strcmp(activ_tier_name(t), activ_tier_at(i)) == 0)
                tables[tiers++] = activ_kernels_of(t);
    return tiers_are_all(tiers) ? 0 : -1;
}

static int same_float(float a, float b)
{
    return float_bits(a) == float_bits(b) || (a != a && b != b);
}

static int same_double(double a, double b)
{
    return memcmp(&a, &b, sizeof a) == 0 || (a != a && b != b);
}

/* An array of `count` floats whose last element is the last before the guard page, or whose first is the first behind
 * it. */
static float *edge(const guarded *buffer, size_t count, int at_end)
{
    return at_end ? buffer->end - count : buffer->begin;
}

static void fill_normal(uint64_t stream, size_t n, float *x)
{
    activ_random_normal(1, stream, 0, n, 0.0f, 1.0f, x);
}

/* ---- products ---------------------------------------------------------------------------- */

enum { GEMM_ROOM = 1 << 18 };

typedef struct gemm_buffers {
    guarded a, b, c, bias, scratch;
} gemm_buffers;

/* One product on every tier. layout: bit 0 and 1 say whether A and B are stored by columns. gap: further elements
 * between lines of a matrix. */
static void check_gemm(gemm_buffers *buffers, size_t m, size_t n, size_t k, int layout, int has_bias, size_t gap,
                       int at_end)
{
    int a_turned = layout & 1, b_turned = layout >> 1 & 1;
    size_t a_line = (a_turned ? m : k) + gap, b_line = (b_turned ? k : n) + gap, c_line = n + gap;
    /* The last line needs no gap behind it: the arrays end with their last element. */
    size_t a_lines = a_turned ? k : m, b_lines = b_turned ? n : k;
    size_t a_count = a_lines ? a_lines * a_line - gap : 0, b_count = b_lines ? b_lines * b_line - gap : 0;
    size_t c_count = m * c_line - gap;
    assert_true(a_count <= GEMM_ROOM && b_count <= GEMM_ROOM && c_count <= GEMM_ROOM);
    float *a = edge(&buffers->a, a_count, at_end), *b = edge(&buffers->b, b_count, at_end);
    float *c = edge(&buffers->c, c_count, at_end), *bias = edge(&buffers->bias, n, at_end);
    fill_normal(1, a_count, a);
    fill_normal(2, b_count, b);
    fill_normal(3, n, bias);
    activ_gemm g = {
        .m = m,
        .n = n,
        .k = k,
        .a = a,
        .a_row_stride = a_turned ? 1 : a_line,
        .a_column_stride = a_turned ? a_line : 1,
        .b = b,
        .b_row_stride = b_turned ? 1 : b_line,
        .b_column_stride = b_turned ? b_line : 1,
        .c = c,
        .c_row_stride = c_line,
        .bias = has_bias ? bias : NULL,
        .scratch = edge(&buffers->scratch, activ_gemm_scratch(n, k), at_end),
    };
    static float expected[GEMM_ROOM];
    for (size_t i = 0; i < m; i++)
        for (size_t j = 0; j < n; j++) {
            float sum = has_bias ? bias[j] : 0.0f;
            for (size_t p = 0; p < k; p++)
                sum = fmaf(a[i * g.a_row_stride + p * g.a_column_stride], b[p * g.b_row_stride + j * g.b_column_stride],
                           sum);
            expected[i * n + j] = sum;
        }
    for (size_t t = 0; t < tiers; t++) {
        guarded_fill(&buffers->c);
        tables[t]->gemm(&g);
        for (size_t i = 0; i < m; i++)
            for (size_t j = 0; j < n; j++)
                if (float_bits(c[i * c_line + j]) != float_bits(expected[i * n + j]))
                    fail_msg("%s, %zux%zux%zu, layout %d, bias %d: C[%zu][%zu] = %.9g instead of %.9g",
                             activ_tier_at(t), m, n, k, layout, has_bias, i, j, (double)c[i * c_line + j],
                             (double)expected[i * n + j]);
        assert_true(guarded_untouched(&buffers->c, c, c_count));
        static const uint32_t pattern = 0x7fadbeefu;
        for (size_t i = 0; i + 1 < m; i++)
            for (size_t j = 0; j < gap; j++)
                assert_memory_equal(&c[i * c_line + n + j], &pattern, sizeof pattern);
    }
}

static void create_buffers(gemm_buffers *b)
{
    assert_int_equal(guarded_create(&b->a, GEMM_ROOM), 0);
    assert_int_equal(guarded_create(&b->b, GEMM_ROOM), 0);
    assert_int_equal(guarded_create(&b->c, GEMM_ROOM), 0);
    assert_int_equal(guarded_create(&b->bias, GEMM_ROOM), 0);
    assert_int_equal(guarded_create(&b->scratch, activ_gemm_scratch(ACTIV_GEMM_COLUMNS, ACTIV_GEMM_DEPTH)), 0);
}

static void destroy_buffers(gemm_buffers *b)
{
    guarded_destroy(&b->a);
    guarded_destroy(&b->b);
    guarded_destroy(&b->c);
    guarded_destroy(&b->bias);
    guarded_destroy(&b->scratch);
}

/* Every height and width up to 40 with every layout; depths and the rest take turns. */
static void test_gemm_small(void **state)
{
    (void)state;
    static const size_t depths[] = { 1, 2, 3, 5, 7, 8, 9, 15, 16, 17, 31, 33, 0 };
    gemm_buffers buffers;
    create_buffers(&buffers);
    unsigned turn = 0;
    for (size_t m = 1; m <= 40; m++)
        for (size_t n = 1; n <= 40; n++)
            for (int layout = 0; layout < 4; layout++, turn++)
                if (turn % thin == 0)
                    check_gemm(&buffers, m, n, depths[turn % 13], layout, turn / 2 % 2, turn % 3 == 0 ? 3 : 0,
                               turn % 5 % 2);
    destroy_buffers(&buffers);
}

/* Depths around the size of a block, and widths and heights that are larger than every tile. */
static void test_gemm_deep(void **state)
{
    (void)state;
    static const size_t depths[] = { 0, 1, 255, 399, 400, 401, 513, 700 };
    static const size_t sizes[][2] = { { 1, 1 }, { 1, 67 }, { 67, 1 }, { 6, 16 }, { 8, 33 }, { 13, 50 }, { 90, 31 } };
    gemm_buffers buffers;
    create_buffers(&buffers);
    unsigned turn = 0;
    for (size_t d = 0; d < sizeof depths / sizeof depths[0]; d++)
        for (size_t s = 0; s < sizeof sizes / sizeof sizes[0]; s++)
            for (int layout = 0; layout < 4; layout++)
                for (int variant = 0; variant < 4; variant++)
                    if (turn++ % thin == 0)
                        check_gemm(&buffers, sizes[s][0], sizes[s][1], depths[d], layout, variant & 1, 0, variant >> 1);
    destroy_buffers(&buffers);
}

/* Chains of fma with infinities, NaN, zeros and the smallest numbers. */
static void test_gemm_specials(void **state)
{
    (void)state;
    static const float specials[] = { 0.0f, -0.0f,     1.0f,       -1.0f,           INFINITY, -INFINITY,
                                      NAN,  0x1p-149f, -0x1p-126f, 0x1.fffffep127f, 0x1p-75f, -0x1.8p100f };
    enum { M = 12, N = 37, K = 5 };
    float a[M * K], b[K * N], bias[N], c[M * N], scratch[64 * K];
    for (uint64_t round = 0; round < 200; round++) {
        for (size_t i = 0; i < M * K; i++)
            a[i] = specials[activ_random_bits(round, 0, i) % 12];
        for (size_t i = 0; i < K * N; i++)
            b[i] = specials[activ_random_bits(round, 1, i) % 12];
        for (size_t i = 0; i < N; i++)
            bias[i] = specials[activ_random_bits(round, 2, i) % 12];
        activ_gemm g = { .m = M,
                         .n = N,
                         .k = K,
                         .a = a,
                         .a_row_stride = K,
                         .a_column_stride = 1,
                         .b = b,
                         .b_row_stride = N,
                         .b_column_stride = 1,
                         .c = c,
                         .c_row_stride = N,
                         .bias = bias,
                         .scratch = scratch };
        for (size_t t = 0; t < tiers; t++) {
            tables[t]->gemm(&g);
            for (size_t i = 0; i < M; i++)
                for (size_t j = 0; j < N; j++) {
                    float sum = bias[j];
                    for (size_t p = 0; p < K; p++)
                        sum = fmaf(a[i * K + p], b[p * N + j], sum);
                    assert_true(same_float(c[i * N + j], sum));
                }
        }
    }
}

/* Wide enough for packing A and for several blocks of columns, and more rows than a block has. */
static void test_gemm_wide(void **state)
{
    (void)state;
    static const size_t sizes[][3] = { { 7, 255, 40 },
                                       { 400, 256, 200 },
                                       { 500, 301, 131 },
                                       { 40, 777, 13 },
                                       { 3, ACTIV_GEMM_COLUMNS + 70, 21 },
                                       { 20, ACTIV_GEMM_COLUMNS + 1, 9 },
                                       { 110, 515, 17 },
                                       { 330, 37, 40 },
                                       { 1, 1100, 37 } };
    gemm_buffers buffers;
    create_buffers(&buffers);
    for (size_t s = 0; s < sizeof sizes / sizeof sizes[0]; s++)
        for (int layout = 0; layout < 4; layout++)
            check_gemm(&buffers, sizes[s][0], sizes[s][1], sizes[s][2], layout, layout & 1, 0, layout >> 1);
    destroy_buffers(&buffers);
}

/* Four rows of a product of doubles; some of them the same; nothing written behind them. */
static void test_wide_rows(void **state)
{
    (void)state;
    enum { ROWS = 4, N = 64, K = 37, LINE = N + 3 };
    static float drawn[ROWS * K + K * LINE + ROWS * LINE];
    static double a[ROWS][K], b[K * LINE], start[ROWS][LINE], c[ROWS][LINE], want[ROWS][LINE];
    fill_normal(4, sizeof drawn / sizeof *drawn, drawn);
    const float *next = drawn;
    for (size_t i = 0; i < ROWS; i++)
        for (size_t p = 0; p < K; p++)
            a[i][p] = (double)*next++ / 3.0;
    for (size_t i = 0; i < K * LINE; i++)
        b[i] = (double)*next++ / 7.0;
    for (size_t i = 0; i < ROWS; i++)
        for (size_t j = 0; j < LINE; j++)
            start[i][j] = (double)*next++ / 11.0;
    for (size_t last = 0; last < ROWS; last++)
        for (size_t n = 0; n <= N; n += 16)
            for (size_t k = 0; k <= K; k += k < 3 ? 1 : 17)
                for (size_t t = 0; t < tiers; t++) {
                    memcpy(want, start, sizeof want);
                    memcpy(c, start, sizeof c);
                    for (size_t i = 0; i <= last; i++)
                        for (size_t j = 0; j < n; j++)
                            for (size_t p = 0; p < k; p++) {
                                /* Or compilers make it an fma, where there is one. */
                                volatile double product = a[i][p] * b[p * LINE + j];
                                want[i][j] += product;
                            }
                    double *a_rows[ROWS], *c_rows[ROWS];
                    for (size_t i = 0; i < ROWS; i++) {
                        a_rows[i] = a[i < last ? i : last];
                        c_rows[i] = c[i < last ? i : last];
                    }
                    tables[t]->wide_rows(n, k, a_rows, b, LINE, c_rows);
                    assert_memory_equal(c, want, sizeof want);
                }
}

/* A C that is large enough to go past the caches: aligned and not, with a narrow panel at its right end, with and
 * without biases; nothing is written between rows. */
static void test_gemm_large(void **state)
{
    (void)state;
    enum { M = 2101, N = 1009, LINE = 1024, K = 3, ROOM = M * LINE + 16 };
    static float a[M * K], b[K * N], bias[N];
    float *c = aligned_alloc(64, ROOM * sizeof *c), *expected = malloc(ROOM * sizeof *expected);
    float *scratch = aligned_alloc(64, activ_gemm_scratch(N, K) * sizeof *scratch / 64 * 64 + 64);
    assert_true(c && expected && scratch);
    fill_normal(1, M * K, a);
    fill_normal(2, K * N, b);
    fill_normal(3, N, bias);
    for (size_t variant = 0; variant < 3; variant++) {
        const size_t line = LINE - (variant == 2 ? 3 : 0), at = variant % 2;
        activ_gemm g = { .m = M,
                         .n = N,
                         .k = K,
                         .a = a,
                         .a_row_stride = 1,
                         .a_column_stride = M,
                         .b = b,
                         .b_row_stride = N,
                         .b_column_stride = 1,
                         .c = c + at,
                         .c_row_stride = line,
                         .bias = variant == 0 ? bias : NULL,
                         .scratch = scratch };
        for (size_t i = 0; i < ROOM; i++)
            expected[i] = -7.0f;
        for (size_t i = 0; i < M; i++)
            for (size_t j = 0; j < N; j++) {
                float sum = g.bias ? bias[j] : 0.0f;
                for (size_t p = 0; p < K; p++)
                    sum = fmaf(a[p * M + i], b[p * N + j], sum);
                expected[at + i * line + j] = sum;
            }
        for (size_t t = 0; t < tiers; t++) {
            for (size_t i = 0; i < ROOM; i++)
                c[i] = -7.0f;
            tables[t]->gemm(&g);
            assert_memory_equal(c, expected, ROOM * sizeof *c);
        }
    }
    free(c);
    free(expected);
    free(scratch);
}

/* A fused epilogue gives the bits of a separate call, for rows with and without gaps. */
static void test_gemm_epilogue(void **state)
{
    (void)state;
    enum { M = 23, N = 45, K = 30, LINE = 50 };
    static float a[M * K], b[K * N], x[M * LINE], c[M * LINE], y[M * LINE], expected[M * LINE], after[M * LINE];
    static float scratch[64 * K];
    fill_normal(1, M * K, a);
    fill_normal(2, K * N, b);
    fill_normal(3, M * LINE, x);
    static const int functions[] = { ACTIV_FN_relu, ACTIV_FN_gelu, ACTIV_FN_elu };
    const float values[8] = { 1.0f };
    const activ_fn_args args = { .setting_values = values };
    for (size_t t = 0; t < tiers; t++)
        for (size_t f = 0; f < 3; f++)
            for (int backward = 0; backward < 2; backward++)
                for (size_t m = 1; m <= M; m += 11)
                    for (size_t line = N; line <= LINE; line += LINE - N) {
                        const activ_fn_kernel *kernel = tables[t]->elementwise[functions[f]];
                        activ_gemm g = { .m = m,
                                         .n = N,
                                         .k = K,
                                         .a = a,
                                         .a_row_stride = K,
                                         .a_column_stride = 1,
                                         .b = b,
                                         .b_row_stride = 1,
                                         .b_column_stride = K,
                                         .c = expected,
                                         .c_row_stride = line,
                                         .scratch = scratch };
                        memset(expected, 0, sizeof expected);
                        memset(c, 0, sizeof c);
                        memset(y, 0, sizeof y);
                        memset(after, 0, sizeof after);
                        tables[t]->gemm(&g);
                        for (size_t i = 0; i < m; i++) {
                            const float *from = expected + i * line, *at = x + i * line;
                            if (backward)
                                kernel->backward(&args, 0, 0, N, at, from, after + i * line, NULL);
                            else
                                kernel->forward(&args, N, from, after + i * line);
                        }
                        g.c = c;
                        g.epilogue =
                            (activ_gemm_epilogue){ kernel, &args, backward ? NULL : y, backward ? x : NULL, line, 0 };
                        tables[t]->gemm(&g);
                        assert_memory_equal(backward ? c : y, after, sizeof after);
                        if (!backward)
                            assert_memory_equal(c, expected, sizeof expected);
                    }
}

/* ---- sums -------------------------------------------------------------------------------- */

static void test_column_sums(void **state)
{
    (void)state;
    guarded x, sums;
    assert_int_equal(guarded_create(&x, 70 * 70), 0);
    assert_int_equal(guarded_create(&sums, 70), 0);
    for (size_t rows = 0; rows <= 66; rows += rows < 5 ? 1 : 61)
        for (size_t columns = 1; columns <= 70; columns++)
            for (int at_end = 0; at_end < 2; at_end++) {
                float *from = edge(&x, rows * columns, at_end), *to = edge(&sums, columns, at_end);
                fill_normal(rows, rows * columns, from);
                for (size_t t = 0; t < tiers; t++) {
                    guarded_fill(&sums);
                    tables[t]->column_sums(rows, columns, from, columns, to);
                    for (size_t j = 0; j < columns; j++) {
                        float sum = 0.0f;
                        for (size_t i = 0; i < rows; i++)
                            sum += from[i * columns + j];
                        assert_int_equal(float_bits(to[j]), float_bits(sum));
                    }
                    assert_true(guarded_untouched(&sums, to, columns));
                }
            }
    guarded_destroy(&x);
    guarded_destroy(&sums);
}

/* y = a + b, y = a b, and y = a b but 0 where b is 0. */
static void test_sums_and_products(void **state)
{
    (void)state;
    guarded a, b, y;
    assert_int_equal(guarded_create(&a, 80), 0);
    assert_int_equal(guarded_create(&b, 80), 0);
    assert_int_equal(guarded_create(&y, 80), 0);
    for (size_t n = 0; n <= 70; n++)
        for (int at_end = 0; at_end < 2; at_end++)
            for (int where = 0; where < 3; where++) /* y apart, y = a, y = b */
                for (size_t t = 0; t < 3 * tiers; t++) {
                    const activ_kernels *table = tables[t / 3];
                    const size_t which = t % 3;
                    float expected[70], *p = edge(&a, n, at_end), *q = edge(&b, n, at_end);
                    guarded_fill(&a);
                    guarded_fill(&b);
                    guarded_fill(&y);
                    fill_normal(1, n, p);
                    fill_normal(2, n, q);
                    for (size_t i = 0; i < n && which == 2; i += 3) {
                        p[i] = i % 2 ? INFINITY : NAN;
                        q[i] = i % 4 < 2 ? 0.0f : -0.0f;
                    }
                    for (size_t i = 0; i < n; i++)
                        expected[i] = which == 2 && i % 3 == 0 ? 0.0f : which > 0 ? p[i] * q[i] : p[i] + q[i];
                    const guarded *target = where == 0 ? &y : where == 1 ? &a : &b;
                    float *out = edge(target, n, at_end);
                    (which == 2 ? table->multiply_masked : which == 1 ? table->multiply : table->add)(n, p, q, out);
                    assert_memory_equal(out, expected, n * sizeof *out);
                    assert_true(guarded_untouched(target, out, n));
                }
    guarded_destroy(&a);
    guarded_destroy(&b);
    guarded_destroy(&y);
}

/* ---- normalization ------------------------------------------------------------------------- */

/* What a normalization of one mean should give, in long double. y, dx: `count` values; the gradient of the weight and
 * bias of all together. weight and bias: one for each value. */
typedef struct normal {
    long double mean, variance, y[2048], dx[2048], products[2048];
} normal;

static void reference_normal(size_t count, const float *const *x, const float *const *dy, const float *weight,
                             const float *bias, float eps, normal *r)
{
    long double n = (long double)count, sum = 0.0L, products = 0.0L;
    r->mean = r->variance = 0.0L;
    for (size_t i = 0; i < count; i++)
        r->mean += (long double)*x[i] / n;
    for (size_t i = 0; i < count; i++)
        r->variance += ((long double)*x[i] - r->mean) * ((long double)*x[i] - r->mean) / n;
    long double scale = 1.0L / sqrtl(r->variance + (long double)eps);
    for (size_t i = 0; i < count; i++) {
        long double normed = ((long double)*x[i] - r->mean) * scale, g = (long double)*dy[i] * (long double)weight[i];
        r->y[i] = normed * (long double)weight[i] + (long double)bias[i];
        r->products[i] = normed * (long double)*dy[i];
        sum += g / n;
        products += g * normed / n;
    }
    for (size_t i = 0; i < count; i++) {
        long double normed = ((long double)*x[i] - r->mean) * scale;
        r->dx[i] = scale * ((long double)*dy[i] * (long double)weight[i] - sum - normed * products);
    }
}

static void assert_within(const char *what, float got, long double want, long double bound)
{
    if (!(fabsl((long double)got - want) <= bound))
        fail_msg("%s: %.9g instead of %.9Lg, bound %.2Lg", what, (double)got, want, bound);
}

enum { NORM_ROOM = 2048 };

typedef struct norm_buffers {
    guarded x, dy, y, dx, weight, bias, dweight, dbias, mean, var, saved;
} norm_buffers;

#define NORM_EACH(b)                                                                                            \
    {                                                                                                           \
        &(b)->x, &(b)->dy, &(b)->y, &(b)->dx, &(b)->weight, &(b)->bias, &(b)->dweight, &(b)->dbias, &(b)->mean, \
            &(b)->var, &(b)->saved                                                                              \
    }

/* Both normalizations of one array on every tier. shift: what is added to x, of deviation 1. As a layer_norm the array
 * has rows x channels rows of `length`. */
static void check_norm(norm_buffers *b, size_t rows, size_t channels, size_t length, float shift, int layer, int at_end)
{
    const size_t n = rows * channels * length, means = layer ? rows * channels : channels;
    const size_t weights = layer ? length : channels;
    assert_true(n <= NORM_ROOM);
    float *x = edge(&b->x, n, at_end), *dy = edge(&b->dy, n, at_end), *y = edge(&b->y, n, at_end);
    float *dx = edge(&b->dx, n, at_end), *weight = edge(&b->weight, weights, at_end);
    float *bias = edge(&b->bias, weights, at_end), *dweight = edge(&b->dweight, weights, at_end);
    float *dbias = edge(&b->dbias, weights, at_end), *mean = edge(&b->mean, means, at_end);
    float *var = edge(&b->var, means, at_end), *saved = edge(&b->saved, ACTIV_NORM_SAVED * means, at_end);
    static float first[4][NORM_ROOM];
    const float eps = 1e-5f, momentum = 0.25f;
    for (size_t t = 0; t < tiers; t++) {
        guarded *const all[] = NORM_EACH(b);
        for (size_t i = 0; i < sizeof all / sizeof all[0]; i++)
            guarded_fill(all[i]);
        fill_normal(1, n, x);
        for (size_t i = 0; i < n; i++)
            x[i] += shift;
        fill_normal(2, n, dy);
        fill_normal(3, weights, weight);
        fill_normal(4, weights, bias);
        for (size_t i = 0; i < means; i++) {
            mean[i] = 3.0f;
            var[i] = 2.0f;
        }
        const activ_batch_norm batch = { .rows = rows,
                                         .channels = channels,
                                         .length = length,
                                         .end = channels,
                                         .weight = weight,
                                         .bias = bias,
                                         .eps = eps,
                                         .momentum = momentum };
        const activ_layer_norm row = {
            .rows = means, .columns = length, .end = length, .weight = weight, .bias = bias, .eps = eps
        };
        if (layer) {
            tables[t]->layer_norm(&row, x, y, saved);
            tables[t]->layer_norm_sums(&row, saved, x, dy, dweight, dbias);
            tables[t]->layer_norm_back(&row, saved, x, dy, dx);
        } else {
            tables[t]->batch_norm_train(&batch, x, y, mean, var, saved);
            tables[t]->batch_norm_back(&batch, saved, x, dy, dx, dweight, dbias);
        }
        const float *results[] = { y, dx, dweight, dbias, mean, var };
        const size_t counts[] = { n, n, weights, weights, layer ? 0 : means, layer ? 0 : means };
        const guarded *owners[] = { &b->y, &b->dx, &b->dweight, &b->dbias, &b->mean, &b->var };
        for (size_t i = 0; i < 6; i++)
            assert_true(guarded_untouched(owners[i], results[i], counts[i] ? counts[i] : means));
        if (t == 0)
            for (size_t i = 0; i < 4; i++)
                memcpy(first[i], results[i], counts[i] * sizeof(float));
        for (size_t i = 0; i < 4; i++)
            assert_memory_equal(first[i], results[i], counts[i] * sizeof(float));

        /* In parts, without dx, and in place with dx = dy: the same. */
        static float again[2][NORM_ROOM];
        if (layer) {
            /* The columns one by one, the rows in two calls. */
            activ_layer_norm some = row;
            for (some.first = 0; some.first < length; some.first = some.end) {
                some.end = some.first + 1;
                tables[t]->layer_norm_sums(&some, saved, x, dy, again[0], again[1]);
            }
            some.rows = means / 2;
            tables[t]->layer_norm_back(&some, saved, x, dy, dy);
            size_t done = some.rows * length;
            some.rows = means - some.rows;
            tables[t]->layer_norm_back(&some, saved + ACTIV_NORM_SAVED * (means / 2), x + done, dy + done, dy + done);
        } else {
            tables[t]->batch_norm_back(&batch, saved, x, dy, NULL, again[0], again[1]);
            assert_memory_equal(again[0], dweight, weights * sizeof(float));
            /* The channels one by one. */
            activ_batch_norm some = batch;
            for (some.first = 0; some.first < channels; some.first = some.end) {
                some.end = some.first + 1;
                tables[t]->batch_norm_back(&some, saved, x, dy, dy, again[0], again[1]);
            }
        }
        assert_memory_equal(dy, dx, n * sizeof(float));
        assert_memory_equal(again[0], dweight, weights * sizeof(float));
        assert_memory_equal(again[1], dbias, weights * sizeof(float));
        fill_normal(2, n, dy);
        if (t + 1 < tiers)
            continue;

        /* The expected values, once per mean. */
        static long double products[NORM_ROOM], sums[NORM_ROOM];
        memset(products, 0, sizeof products);
        memset(sums, 0, sizeof sums);
        for (size_t m = 0; m < means; m++) {
            static normal r;
            const float *xs[NORM_ROOM], *dys[NORM_ROOM];
            float ws[NORM_ROOM], bs[NORM_ROOM];
            size_t at[NORM_ROOM], count = 0;
            for (size_t i = 0; i < n; i++)
                if ((layer ? i / length : i / length % channels) == m) {
                    xs[count] = x + i;
                    dys[count] = dy + i;
                    ws[count] = weight[layer ? i % length : m];
                    bs[count] = bias[layer ? i % length : m];
                    at[count++] = i;
                }
            reference_normal(count, xs, dys, ws, bs, eps, &r);
            long double scale = 1.0L / sqrtl(r.variance + (long double)eps);
            for (size_t k = 0; k < count; k++) {
                size_t of = layer ? k : m;
                /* Each factor and term of the normalized x is rounded, then the product, then the sum. */
                long double part = fabsl(r.y[k] - (long double)bs[k]) + 1e-7L;
                assert_within("y", y[at[k]], r.y[k], 4e-7L * part + 6e-8L * fabsl(r.y[k]));
                long double w = fabsl((long double)ws[k]);
                long double terms = fabsl((long double)*dys[k]) * w + 2.0L * w + 2.0L;
                assert_within("dx", dx[at[k]], r.dx[k], 1e-6L * terms * scale);
                products[of] += r.products[k];
                sums[of] += (long double)*dys[k];
            }
            if (!layer) {
                long double unbiased = r.variance * (long double)count / ((long double)count - 1.0L);
                long double m_want = 0.75L * 3.0L + 0.25L * r.mean, v_want = 0.75L * 2.0L + 0.25L * unbiased;
                assert_within("running mean", mean[m], m_want, 6.1e-8L * fabsl(m_want) + 1e-9L);
                assert_within("running variance", var[m], v_want, 1.2e-7L * fabsl(v_want));
            }
        }
        for (size_t i = 0; i < weights; i++) {
            long double scale = 3e-7L * sqrtl((long double)n);
            assert_within("dweight", dweight[i], products[i], scale + 3e-7L * fabsl(products[i]));
            assert_within("dbias", dbias[i], sums[i], 6.1e-8L * fabsl(sums[i]) + 1e-12L);
        }
    }
}

static void test_normalization(void **state)
{
    (void)state;
    static const float shifts[] = { 0.0f, 3.0f, 1000.0f, -65536.0f };
    norm_buffers b;
    guarded *const all[] = NORM_EACH(&b);
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++)
        assert_int_equal(guarded_create(all[i], NORM_ROOM * ACTIV_NORM_SAVED), 0);
    unsigned turn = 0;
    for (size_t channels = 1; channels <= 50; channels += channels < 35 ? 1 : 15)
        for (size_t rows = 2; rows <= 30; rows += rows < 5 ? 1 : 13)
            if (turn++ % thin == 0)
                check_norm(&b, rows, channels, 1, shifts[turn % 4], 0, turn % 3 % 2);
    for (size_t length = 2; length <= 70; length += length < 35 ? 1 : 17)
        for (size_t channels = 1; channels <= 4; channels++)
            for (size_t rows = 1; rows <= 5; rows += 2)
                if (turn++ % thin == 0)
                    check_norm(&b, rows, channels, length, shifts[turn % 4], 0, turn % 3 % 2);
    for (size_t length = 1; length <= 270; length += length < 70 ? 1 : 97)
        for (size_t rows = 1; rows <= 7; rows += 2)
            if (turn++ % thin == 0)
                check_norm(&b, rows, 1, length, shifts[turn % 4], 1, turn % 3 % 2);
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++)
        guarded_destroy(all[i]);
}

/* Evaluation, with given means and variances; and channels that are constant, or hold a NaN or an infinity. */
static void test_normalization_specials(void **state)
{
    (void)state;
    enum { CHANNELS = 19, ROWS = 6 };
    float x[ROWS * CHANNELS * 2], y[ROWS * CHANNELS * 2], weight[CHANNELS], bias[CHANNELS];
    float mean[CHANNELS], var[CHANNELS], saved[ACTIV_NORM_SAVED * CHANNELS];
    for (size_t t = 0; t < tiers; t++)
        for (size_t length = 1; length <= 2; length++) {
            size_t n = ROWS * CHANNELS * length;
            fill_normal(1, n, x);
            fill_normal(2, CHANNELS, weight);
            fill_normal(3, CHANNELS, bias);
            fill_normal(4, CHANNELS, mean);
            float before[CHANNELS];
            memcpy(before, mean, sizeof before);
            for (size_t i = 0; i < CHANNELS; i++)
                var[i] = 0.25f * (float)(i + 1);
            const activ_batch_norm b = { .rows = ROWS,
                                         .channels = CHANNELS,
                                         .length = length,
                                         .end = CHANNELS,
                                         .weight = weight,
                                         .bias = bias,
                                         .eps = 0.01f,
                                         .momentum = 0.5f };
            tables[t]->batch_norm(&b, mean, var, x, y);
            for (size_t i = 0; i < n; i++) {
                size_t c = i / length % CHANNELS;
                float scale = (float)(1.0 / sqrt((double)var[c] + (double)0.01f));
                assert_int_equal(float_bits(y[i]), float_bits(fmaf((x[i] - mean[c]) * scale, weight[c], bias[c])));
            }
            /* Channel 1 is constant, 2 holds a NaN, 3 an infinity, without effect on the others. */
            for (size_t i = 0; i < n; i++)
                if (i / length % CHANNELS == 1)
                    x[i] = 0.1f;
            x[2 * length] = NAN;
            x[3 * length] = INFINITY;
            tables[t]->batch_norm_train(&b, x, y, mean, var, saved);
            for (size_t i = 0; i < n; i++) {
                size_t c = i / length % CHANNELS;
                if (c == 1)
                    assert_true(fabsf(y[i] - bias[1]) <= 1e-6f);
                else
                    assert_int_equal(isnan(y[i]) != 0, c == 2 || c == 3);
            }
            /* One such batch leaves their running values as they were; the others' move. */
            assert_memory_equal(mean + 2, before + 2, 2 * sizeof *mean);
            assert_true(var[2] == 0.75f && var[3] == 1.0f && mean[0] != before[0]);
            assert_true(var[1] == 0.25f && isfinite(var[4]) && isfinite(mean[0]));
        }
}

/* ---- losses ------------------------------------------------------------------------------ */

static void test_squared_error(void **state)
{
    (void)state;
    enum { MOST = 1000 };
    guarded x, t, dx;
    assert_int_equal(guarded_create(&x, MOST), 0);
    assert_int_equal(guarded_create(&t, MOST), 0);
    assert_int_equal(guarded_create(&dx, MOST), 0);
    for (size_t n = 0; n <= MOST; n += n < 70 ? 1 : 465)
        for (int at_end = 0; at_end < 2; at_end++) {
            float *p = edge(&x, n, at_end), *q = edge(&t, n, at_end), *d = edge(&dx, n, at_end), scale = 0.37f;
            fill_normal(n, n, p);
            fill_normal(n + 5000, n, q);
            long double expected = 0.0L;
            for (size_t i = 0; i < n; i++) {
                float difference = p[i] - q[i];
                expected += (long double)difference * (long double)difference;
            }
            double first = 0.0;
            for (size_t tier = 0; tier < tiers; tier++) {
                double sum = NAN, without = NAN;
                guarded_fill(&dx);
                tables[tier]->squared_error(n, p, q, scale, &sum, d);
                tables[tier]->squared_error(n, p, q, scale, &without, NULL);
                assert_true(same_double(sum, without));
                if (tier == 0)
                    first = sum;
                assert_true(same_double(sum, first));
                assert_true(fabsl((long double)sum - expected) <= 1e-14L * expected);
                for (size_t i = 0; i < n; i++)
                    assert_int_equal(float_bits(d[i]), float_bits((p[i] - q[i]) * scale));
                assert_true(guarded_untouched(&dx, d, n));
            }
        }
    guarded_destroy(&x);
    guarded_destroy(&t);
    guarded_destroy(&dx);

    float bad[3] = { 1.0f, NAN, 2.0f }, zeros[3] = { 0.0f }, out[3];
    for (size_t tier = 0; tier < tiers; tier++) {
        double sum = 0.0;
        tables[tier]->squared_error(3, bad, zeros, 1.0f, &sum, out);
        assert_true(isnan(sum) && out[0] == 1.0f && isnan(out[1]) && out[2] == 2.0f);
        /* A sum whose squares are beyond float32. */
        float large[2] = { 3e38f, -2e38f };
        tables[tier]->squared_error(2, large, zeros, 1.0f, &sum, NULL);
        assert_true(fabs(sum / 1.3e77 - 1.0) < 1e-6);
    }
}

/* Loss of one row and its gradient times scale, in long double. */
static long double reference_row(size_t columns, const float *x, size_t label, float scale, long double *dx)
{
    size_t largest = 0;
    long double rest = 0.0L, others = 0.0L;
    for (size_t j = 1; j < columns; j++)
        largest = x[j] > x[largest] ? j : largest;
    const long double m = (long double)x[largest];
    for (size_t j = 0; j < columns; j++)
        rest += j == largest ? 0.0L : expl((long double)x[j] - m);
    for (size_t j = 0; j < columns; j++) {
        long double p = expl((long double)x[j] - m) / (1.0L + rest);
        dx[j] = p * (long double)scale;
        if (j != label)
            others += p;
    }
    dx[label] = -others * (long double)scale;
    return log1pl(rest) + (m - (long double)x[label]);
}

/* Without weights, smoothing and ignored labels. */
static double plain_cross_entropy(size_t tier, size_t rows, size_t columns, const float *x, const int32_t *labels,
                                  float *dx)
{
    const activ_cross_entropy c = { .rows = rows,
                                    .columns = columns,
                                    .x = x,
                                    .labels = labels,
                                    .ignore_index = -100,
                                    .weight_sum = (double)columns,
                                    .terms = (double)rows,
                                    .dx = dx };
    return tables[tier]->cross_entropy(&c);
}

static void check_rows(size_t rows, size_t columns, const guarded *xs, const guarded *ds, int at_end, float spread,
                       uint64_t seed)
{
    int32_t labels[64];
    static long double expected[64 * 300];
    float *x = edge(xs, rows * columns, at_end), *dx = edge(ds, rows * columns, at_end), scale = 1.0f / (float)rows;
    activ_random_normal(seed, 1, 0, rows * columns, 0.0f, spread, x);
    long double loss = 0.0L;
    for (size_t i = 0; i < rows; i++) {
        labels[i] = (int32_t)(activ_random_bits(seed, 2, i) % columns);
        loss += reference_row(columns, x + i * columns, (size_t)labels[i], scale, expected + i * columns);
    }
    static float first[64 * 300];
    double first_sum = 0.0;
    for (size_t t = 0; t < tiers; t++) {
        double sum = NAN, without = NAN;
        guarded_fill((guarded *)(uintptr_t)ds);
        sum = plain_cross_entropy(t, rows, columns, x, labels, dx);
        without = plain_cross_entropy(t, rows, columns, x, labels, NULL);
        assert_true(same_double(sum, without));
        assert_true(guarded_untouched(ds, dx, rows * columns));
        /* Loss and gradients within 4 ulp, however small. */
        if (!(fabsl((long double)sum - loss) <= 4.0L * (long double)ulp_size((double)loss)))
            fail_msg("%s, %zu x %zu, spread %g: loss %.12g instead of %.12Lg", activ_tier_at(t), rows, columns,
                     (double)spread, sum, loss);
        for (size_t i = 0; i < rows * columns; i++) {
            double error = fabs((double)dx[i] - (double)expected[i]);
            if (!(error <= 4.0 * ulp_size((double)expected[i])))
                fail_msg("%s, %zu x %zu, spread %g: gradient %zu is %.9g instead of %.9Lg", activ_tier_at(t), rows,
                         columns, (double)spread, i, (double)dx[i], expected[i]);
        }
        if (t == 0) {
            first_sum = sum;
            memcpy(first, dx, rows * columns * sizeof *dx);
        }
        assert_true(same_double(sum, first_sum));
        assert_memory_equal(first, dx, rows * columns * sizeof *dx);
    }
}

static void test_cross_entropy(void **state)
{
    (void)state;
    static const float spreads[] = { 0.001f, 1.0f, 10.0f, 100.0f, 1e10f, 1e37f };
    guarded x, dx;
    assert_int_equal(guarded_create(&x, 64 * 300), 0);
    assert_int_equal(guarded_create(&dx, 64 * 300), 0);
    uint64_t seed = 0;
    for (size_t s = 0; s < sizeof spreads / sizeof spreads[0]; s++)
        for (size_t columns = 1; columns <= 300; columns += columns < 40 ? 1 : 130)
            for (int at_end = 0; at_end < 2; at_end++, seed++)
                check_rows(1 + seed % 7, columns, &x, &dx, at_end, spreads[s], seed);
    guarded_destroy(&x);
    guarded_destroy(&dx);
}

static double one_row(size_t tier, size_t columns, const float *x, int32_t label, float *dx)
{
    return plain_cross_entropy(tier, 1, columns, x, &label, dx);
}

static void test_cross_entropy_specials(void **state)
{
    (void)state;
    enum { N = 19 };
    for (size_t t = 0; t < tiers; t++) {
        float x[N], dx[N];
        /* NaN or +inf anywhere: everything NaN. */
        for (size_t at = 0; at < N; at++)
            for (int32_t label = 0; label < N; label += 6)
                for (int infinite = 0; infinite < 2; infinite++) {
                    fill_normal(at, N, x);
                    x[at] = infinite ? INFINITY : NAN;
                    assert_true(isnan(one_row(t, N, x, label, dx)));
                    for (size_t j = 0; j < N; j++)
                        assert_true(isnan(dx[j]));
                }
        /* -inf: probability 0; as the label, an infinite loss with a finite gradient. */
        fill_normal(3, N, x);
        x[4] = -INFINITY;
        assert_true(isfinite(one_row(t, N, x, 5, dx)) && dx[4] == 0.0f && dx[5] < 0.0f);
        assert_true(one_row(t, N, x, 4, dx) == INFINITY);
        assert_true(fabs((double)dx[4] + 1.0) < 1e-6 && dx[5] > 0.0f);
        /* All -inf: no distribution at all. */
        for (size_t j = 0; j < N; j++)
            x[j] = -INFINITY;
        assert_true(isnan(one_row(t, N, x, 4, dx)));
        for (size_t j = 0; j < N; j++)
            assert_true(isnan(dx[j]));
        /* Equal logits, however large. */
        static const float huge[] = { 0.0f, 0x1.fffffep127f, -0x1.fffffep127f, 1e30f };
        for (size_t i = 0; i < 4; i++) {
            for (size_t j = 0; j < N; j++)
                x[j] = huge[i];
            assert_true(fabs(one_row(t, N, x, 7, dx) - log(19.0)) < 1e-7);
            assert_true(fabs((double)dx[0] - 1.0 / 19.0) < 1e-8 && fabs((double)dx[7] + 18.0 / 19.0) < 1e-7);
        }
        /* The widest difference there is. */
        float wide[2] = { 0x1.fffffep127f, -0x1.fffffep127f };
        assert_true(one_row(t, 2, wide, 0, dx) == 0.0 && dx[0] == 0.0f && dx[1] == 0.0f);
        assert_true(one_row(t, 2, wide, 1, dx) == 2.0 * (double)0x1.fffffep127f && dx[0] == 1.0f && dx[1] == -1.0f);
        /* One class: nothing to learn. */
        float alone = 5.0f;
        assert_true(one_row(t, 1, &alone, 0, dx) == 0.0 && dx[0] == 0.0f);
        /* A small loss is not rounded to 0 with its sum, nor its gradient. */
        float sure[2] = { 16.0f, -10.0f };
        double p = exp(-26.0);
        assert_true(fabs(one_row(t, 2, sure, 0, dx) / p - 1.0) < 2e-7);
        assert_true(fabs((double)dx[0] / -p - 1.0) < 1e-6 && fabs((double)dx[1] / p - 1.0) < 1e-6);
    }
}

/* Class weights, label smoothing and ignored labels, by their definitions. */
static void test_cross_entropy_options(void **state)
{
    (void)state;
    enum { ROWS = 9, MOST = 40, IGNORED = 3 };
    for (uint64_t seed = 0; seed < 400; seed++) {
        const size_t columns = 1 + seed % MOST;
        float x[ROWS * MOST], weight[MOST], dx[ROWS * MOST];
        int32_t labels[ROWS];
        activ_random_normal(seed, 1, 0, ROWS * columns, 0.0f, seed % 3 == 0 ? 30.0f : 2.0f, x);
        activ_random_uniform(seed, 2, 0, columns, 0.0f, 3.0f, weight);
        if (seed % 4 == 0)
            weight[columns / 2] = 0.0f;
        const int has_weight = seed % 2 != 0;
        activ_cross_entropy c = { .rows = ROWS,
                                  .columns = columns,
                                  .x = x,
                                  .labels = labels,
                                  .ignore_index = seed % 5 == 0 ? -7 : IGNORED,
                                  .smoothing = seed % 3 == 0   ? 0.0
                                               : seed % 3 == 1 ? 0.1
                                                               : 1.0,
                                  .weight = has_weight ? weight : NULL,
                                  .dx = dx };
        long double loss = 0.0L, expected[ROWS * MOST] = { 0 }, sizes[ROWS * MOST] = { 0 };
        for (size_t j = 0; j < columns; j++)
            c.weight_sum += has_weight ? (double)weight[j] : 1.0;
        for (size_t i = 0; i < ROWS; i++) {
            labels[i] = (int32_t)(activ_random_bits(seed, 3, i) % columns);
            if (i % 4 == 1)
                labels[i] = c.ignore_index;
            if (labels[i] != c.ignore_index)
                c.terms += has_weight ? (double)weight[labels[i]] : 1.0;
        }
        if (c.terms == 0.0)
            continue;
        for (size_t i = 0; i < ROWS; i++) {
            if (labels[i] == c.ignore_index)
                continue;
            long double total = 0.0L, targets = 0.0L, m = -INFINITY;
            const float *row = x + i * columns;
            for (size_t j = 0; j < columns; j++)
                m = fmaxl(m, (long double)row[j]);
            for (size_t j = 0; j < columns; j++)
                total += expl((long double)row[j] - m);
            for (size_t j = 0; j < columns; j++) {
                const long double w = has_weight ? (long double)weight[j] : 1.0L;
                long double t = (long double)c.smoothing / (long double)columns * w;
                if (j == (size_t)labels[i])
                    t += (1.0L - (long double)c.smoothing) * w;
                expected[i * columns + j] = -t;
                targets += t;
                loss += t * (logl(total) + m - (long double)row[j]);
            }
            long double most = 0.0L;
            for (size_t j = 0; j < columns; j++) {
                const long double p = targets * expl((long double)row[j] - m) / total;
                sizes[i * columns + j] = (p - expected[i * columns + j]) / (long double)c.terms;
                expected[i * columns + j] = (expected[i * columns + j] + p) / (long double)c.terms;
                most = fmaxl(most, sizes[i * columns + j]);
            }
            sizes[i * columns + (size_t)labels[i]] += most; /* it is minus the sum of the others */
        }
        for (size_t t = 0; t < tiers; t++) {
            const double got = tables[t]->cross_entropy(&c);
            if (!(fabsl((long double)got - loss) <= 4.0L * (long double)ulp_size((double)loss) + 1e-15L))
                fail_msg("%s, seed %u: loss %.12g instead of %.12Lg", activ_tier_at(t), (unsigned)seed, got, loss);
            for (size_t i = 0; i < ROWS * columns; i++)
                if (!(fabsl((long double)dx[i] - expected[i]) <= 4.0L * (long double)ulp_size((double)sizes[i])))
                    fail_msg("%s, seed %u: gradient %zu is %.9g instead of %.9Lg", activ_tier_at(t), (unsigned)seed, i,
                             (double)dx[i], expected[i]);
        }
    }
}

/* One class whose logit is not a number is no better than several. */
static void test_cross_entropy_single_nan(void **state)
{
    (void)state;
    static const float bad[] = { NAN, INFINITY, -INFINITY };
    for (size_t t = 0; t < tiers; t++)
        for (size_t i = 0; i < 3; i++) {
            float dx = 0.0f;
            assert_true(isnan(one_row(t, 1, &bad[i], 0, &dx)));
            assert_true(isnan(dx));
        }
}

/* ---- descent ----------------------------------------------------------------------------- */

/* What is too small counts as 0. */
static float from(float least, float x)
{
    return fabsf(x) < least ? 0.0f : x;
}

/* As the kernel's, for one value. */
static float sgd_value(const activ_sgd_scalars *s, float g, float *velocity, float p)
{
    float d = s->maximize ? -g : g;
    if (s->weight_decay != 0.0f)
        d = fmaf(s->weight_decay, p, d);
    d = from(FLT_MIN, d);
    if (velocity) {
        *velocity = from(FLT_MIN, s->first ? d : fmaf(s->momentum, *velocity, (1.0f - s->dampening) * d));
        d = s->nesterov ? fmaf(s->momentum, *velocity, d) : *velocity;
    }
    return fmaf(-s->lr, d, p);
}

static void test_sgd(void **state)
{
    (void)state;
    enum { MOST = 70 };
    guarded gradient, velocity, params;
    assert_int_equal(guarded_create(&gradient, MOST), 0);
    assert_int_equal(guarded_create(&velocity, MOST), 0);
    assert_int_equal(guarded_create(&params, MOST), 0);
    for (size_t n = 0; n <= MOST; n++)
        for (int bits = 0; bits < 64; bits++) {
            activ_sgd_scalars s = { .lr = 0.1f,
                                    .momentum = bits & 1 ? 0.9f : 0.0f,
                                    .dampening = bits & 2 ? 0.3f : 0.0f,
                                    .weight_decay = bits & 4 ? 0.01f : 0.0f,
                                    .nesterov = (bits & 9) == 9,
                                    .maximize = (bits & 16) != 0,
                                    .first = (bits & 32) != 0 };
            int at_end = (int)n & 1, has_velocity = bits & 1;
            float *g = edge(&gradient, n, at_end), *v = edge(&velocity, n, at_end), *p = edge(&params, n, at_end);
            for (size_t t = 0; t < tiers; t++) {
                guarded_fill(&velocity);
                guarded_fill(&params);
                fill_normal(1, n, g);
                fill_normal(3, n, p);
                for (size_t i = 0; i < n && has_velocity; i++)
                    v[i] = s.first ? 0.0f : g[i] * 0.5f + 1.0f;
                float expected_v[MOST], expected_p[MOST];
                for (size_t i = 0; i < n; i++) {
                    if (has_velocity)
                        expected_v[i] = v[i];
                    expected_p[i] = sgd_value(&s, g[i], has_velocity ? &expected_v[i] : NULL, p[i]);
                }
                tables[t]->sgd(&s, n, g, has_velocity ? v : NULL, p);
                assert_memory_equal(p, expected_p, n * sizeof *p);
                if (has_velocity)
                    assert_memory_equal(v, expected_v, n * sizeof *v);
                assert_true(guarded_untouched(&params, p, n));
                assert_true(guarded_untouched(&velocity, v, has_velocity ? n : 0));
            }
        }
    guarded_destroy(&gradient);
    guarded_destroy(&velocity);
    guarded_destroy(&params);
}

/* As the kernel's, for one value: state is mean, square, max_square. */
static float adamw_value(const activ_adamw_scalars *s, float g, float *state, int amsgrad, float p)
{
    g = s->maximize ? -g : g;
    const float m = from(s->least.gradient, g), h = from(s->least.squared, g);
    state[0] = from(s->least.average, fmaf(s->beta1, state[0], s->one_minus_beta1 * m));
    state[1] = from(s->least.average, fmaf(s->beta2, state[1], s->one_minus_beta2 * (h * h)));
    float v = state[1];
    if (amsgrad) {
        state[2] = !(v <= state[2]) ? v : state[2];
        v = state[2];
    }
    p = fmaf(-s->decay, p, p);
    return fmaf(-s->rate, state[0] / fmaf(s->scale, sqrtf(v), s->eps), p);
}

/* state: square, buffer, mean. */
static float rmsprop_value(const activ_rmsprop_scalars *s, float g, float *state, int has_buffer, int centered, float p)
{
    g = s->maximize ? -g : g;
    if (s->weight_decay != 0.0f)
        g = fmaf(s->weight_decay, p, g);
    g = from(s->least.gradient, g);
    const float h = from(s->least.squared, g);
    state[0] = from(s->least.average, fmaf(s->alpha, state[0], s->one_minus_alpha * (h * h)));
    float v = state[0];
    if (centered) {
        state[2] = from(s->least.average, fmaf(s->alpha, state[2], s->one_minus_alpha * g));
        const float m = from(s->least.squared, state[2]);
        v = fmaf(-m, m, v);
        v = v < 0.0f ? 0.0f : v;
    }
    float step = g / (sqrtf(v) + s->eps);
    if (has_buffer) {
        state[1] = from(s->least.average, fmaf(s->momentum, state[1], step));
        step = state[1];
    }
    return fmaf(-s->lr, step, p);
}

/* Three steps of either, every combination of arrays, each array with its own guards. */
static void test_adaptive(void **state)
{
    (void)state;
    enum { MOST = 70, STEPS = 3 };
    guarded gradient, params, states[3];
    assert_int_equal(guarded_create(&gradient, MOST), 0);
    assert_int_equal(guarded_create(&params, MOST), 0);
    for (int k = 0; k < 3; k++)
        assert_int_equal(guarded_create(&states[k], MOST), 0);
    for (size_t n = 0; n <= MOST; n++)
        for (int bits = 0; bits < 32; bits++) {
            int adamw = bits & 1, at_end = (int)n & 1, maximize = (bits & 2) != 0, decays = (bits & 4) != 0;
            const activ_adamw_scalars a = { 0.02f, 1.5f,     decays ? 0.01f : 0.0f, 0.9f, 0.1f, 0.99f, 0.01f,
                                            1e-3f, maximize, { 0.0f, 0.0f, 0.0f } };
            const activ_rmsprop_scalars r = {
                0.02f, 0.9f, 0.1f, 1e-3f, decays ? 0.1f : 0.0f, 0.8f, maximize, { 0.0f, 0.0f, 0.0f }
            };
            int has[3] = { 1, adamw || (bits & 8), adamw ? (bits & 8) != 0 : (bits & 16) != 0 };
            float *g = edge(&gradient, n, at_end), *p = edge(&params, n, at_end), *s[3];
            for (size_t t = 0; t < tiers; t++) {
                float expected[MOST], expected_states[MOST][3] = { { 0.0f } };
                guarded_fill(&params);
                fill_normal(1, n, p);
                memcpy(expected, p, n * sizeof *p);
                for (int k = 0; k < 3; k++) {
                    s[k] = has[k] ? edge(&states[k], n, at_end) : NULL;
                    guarded_fill(&states[k]);
                    if (s[k])
                        memset(s[k], 0, n * sizeof *p);
                }
                for (size_t step = 0; step < STEPS; step++) {
                    fill_normal(2 + step, n, g);
                    for (size_t i = 0; i < n; i++) {
                        if (i % 9 == 4) /* the same gradient again and again: no variance */
                            g[i] = 0.7f;
                        expected[i] = adamw ? adamw_value(&a, g[i], expected_states[i], has[2], expected[i])
                                            : rmsprop_value(&r, g[i], expected_states[i], has[1], has[2], expected[i]);
                    }
                    if (adamw)
                        tables[t]->adamw(&a, n, g, s[0], s[1], s[2], p);
                    else
                        tables[t]->rmsprop(&r, n, g, s[0], s[1], s[2], p);
                }
                assert_memory_equal(p, expected, n * sizeof *p);
                assert_true(guarded_untouched(&params, p, n));
                for (int k = 0; k < 3; k++) {
                    for (size_t i = 0; i < n && s[k]; i++)
                        assert_int_equal(float_bits(s[k][i]), float_bits(expected_states[i][k]));
                    assert_true(guarded_untouched(&states[k], edge(&states[k], n, at_end), s[k] ? n : 0));
                }
            }
        }
    /* A NaN stays, and does not spread. */
    for (size_t t = 0; t < tiers; t++) {
        const activ_adamw_scalars a = { 0.02f, 1.5f, 0.01f, 0.9f, 0.1f, 0.99f, 0.01f, 1e-3f, 0, { 0.0f, 0.0f, 0.0f } };
        const activ_rmsprop_scalars r = { 0.02f, 0.9f, 0.1f, 1e-3f, 0.1f, 0.8f, 0, { 0.0f, 0.0f, 0.0f } };
        for (int adamw = 0; adamw < 2; adamw++) {
            float g[17], p[17], s[3][17] = { { 0.0f } };
            fill_normal(1, 17, g);
            fill_normal(2, 17, p);
            for (size_t step = 0; step < 2; step++) {
                g[3] = step == 0 ? NAN : 1.0f;
                if (adamw)
                    tables[t]->adamw(&a, 17, g, s[0], s[1], s[2], p);
                else
                    tables[t]->rmsprop(&r, 17, g, s[0], s[1], s[2], p);
            }
            for (size_t i = 0; i < 17; i++)
                assert_true(isnan(p[i]) == (i == 3));
            assert_true(isnan(s[0][3]) && isnan(s[1][3]) && isnan(s[2][3]));
        }
    }
    guarded_destroy(&gradient);
    guarded_destroy(&params);
    for (int k = 0; k < 3; k++)
        guarded_destroy(&states[k]);
}

/* Every small gradient with every small value in the arrays: where the rule holds, none that is subnormal stays in
 * them, and none that is not is lost; where it does not, they are as ever. */
static void test_subnormal(void **state)
{
    (void)state;
    static const float sizes[] = {
        0.0f,
        0x1p-149f,
        0x1.8p-140f,
        0x1.fffffcp-127f,
        0x1p-126f,
        0x1.000002p-126f,
        0x1p-125f,
        0x1.fffffep-121f,
        0x1p-120f,
        0x1.4p-110f,
        0x1.fffffep-61f,
        0x1p-60f,
        0x1.fffffep-63f,
        0x1p-63f,
        0x1.8p-62f,
        1e-17f,
        1e-6f,
        1.0f,
        INFINITY,
        NAN,
    };
    enum { SIZES = sizeof sizes / sizeof sizes[0], N = 4 * SIZES * SIZES };
    static float gradients[N], before[N], p[N], s[3][N];
    for (size_t i = 0; i < N; i++) {
        gradients[i] = i & 1 ? -sizes[i / 4 % SIZES] : sizes[i / 4 % SIZES];
        before[i] = i & 2 ? -sizes[i / 4 / SIZES] : sizes[i / 4 / SIZES];
    }
    for (int bits = 0; bits < 64; bits++) {
        const int kind = bits % 3, holds = (bits & 4) != 0;
        const activ_sgd_scalars sgd = { .lr = 0.1f,
                                        .momentum = 0.75f,
                                        .dampening = bits & 8 ? 0.5f : 0.0f,
                                        .weight_decay = bits & 16 ? 0.01f : 0.0f,
                                        .nesterov = (bits & 32) != 0,
                                        .maximize = (bits & 4) != 0 };
        /* Factors of 2^-6: the edges are 2^-126, 2^-120 and 2^-60. */
        activ_adamw_scalars a = {
            0.02f, 1.5f, 0.01f, 0.75f, 0x1p-6f, 0.875f, 0x1p-6f, 1e-3f, (bits & 16) != 0, { 0.0f, 0.0f, 0.0f }
        };
        activ_rmsprop_scalars r = {
            0.02f, 0.75f, 0x1p-6f, 1e-3f, bits & 32 ? 0.1f : 0.0f, 0.5f, (bits & 16) != 0, { 0.0f, 0.0f, 0.0f }
        };
        if (holds)
            a.least = r.least = (activ_least){ 0x1p-126f, 0x1p-120f, 0x1p-60f };
        for (size_t t = 0; t < tiers; t++) {
            for (size_t i = 0; i < N; i++) {
                p[i] = bits & 32 ? 0.5f : 0.0f;
                s[0][i] = kind == 0 || (kind == 1 && (bits & 8)) ? before[i] : fabsf(before[i]);
                s[1][i] = kind == 1 ? fabsf(before[i]) : before[i];
                s[2][i] = kind == 1 ? fabsf(before[i]) : before[i];
            }
            if (kind == 0)
                tables[t]->sgd(&sgd, N, gradients, s[0], p);
            else if (kind == 1)
                tables[t]->adamw(&a, N, gradients, s[0], s[1], bits & 8 ? s[2] : NULL, p);
            else
                tables[t]->rmsprop(&r, N, gradients, s[0], s[1], bits & 8 ? s[2] : NULL, p);
            for (size_t i = 0; i < N; i++) {
                float own[3] = { kind == 0 || (kind == 1 && (bits & 8)) ? before[i] : fabsf(before[i]),
                                 kind == 1 ? fabsf(before[i]) : before[i], kind == 1 ? fabsf(before[i]) : before[i] };
                const float start = bits & 32 ? 0.5f : 0.0f, g = gradients[i];
                const float expected = kind == 0   ? sgd_value(&sgd, g, &own[0], start)
                                       : kind == 1 ? adamw_value(&a, g, own, (bits & 8) != 0, start)
                                                   : rmsprop_value(&r, g, own, 1, (bits & 8) != 0, start);
                const int used = kind == 0 ? 1 : bits & 8 ? 3 : 2;
                int same = same_float(p[i], expected);
                for (int k = 0; k < used; k++)
                    same &= same_float(s[k][i], own[k]);
                if (!same)
                    fail_msg("tier %zu, settings %d: gradient %a with %a", t, bits, (double)g, (double)before[i]);
                for (int k = 0; k < used && (kind == 0 || (holds && !(kind == 1 && k == 2))); k++)
                    assert_true(fpclassify(s[k][i]) != FP_SUBNORMAL);
            }
        }
    }

    /* The edges themselves, by hand. */
    for (size_t t = 0; t < tiers; t++) {
        const activ_least least = { 0x1p-126f, 0x1p-120f, 0x1p-60f };
        const activ_adamw_scalars a = { 1.0f, 1.0f, 0.0f, 0.5f, 0x1p-6f, 0.5f, 0x1p-6f, 1e-3f, 0, least };
        const activ_sgd_scalars plain = { .lr = 1.0f, .momentum = 0.5f };
        const float at[4] = { 0x1p-120f, -0x1.fffffep-121f, 0x1p-60f, -0x1.fffffep-61f };
        float m[4] = { 0.0f }, v[4] = { 0.0f }, q[4] = { 0.0f };
        tables[t]->adamw(&a, 4, at, m, v, NULL, q);
        assert_true(m[0] == 0x1p-126f && m[1] == 0.0f && m[2] == 0x1p-66f && m[3] == -0x1.fffffep-67f);
        assert_true(v[0] == 0.0f && v[1] == 0.0f && v[2] == 0x1p-126f && v[3] == 0.0f);
        /* They fade, and are gone at once when they would be subnormal. */
        const float none[4] = { 0.0f };
        tables[t]->adamw(&a, 4, none, m, v, NULL, q);
        assert_true(m[0] == 0.0f && m[2] == 0x1p-67f && v[2] == 0.0f);
        float w[4] = { 0x1p-125f, -0x1p-126f, 0x1.fffffcp-126f, NAN }, r[4] = { 0.0f };
        tables[t]->sgd(&plain, 4, none, w, r);
        assert_true(w[0] == 0x1p-126f && w[1] == 0.0f && w[2] == 0.0f && isnan(w[3]));
        assert_true(r[0] == -0x1p-126f && r[1] == 0.0f && r[2] == 0.0f && isnan(r[3]));
    }
}

/* Against activ_random_uniform, from every offset in a block, across the wrap of the counter's lower half and of the
 * index, and with limits that are equal or that rounding reaches. */
static void test_uniform(void **state)
{
    (void)state;
    enum { MOST = 150 };
    static const struct {
        float low, high;
    } limits[] = { { 0.0f, 1.0f }, { -0.3f, 0.2f }, { 1.0f, 1.0000001f }, { 2.5f, 2.5f }, { -1e38f, 1e38f } };
    static const uint64_t starts[] = { 0, 4 * UINT64_C(0xffffffff) - 37, UINT64_MAX - MOST, 123456789012345 };
    guarded x;
    assert_int_equal(guarded_create(&x, MOST), 0);
    for (size_t n = 0; n <= MOST; n++)
        for (size_t k = 0; k < 20; k++) {
            uint64_t seed = 0x9876543210 * (n + 1), stream = n % 3 ? UINT64_C(1) << 63 | n << 40 : n;
            uint64_t index = starts[k % 4] + n % 7;
            float expected[MOST], *out = edge(&x, n, (int)k & 1), low = limits[k / 4].low, high = limits[k / 4].high;
            assert_int_equal(activ_random_uniform(seed, stream, index, n, low, high, expected), ACTIV_OK);
            for (size_t t = 0; t < tiers; t++) {
                guarded_fill(&x);
                tables[t]->uniform(seed, stream, index, n, low, high, out);
                assert_memory_equal(out, expected, n * sizeof *out);
                assert_true(guarded_untouched(&x, out, n));
            }
        }
    guarded_destroy(&x);
}

static void test_clipping(void **state)
{
    (void)state;
    guarded x;
    assert_int_equal(guarded_create(&x, 1000), 0);
    for (size_t n = 0; n <= 1000; n += n < 70 ? 1 : 465)
        for (int at_end = 0; at_end < 2; at_end++) {
            float *p = edge(&x, n, at_end), before[1000];
            fill_normal(n, n, before);
            if (n > 20) {
                before[20] = NAN;
                before[3] = INFINITY;
                before[4] = -INFINITY;
                before[5] = -0.0f;
            }
            double first = 0.0;
            for (size_t t = 0; t < tiers; t++) {
                guarded_fill(&x);
                memcpy(p, before, n * sizeof *p);
                tables[t]->clamp(n, 0.75f, p);
                for (size_t i = 0; i < n; i++) {
                    float expected = before[i] > 0.75f ? 0.75f : before[i] < -0.75f ? -0.75f : before[i];
                    assert_true(same_float(p[i], expected));
                }
                tables[t]->scale(n, 0.3f, p);
                for (size_t i = 0; i < n; i++) {
                    float expected = before[i] > 0.75f ? 0.75f : before[i] < -0.75f ? -0.75f : before[i];
                    assert_true(same_float(p[i], expected * 0.3f));
                }
                assert_true(guarded_untouched(&x, p, n));
                fill_normal(n, n, p);
                long double expected = 0.0L;
                for (size_t i = 0; i < n; i++)
                    expected += (long double)p[i] * (long double)p[i];
                double sum = tables[t]->sum_of_squares(n, p);
                first = t == 0 ? sum : first;
                assert_true(same_double(sum, first));
                assert_true(fabsl((long double)sum - expected) <= 1e-14L * expected);
            }
        }
    guarded_destroy(&x);
}

int main(int count, char **arguments)
{
    thin = thin_argument(count, arguments);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_gemm_small),
        cmocka_unit_test(test_gemm_deep),
        cmocka_unit_test(test_gemm_wide),
        cmocka_unit_test(test_gemm_large),
        cmocka_unit_test(test_gemm_epilogue),
        cmocka_unit_test(test_gemm_specials),
        cmocka_unit_test(test_wide_rows),
        cmocka_unit_test(test_column_sums),
        cmocka_unit_test(test_sums_and_products),
        cmocka_unit_test(test_normalization),
        cmocka_unit_test(test_normalization_specials),
        cmocka_unit_test(test_squared_error),
        cmocka_unit_test(test_cross_entropy),
        cmocka_unit_test(test_cross_entropy_specials),
        cmocka_unit_test(test_cross_entropy_options),
        cmocka_unit_test(test_cross_entropy_single_nan),
        cmocka_unit_test(test_sgd),
        cmocka_unit_test(test_subnormal),
        cmocka_unit_test(test_adaptive),
        cmocka_unit_test(test_clipping),
        cmocka_unit_test(test_uniform),
    };
    return cmocka_run_group_tests(tests, find_tiers, NULL);
}
