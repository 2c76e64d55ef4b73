/* The same bits from every tier, at every length and alignment, in place or not; and not one element
 * outside of the arrays read or written.
 *
 * usage: test_same_bits [--thin N]      N: one case in N, for emulated CPUs */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "activ/cpu.h"
#include "activ/dtype.h"
#include "activ/fn.h"
#include "activ/random.h"
#include "functions/list.h"
#include "reference/reference.h"
#include "support/guard.h"
#include "support/thin.h"
#include "support/tiers.h"
#include "support/ulp.h"

enum { MAX_LENGTH = 130, MAX_OFFSET = 15, TABLE = MAX_LENGTH + MAX_OFFSET + 1 };

/* What is tried: every function with its defaults, and with all settings of its entry. */
typedef struct trial {
    const char *spec;
    const ref_entry *entry;
    int defaults;
    size_t params;
} trial;

static trial *trials;
static size_t trial_count, most_params;

static void *room(size_t count, size_t size)
{
    void *array = calloc(count + 1, size);
    assert_non_null(array);
    return array;
}

static void list_trials(void)
{
#define NAME(name) #name,
    static const char *const names[] = { ACTIV_ELEMENTWISE(NAME) };
    enum { NAMES = sizeof names / sizeof names[0], MOST_SPECS = 32 };
    trials = room(NAMES * MOST_SPECS, sizeof *trials);
    for (size_t k = 0; k < NAMES; k++) {
        const ref_entry *entry = ref_find(names[k]);
        if (entry == NULL)
            fail_msg("%s: no entry in src/reference", names[k]);
        for (size_t i = 0; ref_spec(entry, i) != NULL; i++) {
            assert_in_range(i, 0, MOST_SPECS - 1);
            activ_fn *fn = NULL;
            assert_int_equal(activ_fn_create(NULL, ref_spec(entry, i), &fn), ACTIV_OK);
            size_t params = activ_fn_param_count(fn);
            trials[trial_count++] = (trial){ ref_spec(entry, i), entry, i == 0, params };
            if (params > most_params)
                most_params = params;
            activ_fn_destroy(fn);
        }
    }
}

/* Of the many cases that differ in length, offset or input, every `thin`th is tried. */
static size_t thin = 1, turn;

static int passed_over(void)
{
    return turn++ % thin != 0;
}

static int begin(void **state)
{
    list_trials();
    return each_tier_begin(state);
}

static int end(void **state)
{
    free(trials);
    return each_tier_end(state);
}

static activ_fn *create(size_t tier, const char *spec)
{
    activ_fn *fn = NULL;
    assert_int_equal(activ_fn_create(each_tier[tier], spec, &fn), ACTIV_OK);
    return fn;
}

/* Equal bits, but one NaN is as good as another: test_nan_bits looks at those. */
static int same(float a, float b)
{
    return float_bits(a) == float_bits(b) || (isnan(a) && isnan(b));
}

static void compare(const char *what, const char *spec, size_t tier, size_t n, const float *x, const float *want,
                    const float *got)
{
    if (memcmp(want, got, n * sizeof *got) == 0)
        return;
    size_t different = 0, first = n;
    for (size_t i = 0; i < n; i++) {
        if (same(want[i], got[i]))
            continue;
        if (first == n)
            first = i;
        different++;
    }
    if (different == 0)
        return;
    fail_msg("%s: %s on %s differs from %s in %zu of %zu values; the first at x = %a: %a (0x%08x), not %a "
             "(0x%08x)",
             spec, what, activ_context_tier(each_tier[tier]), activ_context_tier(each_tier[0]), different, n,
             (double)x[first], (double)got[first], float_bits(got[first]), (double)want[first],
             float_bits(want[first]));
}

/* The neighbourhoods of a function's landmarks; their number, at most `most`. */
static size_t fill_landmarks(const activ_fn *fn, float *x, size_t most)
{
    enum { NEIGHBOURS = 8 };
    static float marks[REF_MAX_LANDMARKS];
    ref_function ref;
    assert_int_equal(ref_open(&ref, fn, NULL), 0);
    size_t count = ref_landmarks(&ref, marks), n = 0;
    ref_close(&ref);
    assert_true(count > 0 && count * (2 * NEIGHBOURS + 1) <= most);
    for (size_t i = 0; i < count; i++) {
        float below = marks[i], above = marks[i];
        x[n++] = marks[i];
        for (int k = 0; k < NEIGHBOURS; k++) {
            x[n++] = below = nextafterf(below, -INFINITY);
            x[n++] = above = nextafterf(above, INFINITY);
        }
    }
    return n;
}

/* What the first tier makes of bit patterns from all over the range of float32, NaN included, in blocks, the last of
 * them of landmarks, the others make too: f, dx and the sums for parameters. With one tier it has nothing to do (begin
 * sees to it that the CPU has no other); each tier against the true values is test_accuracy's. */
static void test_tiers(void **state)
{
    (void)state;
    if (each_tier_count < 2)
        skip();
    enum { BLOCK = 1 << 16 };
    float *x = malloc(BLOCK * sizeof *x), *dy = malloc(BLOCK * sizeof *dy);
    float *want = malloc(BLOCK * sizeof *want), *got = malloc(BLOCK * sizeof *got);
    float *want_dx = malloc(BLOCK * sizeof *want_dx);
    assert_true(x != NULL && dy != NULL && want != NULL && got != NULL && want_dx != NULL);
    for (const trial *s = trials; s < trials + trial_count; s++) {
        uint32_t stride = !s->defaults ? 16381u : s->entry->series ? 8191u : 1021u;
        stride = stride * (uint32_t)thin | 1u;
        activ_fn *fn[MAX_TIERS];
        for (size_t t = 0; t < each_tier_count; t++)
            fn[t] = create(t, s->spec);
        size_t count = s->params;
        float *sum = room(count, sizeof *sum), *first_sum = room(count, sizeof *sum);
        uint64_t bits = 0;
        for (uint64_t block = 0, last = 0; !last; block++) {
            size_t n = 0;
            last = bits >= UINT64_C(1) << 32;
            for (; n < BLOCK && bits < UINT64_C(1) << 32; bits += stride)
                x[n++] = float_from_bits((uint32_t)bits);
            if (last)
                n = fill_landmarks(fn[0], x, BLOCK);
            assert_int_equal(activ_random_normal(3, 0, block * BLOCK, n, 0.0f, 1.0f, dy), ACTIV_OK);
            for (size_t t = 0; t < each_tier_count; t++) {
                float *y = t == 0 ? want : got, *dx = t == 0 ? want_dx : got;
                assert_int_equal(activ_forward(fn[t], NULL, n, x, y), ACTIV_OK);
                if (t > 0)
                    compare("f", s->spec, t, n, x, want, got);
                memset(sum, 0, count * sizeof *sum);
                assert_int_equal(activ_backward(fn[t], NULL, n, x, dy, dx, count > 0 ? sum : NULL), ACTIV_OK);
                if (t > 0)
                    compare("dx", s->spec, t, n, x, want_dx, got);
                if (t == 0)
                    memcpy(first_sum, sum, count * sizeof *sum);
                compare("dparams", s->spec, t, count, first_sum, first_sum, sum);
            }
        }
        for (size_t t = 0; t < each_tier_count; t++)
            activ_fn_destroy(fn[t]);
        free(sum);
        free(first_sum);
    }
    free(x);
    free(dy);
    free(want);
    free(got);
    free(want_dx);
}

/* NaN gives NaN, in every lane of every tier; which one is open. */
static void test_nan(void **state)
{
    (void)state;
    enum { LENGTH = 37 };
    const uint32_t nans[] = {
        0x7fc00000u, 0xffc00000u, 0x7fa00001u, 0xff800001u, 0x7fffffffu, 0xffffffffu, 0x7fc12345u
    };
    float one[LENGTH];
    for (size_t i = 0; i < LENGTH; i++)
        one[i] = 1.0f;
    size_t failures = 0;
    for (const trial *s = trials; s < trials + trial_count; s++) {
        activ_fn *fn[MAX_TIERS];
        for (size_t t = 0; t < each_tier_count; t++)
            fn[t] = create(t, s->spec);
        size_t wrong = 0, wrong_dx = 0;
        for (size_t k = 0; k < sizeof nans / sizeof nans[0]; k++) {
            float x[LENGTH], y[LENGTH], dx[LENGTH];
            for (size_t i = 0; i < LENGTH; i++)
                x[i] = float_from_bits(nans[k]);
            for (size_t t = 0; t < each_tier_count; t++) {
                assert_int_equal(activ_forward(fn[t], NULL, LENGTH, x, y), ACTIV_OK);
                assert_int_equal(activ_backward(fn[t], NULL, LENGTH, x, one, dx, NULL), ACTIV_OK);
                for (size_t i = 0; i < LENGTH; i++) {
                    wrong += isnan(y[i]) ? 0 : 1;
                    wrong_dx += isnan(dx[i]) ? 0 : 1;
                }
            }
        }
        for (size_t t = 0; t < each_tier_count; t++)
            activ_fn_destroy(fn[t]);
        if (wrong + wrong_dx == 0)
            continue;
        failures++;
        print_error("%s: NaN gives no NaN in %zu values and %zu derivatives\n", s->spec, wrong, wrong_dx);
    }
    assert_int_equal(failures, 0);
}

/* A table of ordinary and special inputs, the function's landmarks among them, longer than any array of the next tests.
 */
static void make_table(const ref_entry *entry, float *x, float *dy)
{
    const float special[] = { 0.0f,  -0.0f, INFINITY, -INFINITY, NAN,   0x1p-149f, -0x1p-149f, 3.0f,
                              -3.0f, 20.0f, 3.4e38f,  -3.4e38f,  88.8f, -88.8f,    -103.9f };
    size_t at = 0;
    assert_int_equal(activ_random_normal(5, 0, 0, TABLE, 0.0f, 3.0f, x), ACTIV_OK);
    assert_int_equal(activ_random_normal(5, 1, 0, TABLE, 0.0f, 1.0f, dy), ACTIV_OK);
    for (size_t i = 0; i < sizeof special / sizeof special[0]; i++)
        x[(at++ * 11 + 4) % TABLE] = special[i];
    for (size_t i = 0; entry->landmarks != NULL && entry->landmarks[i] != 0.0 && at < TABLE / 2; i++)
        x[(at++ * 11 + 4) % TABLE] = -(float)entry->landmarks[i];
}

typedef struct place {
    guarded x, y, dy, dx;
} place;

static void place_array(guarded *buffer, float *at, const float *values, size_t n)
{
    guarded_fill(buffer);
    if (values != NULL && n > 0)
        memcpy(at, values, n * sizeof *values);
}

static void check_array(const guarded *buffer, const float *at, const float *want, size_t n, const char *what,
                        const char *spec, size_t tier, const float *x)
{
    compare(what, spec, tier, n, x, want, at);
    if (!guarded_untouched(buffer, at, n))
        fail_msg("%s: %s on %s wrote outside of its %zu elements", spec, what, activ_context_tier(each_tier[tier]), n);
}

/* One length at one offset: separate arrays; in place y over x, dx over dy, dx over x. The input must not change unless
 * it is the output. */
static void check_place(const activ_fn *fn, size_t tier, const char *spec, place *p, size_t n, size_t offset,
                        int at_end, const float *x, const float *y, const float *dy, const float *dx)
{
    float *px = at_end ? p->x.end - n : p->x.begin + offset;
    float *py = at_end ? p->y.end - n : p->y.begin + offset;
    float *pdy = at_end ? p->dy.end - n : p->dy.begin + offset;
    float *pdx = at_end ? p->dx.end - n : p->dx.begin + offset;

    place_array(&p->x, px, x, n);
    place_array(&p->y, py, NULL, n);
    assert_int_equal(activ_forward(fn, NULL, n, px, py), ACTIV_OK);
    check_array(&p->y, py, y, n, "f", spec, tier, x);
    check_array(&p->x, px, x, n, "x of f", spec, tier, x);

    assert_int_equal(activ_forward(fn, NULL, n, px, px), ACTIV_OK);
    check_array(&p->x, px, y, n, "f in place", spec, tier, x);

    place_array(&p->x, px, x, n);
    place_array(&p->dy, pdy, dy, n);
    place_array(&p->dx, pdx, NULL, n);
    assert_int_equal(activ_backward(fn, NULL, n, px, pdy, pdx, NULL), ACTIV_OK);
    check_array(&p->dx, pdx, dx, n, "dx", spec, tier, x);
    check_array(&p->dy, pdy, dy, n, "dy of dx", spec, tier, x);
    check_array(&p->x, px, x, n, "x of dx", spec, tier, x);

    assert_int_equal(activ_backward(fn, NULL, n, px, pdy, pdy, NULL), ACTIV_OK);
    check_array(&p->dy, pdy, dx, n, "dx over dy", spec, tier, x);

    place_array(&p->dy, pdy, dy, n);
    assert_int_equal(activ_backward(fn, NULL, n, px, pdy, px, NULL), ACTIV_OK);
    check_array(&p->x, px, dx, n, "dx over x", spec, tier, x);
}

/* The values to expect come from calls with one element each, on the first tier. */
static void test_places(void **state)
{
    (void)state;
    float x[TABLE], dy[TABLE], y[TABLE], dx[TABLE];
    place p;
    assert_int_equal(guarded_create(&p.x, TABLE), 0);
    assert_int_equal(guarded_create(&p.y, TABLE), 0);
    assert_int_equal(guarded_create(&p.dy, TABLE), 0);
    assert_int_equal(guarded_create(&p.dx, TABLE), 0);
    for (const trial *s = trials; s < trials + trial_count; s++) {
        activ_fn *first = create(0, s->spec);
        make_table(s->entry, x, dy);
        for (size_t i = 0; i < TABLE; i++) {
            assert_int_equal(activ_forward(first, NULL, 1, &x[i], &y[i]), ACTIV_OK);
            assert_int_equal(activ_backward(first, NULL, 1, &x[i], &dy[i], &dx[i], NULL), ACTIV_OK);
        }
        activ_fn_destroy(first);
        for (size_t t = 0; t < each_tier_count; t++) {
            activ_fn *fn = create(t, s->spec);
            for (size_t n = 0; n <= MAX_LENGTH; n++) {
                for (size_t offset = 0; offset <= MAX_OFFSET; offset += s->defaults ? 1 : 5)
                    if (!passed_over())
                        check_place(fn, t, s->spec, &p, n, offset, 0, x + offset, y + offset, dy + offset, dx + offset);
                if (!passed_over())
                    check_place(fn, t, s->spec, &p, n, 0, 1, x, y, dy, dx);
            }
            activ_fn_destroy(fn);
        }
    }
    guarded_destroy(&p.x);
    guarded_destroy(&p.y);
    guarded_destroy(&p.dy);
    guarded_destroy(&p.dx);
}

/* Different alignments of the arrays of one call. */
static void test_mixed_offsets(void **state)
{
    (void)state;
    enum { LENGTH = 77 };
    float x[TABLE], dy[TABLE], y[TABLE], dx[TABLE];
    guarded a, b, c;
    assert_int_equal(guarded_create(&a, TABLE), 0);
    assert_int_equal(guarded_create(&b, TABLE), 0);
    assert_int_equal(guarded_create(&c, TABLE), 0);
    for (const trial *s = trials; s < trials + trial_count; s++) {
        activ_fn *first = create(0, s->spec);
        make_table(s->entry, x, dy);
        assert_int_equal(activ_forward(first, NULL, LENGTH, x, y), ACTIV_OK);
        assert_int_equal(activ_backward(first, NULL, LENGTH, x, dy, dx, NULL), ACTIV_OK);
        activ_fn_destroy(first);
        for (size_t t = 0; t < each_tier_count; t++) {
            activ_fn *fn = create(t, s->spec);
            for (size_t k = 0; k < 16; k++) {
                float *pa = a.begin + k, *pb = b.begin + (k * 7 + 1) % 16, *pc = c.begin + (k * 5 + 3) % 16;
                place_array(&a, pa, x, LENGTH);
                place_array(&b, pb, NULL, LENGTH);
                assert_int_equal(activ_forward(fn, NULL, LENGTH, pa, pb), ACTIV_OK);
                check_array(&b, pb, y, LENGTH, "f", s->spec, t, x);
                place_array(&b, pb, dy, LENGTH);
                place_array(&c, pc, NULL, LENGTH);
                assert_int_equal(activ_backward(fn, NULL, LENGTH, pa, pb, pc, NULL), ACTIV_OK);
                check_array(&c, pc, dx, LENGTH, "dx", s->spec, t, x);
            }
            activ_fn_destroy(fn);
        }
    }
    guarded_destroy(&a);
    guarded_destroy(&b);
    guarded_destroy(&c);
}

/* Parameter gradients: the sum over n elements has one shape, wherever the arrays lie and on whatever tier. */
static void test_sums(void **state)
{
    (void)state;
    float x[TABLE], dy[TABLE];
    float *want = room(most_params, sizeof *want);
    guarded px, pdy, sums;
    assert_int_equal(guarded_create(&px, TABLE), 0);
    assert_int_equal(guarded_create(&pdy, TABLE), 0);
    assert_int_equal(guarded_create(&sums, most_params), 0);
    for (const trial *s = trials; s < trials + trial_count; s++) {
        activ_fn *fn[MAX_TIERS];
        for (size_t t = 0; t < each_tier_count; t++)
            fn[t] = create(t, s->spec);
        size_t count = s->params;
        make_table(s->entry, x, dy);
        for (size_t i = 0; i < TABLE; i++)
            if (!isfinite(x[i]))
                x[i] = (float)i * 0.01f - 1.0f;
        for (size_t n = 0; count > 0 && n <= MAX_LENGTH; n++) {
            memset(want, 0, count * sizeof *want);
            assert_int_equal(activ_backward(fn[0], NULL, n, x, dy, NULL, want), ACTIV_OK);
            for (size_t t = 0; t < each_tier_count; t++) {
                for (size_t k = 0; k <= 3; k++) {
                    if (passed_over())
                        continue;
                    float *ax = k < 3 ? px.begin + k * 5 : px.end - n;
                    float *ady = k < 3 ? pdy.begin + k * 3 : pdy.end - n;
                    float *asum = k < 3 ? sums.begin + k : sums.end - count;
                    place_array(&px, ax, x, n);
                    place_array(&pdy, ady, dy, n);
                    guarded_fill(&sums);
                    memset(asum, 0, count * sizeof *asum);
                    assert_int_equal(activ_backward(fn[t], NULL, n, ax, ady, NULL, asum), ACTIV_OK);
                    check_array(&sums, asum, want, count, "dparams", s->spec, t, want);
                }
            }
        }
        for (size_t t = 0; t < each_tier_count; t++)
            activ_fn_destroy(fn[t]);
    }
    guarded_destroy(&px);
    guarded_destroy(&pdy);
    guarded_destroy(&sums);
    free(want);
}

/* One long call, beyond the size from which kernels use non-temporal stores, gives the bits of n short ones. */
static void test_long_call(void **state)
{
    (void)state;
    enum { LONG = (1 << 21) + 37, PIECE = 1021 };
    guarded buffer;
    assert_int_equal(guarded_create(&buffer, LONG + MAX_OFFSET), 0);
    float *x = malloc(LONG * sizeof *x), *whole = buffer.begin + 3, *parts = malloc(LONG * sizeof *parts);
    assert_true(x != NULL && parts != NULL);
    assert_int_equal(activ_random_normal(8, 0, 0, LONG, 0.0f, 4.0f, x), ACTIV_OK);
    for (const trial *s = trials; s < trials + trial_count; s++) {
        if (!s->defaults)
            continue;
        size_t n = (s->entry->series ? LONG / 8 : LONG) / thin;
        for (size_t t = 0; t < each_tier_count; t++) {
            activ_fn *fn = create(t, s->spec);
            guarded_fill(&buffer);
            assert_int_equal(activ_forward(fn, NULL, n, x, whole), ACTIV_OK);
            assert_true(guarded_untouched(&buffer, whole, n));
            for (size_t i = 0; i < n; i += PIECE)
                assert_int_equal(activ_forward(fn, NULL, n - i < PIECE ? n - i : PIECE, x + i, parts + i), ACTIV_OK);
            compare("f of a long array", s->spec, t, n, x, parts, whole);
            assert_int_equal(activ_backward(fn, NULL, n, x, x, whole, NULL), ACTIV_OK);
            assert_true(guarded_untouched(&buffer, whole, n));
            for (size_t i = 0; i < n; i += PIECE)
                assert_int_equal(activ_backward(fn, NULL, n - i < PIECE ? n - i : PIECE, x + i, x + i, parts + i, NULL),
                                 ACTIV_OK);
            compare("dx of a long array", s->spec, t, n, x, parts, whole);
            activ_fn_destroy(fn);
        }
    }
    free(x);
    guarded_destroy(&buffer);
    free(parts);
}

/* ---- parameters and settings that are NaN or infinite ------------------------------------------ */

enum { MAX_TRIED = 80, MOST_TRIED_PARAMS = 9 };

/* All that a function makes of x in one way: y, dx, and the parameters' gradients. */
typedef struct outcome {
    size_t count; /* of y and of dx */
    float x[TABLE], y[TABLE], dx[TABLE], dparams[MAX_TRIED];
} outcome;

/* Ways to call a function: arrays of float32, of finite numbers, so that sums are, of one sign or the other, and of
 * bfloat16 and float16; or with channels, elements of which lie side by side, or in rows. */
typedef enum way {
    WAY_FLOAT,
    WAY_POSITIVE,
    WAY_NEGATIVE,
    WAY_BFLOAT16,
    WAY_FLOAT16,
    WAY_CHANNELS,
    WAY_CHANNEL_ROWS
} way;

static int has_way(const activ_fn *fn, way w)
{
    return (activ_fn_channels(fn) > 1) == (w >= WAY_CHANNELS);
}

static void run_half(const activ_fn *fn, const float *params, activ_dtype dtype, const float *x, const float *dy,
                     outcome *o)
{
    uint16_t half_x[TABLE], half_dy[TABLE], y[TABLE], dx[TABLE];
    assert_int_equal(activ_convert(TABLE, ACTIV_FLOAT32, x, dtype, half_x), ACTIV_OK);
    assert_int_equal(activ_convert(TABLE, ACTIV_FLOAT32, dy, dtype, half_dy), ACTIV_OK);
    assert_int_equal(activ_forward_as(fn, params, dtype, TABLE, half_x, y), ACTIV_OK);
    assert_int_equal(activ_backward_as(fn, params, dtype, TABLE, half_x, half_dy, dx, o->dparams), ACTIV_OK);
    assert_int_equal(activ_convert(TABLE, dtype, y, ACTIV_FLOAT32, o->y), ACTIV_OK);
    assert_int_equal(activ_convert(TABLE, dtype, dx, ACTIV_FLOAT32, o->dx), ACTIV_OK);
}

static void run(const activ_fn *fn, const float *params, way w, const float *x, const float *dy, outcome *o)
{
    const size_t channels = activ_fn_channels(fn), inner = w == WAY_CHANNELS ? 1 : 7;
    memset(o, 0, sizeof *o);
    o->count = TABLE;
    memcpy(o->x, x, sizeof o->x);
    if (w == WAY_FLOAT) {
        assert_int_equal(activ_forward(fn, params, TABLE, x, o->y), ACTIV_OK);
        assert_int_equal(activ_backward(fn, params, TABLE, x, dy, o->dx, o->dparams), ACTIV_OK);
    } else if (w < WAY_BFLOAT16) {
        for (size_t i = o->count = 0; i < TABLE; i++)
            if (isfinite(x[i]))
                o->x[o->count++] = copysignf(x[i], w == WAY_POSITIVE ? 1.0f : -1.0f);
        /* A few, of one sign, so that infinite terms do not cancel. */
        float sizes[TABLE];
        for (size_t i = 0; i < TABLE; i++)
            sizes[i] = fabsf(dy[i]);
        o->count = o->count < 21 ? o->count : 21;
        assert_int_equal(activ_forward(fn, params, o->count, o->x, o->y), ACTIV_OK);
        assert_int_equal(activ_backward(fn, params, o->count, o->x, sizes, o->dx, o->dparams), ACTIV_OK);
    } else if (w < WAY_CHANNELS) {
        run_half(fn, params, w == WAY_FLOAT16 ? ACTIV_FLOAT16 : ACTIV_BFLOAT16, x, dy, o);
    } else {
        const size_t outer = TABLE / (channels * inner);
        o->count = outer * channels * inner;
        assert_int_equal(activ_forward_channels(fn, params, outer, channels, inner, x, o->y), ACTIV_OK);
        assert_int_equal(activ_backward_channels(fn, params, outer, channels, inner, x, dy, o->dx, o->dparams),
                         ACTIV_OK);
    }
}

static void check_same(const char *spec, size_t which, float param, size_t tier, const outcome *want,
                       const outcome *got, size_t params)
{
    for (size_t i = 0; i < want->count; i++)
        if (!same(want->y[i], got->y[i]) || !same(want->dx[i], got->dx[i]))
            fail_msg("%s with parameter %zu = %g (0x%08x) on %s at x = %a: f = %a, f' dy = %a, not %a, %a", spec, which,
                     (double)param, float_bits(param), activ_context_tier(each_tier[tier]), (double)got->x[i],
                     (double)got->y[i], (double)got->dx[i], (double)want->y[i], (double)want->dx[i]);
    for (size_t i = 0; i < params; i++)
        if (!same(want->dparams[i], got->dparams[i]))
            fail_msg("%s with parameter %zu = %g (0x%08x) on %s: dparams[%zu] = %a, not %a", spec, which, (double)param,
                     float_bits(param), activ_context_tier(each_tier[tier]), i, (double)got->dparams[i],
                     (double)want->dparams[i]);
}

/* What is to be NaN where a parameter is. A setting that is compared only, as in the function's formula, makes none,
 * and where a formula selects a constant, the derivative is 0. */
typedef enum nans { NANS_NONE, NANS_VALUES, NANS_ALL } nans;

/* Where one value of the parameter makes another result of a finite x than another does, NaN makes NaN. */
static void check_nan(const char *spec, const activ_fn *fn, const float *one_set, const float *other, const float *nan,
                      size_t which, size_t count, const float *x, nans wanted)
{
    for (size_t i = 0; i < TABLE; i++) {
        const float one = 1.0f, *const sets[] = { one_set, other, nan };
        float y[3], dx[3], dparams[3][MAX_TRIED] = { { 0.0f } };
        if (!isfinite(x[i]))
            continue;
        for (size_t k = 0; k < 3; k++) {
            assert_int_equal(activ_forward(fn, sets[k], 1, &x[i], &y[k]), ACTIV_OK);
            assert_int_equal(activ_backward(fn, sets[k], 1, &x[i], &one, &dx[k], dparams[k]), ACTIV_OK);
        }
        if ((!same(y[0], y[1]) && !isnan(y[2])) || (wanted == NANS_ALL && !same(dx[0], dx[1]) && !isnan(dx[2])))
            fail_msg("%s with NaN as parameter %zu at x = %a: f = %a, f' = %a", spec, which, (double)x[i], (double)y[2],
                     (double)dx[2]);
        for (size_t k = 0; k < count && wanted == NANS_ALL; k++)
            if (!same(dparams[0][k], dparams[1][k]) && !isnan(dparams[2][k]))
                fail_msg("%s with NaN as parameter %zu at x = %a: gradient %zu is %a", spec, which, (double)x[i], k,
                         (double)dparams[2][k]);
    }
}

/* Each parameter in turn. Of NaN the sign and the payload must not matter: CPUs differ in the sign of those that they
 * make. */
static void try_parameters(const char *spec, const ref_entry *entry, nans wanted)
{
    const float specials[] = { float_from_bits(0x7fc00000u),
                               float_from_bits(0xffc00000u),
                               float_from_bits(0x7fc12345u),
                               float_from_bits(0xffffffffu),
                               INFINITY,
                               -INFINITY };
    enum { SPECIALS = sizeof specials / sizeof specials[0], NANS = SPECIALS - 2 };
    static outcome want, got;
    float x[TABLE], dy[TABLE], params[MAX_TRIED], one[MAX_TRIED], other[MAX_TRIED], nan[MAX_TRIED];
    activ_fn *fn[MAX_TIERS];
    for (size_t t = 0; t < each_tier_count; t++)
        fn[t] = create(t, spec);
    const size_t count = activ_fn_param_count(fn[0]);
    assert_in_range(count, 1, MAX_TRIED);
    assert_int_equal(activ_fn_param_init(fn[0], 9, params), ACTIV_OK);
    make_table(entry, x, dy);
    const size_t most = thin == 1 ? MOST_TRIED_PARAMS : 3;
    const size_t step = count > most ? count / most : 1;
    for (size_t p = 0; p < count; p += step) {
        memcpy(nan, params, sizeof nan);
        memcpy(one, params, sizeof one);
        memcpy(other, params, sizeof other);
        one[p] = params[p] * 1.125f + 0.0625f; /* not those that have cheaper arithmetic */
        other[p] = params[p] * 1.25f + 0.125f;
        nan[p] = NAN;
        for (size_t t = 0; t < each_tier_count && wanted != NANS_NONE && activ_fn_channels(fn[0]) == 1; t++)
            check_nan(spec, fn[t], one, other, nan, p, count, x, wanted);
        for (way w = WAY_FLOAT; w <= WAY_CHANNEL_ROWS; w++)
            for (size_t k = 0; k < SPECIALS && has_way(fn[0], w); k++)
                for (size_t t = 0; t < each_tier_count; t++) {
                    const int first = t == 0 && (k == 0 || k >= NANS);
                    nan[p] = specials[k];
                    run(fn[t], nan, w, x, dy, first ? &want : &got);
                    if (!first)
                        check_same(spec, p, specials[k], t, &want, &got, count);
                }
    }
    for (size_t t = 0; t < each_tier_count; t++)
        activ_fn_destroy(fn[t]);
}

static void test_special_parameters(void **state)
{
    (void)state;
    for (const trial *s = trials; s < trials + trial_count; s++) {
        char spec[256];
        if (s->params == 0 || s->params > MAX_TRIED)
            continue;
        try_parameters(s->spec, s->entry, NANS_ALL);
        snprintf(spec, sizeof spec, "%s(num_parameters=3)", s->spec);
        activ_fn *fn = NULL;
        if (s->defaults && activ_fn_create(NULL, spec, &fn) == ACTIV_OK)
            try_parameters(spec, s->entry, NANS_ALL);
        activ_fn_destroy(fn);
    }
}

/* Where a parameter has no part in the result, its NaN has none. */
static void test_parameters_without_a_part(void **state)
{
    static const char *const specs[] = { "prelu", "trainable_elu", "nipuna", "nipuna_book", "sgt" };
    (void)state;
    for (size_t i = 0; i < sizeof specs / sizeof specs[0]; i++)
        for (size_t t = 0; t < each_tier_count; t++) {
            /* Of sgt alpha, which is for negative x; beta is 1. */
            const float params[] = { NAN, 1.0f };
            float x[5], dy[5], y[5], dx[5], dparams[2] = { 0.0f };
            activ_fn *fn = create(t, specs[i]);
            for (size_t k = 0; k < 5; k++) {
                x[k] = (float)(k + 1);
                dy[k] = k % 2 ? -1.0f : INFINITY;
            }
            assert_int_equal(activ_forward(fn, params, 5, x, y), ACTIV_OK);
            assert_int_equal(activ_backward(fn, params, 5, x, dy, dx, dparams), ACTIV_OK);
            for (size_t k = 0; k < 5; k++)
                if (isnan(y[k]) || isnan(dx[k]) || dparams[0] != 0.0f)
                    fail_msg("%s with NaN at x = %g: f = %g, dx = %g, dparams = %g", specs[i], (double)x[k],
                             (double)y[k], (double)dx[k], (double)dparams[0]);
            activ_fn_destroy(fn);
        }
}

/* Settings that a formula computes may be NaN, too. */
static void test_special_settings(void **state)
{
    size_t tried = 0;
    (void)state;
    for (const trial *s = trials; s < trials + trial_count; s++) {
        activ_fn *fn = create(0, s->spec);
        for (size_t i = 0; s->defaults && i < activ_fn_setting_count(fn); i++) {
            activ_setting_info info = ACTIV_SETTING_INFO_INIT;
            activ_fn *formula = NULL;
            char text[256];
            assert_int_equal(activ_fn_setting_info(fn, i, &info), ACTIV_OK);
            snprintf(text, sizeof text, "%s(x, %s=c); c=%.9g", s->spec, info.name, info.value);
            if (info.kind != ACTIV_SETTING_REAL || activ_fn_create(NULL, text, &formula) != ACTIV_OK)
                continue;
            activ_fn_destroy(formula);
            const int compared = strcmp(info.name, "threshold") == 0 || strcmp(s->spec, "step") == 0;
            const int bounds = strcmp(s->spec, "hard_tanh") == 0;
            try_parameters(text, s->entry, compared ? NANS_NONE : bounds ? NANS_VALUES : NANS_ALL);
            tried++;
        }
        activ_fn_destroy(fn);
    }
    assert_true(tried > 20);
}

int main(int count, char **arguments)
{
    thin = thin_argument(count, arguments);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_tiers),
        cmocka_unit_test(test_nan),
        cmocka_unit_test(test_places),
        cmocka_unit_test(test_mixed_offsets),
        cmocka_unit_test(test_sums),
        cmocka_unit_test(test_long_call),
        cmocka_unit_test(test_special_parameters),
        cmocka_unit_test(test_special_settings),
        cmocka_unit_test(test_parameters_without_a_part),
    };
    return cmocka_run_group_tests(tests, begin, end);
}
