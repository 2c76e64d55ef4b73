/* Orthogonal initial values: Gram-Schmidt's by its definition, orthonormal for every kind of shape, and the same bits
 * on every tier and any number of threads. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "activ/cpu.h"
#include "activ/init.h"
#include "base/random.h"
#include "support/memory.h"
#include "support/threads.h"
#include "support/tiers.h"

/* Vectors around the size of a leaf (4) and a block (32), lengths around a multiple of sixteen and of a piece (256);
 * square matrices, where the last vectors lose nearly all of their length. */
static const size_t shapes[][3] = {
    { 1, 1, 1 },    { 1, 9, 1 },    { 9, 1, 1 },    { 2, 2, 1 },    { 1, 1000, 1 },  { 1000, 1, 1 }, { 4, 16, 1 },
    { 5, 5, 1 },    { 5, 17, 1 },   { 20, 20, 1 },  { 7, 40, 1 },   { 64, 10, 1 },   { 6, 4, 5 },    { 32, 32, 1 },
    { 33, 33, 1 },  { 31, 255, 1 }, { 257, 35, 1 }, { 36, 256, 1 }, { 65, 80, 1 },   { 97, 97, 1 },  { 128, 128, 1 },
    { 70, 513, 1 }, { 600, 40, 1 }, { 3, 700, 1 },  { 16, 3, 25 },  { 200, 200, 1 }, { 61, 67, 1 },
};
enum { SHAPES = sizeof shapes / sizeof shapes[0] };

static float *values_of(const activ_context *context, float gain, const size_t *shape, uint64_t seed)
{
    float *values = malloc(shape[0] * shape[1] * shape[2] * sizeof *values);
    assert_non_null(values);
    assert_int_equal(activ_init_tensor(context, ACTIV_INIT_ORTHOGONAL, gain, 3, shape, seed, 9, values, NULL),
                     ACTIV_OK);
    return values;
}

/* Vector after vector, each against each, twice. */
static double *by_definition(size_t vectors, size_t length, uint64_t seed)
{
    double *q = malloc(vectors * length * sizeof *q);
    assert_non_null(q);
    for (size_t i = 0; i < vectors; i++) {
        double *v = q + i * length;
        for (size_t k = 0; k < length; k++)
            v[k] = activ_random_normal_double(seed, 9, i * length + k);
        for (int pass = 0; pass < 2; pass++) {
            for (size_t j = 0; j < i; j++) {
                double dot = 0.0;
                for (size_t k = 0; k < length; k++)
                    dot += q[j * length + k] * v[k];
                for (size_t k = 0; k < length; k++)
                    v[k] -= dot * q[j * length + k];
            }
            double square = 0.0;
            for (size_t k = 0; k < length; k++)
                square += v[k] * v[k];
            for (size_t k = 0; k < length; k++)
                v[k] /= sqrt(square);
        }
    }
    return q;
}

static void test_values(void **state)
{
    (void)state;
    for (size_t s = 0; s < SHAPES; s++)
        for (int g = 0; g < 2; g++) {
            const float gain = g ? 2.5f : activ_init_gain(ACTIV_INIT_ORTHOGONAL);
            const double square = (double)gain * (double)gain;
            const size_t rows = shapes[s][0], columns = shapes[s][1] * shapes[s][2];
            const int by_rows = rows < columns;
            const size_t vectors = by_rows ? rows : columns, length = by_rows ? columns : rows;
            const size_t step = by_rows ? 1 : columns, next = by_rows ? columns : 1;
            float *x = values_of(NULL, gain, shapes[s], s);
            double *want = by_definition(vectors, length, s);
            for (size_t i = 0; i < vectors; i++) {
                for (size_t k = 0; k < length; k++) {
                    const double value = (double)gain * want[i * length + k];
                    const double got = (double)x[i * next + k * step];
                    if (!(fabs(got - value) <= 1e-7 * fabs(value) + 1e-10))
                        fail_msg("%zu x %zu: [%zu][%zu] is %.12g instead of %.12g", rows, columns, i, k, got, value);
                }
                for (size_t j = 0; j <= i; j++) {
                    double dot = 0.0;
                    for (size_t k = 0; k < length; k++)
                        dot += (double)x[i * next + k * step] * (double)x[j * next + k * step];
                    assert_true(fabs(dot - (i == j ? square : 0.0)) < 2e-7 * square);
                }
            }
            free(want);
            free(x);
        }
}

static void test_same_bits(void **state)
{
    (void)state;
    int shared = 0;
    for (size_t s = 0; s < SHAPES; s++) {
        const size_t bytes = shapes[s][0] * shapes[s][1] * shapes[s][2] * sizeof(float);
        float *expected = values_of(NULL, 1.0f, shapes[s], s);
        for (size_t t = 0; t < each_tier_count; t++) {
            float *x = values_of(each_tier[t], 1.0f, shapes[s], s);
            assert_memory_equal(x, expected, bytes);
            free(x);
        }
        for (size_t threads = 2; threads <= 7; threads++) {
            lent_threads lent = { 0 };
            const activ_executor executor = lend_threads(&lent, threads);
            activ_context_options options = ACTIV_CONTEXT_DEFAULTS;
            options.executor = &executor;
            activ_context *context = NULL;
            assert_int_equal(activ_context_create(&options, &context), ACTIV_OK);
            float *x = values_of(context, 1.0f, shapes[s], s);
            assert_memory_equal(x, expected, bytes);
            shared += lent.most == threads;
            free(x);
            activ_context_destroy(context);
        }
        free(expected);
    }
    assert_true(shared > 50);
}

/* What activ/init.h says of memory; none is left. */
static void test_memory_taken(void **state)
{
    (void)state;
    for (size_t s = 0; s < SHAPES; s++) {
        test_memory memory = { 0 };
        activ_context *context = test_memory_context(&memory);
        assert_non_null(context);
        const size_t before = memory.live_bytes;
        memory.peak_bytes = 0;
        free(values_of(context, 1.0f, shapes[s], 1));
        const size_t rows = shapes[s][0], columns = shapes[s][1] * shapes[s][2];
        const size_t vectors = rows < columns ? rows : columns;
        assert_true(memory.peak_bytes - before <= 8 * (rows * columns + 56 * vectors + 8192));
        assert_int_equal(memory.live_bytes, before);
        activ_context_destroy(context);
        assert_int_equal(memory.live, 0);
        assert_int_equal(memory.mistakes, 0);
    }
}

static void test_sizes_that_overflow(void **state)
{
    (void)state;
    static const size_t too_large[][2] = { { 1, SIZE_MAX },     { SIZE_MAX, 1 },     { 1, SIZE_MAX - 20 },
                                           { SIZE_MAX / 8, 1 }, { SIZE_MAX / 9, 8 }, { SIZE_MAX / 4, 2 } };
    for (size_t i = 0; i < sizeof too_large / sizeof too_large[0]; i++) {
        float x = 9.0f;
        assert_int_equal(activ_init_tensor(NULL, ACTIV_INIT_ORTHOGONAL, 1.0f, 2, too_large[i], 1, 1, &x, NULL),
                         ACTIV_ERROR_RANGE);
        assert_true(x == 9.0f);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_values),
        cmocka_unit_test(test_same_bits),
        cmocka_unit_test(test_memory_taken),
        cmocka_unit_test(test_sizes_that_overflow),
    };
    return cmocka_run_group_tests(tests, each_tier_begin, each_tier_end);
}
