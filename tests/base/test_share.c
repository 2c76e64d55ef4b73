/* Sharing work out: every part is run once, ranges cover everything once, little work stays in one part. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/share.h"

static void test_ranges(void **state)
{
    (void)state;
    static const size_t totals[] = { 0, 1, 15, 16, 17, 100, 4096, 4097, SIZE_MAX - 5 }, units[] = { 1, 16, 4096 };
    for (size_t t = 0; t < sizeof totals / sizeof totals[0]; t++)
        for (size_t u = 0; u < sizeof units / sizeof units[0]; u++)
            for (size_t parts = 1; parts < 40; parts++) {
                size_t next = 0, smallest = SIZE_MAX, largest = 0;
                for (size_t part = 0; part < parts; part++) {
                    activ_range r = activ_range_of(totals[t], units[u], parts, part);
                    assert_true(r.first == next);
                    assert_true(r.count == 0 || r.first % units[u] == 0);
                    next = r.first + r.count;
                    smallest = r.count < smallest ? r.count : smallest;
                    largest = r.count > largest ? r.count : largest;
                }
                assert_true(next == totals[t]);
                /* As even as whole units allow; the last one may be cut. */
                assert_true(largest - smallest < 2 * units[u]);
            }
}

typedef struct record {
    size_t parts, calls[8];
} record;

static void note(void *argument, size_t parts, size_t part)
{
    record *r = argument;
    r->parts = parts;
    r->calls[part]++;
}

/* A host's loop over the parts, last one first. */
static void backwards(void *user, size_t count, void (*task)(void *argument, size_t i), void *argument)
{
    ++*(int *)user;
    for (size_t i = count; i-- > 0;)
        task(argument, i);
}

static void test_share(void **state)
{
    (void)state;
    const size_t much = (size_t)1 << 40;
    int loops = 0;
    activ_host host;
    activ_host_defaults(&host);
    host.executor.user = &loops;
    host.executor.num_threads = 5;
    host.executor.parallel_for = backwards;
    record r = { 0 };
    activ_share(&host, 5, much, note, &r);
    assert_int_equal(loops, 1);
    assert_int_equal(r.parts, 5);
    for (size_t i = 0; i < 8; i++)
        assert_int_equal(r.calls[i], i < 5);

    /* Too little to wake a thread for; and one thread that is not the executor's. */
    for (int little = 0; little < 2; little++) {
        memset(&r, 0, sizeof r);
        activ_share(&host, little ? 5 : 1, little ? 100 : much, note, &r);
        assert_int_equal(loops, 1);
        assert_int_equal(r.parts, 1);
        assert_int_equal(r.calls[0], 1);
    }

    /* Without an executor: the same parts, one after the other. */
    host.executor.parallel_for = NULL;
    memset(&r, 0, sizeof r);
    activ_share(&host, 5, much, note, &r);
    assert_int_equal(r.parts, 5);
    for (size_t i = 0; i < 8; i++)
        assert_int_equal(r.calls[i], i < 5);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_ranges),
        cmocka_unit_test(test_share),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
