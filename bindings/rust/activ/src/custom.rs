//! Functions of the program's own code.
use crate::sys;
use crate::{Error, Result, Status};
use std::any::Any;
use std::ffi::CString;
use std::os::raw::c_void;
use std::panic::{catch_unwind, AssertUnwindSafe};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

/// An elementwise function in Rust, with parameters if it has any.
///
/// Each value depends on its own element and the parameters alone: the library calls with any part of an array, in any
/// thread, several at the same time. A function must not call the graph that calls it.
///
/// A panic does not leave the function: its results become NaN, and the call that was going on fails, as do all later
/// ones with this function ([`Status::STATE`]; the message has the panic's).
///
/// ```
/// use activ::{Custom, CustomFunction, Function};
///
/// /// a x^2, with a trainable a that starts at 1.
/// struct Parabola;
///
/// impl CustomFunction for Parabola {
///     fn value(&self, params: &[f32], x: f32) -> f32 {
///         params[0] * x * x
///     }
///     fn derivative(&self, params: &[f32], x: f32) -> f32 {
///         2.0 * params[0] * x
///     }
///     fn param_count(&self) -> usize {
///         1
///     }
///     fn param_init(&self, _seed: u64, params: &mut [f32]) {
///         params[0] = 1.0;
///     }
///     fn param_derivatives(&self, _params: &[f32], x: f32, by_param: &mut [f64]) {
///         by_param[0] = f64::from(x) * f64::from(x);
///     }
/// }
///
/// let parabola = Function::custom(&Custom::new("parabola", Parabola)?)?;
/// assert_eq!(parabola.values(&[3.0])?, [9.0]);
/// let (mut dx, mut da) = ([0.0], [0.0]);
/// parabola.backward(Some(&[0.5]), &[3.0], &[1.0], Some(&mut dx), Some(&mut da))?;
/// assert_eq!((dx, da), ([3.0], [9.0]));
/// # Ok::<(), activ::Error>(())
/// ```
pub trait CustomFunction: Send + Sync + 'static {
    /// f(x).
    fn value(&self, params: &[f32], x: f32) -> f32;

    /// f'(x).
    fn derivative(&self, params: &[f32], x: f32) -> f32;

    /// How many parameters it has, at most 48. Asked once.
    fn param_count(&self) -> usize {
        0
    }

    /// Writes the initial values of the parameters.
    fn param_init(&self, seed: u64, params: &mut [f32]) {
        let _ = (seed, params);
    }

    /// Writes the derivative of f(x) by each parameter.
    fn param_derivatives(&self, params: &[f32], x: f32, by_param: &mut [f64]) {
        let _ = (params, x, by_param);
    }
}

/// f and f' as closures.
struct Closures<F, D> {
    value: F,
    derivative: D,
}

impl<F, D> CustomFunction for Closures<F, D>
where
    F: Fn(f32) -> f32 + Send + Sync + 'static,
    D: Fn(f32) -> f32 + Send + Sync + 'static,
{
    fn value(&self, _: &[f32], x: f32) -> f32 {
        (self.value)(x)
    }
    fn derivative(&self, _: &[f32], x: f32) -> f32 {
        (self.derivative)(x)
    }
}

/// What the callbacks share: it outlives all objects that may call them.
struct State<F> {
    function: F,
    param_count: usize,
    fuse: Arc<Fuse>,
}

/// Blown by the first panic.
#[derive(Default)]
struct Fuse {
    blown: AtomicBool,
    panic: Mutex<String>,
}

/// What a program panics with may panic again when it is dropped.
pub(crate) fn drop_panic(panic: Box<dyn Any + Send>) {
    if let Err(second) = catch_unwind(AssertUnwindSafe(|| drop(panic))) {
        std::mem::forget(second);
    }
}

impl Fuse {
    fn blow(&self, panic: Box<dyn Any + Send>) {
        let text = match (panic.downcast_ref::<&str>(), panic.downcast_ref::<String>()) {
            (Some(text), _) => (*text).to_string(),
            (_, Some(text)) => text.clone(),
            _ => "a panic without a text".to_string(),
        };
        drop_panic(panic);
        if let Ok(mut first) = self.panic.lock() {
            if !self.blown.load(Ordering::Acquire) {
                *first = text;
            }
        }
        self.blown.store(true, Ordering::Release);
    }
}

/// A function of the program's own under a name, for [`Function::custom`](crate::Function::custom), or for a context,
/// whose specs and checkpoints may then name it ([`ContextBuilder::function`](crate::ContextBuilder::function)).
///
/// ```
/// use activ::{Context, Custom};
/// let cube = Custom::from_closures("cube", |x| x * x * x, |x| 3.0 * x * x)?;
/// let context = Context::builder().function(&cube).build()?;
/// assert_eq!(context.function("cube")?.values(&[2.0])?, [8.0]);
/// # Ok::<(), activ::Error>(())
/// ```
#[derive(Clone)]
pub struct Custom {
    pub(crate) inner: Arc<CustomInner>,
}

pub(crate) struct CustomInner {
    name: CString,
    callbacks: Arc<sys::activ_fn_callbacks>,
    /// Points to name, callbacks and state.
    entry: Arc<sys::activ_custom_fn>,
    fuse: Arc<Fuse>,
    /// A State<F>.
    _state: Arc<dyn Any + Send + Sync>,
}

// SAFETY: the pointers lead to what this object owns, which never changes; State<F> is Sync, as F is.
unsafe impl Send for CustomInner {}
// SAFETY: as above.
unsafe impl Sync for CustomInner {}

impl Custom {
    /// Names a function. The name has 1 to 40 letters, digits and `_`, no digit first, and is none of the catalog's;
    /// [`Function::custom`](crate::Function::custom) or the context refuses others.
    pub fn new<F: CustomFunction>(name: &str, function: F) -> Result<Custom> {
        let name = crate::ffi::c_text(name, "the name of a function")?;
        let param_count = match catch_unwind(AssertUnwindSafe(|| function.param_count())) {
            Ok(count) => count,
            Err(_) => return Err(Error::new(Status::STATE, format!("{:?}: param_count panicked", name))),
        };
        let fuse = Arc::new(Fuse::default());
        let state = Arc::new(State { function, param_count, fuse: fuse.clone() });
        let mut callbacks = sys::ACTIV_FN_CALLBACKS_DEFAULTS;
        callbacks.forward = Some(forward::<F>);
        callbacks.backward = Some(backward::<F>);
        callbacks.param_init = if param_count > 0 { Some(param_init::<F>) } else { None };
        callbacks.param_count = param_count;
        let callbacks = Arc::new(callbacks);
        let mut entry = sys::ACTIV_CUSTOM_FN_DEFAULTS;
        entry.name = name.as_ptr();
        entry.callbacks = Arc::as_ptr(&callbacks);
        entry.user = Arc::as_ptr(&state) as *mut c_void;
        #[allow(clippy::arc_with_non_send_sync)] // CustomInner is.
        let entry = Arc::new(entry);
        Ok(Custom { inner: Arc::new(CustomInner { name, callbacks, entry, fuse, _state: state }) })
    }

    /// Names a function without parameters, as f and its derivative.
    pub fn from_closures<F, D>(name: &str, value: F, derivative: D) -> Result<Custom>
    where
        F: Fn(f32) -> f32 + Send + Sync + 'static,
        D: Fn(f32) -> f32 + Send + Sync + 'static,
    {
        Custom::new(name, Closures { value, derivative })
    }

    /// The name.
    pub fn name(&self) -> &str {
        self.inner.name()
    }
}

impl std::fmt::Debug for Custom {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Custom").field("name", &self.name()).finish()
    }
}

impl CustomInner {
    fn name(&self) -> &str {
        self.name.to_str().unwrap_or("")
    }

    pub(crate) fn c_name(&self) -> &CString {
        &self.name
    }

    pub(crate) fn callbacks(&self) -> *const sys::activ_fn_callbacks {
        Arc::as_ptr(&self.callbacks)
    }

    pub(crate) fn entry(&self) -> *const sys::activ_custom_fn {
        Arc::as_ptr(&self.entry)
    }

    pub(crate) fn user(&self) -> *mut c_void {
        self.entry.user
    }

    /// Fails once the function has panicked.
    fn check(&self) -> Result<()> {
        if !self.fuse.blown.load(Ordering::Acquire) {
            return Ok(());
        }
        let text = self.fuse.panic.lock().map(|text| text.clone()).unwrap_or_default();
        Err(Error::new(Status::STATE, format!("the program's function '{}' panicked: {}", self.name(), text)))
    }

    /// Whether a spec ("gated(cube)") or a description has this name.
    pub(crate) fn is_in(&self, spec: &str) -> bool {
        spec.split(|c: char| !c.is_ascii_alphanumeric() && c != '_').any(|word| word == self.name())
    }
}

pub(crate) fn check_all(customs: &[Arc<CustomInner>]) -> Result<()> {
    customs.iter().try_for_each(|custom| custom.check())
}

/// # Safety
/// `user` is of Custom::new::<F>, and `params` has as many values as it says.
unsafe fn open<'a, F: CustomFunction>(user: *mut c_void, params: *const f32) -> (&'a State<F>, &'a [f32]) {
    // SAFETY: Custom::new made the pointer, and who holds the callbacks holds the Custom.
    let state = unsafe { &*(user as *const State<F>) };
    // SAFETY: as the caller says.
    (state, unsafe { crate::ffi::borrowed_slice(params, state.param_count) })
}

unsafe extern "C" fn forward<F: CustomFunction>(
    user: *mut c_void,
    params: *const f32,
    n: usize,
    x: *const f32,
    y: *mut f32,
) {
    // SAFETY: the library passes what Custom::new gave it.
    let (state, params) = unsafe { open::<F>(user, params) };
    let work = || {
        for i in 0..n {
            // SAFETY: n values each; y may be x, so there are no slices of them.
            unsafe { *y.add(i) = state.function.value(params, *x.add(i)) };
        }
    };
    if let Err(panic) = catch_unwind(AssertUnwindSafe(work)) {
        state.fuse.blow(panic);
        for i in 0..n {
            // SAFETY: as above.
            unsafe { *y.add(i) = f32::NAN };
        }
    }
}

unsafe extern "C" fn backward<F: CustomFunction>(
    user: *mut c_void,
    params: *const f32,
    n: usize,
    x: *const f32,
    dy: *const f32,
    dx: *mut f32,
    sums: *mut f64,
) {
    // SAFETY: the library passes what Custom::new gave it.
    let (state, params) = unsafe { open::<F>(user, params) };
    let count = if sums.is_null() { 0 } else { state.param_count };
    let mut totals = [0.0f64; 48];
    let mut by_param = [0.0f64; 48];
    let (totals, by_param) = (&mut totals[..count.min(48)], &mut by_param[..count.min(48)]);
    let work = || {
        for i in 0..n {
            // SAFETY: n values each; dx may be dy or x, so both are read before.
            let (at, gradient) = unsafe { (*x.add(i), *dy.add(i)) };
            if !totals.is_empty() {
                by_param.fill(0.0);
                state.function.param_derivatives(params, at, by_param);
                for (total, derivative) in totals.iter_mut().zip(by_param.iter()) {
                    *total += f64::from(gradient) * derivative;
                }
            }
            if !dx.is_null() {
                // SAFETY: as above.
                unsafe { *dx.add(i) = gradient * state.function.derivative(params, at) };
            }
        }
    };
    if let Err(panic) = catch_unwind(AssertUnwindSafe(work)) {
        state.fuse.blow(panic);
        totals.fill(f64::NAN);
        for i in 0..if dx.is_null() { 0 } else { n } {
            // SAFETY: as above.
            unsafe { *dx.add(i) = f32::NAN };
        }
    }
    for (i, total) in totals.iter().enumerate() {
        // SAFETY: sums has param_count values where it is not NULL.
        unsafe { *sums.add(i) = *total };
    }
}

unsafe extern "C" fn param_init<F: CustomFunction>(user: *mut c_void, seed: u64, params: *mut f32) {
    // SAFETY: the library passes what Custom::new gave it.
    let (state, _) = unsafe { open::<F>(user, std::ptr::null()) };
    for i in 0..state.param_count {
        // SAFETY: param_count values, which may be uninitialised.
        unsafe { params.add(i).write(0.0) };
    }
    // SAFETY: as above, and nobody else has them.
    let values = unsafe { std::slice::from_raw_parts_mut(params, state.param_count) };
    let work = || state.function.param_init(seed, values);
    if let Err(panic) = catch_unwind(AssertUnwindSafe(work)) {
        state.fuse.blow(panic);
    }
}
