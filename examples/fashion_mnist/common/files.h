/* Files that are replaced atomically, and checks to make before a long run. */
#ifndef EXAMPLES_FILES_H
#define EXAMPLES_FILES_H

#include <stdbool.h>
#include <stdio.h>

#include <activ/activ.h>

/* "folder/name", to be freed; NULL if out of memory. */
char *path_join(const char *folder, const char *name);

/* "model.safetensors" -> "model-epoch5.safetensors"; to be freed. */
char *path_with_epoch(const char *path, size_t epoch);

/* A spec as a part of a file's name, of letters, digits, '_' and '-': "leaky_relu(negative_slope=0.2)" ->
 * "leaky_relu_negative_slope_0_2_". What says less than the spec (a formula's operators, the end of a long one) ends in
 * a digest: "x*tanh(exp(x))" -> "x_tanh_exp_x__-259323bb". size: 32 or more. */
void path_safe_name(const char *spec, char *name, size_t size);

/* Creates a folder and its parents, unless they exist. */
activ_status folder_make(const char *path, activ_message *message);

/* Could a file of this name be written? Its folder has to exist and be writable, and it must not be a folder itself. */
activ_status file_check_writable(const char *path, activ_message *message);

/* A file that is being written, under a temporary name in the same folder. */
struct new_file {
    FILE *stream;
    char *path;
    char *temporary;
};

/* open; write to `stream`; close; commit renames it. cancel removes the temporary file; it may be called at any time,
 * and after commit only frees memory. */
activ_status new_file_open(struct new_file *file, const char *path, activ_message *message);
activ_status new_file_close(struct new_file *file, activ_message *message);
activ_status new_file_commit(struct new_file *file, activ_message *message);
void new_file_cancel(struct new_file *file);

#endif
