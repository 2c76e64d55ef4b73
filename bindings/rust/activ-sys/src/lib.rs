//! The C API of libactiv, declared: every function, struct and constant of `include/activ/`, under its C name.
//!
//! What each of them does, and what its arguments have to be, is said in the headers; the crate `activ` wraps them
//! safely. Tests compare these declarations with the headers, and with what the C compiler makes of them.
//!
//! Structs begin with `size`. The constants `ACTIV_..._DEFAULTS` and `ACTIV_..._INIT` are the headers' initialisers:
//!
//! ```
//! # use activ_sys::*;
//! let mut options = ACTIV_SGD_DEFAULTS;
//! options.lr = 0.1;
//! assert_eq!(options.size, std::mem::size_of::<activ_sgd_options>());
//! ```
//!
//! [`check_version`] compares the library that runs with these declarations. How the library is found is said in the
//! README; a package that depends on this one directly has its folder, if `ACTIV_LIB_DIR` or pkg-config named one, as
//! `DEP_ACTIV_LIB_DIR` in its build script.
#![allow(non_camel_case_types)]

mod version;

pub use std::os::raw::{c_char, c_void};
pub use version::{check_version, version_fits, VersionMismatch};

use std::marker::{PhantomData, PhantomPinned};
use std::mem::size_of;
use std::ptr::{null, null_mut};

/// A type that only the library knows: of no size here, made nowhere, and neither `Send`, `Sync` nor `Unpin`.
macro_rules! opaque {
    ($name:ident) => {
        #[repr(C)]
        pub struct $name {
            _data: [u8; 0],
            _marker: PhantomData<(*mut u8, PhantomPinned)>,
        }
    };
}

// ---- status.h ----

pub type activ_status = i32;

pub const ACTIV_OK: activ_status = 0;
pub const ACTIV_ERROR_INVALID: activ_status = 1;
pub const ACTIV_ERROR_OUT_OF_MEMORY: activ_status = 2;
pub const ACTIV_ERROR_UNKNOWN_NAME: activ_status = 3;
pub const ACTIV_ERROR_SYNTAX: activ_status = 4;
pub const ACTIV_ERROR_RANGE: activ_status = 5;
pub const ACTIV_ERROR_SHAPE: activ_status = 6;
pub const ACTIV_ERROR_STATE: activ_status = 7;
pub const ACTIV_ERROR_IO: activ_status = 8;
pub const ACTIV_ERROR_FORMAT: activ_status = 9;
pub const ACTIV_ERROR_UNSUPPORTED: activ_status = 10;

#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct activ_message {
    pub text: [c_char; 512],
}

extern "C" {
    pub fn activ_status_string(status: activ_status) -> *const c_char;
}

// ---- version.h ----

pub const ACTIV_VERSION_MAJOR: u32 = 0;

pub const ACTIV_VERSION_MINOR: u32 = 2;

pub const ACTIV_VERSION_PATCH: u32 = 0;

pub const ACTIV_VERSION_NUMBER: u32 = ACTIV_VERSION_MAJOR * 10000 + ACTIV_VERSION_MINOR * 100 + ACTIV_VERSION_PATCH;

extern "C" {
    pub fn activ_version_number() -> u32;
    pub fn activ_version_string() -> *const c_char;
}

// ---- cpu.h ----

extern "C" {
    pub fn activ_tier() -> *const c_char;
    pub fn activ_max_tier() -> *const c_char;
    pub fn activ_tier_at(index: usize) -> *const c_char;
}

// ---- context.h ----

opaque!(activ_context);

#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct activ_allocator {
    pub size: usize,
    pub user: *mut c_void,
    pub alloc: Option<unsafe extern "C" fn(user: *mut c_void, bytes: usize, alignment: usize) -> *mut c_void>,
    pub free: Option<unsafe extern "C" fn(user: *mut c_void, memory: *mut c_void, bytes: usize)>,
}

#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct activ_executor {
    pub size: usize,
    pub user: *mut c_void,
    pub num_threads: i32,
    pub parallel_for: Option<
        unsafe extern "C" fn(
            user: *mut c_void,
            count: usize,
            task: Option<unsafe extern "C" fn(argument: *mut c_void, i: usize)>,
            argument: *mut c_void,
        ),
    >,
}

pub type activ_log_callback =
    Option<unsafe extern "C" fn(user: *mut c_void, status: activ_status, line: *const c_char)>;

#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct activ_context_options {
    pub size: usize,
    pub allocator: *const activ_allocator,
    pub executor: *const activ_executor,
    pub log: activ_log_callback,
    pub log_user: *mut c_void,
    pub max_tier: *const c_char,
    pub functions: *const *const activ_custom_fn,
    pub function_count: usize,
}

pub const ACTIV_ALLOCATOR_DEFAULTS: activ_allocator =
    activ_allocator { size: size_of::<activ_allocator>(), user: null_mut(), alloc: None, free: None };

pub const ACTIV_EXECUTOR_DEFAULTS: activ_executor =
    activ_executor { size: size_of::<activ_executor>(), user: null_mut(), num_threads: 1, parallel_for: None };

pub const ACTIV_CONTEXT_DEFAULTS: activ_context_options = activ_context_options {
    size: size_of::<activ_context_options>(),
    allocator: null(),
    executor: null(),
    log: None,
    log_user: null_mut(),
    max_tier: null(),
    functions: null(),
    function_count: 0,
};

extern "C" {
    pub fn activ_context_create(options: *const activ_context_options, out: *mut *mut activ_context) -> activ_status;
    pub fn activ_context_create_ex(
        options: *const activ_context_options,
        out: *mut *mut activ_context,
        message: *mut activ_message,
    ) -> activ_status;
    pub fn activ_context_destroy(context: *mut activ_context);
    pub fn activ_context_tier(context: *const activ_context) -> *const c_char;
}

// ---- fn.h ----

opaque!(activ_fn);

#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct activ_fn_callbacks {
    pub size: usize,
    pub forward:
        Option<unsafe extern "C" fn(user: *mut c_void, params: *const f32, n: usize, x: *const f32, y: *mut f32)>,
    pub backward: Option<
        unsafe extern "C" fn(
            user: *mut c_void,
            params: *const f32,
            n: usize,
            x: *const f32,
            dy: *const f32,
            dx: *mut f32,
            sums: *mut f64,
        ),
    >,
    pub param_init: Option<unsafe extern "C" fn(user: *mut c_void, seed: u64, params: *mut f32)>,
    pub param_count: usize,
}

#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct activ_custom_fn {
    pub size: usize,
    pub name: *const c_char,
    pub callbacks: *const activ_fn_callbacks,
    pub user: *mut c_void,
}

#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct activ_forward_args {
    pub size: usize,
    pub params: *const f32,
    pub rows: usize,
    pub columns: usize,
    pub channels: usize,
    pub x: *const f32,
    pub x_stride: usize,
    pub gate: *const f32,
    pub gate_stride: usize,
    pub y: *mut f32,
    pub y_stride: usize,
    pub noise: *mut f32,
    pub seed: u64,
    pub stream: u64,
    pub index: u64,
    pub dtype: activ_dtype,
    pub reserved: i32,
}

#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct activ_backward_args {
    pub size: usize,
    pub params: *const f32,
    pub rows: usize,
    pub columns: usize,
    pub channels: usize,
    pub x: *const f32,
    pub x_stride: usize,
    pub gate: *const f32,
    pub gate_stride: usize,
    pub noise: *const f32,
    pub dy: *const f32,
    pub dy_stride: usize,
    pub dx: *mut f32,
    pub dx_stride: usize,
    pub dgate: *mut f32,
    pub dgate_stride: usize,
    pub dparams: *mut f32,
    pub y: *const f32,
    pub y_stride: usize,
    pub accumulate: i32,
    pub dtype: activ_dtype,
}

pub const ACTIV_SHAPE_ELEMENTWISE: i32 = 0;
pub const ACTIV_SHAPE_ROWWISE: i32 = 1;
pub const ACTIV_SHAPE_GATED: i32 = 2;

#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct activ_fn_info {
    pub size: usize,
    pub name: *const c_char,
    pub aliases: *const c_char,
    pub signature: *const c_char,
    pub formula: *const c_char,
    pub source: *const c_char,
    pub trainable: i32,
    pub forward_ulp: f32,
    pub derivative_ulp: f32,
    pub shape: i32,
    pub random: i32,
    pub reserved: i32,
}

pub const ACTIV_SETTING_REAL: i32 = 0;
pub const ACTIV_SETTING_COUNT: i32 = 1;
pub const ACTIV_SETTING_WORD: i32 = 2;
pub const ACTIV_SETTING_FUNCTIONS: i32 = 3;

#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct activ_setting_info {
    pub size: usize,
    pub name: *const c_char,
    pub kind: i32,
    pub trainable: i32,
    pub value: f64,
    pub initial: f64,
    pub minimum: f64,
    pub maximum: f64,
    pub word: *const c_char,
    pub words: *const *const c_char,
}

#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct activ_fn_tensor_info {
    pub size: usize,
    pub name: *const c_char,
    pub offset: usize,
    pub count: usize,
}

pub const ACTIV_FN_CALLBACKS_DEFAULTS: activ_fn_callbacks = activ_fn_callbacks {
    size: size_of::<activ_fn_callbacks>(),
    forward: None,
    backward: None,
    param_init: None,
    param_count: 0,
};

pub const ACTIV_CUSTOM_FN_DEFAULTS: activ_custom_fn =
    activ_custom_fn { size: size_of::<activ_custom_fn>(), name: null(), callbacks: null(), user: null_mut() };

pub const ACTIV_FORWARD_ARGS_DEFAULTS: activ_forward_args = activ_forward_args {
    size: size_of::<activ_forward_args>(),
    params: null(),
    rows: 0,
    columns: 0,
    channels: 0,
    x: null(),
    x_stride: 0,
    gate: null(),
    gate_stride: 0,
    y: null_mut(),
    y_stride: 0,
    noise: null_mut(),
    seed: 0,
    stream: 0,
    index: 0,
    dtype: 0,
    reserved: 0,
};

pub const ACTIV_BACKWARD_ARGS_DEFAULTS: activ_backward_args = activ_backward_args {
    size: size_of::<activ_backward_args>(),
    params: null(),
    rows: 0,
    columns: 0,
    channels: 0,
    x: null(),
    x_stride: 0,
    gate: null(),
    gate_stride: 0,
    noise: null(),
    dy: null(),
    dy_stride: 0,
    dx: null_mut(),
    dx_stride: 0,
    dgate: null_mut(),
    dgate_stride: 0,
    dparams: null_mut(),
    y: null(),
    y_stride: 0,
    accumulate: 0,
    dtype: 0,
};

pub const ACTIV_FN_INFO_INIT: activ_fn_info = activ_fn_info {
    size: size_of::<activ_fn_info>(),
    name: null(),
    aliases: null(),
    signature: null(),
    formula: null(),
    source: null(),
    trainable: 0,
    forward_ulp: 0.0,
    derivative_ulp: 0.0,
    shape: 0,
    random: 0,
    reserved: 0,
};

pub const ACTIV_SETTING_INFO_INIT: activ_setting_info = activ_setting_info {
    size: size_of::<activ_setting_info>(),
    name: null(),
    kind: 0,
    trainable: 0,
    value: 0.0,
    initial: 0.0,
    minimum: 0.0,
    maximum: 0.0,
    word: null(),
    words: null(),
};

pub const ACTIV_FN_TENSOR_INFO_INIT: activ_fn_tensor_info =
    activ_fn_tensor_info { size: size_of::<activ_fn_tensor_info>(), name: null(), offset: 0, count: 0 };

extern "C" {
    pub fn activ_fn_create(context: *const activ_context, spec: *const c_char, out: *mut *mut activ_fn)
        -> activ_status;
    pub fn activ_fn_create_ex(
        context: *const activ_context,
        spec: *const c_char,
        out: *mut *mut activ_fn,
        message: *mut activ_message,
    ) -> activ_status;
    pub fn activ_fn_create_custom(
        context: *const activ_context,
        name: *const c_char,
        callbacks: *const activ_fn_callbacks,
        user: *mut c_void,
        out: *mut *mut activ_fn,
    ) -> activ_status;
    pub fn activ_fn_create_custom_ex(
        context: *const activ_context,
        name: *const c_char,
        callbacks: *const activ_fn_callbacks,
        user: *mut c_void,
        out: *mut *mut activ_fn,
        message: *mut activ_message,
    ) -> activ_status;
    pub fn activ_fn_derivative(r#fn: *const activ_fn, out: *mut *mut activ_fn) -> activ_status;
    pub fn activ_fn_derivative_ex(
        r#fn: *const activ_fn,
        out: *mut *mut activ_fn,
        message: *mut activ_message,
    ) -> activ_status;
    pub fn activ_fn_default(name: *const c_char) -> *const activ_fn;
    pub fn activ_fn_destroy(r#fn: *mut activ_fn);
    pub fn activ_fn_spec(r#fn: *const activ_fn) -> *const c_char;
    pub fn activ_fn_param_count(r#fn: *const activ_fn) -> usize;
    pub fn activ_fn_param_init(r#fn: *const activ_fn, seed: u64, params: *mut f32) -> activ_status;
    pub fn activ_forward(
        r#fn: *const activ_fn,
        params: *const f32,
        n: usize,
        x: *const f32,
        y: *mut f32,
    ) -> activ_status;
    pub fn activ_backward(
        r#fn: *const activ_fn,
        params: *const f32,
        n: usize,
        x: *const f32,
        dy: *const f32,
        dx: *mut f32,
        dparams: *mut f32,
    ) -> activ_status;
    pub fn activ_forward_channels(
        r#fn: *const activ_fn,
        params: *const f32,
        outer: usize,
        channels: usize,
        inner: usize,
        x: *const f32,
        y: *mut f32,
    ) -> activ_status;
    pub fn activ_backward_channels(
        r#fn: *const activ_fn,
        params: *const f32,
        outer: usize,
        channels: usize,
        inner: usize,
        x: *const f32,
        dy: *const f32,
        dx: *mut f32,
        dparams: *mut f32,
    ) -> activ_status;
    pub fn activ_forward_train(
        r#fn: *const activ_fn,
        params: *const f32,
        seed: u64,
        stream: u64,
        index: u64,
        n: usize,
        x: *const f32,
        y: *mut f32,
        noise: *mut f32,
    ) -> activ_status;
    pub fn activ_backward_train(
        r#fn: *const activ_fn,
        params: *const f32,
        n: usize,
        x: *const f32,
        noise: *const f32,
        dy: *const f32,
        dx: *mut f32,
        dparams: *mut f32,
    ) -> activ_status;
    pub fn activ_forward_rows(
        r#fn: *const activ_fn,
        params: *const f32,
        rows: usize,
        columns: usize,
        x: *const f32,
        x_stride: usize,
        y: *mut f32,
        y_stride: usize,
    ) -> activ_status;
    pub fn activ_backward_rows(
        r#fn: *const activ_fn,
        params: *const f32,
        rows: usize,
        columns: usize,
        x: *const f32,
        x_stride: usize,
        dy: *const f32,
        dy_stride: usize,
        dx: *mut f32,
        dx_stride: usize,
        dparams: *mut f32,
    ) -> activ_status;
    pub fn activ_forward_gated(
        r#fn: *const activ_fn,
        params: *const f32,
        rows: usize,
        columns: usize,
        value: *const f32,
        value_stride: usize,
        gate: *const f32,
        gate_stride: usize,
        y: *mut f32,
        y_stride: usize,
    ) -> activ_status;
    pub fn activ_backward_gated(
        r#fn: *const activ_fn,
        params: *const f32,
        rows: usize,
        columns: usize,
        value: *const f32,
        value_stride: usize,
        gate: *const f32,
        gate_stride: usize,
        dy: *const f32,
        dy_stride: usize,
        dvalue: *mut f32,
        dvalue_stride: usize,
        dgate: *mut f32,
        dgate_stride: usize,
        dparams: *mut f32,
    ) -> activ_status;
    pub fn activ_forward_as(
        r#fn: *const activ_fn,
        params: *const f32,
        dtype: activ_dtype,
        n: usize,
        x: *const c_void,
        y: *mut c_void,
    ) -> activ_status;
    pub fn activ_backward_as(
        r#fn: *const activ_fn,
        params: *const f32,
        dtype: activ_dtype,
        n: usize,
        x: *const c_void,
        dy: *const c_void,
        dx: *mut c_void,
        dparams: *mut f32,
    ) -> activ_status;
    pub fn activ_forward_rows_as(
        r#fn: *const activ_fn,
        params: *const f32,
        dtype: activ_dtype,
        rows: usize,
        columns: usize,
        x: *const c_void,
        x_stride: usize,
        y: *mut c_void,
        y_stride: usize,
    ) -> activ_status;
    pub fn activ_backward_rows_as(
        r#fn: *const activ_fn,
        params: *const f32,
        dtype: activ_dtype,
        rows: usize,
        columns: usize,
        x: *const c_void,
        x_stride: usize,
        dy: *const c_void,
        dy_stride: usize,
        dx: *mut c_void,
        dx_stride: usize,
        dparams: *mut f32,
    ) -> activ_status;
    pub fn activ_forward_gated_as(
        r#fn: *const activ_fn,
        params: *const f32,
        dtype: activ_dtype,
        rows: usize,
        columns: usize,
        value: *const c_void,
        value_stride: usize,
        gate: *const c_void,
        gate_stride: usize,
        y: *mut c_void,
        y_stride: usize,
    ) -> activ_status;
    pub fn activ_backward_gated_as(
        r#fn: *const activ_fn,
        params: *const f32,
        dtype: activ_dtype,
        rows: usize,
        columns: usize,
        value: *const c_void,
        value_stride: usize,
        gate: *const c_void,
        gate_stride: usize,
        dy: *const c_void,
        dy_stride: usize,
        dvalue: *mut c_void,
        dvalue_stride: usize,
        dgate: *mut c_void,
        dgate_stride: usize,
        dparams: *mut f32,
    ) -> activ_status;
    pub fn activ_forward_ex(
        r#fn: *const activ_fn,
        args: *const activ_forward_args,
        message: *mut activ_message,
    ) -> activ_status;
    pub fn activ_backward_ex(
        r#fn: *const activ_fn,
        args: *const activ_backward_args,
        message: *mut activ_message,
    ) -> activ_status;
    pub fn activ_fn_catalog(index: usize, info: *mut activ_fn_info) -> activ_status;
    pub fn activ_fn_info_of(r#fn: *const activ_fn, info: *mut activ_fn_info) -> activ_status;
    pub fn activ_fn_is_random(r#fn: *const activ_fn) -> i32;
    pub fn activ_fn_channels(r#fn: *const activ_fn) -> usize;
    pub fn activ_fn_setting_count(r#fn: *const activ_fn) -> usize;
    pub fn activ_fn_setting_info(r#fn: *const activ_fn, index: usize, info: *mut activ_setting_info) -> activ_status;
    pub fn activ_fn_function_count(r#fn: *const activ_fn) -> usize;
    pub fn activ_fn_function(r#fn: *const activ_fn, index: usize) -> *const activ_fn;
    pub fn activ_fn_param_tensor_count(r#fn: *const activ_fn) -> usize;
    pub fn activ_fn_param_tensor_info(
        r#fn: *const activ_fn,
        index: usize,
        info: *mut activ_fn_tensor_info,
    ) -> activ_status;
}

// ---- expression.h ----

opaque!(activ_expression);

pub const ACTIV_OPERATION_CONSTANT: i32 = 0;

pub const ACTIV_OPERATION_X: i32 = 1;

pub const ACTIV_OPERATION_PARAM: i32 = 2;

pub const ACTIV_OPERATION_NEG: i32 = 3;

pub const ACTIV_OPERATION_ABS: i32 = 4;

pub const ACTIV_OPERATION_SIGN: i32 = 5;

pub const ACTIV_OPERATION_SQRT: i32 = 6;

pub const ACTIV_OPERATION_EXP: i32 = 7;

pub const ACTIV_OPERATION_EXPM1: i32 = 8;

pub const ACTIV_OPERATION_LOG: i32 = 9;

pub const ACTIV_OPERATION_LOG1P: i32 = 10;

pub const ACTIV_OPERATION_SIN: i32 = 11;

pub const ACTIV_OPERATION_COS: i32 = 12;

pub const ACTIV_OPERATION_TAN: i32 = 13;

pub const ACTIV_OPERATION_SINH: i32 = 14;

pub const ACTIV_OPERATION_COSH: i32 = 15;

pub const ACTIV_OPERATION_ATAN: i32 = 16;

pub const ACTIV_OPERATION_ASINH: i32 = 17;

pub const ACTIV_OPERATION_ERF: i32 = 18;

pub const ACTIV_OPERATION_ERFC: i32 = 19;

pub const ACTIV_OPERATION_GAUSS: i32 = 20;

pub const ACTIV_OPERATION_NOT: i32 = 21;

pub const ACTIV_OPERATION_ADD: i32 = 22;

pub const ACTIV_OPERATION_SUB: i32 = 23;

pub const ACTIV_OPERATION_MUL: i32 = 24;

pub const ACTIV_OPERATION_SCALE: i32 = 25;

pub const ACTIV_OPERATION_DIV: i32 = 26;

pub const ACTIV_OPERATION_POW: i32 = 27;

pub const ACTIV_OPERATION_MIN: i32 = 28;

pub const ACTIV_OPERATION_MAX: i32 = 29;

pub const ACTIV_OPERATION_LT: i32 = 30;

pub const ACTIV_OPERATION_LE: i32 = 31;

pub const ACTIV_OPERATION_EQ: i32 = 32;

pub const ACTIV_OPERATION_AND: i32 = 33;

pub const ACTIV_OPERATION_OR: i32 = 34;

pub const ACTIV_OPERATION_WHERE: i32 = 35;

#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct activ_operation_info {
    pub size: usize,
    pub name: *const c_char,
    pub operation: i32,
    pub operand_count: i32,
    pub operands: *const i32,
    pub number: f64,
}

pub const ACTIV_OPERATION_INFO_INIT: activ_operation_info = activ_operation_info {
    size: size_of::<activ_operation_info>(),
    name: null(),
    operation: 0,
    operand_count: 0,
    operands: null(),
    number: 0.0,
};

extern "C" {
    pub fn activ_expression_create(
        r#fn: *const activ_fn,
        out: *mut *mut activ_expression,
        message: *mut activ_message,
    ) -> activ_status;
    pub fn activ_expression_destroy(expression: *mut activ_expression);
    pub fn activ_expression_count(expression: *const activ_expression) -> usize;
    pub fn activ_expression_value(expression: *const activ_expression) -> usize;
    pub fn activ_expression_derivative(expression: *const activ_expression) -> usize;
    pub fn activ_expression_gradient(expression: *const activ_expression, param: usize) -> usize;
    pub fn activ_expression_operation(
        expression: *const activ_expression,
        index: usize,
        info: *mut activ_operation_info,
    ) -> activ_status;
}

// ---- random.h ----

extern "C" {
    pub fn activ_random_bits(seed: u64, stream: u64, index: u64) -> u32;
    pub fn activ_random_uniform(
        seed: u64,
        stream: u64,
        index: u64,
        n: usize,
        low: f32,
        high: f32,
        out: *mut f32,
    ) -> activ_status;
    pub fn activ_random_normal(
        seed: u64,
        stream: u64,
        index: u64,
        n: usize,
        mean: f32,
        deviation: f32,
        out: *mut f32,
    ) -> activ_status;
    pub fn activ_random_permutation(seed: u64, stream: u64, n: usize, out: *mut u32) -> activ_status;
}

// ---- dtype.h ----

pub type activ_dtype = i32;

pub const ACTIV_FLOAT32: activ_dtype = 1;
pub const ACTIV_FLOAT64: activ_dtype = 2;
pub const ACTIV_INT32: activ_dtype = 3;
pub const ACTIV_INT64: activ_dtype = 4;
pub const ACTIV_UINT8: activ_dtype = 5;
pub const ACTIV_FLOAT16: activ_dtype = 6;
pub const ACTIV_BFLOAT16: activ_dtype = 7;

extern "C" {
    pub fn activ_dtype_size(dtype: activ_dtype) -> usize;
    pub fn activ_convert(
        n: usize,
        x_dtype: activ_dtype,
        x: *const c_void,
        y_dtype: activ_dtype,
        y: *mut c_void,
    ) -> activ_status;
}

// ---- tensor.h ----

opaque!(activ_tensor);

opaque!(DLManagedTensor);

opaque!(DLManagedTensorVersioned);

pub const ACTIV_MAX_DIMS: usize = 8;

extern "C" {
    pub fn activ_tensor_create(
        context: *const activ_context,
        dtype: activ_dtype,
        ndim: usize,
        shape: *const usize,
        out: *mut *mut activ_tensor,
        message: *mut activ_message,
    ) -> activ_status;
    pub fn activ_tensor_view(
        context: *const activ_context,
        dtype: activ_dtype,
        ndim: usize,
        shape: *const usize,
        strides: *const usize,
        data: *mut c_void,
        out: *mut *mut activ_tensor,
        message: *mut activ_message,
    ) -> activ_status;
    pub fn activ_tensor_view_const(
        context: *const activ_context,
        dtype: activ_dtype,
        ndim: usize,
        shape: *const usize,
        strides: *const usize,
        data: *const c_void,
        out: *mut *mut activ_tensor,
        message: *mut activ_message,
    ) -> activ_status;
    pub fn activ_tensor_reshape(
        tensor: *mut activ_tensor,
        ndim: usize,
        shape: *const usize,
        out: *mut *mut activ_tensor,
        message: *mut activ_message,
    ) -> activ_status;
    pub fn activ_tensor_narrow(
        tensor: *mut activ_tensor,
        dim: usize,
        start: usize,
        length: usize,
        out: *mut *mut activ_tensor,
        message: *mut activ_message,
    ) -> activ_status;
    pub fn activ_tensor_transpose(
        tensor: *mut activ_tensor,
        dim0: usize,
        dim1: usize,
        out: *mut *mut activ_tensor,
        message: *mut activ_message,
    ) -> activ_status;
    pub fn activ_tensor_destroy(tensor: *mut activ_tensor);
    pub fn activ_tensor_dtype(tensor: *const activ_tensor) -> activ_dtype;
    pub fn activ_tensor_ndim(tensor: *const activ_tensor) -> usize;
    pub fn activ_tensor_shape(tensor: *const activ_tensor) -> *const usize;
    pub fn activ_tensor_strides(tensor: *const activ_tensor) -> *const usize;
    pub fn activ_tensor_count(tensor: *const activ_tensor) -> usize;
    pub fn activ_tensor_is_contiguous(tensor: *const activ_tensor) -> i32;
    pub fn activ_tensor_is_read_only(tensor: *const activ_tensor) -> i32;
    pub fn activ_tensor_const_data(tensor: *const activ_tensor) -> *const c_void;
    pub fn activ_tensor_data(tensor: *mut activ_tensor) -> *mut c_void;
    pub fn activ_tensor_copy(
        from: *const activ_tensor,
        to: *mut activ_tensor,
        message: *mut activ_message,
    ) -> activ_status;
    pub fn activ_tensor_from_dlpack(
        context: *const activ_context,
        managed: *mut DLManagedTensor,
        out: *mut *mut activ_tensor,
        message: *mut activ_message,
    ) -> activ_status;
    pub fn activ_tensor_from_dlpack_versioned(
        context: *const activ_context,
        managed: *mut DLManagedTensorVersioned,
        out: *mut *mut activ_tensor,
        message: *mut activ_message,
    ) -> activ_status;
    pub fn activ_tensor_to_dlpack(
        tensor: *mut activ_tensor,
        out: *mut *mut DLManagedTensor,
        message: *mut activ_message,
    ) -> activ_status;
    pub fn activ_tensor_to_dlpack_versioned(
        tensor: *mut activ_tensor,
        out: *mut *mut DLManagedTensorVersioned,
        message: *mut activ_message,
    ) -> activ_status;
}

// ---- init.h ----

pub type activ_init_scheme = i32;

pub const ACTIV_INIT_DEFAULT: activ_init_scheme = 0;
pub const ACTIV_INIT_KAIMING_UNIFORM: activ_init_scheme = 1;
pub const ACTIV_INIT_KAIMING_NORMAL: activ_init_scheme = 2;
pub const ACTIV_INIT_XAVIER_UNIFORM: activ_init_scheme = 3;
pub const ACTIV_INIT_XAVIER_NORMAL: activ_init_scheme = 4;
pub const ACTIV_INIT_ORTHOGONAL: activ_init_scheme = 5;

extern "C" {
    pub fn activ_init_gain(scheme: activ_init_scheme) -> f32;
    pub fn activ_init_tensor(
        context: *const activ_context,
        scheme: activ_init_scheme,
        gain: f32,
        ndim: usize,
        shape: *const usize,
        seed: u64,
        stream: u64,
        values: *mut f32,
        message: *mut activ_message,
    ) -> activ_status;
}

// ---- graph.h ----

opaque!(activ_graph);

pub type activ_node = i32;

pub const ACTIV_GATE_SECOND: i32 = 0;
pub const ACTIV_GATE_FIRST: i32 = 1;

#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct activ_norm_options {
    pub size: usize,
    pub eps: f32,
    pub momentum: f32,
}

#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct activ_cross_entropy_options {
    pub size: usize,
    pub weight: *const f32,
    pub label_smoothing: f32,
    pub ignore_index: i32,
}

#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct activ_compile_options {
    pub size: usize,
    pub max_batch: usize,
    pub keep_values: i32,
    pub reserved: i32,
}

#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct activ_graph_tensor_info {
    pub size: usize,
    pub name: *const c_char,
    pub offset: usize,
    pub count: usize,
    pub ndim: usize,
    pub shape: *const usize,
    pub node: activ_node,
    pub reserved: i32,
}

#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct activ_node_info {
    pub size: usize,
    pub name: *const c_char,
    pub kind: *const c_char,
    pub description: *const c_char,
    pub ndim: usize,
    pub shape: *const usize,
    pub input_count: usize,
    pub inputs: *const activ_node,
    pub first_param: usize,
    pub param_count: usize,
    pub first_buffer: usize,
    pub buffer_count: usize,
    pub multiply_adds: usize,
}

pub const ACTIV_NORM_DEFAULTS: activ_norm_options =
    activ_norm_options { size: size_of::<activ_norm_options>(), eps: 1e-5, momentum: 0.1 };

pub const ACTIV_CROSS_ENTROPY_DEFAULTS: activ_cross_entropy_options = activ_cross_entropy_options {
    size: size_of::<activ_cross_entropy_options>(),
    weight: null(),
    label_smoothing: 0.0,
    ignore_index: -100,
};

pub const ACTIV_COMPILE_DEFAULTS: activ_compile_options =
    activ_compile_options { size: size_of::<activ_compile_options>(), max_batch: 0, keep_values: 0, reserved: 0 };

pub const ACTIV_GRAPH_TENSOR_INFO_INIT: activ_graph_tensor_info = activ_graph_tensor_info {
    size: size_of::<activ_graph_tensor_info>(),
    name: null(),
    offset: 0,
    count: 0,
    ndim: 0,
    shape: null(),
    node: 0,
    reserved: 0,
};

pub const ACTIV_NODE_INFO_INIT: activ_node_info = activ_node_info {
    size: size_of::<activ_node_info>(),
    name: null(),
    kind: null(),
    description: null(),
    ndim: 0,
    shape: null(),
    input_count: 0,
    inputs: null(),
    first_param: 0,
    param_count: 0,
    first_buffer: 0,
    buffer_count: 0,
    multiply_adds: 0,
};

extern "C" {
    pub fn activ_graph_create(context: *const activ_context, out: *mut *mut activ_graph) -> activ_status;
    pub fn activ_graph_destroy(graph: *mut activ_graph);
    pub fn activ_graph_input(graph: *mut activ_graph, features: usize) -> activ_node;
    pub fn activ_graph_input_shape(graph: *mut activ_graph, ndim: usize, shape: *const usize) -> activ_node;
    pub fn activ_graph_flatten(graph: *mut activ_graph, x: activ_node) -> activ_node;
    pub fn activ_graph_linear(graph: *mut activ_graph, x: activ_node, out_features: usize) -> activ_node;
    pub fn activ_graph_linear_without_bias(graph: *mut activ_graph, x: activ_node, out_features: usize) -> activ_node;
    pub fn activ_graph_apply(graph: *mut activ_graph, x: activ_node, r#fn: *const activ_fn) -> activ_node;
    pub fn activ_graph_apply_shared(graph: *mut activ_graph, x: activ_node, earlier: activ_node) -> activ_node;
    pub fn activ_graph_gated(
        graph: *mut activ_graph,
        value: activ_node,
        gate: activ_node,
        r#fn: *const activ_fn,
    ) -> activ_node;
    pub fn activ_graph_gated_split(
        graph: *mut activ_graph,
        x: activ_node,
        r#fn: *const activ_fn,
        gate: i32,
    ) -> activ_node;
    pub fn activ_graph_add(graph: *mut activ_graph, a: activ_node, b: activ_node) -> activ_node;
    pub fn activ_graph_multiply(graph: *mut activ_graph, a: activ_node, b: activ_node) -> activ_node;
    pub fn activ_graph_concat(graph: *mut activ_graph, a: activ_node, b: activ_node, axis: i32) -> activ_node;
    pub fn activ_graph_concat_many(
        graph: *mut activ_graph,
        count: usize,
        inputs: *const activ_node,
        axis: i32,
    ) -> activ_node;
    pub fn activ_graph_dropout(graph: *mut activ_graph, x: activ_node, p: f32) -> activ_node;
    pub fn activ_graph_batch_norm(
        graph: *mut activ_graph,
        x: activ_node,
        options: *const activ_norm_options,
    ) -> activ_node;
    pub fn activ_graph_layer_norm(
        graph: *mut activ_graph,
        x: activ_node,
        axis: i32,
        options: *const activ_norm_options,
    ) -> activ_node;
    pub fn activ_graph_cross_entropy(graph: *mut activ_graph, logits: activ_node) -> activ_node;
    pub fn activ_graph_mse(graph: *mut activ_graph, prediction: activ_node) -> activ_node;
    pub fn activ_graph_cross_entropy_ex(
        graph: *mut activ_graph,
        logits: activ_node,
        options: *const activ_cross_entropy_options,
    ) -> activ_node;
    pub fn activ_graph_set_name(graph: *mut activ_graph, node: activ_node, name: *const c_char) -> activ_status;
    pub fn activ_graph_compile(graph: *mut activ_graph, max_batch: usize) -> activ_status;
    pub fn activ_graph_compile_ex(
        graph: *mut activ_graph,
        options: *const activ_compile_options,
        message: *mut activ_message,
    ) -> activ_status;
    pub fn activ_graph_error(graph: *const activ_graph) -> *const c_char;
    pub fn activ_graph_init(graph: *mut activ_graph, seed: u64) -> activ_status;
    pub fn activ_graph_init_weights(
        graph: *mut activ_graph,
        scheme: activ_init_scheme,
        gain: f32,
        seed: u64,
    ) -> activ_status;
    pub fn activ_graph_seed(graph: *const activ_graph) -> u64;
    pub fn activ_graph_forward(graph: *mut activ_graph, batch: usize, x: *const f32, y: *mut f32) -> activ_status;
    pub fn activ_graph_predict(
        graph: *const activ_graph,
        workspace: *mut c_void,
        workspace_bytes: usize,
        batch: usize,
        x: *const f32,
        y: *mut f32,
    ) -> activ_status;
    pub fn activ_graph_predict_ex(
        graph: *const activ_graph,
        workspace: *mut c_void,
        workspace_bytes: usize,
        batch: usize,
        x: *const f32,
        y: *mut f32,
        message: *mut activ_message,
    ) -> activ_status;
    pub fn activ_graph_workspace_bytes(graph: *const activ_graph, batch: usize) -> usize;
    pub fn activ_graph_train(
        graph: *mut activ_graph,
        batch: usize,
        x: *const f32,
        labels: *const i32,
        loss: *mut f32,
    ) -> activ_status;
    pub fn activ_graph_train_values(
        graph: *mut activ_graph,
        batch: usize,
        x: *const f32,
        targets: *const f32,
        loss: *mut f32,
    ) -> activ_status;
    pub fn activ_graph_forward_train(graph: *mut activ_graph, batch: usize, x: *const f32, y: *mut f32)
        -> activ_status;
    pub fn activ_graph_backward(graph: *mut activ_graph, batch: usize, dy: *const f32, dx: *mut f32) -> activ_status;
    pub fn activ_graph_evaluate(
        graph: *mut activ_graph,
        batch: usize,
        x: *const f32,
        labels: *const i32,
        loss: *mut f32,
        correct: *mut usize,
    ) -> activ_status;
    pub fn activ_graph_evaluate_values(
        graph: *mut activ_graph,
        batch: usize,
        x: *const f32,
        targets: *const f32,
        loss: *mut f32,
    ) -> activ_status;
    pub fn activ_graph_clip_grad_norm(graph: *mut activ_graph, max_norm: f32, total_norm: *mut f32) -> activ_status;
    pub fn activ_graph_clip_grad_value(graph: *mut activ_graph, clip_value: f32) -> activ_status;
    pub fn activ_graph_param_count(graph: *const activ_graph) -> usize;
    pub fn activ_graph_params(graph: *mut activ_graph) -> *mut f32;
    pub fn activ_graph_grads(graph: *mut activ_graph) -> *mut f32;
    pub fn activ_graph_buffer_count(graph: *const activ_graph) -> usize;
    pub fn activ_graph_buffers(graph: *mut activ_graph) -> *mut f32;
    pub fn activ_graph_param_tensor_count(graph: *const activ_graph) -> usize;
    pub fn activ_graph_param_tensor_info(
        graph: *const activ_graph,
        index: usize,
        info: *mut activ_graph_tensor_info,
    ) -> activ_status;
    pub fn activ_graph_buffer_tensor_count(graph: *const activ_graph) -> usize;
    pub fn activ_graph_buffer_tensor_info(
        graph: *const activ_graph,
        index: usize,
        info: *mut activ_graph_tensor_info,
    ) -> activ_status;
    pub fn activ_graph_node_count(graph: *const activ_graph) -> usize;
    pub fn activ_graph_node_info(
        graph: *const activ_graph,
        node: activ_node,
        info: *mut activ_node_info,
    ) -> activ_status;
    pub fn activ_graph_input_node(graph: *const activ_graph) -> activ_node;
    pub fn activ_graph_output_node(graph: *const activ_graph) -> activ_node;
    pub fn activ_graph_loss_node(graph: *const activ_graph) -> activ_node;
    pub fn activ_graph_find_node(graph: *const activ_graph, name: *const c_char) -> activ_node;
    pub fn activ_graph_node_fn(graph: *const activ_graph, node: activ_node) -> *const activ_fn;
    pub fn activ_graph_values(graph: *const activ_graph, node: activ_node) -> *const f32;
    pub fn activ_graph_value_grads(graph: *const activ_graph, node: activ_node) -> *const f32;
    pub fn activ_graph_max_batch(graph: *const activ_graph) -> usize;
    pub fn activ_graph_memory_bytes(graph: *mut activ_graph, max_batch: usize) -> usize;
    pub fn activ_graph_memory_bytes_ex(graph: *mut activ_graph, options: *const activ_compile_options) -> usize;
}

// ---- optim.h ----

opaque!(activ_optimizer);

#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct activ_sgd_options {
    pub size: usize,
    pub lr: f32,
    pub momentum: f32,
    pub dampening: f32,
    pub weight_decay: f32,
    pub nesterov: i32,
    pub maximize: i32,
}

#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct activ_adamw_options {
    pub size: usize,
    pub lr: f32,
    pub beta1: f32,
    pub beta2: f32,
    pub eps: f32,
    pub weight_decay: f32,
    pub amsgrad: i32,
    pub maximize: i32,
    pub reserved: i32,
}

#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct activ_rmsprop_options {
    pub size: usize,
    pub lr: f32,
    pub alpha: f32,
    pub eps: f32,
    pub weight_decay: f32,
    pub momentum: f32,
    pub centered: i32,
    pub maximize: i32,
    pub reserved: i32,
}

#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct activ_optimizer_tensor_options {
    pub size: usize,
    pub lr_scale: f32,
    pub weight_decay: f32,
}

pub const ACTIV_SGD_DEFAULTS: activ_sgd_options = activ_sgd_options {
    size: size_of::<activ_sgd_options>(),
    lr: 0.001,
    momentum: 0.0,
    dampening: 0.0,
    weight_decay: 0.0,
    nesterov: 0,
    maximize: 0,
};

pub const ACTIV_ADAMW_DEFAULTS: activ_adamw_options = activ_adamw_options {
    size: size_of::<activ_adamw_options>(),
    lr: 0.001,
    beta1: 0.9,
    beta2: 0.999,
    eps: 1e-8,
    weight_decay: 0.01,
    amsgrad: 0,
    maximize: 0,
    reserved: 0,
};

pub const ACTIV_RMSPROP_DEFAULTS: activ_rmsprop_options = activ_rmsprop_options {
    size: size_of::<activ_rmsprop_options>(),
    lr: 0.01,
    alpha: 0.99,
    eps: 1e-8,
    weight_decay: 0.0,
    momentum: 0.0,
    centered: 0,
    maximize: 0,
    reserved: 0,
};

pub const ACTIV_OPTIMIZER_TENSOR_DEFAULTS: activ_optimizer_tensor_options = activ_optimizer_tensor_options {
    size: size_of::<activ_optimizer_tensor_options>(),
    lr_scale: 1.0,
    weight_decay: 0.0,
};

extern "C" {
    pub fn activ_sgd_create(
        graph: *mut activ_graph,
        options: *const activ_sgd_options,
        out: *mut *mut activ_optimizer,
    ) -> activ_status;
    pub fn activ_adamw_create(
        graph: *mut activ_graph,
        options: *const activ_adamw_options,
        out: *mut *mut activ_optimizer,
    ) -> activ_status;
    pub fn activ_rmsprop_create(
        graph: *mut activ_graph,
        options: *const activ_rmsprop_options,
        out: *mut *mut activ_optimizer,
    ) -> activ_status;
    pub fn activ_optimizer_destroy(optimizer: *mut activ_optimizer);
    pub fn activ_optimizer_step(optimizer: *mut activ_optimizer) -> activ_status;
    pub fn activ_graph_step(
        graph: *mut activ_graph,
        optimizer: *mut activ_optimizer,
        batch: usize,
        x: *const f32,
        labels: *const i32,
        loss: *mut f32,
    ) -> activ_status;
    pub fn activ_graph_step_values(
        graph: *mut activ_graph,
        optimizer: *mut activ_optimizer,
        batch: usize,
        x: *const f32,
        targets: *const f32,
        loss: *mut f32,
    ) -> activ_status;
    pub fn activ_optimizer_steps(optimizer: *const activ_optimizer) -> u64;
    pub fn activ_optimizer_set_lr(optimizer: *mut activ_optimizer, lr: f32) -> activ_status;
    pub fn activ_optimizer_lr(optimizer: *const activ_optimizer) -> f32;
    pub fn activ_optimizer_set_tensor_options(
        optimizer: *mut activ_optimizer,
        tensor: usize,
        options: *const activ_optimizer_tensor_options,
    ) -> activ_status;
    pub fn activ_optimizer_get_tensor_options(
        optimizer: *const activ_optimizer,
        tensor: usize,
        options: *mut activ_optimizer_tensor_options,
    ) -> activ_status;
    pub fn activ_optimizer_decay_weights_only(optimizer: *mut activ_optimizer) -> activ_status;
    pub fn activ_lr_step(base: f32, step_size: u64, gamma: f32, step: u64) -> f32;
    pub fn activ_lr_cosine(base: f32, t_max: u64, eta_min: f32, step: u64) -> f32;
    pub fn activ_lr_warmup(base: f32, start_factor: f32, total: u64, step: u64) -> f32;
    pub fn activ_lr_warmup_cosine(
        base: f32,
        start_factor: f32,
        warmup: u64,
        total: u64,
        eta_min: f32,
        step: u64,
    ) -> f32;
}

// ---- checkpoint.h ----

#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct activ_tensor_name {
    pub graph: *const c_char,
    pub file: *const c_char,
}

pub const ACTIV_LEFT_MISSING: i32 = 1;
pub const ACTIV_LEFT_UNUSED: i32 = 2;

#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct activ_load_options {
    pub size: usize,
    pub name_count: usize,
    pub names: *const activ_tensor_name,
    pub partial: i32,
    pub convert: i32,
    pub left: Option<unsafe extern "C" fn(user: *mut c_void, what: i32, name: *const c_char)>,
    pub user: *mut c_void,
}

opaque!(activ_safetensors);

#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct activ_safetensors_entry {
    pub size: usize,
    pub name: *const c_char,
    pub dtype: activ_dtype,
    pub dtype_name: *const c_char,
    pub ndim: usize,
    pub shape: *const usize,
    pub data: *const c_void,
    pub bytes: usize,
}

#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct activ_safetensors_text {
    pub key: *const c_char,
    pub value: *const c_char,
}

pub const ACTIV_LOAD_DEFAULTS: activ_load_options = activ_load_options {
    size: size_of::<activ_load_options>(),
    name_count: 0,
    names: null(),
    partial: 0,
    convert: 0,
    left: None,
    user: null_mut(),
};

pub const ACTIV_SAFETENSORS_ENTRY_INIT: activ_safetensors_entry = activ_safetensors_entry {
    size: size_of::<activ_safetensors_entry>(),
    name: null(),
    dtype: 0,
    dtype_name: null(),
    ndim: 0,
    shape: null(),
    data: null(),
    bytes: 0,
};

extern "C" {
    pub fn activ_checkpoint_save(
        graph: *const activ_graph,
        path: *const c_char,
        message: *mut activ_message,
    ) -> activ_status;
    pub fn activ_checkpoint_load(
        context: *const activ_context,
        path: *const c_char,
        max_batch: usize,
        out: *mut *mut activ_graph,
        message: *mut activ_message,
    ) -> activ_status;
    pub fn activ_checkpoint_load_params(
        graph: *mut activ_graph,
        path: *const c_char,
        message: *mut activ_message,
    ) -> activ_status;
    pub fn activ_checkpoint_load_params_ex(
        graph: *mut activ_graph,
        path: *const c_char,
        options: *const activ_load_options,
        message: *mut activ_message,
    ) -> activ_status;
    pub fn activ_checkpoint_save_params(
        graph: *const activ_graph,
        path: *const c_char,
        name_count: usize,
        names: *const activ_tensor_name,
        message: *mut activ_message,
    ) -> activ_status;
    pub fn activ_checkpoint_save_training(
        graph: *const activ_graph,
        optimizer: *const activ_optimizer,
        path: *const c_char,
        message: *mut activ_message,
    ) -> activ_status;
    pub fn activ_checkpoint_load_training(
        graph: *mut activ_graph,
        path: *const c_char,
        out: *mut *mut activ_optimizer,
        message: *mut activ_message,
    ) -> activ_status;
    pub fn activ_safetensors_open(
        context: *const activ_context,
        path: *const c_char,
        out: *mut *mut activ_safetensors,
        message: *mut activ_message,
    ) -> activ_status;
    pub fn activ_safetensors_open_memory(
        context: *const activ_context,
        bytes: *const c_void,
        count: usize,
        out: *mut *mut activ_safetensors,
        message: *mut activ_message,
    ) -> activ_status;
    pub fn activ_safetensors_close(file: *mut activ_safetensors);
    pub fn activ_safetensors_count(file: *const activ_safetensors) -> usize;
    pub fn activ_safetensors_at(
        file: *const activ_safetensors,
        index: usize,
        entry: *mut activ_safetensors_entry,
    ) -> activ_status;
    pub fn activ_safetensors_find(
        file: *const activ_safetensors,
        name: *const c_char,
        entry: *mut activ_safetensors_entry,
    ) -> activ_status;
    pub fn activ_safetensors_metadata(file: *const activ_safetensors, key: *const c_char) -> *const c_char;
    pub fn activ_safetensors_metadata_key(file: *const activ_safetensors, index: usize) -> *const c_char;
    pub fn activ_safetensors_save(
        context: *const activ_context,
        path: *const c_char,
        count: usize,
        names: *const *const c_char,
        tensors: *const *const activ_tensor,
        texts: usize,
        metadata: *const activ_safetensors_text,
        message: *mut activ_message,
    ) -> activ_status;
}

// ---- pool.h ----

opaque!(activ_pool);

extern "C" {
    pub fn activ_pool_create(context: *const activ_context, threads: usize, out: *mut *mut activ_pool) -> activ_status;
    pub fn activ_pool_create_ex(
        context: *const activ_context,
        threads: usize,
        out: *mut *mut activ_pool,
        message: *mut activ_message,
    ) -> activ_status;
    pub fn activ_pool_destroy(pool: *mut activ_pool);
    pub fn activ_pool_executor(pool: *const activ_pool) -> *const activ_executor;
}

// ---- analysis.h ----

#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct activ_layer_view {
    pub size: usize,
    pub name: *const c_char,
    pub kind: *const c_char,
    pub r#fn: *const activ_fn,
    pub ndim: usize,
    pub shape: *const usize,
    pub width: usize,
    pub batch: usize,
    pub values: *const f32,
    pub value_grads: *const f32,
    pub params: *const f32,
    pub param_grads: *const f32,
    pub param_count: usize,
    pub first_param: usize,
    pub first_tensor: usize,
    pub tensor_count: usize,
}

opaque!(activ_histogram);

#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct activ_histogram_info {
    pub size: usize,
    pub bins: usize,
    pub edges: *const f64,
    pub counts: *const u64,
    pub total: u64,
    pub under: u64,
    pub over: u64,
    pub nans: u64,
}

opaque!(activ_stats);

#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct activ_stats_info {
    pub size: usize,
    pub count: u64,
    pub finite: u64,
    pub zeros: u64,
    pub nans: u64,
    pub positive_infinities: u64,
    pub negative_infinities: u64,
    pub mean: f64,
    pub mean_magnitude: f64,
    pub variance: f64,
    pub sample_variance: f64,
    pub deviation: f64,
    pub norm: f64,
    pub rms: f64,
    pub least: f64,
    pub largest: f64,
}

opaque!(activ_quantiles);

opaque!(activ_neurons);

#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct activ_neurons_options {
    pub size: usize,
    pub threshold: f32,
    pub reserved: i32,
}

#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct activ_neurons_info {
    pub size: usize,
    pub width: usize,
    pub inputs: u64,
    pub active: *const u64,
    pub peaks: *const f32,
    pub dead: u64,
}

opaque!(activ_graph_neurons);

pub const ACTIV_LAYER_VIEW_INIT: activ_layer_view = activ_layer_view {
    size: size_of::<activ_layer_view>(),
    name: null(),
    kind: null(),
    r#fn: null(),
    ndim: 0,
    shape: null(),
    width: 0,
    batch: 0,
    values: null(),
    value_grads: null(),
    params: null(),
    param_grads: null(),
    param_count: 0,
    first_param: 0,
    first_tensor: 0,
    tensor_count: 0,
};

pub const ACTIV_HISTOGRAM_MAX_BINS: usize = 1048576;

pub const ACTIV_HISTOGRAM_INFO_INIT: activ_histogram_info = activ_histogram_info {
    size: size_of::<activ_histogram_info>(),
    bins: 0,
    edges: null(),
    counts: null(),
    total: 0,
    under: 0,
    over: 0,
    nans: 0,
};

pub const ACTIV_STATS_INFO_INIT: activ_stats_info = activ_stats_info {
    size: size_of::<activ_stats_info>(),
    count: 0,
    finite: 0,
    zeros: 0,
    nans: 0,
    positive_infinities: 0,
    negative_infinities: 0,
    mean: 0.0,
    mean_magnitude: 0.0,
    variance: 0.0,
    sample_variance: 0.0,
    deviation: 0.0,
    norm: 0.0,
    rms: 0.0,
    least: 0.0,
    largest: 0.0,
};

pub const ACTIV_QUANTILES_PRECISION: i32 = 7;

pub const ACTIV_NEURONS_DEFAULTS: activ_neurons_options =
    activ_neurons_options { size: size_of::<activ_neurons_options>(), threshold: 0.0, reserved: 0 };

pub const ACTIV_NEURONS_INFO_INIT: activ_neurons_info = activ_neurons_info {
    size: size_of::<activ_neurons_info>(),
    width: 0,
    inputs: 0,
    active: null(),
    peaks: null(),
    dead: 0,
};

extern "C" {
    pub fn activ_graph_layer_view(
        graph: *const activ_graph,
        node: activ_node,
        view: *mut activ_layer_view,
    ) -> activ_status;
    pub fn activ_histogram_create(
        context: *const activ_context,
        bins: usize,
        low: f64,
        high: f64,
        out: *mut *mut activ_histogram,
        message: *mut activ_message,
    ) -> activ_status;
    pub fn activ_histogram_create_auto(
        context: *const activ_context,
        n: usize,
        x: *const f32,
        max_bins: usize,
        out: *mut *mut activ_histogram,
        message: *mut activ_message,
    ) -> activ_status;
    pub fn activ_histogram_bins(n: u64, low: f64, high: f64, q1: f64, q3: f64, max_bins: usize) -> usize;
    pub fn activ_histogram_destroy(histogram: *mut activ_histogram);
    pub fn activ_histogram_add(histogram: *mut activ_histogram, n: usize, x: *const f32) -> activ_status;
    pub fn activ_histogram_merge(into: *mut activ_histogram, from: *const activ_histogram) -> activ_status;
    pub fn activ_histogram_reset(histogram: *mut activ_histogram) -> activ_status;
    pub fn activ_histogram_get(histogram: *const activ_histogram, info: *mut activ_histogram_info) -> activ_status;
    pub fn activ_stats_create(context: *const activ_context, out: *mut *mut activ_stats) -> activ_status;
    pub fn activ_stats_destroy(stats: *mut activ_stats);
    pub fn activ_stats_add(stats: *mut activ_stats, n: usize, x: *const f32) -> activ_status;
    pub fn activ_stats_merge(into: *mut activ_stats, from: *const activ_stats) -> activ_status;
    pub fn activ_stats_reset(stats: *mut activ_stats) -> activ_status;
    pub fn activ_stats_get(stats: *const activ_stats, info: *mut activ_stats_info) -> activ_status;
    pub fn activ_quantiles_create(
        context: *const activ_context,
        precision: i32,
        out: *mut *mut activ_quantiles,
    ) -> activ_status;
    pub fn activ_quantiles_destroy(quantiles: *mut activ_quantiles);
    pub fn activ_quantiles_add(quantiles: *mut activ_quantiles, n: usize, x: *const f32) -> activ_status;
    pub fn activ_quantiles_merge(into: *mut activ_quantiles, from: *const activ_quantiles) -> activ_status;
    pub fn activ_quantiles_reset(quantiles: *mut activ_quantiles) -> activ_status;
    pub fn activ_quantiles_count(quantiles: *const activ_quantiles) -> u64;
    pub fn activ_quantiles_nans(quantiles: *const activ_quantiles) -> u64;
    pub fn activ_quantiles_get(
        quantiles: *const activ_quantiles,
        count: usize,
        probabilities: *const f64,
        values: *mut f32,
    ) -> activ_status;
    pub fn activ_neurons_create(
        context: *const activ_context,
        width: usize,
        options: *const activ_neurons_options,
        out: *mut *mut activ_neurons,
    ) -> activ_status;
    pub fn activ_neurons_destroy(neurons: *mut activ_neurons);
    pub fn activ_neurons_add(
        neurons: *mut activ_neurons,
        rows: usize,
        values: *const f32,
        stride: usize,
    ) -> activ_status;
    pub fn activ_neurons_merge(into: *mut activ_neurons, from: *const activ_neurons) -> activ_status;
    pub fn activ_neurons_reset(neurons: *mut activ_neurons) -> activ_status;
    pub fn activ_neurons_get(neurons: *const activ_neurons, info: *mut activ_neurons_info) -> activ_status;
    pub fn activ_neurons_dead(
        neurons: *const activ_neurons,
        capacity: usize,
        indices: *mut usize,
        count: *mut usize,
    ) -> activ_status;
    pub fn activ_neurons_quiet(
        neurons: *const activ_neurons,
        limit: f32,
        capacity: usize,
        indices: *mut usize,
        count: *mut usize,
    ) -> activ_status;
    pub fn activ_neurons_rarely_active(
        neurons: *const activ_neurons,
        share: f64,
        capacity: usize,
        indices: *mut usize,
        count: *mut usize,
    ) -> activ_status;
    pub fn activ_graph_neurons_create(
        graph: *const activ_graph,
        options: *const activ_neurons_options,
        out: *mut *mut activ_graph_neurons,
    ) -> activ_status;
    pub fn activ_graph_neurons_destroy(neurons: *mut activ_graph_neurons);
    pub fn activ_graph_neurons_add(neurons: *mut activ_graph_neurons) -> activ_status;
    pub fn activ_graph_neurons_merge(into: *mut activ_graph_neurons, from: *const activ_graph_neurons) -> activ_status;
    pub fn activ_graph_neurons_reset(neurons: *mut activ_graph_neurons) -> activ_status;
    pub fn activ_graph_neurons_count(neurons: *const activ_graph_neurons) -> usize;
    pub fn activ_graph_neurons_node(neurons: *const activ_graph_neurons, i: usize) -> activ_node;
    pub fn activ_graph_neurons_at(neurons: *const activ_graph_neurons, i: usize) -> *const activ_neurons;
    pub fn activ_surface(
        r#fn: *const activ_fn,
        params: *const f32,
        n: usize,
        low: f32,
        high: f32,
        points: *mut f32,
        f: *mut f32,
        slopes: *mut f32,
        z: *mut f32,
        gradient: *mut f32,
        message: *mut activ_message,
    ) -> activ_status;
}
