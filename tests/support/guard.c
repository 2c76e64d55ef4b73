/* Arrays of floats between guard pages: see guard.h. */
#define _DEFAULT_SOURCE
#include "support/guard.h"

#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

/* A NaN whose bits no kernel produces. */
static const uint32_t pattern = 0x7fadbeefu;

int guarded_create(guarded *buffer, size_t count)
{
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    size_t inside = (count * sizeof(float) + page - 1) / page * page;
    if (inside == 0)
        inside = page;
    size_t total = inside + 2 * page;
    char *memory = mmap(NULL, total, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED)
        return -1;
    if (mprotect(memory + page, inside, PROT_READ | PROT_WRITE) != 0) {
        munmap(memory, total);
        return -1;
    }
    buffer->mapping = memory;
    buffer->mapped_bytes = total;
    buffer->begin = (float *)(void *)(memory + page);
    buffer->end = (float *)(void *)(memory + page + inside);
    guarded_fill(buffer);
    return 0;
}

void guarded_destroy(guarded *buffer)
{
    munmap(buffer->mapping, buffer->mapped_bytes);
}

void guarded_fill(guarded *buffer)
{
    for (float *p = buffer->begin; p < buffer->end; p++)
        memcpy(p, &pattern, sizeof pattern);
}

int guarded_untouched(const guarded *buffer, const float *used, size_t n)
{
    return guarded_untouched_rows(buffer, used, 1, n * sizeof *used, n * sizeof *used);
}

/* The first bytes are the pattern's, which repeats itself. */
static int holds_pattern(const guarded *buffer, const char *from, const char *to)
{
    const size_t phase = (size_t)(from - (const char *)buffer->begin) % sizeof pattern, n = (size_t)(to - from);
    for (size_t i = 0; i < n && i < sizeof pattern; i++)
        if (from[i] != ((const char *)&pattern)[(phase + i) % sizeof pattern])
            return 0;
    return n <= sizeof pattern || memcmp(from, from + sizeof pattern, n - sizeof pattern) == 0;
}

int guarded_untouched_rows(const guarded *buffer, const void *used, size_t rows, size_t bytes, size_t stride)
{
    const char *from = (const char *)buffer->begin, *row = used;
    for (size_t r = 0; r < rows && bytes > 0; r++, row += stride) {
        if (!holds_pattern(buffer, from, row))
            return 0;
        from = row + bytes;
    }
    return holds_pattern(buffer, from, (const char *)buffer->end);
}
