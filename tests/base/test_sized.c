/* Structs that carry their size, checked arithmetic, statuses in words. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "activ/status.h"
#include "activ/version.h"
#include "base/checked.h"
#include "base/sized.h"

typedef struct known {
    size_t size;
    int32_t first, second;
    double third;
} known;

typedef struct newer {
    known known;
    int32_t more[4];
} newer;

static void test_read(void **state)
{
    (void)state;
    known own, caller = { sizeof caller, 1, 2, 3.0 };
    assert_int_equal(activ_sized_read(&own, sizeof own, &caller), ACTIV_OK);
    assert_true(own.first == 1 && own.second == 2 && own.third == 3.0);
    /* An older struct: what it does not have becomes zero, and is not read. */
    caller.size = offsetof(known, second);
    memset(&own, 0x77, sizeof own);
    assert_int_equal(activ_sized_read(&own, sizeof own, &caller), ACTIV_OK);
    assert_true(own.first == 1 && own.second == 0 && own.third == 0.0);
    caller.size = sizeof(size_t);
    assert_int_equal(activ_sized_read(&own, sizeof own, &caller), ACTIV_OK);
    assert_true(own.first == 0 && own.second == 0 && own.third == 0.0);
    for (size_t size = 0; size < sizeof(size_t); size++) {
        caller.size = size;
        assert_int_equal(activ_sized_read(&own, sizeof own, &caller), ACTIV_ERROR_INVALID);
    }
    /* A newer one: only if it asks for nothing that is not known here. */
    newer larger;
    memset(&larger, 0, sizeof larger);
    larger.known = (known){ sizeof larger, 1, 2, 3.0 };
    assert_int_equal(activ_sized_read(&own, sizeof own, &larger), ACTIV_OK);
    assert_true(own.first == 1 && own.second == 2 && own.third == 3.0);
    for (int i = 0; i < 4; i++) {
        larger.more[i] = 1;
        own.first = 50;
        assert_int_equal(activ_sized_read(&own, sizeof own, &larger), ACTIV_ERROR_UNSUPPORTED);
        assert_int_equal(own.first, 50);
        larger.more[i] = 0;
    }
}

static void test_write(void **state)
{
    (void)state;
    const known own = { sizeof own, 1, 2, 3.0 };
    newer caller;
    for (size_t size = sizeof(size_t); size <= sizeof caller; size++) {
        memset(&caller, 0x5a, sizeof caller);
        caller.known.size = size;
        assert_int_equal(activ_sized_write(&own, sizeof own, &caller), ACTIV_OK);
        assert_int_equal(caller.known.size, size);
        size_t written = size < sizeof own ? size : sizeof own;
        assert_memory_equal((char *)&caller + sizeof size, (const char *)&own + sizeof size, written - sizeof size);
        /* What a newer caller has room for becomes zero; what is not the struct's is left alone. */
        for (size_t i = written; i < sizeof caller; i++)
            assert_int_equal(((unsigned char *)&caller)[i], i < size ? 0 : 0x5a);
    }
    /* Sizes that were not set: less than a size has, and what memory happened to hold. */
    static const size_t unset[] = { 0, 3, ACTIV_SIZED_MAX + 1, SIZE_MAX / 255 * 0xab };
    for (size_t i = 0; i < sizeof unset / sizeof unset[0]; i++) {
        known read;
        memset(&caller, 0x5a, sizeof caller);
        caller.known.size = unset[i];
        assert_int_equal(activ_sized_write(&own, sizeof own, &caller), ACTIV_ERROR_INVALID);
        assert_int_equal(activ_sized_read(&read, sizeof read, &caller), ACTIV_ERROR_INVALID);
        assert_int_equal(((unsigned char *)&caller)[sizeof(size_t)], 0x5a);
    }
}

static void test_checked(void **state)
{
    (void)state;
    size_t r = 0;
    assert_true(activ_checked_mul(SIZE_MAX, 1, &r) && r == SIZE_MAX);
    assert_true(activ_checked_mul(0, SIZE_MAX, &r) && r == 0);
    assert_true(activ_checked_mul(SIZE_MAX, 0, &r) && r == 0);
    assert_true(activ_checked_mul(SIZE_MAX / 3, 3, &r) && r == SIZE_MAX / 3 * 3);
    assert_false(activ_checked_mul(SIZE_MAX / 3 + 1, 3, &r));
    assert_false(activ_checked_mul((size_t)1 << (sizeof r * 4), (size_t)1 << (sizeof r * 4), &r));
    assert_true(activ_checked_add(SIZE_MAX - 5, 5, &r) && r == SIZE_MAX);
    assert_false(activ_checked_add(SIZE_MAX - 5, 6, &r));
    const size_t zero_last[3] = { SIZE_MAX, SIZE_MAX, 0 }, large[2] = { SIZE_MAX / 2 + 1, 2 }, good[3] = { 2, 3, 4 };
    assert_true(activ_checked_count(3, zero_last, &r) && r == 0);
    assert_true(activ_checked_count(3, good, &r) && r == 24);
    assert_true(activ_checked_count(0, NULL, &r) && r == 1);
    assert_false(activ_checked_count(2, large, &r));
    char bytes[8];
    assert_true(activ_ranges_overlap(bytes, 4, bytes + 3, 4));
    assert_true(activ_ranges_overlap(bytes + 3, 4, bytes, 4));
    assert_false(activ_ranges_overlap(bytes, 4, bytes + 4, 4));
    assert_false(activ_ranges_overlap(bytes + 4, 4, bytes, 4));
    assert_false(activ_ranges_overlap(bytes, 4, bytes, 0));
}

static void test_statuses(void **state)
{
    (void)state;
    for (activ_status i = 0; i <= ACTIV_ERROR_UNSUPPORTED; i++) {
        assert_true(strlen(activ_status_string(i)) > 0);
        for (activ_status j = 0; j < i; j++)
            assert_string_not_equal(activ_status_string(i), activ_status_string(j));
    }
    static const activ_status unknown[] = { -1, 11, 1000, INT32_MAX, INT32_MIN };
    for (size_t i = 0; i < 5; i++)
        assert_string_equal(activ_status_string(unknown[i]), activ_status_string(99999));
    assert_int_equal(activ_version_number(), ACTIV_VERSION_NUMBER);
    char text[32];
    snprintf(text, sizeof text, "%d.%d.%d", ACTIV_VERSION_MAJOR, ACTIV_VERSION_MINOR, ACTIV_VERSION_PATCH);
    assert_string_equal(activ_version_string(), text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_read),
        cmocka_unit_test(test_write),
        cmocka_unit_test(test_checked),
        cmocka_unit_test(test_statuses),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
