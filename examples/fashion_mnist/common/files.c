/* Files that are replaced atomically: see files.h. */
#include "files.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fnv.h"
#include "message.h"

static activ_status out_of_memory(const char *path, activ_message *message)
{
    message_set(message, "%s: out of memory", path);
    return ACTIV_ERROR_OUT_OF_MEMORY;
}

char *path_join(const char *folder, const char *name)
{
    size_t size = strlen(folder) + strlen(name) + 2;
    char *path = malloc(size);
    if (path != NULL)
        (void)snprintf(path, size, "%s/%s", folder, name);
    return path;
}

char *path_with_epoch(const char *path, size_t epoch)
{
    const char *slash = strrchr(path, '/');
    const char *name = slash != NULL ? slash + 1 : path;
    const char *dot = strrchr(name, '.');
    /* A dot at the front makes a hidden file, not an extension. */
    size_t stem = dot != NULL && dot != name ? (size_t)(dot - path) : strlen(path);
    size_t size = strlen(path) + 32;
    char *marked = malloc(size);
    if (marked != NULL)
        (void)snprintf(marked, size, "%.*s-epoch%zu%s", (int)stem, path, epoch, path + stem);
    return marked;
}

void path_safe_name(const char *spec, char *name, size_t size)
{
    static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-";
    const size_t length = strlen(spec);
    /* Of names and settings nothing is lost that would tell them apart. */
    bool lossy = length >= size || spec[0] == '-';
    for (size_t i = 0; i < length; i++)
        lossy = lossy || (strchr(plain, spec[i]) == NULL && strchr("()=,. []", spec[i]) == NULL);
    const size_t digest_size = lossy ? sizeof "-01234567" - 1 : 0;
    size_t used = 0;
    for (; used < length && used + digest_size + 1 < size; used++)
        name[used] = strchr(plain, spec[used]) != NULL && (used > 0 || spec[0] != '-') ? spec[used] : '_';
    name[used] = '\0';
    if (lossy) {
        const uint64_t digest = fnv_add(FNV_START, (const unsigned char *)spec, length);
        (void)snprintf(name + used, size - used, "-%08" PRIx32, (uint32_t)(digest ^ digest >> 32));
    }
}

activ_status folder_make(const char *path, activ_message *message)
{
    char *part = malloc(strlen(path) + 1);
    if (part == NULL)
        return out_of_memory(path, message);
    (void)strcpy(part, path);
    activ_status status = ACTIV_OK;
    for (char *at = part + 1; status == ACTIV_OK; at++) {
        if (*at != '/' && *at != '\0')
            continue;
        char end = *at;
        *at = '\0';
        struct stat about;
        if (mkdir(part, 0777) != 0) {
            int error = errno;
            bool folder = stat(part, &about) == 0 && S_ISDIR(about.st_mode);
            if (!folder) {
                message_set(message, "folder '%s' cannot be made: %s", part,
                            error == EEXIST ? "a file is in the way" : strerror(error));
                status = ACTIV_ERROR_IO;
            }
        }
        *at = end;
        if (end == '\0')
            break;
    }
    free(part);
    return status;
}

activ_status file_check_writable(const char *path, activ_message *message)
{
    struct stat about;
    if (path[0] == '\0' || path[strlen(path) - 1] == '/') {
        message_set(message, "'%s' names no file", path);
        return ACTIV_ERROR_IO;
    }
    if (stat(path, &about) == 0 && S_ISDIR(about.st_mode)) {
        message_set(message, "'%s' is a folder, not a file", path);
        return ACTIV_ERROR_IO;
    }
    const char *slash = strrchr(path, '/');
    char *folder = path_join(path, "");
    if (folder == NULL)
        return out_of_memory(path, message);
    if (slash == NULL)
        (void)strcpy(folder, ".");
    else
        folder[slash == path ? 1 : slash - path] = '\0';
    activ_status status = ACTIV_ERROR_IO;
    if (stat(folder, &about) != 0)
        message_set(message, "'%s': its folder '%s' cannot be opened: %s", path, folder, strerror(errno));
    else if (!S_ISDIR(about.st_mode))
        message_set(message, "'%s': '%s' is not a folder", path, folder);
    else if (access(folder, W_OK | X_OK) != 0)
        message_set(message, "'%s': its folder '%s' cannot be written to: %s", path, folder, strerror(errno));
    else
        status = ACTIV_OK;
    free(folder);
    return status;
}

activ_status new_file_open(struct new_file *file, const char *path, activ_message *message)
{
    memset(file, 0, sizeof *file);
    size_t size = strlen(path) + sizeof ".XXXXXX";
    file->path = malloc(size);
    file->temporary = malloc(size);
    if (file->path == NULL || file->temporary == NULL) {
        free(file->path);
        free(file->temporary);
        memset(file, 0, sizeof *file);
        return out_of_memory(path, message);
    }
    (void)strcpy(file->path, path);
    (void)snprintf(file->temporary, size, "%s.XXXXXX", path);
    int descriptor = mkstemp(file->temporary);
    if (descriptor >= 0) {
        /* mkstemp gives access to the owner only: set the permissions that fopen would. */
        mode_t mask = umask(0);
        (void)umask(mask);
        (void)fchmod(descriptor, 0666 & ~mask);
        file->stream = fdopen(descriptor, "w");
        if (file->stream != NULL)
            return ACTIV_OK;
        (void)close(descriptor);
        (void)unlink(file->temporary);
    }
    message_set(message, "'%s' cannot be written: %s", path, strerror(errno));
    free(file->path);
    free(file->temporary);
    memset(file, 0, sizeof *file);
    return ACTIV_ERROR_IO;
}

activ_status new_file_close(struct new_file *file, activ_message *message)
{
    errno = 0;
    bool good = fflush(file->stream) == 0 && !ferror(file->stream) && fsync(fileno(file->stream)) == 0;
    int error = errno;
    if (fclose(file->stream) != 0 && good) {
        good = false;
        error = errno;
    }
    file->stream = NULL;
    if (good)
        return ACTIV_OK;
    message_set(message, "'%s' cannot be written: %s", file->path, strerror(error != 0 ? error : EIO));
    return ACTIV_ERROR_IO;
}

activ_status new_file_commit(struct new_file *file, activ_message *message)
{
    if (rename(file->temporary, file->path) != 0) {
        message_set(message, "'%s' cannot be written: %s", file->path, strerror(errno));
        return ACTIV_ERROR_IO;
    }
    free(file->temporary);
    file->temporary = NULL;
    return ACTIV_OK;
}

void new_file_cancel(struct new_file *file)
{
    if (file->stream != NULL)
        (void)fclose(file->stream);
    if (file->temporary != NULL)
        (void)unlink(file->temporary);
    free(file->temporary);
    free(file->path);
    memset(file, 0, sizeof *file);
}
