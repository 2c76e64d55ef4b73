/* The examples' reader of .npy files. An empty input stands for paths that are no files. */
#include "common/npy.h"
#include "fuzz.h"

static activ_tensor *tensor;

static void check(size_t size)
{
    CHECK(activ_tensor_is_contiguous(tensor));
    const size_t bytes = activ_tensor_count(tensor) * activ_dtype_size(activ_tensor_dtype(tensor));
    CHECK(bytes < size);
    unsigned sum = 0;
    for (size_t i = 0; i < bytes; i++)
        sum += ((const unsigned char *)activ_tensor_const_data(tensor))[i];
    CHECK(sum <= 255u * bytes);
    activ_tensor_destroy(tensor);
}

static activ_status read(const char *path)
{
    activ_message message = { "" };
    tensor = NULL;
    const activ_status status = npy_read(path, &tensor, &message);
    CHECK(status == ACTIV_OK || (!tensor && message.text[0] != '\0'));
    return status;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    (void)fuzz_reader(data, size, read, check);
    return 0;
}
