/* Where the CPU flushes denormals to zero, statistics, quantiles and neurons are what they are elsewhere. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "activ/activ.h"
#include "support/ulp.h"

#if defined __SSE2__
#    include <xmmintrin.h>
static int flush_denormals(int on)
{
    _mm_setcsr(on ? _mm_getcsr() | 0x8040 : _mm_getcsr() & ~0x8040u);
    return 1;
}
#elif defined __aarch64__ && defined __GNUC__
static int flush_denormals(int on)
{
    uint64_t mode;
    __asm__ volatile("mrs %0, fpcr" : "=r"(mode));
    mode = on ? mode | (uint64_t)1 << 24 : mode & ~((uint64_t)1 << 24);
    __asm__ volatile("msr fpcr, %0" : : "r"(mode));
    return 1;
}
#else
static int flush_denormals(int on)
{
    (void)on;
    return 0;
}
#endif

enum { N = 1000, WIDTH = 8 };

typedef struct answers {
    activ_stats_info stats;
    float quantiles[5];
    uint64_t active[WIDTH];
    float peaks[WIDTH];
    size_t dead, quiet, quiet_list[WIDTH];
} answers;

/* With the accumulators made, fed and asked in the mode that the thread is in. */
static void ask(const float *x, float threshold, answers *a)
{
    static const double p[5] = { 0.0, 0.2, 0.5, 0.9, 1.0 };
    activ_stats *stats = NULL;
    activ_quantiles *quantiles = NULL;
    activ_neurons *neurons = NULL;
    activ_neurons_options options = ACTIV_NEURONS_DEFAULTS;
    memcpy(&options.threshold, &threshold, sizeof threshold);
    memset(a, 0, sizeof *a);
    a->stats.size = sizeof a->stats;
    assert_int_equal(activ_stats_create(NULL, &stats), ACTIV_OK);
    assert_int_equal(activ_quantiles_create(NULL, 7, &quantiles), ACTIV_OK);
    assert_int_equal(activ_neurons_create(NULL, WIDTH, &options, &neurons), ACTIV_OK);
    assert_int_equal(activ_stats_add(stats, N, x), ACTIV_OK);
    assert_int_equal(activ_quantiles_add(quantiles, N, x), ACTIV_OK);
    assert_int_equal(activ_neurons_add(neurons, N / WIDTH, x, WIDTH), ACTIV_OK);
    assert_int_equal(activ_stats_get(stats, &a->stats), ACTIV_OK);
    assert_int_equal(activ_quantiles_get(quantiles, 5, p, a->quantiles), ACTIV_OK);
    activ_neurons_info info = ACTIV_NEURONS_INFO_INIT;
    assert_int_equal(activ_neurons_get(neurons, &info), ACTIV_OK);
    memcpy(a->active, info.active, sizeof a->active);
    memcpy(a->peaks, info.peaks, sizeof a->peaks);
    a->dead = info.dead;
    assert_int_equal(activ_neurons_quiet(neurons, threshold, WIDTH, a->quiet_list, &a->quiet), ACTIV_OK);
    activ_stats_destroy(stats);
    activ_quantiles_destroy(quantiles);
    activ_neurons_destroy(neurons);
}

static void test_flushed(void **state)
{
    (void)state;
    float x[N];
    answers usual, flushed;
    /* Subnormal numbers of both signs, some normal ones, one neuron that is dead and one that is quiet. */
    for (size_t i = 0; i < N; i++) {
        const uint32_t bits = activ_random_bits(1, 2, i);
        x[i] = float_from_bits(i % WIDTH == 3 ? 0 : i % WIDTH == 5 ? bits % 1000 : bits & 0x80ffffff);
    }
    ask(x, float_from_bits(1000), &usual);
    assert_true(usual.dead == 1 && usual.quiet == 2 && usual.stats.least < 0.0 && usual.active[0] > 0);
    if (!flush_denormals(1))
        skip();
    ask(x, float_from_bits(1000), &flushed);
    flush_denormals(0);
    assert_memory_equal(&usual, &flushed, sizeof usual);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(test_flushed) };
    return cmocka_run_group_tests_name("analysis_denormals", tests, NULL, NULL);
}
