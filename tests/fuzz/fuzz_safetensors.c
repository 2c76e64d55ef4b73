/* The reader of safetensors: whatever it accepts has tensors that lie in the file, found by name, and texts. */
#include <string.h>

#include "activ/checkpoint.h"
#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    activ_safetensors *file = NULL;
    activ_message message = { "" };
    const activ_status status = activ_safetensors_open_memory(NULL, data, size, &file, &message);
    if (status != ACTIV_OK) {
        CHECK(!file && message.text[0] != '\0');
        return 0;
    }
    unsigned sum = 0;
    for (size_t i = 0; i < activ_safetensors_count(file); i++) {
        activ_safetensors_entry entry = ACTIV_SAFETENSORS_ENTRY_INIT, same = ACTIV_SAFETENSORS_ENTRY_INIT;
        CHECK(activ_safetensors_at(file, i, &entry) == ACTIV_OK);
        CHECK(activ_safetensors_find(file, entry.name, &same) == ACTIV_OK);
        CHECK(same.data == entry.data && same.bytes == entry.bytes && same.ndim == entry.ndim);
        for (size_t j = 0; j < entry.bytes; j++)
            sum += ((const unsigned char *)entry.data)[j];
        size_t count = 1;
        for (size_t j = 0; j < entry.ndim; j++)
            count *= entry.shape[j];
        if (entry.dtype != 0)
            CHECK(count * activ_dtype_size(entry.dtype) == entry.bytes);
    }
    for (size_t i = 0; activ_safetensors_metadata_key(file, i); i++)
        CHECK(activ_safetensors_metadata(file, activ_safetensors_metadata_key(file, i)) != NULL);
    CHECK(sum <= 255u * size);
    activ_safetensors_close(file);
    /* A file of the same bytes is the same. */
    const char *path = size < 1 << 16 ? fuzz_file(data, size) : NULL;
    if (path) {
        CHECK(activ_safetensors_open(NULL, path, &file, &message) == ACTIV_OK);
        activ_safetensors_close(file);
    }
    return 0;
}
