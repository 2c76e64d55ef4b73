/* Dead neurons: the definition by hand, quiet and rarely active ones, and that nothing but the outputs matters. */
#include <fenv.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "activ/activ.h"
#include "support/guard.h"
#include "support/memory.h"

static activ_neurons *create(size_t width, float threshold)
{
    activ_neurons *n = NULL;
    activ_neurons_options options = ACTIV_NEURONS_DEFAULTS;
    options.threshold = threshold;
    assert_int_equal(activ_neurons_create(NULL, width, &options, &n), ACTIV_OK);
    assert_non_null(n);
    return n;
}

static activ_neurons_info get(const activ_neurons *n)
{
    activ_neurons_info info = ACTIV_NEURONS_INFO_INIT;
    assert_int_equal(activ_neurons_get(n, &info), ACTIV_OK);
    return info;
}

/* A neuron is dead if its output is 0 for all inputs of all batches. */
static void test_two_batches(void **state)
{
    (void)state;
    const float first[3][5] = { { 0, 1.5f, 0, 1, 1 }, { 0, 0, 0, 0, 1 }, { 0, 1, 0, 1.2f, 1 } };
    const float second[3][5] = { { 1.1f, 1, 0, 1, 1 }, { 1, 0, 0, 0, 1 }, { 0, 1, 0, 1, 1 } };
    activ_neurons *n = NULL;
    assert_int_equal(activ_neurons_create(NULL, 5, NULL, &n), ACTIV_OK);
    size_t dead[5], count;
    assert_int_equal(activ_neurons_dead(n, 5, dead, &count), ACTIV_ERROR_STATE);
    assert_int_equal(get(n).dead, 0);
    assert_int_equal(activ_neurons_add(n, 3, first[0], 5), ACTIV_OK);
    assert_int_equal(activ_neurons_dead(n, 5, dead, &count), ACTIV_OK);
    assert_int_equal(count, 2);
    assert_int_equal(dead[0], 0);
    assert_int_equal(dead[1], 2);
    assert_int_equal(activ_neurons_add(n, 3, second[0], 5), ACTIV_OK);
    assert_int_equal(activ_neurons_dead(n, 5, dead, &count), ACTIV_OK);
    assert_int_equal(count, 1);
    assert_int_equal(dead[0], 2);
    const activ_neurons_info info = get(n);
    static const uint64_t active[5] = { 2, 4, 0, 4, 6 };
    static const float peaks[5] = { 1.1f, 1.5f, 0, 1.2f, 1 };
    assert_true(info.width == 5 && info.inputs == 6 && info.dead == 1);
    assert_memory_equal(info.active, active, sizeof active);
    assert_memory_equal(info.peaks, peaks, sizeof peaks);
    /* Rarely active: on fewer than half, at most a third, of the inputs. */
    assert_int_equal(activ_neurons_rarely_active(n, 0.5, 5, dead, &count), ACTIV_OK);
    assert_true(count == 2 && dead[0] == 0 && dead[1] == 2);
    assert_int_equal(activ_neurons_rarely_active(n, 1.0 / 3.0, 5, dead, &count), ACTIV_OK);
    assert_true(count == 1 && dead[0] == 2);
    assert_int_equal(activ_neurons_rarely_active(n, 0.0, 5, dead, &count), ACTIV_OK);
    assert_int_equal(count, 0);
    assert_int_equal(activ_neurons_rarely_active(n, 1.0, 5, dead, &count), ACTIV_OK);
    assert_int_equal(count, 4);
    /* A list with less room, and none. */
    dead[0] = dead[1] = 99;
    assert_int_equal(activ_neurons_rarely_active(n, 1.0, 1, dead, &count), ACTIV_OK);
    assert_true(count == 4 && dead[0] == 0 && dead[1] == 99);
    assert_int_equal(activ_neurons_quiet(n, 1.1f, 0, NULL, &count), ACTIV_OK);
    assert_int_equal(count, 3);
    assert_int_equal(activ_neurons_quiet(n, 1.0f, 5, dead, &count), ACTIV_OK);
    assert_true(count == 2 && dead[0] == 2 && dead[1] == 4);
    /* As new. */
    assert_int_equal(activ_neurons_reset(n), ACTIV_OK);
    assert_int_equal(get(n).inputs, 0);
    assert_int_equal(activ_neurons_add(n, 3, first[0], 5), ACTIV_OK);
    assert_int_equal(get(n).dead, 2);
    activ_neurons_destroy(n);
    activ_neurons_destroy(NULL);
}

static void test_unusual(void **state)
{
    (void)state;
    const float x[2][8] = { { -0.0f, 0x1p-149f, NAN, 0, INFINITY, -0.25f, 0.25f, -0x1p-149f },
                            { 0, -0.0f, 0, -NAN, 0, 0, 0.5f, 0 } };
    activ_neurons *zero = create(8, 0.0f), *quarter = create(8, 0.25f), *negative = create(8, -0.0f);
    assert_int_equal(activ_neurons_add(zero, 2, x[0], 8), ACTIV_OK);
    assert_int_equal(activ_neurons_add(quarter, 2, x[0], 8), ACTIV_OK);
    assert_int_equal(activ_neurons_add(negative, 2, x[0], 8), ACTIV_OK);
    assert_int_equal(activ_neurons_merge(zero, negative), ACTIV_OK);
    static const uint64_t active[8] = { 0, 2, 2, 2, 2, 2, 4, 2 }, above[8] = { 0, 0, 1, 1, 1, 0, 1, 0 };
    assert_memory_equal(get(zero).active, active, sizeof active);
    assert_memory_equal(get(quarter).active, above, sizeof above);
    assert_true(get(zero).dead == 1 && get(quarter).dead == 1 && get(quarter).peaks[3] == INFINITY);
    size_t quiet[8], count;
    assert_int_equal(activ_neurons_quiet(quarter, 0.25f, 8, quiet, &count), ACTIV_OK);
    assert_true(count == 4 && quiet[0] == 0 && quiet[1] == 1 && quiet[2] == 5 && quiet[3] == 7);
    activ_neurons_destroy(zero);
    activ_neurons_destroy(quarter);
    activ_neurons_destroy(negative);
}

/* Any cut of the rows, any merge, any stride, any rounding mode; nothing is read outside of the rows. */
static void test_values_alone(void **state)
{
    (void)state;
    enum { ROWS = 61, STRIDE = 45 };
    guarded buffer;
    assert_int_equal(guarded_create(&buffer, ROWS * STRIDE), 0);
    static const int modes[] = { FE_TONEAREST, FE_UPWARD, FE_DOWNWARD, FE_TOWARDZERO };
    for (size_t width = 1; width <= STRIDE; width++) {
        float *x = buffer.end - ((ROWS - 1) * STRIDE + width);
        assert_int_equal(activ_random_normal(2, width, 0, (ROWS - 1) * STRIDE + width, -1.0f, 1.0f, x), ACTIV_OK);
        uint64_t active[STRIDE] = { 0 };
        float peaks[STRIDE] = { 0 };
        size_t dead = 0;
        for (size_t j = 0; j < width; j++) {
            for (size_t r = 0; r < ROWS; r++) {
                float *value = &x[r * STRIDE + j];
                *value = *value > (float)j / 20.0f ? *value : 0.0f;
                active[j] += *value > 0.125f;
                peaks[j] = fmaxf(peaks[j], *value);
            }
            dead += peaks[j] == 0.0f;
        }
        activ_neurons *whole = create(width, 0.125f), *part[2] = { create(width, 0.125f), create(width, 0.125f) };
        feclearexcept(FE_ALL_EXCEPT);
        assert_int_equal(activ_neurons_add(whole, ROWS, x, STRIDE), ACTIV_OK);
        assert_int_equal(fesetround(modes[width % 4]), 0);
        for (size_t r = 0; r < ROWS;) {
            const size_t rows = r + r % 7 + 1 <= ROWS ? r % 7 + 1 : ROWS - r;
            assert_int_equal(activ_neurons_add(part[r % 2], rows, x + r * STRIDE, rows == 1 ? 0 : STRIDE), ACTIV_OK);
            r += rows;
        }
        assert_int_equal(activ_neurons_merge(part[0], part[1]), ACTIV_OK);
        fesetround(FE_TONEAREST);
        const activ_neurons *both[2] = { whole, part[0] };
        for (int i = 0; i < 2; i++) {
            const activ_neurons_info info = get(both[i]);
            assert_true(info.inputs == ROWS && info.dead == dead);
            assert_memory_equal(info.active, active, width * sizeof *active);
            assert_memory_equal(info.peaks, peaks, width * sizeof *peaks);
        }
        activ_neurons_destroy(whole);
        activ_neurons_destroy(part[0]);
        activ_neurons_destroy(part[1]);
    }
    guarded_destroy(&buffer);
}

static void test_errors(void **state)
{
    (void)state;
    activ_neurons *n = NULL;
    activ_neurons_options options = ACTIV_NEURONS_DEFAULTS;
    assert_int_equal(activ_neurons_create(NULL, 4, &options, NULL), ACTIV_ERROR_INVALID);
    static const size_t widths[] = { 0, SIZE_MAX, SIZE_MAX / 12, SIZE_MAX / 12 + 1 };
    for (int i = 0; i < 4; i++)
        assert_int_equal(activ_neurons_create(NULL, widths[i], NULL, &n), ACTIV_ERROR_RANGE);
    static const float thresholds[] = { -1e-45f, NAN, INFINITY, -1.0f };
    for (int i = 0; i < 4; i++) {
        options.threshold = thresholds[i];
        assert_int_equal(activ_neurons_create(NULL, 4, &options, &n), ACTIV_ERROR_RANGE);
    }
    options = (activ_neurons_options)ACTIV_NEURONS_DEFAULTS;
    options.reserved = 1;
    assert_int_equal(activ_neurons_create(NULL, 4, &options, &n), ACTIV_ERROR_UNSUPPORTED);
    options.size = 0;
    assert_int_equal(activ_neurons_create(NULL, 4, &options, &n), ACTIV_ERROR_INVALID);
    assert_null(n);

    n = create(4, 0.0f);
    activ_neurons *other = create(5, 0.0f), *higher = create(4, 1.0f), *same = create(4, 0.0f);
    const float x[8] = { 1, 2, 0, 4, 5, 6, 0, 8 };
    const float *odd = (const float *)(const void *)((const char *)x + 2);
    assert_int_equal(activ_neurons_add(NULL, 1, x, 4), ACTIV_ERROR_INVALID);
    assert_int_equal(activ_neurons_add(n, 1, NULL, 4), ACTIV_ERROR_INVALID);
    assert_int_equal(activ_neurons_add(n, 0, NULL, 0), ACTIV_OK);
    assert_int_equal(activ_neurons_add(n, 2, x, 3), ACTIV_ERROR_SHAPE);
    assert_int_equal(activ_neurons_add(n, SIZE_MAX, x, 4), ACTIV_ERROR_RANGE);
    assert_int_equal(activ_neurons_add(n, SIZE_MAX / 16 + 1, x, 4), ACTIV_ERROR_RANGE);
    assert_int_equal(activ_neurons_add(n, 2, x, SIZE_MAX), ACTIV_ERROR_RANGE);
    assert_int_equal(activ_neurons_add(n, 1, odd, 4), ACTIV_ERROR_INVALID);
    assert_int_equal(activ_neurons_add(n, 1, get(n).peaks, 4), ACTIV_ERROR_INVALID);
    assert_int_equal(activ_neurons_merge(n, NULL), ACTIV_ERROR_INVALID);
    assert_int_equal(activ_neurons_merge(NULL, n), ACTIV_ERROR_INVALID);
    assert_int_equal(activ_neurons_merge(n, n), ACTIV_ERROR_INVALID);
    assert_int_equal(activ_neurons_merge(n, other), ACTIV_ERROR_SHAPE);
    assert_int_equal(activ_neurons_merge(n, higher), ACTIV_ERROR_SHAPE);
    assert_int_equal(activ_neurons_reset(NULL), ACTIV_ERROR_INVALID);
    assert_int_equal(get(n).inputs, 0);
    size_t list[4] = { 9, 9, 9, 9 }, count = 77;
    assert_int_equal(activ_neurons_quiet(n, 0.0f, 4, list, &count), ACTIV_ERROR_STATE);
    assert_int_equal(activ_neurons_rarely_active(n, 0.5, 4, list, &count), ACTIV_ERROR_STATE);
    assert_int_equal(activ_neurons_add(n, 2, x, 4), ACTIV_OK);
    assert_int_equal(activ_neurons_dead(NULL, 4, list, &count), ACTIV_ERROR_INVALID);
    assert_int_equal(activ_neurons_dead(n, 4, NULL, &count), ACTIV_ERROR_INVALID);
    assert_int_equal(activ_neurons_dead(n, 4, list, NULL), ACTIV_ERROR_INVALID);
    for (int i = 0; i < 4; i++)
        assert_int_equal(activ_neurons_quiet(n, thresholds[i], 4, list, &count), ACTIV_ERROR_RANGE);
    static const double shares[] = { -1e-9, 1.1, NAN };
    for (int i = 0; i < 3; i++)
        assert_int_equal(activ_neurons_rarely_active(n, shares[i], 4, list, &count), ACTIV_ERROR_RANGE);
    assert_true(count == 77 && list[0] == 9);
    activ_neurons_info info = ACTIV_NEURONS_INFO_INIT;
    assert_int_equal(activ_neurons_get(NULL, &info), ACTIV_ERROR_INVALID);
    assert_int_equal(activ_neurons_get(n, NULL), ACTIV_ERROR_INVALID);
    info.size = 0;
    assert_int_equal(activ_neurons_get(n, &info), ACTIV_ERROR_INVALID);
    activ_status status = ACTIV_OK;
    activ_neurons *pair[2] = { n, same };
    for (int i = 0; i < 200 && status == ACTIV_OK; i++)
        status = activ_neurons_merge(pair[(i + 1) % 2], pair[i % 2]);
    assert_int_equal(status, ACTIV_ERROR_RANGE);
    assert_true(get(n).active[0] == get(n).inputs && get(n).dead == 1);
    activ_neurons_destroy(n);
    activ_neurons_destroy(other);
    activ_neurons_destroy(higher);
    activ_neurons_destroy(same);
}

static void test_allocation(void **state)
{
    (void)state;
    test_memory memory = { 0 };
    activ_context *context = test_memory_context(&memory);
    assert_non_null(context);
    activ_neurons *n = NULL;
    memory.fail_at = memory.calls + 1;
    assert_int_equal(activ_neurons_create(context, 3, NULL, &n), ACTIV_ERROR_OUT_OF_MEMORY);
    assert_null(n);
    assert_int_equal(activ_neurons_create(context, 3, NULL, &n), ACTIV_OK);
    activ_context_destroy(context);
    const size_t calls = memory.calls;
    const float x[3] = { 1, 2, 0 };
    size_t count;
    assert_int_equal(activ_neurons_add(n, 1, x, 3), ACTIV_OK);
    assert_int_equal(activ_neurons_dead(n, 0, NULL, &count), ACTIV_OK);
    assert_int_equal(count, 1);
    assert_int_equal(memory.calls, calls);
    activ_neurons_destroy(n);
    assert_int_equal(memory.live, 0);
    assert_int_equal(memory.mistakes, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_two_batches), cmocka_unit_test(test_unusual),    cmocka_unit_test(test_values_alone),
        cmocka_unit_test(test_errors),      cmocka_unit_test(test_allocation),
    };
    return cmocka_run_group_tests_name("analysis_neurons", tests, NULL, NULL);
}
