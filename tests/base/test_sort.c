/* Sorting names and numbers, compared with the C library's. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "activ/random.h"
#include "base/random.h"
#include "base/sort.h"
#include "support/memory.h"

enum { COUNT = 3000, LENGTH = 64 };

typedef struct names {
    char name[COUNT][LENGTH];
    uint64_t number[COUNT];
} names;

static names all;

static const char *name_of(const void *user, size_t i)
{
    return ((const names *)user)->name[i];
}

static uint64_t number_of(const void *user, size_t i)
{
    return ((const names *)user)->number[i];
}

static int by_name(const void *a, const void *b)
{
    const size_t i = *(const size_t *)a, k = *(const size_t *)b;
    const int order = strcmp(all.name[i], all.name[k]);
    return order ? order : i < k ? -1 : 1;
}

static int by_number(const void *a, const void *b)
{
    const size_t i = *(const size_t *)a, k = *(const size_t *)b;
    if (all.number[i] != all.number[k])
        return all.number[i] < all.number[k] ? -1 : 1;
    return i < k ? -1 : 1;
}

static activ_host host_of(test_memory *memory)
{
    activ_host host;
    activ_host_defaults(&host);
    host.allocator = test_allocator(memory);
    return host;
}

static uint32_t bits(size_t i, uint64_t stream)
{
    return activ_random_bits(7, stream, i);
}

/* Names of one kind after the other: of random bytes, with a common beginning, growing, alike, few. */
static void make_names(int kind)
{
    for (size_t i = 0; i < COUNT; i++) {
        const uint32_t r = bits(i, (uint64_t)kind);
        char *name = all.name[i];
        memset(name, 0, LENGTH);
        size_t length = 0;
        switch (kind) {
        case 0: /* also bytes above 127 */
            for (length = r % 20; length < 20; length++)
                name[length - r % 20] = (char)(1 + bits(i * 20 + length, 9) % 255);
            break;
        case 1:
            snprintf(name, LENGTH, "layers.of.one.network.%u", r % 5000);
            break;
        case 2:
            memset(name, 'k', i % (LENGTH - 1));
            break;
        case 3:
            snprintf(name, LENGTH, "the same name in all places");
            break;
        default:
            snprintf(name, LENGTH, "%u", r % 3);
            break;
        }
    }
}

static void test_names(void **state)
{
    (void)state;
    test_memory memory = { 0 };
    const activ_host host = host_of(&memory);
    static const size_t counts[] = { 1, 2, 63, 64, 65, 1000, COUNT };
    for (int kind = 0; kind < 5; kind++) {
        make_names(kind);
        for (size_t c = 0; c < sizeof counts / sizeof counts[0]; c++) {
            const size_t count = counts[c];
            size_t *order = activ_sort_names(&host, count, name_of, &all), expected[COUNT];
            assert_non_null(order);
            for (size_t i = 0; i < count; i++)
                expected[i] = i;
            qsort(expected, count, sizeof expected[0], by_name);
            assert_memory_equal(order, expected, count * sizeof order[0]);
            size_t same = 0;
            while (same + 1 < count && strcmp(all.name[order[same]], all.name[order[same + 1]]) != 0)
                same++;
            assert_int_equal(activ_find_duplicate(order, count, name_of, &all), same + 1 < count ? same : count);
            for (size_t i = 0; i < count; i += 7) {
                const size_t at = activ_find_name(order, count, name_of, &all, all.name[i]);
                assert_true(at < count);
                assert_string_equal(all.name[order[at]], all.name[i]);
            }
            assert_int_equal(activ_find_name(order, count, name_of, &all, "layers.of.no.network"), count);
            activ_host_free(&host, order, count * sizeof order[0]);
        }
    }
    assert_null(activ_sort_names(&host, 0, name_of, &all));
    assert_int_equal(memory.live, 0);
    assert_int_equal(memory.mistakes, 0);
}

static void test_numbers(void **state)
{
    (void)state;
    test_memory memory = { 0 };
    const activ_host host = host_of(&memory);
    for (int kind = 0; kind < 4; kind++) {
        size_t order[COUNT], expected[COUNT];
        for (size_t i = 0; i < COUNT; i++) {
            const uint64_t r = bits(i, 20 + (uint64_t)kind);
            all.number[i] = kind == 0   ? r << 32 | bits(i, 30)
                            : kind == 1 ? r % 5
                            : kind == 2 ? 42
                                        : (r % 10 == 0 ? r : UINT64_C(1) << 60); /* mostly one */
            order[i] = expected[i] = COUNT - 1 - i;
        }
        /* Stable: sorted once by the index, then by the number. */
        for (size_t i = 0; i < COUNT; i++)
            order[i] = i;
        assert_int_equal(activ_sort_numbers(&host, COUNT, order, number_of, &all), 1);
        qsort(expected, COUNT, sizeof expected[0], by_number);
        assert_memory_equal(order, expected, sizeof order);
    }
    assert_int_equal(activ_sort_numbers(&host, 0, NULL, number_of, &all), 1);
    assert_int_equal(memory.live, 0);
}

static void test_without_memory(void **state)
{
    (void)state;
    make_names(1);
    size_t order[COUNT] = { 2, 1, 0 };
    for (size_t fail_at = 1; fail_at <= 2; fail_at++) {
        test_memory memory = { .fail_at = fail_at };
        const activ_host host = host_of(&memory);
        assert_null(activ_sort_names(&host, COUNT, name_of, &all));
        assert_int_equal(memory.live, 0);
    }
    test_memory memory = { .fail_at = 1 };
    const activ_host host = host_of(&memory);
    assert_int_equal(activ_sort_numbers(&host, 3, order, number_of, &all), 0);
    assert_int_equal(order[0], 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_names),
        cmocka_unit_test(test_numbers),
        cmocka_unit_test(test_without_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
