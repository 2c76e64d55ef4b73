/* libactiv: how a call says that it failed.
 *
 * Every call that can fail returns an activ_status and hands its results out
 * through pointers. On failure the outputs are untouched. The library never
 * prints, exits or aborts.
 */
#ifndef ACTIV_STATUS_H
#define ACTIV_STATUS_H

#include <stdint.h>

#include "export.h"

#ifdef __cplusplus
extern "C" {
#endif

/* The numbers are part of the ABI: never changed, never used again. A newer
 * library may return a number that is not in this list. */
typedef int32_t activ_status;

enum {
    ACTIV_OK = 0,
    ACTIV_ERROR_INVALID = 1, /* NULL, or a value that makes no sense there */
    ACTIV_ERROR_OUT_OF_MEMORY = 2,
    ACTIV_ERROR_UNKNOWN_NAME = 3, /* no function, parameter, tensor or tier of that name */
    ACTIV_ERROR_SYNTAX = 4,       /* a text that does not follow its grammar */
    ACTIV_ERROR_RANGE = 5,        /* a number outside of what is allowed, or a size that overflows */
    ACTIV_ERROR_SHAPE = 6,        /* shapes that do not fit together */
    ACTIV_ERROR_STATE = 7,        /* a call before or after its time */
    ACTIV_ERROR_IO = 8,           /* the operating system refused a file */
    ACTIV_ERROR_FORMAT = 9,       /* a file that is not what it claims to be */
    ACTIV_ERROR_UNSUPPORTED = 10  /* well formed, but not offered by this version */
};

/* A short English phrase; static storage, never NULL, also for unknown numbers. */
ACTIV_API const char *activ_status_string(activ_status status);

/* Room for one message that names the thing that was wrong: always ended by a
 * zero byte, cut where it is too long. Wherever a call takes an activ_message,
 * NULL means that the caller does not want it; it is written on failure only. */
typedef struct activ_message {
    char text[512];
} activ_message;

#ifdef __cplusplus
}
#endif

#endif
