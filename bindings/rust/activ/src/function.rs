//! Activation functions, forward and backward.
use crate::context::{raw_context, ContextInner};
use crate::custom::{check_all, CustomInner};
use crate::ffi::{
    borrowed_text, c_text, check_library, check_same, check_status, filled, optional_ptr, owned_text, product, Message,
};
use crate::graph::GraphInner;
use crate::matrix::{check_halves, check_shape};
use crate::{sys, Custom, Error, Matrix, MatrixMut, Operand, Result, Status};
use std::ops::Range;
use std::ptr::{null, null_mut, NonNull};
use std::sync::Arc;

/// An activation function with its settings, made from a text: `"gelu"`, `"leaky_relu(negative_slope=0.2)"`,
/// `"gated(elu(alpha=0.5))"`, `"moe(relu, tanh)"`; or from a formula, `"a*x*sigmoid(b*x); a=1, b=1.702"`.
///
/// It never changes; clones share it, and any number of threads may use it at the same time.
///
/// ```
/// use activ::Function;
/// let gelu = Function::new("gelu")?;
/// let y = gelu.values(&[-1.0, 0.0, 2.0])?;
/// let slopes = gelu.slopes(&[-1.0, 0.0, 2.0])?;
/// assert!((y[2] - 1.954500).abs() < 1e-6 && (slopes[1] - 0.5).abs() < 1e-6);
/// # Ok::<(), activ::Error>(())
/// ```
///
/// One that is gone cannot be used:
///
/// ```compile_fail,E0382
/// # use activ::Function;
/// let gelu = Function::new("gelu").unwrap();
/// drop(gelu);
/// gelu.values(&[1.0]).unwrap();
/// ```
///
/// Parameters. A trainable function has parameters, an array that belongs to the caller: [`Function::param_count`]
/// values, which [`Function::initial_params`] makes. Where a call takes `params`, `None` stands for the initial values
/// with seed 0. Gradients by parameters are added to what an array holds.
///
/// Arrays are of `f32`, [`F16`](crate::F16) or [`BF16`](crate::BF16), all of a call of one type, but for parameters and
/// their gradients, which are `f32`. Of 16 bits each value is read, computed with in `f32`, and rounded once. What takes
/// `f32` alone in its signature is for it only.
///
/// ```
/// use activ::{Function, BF16};
/// let (gelu, x) = (Function::new("gelu")?, [-1.0, 0.0, 2.0].map(BF16::from_f32));
/// let mut y = [BF16::default(); 3];
/// gelu.forward(None, &x, &mut y)?;
/// assert_eq!(y[2], BF16::from_f32(gelu.values(&[2.0])?[0]));
/// # Ok::<(), activ::Error>(())
/// ```
#[derive(Clone)]
pub struct Function {
    inner: Arc<FunctionInner>,
}

pub(crate) struct FunctionInner {
    raw: NonNull<sys::activ_fn>,
    owner: Owner,
    /// Those that it calls.
    customs: Vec<Arc<CustomInner>>,
}

/// Who destroys the C object, and what has to live as long. (What is only held is never read.)
#[allow(dead_code)]
enum Owner {
    /// This object; made from this context.
    This(Option<Arc<ContextInner>>),
    /// This object; made from a function, with its context.
    Derivative(Arc<FunctionInner>),
    /// Nobody: activ_fn_default's.
    Library,
    /// A part of another function, or of a graph, which is kept alive here.
    Function(Arc<FunctionInner>),
    Graph(Arc<GraphInner>),
}

// SAFETY: an activ_fn never changes after its creation; any number of threads may use one at the same time (fn.h). The
// functions of the program's that it may call are Send and Sync; so is its context. A graph that owns it is Send and
// Sync.
unsafe impl Send for FunctionInner {}
// SAFETY: as above.
unsafe impl Sync for FunctionInner {}

impl Drop for FunctionInner {
    fn drop(&mut self) {
        if let Owner::This(_) | Owner::Derivative(_) = self.owner {
            // SAFETY: made by activ_fn_create..., and nobody else has it.
            unsafe { sys::activ_fn_destroy(self.raw.as_ptr()) }
        }
    }
}

/// Where random functions (rrelu) draw in training mode: a value is a function of these and of the element's place.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Draw {
    /// The seed.
    pub seed: u64,
    /// Tells independent uses of one seed apart. Those with the top bit set are the library's own.
    pub stream: u64,
    /// Of the first element.
    pub index: u64,
}

/// Which half of a row is the gate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Gate {
    /// The right half, as in PyTorch's `F.glu`.
    Second,
    /// The left half.
    First,
}

impl Gate {
    pub(crate) fn code(self) -> i32 {
        match self {
            Gate::Second => sys::ACTIV_GATE_SECOND,
            Gate::First => sys::ACTIV_GATE_FIRST,
        }
    }
}

impl Function {
    /// Makes the function that a spec describes. Names are those of [`catalog`], PyTorch's classes (`"GELU"`) and other
    /// aliases.
    ///
    /// ```
    /// let error = activ::Function::new("gelu(").unwrap_err();
    /// assert_eq!(error.status, activ::Status::SYNTAX);
    /// ```
    pub fn new(spec: &str) -> Result<Function> {
        Function::in_context(None, spec)
    }

    /// Makes a function of the program's own.
    pub fn custom(custom: &Custom) -> Result<Function> {
        Function::custom_in(None, custom)
    }

    /// The function of this name with its default settings, which the library makes once and never frees; for code that
    /// has no place for an object. `None`: no such function.
    ///
    /// ```
    /// assert_eq!(activ::Function::shared("Swish").unwrap().spec(), "silu");
    /// assert!(activ::Function::shared("swosh").is_none());
    /// ```
    pub fn shared(name: &str) -> Option<Function> {
        check_library().ok()?;
        let name = c_text(name, "a name").ok()?;
        // SAFETY: a text; the answer lives for ever.
        let raw = unsafe { sys::activ_fn_default(name.as_ptr()) };
        Some(Function::wrap(NonNull::new(raw as *mut _)?, Owner::Library, Vec::new()))
    }

    pub(crate) fn in_context(context: Option<Arc<ContextInner>>, spec: &str) -> Result<Function> {
        check_library()?;
        let mut message = Message::new();
        let text = c_text(spec, "the spec of a function")?;
        let mut raw = null_mut();
        // SAFETY: the context and the text live during the call.
        let status =
            unsafe { sys::activ_fn_create_ex(raw_context(&context), text.as_ptr(), &mut raw, message.as_mut_ptr()) };
        message.check(status)?;
        let known = context.as_ref().map_or(&[][..], |inner| &inner.customs);
        let customs = known.iter().filter(|custom| custom.is_in(spec)).cloned().collect();
        Function::made(raw, context, customs)
    }

    pub(crate) fn custom_in(context: Option<Arc<ContextInner>>, custom: &Custom) -> Result<Function> {
        check_library()?;
        let mut message = Message::new();
        let mut raw = null_mut();
        // SAFETY: name and callbacks are copied; what `user` points to lives as long as the CustomInner, which the new
        // object keeps.
        let status = unsafe {
            sys::activ_fn_create_custom_ex(
                raw_context(&context),
                custom.inner.c_name().as_ptr(),
                custom.inner.callbacks(),
                custom.inner.user(),
                &mut raw,
                message.as_mut_ptr(),
            )
        };
        message.check(status)?;
        Function::made(raw, context, vec![custom.inner.clone()])
    }

    fn made(
        raw: *mut sys::activ_fn,
        context: Option<Arc<ContextInner>>,
        customs: Vec<Arc<CustomInner>>,
    ) -> Result<Function> {
        let raw = NonNull::new(raw).ok_or_else(|| Error::new(Status::INVALID, "no function was made"))?;
        Ok(Function::wrap(raw, Owner::This(context), customs))
    }

    fn wrap(raw: NonNull<sys::activ_fn>, owner: Owner, customs: Vec<Arc<CustomInner>>) -> Function {
        Function { inner: Arc::new(FunctionInner { raw, owner, customs }) }
    }

    /// A function that belongs to a graph; None for NULL.
    pub(crate) fn of_graph(
        raw: *const sys::activ_fn,
        graph: &Arc<GraphInner>,
        customs: &[Arc<CustomInner>],
    ) -> Option<Function> {
        let raw = NonNull::new(raw as *mut sys::activ_fn)?;
        let function = Function::wrap(raw, Owner::Graph(graph.clone()), Vec::new());
        let customs = customs.iter().filter(|custom| custom.is_in(function.spec())).cloned().collect();
        Some(Function::wrap(raw, Owner::Graph(graph.clone()), customs))
    }

    pub(crate) fn raw(&self) -> *mut sys::activ_fn {
        self.inner.raw.as_ptr()
    }

    pub(crate) fn customs(&self) -> &[Arc<CustomInner>] {
        &self.inner.customs
    }

    /// f' as a function, whose own derivative is f''. It has the parameters of f, in the same order, and the context of
    /// f.
    ///
    /// Of formulas and of the catalog's elementwise functions, without parameters per channel and not made of others;
    /// [`Status::UNSUPPORTED`] for the rest.
    ///
    /// ```
    /// let f = activ::Function::new("a*x^3; a=2")?;
    /// let second = f.derivative()?.derivative()?;
    /// assert_eq!(second.values(&[1.0, 3.0])?, [12.0, 36.0]);
    /// assert_eq!(second.spec(), "derivative(derivative(a*x^3; a=2))");
    /// # Ok::<(), activ::Error>(())
    /// ```
    pub fn derivative(&self) -> Result<Function> {
        let mut message = Message::new();
        let mut raw = null_mut();
        // SAFETY: a function.
        let status = unsafe { sys::activ_fn_derivative_ex(self.raw(), &mut raw, message.as_mut_ptr()) };
        message.check(status)?;
        let raw = NonNull::new(raw).ok_or_else(|| Error::new(Status::INVALID, "no function was made"))?;
        Ok(Function::wrap(raw, Owner::Derivative(self.inner.clone()), self.inner.customs.clone()))
    }

    // ---- what it is ----

    /// The canonical text: the name, and every setting that differs from its default.
    ///
    /// ```
    /// let function = activ::Function::new("LeakyReLU( negative_slope = 0.20 )")?;
    /// assert_eq!(function.spec(), "leaky_relu(negative_slope=0.2)");
    /// # Ok::<(), activ::Error>(())
    /// ```
    pub fn spec(&self) -> &str {
        // SAFETY: a function; the text is its own.
        unsafe { borrowed_text(sys::activ_fn_spec(self.raw())) }
    }

    /// How many parameters (trainable values) it has; 0 for most.
    pub fn param_count(&self) -> usize {
        // SAFETY: a function.
        unsafe { sys::activ_fn_param_count(self.raw()) }
    }

    /// How many channels have parameters of their own: `num_parameters` in the spec; 1 for most.
    pub fn channels(&self) -> usize {
        // SAFETY: a function.
        unsafe { sys::activ_fn_channels(self.raw()) }
    }

    /// Whether it draws random numbers in training mode (rrelu).
    pub fn is_random(&self) -> bool {
        // SAFETY: a function.
        unsafe { sys::activ_fn_is_random(self.raw()) != 0 }
    }

    /// Its entry in the catalog.
    pub fn info(&self) -> Result<FunctionInfo> {
        let mut info = sys::ACTIV_FN_INFO_INIT;
        // SAFETY: a function and a struct with its size.
        check_status(unsafe { sys::activ_fn_info_of(self.raw(), &mut info) }, "the function's entry")?;
        // SAFETY: filled by the call; its texts live as long as the function.
        Ok(unsafe { FunctionInfo::read(&info) })
    }

    /// Its settings, in the order of its signature.
    pub fn settings(&self) -> Vec<Setting> {
        // SAFETY: a function.
        let count = unsafe { sys::activ_fn_setting_count(self.raw()) };
        (0..count)
            .filter_map(|index| {
                let mut info = sys::ACTIV_SETTING_INFO_INIT;
                // SAFETY: a function and a struct with its size.
                let status = unsafe { sys::activ_fn_setting_info(self.raw(), index, &mut info) };
                // SAFETY: filled by the call; its texts live as long as the function.
                (status == sys::ACTIV_OK).then(|| unsafe { Setting::read(&info) })
            })
            .collect()
    }

    /// The functions that it is made of: act of a gated function, the experts of a mixture.
    pub fn functions(&self) -> Vec<Function> {
        // SAFETY: a function; its parts live as long.
        let parts = unsafe {
            let count = sys::activ_fn_function_count(self.raw());
            (0..count).map(|index| sys::activ_fn_function(self.raw(), index)).collect::<Vec<_>>()
        };
        let wrap = |raw: *const sys::activ_fn| {
            let raw = NonNull::new(raw as *mut sys::activ_fn)?;
            Some(Function::wrap(raw, Owner::Function(self.inner.clone()), self.inner.customs.clone()))
        };
        parts.into_iter().filter_map(wrap).collect()
    }

    /// The parameters by name, in the order of the array.
    pub fn param_tensors(&self) -> Vec<ParamTensor> {
        // SAFETY: a function.
        let count = unsafe { sys::activ_fn_param_tensor_count(self.raw()) };
        (0..count)
            .filter_map(|index| {
                let mut info = sys::ACTIV_FN_TENSOR_INFO_INIT;
                // SAFETY: a function and a struct with its size.
                let status = unsafe { sys::activ_fn_param_tensor_info(self.raw(), index, &mut info) };
                (status == sys::ACTIV_OK).then(|| ParamTensor {
                    // SAFETY: a text of the function's.
                    name: unsafe { owned_text(info.name) },
                    range: info.offset..info.offset + info.count,
                })
            })
            .collect()
    }

    /// The initial values of the parameters: those in the spec, or, if the start is random (staf), drawn with `seed`.
    ///
    /// ```
    /// assert_eq!(activ::Function::new("prelu(weight=0.1)")?.initial_params(1)?, [0.1]);
    /// # Ok::<(), activ::Error>(())
    /// ```
    pub fn initial_params(&self, seed: u64) -> Result<Vec<f32>> {
        let mut params = filled(0.0, self.param_count())?;
        if !params.is_empty() {
            // SAFETY: param_count values.
            let status = unsafe { sys::activ_fn_param_init(self.raw(), seed, params.as_mut_ptr()) };
            check_status(status, "the initial parameters")?;
            check_all(&self.inner.customs)?;
        }
        Ok(params)
    }

    // ---- elementwise ----

    /// f of each value, with the initial parameters.
    pub fn values(&self, x: &[f32]) -> Result<Vec<f32>> {
        let mut y = filled(0.0, x.len())?;
        self.forward(None, x, &mut y)?;
        Ok(y)
    }

    /// f' of each value, with the initial parameters: of an elementwise function.
    pub fn slopes(&self, x: &[f32]) -> Result<Vec<f32>> {
        let shape = self.info()?.shape;
        if shape != Shape::Elementwise {
            let text = format!("{}: a {} function has no slope of each value", self.spec(), shape);
            return Err(Error::new(Status::SHAPE, text));
        }
        let mut dx = filled(1.0, x.len())?;
        self.backward_in_place(None, x, &mut dx, None)?;
        Ok(dx)
    }

    /// y = f(x). For a row-wise function (softmax) the array is one row.
    ///
    /// ```
    /// let relu = activ::Function::new("relu")?;
    /// let error = relu.forward(None, &[1.0, 2.0], &mut [0.0; 3]).unwrap_err();
    /// assert_eq!(error.message, "y has 3 values, x has 2");
    /// # Ok::<(), activ::Error>(())
    /// ```
    pub fn forward<T: Operand>(&self, params: Option<&[f32]>, x: &[T], y: &mut [T]) -> Result<()> {
        check_same("y", y.len(), "x", x.len())?;
        self.run_forward(params, row(x.len()), x.as_ptr(), y.as_mut_ptr())
    }

    /// x = f(x). (For the backward call keep a copy, or see [`Function::backward_from_output`].)
    pub fn forward_in_place<T: Operand>(&self, params: Option<&[f32]>, x: &mut [T]) -> Result<()> {
        let at = x.as_mut_ptr();
        self.run_forward(params, row(x.len()), at, at)
    }

    /// dx = dy f'(x); dparams += the gradient by the parameters. x: what the forward call got.
    pub fn backward<T: Operand>(
        &self,
        params: Option<&[f32]>,
        x: &[T],
        dy: &[T],
        dx: Option<&mut [T]>,
        dparams: Option<&mut [f32]>,
    ) -> Result<()> {
        check_same("dy", dy.len(), "x", x.len())?;
        if let Some(dx) = &dx {
            check_same("dx", dx.len(), "x", x.len())?;
        }
        self.run_backward::<T>(params, dparams, row(x.len()), |args| {
            args.x = x.as_ptr().cast();
            args.dy = dy.as_ptr().cast();
            args.dx = optional_ptr(dx).cast();
        })
    }

    /// dy becomes dx.
    pub fn backward_in_place<T: Operand>(
        &self,
        params: Option<&[f32]>,
        x: &[T],
        dy: &mut [T],
        dparams: Option<&mut [f32]>,
    ) -> Result<()> {
        check_same("dy", dy.len(), "x", x.len())?;
        let at = dy.as_mut_ptr();
        self.run_backward::<T>(params, dparams, row(x.len()), |args| {
            args.x = x.as_ptr().cast();
            args.dy = at.cast();
            args.dx = at.cast();
        })
    }

    /// dx += dy f'(x); dparams += the gradient by the parameters.
    pub fn backward_add(
        &self,
        params: Option<&[f32]>,
        x: &[f32],
        dy: &[f32],
        dx: &mut [f32],
        dparams: Option<&mut [f32]>,
    ) -> Result<()> {
        check_same("dy", dy.len(), "x", x.len())?;
        check_same("dx", dx.len(), "x", x.len())?;
        self.run_backward::<f32>(params, dparams, row(x.len()), |args| {
            args.x = x.as_ptr();
            args.dy = dy.as_ptr();
            args.dx = dx.as_mut_ptr();
            args.accumulate = 1;
        })
    }

    /// dx = dy f'(x) from y = f(x) alone, for relu, tanh, sigmoid, elu and others (fn.h lists them, and what is lost);
    /// [`Status::UNSUPPORTED`] for the rest.
    pub fn backward_from_output(&self, y: &[f32], dy: &[f32], dx: &mut [f32]) -> Result<()> {
        check_same("dy", dy.len(), "y", y.len())?;
        check_same("dx", dx.len(), "y", y.len())?;
        self.run_backward::<f32>(None, None, row(y.len()), |args| {
            args.y = y.as_ptr();
            args.y_stride = args.columns;
            args.x_stride = 0;
            args.dy = dy.as_ptr();
            args.dx = dx.as_mut_ptr();
        })
    }

    /// y = f(x) for outer x channels x inner values, with parameters for each channel, as PyTorch's
    /// `nn.PReLU(num_parameters)` has them. `inner` is what the length of x leaves.
    pub fn forward_channels(
        &self,
        params: Option<&[f32]>,
        outer: usize,
        channels: usize,
        x: &[f32],
        y: &mut [f32],
    ) -> Result<()> {
        check_same("y", y.len(), "x", x.len())?;
        let shape = channel_rows(x.len(), outer, channels)?;
        self.run_forward(params, shape, x.as_ptr(), y.as_mut_ptr())
    }

    /// The backward call to [`Function::forward_channels`].
    #[allow(clippy::too_many_arguments)]
    pub fn backward_channels(
        &self,
        params: Option<&[f32]>,
        outer: usize,
        channels: usize,
        x: &[f32],
        dy: &[f32],
        dx: Option<&mut [f32]>,
        dparams: Option<&mut [f32]>,
    ) -> Result<()> {
        check_same("dy", dy.len(), "x", x.len())?;
        if let Some(dx) = &dx {
            check_same("dx", dx.len(), "x", x.len())?;
        }
        self.run_backward::<f32>(params, dparams, channel_rows(x.len(), outer, channels)?, |args| {
            args.x = x.as_ptr();
            args.dy = dy.as_ptr();
            args.dx = optional_ptr(dx);
        })
    }

    /// [`Function::forward`] in training mode, where random functions draw. `noise` gets what was drawn, for the
    /// backward call; functions that are not random leave it alone.
    pub fn forward_train(
        &self,
        params: Option<&[f32]>,
        draw: Draw,
        x: &[f32],
        y: &mut [f32],
        noise: &mut [f32],
    ) -> Result<()> {
        check_same("y", y.len(), "x", x.len())?;
        check_same("noise", noise.len(), "x", x.len())?;
        let mut args = self.forward_args::<f32>(params, row(x.len()))?;
        args.x = x.as_ptr();
        args.y = y.as_mut_ptr();
        args.noise = noise.as_mut_ptr();
        args.seed = draw.seed;
        args.stream = draw.stream;
        args.index = draw.index;
        self.call_forward(&args)
    }

    /// The backward call to [`Function::forward_train`], with its noise.
    pub fn backward_train(
        &self,
        params: Option<&[f32]>,
        x: &[f32],
        noise: &[f32],
        dy: &[f32],
        dx: Option<&mut [f32]>,
        dparams: Option<&mut [f32]>,
    ) -> Result<()> {
        check_same("dy", dy.len(), "x", x.len())?;
        check_same("noise", noise.len(), "x", x.len())?;
        if let Some(dx) = &dx {
            check_same("dx", dx.len(), "x", x.len())?;
        }
        self.run_backward::<f32>(params, dparams, row(x.len()), |args| {
            args.x = x.as_ptr();
            args.noise = noise.as_ptr();
            args.dy = dy.as_ptr();
            args.dx = optional_ptr(dx);
        })
    }

    // ---- rows ----

    /// y = f(x), each row by itself: softmax and log_softmax, and elementwise functions too.
    ///
    /// ```
    /// use activ::{Function, Matrix, MatrixMut};
    /// let softmax = Function::new("softmax")?;
    /// let mut y = [0.0; 4];
    /// softmax.forward_rows(None, Matrix::new(&[1.0, 1.0, 5.0, 5.0], 2)?, MatrixMut::new(&mut y, 2)?)?;
    /// assert_eq!(y, [0.5; 4]);
    /// # Ok::<(), activ::Error>(())
    /// ```
    pub fn forward_rows<T: Operand>(
        &self,
        params: Option<&[f32]>,
        x: Matrix<'_, T>,
        mut y: MatrixMut<'_, T>,
    ) -> Result<()> {
        check_shape("y", (y.rows(), y.columns()), "x", (x.rows(), x.columns()))?;
        let mut args = self.forward_args::<T>(params, (x.rows(), x.columns(), 0))?;
        args.x = x.as_ptr().cast();
        args.x_stride = x.stride();
        args.y = y.as_mut_ptr().cast();
        args.y_stride = y.stride();
        self.call_forward(&args)
    }

    /// The backward call to [`Function::forward_rows`].
    pub fn backward_rows<T: Operand>(
        &self,
        params: Option<&[f32]>,
        x: Matrix<'_, T>,
        dy: Matrix<'_, T>,
        mut dx: Option<MatrixMut<'_, T>>,
        dparams: Option<&mut [f32]>,
    ) -> Result<()> {
        let shape = (x.rows(), x.columns());
        check_shape("dy", (dy.rows(), dy.columns()), "x", shape)?;
        if let Some(dx) = &dx {
            check_shape("dx", (dx.rows(), dx.columns()), "x", shape)?;
        }
        self.run_backward::<T>(params, dparams, (shape.0, shape.1, 0), |args| {
            args.x = x.as_ptr().cast();
            args.x_stride = x.stride();
            args.dy = dy.as_ptr().cast();
            args.dy_stride = dy.stride();
            if let Some(dx) = &mut dx {
                args.dx = dx.as_mut_ptr().cast();
                args.dx_stride = dx.stride();
            }
        })
    }

    // ---- gated ----

    /// y = value * act(gate), element by element: of a gated function (`"swiglu"`).
    pub fn forward_gated<T: Operand>(
        &self,
        params: Option<&[f32]>,
        value: Matrix<'_, T>,
        gate: Matrix<'_, T>,
        mut y: MatrixMut<'_, T>,
    ) -> Result<()> {
        let shape = (value.rows(), value.columns());
        check_shape("gate", (gate.rows(), gate.columns()), "value", shape)?;
        check_shape("y", (y.rows(), y.columns()), "value", shape)?;
        let mut args = self.forward_args::<T>(params, (shape.0, shape.1, 0))?;
        args.x = value.as_ptr().cast();
        args.x_stride = value.stride();
        args.gate = gate.as_ptr().cast();
        args.gate_stride = gate.stride();
        args.y = y.as_mut_ptr().cast();
        args.y_stride = y.stride();
        self.call_forward(&args)
    }

    /// The backward call to [`Function::forward_gated`].
    #[allow(clippy::too_many_arguments)]
    pub fn backward_gated<T: Operand>(
        &self,
        params: Option<&[f32]>,
        value: Matrix<'_, T>,
        gate: Matrix<'_, T>,
        dy: Matrix<'_, T>,
        mut dvalue: Option<MatrixMut<'_, T>>,
        mut dgate: Option<MatrixMut<'_, T>>,
        dparams: Option<&mut [f32]>,
    ) -> Result<()> {
        let shape = (value.rows(), value.columns());
        check_shape("gate", (gate.rows(), gate.columns()), "value", shape)?;
        check_shape("dy", (dy.rows(), dy.columns()), "value", shape)?;
        for (name, output) in [("dvalue", &dvalue), ("dgate", &dgate)] {
            if let Some(output) = output {
                check_shape(name, (output.rows(), output.columns()), "value", shape)?;
            }
        }
        self.run_backward::<T>(params, dparams, (shape.0, shape.1, 0), |args| {
            args.x = value.as_ptr().cast();
            args.x_stride = value.stride();
            args.gate = gate.as_ptr().cast();
            args.gate_stride = gate.stride();
            args.dy = dy.as_ptr().cast();
            args.dy_stride = dy.stride();
            if let Some(dvalue) = &mut dvalue {
                args.dx = dvalue.as_mut_ptr().cast();
                args.dx_stride = dvalue.stride();
            }
            if let Some(dgate) = &mut dgate {
                args.dgate = dgate.as_mut_ptr().cast();
                args.dgate_stride = dgate.stride();
            }
        })
    }

    /// [`Function::forward_gated`] of the two halves of each row of x; y has half as many columns.
    ///
    /// ```
    /// use activ::{Function, Gate, Matrix, MatrixMut};
    /// let mut y = [0.0; 2];
    /// let bilinear = Function::new("bilinear")?; // value * gate
    /// let x = Matrix::new(&[2.0, 3.0, 4.0, 5.0], 4)?;
    /// bilinear.forward_gated_split(None, x, Gate::Second, MatrixMut::new(&mut y, 2)?)?;
    /// assert_eq!(y, [8.0, 15.0]);
    /// # Ok::<(), activ::Error>(())
    /// ```
    pub fn forward_gated_split<T: Operand>(
        &self,
        params: Option<&[f32]>,
        x: Matrix<'_, T>,
        gate: Gate,
        y: MatrixMut<'_, T>,
    ) -> Result<()> {
        let (left, right) = x.halves()?;
        match gate {
            Gate::Second => self.forward_gated(params, left, right, y),
            Gate::First => self.forward_gated(params, right, left, y),
        }
    }

    /// The backward call to [`Function::forward_gated_split`]; dx is of x's shape.
    pub fn backward_gated_split<T: Operand>(
        &self,
        params: Option<&[f32]>,
        x: Matrix<'_, T>,
        gate: Gate,
        dy: Matrix<'_, T>,
        mut dx: MatrixMut<'_, T>,
        dparams: Option<&mut [f32]>,
    ) -> Result<()> {
        check_halves(x.columns())?;
        check_shape("dx", (dx.rows(), dx.columns()), "x", (x.rows(), x.columns()))?;
        let columns = x.columns() / 2;
        check_shape("dy", (dy.rows(), dy.columns()), "half of x", (x.rows(), columns))?;
        let (left, right) = x.halves()?;
        let (value, gate, at_value) = match gate {
            Gate::Second => (left, right, 0),
            Gate::First => (right, left, columns),
        };
        let dx_stride = dx.stride();
        let start = dx.as_mut_ptr();
        self.run_backward::<T>(params, dparams, (x.rows(), columns, 0), |args| {
            args.x = value.as_ptr().cast();
            args.x_stride = value.stride();
            args.gate = gate.as_ptr().cast();
            args.gate_stride = gate.stride();
            args.dy = dy.as_ptr().cast();
            args.dy_stride = dy.stride();
            // Two matrices that interleave: no element belongs to both. (Without rows there is nothing to point at.)
            let at_gate = columns - at_value;
            args.dx = if x.rows() > 0 { start.wrapping_add(at_value) } else { start }.cast();
            args.dgate = if x.rows() > 0 { start.wrapping_add(at_gate) } else { start }.cast();
            args.dx_stride = dx_stride;
            args.dgate_stride = dx_stride;
        })
    }

    // ---- the calls ----

    /// The pointer to parameters of the right number; NULL for none.
    fn params_ptr(&self, params: Option<&[f32]>) -> Result<*const f32> {
        match params {
            None => Ok(null()),
            Some(values) => {
                self.check_params("params", values.len())?;
                Ok(if values.is_empty() { null() } else { values.as_ptr() })
            }
        }
    }

    fn check_params(&self, name: &str, len: usize) -> Result<()> {
        let count = self.param_count();
        crate::ffi::check_len(name, len, count, || format!("the parameters of {}", self.spec()))
    }

    /// Without gaps between rows.
    fn forward_args<T: Operand>(
        &self,
        params: Option<&[f32]>,
        (rows, columns, channels): (usize, usize, usize),
    ) -> Result<sys::activ_forward_args> {
        let mut args = sys::ACTIV_FORWARD_ARGS_DEFAULTS;
        args.params = self.params_ptr(params)?;
        args.rows = rows;
        args.columns = columns;
        args.channels = channels;
        args.x_stride = columns;
        args.y_stride = columns;
        args.dtype = T::DTYPE.code();
        Ok(args)
    }

    /// Lengths are checked by the caller.
    fn run_forward<T: Operand>(
        &self,
        params: Option<&[f32]>,
        shape: (usize, usize, usize),
        x: *const T,
        y: *mut T,
    ) -> Result<()> {
        let mut args = self.forward_args::<T>(params, shape)?;
        args.x = x.cast();
        args.y = y.cast();
        self.call_forward(&args)
    }

    fn call_forward(&self, args: &sys::activ_forward_args) -> Result<()> {
        check_all(&self.inner.customs)?;
        let mut message = Message::new();
        // SAFETY: every caller gives arrays of the sizes and the type that the arguments say, from slices that live during
        // the call.
        let status = unsafe { sys::activ_forward_ex(self.raw(), args, message.as_mut_ptr()) };
        message.check(status)?;
        check_all(&self.inner.customs)
    }

    /// `set` adds the arrays, whose lengths the caller has checked.
    fn run_backward<T: Operand>(
        &self,
        params: Option<&[f32]>,
        dparams: Option<&mut [f32]>,
        (rows, columns, channels): (usize, usize, usize),
        set: impl FnOnce(&mut sys::activ_backward_args),
    ) -> Result<()> {
        let mut args = sys::ACTIV_BACKWARD_ARGS_DEFAULTS;
        args.params = self.params_ptr(params)?;
        args.rows = rows;
        args.columns = columns;
        args.channels = channels;
        args.x_stride = columns;
        args.dy_stride = columns;
        args.dx_stride = columns;
        args.dtype = T::DTYPE.code();
        if let Some(dparams) = dparams {
            self.check_params("dparams", dparams.len())?;
            if !dparams.is_empty() {
                args.dparams = dparams.as_mut_ptr();
            }
        }
        set(&mut args);
        check_all(&self.inner.customs)?;
        let mut message = Message::new();
        // SAFETY: as call_forward.
        let status = unsafe { sys::activ_backward_ex(self.raw(), &args, message.as_mut_ptr()) };
        message.check(status)?;
        check_all(&self.inner.customs)
    }
}

/// An array as a matrix: one row, or none.
fn row(n: usize) -> (usize, usize, usize) {
    (usize::from(n > 0), n.max(1), 0)
}

fn channel_rows(len: usize, outer: usize, channels: usize) -> Result<(usize, usize, usize)> {
    let rows = product(&[outer, channels], "channels")?;
    if rows == 0 || len % rows != 0 {
        let text = format!("x has {} values, which are not {} x {} x a whole number", len, outer, channels);
        return Err(Error::new(Status::SHAPE, text));
    }
    // Without values there are no rows, as of an array.
    Ok(if len == 0 { (0, 1, channels) } else { (rows, len / rows, channels) })
}

impl std::fmt::Debug for Function {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Function({})", self.spec())
    }
}

impl std::str::FromStr for Function {
    type Err = Error;

    fn from_str(spec: &str) -> Result<Function> {
        Function::new(spec)
    }
}

// ---- the catalog ----

/// How a function is applied.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Shape {
    /// Each value by itself.
    Elementwise,
    /// Whole rows: softmax.
    Rowwise,
    /// value * act(gate).
    Gated,
    /// A shape that this crate does not know, by the library's number.
    Other(i32),
}

impl std::fmt::Display for Shape {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Shape::Elementwise => "elementwise",
            Shape::Rowwise => "row-wise",
            Shape::Gated => "gated",
            Shape::Other(_) => "later",
        })
    }
}

/// A function's entry in the catalog.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct FunctionInfo {
    /// `"gelu"`.
    pub name: String,
    /// Its other names.
    pub aliases: Vec<String>,
    /// With its settings and their defaults: `"elu(alpha=1)"`.
    pub signature: String,
    /// The formula.
    pub formula: String,
    /// Who defined it, where.
    pub source: String,
    /// Whether it has parameters.
    pub trainable: bool,
    /// Bound of the forward error, in units in the last place.
    pub forward_ulp: f32,
    /// Bound of the derivative's error.
    pub derivative_ulp: f32,
    /// How it is applied.
    pub shape: Shape,
    /// Whether it draws random numbers in training mode.
    pub random: bool,
}

impl FunctionInfo {
    /// # Safety
    /// Filled by the library, and its texts live.
    unsafe fn read(info: &sys::activ_fn_info) -> FunctionInfo {
        // SAFETY: as the caller says.
        let text = |text| unsafe { owned_text(text) };
        FunctionInfo {
            name: text(info.name),
            aliases: text(info.aliases).split(", ").filter(|name| !name.is_empty()).map(String::from).collect(),
            signature: text(info.signature),
            formula: text(info.formula),
            source: text(info.source),
            trainable: info.trainable != 0,
            forward_ulp: info.forward_ulp,
            derivative_ulp: info.derivative_ulp,
            shape: match info.shape {
                sys::ACTIV_SHAPE_ELEMENTWISE => Shape::Elementwise,
                sys::ACTIV_SHAPE_ROWWISE => Shape::Rowwise,
                sys::ACTIV_SHAPE_GATED => Shape::Gated,
                other => Shape::Other(other),
            },
            random: info.random != 0,
        }
    }
}

/// All functions of the library.
///
/// ```
/// assert!(activ::catalog().iter().any(|function| function.name == "mish"));
/// ```
pub fn catalog() -> Vec<FunctionInfo> {
    let mut all = Vec::new();
    loop {
        let mut info = sys::ACTIV_FN_INFO_INIT;
        // SAFETY: a struct with its size.
        if unsafe { sys::activ_fn_catalog(all.len(), &mut info) } != sys::ACTIV_OK {
            return all;
        }
        // SAFETY: filled by the call; its texts are static.
        all.push(unsafe { FunctionInfo::read(&info) });
    }
}

/// What a setting can be.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum SettingKind {
    /// A number.
    Real,
    /// A whole number.
    Count,
    /// One of some words.
    Word {
        /// The one that it is.
        word: String,
        /// All that are possible.
        words: Vec<String>,
    },
    /// Functions: [`Function::functions`].
    Functions,
    /// A kind that this crate does not know, by the library's number.
    Other(i32),
}

/// One of a function's settings.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Setting {
    /// `"negative_slope"`.
    pub name: String,
    /// What it can be.
    pub kind: SettingKind,
    /// Whether the value is where a parameter starts.
    pub trainable: bool,
    /// The value; a word's index.
    pub value: f64,
    /// Its default.
    pub default: f64,
    /// The least value that is allowed.
    pub minimum: f64,
    /// The largest.
    pub maximum: f64,
}

impl Setting {
    /// # Safety
    /// Filled by the library, and its texts live.
    unsafe fn read(info: &sys::activ_setting_info) -> Setting {
        let mut words = Vec::new();
        if !info.words.is_null() {
            // SAFETY: as the caller says; the list ends with NULL.
            unsafe {
                while !(*info.words.add(words.len())).is_null() {
                    words.push(owned_text(*info.words.add(words.len())));
                }
            }
        }
        Setting {
            // SAFETY: as the caller says.
            name: unsafe { owned_text(info.name) },
            kind: match info.kind {
                sys::ACTIV_SETTING_REAL => SettingKind::Real,
                sys::ACTIV_SETTING_COUNT => SettingKind::Count,
                // SAFETY: as the caller says.
                sys::ACTIV_SETTING_WORD => SettingKind::Word { word: unsafe { owned_text(info.word) }, words },
                sys::ACTIV_SETTING_FUNCTIONS => SettingKind::Functions,
                other => SettingKind::Other(other),
            },
            trainable: info.trainable != 0,
            value: info.value,
            default: info.initial,
            minimum: info.minimum,
            maximum: info.maximum,
        }
    }
}

/// A part of a function's parameters, by its name.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ParamTensor {
    /// `"weight"`.
    pub name: String,
    /// Where it is in the array.
    pub range: Range<usize>,
}
