/* malloc, calloc and realloc that count, and fail when told to: the linker puts them in the place of libc's. */
#include "fuzz.h"

size_t fuzz_mallocs;
static size_t fail_at;

void *__real_malloc(size_t bytes);
void *__real_calloc(size_t count, size_t bytes);
void *__real_realloc(void *old, size_t bytes);
void *__wrap_malloc(size_t bytes);
void *__wrap_calloc(size_t count, size_t bytes);
void *__wrap_realloc(void *old, size_t bytes);

static int fails(void)
{
    return ++fuzz_mallocs == fail_at;
}

void *__wrap_malloc(size_t bytes)
{
    return fails() ? NULL : __real_malloc(bytes);
}

void *__wrap_calloc(size_t count, size_t bytes)
{
    return fails() ? NULL : __real_calloc(count, bytes);
}

void *__wrap_realloc(void *old, size_t bytes)
{
    return fails() ? NULL : __real_realloc(old, bytes);
}

void fuzz_fail_malloc(const uint8_t *data, size_t size, size_t count)
{
    fail_at = count > 0 ? fuzz_mallocs + 1 + fuzz_number(data, size, count) : 0;
}

const char *fuzz_reader(const uint8_t *data, size_t size, activ_status (*read)(const char *path),
                        void (*check)(size_t size))
{
    if (size > 1 << 16)
        return NULL;
    if (size == 0) {
        CHECK(read("/") == ACTIV_ERROR_IO);
        CHECK(read("/no/such/file") == ACTIV_ERROR_IO);
    }
    const char *path = fuzz_file(data, size);
    if (!path)
        return NULL;
    const size_t mallocs = fuzz_mallocs;
    const activ_status status = read(path);
    const size_t count = fuzz_mallocs - mallocs;
    if (status == ACTIV_OK)
        check(size);
    fuzz_fail_malloc(data, size, count);
    const activ_status failed = read(path);
    fuzz_fail_malloc(data, size, 0);
    CHECK(failed == ACTIV_ERROR_OUT_OF_MEMORY || failed == status);
    if (failed == ACTIV_OK)
        check(size);
    return path;
}
