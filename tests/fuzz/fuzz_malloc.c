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
