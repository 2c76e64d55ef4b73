//! The declarations against the headers: the same functions, structs and constants, with the same types; and against
//! the C compiler: the same sizes, offsets, numbers and initial values.
mod common;

use activ_sys::*;
use common::{c_compiler, include_folder, read_declarations, read_headers, run, scratch};
use std::collections::BTreeMap;
use std::fmt::Write;
use std::fs;
use std::mem::{align_of, size_of, MaybeUninit};
use std::process::Command;
use std::ptr::addr_of;

// ---- text against text ----

#[test]
fn every_function_is_declared_with_its_types() {
    let (c, rust) = (read_headers(), read_declarations());
    assert!(c.functions.len() > 150, "only {} functions were found in the headers", c.functions.len());
    for (name, function) in &c.functions {
        let declared = rust.functions.get(name).unwrap_or_else(|| panic!("{} is not declared", name));
        assert_eq!(declared.params.len(), function.params.len(), "parameters of {}", name);
        assert_eq!(declared, function, "{}: here, and in the header", name);
    }
    for name in rust.functions.keys() {
        assert!(c.functions.contains_key(name), "{} is in no header", name);
    }
}

/// The names of lib/activ.map that stand for one symbol are functions of the headers, and so of the declarations.
#[test]
fn every_exported_name_is_declared() {
    let map = fs::read_to_string(include_folder().join("../lib/activ.map")).unwrap();
    let rust = read_declarations();
    let names = map.split(|c: char| c.is_whitespace() || c == ';').filter(|word| word.starts_with("activ_"));
    let mut count = 0;
    for name in names.filter(|name| !name.starts_with("activ_0")) {
        match name.strip_suffix('*') {
            Some(start) => assert!(rust.functions.keys().any(|known| known.starts_with(start)), "{}", name),
            None => assert!(rust.functions.contains_key(name), "{} is exported, but not declared", name),
        }
        count += 1;
    }
    assert!(count > 20, "{} names in activ.map", count);
}

#[test]
fn every_type_is_declared_with_its_fields() {
    let (c, rust) = (read_headers(), read_declarations());
    assert!(c.structs.len() > 20 && c.opaque.len() > 10, "{:?} {:?}", c.structs.keys(), c.opaque);
    assert_eq!(rust.structs.keys().collect::<Vec<_>>(), c.structs.keys().collect::<Vec<_>>());
    for (name, fields) in &c.structs {
        assert_eq!(&rust.structs[name], fields, "{}: here, and in the header", name);
    }
    let sorted = |names: &[String]| {
        let mut names = names.to_vec();
        names.sort();
        names.dedup();
        names
    };
    assert_eq!(sorted(&rust.opaque), sorted(&c.opaque));
    assert_eq!(rust.aliases, c.aliases);
}

#[test]
fn every_constant_is_declared() {
    let (c, rust) = (read_headers(), read_declarations());
    let sorted = |names: &[String]| {
        let mut names = names.to_vec();
        names.sort();
        names
    };
    assert_eq!(sorted(&rust.constants), sorted(&c.constants));
    assert_eq!(rust.initialisers, c.initialisers);
    // And the lists below, which the C compiler is asked about, have all of them.
    let listed: Vec<String> = constants().keys().map(|name| name.to_string()).collect();
    assert_eq!(listed, sorted(&c.constants));
    let listed: Vec<String> = layouts().iter().map(|layout| layout.name.to_string()).collect();
    assert_eq!(sorted(&listed), c.structs.keys().cloned().collect::<Vec<_>>());
}

/// The reader itself: it would be no test if it took one thing for another.
#[test]
fn the_comparison_sees_a_difference() {
    let c = read_headers();
    let forward = &c.functions["activ_forward"];
    assert_eq!(forward.result, "activ_status");
    assert_eq!(forward.params, ["*constactiv_fn", "*constf32", "usize", "*constf32", "*mutf32"]);
    assert_eq!(c.functions["activ_safetensors_save"].params[3], "*const*constc_char");
    assert_eq!(c.functions["activ_fn_destroy"].result, "");
    assert_eq!(c.functions["activ_version_number"].params.len(), 0);
    assert_eq!(c.structs["activ_message"], [("text".to_string(), "[c_char;512]".to_string())]);
    assert_eq!(c.structs["activ_backward_args"][3].0, "columns");
    assert_eq!(c.structs["activ_allocator"][2].1, "Option<unsafeextern\"C\"fn(*mutc_void,usize,usize)->*mutc_void>");
}

// ---- numbers against the C compiler ----

struct Field {
    name: &'static str,
    offset: usize,
    size: usize,
}

struct Layout {
    name: &'static str,
    size: usize,
    align: usize,
    fields: Vec<Field>,
    /// The name of its initialiser, and the bytes that it gives each field.
    initial: Option<(&'static str, Vec<Vec<u8>>)>,
}

/// The bytes of a field, which has no padding, as fields are numbers and pointers.
fn bytes_of<T>(value: &T) -> Vec<u8> {
    unsafe { std::slice::from_raw_parts((value as *const T).cast::<u8>(), size_of::<T>()).to_vec() }
}

fn size_behind<T>(_: *const T) -> usize {
    size_of::<T>()
}

macro_rules! initial {
    ($fields:tt) => {
        None
    };
    ({ $($field:ident),* } $constant:ident) => {{
        let value = $constant;
        Some((stringify!($constant), vec![$(bytes_of(&value.$field)),*]))
    }};
}

/// A field that is forgotten here does not compile.
macro_rules! layouts {
    ($($name:ident $fields:tt $(= $constant:ident)?,)*) => {
        fn layouts() -> Vec<Layout> {
            vec![$(layout!($name $fields $($constant)?)),*]
        }
    };
}

macro_rules! layout {
    ($name:ident { $($field:ident),* } $($constant:ident)?) => {{
        #[allow(dead_code)]
        fn complete($name { $($field: _),* }: $name) {}
        let place = MaybeUninit::<$name>::uninit();
        let start = place.as_ptr();
        Layout {
            name: stringify!($name),
            size: size_of::<$name>(),
            align: align_of::<$name>(),
            fields: vec![$({
                let at = unsafe { addr_of!((*start).$field) };
                Field {
                    name: stringify!($field).trim_start_matches("r#"),
                    offset: at as usize - start as usize,
                    size: size_behind(at),
                }
            }),*],
            initial: initial!({ $($field),* } $($constant)?),
        }
    }};
}

macro_rules! constants {
    ($($name:ident),* $(,)?) => {
        fn constants() -> BTreeMap<&'static str, i64> {
            let mut values = BTreeMap::new();
            $(values.insert(stringify!($name), i64::from($name as i32));)*
            values
        }
    };
}

layouts! {
    activ_message { text },
    activ_allocator { size, user, alloc, free } = ACTIV_ALLOCATOR_DEFAULTS,
    activ_executor { size, user, num_threads, parallel_for } = ACTIV_EXECUTOR_DEFAULTS,
    activ_context_options { size, allocator, executor, log, log_user, max_tier, functions, function_count } =
        ACTIV_CONTEXT_DEFAULTS,
    activ_fn_callbacks { size, forward, backward, param_init, param_count } = ACTIV_FN_CALLBACKS_DEFAULTS,
    activ_custom_fn { size, name, callbacks, user } = ACTIV_CUSTOM_FN_DEFAULTS,
    activ_forward_args { size, params, rows, columns, channels, x, x_stride, gate, gate_stride, y, y_stride,
        noise, seed, stream, index, dtype, reserved } = ACTIV_FORWARD_ARGS_DEFAULTS,
    activ_backward_args { size, params, rows, columns, channels, x, x_stride, gate, gate_stride, noise, dy,
        dy_stride, dx, dx_stride, dgate, dgate_stride, dparams, y, y_stride, accumulate, dtype } =
        ACTIV_BACKWARD_ARGS_DEFAULTS,
    activ_fn_info { size, name, aliases, signature, formula, source, trainable, forward_ulp, derivative_ulp,
        shape, random, reserved } = ACTIV_FN_INFO_INIT,
    activ_setting_info { size, name, kind, trainable, value, initial, minimum, maximum, word, words } =
        ACTIV_SETTING_INFO_INIT,
    activ_fn_tensor_info { size, name, offset, count } = ACTIV_FN_TENSOR_INFO_INIT,
    activ_operation_info { size, name, operation, operand_count, operands, number } = ACTIV_OPERATION_INFO_INIT,
    activ_norm_options { size, eps, momentum } = ACTIV_NORM_DEFAULTS,
    activ_cross_entropy_options { size, weight, label_smoothing, ignore_index } =
        ACTIV_CROSS_ENTROPY_DEFAULTS,
    activ_compile_options { size, max_batch, keep_values, reserved } = ACTIV_COMPILE_DEFAULTS,
    activ_graph_tensor_info { size, name, offset, count, ndim, shape, node, reserved } =
        ACTIV_GRAPH_TENSOR_INFO_INIT,
    activ_node_info { size, name, kind, description, ndim, shape, input_count, inputs, first_param,
        param_count, first_buffer, buffer_count, multiply_adds } = ACTIV_NODE_INFO_INIT,
    activ_sgd_options { size, lr, momentum, dampening, weight_decay, nesterov, maximize } =
        ACTIV_SGD_DEFAULTS,
    activ_adamw_options { size, lr, beta1, beta2, eps, weight_decay, amsgrad, maximize, reserved } =
        ACTIV_ADAMW_DEFAULTS,
    activ_rmsprop_options { size, lr, alpha, eps, weight_decay, momentum, centered, maximize, reserved } =
        ACTIV_RMSPROP_DEFAULTS,
    activ_optimizer_tensor_options { size, lr_scale, weight_decay } = ACTIV_OPTIMIZER_TENSOR_DEFAULTS,
    activ_tensor_name { graph, file },
    activ_load_options { size, name_count, names, partial, convert, left, user } = ACTIV_LOAD_DEFAULTS,
    activ_safetensors_entry { size, name, dtype, dtype_name, ndim, shape, data, bytes } =
        ACTIV_SAFETENSORS_ENTRY_INIT,
    activ_safetensors_text { key, value },
    activ_layer_view { size, name, kind, r#fn, ndim, shape, width, batch, values, value_grads, params,
        param_grads, param_count, first_param, first_tensor, tensor_count } = ACTIV_LAYER_VIEW_INIT,
    activ_histogram_info { size, bins, edges, counts, total, under, over, nans } = ACTIV_HISTOGRAM_INFO_INIT,
    activ_stats_info { size, count, finite, zeros, nans, positive_infinities, negative_infinities, mean,
        mean_magnitude, variance, sample_variance, deviation, norm, rms, least, largest } =
        ACTIV_STATS_INFO_INIT,
    activ_neurons_options { size, threshold, reserved } = ACTIV_NEURONS_DEFAULTS,
    activ_neurons_info { size, width, inputs, active, peaks, dead } = ACTIV_NEURONS_INFO_INIT,
}
constants! {
    ACTIV_OK, ACTIV_ERROR_INVALID, ACTIV_ERROR_OUT_OF_MEMORY, ACTIV_ERROR_UNKNOWN_NAME, ACTIV_ERROR_SYNTAX,
    ACTIV_ERROR_RANGE, ACTIV_ERROR_SHAPE, ACTIV_ERROR_STATE, ACTIV_ERROR_IO, ACTIV_ERROR_FORMAT,
    ACTIV_ERROR_UNSUPPORTED, ACTIV_VERSION_MAJOR, ACTIV_VERSION_MINOR, ACTIV_VERSION_PATCH,
    ACTIV_VERSION_NUMBER, ACTIV_SHAPE_ELEMENTWISE, ACTIV_SHAPE_ROWWISE, ACTIV_SHAPE_GATED, ACTIV_SETTING_REAL,
    ACTIV_SETTING_COUNT, ACTIV_SETTING_WORD, ACTIV_SETTING_FUNCTIONS,
    ACTIV_OPERATION_CONSTANT, ACTIV_OPERATION_X, ACTIV_OPERATION_PARAM, ACTIV_OPERATION_NEG,
    ACTIV_OPERATION_ABS, ACTIV_OPERATION_SIGN, ACTIV_OPERATION_SQRT, ACTIV_OPERATION_EXP,
    ACTIV_OPERATION_EXPM1, ACTIV_OPERATION_LOG, ACTIV_OPERATION_LOG1P, ACTIV_OPERATION_SIN,
    ACTIV_OPERATION_COS, ACTIV_OPERATION_TAN, ACTIV_OPERATION_SINH, ACTIV_OPERATION_COSH,
    ACTIV_OPERATION_ATAN, ACTIV_OPERATION_ASINH, ACTIV_OPERATION_ERF, ACTIV_OPERATION_ERFC,
    ACTIV_OPERATION_GAUSS, ACTIV_OPERATION_NOT, ACTIV_OPERATION_ADD, ACTIV_OPERATION_SUB,
    ACTIV_OPERATION_MUL, ACTIV_OPERATION_SCALE, ACTIV_OPERATION_DIV, ACTIV_OPERATION_POW,
    ACTIV_OPERATION_MIN, ACTIV_OPERATION_MAX, ACTIV_OPERATION_LT, ACTIV_OPERATION_LE, ACTIV_OPERATION_EQ,
    ACTIV_OPERATION_AND, ACTIV_OPERATION_OR, ACTIV_OPERATION_WHERE,
    ACTIV_FLOAT32, ACTIV_FLOAT64,
    ACTIV_INT32, ACTIV_INT64, ACTIV_UINT8, ACTIV_FLOAT16, ACTIV_BFLOAT16, ACTIV_MAX_DIMS, ACTIV_INIT_DEFAULT,
    ACTIV_INIT_KAIMING_UNIFORM, ACTIV_INIT_KAIMING_NORMAL, ACTIV_INIT_XAVIER_UNIFORM, ACTIV_INIT_XAVIER_NORMAL,
    ACTIV_INIT_ORTHOGONAL, ACTIV_GATE_SECOND, ACTIV_GATE_FIRST, ACTIV_LEFT_MISSING, ACTIV_LEFT_UNUSED,
    ACTIV_HISTOGRAM_MAX_BINS, ACTIV_QUANTILES_PRECISION
}

/// A C program that prints what the C compiler makes of the headers, a line for each fact.
fn c_program(layouts: &[Layout]) -> String {
    let mut c = String::from("#include <activ/activ.h>\n#include <stdio.h>\n");
    c += "static void hex(const void *at, size_t n)\n{\n    const unsigned char *b = at;\n";
    c += "    while (n-- > 0)\n        printf(\"%02x\", *b++);\n    putchar('\\n');\n}\nint main(void)\n{\n";
    for name in constants().keys() {
        writeln!(c, "    printf(\"{} %lld\\n\", (long long){});", name, name).unwrap();
    }
    for layout in layouts {
        let name = layout.name;
        writeln!(c, "    printf(\"{} %zu %zu\\n\", sizeof({}), _Alignof({}));", name, name, name).unwrap();
        for field in &layout.fields {
            writeln!(
                c,
                "    printf(\"{}.{} %zu %zu\\n\", offsetof({}, {}), sizeof((({} *)0)->{}));",
                name, field.name, name, field.name, name, field.name
            )
            .unwrap();
        }
        if let Some((constant, _)) = &layout.initial {
            writeln!(c, "    {{\n        {} v = {};", name, constant).unwrap();
            for field in &layout.fields {
                writeln!(c, "        printf(\"{}.{} \");", constant, field.name).unwrap();
                writeln!(c, "        hex(&v.{}, sizeof v.{});", field.name, field.name).unwrap();
            }
            c += "    }\n";
        }
    }
    c + "    return 0;\n}\n"
}

#[test]
fn the_c_compiler_agrees() {
    let compiler = match c_compiler("sizes, offsets and constants against the C compiler") {
        Some(compiler) => compiler,
        None => return,
    };
    let layouts = layouts();
    let (source, program) = (scratch("layout.c"), scratch("layout"));
    fs::write(&source, c_program(&layouts)).unwrap();
    let include = include_folder();
    run(Command::new(compiler).args(["-std=c11", "-I"]).arg(include).arg(&source).arg("-o").arg(&program));
    let said = run(&mut Command::new(&program));
    let mut said = said.lines().map(|line| line.split_once(' ').unwrap());
    let mut next = |name: String, mine: String| {
        let (key, value) = said.next().unwrap();
        assert_eq!((name.as_str(), mine.as_str()), (key, value), "here, and in C");
    };
    for (name, value) in constants() {
        next(name.to_string(), value.to_string());
    }
    for layout in &layouts {
        next(layout.name.to_string(), format!("{} {}", layout.size, layout.align));
        for field in &layout.fields {
            next(format!("{}.{}", layout.name, field.name), format!("{} {}", field.offset, field.size));
        }
        if let Some((constant, values)) = &layout.initial {
            assert_eq!(values.len(), layout.fields.len());
            for (field, bytes) in layout.fields.iter().zip(values) {
                let hex: String = bytes.iter().map(|byte| format!("{:02x}", byte)).collect();
                next(format!("{}.{}", constant, field.name), hex);
            }
        }
    }
    assert!(said.next().is_none());
}

/// All functions are there when the program is linked, and the library is of this version.
#[test]
fn the_library_has_them() {
    assert_eq!(check_version(), Ok(()));
    let text = unsafe { std::ffi::CStr::from_ptr(activ_version_string()) }.to_str().unwrap();
    assert!(text.starts_with(&format!("{}.{}.", ACTIV_VERSION_MAJOR, ACTIV_VERSION_MINOR)), "{}", text);
    assert_eq!(addresses().len(), read_declarations().functions.len());
    assert!(addresses().iter().all(|address| *address != 0));
}

macro_rules! addresses {
    ($($name:ident)*) => {
        fn addresses() -> Vec<usize> {
            vec![$($name as *const () as usize),*]
        }
    };
}

addresses! {
    activ_status_string activ_version_number activ_version_string activ_tier activ_max_tier activ_tier_at
    activ_context_create activ_context_create_ex activ_context_destroy activ_context_tier activ_fn_create
    activ_fn_create_ex activ_fn_create_custom activ_fn_create_custom_ex activ_fn_derivative
    activ_fn_derivative_ex activ_fn_default activ_fn_destroy
    activ_fn_spec activ_fn_param_count activ_fn_param_init activ_forward activ_backward
    activ_forward_channels activ_backward_channels activ_forward_train activ_backward_train
    activ_forward_rows activ_backward_rows activ_forward_gated activ_backward_gated activ_forward_as activ_backward_as
    activ_forward_rows_as activ_backward_rows_as activ_forward_gated_as activ_backward_gated_as activ_forward_ex
    activ_backward_ex activ_fn_catalog activ_fn_info_of activ_fn_is_random activ_fn_channels
    activ_fn_setting_count activ_fn_setting_info activ_fn_function_count activ_fn_function
    activ_fn_param_tensor_count activ_fn_param_tensor_info activ_expression_create activ_expression_destroy
    activ_expression_count activ_expression_value activ_expression_derivative activ_expression_gradient
    activ_expression_operation activ_random_bits activ_random_uniform
    activ_random_normal activ_random_permutation activ_dtype_size activ_convert activ_tensor_create activ_tensor_view
    activ_tensor_view_const activ_tensor_reshape activ_tensor_narrow activ_tensor_transpose
    activ_tensor_destroy activ_tensor_dtype activ_tensor_ndim activ_tensor_shape activ_tensor_strides
    activ_tensor_count activ_tensor_is_contiguous activ_tensor_is_read_only activ_tensor_const_data
    activ_tensor_data activ_tensor_copy activ_tensor_from_dlpack activ_tensor_from_dlpack_versioned
    activ_tensor_to_dlpack activ_tensor_to_dlpack_versioned activ_init_gain activ_init_tensor
    activ_graph_create activ_graph_destroy activ_graph_input activ_graph_input_shape activ_graph_flatten
    activ_graph_linear activ_graph_linear_without_bias activ_graph_apply activ_graph_apply_shared
    activ_graph_gated activ_graph_gated_split activ_graph_add activ_graph_multiply activ_graph_concat
    activ_graph_concat_many activ_graph_dropout activ_graph_batch_norm activ_graph_layer_norm
    activ_graph_cross_entropy activ_graph_mse activ_graph_cross_entropy_ex activ_graph_set_name
    activ_graph_compile activ_graph_compile_ex activ_graph_error activ_graph_init activ_graph_init_weights
    activ_graph_seed activ_graph_forward activ_graph_predict activ_graph_predict_ex
    activ_graph_workspace_bytes activ_graph_train activ_graph_train_values activ_graph_forward_train
    activ_graph_backward activ_graph_evaluate activ_graph_evaluate_values activ_graph_clip_grad_norm
    activ_graph_clip_grad_value activ_graph_param_count activ_graph_params activ_graph_grads
    activ_graph_buffer_count activ_graph_buffers activ_graph_param_tensor_count activ_graph_param_tensor_info
    activ_graph_buffer_tensor_count activ_graph_buffer_tensor_info activ_graph_node_count
    activ_graph_node_info activ_graph_input_node activ_graph_output_node activ_graph_loss_node
    activ_graph_find_node activ_graph_node_fn activ_graph_values activ_graph_value_grads
    activ_graph_max_batch activ_graph_memory_bytes activ_graph_memory_bytes_ex activ_sgd_create
    activ_adamw_create activ_rmsprop_create activ_optimizer_destroy activ_optimizer_step
    activ_graph_step activ_graph_step_values activ_optimizer_steps activ_optimizer_set_lr activ_optimizer_lr activ_optimizer_set_tensor_options
    activ_optimizer_get_tensor_options activ_optimizer_decay_weights_only activ_lr_step activ_lr_cosine
    activ_lr_warmup activ_lr_warmup_cosine activ_checkpoint_save activ_checkpoint_load
    activ_checkpoint_load_params activ_checkpoint_load_params_ex activ_checkpoint_save_params
    activ_checkpoint_save_training activ_checkpoint_load_training activ_safetensors_open
    activ_safetensors_open_memory activ_safetensors_close activ_safetensors_count activ_safetensors_at
    activ_safetensors_find activ_safetensors_metadata activ_safetensors_metadata_key activ_safetensors_save
    activ_pool_create activ_pool_create_ex activ_pool_destroy activ_pool_executor activ_graph_layer_view
    activ_histogram_create activ_histogram_create_auto activ_histogram_bins activ_histogram_destroy
    activ_histogram_add activ_histogram_merge activ_histogram_reset activ_histogram_get activ_stats_create
    activ_stats_destroy activ_stats_add activ_stats_merge activ_stats_reset activ_stats_get
    activ_quantiles_create activ_quantiles_destroy activ_quantiles_add activ_quantiles_merge
    activ_quantiles_reset activ_quantiles_count activ_quantiles_nans activ_quantiles_get activ_neurons_create
    activ_neurons_destroy activ_neurons_add activ_neurons_merge activ_neurons_reset activ_neurons_get
    activ_neurons_dead activ_neurons_quiet activ_neurons_rarely_active activ_graph_neurons_create
    activ_graph_neurons_destroy activ_graph_neurons_add activ_graph_neurons_merge activ_graph_neurons_reset
    activ_graph_neurons_count activ_graph_neurons_node activ_graph_neurons_at activ_surface
}
