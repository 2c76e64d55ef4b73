/* The zoo: published functions that the catalog lacks, each a formula, in a file of text: share/activ/functions.txt,
 * which says at its top what a line has. The library never needs it; the command and the examples take "@NAME" for
 * the formula of that name. */
#ifndef ACTIV_ZOO_H
#define ACTIV_ZOO_H

#include <stddef.h>

#include <activ/status.h>

#ifdef __cplusplus
extern "C" {
#endif

#define ZOO_VARIABLE "ACTIV_ZOO" /* in the environment: the file to read */

typedef struct zoo_entry {
    const char *name, *formula;
    const char *source;  /* who published it, where */
    const char *checked; /* "checked", or "unchecked: " and why; "" where the file says neither */
    size_t line;
} zoo_entry;

/* Zeroed before the first call; the file is read when it is needed. */
typedef struct zoo {
    zoo_entry *entries; /* in the file's order */
    size_t count;
    char *path, *text;
    char **expanded; /* what zoo_expand returned */
    size_t expanded_count;
} zoo;

void zoo_free(zoo *z);

/* Reads the file that ACTIV_ZOO names, or else the one that belongs to this program, installed or built; only at the
 * first call. A line with other than a name and a formula at least, or a name that was there, is refused. 0, or -1
 * after a message. */
int zoo_read(zoo *z, activ_message *message);

/* The entry of this name; NULL: there is none. After zoo_read. */
const zoo_entry *zoo_find(const zoo *z, const char *name);

/* A spec with each @NAME in it replaced by the formula, in brackets where it is a part: one without is returned as it
 * is. The text belongs to the zoo. NULL after a message, which has the nearest name. */
const char *zoo_expand(zoo *z, const char *spec, activ_message *message);

#ifdef __cplusplus
}
#endif

#endif
