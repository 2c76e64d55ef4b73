/* The examples' reader of IDX files, packed or not. An empty input stands for paths that are no files. */
#include "common/data.h"
#include "fuzz.h"

static struct idx_array array;

static void check(size_t size)
{
    size_t count = array.element_size;
    (void)size; /* packed, it may be small */
    for (size_t i = 0; i < array.ndim; i++)
        count *= array.sizes[i];
    CHECK(count == array.bytes);
    unsigned sum = 0;
    for (size_t i = 0; i < array.bytes; i++)
        sum += array.data[i];
    CHECK(sum <= 255u * array.bytes);
    idx_free(&array);
}

static activ_status read(const char *path)
{
    activ_message message = { "" };
    const activ_status status = idx_read(path, &array, &message);
    CHECK(status == ACTIV_OK || message.text[0] != '\0');
    return status;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const char *path = fuzz_reader(data, size, read, check);
    struct dataset images;
    activ_message message = { "" };
    if (path && dataset_read(path, path, &images, &message) == ACTIV_OK) /* never: images are not their own labels */
        abort();
    return 0;
}
