/* POSIX, and Windows. */
#if defined(_WIN32)
#    define WIN32_LEAN_AND_MEAN
#    include <windows.h>
/* After it. */
#    include <errno.h>
#    include <io.h>
#    include <malloc.h>
#    include <stdio.h>
#else
#    define _XOPEN_SOURCE 700 /* POSIX of 2008, and realpath */
#    include <errno.h>
#    include <stdlib.h>
#    include <string.h>
#    include <sys/stat.h>
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

/* Without gnuplot there is no picture to write. */
int system_replace_file(const char *path, FILE *from)
{
    (void)path;
    (void)from;
    return ENOSYS;
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
    if (error == 0)
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

/* 0, or an errno, of the first call that failed. */
static int copy_all(FILE *from, int handle)
{
    char block[4096];
    size_t count;
    FILE *to = fdopen(handle, "wb");
    if (!to) {
        const int error = errno;
        (void)close(handle);
        return error;
    }
    rewind(from);
    int error = 0;
    while (error == 0 && (count = fread(block, 1, sizeof block, from)) > 0)
        error = fwrite(block, 1, count, to) == count ? 0 : errno;
    if (error == 0 && ferror(from))
        error = EIO;
    if (error == 0 && (fflush(to) != 0 || fsync(handle) != 0))
        error = errno;
    if (fclose(to) != 0 && error == 0)
        error = errno;
    return error;
}

/* Makes `temporary`, which ends in XXXXXX, with these permissions; it is gone after a failure. */
static int write_temporary(char *temporary, mode_t mode, FILE *from)
{
    const int handle = mkstemp(temporary);
    if (handle < 0)
        return errno;
    (void)fchmod(handle, mode);
    const int error = copy_all(from, handle);
    if (error != 0)
        (void)unlink(temporary);
    return error;
}

int system_replace_file(const char *path, FILE *from)
{
    static const char name[] = ".activ-XXXXXX";
    struct stat about;
    const int exists = stat(path, &about) == 0;
    if (!exists && lstat(path, &about) == 0) /* a link that leads nowhere */
        return ENOENT;
    /* To rename over a device or a pipe would replace it. */
    if (exists && !S_ISREG(about.st_mode))
        return S_ISDIR(about.st_mode) ? EISDIR : EINVAL;
    if (exists && access(path, W_OK) != 0)
        return errno;
    const mode_t mask = umask(0);
    (void)umask(mask);
    char *real = exists ? realpath(path, NULL) : NULL;
    if (exists && !real)
        return errno;
    const char *target = real ? real : path, *slash = strrchr(target, '/');
    const size_t folder = slash ? (size_t)(slash - target) + 1 : 0;
    char *temporary = malloc(folder + sizeof name);
    int error = temporary ? 0 : ENOMEM;
    if (temporary) {
        memcpy(temporary, target, folder);
        memcpy(temporary + folder, name, sizeof name);
        error = write_temporary(temporary, exists ? about.st_mode & 0777 : 0666 & ~mask, from);
        if (error == 0 && rename(temporary, target) != 0) {
            error = errno;
            (void)unlink(temporary);
        }
    }
    free(temporary);
    free(real);
    return error;
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
