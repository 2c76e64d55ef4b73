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
    return guarded_untouched_rows(buffer, used, 1, n, n);
}

int guarded_untouched_rows(const guarded *buffer, const float *used, size_t rows, size_t n, size_t stride)
{
    for (const float *p = buffer->begin; p < buffer->end; p++) {
        if (p >= used && (size_t)(p - used) < rows * stride && (size_t)(p - used) % stride < n)
            continue;
        if (memcmp(p, &pattern, sizeof pattern) != 0)
            return 0;
    }
    return 1;
}
