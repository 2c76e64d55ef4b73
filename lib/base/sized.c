/* Structs that start with their size. */
#include "base/sized.h"

#include <string.h>

activ_status activ_sized_read(void *own, size_t own_size, const void *callers)
{
    size_t size;
    memcpy(&size, callers, sizeof size);
    if (size < sizeof size)
        return ACTIV_ERROR_INVALID;
    const unsigned char *bytes = callers;
    for (size_t i = own_size; i < size; i++)
        if (bytes[i] != 0)
            return ACTIV_ERROR_UNSUPPORTED;
    memset(own, 0, own_size);
    memcpy(own, callers, size < own_size ? size : own_size);
    return ACTIV_OK;
}

activ_status activ_sized_write(const void *own, size_t own_size, void *callers)
{
    size_t size;
    memcpy(&size, callers, sizeof size);
    if (size < sizeof size)
        return ACTIV_ERROR_INVALID;
    const size_t known = size < own_size ? size : own_size;
    memcpy((char *)callers + sizeof size, (const char *)own + sizeof size, known - sizeof size);
    memset((char *)callers + known, 0, size - known);
    return ACTIV_OK;
}
