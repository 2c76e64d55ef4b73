/* The examples' reader of .npy files. */
#include "common/npy.h"
#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size > 1 << 16)
        return 0;
    const char *path = fuzz_file(data, size);
    activ_tensor *tensor = NULL;
    activ_message message = { "" };
    if (!path)
        return 0;
    if (npy_read(path, &tensor, &message) != ACTIV_OK) {
        CHECK(!tensor && message.text[0] != '\0');
        return 0;
    }
    CHECK(activ_tensor_is_contiguous(tensor));
    const size_t bytes = activ_tensor_count(tensor) * activ_dtype_size(activ_tensor_dtype(tensor));
    CHECK(bytes < size);
    unsigned sum = 0;
    for (size_t i = 0; i < bytes; i++)
        sum += ((const unsigned char *)activ_tensor_const_data(tensor))[i];
    CHECK(sum <= 255u * bytes);
    activ_tensor_destroy(tensor);
    return 0;
}
