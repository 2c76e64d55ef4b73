/* POSIX, and Windows. */
#if defined(_WIN32)
#    define WIN32_LEAN_AND_MEAN
#    include <windows.h>
/* After it. */
#    include <io.h>
#    include <malloc.h>
#    include <stdio.h>
#else
#    define _POSIX_C_SOURCE 200809L
#    include <stdlib.h>
#    include <time.h>
#    include <unistd.h>
#endif

#include "system.h"

#if defined(_WIN32)

double system_seconds(void)
{
    LARGE_INTEGER ticks, per_second;
    (void)QueryPerformanceFrequency(&per_second);
    (void)QueryPerformanceCounter(&ticks);
    return (double)ticks.QuadPart / (double)per_second.QuadPart;
}

int system_shows_errors(void)
{
    return _isatty(_fileno(stderr)) != 0;
}

void *system_pages(size_t bytes)
{
    return _aligned_malloc(bytes, 4096);
}

void system_free_pages(void *pages)
{
    _aligned_free(pages);
}

#else

double system_seconds(void)
{
    struct timespec t;
    (void)clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

int system_shows_errors(void)
{
    return isatty(STDERR_FILENO);
}

void *system_pages(size_t bytes)
{
    return aligned_alloc(4096, bytes);
}

void system_free_pages(void *pages)
{
    free(pages);
}

#endif
