/* The gradient-flow surface: by hand, against the calls that it is made of, and what it refuses. */
#include <fenv.h>
#include <float.h>
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
#include "support/tiers.h"

enum { N = 100 };

static activ_fn *create(const activ_context *context, const char *spec)
{
    activ_fn *fn = NULL;
    assert_int_equal(activ_fn_create(context, spec, &fn), ACTIV_OK);
    return fn;
}

static void test_by_hand(void **state)
{
    (void)state;
    float points[3], f[3], slopes[3], z[9], gradient[9];
    activ_fn *relu = create(NULL, "leaky_relu(negative_slope=0.75)");
    assert_int_equal(activ_surface(relu, NULL, 3, -4.0f, 4.0f, points, f, slopes, z, gradient, NULL), ACTIV_OK);
    static const float x[3] = { -4, 0, 4 }, y[3] = { -3, 0, 4 }, slope[3] = { 0.75f, 0.75f, 1 },
                       sums[9] = { -6, -3, 1, -3, 0, 4, 1, 4, 8 };
    assert_memory_equal(points, x, sizeof x);
    assert_memory_equal(f, y, sizeof y);
    assert_memory_equal(slopes, slope, sizeof slope);
    assert_memory_equal(z, sums, sizeof sums);
    assert_true(gradient[2] == 1.25f && gradient[6] == 1.25f && gradient[8] == sqrtf(2.0f));
    assert_true(gradient[0] == (float)sqrt(1.125));
    activ_fn_destroy(relu);
}

/* Every elementwise function, on every tier: points as numpy.linspace's, values as activ_forward's and
 * activ_backward's, and the same bits in any mode of rounding; nothing outside of the arrays. */
static void test_catalog(void **state)
{
    (void)state;
    guarded arrays[5];
    static const size_t counts[5] = { N, N, N, N * N, N * N };
    for (int i = 0; i < 5; i++)
        assert_int_equal(guarded_create(&arrays[i], counts[i]), 0);
    static float kept[N * N];
    float ones[N], want[N], slopes[N];
    for (size_t i = 0; i < N; i++)
        ones[i] = 1.0f;
    activ_fn_info info = ACTIV_FN_INFO_INIT;
    for (size_t entry = 0; activ_fn_catalog(entry, &info) == ACTIV_OK; entry++)
        for (size_t t = 0; t < each_tier_count; t++) {
            activ_fn *fn = create(each_tier[t], info.name);
            float *a[5];
            for (int i = 0; i < 5; i++) {
                guarded_fill(&arrays[i]);
                a[i] = arrays[i].end - counts[i];
            }
            const activ_status status = activ_surface(fn, NULL, N, -5.0f, 5.0f, a[0], a[1], a[2], a[3], a[4], NULL);
            if (info.shape != ACTIV_SHAPE_ELEMENTWISE) {
                assert_int_equal(status, ACTIV_ERROR_SHAPE);
                activ_fn_destroy(fn);
                continue;
            }
            assert_int_equal(status, ACTIV_OK);
            for (int i = 0; i < 5; i++)
                assert_true(guarded_untouched(&arrays[i], a[i], counts[i]));
            for (size_t i = 0; i < N; i++)
                assert_true(a[0][i] == (i + 1 < N ? (float)(-5.0 + (double)i * (10.0 / 99.0)) : 5.0f));
            assert_int_equal(activ_forward(fn, NULL, N, a[0], want), ACTIV_OK);
            assert_memory_equal(a[1], want, sizeof want);
            assert_int_equal(activ_backward(fn, NULL, N, a[0], ones, slopes, NULL), ACTIV_OK);
            assert_memory_equal(a[2], slopes, sizeof slopes);
            for (size_t j = 0; j < N; j++)
                for (size_t i = 0; i < N; i++) {
                    const double dx = slopes[i], dy = slopes[j];
                    assert_true(a[3][j * N + i] == want[i] + want[j]);
                    assert_true(a[4][j * N + i] == (float)sqrt(dx * dx + dy * dy));
                }
            if (t > 0)
                assert_memory_equal(kept, a[4], sizeof kept);
            memcpy(kept, a[4], sizeof kept);
            fesetround(FE_UPWARD);
            assert_int_equal(activ_surface(fn, NULL, N, -5.0f, 5.0f, a[0], a[1], a[2], a[3], a[4], NULL), ACTIV_OK);
            assert_int_equal(fegetround(), FE_UPWARD);
            fesetround(FE_TONEAREST);
            assert_memory_equal(kept, a[4], sizeof kept);
            /* The curve alone. */
            assert_int_equal(activ_surface(fn, NULL, N, -5.0f, 5.0f, a[0], a[1], a[2], NULL, NULL, NULL), ACTIV_OK);
            assert_memory_equal(a[1], want, sizeof want);
            activ_fn_destroy(fn);
        }
    for (int i = 0; i < 5; i++)
        guarded_destroy(&arrays[i]);
}

/* Given parameters; slopes whose squares float32 cannot hold; NaN. */
static void test_extremes(void **state)
{
    (void)state;
    activ_fn *prelu = create(NULL, "prelu");
    float points[2], f[2], slopes[2], z[4], gradient[4];
    static const float weights[] = { 3.0f, 0x1p100f, 0x1p-100f, FLT_MAX, INFINITY, NAN };
    for (size_t i = 0; i < 6; i++) {
        assert_int_equal(activ_surface(prelu, &weights[i], 2, -1.0f, 1.0f, points, f, slopes, z, gradient, NULL),
                         ACTIV_OK);
        const double w = weights[i];
        if (isnan(w)) {
            assert_true(isnan(gradient[0]) && isnan(gradient[1]) && isnan(gradient[2]) && gradient[3] == sqrtf(2.0f));
            continue;
        }
        assert_true(gradient[0] == (float)sqrt(w * w + w * w) && gradient[1] == (float)sqrt(w * w + 1.0));
        assert_true(z[1] == -weights[i] + 1.0f && z[3] == 2.0f);
    }
    assert_true(activ_surface(prelu, NULL, 2, -FLT_MAX, FLT_MAX, points, f, slopes, z, gradient, NULL) == ACTIV_OK);
    assert_true(points[0] == -FLT_MAX && points[1] == FLT_MAX && slopes[0] == 0.25f);
    activ_fn_destroy(prelu);
}

static void test_errors(void **state)
{
    (void)state;
    activ_fn *fn = create(NULL, "prelu"), *channels = create(NULL, "prelu(num_parameters=2)"),
             *softmax = create(NULL, "softmax"), *glu = create(NULL, "glu");
    enum { ROOM = 64 };
    float a[ROOM], before[ROOM];
    for (size_t i = 0; i < ROOM; i++)
        a[i] = before[i] = (float)i;
    activ_message message;
    float *const p = a, *const f = a + 8, *const s = a + 16, *const z = a + 24, *const g = a + 40;
    float *const odd = (float *)(void *)((char *)a + 1);
#define REFUSED(status, ...)                                  \
    do {                                                      \
        message.text[0] = '\0';                               \
        assert_int_equal(activ_surface(__VA_ARGS__), status); \
        assert_true(message.text[0] != '\0');                 \
        assert_memory_equal(a, before, sizeof a);             \
    } while (0)
    REFUSED(ACTIV_ERROR_INVALID, NULL, NULL, 4, -1, 1, p, f, s, z, g, &message);
    REFUSED(ACTIV_ERROR_INVALID, fn, NULL, 4, -1, 1, NULL, f, s, z, g, &message);
    REFUSED(ACTIV_ERROR_INVALID, fn, NULL, 4, -1, 1, p, NULL, s, z, g, &message);
    REFUSED(ACTIV_ERROR_INVALID, fn, NULL, 4, -1, 1, p, f, NULL, z, g, &message);
    REFUSED(ACTIV_ERROR_SHAPE, channels, NULL, 4, -1, 1, p, f, s, z, g, &message);
    REFUSED(ACTIV_ERROR_SHAPE, softmax, NULL, 4, -1, 1, p, f, s, z, g, &message);
    REFUSED(ACTIV_ERROR_SHAPE, glu, NULL, 4, -1, 1, p, f, s, z, g, &message);
    REFUSED(ACTIV_ERROR_RANGE, fn, NULL, 0, -1, 1, p, f, s, z, g, &message);
    REFUSED(ACTIV_ERROR_RANGE, fn, NULL, 1, -1, 1, p, f, s, z, g, &message);
    REFUSED(ACTIV_ERROR_RANGE, fn, NULL, SIZE_MAX, -1, 1, p, f, s, z, g, &message);
    REFUSED(ACTIV_ERROR_RANGE, fn, NULL, (size_t)1 << 31, -1, 1, p, f, s, NULL, NULL, &message);
    REFUSED(ACTIV_ERROR_RANGE, fn, NULL, 4, 1, 1, p, f, s, z, g, &message);
    REFUSED(ACTIV_ERROR_RANGE, fn, NULL, 4, NAN, 1, p, f, s, z, g, &message);
    REFUSED(ACTIV_ERROR_RANGE, fn, NULL, 4, -1, INFINITY, p, f, s, z, g, &message);
    REFUSED(ACTIV_ERROR_INVALID, fn, NULL, 4, -1, 1, odd, f, s, z, g, &message);
    REFUSED(ACTIV_ERROR_INVALID, fn, NULL, 4, -1, 1, p, f, s, odd, g, &message);
    REFUSED(ACTIV_ERROR_INVALID, fn, NULL, 4, -1, 1, p, p, s, z, g, &message);
    REFUSED(ACTIV_ERROR_INVALID, fn, NULL, 4, -1, 1, p, f, s, z, z + 15, &message);
    REFUSED(ACTIV_ERROR_INVALID, fn, NULL, 4, -1, 1, p, f, s, s + 3, g, &message);
    REFUSED(ACTIV_ERROR_INVALID, fn, f + 1, 4, -1, 1, p, f, s, z, g, &message);
    activ_fn_destroy(fn);
    activ_fn_destroy(channels);
    activ_fn_destroy(softmax);
    activ_fn_destroy(glu);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_by_hand),
        cmocka_unit_test(test_catalog),
        cmocka_unit_test(test_extremes),
        cmocka_unit_test(test_errors),
    };
    return cmocka_run_group_tests_name("analysis_surface", tests, each_tier_begin, each_tier_end);
}
