/* What the command needs of the system beyond C. */
#ifndef ACTIV_SYSTEM_H
#define ACTIV_SYSTEM_H

#include <stddef.h>

/* A clock that goes on steadily. */
double system_seconds(void);

/* Is stderr looked at by somebody, and no file? */
int system_shows_errors(void);

/* Memory aligned to 4096 bytes, of which `bytes` is a multiple; NULL if there is none. */
void *system_pages(size_t bytes);
void system_free_pages(void *pages);

#endif
