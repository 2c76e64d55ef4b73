/* Whole files, on POSIX. file_windows.c does the same on Windows. */
#define _POSIX_C_SOURCE 200809L
#define _FILE_OFFSET_BITS 64

#include "checkpoint/file.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdint.h>
#include <stdio.h> /* rename */
#include <string.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <time.h>
#include <unistd.h>

#include "base/text.h"

/* Bytes per read or write, at most; some systems refuse more than 2^31 - 1. */
#define MAX_IO_BYTES ((size_t)1 << 30)

#define TEMPORARY_PREFIX ".activ."

#ifndef NAME_MAX
#    define NAME_MAX 255
#endif

static int fail(activ_file *file, const char *reason)
{
    activ_text text;
    activ_text_start(&text, file->reason, sizeof file->reason);
    activ_text_add(&text, reason);
    return 0;
}

static int fail_errno(activ_file *file, int error)
{
    if (strerror_r(error, file->reason, sizeof file->reason) != 0)
        return fail(file, "unknown error of the system");
    return 0;
}

/* ---- reading ----------------------------------------------------------------------------- */

int activ_file_open(activ_file *file, const char *path)
{
    memset(file, 0, sizeof *file);
    file->path = path;
    /* O_NONBLOCK: opening a pipe would wait for a writer. Regular files ignore it. */
    do {
        file->handle = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
    } while (file->handle < 0 && errno == EINTR);
    if (file->handle < 0)
        return fail_errno(file, errno);
    struct stat about;
    int ok;
    if (fstat(file->handle, &about) != 0)
        ok = fail_errno(file, errno);
    else if (S_ISDIR(about.st_mode))
        ok = fail_errno(file, EISDIR);
    else if (!S_ISREG(about.st_mode))
        ok = fail(file, "not a regular file");
    else if (about.st_size < 0 || (uintmax_t)about.st_size > SIZE_MAX)
        ok = fail_errno(file, EFBIG);
    else
        ok = 1;
    if (ok)
        file->size = (size_t)about.st_size;
    else
        activ_file_close(file);
    return ok;
}

int activ_file_read(activ_file *file, void *bytes, size_t count)
{
    char *to = bytes;
    while (count > 0) {
        ssize_t got = read(file->handle, to, count < MAX_IO_BYTES ? count : MAX_IO_BYTES);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return fail_errno(file, errno);
        if (got == 0)
            return fail(file, "the file became shorter while it was read");
        to += got;
        count -= (size_t)got;
    }
    return 1;
}

void activ_file_close(activ_file *file)
{
    if (file->handle >= 0)
        close(file->handle);
    file->handle = -1;
}

/* ---- writing ----------------------------------------------------------------------------- */

static void free_temporary(activ_file *file)
{
    activ_host_free(&file->host, file->temporary, file->temporary_bytes);
    file->temporary = NULL;
}

/* "DIRECTORY/.activ.PID.TIME.NUMBER", in the file's own directory: short, as its name may have all the length that
 * there is, and new at every call, as files may be left over from processes that were killed (in a container all have
 * the same number). */
static void name_temporary(activ_file *file, size_t number)
{
    struct timespec now = { 0 };
    activ_text text;
    (void)clock_gettime(CLOCK_REALTIME, &now);
    activ_text_start(&text, file->temporary, file->temporary_bytes);
    activ_text_add_bytes(&text, file->path, file->directory);
    activ_text_add(&text, TEMPORARY_PREFIX);
    activ_text_add_u64(&text, (uint64_t)getpid());
    activ_text_add(&text, ".");
    activ_text_add_u64(&text, (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec);
    activ_text_add(&text, ".");
    activ_text_add_size(&text, number);
}

int activ_file_create(activ_file *file, const activ_host *host, const char *path, int *out_of_memory)
{
    memset(file, 0, sizeof *file);
    file->handle = -1;
    file->host = *host;
    file->path = path;
    *out_of_memory = 0;

    if (path[0] == '\0')
        return fail_errno(file, ENOENT);
    /* rename would replace a device by a file; for a folder it fails, but late. */
    struct stat about;
    const int exists = stat(path, &about) == 0;
    if (exists && S_ISDIR(about.st_mode))
        return fail_errno(file, EISDIR);
    if (exists && !S_ISREG(about.st_mode))
        return fail(file, "not a regular file");

    const char *slash = strrchr(path, '/');
    file->directory = slash ? (size_t)(slash - path) + 1 : 0;
    if (strlen(path + file->directory) > NAME_MAX)
        return fail_errno(file, ENAMETOOLONG);
    file->temporary_bytes = file->directory + sizeof TEMPORARY_PREFIX + 3 * 24; /* three numbers */
    file->temporary = activ_host_alloc(host, file->temporary_bytes);
    if (!file->temporary) {
        *out_of_memory = 1;
        return fail(file, "out of memory");
    }
    /* O_EXCL: never an existing file. A file that is replaced passes its mode on; until then nobody else reads. */
    for (size_t number = 0; number < 100; number++) {
        name_temporary(file, number);
        do {
            file->handle = open(file->temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, exists ? 0600 : 0666);
        } while (file->handle < 0 && errno == EINTR);
        if (file->handle >= 0 && exists)
            (void)fchmod(file->handle, about.st_mode & 0777);
        if (file->handle >= 0)
            return 1;
        if (errno != EEXIST)
            break;
    }
    fail_errno(file, errno);
    free_temporary(file);
    return 0;
}

/* A name that is not on the disk yet may lead to the old file after a loss of power. Systems that cannot bring a
 * directory there are not to blame. */
static void sync_directory(const activ_file *file)
{
    file->temporary[file->directory] = '\0'; /* what is left of the name is the directory's */
    const int handle = open(file->directory > 0 ? file->temporary : ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (handle < 0)
        return;
    (void)fsync(handle);
    (void)close(handle);
}

int activ_file_write(activ_file *file, const void *bytes, size_t count)
{
    const char *from = bytes;
    while (count > 0) {
        ssize_t put = write(file->handle, from, count < MAX_IO_BYTES ? count : MAX_IO_BYTES);
        if (put < 0 && errno == EINTR)
            continue;
        if (put <= 0)
            return fail_errno(file, put < 0 ? errno : ENOSPC);
        from += put;
        count -= (size_t)put;
    }
    return 1;
}

int activ_file_commit(activ_file *file)
{
    int ok = 1, result;
    /* Before rename: after a loss of power, the name must not lead to an empty file. */
    do {
        result = fsync(file->handle);
    } while (result != 0 && errno == EINTR);
    if (result != 0)
        ok = fail_errno(file, errno);
    /* An interrupted close has closed the file, and fsync has written everything. */
    if (close(file->handle) != 0 && errno != EINTR && ok)
        ok = fail_errno(file, errno);
    file->handle = -1;
    if (ok && rename(file->temporary, file->path) != 0)
        ok = fail_errno(file, errno);
    if (!ok)
        unlink(file->temporary);
    else
        sync_directory(file);
    free_temporary(file);
    return ok;
}

void activ_file_discard(activ_file *file)
{
    if (file->handle >= 0) {
        close(file->handle);
        file->handle = -1;
        unlink(file->temporary);
    }
    free_temporary(file);
}
