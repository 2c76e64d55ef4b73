/* The reader of safetensors: whatever it accepts has tensors that lie in the file, found by name, and texts. */
#include <string.h>

#include "activ/checkpoint.h"
#include "fuzz.h"

static void check(const activ_safetensors *file, size_t size)
{
    unsigned sum = 0;
    activ_safetensors_entry entry = ACTIV_SAFETENSORS_ENTRY_INIT, same = ACTIV_SAFETENSORS_ENTRY_INIT;
    const size_t tensors = activ_safetensors_count(file);
    for (size_t i = 0; i < tensors; i++) {
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
    CHECK(sum <= 255u * size);
    for (size_t i = 0; activ_safetensors_metadata_key(file, i); i++)
        CHECK(activ_safetensors_metadata(file, activ_safetensors_metadata_key(file, i)) != NULL);
    CHECK(activ_safetensors_at(file, tensors, &entry) == ACTIV_ERROR_RANGE);
    CHECK(tensors > 0 || activ_safetensors_find(file, "weight", &entry) == ACTIV_ERROR_UNKNOWN_NAME);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    activ_safetensors *file = NULL;
    activ_message message = { "" };
    const activ_context *context = fuzz_context(NULL);
    const size_t live = fuzz_memory.live, calls = fuzz_memory.calls;
    const activ_status status = activ_safetensors_open_memory(context, data, size, &file, &message);
    const size_t allocations = fuzz_memory.calls - calls;
    if (status == ACTIV_OK)
        check(file, size);
    else
        CHECK(!file && message.text[0] != '\0');
    activ_safetensors_close(file);
    file = NULL;
    fuzz_fail(data, size, allocations);
    const activ_status failed = activ_safetensors_open_memory(context, data, size, &file, &message);
    CHECK(failed == ACTIV_ERROR_OUT_OF_MEMORY || failed == status);
    activ_safetensors_close(file);
    file = NULL;
    fuzz_fail(data, size, 0);
    /* A file of the same bytes is the same. */
    const char *path = size < 1 << 16 ? fuzz_file(data, size) : NULL;
    if (path)
        CHECK(activ_safetensors_open(context, path, &file, &message) == status);
    activ_safetensors_close(file);
    CHECK(fuzz_memory.live == live && fuzz_memory.mistakes == 0);
    return 0;
}
