/* Whole files: reads one from front to back, or replaces one atomically, by a temporary file that is renamed. */
#ifndef ACTIV_CHECKPOINT_FILE_H
#define ACTIV_CHECKPOINT_FILE_H

#include <stddef.h>

#include "base/host.h"

typedef struct activ_file {
    int handle;      /* -1 if none is open */
    size_t size;     /* reading: bytes when it was opened */
    activ_host host; /* writing: this and the members below */
    const char *path;
    char *temporary; /* its name until it is complete */
    size_t temporary_bytes;
    size_t directory; /* length of its path, the last '/' included */
    char reason[160]; /* why the last call failed */
} activ_file;

/* These return 1, or 0 and the reason. A reader has to be closed, a writer committed or discarded. */

/* Regular files only: a folder, pipe or device is refused, without blocking. */
int activ_file_open(activ_file *file, const char *path);
int activ_file_read(activ_file *file, void *bytes, size_t count); /* all bytes, or it fails */
void activ_file_close(activ_file *file);

/* Creates a temporary file beside `path`, which has to live until commit or discard. *out_of_memory: the only failure
 * that is not the system's. */
int activ_file_create(activ_file *file, const activ_host *host, const char *path, int *out_of_memory);
int activ_file_write(activ_file *file, const void *bytes, size_t count);

/* Flushes to disk (fsync), renames, flushes the directory. The temporary file is gone afterwards, also on failure. */
int activ_file_commit(activ_file *file);
void activ_file_discard(activ_file *file);

#endif
