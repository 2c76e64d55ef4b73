/* Statuses in words, and the version. */
#include "activ/status.h"
#include "activ/version.h"

#define TEXT(x) #x
#define VERSION_TEXT(a, b, c) TEXT(a) "." TEXT(b) "." TEXT(c)

const char *activ_status_string(activ_status status)
{
    switch (status) {
    case ACTIV_OK:
        return "ok";
    case ACTIV_ERROR_INVALID:
        return "invalid argument";
    case ACTIV_ERROR_OUT_OF_MEMORY:
        return "out of memory";
    case ACTIV_ERROR_UNKNOWN_NAME:
        return "unknown name";
    case ACTIV_ERROR_SYNTAX:
        return "malformed text";
    case ACTIV_ERROR_RANGE:
        return "value out of range";
    case ACTIV_ERROR_SHAPE:
        return "shapes do not match";
    case ACTIV_ERROR_STATE:
        return "call not allowed in this state";
    case ACTIV_ERROR_IO:
        return "file could not be read or written";
    case ACTIV_ERROR_FORMAT:
        return "malformed file";
    case ACTIV_ERROR_UNSUPPORTED:
        return "not supported by this version";
    default:
        return "unknown status";
    }
}

uint32_t activ_version_number(void)
{
    return ACTIV_VERSION_NUMBER;
}

const char *activ_version_string(void)
{
    return VERSION_TEXT(ACTIV_VERSION_MAJOR, ACTIV_VERSION_MINOR, ACTIV_VERSION_PATCH);
}
