/* POSIX, macOS and Windows. CMake gives ACTIV_ZOO_FILE, the path from the program's folder to the file, or one that is
 * absolute; without CMake it is where a program in bin/ has it. */
#ifndef ACTIV_ZOO_FILE
#    define ACTIV_ZOO_FILE "../share/activ/functions.txt"
#endif
#if defined(_WIN32)
#    define WIN32_LEAN_AND_MEAN
#    include <windows.h>
#elif defined(__APPLE__)
#    include <mach-o/dyld.h>
#    include <stdint.h>
#else
#    define _POSIX_C_SOURCE 200809L
#    include <unistd.h>
#endif
#if defined(__linux__)
#    include <sys/auxv.h>
#endif

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "place.h"

#define LONGEST_PATH 4096

/* The path of the program that runs, into room for LONGEST_PATH; 0: unknown. */
static int find_program(char *path)
{
#if defined(_WIN32)
    const DWORD length = GetModuleFileNameA(NULL, path, LONGEST_PATH);
    return length > 0 && length < LONGEST_PATH;
#elif defined(__APPLE__)
    uint32_t size = LONGEST_PATH;
    return _NSGetExecutablePath(path, &size) == 0;
#else
    ssize_t length = readlink("/proc/self/exe", path, LONGEST_PATH);
#    if defined(__linux__)
    if (length < 0) { /* no /proc, as in some chroots: the path that it was started by */
        const unsigned long at = getauxval(AT_EXECFN);
        length = at != 0 ? (ssize_t)strlen((const char *)at) : 0;
        if (length > 0 && length < LONGEST_PATH)
            memcpy(path, (const char *)at, (size_t)length);
    }
#    endif
    if (length <= 0 || length >= LONGEST_PATH)
        return 0;
    path[length] = '\0';
    return 1;
#endif
}

static int is_separator(char c)
{
#if defined(_WIN32)
    return c == '/' || c == '\\';
#else
    return c == '/';
#endif
}

static int is_absolute(const char *path)
{
    return is_separator(path[0]) || (path[0] != '\0' && path[1] == ':');
}

char *place_copy(const char *text)
{
    const size_t size = strlen(text) + 1;
    char *copy = malloc(size);
    if (copy)
        memcpy(copy, text, size);
    return copy;
}

char *place_of_zoo(void)
{
    static const char file[] = ACTIV_ZOO_FILE;
    char program[LONGEST_PATH];
    if (is_absolute(file))
        return place_copy(file);
    if (!find_program(program))
        return NULL;
    size_t folder = strlen(program);
    while (folder > 0 && !is_separator(program[folder - 1]))
        folder--;
    char *path = malloc(folder + sizeof file);
    if (!path)
        return NULL;
    memcpy(path, program, folder);
    memcpy(path + folder, file, sizeof file);
    return path;
}
