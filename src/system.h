/* What the command needs of the system beyond C. */
#ifndef ACTIV_SYSTEM_H
#define ACTIV_SYSTEM_H

#include <stddef.h>
#include <stdio.h>

/* A clock that goes on steadily. */
double system_seconds(void);

/* Is stderr looked at by somebody, and no file? */
int system_shows_errors(void);

/* Memory aligned to 4096 bytes, of which `bytes` is a multiple; NULL if there is none. */
void *system_pages(size_t bytes);
void system_free_pages(void *pages);

/* Runs gnuplot on the script from where `script` stands, without the user's settings; it writes to `output`.
 * Its exit status, or one of these. */
enum { SYSTEM_NO_PROGRAM = -1, SYSTEM_FAILED = -2 };
int system_gnuplot(FILE *script, FILE *output);

/* All of `from`, from its start, as the file `path`: written beside it and then put in its place, so that an old file,
 * or where a symbolic link leads, is replaced as a whole or stays as it is. 0, or an errno. */
int system_replace_file(const char *path, FILE *from);

#endif
