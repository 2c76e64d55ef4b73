/* Stable sorting, of names that may come from a hostile file: no order of them takes longer than any other. Time: the
 * number of items times a constant, and the bytes of all names. Not qsort, which may allocate memory that is not the
 * host's. */
#ifndef ACTIV_BASE_SORT_H
#define ACTIV_BASE_SORT_H

#include <stddef.h>
#include <stdint.h>

#include "base/host.h"

/* The i-th of the strings that are sorted, or number. */
typedef const char *(*activ_name_of)(const void *user, size_t i);
typedef uint64_t (*activ_number_of)(const void *user, size_t i);

/* A new array of the indices below count in the order of their names (as strcmp orders them), or NULL: out of memory,
 * or count is 0. To be freed with count * sizeof(size_t) bytes. */
size_t *activ_sort_names(const activ_host *host, size_t count, activ_name_of name_of, const void *user);

/* Sorts indices by number; those of the same number stay in their order. 0 if out of memory. */
int activ_sort_numbers(const activ_host *host, size_t count, size_t *indices, activ_number_of number_of,
                       const void *user);

/* The position below count of `name` in the order of activ_sort_names; `count` if it is not there. */
size_t activ_find_name(const size_t *order, size_t count, activ_name_of name_of, const void *user, const char *name);

/* The first of two equal names in the order of activ_sort_names, as a position; `count` if there are none. */
size_t activ_find_duplicate(const size_t *order, size_t count, activ_name_of name_of, const void *user);

#endif
