/* libactiv: how a call says that it failed.
 *
 * Every call that can fail returns an activ_status and hands its results out through pointers. On failure the outputs
 * are untouched. The library never prints, exits or aborts.
 *
 * The reason in words, one of three ways, each call having exactly one:
 *
 *     activ_message *      a last parameter of calls that make an object or read a file. Where the plain call has no
 *                          room for it, a second one has, with the suffix _ex: activ_fn_create and activ_fn_create_ex,
 *                          activ_forward and activ_forward_ex.
 *     activ_graph_error    of the graph, for calls on a graph and on its optimiser.
 *     the status alone     where the declaration lists one cause for each status. There ACTIV_ERROR_INVALID stands for
 *                          a NULL, or a struct whose `size` is not set.
 *
 * A context's log gets the same words (context.h), whichever the way.
 */
#ifndef ACTIV_STATUS_H
#define ACTIV_STATUS_H

#include <stdint.h>

#include "export.h"

#ifdef __cplusplus
extern "C" {
#endif

/* The numbers are part of the ABI: never changed, never used again. A newer library may return a number that is not in
 * this list. */
typedef int32_t activ_status;

enum {
    ACTIV_OK = 0,
    ACTIV_ERROR_INVALID =
        1, /* an argument that makes no sense there: NULL, overlapping arrays, a struct without size */
    ACTIV_ERROR_OUT_OF_MEMORY = 2, /* also: no more threads */
    ACTIV_ERROR_UNKNOWN_NAME = 3,  /* no function, setting, tensor or tier of that name */
    ACTIV_ERROR_SYNTAX = 4,        /* a text that does not follow its grammar */
    ACTIV_ERROR_RANGE = 5,         /* a number outside of what is allowed, or a size that overflows */
    ACTIV_ERROR_SHAPE = 6,         /* shapes that do not fit together */
    ACTIV_ERROR_STATE = 7,         /* a call before or after its time */
    ACTIV_ERROR_IO = 8,            /* the operating system refused a file */
    ACTIV_ERROR_FORMAT = 9,        /* a file that is not what it claims to be */
    ACTIV_ERROR_UNSUPPORTED = 10   /* well formed, but unknown to this version */
};

/* A short English phrase for a status. Static storage, never NULL, also for unknown numbers. */
ACTIV_API const char *activ_status_string(activ_status status);

/* Room for one message that names what was wrong: ended by a zero byte, cut if it is too long. The caller owns it and
 * need not initialise it. It is written on failure only. NULL in its place means that the caller does not want it. */
typedef struct activ_message {
    char text[512];
} activ_message;

#ifdef __cplusplus
}
#endif

#endif
