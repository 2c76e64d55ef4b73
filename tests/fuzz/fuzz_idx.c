/* The examples' reader of IDX files, packed or not. An empty input stands for paths that are no files. */
#include "common/data.h"
#include "fuzz.h"

static void check(struct idx_array *array)
{
    size_t count = array->element_size;
    for (size_t i = 0; i < array->ndim; i++)
        count *= array->sizes[i];
    CHECK(count == array->bytes);
    unsigned sum = 0;
    for (size_t i = 0; i < array->bytes; i++)
        sum += array->data[i];
    CHECK(sum <= 255u * array->bytes);
    idx_free(array);
}

static activ_status read(const char *path, struct idx_array *array)
{
    activ_message message = { "" };
    const activ_status status = idx_read(path, array, &message);
    CHECK(status == ACTIV_OK || message.text[0] != '\0');
    return status;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct idx_array array;
    if (size > 1 << 16)
        return 0;
    if (size == 0) {
        CHECK(read("/", &array) == ACTIV_ERROR_IO);
        CHECK(read("/no/such/file", &array) == ACTIV_ERROR_IO);
    }
    const char *path = fuzz_file(data, size);
    if (!path)
        return 0;
    const size_t mallocs = fuzz_mallocs;
    const activ_status status = read(path, &array);
    const size_t count = fuzz_mallocs - mallocs;
    if (status == ACTIV_OK)
        check(&array);
    fuzz_fail_malloc(data, size, count);
    const activ_status failed = read(path, &array);
    fuzz_fail_malloc(data, size, 0);
    CHECK(failed == ACTIV_ERROR_OUT_OF_MEMORY || failed == status);
    if (failed == ACTIV_OK)
        check(&array);
    struct dataset images;
    activ_message message = { "" };
    if (dataset_read(path, path, &images, &message) == ACTIV_OK) /* never: images are not their own labels */
        abort();
    return 0;
}
