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
#    include <errno.h>
#    include <stdlib.h>
#    include <time.h>
#    include <unistd.h>
#    if !defined(__EMSCRIPTEN__)
#        include <spawn.h>
#        include <sys/wait.h>
#    endif
#endif

#include "system.h"

#if defined(_WIN32) || defined(__EMSCRIPTEN__)

/* There is no way to start one, or none that would be worth its code: `activ plot --script`. */
int system_gnuplot(FILE *script, FILE *output)
{
    (void)script;
    (void)output;
    return SYSTEM_NO_PROGRAM;
}

#else

extern char **environ;

int system_gnuplot(FILE *script, FILE *output)
{
    char *arguments[] = { (char[]){ "gnuplot" }, (char[]){ "-d" }, (char[]){ "-" }, NULL };
    posix_spawn_file_actions_t actions;
    pid_t child;
    int state = 0;
    if (posix_spawn_file_actions_init(&actions) != 0)
        return SYSTEM_FAILED;
    int error = posix_spawn_file_actions_adddup2(&actions, fileno(script), STDIN_FILENO);
    if (error == 0 && output)
        error = posix_spawn_file_actions_adddup2(&actions, fileno(output), STDOUT_FILENO);
    if (error == 0)
        error = posix_spawnp(&child, arguments[0], &actions, NULL, arguments, environ);
    (void)posix_spawn_file_actions_destroy(&actions);
    if (error != 0)
        return error == ENOENT || error == EACCES || error == ENOTDIR ? SYSTEM_NO_PROGRAM : SYSTEM_FAILED;
    while (waitpid(child, &state, 0) < 0)
        if (errno != EINTR)
            return SYSTEM_FAILED;
    return WIFEXITED(state) && WEXITSTATUS(state) != 127 ? WEXITSTATUS(state) : SYSTEM_NO_PROGRAM;
}

#endif

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
