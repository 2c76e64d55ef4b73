/* libactiv: how a call says that it failed.
 *
 * Calls that can fail return an activ_status and hand their results out through pointers; on failure the outputs are
 * untouched. (Builder calls return a negative node, and plain queries an answer that their declarations name.) The
 * library never prints, exits or aborts.
 *
 * A call gives its reason in one of three ways, the first two as text:
 *
 *     activ_message *      the last parameter. The calls used most do without, and have a twin with it, by the suffix
 *                          _ex, wherever a status can have several causes: activ_fn_create_ex. activ_forward_ex and
 *                          activ_backward_ex are the twins of all calls on arrays.
 *     activ_graph_error    for calls on a graph or on its optimiser that have no activ_message.
 *     the status alone     where each status has the one cause that the declaration names. ACTIV_ERROR_INVALID then
 *                          is a NULL, or a struct whose `size` is not set.
 *
 * A context's log gets the text of the first two ways too (context.h). Calls on a const graph never write to
 * activ_graph_error.
 *
 * Thread safety: all calls, from any thread.
 */
#ifndef ACTIV_STATUS_H
#define ACTIV_STATUS_H

#include <stdint.h>

#include "export.h"

#ifdef __cplusplus
extern "C" {
#endif

/* The numbers are part of the ABI: never changed, never reused. A newer library may return a number that is not in
 * this list. */
typedef int32_t activ_status;

enum {
    ACTIV_OK = 0,
    ACTIV_ERROR_INVALID = 1,       /* NULL, overlapping arrays, a struct without size: a mistake in the caller's code */
    ACTIV_ERROR_OUT_OF_MEMORY = 2, /* also: the system starts no more threads */
    ACTIV_ERROR_UNKNOWN_NAME = 3,  /* no function, setting, tensor or tier of that name */
    ACTIV_ERROR_SYNTAX = 4,        /* a text that does not follow its grammar */
    ACTIV_ERROR_RANGE = 5,         /* a number, an index or a size that is not allowed, or a size that overflows */
    ACTIV_ERROR_SHAPE = 6,         /* shapes, or types of elements, that do not fit together */
    ACTIV_ERROR_STATE = 7,         /* the object's state does not allow the call: not compiled yet, read-only ... */
    ACTIV_ERROR_IO = 8,            /* a file that cannot be read or written: the system's reason is in the message */
    ACTIV_ERROR_FORMAT = 9,        /* a file that is malformed, or another than the one that is wanted */
    ACTIV_ERROR_UNSUPPORTED = 10   /* well formed, but not supported by this version */
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
