/* Structs that start with their size. */
#include "base/sized.h"

#include <stdint.h>
#include <string.h>

#include "activ/activ.h"

/* A field appended to a struct has to change its size: no struct ends with padding. */
#define ENDS_WITH(type, last) \
    _Static_assert(offsetof(type, last) + sizeof((type){ 0 }.last) == sizeof(type), #type " ends with padding")
ENDS_WITH(activ_allocator, free);
ENDS_WITH(activ_executor, parallel_for);
ENDS_WITH(activ_context_options, function_count);
ENDS_WITH(activ_fn_callbacks, param_count);
ENDS_WITH(activ_custom_fn, user);
ENDS_WITH(activ_forward_args, reserved);
ENDS_WITH(activ_backward_args, dtype);
ENDS_WITH(activ_norm_options, momentum);
ENDS_WITH(activ_compile_options, reserved);
ENDS_WITH(activ_cross_entropy_options, ignore_index);
ENDS_WITH(activ_sgd_options, maximize);
ENDS_WITH(activ_adamw_options, reserved);
ENDS_WITH(activ_rmsprop_options, reserved);
ENDS_WITH(activ_optimizer_tensor_options, weight_decay);
ENDS_WITH(activ_fn_info, reserved);
ENDS_WITH(activ_setting_info, words);
ENDS_WITH(activ_fn_tensor_info, count);
ENDS_WITH(activ_operation_info, number);
ENDS_WITH(activ_graph_tensor_info, reserved);
ENDS_WITH(activ_node_info, multiply_adds);
ENDS_WITH(activ_safetensors_entry, bytes);
ENDS_WITH(activ_layer_view, tensor_count);
ENDS_WITH(activ_histogram_info, nans);
ENDS_WITH(activ_stats_info, largest);
ENDS_WITH(activ_neurons_options, reserved);
ENDS_WITH(activ_neurons_info, dead);

const char *activ_sized_reason(activ_status status)
{
    return status == ACTIV_ERROR_UNSUPPORTED ? "the struct sets fields that this version does not know"
                                             : "the struct's size is not set: start from its ..._DEFAULTS";
}

activ_status activ_sized_read(void *own, size_t own_size, const void *callers)
{
    size_t size;
    memcpy(&size, callers, sizeof size);
    if (size < sizeof size || size > ACTIV_SIZED_MAX)
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
    if (size < sizeof size || size > ACTIV_SIZED_MAX)
        return ACTIV_ERROR_INVALID;
    const size_t known = size < own_size ? size : own_size;
    memcpy((char *)callers + sizeof size, (const char *)own + sizeof size, known - sizeof size);
    memset((char *)callers + known, 0, size - known);
    return ACTIV_OK;
}
