/* What a graph's tensors are called in a file. */
#ifndef ACTIV_CHECKPOINT_NAMES_H
#define ACTIV_CHECKPOINT_NAMES_H

#include <stddef.h>

#include "activ/checkpoint.h"
#include "graph/graph.h"

typedef struct activ_file_names {
    const activ_host *host;
    size_t count;       /* activ_graph_stored_count */
    const char **names; /* of each activ_graph_stored */
    size_t *order;      /* sorted */
    char *text;         /* of those that are not the graph's own */
    size_t text_bytes;
} activ_file_names;

/* The names by some rules; none: the graph's own. To be freed, also after a failure. path: for the message. */
activ_status activ_file_names_make(const activ_graph *g, const char *path, size_t rule_count,
                                   const activ_tensor_name *rules, activ_file_names *out, activ_message *message);
void activ_file_names_free(activ_file_names *names);

/* Is one of the tensors called so? */
int activ_file_names_have(const activ_file_names *names, const char *name);

/* The same of the first `length` bytes of one text and a second one: names that rules make may have any length. */
int activ_file_names_have_parts(const activ_file_names *names, const char *first, size_t length, const char *rest);

#endif
