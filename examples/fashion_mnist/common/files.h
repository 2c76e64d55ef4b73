/* Files that are replaced as a whole or not at all, and checks that can be made before the work begins. */
#ifndef EXAMPLES_FILES_H
#define EXAMPLES_FILES_H

#include <stdbool.h>
#include <stdio.h>

#include <activ/activ.h>

/* "folder/name", to be freed; NULL if there is no memory. */
char *path_join(const char *folder, const char *name);

/* "model.safetensors" -> "model-epoch5.safetensors"; to be freed. */
char *path_with_epoch(const char *path, size_t epoch);

/* Makes a folder and those above it, if they are not there. */
activ_status folder_make(const char *path, activ_message *message);

/* Could a file of this name be written? Its folder has to be there and writable, itself no folder. */
activ_status file_check_writable(const char *path, activ_message *message);

/* A file in the making, under a temporary name beside its place. */
struct new_file {
    FILE *stream;
    char *path;
    char *temporary;
};

/* open; write to `stream`; close; commit gives it its name. cancel removes what is there; it may be called at
 * any time, also after commit, and then only frees. */
activ_status new_file_open(struct new_file *file, const char *path, activ_message *message);
activ_status new_file_close(struct new_file *file, activ_message *message);
activ_status new_file_commit(struct new_file *file, activ_message *message);
void new_file_cancel(struct new_file *file);

#endif
