/* The examples' reader of .npy files. An empty input stands for paths that are no files. */
#include "common/npy.h"
#include "fuzz.h"

static void check(activ_tensor *tensor, size_t size)
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

static activ_status read(const char *path, activ_tensor **tensor)
{
    activ_message message = { "" };
    *tensor = NULL;
    const activ_status status = npy_read(path, tensor, &message);
    CHECK(status == ACTIV_OK || (!*tensor && message.text[0] != '\0'));
    return status;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    activ_tensor *tensor;
    if (size > 1 << 16)
        return 0;
    if (size == 0) {
        CHECK(read("/", &tensor) == ACTIV_ERROR_IO);
        CHECK(read("/no/such/file", &tensor) == ACTIV_ERROR_IO);
    }
    const char *path = fuzz_file(data, size);
    if (!path)
        return 0;
    const size_t mallocs = fuzz_mallocs;
    const activ_status status = read(path, &tensor);
    const size_t count = fuzz_mallocs - mallocs;
    if (status == ACTIV_OK)
        check(tensor, size);
    fuzz_fail_malloc(data, size, count);
    const activ_status failed = read(path, &tensor);
    fuzz_fail_malloc(data, size, 0);
    CHECK(failed == ACTIV_ERROR_OUT_OF_MEMORY || failed == status);
    if (failed == ACTIV_OK)
        check(tensor, size);
    return 0;
}
