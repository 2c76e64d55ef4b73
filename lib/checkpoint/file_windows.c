/* Whole files, on Windows. Paths are UTF-8. */
#define WIN32_LEAN_AND_MEAN
#define NOMINMAX

#include "checkpoint/file.h"

#include <windows.h>
/* After it. */
#include <errno.h>
#include <fcntl.h>
#include <io.h>
#include <limits.h>
#include <share.h>
#include <stdint.h>
#include <string.h>
#include <sys/stat.h>

#include "base/text.h"

/* Bytes per read or write, at most. */
#define MAX_IO_BYTES ((size_t)1 << 30)

#define TEMPORARY_PREFIX ".activ."

/* Of a path, with the zero at its end, and of a name in it. */
enum { MAX_PATH_UNITS = 1024, MAX_NAME_UNITS = 255 };

static int fail(activ_file *file, const char *reason)
{
    activ_text text;
    activ_text_start(&text, file->reason, sizeof file->reason);
    activ_text_add(&text, reason);
    return 0;
}

static int fail_errno(activ_file *file, int error)
{
    if (strerror_s(file->reason, sizeof file->reason, error) != 0)
        return fail(file, "unknown error of the system");
    return 0;
}

/* In words of our own, as Windows's are in the user's language and in any encoding. */
static int fail_windows(activ_file *file, DWORD error)
{
    activ_text text;
    switch (error) {
    case ERROR_ACCESS_DENIED:
        return fail(file, "access denied");
    case ERROR_SHARING_VIOLATION:
    case ERROR_LOCK_VIOLATION:
    case ERROR_USER_MAPPED_FILE:
        return fail(file, "another program uses the file");
    case ERROR_DISK_FULL:
    case ERROR_HANDLE_DISK_FULL:
        return fail_errno(file, ENOSPC);
    case ERROR_FILE_NOT_FOUND:
    case ERROR_PATH_NOT_FOUND:
        return fail_errno(file, ENOENT);
    case ERROR_WRITE_PROTECT:
        return fail_errno(file, EROFS);
    default:
        activ_text_start(&text, file->reason, sizeof file->reason);
        activ_text_add(&text, "error ");
        activ_text_add_u64(&text, error);
        activ_text_add(&text, " of Windows");
        return 0;
    }
}

static int widen(activ_file *file, const char *path, wchar_t wide[MAX_PATH_UNITS])
{
    if (MultiByteToWideChar(CP_UTF8, MB_ERR_INVALID_CHARS, path, -1, wide, MAX_PATH_UNITS) > 0)
        return 1;
    return GetLastError() == ERROR_INSUFFICIENT_BUFFER ? fail_errno(file, ENAMETOOLONG)
                                                       : fail(file, "the path is not UTF-8");
}

/* ---- reading ----------------------------------------------------------------------------- */

int activ_file_open(activ_file *file, const char *path)
{
    wchar_t wide[MAX_PATH_UNITS];
    struct _stat64 about;
    memset(file, 0, sizeof *file);
    file->handle = -1;
    file->path = path;
    if (!widen(file, path, wide))
        return 0;
    if (_wstat64(wide, &about) == 0 && (about.st_mode & _S_IFMT) == _S_IFDIR)
        return fail_errno(file, EISDIR);
    const errno_t error = _wsopen_s(&file->handle, wide, _O_RDONLY | _O_BINARY | _O_NOINHERIT, _SH_DENYNO, 0);
    if (error != 0) {
        file->handle = -1;
        return fail_errno(file, error);
    }
    int ok;
    if (_fstat64(file->handle, &about) != 0)
        ok = fail_errno(file, errno);
    else if ((about.st_mode & _S_IFMT) != _S_IFREG)
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
        const int got = _read(file->handle, to, (unsigned)(count < MAX_IO_BYTES ? count : MAX_IO_BYTES));
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
        (void)_close(file->handle);
    file->handle = -1;
}

/* ---- writing ----------------------------------------------------------------------------- */

static void free_temporary(activ_file *file)
{
    activ_host_free(&file->host, file->temporary, file->temporary_bytes);
    file->temporary = NULL;
}

/* "DIRECTORY/.activ.PID.TIME.NUMBER", as on POSIX. */
static void name_temporary(activ_file *file, size_t number)
{
    FILETIME now;
    activ_text text;
    GetSystemTimeAsFileTime(&now);
    activ_text_start(&text, file->temporary, file->temporary_bytes);
    activ_text_add_bytes(&text, file->path, file->directory);
    activ_text_add(&text, TEMPORARY_PREFIX);
    activ_text_add_u64(&text, GetCurrentProcessId());
    activ_text_add(&text, ".");
    activ_text_add_u64(&text, (uint64_t)now.dwHighDateTime << 32 | now.dwLowDateTime);
    activ_text_add(&text, ".");
    activ_text_add_size(&text, number);
}

/* Length of the path's directory: "C:\a\b" and "C:/a/b" have 5, "C:b" has 2. */
static size_t directory_of(const char *path)
{
    size_t length = strlen(path);
    while (length > 0 && path[length - 1] != '/' && path[length - 1] != '\\' && path[length - 1] != ':')
        length--;
    return length;
}

/* MoveFileEx would take "nul" or "a:b" for something else. */
static int check_name(activ_file *file, const wchar_t *wide)
{
    size_t length = wcslen(wide), start = length;
    while (start > 0 && wide[start - 1] != L'/' && wide[start - 1] != L'\\' && wide[start - 1] != L':')
        start--;
    if (length - start > MAX_NAME_UNITS)
        return fail_errno(file, ENAMETOOLONG);
    return start < length ? 1 : fail_errno(file, EISDIR);
}

int activ_file_create(activ_file *file, const activ_host *host, const char *path, int *out_of_memory)
{
    wchar_t wide[MAX_PATH_UNITS];
    memset(file, 0, sizeof *file);
    file->handle = -1;
    file->host = *host;
    file->path = path;
    *out_of_memory = 0;

    if (path[0] == '\0')
        return fail_errno(file, ENOENT);
    if (!widen(file, path, wide) || !check_name(file, wide))
        return 0;
    struct _stat64 about;
    const int exists = _wstat64(wide, &about) == 0;
    if (exists && (about.st_mode & _S_IFMT) == _S_IFDIR)
        return fail_errno(file, EISDIR);
    if (exists && (about.st_mode & _S_IFMT) != _S_IFREG)
        return fail(file, "not a regular file");

    file->directory = directory_of(path);
    file->temporary_bytes = file->directory + sizeof TEMPORARY_PREFIX + 3 * 24; /* three numbers */
    file->temporary = activ_host_alloc(host, file->temporary_bytes);
    if (!file->temporary) {
        *out_of_memory = 1;
        return fail(file, "out of memory");
    }
    for (size_t number = 0; number < 100; number++) {
        name_temporary(file, number);
        if (!widen(file, file->temporary, wide)) {
            free_temporary(file);
            return 0;
        }
        /* _O_EXCL: never an existing file. */
        const errno_t error = _wsopen_s(&file->handle, wide, _O_WRONLY | _O_CREAT | _O_EXCL | _O_BINARY | _O_NOINHERIT,
                                        _SH_DENYWR, _S_IREAD | _S_IWRITE);
        if (error == 0)
            return 1;
        file->handle = -1;
        if (error != EEXIST) {
            fail_errno(file, error);
            break;
        }
        fail_errno(file, error);
    }
    free_temporary(file);
    return 0;
}

int activ_file_write(activ_file *file, const void *bytes, size_t count)
{
    const char *from = bytes;
    while (count > 0) {
        const int put = _write(file->handle, from, (unsigned)(count < MAX_IO_BYTES ? count : MAX_IO_BYTES));
        if (put <= 0)
            return fail_errno(file, put < 0 ? errno : ENOSPC);
        from += put;
        count -= (size_t)put;
    }
    return 1;
}

int activ_file_commit(activ_file *file)
{
    wchar_t from[MAX_PATH_UNITS], to[MAX_PATH_UNITS];
    int ok = 1;
    /* Before the file is renamed: after a loss of power, the name must not lead to an empty file. */
    if (_commit(file->handle) != 0)
        ok = fail_errno(file, errno);
    if (_close(file->handle) != 0 && ok)
        ok = fail_errno(file, errno);
    file->handle = -1;
    const int named = widen(file, file->temporary, from);
    /* WRITE_THROUGH: it returns when the name is on the disk. */
    if (ok && !(named && widen(file, file->path, to)))
        ok = 0;
    else if (ok && !MoveFileExW(from, to, MOVEFILE_REPLACE_EXISTING | MOVEFILE_WRITE_THROUGH))
        ok = fail_windows(file, GetLastError());
    if (!ok && named)
        (void)DeleteFileW(from);
    free_temporary(file);
    return ok;
}

void activ_file_discard(activ_file *file)
{
    wchar_t wide[MAX_PATH_UNITS];
    if (file->handle >= 0) {
        (void)_close(file->handle);
        file->handle = -1;
        if (widen(file, file->temporary, wide))
            (void)DeleteFileW(wide);
    }
    free_temporary(file);
}
