/* The examples' reader of IDX files, packed or not. */
#include "common/data.h"
#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size > 1 << 16)
        return 0;
    const char *path = fuzz_file(data, size);
    struct idx_array array;
    activ_message message = { "" };
    if (!path)
        return 0;
    if (idx_read(path, &array, &message) != ACTIV_OK) {
        CHECK(message.text[0] != '\0');
        return 0;
    }
    size_t count = array.element_size;
    for (size_t i = 0; i < array.ndim; i++)
        count *= array.sizes[i];
    CHECK(count == array.bytes);
    unsigned sum = 0;
    for (size_t i = 0; i < array.bytes; i++)
        sum += array.data[i];
    CHECK(sum <= 255u * array.bytes);
    idx_free(&array);
    struct dataset images;
    if (dataset_read(path, path, &images, &message) == ACTIV_OK) /* never: images are not their own labels */
        abort();
    return 0;
}
