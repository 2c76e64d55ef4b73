"""The C API as ctypes sees it: every function with the types of its arguments, every struct, every constant.

Nothing here calls anything. `bind` gives the functions of a loaded library their types; a test compares this
file with the headers in include/activ.
"""
from __future__ import annotations

import ctypes
from typing import Any, Callable, Dict, List, Tuple

# Types by what they are for. Arrays of numbers are addresses: `pointer` also takes None, for NULL.
pointer = ctypes.c_void_p
text = ctypes.c_char_p
size = ctypes.c_size_t
i32 = ctypes.c_int32
u32 = ctypes.c_uint32
u64 = ctypes.c_uint64
f32 = ctypes.c_float
f64 = ctypes.c_double
one = many = ctypes.POINTER

MAX_DIMS = 8
HISTOGRAM_MAX_BINS = 1048576
QUANTILES_PRECISION = 7
# Of the headers that this file was written for.
VERSION = (0, 2, 0)

FUNCTIONS: Dict[str, Tuple[Any, List[Any]]] = {}
# Functions that came after 0.2.0: a library may lack them and still be of use.
LATER: Dict[str, Tuple[Any, List[Any]]] = {}


def declare(functions: Dict[str, Tuple[Any, List[Any]]]) -> None:
    FUNCTIONS.update(functions)


def declare_later(functions: Dict[str, Tuple[Any, List[Any]]]) -> None:
    FUNCTIONS.update(functions)
    LATER.update(functions)


class Sized(ctypes.Structure):
    """A struct that begins with its size. Fields start as in the header's ..._DEFAULTS or ..._INIT."""

    defaults: Dict[str, Any] = {}

    def __init__(self, **fields: Any) -> None:
        super().__init__(size=ctypes.sizeof(self), **{**self.defaults, **fields})


# user, status, line
LogCallback = ctypes.CFUNCTYPE(None, pointer, i32, text)
# user, params, n, x, y
ForwardCallback = ctypes.CFUNCTYPE(None, pointer, pointer, size, pointer, pointer)
# user, params, n, x, dy, dx, sums
BackwardCallback = ctypes.CFUNCTYPE(None, pointer, pointer, size, pointer, pointer, pointer, pointer)
# user, seed, params
ParamInitCallback = ctypes.CFUNCTYPE(None, pointer, u64, pointer)


# ---- version.h -----------------------------------------------------------------------------------
declare({"activ_version_number": (u32, []), "activ_version_string": (text, [])})


# ---- status.h ------------------------------------------------------------------------------------
OK = 0
ERROR_INVALID = 1
ERROR_OUT_OF_MEMORY = 2
ERROR_UNKNOWN_NAME = 3
ERROR_SYNTAX = 4
ERROR_RANGE = 5
ERROR_SHAPE = 6
ERROR_STATE = 7
ERROR_IO = 8
ERROR_FORMAT = 9
ERROR_UNSUPPORTED = 10


class Message(ctypes.Structure):
    _fields_ = [("text", ctypes.c_char * 512)]


declare({"activ_status_string": (text, [i32])})


# ---- cpu.h ---------------------------------------------------------------------------------------
declare({"activ_tier": (text, []), "activ_max_tier": (text, []), "activ_tier_at": (text, [size])})


# ---- context.h -----------------------------------------------------------------------------------


class Allocator(Sized):
    _fields_ = [
        ("size", size),
        ("user", pointer),
        ("alloc", ctypes.CFUNCTYPE(pointer, pointer, size, size)),
        ("free", ctypes.CFUNCTYPE(None, pointer, pointer, size)),
    ]


class Executor(Sized):
    defaults = {"num_threads": 1}
    _fields_ = [
        ("size", size),
        ("user", pointer),
        ("num_threads", i32),
        ("parallel_for", ctypes.CFUNCTYPE(None, pointer, size, pointer, pointer)),
    ]


class ContextOptions(Sized):
    _fields_ = [
        ("size", size),
        ("allocator", one(Allocator)),
        ("executor", one(Executor)),
        ("log", LogCallback),
        ("log_user", pointer),
        ("max_tier", text),
        ("functions", many(pointer)),
        ("function_count", size),
    ]


declare(
    {
        "activ_context_create": (i32, [one(ContextOptions), many(pointer)]),
        "activ_context_create_ex": (i32, [one(ContextOptions), many(pointer), one(Message)]),
        "activ_context_destroy": (None, [pointer]),
        "activ_context_tier": (text, [pointer]),
    }
)


# ---- pool.h --------------------------------------------------------------------------------------
declare(
    {
        "activ_pool_create": (i32, [pointer, size, many(pointer)]),
        "activ_pool_create_ex": (i32, [pointer, size, many(pointer), one(Message)]),
        "activ_pool_destroy": (None, [pointer]),
        "activ_pool_executor": (one(Executor), [pointer]),
    }
)


# ---- fn.h ----------------------------------------------------------------------------------------


class FnCallbacks(Sized):
    _fields_ = [
        ("size", size),
        ("forward", ForwardCallback),
        ("backward", BackwardCallback),
        ("param_init", ParamInitCallback),
        ("param_count", size),
    ]


class CustomFn(Sized):
    _fields_ = [("size", size), ("name", text), ("callbacks", one(FnCallbacks)), ("user", pointer)]


class ForwardArgs(Sized):
    _fields_ = [
        ("size", size),
        ("params", pointer),
        ("rows", size),
        ("columns", size),
        ("channels", size),
        ("x", pointer),
        ("x_stride", size),
        ("gate", pointer),
        ("gate_stride", size),
        ("y", pointer),
        ("y_stride", size),
        ("noise", pointer),
        ("seed", u64),
        ("stream", u64),
        ("index", u64),
        ("dtype", i32),
        ("reserved", i32),
    ]


class BackwardArgs(Sized):
    _fields_ = [
        ("size", size),
        ("params", pointer),
        ("rows", size),
        ("columns", size),
        ("channels", size),
        ("x", pointer),
        ("x_stride", size),
        ("gate", pointer),
        ("gate_stride", size),
        ("noise", pointer),
        ("dy", pointer),
        ("dy_stride", size),
        ("dx", pointer),
        ("dx_stride", size),
        ("dgate", pointer),
        ("dgate_stride", size),
        ("dparams", pointer),
        ("y", pointer),
        ("y_stride", size),
        ("accumulate", i32),
        ("dtype", i32),
    ]


SHAPE_ELEMENTWISE = 0
SHAPE_ROWWISE = 1
SHAPE_GATED = 2


class FnInfo(Sized):
    _fields_ = [
        ("size", size),
        ("name", text),
        ("aliases", text),
        ("signature", text),
        ("formula", text),
        ("source", text),
        ("trainable", i32),
        ("forward_ulp", f32),
        ("derivative_ulp", f32),
        ("shape", i32),
        ("random", i32),
        ("reserved", i32),
    ]


SETTING_REAL = 0
SETTING_COUNT = 1
SETTING_WORD = 2
SETTING_FUNCTIONS = 3


class SettingInfo(Sized):
    _fields_ = [
        ("size", size),
        ("name", text),
        ("kind", i32),
        ("trainable", i32),
        ("value", f64),
        ("initial", f64),
        ("minimum", f64),
        ("maximum", f64),
        ("word", text),
        ("words", many(text)),
    ]


class FnTensorInfo(Sized):
    _fields_ = [("size", size), ("name", text), ("offset", size), ("count", size)]


declare(
    {
        "activ_fn_create": (i32, [pointer, text, many(pointer)]),
        "activ_fn_create_ex": (i32, [pointer, text, many(pointer), one(Message)]),
        "activ_fn_create_custom": (i32, [pointer, text, one(FnCallbacks), pointer, many(pointer)]),
        "activ_fn_create_custom_ex": (
            i32,
            [pointer, text, one(FnCallbacks), pointer, many(pointer), one(Message)],
        ),
        "activ_fn_derivative": (i32, [pointer, many(pointer)]),
        "activ_fn_derivative_ex": (i32, [pointer, many(pointer), one(Message)]),
        "activ_fn_default": (pointer, [text]),
        "activ_fn_destroy": (None, [pointer]),
        "activ_fn_spec": (text, [pointer]),
        "activ_fn_param_count": (size, [pointer]),
        "activ_fn_param_init": (i32, [pointer, u64, pointer]),
        "activ_forward": (i32, [pointer, pointer, size, pointer, pointer]),
        "activ_backward": (i32, [pointer, pointer, size, pointer, pointer, pointer, pointer]),
        "activ_forward_channels": (i32, [pointer, pointer, size, size, size, pointer, pointer]),
        "activ_backward_channels": (
            i32,
            [pointer, pointer, size, size, size, pointer, pointer, pointer, pointer],
        ),
        "activ_forward_train": (i32, [pointer, pointer, u64, u64, u64, size, pointer, pointer, pointer]),
        "activ_backward_train": (i32, [pointer, pointer, size, pointer, pointer, pointer, pointer, pointer]),
        "activ_forward_rows": (i32, [pointer, pointer, size, size, pointer, size, pointer, size]),
        "activ_backward_rows": (
            i32,
            [pointer, pointer, size, size, pointer, size, pointer, size, pointer, size, pointer],
        ),
        "activ_forward_gated": (
            i32,
            [pointer, pointer, size, size, pointer, size, pointer, size, pointer, size],
        ),
        "activ_backward_gated": (
            i32,
            [
                pointer,
                pointer,
                size,
                size,
                pointer,
                size,
                pointer,
                size,
                pointer,
                size,
                pointer,
                size,
                pointer,
                size,
                pointer,
            ],
        ),
        "activ_forward_ex": (i32, [pointer, one(ForwardArgs), one(Message)]),
        "activ_backward_ex": (i32, [pointer, one(BackwardArgs), one(Message)]),
        "activ_fn_catalog": (i32, [size, one(FnInfo)]),
        "activ_fn_info_of": (i32, [pointer, one(FnInfo)]),
        "activ_fn_is_random": (i32, [pointer]),
        "activ_fn_channels": (size, [pointer]),
        "activ_fn_setting_count": (size, [pointer]),
        "activ_fn_setting_info": (i32, [pointer, size, one(SettingInfo)]),
        "activ_fn_function_count": (size, [pointer]),
        "activ_fn_function": (pointer, [pointer, size]),
        "activ_fn_param_tensor_count": (size, [pointer]),
        "activ_fn_param_tensor_info": (i32, [pointer, size, one(FnTensorInfo)]),
    }
)


# ---- expression.h --------------------------------------------------------------------------------

OPERATION_CONSTANT = 0
OPERATION_X = 1
OPERATION_PARAM = 2
OPERATION_NEG = 3
OPERATION_ABS = 4
OPERATION_SIGN = 5
OPERATION_SQRT = 6
OPERATION_EXP = 7
OPERATION_EXPM1 = 8
OPERATION_LOG = 9
OPERATION_LOG1P = 10
OPERATION_SIN = 11
OPERATION_COS = 12
OPERATION_TAN = 13
OPERATION_SINH = 14
OPERATION_COSH = 15
OPERATION_ATAN = 16
OPERATION_ASINH = 17
OPERATION_ERF = 18
OPERATION_ERFC = 19
OPERATION_GAUSS = 20
OPERATION_NOT = 21
OPERATION_ADD = 22
OPERATION_SUB = 23
OPERATION_MUL = 24
OPERATION_SCALE = 25
OPERATION_DIV = 26
OPERATION_POW = 27
OPERATION_MIN = 28
OPERATION_MAX = 29
OPERATION_LT = 30
OPERATION_LE = 31
OPERATION_EQ = 32
OPERATION_AND = 33
OPERATION_OR = 34
OPERATION_WHERE = 35


class OperationInfo(Sized):
    _fields_ = [
        ("size", size),
        ("name", text),
        ("operation", i32),
        ("operand_count", i32),
        ("operands", pointer),
        ("number", f64),
    ]


declare_later(
    {
        "activ_expression_create": (i32, [pointer, many(pointer), one(Message)]),
        "activ_expression_destroy": (None, [pointer]),
        "activ_expression_count": (size, [pointer]),
        "activ_expression_value": (size, [pointer]),
        "activ_expression_derivative": (size, [pointer]),
        "activ_expression_gradient": (size, [pointer, size]),
        "activ_expression_operation": (i32, [pointer, size, one(OperationInfo)]),
    }
)


declare_later(
    {
        "activ_forward_as": (i32, [pointer, pointer, i32, size, pointer, pointer]),
        "activ_backward_as": (i32, [pointer, pointer, i32, size, pointer, pointer, pointer, pointer]),
        "activ_forward_rows_as": (i32, [pointer, pointer, i32, size, size] + 2 * [pointer, size]),
        "activ_backward_rows_as": (
            i32,
            [pointer, pointer, i32, size, size] + 3 * [pointer, size] + [pointer],
        ),
        "activ_forward_gated_as": (i32, [pointer, pointer, i32, size, size] + 3 * [pointer, size]),
        "activ_backward_gated_as": (
            i32,
            [pointer, pointer, i32, size, size] + 5 * [pointer, size] + [pointer],
        ),
    }
)


# ---- dtype.h -------------------------------------------------------------------------------------
FLOAT32 = 1
FLOAT64 = 2
INT32 = 3
INT64 = 4
UINT8 = 5
FLOAT16 = 6
BFLOAT16 = 7
declare({"activ_dtype_size": (size, [i32])})
declare_later({"activ_convert": (i32, [size, i32, pointer, i32, pointer])})


# ---- tensor.h ------------------------------------------------------------------------------------
declare(
    {
        "activ_tensor_create": (i32, [pointer, i32, size, pointer, many(pointer), one(Message)]),
        "activ_tensor_view": (
            i32,
            [pointer, i32, size, pointer, pointer, pointer, many(pointer), one(Message)],
        ),
        "activ_tensor_view_const": (
            i32,
            [pointer, i32, size, pointer, pointer, pointer, many(pointer), one(Message)],
        ),
        "activ_tensor_reshape": (i32, [pointer, size, pointer, many(pointer), one(Message)]),
        "activ_tensor_narrow": (i32, [pointer, size, size, size, many(pointer), one(Message)]),
        "activ_tensor_transpose": (i32, [pointer, size, size, many(pointer), one(Message)]),
        "activ_tensor_destroy": (None, [pointer]),
        "activ_tensor_dtype": (i32, [pointer]),
        "activ_tensor_ndim": (size, [pointer]),
        "activ_tensor_shape": (many(size), [pointer]),
        "activ_tensor_strides": (many(size), [pointer]),
        "activ_tensor_count": (size, [pointer]),
        "activ_tensor_is_contiguous": (i32, [pointer]),
        "activ_tensor_is_read_only": (i32, [pointer]),
        "activ_tensor_const_data": (pointer, [pointer]),
        "activ_tensor_data": (pointer, [pointer]),
        "activ_tensor_copy": (i32, [pointer, pointer, one(Message)]),
    }
)


declare_later(
    {
        "activ_tensor_from_dlpack": (i32, [pointer, pointer, many(pointer), one(Message)]),
        "activ_tensor_from_dlpack_versioned": (i32, [pointer, pointer, many(pointer), one(Message)]),
        "activ_tensor_to_dlpack": (i32, [pointer, many(pointer), one(Message)]),
        "activ_tensor_to_dlpack_versioned": (i32, [pointer, many(pointer), one(Message)]),
    }
)


# ---- graph.h -------------------------------------------------------------------------------------
GATE_SECOND = 0
GATE_FIRST = 1


class NormOptions(Sized):
    defaults = {"eps": 1e-5, "momentum": 0.1}
    _fields_ = [("size", size), ("eps", f32), ("momentum", f32)]


class CrossEntropyOptions(Sized):
    defaults = {"ignore_index": -100}
    _fields_ = [("size", size), ("weight", pointer), ("label_smoothing", f32), ("ignore_index", i32)]


class CompileOptions(Sized):
    _fields_ = [("size", size), ("max_batch", size), ("keep_values", i32), ("reserved", i32)]


class GraphTensorInfo(Sized):
    _fields_ = [
        ("size", size),
        ("name", text),
        ("offset", size),
        ("count", size),
        ("ndim", size),
        ("shape", many(size)),
        ("node", i32),
        ("reserved", i32),
    ]


class NodeInfo(Sized):
    _fields_ = [
        ("size", size),
        ("name", text),
        ("kind", text),
        ("description", text),
        ("ndim", size),
        ("shape", many(size)),
        ("input_count", size),
        ("inputs", many(i32)),
        ("first_param", size),
        ("param_count", size),
        ("first_buffer", size),
        ("buffer_count", size),
        ("multiply_adds", size),
    ]


declare(
    {
        "activ_graph_create": (i32, [pointer, many(pointer)]),
        "activ_graph_destroy": (None, [pointer]),
        "activ_graph_input": (i32, [pointer, size]),
        "activ_graph_input_shape": (i32, [pointer, size, pointer]),
        "activ_graph_flatten": (i32, [pointer, i32]),
        "activ_graph_linear": (i32, [pointer, i32, size]),
        "activ_graph_linear_without_bias": (i32, [pointer, i32, size]),
        "activ_graph_apply": (i32, [pointer, i32, pointer]),
        "activ_graph_apply_shared": (i32, [pointer, i32, i32]),
        "activ_graph_gated": (i32, [pointer, i32, i32, pointer]),
        "activ_graph_gated_split": (i32, [pointer, i32, pointer, i32]),
        "activ_graph_add": (i32, [pointer, i32, i32]),
        "activ_graph_multiply": (i32, [pointer, i32, i32]),
        "activ_graph_concat": (i32, [pointer, i32, i32, i32]),
        "activ_graph_concat_many": (i32, [pointer, size, pointer, i32]),
        "activ_graph_dropout": (i32, [pointer, i32, f32]),
        "activ_graph_batch_norm": (i32, [pointer, i32, one(NormOptions)]),
        "activ_graph_layer_norm": (i32, [pointer, i32, i32, one(NormOptions)]),
        "activ_graph_cross_entropy": (i32, [pointer, i32]),
        "activ_graph_mse": (i32, [pointer, i32]),
        "activ_graph_cross_entropy_ex": (i32, [pointer, i32, one(CrossEntropyOptions)]),
        "activ_graph_set_name": (i32, [pointer, i32, text]),
        "activ_graph_compile": (i32, [pointer, size]),
        "activ_graph_compile_ex": (i32, [pointer, one(CompileOptions), one(Message)]),
        "activ_graph_error": (text, [pointer]),
        "activ_graph_init": (i32, [pointer, u64]),
        "activ_graph_init_weights": (i32, [pointer, i32, f32, u64]),
        "activ_graph_seed": (u64, [pointer]),
        "activ_graph_forward": (i32, [pointer, size, pointer, pointer]),
        "activ_graph_predict": (i32, [pointer, pointer, size, size, pointer, pointer]),
        "activ_graph_predict_ex": (i32, [pointer, pointer, size, size, pointer, pointer, one(Message)]),
        "activ_graph_workspace_bytes": (size, [pointer, size]),
        "activ_graph_train": (i32, [pointer, size, pointer, pointer, pointer]),
        "activ_graph_train_values": (i32, [pointer, size, pointer, pointer, pointer]),
        "activ_graph_forward_train": (i32, [pointer, size, pointer, pointer]),
        "activ_graph_backward": (i32, [pointer, size, pointer, pointer]),
        "activ_graph_evaluate": (i32, [pointer, size, pointer, pointer, pointer, pointer]),
        "activ_graph_evaluate_values": (i32, [pointer, size, pointer, pointer, pointer]),
        "activ_graph_clip_grad_norm": (i32, [pointer, f32, pointer]),
        "activ_graph_clip_grad_value": (i32, [pointer, f32]),
        "activ_graph_param_count": (size, [pointer]),
        "activ_graph_params": (pointer, [pointer]),
        "activ_graph_grads": (pointer, [pointer]),
        "activ_graph_buffer_count": (size, [pointer]),
        "activ_graph_buffers": (pointer, [pointer]),
        "activ_graph_param_tensor_count": (size, [pointer]),
        "activ_graph_param_tensor_info": (i32, [pointer, size, one(GraphTensorInfo)]),
        "activ_graph_buffer_tensor_count": (size, [pointer]),
        "activ_graph_buffer_tensor_info": (i32, [pointer, size, one(GraphTensorInfo)]),
        "activ_graph_node_count": (size, [pointer]),
        "activ_graph_node_info": (i32, [pointer, i32, one(NodeInfo)]),
        "activ_graph_input_node": (i32, [pointer]),
        "activ_graph_output_node": (i32, [pointer]),
        "activ_graph_loss_node": (i32, [pointer]),
        "activ_graph_find_node": (i32, [pointer, text]),
        "activ_graph_node_fn": (pointer, [pointer, i32]),
        "activ_graph_values": (pointer, [pointer, i32]),
        "activ_graph_value_grads": (pointer, [pointer, i32]),
        "activ_graph_max_batch": (size, [pointer]),
        "activ_graph_memory_bytes": (size, [pointer, size]),
        "activ_graph_memory_bytes_ex": (size, [pointer, one(CompileOptions)]),
    }
)


# ---- init.h --------------------------------------------------------------------------------------
INIT_DEFAULT = 0
INIT_KAIMING_UNIFORM = 1
INIT_KAIMING_NORMAL = 2
INIT_XAVIER_UNIFORM = 3
INIT_XAVIER_NORMAL = 4
INIT_ORTHOGONAL = 5
declare(
    {
        "activ_init_gain": (f32, [i32]),
        "activ_init_tensor": (i32, [pointer, i32, f32, size, pointer, u64, u64, pointer, one(Message)]),
    }
)


# ---- optim.h -------------------------------------------------------------------------------------


class SgdOptions(Sized):
    defaults = {"lr": 0.001}
    _fields_ = [
        ("size", size),
        ("lr", f32),
        ("momentum", f32),
        ("dampening", f32),
        ("weight_decay", f32),
        ("nesterov", i32),
        ("maximize", i32),
    ]


class AdamwOptions(Sized):
    defaults = {"lr": 0.001, "beta1": 0.9, "beta2": 0.999, "eps": 1e-8, "weight_decay": 0.01}
    _fields_ = [
        ("size", size),
        ("lr", f32),
        ("beta1", f32),
        ("beta2", f32),
        ("eps", f32),
        ("weight_decay", f32),
        ("amsgrad", i32),
        ("maximize", i32),
        ("reserved", i32),
    ]


class RmspropOptions(Sized):
    defaults = {"lr": 0.01, "alpha": 0.99, "eps": 1e-8}
    _fields_ = [
        ("size", size),
        ("lr", f32),
        ("alpha", f32),
        ("eps", f32),
        ("weight_decay", f32),
        ("momentum", f32),
        ("centered", i32),
        ("maximize", i32),
        ("reserved", i32),
    ]


class OptimizerTensorOptions(Sized):
    defaults = {"lr_scale": 1.0}
    _fields_ = [("size", size), ("lr_scale", f32), ("weight_decay", f32)]


declare(
    {
        "activ_sgd_create": (i32, [pointer, one(SgdOptions), many(pointer)]),
        "activ_adamw_create": (i32, [pointer, one(AdamwOptions), many(pointer)]),
        "activ_rmsprop_create": (i32, [pointer, one(RmspropOptions), many(pointer)]),
        "activ_optimizer_destroy": (None, [pointer]),
        "activ_optimizer_step": (i32, [pointer]),
        "activ_graph_step": (i32, [pointer, pointer, size, pointer, pointer, pointer]),
        "activ_graph_step_values": (i32, [pointer, pointer, size, pointer, pointer, pointer]),
        "activ_optimizer_steps": (u64, [pointer]),
        "activ_optimizer_set_lr": (i32, [pointer, f32]),
        "activ_optimizer_lr": (f32, [pointer]),
        "activ_optimizer_set_tensor_options": (i32, [pointer, size, one(OptimizerTensorOptions)]),
        "activ_optimizer_get_tensor_options": (i32, [pointer, size, one(OptimizerTensorOptions)]),
        "activ_optimizer_decay_weights_only": (i32, [pointer]),
        "activ_lr_step": (f32, [f32, u64, f32, u64]),
        "activ_lr_cosine": (f32, [f32, u64, f32, u64]),
        "activ_lr_warmup": (f32, [f32, f32, u64, u64]),
        "activ_lr_warmup_cosine": (f32, [f32, f32, u64, u64, f32, u64]),
    }
)


# ---- checkpoint.h --------------------------------------------------------------------------------


class SafetensorsEntry(Sized):
    _fields_ = [
        ("size", size),
        ("name", text),
        ("dtype", i32),
        ("dtype_name", text),
        ("ndim", size),
        ("shape", many(size)),
        ("data", pointer),
        ("bytes", size),
    ]


class SafetensorsText(ctypes.Structure):
    _fields_ = [("key", text), ("value", text)]


declare(
    {
        "activ_checkpoint_save": (i32, [pointer, text, one(Message)]),
        "activ_checkpoint_load": (i32, [pointer, text, size, many(pointer), one(Message)]),
        "activ_checkpoint_load_params": (i32, [pointer, text, one(Message)]),
        "activ_checkpoint_save_training": (i32, [pointer, pointer, text, one(Message)]),
        "activ_checkpoint_load_training": (i32, [pointer, text, many(pointer), one(Message)]),
        "activ_safetensors_open": (i32, [pointer, text, many(pointer), one(Message)]),
        "activ_safetensors_open_memory": (i32, [pointer, pointer, size, many(pointer), one(Message)]),
        "activ_safetensors_close": (None, [pointer]),
        "activ_safetensors_count": (size, [pointer]),
        "activ_safetensors_at": (i32, [pointer, size, one(SafetensorsEntry)]),
        "activ_safetensors_find": (i32, [pointer, text, one(SafetensorsEntry)]),
        "activ_safetensors_metadata": (text, [pointer, text]),
        "activ_safetensors_metadata_key": (text, [pointer, size]),
        "activ_safetensors_save": (
            i32,
            [pointer, text, size, many(text), many(pointer), size, one(SafetensorsText), one(Message)],
        ),
    }
)


# user, what, name
LeftCallback = ctypes.CFUNCTYPE(None, pointer, i32, text)
LEFT_MISSING = 1
LEFT_UNUSED = 2


class TensorName(ctypes.Structure):
    _fields_ = [("graph", text), ("file", text)]


class LoadOptions(Sized):
    _fields_ = [
        ("size", size),
        ("name_count", size),
        ("names", one(TensorName)),
        ("partial", i32),
        ("convert", i32),
        ("left", LeftCallback),
        ("user", pointer),
    ]


declare_later(
    {
        "activ_checkpoint_load_params_ex": (i32, [pointer, text, one(LoadOptions), one(Message)]),
        "activ_checkpoint_save_params": (i32, [pointer, text, size, one(TensorName), one(Message)]),
    }
)


# ---- analysis.h ----------------------------------------------------------------------------------


class LayerView(Sized):
    _fields_ = [
        ("size", size),
        ("name", text),
        ("kind", text),
        ("fn", pointer),
        ("ndim", size),
        ("shape", many(size)),
        ("width", size),
        ("batch", size),
        ("values", pointer),
        ("value_grads", pointer),
        ("params", pointer),
        ("param_grads", pointer),
        ("param_count", size),
        ("first_param", size),
        ("first_tensor", size),
        ("tensor_count", size),
    ]


class HistogramInfo(Sized):
    _fields_ = [
        ("size", size),
        ("bins", size),
        ("edges", pointer),
        ("counts", pointer),
        ("total", u64),
        ("under", u64),
        ("over", u64),
        ("nans", u64),
    ]


class StatsInfo(Sized):
    _fields_ = [
        ("size", size),
        ("count", u64),
        ("finite", u64),
        ("zeros", u64),
        ("nans", u64),
        ("positive_infinities", u64),
        ("negative_infinities", u64),
        ("mean", f64),
        ("mean_magnitude", f64),
        ("variance", f64),
        ("sample_variance", f64),
        ("deviation", f64),
        ("norm", f64),
        ("rms", f64),
        ("least", f64),
        ("largest", f64),
    ]


class NeuronsOptions(Sized):
    _fields_ = [("size", size), ("threshold", f32), ("reserved", i32)]


class NeuronsInfo(Sized):
    _fields_ = [
        ("size", size),
        ("width", size),
        ("inputs", u64),
        ("active", pointer),
        ("peaks", pointer),
        ("dead", u64),
    ]


declare(
    {
        "activ_graph_layer_view": (i32, [pointer, i32, one(LayerView)]),
        "activ_histogram_create": (i32, [pointer, size, f64, f64, many(pointer), one(Message)]),
        "activ_histogram_create_auto": (i32, [pointer, size, pointer, size, many(pointer), one(Message)]),
        "activ_histogram_bins": (size, [u64, f64, f64, f64, f64, size]),
        "activ_histogram_destroy": (None, [pointer]),
        "activ_histogram_add": (i32, [pointer, size, pointer]),
        "activ_histogram_merge": (i32, [pointer, pointer]),
        "activ_histogram_reset": (i32, [pointer]),
        "activ_histogram_get": (i32, [pointer, one(HistogramInfo)]),
        "activ_stats_create": (i32, [pointer, many(pointer)]),
        "activ_stats_destroy": (None, [pointer]),
        "activ_stats_add": (i32, [pointer, size, pointer]),
        "activ_stats_merge": (i32, [pointer, pointer]),
        "activ_stats_reset": (i32, [pointer]),
        "activ_stats_get": (i32, [pointer, one(StatsInfo)]),
        "activ_quantiles_create": (i32, [pointer, i32, many(pointer)]),
        "activ_quantiles_destroy": (None, [pointer]),
        "activ_quantiles_add": (i32, [pointer, size, pointer]),
        "activ_quantiles_merge": (i32, [pointer, pointer]),
        "activ_quantiles_reset": (i32, [pointer]),
        "activ_quantiles_count": (u64, [pointer]),
        "activ_quantiles_nans": (u64, [pointer]),
        "activ_quantiles_get": (i32, [pointer, size, pointer, pointer]),
        "activ_neurons_create": (i32, [pointer, size, one(NeuronsOptions), many(pointer)]),
        "activ_neurons_destroy": (None, [pointer]),
        "activ_neurons_add": (i32, [pointer, size, pointer, size]),
        "activ_neurons_merge": (i32, [pointer, pointer]),
        "activ_neurons_reset": (i32, [pointer]),
        "activ_neurons_get": (i32, [pointer, one(NeuronsInfo)]),
        "activ_neurons_dead": (i32, [pointer, size, pointer, pointer]),
        "activ_neurons_quiet": (i32, [pointer, f32, size, pointer, pointer]),
        "activ_neurons_rarely_active": (i32, [pointer, f64, size, pointer, pointer]),
        "activ_graph_neurons_create": (i32, [pointer, one(NeuronsOptions), many(pointer)]),
        "activ_graph_neurons_destroy": (None, [pointer]),
        "activ_graph_neurons_add": (i32, [pointer]),
        "activ_graph_neurons_merge": (i32, [pointer, pointer]),
        "activ_graph_neurons_reset": (i32, [pointer]),
        "activ_graph_neurons_count": (size, [pointer]),
        "activ_graph_neurons_node": (i32, [pointer, size]),
        "activ_graph_neurons_at": (pointer, [pointer, size]),
        "activ_surface": (
            i32,
            [pointer, pointer, size, f32, f32, pointer, pointer, pointer, pointer, pointer, one(Message)],
        ),
    }
)


# ---- random.h ------------------------------------------------------------------------------------
declare(
    {
        "activ_random_bits": (u32, [u64, u64, u64]),
        "activ_random_uniform": (i32, [u64, u64, u64, size, f32, f32, pointer]),
        "activ_random_normal": (i32, [u64, u64, u64, size, f32, f32, pointer]),
        "activ_random_permutation": (i32, [u64, u64, size, pointer]),
    }
)


# ---- the whole -----------------------------------------------------------------------------------

# Structs by their names in the headers.
STRUCTS: Dict[str, Any] = {
    "activ_message": Message,
    "activ_allocator": Allocator,
    "activ_executor": Executor,
    "activ_context_options": ContextOptions,
    "activ_fn_callbacks": FnCallbacks,
    "activ_custom_fn": CustomFn,
    "activ_forward_args": ForwardArgs,
    "activ_backward_args": BackwardArgs,
    "activ_fn_info": FnInfo,
    "activ_setting_info": SettingInfo,
    "activ_fn_tensor_info": FnTensorInfo,
    "activ_operation_info": OperationInfo,
    "activ_norm_options": NormOptions,
    "activ_cross_entropy_options": CrossEntropyOptions,
    "activ_compile_options": CompileOptions,
    "activ_graph_tensor_info": GraphTensorInfo,
    "activ_node_info": NodeInfo,
    "activ_sgd_options": SgdOptions,
    "activ_adamw_options": AdamwOptions,
    "activ_rmsprop_options": RmspropOptions,
    "activ_optimizer_tensor_options": OptimizerTensorOptions,
    "activ_tensor_name": TensorName,
    "activ_load_options": LoadOptions,
    "activ_safetensors_entry": SafetensorsEntry,
    "activ_safetensors_text": SafetensorsText,
    "activ_layer_view": LayerView,
    "activ_histogram_info": HistogramInfo,
    "activ_stats_info": StatsInfo,
    "activ_neurons_options": NeuronsOptions,
    "activ_neurons_info": NeuronsInfo,
}


def missing(name: str) -> Callable[..., Any]:
    """Stands for a function that an older library does not have."""

    def function(*arguments: Any) -> Any:
        raise NotImplementedError(f"this libactiv has no {name}: a newer one is needed")

    return function


def has(library: ctypes.CDLL, name: str) -> bool:
    """Whether the library has one of the functions in LATER."""
    return isinstance(getattr(library, name), ctypes._CFuncPtr)  # type: ignore[attr-defined]


def bind(library: ctypes.CDLL) -> None:
    """Gives every function of the library its types. AttributeError: it lacks one that 0.2.0 has."""
    for name, (restype, argtypes) in FUNCTIONS.items():
        try:
            function = getattr(library, name)
        except AttributeError:
            if name not in LATER:
                raise
            setattr(library, name, missing(name))
            continue
        function.restype = restype
        function.argtypes = argtypes
