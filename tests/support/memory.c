/* A counting, failing allocator: see memory.h. */
#include "support/memory.h"

#include <stdint.h>
#include <stdlib.h>

/* A header of one alignment unit in front of each block remembers its size. */
enum { HEADER = 64 };

static void *test_alloc(void *user, size_t bytes, size_t alignment)
{
    test_memory *memory = user;
    memory->calls++;
    if (alignment == 0 || (alignment & (alignment - 1)) != 0 || alignment > HEADER)
        memory->mistakes++;
    if (memory->calls == memory->fail_at)
        return NULL;
    if (bytes > SIZE_MAX - 2 * HEADER)
        return NULL;
    size_t rounded = (bytes + HEADER - 1) / HEADER * HEADER;
    unsigned char *block = aligned_alloc(HEADER, HEADER + rounded);
    if (block == NULL)
        return NULL;
    *(size_t *)(void *)block = bytes;
    memory->live++;
    memory->live_bytes += bytes;
    if (memory->live_bytes > memory->peak_bytes)
        memory->peak_bytes = memory->live_bytes;
    return block + HEADER;
}

static void test_free(void *user, void *pointer, size_t bytes)
{
    test_memory *memory = user;
    if (pointer == NULL) {
        memory->mistakes++;
        return;
    }
    unsigned char *block = (unsigned char *)pointer - HEADER;
    if (*(size_t *)(void *)block != bytes)
        memory->mistakes++;
    memory->live--;
    memory->live_bytes -= bytes;
    free(block);
}

activ_allocator test_allocator(test_memory *memory)
{
    return (activ_allocator){ .size = sizeof(activ_allocator), .user = memory, .alloc = test_alloc, .free = test_free };
}

activ_context *test_memory_context(test_memory *memory)
{
    activ_allocator allocator = test_allocator(memory);
    activ_context_options options = ACTIV_CONTEXT_DEFAULTS;
    options.allocator = &allocator; /* copied */
    activ_context *context = NULL;
    return activ_context_create(&options, &context) == ACTIV_OK ? context : NULL;
}
