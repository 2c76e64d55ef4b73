/* Sizes of types. */
#include "activ/dtype.h"

size_t activ_dtype_size(activ_dtype dtype)
{
    switch (dtype) {
    case ACTIV_FLOAT32:
    case ACTIV_INT32:
        return 4;
    case ACTIV_FLOAT64:
    case ACTIV_INT64:
        return 8;
    case ACTIV_FLOAT16:
    case ACTIV_BFLOAT16:
        return 2;
    case ACTIV_UINT8:
        return 1;
    default:
        return 0;
    }
}
