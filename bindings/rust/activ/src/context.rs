//! What the program lends to the library: threads, functions, a log, a limit for the instruction set.
use crate::custom::{drop_panic, CustomInner};
use crate::ffi::{borrowed_text, c_text, check_library, owned_text, Message};
use crate::{sys, Custom, Error, Function, Graph, GraphBuilder, Result, Status};
use std::os::raw::{c_char, c_void};
use std::panic::{catch_unwind, AssertUnwindSafe};
use std::path::Path;
use std::ptr::{null_mut, NonNull};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::Arc;

/// Threads, functions of the program's own, a log, a limit for the instruction set: for whatever is made from it.
///
/// Objects made from a context keep what they need of it, its threads too; so it may be dropped before them. Without a
/// context ([`Function::new`], [`Graph::builder`]) they work in the thread that calls, with the best instruction set.
///
/// ```
/// use activ::Context;
/// let context = Context::builder().threads(2).build()?;
/// let gelu = context.function("gelu")?;
/// assert_eq!(gelu.values(&[0.0])?, [0.0]); // the same bits with any number of threads
/// # Ok::<(), activ::Error>(())
/// ```
#[derive(Clone)]
pub struct Context {
    pub(crate) inner: Arc<ContextInner>,
}

/// Threads of the program's own, to be lent to the library: [`ContextBuilder::executor`].
///
/// ```
/// use activ::{Context, Executor};
/// struct Scoped;
///
/// impl Executor for Scoped {
///     fn threads(&self) -> usize {
///         2
///     }
///     fn parallel_for(&self, count: usize, task: &(dyn Fn(usize) + Sync)) {
///         std::thread::scope(|scope| {
///             for i in 0..count {
///                 scope.spawn(move || task(i));
///             }
///         });
///     }
/// }
///
/// let context = Context::builder().executor(Scoped).build()?;
/// assert_eq!(context.function("relu")?.values(&[-1.0, 1.0])?, [0.0, 1.0]);
/// # Ok::<(), activ::Error>(())
/// ```
pub trait Executor: Send + Sync + 'static {
    /// How many tasks can run at the same time, at least 1. Asked once.
    fn threads(&self) -> usize;

    /// Calls the task once for each number below `count`, on any threads and in any order, and returns when all of
    /// these calls have returned. What it leaves out, or what is left by a panic, is done afterwards by the thread
    /// that called the library; what it does twice is done once.
    fn parallel_for(&self, count: usize, task: &(dyn Fn(usize) + Sync));
}

type Lent = Box<dyn Executor>;

type Log = Box<dyn Fn(Status, &str) + Send + Sync>;

pub(crate) struct ContextInner {
    raw: NonNull<sys::activ_context>,
    pool: *mut sys::activ_pool,
    pub(crate) customs: Vec<Arc<CustomInner>>,
    /// What the library was told of; it keeps the addresses.
    _entries: Arc<[*const sys::activ_custom_fn]>,
    _log: Option<Arc<Log>>,
    _executor: Option<Arc<Lent>>,
}

// SAFETY: a context never changes (context.h), its pool may be used by any number of threads at the same time (pool.h),
// and the functions, the log and the executor are Send and Sync.
unsafe impl Send for ContextInner {}
// SAFETY: as above.
unsafe impl Sync for ContextInner {}

impl Drop for ContextInner {
    fn drop(&mut self) {
        // SAFETY: made by the builder. Whatever was made from the context holds this object, so nobody uses the pool.
        unsafe {
            sys::activ_context_destroy(self.raw.as_ptr());
            sys::activ_pool_destroy(self.pool);
        }
    }
}

/// The pointer for a call: NULL, the default context, for None.
pub(crate) fn raw_context(context: &Option<Arc<ContextInner>>) -> *const sys::activ_context {
    context.as_ref().map_or(null_mut(), |inner| inner.raw.as_ptr())
}

impl Context {
    /// Begins a context.
    pub fn builder() -> ContextBuilder {
        ContextBuilder { threads: 1, max_tier: None, customs: Vec::new(), log: None, executor: None }
    }

    /// The instruction set that its objects use: "scalar", "neon", "avx2" or "avx512".
    pub fn tier(&self) -> &'static str {
        // SAFETY: a context; the answer is static.
        unsafe { borrowed_text(sys::activ_context_tier(self.inner.raw.as_ptr())) }
    }

    /// [`Function::new`], with this context; its own functions may be named.
    pub fn function(&self, spec: &str) -> Result<Function> {
        Function::in_context(Some(self.inner.clone()), spec)
    }

    /// [`Function::custom`], with this context.
    pub fn custom(&self, custom: &Custom) -> Result<Function> {
        Function::custom_in(Some(self.inner.clone()), custom)
    }

    /// [`Graph::builder`], with this context.
    pub fn graph(&self) -> Result<GraphBuilder> {
        GraphBuilder::in_context(Some(self.inner.clone()))
    }

    /// [`Graph::load`], with this context: checkpoints may name its functions.
    pub fn load(&self, path: impl AsRef<Path>, max_batch: usize) -> Result<Graph> {
        Graph::load_in(Some(self.inner.clone()), path.as_ref(), max_batch)
    }
}

impl std::fmt::Debug for Context {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Context").field("tier", &self.tier()).finish()
    }
}

/// The settings of a [`Context`].
pub struct ContextBuilder {
    threads: usize,
    max_tier: Option<String>,
    customs: Vec<Arc<CustomInner>>,
    log: Option<Log>,
    executor: Option<Lent>,
}

impl ContextBuilder {
    /// How many threads work at the same time, the calling one included: 1 (none is started) unless set, at most 256;
    /// 0 for as many as there are CPUs that this process may use. The threads end when the context and all that was
    /// made from it is dropped.
    pub fn threads(mut self, threads: usize) -> ContextBuilder {
        self.threads = threads;
        self
    }

    /// Threads of the program's own, instead of [`ContextBuilder::threads`].
    pub fn executor(mut self, executor: impl Executor) -> ContextBuilder {
        self.executor = Some(Box::new(executor));
        self
    }

    /// The highest instruction set to use: "scalar", "neon", "avx2" or "avx512".
    pub fn max_tier(mut self, tier: &str) -> ContextBuilder {
        self.max_tier = Some(tier.to_string());
        self
    }

    /// Lets specs and checkpoints name this function.
    pub fn function(mut self, custom: &Custom) -> ContextBuilder {
        self.customs.push(custom.inner.clone());
        self
    }

    /// Receives the reason of each failure, in the thread whose call failed. It must not call the object whose call
    /// failed, nor drop any; a panic in it is dropped.
    pub fn log(mut self, log: impl Fn(Status, &str) + Send + Sync + 'static) -> ContextBuilder {
        self.log = Some(Box::new(log));
        self
    }

    /// Makes the context.
    ///
    /// ```
    /// let error = activ::Context::builder().max_tier("avx3").build().unwrap_err();
    /// assert!(error.message.contains("avx3"));
    /// ```
    pub fn build(self) -> Result<Context> {
        check_library()?;
        let mut message = Message::new();
        let max_tier = self.max_tier.map(|tier| c_text(&tier, "max_tier")).transpose()?;
        let entries: Arc<[*const sys::activ_custom_fn]> = self.customs.iter().map(|custom| custom.entry()).collect();
        let log = self.log.map(Arc::new);
        let mut options = sys::ACTIV_CONTEXT_DEFAULTS;
        options.max_tier = max_tier.as_ref().map_or(std::ptr::null(), |tier| tier.as_ptr());
        if !entries.is_empty() {
            options.functions = entries.as_ptr();
            options.function_count = entries.len();
        }
        if let Some(log) = &log {
            options.log = Some(call_log);
            options.log_user = Arc::as_ptr(log) as *mut c_void;
        }
        let executor = self.executor.map(Arc::new);
        let mut lent = sys::ACTIV_EXECUTOR_DEFAULTS;
        if let Some(executor) = &executor {
            let threads = catch_unwind(AssertUnwindSafe(|| executor.threads()));
            let threads = threads.map_err(|_| Error::new(Status::STATE, "the executor's threads() panicked"))?;
            lent.num_threads = i32::try_from(threads).unwrap_or(i32::MAX);
            lent.user = Arc::as_ptr(executor) as *mut c_void;
            lent.parallel_for = Some(call_parallel_for);
        }
        let mut pool = null_mut();
        if self.threads != 1 && executor.is_none() {
            // SAFETY: NULL is the default context.
            let status =
                unsafe { sys::activ_pool_create_ex(std::ptr::null(), self.threads, &mut pool, message.as_mut_ptr()) };
            message.check(status)?;
        }
        let mut raw = null_mut();
        // SAFETY: the options and what they point to live during the call; what the library keeps, the functions, the
        // log and the pool, as long as ContextInner.
        let status = unsafe {
            options.executor = if executor.is_some() { &lent } else { sys::activ_pool_executor(pool) };
            sys::activ_context_create_ex(&options, &mut raw, message.as_mut_ptr())
        };
        match (message.check(status), NonNull::new(raw)) {
            (Ok(()), Some(raw)) => Ok(Context {
                inner: Arc::new(ContextInner {
                    raw,
                    pool,
                    customs: self.customs,
                    _entries: entries,
                    _log: log,
                    _executor: executor,
                }),
            }),
            (result, _) => {
                // SAFETY: nobody uses it.
                unsafe { sys::activ_pool_destroy(pool) };
                result?;
                Err(Error::new(Status::INVALID, "no context was made"))
            }
        }
    }
}

unsafe extern "C" fn call_log(user: *mut c_void, status: sys::activ_status, line: *const c_char) {
    // SAFETY: `user` is the builder's; the line is a text that lives during the call.
    let (log, line) = unsafe { (&*(user as *const Log), owned_text(line)) };
    if let Err(panic) = catch_unwind(AssertUnwindSafe(|| log(Status::from_code(status), &line))) {
        drop_panic(panic);
    }
}

type Task = unsafe extern "C" fn(argument: *mut c_void, i: usize);

/// A pointer of the library's, for any thread.
struct Argument(*mut c_void);

// SAFETY: the library's tasks may run on any threads at the same time (context.h).
unsafe impl Sync for Argument {}

impl Argument {
    /// # Safety
    /// Each i below the count once, during the library's call.
    unsafe fn run(&self, task: Task, i: usize) {
        // SAFETY: as the caller says.
        unsafe { task(self.0, i) }
    }
}

unsafe extern "C" fn call_parallel_for(user: *mut c_void, count: usize, task: Option<Task>, argument: *mut c_void) {
    // The library cuts work into 256 parts at most.
    const MOST: usize = 256;
    #[allow(clippy::declare_interior_mutable_const)] // To fill an array with.
    const OPEN: AtomicBool = AtomicBool::new(false);
    let taken = [OPEN; MOST];
    let argument = Argument(argument);
    let task = match task {
        Some(task) => task,
        None => return,
    };
    // Whatever the program's code does, no part is done twice: two threads would write the same values.
    let once = |i: usize| {
        if i < count && !taken[i].swap(true, Ordering::AcqRel) {
            // SAFETY: once for each i. `once` is borrowed by the executor for its call only.
            unsafe { argument.run(task, i) }
        }
    };
    if count <= MOST {
        // SAFETY: `user` is the builder's.
        let executor = unsafe { &*(user as *const Lent) };
        if let Err(panic) = catch_unwind(AssertUnwindSafe(|| executor.parallel_for(count, &once))) {
            drop_panic(panic);
        }
        (0..count).for_each(once);
    } else {
        // SAFETY: once for each i.
        (0..count).for_each(|i| unsafe { argument.run(task, i) });
    }
}
